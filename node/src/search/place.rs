//! How far an index has read the feed: kept with every commit, so that both are always of one moment.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::schema::VERSION;
use crate::engine::{Engine, Known};
use crate::store::Seq;

/// Positions on the two orders of the feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Among changes of content.
    pub(crate) content: Seq,
    /// Among everything, for records that were only signed anew.
    pub(crate) link: Seq,
}

impl Place {
    /// Before everything. What was only signed anew before now is read with the content.
    pub(crate) fn beginning(engine: &Engine) -> Self {
        Self { content: 0, link: engine.head() }
    }

    /// As it is kept: sealed, so that it is good for this feed alone, and for as long as the feed remembers it.
    pub(crate) fn seal(self, engine: &Engine) -> String {
        let mut bound = VERSION.to_le_bytes().to_vec();
        bound.extend_from_slice(&self.link.to_le_bytes());
        BASE64_STANDARD.encode(engine.seal_position(self.content, engine.head().max(self.content), &bound))
    }

    /// Reads what [`Self::seal`] wrote; None where the feed does not go on from there.
    pub(crate) fn open(engine: &Engine, payload: &str) -> Option<Self> {
        let (position, bound) = engine.open_position(&BASE64_STANDARD.decode(payload).ok()?)?;
        let Known::Yes(content) = engine.knows(&position) else { return None };
        let link = bound.strip_prefix(&VERSION.to_le_bytes())?;
        let link = Seq::from_le_bytes(link.try_into().ok()?);
        (content >= engine.content_floor()).then_some(Self { content, link })
    }
}
