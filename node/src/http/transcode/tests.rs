//! REST calls through the front, over a real store, without a socket.

use axum::Router;
use axum::body::Body as HttpBody;
use bytes::Bytes;
use duikou_proto::v1::token::Role;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use proptest::prelude::*;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::*;
use crate::http::headers;
use crate::services::tests::World;

struct Rest {
    world: World,
    router: Router,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

impl Rest {
    async fn new() -> Self {
        let world = World::new().await;
        let routes = Router::new().fallback_service(Transcoder::new(world.public.clone()));
        Self { router: headers::around(routes, true), world }
    }

    async fn call(&self, verb: &str, uri: &str, headers: &[(&str, &str)], body: Option<Value>) -> Answer {
        let mut request = Request::builder().method(verb).uri(uri).header("accept-language", "en");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            Some(json) => {
                request = request.header("content-type", "application/json");
                HttpBody::from(json.to_string())
            }
            None => HttpBody::empty(),
        };
        self.send(request.body(body).unwrap()).await
    }

    async fn send(&self, request: Request<HttpBody>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() };
        Answer { status: parts.status, headers: parts.headers, body }
    }

    async fn bearer(&self, member: &str, role: Role) -> String {
        format!("Bearer {}", self.world.token(member, role).await)
    }
}

impl Answer {
    fn violations(&self) -> Vec<String> {
        let list = self.body["violations"].as_array().cloned().unwrap_or_default();
        let told =
            |v: &Value| format!("{} {}", v["field"].as_str().unwrap_or("?"), v["reason"].as_str().unwrap_or("?"));
        list.iter().map(told).collect()
    }

    fn is(&self, status: u16, reason: &str) {
        assert_eq!((self.status.as_u16(), self.body["reason"].as_str()), (status, Some(reason)), "{}", self.body);
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert_eq!(self.headers["x-request-id"].to_str().ok(), self.body["requestId"].as_str());
    }
}

fn tea() -> Value {
    json!({
        "scopes": ["public"],
        "listing": {
            "direction": "OFFER", "title": "tea", "language": "en", "regions": ["440300"],
            "capital": {"instrument": "FUND", "amountMin": {"currencyCode": "CNY", "units": "9007199254740993"}},
        },
    })
}

const TEA: &str = "/v1/members/a/listings/tea";

#[tokio::test]
async fn a_listing_is_written_read_and_taken_back() {
    let rest = Rest::new().await;
    let editor = rest.bearer("a", Role::Editor).await;
    let auth = ("authorization", &*editor);
    let made = rest.call("POST", "/v1/members/a/listings?listingId=tea", &[auth], Some(tea())).await;
    assert_eq!(made.status, 200, "{}", made.body);
    assert_eq!(made.body["name"], "members/a.n.example/listings/tea");
    assert_eq!(made.body["listing"]["capital"]["amountMin"]["units"], "9007199254740993");
    assert_eq!(made.body["listing"]["summary"], "", "every key stands there");
    let got = rest.call("GET", TEA, &[], None).await;
    assert_eq!(got.body, made.body);
    let listed = rest.call("GET", "/v1/members/-/listings?filter.kinds=capital&page_size=5", &[], None).await;
    assert_eq!(listed.body, json!({"listings": [made.body], "nextPageToken": ""}));
    let none = rest.call("GET", "/v1/members/-/listings?filter.kinds=event", &[], None).await;
    assert_eq!(none.body["listings"], json!([]));

    let change = json!({"listing": {"title": "green tea"}});
    let changed = rest.call("PATCH", &format!("{TEA}?updateMask=listing.title"), &[auth], Some(change)).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    assert_eq!(changed.body["listing"]["title"], "green tea");
    let ended = rest.call("POST", &format!("{TEA}:withdraw"), &[auth], Some(json!({"reason": "FILLED"}))).await;
    assert_eq!(ended.status, 200, "{}", ended.body);
    rest.call("GET", TEA, &[], None).await.is(404, "NOT_FOUND");
}

