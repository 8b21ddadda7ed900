//! One thing that a subscriber is to be told.

use duikou_proto::envelope::{Micros, Part, Statement};
use duikou_proto::name::{NetworkName, RecordName};
use duikou_proto::v1::no_longer::Reason;
use duikou_proto::v1::{self, Listing, Matched, Opportunity, SubscriptionEvent, subscription_event};

use super::memory::{HadFact, LeftFact};
use crate::feed::{Cursor, listing_of};
use crate::json::{Defaults, Layout, to_json};
use crate::limits;

/// What is to be told of a name.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) name: RecordName,
    pub(crate) what: What,
    /// Of a counterpart: what it answers, and why.
    pub(crate) matched: Option<Matched>,
    /// What the subscriber will have had of it.
    pub(crate) had: HadFact,
    /// What is noted of it now.
    pub(crate) before: Option<HadFact>,
    /// Where the subscription stood before it.
    pub(crate) cursor: Cursor,
}

/// New, changed or gone.
#[derive(Debug, Clone)]
pub(crate) enum What {
    Published(Box<Listing>),
    Updated(Box<Listing>),
    Left(Reason),
    /// Is told again although it left before; nothing is noted.
    LeftBefore(LeftFact),
}

impl Event {
    /// The same for each attempt, and another for everything else that the subscriber is ever told.
    pub(crate) fn id(&self, subscription: &str) -> String {
        let mut hasher = blake3::Hasher::new_derive_key("duikou subscription event, form 1");
        hasher.update(subscription.as_bytes()).update(&[0]).update(self.name.as_str().as_bytes()).update(&[0]);
        hasher.update(&self.had.entry.to_le_bytes());
        match &self.what {
            What::Published(_) | What::Updated(_) => hasher.update(b"listing").update(&self.had.offered.to_le_bytes()),
            What::Left(_) | What::LeftBefore(_) => hasher.update(b"left"),
        };
        format!("evt_{}", &hasher.finalize().to_hex()[..32])
    }

    /// Its type, as receivers know it.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.what {
            What::Published(_) => "listing.published",
            What::Updated(_) => "listing.updated",
            What::Left(reason) => left_kind(*reason),
            What::LeftBefore(left) => left_kind(Reason::try_from(left.reason).unwrap_or(Reason::Unspecified)),
        }
    }

    /// Why the name is gone, where it is.
    pub(crate) fn reason(&self) -> Option<Reason> {
        match &self.what {
            What::Published(_) | What::Updated(_) => None,
            What::Left(reason) => Some(*reason),
            What::LeftBefore(left) => Some(Reason::try_from(left.reason).unwrap_or(Reason::Unspecified)),
        }
    }

    /// Whether it tells that a name is gone.
    pub(crate) fn is_departure(&self) -> bool {
        self.listing().is_none()
    }

    /// The listing, where it is there.
    pub(crate) fn listing(&self) -> Option<&Listing> {
        match &self.what {
            What::Published(listing) | What::Updated(listing) => Some(listing),
            What::Left(_) | What::LeftBefore(_) => None,
        }
    }

    /// The body of a webhook. A listing that would make it too large is told by name and revision.
    pub(crate) fn body(&self, subscription: &str, now: Micros) -> Vec<u8> {
        let told = self.listing().map(|listing| to_json(listing, Layout::Line, Defaults::Left));
        let matched = self.matched.as_ref().map(|matched| to_json(matched, Layout::Line, Defaults::Left));
        let room = (limits::DELIVERY_BODY_BYTES - ROOM).saturating_sub(matched.as_ref().map_or(0, String::len));
        let short = told.filter(|json| json.len() <= room);
        let data = Data {
            subscription: format!("subscriptions/{subscription}"),
            listing: short.and_then(|json| serde_json::from_str(&json).ok()),
            name: self.name.as_str(),
            revision: self.listing().map(|listing| listing.revision.to_string()),
            reason: self.reason().map(|reason| reason.as_str_name()),
            matched: matched.and_then(|json| serde_json::from_str(&json).ok()),
        };
        body(self.kind(), now, &data)
    }

    /// For those who pull.
    pub(crate) fn told(&self, subscription: &str) -> SubscriptionEvent {
        let data = match self.listing() {
            Some(listing) => subscription_event::Data::Listing(listing.clone()),
            None => subscription_event::Data::NoLonger(v1::NoLonger {
                name: self.name.to_string(),
                reason: self.reason().unwrap_or(Reason::Unspecified).into(),
            }),
        };
        SubscriptionEvent {
            id: self.id(subscription),
            r#type: self.kind().to_owned(),
            matched: self.matched.clone(),
            data: Some(data),
        }
    }
}

/// What a body holds beside the listing, at most.
const ROOM: usize = 1_024;

fn left_kind(reason: Reason) -> &'static str {
    match reason {
        Reason::Withdrawn | Reason::Filled | Reason::Expired | Reason::Deleted => "listing.withdrawn",
        Reason::Unspecified
        | Reason::Narrowed
        | Reason::Filter
        | Reason::ScopeLost
        | Reason::Suspended
        | Reason::Removed
        | Reason::Hidden => "listing.no_longer",
    }
}

#[derive(serde::Serialize)]
struct Data<'a> {
    subscription: String,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    matched: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    listing: Option<serde_json::Value>,
}

#[derive(serde::Serialize)]
struct Body<'a, T> {
    r#type: &'a str,
    timestamp: String,
    data: &'a T,
}

/// `{type, timestamp, data}`.
pub(crate) fn body<T: serde::Serialize>(kind: &str, now: Micros, data: &T) -> Vec<u8> {
    let timestamp = jiff::Timestamp::from_microsecond(now).unwrap_or_default().to_string();
    serde_json::to_vec(&Body { r#type: kind, timestamp, data }).unwrap_or_default()
}

/// When the origin wrote a record.
pub(crate) fn written(part: &Part) -> Micros {
    match part.statement() {
        Statement::Record { update_time, .. } => *update_time,
        Statement::Withdrawal { .. } => part.revision(),
    }
}

/// The listing in a record.
pub(crate) fn listing(part: &Part, opportunity: Opportunity, network: &NetworkName) -> Box<Listing> {
    Box::new(listing_of(part, opportunity, network))
}
