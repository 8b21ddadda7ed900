//! What becomes of each row: how far it has come while something is being done, the preview, and the result.

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use duikou_proto::v1::Listing;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, REFRESH};
use http::{HeaderValue, StatusCode};
use serde_json::json;

use super::super::Web;
use super::super::catalogue::Texts;
use super::super::layout::{Crumb, Notice, Page, Section, Tone};
use super::super::pager::Pager;
use super::super::reading::{Fact, Names, audience_of, of_all, of_kind};
use super::super::respond::Answer;
use super::super::signed::Signed;
use super::super::{format, tables, words};
use super::columns::columns;
use super::fates::{Batch, Fate, Fates};
use super::{own, path, refused, start};
use crate::accounts::Role;
use crate::imports::{Import, KeptRow, Phase, Progress, RowsPage, Said, Step, state_of};
use crate::sheets::fields::Field;
use crate::sheets::{State as RowState, place};

/// Rows of a page.
const ROWS: usize = 50;
/// After how long a browser without scripts looks again: seconds.
const LOOK_AGAIN: HeaderValue = HeaderValue::from_static("3");
/// Remarks of one row that are shown, of either sort.
const REMARKS: usize = 8;
/// Characters of one value that are shown of what was read.
const VALUE: usize = 60;
/// States in the order in which they are counted.
const COUNTED: [RowState; 7] = [
    RowState::Wrong,
    RowState::New,
    RowState::Changed,
    RowState::Submitted,
    RowState::Unchanged,
    RowState::Repeated,
    RowState::Passed,
];

/// Rows in one state.
pub(super) struct Count {
    name: String,
    path: String,
    current: bool,
}

/// A row as the page has it.
pub(super) struct RowLine {
    /// Its number, with its sheet where there are several.
    place: String,
    /// Where it can be looked at: its draft or its listing; empty: nowhere.
    link: String,
    state: String,
    /// `wrong`, `new` …, for the style.
    word: String,
    title: String,
    /// As what its cells were read: labels with values.
    read: Vec<(String, String)>,
    /// What is wrong.
    faults: Vec<String>,
    /// What should be known.
    notes: Vec<String>,
}

/// What is being done.
pub(super) struct Doing {
    text: String,
    done: usize,
    /// 0: nobody knows yet.
    total: usize,
}

/// The page.
#[derive(Template)]
#[template(path = "imports/rows.html")]
pub(super) struct RowsPageView {
    page: Page,
    path: String,
    doing: Option<Doing>,
    /// Whether it has been published.
    done: bool,
    /// What has been done, where it has, and what may be done about the rest.
    outcome: Vec<String>,
    /// Why there is nothing to publish.
    nothing: String,
    counts: Vec<Count>,
    notes: Vec<String>,
    rows: Vec<RowLine>,
    pager: Pager,
    wrong: usize,
    /// How many of them have to be approved first; empty: none.
    waiting: String,
    /// What the button says that publishes; empty: there is nothing to publish.
    publish: String,
    /// Where what waits for approval is approved; empty: nothing waits.
    review: String,
    member_path: String,
}

/// Which rows are looked at.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) state: Option<RowState>,
    /// Counted from 0.
    pub(super) number: usize,
}

impl Look {
    fn read(query: &str) -> Self {
        let mut look = Self::default();
        for (key, value) in form_urlencoded::parse(query.as_bytes()).take(8) {
            match &*key {
                "state" => look.state = state_of(&value),
                "page" => look.number = value.parse::<usize>().unwrap_or(1).saturating_sub(1),
                _ => {}
            }
        }
        look
    }

    fn at(self, path: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if let Some(state) = self.state {
            query.append_pair("state", state.name());
        }
        if self.number > 0 {
            query.append_pair("page", &(self.number + 1).to_string());
        }
        let query = query.finish();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }
}

