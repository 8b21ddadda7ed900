//! `/listings/suggest`: what somebody who types may want to go on with, for the script; a list of texts.

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use duikou_proto::v1::SuggestQueriesRequest;
use duikou_proto::v1::search_service_server::SearchService;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use tonic::Code;

use super::super::Web;
use super::super::respond::Failed;
use super::super::visitor::Visitor;
use super::ask::Ask;

pub(super) async fn suggest(
    State(web): State<Web>,
    visitor: Visitor,
    RawQuery(query): RawQuery,
) -> Result<Response, Failed> {
    let query = Ask::read(query.as_deref().unwrap_or_default()).q;
    let request = SuggestQueriesRequest { query, ..SuggestQueriesRequest::default() };
    let mut texts: Vec<String> = match web.services().searches.suggest_queries(visitor.ask(request)).await {
        Ok(found) => found.into_inner().suggestions.into_iter().map(|suggestion| suggestion.text).collect(),
        // What cannot be looked for while it is being typed is not worth a word yet.
        Err(status) if status.code() == Code::InvalidArgument => Vec::new(),
        Err(status) => return Err(visitor.failed(&status)),
    };
    texts.dedup();
    let mut response = Response::new(Body::from(serde_json::json!(texts).to_string()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}
