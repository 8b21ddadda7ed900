//! The page that says how a table is read: its sheet and headers, what each column holds ([`held`]), and what is the same
//! for all rows.

mod held;

use askama::Template;
use axum::extract::{Path, State};
use duikou_proto::directory::MemberState;
use duikou_proto::language::Language;
use duikou_proto::v1::ListCirclesRequest;
use duikou_proto::v1::directory_service_server::DirectoryService;
use http::StatusCode;

use super::super::Web;
use super::super::catalogue::Texts;
use super::super::format;
use super::super::forms::{Choice, Control, Field};
use super::super::layout::{Crumb, Notice, Page, Section, Tone};
use super::super::respond::{Answer, Failed, see_other};
use super::super::signed::Signed;
use super::super::words;
use super::{own, path, refused};
use crate::accounts::Role;
use crate::imports::{Import, Phase};
use crate::sheets::fields::{FIELDS, Field as Column, Info};
use crate::sheets::grid::column_name;
use crate::sheets::{ColumnOutline, Kind, MONEY, Outline, SheetOutline, may_hold_amounts};
use crate::typed::date::is_span;
use crate::typed::labels::Label;
use crate::typed::{Names, audience};
pub(super) use held::{Shown, audience_is_open, for_all, has_open_columns, kinds_of, kinds_of_sheets, shown};
use held::{by_hand, held, implied, is_open, is_wanted, lacks, tables, which};

/// What amounts can be said to be counted in, as tables say it, and in English, which is what forms send.
const UNITS: [(&str, &str); 12] = [
    ("元", "yuan"),
    ("万元", "10,000 yuan"),
    ("亿元", "100 million yuan"),
    ("元/月", "yuan a month"),
    ("元/天", "yuan a day"),
    ("元/小时", "yuan an hour"),
    ("元/年", "yuan a year"),
    ("万元/年", "10,000 yuan a year"),
    ("美元", "US dollars"),
    ("万美元", "10,000 US dollars"),
    ("港元", "Hong Kong dollars"),
    ("万港元", "10,000 Hong Kong dollars"),
];
/// Audiences that are offered before circles and members.
const AUDIENCES: [&str; 3] = ["public", "registered", "network"];
/// Circles and members that are offered; a network has fewer.
const OFFERED: usize = 200;
/// Names of an office for an audience that can be said at once.
pub(super) const WORDS: usize = 3;
/// A column as the page has it.
pub(super) struct ColumnLine {
    /// `0.3`: the sheet, and the column in it.
    pub(super) place: String,
    /// How people call it: letters and header.
    pub(super) header: String,
    pub(super) samples: Vec<String>,
    pub(super) fields: Vec<(Choice, bool)>,
    /// Why somebody has to say what it holds; empty: that is known.
    pub(super) open: String,
    /// Empty where it holds no amounts.
    pub(super) units: Vec<(Choice, bool)>,
}

impl ColumnLine {
    /// The id of what is said of a column that is asked for.
    fn open_id(&self) -> String {
        format!("open-{}", self.place.replace('.', "-"))
    }
}

/// What a form sends of a column that is asked for and not to be imported.
const NOT: &str = "none";

/// Columns of the tables of one kind.
pub(super) struct ColumnGroup {
    /// What they are called; empty where there is but one kind.
    pub(super) name: String,
    pub(super) columns: Vec<ColumnLine>,
}

/// Fields without which no row is a listing, and which only a column can hold. Posts have their titles put together.
const NEEDED: [(Column, &[Kind]); 4] = [
    (Column::Title, &[Kind::Capital, Kind::Project, Kind::Technology, Kind::Event]),
    (Column::Headcount, &[Kind::Talent]),
    (Column::Start, &[Kind::Event]),
    (Column::End, &[Kind::Event]),
];

/// One of the first rows of a sheet.
pub(super) struct HeadLine {
    pub(super) number: u32,
    pub(super) cells: Vec<String>,
    pub(super) chosen: bool,
}

/// The page.
#[derive(Template)]
#[template(path = "imports/columns.html")]
pub(super) struct ColumnsPage {
    page: Page,
    path: String,
    /// How the table was found, in a line for each.
    found: Vec<String>,
    kind: Field,
    /// None where there is but one.
    sheet: Option<Field>,
    head: Vec<HeadLine>,
    /// Whether one of them was found, or said, to hold the headers.
    header_known: bool,
    groups: Vec<ColumnGroup>,
    values: Vec<Field>,
    /// What may be written for an audience, with what it is where that is not said by it.
    audiences: Vec<(String, String)>,
    /// What an office says, and the audience that it means.
    words: Vec<(String, String)>,
}

