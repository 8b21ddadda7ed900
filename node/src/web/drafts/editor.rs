//! `/drafts/{member}/{draft}`: where a listing is written, for every kind by one table of fields.

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use duikou_proto::v1::draft::State as DraftState;
use duikou_proto::v1::{Draft, Listing};
use prost_types::Timestamp;

use super::super::Web;
use super::super::catalogue::Texts;
use super::super::forms::Field as Shown;
use super::super::layout::{Crumb, Page, Section};
use super::super::respond::{Answer, see_other};
use super::super::signed::Signed;
use super::super::{format, words};
use super::desk::{Desk, DraftPath};
use super::difference::Row;
use super::fields::{Audiences, Group, Maker};
use super::filled::{Filling, kind_in, texts_of};
use super::merge::began;
use super::people::People;
use crate::markdown;
use crate::sheets::Kind;
use crate::sheets::fields::Field;

/// Where drafts are made.
const NEW: &str = "/drafts/new";

/// Somebody else was quicker: what they have written, and what was typed here.
pub(super) struct Conflict {
    pub(super) text: String,
    /// Theirs before, what was typed here after.
    pub(super) rows: Vec<Row>,
    /// Where what they have written is shown.
    pub(super) theirs: String,
}

/// What is around the fields.
#[derive(Default)]
pub(super) struct Around {
    /// Where the form is sent.
    pub(super) action: String,
    /// The draft's version that is shown; empty: there is no draft yet.
    pub(super) etag: String,
    /// What each field said then (`merge`); empty: there is no draft yet.
    pub(super) began: String,
    /// The id of the listing of a draft that is still to be made.
    pub(super) listing: String,
    /// When it was saved; empty: it never was.
    pub(super) saved: String,
    /// Whether what is shown is not saved.
    pub(super) unsaved: bool,
    /// Where it stands; empty: there is no draft yet.
    pub(super) state: String,
    /// Why it was given back.
    pub(super) reason: String,
    /// That it waits for a yes, and no longer does once something is changed; empty: it does not.
    pub(super) waits: String,
    pub(super) conflict: Option<Conflict>,
    /// Why it could not be saved.
    pub(super) problem: String,
    /// Where it is thrown away; empty: there is nothing to throw away.
    pub(super) forget: String,
    /// The text as readers will see it, HTML, cleaned; empty: nobody asked.
    pub(super) preview: String,
}

impl Around {
    /// Of what was typed and could not be saved.
    pub(super) fn unsaved(&mut self) {
        self.saved.clear();
        self.unsaved = true;
    }
}

/// The page of the editor.
#[derive(Template)]
#[template(path = "drafts/editor.html")]
pub(super) struct EditorPage {
    page: Page,
    around: Around,
    kind: &'static str,
    kind_name: String,
    direction: String,
    direction_word: &'static str,
    fields: Vec<Shown>,
    groups: Vec<Group>,
    /// How much of it is wrong; empty: nothing that it would help to say.
    wrong: String,
    /// Where each of these is, and what it is called.
    wrong_fields: Vec<(String, String)>,
}

pub(super) async fn editor(
    State(web): State<Web>,
    signed: Signed,
    Path(path): Path<DraftPath>,
    RawQuery(query): RawQuery,
) -> Answer {
    let desk = Desk::of(&web, &signed).await?;
    let draft = desk.draft(&path).await?;
    if draft.state() == DraftState::Approved {
        return Ok(see_other(&path.page("/review")));
    }
    // Where a program has made a draft without saying its kind, its writer does.
    let asked = || form_urlencoded::parse(query.as_deref()?.as_bytes()).find_map(|(_, value)| Kind::parse(&value));
    let Some(kind) = kind_in(&draft).or_else(asked) else {
        return super::start::choose(&web, &signed, &path);
    };
    let before = draft.listing.clone().unwrap_or_default();
    let mut filling = Filling::read(&desk, kind, texts_of(kind, &draft), &before)?;
    let mut around = around(&desk, &draft, &path).await?;
    let strict = query.as_deref() == Some("check");
    if strict {
        // What keeps it from being handed in is said, whether a form knows it or only the service.
        around.problem = filling.object(&draft.warnings);
    }
    show(&desk, &filling, around, strict)
}

