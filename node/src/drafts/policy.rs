//! Who may approve: the member's policy, the approver's role, and who has had a hand in the draft.

use async_trait::async_trait;
use duikou_proto::envelope::Micros;
use duikou_proto::name::MemberId;

use super::change::Refusal;
use super::fact::DraftFact;
use super::persons;
use crate::accounts::Role;
use crate::engine::approval::{Deputy, Policy, PolicyFact, Rule};
use crate::engine::{Command, Engine, Work, facts};
use crate::store::StoreError;

/// Somebody who may write for the member, and wants to approve or give back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Approver {
    /// The account or token.
    pub(crate) account: String,
    /// Whether its role is that of a reviewer or above.
    pub(crate) reviewer: bool,
}

/// Whether `approver` may say yes to `fact`.
pub(super) async fn check_approver(
    work: &mut Work<'_>,
    member: &MemberId,
    fact: &DraftFact,
    approver: &Approver,
) -> Result<Result<(), Refusal>, StoreError> {
    if let Err(refusal) = check_reviewer(work, member, approver).await? {
        return Ok(Err(refusal));
    }
    Ok(match Policy::of(work, member)?.rule {
        Rule::Other if fact.is_by(&approver.account) => Err(Refusal::OwnHand),
        Rule::None | Rule::Oneself | Rule::Other => Ok(()),
    })
}

/// Whether `approver` may judge drafts of `member` at all.
pub(super) async fn check_reviewer(
    work: &mut Work<'_>,
    member: &MemberId,
    approver: &Approver,
) -> Result<Result<(), Refusal>, StoreError> {
    let policy = Policy::of(work, member)?;
    if anybody(policy.rule) || approver.reviewer {
        return Ok(Ok(()));
    }
    let now = work.now;
    for held in policy.chosen.deputies.iter().filter(|held| stands_in(held, approver, now)) {
        if persons::is_reviewer(work, &held.reviewer, member).await? {
            return Ok(Ok(()));
        }
    }
    Ok(Err(Refusal::NotReviewer))
}

/// Whether `approver` may judge drafts of `member` at all, as things stand.
///
/// # Errors
/// Where the store cannot be read.
pub(crate) async fn judges(engine: &Engine, member: &MemberId, approver: &Approver) -> Result<bool, StoreError> {
    let policy = engine.approval_policy(member)?;
    if anybody(policy.rule) || approver.reviewer {
        return Ok(true);
    }
    let now = engine.now();
    for standing_in in policy.chosen.deputies.iter().filter(|held| stands_in(held, approver, now)) {
        if persons::role_of(engine, &standing_in.reviewer, member).await? >= Some(Role::Reviewer) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn anybody(rule: Rule) -> bool {
    match rule {
        Rule::None | Rule::Oneself => true,
        Rule::Other => false,
    }
}

fn stands_in(held: &Deputy, approver: &Approver, now: Micros) -> bool {
    held.deputy == approver.account && held.until > now
}

/// Changes a member's policy.
pub(crate) struct SetPolicy {
    pub(crate) member: MemberId,
    /// The version that was seen; None: any.
    pub(crate) version: Option<u64>,
    /// None: as it is; inside, None: the default.
    pub(crate) rule: Option<Option<Rule>>,
    /// None: as they are.
    pub(crate) deputies: Option<Vec<Deputy>>,
    /// The account that changes it.
    pub(crate) by: String,
}

#[async_trait]
impl Command for SetPolicy {
    /// What is chosen then, and whether that is new.
    type Output = Result<(PolicyFact, bool), Refusal>;

    async fn run(self, work: &mut Work<'_>) -> Result<Self::Output, StoreError> {
        let before = Policy::of(work, &self.member)?.chosen;
        if self.version.is_some_and(|version| version != before.version) {
            return Ok(Err(Refusal::Changed { by: before.by, time: before.time }));
        }
        let mut policy = before.clone();
        policy.rule = self.rule.unwrap_or(policy.rule);
        policy.deputies = self.deputies.unwrap_or(policy.deputies);
        let changed = policy != before;
        if changed {
            policy.version += 1;
            policy.time = work.now;
            policy.by = self.by;
            work.put_fact(facts::policy(&self.member), &policy);
        }
        Ok(Ok((policy, changed)))
    }
}
