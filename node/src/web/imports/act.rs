//! What is done with an import: it is read another way, tried, published, stopped, given up.

use axum::extract::{Path, State};
use duikou_proto::language::Text;
use http::StatusCode;

use super::super::Web;
use super::super::asking::AskingPage;
use super::super::layout::{Crumb, Page, Section};
use super::super::respond::{Answer, see_other, see_other_with};
use super::super::sent::Sent;
use super::super::signed::Signed;
use super::columns::{
    Shown, WORDS, audience_is_open, columns, for_all, has_open_columns, kinds_of, kinds_of_sheets, shown, unit_sent,
};
use super::{START, own, path, refused};
use crate::accounts::Role;
use crate::imports::{Import, Job, NotTaken, Phase, Said};
use crate::sheets::fields::Field;
use crate::sheets::{ColumnMapping, Mapping, Outline, grid};

/// Characters of a value for all rows.
const VALUE_CHARS: usize = 2_000;

/// The sheet, the row of the headers or the kind is another than was found.
pub(super) async fn look_again(State(web): State<Web>, signed: Signed, Path(id): Path<String>, sent: Sent) -> Answer {
    signed.at_least(Role::Editor)?;
    let import = own(&web, &signed, &id).await?;
    let given = |name: &str| Some(sent.line(name).to_owned()).filter(|text| !text.is_empty());
    let header_row = given("header").and_then(|row| row.parse().ok());
    let outline = web.imports().outline(&import).await;
    let outline = outline.map_err(|error| refused::not_taken(&signed, &id, &error))?;
    let sheet = given("sheet").or_else(|| {
        // The rows that were shown are those of one sheet.
        let seen = outline.sheets.iter().find(|sheet| sheet.table.is_some()).or(outline.sheets.first());
        let name = seen.map(|sheet| sheet.name.clone()).filter(|name| !name.is_empty());
        header_row.and(name)
    });
    let said = Mapping { kind: given("kind"), sheet, header_row, ..Mapping::default() };
    let Mapping { values, words, .. } = import.mapping.clone();
    let mapping = Mapping { values, words, ..said };
    match web.imports().look_again(&import, mapping).await {
        Ok(import) => Ok(see_other(&format!("{}/columns", path(&import.id)))),
        Err(error) => Err(refused::not_taken(&signed, &id, &error)),
    }
}

/// Its columns hold these; what the rows would do is found out.
pub(super) async fn read_columns(State(web): State<Web>, signed: Signed, Path(id): Path<String>, sent: Sent) -> Answer {
    signed.at_least(Role::Editor)?;
    let import = own(&web, &signed, &id).await?;
    let outline = web.imports().outline(&import).await;
    let outline = outline.map_err(|error| refused::not_taken(&signed, &id, &error))?;
    if kinds_of(&outline).is_empty() {
        return columns(&web, &signed, &import, StatusCode::BAD_REQUEST).await;
    }
    let mapping = mapping(&import, &outline, &sent);
    let said = Import { mapping: mapping.clone(), ..import.clone() };
    // What nobody would see is published only where that is meant, and then it has a word.
    let fault = audience_is_open(&said, &outline).then(|| {
        let why = Said::from(&Text::new(
            "请填写可见范围：谁能看到这些信息？只留在本单位的，填“依申请”。",
            "Say who may see these listings, under Audience; for what is to stay with your office write “none”.",
        ));
        (Field::Audience.info().id.to_owned(), why)
    });
    // The page says of which columns it has to be told.
    if fault.is_some() || has_open_columns(&said, &outline) {
        return columns(&web, &signed, &Import { fault, ..said }, StatusCode::BAD_REQUEST).await;
    }
    begin(&web, &signed, import, Some(mapping)).await
}

