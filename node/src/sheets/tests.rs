//! The samples with their planted flaws, files that mean harm, and what is written and read again.

use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};
use std::path::PathBuf;

use duikou_proto::Money;
use duikou_proto::language::Language;
use duikou_proto::v1::Listing;
use duikou_proto::v1::opportunity::Details;
use zip::write::SimpleFileOptions;

use super::grid::reference;
use super::kind::Kind;
use super::*;
use crate::typed::Names;

fn sample(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/data/import").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn setting() -> Setting {
    Setting {
        parent: "members/here".to_owned(),
        names: Names { circles: vec!["pan-prd".to_owned()], ..Names::default() },
        home: Some("440300".to_owned()),
        mapping: Mapping::default(),
        now: "2026-11-28T04:00:00Z".parse().unwrap(),
    }
}

fn table(name: &str, setting: &Setting) -> Table {
    let book = read(&sample(name), name).unwrap();
    let mut tables = tables(book.clone(), setting).unwrap();
    assert_eq!(tables.len(), 1);
    tables.remove(0)
}

/// The cells of remarks, sorted; rows without a cell by their number alone.
fn cells<'a>(rows: impl Iterator<Item = &'a Row>, of: fn(&Row) -> &Vec<Remark>) -> Vec<String> {
    let mut cells: Vec<String> = rows
        .flat_map(|row| {
            of(row).iter().map(|remark| match remark.column {
                Some(column) => reference(column, row.number),
                None => row.number.to_string(),
            })
        })
        .collect();
    cells.sort();
    cells.dedup();
    cells
}

fn wrong(table: &Table) -> Vec<String> {
    cells(table.rows.iter(), |row| &row.faults)
}

fn noted(table: &Table) -> Vec<String> {
    cells(table.rows.iter(), |row| &row.notes)
}

fn at(table: &Table, number: u32) -> &Row {
    table.rows.iter().find(|row| row.number == number).unwrap_or_else(|| panic!("no row {number}"))
}

fn details(table: &Table, number: u32) -> Details {
    let row = at(table, number);
    assert_eq!(row.state, State::Good, "{number}: {:?}", row.faults);
    row.listing.as_ref().unwrap().unpack().listing.unwrap().details.unwrap()
}

fn body(table: &Table, number: u32) -> String {
    at(table, number).listing.as_ref().unwrap().unpack().listing.unwrap().body
}

fn yuan(units: i64) -> Option<Money> {
    Some(Money { currency_code: "CNY".to_owned(), units, nanos: 0 })
}

#[test]
fn the_labour_table_of_bijie() {
    let table_of = |setting: &Setting| table("毕节_劳务_2026.xlsx", setting);
    let table = table_of(&setting());
    assert_eq!(table.layout.kind, Kind::Talent);
    assert_eq!(wrong(&table), ["B18", "D23", "D34", "E10", "E36", "H20"]);
    assert_eq!(noted(&table), ["48", "49", "D16", "E12", "H30"]);
    assert_eq!((at(&table, 48).state, at(&table, 49).state), (State::Repeated, State::Passed));
    assert_eq!(table.rows.len(), 44, "two blank rows are passed over");
    // What E10 and E36 are paid for is not said; asked, the clerk says it for the column.
    let by_month = Mapping {
        columns: vec![ColumnMapping {
            header: "E".into(),
            field: Some("wage".into()),
            unit: Some("元/月".into()),
            ..ColumnMapping::default()
        }],
        ..Mapping::default()
    };
    let table = table_of(&Setting { mapping: by_month, ..setting() });
    assert_eq!(wrong(&table), ["B18", "D23", "D34", "H20"]);
    let talent = |number| match details(&table, number) {
        Details::Talent(talent) => talent,
        other => panic!("{other:?}"),
    };
    assert_eq!((talent(5).headcount, talent(16).headcount, talent(39).headcount), (120, 80, 60));
    for (row, min, max, period) in [
        (7, yuan(3_000), yuan(5_000), 3),
        (10, yuan(5_000), yuan(7_000), 3),
        (12, None, None, 0),
        (15, yuan(60_000), yuan(80_000), 4),
        (22, yuan(220), yuan(220), 2),
        (36, yuan(4_500), None, 3),
    ] {
        let talent = talent(row);
        assert_eq!((talent.wage_min, talent.wage_max, talent.wage_period), (min, max, period), "row {row}");
    }
    for (row, day) in [(8, "2027-03-05"), (13, "2027-04-08"), (30, "2026-03-15")] {
        assert!(body(&table, row).contains(&format!("- 可到岗时间：{day}")), "{}", body(&table, row));
    }
    let listing = at(&table, 26).listing.as_ref().unwrap().unpack().listing.unwrap();
    assert_eq!((listing.regions, listing.direction), (vec!["520526".to_owned()], 1));
    assert_eq!(talent(28).occupation_name, "缝纫机操作工");
    assert_eq!(
        at(&table, 32).listing.as_ref().unwrap().unpack().listing.unwrap().contact.unwrap().email,
        "labor27@bijie.example"
    );
    assert_eq!(at(&table, 4).listing.as_ref().unwrap().unpack().listing.unwrap().title, "七星关区缝纫机操作工80人");
}

