//! Pages as anybody sees them, kept for a moment: however many read one at once, it is made once. A page that was made
//! before the last change here is never shown.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use duikou_proto::envelope::Micros;
use duikou_proto::language::Language;
use http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, Method, StatusCode};

use super::Web;
use super::respond::PRIVATE;
use super::visitor::{Theme, Visitor, visitor_of};
use crate::addresses::Origin;
use crate::limits;
use crate::store::Seq;

/// Which page.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    here: String,
    /// It stands in canonical links and in feeds.
    origin: Option<Origin>,
    language: Language,
    theme: Theme,
}

impl Key {
    /// Of what this visitor is shown.
    fn of(visitor: &Visitor) -> Self {
        let (here, origin) = (visitor.here.clone(), visitor.origin.clone());
        Self { here, origin, language: visitor.language(), theme: visitor.theme }
    }
}

/// What a page was made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Moment {
    head: Seq,
    directory: i64,
    settings: u64,
}

impl Moment {
    fn of(web: &Web) -> Self {
        let engine = web.engine();
        Self { head: engine.head(), directory: engine.directory().index(), settings: web.settings().generation() }
    }
}

/// A page that was made.
struct Made {
    moment: Moment,
    time: Micros,
    headers: HeaderMap,
    body: Bytes,
}

impl Made {
    /// Whether it may still be shown. Words are found a moment after they are written, and dates pass.
    fn is_good(&self, moment: Moment, now: Micros) -> bool {
        let kept = limits::PAGE_KEPT.as_micros() as Micros;
        self.moment == moment && (0..kept).contains(&now.saturating_sub(self.time))
    }
}

/// One at a time makes a page; the others wait for it.
type Place = Arc<tokio::sync::Mutex<Option<Made>>>;

/// The pages that are kept.
#[derive(Default)]
pub(super) struct Kept(Mutex<HashMap<Key, Place>>);

impl Kept {
    /// Where a page is kept; None where there is no room.
    fn place(&self, key: Key) -> Option<Place> {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = places.get(&key) {
            return Some(place.clone());
        }
        if places.len() >= limits::PAGES_KEPT {
            // What nobody is making or reading goes; it would hardly be good any longer.
            places.retain(|_, place| Arc::strong_count(place) > 1);
        }
        (places.len() < limits::PAGES_KEPT).then(|| places.entry(key).or_default().clone())
    }
}

/// Shows what is kept, or keeps what is made.
pub(super) async fn keep(State(web): State<Web>, request: Request, next: Next) -> Response {
    if request.method() != Method::GET {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let visitor = visitor_of(&parts, &web).await;
    let same_for_all = visitor.is_anybody() && visitor.notice().is_none();
    let place = if same_for_all { web.0.kept.place(Key::of(&visitor)) } else { None };
    let Some(place) = place else {
        let mut response = next.run(Request::from_parts(parts, body)).await;
        if visitor.signed_in().is_some() {
            response.headers_mut().insert(CACHE_CONTROL, PRIVATE);
        }
        return response;
    };
    let mut made = place.lock().await;
    let engine = web.engine();
    let moment = Moment::of(&web);
    if let Some(good) = made.as_ref().filter(|made| made.is_good(moment, engine.now())) {
        return shown(good, &visitor);
    }
    // Whatever the browser has of it, the whole is made: it is for others too.
    parts.headers.remove(IF_NONE_MATCH);
    let time = engine.now();
    let response = next.run(Request::from_parts(parts, body)).await;
    if response.status() != StatusCode::OK || response.headers().contains_key(CACHE_CONTROL) {
        return response;
    }
    let (head, body) = response.into_parts();
    let Ok(body) = to_bytes(body, limits::PAGE_BYTES).await else {
        // Pages are made whole before they are sent; one that is larger than any is not shown in part.
        return Response::builder().status(StatusCode::INTERNAL_SERVER_ERROR).body(Body::empty()).unwrap_or_default();
    };
    let fresh = Made { moment, time, headers: head.headers, body };
    let response = shown(&fresh, &visitor);
    *made = Some(fresh);
    response
}

fn shown(made: &Made, visitor: &Visitor) -> Response {
    let tag = made.headers.get(ETAG).and_then(|tag| tag.to_str().ok());
    let held = tag.is_some_and(|tag| visitor.has(tag));
    let mut response = Response::new(if held { Body::empty() } else { Body::from(made.body.clone()) });
    if held {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    *response.headers_mut() = made.headers.clone();
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(here: usize) -> Key {
        Key::of(&Visitor::sample(Language::Zh, Theme::Auto, &here.to_string()))
    }

    #[test]
    fn no_page_is_kept_under_the_name_of_another() {
        let kept = Kept::default();
        let at = |origin: Option<&str>| Key { origin: origin.map(Origin::for_tests), ..key(0) };
        let origins = [None, Some("https://one.example"), Some("https://two.example")];
        let places = origins.map(|origin| kept.place(at(origin)).unwrap());
        for (place, origin) in places.iter().zip(origins) {
            assert!(Arc::ptr_eq(place, &kept.place(at(origin)).unwrap()), "{origin:?} is kept");
            assert_eq!(places.iter().filter(|other| Arc::ptr_eq(place, other)).count(), 1, "{origin:?}");
        }
    }

    #[test]
    fn what_is_kept_has_a_bound_and_whoever_is_being_served_stays() {
        let kept = Kept::default();
        let held: Vec<Place> = (0..10).filter_map(|here| kept.place(key(here))).collect();
        for here in 10..3 * limits::PAGES_KEPT {
            assert!(kept.place(key(here)).is_some());
            assert!(kept.0.lock().unwrap().len() <= limits::PAGES_KEPT);
        }
        for (here, place) in held.iter().enumerate() {
            assert!(Arc::ptr_eq(place, &kept.place(key(here)).unwrap()), "{here}");
        }
    }

    #[test]
    fn a_page_is_good_until_anything_changes_and_for_a_moment_only() {
        let moment = Moment { head: 7, directory: 3, settings: 0 };
        let made = Made { moment, time: 1_000_000, headers: HeaderMap::new(), body: Bytes::new() };
        let kept = limits::PAGE_KEPT.as_micros() as Micros;
        assert!(made.is_good(moment, 1_000_000) && made.is_good(moment, 1_000_000 + kept - 1));
        assert!(!made.is_good(moment, 1_000_000 + kept), "dates pass");
        assert!(!made.is_good(moment, 999_999), "a clock that was set back says nothing");
        for other in [Moment { head: 8, ..moment }, Moment { directory: 4, ..moment }, Moment { settings: 1, ..moment }]
        {
            assert!(!made.is_good(other, 1_000_000), "{other:?}");
        }
    }
}
