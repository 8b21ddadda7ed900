//! What was exported goes in again: all kinds on the sheets of one workbook, and only for whoever has published them.

use std::path::Path;

use duikou_node::sheets::{Workbook, read};
use duikou_tests::harness::{Network, WebCertificate, within};
use serde_json::{Value, json};

use super::super::spreadsheets::day;
use super::super::{PATIENCE, listing_name};
use super::{Clerk, count, held};

/// The code that a project has in the public register, whoever writes of it.
const CODE: &str = "2402-440300-04-01-123456";
const SHEETS: [&str; 5] = ["资金", "项目", "技术", "人才", "活动"];

/// A listing of each kind.
fn of_each_kind() -> Vec<Value> {
    let time = |ahead: &str| format!("{}T02:00:00Z", day(ahead));
    let talent = json!({"supply_type": "VACANCY", "occupation_code": "8212", "occupation_name": "电子设备装配工",
        "headcount": 30});
    let event = json!({"start_time": time("+200 days"), "end_time": time("+201 days"), "time_zone": "Asia/Shanghai",
        "venue": "深圳市福田区会展馆"});
    let of = |kind: &str, details: Value| {
        let mut body = json!({"direction": "OFFER", "title": format!("深圳{kind}"), "language": "zh-CN",
            "regions": ["440300"]});
        body[kind] = details;
        if kind == "project" {
            body["external_codes"] = json!([{"scheme": "INVESTMENT_PROJECT", "code": CODE}]);
        }
        json!({"name": listing_name("shenzhen", kind), "scopes": ["public"], "expire_time": time("+300 days"),
            "listing": body})
    };
    vec![
        of("capital", json!({"instrument": "EQUITY"})),
        of("project", json!({"phase": "PLANNING"})),
        of("technology", json!({"maturity_trl": 7})),
        of("talent", talent),
        of("event", event),
    ]
}

fn written(path: &Path, listings: &[Value]) {
    let lines: Vec<String> = listings.iter().map(Value::to_string).collect();
    std::fs::write(path, lines.join("\n")).unwrap();
}

/// Takes the table at an address to `path`, once it has all of them.
async fn taken(clerk: &Clerk<'_>, address: &str, path: &Path) -> Workbook {
    let whole = within(PATIENCE, async || {
        let answer = clerk.get(address).await;
        let book = read(&answer.body, "x.xlsx").map_err(|error| error.to_string())?;
        let sheets: Vec<&str> = book.sheets.iter().map(|sheet| &*sheet.name).collect();
        if sheets != SHEETS {
            return Err(format!("{sheets:?}"));
        }
        std::fs::write(path, &answer.body).unwrap();
        Ok(book)
    });
    whole.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_of_every_kind_goes_in_again_unchanged_and_never_as_anothers() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(2512)
        .web_certificate(&certificate)
        .gateway()
        .node("offices", &["shenzhen", "bijie"])
        .start()
        .await;
    let node = net.node("offices");
    let lines = folder.path().join("all.jsonl");
    written(&lines, &of_each_kind());
    node.cli(&["import", lines.to_str().unwrap()]).await.done();
    let before = held(node, "shenzhen").await;
    assert_eq!(before.len(), SHEETS.len());

    let shenzhen = Clerk::of(node, &certificate, "li.ming", &["shenzhen=editor"]).await;
    let file = folder.path().join("本单位已发布.xlsx");
    let book = taken(&shenzhen, "/drafts/published.xlsx", &file).await;
    let headers: Vec<String> = book.sheets[0].lines[0].cells.iter().map(|cell| cell.text()).collect();
    for header in ["编号", "发布单位", "发布日期", "信息网址"] {
        assert!(headers.iter().any(|known| known == header), "{headers:?}");
    }
    for time in ["the first", "another"] {
        let path = shenzhen.begin(&file).await;
        let columns = shenzhen.get(&path).await.text();
        for sheet in SHEETS {
            let read = format!("工作表“{sheet}”按“{sheet}”读取");
            assert!(
                columns.contains(&read) && columns.contains(&format!("<h3 class=\"block\">{sheet}</h3>")),
                "{time}: {columns}"
            );
        }
        assert!(columns.contains("<option value=\"investment\" selected>"), "{time}: {columns}");
        let page = shenzhen.preview(&path, &[]).await;
        assert_eq!((count(&page, "UNCHANGED"), count(&page, "WRONG")), (SHEETS.len(), 0), "{time}: {page}");
        // Each sheet has a second row.
        assert!(page.contains("工作表“项目”第2行</th>"), "{time}: {page}");
        assert!(page.contains("<a href=\"/listings/shenzhen/project\">"), "{time}: {page}");
    }
    assert_eq!(held(node, "shenzhen").await, before);

    // What another has published is not taken for one's own, neither from a search nor under the same code.
    let bijie = Clerk::of(node, &certificate, "wang.wei", &["bijie=editor"]).await;
    let file = folder.path().join("检索结果.xlsx");
    taken(&bijie, "/listings.xlsx?member=shenzhen", &file).await;
    let path = bijie.begin(&file).await;
    let page = bijie.preview(&path, &[]).await;
    assert_eq!((count(&page, "WRONG"), count(&page, "NEW")), (SHEETS.len(), 0), "{page}");
    assert!(page.contains("这是shenzhen办事处发布的信息，不能作为本单位的信息导入。"), "{page}");
    let mut project = of_each_kind().remove(1);
    project["name"] = json!(listing_name("bijie", "project"));
    written(&lines, &[project]);
    let tried = node.cli(&["import", lines.to_str().unwrap(), "--dry-run", "--language", "zh"]).await;
    assert!(tried.stderr.contains(&format!("第 1 行：已有编号相同（{CODE}）的信息：")), "{tried}");
    let file = folder.path().join("项目.csv");
    std::fs::write(&file, format!("标题,方向,地区,项目代码,引资金额,可见范围\n园区,供给,深圳市,{CODE},1亿元,公开\n"))
        .unwrap();
    let path = bijie.begin(&file).await;
    let page = bijie.preview(&path, &[]).await;
    assert!(count(&page, "NEW") == 1 && page.contains("shenzhen办事处已发布编号相同"), "{page}");
    assert_eq!(held(node, "bijie").await, []);
    net.finish().await;
}
