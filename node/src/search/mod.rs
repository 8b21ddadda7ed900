//! Search: an index that is one more reader of the feed, and what is found with it.
//!
//! `indexer` keeps the index in a folder of its own beside the store, whatever that is: `document` says what of a listing
//! goes into it, `analysis` what words are, `place` how far it has read. What is lost, damaged or of another version is
//! made anew from the feed. `look` finds, by `clauses`; `view` and `visible` ask [`crate::engine::Viewer`] for whom, where
//! `gather` counts, so that nothing is counted that is not shown; and every row is shown to the viewer once more before it
//! is given out.
//! `unindexed` looks for words in what is in no index. `ranking` is how another listing asks, for what has most of its
//! `features`; `candidates` reads what comes first.
//!
//! A search waits for an index that has read everything by the hides of now, as long as whoever asks does
//! ([`Patience`]). `look` asks the viewer once for each class of records (origin, scopes, key) and hands the answer to
//! `gather`, which in one pass passes over what is not for the reader or past its date: results, counts and facets are of
//! the same set. `excerpts` finds the words again in the text of the rows that are shown, and `beside` what else of them
//! holds the words. Nothing but words and names is in the index; rows that were found lately are in memory, so that most
//! searches ask nothing of the store. Where nothing is written for a while, few segments are made of many.

mod alike;
mod analysis;
mod beside;
mod candidates;
mod capped;
mod clauses;
mod document;
mod duplicates;
mod excerpts;
mod facets;
mod features;
mod filter;
mod gather;
mod index;
mod indexer;
mod look;
mod order;
mod page;
mod place;
mod query;
mod ranking;
mod schema;
mod shingles;
mod state;
mod suggest;
#[cfg(test)]
pub(crate) mod tests;
mod unindexed;
mod view;
mod visible;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;

use duikou_proto::envelope::Part;
use duikou_proto::filter::{Filter, Header};
use duikou_proto::name::RecordName;
use duikou_proto::v1::{Excerpt, Opportunity};
use thiserror::Error;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::Semaphore;
use tokio::task::{block_in_place, spawn_blocking};
use tokio_util::task::TaskTracker;

use crate::engine::{Engine, Reader, Seen};
use crate::feed::{Recalled, Shown};
use crate::limits;
use crate::store::StoreError;
use alike::Alike;
pub(crate) use analysis::{Word, cut, is_letters, spells, spelt_length};
pub(crate) use document::ways;
pub(crate) use duplicates::Duplicate;
pub(crate) use excerpts::excerpts;
pub(crate) use facets::Facets;
pub(crate) use features::Features;
pub(crate) use look::OrderBy;
use look::{Asked, Found, look};
use page::Kept;
pub(crate) use page::Start;
pub(crate) use query::{Query, Reach, parse};
pub(crate) use ranking::{Points, Ranking, Trait};
pub(crate) use state::Patience;
use state::{Current, State};
pub(crate) use suggest::Suggestion;
pub(crate) use unindexed::holds;

/// Where the index lies in a server's folder.
pub(crate) const FOLDER: &str = "search";
/// Rows of which it takes a fraction of a millisecond to show them.
const AT_ONCE: usize = 32;
/// Encoded listings on one page: well below what clients take.
const PAGE_BYTES: usize = 2 * 1024 * 1024;

/// A handle: cheap to clone.
#[derive(Clone)]
pub struct Search(Arc<Shared>);

struct Shared {
    engine: Engine,
    state: Arc<State>,
    kept: Kept,
    permits: Semaphore,
}

/// Why a search has no answer.
#[derive(Debug, Error)]
pub(crate) enum SearchError {
    /// The index has not taken in what it must have, or is being made anew.
    #[error("the index is not ready")]
    Unready,
    /// The page token is of a state of the index that is no longer kept.
    #[error("the page token is too old")]
    Expired,
    /// The store cannot be read.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// What is searched for.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) query: Query,
    /// Only what this listing is looking for.
    pub(crate) alike: Option<Alike>,
    pub(crate) filter: Filter,
    pub(crate) order: OrderBy,
    pub(crate) start: Start,
    pub(crate) size: usize,
    /// Names of the index's fields.
    pub(crate) facets: Vec<&'static str>,
    pub(crate) patience: Patience,
}

