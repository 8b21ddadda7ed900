//! Request ids: the same request under the same id gets the same answer for a day, although it is carried out once.
//!
//! An answer may hold what is shown once, such as the secret address of a feed. So it is kept sealed under the request's
//! id, and the id itself only as a hash: what is on disk opens nothing, and whoever repeats the request brings the key.

use async_trait::async_trait;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use duikou_proto::envelope::{Micros, Part};
use duikou_proto::hex::hex;
use duikou_proto::limits::REQUEST_ID_KEPT;
use duikou_proto::name::RecordName;
use duikou_proto::v1::WithdrawalReason;
use duikou_proto::validate::{Violation, reason};
use prost::Message;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::auth::Caller;
use super::error::{Failure, violation};
use crate::audit::{Action, Actor, Event};
use crate::engine::audit::Audited;
use crate::engine::{Change, Command, Engine, Many, Refused, Work, Write, WriteError, Written};
use crate::sealed;
use crate::store::StoreError;
use crate::time::timestamp;

const KEPT: Micros = REQUEST_ID_KEPT.as_micros() as Micros;
/// Begins what is remembered of requests.
const REQUESTS: &str = "request/";
/// Begins the same in the order of time, so that the oldest are found.
const BY_TIME: &str = "request-time/";
/// Old ones forgotten in one transaction: more than one transaction adds.
const FORGOTTEN: usize = 1024;

/// What is remembered of a request.
#[derive(Debug, Serialize, Deserialize)]
struct RequestFact {
    hash: String,
    /// The encoded answer, sealed under the request's id, base64.
    answer: String,
    time: Micros,
}

/// A request that must be carried out once.
#[derive(Debug, Clone)]
pub(crate) struct RequestId {
    account: String,
    id: Uuid,
    hash: String,
}

impl RequestId {
    /// Reads the id of a request; None where it has none, or one that is noted in `found`.
    pub(crate) fn read(
        caller: &Caller,
        text: &str,
        method: &str,
        request: &impl Message,
        found: &mut Vec<Violation>,
    ) -> Option<Self> {
        if text.is_empty() {
            return None;
        }
        let Ok(id) = Uuid::try_parse(text) else {
            found.push(violation(
                "request_id",
                reason::BAD_FORMAT,
                "request_id 不是 UUID，请填写 UUID，或不填。",
                "This request_id is no UUID: give one, or nothing.",
            ));
            return None;
        };
        let mut hasher = blake3::Hasher::new_derive_key("duikou request id, form 1");
        hasher.update(method.as_bytes()).update(&[0]).update(&request.encode_to_vec());
        Some(Self { account: caller.account.clone(), id, hash: hasher.finalize().to_hex().to_string() })
    }

    fn key(&self) -> String {
        let place = blake3::derive_key("duikou request id, form 2, place", self.id.as_bytes());
        format!("{REQUESTS}{}/{}", self.account, hex(&place[..16]))
    }

    fn seal(&self, answer: Vec<u8>) -> String {
        BASE64_STANDARD_NO_PAD.encode(sealed::seal(&self.sealing_key(), answer))
    }

    fn sealing_key(&self) -> [u8; 32] {
        blake3::derive_key("duikou request id, form 2, answer", self.id.as_bytes())
    }

    /// The answer that this request has had.
    pub(crate) async fn recall<A: Message + Default>(&self, engine: &Engine) -> Result<Option<A>, Failure> {
        let fact = engine.fact::<RequestFact>(&self.key()).await?;
        match fact.filter(|fact| fact.time + KEPT > engine.now()) {
            None => Ok(None),
            Some(fact) if fact.hash != self.hash => Err(Failure::RequestIdReused),
            Some(fact) => self.decode(&fact.answer).map(Some),
        }
    }

    fn decode<A: Message + Default>(&self, answer: &str) -> Result<A, Failure> {
        let damaged = || StoreError::Inconsistent { table: "facts", row: self.key(), detail: "no answer".to_owned() };
        let bytes = BASE64_STANDARD_NO_PAD.decode(answer).ok();
        let bytes = bytes.and_then(|bytes| sealed::open(&self.sealing_key(), &bytes)).ok_or_else(damaged)?;
        Ok(A::decode(&*bytes).map_err(|_| damaged())?)
    }
}

/// Writes for somebody, of which the audit trail is told, and remembers the answer where the request has an id.
pub(crate) async fn write<A: Message + Default>(
    engine: &Engine,
    id: Option<&RequestId>,
    write: Write,
    by: Actor,
    answer: impl Fn(Written) -> A + Send + 'static,
) -> Result<A, Failure> {
    if let Some(why) = engine.halted() {
        return Err(Refused::Halted(why).into());
    }
    if write.dry_run {
        return Ok(answer(engine.write(write).await??));
    }
    once(engine, id, audited(write, by), answer).await
}

/// The same of many, each by itself, in one transaction; none of them is remembered.
pub(crate) async fn write_all(
    engine: &Engine,
    writes: Vec<Write>,
    by: &Actor,
) -> Result<Vec<Result<Written, Refused>>, WriteError> {
    if let Some(why) = engine.halted() {
        return Ok(writes.iter().map(|_| Err(Refused::Halted(why))).collect());
    }
    engine.submit(Many(writes.into_iter().map(|write| audited(write, by.clone())).collect())).await
}

