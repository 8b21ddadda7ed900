//! The keys of the small things that an engine keeps, and their form: JSON.

use duikou_proto::name::{MemberId, NodeId, RecordName};
use duikou_proto::v1::Lane;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::store::StoreError;

/// A fact as it is kept under `key`.
///
/// # Errors
/// Where it has no such form.
pub fn encode<T: Serialize>(key: &str, value: &T) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(value).map_err(|error| inconsistent(key, &error))
}

/// A fact that cannot be what is kept under `key`.
pub fn inconsistent(key: &str, error: &impl std::fmt::Display) -> StoreError {
    StoreError::Inconsistent { table: "facts", row: key.to_owned(), detail: error.to_string() }
}

/// What was kept under `key`.
///
/// # Errors
/// Where it is nothing of the kind.
pub fn decode<T: DeserializeOwned>(key: &str, value: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(value).map_err(|error| inconsistent(key, &error))
}

/// Begins the tokens.
pub const TOKENS: &str = "token/";
/// Begins the times when tokens were last shown.
pub const TOKEN_USES: &str = "token-use/";
/// Begins the registered readers.
pub const ENTERPRISES: &str = "enterprise/";
/// Begins the accounts of people.
pub const ACCOUNTS: &str = "account/";
/// Begins their sessions, by the hash of the secret.
pub const SESSIONS: &str = "session/";
/// Begins the times at which sessions were last used.
pub const SESSION_USES: &str = "session-use/";
/// Begins the one-time links, by the hash of the secret.
pub const LINKS: &str = "account-link/";
/// Begins the passwords that were right and wait for a code, by the hash of what stands for them.
pub const CHALLENGES: &str = "challenge/";
/// Begins what has failed to sign in.
pub const THROTTLES: &str = "throttle/";
/// Begins what was refused of any peer.
pub const REJECTIONS: &str = "rejected/";

/// Begins what any peer refused of ours.
pub const REFUSALS: &str = "refused/";
/// Begins the names of which their origins have signed two states as one revision.
pub const EQUIVOCATIONS: &str = "equivocation/";

/// Begins who must approve what a member publishes, by member.
pub const POLICIES: &str = "policy/";

/// See [`is_hot`].
pub const HOT: [&str; 7] = [TOKENS, ENTERPRISES, ACCOUNTS, SESSIONS, REJECTIONS, EQUIVOCATIONS, POLICIES];

/// Whether a fact is asked for so often that all of its like are in memory: few, and each bounded where it is written.
pub fn is_hot(key: &str) -> bool {
    HOT.iter().any(|prefix| key.starts_with(prefix))
}

/// Whether nearly every transaction reads and writes a fact, or one of its like.
pub(crate) fn is_warm(key: &str) -> bool {
    key == AUDIT_HEAD || key.starts_with(MONTHS)
}

/// Whether a fact says who may do what.
pub fn is_right(key: &str) -> bool {
    [TOKENS, ENTERPRISES, ACCOUNTS, SESSIONS].iter().any(|prefix| key.starts_with(prefix))
}

