//! `/admin/audit`: what was done on this server, to be searched, and whether it is as it was written.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{RawQuery, State};
use duikou_proto::name::MemberId;
use duikou_proto::v1::account_service_server::AccountService;
use duikou_proto::v1::audit_service_server::AuditService;
use duikou_proto::v1::{
    AuditEntry, ListAccountsRequest, ListAuditEntriesRequest, ListAuditEntriesResponse, VerifyAuditRequest,
    VerifyAuditResponse,
};
use tonic::Status;

use super::super::Web;
use super::super::catalogue::Texts;
use super::super::faults::Faults;
use super::super::forms::{Choice, Control, Field};
use super::super::layout::{Crumb, Page, Section};
use super::super::pager::Pager;
use super::super::reading::Choosing;
use super::super::respond::{Answer, Failed};
use super::super::sent::Sent;
use super::super::signed::Signed;
use super::super::visitor::Visitor;
use super::super::{format, tables, words};
use super::actions;
use super::entries::{EntryRow, Known, count, rows};
use super::titles::{called_so, note_titles};
use crate::accounts::Role;
use crate::limits;
use crate::sheets::{Format, PlainCell, PlainSheet, readable};

/// Where it is.
pub(super) const PATH: &str = "/admin/audit";
/// Entries that are read at once for a page, and rows of one.
const PAGE: i32 = 50;
const ROWS: usize = 50;
/// How often more is read where what was read came to few rows.
const READS: usize = 10;
/// Entries that are read at once for a workbook.
const EXPORTED: i32 = 1_000;
/// What is looked for, as addresses name it.
const SOUGHT: [&str; 5] = ["since", "until", "actor", "action", "resource"];

/// The page.
#[derive(Template)]
#[template(path = "people/audit.html")]
pub(in crate::web) struct AuditPage {
    page: Page,
    fields: Vec<Field>,
    error: String,
    entries: Vec<EntryRow>,
    /// What is called as somebody has typed, where all that was done to it stands.
    titled: Vec<Choosing>,
    /// The query of the exports.
    query: String,
    pager: Pager,
    /// Whether a page was short because the search has looked at as much as it may.
    goes_on: bool,
    may_verify: bool,
    verdict: Option<Verdict>,
}

/// What verifying has found, in words.
pub(in crate::web) struct Verdict {
    whole: bool,
    text: String,
    sealed: String,
    head: String,
}