/// A write with what the audit trail is told of it: of a trial nothing.
fn audited(
    write: Write,
    by: Actor,
) -> Audited<Write, impl Fn(&Result<Written, Refused>) -> Option<Event> + Send + 'static> {
    let (name, dry_run) = (write.name.clone(), write.dry_run);
    let reason = match &write.change {
        Change::Put(..) => None,
        Change::End(reason) => Some(*reason),
    };
    let tell = move |done: &Result<Written, Refused>| {
        let written = done.as_ref().ok().filter(|_| !dry_run)?;
        event_of(&name, reason, written)
    };
    Audited { command: write, by, tell }
}

/// What the audit trail is told of a write; None where nothing was made.
pub(super) fn event_of(name: &RecordName, reason: Option<WithdrawalReason>, written: &Written) -> Option<Event> {
    let (action, detail) = match written {
        Written::Created(part) => (Action::ListingCreate, told(part)),
        Written::Updated(part) => (Action::ListingUpdate, told(part)),
        Written::Unchanged(_) | Written::Over(_) => return None,
        Written::Ended(_) => {
            (Action::ListingWithdraw, reason.map(|reason| reason.as_str_name().to_owned()).unwrap_or_default())
        }
    };
    Some(Event::new(action, name.to_string()).of(&name.origin()).saying(detail))
}

/// Which state it was, and until when it is good.
fn told(part: &Part) -> String {
    format!("revision {}{UNTIL}{}", part.revision(), timestamp(part.expire_time()))
}

/// Before the time until which a listing is good, in what the trail tells of it.
const UNTIL: &str = ", until ";

/// Until when a listing was good by what the trail tells of a write, in seconds; None where it does not say.
pub(crate) fn until_in(detail: &str) -> Option<i64> {
    let (_, until) = detail.split_once(UNTIL)?;
    until.parse::<jiff::Timestamp>().ok().map(|until| until.as_second())
}

/// Carries a command out, once where the request has an id, and remembers the answer.
pub(crate) async fn once<C, T, E, A>(
    engine: &Engine,
    id: Option<&RequestId>,
    command: C,
    answer: impl Fn(T) -> A + Send + 'static,
) -> Result<A, Failure>
where
    C: Command<Output = Result<T, E>>,
    T: Send + 'static,
    E: Send + 'static,
    A: Message + Default,
    Failure: From<E>,
{
    let Some(id) = id else { return Ok(answer(engine.submit(command).await??)) };
    let encode = move |done: T| answer(done).encode_to_vec();
    match engine.submit(Once { id: id.clone(), command, answer: encode }).await?? {
        Outcome::Answer(answer) => id.decode(&answer),
        Outcome::Reused => Err(Failure::RequestIdReused),
    }
}

/// A command that is remembered in the transaction that carries it out.
struct Once<C, F> {
    id: RequestId,
    command: C,
    answer: F,
}

enum Outcome {
    /// Now, or before.
    Answer(String),
    /// The id belongs to another request.
    Reused,
}

#[async_trait]
impl<C, T, E, F> Command for Once<C, F>
where
    C: Command<Output = Result<T, E>>,
    T: Send + 'static,
    E: Send + 'static,
    F: Fn(T) -> Vec<u8> + Send + 'static,
{
    type Output = Result<Outcome, E>;

    fn names(&self) -> Vec<RecordName> {
        self.command.names()
    }

    fn bytes(&self) -> usize {
        2 * self.command.bytes()
    }

    async fn run(self, work: &mut Work<'_>) -> Result<Self::Output, StoreError> {
        forget_old(work).await?;
        let key = self.id.key();
        let held = work.fact::<RequestFact>(&key).await?.filter(|fact| fact.time + KEPT > work.now);
        match held {
            Some(fact) if fact.hash == self.id.hash => return Ok(Ok(Outcome::Answer(fact.answer))),
            Some(_) => return Ok(Ok(Outcome::Reused)),
            None => {}
        }
        // A refusal leaves nothing to remember: what was in the way may be gone next time.
        let done = match self.command.run(work).await? {
            Ok(done) => done,
            Err(refused) => return Ok(Err(refused)),
        };
        let answer = self.id.seal((self.answer)(done));
        let fact = RequestFact { hash: self.id.hash, answer, time: work.now };
        work.put_fact(format!("{BY_TIME}{:020}/{}", work.now, key), &key);
        work.put_fact(key, &fact);
        Ok(Ok(Outcome::Answer(fact.answer)))
    }
}

async fn forget_old(work: &mut Work<'_>) -> Result<(), StoreError> {
    let limit = format!("{BY_TIME}{:020}", work.now - KEPT);
    let oldest = work.facts::<String>(BY_TIME, 1).await?;
    if oldest.first().is_none_or(|(key, _)| *key >= limit) {
        return Ok(());
    }
    for (time_key, key) in work.facts::<String>(BY_TIME, FORGOTTEN).await? {
        if time_key < limit {
            work.remove_fact(time_key);
            work.remove_fact(key);
        }
    }
    Ok(())
}
