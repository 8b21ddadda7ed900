//! How a server is, as its operator sees it: holdings, links, and what to act on.

mod misconduct;

use std::collections::BTreeSet;

use duikou_proto::envelope::Micros;
use duikou_proto::federation::rejected::Code;
use duikou_proto::hex::hex;
use duikou_proto::language::{Language, Text};
use duikou_proto::limits as contract;
use duikou_proto::name::{NodeId, RecordName};
use duikou_proto::v1;
use duikou_proto::v1::completeness::State as Completed;
use duikou_proto::v1::link_status::State;
use duikou_proto::v1::{Alarm, Holding, LinkStatus, Rejection, Status};

use super::Context;
use super::error::Failure;
use super::refused::halt_reason;
use crate::engine::completeness::Completeness;
use crate::engine::receipts::Unconfirmed;
use crate::engine::{Engine, RejectionFact, facts};
use crate::link::{Breach, BreachView, LinkBoard, LinkPhase, LinkView, unheard};
use crate::store::Row;
use crate::time::timestamp;

/// Rejections shown per link and direction.
const REJECTIONS: usize = 100;
/// Hidden records shown.
const HIDDEN: usize = 100;
/// Incomplete scopes shown.
const INCOMPLETE: usize = 100;
/// Scopes that one alarm names.
const SCOPES: usize = 8;
/// Paused subscriptions that an alarm names.
const SUBSCRIPTIONS: usize = 8;
/// After how long recovery should have ended: ten minutes.
const RECOVERS: Micros = 600 * 1_000_000;
/// After how long without any link a node's directory counts as stale: an hour.
const STALE: Micros = 3600 * 1_000_000;

/// The status of a server, with alarms in the reader's language.
pub(super) async fn of(context: &Context, language: Language) -> Result<Status, Failure> {
    let engine = &context.engine;
    let identity = engine.identity();
    let directory = engine.directory();
    let members: Vec<String> = directory.hosted(&identity.node).map(|member| member.id.to_string()).collect();
    let holdings = engine.counts().into_iter().map(|(origin, count)| Holding {
        own: members.contains(&origin),
        origin,
        records: count.records,
        withdrawals: count.withdrawals,
    });
    let views = context.links.all();
    let links = links_of(context, &views).await?;
    let alarms = all_alarms(context, &views, &links).await?;
    Ok(Status {
        node: identity.node.to_string(),
        network: identity.network.to_string(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        start_time: Some(timestamp(context.started)),
        holdings: holdings.collect(),
        members,
        directory_index: directory.index(),
        head: engine.head(),
        links,
        alarms: alarms.into_iter().map(|alarm| alarm.told(language)).collect(),
        feed_id: hex(&engine.feed_id()),
    })
}

/// What an operator should act on.
pub(super) async fn alerts(context: &Context) -> Result<Vec<Alert>, Failure> {
    let views = context.links.all();
    let links = links_of(context, &views).await?;
    all_alarms(context, &views, &links).await
}

/// How the links are.
pub(super) async fn links(context: &Context) -> Result<Vec<LinkStatus>, Failure> {
    links_of(context, &context.links.all()).await
}

async fn links_of(context: &Context, views: &[(NodeId, LinkView)]) -> Result<Vec<LinkStatus>, Failure> {
    let mut links = Vec::with_capacity(views.len());
    for (peer, view) in views {
        links.push(link(context, peer, view).await?);
    }
    Ok(links)
}

async fn all_alarms(
    context: &Context,
    views: &[(NodeId, LinkView)],
    links: &[LinkStatus],
) -> Result<Vec<Alert>, Failure> {
    let engine = &context.engine;
    let mut alarms = alarms(engine, views, links);
    alarms.extend(gathering(context).await?);
    let keys = super::keys::alerts(context).await?.into_iter();
    alarms.extend(keys.map(|alert| Alert { code: alert.code, message: alert.message, remedy: alert.remedy }));
    alarms.extend(misconduct::equivocations(engine).await?);
    alarms.extend(hidden(context).await?);
    alarms.extend(paused(&context.subscriptions.paused()));
    let held = engine.completeness();
    alarms.extend(held.iter().filter_map(incomplete).take(INCOMPLETE));
    let stale: BTreeSet<&str> =
        held.iter().filter(|held| held.state == Completed::Stale).map(|held| held.origin.as_str()).collect();
    alarms.extend(stale.into_iter().map(stale_origin).take(INCOMPLETE));
    alarms.extend(engine.unconfirmed(|_| true).await?.iter().map(unconfirmed).take(INCOMPLETE));
    Ok(alarms)
}

async fn link(context: &Context, peer: &NodeId, view: &LinkView) -> Result<LinkStatus, Failure> {
    let engine = &context.engine;
    let state = match view.phase {
        LinkPhase::Disconnected => State::Disconnected,
        LinkPhase::Connecting => State::Connecting,
        LinkPhase::Recovering => State::Recovering,
        LinkPhase::Connected => State::Connected,
    };
    Ok(LinkStatus {
        peer: peer.to_string(),
        state: state.into(),
        since_time: Some(timestamp(view.since)),
        detail: view.detail.clone(),
        unacknowledged: context.links.unacknowledged(engine, peer).await?,
        behind: view.behind,
        rejected_by_peer: rejections(engine, &facts::refused(peer)).await?,
        rejected_here: rejections(engine, &facts::rejected(peer)).await?,
        clock_offset_ms: view.clock_offset.unwrap_or_default() / 1000,
        breaches: view.breaches.iter().map(|(breach, noted)| told(*breach, noted)).collect(),
    })
}

fn told(breach: Breach, noted: &BreachView) -> v1::Breach {
    v1::Breach {
        code: breach.code().to_owned(),
        count: noted.count,
        last_time: Some(timestamp(noted.last)),
        detail: noted.detail.clone(),
    }
}

async fn rejections(engine: &Engine, prefix: &str) -> Result<Vec<Rejection>, Failure> {
    let found = engine.facts::<RejectionFact>(prefix, REJECTIONS).await?;
    let rejections = found.into_iter().map(|(key, fact)| Rejection {
        name: key.strip_prefix(prefix).unwrap_or(&key).to_owned(),
        revision: fact.revision,
        code: Code::try_from(fact.code).unwrap_or(Code::Unspecified).as_str_name().to_owned(),
        detail: fact.detail,
    });
    Ok(rejections.collect())
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
            format!("{count} subscriptions are paused: their receivers failed for days, want no more, or their tokens are no longer good: {named}."),
        ),
        remedy: Text::new(
            "请用 subscriptions show 查看原因，处理后执行 subscriptions resume，或删除。",
            "See why with subscriptions show; mend it and run subscriptions resume, or delete them.",
        ),
    })
}

