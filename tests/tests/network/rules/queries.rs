//! Asking members at their own nodes: what they keep on request, whom they answer, and that a dead one delays nobody.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use duikou_proto::v1::query_listings_response::{Refusal, State};
use duikou_proto::v1::query_service_client::QueryServiceClient;
use duikou_proto::v1::token::Role;
use duikou_proto::v1::{Filter, ListQuestionsRequest, QueryListingsRequest, QueryListingsResponse, Question};
use duikou_tests::harness::{NETWORK, Network, Server, WebCertificate, offer};
use tonic::{Code, Status};

use super::reason;

fn question(asker: &str, words: &str) -> QueryListingsRequest {
    QueryListingsRequest { asker: format!("members/{asker}"), words: words.to_owned(), ..Default::default() }
}

async fn ask(server: &Server, request: QueryListingsRequest) -> Result<Vec<QueryListingsResponse>, Status> {
    heard(QueryServiceClient::new(server.local()).query_listings(request).await?.into_inner()).await
}

async fn heard(mut stream: tonic::Streaming<QueryListingsResponse>) -> Result<Vec<QueryListingsResponse>, Status> {
    let mut answers = Vec::new();
    while let Some(answer) = stream.message().await? {
        answers.push(answer);
    }
    Ok(answers)
}

fn short(member: &str) -> String {
    member.trim_start_matches("members/").trim_end_matches(&format!(".{NETWORK}")).to_owned()
}

/// By member: the state that ended it, and the ids of what it showed.
fn told(answers: &[QueryListingsResponse]) -> BTreeMap<String, (State, Vec<String>)> {
    let mut told: BTreeMap<String, (State, Vec<String>)> = BTreeMap::new();
    for answer in answers {
        let (state, ids) = told.entry(short(&answer.member)).or_default();
        *state = answer.state();
        ids.extend(answer.listings.iter().filter_map(|listing| Some(listing.name.rsplit_once('/')?.1.to_owned())));
    }
    told
}

fn refusals(answers: &[QueryListingsResponse]) -> BTreeMap<String, Refusal> {
    answers.iter().map(|answer| (short(&answer.member), answer.refusal())).collect()
}

