//! Lists as tables: what a search finds, for whoever may see it, and a member's drafts.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use duikou_proto::language::Text;
use duikou_proto::v1::draft_service_server::DraftService;
use duikou_proto::v1::search_service_server::SearchService;
use duikou_proto::v1::{ListDraftsRequest, Listing, SearchListingsRequest};
use http::{HeaderValue, StatusCode};
use tonic::Code;

use super::super::Web;
use super::super::reading::{Ask, wrong_search};
use super::super::respond::{Answer, Failed};
use super::super::signed::Signed;
use super::super::visitor::Visitor;
use super::{refused, start};
use crate::http::Problem;
use crate::limits;
use crate::sheets::{Format, SheetError, export};

/// Listings that are asked for at once.
const PAGE: i32 = 1_000;

pub(super) async fn workbook(web: State<Web>, visitor: Visitor, query: RawQuery) -> Answer {
    searched(web, visitor, query, Format::Xlsx).await
}

pub(super) async fn csv(web: State<Web>, visitor: Visitor, query: RawQuery) -> Answer {
    searched(web, visitor, query, Format::Csv).await
}

async fn searched(State(web): State<Web>, visitor: Visitor, RawQuery(query): RawQuery, format: Format) -> Answer {
    let ask = Ask::read(query.as_deref().unwrap_or_default()).with(|_| {});
    let mut request = SearchListingsRequest {
        page_size: PAGE,
        ..ask.request(visitor.texts).map_err(|faults| wrong_search(&visitor, &faults))?
    };
    let mut listings = Vec::new();
    let cut = loop {
        let found = web.services().searches.search_listings(visitor.ask(request.clone())).await;
        let found = found.map_err(|status| visitor.failed(&status))?.into_inner();
        listings.extend(found.results.into_iter().filter_map(|result| result.listing));
        if listings.len() > limits::EXPORT_ROWS || found.next_page_token.is_empty() {
            break listings.len() > limits::EXPORT_ROWS;
        }
        request.page_token = found.next_page_token;
    };
    listings.truncate(limits::EXPORT_ROWS);
    written(&web, &visitor, listings, format, cut, "listings").await
}

/// The drafts of the member that somebody acts for, as a table that is imported again.
pub(super) async fn drafts(State(web): State<Web>, signed: Signed) -> Answer {
    let parent = signed.person().member.as_ref().map(|member| format!("members/{member}"));
    let mut request = ListDraftsRequest { parent: parent.unwrap_or_default(), page_size: PAGE, ..Default::default() };
    let mut listings = Vec::new();
    let cut = loop {
        let found = web.services().drafts.list_drafts(signed.ask(request.clone())).await;
        let found = found.map_err(|status| signed.failed(&status))?.into_inner();
        listings.extend(found.drafts.into_iter().filter_map(|draft| draft.listing));
        if listings.len() > limits::EXPORT_ROWS || found.next_page_token.is_empty() {
            break listings.len() > limits::EXPORT_ROWS;
        }
        request.page_token = found.next_page_token;
    };
    listings.truncate(limits::EXPORT_ROWS);
    written(&web, &signed, listings, Format::Xlsx, cut, "drafts").await
}

/// A file of these; where there were more, its name and its last row say so.
async fn written(
    web: &Web,
    visitor: &Visitor,
    listings: Vec<Listing>,
    format: Format,
    cut: bool,
    name: &str,
) -> Result<Response, Failed> {
    let more = cut.then(|| visitor.texts.count("export-cut", limits::EXPORT_ROWS));
    let written = web.exports().acquire().await;
    let written = match written {
        // Each takes memory and a core for a while: two at a time.
        Ok(_turn) => tokio::task::spawn_blocking(move || export(&listings, format, more.as_deref())).await,
        Err(error) => return Err(refused::internal(visitor, &error)),
    };
    let bytes = match written {
        Ok(Ok(file)) => file.bytes,
        Ok(Err(SheetError::Kind)) => {
            let text = Text::new(
                "CSV 文件只能放一类信息，请先在“类别”中选一类，或导出为 .xlsx。",
                "A .csv file holds listings of one kind: choose a kind first, or export to .xlsx.",
            );
            let language = visitor.language();
            let problem =
                Problem::new(StatusCode::BAD_REQUEST, Code::InvalidArgument, "SEVERAL_KINDS", &text, language);
            return Err(Failed(problem));
        }
        Ok(Err(error)) => {
            let text = error.text();
            let (status, code) = (StatusCode::UNPROCESSABLE_ENTITY, Code::FailedPrecondition);
            return Err(Failed(Problem::new(status, code, "DOES_NOT_FIT", &text, visitor.language())));
        }
        Err(error) => return Err(refused::internal(visitor, &error)),
    };
    let name = format!("{name}{}.{}", if cut { "-part" } else { "" }, format.extension());
    Ok(match format {
        Format::Csv => start::download(&name, HeaderValue::from_static("text/csv; charset=utf-8"), bytes),
        Format::Xlsx | Format::Xls | Format::Ods => start::workbook(&name, bytes),
    })
}