/// The feed's identity, its epochs and the key that seals positions.
pub const FEED: &str = "feed";
/// Begins the last revision of each member here.
pub const REVISIONS: &str = "revision/";
/// Begins the members that wait for recovery, and whether links carry what they have here anew behind it.
pub const UNRECOVERED: &str = "unrecovered/";
/// Begins the newest revision that others took of each member whose clock was ahead, while that is asked for.
pub const AHEAD: &str = "ahead/";
/// Begins how far sweeps over many rows have come, by what becomes of the rows and by member.
pub const SWEEPS: &str = "sweep/";
/// Up to when keys that died have been looked after.
pub const KEYS_LOOKED: &str = "keys-looked";
/// Begins the members here whose new keys the directory has yet to introduce.
pub const ROTATIONS: &str = "rotation/";
/// Begins the newest keys by the root that the operator has acknowledged, by member.
pub const KEYS_SEEN: &str = "keys-seen/";
/// There while a gateway that was restored or rebuilt collects the directory from its nodes.
pub const GATHERING: &str = "gathering";
/// When this store last began anew or came back from an earlier time: until then, what its members' scopes hold is what
/// they say from then on. 0: its clock was wrong, and when it is right is the moment.
pub const VOUCH: &str = "vouch";
/// Begins the same for which each member has signed.
pub const VOUCHED: &str = "vouched/";
/// Begins the feed, by its gateway, from which own records were last taken back.
pub const RECOVERED_FROM: &str = "recovered-from/";
/// Begins the live questions that were put to members here, by their place in the journal.
pub const QUESTIONS: &str = "question/";
/// Begins the subscriptions.
pub const SUBSCRIPTIONS: &str = "subscription/";
/// How many there are.
pub const SUBSCRIPTION_COUNT: &str = "subscription-count";
/// Begins the subscriptions that have ended and whose memory is still there.
pub const SUBSCRIPTIONS_ENDED: &str = "subscription-ended/";
/// Begins the entries of the audit trail.
pub const AUDIT_ENTRIES: &str = "audit/";
/// The newest entry's number and hash.
pub const AUDIT_HEAD: &str = "audit-head";
/// Begins the heads of the audit trail that are signed.
pub const AUDIT_SEALS: &str = "audit-seal/";
/// The newest number that a seal covers.
pub const AUDIT_SEALED: &str = "audit-sealed";
/// Begins what is to be told of subscriptions by mail beside what they deliver.
pub const NOTICES: &str = "notice/";
/// Begins the mappings of tables that members have used, by member and headers.
pub const MAPPINGS: &str = "mapping/";
/// Begins the imports that people are at, by account.
pub const IMPORTS: &str = "import/";
/// Begins the searches that people keep, by account.
pub const SAVED: &str = "saved/";
/// Begins the visits of people, by account.
pub const VISITS: &str = "visit/";
/// Begins what origins have done, by month and origin.
pub const MONTHS: &str = "tally/";
/// What listings of members here said that have ended, by name.
pub const ENDED: &str = "ended/";
/// Their names, by the time of their end.
pub const ENDED_BY_TIME: &str = "ended-time/";
/// How many there are of a member.
pub const ENDED_COUNT: &str = "ended-count/";
/// Begins what members here did for others and had of them, by month and member.
pub const DEALINGS: &str = "dealings/";
/// There where a store has counted that since its first row, or has made it anew of its rows.
pub const MONTHS_BEGUN: &str = "tallied";
/// Begins the settings that were made while the server ran, by `part.key`.
pub const SETTINGS: &str = "setting/";
/// When a backup of the server was made last, by whomever.
pub const BACKED_UP: &str = "backed-up";
/// Begins the statements that wait for the root key.
pub const ROOT_REQUESTS: &str = "root-request/";
/// What is written to see whether the disk has room again, and taken away at once.
pub const TRIAL: &str = "trial";
/// Begins the positions on other feeds.
pub const POSITIONS: &str = "position/";

/// The token whose secret has this hash.
pub fn token(hash: &str) -> String {
    format!("{TOKENS}{hash}")
}

/// When the token under `key` was last shown.
pub fn token_use(key: &str) -> String {
    format!("{TOKEN_USES}{}", key.strip_prefix(TOKENS).unwrap_or(key))
}

/// When the session under `key` was last used.
pub fn session_use(key: &str) -> String {
    format!("{SESSION_USES}{}", key.strip_prefix(SESSIONS).unwrap_or(key))
}

/// What `origin` has done in `month`.
pub fn month(month: &str, origin: &str) -> String {
    format!("{MONTHS}{month}/{origin}")
}

/// What `member` did for others and had of them in `month`.
pub fn dealings(month: &str, member: &str) -> String {
    format!("{DEALINGS}{month}/{member}")
}

/// An account.
pub fn account(id: &str) -> String {
    format!("{ACCOUNTS}{id}")
}

/// An entry of the audit trail.
pub fn audit_entry(number: u64) -> String {
    format!("{AUDIT_ENTRIES}{number:016}")
}

/// A signed head of the audit trail.
pub fn audit_seal(number: u64) -> String {
    format!("{AUDIT_SEALS}{number:016}")
}

/// A place in the journal of live questions.
pub fn question(slot: usize) -> String {
    format!("{QUESTIONS}{slot:05}")
}

/// That an origin has signed two states under one revision.
pub fn equivocation(name: &RecordName) -> String {
    format!("{EQUIVOCATIONS}{name}")
}

/// The newest revision that was given out for `member`.
pub fn revision(member: &MemberId) -> String {
    format!("{REVISIONS}{member}")
}

/// That `member` must take its own records back before it writes.
pub fn unrecovered(member: &MemberId) -> String {
    format!("{UNRECOVERED}{member}")
}

/// The newest revision of `member` that others took.
pub fn ahead(member: &MemberId) -> String {
    format!("{AHEAD}{member}")
}

/// From which feed of `peer` own records were last taken back.
pub fn recovered_from(peer: &NodeId) -> String {
    format!("{RECOVERED_FROM}{peer}")
}

/// A lane, as keys have it.
pub fn lane(lane: Lane) -> &'static str {
    match lane {
        Lane::Prompt => "prompt",
        Lane::Bulk | Lane::Unspecified => "bulk",
    }
}

/// Where we stand on the feed of `peer`.
pub fn position(peer: &NodeId, on: Lane) -> String {
    format!("{POSITIONS}{peer}/{}", lane(on))
}

/// Begins the scopes that catch up on the feed of `peer`.
pub fn catch_ups(peer: &NodeId, on: Lane) -> String {
    format!("catch-up/{peer}/{}/", lane(on))
}

