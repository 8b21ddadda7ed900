//! `/sign-in/token`: a registered enterprise, which has no accounts here, reads pages by its token. The browser keeps it until
//! it is closed, in the place of a session, and shows it to pages alone; what the token may no longer do ends at once.

use askama::Template;
use axum::extract::{RawQuery, State};

use super::super::Web;
use super::super::faults::Faults;
use super::super::forms::{Control, Field};
use super::super::layout::{Page, Section};
use super::super::respond::{Answer, Failed, see_other};
use super::super::sent::Sent;
use super::super::visitor::Visitor;
use super::session::showing;
use super::sign_in::back_of;
use crate::audit::{Action, Event};
use crate::http::Problem;
use crate::services::{Caller, Failure, registered};

/// Where this is.
pub(super) const PATH: &str = "/sign-in/token";
/// Characters that are taken as a token.
const LONGEST: usize = 128;

/// The page.
#[derive(Template)]
#[template(path = "people/reader.html")]
pub(in crate::web) struct ReaderPage {
    page: Page,
    /// Where they go on.
    back: String,
    field: Field,
}

/// Asks for the token.
pub(super) async fn show(State(web): State<Web>, visitor: Visitor, RawQuery(query): RawQuery) -> Answer {
    let query = Sent::read(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    let back = back_of(query.get("back"));
    visitor.page(&ReaderPage::of(page(&web, &visitor), back, &mut Faults::default()))
}

/// Takes it.
pub(super) async fn enter(State(web): State<Web>, visitor: Visitor, sent: Sent) -> Answer {
    let (back, secret) = (back_of(sent.get("back")), sent.line("token").trim());
    let wrong = match registered(web.engine(), secret).await {
        Ok(Some(caller)) => {
            let_in(&web, &visitor, &caller).await?;
            return Ok(showing(&web, see_other(back), secret));
        }
        Ok(None) => visitor.texts.text("reader-foreign"),
        Err(failure) => {
            let problem = Problem::of(&failure.status(visitor.language()), visitor.language());
            if problem.status().is_server_error() {
                return Err(Failed(problem));
            }
            problem.detail().to_owned()
        }
    };
    let mut faults = Faults::field("token", wrong);
    let page = ReaderPage::of(page(&web, &visitor), back, &mut faults);
    faults.answer(&visitor, &page)
}

fn page(web: &Web, visitor: &Visitor) -> Page {
    Page::new(web, visitor, Section::None, visitor.texts.text("reader-title"))
}

/// Notes that the token was used, and tells the audit trail who came in.
async fn let_in(web: &Web, visitor: &Visitor, caller: &Caller) -> Result<(), Failed> {
    if let Some(key) = &caller.token {
        web.uses().note(key, web.engine().now());
    }
    let by = caller.actor().from(visitor.address());
    let event = Event::new(Action::SignIn, format!("tokens/{}", caller.account));
    let noted = web.engine().note_audit(by, event).await;
    noted.map_err(|error| visitor.failed(&Failure::from(error).status(visitor.language())))
}

impl ReaderPage {
    /// The page, without what was typed.
    pub(in crate::web) fn of(mut page: Page, back: &str, faults: &mut Faults) -> Self {
        page.indexed = false;
        let field = Field::new("token", page.text("reader-token"), Control::Line("password"));
        let field = Field { required: true, autocomplete: "current-password", longest: Some(LONGEST), ..field };
        let field = field.helped(page.text("reader-token-help"));
        Self { field: faults.beside(field, &["token"]), back: back.to_owned(), page }
    }
}
