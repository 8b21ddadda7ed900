//! Rows that cannot be read. One that is damaged stops no other: it counts as absent, so the link on which it came brings
//! it again (its origin's head counts what is here no longer), and whoever changes something else notices nothing.
//!
//! What a member here wrote is another matter, since nobody but its origin knows what it owes: who could see it, whether
//! it was deleted for good. So its name takes no change, and its member signs no heads, which would say that the row
//! never was and have all others let go of it. The gateway is asked to give back what it holds with the next link; what
//! still cannot be read then comes from a backup, or not at all.
//!
//! What is damaged is found by whoever reads it: at the start all rows are read, later whatever is asked for.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use duikou_proto::name::{MemberId, RecordName};

use super::heads::{Counted, Heads};
use super::work::Work;
use super::writer::Command;
use super::{Engine, Reader};
use crate::defects::{self, Defect};
use crate::limits;
use crate::store::{Count, Damaged, StoreError, Stretch};

/// Rows that sums are made anew of in one statement.
const PAGE: usize = 1024;

/// What is known to be damaged.
#[derive(Debug, Clone, Default)]
pub(crate) struct Damage {
    /// Under which it lies; not all are names.
    names: BTreeSet<String>,
    /// Members of whom the gateway has given back all that it holds since this process began.
    given_back: BTreeSet<MemberId>,
}

impl Damage {
    pub(super) fn of(names: BTreeSet<String>) -> Self {
        Self { names, given_back: BTreeSet::new() }
    }

    /// Whether what lies under `name` cannot be read.
    pub(super) fn holds(&self, name: &RecordName) -> bool {
        self.names.contains(name.as_str())
    }

    /// Whether something may be lacking of what `member` says that its scopes hold, and may be given back.
    pub(super) fn lacks_of(&self, member: &MemberId) -> bool {
        !self.given_back.contains(member) && self.names.iter().any(|name| is_counted_for(name, member))
    }
}

/// Whether a row that lies under `name` may be one that heads of `member` count. Of a name that is none nobody knows.
fn is_counted_for(name: &str, member: &MemberId) -> bool {
    name.parse::<RecordName>().map_or(true, |name| {
        name.origin_str() == member.as_str() && !["heads", "receipts"].contains(&name.collection())
    })
}

/// Looks at rows that somebody could not read.
struct Look(Vec<RecordName>);

#[async_trait]
impl Command for Look {
    type Output = ();

    fn names(&self) -> Vec<RecordName> {
        self.0.clone()
    }

    async fn run(self, _work: &mut Work<'_>) -> Result<(), StoreError> {
        Ok(())
    }
}

impl Engine {
    /// The names of rows that cannot be read: of members here, and of others.
    pub fn damaged(&self) -> [Vec<String>; 2] {
        let (directory, damage) = (self.directory(), self.0.memory.load().damage.clone());
        let is_own = |name: &str| {
            let origin = name.parse::<RecordName>().map(|name| name.origin());
            origin.map_or(true, |origin| {
                directory.member(&origin).is_some_and(|member| member.node == self.0.identity.node)
            })
        };
        let (own, others) = damage.names.iter().cloned().partition(|name| is_own(name));
        [own, others]
    }

    /// Members here of whom the gateway may have what cannot be read.
    pub fn lacking(&self) -> Vec<MemberId> {
        let (directory, memory) = (self.directory(), self.0.memory.load());
        let hosted = directory.hosted(&self.0.identity.node).map(|member| &member.id);
        hosted.filter(|member| memory.damage.lacks_of(member)).cloned().collect()
    }

    /// Takes note of rows that somebody could not read, so that they are counted no longer.
    pub(super) async fn look_at(&self, damaged: &[Damaged]) {
        if damaged.is_empty() {
            return;
        }
        let known = self.0.memory.load().damage.clone();
        let names = damaged.iter().filter_map(|damaged| damaged.name.parse().ok());
        let names: Vec<RecordName> = names.filter(|name| !known.holds(name)).collect();
        if !names.is_empty() {
            // Where the store does not work, it says so itself, and the next reader notes it.
            let _ = self.submit(Look(names)).await;
        }
    }

    /// Whether `reader` may know that something of `name` is here whatever it says.
    pub(super) fn may_know(&self, reader: &Reader, name: &RecordName) -> bool {
        match reader.whole() {
            Reader::Operator => true,
            Reader::Member(member) => *member == name.origin(),
            Reader::Anonymous | Reader::Registered | Reader::Narrowed(..) => false,
        }
    }
}

