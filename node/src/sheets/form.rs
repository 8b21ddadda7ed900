//! One listing by its fields, as a form has them: the fields are the columns of tables, and what is typed into them is
//! read by what reads tables, so that forms and tables cannot differ.

use std::collections::BTreeMap;

use duikou_proto::v1;
use jiff::Timestamp;

use super::SheetError;
use super::fields::{FIELDS, Field, Info, Shape};
use super::grid::Grid;
use super::header::Layout;
use super::kind::Kind;
use super::row::{Read, Reader, Remark};
use super::write::{cell, in_form};
use crate::limits;
use crate::typed::text::items;
use crate::typed::{Names, money};

/// What fields hold, as it was typed or as it is read again.
pub(crate) type Texts = BTreeMap<Field, String>;

/// The fields of a kind that a form has, in the order of the table. Ids are made by the server, and what no cell shows is
/// kept beside the form.
pub(crate) fn fields(kind: Kind) -> impl Iterator<Item = &'static Info> {
    columns(kind).filter(|info| !matches!(info.field, Field::Id | Field::Rest))
}

fn columns(kind: Kind) -> impl Iterator<Item = &'static Info> {
    FIELDS.iter().filter(move |info| info.written && info.is_of(kind))
}

/// What a form shows of a listing.
pub(crate) fn texts(kind: Kind, listing: &v1::Listing) -> Texts {
    fields(kind).map(|info| (info.field, in_form(listing, info.field))).filter(|(_, text)| !text.is_empty()).collect()
}

/// What a form shows of one field of a listing.
pub(crate) fn cell_of(listing: &v1::Listing, field: Field) -> String {
    in_form(listing, field)
}

/// A form with nothing in it yet.
#[derive(Debug, Clone)]
pub(crate) struct Form {
    pub(crate) kind: Kind,
    /// How members and circles are called.
    pub(crate) names: Names,
    /// The member's own region.
    pub(crate) home: Option<String>,
    pub(crate) now: Timestamp,
}

/// What a filled-in form says.
#[derive(Debug, Clone)]
pub(crate) struct Filled {
    /// As far as it could be read.
    pub(crate) listing: v1::Listing,
    /// What is wrong, what is lacking included.
    pub(crate) faults: Vec<Remark>,
    /// What its writer should know.
    pub(crate) notes: Vec<Remark>,
}

impl Form {
    /// Reads `texts`; what the form does not show is as in `before`.
    ///
    /// # Errors
    /// Where the clock of this country cannot be found.
    pub(crate) fn read(&self, texts: &Texts, before: &v1::Listing) -> Result<Filled, SheetError> {
        let layout = Layout::of_fields(self.kind, columns(self.kind));
        let grid = Grid::named("");
        let mut texts = texts.clone();
        texts.insert(Field::Rest, cell(before, Field::Rest));
        texts.remove(&Field::Id);
        let home = self.home.as_deref();
        let parent = String::new();
        let mut reader = Reader::new(&layout, &grid, parent, &self.names, home, BTreeMap::new(), self.now)?;
        let Read::Row { listing, faults, notes } = reader.form(&texts) else { return Err(SheetError::NoHeader) };
        let listing = v1::Listing { name: before.name.clone(), publish_time: before.publish_time, ..*listing };
        Ok(Filled { listing, faults, notes })
    }

    /// `typed` with `meant` in place of the first of its items that gives no value alone.
    ///
    /// # Errors
    /// As [`Form::read`].
    pub(crate) fn decided(&self, field: Field, typed: &str, meant: &str) -> Result<String, SheetError> {
        // A comma in a number divides nothing.
        let several =
            matches!(field.info().shape(), Shape::Places | Shape::Industries | Shape::Several(_) | Shape::Audience);
        let mut parts = if several { items(typed) } else { Vec::new() };
        if parts.len() > 1 {
            for part in &mut parts {
                let alone = self.read(&[(field, part.clone())].into(), &v1::Listing::default())?;
                if alone.faults.iter().any(|fault| fault.field == Some(field) && fault.unclear.is_some()) {
                    meant.clone_into(part);
                    return Ok(parts.join("；"));
                }
            }
        }
        Ok(meant.to_owned())
    }
}

impl Filled {
    /// What is wrong with a field, where anything is.
    pub(crate) fn fault(&self, field: Field) -> Option<&Remark> {
        self.faults.iter().find(|fault| fault.field == Some(field))
    }

    /// The texts that the listing does not give back, which a draft keeps beside it: those that have given no value, until
    /// they are corrected, and short ones that were understood and say it in other words (1.2亿), as long as that stands.
    pub(crate) fn beside(&self, texts: &Texts) -> Texts {
        let kept = |field: Field, text: &str| match (text.trim(), self.fault(field).is_some()) {
            ("", _) => false,
            (_, true) => cell_is_blank(&self.listing, field),
            (text, false) => {
                let short = text.chars().nth(limits::DRAFT_WORDING_CHARS).is_none();
                let says_it = !lacks(&self.listing, field) && in_form(&self.listing, field) != text;
                short && (says_it || leaves_open(field, text))
            }
        };
        texts.iter().filter(|(field, text)| kept(**field, text)).map(|(field, text)| (*field, text.clone())).collect()
    }
}

