//! The whole way of a listing under a policy, over processes and by the command line.

use std::time::Duration;

use duikou_proto::v1::feed_event::Event;
use duikou_proto::v1::query_service_client::QueryServiceClient;
use duikou_proto::v1::token::Role;
use duikou_proto::v1::{QueryListingsRequest, WithdrawalReason};
use duikou_tests::harness::{Network, Server, WebCertificate, offer, within};
use serde_json::Value;
use tonic::Code;

use super::{Person, file, get};
use crate::rules::{Watcher, failed, listing_name, reason};

const WORD: &str = "magnoliaharvest";

async fn json(server: &Server, args: &[&str]) -> Value {
    let mut args = args.to_vec();
    args.extend(["--output", "json"]);
    let written = server.cli(&args).await.done();
    serde_json::from_str(&written).unwrap_or_else(|error| panic!("{args:?}: {error}: {written}"))
}

/// What anybody is told by any way in that could tell of a listing.
async fn is_known_nowhere(net: &Network, certificate: &WebCertificate, viewer: &str) {
    let bearer = format!("authorization: Bearer {viewer}");
    for server in net.servers() {
        for args in [&[][..], &["-H", &bearer]] {
            for path in [
                "/v1/members/shenzhen/listings/tea".to_owned(),
                "/v1/members/-/listings".to_owned(),
                "/v1/feed:pull?pageSize=1000".to_owned(),
                format!("/v1/listings:search?query={WORD}"),
                format!("/v1/listings:suggest?query={}", &WORD[..6]),
            ] {
                let answer = server.curl(certificate, args, &path).await;
                let found = answer.status == 200;
                let body = String::from_utf8(answer.body).unwrap();
                // That there is none names what was asked for.
                let told = (found && body.contains("listings/tea\"")) || body.contains(WORD);
                assert!(!told, "{} tells by {path}: {body}", server.name());
            }
        }
    }
    for server in net.servers().filter(|server| server.name() != "shenzhen") {
        server.never_received(WORD.as_bytes());
    }
    let question =
        QueryListingsRequest { asker: "members/bijie".to_owned(), words: WORD.to_owned(), ..Default::default() };
    let asked = QueryServiceClient::new(net.node("bijie").local()).query_listings(question).await;
    let mut answers = asked.unwrap().into_inner();
    while let Some(answer) = answers.message().await.unwrap() {
        assert_eq!(answer.listings, [], "a live question");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_see_was_approved_by_another_person() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(961)
        .gateway()
        .node("shenzhen", &["shenzhen"])
        .node("bijie", &["bijie"])
        .web_certificate(&certificate)
        .start()
        .await;
    let (node, other) = (net.node("shenzhen"), net.node("bijie"));
    let reviewer = Person::of(node, "shenzhen", Role::Reviewer, &certificate).await;
    let stranger = Person::of(node, "shenzhen", Role::Editor, &certificate).await;
    let viewer = node.token("shenzhen", Role::Viewer).await.unwrap();
    let mut watcher = Watcher::new(other.local(), None, "").await.unwrap();
    assert_eq!(watcher.snapshot().await, [""; 0]);

    let policy = json(node, &["drafts", "policy", "shenzhen"]).await;
    assert_eq!((&policy["rule"], &policy["isDefault"]), (&"NONE".into(), &true.into()), "programs publish as ever");
    let policy = json(node, &["drafts", "policy", "shenzhen", "--rule", "other"]).await;
    assert_eq!((&policy["rule"], &policy["isDefault"]), (&"OTHER".into(), &false.into()));

    let listing = offer("tea").titled(&format!("{WORD} tea")).listing("shenzhen");
    let path = file(folder.path(), "tea.json", &listing);
    failed(&node.cli(&["publish", &path, "--language", "en"]).await, 1, &["needs an approval first", "--submit"]);
    failed(&node.cli(&["import", &path, "--language", "en"]).await, 65, &["needs an approval first"]);
    let waits = json(node, &["publish", &path, "--submit"]).await;
    let draft = waits[0]["draft"].as_str().unwrap().to_owned();
    assert_eq!((&waits[0]["name"], &waits[0]["revision"]), (&listing_name("shenzhen", "tea").into(), &"0".into()));
    let again = json(node, &["publish", &path, "--submit"]).await;
    assert_eq!(again[0]["draft"], *draft, "handed in once");
    let listed = json(node, &["drafts", "list", "--member", "shenzhen", "--state", "submitted"]).await;
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["name"]), (1, &draft.clone().into()));
    net.settle().await;
    is_known_nowhere(&net, &certificate, &viewer).await;

    failed(&node.cli(&["drafts", "approve", &draft, "--language", "en"]).await, 2, &["approve and publish", "--yes"]);
    let own = node.cli(&["drafts", "approve", &draft, "--yes", "--language", "en"]).await;
    failed(&own, 77, &["another person must approve it"]);
    let hash = get(node, &draft).await.content_hash;
    let refused = stranger.approve(node, &draft, &hash).await.unwrap_err();
    assert_eq!((refused.code(), &*reason(&refused)), (Code::PermissionDenied, "NOT_REVIEWER"));
    let refused = reviewer.approve(node, &draft, &"0".repeat(64)).await.unwrap_err();
    assert_eq!((refused.code(), &*reason(&refused)), (Code::Aborted, "DRAFT_CHANGED"));
    is_known_nowhere(&net, &certificate, &viewer).await;
    let done = reviewer.approve(node, &draft, &hash).await.unwrap();
    assert_eq!(reviewer.approve(node, &draft, &hash).await.unwrap(), done, "a replay changes nothing");
    assert_eq!(other.sees(&done.listing).await.revision, done.revision);
    match watcher.next().await {
        Event::Listing(listing) => assert_eq!(listing.name, done.listing, "the first that is heard of it"),
        event => panic!("{event:?} before the listing"),
    }
    assert_eq!(node.get(&done.listing).await.unwrap().revision, done.revision);

    let shown = json(node, &["drafts", "show", &draft]).await;
    assert_eq!((&shown["state"], shown["approver"].as_str().unwrap().is_empty()), (&"APPROVED".into(), false));
    let next = offer("tea").titled("autumn tea").for_members(&["bijie"]).listing("shenzhen");
    let path = file(folder.path(), "next.json", &next);
    let edit = json(node, &["publish", &path, "--submit"]).await[0]["draft"].as_str().unwrap().to_owned();
    let table = node.cli(&["drafts", "diff", &edit, "--language", "en"]).await.done();
    for said in ["listing.title", "autumn tea", "-public", "+member:bijie"] {
        assert!(table.contains(said), "{said}: {table}");
    }
    failed(&node.cli(&["drafts", "return", &edit, "--reason", "which autumn?", "--language", "en"]).await, 0, &[]);
    assert_eq!(get(node, &edit).await.return_reason, "which autumn?");
    node.withdraw(&done.listing, WithdrawalReason::Filled).await.unwrap();
    other.loses(&done.listing).await;
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_is_edited_by_its_shown_form_and_an_approval_is_not_for_what_comes_after() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(962).gateway().node("shenzhen", &["shenzhen"]).web_certificate(&certificate).start().await;
    let node = net.node("shenzhen");
    let reviewer = Person::of(node, "shenzhen", Role::Reviewer, &certificate).await;
    node.cli(&["drafts", "policy", "shenzhen", "--rule", "self"]).await.done();
    let path = file(folder.path(), "tea.json", &offer("tea").titled("spring tea").listing("shenzhen"));
    let made = json(node, &["drafts", "create", &path, "--submit"]).await;
    let (name, hash) = (made[0]["name"].as_str().unwrap(), made[0]["contentHash"].as_str().unwrap());
    let mut shown = json(node, &["drafts", "show", name]).await;
    shown["listing"]["listing"]["title"] = "winter tea".into();
    let edited = folder.path().join("edited.json");
    std::fs::write(&edited, shown.to_string()).unwrap();
    let edited = edited.to_str().unwrap();
    json(node, &["drafts", "edit", edited]).await;
    failed(&node.cli(&["drafts", "edit", edited, "--language", "en"]).await, 1, &["changed it at", "Nothing was done"]);
    let late = reviewer.approve(node, name, hash).await.unwrap_err();
    assert_eq!((late.code(), &*reason(&late)), (Code::Aborted, "DRAFT_CHANGED"));
    assert_eq!(node.get("members/shenzhen/listings/tea").await.unwrap_err().code(), Code::NotFound);
    json(node, &["drafts", "submit", name]).await;
    let done = json(node, &["drafts", "approve", name, "--yes"]).await;
    assert_eq!(done[0]["listing"], listing_name("shenzhen", "tea"));
    let title = async || {
        let listing = net.gateway().get("members/shenzhen/listings/tea").await.map_err(|status| status.to_string())?;
        Ok::<_, String>(listing.listing.unwrap().title)
    };
    assert_eq!(within(Duration::from_secs(30), title).await.unwrap(), "winter tea");

    let bearer = format!("authorization: Bearer {}", reviewer.secret);
    let get = node.curl(&certificate, &["-H", &bearer], &format!("/v1/{name}")).await;
    assert_eq!((get.status, &get.json()["state"]), (200, &"APPROVED".into()));
    let policy = node.curl(&certificate, &["-H", &bearer], "/v1/members/shenzhen/approvalPolicy").await;
    assert_eq!((policy.status, &policy.json()["rule"]), (200, &"SELF".into()));
    let body = r#"{"scopes": ["public"], "listing": {"direction": "OFFER", "title": "rice", "language": "en",
        "regions": ["440300"], "project": {}}}"#;
    let create = ["-H", &bearer, "-H", "content-type: application/json", "-H", "accept-language: en", "-d", body];
    let refused = node.curl(&certificate, &create, "/v1/members/shenzhen/listings?listingId=rice").await;
    assert_eq!((refused.status, &*refused.reason()), (400, "APPROVAL_REQUIRED"));
    let waits = node.curl(&certificate, &create, "/v1/members/shenzhen/listings?listingId=rice&submit=true").await;
    let draft = waits.json()["draft"].as_str().unwrap().to_owned();
    let diff = node.curl(&certificate, &["-H", &bearer], &format!("/v1/{draft}:diff")).await;
    let body = format!(r#"{{"contentHash": {}}}"#, diff.json()["contentHash"]);
    let approve = ["-H", &bearer, "-H", "content-type: application/json", "-d", &body];
    let done = node.curl(&certificate, &approve, &format!("/v1/{draft}:approve")).await;
    assert_eq!((done.status, &done.json()["listing"]), (200, &listing_name("shenzhen", "rice").into()));
    net.finish().await;
}
