//! The server as its administrators see it: who lives here, the links, what has come of each origin, the disk.

use std::path::Path;

use duikou_proto::directory::MemberState;
use duikou_proto::envelope::Micros;
use duikou_proto::scope::Scope;
use duikou_proto::v1::{Alarm, LinkStatus};
use tonic::{Request, Status};

use super::Office;
use crate::backup::DATABASE;
use crate::engine::completeness::Completeness;
use crate::engine::facts;
use crate::services::error::Failure;
use crate::services::status;

/// Folders within folders that are measured.
const DEPTH: usize = 8;

/// A member that lives here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostedMember {
    /// Full id.
    pub(crate) id: String,
    pub(crate) state: MemberState,
    /// The number of its newest signing key.
    pub(crate) key: i32,
    pub(crate) listings: i64,
    pub(crate) drafts: usize,
}

/// What lies on the disk, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Storage {
    pub(crate) database: u64,
    pub(crate) index: u64,
    pub(crate) backups: u64,
    /// Left where the folder lies; None where that is not known.
    pub(crate) free: Option<u64>,
    pub(crate) records: i64,
    pub(crate) withdrawals: i64,
}

/// See the module.
#[derive(Debug, Clone, Default)]
pub(crate) struct Overview {
    pub(crate) version: String,
    pub(crate) started: Micros,
    pub(crate) members: Vec<HostedMember>,
    pub(crate) links: Vec<LinkStatus>,
    /// Of the origins that live elsewhere; scopes as people write them.
    pub(crate) completeness: Vec<Completeness>,
    /// For administrators of the whole server.
    pub(crate) storage: Option<Storage>,
    /// Likewise.
    pub(crate) alarms: Vec<Alarm>,
}

impl Office {
    /// The server, as far as whoever asks administers it: of a member, or the whole.
    ///
    /// # Errors
    /// Where they administer nothing, or the store cannot be read.
    pub(crate) async fn overview(&self, request: Request<()>) -> Result<Overview, Status> {
        let (caller, language, ()) = self.of_office(request).await?;
        let whole = caller.require_admin().map_err(|failure| failure.status(language))?.is_none();
        let failed = |failure: Failure| failure.status(language);
        let engine = &self.door.engine;
        let (directory, counts) = (engine.directory(), engine.counts());
        let own = self.own(&caller.reader);
        let node = &engine.identity().node;
        let mut members = Vec::new();
        for member in directory.hosted(node).filter(|member| whole || own.contains(&member.id)) {
            let drafts: Option<usize> =
                engine.fact(&facts::draft_count(&member.id)).await.map_err(|error| failed(error.into()))?;
            members.push(HostedMember {
                id: member.id.to_string(),
                state: member.state,
                key: member.keys.newest().map_or(0, |key| key.number),
                listings: counts.get(member.id.as_str()).map_or(0, |count| count.records),
                drafts: drafts.unwrap_or(0),
            });
        }
        let mut links = status::links(&self.context, language).await.map_err(failed)?;
        if !whole {
            links.iter_mut().for_each(|link| {
                link.rejected_by_peer.clear();
                link.rejected_here.clear();
            });
        }
        let viewer = engine.viewer(&caller.reader);
        let mut completeness = engine.completeness();
        // A scope's name tells of whom it is for.
        completeness.retain_mut(|held| {
            let Ok(scope) = held.scope.parse::<Scope>() else { return false };
            held.scope = scope.short(&engine.identity().network);
            whole || viewer.has(&scope)
        });
        Ok(Overview {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started: self.context.started,
            members,
            links,
            completeness,
            storage: if whole { Some(self.storage().await) } else { None },
            alarms: if whole { self.context.alarms.told(language) } else { Vec::new() },
        })
    }

    async fn storage(&self) -> Storage {
        let data = self.context.data.clone();
        let counts = self.door.engine.counts();
        let measured = tokio::task::spawn_blocking(move || Storage {
            database: [DATABASE.to_owned(), format!("{DATABASE}-wal")]
                .iter()
                .map(|file| size(&data.join(file), 0))
                .sum(),
            index: size(&data.join("search"), 0),
            backups: size(&data.join(crate::backup::BACKUPS), 0),
            free: free(&data),
            ..Storage::default()
        });
        let measured = measured.await.unwrap_or_default();
        Storage {
            records: counts.values().map(|count| count.records).sum(),
            withdrawals: counts.values().map(|count| count.withdrawals).sum(),
            ..measured
        }
    }
}

/// Bytes that may still be written where `folder` lies.
pub(super) fn free(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Bytes of a file, or of all in a folder. What goes meanwhile is nothing.
pub(super) fn size(path: &Path, depth: usize) -> u64 {
    let Ok(metadata) = std::fs::symlink_metadata(path) else { return 0 };
    if !metadata.is_dir() || depth > DEPTH {
        return metadata.len();
    }
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    entries.map(|entry| size(&entry.path(), depth + 1)).sum()
}
