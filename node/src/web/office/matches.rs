//! Counterparts of a member's newest listings, looked for beside its work list: looking takes a while, so it is done now and
//! then, and the list shows what was found last. What is shown is read anew, with the eyes of whoever looks.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use duikou_proto::envelope::Micros;
use duikou_proto::name::MemberId;
use duikou_proto::v1::listing_service_server::ListingService;
use duikou_proto::v1::match_listings_request::Subject;
use duikou_proto::v1::match_service_server::MatchService;
use duikou_proto::v1::search_listings_request::OrderBy;
use duikou_proto::v1::search_service_server::SearchService;
use duikou_proto::v1::{Filter, GetListingRequest, Listing, MatchListingsRequest, SearchListingsRequest};
use futures_util::future::join_all;
use tonic::Status;

use super::super::Web;
use super::super::visitor::Visitor;
use crate::limits;
use crate::store::Seq;

/// Own listings of which counterparts are looked for: the newest. Looking rests by how long it took.
const SUBJECTS: i32 = 20;
/// Counterparts of each.
const EACH: i32 = 3;
/// Pairs that are kept, the best first.
const PAIRS: usize = super::home::FIRST;

/// Two listings, by their names.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pair {
    own: String,
    other: String,
    score: i32,
}

/// What was found for a member.
#[derive(Debug, Default)]
struct Place {
    looking: bool,
    /// When looking ended last, how long it took, and what the index had taken in when it began.
    ended: Micros,
    took: Micros,
    head: Seq,
    found: Option<Vec<Pair>>,
}

impl Place {
    fn is_old(&self, now: Micros, head: Seq) -> bool {
        let kept = limits::HOME_MATCHES_KEPT.as_micros() as Micros;
        let rest = self.took.saturating_mul(limits::HOME_MATCHES_REST).max(kept);
        (self.found.is_none() || self.head != head) && now.saturating_sub(self.ended) >= rest
    }
}

/// By member.
#[derive(Default)]
pub(in crate::web) struct Matches(Mutex<HashMap<MemberId, Place>>);

/// A listing of ours, what answers it, and how well.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Match {
    pub(super) own: Listing,
    pub(super) other: Listing,
    pub(super) score: i32,
}

impl Matches {
    /// What was last found for `member`; None where that has never been looked for. Looks again where anything has changed
    /// since, not too soon.
    pub(super) async fn of(&self, web: &Web, visitor: &Visitor, member: &MemberId) -> Option<Vec<Match>> {
        let (begun, head) = (web.engine().now(), indexed(web));
        let (found, look) = {
            let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let place = places.entry(member.clone()).or_default();
            let look = !place.looking && place.is_old(begun, head);
            place.looking |= look;
            (place.found.clone(), look)
        };
        if look {
            let (web, visitor, member) = (web.clone(), visitor.clone(), member.clone());
            tokio::spawn(async move {
                let found = pairs(&web, &visitor, &member).await;
                let mut places = web.matches().0.lock().unwrap_or_else(PoisonError::into_inner);
                let place = places.entry(member).or_default();
                place.looking = false;
                place.ended = web.engine().now();
                place.took = place.ended.saturating_sub(begun);
                match found {
                    Ok(found) => (place.found, place.head) = (Some(found), head),
                    Err(error) => tracing::warn!(%error, "counterparts for a work list were not found"),
                }
            });
        }
        let read = async |name: String| {
            let request = visitor.ask(GetListingRequest { name });
            web.services().listings.get_listing(request).await.ok().map(tonic::Response::into_inner)
        };
        let shown = found?.into_iter().map(async |Pair { own, other, score }| {
            let (own, other) = tokio::join!(read(own), read(other));
            Some(Match { own: own?, other: other?, score })
        });
        Some(join_all(shown).await.into_iter().flatten().collect())
    }
}

/// How far the search index has come, of which both are found: own listings and what answers them.
fn indexed(web: &Web) -> Seq {
    web.services().searches.search.behind().map_or(0, |behind| web.engine().head() - behind)
}

async fn pairs(web: &Web, visitor: &Visitor, member: &MemberId) -> Result<Vec<Pair>, Status> {
    let services = web.services();
    let newest = SearchListingsRequest {
        filter: Some(Filter { members: vec![member.to_string()], ..Filter::default() }),
        order_by: OrderBy::Newest.into(),
        page_size: SUBJECTS,
        ..SearchListingsRequest::default()
    };
    let newest = services.searches.search_listings(visitor.ask(newest)).await?.into_inner();
    let mut pairs = Vec::new();
    for own in newest.results.into_iter().filter_map(|result| result.listing) {
        let request = MatchListingsRequest {
            subject: Some(Subject::Name(own.name.clone())),
            page_size: EACH,
            ..MatchListingsRequest::default()
        };
        let found = services.matches.match_listings(visitor.ask(request)).await?.into_inner().matches;
        let found = found.into_iter().filter_map(|found| Some((found.listing?.name, found.score)));
        pairs.extend(found.map(|(other, score)| Pair { own: own.name.clone(), other, score }));
    }
    pairs.sort_by(|a, b| (b.score, &a.own, &a.other).cmp(&(a.score, &b.own, &b.other)));
    pairs.truncate(PAIRS);
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looking_rests_by_how_long_it_takes_and_while_nothing_changes() {
        const SECOND: Micros = 1_000_000;
        let place = Place { ended: 100 * SECOND, took: SECOND, head: 7, found: Some(Vec::new()), looking: false };
        assert!(!place.is_old(1_000 * SECOND, 7), "nothing has changed");
        assert!(!place.is_old(119 * SECOND, 8) && place.is_old(120 * SECOND, 8));
        let quick = Place { took: 0, ..place };
        assert!(!quick.is_old(109 * SECOND, 8) && quick.is_old(110 * SECOND, 8));
        assert!(Place::default().is_old(SECOND * 60, 0), "it has never been looked for");
    }
}
