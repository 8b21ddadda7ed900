//! The member's drafts as a file: a sheet for each kind with what their forms hold, which is read again as it is, and
//! beside that what the list says of them, which no import reads.

use std::collections::HashMap;

use duikou_proto::v1::Draft;
use duikou_proto::v1::draft::State as DraftState;
use duikou_proto::v1::draft_service_server::DraftService;
use jiff::civil::DateTime;

use super::super::catalogue::Texts;
use super::super::respond::Answer;
use super::super::signed::Signed;
use super::super::{Web, format, tables};
use super::desk::Desk;
use super::filled::{kind_in, texts_of};
use super::list::{Asked, state};
use super::people::People;
use crate::limits;
use crate::sheets::fields::Field;
use crate::sheets::form::cell_of;
use crate::sheets::{Format, Kind, List, PlainCell, SheetError, readable, write_list};

/// Drafts that are asked for at once.
const PAGE: i32 = 1_000;
/// What the list says of a draft, by the ids of the headers. None of them is a header of the table of fields.
const ABOUT: [&str; 4] = ["drafts-file-state", "drafts-file-reason", "drafts-file-author", "drafts-file-updated"];

/// A draft as the file has it.
struct Row {
    kind: Kind,
    /// What its form holds: what was typed where that gives no value yet, and nothing of who may see it until somebody has
    /// said so.
    held: HashMap<Field, String>,
    said: [PlainCell; 4],
}

/// The drafts that are asked for.
pub(super) async fn file(web: &Web, signed: &Signed, query: Option<&str>, format: Format) -> Answer {
    let desk = Desk::of(web, signed).await?;
    let mut request = Asked::read(query.unwrap_or_default()).request(&desk);
    (request.page_size, request.page_token) = (PAGE, String::new());
    let mut drafts: Vec<Draft> = Vec::new();
    let cut = loop {
        let found = web.services().drafts.list_drafts(signed.ask(request.clone())).await;
        let found = found.map_err(|status| signed.failed(&status))?.into_inner();
        drafts.extend(found.drafts.into_iter().filter(|draft| draft.state() != DraftState::Approved));
        if drafts.len() > limits::OWN_EXPORT_ROWS || found.next_page_token.is_empty() {
            break drafts.len() > limits::OWN_EXPORT_ROWS;
        }
        request.page_token = found.next_page_token;
    };
    drafts.truncate(limits::OWN_EXPORT_ROWS);
    let people = desk.people(drafts.iter().map(|draft| draft.author.clone()).collect()).await?;
    let more = cut.then(|| signed.texts.count("export-cut", drafts.len()));
    let (name, title) = (if cut { "drafts-part" } else { "drafts" }, signed.texts.text("export-drafts"));
    let rows: Vec<Row> = drafts.iter().filter_map(|draft| Row::of(signed.texts, &people, draft)).collect();
    let beside = ABOUT.map(|id| signed.texts.text(id));
    let make = move || written(&rows, &beside, more.as_deref(), format);
    tables::made(web, signed, name, &title, format, make).await
}

impl Row {
    /// None: it has no kind yet, and so no form that could be filled in.
    fn of(texts: Texts, people: &People, draft: &Draft) -> Option<Self> {
        let kind = kind_in(draft)?;
        let listing = draft.listing.clone().unwrap_or_default();
        let aside = [Field::Id, Field::Rest].map(|field| (field, cell_of(&listing, field)));
        let updated = draft.update_time.map_or(0, |time| time.seconds);
        let said = [
            PlainCell::Text(state(texts, draft.state())),
            PlainCell::Text(match draft.state() {
                DraftState::Returned => readable(&draft.return_reason),
                _ => String::new(),
            }),
            PlainCell::Text(readable(&people.name(&draft.author))),
            PlainCell::Time(to_the_minute(updated)),
        ];
        Some(Self { kind, held: texts_of(kind, draft).into_iter().chain(aside).collect(), said })
    }
}

/// A moment as people look for it: by its day and time, in China.
fn to_the_minute(seconds: i64) -> DateTime {
    let at = format::in_china(seconds).datetime();
    at.with().second(0).subsec_nanosecond(0).build().unwrap_or(at)
}