pub(super) async fn show(State(web): State<Web>, signed: Signed, Path(id): Path<String>) -> Answer {
    signed.at_least(Role::Editor)?;
    let import = own(&web, &signed, &id).await?;
    if web.imports().progress(&id).is_some() {
        return Ok(see_other(&path(&id)));
    }
    columns(&web, &signed, &import, StatusCode::OK).await
}

/// The page of an import with which nothing is being done.
pub(super) async fn columns(web: &Web, signed: &Signed, import: &Import, status: StatusCode) -> Answer {
    let outline = web.imports().outline(import).await;
    let outline = outline.map_err(|error| refused::not_taken(signed, &import.id, &error))?;
    let names = names(web, signed, import).await?;
    let page = Page::new(web, signed, Section::Import, import.name.clone());
    signed.page_with(status, &ColumnsPage::of(page, import, &outline, &names))
}

/// Whom an audience of the import can name: the circles that the member may name, and the others that take part.
async fn names(web: &Web, signed: &Signed, import: &Import) -> Result<Names, Failed> {
    let circles = web.services().directories.list_circles(signed.ask(ListCirclesRequest {})).await;
    let circles = circles.map_err(|status| signed.failed(&status))?.into_inner().circles;
    let directory = web.engine().directory();
    let others =
        directory.members().filter(|member| member.id.as_str() != import.member && member.state == MemberState::Active);
    let members =
        others.map(|member| (member.id.short().to_owned(), vec![member.name_zh.clone(), member.name_en.clone()]));
    Ok(Names {
        members: members.collect(),
        circles: circles.into_iter().map(|circle| circle.name).collect(),
        words: import.mapping.words.clone(),
    })
}

/// The unit that a form has sent, as tables say it.
pub(super) fn unit_sent(sent: String) -> String {
    let known = UNITS.iter().find(|(_, en)| *en == sent);
    known.map_or(sent, |(zh, _)| (*zh).to_owned())
}

/// A value's name for people.
fn named_label(language: Language, label: &Label) -> String {
    format::capital(match language {
        Language::Zh => label.zh,
        Language::En => label.en,
    })
}

/// A field's name for people.
pub(super) fn named(language: Language, info: &Info) -> String {
    match language {
        Language::Zh => info.zh.to_owned(),
        Language::En => info.en.to_owned(),
    }
}

impl ColumnsPage {
    pub(super) fn of(mut page: Page, import: &Import, outline: &Outline, names: &Names) -> Self {
        page.indexed = false;
        let texts = page.texts();
        let language = texts.language();
        page.trail = vec![Crumb { path: super::START.to_owned(), name: texts.text("import-title") }];
        let found_kinds = kinds_of(outline);
        let values = values(texts, import, outline);
        // What is wrong with a value is said beside it too, which is far below.
        if let Some((_, said)) = &import.fault {
            page.notices.push(Notice { tone: Tone::Danger, text: said.in_language(language).to_owned() });
        }
        // What is filled in before anybody has said anything was said the last time.
        if import.phase == Phase::Sent && import.fault.is_none() {
            page.notices.extend(filled_in(texts, import, outline));
        }
        // Nothing is being done with it: what was begun has broken off.
        if import.phase == Phase::Trying {
            page.notices.push(Notice { tone: Tone::Warning, text: texts.text("import-preview-stopped") });
        }
        let found = outline.sheets.iter().filter_map(|sheet| found(texts, sheet)).collect::<Vec<_>>();
        if found.is_empty() {
            let several = outline.sheets.iter().any(|sheet| sheet.several_kinds);
            let id = if several { "import-which-kind" } else { "import-no-header" };
            page.notices.push(Notice { tone: Tone::Warning, text: texts.text(id) });
        }
        page.notices.extend(lacking(texts, import, outline));
        let head = head(import, outline);
        let all = shown(outline);
        let group = |kind: &Kind| ColumnGroup {
            name: if found_kinds.len() > 1 { words::kind(texts, kind.name()) } else { String::new() },
            columns: all
                .iter()
                .filter(|shown| shown.kind == *kind)
                .map(|shown| line(texts, import, outline, shown))
                .collect(),
        };
        let groups = found_kinds.iter().map(group).collect();
        let has_audience =
            tables(outline).any(|(_, kind, table)| !lacks(import, outline, kind, table, Column::Audience));
        let words = if has_audience || !import.mapping.words.is_empty() {
            let known = import.mapping.words.iter().map(|(word, scope)| (word.clone(), scope.clone()));
            known.chain(std::iter::repeat_with(Default::default)).take(WORDS).collect()
        } else {
            Vec::new()
        };
        Self {
            path: path(&import.id),
            found,
            kind: kinds(texts, chosen_kind(import, &found_kinds)),
            sheet: sheets(texts, import, outline),
            header_known: head.iter().any(|line| line.chosen),
            head,
            groups,
            values,
            audiences: audiences(texts, names),
            words,
            page,
        }
    }
}

