//! How an entry was understood, in words, beside the field: amounts in full, dates with their hour, places with all in
//! which they lie.

use duikou_proto::Money;
use duikou_proto::reference::{industries, occupations};
use duikou_proto::v1::opportunity::Details;
use duikou_proto::v1::{Listing, Opportunity};

use super::super::catalogue::Texts;
use super::super::format;
use super::super::words;
use super::filled::Filling;
use crate::sheets::fields::Field;
use crate::sheets::form;
use crate::typed::area;

/// Billionths of a unit of money.
const DECIMALS: usize = 9;

/// What is said of how `field` was understood; empty where it was typed as it is shown, or gave nothing.
pub(super) fn echo(texts: Texts, filling: &Filling, field: Field) -> String {
    let typed = filling.text(field).trim();
    if typed.is_empty() || filling.filled.fault(field).is_some_and(|fault| fault.unclear.is_some()) {
        return String::new();
    }
    // What the form itself has written of a listing was not typed.
    if form::cell_of(&filling.filled.listing, field) == typed {
        return String::new();
    }
    let understood = understood(texts, &filling.filled.listing, field);
    if understood.is_empty() || understood == typed {
        return String::new();
    }
    texts.fill("echo", &[("typed", &shortened(typed)), ("what", &understood)])
}

/// Characters of what was typed that are repeated.
const SHOWN: usize = 40;

fn shortened(typed: &str) -> String {
    let mut shown: String = typed.chars().take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if typed.chars().count() > SHOWN {
        shown.push('…');
    }
    shown
}

fn understood(texts: Texts, listing: &Listing, field: Field) -> String {
    let nothing = Opportunity::default();
    let body = listing.listing.as_ref().unwrap_or(&nothing);
    let comma = texts.text("list-comma");
    let moment = |time: &Option<prost_types::Timestamp>, zone: &str| {
        let shown =
            |time: &prost_types::Timestamp| format::moment(texts.language(), &format::in_zone(time.seconds, zone));
        time.as_ref().map(shown).unwrap_or_default()
    };
    let until = |time: &Option<prost_types::Timestamp>, zone: &str| {
        let shown = |time: &prost_types::Timestamp| {
            format::until_moment(texts.language(), &format::in_zone(time.seconds, zone))
        };
        time.as_ref().map(shown).unwrap_or_default()
    };
    match (field, &body.details) {
        // What an area is made of its note says.
        (Field::Regions, _) if area::of(&body.regions).is_some() => String::new(),
        (Field::Regions, _) => {
            let named = body.regions.iter().map(|code| format::region(texts.language(), code));
            named.collect::<Vec<_>>().join(&comma)
        }
        (Field::Industries, _) => {
            let named = body.industries.iter().filter_map(|code| industries().get(code));
            named
                .map(|entry| format!("{} {}", entry.code, entry.name(texts.language())))
                .collect::<Vec<_>>()
                .join(&comma)
        }
        (Field::Expire, _) => until(&listing.expire_time, format::ZONE),
        (Field::Amount, Some(Details::Capital(part))) => {
            exact(texts, part.amount_min.as_ref(), part.amount_max.as_ref())
        }
        (Field::Investment, Some(Details::Project(part))) => {
            exact(texts, part.investment_min.as_ref(), part.investment_max.as_ref())
        }
        (Field::Wage, Some(Details::Talent(part))) => {
            let sum = exact(texts, part.wage_min.as_ref(), part.wage_max.as_ref());
            if sum.is_empty() { sum } else { words::wage(texts, &sum, part.wage_period()) }
        }
        (Field::Occupation, Some(Details::Talent(part))) => occupations()
            .get(&part.occupation_code)
            .map(|entry| format!("{} {}", entry.code, entry.name(texts.language())))
            .unwrap_or_default(),
        (Field::Start, Some(Details::Event(part))) => moment(&part.start_time, &part.time_zone),
        (Field::End, Some(Details::Event(part))) => until(&part.end_time, &part.time_zone),
        (Field::Deadline, Some(Details::Event(part))) => moment(&part.registration_deadline, &part.time_zone),
        _ => String::new(),
    }
}

/// An amount, or a range of them, with every digit.
fn exact(texts: Texts, min: Option<&Money>, max: Option<&Money>) -> String {
    let sum = |money: &Money| {
        let digits = digits(money);
        match &*money.currency_code {
            "CNY" => texts.about("money-cny", &digits),
            "USD" => texts.about("money-usd", &digits),
            "HKD" => texts.about("money-hkd", &digits),
            code => format!("{code} {digits}"),
        }
    };
    match (min, max) {
        (Some(min), Some(max)) if min == max => sum(min),
        (Some(min), Some(max)) => format!("{} – {}", digits(min), sum(max)),
        (Some(min), None) => texts.about("money-least", &sum(min)),
        (None, Some(max)) => texts.about("money-most", &sum(max)),
        (None, None) => String::new(),
    }
}

fn digits(money: &Money) -> String {
    let whole = format::grouped(money.units);
    if money.nanos == 0 {
        return whole;
    }
    let fraction = format!("{:0DECIMALS$}", money.nanos);
    format!("{whole}.{}", fraction.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use duikou_proto::language::Language;

    use super::*;

    #[test]
    fn amounts_are_written_with_every_digit() {
        let yuan = |units, nanos| Money { currency_code: "CNY".to_owned(), units, nanos };
        let texts = Texts::of(Language::Zh);
        let one = yuan(120_000_000, 0);
        assert_eq!(exact(texts, Some(&one), Some(&one)), "120,000,000 元");
        assert_eq!(exact(texts, Some(&yuan(3000, 500_000_000)), Some(&yuan(5000, 0))), "3,000.5 – 5,000 元");
        assert_eq!(exact(texts, Some(&yuan(1, 0)), None), "1 元以上");
        assert_eq!(exact(texts, None, None), "");
    }
}
