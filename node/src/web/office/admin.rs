//! `/admin`: the server at a glance, and the way to everything that is administered.

use askama::Template;
use axum::extract::State;
use duikou_proto::directory::MemberState;
use duikou_proto::v1::completeness::State as Completed;
use duikou_proto::v1::link_status::State as LinkState;

use super::super::Web;
use super::super::catalogue::Texts;
use super::super::format;
use super::super::layout::{Page, Section};
use super::super::reading::Names;
use super::super::respond::{Answer, Failed};
use super::super::signed::Signed;
use super::super::tables::{self, Exports};
use super::super::words;
use crate::accounts::Role;
use crate::services::Overview;
use crate::sheets::Format;

/// A way to something that is administered.
pub(crate) struct Way {
    pub(crate) path: &'static str,
    pub(crate) name: String,
    pub(crate) about: String,
}

/// A member that lives here.
pub(crate) struct MemberRow {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) state: String,
    pub(crate) key: String,
    pub(crate) listings: String,
    pub(crate) drafts: String,
}

/// A link.
pub(crate) struct LinkRow {
    pub(crate) peer: String,
    pub(crate) state: String,
    pub(crate) good: bool,
    pub(crate) since: String,
    pub(crate) waiting: String,
    pub(crate) behind: String,
    /// Of the peer's program; empty: it has not said yet.
    pub(crate) version: String,
    pub(crate) detail: String,
    /// The same as the machine says it, for whoever looks into it; empty: it says no more.
    pub(crate) raw: String,
}

/// What has come of an origin for some scope.
pub(crate) struct HeldRow {
    pub(crate) office: String,
    pub(crate) scope: String,
    pub(crate) state: String,
    pub(crate) good: bool,
    pub(crate) complete: String,
}

/// An alarm with what to do.
pub(crate) struct AlarmRow {
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) remedy: String,
}

/// The page.
#[derive(Template)]
#[template(path = "office/admin.html")]
pub(crate) struct AdminPage {
    page: Page,
    ways: Vec<Way>,
    alarms: Vec<AlarmRow>,
    members: Vec<MemberRow>,
    links: Vec<LinkRow>,
    /// What has come whole, and what lacks something.
    whole_held: Vec<HeldRow>,
    lacking: Vec<HeldRow>,
    links_exports: Exports,
    held_exports: Exports,
    /// What lies on the disk, by name; empty: not for this reader.
    storage: Vec<(String, String)>,
    /// Whether the whole server is administered.
    whole: bool,
}

pub(super) async fn overview(State(web): State<Web>, signed: Signed) -> Answer {
    signed.page(&read(&web, &signed).await?)
}

/// The links as a table.
pub(super) async fn links_file(State(web): State<Web>, signed: Signed, format: Format) -> Answer {
    let (texts, shown) = (signed.texts, read(&web, &signed).await?);
    let row =
        |row: LinkRow| vec![row.peer, row.state, row.since, row.waiting, row.behind, row.version, row.detail, row.raw];
    let columns = ["peer", "state", "since", "waiting", "behind", "version", "detail", "error"];
    let columns = columns.map(|id| texts.text(&format!("admin-{id}")));
    let rows = shown.links.into_iter().map(row).collect();
    tables::file(&web, &signed, "links", format, tables::sheet(texts.text("admin-links"), columns.into(), rows)).await
}

/// What has come of whom as a table, what lacks something first.
pub(super) async fn held_file(State(web): State<Web>, signed: Signed, format: Format) -> Answer {
    let (texts, shown) = (signed.texts, read(&web, &signed).await?);
    let rows = shown.lacking.into_iter().chain(shown.whole_held);
    let rows = rows.map(|row| vec![row.office, row.scope, row.state, row.complete]).collect();
    let columns = ["member", "scope", "state", "complete"].map(|id| texts.text(&format!("admin-{id}")));
    let sheet = tables::sheet(texts.text("admin-held"), columns.into(), rows);
    tables::file(&web, &signed, "completeness", format, sheet).await
}

