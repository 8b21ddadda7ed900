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
/// Rows that one step of a reader takes.
pub(crate) const FEED_PAGE: usize = 256;
/// Rows that one step of a link's source takes: as many small records as a batch holds.
pub(crate) const LINK_PAGE: usize = 1024;
/// Rows that upkeep handles in one transaction.
pub(crate) const UPKEEP_ROWS: usize = 512;
/// How much earlier or later than its time another store may have dropped a removed member's rows: their clocks differ.
pub(crate) const REMOVAL_SLACK: Duration = contract::CLOCK_REFUSE.saturating_mul(2);
/// Rows that are signed anew at a time.
pub(crate) const RESIGN_ROWS: usize = 128;
/// How many times as long as a page took to write, signing anew rests after it.
pub(crate) const RESIGN_REST: u32 = 3;
/// Epochs that a feed remembers.
pub(crate) const EPOCHS: usize = 1024;
/// Rejections that are remembered per peer.
pub(crate) const REJECTIONS: usize = 10_000;
/// A watcher that takes nothing for this long while something waits for it is cut off.
pub(crate) const WATCH_STALL: Duration = Duration::from_secs(60);
/// How often a quiet watcher gets a bookmark.
pub(crate) const WATCH_BOOKMARK: Duration = Duration::from_secs(60);
/// How often dates are looked at.
pub(crate) const UPKEEP_EVERY: Duration = Duration::from_secs(5);
/// After how long deleted bytes are gone from the log as well.
pub(crate) const SCRUB_EVERY: Duration = Duration::from_secs(20);

const _: () = assert!(WRITE_COMMAND_BYTES <= QUEUE_BYTES, "the queue admits any command");
const _: () = assert!(contract::BATCH_BYTES * 2 <= WRITE_COMMAND_BYTES, "a command holds any batch");
