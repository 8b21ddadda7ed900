//! Links in networks as they are: behind a proxy, to peers that hang, and down for long.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use duikou_proto::v1::link_status::State;
use duikou_tests::harness::{
    NETWORK, Network, Program, SESSION_COOKIE, Server, WebCertificate, WrongClock, filled, offer, run_program, within,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::PATIENCE;

/// What a request to the proxy may weigh.
const REQUEST_BYTES: usize = 8 * 1024;

/// An HTTP proxy that knows CONNECT and nothing else.
struct Proxy {
    address: String,
    tunnels: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Proxy {
    async fn start() -> Self {
        Self::asking_for(None).await
    }

    /// One that opens no tunnel without this header.
    async fn asking_for(header: Option<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let tunnels = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&tunnels);
        let task = tokio::spawn(async move {
            // Dropped with the task, and every tunnel with it.
            let mut open = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                open.spawn(tunnel(client, Arc::clone(&count), header));
            }
        });
        Self { address, tunnels, task }
    }

    fn tunnels(&self) -> usize {
        self.tunnels.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn tunnel(mut client: TcpStream, count: Arc<AtomicUsize>, header: Option<&'static str>) -> std::io::Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        if request.len() == REQUEST_BYTES {
            return Ok(());
        }
        request.push(client.read_u8().await?);
    }
    let text = String::from_utf8_lossy(&request);
    let Some(target) = text.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next()) else {
        return client.write_all(b"HTTP/1.1 405 Method Not Allowed\r\n\r\n").await;
    };
    if header.is_some_and(|header| !text.lines().any(|line| line == header)) {
        return client.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").await;
    }
    let mut server = TcpStream::connect(target).await?;
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
    count.fetch_add(1, Ordering::Relaxed);
    copy_bidirectional(&mut client, &mut server).await.map(drop)
}

async fn state(node: &Server, wanted: &[State]) {
    let reached = async || {
        let status = node.status().await.map_err(|status| status.to_string())?;
        let there = status.links.len() == 1 && wanted.contains(&status.links[0].state());
        if there { Ok(()) } else { Err(format!("{:?}", status.links)) }
    };
    within(PATIENCE, reached).await.unwrap_or_else(|reason| panic!("{}: {reason}", node.name()));
}

const DOWN: [State; 2] = [State::Disconnected, State::Connecting];

