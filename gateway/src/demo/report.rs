//! What every store holds beside what it must hold, and what to try next.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use duikou_proto::limits;
use duikou_proto::v1::listing_service_client::ListingServiceClient;
use duikou_proto::v1::operator_service_client::OperatorServiceClient;
use duikou_proto::v1::{GetStatusRequest, ListListingsRequest};
use serde::Serialize;
use tonic::transport::Channel;

use super::console::Console;
use super::process::Running;
use super::socket::channel;

/// One store.
#[derive(Debug, Clone, Serialize)]
pub struct StoreReport {
    /// Short id of the node.
    pub node: String,
    /// The members that it hosts.
    pub members: Vec<String>,
    /// Records that lie in it.
    pub held: usize,
    /// Records that must lie in it.
    pub expected: usize,
    /// Names that it must hold and does not.
    pub missing: Vec<String>,
    /// Names that it holds and must not.
    pub leaked: Vec<String>,
}

impl StoreReport {
    pub(super) fn is_exact(&self) -> bool {
        self.missing.is_empty() && self.leaked.is_empty() && self.held == self.expected
    }
}

/// The whole network.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// How many members.
    pub members: usize,
    /// Whether every store holds exactly what it must.
    pub converged: bool,
    /// From the beginning to here.
    pub seconds: f64,
    /// The gateway first, then the nodes by name.
    pub stores: Vec<StoreReport>,
    /// Where people sign in.
    pub consoles: Vec<Console>,
}

impl Report {
    pub(super) fn print(&self, json: bool) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        if json {
            writeln!(out, "{}", serde_json::to_string(self)?)?;
            return Ok(());
        }
        writeln!(out, "{:<18} {:>6} {:>6}  members", "node", "held", "must")?;
        for store in &self.stores {
            let members = store.members.join(", ");
            writeln!(out, "{:<18} {:>6} {:>6}  {members}", store.node, store.held, store.expected)?;
            for (what, names) in [("missing", &store.missing), ("leaked", &store.leaked)] {
                for name in names {
                    writeln!(out, "    {what}: {name}")?;
                }
            }
        }
        let verdict = if self.converged {
            "全部到齐，无一泄漏 · all arrived, nothing leaked"
        } else {
            "未到齐 · not converged"
        };
        writeln!(out, "{verdict} ({:.1} s)", self.seconds)?;
        Ok(())
    }
}

/// The socket of one server.
pub(super) struct Reader {
    listings: ListingServiceClient<Channel>,
    operator: OperatorServiceClient<Channel>,
}

impl Reader {
    pub(super) async fn open(dir: &Path) -> anyhow::Result<Self> {
        let channel = channel(dir).await?;
        Ok(Self { listings: ListingServiceClient::new(channel.clone()), operator: OperatorServiceClient::new(channel) })
    }

    pub(super) async fn compare(
        &mut self,
        node: &str,
        members: &[String],
        expected: &BTreeSet<String>,
    ) -> anyhow::Result<StoreReport> {
        let mut held = BTreeSet::new();
        let mut page_token = String::new();
        loop {
            let request = ListListingsRequest {
                parent: "members/-".to_owned(),
                page_size: limits::PAGE as i32,
                page_token,
                filter: None,
            };
            let page = self.listings.list_listings(request).await?.into_inner();
            held.extend(page.listings.iter().map(|listing| short(&listing.name)));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        let status = self.operator.get_status(GetStatusRequest {}).await?.into_inner();
        // Counted in the store itself, so that a record which nobody here may see shows as one too many.
        let stored: i64 = status.holdings.iter().map(|holding| holding.records).sum();
        Ok(StoreReport {
            node: node.to_owned(),
            members: members.to_vec(),
            held: usize::try_from(stored).unwrap_or_default(),
            expected: expected.len(),
            missing: expected.difference(&held).cloned().collect(),
            leaked: held.difference(expected).cloned().collect(),
        })
    }
}

/// `members/shenzhen.pprd.example/…` as people write it inside the network.
fn short(name: &str) -> String {
    name.replacen(&format!(".{}/", super::NETWORK), "/", 1)
}

pub(super) fn tour(
    dir: &Path,
    gateway_dir: &Path,
    nodes: &BTreeMap<String, PathBuf>,
    running: &[Running],
    consoles: &[Console],
    password: &str,
) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let program = std::env::current_exe()?;
    let program = program.display();
    let gateway = gateway_dir.display();
    let shenzhen = nodes.get("shenzhen").cloned().unwrap_or_default();
    let shenzhen = shenzhen.display();
    writeln!(out)?;
    writeln!(out, "{} 个进程在 {} 中运行，日志在各自目录的 log 文件里。试一试 · try:", running.len(), dir.display())?;
    for (zh, command) in [
        ("看网关的状态", format!("{program} status --dir {gateway}")),
        ("看深圳节点上能看到的资金信息", format!("{program} node list --kind capital --dir {shenzhen}")),
        ("跟随变化（Ctrl-C 结束）", format!("{program} node watch --dir {shenzhen}")),
        ("停用一个成员，全网立即隐藏其信息", format!("{program} members suspend bijie --reason 演示 --dir {gateway}")),
        ("恢复它", format!("{program} members resume bijie --dir {gateway}")),
    ] {
        writeln!(out, "  # {zh}\n  {command}")?;
    }
    let public = super::console::web_address(gateway_dir)?;
    writeln!(out, "\n网关上的公开页面，任何人都可以看 · the gateway's pages, for anybody:\n  {public}")?;
    writeln!(out, "\n各节点的控制台（浏览器会提示证书未知，因为它由本演示网络签发）· the consoles:")?;
    for Console { node, address, logins, .. } in consoles {
        writeln!(out, "  {node:<18} {address}/sign-in  {}", logins.join(" "))?;
    }
    writeln!(out, "密码（随机生成，各账号相同）· password: {password}")?;
    writeln!(
        out,
        "深圳节点上，编辑员已有草稿、待审核与被退回的稿件，由审核员审核。· In Shenzhen work is under way already."
    )?;
    writeln!(out, "Ctrl-C 结束演示。")?;
    debug_assert!(running.iter().all(|process| process.dir.starts_with(dir)));
    Ok(())
}
