//! What an office had typed at another node, line by line.

use duikou_proto::language::{Language, Text};
use duikou_proto::limits as contract;
use duikou_proto::v1::take_in_drafts_response::Refused;
use duikou_proto::v1::{TakeInDraftsRequest, TakeInDraftsResponse};
use duikou_proto::validate::reason;

use super::auth::Caller;
use super::error::Failure;
use crate::departure::{NotTakenIn, TakeIn, TakenIn, read_typed};
use crate::engine::Engine;

/// Takes in what can be, and says of the rest why not.
pub(super) async fn take_in(
    engine: &Engine,
    caller: &Caller,
    request: TakeInDraftsRequest,
    language: Language,
) -> Result<TakeInDraftsResponse, Failure> {
    let lines = request.lines;
    if lines.is_empty() || lines.len() > contract::PAGE {
        let (count, most) = (lines.len(), contract::PAGE);
        return Err(Failure::field(
            "lines",
            if lines.is_empty() { reason::REQUIRED } else { reason::TOO_MANY },
            format!("共{count}行，每次应为1至{most}行，请分批提交。"),
            format!("These are {count} lines and may be 1 to {most} at a time: send them in parts."),
        ));
    }
    let mut answer = TakeInDraftsResponse::default();
    for (number, line) in (0..).zip(lines) {
        let refused = |reason: &str, text: Text| Refused {
            line: number,
            reason: reason.to_owned(),
            description: text.in_language(language).to_owned(),
        };
        let Some((member, typed)) = read_typed(&line) else {
            let text = Text::new(
                "不是原节点写出的内容，请用 departed 目录中的 .office 文件。",
                "The old node wrote no such line: give its file from departed, the one that ends in .office.",
            );
            answer.refused.push(refused(reason::BAD_FORMAT, text));
            continue;
        };
        let here = &engine.identity().node;
        if engine.directory().member(&member).is_none_or(|held| held.node != *here || held.moving.is_some()) {
            let text = Text::new(
                format!("成员 {member} 不在本节点，请等迁移完成后再收入。"),
                format!("{member} does not live here: wait until the move is done."),
            );
            answer.refused.push(refused("NOT_HOSTED", text));
            continue;
        }
        let by = caller.actor();
        match engine.submit(TakeIn { member, typed, by, account: caller.account.clone() }).await? {
            Ok(TakenIn::Draft) => answer.drafts += 1,
            Ok(TakenIn::Policy) => answer.policies += 1,
            Ok(TakenIn::Mapping) => answer.mappings += 1,
            Ok(TakenIn::Known) => answer.known += 1,
            Err(NotTakenIn::Full) => answer.refused.push(refused(
                reason::TOO_MANY,
                Text::new(
                    "草稿已达上限，请先处理一些再收入。",
                    "The member has as many drafts as it may have: deal with some first.",
                ),
            )),
            Err(NotTakenIn::Taken) => answer.refused.push(refused(
                "DRAFT_EXISTS",
                Text::new(
                    "该信息在本节点已有另一份草稿，请先处理那一份。",
                    "The listing has another draft here: deal with that one first.",
                ),
            )),
        }
    }
    Ok(answer)
}