/// What keeps every row of a table from becoming a listing, where that shows already: no row at all, or no column for what
/// each needs.
fn lacking(texts: Texts, import: &Import, outline: &Outline) -> Vec<Notice> {
    let warning = |text| Notice { tone: Tone::Warning, text };
    let mut found = outline.sheets.iter().filter(|sheet| sheet.table.is_some()).peekable();
    if found.peek().is_some() && found.all(|sheet| below(sheet) == 0) {
        return vec![warning(texts.text("import-no-rows"))];
    }
    let several = tables(outline).count() > 1;
    let told = tables(outline).filter_map(|(at, kind, table)| {
        let needed = NEEDED.iter().filter(|(_, kinds)| kinds.contains(&kind));
        let absent = needed.filter(|(field, _)| lacks(import, outline, kind, table, *field));
        // One column may say from when to when.
        let spans = |column: &&ColumnOutline| held(import, outline, kind, column) == Some(Column::Start.info().id);
        let spans =
            table.columns.iter().find(spans).is_some_and(|column| column.samples.iter().any(|cell| is_span(cell)));
        let absent = absent.filter(|(field, _)| *field != Column::End || !spans);
        let absent: Vec<String> = absent.map(|(field, _)| named(texts.language(), field.info())).collect();
        let what = absent.join(&texts.text("list-comma"));
        (!absent.is_empty()).then(|| match several {
            true => texts.fill("import-no-column-in", &[("sheet", &outline.sheets[at].name), ("what", &what)]),
            false => texts.about("import-no-column", &what),
        })
    });
    let columns = shown(outline);
    let open = columns.iter().filter(|shown| is_open(import, outline, shown)).map(|shown| {
        let what = which(shown.column, texts.language());
        texts.fill("import-which-field", &[("column", &shown.column.header), ("what", &what)])
    });
    let wanted = for_all(import, outline).into_iter().filter(|info| {
        info.field != Column::Audience
            && is_wanted(import, outline, info)
            && !import.mapping.values.contains_key(info.id)
    });
    let wanted: Vec<String> = wanted.map(|info| named(texts.language(), info)).collect();
    let what = wanted.join(&texts.text("list-comma"));
    let wanted = (!wanted.is_empty()).then(|| texts.about("import-no-value-for", &what));
    open.chain(told).chain(wanted).map(warning).collect()
}

/// What was said for all rows the last time, to be checked.
fn filled_in(texts: Texts, import: &Import, outline: &Outline) -> Option<Notice> {
    let language = texts.language();
    let said = for_all(import, outline).into_iter().filter_map(|info| {
        let value = import.mapping.values.get(info.id)?;
        let label = info.labels.iter().find(|label| [label.name, label.zh, label.en].contains(&&**value));
        let value = label.map_or(&**value, |label| match language {
            Language::Zh => label.zh,
            Language::En => label.en,
        });
        Some(format!("{}{}{value}", named(language, info), texts.text("colon")))
    });
    let said: Vec<String> = said.collect();
    let what = said.join(&texts.text("list-comma"));
    (!said.is_empty()).then(|| Notice { tone: Tone::Warning, text: texts.about("import-filled-in", &what) })
}

/// The kind that is chosen where another may be said: the one that was said, else the only one that was found.
fn chosen_kind(import: &Import, found: &[Kind]) -> Option<Kind> {
    let only = match found {
        [kind] => Some(*kind),
        _ => None,
    };
    import.mapping.kind.as_deref().and_then(Kind::parse).or(only)
}

