//! Pages for people: what a browser shows, and that nobody sees on a page what they may not see.

use std::time::{SystemTime, UNIX_EPOCH};

use duikou_proto::Money;
use duikou_proto::v1::opportunity::{Details, Direction};
use duikou_proto::v1::token::Role;
use duikou_proto::v1::{Contact, Event, Link, Listing, Project, Talent, Technology, project, talent, technology};
use duikou_tests::harness::{Network, Seen, Server, WebCertificate, browse, browse_samples, offer, within};
use prost_types::Timestamp;

use super::PATIENCE;

const HTML: &str = "accept: text/html";
const DAY: i64 = 86_400;

fn in_days(days: i64) -> Option<Timestamp> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    Some(Timestamp { seconds: now as i64 + days * DAY, nanos: 0 })
}

fn yuan(units: i64) -> Option<Money> {
    Some(Money { currency_code: "CNY".to_owned(), units, nanos: 0 })
}

fn chinese(details: Details) -> impl FnOnce(&mut Listing) {
    move |listing| {
        let opportunity = listing.listing.get_or_insert_default();
        opportunity.language = "zh-CN".to_owned();
        opportunity.summary = "面向毕节市生鲜产业的全程温控服务，欢迎来函洽谈".to_owned();
        opportunity.body = "**要点**：\n\n- 方式：合作\n- 条件：[公告](https://office.example/notice)\n\n| 项目 | 数量 |\n|---|---|\n| 冷库 | 3 |\n\n<script>alert(1)</script>![x](https://tracker.example/p.png)".to_owned();
        opportunity.regions = ["520500", "440300", "522729", "DE"].map(str::to_owned).into();
        opportunity.industries = ["A", "0111"].map(str::to_owned).into();
        opportunity.tags = ["冷链", "茶叶 & 药材"].map(str::to_owned).into();
        opportunity.contact = Some(Contact {
            office: "深圳市对口合作办公室".to_owned(),
            email: "contact@shenzhen.example".to_owned(),
            ..Contact::default()
        });
        opportunity.links =
            vec![Link { title: "公告".to_owned(), url: "https://office.example/?a=1&b=2".to_owned() }];
        opportunity.details = Some(details);
    }
}

/// A listing of each kind, so that every page has something to show.
async fn publish(node: &Server) {
    let project = Project {
        cooperation_modes: vec![project::CooperationMode::Lease.into()],
        investment_min: yuan(30_000_000),
        investment_max: yuan(300_000_000),
        phase: project::Phase::Planning.into(),
        ..Project::default()
    };
    let technology = Technology {
        maturity_trl: 7,
        ip_status: technology::IpStatus::PatentGranted.into(),
        transfer_modes: vec![technology::TransferMode::Licence.into()],
        ..Technology::default()
    };
    let talent = Talent {
        supply_type: talent::SupplyType::Vacancy.into(),
        occupation_name: "冷链司机".to_owned(),
        headcount: 120,
        wage_min: yuan(5_000),
        wage_max: yuan(8_000),
        wage_period: talent::WagePeriod::Month.into(),
        ..Talent::default()
    };
    let event = Event {
        start_time: in_days(3),
        end_time: in_days(4),
        time_zone: "Asia/Shanghai".to_owned(),
        venue: "毕节会展中心".to_owned(),
        ..Event::default()
    };
    for (id, title, details) in [
        ("park", "全程冷链物流园区寻求合作", Details::Project(project)),
        ("cold", "冷链温控技术许可", Details::Technology(technology)),
        ("drivers", "招聘冷链司机", Details::Talent(talent)),
        ("fair", "冷链产业对接会", Details::Event(event)),
    ] {
        node.publish(offer(id).titled(title).with(chinese(details))).await.unwrap();
    }
    let seeking = |listing: &mut Listing| listing.listing.get_or_insert_default().set_direction(Direction::Request);
    node.publish(offer("loan").titled("Seeking a loan for cold chains").with(seeking)).await.unwrap();
}

