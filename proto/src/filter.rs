//! Which listings a reader wants: the one matcher that feeds, links, subscriptions and pages use.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;

use crate::limits;
use crate::name::{Kind, MemberId, NetworkName};
use crate::reference::{Table, industries, normalise_region, occupations, regions};
use crate::scope::{Scope, ScopeSet};
use crate::v1;
use crate::v1::opportunity::{Details, Direction};
use crate::validate::{Check, Violation, is_language_tag, reason};

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
        };
        if found.is_empty() { Ok(filter) } else { Err(found) }
    }

    /// Whether a listing matches: its kind, its scopes as far as the reader may know them, its origin's full id, and
    /// its body.
    pub fn matches(&self, kind: &str, scopes: &ScopeSet, origin: &str, opportunity: &v1::Opportunity) -> bool {
        self.matches_header(kind, scopes, origin) && self.matches_body(opportunity)
    }

    /// The part of [`Self::matches`] that needs no body. Where [`Self::needs_body`] does not hold, it is the whole.
    pub fn matches_header(&self, kind: &str, scopes: &ScopeSet, origin: &str) -> bool {
        given_implies(&self.kinds, |kinds| kinds.contains(kind))
            && given_implies(&self.members, |members| members.iter().any(|member| member.as_str() == origin))
            && given_implies(&self.circles, |circles| circles.iter().any(|circle| scopes.contains(circle)))
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
    }

    /// Whether anything but kind, scopes and origin matters, so that bodies must be decoded.
    pub fn needs_body(&self) -> bool {
        !(self.directions.is_empty()
            && self.regions.is_empty()
            && self.industries.is_empty()
            && self.occupations.is_empty()
            && self.languages.is_empty()
            && self.tags.is_empty())
    }

    /// BLAKE3 of the values, each with its length, sorted, field by field: what a cursor remembers of its filter.
    pub fn hash(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_derive_key(HASH_CONTEXT);
        let directions: Vec<String> = self.directions.iter().map(i32::to_string).collect();
        let fields: [Vec<&str>; 9] = [
            self.kinds.iter().copied().collect(),
            directions.iter().map(String::as_str).collect(),
            self.regions.iter().copied().collect(),
            self.industries.iter().copied().collect(),
            self.occupations.iter().copied().collect(),
            self.members.iter().map(MemberId::as_str).collect(),
            self.circles.iter().map(Scope::as_str).collect(),
            self.languages.iter().map(String::as_str).collect(),
            self.tags.iter().map(String::as_str).collect(),
        ];
        for values in fields {
            hasher.update(&length(values.len()));
            for value in values {
                hasher.update(&length(value.len())).update(value.as_bytes());
            }
        }
        *hasher.finalize().as_bytes()
    }
}

const HASH_CONTEXT: &str = "duikou.v1 Filter hash, form 1";

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
    let v1::Filter { kinds, directions, regions, industries, occupations, members, circles, languages, tags } = filter;
    let texts = [kinds, regions, industries, occupations, members, circles, languages, tags];
    directions.len() + texts.into_iter().map(Vec::len).sum::<usize>()
}

#[cfg(test)]
mod tests;
