//! What every backend must do, written against the trait. A backend joins with one line: [`crate::store_conformance`].

#![allow(clippy::unwrap_used, reason = "its callers are tests: a panic is how a case fails")]

use std::path::Path;

use bytes::Bytes;
use duikou_proto::envelope::Part;
use duikou_proto::name::RecordName;
use duikou_proto::sign::Signer;
use duikou_proto::v1::{Lane, Record};

use super::{Counter, GoneReason, Order, Row, Store, Stretch};
use crate::limits::STRETCH_BYTES;

pub(crate) fn name(id: &str) -> RecordName {
    format!("members/a.n/listings/{id}").parse().unwrap()
}

/// More bytes than there are.
const EVER: usize = usize::MAX;

pub(crate) fn row(id: &str, seq: i64) -> Row {
    row_of(id, seq, 50)
}

fn row_of(id: &str, seq: i64, bytes: usize) -> Row {
    let record = Record {
        name: name(id).to_string(),
        revision: seq,
        kind: "capital".into(),
        lane: Lane::Bulk.into(),
        scopes: vec!["public".into()],
        expire_time: 9,
        body: Bytes::from(vec![7; bytes]),
        ..Default::default()
    };
    let record = Part::sign_record(&Signer::from_seed(1, [1; 32]), &record).unwrap();
    let exposed = record.scopes().clone();
    Row {
        record: Some(record),
        exposed,
        record_seq: seq,
        record_content_seq: seq,
        first_seq: seq,
        ..Row::new(name(id))
    }
}

pub(crate) async fn put(store: &dyn Store, rows: &[Row], seq: i64) {
    let mut transaction = store.begin().await.unwrap();
    transaction.put_rows(rows).await.unwrap();
    transaction.put_counter(Counter { seq, ..Counter::default() }).await.unwrap();
    transaction.commit().await.unwrap();
}

/// Rows, facts, entries and the counter are there again.
pub async fn what_is_committed_survives_reopening(file: &Path, open: impl AsyncFn(&Path) -> Box<dyn Store>) {
    let mut gone = row("gone", 2);
    (gone.record, gone.record_seq, gone.gone) = (None, 0, Some((GoneReason::ScopeLost, 77)));
    let rows = [row("x", 1), gone];
    let store = open(file).await;
    put(&*store, &rows, 2).await;
    let mut transaction = store.begin().await.unwrap();
    transaction.put_facts(&[("k/1".into(), Some(vec![1])), ("k/2".into(), Some(vec![2]))]).await.unwrap();
    transaction.append_entries(0, &[Bytes::from_static(b"e0"), Bytes::from_static(b"e1")]).await.unwrap();
    transaction.commit().await.unwrap();
    store.close().await;

    let store = open(file).await;
    let mut read = store.read().await.unwrap();
    let mut found = read.rows(&[name("x"), name("gone"), name("absent")]).await.unwrap().rows;
    found.sort_by_key(|row| row.first_seq);
    assert_eq!(found, rows);
    assert_eq!(read.counter().await.unwrap().seq, 2);
    assert_eq!(read.fact("k/1").await.unwrap(), Some(vec![1]));
    assert_eq!(read.facts("k/", "k/1", 9).await.unwrap(), [("k/2".to_owned(), vec![2])]);
    let back = [("k/2".to_owned(), vec![2]), ("k/1".to_owned(), vec![1])];
    assert_eq!(read.facts_before("k/", "", 9).await.unwrap(), back);
    assert_eq!(read.facts_before("k/", "", 1).await.unwrap(), back[..1]);
    assert_eq!(read.facts_before("k/", "k/2", 9).await.unwrap(), back[1..]);
    assert_eq!(read.facts_before("k/", "l", 9).await.unwrap(), back);
    assert_eq!(store.entries(1, 9).await.unwrap(), [Bytes::from_static(b"e1")]);
}

/// Nor does it disturb the next.
pub async fn a_dropped_transaction_leaves_nothing(file: &Path, open: impl AsyncFn(&Path) -> Box<dyn Store>) {
    let store = open(file).await;
    let mut transaction = store.begin().await.unwrap();
    transaction.put_rows(&[row("x", 1)]).await.unwrap();
    drop(transaction);
    put(&*store, &[row("y", 1)], 1).await;
    let found = store.read().await.unwrap().rows(&[name("x"), name("y")]).await.unwrap();
    assert_eq!(found.rows.len(), 1);
}

