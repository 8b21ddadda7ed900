//! Somebody who is signed in, as pages know them, and what becomes of those who are not where that is needed: whoever
//! opens a page is led to sign in and back; whoever sends a form signs in first, and what was typed is kept in the page
//! (`returning`).

use std::ops::Deref;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use duikou_proto::language::{Language, Text};
use duikou_proto::name::MemberId;
use http::StatusCode;
use http::request::Parts;
use tonic::Code;

use super::Web;
use super::catalogue::Texts;
use super::problems::wants_page;
use super::respond::{Failed, see_other};
use super::visitor::{Visitor, visitor_of};
use crate::accounts::{Person, Refusal, Role};
use crate::engine::Engine;
use crate::http::{OTHER_MEMBER, Problem};
use crate::services::Failure;

/// Where people sign in.
pub(super) const SIGN_IN: &str = "/sign-in";
/// The field of a form that says for whom it was opened.
pub(super) const FOR: &str = "for";

/// Whoever is signed in.
#[derive(Debug, Clone)]
pub(crate) struct SignedPerson {
    /// The account's resource name.
    pub(crate) account: String,
    pub(crate) display_name: String,
    /// Whom they act for; None: the whole server, as its administrator.
    pub(crate) member: Option<MemberId>,
    /// The same in words.
    pub(crate) member_name: String,
    /// What they may do there.
    pub(crate) role: Role,
    /// Whether they administer the whole server.
    pub(crate) node_admin: bool,
    /// All whom they can act for.
    pub(crate) members: Vec<Acting>,
}

/// Whom somebody can act for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Acting {
    /// Full id of the member; empty: the whole server.
    pub(crate) id: String,
    pub(crate) name: String,
}

impl SignedPerson {
    pub(super) fn new(web: &Web, texts: Texts, person: &Person) -> Self {
        let engine = web.engine();
        let named = |member: &MemberId| member_name(engine, texts.language(), member);
        let server = texts.text("acting-server");
        let mut members: Vec<Acting> = web
            .accounts()
            .members_of(&person.account)
            .iter()
            .map(|member| Acting { id: member.to_string(), name: named(member) })
            .collect();
        if person.account.node_admin {
            members.push(Acting { id: String::new(), name: server.clone() });
        }
        Self {
            account: person.account.name(),
            display_name: person.account.display_name.clone(),
            member: person.member.clone(),
            member_name: person.member.as_ref().map_or(server, named),
            role: person.role,
            node_admin: person.account.node_admin,
            members,
        }
    }

    /// The account's id.
    pub(crate) fn account_id(&self) -> &str {
        self.account.strip_prefix("accounts/").unwrap_or(&self.account)
    }

    /// The field of a form that writes for whom they act, HTML: it writes for nobody else, for whomever the session acts by
    /// then ([`is_theirs`]).
    pub(crate) fn whose(&self) -> String {
        whose(self.member.as_ref().map_or("", |member| member.as_str()))
    }

    /// Whether they act for this one of those whom they can act for.
    pub(crate) fn acts_for(&self, acting: &Acting) -> bool {
        self.member.as_ref().map_or(acting.id.is_empty(), |member| member.as_str() == acting.id)
    }
}

/// A member's name in the reader's language; its id where the directory has none.
pub(crate) fn member_name(engine: &Engine, language: Language, member: &MemberId) -> String {
    engine.directory().member(member).map_or_else(
        || member.to_string(),
        |member| match language {
            Language::Zh => member.name_zh.clone(),
            Language::En => member.name_en.clone(),
        },
    )
}

/// The field of a form that writes for `member` and for nobody else, HTML; empty: for the whole server.
pub(super) fn whose(member: &str) -> String {
    // The names of members hold nothing that means something there.
    format!("<input type=\"hidden\" name=\"{FOR}\" value=\"{member}\">")
}

/// Why nothing is done that was begun for `member` (empty: the whole server) by somebody who acts for another one by now;
/// None: they could not act for it, and are told no more than others.
pub(super) fn other_member(visitor: &Visitor, member: &str) -> Option<Failed> {
    let person = visitor.signed_in()?;
    let opened = person.members.iter().find(|acting| acting.id == member)?;
    let (then, now) = (&opened.name, &person.member_name);
    let text = Text::new(
        format!("此页面属于“{then}”，您现在代表“{now}”，因此没有作任何更改。请切换回“{then}”后再操作。"),
        format!("This page is {then}’s and you act for {now} now, so nothing was changed: act for {then} again first."),
    );
    Some(Failed(Problem::other_member(&text, member, visitor.language())))
}

/// Refuses a form that was opened for another member (empty: for the whole server) than the one for whom whoever sends it
/// acts by now.
pub(super) fn is_theirs(visitor: &Visitor, opened: &str) -> Result<(), Failed> {
    match visitor.signed_in() {
        Some(person) if opened != person.member.as_ref().map_or("", |member| member.as_str()) => {
            Err(other_member(visitor, opened).unwrap_or_else(|| not_theirs(visitor)))
        }
        _ => Ok(()),
    }
}

