//! An engine driven by random operations, beside a plain model of what each reader may see. Whoever reads the feed proves
//! itself against it.
#![allow(clippy::unwrap_used, reason = "tests alone call it, and end where it is wrong")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use duikou_proto::directory::{self, Directory, Hidden};
use duikou_proto::federation::directory_entry::Action;
use duikou_proto::federation::{Admit, CircleAdd, CircleCreate, CircleDrop, Hide, Host, Resume, Show, Suspend};
use duikou_proto::name::{MemberId, NetworkName, RecordName};
use duikou_proto::scope::{Scope, ScopeSet};
use duikou_proto::sign::Signer;
use duikou_proto::v1::opportunity::{Details, Direction};
use duikou_proto::v1::{Capital, Lane, Opportunity, WithdrawalReason, capital};
use prost::Message;
use tokio_util::sync::CancellationToken;

use crate::engine::{Change, Content, Data, Engine, Identity, Mode, Parts, Reader, Write};
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

pub(super) fn network() -> NetworkName {
    "n.example".parse().unwrap()
}

/// A member's id.
pub fn id(short: &str) -> MemberId {
    MemberId::parse(short, &network()).unwrap()
}

fn key(member: &str) -> Signer {
    Signer::from_seed(1, *blake3::hash(member.as_bytes()).as_bytes())
}

/// Numbers from a seed.
pub struct Chance(blake3::OutputReader);

impl Chance {
    /// One that a seed decides.
    pub fn new(seed: u64) -> Self {
        Self(blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof())
    }

    /// A number below `bound`, which is not 0.
    pub fn below(&mut self, bound: usize) -> usize {
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
pub struct Truth {
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

    /// What `who` may see, by name with its revision.
    pub fn set(&self, who: &Reader, offers_only: bool) -> BTreeMap<String, i64> {
        let shown = |(name, held): &(&String, &Held)| {
            self.sees(who, held.origin, held.scopes)
                && (held.offer || !offers_only)
                && !self.suspended.contains(held.origin)
                && !self.hidden.contains(*name)
        };
        self.listings.iter().filter(shown).map(|(name, held)| (name.clone(), held.revision)).collect()
    }

    /// What answers the listings of these names, for `who`.
    pub fn counterparts(&self, who: &Reader, subjects: &[String]) -> BTreeMap<String, i64> {
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
/// An engine, and what is true of what it holds.
pub struct World {
    /// The engine.
    pub engine: Engine,
    directory: Directory,
    authority: Signer,
    /// What is true.
    pub truth: Truth,
    now: Arc<AtomicI64>,
    _folder: tempfile::TempDir,
}

impl World {
    /// Members and circles without listings.
    pub async fn new() -> Self {
        Self::in_steps_of(crate::limits::UPKEEP_ROWS).await
    }

    /// The same, where so many rows are looked at in one transaction of those that an entry concerns.
    pub async fn in_steps_of(rows: usize) -> Self {
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
            world: crate::world::World::system()
                .with_clock(Arc::new(move || clock.load(Ordering::SeqCst)))
                .in_steps_of(rows),
            // So little that readers meet both memory and store.
            feed_bytes: 8 * 1024,
            queue_bytes: crate::limits::QUEUE_BYTES,
            data: Data::Left,
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

    /// The directory gets an entry.
    pub async fn act(&mut self, action: Action) {
        let entry = directory::next(self.directory.link(), &self.authority, 2, action);
        self.directory.apply(&entry).unwrap();
        self.engine.follow(vec![entry]).await.unwrap().unwrap();
    }

    /// The name of a listing of `member`.
    pub fn name(member: &str, number: usize) -> RecordName {
        RecordName::new(&id(member), "listings", &format!("l{number}")).unwrap()
    }

    /// Publishes a listing for these scopes: an offer or a request, of an industry that its text decides.
    pub async fn put(
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
            Ok(Written::Ended(_) | Written::Over(_)) => panic!("a put that ends"),
            Err(refused) => assert!(self.truth.suspended.contains(member), "{refused}"),
        }
    }

    /// Writes a body as it is, of which the model knows nothing.
    #[cfg(test)]
    pub(super) async fn put_body(&mut self, member: &'static str, number: usize, scopes: &[&str], body: Vec<u8>) {
        let content = Content {
            kind: "capital".parse().unwrap(),
            lane: Lane::Bulk,
            scopes: scopes.iter().map(|scope| Scope::parse(scope, &network()).unwrap()).collect::<ScopeSet>(),
            body: body.into(),
            publish_time: None,
            expire_time: None,
            expire_default: self.engine.now() + 86_400_000_000,
        };
        let (name, change) = (Self::name(member, number), Change::Put(Mode::Upsert, content));
        self.engine.write(Write { name, change, expected: None, dry_run: false }).await.unwrap().unwrap();
    }

    /// Withdraws one, where it is there.
    pub async fn end(&mut self, member: &'static str, number: usize) {
        let name = Self::name(member, number);
        let change = Change::End(WithdrawalReason::Withdrawn);
        let write = Write { name: name.clone(), change, expected: None, dry_run: false };
        if self.engine.write(write).await.unwrap().is_ok() {
            self.truth.listings.remove(name.as_str());
        }
    }

    /// Time goes on.
    pub fn pass(&self, micros: i64) {
        self.now.fetch_add(micros, Ordering::SeqCst);
    }

    /// A member comes into a circle.
    pub async fn join(&mut self, circle: &'static str, member: &'static str) {
        if self.truth.circles.entry(circle).or_default().insert(member) {
            self.act(Action::CircleAdd(CircleAdd { circle: circle.into(), member: id(member).to_string() })).await;
        }
    }

    /// Something happens, by chance.
    pub async fn step(&mut self, chance: &mut Chance) {
        self.pass(1 + chance.below(1000) as i64);
        let member = MEMBERS[chance.below(3)];
        let circle = CIRCLES[chance.below(2)];
        let name = Self::name(member, chance.below(4));
        match chance.below(20) {
            0..=10 => {
                let (scopes, offer) = (SCOPES[chance.below(SCOPES.len())], chance.below(2) == 0);
                self.put(member, chance.below(4), scopes, offer, chance.below(3)).await;
            }
            11..=13 => self.end(member, chance.below(4)).await,
            14 => self.join(circle, member).await,
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
