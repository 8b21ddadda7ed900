//! An office's own pages: what waits for whom, what was done over time, and the administration of its server.

use std::io::Cursor;
use std::time::{SystemTime, UNIX_EPOCH};

use calamine::{Data, Reader, Xlsx};
use duikou_proto::v1::draft_service_client::DraftServiceClient;
use duikou_proto::v1::listing_service_client::ListingServiceClient;
use duikou_proto::v1::query_service_client::QueryServiceClient;
use duikou_proto::v1::{
    BatchCreateListingsRequest, CreateDraftRequest, CreateListingRequest, Draft, Filter, Listing, QueryListingsRequest,
    ReturnDraftRequest, Signed, SubmitDraftRequest, WithdrawalReason,
};
use duikou_tests::harness::{
    HttpAnswer, NETWORK, Network, Seen, Server, WebCertificate, WrongClock, browse_as, offer, request, rewrite_record,
    within,
};
use prost_types::Timestamp;

use super::PATIENCE;

const HTML: &str = "accept: text/html";
const DAY: u64 = 24 * 3600;
/// Listings of an import that one call brings.
const AT_ONCE: usize = 500;

fn ends_in(days: u64) -> impl FnOnce(&mut Listing) {
    move |listing| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
        listing.expire_time = Some(Timestamp { seconds: (now + days * DAY) as i64, nanos: 0 });
    }
}

/// A node with its people.
struct Office<'a> {
    node: &'a Server,
    certificate: &'a WebCertificate,
}

impl Office<'_> {
    async fn page(&self, session: &str, path: &str) -> HttpAnswer {
        self.node.page(self.certificate, session, path).await
    }

    async fn send(&self, session: &str, path: &str, fields: &[(&str, &str)]) -> HttpAnswer {
        self.node.send(self.certificate, session, path, fields).await
    }

    /// Until a page says all of `texts`; the page.
    async fn says(&self, session: &str, path: &str, texts: &[&str]) -> String {
        let found = within(PATIENCE, async || {
            let page = self.page(session, path).await;
            let html = page.text();
            let all = page.status == 200 && texts.iter().all(|text| html.contains(text));
            if all { Ok(html) } else { Err(format!("{}: {html}", page.status)) }
        });
        found.await.unwrap_or_else(|last| panic!("{path} does not say {texts:?}: {last}"))
    }

    /// A draft by the machine's administrator, handed in.
    async fn hand_in(&self, member: &str, id: &str, title: &str) -> String {
        let mut drafts = DraftServiceClient::new(self.node.local());
        let listing = offer(id).titled(title).listing(member);
        let draft = Draft { listing: Some(listing), ..Draft::default() };
        let parent = format!("members/{member}");
        let made = CreateDraftRequest { parent, draft: Some(draft), ..CreateDraftRequest::default() };
        let name = drafts.create_draft(made).await.unwrap().into_inner().name;
        let request = SubmitDraftRequest { name: name.clone(), ..SubmitDraftRequest::default() };
        drafts.submit_draft(request).await.unwrap();
        name
    }

    /// So many listings by the machine's administrator, handed in as one import.
    async fn import(&self, member: &str, batch: &str, count: usize) {
        let requests: Vec<CreateListingRequest> = (0..count)
            .map(|number| CreateListingRequest {
                listing: Some(offer(&format!("import-{number}")).titled(&format!("imported {number}")).listing(member)),
                ..CreateListingRequest::default()
            })
            .collect();
        for requests in requests.chunks(AT_ONCE) {
            let import = BatchCreateListingsRequest {
                parent: format!("members/{member}"),
                requests: requests.to_vec(),
                submit: true,
                batch: batch.to_owned(),
                ..BatchCreateListingsRequest::default()
            };
            ListingServiceClient::new(self.node.local()).batch_create_listings(import).await.unwrap();
        }
    }
}

