//! The evidence for the invariants, of real servers: what they show their operators, what lies in their databases, what
//! they have acknowledged, and what whoever followed them has.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use duikou_node::engine::Reader;
use duikou_node::feed::readable;
use duikou_proto::directory::Directory;
use duikou_proto::name::{NodeId, RecordName};
use duikou_proto::v1::directory_service_client::DirectoryServiceClient;
use duikou_proto::v1::link_status::State;
use duikou_proto::v1::{ListMembersRequest, Rejection, Status, completeness};

use super::clock::now;
use super::disk;
use super::network::Network;
use super::server::Server;
use duikou_simulation::invariants::{
    Acknowledged, Evidence, LinkEvidence, MemoryEvidence, ReaderEvidence, StoreEvidence,
};

/// What the process of a small network may occupy, whatever happens in it: its caches, its queue and its part of the feed
/// come to 100 MiB, and an unoptimised program is large.
const MEMORY_BYTES: usize = 768 * 1024 * 1024;

impl Network {
    /// Everything that is known now. All servers must run.
    ///
    /// # Errors
    /// Where a server does not answer or its database cannot be read.
    pub(crate) async fn evidence(&self) -> anyhow::Result<Evidence> {
        let entries = disk::entries(self.gateway.dir()).await?;
        let directory = Directory::replay(entries.iter().map(Vec::as_slice)).context("the gateway's directory")?;
        let (mut stores, mut links, mut memory, mut readers) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for server in self.servers() {
            let status = server.status().await?;
            let node: NodeId = status.node.parse()?;
            let held = store(server, &node, &status).await?;
            let unreadable = unreadable(&held);
            stores.push(held);
            if !std::ptr::eq(server, &self.gateway) {
                links.push(link(&node, &status));
            }
            memory.extend(resident(server).map(|held| {
                let what = "bytes of memory";
                MemoryEvidence { node: node.clone(), what, held, limit: MEMORY_BYTES }
            }));
            let listed = server.list("members/-").await?.into_iter().map(|listing| (listing.name, listing.revision));
            readers.push(reader(&node, listed, &unreadable)?);
            if let Some(follower) = self.followers.get(server.name()) {
                readers.push(reader(&node, follower.holds(), &unreadable)?);
            }
        }
        let acknowledged = acknowledged(self.servers().zip(&stores), &directory, &stores)?;
        let gateway = stores[0].node.clone();
        let noticed = Vec::new();
        Ok(Evidence { now: now(), directory, gateway, stores, acknowledged, readers, links, memory, noticed })
    }
}

async fn store(server: &Server, node: &NodeId, status: &Status) -> anyhow::Result<StoreEvidence> {
    let held = disk::held(server.dir()).await.with_context(|| format!("the database of {}", server.name()))?;
    let all = |of: fn(&duikou_proto::v1::LinkStatus) -> &[Rejection]| {
        let rejections = status.links.iter().flat_map(of);
        // A refusal because another node hosts the member counts in no comparison, and what is malformed has no name.
        let rejections = rejections.filter(|rejection| rejection.code != "HOST" && !rejection.name.is_empty());
        rejections.map(|rejection| Ok((rejection.name.parse()?, rejection.revision))).collect::<anyhow::Result<_>>()
    };
    let rejected: BTreeMap<RecordName, i64> = all(|link| &link.rejected_here)?;
    let refused: BTreeMap<RecordName, i64> = all(|link| &link.rejected_by_peer)?;
    let facts = held.facts.iter().map(|(key, value)| (key.as_str(), value.as_slice()));
    Ok(StoreEvidence {
        node: node.clone(),
        vouched: duikou_simulation::invariants::vouched(facts),
        rows: held.rows,
        departed: disk::departed(server.dir()).with_context(|| format!("what departed from {}", server.name()))?,
        rejected,
        refused: refused.into_keys().collect(),
        has_forgotten: held.floor > 0,
        judged: judged(server).await?,
        spoiled: BTreeSet::new(),
    })
}

/// Whether it holds all of each scope of others, as it says itself.
async fn judged(server: &Server) -> anyhow::Result<Vec<(String, String, completeness::State)>> {
    let request = ListMembersRequest { page_size: 1_000, ..ListMembersRequest::default() };
    let members = DirectoryServiceClient::new(server.local()).list_members(request).await?.into_inner().members;
    let judged = members.iter().flat_map(|member| {
        let origin = member.name.trim_start_matches("members/");
        member.completeness.iter().map(move |held| (origin.to_owned(), held.scope.clone(), held.state()))
    });
    Ok(judged.collect())
}

fn link(node: &NodeId, status: &Status) -> LinkEvidence {
    let down = status.links.iter().find(|link| link.state() != State::Connected);
    LinkEvidence {
        node: node.clone(),
        connected: down.is_none() && !status.links.is_empty(),
        detail: down.map(|link| link.error.clone()).unwrap_or_default(),
        halted: status.alarms.iter().find(|alarm| alarm.code == "HALTED").map(|alarm| alarm.message.clone()),
    }
}

/// The listings of a store whose bodies are none.
fn unreadable(store: &StoreEvidence) -> BTreeSet<RecordName> {
    let records = store.rows.values().filter_map(|row| row.record.as_ref());
    let unreadable = records.filter(|record| record.kind().is_listing() && readable(record).is_none());
    unreadable.map(|record| record.name().clone()).collect()
}

fn reader(
    node: &NodeId,
    holds: impl IntoIterator<Item = (String, i64)>,
    unreadable: &BTreeSet<RecordName>,
) -> anyhow::Result<ReaderEvidence> {
    let holds =
        holds.into_iter().map(|(name, revision)| Ok((name.parse()?, revision))).collect::<anyhow::Result<_>>()?;
    let (reader, node, offers, unreadable) = (Reader::Operator, node.clone(), BTreeSet::new(), unreadable.clone());
    Ok(ReaderEvidence { reader, node, offers_only: false, holds, offers, unreadable })
}

/// What the process of a server occupies, where that can be told.
fn resident(server: &Server) -> Option<usize> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.process_id()?)).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: usize = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kibibytes * 1024)
}

fn acknowledged<'a>(
    servers: impl Iterator<Item = (&'a Server, &'a StoreEvidence)>,
    directory: &Directory,
    stores: &[StoreEvidence],
) -> anyhow::Result<Vec<Acknowledged>> {
    let mut newest: BTreeMap<RecordName, Acknowledged> = BTreeMap::new();
    for (server, at) in servers {
        for (name, entry) in server.ledger.all() {
            let name: RecordName = name.parse()?;
            let host = directory.member_by_text(name.origin_str()).map(|member| &member.node);
            if entry.stays && host != Some(&at.node) {
                continue;
            }
            let held = stores.iter().filter_map(|store| Some(store.rows.get(&name)?.revision())).max().unwrap_or(0);
            let revision = if entry.perhaps { entry.revision.min(held) } else { entry.revision };
            let before = newest.get(&name).map_or(0, |before| before.revision);
            if revision > before {
                newest.insert(name.clone(), Acknowledged { name, revision, until: entry.until });
            }
        }
    }
    Ok(newest.into_values().collect())
}
