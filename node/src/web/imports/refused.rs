//! Why nothing is done with an import, as a page says it.

use duikou_proto::language::Text;
use http::StatusCode;
use tonic::Code;

use super::super::respond::Failed;
use super::super::visitor::Visitor;
use crate::http::Problem;
use crate::imports::NotTaken;

/// There is none, or it is somebody else's.
pub(super) fn absent(visitor: &Visitor, id: &str) -> Failed {
    tracing::debug!(id, "there is no such import for whoever asks");
    let text = Text::new(
        "没有这个导入，或者它已删除，或者不属于您。",
        "There is no such import, or it is gone, or it is not yours.",
    );
    Failed(Problem::new(StatusCode::NOT_FOUND, Code::NotFound, "NOT_FOUND", &text, visitor.language()))
}

/// What whoever looks can do nothing about.
pub(super) fn internal(visitor: &Visitor, error: &(dyn std::error::Error + 'static)) -> Failed {
    tracing::error!(error = %crate::error::chain(error), "an import cannot be read");
    visitor.failed(&tonic::Status::internal("the files of imports cannot be read"))
}

/// Why nothing was done.
pub(super) fn not_taken(visitor: &Visitor, id: &str, error: &NotTaken) -> Failed {
    let problem =
        |status, code, reason, text: &Text| Failed(Problem::new(status, code, reason, text, visitor.language()));
    match error {
        NotTaken::Gone => absent(visitor, id),
        NotTaken::Sheet(error) => problem(StatusCode::BAD_REQUEST, Code::InvalidArgument, "BAD_SHEET", &error.text()),
        NotTaken::Full => {
            let text = Text::new(
                "本服务器上正在进行的导入过多，请先完成或放弃已有的导入，或稍后再试。",
                "There are too many imports on this server: finish or give up others, or try again later.",
            );
            problem(StatusCode::TOO_MANY_REQUESTS, Code::ResourceExhausted, "IMPORT_LIMIT", &text)
        }
        NotTaken::UnderWay => {
            let text = Text::new(
                "这个导入正在处理中，请等它结束，或先停止。",
                "This import is under way: wait for its end, or stop it first.",
            );
            problem(StatusCode::CONFLICT, Code::FailedPrecondition, "UNDER_WAY", &text)
        }
        NotTaken::Io(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let text = Text::new(
                "这个导入的文件已不在服务器上，请重新上传。",
                "The file of this import is no longer on the server: send it again.",
            );
            problem(StatusCode::GONE, Code::NotFound, "FILE_GONE", &text)
        }
        NotTaken::Io(_) | NotTaken::Write(_) => internal(visitor, error),
    }
}
