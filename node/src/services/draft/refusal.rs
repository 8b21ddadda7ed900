//! What is said where nothing was done to a draft.

use std::collections::HashMap;

use duikou_proto::envelope::Micros;
use tonic::Code;

use crate::drafts::{Refusal, State};
use crate::limits;
use crate::services::error::{Failure, Told, told as words};

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Refused(refused) => refused.into(),
            other => Self::Draft(other),
        }
    }
}

/// As callers see it.
pub(in crate::services) fn told(refusal: &Refusal) -> Told {
    match refusal {
        Refusal::NoSuch => words(
            Code::NotFound,
            "NOT_FOUND",
            "找不到该草稿，或您无权查看，请核对名称。",
            "There is no such draft, or it is not for you: check its name.",
        ),
        Refusal::Full => words(
            Code::ResourceExhausted,
            "DRAFT_LIMIT",
            format!("该成员的草稿已达上限{}件，请先审核或删除一些。", limits::DRAFTS),
            format!("The member has {} drafts, the most that there may be: approve or delete some.", limits::DRAFTS),
        ),
        Refusal::Taken(draft) => words(
            Code::AlreadyExists,
            "DRAFT_EXISTS",
            format!("该信息已有草稿{draft}，请在其上修改。"),
            format!("The listing has the draft {draft} already: change that one."),
        ),
        Refusal::Changed { by, time } => {
            let time = text(*time);
            words(
                Code::Aborted,
                "DRAFT_CHANGED",
                format!("{by}已于{time}改动，内容不再是您看到的，未作任何更改。请重新读取后再试。"),
                format!(
                    "{by} changed it at {time}, and it is no longer what you saw. Nothing was done: read it again."
                ),
            )
        }
        Refusal::State(state) => {
            let (zh, en) = match state {
                State::Draft => ("尚未提交", "not handed in"),
                State::Submitted => ("已提交", "handed in already"),
                State::Returned => ("已退回", "given back already"),
                State::Approved => ("已同意", "approved already"),
            };
            words(
                Code::FailedPrecondition,
                "DRAFT_STATE",
                format!("草稿{zh}，不能执行此操作。"),
                format!("The draft is {en}: this cannot be done to it."),
            )
        }
        Refusal::Nothing => words(
            Code::FailedPrecondition,
            "NOTHING_TO_APPROVE",
            "草稿与已发布的内容相同，无需审核，可以删除。",
            "The draft says what is published already: there is nothing to approve, and it can be deleted.",
        ),
        Refusal::Editors => words(
            Code::ResourceExhausted,
            "DRAFT_EDITORS",
            format!("参与修改的人已达上限{}人，请由其中一人修改。", limits::DRAFT_EDITORS),
            format!(
                "{} people have changed this draft, the most that may: have one of them do it.",
                limits::DRAFT_EDITORS
            ),
        ),
        Refusal::NotReviewer => words(
            Code::PermissionDenied,
            "NOT_REVIEWER",
            "审核须由该成员的审核员或其代理人进行。",
            "This is for a reviewer of the member, or for somebody who stands in for one.",
        ),
        Refusal::OwnHand => words(
            Code::PermissionDenied,
            "OTHER_PERSON",
            "您参与了该草稿的编写，须由另一人审核。",
            "You have had a hand in this draft: another person must approve it.",
        ),
        Refusal::Refused(refused) => Failure::Refused(refused.clone()).told(),
    }
}

/// A time to the second, in UTC.
fn text(time: Micros) -> String {
    jiff::Timestamp::from_second(time.div_euclid(1_000_000)).map(|time| time.to_string()).unwrap_or_default()
}

/// The same for programs, where there is anything to add.
pub(in crate::services) fn metadata(refusal: &Refusal) -> HashMap<String, String> {
    let pairs: Vec<(&str, String)> = match refusal {
        Refusal::Taken(draft) => vec![("draft", draft.clone())],
        Refusal::Changed { by, time } => vec![("updater", by.clone()), ("update_time", text(*time))],
        Refusal::NoSuch
        | Refusal::Full
        | Refusal::State(_)
        | Refusal::Nothing
        | Refusal::Editors
        | Refusal::NotReviewer
        | Refusal::OwnHand
        | Refusal::Refused(_) => Vec::new(),
    };
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}
