//! A link, as questions and answers take it: what waits for it, and what was asked over it and is still open.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use duikou_proto::federation::control_frame::Frame;
use duikou_proto::federation::live_answer::Hop;
use duikou_proto::federation::{LiveAnswer, LiveRequest};
use duikou_proto::limits as contract;
use duikou_proto::name::NodeId;
use prost::Message;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::Instant;

use super::Live;
use super::queue::{Queue, Waits};
use crate::limits;

/// How long after its deadline an answer that is passed on is still waited for.
const SLACK: Duration = Duration::from_secs(1);

/// Over what time questions are counted.
const COUNTED: Duration = Duration::from_secs(10);

/// How many questions there were lately.
struct Pace {
    limit: u32,
    since: Instant,
    count: u32,
}

impl Pace {
    fn new(limit: u32) -> Mutex<Self> {
        Mutex::new(Self { limit, since: Instant::now(), count: 0 })
    }

    /// Whether there may be one more.
    fn allows(pace: &Mutex<Self>) -> bool {
        let mut pace = pace.lock().unwrap_or_else(PoisonError::into_inner);
        if pace.since.elapsed() >= COUNTED {
            (pace.since, pace.count) = (Instant::now(), 0);
        }
        pace.count = pace.count.saturating_add(1);
        pace.count <= pace.limit
    }
}

/// See the module.
pub(crate) struct Way {
    pub(super) peer: NodeId,
    /// Whether it leads to a gateway, which knows of all others.
    pub(super) up: bool,
    queue: Queue,
    open: Mutex<BTreeMap<u64, Open>>,
    numbers: AtomicU64,
    sent: Mutex<Pace>,
    taken: Mutex<Pace>,
    /// How much more the peer may ask.
    pub(super) asked: Arc<Semaphore>,
    /// How much more the members here may ask over it.
    pub(super) asking: Arc<Semaphore>,
    /// How many more answers to its peer may be in the making.
    pub(super) answering: Semaphore,
}

/// A question that was sent over it.
struct Open {
    back: Back,
    until: Instant,
    pages: usize,
    bytes: usize,
}

/// Where an answer goes.
pub(crate) enum Back {
    /// To a member here, which has room for a whole one.
    Asker(mpsc::Sender<LiveAnswer>),
    /// To another link, whose peer calls the question `id`. It counts against both bounds as long as it is open.
    Way { way: Weak<Way>, id: u64, _permits: [OwnedSemaphorePermit; 2] },
}

impl Back {
    fn give(&self, answer: LiveAnswer) {
        match self {
            // Whoever has gone, or has been given a whole answer already, misses nothing.
            Self::Asker(asker) => drop(asker.try_send(answer)),
            Self::Way { way, id, .. } => {
                if let Some(way) = way.upgrade() {
                    // Where the asker's link is so slow, its deadline speaks.
                    let _ = way.queue.offer(Frame::LiveAnswer(LiveAnswer { id: *id, ..answer }));
                }
            }
        }
    }
}

/// What a server says in the place of an answer.
pub(super) fn said(id: u64, hop: Hop) -> LiveAnswer {
    LiveAnswer { id, hop: hop.into(), last: true, reply: None }
}

impl Way {
    pub(super) fn new(peer: NodeId, up: bool, waits: Waits) -> Self {
        Self {
            peer,
            up,
            queue: Queue::new(waits),
            open: Mutex::default(),
            numbers: AtomicU64::new(1),
            sent: Pace::new(limits::LIVE_SENT),
            taken: Pace::new(limits::LIVE_TAKEN),
            asked: Arc::new(Semaphore::new(limits::LIVE_IN_FLIGHT)),
            asking: Arc::new(Semaphore::new(limits::LIVE_IN_FLIGHT)),
            answering: Semaphore::new(limits::LIVE_ANSWERING),
        }
    }

    fn open(&self) -> MutexGuard<'_, BTreeMap<u64, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a question on; what there is to say where it does not go.
    pub(super) fn send(&self, request: LiveRequest, back: Back) -> Result<(), Hop> {
        if !Pace::allows(&self.sent) {
            return Err(Hop::Busy);
        }
        let id = self.numbers.fetch_add(1, Ordering::Relaxed);
        let within = Duration::from_millis(u64::try_from(request.within_ms).unwrap_or(0));
        let until = Instant::now() + within.min(*contract::LIVE_WITHIN.end()) + SLACK;
        self.open().insert(id, Open { back, until, pages: 0, bytes: 0 });
        self.queue.offer(Frame::LiveRequest(LiveRequest { id, ..request })).map_err(|_| {
            self.open().remove(&id);
            Hop::Busy
        })
    }

    /// Takes in what the peer answers; whether that was waited for.
    pub(super) fn answered(&self, answer: LiveAnswer) -> bool {
        let mut open = self.open();
        let Some(question) = open.get_mut(&answer.id) else { return false };
        let bytes = answer.encoded_len();
        question.pages += 1;
        question.bytes += bytes;
        let sound = bytes <= contract::LIVE_REPLY_BYTES
            && question.pages <= contract::LIVE_PAGES
            && question.bytes <= 2 * contract::LIVE_ANSWER_BYTES
            && (answer.reply.is_some() || answer.last);
        if !sound {
            open.remove(&answer.id);
            return false;
        }
        if !answer.last {
            question.back.give(answer);
        } else if let Some(question) = open.remove(&answer.id) {
            question.back.give(answer);
        }
        true
    }

