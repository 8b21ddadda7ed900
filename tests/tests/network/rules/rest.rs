//! REST over real TLS, as `curl` speaks it.

use duikou_proto::v1::token::Role;
use duikou_tests::harness::{Network, Server, WebCertificate, offer, within};
use serde_json::{Value, json};

use super::{PATIENCE, listing_name};

/// A node `shenzhen` with this certificate, and the secret of an editor there.
async fn world(seed: u64, certificate: &WebCertificate) -> (Network, String) {
    let net = Network::new(seed).gateway().node("shenzhen", &["shenzhen"]).web_certificate(certificate).start().await;
    let secret = net.node("shenzhen").token("shenzhen", Role::Editor).await.unwrap();
    (net, format!("authorization: Bearer {secret}"))
}

fn tea() -> String {
    let listing = json!({
        "direction": "OFFER", "title": "spring tea", "language": "en", "regions": ["440300"],
        "project": {"investmentMin": {"currencyCode": "CNY", "units": "9007199254740993"}},
    });
    json!({"scopes": ["public"], "listing": listing}).to_string()
}

const JSON: &str = "content-type: application/json";
const ENGLISH: &str = "accept-language: en";
const TEA: &str = "/v1/members/shenzhen/listings/tea";
const CREATE: &str = "/v1/members/shenzhen/listings?listingId=tea";

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_lives_by_rest_alone() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let (net, auth) = world(901, &certificate).await;
    let node = net.node("shenzhen");
    let body = tea();
    let create: [&str; 8] = ["-H", &auth, "-H", JSON, "-H", "idempotency-key: \"first\"", "-d", &body];
    let made = node.curl(&certificate, &create, CREATE).await;
    assert_eq!(made.status, 200, "{made:?}");
    assert_eq!(made.json()["listing"]["project"]["investmentMin"]["units"], "9007199254740993");
    assert_eq!(node.curl(&certificate, &create, CREATE).await.json(), made.json(), "once, however often it is sent");
    let other = body.replace("spring", "autumn");
    let reused = node
        .curl(&certificate, &["-H", &auth, "-H", JSON, "-H", "idempotency-key: \"first\"", "-d", &other], CREATE)
        .await;
    assert_eq!((reused.status, &*reused.reason()), (422, "REQUEST_ID_REUSED"));

    for version in ["--http1.1", "--http2"] {
        let got = node.curl(&certificate, &[version], TEA).await;
        assert_eq!((got.status, got.json()), (200, made.json()), "{version}");
        assert_eq!(got.header("cache-control"), "private, no-cache");
        assert_eq!(got.header("x-content-type-options"), "nosniff");
        assert!(got.header("vary").contains("authorization"), "{got:?}");
        assert!(got.header("strict-transport-security").starts_with("max-age="), "{got:?}");
    }
    let tag = made.header("etag").to_owned();
    let held = node.curl(&certificate, &["-H", &format!("if-none-match: {tag}")], TEA).await;
    assert_eq!((held.status, held.body.len()), (304, 0));
    // What goes on on a next page is known again too.
    node.publish(offer("silk").for_scopes(&["public"])).await.unwrap();
    for path in ["/v1/members/-/listings?pageSize=1", "/v1/feed:pull?pageSize=1"] {
        // A cursor says how far the feed had come, and heads follow what was published.
        let known = async || {
            let page = node.curl(&certificate, &[], path).await;
            let held = format!("if-none-match: {}", page.header("etag"));
            let again = node.curl(&certificate, &["-H", &held], path).await;
            let statuses = (page.status, again.status, again.body.len());
            if statuses == (200, 304, 0) { Ok(()) } else { Err(format!("{path}: {again:?}")) }
        };
        within(PATIENCE, known).await.unwrap_or_else(|why| panic!("{why}"));
    }

    let patch = r#"{"listing": {"title": "autumn tea"}}"#;
    let with = format!("if-match: {tag}");
    let change: [&str; 10] = ["-X", "PATCH", "-H", &auth, "-H", JSON, "-H", &with, "-d", patch];
    assert_eq!(node.curl(&certificate, &change, TEA).await.json()["listing"]["title"], "autumn tea");
    let stale = node.curl(&certificate, &change, TEA).await;
    assert_eq!((stale.status, &*stale.reason()), (412, "ETAG_MISMATCH"));

    let listed = node.curl(&certificate, &[], "/v1/members/-/listings?filter.kinds=project&pageSize=10").await;
    assert_eq!(listed.json()["listings"][0]["name"], listing_name("shenzhen", "tea"));
    net.settle().await;
    let there = net.gateway().curl(&certificate, &[], TEA).await;
    assert_eq!(there.json()["listing"]["title"], "autumn tea", "it is everybody's listing");
    let ended = node.curl(&certificate, &["-H", &auth, "-H", JSON, "-d", "{}"], &format!("{TEA}:withdraw")).await;
    assert_eq!(ended.status, 200, "{ended:?}");
    assert_eq!(node.curl(&certificate, &[], TEA).await.status, 404);
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_a_problem_in_the_readers_language() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let (net, auth) = world(902, &certificate).await;
    let node = net.node("shenzhen");
    let body = r#"{"scopes": ["nobody"], "listing": {"title": "", "direction": "UP"}}"#;
    let bad = async |language: &str| {
        node.curl(&certificate, &["-H", &auth, "-H", JSON, "-H", language, "-d", body], CREATE).await
    };
    let (zh, en) = (bad("accept-language: zh-CN").await, bad(ENGLISH).await);
    for (answer, title) in [(&zh, "请求有误"), (&en, "The request is wrong")] {
        assert_eq!(answer.status, 400, "{answer:?}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
        let problem = answer.json();
        assert_eq!((&problem["title"], &problem["code"]), (&json!(title), &json!("INVALID_ARGUMENT")));
        assert_eq!(problem["violations"][0]["field"], "listing.direction");
        assert_eq!(problem["requestId"], *answer.header("x-request-id"));
    }
    let content = r#"{"scopes": ["nobody"], "listing": {"title": "", "direction": "OFFER", "project": {}}}"#;
    let rules = node.curl(&certificate, &["-H", &auth, "-H", JSON, "-d", content], CREATE).await;
    let fields: Vec<Value> =
        rules.json()["violations"].as_array().unwrap().iter().map(|v| v["field"].clone()).collect();
    assert!(fields.contains(&json!("listing.title")), "the services' own violations too: {fields:?}");

    node.publish(offer("letter").on_request()).await.unwrap();
    let ask = async |id: &str| {
        let answer = node.curl(&certificate, &["-H", ENGLISH], &format!("/v1/members/shenzhen/listings/{id}")).await;
        let body = String::from_utf8(answer.body.clone()).unwrap();
        let names: Vec<String> = answer.headers.keys().cloned().collect();
        (answer.status, names, body.replace(answer.header("x-request-id"), "").replace(id, "letter"))
    };
    assert_eq!(ask("letter").await, ask("absent").await, "what is not for you does not exist");
    let (large, long) = (format!("x-large: {}", "x".repeat(50_000)), format!("/v1/network?{}", "x".repeat(30_000)));
    let (packed, post) = ("content-encoding: gzip", ["-X", "POST"]);
    for (args, path, expected) in [
        (&post[..], "/feeds/x.atom", (405, "METHOD_NOT_ALLOWED")),
        (&["-X", "PUT"], "/openapi.json", (405, "METHOD_NOT_ALLOWED")),
        (&post, "/docs", (405, "METHOD_NOT_ALLOWED")),
        (&[], "/feeds/%ff.atom", (400, "INVALID")),
        (&[], &*long, (400, "INVALID")),
        (&["--http1.1", "-H", &*large], "/v1/network", (431, "HEADERS_TOO_LARGE")),
        (&["--http2", "-H", &*large], "/v1/network", (431, "HEADERS_TOO_LARGE")),
        (&["-H", &*auth, "-H", JSON, "-H", packed, "-d", "{}"], CREATE, (415, "CONTENT_ENCODING")),
    ] {
        let refused = node.curl(&certificate, args, path).await;
        let shown = path.chars().take(40).collect::<String>();
        assert_eq!((refused.status, &*refused.reason()), expected, "{shown}");
        assert_eq!(refused.header("content-type"), "application/problem+json", "{shown}");
        assert_eq!(refused.header("allow").is_empty(), refused.status != 405, "{shown}");
    }
    let one = node.curl(&certificate, &["-H", ENGLISH], &long).await.json();
    assert!(one["detail"].as_str().unwrap().starts_with("A field breaks the rules"), "{one}");
    let refused = node.curl(&certificate, &["-H", JSON, "-d", &tea()], CREATE).await;
    assert_eq!((refused.status, &*refused.reason()), (401, "TOKEN_REQUIRED"));
    assert!(refused.header("www-authenticate").starts_with("Bearer"));
    net.finish().await;
}

