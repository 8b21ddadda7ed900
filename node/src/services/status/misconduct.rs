//! What peers and origins did that no sound one does, as alarms.

use duikou_proto::envelope::{Micros, Revision};
use duikou_proto::language::Text;
use duikou_proto::name::NodeId;

use super::{Alert, Failure};
use crate::engine::{Engine, facts};
use crate::link::{Breach, BreachView, LinkView};

/// How long a breach is an alarm after the last time: an hour. The count stays.
const SHOWN: Micros = 3600 * 1_000_000;
/// Equivocations shown.
const EQUIVOCATIONS: usize = 100;

/// Those of one peer.
pub(super) fn breaches(peer: &NodeId, view: &LinkView, now: Micros) -> Vec<Alert> {
    let recent = view.breaches.iter().filter(|(_, noted)| now.saturating_sub(noted.last) < SHOWN);
    recent.map(|(breach, noted)| alert(peer, *breach, noted)).collect()
}

fn alert(peer: &NodeId, breach: Breach, noted: &BreachView) -> Alert {
    let Text { zh, en } = &noted.detail;
    let (message, remedy) = match breach {
        Breach::Protocol => (
            Text::new(
                format!("{peer}违反协议：{zh}。连接已断开并会重试。"),
                format!("{peer} broke the protocol: {en}. The link was ended, and is tried again."),
            ),
            Text::new(
                "请确认双方版本；若版本相符，请告知网络运营方：对端可能已被篡改。",
                "Compare the versions of both. Where they fit, tell the network's operator: the peer may be in wrong hands.",
            ),
        ),
        Breach::Malformed => (
            Text::new(
                format!("{peer}送来格式错误的记录，已拒收：{zh}。"),
                format!("{peer} sent malformed records, which were refused: {en}."),
            ),
            Text::new("请确认对端的版本，并告知其运营方。", "See which version the peer runs, and tell its operator."),
        ),
        Breach::DirectoryFork => (
            Text::new(
                format!("{peer}出示的成员名录与本机的不一致：{zh}。本机保留原有名录。"),
                format!("{peer} shows another directory than the one held here: {en}. The one here stays."),
            ),
            Text::new(
                "网络中有两份名录：请与其他成员核对目录条目，并告知网络运营方；确认之前不要重新加入。",
                "There are two directories: compare yours with another member, and tell the network's operator. Do not join anew before.",
            ),
        ),
        Breach::DirectoryRollback => (
            Text::new(
                format!("{peer}出示的成员名录比本机的旧：{zh}。"),
                format!("{peer} shows an older directory than the one held here: {en}."),
            ),
            Text::new(
                "若网关刚从备份恢复，会自动补齐；否则请告知网络运营方：网关可能隐瞒了条目。",
                "Where the gateway was restored from a backup this mends itself. Else tell the network's operator: it may hide entries.",
            ),
        ),
        Breach::DirectoryForged => (
            Text::new(
                format!("{peer}送来无效的名录条目，已拒绝：{zh}。"),
                format!("{peer} sent directory entries that are not valid: {en}. They were refused."),
            ),
            Text::new(
                "请告知网络运营方：网关或其目录密钥可能已落入他人之手。",
                "Tell the network's operator: the gateway or its directory key may be in wrong hands.",
            ),
        ),
    };
    Alert { code: breach.code(), message, remedy }
}

/// Names of which an origin has signed two states as one revision.
pub(super) async fn equivocations(engine: &Engine) -> Result<Vec<Alert>, Failure> {
    let found = engine.facts::<Revision>(facts::EQUIVOCATIONS, EQUIVOCATIONS).await?;
    let names = found.into_iter().filter_map(|(key, _)| key.strip_prefix(facts::EQUIVOCATIONS).map(str::to_owned));
    let alerts = names.map(|name| Alert {
        code: "EQUIVOCATION",
        message: Text::new(
            format!("发布方对{name}的同一版本签署了两种内容。各处按同一规则只保留其中一种。"),
            format!("The origin of {name} has signed two different states as one revision. All keep the same one of them."),
        ),
        remedy: Text::new(
            "请告知网络运营方与该成员：其密钥可能被两处使用，或已泄露。该成员重新发布后告警消失。",
            "Tell the network's operator and the member: its key may be used in two places, or be known to others. The alarm ends when it publishes that name again.",
        ),
    });
    Ok(alerts.collect())
}
