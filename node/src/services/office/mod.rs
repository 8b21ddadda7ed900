//! What the people of an office ask in their pages alone: their work, what the office did, and, for administrators, the
//! server itself. Like the services of the contract, each call says what the caller must be, and reads with their eyes.

mod backups;
mod beginnings;
mod changes;
mod drafts;
mod figures;
mod overview;
mod settings;
mod work;

use std::collections::BTreeSet;

use duikou_proto::name::MemberId;
use tonic::{Request, Status};

pub(crate) use backups::{Backup, Making};
pub(crate) use beginnings::Beginnings;
pub(crate) use changes::{WaitingChange, WaitingChanges};
pub(crate) use drafts::{DraftCounts, Newest, Pile, WaitingDrafts};
pub(crate) use figures::{Both, Figures};
pub(crate) use overview::Overview;
#[cfg(any(test, feature = "samples"))]
pub(crate) use overview::{HostedMember, Storage};
#[cfg(any(test, feature = "samples"))]
pub(crate) use work::Refusal;
pub(crate) use work::WorkFacts;

use self::backups::Backups;
use super::Context;
use super::auth::{Caller, Door};
use super::error::Failure;
use crate::accounts::Role;
use crate::engine::Reader;

/// See the module.
pub(crate) struct Office {
    door: Door,
    context: Context,
    backups: Backups,
}

impl Office {
    /// Over what the services work on.
    pub(crate) fn new(door: Door, context: Context) -> Self {
        let backups = Backups::new(context.engine.clone(), context.data.clone(), context.copies.clone());
        Self { door, context, backups }
    }

    /// Somebody of a member here, or of this server.
    async fn of_office<T>(&self, request: Request<T>) -> Result<(Caller, duikou_proto::language::Language, T), Status> {
        self.door.enter_with(Role::Viewer, request).await
    }

    /// Whoever administers the whole server.
    async fn of_server<T>(&self, request: Request<T>) -> Result<(Caller, duikou_proto::language::Language, T), Status> {
        let (caller, language, message) = self.door.enter_with(Role::Admin, request).await?;
        match caller.require_admin() {
            Ok(None) => Ok((caller, language, message)),
            Ok(Some(_)) => Err(Failure::NotPermitted.status(language)),
            Err(failure) => Err(failure.status(language)),
        }
    }

    /// The members for which a reader works here: their own, or all that live here.
    fn own(&self, reader: &Reader) -> BTreeSet<MemberId> {
        let engine = &self.door.engine;
        match reader.whole() {
            Reader::Member(member) => [member.clone()].into(),
            Reader::Operator => {
                engine.directory().hosted(&engine.identity().node).map(|member| member.id.clone()).collect()
            }
            Reader::Anonymous | Reader::Registered | Reader::Narrowed(..) => BTreeSet::new(),
        }
    }
}
