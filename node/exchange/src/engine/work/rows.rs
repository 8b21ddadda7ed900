//! What becomes of a row in a transaction: it takes in states, is shown again, loses parts, goes.

use duikou_proto::envelope::{EXPIRE_SLACK_MICROS, Micros, Part, Revision};
use duikou_proto::name::{MemberId, RecordName};
use duikou_proto::order::equivocates;

use super::Work;
use crate::defects::{self, Defect};
use crate::engine::accept::{Ranking, accept};
use crate::engine::departed::Piece;
use crate::engine::facts;
use crate::engine::heads::{Counted, count};
use crate::limits;
use crate::store::{GoneReason, Row, StoreError};

/// How long a row that was dropped without a withdrawal is remembered: 30 days.
const GONE_KEPT: Micros = 30 * 24 * 3600 * 1_000_000;

impl Work<'_> {
    /// Takes parts of one name in; whether anything changed.
    pub(crate) async fn accept(&mut self, parts: &[Part]) -> Result<bool, StoreError> {
        let Some(name) = parts.first().map(|part| part.name().clone()) else { return Ok(false) };
        let old = self.row(&name).await?;
        let directory = self.memory.directory.clone();
        let ranking = Ranking { directory: &directory, now: self.now };
        let Some(accepted) = accept(old.as_ref(), parts, &ranking, self.counter.seq + 1) else {
            let held = old.iter().flat_map(|row| row.record.iter().chain(&row.withdrawal));
            let two = held.into_iter().any(|held| parts.iter().any(|part| equivocates(held, part)));
            self.note_equivocation(&name, parts, two);
            return Ok(false);
        };
        self.note_equivocation(&name, parts, accepted.equivocation);
        self.next_seq();
        // What was readable and no longer is must leave the disk: database pages and log.
        self.scrub |= old.is_some_and(|old| old.record.is_some() && accepted.row.record.is_none())
            || parts.iter().any(|part| !part.is_record());
        self.put(accepted.row);
        Ok(true)
    }

    /// Remembers that the origin of a name has signed two different states as one revision, until it signs a later one.
    fn note_equivocation(&mut self, name: &RecordName, parts: &[Part], two: bool) {
        let known = |prefix: &str| {
            self.memory.hot.range(prefix.to_owned()..).next().is_some_and(|(key, _)| key.starts_with(prefix))
        };
        if two {
            let revision = parts.iter().map(Part::revision).max().unwrap_or_default();
            tracing::error!(alarm = "EQUIVOCATION", record.name = %name, "its origin has signed two different states as one revision");
            if self.memory.hot(facts::EQUIVOCATIONS, limits::EQUIVOCATIONS).len() < limits::EQUIVOCATIONS {
                self.put_fact(facts::equivocation(name), &revision);
            }
        } else if known(facts::EQUIVOCATIONS) {
            let key = facts::equivocation(name);
            let noted = self.memory.hot.get(&key).and_then(|value| facts::decode::<Revision>(&key, value).ok());
            if noted.is_some_and(|noted| parts.iter().any(|part| part.revision() > noted)) {
                self.remove_fact(key);
            }
        }
    }

    /// Writes a row that changed at the newest sequence number.
    pub(crate) fn put(&mut self, mut row: Row) {
        let own = self.is_own(&row.name);
        let dates = [
            // An origin ends its record on its date; elsewhere its withdrawal has the time to come.
            row.record.as_ref().map(|r| r.expire_time() + if own { 0 } else { EXPIRE_SLACK_MICROS + 1 }),
            row.withdrawal.as_ref().map(|w| w.expire_time() + EXPIRE_SLACK_MICROS + 1),
            row.gone.map(|(_, until)| until),
        ];
        row.due = dates.into_iter().flatten().min().unwrap_or(0);
        if row.first_seq >= self.first_seq {
            self.comes(&row.name);
        }
        self.note(&row.name, None);
        self.count(&row.name, Some(&row));
        if let Some(before) = self.latest.insert(row.name.clone(), self.counter.seq) {
            self.changed.remove(&before);
        }
        self.changed.insert(self.counter.seq, row.name.clone());
        self.deleted.remove(&row.name);
        self.mended(&row.name);
        self.rows.insert(row.name.clone(), Some(row));
    }

    /// Looks at a row that is due some time later, since nothing can be done about it now: it would else be the first to be
    /// looked at again, for ever, before all that can be done.
    pub(crate) fn put_off(&mut self, row: Row) {
        let (name, again) = (row.name.clone(), self.now + limits::UPKEEP_AGAIN.as_micros() as Micros);
        self.next_seq();
        self.put(row);
        if let Some(Some(row)) = self.rows.get_mut(&name) {
            row.due = again;
        }
    }

    /// Remembers what a row was before its first change here. `read` is the row as it came from the store, where this
    /// transaction does not hold it.
    fn note(&mut self, name: &RecordName, read: Option<&Row>) {
        let held = self.rows.get(name).map_or(read, Option::as_ref);
        let before = held.map(Counted::of).unwrap_or_default();
        self.before.entry(name.clone()).or_insert(before);
    }

    /// Counts what a row becomes, of which [`Self::note`] knows what it was.
    fn count(&mut self, name: &RecordName, after: Option<&Row>) {
        let of = |row: Option<&Row>| {
            let (record, withdrawal) =
                row.map(|row| (row.record.as_ref(), row.withdrawal.as_ref())).unwrap_or_default();
            count(record, withdrawal)
        };
        let was = match self.rows.get(name) {
            Some(row) => of(row.as_ref()),
            None => self.before.get(name).map(Counted::count).unwrap_or_default(),
        };
        let mut change = of(after);
        change -= was;
        if change.is_nothing() {
            return;
        }
        match self.added.get_mut(name.origin_str()) {
            Some(added) => *added += change,
            None => drop(self.added.insert(name.origin_str().to_owned(), change)),
        }
    }

    /// Drops a row without a signed withdrawal; its own readers still learn that it is gone, where they could see it. What
    /// is deleted for good is remembered for good: its name is never used again.
    pub(crate) fn drop_row(&mut self, mut row: Row, reason: GoneReason, withdrawal_too: bool) {
        let nothing = row.record.is_none() && (row.withdrawal.is_none() || !withdrawal_too);
        if nothing && reason != GoneReason::Deleted {
            return;
        }
        self.note(&row.name.clone(), Some(&row));
        if defects::on(Defect::NoGoneRows) {
            return self.forget(&row);
        }
        let seq = self.next_seq();
        if row.record.take().is_some() {
            (row.record_seq, row.record_content_seq, row.withdrawal_content_seq) = (0, seq, seq);
        }
        if withdrawal_too {
            row.withdrawal = None;
            row.withdrawal_seq = 0;
        }
        let until = if reason == GoneReason::Deleted { Micros::MAX } else { self.now + GONE_KEPT };
        row.gone = Some((reason, until));
        self.scrub = true;
        self.put(row);
    }

    /// Keeps what is about to leave this store with its member.
    pub(crate) fn keep_departed(&self, member: &MemberId, first: bool, piece: Piece<'_>) -> Result<(), StoreError> {
        let entry = self.memory.directory.index();
        self.departed.keep(member, entry, first, piece).map_err(|error| match error.kind() {
            std::io::ErrorKind::StorageFull => StoreError::Full(error.into()),
            _ => StoreError::Database(error.into()),
        })
    }

    /// Drops a withdrawal that is for nobody here any longer.
    pub(crate) fn drop_withdrawal(&mut self, mut row: Row) {
        self.note(&row.name.clone(), Some(&row));
        row.withdrawal = None;
        row.withdrawal_seq = 0;
        self.next_seq();
        self.put(row);
    }

    /// Makes people and subscribers look at a row again; links do not.
    pub(crate) fn touch(&mut self, mut row: Row) {
        if defects::on(Defect::NoTouch) {
            return;
        }
        self.note(&row.name.clone(), Some(&row));
        let seq = self.next_seq();
        row.record_content_seq = seq;
        row.withdrawal_content_seq = seq;
        self.put(row);
    }

    /// Makes links read a row's parts again.
    pub(crate) fn restamp(&mut self, mut row: Row) {
        self.note(&row.name.clone(), Some(&row));
        let seq = self.next_seq();
        if row.record.is_some() {
            row.record_seq = seq;
        }
        if row.withdrawal.is_some() {
            row.withdrawal_seq = seq;
        }
        self.put(row);
    }

    /// Forgets a row for good and raises the floors below which a cursor may have missed it.
    pub(crate) fn purge(&mut self, row: &Row) {
        if !defects::on(Defect::NoFloor) {
            self.counter.floor = self.counter.floor.max(row.record_seq);
            self.counter.content_floor = self.counter.content_floor.max(row.record_content_seq);
        }
        self.raise_floor(row);
        self.forget(row);
    }

    fn forget(&mut self, row: &Row) {
        self.note(&row.name, Some(row));
        self.count(&row.name, None);
        if let Some(seq) = self.latest.remove(&row.name) {
            self.changed.remove(&seq);
        }
        self.mended(&row.name);
        self.rows.insert(row.name.clone(), None);
        self.deleted.insert(row.name.clone());
    }

    /// Forgets a row that cannot be read: no cursor before now has surely met it.
    pub(crate) fn purge_damaged(&mut self, name: RecordName) {
        if !self.is_written(&name) {
            let now = self.counter.seq;
            (self.counter.floor, self.counter.content_floor) = (now, now);
            self.scrub = true;
            self.forget(&Row::new(name));
        }
    }

    /// A withdrawal goes: cursors before it may have missed it.
    pub(crate) fn raise_floor(&mut self, row: &Row) {
        if defects::on(Defect::NoFloor) {
            return;
        }
        self.counter.floor = self.counter.floor.max(row.withdrawal_seq);
        self.counter.content_floor = self.counter.content_floor.max(row.withdrawal_content_seq);
    }
}
