use duikou_proto::v1::query_listings_response::{Refusal, State};
use duikou_proto::v1::query_service_client::QueryServiceClient;
use duikou_proto::v1::{ListQuestionsRequest, QueryListingsRequest, QueryListingsResponse, Question};
use tonic::Code;

use super::*;

fn ask(asker: &str, words: &str) -> QueryListingsRequest {
    QueryListingsRequest { asker: format!("members/{asker}"), words: words.to_owned(), ..Default::default() }
}

async fn heard(routes: &Routes, request: Request<QueryListingsRequest>) -> Result<Vec<QueryListingsResponse>, Status> {
    let mut stream = QueryServiceClient::new(routes.clone()).query_listings(request).await?.into_inner();
    let mut all = Vec::new();
    while let Some(answer) = stream.message().await? {
        all.push(answer);
    }
    all.sort_by(|a, b| a.member.cmp(&b.member));
    Ok(all)
}

/// Member, state, ids and whether that is all.
fn told(answers: &[QueryListingsResponse]) -> Vec<(&str, State, Vec<&str>, bool)> {
    answers
        .iter()
        .map(|answer| {
            assert!(answer.last, "all of them fit one page");
            let names = answer.listings.iter().filter_map(|listing| Some(listing.name.rsplit_once('/')?.1)).collect();
            let member = answer.member.trim_start_matches("members/").split('.').next().unwrap_or_default();
            (member, answer.state(), names, answer.complete)
        })
        .collect()
}

async fn questions(world: &World, secret: Option<&str>) -> Result<Vec<Question>, Status> {
    let request = ListQuestionsRequest::default();
    let answer = match secret {
        None => QueryServiceClient::new(world.local.clone()).list_questions(request).await?,
        Some(secret) => QueryServiceClient::new(world.public.clone()).list_questions(bearing(secret, request)).await?,
    };
    Ok(answer.into_inner().questions)
}

#[tokio::test]
async fn a_neighbour_answers_what_the_asker_may_see_and_what_it_keeps_on_request() {
    let world = World::new().await;
    for (id, scopes) in
        [("tea-open", &["public"][..]), ("tea-kept", &[]), ("tea-for-c", &["member:c"]), ("coffee", &["public"])]
    {
        world.publish("b", id, scopes).await;
    }
    let answers = heard(&world.local, Request::new(ask("a", "tea"))).await.unwrap();
    assert_eq!(
        told(&answers),
        [("b", State::Answered, vec!["tea-kept", "tea-open"], true), ("c", State::Offline, vec![], false),],
        "the newest first"
    );
    // Whoever reads what lies here sees nothing of what is kept on request.
    let secret = world.token("a", Role::Viewer).await;
    let get = v1::GetListingRequest { name: "members/b/listings/tea-kept".to_owned() };
    assert_eq!(world.anybody().get_listing(bearing(&secret, get)).await.unwrap_err().code(), Code::NotFound);

    let request = QueryListingsRequest { max_results: 1, ..ask("a", "tea") };
    let answers = heard(&world.local, Request::new(request)).await.unwrap();
    assert_eq!(told(&answers)[0], ("b", State::Answered, vec!["tea-kept"], false));

    let filter = v1::Filter { members: vec!["b".to_owned()], kinds: vec!["talent".to_owned()], ..Default::default() };
    let request = QueryListingsRequest { filter: Some(filter), ..ask("", "") };
    let request = QueryListingsRequest { asker: String::new(), ..request };
    let answers = heard(&world.public, bearing(&secret, request)).await.unwrap();
    assert_eq!(told(&answers), [("b", State::Answered, vec![], true)], "a token's member asks");
}

