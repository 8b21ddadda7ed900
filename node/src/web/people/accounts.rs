//! `/admin/accounts`: the people whom an administrator lets in.

use askama::Template;
use axum::extract::State;
use duikou_proto::v1::account_service_server::AccountService;
use duikou_proto::v1::{Account, ListAccountsRequest};

use super::super::Web;
use super::super::layout::{Page, Section};
use super::super::respond::Answer;
use super::super::signed::Signed;
use crate::accounts::Role;

/// The list.
#[derive(Template)]
#[template(path = "people/accounts.html")]
pub(in crate::web) struct AccountsPage {
    page: Page,
    accounts: Vec<Account>,
    /// The resource name of whoever looks.
    own: String,
}

/// Shows it.
pub(super) async fn list(State(web): State<Web>, signed: Signed) -> Answer {
    signed.at_least(Role::Admin)?;
    let listed = web.services().people.list_accounts(signed.ask(ListAccountsRequest {})).await;
    let listed = listed.map_err(|status| signed.failed(&status))?.into_inner();
    let page = Page::new(&web, &signed, Section::Admin, signed.texts.text("accounts-title"));
    signed.page(&AccountsPage::of(page, listed.accounts, &signed.person().account))
}

impl AccountsPage {
    /// Of these accounts, as whoever has the one of this name sees them.
    pub(in crate::web) fn of(mut page: Page, accounts: Vec<Account>, own: &str) -> Self {
        page.indexed = false;
        Self { page, accounts, own: own.to_owned() }
    }
}
