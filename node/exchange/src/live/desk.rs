//! What is on its way: a question is answered here, goes over the link to where its member lives, or goes up; its answer
//! goes back as it came. Nothing of either is kept or read.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use duikou_proto::federation::LiveRequest;
use duikou_proto::federation::live_answer::Hop;
use duikou_proto::limits as contract;
use duikou_proto::name::{MemberId, NodeId};
use prost::Message;

use super::Live;
use super::answer::To;
use super::way::{Back, Joined, Way, said};

/// The links that are up, by peer; of several of one peer the one that came up last.
pub(super) type Ways = Mutex<BTreeMap<NodeId, Arc<Way>>>;

/// Where a question goes.
pub(super) enum Toward {
    /// Its member lives here.
    Here,
    /// Over this link.
    Over(Arc<Way>),
    /// Its member's node is not connected.
    Nowhere,
}

impl Live {
    fn ways(&self) -> MutexGuard<'_, BTreeMap<NodeId, Arc<Way>>> {
        self.0.ways.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A link to `peer` is up; `up` where that is a gateway to which this server is a node.
    pub(crate) fn join(&self, peer: &NodeId, up: bool) -> Joined {
        let way = Arc::new(Way::new(peer.clone(), up, self.0.waits.clone()));
        self.ways().insert(peer.clone(), way.clone());
        Joined { live: self.clone(), way }
    }

    /// It has ended, unless a later one has taken its place.
    pub(super) fn leave(&self, way: &Arc<Way>) {
        let mut ways = self.ways();
        if ways.get(&way.peer).is_some_and(|last| Arc::ptr_eq(last, way)) {
            ways.remove(&way.peer);
        }
    }

    /// Where a question to `origin` goes that came over `from`, to which it never goes back.
    pub(super) fn toward(&self, origin: &MemberId, from: Option<&NodeId>) -> Toward {
        let directory = self.0.engine.directory();
        let Some(member) = directory.member(origin) else { return Toward::Nowhere };
        if member.node == self.0.engine.identity().node {
            return Toward::Here;
        }
        let ways = self.ways();
        let up = || ways.values().find(|way| way.up);
        let over = ways.get(&member.node).or_else(up).filter(|way| Some(&way.peer) != from);
        over.map_or(Toward::Nowhere, |way| Toward::Over(way.clone()))
    }

    /// Takes in a question that came over `from`; false where no sound peer sends it.
    pub(super) fn requested(&self, from: &Arc<Way>, request: LiveRequest) -> bool {
        let id = request.id;
        let (Some(question), Ok(origin)) = (&request.question, request.origin.parse::<MemberId>()) else {
            return false;
        };
        if question.encoded_len() > contract::LIVE_QUESTION_BYTES {
            return false;
        }
        let Ok(of_peer) = from.asked.clone().try_acquire_owned() else {
            from.offer(said(id, Hop::Busy));
            return false;
        };
        let hop = match self.toward(&origin, Some(&from.peer)) {
            Toward::Here => {
                let question = question.clone();
                self.answer(question, within(&request), To::Way { way: from.clone(), id, _permit: of_peer });
                return true;
            }
            Toward::Nowhere => Hop::Offline,
            Toward::Over(way) => match self.0.passing.clone().try_acquire_owned() {
                Err(_) => Hop::Busy,
                Ok(of_all) => {
                    let back = Back::Way { way: Arc::downgrade(from), id, _permits: [of_peer, of_all] };
                    match way.send(request, back) {
                        Ok(()) => return true,
                        Err(hop) => hop,
                    }
                }
            },
        };
        from.offer(said(id, hop))
    }
}

/// How long the answer is of use.
fn within(request: &LiveRequest) -> Duration {
    Duration::from_millis(u64::try_from(request.within_ms).unwrap_or(0)).min(*contract::LIVE_WITHIN.end())
}
