//! Columns by their headers, and what was said of them by hand.

use super::fields::Field;
use super::*;

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
fn a_column_that_may_hold_several_dates_of_an_event_is_asked_for() {
    let event = |headers: &str, row: &str| {
        read(format!("活动名称,地点,{headers}\n春茶节,深圳市福田区会展馆,{row}\n").as_bytes(), "x.csv").unwrap()
    };
    let with = |mapping: Mapping| Setting {
        mapping: Mapping { values: BTreeMap::from([("direction".to_owned(), "供给".to_owned())]), ..mapping },
        ..setting()
    };
    let read_as = |book: &Workbook, mapping: Mapping| tables(book.clone(), &with(mapping)).unwrap().remove(0);
    let held = |table: &Table, header: &str| {
        let column = table.layout.columns.iter().find(|column| column.header == header).unwrap();
        (column.field, column.open.clone())
    };
    let book = event("开始时间,结束时间,截止日期", "2027-03-05 09:00,2027-03-06 17:00,2027-02-20");
    let table = read_as(&book, Mapping::default());
    assert_eq!(held(&table, "截止日期"), (None, vec![Field::Deadline, Field::Expire]));
    let fault = &table.rows[0].faults[0];
    assert_eq!((&*fault.cell(2), &*fault.text.zh), ("E2", "这一列可能是报名截止或有效期至，请指明它的含义。"));
    assert!(table.notes.iter().any(|note| note.zh.contains("--mapping 指明是其中哪一个：deadline、expire")));
    // Nobody is told that it is left out, and the mapping that is kept does not say so.
    assert!(table.notes.iter().all(|note| !note.zh.contains("未导入的列")), "{:?}", table.notes);
    assert!(table.mapping(&Mapping::default()).columns.iter().all(|column| column.header != "截止日期"));
    let said = |field: Option<&str>| Mapping {
        columns: vec![ColumnMapping {
            header: "截止日期".to_owned(),
            field: field.map(str::to_owned),
            ..ColumnMapping::default()
        }],
        ..Mapping::default()
    };
    let deadline = read_as(&book, said(Some("deadline")));
    let Details::Event(of) = details(&deadline, 2) else { panic!() };
    assert_eq!(of.registration_deadline.unwrap().seconds, at_second("2027-02-20T15:59:59Z"));
    assert_eq!(read_as(&book, said(None)).count(State::Good), 1);
    // What the other columns leave is what it is.
    let book =
        event("开始时间,结束时间,报名截止时间,截止日期", "2027-03-05 09:00,2027-03-06 17:00,2027-02-20,2027-03-10");
    let table = read_as(&book, Mapping::default());
    assert_eq!(held(&table, "报名截止时间"), (Some(Field::Deadline), vec![]));
    assert_eq!((held(&table, "截止日期"), table.count(State::Good)), ((Some(Field::Expire), vec![]), 1));
    // Other kinds have one date at which they close.
    let book =
        read("项目名称,建设地点,总投资,报名截止\n茶园,毕节市,3000万元,2027-02-20\n".as_bytes(), "x.csv").unwrap();
    let table = read_as(&book, Mapping::default());
    assert_eq!(held(&table, "报名截止"), (Some(Field::Expire), vec![]));
    // An outline tells of it, and of what the headers say of all rows.
    let book = event("活动时间,主办单位,截止", "2027年3月5日9:00-17:00,某局,2027-02-20");
    let shown = outline(&book, &Mapping::default()).unwrap().sheets.remove(0).table.unwrap();
    assert_eq!(shown.columns.last().unwrap().open, ["end", "deadline", "expire"]);
    assert_eq!(shown.implied, BTreeMap::from([("direction".to_owned(), "OFFER".to_owned())]));
}

