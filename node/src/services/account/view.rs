//! Accounts and sessions as callers see them: no secret, no hash.

use std::collections::BTreeMap;

use duikou_proto::envelope::Micros;
use duikou_proto::name::{MemberId, NetworkName};
use duikou_proto::v1::account::MemberRole;
use duikou_proto::v1::{self, OneTimeLink};
use duikou_proto::validate::{Violation, reason};

use crate::accounts::{Account, Identity, LINK_PATH, Link, Role, Session};
use crate::services::error::violation;
use crate::time::timestamp;

/// Roles that one account is given at once.
const ROLES: usize = 1_000;

/// An account.
pub(crate) fn account(account: &Account) -> v1::Account {
    let role = |(member, role): (&String, &Role)| MemberRole { member: member.clone(), role: role.shown().into() };
    v1::Account {
        name: account.name(),
        login: account.login.clone(),
        display_name: account.display_name.clone(),
        roles: account.roles.iter().map(role).collect(),
        node_admin: account.node_admin,
        language: account.language.clone(),
        create_time: Some(timestamp(account.create_time)),
        disabled: account.disabled,
        has_password: account.password.is_some(),
        has_factor: account.factor.is_some(),
        identities: account.identities.iter().map(identity).collect(),
    }
}

fn identity(identity: &Identity) -> v1::account::Identity {
    v1::account::Identity {
        issuer: identity.issuer.clone(),
        subject: identity.subject.clone(),
        bind_time: Some(timestamp(identity.bind_time)),
    }
}

/// A session that is kept under `key` and was last used at `used`; `current` is where the caller's own is kept.
pub(super) fn session(key: &str, session: &Session, used: Micros, current: Option<&str>) -> v1::Session {
    v1::Session {
        name: format!("accounts/{}/sessions/{}", session.account, session.id),
        member: session.member.clone().unwrap_or_default(),
        create_time: Some(timestamp(session.create_time)),
        expire_time: Some(timestamp(session.expire_time)),
        last_use_time: Some(timestamp(used)),
        address: session.address.clone(),
        agent: session.agent.clone(),
        current: current == Some(key),
    }
}

/// A link, the only time that it is shown.
pub(crate) fn link(link: Link) -> OneTimeLink {
    OneTimeLink {
        path: format!("{LINK_PATH}{}", link.secret),
        secret: link.secret,
        expire_time: Some(timestamp(link.expire_time)),
    }
}

/// The roles that a request gives; what is wrong with them is noted in `found`.
pub(super) fn roles(
    given: Vec<MemberRole>,
    network: &NetworkName,
    found: &mut Vec<Violation>,
) -> BTreeMap<MemberId, Role> {
    let mut roles = BTreeMap::new();
    if given.len() > ROLES {
        found.push(violation(
            "account.roles",
            reason::TOO_MANY,
            format!("角色最多{ROLES}个，请删减。"),
            format!("There may be {ROLES} roles: remove some."),
        ));
        return roles;
    }
    for (at, MemberRole { member, role }) in given.into_iter().enumerate() {
        let id = MemberId::parse(member.strip_prefix("members/").unwrap_or(&member), network);
        match (id, Role::read(role)) {
            (Ok(id), Some(role)) => {
                if roles.insert(id, role).is_some() {
                    found.push(violation(
                        &format!("account.roles[{at}].member"),
                        reason::INCONSISTENT,
                        "该成员已列出，每个成员只能有一个角色。",
                        "This member stands here twice: give it one role.",
                    ));
                }
            }
            (Err(_), _) => found.push(violation(
                &format!("account.roles[{at}].member"),
                reason::BAD_FORMAT,
                "请填写成员标识，例如 shenzhen。",
                "Give the id of a member, for example shenzhen.",
            )),
            (_, None) => found.push(violation(
                &format!("account.roles[{at}].role"),
                reason::UNSPECIFIED,
                "请选择 VIEWER、EDITOR、REVIEWER 或 ADMIN。",
                "Choose VIEWER, EDITOR, REVIEWER or ADMIN.",
            )),
        }
    }
    roles
}
