//! The member's drafts as a file: a sheet for each kind with what their forms hold, which is read again as it is, and
//! beside that what the list says of them, which no import reads.

use std::collections::HashMap;

use duikou_proto::v1::Draft;
use duikou_proto::v1::draft::State as DraftState;
use duikou_proto::v1::draft_service_server::DraftService;

use super::super::catalogue::Texts;
use super::super::respond::Answer;
use super::super::signed::Signed;
use super::super::{Web, format, tables};
use super::desk::Desk;
use super::filled::{kind_in, texts_of};
use super::list::{Asked, state};
use super::people::People;
use crate::limits;
use crate::sheets::fields::{FIELDS, Field, Info};
use crate::sheets::form::cell_of;
use crate::sheets::{Format, Kind, PlainCell, PlainSheet};

/// Drafts that are asked for at once.
const PAGE: i32 = 1_000;
/// In the first column: this row is no listing.
const REMARK: &str = "说明";
/// The header of the column that says a row's kind, where one table has several.
const KIND: &str = "类别";
/// What the list says of a draft, by the ids of the headers. None of them is a header of the table of fields.
const ABOUT: [&str; 4] = ["drafts-file-state", "drafts-file-reason", "drafts-file-author", "drafts-file-updated"];

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
    let sheets = match format {
        Format::Csv => vec![together(signed.texts, &people, &drafts, more)],
        Format::Xlsx | Format::Xls | Format::Ods => by_kind(signed.texts, &people, &drafts, more.as_deref()),
    };
    let (name, title) = (if cut { "drafts-part" } else { "drafts" }, signed.texts.text("export-drafts"));
    tables::sheets_file(web, signed, name, format, title, sheets).await
}

fn columns(kind: Kind) -> impl Iterator<Item = &'static Info> {
    FIELDS.iter().filter(move |info| info.written && info.is_of(kind))
}

fn about(texts: Texts) -> impl Iterator<Item = String> {
    ABOUT.into_iter().map(move |id| texts.text(id))
}

/// Drafts with their kinds; one that has none yet has no form that could be filled in.
fn of_kinds(drafts: &[Draft]) -> Vec<(Kind, Vec<&Draft>)> {
    let of = |kind: Kind| (kind, drafts.iter().filter(|draft| kind_in(draft) == Some(kind)).collect::<Vec<_>>());
    Kind::ALL.into_iter().map(of).filter(|(_, drafts)| !drafts.is_empty()).collect()
}

/// What a draft's form holds: what was typed where that gives no value yet, and nothing of who may see it until somebody
/// has said so.
fn cells(kind: Kind, draft: &Draft) -> HashMap<Field, String> {
    let listing = draft.listing.clone().unwrap_or_default();
    let aside = [Field::Id, Field::Rest].map(|field| (field, cell_of(&listing, field)));
    texts_of(kind, draft).into_iter().chain(aside).collect()
}

/// What the list says of a draft.
fn said(texts: Texts, people: &People, draft: &Draft) -> [String; 4] {
    let updated = draft.update_time.map_or(0, |time| time.seconds);
    [
        state(texts, draft.state()),
        if draft.state() == DraftState::Returned { draft.return_reason.clone() } else { String::new() },
        people.name(&draft.author),
        format::in_china(updated).strftime("%Y-%m-%d %H:%M").to_string(),
    ]
}

/// A text as a cell takes it.
fn cell(text: String) -> PlainCell {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let end = text.char_indices().nth(limits::SHEET_CELL_CHARS - 1).map(|(end, _)| end);
    PlainCell::Text(end.map_or_else(|| text.clone(), |end| format!("{}…", &text[..end])))
}

