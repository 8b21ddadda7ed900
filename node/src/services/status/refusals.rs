//! What was refused, by whom, why and what to do: in words, as alarms and as the operator reads it record by record.

use std::collections::{BTreeMap, BTreeSet};

use duikou_proto::federation::rejected::Code;
use duikou_proto::language::{Language, Text};
use duikou_proto::name::{MemberId, NodeId, RecordName};
use duikou_proto::v1::{HolderRefusals, LinkStatus, Rejection};

use super::{Alert, Failure, REJECTIONS};
use crate::engine::refused_by::RefusedBy;
use crate::engine::{Engine, RejectionFact};

/// Refusals by members that are an alarm each.
const ALARMS: usize = 100;
/// Members that one alarm names.
const NAMED: usize = 8;

/// Why, in words.
fn words(code: Code) -> Text {
    let (zh, en) = match code {
        Code::BadSignature => ("签名无法验证", "its signature does not verify"),
        Code::Key => ("签名密钥未知或已失效", "its key is not known, or no longer good"),
        Code::Malformed => ("格式不符或超过大小上限", "it is not well-formed, or too large"),
        Code::Foreign => ("成员不属于本网络", "its member is not of this network"),
        Code::Host => ("成员不在送来它的节点上", "its member does not live on the node that sent it"),
        Code::Suspended => ("成员已被暂停或已退出", "its member is suspended or has left"),
        Code::Expired => ("已过期", "its date has passed"),
        Code::Future => ("时间超前", "it is dated ahead of time"),
        Code::Limit => ("超过网络的限额", "it is over a limit of the network"),
        Code::Unspecified => ("原因不明", "no reason is known"),
    };
    Text::new(zh, en)
}

/// What its origin does about it.
fn remedy(code: Code) -> Text {
    match code {
        Code::BadSignature => Text::new(
            "请重新发布该信息。若仍被拒收，内容在途中被改动：请告知网络运营方，网关可能已落入他人之手。",
            "Publish it again. Where that is refused as well, it was altered on the way: tell the network's operator, since the gateway may be in wrong hands.",
        ),
        Code::Key | Code::Foreign | Code::Host | Code::Suspended => Text::new(
            "名录更新后会自动重试；若一小时后仍被拒收，请联系网络运营方。",
            "It is tried again when the directory moves; where it is still refused an hour later, ask the network's operator.",
        ),
        Code::Future => {
            Text::new("请校准本机时钟，再重新发布该信息。", "Set this machine's clock, then publish it again.")
        }
        Code::Malformed | Code::Expired | Code::Limit | Code::Unspecified => {
            Text::new("请按原因改正后重新发布该信息。", "Correct it for that reason, and publish it again.")
        }
    }
}

fn code(text: &str) -> Code {
    Code::from_str_name(text).unwrap_or_default()
}

/// What is remembered under `prefix`, record by record.
pub(super) async fn of_peer(engine: &Engine, prefix: &str, language: Language) -> Result<Vec<Rejection>, Failure> {
    let found = engine.facts::<RejectionFact>(prefix, REJECTIONS).await?;
    let rejections = found.into_iter().map(|(key, fact)| {
        let code = Code::try_from(fact.code).unwrap_or_default();
        let said = match (language, code) {
            (Language::Zh, code) if code != Code::Unspecified => words(code).zh,
            _ => fact.detail,
        };
        Rejection {
            name: key.strip_prefix(prefix).unwrap_or(&key).to_owned(),
            revision: fact.revision,
            code: code.as_str_name().to_owned(),
            detail: said,
        }
    });
    Ok(rejections.collect())
}

