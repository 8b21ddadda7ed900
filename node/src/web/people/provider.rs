//! Signing in by the operator's OpenID provider, and connecting an account to it. Browsers follow links there, never the
//! answer to a form: the policy of pages keeps forms on this site, redirects included.

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use duikou_proto::v1::account_service_server::AccountService;
use duikou_proto::v1::{Account, BindIdentityRequest, UnbindIdentityRequest};
use http::HeaderMap;
use http::header::SET_COOKIE;
use tonic::Status;
use zeroize::Zeroizing;

use super::super::Web;
use super::super::catalogue::Texts;
use super::super::faults::Faults;
use super::super::forms::{Control, Field};
use super::super::layout::{Crumb, Page, Section};
use super::super::respond::{Answer, see_other, see_other_with, unkept};
use super::super::returning::Waiting;
use super::super::sent::Sent;
use super::super::signed::Signed;
use super::super::visitor::Visitor;
use super::own::{self, Form};
use super::sessions::moment;
use super::sign_in::{self, SignInPage};
use super::{account, fields};
use crate::http::{Problem, cookie};
use crate::limits;
use crate::openid::{Leaving, Returning};
use crate::services::{Came, TurnedBack};

/// Where a link leads that leads to the provider.
pub(super) const PATH: &str = "/sign-in/provider";

/// The page from which somebody goes to the provider, after their password.
#[derive(Template)]
#[template(path = "people/provider.html")]
pub(in crate::web) struct ProviderPage {
    page: Page,
    label: String,
    url: String,
}

/// Whom a provider vouches for, as people see it.
pub(in crate::web) struct IdentityRow {
    pub(in crate::web) issuer: String,
    pub(in crate::web) subject: String,
    pub(in crate::web) since: String,
}

/// How an account stands with the provider.
pub(in crate::web) struct Standing {
    /// What people call it; empty: there is none.
    pub(in crate::web) label: String,
    pub(in crate::web) rows: Vec<IdentityRow>,
    /// Whether it can be connected.
    pub(in crate::web) open: bool,
}

impl Standing {
    /// Of an account, with what this server's provider is called and names itself.
    pub(in crate::web) fn of(texts: Texts, account: &Account, provider: Option<(&str, &str)>) -> Self {
        let rows = account.identities.iter().map(|identity| IdentityRow {
            issuer: identity.issuer.clone(),
            subject: identity.subject.clone(),
            since: moment(texts, identity.bind_time),
        });
        let rows: Vec<IdentityRow> = rows.collect();
        let open = provider.is_some_and(|(_, issuer)| rows.iter().all(|row| row.issuer != issuer));
        Self { label: provider.map(|(label, _)| label.to_owned()).unwrap_or_default(), rows, open }
    }

    /// Whether there is anything to be shown.
    pub(in crate::web) fn is_shown(&self) -> bool {
        !self.label.is_empty() || !self.rows.is_empty()
    }
}

/// The field for a subject that an administrator types.
pub(super) fn subject(texts: Texts, faults: &mut Faults) -> Field {
    let field = Field::new("subject", texts.text("identity-subject"), Control::Line("text"));
    let field = Field { required: true, autocomplete: "off", longest: Some(limits::OPENID_SUBJECT_CHARS), ..field };
    faults.beside(field.helped(texts.text("identity-subject-help")), &["subject"])
}