fn by_kind(texts: Texts, people: &People, drafts: &[Draft], more: Option<&str>) -> Vec<PlainSheet> {
    let remark = |more: &str| [REMARK, more].map(|text| PlainCell::Text(text.to_owned())).into();
    let sheet = |(kind, drafts): (Kind, Vec<&Draft>)| {
        let row = |draft: &Draft| {
            let mut held = cells(kind, draft);
            let fields = columns(kind).map(|info| held.remove(&info.field).unwrap_or_default()).collect::<Vec<_>>();
            fields.into_iter().chain(said(texts, people, draft)).map(cell).collect()
        };
        PlainSheet {
            name: kind.zh().to_owned(),
            columns: columns(kind).map(|info| info.zh.to_owned()).chain(about(texts)).collect(),
            rows: drafts.into_iter().map(row).chain(more.map(remark)).collect(),
        }
    };
    let sheets: Vec<PlainSheet> = of_kinds(drafts).into_iter().map(sheet).collect();
    // A workbook has a sheet, if there is nothing to put into it.
    let nothing = || PlainSheet { name: Kind::Project.zh().to_owned(), columns: Vec::new(), rows: Vec::new() };
    if sheets.is_empty() { vec![nothing()] } else { sheets }
}

/// One table with the columns of all kinds that there are.
fn together(texts: Texts, people: &People, drafts: &[Draft], more: Option<String>) -> PlainSheet {
    let kinds = of_kinds(drafts);
    let several = kinds.len() > 1;
    let is_there = |info: &&Info| kinds.iter().any(|(kind, _)| info.is_of(*kind));
    let fields: Vec<&Info> = FIELDS.iter().filter(|info| info.written).filter(is_there).collect();
    let mut rows = Vec::new();
    for (kind, drafts) in &kinds {
        for draft in drafts {
            let mut held = cells(*kind, draft);
            let of_kind = several.then(|| kind.zh().to_owned());
            let fields: Vec<String> = fields.iter().map(|info| held.remove(&info.field).unwrap_or_default()).collect();
            rows.push(of_kind.into_iter().chain(fields).chain(said(texts, people, draft)).map(cell).collect());
        }
    }
    let first = several.then(|| KIND.to_owned());
    let columns: Vec<String> =
        first.into_iter().chain(fields.iter().map(|info| info.zh.to_owned())).chain(about(texts)).collect();
    let remark = more.map(|more| [REMARK.to_owned(), more].into_iter().chain(std::iter::repeat(String::new())));
    rows.extend(remark.map(|texts| texts.take(columns.len()).map(PlainCell::Text).collect()));
    PlainSheet { name: String::new(), columns, rows }
}

#[cfg(test)]
mod tests {
    use duikou_proto::language::Language;
    use duikou_proto::v1::opportunity::Details;
    use duikou_proto::v1::{Listing, Opportunity, Project, Talent};

    use super::*;

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
        let of = |sheet: &PlainSheet, row: usize, header: &str| {
            let at = sheet.columns.iter().position(|name| name == header).unwrap_or_else(|| panic!("{header}"));
            match &sheet.rows[row][at] {
                PlainCell::Text(text) => text.clone(),
                PlainCell::Number(number) => number.to_string(),
            }
        };
        let audience = Field::Audience.info().zh;
        let sheets = by_kind(texts, &people, &drafts, Some("未完"));
        assert_eq!(sheets.iter().map(|sheet| &*sheet.name).collect::<Vec<_>>(), ["项目", "人才"]);
        let said = |row| of(&sheets[0], row, audience);
        assert_eq!([said(0), said(1), of(&sheets[1], 0, audience)], ["", "依申请", "某圈"]);
        assert_eq!(of(&sheets[0], 0, Field::Investment.info().zh), "1.2.3");
        assert_eq!(
            (of(&sheets[0], 0, Field::Id.info().zh), of(&sheets[0], 0, "草稿作者")),
            ("members/a.n/listings/x".into(), "甲".into())
        );
        assert_eq!((of(&sheets[0], 0, "草稿状态"), of(&sheets[0], 0, "退回原因")), ("已退回".into(), "请补充".into()));
        assert_eq!(of(&sheets[0], 2, Field::Id.info().zh), REMARK);
        let all = together(texts, &people, &drafts, None);
        assert_eq!((of(&all, 0, KIND), of(&all, 2, KIND)), ("项目".into(), "人才".into()));
        assert_eq!((of(&all, 0, audience), of(&all, 1, audience)), (String::new(), "依申请".into()));
        for language in [Language::Zh, Language::En] {
            for header in about(Texts::of(language)) {
                let known =
                    FIELDS.iter().find(|info| info.synonyms.contains(&&*header) || Field::parse(&header).is_some());
                assert!(known.is_none(), "an import would read {header}");
            }
        }
    }
}