#[tokio::test]
async fn fields_are_named_as_they_were_sent_and_masks_take_both_ways() {
    let rest = Rest::new().await;
    let editor = rest.bearer("a", Role::Editor).await;
    let auth = ("authorization", &*editor);
    for size in ["pageSize=-1", "page_size=-1"] {
        let refused = rest.call("GET", &format!("/v1/members/-/listings?{size}"), &[], None).await;
        assert_eq!(refused.violations(), ["pageSize OUT_OF_RANGE"], "{size}");
    }
    let queue = json!({"subscription": {"pull": {}, "counterpartOf": {"minScore": 101}}});
    let refused = rest.call("POST", "/v1/subscriptions", &[auth], Some(queue)).await;
    assert_eq!(refused.violations(), ["subscription.counterpartOf.minScore OUT_OF_RANGE"]);
    let queue = json!({"subscription": {"pull": {}, "counterpartOf": {}}});
    let made = rest.call("POST", "/v1/subscriptions", &[auth], Some(queue)).await;
    let name = made.body["subscription"]["name"].as_str().unwrap().to_owned();
    for (score, mask) in [(40, "counterpart_of"), (50, "counterpartOf"), (60, "label,counterpart_of")] {
        let change = json!({"counterpartOf": {"minScore": score}});
        let changed = rest.call("PATCH", &format!("/v1/{name}?updateMask={mask}"), &[auth], Some(change)).await;
        assert_eq!(changed.body["counterpartOf"]["minScore"], score, "{mask}: {}", changed.body);
    }
    let unknown = rest.call("PATCH", &format!("/v1/{name}?updateMask=nope"), &[auth], Some(json!({}))).await;
    assert_eq!(unknown.violations(), ["updateMask UNKNOWN_CODE"]);
    let said = unknown.body["violations"][0]["description"].as_str().unwrap();
    assert!(said.contains("counterpartOf") && !said.contains("counterpart_of"), "{said}");
    let negative = rest.call("POST", &format!("/v1/{name}:pull"), &[auth], Some(json!({"maxEvents": -1}))).await;
    assert_eq!(negative.violations(), ["maxEvents OUT_OF_RANGE"]);
}

#[tokio::test]
async fn conditions_and_keys_are_kept() {
    let rest = Rest::new().await;
    let editor = rest.bearer("a", Role::Editor).await;
    let auth = ("authorization", &*editor);
    let key = ("idempotency-key", "\"order 17\"");
    let uri = "/v1/members/a/listings?listingId=tea";
    let first = rest.call("POST", uri, &[auth, key], Some(tea())).await;
    assert_eq!(first.status, 200, "{}", first.body);
    assert_eq!(rest.call("POST", uri, &[auth, key], Some(tea())).await.body, first.body);
    let mut other = tea();
    other["listing"]["title"] = "coffee".into();
    rest.call("POST", uri, &[auth, key], Some(other.clone())).await.is(422, "REQUEST_ID_REUSED");
    rest.call("POST", uri, &[auth], Some(other)).await.is(409, "EXISTS");
    let bad = rest.call("POST", uri, &[auth, ("idempotency-key", "")], Some(tea())).await;
    assert_eq!(bad.violations(), ["Idempotency-Key BAD_FORMAT"]);
    let spaced = rest.call("POST", uri, &[auth, ("idempotency-key", "order 17")], Some(tea())).await;
    assert_eq!(spaced.violations(), ["Idempotency-Key BAD_FORMAT"], "a space stands within quotation marks");

    let tag = first.headers["etag"].to_str().unwrap().to_owned();
    assert_eq!(tag, format!("\"{}\"", first.body["etag"].as_str().unwrap()));
    let got = rest.call("GET", TEA, &[], None).await;
    let held = rest.call("GET", TEA, &[("if-none-match", &tag)], None).await;
    assert_eq!((held.status.as_u16(), held.body), (304, Value::Null));
    assert_eq!(held.headers["cache-control"], got.headers["cache-control"], "a cache goes on with what it holds");
    let held = rest.call("GET", TEA, &[("if-none-match", "\"x\", W/\"y\"")], None).await;
    assert_eq!(held.status, 200);
    let list = rest.call("GET", "/v1/members", &[], None).await;
    let list =
        rest.call("GET", "/v1/members", &[("if-none-match", list.headers["etag"].to_str().unwrap())], None).await;
    assert_eq!(list.status, 304, "what has no tag of its own has one of its bytes");

    let patch = || Some(json!({"listing": {"title": "green"}}));
    let changed = rest.call("PATCH", TEA, &[auth, ("if-match", &tag)], patch()).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    let stale = Some(json!({"listing": {"title": "black"}}));
    rest.call("PATCH", TEA, &[auth, ("if-match", &tag)], stale).await.is(412, "ETAG_MISMATCH");
    let end = rest.call("POST", &format!("{TEA}:withdraw"), &[auth, ("if-match", &tag)], Some(json!({}))).await;
    end.is(412, "ETAG_MISMATCH");
    let new = rest.call("POST", "/v1/members/a/listings", &[auth, ("if-match", &tag)], Some(tea())).await;
    assert_eq!(new.violations(), ["If-Match INCONSISTENT"], "what is new has no tag yet");
    let bad = rest.call("PATCH", TEA, &[auth, ("if-match", "17")], patch()).await;
    assert_eq!(bad.violations(), ["If-Match BAD_FORMAT"]);
}

