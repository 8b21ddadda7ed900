use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use duikou_proto::Money;
use duikou_proto::federation::Limits;
use duikou_proto::v1::batch_create_listings_response::result::Outcome;
use duikou_proto::v1::{
    BatchCreateListingsRequest, Capital, Event, Filter, GetListingRequest, ListListingsRequest, UpdateListingRequest,
    WithdrawListingRequest, WithdrawalReason,
};
use prost::Message;
use prost_types::{FieldMask, Timestamp};
use tonic::Code;

use super::*;
use crate::engine::{Halt, Reader};
use crate::services::listing::end_of_day;
use crate::time::{micros, timestamp};

fn get(name: &str) -> GetListingRequest {
    GetListingRequest { name: name.into() }
}

fn update(listing: Listing, paths: &[&str]) -> UpdateListingRequest {
    let paths: Vec<String> = paths.iter().map(ToString::to_string).collect();
    let update_mask = (!paths.is_empty()).then_some(FieldMask { paths });
    UpdateListingRequest { listing: Some(listing), update_mask, ..UpdateListingRequest::default() }
}

#[tokio::test]
async fn what_is_published_is_read_by_whom_it_is_for() {
    let world = World::new().await;
    let made = world.publish("a", "tea", &["public"]).await;
    assert_eq!(made.name, "members/a.n.example/listings/tea");
    assert_eq!(micros(made.publish_time.as_ref().unwrap()), Some(START));
    assert_eq!(micros(made.expire_time.as_ref().unwrap()), Some(end_of_day(crate::time::add_months(START, 6))));
    let read = world.anybody().get_listing(get("members/a/listings/tea")).await.unwrap().into_inner();
    assert_eq!(read, made);
    world.publish("a", "ring-only", &["circle:ring"]).await;
    let ring = "members/a/listings/ring-only";
    let (a, b) = (world.token("a", Role::Viewer).await, world.token("b", Role::Viewer).await);
    let seen = world.anybody().get_listing(bearing(&a, get(ring))).await.unwrap().into_inner();
    assert_eq!(seen.scopes, ["circle:ring"]);
    let hidden = world.anybody().get_listing(bearing(&b, get(ring))).await.unwrap_err();
    let absent = world.anybody().get_listing(bearing(&b, get("members/a/listings/ring-none"))).await.unwrap_err();
    assert_eq!((hidden.code(), absent.code()), (Code::NotFound, Code::NotFound));
    assert_eq!(hidden.message().replace("ring-only", "ring-none"), absent.message(), "nobody learns which it is");
    assert_eq!(hidden.details().len(), absent.details().len());
}

#[tokio::test]
async fn every_violation_is_named_at_once_and_nothing_is_written() {
    let world = World::new().await;
    let ahead = |time| Some(timestamp(START + time));
    let bad = Listing {
        name: "members/b/listings/other".into(),
        scopes: ["public", "all", "circle:none", "member:nobody", "public"].map(String::from).to_vec(),
        publish_time: ahead(61 * SECOND),
        expire_time: ahead(600 * DAY),
        listing: Some(Opportunity { title: String::new(), ..opportunity("") }),
        ..Listing::default()
    };
    let mut request = create("a", "tea", bad);
    request.request_id = "no-uuid".into();
    let refused = world.admin().create_listing(request).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::InvalidArgument, "INVALID"));
    assert_eq!(
        violations(&refused),
        [
            "request_id BAD_FORMAT",
            "parent INCONSISTENT",
            "listing_id INCONSISTENT",
            "scopes[1] BAD_FORMAT",
            "scopes[2] UNKNOWN_SCOPE",
            "scopes[3] UNKNOWN_SCOPE",
            "scopes[4] DUPLICATE",
            "publish_time OUT_OF_RANGE",
            "expire_time OUT_OF_RANGE",
            "listing.title REQUIRED",
        ]
    );
    let check = async |request: CreateListingRequest, expected: &[&str]| {
        let refused = world.admin().create_listing(request).await.unwrap_err();
        assert_eq!(violations(&refused), expected);
    };
    check(create("a", "-tea", listing("t", &[])), &["listing_id BAD_FORMAT"]).await;
    check(create("A", "tea", listing("t", &[])), &["parent BAD_FORMAT"]).await;
    let nameless = CreateListingRequest { listing: Some(listing("t", &[])), ..CreateListingRequest::default() };
    check(nameless, &["parent REQUIRED"]).await;
    let elsewhere = Listing { name: "members/a/heads/x".into(), ..listing("t", &[]) };
    check(create("a", "", elsewhere), &["name BAD_FORMAT"]).await;
    let bodyless = CreateListingRequest { listing: None, ..create("a", "tea", Listing::default()) };
    check(bodyless, &["listing REQUIRED"]).await;
    let many: Vec<String> = (0..17).map(|n| format!("member:m{n}")).collect();
    let many = Listing { scopes: many, ..listing("t", &[]) };
    let refused = world.admin().create_listing(create("a", "tea", many)).await.unwrap_err();
    assert_eq!(violations(&refused)[0], "scopes TOO_MANY");
    let past = Listing { expire_time: ahead(0), ..listing("t", &[]) };
    check(create("a", "tea", past), &["expire_time OUT_OF_RANGE"]).await;
    let never = Listing { publish_time: Some(Timestamp { seconds: 5, nanos: -1 }), ..listing("t", &[]) };
    check(create("a", "tea", never), &["publish_time BAD_FORMAT"]).await;
    let large = Opportunity { body: "长".repeat(20_000), ..opportunity("t") };
    let links =
        (0..16).map(|n| v1::Link { title: format!("{n}"), url: format!("https://x.example/{}", "y".repeat(900)) });
    let large = Opportunity { links: links.collect(), ..large };
    check(create("a", "tea", Listing { listing: Some(large), ..Listing::default() }), &["listing TOO_LARGE"]).await;
    assert!(world.admin().get_listing(get("members/a/listings/tea")).await.is_err());
    assert_eq!(world.engine.head(), 0, "nothing was written");
}

