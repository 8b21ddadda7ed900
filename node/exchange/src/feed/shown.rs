//! What readers are shown of a record: read and checked once, and encoded once, for all who read it while it is new.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use duikou_proto::envelope::Part;
use duikou_proto::v1::Opportunity;
use prost::Message;

use crate::limits;

/// The listing in a record, and the form in which services give it out.
#[derive(Debug)]
pub struct Shown {
    opportunity: Opportunity,
    encoded: OnceLock<Bytes>,
}

impl Shown {
    /// Reads a record; None where its body breaks the rules: it is shown nowhere.
    pub fn read(part: &Part) -> Option<Self> {
        readable(part).map(|opportunity| Self { opportunity, encoded: OnceLock::new() })
    }

    /// The listing.
    pub fn opportunity(&self) -> &Opportunity {
        &self.opportunity
    }

    /// What `encode` makes of it, made once.
    pub fn encoded(&self, encode: impl FnOnce(&Opportunity) -> Bytes) -> Bytes {
        self.encoded.get_or_init(|| encode(&self.opportunity)).clone()
    }
}

/// The newest of them, for readers near the head: at most [`limits::SHELF_BYTES`].
#[derive(Default)]
pub(crate) struct Shelf(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    shown: HashMap<[u8; 32], Option<Arc<Shown>>>,
    order: VecDeque<([u8; 32], usize)>,
    bytes: usize,
}

impl Shelf {
    /// What is to be shown of a record, from the shelf, or read and put there.
    pub(crate) fn of_part(&self, part: &Part) -> Option<Arc<Shown>> {
        let key = *part.hash();
        if let Some(found) = self.lock().shown.get(&key) {
            return found.clone();
        }
        let shown = Shown::read(part).map(Arc::new);
        let bytes = listing_bytes(part);
        let mut kept = self.lock();
        if kept.shown.insert(key, shown.clone()).is_none() {
            kept.order.push_back((key, bytes));
            kept.bytes += bytes;
        }
        while kept.bytes > limits::SHELF_BYTES {
            let Some((oldest, bytes)) = kept.order.pop_front() else { break };
            kept.shown.remove(&oldest);
            kept.bytes -= bytes;
        }
        shown
    }

    /// About how many bytes it holds, and how many it may.
    pub(crate) fn bytes(&self) -> (usize, usize) {
        (self.lock().bytes, limits::SHELF_BYTES)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// About how much memory the listing in a record takes: the body's bytes, what is read from them, and that encoded.
pub(super) fn listing_bytes(part: &Part) -> usize {
    4 * part.body().len() + 512
}

/// The listing in a record; None where its body breaks the rules: it is shown nowhere.
pub fn readable(part: &Part) -> Option<Opportunity> {
    let opportunity = Opportunity::decode(part.body()).ok()?;
    let sound = duikou_proto::validate::kind_of(&opportunity) == Some(part.kind().as_str())
        && duikou_proto::validate::opportunity(&opportunity, "listing").is_empty();
    sound.then_some(opportunity)
}