/// The part of a work list that one kind of work is; empty where there is none.
fn job<'a>(html: &'a str, id: &str) -> &'a str {
    let after = html.split_once(&format!("id=\"job-{id}\"")).map_or("", |(_, rest)| rest);
    after.split("</section>").next().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_finds_the_work_that_waits_for_them_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(2501)
        .web_certificate(&certificate)
        .gateway()
        .node("offices", &["bijie", "zunyi"])
        .node("shenzhen", &["shenzhen"])
        .start()
        .await;
    let node = net.node("offices");
    let office = Office { node, certificate: &certificate };
    let admin = node.let_in_administrator(&certificate).await;
    let viewer = node.let_in(&certificate, "viewer", &["bijie=viewer"]).await;
    let editor = node.let_in(&certificate, "editor", &["bijie=editor"]).await;
    let reviewer = node.let_in(&certificate, "reviewer", &["bijie=reviewer"]).await;
    let other = node.let_in(&certificate, "other", &["zunyi=reviewer"]).await;
    node.cli(&["drafts", "policy", "bijie", "--rule", "other"]).await.done();

    // What there is nothing of says so, with what to do.
    let calm = office.says(&editor, "/", &["工作台", "没有被退回的草稿", "14天内没有信息到期"]).await;
    assert_eq!(job(&calm, "returned"), "", "{calm}");
    // Whoever is not signed in reads what anybody reads.
    let anybody = node.curl(&certificate, &["-H", HTML], "/").await.text();
    assert!(!anybody.contains("job-") && !anybody.contains("没有待办"), "{anybody}");
    let away = node.curl(&certificate, &["-H", HTML], "/home/work").await;
    assert_eq!(away.status, 303, "{away:?}");

    let back = office.hand_in("bijie", "tea", "spring tea").await;
    let mut drafts = DraftServiceClient::new(node.local());
    let reason = "say how much".to_owned();
    drafts.return_draft(ReturnDraftRequest { name: back, reason, ..ReturnDraftRequest::default() }).await.unwrap();
    office.hand_in("bijie", "park", "cold store").await;
    office.hand_in("zunyi", "mine", "hidden harbour").await;
    node.cli(&["drafts", "policy", "bijie", "--rule", "none"]).await.done();
    node.publish(offer("soon").by("bijie").titled("ends soon").with(ends_in(5))).await.unwrap();
    node.publish(offer("late").by("bijie").titled("ends late").with(ends_in(60))).await.unwrap();
    node.publish(offer("theirs").by("zunyi").titled("ends elsewhere").with(ends_in(5))).await.unwrap();
    node.cli(&["drafts", "policy", "bijie", "--rule", "other"]).await.done();
    let answer = request("want").titled("ends soon").for_members(&["bijie"]);
    net.node("shenzhen").publish(answer).await.unwrap();

    let html = office.says(&reviewer, "/", &["ends soon", "job-matches"]).await;
    let (waiting, returned, expiring) = (job(&html, "waiting"), job(&html, "returned"), job(&html, "expiring"));
    assert!(waiting.contains("cold store") && waiting.contains(">1<") && waiting.contains("/review"), "{waiting}");
    assert!(returned.contains("spring tea") && returned.contains("say how much"), "{returned}");
    assert!(expiring.contains("ends soon") && expiring.contains(">1<"), "{expiring}");
    assert!(!html.contains("ends late") && !html.contains("ends elsewhere") && !html.contains("hidden harbour"));
    let matches = job(&html, "matches");
    assert!(matches.contains("/listings/shenzhen/want"), "what answers is named: {matches}");
    assert_eq!(job(&html, "alarms"), "", "alarms are for those who administer the server");

    let html = office.says(&editor, "/", &["spring tea"]).await;
    assert_eq!(job(&html, "waiting"), "", "an editor approves nothing here: {html}");
    let html = office.says(&viewer, "/", &["ends soon"]).await;
    assert!(!html.contains("spring tea") && !html.contains("cold store") && !html.contains("/drafts"), "{html}");
    let html = office.says(&other, "/", &["ends elsewhere", "hidden harbour"]).await;
    assert!(!html.contains("spring tea") && !html.contains("ends soon"), "{html}");

    // An import is one line, which leads to all of it.
    node.cli(&["drafts", "policy", "zunyi", "--rule", "other"]).await.done();
    office.import("zunyi", "b-1", 3).await;
    let html = office.says(&other, "/", &["一次导入的 3 条信息"]).await;
    let waiting = job(&html, "waiting");
    assert!(waiting.contains("href=\"/drafts/review?batch=b-1\"") && waiting.contains(">4<"), "{waiting}");
    assert!(waiting.contains("hidden harbour") && !waiting.contains("imported 1"), "{waiting}");
    // What was written last is first, and what was approved is named as its listing is.
    let list = office.page(&other, "/drafts").await.text();
    let at = |title: &str| list.find(title).unwrap_or_else(|| panic!("{title} is not in {list}"));
    assert!(at("imported 2") < at("imported 0") && at("imported 0") < at("hidden harbour"), "{list}");
    let yes = office.page(&other, "/drafts/review?batch=b-1").await.text();
    let hash = yes.split("name=\"hash\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let done = office.send(&other, "/drafts/review", &[("batch", "b-1"), ("hash", hash)]).await;
    assert!(done.text().contains("已发布 3 条"), "{}", done.text());
    let approved = office.page(&other, "/drafts?state=approved").await.text();
    assert!(approved.contains("imported 1") && !approved.contains(">import-1<"), "{approved}");

    // It keeps its title when its listing has ended.
    node.withdraw("members/zunyi/listings/import-1", WithdrawalReason::Filled).await.unwrap();
    let approved = office.page(&other, "/drafts?state=approved").await.text();
    assert!(approved.contains("imported 1") && !approved.contains(">import-1<"), "{approved}");

    // However much an import brings, what was there before is counted and named, and the import is counted whole.
    office.import("bijie", "b-2", 1_001).await;
    let html = office.says(&reviewer, "/", &["一次导入的 1,001 条信息"]).await;
    let (waiting, returned) = (job(&html, "waiting"), job(&html, "returned"));
    assert!(waiting.contains(">1,002<") && waiting.contains("cold store"), "{waiting}");
    assert!(returned.contains(">1<") && returned.contains("spring tea"), "{returned}");
    let list = office.page(&editor, "/drafts?state=returned").await.text();
    assert!(list.contains("spring tea") && !list.contains("imported"), "{list}");
    assert!(list.contains("退回于") && list.contains("（1,002）"), "{list}");

    // What was renewed and waits ends soon for nobody who writes, and says so where it is listed.
    let soon = office.page(&editor, "/listings/bijie/soon").await.text();
    let etag = soon.split("name=\"etag\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let renewed = office.send(&editor, "/listings/bijie/soon/renew", &[("etag", etag)]).await;
    assert_eq!(renewed.status, 303, "{}", renewed.text());
    let html = office.says(&reviewer, "/", &["14天内没有信息到期"]).await;
    assert_eq!(job(&html, "expiring"), "", "{html}");
    let listed = office.page(&editor, "/drafts/published?closing=soon").await.text();
    assert!(listed.contains("ends soon") && listed.contains("已提交延长，等待审核"), "{listed}");
    // Whoever writes begins from here.
    assert!(html.contains("href=\"/drafts/new\"") && html.contains("写信息"), "{html}");
    assert!(!office.page(&viewer, "/").await.text().contains("href=\"/drafts/new\""));

    // The part that looks again has a tag, and comes without what surrounds it.
    let part = office.page(&viewer, "/home/work").await;
    assert!(part.status == 200 && part.text().contains("ends soon") && !part.text().contains("<html"), "{part:?}");
    let cookie = format!("cookie: __Host-session={viewer}");
    let tag = format!("if-none-match: {}", part.header("etag"));
    let again = node.curl(&certificate, &["-H", HTML, "-H", &cookie, "-H", &tag], "/home/work").await;
    assert_eq!((again.status, again.body.len()), (304, 0), "{again:?}");

    // A link that goes down is shown to all, and as an alarm to whoever can mend it.
    net.gateway().stop().await;
    office.says(&viewer, "/", &["job-links", "gateway"]).await;
    let html = office.says(&admin, "/", &["job-alarms", "连接中断"]).await;
    assert!(job(&html, "alarms").contains("/admin"), "{html}");
    net.gateway().start().await;
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_refuse_or_have_not_confirmed_is_named_by_its_title() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(2506)
        .web_certificate(&certificate)
        .gateway()
        .node("bijie", &["bijie"])
        .node("zunyi", &["zunyi"])
        .start()
        .await;
    let (gateway, node, away) = (net.gateway(), net.node("bijie"), net.node("zunyi"));
    let office = Office { node, certificate: &certificate };
    let viewer = node.let_in(&certificate, "viewer", &["bijie=viewer"]).await;
    node.publish(offer("tea").titled("spring tea").for_network()).await.unwrap();
    net.settle().await;
    office.says(&viewer, "/", &["已发布的信息均未被拒收", "没有逾期未确认的成员"]).await;

    // Altered before it ever left.
    gateway.stop().await;
    node.publish(offer("bad").titled("bitter tea")).await.unwrap();
    node.stop().await;
    let unsigned = |signed: Signed| Signed { signature: vec![7; 64], ..signed };
    rewrite_record(node.dir(), &format!("members/bijie.{NETWORK}/listings/bad"), unsigned).await.unwrap();
    gateway.start().await;
    node.start().await;
    let html = office.says(&viewer, "/", &["job-refused", "bitter tea"]).await;
    let refused = job(&html, "refused");
    assert!(refused.contains("bitter tea") && refused.contains("签名无法验证"), "{refused}");
    assert!(refused.contains("href=\"/listings/bijie/bad\"") && refused.contains(">1<"), "{refused}");
    assert!(!refused.contains("spring tea"), "{refused}");
    node.replace(offer("bad").titled("sweet tea")).await.unwrap();
    office.says(&viewer, "/", &["已发布的信息均未被拒收"]).await;
    net.settle().await;

    // A day later a member that was away has not confirmed what was published meanwhile.
    away.stop().await;
    node.publish(offer("inner").titled("inner tea").for_network()).await.unwrap();
    let clock = WrongClock::find();
    for server in [gateway, node] {
        server.stop().await;
        server.start_with(&clock.shifted("+26h")).await;
    }
    node.alarms("UNCONFIRMED", "zunyi").await;
    let viewer = node.signed_in(&certificate, "viewer").await;
    let html = office.says(&viewer, "/", &["job-unheld", "inner tea"]).await;
    let unheld = job(&html, "unheld");
    assert!(unheld.contains("zunyi办事处尚未确认收到") && unheld.contains("网络成员"), "{unheld}");
    assert!(unheld.contains("href=\"/listings/bijie/inner\"") && !html.contains("没有逾期未确认的成员"), "{html}");
    net.leave("the clocks of two servers are ahead of the test's");
}

/// A column of a CSV, by the name in its first one.
fn cell(csv: &str, row: &str, column: usize) -> i64 {
    let line = csv.lines().find(|line| line.starts_with(&format!("{row},")));
    let line = line.unwrap_or_else(|| panic!("{row} is not in {csv}"));
    line.split(',').nth(column).and_then(|number| number.trim().parse().ok()).unwrap_or_else(|| panic!("{line}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn statistics_are_what_was_done() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(2502)
        .web_certificate(&certificate)
        .gateway()
        .node("bijie", &["bijie"])
        .node("zunyi", &["zunyi"])
        .node("shenzhen", &["shenzhen"])
        .circle("ring", &["bijie", "shenzhen"])
        .setting("live.answer", "circles")
        .start()
        .await;
    let (bijie, shenzhen) = (net.node("bijie"), net.node("shenzhen"));
    bijie.publish(offer("tea")).await.unwrap();
    bijie.publish(offer("wine").for_members(&["shenzhen"])).await.unwrap();
    bijie.publish(request("loan").for_network()).await.unwrap();
    bijie.publish(offer("inner").on_request()).await.unwrap();
    bijie.replace(offer("tea").titled("more tea")).await.unwrap();
    bijie.withdraw("members/bijie/listings/loan", WithdrawalReason::Filled).await.unwrap();
    shenzhen.publish(offer("park")).await.unwrap();
    shenzhen.publish(request("hands").for_members(&["bijie"])).await.unwrap();
    shenzhen.publish(request("others").for_members(&["zunyi"])).await.unwrap();
    bijie.sees("members/shenzhen/listings/park").await;
    bijie.sees("members/shenzhen/listings/hands").await;
    net.node("zunyi").sees("members/shenzhen/listings/others").await;

    let office = Office { node: bijie, certificate: &certificate };
    let viewer = bijie.let_in(&certificate, "viewer", &["bijie=viewer"]).await;
    let page = office.says(&viewer, "/statistics", &["<svg", "<desc", "按成员", "/statistics/year.months.csv"]).await;
    assert_eq!(page.matches("<figure class=\"chart").count(), 4, "by month, kind, place and member: {page}");
    // Who may write a listing is told what was done to it, and by whom.
    let editor = bijie.let_in(&certificate, "editor", &["bijie=editor"]).await;
    let tea = office.says(&editor, "/listings/bijie/tea", &["修改历史", "本机管理员"]).await;
    assert!(tea.contains("<li>修改<br>") && tea.contains("<li>发布<br>"), "{tea}");
    for (who, path) in [(&viewer, "/listings/bijie/tea"), (&editor, "/listings/shenzhen/park")] {
        assert!(!office.page(who, path).await.text().contains("修改历史"), "{path}");
    }
    // Who administers finds all that was done to it from there, by its title.
    assert!(!tea.contains("/admin/audit"), "{tea}");
    let administrator = bijie.let_in(&certificate, "administrator", &["bijie=admin"]).await;
    let tea = office.says(&administrator, "/listings/bijie/tea", &["查看审计记录"]).await;
    let trail = tea.split("href=\"/admin/audit?").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    // The workbook calls it so too, and has its name in the last column.
    let book = office.page(&administrator, &format!("/admin/audit.xlsx?{trail}")).await;
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(book.body)).unwrap();
    let sheet = book.worksheet_range("审计记录").unwrap();
    let rows: Vec<&[Data]> = sheet.rows().collect();
    let name = format!("members/bijie.{NETWORK}/listings/tea");
    let text = |cell: &Data, text: &str| matches!(cell, Data::String(said) if said == text);
    let called = |row: &&[Data]| text(&row[4], "more tea") && text(&row[6], &name);
    assert!(rows.len() > 1 && rows.iter().any(called), "{sheet:?}");
    let trail = office.says(&administrator, &format!("/admin/audit?{trail}"), &[">more tea</a>"]).await;
    assert_eq!(trail.matches("href=\"/listings/bijie/tea\"").count(), 2, "published and changed: {trail}");
    assert!(!trail.contains("版本") && !trail.contains("listings/wine"), "{trail}");
    let all_on = "?resource=members%2Fbijie.pprd.example%2Flistings%2Ftea\">more tea</a>";
    office.says(&administrator, "/admin/audit?resource=more+tea", &[all_on]).await;
    let month = page.split("<option value=\"20").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let month = format!("20{month}");
    let table = async |name: &str| {
        let csv = office.page(&viewer, &format!("/statistics/{month}.{name}.csv")).await;
        assert_eq!((csv.status, csv.header("content-type")), (200, "text/csv; charset=utf-8"), "{csv:?}");
        csv.text()
    };
    let months = table("months").await;
    let row = months.lines().nth(1).unwrap().split(',').next().unwrap().to_owned();
    let numbers: Vec<i64> = (1..=7).map(|column| cell(&months, &row, column)).collect();
    assert_eq!(numbers, [4, 1, 1, 0, 0, 2, 0], "published, updated, filled, withdrawn, expired, received, filled");
    // Those with whom it shares a circle are answered, others refused.
    for (node, asker, asked) in [
        (shenzhen, "shenzhen", &["bijie"][..]),
        (shenzhen, "shenzhen", &["bijie"]),
        (net.node("zunyi"), "zunyi", &["bijie"]),
        (bijie, "bijie", &["shenzhen", "zunyi"]),
    ] {
        let filter = Some(Filter { members: asked.iter().map(ToString::to_string).collect(), ..Filter::default() });
        let question = QueryListingsRequest { asker: format!("members/{asker}"), filter, ..Default::default() };
        let mut answers = QueryServiceClient::new(node.local()).query_listings(question).await.unwrap().into_inner();
        while answers.message().await.unwrap().is_some() {}
    }
    let counted = async || {
        let dealings = table("dealings").await;
        let numbers: Vec<i64> = (1..=6).map(|column| cell(&dealings, &row, column)).collect();
        if numbers == [3, 2, 2, 1, 0, 0] { Ok(()) } else { Err(dealings) }
    };
    let told = within(PATIENCE, counted).await;
    assert_eq!(told, Ok(()), "came, answered, asked, heard, told, counterparts");
    let dealings = table("dealings").await;
    let kinds = table("kinds").await;
    assert_eq!([cell(&kinds, "资金 供给", 1), cell(&kinds, "资金 供给", 6)], [3, 1], "{kinds}");
    assert_eq!([cell(&kinds, "资金 需求", 1), cell(&kinds, "资金 需求", 6)], [1, 1], "{kinds}");
    let places = table("places").await;
    assert_eq!([cell(&places, "广东省", 1), cell(&places, "广东省", 2)], [4, 2], "{places}");
    let partners = table("partners").await;
    assert_eq!([cell(&partners, "shenzhen办事处", 1), cell(&partners, "shenzhen办事处", 2)], [3, 2], "{partners}");
    assert_eq!(
        [cell(&partners, "zunyi办事处", 1), cell(&partners, "zunyi办事处", 2)],
        [2, 0],
        "wine is not for it: {partners}"
    );

    let report = async |session: &str| {
        let report = office.page(session, &format!("/statistics/{month}.xlsx")).await;
        assert_eq!(report.status, 200, "{:?}", report.headers);
        report
    };
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(report(&viewer).await.body)).unwrap();
    assert_eq!(book.sheet_names(), ["本月信息清单", "按月份", "查询与送达", "按类别", "按地区", "按成员"]);
    let sheet = book.worksheet_range("按月份").unwrap();
    let above = |row| sheet.get((row, 0)).map(Data::to_string).unwrap_or_default();
    assert!(above(1).contains("填报单位") && above(2).contains("统计口径"), "{sheet:?}");
    assert_eq!(sheet.get((4, 1)), Some(&Data::Float(4.0)), "{sheet:?}");
    // What is counted is named; what has ended for those alone who may write it.
    let listed = |report: HttpAnswer| {
        let mut book: Xlsx<_> = Xlsx::new(Cursor::new(report.body)).unwrap();
        let sheet = book.worksheet_range("本月信息清单").unwrap();
        let text = |cell: &Data| cell.to_string();
        let mut rows: Vec<(String, String)> = sheet.rows().skip(3).map(|row| (text(&row[0]), text(&row[1]))).collect();
        rows.sort();
        (rows, sheet)
    };
    let (rows, sheet) = listed(report(&editor).await);
    let named: Vec<(&str, &str)> =
        rows.iter().map(|(title, what)| (title.trim_end_matches(" for partner cities"), what.as_str())).collect();
    let all = [
        ("inner", "发布"),
        ("loan", "发布"),
        ("loan", "已落实"),
        ("more tea", "发布"),
        ("more tea", "更新"),
        ("wine", "发布"),
    ];
    assert_eq!(named, all, "{sheet:?}");
    assert!(matches!(sheet.get((3, 2)), Some(Data::DateTime(_))), "{sheet:?}");
    let (rows, sheet) = listed(report(&viewer).await);
    assert!(!rows.iter().any(|(title, _)| title.starts_with("loan")) && rows.len() == 5, "{sheet:?}");

    for wrong in ["/statistics/1999-01.xlsx", "/statistics/year.xlsx", "/statistics/year.secrets.csv", "/statistics/x"]
    {
        assert_eq!(office.page(&viewer, wrong).await.status, 404, "{wrong}");
    }
    let away = bijie.curl(&certificate, &["-H", HTML], "/statistics").await;
    assert_eq!(away.status, 303, "{away:?}");

    // A restart changes nothing, and counts nothing twice.
    bijie.restart().await;
    assert_eq!((table("months").await, table("dealings").await), (months, dealings));
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_take_effect_at_once_and_outlive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(2503)
        .web_certificate(&certificate)
        .setting("site.sponsor", "甲市人民政府办公室")
        .gateway()
        .node("bijie", &["bijie"])
        .start()
        .await;
    let node = net.node("bijie");
    let office = Office { node, certificate: &certificate };
    let admin = node.let_in_administrator(&certificate).await;
    let member_admin = node.let_in(&certificate, "li.ming", &["bijie=admin"]).await;
    let shown = async || node.curl(&certificate, &["-H", HTML], "/members").await.text();
    assert!(shown().await.contains("甲市人民政府办公室"));

    let saved = office
        .send(&admin, "/admin/settings", &[("site-sponsor", "乙市人民政府办公室"), ("site-icp", "粤ICP备12345678号")])
        .await;
    assert_eq!((saved.status, saved.header("location")), (303, "/admin/settings"), "{saved:?}");
    let page = shown().await;
    assert!(page.contains("乙市人民政府办公室") && page.contains("粤ICP备12345678号"), "{page}");
    assert!(!page.contains("甲市"), "{page}");
    let settings = office.says(&admin, "/admin/settings", &["在此处设置", "web.listen"]).await;
    assert!(settings.contains("value=\"乙市人民政府办公室\""), "{settings}");

    // What is wrong is said beside the field; all that was typed stays, and none of it counts.
    let wrong = [("accounts-idle", "1s"), ("site-sponsor", "丙市人民政府办公室")];
    let refused = office.send(&admin, "/admin/settings", &wrong).await;
    let text = refused.text();
    assert!(refused.status == 400 && text.contains("id=\"accounts-idle-error\""), "{text}");
    assert!(text.contains("value=\"1s\"") && text.contains("value=\"丙市人民政府办公室\""), "{text}");
    assert!(shown().await.contains("乙市人民政府办公室"));

    // Others may not, and change nothing; nor is what needs a restart changed by anybody.
    for (session, path) in [(&member_admin, "/admin/settings"), (&member_admin, "/admin/backups")] {
        let denied = office.send(session, path, &[("site-sponsor", "丁市人民政府办公室")]).await;
        assert_eq!(denied.status, 403, "{path}: {denied:?}");
        assert_eq!(office.page(session, path).await.status, 403, "{path}");
    }
    office.send(&admin, "/admin/settings", &[("web.listen", "0.0.0.0:1"), ("web-listen", "0.0.0.0:1")]).await;
    office.send(&admin, "/admin/settings", &[("reset", "web.listen")]).await;
    assert!(shown().await.contains("乙市人民政府办公室"));

    node.restart().await;
    assert!(shown().await.contains("乙市人民政府办公室"));
    let reset = office.send(&admin, "/admin/settings", &[("reset", "site.sponsor"), ("site-sponsor", "typed")]).await;
    assert_eq!(reset.status, 303, "{reset:?}");
    let page = shown().await;
    assert!(page.contains("甲市人民政府办公室") && page.contains("粤ICP备12345678号"), "{page}");
    let trail = node.cli(&["audit", "export"]).await.done();
    assert_eq!(trail.matches("settings.set").count(), 3, "{trail}");
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_was_downloaded_restores() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(2504).web_certificate(&certificate).gateway().node("bijie", &["bijie"]).start().await;
    let node = net.node("bijie");
    let office = Office { node, certificate: &certificate };
    let admin = node.let_in_administrator(&certificate).await;
    node.let_in(&certificate, "editor", &["bijie=editor"]).await;
    node.publish(offer("tea").titled("ends soon").with(ends_in(5))).await.unwrap();
    node.publish(offer("home").on_request()).await.unwrap();
    office.says(&admin, "/admin/backups", &["还没有备份"]).await;
    let first = office.says(&admin, "/", &["开始使用", "做一次备份"]).await;
    assert!(!first.contains("写第一条信息"), "two are published: {first}");
    let begun = office.send(&admin, "/admin/backups", &[]).await;
    assert_eq!((begun.status, begun.header("location")), (303, "/admin/backups"), "{begun:?}");
    let list = office.says(&admin, "/admin/backups", &[".tar\""]).await;
    let told = async || {
        let home = office.page(&admin, "/").await.text();
        if home.contains("做一次备份") { Err(home) } else { Ok(()) }
    };
    within(PATIENCE, told).await.unwrap();
    let path = list.split("href=\"/admin/backups/").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    for other in ["2000-01-01T000000Z.tar", "..", "%2E%2E", "..%2Fdata.db", ".tar"] {
        let absent = office.page(&admin, &format!("/admin/backups/{other}")).await;
        assert_eq!(absent.status, 404, "{other}: {:?}", absent.headers);
    }
    let away = node.curl(&certificate, &[], &format!("/admin/backups/{path}")).await;
    assert_eq!(away.status, 401, "{away:?}");
    let taken = office.page(&admin, &format!("/admin/backups/{path}")).await;
    assert_eq!((taken.status, taken.header("content-type")), (200, "application/x-tar"), "{:?}", taken.headers);
    assert_eq!(taken.header("content-length"), taken.body.len().to_string());
    let archive = folder.path().join("backup.tar");
    std::fs::write(&archive, &taken.body).unwrap();
    let unpacked = std::process::Command::new("tar").arg("-xf").arg(&archive).arg("-C").arg(folder.path()).status();
    assert!(unpacked.unwrap().success());
    let backup = folder.path().join(format!("duikou-{}", path.trim_end_matches(".tar")));
    assert!(!backup.join("backups").exists(), "no backup holds another");
    let trail = node.cli(&["audit", "export"]).await.done();
    assert!(trail.contains("backup.create") && trail.contains("backup.take"), "{trail}");

    node.kill9();
    node.lose_folder();
    let restored = node.cli(&["restore", backup.to_str().unwrap()]).await;
    assert!(restored.code == 0 && restored.stderr.contains("备份之后撤销的令牌"), "{restored}");
    node.start().await;
    let ended = office.page(&admin, "/admin").await;
    assert_ne!(ended.status, 200, "who was signed in when the backup was made may have been shut out since");
    let trail = node.cli(&["audit", "list", "--action", "backup.restore", "--output", "jsonl"]).await.done();
    assert!(trail.lines().count() == 1 && trail.contains("sessions and links ended"), "{trail}");
    node.sees("members/bijie/listings/tea").await;
    node.get("members/bijie/listings/home").await.unwrap();
    // The search index is made anew. Whoever comes first waits for nothing, and what is found with it follows by itself.
    let editor = node.signed_in(&certificate, "editor").await;
    let first = office.page(&editor, "/").await.text();
    assert!(first.contains("data-follows") && first.contains("检索索引就绪后显示"), "{first}");
    assert!(first.contains("没有被退回的草稿") && !first.contains("14天内没有信息到期"), "{first}");
    let part = office.says(&editor, "/home/work", &["ends soon"]).await;
    assert!(!part.contains("data-follows") && job(&part, "expiring").contains("ends soon"), "{part}");
    let again = node.signed_in(&certificate, "admin").await;
    office.says(&again, "/admin", &["存储与版本", "成员目录"]).await;
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offices_pages_work_in_a_browser_in_both_languages() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(2505)
        .web_certificate(&certificate)
        .gateway()
        .node("bijie", &["bijie"])
        .node("shenzhen", &["shenzhen"])
        .start()
        .await;
    let node = net.node("bijie");
    let office = Office { node, certificate: &certificate };
    let admin = node.let_in_administrator(&certificate).await;
    node.publish(offer("soon").titled("ends soon").with(ends_in(5))).await.unwrap();
    office.hand_in("bijie", "park", "cold store").await;
    net.node("shenzhen").publish(request("want").titled("ends soon")).await.unwrap();
    office.send(&admin, "/admin/backups", &[]).await;
    office.says(&admin, "/admin/backups", &[".tar\""]).await;
    office.says(&admin, "/", &["ends soon"]).await;
    let page = |name, path| Seen { name, path, status: 200 };
    let pages = [
        page("work list", "/"),
        page("statistics", "/statistics"),
        page("administration", "/admin"),
        page("directory", "/admin/directory"),
        page("settings", "/admin/settings"),
        page("backups", "/admin/backups"),
    ];
    let faults = browse_as(&format!("https://{}", node.addresses().web), &admin, &pages).await;
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    net.finish().await;
}