#[tokio::test]
async fn a_circle_that_the_member_is_not_in_is_none() {
    let world = World::new().await;
    let (inside, outside) = (world.token("a", Role::Editor).await, world.token("b", Role::Editor).await);
    let ask = async |secret: &str, member: &str, circle: &str| {
        let mut request = create(member, "tea", listing("tea", &["public", &format!("circle:{circle}")]));
        request.validate_only = true;
        world.anybody().create_listing(bearing(secret, request)).await
    };
    assert!(ask(&inside, "a", "ring").await.is_ok());
    let refused = async |circle: &str| {
        let refused = ask(&outside, "b", circle).await.unwrap_err();
        assert_eq!(violations(&refused), ["scopes[1] UNKNOWN_SCOPE"], "{circle}");
        let details = refused.get_error_details();
        details.bad_request().unwrap().field_violations[0].description.replace(circle, "NAME")
    };
    assert_eq!(refused("ring").await, refused("rung").await, "nobody learns which there are");
    let mut drafts = v1::draft_service_client::DraftServiceClient::new(world.public.clone());
    let content = listing("tea", &["circle:ring"]);
    let draft = v1::Draft { listing: Some(content), ..v1::Draft::default() };
    let draft = v1::CreateDraftRequest { parent: "members/b".into(), draft: Some(draft), ..Default::default() };
    let made = drafts.create_draft(bearing(&outside, draft)).await.unwrap().into_inner();
    assert_eq!(made.warnings[0].reason, "UNKNOWN_SCOPE");
    let submit = v1::SubmitDraftRequest { name: made.name, ..Default::default() };
    let unsubmitted = drafts.submit_draft(bearing(&outside, submit)).await.unwrap_err();
    assert_eq!(violations(&unsubmitted), ["scopes[0] UNKNOWN_SCOPE"]);

    // Who operates the server knows them all; and what a listing says already its member may leave as it is.
    world.publish("b", "kept", &["circle:ring"]).await;
    let kept = Listing { name: "members/b/listings/kept".into(), ..listing("changed", &[]) };
    let changed = world.anybody().update_listing(bearing(&outside, update(kept, &["listing.title"]))).await.unwrap();
    assert_eq!(changed.into_inner().scopes, ["circle:ring"]);
    let again = create("b", "kept", listing("imported", &["circle:ring"]));
    let batch = BatchCreateListingsRequest { parent: "members/b".into(), requests: vec![again], ..Default::default() };
    let results = world.anybody().batch_create_listings(bearing(&outside, batch)).await.unwrap().into_inner().results;
    assert_eq!(results[0].outcome(), Outcome::Updated, "{results:?}");
}

