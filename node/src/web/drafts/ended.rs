//! What the member's own listings said that have ended: one of them at its old address, for the member's people alone, and
//! what lists say of it.

use askama::Template;
use duikou_proto::name::RecordName;
use duikou_proto::v1::{Listing, WithdrawalReason};

use super::super::Web;
use super::super::catalogue::Texts;
use super::super::format;
use super::super::layout::{Crumb, Page, Section};
use super::super::people::trail_of;
use super::super::reading::{Names, audience_of, done_by};
use super::super::respond::Answer;
use super::super::signed::Signed;
use super::super::visitor::Visitor;
use super::shown::Shown;
use crate::accounts::Role;
use crate::services::EndedListing;

/// What was done to a listing at last is among so many things.
const LOOKED: usize = 4;

/// One of them.
#[derive(Template)]
#[template(path = "drafts/gone.html")]
pub(super) struct GonePage {
    page: Page,
    lead: String,
    facts: Vec<(String, String)>,
    shown: Shown,
    /// Where another one is begun with what it said.
    copy: String,
    /// Where all that was done to it stands; empty: not for whoever looks.
    trail: String,
}

/// The page of a listing that is no longer there for readers, for those who may write for its member; None for others, and
/// where nothing of it is kept.
pub(in super::super) async fn ended(web: &Web, visitor: &Visitor, name: &str) -> Option<Answer> {
    visitor.signed_in()?;
    visitor.at_least(Role::Editor).ok()?;
    let ended = web.services().listings.ended(visitor.ask(name.to_owned())).await.ok()?;
    let title = ended.listing.listing.as_ref().map(|listing| listing.title.clone()).unwrap_or_default();
    let who = ended_by(web, visitor, &ended.listing.name).await;
    let page = Page::new(web, visitor, Section::Drafts, title);
    let names = Names::new(web, visitor);
    let audience = audience_of(visitor.texts, &names, &ended.listing.scopes);
    let trail = trail_of(visitor, &ended.listing.name);
    Some(visitor.page(&GonePage::of(page, &ended, who, audience).with_trail(trail)))
}

impl GonePage {
    pub(super) fn of(mut page: Page, ended: &EndedListing, who: String, audience: String) -> Self {
        let texts = page.texts();
        page.indexed = false;
        page.trail = vec![
            Crumb { path: "/drafts/published".to_owned(), name: texts.text("published-title") },
            Crumb { path: path_of(ended.reason), name: name_of(texts, ended.reason) },
        ];
        let time = format::moment(texts.language(), &format::in_china(ended.end_time.seconds));
        let mut facts = vec![(name_of(texts, ended.reason), time)];
        if !who.is_empty() {
            facts.push((texts.text("gone-by"), who));
        }
        facts.push((texts.text("audience"), audience));
        Self {
            lead: texts.text("gone-lead"),
            facts,
            shown: Shown::of(texts, &ended.listing),
            copy: copy_of(&ended.listing),
            trail: String::new(),
            page,
        }
    }
}

impl GonePage {
    /// For those who may read all that was done to it.
    pub(super) fn with_trail(self, trail: String) -> Self {
        Self { trail, ..self }
    }
}

/// Where the list of those that ended for a reason is.
fn path_of(reason: WithdrawalReason) -> String {
    format!("/drafts/published?ended={}", word_of(reason))
}

/// How addresses call a reason.
pub(super) fn word_of(reason: WithdrawalReason) -> &'static str {
    REASONS.iter().find(|(_, known, _)| *known == reason).map_or("withdrawn", |(word, ..)| word)
}

/// What its tab says.
pub(super) fn name_of(texts: Texts, reason: WithdrawalReason) -> String {
    let id = REASONS.iter().find(|(_, known, _)| *known == reason).map_or("gone-withdrawn", |(.., id)| id);
    texts.text(id)
}

/// Reasons for which listings end, as addresses and tabs have them.
pub(super) const REASONS: [(&str, WithdrawalReason, &str); 3] = [
    ("filled", WithdrawalReason::Filled, "gone-filled"),
    ("withdrawn", WithdrawalReason::Withdrawn, "gone-withdrawn"),
    ("expired", WithdrawalReason::Expired, "gone-expired"),
];

/// Where another listing is begun with what this one said.
pub(super) fn copy_of(listing: &Listing) -> String {
    let name: String = form_urlencoded::byte_serialize(listing.name.as_bytes()).collect();
    format!("/drafts/new?from={name}")
}

/// Who ended a listing; empty where nobody here has, or nobody knows.
pub(super) async fn ended_by(web: &Web, visitor: &Visitor, name: &str) -> String {
    let Ok(name) = RecordName::parse(name, &web.engine().identity().network) else { return String::new() };
    let done = web.services().audits.history(visitor.ask((name, LOOKED))).await.unwrap_or_default();
    let withdrawn = done.into_iter().find(|done| done.entry.action == "listing.withdraw");
    let Some(done) = withdrawn else { return String::new() };
    done_by(web, visitor.texts, &done.entry.actor).await
}

/// What a list says of one that has ended: why, when, and who did it.
pub(super) async fn said(web: &Web, signed: &Signed, ended: &EndedListing) -> String {
    let who = match ended.reason {
        // Nobody does what time does.
        WithdrawalReason::Expired => String::new(),
        _ => ended_by(web, signed, &ended.listing.name).await,
    };
    let texts = signed.texts;
    let time = format::moment(texts.language(), &format::in_china(ended.end_time.seconds));
    said_of(texts, ended.reason, &time, &who)
}

/// The same in words.
pub(super) fn said_of(texts: Texts, reason: WithdrawalReason, time: &str, who: &str) -> String {
    let what = name_of(texts, reason);
    match who {
        "" => texts.fill("gone-when", &[("what", &what), ("time", time)]),
        who => texts.fill("gone-when-by", &[("what", &what), ("time", time), ("who", who)]),
    }
}
