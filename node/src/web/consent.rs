//! The pages to which links in mails lead: a link only shows a form, since mail programs open links by themselves, and the
//! form acts. They speak the language of the mail.

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use duikou_proto::language::Text;
use http::StatusCode;
use http::header::CACHE_CONTROL;
use tonic::Code;

use super::Web;
use super::catalogue::Texts;
use super::layout::{Page, Section};
use super::respond::{Answer, Failed, PRIVATE};
use super::visitor::Visitor;
use crate::delivery::{Busy, Followed, Link, Purpose};
use crate::http::{Problem, unready};

/// Longest token that is looked at.
const TOKEN_BYTES: usize = 256;

/// What a link asks, or what came of it.
#[derive(Template)]
#[template(path = "kit/consent.html")]
pub(super) struct ConsentPage {
    pub(super) page: Page,
    /// What the button says; empty: nothing is asked any longer.
    pub(super) button: String,
    pub(super) aside: String,
}

/// `/subscriptions/{purpose}/{token}` for every purpose.
pub(super) fn routes() -> Router<Web> {
    let all = [Purpose::Confirm, Purpose::Unsubscribe, Purpose::ConfirmNotices, Purpose::EndNotices];
    all.into_iter().fold(Router::new(), |router, purpose| {
        let show = move |web, token, visitor| show(purpose, web, token, visitor);
        let act = move |web, token, visitor| act(purpose, web, token, visitor);
        router.route(&format!("/subscriptions/{}/{{token}}", purpose.as_str()), get(show).post(act))
    })
}

async fn show(purpose: Purpose, State(web): State<Web>, Path(token): Path<String>, visitor: Visitor) -> Answer {
    let link = linked(&web, purpose, &token, &visitor).await?;
    let texts = Texts::of(link.language);
    let label = if link.label.is_empty() { texts.text("consent-unnamed") } else { link.label };
    let asked = texts.fill(words(purpose).asked, &[("label", &label), ("address", &link.address)]);
    let (button, aside) = (texts.text(words(purpose).button), texts.text("consent-stranger"));
    answer(&web, &visitor.speaking(link.language), asked, button, aside)
}

async fn act(purpose: Purpose, State(web): State<Web>, Path(token): Path<String>, visitor: Visitor) -> Answer {
    let link = linked(&web, purpose, &token, &visitor).await?;
    let acted = web.desk().follow_mail_link(purpose, &token, visitor.address()).await;
    let followed = acted.map_err(|error| busy(error, &visitor))?.ok_or_else(|| dead(&visitor))?;
    let texts = Texts::of(link.language);
    let done = match followed {
        Followed::Done => words(purpose).done,
        // No mails are promised that do not come.
        Followed::Paused => "consent-confirm-paused",
    };
    let (done, aside) = (texts.text(done), texts.text("consent-over"));
    answer(&web, &visitor.speaking(link.language), done, String::new(), aside)
}

/// What a link is for.
async fn linked(web: &Web, purpose: Purpose, token: &str, visitor: &Visitor) -> Result<Link, Failed> {
    if token.len() > TOKEN_BYTES {
        return Err(dead(visitor));
    }
    let link = web.desk().mail_link(purpose, token).await.map_err(|error| busy(error, visitor))?;
    link.ok_or_else(|| dead(visitor))
}

/// It was never good, or is no longer: both look alike.
fn dead(visitor: &Visitor) -> Failed {
    let text = Text::new("此链接无效或已失效。", "This link is not good, or no longer.");
    Failed(Problem::new(StatusCode::NOT_FOUND, Code::NotFound, "NOT_FOUND", &text, visitor.language()))
}

/// It cannot be told, or nothing can be done, at the moment.
fn busy(error: impl Into<Busy>, visitor: &Visitor) -> Failed {
    Failed(unready(error.into(), visitor.language()))
}

/// The texts of a purpose.
struct Words {
    asked: &'static str,
    button: &'static str,
    done: &'static str,
}

const fn words(purpose: Purpose) -> Words {
    match purpose {
        Purpose::Confirm => {
            Words { asked: "consent-confirm-asked", button: "consent-confirm-button", done: "consent-confirm-done" }
        }
        Purpose::Unsubscribe => Words {
            asked: "consent-unsubscribe-asked",
            button: "consent-unsubscribe-button",
            done: "consent-unsubscribe-done",
        },
        Purpose::ConfirmNotices => Words {
            asked: "consent-confirm-notices-asked",
            button: "consent-confirm-notices-button",
            done: "consent-confirm-notices-done",
        },
        Purpose::EndNotices => Words {
            asked: "consent-end-notices-asked",
            button: "consent-end-notices-button",
            done: "consent-end-notices-done",
        },
    }
}

fn answer(web: &Web, visitor: &Visitor, title: String, button: String, aside: String) -> Answer {
    let mut page = Page::new(web, visitor, Section::None, title);
    page.indexed = false;
    let mut response = visitor.page(&ConsentPage { page, button, aside })?;
    response.headers_mut().insert(CACHE_CONTROL, PRIVATE);
    Ok(response)
}
