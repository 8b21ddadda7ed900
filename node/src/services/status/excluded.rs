//! Members here that the network has suspended or removed, as alarms: with the reason that was given, and what to do.

use duikou_proto::directory::{Member, MemberState};
use duikou_proto::language::Text;

use super::Alert;
use crate::engine::Engine;

/// Members here that take no part in the network.
pub(super) fn alerts(engine: &Engine) -> Vec<Alert> {
    let directory = engine.directory();
    let hosted = directory.hosted(&engine.identity().node);
    hosted.filter_map(alert).collect()
}

fn alert(member: &Member) -> Option<Alert> {
    let id = &member.id;
    let why = match member.reason.trim() {
        "" => Text::new("未说明理由", "no reason was given"),
        reason => Text::same(reason),
    };
    let (zh, en) = (why.zh.trim_end_matches(['。', '.']), why.en.trim_end_matches(['。', '.']));
    match member.state {
        MemberState::Active => None,
        MemberState::Suspended => Some(Alert {
            code: "SUSPENDED",
            message: Text::new(
                format!("网络运营方已暂停成员{id}：{zh}。其信息全网不可见，也不能发布新的信息。"),
                format!(
                    "The network's operator has suspended {id}: {en}. What it wrote is hidden everywhere, and it can write nothing."
                ),
            ),
            remedy: Text::new(
                "请联系网络运营方。恢复后一切自动继续，本机的内容不会丢失。",
                "Ask the network's operator. Once it is resumed all goes on by itself; nothing that is here is lost.",
            ),
        }),
        MemberState::Removed(until) => {
            let until =
                jiff::Timestamp::from_microsecond(until).map(|until| until.strftime("%Y-%m-%d %H:%M UTC").to_string());
            let until = until.unwrap_or_default();
            Some(Alert {
                code: "REMOVED",
                message: Text::new(
                    format!("成员{id}已被移出网络：{zh}。其信息全网不可见，其他节点于 {until} 删除。"),
                    format!(
                        "{id} was removed from the network: {en}. What it wrote is hidden everywhere, and dropped by others at {until}."
                    ),
                ),
                remedy: Text::new(
                    "若有误，请联系网络运营方撤销（duikou-gateway members restore），逾期后也可以：本机保留其内容，会重新送出。",
                    "Where that is wrong, ask the network's operator to undo it (duikou-gateway members restore), later too: what it wrote stays here, and is handed out again.",
                ),
            })
        }
    }
}
