//! `/statistics`: what the office did by month, kind, place and partner, and what it gave and received; the same as CSV
//! and as the monthly workbook.

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use jiff::civil::Date;

use super::super::catalogue::Texts;
use super::super::forms::Choice;
use super::super::layout::{Page, Section};
use super::super::pager::Empty;
use super::super::reading::Names;
use super::super::respond::Answer;
use super::super::signed::Signed;
use super::super::{Web, format, tables as files};
use super::chart::{Chart, Shown};
use super::listed::listed;
use super::tables::{Row, Table, all_tables, csv, workbook};
use crate::services::Figures;
use crate::sheets::Format;

/// Months that the page shows together.
const MONTHS: i32 = 12;
/// What the months together are called in addresses.
const YEAR: &str = "year";

/// The page.
#[derive(Template)]
#[template(path = "office/statistics.html")]
pub(crate) struct StatisticsPage {
    page: Page,
    /// Months to choose from, the newest first, and all of them.
    choices: Vec<Choice>,
    chosen: String,
    /// In words.
    span: String,
    chart: Chart,
    /// Questions that were answered, on either side, where there were any.
    answers: Option<Chart>,
    tables: Vec<Pictured>,
    /// Where workbooks of months are, and what they are called: that of the month that is shown, else of the last that is
    /// over, which is the one to be handed in, and of this one so far.
    reports: Vec<(String, String)>,
    empty: Option<Empty>,
}

/// Rows of which a picture is drawn; all are in the table beneath.
const PICTURED: usize = 10;

/// A table, and the picture of what it says was given and received.
struct Pictured {
    table: Table,
    chart: Option<Chart>,
}

impl Pictured {
    fn new(texts: Texts, table: Table) -> Self {
        let chart = match table.id {
            "kinds" => Some(("kinds-chart", "statistics-kinds-chart", (0, 5))),
            "places" => Some(("places-chart", "statistics-places-chart", (0, 1))),
            "partners" => Some(("partners-chart", "statistics-partners-chart", (0, 1))),
            _ => None,
        };
        let chart = chart.map(|(id, title, (gave, received))| {
            let value = |row: &Row, column: usize| row.numbers.get(column).copied().unwrap_or_default();
            let rows = table.rows.iter().take(PICTURED);
            let values: Vec<_> = rows.map(|row| (row.name.clone(), value(row, gave), value(row, received))).collect();
            let name = |column: usize| table.columns.get(column + 1).cloned().unwrap_or_default();
            let series = [name(gave), name(received)];
            Chart::lying(texts, Shown { id, title: texts.text(title), series, values: &values })
        });
        Self { table, chart }
    }
}

/// The last months up to the one in which `seconds` lies, `2026-11`, oldest first.
fn months(seconds: i64) -> Vec<String> {
    let now = format::in_china(seconds);
    let last = i32::from(now.year()) * 12 + i32::from(now.month()) - 1;
    (last - MONTHS + 1..=last)
        .map(|month| format!("{:04}-{:02}", month.div_euclid(12), month.rem_euclid(12) + 1))
        .collect()
}

/// The months of which workbooks are offered, of all of them, oldest first; with the ids of what says so.
fn reported<'m>(all: impl Iterator<Item = &'m str>, chosen: Option<&'m str>) -> Vec<(&'m str, &'static str)> {
    let all: Vec<&str> = all.collect();
    let offered = match (chosen, &*all) {
        (Some(chosen), _) => vec![chosen],
        (None, [.., over, now]) => vec![*over, *now],
        (None, few) => few.to_vec(),
    };
    let id = |month: &str| match all.last() == Some(&month) {
        true => "statistics-report-so-far",
        false => "statistics-report",
    };
    offered.into_iter().map(|month| (month, id(month))).collect()
}

/// `2026-11` in words.
pub(super) fn month_name(texts: Texts, month: &str) -> String {
    let date = format!("{month}-15").parse::<Date>().ok();
    let time = date.and_then(|date| date.in_tz(format::ZONE).ok());
    time.map_or_else(|| month.to_owned(), |time| format::month(texts.language(), &time))
}

