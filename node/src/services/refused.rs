//! What is said where the engine refuses a write.

use tonic::Code;

use super::error::{Failure, Told, told as words};
use crate::engine::{Halt, Refused};

/// As callers see it.
pub(super) fn told(refused: &Refused) -> Told {
    match refused {
        Refused::NotHosted(member) => words(
            Code::FailedPrecondition,
            "NOT_HOSTED",
            format!("本节点不托管成员{member}，请在其所在节点上操作。"),
            format!("This node does not host {member}: write on the node that does."),
        ),
        Refused::Suspended(member) => words(
            Code::FailedPrecondition,
            "SUSPENDED",
            format!("成员{member}已被暂停或已退出网络，请联系网络运营方。"),
            format!("{member} is suspended or has left the network: ask the network's operator."),
        ),
        Refused::Unrecovered(member) => words(
            Code::Unavailable,
            "RECOVERING",
            format!("成员{member}正在从网关取回自己的记录，请稍后重试。"),
            format!("{member} is taking its records back from the gateway: try again in a moment."),
        ),
        Refused::NoKey(member) => words(
            Code::FailedPrecondition,
            "NO_KEY",
            format!("成员{member}最新的签名密钥不在本节点，请放回密钥文件，或请网络运营方更换丢失的密钥。"),
            format!(
                "The newest signing key of {member} is not here: put its file back, or have the network's operator replace it."
            ),
        ),
        Refused::Moving(member) => words(
            Code::Unavailable,
            "MOVING",
            format!("成员{member}正在迁往另一节点，请稍后在新节点上操作。"),
            format!("{member} is being moved to another node: write there in a moment."),
        ),
        Refused::Exists(name) => words(
            Code::AlreadyExists,
            "EXISTS",
            format!("{name}已存在且内容不同，请改用更新，或换一个名称。"),
            format!("{name} exists with other content: update it, or take another name."),
        ),
        Refused::Missing(name) => Failure::NotFound(name.to_string()).told(),
        Refused::Deleted(name) => words(
            Code::FailedPrecondition,
            "DELETED",
            format!("{name}已被删除，名称不可再用，请换一个名称。"),
            format!("{name} was deleted and is never used again: take another name."),
        ),
        Refused::Scopes { name, limit } => words(
            Code::FailedPrecondition,
            "SCOPES_USED_UP",
            format!(
                "{name}先后的可见范围累计将超过{limit}项，撤回时无法逐一列出，请沿用已有的范围，或撤回后换一个名称发布。"
            ),
            format!(
                "{name} would have been for more than {limit} scopes over time, which no withdrawal could name: keep to those that it had, or withdraw it and publish under another name."
            ),
        ),
        Refused::Conflict(name) => words(
            Code::Aborted,
            "ETAG_MISMATCH",
            format!("{name}在您读取之后已有变化，请重新读取后再改。"),
            format!("{name} has changed since you read it: read it again and repeat your change."),
        ),
        Refused::Damaged(name) => words(
            Code::DataLoss,
            "DATA_DAMAGED",
            format!("本机保存的{name}已损坏，在修复之前不能修改，请告知本机管理员。"),
            format!(
                "What is kept of {name} here is damaged, and does not change before it is mended: tell the operator of this server."
            ),
        ),
        Refused::Kind(name) => words(
            Code::FailedPrecondition,
            "KIND_CHANGED",
            format!("{name}的类别不可更改，请换一个名称发布。"),
            format!("The kind of {name} never changes: publish under another name."),
        ),
        Refused::Limit { member, limit } => words(
            Code::ResourceExhausted,
            "LISTING_LIMIT",
            format!("成员{member}的在线信息已达上限{limit}条，请先撤回不再需要的。"),
            format!("{member} has {limit} live listings, the most that are allowed: withdraw some."),
        ),
        Refused::Malformed(malformed) => words(
            Code::InvalidArgument,
            "TOO_LARGE",
            format!("内容无法构成记录（{}），请缩短。", malformed.0),
            format!("The content does not make a record ({}): shorten it.", malformed.0),
        ),
        Refused::Unapproved(name) => words(
            Code::FailedPrecondition,
            "APPROVAL_REQUIRED",
            format!(
                "{}的信息须先审核再发布，{name}未发布。请提交审核：命令行加 --submit，接口设 submit 为 true，或新建草稿。",
                name.origin()
            ),
            format!(
                "What {} publishes needs an approval first, and {name} is not published. Hand it in: with --submit on the command line, with `submit` in a request, or as a draft.",
                name.origin()
            ),
        ),
        Refused::Halted(why) => halted(*why),
    }
}

fn halted(why: Halt) -> Told {
    let detail = why.text();
    let (zh, en) = match why {
        Halt::Twice => (
            format!("网络中有两个节点使用同一身份，本机已停止写入（{}）。请停用其中一个。", detail.zh),
            format!("Two nodes run under one identity, and this one writes nothing ({}): stop one of them.", detail.en),
        ),
        Halt::Clock { .. } => (
            format!("本机时钟偏差过大，已停止写入（{}）。请校准时钟。", detail.zh),
            format!("This machine's clock is too far off, and it writes nothing ({}): set the clock.", detail.en),
        ),
    };
    words(Code::FailedPrecondition, why.reason(), zh, en)
}