    /// Says this to the peer where there is room; whether there was.
    pub(super) fn offer(&self, answer: LiveAnswer) -> bool {
        self.queue.offer(Frame::LiveAnswer(answer)).is_ok()
    }

    /// Says this to the peer as soon as there is room.
    pub(super) async fn put(&self, answer: LiveAnswer) {
        self.queue.put(Frame::LiveAnswer(answer)).await;
    }

    /// Forgets the questions to which nobody waits for an answer any longer.
    fn sweep(&self) {
        let now = Instant::now();
        self.open().retain(|_, question| question.until > now);
    }

    /// The link has ended: nobody answers.
    fn close(&self) {
        let open = std::mem::take(&mut *self.open());
        open.into_values().for_each(|question| question.back.give(said(0, Hop::Offline)));
    }
}

/// A link that has joined, until this is dropped.
pub(crate) struct Joined {
    pub(super) live: Live,
    pub(super) way: Arc<Way>,
}

impl Deref for Joined {
    type Target = Way;

    fn deref(&self) -> &Way {
        &self.way
    }
}

impl Drop for Joined {
    fn drop(&mut self) {
        self.live.leave(&self.way);
        self.way.close();
    }
}

impl Joined {
    /// Takes in a question of the peer; false where no sound peer sends it.
    pub(crate) fn takes(&self, request: LiveRequest) -> bool {
        Pace::allows(&self.taken) && self.live.requested(&self.way, request)
    }

    /// Takes in what the peer answers; false where nothing of the kind was waited for.
    pub(crate) fn hears(&self, answer: LiveAnswer) -> bool {
        self.way.answered(answer)
    }

    /// What is to go out next, and how many bytes it has, as soon as there is something.
    pub(crate) async fn next(&self) -> (Frame, usize) {
        self.sweep();
        self.queue.next().await
    }
}

#[cfg(test)]
mod tests {
    use duikou_proto::v1::Signed;

    use super::*;

    fn way() -> Arc<Way> {
        Arc::new(Way::new("node.pprd.example".parse().unwrap(), false, Waits::default()))
    }

    fn request(within_ms: i32) -> LiveRequest {
        LiveRequest { within_ms, ..LiveRequest::default() }
    }

    fn page(id: u64, last: bool) -> LiveAnswer {
        LiveAnswer { id, last, reply: Some(Signed::default()), hop: 0 }
    }

    #[tokio::test]
    async fn only_what_was_asked_is_heard_until_it_is_answered() {
        let way = way();
        let (asker, mut answers) = mpsc::channel(8);
        way.send(request(1000), Back::Asker(asker)).unwrap();
        let (Frame::LiveRequest(sent), _) = way.queue.next().await else { panic!("another frame") };
        assert!(!way.answered(page(sent.id + 1, true)), "nobody asked that");
        assert!(way.answered(page(sent.id, false)));
        assert!(way.answered(page(sent.id, true)));
        assert!(!way.answered(page(sent.id, true)), "it is answered");
        assert_eq!(answers.recv().await.map(|answer| answer.last), Some(false));
        assert_eq!(answers.recv().await.map(|answer| answer.last), Some(true));
        assert_eq!(answers.recv().await, None);
    }

    #[tokio::test]
    async fn an_answer_without_end_is_cut_off() {
        let way = way();
        let (asker, mut answers) = mpsc::channel(contract::LIVE_PAGES + 1);
        way.send(request(1000), Back::Asker(asker)).unwrap();
        let heard = (0..1000).filter(|_| way.answered(page(1, false))).count();
        assert_eq!(heard, contract::LIVE_PAGES);
        while answers.recv().await.is_some() {}
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_is_sent_than_a_peer_takes() {
        let way = way();
        let asks = || {
            let (asker, _) = mpsc::channel(1);
            way.send(request(1000), Back::Asker(asker)).is_ok()
        };
        let sent = (0..2 * limits::LIVE_SENT).filter(|_| asks()).count();
        assert!(sent <= limits::LIVE_SENT as usize);
        tokio::time::advance(COUNTED).await;
        while let Some((Frame::LiveRequest(_), _)) = futures_util::FutureExt::now_or_never(way.queue.next()) {}
        assert!(asks(), "and later it goes on");
    }

    #[tokio::test(start_paused = true)]
    async fn what_nobody_waits_for_is_forgotten() {
        let way = way();
        let (asker, _answers) = mpsc::channel(1);
        way.send(request(1000), Back::Asker(asker)).unwrap();
        tokio::time::advance(Duration::from_millis(1900)).await;
        way.sweep();
        assert_eq!(way.open().len(), 1);
        tokio::time::advance(Duration::from_millis(200)).await;
        way.sweep();
        assert_eq!(way.open().len(), 0);
    }

    #[tokio::test]
    async fn a_link_that_ends_says_so() {
        let way = way();
        let (asker, mut answers) = mpsc::channel(1);
        way.send(request(1000), Back::Asker(asker)).unwrap();
        way.close();
        assert_eq!(answers.recv().await.map(|answer| answer.hop()), Some(Hop::Offline));
    }
}
