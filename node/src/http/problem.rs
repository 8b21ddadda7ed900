//! What goes wrong over HTTP: a problem document (RFC 9457), made from the same status that gRPC callers get.

use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use duikou_proto::language::{Language, Text};
use duikou_proto::validate::reason;
use http::header::{ALLOW, CONTENT_LANGUAGE, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::{Exchange, names};

/// The media type of a problem.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";
/// Begins `type`; the reason follows.
pub(crate) const TYPE_PREFIX: &str = "urn:duikou:problem:";
/// The reason of what was begun for another member than the one for whom its sender acts.
pub(crate) const OTHER_MEMBER: &str = "OTHER_MEMBER";

/// Something that went wrong, in the reader's language.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    status: StatusCode,
    code: Code,
    reason: String,
    detail: String,
    violations: Vec<ProblemViolation>,
    retry: Option<Duration>,
    /// What would be right, where one thing is wrong: the methods that the path has, or the member for whom to act.
    right: Option<String>,
}

/// One field that is wrong.
#[derive(Debug, Clone, Serialize)]
struct ProblemViolation {
    field: String,
    reason: String,
    description: String,
}

impl ProblemViolation {
    /// The same with the names that fields have in JSON. What is no field keeps the name that the caller has given it.
    fn in_rest(&self) -> Self {
        let field = match self.field.rsplit_once('.') {
            _ if self.reason != reason::UNKNOWN_FIELD => names::in_json(&self.field),
            Some((path, unknown)) => format!("{}.{unknown}", names::in_json(path)),
            None => self.field.clone(),
        };
        let field = match field.split_once(".paths[") {
            // A mask is one text there.
            Some((mask, _)) => mask.to_owned(),
            None => field,
        };
        Self { field, reason: self.reason.clone(), description: names::in_json(&self.description) }
    }
}

#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    instance: &'a str,
    code: &'static str,
    reason: &'a str,
    violations: &'a [ProblemViolation],
    #[serde(rename = "requestId")]
    request_id: String,
}

impl Problem {
    /// One of HTTP itself, which no service has seen.
    pub(crate) fn new(status: StatusCode, code: Code, reason: &str, text: &Text, language: Language) -> Self {
        Self {
            status,
            code,
            reason: reason.to_owned(),
            detail: text.in_language(language).to_owned(),
            violations: Vec::new(),
            retry: None,
            right: None,
        }
    }

    /// What a service has said.
    pub(crate) fn of(status: &Status, language: Language) -> Self {
        let details = status.get_error_details();
        let localised = details.localized_message().filter(|message| message.locale == language.tag());
        let detail = localised.map_or_else(|| status.message().to_owned(), |message| message.message.clone());
        let reason = details.error_info().map_or_else(|| name_of(status.code()).to_owned(), |info| info.reason.clone());
        let violations = details.bad_request().map(|bad| bad.field_violations.clone()).unwrap_or_default();
        let violations = violations.into_iter().map(|violation| ProblemViolation {
            field: violation.field,
            reason: violation.reason,
            description: violation.description,
        });
        Self {
            status: http_status(status.code(), &reason),
            code: status.code(),
            reason,
            detail,
            violations: violations.collect(),
            retry: details.retry_info().and_then(|info| info.retry_delay),
            right: None,
        }
    }

    /// What a library has refused by itself, in its own words or none: one of the methods that an address has not, a path
    /// that is no text. None where nothing was refused, or whoever did has said why.
    pub(crate) fn unsaid(response: &Response, language: Language) -> Option<Self> {
        let (status, headers) = (response.status(), response.headers());
        let said = headers.get(CONTENT_TYPE).is_some_and(|kind| !kind.as_bytes().starts_with(b"text/plain"));
        if said || !(status.is_client_error() || status.is_server_error()) {
            return None;
        }
        let allow = headers.get(ALLOW).and_then(|allow| allow.to_str().ok()).map(str::to_owned);
        Some(match (status, allow) {
            (StatusCode::METHOD_NOT_ALLOWED, Some(allow)) => Self::other_method(allow, language),
            // The router names them itself, once this answer has left what is around each route.
            (StatusCode::METHOD_NOT_ALLOWED, None) => {
                let text = Text::new("此地址不支持该方法，见Allow。", "This address has other methods: see Allow.");
                Self::new(status, Code::Unimplemented, "METHOD_NOT_ALLOWED", &text, language)
            }
            _ if status.is_server_error() => {
                let text = Text::new("服务器出错，请稍后重试。", "The server failed: try again in a moment.");
                Self::new(status, Code::Internal, name_of(Code::Internal), &text, language)
            }
            _ => {
                let text = Text::new(
                    "请求的地址或格式有误，请核对后重试。",
                    "The address or the form of the request is wrong: check it, and send it again.",
                );
                Self::new(status, Code::InvalidArgument, "INVALID", &text, language)
            }
        })
    }

