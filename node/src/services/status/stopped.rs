//! What this server does not do for now, as alarms: writing, delivering, ruling.

use duikou_proto::language::Text;

use super::{Alert, Context, Failure};
use crate::engine::{Engine, Halt, Trouble, TroubleKind, facts};
use crate::link::unheard;

/// Damaged records that an alarm names.
const DAMAGED: usize = 8;
/// Paused subscriptions that an alarm names.
const SUBSCRIPTIONS: usize = 8;

/// All of it.
pub(super) async fn alerts(context: &Context) -> Result<Vec<Alert>, Failure> {
    let engine = &context.engine;
    let mut alerts: Vec<Alert> = engine.halted().map(halted).into_iter().collect();
    alerts.extend(engine.trouble().as_ref().map(troubled));
    alerts.extend(damaged(engine));
    alerts.extend(unrecovered(engine));
    alerts.extend(gathering(context).await?);
    alerts.extend(paused(&context.subscriptions.paused()));
    Ok(alerts)
}

fn halted(why: Halt) -> Alert {
    let remedy = match why {
        Halt::Twice => Text::new(
            "请停用两台中的一台，另一台约两分钟后自动继续，重启则立即继续；复制出的数据目录请勿再用。",
            "Stop one of the two: the other goes on by itself within two minutes, or at once where it is restarted. Never serve the copy of a folder again.",
        ),
        Halt::Clock { .. } => {
            Text::new("请校准本机时钟（例如启用 NTP）。", "Set this machine's clock, for example with NTP.")
        }
    };
    let (reason, detail) = (why.reason(), why.text());
    Alert {
        code: "HALTED",
        message: Text::new(
            format!("本机已停止写入（{reason}）：{}。", detail.zh),
            format!("This server writes nothing ({reason}): {}.", detail.en),
        ),
        remedy,
    }
}

/// What is to be written finds no place.
fn troubled(trouble: &Trouble) -> Alert {
    let Trouble { kind, since, detail } = trouble;
    let since = jiff::Timestamp::from_microsecond(*since).map(|since| since.strftime("%Y-%m-%d %H:%M UTC").to_string());
    let since = since.unwrap_or_default();
    match kind {
        TroubleKind::Full => Alert {
            code: "DISK_FULL",
            message: Text::new(
                format!("磁盘已满：自 {since} 起，新的内容无法写入本机，他方的信息也无法接收。"),
                format!("The disk is full: since {since} nothing new can be written here, nor taken from others."),
            ),
            remedy: Text::new(
                "请腾出磁盘空间，之后自动继续。已确认的内容不会丢失。",
                "Make room on the disk: it then goes on by itself. Nothing that was acknowledged is lost.",
            ),
        },
        TroubleKind::Failing => Alert {
            code: "STORE_FAILING",
            message: Text::new(
                format!("自 {since} 起，本机的数据无法全部写入：{detail}。"),
                format!("Since {since} not everything can be written to the data of this server: {detail}."),
            ),
            remedy: Text::new(
                "请检查磁盘、data.db 的权限与日志；恢复后自动继续。已确认的内容不会丢失；若磁盘已坏，换盘后从备份恢复。",
                "Look at the disk, the permissions of data.db and the log; it goes on by itself once that is mended. Nothing that was acknowledged is lost. Where the disk is broken, restore a backup on another one.",
            ),
        },
    }
}

