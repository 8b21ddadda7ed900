//! Where a subscription began that was not to begin with all that there was.
//!
//! The cursor alone remembers that only until the feed begins again (other rights, a restore, a cursor that is too old).
//! From then on every listing is looked at anew, and what was there before must not be told as if it had just come.

use duikou_proto::envelope::{Micros, Part};
use duikou_proto::scope::ScopeSet;
use serde::{Deserialize, Serialize};

use super::event::written;
use crate::engine::{Engine, Reader};
use crate::store::Seq;

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Began {
    time: Micros,
    /// Where the feed's head was.
    head: Seq,
    /// The scopes in which its subscriber saw what others have there; None: all.
    scopes: Option<String>,
}

impl Began {
    /// With what changes from now on, as `reader` sees it.
    pub(crate) fn now(engine: &Engine, reader: &Reader) -> Self {
        let scopes = engine.viewer(reader).scopes().map(ScopeSet::to_text);
        Self { time: engine.now(), head: engine.head(), scopes }
    }

    /// Whether a listing whose name `first` came to this server there counts although the subscriber has never had it.
    ///
    /// What was written since does. What is older does where it was on its way and the subscriber would have got it: its
    /// name is new here, and for those among whom the subscriber was then. What others had before the subscriber came to
    /// them was never meant to come, however late it arrives.
    pub(crate) fn counts(&self, part: &Part, first: Seq) -> bool {
        written(part) >= self.time || (first > self.head && self.was_for(part.scopes()))
    }

    fn was_for(&self, scopes: &ScopeSet) -> bool {
        match &self.scopes {
            None => true,
            Some(then) => ScopeSet::from_text(then).is_ok_and(|then| scopes.meets(&then)),
        }
    }
}
