//! Frames that say nothing new: a few are in order, a flood of them ends the link.

use std::time::Duration;

use super::Violation;

/// Over what time they are counted.
const WITHIN: Duration = Duration::from_secs(10);

/// A count of them. Times are of a steady clock, in whatever origin the caller likes.
#[derive(Debug)]
pub(crate) struct Chatter {
    limit: u32,
    since: Duration,
    count: u32,
}

impl Chatter {
    /// For a stream that has so many at most in ten seconds.
    pub(crate) fn new(limit: u32) -> Self {
        Self { limit, since: Duration::ZERO, count: 0 }
    }

    /// One more.
    pub(crate) fn heard(&mut self, now: Duration) -> Result<(), Violation> {
        if now >= self.since + WITHIN {
            (self.since, self.count) = (now, 0);
        }
        self.count += 1;
        if self.count > self.limit { Err(Violation::Chatter) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pulse_is_no_flood() {
        let mut chatter = Chatter::new(10);
        for second in 0..1000 {
            assert_eq!(chatter.heard(Duration::from_secs(second)), Ok(()));
        }
        let flood = (0..20).try_for_each(|_| chatter.heard(Duration::from_secs(2000)));
        assert_eq!(flood, Err(Violation::Chatter));
    }
}