pub(super) async fn statistics(State(web): State<Web>, signed: Signed, RawQuery(query): RawQuery) -> Answer {
    let months = months(web.engine().now().div_euclid(1_000_000));
    let query = query.unwrap_or_default();
    let asked = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "month");
    let asked = asked.map(|(_, value)| value.into_owned()).filter(|month| months.contains(month));
    let ask = async |months: Vec<String>| {
        let figures = web.services().office.figures(signed.ask(months)).await;
        figures.map_err(|status| signed.failed(&status))
    };
    let all = ask(months).await?;
    let part = match &asked {
        Some(month) => ask(vec![month.clone()]).await?,
        None => all.clone(),
    };
    let page = Page::new(&web, &signed, Section::Statistics, signed.texts.text("statistics-title"));
    signed.page(&StatisticsPage::of(page, &Names::new(&web, &signed), &all, &part, asked.as_deref()))
}

impl StatisticsPage {
    /// Of all months, with the rest of those that are chosen.
    pub(crate) fn of(mut page: Page, names: &Names, all: &Figures, part: &Figures, month: Option<&str>) -> Self {
        page.indexed = false;
        let texts = page.texts();
        let newest = all.months.iter().rev().map(|(month, _)| month);
        let mut choices = vec![Choice { value: YEAR.to_owned(), name: texts.text("statistics-year") }];
        choices.extend(newest.map(|month| Choice { value: month.clone(), name: month_name(texts, month) }));
        let values: Vec<(String, i64, i64)> = all
            .months
            .iter()
            .map(|(month, both)| (month.replace('-', "."), both.gave.published, both.received.published))
            .collect();
        let series = ["statistics-gave", "statistics-received"].map(|id| texts.text(id));
        let reported = reported(all.months.iter().map(|(month, _)| month.as_str()), month);
        let answers: Vec<(String, i64, i64)> =
            all.dealings.iter().map(|(month, dealt)| (month.replace('-', "."), dealt.answered, dealt.heard)).collect();
        let sides = ["statistics-answered", "statistics-heard"].map(|id| texts.text(id));
        let nothing = all.dealings.iter().all(|(_, dealt)| dealt.is_empty())
            && values.iter().all(|(_, gave, received)| *gave == 0 && *received == 0);
        let drawn = |id, title: &str, series, values: &[(String, i64, i64)]| {
            Chart::standing(texts, Shown { id, title: texts.text(title), series, values })
        };
        let tables = all_tables(texts, names, all, part);
        Self {
            chosen: month.unwrap_or(YEAR).to_owned(),
            span: month.map_or_else(|| texts.text("statistics-year"), |month| month_name(texts, month)),
            chart: drawn("months", "statistics-chart", series, &values),
            answers: answers
                .iter()
                .any(|(_, answered, heard)| answered + heard > 0)
                .then(|| drawn("answers", "statistics-answers-chart", sides, &answers)),
            tables: tables.into_iter().map(|table| Pictured::new(texts, table)).collect(),
            reports: reported
                .into_iter()
                .map(|(month, id)| (format!("/statistics/{month}.xlsx"), texts.about(id, &month_name(texts, month))))
                .collect(),
            empty: nothing.then(|| Empty {
                title: texts.text("statistics-empty"),
                advice: texts.text("statistics-empty-advice"),
                link: ("/drafts/new".to_owned(), texts.text("drafts-new")),
            }),
            choices,
            page,
        }
    }

    fn csv_path(&self, table: &Table) -> String {
        format!("/statistics/{}.{}.csv", self.chosen, table.id)
    }
}