#[tokio::test]
async fn a_condition_that_cannot_be_read_is_not_taken_for_none() {
    let rest = Rest::new().await;
    let editor = rest.bearer("a", Role::Editor).await;
    let auth = ("authorization", &*editor);
    let made = rest.call("POST", "/v1/members/a/listings?listingId=tea", &[auth], Some(tea())).await;
    let tag = made.headers["etag"].to_str().unwrap().to_owned();
    let patch = || Some(json!({"listing": {"title": "lost"}}));
    let refused = async |header: &str, values: &[&[u8]]| {
        let mut request = Request::builder().method("PATCH").uri(TEA).header("authorization", &editor);
        for value in values {
            request = request.header(header, http::HeaderValue::from_bytes(value).unwrap());
        }
        let body = HttpBody::from(patch().unwrap().to_string());
        rest.send(request.header("content-type", "application/json").body(body).unwrap()).await.violations()
    };
    let tag = tag.as_bytes();
    let tags: [&[&[u8]]; 5] = [&[b""], &[b" "], &[b"\"\xc3\xa9\""], &[tag, tag], &[b"*, \"1\""]];
    for values in tags {
        assert_eq!(refused("if-match", values).await, ["If-Match BAD_FORMAT"], "{values:?}");
    }
    let keys: [&[&[u8]]; 2] = [&[b"\xc3\xa9"], &[b"one", b"two"]];
    for values in keys {
        assert_eq!(refused("idempotency-key", values).await, ["Idempotency-Key BAD_FORMAT"], "{values:?}");
    }
    assert_eq!(refused("if-none-match", &[b"*"]).await, ["If-None-Match INCONSISTENT"]);
    let date = b"Tue, 01 Jan 2030 00:00:00 GMT";
    assert_eq!(refused("if-unmodified-since", &[date]).await, ["If-Unmodified-Since INCONSISTENT"]);
    assert_eq!(rest.call("GET", TEA, &[], None).await.body, made.body, "nothing of it was written");
}