/// Records that cannot be read: those of members here, and those of others.
fn damaged(engine: &Engine) -> Vec<Alert> {
    let [own, others] = engine.damaged();
    let asked = own.is_empty() || engine.identity().carrier || engine.lacking().is_empty();
    let remedy = match asked {
        true => Text::new(
            "请用 check 查明损坏范围，再从备份恢复；没有备份的节点，可移开数据后用 recover 从网关取回。",
            "See with check how much is damaged, and restore a backup. A node without one: move its data away and take it all back from the gateway with recover.",
        ),
        false => Text::new(
            "请确认与网关的连接正常，然后重启服务：启动后自动从网关取回；取不回的，从备份恢复。",
            "See that the link to the gateway is up, and restart the server: it then takes back what the gateway holds. What does not come back is in a backup.",
        ),
    };
    let named = |names: &[String]| names.iter().take(DAMAGED).map(String::as_str).collect::<Vec<_>>().join(", ");
    let own = (!own.is_empty()).then(|| Alert {
        code: "ROWS_DAMAGED",
        message: Text::new(
            format!("本机成员的{}条记录已损坏，无法读取，也不能修改：{}。", own.len(), named(&own)),
            format!(
                "Records of members here that are damaged, {} in all: {}. They cannot be read, and take no change.",
                own.len(),
                named(&own)
            ),
        ),
        remedy,
    });
    let others = (!others.is_empty()).then(|| Alert {
        code: "ROWS_DAMAGED",
        message: Text::new(
            format!("他方的{}条记录在本机已损坏，无法读取：{}。", others.len(), named(&others)),
            format!(
                "Records of others that are damaged here and cannot be read, {} in all: {}.",
                others.len(),
                named(&others)
            ),
        ),
        remedy: Text::new(
            "连接正常时会自动重新取得；请检查磁盘，并用 check 查明损坏范围。",
            "They come again by themselves over the link. Look at the disk, and see with check how much is damaged.",
        ),
    });
    own.into_iter().chain(others).collect()
}

/// Members for whom nothing is written before their own records are back.
fn unrecovered(engine: &Engine) -> Option<Alert> {
    let unrecovered = engine.unrecovered();
    let names = unrecovered.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    (!unrecovered.is_empty()).then(|| Alert {
        code: "UNRECOVERED",
        message: Text::new(
            format!("尚未从网关取回记录的成员：{names}，暂不能写入。"),
            format!("Not yet taken back from the gateway: {names}. Nothing is written for them."),
        ),
        remedy: Text::new(
            "请确认与网关的连接正常，取回会自动完成。",
            "See that the link to the gateway is up: the rest happens by itself.",
        ),
    })
}

/// A restored gateway makes no entries before it has heard those who may know more than it does.
async fn gathering(context: &Context) -> Result<Option<Alert>, Failure> {
    if context.engine.fact::<bool>(facts::GATHERING).await?.is_none() {
        return Ok(None);
    }
    let unheard: Vec<String> = unheard(&context.engine, &context.links).iter().map(ToString::to_string).collect();
    let (zh, en) = match unheard.is_empty() {
        true => ("已全部听到".to_owned(), "all have been heard".to_owned()),
        false => (format!("尚未听到 {}", unheard.join("、")), format!("not yet heard: {}", unheard.join(", "))),
    };
    Ok(Some(Alert {
        code: "GATHERING",
        message: Text::new(
            format!("本网关已恢复或重建，正从各节点取回目录；{zh}。"),
            format!("This gateway was restored or rebuilt, and takes the directory back from its nodes; {en}."),
        ),
        remedy: Text::new(
            "请等待各节点连上；若某节点已不存在，执行 duikou-gateway directory settle。",
            "Wait for the nodes. Where one is gone for good: duikou-gateway directory settle.",
        ),
    }))
}

/// Subscriptions that the server has stopped delivering.
fn paused(ids: &[String]) -> Option<Alert> {
    let count = ids.len();
    let named = ids.iter().take(SUBSCRIPTIONS).map(String::as_str).collect::<Vec<_>>().join(", ");
    (count > 0).then(|| Alert {
        code: "SUBSCRIPTIONS_PAUSED",
        message: Text::new(
            format!("{count}个订阅因接收方多日失败、拒收或令牌失效而暂停：{named}。"),
            format!("Paused subscriptions, {count} in all: {named}. A receiver failed for days or wants no more, or a token is no longer good."),
        ),
        remedy: Text::new(
            "请用 subscriptions show 查看原因，处理后执行 subscriptions resume，或删除。",
            "See why with subscriptions show; mend it and run subscriptions resume, or delete them.",
        ),
    })
}
