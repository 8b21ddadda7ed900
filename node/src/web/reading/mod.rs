//! Reading the network: the first page, search, a listing, what answers it, members, the calendar, and feeds of any search.
//!
//! `ask` is what an address asks for, `card` a listing in a list, `details` its kind's own part in words, `names` who the
//! members are, `held` how complete what is here of one is, `linked` what machines read in a page, `conditions` what
//! narrows a search, in words, `coming` the events that come next, `fewer` what would find something.

mod ask;
mod calendar;
mod card;
mod coming;
mod conditions;
mod counterparts;
mod details;
mod feed;
mod fewer;
mod fresh;
mod held;
mod history;
mod home;
mod linked;
mod listing;
mod members;
mod names;
#[cfg(any(test, feature = "samples"))]
mod samples;
mod search;
mod suggest;

use axum::Router;
use axum::routing::get;

use super::Web;
use crate::sheets::Format;
pub(super) use ask::{Ask, Faults};
pub(super) use card::{Card, all_places, foreign};
pub(super) use conditions::{about, about_filter};
pub(super) use details::{Fact, audience_of, contact, of_all, of_kind};
pub(super) use feed::{has_events, wrong as wrong_search};
pub(super) use fresh::{Fresh, last_visit, since, visited};
pub(super) use history::done_by;
pub(super) use listing::{ListingPath, fingerprint};
pub(super) use names::Names;
#[cfg(any(test, feature = "samples"))]
pub(super) use samples::{listing as sample_listing, samples};
pub(super) use search::Choosing;

/// Everything under which readers find something.
pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/", get(home::home))
        .route("/listings", get(search::search))
        .route("/listings.atom", get(feed::atom))
        .route("/listings.json", get(feed::json))
        .route("/listings.ics", get(feed::calendar))
        .route("/listings/suggest", get(suggest::suggest))
        .route("/listings/{member}/{id}", get(listing::listing))
        .route("/listings/{member}/{id}/counterparts", get(counterparts::counterparts))
        .route("/listings/{member}/{id}/counterparts.xlsx", get(|w, v, p| counterparts::file(w, v, p, Format::Xlsx)))
        .route("/listings/{member}/{id}/counterparts.csv", get(|w, v, p| counterparts::file(w, v, p, Format::Csv)))
        .route("/members", get(members::members))
        .route("/members.xlsx", get(|web, visitor| members::file(web, visitor, Format::Xlsx)))
        .route("/members.csv", get(|web, visitor| members::file(web, visitor, Format::Csv)))
        .route("/members/{member}", get(members::member))
        .route("/calendar", get(calendar::calendar))
}
