//! On a server whose operator does not say where people reach it: pages and feeds lead back by the way that their reader
//! came, and errors are reported to whoever is known.

use std::time::{SystemTime, UNIX_EPOCH};

use duikou_proto::v1::opportunity::Details;
use duikou_proto::v1::{Contact, Event};
use duikou_tests::harness::{Draft, Network, Server, WebCertificate, offer, plain, within};
use prost_types::Timestamp;
use serde_json::Value;

use super::PATIENCE;

const DAY: i64 = 86_400;
const HTML: &str = "accept: text/html";

fn fair() -> Draft {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let at = |days: i64| Some(Timestamp { seconds: now as i64 + days * DAY, nanos: 0 });
    offer("fair").titled("Highland tea fair").with(move |listing| {
        let opportunity = listing.listing.get_or_insert_default();
        opportunity.contact = Some(Contact { email: "tea@shenzhen.example".to_owned(), ..Contact::default() });
        opportunity.details = Some(Details::Event(Event {
            start_time: at(3),
            end_time: at(4),
            registration_deadline: at(2),
            time_zone: "Asia/Shanghai".to_owned(),
            online_url: "https://live.example/fair".to_owned(),
            ..Event::default()
        }));
    })
}

/// What a server answers to requests that name it in some way.
struct Named<'a> {
    server: &'a Server,
    certificate: &'a WebCertificate,
    args: Vec<String>,
}

impl Named<'_> {
    async fn get(&self, path: &str) -> String {
        let args: Vec<&str> = ["-H", HTML].into_iter().chain(self.args.iter().map(String::as_str)).collect();
        let answer = self.server.curl(self.certificate, &args, path).await;
        assert_eq!(answer.status, 200, "{path} {:?}: {}", self.args, answer.text());
        answer.text()
    }

    /// Of a feed in all its forms and of the page of the fair: where they lead. `feed` is without its ending.
    async fn leads(&self, feed: &str) -> Vec<String> {
        let (mut found, quoted) = (Vec::new(), |text: &str, start: &str| -> Vec<String> {
            let all = text.split(start).skip(1);
            all.map(|rest| rest.split('"').next().unwrap_or_default().to_owned()).collect()
        });
        let atom = self.get(&format!("{feed}.atom")).await;
        assert!(atom.contains("Highland tea fair"), "{atom}");
        let entry = atom.split("<entry>").nth(1).unwrap_or_default();
        found.extend(quoted(entry, "<link href=\""));
        let json: Value = serde_json::from_str(&self.get(&format!("{feed}.json")).await).unwrap();
        assert_eq!(json["items"][0]["title"], "Highland tea fair", "{json}");
        found.extend([&json["feed_url"], &json["items"][0]["url"]].map(|url| url.as_str().unwrap_or("-").to_owned()));
        let calendar = self.get(&format!("{feed}.ics")).await.replace("\r\n ", "");
        assert!(calendar.contains("CONFERENCE;VALUE=URI:https://live.example/fair"), "{calendar}");
        found.extend(calendar.lines().filter_map(|line| line.strip_prefix("URL:")).map(str::to_owned));
        found
    }

    /// Where the page of the fair says that it is.
    async fn page(&self) -> [String; 2] {
        let html = self.get("/listings/shenzhen/fair").await;
        let after = |start: &str| html.split(start).nth(1).unwrap_or_else(|| panic!("no {start}: {html}"));
        let canonical = after("rel=\"canonical\" href=\"").split('"').next().unwrap_or_default();
        let data = after("<script type=\"application/ld+json\">").split("</script>").next().unwrap_or_default();
        let data: Value = serde_json::from_str(data).unwrap();
        [plain(canonical), data["url"].as_str().unwrap_or_default().to_owned()]
    }
}