#[tokio::test]
async fn errors_speak_the_callers_language() {
    let world = World::new().await;
    let mut request = Request::new(get("members/a/listings/tea"));
    let chinese = world.anybody().get_listing(get("members/a/listings/tea")).await.unwrap_err();
    request.metadata_mut().insert("accept-language", "en".parse().unwrap());
    let english = world.anybody().get_listing(request).await.unwrap_err();
    assert!(chinese.message().starts_with("找不到") && english.message().starts_with("There is no"));
    let locale = |status: &Status| status.get_error_details().localized_message().unwrap().locale.clone();
    assert_eq!((locale(&chinese).as_str(), locale(&english).as_str()), ("zh-CN", "en"));
}

#[tokio::test]
async fn equal_content_makes_nothing_and_other_content_is_refused() {
    let world = World::new().await;
    let made = world.publish("a", "tea", &["public"]).await;
    let head = world.engine.head();
    world.pass(SECOND);
    assert_eq!(world.publish("a", "tea", &["public"]).await, made);
    assert_eq!(world.engine.head(), head);
    let other = world.admin().create_listing(create("a", "tea", listing("other", &["public"]))).await.unwrap_err();
    assert_eq!((other.code(), reason(&other).as_str()), (Code::AlreadyExists, "EXISTS"));
}

#[tokio::test]
async fn an_event_ends_the_day_after_it_ends() {
    let world = World::new().await;
    let event = |days: i64| {
        let details = Event {
            start_time: Some(timestamp(START + days * DAY)),
            end_time: Some(timestamp(START + days * DAY + 3600 * SECOND)),
            time_zone: "Asia/Shanghai".into(),
            venue: "深圳".into(),
            ..Event::default()
        };
        let opportunity = Opportunity { details: Some(Details::Event(details)), ..opportunity("meeting") };
        Listing { listing: Some(opportunity), ..Listing::default() }
    };
    let made = world.admin().create_listing(create("a", "meeting", event(10))).await.unwrap().into_inner();
    assert_eq!(micros(made.expire_time.as_ref().unwrap()), Some(START + 11 * DAY + 3600 * SECOND));
    let over = world.admin().create_listing(create("a", "over", event(-3))).await.unwrap_err();
    assert_eq!(violations(&over), ["expire_time OUT_OF_RANGE"]);
}

#[tokio::test]
async fn a_request_id_gets_one_answer_for_a_day() {
    let world = World::new().await;
    let request_id = "11111111-2222-4333-8444-555555555555".to_owned();
    let request = CreateListingRequest { request_id: request_id.clone(), ..create("a", "", listing("t", &["public"])) };
    let made = world.admin().create_listing(request.clone()).await.unwrap().into_inner();
    assert_eq!(made.name.len(), "members/a.n.example/listings/".len() + 36, "the server made a UUID");
    let again = world.admin().create_listing(request.clone()).await.unwrap().into_inner();
    assert_eq!(again, made);
    let kept = format!("{:?}", world.engine.facts::<serde_json::Value>("request", 10).await.unwrap());
    for told in [request_id.clone(), BASE64_STANDARD_NO_PAD.encode(made.encode_to_vec())] {
        assert!(!kept.contains(&told), "what is on disk is no copy of the answer, and does not open it");
    }
    let other = CreateListingRequest { listing: Some(listing("u", &["public"])), ..request.clone() };
    let refused = world.admin().create_listing(other.clone()).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::InvalidArgument, "REQUEST_ID_REUSED"));
    let end = WithdrawListingRequest {
        name: made.name.clone(),
        request_id: "21111111-2222-4333-8444-555555555555".into(),
        ..WithdrawListingRequest::default()
    };
    let ended = world.admin().withdraw_listing(end.clone()).await.unwrap().into_inner();
    assert_eq!(world.admin().withdraw_listing(end).await.unwrap().into_inner(), ended);
    let (b, account) = (world.token("b", Role::Editor).await, create("b", "mine", listing("v", &["public"])));
    let account = CreateListingRequest { request_id: request_id.clone(), ..account };
    assert!(world.anybody().create_listing(bearing(&b, account)).await.is_ok(), "ids belong to an account");
    world.pass(DAY + 1);
    assert!(world.admin().create_listing(other).await.is_ok(), "a day later it is free again");
    let remembered = world.engine.facts::<serde_json::Value>("request/local/", 10).await.unwrap();
    assert_eq!(remembered.len(), 1, "the old ones are forgotten");
}