/// Shows what is looked for.
pub(super) async fn show(State(web): State<Web>, signed: Signed, RawQuery(query): RawQuery) -> Answer {
    signed.at_least(Role::Admin)?;
    let ask = Sent::read(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    listed(&web, &signed, &ask, None).await
}

/// Verifies the whole trail.
pub(super) async fn verify(State(web): State<Web>, signed: Signed, sent: Sent) -> Answer {
    let request = VerifyAuditRequest { head: sent.line("head").to_owned() };
    match web.services().audits.verify_audit(signed.ask(request)).await {
        Ok(found) => listed(&web, &signed, &Sent::default(), Some(Ok(found.into_inner()))).await,
        Err(status) if status.code() == tonic::Code::InvalidArgument => {
            listed(&web, &signed, &Sent::default(), Some(Err(status))).await
        }
        Err(status) => Err(signed.failed(&status)),
    }
}

/// The newest of what is looked for, in the words of the page, as a workbook.
pub(super) async fn workbook(State(web): State<Web>, signed: Signed, RawQuery(query): RawQuery) -> Answer {
    signed.at_least(Role::Admin)?;
    let texts = signed.texts;
    let ask = Sent::read(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    let mut known = Known { accounts: names(&web, &signed).await?, listings: BTreeMap::new() };
    let mut request = ListAuditEntriesRequest { page_size: EXPORTED, ..request(&ask) };
    let mut entries = Vec::new();
    let cut = loop {
        let found = web.services().audits.list_audit_entries(signed.ask(request.clone())).await;
        let found = found.map_err(|status| signed.failed(&status))?.into_inner();
        note_titles(&web, &signed, &found.entries, &mut known.listings).await;
        entries.extend(found.entries);
        if entries.len() > limits::EXPORT_ROWS || found.next_page_token.is_empty() {
            break entries.len() > limits::EXPORT_ROWS;
        }
        request.page_token = found.next_page_token;
    };
    entries.truncate(limits::EXPORT_ROWS);
    let text = |text: &str| PlainCell::Text(readable(text));
    let row = |entry: &AuditEntry| {
        let row = EntryRow::of(texts, &ask, &known, entry);
        let called = if row.called.title.is_empty() { &row.resource } else { &row.called.title };
        // What is sorted and looked for by days is one.
        let time =
            entry.time.map_or_else(|| text(""), |time| PlainCell::Time(format::in_china(time.seconds).datetime()));
        let texts =
            [&row.actor, &row.address, &row.action, called, &row.detail, &entry.resource].map(|said| text(said));
        std::iter::once(time).chain(texts).collect()
    };
    let mut rows: Vec<Vec<PlainCell>> = entries.iter().map(row).collect();
    if cut {
        rows.push(vec![text(&texts.count("export-cut", limits::EXPORT_ROWS))]);
    }
    let columns = [
        "audit-time",
        "audit-actor",
        "session-address",
        "audit-action",
        "audit-resource",
        "audit-detail",
        "audit-name",
    ];
    let columns = columns.map(|id| texts.text(id)).into();
    let sheet = PlainSheet { name: texts.text("audit-title"), columns, rows, ..PlainSheet::default() };
    tables::file(&web, &signed, if cut { "audit-part" } else { "audit" }, Format::Xlsx, sheet).await
}

async fn listed(
    web: &Web,
    signed: &Signed,
    ask: &Sent,
    verified: Option<Result<VerifyAuditResponse, Status>>,
) -> Answer {
    let texts = signed.texts;
    let accounts = names(web, signed).await?;
    let mut page = Page::new(web, signed, Section::Admin, texts.text("audit-title"));
    page.here = PATH.to_owned();
    let request = ListAuditEntriesRequest { page_token: ask.get("after").to_owned(), page_size: PAGE, ..request(ask) };
    let (found, mut faults) = match (days_fault(texts, ask), verified.as_ref()) {
        (Some(fault), _) => (None, fault),
        (None, Some(Err(status))) => (None, Faults::of(signed, status)),
        (None, _) => match read(web, signed, request).await {
            Ok(found) => (Some(found), Faults::default()),
            Err(status) => (None, Faults::of(signed, &status)),
        },
    };
    let whole = found.is_some();
    let found = found.unwrap_or_default();
    let mut known = Known { accounts, listings: BTreeMap::new() };
    note_titles(web, signed, &found.entries, &mut known.listings).await;
    let mut made = AuditPage::of(page, ask, &known, &found.entries, &found.next_page_token, &mut faults);
    made.may_verify = signed.person().node_admin;
    let words = ask.line("resource");
    if whole && found.entries.is_empty() && !words.is_empty() && !words.contains('/') {
        made = made.titled(called_so(web, signed, words, &known).await);
    }
    if let Some(Ok(found)) = verified {
        made.verified(Verdict::of(texts, &found));
    }
    if whole { signed.page(&made) } else { faults.answer(signed, &made) }
}

/// The entries of a page, as many as come to its rows: what is saved again and again is one.
async fn read(
    web: &Web,
    signed: &Signed,
    mut request: ListAuditEntriesRequest,
) -> Result<ListAuditEntriesResponse, Status> {
    let mut all = ListAuditEntriesResponse::default();
    for _ in 0..READS {
        let found = web.services().audits.list_audit_entries(signed.ask(request.clone())).await?.into_inner();
        all.entries.extend(found.entries);
        all.next_page_token.clone_from(&found.next_page_token);
        if found.next_page_token.is_empty() || count(&all.entries) >= ROWS {
            break;
        }
        request.page_token = found.next_page_token;
    }
    Ok(all)
}

/// Where all that was done to something stands.
fn all_on(name: &str, called: String) -> Choosing {
    let path = format!("{PATH}?{}", query(&Sent::default(), &[("resource", name)]));
    Choosing { path, name: called, current: false }
}

/// The names of the accounts that whoever looks administers, by their resource names.
async fn names(web: &Web, signed: &Signed) -> Result<BTreeMap<String, String>, Failed> {
    let listed = web.services().people.list_accounts(signed.ask(ListAccountsRequest {})).await;
    let accounts = listed.map_err(|status| signed.failed(&status))?.into_inner().accounts;
    Ok(accounts.into_iter().map(|account| (account.name, account.display_name)).collect())
}

/// Where whoever looks reads what was done to a listing; empty where they do not administer what it is of.
pub(in crate::web) fn trail_of(visitor: &Visitor, name: &str) -> String {
    let own = |member: &MemberId| name.starts_with(&format!("members/{member}/"));
    let person = visitor.signed_in().filter(|person| person.node_admin || person.member.as_ref().is_some_and(own));
    if person.is_none() || visitor.at_least(Role::Admin).is_err() {
        return String::new();
    }
    let sought = form_urlencoded::Serializer::new(String::new()).append_pair("resource", name).finish();
    format!("{PATH}?{sought}")
}

fn days_fault(texts: Texts, ask: &Sent) -> Option<Faults> {
    let bad = |name: &str| format::read_day(ask.line(name), false).is_err();
    ["since", "until"].into_iter().find(|name| bad(name)).map(|name| Faults::field(name, texts.text("audit-no-day")))
}

/// What is looked for, of the first page.
pub(super) fn request(ask: &Sent) -> ListAuditEntriesRequest {
    ListAuditEntriesRequest {
        since_time: format::read_day(ask.line("since"), false).unwrap_or_default(),
        until_time: format::read_day(ask.line("until"), true).unwrap_or_default(),
        actor: ask.line("actor").to_owned(),
        action: ask.line("action").to_owned(),
        resource: ask.line("resource").to_owned(),
        ..ListAuditEntriesRequest::default()
    }
}

/// What is looked for, as a query, with these in place of its own or besides.
pub(super) fn query(ask: &Sent, with: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    let own = SOUGHT.into_iter().filter(|name| !with.iter().any(|(other, _)| other == name));
    let own = own.map(|name| (name, ask.line(name))).filter(|(_, value)| !value.is_empty());
    query.extend_pairs(own).extend_pairs(with);
    query.finish()
}

impl AuditPage {
    /// Of these entries; `next` is the token of the page after them.
    pub(in crate::web) fn of(
        mut page: Page,
        ask: &Sent,
        known: &Known,
        entries: &[AuditEntry],
        next: &str,
        faults: &mut Faults,
    ) -> Self {
        page.indexed = false;
        let texts = page.texts();
        page.trail = vec![Crumb::admin(texts)];
        let token = |token: &str| {
            if token.is_empty() { String::new() } else { format!("{PATH}?{}", query(ask, &[("after", token)])) }
        };
        let first = if ask.get("after").is_empty() { String::new() } else { format!("{PATH}?{}", query(ask, &[])) };
        Self {
            fields: fields(texts, ask, &known.accounts, faults),
            error: faults.above(),
            entries: rows(texts, ask, known, entries),
            titled: Vec::new(),
            query: query(ask, &[]),
            pager: Pager::new(texts, first, String::new(), token(next)),
            goes_on: !next.is_empty() && count(entries) < ROWS,
            may_verify: false,
            verdict: None,
            page,
        }
    }
}

impl AuditPage {
    /// With what is called as somebody has typed: names in the trail, and what each is called.
    pub(in crate::web) fn titled(mut self, called: Vec<(String, String)>) -> Self {
        self.titled = called.into_iter().map(|(name, called)| all_on(&name, called)).collect();
        self
    }

    /// With what verifying has found.
    pub(in crate::web) fn verified(&mut self, verdict: Verdict) {
        (self.may_verify, self.verdict) = (true, Some(verdict));
    }
}

fn fields(texts: Texts, ask: &Sent, names: &BTreeMap<String, String>, faults: &mut Faults) -> Vec<Field> {
    let field = |name, label: &str, control| Field::new(name, texts.text(label), control).holding(ask.line(name));
    let choice = |value: &str, name: String| Choice { value: value.to_owned(), name };
    let mut actors = vec![
        choice("", texts.text("audit-all")),
        choice("local", texts.text("person-operator")),
        choice("server", texts.text("audit-server")),
    ];
    actors.extend(names.iter().map(|(value, name)| choice(value, name.clone())));
    let asked = ask.line("actor");
    if !actors.iter().any(|known| known.value == asked) {
        actors.push(choice(asked, words::actor(texts, asked, |name| names.get(name).cloned())));
    }
    let mut sought = actions::choices(texts);
    let action = ask.line("action");
    if !sought.iter().any(|known| known.value == action) {
        sought.push(choice(action, action.to_owned()));
    }
    let all = [
        (field("since", "audit-since", Control::Line("date")), "since_time"),
        (field("until", "audit-until", Control::Line("date")), "until_time"),
        (field("actor", "audit-actor", Control::Choice(actors)), "actor"),
        (field("action", "audit-action", Control::Choice(sought)), "action"),
        (
            field("resource", "audit-resource", Control::Line("text")).helped(texts.text("audit-resource-help")),
            "resource",
        ),
    ];
    all.into_iter()
        .map(|(field, name)| {
            let own = field.name;
            faults.beside(field, &[own, name])
        })
        .collect()
}

impl Verdict {
    /// Of what verifying has found.
    pub(in crate::web) fn of(texts: Texts, found: &VerifyAuditResponse) -> Self {
        let number = |number: i64| format::grouped(number);
        let reason = match found.broken_reason.as_str() {
            "MISSING" => "audit-broken-missing",
            "UNREADABLE" => "audit-broken-unreadable",
            "CHANGED" => "audit-broken-changed",
            _ => "audit-broken-seal",
        };
        let text = if found.whole {
            texts.about("audit-whole", &number(found.entry_count))
        } else {
            texts.about(reason, &number(found.broken_number))
        };
        let sealed = match found.sealed_number {
            0 => texts.text("audit-unsealed"),
            sealed => texts.about("audit-sealed", &number(sealed)),
        };
        Self { whole: found.whole, text, sealed, head: found.head.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_looked_for_goes_along_and_a_place_does_not() {
        let ask = Sent::read(b"action=session.&after=x&resource=&actor=local").unwrap();
        assert_eq!(query(&ask, &[]), "actor=local&action=session.");
        assert_eq!(query(&ask, &[("actor", "accounts/1")]), "action=session.&actor=accounts%2F1");
    }
}
