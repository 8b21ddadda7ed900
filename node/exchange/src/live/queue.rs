//! What waits for a link: few enough bytes, for one and for all together, that links which take nothing fill no memory.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use duikou_proto::federation::control_frame::Frame;
use prost::Message;
use tokio::sync::Notify;

use crate::limits;

/// What a frame counts beside its bytes.
const FRAME: usize = 256;
/// How soon it is looked again whether others have made room.
const LOOK: Duration = Duration::from_millis(50);

/// How many bytes wait in all queues.
pub(super) type Waits = Arc<AtomicUsize>;

#[derive(Default)]
struct Waiting {
    frames: VecDeque<(Frame, usize)>,
    bytes: usize,
}

/// See the module. One link takes from it.
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    /// In this and the others.
    all: Waits,
    filled: Notify,
    drained: Notify,
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.all.fetch_sub(self.waiting().bytes, Ordering::Relaxed);
    }
}

impl Queue {
    /// An empty one, which counts among `all`.
    pub(super) fn new(all: Waits) -> Self {
        Self { waiting: Mutex::default(), all, filled: Notify::new(), drained: Notify::new() }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a frame in where there is room; gives it back where there is none.
    pub(super) fn offer(&self, frame: Frame) -> Result<(), Box<Frame>> {
        let bytes = FRAME
            + match &frame {
                Frame::LiveRequest(request) => request.encoded_len(),
                Frame::LiveAnswer(answer) => answer.encoded_len(),
                _ => 0,
            };
        let mut waiting = self.waiting();
        if waiting.bytes + bytes > limits::LIVE_QUEUE_BYTES {
            return Err(Box::new(frame));
        }
        let fits = |all: usize| Some(all + bytes).filter(|all| *all <= limits::LIVE_QUEUES_BYTES);
        if self.all.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_err() {
            return Err(Box::new(frame));
        }
        waiting.bytes += bytes;
        waiting.frames.push_back((frame, bytes));
        drop(waiting);
        self.filled.notify_one();
        Ok(())
    }

    /// Puts a frame in as soon as there is room.
    pub(super) async fn put(&self, frame: Frame) {
        let mut frame = frame;
        loop {
            let drained = self.drained.notified();
            match self.offer(frame) {
                Ok(()) => return,
                Err(back) => frame = *back,
            }
            tokio::select! {
                () = drained => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    /// The next frame and how many bytes it has, as soon as there is one.
    pub(super) async fn next(&self) -> (Frame, usize) {
        loop {
            let next = {
                let mut waiting = self.waiting();
                let next = waiting.frames.pop_front();
                let bytes = next.as_ref().map_or(0, |(_, bytes)| *bytes);
                waiting.bytes -= bytes;
                self.all.fetch_sub(bytes, Ordering::Relaxed);
                next
            };
            if let Some(next) = next {
                self.drained.notify_waiters();
                return next;
            }
            self.filled.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use duikou_proto::federation::LiveAnswer;
    use duikou_proto::v1::Signed;

    use super::*;

    fn frame(id: u64, bytes: usize) -> Frame {
        let reply = Signed { payload: vec![7; bytes].into(), ..Signed::default() };
        Frame::LiveAnswer(LiveAnswer { id, reply: Some(reply), ..LiveAnswer::default() })
    }

    #[tokio::test]
    async fn a_full_queue_gives_back_or_makes_wait_and_keeps_the_order() {
        let all = Waits::default();
        let queue = Arc::new(Queue::new(all.clone()));
        let half = limits::LIVE_QUEUE_BYTES / 2 - 2 * FRAME;
        queue.offer(frame(1, half)).unwrap();
        queue.offer(frame(2, half)).unwrap();
        assert!(queue.offer(frame(3, half)).is_err());
        let waits = tokio::spawn({
            let queue = queue.clone();
            async move { queue.put(frame(4, half)).await }
        });
        tokio::task::yield_now().await;
        assert!(!waits.is_finished());
        let mut ids = Vec::new();
        for _ in 0..3 {
            let (Frame::LiveAnswer(answer), bytes) = queue.next().await else { panic!("another frame") };
            assert!(bytes >= half);
            ids.push(answer.id);
        }
        waits.await.unwrap();
        assert_eq!(ids, [1, 2, 4]);
        assert_eq!(all.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn many_links_that_take_nothing_fill_no_memory() {
        let (all, half) = (Waits::default(), limits::LIVE_QUEUE_BYTES / 2 - 2 * FRAME);
        let queues: Vec<Queue> = (0..100).map(|_| Queue::new(all.clone())).collect();
        let taken = queues.iter().filter(|queue| queue.offer(frame(1, half)).is_ok()).count();
        assert!(taken < 100 && all.load(Ordering::Relaxed) <= limits::LIVE_QUEUES_BYTES);
        let last = queues.last().expect("a hundred");
        last.offer(frame(1, half)).unwrap_err();
        drop(queues);
        assert_eq!(all.load(Ordering::Relaxed), 0, "whatever waited in them is gone");
    }
}
