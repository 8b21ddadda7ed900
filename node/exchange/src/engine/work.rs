//! One transaction's work: rows, facts and the directory as the commands before have left them. `rows` is what becomes of
//! a row, `flush` what follows from all of it in the end.

mod facts;
mod flush;
mod rows;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use duikou_proto::directory::{Directory, DirectoryError, Read};
use duikou_proto::envelope::{Malformed, Micros, Part, Revision, Unsigned};
use duikou_proto::federation::DirectoryEntry;
use duikou_proto::name::{MemberId, RecordName};
use duikou_proto::sign::Signer;

use super::Identity;
use super::damage::Damage;
use super::departed::Departed;
use super::foresight::Foreseen;
use super::heads::{Counted, Heads};
use super::position::FeedIdentity;
use super::warm::Warm;
use crate::audit::Head;
use crate::store::{Count, Counter, Counts, Row, Seq, StoreError, Stretch, Transaction};
use crate::world::World;

pub(crate) use flush::Outcome;

/// What the engine remembers between transactions; a failed transaction leaves it as it was.
#[derive(Clone)]
pub(crate) struct Memory {
    pub(crate) directory: Arc<Directory>,
    pub(crate) counts: Counts,
    pub(crate) heads: Arc<Heads>,
    pub(crate) revisions: HashMap<MemberId, Revision>,
    /// Members on this node that must be recovered before anything is written for them.
    pub(crate) unrecovered: BTreeSet<MemberId>,
    pub(crate) feed: Arc<FeedIdentity>,
    /// Facts that [`is_hot`](super::facts::is_hot).
    pub(crate) hot: Arc<BTreeMap<String, Vec<u8>>>,
    /// How many accounts may write for each member.
    pub(crate) writers: Arc<BTreeMap<String, usize>>,
    /// Rows that cannot be read. They are not in `counts`, nor in `heads`.
    pub(crate) damage: Arc<Damage>,
}

impl Memory {
    /// Hot facts by prefix, at most `limit`.
    pub(crate) fn hot(&self, prefix: &str, limit: usize) -> Vec<(String, Vec<u8>)> {
        let from = self.hot.range(prefix.to_owned()..).take_while(|(key, _)| key.starts_with(prefix));
        from.take(limit).map(|(key, value)| (key.clone(), value.clone())).collect()
    }
}

/// Rows that were read; None where there is none.
pub(crate) type Rows = HashMap<RecordName, Option<Row>>;

/// What a write is decided by, beside the row that it finds.
#[derive(Clone, Copy)]
pub(crate) struct Ground<'a> {
    pub(crate) identity: &'a Identity,
    pub(crate) memory: &'a Memory,
    pub(crate) added: &'a Counts,
    pub(crate) now: Micros,
}

impl Ground<'_> {
    /// What an origin has here, what the transaction has added included.
    pub(crate) fn count(&self, origin: &str) -> Count {
        let mut count = self.memory.counts.get(origin).copied().unwrap_or_default();
        if let Some(added) = self.added.get(origin) {
            count += *added;
        }
        count
    }

    /// The newest signing key of a member, where it is here.
    pub(crate) fn signer(&self, member: &MemberId) -> Option<Signer> {
        self.identity.signers.newest(member, &self.memory.directory)
    }
}

/// A transaction under way.
pub struct Work<'a> {
    pub(crate) transaction: &'a mut dyn Transaction,
    /// Who this server is.
    pub identity: &'a Identity,
    pub(crate) world: &'a World,
    departed: &'a Departed,
    warm: &'a Warm,
    pub(crate) memory: Memory,
    /// The time of the transaction.
    pub now: Micros,
    counter: Counter,
    /// The first number that it gives out: what came by it or later is new.
    first_seq: Seq,
    rows: Rows,
    before: HashMap<RecordName, Counted>,
    /// What it has added to the counts of each origin so far.
    added: Counts,
    changed: BTreeMap<Seq, RecordName>,
    latest: HashMap<RecordName, Seq>,
    deleted: BTreeSet<RecordName>,
    facts: BTreeMap<String, Option<Vec<u8>>>,
    /// Why one of them has no form in which it could be kept.
    unkept: Option<StoreError>,
    entries: Vec<Bytes>,
    first_entry: i64,
    /// The head of the audit trail, where it has moved.
    pub(super) audit: Option<Head>,
    foreseen: Foreseen,
    pub(crate) scrub: bool,
    /// Whether a head of a member here is due, whatever rows changed.
    pub(crate) heads: bool,
    /// Whether a receipt of a member here may be due, whatever heads were met.
    pub(crate) receipts: bool,
    /// States here may bear another signature than that of the newest key.
    pub(crate) resign: bool,
    /// At how many rows was looked for what becomes of many.
    pub(super) swept: usize,
    /// Whether more of that is to be done.
    pub(super) sweeps: bool,
}