/// What is to become of the keys of `member`.
pub fn rotation(member: &MemberId) -> String {
    format!("{ROTATIONS}{member}")
}

/// The newest key by the root of `member` that the operator has acknowledged.
pub fn keys_seen(member: &MemberId) -> String {
    format!("{KEYS_SEEN}{member}")
}

/// Begins the states that we refused of `peer`.
pub fn rejected(peer: &NodeId) -> String {
    format!("{REJECTIONS}{peer}/")
}

/// What was refused of `name` from `peer`.
pub fn rejection(peer: &NodeId, name: &RecordName) -> String {
    format!("{REJECTIONS}{peer}/{name}")
}

/// Of which name something was refused, by the key under which that is kept.
pub fn refused_name(key: &str) -> Option<RecordName> {
    let at = key.strip_prefix(REJECTIONS)?.find("/members/")?;
    key.get(REJECTIONS.len() + at + 1..)?.parse().ok()
}

/// Begins the states that `peer` refused of ours.
pub fn refused(peer: &NodeId) -> String {
    format!("{REFUSALS}{peer}/")
}

/// What `peer` has acknowledged of our feed, at least.
pub fn acknowledged(peer: &NodeId) -> String {
    format!("acknowledged/{peer}")
}

/// A subscription: what its owner decides.
pub fn subscription(id: &str) -> String {
    format!("{SUBSCRIPTIONS}{id}")
}

/// How far a subscription has come.
pub fn subscription_state(id: &str) -> String {
    format!("subscription-state/{id}")
}

/// Begins the subscriptions of an account.
pub fn subscriptions_of(account: &str) -> String {
    format!("subscriber/{account}/")
}

/// Begins the subscriptions that a token has made and that outlive it.
pub fn subscriptions_by(token: &str) -> String {
    format!("subscription-by/{token}/")
}

/// A subscription that has ended.
pub fn subscription_ended(id: &str) -> String {
    format!("{SUBSCRIPTIONS_ENDED}{id}")
}

/// Begins what a subscriber had.
pub fn had(id: &str) -> String {
    format!("had/{id}/")
}

/// Begins what a subscriber had and has no longer, by time.
pub fn left(id: &str) -> String {
    format!("left/{id}/")
}

/// Begins the sequence numbers under which events were cancelled, by name.
pub fn cancelled(id: &str) -> String {
    format!("cancelled/{id}/")
}

/// Begins the names that a page shows, by time.
pub fn recent(id: &str) -> String {
    format!("recent/{id}/")
}

/// Begins the log of a subscription.
pub fn deliveries(id: &str) -> String {
    format!("delivery/{id}/")
}

/// What a subscriber has taken and not acknowledged.
pub fn pulled(id: &str) -> String {
    format!("pulled/{id}")
}

/// What is to be told of a subscription by mail.
pub fn notice(id: &str) -> String {
    format!("{NOTICES}{id}")
}

/// When the reader of the address for notices was asked to confirm it.
pub fn notice_asked(id: &str) -> String {
    format!("notice-asked/{id}")
}

/// The subscription whose secret address has this hash.
pub fn page_address(hash: &str) -> String {
    format!("page-address/{hash}")
}

/// Who must approve what `member` publishes.
pub fn policy(member: &MemberId) -> String {
    format!("{POLICIES}{member}")
}

/// Begins the mappings of tables that `member` has used, by headers.
pub fn mappings(member: &MemberId) -> String {
    format!("{MAPPINGS}{member}/")
}

/// Begins the drafts of `member`, by id.
pub fn drafts(member: &MemberId) -> String {
    format!("draft/{member}/")
}

/// How many drafts `member` has.
pub fn draft_count(member: &MemberId) -> String {
    format!("draft-count/{member}")
}

/// The id of the draft that is to become the listing `name`.
pub fn draft_of(name: &RecordName) -> String {
    format!("draft-of/{name}")
}

/// Begins the same of all listings of `member`.
pub fn drafts_of(member: &MemberId) -> String {
    format!("draft-of/members/{member}/")
}

/// Begins the imports of `member` that made drafts.
pub fn draft_batches(member: &MemberId) -> String {
    format!("draft-batch/{member}/")
}

/// Begins the ids of the drafts that one import of `member` made.
pub fn draft_batch(member: &MemberId, batch: &str) -> String {
    format!("draft-batch/{member}/{batch}/")
}

/// Begins what is noted of the drafts of `member` that wait for somebody, by where they stand.
pub fn drafts_waiting(member: &MemberId) -> String {
    format!("draft-waiting/{member}/")
}

/// Begins the accounts of drafts of `member` that were approved, by id.
pub fn drafts_ended(member: &MemberId) -> String {
    format!("draft-ended/{member}/")
}

/// Begins the same in the order of time, so that the oldest are found.
pub fn drafts_ended_by_time(member: &MemberId) -> String {
    format!("draft-ended-time/{member}/")
}
