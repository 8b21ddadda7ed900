//! There is no provider in this build.

use duikou_proto::envelope::Micros;
use duikou_proto::language::Language;

use super::{Aim, Arrived, Leaving, Refused, Returning};
use crate::config::Config;
use crate::delivery::SetupError;

/// Nothing is one.
#[derive(Debug, Clone)]
pub(crate) enum Provider {}

impl Provider {
    /// None; a configuration that names one is refused before.
    ///
    /// # Errors
    /// Never.
    pub(crate) fn open(_: &Config) -> Result<Option<Self>, SetupError> {
        Ok(None)
    }

    pub(crate) fn issuer(&self) -> &str {
        match *self {}
    }

    pub(crate) fn label(&self, _: Language) -> &str {
        match *self {}
    }

    pub(crate) fn asks_for_factor(&self) -> bool {
        match *self {}
    }

    pub(crate) async fn reach(&self, _: Micros) -> Result<(), Refused> {
        match *self {}
    }

    pub(crate) async fn leave(&self, _: Aim, _: String, _: Language, _: Micros) -> Result<Leaving, Refused> {
        match *self {}
    }

    pub(crate) async fn arrive(&self, _: &Returning, _: Micros) -> Result<Arrived, (Refused, String)> {
        match *self {}
    }
}
