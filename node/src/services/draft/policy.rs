//! Who must approve what a member publishes: reading and changing that.

use std::collections::BTreeSet;

use duikou_proto::envelope::Micros;
use duikou_proto::name::MemberId;
use duikou_proto::v1::approval_policy::{Deputy as ShownDeputy, Rule as ShownRule};
use duikou_proto::v1::{self, ApprovalPolicy};
use duikou_proto::validate::{Violation, reason};

use super::{Drafts, version_of};
use crate::accounts::Role;
use crate::audit::{Action, Event};
use crate::drafts::{Refusal, SetPolicy, role_of};
use crate::engine::approval::{Deputy, Policy, PolicyFact, Rule};
use crate::engine::audit::Audited;
use crate::limits;
use crate::services::auth::Caller;
use crate::services::directory::member_of;
use crate::services::error::{Failure, violation};
use crate::services::request_id::{RequestId, once};
use crate::time::{micros, timestamp};

/// The last part of a policy's name.
const LAST: &str = "/approvalPolicy";

impl Drafts {
    fn owner(&self, caller: &Caller, field: &str, name: &str) -> Result<MemberId, Failure> {
        let member = name.strip_suffix(LAST).and_then(|parent| member_of(parent, self.network()));
        let member = member.ok_or_else(|| {
            Failure::field(
                field,
                reason::BAD_FORMAT,
                "名称格式不正确，请按此格式填写：members/成员/approvalPolicy。",
                "This is no policy's name: write it like members/MEMBER/approvalPolicy.",
            )
        })?;
        self.member(caller, &format!("members/{member}"))
    }

    pub(super) async fn policy(&self, caller: &Caller, name: &str) -> Result<ApprovalPolicy, Failure> {
        let member = self.owner(caller, "name", name)?;
        Ok(shown(&member, &self.engine().approval_policy(&member)?))
    }

    pub(super) async fn set_policy(
        &self,
        caller: &Caller,
        request: v1::UpdateApprovalPolicyRequest,
    ) -> Result<ApprovalPolicy, Failure> {
        let mut found = Vec::new();
        let request_id = RequestId::read(caller, &request.request_id, "UpdateApprovalPolicy", &request, &mut found);
        let wanted = request.policy.unwrap_or_default();
        let member = self.owner(caller, "policy.name", &wanted.name)?;
        if caller.require_admin()?.is_some_and(|own| *own != member) {
            return Err(Failure::NotPermitted);
        }
        if let Some(id) = &request_id
            && id.recall::<ApprovalPolicy>(self.engine()).await?.is_some()
        {
            return Ok(shown(&member, &self.engine().approval_policy(&member)?));
        }
        let paths = request.update_mask.map(|mask| mask.paths).unwrap_or_default();
        let asks = |path: &str, populated: bool| match &*paths {
            [] => populated,
            [all] if all == "*" => true,
            some => some.iter().any(|named| named == path),
        };
        for path in paths.iter().filter(|path| !["rule", "deputies", "*"].contains(&path.as_str())) {
            let path: String = path.chars().take(80).collect();
            found.push(violation(
                "update_mask",
                reason::UNKNOWN_FIELD,
                format!("没有字段“{path}”，只能是 rule 与 deputies，或单独的“*”。"),
                format!("There is no {path} to change: write rule and deputies, or `*` alone."),
            ));
        }
        let rule = asks("rule", wanted.rule != 0).then(|| rule(wanted.rule, &mut found));
        let deputies = match asks("deputies", !wanted.deputies.is_empty()) {
            true => Some(self.deputies(&member, wanted.deputies, &mut found).await?),
            false => None,
        };
        if !found.is_empty() {
            return Err(Failure::Violations(found));
        }
        let version = version_of(&wanted.etag);
        let set = SetPolicy { member: member.clone(), version, rule, deputies, by: caller.account.clone() };
        let event = Event::new(Action::PolicySet, format!("members/{member}{LAST}")).of(&member);
        let tell = move |done: &Result<(PolicyFact, bool), Refusal>| {
            let (policy, _) = done.as_ref().ok().filter(|(_, changed)| *changed)?;
            let rule = policy.rule.map_or("DEFAULT", |rule| contract(rule).as_str_name());
            Some(event.clone().saying(format!("rule {rule}, {} deputies", policy.deputies.len())))
        };
        let set = Audited { command: set, by: caller.actor(), tell };
        // What has been answered is remembered: the name alone, since the rule that holds may depend on more.
        let name = wanted.name;
        once(self.engine(), request_id.as_ref(), set, move |_| ApprovalPolicy {
            name: name.clone(),
            ..ApprovalPolicy::default()
        })
        .await?;
        Ok(shown(&member, &self.engine().approval_policy(&member)?))
    }

