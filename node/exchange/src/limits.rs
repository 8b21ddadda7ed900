//! Bounds of the exchange: engine, feed, links and live questions. Those of the contract are in [`duikou_proto::limits`].

use std::time::Duration;

use duikou_proto::limits as contract;

/// Commands that wait for the writer.
pub const WRITE_QUEUE: usize = 4096;
/// Commits that something follows ([`Engine::to_the_end`](crate::engine::Engine::to_the_end)) at once; more wait to begin.
pub const TO_THE_END: usize = 1_024;
/// Commands in one transaction.
pub const WRITE_BATCH: usize = 512;
/// Rows at which the commands of one transaction look, unless one of them looks at more.
pub const WRITE_ROWS: usize = 1024;
/// What one command counts at most against the queue's bytes, even where it holds more: an operator's queue may be no larger.
pub const WRITE_COMMAND_BYTES: usize = 4 * 1024 * 1024;
/// Bytes of facts that the writer keeps since it needs them with nearly every transaction.
pub const WARM_BYTES: usize = 2 * 1024 * 1024;
/// Bytes of commands that wait for the writer, unless configured.
pub const QUEUE_BYTES: usize = 16 * 1024 * 1024;
/// Bytes of the newest changes in memory, unless configured.
pub const FEED_BYTES: usize = 64 * 1024 * 1024;
/// Bytes of listings that are kept as readers are shown them, while they are new.
pub const SHELF_BYTES: usize = 8 * 1024 * 1024;
/// Bytes of rows that were asked for by name lately, each with the listing in it.
pub const NAMED_BYTES: usize = 48 * 1024 * 1024;
/// Settings that are made while the server runs, as far as they are read.
pub const SETTINGS: usize = 256;
/// Audiences of one origin that are counted apart in one month; what has others is counted for the origin alone.
pub const MONTH_AUDIENCES: usize = 64;
/// Provinces and countries that are counted apart for one audience.
pub const MONTH_PLACES: usize = 64;
/// Months of origins that one question is answered from.
pub const MONTHS: usize = 50_000;
/// How long the last content of a listing that has ended is kept for its own people.
pub const ENDED_KEPT: Duration = Duration::from_secs(400 * 24 * 60 * 60);
/// How many of these are kept of a member.
pub const ENDED: usize = 20_000;
/// Rows that one step of a reader takes.
pub const FEED_PAGE: usize = 256;
/// Bytes of their parts, beyond which no more rows are in it.
pub const FEED_PAGE_BYTES: usize = 4 * 1024 * 1024;
/// Pieces of the feed that are kept as readers that are alike see them, until it moves.
pub const TURNS: usize = 1_024;
/// Steps of one of them.
pub const TURN_STEPS: usize = 16;
/// For how long one of them is good, microseconds.
pub const TURN_AGE: i64 = 1_000_000;
/// Rows that one step of a link's source takes: as many small records as a batch holds.
pub const LINK_PAGE: usize = 1024;
/// Bytes of their parts, beyond which no more rows are in it: what one batch holds.
pub const LINK_PAGE_BYTES: usize = contract::BATCH_BYTES;
/// Bytes of parts, beyond which no more rows are in a range by name, or in what is due.
pub const STRETCH_BYTES: usize = 4 * 1024 * 1024;
/// Rows that upkeep handles in one transaction.
pub const UPKEEP_ROWS: usize = 512;
/// How much earlier or later than its time another store may have dropped a removed member's rows: their clocks differ.
pub const REMOVAL_SLACK: Duration = contract::CLOCK_REFUSE.saturating_mul(2);
/// How far ahead of a clock that is right a revision can lie that others took: a gateway takes 10 minutes, and its own
/// clock may be as wrong.
pub const CLOCKS_APART: Duration = contract::CLOCK_REFUSE.saturating_mul(2);
/// Rows that are signed anew at a time.
pub const RESIGN_ROWS: usize = 128;
/// How many times as long as a page took to write, signing anew rests after it.
pub const RESIGN_REST: u32 = 3;
/// How long after a change a head is signed: what comes meanwhile is in it.
pub const HEAD_AFTER: Duration = Duration::from_secs(1);
/// How often it is looked whether a head is due.
pub const HEAD_LOOK: Duration = Duration::from_secs(60);
/// How old a head becomes before it is signed again unchanged.
pub const HEAD_EVERY: Duration = Duration::from_secs(10 * 60);
/// The date of a head's record, which its heartbeat moves on: half a year.
pub const HEAD_KEPT: Duration = Duration::from_secs(180 * 24 * 60 * 60);
/// How long what a head counts may come after it, or before, without being a difference.
pub const HEAD_TRAILS: Duration = Duration::from_secs(2);
/// How long a scope has differed from its heads when what they count should have come.
pub const HEAD_SETTLES: Duration = Duration::from_secs(60);
/// Heads that are signed in one transaction.
pub const HEADS_AT_ONCE: usize = 64;
/// Scopes of one member that have heads.
pub const HEADS_OF_A_MEMBER: usize = 4096;
/// How long after a head was met a receipt is signed: what is met meanwhile is in it.
pub const RECEIPT_AFTER: Duration = Duration::from_secs(1);
/// How old a receipt becomes before it is signed again although nothing but time has moved.
pub const RECEIPT_EVERY: Duration = Duration::from_secs(30 * 60);
/// The date of a receipt's record, which later ones move on: half a year.
pub const RECEIPT_KEPT: Duration = HEAD_KEPT;
/// Receipts that are signed in one transaction.
pub const RECEIPTS_AT_ONCE: usize = 64;
/// Receipts of one holder, or to one origin.
pub const RECEIPTS_OF_A_MEMBER: usize = 4096;
/// Somebody who has signed receipts for this long since, and not for a scope, does not get it.
pub const RECEIPT_LACKING: Duration = Duration::from_secs(60 * 60);
/// Somebody from whom no receipt has come for this long gets nothing, or cannot say so.
pub const RECEIPT_SILENT: Duration = Duration::from_secs(24 * 60 * 60);
/// How often it is looked whether a scope differs from its head; it is healed where it did the time before too.
pub const HEAL_EVERY: Duration = Duration::from_secs(5);
/// What cannot be healed is tried again after twice as many rounds each time, up to two to this power.
pub const HEAL_BACKOFF: u32 = 7;
/// How long a peer may take to say where it differs.
pub const HEAL_ANSWER: Duration = Duration::from_secs(60);
/// Scopes that are healed in one round.
pub const RECONCILE_AT_ONCE: usize = 8;
/// Pieces into which a range of names that differs is split.
pub const RECONCILE_PIECES: usize = 16;
/// States of a range that are listed rather than split.
pub const RECONCILE_LIST: usize = 16;
/// Ranges in one question.
pub const RECONCILE_RANGES: usize = 64;
/// Ranges that wait to be asked for: what splitting the largest member's names leaves at most, several times.
pub const RECONCILE_OPEN: usize = 8 * RECONCILE_RANGES * RECONCILE_PIECES;
/// States of one scope that are found to be lacking in one round.
pub const RECONCILE_STATES: usize = 2 * contract::LISTINGS_PER_MEMBER;
/// Questions about one scope in one round.
pub const RECONCILE_QUESTIONS: usize = 1024;
/// Epochs that a feed remembers.
pub const EPOCHS: usize = 1024;
/// Rejections that are remembered per peer.
pub const REJECTIONS: usize = 10_000;
/// Names of rows that are remembered because they cannot be read.
pub const DAMAGED: usize = 10_000;
/// Names that are remembered because their origin signed two states as one revision.
pub const EQUIVOCATIONS: usize = 1_000;
/// Live questions of one peer, or over one link, that are open.
pub const LIVE_IN_FLIGHT: usize = 256;
/// Live questions that are sent over one link in ten seconds.
pub const LIVE_SENT: u32 = 4_096;
/// The same as they come: a sound peer sends no more, however they bunch on the way.
pub const LIVE_TAKEN: u32 = 2 * LIVE_SENT;
/// Live questions that a gateway has passed on and that are open.
pub const LIVE_PASSING: usize = 8 * 1024;
/// Live questions that members here answer at the same time; the others wait.
pub const LIVE_ANSWERING: usize = 4;
/// Calls that ask live questions at the same time.
pub const LIVE_ASKING: usize = 64;
/// Bytes of live questions and answers that wait for one link.
pub const LIVE_QUEUE_BYTES: usize = 2 * 1024 * 1024;
/// Bytes of live questions and answers that wait for all links together.
pub const LIVE_QUEUES_BYTES: usize = 64 * 1024 * 1024;
/// Bytes of live questions and answers that are on one link and of which it is not known that they have arrived.
pub const LIVE_WINDOW_BYTES: usize = 256 * 1024;
/// Rows that are looked at for one live answer.
pub const LIVE_ROWS: usize = contract::LISTINGS_PER_MEMBER;
/// Live questions that one asker has at once, after a rest.
pub const LIVE_BURST: u32 = 60;
/// Live questions of one asker in a second, for good.
pub const LIVE_PER_SECOND: u32 = 2;
/// Live questions that are remembered so that they are not answered twice.
pub const LIVE_MET: usize = 128 * 1024;
/// Live questions that are written down.
pub const LIVE_JOURNAL: usize = 5_000;
/// How often dates are looked at.
pub const UPKEEP_EVERY: Duration = Duration::from_secs(5);
/// When a row is looked at again whose date has passed, and which cannot be ended yet.
pub const UPKEEP_AGAIN: Duration = Duration::from_secs(30);
/// After how long deleted bytes are gone from the log as well.
pub const SCRUB_EVERY: Duration = Duration::from_secs(20);
/// Subscriptions of one server.
pub const SUBSCRIPTIONS: u64 = 20_000;
/// Tokens of one server.
pub const TOKENS: usize = 2_500;
/// Tokens of one server up to which members make them; the rest is the operator's.
pub const TOKENS_OF_MEMBERS: usize = 2_000;
/// Tokens of one member up to which its own administrators make them.
pub const TOKENS_PER_MEMBER: usize = 100;
/// Accounts of one server.
pub const ACCOUNTS: usize = 1_000;
/// Sessions of one account; beyond, the oldest end.
pub const SESSIONS_PER_ACCOUNT: usize = 20;
/// Sessions of all accounts.
pub const SESSIONS: usize = ACCOUNTS * SESSIONS_PER_ACCOUNT;
/// Entries and seals of the audit trail that are read in one go.
pub const AUDIT_PAGE: usize = 1_000;
/// How long the head of the audit trail stays unsigned at most, where it has moved.
pub const AUDIT_SEAL_EVERY: Duration = Duration::from_secs(60 * 60);
/// How many entries stay unsigned at most, but for those of one minute.
pub const AUDIT_SEAL_ENTRIES: u64 = 1_000;

const _: () = assert!(contract::LIVE_REPLY_BYTES + 1024 <= LIVE_QUEUE_BYTES, "any page of a live answer can wait");
const _: () = assert!(contract::BATCH_BYTES * 2 <= WRITE_COMMAND_BYTES, "a command holds any batch");
