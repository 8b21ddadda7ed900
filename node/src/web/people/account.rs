//! `/admin/accounts/{id}`: one account, as its administrator sees and changes it.

use askama::Template;
use axum::extract::{Path, State};
use duikou_proto::v1::account_service_server::AccountService;
use duikou_proto::v1::{
    Account, DeleteAccountRequest, DisableAccountRequest, EnableAccountRequest, GetAccountRequest, ListSessionsRequest,
    ResetAccountRequest, RevokeSessionRequest, UpdateAccountRequest,
};
use prost_types::FieldMask;

use super::super::Web;
use super::super::asking::AskingPage;
use super::super::faults::Faults;
use super::super::forms::{Control, Field};
use super::super::layout::{Crumb, Page, Section};
use super::super::reached::ReachedAt;
use super::super::respond::{Answer, Failed, see_other_with};
use super::super::sent::Sent;
use super::super::signed::{Acting, Signed};
use super::accounts::{PATH, administered, link_made};
use super::fields;
use super::lately::Lately;
use super::provider::{self, Standing};
use super::roles::{RoleChoice, choices, given};
use super::sessions::{SessionRow, moment, rows};

/// The page.
#[derive(Template)]
#[template(path = "people/account-other.html")]
pub(in crate::web) struct OtherPage {
    page: Page,
    path: String,
    account: Account,
    created: String,
    /// When whoever has it was last here; empty: never, as far as is known.
    pub(in crate::web) used: String,
    /// How often signing in has failed since, and where that is told.
    pub(in crate::web) failed: Option<(String, String)>,
    fields: [Field; 2],
    roles: Vec<RoleChoice>,
    may_administer: bool,
    node_admin: Field,
    /// Whether it is one's own: then nobody takes anything away here.
    own: bool,
    standing: Standing,
    subject: Field,
    sessions: Vec<SessionRow>,
    error: String,
}

/// Shows it.
pub(super) async fn show(State(web): State<Web>, signed: Signed, Path(id): Path<String>) -> Answer {
    let account = held(&web, &signed, &id).await?;
    let page = made(&web, &signed, &account, &mut Faults::default()).await;
    signed.page(&page)
}

/// Changes what was changed in the form.
pub(super) async fn change(State(web): State<Web>, signed: Signed, Path(id): Path<String>, sent: Sent) -> Answer {
    let before = held(&web, &signed, &id).await?;
    let typed = Account {
        display_name: sent.line("display-name").to_owned(),
        language: sent.get("language").to_owned(),
        roles: given(&sent),
        node_admin: if signed.person().node_admin { sent.get("node-admin") == "on" } else { before.node_admin },
        ..before.clone()
    };
    let changed = [
        ("display_name", typed.display_name != before.display_name),
        ("language", typed.language != before.language),
        ("roles", sorted(&typed) != sorted(&before)),
        ("node_admin", typed.node_admin != before.node_admin),
    ];
    let paths: Vec<String> = changed.into_iter().filter(|(_, is)| *is).map(|(path, _)| path.to_owned()).collect();
    let here = path_of(&before);
    if paths.is_empty() {
        return Ok(see_other_with(&here, "done-account-same"));
    }
    let request = UpdateAccountRequest { account: Some(typed.clone()), update_mask: Some(FieldMask { paths }) };
    match web.services().people.update_account(signed.ask(request)).await {
        Ok(_) => Ok(see_other_with(&here, "done-account-changed")),
        Err(status) => {
            let mut faults = Faults::of(&signed, &status);
            let page = made(&web, &signed, &typed, &mut faults).await;
            faults.answer(&signed, &page)
        }
    }
}

/// Makes a one-time link, by which the password is set anew.
pub(super) async fn reset(
    State(web): State<Web>,
    signed: Signed,
    Path(id): Path<String>,
    reached: ReachedAt,
    sent: Sent,
) -> Answer {
    let account = held(&web, &signed, &id).await?;
    let request = ResetAccountRequest { name: account.name.clone(), factor: sent.get("reset-factor") == "on" };
    let made = web.services().people.reset_account(signed.ask(request)).await;
    let link = made.map_err(|status| signed.failed(&status))?.into_inner().link.unwrap_or_default();
    link_made(&web, &signed, &account.display_name, link, &reached.0)
}

/// Disables one.
pub(super) async fn disable(State(web): State<Web>, signed: Signed, Path(id): Path<String>) -> Answer {
    let name = format!("accounts/{id}");
    let done = web.services().people.disable_account(signed.ask(DisableAccountRequest { name })).await;
    let account = done.map_err(|status| signed.failed(&status))?.into_inner();
    Ok(see_other_with(&path_of(&account), "done-account-disabled"))
}

/// Enables one again.
pub(super) async fn enable(State(web): State<Web>, signed: Signed, Path(id): Path<String>) -> Answer {
    let name = format!("accounts/{id}");
    let done = web.services().people.enable_account(signed.ask(EnableAccountRequest { name })).await;
    let account = done.map_err(|status| signed.failed(&status))?.into_inner();
    Ok(see_other_with(&path_of(&account), "done-account-enabled"))
}

/// Asks whether it is to be deleted.
pub(super) async fn ask_delete(State(web): State<Web>, signed: Signed, Path(id): Path<String>) -> Answer {
    let account = held(&web, &signed, &id).await?;
    let mut page = below(&web, &signed, &account);
    page.title = signed.texts.text("account-delete");
    page.trail.push(Crumb { path: path_of(&account), name: account.display_name.clone() });
    signed.page(&deleting(page, &account))
}