    /// An address has other methods than the one it was called by.
    pub(crate) fn other_method(methods: String, language: Language) -> Self {
        let text = Text::new(format!("此地址只支持{methods}。"), format!("This address knows {methods} only."));
        let status = StatusCode::METHOD_NOT_ALLOWED;
        Self::new(status, Code::Unimplemented, "METHOD_NOT_ALLOWED", &text, language).allowing(methods)
    }

    /// The same with what is wrong in a body named from the body, where it is named from the field `root` of the request
    /// that the body is.
    pub(crate) fn in_body(mut self, root: Option<&str>) -> Self {
        let Some(root) = root else { return self };
        for violation in &mut self.violations {
            match violation.field.strip_prefix(root) {
                Some("") => violation.field.clear(),
                Some(rest) => {
                    if let Some(below) = rest.strip_prefix('.') {
                        violation.field = below.to_owned();
                    }
                }
                None => {}
            }
        }
        self
    }

    /// The same under another status.
    pub(crate) fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// Names the methods that the path has.
    fn allowing(self, methods: String) -> Self {
        Self { right: Some(methods), ..self }
    }

    /// The status.
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// What is wrong, in a few words.
    pub(crate) fn title(&self, language: Language) -> String {
        title(self.status, self.code).in_language(language).to_owned()
    }

    /// The name of its code in the contract.
    pub(crate) fn code_name(&self) -> &'static str {
        name_of(self.code)
    }

    /// When to come again, for `Retry-After`: whole seconds, and never too early.
    pub(crate) fn retry_after(&self) -> Option<HeaderValue> {
        self.retry.map(|delay| HeaderValue::from(delay.as_millis().div_ceil(1000) as u64))
    }

    /// That whoever asks would have to act for this member; empty: for the whole server.
    pub(crate) fn other_member(text: &Text, member: &str, language: Language) -> Self {
        let problem = Self::new(StatusCode::CONFLICT, Code::FailedPrecondition, OTHER_MEMBER, text, language);
        Self { right: Some(member.to_owned()), ..problem }
    }

    /// For whom whoever asks would have to act, where that is what is wrong.
    pub(crate) fn member(&self) -> Option<&str> {
        self.right.as_deref().filter(|_| self.reason == OTHER_MEMBER)
    }

    /// A stable word for programs.
    pub(crate) fn reason(&self) -> &str {
        &self.reason
    }

    /// What is wrong and what to do.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// Each field that is wrong, and how.
    pub(crate) fn violations(&self) -> impl Iterator<Item = (&str, &str)> {
        self.violations.iter().map(|violation| (&*violation.field, &*violation.description))
    }

    /// The document.
    pub(crate) fn json(&self, exchange: &Exchange) -> Vec<u8> {
        let title = title(self.status, self.code);
        let violations: Vec<_> = self.violations.iter().map(ProblemViolation::in_rest).collect();
        let detail = names::in_json(&self.detail);
        let document = Document {
            r#type: format!("{TYPE_PREFIX}{}", self.reason),
            title: title.in_language(exchange.language),
            status: self.status.as_u16(),
            detail: &detail,
            instance: &exchange.path,
            code: name_of(self.code),
            reason: &self.reason,
            violations: &violations,
            request_id: exchange.id.to_string(),
        };
        // Texts and numbers always have a JSON form.
        serde_json::to_vec(&document).unwrap_or_default()
    }

    /// The whole answer, for programs. Whoever answers browsers makes a page of it.
    pub(crate) fn respond(&self, exchange: &Exchange) -> Response {
        let mut response = Response::new(Body::from(self.json(exchange)));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static(exchange.language.tag()));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"duikou\""));
        }
        if let Some(delay) = self.retry_after() {
            headers.insert(RETRY_AFTER, delay);
        }
        let methods = self.right.as_deref().filter(|_| self.status == StatusCode::METHOD_NOT_ALLOWED);
        if let Some(allow) = methods.and_then(|methods| HeaderValue::from_str(methods).ok()) {
            headers.insert(ALLOW, allow);
        }
        response.extensions_mut().insert(self.clone());
        response
    }
}

