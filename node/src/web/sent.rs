//! What a form has sent: its fields in their order, within bounds.

use axum::body::to_bytes;
use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use duikou_proto::language::{Language, Text};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use tonic::Code;

use super::Web;
use super::respond::Failed;
use crate::http::{Exchange, Problem};
use crate::limits;

/// See the module. Forms with files are another matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sent(Vec<(String, String)>);

impl Sent {
    /// What a field holds; empty where it was not sent. Of several with one name the first.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// The same without spaces around it.
    pub(crate) fn line(&self, name: &str) -> &str {
        self.get(name).trim()
    }

    /// All fields, in their order.
    pub(crate) fn fields(&self) -> &[(String, String)] {
        &self.0
    }

    /// Reads what a browser has sent as `application/x-www-form-urlencoded`. None where there are too many fields.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let mut fields = Vec::new();
        for (key, value) in form_urlencoded::parse(body) {
            if fields.len() == limits::FORM_FIELDS {
                return None;
            }
            // Browsers end lines by CR LF when they send a form, and by LF when a script does: it is one text.
            fields.push((key.into_owned(), value.replace("\r\n", "\n")));
        }
        Some(Self(fields))
    }
}

/// Whether headers say that a form without files was sent.
pub(crate) fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"))
}

/// The bytes of a form.
///
/// # Errors
/// Where there are more than any form has.
pub(crate) async fn form_bytes(body: axum::body::Body, language: Language) -> Result<Bytes, Failed> {
    to_bytes(body, limits::FORM_BYTES).await.map_err(|_| too_large(language))
}

fn too_large(language: Language) -> Failed {
    let text = Text::new(
        format!("提交的内容过多（上限{}KB），未作任何更改，请删减后重试。", limits::FORM_BYTES / 1024),
        format!("The form holds more than {} KB, and nothing was changed: shorten it.", limits::FORM_BYTES / 1024),
    );
    Failed(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, Code::ResourceExhausted, "FORM_TOO_LARGE", &text, language))
}

impl FromRequest<Web> for Sent {
    type Rejection = Failed;

    async fn from_request(request: Request, _: &Web) -> Result<Self, Failed> {
        let language = Exchange::of(&request).language;
        let form = is_form(request.headers());
        // A form whose only button has no name sends nothing at all.
        let nothing = request.headers().get(CONTENT_TYPE).is_none();
        let bytes = form_bytes(request.into_body(), language).await?;
        if !(form || nothing && bytes.is_empty()) {
            let text = Text::new("此地址只接受网页表单。", "Forms of pages are sent here, and nothing else.");
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return Err(Failed(Problem::new(status, Code::InvalidArgument, "NOT_A_FORM", &text, language)));
        }
        Self::read(&bytes).ok_or_else(|| too_large(language))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_in_their_order_and_within_a_bound() {
        let sent = Sent::read("a=1&b=%E8%8C%B6+x&a=2&empty".as_bytes()).unwrap();
        assert_eq!((sent.get("a"), sent.get("b"), sent.get("empty"), sent.get("absent")), ("1", "茶 x", "", ""));
        assert_eq!(sent.fields().len(), 4);
        assert_eq!(Sent::read(b"a=1%0D%0A2%0A3").unwrap().get("a"), "1\n2\n3");
        assert!(Sent::read("a=1&".repeat(limits::FORM_FIELDS).as_bytes()).is_some());
        assert!(Sent::read("a=1&".repeat(limits::FORM_FIELDS + 1).as_bytes()).is_none());
    }
}
