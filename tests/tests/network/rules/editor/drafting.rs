//! What is said to those who write and approve in a browser, and what is theirs alone: who will see it and who no longer
//! does, what came of a draft before, what has ended, and what is shown once.

use duikou_proto::v1::draft_service_client::DraftServiceClient;
use duikou_proto::v1::listing_service_client::ListingServiceClient;
use duikou_proto::v1::{ListDraftsRequest, WithdrawListingRequest, WithdrawalReason, draft};
use duikou_tests::harness::{NETWORK, Network, WebCertificate, edit_by_keyboard, offer, within};

use super::super::PATIENCE;
use super::{Clerk, between, hand_in, hidden};

impl Clerk<'_> {
    /// Sends the form of the editor at `path` on, with what a page there holds of the draft and these fields.
    async fn hand_on(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let text = self.page(path).await.text();
        let mut all = vec![("kind", "project"), ("direction", "OFFER"), ("regions", "bijie"), ("do", "send")];
        all.push(("etag", hidden(&text, "etag")));
        all.extend(fields);
        self.leads(path, &all).await
    }

    /// Publishes what a page of `path/send` shows.
    async fn submit(&self, send: &str) -> String {
        let text = self.page(send).await.text();
        self.leads(send, &[("etag", hidden(&text, "etag"))]).await
    }
}

/// Where the header's form leads back to.
fn back(text: &str) -> String {
    hidden(text, "back").replace("&#38;", "&").replace("&amp;", "&")
}

const FORM: [(&str, &str); 4] = [("kind", "project"), ("direction", "OFFER"), ("title", "园区"), ("regions", "bijie")];

