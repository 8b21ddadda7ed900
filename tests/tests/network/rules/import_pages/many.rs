//! Many rows through the pages: how far they have come is shown, other pages are answered meanwhile, any page of the
//! preview is there, and the same file again makes nothing new.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use duikou_node::sheets::{Format, export};
use duikou_proto::v1::Listing;
use duikou_tests::harness::{Network, Server, WebCertificate, offer};

use super::{Clerk, count, held};

/// Rows of a page of the preview.
const PAGE: usize = 50;
/// How long everything that is done with one file may take, until it hangs.
const LONG: Duration = Duration::from_secs(900);
/// How often it is looked how far it has come.
const LOOK: Duration = Duration::from_millis(100);

/// A file with that many rows: one that says which listing each row is, and one from which that has to be found out.
fn file(folder: &tempfile::TempDir, format: Format, rows: usize) -> PathBuf {
    let (name, bytes) = match format {
        Format::Csv => {
            let row = |row| format!("第{row}只基金,供给,深圳市,股权,{}万元,公开\n", row + 1);
            let rows: String = (0..rows).map(row).collect();
            ("many.csv", format!("标题,方向,地区,资金方式,金额,可见范围\n{rows}").into_bytes())
        }
        _ => {
            let listings: Vec<Listing> = (0..rows)
                .map(|row| offer(&format!("row-{row}")).titled(&format!("第{row}只基金")).listing("shenzhen"))
                .collect();
            ("many.xlsx", export(&listings, Format::Xlsx, None).unwrap().bytes)
        }
    };
    let file = folder.path().join(name);
    std::fs::write(&file, bytes).unwrap();
    file
}

/// What was seen while something was done with an import.
#[derive(Debug, Default)]
struct Seen {
    /// How many rows were done, each time that it was another number.
    done: Vec<u64>,
    /// Other pages that were answered after it was told how far it had come, and before it was told that it had gone on.
    between: usize,
    /// How long the slowest of the other pages took.
    slowest: Duration,
    pages: usize,
}

/// Opens other pages for as long as something is being done with the import; what was seen, and the page then.
async fn meanwhile(clerk: &Clerk<'_>, path: &str) -> (Seen, String) {
    let (mut seen, mut since) = (Seen::default(), 0);
    let began = Instant::now();
    loop {
        let told = clerk.get(&format!("{path}/progress")).await.text();
        let told: serde_json::Value = serde_json::from_str(&told).unwrap_or_else(|error| panic!("{error}: {told}"));
        let Some(done) = told["done"].as_u64() else { return (seen, clerk.settled(path).await) };
        assert!(seen.done.last().is_none_or(|before| *before <= done), "{told} after {seen:?}");
        if seen.done.last() != Some(&done) {
            seen.done.push(done);
            seen.between += std::mem::take(&mut since);
        }
        for other in ["/", "/listings", "/import"] {
            let asked = Instant::now();
            let page = clerk.get(other).await;
            assert_eq!(page.status, 200, "{other}: {}", page.text());
            seen.slowest = seen.slowest.max(asked.elapsed());
            seen.pages += 1;
            since += 1;
        }
        assert!(began.elapsed() < LONG, "it does not end: {seen:?}");
        tokio::time::sleep(LOOK).await;
    }
}

/// The most memory that a server has had, in MiB.
fn peak(server: &Server) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.process_id()?)).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? / 1024)
}

async fn many(format: Format, rows: usize, seed: u64) {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(seed).web_certificate(&certificate).gateway().node("shenzhen", &["shenzhen"]).start().await;
    let node = net.node("shenzhen");
    let clerk = Clerk::of(node, &certificate, "li.ming", &["shenzhen=editor"]).await;
    let file = file(&folder, format, rows);
    let mut began = Instant::now();
    let mut step = |what: &str, seen: &Seen| {
        eprintln!(
            "{what}: {:?}, {} other pages, the slowest {:?}, peak {:?} MiB",
            began.elapsed(),
            seen.pages,
            seen.slowest,
            peak(node)
        );
        began = Instant::now();
    };
    step("nothing yet", &Seen::default());
    let path = clerk.begin(&file).await;
    step("sent and looked at", &Seen::default());
    clerk.begin_preview(&path, &[]).await;
    let stopped = clerk.send(&format!("{path}/stop"), &[]).await;
    assert_eq!(stopped.status, 303, "{}", stopped.text());
    let page = clerk.settled(&path).await;
    assert!(page.contains("预览中途停止"), "{page}");
    step("a preview that was stopped", &Seen::default());
    clerk.begin_preview(&path, &[]).await;
    let (seen, page) = meanwhile(&clerk, &path).await;
    step("preview", &seen);
    assert_eq!(count(&page, "NEW"), rows, "{page}");
    assert!(page.matches("<tr><th scope=\"row\" class=\"number\">").count() == PAGE, "{page}");
    let last = rows / PAGE;
    let page = clerk.get(&format!("{path}?state=NEW&page={last}")).await.text();
    assert!(page.contains(&format!(">{}</th>", rows + 1)) && !page.contains("rel=\"next\""), "{page}");
    step("the last page of the preview", &Seen::default());

    let begun = clerk.send(&format!("{path}/publish"), &[]).await;
    assert_eq!(begun.status, 303, "{}", begun.text());
    let (seen, page) = meanwhile(&clerk, &path).await;
    step("publishing", &seen);
    // Not how fast: that others are answered while it moves.
    assert!(seen.between > 0, "no other page was answered while it went on: {seen:?}");
    assert!(page.contains("导入完成") && count(&page, "NEW") == rows, "{page}");
    let before = held(node, "shenzhen").await;
    assert_eq!(before.len(), rows);

    let path = clerk.begin(&file).await;
    clerk.begin_preview(&path, &[]).await;
    let (seen, page) = meanwhile(&clerk, &path).await;
    step("preview once more", &seen);
    assert_eq!((count(&page, "UNCHANGED"), count(&page, "NEW")), (rows, 0), "{page}");
    assert!(page.contains("没有要发布的内容"), "{page}");
    assert!(held(node, "shenzhen").await == before, "a preview writes nothing");
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_rows_move_on_while_other_pages_are_answered() {
    many(Format::Xlsx, 3_000, 2_509).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: as many rows as a member may have, to be looked at with --no-capture"]
async fn fifty_thousand_rows_of_a_workbook() {
    many(Format::Xlsx, 50_000, 2_510).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: as many rows as a member may have, to be looked at with --no-capture"]
async fn fifty_thousand_rows_of_text() {
    many(Format::Csv, 50_000, 2_511).await;
}