/// What members elsewhere refused, by who did.
pub(super) fn of_holders(refused: &[RefusedBy], language: Language) -> Vec<HolderRefusals> {
    let mut holders: BTreeMap<&MemberId, Vec<Rejection>> = BTreeMap::new();
    for RefusedBy { name, revision, holder, code } in refused {
        let rejected = holders.entry(holder).or_default();
        if rejected.len() < REJECTIONS {
            rejected.push(Rejection {
                name: name.to_string(),
                revision: *revision,
                code: code.as_str_name().to_owned(),
                detail: words(*code).in_language(language).to_owned(),
            });
        }
    }
    let told = holders.into_iter().map(|(holder, rejected)| HolderRefusals { holder: holder.to_string(), rejected });
    told.collect()
}

/// The same as alarms: for each name and reason one.
pub(super) fn by_holders(refused: &[RefusedBy]) -> Vec<Alert> {
    let mut by_name: BTreeMap<(&RecordName, Code), BTreeSet<&MemberId>> = BTreeMap::new();
    for refused in refused {
        by_name.entry((&refused.name, refused.code)).or_default().insert(&refused.holder);
    }
    let alert = |((name, code), holders): ((&RecordName, Code), BTreeSet<&MemberId>)| {
        let (why, holders) = (words(code), listed(holders.iter().map(ToString::to_string)));
        Alert {
            code: "REFUSED_ELSEWHERE",
            message: Text::new(
                format!("{}拒收了{name}：{}。", holders.zh, why.zh),
                format!("{} refused {name}: {}.", holders.en, why.en),
            ),
            remedy: remedy(code),
        }
    };
    by_name.into_iter().map(alert).take(ALARMS).collect()
}

/// The first few of them.
fn listed(all: impl ExactSizeIterator<Item = String>) -> Text {
    let count = all.len();
    let named: Vec<String> = all.take(NAMED).collect();
    let (zh, en) = (named.join("、"), named.join(", "));
    if count > NAMED {
        Text::new(format!("{zh}等{count}个成员"), format!("{en} and others, {count} in all"))
    } else {
        Text::new(zh, en)
    }
}

/// So many records, in English.
fn records(count: usize) -> String {
    match count {
        1 => "1 record".to_owned(),
        REJECTIONS => format!("{REJECTIONS} or more records"),
        count => format!("{count} records"),
    }
}

/// So many, in Chinese.
fn number(count: usize) -> String {
    if count == REJECTIONS { format!("至少{REJECTIONS}") } else { count.to_string() }
}

/// What the two ends of a link refused of each other, as alarms.
pub(super) fn of_link(engine: &Engine, peer: &NodeId, link: &LinkStatus) -> Vec<Alert> {
    let directory = engine.directory();
    let lives_elsewhere = |rejection: &&Rejection| {
        let origin = rejection.name.split('/').nth(1).and_then(|origin| directory.member_by_text(origin));
        origin.is_some_and(|member| member.node != engine.identity().node)
    };
    let (carried, own): (Vec<&Rejection>, Vec<&Rejection>) = link.rejected_by_peer.iter().partition(lives_elsewhere);
    let ours = (!own.is_empty()).then(|| ours(peer, own.len()));
    let carried = (!carried.is_empty()).then(|| carried_for(peer, &carried));
    let here = (!link.rejected_here.is_empty()).then(|| here(engine, peer, &link.rejected_here));
    ours.into_iter().chain(carried).chain(here).collect()
}

fn ours(peer: &NodeId, count: usize) -> Alert {
    Alert {
        code: "REJECTED_BY_PEER",
        message: Text::new(
            format!("{peer}拒收了本机的{}条记录。", number(count)),
            format!("{peer} refused {} of ours.", records(count)),
        ),
        remedy: Text::new(
            "请在 status 中查看各条的原因，改正后重新发布。",
            "See the reason of each in status, correct it and publish again.",
        ),
    }
}

