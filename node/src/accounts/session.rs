//! Sessions: a random secret that a browser shows, kept as its hash, for one account that acts for one member.

use duikou_proto::envelope::Micros;
use duikou_proto::name::MemberId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::account::Account;
use super::desk::Bounds;
use super::sign_in::Origin;
use crate::engine::{Role, Work, facts};
use crate::limits;
use crate::store::StoreError;
use crate::world::random_text;

/// Begins the secret of a session.
pub(crate) const SECRET_PREFIX: &str = "ds_";
/// Bytes of whatever is shown as one.
const SECRET_BYTES: usize = 128;
/// Characters of what a browser says of itself that are kept.
const AGENT_CHARS: usize = 200;

/// A session as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) id: String,
    /// The account's id.
    pub(crate) account: String,
    /// Full id of the member that it acts for; None: the whole server, for its administrator.
    pub(crate) member: Option<String>,
    pub(crate) create_time: Micros,
    /// When it ends, however much it is used.
    pub(crate) expire_time: Micros,
    /// Where it was begun.
    pub(crate) address: String,
    /// What the browser says of itself.
    pub(crate) agent: String,
}

/// Somebody who is signed in, with what they may do.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) account: Account,
    pub(crate) session: Session,
    /// Where the session is kept.
    pub(crate) key: String,
    /// Whom they act for; None: the whole server, for its administrator.
    pub(crate) member: Option<MemberId>,
    pub(crate) role: Role,
}

/// The key under which the session with this secret is kept; None where this is no such secret.
pub(crate) fn session_key(secret: &str) -> Option<String> {
    let shown = secret.starts_with(SECRET_PREFIX) && secret.len() <= SECRET_BYTES;
    shown.then(|| format!("{}{}", facts::SESSIONS, blake3::hash(secret.as_bytes()).to_hex()))
}

fn secret() -> Zeroizing<String> {
    Zeroizing::new(format!("{SECRET_PREFIX}{}", *random_text()))
}

/// Begins a session; its secret, which nobody else ever sees. Where an account has too many, the oldest end.
pub(super) async fn begin(
    work: &mut Work<'_>,
    account: &Account,
    member: Option<&MemberId>,
    bounds: Bounds,
    from: &Origin,
) -> Result<(Zeroizing<String>, Session), StoreError> {
    let session = Session {
        id: Uuid::now_v7().to_string(),
        account: account.id.clone(),
        member: member.map(MemberId::to_string),
        create_time: work.now,
        expire_time: work.now + bounds.session.as_micros() as Micros,
        address: from.address.map(|address| address.to_string()).unwrap_or_default(),
        agent: from.agent.chars().filter(|c| !c.is_control()).take(AGENT_CHARS).collect(),
    };
    let mut held = of_account(work, &account.id).await?;
    held.sort_by_key(|(_, session)| session.create_time);
    let now = work.now;
    let surplus = (held.len() + 1).saturating_sub(limits::SESSIONS_PER_ACCOUNT);
    for (at, (key, session)) in held.into_iter().enumerate() {
        if at < surplus || session.expire_time <= now {
            end(work, &key);
        }
    }
    let secret = secret();
    keep(work, &secret, &session);
    Ok((secret, session))
}

/// The same session under another secret.
pub(super) fn rotate(work: &mut Work<'_>, key: &str, session: &Session) -> Zeroizing<String> {
    end(work, key);
    let secret = secret();
    keep(work, &secret, session);
    secret
}

fn keep(work: &mut Work<'_>, secret: &str, session: &Session) {
    if let Some(key) = session_key(secret) {
        let now = work.now;
        work.put_fact(facts::session_use(&key), &now);
        work.put_fact(key, session);
    }
}

/// Ends a session.
pub(super) fn end(work: &mut Work<'_>, key: &str) {
    work.remove_fact(facts::session_use(key));
    work.remove_fact(key.to_owned());
}

/// Ends all sessions of an account but the one under `spared`; how many.
pub(super) async fn end_all(work: &mut Work<'_>, account: &str, spared: Option<&str>) -> Result<usize, StoreError> {
    let mut ended = 0;
    for (key, _) in of_account(work, account).await? {
        if Some(key.as_str()) != spared {
            end(work, &key);
            ended += 1;
        }
    }
    Ok(ended)
}

/// The sessions of an account.
pub(super) async fn of_account(work: &mut Work<'_>, account: &str) -> Result<Vec<(String, Session)>, StoreError> {
    let all = work.facts::<Session>(facts::SESSIONS, limits::SESSIONS).await?;
    Ok(all.into_iter().filter(|(_, session)| session.account == account).collect())
}
