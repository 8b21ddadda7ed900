//! What must not stop half-way: a commit, and what follows from it in memory or in files.

use std::panic::{AssertUnwindSafe, resume_unwind};

use futures_util::FutureExt;
use tracing::Instrument;

use super::Engine;

impl Engine {
    /// Carries `work` out to its end, also where whoever asked for it goes away before. A command that is queued is
    /// committed whether or not anybody waits for its answer, so what has to follow from that belongs into the same
    /// `work`; what may as well not happen does not. The engine's tasks end after it, a server therefore too.
    ///
    /// No more than [`TO_THE_END`](crate::limits::TO_THE_END) go on at once. Further ones wait to begin, and whoever goes
    /// away then takes them along; so none may wait for another.
    ///
    /// # Panics
    /// Where `work` does.
    pub async fn to_the_end<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> T {
        // It is never closed.
        let place = self.0.to_the_end.clone().acquire_owned().await.ok();
        let work = async move {
            let done = AssertUnwindSafe(work).catch_unwind().await;
            if done.is_err() {
                tracing::error!("what was to be carried out to its end broke off");
            }
            drop(place);
            done
        };
        match self.0.tasks.spawn(work.in_current_span()).await {
            Ok(Ok(done)) => done,
            Ok(Err(panic)) => resume_unwind(panic),
            // Only the end of the runtime cancels it, and whoever waits here with it.
            Err(_) => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::task::Poll;

    use futures_util::poll;
    use tokio::sync::Notify;
    use tokio_util::sync::CancellationToken;

    use crate::engine::{Data, Engine, Identity, Parts, Signers, Started};
    use crate::limits;
    use crate::store::sqlite::SqliteStore;
    use crate::world::World;

    async fn started(folder: &tempfile::TempDir) -> Started {
        let store = SqliteStore::open(&folder.path().join("data.db")).await.unwrap();
        let identity = Identity {
            node: "node.n.example".parse().unwrap(),
            network: "n.example".parse().unwrap(),
            carrier: false,
            signers: Signers::default(),
        };
        let parts = Parts {
            identity,
            store: Arc::new(store),
            world: World::system(),
            feed_bytes: 8 * 1024,
            queue_bytes: limits::QUEUE_BYTES,
            data: Data::Left,
            stop: CancellationToken::new(),
        };
        Engine::start(parts).await.unwrap()
    }

    #[tokio::test]
    async fn what_follows_a_commit_is_done_although_nobody_waits_and_the_engine_ends_after_it() {
        let folder = tempfile::tempdir().unwrap();
        let Started { engine, tasks } = started(&folder).await;
        let (goes_on, done) = (Arc::new(Notify::new()), Arc::new(AtomicBool::new(false)));
        {
            let (writes, goes_on, done) = (engine.clone(), goes_on.clone(), done.clone());
            let mut call = pin!(engine.to_the_end(async move {
                writes.put_fact("x".to_owned(), Some(1)).await.unwrap();
                goes_on.notified().await;
                done.store(true, Ordering::SeqCst);
            }));
            assert_eq!(poll!(&mut call), Poll::Pending);
        }
        while engine.fact::<i32>("x").await.unwrap().is_none() {
            tokio::task::yield_now().await;
        }
        engine.close();
        let mut ended = pin!(tasks.wait());
        for _ in 0..100 {
            tokio::task::yield_now().await;
            assert_eq!(poll!(&mut ended), Poll::Pending, "the step after the commit is not done yet");
        }
        goes_on.notify_one();
        ended.await;
        assert!(done.load(Ordering::SeqCst));
    }

    #[tokio::test]
    async fn beyond_so_many_whoever_goes_away_takes_what_has_not_begun_along() {
        let folder = tempfile::tempdir().unwrap();
        let Started { engine, tasks } = started(&folder).await;
        let (goes_on, begun) = (CancellationToken::new(), Arc::new(AtomicUsize::new(0)));
        for _ in 0..=limits::TO_THE_END {
            let (goes_on, begun) = (goes_on.clone(), begun.clone());
            let mut call = pin!(engine.to_the_end(async move {
                begun.fetch_add(1, Ordering::SeqCst);
                goes_on.cancelled().await;
            }));
            assert_eq!(poll!(&mut call), Poll::Pending);
            tokio::task::yield_now().await;
        }
        goes_on.cancel();
        engine.close();
        tasks.wait().await;
        assert_eq!(begun.load(Ordering::SeqCst), limits::TO_THE_END);
    }

    #[tokio::test]
    async fn what_panics_is_its_callers_panic_and_nobody_elses() {
        let folder = tempfile::tempdir().unwrap();
        let Started { engine, .. } = started(&folder).await;
        let panics = {
            let engine = engine.clone();
            async move { engine.to_the_end(async { panic!("as it was told") }).await }
        };
        let joined: Result<(), _> = tokio::spawn(panics).await;
        assert!(joined.unwrap_err().is_panic());
        engine.put_fact("x".to_owned(), Some(1)).await.unwrap();
        assert_eq!(engine.to_the_end(async { 7 }).await, 7);
        engine.close();
    }
}
