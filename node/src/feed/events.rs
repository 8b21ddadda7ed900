//! What people and subscribers read: one loop over the feed's pages, for watches, polls and everything that follows.

use std::collections::VecDeque;

use duikou_proto::envelope::Part;
use duikou_proto::filter::{Filter, Header};
use duikou_proto::name::RecordName;
use duikou_proto::v1::Opportunity;
use duikou_proto::v1::no_longer::Reason;
use duikou_proto::v1::reset::Cause;
use prost::Message;

use crate::engine::{Engine, Known, Reader, Seen, Viewer};
use crate::limits;
use crate::store::{Order, Row, Seq, StoreError};

/// Where a reader stands, as it is given to clients: sealed, with the hashes of its filter and its rights.
pub type Cursor = Vec<u8>;

/// One step of a reader.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// New or changed, in the reader's view.
    Listing(Part, Box<Opportunity>),
    /// No longer in the reader's view.
    NoLonger(RecordName, Reason),
    /// All that was there at the beginning has been read.
    CaughtUp,
    /// Forget everything: a snapshot follows.
    Reset(Cause),
}

/// A reader of the feed with a filter and the rights of whoever asked.
pub struct EventReader {
    engine: Engine,
    reader: Reader,
    filter: Filter,
    viewer: Viewer,
    after: Seq,
    head: Seq,
    /// The head when its snapshot began: of what was purged before it, the reader never had anything.
    since: Seq,
    /// The directory's newest entry by which it looked last.
    entry: i64,
    caught_up_at: Option<Seq>,
    ready: VecDeque<(Step, Seq)>,
    feed: [u8; 16],
}

impl EventReader {
    /// Begins at `cursor`; empty: at the beginning. A cursor that cannot be honoured makes the first step a Reset.
    pub fn new(engine: Engine, reader: Reader, filter: Filter, cursor: &[u8]) -> Self {
        // Before the rights, so that an entry between the two is noticed.
        let entry = engine.directory().index();
        let viewer = engine.viewer(&reader);
        let head = engine.head();
        let feed = engine.feed_id();
        let mut this = Self {
            engine,
            reader,
            filter,
            viewer,
            after: 0,
            head,
            since: head,
            entry,
            caught_up_at: Some(head),
            ready: VecDeque::new(),
            feed,
        };
        if !cursor.is_empty() {
            match this.place(cursor) {
                Ok((seq, since)) => (this.after, this.since) = (seq, since),
                Err(cause) => this.reset(cause),
            }
        }
        this
    }

    fn bound(&self) -> Vec<u8> {
        let mut bound = self.filter.hash().to_vec();
        bound.extend_from_slice(&self.viewer.hash());
        bound.extend_from_slice(&self.since.to_le_bytes());
        bound
    }

    fn place(&self, cursor: &[u8]) -> Result<(Seq, Seq), Cause> {
        let (position, bound) = self.engine.open_position(cursor).ok_or(Cause::Foreign)?;
        let Known::Yes(seq) = self.engine.knows(&position) else { return Err(Cause::Foreign) };
        let (filter, rest) = bound.split_at_checked(32).ok_or(Cause::Foreign)?;
        let (rights, since) = rest.split_at_checked(32).ok_or(Cause::Foreign)?;
        let since = Seq::from_le_bytes(since.try_into().map_err(|_| Cause::Foreign)?);
        if filter != self.filter.hash() {
            return Err(Cause::Filter);
        }
        if rights != self.viewer.hash() {
            return Err(Cause::Scopes);
        }
        if seq.max(since) < self.engine.content_floor() { Err(Cause::TooOld) } else { Ok((seq, since)) }
    }

    fn reset(&mut self, cause: Cause) {
        self.after = 0;
        self.head = self.engine.head();
        self.since = self.head;
        self.caught_up_at = Some(self.head);
        self.feed = self.engine.feed_id();
        self.ready.clear();
        self.ready.push_back((Step::Reset(cause), 0));
    }

    /// The cursor after everything that has been given out.
    pub fn cursor(&self) -> Cursor {
        let seq = self.ready.front().map_or(self.after, |(_, seq)| seq - 1).max(0);
        self.cursor_at(seq)
    }

    fn cursor_at(&self, seq: Seq) -> Cursor {
        self.engine.seal_position(seq, self.head.max(seq), &self.bound())
    }