/// Rows that follow the headers; what is longer than what is shown of it has some.
fn below(sheet: &SheetOutline) -> usize {
    let header = sheet.table.as_ref().map_or(0, |table| table.header_row);
    let before = sheet.head.iter().filter(|row| row.number <= header).count();
    sheet.rows.saturating_sub(before)
}

fn found(texts: Texts, sheet: &SheetOutline) -> Option<String> {
    let table = sheet.table.as_ref()?;
    let rows = format::grouped(below(sheet) as i64);
    let header = table.header_row.to_string();
    let kind = words::kind(texts, &table.kind);
    let id = if sheet.name.is_empty() { "import-found" } else { "import-found-in" };
    Some(texts.fill(id, &[("sheet", &sheet.name), ("kind", &kind), ("header", &header), ("rows", &rows)]))
}

fn kinds(texts: Texts, chosen: Option<Kind>) -> Field {
    let by_headers = Choice { value: String::new(), name: texts.text("import-by-headers") };
    let kinds = Kind::ALL.map(|kind| Choice { value: kind.name().to_owned(), name: words::kind(texts, kind.name()) });
    let choices = std::iter::once(by_headers).chain(kinds).collect();
    Field::new("kind", texts.text("filter-kind"), Control::Choice(choices)).holding(chosen.map_or("", Kind::name))
}

fn sheets(texts: Texts, import: &Import, outline: &Outline) -> Option<Field> {
    let chosen = import.mapping.sheet.as_deref().unwrap_or_default();
    if outline.sheets.len() < 2 && chosen.is_empty() {
        return None;
    }
    let all = Choice { value: String::new(), name: texts.text("import-all-sheets") };
    let names = outline.sheets.iter().filter(|sheet| !sheet.name.is_empty());
    let names = names.map(|sheet| Choice { value: sheet.name.clone(), name: sheet.name.clone() });
    let choices = std::iter::once(all).chain(names).collect();
    Some(Field::new("sheet", texts.text("import-sheet"), Control::Choice(choices)).holding(chosen))
}

/// The first rows of the sheet that is read, or of the first.
fn head(import: &Import, outline: &Outline) -> Vec<HeadLine> {
    let named = |sheet: &&SheetOutline| import.mapping.sheet.as_ref() == Some(&sheet.name);
    let sheet = outline.sheets.iter().find(named);
    let sheet = sheet.or_else(|| outline.sheets.iter().find(|sheet| sheet.table.is_some())).or(outline.sheets.first());
    let Some(sheet) = sheet else { return Vec::new() };
    let chosen = sheet.table.as_ref().map(|table| table.header_row);
    let lines = sheet.head.iter().map(|row| HeadLine {
        number: row.number,
        cells: row.cells.clone(),
        chosen: chosen == Some(row.number),
    });
    lines.collect()
}

/// What may be written for an audience: each as it is read, circles and members by their names.
fn audiences(texts: Texts, names: &Names) -> Vec<(String, String)> {
    let language = texts.language();
    let written = |scope: &str| audience::named(scope, names, language);
    let words = AUDIENCES.iter().map(|scope| (written(scope), String::new()));
    let none = match language {
        Language::Zh => "依申请",
        Language::En => "none",
    };
    let circles = names
        .circles
        .iter()
        .map(|circle| (written(&format!("circle:{circle}")), texts.about("editor-for-circle", circle)));
    let members = names.members.iter().map(|(id, called)| {
        let name = written(&format!("member:{id}"));
        // Where the name is no way to write it, it says whom the id means.
        let called = match language {
            Language::Zh => called.first(),
            Language::En => called.get(1),
        };
        let said = called.filter(|called| **called != name).cloned().unwrap_or_default();
        (name, said)
    });
    let named = circles.chain(members).take(OFFERED);
    words.chain([(none.to_owned(), String::new())]).chain(named).collect()
}

fn is_money(field: &str) -> bool {
    MONEY.iter().any(|column| column.info().id == field)
}

