//! How a server is, as its operator sees it: holdings, links, and what to act on.

mod certificate;
mod excluded;
mod held;
mod holdings;
mod left;
mod misconduct;
mod peers;
mod refusals;
mod root;
mod stopped;

use std::collections::BTreeSet;

use duikou_proto::directory::MemberState;
use duikou_proto::hex::hex;
use duikou_proto::language::{Language, Text};
use duikou_proto::name::NodeId;
use duikou_proto::v1;
use duikou_proto::v1::link_status::State;
use duikou_proto::v1::{Alarm, LinkStatus, Status};
pub(crate) use peers::is_stale;

use super::Context;
use super::error::Failure;
use crate::engine::facts;
use crate::engine::refused_by::RefusedBy;
use crate::link::{Breach, BreachView, Cause, LinkPhase, LinkView, unheard};
use crate::time::timestamp;

/// Rejections shown per link and direction.
const REJECTIONS: usize = 100;

/// The status of a server, with alarms in the reader's language.
pub(super) async fn of(context: &Context, language: Language) -> Result<Status, Failure> {
    let engine = &context.engine;
    let identity = engine.identity();
    let directory = engine.directory();
    let members: Vec<String> = directory.hosted(&identity.node).map(|member| member.id.to_string()).collect();
    let views = views(context);
    let links = links_of(context, &views, language).await?;
    let refused = engine.refused_by(|_| true).await?;
    let alarms = all_alarms(context, &views, &links, &refused).await?;
    Ok(Status {
        node: identity.node.to_string(),
        network: identity.network.to_string(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        start_time: Some(timestamp(context.started)),
        holdings: holdings::of(engine),
        members,
        directory_index: directory.index(),
        head: engine.head(),
        links,
        alarms: alarms.into_iter().map(|alarm| alarm.told(language)).collect(),
        feed_id: hex(&engine.feed_id()),
        refused_by_holders: refusals::of_holders(&refused, language),
    })
}

/// What is known of every link; at a gateway also of those by which no node has come since this process began.
fn views(context: &Context) -> Vec<(NodeId, LinkView)> {
    let (engine, mut views) = (&context.engine, context.links.all());
    if !engine.identity().carrier {
        return views;
    }
    let directory = engine.directory();
    let takes_part = |node: &NodeId| directory.hosted(node).any(|m| !matches!(m.state, MemberState::Removed(_)));
    let known: BTreeSet<NodeId> = views.iter().map(|(peer, _)| peer.clone()).collect();
    let absent = unheard(engine, &context.links).into_iter().filter(|node| !known.contains(node) && takes_part(node));
    let view = LinkView {
        since: context.started,
        detail: Text::new("自本次启动以来尚未连接", "it has not connected since this start"),
        cause: Cause::Unheard,
        ..LinkView::default()
    };
    views.extend(absent.map(|node| (node, view.clone())));
    views.sort_by(|(one, _), (two, _)| one.cmp(two));
    views
}

/// What an operator should act on.
pub(super) async fn alerts(context: &Context) -> Result<Vec<Alert>, Failure> {
    let views = views(context);
    let links = links_of(context, &views, Language::default()).await?;
    let refused = context.engine.refused_by(|_| true).await?;
    all_alarms(context, &views, &links, &refused).await
}

/// How the links are, in the reader's language.
pub(super) async fn links(context: &Context, language: Language) -> Result<Vec<LinkStatus>, Failure> {
    links_of(context, &views(context), language).await
}

async fn links_of(
    context: &Context,
    views: &[(NodeId, LinkView)],
    language: Language,
) -> Result<Vec<LinkStatus>, Failure> {
    let mut links = Vec::with_capacity(views.len());
    for (peer, view) in views {
        links.push(link(context, peer, view, language).await?);
    }
    Ok(links)
}

async fn all_alarms(
    context: &Context,
    views: &[(NodeId, LinkView)],
    links: &[LinkStatus],
    refused: &[RefusedBy],
) -> Result<Vec<Alert>, Failure> {
    let mut alarms = stopped::alerts(context).await?;
    alarms.extend(certificate::alerts(context));
    alarms.extend(excluded::alerts(&context.engine));
    alarms.extend(root::alert(&context.engine).await?);
    alarms.extend(left::alert(context).await);
    alarms.extend(peers::alerts(&context.engine, views, links));
    alarms.extend(refusals::by_holders(refused));
    let keys = super::keys::alerts(context).await?.into_iter();
    alarms.extend(keys.map(|alert| Alert { code: alert.code, message: alert.message, remedy: alert.remedy }));
    alarms.extend(misconduct::equivocations(&context.engine).await?);
    alarms.extend(held::alerts(context).await?);
    Ok(alarms)
}

/// The words of all alarms, each of which the operator's handbook explains.
const CODES: [&str; 33] = [
    "CLOCK_OFF",
    "CLOCK_REFUSED",
    "DEPARTED",
    "DIRECTORY_FORGED",
    "DIRECTORY_FORK",
    "DIRECTORY_ROLLBACK",
    "DIRECTORY_STALE",
    "DISK_FULL",
    "EQUIVOCATION",
    "GATHERING",
    "HALTED",
    "HIDDEN",
    "INCOMPLETE",
    "KEY_ABSENT",
    "KEY_BY_ROOT",
    "KEY_PENDING",
    "LINK_DOWN",
    "MALFORMED",
    "PROTOCOL_BREACH",
    "REFUSED_ELSEWHERE",
    "REJECTED_BY_PEER",
    "REJECTED_HERE",
    "REMOVED",
    "ROOT_REQUESTS",
    "ROWS_DAMAGED",
    "STALE",
    "STORE_FAILING",
    "SUBSCRIPTIONS_PAUSED",
    "SUSPENDED",
    "UNCONFIRMED",
    "UNRECOVERED",
    "WEB_CERTIFICATE",
    "WITHHELD",
];

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
        debug_assert!(CODES.contains(&self.code), "{} is no alarm that the handbook explains", self.code);
        Alarm {
            code: self.code.to_owned(),
            message: self.message.in_language(language).to_owned(),
            remedy: self.remedy.in_language(language).to_owned(),
        }
    }
}