/// Nobody may see what has no scopes, which is an answer as well: only what was typed tells whether it was given.
fn cell_is_blank(listing: &v1::Listing, field: Field) -> bool {
    if field == Field::Audience { listing.scopes.is_empty() } else { cell(listing, field).is_empty() }
}

/// Whether a text of a field was understood as one without a value, 面议, which the body tells.
pub(crate) fn leaves_open(field: Field, text: &str) -> bool {
    matches!(field, Field::Amount | Field::Investment | Field::Wage) && money::is_open(text)
}

/// Whether a text that is kept of a field beside the listing is one that has given no value.
pub(crate) fn lacks(listing: &v1::Listing, field: Field) -> bool {
    field == Field::Audience || cell(listing, field).is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(kind: Kind) -> Form {
        let now = "2026-11-03T01:02:00Z".parse().unwrap();
        Form { kind, names: Names::default(), home: None, now }
    }

    fn typed(pairs: &[(Field, &str)]) -> Texts {
        pairs.iter().map(|(field, text)| (*field, (*text).to_owned())).collect()
    }

    #[test]
    fn what_is_typed_is_a_listing_that_a_form_shows_again() {
        let texts = typed(&[
            (Field::Direction, "OFFER"),
            (Field::Title, "招聘"),
            (Field::Regions, "毕节市；520502"),
            (Field::SupplyType, "VACANCY"),
            (Field::Occupation, "缝纫工"),
            (Field::Headcount, "８０"),
            (Field::Wage, "3000-5000元/月"),
            (Field::Audience, "network；circle:pan-prd"),
            (Field::Expire, "2027年3月"),
        ]);
        let before = v1::Listing { name: "members/bijie/listings/x".to_owned(), ..v1::Listing::default() };
        let filled = form(Kind::Talent).read(&texts, &before).unwrap();
        assert_eq!(filled.faults, []);
        assert_eq!(filled.listing.name, before.name);
        assert_eq!(filled.listing.scopes, ["network", "circle:pan-prd"]);
        let shown = super::texts(Kind::Talent, &filled.listing);
        // Whoever opens it reads names, which are read as the same places.
        assert_eq!(shown[&Field::Regions], "贵州省毕节市；贵州省毕节市七星关区");
        assert_eq!((&*shown[&Field::Headcount], &*shown[&Field::Wage]), ("80", "3000-5000元/月"));
        let again = form(Kind::Talent).read(&shown, &filled.listing).unwrap();
        assert_eq!((again.listing, again.faults), (filled.listing, Vec::new()));
    }

    #[test]
    fn what_is_understood_is_kept_in_the_words_of_whoever_typed_it_where_they_are_few() {
        let texts = typed(&[(Field::Amount, "1.2亿"), (Field::Title, " 资金 "), (Field::Regions, "毕节市")]);
        let filled = form(Kind::Capital).read(&texts, &v1::Listing::default()).unwrap();
        let beside = filled.beside(&texts);
        assert_eq!(beside[&Field::Amount], "1.2亿");
        assert!(!beside.contains_key(&Field::Title), "{beside:?}");
        assert!(!lacks(&filled.listing, Field::Amount) && lacks(&v1::Listing::default(), Field::Amount));
        let many = format!("1.2亿{}", " ".repeat(limits::DRAFT_WORDING_CHARS) + "元");
        let texts = typed(&[(Field::Amount, &many)]);
        assert_eq!(form(Kind::Capital).read(&texts, &v1::Listing::default()).unwrap().beside(&texts), Texts::new());
    }

    #[test]
    fn what_gives_no_value_is_kept_as_it_was_typed_and_candidates_take_the_place_of_one_item() {
        let texts = typed(&[(Field::Regions, "毕节市；鼓楼区"), (Field::Amount, "1.2.3"), (Field::Title, "资金")]);
        let form = form(Kind::Capital);
        let filled = form.read(&texts, &v1::Listing::default()).unwrap();
        assert_eq!(filled.beside(&texts), typed(&[(Field::Regions, "毕节市；鼓楼区"), (Field::Amount, "1.2.3")]));
        let fault = filled.fault(Field::Regions).unwrap().unclear.as_ref().unwrap();
        assert!(fault.candidates.len() > 1, "{fault:?}");
        let meant = &fault.candidates[0].typed;
        assert_eq!(form.decided(Field::Regions, "毕节市；鼓楼区", meant).unwrap(), format!("毕节市；{meant}"));
        assert_eq!(form.decided(Field::Regions, "鼓楼区", meant).unwrap(), *meant);
        assert_eq!(form.decided(Field::Amount, "3,000", "3,000万元").unwrap(), "3,000万元");
        // What is lacking is told, and nothing of it is kept.
        assert!(filled.fault(Field::Instrument).is_some_and(|fault| fault.unclear.is_none()));
    }

    #[test]
    fn who_seeks_an_event_gives_a_period_and_who_holds_one_its_times() {
        let read = |direction: &str, start: &str, end: &str| {
            let texts = typed(&[
                (Field::Direction, direction),
                (Field::Title, "招商推介会"),
                (Field::Regions, "毕节市"),
                (Field::Start, start),
                (Field::End, end),
                (Field::Venue, "不限"),
            ]);
            form(Kind::Event).read(&texts, &v1::Listing::default()).unwrap()
        };
        let times = |filled: &Filled| match filled.listing.listing.as_ref().and_then(|body| body.details.as_ref()) {
            Some(v1::opportunity::Details::Event(event)) => {
                [&event.start_time, &event.end_time].map(|time| time.as_ref().map_or(0, |time| time.seconds))
            }
            _ => [0; 2],
        };
        let march = [1_803_830_400, 1_806_508_800];
        for (start, end) in [("2027年3月", ""), ("2027-03", "2027-03"), ("2027-03-01", "2027-03-31")] {
            let filled = read("REQUEST", start, end);
            assert_eq!((times(&filled), &*filled.faults, &*filled.notes), (march, &[][..], &[][..]), "{start} {end}");
        }
        let day = read("REQUEST", "2027-03-01", "");
        assert_eq!((times(&day), day.faults.len()), ([march[0], march[0] + 86_400], 0));
        // What is lacking is told once.
        let unsaid = read("REQUEST", "", "");
        assert!(unsaid.fault(Field::Start).is_some() && unsaid.fault(Field::End).is_none(), "{:?}", unsaid.faults);
        let held = read("OFFER", "2027年3月", "");
        assert!(held.fault(Field::Start).is_some() && held.fault(Field::End).is_some(), "{:?}", held.faults);
    }

    #[test]
    fn a_code_that_is_wrong_is_told_at_its_own_field() {
        for (field, code, other) in [
            (Field::ProjectCode, "2026-440300", Field::CreditCode),
            (Field::CreditCode, "91440300", Field::ProjectCode),
        ] {
            let texts = typed(&[(Field::Title, "园区"), (field, code)]);
            let filled = form(Kind::Project).read(&texts, &v1::Listing::default()).unwrap();
            assert!(filled.fault(field).is_some() && filled.fault(other).is_none(), "{:?}", filled.faults);
        }
        let both = typed(&[(Field::ProjectCode, "2401-440300-04-01-123456"), (Field::CreditCode, "91440300")]);
        let filled = form(Kind::Project).read(&both, &v1::Listing::default()).unwrap();
        assert!(filled.fault(Field::CreditCode).is_some() && filled.fault(Field::ProjectCode).is_none());
    }

    #[test]
    fn that_an_amount_is_agreed_upon_later_stays_in_the_form_and_is_told_to_readers() {
        let form = form(Kind::Capital);
        let read = |amount: &str, body: &str| {
            let texts = typed(&[(Field::Title, "资金"), (Field::Amount, amount), (Field::Body, body)]);
            let filled = form.read(&texts, &v1::Listing::default()).unwrap();
            assert_eq!(filled.fault(Field::Amount), None);
            let body = filled.listing.listing.clone().unwrap().body;
            (body, filled.beside(&texts), filled.notes.len())
        };
        let (body, beside, notes) = read("面议", "甲");
        assert_eq!((&*body, notes), ("甲\n\n- 金额：面议", 1));
        assert_eq!(beside, typed(&[(Field::Amount, "面议"), (Field::Body, "甲")]));
        assert!(leaves_open(Field::Amount, "面议") && !leaves_open(Field::Title, "面议"));
        // Whoever opens it again sees that line in the body, which says it once, and not where there is an amount.
        assert_eq!(read("待定", &body).0, "甲\n\n- 金额：待定");
        assert_eq!(read("面议", "- 金额：面议").0, "- 金额：面议");
        assert_eq!(read("500万元", &body).0, "甲");
        assert_eq!(read("", &body).0, body);
        assert_eq!(read("500万元", "甲\n\n- 预算：面议").0, "甲\n\n- 预算：面议");
    }

    #[test]
    fn what_a_form_does_not_show_stays() {
        let attachment = v1::Attachment { name: "a.pdf".to_owned(), ..v1::Attachment::default() };
        let body = v1::Opportunity { attachments: vec![attachment.clone()], ..v1::Opportunity::default() };
        let time = Some(prost_types::Timestamp { seconds: 1_700_000_000, nanos: 0 });
        let before = v1::Listing { publish_time: time, listing: Some(body), ..v1::Listing::default() };
        let filled = form(Kind::Project).read(&typed(&[(Field::Title, "园区")]), &before).unwrap();
        assert_eq!(filled.listing.publish_time, time);
        assert_eq!(filled.listing.listing.unwrap().attachments, [attachment]);
    }
}
