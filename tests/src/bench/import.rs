//! How much of the rate of a loop that only signs and commits an import of a spreadsheet reaches: reading the workbook,
//! understanding its cells, and everything that a write is, by the command line of the node.
//!
//! The gateway is down meanwhile: on its own machine it would take nothing of the node's. In one more import somebody who
//! works there opens their first page now and then, which is made anew each time, and has what is new searched and indexed
//! beside it: the slowest answer is told with the figure.

use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use duikou_node::sheets::{Format, export};
use duikou_proto::envelope::Part;
use duikou_proto::sign::Signer;
use duikou_proto::v1::{Lane, Listing, Record};
use prost::Message;

use super::bare_store::{BareStore, Row};
use super::client::Target;
use super::content::listing;
use super::figure::{Figure, Goal};
use super::search::rounded;
use super::tally::median;
use super::{REPEATS, Size, pages, world};
use crate::harness::{NETWORK, Network, Program, Server, WebCertificate};

pub(crate) const RATIO: &str = "import_ratio";

const GOAL: Goal = Goal::AtLeast(0.5);
/// Rows of one import: as many as a member may have.
const ROWS: usize = 50_000;
/// Rows that the bare loop commits together.
const COMMIT: usize = 512;
/// How long after one page the next is opened.
const LOOK: Duration = Duration::from_millis(200);
/// One for each run, and one for the import beside which pages are opened.
const MEMBERS: [&str; REPEATS + 1] = ["shenzhen", "dongguan", "huizhou", "heyuan"];

/// Measures it.
pub(crate) async fn measure(size: Size) -> anyhow::Result<Figure> {
    let rows = size.of(ROWS);
    let folder = tempfile::tempdir()?;
    let certificate = WebCertificate::make(folder.path());
    let net =
        Network::new(1).web_certificate(&certificate).gateway().node("shenzhen", &MEMBERS).measured().start().await;
    let node = net.node("shenzhen");
    net.gateway().stop().await;
    let session = node.let_in(&certificate, "clerk", &["shenzhen=editor"]).await;
    let clerk = Target { secret: Some(session), ..world::anonymous(node, &certificate) };
    let (mut imports, mut bares) = (Vec::new(), Vec::new());
    let (mut indexed, mut slowest) = (0.0, Duration::ZERO);
    for (run, member) in MEMBERS.into_iter().enumerate() {
        let listings: Vec<Listing> = (0..rows).map(|n| listing(member, &format!("row-{n}"))).collect();
        let file = folder.path().join(format!("{member}.xlsx"));
        std::fs::write(&file, export(&listings, Format::Xlsx, None)?.bytes)?;
        if run < REPEATS {
            bares.push(bare(&folder.path().join(format!("bare-{run}.db")), &listings).await?);
            imports.push(import(node, member, &file, rows).await.context("importing")?);
        } else {
            // An office in use: what it has already is found.
            world::indexed(node, run * rows).await?;
            (indexed, slowest) = beside_pages(&clerk, import(node, member, &file, rows)).await.context("importing")?;
        }
        let last = format!("members/{member}.{NETWORK}/listings/row-{}", rows - 1);
        node.get(&last).await.context("the last row is not there")?;
    }
    let (imported, bare) = (median(imports), median(bares));
    Ok(Figure {
        name: RATIO,
        value: imported / bare,
        unit: "ratio",
        baseline: Some((bare, "rows/s")),
        goal: Some(GOAL),
        details: vec![
            ("rows", rows.into()),
            ("format", "xlsx".into()),
            ("listing_bytes", super::content::LISTING_BYTES.into()),
            ("rows_per_second", imported.round().into()),
            ("indexed_rows_per_second", indexed.round().into()),
            ("slowest_page_ms", rounded(slowest.as_secs_f64() * 1_000.0).into()),
        ],
    })
}

/// What `work` gives, and how long the slowest page took that was opened meanwhile.
async fn beside_pages<T>(
    clerk: &Target,
    work: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<(T, Duration)> {
    let mut client = clerk.connect().await?;
    let slowest = AtomicU64::new(0);
    let opening = async {
        loop {
            let asked = Instant::now();
            if let Err(error) = pages::get(&mut client, "/").await {
                return error;
            }
            let micros = u64::try_from(asked.elapsed().as_micros()).unwrap_or(u64::MAX);
            slowest.fetch_max(micros, Ordering::Relaxed);
            tokio::time::sleep(LOOK).await;
        }
    };
    let done = tokio::select! {
        done = work => done?,
        error = opening => return Err(error.context("a page during an import")),
    };
    Ok((done, Duration::from_micros(slowest.load(Ordering::Relaxed))))
}

/// Rows a second, from the start of the command to its end.
async fn import(node: &Server, member: &str, file: &Path, rows: usize) -> anyhow::Result<f64> {
    let mut command = tokio::process::Command::new(Program::Node.path());
    command.arg("import").arg(file).args(["--member", member, "--quiet", "--dir"]).arg(node.dir());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit()).kill_on_drop(true);
    let began = Instant::now();
    let status = command.status().await?;
    anyhow::ensure!(status.success(), "the import ended with {status}");
    Ok(rows as f64 / began.elapsed().as_secs_f64())
}

/// Rows a second of one thread that signs each and commits many at a time.
async fn bare(file: &Path, listings: &[Listing]) -> anyhow::Result<f64> {
    let mut store = BareStore::create(file).await?;
    let signer = Signer::from_seed(1, [1; 32]);
    let began = Instant::now();
    for chunk in listings.chunks(COMMIT) {
        let signed = chunk.iter().map(|listing| {
            let id = listing.name.rsplit('/').next().unwrap_or_default();
            let record = Record {
                name: format!("members/bare.{NETWORK}/listings/{id}"),
                revision: 1,
                kind: "capital".to_owned(),
                lane: Lane::Bulk.into(),
                scopes: vec!["public".to_owned()],
                expire_time: 1,
                body: listing.listing.clone().unwrap_or_default().encode_to_vec().into(),
                ..Record::default()
            };
            Ok((record.name.clone(), Part::sign_record(&signer, &record)?.bytes().to_vec()))
        });
        store.commit(&signed.collect::<anyhow::Result<Vec<Row>>>()?).await?;
    }
    Ok(listings.len() as f64 / began.elapsed().as_secs_f64())
}