impl<'a> Work<'a> {
    pub(crate) async fn begin(
        transaction: &'a mut dyn Transaction,
        identity: &'a Identity,
        world: &'a World,
        departed: &'a Departed,
        warm: &'a Warm,
        memory: Memory,
        now: Micros,
    ) -> Result<Self, StoreError> {
        let counter = transaction.counter().await?;
        let first_entry = memory.directory.index() + 1;
        Ok(Self {
            transaction,
            identity,
            world,
            departed,
            warm,
            memory,
            now,
            counter,
            first_seq: counter.seq + 1,
            rows: HashMap::new(),
            before: HashMap::new(),
            added: Counts::new(),
            changed: BTreeMap::new(),
            latest: HashMap::new(),
            deleted: BTreeSet::new(),
            facts: BTreeMap::new(),
            unkept: None,
            entries: Vec::new(),
            first_entry,
            audit: None,
            foreseen: Foreseen::default(),
            scrub: false,
            heads: false,
            receipts: false,
            resign: false,
            swept: 0,
            sweeps: false,
        })
    }

    /// Reads rows ahead, many in one statement.
    pub(crate) async fn load(&mut self, names: impl Iterator<Item = RecordName>) -> Result<(), StoreError> {
        let unread: BTreeSet<RecordName> = names.filter(|name| !self.rows.contains_key(name)).collect();
        if unread.is_empty() {
            return Ok(());
        }
        let unread: Vec<RecordName> = unread.into_iter().collect();
        let found = self.transaction.rows(&unread).await?;
        self.note_damaged(&found.damaged).await?;
        self.rows.extend(unread.into_iter().map(|name| (name, None)));
        self.rows.extend(found.rows.into_iter().map(|row| (row.name.clone(), Some(row))));
        Ok(())
    }

