//! The newest of a search, written as pages are. Nobody had it before, so nothing of it is ever told as gone.

use duikou_proto::name::RecordName;
use duikou_proto::v1::Listing;
use uuid::Uuid;

use super::content::{Content, Entry, author};
use super::{Form, atom, calendar, jsonfeed};
use crate::addresses::Origin;
use crate::delivery::memory::{HadFact, When, sequence};
use crate::engine::Engine;

/// What a search found.
pub(crate) struct Searched {
    pub(crate) title: String,
    /// What was asked for, in one form: the same search is the same feed.
    pub(crate) search: String,
    /// Where this is.
    pub(crate) address: String,
    pub(crate) listings: Vec<Listing>,
}

impl Searched {
    /// Written in a form.
    pub(crate) fn written(self, engine: &Engine, origin: Option<&Origin>, form: Form) -> Vec<u8> {
        let identity = engine.identity();
        let directory = engine.directory();
        let entry = |listing: Listing| {
            let opportunity = listing.listing.clone()?;
            let name = RecordName::parse(&listing.name, &identity.network).ok()?;
            let written = listing.update_time.as_ref().map_or(0, |time| time.seconds.saturating_mul(1_000_000));
            let had = HadFact {
                entry: 0,
                offered: listing.revision,
                confirmed: listing.revision,
                new: true,
                leaving: false,
                sequence: sequence(None, written),
                time: written,
                when: When::of(&opportunity),
            };
            Some(Entry { author: author(&directory, name.origin_str()), listing, opportunity, matched: None, had })
        };
        let entries: Vec<Entry> = self.listings.into_iter().filter_map(entry).collect();
        let network = identity.network.to_string();
        let hash = blake3::hash(format!("{network}\n{}", self.search).as_bytes());
        let mut id = [0; 16];
        id.copy_from_slice(&hash.as_bytes()[..16]);
        let content = Content {
            title: self.title,
            id: Uuid::from_bytes(id).to_string(),
            updated: entries.iter().map(|entry| entry.had.time).max().unwrap_or_default(),
            entries,
            left: Vec::new(),
            next: None,
            first: true,
            network,
        };
        match form {
            Form::Atom => atom::render(&content, &self.address, origin),
            Form::JsonFeed => jsonfeed::render(&content, &self.address, origin),
            Form::Calendar => calendar::render(&content, origin),
        }
    }
}
