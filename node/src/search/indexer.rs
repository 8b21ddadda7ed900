//! The one who keeps the index: a reader of the feed with its own place, which is kept in the index.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use duikou_proto::name::RecordName;
use futures_util::FutureExt;
use tantivy::index::SegmentMeta;
use tantivy::{IndexWriter, TantivyDocument, Term};
use tokio::time::{Instant, sleep_until};

use super::document::document;
use super::index::{Index, IndexError, Pace};
use super::place::Place;
use super::state::{Current, State, hidden};
use super::view::View;
use crate::engine::Engine;
use crate::feed::readable;
use crate::limits;
use crate::store::{Order, Page, Row};

/// One page of each order, with where reading begins after it.
struct Pages {
    content: Page,
    link: Page,
    upto: Place,
}

impl Pages {
    async fn after(engine: &Engine, place: Place) -> Result<Self, IndexError> {
        let (rows, bytes) = (limits::FEED_PAGE, limits::FEED_PAGE_BYTES);
        let content = engine.page(Order::Content, place.content, rows, bytes).await?;
        let link = engine.page(Order::Link, place.link, rows, bytes).await?;
        let upto = Place { content: content.upto.max(place.content), link: link.upto.max(place.link) };
        Ok(Self { content, link, upto })
    }

    fn has_more(&self) -> bool {
        self.upto.content < self.content.head || self.upto.link < self.link.head
    }

    /// Each listing's name once, as it was read last.
    fn rows(&self) -> Vec<Arc<Row>> {
        // What is still to come by its content comes then.
        let signed_anew =
            |row: &&Arc<Row>| row.record_seq > row.record_content_seq && row.record_content_seq <= self.upto.content;
        let rows = self.content.rows.iter().chain(self.link.rows.iter().filter(signed_anew));
        let rows = rows.filter(|row| row.name.collection() == LISTINGS);
        let rows: HashMap<&RecordName, &Arc<Row>> = rows.map(|row| (&row.name, row)).collect();
        rows.into_values().cloned().collect()
    }
}

/// A merge under way; it goes on whether or not it is waited for.
type Merging = Pin<Box<dyn Future<Output = tantivy::Result<Option<SegmentMeta>>> + Send>>;

/// Where listings lie, whatever their kind.
const LISTINGS: &str = "listings";

