//! `/help`: what somebody who works here wants to know, in short sentences; at a gateway, what its readers can do.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use duikou_proto::language::Language;
use duikou_proto::limits as contract;

use super::Web;
use super::catalogue::Texts;
use super::format::grouped;
use super::layout::{Page, Section};
use super::respond::Answer;
use super::visitor::Visitor;
use crate::accounts::Role;
use crate::limits;

const PATH: &str = "/help";
/// What other pages lead to.
pub(super) const AUDIENCE: &str = "/help#audience";
pub(super) const IMPORT: &str = "/help#import";
pub(super) const WORDS: &str = "/help#search";

/// A piece of a chapter, by the ids of its texts.
enum Part {
    Text(&'static str),
    /// Points.
    List(&'static [&'static str]),
    /// What is called how, and what that means.
    Terms(&'static [(&'static str, &'static str)]),
}

/// Where what a chapter is about is done: an address, the id of its name, and who may do it (None: anybody).
type Done = (&'static str, &'static str, Option<Role>);

/// A chapter: its anchor, the id of its title, what it says, and where what it is about is done (None: nowhere).
struct Chapter(&'static str, &'static str, &'static [Part], Option<Done>);

/// That errors are reported, where somebody takes reports.
const ERROR: &str = "help-ask-error";

/// What is for those who work at a node.
const OFFICE: [Chapter; 8] = [
    Chapter(
        "write",
        "help-write",
        &[Part::List(&[
            "help-write-begin",
            "help-write-fields",
            "help-write-names",
            "help-write-money",
            "help-write-date",
            "help-write-echo",
            "help-write-until",
            "help-write-save",
            "help-write-send",
        ])],
        Some(("/drafts/new", "drafts-new", Some(Role::Editor))),
    ),
    Chapter(
        "audience",
        "help-audience",
        &[
            Part::Text("help-audience-lead"),
            Part::Terms(&[
                ("editor-for-public", "help-audience-public"),
                ("editor-for-registered", "help-audience-registered"),
                ("editor-for-network", "help-audience-network"),
                ("help-circle", "help-audience-circle"),
                ("editor-for-named", "help-audience-named"),
                ("editor-for-nobody", "help-audience-nobody"),
            ]),
            Part::List(&["help-audience-carriers", "help-audience-names", "help-audience-later"]),
        ],
        None,
    ),
    Chapter(
        "approval",
        "help-approval",
        &[
            Part::Text("help-approval-lead"),
            Part::Terms(&[
                ("draft-state-draft", "help-approval-draft"),
                ("draft-state-submitted", "help-approval-submitted"),
                ("draft-state-returned", "help-approval-returned"),
                ("draft-state-approved", "help-approval-approved"),
            ]),
            Part::List(&["help-approval-bound", "help-approval-never", "help-approval-other", "help-approval-batch"]),
        ],
        Some(("/drafts", "drafts-title", Some(Role::Editor))),
    ),
    Chapter(
        "import",
        "help-import",
        &[Part::List(&[
            "help-import-file",
            "help-import-columns",
            "help-import-rows",
            "help-import-wrong",
            "help-import-again",
            "help-import-approval",
            "help-import-kept",
        ])],
        Some(("/import", "import-title", Some(Role::Editor))),
    ),
    Chapter(
        "after",
        "help-after",
        &[Part::List(&[
            "help-after-where",
            "help-after-holders",
            "help-after-renew",
            "help-after-filled",
            "help-after-edit",
            "help-after-ended",
        ])],
        Some(("/drafts/published", "published-title", Some(Role::Editor))),
    ),
    SEARCH,
    Chapter(
        "follow",
        "help-follow",
        &[Part::List(&[
            "help-follow-new",
            "help-follow-save",
            "help-follow-subscribe",
            "help-follow-words",
            "help-follow-feeds",
            "help-follow-calendar",
        ])],
        Some(("/saved", "saved-title", Some(Role::Viewer))),
    ),
    Chapter(
        "ask",
        "help-ask",
        &[Part::List(&[
            "help-ask-account",
            "help-ask-review",
            "help-ask-listing",
            ERROR,
            "help-ask-links",
            "help-ask-programs",
        ])],
        None,
    ),
];

/// What is for those who read at a gateway.
const READERS: [Chapter; 4] = [
    SEARCH,
    Chapter(
        "follow",
        "help-follow",
        &[Part::List(&["help-follow-feeds", "help-follow-calendar"])],
        Some(("/calendar", "nav-calendar", None)),
    ),
    Chapter(
        "registered",
        "help-registered",
        &[Part::Text("help-registered-token")],
        Some(("/sign-in/token", "reader-link", None)),
    ),
    Chapter("ask", "help-ask", &[Part::List(&["help-ask-listing", ERROR, "help-ask-programs"])], None),
];

const SEARCH: Chapter = Chapter(
    "search",
    "help-search",
    &[Part::List(&[
        "help-search-words",
        "help-search-names",
        "help-search-letters",
        "help-search-phrase",
        "help-search-without",
        "help-search-narrow",
        "help-search-answers",
        "help-search-take",
    ])],
    Some(("/listings", "search-title", None)),
);

/// What may be typed, as it is in each language: Chinese, English.
const PLACES: [&[&str]; 2] = [&["毕节", "bijie", "520500"], &["Bijie", "bijie", "520500"]];
const AMOUNTS: [&[&str]; 2] =
    [&["1.2亿", "3000万元", "500万-2000万", "不低于300万", "5万美元"], &["RMB 5,000,000", "US$50,000"]];
const WAGES: [&[&str]; 2] = [&["3000-5000元/月", "200元/天"], &["RMB 3000-5000/month"]];
const DATES: [&[&str]; 2] =
    [&["2027-03-05", "2027年3月5日", "2027年3月", "2027-03-05 14:30"], &["2027-03-05", "2027/3/5", "2027-03-05 14:30"]];
const LETTERS: &[&str] = &["lenglian", "llwl"];

/// A chapter in words.
struct Guide {
    id: &'static str,
    title: String,
    parts: Vec<Said>,
    /// Where what it is about is done, and its name.
    done: Option<(&'static str, String)>,
}

/// A piece of it.
enum Said {
    Text(String),
    List(Vec<String>),
    Terms(Vec<(String, String)>),
}

/// The page.
#[derive(Template)]
#[template(path = "kit/help.html")]
pub(super) struct HelpPage {
    page: Page,
    lead: String,
    chapters: Vec<Guide>,
}

pub(super) fn routes() -> Router<Web> {
    Router::new().route(PATH, get(help))
}

async fn help(State(web): State<Web>, visitor: Visitor) -> Answer {
    let page = Page::new(&web, &visitor, Section::Help, visitor.texts.text("nav-help"));
    let role = visitor.signed_in().map(|person| person.role);
    visitor.page(&HelpPage::of(page, role, web.engine().identity().carrier))
}

impl HelpPage {
    /// For somebody with this role (None: not signed in); at a gateway `reads` alone.
    pub(super) fn of(mut page: Page, role: Option<Role>, reads: bool) -> Self {
        page.canonical = PATH.to_owned();
        let texts = page.texts();
        let (lead, chapters) = if reads { ("help-lead-readers", &READERS[..]) } else { ("help-lead", &OFFICE[..]) };
        page.description = texts.text(lead);
        let reported = page.report_errors().is_some();
        let guide = |Chapter(id, title, parts, done): &Chapter| {
            let done = done.filter(|(_, _, least)| least.is_none() || role >= *least);
            Guide {
                id,
                title: texts.text(title),
                parts: parts.iter().map(|part| part.said(texts, reported)).collect(),
                done: done.map(|(path, name, _)| (path, texts.text(name))),
            }
        };
        Self { lead: page.description.clone(), chapters: chapters.iter().map(guide).collect(), page }
    }
}

impl Part {
    fn said(&self, texts: Texts, reported: bool) -> Said {
        let say = |id: &str| said(texts, id);
        match self {
            Self::Text(id) => Said::Text(say(id)),
            Self::List(ids) => {
                let ids = ids.iter().filter(|id| reported || **id != ERROR);
                Said::List(ids.map(|id| say(id)).collect())
            }
            Self::Terms(terms) => Said::Terms(terms.iter().map(|(term, id)| (texts.text(term), say(id))).collect()),
        }
    }
}

/// A text with the bounds that hold and what may be typed.
fn said(texts: Texts, id: &str) -> String {
    let of = |[zh, en]: [&[&str]; 2]| {
        let given = if texts.language() == Language::Zh { zh } else { en };
        given.join(&texts.text("list-comma"))
    };
    let number = |number: usize| grouped(i64::try_from(number).unwrap_or(i64::MAX));
    let days = limits::IMPORT_KEPT.as_secs() / (24 * 60 * 60);
    let values = [
        ("places", of(PLACES)),
        ("amounts", of(AMOUNTS)),
        ("wages", of(WAGES)),
        ("dates", of(DATES)),
        ("letters", of([LETTERS, LETTERS])),
        ("months", contract::EXPIRE_MONTHS_DEFAULT.to_string()),
        ("longest", contract::EXPIRE_MONTHS_MAX.to_string()),
        ("size", number(limits::SHEET_BYTES / (1024 * 1024))),
        ("rows", number(limits::SHEET_ROWS)),
        ("imports", number(limits::IMPORTS_PER_ACCOUNT)),
        ("days", days.to_string()),
    ];
    texts.fill(id, &values.each_ref().map(|(name, value)| (*name, &**value)))
}

#[cfg(test)]
mod tests {
    use jiff::civil::Date;

    use super::*;
    use crate::typed::{Unit, date, money, place};

    #[test]
    fn what_is_said_to_be_typed_is_understood() {
        let (today, unit) = (Date::constant(2026, 11, 30), Unit::default());
        for typed in AMOUNTS.concat() {
            assert!(money::amount(typed, unit).is_ok_and(|read| read.value.is_some()), "{typed}");
        }
        for typed in WAGES.concat() {
            assert!(money::wage(typed, unit).is_ok_and(|read| read.value.is_some()), "{typed}");
        }
        for typed in DATES.concat() {
            assert!(date::date(typed, today).is_ok(), "{typed}");
        }
        for typed in PLACES.concat() {
            assert!(place::place(typed, place::Lies::Anywhere).is_ok_and(|read| read.value.is_some()), "{typed}");
        }
    }

    #[test]
    fn no_chapter_has_another_ones_anchor_and_what_pages_lead_to_is_there() {
        for chapters in [&OFFICE[..], &READERS[..]] {
            let mut ids: Vec<&str> = chapters.iter().map(|chapter| chapter.0).collect();
            ids.sort_unstable();
            let all = ids.len();
            ids.dedup();
            assert_eq!(ids.len(), all, "{ids:?}");
        }
        for (path, chapters) in
            [(AUDIENCE, &OFFICE[..]), (IMPORT, &OFFICE[..]), (WORDS, &OFFICE[..]), (WORDS, &READERS[..])]
        {
            let (page, anchor) = path.split_once('#').unwrap();
            assert!(page == PATH && chapters.iter().any(|chapter| chapter.0 == anchor), "{path}");
        }
    }
}