#[tokio::test(flavor = "multi_thread")]
async fn a_link_goes_through_the_configured_proxy_and_nowhere_else() {
    let net = Network::new(751).gateway().node("shenzhen", &["shenzhen"]).node("bijie", &["bijie"]).start().await;
    let node = net.node("shenzhen");
    node.stop().await;
    let proxy = Proxy::asking_for(Some("Proxy-Authorization: Basic b2ZmaWNlOnBAc3M=")).await;
    let address = proxy.address.clone();
    node.start_with(&[("DUIKOU_LINK_PROXY", &address)]).await;
    let told = async || {
        let status = node.status().await.map_err(|status| status.to_string())?;
        let detail = format!("{:?}", status.links);
        if detail.contains("代理要求用户名和密码") { Ok(()) } else { Err(detail) }
    };
    within(PATIENCE, told).await.unwrap_or_else(|reason| panic!("without a password: {reason}"));
    node.stop().await;
    node.start_with(&[("DUIKOU_LINK_PROXY", &format!("http://office:p%40ss@{address}"))]).await;
    node.linked().await;
    assert_eq!(proxy.tunnels(), 1);
    node.publish(offer("tea")).await.unwrap();
    net.settle().await;

    drop(proxy);
    state(node, &DOWN).await;
    let status = node.status().await.unwrap();
    assert!(status.alarms.iter().any(|alarm| alarm.code == "LINK_DOWN"), "{:?}", status.alarms);
    let listener = TcpListener::bind(&address).await.unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let again = tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(tunnel(client, Arc::clone(&counted), None));
        }
    });
    node.publish(offer("mill")).await.unwrap();
    net.settle().await;
    assert!(count.load(Ordering::Relaxed) > 0);
    again.abort();
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_behind_a_proxy_joins_through_it() {
    let net = Network::new(753).gateway().start().await;
    let invite = ["invite", "zunyi", "--name-zh", "遵义", "--name-en", "Zunyi", "--region", "520300"];
    let token = net.gateway().cli(&invite).await.done();
    let (proxy, dir) = (Proxy::start().await, net.root().join("zunyi"));
    std::fs::create_dir(&dir).unwrap();
    std::fs::write(dir.join("duikou.toml"), format!("[link]\nproxy = \"{}\"\n", proxy.address)).unwrap();
    let folder = dir.display().to_string();
    run_program(Program::Node, net.root(), &["join", token.trim(), "--dir", &folder]).await.done();
    assert_eq!(proxy.tunnels(), 1);

    // Where the proxy is gone, nothing goes around it.
    let address = proxy.address.clone();
    drop(proxy);
    let invite = ["invite", "tongren", "--name-zh", "铜仁", "--name-en", "Tongren", "--region", "520600"];
    let token = net.gateway().cli(&invite).await.done();
    let refused = run_program(Program::Node, net.root(), &["join", token.trim(), "--dir", &folder]).await;
    assert_eq!(refused.code, 69, "{refused} although the proxy at {address} is gone");
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_hangs_is_found_dead_and_found_alive_again() {
    let net = Network::new(752).gateway().node("shenzhen", &["shenzhen"]).node("bijie", &["bijie"]).start().await;
    let (node, gateway) = (net.node("shenzhen"), net.gateway());
    gateway.freeze();
    state(node, &DOWN).await;
    node.publish(offer("meanwhile")).await.unwrap();
    assert_eq!(node.status().await.unwrap().links[0].unacknowledged, 1);
    gateway.thaw();
    state(node, &[State::Connected]).await;
    net.settle().await;

    node.freeze();
    let dead = async || {
        let status = gateway.status().await.map_err(|status| status.to_string())?;
        let link = status.links.iter().find(|link| link.peer.starts_with("shenzhen."));
        match link.map(|link| link.state()) {
            Some(State::Connected) => Err(format!("{:?}", status.links)),
            _ => Ok(()),
        }
    };
    within(PATIENCE, dead).await.unwrap_or_else(|reason| panic!("the gateway believes in a dead node: {reason}"));
    net.node("bijie").publish(offer("mill")).await.unwrap();
    node.thaw();
    node.linked().await;
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_hour_without_a_gateway_is_told_on_every_page_and_nothing_that_is_known_stops() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(754).gateway().node("shenzhen", &["shenzhen"]).node("bijie", &["bijie"]);
    let net = net.web_certificate(&certificate).start().await;
    let (node, gateway) = (net.node("shenzhen"), net.gateway());
    net.node("bijie").publish(offer("harbour")).await.unwrap();
    node.publish(offer("tea")).await.unwrap();
    net.settle().await;
    let page = async |path: &str| {
        let answer = node.curl(&certificate, &["-H", "accept: text/html", "-H", "accept-language: en"], path).await;
        assert_eq!(answer.status, 200, "{path}");
        String::from_utf8(answer.body).unwrap()
    };
    let told = "has not reached the gateway for more than an hour";
    assert!(!page("/").await.contains(told));

    let (clock, file) = (WrongClock::find(), net.root().join("clock"));
    WrongClock::write(&file, "+0");
    node.stop().await;
    node.start_with(&clock.told_by(&file)).await;
    node.linked().await;
    gateway.stop().await;
    state(node, &DOWN).await;
    WrongClock::write(&file, "+90m");
    node.alarms("DIRECTORY_STALE", "gateway was reached").await;
    for path in ["/", "/listings?q=harbour", "/listings/bijie/harbour"] {
        assert!(page(path).await.contains(told), "{path}");
    }
    assert!(page("/listings?q=harbour").await.contains("harbour for partner cities"), "it is found");
    node.get("members/bijie/listings/harbour").await.unwrap();
    node.publish(offer("meanwhile")).await.unwrap();
    node.replace(offer("tea").titled("another tea")).await.unwrap();
    let found = async || match page("/listings?q=meanwhile").await.contains("meanwhile for partner cities") {
        true => Ok(()),
        false => Err("not yet".to_owned()),
    };
    within(PATIENCE, found).await.unwrap();

    gateway.start().await;
    node.restart().await;
    node.linked().await;
    assert!(!page("/").await.contains(told));
    net.settle().await;
    net.node("bijie").get("members/shenzhen/listings/meanwhile").await.unwrap();
    net.finish().await;
}

/// The pages of an office.
const PAGES: [&str; 11] = [
    "/",
    "/listings",
    "/calendar",
    "/members",
    "/listings/bijie/harbour",
    "/saved",
    "/statistics",
    "/drafts",
    "/drafts/published",
    "/import",
    "/admin/approval",
];
/// Those of whoever administers its server.
const ADMINISTRATION: [&str; 6] =
    ["/admin", "/admin/accounts", "/admin/audit", "/admin/directory", "/admin/settings", "/admin/backups"];

#[tokio::test(flavor = "multi_thread")]
async fn an_office_goes_on_working_while_its_gateway_is_down() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(760).gateway().node("shenzhen", &["shenzhen"]).node("bijie", &["bijie"]);
    let net = net.web_certificate(&certificate).start().await;
    let (node, gateway) = (net.node("shenzhen"), net.gateway());
    let admin = node.let_in_administrator(&certificate).await;
    let author = node.let_in(&certificate, "author", &["shenzhen=editor"]).await;
    let reviewer = node.let_in(&certificate, "reviewer", &["shenzhen=reviewer"]).await;
    net.node("bijie").publish(offer("harbour")).await.unwrap();
    net.settle().await;
    gateway.stop().await;
    state(node, &DOWN).await;
    let page = async |session: &str, path: &str| {
        let answer = node.page(&certificate, session, path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.text()
    };
    let leads = async |session: &str, path: &str, fields: &[(&str, &str)]| {
        let answer = node.send(&certificate, session, path, fields).await;
        assert_eq!(answer.status, 303, "{path}: {}", answer.text());
        answer.header("location").to_owned()
    };
    for path in PAGES {
        page(&author, path).await;
    }
    for path in ADMINISTRATION {
        page(&admin, path).await;
    }
    assert!(page(&author, "/").await.contains("job-links"), "it is told");

    // Written, saved by itself, handed in, approved, found.
    let form = page(&author, "/drafts/new?kind=capital&direction=offer").await;
    let listing = filled(&form, "/drafts/new").into_iter().find(|(name, _)| name == "listing").unwrap().1;
    let mut fields = vec![
        ("kind", "capital"),
        ("direction", "OFFER"),
        ("title", "离线贷款"),
        ("regions", "贵州省毕节市"),
        ("instrument", "SUBSIDISED_LOAN"),
        ("body", "欢迎来函洽谈"),
        ("office", "金融办"),
        ("audience", "public"),
        ("listing", &*listing),
    ];
    let cookie = format!("cookie: {SESSION_COOKIE}={author}");
    let mut args = vec!["-H", "accept: application/json", "-H", "sec-fetch-site: same-origin", "-H", &cookie];
    let pairs: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    args.extend(pairs.iter().flat_map(|pair| ["--data-urlencode", pair.as_str()]));
    let saved = node.curl(&certificate, &args, "/drafts/new").await.json();
    assert!(saved["saved"].as_str().is_some_and(|said| said.starts_with("已保存")), "{saved}");
    let (path, etag) = (saved["path"].as_str().unwrap().to_owned(), saved["etag"].as_str().unwrap().to_owned());
    fields.extend([("etag", &*etag), ("do", "send")]);
    let send = leads(&author, &path, &fields).await;
    let hidden = |html: &str, action: &str, wanted: &str| {
        let field = filled(html, action).into_iter().find(|(name, _)| name == wanted);
        field.unwrap_or_else(|| panic!("{action} has no {wanted}: {html}")).1
    };
    let etag = hidden(&page(&author, &send).await, &send, "etag");
    assert_eq!(leads(&author, &send, &[("etag", &etag)]).await, "/drafts");
    assert!(page(&reviewer, "/").await.contains("离线贷款"), "it waits for an approval");
    let approve = format!("{path}/approve");
    let hash = hidden(&page(&reviewer, &format!("{path}/review")).await, &approve, "hash");
    let published = leads(&reviewer, &approve, &[("hash", &hash)]).await;
    assert!(page(&author, &published).await.contains("离线贷款"));
    let found = within(PATIENCE, async || {
        let html = page(&reviewer, "/listings?q=%E7%A6%BB%E7%BA%BF%E8%B4%B7%E6%AC%BE").await;
        if html.contains(&published) { Ok(()) } else { Err(html) }
    });
    found.await.unwrap_or_else(|html| panic!("it is not found: {html}"));

    // A table is read up to its preview.
    let file = format!("file=@{}/data/import/毕节_劳务_2026.xlsx", env!("CARGO_MANIFEST_DIR"));
    let args = ["-H", "accept: text/html", "-H", "sec-fetch-site: same-origin", "-H", &cookie, "-F", &file];
    let sent = node.curl(&certificate, &args, "/import").await;
    assert_eq!(sent.status, 303, "{}", sent.text());
    let (import, columns) = (sent.header("location").to_owned(), format!("{}/columns", sent.header("location")));
    let mut read = filled(&page(&author, &columns).await, &columns);
    read.iter_mut().find(|(name, _)| name == "audience").unwrap().1 = "公开".to_owned();
    let read: Vec<(&str, &str)> = read.iter().map(|(name, value)| (&**name, &**value)).collect();
    assert_eq!(leads(&author, &columns, &read).await, import);
    let preview = within(PATIENCE, async || {
        let html = page(&author, &import).await;
        if html.contains(&format!("action=\"{import}/publish\"")) { Ok(()) } else { Err(html) }
    });
    preview.await.unwrap_or_else(|html| panic!("there is no preview: {html}"));

    gateway.start().await;
    node.linked().await;
    net.node("bijie").sees(&published.replace("/listings/shenzhen/", "members/shenzhen/listings/")).await;
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_was_restarted_knows_who_has_not_come_back() {
    let net = Network::new(759).gateway().node("shenzhen", &["shenzhen"]).node("bijie", &["bijie"]).start().await;
    let (gateway, away) = (net.gateway(), net.node("bijie"));
    net.settle().await;
    away.stop().await;
    gateway.restart().await;
    net.node("shenzhen").linked().await;
    let status = gateway.status().await.unwrap();
    let row = status.links.iter().find(|link| link.peer == format!("bijie.{NETWORK}"));
    let row = row.unwrap_or_else(|| panic!("bijie is in no row: {:?}", status.links));
    assert_eq!((row.state(), &*row.detail), (State::Disconnected, "自本次启动以来尚未连接"));
    assert!(
        gateway.operator_port("/metrics").await.1.contains(&format!("duikou_link_up{{peer=\"bijie.{NETWORK}\"}} 0"))
    );
    // Not at once: they take a moment to come back.
    assert!(status.alarms.iter().all(|alarm| !alarm.message.contains("bijie")), "{:?}", status.alarms);
    away.start().await;
    away.linked().await;
    let back = gateway.status().await.unwrap().links;
    assert!(back.iter().all(|link| link.state() == State::Connected), "{back:?}");
    net.finish().await;
}