async fn questions(server: &Server) -> Vec<Question> {
    let request = ListQuestionsRequest::default();
    QueryServiceClient::new(server.local()).list_questions(request).await.unwrap().into_inner().questions
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_on_request_is_found_live_and_lies_nowhere_else() {
    let net = Network::new(881)
        .gateway()
        .node("shenzhen", &["shenzhen"])
        .node("bijie", &["bijie"])
        .node("zunyi", &["zunyi"])
        .start()
        .await;
    let (origin, asker) = (net.node("shenzhen"), net.node("bijie"));
    origin.publish(offer("kept").titled("the quiet orchard").on_request()).await.unwrap();
    origin.publish(offer("letter").titled("an orchard for zunyi").for_members(&["zunyi"])).await.unwrap();
    origin.publish(offer("shown").titled("an orchard for all")).await.unwrap();
    net.settle().await;

    let answers = ask(asker, question("bijie", "orchard")).await.unwrap();
    let found = told(&answers);
    assert_eq!(found["shenzhen"], (State::Answered, vec!["shown".to_owned(), "kept".to_owned()]));
    assert_eq!(found["zunyi"], (State::Answered, vec![]));
    assert_eq!(found.len(), 2, "nobody else is asked");
    for server in [net.gateway(), asker, net.node("zunyi")] {
        server.never_received(b"the quiet orchard");
    }
    assert_eq!(asker.get("members/shenzhen/listings/kept").await.unwrap_err().code(), Code::NotFound);

    let table = asker.cli(&["query", "quiet", "--member", "shenzhen", "--language", "en"]).await;
    assert!(table.stdout.contains("the quiet orchard"), "{table:?}");
    assert!(table.stderr.contains("answered, and that is all"), "{table:?}");
    let lines = asker.cli(&["query", "quiet", "--output", "jsonl"]).await.done();
    assert_eq!(lines.lines().count(), 2, "one answer of each: {lines}");

    let asked = questions(origin).await;
    assert_eq!(asked.len(), 3);
    assert!(asked.iter().all(|question| short(&question.asker) == "bijie" && short(&question.member) == "shenzhen"));
    assert_eq!(asked[2].words, "orchard");
    let shown = origin.cli(&["query", "--asked", "--language", "en"]).await.done();
    assert!(shown.contains("orchard") && shown.contains("answered"), "{shown}");
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_hangs_or_is_away_delays_nobody() {
    let net = Network::new(882)
        .gateway()
        .node("shenzhen", &["shenzhen"])
        .node("offices", &["bijie", "harbin"])
        .node("zunyi", &["zunyi"])
        .node("nanchang", &["nanchang"])
        .start()
        .await;
    net.settle().await;
    net.node("nanchang").stop().await;
    // Its link is still taken for alive.
    net.node("zunyi").freeze();
    let began = Instant::now();
    let answers = ask(net.node("offices"), question("bijie", "")).await.unwrap();
    let waited = began.elapsed();
    assert!(
        (Duration::from_secs(3)..Duration::from_secs(8)).contains(&waited),
        "three seconds where nobody says: {waited:?}"
    );
    let found = told(&answers);
    assert_eq!(found["shenzhen"].0, State::Answered);
    assert_eq!(found["harbin"].0, State::Answered, "it lives on the same node");
    assert_eq!(found["nanchang"].0, State::Offline);
    assert_eq!(found["zunyi"].0, State::TimedOut);
    assert_eq!(short(&answers.last().unwrap().member), "zunyi", "the others did not wait for it");
    net.node("zunyi").thaw();
    net.node("nanchang").start().await;
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_origin_answers_by_its_own_policy() {
    let net = Network::new(883)
        .gateway()
        .node("shenzhen", &["shenzhen"])
        .node("offices", &["bijie", "zunyi"])
        .circle("rivers", &["shenzhen", "bijie"])
        .start()
        .await;
    let (origin, offices) = (net.node("shenzhen"), net.node("offices"));
    origin.publish(offer("kept").on_request()).await.unwrap();
    origin.publish(offer("shown")).await.unwrap();
    net.settle().await;
    let seen = async |member: &str| {
        let answers = ask(offices, question(member, "partner")).await.unwrap();
        (told(&answers)["shenzhen"].clone(), refusals(&answers)["shenzhen"])
    };

    origin.stop().await;
    origin.start_with(&[("DUIKOU_LIVE_ON_REQUEST", "circles")]).await;
    origin.linked().await;
    let (shown, kept) = ("shown".to_owned(), "kept".to_owned());
    assert_eq!(seen("bijie").await.0, (State::Answered, vec![shown.clone(), kept]), "of the circle");
    assert_eq!(seen("zunyi").await.0, (State::Answered, vec![shown]), "of no circle");

    origin.stop().await;
    let named = format!("zunyi.{NETWORK}");
    origin.start_with(&[("DUIKOU_LIVE_ANSWER", "named"), ("DUIKOU_LIVE_NAMED", &named)]).await;
    origin.linked().await;
    assert_eq!(seen("bijie").await, ((State::Refused, vec![]), Refusal::Policy));
    assert_eq!(seen("zunyi").await.0.0, State::Answered);
    let asked = questions(origin).await;
    assert_eq!(asked.iter().filter(|question| question.refusal() == Refusal::Policy).count(), 1);
    assert_eq!(asked.len(), 4, "every one is written down, and a restart forgets none");
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn members_ask_and_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(884)
        .gateway()
        .node("shenzhen", &["shenzhen"])
        .node("bijie", &["bijie"])
        .web_certificate(&certificate)
        .start()
        .await;
    net.node("shenzhen").publish(offer("kept").on_request()).await.unwrap();
    let bijie = net.node("bijie");
    let by = async |secret: Option<&str>, request: QueryListingsRequest| {
        let web = bijie.web(certificate.client(), secret).await.unwrap();
        heard(QueryServiceClient::new(web).query_listings(request).await?.into_inner()).await
    };
    let anybody = by(None, QueryListingsRequest::default()).await.unwrap_err();
    assert_eq!((anybody.code(), &*reason(&anybody)), (Code::Unauthenticated, "TOKEN_REQUIRED"));
    let secret = bijie.token("bijie", Role::Viewer).await.unwrap();
    let answers = by(Some(&secret), QueryListingsRequest::default()).await.unwrap();
    assert_eq!(told(&answers)["shenzhen"], (State::Answered, vec!["kept".to_owned()]));
    let other = by(Some(&secret), question("shenzhen", "")).await.unwrap_err();
    assert_eq!(other.code(), Code::PermissionDenied);

    net.gateway().cli(&["members", "suspend", "bijie", "--reason", "test", "--yes"]).await.done();
    let refused = async || match ask(bijie, question("bijie", "")).await {
        Err(status) if reason(&status) == "SUSPENDED" => Ok(()),
        other => Err(format!("{other:?}")),
    };
    duikou_tests::harness::within(super::PATIENCE, refused).await.unwrap();
    net.gateway().cli(&["members", "resume", "bijie"]).await.done();
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_questions_at_once_are_answered_or_told_to_wait() {
    let net =
        Network::new(885).gateway().node("shenzhen", &["shenzhen"]).node("offices", &["bijie", "zunyi"]).start().await;
    let big = "word ".repeat(2_000);
    for number in 0..40 {
        net.node("shenzhen").publish(offer(&format!("kept-{number}")).saying(&big).on_request()).await.unwrap();
    }
    net.settle().await;
    let asks = (0..30).map(|_| {
        let request = QueryListingsRequest {
            within: Some(prost_types::Duration { seconds: 30, nanos: 0 }),
            max_results: 100,
            ..question("bijie", "word")
        };
        ask(net.node("offices"), request)
    });
    let all = futures_util::future::join_all(asks).await;
    for answers in all {
        let found = told(&answers.unwrap());
        let (state, ids) = &found["shenzhen"];
        assert_eq!((*state, ids.len()), (State::Answered, 40));
    }
    // Of a kind that nothing is: whoever answers reads no listing for it.
    let nothing = QueryListingsRequest {
        filter: Some(Filter { kinds: vec!["event".to_owned()], ..Filter::default() }),
        ..question("bijie", "")
    };
    let mut refused = 0;
    // Those of the round before may still be ending, and at most 64 go on at once.
    for _ in 0..8 {
        let asks = (0..30).map(|_| ask(net.node("offices"), nothing.clone()));
        let all = futures_util::future::join_all(asks).await;
        refused += all.iter().filter(|all| refusals(all.as_ref().unwrap())["shenzhen"] == Refusal::Rate).count();
    }
    assert!(refused > 0, "an asker without end is told to wait");
    let answers = ask(net.node("offices"), question("zunyi", "nothing")).await.unwrap();
    assert_eq!(told(&answers)["shenzhen"].0, State::Answered, "others are not");
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_from_another_time_is_refused() {
    let net = Network::new(886).gateway().node("shenzhen", &["shenzhen"]).node("bijie", &["bijie"]).start().await;
    net.settle().await;
    let bijie = net.node("bijie");
    bijie.stop().await;
    bijie.start_with_clock("+20m").await;
    bijie.linked().await;
    let answers = ask(bijie, question("bijie", "")).await.unwrap();
    assert_eq!(refusals(&answers)["shenzhen"], Refusal::Clock);
    bijie.restart().await;
    bijie.linked().await;
    let answers = ask(bijie, question("bijie", "")).await.unwrap();
    assert_eq!(told(&answers)["shenzhen"].0, State::Answered);
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateways_member_asks_for_registered_readers_who_see_what_is_theirs() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(887)
        .gateway()
        .node("shenzhen", &["shenzhen"])
        .node("bijie", &["bijie"])
        .web_certificate(&certificate)
        .start()
        .await;
    let (gateway, origin) = (net.gateway(), net.node("shenzhen"));
    for draft in
        [offer("vetted").for_scopes(&["registered"]), offer("among-us").for_network(), offer("kept").on_request()]
    {
        origin.publish(draft).await.unwrap();
    }
    let made = gateway.cli(&["tokens", "create", "--registered", "--output", "json"]).await.done();
    let made: serde_json::Value = serde_json::from_str(&made).unwrap();
    let web = gateway.web(certificate.client(), made["secret"].as_str()).await.unwrap();
    let by_reader = async || {
        let request = QueryListingsRequest::default();
        heard(QueryServiceClient::new(web.clone()).query_listings(request).await?.into_inner()).await
    };
    assert_eq!(reason(&by_reader().await.unwrap_err()), "NO_ASKER");

    let admit = ["invite", "office", "--name-zh", "网关办公室", "--name-en", "Office", "--region", "440300", "--here"];
    gateway.cli(&admit).await.done();
    net.settle().await;
    let answers = by_reader().await.unwrap();
    assert_eq!(told(&answers)["shenzhen"], (State::Answered, vec!["vetted".to_owned()]), "as a registered reader");
    let answers = ask(gateway, question("office", "")).await.unwrap();
    let own = vec!["kept".to_owned(), "among-us".to_owned(), "vetted".to_owned()];
    assert_eq!(told(&answers)["shenzhen"], (State::Answered, own), "as a member");
    let asked = questions(origin).await;
    assert_eq!(asked.iter().map(|question| question.registered).collect::<Vec<_>>(), [false, true]);

    // And it answers, as any member does.
    gateway.publish(offer("here").by("office").on_request()).await.unwrap();
    let answers = ask(net.node("bijie"), question("bijie", "here")).await.unwrap();
    assert_eq!(told(&answers)["office"], (State::Answered, vec!["here".to_owned()]));
    net.finish().await;
}