/// In whatever steps the feed is read.
pub async fn pages_hold_every_row_once_in_order(file: &Path, open: impl AsyncFn(&Path) -> Box<dyn Store>) {
    let store = open(file).await;
    let mut rows: Vec<Row> = (1..=20).map(|seq| row(&format!("r{seq}"), seq)).collect();
    // Two with a later position of their withdrawal, as after a narrowing.
    for (index, seq) in [(3, 21), (12, 22)] {
        rows[index].withdrawal_content_seq = seq;
    }
    put(&*store, &rows, 22).await;
    let one = rows[0].parts_bytes();
    for (limit, bytes) in [(1, EVER), (3, EVER), (7, EVER), (100, EVER), (100, 1), (100, 4 * one), (3, one + 1)] {
        let (mut after, mut met) = (0, Vec::new());
        loop {
            let page = store.page(Order::Content, after, limit, bytes).await.unwrap();
            met.extend(page.rows.iter().map(|row| row.name.id().to_owned()));
            assert!(page.upto > after || page.rows.is_empty());
            // By either of its positions, and not beyond what was full.
            let most = limit.min(bytes.div_ceil(one - 8));
            assert!(page.rows.len() <= 2 * most, "{} rows of {limit}, {bytes} bytes", page.rows.len());
            after = page.upto;
            if after == page.head {
                break;
            }
        }
        let mut expected: Vec<String> = (1..=20).map(|n| format!("r{n}")).collect();
        if limit < 20 || bytes < EVER {
            expected.extend(["r4".to_owned(), "r13".to_owned()]);
        }
        assert_eq!(met, expected, "limit {limit}, {bytes} bytes");
    }
}

/// Whatever their number: what is read in one go is no more than memory is meant to hold.
pub async fn large_rows_come_few_at_a_time(file: &Path, open: impl AsyncFn(&Path) -> Box<dyn Store>) {
    const COUNT: i64 = 160;
    const LARGE: usize = 60 * 1024;
    const MOST: usize = STRETCH_BYTES / LARGE + 1;
    let store = open(file).await;
    let large: Vec<Row> = (1..=COUNT).map(|seq| Row { due: 1, ..row_of(&format!("r{seq:03}"), seq, LARGE) }).collect();
    put(&*store, &large, COUNT).await;
    let (mut after, mut met) = (Some(String::new()), Vec::new());
    while let Some(from) = after {
        let Stretch { rows, next, .. } = store.read().await.unwrap().range("members/", &from, 1_000).await.unwrap();
        assert!(rows.len() <= MOST, "{}", rows.len());
        met.extend(rows);
        after = next;
    }
    assert_eq!(met, large);
    let (due, more) = store.read().await.unwrap().due(9, 1_000).await.unwrap();
    assert!(more && due.len() <= MOST, "{}", due.len());
    let (due, more) = store.read().await.unwrap().due(9, 3).await.unwrap();
    assert!(more && due.len() == 3, "{}", due.len());
}

/// Ranges and dates in order, within their limits.
pub async fn rows_come_back_by_name_and_by_date(file: &Path, open: impl AsyncFn(&Path) -> Box<dyn Store>) {
    let store = open(file).await;
    let mut rows: Vec<Row> = ["a", "b", "c"].iter().zip(1..).map(|(id, seq)| row(id, seq)).collect();
    (rows[0].due, rows[1].due) = (50, 10);
    put(&*store, &rows, 3).await;
    let mut read = store.read().await.unwrap();
    let ids = |rows: Vec<Row>| rows.iter().map(|row| row.name.id().to_owned()).collect::<Vec<_>>();
    assert_eq!(ids(read.range("members/a.n/", "", 2).await.unwrap().rows), ["a", "b"]);
    assert_eq!(ids(read.range("members/a.n/", name("b").as_str(), 9).await.unwrap().rows), ["c"]);
    assert_eq!(read.range("members/b.n/", "", 9).await.unwrap(), Stretch::default());
    let (due, more) = read.due(50, 9).await.unwrap();
    assert_eq!((ids(due), more), (vec!["b".to_owned(), "a".to_owned()], false));
    let mut transaction = store.begin().await.unwrap();
    transaction.delete_rows(&[name("b")]).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(ids(read.range("members/", "", 9).await.unwrap().rows), ["a", "c"]);
}

/// Whoever goes on where a range says so meets every row once, and nobody else's, in steps of whatever size.
pub async fn ranges_say_where_to_go_on(file: &Path, open: impl AsyncFn(&Path) -> Box<dyn Store>) {
    let store = open(file).await;
    let mut rows: Vec<Row> = (1..=6).map(|seq| row(&format!("r{seq}"), seq)).collect();
    rows.push(Row { first_seq: 7, ..Row::new("members/b.n/listings/other".parse().unwrap()) });
    put(&*store, &rows, 7).await;
    for limit in 1..=8 {
        let (mut after, mut met, mut steps) = (Some(String::new()), Vec::new(), 0);
        while let Some(from) = after {
            let stretch = store.read().await.unwrap().range("members/a.n/", &from, limit).await.unwrap();
            met.extend(stretch.rows.iter().map(|row| row.name.id().to_owned()));
            assert!(stretch.damaged.is_empty() && stretch.rows.len() <= limit);
            (after, steps) = (stretch.next, steps + 1);
        }
        assert_eq!(met, ["r1", "r2", "r3", "r4", "r5", "r6"], "limit {limit}");
        assert!(steps <= 6 / limit + 1, "{steps} steps of {limit}");
        let (mut after, mut met) = (Some(String::new()), Vec::new());
        while let Some(from) = after {
            let (names, next) = store.read().await.unwrap().names(&from, limit).await.unwrap();
            assert!(names.len() <= limit);
            met.extend(names);
            after = next;
        }
        let all: Vec<String> = rows.iter().map(|row| row.name.to_string()).collect();
        assert_eq!(met, all, "limit {limit}");
    }
}

