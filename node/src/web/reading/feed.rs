//! `/listings.atom`, `/listings.json`, `/listings.ics`: the newest of any search, for everybody who has its address. A feed
//! remembers nobody: what is gone is no longer in it. Whoever is to be told makes a subscription.

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use duikou_proto::language::Language;
use duikou_proto::v1::search_listings_request::OrderBy;
use duikou_proto::v1::search_service_server::SearchService;
use duikou_proto::v1::{SearchListingsRequest, SearchListingsResponse};
use http::header::{CONTENT_TYPE, ETAG};
use http::{HeaderValue, StatusCode};
use tonic::Code;

use super::super::Web;
use super::super::catalogue::Texts;
use super::super::respond::{Answer, Failed};
use super::super::visitor::Visitor;
use super::ask::Ask;
use super::conditions::about;
use super::names::Names;
use crate::addresses::Origin;
use crate::delivery::{Form, Searched};
use crate::http::{Problem, tags};

/// Listings of a feed.
const ENTRIES: i32 = 50;
/// Events of a calendar.
const EVENTS: i32 = 500;

pub(super) async fn atom(web: State<Web>, visitor: Visitor, query: RawQuery) -> Answer {
    feed(web, visitor, query, Form::Atom).await
}

pub(super) async fn json(web: State<Web>, visitor: Visitor, query: RawQuery) -> Answer {
    feed(web, visitor, query, Form::JsonFeed).await
}

pub(super) async fn calendar(web: State<Web>, visitor: Visitor, query: RawQuery) -> Answer {
    feed(web, visitor, query, Form::Calendar).await
}

/// Whether there can be events among what is looked for.
pub(crate) fn has_events(ask: &Ask) -> bool {
    ask.kinds.is_empty() || ask.kinds.iter().any(|kind| kind == "event")
}

/// What a feed of a search is called.
fn title(texts: Texts, names: &Names, ask: &Ask, events: bool) -> String {
    let ask = &ask.with(|ask| {
        // That a calendar is of events its name says already.
        if events {
            ask.kinds.clear();
        }
    });
    let narrowed = !ask.q.is_empty() || ask.is_narrowed();
    let (plain, narrow) = match events {
        true => ("feed-events", "feed-events-for"),
        false => ("feed-title", "feed-title-for"),
    };
    if narrowed { texts.about(narrow, &about(texts, names, ask)) } else { texts.text(plain) }
}

async fn feed(State(web): State<Web>, visitor: Visitor, RawQuery(query): RawQuery, form: Form) -> Answer {
    let mut ask = Ask::read(query.as_deref().unwrap_or_default()).with(|ask| ask.sort.clear());
    let events = form == Form::Calendar;
    let asked = ask.with(|_| {});
    // A search without events has none that a calendar could show.
    let nothing = events && !has_events(&ask);
    if events {
        ask.kinds = vec!["event".to_owned()];
    }
    let title = title(visitor.texts, &Names::new(&web, &visitor), &asked, events);
    let request = ask.request(visitor.texts).map_err(|faults| wrong(&visitor, &faults))?;
    let (order, size) = if events { (OrderBy::Closing, EVENTS) } else { (OrderBy::Newest, ENTRIES) };
    let request = SearchListingsRequest { order_by: order.into(), page_size: size, ..request };
    let found = match nothing {
        true => SearchListingsResponse::default(),
        false => {
            let found = web.services().searches.search_listings(visitor.ask(request)).await;
            found.map_err(|status| visitor.failed(&status))?.into_inner()
        }
    };
    let path = match form {
        Form::Atom => "/listings.atom",
        Form::JsonFeed => "/listings.json",
        Form::Calendar => "/listings.ics",
    };
    let searched = Searched {
        title,
        search: ask.query(),
        address: format!("{}{}", visitor.origin.as_ref().map_or("", Origin::as_str), ask.at(path)),
        listings: found.results.into_iter().filter_map(|result| result.listing).collect(),
    };
    let body = searched.written(web.engine(), visitor.origin.as_ref(), form);
    let tag = tags::tag_of(&body);
    let held = visitor.has(&tag);
    let mut response = Response::new(if held { Body::empty() } else { Body::from(body) });
    if held {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(form.media_type()));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(ETAG, tag);
    }
    Ok(response)
}

/// A search that cannot be meant, as a program hears of it.
pub(crate) fn wrong(visitor: &Visitor, faults: &super::ask::Faults) -> Failed {
    let text = faults.values().cloned().collect::<Vec<_>>().join(" ");
    let text = duikou_proto::language::Text::same(text);
    let language: Language = visitor.language();
    Failed(Problem::new(StatusCode::BAD_REQUEST, Code::InvalidArgument, "INVALID", &text, language))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_is_called_as_its_search_and_a_calendar_is_for_those_with_events() {
        let texts = Texts::of(Language::Zh);
        let names = Names::sample(Language::Zh, "pprd.example");
        let called = |query: &str, events| title(texts, &names, &Ask::read(query), events);
        assert_eq!(called("", false), "对口合作最新信息");
        assert_eq!(called("", true), "对口合作活动");
        assert_eq!(called("kind=event&q=%E8%8C%B6", true), "对口合作活动：茶");
        assert_eq!(called("kind=technology&region=440000", false), "对口合作最新信息：技术、广东省");
        for (query, has) in [("", true), ("kind=event", true), ("kind=event&kind=talent", true), ("kind=talent", false)]
        {
            assert_eq!(has_events(&Ask::read(query)), has, "{query}");
        }
    }
}