/// Own records that the network hides, each with the reason that the network gives.
async fn hidden(context: &Context) -> Result<Vec<Alert>, Failure> {
    let directory = context.engine.directory();
    if directory.hidden().is_empty() {
        return Ok(Vec::new());
    }
    // Entries name what they hide by hash alone, so the names have to be tried.
    let hides = |row: &Row| {
        row.record.as_ref()?;
        let hidden = directory.hidden().iter().find(|hidden| hidden.means(&row.name))?;
        Some((row.name.clone(), hidden.reason.clone()))
    };
    let mut rows = context.alarms.hidden().await;
    rows.follow(&context.engine, 0, HIDDEN, hides).await?;
    let mut found: Vec<_> = rows.kept().collect();
    found.sort();
    let alert = |(name, reason): &(RecordName, String)| Alert {
        code: "HIDDEN",
        message: Text::new(format!("{name}已被全网隐藏：{reason}。"), format!("The network hides {name}: {reason}.")),
        remedy: Text::new(
            "请改正或撤下该信息，并联系网络运营方恢复显示。",
            "Correct or withdraw it, and ask the network's operator to show it again.",
        ),
    };
    Ok(found.into_iter().map(alert).collect())
}

/// What an origin says is here, and is not.
fn incomplete(held: &Completeness) -> Option<Alert> {
    let Completeness { origin, scope, .. } = held;
    match held.state {
        Completed::Withheld => Some(Alert {
            code: "WITHHELD",
            message: Text::new(
                format!("{origin}在{scope}范围内发布的信息没有全部到达本机，虽然其最新清单已到。"),
                format!("Not all that {origin} has published for {scope} has come here, although its newest head has."),
            ),
            remedy: Text::new(
                "系统会自动补齐；若持续一小时以上，请联系网络运营方与该成员核对。",
                "It heals by itself; if this lasts for an hour, ask the network's operator and the member.",
            ),
        }),
        Completed::Rejected => Some(Alert {
            code: "INCOMPLETE",
            message: Text::new(
                format!("{origin}在{scope}范围内有信息被本机拒收。"),
                format!("Some of what {origin} has published for {scope} was refused here."),
            ),
            remedy: Text::new(
                "请查看 status 中的拒收原因，并告知该成员。",
                "See the refusals in status, and tell the member.",
            ),
        }),
        _ => None,
    }
}