/// The same to somebody who cannot act for it, as after another one has signed in here.
fn not_theirs(visitor: &Visitor) -> Failed {
    let text = Text::new(
        "此页面是为另一个单位打开的，您不能代表该单位，因此没有作任何更改。请从导航重新打开页面。",
        "This page was opened for another office, for which you cannot act, so nothing was changed: open it anew.",
    );
    let status = StatusCode::CONFLICT;
    Failed(Problem::new(status, Code::FailedPrecondition, OTHER_MEMBER, &text, visitor.language()))
}

/// A visitor who is signed in. Others do not come as far as the handler.
#[derive(Debug, Clone)]
pub(crate) struct Signed {
    visitor: Visitor,
    person: Arc<SignedPerson>,
}

impl Signed {
    /// Who it is.
    pub(crate) fn person(&self) -> &SignedPerson {
        &self.person
    }

    /// Refuses whoever has no such role for the member that they act for. What they may do is for the services to say;
    /// this spares them a page on which nothing would work.
    ///
    /// # Errors
    /// PERMISSION_DENIED where they have not.
    pub(crate) fn at_least(&self, role: Role) -> Result<(), Failed> {
        self.visitor.at_least(role)
    }
}

impl Deref for Signed {
    type Target = Visitor;

    fn deref(&self) -> &Visitor {
        &self.visitor
    }
}

/// Marks the answer to a form of somebody who has to sign in first.
#[derive(Debug, Clone, Copy)]
pub(super) struct SignInFirst;

impl FromRequestParts<Web> for Signed {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Response> {
        let visitor = visitor_of(parts, web).await;
        if let Some(person) = visitor.person() {
            return Ok(Self { visitor, person });
        }
        if !wants_page(&parts.headers) {
            let ended = Failure::Account(Refusal::SessionEnded);
            let failure = if visitor.was_signed_in() { ended } else { Failure::SessionRequired };
            return Err(visitor.failed(&failure.status(visitor.language())).into_response());
        }
        if parts.method.is_safe() {
            return Err(see_other(&sign_in_path(&visitor.here)));
        }
        let mut first = Response::new(Body::empty());
        *first.status_mut() = StatusCode::UNAUTHORIZED;
        first.extensions_mut().insert(SignInFirst);
        Err(first)
    }
}

/// Where somebody signs in who then goes on to `back`.
pub(super) fn sign_in_path(back: &str) -> String {
    format!("{SIGN_IN}?back={}", form_urlencoded::byte_serialize(back.as_bytes()).collect::<String>())
}

#[cfg(any(test, feature = "samples"))]
impl SignedPerson {
    /// Somebody of Bijie.
    pub(crate) fn sample(language: Language, role: Role) -> Self {
        let name = |zh: &str, en: &str| match language {
            Language::Zh => zh.to_owned(),
            Language::En => en.to_owned(),
        };
        let acting = |id: &str, name: String| Acting { id: format!("{id}.pprd.example"), name };
        let member: MemberId = "bijie.pprd.example".parse().expect("valid");
        Self {
            account: "accounts/0190b5c4-7f2e-7c3e-9d5e-1f2a3b4c5d6e".to_owned(),
            display_name: name("李<明>", "Li <Ming>"),
            member: Some(member),
            member_name: name("毕节市", "Bijie"),
            role,
            node_admin: false,
            members: vec![acting("bijie", name("毕节市", "Bijie")), acting("zunyi", name("遵义市", "Zunyi"))],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::visitor::Theme;
    use super::*;

    fn visitor() -> Visitor {
        Visitor::signed_sample(Language::Zh, Theme::Auto, "/drafts", Role::Editor)
    }

    #[test]
    fn a_form_is_taken_for_the_member_for_whom_it_was_opened_and_for_no_other() {
        assert_eq!(
            SignedPerson::sample(Language::Zh, Role::Editor).whose(),
            "<input type=\"hidden\" name=\"for\" value=\"bijie.pprd.example\">"
        );
        assert!(is_theirs(&visitor(), "bijie.pprd.example").is_ok());
        let Failed(problem) = is_theirs(&visitor(), "zunyi.pprd.example").unwrap_err();
        assert_eq!((problem.reason(), problem.member()), ("OTHER_MEMBER", Some("zunyi.pprd.example")));
        assert!(problem.detail().contains("遵义市") && problem.detail().contains("毕节市"), "{}", problem.detail());
        // Of those for whom they cannot act nothing is told, not even a name.
        for other in ["elsewhere.example", ""] {
            let Failed(problem) = is_theirs(&visitor(), other).unwrap_err();
            assert_eq!((problem.reason(), problem.member()), ("OTHER_MEMBER", None), "{other}");
            assert!(!problem.detail().contains("elsewhere"));
        }
    }
}
