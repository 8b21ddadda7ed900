//! What a store holds that its engine remembers, and what a start makes of it: the feed goes on or begins anew.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use duikou_proto::directory::Directory;
use duikou_proto::envelope::{Micros, Revision};
use duikou_proto::name::{MemberId, NodeId, RecordName};
use serde::Serialize;

use super::{Data, StartError, read_directory};
use crate::defects::{self, Defect};
use crate::engine::heads::{self, Counted};
use crate::engine::work::Memory;
use crate::engine::{FeedIdentity, Identity, RejectionFact, approval, facts, hides, receipts};
use crate::limits;
use crate::store::{Counter, Fact, Read, Store, StoreError};
use crate::world::World;

/// Facts that are read in one go.
const FACTS: usize = 10_000;

/// A fact that a start writes.
fn fact(key: String, value: &impl Serialize) -> Result<Fact, StoreError> {
    let bytes = facts::encode(&key, value)?;
    Ok((key, Some(bytes)))
}

/// All facts that begin with `prefix`.
async fn all(read: &mut dyn Read, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
    let mut found: Vec<(String, Vec<u8>)> = Vec::new();
    loop {
        let after = found.last().map(|(key, _)| key.clone()).unwrap_or_default();
        let piece = read.facts(prefix, &after, FACTS).await?;
        let more = piece.len() == FACTS;
        found.extend(piece);
        if !more {
            return Ok(found);
        }
    }
}

/// What was refused before this process began stands in for what is held.
async fn recall_refused(
    store: &dyn Store,
    hot: &BTreeMap<String, Vec<u8>>,
    heads: &mut heads::Heads,
    now: Micros,
) -> Result<(), StoreError> {
    let refusals = hot.range(facts::REJECTIONS.to_owned()..).take_while(|(key, _)| key.starts_with(facts::REJECTIONS));
    let refusals: Vec<_> = refusals.filter_map(|(key, value)| Some((facts::refused_name(key)?, key, value))).collect();
    let mut read = store.read().await?;
    for refusals in refusals.chunks(limits::FEED_PAGE) {
        let names: Vec<RecordName> = refusals.iter().map(|(name, ..)| name.clone()).collect();
        let rows: HashMap<RecordName, Counted> =
            read.rows(&names).await?.rows.iter().map(|row| (row.name.clone(), Counted::of(row))).collect();
        for (name, key, value) in refusals {
            let refused = facts::decode::<RejectionFact>(key, value)?.refused();
            heads.refuse(key, name, refused, &rows.get(name).cloned().unwrap_or_default());
        }
    }
    heads.judge(now);
    Ok(())
}

/// What a store holds that its engine remembers.
pub(super) struct Kept {
    directory: Directory,
    pub(super) counter: Counter,
    revisions: HashMap<MemberId, Revision>,
    unrecovered: BTreeSet<MemberId>,
    hot: BTreeMap<String, Vec<u8>>,
    /// None in a store without data.
    feed: Option<FeedIdentity>,
}

impl Kept {
    pub(super) async fn read(store: &dyn Store) -> Result<Self, StartError> {
        let mut directory = read_directory(store).await?;
        let mut read = store.read().await?;
        hides::compare_at_start(&mut *read, &mut directory).await?;
        let counter = read.counter().await?;
        let mut revisions = HashMap::new();
        for (key, value) in all(&mut *read, facts::REVISIONS).await? {
            if let Some(member) = key.strip_prefix(facts::REVISIONS).and_then(|id| id.parse().ok()) {
                revisions.insert(member, facts::decode(&key, &value)?);
            }
        }
        let mut unrecovered = BTreeSet::new();
        for (key, _) in all(&mut *read, facts::UNRECOVERED).await? {
            unrecovered.extend(key.strip_prefix(facts::UNRECOVERED).and_then(|id| id.parse::<MemberId>().ok()));
        }
        let mut hot = BTreeMap::new();
        for prefix in facts::HOT {
            hot.extend(all(&mut *read, prefix).await?);
        }
        let feed = read.fact(facts::FEED).await?.map(|value| facts::decode(facts::FEED, &value)).transpose()?;
        Ok(Self { directory, counter, revisions, unrecovered, hot, feed })
    }

    /// The feed from now on, with what a start writes of it and of the data being what it is.
    pub(super) fn begin(
        &mut self,
        identity: &Identity,
        world: &World,
        data: Data,
    ) -> Result<(FeedIdentity, Vec<Fact>), StoreError> {
        let is_new = self.feed.is_none();
        let mut feed = self.feed.take().unwrap_or_else(|| FeedIdentity::new(world));
        if data != Data::Left && !defects::on(Defect::FeedKept) {
            feed.renew(world, self.counter.seq);
        } else {
            feed.begin_epoch(world, self.counter.seq);
        }
        let mut begun = vec![fact(facts::FEED.to_owned(), &feed)?];
        if data != Data::Left && identity.carrier {
            // Its nodes may know more of the directory than it does.
            begun.push(fact(facts::GATHERING.to_owned(), &true)?);
        } else if data == Data::Restored {
            // Before anything is written or ended for them: what they wrote since is held elsewhere.
            for member in self.directory.hosted(&identity.node) {
                begun.push(fact(facts::unrecovered(&member.id), &false)?);
                self.unrecovered.insert(member.id.clone());
            }
        }
        if (is_new || data != Data::Left) && identity.carrier {
            begun.push(fact(facts::VOUCH.to_owned(), &world.now())?);
        }
        Ok((feed, begun))
    }

    /// All that is remembered, with what is summed up of the rows.
    pub(super) async fn remember(
        self,
        feed: FeedIdentity,
        store: &dyn Store,
        node: &NodeId,
        now: Micros,
    ) -> Result<Memory, StartError> {
        let Self { directory, counter: _, revisions, unrecovered, hot, feed: _ } = self;
        let (mut heads, counts, damage) = heads::Heads::of_store(store, now).await?;
        recall_refused(store, &hot, &mut heads, now).await?;
        receipts::remember(store, &directory, node, &mut heads).await?;
        Ok(Memory {
            directory: Arc::new(directory),
            counts,
            heads: Arc::new(heads),
            revisions,
            unrecovered,
            feed: Arc::new(feed),
            writers: Arc::new(approval::writers(&hot)?),
            hot: Arc::new(hot),
            damage: Arc::new(damage),
        })
    }
}