    /// The next step with the cursor after it; None where nothing is left for now.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn next(&mut self) -> Result<Option<(Step, Cursor)>, StoreError> {
        loop {
            if let Some(ready) = self.ready() {
                return Ok(Some(ready));
            }
            if !self.turn().await? {
                return Ok(None);
            }
        }
    }

    /// The next step that needs no reading, with the cursor after it.
    pub fn ready(&mut self) -> Option<(Step, Cursor)> {
        self.notice_changes();
        if let Some((step, seq)) = self.ready.pop_front() {
            return Some((step, self.cursor_at(seq)));
        }
        self.caught_up_at.take_if(|at| self.after >= *at)?;
        Some((Step::CaughtUp, self.cursor_at(self.after)))
    }

    /// Reads one page, whether or not anything on it is for this reader; false at the head.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn turn(&mut self) -> Result<bool, StoreError> {
        if self.after >= self.engine.head() {
            return Ok(false);
        }
        let page = self.engine.page(Order::Content, self.after, limits::FEED_PAGE).await?;
        if self.engine.directory().index() != self.entry {
            // What is on the page may be newer than the rights: it is read again by the rights of now.
            return Ok(true);
        }
        self.head = page.head;
        for row in &page.rows {
            if let Some(step) = self.look(row, page.upto) {
                let [record, withdrawal] = row.positions(Order::Content);
                let first = [record, withdrawal].into_iter().filter(|seq| *seq > self.after).min();
                self.ready.push_back((step, first.unwrap_or(page.upto).min(page.upto)));
            }
        }
        self.after = page.upto;
        // A row that has two positions on the page comes once, at the first: what follows must not lie before it.
        Ok(true)
    }

    /// Waits until there may be something.
    pub async fn wait(&self) {
        let mut head = self.engine.watch_head();
        let mut directory = self.engine.watch_directory();
        tokio::select! {
            _ = head.wait_for(|head| *head > self.after) => {}
            _ = directory.wait_for(|directory| directory.index() != self.entry) => {}
        }
    }

    /// Rights, identity of the feed and floor may have changed under a reader.
    fn notice_changes(&mut self) {
        let entry = self.engine.directory().index();
        // Rights follow from the directory alone.
        let viewer = (entry != self.entry).then(|| self.engine.viewer(&self.reader));
        self.entry = entry;
        if let Some(viewer) = viewer.filter(|viewer| *viewer != self.viewer) {
            self.viewer = viewer;
            self.reset(Cause::Scopes);
        } else if self.engine.feed_id() != self.feed {
            self.reset(Cause::Foreign);
        } else if self.after.max(self.since) < self.engine.content_floor() {
            self.reset(Cause::TooOld);
        }
    }

    fn look(&self, row: &Row, upto: Seq) -> Option<Step> {
        let listing = row.record.as_ref().or(row.withdrawal.as_ref()).is_none_or(|part| part.kind().is_listing());
        if !listing {
            return None;
        }
        let [record_at, withdrawal_at] = row.positions(Order::Content);
        let lies = |seq: Seq| self.after < seq && seq <= upto;
        let had = row.first_seq <= self.after;
        match self.viewer.see(row, &self.engine.directory(), self.engine.now()) {
            Seen::Record(part) => {
                let opportunity = readable(part)?;
                if self.filter.matches(&Header::of(part), &opportunity) {
                    lies(record_at).then(|| Step::Listing(part.clone(), Box::new(opportunity)))
                } else {
                    (had && lies(record_at)).then(|| Step::NoLonger(row.name.clone(), Reason::Filter))
                }
            }
            Seen::Gone(reason) => (had && lies(withdrawal_at)).then(|| Step::NoLonger(row.name.clone(), reason)),
            Seen::Nothing => None,
        }
    }
}

/// The listing in a record; None where its body breaks the rules: it is shown nowhere.
pub fn readable(part: &Part) -> Option<Opportunity> {
    let opportunity = Opportunity::decode(part.body()).ok()?;
    let sound = duikou_proto::validate::kind_of(&opportunity) == Some(part.kind().as_str())
        && duikou_proto::validate::opportunity(&opportunity, "listing").is_empty();
    sound.then_some(opportunity)
}