    async fn deputies(
        &self,
        member: &MemberId,
        wanted: Vec<ShownDeputy>,
        found: &mut Vec<Violation>,
    ) -> Result<Vec<Deputy>, Failure> {
        if wanted.len() > limits::DEPUTIES {
            found.push(violation(
                "policy.deputies",
                reason::TOO_MANY,
                format!("共{}名代理人，最多{}名，请删减。", wanted.len(), limits::DEPUTIES),
                format!("These are {} deputies and may be {}: remove some.", wanted.len(), limits::DEPUTIES),
            ));
            return Ok(Vec::new());
        }
        let now = self.engine().now();
        let latest = now + limits::DEPUTY_AHEAD.as_micros() as Micros;
        let (mut deputies, mut pairs) = (Vec::with_capacity(wanted.len()), BTreeSet::new());
        for (index, ShownDeputy { reviewer, deputy, expire_time }) in wanted.into_iter().enumerate() {
            let field = |name: &str| format!("policy.deputies[{index}].{name}");
            if role_of(self.engine(), &reviewer, member).await? < Some(Role::Reviewer) {
                found.push(violation(
                    &field("reviewer"),
                    reason::UNKNOWN_CODE,
                    "不是该成员的审核员，请核对编号。",
                    "This is no reviewer of the member: check the id.",
                ));
            }
            if role_of(self.engine(), &deputy, member).await? < Some(Role::Editor) || deputy == reviewer {
                found.push(violation(
                    &field("deputy"),
                    reason::UNKNOWN_CODE,
                    "代理人须是该成员另一个可以编辑的账号，请核对编号。",
                    "A deputy is another account that may write for the member: check the id.",
                ));
            }
            let until = expire_time.as_ref().and_then(micros).filter(|time| (now + 1..=latest).contains(time));
            if until.is_none() {
                found.push(violation(
                    &field("expire_time"),
                    reason::OUT_OF_RANGE,
                    "代理须有截止时间，晚于现在且不超过一年。",
                    "A deputy stands in until a time after now and within a year: give one.",
                ));
            }
            if !pairs.insert((reviewer.clone(), deputy.clone())) {
                found.push(violation(
                    &field("deputy"),
                    reason::DUPLICATE,
                    "与前面的重复，请删除。",
                    "This repeats an earlier one: remove it.",
                ));
            }
            deputies.push(Deputy { reviewer, deputy, until: until.unwrap_or_default() });
        }
        Ok(deputies)
    }
}

fn rule(number: i32, found: &mut Vec<Violation>) -> Option<Rule> {
    match ShownRule::try_from(number) {
        Ok(ShownRule::Unspecified) => None,
        Ok(ShownRule::None) => Some(Rule::None),
        Ok(ShownRule::Self_) => Some(Rule::Oneself),
        Ok(ShownRule::Other) => Some(Rule::Other),
        Err(_) => {
            found.push(violation(
                "policy.rule",
                reason::UNKNOWN_CODE,
                "审核规则只能是 NONE、SELF 或 OTHER，请修改。",
                "A rule is NONE, SELF or OTHER: choose one of these.",
            ));
            None
        }
    }
}

fn contract(rule: Rule) -> ShownRule {
    match rule {
        Rule::None => ShownRule::None,
        Rule::Oneself => ShownRule::Self_,
        Rule::Other => ShownRule::Other,
    }
}

fn shown(member: &MemberId, policy: &Policy) -> ApprovalPolicy {
    let Policy { chosen: policy, rule } = policy;
    let deputies = policy.deputies.iter().map(|held| ShownDeputy {
        reviewer: held.reviewer.clone(),
        deputy: held.deputy.clone(),
        expire_time: Some(timestamp(held.until)),
    });
    ApprovalPolicy {
        name: format!("members/{member}{LAST}"),
        rule: contract(*rule).into(),
        is_default: policy.rule.is_none(),
        deputies: deputies.collect(),
        update_time: (policy.version > 0).then(|| timestamp(policy.time)),
        updater: policy.by.clone(),
        etag: format!("{:x}", policy.version),
    }
}
