//! `/sign-in`: login and password, then the code where there is a second factor. Whoever comes with a form that could not
//! be taken without a session takes it along: it waits in the page, and is sent on afterwards.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use duikou_proto::v1::account_service_server::AccountService;
use duikou_proto::v1::{SignInRequest, SignInResponse, SignOutRequest};
use http::StatusCode;
use http::header::{RETRY_AFTER, SET_COOKIE};

use super::super::Web;
use super::super::forms::{Control, Field};
use super::super::layout::{Page, Section};
use super::super::preferences::language_cookie;
use super::super::respond::{Answer, local_path, see_other};
use super::super::returning::Waiting;
use super::super::sent::Sent;
use super::super::signed::SIGN_IN;
use super::super::visitor::Visitor;
use super::session::showing;
use super::{provider, reader};
use crate::http::Problem;

/// Begins the names of fields that wait.
const WAITING: &str = "waiting.";
/// Characters that a field of this page takes.
const LONGEST: usize = 200;

/// The page on which people sign in.
#[derive(Template)]
#[template(path = "people/sign-in.html")]
pub(in crate::web) struct SignInPage {
    page: Page,
    /// Where they go on.
    back: String,
    /// What waits meanwhile.
    waiting: Waiting,
    /// Why they are here; empty: they wanted to.
    why: String,
    /// What was wrong; empty: nothing.
    error: String,
    /// Stands for a password that was right; empty: it is asked for.
    challenge: String,
    fields: Vec<Field>,
    /// What leads to the provider, in words; empty: there is none.
    provider: String,
    /// Whether enterprises are registered here, and read by their tokens.
    registers: bool,
}

/// The page after it, for whoever has a form that waits.
#[derive(Template)]
#[template(path = "people/send-on.html")]
pub(in crate::web) struct SendOnPage {
    page: Page,
    waiting: Waiting,
}

