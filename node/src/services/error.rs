//! What goes wrong in a service, and the one place that maps it to the wire: code, reason, words in two languages.

use std::sync::Arc;
use std::time::Duration;

use duikou_proto::language::{Language, Text};
use duikou_proto::validate::{Violation, reason};
use thiserror::Error;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, LocalizedMessage, StatusExt};

use crate::engine::{Refused, TokenEnd, WriteError};
use crate::store::StoreError;

/// Violations that one answer names; details ride in a trailer, and clients bound those.
const VIOLATIONS: usize = 50;
/// About how many bytes they may take together.
const VIOLATION_BYTES: usize = 4 * 1024;
/// When a caller that met a passing condition should come again.
const RETRY_AFTER: Duration = Duration::from_secs(5);
/// The same where the disk is full: somebody has to make room first.
const RETRY_AFTER_FULL: Duration = Duration::from_secs(60);
/// Bounds that do not pass by themselves: waiting helps nobody who met one.
pub(crate) const LASTING: [&str; 6] =
    ["TOKEN_LIMIT", "SUBSCRIPTION_LIMIT", "LISTING_LIMIT", "DRAFT_LIMIT", "DRAFT_EDITORS", "ACCOUNT_LIMIT"];
/// Whose reasons these are, in `google.rpc.ErrorInfo`.
pub const DOMAIN: &str = "duikou";

/// Why a call has no answer.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    #[error("the request breaks {} rules", .0.len())]
    Violations(Vec<Violation>),
    /// Absent, or not for the caller: nobody learns which.
    #[error("{0} not found")]
    NotFound(String),
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("the store failed")]
    Store(#[source] Arc<StoreError>),
    /// The same, where the writer has met and told it.
    #[error("the store took nothing")]
    Unwritten(#[source] Arc<StoreError>),
    #[error("the server is shutting down")]
    Closing,
    #[error("a token is required")]
    TokenRequired,
    #[error("the token is not known, or no longer good")]
    TokenBad,
    #[error("the token has expired")]
    TokenExpired,
    #[error("the registered reader is suspended")]
    ReaderSuspended,
    #[error("the token is not for this")]
    OtherArea,
    #[error("the token does not allow this")]
    NotPermitted,
    #[error("the token would make one beyond its own limits")]
    BeyondToken,
    #[error("too many tokens")]
    TokenLimit,
    #[error("too many subscriptions")]
    SubscriptionLimit,
    #[error("the subscription's way of delivery has no such thing")]
    OtherWay,
    #[error("the subscription is paused")]
    SubscriptionPaused,
    #[error("the token that made the subscription is not good")]
    TokenResting,
    #[error("what is acknowledged is not of the last pull")]
    AckUnknown,
    #[error("{0} has changed since it was read")]
    Changed(String),
    #[error("this server sends no mail")]
    MailOff,
    #[error("the request id was used for another request")]
    RequestIdReused,
    #[error("the reader took nothing for too long")]
    SlowReader,
    #[error("too many watchers")]
    WatcherLimit,
    #[error("too many requests")]
    RequestLimit(Duration),
    #[error("too many requests from an address")]
    AddressLimit(Duration),
    #[error("too many calls under way")]
    CallLimit(Duration),
    #[error("too many bytes")]
    ByteLimit(Duration),
    #[error("too many live questions are under way")]
    QueryLimit,
    #[error("too many calls look for counterparts")]
    MatchLimit,
    #[error("this gateway has no member that could ask for a registered reader")]
    NoAsker,
    #[error("{0} is there already")]
    FolderExists(String),
    #[error("the backup failed: {}", .0.en)]
    Backup(Text),
    #[error("a backup is being made")]
    BackupUnderWay,
    #[error("a key file: {0}")]
    KeyFile(String),
    #[error("the search index is not ready")]
    IndexUnready,
    #[error("the page is being made ready")]
    PageUnready,
    #[error("the audit trail is being verified")]
    VerifyLimit,
    #[error("a session is required")]
    SessionRequired,
    #[error(transparent)]
    Account(crate::accounts::Refusal),
    #[error(transparent)]
    Draft(crate::drafts::Refusal),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Store(error) => Self::Unwritten(error),
            WriteError::Closed => Self::Closing,
        }
    }
}