fn at_second(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>().unwrap().as_second()
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

/// What the rows of a table of posts pay, in yuan a month; none of one that is wrong.
fn wages(text: &str, mapping: Mapping) -> Vec<Option<(i64, i64)>> {
    let values = [("regions", "毕节市"), ("direction", "需求"), ("supply_type", "岗位")];
    let values = values.map(|(field, value)| (field.to_owned(), value.to_owned())).into();
    let setting = Setting { mapping: Mapping { values, ..mapping }, ..setting() };
    let table = tables(read_csv(text), &setting).unwrap().remove(0);
    let wage = |row: &Row| {
        let Some(Details::Talent(talent)) =
            row.listing.as_ref().filter(|_| row.faults.is_empty())?.unpack().listing?.details
        else {
            return None;
        };
        assert!(talent.wage_min.is_none() && talent.wage_max.is_none() || talent.wage_period == 3, "{talent:?}");
        let units = |money: Option<Money>| money.map_or(0, |money| money.units);
        Some((units(talent.wage_min), units(talent.wage_max)))
    };
    table.rows.iter().map(wage).collect()
}

#[test]
fn a_range_may_have_a_column_for_each_end() {
    let text = "岗位名称,招聘人数,最低工资（元/月）,最高工资（元/月）\n\
                缝纫工,30,4500,6000\n普工,20,4000,\n质检员,2,,5000\n厨师,1,面议,\n电工,3,6000,5000\n焊工,3,100-200,300\n";
    let read = [Some((4_500, 6_000)), Some((4_000, 0)), Some((0, 5_000)), Some((0, 0)), None, None];
    assert_eq!(wages(text, Mapping::default()), read);
    // Chosen by hand they are what their names say; a column for all of it goes before them.
    let column = |header: &str, field: &str| ColumnMapping {
        header: header.into(),
        field: Some(field.into()),
        ..ColumnMapping::default()
    };
    let columns = vec![column("低", "wage_from"), column("高", "wage_to")];
    let text = "岗位名称,招聘人数,低,高,工资\n缝纫工,30,4500,6000,\n普工,20,1,2,3000-5000元/月\n电工,3,0,,面议\n";
    let by_hand = Mapping { columns, ..Mapping::default() };
    assert_eq!(wages(text, by_hand), [Some((4_500, 6_000)), Some((3_000, 5_000)), None]);

    let text = "标题,方向,地区,资金方式,金额下限（万元）,金额上限（万元）\n甲,供给,毕节市,股权,100,500\n";
    let table = tables(read_csv(text), &setting()).unwrap().remove(0);
    let Details::Capital(capital) = details(&table, 2) else { panic!("{:?}", table.layout) };
    assert_eq!((capital.amount_min, capital.amount_max), (yuan(1_000_000), yuan(5_000_000)));
}

fn read_csv(text: &str) -> Workbook {
    read(text.as_bytes(), "x.csv").unwrap()
}

/// A list of posts as offices make it: a title, who has filled it in, headers on two rows, and posts.
fn merged() -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let format = rust_xlsxwriter::Format::new();
    let sheet = book.add_worksheet();
    sheet.merge_range(0, 0, 0, 7, "2027年招聘岗位表", &format).unwrap();
    sheet.write(1, 0, "填报单位：七星关区人社局　单位：人、元").unwrap();
    for (column, header) in (0..).zip(["序号", "招聘岗位", "招聘人数", "工作地点"]) {
        sheet.merge_range(2, column, 3, column, header, &format).unwrap();
    }
    sheet.merge_range(2, 4, 2, 5, "薪资待遇", &format).unwrap();
    sheet.merge_range(2, 6, 2, 7, "联系方式", &format).unwrap();
    for (column, header) in (4..).zip(["最低（元/月）", "最高（元/月）", "联系人", "电话"]) {
        sheet.write(3, column, header).unwrap();
    }
    for row in 4..7 {
        for (column, text) in (0..).zip(["1", "缝纫工", "30", "毕节市", "4500", "6000", "王姐", "0857-8222222"])
        {
            sheet.write(row, column, text).unwrap();
        }
        sheet.write(row, 1, format!("{row}号岗位")).unwrap();
    }
    book.save_to_buffer().unwrap()
}

#[test]
fn headers_on_two_rows_with_merged_cells_are_those_of_all_columns() {
    let table = tables(read(&merged(), "x.xlsx").unwrap(), &setting()).unwrap().remove(0);
    assert_eq!((table.layout.kind, table.layout.header_row, table.rows.len()), (Kind::Talent, 4, 3));
    for row in 5..=7 {
        let Details::Talent(talent) = details(&table, row) else { panic!("{:?}", table.layout) };
        assert_eq!((talent.wage_min, talent.wage_max, talent.wage_period), (yuan(4_500), yuan(6_000), 3));
        let contact = at(&table, row).listing.as_ref().unwrap().unpack().listing.unwrap().contact.unwrap();
        assert_eq!((&*contact.person, &*contact.phone), ("王姐", "0857-8222222"));
    }
}

