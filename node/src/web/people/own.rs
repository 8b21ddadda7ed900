//! `/account`: one's own name, language, password and sessions; the second factor has pages of its own (`factor`).

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use duikou_proto::v1::account_service_server::AccountService;
use duikou_proto::v1::{
    ChangePasswordRequest, GetMyselfRequest, ListSessionsRequest, Myself, RevokeSessionRequest, UpdateMyselfRequest,
};
use http::header::SET_COOKIE;

use super::super::Web;
use super::super::faults::Faults;
use super::super::forms::Field;
use super::super::layout::{Page, Section};
use super::super::preferences::language_cookie;
use super::super::respond::{Answer, Failed, see_other_with};
use super::super::sent::Sent;
use super::super::signed::Signed;
use super::fields;
use super::provider::{self, Standing};
use super::sessions::{SessionRow, rows};

/// Where it is.
pub(super) const PATH: &str = "/account";

/// So few recovery codes are left that somebody should know.
const FEW: i32 = 3;

/// Which of the forms was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::web) enum Form {
    None,
    Profile,
    Password,
    Factor,
    Identity,
}

/// The page.
#[derive(Template)]
#[template(path = "people/account.html")]
pub(in crate::web) struct AccountPage {
    page: Page,
    login: String,
    has_factor: bool,
    /// How many recovery codes are left, in words.
    codes_left: String,
    codes_few: bool,
    profile: [Field; 2],
    password: Vec<Field>,
    factor: Field,
    standing: Standing,
    identity: Field,
    sessions: Vec<SessionRow>,
    /// The form that was sent, with what is wrong with it as a whole.
    sent: Form,
    error: String,
}

/// Shows it.
pub(super) async fn show(State(web): State<Web>, signed: Signed) -> Answer {
    let page = made(&web, &signed, Form::None, None, &mut Faults::default()).await?;
    signed.page(&page)
}

/// Changes name and language.
pub(super) async fn change(State(web): State<Web>, signed: Signed, sent: Sent) -> Answer {
    let request = UpdateMyselfRequest {
        display_name: Some(sent.line("display-name").to_owned()),
        language: Some(sent.get("language").to_owned()),
    };
    match web.services().people.update_myself(signed.ask(request)).await {
        Ok(changed) => {
            let mut response = see_other_with(PATH, "done-account-changed");
            let cookie = language_cookie(web.cookies(), &changed.into_inner().language);
            response.headers_mut().extend(cookie.map(|cookie| (SET_COOKIE, cookie)));
            Ok(response)
        }
        Err(status) => again(&web, &signed, Form::Profile, Some(&sent), Faults::of(&signed, &status)).await,
    }
}

/// Changes the password. The other sessions end.
pub(super) async fn new_password(State(web): State<Web>, signed: Signed, sent: Sent) -> Answer {
    if let Some(differs) = fields::repeated(signed.texts, &sent) {
        return again(&web, &signed, Form::Password, None, differs).await;
    }
    let request = ChangePasswordRequest {
        old_password: sent.get("old-password").to_owned(),
        new_password: sent.get("new-password").to_owned(),
    };
    match web.services().people.change_password(signed.ask(request)).await {
        Ok(_) => Ok(see_other_with(PATH, "done-password-changed")),
        Err(status) => again(&web, &signed, Form::Password, None, Faults::of(&signed, &status)).await,
    }
}

/// Ends one of one's sessions, or all others.
pub(super) async fn end_session(State(web): State<Web>, signed: Signed, sent: Sent) -> Answer {
    let name = format!("accounts/me/sessions/{}", sent.get("session"));
    let ended = web.services().people.revoke_session(signed.ask(RevokeSessionRequest { name })).await;
    ended.map_err(|status| signed.failed(&status))?;
    Ok(see_other_with(PATH, "done-session-ended"))
}

/// The page again, with what was wrong with one of its forms.
pub(super) async fn again(
    web: &Web,
    signed: &Signed,
    form: Form,
    typed: Option<&Sent>,
    mut faults: Faults,
) -> Result<Response, Failed> {
    let page = made(web, signed, form, typed, &mut faults).await?;
    faults.answer(signed, &page)
}

async fn made(
    web: &Web,
    signed: &Signed,
    form: Form,
    typed: Option<&Sent>,
    faults: &mut Faults,
) -> Result<AccountPage, Failed> {
    let people = &web.services().people;
    let listed = ListSessionsRequest { parent: "accounts/me".to_owned() };
    let (myself, sessions) =
        tokio::join!(people.get_myself(signed.ask(GetMyselfRequest {})), people.list_sessions(signed.ask(listed)));
    let mut myself = myself.map_err(|status| signed.failed(&status))?.into_inner();
    let sessions = sessions.map_err(|status| signed.failed(&status))?.into_inner().sessions;
    if let (Some(typed), Some(account)) = (typed, &mut myself.account) {
        account.display_name = typed.get("display-name").to_owned();
        account.language = typed.get("language").to_owned();
    }
    let mut page = Page::new(web, signed, Section::None, signed.texts.text("account-title"));
    page.here = PATH.to_owned();
    let sessions = rows(signed.texts, sessions);
    Ok(AccountPage::of(page, myself, people.provider_named(signed.language()), sessions, form, faults))
}

impl AccountPage {
    /// What is known of whoever is signed in; `provider`: what people call it, and how it names itself.
    pub(in crate::web) fn of(
        mut page: Page,
        myself: Myself,
        provider: Option<(&str, &str)>,
        sessions: Vec<SessionRow>,
        sent: Form,
        faults: &mut Faults,
    ) -> Self {
        page.indexed = false;
        let texts = page.texts();
        let account = myself.account.unwrap_or_default();
        let mut nothing = Faults::default();
        let mut of = |form: Form| if form == sent { std::mem::take(faults) } else { std::mem::take(&mut nothing) };
        let mut profile_faults = of(Form::Profile);
        let profile = [
            fields::display_name(texts, &account.display_name, &mut profile_faults),
            fields::language(texts, &account.language, &mut profile_faults),
        ];
        let mut password_faults = of(Form::Password);
        let mut password = vec![fields::password(texts, "old-password", &mut password_faults, &["old_password"])];
        password.extend(fields::new_password(texts, &mut password_faults));
        let mut factor_faults = of(Form::Factor);
        let factor = fields::password(texts, "factor-password", &mut factor_faults, &["password"]);
        let mut identity_faults = of(Form::Identity);
        let identity = provider::password(texts, &mut identity_faults);
        let standing = Standing::of(texts, &account, provider);
        *faults = match sent {
            Form::Profile => profile_faults,
            Form::Password => password_faults,
            Form::Factor => factor_faults,
            Form::Identity => identity_faults,
            Form::None => nothing,
        };
        Self {
            page,
            login: account.login,
            has_factor: account.has_factor,
            codes_left: texts.count("factor-codes-left", myself.recovery_codes),
            codes_few: myself.recovery_codes < FEW,
            profile,
            password,
            factor,
            standing,
            identity,
            sessions,
            sent,
            error: faults.above(),
        }
    }

    /// What is wrong with a form as a whole; empty: nothing.
    fn error_of(&self, form: Form) -> &str {
        if self.sent == form { &self.error } else { "" }
    }
}