fn line(texts: Texts, import: &Import, outline: &Outline, shown: &Shown<'_>) -> ColumnLine {
    let Shown { ref place, kind, column, .. } = *shown;
    let chosen = held(import, outline, kind, column).unwrap_or_default();
    // Of a column that is asked for, nothing is no answer.
    let of_open = |id: &str| column.open.iter().position(|one| one == id);
    let not = if column.open.is_empty() { "" } else { NOT };
    let open = is_open(import, outline, shown);
    // What is not read is offered only where an export has called the column so.
    let offered = |info: &&Info| info.is_of(kind) && (info.is_read() || info.id == chosen);
    let mut fields: Vec<&Info> = FIELDS.iter().filter(offered).collect();
    fields.sort_by_key(|info| of_open(info.id).unwrap_or(usize::MAX));
    let fields = fields.into_iter().map(|info| {
        let name = named(texts.language(), info);
        (Choice { value: info.id.to_owned(), name }, info.id == chosen)
    });
    let ask = open.then(|| (Choice { value: String::new(), name: texts.text("editor-choose") }, true));
    let none = (Choice { value: not.to_owned(), name: texts.text("import-not") }, chosen.is_empty() && !open);
    let unit = by_hand(import, outline, kind, column).and_then(|known| known.unit.as_deref()).unwrap_or_default();
    let may_be = chosen.is_empty() && (!unit.is_empty() || may_hold_amounts(&column.header, &column.samples));
    let units = if is_money(chosen) || may_be {
        let said = match column.unit.as_deref().filter(|_| unit.is_empty()) {
            Some(said) => texts.about("import-unit-said", said),
            None => texts.text("import-unit-own"),
        };
        let own = (Choice { value: String::new(), name: said }, unit.is_empty());
        let known = UNITS.map(|(known, en)| {
            let name = match texts.language() {
                Language::Zh => known,
                Language::En => en,
            };
            (Choice { value: en.to_owned(), name: name.to_owned() }, known == unit)
        });
        let other = (!unit.is_empty() && !UNITS.iter().any(|(known, _)| *known == unit))
            .then(|| (Choice { value: unit.to_owned(), name: unit.to_owned() }, true));
        std::iter::once(own).chain(known).chain(other).collect()
    } else {
        Vec::new()
    };
    ColumnLine {
        place: place.clone(),
        header: format!("{} {}", column_name(column.index), column.header),
        samples: column.samples.clone(),
        fields: match ask {
            Some(ask) => std::iter::once(ask).chain(fields).chain([none]).collect(),
            None => std::iter::once(none).chain(fields).collect(),
        },
        open: if open { which(column, texts.language()) } else { String::new() },
        units,
    }
}

fn values(texts: Texts, import: &Import, outline: &Outline) -> Vec<Field> {
    let language = texts.language();
    let fault = |info: &Info| {
        let (field, said) = import.fault.as_ref()?;
        (field == info.id).then(|| said.in_language(language).to_owned())
    };
    let field = |info: &'static Info| {
        let control = if info.labels.is_empty() {
            Control::Line("text")
        } else {
            let by_headers = implied(import, outline, info.field);
            let by_headers = info.labels.iter().find(|label| Some(label.name) == by_headers);
            let none = match by_headers {
                Some(label) => texts.about("import-by-header", &named_label(language, label)),
                None if is_wanted(import, outline, info) => texts.text("editor-choose"),
                None => texts.text("import-no-value"),
            };
            let none = Choice { value: String::new(), name: none };
            let labels = info
                .labels
                .iter()
                .map(|label| Choice { value: label.name.to_owned(), name: named_label(language, label) });
            Control::Choice(std::iter::once(none).chain(labels).collect())
        };
        let said = import.mapping.values.get(info.id).map_or("", String::as_str);
        let chosen = info.labels.iter().find(|label| [label.name, label.zh, label.en].contains(&said));
        let value = chosen.map_or(said, |label| label.name);
        let help = match (info.field, language) {
            (Column::Audience, _) => texts.text("import-audience-help"),
            // That its column is to be text is for whoever fills in a template.
            (Column::Phone, _) => String::new(),
            // What can be chosen says it.
            (Column::Direction, _) => String::new(),
            (_, Language::Zh) => info.help.0.to_owned(),
            (_, Language::En) => format::capital(info.help.1),
        };
        let field = Field::new(info.id, named(language, info), control).holding(value).faulted(fault(info));
        // A column may say it instead.
        let list = if info.field == Column::Audience { "audiences" } else { "" };
        Field { list, required: is_wanted(import, outline, info), ..field.helped(help) }
    };
    for_all(import, outline).into_iter().map(field).collect()
}