impl Work<'_> {
    /// Takes note of what cannot be read. What its origin holds is summed up anew where it was counted until now: what it
    /// said can no longer be taken off.
    pub(super) async fn note_damaged(&mut self, damaged: &[Damaged]) -> Result<(), StoreError> {
        let mut origins = BTreeSet::new();
        for Damaged { name, detail } in damaged {
            let parsed = name.parse::<RecordName>();
            let written = parsed.as_ref().is_ok_and(|name| self.is_written(name));
            if written || self.memory.damage.names.contains(name) {
                continue;
            }
            tracing::error!(alarm = "ROWS_DAMAGED", record.name = name, detail, "a row cannot be read");
            let damage = Arc::make_mut(&mut self.memory.damage);
            damage.given_back.retain(|member| !is_counted_for(name, member));
            if damage.names.len() < limits::DAMAGED {
                damage.names.insert(name.clone());
            }
            origins.extend(parsed.map(|name| name.origin_str().to_owned()));
        }
        for origin in origins {
            self.sum_up(&origin).await?;
        }
        Ok(())
    }

    /// Sums up what an origin holds, as it was before this transaction.
    async fn sum_up(&mut self, origin: &str) -> Result<(), StoreError> {
        let prefix = format!("members/{origin}/");
        let (mut sums, mut count, mut after) = (Heads::default(), Count::default(), Some(String::new()));
        while let Some(from) = after {
            let Stretch { rows, next, .. } = self.transaction.range(&prefix, &from, PAGE).await?;
            for row in &rows {
                let counted = Counted::of(row);
                count += counted.count();
                sums.change(&row.name, &Counted::default(), &counted, self.now);
            }
            after = next;
        }
        self.memory.counts.insert(origin.to_owned(), count);
        if !defects::on(Defect::NoHeads) {
            Arc::make_mut(&mut self.memory.heads).sum_up_anew(origin, &sums);
        }
        Ok(())
    }

    /// A row was written, or goes: whatever was wrong with it is so no longer.
    pub(super) fn mended(&mut self, name: &RecordName) {
        if self.memory.damage.holds(name) {
            tracing::info!(record.name = %name, "a damaged row was replaced");
            Arc::make_mut(&mut self.memory.damage).names.remove(name.as_str());
        }
    }

    /// The gateway has given back all that it holds of a member.
    pub(super) fn given_back(&mut self, member: &MemberId) {
        if self.memory.damage.lacks_of(member) {
            Arc::make_mut(&mut self.memory.damage).given_back.insert(member.clone());
        }
    }

    /// Lets go of rows that must not stay whatever they say, unless they are of members here. Whoever has read less than
    /// all may have met them.
    pub(super) fn drop_damaged(&mut self, damaged: Vec<Damaged>) {
        let names = damaged.into_iter().filter_map(|damaged| damaged.name.parse::<RecordName>().ok());
        for name in names.filter(|name| !self.is_own(name)).collect::<Vec<_>>() {
            self.purge_damaged(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use duikou_proto::directory::{self, Directory};
    use duikou_proto::envelope::Part;
    use duikou_proto::federation::directory_entry::Action;
    use duikou_proto::federation::{Admit, Host};
    use duikou_proto::head;
    use duikou_proto::name::NetworkName;
    use duikou_proto::scope::Scope;
    use duikou_proto::sign::Signer;
    use duikou_proto::v1::{Head, Lane, Record};
    use prost::Message as _;
    use sqlx::sqlite::SqliteConnectOptions;
    use sqlx::{ConnectOptions as _, Connection as _};
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::engine::apply::{Apply, Progress, Side};
    use crate::engine::recover::{Recovered, TakeBack};
    use crate::engine::sign_heads::SignHeads;
    use crate::engine::write::{Change, Content, Mode, Refused, Write, Written};
    use crate::engine::{Data, Halt, Identity, Many, Parts, Started};
    use crate::store::sqlite::SqliteStore;
    use crate::world::World;

    const HOUR: i64 = 3_600_000_000;
    const OWN: &str = "a.n.example";
    const OTHER: &str = "b.n.example";

    fn signer_of(member: &str) -> Signer {
        Signer::from_seed(1, if member == OWN { [3; 32] } else { [4; 32] })
    }

    fn name(member: &str, id: &str) -> RecordName {
        format!("members/{member}/listings/{id}").parse().unwrap()
    }

    /// A node of one member, in a network with one other, that signs nothing unless it is asked to.
    struct Node {
        started: Started,
        file: std::path::PathBuf,
    }

    impl Node {
        async fn start(file: &Path) -> Self {
            let parts = Parts {
                identity: Identity {
                    node: "node.n.example".parse().unwrap(),
                    network: "n.example".parse().unwrap(),
                    carrier: false,
                    signers: [(OWN.parse().unwrap(), signer_of(OWN))].into_iter().collect(),
                },
                store: Arc::new(SqliteStore::open(file).await.unwrap()),
                world: World::system(),
                feed_bytes: 8 * 1024,
                queue_bytes: limits::QUEUE_BYTES,
                data: Data::Left,
                stop: CancellationToken::new(),
            };
            let started = Engine::start(parts).await.unwrap();
            started.engine.halt(Some(Halt::Twice));
            Self { started, file: file.to_owned() }
        }

        /// In a network that has begun.
        async fn found(file: &Path) -> Self {
            let node = Self::start(file).await;
            let network: NetworkName = "n.example".parse().unwrap();
            let (root, authority) = (Signer::from_seed(0, [1; 32]), Signer::from_seed(1, [2; 32]));
            let time = node.engine().now() - HOUR;
            let mut entries = vec![directory::genesis(&network, &root, &authority, time)];
            let mut directory = Directory::default();
            directory.apply(&entries[0]).unwrap();
            for (member, on) in [(OWN, "node.n.example"), (OTHER, "elsewhere.n.example")] {
                let signing_key = signer_of(member).public().to_bytes().to_vec();
                let actions = [
                    Action::Host(Host { member: member.to_owned(), node: on.to_owned(), announced: false }),
                    Action::Admit(Admit { member: member.to_owned(), signing_key, ..Default::default() }),
                ];
                for action in actions {
                    let entry = directory::next(directory.link(), &authority, time, action);
                    directory.apply(&entry).unwrap();
                    entries.push(entry);
                }
            }
            node.engine().follow(entries).await.unwrap().unwrap();
            node
        }

        fn engine(&self) -> &Engine {
            &self.started.engine
        }

        async fn restart(self) -> Self {
            self.engine().close();
            self.started.tasks.wait().await;
            self.engine().store().close().await;
            let file = self.file.clone();
            drop(self);
            Self::start(&file).await
        }

        /// Overwrites what is kept of a listing.
        async fn damage(&self, name: &RecordName) {
            let mut connection = SqliteConnectOptions::new().filename(&self.file).connect().await.unwrap();
            let garbage = "UPDATE rows SET record = x'00ff', exposed = 'garbage' WHERE name = $1";
            let done = sqlx::query(garbage).bind(name.as_str()).execute(&mut connection).await.unwrap();
            assert_eq!(done.rows_affected(), 1);
            connection.close().await.unwrap();
        }

        fn write(&self, id: &str, body: &'static str) -> Write {
            let content = Content {
                kind: "event".parse().unwrap(),
                lane: Lane::Bulk,
                scopes: [Scope::public()].into_iter().collect(),
                body: body.into(),
                publish_time: None,
                expire_time: None,
                expire_default: self.engine().now() + HOUR,
            };
            Write { name: name(OWN, id), change: Change::Put(Mode::Upsert, content), expected: None, dry_run: false }
        }

        async fn written(&self, id: &str, body: &'static str) -> Part {
            match self.engine().submit(self.write(id, body)).await.unwrap() {
                Ok(Written::Created(part) | Written::Updated(part)) => part,
                other => panic!("{other:?}"),
            }
        }

        /// The names that a reader finds, page by page.
        async fn listed(&self) -> Vec<String> {
            let (mut after, mut met) = (Some(String::new()), Vec::new());
            while let Some(from) = after {
                let (parts, next) = self.engine().list("members/", &from, 2, &Reader::Anonymous).await.unwrap();
                met.extend(parts.iter().map(|part| part.name().id().to_owned()));
                after = next;
            }
            met
        }

        /// What is remembered is what can be read.
        async fn is_summed_up(&self) {
            let engine = self.engine();
            let (heads, counts, _) = Heads::of_store(engine.store(), engine.now()).await.unwrap();
            assert_eq!(engine.heads().all_sums(), heads.all_sums());
            let known = engine.counts().into_iter().filter(|(_, count)| *count != Count::default());
            assert!(known.eq(counts), "{:?}", engine.counts());
        }

        /// How many listings the member says that there are for everybody.
        async fn says(&self) -> Option<i64> {
            while self.engine().submit(SignHeads).await.unwrap() {}
            let name = head::name(&OWN.parse().unwrap(), &Scope::public()).unwrap();
            let row = self.engine().row(&name).await.unwrap()?;
            let head = Head::decode(row.record.unwrap().body()).unwrap();
            Some(head.kinds.iter().map(|kind| kind.count).sum())
        }
    }

    #[tokio::test]
    async fn a_damaged_record_takes_no_change_and_stops_nobody_elses() {
        let folder = tempfile::tempdir().unwrap();
        let node = Node::found(&folder.path().join("data")).await;
        let engine = node.engine();
        let mut parts = Vec::new();
        for id in ["r1", "r2", "r3", "r4", "r5"] {
            parts.push(node.written(id, "as it was").await);
        }
        let damaged = name(OWN, "r2");
        node.damage(&damaged).await;

        let both = Many(vec![node.write("r2", "changed"), node.write("r3", "changed"), node.write("r6", "new")]);
        let (done, beside) = tokio::join!(engine.submit(both), engine.submit(node.write("r4", "changed")));
        let done = done.unwrap();
        assert_eq!(done[0], Err(Refused::Damaged(damaged.clone())));
        assert!(matches!(done[1], Ok(Written::Updated(_))) && matches!(done[2], Ok(Written::Created(_))), "{done:?}");
        assert!(matches!(beside.unwrap(), Ok(Written::Updated(_))));
        let end = Write { change: Change::End(duikou_proto::v1::WithdrawalReason::Deleted), ..node.write("r2", "") };
        assert_eq!(engine.submit(end).await.unwrap(), Err(Refused::Damaged(damaged.clone())));

        assert_eq!(node.listed().await, ["r1", "r3", "r4", "r5", "r6"]);
        assert!(matches!(engine.get(&damaged, &Reader::Operator).await, Err(StoreError::Inconsistent { .. })));
        assert_eq!(engine.get(&damaged, &Reader::Anonymous).await.unwrap(), None, "who may not know hears nothing");
        assert_eq!(engine.damaged(), [vec![damaged.to_string()], vec![]]);
        node.is_summed_up().await;
        assert_eq!(node.says().await, None, "others would let go of what is not counted");

        assert_eq!(engine.submit(TakeBack(vec![parts[1].clone()])).await.unwrap(), 1);
        assert!(engine.damaged().concat().is_empty());
        node.is_summed_up().await;
        assert_eq!(node.says().await, Some(6));
        let later = node.written("r2", "changed").await;
        assert!(later.revision() > parts[1].revision());
        engine.close();
    }

    #[tokio::test]
    async fn what_is_damaged_at_the_start_is_asked_for_once() {
        let folder = tempfile::tempdir().unwrap();
        let node = Node::found(&folder.path().join("data")).await;
        for id in ["r1", "r2"] {
            node.written(id, "as it was").await;
        }
        node.damage(&name(OWN, "r2")).await;
        let node = node.restart().await;
        let (engine, member): (_, MemberId) = (node.engine(), OWN.parse().unwrap());
        assert_eq!(engine.damaged(), [vec![name(OWN, "r2").to_string()], vec![]]);
        assert!(engine.lacking().iter().eq([&member]));
        assert_eq!(node.says().await, None);
        let recovered = Recovered { members: vec![member], from: None, rolled_back: false, clock_right: true };
        engine.submit(recovered).await.unwrap();
        assert!(engine.lacking().is_empty(), "its gateway has nothing more to give");
        assert_eq!(node.says().await, Some(1));
        let again = engine.submit(node.write("r2", "anew")).await.unwrap();
        assert_eq!(again, Err(Refused::Damaged(name(OWN, "r2"))), "it may have been deleted for good");
        engine.close();
    }

    #[tokio::test]
    async fn what_another_wrote_counts_as_absent_until_it_comes_again() {
        let folder = tempfile::tempdir().unwrap();
        let node = Node::found(&folder.path().join("data")).await;
        let engine = node.engine();
        let part = |id: &str| {
            let record = Record {
                name: name(OTHER, id).to_string(),
                revision: engine.now() - HOUR / 2,
                kind: "event".to_owned(),
                lane: Lane::Bulk.into(),
                scopes: vec!["public".to_owned()],
                expire_time: engine.now() + HOUR,
                ..Default::default()
            };
            Part::sign_record(&signer_of(OTHER), &record).unwrap()
        };
        let parts = [part("r1"), part("r2")];
        let apply = |parts: &[Part]| Apply {
            peer: "gateway.n.example".parse().unwrap(),
            lane: Lane::Bulk,
            side: Side::Below(engine.directory().node_scopes(&engine.identity().node)),
            parts: parts.iter().map(|part| (part.clone(), Some(true))).collect(),
            malformed: Vec::new(),
            progress: Progress::Again,
        };
        engine.submit(apply(&parts)).await.unwrap();
        assert_eq!(node.listed().await, ["r1", "r2"]);
        node.damage(&name(OTHER, "r1")).await;
        assert_eq!(node.listed().await, ["r2"]);
        assert_eq!(engine.damaged(), [vec![], vec![name(OTHER, "r1").to_string()]]);
        // Whatever its head counts, it is seen to be lacking.
        node.is_summed_up().await;
        engine.submit(apply(&parts)).await.unwrap();
        assert_eq!(node.listed().await, ["r1", "r2"]);
        assert!(engine.damaged().concat().is_empty());
        node.is_summed_up().await;
        engine.close();
    }
}
