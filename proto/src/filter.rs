//! Which listings a reader wants: the one matcher that feeds, links, subscriptions, search and pages use.

mod quantity;
mod range;

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;

use crate::Money;
use crate::envelope::{Micros, Part, Statement};
use crate::limits;
use crate::name::{Kind, MemberId, NetworkName};
use crate::reference::{Table, industries, normalise_region, occupations, regions};
use crate::scope::{Scope, ScopeSet};
use crate::v1;
use crate::v1::opportunity::{Details, Direction};
use crate::validate::{Check, Violation, is_language_tag, reason};

pub use quantity::{Amounts, Quantities, Span, Wages};

/// A filter whose values are known and in their full forms. Two are equal, and have equal hashes, exactly where the
/// same values were given, in whatever order or form.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Filter {
    kinds: BTreeSet<&'static str>,
    directions: BTreeSet<i32>,
    regions: BTreeSet<&'static str>,
    industries: BTreeSet<&'static str>,
    occupations: BTreeSet<&'static str>,
    members: BTreeSet<MemberId>,
    circles: BTreeSet<Scope>,
    languages: BTreeSet<String>,
    tags: BTreeSet<String>,
    expire: Option<Span>,
    publish: Option<Span>,
    event: Option<Span>,
    amount: Option<Amounts>,
    wage: Option<Wages>,
    level: Option<Span>,
}

/// What a filter looks at beside the body.
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    /// The record's kind.
    pub kind: &'a str,
    /// Its scopes, as far as the reader may know them.
    pub scopes: &'a ScopeSet,
    /// Its origin's full id.
    pub origin: &'a str,
    /// When its name was first published.
    pub publish_time: Micros,
    /// When it closes.
    pub expire_time: Micros,
}

impl<'a> Header<'a> {
    /// Of a record. Nobody has a withdrawal matched; its times are 0.
    pub fn of(part: &'a Part) -> Self {
        let (publish_time, expire_time) = match part.statement() {
            Statement::Record { publish_time, expire_time, .. } => (*publish_time, *expire_time),
            Statement::Withdrawal { .. } => (0, 0),
        };
        let (kind, scopes, origin) = (part.kind().as_str(), part.scopes(), part.name().origin_str());
        Self { kind, scopes, origin, publish_time, expire_time }
    }
}

impl Filter {
    /// Reads a filter as people write it inside `network`. Paths of violations begin with `filter`.
    ///
    /// # Errors
    /// All values that are unknown or malformed, or the one fact that there are more than [`limits::FILTER_VALUES`].
    pub fn compile(filter: &v1::Filter, network: &NetworkName) -> Result<Self, Vec<Violation>> {
        let mut found = Vec::new();
        let count = value_count(filter);
        if count > limits::FILTER_VALUES {
            Check::new("", &mut found).fail(
                "filter",
                reason::TOO_MANY,
                format!("筛选条件共{count}个，最多{}个，请删减。", limits::FILTER_VALUES),
                format!("The filter has {count} values and may have {}: remove some.", limits::FILTER_VALUES),
            );
            return Err(found);
        }
        let check = &mut Check::new("filter", &mut found);
        let filter = Self {
            kinds: known(check, "kinds", &filter.kinds, |kind| Kind::LISTINGS.into_iter().find(|known| *known == kind)),
            directions: directions(check, &filter.directions),
            regions: known(check, "regions", &filter.regions, |code| code_in(regions(), &normalise_region(code))),
            industries: known(check, "industries", &filter.industries, |code| code_in(industries(), code)),
            occupations: known(check, "occupations", &filter.occupations, |code| code_in(occupations(), code)),
            members: formed(check, "members", &filter.members, "shenzhen", |id| MemberId::parse(id, network).ok()),
            circles: formed(check, "circles", &filter.circles, "pan-prd", |circle| circle_scope(circle, network)),
            languages: formed(check, "languages", &filter.languages, "zh-CN", |tag| {
                is_language_tag(tag).then(|| tag.to_ascii_lowercase())
            }),
            tags: formed(check, "tags", &filter.tags, "冷链", |tag| (!tag.is_empty()).then(|| tag.nfc().collect())),
            expire: range::times(check, "expire_time", filter.expire_time.as_ref()),
            publish: range::times(check, "publish_time", filter.publish_time.as_ref()),
            event: range::times(check, "event_time", filter.event_time.as_ref()),
            amount: range::amounts(check, "amount", filter.amount.as_ref()),
            wage: range::wages(check, "wage", filter.wage.as_ref()),
            level: range::levels(check, "maturity_trl", filter.maturity_trl.as_ref()),
        };
        if found.is_empty() { Ok(filter) } else { Err(found) }
    }

    /// Whether a listing matches.
    pub fn matches(&self, header: &Header<'_>, opportunity: &v1::Opportunity) -> bool {
        self.matches_header(header) && self.matches_body(opportunity)
    }

