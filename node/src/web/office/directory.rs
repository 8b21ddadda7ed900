//! `/admin/directory`: who takes part, in which circles, and so who may see what.

use askama::Template;
use axum::extract::State;
use duikou_proto::directory::Directory;

use super::super::Web;
use super::super::layout::{Crumb, Page, Section};
use super::super::reading::Names;
use super::super::respond::{Answer, Failed};
use super::super::signed::Signed;
use super::super::tables::{self, Exports};
use super::super::words;
use super::admin::state;
use crate::accounts::Role;
use crate::sheets::Format;

/// A member.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) node: String,
    pub(crate) state: String,
    pub(crate) key: String,
    /// What it may see beside what anybody may.
    pub(crate) sees: String,
}

/// The page.
#[derive(Template)]
#[template(path = "office/directory.html")]
pub(crate) struct DirectoryPage {
    page: Page,
    index: String,
    members: Vec<Row>,
    /// With the names of those in it.
    circles: Vec<(String, String)>,
    exports: Exports,
    circles_exports: Exports,
}

/// The members as a table.
pub(super) async fn file(State(web): State<Web>, signed: Signed, format: Format) -> Answer {
    let (texts, shown) = (signed.texts, read(&web, &signed)?);
    let rows = shown.members.into_iter().map(|row| vec![row.name, row.state, row.node, row.key, row.sees]);
    let columns = ["admin-member", "admin-state", "directory-node", "admin-key", "directory-sees"];
    let columns = columns.map(|id| texts.text(id));
    let sheet = tables::sheet(texts.text("nav-members"), columns.into(), rows.collect());
    tables::file(&web, &signed, "directory", format, sheet).await
}

/// The circles as a table.
pub(super) async fn circles_file(State(web): State<Web>, signed: Signed, format: Format) -> Answer {
    let (texts, shown) = (signed.texts, read(&web, &signed)?);
    let rows = shown.circles.into_iter().map(|(name, members)| vec![name, members]);
    let columns = ["directory-circle", "nav-members"].map(|id| texts.text(id));
    let sheet = tables::sheet(texts.text("directory-circles"), columns.into(), rows.collect());
    tables::file(&web, &signed, "circles", format, sheet).await
}

pub(super) async fn directory(State(web): State<Web>, signed: Signed) -> Answer {
    signed.page(&read(&web, &signed)?)
}

fn read(web: &Web, signed: &Signed) -> Result<DirectoryPage, Failed> {
    signed.at_least(Role::Admin)?;
    let page = Page::new(web, signed, Section::Admin, signed.texts.text("directory-title"));
    let network = &web.engine().identity().network;
    Ok(DirectoryPage::of(page, &Names::new(web, signed), &web.engine().directory(), network))
}

impl DirectoryPage {
    pub(crate) fn of(
        mut page: Page,
        names: &Names,
        directory: &Directory,
        network: &duikou_proto::name::NetworkName,
    ) -> Self {
        page.indexed = false;
        let texts = page.texts();
        page.trail = vec![Crumb::admin(texts)];
        let comma = texts.text("list-comma");
        let members = directory.members().map(|member| {
            let scopes = directory.member_scopes(&member.id);
            // The widest first; what anybody sees goes without saying.
            let mut scopes: Vec<_> = scopes.iter().map(|scope| scope.short(network)).collect();
            scopes.retain(|scope| scope != "public");
            scopes.sort_by_key(|scope| ["registered", "network"].iter().position(|wide| scope == wide).unwrap_or(2));
            let sees = scopes.iter().map(|scope| words::scope(texts, scope, |id| names.member(id)));
            Row {
                name: names.member(member.id.as_str()),
                path: names.member_path(&format!("members/{}", member.id)),
                node: member.node.to_string(),
                state: state(texts, member.state),
                key: member.keys.newest().map_or_else(String::new, |key| key.number.to_string()),
                sees: sees.collect::<Vec<_>>().join(&comma),
            }
        });
        let circles = directory.circles().map(|(name, members)| {
            let inside = members.iter().map(|member| names.member(member.as_str()));
            (name.clone(), inside.collect::<Vec<_>>().join(&comma))
        });
        Self {
            index: directory.index().to_string(),
            members: members.collect(),
            circles: circles.collect(),
            exports: Exports::of(texts, "/admin/directory", ""),
            circles_exports: Exports::of(texts, "/admin/circles", ""),
            page,
        }
    }
}
