//! Listings as offices write them, as many as wanted: the sentences of the demonstration's listings in new company, about
//! other places. The same seed gives the same listings.

use std::collections::BTreeSet;

use anyhow::Context;
use duikou_proto::reference::{Entry, regions};
use duikou_proto::v1::Listing;

use crate::harness::Seed;

const DEMONSTRATION: &str = include_str!("../../../proto/data/listings.jsonl");
/// Sentences of one body.
const SENTENCES: std::ops::Range<u64> = 3..9;

/// What listings are made of.
pub(crate) struct Office {
    patterns: Vec<Listing>,
    sentences: Vec<String>,
    places: Vec<&'static Entry>,
}

impl Office {
    /// Reads the demonstration's listings.
    ///
    /// # Errors
    /// Where one of them cannot be read.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let read = |(number, line): (usize, &str)| {
            duikou_node::cli::parse_listing(line, number + 1).map_err(|faults| anyhow::anyhow!("{faults:?}"))
        };
        let patterns = DEMONSTRATION.lines().enumerate().map(read).collect::<anyhow::Result<Vec<_>>>()?;
        let bodies = patterns.iter().filter_map(|pattern| pattern.listing.as_ref()).map(|listing| &listing.body);
        let sentences: BTreeSet<String> = bodies
            .flat_map(|body| body.split_inclusive(['。', '\n']))
            .map(|sentence| sentence.trim().to_owned())
            .filter(|sentence| sentence.chars().count() > 8)
            .collect();
        let places = regions().entries().iter().filter(|entry| entry.level != "country").collect();
        Ok(Self { patterns, sentences: sentences.into_iter().collect(), places })
    }

    /// Listing `number` of `member`, for everybody.
    pub(crate) fn listing(&self, member: &str, number: usize) -> Listing {
        let mut seed = Seed::new(number as u64);
        let mut listing = seed.pick(&self.patterns).clone();
        let place = *seed.pick(&self.places);
        listing.name = format!("members/{member}/listings/n-{number}");
        listing.scopes = vec!["public".to_owned()];
        (listing.publish_time, listing.expire_time) = (None, None);
        let opportunity = listing.listing.get_or_insert_default();
        let kept: String = opportunity.title.chars().take(80).collect();
        opportunity.title = format!("{}{kept}{}号", place.name_zh, 1 + seed.below(999));
        opportunity.regions = vec![place.code.to_owned()];
        let sentences = seed.below(SENTENCES.end - SENTENCES.start) + SENTENCES.start;
        opportunity.body = (0..sentences).map(|_| seed.pick(&self.sentences).as_str()).collect();
        opportunity.external_codes.clear();
        listing
    }

    /// What people ask for: mostly one word of two characters, sometimes of three or four, sometimes two words,
    /// sometimes of one province.
    ///
    /// # Errors
    /// Where the listings hold no words.
    pub(crate) fn queries(&self, count: usize) -> anyhow::Result<Vec<Query>> {
        let tags =
            self.patterns.iter().filter_map(|pattern| pattern.listing.as_ref()).flat_map(|listing| &listing.tags);
        let words = tags.filter(|tag| (2..=4).contains(&tag.chars().count()));
        let (short, long): (Vec<&String>, Vec<&String>) = words.partition(|tag| tag.chars().count() == 2);
        anyhow::ensure!(!short.is_empty() && !long.is_empty(), "no words");
        let provinces: Vec<&&Entry> = self.places.iter().filter(|entry| entry.level == "province").collect();
        let mut seed = Seed::new(7);
        let word = |seed: &mut Seed| {
            let of = if seed.below(4) == 0 { &long } else { &short };
            (*seed.pick(of)).clone()
        };
        let query = |_| {
            let mut words = vec![word(&mut seed)];
            if seed.below(4) == 0 {
                words.push(word(&mut seed));
            }
            let province = (seed.below(5) == 0).then(|| seed.pick(&provinces).code.to_owned());
            Query { words, province }
        };
        Ok((0..count).map(query).collect())
    }
}

/// One question.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    /// All of them must be there.
    pub(crate) words: Vec<String>,
    /// Only in this province.
    pub(crate) province: Option<String>,
}

impl Query {
    /// Whether a word of it is too short to have a trigram.
    pub(crate) fn is_short(&self) -> bool {
        self.words.iter().any(|word| word.chars().count() < 3)
    }
}

/// A listing's texts in one.
pub(crate) fn text_of(listing: &Listing) -> anyhow::Result<(String, String)> {
    let opportunity = listing.listing.as_ref().context("a listing without content")?;
    Ok((opportunity.title.clone(), format!("{} {}", opportunity.summary, opportunity.body)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listings_are_sound_differ_and_come_again() {
        let office = Office::new().unwrap();
        let listings: Vec<Listing> = (0..200).map(|number| office.listing("a", number)).collect();
        for listing in &listings {
            let opportunity = listing.listing.as_ref().unwrap();
            assert_eq!(duikou_proto::validate::opportunity(opportunity, "listing"), [], "{}", listing.name);
        }
        let titles: BTreeSet<&str> = listings.iter().map(|listing| &*listing.listing.as_ref().unwrap().title).collect();
        assert!(titles.len() > 190, "{}", titles.len());
        assert_eq!(office.listing("a", 7), listings[7]);
        let queries = office.queries(400).unwrap();
        let short = queries.iter().filter(|query| query.is_short()).count();
        assert!(queries.len() == 400 && (260..380).contains(&short), "{short}");
    }
}
