//! Spreadsheets as offices have them: tried, imported, corrected, repeated, and exported.

use std::path::{Path, PathBuf};

use duikou_node::sheets::{Workbook, read};
use duikou_tests::harness::{Network, Program, Server, run_program, within};
use serde_json::{Value, json};

use super::{PATIENCE, failed};

/// The samples, whose planted flaws are listed beside them.
fn sample(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("data/import").join(name)
}

/// A day to come, for dates that must not have passed.
pub(super) fn day(ahead: &str) -> String {
    let output = std::process::Command::new("date").args(["-d", ahead, "+%F"]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// What an import says of each row.
struct Said(Vec<Value>);

impl Said {
    async fn of(node: &Server, args: &[&str]) -> (Self, i32) {
        let mut all = vec!["import"];
        all.extend(args);
        all.extend(["--output", "json", "--language", "zh"]);
        let output = node.cli(&all).await;
        let rows = serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output}"));
        (Self(rows), output.code)
    }

    fn count(&self, state: &str) -> usize {
        self.0.iter().filter(|row| row["state"] == json!(state)).count()
    }

    /// The cells that are wrong, sorted.
    fn wrong(&self) -> Vec<String> {
        let faults = self.0.iter().flat_map(|row| row["faults"].as_array().cloned().unwrap_or_default());
        let mut cells: Vec<String> = faults.map(|fault| fault["cell"].as_str().unwrap().to_owned()).collect();
        cells.sort();
        cells.dedup();
        cells
    }
}

async fn held(server: &Server, member: &str) -> Vec<(String, i64)> {
    let listings = server.list(&format!("members/{member}")).await.unwrap();
    listings.into_iter().map(|listing| (listing.name, listing.revision)).collect()
}

/// What an import is expected to come to.
struct Expected<'a> {
    file: &'a Path,
    member: &'a str,
    args: &'a [&'a str],
    wrong: &'a [&'a str],
    good: usize,
}

/// A dry run tells what is wrong, the good rows arrive, and doing it again changes nothing.
async fn tried_imported_and_repeated(node: &Server, expected: &Expected<'_>) {
    let Expected { file, member, args, wrong, good } = expected;
    let mut all = vec![file.to_str().unwrap(), "--member", *member];
    all.extend(*args);
    let mut trial = all.clone();
    trial.push("--dry-run");
    let before = held(node, member).await;
    let (said, code) = Said::of(node, &trial).await;
    assert_eq!((said.wrong(), code), (wrong.iter().map(|cell| (*cell).to_owned()).collect(), 65), "{}", file.display());
    assert_eq!(said.count("NEW"), *good, "{}", file.display());
    assert_eq!(held(node, member).await, before, "a dry run writes nothing");

    let (said, code) = Said::of(node, &all).await;
    assert_eq!((said.count("NEW"), said.count("REPEATED"), code), (*good, 1, 65));
    let after = held(node, member).await;
    assert_eq!(after.len(), before.len() + good);

    let (said, _) = Said::of(node, &all).await;
    assert_eq!((said.count("UNCHANGED"), said.count("NEW"), said.count("CHANGED")), (*good, 0, 0));
    assert_eq!(held(node, member).await, after, "what is there stays as it is");
}

/// The cells of the first sheet as text.
pub(super) fn cells(book: &Workbook) -> Vec<Vec<String>> {
    book.sheets[0].lines.iter().map(|line| line.cells.iter().map(|cell| cell.text()).collect()).collect()
}