#[tokio::test]
async fn the_same_request_at_the_same_time_is_carried_out_once() {
    let world = World::new().await;
    let request_id = "31111111-2222-4333-8444-555555555555".to_owned();
    let request = CreateListingRequest { request_id, ..create("a", "", listing("t", &["public"])) };
    let calls = (0..8).map(|_| {
        let (mut client, request) = (world.admin(), request.clone());
        async move { client.create_listing(request).await.unwrap().into_inner().name }
    });
    let names: std::collections::BTreeSet<String> = futures_util::future::join_all(calls).await.into_iter().collect();
    assert_eq!(names.len(), 1);
    assert_eq!(world.engine.counts()["a.n.example"].records, 1);
}

#[tokio::test]
async fn an_update_changes_what_its_mask_says() {
    let world = World::new().await;
    let rich = Capital {
        instrument: v1::capital::Instrument::Debt.into(),
        amount_max: Some(Money { currency_code: "CNY".into(), units: 5, nanos: 500_000_000 }),
        conditions: "first".into(),
        ..Capital::default()
    };
    let mut content = listing("title", &["public"]);
    content.listing.as_mut().unwrap().details = Some(Details::Capital(rich));
    let made = world.admin().create_listing(create("a", "money", content)).await.unwrap().into_inner();
    let patch = |change: fn(&mut Opportunity)| {
        let mut body = Opportunity::default();
        change(&mut body);
        Listing { name: "members/a/listings/money".into(), listing: Some(body), ..Listing::default() }
    };
    let send = async |request: UpdateListingRequest| {
        world.pass(SECOND);
        world.admin().update_listing(request).await.map(tonic::Response::into_inner)
    };
    let capital = |listing: &Listing| match listing.listing.as_ref().unwrap().details.clone() {
        Some(Details::Capital(capital)) => capital,
        other => panic!("{other:?}"),
    };
    let titled = send(update(patch(|o| o.title = "new".into()), &[])).await.unwrap();
    let body = titled.listing.clone().unwrap();
    assert_eq!((body.title.as_str(), body.regions.len()), ("new", 1), "what is not given stays");
    assert!(titled.revision > made.revision && titled.etag != made.etag && titled.publish_time == made.publish_time);
    let whole = send(update(
        patch(|o| {
            let amount_max = Some(Money { currency_code: "CNY".into(), units: 7, nanos: 0 });
            o.details = Some(Details::Capital(Capital { amount_max, ..Capital::default() }));
        }),
        &[],
    ));
    let whole = capital(&whole.await.unwrap());
    assert_eq!(whole.amount_max.unwrap().nanos, 0, "an amount is one value");
    assert_eq!(whole.conditions, "first");
    let cleared = send(update(patch(|o| o.title = "unused".into()), &["listing.capital.conditions", "revision"])).await;
    let cleared = cleared.unwrap();
    assert_eq!((capital(&cleared).conditions.as_str(), &*cleared.listing.unwrap().title), ("", "new"));
    let unknown = send(update(patch(|_| {}), &["listing.nothing", "scopes", "*"])).await.unwrap_err();
    assert_eq!(violations(&unknown), ["update_mask.paths[0] UNKNOWN_FIELD", "update_mask.paths[2] UNKNOWN_FIELD"]);
    let replaced = Listing { name: made.name.clone(), ..listing("all", &["network"]) };
    let kind = send(update(replaced, &["*"])).await.unwrap_err();
    assert_eq!((kind.code(), reason(&kind).as_str()), (Code::FailedPrecondition, "KIND_CHANGED"));
    let narrowed = send(update(patch(|_| {}), &["scopes"])).await.unwrap();
    assert!(narrowed.scopes.is_empty() && narrowed.listing.is_some());
}