    /// The part of [`Self::matches`] that needs no body. Where [`Self::needs_body`] does not hold, it is the whole.
    pub fn matches_header(&self, header: &Header<'_>) -> bool {
        given_implies(&self.kinds, |kinds| kinds.contains(header.kind))
            && given_implies(&self.members, |members| members.iter().any(|member| member.as_str() == header.origin))
            && given_implies(&self.circles, |circles| circles.iter().any(|circle| header.scopes.contains(circle)))
            && self.expire.is_none_or(|wanted| wanted.contains(header.expire_time))
            && self.publish.is_none_or(|wanted| wanted.contains(header.publish_time))
    }

    fn matches_body(&self, opportunity: &v1::Opportunity) -> bool {
        given_implies(&self.directions, |directions| directions.contains(&opportunity.direction))
            && given_implies(&self.regions, |wanted| {
                opportunity.regions.iter().any(|code| lies_in(regions(), &normalise_region(code), wanted))
            })
            && given_implies(&self.industries, |wanted| {
                opportunity.industries.iter().any(|code| lies_in(industries(), code, wanted))
            })
            && given_implies(&self.occupations, |wanted| match &opportunity.details {
                Some(Details::Talent(talent)) => lies_in(occupations(), &talent.occupation_code, wanted),
                _ => false,
            })
            && given_implies(&self.languages, |wanted| {
                wanted.iter().any(|range| has_prefix(&opportunity.language, range))
            })
            && given_implies(&self.tags, |wanted| opportunity.tags.iter().any(|tag| wanted.contains(tag)))
            && (!self.has_quantities() || self.matches_quantities(&Quantities::of(opportunity)))
    }

    fn has_quantities(&self) -> bool {
        self.event.is_some() || self.amount.is_some() || self.wage.is_some() || self.level.is_some()
    }

    fn matches_quantities(&self, listing: &Quantities) -> bool {
        self.event.is_none_or(|wanted| listing.event.is_some_and(|span| span.meets(wanted)))
            && self.amount.as_ref().is_none_or(|wanted| listing.amount.as_ref().is_some_and(|own| own.meets(wanted)))
            && self.wage.as_ref().is_none_or(|wanted| listing.wage.as_ref().is_some_and(|own| own.meets(wanted)))
            && self.level.is_none_or(|wanted| listing.level.is_some_and(|level| wanted.contains(level)))
    }

    /// Whether anything but the header matters, so that bodies must be decoded.
    pub fn needs_body(&self) -> bool {
        !(self.directions.is_empty()
            && self.regions.is_empty()
            && self.industries.is_empty()
            && self.occupations.is_empty()
            && self.languages.is_empty()
            && self.tags.is_empty()
            && !self.has_quantities())
    }

    /// BLAKE3 of the values, each with its length, sorted, field by field: what a cursor remembers of its filter.
    pub fn hash(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_derive_key(HASH_CONTEXT);
        let mut field = |values: &[&str]| {
            hasher.update(&length(values.len()));
            for value in values {
                hasher.update(&length(value.len())).update(value.as_bytes());
            }
        };
        let directions: Vec<String> = self.directions.iter().map(i32::to_string).collect();
        field(&texts(&self.kinds, |kind| kind));
        field(&texts(&directions, String::as_str));
        for codes in [&self.regions, &self.industries, &self.occupations] {
            field(&texts(codes, |code| code));
        }
        field(&texts(&self.members, MemberId::as_str));
        field(&texts(&self.circles, Scope::as_str));
        field(&texts(&self.languages, String::as_str));
        field(&texts(&self.tags, String::as_str));
        let spans = [self.expire, self.publish, self.event, self.level];
        let money = [self.amount.as_ref(), self.wage.as_ref().map(|wage| &wage.amounts)];
        for span in spans.into_iter().chain(money.map(|amounts| amounts.map(|amounts| amounts.span))) {
            let bounds = span.map(|span| [span.from.to_string(), span.to.to_string()]);
            field(&texts(bounds.iter().flatten(), String::as_str));
        }
        for amounts in money {
            field(&texts(amounts, |amounts| &amounts.currency));
        }
        let period = self.wage.as_ref().map(|wage| wage.period.to_string());
        field(&texts(&period, String::as_str));
        *hasher.finalize().as_bytes()
    }
}

/// What the filter asks for, field by field, for an index that must find what [`Filter::matches`] lets through.
impl Filter {
    /// Kinds; none: any.
    pub fn kinds(&self) -> &BTreeSet<&'static str> {
        &self.kinds
    }

    /// Numbers of [`Direction`]; none: any.
    pub fn directions(&self) -> &BTreeSet<i32> {
        &self.directions
    }

    /// Codes of regions; a listing lies in one of them.
    pub fn regions(&self) -> &BTreeSet<&'static str> {
        &self.regions
    }

    /// Codes of industries; likewise.
    pub fn industries(&self) -> &BTreeSet<&'static str> {
        &self.industries
    }

    /// Codes of occupations; likewise.
    pub fn occupations(&self) -> &BTreeSet<&'static str> {
        &self.occupations
    }

    /// Origins.
    pub fn members(&self) -> &BTreeSet<MemberId> {
        &self.members
    }

    /// Scopes of circles.
    pub fn circles(&self) -> &BTreeSet<Scope> {
        &self.circles
    }

    /// Ranges of language tags in lower case.
    pub fn languages(&self) -> &BTreeSet<String> {
        &self.languages
    }

    /// Tags.
    pub fn tags(&self) -> &BTreeSet<String> {
        &self.tags
    }

    /// When the listing closes, in microseconds.
    pub fn expire(&self) -> Option<Span> {
        self.expire
    }

    /// When it was published, in microseconds.
    pub fn publish(&self) -> Option<Span> {
        self.publish
    }

    /// When an event takes place, in microseconds; compared with [`Quantities::event`].
    pub fn event(&self) -> Option<Span> {
        self.event
    }

    /// Compared with [`Quantities::amount`].
    pub fn amount(&self) -> Option<&Amounts> {
        self.amount.as_ref()
    }

    /// Compared with [`Quantities::wage`].
    pub fn wage(&self) -> Option<&Wages> {
        self.wage.as_ref()
    }

    /// Compared with [`Quantities::level`].
    pub fn level(&self) -> Option<Span> {
        self.level
    }
}