/// How a table is read, as the form of its columns says.
fn mapping(import: &Import, outline: &Outline, sent: &Sent) -> Mapping {
    let given = |name: String| Some(sent.line(&name).to_owned()).filter(|text| !text.is_empty());
    let shown = shown(outline);
    let several = kinds_of(outline).len() > 1;
    let of_column = |(at, Shown { place, kind, column, .. }): (usize, &Shown<'_>)| {
        let sent = given(format!("field-{place}"));
        if !column.open.is_empty() && sent.is_none() {
            // Nobody has said what it holds.
            return None;
        }
        // Of two with one header the second is known by its letters.
        let mut of_kind = shown.iter().take(at).filter(|before| before.kind == *kind);
        let again = of_kind.any(|before| before.column.header == column.header);
        let header = if again { grid::column_name(column.index) } else { column.header.clone() };
        let field = sent.filter(|field| Field::parse(field).is_some());
        let kind = several.then(|| kind.name().to_owned());
        Some(ColumnMapping { kind, header, field, unit: given(format!("unit-{place}")).map(unit_sent) })
    };
    let columns = shown.iter().enumerate().filter_map(of_column).collect();
    let mut values = import.mapping.values.clone();
    // What was said of other kinds is of no use here.
    let kinds = kinds_of(outline);
    let is_here = |field: Field| kinds.iter().any(|kind| field.info().is_of(*kind));
    values.retain(|id, _| Field::parse(id).is_some_and(is_here));
    for info in for_all(import, outline) {
        values.remove(info.id);
        let value = given(info.id.to_owned()).map(|value| value.chars().take(VALUE_CHARS).collect());
        values.extend(value.map(|value| (info.id.to_owned(), value)));
    }
    let pairs = (1..=WORDS).filter_map(|at| Some((given(format!("word-{at}"))?, given(format!("scope-{at}"))?)));
    let asked = (1..=WORDS).any(|at| sent.fields().iter().any(|(name, _)| *name == format!("word-{at}")));
    let words = if asked { pairs.collect() } else { import.mapping.words.clone() };
    // Each sheet is read as the kind that was shown, and none as that of another.
    let kinds = kinds_of_sheets(outline);
    Mapping { kinds, columns, values, words, ..import.mapping.clone() }
}

/// What is good is published, or handed in where it needs an approval.
pub(super) async fn publish(State(web): State<Web>, signed: Signed, Path(id): Path<String>) -> Answer {
    signed.at_least(Role::Editor)?;
    let import = own(&web, &signed, &id).await?;
    if !import.is_known() {
        return columns(&web, &signed, &import, StatusCode::BAD_REQUEST).await;
    }
    begin(&web, &signed, import, None).await
}

/// With a mapping it is tried, without one published.
async fn begin(web: &Web, signed: &Signed, import: Import, mapping: Option<Mapping>) -> Answer {
    let id = import.id.clone();
    let person = signed.account().ok_or_else(|| refused::absent(signed, &id))?;
    let job = Job {
        import,
        publishes: mapping.is_none(),
        person,
        accounts: web.accounts().clone(),
        services: web.services().clone(),
        language: signed.language(),
    };
    match web.imports().start(job, mapping).await {
        // Whoever presses twice sees how far it has come.
        Ok(()) | Err(NotTaken::UnderWay) => Ok(see_other(&path(&id))),
        Err(error) => Err(refused::not_taken(signed, &id, &error)),
    }
}

/// It stops after the rows that are on their way.
pub(super) async fn stop(State(web): State<Web>, signed: Signed, Path(id): Path<String>) -> Answer {
    let import = own(&web, &signed, &id).await?;
    web.imports().interrupt(&import.id);
    Ok(see_other(&path(&id)))
}

/// Asks before one goes.
pub(super) async fn ask_delete(State(web): State<Web>, signed: Signed, Path(id): Path<String>) -> Answer {
    let import = own(&web, &signed, &id).await?;
    let page = Page::new(&web, &signed, Section::Import, signed.texts.text("import-forget-title"));
    signed.page(&forgetting(page, &import))
}

/// The page that asks.
pub(super) fn forgetting(mut page: Page, import: &Import) -> AskingPage {
    let texts = page.texts();
    page.indexed = false;
    page.trail = vec![Crumb { path: START.to_owned(), name: texts.text("import-title") }];
    let begun = matches!(import.phase, Phase::Publishing | Phase::Done);
    AskingPage {
        action: format!("{}/delete", path(&import.id)),
        lead: texts.about("import-forget-lead", &import.name),
        help: texts.text(if begun { "import-forget-help" } else { "import-give-up-help" }),
        etag: String::new(),
        yes: texts.text(if begun { "import-forget" } else { "import-give-up" }),
        no: (texts.text("forget-back"), path(&import.id)),
        page,
    }
}

/// It goes, with its file. What it has published stays.
pub(super) async fn delete(State(web): State<Web>, signed: Signed, Path(id): Path<String>) -> Answer {
    let import = own(&web, &signed, &id).await?;
    match web.imports().remove(&import).await {
        Ok(()) => Ok(see_other_with(START, "done-import-gone")),
        Err(error) => Err(refused::not_taken(&signed, &id, &error)),
    }
}
