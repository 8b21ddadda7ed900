//! What is wrong with links and those at their other ends, as alarms.

use duikou_proto::envelope::Micros;
use duikou_proto::language::Text;
use duikou_proto::limits as contract;
use duikou_proto::name::NodeId;
use duikou_proto::v1::{LinkStatus, Rejection};

use super::{Alert, REJECTIONS, misconduct};
use crate::engine::Engine;
use crate::link::{LinkBoard, LinkPhase, LinkView};

/// After how long recovery should have ended: ten minutes.
const RECOVERS: Micros = 600 * 1_000_000;
/// After how long without any link a node's directory counts as stale: an hour.
const STALE: Micros = 3600 * 1_000_000;

/// All of it.
pub(super) fn alerts(engine: &Engine, views: &[(NodeId, LinkView)], links: &[LinkStatus]) -> Vec<Alert> {
    let mut alerts = Vec::new();
    for ((peer, view), link) in views.iter().zip(links) {
        alerts.extend(clock(peer, view));
        alerts.extend(down(peer, view, engine.now()));
        alerts.extend(rejected(peer, link));
        alerts.extend(misconduct::breaches(peer, view, engine.now()));
    }
    alerts.extend(stale(engine, views));
    alerts
}

fn clock(peer: &NodeId, view: &LinkView) -> Option<Alert> {
    let offset = view.clock_offset?;
    let distance = offset.unsigned_abs();
    if u128::from(distance) <= contract::CLOCK_WARN.as_micros() {
        return None;
    }
    let seconds = offset / 1_000_000;
    let refuses = u128::from(distance) > contract::CLOCK_REFUSE.as_micros();
    let (zh, en) = if refuses {
        ("已超过10分钟，双方停止写入与接收", "more than 10 minutes, so that writing and applying stop")
    } else {
        ("超过1分钟", "more than a minute")
    };
    Some(Alert {
        code: if refuses { "CLOCK_REFUSED" } else { "CLOCK_OFF" },
        message: Text::new(
            format!("{peer}的时钟比本机快{seconds}秒，{zh}。"),
            format!("The clock of {peer} is {seconds} s ahead of this one: {en}."),
        ),
        remedy: Text::new("请校准双方的时钟（例如启用 NTP）。", "Set the clock that is wrong, for example with NTP."),
    })
}

fn down(peer: &NodeId, view: &LinkView, now: Micros) -> Option<Alert> {
    match view.phase {
        LinkPhase::Connected => return None,
        LinkPhase::Recovering if now - view.since < RECOVERS => return None,
        LinkPhase::Recovering => {
            return Some(Alert {
                code: "LINK_DOWN",
                message: Text::new(
                    format!("从{peer}取回本机成员的记录已超过十分钟，尚未完成。"),
                    format!("Taking our members' records back from {peer} has not ended for ten minutes."),
                ),
                remedy: Text::new(
                    "请查看网络与日志；若一直不完成，请告知网络运营方。",
                    "See the network and the log. Where it never ends, tell the network's operator.",
                ),
            });
        }
        LinkPhase::Connecting if view.detail.is_empty() => return None,
        LinkPhase::Connecting | LinkPhase::Disconnected => {}
    }
    let (zh, en) =
        if view.detail.is_empty() { ("原因未知", "no reason is known") } else { (&*view.detail, &*view.detail) };
    Some(Alert {
        code: "LINK_DOWN",
        message: Text::new(format!("与{peer}的连接中断：{zh}。"), format!("The link to {peer} is down: {en}.")),
        remedy: if view.wrong_clock {
            Text::new(
                "请核对本机与对方的时钟（例如启用 NTP）；若都正确，请联系对方更新其证书。连接会自动重试。",
                "Compare this machine's clock and the peer's, for example with NTP; where both are right, the peer has to \
                 renew its certificate. The link is tried again by itself.",
            )
        } else {
            Text::new(
                "请检查网络、代理与对方的状态；连接会自动重试。",
                "Check the network, the proxy and the peer. The link is tried again by itself.",
            )
        },
    })
}

fn rejected(peer: &NodeId, link: &LinkStatus) -> Vec<Alert> {
    let many = |rejections: &[Rejection]| match rejections.len() {
        REJECTIONS => format!("{REJECTIONS}+"),
        count => count.to_string(),
    };
    let mut alerts = Vec::new();
    if !link.rejected_by_peer.is_empty() {
        let count = many(&link.rejected_by_peer);
        alerts.push(Alert {
            code: "REJECTED_BY_PEER",
            message: Text::new(
                format!("{peer}拒收了本机的{count}条记录。"),
                format!("{peer} refused {count} of our records."),
            ),
            remedy: Text::new(
                "请查看各条的原因，改正后重新发布。",
                "See the reason of each, correct it and publish again.",
            ),
        });
    }
    if !link.rejected_here.is_empty() {
        let count = many(&link.rejected_here);
        alerts.push(Alert {
            code: "REJECTED_HERE",
            message: Text::new(
                format!("本机拒收了{peer}送来的{count}条记录。"),
                format!("We refused {count} records from {peer}."),
            ),
            remedy: Text::new(
                "对方可以看到原因；若原因是密钥或目录，目录更新后会自动重试。",
                "Their origin sees why. What depends on keys or the directory is asked for again when it moves.",
            ),
        });
    }
    alerts
}

/// Whether no gateway has been reached for so long that the directory may be out of date.
pub(crate) fn is_stale(engine: &Engine, links: &LinkBoard) -> bool {
    !engine.identity().carrier && stale(engine, &links.all()).is_some()
}

fn stale(engine: &Engine, views: &[(NodeId, LinkView)]) -> Option<Alert> {
    let alone = |view: &LinkView| match view.phase {
        LinkPhase::Connected | LinkPhase::Recovering => 0,
        LinkPhase::Connecting | LinkPhase::Disconnected => engine.now() - view.since,
    };
    let alone = views.iter().map(|(_, view)| alone(view)).min().filter(|_| !engine.identity().carrier)?;
    (alone > STALE).then(|| {
        let hours = alone / STALE;
        Alert {
            code: "DIRECTORY_STALE",
            message: Text::new(
                format!("已有{hours}小时未与网关连接，成员名录可能已过时。"),
                format!("No gateway was reached for {hours} h: the directory may be out of date."),
            ),
            remedy: Text::new("请恢复与网关的连接。", "Bring the link to the gateway up."),
        }
    })
}
