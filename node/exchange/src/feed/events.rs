//! What people and subscribers read: one loop over the feed's pages, for watches, polls and everything that follows.

use std::collections::VecDeque;
use std::sync::Arc;

use duikou_proto::envelope::Part;
use duikou_proto::filter::{Filter, Header};
use duikou_proto::name::RecordName;
use duikou_proto::v1::no_longer::Reason;
use duikou_proto::v1::reset::Cause;

use super::Shown;
use crate::engine::{Engine, Known, Reader, Seen, Viewer};
use crate::limits;
use crate::store::{Order, Row, Seq, StoreError};

/// Where a reader stands, as it is given to clients: sealed, with the hashes of its filter and its rights.
pub type Cursor = Vec<u8>;

/// One step of a reader.
#[derive(Debug, Clone)]
pub enum Step {
    /// New or changed, in the reader's view.
    Listing(Part, Arc<Shown>),
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
    filter: Arc<Filter>,
    filter_hash: [u8; 32],
    /// What its cursors are good for beside filter and rights.
    tie: Option<[u8; 32]>,
    viewer: Viewer,
    rights_hash: [u8; 32],
    after: Seq,
    head: Seq,
    /// The head when its snapshot began: of what was purged before it, the reader never had anything.
    since: Seq,
    /// The directory's newest entry by which it looked last.
    entry: i64,
    caught_up_at: Option<Seq>,
    ready: VecDeque<Ready>,
    /// Where the name of the last step first came.
    first: Seq,
    /// Whether it tells also that names are gone which came after its cursor.
    every_departure: bool,
    feed: [u8; 16],
}

/// A step that has been read.
struct Ready {
    step: Step,
    seq: Seq,
    /// Where its name first came.
    first: Seq,
}

impl EventReader {
    /// Begins at `cursor`; empty: at the beginning. A cursor that cannot be honoured makes the first step a Reset.
    pub fn new(engine: Engine, reader: Reader, filter: Filter, cursor: &[u8]) -> Self {
        Self::tied(engine, reader, Arc::new(filter), None, cursor)
    }