impl From<TokenEnd> for Failure {
    fn from(end: TokenEnd) -> Self {
        match end {
            TokenEnd::Expired => Self::TokenExpired,
            TokenEnd::Suspended => Self::ReaderSuspended,
            TokenEnd::Orphaned => Self::TokenBad,
            TokenEnd::Store(error) => Self::Store(error),
        }
    }
}

/// A failure as callers see it.
pub(crate) struct Told {
    pub(crate) code: Code,
    /// A stable word for programs, as `http/openapi/reasons` lists them.
    pub(crate) reason: &'static str,
    pub(crate) text: Text,
}

pub(super) fn told(code: Code, reason: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Told {
    Told { code, reason, text: Text::new(zh, en) }
}

impl Failure {
    /// One field that is wrong.
    pub(crate) fn field(field: &str, reason: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::Violations(vec![violation(field, reason, zh, en)])
    }

    pub(crate) fn told(&self) -> Told {
        match self {
            Self::Violations(violations) => {
                let count = violations.len();
                told(
                    Code::InvalidArgument,
                    "INVALID",
                    format!("共有{count}处不符合要求，请按各字段的说明修改后重试。"),
                    match count {
                        1 => "A field breaks the rules: correct it as its description says, and send it again."
                            .to_owned(),
                        _ => format!(
                            "{count} fields break the rules: correct each as its description says, and send it again."
                        ),
                    },
                )
            }
            Self::NotFound(name) => told(
                Code::NotFound,
                "NOT_FOUND",
                format!("找不到{name}，或您无权查看，请核对名称。"),
                format!("There is no {name}, or it is not for you: check the name."),
            ),
            Self::Refused(refused) => super::refused::told(refused),
            Self::Draft(refusal) => super::draft::told(refusal),
            Self::Store(error) | Self::Unwritten(error) => store(error),
            Self::Closing => told(
                Code::Unavailable,
                "CLOSING",
                "服务器正在关闭，请稍后重试。",
                "The server is shutting down: try again in a moment.",
            ),
            Self::TokenRequired => told(
                Code::Unauthenticated,
                "TOKEN_REQUIRED",
                "此操作需要令牌，请在 authorization 中提供 Bearer 令牌。",
                "This needs a token: send one as a Bearer token in `authorization`.",
            ),
            Self::TokenBad => told(
                Code::Unauthenticated,
                "TOKEN_INVALID",
                "令牌无效或已被吊销，请向管理员申请新令牌。",
                "The token is not known, or was revoked: ask an administrator for a new one.",
            ),
            Self::TokenExpired => told(
                Code::Unauthenticated,
                "TOKEN_EXPIRED",
                "令牌已过期，请向管理员申请新令牌。",
                "The token has expired: ask an administrator for a new one.",
            ),
            Self::ReaderSuspended => told(
                Code::Unauthenticated,
                "READER_SUSPENDED",
                "注册企业已被暂停，令牌暂不可用，请联系网络运营方。",
                "The registered reader is suspended, and its tokens with it: ask the network's operator.",
            ),
            Self::OtherArea => told(
                Code::PermissionDenied,
                "OTHER_AREA",
                "此令牌的用途不含该操作，请使用用途相符的令牌。",
                "This token was made for other uses: take one that is for this.",
            ),
            Self::NotPermitted => told(
                Code::PermissionDenied,
                "NOT_PERMITTED",
                "此令牌无权执行该操作，请使用该成员的、具备相应角色的令牌。",
                "This token does not allow that: use one of the member with the role that it needs.",
            ),
            Self::BeyondToken => told(
                Code::PermissionDenied,
                "BEYOND_TOKEN",
                "令牌建立的令牌，用途不能多于它自己，有效期不能长于它自己，请缩小后重试。",
                "A token makes none that may be used for more than itself, or is good for longer: ask for less.",
            ),
            Self::TokenLimit => told(
                Code::ResourceExhausted,
                "TOKEN_LIMIT",
                "令牌数量已达上限，请先撤销不再使用的令牌。",
                "There are as many tokens as there may be: revoke those that nobody uses.",
            ),
            Self::SubscriptionLimit => told(
                Code::ResourceExhausted,
                "SUBSCRIPTION_LIMIT",
                "订阅数量已达上限，请先删除不再需要的。",
                "There are as many subscriptions as there may be: delete those that nobody needs.",
            ),
            Self::OtherWay => told(
                Code::FailedPrecondition,
                "OTHER_WAY",
                "该订阅的送达方式不支持此操作；其方式见订阅中的 webhook、mail、page 或 pull。",
                "The subscription's way of delivery has no such thing: it is the one of webhook, mail, page and pull that the subscription shows.",
            ),
            Self::SubscriptionPaused => told(
                Code::FailedPrecondition,
                "SUBSCRIPTION_PAUSED",
                "该订阅已暂停，不送达任何信息；原因见 pause_reason，恢复（resume）后不会遗漏。",
                "The subscription is paused and delivers nothing: see `pause_reason`. Once it is resumed nothing is lacking.",
            ),
            Self::TokenResting => told(
                Code::FailedPrecondition,
                "TOKEN_RESTING",
                "建立此订阅的令牌已过期，或其企业已被暂停，暂不能恢复；令牌重新有效后自动继续，不再需要的请删除。",
                "The token that made the subscription has expired, or its enterprise is suspended. It goes on by itself \
                 once that is good again: delete it where it never will be.",
            ),
            Self::AckUnknown => told(
                Code::FailedPrecondition,
                "ACK_UNKNOWN",
                "此确认不属于最近一次拉取，请重新拉取后再确认。",
                "This acknowledges nothing of the last pull: pull again, and acknowledge that.",
            ),
            Self::Changed(name) => told(
                Code::Aborted,
                "ETAG_MISMATCH",
                format!("{name}在您读取之后已有变化，请重新读取后再改。"),
                format!("{name} has changed since you read it: read it again and repeat your change."),
            ),
            Self::MailOff => told(
                Code::FailedPrecondition,
                "MAIL_OFF",
                "本服务器未配置邮件发送（[mail]），请选用其他送达方式，或联系管理员。",
                "This server sends no mail ([mail] is not configured): choose another way, or ask its operator.",
            ),
            Self::RequestIdReused => told(
                Code::InvalidArgument,
                "REQUEST_ID_REUSED",
                "该 request_id（或 Idempotency-Key）已用于另一请求，请换用新的，如新的 UUID。",
                "This request_id (or Idempotency-Key) was used for another request: take a new one, best a UUID.",
            ),
            Self::SlowReader => told(
                Code::ResourceExhausted,
                "SLOW_READER",
                "接收过慢，连接已断开；请用最后收到的游标继续。",
                "You took nothing for too long and were cut off: go on from the last cursor that you received.",
            ),
            Self::WatcherLimit => told(
                Code::ResourceExhausted,
                "WATCHER_LIMIT",
                "同时关注者过多，请稍后重试，或改用 Pull。",
                "Too many readers watch at once: try again later, or use Pull.",
            ),
            Self::RequestLimit(wait) => {
                let seconds = wait.as_millis().div_ceil(1000);
                told(
                    Code::ResourceExhausted,
                    "REQUEST_LIMIT",
                    format!("请求过于频繁，请在{seconds}秒后重试。"),
                    format!("Too many requests: try again in {seconds} s."),
                )
            }
            // Whoever shows a token has no use for the advice to take one.
            Self::AddressLimit(wait) => {
                let seconds = wait.as_millis().div_ceil(1000);
                told(
                    Code::ResourceExhausted,
                    "REQUEST_LIMIT",
                    format!("请求过于频繁，请在{seconds}秒后重试；使用令牌可获得更高限额。"),
                    format!("Too many requests: try again in {seconds} s. A token is allowed more than an address."),
                )
            }
            Self::CallLimit(_) => told(
                Code::ResourceExhausted,
                "CALL_LIMIT",
                "同时进行的调用过多，请等其中一些结束后重试。",
                "Too many calls are under way: let some of them end, and try again.",
            ),
            Self::ByteLimit(wait) => {
                let seconds = wait.as_millis().div_ceil(1000);
                told(
                    Code::ResourceExhausted,
                    "BYTE_LIMIT",
                    format!("本分钟内的数据量已达上限，请在{seconds}秒后重试。"),
                    format!("You were sent as much as a minute allows: try again in {seconds} s."),
                )
            }
            Self::QueryLimit => told(
                Code::ResourceExhausted,
                "QUERY_LIMIT",
                "同时进行的实时查询过多，请稍后重试。",
                "Too many live questions are under way: try again in a moment.",
            ),
            Self::MatchLimit => told(
                Code::ResourceExhausted,
                "MATCH_LIMIT",
                "同时进行的对口匹配过多，请稍后重试。",
                "Too many calls look for counterparts: try again in a moment.",
            ),
            Self::NoAsker => told(
                Code::FailedPrecondition,
                "NO_ASKER",
                "本网关没有自己的成员，不能代注册企业查询，请联系网络运营方。",
                "This gateway has no member of its own that could ask for you: tell the network's operator.",
            ),
            Self::FolderExists(folder) => told(
                Code::AlreadyExists,
                "FOLDER_EXISTS",
                format!("文件夹{folder}已存在，请换一个尚不存在的路径。"),
                format!("The folder {folder} exists: name one that does not."),
            ),
            Self::BackupUnderWay => told(
                Code::FailedPrecondition,
                "BACKUP_UNDER_WAY",
                "正在备份，请等它完成后再试。",
                "A backup is being made: wait until it is done.",
            ),
            Self::IndexUnready => told(
                Code::Unavailable,
                "INDEX_NOT_READY",
                "检索索引正在更新，请稍后重试。",
                "The search index is taking in what has changed: try again in a moment.",
            ),
            Self::PageUnready => told(
                Code::Unavailable,
                "PAGE_NOT_READY",
                "页面正在更新，请稍后重试。",
                "The page is taking in what has changed: try again in a moment.",
            ),
            Self::SessionRequired => told(
                Code::Unauthenticated,
                "SESSION_REQUIRED",
                "此操作须由登录的用户进行，请先登录。",
                "This is for people who are signed in: sign in first.",
            ),
            Self::Account(refusal) => super::account::told(refusal),
            Self::VerifyLimit => told(
                Code::ResourceExhausted,
                "VERIFY_LIMIT",
                "审计记录正在核验中，请稍后重试。",
                "The audit trail is being verified already: try again in a moment.",
            ),
            Self::KeyFile(detail) => told(
                Code::FailedPrecondition,
                "KEY_FILE",
                format!("密钥文件无法使用：{detail}。"),
                format!("A key file cannot be used: {detail}."),
            ),
            Self::Backup(detail) => told(
                Code::FailedPrecondition,
                "BACKUP_FAILED",
                format!("备份失败：{}。请检查目标路径与权限后重试。", detail.zh),
                format!("The backup failed: {}. Check the folder and its permissions, and try again.", detail.en),
            ),
        }
    }

    /// As it goes over the wire, in the caller's language.
    pub(crate) fn status(&self, language: Language) -> Status {
        let Told { code, reason, text } = self.told();
        if let Self::Store(error) = self {
            tracing::error!(error = %crate::error::chain(&**error), "a call met a failing store");
        }
        let message = text.in_language(language);
        let metadata = match self {
            Self::Draft(refusal) => super::draft::metadata(refusal),
            _ => std::collections::HashMap::new(),
        };
        let mut details = ErrorDetails::with_error_info(reason, DOMAIN, metadata);
        details.set_localized_message(language.tag(), message);
        if let Self::Violations(violations) = self {
            details.set_bad_request(shown(violations, language));
        }
        if matches!(code, Code::Unavailable | Code::ResourceExhausted) && !LASTING.contains(&reason) {
            let wait = match self {
                Self::RequestLimit(wait) | Self::AddressLimit(wait) | Self::CallLimit(wait) | Self::ByteLimit(wait) => {
                    *wait
                }
                Self::Account(crate::accounts::Refusal::Throttled(wait)) => *wait,
                Self::Store(error) | Self::Unwritten(error) if matches!(**error, StoreError::Full(_)) => {
                    RETRY_AFTER_FULL
                }
                _ => RETRY_AFTER,
            };
            details.set_retry_info(Some(wait));
        }
        Status::with_error_details(code, message, details)
    }

    /// What is wrong, field by field; where no field is to blame, the name.
    pub(crate) fn violations(&self) -> Vec<Violation> {
        match self {
            Self::Violations(violations) => violations.clone(),
            other => {
                let Told { reason, text, .. } = other.told();
                vec![Violation { field: "name".to_owned(), reason, text }]
            }
        }
    }
}

/// One field that is wrong.
pub(crate) fn violation(field: &str, reason: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Violation {
    Violation { field: field.to_owned(), reason, text: Text::new(zh, en) }
}

/// What is wrong with a label that people gave something: it is one line of at most [`LABEL_CHARS`].
pub(super) fn label_fault(field: &str, label: &str) -> Option<Violation> {
    let reason = match label.chars().count() > LABEL_CHARS {
        true => Some(reason::TOO_LONG),
        false => label.chars().any(char::is_control).then_some(reason::BAD_FORMAT),
    };
    let zh = format!("名称应为一行，最多{LABEL_CHARS}个字符，请修改。");
    let en = format!("A label is one line of at most {LABEL_CHARS} characters: change it.");
    reason.map(|reason| violation(field, reason, zh, en))
}

/// Characters of a label.
const LABEL_CHARS: usize = 120;

/// Whether a search was refused because the index is not ready: in a moment there is an answer.
pub(crate) fn is_unready(status: &Status) -> bool {
    status.get_error_details().error_info().is_some_and(|info| info.reason == "INDEX_NOT_READY")
}

/// What whoever asks for `name` hears where there is none, or none for them.
pub(crate) fn absent(name: &str, language: Language) -> Status {
    Failure::NotFound(name.to_owned()).status(language)
}

fn shown(violations: &[Violation], language: Language) -> Vec<FieldViolation> {
    let mut room = VIOLATION_BYTES;
    let mut shown = Vec::new();
    for violation in violations.iter().take(VIOLATIONS) {
        let message = violation.text.in_language(language);
        let bytes = violation.field.len() + violation.reason.len() + message.len();
        if bytes > room && !shown.is_empty() {
            break;
        }
        room = room.saturating_sub(bytes);
        shown.push(FieldViolation {
            field: violation.field.clone(),
            description: message.to_owned(),
            reason: violation.reason.to_owned(),
            localized_message: None::<LocalizedMessage>,
        });
    }
    shown
}

fn store(error: &StoreError) -> Told {
    match error {
        StoreError::Full(_) => told(
            Code::ResourceExhausted,
            "DISK_FULL",
            "服务器磁盘已满，未写入任何内容：须由其运营方清理空间，请稍后重试。",
            "The server's disk is full and nothing was written: its operator has to make room. Try again later.",
        ),
        StoreError::Inconsistent { .. } => told(
            Code::DataLoss,
            "DATA_DAMAGED",
            "本机保存的这份内容已损坏，无法读取，请告知本机管理员。",
            "What is kept of this here is damaged and cannot be read: tell the operator of this server.",
        ),
        StoreError::Newer { .. } | StoreError::Damaged(_) | StoreError::Database(_) => told(
            Code::Internal,
            "STORE_FAILED",
            "存储出错，请查看服务器日志。",
            "The store failed: see the server's log.",
        ),
    }
}

/// A refusal for callers whose language is not known where it is made: the message in English, the localised one in
/// Chinese; whoever shows it chooses.
pub fn bilingual(code: Code, reason: &'static str, text: &Text) -> Status {
    let mut details = ErrorDetails::with_error_info(reason, DOMAIN, std::collections::HashMap::new());
    details.set_localized_message(Language::Zh.tag(), text.in_language(Language::Zh));
    if matches!(code, Code::Unavailable | Code::ResourceExhausted) {
        details.set_retry_info(Some(RETRY_AFTER));
    }
    Status::with_error_details(code, text.in_language(Language::En), details)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_meets_a_full_disk_comes_again_much_later_and_need_not_make_room() {
        let full = || Arc::new(StoreError::Full("code 13".into()));
        for failure in [Failure::Store(full()), WriteError::Store(full()).into()] {
            let status = failure.status(Language::En);
            let wait = status.get_error_details().retry_info().and_then(|info| info.retry_delay);
            assert_eq!((status.code(), wait), (Code::ResourceExhausted, Some(RETRY_AFTER_FULL)));
            assert!(status.message().contains("its operator has to make room"), "{status}");
        }
        let failing = Failure::Store(Arc::new(StoreError::Database("code 10".into())));
        assert!(failing.status(Language::En).get_error_details().retry_info().is_none());
    }
}
