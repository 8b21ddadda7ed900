//! What listings of a member here said that have ended, for those who may write for it.

use duikou_proto::name::{MemberId, RecordName};
use duikou_proto::v1::{Excerpt, Listing, WithdrawalReason};
use tonic::{Request, Status};

use super::Listings;
use super::read::record_name;
use crate::accounts::Role;
use crate::engine::Ended;
use crate::feed::{listing_of, readable};
use crate::search::{Reach, excerpts, holds, parse};
use crate::services::error::Failure;
use crate::time::timestamp;

/// A listing that has ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EndedListing {
    /// What it said at last.
    pub(crate) listing: Listing,
    pub(crate) reason: WithdrawalReason,
    pub(crate) end_time: prost_types::Timestamp,
    /// Where the words stand that were looked for.
    pub(crate) excerpts: Vec<Excerpt>,
}

/// Which of them are asked for.
#[derive(Debug, Clone)]
pub(crate) struct EndedAsk {
    pub(crate) member: MemberId,
    pub(crate) reason: WithdrawalReason,
    /// Words that they hold, as a search has them; empty: any.
    pub(crate) query: String,
    /// Of which kinds; empty: of all.
    pub(crate) kinds: Vec<String>,
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

    /// Those of a member that are looked for, the last that ended first.
    pub(crate) async fn all_ended(&self, request: Request<EndedAsk>) -> Result<EndedPage, Status> {
        let (caller, language, ask) = self.door.enter_with(Role::Editor, request).await?;
        let found = async {
            caller.require_editor_of(&ask.member)?;
            let EndedAsk { member, reason, query, kinds, before, limit } = ask;
            let query = parse(&query, false).map_err(Failure::Violations)?;
            let (any, now) = (query.wanted.is_empty() && query.unwanted.is_empty(), self.door.engine.now());
            let wanted = |ended: &Ended| {
                let of_kind = kinds.is_empty() || kinds.iter().any(|kind| kind == ended.record.kind().as_str());
                of_kind && (any || readable(&ended.record).is_some_and(|said| holds(&said, &query, now)))
            };
            let (found, next) = self.door.engine.all_ended(&member, reason, &before, limit, wanted).await?;
            let mut shown: Vec<EndedListing> = found.iter().filter_map(|ended| self.shown(ended)).collect();
            for ended in &mut shown {
                let said = ended.listing.listing.as_ref();
                ended.excerpts = said.map(|said| excerpts(said, &query, Reach::Exact)).unwrap_or_default();
            }
            Ok::<_, Failure>((shown, next.unwrap_or_default()))
        };
        found.await.map_err(|failure| failure.status(language))
    }

    fn shown(&self, ended: &Ended) -> Option<EndedListing> {
        let listing = listing_of(&ended.record, readable(&ended.record)?, self.network());
        Some(EndedListing { listing, reason: ended.reason, end_time: timestamp(ended.time), excerpts: Vec::new() })
    }
}
