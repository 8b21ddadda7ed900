//! From what a server answers to what the command line says and returns.

use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::error::{CommandError, FieldRefusal, Refusal};
use super::exit::ExitCode;
use super::language::Text;
use super::words;
use crate::http::code_name;
use crate::services::LASTING;

/// The most violations that are shown.
const VIOLATIONS: usize = 100;

impl From<Status> for CommandError {
    fn from(status: Status) -> Self {
        let details = status.get_error_details();
        let reason = details.error_info().map_or("", |info| info.reason.as_str());
        // The localised message is in the caller's language, or Chinese where the server does not know it; the plain
        // one is in that language too, or English.
        let message = match details.localized_message() {
            _ if is_transport(&status) => Text::new("与服务器的连接中断", "the connection to the server broke off"),
            Some(text) if text.locale.starts_with("zh") => Text::new(&text.message, status.message()),
            Some(text) => Text::same(&text.message),
            None => Text::same(status.message()),
        };
        let or_code = |said: String, code: String| if said.is_empty() { code } else { said };
        let code = words::of_code(status.code());
        let message = Text::new(or_code(message.zh, code.zh), or_code(message.en, code.en));
        let mut error = Self::new(kind(&status, reason), message);
        let mut refusal = Refusal { code: code_name(status.code()), reason: reason.to_owned(), violations: Vec::new() };
        if let Some(request) = details.bad_request() {
            for violation in request.field_violations.iter().take(VIOLATIONS) {
                let said = violation.localized_message.as_ref().map_or(&violation.description, |text| &text.message);
                error = error.cause(format_args!("{}: {said}", violation.field));
                let (field, reason, description) = (violation.field.clone(), violation.reason.clone(), said.clone());
                refusal.violations.push(FieldRefusal { field, reason, description });
            }
        }
        error.refusal = Some(Box::new(refusal));
        if let Some(cause) = std::error::Error::source(&status) {
            error = error.because(words::of_connection(cause));
        }
        match hint(&status, reason) {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

/// Whether the connection failed rather than the server: tonic then keeps what it met as the source.
pub(crate) fn is_transport(status: &Status) -> bool {
    std::error::Error::source(status).is_some()
}

fn kind(status: &Status, reason: &str) -> ExitCode {
    if is_transport(status) {
        return ExitCode::Unavailable;
    }
    match (status.code(), reason) {
        (_, "DISK_FULL") => ExitCode::Io,
        (_, "DATA_DAMAGED") => ExitCode::BadData,
        (_, "CLOCK_OFF" | "NEWER_VERSION") => ExitCode::Configuration,
        (_, "ROOT_SIGNATURE_NEEDED" | "DIRECTORY_UNSETTLED") => ExitCode::TryAgain,
        (Code::InvalidArgument | Code::OutOfRange, _) => ExitCode::BadData,
        (Code::PermissionDenied | Code::Unauthenticated, _) => ExitCode::NotPermitted,
        (Code::ResourceExhausted, lasting) if LASTING.contains(&lasting) => ExitCode::Failed,
        (Code::ResourceExhausted, _) => ExitCode::TryAgain,
        (Code::Unavailable | Code::DeadlineExceeded, _) => ExitCode::Unavailable,
        (Code::Internal | Code::DataLoss | Code::Unknown | Code::Ok, _) => ExitCode::Bug,
        (
            Code::NotFound
            | Code::AlreadyExists
            | Code::FailedPrecondition
            | Code::Aborted
            | Code::Cancelled
            | Code::Unimplemented,
            _,
        ) => ExitCode::Failed,
    }
}

fn hint(status: &Status, reason: &str) -> Option<Text> {
    let text = match (status.code(), reason) {
        (_, "DISK_FULL") => {
            Text::new("在服务器上腾出磁盘空间后重试", "free some disk space on the server, then try again")
        }
        (_, "DATA_DAMAGED") => Text::new(
            "用 status 查看告警和处理办法；停止服务后可用 check 检查全部数据",
            "see with status what is damaged and what to do; with the server stopped, check looks at everything",
        ),
        (_, "CLOCK_OFF") => {
            Text::new("校准本机时钟（timedatectl set-ntp true）", "set this machine's clock: timedatectl set-ntp true")
        }
        (_, "NEWER_VERSION") => Text::new("升级本程序", "upgrade this program"),
        // A server that says why is running.
        (Code::Unavailable, reason) if !reason.is_empty() => Text::new("稍后重试", "try again in a while"),
        (Code::Unavailable, _) => Text::new(
            "服务是否在运行？duikou-node serve --dir DIR",
            "is the server running? duikou-node serve --dir DIR",
        ),
        (Code::Unauthenticated, _) => Text::new(
            "用 --token-file 或 DUIKOU_TOKEN 给出有效的令牌；令牌由 duikou-node tokens create 生成",
            "give a valid token with --token-file or DUIKOU_TOKEN; duikou-node tokens create makes one",
        ),
        // What is said of it says what to do.
        (Code::ResourceExhausted, lasting) if LASTING.contains(&lasting) => return None,
        (Code::ResourceExhausted, _) => Text::new("稍后重试", "try again in a while"),
        (Code::Aborted, _) => {
            Text::new("内容已被他人修改：重新读取后再改", "it was changed meanwhile: get it again, then change it")
        }
        (Code::Unimplemented, _) => Text::new(
            "此操作只能在服务器本机上用 --dir 执行；否则是服务端版本与本程序不一致",
            "this is done on the server's own machine, with --dir; else the server is of another version",
        ),
        _ => return None,
    };
    Some(text)
}

#[cfg(test)]
mod tests {
    use tonic_types::ErrorDetails;

    use super::super::language::Language;
    use super::*;

    #[test]
    fn every_answer_has_its_exit_code() {
        let with = |code, reason: &str| {
            let details = ErrorDetails::with_error_info(reason, "duikou", [] as [(String, String); 0]);
            CommandError::from(Status::with_error_details(code, "no", details)).kind
        };
        for (code, reason, expected) in [
            (Code::Unavailable, "", 69),
            (Code::InvalidArgument, "", 65),
            (Code::NotFound, "", 1),
            (Code::AlreadyExists, "", 1),
            (Code::PermissionDenied, "TOKEN_USED", 77),
            (Code::Unauthenticated, "", 77),
            (Code::FailedPrecondition, "DELETED", 1),
            (Code::FailedPrecondition, "CLOCK_OFF", 78),
            (Code::FailedPrecondition, "NEWER_VERSION", 78),
            (Code::ResourceExhausted, "", 75),
            (Code::ResourceExhausted, "TOKEN_LIMIT", 1),
            (Code::ResourceExhausted, "DISK_FULL", 74),
            (Code::Internal, "", 70),
        ] {
            assert_eq!(with(code, reason) as u8, expected, "{code:?} {reason}");
        }
    }

    #[test]
    fn a_server_that_answers_is_not_asked_for_whether_it_runs() {
        let hint = |reason: &str| {
            let details = match reason {
                "" => ErrorDetails::new(),
                _ => ErrorDetails::with_error_info(reason, "duikou", [] as [(String, String); 0]),
            };
            let error = CommandError::from(Status::with_error_details(Code::Unavailable, "no", details));
            error.hints[0].in_language(Language::En).to_owned()
        };
        assert_eq!(hint("INDEX_NOT_READY"), "try again in a while");
        assert!(hint("").starts_with("is the server running?"));
    }

    #[test]
    fn every_violation_is_listed() {
        let mut details = ErrorDetails::new();
        details.add_bad_request_violation("listing.title", "is required");
        details.add_bad_request_violation("listing.regions", "has no 999999");
        details.set_localized_message("en", "the listing is not valid");
        let error = CommandError::from(Status::with_error_details(Code::InvalidArgument, "bad", details));
        assert_eq!(
            error.render(Language::En),
            "error: the listing is not valid\n  cause: listing.title: is required\n  cause: listing.regions: has no 999999\n"
        );
    }

    #[test]
    fn a_broken_connection_is_no_bug_and_told_in_words() {
        let broken = Status::from_error(Box::new(std::io::Error::from(std::io::ErrorKind::BrokenPipe)));
        let error = CommandError::from(broken);
        assert_eq!(error.kind, ExitCode::Unavailable);
        let told = error.render(Language::Zh);
        assert!(told.starts_with("错误：与服务器的连接中断\n  原因：连接被中断\n"), "{told}");
    }

    #[test]
    fn a_code_without_a_text_is_told_in_words() {
        let told = CommandError::from(Status::new(Code::Unimplemented, "")).render(Language::Zh);
        assert!(told.starts_with("错误：服务器没有这个操作\n"), "{told}");
    }
}
