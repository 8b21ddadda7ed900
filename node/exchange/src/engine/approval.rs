//! Approval before publication (事前审核): by which rule a member's listings are published, and what an approval is for.
//!
//! The rule is asked in the one function that decides upon writes, so no way of writing passes it by. What an approval
//! brings along is a hash of what was seen; the write that is signed must have the same.

use std::collections::BTreeMap;

use duikou_proto::envelope::{Micros, Part, Statement};
use duikou_proto::hex;
use duikou_proto::name::MemberId;
use serde::{Deserialize, Serialize};

use super::facts;
use super::role::Role;
use super::work::{Memory, Work};
use super::write::Content;
use crate::store::StoreError;

/// Who approves what a member publishes or shows to more readers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Rule {
    /// Nobody.
    None,
    /// Whoever may write, in a second step: the author as well.
    #[serde(rename = "SELF")]
    Oneself,
    /// A reviewer who has had no hand in it.
    Other,
}

/// Somebody who stands in for a reviewer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deputy {
    /// The account of the reviewer.
    pub reviewer: String,
    /// The account that stands in.
    pub deputy: String,
    /// Until when.
    pub until: Micros,
}

/// What a member has decided about approvals.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyFact {
    /// None: the default.
    pub rule: Option<Rule>,
    /// Who stands in for whom.
    pub deputies: Vec<Deputy>,
    /// Grows with each change.
    pub version: u64,
    /// When it was changed.
    pub time: Micros,
    /// The account that changed it.
    pub by: String,
}

/// A member's policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// What it has chosen.
    pub chosen: PolicyFact,
    /// The rule that holds.
    pub rule: Rule,
}

impl Policy {
    /// That of `member`, as this transaction finds it.
    pub fn of(work: &Work<'_>, member: &MemberId) -> Result<Self, StoreError> {
        let chosen = work.hot_fact(&facts::policy(member))?.unwrap_or_default();
        Ok(Self::with(chosen, &work.memory, member))
    }

    /// Likewise, as the last transaction has left it.
    pub(super) fn known(memory: &Memory, member: &MemberId) -> Result<Self, StoreError> {
        let key = facts::policy(member);
        let chosen = memory.hot.get(&key).map(|value| facts::decode(&key, value)).transpose()?.unwrap_or_default();
        Ok(Self::with(chosen, memory, member))
    }

    fn with(chosen: PolicyFact, memory: &Memory, member: &MemberId) -> Self {
        // Where only programs write, they publish as they always did; one clerk has nobody to ask.
        let alone = || memory.writers.get(member.as_str()).is_none_or(|count| *count < 2);
        let rule = chosen.rule.unwrap_or_else(|| if alone() { Rule::None } else { Rule::Other });
        Self { chosen, rule }
    }
}

/// An account, as far as that matters here.
#[derive(Deserialize)]
struct Writer {
    #[serde(default)]
    roles: BTreeMap<String, Role>,
    #[serde(default)]
    disabled: bool,
}

/// How many accounts may write for each member, by the hot facts. Whoever administers the whole node is of no office.
pub(super) fn writers(hot: &BTreeMap<String, Vec<u8>>) -> Result<BTreeMap<String, usize>, StoreError> {
    let accounts = hot.range(facts::ACCOUNTS.to_owned()..).take_while(|(key, _)| key.starts_with(facts::ACCOUNTS));
    let mut counts = BTreeMap::new();
    for (key, value) in accounts {
        let account: Writer = facts::decode(key, value)?;
        for (member, _) in account.roles.into_iter().filter(|(_, role)| !account.disabled && role.may_write()) {
            *counts.entry(member).or_default() += 1;
        }
    }
    Ok(counts)
}

/// What an approval is for: a hash of kind, body, scopes, date of expiry, and date of publication where that is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Of what is to be signed, with the date on which it expires.
    pub fn of(content: &Content, expires: Micros) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("duikou approval, form 1");
        let scopes = content.scopes.to_text();
        for part in [content.kind.as_str().as_bytes(), &content.body, scopes.as_bytes()] {
            hasher.update(&(part.len() as u64).to_le_bytes()).update(part);
        }
        hasher.update(&expires.to_le_bytes());
        if let Some(time) = content.publish_time {
            hasher.update(&time.to_le_bytes());
        }
        Self(*hasher.finalize().as_bytes())
    }

    /// 64 hexadecimal digits.
    pub fn to_hex(self) -> String {
        hex::hex(&self.0)
    }
}

/// One hash for many, each under its id, in their order.
pub fn digest_of_all<'a>(all: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut hasher = blake3::Hasher::new_derive_key("duikou approval of many, form 1");
    for (id, digest) in all {
        for part in [id, digest] {
            hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
        }
    }
    hex::hex(hasher.finalize().as_bytes())
}

