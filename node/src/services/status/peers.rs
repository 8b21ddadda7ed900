//! What is wrong with links and those at their other ends, as alarms.

use duikou_proto::envelope::Micros;
use duikou_proto::language::Text;
use duikou_proto::limits as contract;
use duikou_proto::name::NodeId;
use duikou_proto::v1::LinkStatus;

use super::{Alert, misconduct, refusals};
use crate::engine::{Engine, Halt};
use crate::link::{Cause, LinkBoard, LinkPhase, LinkView};

/// After how long recovery should have ended: ten minutes.
const RECOVERS: Micros = 600 * 1_000_000;
/// Within this a link is up again that began anew for other scopes: half a minute.
const BEGINS_ANEW: Micros = 30 * 1_000_000;
/// Within this a node has come back to a gateway that was started: three minutes.
const COMES_BACK: Micros = 180 * 1_000_000;
/// After how long without any link a node's directory counts as stale: an hour.
const STALE: Micros = 3600 * 1_000_000;

/// All of it.
pub(super) fn alerts(engine: &Engine, views: &[(NodeId, LinkView)], links: &[LinkStatus]) -> Vec<Alert> {
    let mut alerts = Vec::new();
    for ((peer, view), link) in views.iter().zip(links) {
        alerts.extend(clock(engine, peer, view));
        alerts.extend(down(engine, peer, view));
        alerts.extend(refusals::of_link(engine, peer, link));
        alerts.extend(misconduct::breaches(peer, view, engine.now()));
    }
    alerts.extend(stale(engine, views));
    alerts
}

/// Whether a clock differs by so much that nothing is exchanged.
pub(super) fn refuses_clock(view: &LinkView) -> bool {
    view.clock_offset.is_some_and(|offset| u128::from(offset.unsigned_abs()) > contract::CLOCK_REFUSE.as_micros())
}

fn clock(engine: &Engine, peer: &NodeId, view: &LinkView) -> Option<Alert> {
    let offset = view.clock_offset?;
    let distance = offset.unsigned_abs();
    if u128::from(distance) <= contract::CLOCK_WARN.as_micros() {
        return None;
    }
    let seconds = distance / 1_000_000;
    let (faster, ahead) = if offset < 0 { ("慢", "behind") } else { ("快", "ahead of") };
    let refuses = refuses_clock(view);
    let (zh, en) = match (refuses, engine.identity().carrier) {
        (false, _) => ("超过1分钟", "more than a minute"),
        (true, false) => {
            ("已超过10分钟，本机停止写入与接收", "more than 10 minutes, so nothing is written or taken here")
        }
        (true, true) => (
            "已超过10分钟，该节点停止写入与接收；本网关与其他节点照常",
            "more than 10 minutes, so that node writes and takes nothing; this gateway and the others go on",
        ),
    };
    Some(Alert {
        code: if refuses { "CLOCK_REFUSED" } else { "CLOCK_OFF" },
        message: Text::new(
            format!("{peer}的时钟比本机{faster}{seconds}秒，{zh}。"),
            format!("The clock of {peer} is {seconds} s {ahead} this one: {en}."),
        ),
        remedy: Text::new("请校准双方的时钟（例如启用 NTP）。", "Set the clock that is wrong, for example with NTP."),
    })
}

fn down(engine: &Engine, peer: &NodeId, view: &LinkView) -> Option<Alert> {
    let now = engine.now();
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
        LinkPhase::Connecting if view.detail.en.is_empty() => return None,
        LinkPhase::Connecting | LinkPhase::Disconnected => {}
    }
    let told_elsewhere = match view.cause {
        Cause::Anew => now - view.since < BEGINS_ANEW,
        Cause::Unheard => now - view.since < COMES_BACK,
        Cause::Twice => engine.halted() == Some(Halt::Twice),
        Cause::Store => engine.trouble().is_some(),
        Cause::Way | Cause::Clock => false,
    };
    if told_elsewhere {
        return None;
    }
    let unknown = Text::new("原因未知", "no reason is known");
    let Text { zh, en } = if view.detail.en.is_empty() { &unknown } else { &view.detail };
    Some(Alert {
        code: "LINK_DOWN",
        message: Text::new(format!("与{peer}的连接中断：{zh}。"), format!("The link to {peer} is down: {en}.")),
        remedy: match view.cause {
            Cause::Clock => Text::new(
                "请核对本机与对方的时钟（例如启用 NTP）；若都正确，请联系对方更新其证书。连接会自动重试。",
                "Compare this machine's clock and the peer's, for example with NTP; where both are right, the peer has to \
                 renew its certificate. The link is tried again by itself.",
            ),
            Cause::Twice => Text::new(
                "请联系该节点的运营方：停用两台中的一台，另一台约两分钟后自动继续。",
                "Tell that node's operator to stop one of the two: the other goes on by itself within two minutes.",
            ),
            Cause::Store => Text::new(
                "请检查本机磁盘的空间与状态；连接会自动重试。",
                "See whether this machine's disk has room and works. The link is tried again by itself.",
            ),
            Cause::Unheard => Text::new(
                "请确认该节点在运行、能到达本网关；若已不再使用，请迁走或移除其成员。",
                "See that the node runs and can reach this gateway. Where it is gone for good, move or remove its members.",
            ),
            Cause::Way | Cause::Anew => Text::new(
                "请检查网络、代理与对方的状态；连接会自动重试。",
                "Check the network, the proxy and the peer. The link is tried again by itself.",
            ),
        },
    })
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