#[tokio::test]
async fn what_is_to_be_there_is_not_made() {
    let rest = Rest::new().await;
    let editor = rest.bearer("a", Role::Editor).await;
    let auth = ("authorization", &*editor);
    let there = ("if-match", "*");
    let missing = format!("{TEA}?allowMissing=true");
    rest.call("PATCH", &missing, &[auth, there], Some(tea())).await.is(412, "NOT_FOUND");
    rest.call("GET", TEA, &[], None).await.is(404, "NOT_FOUND");
    rest.call("PATCH", TEA, &[auth, there], Some(tea())).await.is(404, "NOT_FOUND");
    let made = rest.call("PATCH", &missing, &[auth], Some(tea())).await;
    assert_eq!(made.status, 200, "{}", made.body);
    let change = || Some(json!({"listing": {"title": "green"}}));
    let changed = rest.call("PATCH", &format!("{missing}&updateMask=listing.title"), &[auth, there], change()).await;
    assert_eq!((changed.status.as_u16(), &changed.body["listing"]["title"]), (200, &json!("green")));
    let new = rest.call("POST", "/v1/members/a/listings", &[auth, there], Some(tea())).await;
    assert_eq!(new.violations(), ["If-Match INCONSISTENT"]);
}

#[tokio::test]
async fn every_fault_of_a_request_is_told_at_once() {
    let rest = Rest::new().await;
    let editor = rest.bearer("a", Role::Editor).await;
    let auth = ("authorization", &*editor);
    let body = json!({
        "scpoes": [], "publishTime": "yesterday",
        "listing": {"title": 5, "direction": "UP", "regions": ["440300", 7], "capital": {}, "event": {}, "tags": "x"},
    });
    let answer = rest.call("POST", "/v1/members/a/listings?listing_id=tea&validat_only=1", &[auth], Some(body)).await;
    answer.is(400, "INVALID");
    let mut told = answer.violations();
    told.sort();
    assert_eq!(
        told,
        [
            "listing.direction BAD_FORMAT",
            "listing.event INCONSISTENT",
            "listing.regions[1] BAD_FORMAT",
            "listing.tags BAD_FORMAT",
            "listing.title BAD_FORMAT",
            "publishTime BAD_FORMAT",
            "scpoes UNKNOWN_FIELD",
            "validat_only UNKNOWN_FIELD",
        ]
    );
    assert!(answer.body.to_string().contains("did you mean scopes?"), "{}", answer.body);
    let nothing = rest.call("GET", TEA, &[], None).await;
    nothing.is(404, "NOT_FOUND");

    // What only a service finds is named from the body as well.
    let mut long = tea();
    long["listing"]["title"] = "".into();
    long["scopes"] = json!(["public", "all"]);
    let answer = rest.call("POST", "/v1/members/a/listings", &[auth], Some(long)).await;
    assert_eq!(answer.violations(), ["scopes[1] BAD_FORMAT", "listing.title REQUIRED"]);
}

#[tokio::test]
async fn what_is_wrong_with_one_of_many_is_named_as_in_json() {
    let rest = Rest::new().await;
    let editor = rest.bearer("a", Role::Editor).await;
    let auth = ("authorization", &*editor);
    let mut wrong = tea();
    wrong["listing"]["capital"]["amountMin"]["currencyCode"] = "XXY".into();
    wrong["listing"]["externalCodes"] = json!([{"scheme": "INVESTMENT_PROJECT", "code": ""}]);
    let batch = json!({"requests": [{"listingId": "tea", "listing": wrong}]});
    let answer = rest.call("POST", "/v1/members/a/listings:batchCreate", &[auth], Some(batch)).await;
    let violations = answer.body["results"][0]["violations"].as_array().cloned().unwrap_or_default();
    let fields: Vec<_> = violations.iter().filter_map(|violation| violation["field"].as_str()).collect();
    assert!(fields.contains(&"listing.capital.amountMin.currencyCode"), "{}", answer.body);
    assert!(fields.contains(&"listing.externalCodes[0].code"), "{}", answer.body);
    assert!(fields.iter().all(|field| !field.contains('_')), "{fields:?}");
}

