use std::time::Duration;

use duikou_proto::federation::{CircleDrop, Suspend};
use duikou_proto::v1::feed_event::Event;
use duikou_proto::v1::feed_service_client::FeedServiceClient;
use duikou_proto::v1::no_longer::Reason;
use duikou_proto::v1::reset::Cause;
use duikou_proto::v1::search_service_client::SearchServiceClient;
use duikou_proto::v1::{FeedEvent, Filter, PullRequest, SearchListingsRequest, UpdateListingRequest, WatchRequest};
use prost_types::FieldMask;
use tonic::{Code, Streaming};

use super::*;
use crate::services::auth::Door;
use crate::services::feed::{FeedServer, Feeds, Pace};

async fn watch(world: &World, secret: &str, filter: Option<Filter>, cursor: &str) -> Streaming<FeedEvent> {
    let request = WatchRequest { filter, cursor: cursor.into() };
    let request = if secret.is_empty() { Request::new(request) } else { bearing(secret, request) };
    world.feed().watch(request).await.unwrap().into_inner()
}

/// An event in a few words.
fn words(event: &FeedEvent) -> String {
    let last = |name: &str| name.rsplit('/').next().unwrap().to_owned();
    match event.event.as_ref().unwrap() {
        Event::Listing(listing) => last(&listing.name),
        Event::NoLonger(gone) => format!("-{} {}", last(&gone.name), gone.reason().as_str_name()),
        Event::Bookmark(_) => "bookmark".into(),
        Event::CaughtUp(_) => "caught up".into(),
        Event::Reset(reset) => format!("reset {}", reset.cause().as_str_name()),
    }
}

async fn next(stream: &mut Streaming<FeedEvent>) -> FeedEvent {
    let event = tokio::time::timeout(Duration::from_secs(20), stream.message()).await;
    event.expect("an event comes").unwrap().expect("the stream goes on")
}

async fn expect(stream: &mut Streaming<FeedEvent>, expected: &[&str]) -> String {
    let mut cursor = String::new();
    for expected in expected {
        let event = next(stream).await;
        assert_eq!(words(&event), *expected);
        cursor = event.cursor;
    }
    cursor
}

fn offers() -> Option<Filter> {
    Some(Filter { directions: vec![Direction::Offer.into()], ..Filter::default() })
}

async fn change(world: &World, name: &str, change: impl FnOnce(&mut Listing), path: &str) {
    world.pass(SECOND);
    let mut listing = Listing { listing: Some(Opportunity::default()), ..Listing::default() };
    listing.name = format!("members/a/listings/{name}");
    change(&mut listing);
    let update_mask = Some(FieldMask { paths: vec![path.into()] });
    let request = UpdateListingRequest { listing: Some(listing), update_mask, ..UpdateListingRequest::default() };
    world.admin().update_listing(request).await.unwrap();
}

#[tokio::test]
async fn a_watcher_gets_what_there_is_and_then_what_comes() {
    let mut world = World::new().await;
    world.publish("a", "one", &["public"]).await;
    world.publish("a", "ring", &["circle:ring"]).await;
    let mut stream = watch(&world, "", offers(), "").await;
    expect(&mut stream, &["one", "caught up"]).await;
    world.publish("a", "two", &["public"]).await;
    let cursor = expect(&mut stream, &["two"]).await;
    change(&world, "one", |l| l.scopes = vec!["network".into()], "scopes").await;
    expect(&mut stream, &["-one NARROWED"]).await;
    let request = |l: &mut Listing| l.listing.as_mut().unwrap().direction = Direction::Request.into();
    change(&world, "two", request, "listing.direction").await;
    expect(&mut stream, &["-two FILTER"]).await;
    drop(stream);
    let mut stream = watch(&world, "", offers(), &cursor).await;
    expect(&mut stream, &["-one NARROWED", "-two FILTER", "caught up"]).await;
    world.publish("a", "three", &["public"]).await;
    expect(&mut stream, &["three"]).await;
    world.act(Action::Suspend(Suspend { member: id("a").to_string(), reason: String::new() })).await;
    // What may once have been in view is told of as well; what never was is not.
    expect(&mut stream, &["-one SUSPENDED", "-three SUSPENDED", "-two SUSPENDED"]).await;
}