pub(super) fn csv(rows: &[Vec<String>]) -> String {
    let field = |text: &String| format!("\"{}\"", text.replace('"', "\"\""));
    rows.iter().map(|row| row.iter().map(field).collect::<Vec<_>>().join(",") + "\r\n").collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_labour_table_is_tried_imported_corrected_and_repeated() {
    let net =
        Network::new(861).gateway().node("offices", &["shenzhen", "bijie"]).node("zunyi", &["zunyi"]).start().await;
    let node = net.node("offices");
    let file = sample("毕节_劳务_2026.xlsx");
    let path = file.to_str().unwrap();
    failed(&node.cli(&["import", path, "--language", "en"]).await, 2, &["--member"]);

    // For which time E10 and E36 are paid is not said: they wait until the clerk says it of the column.
    let expected = Expected {
        file: &file,
        member: "bijie",
        args: &["--set", "audience=网络成员"],
        wrong: &["B18", "D23", "D34", "E10", "E36", "H20"],
        good: 36,
    };
    tried_imported_and_repeated(node, &expected).await;
    // Another member that is about to publish the same is told.
    let twice = async || {
        let args = ["import", path, "--member", "shenzhen", "--dry-run", "--language", "zh"];
        let shown = node.cli(&[&args[..], expected.args].concat()).await;
        if shown.stdout.contains("已有内容相近的信息：members/bijie") {
            Ok(())
        } else {
            Err(shown.to_string())
        }
    };
    within(PATIENCE, twice).await.unwrap();
    let shown = node.cli(&["import", path, "--member", "bijie", "--dry-run", "--language", "zh"]).await;
    for told in ["B18：没有名为“毕阶市”的地区", "520500（贵州省毕节市）", "D34：此项必填", "E10：", "元/月"]
    {
        assert!(shown.stdout.contains(told), "{told}: {shown}");
    }

    let mapping = net.root().join("mapping.json");
    let mapping = mapping.to_str().unwrap();
    node.cli(&["import", path, "--member", "bijie", "--dry-run", "--mapping-to", mapping]).await;
    let mut by_month: Value = serde_json::from_str(&std::fs::read_to_string(mapping).unwrap()).unwrap();
    let columns = by_month["columns"].as_array_mut().unwrap();
    let wage = columns.iter_mut().find(|column| column["field"] == json!("wage")).unwrap();
    assert_eq!(wage["header"], json!("期望工资"));
    wage["unit"] = json!("元/月");
    by_month["values"] = json!({"audience": "网络成员"});
    std::fs::write(mapping, by_month.to_string()).unwrap();
    let faults = net.root().join("faults.xlsx");
    let faults = faults.to_str().unwrap();
    let args = [path, "--member", "bijie", "--mapping", mapping, "--faults", faults];
    let (said, code) = Said::of(node, &args).await;
    assert_eq!((said.count("NEW"), said.count("UNCHANGED"), said.count("WRONG"), code), (2, 36, 4, 65));

    // The workbook of what is wrong opens, and holds those rows with the reasons.
    let book = read(&std::fs::read(faults).unwrap(), "faults.xlsx").unwrap();
    let mut rows = cells(&book);
    let header = rows.iter().position(|row| row.first().is_some_and(|cell| cell == "序号")).unwrap();
    assert_eq!(rows.len(), header + 1 + 4);
    let reasons: Vec<&str> =
        rows[header + 1..].iter().map(|row| row.last().unwrap().split(':').next().unwrap()).collect();
    assert_eq!(reasons, ["B18", "H20", "D23", "D34"]);
    // Corrected, they go in; nothing else changes.
    for row in &mut rows[header + 1..] {
        row[1] = row[1].replace("毕阶市", "毕节市");
        row[3] = if row[3].is_empty() || row[3] == "30-50" { "30".to_owned() } else { row[3].clone() };
        row[7] = row[7].replace("春节后", "2027-02-20");
    }
    let corrected = net.root().join("corrected.csv");
    std::fs::write(&corrected, csv(&rows)).unwrap();
    let args = [corrected.to_str().unwrap(), "--member", "bijie", "--set", "audience=网络成员"];
    let (said, code) = Said::of(node, &args).await;
    assert_eq!((said.count("NEW"), said.count("WRONG"), code), (4, 0, 0), "{:?}", said.0);

    // Everybody has them, and the export brings them back unchanged in either format.
    net.settle().await;
    assert_eq!(held(net.node("zunyi"), "bijie").await.len(), 42);
    let before = held(node, "bijie").await;
    for name in ["out.xlsx", "out.csv"] {
        let out = net.root().join(name);
        let out = out.to_str().unwrap();
        node.cli(&["export", "--member", "bijie", "--output-file", out]).await.done();
        let (said, code) = Said::of(node, &[out, "--member", "bijie"]).await;
        assert_eq!((said.count("UNCHANGED"), said.0.len(), code), (42, 42, 0), "{name}: {:?}", said.0);
    }
    assert_eq!(held(node, "bijie").await, before);
    // A row that is absent from a file is not withdrawn.
    let one: Vec<Vec<String>> = rows[..=header + 1].to_vec();
    std::fs::write(&corrected, csv(&one)).unwrap();
    Said::of(node, &args).await;
    assert_eq!(held(node, "bijie").await, before);
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_samples_are_read_with_exactly_their_flaws() {
    let net = Network::new(862)
        .gateway()
        .node("offices", &["qiannan", "shenzhen", "heyuan"])
        .circle("pan-prd", &["qiannan", "shenzhen"])
        .start()
        .await;
    let node = net.node("offices");
    for name in ["黔南_招商项目_2027.xlsx", "黔南_招商项目_2027.xls", "黔南_招商项目_2027.ods"] {
        let (said, code) = Said::of(node, &[sample(name).to_str().unwrap(), "--member", "qiannan", "--dry-run"]).await;
        assert_eq!(said.wrong(), ["B31", "C24", "D12", "F26", "L29"], "{name}");
        assert_eq!((said.count("NEW"), code), (31, 65), "{name}");
    }
    let projects = Expected {
        file: &sample("黔南_招商项目_2027.xlsx"),
        member: "qiannan",
        args: &["--set", "audience=公开"],
        wrong: &["B31", "C24", "D12", "F26", "L29"],
        good: 31,
    };
    tried_imported_and_repeated(node, &projects).await;

    // Dates move on with the clock of whoever runs this; their flaws stay.
    let expire = format!("expire={}", day("+300 days"));
    let words = net.root().join("words.json");
    std::fs::write(&words, json!({"words": {"泛珠圈": "circle:pan-prd"}}).to_string()).unwrap();
    let events = Expected {
        file: &sample("深圳_活动计划_2027.xlsx"),
        member: "shenzhen",
        args: &["--mapping", words.to_str().unwrap(), "--set", &expire],
        wrong: &["B28", "D12", "D18", "E11", "G22", "I14", "J20"],
        good: 26,
    };
    tried_imported_and_repeated(node, &events).await;

    let bytes = std::fs::read(sample("河源_技术需求_2026.csv")).unwrap();
    let dates = [("2027-03-30", "+100 days"), ("2027-06-30", "+200 days"), ("2027-09-30", "+300 days")];
    let moved = dates.iter().fold(bytes, |bytes, (date, ahead)| replaced(&bytes, date, &day(ahead)));
    let file = net.root().join("河源.csv");
    std::fs::write(&file, moved).unwrap();
    let wishes = Expected {
        file: &file,
        member: "heyuan",
        args: &["--set", "audience=注册企业"],
        wrong: &["C17", "D9", "E5", "E7", "H11"],
        good: 27,
    };
    tried_imported_and_repeated(node, &wishes).await;
    net.finish().await;
}

/// Digits are the same bytes in every encoding of a Chinese text.
pub(super) fn replaced(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, others)) = rest.split_first() {
        match rest.strip_prefix(from.as_bytes()) {
            Some(after) => {
                out.extend_from_slice(to.as_bytes());
                rest = after;
            }
            None => {
                out.push(*first);
                rest = others;
            }
        }
    }
    out
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_the_node_does_not_survive_is_simply_repeated() {
    const ROWS: usize = 4_000;
    let net = Network::new(863).gateway().node("shenzhen", &["shenzhen"]).start().await;
    let node = net.node("shenzhen");
    let file = net.root().join("many.csv");
    let mut text = "标题,方向,地区,资金方式,金额,可见范围\n".to_owned();
    for row in 0..ROWS {
        text.push_str(&format!("第{row}只基金,供给,深圳市,股权,{}万元,公开\n", row + 1));
    }
    std::fs::write(&file, text).unwrap();
    let args = ["import", file.to_str().unwrap(), "--language", "en"];
    let killed = async {
        let some = async || match node.list("members/shenzhen").await {
            Ok(listings) if listings.len() > 100 => Ok(()),
            other => Err(format!("{:?}", other.map(|listings| listings.len()))),
        };
        within(PATIENCE, some).await.unwrap();
        node.kill9();
    };
    let (broken, ()) = tokio::join!(node.cli(&args), killed);
    node.start().await;
    let before = held(node, "shenzhen").await;
    assert!(broken.code != 0 || before.len() == ROWS, "{broken}");
    let said = node.cli(&args).await.done();
    let rest = ROWS - before.len();
    assert_eq!(said.trim(), format!("{rest} created, 0 updated, {} unchanged, 0 refused", before.len()));
    let after = held(node, "shenzhen").await;
    assert_eq!(after.len(), ROWS);
    assert!(before.iter().all(|known| after.contains(known)), "something was written twice");
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_no_tables_get_their_errors_and_change_nothing() {
    let net = Network::new(864).gateway().node("shenzhen", &["shenzhen"]).start().await;
    let node = net.node("shenzhen");
    let good = std::fs::read(sample("黔南_招商项目_2027.xlsx")).unwrap();
    let mut protected = vec![0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
    protected.extend("EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes));
    for (name, bytes, said) in [
        ("called.csv", good.clone(), "rename it to .xlsx"),
        ("cut.xlsx", good[..good.len() / 2].to_vec(), "damaged"),
        ("protected.xlsx", protected, "password"),
        ("page.xls", b"<html><table></table></html>".to_vec(), "no table"),
        ("picture.csv", vec![0x89, b'P', b'N', b'G', 0, 1, 2], "no table"),
        ("empty.csv", Vec::new(), "empty or incomplete"),
        ("unknown.csv", "甲,乙\n1,2\n".as_bytes().to_vec(), "header row"),
        ("odd\n\u{1b}[31mname.csv", "甲,乙\n1,2\n".as_bytes().to_vec(), "header row"),
        ("rows.csv", format!("标题,地区\n{}", "甲,毕节\n".repeat(60_000)).into_bytes(), "50000 rows"),
    ] {
        let file = net.root().join(name);
        std::fs::write(&file, bytes).unwrap();
        let output = node.cli(&["import", file.to_str().unwrap(), "--kind", "project", "--language", "en"]).await;
        failed(&output, 65, &[]);
        assert!(output.stderr.to_lowercase().contains(&said.to_lowercase()), "{name:?}: {output}");
        assert!(!output.stderr.contains('\u{1b}'), "{output}");
    }
    let wrong = node.cli(&["import", "absent.xlsx", "--language", "en"]).await;
    failed(&wrong, 66, &["absent.xlsx"]);
    let lines = net.root().join("x.jsonl");
    std::fs::write(&lines, "{}").unwrap();
    failed(&node.cli(&["import", lines.to_str().unwrap(), "--kind", "event"]).await, 2, &["--kind"]);
    assert_eq!(held(node, "shenzhen").await, []);

    let home = net.root();
    for kind in ["capital", "project", "technology", "talent", "event"] {
        let shell = format!("{} import --template {kind} > {kind}.xlsx", Program::Node.path().display());
        let done = std::process::Command::new("sh").args(["-c", &shell]).current_dir(home).status().unwrap();
        assert!(done.success());
        let book = read(&std::fs::read(home.join(format!("{kind}.xlsx"))).unwrap(), "template.xlsx").unwrap();
        assert_eq!(book.sheets.len(), 1, "the lists are hidden");
        let said = node.cli(&["import", home.join(format!("{kind}.xlsx")).to_str().unwrap(), "--language", "en"]).await;
        assert!(said.stdout.contains("0 created"), "{said}");
    }
    failed(&run_program(Program::Node, home, &["import", "--template", "tea"]).await, 2, &["--template"]);
    net.finish().await;
}
