//! What this store holds, lacks or is not known to have delivered, as alarms.

use std::collections::BTreeSet;

use duikou_proto::language::Text;
use duikou_proto::name::RecordName;
use duikou_proto::v1::completeness::State as Completed;

use super::peers::refuses_clock;
use super::{Alert, Context, Failure};
use crate::engine::completeness::Completeness;
use crate::engine::receipts::Unconfirmed;
use crate::store::Row;

/// Hidden records shown.
const HIDDEN: usize = 100;
/// Incomplete scopes shown.
const INCOMPLETE: usize = 100;
/// Scopes that one alarm names.
const SCOPES: usize = 8;

/// All of it.
pub(super) async fn alerts(context: &Context) -> Result<Vec<Alert>, Failure> {
    let engine = &context.engine;
    let mut alerts = hidden(context).await?;
    let held = engine.completeness();
    alerts.extend(held.iter().filter_map(incomplete).take(INCOMPLETE));
    // By a clock of one's own that is wrong, no head is fresh.
    let by_clock = |held: &&Completeness| held.state == Completed::Stale && !wrong_clock(context);
    let stale: BTreeSet<&str> = held.iter().filter(by_clock).map(|held| held.origin.as_str()).collect();
    alerts.extend(stale.into_iter().map(stale_origin).take(INCOMPLETE));
    alerts.extend(engine.unconfirmed(|_| true).await?.iter().map(unconfirmed).take(INCOMPLETE));
    Ok(alerts)
}

/// Whether this node's clock, rather than an origin's, may be why nothing is fresh.
fn wrong_clock(context: &Context) -> bool {
    !context.engine.identity().carrier && context.links.all().iter().any(|(_, view)| refuses_clock(view))
}

/// Own records that the network hides, each with the reason that the network gives.
async fn hidden(context: &Context) -> Result<Vec<Alert>, Failure> {
    let directory = context.engine.directory();
    if directory.hidden().is_empty() {
        return Ok(Vec::new());
    }
    let hides = |row: &Row| {
        row.record.as_ref().filter(|_| directory.hides_held(&row.name))?;
        // Entries name what they hide by hash alone, so the name has to be tried.
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
            "请改正或撤回该信息，并联系网络运营方恢复显示。",
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