#[tokio::test]
async fn an_etag_guards_a_change_and_an_absent_name_is_made_only_on_request() {
    let world = World::new().await;
    let made = world.publish("a", "tea", &["public"]).await;
    world.pass(SECOND);
    let change =
        |title: &str, etag: &str| Listing { name: made.name.clone(), etag: etag.into(), ..listing(title, &["public"]) };
    let first = world.admin().update_listing(update(change("one", &made.etag), &[])).await.unwrap().into_inner();
    for etag in [made.etag.as_str(), "nonsense"] {
        let stale = world.admin().update_listing(update(change("two", etag), &[])).await.unwrap_err();
        assert_eq!((stale.code(), reason(&stale).as_str()), (Code::Aborted, "ETAG_MISMATCH"));
    }
    let stale = WithdrawListingRequest { name: made.name.clone(), etag: made.etag.clone(), ..Default::default() };
    assert_eq!(world.admin().withdraw_listing(stale).await.unwrap_err().code(), Code::Aborted);
    let dry = UpdateListingRequest { validate_only: true, ..update(change("dry", &first.etag), &[]) };
    world.admin().update_listing(dry).await.unwrap();
    let held = world.admin().get_listing(get(&made.name)).await.unwrap().into_inner();
    assert_eq!(held, first);
    let absent = Listing { name: "members/a/listings/new".into(), ..listing("new", &["public"]) };
    let missing = world.admin().update_listing(update(absent.clone(), &[])).await.unwrap_err();
    assert_eq!(missing.code(), Code::NotFound);
    let upsert = UpdateListingRequest { allow_missing: true, ..update(absent, &[]) };
    assert!(world.admin().update_listing(upsert).await.is_ok());
    let foreign = Listing { name: "members/c/listings/x".into(), ..listing("x", &[]) };
    let foreign = world.admin().update_listing(update(foreign, &[])).await.unwrap_err();
    assert_eq!((foreign.code(), reason(&foreign).as_str()), (Code::FailedPrecondition, "NOT_HOSTED"));
}

#[tokio::test]
async fn a_withdrawal_is_repeated_without_effect_and_deletion_is_final() {
    let world = World::new().await;
    let made = world.publish("a", "tea", &["public"]).await;
    let end = |reason: WithdrawalReason| WithdrawListingRequest {
        name: made.name.clone(),
        reason: reason.into(),
        ..WithdrawListingRequest::default()
    };
    let bad = world.admin().withdraw_listing(end(WithdrawalReason::Expired)).await.unwrap_err();
    assert_eq!(violations(&bad), ["reason UNKNOWN_CODE"]);
    let first = world.admin().withdraw_listing(end(WithdrawalReason::Deleted)).await.unwrap().into_inner();
    world.pass(SECOND);
    let again = world.admin().withdraw_listing(end(WithdrawalReason::Deleted)).await.unwrap().into_inner();
    assert!(first.revision > made.revision && again == first);
    assert_eq!(world.anybody().get_listing(get(&made.name)).await.unwrap_err().code(), Code::NotFound);
    let back = world.admin().create_listing(create("a", "tea", listing("tea", &["public"]))).await.unwrap_err();
    assert_eq!((back.code(), reason(&back).as_str()), (Code::FailedPrecondition, "DELETED"));
    world.publish("a", "secret", &[]).await;
    let unseen = WithdrawListingRequest { name: "members/a/listings/secret".into(), ..Default::default() };
    assert_eq!(world.admin().withdraw_listing(unseen).await.unwrap().into_inner().revision, 0);
}

