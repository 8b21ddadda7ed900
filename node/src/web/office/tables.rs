//! Figures as tables: on the page, as CSV, and as the sheets of the monthly workbook.

use super::super::catalogue::Texts;
use super::super::reading::Names;
use super::super::{format, words};
use super::statistics::month_name;
use crate::services::{Both, Figures};
use crate::sheets::{PlainCell, PlainSheet, SheetError, csv_of, workbook_of};

/// A table: what its first column holds, what the others count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    /// In addresses, and unique on the page.
    pub(crate) id: &'static str,
    pub(crate) title: String,
    /// How its numbers are to be read.
    pub(crate) note: String,
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Row>,
    /// What all rows come to, where there are any: what stands in several counts once.
    pub(crate) total: Option<Row>,
}

impl Table {
    /// Whether nothing was counted.
    pub(crate) fn is_idle(&self) -> bool {
        self.rows.iter().all(|row| row.numbers.iter().all(|number| *number == 0))
    }
}

/// A row of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) numbers: Vec<i64>,
}

impl Row {
    /// Its numbers as people read them.
    pub(crate) fn shown(&self) -> Vec<String> {
        self.numbers.iter().map(|number| format::grouped(*number)).collect()
    }
}

/// By month with what was asked, answered and delivered, by kind, place and partner; the months are those of `all`.
pub(super) fn all_tables(texts: Texts, names: &Names, all: &Figures, part: &Figures) -> Vec<Table> {
    let columns = |first: &str, others: &[&str]| -> Vec<String> {
        [first].iter().chain(others).map(|id| texts.text(id)).collect()
    };
    let whole = &[
        "statistics-published",
        "statistics-updated",
        "statistics-filled",
        "statistics-withdrawn",
        "statistics-expired",
        "statistics-received",
        "statistics-received-filled",
    ];
    let row = |name: String, both: &Both| Row {
        name,
        numbers: vec![
            both.gave.published,
            both.gave.updated,
            both.gave.filled,
            both.gave.withdrawn,
            both.gave.expired,
            both.received.published,
            both.received.filled,
        ],
    };
    let two = &["statistics-gave", "statistics-received"];
    let months = all.months.iter().rev().map(|(month, both)| row(month_name(texts, month), both));
    let kinds = words::KINDS.iter().flat_map(|kind| {
        let of_kind = part.kinds.iter().filter(move |((name, _), _)| name == kind);
        of_kind.map(|((kind, direction), both)| {
            let direction = words::direction_of_word(texts, direction);
            row(format!("{} {direction}", words::kind(texts, kind)).trim().to_owned(), both)
        })
    });
    let mut places: Vec<Row> = part
        .places
        .iter()
        .map(|(code, (gave, received))| Row { name: place(texts, code), numbers: vec![*gave, *received] })
        .collect();
    places.sort_by_key(|row| std::cmp::Reverse(row.numbers.iter().sum::<i64>()));
    let with = |both: &Both| vec![both.gave.published, both.received.published, both.gave.filled, both.received.filled];
    let of_partner = |(id, both): (&String, &Both)| Row { name: names.member(id), numbers: with(both) };
    let mut partners: Vec<Row> = part.partners.iter().map(of_partner).collect();
    partners.sort_by_key(|row| std::cmp::Reverse(row.numbers.iter().sum::<i64>()));
    let dealings = all.dealings.iter().rev().map(|(month, dealt)| Row {
        name: month_name(texts, month),
        numbers: vec![dealt.came, dealt.answered, dealt.asked, dealt.heard, dealt.told, dealt.counterparts],
    });
    let dealt = &[
        "statistics-came",
        "statistics-answered",
        "statistics-asked",
        "statistics-heard",
        "statistics-told",
        "statistics-counterparts",
    ];
    let table = |id, title: &str, columns, rows: Vec<Row>| {
        let note = match id {
            "dealings" => "statistics-how-dealings",
            "places" => "statistics-how-places",
            "partners" => "statistics-how-partners",
            _ => "statistics-how",
        };
        let note = texts.about("statistics-note", &texts.text(note));
        Table { id, title: texts.text(title), note, columns, rows, total: None }
    };
    let summed = |table: Table| Table { total: total(texts, &table.rows), ..table };
    let once = |table: Table, numbers: Vec<i64>| {
        let total = Row { name: texts.text("statistics-total-once"), numbers };
        Table { total: Some(total).filter(|_| !table.rows.is_empty()), ..table }
    };
    let of_months = |count: fn(&Both) -> i64| part.months.iter().map(|(_, both)| count(both)).sum();
    let published = vec![of_months(|both| both.gave.published), of_months(|both| both.received.published)];
    vec![
        summed(table("months", "statistics-by-month", columns("statistics-month", whole), months.collect())),
        summed(table("dealings", "statistics-dealings", columns("statistics-month", dealt), dealings.collect())),
        summed(table("kinds", "statistics-by-kind", columns("statistics-kind", whole), kinds.collect())),
        once(table("places", "statistics-by-place", columns("statistics-place", two), places), published),
        once(
            table(
                "partners",
                "statistics-by-partner",
                columns(
                    "statistics-partner",
                    &[
                        "statistics-gave-partner",
                        "statistics-received-partner",
                        // As with what was published: what is for several counts for each of them.
                        "statistics-filled-partner",
                        "statistics-received-filled-partner",
                    ],
                ),
                partners,
            ),
            with(&part.all_partners),
        ),
    ]
}

