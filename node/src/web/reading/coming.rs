//! The events that come next, by when they begin: a search has them by when their listings end only, which may be much later.

use duikou_proto::v1::opportunity::Details;
use duikou_proto::v1::search_listings_request::OrderBy;
use duikou_proto::v1::search_service_server::SearchService;
use duikou_proto::v1::{Filter, SearchListingsRequest, SearchResult, TimeRange};
use prost_types::Timestamp;
use tonic::Status;

use super::super::Web;
use super::super::visitor::Visitor;

/// Days ahead in which events are looked for, one after the other while too few are found; None: however far.
const AHEAD: [Option<i64>; 3] = [Some(31), Some(124), None];
/// Events that are looked at: of more in that time the next may be another.
const EVENTS: i32 = 100;

/// At most `count` events that take place at `from` or later, in the order in which they begin.
///
/// # Errors
/// Where it cannot be searched.
pub(super) async fn coming(
    web: &Web,
    visitor: &Visitor,
    from: Timestamp,
    count: usize,
) -> Result<Vec<SearchResult>, Status> {
    let mut found = Vec::new();
    for days in AHEAD {
        let request = visitor.ask(within(from, days));
        found = web.services().searches.search_listings(request).await?.into_inner().results;
        if found.len() >= count {
            break;
        }
    }
    found.sort_by_key(begins);
    found.truncate(count);
    Ok(found)
}

fn within(from: Timestamp, days: Option<i64>) -> SearchListingsRequest {
    let end = |days: i64| Timestamp { seconds: from.seconds.saturating_add(days * 86_400), nanos: 0 };
    let range = TimeRange { start_time: Some(from), end_time: days.map(end) };
    SearchListingsRequest {
        page_size: EVENTS,
        order_by: OrderBy::Closing.into(),
        filter: Some(Filter { kinds: vec!["event".to_owned()], event_time: Some(range), ..Filter::default() }),
        ..SearchListingsRequest::default()
    }
}

/// When an event begins, in seconds since 1970 UTC; None: it is none.
pub(super) fn begins(found: &SearchResult) -> Option<i64> {
    let details = &found.listing.as_ref()?.listing.as_ref()?.details;
    let Some(Details::Event(event)) = details else { return None };
    Some(event.start_time.as_ref()?.seconds)
}
