//! Where a page goes on: after which entry of the page before.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use duikou_proto::name::{NetworkName, RecordName};

/// The end of the key under which an entry is found: a number, and the name of its listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place(String);

impl Place {
    /// The place of an entry whose key ends so.
    pub(super) fn of(end: &str) -> Self {
        Self(end.to_owned())
    }

    /// As an address has it; None where no page has given it.
    pub(crate) fn read(after: &str, network: &NetworkName) -> Option<Self> {
        let place = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(after).ok()?).ok()?;
        let (number, name) = place.split_once('/')?;
        let good = number.bytes().all(|byte| byte.is_ascii_digit()) && RecordName::parse(name, network).is_ok();
        good.then_some(Self(place))
    }

    /// As an address has it.
    pub(crate) fn write(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(&self.0)
    }

    /// The end of the key.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}
