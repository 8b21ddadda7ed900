//! `/drafts`: the drafts of the member, by where they stand.

use askama::Template;
use axum::extract::{RawQuery, State};
use duikou_proto::v1::draft::State as DraftState;
use duikou_proto::v1::draft_service_server::DraftService;
use duikou_proto::v1::listing_service_server::ListingService;
use duikou_proto::v1::{Draft, GetListingRequest, ListDraftsRequest};
use duikou_proto::validate::kind_of;
use futures_util::future::join_all;

use super::super::Web;
use super::super::catalogue::Texts;
use super::super::layout::{Page, Section};
use super::super::pager::{Empty, Pager};
use super::super::reading::Names;
use super::super::respond::Answer;
use super::super::signed::Signed;
use super::super::tables::Exports;
use super::super::{format, words};
use super::desk::{Desk, DraftPath};
use super::people::People;
use crate::services::DraftCounts;

/// Drafts of one page.
const DRAFTS: i32 = 50;
/// States by which the list is narrowed, as addresses have them.
const STATES: [(&str, DraftState); 4] = [
    ("draft", DraftState::Draft),
    ("submitted", DraftState::Submitted),
    ("returned", DraftState::Returned),
    ("approved", DraftState::Approved),
];

/// One draft.
pub(super) struct Line {
    pub(super) path: String,
    pub(super) title: String,
    pub(super) kind: String,
    pub(super) direction: String,
    pub(super) direction_word: &'static str,
    pub(super) state: String,
    pub(super) state_word: &'static str,
    pub(super) author: String,
    /// When what was done to it last, in words.
    pub(super) done: String,
    /// Why it was given back; empty: it was not.
    pub(super) reason: String,
}

/// A way to narrow the list.
pub(super) struct Tab {
    path: String,
    name: String,
    /// How many there are; empty: nobody has counted.
    count: String,
    current: bool,
}

/// The list.
#[derive(Template)]
#[template(path = "drafts/list.html")]
pub(super) struct ListPage {
    page: Page,
    tabs: Vec<Tab>,
    /// Those of everybody, or one's own only.
    whose: Vec<Tab>,
    lines: Vec<Line>,
    /// Where an import is approved together; empty: this is no import, or nothing waits.
    together: String,
    /// What import these are of; empty: of any.
    of_batch: String,
    /// Imports of which something here waits: where each is, and what is said of it.
    imports: Vec<(String, String)>,
    pager: Pager,
    empty: Empty,
    /// Of what is not published yet; None: of what is approved only its title is kept.
    exports: Option<Exports>,
}

/// What the address asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Asked {
    state: String,
    mine: bool,
    pub(super) batch: String,
    after: String,
}

impl Asked {
    pub(super) fn read(query: &str) -> Self {
        let mut asked = Self::default();
        for (key, value) in form_urlencoded::parse(query.as_bytes()).take(16) {
            match &*key {
                "state" => asked.state = value.into_owned(),
                "mine" => asked.mine = value == "1",
                "batch" => asked.batch = value.into_owned(),
                "after" => asked.after = value.into_owned(),
                _ => {}
            }
        }
        asked
    }

    /// What waits of an import.
    pub(super) fn waiting(batch: &str) -> Self {
        Self { state: "submitted".to_owned(), batch: batch.to_owned(), ..Self::default() }
    }

    /// Where an import is listed.
    pub(super) fn path_of(batch: &str) -> String {
        Self { batch: batch.to_owned(), ..Self::default() }.path()
    }

    fn path(&self) -> String {
        let query = self.query();
        if query.is_empty() { "/drafts".to_owned() } else { format!("/drafts?{query}") }
    }

    fn query(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (key, value) in [("state", &*self.state), ("batch", &*self.batch), ("after", &*self.after)] {
            if !value.is_empty() {
                query.append_pair(key, value);
            }
        }
        if self.mine {
            query.append_pair("mine", "1");
        }
        query.finish()
    }

    /// The drafts of one page of it.
    pub(super) fn request(&self, desk: &Desk<'_>) -> ListDraftsRequest {
        ListDraftsRequest {
            parent: format!("members/{}", desk.member),
            page_size: DRAFTS,
            page_token: self.after.clone(),
            states: self.states(),
            author: if self.mine { desk.account().to_owned() } else { String::new() },
            batch: self.batch.clone(),
            newest_first: true,
        }
    }

