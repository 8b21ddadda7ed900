//! Who will see a listing and who will not, by their names, and what those see who only carry it: said before anything is
//! sent.

use duikou_proto::directory::MemberState;
use duikou_proto::name::NetworkName;
use duikou_proto::scope::{Scope, ScopeSet};
use duikou_proto::v1::DraftDifference;

use super::super::catalogue::Texts;
use super::super::reading::{Names, audience_of};
use super::super::words;
use super::desk::Desk;
use crate::drafts::{self, Beyond};

/// Members that are named on each side; a network has fewer.
const NAMED: usize = 200;

/// See the module.
pub(super) struct Audience {
    /// In words.
    pub(super) scopes: String,
    /// Whether readers are told of it: what is on request has none.
    pub(super) named: bool,
    /// Everybody else, beside members.
    pub(super) beyond: Vec<String>,
    /// Members by their names.
    pub(super) sees: String,
    pub(super) sees_not: String,
    /// What whoever carries it sees.
    pub(super) carriers: String,
    /// Those who will see it and do not see what is published now, and the other way round; empty: nobody, or nothing is.
    pub(super) gained: Vec<String>,
    pub(super) lost: Vec<String>,
    /// What it comes to beside what is published; empty: as many see it, or nothing is.
    pub(super) wider: String,
    pub(super) narrower: String,
    /// That names are among its scopes which show it to nobody more, and are read by all; empty: there are none.
    pub(super) idle: String,
}

/// The audience of what the desk's member would publish with `scopes`.
pub(super) fn audience(desk: &Desk<'_>, scopes: &[String], difference: &DraftDifference) -> Audience {
    let engine = desk.web.engine();
    let network = &engine.identity().network;
    let after = set_of(scopes, network);
    let mut before = after.without(&set_of(&difference.scopes_gained, network));
    before.extend(&set_of(&difference.scopes_lost, network));
    // The rule of the network says it, not this page.
    let sees = drafts::audience(engine, &desk.member, None, &after).members_gained;
    let change = match difference.published {
        true => drafts::audience(engine, &desk.member, Some(&before), &after),
        false => drafts::Audience::default(),
    };
    let directory = engine.directory();
    let others = directory.members().filter(|member| member.id != desk.member && member.state == MemberState::Active);
    let sees_not: Vec<String> =
        others.map(|member| member.id.to_string()).filter(|member| !sees.contains(member)).collect();
    let seen = Seen { beyond: Beyond::of(&after), sees, sees_not, change };
    let idle = idle(desk.signed.texts, network, scopes, |id| desk.names.member(id));
    said(desk.signed.texts, &desk.names, scopes, &seen, idle)
}

fn set_of(scopes: &[String], network: &NetworkName) -> ScopeSet {
    scopes.iter().filter_map(|text| Scope::parse(text.trim(), network).ok()).collect()
}

/// `scopes` without those that show it to nobody more; None where there are none of these.
pub(super) fn needed(scopes: &[String], network: &NetworkName) -> Option<Vec<String>> {
    let idle = set_of(scopes, network).idle();
    let is_needed = |text: &&String| Scope::parse(text.trim(), network).is_ok_and(|scope| !idle.contains(&scope));
    (!idle.is_empty()).then(|| scopes.iter().filter(is_needed).cloned().collect())
}

/// That some of `scopes` show it to nobody more, while their names are read by all; empty where there are none.
pub(super) fn idle(texts: Texts, network: &NetworkName, scopes: &[String], name_of: impl Fn(&str) -> String) -> String {
    let all = set_of(scopes, network);
    let idle = all.idle();
    if idle.is_empty() {
        return String::new();
    }
    let wide = if all.contains(&Scope::public()) { "scope-public" } else { "scope-network" };
    let what = idle.iter().map(|scope| words::scope(texts, &scope.short(network), &name_of));
    let what: Vec<String> = what.collect();
    texts.fill("audience-idle", &[("wide", &texts.text(wide)), ("what", &what.join(&texts.text("list-comma")))])
}

/// Who sees a listing, and what becomes of that.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) beyond: Vec<Beyond>,
    /// Members by their ids.
    pub(super) sees: Vec<String>,
    pub(super) sees_not: Vec<String>,
    /// Of nobody and nothing where nothing is published.
    pub(super) change: drafts::Audience,
}

/// The same in words.
pub(super) fn said(texts: Texts, names: &Names, scopes: &[String], seen: &Seen, idle: String) -> Audience {
    let beyond = |beyond: &[Beyond]| -> Vec<String> {
        let named = beyond.iter().map(|beyond| match beyond {
            Beyond::Anybody => texts.text("audience-anybody"),
            Beyond::Registered => texts.text("audience-registered"),
        });
        named.collect()
    };
    let carriers = if scopes.is_empty() { "audience-carriers-none" } else { "audience-carriers" };
    let named = |members: &[String]| named(texts, names, members);
    let change = &seen.change;
    let both = |readers: &[Beyond], members: &[String]| {
        let members = named(members);
        beyond(readers).into_iter().chain((!members.is_empty()).then_some(members)).collect()
    };
    let when = |is: bool, id: &str| if is { texts.text(id) } else { String::new() };
    Audience {
        scopes: audience_of(texts, names, scopes),
        named: scopes.iter().any(|scope| scope.contains(':')),
        // Among anybody are the registered.
        beyond: beyond(seen.beyond.get(..1).unwrap_or_default()),
        sees: named(&seen.sees),
        sees_not: named(&seen.sees_not),
        carriers: texts.text(carriers),
        gained: both(&change.beyond_gained, &change.members_gained),
        lost: both(&change.beyond_lost, &change.members_lost),
        wider: when(change.wider, "audience-wider"),
        narrower: when(change.narrower, "audience-narrower"),
        idle,
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
