//! What listings of a member here said that have ended, for those who may write for it.

use duikou_proto::name::{MemberId, RecordName};
use duikou_proto::v1::{Listing, WithdrawalReason};
use tonic::{Request, Status};

use super::Listings;
use super::read::record_name;
use crate::accounts::Role;
use crate::engine::Ended;
use crate::feed::{listing_of, readable};
use crate::services::error::Failure;
use crate::time::timestamp;

/// A listing that has ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EndedListing {
    /// What it said at last.
    pub(crate) listing: Listing,
    pub(crate) reason: WithdrawalReason,
    pub(crate) end_time: prost_types::Timestamp,
}

/// Which of them are asked for.
#[derive(Debug, Clone)]
pub(crate) struct EndedAsk {
    pub(crate) member: MemberId,
    pub(crate) reason: WithdrawalReason,
    /// Where the page begins; empty: with the last that ended.
    pub(crate) before: String,
    pub(crate) limit: usize,
}

/// A page of them, and where the next begins; empty: there is none.
pub(crate) type EndedPage = (Vec<EndedListing>, String);

impl Listings {
    /// One by its name.
    pub(crate) async fn ended(&self, request: Request<String>) -> Result<EndedListing, Status> {
        let (caller, language, text) = self.door.enter_with(Role::Editor, request).await?;
        let found = async {
            let absent = || Failure::NotFound(text.clone());
            let name: RecordName = record_name(&text, self.network()).map_err(|_| absent())?;
            caller.require_editor_of(&name.origin())?;
            let found = self.door.engine.ended(&name).await?;
            found.and_then(|ended| self.shown(&ended)).ok_or_else(absent)
        };
        found.await.map_err(|failure| failure.status(language))
    }

    /// Those of a member, the last that ended first.
    pub(crate) async fn all_ended(&self, request: Request<EndedAsk>) -> Result<EndedPage, Status> {
        let (caller, language, ask) = self.door.enter_with(Role::Editor, request).await?;
        let found = async {
            caller.require_editor_of(&ask.member)?;
            let (found, next) = self.door.engine.all_ended(&ask.member, ask.reason, &ask.before, ask.limit).await?;
            let shown = found.iter().filter_map(|ended| self.shown(ended)).collect();
            Ok::<_, Failure>((shown, next.unwrap_or_default()))
        };
        found.await.map_err(|failure| failure.status(language))
    }

    fn shown(&self, ended: &Ended) -> Option<EndedListing> {
        let listing = listing_of(&ended.record, readable(&ended.record)?, self.network());
        Some(EndedListing { listing, reason: ended.reason, end_time: timestamp(ended.time) })
    }
}