#[tokio::test]
async fn of_parameters_those_are_named_that_a_query_takes() {
    let rest = Rest::new().await;
    let told = async |uri: &str| {
        let answer = rest.call("GET", uri, &[], None).await;
        answer.is(400, "INVALID");
        answer.body["violations"][0]["description"].as_str().unwrap_or_default().to_owned()
    };
    let text = told("/v1/members/-/listings?zzz=1").await;
    assert_eq!(text, "There is no such field; there are: pageSize, pageToken, filter.", "the path gives the parent");
    assert_eq!(told(&format!("{TEA}?zzz=1")).await, "There is no such field: leave it out.");
    let text = told("/v1/members/-/listings?filter.directions=UP").await;
    assert_eq!(text, "One of these is wanted here: OFFER, REQUEST.");
}

#[tokio::test]
async fn what_http_itself_refuses_is_a_problem_too() {
    let rest = Rest::new().await;
    rest.call("GET", "/v1/nothing", &[], None).await.is(404, "NO_SUCH_PATH");
    rest.call("GET", "/v1/members/%FF", &[], None).await.is(404, "NO_SUCH_PATH");
    let other = rest.call("DELETE", "/v1/network", &[], None).await;
    other.is(405, "METHOD_NOT_ALLOWED");
    assert_eq!(other.headers["allow"], "GET, HEAD, OPTIONS");
    rest.call("GET", "/v1/network", &[("accept", "text/html")], None).await.is(406, "NOT_ACCEPTABLE");
    rest.call("GET", "/v1/network", &[], Some(json!({}))).await.is(400, "BODY_UNEXPECTED");
    let post = |kind: &str, body: HttpBody| {
        let request = Request::builder().method("POST").uri("/v1/members/a/listings").header("content-type", kind);
        request.body(body).unwrap()
    };
    rest.send(post("text/plain", "x".into())).await.is(415, "CONTENT_TYPE");
    rest.send(post("application/json", "{".into())).await.is(400, "BODY_MALFORMED");
    rest.send(post("application/json", "{\"scopes\": [], \"scopes\": []}".into())).await.is(400, "BODY_MALFORMED");
    rest.send(post("application/json", vec![b' '; REQUEST_BYTES + 1].into())).await.is(413, "BODY_TOO_LARGE");
    let anonymous = rest.call("POST", "/v1/members/a/listings?listingId=tea", &[], Some(tea())).await;
    anonymous.is(401, "TOKEN_REQUIRED");
    assert!(anonymous.headers.contains_key("www-authenticate"));
    let wrong = rest.call("GET", TEA, &[("authorization", "Bearer dk_x")], None).await;
    wrong.is(401, "TOKEN_INVALID");
    let editor = rest.bearer("a", Role::Editor).await;
    let empty = rest.call("POST", "/v1/members/a/listings", &[("authorization", &editor)], None).await;
    assert_eq!(empty.violations(), [" REQUIRED"], "the body");
}

#[tokio::test]
async fn absent_and_not_for_you_are_the_same_bytes() {
    let rest = Rest::new().await;
    rest.world.publish("a", "letter", &["member:b"]).await;
    let ask = async |id: &str| {
        let answer = rest.call("GET", &format!("/v1/members/a/listings/{id}"), &[], None).await;
        let mut headers: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
        headers.sort();
        let request_id = answer.body["requestId"].as_str().unwrap().to_owned();
        (answer.status, headers, answer.body.to_string().replace(&request_id, "").replace(id, "letter"))
    };
    assert_eq!(ask("letter").await, ask("absent").await);
}

#[tokio::test]
async fn errors_are_in_the_language_asked_for() {
    let rest = Rest::new().await;
    let zh = rest.send(Request::builder().uri(TEA).body(HttpBody::empty()).unwrap()).await;
    assert!(zh.body["detail"].as_str().unwrap().starts_with("找不到"), "{}", zh.body);
    assert_eq!(zh.headers["content-language"], "zh-CN");
    let en = rest.call("GET", TEA, &[], None).await;
    assert!(en.body["detail"].as_str().unwrap().starts_with("There is no"), "{}", en.body);
}

