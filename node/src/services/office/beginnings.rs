//! What every office begins with, and whoever asks has not done yet although they may.

use duikou_proto::envelope::Micros;
use duikou_proto::name::MemberId;
use tonic::{Request, Status};

use super::Office;
use crate::accounts::Account;
use crate::engine::{Reader, facts};
use crate::limits;
use crate::services::auth::Caller;
use crate::services::error::Failure;

/// See the module.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Beginnings {
    /// Nobody else has an account. Whoever has chosen who approves works alone on purpose.
    pub(crate) alone: bool,
    /// Nobody has chosen who approves what is published.
    pub(crate) no_rule: bool,
    /// Nothing was ever written.
    pub(crate) unwritten: bool,
    /// No backup of the server was ever made.
    pub(crate) no_backup: bool,
}

impl Office {
    /// What whoever asks should begin with: for people of a member here, or of the server.
    ///
    /// # Errors
    /// Where they are none, or the store cannot be read.
    pub(crate) async fn beginnings(&self, request: Request<()>) -> Result<Beginnings, Status> {
        let (caller, language, ()) = self.of_office(request).await?;
        self.beginnings_for(&caller).await.map_err(|failure| failure.status(language))
    }

    async fn beginnings_for(&self, caller: &Caller) -> Result<Beginnings, Failure> {
        let engine = &self.door.engine;
        let administers = caller.require_admin();
        let member = match caller.reader.whole() {
            Reader::Member(member) => Some(member),
            Reader::Anonymous | Reader::Registered | Reader::Operator | Reader::Narrowed(..) => None,
        };
        let mut found = Beginnings::default();
        if let Some(member) = member.filter(|member| caller.require_editor_of(member).is_ok()) {
            found.unwritten = self.unwritten(member).await?;
        }
        if administers.is_ok() {
            found.no_rule = match member {
                Some(member) => engine.approval_policy(member)?.chosen.version == 0,
                None => false,
            };
            if found.no_rule || member.is_none() {
                let all = engine.facts::<Account>(facts::ACCOUNTS, limits::ACCOUNTS).await?;
                let of_here = |account: &Account| member.is_none_or(|member| account.role_at(member).is_some());
                found.alone = all.iter().filter(|(_, account)| !account.disabled && of_here(account)).count() < 2;
            }
        }
        if administers.is_ok_and(|of| of.is_none()) {
            found.no_backup = engine.fact::<Micros>(facts::BACKED_UP).await?.is_none();
        }
        Ok(found)
    }

    /// Whether a member has neither drafts nor listings, nor ever had one.
    async fn unwritten(&self, member: &MemberId) -> Result<bool, Failure> {
        let engine = &self.door.engine;
        let published = engine.counts().get(member.as_str()).is_some_and(|of| of.records > 0 || of.withdrawals > 0);
        if published {
            return Ok(false);
        }
        for count in [facts::draft_count(member), format!("{}{member}", facts::ENDED_COUNT)] {
            if engine.fact::<usize>(&count).await?.unwrap_or(0) > 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