/// The name of a code in the contract, for example `INVALID_ARGUMENT`.
pub(crate) fn name_of(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

/// Client closed the request: in nobody's registry, and known to everybody's logs.
const CLIENT_CLOSED: u16 = 499;

fn http_status(code: Code, reason: &str) -> StatusCode {
    match code {
        Code::Ok => StatusCode::OK,
        // Of a key that was used for another payload, RFC 9110 has a word of its own.
        Code::InvalidArgument if reason == "REQUEST_ID_REUSED" => StatusCode::UNPROCESSABLE_ENTITY,
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => StatusCode::BAD_REQUEST,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::AlreadyExists | Code::Aborted => StatusCode::CONFLICT,
        // Whoever asks has done nothing wrong, and asking more slowly helps nobody.
        Code::ResourceExhausted if reason == "DISK_FULL" => StatusCode::INSUFFICIENT_STORAGE,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::Cancelled => StatusCode::from_u16(CLIENT_CLOSED).unwrap_or(StatusCode::BAD_REQUEST),
        Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        Code::Unknown | Code::Internal | Code::DataLoss => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn title(status: StatusCode, code: Code) -> Text {
    match status.as_u16() {
        // Nothing is wrong with the request; something else has to be done first.
        400 if code == Code::FailedPrecondition => Text::new("现状不允许", "Not possible as things are"),
        400 => Text::new("请求有误", "The request is wrong"),
        401 => Text::new("需要有效的令牌", "A good token is needed"),
        403 => Text::new("无权执行", "Not permitted"),
        404 => Text::new("找不到", "Not found"),
        405 => Text::new("不支持此方法", "The method is not supported here"),
        406 => Text::new("无法提供所要的格式", "There is no such form of the answer"),
        408 => Text::new("请求发送过慢", "The request took too long to arrive"),
        409 => Text::new("与现状冲突", "It conflicts with what is there"),
        412 => Text::new("前提条件不成立", "A precondition does not hold"),
        413 => Text::new("请求过大", "The request is too large"),
        414 => Text::new("地址过长", "The address is too long"),
        415 => Text::new("不支持此格式", "The form of the request is not supported"),
        422 => Text::new("标识已用于另一请求", "The key was used for another request"),
        429 => Text::new("请求过多", "Too much at once"),
        431 => Text::new("请求头过大", "The headers are too large"),
        499 => Text::new("请求已取消", "The request was cancelled"),
        501 => Text::new("未提供此功能", "Not provided here"),
        503 => Text::new("暂时无法处理", "Not possible for the moment"),
        504 => Text::new("处理超时", "It took too long"),
        507 => Text::new("服务器没有空间", "The server has no room"),
        _ => Text::new("服务器出错", "The server failed"),
    }
}

#[cfg(test)]
mod tests {
    use tonic_types::FieldViolation;

    use super::*;

    fn exchange(language: Language) -> Exchange {
        Exchange { id: uuid::Uuid::nil(), language, path: "/v1/x".to_owned() }
    }

    #[test]
    fn a_status_with_details_becomes_a_document() {
        let mut details =
            tonic_types::ErrorDetails::with_error_info("NOPE", "duikou", std::collections::HashMap::new());
        details.add_bad_request_violation("listing.title", "too long");
        details.set_localized_message("zh-CN", "太长");
        details.set_retry_info(Some(Duration::from_millis(1500)));
        let status = Status::with_error_details(Code::InvalidArgument, "too long", details);
        let problem = Problem::of(&status, Language::Zh);
        let json: serde_json::Value = serde_json::from_slice(&problem.json(&exchange(Language::Zh))).expect("JSON");
        assert_eq!(json["type"], "urn:duikou:problem:NOPE");
        assert_eq!(json["status"], 400);
        assert_eq!(json["code"], "INVALID_ARGUMENT");
        assert_eq!(json["detail"], "太长");
        assert_eq!(json["title"], "请求有误");
        assert_eq!(json["violations"][0]["field"], "listing.title");
        assert_eq!(json["instance"], "/v1/x");
        let english = Problem::of(&status, Language::En);
        let response = english.respond(&exchange(Language::En));
        assert_eq!(response.headers()[RETRY_AFTER], "2");
        assert_eq!(response.headers()[CONTENT_LANGUAGE], "en");
    }

    #[test]
    fn fields_have_their_names_in_json() {
        let mut details = tonic_types::ErrorDetails::with_error_info("INVALID", "duikou", [] as [(String, String); 0]);
        let violation = |(field, reason, description): (&str, &str, &str)| {
            let mut violation = FieldViolation::new(field, description);
            violation.reason = reason.to_owned();
            violation
        };
        let violations = [
            ("filter.expire_time.start_time", "OUT_OF_RANGE", "give start_time or cursor"),
            ("listing.regions[0].page_size", "UNKNOWN_CODE", "no such code: snake_case_of_mine"),
            ("update_mask.paths[1]", "UNKNOWN_FIELD", ""),
            ("listing.page_size", "UNKNOWN_FIELD", ""),
            ("page_size", "UNKNOWN_FIELD", ""),
            ("", "INCONSISTENT", ""),
        ];
        details.set_bad_request(violations.map(violation).to_vec());
        let status = Status::with_error_details(Code::InvalidArgument, "see page_token", details);
        let problem = Problem::of(&status, Language::En);
        let json: serde_json::Value = serde_json::from_slice(&problem.json(&exchange(Language::En))).expect("JSON");
        let field = |index: usize| json["violations"][index]["field"].as_str().unwrap().to_owned();
        let fields = ["filter.expireTime.startTime", "listing.regions[0].pageSize", "updateMask", "listing.page_size"];
        assert_eq!([field(0), field(1), field(2), field(3)], fields);
        assert_eq!([field(4), field(5)], ["page_size", ""], "what is no field there is named as it was sent");
        assert_eq!(json["violations"][0]["description"], "give startTime or cursor");
        assert_eq!(json["violations"][1]["description"], "no such code: snake_case_of_mine");
        assert_eq!(json["detail"], "see pageToken");
    }

    #[test]
    fn what_a_library_refuses_in_its_own_words_is_said_as_everything_is() {
        let refused = |status: u16, kind: &'static str, allow: &'static str| {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            let headers = [(CONTENT_TYPE, kind), (ALLOW, allow)].into_iter().filter(|(_, value)| !value.is_empty());
            response.headers_mut().extend(headers.map(|(name, value)| (name, HeaderValue::from_static(value))));
            Problem::unsaid(&response, Language::En)
        };
        let problem = refused(405, "", "GET,HEAD").unwrap();
        assert_eq!(problem.reason(), "METHOD_NOT_ALLOWED");
        assert_eq!(problem.respond(&exchange(Language::En)).headers()[ALLOW], "GET,HEAD");
        let problem = refused(405, "", "").unwrap();
        assert_eq!(problem.reason(), "METHOD_NOT_ALLOWED");
        assert!(!problem.respond(&exchange(Language::En)).headers().contains_key(ALLOW), "the router adds it");
        assert_eq!(refused(400, "text/plain; charset=utf-8", "").unwrap().reason(), "INVALID");
        assert_eq!(refused(500, "", "").unwrap().reason(), "INTERNAL");
        for (status, kind) in [(200, ""), (304, ""), (404, "text/html; charset=utf-8"), (400, PROBLEM_JSON)] {
            assert!(refused(status, kind, "").is_none(), "{status} {kind}");
        }
    }

    #[test]
    fn a_full_disk_is_no_fault_of_whoever_asks() {
        assert_eq!(http_status(Code::ResourceExhausted, "DISK_FULL"), StatusCode::INSUFFICIENT_STORAGE);
        assert_eq!(http_status(Code::ResourceExhausted, "REQUEST_LIMIT"), StatusCode::TOO_MANY_REQUESTS);
    }

    #[test]
    fn what_is_wrong_in_a_body_is_named_from_the_body() {
        let mut details = tonic_types::ErrorDetails::with_error_info("INVALID", "duikou", [] as [(String, String); 0]);
        for field in ["subscription.page_size", "subscription", "subscription_id", "page_size"] {
            details.add_bad_request_violation(field, "wrong");
        }
        let status = Status::with_error_details(Code::InvalidArgument, "wrong", details);
        let fields = |root| {
            let problem = Problem::of(&status, Language::En).in_body(root);
            problem.violations().map(|(field, _)| field.to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(fields(Some("subscription")), ["page_size", "", "subscription_id", "page_size"]);
        assert_eq!(fields(None), ["subscription.page_size", "subscription", "subscription_id", "page_size"]);
    }

    #[test]
    fn a_request_that_has_to_wait_for_something_else_is_not_called_wrong() {
        let title = |code| Problem::of(&Status::new(code, "x"), Language::En).title(Language::En);
        assert_eq!(title(Code::InvalidArgument), "The request is wrong");
        assert_eq!(title(Code::FailedPrecondition), "Not possible as things are");
    }

    #[test]
    fn every_code_has_a_status_that_is_an_error() {
        for number in 1..=16 {
            let code = Code::from_i32(number);
            assert!(http_status(code, "").as_u16() >= 400, "{code:?}");
            assert_eq!(name_of(code).to_lowercase().replace('_', ""), format!("{code:?}").to_lowercase());
        }
    }
}