/// What a gateway brought, and has not written.
fn carried_for(peer: &NodeId, carried: &[&Rejection]) -> Alert {
    let origins: BTreeSet<&str> = carried.iter().filter_map(|rejection| rejection.name.split('/').nth(1)).collect();
    let (count, origins) = (carried.len(), listed(origins.iter().map(|origin| (*origin).to_owned())));
    Alert {
        code: "REJECTED_BY_PEER",
        message: Text::new(
            format!("{peer}拒收了经本网关送去的{}条记录，发布方为{}。", number(count), origins.zh),
            format!("{peer} refused {} that this gateway carried, written by {}.", records(count), origins.en),
        ),
        remedy: Text::new(
            "应由发布方改正：请把 status 中的名称和原因告知它们。若原因是签名（BAD_SIGNATURE）而本网关当初已收下，请检查本机的数据与密钥是否被改动。",
            "It is theirs to correct: tell them the names and reasons in status. Where the reason is BAD_SIGNATURE, and this gateway had taken it, see whether the data or keys of this machine were altered.",
        ),
    }
}

fn here(engine: &Engine, peer: &NodeId, rejected: &[Rejection]) -> Alert {
    let (count, forged) = (rejected.len(), rejected.iter().filter(|one| code(&one.code) == Code::BadSignature).count());
    let message = match forged {
        0 => Text::new(
            format!("本机拒收了{peer}送来的{}条记录。", number(count)),
            format!("We refused {} from {peer}.", records(count)),
        ),
        forged => Text::new(
            format!("本机拒收了{peer}送来的{}条记录，其中{forged}条签名不符。", number(count)),
            format!("We refused {} from {peer}, {forged} for their signatures.", records(count)),
        ),
    };
    let remedy = match (forged, engine.identity().carrier) {
        (0, _) => Text::new(
            "发布方可以看到原因；若原因是密钥或目录，目录更新后会自动重试。",
            "Their origin sees why. What depends on keys or the directory is asked for again when it moves.",
        ),
        (_, false) => Text::new(
            "签名不符的内容在途中被改动，或其发布方的数据有损：请不经网关询问发布方，并告知网络运营方：网关可能已落入他人之手。",
            "What does not verify was altered on the way, or its origin's data are damaged: ask the origin by another way than the gateway, and tell the network's operator that the gateway may be in wrong hands.",
        ),
        (_, true) => Text::new(
            "签名不符说明该节点的数据有损，或已被改动：请联系其运营方，由发布方重新发布。",
            "What does not verify was damaged or altered on that node: tell its operator, and have the origin publish it again.",
        ),
    };
    Alert { code: "REJECTED_HERE", message, remedy }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(name: &str, holder: &str, code: Code) -> RefusedBy {
        let name = format!("members/a.n.example/listings/{name}").parse().unwrap();
        RefusedBy { name, revision: 5, holder: holder.parse().unwrap(), code }
    }

    #[test]
    fn who_refused_what_and_why_is_told_by_name_and_by_holder() {
        let all = [
            refused("tea", "c.n.example", Code::BadSignature),
            refused("tea", "d.n.example", Code::BadSignature),
            refused("salt", "d.n.example", Code::Limit),
        ];
        let alerts = by_holders(&all);
        let said: Vec<&str> = alerts.iter().map(|alert| alert.message.en.as_str()).collect();
        assert_eq!(
            said,
            [
                "d.n.example refused members/a.n.example/listings/salt: it is over a limit of the network.",
                "c.n.example, d.n.example refused members/a.n.example/listings/tea: its signature does not verify.",
            ]
        );
        assert!(alerts[1].remedy.en.contains("wrong hands"), "{alerts:?}");
        let told = of_holders(&all, Language::Zh);
        let told: Vec<_> = told.iter().map(|one| (one.holder.as_str(), one.rejected.len())).collect();
        assert_eq!(told, [("c.n.example", 1), ("d.n.example", 2)]);
    }

    #[test]
    fn one_is_one_and_no_more_are_counted_than_are_shown() {
        assert_eq!((records(1), records(2), number(2)), ("1 record".into(), "2 records".into(), "2".into()));
        assert_eq!(records(REJECTIONS), "100 or more records");
    }
}
