//! Listings as tables: what a search finds, for whoever may see it, and what other lists of listings hold.

use axum::extract::{RawQuery, State};
use duikou_proto::v1::search_service_server::SearchService;
use duikou_proto::v1::{Listing, SearchListingsRequest};

use super::super::reading::{Ask, Names, wrong_search};
use super::super::respond::{Answer, Failed};
use super::super::visitor::Visitor;
use super::super::{Web, tables};
use crate::limits;
use crate::sheets::{Format, Told, export_list};

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
    let request = ask.request(visitor.texts).map_err(|faults| wrong_search(&visitor, &faults))?;
    let found = found(&web, &visitor, request, limits::EXPORT_ROWS).await?;
    written(&web, &visitor, found, format, List::Found).await
}

/// All that a search finds, up to `most`, and whether there is more.
pub(in crate::web) async fn found(
    web: &Web,
    visitor: &Visitor,
    mut request: SearchListingsRequest,
    most: usize,
) -> Result<(Vec<Listing>, bool), Failed> {
    request.page_size = PAGE;
    let mut listings = Vec::new();
    loop {
        let found = web.services().searches.search_listings(visitor.ask(request.clone())).await;
        let found = found.map_err(|status| visitor.failed(&status))?.into_inner();
        listings.extend(found.results.into_iter().filter_map(|result| result.listing));
        if listings.len() > most || found.next_page_token.is_empty() {
            let cut = listings.len() > most;
            listings.truncate(most);
            return Ok((listings, cut));
        }
        request.page_token = found.next_page_token;
    }
}

/// What list of listings a file is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::web) enum List {
    /// What a search has found.
    Found,
    /// What the member has published.
    Published,
}

impl List {
    /// The plain name of the file.
    fn name(self) -> &'static str {
        match self {
            Self::Found => "listings",
            Self::Published => "published",
        }
    }
}

/// A file of these; where there were more, its name and its last row say so.
pub(in crate::web) async fn written(
    web: &Web,
    visitor: &Visitor,
    (listings, cut): (Vec<Listing>, bool),
    format: Format,
    list: List,
) -> Answer {
    let title = visitor.texts.text(match list {
        List::Found => "export-found",
        List::Published => "published-title",
    });
    let names = Names::new(web, visitor);
    let origin = visitor.origin.as_ref().map_or(String::new(), |origin| origin.as_str().to_owned());
    let more = cut.then(|| visitor.texts.count("export-cut", listings.len()));
    let name = format!("{}{}", list.name(), if cut { "-part" } else { "" });
    let make = move || {
        let told = |listing: &Listing| Told {
            publisher: names.member(listing.name.trim_start_matches("members/").split('/').next().unwrap_or_default()),
            // What was never published has no page.
            page: match listing.publish_time {
                Some(_) if !origin.is_empty() => format!("{origin}{}", names.listing_path(&listing.name)),
                _ => String::new(),
            },
        };
        export_list(&listings, format, more.as_deref(), &told).map(|export| export.bytes)
    };
    tables::made(web, visitor, &name, &title, format, make).await
}
