//! Store and feed driven by random operations, with readers that stop, resume and fall behind: in the end each holds
//! exactly what a plain model says it may see.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use duikou_proto::directory::{self, Directory, Hidden};
use duikou_proto::federation::directory_entry::Action;
use duikou_proto::federation::{Admit, CircleAdd, CircleCreate, CircleDrop, Hide, Host, Resume, Show, Suspend};
use duikou_proto::filter::Filter;
use duikou_proto::name::{MemberId, NetworkName, RecordName};
use duikou_proto::scope::{Scope, ScopeSet};
use duikou_proto::sign::Signer;
use duikou_proto::v1::no_longer::Reason;
use duikou_proto::v1::opportunity::{Details, Direction};
use duikou_proto::v1::{self, Capital, Lane, Opportunity, WithdrawalReason, capital};
use prost::Message;
use tokio_util::sync::CancellationToken;

use super::{EventReader, Step};
use crate::engine::{Change, Content, Engine, Identity, Mode, Parts, Reader, Write};
use crate::store::sqlite::SqliteStore;

const MEMBERS: [&str; 3] = ["a", "b", "c"];
const CIRCLES: [&str; 2] = ["x", "y"];
const SCOPES: [&[&str]; 7] = [
    &[],
    &["public"],
    &["network"],
    &["circle:x"],
    &["circle:x", "member:c"],
    &["circle:y"],
    &["registered", "circle:y"],
];

fn network() -> NetworkName {
    "n.example".parse().unwrap()
}

pub(crate) fn id(short: &str) -> MemberId {
    MemberId::parse(short, &network()).unwrap()
}

fn key(member: &str) -> Signer {
    Signer::from_seed(1, *blake3::hash(member.as_bytes()).as_bytes())
}

/// Numbers from a seed.
pub(crate) struct Chance(blake3::OutputReader);

impl Chance {
    /// One that a seed decides.
    pub(crate) fn new(seed: u64) -> Self {
        Self(blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof())
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        (u64::from_le_bytes(bytes) % bound as u64) as usize
    }
}

/// Of which industry a listing is, by its text: whatever is of one has much to say to each other, and nothing to the rest.
const INDUSTRIES: [&str; 3] = ["0111", "1711", "5111"];

struct Held {
    origin: &'static str,
    scopes: &'static [&'static str],
    offer: bool,
    revision: i64,
    industry: &'static str,
}

/// What is true, in the plainest form.
#[derive(Default)]
pub(crate) struct Truth {
    listings: BTreeMap<String, Held>,
    circles: BTreeMap<&'static str, BTreeSet<&'static str>>,
    suspended: BTreeSet<&'static str>,
    hidden: BTreeSet<String>,
}

impl Truth {
    fn sees(&self, who: &Reader, origin: &str, scopes: &[&str]) -> bool {
        let holds = |member: &str, scope: &str| {
            !self.suspended.contains(member)
                && match scope.split_once(':') {
                    None => true,
                    Some(("circle", circle)) => self.circles.get(circle).is_some_and(|c| c.contains(member)),
                    Some((_, other)) => other == member,
                }
        };
        let member =
            |member: &str| origin == member || scopes.iter().any(|scope| *scope == "public" || holds(member, scope));
        match who {
            Reader::Anonymous => scopes.contains(&"public"),
            Reader::Registered => scopes.iter().any(|scope| ["public", "registered"].contains(scope)),
            Reader::Member(id) => member(id.short()),
            Reader::Operator => {
                MEMBERS.iter().any(|one| origin == *one || scopes.iter().any(|scope| holds(one, scope)))
            }
            // A scope is one among those that the whole reader has.
            Reader::Narrowed(whole, to) => {
                let named: Vec<&str> =
                    scopes.iter().copied().filter(|scope| to.iter().any(|to| to.short(&network()) == *scope)).collect();
                !named.is_empty() && self.sees(whole, "nobody", &named)
            }
        }
    }

    pub(crate) fn set(&self, who: &Reader, offers_only: bool) -> BTreeMap<String, i64> {
        let shown = |(name, held): &(&String, &Held)| {
            self.sees(who, held.origin, held.scopes)
                && (held.offer || !offers_only)
                && !self.suspended.contains(held.origin)
                && !self.hidden.contains(*name)
        };
        self.listings.iter().filter(shown).map(|(name, held)| (name.clone(), held.revision)).collect()
    }

