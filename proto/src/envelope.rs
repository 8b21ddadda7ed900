//! What crosses the network: a record or a withdrawal with the exact bytes that its origin signed.

use std::fmt;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use prost::Message;
use thiserror::Error;

use crate::limits;
use crate::name::{Kind, MemberId, RecordName};
use crate::scope::{Scope, ScopeSet};
use crate::sign::{Claim, PublicKey, Signer, signing_input};
use crate::v1::signed::Type;
use crate::v1::{Lane, Record, Signed, Withdrawal, WithdrawalReason};

/// Microseconds since 1970 UTC, growing over all names of one member.
pub type Revision = i64;
/// Microseconds since 1970 UTC.
pub type Micros = i64;

/// [`limits::EXPIRE_SLACK`] in microseconds.
pub const EXPIRE_SLACK_MICROS: Micros = limits::EXPIRE_SLACK.as_micros() as Micros;

/// A part whose form is wrong; whether its origin meant it does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("malformed record: {0}")]
pub struct Malformed(pub String);

/// One signed statement about a name, checked for form but not yet verified. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Part(Arc<Inner>);

struct Inner {
    name: RecordName,
    revision: Revision,
    kind: Kind,
    lane: Lane,
    scopes: ScopeSet,
    key_number: i32,
    statement: Statement,
    hash: OnceLock<[u8; 32]>,
    payload: Bytes,
    signature: Vec<u8>,
    bytes: Bytes,
}

// Everything else was read from these bytes.
impl PartialEq for Inner {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for Inner {}

/// A statement that waits for its signature, which may be made anywhere and at any time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Unsigned {
    kind: Type,
    payload: Vec<u8>,
}

impl Unsigned {
    /// Of a record.
    pub fn record(record: &Record) -> Self {
        Self { kind: Type::Record, payload: record.encode_to_vec() }
    }

    /// Of a withdrawal.
    pub fn withdrawal(withdrawal: &Withdrawal) -> Self {
        Self { kind: Type::Withdrawal, payload: withdrawal.encode_to_vec() }
    }

    /// What `signer` signs it with: 64 bytes.
    pub fn signature(&self, signer: &Signer) -> Vec<u8> {
        signer.sign_text(&signing_input(self.kind, &self.payload))
    }

    /// The part, with what [`Self::signature`] made for `signer`.
    ///
    /// # Errors
    /// Where the result breaks a rule that [`Part::parse`] checks: it is built through it.
    pub fn seal(self, signer: &Signer, signature: Vec<u8>) -> Result<Part, Malformed> {
        Part::parse(&signer.envelope(self.kind, self.payload, signature))
    }
}

/// What a part says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Statement {
    /// This is the content.
    Record {
        /// When the name was first published.
        publish_time: Micros,
        /// When this content was written.
        update_time: Micros,
        /// After this it is shown nowhere.
        expire_time: Micros,
        /// The kind's own message.
        body: Bytes,
    },
    /// It is no longer for those in the scopes.
    Withdrawal {
        /// Carriers forget it after this.
        keep_until: Micros,
        /// Why.
        reason: WithdrawalReason,
    },
}