pub(super) async fn show(
    State(web): State<Web>,
    signed: Signed,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer {
    signed.at_least(Role::Editor)?;
    // What is under way first: it may end between the two looks, and the import says then what came of it.
    let progress = web.imports().progress(&id);
    let import = own(&web, &signed, &id).await?;
    if progress.is_none() && matches!(import.phase, Phase::Sent | Phase::Trying) {
        return columns(&web, &signed, &import, StatusCode::OK).await;
    }
    let look = Look::read(query.as_deref().unwrap_or_default());
    let known = import.is_known() && progress.is_none();
    let rows = match known {
        true => web.imports().rows(&import, look.state, look.number, ROWS).await,
        false => Ok(RowsPage::default()),
    };
    let rows = rows.map_err(|error| refused::not_taken(&signed, &id, &error))?;
    let fates = Fates::of(&web, &signed, &import, &rows.rows).await;
    let page = Page::new(&web, &signed, Section::Import, import.name.clone());
    let names = Names::new(&web, &signed);
    let mut answer = signed.page(&RowsPageView::of(page, &names, &import, progress, look, &fates, rows))?;
    if progress.is_some() {
        answer.headers_mut().insert(REFRESH, LOOK_AGAIN);
    }
    Ok(answer)
}

/// How far it has come, for the script of the page.
pub(super) async fn progress(State(web): State<Web>, signed: Signed, Path(id): Path<String>) -> Answer {
    own(&web, &signed, &id).await?;
    let told = match web.imports().progress(&id) {
        Some(progress) => {
            let text = doing(signed.texts, progress).text;
            json!({"text": text, "done": progress.done, "total": progress.total})
        }
        None => json!({}),
    };
    let kind = HeaderValue::from_static("application/json");
    let headers = [(CONTENT_TYPE, kind), (CACHE_CONTROL, HeaderValue::from_static("private, no-store"))];
    Ok((headers, told.to_string()).into_response())
}

/// The rows that are wrong, to be corrected.
pub(super) async fn wrong(State(web): State<Web>, signed: Signed, Path(id): Path<String>) -> Answer {
    let import = own(&web, &signed, &id).await?;
    let bytes = web.imports().wrong(&import).await;
    let bytes = bytes.map_err(|error| refused::not_taken(&signed, &id, &error))?;
    let bytes = bytes.ok_or_else(|| refused::absent(&signed, &id))?;
    let response: Response = start::workbook("wrong.xlsx", bytes);
    Ok(tables::called(response, &signed.texts.about("import-wrong-name", stem(&import.name))))
}

/// The name of a file without its extension.
fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

fn doing(texts: Texts, progress: Progress) -> Doing {
    let Progress { step, done, total } = progress;
    let text = match step {
        Step::Waiting => texts.text("import-waiting"),
        Step::Reading => texts.text("import-reading"),
        Step::Sending => {
            let [done, total] = [done, total].map(|rows| format::grouped(rows as i64));
            texts.fill("import-sending", &[("done", &done), ("total", &total)])
        }
        Step::Keeping => texts.text("import-keeping"),
    };
    Doing { text, done, total }
}

impl RowsPageView {
    pub(super) fn of(
        mut page: Page,
        names: &Names,
        import: &Import,
        progress: Option<Progress>,
        look: Look,
        fates: &Fates,
        found: RowsPage,
    ) -> Self {
        page.indexed = false;
        let texts = page.texts();
        let language = texts.language();
        page.trail = vec![Crumb { path: super::START.to_owned(), name: texts.text("import-title") }];
        let path = path(&import.id);
        let stopped = import.phase == Phase::Publishing && progress.is_none();
        if stopped {
            let [done, total] = [import.done, import.total].map(|rows| format::grouped(rows as i64));
            let text = texts.fill("import-stopped-at", &[("done", &done), ("total", &total)]);
            page.notices.push(Notice { tone: Tone::Warning, text });
        }
        if let Some((_, said)) = import.fault.as_ref().filter(|_| progress.is_none()) {
            page.notices.push(Notice { tone: Tone::Danger, text: said.in_language(language).to_owned() });
        }
        let done = import.phase == Phase::Done && progress.is_none();
        let rows = import.count(RowState::New) + import.count(RowState::Changed);
        let submitted = import.count(RowState::Submitted);
        let publish = match (done, rows, import.waiting) {
            _ if stopped => texts.text("import-go-on"),
            (true, ..) | (_, 0, _) => String::new(),
            (false, rows, 0) => texts.count("import-publish", rows),
            (false, rows, _) => texts.count("import-hand-in", rows),
        };
        // Where all wait, the button says so.
        let some = !publish.is_empty() && !stopped && (1..rows).contains(&import.waiting);
        let last = found.count.div_ceil(ROWS).saturating_sub(1);
        let to = |number: usize| Look { number, ..look }.at(&path);
        let pager = Pager::new(
            texts,
            if look.number > 0 { to(0) } else { String::new() },
            if look.number > 0 { to(look.number.min(last + 1) - 1) } else { String::new() },
            if look.number < last { to(look.number + 1) } else { String::new() },
        );
        let notes = if progress.is_none() { &*import.notes } else { &[] };
        Self {
            doing: progress.map(|progress| doing(texts, progress)),
            outcome: if done { outcome(texts, import, fates.batch) } else { Vec::new() },
            nothing: nothing(texts, import),
            done,
            counts: if progress.is_none() { counts(texts, import, look, &path) } else { Vec::new() },
            notes: notes.iter().map(|note| note.in_language(language).to_owned()).collect(),
            rows: found.rows.iter().map(|row| line(texts, names, import, row, fates, some)).collect(),
            waiting: if some && progress.is_none() {
                texts.count("import-waiting-rows", import.waiting)
            } else {
                String::new()
            },
            pager,
            wrong: import.count(RowState::Wrong),
            publish: if progress.is_none() { publish } else { String::new() },
            review: if done && submitted > 0 && fates.batch.is_none_or(|batch| batch.waiting + batch.returned > 0) {
                format!("/drafts?batch={}", import.id)
            } else {
                String::new()
            },
            member_path: format!("/listings?member={}", import.member.split('.').next().unwrap_or_default()),
            path,
            page,
        }
    }
}

/// What came of an import that is done, and of what was handed in since.
fn outcome(texts: Texts, import: &Import, batch: Option<Batch>) -> Vec<String> {
    let published = import.count(RowState::New) + import.count(RowState::Changed);
    let Batch { waiting, returned, approved } =
        batch.unwrap_or(Batch { waiting: import.count(RowState::Submitted), ..Batch::default() });
    let parts = [
        ("import-done-published", published),
        ("import-done-approved", approved),
        ("import-done-submitted", waiting),
        ("import-done-returned", returned),
        ("import-done-wrong", import.count(RowState::Wrong)),
    ];
    let counted = parts.into_iter().filter(|(_, rows)| *rows > 0).map(|(id, rows)| texts.count(id, rows));
    std::iter::once(texts.text("import-done-lead")).chain(counted).collect()
}

/// Why an import that was tried has nothing to publish.
fn nothing(texts: Texts, import: &Import) -> String {
    let known = import.count(RowState::Unchanged);
    texts.text(match import.count(RowState::Wrong) {
        0 if known == 0 => "import-no-rows",
        wrong if wrong > 0 && known == 0 => "import-nothing-good",
        _ => "import-nothing",
    })
}

fn counts(texts: Texts, import: &Import, look: Look, path: &str) -> Vec<Count> {
    let count = |state: Option<RowState>, name: String, rows: usize| Count {
        name: format!("{name} {}", format::grouped(rows as i64)),
        path: Look { state, number: 0 }.at(path),
        current: look.state == state,
    };
    let all = import.counts.values().sum();
    let counted = COUNTED.into_iter().filter(|state| import.count(*state) > 0).map(|state| {
        // What has become of them since is said of each.
        let name = match state {
            RowState::Submitted => texts.text("import-handed-in"),
            state => state.text().in_language(texts.language()).to_owned(),
        };
        count(Some(state), name, import.count(state))
    });
    std::iter::once(count(None, texts.text("import-all"), all)).chain(counted).collect()
}

/// As what the cells of a row were read, so that whoever sent it sees whether that is what was meant.
fn read(texts: Texts, names: &Names, listing: &Listing) -> Vec<(String, String)> {
    let Some(body) = &listing.listing else { return Vec::new() };
    let fact = |field: Field, line: String| Fact {
        label: field.info().name().in_language(texts.language()).to_owned(),
        lines: vec![line],
    };
    let closes = listing.expire_time.as_ref();
    let closes = closes.map(|time| format::until_moment(texts.language(), &format::in_china(time.seconds)));
    std::iter::once(fact(Field::Direction, words::direction(texts, body.direction())))
        .chain(of_kind(texts, body))
        .chain(of_all(texts, body))
        .chain(closes.map(|closes| fact(Field::Expire, closes)))
        .chain(std::iter::once(fact(Field::Audience, audience_of(texts, names, &listing.scopes))))
        .map(|fact| (fact.label, fact.lines.join(&texts.text("list-comma"))))
        .filter(|(_, value)| !value.is_empty())
        .map(|(label, value)| (label, shortened(&value)))
        .collect()
}

/// Where a row can be looked at, as it is now.
fn link(names: &Names, import: &Import, row: &KeptRow, fate: Option<Fate>) -> String {
    let draft = |part: &str| {
        let id = row.draft.rsplit('/').next().unwrap_or_default();
        format!("/drafts/{}/{id}{part}", names.short(&row.draft))
    };
    match (fate, row.state()) {
        (Some(Fate::Waits), _) => draft("/review"),
        (Some(Fate::Returned), _) => draft(""),
        (Some(Fate::Gone), _) => String::new(),
        (Some(Fate::Published), _) | (None, RowState::Unchanged) => names.listing_path(&row.name),
        (None, RowState::New | RowState::Changed) if import.phase == Phase::Done => names.listing_path(&row.name),
        (None, _) => String::new(),
    }
}

fn shortened(value: &str) -> String {
    match value.char_indices().nth(VALUE) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_owned(),
    }
}