    /// What answers the listings of these names, for `who`.
    pub(crate) fn counterparts(&self, who: &Reader, subjects: &[String]) -> BTreeMap<String, i64> {
        let mut set = self.set(who, false);
        let there: Vec<&Held> =
            subjects.iter().filter(|name| set.contains_key(*name)).filter_map(|name| self.listings.get(name)).collect();
        set.retain(|name, _| {
            let held = &self.listings[name];
            there.iter().any(|subject| {
                held.origin != subject.origin && held.offer != subject.offer && held.industry == subject.industry
            })
        });
        set
    }
}

struct Follower {
    who: Reader,
    offers_only: bool,
    reader: EventReader,
    cursor: Vec<u8>,
    holds: BTreeMap<String, i64>,
}

impl Follower {
    fn filter(offers_only: bool) -> Filter {
        let directions = if offers_only { vec![Direction::Offer.into()] } else { Vec::new() };
        Filter::compile(&v1::Filter { directions, ..Default::default() }, &network()).unwrap()
    }

    fn new(engine: &Engine, who: Reader, offers_only: bool) -> Self {
        let reader = EventReader::new(engine.clone(), who.clone(), Self::filter(offers_only), &[]);
        Self { who, offers_only, reader, cursor: Vec::new(), holds: BTreeMap::new() }
    }

    fn resume(&mut self, engine: &Engine) {
        self.reader = EventReader::new(engine.clone(), self.who.clone(), Self::filter(self.offers_only), &self.cursor);
    }

    /// Takes up to `steps` steps; whether there were so many.
    async fn read(&mut self, steps: usize) -> bool {
        for _ in 0..steps {
            let Some((step, cursor)) = self.reader.next().await.unwrap() else { return false };
            self.cursor = cursor;
            match step {
                Step::Listing(part, _) => {
                    let name = part.name().to_string();
                    let before = self.holds.insert(name.clone(), part.revision());
                    assert!(before <= Some(part.revision()), "{name} went back for {:?}", self.who);
                }
                Step::NoLonger(name, _) => drop(self.holds.remove(name.as_str())),
                Step::Reset(_) => self.holds.clear(),
                Step::CaughtUp => {}
            }
        }
        true
    }
}

pub(crate) struct World {
    pub(crate) engine: Engine,
    directory: Directory,
    authority: Signer,
    pub(crate) truth: Truth,
    now: Arc<AtomicI64>,
    _folder: tempfile::TempDir,
}