fn texts<'a, T: 'a>(values: impl IntoIterator<Item = &'a T>, text: impl Fn(&'a T) -> &'a str) -> Vec<&'a str> {
    values.into_iter().map(text).collect()
}

const HASH_CONTEXT: &str = "duikou.v1 Filter hash, form 2";

fn length(length: usize) -> [u8; 8] {
    (length as u64).to_le_bytes()
}

/// A field in which nothing is given asks for nothing.
fn given_implies<T>(values: &BTreeSet<T>, matches: impl FnOnce(&BTreeSet<T>) -> bool) -> bool {
    values.is_empty() || matches(values)
}

fn lies_in(table: &Table, code: &str, wanted: &BTreeSet<&'static str>) -> bool {
    table.lineage(code).any(|entry| wanted.contains(entry.code))
}

/// The ranges that find a language tag, each in lower case: every beginning of it that ends with a subtag.
pub fn language_ranges(tag: &str) -> Vec<String> {
    let tag = tag.to_ascii_lowercase();
    let ends = tag.match_indices('-').map(|(at, _)| at).chain([tag.len()]);
    ends.filter(|end| *end > 0).map(|end| tag[..end].to_owned()).collect()
}

/// Basic filtering (RFC 4647, section 3.3.1) with a range in lower case.
fn has_prefix(tag: &str, range: &str) -> bool {
    let tag = tag.to_ascii_lowercase();
    tag.strip_prefix(range).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

fn code_in(table: &Table, code: &str) -> Option<&'static str> {
    table.get(code).map(|entry| entry.code)
}

fn circle_scope(circle: &str, network: &NetworkName) -> Option<Scope> {
    let circle = circle.strip_prefix("circle:").unwrap_or(circle);
    match circle.split_once('@') {
        Some((circle, network)) => Scope::circle(circle, &network.parse().ok()?).ok(),
        None => Scope::circle(circle, network).ok(),
    }
}

/// Values out of a table.
fn known<T: Ord>(
    check: &mut Check<'_>,
    field: &str,
    values: &[String],
    read: impl Fn(&str) -> Option<T>,
) -> BTreeSet<T> {
    each(check, field, values, read, |check, item, value| check.unknown(item, value))
}

/// Values of a form, for example `example`.
fn formed<T: Ord>(
    check: &mut Check<'_>,
    field: &str,
    values: &[String],
    example: &str,
    read: impl Fn(&str) -> Option<T>,
) -> BTreeSet<T> {
    each(check, field, values, read, |check, item, _| check.bad_format(item, example))
}

fn each<T: Ord>(
    check: &mut Check<'_>,
    field: &str,
    values: &[String],
    read: impl Fn(&str) -> Option<T>,
    complain: impl Fn(&mut Check<'_>, &str, &str),
) -> BTreeSet<T> {
    let mut set = BTreeSet::new();
    for (item, value) in check.items(field, values, limits::FILTER_VALUES) {
        match read(value.trim()) {
            Some(value) => {
                set.insert(value);
            }
            None => complain(check, &item, value),
        }
    }
    set
}

fn directions(check: &mut Check<'_>, values: &[i32]) -> BTreeSet<i32> {
    for (item, value) in check.items("directions", values, limits::FILTER_VALUES) {
        check.required_choice::<Direction>(&item, *value);
    }
    values.iter().copied().collect()
}

fn value_count(filter: &v1::Filter) -> usize {
    let v1::Filter { kinds, directions, regions, industries, occupations, members, circles, languages, tags, .. } =
        filter;
    let v1::Filter { expire_time, publish_time, event_time, amount, wage, maturity_trl, .. } = filter;
    let texts = [kinds, regions, industries, occupations, members, circles, languages, tags];
    let ranges = [
        expire_time.is_some(),
        publish_time.is_some(),
        event_time.is_some(),
        amount.is_some(),
        wage.is_some(),
        maturity_trl.is_some(),
    ];
    let given = ranges.into_iter().filter(|given| *given).count();
    directions.len() + texts.into_iter().map(Vec::len).sum::<usize>() + given
}

mod anchor;
mod piece;
#[cfg(test)]
mod tests;

pub use anchor::Anchor;