/// Until a search page of `server` shows `title`.
async fn shows(server: &Server, certificate: &WebCertificate, args: &[&str], title: &str) {
    let shown = within(PATIENCE, async || {
        let page = server.curl(certificate, args, "/listings").await;
        let html = String::from_utf8(page.body).map_err(|error| error.to_string())?;
        if html.contains(title) { Ok(()) } else { Err(html) }
    });
    shown.await.unwrap_or_else(|html| panic!("{title} is not shown: {html}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_works_in_a_browser_in_both_languages() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(2301)
        .web_certificate(&certificate)
        .setting("site.sponsor", "深圳市人民政府办公室")
        .setting("site.icp", "粤ICP备00000000号")
        .setting("site.report_errors", "https://duikou.example/report?page=")
        .gateway()
        .node("shenzhen", &["shenzhen"])
        .node("bijie", &["bijie"])
        .start()
        .await;
    publish(net.node("shenzhen")).await;
    for server in [net.gateway(), net.node("bijie")] {
        shows(server, &certificate, &[], "全程冷链物流园区").await;
    }
    let page = |name, path| Seen { name, path, status: 200 };
    let pages = [
        page("home", "/"),
        page("search", "/listings"),
        page("search for words", "/listings?q=%E5%86%B7%E9%93%BE&kind=project&region=520000&sort=closing"),
        page("nothing found", "/listings?q=nothing-holds-this"),
        Seen { name: "wrong search", path: "/listings?q=%22x&region=nowhere&min=x", status: 400 },
        page("project", "/listings/shenzhen/park"),
        page("talent", "/listings/shenzhen/drivers"),
        page("event", "/listings/shenzhen/fair"),
        page("technology", "/listings/shenzhen/cold"),
        page("counterparts", "/listings/shenzhen/loan/counterparts"),
        page("calendar", "/calendar"),
        page("members", "/members"),
        page("member", "/members/shenzhen"),
        page("design", "/design"),
        page("token", "/sign-in/token"),
        Seen { name: "absent", path: "/listings/shenzhen/absent", status: 404 },
        Seen { name: "nowhere", path: "/nowhere", status: 404 },
    ];
    let faults = browse(&format!("https://{}", net.gateway().addresses().web), &pages).await;
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    what_pages_say(&net, &certificate).await;
    net.finish().await;
}

/// What stands on the pages of a listing and of a search, to its readers, and to whoever wrote it.
async fn what_pages_say(net: &Network, certificate: &WebCertificate) {
    let read = async |server: &Server, session: &str, path: &str| {
        let page = server.page(certificate, session, path).await;
        assert_eq!(page.status, 200, "{path}: {page:?}");
        page.text()
    };
    let gateway = net.gateway();
    let said = [
        "来源与签名",
        "签名发布，本站已核验签名",
        "公钥指纹",
        "该单位的信息在本站截至",
        "3000万–3亿元",
        "rel=\"canonical\"",
        "href=\"https://duikou.example/report?page=",
    ];
    let html = within(PATIENCE, async || {
        let html = read(gateway, "", "/listings/shenzhen/park").await;
        match said.iter().find(|said| !html.contains(**said)) {
            Some(said) => Err(format!("{said}: {html}")),
            None => Ok(html),
        }
    });
    let html = html.await.unwrap_or_else(|lacking| panic!("it does not say {lacking}"));
    assert!(!html.contains("收到情况"), "who holds it is its own office's to know: {html}");
    let data =
        html.split("<script type=\"application/ld+json\">").nth(1).and_then(|rest| rest.split("</script>").next());
    let data: serde_json::Value = serde_json::from_str(data.unwrap()).unwrap();
    assert!(data["@type"].is_string() && data.to_string().contains("全程冷链物流园区寻求合作"), "{data}");
    // Every search has its feeds, a calendar where it finds events, and what narrows it.
    let events = read(gateway, "", "/listings?kind=event").await;
    let html = read(gateway, "", "/listings?kind=project").await;
    for (kind, of_projects) in
        [("application/atom+xml", true), ("application/feed+json", true), ("text/calendar", false)]
    {
        let link = format!("<link rel=\"alternate\" type=\"{kind}\"");
        assert!(events.contains(&link) && html.contains(&link) == of_projects, "{kind}: {html}");
    }
    assert!(html.contains("href=\"/listings.atom?kind=project\""), "{html}");
    let html = read(gateway, "", "/listings").await;
    for facet in ["/listings?kind=project", "/listings?direction=offer"] {
        assert!(html.contains(&format!("href=\"{facet}\"")), "{facet}: {html}");
    }
    // An event of two days stands on both.
    let month = |html: &str| html.matches("冷链产业对接会").count();
    let now = read(gateway, "", "/calendar").await;
    let next = now.split("rel=\"next\" href=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let next = read(gateway, "", next).await;
    assert!(month(&now) + month(&next) >= 2, "{now}");
    // Its own office sees who has it since when; of what is not confirmed no time stands there as if it were.
    let session = net.node("shenzhen").let_in(certificate, "wang", &["shenzhen=editor"]).await;
    let shown = within(2 * PATIENCE, async || {
        let html = read(net.node("shenzhen"), &session, "/listings/shenzhen/park").await;
        let holders = html.split("id=\"holders\"").nth(1).and_then(|rest| rest.split("</section>").next());
        let holders = holders.unwrap_or_default().to_owned();
        for unconfirmed in holders.split("尚未确认").skip(1) {
            let told = unconfirmed.starts_with("（上次回执：20") || unconfirmed.starts_with('<');
            assert!(told, "when was that? {holders}");
        }
        let held = holders.contains("收到情况") && holders.contains("bijie") && holders.contains("已收到（20");
        if held { Ok(()) } else { Err(html) }
    });
    shown.await.unwrap_or_else(|html| panic!("nobody has it: {html}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_show_what_the_reader_may_see_and_tell_of_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(2302)
        .web_certificate(&certificate)
        .gateway()
        .node("shenzhen", &["shenzhen"])
        .node("bijie", &["bijie"])
        .start()
        .await;
    let shenzhen = net.node("shenzhen");
    shenzhen.publish(offer("open").titled("public park")).await.unwrap();
    shenzhen.publish(offer("inner").titled("hidden harbour").for_members(&["bijie"])).await.unwrap();
    let gateway = net.gateway();
    let bijie = format!("authorization: Bearer {}", gateway.token("bijie", Role::Viewer).await.unwrap());
    shows(gateway, &certificate, &["-H", HTML, "-H", &bijie], "hidden harbour").await;
    shows(gateway, &certificate, &["-H", HTML], "public park").await;
    let member = ["-H", HTML, "-H", "accept-language: en", "-H", &bijie];
    let anybody = &member[..4];
    // Every page that lists anything, as both see it.
    for path in [
        "/",
        "/listings",
        "/listings?q=harbour",
        "/listings.atom",
        "/listings.json",
        "/listings.csv",
        "/members",
        "/members.csv",
        "/members/shenzhen",
        "/calendar",
        "/listings/suggest?q=hidden",
    ] {
        let open = gateway.curl(&certificate, anybody, path).await;
        assert_eq!(open.status, 200, "{path}: {open:?}");
        let text = String::from_utf8_lossy(&open.body).into_owned();
        assert!(!text.contains("hidden harbour"), "{path} tells of it: {text}");
        assert!(!text.contains("2 listings"), "{path} counts it: {text}");
    }
    let found = gateway.curl(&certificate, &member, "/listings?q=harbour").await;
    assert!(String::from_utf8_lossy(&found.body).contains("1 listing<"), "{found:?}");
    // Absent and not for you are one answer, but for its own address and number.
    let seen = gateway.curl(&certificate, &member, "/listings/shenzhen/inner").await;
    assert_eq!(seen.status, 200, "{seen:?}");
    let told = async |id: &str| {
        let page = gateway.curl(&certificate, anybody, &format!("/listings/shenzhen/{id}")).await;
        let html = String::from_utf8_lossy(&page.body).replace(id, "");
        let number = page.header("x-request-id").to_owned();
        (page.status, html.replace(&number, ""))
    };
    assert_eq!(told("inner").await, told("outer").await);
    assert_eq!(told("inner").await.0, 404);
    // What was cached for one is not for the other.
    assert!(seen.header("vary").contains("cookie") && seen.header("vary").contains("authorization"), "{seen:?}");
    let calendar = gateway.curl(&certificate, &member, "/calendar").await;
    let tag = format!("if-none-match: {}", calendar.header("etag"));
    let with: Vec<&str> = member.iter().copied().chain(["-H", &tag]).collect();
    let again = gateway.curl(&certificate, &with, "/calendar").await;
    assert_eq!((calendar.status, again.status, again.body.len()), (200, 304, 0), "{again:?}");
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn preferences_are_kept_and_forms_of_other_sites_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(2303).web_certificate(&certificate).gateway().start().await;
    let gateway = net.gateway();
    let form = ["-H", HTML, "-d", "language=en&theme=dark&back=%2Flistings%3Fq%3Dtea"];
    let kept = gateway.curl(&certificate, &form, "/preferences").await;
    assert_eq!((kept.status, kept.header("location")), (303, "/listings?q=tea"), "{kept:?}");
    let cookies = kept.header("set-cookie");
    assert!(
        cookies.contains("language=en") && cookies.contains("theme=dark") && cookies.contains("Secure"),
        "{kept:?}"
    );
    let with = ["-H", HTML, "-H", "accept-language: zh-CN", "-H", "cookie: language=en; theme=dark"];
    let page = gateway.curl(&certificate, &with, "/listings?q=tea").await;
    let html = String::from_utf8_lossy(&page.body).into_owned();
    assert!(html.contains("<html lang=\"en\" data-theme=\"dark\">"), "{html}");
    for (header, status) in [
        ("origin: https://elsewhere.example", 403),
        ("sec-fetch-site: cross-site", 403),
        ("sec-fetch-site: same-origin", 303),
    ] {
        let sent = gateway.curl(&certificate, &["-H", header, "-d", "language=en"], "/preferences").await;
        assert_eq!(sent.status, status, "{header}: {sent:?}");
        assert_eq!(sent.headers.contains_key("set-cookie"), status == 303, "{sent:?}");
        let code = if status == 403 { "OTHER_SITE" } else { "" };
        assert_eq!(sent.reason(), code, "programs get a document");
    }
    let away = gateway.curl(&certificate, &["-d", "back=https%3A%2F%2Felsewhere.example"], "/preferences").await;
    assert_eq!(away.header("location"), "/", "{away:?}");
    let page = gateway.curl(&certificate, &["-H", HTML], "/").await;
    let policy = page.header("content-security-policy");
    for part in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "form-action 'self'"] {
        assert!(policy.contains(part), "{policy}");
    }
    let html = String::from_utf8_lossy(&page.body).into_owned();
    let style = html.split("rel=\"stylesheet\" href=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let style = gateway.curl(&certificate, &["--compressed"], style).await;
    assert_eq!(style.header("cache-control"), "public, max-age=31536000, immutable", "{:?}", style.headers);
    // Programs are answered as ever.
    let rest = gateway.curl(&certificate, &["-H", HTML], "/v1/members/nobody").await;
    assert_eq!((rest.status, &*rest.reason()), (406, "NOT_ACCEPTABLE"), "{rest:?}");
    net.finish().await;
}

/// Those too to which no scenario comes: two people on one draft, a second factor, what is asked before something is
/// deleted, an import under way.
#[tokio::test]
async fn every_page_that_there_is_is_sound() {
    let faults = browse_samples().await;
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
