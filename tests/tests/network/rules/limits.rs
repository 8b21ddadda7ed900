//! What one caller may take, and whose tokens are good for how long.

use duikou_proto::v1::directory_service_client::DirectoryServiceClient;
use duikou_proto::v1::token::Role;
use duikou_proto::v1::{GetNetworkRequest, ListTokensRequest, token_service_client::TokenServiceClient};
use duikou_tests::harness::{Network, WebCertificate, WebClient, offer, within};
use rustls_pki_types::ServerName;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::{PATIENCE, Watcher, failed, reason};

async fn ask(web: &WebClient) -> Result<(), Status> {
    DirectoryServiceClient::new(web.clone()).get_network(GetNetworkRequest {}).await.map(drop)
}

/// A refusal for this reason, with the time to wait.
fn waits(refused: &Status, why: &str) {
    assert_eq!((refused.code(), &*reason(refused)), (Code::ResourceExhausted, why));
    assert!(refused.get_details_retry_info().and_then(|info| info.retry_delay).is_some(), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn too_much_is_refused_with_the_time_to_wait() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(911).gateway().node("shenzhen", &["shenzhen"]).web_certificate(&certificate).start().await;
    let node = net.node("shenzhen");
    node.stop().await;
    // Six at once, and then one in a minute would be too slow for a test: one a second.
    node.start_with(&[
        ("DUIKOU_LIMITS_ADDRESS_REQUESTS", "1"),
        ("DUIKOU_LIMITS_ADDRESS_BURST", "6"),
        ("DUIKOU_LIMITS_TOKEN_REQUESTS", "1"),
        ("DUIKOU_LIMITS_TOKEN_BURST", "80"),
    ])
    .await;
    let web = node.web(certificate.client(), None).await.unwrap();
    let mut refused = None;
    for _ in 0..60 {
        if let Err(status) = ask(&web).await {
            refused = Some(status);
            break;
        }
    }
    waits(&refused.expect("sixty are more than six and one a second"), "REQUEST_LIMIT");
    let answers = async |args: &[&str]| {
        let mut last = node.curl(&certificate, args, "/v1/network").await;
        for _ in 0..60 {
            if last.status == 429 {
                break;
            }
            last = node.curl(&certificate, args, "/v1/network").await;
        }
        last
    };
    let answer = answers(&["-H", "accept-language: en"]).await;
    assert_eq!((answer.status, &*answer.reason()), (429, "REQUEST_LIMIT"), "gRPC and REST have one limit");
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(answer.header("x-request-id"), answer.json()["requestId"], "a problem like any other");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(answer.header("ratelimit"), "\"requests\";r=0;t=6");
    assert_eq!(answer.header("ratelimit-policy"), "\"requests\";q=6;w=6");

    let secret = node.token("shenzhen", Role::Viewer).await.unwrap();
    let holder = node.web(certificate.client(), Some(&secret)).await.unwrap();
    for _ in 0..60 {
        ask(&holder).await.expect("a token has its own limit");
        node.list("members/-").await.expect("the administrator has none");
    }
    let mut refused = None;
    for _ in 0..200 {
        refused = refused.or(ask(&holder).await.err());
    }
    waits(&refused.expect("more than eighty and one a second"), "REQUEST_LIMIT");
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_sent_a_minutes_worth_waits() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(914).gateway().node("shenzhen", &["shenzhen"]).web_certificate(&certificate).start().await;
    let node = net.node("shenzhen");
    node.stop().await;
    node.start_with(&[("DUIKOU_LIMITS_ADDRESS_BYTES", "32 KiB"), ("DUIKOU_LIMITS_TOKEN_BYTES", "32 KiB")]).await;
    let whole = node.curl(&certificate, &[], "/openapi.json").await;
    assert!(whole.status == 200 && whole.body.len() > 32 * 1024, "one piece is never held back");
    let refused = node.curl(&certificate, &["-H", "accept-language: en"], "/v1/network").await;
    assert_eq!((refused.status, &*refused.reason()), (429, "BYTE_LIMIT"));
    assert!(refused.header("retry-after").parse::<u64>().is_ok_and(|seconds| (1..=60).contains(&seconds)));
    let web = node.web(certificate.client(), None).await.unwrap();
    let refused = ask(&web).await.unwrap_err();
    assert_eq!((refused.code(), &*reason(&refused)), (Code::ResourceExhausted, "BYTE_LIMIT"));
    let secret = node.token("shenzhen", Role::Viewer).await.unwrap();
    let holder = node.web(certificate.client(), Some(&secret)).await.unwrap();
    ask(&holder).await.expect("a token has its own limit");
    let bearer = format!("authorization: Bearer {secret}");
    let whole = node.curl(&certificate, &["-H", &bearer], "/openapi.json").await;
    assert!(whole.status == 200 && whole.body.len() > 32 * 1024);
    waits(&ask(&holder).await.unwrap_err(), "BYTE_LIMIT");
    let refused = node.curl(&certificate, &["-H", &bearer], "/v1/network").await;
    assert!(refused.header("retry-after").parse::<u64>().is_ok_and(|seconds| (1..=60).contains(&seconds)));
    net.finish().await;
}

/// A connection to the public listener over TLS, without anything said.
async fn silent(address: &str, certificate: &WebCertificate) -> TlsStream<TcpStream> {
    let connection = TcpStream::connect(address).await.unwrap();
    let name = ServerName::IpAddress(std::net::Ipv4Addr::LOCALHOST.into());
    TlsConnector::from(certificate.client()).connect(name, connection).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_nothing_or_does_not_come_to_an_end_is_let_go() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(915).gateway().node("shenzhen", &["shenzhen"]).web_certificate(&certificate).start().await;
    let address = net.node("shenzhen").addresses().web;
    let ends = async |said: &[u8]| {
        let mut connection = silent(&address, &certificate).await;
        connection.write_all(said).await.unwrap();
        let mut rest = Vec::new();
        let ended = tokio::time::timeout(PATIENCE, connection.read_to_end(&mut rest)).await;
        assert!(ended.is_ok(), "{:?} is listened to for ever", String::from_utf8_lossy(said));
    };
    tokio::join!(ends(b""), ends(b"GET /v1"), ends(b"GET /v1/network HTTP/1.1\r\nhost: x\r\nx-slow: "));
    assert_eq!(net.node("shenzhen").curl(&certificate, &[], "/v1/network").await.status, 200);
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_writes_all_before_it_reads_hears_why_it_was_refused() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(916).gateway().node("shenzhen", &["shenzhen"]).web_certificate(&certificate).start().await;
    let address = net.node("shenzhen").addresses().web;
    let body = vec![b' '; 9 * 1024 * 1024];
    let secret = net.node("shenzhen").token("shenzhen", Role::Editor).await.unwrap();
    let bearer = format!("authorization: Bearer {secret}\r\n");
    let listings = "/v1/members/shenzhen/listings";
    for (path, shown, expected) in [(listings, &*bearer, "413"), (listings, "", "401"), ("/v1/no/such/path", "", "404")]
    {
        let mut connection = silent(&address, &certificate).await;
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\n{shown}content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        connection.write_all(head.as_bytes()).await.unwrap();
        connection.write_all(&body).await.expect("all of it is taken");
        let mut answer = [0; 12];
        connection.read_exact(&mut answer).await.unwrap();
        assert_eq!(std::str::from_utf8(&answer), Ok(&*format!("HTTP/1.1 {expected}")));
    }
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_under_way_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(912).gateway().node("shenzhen", &["shenzhen"]).web_certificate(&certificate).start().await;
    let node = net.node("shenzhen");
    node.stop().await;
    node.start_with(&[("DUIKOU_LIMITS_ADDRESS_CALLS", "2"), ("DUIKOU_LIMITS_TOKEN_CALLS", "1")]).await;
    let web = node.web(certificate.client(), None).await.unwrap();
    let mut first = Watcher::new(web.clone(), None, "").await.unwrap();
    first.snapshot().await;
    let mut second = node.curl_lines(&certificate, &["-H", "accept: text/event-stream"], "/v1/feed:watch");
    second.until("caughtUp").await;
    let refused = Watcher::new(web.clone(), None, "").await.err().expect("two are all");
    waits(&refused, "CALL_LIMIT");
    let secret = node.token("shenzhen", Role::Viewer).await.unwrap();
    let holder = node.web(certificate.client(), Some(&secret)).await.unwrap();
    let mut only = Watcher::new(holder.clone(), None, "").await.expect("a token has its own limit");
    only.snapshot().await;
    waits(&Watcher::new(holder, None, "").await.err().expect("one is all that a token has here"), "CALL_LIMIT");
    drop(first);
    let again = async || Watcher::new(web.clone(), None, "").await.map_err(|status| status.to_string());
    within(PATIENCE, again).await.expect("one that ended makes room");
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_enterprise_stops_reading_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(913).gateway().node("shenzhen", &["shenzhen"]).web_certificate(&certificate).start().await;
    let gateway = net.gateway();
    let create = async |id: &str, code: &str| {
        let args =
            ["enterprises", "create", id, "--name-zh", "某公司", "--credit-code", code, "--contact", "a@b.example"];
        gateway.cli(&args).await
    };
    failed(&create("acme", "91350100M000100Y44").await, 65, &["统一社会信用代码无效"]);
    create("acme", "91350100M000100Y43").await.done();
    failed(&create("other", "91350100M000100Y43").await, 1, &["已登记"]);
    let made = gateway.cli(&["tokens", "create", "--enterprise", "acme", "--area", "read", "--output", "json"]).await;
    let made: Value = serde_json::from_str(&made.done()).unwrap();
    assert_eq!(made["token"]["enterprise"], "enterprises/acme");
    let secret = made["secret"].as_str().unwrap();
    net.node("shenzhen").publish(offer("vetted").for_scopes(&["registered"])).await.unwrap();
    net.settle().await;
    let web = gateway.web(certificate.client(), Some(secret)).await.unwrap();
    let mut watcher = Watcher::new(web.clone(), None, "").await.unwrap();
    assert_eq!(watcher.snapshot().await.len(), 1);
    let refused = TokenServiceClient::new(web.clone()).list_tokens(ListTokensRequest {}).await.unwrap_err();
    assert_eq!(reason(&refused), "OTHER_AREA");
    let bearer = format!("authorization: Bearer {secret}");
    let mut events =
        gateway.curl_lines(&certificate, &["-H", &bearer, "-H", "accept: text/event-stream"], "/v1/feed:watch");
    events.until("caughtUp").await;

    gateway.cli(&["enterprises", "suspend", "acme", "--reason", "checks", "--yes"]).await.done();
    let end = watcher.try_next().await.unwrap_err();
    assert_eq!((end.code(), &*reason(&end)), (Code::Unauthenticated, "READER_SUSPENDED"));
    assert!(events.until("READER_SUSPENDED").await.iter().any(|line| line == "event: problem"));
    assert_eq!(reason(&ask(&web).await.unwrap_err()), "READER_SUSPENDED");
    assert!(gateway.cli(&["enterprises", "list"]).await.done().contains("已暂停"));
    gateway.restart().await;
    let web = gateway.web(certificate.client(), Some(secret)).await.unwrap();
    assert_eq!(reason(&ask(&web).await.unwrap_err()), "READER_SUSPENDED", "it outlives a restart");
    gateway.cli(&["enterprises", "resume", "acme"]).await.done();
    ask(&web).await.expect("it reads again");
    let listed = gateway.cli(&["tokens", "list", "--output", "jsonl"]).await.done();
    assert!(listed.contains("\"lastUseTime\":\"2"), "{listed}");
    gateway.cli(&["enterprises", "remove", "acme", "--yes"]).await.done();
    assert_eq!(reason(&ask(&web).await.unwrap_err()), "TOKEN_INVALID");
    net.finish().await;
}
