//! Invites: one-time join tokens, of which only the hash is kept. Of a use and a taking back at one moment the first in the
//! writer's order counts.

use async_trait::async_trait;
use duikou_node::audit::{Action, Actor, Event};
use duikou_node::engine::{Command, Engine, Work};
use duikou_node::store::StoreError;
use duikou_proto::envelope::Micros;
use duikou_proto::federation::Invite as Shown;
use duikou_proto::federation::invite::State;
use duikou_proto::hex::hex;
use prost_types::Timestamp;
use serde::{Deserialize, Serialize};

const INVITES: &str = "invite/";
const USES: &str = "invite-use/";
/// Hexadecimal digits of the hash that are an invite's id.
const ID_DIGITS: usize = 16;
/// The most that are listed.
const LISTED: usize = 1_000;

/// What an invite allows, kept under the hash of its secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Invite {
    pub(crate) member: String,
    pub(crate) name_zh: String,
    pub(crate) name_en: String,
    pub(crate) region: String,
    pub(crate) longitude: f64,
    pub(crate) latitude: f64,
    pub(crate) circles: Vec<String>,
    pub(crate) replace_keys: bool,
    pub(crate) expire_time: Micros,
    /// 0 in those of earlier versions.
    #[serde(default)]
    pub(crate) create_time: Micros,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) revoke_time: Option<Micros>,
    /// The feed of the gateway that made it, in hexadecimal; empty in those of earlier versions.
    #[serde(default)]
    pub(crate) feed: String,
}

impl Invite {
    /// Whether the gateway has been restored from a backup since, which has another feed then: it may have been taken back
    /// or used after the backup was made.
    pub(crate) fn is_void(&self, feed: &[u8; 16]) -> bool {
        !self.feed.is_empty() && self.feed != hex(feed)
    }
}

/// Who used an invite: the same may come again, where the answer was lost on the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Use {
    pub(crate) node: String,
    pub(crate) signing_key: String,
    /// 0 in those of earlier versions.
    #[serde(default)]
    pub(crate) time: Micros,
}

impl Use {
    pub(crate) fn is_by(&self, other: &Self) -> bool {
        (&self.node, &self.signing_key) == (&other.node, &other.signing_key)
    }
}

fn hash(secret: &[u8]) -> blake3::Hash {
    blake3::hash(secret)
}

/// Where the invite with this secret is kept.
pub(crate) fn key(secret: &[u8]) -> String {
    format!("{INVITES}{}", hash(secret).to_hex())
}

/// Where it is kept who used it.
pub(crate) fn use_key(secret: &[u8]) -> String {
    format!("{USES}{}", hash(secret).to_hex())
}

/// What the invite under this key is called.
pub(crate) fn name(key: &str) -> String {
    let id: String = key.trim_start_matches(INVITES).chars().take(ID_DIGITS).collect();
    format!("invites/{id}")
}

/// What the keys of the invite with this name begin with.
fn prefix(name: &str) -> Option<String> {
    let id = name.strip_prefix("invites/")?;
    let is_id = id.len() == ID_DIGITS && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    is_id.then(|| format!("{INVITES}{id}"))
}

fn shown(key: &str, invite: Invite, used: Option<Use>, feed: &[u8; 16], now: Micros) -> Shown {
    let state = match (&used, invite.revoke_time) {
        (Some(_), _) => State::Used,
        (None, Some(_)) => State::Revoked,
        (None, None) if invite.is_void(feed) => State::Revoked,
        (None, None) if invite.expire_time < now => State::Expired,
        (None, None) => State::Open,
    };
    let time = |micros: Micros| (micros > 0).then(|| Timestamp { seconds: micros.div_euclid(1_000_000), nanos: 0 });
    Shown {
        name: name(key),
        member: invite.member,
        state: state.into(),
        replace_keys: invite.replace_keys,
        circles: invite.circles,
        create_time: time(invite.create_time),
        expire_time: time(invite.expire_time),
        use_time: used.as_ref().and_then(|used| time(used.time)),
        node: used.map(|used| used.node).unwrap_or_default(),
        revoke_time: invite.revoke_time.and_then(time),
    }
}

