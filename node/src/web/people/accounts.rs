//! `/admin/accounts`: the people whom an administrator lets in, and the page that lets in another one.

use askama::Template;
use axum::extract::State;
use duikou_proto::v1::account_service_server::AccountService;
use duikou_proto::v1::token::Role as Given;
use duikou_proto::v1::{Account, CreateAccountRequest, ListAccountsRequest, OneTimeLink};

use super::super::Web;
use super::super::faults::Faults;
use super::super::forms::{Control, Field};
use super::super::layout::{Crumb, Page, Section};
use super::super::once::shown_once;
use super::super::reached::ReachedAt;
use super::super::respond::{Answer, Failed};
use super::super::sent::Sent;
use super::super::signed::{Acting, Signed, member_name};
use super::super::tables::Exports;
use super::super::{tables, words};
use super::fields;
use super::lately::Lately;
use super::roles::{RoleChoice, choices, given};
use super::sessions::moment;
use crate::accounts::Role;
use crate::sheets::Format;

/// Where they are.
pub(super) const PATH: &str = "/admin/accounts";
/// Characters of a login.
const LOGIN_CHARS: usize = 64;

/// One account of the list.
pub(in crate::web) struct AccountRow {
    path: String,
    name: String,
    login: String,
    /// What it may do, for whom.
    roles: Vec<String>,
    /// When whoever has it was last here, in words.
    used: String,
    factor: String,
    /// Whether they can sign in, in words, and whether they cannot.
    state: String,
    shut: bool,
    own: bool,
    /// How often signing in has failed since, and where that is told.
    failed: Option<(String, String)>,
}

/// What the columns are called.
const COLUMNS: [&str; 6] =
    ["account-name", "sign-in-login", "account-roles", "session-used", "account-has-factor", "account-state"];

/// The list.
#[derive(Template)]
#[template(path = "people/accounts.html")]
pub(in crate::web) struct AccountsPage {
    page: Page,
    columns: [String; 6],
    accounts: Vec<AccountRow>,
    exports: Exports,
}

/// The page on which one is made.
#[derive(Template)]
#[template(path = "people/account-new.html")]
pub(in crate::web) struct NewAccountPage {
    page: Page,
    fields: [Field; 3],
    roles: Vec<RoleChoice>,
    /// Whether whoever looks may make administrators of the server.
    may_administer: bool,
    node_admin: Field,
    error: String,
}

/// The page that shows a one-time link, once.
#[derive(Template)]
#[template(path = "people/link-made.html")]
pub(in crate::web) struct LinkMadePage {
    page: Page,
    name: String,
    link: String,
    until: String,
}

/// Shows the list.
pub(super) async fn list(State(web): State<Web>, signed: Signed) -> Answer {
    let page = listed(&web, &signed).await?;
    signed.page(&page)
}

/// The same as a table.
pub(super) async fn file(State(web): State<Web>, signed: Signed, format: Format) -> Answer {
    let shown = listed(&web, &signed).await?;
    let texts = signed.texts;
    let columns = COLUMNS.map(|id| texts.text(id));
    let comma = texts.text("list-comma");
    let row = |row: AccountRow| {
        let state = std::iter::once(row.state).chain(row.failed.map(|(text, _)| text)).collect::<Vec<_>>();
        vec![row.name, row.login, row.roles.join(&comma), row.used, row.factor, state.join(&comma)]
    };
    let rows = shown.accounts.into_iter().map(row).collect();
    let sheet = tables::sheet(texts.text("accounts-title"), columns.into(), rows);
    tables::file(&web, &signed, "accounts", format, sheet).await
}

async fn listed(web: &Web, signed: &Signed) -> Result<AccountsPage, Failed> {
    signed.at_least(Role::Admin)?;
    let listed = web.services().people.list_accounts(signed.ask(ListAccountsRequest {})).await;
    let listed = listed.map_err(|status| signed.failed(&status))?.into_inner();
    let named = |id: &str| {
        id.parse().map_or_else(|_| id.to_owned(), |member| member_name(web.engine(), signed.language(), &member))
    };
    let page = Page::new(web, signed, Section::Admin, signed.texts.text("accounts-title"));
    // What is only told beside the rest keeps nobody from the rest.
    let lately = Lately::of(web, signed).await.unwrap_or_default();
    Ok(AccountsPage::of(page, &listed.accounts, &lately, &signed.person().account, named))
}

/// Shows the page on which one is made.
pub(super) async fn begin(State(web): State<Web>, signed: Signed) -> Answer {
    signed.at_least(Role::Admin)?;
    signed.page(&NewAccountPage::of(new_page(&web, &signed), &signed, &Account::default(), &mut Faults::default()))
}

/// Makes one.
pub(super) async fn create(State(web): State<Web>, signed: Signed, reached: ReachedAt, sent: Sent) -> Answer {
    let account = Account {
        login: sent.line("login").to_owned(),
        display_name: sent.line("display-name").to_owned(),
        language: sent.get("language").to_owned(),
        roles: given(&sent),
        node_admin: sent.get("node-admin") == "on",
        ..Account::default()
    };
    let request = CreateAccountRequest { account: Some(account.clone()) };
    match web.services().people.create_account(signed.ask(request)).await {
        Ok(made) => {
            let made = made.into_inner();
            let name = made.account.unwrap_or_default().display_name;
            link_made(&web, &signed, &name, made.link.unwrap_or_default(), &reached.0)
        }
        Err(status) => {
            signed.at_least(Role::Admin)?;
            let mut faults = Faults::of(&signed, &status);
            let page = NewAccountPage::of(new_page(&web, &signed), &signed, &account, &mut faults);
            faults.answer(&signed, &page)
        }
    }
}

