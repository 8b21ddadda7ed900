//! Templates and exports: what is written is read as what it was.

use super::super::grid::Cell;
use super::*;

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
    // What each row needs stands first, behind the column that tells these rows apart; one sheet of paper shows it.
    let book = read(&bytes, "template.xlsx").unwrap();
    let texts = |row: usize| -> Vec<String> { book.sheets[0].lines[row].cells.iter().map(Cell::text).collect() };
    assert_eq!(texts(0)[..4], ["编号", "标题", "方向", "地区"]);
    let needed = texts(1).iter().filter(|help| help.starts_with("必填")).count();
    assert_eq!((needed, &*texts(1)[2]), (3, "必填。供给或需求"));
    assert!(unzipped(&bytes, "xl/worksheets/sheet1.xml").contains("fitToHeight=\"0\""));
    assert!(!unzipped(&bytes, "xl/worksheets/sheet1.xml").contains("fitToWidth=\"2\""));
    assert!(unzipped(&bytes, "xl/workbook.xml").contains("Print_Area"));
    assert!(unzipped(&bytes, "xl/worksheets/sheet1.xml").contains("list_industries"));
}

#[test]
fn an_end_at_midnight_is_the_day_before_for_people_and_of_an_event_read_as_it_was() {
    let at = |text: &str| {
        let time: jiff::Timestamp = text.parse().unwrap();
        Some(prost_types::Timestamp { seconds: time.as_second(), nanos: 0 })
    };
    let event = |end: &str, expire: &str| {
        let mut listings = reference_listings();
        let is_event = |listing: &Listing| {
            listing.listing.as_ref().and_then(duikou_proto::validate::kind_of) == Some(Kind::Event.name())
        };
        let mut listing = listings.remove(listings.iter().position(is_event).unwrap());
        let Some(Details::Event(event)) = &mut listing.listing.as_mut().unwrap().details else { panic!() };
        (event.start_time, event.end_time) = (at("2027-10-05T01:00:00Z"), at(end));
        (event.registration_deadline, event.time_zone) = (None, "Asia/Shanghai".to_owned());
        listing.expire_time = at(expire);
        listing
    };
    for (end, expire, exact, told) in [
        ("2027-10-06T16:00:00Z", "2027-10-07T16:00:00Z", "2027-10-07", "2027-10-07"),
        ("2027-10-06T16:00:00Z", "2027-10-07T15:59:59Z", "2027-10-07 23:59:59", "2027-10-07 23:59:59"),
        ("2027-10-06T09:00:00Z", "2027-10-07T15:59:59Z", "2027-10-07", "2027-10-07"),
        ("2027-10-06T09:00:00Z", "2027-10-07T16:00:00Z", "2027-10-08 00:00", "2027-10-07"),
    ] {
        let listing = event(end, expire);
        let under = |bytes: &[u8]| {
            let book = read(bytes, "x.xlsx").unwrap();
            let lines = &book.sheets[0].lines;
            let at = lines[0].cells.iter().position(|cell| cell.text() == "有效期至").unwrap();
            lines[1].cells[at].text()
        };
        let exported = export(std::slice::from_ref(&listing), Format::Xlsx, None).unwrap();
        let list =
            super::export_list(std::slice::from_ref(&listing), Format::Xlsx, None, &|_| Told::default()).unwrap();
        assert_eq!((&*under(&exported.bytes), &*under(&list.bytes)), (exact, told), "{end} {expire}");
        let table = tables(read(&exported.bytes, "x.xlsx").unwrap(), &setting()).unwrap().remove(0);
        let again = table.rows[0].listing.as_ref().unwrap().unpack();
        assert_eq!((again.expire_time, &*table.rows[0].faults), (listing.expire_time, &[][..]), "{end} {expire}");
    }
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
    // As pages write them, some end with their day; the others a second later, which is no day.
    for expire in listings.iter_mut().step_by(2).filter_map(|listing| listing.expire_time.as_mut()) {
        expire.seconds -= 1;
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
    // Whoever sorts, filters and adds up finds dates and numbers, which read as the texts that they were.
    let book = read(&exported.bytes, "x.xlsx").unwrap();
    let under = |sheet: &str, header: &str| -> Vec<grid::Cell> {
        let sheet = book.sheets.iter().find(|grid| grid.name == sheet).unwrap();
        let at = sheet.lines[0].cells.iter().position(|cell| cell.text() == header).unwrap();
        let cells = sheet.lines[1..].iter().filter_map(|line| line.cells.get(at)).filter(|cell| !cell.is_blank());
        cells.cloned().collect()
    };
    let is_date = |cell: &grid::Cell| matches!(cell, grid::Cell::Date(_));
    for (sheet, header) in [("活动", "开始时间"), ("活动", "结束时间")] {
        let cells = under(sheet, header);
        assert!(!cells.is_empty() && cells.iter().all(is_date), "{header}: {cells:?}");
    }
    let ends = under("项目", "有效期至");
    assert!(ends.iter().any(is_date) && ends.iter().any(|cell| !is_date(cell)), "{ends:?}");
    for (sheet, header) in [
        ("人才", "人数"),
        ("项目", "金额下限（万元）"),
        ("资金", "金额上限（万元）"),
        ("人才", "薪酬下限（元/月）"),
        ("技术", "成熟度"),
    ] {
        let cells = under(sheet, header);
        assert!(
            !cells.is_empty() && cells.iter().all(|cell| matches!(cell, grid::Cell::Number(_))),
            "{header}: {cells:?}"
        );
    }
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
    assert_eq!(&records[odd.len()][0], "说明：未完");
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
fn every_workbook_is_printed_across_with_its_headers_on_each_sheet_of_paper() {
    let listings = reference_listings();
    let book = read("标题,方向,地区\n甲,左,毕节市\n".as_bytes(), "x.csv").unwrap();
    let mapping = Mapping { kind: Some("project".into()), ..Mapping::default() };
    let wrong = tables(book, &Setting { mapping, ..setting() }).unwrap();
    let plain = PlainSheet { name: "甲".to_owned(), columns: vec!["乙".to_owned()], ..PlainSheet::default() };
    let list = super::export_list(&listings, Format::Xlsx, Some("未完"), &|_| Told::default()).unwrap().bytes;
    for (what, bytes) in [
        ("export", export(&listings, Format::Xlsx, None).unwrap().bytes),
        ("list", list.clone()),
        ("template", template(Kind::Talent, Language::Zh).unwrap()),
        ("faults", faults(&wrong, Language::Zh).unwrap()),
        ("plain", workbook_of("题", "", &[plain]).unwrap()),
    ] {
        let sheet = unzipped(&bytes, "xl/worksheets/sheet1.xml");
        assert!(sheet.contains("orientation=\"landscape\"") && sheet.contains("fitToPage=\"1\""), "{what}");
        assert!(sheet.contains("paperSize=\"9\""), "{what}");
        assert!(unzipped(&bytes, "xl/workbook.xml").contains("_xlnm.Print_Titles"), "{what}");
    }
    // Of a list for people what they look for stands first, and is printed on one sheet beside nothing else.
    let first = unzipped(&list, "xl/worksheets/sheet1.xml");
    assert!(!first.contains("fitToWidth="), "on one, which is what is taken for granted: {first}");
    let areas = unzipped(&list, "xl/workbook.xml");
    assert_eq!(areas.matches("_xlnm.Print_Area").count(), Kind::ALL.len(), "{areas}");
    for sheet in &read(&list, "x.xlsx").unwrap().sheets {
        let headers: Vec<String> = sheet.lines[0].cells.iter().map(|cell| cell.text()).collect();
        assert_eq!(headers[..4], ["标题", "方向", "发布单位", "地区"], "{}", sheet.name);
        let last = grid::column_name(headers.iter().position(|header| header == "联系电话").unwrap());
        assert!(areas.contains(&format!("{}!$A$1:${last}$", sheet.name)), "{last}: {areas}");
    }
    let setting = Setting { now: "2026-11-24T00:00:00Z".parse().unwrap(), ..setting() };
    let again = tables(read(&list, "x.xlsx").unwrap(), &setting).unwrap();
    let last: Vec<State> = again.iter().filter_map(|table| Some(table.rows.last()?.state)).collect();
    assert!(last.len() == Kind::ALL.len() && last.iter().all(|state| *state == State::Passed), "{last:?}");
}
