//! The keys of the small things that an engine keeps, and their form: JSON.

use duikou_proto::name::{MemberId, NodeId, RecordName};
use duikou_proto::v1::Lane;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::store::StoreError;

pub(crate) fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

pub(crate) fn decode<T: DeserializeOwned>(key: &str, value: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(value).map_err(|error| StoreError::Inconsistent {
        table: "facts",
        row: key.to_owned(),
        detail: error.to_string(),
    })
}

/// Begins the tokens.
pub(crate) const TOKENS: &str = "token/";
/// Begins the times when tokens were last shown.
pub(crate) const TOKEN_USES: &str = "token-use/";
/// Begins the registered readers.
pub(crate) const ENTERPRISES: &str = "enterprise/";
/// Begins the accounts of people.
pub(crate) const ACCOUNTS: &str = "account/";
/// Begins their sessions, by the hash of the secret.
pub(crate) const SESSIONS: &str = "session/";
/// Begins the times at which sessions were last used.
pub(crate) const SESSION_USES: &str = "session-use/";
/// Begins the one-time links, by the hash of the secret.
pub(crate) const LINKS: &str = "account-link/";
/// Begins the passwords that were right and wait for a code, by the hash of what stands for them.
pub(crate) const CHALLENGES: &str = "challenge/";
/// Begins what has failed to sign in.
pub(crate) const THROTTLES: &str = "throttle/";
/// Begins what was refused of any peer.
pub(crate) const REJECTIONS: &str = "rejected/";

/// Begins what any peer refused of ours.
pub(crate) const REFUSALS: &str = "refused/";
/// Begins the names of which their origins have signed two states as one revision.
pub(crate) const EQUIVOCATIONS: &str = "equivocation/";

/// Begins who must approve what a member publishes, by member.
pub(crate) const POLICIES: &str = "policy/";

/// See [`is_hot`].
pub(crate) const HOT: [&str; 7] = [TOKENS, ENTERPRISES, ACCOUNTS, SESSIONS, REJECTIONS, EQUIVOCATIONS, POLICIES];

/// Whether a fact is asked for so often that all of its like are in memory: few, and each bounded where it is written.
pub(crate) fn is_hot(key: &str) -> bool {
    HOT.iter().any(|prefix| key.starts_with(prefix))
}

/// Whether a fact says who may do what.
pub(crate) fn is_right(key: &str) -> bool {
    [TOKENS, ENTERPRISES, ACCOUNTS, SESSIONS].iter().any(|prefix| key.starts_with(prefix))
}

/// The feed's identity, its epochs and the key that seals positions.
pub(crate) const FEED: &str = "feed";
/// Begins the last revision of each member here.
pub(crate) const REVISIONS: &str = "revision/";
/// Begins the members that wait for recovery.
pub(crate) const UNRECOVERED: &str = "unrecovered/";
/// Begins the newest revision that others took of each member whose clock was ahead, while that is asked for.
pub(crate) const AHEAD: &str = "ahead/";
/// Up to when keys that died have been looked after.
pub(crate) const KEYS_LOOKED: &str = "keys-looked";
/// Begins the members here whose new keys the directory has yet to introduce.
pub(crate) const ROTATIONS: &str = "rotation/";
/// Begins the newest keys by the root that the operator has acknowledged, by member.
pub(crate) const KEYS_SEEN: &str = "keys-seen/";
/// There while a gateway that was restored or rebuilt collects the directory from its nodes.
pub const GATHERING: &str = "gathering";
/// When this store last began anew or came back from an earlier time: until then, what its members' scopes hold is what
/// they say from then on.
pub(crate) const VOUCH: &str = "vouch";
/// Begins the same for which each member has signed.
pub(crate) const VOUCHED: &str = "vouched/";
/// Begins the feed, by its gateway, from which own records were last taken back.
pub(crate) const RECOVERED_FROM: &str = "recovered-from/";
/// Begins the live questions that were put to members here, by their place in the journal.
pub(crate) const QUESTIONS: &str = "question/";
/// Begins the subscriptions.
pub(crate) const SUBSCRIPTIONS: &str = "subscription/";
/// How many there are.
pub(crate) const SUBSCRIPTION_COUNT: &str = "subscription-count";
/// Begins the subscriptions that have ended and whose memory is still there.
pub(crate) const SUBSCRIPTIONS_ENDED: &str = "subscription-ended/";
/// Begins the entries of the audit trail.
pub(crate) const AUDIT_ENTRIES: &str = "audit/";
/// The newest entry's number and hash.
pub(crate) const AUDIT_HEAD: &str = "audit-head";
/// Begins the heads of the audit trail that are signed.
pub(crate) const AUDIT_SEALS: &str = "audit-seal/";
/// The newest number that a seal covers.
pub(crate) const AUDIT_SEALED: &str = "audit-sealed";
/// Begins what is to be told of subscriptions by mail beside what they deliver.
pub(crate) const NOTICES: &str = "notice/";
/// Begins the mappings of tables that members have used, by member and headers.
pub(crate) const MAPPINGS: &str = "mapping/";
/// Begins the positions on other feeds.
pub(crate) const POSITIONS: &str = "position/";

/// The token whose secret has this hash.
pub(crate) fn token(hash: &str) -> String {
    format!("{TOKENS}{hash}")
}

/// When the token under `key` was last shown.
pub(crate) fn token_use(key: &str) -> String {
    format!("{TOKEN_USES}{}", key.strip_prefix(TOKENS).unwrap_or(key))
}

/// An account.
pub(crate) fn account(id: &str) -> String {
    format!("{ACCOUNTS}{id}")
}

