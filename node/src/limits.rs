//! Bounds of services, pages, subscriptions, search and spreadsheets; with those of the exchange, which go by the same
//! names here. Those of the contract are in [`duikou_proto::limits`].

use std::time::Duration;

pub use duikou_exchange::limits::*;
use duikou_proto::limits as contract;

/// Pages that are kept as anybody sees them.
pub const PAGES_KEPT: usize = 512;
/// How long one of them is shown: words are found about a second after they are written anyway.
pub const PAGE_KEPT: Duration = Duration::from_secs(1);
/// Bytes of a page; a calendar of as many events as it has is smaller.
pub const PAGE_BYTES: usize = 4 * 1024 * 1024;
/// Bytes of all headers of a request, names and values. What is larger is refused in words.
pub const HEADER_BYTES: usize = 32 * 1024;
/// Up to how many bytes HTTP/2 reads headers, so that they can be refused in words; beyond that the stream is closed.
pub const HEADER_LIST_BYTES: u32 = 128 * 1024;
/// Bytes of a form without files, as a browser sends it: three for each octet that is no letter or digit.
pub const FORM_BYTES: usize = 1024 * 1024;
/// Fields of a form.
pub const FORM_FIELDS: usize = 4_000;
/// Bytes of files that are read to the end, and forgotten, where whoever sends them has to sign in first: browsers show an
/// answer only when they have sent all.
pub const FORM_DRAINED: usize = 64 * 1024 * 1024;
/// Characters of a subject, as an OpenID provider knows somebody (OpenID Connect Core 1.0, section 2).
pub const OPENID_SUBJECT_CHARS: usize = 255;
/// People who are led to an OpenID provider at once; where there are more, those who left first begin again.
pub const OPENID_FLOWS: usize = 10_000;
/// How long somebody may take there.
pub const OPENID_FLOW: Duration = Duration::from_secs(10 * 60);
/// Bytes of what a provider answers.
pub const OPENID_ANSWER_BYTES: usize = 1024 * 1024;
/// How long it may take to answer.
pub const OPENID_TIMEOUT: Duration = Duration::from_secs(10);
/// How long it is believed to be as it has described itself.
pub const OPENID_KEPT: Duration = Duration::from_secs(60 * 60);
/// How soon after that it is asked again, at the earliest, for keys that were not among its own.
pub const OPENID_KEYS_REST: Duration = Duration::from_secs(60);
/// How long a provider that could not be reached is left alone.
pub const OPENID_REST: Duration = Duration::from_secs(5);
/// Refused sign-ins by a provider that the audit trail takes at once, and in a minute: anybody can have one refused.
pub const OPENID_REFUSALS: u32 = 30;
/// How long counterparts that were found for a work list are shown, at least, before they are looked for again.
pub const HOME_MATCHES_KEPT: Duration = Duration::from_secs(10);
/// How many times as long as looking for them took, it is not done again.
pub const HOME_MATCHES_REST: i64 = 20;
/// Backups that are kept of those that are made in a browser.
pub const BACKUPS_KEPT: usize = 3;
/// Room on the disk that a backup leaves: 64 MiB.
pub const BACKUP_SPARE: u64 = 64 * 1024 * 1024;
/// Bytes of a file that are read at once for an archive.
pub const ARCHIVE_PIECE: usize = 64 * 1024;
/// Pieces of an archive that wait for whoever takes it.
pub const ARCHIVE_WAITS: usize = 4;
/// Counterparts of a listing that are found.
pub const MATCHES: usize = 200;
/// Listings that are compared for them: those that have most of what counts, as far as the search index knows it.
pub const MATCH_CANDIDATES: usize = 500;
/// So many of them are read at once.
pub const CANDIDATES_PAGE: usize = 100;
/// Calls that look for counterparts at the same time.
pub const MATCHING: usize = 2;
/// Those that look or wait for their turn.
pub const MATCHES_WAITING: usize = 64;
/// Listings of a member whose counterparts one subscription follows.
pub const SUBJECTS: usize = 200;
/// How long after a listing has changed whose counterparts are followed, and all that there is was looked at anew for it,
/// that is done again at the earliest.
pub const SUBJECTS_REST: Duration = Duration::from_secs(30);
/// Watches that read what lies far behind at the same time; the others wait. Fewer than the store reads side by side, so
/// that there is always room for who asks something else.
pub const WATCHES_CATCHING_UP: usize = 4;
/// A watcher that takes nothing for this long while something waits for it is cut off.
pub const WATCH_STALL: Duration = Duration::from_secs(60);
/// How often a quiet watcher gets a bookmark.
pub const WATCH_BOOKMARK: Duration = Duration::from_secs(60);
/// How long the expiry of a token is waited for before it is looked at again.
pub const EXPIRY_LOOK: Duration = Duration::from_secs(60 * 60);
/// Tests of webhooks that one account may send within [`TESTS_WITHIN`]: nobody's server is to be shot at from here.
pub const TESTS: usize = 5;
/// See [`TESTS`].
pub const TESTS_WITHIN: Duration = Duration::from_secs(10);
/// Bytes of a body that are read and thrown away when its caller has been answered, so that it hears the answer.
pub const UNREAD_BYTES: usize = 64 * 1024 * 1024;
/// How long that is done.
pub const UNREAD_WITHIN: Duration = Duration::from_secs(5);
/// Subscriptions of one account, but for the operator's.
pub const SUBSCRIPTIONS_PER_ACCOUNT: usize = 1_000;
/// Events that are offered to a receiver before it is noted which of them it has.
pub const DELIVERY_EVENTS: usize = 32;
/// Events in one digest; the rest follows in another.
pub const DIGEST_EVENTS: usize = 200;
/// Deliveries that the log of a subscription keeps.
pub const DELIVERY_LOG: u64 = 50;
/// What a subscriber had that is looked at in one go.
pub const MEMORY_PAGE: usize = 256;
/// Departures that a subscription remembers, and how long, for replays, deleted entries and cancelled events.
pub const DEPARTURES: usize = 10_000;
/// See [`DEPARTURES`].
pub const DEPARTURES_KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Departures of which it is looked whether they are too old whenever one is added.
pub const DEPARTURES_LOOKED: usize = 8;
/// How far the feed goes on before a subscription that got nothing of it notes where it stands.
pub const SUBSCRIPTION_LAG: i64 = 4_096;
/// Subscriptions that look at the feed at once.
pub const DELIVERY_LOOKS: usize = 64;
/// Requests to receivers that have answered promptly, at once.
pub const DELIVERY_SLOTS: usize = 128;
/// Requests to receivers that are slow or have failed, at once.
pub const DELIVERY_SLOW_SLOTS: usize = 256;
/// A request that takes longer gives its slot to those who are prompt.
pub const DELIVERY_PROMPT: Duration = Duration::from_secs(1);
/// How long a request to a receiver may take: name, connection, TLS, answer.
pub const DELIVERY_TIMEOUT: Duration = Duration::from_secs(10);
/// What is read of a receiver's answer.
pub const DELIVERY_ANSWER_BYTES: usize = 64 * 1024;
/// The longest body of a webhook.
pub const DELIVERY_BODY_BYTES: usize = 20_000;
/// Addresses of one name that are looked at.
pub const DELIVERY_ADDRESSES: usize = 16;
/// When a failed delivery is tried again: after the first failure, the second, and so on; after the last it is paused.
pub const DELIVERY_RETRIES: [Duration; 9] = [
    Duration::from_secs(5),
    Duration::from_secs(5 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(2 * 60 * 60),
    Duration::from_secs(5 * 60 * 60),
    Duration::from_secs(10 * 60 * 60),
    Duration::from_secs(14 * 60 * 60),
    Duration::from_secs(20 * 60 * 60),
    Duration::from_secs(24 * 60 * 60),
];
/// The longest wait that a receiver may ask for with `Retry-After`.
pub const DELIVERY_RETRY_AFTER: Duration = Duration::from_secs(60 * 60);
/// How long the secret before may sign beside the new one.
pub const SECRET_GRACE: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Secrets of a webhook that sign at once.
pub const WEBHOOK_SECRETS: usize = 4;
/// How long changes are gathered before a digest at once is sent, and the rest of one that was too long waits.
pub const DIGEST_COALESCES: Duration = Duration::from_secs(60);
/// How often within [`ASKED_WITHIN`] one subscription asks readers of addresses to confirm them.
pub const ASKED: usize = 3;
/// See [`ASKED`].
pub const ASKED_WITHIN: Duration = Duration::from_secs(24 * 60 * 60);
/// How long notices rest when the store has failed.
pub const NOTICES_REST: Duration = Duration::from_secs(30);
/// Mails that are sent at once.
pub const MAIL_SLOTS: usize = 4;
/// How long handing one mail to the server may take.
pub const MAIL_TIMEOUT: Duration = Duration::from_secs(60);
/// Entries on one page of a feed.
pub const PAGE_ENTRIES: usize = 100;
/// Names that a feed page or a calendar holds: beyond them the oldest go.
pub const PAGE_NAMES: usize = 10_000;
/// Events of a calendar.
pub const CALENDAR_EVENTS: usize = 1_000;
/// How long after its start a server opens the search index by itself: a first synchronisation goes before. Whoever
/// searches opens it at once.
pub const INDEX_STARTS: Duration = Duration::from_secs(60);
/// How soon after another the index commits what has changed.
pub const INDEX_COMMIT: Duration = Duration::from_millis(300);
/// Likewise while it is far behind.
pub const INDEX_COMMIT_BEHIND: Duration = Duration::from_secs(15);
/// After how long without a change the index makes few segments of many.
pub const INDEX_GATHERS: Duration = Duration::from_secs(10);
/// After how long without a change the index gives back the memory in which it writes.
pub const INDEX_IDLE: Duration = Duration::from_secs(30);
/// How long after a failure the index is opened again; after each further one twice as long.
pub const INDEX_AGAIN: Duration = Duration::from_millis(500);
/// The longest of these pauses.
pub const INDEX_AGAIN_MAX: Duration = Duration::from_secs(300);
/// Threads that make an index, and write it: the smallest machines have two cores.
pub const INDEX_THREADS: usize = 2;
/// Bytes of documents that each of them gathers before it writes them, while the index is far behind.
pub const INDEX_MAKING_BYTES: usize = 64_000_000;
/// Likewise while it is only kept.
pub const INDEX_BYTES: usize = 24_000_000;
/// Deletions after which the index commits, however far it is behind: each is held in memory until then, and takes more
/// room than a small listing.
pub const INDEX_DELETIONS: usize = 30_000;
/// What must find room on a disk before an index is written again for which there was none.
pub const INDEX_ROOM: usize = 1024 * 1024;
/// How often that is tried.
pub const INDEX_ROOM_AGAIN: Duration = Duration::from_secs(5);
/// How long a search waits for an index that is not ready.
pub const SEARCH_WAITS: Duration = Duration::from_secs(5);
/// Searches at once; more wait.
pub const SEARCHES: usize = 32;
/// Results by relevance that can be paged through.
pub const SEARCH_DEPTH: usize = 10_000;
/// States of the index that are kept for those who read pages by relevance.
pub const SEARCH_STATES: usize = 32;
/// How long one is kept after its last page was read.
pub const SEARCH_STATE_KEPT: Duration = Duration::from_secs(10 * 60);
/// Facets of one search: each there is.
pub const FACETS: usize = 9;
/// Values of a facet that are told.
pub const FACET_VALUES: usize = 100;
/// Suggestions that are told, at most and where the caller does not say.
pub const SUGGESTIONS: (usize, usize) = (20, 8);
/// Passwords that are hashed at once.
pub const PASSWORDS: usize = 2;
/// Those that are hashed or wait for their turn.
pub const PASSWORDS_WAITING: usize = 64;
/// Entries of the audit trail that are looked at for one page of those that somebody asks for.
pub const AUDIT_LOOKED: usize = 50_000;
/// Duplicates that are told of one listing.
pub const DUPLICATES: usize = 10;

/// Bytes of a spreadsheet that is read.
pub const SHEET_BYTES: usize = 32 * 1024 * 1024;
/// Bytes of all that a spreadsheet's container unpacks to.
pub const SHEET_UNPACKED_BYTES: u64 = 256 * 1024 * 1024;
/// Entries of a spreadsheet's container.
pub const SHEET_ENTRIES: usize = 2_000;
/// Sheets of a workbook that are looked at.
pub const SHEETS: usize = 32;
/// Rows of a table with listings.
pub const SHEET_ROWS: usize = 50_000;
/// New rows of a preview of which it is asked whether others have published the same.
pub const PREVIEW_DUPLICATES: usize = 200;
/// Rows beside those: titles, headers, blank ones.
pub const SHEET_ROWS_BESIDE: usize = 5_000;
/// Columns of a sheet.
pub const SHEET_COLUMNS: usize = 256;
/// Cells of a sheet that are not empty, those of merged areas each.
pub const SHEET_CELLS: usize = 4_000_000;
/// Merged areas of a sheet.
pub const SHEET_MERGES: usize = 10_000;
/// Characters of a cell: as many as spreadsheets take.
pub const SHEET_CELL_CHARS: usize = 32_767;
/// Rows in which the header of a table is looked for.
pub const SHEET_HEADER_ROWS: usize = 40;
/// Forms of tables of which a member's mapping is remembered.
pub const MAPPINGS_PER_MEMBER: usize = 200;
/// Imports that people are at, of one account: the oldest go.
pub const IMPORTS_PER_ACCOUNT: usize = 10;
/// The same of all accounts.
pub const IMPORTS: usize = 200;
/// How long an import with which nobody goes on is kept.
pub const IMPORT_KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Remarks about the tables of an import as a whole.
pub const IMPORT_NOTES: usize = 100;
/// Searches that an account keeps.
pub const SAVED_SEARCHES: usize = 50;
/// Rows of a list that somebody takes from a page.
pub const EXPORT_ROWS: usize = 5_000;
/// The same of what their own member has written: as many as an import brings.
pub const OWN_EXPORT_ROWS: usize = SHEET_ROWS;
/// Bytes of a line of what an office had typed at another node: the largest draft as it is kept, with its texts.
pub const OFFICE_LINE_BYTES: usize = 8 * contract::RECORD_BYTES;
/// Bytes of a mapping.
pub const MAPPING_BYTES: usize = 256 * 1024;

const _: () =
    assert!(HEAD_EVERY.as_secs() + HEAD_LOOK.as_secs() < contract::HEAD_VALID.as_secs(), "a heartbeat comes in time");
/// Drafts of one member: an import of as many listings as it may have, and as many again that people write.
pub const DRAFTS: usize = 60_000;
/// The encoded listing in a draft: as much as a record.
pub const DRAFT_BYTES: usize = contract::RECORD_BYTES;
/// Texts of a form that a draft keeps beside its listing.
pub const DRAFT_TEXTS: usize = 64;
/// Characters of a text that was understood up to which a draft keeps it as it was typed.
pub const DRAFT_WORDING_CHARS: usize = 40;
/// People who change one draft beside its author.
pub const DRAFT_EDITORS: usize = 64;
/// Pages that are shown once and kept for a while, of all people together.
pub const SHOWN_ONCE: usize = 256;
/// How long one of them is there again.
pub const SHOWN_AGAIN: Duration = Duration::from_secs(10 * 60);
/// Characters of the reason for which a draft is given back.
pub const RETURN_REASON_CHARS: usize = 2_000;
/// How long the account of a draft that was approved is kept.
pub const DRAFT_ACCOUNT_KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// Accounts of approved drafts that one transaction forgets: more than it adds.
pub const DRAFT_ACCOUNTS_FORGOTTEN: usize = 4;
/// Drafts that one page looks at.
pub const DRAFTS_LOOKED: usize = 4 * contract::PAGE;
/// Bytes of drafts, as they are kept, that one page looks at.
pub const DRAFTS_LOOKED_BYTES: usize = 16 * 1024 * 1024;
/// Drafts that are approved at once, of those of an import.
pub const DRAFTS_APPROVED_AT_ONCE: usize = 256;
/// Drafts of an import that are shown before they are approved.
pub const DRAFT_SAMPLE: usize = 100;
/// The same where nobody says.
pub const DRAFT_SAMPLE_DEFAULT: usize = 10;
/// Drafts of an import that were not approved, and are named.
pub const DRAFT_FAILURES: usize = 100;
/// Those who stand in for reviewers of one member.
pub const DEPUTIES: usize = 32;
/// How far ahead a deputy may be named.
pub const DEPUTY_AHEAD: Duration = Duration::from_secs(366 * 24 * 60 * 60);

const _: () = assert!(contract::LISTINGS_PER_MEMBER < DRAFTS, "an import of all listings fits");