/// Shows a link that was made, the only time that anybody sees it.
pub(super) fn link_made(web: &Web, signed: &Signed, name: &str, link: OneTimeLink, site: &str) -> Answer {
    let (name, address) = (name.to_owned(), format!("{site}{}", link.path));
    shown_once(web, signed, move |web, signed, here| {
        let mut page = below(web, signed, "link-made-title");
        page.here = here.to_owned();
        signed.page(&LinkMadePage::of(page, &name, &address, link.clone()))
    })
}

fn new_page(web: &Web, signed: &Signed) -> Page {
    below(web, signed, "account-new")
}

/// A page below the list.
pub(super) fn below(web: &Web, signed: &Signed, title: &str) -> Page {
    let mut page = Page::new(web, signed, Section::Admin, signed.texts.text(title));
    page.indexed = false;
    page.trail =
        vec![Crumb::admin(signed.texts), Crumb { path: PATH.to_owned(), name: signed.texts.text("accounts-title") }];
    page
}

/// For whom whoever is signed in gives roles.
pub(super) fn administered(signed: &Signed) -> Vec<Acting> {
    let person = signed.person();
    let own = |acting: &&Acting| !acting.id.is_empty() && (person.node_admin || person.acts_for(acting));
    person.members.iter().filter(own).cloned().collect()
}

impl AccountsPage {
    /// Of these accounts, as whoever has the one of this name sees them.
    pub(in crate::web) fn of(
        mut page: Page,
        accounts: &[Account],
        lately: &Lately,
        own: &str,
        named: impl Fn(&str) -> String,
    ) -> Self {
        page.indexed = false;
        let texts = page.texts();
        page.trail = vec![Crumb::admin(texts)];
        let row = |account: &Account| {
            let role = |held: &duikou_proto::v1::account::MemberRole| {
                let role = Role::read(held.role).map_or_else(String::new, |role| words::role(texts, role));
                texts.fill("accounts-role", &[("member", &named(&held.member)), ("role", &role)])
            };
            // Whoever is let in by a provider needs no password.
            let waits = !account.has_password && account.identities.is_empty();
            let state = match (account.disabled, waits) {
                (true, _) => "account-disabled",
                (false, true) => "account-no-password",
                (false, false) => "account-good",
            };
            let whole = account.node_admin.then(|| texts.text("account-node-admin"));
            let used = Some(lately.used(texts, &account.name)).filter(|used| !used.is_empty());
            AccountRow {
                path: format!("{PATH}/{}", account.name.trim_start_matches("accounts/")),
                name: account.display_name.clone(),
                login: account.login.clone(),
                roles: whole.into_iter().chain(account.roles.iter().map(role)).collect(),
                used: used.unwrap_or_else(|| texts.text("account-unused")),
                factor: texts.text(if account.has_factor { "factor-on" } else { "factor-off" }),
                state: texts.text(state),
                shut: state != "account-good",
                own: account.name == own,
                failed: lately.failed(texts, &account.name),
            }
        };
        let accounts = accounts.iter().map(row).collect();
        let columns = COLUMNS.map(|id| texts.text(id));
        Self { exports: Exports::of(texts, PATH, ""), columns, page, accounts }
    }
}

impl NewAccountPage {
    /// With what was typed.
    pub(in crate::web) fn of(page: Page, signed: &Signed, typed: &Account, faults: &mut Faults) -> Self {
        let person = signed.person();
        Self::with(page, &administered(signed), person.node_admin, typed, faults)
    }

    /// The same for whoever gives these roles.
    pub(in crate::web) fn with(
        page: Page,
        members: &[Acting],
        may_administer: bool,
        typed: &Account,
        faults: &mut Faults,
    ) -> Self {
        let texts = page.texts();
        let login = Field::new("login", texts.text("sign-in-login"), Control::Line("text")).holding(&typed.login);
        let login = login.helped(texts.text("account-login-help"));
        let login = Field { required: true, autocomplete: "off", longest: Some(LOGIN_CHARS), ..login };
        let fields = [
            faults.beside(login, &["account.login"]),
            fields::display_name(texts, &typed.display_name, faults),
            fields::language(texts, &typed.language, faults),
        ];
        // An office with one member gives a role there, and most of its people write.
        let usual = if typed.roles.is_empty() && members.len() == 1 && typed.login.is_empty() {
            Some(Given::Editor)
        } else {
            None
        };
        let roles = choices(texts, members, &typed.roles, usual);
        let node_admin = Field::new("node-admin", texts.text("account-make-node-admin"), Control::Check);
        let node_admin = node_admin.holding(if typed.node_admin { "on" } else { "" });
        let node_admin = node_admin.helped(texts.text("account-make-node-admin-help"));
        let error = faults.above();
        Self { page, fields, roles, may_administer, node_admin, error }
    }
}

impl LinkMadePage {
    /// For the account with this name.
    pub(in crate::web) fn of(page: Page, name: &str, address: &str, link: OneTimeLink) -> Self {
        let until = moment(page.texts(), link.expire_time);
        Self { page, name: name.to_owned(), link: address.to_owned(), until }
    }
}
