//! The demonstration network: a gateway and thirteen nodes of sixteen offices as processes of this very executable,
//! joined by the commands that an operator would use, with real listings at their origins.

mod console;
pub mod expected;
mod process;
mod report;
mod socket;
mod work;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use duikou_node::server::make_private_folder;

pub use console::Console;
use expected::{Expected, expected, shifted_dates};
use process::{Executable, Running};
pub use report::{Report, StoreReport};
use serde_json::Value;
pub use work::Begun;

const MEMBERS: &str = include_str!("../../../proto/data/members.csv");
const LISTINGS: &str = include_str!("../../../proto/data/listings.jsonl");
/// The demonstration's network.
pub const NETWORK: &str = "pprd.example";
/// How long everything may take to arrive everywhere.
const CONVERGE: Duration = Duration::from_secs(120);
/// The office, and its node, at which work is under way.
const AT_WORK: &str = "shenzhen";
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// How the demonstration runs.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Where; None: a folder that is taken away at the end.
    pub dir: Option<PathBuf>,
    /// End as soon as every store holds what it must.
    pub once: bool,
    /// Print the report as JSON.
    pub json: bool,
    /// Say on standard error what is being done.
    pub progress: bool,
}

struct Office {
    member: String,
    node: String,
    region: String,
    longitude: String,
    latitude: String,
    name_zh: String,
    name_en: String,
    circles: Vec<String>,
}

fn offices() -> anyhow::Result<Vec<Office>> {
    let mut reader = csv::Reader::from_reader(MEMBERS.as_bytes());
    let rows = reader.records().map(|row| {
        let row = row?;
        let field = |index: usize| row.get(index).unwrap_or_default().to_owned();
        Ok(Office {
            member: field(0),
            node: field(1),
            region: field(2),
            longitude: field(3),
            latitude: field(4),
            name_zh: field(5),
            name_en: field(6),
            circles: field(7).split_whitespace().map(str::to_owned).collect(),
        })
    });
    rows.collect()
}

/// Runs the demonstration; whether every store held exactly what it must.
///
/// # Errors
/// Where a process does not start, or a command fails.
pub async fn run(options: Options) -> anyhow::Result<bool> {
    let temporary = options.dir.is_none();
    let dir = match &options.dir {
        Some(dir) => dir.clone(),
        None => std::env::temp_dir().join(format!("duikou-demo-{}", std::process::id())),
    };
    make_private_folder(&dir).with_context(|| format!("creating {}", dir.display()))?;
    let outcome = tokio::select! {
        outcome = show(&options, &dir) => outcome,
        () = interrupted() => Ok(true),
    };
    if temporary {
        std::fs::remove_dir_all(&dir).with_context(|| format!("removing {}", dir.display()))?;
    }
    outcome
}

async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

async fn show(options: &Options, dir: &Path) -> anyhow::Result<bool> {
    let began = Instant::now();
    let say = |text: &str| {
        if options.progress {
            let _ = writeln!(std::io::stderr(), "{text}");
        }
    };
    let program = Executable::this()?;
    let offices = offices()?;
    let today = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
    let listings = shifted_dates(LISTINGS, &today);
    let expected = expected(MEMBERS, &listings);

    say("建立网络 pprd.example，启动网关 · founding the network, starting the gateway");
    let gateway_dir = dir.join("gateway");
    configure(&gateway_dir, true, &site("gateway", "对口合作信息网（演示）"))?;
    program.run(&gateway_dir, &["init", "--network", NETWORK]).await?;
    let gateway = Running::start(&program, &gateway_dir, &["serve"]).await?;
    let mut circles: Vec<&String> = offices.iter().flat_map(|office| &office.circles).collect();
    circles.sort();
    circles.dedup();
    for circle in circles {
        program.run(&gateway_dir, &["circles", "create", circle]).await?;
    }

    say("邀请 16 个成员，13 个节点加入 · inviting 16 members, joining 13 nodes");
    let mut nodes: BTreeMap<String, PathBuf> = BTreeMap::new();
    let mut sponsors: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for office in &offices {
        sponsors.entry(&office.node).or_default().push(&office.name_zh);
    }
    for office in &offices {
        let node_dir = nodes.entry(office.node.clone()).or_insert_with(|| dir.join(&office.node));
        configure(node_dir, false, &site(&office.node, &sponsors[&*office.node].join("、")))?;
        let mut invite = vec!["invite", &office.member, "--name-zh", &office.name_zh, "--name-en", &office.name_en];
        invite.extend(["--region", &office.region, "--longitude", &office.longitude, "--latitude", &office.latitude]);
        for circle in &office.circles {
            invite.extend(["--circle", circle.as_str()]);
        }
        let token = program.run(&gateway_dir, &invite).await?;
        program.run(node_dir, &["node", "join", token.trim(), "--node", &office.node]).await?;
    }
    let mut running = vec![gateway];
    for node_dir in nodes.values() {
        running.push(Running::start(&program, node_dir, &["node", "serve"]).await?);
    }

    say("各成员在自己的节点发布 150 条信息 · publishing 150 listings, each at its origin");
    for (node, node_dir) in &nodes {
        let of_node: Vec<&str> = offices.iter().filter(|o| o.node == *node).map(|o| o.member.as_str()).collect();
        let own = listings.lines().filter(|line| {
            of_node.iter().any(|member| line.contains(&format!("\"name\":\"members/{member}/listings/")))
        });
        let file = node_dir.join("listings.jsonl");
        std::fs::write(&file, own.map(|line| format!("{line}\n")).collect::<String>())?;
        program.run(node_dir, &["node", "import", &file.to_string_lossy()]).await?;
    }

    say("等待每个存储都收齐 · waiting until every store holds what it must");
    let mut report = converge(&gateway_dir, &nodes, &expected, &offices, began).await?;
    let password = console::password();
    if report.converged {
        say("开通账号，准备草稿 · letting people in, beginning their work");
        report.consoles = consoles(options, &nodes, &offices, &password).await?;
    }
    report.print(options.json)?;
    let sound = report.converged;
    if !options.once && sound {
        report::tour(dir, &gateway_dir, &nodes, &running, &report.consoles, &password)?;
        std::future::pending::<()>().await;
    }
    for process in running {
        process.stop().await;
    }
    Ok(sound)
}