#[test]
fn the_projects_of_qiannan() {
    let table = table("黔南_招商项目_2027.xlsx", &setting());
    assert_eq!(table.layout.kind, Kind::Project);
    assert_eq!(wrong(&table), ["B31", "C24", "D12", "F26", "L29"]);
    assert_eq!(noted(&table), ["16", "41", "F3", "G9"]);
    assert_eq!((at(&table, 41).state, at(&table, 16).state), (State::Repeated, State::Passed));
    let project = |number| match details(&table, number) {
        Details::Project(project) => project,
        other => panic!("{other:?}"),
    };
    for (row, total) in
        [(3, "1.2亿元"), (5, "1.5亿元"), (8, "1.5亿-2亿元"), (14, "5000万元"), (18, "500万美元"), (33, "3200万元")]
    {
        assert!(body(&table, row).contains(&format!("- 总投资：{total}")), "{}", body(&table, row));
    }
    assert_eq!(project(6).investment_min, yuan(80_000_000));
    assert_eq!(project(3).investment_max, yuan(48_000_000), "万元 is what the other sheet says");
    assert_eq!(project(9).investment_max, yuan(480_000_000), "all of it");
    assert_eq!(project(20).cooperation_modes, [1, 2]);
    assert_eq!(project(27).land_terms, "50亩（约3.3公顷）");
    let listing = |number| at(&table, number).listing.as_ref().unwrap().unpack().listing.unwrap();
    assert_eq!((listing(11).regions, listing(22).industries), (vec!["522729".to_owned()], vec!["17".to_owned()]));
    assert!(body(&table, 11).contains("威远工业园"));
    assert_eq!(listing(35).title, "平塘县废旧轮胎再生利用（扩建）");
    assert_eq!(listing(4).direction, 2);
}

#[test]
fn of_places_that_may_be_meant_those_near_the_importing_member_come_first() {
    let table = table("黔南_招商项目_2027.xlsx", &Setting { home: Some("522700".to_owned()), ..setting() });
    let faults = table.rows.iter().flat_map(|row| &row.faults).map(|fault| &fault.text.zh);
    let told: Vec<&String> = faults.filter(|told| told.contains("没有名为")).collect();
    assert!(told.iter().any(|told| told.contains("可以填写：522730（贵州省黔南布依族苗族自治州龙里县）")), "{told:?}");
}

#[test]
fn of_what_a_table_says_of_its_units_only_that_of_money_is_told() {
    let text = "劳务需求\n单位：人、元\n职位名称,招聘人数,工资\n缝纫工,30,3000-5000/月\n";
    let book = read(text.as_bytes(), "a.csv").unwrap();
    let seen = outline(&book, &Mapping::default()).unwrap();
    let columns = &seen.sheets[0].table.as_ref().unwrap().columns;
    assert_eq!(columns.iter().find_map(|column| column.unit.as_deref()), Some("元"), "{columns:?}");
    let tables = tables(book, &setting()).unwrap();
    let told = tables[0].notes.iter().find(|note| note.zh.contains("按表中说明")).unwrap();
    assert_eq!(told.zh, "“工资”列的单位按表中说明读作元");
    assert_eq!(told.en, "column 工资 is counted in 元, as the table says");
}

#[test]
fn the_events_of_shenzhen() {
    let words = BTreeMap::from([("泛珠圈".to_owned(), "circle:pan-prd".to_owned())]);
    let setting = Setting { mapping: Mapping { words, ..Mapping::default() }, ..setting() };
    let table = table("深圳_活动计划_2027.xlsx", &setting);
    assert_eq!(table.layout.kind, Kind::Event);
    assert_eq!(wrong(&table), ["B28", "D12", "D18", "E11", "G22", "I14", "J20"]);
    assert_eq!(noted(&table), ["37", "39", "D24", "D4", "F16", "G7", "H9"]);
    let event = |number| match details(&table, number) {
        Details::Event(event) => event,
        other => panic!("{other:?}"),
    };
    let time =
        |time: Option<prost_types::Timestamp>| jiff::Timestamp::from_second(time.unwrap().seconds).unwrap().to_string();
    assert_eq!(time(event(4).start_time), "2027-03-04T16:00:00Z");
    assert_eq!(time(event(4).end_time), "2027-03-06T09:00:00Z");
    assert_eq!(time(event(6).start_time), "2027-05-09T01:30:00Z");
    assert_eq!(time(event(24).start_time), "2027-10-09T16:00:00Z");
    assert_eq!((event(9).capacity, event(26).capacity), (300, 0));
    assert_eq!(event(7).registration_deadline, None);
    let listing = |number| at(&table, number).listing.as_ref().unwrap().unpack();
    for row in 13..=17 {
        assert_eq!(listing(row).listing.unwrap().contact.unwrap().office, "深圳市对口合作办公室", "row {row}");
    }
    assert_eq!((listing(9).scopes, listing(5).scopes), (vec!["circle:pan-prd".to_owned()], vec!["network".to_owned()]));
    let regions = |number| listing(number).listing.unwrap().regions;
    assert_eq!(
        (regions(4), regions(9), regions(16)),
        (vec!["440304".to_owned()], vec!["440300".to_owned()], vec!["440100".to_owned()])
    );
    assert_eq!(regions(7), ["440305"], "the 南山区 of the member's own city");
    assert_eq!(event(16).venue, "广州市天和区某酒店");
}