    fn states(&self) -> Vec<i32> {
        let wanted = STATES.iter().find(|(word, _)| *word == self.state);
        wanted.map(|(_, state)| i32::from(*state)).into_iter().collect()
    }
}

/// Where a draft stands, in a word.
pub(super) fn state(texts: Texts, state: DraftState) -> String {
    match state {
        DraftState::Draft => texts.text("draft-state-draft"),
        DraftState::Submitted => texts.text("draft-state-submitted"),
        DraftState::Returned => texts.text("draft-state-returned"),
        DraftState::Approved => texts.text("draft-state-approved"),
        DraftState::Unspecified => String::new(),
    }
}

pub(super) async fn list(State(web): State<Web>, signed: Signed, RawQuery(query): RawQuery) -> Answer {
    let desk = Desk::of(&web, &signed).await?;
    let asked = Asked::read(query.as_deref().unwrap_or_default());
    let request = asked.request(&desk);
    let found = web.services().drafts.list_drafts(signed.ask(request)).await;
    let mut found = found.map_err(|status| signed.failed(&status))?.into_inner();
    name_approved(&desk, &mut found.drafts).await;
    let people = desk.people(found.drafts.iter().map(|draft| draft.author.clone()).collect()).await?;
    // Those of one import, or of one author, are not counted apart.
    let counts = match asked.mine || !asked.batch.is_empty() {
        true => None,
        false => {
            let counts = web.services().office.draft_counts(signed.ask(desk.member.clone())).await;
            Some(counts.map_err(|status| signed.failed(&status))?)
        }
    };
    let page = Page::new(&web, &signed, Section::Drafts, signed.texts.text("drafts-title"));
    signed.page(&ListPage::of(page, &desk.names, &people, &asked, counts, &found.drafts, found.next_page_token))
}

/// Of what an earlier version approved no title is left: it is shown by what its listing says, or said at last.
async fn name_approved(desk: &Desk<'_>, drafts: &mut [Draft]) {
    let listings = &desk.web.services().listings;
    let untitled = |draft: &&mut Draft| draft.listing.as_ref().is_none_or(|held| held.listing.is_none());
    let approved = drafts.iter_mut().filter(|draft| draft.state() == DraftState::Approved).filter(untitled);
    let named = approved.map(async |draft| {
        let name = draft.listing.as_ref().map(|listing| listing.name.clone()).unwrap_or_default();
        let held = listings.get_listing(desk.signed.ask(GetListingRequest { name: name.clone() })).await;
        draft.listing = match held {
            Ok(held) => Some(held.into_inner()),
            Err(_) => match listings.ended(desk.signed.ask(name)).await {
                Ok(ended) => Some(ended.listing),
                Err(_) => draft.listing.take(),
            },
        };
    });
    join_all(named).await;
}

impl ListPage {
    pub(super) fn of(
        mut page: Page,
        names: &Names,
        people: &People,
        asked: &Asked,
        counts: Option<DraftCounts>,
        drafts: &[Draft],
        next: String,
    ) -> Self {
        let texts = page.texts();
        page.indexed = false;
        let first = Asked { after: String::new(), ..asked.clone() };
        let tab = |name: String, count: Option<usize>, wanted: Asked| Tab {
            path: wanted.path(),
            name,
            count: count.map_or_else(String::new, |count| texts.count("tab-count", count)),
            current: wanted == first,
        };
        let open = counts.map(|counts| counts.open);
        let all = tab(texts.text("drafts-open"), open, Asked { state: String::new(), ..first.clone() });
        let states = STATES.iter().map(|(word, known)| {
            let count = counts.and_then(|counts| counted(counts, *known));
            tab(state(texts, *known), count, Asked { state: (*word).to_owned(), ..first.clone() })
        });
        let whose = [(false, "drafts-all"), (true, "drafts-mine")];
        let whose = whose.map(|(mine, id)| tab(texts.text(id), None, Asked { mine, ..first.clone() }));
        let waits = !asked.batch.is_empty() && drafts.iter().any(|draft| draft.state() == DraftState::Submitted);
        let back = if asked.after.is_empty() { String::new() } else { first.path() };
        let on = if next.is_empty() { String::new() } else { Asked { after: next, ..asked.clone() }.path() };
        let held = drafts.iter().any(|draft| draft.state() != DraftState::Approved);
        Self {
            exports: held.then(|| Exports::of(texts, "/drafts", &first.query())),
            tabs: [all].into_iter().chain(states).collect(),
            whose: whose.into(),
            lines: drafts.iter().map(|draft| Line::of(texts, names, people, draft)).collect(),
            together: if waits { together(&asked.batch) } else { String::new() },
            of_batch: if asked.batch.is_empty() { String::new() } else { of_batch(texts, &asked.batch) },
            imports: if asked.batch.is_empty() { waiting_imports(texts, people, drafts) } else { Vec::new() },
            pager: Pager::new(texts, back, String::new(), on),
            empty: Empty {
                title: texts.text("drafts-none"),
                advice: texts.text("drafts-none-advice"),
                link: ("/drafts/new".to_owned(), texts.text("drafts-new")),
            },
            page,
        }
    }
}