/// `2026-11.xlsx`, `2026-11.kinds.csv`, `year.months.csv`.
pub(super) async fn file(State(web): State<Web>, signed: Signed, Path(file): Path<String>) -> Answer {
    let known = months(web.engine().now().div_euclid(1_000_000));
    let absent = || {
        let name: String = file.chars().take(80).collect();
        signed.failed(&crate::services::Failure::NotFound(format!("statistics/{name}")).status(signed.language()))
    };
    let (span, rest) = file.split_once('.').ok_or_else(absent)?;
    let asked = match span {
        YEAR => known.clone(),
        month if known.iter().any(|known| known == month) => vec![month.to_owned()],
        _ => return Err(absent()),
    };
    let one = asked.len() == 1;
    let figures = web.services().office.figures(signed.ask(asked)).await;
    let figures = figures.map_err(|status| signed.failed(&status))?;
    let names = Names::new(&web, &signed);
    let tables = all_tables(signed.texts, &names, &figures, &figures);
    let broken = |error: crate::sheets::SheetError| signed.failed(&tonic::Status::internal(error.to_string()));
    if rest == "xlsx" && one {
        let who = signed.person().member_name.clone();
        let title = signed.texts.fill("report-title", &[("what", &who), ("month", &month_name(signed.texts, span))]);
        // A month that is not over yet is told up to a day.
        let now = format::in_china(web.engine().now().div_euclid(1_000_000));
        let title = match known.last().is_some_and(|last| last == span) {
            true => format!("{title}{}", signed.texts.about("report-so-far", &format::date(signed.language(), &now))),
            false => title,
        };
        let listed = listed(&web, &signed, span).await?;
        let name = format!("duikou-{span}");
        let day = format::date(signed.language(), &now);
        let (head, made) = (title.clone(), signed.texts.fill("report-made", &[("what", &who), ("day", &day)]));
        let write = move || workbook(&head, &made, listed, &tables);
        let mut report = files::made(&web, &signed, &name, &title, Format::Xlsx, write).await?;
        report.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(NOT_KEPT));
        return Ok(report);
    }
    let wanted = rest.strip_suffix(".csv").ok_or_else(absent)?;
    let table = tables.iter().find(|table| table.id == wanted).ok_or_else(absent)?;
    let span = if one { month_name(signed.texts, span) } else { signed.texts.text("statistics-year") };
    let called = files::named(&web, &format!("{}_{span}", table.title), Format::Csv);
    Ok(files::called(attached("text/csv; charset=utf-8", &file, csv(table).map_err(broken)?), &called))
}

/// What is of one office alone is kept by nobody on the way.
const NOT_KEPT: &str = "private, no-store";

/// A file that a browser keeps under this name, which holds no quote.
fn attached(kind: &'static str, name: &str, bytes: Vec<u8>) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(NOT_KEPT));
    let kept = HeaderValue::from_str(&format!("attachment; filename=\"duikou-{name}\""));
    headers.insert(CONTENT_DISPOSITION, kept.unwrap_or(HeaderValue::from_static("attachment")));
    (StatusCode::OK, headers, bytes).into_response()
}

#[cfg(test)]
mod tests {
    use duikou_proto::language::Language;

    use super::*;

    #[test]
    fn the_last_month_that_is_over_is_reported_before_this_one() {
        let all = ["2026-10", "2026-11", "2026-12"];
        let (whole, so_far) = ("statistics-report", "statistics-report-so-far");
        assert_eq!(reported(all.into_iter(), None), [("2026-11", whole), ("2026-12", so_far)]);
        assert_eq!(reported(all.into_iter(), Some("2026-10")), [("2026-10", whole)]);
        assert_eq!(reported(all.into_iter(), Some("2026-12")), [("2026-12", so_far)]);
    }

    #[test]
    fn a_year_of_months_ends_with_this_one() {
        let of = |text: &str| months(text.parse::<jiff::Timestamp>().unwrap().as_second());
        let found = of("2026-11-30T16:00:00Z");
        assert_eq!((found.len(), &*found[0], &*found[11]), (12, "2026-01", "2026-12"));
        let found = of("2027-02-01T00:00:00Z");
        assert_eq!((&*found[0], &*found[11]), ("2026-03", "2027-02"));
        assert_eq!(month_name(Texts::of(Language::Zh), "2026-11"), "2026年11月");
        assert_eq!(month_name(Texts::of(Language::En), "2026-11"), "November 2026");
    }
}