#[test]
fn the_wishes_of_heyuan() {
    let table = table("河源_技术需求_2026.csv", &setting());
    assert_eq!(table.layout.kind, Kind::Technology);
    assert_eq!(wrong(&table), ["C17", "D9", "E5", "E7", "H11"]);
    assert_eq!(noted(&table), ["35", "G15", "G3", "I19"]);
    for (row, budget) in [(3, "150万元"), (21, "50万-80万元"), (2, "120万元")] {
        assert!(body(&table, row).contains(&format!("- 预算：{budget}")), "{}", body(&table, row));
    }
    let text = body(&table, 3);
    assert!(told_in(&text).iter().any(|(info, told)| info.zh == "预算" && told == "150万元"), "{text}");
    assert!(!text_of(&text).contains("预算") && text.starts_with(text_of(&text)), "{text}");
    assert_eq!((text_of("- 预算：1"), text_of("甲\n- 乙：丙"), told_in("甲").len()), ("", "甲\n- 乙：丙", 0));
    assert!(body(&table, 13).starts_with("设备老旧，\"卡料\"频发，\n需整线改造。"));
    let expire = at(&table, 2).listing.as_ref().unwrap().unpack().expire_time.unwrap();
    assert_eq!(jiff::Timestamp::from_second(expire.seconds).unwrap().to_string(), "2027-06-30T15:59:59Z");
}

#[test]
fn rows_have_the_same_names_whenever_they_are_read() {
    let names = |table: &Table| -> Vec<String> {
        table.rows.iter().filter_map(|row| Some(row.listing.as_ref()?.name().to_owned())).collect()
    };
    let one = table("黔南_招商项目_2027.xlsx", &setting());
    let later = Setting { now: "2027-01-01T00:00:00Z".parse().unwrap(), ..setting() };
    let again = table("黔南_招商项目_2027.xlsx", &later);
    assert_eq!((names(&one), &one.fingerprint), (names(&again), &again.fingerprint));
}

#[test]
fn what_is_to_be_corrected_comes_back_marked_and_is_read_again() {
    for name in ["毕节_劳务_2026.xlsx", "黔南_招商项目_2027.xlsx", "河源_技术需求_2026.csv"] {
        let first = table(name, &setting());
        let bytes = faults(std::slice::from_ref(&first), Language::Zh).unwrap();
        let book = read(&bytes, "faults.xlsx").unwrap();
        let again = tables(book.clone(), &setting()).unwrap().remove(0);
        let count = first.count(State::Wrong);
        assert_eq!((again.count(State::Wrong), again.rows.len()), (count, count), "{name}");
        let told = |table: &Table| -> Vec<_> {
            let faults = table.rows.iter().flat_map(|row| &row.faults);
            faults.map(|fault| (fault.field, fault.text.zh.clone())).collect()
        };
        assert_eq!(told(&again), told(&first), "{name}");
        let comments = unzipped(&bytes, "xl/comments1.xml");
        for fault in first.rows.iter().flat_map(|row| &row.faults) {
            let text = fault.text.zh.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            assert!(comments.contains(&text), "{name}: {text}");
        }
    }
}

fn unzipped(bytes: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut text = String::new();
    std::io::Read::read_to_string(&mut archive.by_name(name).unwrap(), &mut text).unwrap();
    text
}

#[test]
fn templates_are_read_as_what_they_are_for() {
    for kind in Kind::ALL {
        for language in [Language::Zh, Language::En] {
            let bytes = template(kind, language).unwrap();
            let book = read(&bytes, "template.xlsx").unwrap();
            let tables = tables(book.clone(), &setting()).unwrap();
            assert_eq!(tables.len(), 1);
            assert_eq!(tables[0].layout.kind, kind);
            assert!(tables[0].layout.columns.iter().all(|column| column.field.is_some()), "{kind:?}");
            assert!(tables[0].rows.iter().all(|row| row.state == State::Passed), "{:?}", tables[0].rows);
        }
    }
    let bytes = template(Kind::Project, Language::Zh).unwrap();
    assert!(unzipped(&bytes, "xl/workbook.xml").contains("list_regions"));
    assert!(unzipped(&bytes, "xl/worksheets/sheet1.xml").contains("list_industries"));
}

