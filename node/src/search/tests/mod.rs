//! Search over a real engine and a real index, compared with what looking at every row finds.

mod files;
mod named;
pub(crate) mod oracle;
mod otherwise;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use duikou_proto::directory::{self, Directory};
use duikou_proto::envelope::Micros;
use duikou_proto::federation::directory_entry::Action;
use duikou_proto::federation::{Admit, CircleCreate, Host};
use duikou_proto::filter::Filter;
use duikou_proto::name::{MemberId, NetworkName, RecordName};
use duikou_proto::scope::{Scope, ScopeSet};
use duikou_proto::sign::Signer;
use duikou_proto::v1::opportunity::{Details, Direction};
use duikou_proto::v1::{self, Lane, Opportunity, Project, WithdrawalReason};
use prost::Message as _;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Answer, OrderBy, Patience, Search, Start, Wanted, parse};
use crate::engine::{Change, Content, Data, Engine, Identity, Mode, Parts, Reader, Write};
use crate::store::sqlite::SqliteStore;

pub(crate) const MEMBERS: [&str; 3] = ["a", "b", "c"];
const CIRCLES: [&str; 2] = ["x", "y"];
pub(crate) const DAY: Micros = 24 * 3600 * 1_000_000;

pub(crate) fn network() -> NetworkName {
    "n.example".parse().unwrap()
}

pub(crate) fn id(short: &str) -> MemberId {
    MemberId::parse(short, &network()).unwrap()
}

fn key(member: &str) -> Signer {
    Signer::from_seed(1, *blake3::hash(member.as_bytes()).as_bytes())
}

pub(crate) fn name(member: &str, number: usize) -> RecordName {
    RecordName::new(&id(member), "listings", &format!("l{number}")).unwrap()
}

/// An engine with three members and a search index beside it.
pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) search: Search,
    directory: Directory,
    authority: Signer,
    pub(crate) now: Arc<AtomicI64>,
    stop: CancellationToken,
    tasks: TaskTracker,
    folder: Arc<tempfile::TempDir>,
}

impl World {
    pub(crate) async fn new(carrier: bool) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let now = Arc::new(AtomicI64::new(1_800_000_000_000_000));
        let mut world = Self::open(folder, now, carrier, Data::Left).await;
        let root = Signer::from_seed(0, [1; 32]);
        let genesis = directory::genesis(&network(), &root, &world.authority, 1);
        world.directory.apply(&genesis).unwrap();
        world.engine.follow(vec![genesis]).await.unwrap().unwrap();
        for member in MEMBERS {
            let host = Host { member: id(member).to_string(), node: id("node").to_string(), announced: false };
            world.act(Action::Host(host)).await;
            let signing_key = key(member).public().to_bytes().to_vec();
            let admit = Admit { member: id(member).to_string(), signing_key, ..Admit::default() };
            world.act(Action::Admit(admit)).await;
        }
        for circle in CIRCLES {
            world.act(Action::CircleCreate(CircleCreate { circle: circle.into() })).await;
        }
        world
    }

    async fn open(folder: Arc<tempfile::TempDir>, now: Arc<AtomicI64>, carrier: bool, data: Data) -> Self {
        let store = SqliteStore::open(&folder.path().join("data.db")).await.unwrap();
        let (clock, stop, tasks) = (now.clone(), CancellationToken::new(), TaskTracker::new());
        let identity = Identity {
            node: id("node"),
            network: network(),
            carrier,
            signers: MEMBERS.iter().map(|member| (id(member), key(member))).collect(),
        };
        let parts = Parts {
            identity,
            store: Arc::new(store),
            world: crate::world::World::system().with_clock(Arc::new(move || clock.load(Ordering::SeqCst))),
            feed_bytes: crate::limits::FEED_BYTES,
            queue_bytes: crate::limits::QUEUE_BYTES,
            data,
            stop: stop.clone(),
        };
        let engine = Engine::start(parts).await.unwrap().engine;
        let directory = (*engine.directory()).clone();
        let search = Search::start(engine.clone(), folder.path().join("search"), &tasks);
        let authority = Signer::from_seed(1, [2; 32]);
        Self { engine, search, directory, authority, now, stop, tasks, folder }
    }

    /// The same data with another process on it; `between` may do something to the index meanwhile.
    async fn restart(self, between: impl FnOnce(PathBuf)) -> Self {
        self.restart_on(Data::Left, between).await
    }

    async fn restart_on(self, data: Data, between: impl FnOnce(PathBuf)) -> Self {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.engine.close();
        self.engine.store().close().await;
        let (folder, now) = (self.folder.clone(), self.now.clone());
        drop(self);
        between(folder.path().join("search"));
        Self::open(folder, now, false, data).await
    }

    async fn act(&mut self, action: Action) {
        let entry = directory::next(self.directory.link(), &self.authority, 2, action);
        self.directory.apply(&entry).unwrap();
        self.engine.follow(vec![entry]).await.unwrap().unwrap();
    }

    /// Publishes, or fails as a suspended member does.
    pub(crate) async fn put(&self, name: &RecordName, scopes: &[&str], opportunity: &Opportunity, expire: Micros) {
        let kind = duikou_proto::validate::kind_of(opportunity).unwrap();
        assert_eq!(duikou_proto::validate::opportunity(opportunity, "listing"), []);
        let content = Content {
            kind: kind.parse().unwrap(),
            lane: Lane::Bulk,
            scopes: scopes.iter().map(|scope| Scope::parse(scope, &network()).unwrap()).collect::<ScopeSet>(),
            body: opportunity.encode_to_vec().into(),
            publish_time: None,
            expire_time: Some(expire),
            expire_default: expire,
        };
        let change = Change::Put(Mode::Upsert, content);
        let write = Write { name: name.clone(), change, expected: None, dry_run: false };
        // A suspended member writes nothing, which is not what is tested here.
        let _ = self.engine.write(write).await.unwrap();
    }

    async fn end(&self, name: &RecordName) {
        let change = Change::End(WithdrawalReason::Withdrawn);
        let write = Write { name: name.clone(), change, expected: None, dry_run: false };
        let _ = self.engine.write(write).await.unwrap();
    }

    /// Until the index has taken in everything that is committed now.
    pub(crate) async fn caught_up(&self) {
        self.search.caught_up().await;
    }

    async fn find(&self, wanted: Wanted, reader: &Reader) -> Answer {
        self.search.find(wanted, reader).await.unwrap()
    }

    /// The names found by words, in order.
    async fn names(&self, query: &str, reader: &Reader) -> Vec<String> {
        let answer = self.find(wanted(query, &v1::Filter::default()), reader).await;
        answer.hits.iter().map(|hit| hit.part.name().id().to_owned()).collect()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn wanted(query: &str, filter: &v1::Filter) -> Wanted {
    Wanted {
        query: parse(query, false).unwrap(),
        alike: None,
        filter: Filter::compile(filter, &network()).unwrap(),
        order: if query.is_empty() { OrderBy::NEWEST } else { OrderBy::Relevance },
        start: Start::First,
        size: 100,
        facets: Vec::new(),
        patience: Patience::Waits,
    }
}

fn opportunity(title: &str, body: &str) -> Opportunity {
    Opportunity {
        direction: Direction::Offer.into(),
        title: title.into(),
        body: body.into(),
        language: "zh-CN".into(),
        regions: vec!["440300".into()],
        details: Some(Details::Project(Project::default())),
        ..Opportunity::default()
    }
}
