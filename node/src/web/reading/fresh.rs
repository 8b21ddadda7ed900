//! What is new to somebody: what was published since they were here before.

use duikou_proto::envelope::Micros;
use duikou_proto::v1::SearchListingsRequest;
use duikou_proto::v1::search_service_server::SearchService;

use super::super::Web;
use super::super::respond::Failed;
use super::super::visitor::Visitor;
use super::ask::Ask;

/// What is new since whoever looks was here before.
pub(crate) struct Fresh {
    /// How many there are, in words.
    pub(crate) text: String,
    /// Where they are.
    pub(crate) path: String,
}

/// Notes that whoever is signed in looks at what there is; when they were here before, where they were.
///
/// # Errors
/// Where the store cannot be read.
pub(crate) async fn last_visit(web: &Web, visitor: &Visitor) -> Result<Option<Micros>, Failed> {
    let Some(person) = visitor.signed_in() else { return Ok(None) };
    let visit = web.accounts().visit(person.account_id()).await;
    visit.map_err(|error| visitor.failed(&tonic::Status::internal(error.to_string())))
}

/// What was published since `visit`, with the eyes of whoever looks; nothing, where nothing was.
///
/// # Errors
/// Where it cannot be searched.
pub(crate) async fn since(web: &Web, visitor: &Visitor, visit: Option<Micros>) -> Result<Option<Fresh>, Failed> {
    let Some(visit) = visit else { return Ok(None) };
    let ask = Ask { since: visit.to_string(), new: true, ..Ask::default() };
    // A moment alone is always sound.
    let Ok(request) = ask.request(visitor.texts) else { return Ok(None) };
    let request = visitor.ask(SearchListingsRequest { page_size: 1, ..request });
    let found = web.services().searches.search_listings(request).await;
    let count = found.map_err(|status| visitor.failed(&status))?.into_inner().total_size;
    let text = visitor.texts.count("fresh", count);
    Ok((count > 0).then(|| Fresh { text, path: ask.at("/listings") }))
}