async fn link(context: &Context, peer: &NodeId, view: &LinkView, language: Language) -> Result<LinkStatus, Failure> {
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
        detail: view.detail.in_language(language).to_owned(),
        error: view.error.clone(),
        software: view.software.clone(),
        unacknowledged: context.links.unacknowledged(engine, peer).await?,
        behind: view.behind,
        rejected_by_peer: refusals::of_peer(engine, &facts::refused(peer), language).await?,
        rejected_here: refusals::of_peer(engine, &facts::rejected(peer), language).await?,
        clock_offset_ms: view.clock_offset.unwrap_or_default() / 1000,
        breaches: view.breaches.iter().map(|(breach, noted)| told(*breach, noted, language)).collect(),
    })
}

fn told(breach: Breach, noted: &BreachView, language: Language) -> v1::Breach {
    v1::Breach {
        code: breach.code().to_owned(),
        count: noted.count,
        last_time: Some(timestamp(noted.last)),
        detail: noted.detail.in_language(language).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_handbook_explains_every_alarm_and_no_other() {
        let handbook = include_str!("../../../deploy/README.md");
        let rows = handbook.lines().skip_while(|line| !line.starts_with("| 告警 alarm |")).skip(2);
        let rows = rows.take_while(|line| line.starts_with('|'));
        // Before the first word that is explained stand the codes of a row.
        let codes = rows.filter_map(|row| row.split('|').nth(1)).flat_map(|cell| cell.split('`').skip(1).step_by(2));
        let explained: BTreeSet<&str> = codes.collect();
        assert_eq!(explained, BTreeSet::from(CODES));
    }

    #[test]
    fn every_alarm_that_is_raised_is_a_known_one() {
        const RAISED: [&str; 10] = [
            include_str!("keys.rs"),
            include_str!("status/certificate.rs"),
            include_str!("status/excluded.rs"),
            include_str!("status/held.rs"),
            include_str!("status/left.rs"),
            include_str!("status/peers.rs"),
            include_str!("status/refusals.rs"),
            include_str!("status/root.rs"),
            include_str!("status/stopped.rs"),
            include_str!("status/misconduct.rs"),
        ];
        let lines = RAISED.iter().flat_map(|file| file.lines().filter_map(|line| line.split_once("code: ")));
        let quoted = lines.flat_map(|(_, rest)| rest.split('"').skip(1).step_by(2));
        let is_word = |text: &&str| text.chars().all(|letter| letter.is_ascii_uppercase() || letter == '_');
        let raised: BTreeSet<&str> = quoted.filter(is_word).filter(|word| !word.is_empty()).collect();
        assert!(raised.len() > 20, "{raised:?}");
        let unknown: Vec<_> = raised.iter().filter(|code| !CODES.contains(code)).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }
}