fn written(rows: &[Row], beside: &[String], more: Option<&str>, format: Format) -> Result<Vec<u8>, SheetError> {
    let of = |kind: Kind| (kind, rows.iter().filter(|row| row.kind == kind).collect::<Vec<_>>());
    let list = List {
        of_kinds: Kind::ALL.into_iter().map(of).filter(|(_, rows)| !rows.is_empty()).collect(),
        for_people: true,
        columns: &|info| info.written,
        cell: &|row: &Row, field| Ok(row.held.get(&field).map_or_else(String::new, |text| readable(text))),
        beside,
        said: &|row| row.said.to_vec(),
        more,
    };
    write_list(&list, format).map(|export| export.bytes)
}

#[cfg(test)]
mod tests {
    use duikou_proto::language::Language;
    use duikou_proto::v1::opportunity::Details;
    use duikou_proto::v1::{Listing, Opportunity, Project, Talent};

    use super::*;
    use crate::sheets::fields::FIELDS;
    use crate::sheets::read;

    fn draft(details: Details, typed: &[(&str, &str)]) -> Draft {
        let body = Opportunity { title: "园区".to_owned(), details: Some(details), ..Opportunity::default() };
        let name = "members/a.n/listings/x".to_owned();
        Draft {
            listing: Some(Listing { name, listing: Some(body), ..Listing::default() }),
            typed: typed.iter().map(|(field, text)| ((*field).to_owned(), (*text).to_owned())).collect(),
            state: DraftState::Returned.into(),
            return_reason: "请补充".to_owned(),
            author: "a".to_owned(),
            ..Draft::default()
        }
    }

    #[test]
    fn what_nobody_has_said_is_an_empty_cell_and_the_rest_is_what_the_form_and_the_list_show() {
        let texts = Texts::of(Language::Zh);
        let people = People::sample(texts, &[("a", "甲")]);
        let drafts = [
            draft(Details::Project(Project::default()), &[("audience", ""), ("investment", "1.2.3")]),
            draft(Details::Project(Project::default()), &[]),
            draft(Details::Talent(Talent::default()), &[("audience", "某圈")]),
        ];
        let rows: Vec<Row> = drafts.iter().filter_map(|draft| Row::of(texts, &people, draft)).collect();
        let beside = ABOUT.map(|id| texts.text(id));
        for (format, name) in [(Format::Xlsx, "drafts.xlsx"), (Format::Csv, "drafts.csv")] {
            let book = read(&written(&rows, &beside, Some("未完"), format).unwrap(), name).unwrap();
            let lines: Vec<Vec<String>> = book
                .sheets
                .iter()
                .flat_map(|sheet| &sheet.lines)
                .map(|line| line.cells.iter().map(|cell| cell.text()).collect())
                .collect();
            // Above what stands in a row is the header of its sheet.
            let of = |title: usize, header: &str| {
                let is_title = |(_, line): &(usize, &Vec<String>)| line.iter().any(|cell| cell == "园区");
                let (at, row) = lines.iter().enumerate().filter(is_title).nth(title).expect("a row");
                let headers = lines[..at].iter().rev().find(|line| line.iter().any(|cell| cell == "标题")).unwrap();
                let column = headers.iter().position(|name| name == header).unwrap_or_else(|| panic!("{header}"));
                row.get(column).cloned().unwrap_or_default()
            };
            let audience = Field::Audience.info().zh;
            assert_eq!([of(0, audience), of(1, audience), of(2, audience)], ["", "依申请", "某圈"], "{name}");
            assert_eq!(of(0, Field::Investment.info().zh), "1.2.3");
            assert_eq!(of(0, Field::Id.info().zh), "members/a.n/listings/x");
            assert_eq!([of(0, "草稿作者"), of(0, "草稿状态"), of(2, "退回原因")], ["甲", "已退回", "请补充"]);
            assert!(lines.iter().any(|line| line.iter().any(|cell| cell == "说明：未完")), "{lines:?}");
        }
        for language in [Language::Zh, Language::En] {
            for header in ABOUT.map(|id| Texts::of(language).text(id)) {
                let known =
                    FIELDS.iter().find(|info| info.synonyms.contains(&&*header) || Field::parse(&header).is_some());
                assert!(known.is_none(), "an import would read {header}");
            }
        }
    }
}