/// Opens the console of each node, and begins the work of one office; of that one alone where the demonstration ends at
/// once.
async fn consoles(
    options: &Options,
    nodes: &BTreeMap<String, PathBuf>,
    offices: &[Office],
    password: &str,
) -> anyhow::Result<Vec<Console>> {
    let mut consoles = Vec::new();
    for (node, node_dir) in nodes.iter().filter(|(node, _)| !options.once || *node == AT_WORK) {
        let members = offices.iter().filter(|office| office.node == *node).map(|office| office.member.clone());
        let mut console = console::open(node, node_dir, &members.collect::<Vec<_>>(), password).await?;
        if node == AT_WORK {
            console.drafts = work::begin(node_dir, AT_WORK, &console, password).await?;
        }
        consoles.push(console);
    }
    Ok(consoles)
}

/// What the pages of a server say of whoever runs it: as sites of government offices must, with numbers of nobody.
fn site(node: &str, sponsor: &str) -> String {
    // 网页纠错
    let subject = "%E7%BD%91%E9%A1%B5%E7%BA%A0%E9%94%99";
    let report = format!("mailto:office@{node}.{NETWORK}?subject={subject}&body=");
    let lines = [
        ("sponsor", sponsor),
        ("organiser", "演示网络，非真实单位"),
        ("address", "演示市演示路1号"),
        ("telephone", "0755-00000000"),
        ("code", "0000000000"),
        ("icp", "粤ICP备00000000号"),
        ("police", "粤公网安备00000000000000号"),
        ("report_errors", &*report),
    ];
    let lines = lines.map(|(key, value)| format!("{key} = {}\n", Value::from(value)));
    format!("[site]\n{}", lines.concat())
}

/// Listeners on this machine alone, on ports that the system chooses; the folder's other settings come with joining.
fn configure(dir: &Path, gateway: bool, site: &str) -> anyhow::Result<()> {
    let file = dir.join("duikou.toml");
    if file.exists() {
        return Ok(());
    }
    make_private_folder(dir)?;
    let mut text = "[web]\nlisten = \"127.0.0.1:0\"\n\n[operator]\nlisten = \"127.0.0.1:0\"\n".to_owned();
    if gateway {
        text.push_str("\n[link]\nlisten = \"127.0.0.1:0\"\n");
    }
    text.push('\n');
    text.push_str(site);
    std::fs::write(file, text)?;
    Ok(())
}

async fn converge(
    gateway_dir: &Path,
    nodes: &BTreeMap<String, PathBuf>,
    expected: &Expected,
    offices: &[Office],
    began: Instant,
) -> anyhow::Result<Report> {
    let mut readers =
        vec![("gateway".to_owned(), Vec::new(), report::Reader::open(gateway_dir).await?, &expected.gateway)];
    for (node, node_dir) in nodes {
        let Some(names) = expected.nodes.get(node) else { bail!("no expectation for {node}") };
        let members = offices.iter().filter(|office| office.node == *node).map(|o| o.member.clone()).collect();
        readers.push((node.clone(), members, report::Reader::open(node_dir).await?, names));
    }
    let waiting = Instant::now();
    loop {
        let mut stores = Vec::with_capacity(readers.len());
        for (node, members, reader, names) in &mut readers {
            stores.push(reader.compare(node, members, names).await?);
        }
        let converged = stores.iter().all(StoreReport::is_exact);
        if converged || waiting.elapsed() > CONVERGE {
            let seconds = began.elapsed().as_secs_f64();
            return Ok(Report { members: offices.len(), converged, seconds, stores, consoles: Vec::new() });
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