/// How many there are of those that stand somewhere.
fn counted(counts: DraftCounts, state: DraftState) -> Option<usize> {
    match state {
        DraftState::Draft => Some(counts.draft),
        DraftState::Submitted => Some(counts.submitted),
        DraftState::Returned => Some(counts.returned),
        DraftState::Approved | DraftState::Unspecified => None,
    }
}

/// When what was done to a draft last.
fn done(texts: Texts, draft: &Draft) -> String {
    let (id, time) = match draft.state() {
        DraftState::Submitted => ("drafts-submitted-on", draft.submit_time),
        DraftState::Returned => ("drafts-returned-on", draft.update_time),
        DraftState::Approved => ("drafts-approved-on", draft.approve_time),
        DraftState::Draft | DraftState::Unspecified => ("drafts-updated-on", draft.update_time),
    };
    let seconds = time.or(draft.update_time).map_or(0, |time| time.seconds);
    texts.about(id, &format::moment(texts.language(), &format::in_china(seconds)))
}

/// Where an import is approved together.
pub(super) fn together(batch: &str) -> String {
    let batch: String = form_urlencoded::byte_serialize(batch.as_bytes()).collect();
    format!("/drafts/review?batch={batch}")
}

/// What import drafts are of. Imports in a browser have ids in place of names, which say nothing to people.
pub(super) fn of_batch(texts: Texts, batch: &str) -> String {
    match uuid::Uuid::try_parse(batch) {
        Ok(_) => texts.text("drafts-of-import"),
        Err(_) => texts.about("drafts-of-batch", batch),
    }
}

/// The imports of which a page of the list has something that waits, in its order.
fn waiting_imports(texts: Texts, people: &People, drafts: &[Draft]) -> Vec<(String, String)> {
    let mut found: Vec<&Draft> = Vec::new();
    for draft in drafts.iter().filter(|draft| !draft.batch.is_empty() && draft.state() == DraftState::Submitted) {
        if !found.iter().any(|known| known.batch == draft.batch) {
            found.push(draft);
        }
    }
    let said = |draft: &&Draft| {
        let time = draft.submit_time.map_or(0, |time| time.seconds);
        let time = format::moment(texts.language(), &format::in_china(time));
        let path = Asked::path_of(&draft.batch);
        (path, texts.fill("drafts-import-waits", &[("who", &people.name(&draft.author)), ("time", &time)]))
    };
    found.iter().map(said).collect()
}

impl Line {
    pub(super) fn of(texts: Texts, names: &Names, people: &People, draft: &Draft) -> Self {
        let path = DraftPath::of(names, &draft.name);
        let listing = draft.listing.clone().unwrap_or_default();
        let name = listing.name;
        let body = listing.listing.unwrap_or_default();
        let word = STATES.iter().find(|(_, state)| *state == draft.state()).map_or("", |(word, _)| word);
        let title = match (&*body.title, draft.state()) {
            ("", DraftState::Approved) => name.rsplit('/').next().unwrap_or_default().to_owned(),
            ("", _) => texts.text("drafts-untitled"),
            (title, _) => title.to_owned(),
        };
        Self {
            path: if draft.state() == DraftState::Submitted { path.page("/review") } else { path.page("") },
            title,
            kind: kind_of(&body).map_or_else(String::new, |kind| words::kind(texts, kind)),
            direction: words::direction(texts, body.direction()),
            direction_word: words::direction_word(body.direction()),
            state: state(texts, draft.state()),
            state_word: word,
            author: people.name(&draft.author),
            done: done(texts, draft),
            reason: if draft.state() == DraftState::Returned { draft.return_reason.clone() } else { String::new() },
        }
    }
}
