//! Tasks that end with the server and never before: the writer, listeners, the link. Where one of them ends by itself, or
//! panics, what is left looks like a server and is none. Then it says so, and whoever runs it ends it and starts another.

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::Engine;

/// Its clones are the same.
#[derive(Debug, Clone)]
pub(super) struct Vitals {
    stop: CancellationToken,
    ended: watch::Sender<Option<&'static str>>,
}

impl Vitals {
    /// Tasks may end once `stop` is cancelled.
    pub(super) fn new(stop: CancellationToken) -> Self {
        Self { stop, ended: watch::Sender::new(None) }
    }

    /// Runs a task and notes where it ends too early.
    pub(super) fn watch<F: Future<Output = ()>>(
        &self,
        what: &'static str,
        task: F,
    ) -> impl Future<Output = ()> + use<F> {
        let vitals = self.clone();
        async move {
            let panics = Panics { what, vitals: &vitals };
            task.await;
            drop(panics);
            if !vitals.stop.is_cancelled() {
                vitals.note(what, "it ended by itself");
            }
        }
    }

    fn note(&self, what: &'static str, how: &'static str) {
        tracing::error!(task = what, how, "a task has ended that lasts as long as the server");
        // The first is what matters: others may end of it.
        self.ended.send_if_modified(|ended| ended.is_none() && ended.replace(what).is_none());
    }
}

/// Notes a panic of its task. One that is dropped before its end goes with its whole runtime.
struct Panics<'a> {
    what: &'static str,
    vitals: &'a Vitals,
}

impl Drop for Panics<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.vitals.note(self.what, "it panicked");
        }
    }
}

impl Engine {
    /// Runs a task without which this server is none: it ends when the server is told to stop. What it is, for the log.
    pub fn vital<F: Future<Output = ()>>(&self, what: &'static str, task: F) -> impl Future<Output = ()> + use<F> {
        self.0.vitals.watch(what, task)
    }

    /// The first of these tasks that has ended too early, where one has.
    pub fn broken(&self) -> Option<&'static str> {
        *self.0.vitals.ended.borrow()
    }

    /// Waits until one has.
    pub async fn breaks(&self) -> &'static str {
        let mut ended = self.0.vitals.ended.subscribe();
        match ended.wait_for(Option::is_some).await.map(|what| *what) {
            Ok(Some(what)) => what,
            // Its sender is this engine's.
            Ok(None) | Err(_) => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ended(stopped: bool, task: impl Future<Output = ()> + Send + 'static) -> Option<&'static str> {
        let vitals = Vitals::new(CancellationToken::new());
        if stopped {
            vitals.stop.cancel();
        }
        let _ = tokio::spawn(vitals.watch("it", task)).await;
        *vitals.ended.borrow()
    }

    #[tokio::test]
    async fn a_task_that_ends_before_it_is_told_to_is_noted_however_it_ends() {
        assert_eq!(ended(false, async {}).await, Some("it"));
        assert_eq!(ended(false, async { panic!("on purpose") }).await, Some("it"));
        assert_eq!(ended(true, async {}).await, None);
        assert_eq!(ended(true, async { panic!("on purpose") }).await, Some("it"), "a panic is one at any time");

        let vitals = Vitals::new(CancellationToken::new());
        for what in ["the first", "another"] {
            vitals.watch(what, async {}).await;
        }
        assert_eq!(*vitals.ended.borrow(), Some("the first"), "others may have ended of it");

        let dropped = Vitals::new(CancellationToken::new());
        let mut begun = Box::pin(dropped.watch("it", std::future::pending()));
        assert!(futures_util::poll!(&mut begun).is_pending());
        drop(begun);
        assert_eq!(*dropped.ended.borrow(), None, "its runtime ends");
    }
}
