//! Who will see a listing and who will not, by their names, and what those see who only carry it: said before anything is
//! sent.

use duikou_proto::directory::MemberState;
use duikou_proto::scope::{Scope, ScopeSet};
use duikou_proto::v1::DraftDifference;

use super::super::catalogue::Texts;
use super::super::reading::{Names, audience_of};
use super::desk::Desk;
use crate::drafts;

/// Members that are named on each side; a network has fewer.
const NAMED: usize = 200;

/// See the module.
pub(super) struct Audience {
    /// In words.
    pub(super) scopes: String,
    /// Everybody else, beside members.
    pub(super) beyond: Vec<String>,
    /// Members by their names.
    pub(super) sees: String,
    pub(super) sees_not: String,
    /// What whoever carries it sees.
    pub(super) carriers: String,
    /// Those who will see it and do not see what is published now; empty: nobody, or nothing is.
    pub(super) gained: String,
    pub(super) lost: String,
    /// Whether more people see it than what is published.
    pub(super) wider: bool,
}

/// The audience of what the desk's member would publish with `scopes`.
pub(super) fn audience(desk: &Desk<'_>, scopes: &[String], difference: &DraftDifference) -> Audience {
    let engine = desk.web.engine();
    let network = &engine.identity().network;
    let set: ScopeSet = scopes.iter().filter_map(|text| Scope::parse(text.trim(), network).ok()).collect();
    // The rule of the network says it, not this page.
    let sees = drafts::audience(engine, &desk.member, None, &set).members_gained;
    let directory = engine.directory();
    let others = directory.members().filter(|member| member.id != desk.member && member.state == MemberState::Active);
    let sees_not: Vec<String> =
        others.map(|member| member.id.to_string()).filter(|member| !sees.contains(member)).collect();
    said(desk.signed.texts, &desk.names, scopes, &sees, &sees_not, difference)
}

/// The same in words.
pub(super) fn said(
    texts: Texts,
    names: &Names,
    scopes: &[String],
    sees: &[String],
    sees_not: &[String],
    difference: &DraftDifference,
) -> Audience {
    let has = |scope: &str| scopes.iter().any(|one| one == scope);
    let beyond = if has("public") {
        vec![texts.text("audience-anybody")]
    } else if has("registered") {
        vec![texts.text("audience-registered")]
    } else {
        Vec::new()
    };
    let carriers = if scopes.is_empty() { "audience-carriers-none" } else { "audience-carriers" };
    let named = |members: &[String]| named(texts, names, members);
    Audience {
        scopes: audience_of(texts, names, scopes),
        beyond,
        sees: named(sees),
        sees_not: named(sees_not),
        carriers: texts.text(carriers),
        gained: if difference.published { named(&difference.members_gained) } else { String::new() },
        lost: named(&difference.members_lost),
        wider: difference.published && !difference.scopes_gained.is_empty(),
    }
}

fn named(texts: Texts, names: &Names, members: &[String]) -> String {
    let shown: Vec<String> = members.iter().take(NAMED).map(|id| names.member(id)).collect();
    let shown = shown.join(&texts.text("list-comma"));
    match members.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown}{}", texts.count("audience-more", more)),
    }
}
