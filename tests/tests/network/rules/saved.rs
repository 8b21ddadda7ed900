//! Searches that people keep: what is new in them, and since they were here last, is what they may see, and a subscription
//! made of one delivers.

use duikou_proto::v1::opportunity::Details;
use duikou_proto::v1::{Project, project};
use duikou_tests::harness::{
    Draft, Network, Seen, Server, WebCertificate, WrongClock, browse_as, filled, offer, within,
};

use super::PATIENCE;

fn project(id: &str, title: &str) -> Draft {
    let details = Project { cooperation_modes: vec![project::CooperationMode::Lease.into()], ..Project::default() };
    offer(id).titled(title).with(|listing| {
        listing.listing.get_or_insert_default().details = Some(Details::Project(details));
    })
}

/// Until a page shows a text; what it is then.
async fn shows(node: &Server, certificate: &WebCertificate, session: &str, path: &str, text: &str) -> String {
    let shown = within(PATIENCE, async || {
        let page = node.page(certificate, session, path).await.text();
        if page.contains(text) { Ok(page) } else { Err(page) }
    });
    shown.await.unwrap_or_else(|page| panic!("{path} does not show {text}: {page}"))
}

async fn send(
    node: &Server,
    certificate: &WebCertificate,
    session: &str,
    path: &str,
    fields: &[(&str, &str)],
) -> (u16, String, String) {
    let answer = node.send(certificate, session, path, fields).await;
    (answer.status, answer.header("location").to_owned(), answer.text())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_search_tells_what_is_new_to_its_owner_and_a_subscription_of_it_delivers() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(2511)
        .web_certificate(&certificate)
        .gateway()
        .node("shenzhen", &["shenzhen"])
        .node("offices", &["bijie", "zunyi"])
        .start()
        .await;
    let (shenzhen, node) = (net.node("shenzhen"), net.node("offices"));
    let bijie = node.let_in(&certificate, "li.ming", &["bijie=editor"]).await;
    let zunyi = node.let_in(&certificate, "wang.wei", &["zunyi=editor"]).await;
    let reader = node.let_in(&certificate, "zhao", &["bijie=viewer"]).await;
    shenzhen.publish(project("old", "an old park")).await.unwrap();
    shows(node, &certificate, &bijie, "/listings?kind=project", "an old park").await;
    for session in [&bijie, &zunyi] {
        let fields = [("query", "kind=project&after=x&since=5&new=1"), ("name", "parks")];
        let kept = send(node, &certificate, session, "/saved", &fields).await;
        assert_eq!((kept.0, &*kept.1), (303, "/saved"), "{kept:?}");
        let page = node.page(&certificate, session, "/saved").await.text();
        assert!(page.contains("parks") && !page.contains("条新信息"), "nothing is new yet: {page}");
    }
    let wrong = send(node, &certificate, &bijie, "/saved", &[("query", "region=nowhere"), ("name", "x")]).await;
    assert!(wrong.0 == 400 && wrong.2.contains("没有找到“nowhere”"), "{wrong:?}");

    // What is new is counted with the eyes of whoever keeps the search.
    shenzhen.publish(project("inner", "a hidden harbour").for_members(&["bijie"])).await.unwrap();
    shenzhen.publish(project("open", "an open mill")).await.unwrap();
    shenzhen.publish(offer("fund").titled("a fund")).await.unwrap();
    shows(node, &certificate, &bijie, "/saved", "2 条新信息").await;
    let theirs = shows(node, &certificate, &zunyi, "/saved", "1 条新信息").await;
    let id = theirs.split("href=\"/saved/").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned();
    let page = node.page(&certificate, &bijie, "/saved").await.text();
    let own = page.split("href=\"/saved/").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned();
    for path in [format!("/saved/{id}"), format!("/saved/{id}/subscribe"), "/saved/none".to_owned()] {
        assert_eq!(node.page(&certificate, &bijie, &path).await.status, 404, "{path}: others' are not there");
    }
    let opened = node.page(&certificate, &bijie, &format!("/saved/{own}")).await;
    let found = opened.header("location").to_owned();
    assert!(opened.status == 303 && found.starts_with("/listings?kind=project&since="), "{opened:?}");
    let marked = node.page(&certificate, &bijie, &found).await.text();
    assert!(marked.contains("an old park") && marked.contains("a hidden harbour"), "{marked}");
    assert_eq!(marked.matches("<span class=\"badge new\">").count(), 2, "{marked}");
    let only = node.page(&certificate, &bijie, &format!("{found}&new=1")).await.text();
    assert!(!only.contains("an old park") && only.contains("a hidden harbour"), "{only}");
    let page = node.page(&certificate, &bijie, "/saved").await.text();
    assert!(!page.contains("条新信息"), "it was looked at: {page}");
    assert!(node.page(&certificate, &zunyi, "/saved").await.text().contains("1 条新信息"), "by others it was not");

    // What is found is sorted and taken along; of nothing there is nothing to take.
    for (query, found) in [("kind=project", true), ("q=nowhere", false)] {
        let page = node.page(&certificate, &bijie, &format!("/listings?{query}")).await.text();
        let offered = [page.contains("/listings.xlsx?"), page.contains("class=\"sorts\"")];
        assert_eq!(offered, [found; 2], "{query}: {page}");
    }

    // Of a search with words none is made: it would deliver what nobody looked for.
    let with_words = send(node, &certificate, &bijie, "/saved", &[("query", "q=park"), ("name", "by word")]).await;
    assert_eq!(with_words.0, 303, "{with_words:?}");
    let page = node.page(&certificate, &bijie, "/saved").await.text();
    let worded = page.split("by word").next().and_then(|before| before.rsplit("href=\"/saved/").next());
    let worded = format!("/saved/{}/subscribe", worded.and_then(|rest| rest.split('"').next()).unwrap());
    assert!(page.contains("href=\"/listings.atom?q=park\"") && !page.contains(&worded), "feeds go by words: {page}");
    assert!(page.contains(&format!("href=\"/saved/{own}/subscribe\"")), "{page}");
    let page = node.page(&certificate, &bijie, &worded).await.text();
    assert!(page.contains("含检索词的检索不能建立订阅") && !page.contains("name=\"way\""), "{page}");
    assert!(page.contains("href=\"/listings.atom?q=park\""), "{page}");
    let none = send(node, &certificate, &bijie, &worded, &[("way", "page")]).await;
    assert!(none.0 == 400 && none.2.contains("含检索词的检索不能建立订阅"), "{none:?}");
    assert!(!node.page(&certificate, &bijie, "/saved").await.text().contains("href=\"/subscriptions/"));

    // A calendar and feed is made of it, whose address is shown once.
    let form = format!("/saved/{own}/subscribe");
    let page = node.page(&certificate, &bijie, &form).await.text();
    let closed = page.contains("value=\"mail\" disabled") && page.contains("本站未开通邮件");
    assert!(closed && !page.contains("name=\"address\""), "no mail is set up here: {page}");
    let mut fields = filled(&page, &form);
    fields.iter_mut().find(|(name, _)| name == "way").unwrap().1 = "page".to_owned();
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
    let made = node.send(&certificate, &bijie, &form, &fields).await.text();
    let feed = made.split("/feeds/").nth(1).and_then(|rest| rest.split(".atom").next());
    let feed = format!("/feeds/{}.atom", feed.unwrap_or_else(|| panic!("no feed: {made}")));
    let again = node.send(&certificate, &bijie, &form, &fields).await.text();
    assert!(again.contains(feed.trim_end_matches(".atom")), "pressed twice, it is one: {again}");
    shenzhen.publish(project("later", "a later dam").for_members(&["bijie"])).await.unwrap();
    shows(node, &certificate, "", &feed, "a later dam").await;
    let webhook = [("way", "webhook"), ("url", "http://10.0.0.1/x"), ("request_id", "")];
    let refused = node.send(&certificate, &bijie, &form, &webhook).await;
    assert!(refused.status == 400 && refused.text().contains("id=\"url-error\""), "{}", refused.text());
    assert!(refused.text().contains("value=\"http://10.0.0.1/x\""), "what was typed stays");
    let mail = [("way", "mail"), ("address", "li@bijie.example"), ("pace", "weekly")];
    let off = node.send(&certificate, &bijie, &form, &mail).await;
    assert!(off.status == 400 && off.text().contains("未配置邮件发送"), "{}", off.text());

    // It is the office's: all of it see it, its editors pause and end it.
    let page = node.page(&certificate, &reader, "/saved").await.text();
    let one = page.split("href=\"/subscriptions/").nth(1).and_then(|rest| rest.split('"').next());
    let one = format!("/subscriptions/{}", one.unwrap_or_else(|| panic!("no subscription: {page}")));
    assert!(!node.page(&certificate, &reader, &one).await.text().contains("/pause"));
    assert_eq!(send(node, &certificate, &reader, &format!("{one}/pause"), &[]).await.0, 403);
    assert_eq!(node.page(&certificate, &zunyi, &one).await.status, 404);
    assert_eq!(send(node, &certificate, &zunyi, &format!("{one}/delete"), &[]).await.0, 404);
    for (action, state) in [("pause", "已暂停"), ("resume", "进行中")] {
        let done = send(node, &certificate, &bijie, &format!("{one}/{action}"), &[]).await;
        assert_eq!((done.0, &*done.1), (303, &*one), "{done:?}");
        assert!(node.page(&certificate, &bijie, &one).await.text().contains(state));
    }
    let base = format!("https://{}", node.addresses().web);
    let (end, forget) = (format!("{one}/delete"), format!("/saved/{own}/delete"));
    let pages = [
        Seen { name: "saved", path: "/saved", status: 200 },
        Seen { name: "subscribe", path: &form, status: 200 },
        Seen { name: "subscription", path: &one, status: 200 },
        Seen { name: "no subscription of words", path: &worded, status: 200 },
        Seen { name: "ending a subscription", path: &end, status: 200 },
        Seen { name: "forgetting a search", path: &forget, status: 200 },
        Seen { name: "search signed in", path: &found, status: 200 },
    ];
    let faults = browse_as(&base, &bijie, &pages).await;
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    for (session, status) in [(&reader, 403), (&zunyi, 404)] {
        assert_eq!(node.page(&certificate, session, &end).await.status, status);
    }
    let asked = node.page(&certificate, &bijie, &end).await.text();
    assert!(asked.contains("parks") && asked.contains(&format!("action=\"{end}\"")), "it is asked first: {asked}");
    assert_eq!(node.curl(&certificate, &[], &feed).await.status, 200, "and nothing done before");
    let done = send(node, &certificate, &bijie, &end, &[]).await;
    assert_eq!((done.0, &*done.1), (303, "/saved"), "{done:?}");
    assert_eq!(node.curl(&certificate, &[], &feed).await.status, 404, "the address has ended");
    assert_eq!(node.page(&certificate, &zunyi, &forget).await.status, 404);
    let asked = node.page(&certificate, &bijie, &forget).await.text();
    assert!(asked.contains("parks") && asked.contains(&format!("action=\"{forget}\"")), "it is asked first: {asked}");
    assert!(node.page(&certificate, &bijie, "/saved").await.text().contains("parks"), "and nothing done before");
    let done = send(node, &certificate, &bijie, &forget, &[]).await;
    assert_eq!(done.0, 303, "{done:?}");
    assert!(!node.page(&certificate, &bijie, "/saved").await.text().contains("parks"));
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_out_as_a_table_is_what_its_taker_may_see() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net =
        Network::new(2512).web_certificate(&certificate).gateway().node("offices", &["bijie", "zunyi"]).start().await;
    let node = net.node("offices");
    let bijie = node.let_in(&certificate, "li.ming", &["bijie=viewer"]).await;
    node.publish(offer("open").titled("an open mill")).await.unwrap();
    node.publish(offer("inner").titled("a hidden harbour").for_members(&["bijie"])).await.unwrap();
    shows(node, &certificate, &bijie, "/listings", "a hidden harbour").await;
    node.publish(project("dam", "an open dam")).await.unwrap();
    shows(node, &certificate, &bijie, "/listings", "an open dam").await;
    for (path, name) in [("/listings.xlsx?kind=capital", "a.xlsx"), ("/listings.csv?kind=capital", "a.csv")] {
        let rows = async |session: &str| {
            let file = node.page(&certificate, session, path).await;
            assert_eq!(file.status, 200, "{path}: {file:?}");
            let book = duikou_node::sheets::read(&file.body, name).unwrap();
            let cells = book.sheets[0].lines.iter().flat_map(|line| line.cells.iter().map(|cell| cell.text()));
            cells.filter(|text| text.starts_with("an open") || text.starts_with("a hidden")).count()
        };
        assert_eq!((rows(&bijie).await, rows("").await), (2, 1), "{path}");
    }
    assert_eq!(node.page(&certificate, &bijie, "/drafts.xlsx").await.status, 403, "a viewer has no drafts");
    // The links of the pages lead to files of every list, whatever kinds are in it.
    let admin = node.let_in(&certificate, "manager", &["bijie=admin"]).await;
    for (page, wanted) in [
        ("/listings", "an open dam"),
        ("/drafts/published", "a hidden harbour"),
        ("/members", "zunyi"),
        ("/admin/accounts", "li.ming"),
        ("/admin/directory", "zunyi"),
    ] {
        let html = shows(node, &certificate, &admin, page, &format!("href=\"{page}.csv")).await;
        let csv = node.page(&certificate, &admin, &format!("{page}.csv")).await;
        let text = csv.text();
        assert!(csv.status == 200 && text.to_lowercase().contains(wanted), "{page}: {text}");
        let mut cells = text.lines().flat_map(|line| line.split(','));
        assert!(cells.all(|cell| !cell.starts_with(['=', '+', '@'])), "{page} has formulas: {text}");
        assert!(html.contains(&format!("href=\"{page}.xlsx")), "{page}: {html}");
        let book = node.page(&certificate, &admin, &format!("{page}.xlsx")).await;
        assert!(book.status == 200 && book.body.starts_with(b"PK"), "{page}: {}", book.status);
    }
    let both = node.page(&certificate, "", "/listings.csv").await.text();
    assert!(both.contains("类别") && both.contains("资金") && both.contains("项目"), "{both}");
    assert!(!both.contains("a hidden harbour"), "{both}");
    let trail = node.page(&certificate, &admin, "/admin/audit.xlsx").await;
    assert!(trail.status == 200 && trail.body.starts_with(b"PK"), "{}", trail.status);
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_new_since_the_last_visit_is_told_with_the_readers_eyes() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(2513)
        .web_certificate(&certificate)
        .gateway()
        .node("shenzhen", &["shenzhen"])
        .node("offices", &["bijie", "zunyi"])
        .start()
        .await;
    let (shenzhen, node) = (net.node("shenzhen"), net.node("offices"));
    let (clock, file) = (WrongClock::find(), net.root().join("clock"));
    WrongClock::write(&file, "+0");
    node.stop().await;
    node.start_with(&clock.told_by(&file)).await;
    let people = [("li.ming", "bijie=viewer"), ("wang.wei", "zunyi=viewer"), ("zhao", "bijie=viewer")];
    let mut sessions = Vec::new();
    for (login, role) in people {
        sessions.push(node.let_in(&certificate, login, &[role]).await);
    }
    let [bijie, zunyi, colleague] = &sessions[..] else { unreachable!() };
    shenzhen.publish(offer("old").titled("an old park")).await.unwrap();
    shows(node, &certificate, colleague, "/listings", "an old park").await;
    let told = "上次访问后";
    for session in [bijie, zunyi] {
        for path in ["/", "/listings"] {
            let page = node.page(&certificate, session, path).await;
            assert!(page.status == 200 && !page.text().contains(told), "{path}: it is the first visit: {page:?}");
        }
    }
    shenzhen.publish(offer("inner").titled("a hidden harbour").for_members(&["bijie"])).await.unwrap();
    shenzhen.publish(offer("open").titled("an open mill")).await.unwrap();
    for title in ["a hidden harbour", "an open mill"] {
        shows(node, &certificate, colleague, "/listings", title).await;
    }

    // Nothing is looked at for half an hour, after which sessions have ended too.
    WrongClock::write(&file, "+31m");
    let ended = within(PATIENCE, async || match node.page(&certificate, colleague, "/saved").await.status {
        303 => Ok(()),
        status => Err(status.to_string()),
    });
    ended.await.unwrap_or_else(|status| panic!("nobody's session has ended: {status}"));
    for (login, count) in [("li.ming", 2), ("wang.wei", 1)] {
        let session = node.signed_in(&certificate, login).await;
        let new = format!("{told}新发布 {count} 条");
        for path in ["/", "/listings"] {
            let html = node.page(&certificate, &session, path).await.text();
            assert!(html.contains(&new), "{login} at {path}: {html}");
            let before = html.split(&new).next().unwrap_or_default();
            let link = before.rsplit("href=\"").next().and_then(|rest| rest.split('"').next()).unwrap();
            let found = node.page(&certificate, &session, &link.replace("&#38;", "&")).await;
            let text = found.text();
            assert!(found.status == 200 && text.contains("an open mill"), "{link}: {text}");
            assert_eq!(text.contains("a hidden harbour"), count == 2, "{login} at {link}: {text}");
            assert!(!text.contains("an old park"), "{link}: {text}");
        }
        // What is new stays new while they look.
        assert!(node.page(&certificate, &session, "/").await.text().contains(&new), "{login}");
    }
    assert!(!node.page(&certificate, "", "/listings").await.text().contains(told), "nobody else was here before");
    net.leave("the clock of one server is ahead of the test's");
}
