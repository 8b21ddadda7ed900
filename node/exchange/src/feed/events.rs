//! What people and subscribers read: one loop over the feed's pages, for watches, polls and everything that follows.

use std::sync::Arc;

use bytes::Bytes;
use duikou_proto::directory::Directory;
use duikou_proto::envelope::{Micros, Part};
use duikou_proto::filter::{Filter, Header};
use duikou_proto::v1::no_longer::Reason;
use duikou_proto::v1::reset::Cause;

use super::index::Place;
use super::shown::Shown;
use super::step::{Cursor, Step};
use super::turns::{Alike, Ready, Turn};
use crate::engine::{Engine, Known, Reader, Seen, Viewer};
use crate::limits;
use crate::store::{Order, Row, Seq, StoreError};

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
    /// What it has read last, and how much of that has been given out.
    turn: Option<(Arc<Turn>, usize)>,
    /// Where it sleeps when it has read everything.
    in_index: Option<Place>,
    /// Where the name of the last step first came.
    first: Seq,
    /// Whether it tells also that names are gone which came after its cursor.
    every_departure: bool,
    feed: [u8; 16],
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
            turn: None,
            in_index: None,
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
        self.turn = None;
        self.after = self.head;
    }

    /// What is wanted, as cursors remember it.
    fn wanted_hash(&self) -> [u8; 32] {
        match &self.tie {
            None => self.filter_hash,
            Some(tie) => *blake3::Hasher::new().update(&self.filter_hash).update(tie).finalize().as_bytes(),
        }
    }

    /// What a cursor at `seq` bears. Past its snapshot all readers that are alike have the same.
    fn bound(&self, seq: Seq) -> Vec<u8> {
        let since = if self.is_past_snapshot(seq) { 0 } else { self.since };
        let mut bound = self.wanted_hash().to_vec();
        bound.extend_from_slice(&self.rights_hash);
        bound.extend_from_slice(&since.to_le_bytes());
        bound
    }

    fn is_past_snapshot(&self, seq: Seq) -> bool {
        seq >= self.since
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
        self.turn = Some((Arc::new(Turn::of(Step::Reset(cause))), 0));
    }

    /// The cursor after everything that has been given out.
    pub fn cursor(&self) -> Cursor {
        let lying = self.turn.as_ref().and_then(|(turn, given)| turn.ready.get(*given));
        let seq = lying.map_or(self.after, |ready| ready.seq - 1).max(0);
        self.cursor_at(seq)
    }

    fn cursor_at(&self, seq: Seq) -> Cursor {
        self.engine.seal_position(seq, self.head.max(seq), &self.bound(seq)).into()
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
        self.next_by(Self::ready).await
    }

    /// The same as [`Self::ready_as`] gives it.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn next_as(&mut self, encode: impl Fn(&Step, &Cursor) -> Bytes) -> Result<Option<Bytes>, StoreError> {
        self.next_by(|reader| reader.ready_as(&encode)).await
    }

    async fn next_by<T>(&mut self, ready: impl Fn(&mut Self) -> Option<T>) -> Result<Option<T>, StoreError> {
        loop {
            if let Some(ready) = ready(self) {
                return Ok(Some(ready));
            }
            if !self.turn().await? {
                return Ok(None);
            }
        }
    }

    /// The next step that needs no reading, with the cursor after it.
    pub fn ready(&mut self) -> Option<(Step, Cursor)> {
        self.give(|reader, ready| (ready.step.clone(), reader.cursor_after(ready)))
    }

    /// The same as it is sent: what `encode` makes of step and cursor, made once for all readers that are alike. All of
    /// them have to encode in the same way.
    pub fn ready_as(&mut self, encode: impl FnOnce(&Step, &Cursor) -> Bytes) -> Option<Bytes> {
        self.give(|reader, ready| {
            let sent = || encode(&ready.step, &reader.cursor_after(ready));
            if reader.is_past_snapshot(ready.seq) { ready.sent.get_or_init(sent).clone() } else { sent() }
        })
    }

    /// What `take` makes of the next step that needs no reading.
    fn give<T>(&mut self, take: impl FnOnce(&Self, &Ready) -> T) -> Option<T> {
        self.notice_changes();
        if let Some((turn, given)) = self.turn.take()
            && let Some(ready) = turn.ready.get(given)
        {
            self.first = ready.first;
            let taken = take(self, ready);
            self.turn = Some((turn, given + 1));
            return Some(taken);
        }
        self.caught_up_at.take_if(|at| self.after >= *at)?;
        Some(take(self, &Ready::new(Step::CaughtUp, self.after, 0)))
    }

    fn cursor_after(&self, ready: &Ready) -> Cursor {
        let cursor = || self.cursor_at(ready.seq);
        if self.is_past_snapshot(ready.seq) { ready.cursor.get_or_init(cursor).clone() } else { cursor() }
    }

    /// Reads one page, whether or not anything on it is for this reader; false at the head. What lies ready is to be
    /// taken before.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn turn(&mut self) -> Result<bool, StoreError> {
        if self.has_ready() {
            return Ok(true);
        }
        if self.after >= self.engine.head() {
            return Ok(false);
        }
        let feed = self.engine.feed();
        let alike = self.alike();
        let known = alike.as_ref().and_then(|alike| feed.turns.recall(alike, feed.head(), self.engine.now()));
        if let Some(turn) = known {
            self.take(turn);
            return Ok(true);
        }
        let near = feed.is_near(self.after);
        let page = self.engine.page(Order::Content, self.after, limits::FEED_PAGE, limits::FEED_PAGE_BYTES).await?;
        let (directory, now) = (self.engine.directory(), self.engine.now());
        if directory.index() != self.entry {
            // What is on the page may be newer than the rights: it is read again by the rights of now.
            return Ok(true);
        }
        let step = |row: &Arc<Row>| {
            let step = self.look(row, &directory, now, page.upto, near)?;
            let [record, withdrawal] = row.positions(Order::Content);
            let first = [record, withdrawal].into_iter().filter(|seq| *seq > self.after).min();
            let seq = first.unwrap_or(page.upto).min(page.upto);
            Some(Ready::new(step, seq, row.first_seq))
        };
        let ready = page.rows.iter().filter_map(step).collect();
        let expiry = page.rows.iter().filter_map(|row| row.record.as_ref()).map(Part::expire_time);
        let expires = expiry.filter(|time| *time > now).min().unwrap_or(Micros::MAX);
        let turn = Arc::new(Turn { head: page.head, upto: page.upto, ready, time: now, expires });
        self.take(turn.clone());
        if let Some(alike) = alike.filter(|_| near) {
            self.engine.feed().turns.keep(alike, turn);
        }
        Ok(true)
    }

    /// Whether something lies ready that has been read.
    pub fn has_ready(&self) -> bool {
        self.turn.as_ref().is_some_and(|(turn, given)| *given < turn.ready.len())
    }

    /// What it shares with others; None where it is told more than they are.
    fn alike(&self) -> Option<Alike> {
        let (entry, feed, after) = (self.entry, self.feed, self.after);
        let alike = || Alike { wanted: self.wanted_hash(), rights: self.rights_hash, entry, feed, after };
        (!self.every_departure).then(alike)
    }

    fn take(&mut self, turn: Arc<Turn>) {
        self.head = turn.head;
        // A row that has two positions on the page comes once, at the first: what follows must not lie before it.
        self.after = turn.upto;
        self.turn = Some((turn, 0));
    }

    /// Whether more than one page lies between it and the head.
    pub fn is_far_behind(&self) -> bool {
        self.engine.head() - self.after > limits::FEED_PAGE as Seq
    }

    /// Waits, after [`Self::next`] has given None, until there is something for this reader, its rights may have changed, or
    /// the server stops.
    pub async fn wait(&mut self) {
        self.wait_until(std::future::pending()).await;
    }

    /// Waits as [`Self::wait`] does, or until `end` comes. What was not for the reader lies behind it then, so that its
    /// cursor is as new as the feed.
    pub async fn wait_until(&mut self, end: impl Future<Output = ()>) {
        let (engine, entry, key) = (&self.engine, self.entry, (self.filter_hash, self.rights_hash));
        let enter = || engine.feed().index.enter(&self.filter, &self.viewer, key);
        let place = self.in_index.get_or_insert_with(enter);
        if !place.lie_down(self.after, || engine.entry() == entry) {
            return;
        }
        tokio::select! {
            biased;
            () = place.sleep() => {}
            () = end => {}
        }
        self.after = self.after.max(place.get_up());
        self.head = self.head.max(self.after);
    }

    /// Rights, identity of the feed and floor may have changed under a reader.
    fn notice_changes(&mut self) {
        let entry = self.engine.entry();
        // Rights follow from the directory alone.
        let viewer = (entry != self.entry).then(|| self.engine.viewer(&self.reader));
        self.entry = entry;
        if let Some(viewer) = viewer.filter(|viewer| *viewer != self.viewer) {
            self.rights_hash = viewer.hash();
            self.viewer = viewer;
            self.in_index = None;
            self.reset(Cause::Scopes);
        } else if self.engine.feed_id() != self.feed {
            self.reset(Cause::Foreign);
        } else if self.after.max(self.since) < self.engine.content_floor() {
            self.reset(Cause::TooOld);
        }
    }

    fn look(&self, row: &Row, directory: &Directory, now: Micros, upto: Seq, near: bool) -> Option<Step> {
        let listing = row.record.as_ref().or(row.withdrawal.as_ref()).is_none_or(|part| part.kind().is_listing());
        if !listing {
            return None;
        }
        let [record_at, withdrawal_at] = row.positions(Order::Content);
        let lies = |seq: Seq| self.after < seq && seq <= upto;
        let had = self.every_departure || row.first_seq <= self.after;
        match self.viewer.see(row, directory, now) {
            Seen::Record(part) => {
                let shown = self.engine.feed().shown(part, near);
                let wanted = |shown: &Arc<Shown>| self.filter.matches(&Header::of(part), shown.opportunity());
                match shown.filter(wanted) {
                    Some(shown) => lies(record_at).then(|| Step::Listing(part.clone(), shown)),
                    // Nor does it match where nothing can be made of it: whoever had it before has it no longer.
                    None => (had && lies(record_at)).then(|| Step::NoLonger(row.name.clone(), Reason::Filter)),
                }
            }
            Seen::Gone(reason) => (had && lies(withdrawal_at)).then(|| Step::NoLonger(row.name.clone(), reason)),
            Seen::Nothing => None,
        }
    }
}