#[tokio::test(flavor = "multi_thread")]
async fn what_narrows_is_told_as_that_and_what_has_ended_is_its_own_peoples() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(2510)
        .web_certificate(&certificate)
        .gateway()
        .node("shenzhen", &["shenzhen"])
        .node("bijie", &["bijie"])
        .start()
        .await;
    let (node, other) = (net.node("shenzhen"), net.node("bijie"));
    let ann = Clerk::of(node, &certificate, "ann", "shenzhen=editor").await;

    // Beside anybody nobody need be named, and everybody would read the name.
    let named = [&FORM[..], &[("audience", "public"), ("audience", "member:bijie")]].concat();
    let path = ann.leads("/drafts/new", &named).await;
    let text = ann.page(&path).await.text();
    assert!(text.contains("已选“公开”，不必再选") && text.contains("提交时会自动去掉"), "{text}");
    assert!(text.contains("指定单位 (<span data-count>1</span>)"), "{text}");
    let office = hidden(&text, "office").to_owned();
    assert!(office.is_empty(), "a form that said nothing of it: {office}");
    let send = ann.hand_on(&path, &[("title", "园区"), ("audience", "public"), ("audience", "member:bijie")]).await;
    assert_eq!(send, format!("{path}/send"));
    let text = ann.page(&send).await.text();
    assert!(text.contains("没有填写联系人") && text.contains("（未填写，按默认）"), "{text}");
    assert!(!text.contains("其中的名称") && !text.contains("不必再选"), "nobody is named any longer: {text}");
    let published = ann.submit(&send).await;
    let name = published.replace("/listings/shenzhen/", "members/shenzhen/listings/");
    other.sees(&name).await;
    let fresh = ann.page("/drafts/new?kind=project&direction=offer").await.text();
    assert!(!hidden(&fresh, "office").is_empty(), "the office is named where nothing was before: {fresh}");

    // Fewer see it: that is what is said, and who they are that lose it.
    let edit = ann.leads(&format!("{published}/edit"), &[]).await;
    let send = ann.hand_on(&edit, &[("title", "园区"), ("audience", "network")]).await;
    let text = ann.page(&send).await.text();
    let lost = between(&text, "<dt>不再能看到</dt><dd>", "</dd>");
    assert!(lost.contains("任何人，包括互联网上的搜索引擎") && lost.contains("注册企业"), "{lost}");
    assert!(text.contains("范围比已发布的小") && !text.contains("范围更大"), "{text}");
    ann.submit(&send).await;
    let edit = ann.leads(&format!("{published}/edit"), &[]).await;
    let send = ann.hand_on(&edit, &[("title", "园区"), ("audience", "public")]).await;
    let text = ann.page(&send).await.text();
    assert!(text.contains("范围更大") && !text.contains("范围比已发布的小") && !text.contains("不再能看到"), "{text}");
    let gained = between(&text, "<dt>新增可以看到</dt><dd>", "</dd>");
    assert!(gained.contains("任何人") && gained.contains("注册企业") && !gained.contains("bijie"), "{gained}");
    ann.leads(&format!("{edit}/delete"), &[("etag", hidden(&text, "etag"))]).await;

    // It ends, and is there for those who may write it anew, and for nobody else.
    let text = ann.page(&published).await.text();
    let end = [("etag", hidden(&text, "etag")), ("reason", "filled")];
    ann.leads(&format!("{published}/end"), &end).await;
    other.loses(&name).await;
    let listed = ann.page("/drafts/published?ended=filled").await.text();
    assert!(listed.contains("园区</a>") && listed.contains("，ann</p>"), "{listed}");
    assert!(!ann.page("/drafts/published?ended=withdrawn").await.text().contains("园区"));
    // It is looked for by words, by letters and by its kind, as what is live is.
    let ended = "/drafts/published?ended=filled";
    assert!(listed.contains("name=\"ended\" value=\"filled\"") && listed.contains("name=\"q\""), "{listed}");
    for (query, found) in [
        ("q=%E5%9B%AD%E5%8C%BA", true),
        ("q=yuanqu&kind=project", true),
        ("q=bijie", true),
        ("q=%E8%8C%B6", false),
        ("q=%E5%9B%AD%E5%8C%BA&kind=talent", false),
    ] {
        let text = ann.page(&format!("{ended}&{query}")).await.text();
        let there = text.contains(&format!("href=\"{published}\""));
        assert!(there == found && text.contains("没有找到相关信息") != found, "{query}: {text}");
    }
    for (query, said) in [("q=%22x", "引号没有闭合"), ("kind=tea", "没有“tea”这一选项")] {
        let refused = ann.page(&format!("{ended}&{query}")).await;
        assert!(refused.status == 400 && refused.text().contains(said), "{}", refused.text());
    }
    let left = ann.page(&published).await;
    assert!(left.status == 200 && left.text().contains("只有本单位能看到"), "{}", left.text());
    let copy = between(&listed, "href=\"/drafts/new?from=", "\"").to_owned();
    let copied = ann.page(&format!("/drafts/new?from={copy}")).await.text();
    assert!(copied.contains("value=\"园区\""), "{copied}");
    for stranger in [Clerk::of(other, &certificate, "bob", "bijie=admin").await] {
        let seen = stranger.page(&published).await;
        assert!(seen.status == 404 && !seen.text().contains("园区"), "{}", seen.text());
        let copied = stranger.page(&format!("/drafts/new?from={copy}")).await;
        assert_eq!(copied.status, 404, "{}", copied.text());
    }
    let viewer = Clerk::of(node, &certificate, "viewer", "shenzhen=viewer").await;
    assert_eq!(
        (viewer.page(&published).await.status, node.curl(&certificate, &[], &published).await.status),
        (404, 404)
    );
    // What is deleted is nowhere.
    let delete = WithdrawListingRequest { name, reason: WithdrawalReason::Deleted.into(), ..Default::default() };
    ListingServiceClient::new(node.local()).withdraw_listing(delete).await.unwrap();
    assert_eq!(ann.page(&published).await.status, 404);
    assert!(!ann.page("/drafts/published?ended=filled").await.text().contains("园区"));
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_of_a_draft_is_said_and_no_page_leads_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(2511).web_certificate(&certificate).gateway().node("bijie", &["bijie"]).start().await;
    let node = net.node("bijie");
    let ann = Clerk::of(node, &certificate, "ann", "bijie=editor").await;
    let admin = Clerk::of(node, &certificate, "admin", "bijie=admin").await;

    // Given back and handed in again: why, by whom, and what has changed since.
    let path = ann.leads("/drafts/new", &[&FORM[..], &[("audience", "public")]].concat()).await;
    let send = ann.hand_on(&path, &[("title", "园区"), ("audience", "public")]).await;
    ann.submit(&send).await;
    let review = format!("{path}/review");
    assert!(!admin.page(&review).await.text().contains("上次退回"));
    let given_back = admin.leads(&format!("{path}/return"), &[("reason", "哪个园区？")]).await;
    assert_eq!(given_back, "/drafts?state=submitted");
    let send = ann.hand_on(&path, &[("title", "七星关园区"), ("audience", "public")]).await;
    ann.submit(&send).await;
    let text = admin.page(&review).await.text();
    assert!(text.contains("上次退回：哪个园区？（admin，"), "{text}");
    let changed = between(&text, "id=\"returned\"", "</section>");
    assert!(changed.contains(">园区<") && changed.contains(">七星关园区<"), "{changed}");

    // Whatever answers a form leads the switches of language and light to a page.
    let nothing = admin.send(&format!("{path}/return"), &[("reason", " ")]).await;
    assert_eq!((nothing.status, back(&nothing.text())), (400, review.clone()));
    assert_eq!(admin.page(&format!("{path}/return")).await.header("location"), review);
    let wrong = ann.send("/drafts/new", &[("kind", "project"), ("title", "无"), ("do", "send")]).await;
    let draft = back(&wrong.text());
    assert!(wrong.status == 400 && ann.page(&draft).await.text().contains("value=\"无\""), "{draft}");
    assert!(wrong.text().contains("<a href=\"#regions\">") && wrong.text().contains("href=\"#audience-1\""));
    let role = format!("role.bijie.{NETWORK}");
    let carl = [("login", "carl"), ("display-name", "Carl"), ("language", ""), (&*role, "EDITOR")];
    let made = admin.send("/admin/accounts", &carl).await.text();
    let link = between(&made, "/account/link/", "\"").to_owned();
    let again = admin.page(&back(&made)).await;
    assert!(again.status == 200 && again.text().contains(&link), "{}", again.text());
    assert_eq!(ann.page(&back(&made)).await.status, 404, "another's");

    // Two who change different fields both have their way; of what both have changed one is asked.
    let path = ann.leads("/drafts/new", &FORM).await;
    let opened = ann.page(&path).await.text();
    let (etag, began) = (hidden(&opened, "etag").to_owned(), hidden(&opened, "began").to_owned());
    let form = |etag: &str, fields: &[(&'static str, &'static str)]| -> Vec<(String, String)> {
        let mut all: Vec<(String, String)> = [("kind", "project"), ("direction", "OFFER"), ("regions", "bijie")]
            .iter()
            .chain(fields)
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        all.extend([("etag".to_owned(), etag.to_owned()), ("began".to_owned(), began.clone())]);
        all
    };
    let send = async |clerk: &Clerk<'_>, fields: Vec<(String, String)>| {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
        clerk.send(&path, &fields).await
    };
    assert_eq!(send(&admin, form(&etag, &[("title", "新园区")])).await.status, 303);
    let both = send(&ann, form(&etag, &[("title", "园区"), ("body", "正文")])).await;
    assert!(both.status == 303 && both.header("set-cookie").contains("notice=done-draft-merged"), "{both:?}");
    let text = ann.page(&path).await.text();
    assert!(text.contains("value=\"新园区\"") && text.contains("正文</textarea>"), "{text}");
    let asked = send(&ann, form(&etag, &[("title", "旧园区")])).await;
    let text = asked.text();
    assert_eq!(asked.status, 409, "{text}");
    let rows = between(&text, "<section class=\"panel conflict\"", "</section>");
    assert!(rows.contains("旧园区") && !rows.contains("正文"), "{rows}");
    assert!(text.contains("正文</textarea>"), "what only the other has written stays: {text}");

    // An import that waits is given back as a whole, as it was seen.
    let rows = ["a", "b", "c"].map(|id| offer(id).titled(&format!("茶 {id}")));
    hand_in(node, "bijie", rows.into_iter()).await;
    let text = admin.page("/drafts/review?batch=b-1").await.text();
    let seen = hidden(&text, "hash").to_owned();
    let give_back = "/drafts/review/return";
    let stale = admin.send(give_back, &[("batch", "b-1"), ("hash", "0"), ("reason", "缺少电话")]).await;
    assert!(stale.status == 409 && stale.text().contains("缺少电话</textarea>"), "{}", stale.text());
    let none = admin.send(give_back, &[("batch", "b-1"), ("hash", &seen), ("reason", "")]).await;
    assert!(none.status == 400 && none.text().contains("请写明退回原因"), "{}", none.text());
    assert_eq!(back(&none.text()), "/drafts/review?batch=b-1");
    let done = admin.leads(give_back, &[("batch", "b-1"), ("hash", &seen), ("reason", "缺少电话")]).await;
    assert_eq!(done, "/drafts?state=submitted");
    let request =
        ListDraftsRequest { parent: "members/bijie".to_owned(), batch: "b-1".to_owned(), ..Default::default() };
    let drafts = DraftServiceClient::new(node.local()).list_drafts(request).await.unwrap().into_inner().drafts;
    let returned = |draft: &duikou_proto::v1::Draft| draft.state() == draft::State::Returned;
    assert!(drafts.len() == 3 && drafts.iter().all(returned), "{drafts:?}");
    assert!(drafts.iter().all(|draft| draft.return_reason == "缺少电话"), "{drafts:?}");
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_is_written_by_the_keyboard_alone() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(2512)
        .web_certificate(&certificate)
        .gateway()
        .node("bijie", &["bijie"])
        .node("others", &["zunyi", "guiyang", "liupanshui", "tongren", "anshun"])
        .start()
        .await;
    let node = net.node("bijie");
    let ann = Clerk::of(node, &certificate, "ann", "bijie=editor").await;
    let knows = async || {
        let text = ann.page("/drafts/new?kind=talent&direction=offer").await.text();
        if text.contains("member:anshun") { Ok(()) } else { Err(text) }
    };
    within(PATIENCE, knows).await.unwrap();
    let base = format!("https://{}", node.addresses().web);
    let faults = edit_by_keyboard(&base, &ann.session, &["project", "talent", "event"]).await;
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    net.finish().await;
}