impl World {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("data.db")).await.unwrap();
        let now = Arc::new(AtomicI64::new(1_800_000_000_000_000));
        let clock = now.clone();
        let identity = Identity {
            node: id("node"),
            network: network(),
            carrier: false,
            signers: MEMBERS.iter().map(|member| (id(member), key(member))).collect(),
        };
        let parts = Parts {
            identity,
            store: Arc::new(store),
            world: crate::world::World::system().with_clock(Arc::new(move || clock.load(Ordering::SeqCst))),
            // So little that readers meet both memory and store.
            feed_bytes: 8 * 1024,
            queue_bytes: crate::limits::QUEUE_BYTES,
            stop: CancellationToken::new(),
        };
        let engine = Engine::start(parts).await.unwrap().engine;
        let (root, authority) = (Signer::from_seed(0, [1; 32]), Signer::from_seed(1, [2; 32]));
        let genesis = directory::genesis(&network(), &root, &authority, 1);
        let mut directory = Directory::default();
        directory.apply(&genesis).unwrap();
        engine.follow(vec![genesis]).await.unwrap().unwrap();
        let mut world = Self { engine, directory, authority, truth: Truth::default(), now, _folder: folder };
        for member in MEMBERS {
            world
                .act(Action::Host(Host {
                    member: id(member).to_string(),
                    node: id("node").to_string(),
                    announced: false,
                }))
                .await;
            let signing_key = key(member).public().to_bytes().to_vec();
            world.act(Action::Admit(Admit { member: id(member).to_string(), signing_key, ..Default::default() })).await;
        }
        for circle in CIRCLES {
            world.act(Action::CircleCreate(CircleCreate { circle: circle.into() })).await;
        }
        world
    }

    async fn act(&mut self, action: Action) {
        let entry = directory::next(self.directory.link(), &self.authority, 2, action);
        self.directory.apply(&entry).unwrap();
        self.engine.follow(vec![entry]).await.unwrap().unwrap();
    }

    pub(crate) fn name(member: &str, number: usize) -> RecordName {
        RecordName::new(&id(member), "listings", &format!("l{number}")).unwrap()
    }

    async fn put(
        &mut self,
        member: &'static str,
        number: usize,
        scopes: &'static [&'static str],
        offer: bool,
        text: usize,
    ) {
        let name = Self::name(member, number);
        let opportunity = Opportunity {
            direction: if offer { Direction::Offer } else { Direction::Request }.into(),
            title: format!("title {text}"),
            language: "en".into(),
            regions: vec!["440300".into()],
            industries: vec![INDUSTRIES[text % INDUSTRIES.len()].into()],
            details: Some(Details::Capital(Capital {
                instrument: capital::Instrument::Debt.into(),
                ..Default::default()
            })),
            ..Default::default()
        };
        let content = Content {
            kind: "capital".parse().unwrap(),
            lane: Lane::Bulk,
            scopes: scopes.iter().map(|scope| Scope::parse(scope, &network()).unwrap()).collect::<ScopeSet>(),
            body: opportunity.encode_to_vec().into(),
            publish_time: None,
            expire_time: None,
            expire_default: self.engine.now() + 86_400_000_000,
        };
        let write =
            Write { name: name.clone(), change: Change::Put(Mode::Upsert, content), expected: None, dry_run: false };
        use crate::engine::Written;
        match self.engine.write(write).await.unwrap() {
            Ok(Written::Created(part) | Written::Updated(part) | Written::Unchanged(part)) => {
                assert!(!self.truth.suspended.contains(member));
                let industry = INDUSTRIES[text % INDUSTRIES.len()];
                let held = Held { origin: member, scopes, offer, revision: part.revision(), industry };
                self.truth.listings.insert(name.to_string(), held);
            }
            Ok(Written::Ended(_)) => panic!("a put that ends"),
            Err(refused) => assert!(self.truth.suspended.contains(member), "{refused}"),
        }
    }

    async fn end(&mut self, member: &'static str, number: usize) {
        let name = Self::name(member, number);
        let change = Change::End(WithdrawalReason::Withdrawn);
        let write = Write { name: name.clone(), change, expected: None, dry_run: false };
        if self.engine.write(write).await.unwrap().is_ok() {
            self.truth.listings.remove(name.as_str());
        }
    }

    pub(crate) async fn step(&mut self, chance: &mut Chance) {
        self.now.fetch_add(1 + chance.below(1000) as i64, Ordering::SeqCst);
        let member = MEMBERS[chance.below(3)];
        let circle = CIRCLES[chance.below(2)];
        let name = Self::name(member, chance.below(4));
        match chance.below(20) {
            0..=10 => {
                let (scopes, offer) = (SCOPES[chance.below(SCOPES.len())], chance.below(2) == 0);
                self.put(member, chance.below(4), scopes, offer, chance.below(3)).await;
            }
            11..=13 => self.end(member, chance.below(4)).await,
            14 if self.truth.circles.entry(circle).or_default().insert(member) => {
                let add = CircleAdd { circle: circle.into(), member: id(member).to_string() };
                self.act(Action::CircleAdd(add)).await;
            }
            15 if self.truth.circles.entry(circle).or_default().remove(member) => {
                let drop = CircleDrop { circle: circle.into(), member: id(member).to_string() };
                self.act(Action::CircleDrop(drop)).await;
            }
            16 if self.truth.suspended.insert(member) => {
                let suspend = Suspend { member: id(member).to_string(), reason: String::new() };
                self.act(Action::Suspend(suspend)).await;
            }
            17 if self.truth.suspended.remove(member) => {
                self.act(Action::Resume(Resume { member: id(member).to_string() })).await;
            }
            18 if self.truth.hidden.insert(name.to_string()) => {
                let hide = Hide { salt: vec![7; 16], name_hash: Hidden::hash(&[7; 16], &name), reason: "r".into() };
                self.act(Action::Hide(hide)).await;
            }
            19 if self.truth.hidden.remove(name.as_str()) => {
                let show = Show { salt: vec![7; 16], name_hash: Hidden::hash(&[7; 16], &name) };
                self.act(Action::Show(show)).await;
            }
            _ => {}
        }
    }
}

/// A follower that reads whenever the index wakes it, and only then. What it holds is seen from outside.
fn awake_when_woken(mut follower: Follower) -> Arc<Mutex<BTreeMap<String, i64>>> {
    let holds = Arc::new(Mutex::new(BTreeMap::new()));
    let shown = holds.clone();
    tokio::spawn(async move {
        loop {
            while follower.read(1000).await {}
            shown.lock().unwrap().clone_from(&follower.holds);
            follower.reader.wait().await;
        }
    });
    holds
}

