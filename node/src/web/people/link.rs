//! `/account/link/{secret}`: whoever has a one-time link chooses a password. Opening the page uses nothing up: mail
//! programs and messengers look at addresses, too.

use askama::Template;
use axum::extract::{Path, State};
use duikou_proto::v1::AcceptLinkRequest;
use duikou_proto::v1::account_service_server::AccountService;

use super::super::Web;
use super::super::faults::Faults;
use super::super::forms::Field;
use super::super::layout::{Page, Section};
use super::super::respond::{Answer, Failed, see_other_with, unkept};
use super::super::sent::Sent;
use super::super::signed::SIGN_IN;
use super::super::visitor::Visitor;
use super::fields::{new_password, repeated};
use crate::accounts::Account;
use crate::services::Failure;

/// The page.
#[derive(Template)]
#[template(path = "people/link.html")]
pub(in crate::web) struct LinkPage {
    page: Page,
    login: String,
    name: String,
    error: String,
    fields: [Field; 2],
}

/// Shows it, where the link is good.
pub(super) async fn show(State(web): State<Web>, visitor: Visitor, Path(secret): Path<String>) -> Answer {
    let account = account_of(&web, &visitor, &secret).await?;
    let page = LinkPage::of(page(&web, &visitor), &account.login, &account.display_name, &mut Faults::default());
    visitor.page(&page).map(unkept)
}

/// Takes the password. The link is good for nothing afterwards.
pub(super) async fn accept(State(web): State<Web>, visitor: Visitor, Path(secret): Path<String>, sent: Sent) -> Answer {
    let account = account_of(&web, &visitor, &secret).await?;
    let again = |mut faults: Faults| {
        let page = LinkPage::of(page(&web, &visitor), &account.login, &account.display_name, &mut faults);
        faults.answer(&visitor, &page).map(unkept)
    };
    if let Some(differs) = repeated(visitor.texts, &sent) {
        return again(differs);
    }
    let request = AcceptLinkRequest { secret, password: sent.get("new-password").to_owned() };
    match web.services().people.accept_link(visitor.ask(request)).await {
        Ok(accepted) => {
            let login = accepted.into_inner().login;
            let login: String = form_urlencoded::byte_serialize(login.as_bytes()).collect();
            Ok(see_other_with(&format!("{SIGN_IN}?login={login}"), "done-password-set"))
        }
        Err(status) => again(Faults::of(&visitor, &status)),
    }
}

async fn account_of(web: &Web, visitor: &Visitor, secret: &str) -> Result<Account, Failed> {
    let failed = |failure: Failure| visitor.failed(&failure.status(visitor.language()));
    let held = web.accounts().link(secret).await.map_err(|error| failed(error.into()))?;
    held.map_err(|refusal| failed(refusal.into()))
}

fn page(web: &Web, visitor: &Visitor) -> Page {
    Page::new(web, visitor, Section::None, visitor.texts.text("link-title"))
}

impl LinkPage {
    /// For the account with this login and name.
    pub(in crate::web) fn of(mut page: Page, login: &str, name: &str, faults: &mut Faults) -> Self {
        page.indexed = false;
        let fields = new_password(page.texts(), faults);
        Self { page, login: login.to_owned(), name: name.to_owned(), fields, error: faults.above() }
    }
}