    /// What the commands that have not run yet will be decided by.
    pub(crate) fn ground(&self) -> Ground<'_> {
        Ground { identity: self.identity, memory: &self.memory, added: &self.added, now: self.now }
    }

    /// A row that has been read; None where it has not.
    pub(crate) fn loaded(&self, name: &RecordName) -> Option<Option<&Row>> {
        self.rows.get(name).map(Option::as_ref)
    }

    /// The rows that have been read, as they are now.
    pub(crate) fn rows(&self) -> &Rows {
        &self.rows
    }

    /// Takes rows that were read ahead.
    pub(crate) fn take_rows(&mut self, rows: Rows) {
        self.rows.extend(rows);
    }

    /// Takes what was signed ahead.
    pub(crate) fn foreseen(&mut self, foreseen: Foreseen) {
        self.foreseen.extend(foreseen);
    }

    /// Signs a statement about `name`, unless that was done ahead.
    pub(crate) fn sign(&mut self, signer: &Signer, name: &RecordName, unsigned: Unsigned) -> Result<Part, Malformed> {
        if let Some(part) = self.foreseen.take(signer, name, &unsigned) {
            return Ok(part);
        }
        let signature = unsigned.signature(signer);
        unsigned.seal(signer, signature)
    }

    /// Rows as the next transaction finds them, if this one is committed.
    pub(crate) async fn rows_of_next(&mut self, names: &[RecordName]) -> Result<Rows, StoreError> {
        let (known, unread): (Vec<_>, Vec<_>) = names.iter().cloned().partition(|name| self.rows.contains_key(name));
        let mut rows: Rows = known
            .into_iter()
            .map(|name| {
                let row = self.rows.get(&name).cloned().flatten();
                (name, row)
            })
            .collect();
        if !unread.is_empty() {
            let found = self.transaction.rows(&unread).await?;
            rows.extend(unread.into_iter().map(|name| (name, None)));
            rows.extend(found.rows.into_iter().map(|row| (row.name.clone(), Some(row))));
            // The next transaction reads these itself, and takes note.
            for name in found.damaged.iter().filter_map(|damaged| damaged.name.parse::<RecordName>().ok()) {
                rows.remove(&name);
            }
        }
        Ok(rows)
    }

    /// A row as it is now.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn row(&mut self, name: &RecordName) -> Result<Option<Row>, StoreError> {
        if !self.rows.contains_key(name) {
            self.load([name.clone()].into_iter()).await?;
        }
        Ok(self.rows.get(name).cloned().flatten())
    }

    /// Rows by name, with what this transaction has changed.
    pub(crate) async fn range(&mut self, prefix: &str, after: &str, limit: usize) -> Result<Stretch, StoreError> {
        let Stretch { rows, damaged, next } = self.transaction.range(prefix, after, limit).await?;
        self.note_damaged(&damaged).await?;
        let within = |name: &&RecordName| {
            let name = name.as_str();
            name.starts_with(prefix) && name > after && next.as_deref().is_none_or(|next| name <= next)
        };
        let mut found: BTreeMap<RecordName, Row> = rows.into_iter().map(|row| (row.name.clone(), row)).collect();
        for name in self.deleted.iter().filter(within) {
            found.remove(name);
        }
        for row in self.latest.keys().filter(within).filter_map(|name| self.rows.get(name)?.clone()) {
            found.insert(row.name.clone(), row);
        }
        Ok(Stretch { rows: found.into_values().collect(), damaged, next })
    }

    /// All rows by name, as far as there are no more than `most`.
    pub(super) async fn rows_under(&mut self, prefix: &str, most: usize) -> Result<Vec<Row>, StoreError> {
        let (mut after, mut found) = (Some(String::new()), Vec::new());
        while let Some(from) = after.filter(|_| found.len() < most) {
            let Stretch { rows, next, .. } = self.range(prefix, &from, most - found.len()).await?;
            after = next;
            found.extend(rows);
        }
        Ok(found)
    }

    /// Whether what is known here of a row is newer than the store.
    pub(super) fn is_written(&self, name: &RecordName) -> bool {
        self.latest.contains_key(name) || self.deleted.contains(name)
    }

    /// The next sequence number.
    pub(crate) fn next_seq(&mut self) -> Seq {
        self.counter.seq += 1;
        self.counter.seq
    }

    /// The newest signing key of a member, where it is here.
    pub(crate) fn signer(&self, member: &MemberId) -> Option<Signer> {
        self.ground().signer(member)
    }

    /// Whether this node hosts the writer of `name`.
    pub(crate) fn is_own(&self, name: &RecordName) -> bool {
        self.is_here(name.origin_str())
    }

    fn is_here(&self, member: &str) -> bool {
        self.memory.directory.member_by_text(member).is_some_and(|member| member.node == self.identity.node)
    }

    /// The revision that the member's next statement gets.
    pub(crate) fn next_revision(&mut self, member: &MemberId) -> Revision {
        let last = self.memory.revisions.get(member).copied().unwrap_or(0);
        let next = self.now.max(last + 1);
        self.raise_revision(member, next);
        next
    }

    /// See [`Engine::feed_id`](super::Engine::feed_id).
    pub fn feed_id(&self) -> [u8; 16] {
        self.memory.feed.id
    }

    /// The store becomes another feed: no position that was presented before is known.
    pub(crate) fn renew_feed(&mut self) {
        let mut feed = (*self.memory.feed).clone();
        feed.renew(self.world, self.counter.seq);
        self.put_fact(super::facts::FEED.to_owned(), &feed);
        self.memory.feed = Arc::new(feed);
    }

    /// Makes later revisions of the member greater than `revision`.
    pub(crate) fn raise_revision(&mut self, member: &MemberId, revision: Revision) {
        let last = self.memory.revisions.get(member).copied().unwrap_or(0);
        if revision > last {
            self.memory.revisions.insert(member.clone(), revision);
            self.put_fact(super::facts::revision(member), &revision);
        }
    }

    /// Later revisions of the member follow `revision`, although it has signed greater ones: nobody else took them.
    pub(crate) fn lower_revision(&mut self, member: &MemberId, revision: Revision) {
        self.memory.revisions.insert(member.clone(), revision);
        self.put_fact(super::facts::revision(member), &revision);
    }

    /// Adds an entry to the directory's log, if it continues that. Its effects are the caller's to apply.
    pub(crate) fn append_entry(&mut self, bytes: Bytes, read: Read) -> Result<DirectoryEntry, DirectoryError> {
        // Copied once a transaction, for those who read what it was.
        let entry = Arc::make_mut(&mut self.memory.directory).take_in(read)?;
        self.entries.push(bytes);
        Ok(entry)
    }

    /// The names that have been written here, or taken away.
    pub(super) fn written(&self) -> impl Iterator<Item = &RecordName> {
        self.before.keys()
    }
}