/// An origin of which no fresh head comes.
fn stale_origin(origin: &str) -> Alert {
    Alert {
        code: "STALE",
        message: Text::new(
            format!("超过半小时没有收到{origin}的新清单，不能确定其信息是否齐全。"),
            format!("No fresh head of {origin} has come for half an hour: whether all of it is here is not known."),
        ),
        remedy: Text::new(
            "请确认该成员的节点在线；若只有本机收不到，请联系网络运营方。",
            "See whether its node is up; where only this server gets nothing, ask the network's operator.",
        ),
    }
}

/// Somebody who should have said by now that it holds what is here.
fn unconfirmed(lacking: &Unconfirmed) -> Alert {
    let Unconfirmed { origin, holder, heard, .. } = lacking;
    let scopes = lacking.scopes.iter().take(SCOPES).map(String::as_str).collect::<Vec<_>>().join(", ");
    let heard = heard.and_then(|heard| jiff::Timestamp::from_microsecond(heard).ok());
    let (zh, en) = match heard.map(|heard| heard.strftime("%Y-%m-%d %H:%M UTC").to_string()) {
        Some(heard) => (format!("其最近回执为{heard}"), format!("its last receipt is of {heard}")),
        None => ("从未收到其回执".to_owned(), "no receipt of it has ever come".to_owned()),
    };
    Alert {
        code: "UNCONFIRMED",
        message: Text::new(
            format!("{holder}没有确认收到{origin}在{scopes}范围内发布的信息：{zh}。"),
            format!("{holder} has not confirmed what {origin} has published for {scopes}: {en}."),
        ),
        remedy: Text::new(
            "请联系该成员核对其节点的 status；若其节点正常，请联系网络运营方。",
            "Ask that member for the status of its node; where that is well, ask the network's operator.",
        ),
    }
}

/// An alarm in both languages.
#[derive(Debug, Clone)]
pub(super) struct Alert {
    pub(super) code: &'static str,
    pub(super) message: Text,
    remedy: Text,
}

impl Alert {
    /// In one of them.
    pub(super) fn told(self, language: Language) -> Alarm {
        Alarm {
            code: self.code.to_owned(),
            message: self.message.in_language(language).to_owned(),
            remedy: self.remedy.in_language(language).to_owned(),
        }
    }
}

fn alarms(engine: &Engine, views: &[(NodeId, LinkView)], links: &[LinkStatus]) -> Vec<Alert> {
    let mut alarms = Vec::new();
    alarms.extend(engine.halted().map(|why| halted(&why)));
    for ((peer, view), link) in views.iter().zip(links) {
        alarms.extend(clock(peer, view));
        alarms.extend(down(peer, view, engine.now()));
        alarms.extend(rejected(peer, link));
        alarms.extend(misconduct::breaches(peer, view, engine.now()));
    }
    let unrecovered = engine.unrecovered();
    if !unrecovered.is_empty() {
        let names = unrecovered.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        alarms.push(Alert {
            code: "UNRECOVERED",
            message: Text::new(
                format!("尚未从网关取回记录的成员：{names}，暂不能写入。"),
                format!("Not yet taken back from the gateway: {names}. Nothing is written for them."),
            ),
            remedy: Text::new(
                "请确认与网关的连接正常，取回会自动完成。",
                "See that the link to the gateway is up: the rest happens by itself.",
            ),
        });
    }
    alarms.extend(stale(engine, views));
    alarms
}

fn halted(why: &str) -> Alert {
    let remedy = match halt_reason(why) {
        "DUPLICATE_NODE" => Text::new(
            "请停用两台中的一台；若数据目录被复制过，请从备份恢复或重新加入网络。",
            "Stop one of the two. Where the folder was copied, restore from a backup or join the network anew.",
        ),
        _ => Text::new("请校准本机时钟（例如启用 NTP）。", "Set this machine's clock, for example with NTP."),
    };
    Alert {
        code: "HALTED",
        message: Text::new(format!("本机已停止写入：{why}。"), format!("This server writes nothing: {why}.")),
        remedy,
    }
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
