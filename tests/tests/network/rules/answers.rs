//! What a search and a listing offer beside what was looked for: counterparts with their reasons, what says the same, what
//! somebody who types may mean; and the lists of an office as tables.

use duikou_proto::v1::{ExternalCode, external_code};
use duikou_tests::harness::{
    Draft, Network, Server, WebCertificate, filled, offer, request, search_in_a_browser, within,
};

use super::PATIENCE;

/// Growing rice.
const RICE: &str = "0111";
/// The number of a project in the public register.
const CODE: &str = "2402-520500-04-01-123456";

fn about(draft: Draft) -> Draft {
    draft.with(|listing| listing.listing.get_or_insert_default().industries = vec![RICE.to_owned()])
}

fn registered(draft: Draft) -> Draft {
    draft.with(|listing| {
        let code = ExternalCode {
            scheme: external_code::Scheme::InvestmentProject.into(),
            code: CODE.to_owned(),
            register: String::new(),
        };
        listing.listing.get_or_insert_default().external_codes = vec![code];
    })
}

/// Until a page shows all of these to whoever has this session.
async fn shows(server: &Server, certificate: &WebCertificate, session: &str, path: &str, texts: &[&str]) -> String {
    let shown = within(PATIENCE, async || {
        let page = server.page(certificate, session, path).await.text();
        match texts.iter().find(|text| !page.contains(**text)) {
            Some(lacking) => Err(format!("{lacking}: {page}")),
            None => Ok(page),
        }
    });
    shown.await.unwrap_or_else(|lacking| panic!("{path} does not show {lacking}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_shows_what_answers_it_and_why_and_what_says_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(2603)
        .web_certificate(&certificate)
        .gateway()
        .node("shenzhen", &["shenzhen"])
        .node("bijie", &["bijie"])
        .start()
        .await;
    let (shenzhen, bijie) = (net.node("shenzhen"), net.node("bijie"));
    bijie.publish(about(request("sought").titled("求购高山稻谷基金"))).await.unwrap();
    shenzhen.publish(about(offer("fund").titled("Highland rice fund"))).await.unwrap();
    let words = "A sound text of some length about terraces, mills and the water between them, word for word the same.";
    for id in ["mill", "kiln"] {
        bijie.publish(offer(id).titled("Terraces and mills").saying(words)).await.unwrap();
    }
    for (id, title) in [("dam", "A dam above the town"), ("lake", "Standing water, to be shared")] {
        bijie.publish(registered(offer(id).titled(title))).await.unwrap();
    }

    // At the gateway, to anybody.
    let gateway = net.gateway();
    let path = "/listings/bijie/sought/counterparts";
    let page =
        shows(gateway, &certificate, "", path, &["Highland rice fund", "class=\"score\"", "class=\"reasons\""]).await;
    let reasons = page.split("<ul class=\"reasons\">").nth(1).and_then(|rest| rest.split("</ul>").next()).unwrap();
    let reasons: Vec<&str> = reasons.split("<li>").skip(1).map(|one| one.split("</li>").next().unwrap()).collect();
    assert!(reasons.len() > 1 && reasons.iter().any(|reason| reason.contains("行业")), "{reasons:?}");
    assert!(
        page.contains(&format!("href=\"{path}.csv\"")) && page.contains(&format!("href=\"{path}.xlsx\"")),
        "{page}"
    );
    let csv = gateway.page(&certificate, "", &format!("{path}.csv")).await.text();
    assert!(csv.contains("Highland rice fund") && reasons.iter().all(|reason| csv.contains(reason)), "{csv}");
    assert!(!csv.contains("Terraces"), "what does not answer is not in it: {csv}");
    let book = gateway.page(&certificate, "", &format!("{path}.xlsx")).await;
    assert!(book.status == 200 && book.body.starts_with(b"PK"), "{}", book.status);

    let alike = |html: &str| {
        let panel = html.split("id=\"alike\"").nth(1).and_then(|rest| rest.split("</section>").next());
        panel.unwrap_or_default().to_owned()
    };
    let page =
        shows(gateway, &certificate, "", "/listings/bijie/mill", &["id=\"alike\"", "/listings/bijie/kiln"]).await;
    assert!(alike(&page).contains("/listings/bijie/kiln") && !alike(&page).contains("/lake"), "{page}");
    let page = shows(gateway, &certificate, "", "/listings/bijie/dam", &["id=\"alike\"", "/listings/bijie/lake"]).await;
    assert!(alike(&page).contains("/lake") && alike(&page).contains(CODE), "the number is why: {page}");
    let page = gateway.page(&certificate, "", "/listings/shenzhen/fund").await.text();
    assert_eq!(alike(&page), "", "nothing says what it says: {page}");
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_types_is_offered_what_they_may_mean() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(2604).web_certificate(&certificate).gateway().node("shenzhen", &["shenzhen"]).start().await;
    let node = net.node("shenzhen");
    node.publish(offer("fund").titled("冷链物流基金")).await.unwrap();
    shows(net.gateway(), &certificate, "", "/listings", &["冷链物流基金"]).await;
    for typed in ["%E5%86%B7%E9%93%BE", "lenglian"] {
        let offered = net.gateway().curl(&certificate, &[], &format!("/listings/suggest?q={typed}")).await.json();
        assert_eq!(offered, serde_json::json!(["冷链物流基金"]), "{typed}");
    }
    let nothing = net.gateway().curl(&certificate, &[], "/listings/suggest?q=zzz").await.json();
    assert_eq!(nothing, serde_json::json!([]));
    let base = format!("https://{}", net.gateway().addresses().web);
    let faults = search_in_a_browser(&base, "冷链", "冷链物流基金").await;
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_list_of_an_office_and_its_administrators_is_a_table_too() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(2605)
        .web_certificate(&certificate)
        .gateway()
        .node("shenzhen", &["shenzhen"])
        .node("bijie", &["bijie"])
        .circle("pan-prd", &["shenzhen", "bijie"])
        .start()
        .await;
    let node = net.node("bijie");
    net.node("shenzhen").publish(offer("tea")).await.unwrap();
    net.settle().await;
    let admin = node.let_in(&certificate, "manager", &["bijie=admin"]).await;
    let form = node.page(&certificate, &admin, "/drafts/new?kind=capital&direction=offer").await.text();
    let mut fields = filled(&form, "/drafts/new");
    fields.retain(|(name, _)| name != "title");
    fields
        .extend([("title", "县里的稻米基金"), ("do", "save")].map(|(name, value)| (name.to_owned(), value.to_owned())));
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
    let begun = node.send(&certificate, &admin, "/drafts/new", &fields).await;
    assert_eq!(begun.status, 303, "{}", begun.text());
    let kept = [("query", "kind=capital"), ("name", "funds")];
    assert_eq!(node.send(&certificate, &admin, "/saved", &kept).await.status, 303);
    let saved = node.page(&certificate, &admin, "/saved").await.text();
    let id = saved.split("href=\"/saved/").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned();
    let form = format!("/saved/{id}/subscribe");
    let asked = node.page(&certificate, &admin, &form).await.text();
    let mut fields = filled(&asked, &form);
    fields.iter_mut().filter(|(name, _)| name == "way").for_each(|(_, value)| *value = "page".to_owned());
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
    let made = node.send(&certificate, &admin, &form, &fields).await;
    assert_eq!(made.status, 200, "{}", made.text());

    for (page, file, wanted) in [
        ("/admin", "/admin/links", vec!["gateway", "已连接"]),
        ("/admin", "/admin/completeness", vec!["shenzhen", "完整"]),
        ("/admin/directory", "/admin/circles", vec!["pan-prd", "bijie", "shenzhen"]),
        ("/drafts", "/drafts", vec!["县里的稻米基金"]),
        ("/saved", "/subscriptions", vec!["funds"]),
    ] {
        let html = shows(node, &certificate, &admin, page, &[&format!("href=\"{file}.xlsx")]).await;
        let link = html.split(&format!("href=\"{file}.csv")).nth(1).and_then(|rest| rest.split('"').next());
        let link = format!("{file}.csv{}", link.unwrap_or_else(|| panic!("{page} has no {file}.csv: {html}")));
        let csv = shows(node, &certificate, &admin, &link, &wanted).await;
        assert!(csv.lines().count() >= 2, "{link}: {csv}");
        let book = node.page(&certificate, &admin, &format!("{file}.xlsx")).await;
        assert!(book.status == 200 && book.body.starts_with(b"PK"), "{file}: {}", book.status);
    }
    // A list that is narrowed is narrowed as a table.
    for (state, lines) in [("draft", true), ("returned", false)] {
        let csv = node.page(&certificate, &admin, &format!("/drafts.csv?state={state}")).await;
        assert_eq!((csv.status, csv.text().contains("县里的稻米基金")), (200, lines), "{state}: {}", csv.text());
    }
    net.finish().await;
}
