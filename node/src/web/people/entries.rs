//! Entries of the audit trail as rows of its page: what one person has saved again and again is one.

use std::collections::BTreeMap;

use duikou_proto::v1::AuditEntry;

use super::super::catalogue::Texts;
use super::super::sent::Sent;
use super::super::words;
use super::actions;
use super::audit::{PATH, query};
use super::sessions::to_the_second;

/// One entry, or several that say the same.
pub(in crate::web) struct EntryRow {
    pub(super) time: String,
    pub(super) actor: String,
    pub(super) actor_path: String,
    pub(super) address: String,
    pub(super) action: String,
    /// How many entries it is; empty: one.
    pub(super) times: String,
    /// What it was done to: by its name in the trail, and what people call it with where it is, where they call it so.
    pub(super) resource: String,
    /// Where all that was done to that stands; empty: it was done to nothing.
    pub(super) resource_path: String,
    pub(super) called: Called,
    pub(super) detail: String,
}

/// What people call a listing or a draft, in which language (empty: the page's own), and where it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::web) struct Called {
    pub(in crate::web) title: String,
    pub(in crate::web) lang: String,
    pub(in crate::web) path: String,
}

/// What whoever looks calls what stands in the trail: accounts by their names, listings and drafts by
/// their titles.
#[derive(Debug, Clone, Default)]
pub(in crate::web) struct Known {
    pub(in crate::web) accounts: BTreeMap<String, String>,
    pub(in crate::web) listings: BTreeMap<String, Called>,
}

impl EntryRow {
    pub(super) fn of(texts: Texts, ask: &Sent, known: &Known, entry: &AuditEntry) -> Self {
        let Known { accounts: names, listings } = known;
        let title = |name: &str| listings.get(name).map(|called| &*called.title);
        let beside = title(&entry.resource);
        let called = |name: &str| match title(name) {
            known if known.is_some() && known == beside => None,
            known => Some(known.unwrap_or(name).to_owned()),
        };
        Self {
            time: to_the_second(texts, entry.time),
            actor: words::actor(texts, &entry.actor, |name| names.get(name).cloned()),
            actor_path: match entry.actor.as_str() {
                "" => String::new(),
                actor => format!("{PATH}?{}", query(ask, &[("actor", actor)])),
            },
            address: entry.address.clone(),
            action: actions::action(texts, &entry.action),
            times: String::new(),
            resource: names.get(&entry.resource).cloned().unwrap_or_else(|| entry.resource.clone()),
            resource_path: match &*entry.resource {
                "" => String::new(),
                resource => format!("{PATH}?{}", query(&Sent::default(), &[("resource", resource)])),
            },
            called: listings.get(&entry.resource).cloned().unwrap_or_default(),
            detail: actions::detail(texts, &entry.action, &entry.detail, called),
        }
    }
}

/// What is saved while somebody types.
const SAVED: &str = "draft.update";

/// How many rows entries come to, newest first.
pub(super) fn count(entries: &[AuditEntry]) -> usize {
    entries.chunk_by(goes_on).count()
}

/// Entries as rows: those of one draft that one person saved, with nothing else between, are one.
pub(super) fn rows(texts: Texts, ask: &Sent, known: &Known, entries: &[AuditEntry]) -> Vec<EntryRow> {
    let row = |some: &[AuditEntry]| {
        let (newest, oldest) = (some.first()?, some.last()?);
        let mut row = EntryRow::of(texts, ask, known, newest);
        if some.len() > 1 {
            let began = to_the_second(texts, oldest.time);
            row.times = texts.fill("audit-times", &[("count", &some.len().to_string()), ("time", &began)]);
        }
        Some(row)
    };
    entries.chunk_by(goes_on).filter_map(row).collect()
}

fn goes_on(newer: &AuditEntry, older: &AuditEntry) -> bool {
    let same = |of: fn(&AuditEntry) -> &str| of(newer) == of(older);
    newer.action == SAVED
        && same(|entry| &entry.action)
        && same(|entry| &entry.actor)
        && same(|entry| &entry.resource)
        && same(|entry| &entry.address)
}

#[cfg(test)]
mod tests {
    use duikou_proto::language::Language;
    use prost_types::Timestamp;

    use super::*;

    #[test]
    fn saves_of_one_draft_by_one_person_are_one_row() {
        let entry = |action: &str, actor: &str, resource: &str, seconds: i64| AuditEntry {
            time: Some(Timestamp { seconds: 1_793_667_720 + seconds, nanos: 0 }),
            action: action.to_owned(),
            actor: actor.to_owned(),
            resource: resource.to_owned(),
            ..AuditEntry::default()
        };
        let entries = [
            entry(SAVED, "accounts/1", "members/x/drafts/1", 70),
            entry(SAVED, "accounts/1", "members/x/drafts/1", 60),
            entry(SAVED, "accounts/1", "members/x/drafts/1", 50),
            entry(SAVED, "accounts/2", "members/x/drafts/1", 40),
            entry(SAVED, "accounts/1", "members/x/drafts/1", 30),
            entry(SAVED, "accounts/1", "members/x/drafts/2", 20),
            entry("draft.submit", "accounts/1", "members/x/drafts/2", 10),
            entry("draft.submit", "accounts/1", "members/x/drafts/2", 0),
        ];
        assert_eq!(count(&entries), 6);
        let rows = rows(Texts::of(Language::Zh), &Sent::default(), &Known::default(), &entries);
        let times: Vec<(&str, &str)> = rows.iter().map(|row| (&*row.time, &*row.times)).collect();
        assert_eq!(times[0], ("2026年11月3日 09:03:10", "共3次，自2026年11月3日 09:02:50起"));
        assert!(rows.len() == 6 && times[1..].iter().all(|(_, times)| times.is_empty()), "{times:?}");
        assert_eq!(rows[0].resource_path, "/admin/audit?resource=members%2Fx%2Fdrafts%2F1");
    }
}