/// The sums of rows of which nothing stands in two.
fn total(texts: Texts, rows: &[Row]) -> Option<Row> {
    let columns = rows.first()?.numbers.len();
    let sum = |column: usize| rows.iter().filter_map(|row| row.numbers.get(column)).sum();
    Some(Row { name: texts.text("statistics-total"), numbers: (0..columns).map(sum).collect() })
}

/// A province by the first digits of its code, or a country.
fn place(texts: Texts, code: &str) -> String {
    let in_china = code.bytes().all(|byte| byte.is_ascii_digit());
    let whole = if in_china { format!("{code}0000") } else { code.to_owned() };
    format::region(texts.language(), &whole)
}

fn sheet(table: &Table) -> PlainSheet {
    let row = |row: &Row| {
        let name = std::iter::once(PlainCell::Text(row.name.clone()));
        name.chain(row.numbers.iter().map(|number| PlainCell::Number(*number))).collect()
    };
    PlainSheet {
        name: table.title.clone(),
        note: table.note.clone(),
        columns: table.columns.clone(),
        rows: table.rows.iter().map(row).collect(),
        total: table.total.as_ref().map(row),
    }
}

/// A table as CSV, which no program takes for formulas.
///
/// # Errors
/// Where it cannot be written.
pub(super) fn csv(table: &Table) -> Result<Vec<u8>, SheetError> {
    csv_of(&sheet(table))
}

/// A sheet and tables as those of a workbook with this title, and who has made it when.
///
/// # Errors
/// Where it cannot be written.
pub(super) fn workbook(title: &str, made: &str, first: PlainSheet, tables: &[Table]) -> Result<Vec<u8>, SheetError> {
    workbook_of(title, made, &std::iter::once(first).chain(tables.iter().map(sheet)).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use duikou_proto::language::Language;

    use super::*;
    use crate::engine::months::Sums;

    #[test]
    fn what_is_in_one_row_alone_is_added_up_and_what_is_for_several_counts_once() {
        let both = |published, filled| Both { gave: Sums { published, filled, ..Sums::default() }, ..Both::default() };
        let figures = Figures {
            months: vec![("2026-10".to_owned(), both(2, 1)), ("2026-11".to_owned(), both(3, 0))],
            // One listing that was filled, for both of them.
            partners: ["zunyi.pprd.example", "shenzhen.pprd.example"].map(|id| (id.to_owned(), both(1, 1))).into(),
            all_partners: both(1, 1),
            // One that was published for two provinces.
            places: [("44", (5, 0)), ("52", (1, 0))].map(|(code, counts)| (code.to_owned(), counts)).into(),
            ..Figures::default()
        };
        let names = Names::sample(Language::Zh, "pprd.example");
        let tables = all_tables(Texts::of(Language::Zh), &names, &figures, &figures);
        let of = |id: &str| tables.iter().find(|table| table.id == id).unwrap();
        let total = of("months").total.clone().unwrap();
        assert_eq!((&*total.name, &*total.numbers), ("合计", &[5, 0, 1, 0, 0, 0, 0][..]));
        for (id, numbers) in [("partners", &[1, 0, 1, 0][..]), ("places", &[5, 0])] {
            let total = of(id).total.clone().unwrap();
            assert_eq!((&*total.name, &*total.numbers), ("合计（每条计一次）", numbers));
        }
        assert_eq!(of("kinds").total, None, "of nothing there is no sum");
        assert_eq!(of("partners").columns[3], "对其可见的已落实");
        // What does not add up says so wherever it goes.
        let says = |id: &str| of(id).note.contains("不宜相加");
        assert_eq!(["months", "dealings", "kinds", "places", "partners"].map(says), [false, false, false, true, true]);
    }
}