/// An entry of the audit trail.
pub(crate) fn audit_entry(number: u64) -> String {
    format!("{AUDIT_ENTRIES}{number:016}")
}

/// A signed head of the audit trail.
pub(crate) fn audit_seal(number: u64) -> String {
    format!("{AUDIT_SEALS}{number:016}")
}

/// A place in the journal of live questions.
pub(crate) fn question(slot: usize) -> String {
    format!("{QUESTIONS}{slot:05}")
}

pub(crate) fn equivocation(name: &RecordName) -> String {
    format!("{EQUIVOCATIONS}{name}")
}

pub(crate) fn revision(member: &MemberId) -> String {
    format!("{REVISIONS}{member}")
}

pub(crate) fn unrecovered(member: &MemberId) -> String {
    format!("{UNRECOVERED}{member}")
}

/// The newest revision of `member` that others took.
pub(crate) fn ahead(member: &MemberId) -> String {
    format!("{AHEAD}{member}")
}

/// From which feed of `peer` own records were last taken back.
pub(crate) fn recovered_from(peer: &NodeId) -> String {
    format!("{RECOVERED_FROM}{peer}")
}

pub(crate) fn lane(lane: Lane) -> &'static str {
    match lane {
        Lane::Prompt => "prompt",
        Lane::Bulk | Lane::Unspecified => "bulk",
    }
}

/// Where we stand on the feed of `peer`.
pub(crate) fn position(peer: &NodeId, on: Lane) -> String {
    format!("{POSITIONS}{peer}/{}", lane(on))
}

/// Begins the scopes that catch up on the feed of `peer`.
pub(crate) fn catch_ups(peer: &NodeId, on: Lane) -> String {
    format!("catch-up/{peer}/{}/", lane(on))
}

/// What is to become of the keys of `member`.
pub(crate) fn rotation(member: &MemberId) -> String {
    format!("{ROTATIONS}{member}")
}

/// The newest key by the root of `member` that the operator has acknowledged.
pub(crate) fn keys_seen(member: &MemberId) -> String {
    format!("{KEYS_SEEN}{member}")
}

/// Begins the states that we refused of `peer`.
pub(crate) fn rejected(peer: &NodeId) -> String {
    format!("{REJECTIONS}{peer}/")
}

pub(crate) fn rejection(peer: &NodeId, name: &RecordName) -> String {
    format!("{REJECTIONS}{peer}/{name}")
}

/// Begins the states that `peer` refused of ours.
pub(crate) fn refused(peer: &NodeId) -> String {
    format!("{REFUSALS}{peer}/")
}

/// What `peer` has acknowledged of our feed, at least.
pub(crate) fn acknowledged(peer: &NodeId) -> String {
    format!("acknowledged/{peer}")
}

/// A subscription: what its owner decides.
pub(crate) fn subscription(id: &str) -> String {
    format!("{SUBSCRIPTIONS}{id}")
}

/// How far a subscription has come.
pub(crate) fn subscription_state(id: &str) -> String {
    format!("subscription-state/{id}")
}

/// Begins the subscriptions of an account.
pub(crate) fn subscriptions_of(account: &str) -> String {
    format!("subscriber/{account}/")
}

/// A subscription that has ended.
pub(crate) fn subscription_ended(id: &str) -> String {
    format!("{SUBSCRIPTIONS_ENDED}{id}")
}

/// Begins what a subscriber had.
pub(crate) fn had(id: &str) -> String {
    format!("had/{id}/")
}

/// Begins what a subscriber had and has no longer, by time.
pub(crate) fn left(id: &str) -> String {
    format!("left/{id}/")
}

/// Begins the sequence numbers under which events were cancelled, by name.
pub(crate) fn cancelled(id: &str) -> String {
    format!("cancelled/{id}/")
}

/// Begins the names that a page shows, by time.
pub(crate) fn recent(id: &str) -> String {
    format!("recent/{id}/")
}

/// Begins the log of a subscription.
pub(crate) fn deliveries(id: &str) -> String {
    format!("delivery/{id}/")
}

/// What a subscriber has taken and not acknowledged.
pub(crate) fn pulled(id: &str) -> String {
    format!("pulled/{id}")
}

/// What is to be told of a subscription by mail.
pub(crate) fn notice(id: &str) -> String {
    format!("{NOTICES}{id}")
}

/// When the reader of the address for notices was asked to confirm it.
pub(crate) fn notice_asked(id: &str) -> String {
    format!("notice-asked/{id}")
}

/// The subscription whose secret address has this hash.
pub(crate) fn page_address(hash: &str) -> String {
    format!("page-address/{hash}")
}

/// Who must approve what `member` publishes.
pub(crate) fn policy(member: &MemberId) -> String {
    format!("{POLICIES}{member}")
}

/// Begins the drafts of `member`, by id.
pub(crate) fn drafts(member: &MemberId) -> String {
    format!("draft/{member}/")
}

/// How many drafts `member` has.
pub(crate) fn draft_count(member: &MemberId) -> String {
    format!("draft-count/{member}")
}

/// The id of the draft that is to become the listing `name`.
pub(crate) fn draft_of(name: &RecordName) -> String {
    format!("draft-of/{name}")
}

/// Begins the ids of the drafts that one import of `member` made.
pub(crate) fn draft_batch(member: &MemberId, batch: &str) -> String {
    format!("draft-batch/{member}/{batch}/")
}

/// Begins the accounts of drafts of `member` that were approved, by id.
pub(crate) fn drafts_ended(member: &MemberId) -> String {
    format!("draft-ended/{member}/")
}

/// Begins the same in the order of time, so that the oldest are found.
pub(crate) fn drafts_ended_by_time(member: &MemberId) -> String {
    format!("draft-ended-time/{member}/")
}
