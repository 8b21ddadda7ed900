//! What a writer knows of its own writes: acknowledged, or perhaps.

use std::collections::BTreeMap;

use duikou_proto::v1::Listing;

/// A name as somebody may find it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Held {
    Nothing,
    /// With this title, by which writes are told apart: a revision may change, where a clock was ahead.
    Title(String),
}

/// One name: what was acknowledged last, and what may have been written since.
#[derive(Debug, Default)]
struct Account {
    acknowledged: Option<Held>,
    perhaps: Vec<Held>,
}

/// The books of one writer.
#[derive(Debug, Default)]
pub(super) struct Ledger(BTreeMap<String, Account>);

impl Ledger {
    /// The server has said that this is on disk.
    pub(super) fn acknowledged(&mut self, name: &str, held: Held) {
        self.0.insert(name.to_owned(), Account { acknowledged: Some(held), perhaps: Vec::new() });
    }

    /// The server died, or the connection to it did, before it answered.
    pub(super) fn unknown(&mut self, name: &str, held: Held) {
        self.0.entry(name.to_owned()).or_default().perhaps.push(held);
    }

    /// How many names are certain, and how many are not.
    pub(super) fn counts(&self) -> (usize, usize) {
        let certain = self.0.values().filter(|account| account.perhaps.is_empty()).count();
        (certain, self.0.len() - certain)
    }

    /// Where `found`, what the writer's node now holds of its listings by name, is neither what was acknowledged nor
    /// what was under way.
    pub(super) fn contradictions(&self, found: &BTreeMap<String, Listing>) -> Vec<String> {
        let matches = |held: &Held, listing: Option<&Listing>| match (held, listing) {
            (Held::Nothing, None) => true,
            (Held::Title(title), Some(listing)) => listing.listing.as_ref().is_some_and(|o| o.title == *title),
            _ => false,
        };
        let stray =
            found.keys().filter(|name| !self.0.contains_key(*name)).map(|name| format!("{name}: never written"));
        let wrong = self.0.iter().filter_map(|(name, account)| {
            let listing = found.get(name);
            let known = account.acknowledged.as_ref().unwrap_or(&Held::Nothing);
            let explained = std::iter::once(known).chain(&account.perhaps).any(|held| matches(held, listing));
            (!explained).then(|| {
                format!(
                    "{name}: {account:?}, found {:?}",
                    listing.and_then(|listing| listing.listing.as_ref()).map(|o| &o.title)
                )
            })
        });
        stray.chain(wrong).collect()
    }
}
