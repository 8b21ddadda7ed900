//! An office's own pages: its work list, what it did over time, and the administration of its server.
//!
//! `home` is the work list (`work` is what stands in it, `matches` looks for counterparts beside it), `statistics` the
//! figures (`chart` draws them, `tables` is them as CSV and workbook, in which `listed` names what they count), `admin`,
//! `directory`, `backups` and `settings` what administrators see.
//!
//! The work list asks at once the search index for own listings that end within 14 days, `services/office/changes` of
//! which of them a change waits, `services/office/beginnings` what an office has not begun with,
//! `services/office/drafts` for the drafts that were handed in or returned, and `services/office/work` for refusals,
//! missing confirmations, links and, where the reader administers the server, the alarms as they were last looked at. The
//! page waits for no index: it says that more follows, and the part that looks again waits. Counterparts take a while to
//! look for: that is done beside the page, where anything has changed and not too often, and what was found is read anew,
//! with the reader's eyes, before it is shown. A script asks for the same part again with its tag.

mod admin;
mod backups;
mod chart;
mod directory;
mod home;
mod listed;
mod matches;
#[cfg(any(test, feature = "samples"))]
mod samples;
mod settings;
mod statistics;
mod tables;
mod work;

use axum::Router;
use axum::routing::get;

use super::Web;
use crate::sheets::Format;
pub(super) use home::work_list;
pub(super) use matches::Matches;
#[cfg(any(test, feature = "samples"))]
pub(super) use samples::samples;

/// Where everything of this part is.
pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/home/work", get(home::fragment))
        .route("/statistics", get(statistics::statistics))
        .route("/statistics/{file}", get(statistics::file))
        .route("/admin", get(admin::overview))
        .route("/admin/links.xlsx", get(|web, signed| admin::links_file(web, signed, Format::Xlsx)))
        .route("/admin/links.csv", get(|web, signed| admin::links_file(web, signed, Format::Csv)))
        .route("/admin/completeness.xlsx", get(|web, signed| admin::held_file(web, signed, Format::Xlsx)))
        .route("/admin/completeness.csv", get(|web, signed| admin::held_file(web, signed, Format::Csv)))
        .route("/admin/directory", get(directory::directory))
        .route("/admin/directory.xlsx", get(|web, signed| directory::file(web, signed, Format::Xlsx)))
        .route("/admin/directory.csv", get(|web, signed| directory::file(web, signed, Format::Csv)))
        .route("/admin/circles.xlsx", get(|web, signed| directory::circles_file(web, signed, Format::Xlsx)))
        .route("/admin/circles.csv", get(|web, signed| directory::circles_file(web, signed, Format::Csv)))
        .route("/admin/backups", get(backups::list).post(backups::make))
        .route("/admin/backups/{file}", get(backups::take))
        .route("/admin/settings", get(settings::show).post(settings::change))
}
