//! How much may be on its way beside the pulse of a link without holding that back: an answered ping says that whatever
//! went before it has arrived.

use std::collections::VecDeque;
use std::time::Duration;

/// How soon after a ping another is sent ahead of its time.
const PINGS_APART: Duration = Duration::from_millis(150);
/// Pings that are waited for.
const MARKS: usize = 16;

/// Bytes that were sent, and that have arrived. Times are of a steady clock, in whatever origin the caller likes.
#[derive(Debug)]
pub(crate) struct Credit {
    window: u64,
    sent: u64,
    arrived: u64,
    /// Pings that are not answered yet, with what had been sent before them.
    marks: VecDeque<(i64, u64)>,
    pinged: Duration,
}

impl Credit {
    /// For so many bytes at most; one piece may go beyond it.
    pub(crate) fn new(window: usize) -> Self {
        Self { window: window as u64, sent: 0, arrived: 0, marks: VecDeque::new(), pinged: Duration::ZERO }
    }

    /// Whether more may be sent.
    pub(crate) fn is_open(&self) -> bool {
        self.sent - self.arrived < self.window
    }

    /// So many bytes were sent.
    pub(crate) fn sent(&mut self, bytes: usize) {
        self.sent += bytes as u64;
    }

    /// A ping was sent.
    pub(crate) fn pinged(&mut self, now: Duration, number: i64) {
        self.pinged = now;
        if self.sent > self.arrived {
            if self.marks.len() == MARKS {
                self.marks.pop_front();
            }
            self.marks.push_back((number, self.sent));
        }
    }

    /// A ping was answered.
    pub(crate) fn ponged(&mut self, number: i64) {
        while let Some((_, sent)) = self.marks.pop_front_if(|(marked, _)| *marked <= number) {
            self.arrived = self.arrived.max(sent);
        }
    }

    /// When a ping should go out ahead of its time; None: that would help nothing.
    pub(crate) fn ping_at(&self) -> Option<Duration> {
        let due = self.marks.is_empty() && self.sent - self.arrived >= self.window / 2;
        due.then(|| self.pinged + PINGS_APART)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn no_more_is_on_its_way_than_the_window_and_a_piece() {
        let (mut credit, mut number, mut waiting) = (Credit::new(1000), 0, VecDeque::new());
        let mut passed = 0;
        for step in 0..10_000 {
            let now = at(step * 10);
            if credit.is_open() {
                credit.sent(300);
                passed += 300;
            }
            assert!(credit.sent - credit.arrived < 1300);
            if credit.ping_at().is_some_and(|at| at <= now) {
                number += 1;
                credit.pinged(now, number);
                waiting.push_back((now + at(40), number));
            }
            while let Some((_, number)) = waiting.pop_front_if(|(due, _)| *due <= now) {
                credit.ponged(number);
            }
        }
        assert!(number <= 100_000 / 150 + 1, "{number} pings");
        assert!(passed > 500_000, "it goes on: {passed}");
    }

    #[test]
    fn a_peer_that_answers_nothing_gets_no_more() {
        let mut credit = Credit::new(1000);
        while credit.is_open() {
            credit.sent(100);
        }
        for number in 1..100 {
            credit.pinged(at(number as u64), number);
        }
        assert!(!credit.is_open() && credit.marks.len() == MARKS);
        credit.ponged(50);
        assert!(!credit.is_open(), "it answers a ping that was not sent, or long ago");
        credit.ponged(99);
        assert!(credit.is_open());
    }
}
