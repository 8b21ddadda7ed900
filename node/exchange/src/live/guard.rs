//! Each question is answered once, and nobody is answered without end.

use std::collections::{BTreeSet, HashMap};

use duikou_proto::envelope::Micros;
use duikou_proto::limits as contract;
use duikou_proto::live::Asked;
use duikou_proto::name::MemberId;

use crate::limits;

/// Until how long after its time a question passes for one of now.
const FRESH: Micros = contract::CLOCK_REFUSE.as_micros() as Micros;
const SECOND: Micros = 1_000_000;

/// What is to become of a question whose signature is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is answered.
    New,
    /// It was met before, or may have been: not a word.
    Met,
    /// Its asker asks too often.
    Often,
    /// No more can be remembered for now.
    Full,
}

/// What was met lately. Times are those of this server's clock, and of askers' where said.
#[derive(Debug, Default)]
pub(super) struct Guard {
    /// By the asker's time, as long as that passes for now: asker and nonce, hashed.
    met: BTreeSet<(Micros, [u8; 16])>,
    allowances: HashMap<MemberId, Allowance>,
    /// What is not younger than this, by the asker's clock, may have been met and forgotten.
    floor: Micros,
}

/// How many questions an asker still has.
#[derive(Debug, Clone, Copy)]
struct Allowance {
    left: u32,
    since: Micros,
}

impl Guard {
    /// One that remembers these. Others may have come and be forgotten, none after `lost`; None: there were none.
    pub(super) fn remembering(
        met: impl IntoIterator<Item = (MemberId, [u8; 16], Micros)>,
        lost: Option<Micros>,
    ) -> Self {
        let met = met.into_iter().map(|(asker, nonce, time)| (time, key(&asker, &nonce))).collect();
        // Nothing is let in whose time lies further ahead than that when it comes.
        Self { met, floor: lost.map_or(0, |lost| lost + FRESH), ..Self::default() }
    }

    /// Takes in a question that was verified at `now`.
    pub(super) fn admit(&mut self, asked: &Asked, now: Micros) -> Verdict {
        self.judge(&asked.exchange.asker, &asked.exchange.nonce, asked.time, now)
    }

    fn judge(&mut self, asker: &MemberId, nonce: &[u8; 16], time: Micros, now: Micros) -> Verdict {
        // What is older is refused for its time.
        self.met = self.met.split_off(&(now - FRESH, [0; 16]));
        let place = (time, key(asker, nonce));
        if time <= self.floor || self.met.contains(&place) {
            return Verdict::Met;
        }
        if self.met.len() >= limits::LIVE_MET {
            return Verdict::Full;
        }
        if !self.allows(asker, now) {
            return Verdict::Often;
        }
        self.met.insert(place);
        Verdict::New
    }

    fn allows(&mut self, asker: &MemberId, now: Micros) -> bool {
        let whole = Allowance { left: limits::LIVE_BURST, since: now };
        let allowance = self.allowances.entry(asker.clone()).or_insert(whole);
        let earned = (now - allowance.since).max(0) / SECOND * i64::from(limits::LIVE_PER_SECOND);
        if earned > 0 {
            let earned = u32::try_from(earned).unwrap_or(u32::MAX);
            *allowance = Allowance { left: allowance.left.saturating_add(earned).min(limits::LIVE_BURST), since: now };
        }
        let allowed = allowance.left > 0;
        allowance.left = allowance.left.saturating_sub(1);
        allowed
    }
}

fn key(asker: &MemberId, nonce: &[u8; 16]) -> [u8; 16] {
    let hash = blake3::Hasher::new().update(nonce).update(asker.as_str().as_bytes()).finalize();
    let mut key = [0; 16];
    key.copy_from_slice(&hash.as_bytes()[..16]);
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Micros = 1_800_000_000_000_000;

    fn asker(id: &str) -> MemberId {
        format!("{id}.pprd.example").parse().unwrap()
    }

    #[test]
    fn a_question_is_met_once_while_its_time_passes_for_now() {
        let (mut guard, a) = (Guard::default(), asker("a"));
        for time in [NOW - FRESH, NOW, NOW + FRESH] {
            assert_eq!(guard.judge(&a, &[1; 16], time, NOW), Verdict::New);
            for now in [NOW, time + FRESH] {
                assert_eq!(guard.judge(&a, &[1; 16], time, now), Verdict::Met, "{time} at {now}");
            }
        }
        assert_eq!(guard.judge(&asker("b"), &[1; 16], NOW, NOW), Verdict::New, "a nonce is its asker's");
        assert_eq!(guard.judge(&a, &[2; 16], NOW, NOW), Verdict::New);
    }

    #[test]
    fn what_is_too_old_to_pass_is_forgotten() {
        let (mut guard, a) = (Guard::default(), asker("a"));
        for minute in 0..1000 {
            let now = NOW + minute * 60 * SECOND;
            assert_eq!(guard.judge(&a, &[minute as u8; 16], now, now), Verdict::New);
            assert!(guard.met.len() <= 11, "{}", guard.met.len());
        }
    }

    #[test]
    fn nobody_asks_without_end() {
        let (mut guard, a) = (Guard::default(), asker("a"));
        let mut nonce = 0_u128;
        let mut ask = |asker: &MemberId, now: Micros| {
            nonce += 1;
            guard.judge(asker, &nonce.to_le_bytes(), now, now)
        };
        for _ in 0..limits::LIVE_BURST {
            assert_eq!(ask(&a, NOW), Verdict::New);
        }
        assert_eq!(ask(&a, NOW), Verdict::Often);
        assert_eq!(ask(&asker("b"), NOW), Verdict::New, "others ask on");
        let later: Vec<_> = (0..=limits::LIVE_PER_SECOND).map(|_| ask(&a, NOW + SECOND)).collect();
        assert_eq!(later.iter().filter(|verdict| **verdict == Verdict::New).count() as u32, limits::LIVE_PER_SECOND);
    }

    #[test]
    fn a_restart_forgets_nothing_that_was_written_down() {
        let a = asker("a");
        let mut guard = Guard::remembering([(a.clone(), [1; 16], NOW)], None);
        assert_eq!(guard.judge(&a, &[1; 16], NOW, NOW + SECOND), Verdict::Met);
        assert_eq!(guard.judge(&a, &[2; 16], NOW, NOW + SECOND), Verdict::New);
        let mut guard = Guard::remembering([], Some(NOW));
        assert_eq!(guard.judge(&a, &[1; 16], NOW + FRESH, NOW), Verdict::Met, "it may have been met before");
        assert_eq!(guard.judge(&a, &[1; 16], NOW + FRESH + 1, NOW + 1), Verdict::New);
    }
}
