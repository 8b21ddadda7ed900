//! What is known of a request before anybody looks into it.

use duikou_proto::language::Language;
use http::Request;
use http::header::ACCEPT_LANGUAGE;
use uuid::Uuid;

/// One request and its answer. Handlers find it in the request's extensions.
#[derive(Debug, Clone)]
pub(crate) struct Exchange {
    /// By which people and logs speak of it: `x-request-id` of the answer.
    pub(crate) id: Uuid,
    /// The language of the answer's texts.
    pub(crate) language: Language,
    /// The path that was asked for.
    pub(crate) path: String,
}

impl Exchange {
    /// The one that `request` begins.
    pub(crate) fn begin<B>(request: &Request<B>) -> Self {
        let accepted = request.headers().get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Self {
            id: Uuid::new_v4(),
            language: Language::from_accept_language(accepted.unwrap_or_default()),
            path: request.uri().path().to_owned(),
        }
    }

    /// The one that `request` belongs to.
    pub(crate) fn of<B>(request: &Request<B>) -> Self {
        request.extensions().get().cloned().unwrap_or_else(|| Self::begin(request))
    }
}