#[tokio::test]
async fn pages_go_on_where_they_ended_and_only_for_the_same_request() {
    let world = World::new().await;
    for n in 0..5 {
        world.publish("a", &format!("t{n}"), &[if n == 2 { "network" } else { "public" }]).await;
    }
    world.publish("b", "other", &["public"]).await;
    let ask = |parent: &str, page_size: i32, page_token: &str| ListListingsRequest {
        parent: parent.into(),
        page_size,
        page_token: page_token.into(),
        filter: None,
    };
    let (mut names, mut token) = (Vec::new(), String::new());
    loop {
        let page = world.anybody().list_listings(ask("members/-", 2, &token)).await.unwrap().into_inner();
        assert!(page.listings.len() <= 2);
        names.extend(page.listings.into_iter().map(|listing| listing.name));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    let short: Vec<&str> = names.iter().map(|name| name.rsplit('/').next().unwrap()).collect();
    assert_eq!(short, ["t0", "t1", "t3", "t4", "other"]);
    let page = world.anybody().list_listings(ask("members/a", 2, "")).await.unwrap().into_inner();
    let token = page.next_page_token;
    assert_eq!(page.listings.len(), 2);
    let a = world.token("a", Role::Viewer).await;
    let filter = Some(Filter { kinds: vec!["project".into()], ..Filter::default() });
    for (request, secret) in [
        (ask("members/b", 2, &token), ""),
        (ListListingsRequest { filter, ..ask("members/a", 2, &token) }, ""),
        (ask("members/a", 2, &token), a.as_str()),
        (ask("members/a", 2, "nonsense"), ""),
    ] {
        let request = if secret.is_empty() { Request::new(request) } else { bearing(secret, request) };
        let refused = world.anybody().list_listings(request).await.unwrap_err();
        assert_eq!(violations(&refused), ["page_token INCONSISTENT"]);
    }
    let larger = world.anybody().list_listings(ask("members/a", 50, &token)).await.unwrap().into_inner();
    assert_eq!((larger.listings.len(), larger.next_page_token.as_str()), (2, ""), "the size may change");
    let negative = world.anybody().list_listings(ask("members/a", -1, "")).await.unwrap_err();
    assert_eq!(violations(&negative), ["page_size OUT_OF_RANGE"]);
    let everything = world.anybody().list_listings(bearing(&a, ask("members/a", 0, ""))).await.unwrap().into_inner();
    assert_eq!(everything.listings.len(), 5, "a member sees its own");
    let wanted = Filter { kinds: vec!["talent".into()], ..Filter::default() };
    let none = ListListingsRequest { filter: Some(wanted), ..ask("members/-", 0, "") };
    assert!(world.anybody().list_listings(none).await.unwrap().into_inner().listings.is_empty());
    let elsewhere = world.anybody().list_listings(ask("members/c", 0, "")).await.unwrap().into_inner();
    assert!(elsewhere.listings.is_empty(), "a member without listings");
    let nobody = world.anybody().list_listings(ask("members/nobody", 0, "")).await.unwrap_err();
    assert_eq!(nobody.code(), Code::NotFound);
}

#[tokio::test]
async fn in_a_batch_each_stands_by_itself() {
    let world = World::new().await;
    world.publish("a", "same", &["public"]).await;
    world.publish("a", "old", &["public"]).await;
    world.pass(SECOND);
    let request = |member: &str, id: &str, title: &str| CreateListingRequest {
        parent: if member.is_empty() { String::new() } else { format!("members/{member}") },
        ..create("a", id, listing(title, &["public"]))
    };
    let requests = vec![
        request("", "same", "same"),
        request("", "old", "changed"),
        request("a", "new", "new"),
        request("", "bad", ""),
        request("b", "wrong", "t"),
    ];
    let batch = |validate_only| BatchCreateListingsRequest {
        parent: "members/a".into(),
        requests: requests.clone(),
        validate_only,
        ..BatchCreateListingsRequest::default()
    };
    let head = world.engine.head();
    let told = |response: v1::BatchCreateListingsResponse| -> Vec<(String, Outcome, String)> {
        let told = response.results.into_iter().map(|result| {
            let id = result.name.rsplit('/').next().unwrap().to_owned();
            let field = result.violations.first().map(|v| format!("{} {}", v.field, v.reason)).unwrap_or_default();
            (id, result.outcome(), field)
        });
        told.collect()
    };
    let expected: Vec<(String, Outcome, String)> = [
        ("same", Outcome::Unchanged, ""),
        ("old", Outcome::Updated, ""),
        ("new", Outcome::Created, ""),
        ("bad", Outcome::Refused, "listing.title REQUIRED"),
        ("wrong", Outcome::Refused, "parent INCONSISTENT"),
    ]
    .map(|(id, outcome, field)| (id.to_owned(), outcome, field.to_owned()))
    .into();
    let dry = world.admin().batch_create_listings(batch(true)).await.unwrap().into_inner();
    assert_eq!((told(dry), world.engine.head()), (expected.clone(), head), "a trial writes nothing");
    let done = world.admin().batch_create_listings(batch(false)).await.unwrap().into_inner();
    assert!(done.results[2].revision > 0);
    assert_eq!(told(done), expected);
    let many = BatchCreateListingsRequest { requests: vec![request("", "x", "x"); 1001], ..batch(false) };
    assert_eq!(violations(&world.admin().batch_create_listings(many).await.unwrap_err()), ["requests TOO_MANY"]);
}

#[tokio::test]
async fn what_is_written_at_once_does_not_pass_the_limit_together() {
    let mut world = World::new().await;
    world.act(Action::Limits(Limits { listings_per_member: 3 })).await;
    world.publish("a", "first", &["public"]).await;
    let batch = |ids: [&str; 3]| BatchCreateListingsRequest {
        parent: "members/a".into(),
        requests: ids.map(|id| create("a", id, listing(id, &["public"]))).into(),
        ..BatchCreateListingsRequest::default()
    };
    let outcomes = async |ids| {
        let answer = world.admin().batch_create_listings(batch(ids)).await.unwrap().into_inner();
        answer.results.iter().map(v1::batch_create_listings_response::Result::outcome).collect::<Vec<_>>()
    };
    assert_eq!(outcomes(["second", "third", "fourth"]).await, [Outcome::Created, Outcome::Created, Outcome::Refused]);
    let end = WithdrawListingRequest { name: "members/a/listings/first".into(), ..WithdrawListingRequest::default() };
    world.admin().withdraw_listing(end).await.unwrap();
    assert_eq!(outcomes(["fourth", "fifth", "third"]).await, [Outcome::Created, Outcome::Refused, Outcome::Unchanged]);
}

#[tokio::test]
async fn batches_that_come_together_are_written_one_after_another() {
    // Two of them are more than one transaction holds: what each signs is guessed while the one before is written.
    const ROWS: usize = 300;
    const APART: usize = 100;
    let world = World::new().await;
    let batch = |number: usize| {
        let request = |row: usize| create("a", &format!("n{row}"), listing(&format!("batch {number}"), &["public"]));
        BatchCreateListingsRequest {
            parent: "members/a".into(),
            requests: (number * APART..number * APART + ROWS).map(request).collect(),
            ..BatchCreateListingsRequest::default()
        }
    };
    let calls = (0..4).map(|number| {
        let mut admin = world.admin();
        async move { admin.batch_create_listings(batch(number)).await.unwrap().into_inner().results }
    });
    let answers: Vec<_> = futures_util::future::join_all(calls).await.concat();
    assert!(answers.is_sorted_by(|one, next| one.revision < next.revision), "each follows the one before");
    for (place, answer) in answers.iter().enumerate() {
        let known = place >= ROWS && place % ROWS < ROWS - APART;
        assert_eq!(answer.outcome() == Outcome::Updated, known, "{place}: {answer:?}");
    }
    for row in 0..ROWS + 3 * APART {
        let name = format!("members/a.n.example/listings/n{row}").parse().unwrap();
        let (part, _) = world.engine.get(&name, &Reader::Operator).await.unwrap().unwrap();
        let last = answers.iter().rev().find(|answer| answer.name == name.as_str()).unwrap();
        assert_eq!(part.revision(), last.revision);
        let claim = part.claim(key_of("a").public());
        assert!(claim.key.verify(&claim.signature, &claim.input).is_ok());
        let title = Opportunity::decode(part.body()).unwrap().title;
        assert_eq!(title, format!("batch {}", (row / APART).min(3)));
    }
}

#[tokio::test]
async fn only_an_editor_writes_and_only_for_its_member() {
    let world = World::new().await;
    let request = || create("a", "tea", listing("tea", &["public"]));
    let anonymous = world.anybody().create_listing(request()).await.unwrap_err();
    assert_eq!((anonymous.code(), reason(&anonymous).as_str()), (Code::Unauthenticated, "TOKEN_REQUIRED"));
    for (member, role) in [("a", Role::Viewer), ("b", Role::Editor)] {
        let secret = world.token(member, role).await;
        let refused = world.anybody().create_listing(bearing(&secret, request())).await.unwrap_err();
        assert_eq!((refused.code(), reason(&refused).as_str()), (Code::PermissionDenied, "NOT_PERMITTED"));
    }
    let editor = world.token("a", Role::Editor).await;
    assert!(world.anybody().create_listing(bearing(&editor, request())).await.is_ok());
    world.engine.halt(Some(Halt::Clock { ahead_seconds: 700 }));
    let halted = world.admin().create_listing(create("a", "new", listing("new", &[]))).await.unwrap_err();
    assert_eq!((halted.code(), reason(&halted).as_str()), (Code::FailedPrecondition, "CLOCK_OFF"));
    assert!(world.admin().get_listing(get("members/a/listings/tea")).await.is_ok(), "reading goes on");
}