/// Deletes it.
pub(super) async fn delete(State(web): State<Web>, signed: Signed, Path(id): Path<String>) -> Answer {
    let request = DeleteAccountRequest { name: format!("accounts/{id}") };
    let done = web.services().people.delete_account(signed.ask(request)).await;
    done.map_err(|status| signed.failed(&status))?;
    Ok(see_other_with(PATH, "done-account-deleted"))
}

/// Ends one of its sessions, or all.
pub(super) async fn end_session(State(web): State<Web>, signed: Signed, Path(id): Path<String>, sent: Sent) -> Answer {
    let name = format!("accounts/{id}/sessions/{}", sent.get("session"));
    let ended = web.services().people.revoke_session(signed.ask(RevokeSessionRequest { name })).await;
    ended.map_err(|status| signed.failed(&status))?;
    Ok(see_other_with(&format!("{PATH}/{}", path_part(&id)), "done-session-ended"))
}

/// The page again, with what was wrong with one of its smaller forms.
pub(super) async fn again(web: &Web, signed: &Signed, id: &str, status: &tonic::Status) -> Answer {
    // Whoever sees no such account hears nothing else.
    let account = held(web, signed, id).await?;
    let mut faults = Faults::of(signed, status);
    let page = made(web, signed, &account, &mut faults).await;
    faults.answer(signed, &page)
}

async fn held(web: &Web, signed: &Signed, id: &str) -> Result<Account, Failed> {
    let request = GetAccountRequest { name: format!("accounts/{id}") };
    let held = web.services().people.get_account(signed.ask(request)).await;
    Ok(held.map_err(|status| signed.failed(&status))?.into_inner())
}

pub(super) fn path_of(account: &Account) -> String {
    format!("{PATH}/{}", path_part(account.name.trim_start_matches("accounts/")))
}

fn path_part(id: &str) -> String {
    percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC).to_string().replace("%2D", "-")
}

/// The roles in an order of their own.
fn sorted(account: &Account) -> Vec<(&str, i32)> {
    let mut roles: Vec<(&str, i32)> = account.roles.iter().map(|held| (held.member.as_str(), held.role)).collect();
    roles.sort_unstable();
    roles
}

fn below(web: &Web, signed: &Signed, account: &Account) -> Page {
    let mut page = Page::new(web, signed, Section::Admin, account.display_name.clone());
    page.indexed = false;
    page.here = path_of(account);
    page.trail =
        vec![Crumb::admin(signed.texts), Crumb { path: PATH.to_owned(), name: signed.texts.text("accounts-title") }];
    page
}

async fn made(web: &Web, signed: &Signed, account: &Account, faults: &mut Faults) -> OtherPage {
    let request = ListSessionsRequest { parent: account.name.clone() };
    // Of an account that works for others too, an administrator of one member sees no sessions.
    let sessions = web.services().people.list_sessions(signed.ask(request)).await;
    let sessions = sessions.map(|sessions| sessions.into_inner().sessions).unwrap_or_default();
    let person = signed.person();
    let (own, members) = (person.account == account.name, administered(signed));
    let page = below(web, signed, account);
    let sessions = rows(signed.texts, sessions);
    let provider = web.services().people.provider_named(signed.language());
    let may = (person.node_admin, own);
    let mut made = OtherPage::of(page, account.clone(), provider, sessions, &members, may, faults);
    // What is only told beside the rest keeps nobody from the rest.
    if let Ok(lately) = Lately::of(web, signed).await {
        (made.used, made.failed) =
            (lately.used(signed.texts, &account.name), lately.failed(signed.texts, &account.name));
    }
    made
}

impl OtherPage {
    /// Of an account; `provider`: what people call it, and how it names itself; `may`: whether whoever looks administers the whole server, and whether it is their own.
    pub(in crate::web) fn of(
        page: Page,
        account: Account,
        provider: Option<(&str, &str)>,
        sessions: Vec<SessionRow>,
        members: &[Acting],
        may: (bool, bool),
        faults: &mut Faults,
    ) -> Self {
        let texts = page.texts();
        let node_admin = Field::new("node-admin", texts.text("account-make-node-admin"), Control::Check);
        let node_admin = node_admin.holding(if account.node_admin { "on" } else { "" });
        Self {
            path: path_of(&account),
            created: moment(texts, account.create_time),
            used: String::new(),
            failed: None,
            fields: [
                fields::display_name(texts, &account.display_name, faults),
                fields::language(texts, &account.language, faults),
            ],
            roles: choices(texts, members, &account.roles, None),
            may_administer: may.0,
            node_admin: node_admin.helped(texts.text("account-make-node-admin-help")),
            own: may.1,
            standing: Standing::of(texts, &account, provider),
            subject: provider::subject(texts, faults),
            sessions,
            error: faults.above(),
            account,
            page,
        }
    }
}

impl OtherPage {
    fn sessions_path(&self) -> String {
        format!("{}/sessions/end", self.path)
    }
}

/// The page that asks before an account is deleted.
pub(in crate::web) fn deleting(page: Page, account: &Account) -> AskingPage {
    let names = [("name", account.display_name.as_str()), ("login", account.login.as_str())];
    let (texts, path) = (page.texts(), path_of(account));
    AskingPage {
        action: format!("{path}/delete"),
        lead: texts.fill("account-delete-ask", &names),
        help: texts.text("account-delete-help"),
        etag: String::new(),
        yes: texts.text("account-delete"),
        no: (texts.text("cancel"), path),
        page,
    }
}
