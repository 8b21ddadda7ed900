//! Bounds that are part of the contract. Every participant applies the same.

use std::time::Duration;

/// A label: one part of a name.
pub const LABEL_BYTES: usize = 64;
/// A network's name.
pub const NETWORK_NAME_BYTES: usize = 190;
/// A kind.
pub const KIND_BYTES: usize = 32;
/// A scope in its absolute form.
pub const SCOPE_BYTES: usize = 320;
/// An encoded record or withdrawal.
pub const RECORD_BYTES: usize = 64 * 1024;
/// The decompressed parts of one batch.
pub const BATCH_BYTES: usize = 1024 * 1024;
/// A gRPC message on a link.
pub const LINK_MESSAGE_BYTES: usize = 2 * 1024 * 1024;
/// Bytes of parts in flight per lane, at most.
pub const WINDOW_BYTES: usize = 4 * 1024 * 1024;
/// Scopes of one record.
pub const SCOPES: usize = 16;
/// Scopes of one withdrawal: what a record had over time.
pub const WITHDRAWAL_SCOPES: usize = 128;
/// Live listings of a member unless the directory says otherwise.
pub const LISTINGS_PER_MEMBER: usize = 50_000;
/// Rows of a member, whatever is in them, for each live listing that it may have: those that ended are kept until their
/// date.
pub const ROWS_PER_LISTING: usize = 10;
/// Rows of a member beside those: heads, receipts, what the future brings.
pub const ROWS_BESIDE: usize = 10_000;
/// What one side says to another's operator, in characters; the rest is cut off.
pub const SAID_CHARS: usize = 300;
/// Items on a page.
pub const PAGE: usize = 1_000;
/// Items on a page where the caller does not say.
pub const PAGE_DEFAULT: usize = 50;
/// Kinds in a head.
pub const HEAD_KINDS: usize = 64;
/// Scopes in a receipt.
pub const RECEIPT_SCOPES: usize = 96;
/// Steps of one scope in a receipt.
pub const RECEIPT_STEPS: usize = 8;
/// Refused names in a receipt.
pub const RECEIPT_REFUSED: usize = 32;
/// Values in a filter.
pub const FILTER_VALUES: usize = 256;
/// What is sealed, before and after.
pub const SEALED_BYTES: usize = 1024 * 1024;
/// Members to which one thing is sealed.
pub const SEALED_RECIPIENTS: usize = 8;
/// Characters of the words of a live question.
pub const LIVE_WORDS_CHARS: usize = 200;
/// Words of a live question.
pub const LIVE_WORDS: usize = 16;
/// Listings of one member in answer to a live question.
pub const LIVE_RESULTS: usize = 100;
/// The same where the asker does not say.
pub const LIVE_RESULTS_DEFAULT: usize = 20;
/// An encoded live question with its signature.
pub const LIVE_QUESTION_BYTES: usize = 32 * 1024;
/// Encoded listings after which a page of a live answer ends.
pub const LIVE_PAGE_BYTES: usize = 32 * 1024;
/// An encoded page of a live answer with its signature: any one listing fits.
pub const LIVE_REPLY_BYTES: usize = 160 * 1024;
/// All pages of a live answer.
pub const LIVE_ANSWER_BYTES: usize = 1024 * 1024;
/// Pages of a live answer.
pub const LIVE_PAGES: usize = 64;

/// How far ahead a record may expire: 18 months.
pub const EXPIRE_MONTHS_MAX: i32 = 18;
/// When a record expires where its writer does not say.
pub const EXPIRE_MONTHS_DEFAULT: i32 = 6;
/// The latest time that a part may bear: the end of the year 9999. Sums of two times are far from overflowing.
pub const LATEST_MICROS: i64 = 253_402_300_799_999_999;
/// How far ahead the date of a record may lie that a gateway takes: the longest 18 months, and a month of slack.
pub const EXPIRE_TAKEN: Duration = Duration::from_secs(19 * 31 * 24 * 60 * 60);
/// How long after its date a record is still taken, and a withdrawal kept.
pub const EXPIRE_SLACK: Duration = Duration::from_secs(15 * 60);
/// Clocks that differ by more are reported.
pub const CLOCK_WARN: Duration = Duration::from_secs(60);
/// Clocks that differ by more stop writing and applying.
pub const CLOCK_REFUSE: Duration = Duration::from_secs(10 * 60);
/// How long a request id is remembered.
pub const REQUEST_ID_KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a head says what is, at most.
pub const HEAD_VALID: Duration = Duration::from_secs(30 * 60);
/// How soon a holder may sign another receipt to the same origin.
pub const RECEIPT_APART: Duration = Duration::from_secs(60);
/// How long old and new key both verify after a rotation.
pub const KEY_GRACE: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How long the stores of others keep what a removed member wrote, where its removal does not say.
pub const REMOVED_KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How long a live question waits where the asker does not say.
pub const LIVE_WITHIN_DEFAULT: Duration = Duration::from_secs(3);
/// The shortest and the longest that it may wait.
pub const LIVE_WITHIN: std::ops::RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_secs(30);
/// Keys that a node introduces at once.
pub const KEYS_INTRODUCED: usize = 4;

const _: () = assert!(RECORD_BYTES + 1024 <= BATCH_BYTES, "a batch holds any record");
const _: () = assert!(BATCH_BYTES + RECORD_BYTES <= LINK_MESSAGE_BYTES, "a message holds any batch");
const _: () = assert!(LINK_MESSAGE_BYTES <= WINDOW_BYTES, "a window holds any message");
const _: () = assert!(WITHDRAWAL_SCOPES * (SCOPE_BYTES + 3) + 1024 <= RECORD_BYTES, "a withdrawal fits its limit");
const _: () = assert!(
    RECEIPT_SCOPES * (SCOPE_BYTES + 16 + RECEIPT_STEPS * 20) + RECEIPT_REFUSED * 430 + 2048 <= RECORD_BYTES,
    "a receipt fits its limit"
);
const _: () = assert!(PAGE_DEFAULT <= PAGE);
const _: () = assert!(
    (LIVE_PAGE_BYTES + RECORD_BYTES + 1024) / 4 * 5 + 4096 <= LIVE_REPLY_BYTES,
    "a page of a live answer holds any listing, padded"
);
const _: () = assert!(LIVE_REPLY_BYTES + 1024 <= LINK_MESSAGE_BYTES, "a message holds any page of a live answer");