async fn read(web: &Web, signed: &Signed) -> Result<AdminPage, Failed> {
    signed.at_least(Role::Admin)?;
    let overview = web.services().office.overview(signed.ask(())).await;
    let overview = overview.map_err(|status| signed.failed(&status))?;
    let page = Page::new(web, signed, Section::Admin, signed.texts.text("admin-title"));
    Ok(AdminPage::of(page, &Names::new(web, signed), &overview))
}

impl AdminPage {
    pub(crate) fn of(mut page: Page, names: &Names, overview: &Overview) -> Self {
        page.indexed = false;
        let texts = page.texts();
        let whole = overview.storage.is_some();
        let number = |number: i64| format::grouped(number);
        let members = overview.members.iter().map(|member| MemberRow {
            name: names.member(&member.id),
            path: names.member_path(&format!("members/{}", member.id)),
            state: state(texts, member.state),
            key: member.key.to_string(),
            listings: number(member.listings),
            drafts: number(i64::try_from(member.drafts).unwrap_or(i64::MAX)),
        });
        let links = overview.links.iter().map(|link| LinkRow {
            peer: link.peer.clone(),
            state: words::link_state(texts, link.state()),
            good: link.state() == LinkState::Connected,
            since: link.since_time.as_ref().map_or_else(String::new, |time| moment(texts, time.seconds)),
            waiting: number(link.unacknowledged),
            behind: number(link.behind),
            version: link.software.trim_start_matches("duikou/").to_owned(),
            detail: link.detail.clone(),
            raw: if link.error == link.detail { String::new() } else { link.error.clone() },
        });
        let held = overview.completeness.iter().map(|held| HeldRow {
            office: names.member(&held.origin),
            scope: words::scope(texts, &held.scope, |id| names.member(id)),
            state: words::completeness(texts, held.state),
            good: held.state == Completed::Complete,
            complete: held.complete.map_or_else(|| texts.text("admin-never"), |time| moment(texts, time / 1_000_000)),
        });
        let (whole_held, lacking) = held.partition(|row| row.good);
        let storage = overview.storage.map_or_else(Vec::new, |storage| {
            let bytes = |bytes: u64| format::bytes(i64::try_from(bytes).unwrap_or(i64::MAX));
            let free = storage.free.map_or_else(|| texts.text("admin-unknown"), bytes);
            let known = [
                ("admin-database", bytes(storage.database)),
                ("admin-index", bytes(storage.index)),
                ("admin-backups-size", bytes(storage.backups)),
                ("admin-free", free),
                ("admin-records", number(storage.records)),
                ("admin-withdrawals", number(storage.withdrawals)),
                ("admin-version", overview.version.clone()),
                ("admin-started", moment(texts, overview.started / 1_000_000)),
            ];
            known.map(|(id, value)| (texts.text(id), value)).into()
        });
        let way = |path, name: &str, about: &str| Way { path, name: texts.text(name), about: texts.text(about) };
        let mut ways = vec![
            way("/admin/accounts", "admin-accounts", "admin-accounts-about"),
            way("/admin/approval", "admin-approval", "admin-approval-about"),
            way("/admin/audit", "admin-audit", "admin-audit-about"),
            way("/admin/directory", "directory-title", "directory-about"),
        ];
        if whole {
            ways.push(way("/admin/settings", "settings-title", "settings-about"));
            ways.push(way("/admin/backups", "backups-title", "backups-about"));
        }
        let alarms = overview.alarms.iter().map(|alarm| AlarmRow {
            code: alarm.code.clone(),
            message: alarm.message.clone(),
            remedy: alarm.remedy.clone(),
        });
        Self {
            ways,
            alarms: alarms.collect(),
            members: members.collect(),
            links: links.collect(),
            whole_held,
            lacking,
            links_exports: Exports::of(texts, "/admin/links", ""),
            held_exports: Exports::of(texts, "/admin/completeness", ""),
            storage,
            whole,
            page,
        }
    }
}

fn moment(texts: Texts, seconds: i64) -> String {
    format::moment(texts.language(), &format::in_china(seconds))
}

/// Whether a member takes part.
pub(super) fn state(texts: Texts, state: MemberState) -> String {
    texts.text(match state {
        MemberState::Active => "member-active",
        MemberState::Suspended => "member-suspended",
        MemberState::Removed(_) => "member-removed",
    })
}