    /// The same for whoever looks at more than the filter: a cursor is honoured only under the `tie` under which it was
    /// given out.
    pub fn tied(engine: Engine, reader: Reader, filter: Arc<Filter>, tie: Option<[u8; 32]>, cursor: &[u8]) -> Self {
        // Before the rights, so that an entry between the two is noticed.
        let entry = engine.directory().index();
        let viewer = engine.viewer(&reader);
        let head = engine.head();
        let feed = engine.feed_id();
        let mut this = Self {
            engine,
            reader,
            filter_hash: filter.hash(),
            filter,
            tie,
            rights_hash: viewer.hash(),
            viewer,
            after: 0,
            head,
            since: head,
            entry,
            caught_up_at: Some(head),
            ready: VecDeque::new(),
            first: 0,
            every_departure: false,
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

    /// Begins with what comes from now on.
    pub fn at_head(engine: Engine, reader: Reader, filter: Filter) -> Self {
        let mut this = Self::new(engine, reader, filter, &[]);
        this.skip();
        this
    }

    /// The same reader, for whoever remembers what it had and goes back to where it stood before: of a name that came after
    /// the cursor it is told as well that it is gone.
    #[must_use]
    pub fn with_every_departure(self) -> Self {
        Self { every_departure: true, ..self }
    }

    /// Passes over all that there is by now.
    pub fn skip(&mut self) {
        self.ready.clear();
        self.after = self.head;
    }

    /// What is wanted, as cursors remember it.
    fn wanted_hash(&self) -> [u8; 32] {
        match &self.tie {
            None => self.filter_hash,
            Some(tie) => *blake3::Hasher::new().update(&self.filter_hash).update(tie).finalize().as_bytes(),
        }
    }

    fn bound(&self) -> Vec<u8> {
        let mut bound = self.wanted_hash().to_vec();
        bound.extend_from_slice(&self.rights_hash);
        bound.extend_from_slice(&self.since.to_le_bytes());
        bound
    }

    fn place(&self, cursor: &[u8]) -> Result<(Seq, Seq), Cause> {
        let (position, bound) = self.engine.open_position(cursor).ok_or(Cause::Foreign)?;
        let Known::Yes(seq) = self.engine.knows(&position) else { return Err(Cause::Foreign) };
        let (filter, rest) = bound.split_at_checked(32).ok_or(Cause::Foreign)?;
        let (rights, since) = rest.split_at_checked(32).ok_or(Cause::Foreign)?;
        let since = Seq::from_le_bytes(since.try_into().map_err(|_| Cause::Foreign)?);
        if filter != self.wanted_hash() {
            return Err(Cause::Filter);
        }
        if rights != self.rights_hash {
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
        self.ready.push_back(Ready { step: Step::Reset(cause), seq: 0, first: 0 });
    }

    /// The cursor after everything that has been given out.
    pub fn cursor(&self) -> Cursor {
        let seq = self.ready.front().map_or(self.after, |ready| ready.seq - 1).max(0);
        self.cursor_at(seq)
    }

    fn cursor_at(&self, seq: Seq) -> Cursor {
        self.engine.seal_position(seq, self.head.max(seq), &self.bound())
    }

    /// Where on the feed the name of the last listing that was given out first came to this server, in whatever state.
    pub fn first_came(&self) -> Seq {
        self.first
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
        if let Some(Ready { step, seq, first }) = self.ready.pop_front() {
            self.first = first;
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
        let near = self.engine.feed().is_near(self.after);
        let page = self.engine.page(Order::Content, self.after, limits::FEED_PAGE).await?;
        if self.engine.directory().index() != self.entry {
            // What is on the page may be newer than the rights: it is read again by the rights of now.
            return Ok(true);
        }
        self.head = page.head;
        for row in &page.rows {
            if let Some(step) = self.look(row, page.upto, near) {
                let [record, withdrawal] = row.positions(Order::Content);
                let first = [record, withdrawal].into_iter().filter(|seq| *seq > self.after).min();
                let seq = first.unwrap_or(page.upto).min(page.upto);
                self.ready.push_back(Ready { step, seq, first: row.first_seq });
            }
        }
        self.after = page.upto;
        // A row that has two positions on the page comes once, at the first: what follows must not lie before it.
        Ok(true)
    }

    /// Whether more than one page lies between it and the head.
    pub fn is_far_behind(&self) -> bool {
        self.engine.head() - self.after > limits::FEED_PAGE as Seq
    }

    /// Waits, after [`Self::next`] has given None, until there is something for this reader or its rights may have
    /// changed.
    pub async fn wait(&mut self) {
        self.wait_until(std::future::pending()).await;
    }

    /// Waits as [`Self::wait`] does, or until `end` comes. What was not for the reader lies behind it then, so that its
    /// cursor is as new as the feed.
    pub async fn wait_until(&mut self, end: impl Future<Output = ()>) {
        let engine = self.engine.clone();
        let key = (self.filter_hash, self.rights_hash);
        let Some(asleep) = engine.feed().index.lie_down(self.after, &self.filter, &self.viewer, key) else { return };
        let (mut directory, entry) = (engine.watch_directory(), self.entry);
        tokio::select! {
            () = asleep.sleep() => {}
            _ = directory.wait_for(|directory| directory.index() != entry) => {}
            () = end => {}
        }
        self.after = self.after.max(asleep.get_up());
        self.head = self.head.max(self.after);
    }

    /// Rights, identity of the feed and floor may have changed under a reader.
    fn notice_changes(&mut self) {
        let entry = self.engine.directory().index();
        // Rights follow from the directory alone.
        let viewer = (entry != self.entry).then(|| self.engine.viewer(&self.reader));
        self.entry = entry;
        if let Some(viewer) = viewer.filter(|viewer| *viewer != self.viewer) {
            self.rights_hash = viewer.hash();
            self.viewer = viewer;
            self.reset(Cause::Scopes);
        } else if self.engine.feed_id() != self.feed {
            self.reset(Cause::Foreign);
        } else if self.after.max(self.since) < self.engine.content_floor() {
            self.reset(Cause::TooOld);
        }
    }

    fn look(&self, row: &Row, upto: Seq, near: bool) -> Option<Step> {
        let listing = row.record.as_ref().or(row.withdrawal.as_ref()).is_none_or(|part| part.kind().is_listing());
        if !listing {
            return None;
        }
        let [record_at, withdrawal_at] = row.positions(Order::Content);
        let lies = |seq: Seq| self.after < seq && seq <= upto;
        let had = self.every_departure || row.first_seq <= self.after;
        match self.viewer.see(row, &self.engine.directory(), self.engine.now()) {
            Seen::Record(part) => {
                let shown = self.engine.feed().shown(part, near)?;
                if self.filter.matches(&Header::of(part), shown.opportunity()) {
                    lies(record_at).then(|| Step::Listing(part.clone(), shown))
                } else {
                    (had && lies(record_at)).then(|| Step::NoLonger(row.name.clone(), Reason::Filter))
                }
            }
            Seen::Gone(reason) => (had && lies(withdrawal_at)).then(|| Step::NoLonger(row.name.clone(), reason)),
            Seen::Nothing => None,
        }
    }
}
