//! The editor of each kind in a browser, with scripts and without, and the pages to which it leads.

use duikou_proto::v1::draft_service_client::DraftServiceClient;
use duikou_proto::v1::{CreateDraftRequest, Draft, ListDraftsRequest};
use duikou_tests::harness::{Network, Seen, WebCertificate, browse_as, offer, within, write_as};
use serde_json::{Value, json};

use super::super::PATIENCE;
use super::super::spreadsheets::day;
use super::{Clerk, action, hand_in, hidden};

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_the_editor_works_in_a_browser() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(2504)
        .web_certificate(&certificate)
        .gateway()
        .node("shenzhen", &["shenzhen"])
        .node("bijie", &["bijie"])
        .start()
        .await;
    let node = net.node("shenzhen");
    let base = format!("https://{}", node.addresses().web);
    let author = Clerk::of(node, &certificate, "author", "shenzhen=editor").await;
    let admin = Clerk::of(node, &certificate, "admin", "shenzhen=admin").await;
    let faults = write_as(&base, &author.session, forms()).await;
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    // An import that waits, approved together.
    let rows = (0..12).map(|number| offer(&format!("tea-{number}")).titled(&format!("茶 {number}")));
    hand_in(node, "shenzhen", rows).await;
    let request = ListDraftsRequest { parent: "members/shenzhen".to_owned(), ..ListDraftsRequest::default() };
    let drafts = DraftServiceClient::new(node.local()).list_drafts(request).await.unwrap().into_inner().drafts;
    let path = |batch: &str| {
        let draft = drafts.iter().find(|draft| draft.batch == batch).unwrap();
        format!("/drafts/shenzhen/{}", draft.name.rsplit('/').next().unwrap())
    };
    let (written, waiting) = (path(""), path("b-1"));
    let ready = Draft { listing: Some(offer("ready").titled("待发").listing("shenzhen")), ..Draft::default() };
    let parent = "members/shenzhen".to_owned();
    let made = CreateDraftRequest { parent, draft: Some(ready), ..CreateDraftRequest::default() };
    let made = DraftServiceClient::new(node.local()).create_draft(made).await.unwrap().into_inner();
    let send = format!("/drafts/shenzhen/{}/send", made.name.rsplit('/').next().unwrap());
    let review = format!("{waiting}/review");
    let forget = format!("{written}/delete");
    let check = format!("{written}?check");
    let seen = |name, path| Seen { name, path, status: 200 };
    let mut pages = vec![
        seen("drafts", "/drafts"),
        seen("new listing", "/drafts/new"),
        seen("checked", &check),
        seen("sending", &send),
        seen("deleting", &forget),
        seen("review", &review),
        seen("review of an import", "/drafts/review?batch=b-1"),
        seen("rule", "/admin/approval"),
    ];
    // Between them they have every way in which a field is asked for.
    let editors = ["capital", "talent", "event"]
        .map(|kind| (format!("new {kind}"), format!("/drafts/new?kind={kind}&direction=offer")));
    pages.extend(editors.iter().map(|(name, path)| Seen { name, path, status: 200 }));
    let faults = browse_as(&base, &admin.session, &pages).await;
    assert!(faults.is_empty(), "{}", faults.join("\n"));

    let text = admin.page("/drafts/review?batch=b-1").await.text();
    assert!(text.contains("待审核 12 条"), "{text}");
    // The sample shows what they say, not their titles alone.
    assert!(text.matches("<dt>资金方式</dt>").count() >= 10, "{text}");
    let yes = admin.send("/drafts/review", &[("batch", "b-1"), ("hash", hidden(&text, "hash"))]).await;
    assert!(yes.status == 200 && yes.text().contains("已发布 12 条"), "{}", yes.text());
    net.node("bijie").sees("members/shenzhen/listings/tea-11").await;
    let end = "/listings/shenzhen/tea-1/end";
    let pages = [
        seen("own listing", "/listings/shenzhen/tea-1"),
        seen("ending", end),
        seen("approved", &review),
        seen("own listings", "/drafts/published"),
    ];
    let shown = async || {
        let text = admin.page("/drafts/published").await.text();
        if text.contains("茶 11") { Ok(()) } else { Err(text) }
    };
    within(PATIENCE, shown).await.unwrap();
    let faults = browse_as(&base, &admin.session, &pages).await;
    assert!(faults.is_empty(), "{}", faults.join("\n"));

    // Without scripts each says what it still needs, and goes to the page from which it is sent.
    for (kind, needed) in complete() {
        for (direction, word) in [("OFFER", "供给"), ("REQUEST", "需求")] {
            let title = format!("完整的{kind}{word}");
            let begun = [("kind", kind), ("direction", direction), ("title", &*title), ("do", "send")];
            let wrong = author.send("/drafts/new", &begun).await;
            let text = wrong.text();
            assert_eq!(wrong.status, 400, "{kind} {direction}: {text}");
            let lacks =
                |field: &str| text.contains(&format!("data-said=\"{field}\" aria-live=\"polite\"><p class=\"error\""));
            // When what is sought is over is said by when it begins, which is lacking already.
            let untold = |field: &str| direction == "REQUEST" && field == "end";
            let lacking: Vec<&str> =
                needed.iter().map(|(field, _)| *field).filter(|field| lacks(field) == untold(field)).collect();
            assert_eq!(lacking, [""; 0], "{kind} {direction}: not said as it is lacking: {text}");
            let path = action(&text);
            let etag = hidden(&text, "etag").to_owned();
            let mut fields = begun.to_vec();
            fields.push(("etag", &etag));
            fields.extend(needed.iter().map(|(field, value)| (*field, &**value)));
            let send = author.leads(&path, &fields).await;
            assert_eq!(send, format!("{path}/send"), "{kind} {direction}");
            let text = author.page(&send).await.text();
            assert!(text.contains(&title) && text.contains(&format!(">{word}<")), "{kind} {direction}: {text}");
        }
    }
    net.finish().await;
}

