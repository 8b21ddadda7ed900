//! The dirty samples: the preview tells exactly what was planted in them.

use duikou_tests::harness::{Network, WebCertificate, within};

use super::super::PATIENCE;
use super::super::spreadsheets::{cells, csv, day, replaced};
use super::{Clerk, count, held, sample};
use duikou_node::sheets::read;

#[tokio::test(flavor = "multi_thread")]
async fn a_labour_table_is_previewed_published_corrected_and_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(2501)
        .web_certificate(&certificate)
        .gateway()
        .node("bijie", &["bijie"])
        .node("zunyi", &["zunyi"])
        .start()
        .await;
    let node = net.node("bijie");
    let clerk = Clerk::of(node, &certificate, "li.ming", &["bijie=editor"]).await;
    let file = sample("毕节_劳务_2026.xlsx");
    let path = clerk.begin(&file).await;
    let columns = clerk.get(&path).await.text();
    for recognised in ["毕节_劳务_2026.xlsx", "<option value=\"wage\" selected>", "按“人才”读取"] {
        assert!(columns.contains(recognised), "{recognised}: {columns}");
    }
    // Amounts have units, numbers of rows and people have none; of what the table says only that of money is repeated.
    for (said, there) in [("“A 序号”列的金额单位", false), ("按表中说明：元<", true), ("人、元<", false)]
    {
        assert_eq!(columns.contains(said), there, "{said}: {columns}");
    }
    let page = clerk.preview(&path, &[("audience", "网络成员")]).await;
    assert_eq!((count(&page, "NEW"), count(&page, "REPEATED")), (36, 1), "{page}");
    assert!(page.contains("单位按表中说明读作元"), "{page}");
    for read in
        ["方向：供给", "人数：80 人", "薪酬：4500–6000元/月", "地区：贵州省毕节市七星关区", "可见范围：网络成员"]
    {
        assert!(page.contains(&format!("<span class=\"sample\">{read}")), "{read}: {page}");
    }
    assert_eq!(clerk.wrong(&path).await, ["B18", "D23", "D34", "E10", "E36", "H20"]);
    let wrong = clerk.get(&format!("{path}?state=WRONG")).await.text();
    for told in ["没有名为“毕阶市”的地区", "520500（贵州省毕节市）", "D34：此项必填", "元/月"]
    {
        assert!(wrong.contains(told), "{told}: {wrong}");
    }
    assert_eq!(held(node, "bijie").await, [], "a preview writes nothing");
    assert!(page.contains("发布 36 行"), "{page}");

    // What is good is published; the rest comes back as a workbook.
    let page = clerk.publish(&path).await;
    assert!(page.contains("导入完成") && count(&page, "NEW") == 36, "{page}");
    let before = held(node, "bijie").await;
    assert_eq!(before.len(), 36);
    let faults = clerk.get(&format!("{path}/wrong.xlsx")).await;
    let name = "attachment; filename=\"wrong.xlsx\"; filename*=UTF-8''%E6%AF%95%E8%8A%82%5F%E5%8A%B3%E5%8A%A1%5F2026%5F\
                %E6%9C%89%E8%AF%AF%E7%9A%84%E8%A1%8C%2Exlsx";
    assert_eq!((faults.status, faults.header("content-disposition")), (200, name));
    let mut rows = cells(&read(&faults.body, "wrong.xlsx").unwrap());
    let header = rows.iter().position(|row| row.first().is_some_and(|cell| cell == "序号")).unwrap();
    assert_eq!(rows.len(), header + 1 + 6);
    for row in &mut rows[header + 1..] {
        row[1] = row[1].replace("毕阶市", "毕节市");
        row[3] = if row[3].is_empty() || row[3] == "30-50" { "30".to_owned() } else { row[3].clone() };
        row[7] = row[7].replace("春节后", "2027-02-20");
    }
    let corrected = folder.path().join("corrected.csv");
    std::fs::write(&corrected, csv(&rows)).unwrap();
    // Whom the others are for goes with them.
    assert!(rows[header].iter().any(|cell| cell == "可见范围（统一填写）"), "{:?}", rows[header]);
    // For which time E10 and E36 are paid is not said in them: it is said once, of the column.
    let path = clerk.begin(&corrected).await;
    let columns = clerk.get(&path).await.text();
    let wage = columns.split("name=\"unit-").find_map(|rest| {
        let named = rest.split("</select>").next()?.contains("工资");
        named.then(|| rest.split('"').next().unwrap().to_owned())
    });
    let wage = format!("unit-{}", wage.unwrap_or_else(|| panic!("no unit of wages: {columns}")));
    assert!(columns.contains("已按上次填写：可见范围：网络成员，请核对"), "{columns}");
    let page = clerk.preview(&path, &[(&wage, "yuan a month")]).await;
    assert_eq!((count(&page, "NEW"), count(&page, "WRONG")), (6, 0), "{page}");
    clerk.publish(&path).await;
    let after = held(node, "bijie").await;
    assert_eq!(after.len(), 42);
    assert!(before.iter().all(|known| after.contains(known)), "what was there is as it was");
    net.settle().await;
    assert_eq!(held(net.node("zunyi"), "bijie").await.len(), 42);

    // The same form again is read as it was said before, and changes nothing.
    let path = clerk.begin(&corrected).await;
    let columns = clerk.get(&path).await.text();
    assert!(columns.contains("<option value=\"yuan a month\" selected>元/月"), "{columns}");
    assert!(columns.contains("name=\"audience\" value=\"网络成员\""), "{columns}");
    let page = clerk.preview(&path, &[]).await;
    assert_eq!((count(&page, "UNCHANGED"), count(&page, "NEW")), (6, 0), "{page}");
    assert!(page.contains("没有要发布的内容"), "{page}");
    assert_eq!(held(node, "bijie").await, after, "what is absent from a file stays");

    // What anybody takes out again is what came in.
    let taken = within(PATIENCE, async || {
        let file = clerk.get("/listings.xlsx?member=bijie").await;
        let book = read(&file.body, "listings.xlsx").map_err(|error| error.to_string())?;
        let lines = book.sheets.first().map_or(0, |sheet| sheet.lines.len());
        if lines == 43 { Ok(()) } else { Err(format!("{lines} lines")) }
    });
    taken.await.unwrap();
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_samples_are_previewed_with_exactly_their_flaws() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(2502)
        .web_certificate(&certificate)
        .gateway()
        .node("offices", &["qiannan", "shenzhen", "heyuan"])
        .circle("pan-prd", &["qiannan", "shenzhen"])
        .start()
        .await;
    let node = net.node("offices");
    let qiannan = Clerk::of(node, &certificate, "qian", &["qiannan=editor"]).await;
    for name in ["黔南_招商项目_2027.xlsx", "黔南_招商项目_2027.xls", "黔南_招商项目_2027.ods"] {
        let path = qiannan.begin(&sample(name)).await;
        let page = qiannan.preview(&path, &[("audience", "公开")]).await;
        assert_eq!(qiannan.wrong(&path).await, ["B31", "C24", "D12", "F26", "L29"], "{name}");
        assert_eq!(count(&page, "NEW"), 31, "{name}: {page}");
    }
    // Dates move on with the clock of whoever runs this; their flaws stay.
    let shenzhen = Clerk::of(node, &certificate, "shen", &["shenzhen=editor"]).await;
    let path = shenzhen.begin(&sample("深圳_活动计划_2027.xlsx")).await;
    let expire = day("+300 days");
    let words = [("expire", &*expire), ("word-1", "泛珠圈"), ("scope-1", "pan-prd")];
    let columns = shenzhen.get(&path).await.text();
    assert!(columns.contains("<option value=\"pan-prd\" label=\"“pan-prd”圈子的成员\">"), "{columns}");
    let page = shenzhen.preview(&path, &words).await;
    assert_eq!(shenzhen.wrong(&path).await, ["B28", "D12", "D18", "E11", "G22", "I14", "J20"], "{page}");
    assert_eq!(count(&page, "NEW"), 26, "{page}");

    let bytes = std::fs::read(sample("河源_技术需求_2026.csv")).unwrap();
    let dates = [("2027-03-30", "+100 days"), ("2027-06-30", "+200 days"), ("2027-09-30", "+300 days")];
    let moved = dates.iter().fold(bytes, |bytes, (date, ahead)| replaced(&bytes, date, &day(ahead)));
    let file = folder.path().join("河源.csv");
    std::fs::write(&file, moved).unwrap();
    let heyuan = Clerk::of(node, &certificate, "he", &["heyuan=editor"]).await;
    let path = heyuan.begin(&file).await;
    let page = heyuan.preview(&path, &[("audience", "注册企业")]).await;
    assert_eq!(heyuan.wrong(&path).await, ["C17", "D9", "E5", "E7", "H11"], "{page}");
    assert_eq!(count(&page, "NEW"), 27, "{page}");
    net.finish().await;
}