#[test]
fn what_a_row_lacks_is_told_once_and_in_the_words_of_the_table() {
    let row = |text: &str| {
        let table = tables(read_csv(text), &setting()).unwrap().remove(0);
        table.rows[0].faults.iter().map(|fault| (fault.field, fault.text.zh.clone())).collect::<Vec<_>>()
    };
    // Its title is put together of what it has; that it lacks one, or a language, is no more than that.
    let lacking = row("招聘岗位,招聘人数,工作地点\n缝纫工,,毕节市\n");
    assert_eq!(lacking.iter().map(|(field, _)| *field).collect::<Vec<_>>(), [Some(Field::Headcount)], "{lacking:?}");
    let named =
        row("活动名称,主办单位,开始时间,结束时间,活动地点\nCIIE 2027,某局,2027-11-05 09:00,2027-11-06 17:00,会展馆\n");
    assert_eq!(named, []);
    let english = row("标题,方向,地区,资金方式\nTea fund,供给,毕节市,股权\n");
    assert_eq!(english.len(), 1, "{english:?}");
    assert!(english[0].1.starts_with("语言："), "a title in another language does not say in which: {english:?}");
}

#[test]
fn a_column_of_an_event_may_say_from_when_to_when() {
    let text = "活动名称,主办单位,举办时间,活动地点\n\
                推介会,某局,2027年3月5日上午9:00-12:00,会展馆\n\
                展览会,某局,2027年3月5日-7日,会展馆\n\
                交流会,某局,2027年3月5日（星期四）,会展馆\n";
    let table = tables(read_csv(text), &setting()).unwrap().remove(0);
    let times = |row| {
        let Details::Event(event) = details(&table, row) else { panic!("{:?}", table.layout) };
        [event.start_time, event.end_time].map(|time| time.map_or(0, |time| time.seconds))
    };
    let nine = 1_804_208_400;
    assert_eq!(times(2), [nine, nine + 3 * 3_600]);
    assert_eq!(times(3), [nine - 9 * 3_600, nine + 63 * 3_600]);
    let wrong: Vec<_> = at(&table, 4).faults.iter().map(|fault| fault.field).collect();
    assert!(wrong.contains(&Some(Field::Start)), "{wrong:?}");
    // Where its end has a column too, the two agree.
    let text = "活动名称,主办单位,举办时间,结束时间,活动地点\n\
                推介会,某局,2027年3月5日-7日,2027-03-07,会展馆\n展览会,某局,2027年3月5日-7日,2027-03-08,会展馆\n";
    let table = tables(read_csv(text), &setting()).unwrap().remove(0);
    assert_eq!((at(&table, 2).state, at(&table, 3).faults[0].field), (State::Good, Some(Field::End)));
}

#[test]
fn a_name_and_a_number_may_stand_in_one_cell() {
    let contacts = |text: &str| -> Vec<Option<(String, String)>> {
        let table = tables(read_csv(text), &setting()).unwrap().remove(0);
        let contact = |row: &Row| {
            let contact = row.listing.as_ref().filter(|_| row.faults.is_empty())?.unpack().listing?.contact?;
            Some((contact.person, contact.phone))
        };
        table.rows.iter().map(contact).collect()
    };
    let both = |person: &str, phone: &str| Some((person.to_owned(), phone.to_owned()));
    for header in ["联系人及电话", "联系人/电话", "联系人（电话）", "联系电话"] {
        let text = format!(
            "招聘岗位,招聘人数,工作地点,{header}\n缝纫工,30,毕节市,王姐 0755-82345678\n普工,3,毕节市,13812345678（李工）\n"
        );
        assert_eq!(contacts(&text), [both("王姐", "0755-82345678"), both("李工", "13812345678")], "{header}");
    }
    // Beside a column of its own it says the same, or is asked for.
    let text = "招聘岗位,招聘人数,工作地点,联系人,电话\n缝纫工,30,毕节市,王姐,王姐0755-82345678\n\
                普工,3,毕节市,李工,王姐0755-82345678\n质检员,3,毕节市,李工0755-1111111,\n";
    assert_eq!(contacts(text), [both("王姐", "0755-82345678"), None, both("李工", "0755-1111111")]);
}
