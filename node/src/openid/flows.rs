//! Who was led to the provider and has not come back: kept in memory under the hash of what their browser shows, for ten
//! minutes and within a bound. Anybody can begin, so nothing is written to the disk for it; after a restart people begin
//! again.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use duikou_proto::envelope::Micros;
use zeroize::Zeroizing;

use super::Aim;
use crate::limits;
use crate::world::random_text;

/// What is remembered of somebody.
pub(super) struct Flow {
    /// What the provider repeats.
    pub(super) state: String,
    /// What stands in its word.
    pub(super) nonce: String,
    /// What proves to it that whoever shows the code was led there by this server.
    pub(super) verifier: Zeroizing<String>,
    pub(super) aim: Aim,
    pub(super) back: String,
}

type Key = [u8; blake3::OUT_LEN];

/// See the module.
#[derive(Default)]
pub(super) struct Flows(Mutex<Held>);

#[derive(Default)]
struct Held {
    flows: HashMap<Key, (Micros, Flow)>,
    /// In the order in which they began; those that have come back are still in it.
    order: VecDeque<(Micros, Key)>,
}

fn key(secret: &str) -> Key {
    *blake3::hash(secret.as_bytes()).as_bytes()
}

impl Flows {
    /// Remembers somebody; what their browser is to show. Where there are too many the oldest are forgotten.
    pub(super) fn keep(&self, flow: Flow, now: Micros) -> Zeroizing<String> {
        let secret = random_text();
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((begun, oldest)) = held.order.front().copied() {
            if is_good(begun, now) && held.order.len() < limits::OPENID_FLOWS {
                break;
            }
            held.order.pop_front();
            held.flows.remove(&oldest);
        }
        held.order.push_back((now, key(&secret)));
        held.flows.insert(key(&secret), (now, flow));
        secret
    }

    /// Whoever comes back, once: their browser has to show the secret, and the provider to repeat the state.
    pub(super) fn take(&self, secret: &str, state: &str, now: Micros) -> Option<Flow> {
        let key = key(secret);
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Pages of others can lead a browser here, and must not use up what it waits for.
        let known = held.flows.get(&key).is_some_and(|(begun, flow)| is_good(*begun, now) && flow.state == state);
        if known { held.flows.remove(&key).map(|(_, flow)| flow) } else { None }
    }
}

fn is_good(begun: Micros, now: Micros) -> bool {
    (0..limits::OPENID_FLOW.as_micros() as Micros).contains(&now.saturating_sub(begun))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Micros = 60 * 1_000_000;

    fn flow(state: &str) -> Flow {
        let (nonce, verifier) = (String::new(), random_text());
        Flow { state: state.to_owned(), nonce, verifier, aim: Aim::SignIn, back: "/".to_owned() }
    }

    #[test]
    fn somebody_comes_back_once_from_the_browser_that_left_and_in_time() {
        let flows = Flows::default();
        let (one, other) = (flows.keep(flow("a"), 0), flows.keep(flow("b"), 0));
        assert!(flows.take(&one, "b", 1).is_none(), "another's answer");
        assert!(flows.take("", "a", 1).is_none());
        assert_eq!(
            flows.take(&one, "a", 1).map(|flow| flow.state).as_deref(),
            Some("a"),
            "the wrong ones used nothing up"
        );
        assert!(flows.take(&one, "a", 1).is_none(), "it is a replay");
        assert!(flows.take(&other, "b", 10 * MINUTE).is_none(), "it is too late");
    }

    #[test]
    fn what_is_remembered_has_a_bound() {
        let flows = Flows::default();
        let first = flows.keep(flow("first"), 0);
        for _ in 0..limits::OPENID_FLOWS {
            flows.keep(flow("x"), 1);
        }
        let held = flows.0.lock().unwrap();
        assert_eq!((held.flows.len(), held.order.len()), (limits::OPENID_FLOWS, limits::OPENID_FLOWS));
        drop(held);
        assert!(flows.take(&first, "first", 1).is_none());
        flows.keep(flow("later"), 20 * MINUTE);
        assert_eq!(flows.0.lock().unwrap().flows.len(), 1);
    }
}
