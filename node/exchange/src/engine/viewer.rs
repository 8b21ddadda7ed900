//! Who reads, and the one function that decides what they see of a row.

use std::collections::BTreeSet;

use duikou_proto::directory::{Directory, MemberState};
use duikou_proto::envelope::{Micros, Part};
use duikou_proto::name::{MemberId, NodeId};
use duikou_proto::scope::{Scope, ScopeSet};
use duikou_proto::v1::WithdrawalReason;
use duikou_proto::v1::no_longer::Reason;

use crate::store::{GoneReason, Row};

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Reader {
    /// Nobody in particular.
    Anonymous,
    /// A vetted enterprise.
    Registered,
    /// A member.
    Member(MemberId),
    /// Whoever runs this server: the eyes of all members on it; on a gateway of all that it carries.
    Operator,
    /// One of them who looks at some of the scopes only.
    Narrowed(Box<Reader>, ScopeSet),
}

impl Reader {
    /// Who it is, however much it looks at.
    pub fn whole(&self) -> &Reader {
        match self {
            Self::Narrowed(reader, _) => reader.whole(),
            other => other,
        }
    }
}

/// What a reader may see, by the directory of a moment. Without one nothing is read for a person or a peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewer {
    scopes: ScopeSet,
    members: BTreeSet<MemberId>,
    carrier: bool,
    /// Whose on-request records are shown as well: it was asked, and answers.
    answering: Option<MemberId>,
}

impl Viewer {
    /// The rights of `reader` at `node`.
    pub fn new(reader: &Reader, directory: &Directory, node: &NodeId, carrier: bool) -> Self {
        let none = Self { scopes: ScopeSet::new(), members: BTreeSet::new(), carrier: false, answering: None };
        match reader {
            Reader::Anonymous => Self { scopes: [Scope::public()].into_iter().collect(), ..none },
            Reader::Registered => Self { scopes: [Scope::public(), Scope::registered()].into_iter().collect(), ..none },
            Reader::Member(id) => {
                let mut scopes = directory.member_scopes(id);
                scopes.insert(Scope::public());
                Self { scopes, members: [id.clone()].into(), ..none }
            }
            Reader::Operator => Self {
                scopes: directory.node_scopes(node),
                members: directory.hosted(node).map(|member| member.id.clone()).collect(),
                carrier,
                ..none
            },
            Reader::Narrowed(reader, scopes) => {
                let mut whole = Self::new(reader, directory, node, carrier);
                whole.scopes = whole.scopes.iter().filter(|scope| scopes.contains(scope)).cloned().collect();
                whole.members.retain(|member| scopes.contains(&Scope::member(member)));
                Self { carrier: false, ..whole }
            }
        }
    }

    /// The same rights, and what `origin` keeps on request: its policy shows that to whoever asks it.
    #[must_use]
    pub(crate) fn answered_by(self, origin: &MemberId) -> Self {
        Self { answering: Some(origin.clone()), ..self }
    }

    /// A fingerprint of the rights: a cursor is good for the same ones only.
    pub fn hash(&self) -> [u8; 32] {
        let members: Vec<&str> = self.members.iter().map(MemberId::as_str).collect();
        let mut text = format!("{}|{}|{}", self.scopes.to_text(), members.join(" "), self.carrier);
        if let Some(origin) = &self.answering {
            text = format!("{text}|{origin}");
        }
        *blake3::hash(text.as_bytes()).as_bytes()
    }

    /// In which scopes it sees what others have there; None: in all.
    pub fn scopes(&self) -> Option<&ScopeSet> {
        (!self.carrier).then_some(&self.scopes)
    }

    /// Whether whatever is in `scope` may be seen.
    pub fn has(&self, scope: &Scope) -> bool {
        self.carrier || self.scopes.contains(scope)
    }

    fn meets(&self, origin: &str, scopes: &ScopeSet) -> bool {
        (self.carrier && !scopes.is_empty())
            || scopes.meets(&self.scopes)
            || self.members.iter().any(|id| id.as_str() == origin)
            || (scopes.is_empty() && self.answering.as_ref().is_some_and(|answering| answering.as_str() == origin))
    }

    /// Whether records of this standing are to be seen, as far as neither name nor date decide: what an index may ask
    /// once for many records.
    pub fn admits(&self, standing: &Standing<'_>, directory: &Directory, now: Micros) -> bool {
        let Standing { origin, scopes, key_number } = *standing;
        self.meets(origin, scopes)
            && matches!(directory.member_by_text(origin).map(|member| member.state), Some(MemberState::Active))
            && directory.verifying_key(origin, key_number, now).is_some()
    }

    /// Whether it may be told how much `origin` has done for those in `scopes`.
    pub fn may_know_of(&self, origin: &str, scopes: &ScopeSet, directory: &Directory) -> bool {
        self.meets(origin, scopes)
            && matches!(directory.member_by_text(origin).map(|member| member.state), Some(MemberState::Active))
    }

    /// What is to be seen of `row`.
    pub fn see<'a>(&self, row: &'a Row, directory: &Directory, now: Micros) -> Seen<'a> {
        let state = directory.member_by_text(row.name.origin_str()).map(|member| member.state);
        let barred = match state {
            Some(MemberState::Active) => directory.hides_held(&row.name).then_some(Reason::Hidden),
            Some(MemberState::Suspended) => Some(Reason::Suspended),
            Some(MemberState::Removed(_)) | None => Some(Reason::Removed),
        };
        if let Some(record) = &row.record
            && self.meets(row.name.origin_str(), record.scopes())
        {
            return match barred {
                Some(reason) => Seen::Gone(reason),
                None if record.expire_time() <= now => Seen::Gone(Reason::Expired),
                None if !self.admits(&Standing::of(record), directory, now) => Seen::Gone(Reason::Withdrawn),
                None => Seen::Record(record),
            };
        }
        if !self.meets(row.name.origin_str(), &row.exposed) {
            return Seen::Nothing;
        }
        let withdrawn = row.withdrawal.as_ref().and_then(Part::reason).map(|reason| match reason {
            WithdrawalReason::Narrowed => Reason::Narrowed,
            WithdrawalReason::Filled => Reason::Filled,
            WithdrawalReason::Expired => Reason::Expired,
            WithdrawalReason::Deleted => Reason::Deleted,
            WithdrawalReason::Withdrawn | WithdrawalReason::Unspecified => Reason::Withdrawn,
        });
        let gone = row.gone.map(|(reason, _)| match reason {
            GoneReason::ScopeLost => Reason::ScopeLost,
            GoneReason::Removed => Reason::Removed,
            GoneReason::Withdrawn => Reason::Withdrawn,
            GoneReason::Deleted => Reason::Deleted,
            GoneReason::Expired => Reason::Expired,
            GoneReason::Filled => Reason::Filled,
        });
        Seen::Gone(barred.or(gone).or(withdrawn).unwrap_or(Reason::Narrowed))
    }
}

/// What of a record decides who sees it, beside its name and its date.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    /// Full id of its origin.
    pub origin: &'a str,
    /// Its scopes.
    pub scopes: &'a ScopeSet,
    /// The key that signed it.
    pub key_number: i32,
}

impl<'a> Standing<'a> {
    /// That of a record.
    pub fn of(record: &'a Part) -> Self {
        Self { origin: record.name().origin_str(), scopes: record.scopes(), key_number: record.key_number() }
    }
}

/// What a viewer sees of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen<'a> {
    /// The content.
    Record(&'a Part),
    /// That it is gone.
    Gone(Reason),
    /// Nothing, not even that there is such a name.
    Nothing,
}