#[tokio::test]
async fn every_question_is_written_down_for_whoever_was_asked() {
    let world = World::new().await;
    heard(&world.local, Request::new(ask("a", "tea"))).await.unwrap();
    world.pass(SECOND);
    heard(&world.local, Request::new(ask("b", "coffee"))).await.unwrap();
    let all = questions(&world, None).await.unwrap();
    let told: Vec<(&str, &str, &str)> =
        all.iter().map(|question| (&*question.asker, &*question.member, &*question.words)).collect();
    let (a, b) = (format!("members/{}", id("a")), format!("members/{}", id("b")));
    assert_eq!(told, [(&*b, &*a, "coffee"), (&*a, &*b, "tea")]);
    assert!(all.iter().all(|question| question.refusal() == Refusal::Unspecified && !question.registered));

    let admin = world.token("a", Role::Admin).await;
    let own: Vec<String> = questions(&world, Some(&admin)).await.unwrap().into_iter().map(|q| q.words).collect();
    assert_eq!(own, ["coffee"], "its own alone");
    let viewer = world.token("a", Role::Viewer).await;
    assert_eq!(questions(&world, Some(&viewer)).await.unwrap_err().code(), Code::PermissionDenied);
}

#[tokio::test]
async fn nobody_is_answered_without_end() {
    let world = World::new().await;
    let mut rate = 0;
    for _ in 0..crate::limits::LIVE_BURST + 5 {
        let answers = heard(&world.local, Request::new(ask("a", ""))).await.unwrap();
        rate += usize::from(answers[0].refusal() == Refusal::Rate);
    }
    assert_eq!(rate, 5);
    world.pass(SECOND);
    let answers = heard(&world.local, Request::new(ask("a", ""))).await.unwrap();
    assert_eq!(answers[0].state(), State::Answered);
}

#[tokio::test]
async fn bad_questions_are_told_what_is_wrong_with_them() {
    let world = World::new().await;
    let local = async |request: QueryListingsRequest| heard(&world.local, Request::new(request)).await.unwrap_err();
    let refused = local(QueryListingsRequest::default()).await;
    assert_eq!((refused.code(), violations(&refused)), (Code::InvalidArgument, vec!["asker REQUIRED".to_owned()]));

    let filter = v1::Filter {
        kinds: vec!["tea".to_owned()],
        members: vec!["b".to_owned(), "nobody".to_owned()],
        ..Default::default()
    };
    let within = Some(prost_types::Duration { seconds: 31, nanos: 0 });
    let words = "茶 ".repeat(20);
    let request = QueryListingsRequest { filter: Some(filter), within, words, max_results: -1, ..ask("a", "") };
    let refused = local(request).await;
    let expected = [
        "filter.kinds[0] UNKNOWN_CODE",
        "words TOO_MANY",
        "within OUT_OF_RANGE",
        "max_results OUT_OF_RANGE",
        "filter.members[1] UNKNOWN_CODE",
    ];
    assert_eq!(violations(&refused), expected);
    assert_eq!(local(ask("a.b.c.d", "")).await.code(), Code::FailedPrecondition, "another network's");
    assert_eq!(local(ask("NOT AN ID", "")).await.code(), Code::InvalidArgument);
    assert_eq!(reason(&local(ask("c", "")).await), "NOT_HOSTED");

    let anybody = heard(&world.public, Request::new(ask("a", ""))).await.unwrap_err();
    assert_eq!((anybody.code(), &*reason(&anybody)), (Code::Unauthenticated, "TOKEN_REQUIRED"));
    let secret = world.token("b", Role::Admin).await;
    let other = heard(&world.public, bearing(&secret, ask("a", ""))).await.unwrap_err();
    assert_eq!(other.code(), Code::PermissionDenied);
}

#[tokio::test]
async fn a_suspended_member_neither_asks_nor_answers() {
    let mut world = World::new().await;
    let suspend =
        |member: &str| duikou_proto::federation::Suspend { member: id(member).to_string(), reason: String::new() };
    world.act(Action::Suspend(suspend("b"))).await;
    let refused = heard(&world.local, Request::new(ask("b", ""))).await.unwrap_err();
    assert_eq!(reason(&refused), "SUSPENDED");
    let filter = Some(v1::Filter { members: vec!["b".to_owned()], ..Default::default() });
    let answers = heard(&world.local, Request::new(QueryListingsRequest { filter, ..ask("a", "") })).await.unwrap();
    assert_eq!((answers[0].state(), answers[0].refusal()), (State::Refused, Refusal::Suspended));
}
