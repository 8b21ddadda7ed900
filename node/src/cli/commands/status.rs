//! `status`

use duikou_proto::v1;
use duikou_proto::v1::link_status::State;

use super::members::completeness;
use crate::cli::output::table;
use crate::cli::{CommandError, Context, Text, clean, time};

/// What the running server holds, how its links are, and what needs attention
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-node --dir /var/lib/duikou status\n  duikou-node status --output json")]
pub struct Args {}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        let mut operator = context.connect().await?.operator();
        let status = operator.get_status(v1::GetStatusRequest {}).await?.into_inner();
        context.show(&status, |status| people(context, status))
    }
}

fn people(context: &Context, status: &v1::Status) -> String {
    let mut parts = vec![server(context, status), holdings(context, status)];
    if !status.links.is_empty() {
        parts.push(links(context, status));
    }
    parts.extend(status.links.iter().flat_map(|link| rejections(context, link)));
    parts.extend(status.refused_by_holders.iter().flat_map(|of| refused(context, of)));
    parts.extend(status.alarms.iter().map(|alarm| {
        let label = context.say("告警", "ALARM");
        let remedy = context.say("处理", "do");
        clean(&format!("{label} {}  {}\n  {remedy}: {}", alarm.code, alarm.message, alarm.remedy))
    }));
    parts.join("\n\n")
}

fn server(context: &Context, status: &v1::Status) -> String {
    let mut table = table(context, &[Text::new("节点", "NODE"), Text::same(status.node.clone())]);
    for (zh, en, value) in [
        ("网络", "network", status.network.clone()),
        ("版本", "version", status.version.clone()),
        ("启动", "started", time(status.start_time.as_ref())),
        ("成员", "members", status.members.join(" ")),
        ("目录条目", "directory", status.directory_index.to_string()),
        ("序号", "head", status.head.to_string()),
    ] {
        table.add_row([context.say(zh, en), &value]);
    }
    table.trim_fmt()
}

fn holdings(context: &Context, status: &v1::Status) -> String {
    let mut table = table(
        context,
        &[
            Text::new("来源", "ORIGIN"),
            Text::new("记录", "RECORDS"),
            Text::new("撤回", "WITHDRAWALS"),
            Text::new("本节点", "OWN"),
            Text::new("完整性", "COMPLETENESS"),
        ],
    );
    for holding in &status.holdings {
        let own = if holding.own { context.say("是", "yes") } else { "" };
        let complete = completeness(context, holding.state(), holding.complete_time.as_ref());
        let (records, withdrawals) = (holding.records.to_string(), holding.withdrawals.to_string());
        table.add_row([&*holding.origin, &records, &withdrawals, own, &complete]);
    }
    table.trim_fmt()
}

fn links(context: &Context, status: &v1::Status) -> String {
    let mut table = table(
        context,
        &[
            Text::new("对端", "PEER"),
            Text::new("状态", "STATE"),
            Text::new("自", "SINCE"),
            Text::new("未确认", "UNACKNOWLEDGED"),
            Text::new("落后", "BEHIND"),
            Text::new("说明", "DETAIL"),
        ],
    );
    for link in &status.links {
        let state = match link.state() {
            State::Connected => context.say("已连接", "connected"),
            State::Connecting => context.say("正在连接", "connecting"),
            State::Recovering => context.say("正在恢复", "recovering"),
            State::Disconnected => context.say("已断开", "disconnected"),
            State::Unspecified => "",
        };
        table.add_row([
            &link.peer,
            state,
            &time(link.since_time.as_ref()),
            &link.unacknowledged.to_string(),
            &link.behind.to_string(),
            &clean(&why(link)),
        ]);
    }
    table.trim_fmt()
}

/// Why it is down, and what the machine said of it.
fn why(link: &v1::LinkStatus) -> String {
    match (&*link.detail, &*link.error) {
        (detail, "") => detail.to_owned(),
        (detail, error) if detail == error => detail.to_owned(),
        (detail, error) => format!("{detail} ({error})"),
    }
}

fn lines(label: &str, who: &str, all: &[v1::Rejection]) -> Vec<String> {
    all.iter().map(|one| clean(&format!("{label} {who}: {} {} {}", one.name, one.code, one.detail))).collect()
}

fn refused(context: &Context, by: &v1::HolderRefusals) -> Vec<String> {
    lines(context.say("成员拒收", "refused by the member"), &by.holder, &by.rejected)
}

fn rejections(context: &Context, link: &v1::LinkStatus) -> Vec<String> {
    let by_peer = context.say("对端拒收", "refused by the peer");
    let here = context.say("本端拒收", "refused here");
    let mut all = lines(by_peer, &link.peer, &link.rejected_by_peer);
    all.extend(lines(here, &link.peer, &link.rejected_here));
    all.extend(link.breaches.iter().map(|breach| {
        let (label, times) = (context.say("违反协议", "breach of the protocol"), context.say("次", "times"));
        let v1::Breach { code, count, detail, .. } = breach;
        clean(&format!("{label} {}: {code} {count} {times}: {detail}", link.peer))
    }));
    all
}