/// Leads somebody to the provider to sign in.
pub(super) async fn leave(State(web): State<Web>, visitor: Visitor, RawQuery(query): RawQuery) -> Answer {
    let query = Sent::read(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    let back = sign_in::back_of(query.get("back"));
    if visitor.signed_in().is_some() {
        return Ok(see_other(back));
    }
    match web.services().people.leave_to_sign_in(visitor.ask(back.to_owned())).await {
        Ok(leaving) => Ok(remembering(&web, see_other(&leaving.url), &leaving)),
        Err(status) => SignInPage::new(&web, &visitor, back, Waiting::default()).turned_back(&visitor, &status),
    }
}

/// Takes whoever the provider sends back.
pub(super) async fn arrive(
    State(web): State<Web>,
    visitor: Visitor,
    signed: Result<Signed, Response>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Answer {
    let query = Sent::read(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    let returning = Returning {
        secret: cookie(&headers, web.cookies().provider_name()).map(Zeroizing::new),
        code: query.get("code").to_owned(),
        state: query.get("state").to_owned(),
        issuer: query.get("iss").to_owned(),
        error: query.get("error").to_owned(),
    };
    let mut response = match (web.services().people.come_back(visitor.ask(returning)).await, signed) {
        (Ok(Came::Connected), _) => see_other_with(own::PATH, "done-identity-bound"),
        (Ok(Came::In { told, back }), _) => sign_in::entered(&web, &visitor, *told, &back, Waiting::default()).await?,
        (Err(TurnedBack { why, .. }), Ok(signed)) => {
            return own::again(&web, &signed, Form::Identity, None, Faults::of(&signed, &why)).await.map(unkept);
        }
        (Err(TurnedBack { why, back }), Err(_)) => {
            let page = SignInPage::new(&web, &visitor, sign_in::back_of(&back), Waiting::default());
            return page.turned_back(&visitor, &why).map(unkept);
        }
    };
    let used = web.cookies().forget(web.cookies().provider_name());
    response.headers_mut().extend(used.map(|cookie| (SET_COOKIE, cookie)));
    Ok(unkept(response))
}

/// Begins to connect somebody's own account: the password first, then the page that leads on.
pub(super) async fn connect(State(web): State<Web>, signed: Signed, sent: Sent) -> Answer {
    let people = &web.services().people;
    let password = Zeroizing::new(sent.get("identity-password").to_owned());
    match people.leave_to_connect(signed.ask(password)).await {
        Ok(leaving) => {
            let label = people.provider_named(signed.language()).map_or("", |(label, _)| label);
            let mut page = Page::new(&web, &signed, Section::None, String::new());
            page.here = own::PATH.to_owned();
            page.trail = vec![Crumb { path: own::PATH.to_owned(), name: signed.texts.text("account-title") }];
            let response = signed.page(&ProviderPage::of(page, label, &leaving.url))?;
            Ok(remembering(&web, unkept(response), &leaving))
        }
        Err(status) => own::again(&web, &signed, Form::Identity, None, Faults::of(&signed, &status)).await,
    }
}

/// Disconnects somebody's own account.
pub(super) async fn disconnect(State(web): State<Web>, signed: Signed, sent: Sent) -> Answer {
    let password = Zeroizing::new(sent.get("identity-password").to_owned());
    let request = signed.ask((sent.get("issuer").to_owned(), password));
    match web.services().people.disconnect(request).await {
        Ok(()) => Ok(see_other_with(own::PATH, "done-identity-unbound")),
        Err(status) => own::again(&web, &signed, Form::Identity, None, Faults::of(&signed, &status)).await,
    }
}

/// Connects somebody else's account to the subject that an administrator types.
pub(super) async fn bind(State(web): State<Web>, signed: Signed, Path(id): Path<String>, sent: Sent) -> Answer {
    let request = BindIdentityRequest { name: format!("accounts/{id}"), subject: sent.line("subject").to_owned() };
    match web.services().people.bind_identity(signed.ask(request)).await {
        Ok(bound) => Ok(see_other_with(&account::path_of(&bound.into_inner()), "done-identity-bound")),
        Err(status) => account::again(&web, &signed, &id, &status).await,
    }
}

/// Disconnects somebody else's account.
pub(super) async fn unbind(State(web): State<Web>, signed: Signed, Path(id): Path<String>, sent: Sent) -> Answer {
    let request = UnbindIdentityRequest { name: format!("accounts/{id}"), issuer: sent.get("issuer").to_owned() };
    match web.services().people.unbind_identity(signed.ask(request)).await {
        Ok(left) => Ok(see_other_with(&account::path_of(&left.into_inner()), "done-identity-unbound")),
        Err(status) => account::again(&web, &signed, &id, &status).await,
    }
}

/// `response`, with which the browser gets what it shows when it comes back.
fn remembering(web: &Web, mut response: Response, leaving: &Leaving) -> Response {
    let seconds = u32::try_from(limits::OPENID_FLOW.as_secs()).unwrap_or(u32::MAX);
    let cookie = web.cookies().set(web.cookies().provider_name(), &leaving.secret, Some(seconds));
    response.headers_mut().extend(cookie.map(|cookie| (SET_COOKIE, cookie)));
    response
}

/// The password with which one's own account is connected or disconnected.
pub(super) fn password(texts: Texts, faults: &mut Faults) -> Field {
    fields::password(texts, "identity-password", faults, &["password"])
}

impl SignInPage {
    /// With why the provider has brought nobody.
    fn turned_back(self, visitor: &Visitor, why: &Status) -> Answer {
        self.here().refused(visitor, &Problem::of(why, visitor.language()))
    }
}

impl ProviderPage {
    /// To the provider that people call so.
    pub(in crate::web) fn of(mut page: Page, label: &str, url: &str) -> Self {
        page.indexed = false;
        page.title = page.texts().about("identity-connect-to", label);
        Self { page, label: label.to_owned(), url: url.to_owned() }
    }
}
