//! The thread that works on the index. It stands behind all that somebody waits for: where there is more to do than cores,
//! an import or a synchronisation is done first, and then found.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread;

use tokio::sync::oneshot;

use super::index::IndexError;

/// By how much it is nicer than other threads: it gets about a third of what one of them does, so that a search that waits
/// for it has its answer on a busy machine too.
const NICER: i32 = 5;

/// A handle; the thread ends with it, after what was begun.
pub(super) struct Worker {
    wanted: mpsc::Sender<Box<dyn FnOnce() + Send>>,
}

impl Worker {
    /// Starts the thread.
    ///
    /// # Errors
    /// Where the system has no room for one more.
    pub(super) fn start() -> Result<Self, IndexError> {
        let (wanted, work) = mpsc::channel::<Box<dyn FnOnce() + Send>>();
        let begin = move || {
            give_way();
            work.into_iter().for_each(|work| work());
        };
        thread::Builder::new().name("search-index".to_owned()).spawn(begin).map_err(IndexError::Thread)?;
        Ok(Self { wanted })
    }

    /// Carries out what takes long, after what was wanted before.
    ///
    /// # Errors
    /// Its own. A damaged index can end a reader in a panic: it ends the work ([`IndexError::Broken`]), not the server.
    pub(super) async fn carry_out<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, IndexError> + Send + 'static,
    ) -> Result<T, IndexError> {
        let (tell, told) = oneshot::channel();
        let work = move || {
            // Whoever has gone needs no answer.
            let _ = tell.send(catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(IndexError::Broken)));
        };
        self.wanted.send(Box::new(work)).map_err(|_| IndexError::Broken)?;
        told.await.map_err(|_| IndexError::Broken)?
    }
}

/// Puts this thread, and those that it starts, behind others. Elsewhere than on Linux it would be the whole process.
fn give_way() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICER) {
        tracing::debug!(%error, "the search index is kept as everything else is");
    }
}