/// The newest invites.
pub(crate) async fn list(engine: &Engine) -> Result<Vec<Shown>, StoreError> {
    let mut newest: Vec<(String, Invite)> = Vec::new();
    let mut after = String::new();
    loop {
        let page = engine.store().read().await?.facts(INVITES, &after, LISTED).await?;
        let Some((last, _)) = page.last() else { break };
        after = last.clone();
        for (key, bytes) in page {
            let invite = duikou_node::engine::facts::decode(&key, &bytes)?;
            newest.push((key, invite));
        }
        // Those of earlier versions do not say when they were made.
        newest.sort_by_key(|(_, invite)| std::cmp::Reverse((invite.create_time, invite.expire_time)));
        newest.truncate(LISTED);
    }
    let mut listed = Vec::with_capacity(newest.len());
    for (key, invite) in newest {
        let used = engine.fact(&key.replacen(INVITES, USES, 1)).await?;
        listed.push(shown(&key, invite, used, &engine.feed_id(), engine.now()));
    }
    Ok(listed)
}

/// Notes who uses an invite, where it is still theirs to use.
pub(crate) struct Take {
    pub(crate) secret: Vec<u8>,
    pub(crate) by: Use,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It is this one's, perhaps from a call before.
    Yes,
    /// Somebody else was first.
    ByAnother,
    /// It was taken back.
    Revoked,
}

#[async_trait]
impl Command for Take {
    type Output = Taken;

    async fn run(self, work: &mut Work<'_>) -> Result<Taken, StoreError> {
        let use_key = use_key(&self.secret);
        if let Some(used) = work.fact::<Use>(&use_key).await? {
            return Ok(if used.is_by(&self.by) { Taken::Yes } else { Taken::ByAnother });
        }
        let invite: Option<Invite> = work.fact(&key(&self.secret)).await?;
        if invite.is_none_or(|invite| invite.revoke_time.is_some() || invite.is_void(&work.feed_id())) {
            return Ok(Taken::Revoked);
        }
        work.put_fact(use_key, &self.by);
        Ok(Taken::Yes)
    }
}

/// Takes the invite with this name back, where nobody has used it; as it is then.
pub(crate) struct Revoke(pub(crate) String);

#[async_trait]
impl Command for Revoke {
    type Output = Option<Shown>;

    async fn run(self, work: &mut Work<'_>) -> Result<Option<Shown>, StoreError> {
        let Some(prefix) = prefix(&self.0) else { return Ok(None) };
        let Some((key, mut invite)) = work.facts::<Invite>(&prefix, 1).await?.pop() else { return Ok(None) };
        let used: Option<Use> = work.fact(&key.replacen(INVITES, USES, 1)).await?;
        if used.is_none() && invite.revoke_time.is_none() {
            invite.revoke_time = Some(work.now);
            work.put_fact(key.clone(), &invite);
            let event = Event::new(Action::InviteRevoke, format!("members/{}", invite.member)).saying(name(&key));
            work.audit(&Actor::local(), event).await?;
        }
        Ok(Some(shown(&key, invite, used, &work.feed_id(), work.now)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invite_of_an_earlier_version_is_read_and_its_name_tells_nothing_of_its_secret() {
        let kept = r#"{"member":"bijie.n.example","name_zh":"毕节","name_en":"Bijie","region":"520500","longitude":0.0,
            "latitude":0.0,"circles":[],"replace_keys":false,"expire_time":20000000}"#;
        let invite: Invite = serde_json::from_str(kept).unwrap();
        let used: Use = serde_json::from_str(r#"{"node":"bijie.n.example","signing_key":"aa"}"#).unwrap();
        let key = key(b"secret");
        let feed = [7; 16];
        let state = |invite: &Invite, used, now| shown(&key, invite.clone(), used, &feed, now).state();
        assert_eq!(state(&invite, None, 20_000_000), State::Open);
        assert_eq!(state(&invite, None, 20_000_001), State::Expired);
        assert_eq!(state(&invite, Some(used.clone()), 20_000_001), State::Used);
        let revoked = Invite { revoke_time: Some(10_000_000), ..invite.clone() };
        assert_eq!(state(&revoked, None, 20_000_001), State::Revoked);
        let [here, before] = [feed, [8; 16]].map(|feed| Invite { feed: hex(&feed), ..invite.clone() });
        assert_eq!((state(&here, None, 1), state(&before, None, 1)), (State::Open, State::Revoked));
        let told = shown(&key, invite, Some(used), &feed, 1);
        assert_eq!((told.create_time, told.use_time), (None, None));
        assert_eq!(prefix(&told.name), Some(key[..INVITES.len() + ID_DIGITS].to_owned()));
        let hashed = blake3::hash(b"secret").to_hex();
        assert!(told.name.len() == "invites/".len() + ID_DIGITS && !told.name.contains(&hashed.as_str()[..17]));
        for none in
            ["invites/", "invites/../x", "0123456789abcdef", "invites/0123456789ABCDEF", "invites/0123456789abcdef0"]
        {
            assert_eq!(prefix(none), None, "{none}");
        }
    }
}