async fn shows(server: &Server, certificate: &WebCertificate, path: &str, text: &str) -> String {
    let shown = within(PATIENCE, async || {
        let page = server.curl(certificate, &["-H", HTML], path).await.text();
        if page.contains(text) { Ok(page) } else { Err(page) }
    });
    shown.await.unwrap_or_else(|page| panic!("{path} does not show {text}: {page}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn feeds_and_pages_lead_back_by_the_address_that_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(2601).web_certificate(&certificate).gateway().node("shenzhen", &["shenzhen"]).start().await;
    let (gateway, node) = (net.gateway(), net.node("shenzhen"));
    node.publish(fair()).await.unwrap();
    shows(gateway, &certificate, "/listings", "Highland tea fair").await;
    shows(node, &certificate, "/listings", "Highland tea fair").await;
    let secret = node.cli(&["subscriptions", "create", "atom"]).await.done();
    let secret = secret.trim().strip_suffix(".atom").unwrap_or_else(|| panic!("{secret}")).to_owned();
    let name = super::listing_name("shenzhen", "fair");
    let place = format!("/listings/{}", name.trim_start_matches("members/").replace("/listings/", "/"));

    for (server, feed) in [(gateway, "/listings"), (node, "/listings"), (node, &*secret)] {
        let own = format!("https://{}", server.addresses().web);
        let named = |args: &[&str]| Named {
            server,
            certificate: &certificate,
            args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        };
        let ways = [
            (named(&[]), &*own),
            (named(&["-H", "host: duikou.example"]), "https://duikou.example"),
            (named(&["--http1.1", "-H", "host: Duikou.Example:8443"]), "https://duikou.example:8443"),
            (named(&["--http1.1", "-H", "host: other.example:443"]), "https://other.example"),
        ];
        // More than once within the moment for which pages are kept: nobody is shown another's address.
        for (way, origin) in ways.iter().chain(&ways) {
            let (page, own) = (format!("{origin}{place}"), format!("{origin}{feed}.json"));
            assert_eq!(way.leads(feed).await, [&*page, &own, &page, &page, &page], "{feed} {:?}", way.args);
            let page = format!("{origin}/listings/shenzhen/fair");
            assert_eq!(way.page().await, [&*page, &page], "{:?}", way.args);
        }
        let there = ways[0].0.leads(feed).await[0].replacen(&own, "", 1);
        assert!(ways[0].0.get(&there).await.contains("Highland tea fair"), "it leads to the listing");

        // What is no host stands nowhere.
        for host in ["x\"><script>", "a b", "me@evil.example", "evil.example/x", "evil.example:x", ""] {
            let header = if host.is_empty() { "host;".to_owned() } else { format!("host: {host}") };
            let way = named(&["--http1.1", "-H", &header]);
            assert_eq!(way.leads(feed).await, ["-", "-"], "{feed} {host:?}");
            assert_eq!(way.page().await, ["/listings/shenzhen/fair"; 2], "{host:?}");
            let html = way.get("/listings").await;
            assert!(!html.contains("evil") && !html.contains("x\"><script>"), "{host:?}: {html}");
        }
    }
    net.finish().await;
}

/// The addresses in the link of a page by which an error on it is reported.
fn reported(html: &str) -> String {
    let foot = html.split("class=\"foot-links\">").nth(1).and_then(|rest| rest.split("</p>").next());
    let foot = foot.unwrap_or_else(|| panic!("no foot: {html}"));
    let link = foot.split("<a href=\"").skip(1).find(|link| link.contains("我要纠错"));
    link.map_or_else(String::new, |link| plain(link.split('"').next().unwrap_or_default()))
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_are_reported_to_whoever_answers_for_the_page_else_for_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(2602).web_certificate(&certificate).gateway().node("shenzhen", &["shenzhen"]).start().await;
    let gateway = net.gateway();
    net.node("shenzhen").publish(fair()).await.unwrap();
    net.node("shenzhen").publish(offer("fund").titled("A fund that names nobody")).await.unwrap();
    shows(gateway, &certificate, "/listings", "A fund that names nobody").await;
    shows(gateway, &certificate, "/listings", "Highland tea fair").await;
    let report = async |path: &str| reported(&gateway.curl(&certificate, &["-H", HTML], path).await.text());
    let office = "mailto:tea@shenzhen.example?subject=";
    let fair = report("/listings/shenzhen/fair").await;
    let here = format!("https://{}/listings/shenzhen/fair", gateway.addresses().web);
    let here = here.replace(':', "%3A").replace('/', "%2F");
    assert!(fair.starts_with(office) && fair.contains("&body=") && fair.contains(&here), "{fair}");
    for path in ["/listings/shenzhen/fund", "/members/shenzhen", "/listings/shenzhen/fair/counterparts"] {
        let to = report(path).await;
        assert!(to.starts_with(office), "{path}: {to}");
    }
    assert_eq!(report("/listings").await, "", "nobody is known");
    let doctor = async || gateway.cli(&["doctor", "--language", "en"]).await.done();
    let told = doctor().await;
    assert!(told.contains("advice") && told.contains("site.report_errors"), "{told}");

    // The address from which the server sends mails, where somebody reads what comes back.
    let with = [
        ("DUIKOU_MAIL_SERVER", "127.0.0.1:9"),
        ("DUIKOU_MAIL_TLS", "off"),
        ("DUIKOU_DELIVERY_URL", "https://duikou.example"),
    ];
    for (from, told) in [("Office <office@gate.example>", "mailto:office@gate.example?"), ("no-reply@gate.example", "")]
    {
        gateway.stop().await;
        gateway.start_with(&[with.as_slice(), &[("DUIKOU_MAIL_FROM", from)]].concat()).await;
        let (listings, fair) = (report("/listings").await, report("/listings/shenzhen/fair").await);
        assert!(listings.starts_with(told) && listings.is_empty() == told.is_empty(), "{from}: {listings}");
        assert!(fair.starts_with(office) && fair.contains("duikou.example%2Flistings"), "{from}: {fair}");
    }

    // What the office says goes before all.
    for (key, value) in [
        ("site.report_errors", "https://zhaocuo.example/?url="),
        ("site.sponsor", "某市人民政府办公室"),
        ("site.code", "0000000000"),
    ] {
        gateway.cli(&["settings", "set", key, value]).await.done();
    }
    for path in ["/", "/listings", "/listings/shenzhen/fair", "/members/shenzhen", "/nowhere"] {
        let to = report(path).await;
        assert!(to.starts_with("https://zhaocuo.example/?url=https%3A%2F%2Fduikou.example"), "{path}: {to}");
    }
    let told = doctor().await;
    assert!(!told.contains("site.") && !told.contains("advice"), "{told}");
    net.finish().await;
}