impl Part {
    /// Reads an encoded [`Signed`] and keeps its bytes (copied, so that a batch's buffer is not pinned).
    ///
    /// # Errors
    /// Where form or bounds of the envelope or the header are wrong. The body is not looked at.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let bad = |text: &str| Malformed(text.to_owned());
        if bytes.len() > limits::RECORD_BYTES + 128 {
            return Err(Malformed(format!("larger than {} bytes", limits::RECORD_BYTES)));
        }
        let bytes = Bytes::copy_from_slice(bytes);
        let signed = Signed::decode(bytes.clone()).map_err(|_| bad("not an envelope"))?;
        if signed.signature.len() != 64 || signed.key_number < 1 {
            return Err(bad("signature or key number missing"));
        }
        if signed.payload.len() > limits::RECORD_BYTES {
            return Err(Malformed(format!("larger than {} bytes", limits::RECORD_BYTES)));
        }
        let header = match signed.r#type() {
            Type::Record => {
                let record = Record::decode(signed.payload.clone()).map_err(|_| bad("not a record"))?;
                let statement = Statement::Record {
                    publish_time: record.publish_time,
                    update_time: record.update_time,
                    expire_time: record.expire_time,
                    body: record.body,
                };
                if record.expire_time <= 0 || record.scopes.len() > limits::SCOPES {
                    return Err(bad("no date, or too many scopes"));
                }
                if ![record.publish_time, record.update_time, record.expire_time].into_iter().all(is_time) {
                    return Err(bad("a time beyond the year 9999, or before 1970"));
                }
                (record.name, record.revision, record.kind, record.lane, record.scopes, statement)
            }
            Type::Withdrawal => {
                let withdrawal = Withdrawal::decode(signed.payload.clone()).map_err(|_| bad("not a withdrawal"))?;
                let reason = withdrawal.reason();
                if reason == WithdrawalReason::Unspecified
                    || withdrawal.scopes.is_empty()
                    || withdrawal.scopes.len() > limits::WITHDRAWAL_SCOPES
                {
                    return Err(bad("no reason, no scopes, or too many"));
                }
                if withdrawal.keep_until <= 0 || !is_time(withdrawal.keep_until) {
                    return Err(bad("no time until which it is kept, or one beyond the year 9999"));
                }
                let statement = Statement::Withdrawal { keep_until: withdrawal.keep_until, reason };
                (withdrawal.name, withdrawal.revision, withdrawal.kind, withdrawal.lane, withdrawal.scopes, statement)
            }
            _ => return Err(bad("neither record nor withdrawal")),
        };
        let (name, revision, kind, lane, scope_texts, statement) = header;
        let name: RecordName = name.parse().map_err(|e| Malformed(format!("{e}")))?;
        let kind: Kind = kind.parse().map_err(|e| Malformed(format!("{e}")))?;
        if kind.collection().is_some_and(|collection| collection != name.collection()) {
            return Err(bad("its kind does not belong into this collection"));
        }
        let lane = match Lane::try_from(lane) {
            Ok(lane @ (Lane::Prompt | Lane::Bulk)) => lane,
            _ => return Err(bad("no lane")),
        };
        if kind.lane().is_some_and(|of_kind| of_kind != lane) {
            return Err(bad("its kind does not travel in this lane"));
        }
        if revision <= 0 || !is_time(revision) {
            return Err(bad("no revision"));
        }
        let scopes: Vec<Scope> =
            scope_texts.iter().map(|s| s.parse()).collect::<Result<_, _>>().map_err(|e| Malformed(format!("{e}")))?;
        if !scopes.is_sorted_by(|a, b| a < b) {
            return Err(bad("scopes not sorted, or repeated"));
        }
        Ok(Self(Arc::new(Inner {
            name,
            revision,
            kind,
            lane,
            scopes: scopes.into_iter().collect(),
            key_number: signed.key_number,
            statement,
            hash: OnceLock::new(),
            payload: signed.payload,
            signature: signed.signature,
            bytes,
        })))
    }

    /// Signs a record.
    ///
    /// # Errors
    /// Where the result breaks a rule that [`Self::parse`] checks: it is built through it.
    pub fn sign_record(signer: &Signer, record: &Record) -> Result<Self, Malformed> {
        let unsigned = Unsigned::record(record);
        let signature = unsigned.signature(signer);
        unsigned.seal(signer, signature)
    }

    /// Signs a withdrawal.
    ///
    /// # Errors
    /// As [`Self::sign_record`].
    pub fn sign_withdrawal(signer: &Signer, withdrawal: &Withdrawal) -> Result<Self, Malformed> {
        let unsigned = Unsigned::withdrawal(withdrawal);
        let signature = unsigned.signature(signer);
        unsigned.seal(signer, signature)
    }

    /// The same payload under another key.
    ///
    /// # Errors
    /// As [`Self::sign_record`].
    pub fn sign_anew(&self, signer: &Signer) -> Result<Self, Malformed> {
        Self::parse(&signer.sign(self.signed_type(), self.0.payload.to_vec()))
    }

    /// Whose and what.
    pub fn name(&self) -> &RecordName {
        &self.0.name
    }

    /// Who signed it.
    pub fn origin(&self) -> MemberId {
        self.0.name.origin()
    }

    /// See [`Revision`].
    pub fn revision(&self) -> Revision {
        self.0.revision
    }

    /// What the body is.
    pub fn kind(&self) -> &Kind {
        &self.0.kind
    }

    /// How it travels.
    pub fn lane(&self) -> Lane {
        self.0.lane
    }

    /// Of a record: who may see it. Of a withdrawal: who no longer may.
    pub fn scopes(&self) -> &ScopeSet {
        &self.0.scopes
    }

    /// Which key of the origin signed.
    pub fn key_number(&self) -> i32 {
        self.0.key_number
    }

    /// What it says.
    pub fn statement(&self) -> &Statement {
        &self.0.statement
    }

    /// Whether it is a record.
    pub fn is_record(&self) -> bool {
        matches!(self.0.statement, Statement::Record { .. })
    }

    /// The record's date, or the latest date that the withdrawn name ever had.
    pub fn expire_time(&self) -> Micros {
        match self.0.statement {
            Statement::Record { expire_time, .. } => expire_time,
            Statement::Withdrawal { keep_until, .. } => keep_until - EXPIRE_SLACK_MICROS,
        }
    }

    /// Why it ended; None of a record.
    pub fn reason(&self) -> Option<WithdrawalReason> {
        match self.0.statement {
            Statement::Withdrawal { reason, .. } => Some(reason),
            Statement::Record { .. } => None,
        }
    }

    /// The body; empty of a withdrawal.
    pub fn body(&self) -> Bytes {
        match &self.0.statement {
            Statement::Record { body, .. } => body.clone(),
            Statement::Withdrawal { .. } => Bytes::new(),
        }
    }

    /// BLAKE3 of the payload: the statement's identity, whoever signed it with which key.
    pub fn hash(&self) -> &[u8; 32] {
        self.0.hash.get_or_init(|| *blake3::hash(&self.0.payload).as_bytes())
    }

    /// The envelope as it came.
    pub fn bytes(&self) -> &Bytes {
        &self.0.bytes
    }

    /// Whether it says exactly what `unsigned` does.
    pub fn says(&self, unsigned: &Unsigned) -> bool {
        self.signed_type() == unsigned.kind && self.0.payload == unsigned.payload
    }

    fn signed_type(&self) -> Type {
        if self.is_record() { Type::Record } else { Type::Withdrawal }
    }

    /// What has to be checked for it to be `key`'s.
    pub fn claim(&self, key: PublicKey) -> Claim {
        Claim { key, signature: self.0.signature.clone(), input: signing_input(self.signed_type(), &self.0.payload) }
    }
}