#[tokio::test]
async fn a_cursor_of_another_filter_reader_or_server_is_answered_by_a_reset() {
    let mut world = World::new().await;
    world.publish("a", "one", &["public"]).await;
    let cursor = expect(&mut watch(&world, "", offers(), "").await, &["one", "caught up"]).await;
    let reset = |cause: Cause| format!("reset {}", cause.as_str_name());
    let mut stream = watch(&world, "", None, &cursor).await;
    expect(&mut stream, &[&reset(Cause::Filter), "one", "caught up"]).await;
    let secret = world.token("a", Role::Viewer).await;
    let mut stream = watch(&world, &secret, offers(), &cursor).await;
    expect(&mut stream, &[&reset(Cause::Scopes), "one", "caught up"]).await;
    for foreign in ["AAAA", "no cursor!"] {
        let mut stream = watch(&world, "", offers(), foreign).await;
        expect(&mut stream, &[&reset(Cause::Foreign), "one", "caught up"]).await;
    }
    let mut stream = watch(&world, &secret, None, "").await;
    expect(&mut stream, &["one", "caught up"]).await;
    world.act(Action::CircleDrop(CircleDrop { circle: "ring".into(), member: id("a").to_string() })).await;
    expect(&mut stream, &[&reset(Cause::Scopes), "one", "caught up"]).await;
    let bad = Some(Filter { kinds: vec!["nothing".into()], ..Filter::default() });
    let refused = world.feed().watch(WatchRequest { filter: bad, cursor: String::new() }).await.unwrap_err();
    assert_eq!(violations(&refused), ["filter.kinds[0] UNKNOWN_CODE"]);
}

#[tokio::test]
async fn whoever_polls_sees_the_same() {
    let world = World::new().await;
    for n in 0..3 {
        world.publish("a", &format!("t{n}"), &["public"]).await;
    }
    let pull = async |cursor: &str, page_size: i32| {
        let request = PullRequest { filter: offers(), cursor: cursor.into(), page_size };
        world.feed().pull(request).await.unwrap().into_inner()
    };
    let first = pull("", 2).await;
    assert_eq!(first.events.iter().map(words).collect::<Vec<_>>(), ["t0", "t1"]);
    assert!(!first.caught_up);
    let second = pull(&first.cursor, 2).await;
    assert_eq!(second.events.iter().map(words).collect::<Vec<_>>(), ["t2"]);
    assert!(second.caught_up);
    let idle = pull(&second.cursor, 2).await;
    assert!(idle.events.is_empty() && idle.caught_up);
    change(&world, "t0", |l| l.scopes = vec!["network".into()], "scopes").await;
    let gone = pull(&second.cursor, 0).await;
    assert_eq!(gone.events.iter().map(words).collect::<Vec<_>>(), [format!("-t0 {}", Reason::Narrowed.as_str_name())]);
    let foreign = pull("AAAA", 0).await;
    let told: Vec<String> = foreign.events.iter().map(words).collect();
    assert_eq!((told, foreign.caught_up), (vec!["reset FOREIGN".to_owned(), "t1".into(), "t2".into()], true));
    assert!(world.feed().pull(PullRequest { page_size: -1, ..PullRequest::default() }).await.is_err());
}

async fn something_is_purged(world: &World) {
    let short = Listing { expire_time: Some(crate::time::timestamp(START + DAY)), ..listing("s", &["public"]) };
    world.admin().create_listing(create("a", "short", short)).await.unwrap();
    world.pass(2 * DAY);
    let purged = async {
        while world.engine.content_floor() == 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), purged).await.expect("what is over is forgotten");
}