/// `tell`: whether it waits for an approval is said of each row.
fn line(texts: Texts, names: &Names, import: &Import, row: &KeptRow, fates: &Fates, tell: bool) -> RowLine {
    let language = texts.language();
    let remark = |(cell, said): &(String, Said)| match &**cell {
        "" => said.in_language(language).to_owned(),
        cell => texts.fill("import-remark", &[("cell", cell), ("what", said.in_language(language))]),
    };
    let fate = fates.drafts.get(&row.draft).copied();
    let sheet = if import.tables > 1 { &*row.sheet } else { "" };
    RowLine {
        place: match sheet {
            "" => row.number.to_string(),
            sheet => place(sheet, row.number).in_language(language).to_owned(),
        },
        link: link(names, import, row, fate),
        state: match fate.filter(|_| row.state() == RowState::Submitted) {
            Some(Fate::Published) => texts.text("import-row-published"),
            Some(Fate::Returned) => texts.text("draft-state-returned"),
            Some(Fate::Gone) => texts.text("import-row-gone"),
            Some(Fate::Waits) | None => row.state().text().in_language(language).to_owned(),
        },
        word: row.state().name().to_lowercase(),
        title: row.title.clone(),
        read: row.listing().map(|listing| read(texts, names, &listing)).unwrap_or_default(),
        faults: row.faults.iter().take(REMARKS).map(remark).collect(),
        notes: (tell && row.waits)
            .then(|| texts.text("import-row-waits"))
            .into_iter()
            .chain(row.notes.iter().take(REMARKS).map(remark))
            .collect(),
    }
}