/// Whether it can be shown as a date, and reckoned with.
fn is_time(micros: Micros) -> bool {
    (0..=limits::LATEST_MICROS).contains(&micros)
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.is_record() { "record" } else { "withdrawal" };
        write!(f, "{what} {}@{} {:?}", self.0.name, self.0.revision, self.0.scopes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record {
            name: "members/a.n/listings/x".into(),
            revision: 5,
            kind: "capital".into(),
            lane: Lane::Bulk.into(),
            scopes: vec!["public".into()],
            publish_time: 1,
            update_time: 1,
            expire_time: 9,
            body: Bytes::from_static(b"body"),
        }
    }

    #[test]
    fn bytes_are_kept_as_they_came_and_verify() {
        let signer = Signer::from_seed(3, [4; 32]);
        let part = Part::sign_record(&signer, &record()).unwrap();
        let again = Part::parse(part.bytes()).unwrap();
        assert_eq!(again.bytes(), part.bytes());
        assert_eq!(again.key_number(), 3);
        let claim = again.claim(signer.public());
        assert!(claim.key.verify(&claim.signature, &claim.input).is_ok());
        assert_eq!(part.sign_anew(&Signer::from_seed(4, [5; 32])).unwrap().hash(), part.hash());
    }

    #[test]
    fn what_has_not_the_form_is_refused() {
        let signer = Signer::from_seed(1, [4; 32]);
        let check = |change: fn(&mut Record), expected: &str| {
            let mut record = record();
            change(&mut record);
            let error = Part::sign_record(&signer, &record).unwrap_err().to_string();
            assert!(error.contains(expected), "{error} should contain {expected}");
        };
        check(|r| r.name = "members/a/listings/x".into(), "member");
        check(|r| r.name = "members/a.n/heads/x".into(), "collection");
        check(|r| r.kind = "CAPITAL".into(), "kind");
        check(|r| r.lane = 0, "lane");
        check(|r| r.lane = Lane::Prompt.into(), "lane");
        check(|r| r.revision = 0, "revision");
        check(|r| r.revision = i64::MAX, "revision");
        check(|r| r.publish_time = i64::MIN, "1970");
        check(|r| r.expire_time = i64::MAX, "9999");
        check(|r| r.expire_time = 0, "date");
        check(|r| r.scopes = vec!["public".into(), "public".into()], "repeated");
        check(|r| r.scopes = vec!["registered".into(), "public".into()], "sorted");
        check(|r| r.scopes = (0..17).map(|n| format!("member:a{n:02}.n")).collect(), "too many");
        check(|r| r.body = vec![0; limits::RECORD_BYTES].into(), "larger");
        assert!(Part::parse(b"nonsense").is_err());
    }

    #[test]
    fn no_time_of_a_withdrawal_can_be_reckoned_over() {
        let signer = Signer::from_seed(1, [4; 32]);
        for keep_until in [i64::MIN, 0, i64::MAX] {
            let withdrawal = Withdrawal {
                name: "members/a.n/listings/x".into(),
                revision: 5,
                kind: "capital".into(),
                lane: Lane::Bulk.into(),
                scopes: vec!["public".into()],
                keep_until,
                reason: WithdrawalReason::Withdrawn.into(),
            };
            assert!(Part::sign_withdrawal(&signer, &withdrawal).is_err(), "{keep_until}");
        }
    }

    #[test]
    fn an_unknown_kind_and_an_unknown_scope_are_carried() {
        let mut record = record();
        record.name = "members/a.n/novelties/x".into();
        record.kind = "novelty".into();
        record.scopes = vec!["planet:earth".into()];
        assert!(Part::sign_record(&Signer::from_seed(1, [4; 32]), &record).is_ok());
    }
}
