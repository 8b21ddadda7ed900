//! Bounds of the engine. Those of the contract are in [`duikou_proto::limits`].

use std::time::Duration;

use duikou_proto::limits as contract;

/// Commands that wait for the writer.
pub(crate) const WRITE_QUEUE: usize = 4096;
/// Commands in one transaction.
pub(crate) const WRITE_BATCH: usize = 512;
/// What one command counts at most against the queue's bytes.
pub(crate) const WRITE_COMMAND_BYTES: usize = 4 * 1024 * 1024;
/// Bytes of commands that wait for the writer, unless configured.
pub const QUEUE_BYTES: usize = 32 * 1024 * 1024;
/// Bytes of the newest changes in memory, unless configured.
pub const FEED_BYTES: usize = 32 * 1024 * 1024;
/// Bytes of listings that are kept as readers are shown them, while they are new.
pub(crate) const SHELF_BYTES: usize = 8 * 1024 * 1024;
/// Rows that one step of a reader takes.
pub(crate) const FEED_PAGE: usize = 256;
/// Rows that one step of a link's source takes: as many small records as a batch holds.
pub(crate) const LINK_PAGE: usize = 1024;
/// Rows that upkeep handles in one transaction.
pub(crate) const UPKEEP_ROWS: usize = 512;
/// How much earlier or later than its time another store may have dropped a removed member's rows: their clocks differ.
pub(crate) const REMOVAL_SLACK: Duration = contract::CLOCK_REFUSE.saturating_mul(2);
/// How far ahead of a clock that is right a revision can lie that others took: a gateway takes 10 minutes, and its own
/// clock may be as wrong.
pub(crate) const CLOCKS_APART: Duration = contract::CLOCK_REFUSE.saturating_mul(2);
/// Rows that are signed anew at a time.
pub(crate) const RESIGN_ROWS: usize = 128;
/// How many times as long as a page took to write, signing anew rests after it.
pub(crate) const RESIGN_REST: u32 = 3;
/// How long after a change a head is signed: what comes meanwhile is in it.
pub(crate) const HEAD_AFTER: Duration = Duration::from_secs(1);
/// How often it is looked whether a head is due.
pub(crate) const HEAD_LOOK: Duration = Duration::from_secs(60);
/// How old a head becomes before it is signed again unchanged.
pub(crate) const HEAD_EVERY: Duration = Duration::from_secs(10 * 60);
/// The date of a head's record, which its heartbeat moves on: half a year.
pub(crate) const HEAD_KEPT: Duration = Duration::from_secs(180 * 24 * 60 * 60);
/// How long what a head counts may come after it, or before, without being a difference.
pub(crate) const HEAD_TRAILS: Duration = Duration::from_secs(2);
/// How long a scope has differed from its heads when what they count should have come.
pub(crate) const HEAD_SETTLES: Duration = Duration::from_secs(60);
/// Heads that are signed in one transaction.
pub(crate) const HEADS_AT_ONCE: usize = 64;
/// Scopes of one member that have heads.
pub(crate) const HEADS_OF_A_MEMBER: usize = 4096;
/// How long after a head was met a receipt is signed: what is met meanwhile is in it.
pub(crate) const RECEIPT_AFTER: Duration = Duration::from_secs(1);
/// How old a receipt becomes before it is signed again although nothing but time has moved.
pub(crate) const RECEIPT_EVERY: Duration = Duration::from_secs(30 * 60);
/// The date of a receipt's record, which later ones move on: half a year.
pub(crate) const RECEIPT_KEPT: Duration = HEAD_KEPT;
/// Receipts that are signed in one transaction.
pub(crate) const RECEIPTS_AT_ONCE: usize = 64;
/// Receipts of one holder, or to one origin.
pub(crate) const RECEIPTS_OF_A_MEMBER: usize = 4096;
/// Somebody who has signed receipts for this long since, and not for a scope, does not get it.
pub(crate) const RECEIPT_LACKING: Duration = Duration::from_secs(60 * 60);
/// Somebody from whom no receipt has come for this long gets nothing, or cannot say so.
pub(crate) const RECEIPT_SILENT: Duration = Duration::from_secs(24 * 60 * 60);
/// How often it is looked whether a scope differs from its head; it is healed where it did the time before too.
pub(crate) const HEAL_EVERY: Duration = Duration::from_secs(5);
/// What cannot be healed is tried again after twice as many rounds each time, up to two to this power.
pub(crate) const HEAL_BACKOFF: u32 = 7;
/// How long a peer may take to say where it differs.
pub(crate) const HEAL_ANSWER: Duration = Duration::from_secs(60);
/// Scopes that are healed in one round.
pub(crate) const RECONCILE_AT_ONCE: usize = 8;
/// Pieces into which a range of names that differs is split.
pub(crate) const RECONCILE_PIECES: usize = 16;
/// States of a range that are listed rather than split.
pub(crate) const RECONCILE_LIST: usize = 16;
/// Ranges in one question.
pub(crate) const RECONCILE_RANGES: usize = 64;
/// Ranges that wait to be asked for: what splitting the largest member's names leaves at most, several times.
pub(crate) const RECONCILE_OPEN: usize = 8 * RECONCILE_RANGES * RECONCILE_PIECES;
/// States of one scope that are found to be lacking in one round.
pub(crate) const RECONCILE_STATES: usize = 2 * contract::LISTINGS_PER_MEMBER;
/// Questions about one scope in one round.
pub(crate) const RECONCILE_QUESTIONS: usize = 1024;
/// Epochs that a feed remembers.
pub(crate) const EPOCHS: usize = 1024;
/// Rejections that are remembered per peer.
pub(crate) const REJECTIONS: usize = 10_000;
/// Names that are remembered because their origin signed two states as one revision.
pub(crate) const EQUIVOCATIONS: usize = 1_000;
/// A watcher that takes nothing for this long while something waits for it is cut off.
pub(crate) const WATCH_STALL: Duration = Duration::from_secs(60);
/// How often a quiet watcher gets a bookmark.
pub(crate) const WATCH_BOOKMARK: Duration = Duration::from_secs(60);
/// How often dates are looked at.
pub(crate) const UPKEEP_EVERY: Duration = Duration::from_secs(5);
/// After how long deleted bytes are gone from the log as well.
pub(crate) const SCRUB_EVERY: Duration = Duration::from_secs(20);

const _: () =
    assert!(HEAD_EVERY.as_secs() + HEAD_LOOK.as_secs() < contract::HEAD_VALID.as_secs(), "a heartbeat comes in time");
const _: () = assert!(WRITE_COMMAND_BYTES <= QUEUE_BYTES, "the queue admits any command");
const _: () = assert!(contract::BATCH_BYTES * 2 <= WRITE_COMMAND_BYTES, "a command holds any batch");
