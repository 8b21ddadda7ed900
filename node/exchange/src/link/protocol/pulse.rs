//! Whether the peer is alive, and how its clock differs from ours.

use std::time::Duration;

use duikou_proto::envelope::Micros;

/// How often a ping goes out.
const PING_EVERY: Duration = Duration::from_secs(2);
/// A peer from which nothing came for this long is dead.
const DEAD_AFTER: Duration = Duration::from_secs(7);

/// Pings, and what they tell. Times are of a steady clock, in whatever origin the caller likes.
#[derive(Debug)]
pub(crate) struct Pulse {
    number: i64,
    next_ping: Duration,
    heard: Duration,
    sent: Option<(i64, Duration)>,
    offset: Option<Micros>,
}

/// What is to be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beat {
    /// Send a ping with this number.
    Ping(i64),
    /// Nothing before this time.
    Wait(Duration),
    /// The peer is dead.
    Dead,
}

impl Pulse {
    pub(crate) fn new(now: Duration) -> Self {
        Self { number: 0, next_ping: now, heard: now, sent: None, offset: None }
    }

    /// Anything came from the peer.
    pub(crate) fn heard(&mut self, now: Duration) {
        self.heard = now;
    }

    /// A pong came: the peer's clock stood at `theirs` between our ping and `ours`.
    pub(crate) fn pong(&mut self, now: Duration, number: i64, theirs: Micros, ours: Micros) {
        self.heard(now);
        if let Some((_, sent)) = self.sent.take_if(|(sent, _)| *sent == number) {
            let half = (now.saturating_sub(sent) / 2).as_micros() as Micros;
            self.offset = Some(theirs.saturating_add(half).saturating_sub(ours));
        }
    }

    /// The next ping goes out at once.
    pub(crate) fn hurry(&mut self) {
        self.next_ping = Duration::ZERO;
    }

    /// The peer's clock minus ours, once it is known.
    pub(crate) fn offset(&self) -> Option<Micros> {
        self.offset
    }

    pub(crate) fn beat(&mut self, now: Duration) -> Beat {
        if now >= self.heard + DEAD_AFTER {
            return Beat::Dead;
        }
        if now >= self.next_ping {
            self.next_ping = now + PING_EVERY;
            self.number += 1;
            self.sent.get_or_insert((self.number, now));
            return Beat::Ping(self.number);
        }
        Beat::Wait(self.next_ping.min(self.heard + DEAD_AFTER))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_silent_peer_is_dead_after_seconds_and_a_talking_one_is_not() {
        let mut pulse = Pulse::new(at(0));
        assert_eq!(pulse.beat(at(0)), Beat::Ping(1));
        assert_eq!(pulse.beat(at(1)), Beat::Wait(at(2000)));
        pulse.pong(at(100), 1, 1_000_000, 940_000);
        assert_eq!(pulse.offset(), Some(110_000), "60 ms ahead when it was sent, 50 ms on the way");
        for second in 1..60 {
            pulse.heard(at(second * 1000));
            assert_ne!(pulse.beat(at(second * 1000)), Beat::Dead);
        }
        assert_ne!(pulse.beat(at(59_000 + 6_999)), Beat::Dead);
        assert_eq!(pulse.beat(at(59_000 + 7_000)), Beat::Dead);
    }
}
