//! One-time links by which a password is set: for the first administrator, for whoever is invited, after a reset.

use duikou_proto::envelope::Micros;
use serde::{Deserialize, Serialize};

use crate::engine::{Work, facts};
use crate::limits;
use crate::store::StoreError;
use crate::world::random_text;

/// Where the page is that takes a link; its secret follows.
pub(crate) const LINK_PATH: &str = "/account/link/";
/// How long a link is good.
const GOOD: Micros = 24 * 3600 * 1_000_000;
/// Begins the secret of a link.
const PREFIX: &str = "dl_";
/// Bytes of whatever is shown as one.
const SECRET_BYTES: usize = 128;

/// A link as it is kept, under the hash of its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LinkFact {
    pub(super) account: String,
    pub(super) expire_time: Micros,
}

/// A link as it is shown, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    /// What comes after [`LINK_PATH`].
    pub(crate) secret: String,
    /// Until when it is good, microseconds since 1970 UTC.
    pub(crate) expire_time: Micros,
}

/// The key under which the link with this secret is kept.
pub(super) fn link_key(secret: &str) -> Option<String> {
    let shown = secret.starts_with(PREFIX) && secret.len() <= SECRET_BYTES;
    shown.then(|| format!("{}{}", facts::LINKS, blake3::hash(secret.as_bytes()).to_hex()))
}

/// Makes the one link of an account.
pub(super) async fn make(work: &mut Work<'_>, account: &str) -> Result<Link, StoreError> {
    forget(work, account).await?;
    let secret = format!("{PREFIX}{}", *random_text());
    let fact = LinkFact { account: account.to_owned(), expire_time: work.now + GOOD };
    if let Some(key) = link_key(&secret) {
        work.put_fact(key, &fact);
    }
    Ok(Link { secret, expire_time: fact.expire_time })
}

/// Forgets the link of an account, and those that have expired.
pub(super) async fn forget(work: &mut Work<'_>, account: &str) -> Result<(), StoreError> {
    let now = work.now;
    // One for each account, at most.
    for (key, fact) in work.facts::<LinkFact>(facts::LINKS, limits::ACCOUNTS + 1).await? {
        if fact.account == account || fact.expire_time <= now {
            work.remove_fact(key);
        }
    }
    Ok(())
}
