//! Its files: whose they are, and such of which something was overwritten behind the store's back.

use std::collections::BTreeSet;
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::store::Row;
use crate::store::conformance::{name, put, row};

async fn overwrite(file: &Path, statements: &'static str) {
    let mut connection = SqliteConnectOptions::new().filename(file).connect().await.unwrap();
    sqlx::raw_sql(statements).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// Nine rows, of which five can be read: a record that is none, scopes that are no text, a record of another name, and a
/// name that is none.
async fn damaged(file: &Path) -> SqliteStore {
    let store = SqliteStore::open(file).await.unwrap();
    let rows: Vec<Row> = (1..=9).map(|seq| Row { due: seq, ..row(&format!("r{seq}"), seq) }).collect();
    put(&store, &rows, 9).await;
    overwrite(
        file,
        "UPDATE rows SET record = x'00ff' WHERE name LIKE '%/r2';
         UPDATE rows SET exposed = CAST(x'ff' AS TEXT) WHERE name LIKE '%/r3';
         UPDATE rows SET record = (SELECT record FROM rows WHERE name LIKE '%/r4') WHERE name LIKE '%/r5';
         UPDATE rows SET name = CAST(x'fffe' AS TEXT) WHERE name LIKE '%/r9';",
    )
    .await;
    store
}

const READABLE: [&str; 5] = ["r1", "r4", "r6", "r7", "r8"];

fn ids<'a>(rows: impl IntoIterator<Item = &'a Row>) -> Vec<&'a str> {
    rows.into_iter().map(|row| row.name.id()).collect()
}

#[tokio::test]
async fn a_range_goes_on_behind_what_is_damaged_and_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = damaged(&folder.path().join("data")).await;
    let below = [name("r2"), name("r3"), name("r5")].map(|name| name.to_string());
    for prefix in ["", "members/a.n/"] {
        let mut expected: BTreeSet<String> = below.clone().into();
        expected.extend(prefix.is_empty().then(|| "\u{fffd}\u{fffd}".to_owned()));
        for limit in 1..=10 {
            let (mut after, mut met, mut unreadable) = (Some(String::new()), Vec::new(), Vec::new());
            while let Some(from) = after {
                let stretch = store.read().await.unwrap().range(prefix, &from, limit).await.unwrap();
                met.extend(stretch.rows);
                unreadable.extend(stretch.damaged.into_iter().map(|damaged| damaged.name));
                after = stretch.next;
            }
            assert_eq!(ids(&met), READABLE, "{prefix:?} by {limit}");
            let once: BTreeSet<String> = unreadable.iter().cloned().collect();
            assert_eq!((&once, unreadable.len()), (&expected, expected.len()), "{prefix:?} by {limit}");
        }
    }
}

#[tokio::test]
async fn a_damaged_row_that_is_asked_for_is_neither_there_nor_absent() {
    let folder = tempfile::tempdir().unwrap();
    let store = damaged(&folder.path().join("data")).await;
    let names = [name("r1"), name("r2"), name("r3"), name("r5"), name("absent")];
    let mut transaction = store.begin().await.unwrap();
    let found = transaction.rows(&names).await.unwrap();
    assert_eq!(ids(&found.rows), ["r1"]);
    let mut unreadable: Vec<&str> = found.damaged.iter().map(|damaged| damaged.name.as_str()).collect();
    unreadable.sort_unstable();
    assert_eq!(unreadable, [&names[1], &names[2], &names[3]].map(|name| name.as_str()));
    assert!(found.damaged.iter().all(|damaged| !damaged.detail.is_empty()), "{found:?}");
    transaction.put_rows(&[row("r2", 10)]).await.unwrap();
    transaction.commit().await.unwrap();
    let found = store.read().await.unwrap().rows(&names[1..2]).await.unwrap();
    assert_eq!(ids(&found.rows), ["r2"], "it was written anew");
}

#[tokio::test]
async fn dates_and_pages_pass_over_what_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let store = damaged(&folder.path().join("data")).await;
    for limit in 1..=9 {
        let (due, _) = store.read().await.unwrap().due(100, limit).await.unwrap();
        assert_eq!(ids(&due), READABLE[..limit.min(READABLE.len())], "by {limit}");
        let (mut after, mut met) = (0, Vec::new());
        loop {
            let page = store.page(Order::Link, after, limit, usize::MAX).await.unwrap();
            met.extend(page.rows.iter().map(|row| row.name.id().to_owned()));
            after = page.upto;
            if after == page.head {
                break;
            }
        }
        assert_eq!(met, READABLE, "by {limit}");
    }
}

#[tokio::test]
async fn a_file_that_was_overwritten_is_found_unsound() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    let store = SqliteStore::open(&path).await.unwrap();
    let rows: Vec<Row> = (1..=3_000).map(|seq| row(&format!("r{seq}"), seq)).collect();
    put(&store, &rows, 3_000).await;
    assert_eq!(store.integrity().await.unwrap(), Vec::<String>::new());
    store.close().await;
    let mut file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    let bytes = file.metadata().unwrap().len();
    file.seek(SeekFrom::Start(bytes / 2)).unwrap();
    file.write_all(&vec![0xaa; (bytes / 4) as usize]).unwrap();
    file.sync_all().unwrap();

    let store = SqliteStore::open(&path).await.unwrap();
    let faults = store.integrity().await.unwrap();
    assert!(!faults.is_empty() && faults.len() <= 2 * FAULTS, "{faults:?}");
    let mut after = Some(String::new());
    let read = async {
        while let Some(from) = after {
            after = store.read().await?.range("", &from, 100).await?.next;
        }
        Ok::<(), StoreError>(())
    };
    assert!(matches!(read.await, Err(StoreError::Damaged(_))));

    let other = folder.path().join("other");
    std::fs::write(&other, vec![0xaa; 64 * 1024]).unwrap();
    assert!(matches!(SqliteStore::open(&other).await, Err(StoreError::Damaged(_))), "it is no database");
}

#[tokio::test]
async fn the_file_and_what_lies_beside_it_are_their_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data.db");
    let store = SqliteStore::open(&file).await.unwrap();
    store.begin().await.unwrap().commit().await.unwrap();
    let modes = std::fs::read_dir(folder.path()).unwrap().map(|entry| {
        let entry = entry.unwrap();
        (entry.file_name(), entry.metadata().unwrap().permissions().mode() & 0o777)
    });
    let modes: Vec<_> = modes.collect();
    assert!(modes.len() > 1 && modes.iter().all(|(_, mode)| *mode == 0o600), "{modes:?}");
    store.close().await;
}

#[tokio::test]
async fn what_is_no_database_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data.db");
    std::fs::write(&file, "no page of SQLite".repeat(1000)).unwrap();
    assert!(matches!(SqliteStore::open(&file).await, Err(StoreError::Damaged(_))));
    assert!(matches!(settle(&file).await, Err(StoreError::Damaged(_))));
}
