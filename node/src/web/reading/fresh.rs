//! What is new to somebody: what was published since they were here before.

use duikou_proto::envelope::Micros;
use duikou_proto::v1::SearchListingsRequest;
use duikou_proto::v1::search_service_server::SearchService;
use tonic::Status;

use super::super::Web;
use super::super::respond::Failed;
use super::super::visitor::Visitor;
use super::ask::Ask;
use crate::search::Patience;

/// What is new since whoever looks was here before.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    visit.map_err(|error| visitor.failed(&Status::internal(error.to_string())))
}

/// The same of a part of a page that looks again by itself, which is no visit.
///
/// # Errors
/// Where the store cannot be read.
pub(crate) async fn visited(web: &Web, visitor: &Visitor) -> Result<Option<Micros>, Failed> {
    let Some(person) = visitor.signed_in() else { return Ok(None) };
    let visit = web.accounts().visited(person.account_id()).await;
    visit.map_err(|error| visitor.failed(&Status::internal(error.to_string())))
}

/// What was published since `visit`, with the eyes of whoever looks; nothing, where nothing was. And whether the index has
/// read everything.
///
/// # Errors
/// Where it cannot be searched.
pub(crate) async fn since(
    web: &Web,
    visitor: &Visitor,
    visit: Option<Micros>,
    patience: Patience,
) -> Result<(Option<Fresh>, bool), Status> {
    let Some(visit) = visit else { return Ok((None, true)) };
    let ask = Ask { since: visit.to_string(), new: true, ..Ask::default() };
    // A moment alone is always sound.
    let Ok(request) = ask.request(visitor.texts) else { return Ok((None, true)) };
    let request = visitor.ask_with(SearchListingsRequest { page_size: 1, ..request }, patience);
    let found = web.services().searches.search_listings(request).await?.into_inner();
    let text = visitor.texts.count("fresh", found.total_size);
    let fresh = (found.total_size > 0).then(|| Fresh { text, path: ask.at("/listings") });
    Ok((fresh, !found.index_building))
}