#[tokio::test]
async fn an_index_that_is_begun_after_something_was_purged_finds_the_rest() {
    let world = World::new().await;
    world.admin().create_listing(create("a", "tea", listing("spring tea", &["public"]))).await.unwrap();
    something_is_purged(&world).await;
    let mut searches = SearchServiceClient::new(world.public.clone());
    let found = async {
        loop {
            let request = SearchListingsRequest { query: "tea".into(), ..SearchListingsRequest::default() };
            match searches.search_listings(request).await {
                Ok(found) if !found.get_ref().results.is_empty() => return,
                Ok(_) | Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), found).await.expect("the index is ready");
}

#[tokio::test]
async fn a_snapshot_goes_on_below_the_floor_of_what_was_purged_before_it_began() {
    let world = World::new().await;
    let requests: Vec<CreateListingRequest> =
        (0..600).map(|n| create("a", &format!("t{n:03}"), listing("t", &["public"]))).collect();
    let batch =
        |requests| v1::BatchCreateListingsRequest { parent: "members/a".into(), requests, ..Default::default() };
    world.admin().batch_create_listings(batch(requests)).await.unwrap();
    something_is_purged(&world).await;
    let (mut cursor, mut names) = (String::new(), 0);
    loop {
        let request = PullRequest { filter: None, cursor, page_size: 100 };
        let page = world.feed().pull(request).await.unwrap().into_inner();
        names += page.events.iter().filter(|event| matches!(event.event, Some(Event::Listing(_)))).count();
        assert!(!page.events.iter().any(|event| matches!(event.event, Some(Event::Reset(_)))));
        cursor = page.cursor;
        if page.caught_up {
            break;
        }
    }
    assert_eq!(names, 600);
}

/// A feed that loses patience soon.
fn impatient(world: &World, bookmark: Duration, stall: Duration) -> FeedServiceClient<Routes> {
    let door = Door { engine: world.engine.clone(), accounts: world.accounts.clone(), surface: Surface::Public };
    let feeds = Feeds::new(door, Pace { bookmark, stall });
    FeedServiceClient::new(Routes::new(FeedServer::new(feeds)))
}

#[tokio::test]
async fn a_quiet_watcher_gets_bookmarks_but_none_for_what_is_hidden_from_it() {
    let world = World::new().await;
    world.publish("a", "one", &["public"]).await;
    let patience = Duration::from_secs(60);
    let mut client = impatient(&world, Duration::from_millis(300), patience);
    let mut quiet = client.watch(WatchRequest::default()).await.unwrap().into_inner();
    let caught_up = expect(&mut quiet, &["one", "caught up"]).await;
    let began = std::time::Instant::now();
    for n in 0..5 {
        world.publish("a", &format!("hidden{n}"), &["circle:ring"]).await;
    }
    let cursor = expect(&mut quiet, &["bookmark"]).await;
    assert!(began.elapsed() >= Duration::from_millis(250), "not one per hidden change");
    assert_ne!(cursor, caught_up);
    drop(quiet);
    world.publish("a", "two", &["public"]).await;
    expect(&mut watch(&world, "", None, &cursor).await, &["two", "caught up"]).await;
}

#[tokio::test]
async fn whoever_takes_nothing_is_cut_off_and_its_cursor_stays_good() {
    let world = World::new().await;
    for n in 0..9 {
        // Thick, so that a connection takes no two at once.
        let mut thick = listing(&format!("t{n}"), &["public"]);
        thick.listing.get_or_insert_default().body = "茶".repeat(19_000);
        world.admin().create_listing(create("a", &format!("t{n}"), thick)).await.unwrap();
    }
    let mut client = impatient(&world, Duration::from_secs(60), Duration::from_millis(200));
    let mut slow = client.watch(WatchRequest::default()).await.unwrap().into_inner();
    let mut last = expect(&mut slow, &["t0"]).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let cut = loop {
        match tokio::time::timeout(Duration::from_secs(20), slow.message()).await.unwrap() {
            Ok(Some(event)) => last = event.cursor,
            Ok(None) => panic!("it ends with a reason"),
            Err(status) => break status,
        }
    };
    assert_eq!((cut.code(), reason(&cut).as_str()), (Code::ResourceExhausted, "SLOW_READER"));
    assert!(cut.get_error_details().retry_info().is_some());
    let mut again = watch(&world, "", None, &last).await;
    loop {
        let event = next(&mut again).await;
        assert!(!matches!(event.event, Some(Event::Reset(_))));
        if words(&event) == "t8" {
            break;
        }
    }
}

#[tokio::test]
async fn a_watch_ends_with_the_server() {
    let world = World::new().await;
    let services = routes(world.context.clone(), Surface::Public).await;
    let mut client = FeedServiceClient::new(services.routes.clone());
    let mut watch = client.watch(WatchRequest::default()).await.unwrap().into_inner();
    expect(&mut watch, &["caught up"]).await;
    world.stop.cancel();
    let ended = watch.message().await.unwrap_err();
    assert_eq!((ended.code(), reason(&ended).as_str()), (Code::Unavailable, "CLOSING"));
}