/// What was found.
pub(crate) struct Answer {
    pub(crate) hits: Vec<Hit>,
    /// Where the next page begins.
    pub(crate) next: Option<Start>,
    pub(crate) total: usize,
    pub(crate) facets: Facets,
    /// Whether words with a typo were needed.
    pub(crate) reach: Reach,
    /// Whether the index is still being made.
    pub(crate) building: bool,
}

/// One listing that was found and may be seen.
pub(crate) struct Hit {
    pub(crate) part: Part,
    pub(crate) shown: Arc<Shown>,
    /// Where the words stand in it.
    pub(crate) excerpts: Vec<Excerpt>,
}

impl Hit {
    /// What it says.
    pub(crate) fn opportunity(&self) -> &Opportunity {
        self.shown.opportunity()
    }
}

impl Search {
    /// Starts to keep an index of what `engine` holds in `folder`; it ends with the engine.
    pub fn start(engine: Engine, folder: PathBuf, tasks: &TaskTracker) -> Self {
        let state = Arc::new(State::new());
        tasks.spawn(indexer::keep(engine.clone(), folder, state.clone()));
        Self(Arc::new(Shared { engine, state, kept: Kept::default(), permits: Semaphore::new(limits::SEARCHES) }))
    }

    /// One page of what `reader` may see and wants.
    ///
    /// # Errors
    /// Where there is no answer for now.
    pub(crate) async fn find(&self, wanted: Wanted, reader: &Reader) -> Result<Answer, SearchError> {
        let current = self.ready(wanted.patience).await?;
        let view = match wanted.start {
            Start::First | Start::After(_) => current.view.clone(),
            Start::Offset { state, .. } => self.0.kept.get(state).ok_or(SearchError::Expired)?,
        };
        let show = self.show(wanted.filter.clone(), wanted.query.clone(), reader);
        let asked = self.asked(&current, wanted, view.clone(), reader);
        // In one go where every row is in memory.
        let looked = self.sound(move || {
            let found = look(&asked)?;
            let page = show.page(found.names.iter().map(|(name, _)| name.clone()).collect(), found.reach);
            Ok((found, page))
        });
        let (found, page) = looked.await?;
        let (hits, looked) = self.shown(page).await?;
        let cut = found.names.get(..looked).filter(|looked| looked.len() < found.names.len());
        let cut = cut.and_then(|looked| looked.last()).map(|(_, after)| *after);
        let next = cut.or(found.next).map(|next| match next {
            Start::Offset { offset, .. } => Start::Offset { state: self.0.kept.keep(&view), offset },
            other => other,
        });
        let Found { total, facets, reach, .. } = found;
        Ok(Answer { hits, next, total, facets, reach, building: current.building })
    }

    /// How many changes the index has yet to read; None while it is not open.
    pub(crate) fn behind(&self) -> Option<i64> {
        self.0.state.upto().map(|upto| (self.0.engine.head() - upto).max(0))
    }

    /// Until everything that is committed now has been taken in.
    #[cfg(test)]
    pub(crate) async fn caught_up(&self) {
        self.0.state.caught_up(&self.0.engine).await;
    }

    async fn ready(&self, patience: Patience) -> Result<Current, SearchError> {
        self.0.state.ready(&self.0.engine, patience).await.map_err(|state::Unready| SearchError::Unready)
    }