fn last_id(lines: &[String]) -> String {
    let id = lines.iter().rev().find_map(|line| line.strip_prefix("id: "));
    id.unwrap_or_else(|| panic!("no id in {lines:?}")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn events_go_on_after_the_server_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let (net, _) = world(903, &certificate).await;
    let node = net.node("shenzhen");
    node.publish(offer("one").for_scopes(&["public"])).await.unwrap();
    let accept = "accept: text/event-stream";
    let mut events = node.curl_lines(&certificate, &["-H", accept, "-H", "accept-encoding: gzip"], "/v1/feed:watch");
    let seen = events.until("caughtUp").await;
    assert!(seen.iter().any(|line| line.starts_with("data: ") && line.contains("listings/one")), "{seen:?}");
    node.publish(offer("two").for_scopes(&["public"])).await.unwrap();
    let seen = events.until("listings/two").await;
    let id = last_id(&seen);

    node.kill9();
    assert!(events.until("no such line").await.iter().all(|line| !line.contains("problem")), "it broke off");
    node.start().await;
    node.publish(offer("three").for_scopes(&["public"])).await.unwrap();
    let resume = format!("last-event-id: {id}");
    let mut events = node.curl_lines(&certificate, &["-H", accept, "-H", &resume], "/v1/feed:watch");
    let seen = events.until("listings/three").await;
    assert!(seen.iter().all(|line| !line.contains("listings/one") && !line.contains("listings/two")), "{seen:?}");
    // A server that stops says so; the same address goes on afterwards.
    let stopping = node.stop();
    let (last, ()) = tokio::join!(events.until("no such line"), stopping);
    assert!(last.iter().any(|line| line == "event: problem"), "{last:?}");
    node.start().await;
    let mut lines = node.curl_lines(&certificate, &[], "/v1/feed:watch");
    let seen = lines.until("caughtUp").await;
    let first: Value = serde_json::from_str(&seen[0]).expect("one document a line");
    assert!(first["listing"]["name"].is_string(), "{first}");
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browsers_are_served() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let (net, _) = world(904, &certificate).await;
    let node = net.node("shenzhen");
    let origin = "origin: https://portal.example";
    let preflight = async |method: &str, headers: &str, path: &str| {
        let method = format!("access-control-request-method: {method}");
        let headers = format!("access-control-request-headers: {headers}");
        node.curl(&certificate, &["-X", "OPTIONS", "-H", origin, "-H", &method, "-H", &headers], path).await
    };
    let asked = preflight("PATCH", "authorization,if-match", TEA).await;
    assert_eq!(asked.status, 200, "{asked:?}");
    assert_eq!(asked.header("access-control-allow-origin"), "*");
    assert!(asked.header("access-control-allow-methods").contains("PATCH"));
    assert_eq!(asked.header("access-control-allow-headers"), "authorization,if-match");
    assert_eq!(asked.header("access-control-allow-credentials"), "");
    let got = node.curl(&certificate, &["-H", origin], "/v1/network").await;
    assert_eq!(got.header("access-control-allow-origin"), "*");
    assert!(got.header("access-control-expose-headers").contains("etag"));

    for coding in ["gzip", "zstd"] {
        let accept = format!("accept-encoding: {coding}");
        let packed = node.curl(&certificate, &["-H", &accept], "/openapi.json").await;
        assert_eq!(packed.header("content-encoding"), coding);
        assert!(packed.header("etag").starts_with("W/"), "other bytes, the same meaning: {packed:?}");
        let held = format!("if-none-match: {}", packed.header("etag"));
        assert_eq!(node.curl(&certificate, &["-H", &held], "/openapi.json").await.status, 304);
    }
    let docs = node.curl(&certificate, &[], "/docs").await;
    assert!(docs.header("content-type").starts_with("text/html"));
    assert!(!docs.header("content-security-policy").contains("script"));
    assert!(String::from_utf8_lossy(&docs.body).contains("GetListing"));

    let method = "/duikou.v1.DirectoryService/GetNetwork";
    let asked = preflight("POST", "content-type,x-grpc-web", method).await;
    assert_eq!((asked.status, asked.header("access-control-allow-origin")), (200, "*"), "{asked:?}");
    let message = folder.path().join("message");
    std::fs::write(&message, [0_u8; 5]).unwrap();
    let data = format!("@{}", message.display());
    let web: [&str; 7] =
        ["-H", "content-type: application/grpc-web+proto", "-H", origin, "--http1.1", "--data-binary", &data];
    let answer = node.curl(&certificate, &web, method).await;
    assert_eq!(answer.status, 200);
    let text = String::from_utf8_lossy(&answer.body);
    assert!(text.contains("pprd.example") && text.contains("grpc-status:0"), "{text:?}");
    net.finish().await;
}

/// Whatever is at the other end of an answer that never ends is noticed when the server stops: it drains.
#[tokio::test(flavor = "multi_thread")]
async fn an_open_stream_keeps_no_server_from_stopping() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let (net, _) = world(905, &certificate).await;
    let node: &Server = net.node("shenzhen");
    let mut streams = Vec::new();
    for version in ["--http1.1", "--http2"] {
        let mut lines = node.curl_lines(&certificate, &[version, "-H", "accept: text/event-stream"], "/v1/feed:watch");
        lines.until("caughtUp").await;
        streams.push(lines);
    }
    node.stop().await;
    for mut lines in streams {
        assert!(lines.until("no such line").await.iter().any(|line| line.contains("CLOSING")));
    }
    node.start().await;
    within(PATIENCE, async || match node.curl(&certificate, &[], "/v1/network").await.status {
        200 => Ok(()),
        other => Err(other.to_string()),
    })
    .await
    .unwrap();
    net.finish().await;
}