/// The reference listings, as a node holds them.
fn reference_listings() -> Vec<Listing> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../proto/data/listings.jsonl");
    let text = std::fs::read_to_string(path).unwrap();
    let mut listings: Vec<Listing> = text.lines().map(|line| crate::cli::parse_listing(line, 1).unwrap()).collect();
    for listing in &mut listings {
        duikou_proto::validate::normalise(listing.listing.as_mut().unwrap());
        listing.name = format!("members/here/listings/{}", listing.name.rsplit('/').next().unwrap());
        listing.publish_time = None;
    }
    listings
}

#[test]
fn what_is_exported_is_imported_without_change() {
    let mut listings = reference_listings();
    for (listing, title) in listings.iter_mut().zip(["=cmd|'/c calc'!A1", "+86", "-1", "@a", "'=x", "''", "1e5"]) {
        listing.listing.as_mut().unwrap().title = title.to_owned();
    }
    // Names and dates stay while none of them has passed.
    let setting = Setting { now: "2026-11-24T00:00:00Z".parse().unwrap(), ..setting() };
    let read_again = |bytes: &[u8], name: &str| -> BTreeMap<String, Listing> {
        let tables = tables(read(bytes, name).unwrap(), &setting).unwrap();
        let rows = tables.iter().flat_map(|table| &table.rows);
        rows.map(|row| {
            assert_eq!(row.state, State::Good, "{:?} {:?}", row.listing, row.faults);
            let listing = row.listing.as_ref().unwrap().unpack();
            (listing.name.clone(), listing)
        })
        .collect()
    };
    let expected = |listings: &[Listing]| -> BTreeMap<String, Listing> {
        listings.iter().map(|listing| (listing.name.clone(), listing.clone())).collect()
    };
    let exported = export(&listings, Format::Xlsx, None).unwrap();
    assert_eq!(exported.count, listings.len());
    let again = read_again(&exported.bytes, "x.xlsx");
    for (name, listing) in expected(&listings) {
        assert_eq!(again.get(&name), Some(&listing));
    }
    assert_eq!(again.len(), listings.len());
    assert_eq!(export(&listings, Format::Csv, None), Err(SheetError::Kind));
    // For people all kinds stand in one table.
    let mut odd = listings.clone();
    odd[0].listing.as_mut().unwrap().title = "=SUM(A1)".to_owned();
    odd[1].listing.as_mut().unwrap().body = format!("a\r\nb _x0041_ {}", "长".repeat(40_000));
    let list = super::export_list(&odd, Format::Csv, Some("未完"), &|_| Told::default()).unwrap();
    let text = String::from_utf8(list.bytes).unwrap();
    let mut reader = ::csv::ReaderBuilder::new().from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    assert_eq!(&reader.headers().unwrap()[0], "类别");
    let records: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!((records.len(), list.count), (odd.len() + 1, odd.len()));
    assert_eq!((&records[odd.len()][0], &records[odd.len()][1]), ("说明", "未完"));
    assert!(records.iter().all(|record| record.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@']))));
    assert!(records.iter().any(|record| record.iter().any(|cell| cell == "'=SUM(A1)")), "{records:?}");
    assert!(super::export_list(&odd, Format::Xlsx, None, &|_| Told::default()).is_ok());
    for kind in Kind::ALL {
        let of_kind: Vec<Listing> = listings
            .iter()
            .filter(|listing| duikou_proto::validate::kind_of(listing.listing.as_ref().unwrap()) == Some(kind.name()))
            .cloned()
            .collect();
        let exported = export(&of_kind, Format::Csv, None).unwrap();
        assert_eq!(read_again(&exported.bytes, "x.csv"), expected(&of_kind), "{kind:?}");
        let text = String::from_utf8(exported.bytes).unwrap();
        let mut reader = ::csv::ReaderBuilder::new().from_reader(text.trim_start_matches('\u{feff}').as_bytes());
        for record in reader.records() {
            let record = record.unwrap();
            assert!(record.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@'])), "{record:?}");
        }
    }
}

/// A workbook of one sheet with `rows` as its XML.
fn workbook(rows: &str, further: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let sheet = format!(
        "<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData>{rows}</sheetData></worksheet>"
    );
    let entries = [
        ("[Content_Types].xml", "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>"),
        (
            "_rels/.rels",
            "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>",
        ),
        (
            "xl/workbook.xml",
            "<workbook xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"><sheets><sheet name=\"a\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>",
        ),
        (
            "xl/_rels/workbook.xml.rels",
            "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet\" Target=\"worksheets/sheet1.xml\"/></Relationships>",
        ),
        ("xl/worksheets/sheet1.xml", &*sheet),
    ];
    for (name, text) in entries.iter().chain(further) {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn inline(reference: &str, text: &str) -> String {
    format!("<c r=\"{reference}\" t=\"inlineStr\"><is><t>{text}</t></is></c>")
}

#[test]
fn files_that_mean_harm_are_refused_for_what_they_are() {
    let refused = |bytes: &[u8], name: &str| read(bytes, name).unwrap_err();
    // A bomb: a few kilobytes that unpack to megabytes.
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file("xl/worksheets/sheet1.xml", SimpleFileOptions::default()).unwrap();
    let spaces = vec![b' '; 1024 * 1024];
    for _ in 0..6 {
        writer.write_all(&spaces).unwrap();
    }
    let bomb = writer.finish().unwrap().into_inner();
    assert!(bomb.len() < 100_000);
    let within = |bound| unpack::count_within(&bomb, Format::Xlsx, bound).err();
    assert_eq!((within(6 << 20), within((6 << 20) - 1)), (None, Some(SheetError::Unpacks)));

    let million: String =
        (1..=60_000).map(|row| format!("<row r=\"{row}\"><c r=\"A{row}\"><v>1</v></c></row>")).collect();
    assert_eq!(refused(&workbook(&million, &[]), "rows.xlsx"), SheetError::Rows("a".into()));
    let far = "<row r=\"1\"><c r=\"XFD1\"><v>1</v></c></row>";
    assert_eq!(refused(&workbook(far, &[]), "far.xlsx"), SheetError::Columns("a".into()));
    let long = format!("<row r=\"1\">{}</row>", inline("A1", &"x".repeat(40_000)));
    assert_eq!(refused(&workbook(&long, &[]), "long.xlsx"), SheetError::CellTooLong("A1".into()));
    assert!(matches!(refused(&bomb[..bomb.len() / 2], "cut.xlsx"), SheetError::Broken(_)));
    assert!(matches!(refused(b"PK\x03\x04 nonsense", "x.xlsx"), SheetError::Broken(_)));
    assert_eq!(refused(&vec![b','; crate::limits::SHEET_BYTES + 1], "large.csv"), SheetError::TooLarge);
    assert_eq!(refused(b"%PDF-1.7", "x.csv"), SheetError::Unknown);
    assert_eq!(refused(b"<html><table>", "x.xls"), SheetError::Unknown);
    assert_eq!(refused(&[0, 1, 2, 3], "x.csv"), SheetError::Unknown);
    assert_eq!(refused(&workbook("", &[]), "x.csv"), SheetError::Extension { is: Format::Xlsx });
    assert_eq!(refused("甲,乙\n1,2\n".as_bytes(), "x.xlsx"), SheetError::Extension { is: Format::Csv });
    // Of what cannot be read under another name none is advised.
    for (bytes, name) in [(&b""[..], "e.xlsx"), (b"", "e.csv"), (b" \r\n", "e"), (b"404 Not Found\nnginx\n", "x.xlsx")]
    {
        assert_eq!(refused(bytes, name), SheetError::Empty, "{name}");
    }
    assert_eq!(refused(&workbook("", &[]), "x.xlsx"), SheetError::Empty);
    let whole = sample("黔南_招商项目_2027.xlsx");
    assert!(matches!(refused(&whole[..whole.len() / 2], "x.csv"), SheetError::Broken(_)));
    assert_eq!(refused("标题,地区\n".as_bytes(), "x.xlsx"), SheetError::Extension { is: Format::Csv });
    let mut compound = vec![0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
    assert!(matches!(refused(&compound, "x.xls"), SheetError::Broken(_)));
    compound.extend("EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes));
    assert_eq!(refused(&compound, "x.xlsx"), SheetError::Protected);

    let ods = |content: &str| {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        writer.start_file("mimetype", stored).unwrap();
        writer.write_all(b"application/vnd.oasis.opendocument.spreadsheet").unwrap();
        writer.start_file("content.xml", SimpleFileOptions::default()).unwrap();
        writer.write_all(content.as_bytes()).unwrap();
        writer.finish().unwrap().into_inner()
    };
    let repeated = "<table:table table:name=\"a\"><table:table-row table:number-rows-repeated=\"1000000\"><table:table-cell office:value-type=\"float\" office:value=\"1\"/></table:table-row></table:table>";
    assert_eq!(refused(&ods(repeated), "x.ods"), SheetError::Rows("ods".into()));
    let wide = "<table:table table:name=\"a\"><table:table-row><table:table-cell table:number-columns-repeated=\"16000\"/><table:table-cell office:value=\"1\"/></table:table-row></table:table>";
    assert_eq!(refused(&ods(wide), "x.ods"), SheetError::Columns("ods".into()));
}

#[test]
fn computed_cells_have_the_values_with_which_they_were_saved() {
    let header = format!("<row r=\"1\">{}{}{}</row>", inline("A1", "标题"), inline("B1", "地区"), inline("C1", "人数"));
    let row = |row: u32, cell: &str| {
        let (title, place) = (inline(&format!("A{row}"), &format!("招工{row}")), inline(&format!("B{row}"), "毕节市"));
        format!("<row r=\"{row}\">{title}{place}{cell}</row>")
    };
    let rows = format!(
        "{header}{}{}{}",
        row(2, "<c r=\"C2\"><f>1+1</f><v>2</v></c>"),
        row(3, "<c r=\"C3\"><f>[1]a!B2</f></c>"),
        row(4, "<c r=\"C4\" t=\"e\"><v>#REF!</v></c>"),
    );
    let book = read(&workbook(&rows, &[("xl/externalLinks/externalLink1.xml", "<externalLink/>")]), "x.xlsx").unwrap();
    assert!(book.external_links);
    let values = [("direction", "供给"), ("supply_type", "岗位"), ("occupation", "普工")];
    let values = values.map(|(field, value)| (field.to_owned(), value.to_owned()));
    let mapping = Mapping { kind: Some("talent".into()), values: values.into(), ..Mapping::default() };
    let table = tables(book.clone(), &Setting { mapping, ..setting() }).unwrap().remove(0);
    assert_eq!((table.count(State::Good), wrong(&table)), (1, vec!["C3".to_owned(), "C4".to_owned()]));
    assert!(table.notes.iter().any(|note| note.en.contains("other files")));
}

#[test]
fn headers_may_be_corrected_by_hand_and_wrong_ones_are_told() {
    let book = read("甲,乙,丙\n茶园,毕节市,3000万元\n".as_bytes(), "x.csv").unwrap();
    assert_eq!(tables(book.clone(), &setting()).err(), Some(SheetError::NoHeader));
    let column = |header: &str, field: &str| ColumnMapping {
        header: header.into(),
        field: Some(field.into()),
        ..ColumnMapping::default()
    };
    let mapping = Mapping {
        kind: Some("project".into()),
        columns: vec![column("甲", "title"), column("B", "地区"), column("丙", "investment")],
        values: BTreeMap::from([("方向".to_owned(), "需求".to_owned())]),
        ..Mapping::default()
    };
    let table = tables(book.clone(), &Setting { mapping: mapping.clone(), ..setting() }).unwrap().remove(0);
    assert_eq!(table.count(State::Good), 1, "{:?}", table.rows);
    // The mapping that a table gives reads it as before.
    let again = tables(book.clone(), &Setting { mapping: table.mapping(&mapping), ..setting() }).unwrap().remove(0);
    assert_eq!(again.rows, table.rows);
    let text = serde_json::to_string(&mapping).unwrap();
    assert_eq!(serde_json::from_str::<Mapping>(&text).unwrap(), mapping);

    let with = |change: fn(&mut Mapping)| {
        let mut mapping = mapping.clone();
        change(&mut mapping);
        tables(book.clone(), &Setting { mapping, ..setting() }).err()
    };
    assert_eq!(with(|mapping| mapping.kind = Some("tea".into())), Some(SheetError::Kind));
    assert_eq!(with(|mapping| mapping.sheet = Some("b".into())), Some(SheetError::NoSheet("b".into())));
    assert_eq!(with(|mapping| mapping.columns[0].field = Some("x".into())), Some(SheetError::Field("x".into())));
    let wrong = with(|mapping| drop(mapping.values.insert("方向".into(), "左".into())));
    assert!(matches!(wrong, Some(SheetError::Default { .. })), "{wrong:?}");
    assert!(matches!(
        with(|mapping| drop(mapping.values.insert("wage".into(), "1元/月".into()))),
        Some(SheetError::Field(_))
    ));
}

#[test]
fn other_formats_hold_the_same_table() {
    let titles = |name: &str| -> Vec<String> {
        let table = table(name, &setting());
        let listings = table.rows.iter().filter_map(|row| row.listing.as_ref()?.unpack().listing);
        listings.map(|listing| listing.title).collect()
    };
    let expected = titles("黔南_招商项目_2027.xlsx");
    for name in ["黔南_招商项目_2027.xls", "黔南_招商项目_2027.ods"] {
        assert_eq!(titles(name), expected, "{name}");
        let table = table(name, &setting());
        assert_eq!(wrong(&table), ["B31", "C24", "D12", "F26", "L29"], "{name}");
    }
    assert_eq!(titles("河源_技术需求_2026.csv").len(), 33);
}

#[test]
fn of_two_columns_with_one_header_each_is_what_was_said_of_it() {
    let book = read("名目,地区,总投资,名目\n一期,毕节市,3000万元,茶园\n".as_bytes(), "x.csv").unwrap();
    let column = |header: &str, field: Option<&str>| ColumnMapping {
        header: header.into(),
        field: field.map(str::to_owned),
        ..ColumnMapping::default()
    };
    let mapping = Mapping {
        kind: Some("project".into()),
        columns: vec![column("名目", None), column("D", Some("title"))],
        values: BTreeMap::from([("direction".to_owned(), "需求".to_owned())]),
        ..Mapping::default()
    };
    let read_as = |mapping: Mapping| tables(book.clone(), &Setting { mapping, ..setting() }).unwrap().remove(0);
    let table = read_as(mapping.clone());
    let titles: Vec<String> = table.good().map(|(_, listing)| listing.title()).collect();
    assert_eq!(titles, ["茶园"], "{:?}", table.rows);
    assert_eq!(read_as(table.mapping(&mapping)).rows, table.rows, "and so it is remembered");
}

#[test]
fn letters_that_are_a_header_mean_the_column_of_that_name() {
    let mapping = Mapping {
        columns: vec![ColumnMapping { header: "B".into(), field: Some("title".into()), ..ColumnMapping::default() }],
        ..Mapping::default()
    };
    let of = |headers: &[&str]| {
        let said =
            |index: usize| mapping.of_column(Kind::Capital, index, headers[index], |known| headers.contains(&known));
        [0, 1].map(|index| said(index).is_some())
    };
    assert_eq!(of(&["名目", "地区"]), [false, true]);
    assert_eq!(of(&["B", "地区"]), [true, false]);
}

/// Tables of a workbook with a sheet for each kind, read as a mapping says: their kinds, and how many rows are good.
fn by_sheet(bytes: &[u8], mapping: Mapping) -> Vec<(Kind, usize, usize)> {
    let setting = Setting { mapping, now: "2026-11-24T00:00:00Z".parse().unwrap(), ..setting() };
    let tables = tables(read(bytes, "x.xlsx").unwrap(), &setting).unwrap();
    tables.iter().map(|table| (table.layout.kind, table.count(State::Good), table.count(State::Wrong))).collect()
}

#[test]
fn each_sheet_is_read_as_its_own_kind_whatever_is_said_of_another() {
    let listings = reference_listings();
    let bytes = export(&listings, Format::Xlsx, None).unwrap().bytes;
    let alone = by_sheet(&bytes, Mapping::default());
    assert_eq!(alone.iter().map(|(kind, ..)| *kind).collect::<Vec<_>>(), Kind::ALL);
    assert!(alone.iter().all(|(_, good, wrong)| *good > 0 && *wrong == 0), "{alone:?}");
    // What only one kind has may be said for all rows.
    let column = |kind: &str, header: &str, field: Option<&str>| ColumnMapping {
        kind: Some(kind.into()),
        header: header.into(),
        field: field.map(str::to_owned),
        unit: None,
    };
    let mapping = Mapping {
        kinds: Kind::ALL.map(|kind| (kind.zh().to_owned(), kind.name().to_owned())).into(),
        columns: vec![column("project", "标题", None)],
        values: [("supply_type".to_owned(), "岗位".to_owned())].into(),
        ..Mapping::default()
    };
    let said = by_sheet(&bytes, mapping.clone());
    for (alone, said) in alone.iter().zip(&said) {
        match alone.0 {
            Kind::Project => assert_eq!((said.1, said.2), (0, alone.1), "{said:?}"),
            _ => assert_eq!(alone, said),
        }
    }
    // Of each table only what its rows can have is kept for the next of its form.
    let book = read(&bytes, "x.xlsx").unwrap();
    for table in tables(book, &Setting { mapping: mapping.clone(), ..setting() }).unwrap() {
        let kept = table.mapping(&mapping);
        assert_eq!(kept.values.contains_key("supply_type"), table.layout.kind == Kind::Talent);
        assert!(kept.kinds.is_empty() && kept.kind.as_deref() == Some(table.layout.kind.name()));
    }
    // A column that was said to hold what this kind does not have is read by its header.
    let foreign = ColumnMapping { kind: None, ..column("", "引资金额", Some("wage")) };
    assert_eq!(by_sheet(&bytes, Mapping { columns: vec![foreign], ..mapping.clone() }), alone);
    let other = Mapping { kinds: [("项目".to_owned(), "technology".to_owned())].into(), ..Mapping::default() };
    let kinds: Vec<Kind> = by_sheet(&bytes, other).into_iter().map(|(kind, ..)| kind).collect();
    assert_eq!(kinds, [Kind::Capital, Kind::Technology, Kind::Technology, Kind::Talent, Kind::Event]);
    // Two sheets have such a row: it is told which.
    let book = |rows: &str| {
        let mut book = rust_xlsxwriter::Workbook::new();
        for (sheet, title) in [("一", "茶"), ("二", rows)] {
            let sheet = book.add_worksheet().set_name(sheet).unwrap();
            for (column, (header, value)) in
                (0..).zip([("标题", title), ("方向", "供给"), ("地区", "深圳市"), ("资金方式", "股权")])
            {
                sheet.write(0, column, header).unwrap();
                sheet.write(1, column, value).unwrap();
            }
        }
        read(&book.save_to_buffer().unwrap(), "x.xlsx").unwrap()
    };
    let twice = tables(book("茶"), &setting()).unwrap();
    assert_eq!(twice[1].rows[0].notes[0].text.zh, "与工作表“一”第2行相同，只导入一次");
}

#[test]
fn what_another_member_has_published_is_no_listing_of_ones_own() {
    let of = |member: &str| -> Vec<Listing> {
        let mut listings = reference_listings();
        for listing in &mut listings {
            listing.name = listing.name.replace("members/here/", &format!("members/{member}/"));
        }
        listings
    };
    let called = |id: &str, zh: &str, en: &str| (id.to_owned(), vec![zh.to_owned(), en.to_owned()]);
    let names = Names {
        members: vec![called("here", "此地办事处", "Here Office"), called("there", "彼地办事处", "There Office")],
        ..setting().names
    };
    let setting = |parent: &str| Setting {
        parent: parent.to_owned(),
        names: names.clone(),
        now: "2026-11-24T00:00:00Z".parse().unwrap(),
        ..setting()
    };
    let states = |bytes: &[u8], name: &str, parent: &str| -> Vec<(State, String)> {
        let tables = tables(read(bytes, name).unwrap(), &setting(parent)).unwrap();
        let rows = tables.iter().flat_map(|table| &table.rows);
        let fault = |row: &Row| row.faults.first().map(|fault| fault.text.zh.clone()).unwrap_or_default();
        rows.map(|row| (row.state, fault(row))).collect()
    };
    let there = "这是彼地办事处发布的信息，不能作为本单位的信息导入。";
    for (publisher, parent, own) in [
        ("here", "here", true),
        ("here.n.example", "here", true),
        ("here", "here.n.example", true),
        ("here.n.example", "here.n.example", true),
        ("there", "here", false),
        ("there.n.example", "here.n.example", false),
        ("here.other.example", "here.n.example", false),
    ] {
        let bytes = export(&of(publisher), Format::Xlsx, None).unwrap().bytes;
        let found = states(&bytes, "x.xlsx", &format!("members/{parent}"));
        assert!(!found.is_empty());
        for (state, fault) in found {
            let expected = if own { State::Good } else { State::Wrong };
            assert_eq!(state, expected, "{publisher} {parent}: {fault}");
            assert!(!publisher.starts_with("there") || fault == there, "{fault}");
        }
    }
    // Whoever has taken the ids out is told by the column that says who has published it; what names no member says nothing.
    let head = "标题,方向,地区,资金方式,发布单位,信息网址\n";
    let row = |title: &str, publisher: &str| format!("{title},供给,深圳市,股权,{publisher},https://a.example/\n");
    let rows = [("甲", "彼地办事处"), ("乙", "There Office"), ("丙", "此地办事处"), ("丁", "县商务局"), ("戊", "")];
    let text: String = rows.map(|(title, publisher)| row(title, publisher)).concat();
    let found = states(format!("{head}{text}").as_bytes(), "x.csv", "members/here");
    let wrong: Vec<bool> = found.iter().map(|(state, _)| *state == State::Wrong).collect();
    assert_eq!(wrong, [true, true, false, false, false], "{found:?}");
    // Lists for people say whose a listing is, and where, and go in again.
    let mut listings = of("here");
    listings[0].publish_time = Some(prost_types::Timestamp { seconds: 1_793_667_720, nanos: 0 });
    let told = |_: &Listing| Told { publisher: "此地办事处".to_owned(), page: "https://a.example/x".to_owned() };
    let list = super::export_list(&listings[..1], Format::Xlsx, None, &told).unwrap();
    let book = read(&list.bytes, "x.xlsx").unwrap();
    let under = |header: &str| {
        let at = book.sheets[0].lines[0].cells.iter().position(|cell| cell.text() == header).unwrap();
        book.sheets[0].lines[1].cells[at].clone()
    };
    assert_eq!(under("编号").text(), listings[0].name);
    assert_eq!(
        (under("发布单位").text(), under("信息网址").text()),
        ("此地办事处".into(), "https://a.example/x".into())
    );
    assert!(matches!(under("发布日期"), grid::Cell::Date(day) if day.date().to_string() == "2026-11-03"));
    assert!(states(&list.bytes, "x.xlsx", "members/here").iter().all(|(state, _)| *state == State::Good));
}

#[test]
fn wrong_rows_take_along_what_was_said_for_all() {
    let text = "标题,方向,地区,资金方式\n甲,,毕阶市,股权\n乙,需求,毕节市,股权\n";
    let values = [("audience", "网络成员"), ("direction", "供给"), ("person", "李明")];
    let values = values.map(|(field, value)| (field.to_owned(), value.to_owned())).into();
    let setting = Setting { mapping: Mapping { values, ..Mapping::default() }, ..setting() };
    let first = tables(read(text.as_bytes(), "a.csv").unwrap(), &setting).unwrap().remove(0);
    assert_eq!((first.count(State::Wrong), first.count(State::Good)), (1, 1));
    for language in [Language::Zh, Language::En] {
        let bytes = faults(std::slice::from_ref(&first), language).unwrap();
        let mut book = read(&bytes, "faults.xlsx").unwrap();
        let place = &mut book.sheets[0].lines[1].cells[2];
        assert_eq!(place.text(), "毕阶市");
        *place = grid::Cell::Text("毕节市".to_owned());
        // Nothing is said for all any longer.
        let again = tables(book, &self::setting()).unwrap().remove(0);
        assert_eq!(again.fingerprint, first.fingerprint, "it is known as the table whose rows it has");
        let listing = again.good().next().unwrap_or_else(|| panic!("{:?}", again.rows)).1.unpack();
        assert_eq!(listing.scopes, ["network"]);
        let body = listing.listing.unwrap();
        assert_eq!((body.direction, &*body.contact.unwrap().person), (1, "李明"));
    }
}