/// What stands before a write that publishes something or shows it to more readers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gate {
    /// Nothing.
    Open,
    /// It needs an approval, and has none.
    Closed,
    /// Only what was approved comes through.
    For(Digest),
}

impl Gate {
    /// The gate of `member`, for a write that was approved or was not.
    pub(super) fn of(work: &Work<'_>, member: &MemberId, approved: Option<Digest>) -> Result<Self, StoreError> {
        Ok(Self::by(approved, Policy::of(work, member)?.rule))
    }

    /// The same, as the last transaction has left it.
    pub(super) fn known(memory: &Memory, member: &MemberId, approved: Option<Digest>) -> Result<Self, StoreError> {
        Ok(Self::by(approved, Policy::known(memory, member)?.rule))
    }

    fn by(approved: Option<Digest>, rule: Rule) -> Self {
        match (approved, rule) {
            (Some(digest), _) => Self::For(digest),
            (None, Rule::None) => Self::Open,
            (None, Rule::Oneself | Rule::Other) => Self::Closed,
        }
    }

    /// Whether it lets this through.
    pub(super) fn lets(self, content: &Content, expires: Micros) -> bool {
        match self {
            Self::Open => true,
            Self::Closed => false,
            Self::For(digest) => digest == Digest::of(content, expires),
        }
    }
}

/// Whether `content` says anything else than `before`, or says it to more readers, or for longer.
pub(super) fn is_more(before: Option<&Part>, content: &Content, expires: Micros) -> bool {
    let Some(before) = before else { return true };
    match before.statement() {
        Statement::Record { publish_time, expire_time, body, .. } => {
            *body != content.body
                || content.publish_time.is_some_and(|time| time != *publish_time)
                || expires > *expire_time
                || !content.scopes.is_no_wider_than(before.scopes())
        }
        Statement::Withdrawal { .. } => true,
    }
}

#[cfg(test)]
mod tests {
    use duikou_proto::scope::{Scope, ScopeSet};
    use duikou_proto::v1::Lane;

    use super::*;

    fn content(body: &'static str, scopes: &[&str], publish_time: Option<Micros>) -> Content {
        let network = "n.example".parse().expect("valid");
        let scopes: ScopeSet = scopes.iter().map(|scope| Scope::parse(scope, &network).expect("valid")).collect();
        Content {
            kind: "project".parse().expect("valid"),
            lane: Lane::Bulk,
            scopes,
            body: body.into(),
            publish_time,
            expire_time: None,
            expire_default: 7,
        }
    }

    #[test]
    fn whoever_only_reads_or_is_gone_does_not_count_as_a_writer() {
        let account =
            |roles: &str, disabled: bool| format!(r#"{{"roles":{{{roles}}},"disabled":{disabled}}}"#).into_bytes();
        let hot: BTreeMap<String, Vec<u8>> = [
            (facts::account("1"), account(r#""a.n":"EDITOR","b.n":"VIEWER""#, false)),
            (facts::account("2"), account(r#""a.n":"ADMIN","b.n":"REVIEWER""#, false)),
            (facts::account("3"), account(r#""a.n":"EDITOR""#, true)),
            (facts::token("4"), account(r#""a.n":"EDITOR""#, false)),
        ]
        .into();
        let expected = [("a.n".to_owned(), 2), ("b.n".to_owned(), 1)];
        assert_eq!(writers(&hot).expect("accounts"), expected.into());
        let unknown = [(facts::account("1"), account(r#""a.n":"NOBODY""#, false))].into();
        assert!(writers(&unknown).is_err(), "what it may is not guessed");
    }

    #[test]
    fn an_approval_is_for_all_that_readers_are_shown_and_for_nothing_else() {
        let first = Digest::of(&content("tea", &["network", "public"], None), 5);
        assert_eq!(first, Digest::of(&content("tea", &["public", "network"], None), 5), "scopes have no order");
        let mut default = content("tea", &["network", "public"], None);
        default.expire_default = 9;
        assert_eq!(first, Digest::of(&default, 5), "what was not used does not count");
        let mut kind = content("tea", &["network", "public"], None);
        kind.kind = "talent".parse().expect("valid");
        let others = [
            Digest::of(&kind, 5),
            Digest::of(&content("teapublic", &["network"], None), 5),
            Digest::of(&content("tea", &["public"], None), 5),
            Digest::of(&content("tea", &["network", "public"], None), 6),
            Digest::of(&content("tea", &["network", "public"], Some(1)), 5),
        ];
        assert!(others.iter().all(|other| *other != first));
        assert_eq!(first.to_hex().len(), 64);
        let all = |pairs: [(&'static str, &'static str); 2]| digest_of_all(pairs.into_iter());
        assert_ne!(all([("x", "1"), ("y", "2")]), all([("x", "2"), ("y", "1")]));
        assert_ne!(all([("x", "1"), ("y", "2")]), all([("x1", ""), ("y", "2")]));
    }
}
