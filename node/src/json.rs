//! The contract's messages as JSON: lowerCamelCase, in the order of the contract, the same wherever they are
//! written.

use duikou_proto::{federation, v1};
use prost_reflect::{DynamicMessage, SerializeOptions};

pub(crate) use crate::contract::descriptor;

/// A message that knows its full name.
pub trait Named: prost::Message {
    /// For example `duikou.v1.Listing`.
    const NAME: &'static str;
}

macro_rules! named {
    ($($message:ty = $name:literal),* $(,)?) => {
        $(impl Named for $message {
            const NAME: &'static str = $name;
        })*

        #[cfg(test)]
        const NAMES: &[&str] = &[$($name),*];
    };
}

named! {
    v1::KeyInfo = "duikou.v1.KeyInfo",
    v1::Status = "duikou.v1.Status",
    v1::Listing = "duikou.v1.Listing",
    v1::Holder = "duikou.v1.Holder",
    v1::Draft = "duikou.v1.Draft",
    v1::DraftDifference = "duikou.v1.DraftDifference",
    v1::ApproveDraftResponse = "duikou.v1.ApproveDraftResponse",
    v1::ApproveDraftBatchResponse = "duikou.v1.ApproveDraftBatchResponse",
    v1::ApprovalPolicy = "duikou.v1.ApprovalPolicy",
    v1::Setting = "duikou.v1.Setting",
    v1::TakeInDraftsResponse = "duikou.v1.TakeInDraftsResponse",
    v1::SearchListingsResponse = "duikou.v1.SearchListingsResponse",
    v1::SearchResult = "duikou.v1.SearchResult",
    v1::FeedEvent = "duikou.v1.FeedEvent",
    v1::Member = "duikou.v1.Member",
    v1::Circle = "duikou.v1.Circle",
    v1::Filter = "duikou.v1.Filter",
    v1::Token = "duikou.v1.Token",
    v1::Account = "duikou.v1.Account",
    v1::CreateAccountResponse = "duikou.v1.CreateAccountResponse",
    v1::ResetAccountResponse = "duikou.v1.ResetAccountResponse",
    v1::CreateAdministratorResponse = "duikou.v1.CreateAdministratorResponse",
    v1::Session = "duikou.v1.Session",
    v1::RevokeSessionResponse = "duikou.v1.RevokeSessionResponse",
    v1::AuditEntry = "duikou.v1.AuditEntry",
    v1::VerifyAuditResponse = "duikou.v1.VerifyAuditResponse",
    v1::RevokeTokenResponse = "duikou.v1.RevokeTokenResponse",
    v1::CreateTokenResponse = "duikou.v1.CreateTokenResponse",
    v1::Subscription = "duikou.v1.Subscription",
    v1::CreateSubscriptionResponse = "duikou.v1.CreateSubscriptionResponse",
    v1::RotateSubscriptionSecretResponse = "duikou.v1.RotateSubscriptionSecretResponse",
    v1::Delivery = "duikou.v1.Delivery",
    v1::Matched = "duikou.v1.Matched",
    v1::SubscriptionEvent = "duikou.v1.SubscriptionEvent",
    v1::PullSubscriptionResponse = "duikou.v1.PullSubscriptionResponse",
    v1::WithdrawListingResponse = "duikou.v1.WithdrawListingResponse",
    v1::QueryListingsResponse = "duikou.v1.QueryListingsResponse",
    v1::Match = "duikou.v1.Match",
    v1::Question = "duikou.v1.Question",
    v1::BackupResponse = "duikou.v1.BackupResponse",
    v1::batch_create_listings_response::Result = "duikou.v1.BatchCreateListingsResponse.Result",
    federation::Enterprise = "duikou.federation.v1.Enterprise",
    federation::CreateInviteResponse = "duikou.federation.v1.CreateInviteResponse",
    federation::RootRequest = "duikou.federation.v1.RootRequest",
    federation::Invite = "duikou.federation.v1.Invite",
}

/// What is written of fields that have their default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Defaults {
    /// They stand there: programs find every key.
    Written,
    /// They do not: the import form.
    Left,
}

/// How a document is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// On one line.
    Line,
    /// Indented.
    Pretty,
}

/// `message` as JSON.
pub fn to_json<T: Named>(message: &T, layout: Layout, defaults: Defaults) -> String {
    let bytes = message.encode_to_vec();
    let dynamic = DynamicMessage::decode(descriptor(T::NAME), &*bytes).expect("it was encoded just now");
    let options = SerializeOptions::new().skip_default_fields(defaults == Defaults::Left);
    let mut out = Vec::new();
    let written = match layout {
        Layout::Line => dynamic.serialize_with_options(&mut serde_json::Serializer::new(&mut out), &options),
        Layout::Pretty => dynamic.serialize_with_options(&mut serde_json::Serializer::pretty(&mut out), &options),
    };
    match written {
        Ok(()) => String::from_utf8_lossy(&out).into_owned(),
        // A time outside the years 1 to 9999 has no JSON form; only a server with a fault sends one.
        Err(error) => serde_json::json!({ "error": error.to_string() }).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_in_the_contract() {
        for name in NAMES {
            assert_eq!(descriptor(name).full_name(), *name);
        }
    }

    #[test]
    fn keys_are_lower_camel_case_in_the_order_of_the_contract() {
        let result = v1::batch_create_listings_response::Result {
            name: "members/a.n/listings/x".to_owned(),
            outcome: 3,
            revision: 7,
            ..Default::default()
        };
        assert_eq!(
            to_json(&result, Layout::Line, Defaults::Written),
            r#"{"name":"members/a.n/listings/x","outcome":"UNCHANGED","violations":[],"revision":"7","draft":"","changes":false,"changedFields":[]}"#
        );
        let circle = v1::Circle { name: "c".to_owned(), members: Vec::new() };
        assert_eq!(to_json(&circle, Layout::Line, Defaults::Left), r#"{"name":"c"}"#);
    }
}