    /// Carries out what takes milliseconds beside the tasks that serve, so much at once; None where it broke off.
    pub(crate) async fn beside<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let _permit = self.0.permits.acquire().await.ok()?;
        match Handle::current().runtime_flavor() {
            // On the spot: another thread takes over the tasks of this one, and the asker waits for none to wake.
            RuntimeFlavor::MultiThread => block_in_place(|| catch_unwind(AssertUnwindSafe(work)).ok()),
            _ => spawn_blocking(work).await.ok(),
        }
    }

    /// A question to the index, by the rights of now.
    fn asked(&self, current: &Current, wanted: Wanted, view: Arc<view::View>, reader: &Reader) -> Asked {
        let engine = &self.0.engine;
        Asked {
            fields: current.fields.clone(),
            view,
            viewer: engine.viewer(reader),
            directory: engine.directory(),
            now: engine.now(),
            wanted,
        }
    }

    /// Looks into the index.
    async fn look(&self, asked: Asked) -> Result<Found, SearchError> {
        self.sound(move || look(&asked)).await
    }

    /// Reads the index, and notes where that shows that it is damaged.
    async fn sound<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> tantivy::Result<T> + Send + 'static,
    ) -> Result<T, SearchError> {
        match self.beside(work).await {
            Some(Ok(read)) => Ok(read),
            Some(Err(error)) => {
                tracing::error!(error = %crate::error::chain(&error), "the search index cannot be read");
                self.0.state.report_damage();
                Err(SearchError::Unready)
            }
            None => {
                // It is the library's way to say that a file is not as it was written.
                tracing::error!("reading the search index broke off");
                self.0.state.report_damage();
                Err(SearchError::Unready)
            }
        }
    }

    /// How what is found is shown to `reader`.
    fn show(&self, filter: Filter, query: Query, reader: &Reader) -> Show {
        Show { engine: self.0.engine.clone(), reader: reader.clone(), filter, query }
    }

    /// Of what was found, in its order, that which the store has and the viewer sees now; and how many of the names were
    /// looked at: fewer where that is more than one answer holds.
    async fn shown(&self, page: Page) -> Result<(Vec<Hit>, usize), SearchError> {
        match page {
            Page::Shown(hits, looked) => Ok((hits, looked)),
            Page::Lacking { show, names, mut rows, reach } => {
                self.0.engine.complete(&mut rows).await?;
                if names.len() <= AT_ONCE {
                    return Ok(show.hits(&names, &rows, reach));
                }
                self.beside(move || show.hits(&names, &rows, reach)).await.ok_or(SearchError::Unready)
            }
        }
    }
}

/// How what was found is shown.
struct Show {
    engine: Engine,
    reader: Reader,
    filter: Filter,
    query: Query,
}

/// What was found, as it is shown.
enum Page {
    /// And how many of the names were looked at.
    Shown(Vec<Hit>, usize),
    /// The store has to be asked for some of the rows.
    Lacking { show: Box<Show>, names: Vec<RecordName>, rows: Recalled, reach: Reach },
}

impl Show {
    /// What was found by these names, as far as memory goes.
    fn page(self, names: Vec<RecordName>, reach: Reach) -> Page {
        let rows = self.engine.recall(&names);
        if !rows.is_whole() {
            return Page::Lacking { show: Box::new(self), names, rows, reach };
        }
        let (hits, looked) = self.hits(&names, &rows, reach);
        Page::Shown(hits, looked)
    }

    fn hits(&self, names: &[RecordName], rows: &Recalled, reach: Reach) -> (Vec<Hit>, usize) {
        // The rights of after the reading, as everywhere.
        let (viewer, directory, now) = (self.engine.viewer(&self.reader), self.engine.directory(), self.engine.now());
        let (mut hits, mut bytes) = (Vec::with_capacity(names.len()), 0);
        for (name, looked) in names.iter().zip(1..) {
            let Some(named) = rows.get(name) else { continue };
            let Seen::Record(part) = viewer.see(named.row(), &directory, now) else { continue };
            let Some(shown) = named.shown() else { continue };
            if !self.filter.matches(&Header::of(part), shown.opportunity()) {
                continue;
            }
            bytes += part.bytes().len();
            let excerpts = excerpts(shown.opportunity(), &self.query, reach);
            hits.push(Hit { part: part.clone(), shown: shown.clone(), excerpts });
            if bytes >= PAGE_BYTES {
                return (hits, looked);
            }
        }
        (hits, names.len())
    }
}