async fn run(seed: u64) {
    let mut chance = Chance::new(seed);
    let mut world = World::new().await;
    let some = [Scope::public(), Scope::network(&network())].into_iter().collect();
    let readers = [
        Reader::Anonymous,
        Reader::Registered,
        Reader::Member(id("a")),
        Reader::Member(id("c")),
        Reader::Operator,
        Reader::Narrowed(Box::new(Reader::Member(id("a"))), some),
    ];
    let mut followers: Vec<Follower> = Vec::new();
    for who in readers {
        for offers_only in [false, true] {
            followers.push(Follower::new(&world.engine, who.clone(), offers_only));
        }
    }
    let every = followers.iter().map(|follower| (follower.who.clone(), follower.offers_only));
    let woken: Vec<_> = every
        .map(|(who, offers)| (awake_when_woken(Follower::new(&world.engine, who.clone(), offers)), who, offers))
        .collect();
    for _ in 0..250 {
        world.step(&mut chance).await;
        if chance.below(3) == 0 {
            // So that those who wait meet changes one by one, too.
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        let follower = chance.below(followers.len());
        match chance.below(4) {
            0 => followers[follower].resume(&world.engine),
            1 => drop(followers[follower].read(1 + chance.below(3)).await),
            2 => drop(followers[follower].read(50).await),
            _ => {}
        }
    }
    for follower in &mut followers {
        while follower.read(1000).await {}
        let expected = world.truth.set(&follower.who, follower.offers_only);
        let (who, offers_only) = (&follower.who, follower.offers_only);
        assert_eq!(follower.holds, expected, "seed {seed}, {who:?}, offers only: {offers_only}");
    }
    for (holds, who, offers_only) in woken {
        let expected = world.truth.set(&who, offers_only);
        let mut looks = 0;
        while *holds.lock().unwrap() != expected && looks < 2_000 {
            looks += 1;
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        assert_eq!(*holds.lock().unwrap(), expected, "seed {seed}, woken, {who:?}, offers only: {offers_only}");
    }
    // What was summed up change by change is what summing up all rows comes to.
    let (anew, counts) = crate::engine::heads::Heads::of_store(world.engine.store(), world.engine.now()).await.unwrap();
    assert_eq!(world.engine.heads().all_sums(), anew.all_sums(), "seed {seed}");
    // What memory counts is what the store holds.
    assert_eq!(
        world.engine.counts().into_iter().filter(|(_, c)| c.records + c.withdrawals > 0).collect::<BTreeMap<_, _>>(),
        counts.into_iter().filter(|(_, c)| c.records + c.withdrawals > 0).collect(),
        "seed {seed}"
    );
}

#[tokio::test]
async fn only_who_wants_a_change_is_woken_and_the_others_need_not_look_at_it() {
    let mut world = World::new().await;
    world.put("a", 0, &["public"], true, 0).await;
    let mut offers = Follower::new(&world.engine, Reader::Anonymous, true);
    while offers.read(10).await {}
    {
        let mut waits = std::pin::pin!(offers.reader.wait());
        assert!(futures_util::poll!(waits.as_mut()).is_pending());
        world.put("b", 1, &["public"], false, 1).await;
        world.put("b", 1, &["network"], true, 2).await;
        world.put("b", 2, &["public"], false, 3).await;
        assert!(futures_util::poll!(waits.as_mut()).is_pending(), "woken for what it does not want or may not see");
        world.put("b", 2, &["public"], true, 4).await;
        waits.await;
    }
    let (step, _) = offers.reader.next().await.unwrap().expect("what it was woken for");
    assert!(matches!(step, Step::Listing(part, _) if part.name().as_str().ends_with("/l2")));
    assert!(offers.reader.next().await.unwrap().is_none(), "it begins behind what is not for it");
    {
        let mut waits = std::pin::pin!(offers.reader.wait());
        assert!(futures_util::poll!(waits.as_mut()).is_pending());
        // What it had goes, although it is no offer any longer.
        world.put("b", 2, &["public"], false, 5).await;
        waits.await;
    }
    let (step, _) = offers.reader.next().await.unwrap().expect("what it was woken for");
    assert!(matches!(step, Step::NoLonger(name, Reason::Filter) if name.as_str().ends_with("/l2")));
}

#[tokio::test]
async fn every_reader_ends_with_what_it_may_see() {
    for seed in 0..8 {
        run(seed).await;
    }
}
