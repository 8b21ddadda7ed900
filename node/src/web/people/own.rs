//! `/account`: what somebody who is signed in sees of their own account.

use askama::Template;
use axum::extract::State;
use duikou_proto::v1::account_service_server::AccountService;
use duikou_proto::v1::{GetMyselfRequest, Myself};

use super::super::Web;
use super::super::layout::{Page, Section};
use super::super::respond::Answer;
use super::super::signed::Signed;

/// The page.
#[derive(Template)]
#[template(path = "people/account.html")]
pub(in crate::web) struct AccountPage {
    page: Page,
    login: String,
}

/// Shows it.
pub(super) async fn show(State(web): State<Web>, signed: Signed) -> Answer {
    let myself = web.services().people.get_myself(signed.ask(GetMyselfRequest {})).await;
    let myself = myself.map_err(|status| signed.failed(&status))?.into_inner();
    let title = signed.texts.text("account-title");
    signed.page(&AccountPage::of(Page::new(&web, &signed, Section::None, title), myself))
}

impl AccountPage {
    /// What is known of whoever is signed in.
    pub(in crate::web) fn of(mut page: Page, myself: Myself) -> Self {
        page.indexed = false;
        let account = myself.account.unwrap_or_default();
        Self { page, login: account.login }
    }
}