#[tokio::test]
async fn watching_is_a_stream_of_events_that_a_cursor_resumes() {
    let rest = Rest::new().await;
    rest.world.publish("a", "one", &["public"]).await;
    let watch = async |headers: &[(&str, &str)]| {
        let mut request = Request::builder().uri("/v1/feed:watch").header("accept", "text/event-stream");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        rest.router.clone().oneshot(request.body(HttpBody::empty()).unwrap()).await.unwrap()
    };
    let read = async |response: Response, ends: &str| {
        let mut body = response.into_body();
        let mut text = String::new();
        while !text.contains(ends) {
            let frame = body.frame().await.expect("it goes on").unwrap();
            text.push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap());
        }
        text
    };
    let response = watch(&[]).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(response.headers()["x-accel-buffering"], "no");
    let text = read(response, "caughtUp").await;
    assert!(text.starts_with("retry: 3000\n\n") && text.contains("listings/one"), "{text}");
    let id = text.lines().filter_map(|line| line.strip_prefix("id: ")).next_back().unwrap();
    rest.world.publish("a", "two", &["public"]).await;
    let text = read(watch(&[("last-event-id", id)]).await, "listings/two").await;
    assert!(!text.contains("listings/one"), "{text}");
    let text = read(watch(&[("last-event-id", "nonsense")]).await, "\"reset\"").await;
    assert!(text.contains("FOREIGN"), "{text}");
    let bad = rest.call("GET", "/v1/feed:watch?filter.regions=x", &[("accept", "text/event-stream")], None).await;
    bad.is(400, "INVALID");
}

#[test]
fn only_json_in_utf_8_is_json() {
    let is = |text: &'static str| is_json(Some(&HeaderValue::from_static(text)));
    for text in ["application/json", "Application/JSON; charset=UTF-8", "application/merge-patch+json"] {
        assert!(is(text), "{text}");
    }
    for text in ["text/json", "application/json; charset=gbk", "application/xml", ""] {
        assert!(!is(text), "{text}");
    }
    assert!(!is_json(None));
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
    ];
    let key = prop_oneof![
        "[a-z_]{0,8}",
        prop::sample::select(vec!["listing", "scopes", "capital", "event", "title", "regions", "expireTime", "name"])
            .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(key.clone(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_document_is_too_strange(json in any_json()) {
        let mut message = DynamicMessage::new(crate::contract::descriptor("duikou.v1.CreateListingRequest"));
        let mut found = Vec::new();
        whole(&mut message, json, &mut found);
        prop_assert!(found.len() <= message::VIOLATIONS);
    }

    #[test]
    fn no_bytes_are_too_strange(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
        if let Ok(json) = json::parse(&bytes) {
            let mut message = DynamicMessage::new(crate::contract::descriptor("duikou.v1.WatchRequest"));
            whole(&mut message, json, &mut Vec::new());
        }
    }

    #[test]
    fn what_is_written_reads_as_the_same(title in "\\PC{0,40}", revision in any::<i64>(), seconds in 0i64..4_000_000_000, tags in prop::collection::vec("\\PC{0,9}", 0..4)) {
        let listing = duikou_proto::v1::Listing {
            name: "members/a.n.example/listings/x".into(),
            revision,
            expire_time: Some(prost_types::Timestamp { seconds, nanos: 5_000_000 }),
            listing: Some(duikou_proto::v1::Opportunity { title, tags, ..Default::default() }),
            ..Default::default()
        };
        let descriptor = crate::contract::descriptor("duikou.v1.Listing");
        let (_, text) = unary::json(descriptor.clone(), Bytes::from(listing.encode_to_vec())).unwrap();
        let mut message = DynamicMessage::new(descriptor);
        let mut found = Vec::new();
        whole(&mut message, serde_json::from_slice(&text).unwrap(), &mut found);
        prop_assert!(found.is_empty(), "{found:?}");
        prop_assert_eq!(message.transcode_to::<duikou_proto::v1::Listing>().unwrap(), listing);
    }
}