/// Keeps the index in `folder` until the server stops.
pub(crate) async fn keep(engine: Engine, folder: PathBuf, state: Arc<State>) {
    let stop = engine.stopped();
    let start = tokio::time::sleep(limits::INDEX_STARTS);
    tokio::select! {
        () = stop.cancelled() => return,
        // Nobody waits for a server that starts, and no idle one loads the dictionary at once.
        () = start => {}
        () = state.wanted() => {}
    }
    let (mut sound, mut pause) = (true, limits::INDEX_AGAIN);
    while !stop.is_cancelled() {
        let begun = Instant::now();
        let failed = tokio::select! {
            () = stop.cancelled() => return,
            failed = AssertUnwindSafe(follow(&engine, &folder, &state, sound)).catch_unwind() => failed,
        };
        let failed = failed.unwrap_or(Err(IndexError::Broken));
        if failed.is_err() && !state.is_damaged() && is_full(&folder).await {
            // What is in it is found meanwhile: nothing else is taken in by this server either.
            tracing::warn!("the disk is full: what is in the search index is found, and no more is taken in for now");
            while is_full(&folder).await {
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = state.damage() => break,
                    () = tokio::time::sleep(limits::INDEX_ROOM_AGAIN) => {}
                }
            }
            state.lose();
            continue;
        }
        state.lose();
        let Err(error) = failed else { continue };
        tracing::warn!(error = %crate::error::chain(&error), "the search index is read again, and made anew if it is damaged");
        // What broke off while it was read would break off again.
        sound = !matches!(error, IndexError::Broken | IndexError::Index(_));
        // A full disk is not helped by trying all the time.
        let quick = begun.elapsed() <= limits::INDEX_AGAIN_MAX;
        pause = if quick { (pause * 2).min(limits::INDEX_AGAIN_MAX) } else { limits::INDEX_AGAIN };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Whether the disk on which the index lies takes nothing any longer.
async fn is_full(folder: &std::path::Path) -> bool {
    let trial = folder.join("trial");
    let full = blocking(move || {
        let written = std::fs::write(&trial, vec![0; limits::INDEX_ROOM]);
        let _ = std::fs::remove_file(&trial);
        Ok(written.is_err_and(|error| {
            matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
        }))
    });
    full.await.unwrap_or(false)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, IndexError> + Send + 'static,
) -> Result<T, IndexError> {
    // A damaged index can end a reader in a panic: it ends the work, not the server.
    tokio::task::spawn_blocking(work).await.map_err(|_| IndexError::Broken)?
}

/// Opens the index, or makes it, and follows the feed; returns where the index is no longer to be trusted.
async fn follow(engine: &Engine, folder: &std::path::Path, state: &State, sound: bool) -> Result<(), IndexError> {
    let (index, place) = open(engine, folder, sound).await?;
    // What had been purged before it was begun was never in it.
    let since = if place.content == 0 { place.link } else { 0 };
    let mut indexer = Indexer {
        engine: engine.clone(),
        view: Arc::new(View::new(index.reader.searcher(), None)?),
        index: Arc::new(index),
        writer: None,
        place,
        ahead: None,
        kept: place,
        committed: Instant::now(),
        feed: engine.feed_id(),
        // What an index begun now will hold is read by the directory of now; of another nothing is known yet.
        hidden: (place.content == 0).then(|| hidden(&engine.directory())),
        building: true,
        deletions: 0,
        gathered: false,
        merging: None,
    };
    indexer.publish(state);
    loop {
        if state.is_damaged() {
            return Err(IndexError::Broken);
        }
        let before = indexer.place.content.max(since);
        let more = indexer.turn().await?;
        // Looked at after the turn: what was purged while it read is not in what it read.
        if engine.feed_id() != indexer.feed || before < engine.content_floor() {
            return Ok(());
        }
        let pending = indexer.place != indexer.kept;
        let due = if more { limits::INDEX_COMMIT_BEHIND } else { limits::INDEX_COMMIT };
        let much = indexer.deletions >= limits::INDEX_DELETIONS;
        if pending && (much || indexer.committed.elapsed() >= due || (!more && state.is_urgent())) {
            indexer.commit().await?;
            indexer.publish(state);
        } else if !more && !pending && !indexer.gathered && indexer.committed.elapsed() >= limits::INDEX_GATHERS {
            indexer.gather().await?;
        } else if !more {
            indexer.rest(state, pending).await?;
        }
    }
}

async fn open(engine: &Engine, folder: &std::path::Path, sound: bool) -> Result<(Index, Place), IndexError> {
    let at = folder.to_owned();
    let opened = blocking(move || if sound { Index::open(&at) } else { Err(IndexError::Broken) }).await;
    match opened.and_then(|index| Ok((index.payload()?, index))) {
        Ok((payload, index)) => {
            if let Some(place) = payload.and_then(|payload| Place::open(engine, &payload)) {
                return Ok((index, place));
            }
            tracing::info!("the search index is of another feed, or too old: it is made anew");
        }
        Err(error) => tracing::info!(reason = %crate::error::chain(&error), "the search index is made"),
    }
    let at = folder.to_owned();
    Ok((blocking(move || Index::make(&at)).await?, Place::beginning(engine)))
}

struct Indexer {
    engine: Engine,
    index: Arc<Index>,
    view: Arc<View>,
    /// Made when there is something to write, and let go when there has not been for a while.
    writer: Option<IndexWriter<TantivyDocument>>,
    /// What has been taken in.
    place: Place,
    /// What was read beyond that.
    ahead: Option<Pages>,
    /// What has been committed.
    kept: Place,
    committed: Instant,
    feed: [u8; 16],
    /// By which hidden names everything in the index was read.
    hidden: Option<[u8; 32]>,
    /// Whether it has not reached the head yet.
    building: bool,
    /// How many were asked for since the last commit.
    deletions: usize,
    /// Whether its segments have been looked at since then, whether they are few.
    gathered: bool,
    /// They are made few.
    merging: Option<Merging>,
}

impl Indexer {
    /// Takes in one page of each order, while the next are read; whether there is more.
    async fn turn(&mut self) -> Result<bool, IndexError> {
        let pages = match self.ahead.take() {
            Some(pages) => pages,
            None => Pages::after(&self.engine, self.place).await?,
        };
        let (rows, more, upto) = (pages.rows(), pages.has_more(), pages.upto);
        drop(pages);
        if rows.is_empty() && self.kept == self.place {
            // Nothing to keep but the place: it is kept with the next thing.
            self.kept = upto;
        }
        let engine = self.engine.clone();
        let ahead = async { if more { Pages::after(&engine, upto).await.map(Some) } else { Ok(None) } };
        let (taken, ahead) = tokio::join!(self.take_in(rows), ahead);
        taken?;
        (self.ahead, self.place) = (ahead?, upto);
        Ok(more)
    }

    async fn take_in(&mut self, rows: Vec<Arc<Row>>) -> Result<(), IndexError> {
        if rows.is_empty() {
            return Ok(());
        }
        let (index, writer, engine) = (self.index.clone(), self.writer.take(), self.engine.clone());
        let (seen, pace) = (self.place.content, self.pace());
        self.deletions += rows.iter().filter(|row| row.first_seq <= seen).count();
        let work = move || {
            let writer = writer.map_or_else(|| index.writer(pace), Ok)?;
            let directory = engine.directory();
            let take_in = |rows: &[Arc<Row>]| -> Result<(), IndexError> {
                for row in rows {
                    // A deletion is kept until the next commit and takes more room than a small listing: of a name that
                    // has come since there is nothing to delete.
                    if row.first_seq <= seen {
                        writer.delete_term(Term::from_field_text(index.fields.name, row.name.as_str()));
                    }
                    let listing = row.record.as_ref().filter(|record| record.kind().is_listing());
                    // What is hidden is not in the index: its row comes again when it is shown.
                    let Some(record) = listing.filter(|_| !directory.hides_held(&row.name)) else { continue };
                    if let Some(opportunity) = readable(record) {
                        writer.add_document(document(&index.fields, record, &opportunity))?;
                    }
                }
                Ok(())
            };
            // Each name is there once, so that it does not matter who comes first.
            let share = rows.len().div_ceil(pace.threads()).max(1);
            std::thread::scope(|scope| {
                let (own, others) = rows.split_at(share.min(rows.len()));
                let begun: Vec<_> = others.chunks(share).map(|rows| scope.spawn(|| take_in(rows))).collect();
                let own = take_in(own);
                let others = begun.into_iter().map(|others| others.join().unwrap_or(Err(IndexError::Broken)));
                std::iter::once(own).chain(others.collect::<Vec<_>>()).collect::<Result<(), IndexError>>()
            })?;
            Ok(writer)
        };
        self.writer = Some(blocking(work).await?);
        Ok(())
    }

    fn pace(&self) -> Pace {
        if self.building { Pace::Make } else { Pace::Keep }
    }

    async fn commit(&mut self) -> Result<(), IndexError> {
        let (index, before, place) = (self.index.clone(), self.view.clone(), self.place);
        let (writer, payload, pace) = (self.writer.take(), place.seal(&self.engine), self.pace());
        let work = move || {
            let mut writer = writer.map_or_else(|| index.writer(pace), Ok)?;
            let mut commit = writer.prepare_commit()?;
            commit.set_payload(&payload);
            commit.commit()?;
            index.reader.reload()?;
            let view = View::new(index.reader.searcher(), Some(&before))?;
            Ok((writer, view))
        };
        let (writer, view) = blocking(work).await?;
        (self.writer, self.view) = (Some(writer), Arc::new(view));
        (self.kept, self.committed, self.deletions, self.gathered) = (place, Instant::now(), 0, false);
        Ok(())
    }

    /// Begins to make few segments of many, where nothing else is to be done: each costs every search a little. What comes
    /// meanwhile is taken in as always.
    async fn gather(&mut self) -> Result<(), IndexError> {
        self.gathered = true;
        let scattered = self.index.scattered()?;
        if scattered.is_empty() {
            return Ok(());
        }
        let (index, writer) = (self.index.clone(), self.writer.take());
        let mut writer = blocking(move || writer.map_or_else(|| index.writer(Pace::Keep), Ok)).await?;
        self.merging = Some(Box::pin(writer.merge(&scattered)));
        self.writer = Some(writer);
        Ok(())
    }

    /// Shows what has become of that.
    async fn gathered(&mut self, merged: tantivy::Result<Option<SegmentMeta>>) -> Result<(), IndexError> {
        self.merging = None;
        if let Err(error) = merged {
            // All is still there, in many segments.
            tracing::warn!(error = %crate::error::chain(&error), "the search index stays scattered for now");
            return Ok(());
        }
        let (index, before) = (self.index.clone(), self.view.clone());
        let work = move || {
            index.reader.reload()?;
            Ok(View::new(index.reader.searcher(), Some(&before))?)
        };
        self.view = Arc::new(blocking(work).await?);
        Ok(())
    }

    fn publish(&mut self, state: &State) {
        // The directory before the counter: what an entry did to the feed lies at or below it.
        let hidden = hidden(&self.engine.directory());
        if self.kept.content >= self.engine.counted() {
            (self.hidden, self.building) = (Some(hidden), false);
        }
        state.publish(Current {
            view: self.view.clone(),
            fields: self.index.fields.clone(),
            upto: self.kept.content,
            hidden: self.hidden,
            building: self.building,
        });
    }

    /// At the head: until there is something to do.
    async fn rest(&mut self, state: &State, pending: bool) -> Result<(), IndexError> {
        self.publish(state);
        let (mut head, mut directory) = (self.engine.watch_head(), self.engine.watch_directory());
        let (content, entry) = (self.place.content, self.engine.directory().index());
        let until = match (pending, self.writer.is_some()) {
            (true, _) => self.committed + limits::INDEX_COMMIT,
            (false, _) if !self.gathered => self.committed + limits::INDEX_GATHERS,
            (false, true) if self.merging.is_none() => self.committed + limits::INDEX_IDLE,
            (false, _) => Instant::now() + limits::INDEX_IDLE,
        };
        let merged = tokio::select! {
            _ = head.wait_for(|head| *head > content) => None,
            _ = directory.wait_for(|directory| directory.index() != entry) => None,
            () = state.urgency() => None,
            () = state.damage() => None,
            () = sleep_until(until) => None,
            merged = merged(&mut self.merging) => Some(merged),
        };
        if let Some(merged) = merged {
            self.gathered(merged).await?;
            self.publish(state);
        }
        if !pending && self.merging.is_none() && self.committed.elapsed() >= limits::INDEX_IDLE {
            // Dropping it waits for merges that are under way.
            if let Some(writer) = self.writer.take() {
                let _ = blocking(move || Ok(writer.wait_merging_threads()?)).await;
            }
        }
        Ok(())
    }
}

/// Until the segments have been made few; for ever where they are not.
async fn merged(merging: &mut Option<Merging>) -> tantivy::Result<Option<SegmentMeta>> {
    match merging {
        Some(merging) => merging.await,
        None => std::future::pending().await,
    }
}