/// A store that is as it was written has nothing to complain of.
pub async fn a_sound_store_is_found_sound(file: &Path, open: impl AsyncFn(&Path) -> Box<dyn Store>) {
    let store = open(file).await;
    put(&*store, &[row("x", 1)], 1).await;
    assert_eq!(store.integrity().await.unwrap(), Vec::<String>::new());
}

/// As of when it was taken.
pub async fn a_backup_is_a_store(file: &Path, open: impl AsyncFn(&Path) -> Box<dyn Store>) {
    let store = open(file).await;
    put(&*store, &[row("x", 1)], 1).await;
    let copy = file.with_extension("copy");
    store.backup(&copy).await.unwrap();
    put(&*store, &[row("y", 2)], 2).await;
    let copied = open(&copy).await;
    assert_eq!(copied.read().await.unwrap().range("", "", 9).await.unwrap().rows.len(), 1);
}

/// A transaction reads what it has written, whatever it read before.
pub async fn a_transaction_sees_its_own_writes(file: &Path, open: impl AsyncFn(&Path) -> Box<dyn Store>) {
    let store = open(file).await;
    put(&*store, &[row("old", 1)], 1).await;
    let mut transaction = store.begin().await.unwrap();
    assert_eq!(transaction.rows(&[name("old"), name("new")]).await.unwrap().rows.len(), 1);
    transaction.put_rows(&[row("new", 2)]).await.unwrap();
    transaction.put_facts(&[("k/1".into(), Some(vec![1])), ("k/2".into(), Some(vec![2]))]).await.unwrap();
    transaction.delete_rows(&[name("old")]).await.unwrap();
    assert_eq!(transaction.names("", 9).await.unwrap(), (vec![name("new").to_string()], None));
    let found = transaction.range("members/", "", 9).await.unwrap();
    assert_eq!(found.rows.iter().map(|row| row.name.id()).collect::<Vec<_>>(), ["new"]);
    transaction.put_facts(&[("k/1".into(), None), ("k/3".into(), Some(vec![3]))]).await.unwrap();
    let keys: Vec<String> = transaction.facts("k/", "", 9).await.unwrap().into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["k/2", "k/3"]);
    transaction.put_counter(Counter { seq: 2, floor: 1, content_floor: 1 }).await.unwrap();
    assert_eq!(transaction.counter().await.unwrap().floor, 1);
    transaction.commit().await.unwrap();
    let mut read = store.read().await.unwrap();
    assert_eq!(read.rows(&[name("old"), name("new")]).await.unwrap().rows, [row("new", 2)]);
    assert_eq!(read.counter().await.unwrap(), Counter { seq: 2, floor: 1, content_floor: 1 });
}

/// However much of it was written already.
pub async fn a_large_transaction_that_is_dropped_leaves_nothing(
    file: &Path,
    open: impl AsyncFn(&Path) -> Box<dyn Store>,
) {
    let store = open(file).await;
    put(&*store, &[row("x", 1)], 1).await;
    let many: Vec<Row> = (2..602).map(|seq| row(&format!("r{seq}"), seq)).collect();
    let mut transaction = store.begin().await.unwrap();
    transaction.put_rows(&many).await.unwrap();
    transaction.put_counter(Counter { seq: 601, ..Counter::default() }).await.unwrap();
    assert_eq!(transaction.range("members/", "", 1_000).await.unwrap().rows.len(), 601);
    drop(transaction);
    store.scrub().await.unwrap();
    assert_eq!(store.begin().await.unwrap().counter().await.unwrap().seq, 1);
    put(&*store, &many[..300], 301).await;
    let found = store.read().await.unwrap().range("members/", "", 1_000).await.unwrap();
    assert_eq!(found.rows.len(), 301);
}

/// One module with every case for a backend: its name, and how it is opened at a path.
#[macro_export]
macro_rules! store_conformance {
    ($backend:ident, $open:expr) => {
        $crate::store_conformance!(
            @$backend,
            $open,
            [
                what_is_committed_survives_reopening,
                a_dropped_transaction_leaves_nothing,
                a_transaction_sees_its_own_writes,
                a_large_transaction_that_is_dropped_leaves_nothing,
                pages_hold_every_row_once_in_order,
                large_rows_come_few_at_a_time,
                rows_come_back_by_name_and_by_date,
                ranges_say_where_to_go_on,
                a_sound_store_is_found_sound,
                a_backup_is_a_store,
            ]
        );
    };
    (@$backend:ident, $open:expr, [$($case:ident),* $(,)?]) => {
        mod $backend {
            use super::*;
            $(
                #[tokio::test]
                async fn $case() {
                    let folder = tempfile::tempdir().expect("a folder");
                    $crate::store::conformance::$case(&folder.path().join("data"), $open).await;
                }
            )*
        }
    };
}

#[cfg(test)]
mod tests {
    use super::super::sqlite::SqliteStore;
    use super::*;

    crate::store_conformance!(sqlite, async |file: &Path| {
        Box::new(SqliteStore::open(file).await.unwrap()) as Box<dyn Store>
    });
}