/// The page with a filled-in form.
pub(super) fn show(desk: &Desk<'_>, filling: &Filling, around: Around, strict: bool) -> Answer {
    let page = page(desk, filling);
    let audiences = audiences(desk, filling.kind);
    desk.signed.page(&EditorPage::of(page, filling, &audiences, around, strict))
}

/// The surroundings of the page.
pub(super) fn page(desk: &Desk<'_>, filling: &Filling) -> Page {
    let texts = desk.signed.texts;
    let title = match filling.text(Field::Title).trim() {
        "" => texts.about("editor-new", &words::kind(texts, filling.kind.name())),
        title => title.to_owned(),
    };
    Page::new(desk.web, desk.signed, Section::Drafts, title)
}

/// Whom an audience can name.
pub(super) fn audiences(desk: &Desk<'_>, kind: Kind) -> Audiences {
    let network = desk.web.engine().identity().network.clone();
    Audiences { network, names: desk.form(kind).names, members: desk.others() }
}

/// What is around the fields of a draft.
pub(super) async fn around(
    desk: &Desk<'_>,
    draft: &Draft,
    path: &DraftPath,
) -> Result<Around, super::super::respond::Failed> {
    let people = desk.people(vec![draft.updater.clone()]).await?;
    let began = kind_in(draft).map_or_else(String::new, |kind| began(kind, &texts_of(kind, draft)));
    Ok(Around { began, ..around_of(desk.signed.texts, draft, path, &people) })
}

/// The same, by who is called how.
pub(super) fn around_of(texts: Texts, draft: &Draft, path: &DraftPath, people: &People) -> Around {
    Around {
        action: path.page(""),
        etag: draft.etag.clone(),
        saved: saved(texts, draft.update_time.as_ref()),
        state: super::list::state(texts, draft.state()),
        reason: match draft.state() {
            DraftState::Returned => {
                texts.fill("editor-returned", &[("who", &people.name(&draft.updater)), ("what", &draft.return_reason)])
            }
            _ => String::new(),
        },
        waits: match draft.state() {
            DraftState::Submitted => texts.text("editor-waits"),
            _ => String::new(),
        },
        forget: path.page("/delete"),
        ..Around::default()
    }
}

/// That it was saved, and when, to the second.
pub(super) fn saved(texts: Texts, time: Option<&Timestamp>) -> String {
    time.map_or_else(String::new, |time| {
        let time = format::in_china(time.seconds);
        let clock = time.strftime("%H:%M:%S").to_string();
        texts.fill("editor-saved", &[("date", &format::date(texts.language(), &time)), ("time", &clock)])
    })
}

impl EditorPage {
    pub(super) fn of(mut page: Page, filling: &Filling, audiences: &Audiences, around: Around, strict: bool) -> Self {
        let texts = page.texts();
        let nothing = duikou_proto::v1::Opportunity::default();
        let body = filling.filled.listing.listing.as_ref().unwrap_or(&nothing);
        let maker = Maker { texts, filling, audiences, strict };
        // The answer to a form has no address of its own.
        page.here = match &*around.action {
            NEW if page.here.starts_with("/drafts/new?") => page.here.clone(),
            NEW => {
                let direction = filling.text(Field::Direction).to_lowercase();
                let direction: String = form_urlencoded::byte_serialize(direction.as_bytes()).collect();
                format!("{NEW}?kind={}&direction={direction}", filling.kind.name())
            }
            draft if strict => format!("{draft}?check"),
            draft => draft.to_owned(),
        };
        let wrong = filling.filled.faults.len() + usize::from(filling.text(Field::Audience).is_empty());
        page.indexed = false;
        page.trail = vec![Crumb { path: "/drafts".to_owned(), name: texts.text("nav-drafts") }];
        Self {
            kind: filling.kind.name(),
            kind_name: words::kind(texts, filling.kind.name()),
            direction: words::direction(texts, body.direction()),
            direction_word: words::direction_word(body.direction()),
            fields: maker.in_view(),
            groups: maker.folded(),
            wrong_fields: maker.wrong(),
            wrong: if strict && wrong > 0 { texts.count("editor-wrong", wrong) } else { String::new() },
            around,
            page,
        }
    }
}

/// The text of a listing as readers see it.
pub(super) fn preview(listing: &Listing) -> String {
    listing.listing.as_ref().map(|body| markdown::html(&body.body)).unwrap_or_default()
}
