//! What happens on the way: a header that is not found, an approval that is asked for, a node that does not survive it, and
//! how it looks in a browser.

use duikou_tests::harness::{Network, Seen, WebCertificate, browse_as, filled, within};

use super::super::PATIENCE;
use super::{Clerk, count, held, sample};

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_the_node_does_not_survive_says_where_it_stopped_and_goes_on() {
    const ROWS: usize = 4_000;
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(2503).web_certificate(&certificate).gateway().node("shenzhen", &["shenzhen"]).start().await;
    let node = net.node("shenzhen");
    let clerk = Clerk::of(node, &certificate, "li.ming", &["shenzhen=editor"]).await;
    let file = folder.path().join("many.csv");
    let rows: String = (0..ROWS).map(|row| format!("第{row}只基金,供给,深圳市,股权,{}万元,公开\n", row + 1)).collect();
    std::fs::write(&file, format!("标题,方向,地区,资金方式,金额,可见范围\n{rows}")).unwrap();
    let path = clerk.begin(&file).await;
    let page = clerk.preview(&path, &[]).await;
    assert_eq!(count(&page, "NEW"), ROWS, "{page}");
    // Fifty rows a page, whatever there is.
    assert_eq!(page.matches("<tr><th scope=\"row\" class=\"number\">").count(), 50);
    let last = clerk.get(&format!("{path}?state=NEW&page=80")).await.text();
    assert!(last.contains(">4001</th>") && !last.contains("rel=\"next\"") && last.contains("page=79"), "{last}");

    let begun = clerk.send(&format!("{path}/publish"), &[]).await;
    assert_eq!(begun.status, 303, "{begun:?}");
    let some = async || match held(node, "shenzhen").await.len() {
        0..=100 => Err("nothing has come yet".to_owned()),
        _ => Ok(()),
    };
    within(PATIENCE, some).await.unwrap();
    node.kill9();
    node.start().await;
    let before = held(node, "shenzhen").await;
    let page = clerk.settled(&path).await;
    assert!(before.len() == ROWS || page.contains("导入中途停止"), "{page}");
    let page = clerk.publish(&path).await;
    assert!(page.contains("导入完成"), "{page}");
    assert_eq!(count(&page, "NEW") + count(&page, "UNCHANGED"), ROWS, "{page}");
    let after = held(node, "shenzhen").await;
    assert_eq!(after.len(), ROWS);
    assert!(before.iter().all(|known| after.contains(known)), "something was written twice");
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_an_approval_is_handed_in_as_one_import() {
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
    let clerk = Clerk::of(node, &certificate, "li.ming", &["shenzhen=editor"]).await;
    node.cli(&["drafts", "policy", "shenzhen", "--rule", "other"]).await.done();
    let file = folder.path().join("funds.csv");
    std::fs::write(
        &file,
        "标题,方向,地区,资金方式\n甲基金,供给,深圳市,股权\n=HYPERLINK(甲基金二期),供给,深圳市,股权\n",
    )
    .unwrap();
    let path = clerk.begin(&file).await;
    let id = path.rsplit('/').next().unwrap().to_owned();
    // Whom an audience can name is offered by name, and taken so.
    let columns = clerk.get(&path).await.text();
    let offered = |name: &str| columns.contains(&format!("<option value=\"{name}\">"));
    assert!(offered("bijie办事处") && !offered("shenzhen办事处"), "{columns}");
    let page = clerk.preview(&path, &[("audience", "bijie办事处")]).await;
    assert!(count(&page, "NEW") == 2 && page.contains("提交 2 行审核"), "{page}");
    assert!(page.contains("可见范围：bijie办事处"), "{page}");
    let page = clerk.publish(&path).await;
    let batch = format!("/drafts?batch={id}");
    assert!(page.contains(&batch) && page.contains("已提交 2 行"), "{page}");
    assert!(page.contains("待审核</span>") && page.contains("<a href=\"/drafts/shenzhen/"), "{page}");
    // Whoever approves finds the import among what waits, and from each of its listings.
    let reviewer = Clerk::of(node, &certificate, "wang.fang", &["shenzhen=reviewer"]).await;
    let list = reviewer.get("/drafts").await.text();
    assert!(list.contains(&format!("href=\"{batch}\"")) && list.contains("一次导入正在等待审核"), "{list}");
    let one = list.split("<h2 class=\"card-title\"><a href=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    assert!(reviewer.get(one).await.text().contains(&format!("href=\"{batch}\"")), "{one}");
    let whole = reviewer.get(&batch).await.text();
    assert!(
        whole.contains(&format!("/drafts/review?batch={id}")) && !whole.contains("一次导入正在等待审核"),
        "{whole}"
    );
    assert_eq!(held(node, "shenzhen").await, [], "nothing is published before it is approved");
    let drafts = clerk.get("/drafts.xlsx").await;
    let book = duikou_node::sheets::read(&drafts.body, "drafts.xlsx").unwrap();
    assert_eq!(book.sheets[0].lines.len(), 3, "{:?}", book.sheets[0].lines);
    node.cli(&["drafts", "policy", "shenzhen", "--rule", "none"]).await.done();
    node.cli(&["drafts", "approve", "--member", "shenzhen", "--batch", &id, "--yes"]).await.done();
    net.settle().await;
    assert_eq!(held(net.node("bijie"), "shenzhen").await.len(), 2);
    // What the import says is what has become of it, and leads there.
    let since = clerk.get(&path).await.text();
    assert!(since.contains("2 行已同意并发布") && since.contains("已发布</span>"), "{since}");
    assert!(!since.contains(&batch) && since.contains("<a href=\"/listings/shenzhen/"), "{since}");
    // A cell never becomes a formula.
    let csv = within(PATIENCE, async || {
        let csv = clerk.get("/listings.csv?kind=capital").await;
        if csv.text().contains("甲基金二期") { Ok(csv.text()) } else { Err(csv.text()) }
    });
    let csv = csv.await.unwrap();
    assert!(csv.contains("'=HYPERLINK(甲基金二期)") && !csv.contains(",=HYPERLINK"), "{csv}");
    let none = clerk.get("/listings.csv?region=nowhere").await;
    assert_eq!(none.status, 400, "{none:?}");
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_under_an_approval_compares_with_listings_and_drafts_as_without() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(2508).web_certificate(&certificate).gateway().node("bijie", &["bijie"]).start().await;
    let node = net.node("bijie");
    let clerk = Clerk::of(node, &certificate, "li.ming", &["bijie=editor"]).await;
    let file = folder.path().join("funds.csv");
    let write = |rows: [[&str; 3]; 3]| {
        let rows: String =
            rows.map(|[code, title, audience]| format!("{title},供给,毕节市,{code},股权,{audience}\n")).concat();
        std::fs::write(&file, format!("标题,方向,地区,项目代码,资金方式,可见范围\n{rows}")).unwrap();
    };
    let codes = ["2402-520500-04-01-123456", "2402-520500-04-01-123457", "2402-520500-04-01-123458"];
    let [tea, dam, park] = codes;
    write([[tea, "茶园", "公开"], [dam, "水库", "公开"], [park, "园区", "公开"]]);
    let imported = async || {
        let path = clerk.begin(&file).await;
        let page = clerk.preview(&path, &[]).await;
        (path, page)
    };
    let row = |page: &str, number: u32| {
        let row = page.split(&format!(">{number}</th>")).nth(1).and_then(|rest| rest.split("</tr>").next());
        row.unwrap_or_else(|| panic!("no row {number}: {page}")).to_owned()
    };
    let states = |page: &str| ["NEW", "CHANGED", "UNCHANGED"].map(|state| count(page, state));
    let (path, _) = imported().await;
    clerk.publish(&path).await;
    let before = held(node, "bijie").await;
    assert_eq!(before.len(), 3);

    // Without an approval: what changes is said, and that the code of a register says which listing it is.
    let changed = [[tea, "茶园二期", "公开"], [dam, "水库", "公开"], [park, "园区", "网络成员"]];
    write(changed);
    let (_, without) = imported().await;
    assert_eq!(states(&without), [0, 2, 1], "{without}");
    assert!(row(&without, 2).contains("改动：标题") && row(&without, 4).contains("改动：可见范围"), "{without}");

    // With one, the same; narrowing never waits, and is told apart.
    node.cli(&["drafts", "policy", "bijie", "--rule", "other"]).await.done();
    let (path, with) = imported().await;
    assert_eq!(states(&with), [0, 2, 1], "{with}");
    assert!(row(&with, 2).contains("改动：标题") && row(&with, 2).contains("须审核"), "{with}");
    assert!(row(&with, 4).contains("改动：可见范围") && !row(&with, 4).contains("须审核"), "{with}");
    assert!(with.contains("其中 1 行须经审核") && with.contains("提交 2 行审核"), "{with}");
    assert_eq!(held(node, "bijie").await, before, "a preview writes nothing");
    let shown = node.cli(&["import", file.to_str().unwrap(), "--dry-run", "--submit", "--output", "json"]).await.done();
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let first = &shown[0];
    assert_eq!((&first["state"], &first["waitsForApproval"]), (&"CHANGED".into(), &true.into()), "{shown}");
    let done = clerk.publish(&path).await;
    assert_eq!((count(&done, "SUBMITTED"), count(&done, "CHANGED")), (1, 1), "{done}");

    // From now on there is a draft: what would become of that is what is told.
    let (_, again) = imported().await;
    assert_eq!(states(&again), [0, 0, 3], "what waits already waits: {again}");
    assert!(again.contains("没有要发布的内容"), "{again}");
    write([[tea, "茶园三期", "公开"], changed[1], changed[2]]);
    let (_, other) = imported().await;
    assert_eq!(states(&other), [0, 1, 2], "{other}");
    assert!(row(&other, 2).contains("改动：标题") && other.contains("提交 1 行审核"), "{other}");
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn imports_work_in_a_browser_and_headers_are_found_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(2505).web_certificate(&certificate).gateway().node("bijie", &["bijie"]).start().await;
    let node = net.node("bijie");
    let clerk = Clerk::of(node, &certificate, "li.ming", &["bijie=editor"]).await;
    // Nobody knows these headers: the clerk says where they are and what they mean.
    let file = folder.path().join("odd.csv");
    std::fs::write(&file, "本表由某处填报\n甲栏,乙栏,丙栏\n茶园合作,合作,毕节市\n").unwrap();
    let odd = clerk.begin(&file).await;
    let page = clerk.get(&odd).await.text();
    assert!(page.contains("没有找到可识别的表头"), "{page}");
    let fields = [("kind", "project"), ("header", "2")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    let found = clerk.send(&format!("{odd}/table"), &fields).await;
    assert_eq!((found.status, found.header("location")), (303, &*format!("{odd}/columns")), "{}", found.text());
    let said = [
        ("field-0.0", "title"),
        ("field-0.1", "cooperation_modes"),
        ("field-0.2", "regions"),
        ("direction", "供给"),
        ("audience", "公开"),
    ];
    let columns = format!("{odd}/columns");
    let page = clerk.get(&columns).await.text();
    assert!(page.contains("还没有列对应必填的内容：标题"), "{page}");
    // Who may see the rows is asked, and nothing that was chosen is lost over it.
    let mut fields = filled(&page, &columns);
    for (name, value) in &said[..4] {
        fields.iter_mut().find(|(known, _)| known == name).unwrap().1 = (*value).to_owned();
    }
    // It is marked as needed, where no column says it.
    assert!(page.contains("<label for=\"audience\">可见范围 <span class=\"needed\""), "{page}");
    let asked = clerk.send(&columns, &fields).await;
    let page = asked.text();
    assert!(asked.status == 400 && page.contains("id=\"audience-error\""), "{page}");
    let kept = |page: &str| {
        said[..4].iter().all(|(name, value)| {
            filled(page, &columns).contains(&((*name).to_owned(), (*value).replace("供给", "OFFER")))
        })
    };
    assert!(kept(&page), "{page}");
    let page = clerk.preview(&odd, &said).await;
    assert_eq!(count(&page, "WRONG") + count(&page, "NEW"), 1, "{page}");
    assert!(clerk.get(&odd).await.text().contains("茶园合作"));
    // Whoever comes back to the columns finds them as they were said, and they are read so again.
    let page = clerk.get(&columns).await.text();
    assert!(kept(&page) && !page.contains("还没有列对应必填的内容"), "{page}");
    let page = clerk.preview(&odd, &[]).await;
    assert!(page.contains("茶园合作"), "{page}");

    // What a column holds that may hold several dates is asked, and so is what no column says of all rows.
    std::fs::write(&file, "活动名称,活动时间,地点,截止日期\n春茶节,2027年3月5日9:00-17:00,深圳会展中心,2027-02-20\n")
        .unwrap();
    let event = clerk.begin(&file).await;
    let columns_of_event = format!("{event}/columns");
    let page = clerk.get(&columns_of_event).await.text();
    for told in ["“截止日期”：这一列可能是结束时间、报名截止或有效期至", "没有一列写明方向", "id=\"open-0-3\""]
    {
        assert!(page.contains(told), "{told}: {page}");
    }
    let mut fields = filled(&page, &columns_of_event);
    fields.iter_mut().find(|(known, _)| known == "audience").unwrap().1 = "公开".to_owned();
    let asked = clerk.send(&columns_of_event, &fields).await;
    assert!(asked.status == 400 && asked.text().contains("id=\"open-0-3\""), "{}", asked.text());
    let said = [("field-0.3", "deadline"), ("direction", "供给"), ("audience", "公开")];
    let page = clerk.preview(&event, &said).await;
    assert_eq!(count(&page, "NEW"), 1, "{page}");
    assert!(!clerk.get(&columns_of_event).await.text().contains("open-0-3"));

    let labour = clerk.begin(&sample("毕节_劳务_2026.xlsx")).await;
    let page = clerk.get(&format!("{labour}/columns")).await.text();
    assert!(page.contains(">按表头：供给</option>") && page.contains(">按表头：劳务输出</option>"), "{page}");
    let base = format!("https://{}", node.addresses().web);
    let columns = format!("{labour}/columns");
    let first = [
        Seen { name: "import", path: "/import", status: 200 },
        Seen { name: "import columns", path: &columns, status: 200 },
        Seen { name: "import headers", path: &format!("{odd}/columns"), status: 200 },
    ];
    let mut faults = browse_as(&base, &clerk.session, &first).await;
    clerk.preview(&labour, &[("audience", "网络成员")]).await;
    let second = [
        Seen { name: "import preview", path: &labour, status: 200 },
        Seen { name: "import wrong rows", path: &format!("{labour}?state=WRONG"), status: 200 },
    ];
    faults.extend(browse_as(&base, &clerk.session, &second).await);
    clerk.publish(&labour).await;
    let third = [Seen { name: "import done", path: &labour, status: 200 }];
    faults.extend(browse_as(&base, &clerk.session, &third).await);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let forget = format!("{labour}/delete");
    let asked = clerk.get(&forget).await.text();
    assert!(asked.contains("毕节_劳务_2026.xlsx") && asked.contains(&format!("action=\"{forget}\"")), "{asked}");
    assert_eq!(clerk.get(&labour).await.status, 200, "it is asked first");
    let gone = clerk.send(&forget, &[]).await;
    assert_eq!((gone.status, gone.header("location")), (303, "/import"), "{gone:?}");
    assert_eq!(clerk.get(&labour).await.status, 404);
    assert_eq!(held(node, "bijie").await.len(), 36, "what was published stays");
    net.finish().await;
}
