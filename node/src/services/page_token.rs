//! Page tokens: the last name looked at, sealed together with the request that it continues.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use duikou_proto::limits;
use duikou_proto::validate::reason;

use super::error::Failure;
use crate::engine::{Engine, Reader};

/// What a token is good for: the method, the fields that must stay the same, and who asks.
pub(crate) struct Purpose([u8; 32]);

impl Purpose {
    /// Of a request with these parts.
    pub(crate) fn new(method: &str, parts: &[&[u8]], reader: &Reader) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("duikou page token, form 1");
        let narrowed = match reader {
            Reader::Narrowed(_, scopes) => scopes.to_text(),
            Reader::Anonymous | Reader::Registered | Reader::Member(_) | Reader::Operator => String::new(),
        };
        let reader = match reader.whole() {
            Reader::Anonymous => "anonymous",
            Reader::Registered => "registered",
            Reader::Member(member) => member.as_str(),
            Reader::Operator | Reader::Narrowed(..) => "",
        };
        for part in [method.as_bytes(), reader.as_bytes(), narrowed.as_bytes()].iter().chain(parts) {
            hasher.update(&(part.len() as u64).to_le_bytes()).update(part);
        }
        Self(*hasher.finalize().as_bytes())
    }

    /// The token with which a page after `last` is asked for.
    pub(crate) fn seal(&self, engine: &Engine, last: &str) -> String {
        let mut bound = self.0.to_vec();
        bound.extend_from_slice(last.as_bytes());
        BASE64_URL_SAFE_NO_PAD.encode(engine.seal_position(0, 0, &bound))
    }

    /// The last name of the page before; empty for the first page.
    pub(crate) fn open(&self, engine: &Engine, token: &str) -> Result<String, Failure> {
        if token.is_empty() {
            return Ok(String::new());
        }
        let open = || {
            let (_, bound) = engine.open_position(&BASE64_URL_SAFE_NO_PAD.decode(token).ok()?)?;
            let (purpose, last) = bound.split_at_checked(32)?;
            (purpose == self.0).then(|| String::from_utf8(last.to_vec()).ok())?
        };
        open().ok_or_else(|| {
            Failure::field(
                "page_token",
                reason::INCONSISTENT,
                "此翻页标记不属于本次查询，请从第一页重新查询。",
                "This page token belongs to another request: begin again with the first page.",
            )
        })
    }
}

/// The size of a page that is asked for.
pub(crate) fn page_size(size: i32) -> Result<usize, Failure> {
    page_size_of("page_size", size)
}

/// The same where the field has another name.
pub(crate) fn page_size_of(field: &str, size: i32) -> Result<usize, Failure> {
    match usize::try_from(size) {
        Ok(0) => Ok(limits::PAGE_DEFAULT),
        Ok(size) => Ok(size.min(limits::PAGE)),
        Err(_) => Err(Failure::field(
            field,
            reason::OUT_OF_RANGE,
            format!("每页条数不能为负，请填写1至{}，或不填。", limits::PAGE),
            format!("A page cannot have a negative size: give 1 to {}, or nothing.", limits::PAGE),
        )),
    }
}