/// What each kind needs beside a title.
fn complete() -> [(&'static str, Vec<(&'static str, String)>); 5] {
    let all = |of_kind: &[(&'static str, &str)]| {
        let of_all = [("regions", "毕节市"), ("audience", "network")];
        of_all.iter().chain(of_kind).map(|(field, value)| (*field, (*value).to_owned())).collect::<Vec<_>>()
    };
    let occupied = [("supply_type", "VACANCY"), ("occupation", "缝纫工"), ("headcount", "80")];
    [
        ("capital", all(&[("instrument", "EQUITY")])),
        ("project", all(&[])),
        ("technology", all(&[])),
        ("talent", all(&occupied)),
        (
            "event",
            all(&[
                ("start", &format!("{} 9:00", day("+30 days"))),
                ("end", &day("+31 days")),
                ("venue", "深圳会展中心"),
            ]),
        ),
    ]
}

/// What somebody writes in the editor of each kind.
fn forms() -> Value {
    let form = |kind: &str, fill: Value, choose: Value, wrong: [&str; 2]| {
        // Both directions of each are written without scripts.
        let direction = if ["project", "talent"].contains(&kind) { "request" } else { "offer" };
        let mut all = json!({"title": format!("关于{kind}的{direction}"), "body": "**要点** 一", "regions": "毕节市"});
        for (name, text) in fill.as_object().unwrap() {
            all[name] = text.clone();
        }
        json!({
            "kind": kind, "direction": direction, "fill": all, "choose": choose, "boxes": [["audience", "network"]],
            "says": if direction == "offer" { "供给" } else { "需求" }, "wrong": wrong, "suggest": ["regions", "zunyi", "贵州省遵义市"],
        })
    };
    json!([
        form("capital", json!({}), json!({"instrument": "EQUITY"}), ["amount", "1.2.3"]),
        form("project", json!({}), json!({"phase": "PLANNING"}), ["investment", "很多"]),
        form("technology", json!({}), json!({"ip_status": "NONE"}), ["maturity", "中试"]),
        form("talent", json!({"headcount": "80"}), json!({"supply_type": "VACANCY"}), ["wage", "3000-5000"]),
        form("event", json!({"venue": "会展中心"}), json!({}), ["start", "3月5日"]),
    ])
}
