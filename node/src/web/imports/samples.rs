//! A sample of every page of this part.

use std::collections::BTreeMap;

use super::super::layout::Section;
use super::super::reading::{Names, sample_listing};
use super::super::samples::Samples;
use super::super::words;
use super::act::forgetting;
use super::columns::ColumnsPage;
use super::fates::{Batch, Fate, Fates};
use super::rows::{Look, RowsPageView};
use super::start::{StartPage, line};
use crate::accounts::Role;
use crate::imports::{Import, KeptRow, Phase, Progress, RowsPage, Said, Step};
use crate::sheets::{ColumnMapping, ColumnOutline, HeadRow, Mapping, Outline, SheetOutline, State, TableOutline};

const TIME: i64 = 1_793_667_720_000_000;

fn import(samples: &Samples, phase: Phase) -> Import {
    let said = Said::from(&duikou_proto::language::Text::new("未导入的列：A <序号>", "columns: A <No>"));
    Import {
        id: "0190b5c4-7f2e-7c3e-9d5e-1f2a3b4c5d6e".to_owned(),
        account: "0190b5c4".to_owned(),
        member: "bijie.pprd.example".to_owned(),
        name: samples.say("劳务<b>.xlsx", "labour<b>.xlsx"),
        bytes: 20_000,
        create_time: TIME,
        change_time: TIME,
        mapping: Mapping {
            values: BTreeMap::from([("direction".to_owned(), "OFFER".to_owned())]),
            columns: vec![ColumnMapping {
                kind: None,
                header: "pay".to_owned(),
                field: Some("wage".to_owned()),
                unit: Some("USD/h".to_owned()),
            }],
            words: BTreeMap::from([("all <of us>".to_owned(), "network".to_owned())]),
            ..Mapping::default()
        },
        phase,
        counts: [(State::Wrong, 6), (State::New, 36), (State::Submitted, 2), (State::Repeated, 1), (State::Passed, 2)]
            .into_iter()
            .map(|(state, rows)| (state.name().to_owned(), rows))
            .collect(),
        waiting: 2,
        tables: 2,
        notes: vec![said.clone()],
        done: 500,
        total: 1_000,
        fault: Some(("audience".to_owned(), said)),
    }
}

fn outline(found: bool) -> Outline {
    let column = |index: usize, header: &str, field: Option<&str>| ColumnOutline {
        index,
        header: header.to_owned(),
        field: field.map(str::to_owned),
        open: if header == "until" { vec!["headcount".to_owned(), "expire".to_owned()] } else { Vec::new() },
        unit: (field == Some("amount")).then(|| "CNY".to_owned()),
        samples: vec!["3000-5000".to_owned(), "<b>2</b>".to_owned()],
    };
    let columns = vec![column(0, "<No>", None), column(1, "title", Some("title")), column(2, "pay", Some("wage"))];
    let columns = columns.into_iter().chain([column(3, "until", None)]).collect();
    let implied = BTreeMap::from([("supply_type".to_owned(), "VACANCY".to_owned())]);
    let table =
        TableOutline { kind: "talent".to_owned(), header_row: 3, fingerprint: "f".to_owned(), columns, implied };
    let head: Vec<HeadRow> =
        (1..5).map(|number| HeadRow { number, cells: vec!["<a>".to_owned(), "b".to_owned()] }).collect();
    let sheet = |name: &str, table| SheetOutline {
        name: name.to_owned(),
        rows: 48,
        head: head.clone(),
        table,
        several_kinds: false,
    };
    let other = TableOutline {
        kind: "project".to_owned(),
        columns: vec![column(0, "<name>", Some("title")), column(1, "money", Some("investment"))],
        ..table.clone()
    };
    let sheet = |name: &str, table: TableOutline| sheet(name, found.then_some(table));
    Outline { sheets: vec![sheet("sheet <1>", table), sheet("<2>", other)] }
}

/// Every page.
pub(in crate::web) fn samples(samples: &Samples) {
    let visitor = samples.signed(Role::Editor, "/import");
    let page = || samples.page_for(&visitor, Section::Import, "import");
    let phases = [Phase::Sent, Phase::Trying, Phase::Tried, Phase::Publishing, Phase::Done];
    let lines = || phases.iter().map(|phase| line(visitor.texts, &import(samples, *phase), false)).collect();
    samples.add("imports/start.html", &StartPage::of(page(), lines(), true, Some("<wrong>".to_owned())));
    samples.add("imports/start.html", &StartPage::of(page(), Vec::new(), false, None));
    let called = |id: &str, zh: &str, en: &str| (id.to_owned(), vec![zh.to_owned(), en.to_owned()]);
    let called = crate::typed::Names {
        members: vec![called("zunyi", "遵义市联络处", "Zunyi Office"), called("heyuan", "河源<a>、b", "Heyuan, <a>")],
        circles: vec!["pan-prd".to_owned()],
        ..crate::typed::Names::default()
    };
    for (found, phase) in [(true, Phase::Sent), (false, Phase::Sent), (true, Phase::Trying)] {
        let shown = ColumnsPage::of(page(), &import(samples, phase), &outline(found), &called);
        samples.add("imports/columns.html", &shown);
    }
    let said = Said::from(&duikou_proto::language::Text::new("没有名为“<毕阶市>”的地区", "no place is called <x>"));
    for phase in [Phase::Tried, Phase::Done] {
        samples.add("kit/asking.html", &forgetting(page(), &import(samples, phase)));
    }
    let names = Names::sample(samples.language, "pprd.example");
    let row = KeptRow {
        sheet: "1".to_owned(),
        number: 18,
        state: State::Wrong.name().to_owned(),
        title: samples.say("茶艺师<b>", "tea master<b>"),
        name: "members/bijie.pprd.example/listings/x".to_owned(),
        faults: vec![("B18".to_owned(), said.clone())],
        notes: vec![(String::new(), said)],
        waits: true,
        draft: "members/bijie.pprd.example/drafts/x".to_owned(),
        ..KeptRow::default()
    };
    let read = words::KINDS.map(|kind| {
        let good = KeptRow { state: State::New.name().to_owned(), faults: Vec::new(), ..row.clone() };
        good.with(Some(sample_listing(kind, samples.language)))
    });
    let rows = || RowsPage { rows: read.iter().cloned().chain(vec![row.clone(); 45]).collect(), count: 130 };
    let look = Look { state: Some(State::Wrong), number: 1 };
    let fates = Fates {
        batch: Some(Batch { waiting: 1, returned: 2, approved: 3 }),
        drafts: [(row.draft.clone(), Fate::Returned)].into(),
    };
    for phase in [Phase::Tried, Phase::Publishing, Phase::Done] {
        let shown = RowsPageView::of(page(), &names, &import(samples, phase), None, look, &fates, rows());
        samples.add("imports/rows.html", &shown);
    }
    for (step, total) in [(Step::Waiting, 0), (Step::Reading, 0), (Step::Sending, 1_000), (Step::Keeping, 1_000)] {
        let progress = Progress { step, done: 500, total };
        let import = import(samples, Phase::Publishing);
        let shown = RowsPageView::of(
            page(),
            &names,
            &import,
            Some(progress),
            Look::default(),
            &Fates::default(),
            RowsPage::default(),
        );
        samples.add("imports/rows.html", &shown);
    }
}