/// Shows the page.
pub(super) async fn show(State(web): State<Web>, visitor: Visitor, RawQuery(query): RawQuery) -> Answer {
    let query = Sent::read(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    let back = back_of(query.get("back"));
    if visitor.signed_in().is_some() {
        return Ok(see_other(back));
    }
    let why = why(&visitor, back != "/");
    let typed =
        SignInRequest { login: query.line("login").chars().take(LONGEST).collect(), ..SignInRequest::default() };
    let page = SignInPage::new(&web, &visitor, back, Waiting::default()).holding(&visitor, &typed);
    visitor.page(&SignInPage { why, ..page })
}

/// The page in place of one for which people have to be signed in; `waiting` is the form that they sent, where it could
/// be kept.
pub(in crate::web) fn instead(web: &Web, visitor: &Visitor, waiting: Option<Waiting>) -> Response {
    let why = match &waiting {
        Some(_) if visitor.was_signed_in() => "sign-in-ended-kept",
        Some(_) => "sign-in-needed-kept",
        None => "sign-in-files-lost",
    };
    let back = match &waiting {
        Some(waiting) => waiting.path.clone(),
        // Where a form with files stands is not known; its part of the site is.
        None => format!("/{}", visitor.here.trim_start_matches('/').split(['/', '?']).next().unwrap_or_default()),
    };
    let page = SignInPage::new(web, visitor, back_of(&back), waiting.unwrap_or_default());
    let page = SignInPage { why: visitor.texts.text(why), ..page };
    visitor.page_with(StatusCode::UNAUTHORIZED, &page).unwrap_or_else(IntoResponse::into_response)
}

/// Takes login and password, or a code.
pub(super) async fn enter(State(web): State<Web>, visitor: Visitor, sent: Sent) -> Answer {
    let back = back_of(sent.get("back"));
    let waiting = waiting_in(&sent);
    let page = SignInPage::new(&web, &visitor, back, waiting.clone());
    let request = SignInRequest {
        login: sent.line("login").to_owned(),
        password: sent.get("password").to_owned(),
        code: sent.get("code").split_whitespace().collect(),
        challenge: sent.get("challenge").to_owned(),
    };
    if !sent.get("again").is_empty() {
        return visitor.page(&page);
    }
    let again = page.holding(&visitor, &request);
    let answer = match web.services().people.sign_in(visitor.ask(request)).await {
        Ok(answer) => answer.into_inner(),
        Err(status) => return again.refused(&visitor, &Problem::of(&status, visitor.language())),
    };
    entered(&web, &visitor, answer, back, waiting).await
}

/// Lets somebody in who has proven who they are, or asks for their code.
pub(super) async fn entered(
    web: &Web,
    visitor: &Visitor,
    answer: SignInResponse,
    back: &str,
    waiting: Waiting,
) -> Answer {
    if !answer.challenge.is_empty() {
        let page = SignInPage::new(web, visitor, back, waiting).here();
        return visitor.page(&page.asking_for_a_code(visitor, answer.challenge));
    }
    if visitor.signed_in().is_some() {
        // Nothing is left behind of whoever was there before.
        let ended = web.services().people.sign_out(visitor.ask(SignOutRequest {})).await;
        ended.map_err(|status| visitor.failed(&status))?;
    }
    let response = match waiting.path.is_empty() {
        true => see_other(back),
        false => send_on(web, visitor, waiting)?,
    };
    let mut response = showing(web, response, &answer.secret);
    let language = answer.account.and_then(|account| language_cookie(web.cookies(), &account.language));
    response.headers_mut().extend(language.map(|cookie| (SET_COOKIE, cookie)));
    Ok(response)
}

/// The page from which whoever looks sends on what waited.
pub(super) fn send_on(web: &Web, visitor: &Visitor, waiting: Waiting) -> Answer {
    let mut page = Page::new(web, visitor, Section::None, visitor.texts.text("send-on-title"));
    page.indexed = false;
    visitor.page(&SendOnPage { page, waiting })
}

/// Where somebody goes on: a page of this site, and not this one.
pub(super) fn back_of(text: &str) -> &str {
    let back = local_path(text);
    if back.starts_with(SIGN_IN) { "/" } else { back }
}

/// The form that waits.
pub(super) fn waiting_in(sent: &Sent) -> Waiting {
    let path = sent.get("waiting-path");
    if path.is_empty() {
        return Waiting::default();
    }
    let fields = sent.fields().iter().filter_map(|(name, value)| Some((name.strip_prefix(WAITING)?, value)));
    Waiting {
        path: local_path(path).to_owned(),
        fields: fields.map(|(name, value)| (name.to_owned(), value.clone())).collect(),
    }
}

fn why(visitor: &Visitor, sent_here: bool) -> String {
    match (visitor.was_signed_in(), sent_here) {
        (true, _) => visitor.texts.text("sign-in-ended"),
        (false, true) => visitor.texts.text("sign-in-needed"),
        (false, false) => String::new(),
    }
}

impl SignInPage {
    pub(super) fn new(web: &Web, visitor: &Visitor, back: &str, waiting: Waiting) -> Self {
        let page = Page::new(web, visitor, Section::None, visitor.texts.text("sign-in-title"));
        let page = Self { registers: web.engine().identity().carrier, ..Self::of(page, back, waiting) };
        let provider = web.services().people.provider_named(visitor.language());
        match provider {
            Some((label, _)) => page.by(label),
            None => page,
        }
    }

    /// The page, from which a link leads to the provider that people call so.
    pub(in crate::web) fn by(mut self, label: &str) -> Self {
        self.provider = self.page.texts().about("sign-in-by", label);
        self
    }

    /// The page of a server where enterprises are registered.
    #[cfg(any(test, feature = "samples"))]
    pub(in crate::web) fn registering(self) -> Self {
        Self { registers: true, ..self }
    }

    /// The page at its own address, where it is shown at another that nobody is to open again.
    pub(super) fn here(mut self) -> Self {
        self.page.here = SIGN_IN.to_owned();
        self
    }

    /// A way in that leads on to the same page.
    fn way(&self, path: &str) -> String {
        let back: String = form_urlencoded::byte_serialize(self.back.as_bytes()).collect();
        format!("{path}?back={back}")
    }

    /// Where that link leads.
    fn provider_path(&self) -> String {
        self.way(provider::PATH)
    }

    /// Where registered enterprises go.
    fn reader_path(&self) -> String {
        self.way(reader::PATH)
    }

    /// The page with nothing typed.
    pub(in crate::web) fn of(mut page: Page, back: &str, waiting: Waiting) -> Self {
        page.indexed = false;
        let texts = page.texts();
        let field = |name, label: &str, kind, autocomplete| Field {
            required: true,
            autocomplete,
            longest: Some(LONGEST),
            ..Field::new(name, texts.text(label), Control::Line(kind))
        };
        let fields = vec![
            Field { focused: true, ..field("login", "sign-in-login", "text", "username") },
            field("password", "sign-in-password", "password", "current-password"),
        ];
        Self {
            page,
            back: back.to_owned(),
            waiting,
            why: String::new(),
            error: String::new(),
            challenge: String::new(),
            fields,
            provider: String::new(),
            registers: false,
        }
    }

    /// With what was typed, the password excepted, which is then what is to be typed.
    fn holding(mut self, visitor: &Visitor, request: &SignInRequest) -> Self {
        if let [login, password] = &mut *self.fields {
            login.value = request.login.clone();
            (login.focused, password.focused) = (request.login.is_empty(), !request.login.is_empty());
        }
        if request.challenge.is_empty() { self } else { self.asking_for_a_code(visitor, request.challenge.clone()) }
    }

    /// The second step.
    pub(in crate::web) fn asking_for_a_code(mut self, visitor: &Visitor, challenge: String) -> Self {
        let code = Field::new("code", visitor.texts.text("sign-in-code"), Control::Line("text"));
        let code = code.helped(visitor.texts.text("sign-in-code-help"));
        let code = Field { required: true, focused: true, longest: Some(LONGEST), ..code };
        self.fields = vec![Field { autocomplete: "one-time-code", ..code }];
        self.challenge = challenge;
        self
    }

    /// With what was wrong.
    pub(in crate::web) fn faulted(mut self, error: String) -> Self {
        // The focus is not where it is said, so what has the focus tells it.
        for field in self.fields.iter_mut().filter(|field| field.focused) {
            field.described = "refused";
        }
        Self { error, ..self }
    }

    pub(super) fn refused(self, visitor: &Visitor, problem: &Problem) -> Answer {
        let violations: Vec<&str> = problem.violations().map(|(_, text)| text).collect();
        let error = if violations.is_empty() { problem.detail().to_owned() } else { violations.join(" ") };
        let mut response = visitor.page_with(problem.status(), &self.faulted(error))?;
        response.headers_mut().extend(problem.retry_after().map(|wait| (RETRY_AFTER, wait)));
        Ok(response)
    }
}

#[cfg(any(test, feature = "samples"))]
impl SendOnPage {
    /// The page.
    pub(in crate::web) fn of(page: Page, waiting: Waiting) -> Self {
        Self { page, waiting }
    }
}

#[cfg(test)]
mod tests {
    use duikou_proto::language::Language;

    use super::super::super::visitor::Theme;
    use super::*;
    use crate::config::Site;

    #[test]
    fn a_form_that_waits_comes_through_whole() {
        let sent =
            Sent::read(b"login=a&waiting-path=%2Fdrafts%3Fa%3D1&waiting.title=%E8%8C%B6&waiting.title=b&title=c")
                .unwrap();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let fields = vec![pair("title", "茶"), pair("title", "b")];
        assert_eq!(waiting_in(&sent), Waiting { path: "/drafts?a=1".to_owned(), fields });
        let elsewhere = Sent::read(b"waiting-path=%2F%2Felsewhere.example&waiting.a=1").unwrap();
        assert_eq!(waiting_in(&elsewhere).path, "/", "forms are sent on to this site alone");
        assert_eq!(waiting_in(&Sent::read(b"login=a").unwrap()), Waiting::default());
    }

    #[test]
    fn what_is_to_be_typed_next_has_the_focus() {
        let visitor = Visitor::sample(Language::Zh, Theme::Auto, SIGN_IN);
        let page = || {
            let base = "https://duikou.example".to_owned();
            let page =
                Page::plain(&visitor, Site::default(), base, "n.example".to_owned(), Section::None, String::new());
            SignInPage::of(page, "/", Waiting::default())
        };
        let focused = |page: SignInPage| {
            let html = page.render().unwrap();
            let inputs = html.split("<input ").filter(|input| input.split('>').next().unwrap().contains(" autofocus"));
            let ids = inputs.map(|input| input.split("id=\"").nth(1).unwrap().split('"').next().unwrap().to_owned());
            ids.collect::<Vec<String>>()
        };
        let typed = |login: &str| SignInRequest { login: login.to_owned(), ..SignInRequest::default() };
        assert_eq!(focused(page()), ["login"]);
        assert_eq!(focused(page().holding(&visitor, &typed(""))), ["login"]);
        assert_eq!(focused(page().holding(&visitor, &typed("ann")).faulted("wrong".to_owned())), ["password"]);
        assert_eq!(focused(page().asking_for_a_code(&visitor, "x".to_owned())), ["code"]);
    }

    #[test]
    fn nobody_goes_on_to_where_they_are() {
        assert_eq!(back_of("/sign-in?back=%2Fsign-in"), "/");
        assert_eq!(back_of("/drafts"), "/drafts");
        assert_eq!(back_of("https://elsewhere.example"), "/");
    }
}
