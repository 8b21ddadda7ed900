//! What somebody who is typing may want to go on with: titles that they may see, and places.

use std::collections::{BTreeSet, HashSet};
use std::ops::Bound;
use std::sync::OnceLock;

use duikou_proto::filter::Filter;
use duikou_proto::language::Language;
use duikou_proto::reference::{Entry, regions};

use super::analysis::{fold, is_letters, kept, readings, spells, spelt_length, syllables_of};
use super::{OrderBy, Patience, Query, Search, SearchError, Start, Wanted};
use crate::engine::Reader;

/// One way to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Suggestion {
    /// The title of the listing with this name.
    Title { title: String, name: String },
    /// A place with its code.
    Place { name: &'static str, code: &'static str },
}

/// Results that are looked at for one suggestion: many have the same title.
const RESULTS_EACH: usize = 4;
/// Places among the suggestions.
const PLACES: usize = 3;

impl Search {
    /// At most `count` suggestions for what was typed so far.
    ///
    /// # Errors
    /// Where there is no answer for now.
    pub(crate) async fn suggest(
        &self,
        typed: &str,
        query: Query,
        filter: Filter,
        count: usize,
        reader: &Reader,
    ) -> Result<Vec<Suggestion>, SearchError> {
        let places = self.places(typed, &filter, reader).await?;
        let wanted = Wanted {
            query,
            alike: None,
            filter,
            order: OrderBy::Relevance,
            start: Start::First,
            size: count * RESULTS_EACH,
            facets: Vec::new(),
            patience: Patience::Waits,
        };
        let answer = self.find(wanted, reader).await?;
        let mut known = HashSet::new();
        let titles = answer.hits.into_iter().filter(|hit| known.insert(fold(&hit.opportunity().title).text));
        let titles = titles.map(|hit| {
            let (title, name) = (hit.opportunity().title.clone(), hit.part.name().to_string());
            Suggestion::Title { title, name }
        });
        let typed = fold(typed.trim()).text;
        let (holding, others): (Vec<_>, Vec<_>) = titles.partition(|suggestion| match suggestion {
            Suggestion::Title { title, .. } => holds(title, &typed),
            Suggestion::Place { .. } => false,
        });
        // What only lies there, or says it further down, is worth a suggestion where nothing says it in its title.
        let others = if holding.is_empty() && places.is_empty() { others } else { Vec::new() };
        let named = places.iter().any(|place| matches!(place, Suggestion::Place { name, .. } if is_name(name, &typed)));
        let mut suggestions = holding;
        suggestions.extend(others);
        suggestions.truncate(count.saturating_sub(places.len()));
        let at = if named { 0 } else { suggestions.len() };
        suggestions.splice(at..at, places.into_iter().take(count));
        Ok(suggestions)
    }

    /// The places that begin as was typed and of which there is a listing that the filter matches.
    async fn places(&self, typed: &str, filter: &Filter, reader: &Reader) -> Result<Vec<Suggestion>, SearchError> {
        let mut found = places(typed);
        if found.is_empty() {
            return Ok(found);
        }
        let wanted = Wanted {
            query: Query::default(),
            alike: None,
            filter: filter.clone(),
            order: OrderBy::NEWEST,
            start: Start::First,
            size: 1,
            facets: vec!["region"],
            patience: Patience::Waits,
        };
        let counts = self.find(wanted, reader).await?.facets;
        let there = |code: &str| counts.iter().any(|counts| counts.contains_key(code));
        found.retain(|place| matches!(place, Suggestion::Place { code, .. } if there(code)));
        found.truncate(PLACES);
        Ok(found)
    }
}

/// Whether a title holds every word that was typed, in characters or letters.
fn holds(title: &str, typed: &str) -> bool {
    let title = fold(title).text;
    let han: Vec<char> = title.chars().collect();
    let spelt = |word: &str| is_letters(word) && (0..han.len()).any(|at| spelt_length(&han[at..], word).is_some());
    typed.split_whitespace().all(|word| title.contains(word) || spelt(word))
}

/// Whether what was typed is the whole of a place's name, with or without what it is, in characters or letters.
fn is_name(place: &str, typed: &str) -> bool {
    let known = spelt_places().iter().find(|(entry, _)| entry.name(Language::Zh) == place);
    known.is_some_and(|(entry, _)| {
        regions().names(entry).iter().any(|name| fold(name).text == typed || spells(name, typed))
    })
}

/// The places whose name, in characters or letters, begins as was typed; larger ones first.
fn places(typed: &str) -> Vec<Suggestion> {
    let typed = fold(typed.trim()).text;
    if typed.chars().count() < 2 {
        return Vec::new();
    }
    // Names stand among the spellings, and are compared whole.
    let typed = if is_letters(&typed) { kept(&typed) } else { &typed };
    let begins = |spellings: &BTreeSet<String>| {
        let from = (Bound::Included(typed), Bound::Unbounded);
        spellings.range::<str, _>(from).next().is_some_and(|first| first.starts_with(typed))
    };
    let mut found: Vec<&'static Entry> =
        spelt_places().iter().filter(|(_, spellings)| begins(spellings)).map(|(entry, _)| *entry).collect();
    found.sort_by_key(|entry| (level(entry), entry.code));
    let place = |entry: &'static Entry| Suggestion::Place { name: entry.name(Language::Zh), code: entry.code };
    found.into_iter().map(place).collect()
}

/// Every place with all that may be typed for it.
fn spelt_places() -> &'static [(&'static Entry, BTreeSet<String>)] {
    static PLACES: OnceLock<Vec<(&'static Entry, BTreeSet<String>)>> = OnceLock::new();
    PLACES.get_or_init(|| {
        let spelt = |entry: &'static Entry| {
            let names: Vec<String> = regions().names(entry).iter().map(|name| fold(name).text).collect();
            let mut spellings = names.clone();
            names.iter().for_each(|name| readings(&syllables_of(name), &mut spellings));
            (entry, spellings.into_iter().collect())
        };
        regions().entries().iter().map(spelt).collect()
    })
}

fn level(entry: &Entry) -> usize {
    ["province", "prefecture", "county", "country"].iter().position(|level| *level == entry.level).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_suggested_by_characters_and_letters() {
        for typed in ["毕节", "畢節", "bijie", "biji"] {
            let found = places(typed);
            assert!(found.contains(&Suggestion::Place { name: "毕节市", code: "520500" }), "{typed}: {found:?}");
        }
        assert_eq!(places("广东").first(), Some(&Suggestion::Place { name: "广东省", code: "440000" }));
        assert!(places("b").is_empty() && places("").is_empty());
    }
}
