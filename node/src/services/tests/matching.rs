use duikou_proto::Money;
use duikou_proto::v1::match_listings_request::Subject;
use duikou_proto::v1::match_reason::Code as Reason;
use duikou_proto::v1::match_service_client::MatchServiceClient;
use duikou_proto::v1::{Capital, Match, MatchListingsRequest, capital};
use tonic::Code;

use super::*;

fn capital(direction: Direction, industry: &str) -> Opportunity {
    let amount = Some(Money { currency_code: "CNY".into(), units: 1_000_000, nanos: 0 });
    let capital = Capital { instrument: capital::Instrument::Debt.into(), amount_max: amount, ..Capital::default() };
    Opportunity {
        direction: direction.into(),
        industries: vec![industry.into()],
        details: Some(Details::Capital(capital)),
        ..opportunity("乡村产业贷款")
    }
}

async fn publish(world: &World, member: &str, id: &str, scopes: &[&str], opportunity: Opportunity) {
    let scopes = scopes.iter().map(ToString::to_string).collect();
    let listing = Listing { scopes, listing: Some(opportunity), ..Listing::default() };
    world.admin().create_listing(create(member, id, listing)).await.unwrap();
}

fn of(name: &str) -> MatchListingsRequest {
    MatchListingsRequest { subject: Some(Subject::Name(name.to_owned())), ..Default::default() }
}

async fn found(routes: &Routes, request: Request<MatchListingsRequest>) -> Result<Vec<Match>, Status> {
    Ok(MatchServiceClient::new(routes.clone()).match_listings(request).await?.into_inner().matches)
}

fn ids(matches: &[Match]) -> Vec<&str> {
    matches.iter().filter_map(|found| Some(found.listing.as_ref()?.name.rsplit_once('/')?.1)).collect()
}

/// Offers and requests of `b` for everybody and for some, and a request of `a` that it keeps on request.
async fn world() -> World {
    let world = World::new().await;
    publish(&world, "b", "near", &["network"], capital(Direction::Offer, "0311")).await;
    publish(&world, "b", "far", &["public"], capital(Direction::Offer, "0411")).await;
    publish(&world, "b", "for-c", &["member:c"], capital(Direction::Offer, "0311")).await;
    publish(&world, "b", "kept", &[], capital(Direction::Offer, "0311")).await;
    publish(&world, "b", "request", &["public"], capital(Direction::Request, "0311")).await;
    publish(&world, "a", "own-offer", &["public"], capital(Direction::Offer, "0311")).await;
    publish(&world, "a", "wanted", &[], capital(Direction::Request, "0311")).await;
    world.search.caught_up().await;
    world
}

#[tokio::test]
async fn a_listing_is_answered_by_what_its_reader_may_see() {
    let world = world().await;
    let secret = world.token("a", Role::Viewer).await;
    let matches = found(&world.public, bearing(&secret, of("members/a/listings/wanted"))).await.unwrap();
    assert_eq!(ids(&matches), ["near", "far"], "kept on request here, and matched all the same");
    assert!(matches[0].score > matches[1].score);
    let codes: Vec<Reason> = matches[0].reasons.iter().map(|reason| reason.code()).collect();
    assert!(codes.contains(&Reason::Industry) && codes.contains(&Reason::Amount), "{codes:?}");
    assert_eq!(matches[0].score, matches[0].reasons.iter().map(|reason| reason.points).sum::<i32>());

    // The administrator has the eyes of all members here; a's own is no answer to a.
    let matches = found(&world.local, Request::new(of("members/a/listings/wanted"))).await.unwrap();
    assert_eq!(ids(&matches).len(), 4, "{:?}", ids(&matches));
    assert!(!ids(&matches).contains(&"own-offer") && !ids(&matches).contains(&"request"));

    let filter = Some(v1::Filter { industries: vec!["0411".into()], ..Default::default() });
    let request = MatchListingsRequest { filter, ..of("members/a/listings/wanted") };
    assert_eq!(ids(&found(&world.public, bearing(&secret, request)).await.unwrap()), ["far"]);
}

#[tokio::test]
async fn what_is_not_for_the_caller_is_neither_answered_nor_an_answer() {
    let world = world().await;
    let anybody = async |name: &str| found(&world.public, Request::new(of(name))).await;
    let (kept, absent) = ("members/b/listings/kept", "members/b/listings/absent");
    let (closed, none) = (anybody(kept).await.unwrap_err(), anybody(absent).await.unwrap_err());
    assert_eq!(closed.code(), Code::NotFound);
    assert_eq!(closed.message().replace("kept", "absent"), none.message());
    assert_eq!(
        ids(&anybody("members/b/listings/request").await.unwrap()),
        ["own-offer"],
        "public ones, and not b's own"
    );

    let unsaved = MatchListingsRequest {
        subject: Some(Subject::Listing(capital(Direction::Request, "0311"))),
        ..Default::default()
    };
    let matches = found(&world.public, Request::new(unsaved.clone())).await.unwrap();
    assert_eq!(ids(&matches), ["own-offer", "far"]);
    let secret = world.token("a", Role::Viewer).await;
    let matches = found(&world.public, bearing(&secret, unsaved)).await.unwrap();
    assert_eq!(ids(&matches), ["near", "far"]);
}

#[tokio::test]
async fn pages_hold_each_once_and_bad_requests_are_told_what_is_wrong() {
    let world = world().await;
    for number in 0..7 {
        publish(&world, "b", &format!("more-{number}"), &["public"], capital(Direction::Offer, "0311")).await;
    }
    world.search.caught_up().await;
    let mut request = MatchListingsRequest { page_size: 3, ..of("members/a/listings/wanted") };
    let (mut all, mut pages) = (Vec::new(), 0);
    loop {
        let page =
            MatchServiceClient::new(world.local.clone()).match_listings(request.clone()).await.unwrap().into_inner();
        all.extend(ids(&page.matches).into_iter().map(str::to_owned));
        pages += 1;
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!((all.len(), pages), (11, 4));
    let once: std::collections::BTreeSet<&String> = all.iter().collect();
    assert_eq!(once.len(), 11);
    request.min_score = 90;
    let foreign = found(&world.local, Request::new(request)).await.unwrap_err();
    assert_eq!(violations(&foreign), ["page_token INCONSISTENT"]);

    let refused = found(&world.local, Request::new(MatchListingsRequest::default())).await.unwrap_err();
    assert_eq!(violations(&refused), ["name REQUIRED"]);
    let filter = Some(v1::Filter { kinds: vec!["tea".into()], ..Default::default() });
    let bad = MatchListingsRequest {
        subject: Some(Subject::Listing(Opportunity { title: String::new(), ..capital(Direction::Offer, "0311") })),
        filter,
        min_score: 101,
        ..Default::default()
    };
    let refused = found(&world.local, Request::new(bad)).await.unwrap_err();
    let expected = ["filter.kinds[0] UNKNOWN_CODE", "min_score OUT_OF_RANGE", "listing.title REQUIRED"];
    assert_eq!(violations(&refused), expected);
}
