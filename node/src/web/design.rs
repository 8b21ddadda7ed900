//! `/design`: every colour, size and part of the pages, in both lights, for those who make or judge them.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::routing::get;

use super::Web;
use super::catalogue::Texts;
use super::forms::{Choice, Control, Field};
use super::layout::{Page, Section, Tone};
use super::pager::{Empty, Pager};
use super::respond::Answer;
use super::visitor::Visitor;

/// The colours by what they are for.
const COLOURS: [&str; 16] = [
    "paper",
    "surface",
    "sunken",
    "line",
    "ink",
    "quiet",
    "brand",
    "brand-wash",
    "offer",
    "offer-wash",
    "request",
    "request-wash",
    "danger",
    "danger-wash",
    "warning",
    "warning-wash",
];

#[derive(Template)]
#[template(path = "kit/design.html")]
pub(super) struct DesignPage {
    page: Page,
    colours: [&'static str; 16],
    tones: [&'static str; 4],
    fields: Vec<Field>,
    pager: Pager,
    empty: Empty,
}

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/design", get(design))
}

async fn design(State(web): State<Web>, visitor: Visitor) -> Answer {
    let title = visitor.texts.text("design-title");
    visitor.page(&DesignPage::of(Page::new(&web, &visitor, Section::None, title)))
}

impl DesignPage {
    pub(super) fn of(mut page: Page) -> Self {
        page.indexed = false;
        let texts = page.texts();
        Self {
            colours: COLOURS,
            tones: [Tone::Info, Tone::Done, Tone::Warning, Tone::Danger].map(Tone::as_str),
            fields: fields(texts),
            pager: Pager::new(texts, "/design".to_owned(), "/design?".to_owned(), "/design".to_owned()),
            empty: Empty {
                title: texts.text("empty-title"),
                advice: texts.text("empty-advice"),
                link: ("/listings".to_owned(), texts.text("nav-listings")),
            },
            page,
        }
    }
}

fn fields(texts: Texts) -> Vec<Field> {
    let label = |id: &str| texts.text(id);
    let kinds = [("project", "kind-project"), ("talent", "kind-talent")];
    let kinds = kinds.map(|(value, name)| Choice { value: value.to_owned(), name: texts.text(name) });
    vec![
        Field {
            required: true,
            ..Field::new("design-line", label("design-line"), Control::Line("text")).helped(label("design-line-help"))
        },
        Field::new("design-wrong", label("design-wrong"), Control::Line("text"))
            .holding("1.2.3")
            .helped(label("design-line-help"))
            .faulted(Some(label("design-wrong-error"))),
        Field::new("design-choice", label("design-choice"), Control::Choice(kinds.clone().into())).holding("talent"),
        Field::new(
            "design-radio",
            label("design-radio"),
            Control::Radio(kinds.clone().map(|kind| (kind, String::new())).into()),
        )
        .holding("talent"),
        Field::new("design-file", label("design-file"), Control::File(".csv")),
        Field::new("design-area", label("design-area"), Control::Area),
        Field::new("design-check", label("design-check"), Control::Check).holding("on"),
    ]
}
