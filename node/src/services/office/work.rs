//! What waits for the people of an office, beside drafts and listings: what others refused or have not confirmed, links
//! that are down, and what an operator should act on.

use duikou_proto::language::Language;
use duikou_proto::name::{NodeId, RecordName};
use duikou_proto::scope::Scope;
use duikou_proto::v1::{Alarm, LinkStatus};
use tonic::{Request, Status};

use super::Office;
use crate::engine::receipts::Unconfirmed;
use crate::engine::refused_by::RefusedBy;
use crate::engine::{RejectionFact, facts};
use crate::limits;
use crate::services::auth::Caller;
use crate::services::error::Failure;
use crate::services::status;

/// A listing of ours that a peer or a member elsewhere refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) name: RecordName,
    pub(crate) peer: String,
    /// Why, as a number of the contract (`Rejected.Code`).
    pub(crate) code: i32,
}

/// See the module.
#[derive(Debug, Clone, Default)]
pub(crate) struct WorkFacts {
    /// Listings of the caller's own members that a peer or a member elsewhere refused.
    pub(crate) refused: Vec<Refusal>,
    /// Whether there may be more than these.
    pub(crate) more_refused: bool,
    /// Who should have confirmed by now what they have published; scopes as people write them.
    pub(crate) unconfirmed: Vec<Unconfirmed>,
    pub(crate) links: Vec<LinkStatus>,
    /// For administrators of the server.
    pub(crate) alarms: Vec<Alarm>,
}

impl Office {
    /// What waits for whoever asks: for people of a member here.
    ///
    /// # Errors
    /// Where they are none, or the store cannot be read.
    pub(crate) async fn work(&self, request: Request<()>) -> Result<WorkFacts, Status> {
        let (caller, language, ()) = self.of_office(request).await?;
        let mut found = self.facts_for(&caller, language).await.map_err(|failure| failure.status(language))?;
        if caller.require_admin().is_ok_and(|of| of.is_none()) {
            found.alarms = self.context.alarms.told(language);
        }
        Ok(found)
    }

    async fn facts_for(&self, caller: &Caller, language: Language) -> Result<WorkFacts, Failure> {
        let engine = &self.door.engine;
        let own = self.own(&caller.reader);
        let (refusals, by_holders, unconfirmed, links) = tokio::join!(
            engine.facts::<RejectionFact>(facts::REFUSALS, limits::REJECTIONS),
            engine.refused_by(|member| own.contains(member)),
            engine.unconfirmed(|member| own.contains(member)),
            status::links(&self.context, language),
        );
        let (mut refused, refusals) = (Vec::new(), refusals?);
        let more_refused = refusals.len() >= limits::REJECTIONS;
        for (key, fact) in refusals {
            let rest = key.strip_prefix(facts::REFUSALS).and_then(|rest| rest.split_once('/'));
            let Some((peer, Ok(name))) = rest.map(|(peer, name)| (peer.parse::<NodeId>(), name.parse::<RecordName>()))
            else {
                continue;
            };
            let listing = name.as_str().contains("/listings/");
            if let (Ok(peer), true) = (peer, listing && own.contains(&name.origin())) {
                refused.push(Refusal { name, peer: peer.to_string(), code: fact.code });
            }
        }
        for RefusedBy { name, holder, code, .. } in by_holders? {
            if name.as_str().contains("/listings/") {
                refused.push(Refusal { name, peer: holder.to_string(), code: code.into() });
            }
        }
        let (mut unconfirmed, mut links) = (unconfirmed?, links?);
        let network = &engine.identity().network;
        for scope in unconfirmed.iter_mut().flat_map(|lacking| &mut lacking.scopes) {
            if let Ok(read) = scope.parse::<Scope>() {
                *scope = read.short(network);
            }
        }
        for link in &mut links {
            // They name records of all who live here.
            link.rejected_by_peer.clear();
            link.rejected_here.clear();
        }
        Ok(WorkFacts { refused, more_refused, unconfirmed, links, alarms: Vec::new() })
    }
}
