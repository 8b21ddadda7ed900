//! What takes a thread, and often much memory, for a while: beside the tasks, so much of it at once as there are turns.

use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinError;

/// Does `work` on a thread of its own in this turn, and hands the turn back with what came of it. A caller who goes away
/// leaves the work to be finished, since a thread cannot be stopped: the turn is over then, and not before.
///
/// # Errors
/// Where it panicked.
pub(crate) async fn aside<T: Send + 'static>(
    turn: OwnedSemaphorePermit,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<(T, OwnedSemaphorePermit), JoinError> {
    // Where nobody takes the two they are dropped in this order, so that what was made is gone before the turn is over.
    tokio::task::spawn_blocking(move || (work(), turn)).await
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::{Arc, mpsc};

    use futures_util::poll;
    use tokio::sync::Semaphore;

    use super::*;

    #[tokio::test]
    async fn a_turn_is_over_when_its_work_is_and_not_when_its_caller_goes_away() {
        let turns = Arc::new(Semaphore::new(1));
        let (begun, begins) = tokio::sync::oneshot::channel();
        let (go_on, goes_on) = mpsc::channel::<()>();
        {
            let turn = turns.clone().acquire_owned().await.unwrap();
            let mut call = pin!(aside(turn, move || {
                begun.send(()).unwrap();
                goes_on.recv().unwrap();
            }));
            assert!(poll!(&mut call).is_pending());
            begins.await.unwrap();
        }
        assert_eq!(turns.available_permits(), 0, "the work goes on");
        go_on.send(()).unwrap();
        let turn = turns.clone().acquire_owned().await.unwrap();
        let (made, turn) = aside(turn, || 7).await.unwrap();
        assert_eq!((made, turns.available_permits()), (7, 0), "who goes on has it still");
        drop(turn);
        let turn = turns.clone().acquire_owned().await.unwrap();
        assert!(aside(turn, || panic!("as it was told")).await.is_err());
        assert_eq!(turns.available_permits(), 1);
    }
}
