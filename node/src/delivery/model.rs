//! Random operations on an engine, and a receiver that fails, loses its answers and whose server dies at every point
//! between: in the end it holds exactly what it may see, and on the way nothing breaks what is promised.

use std::collections::{BTreeMap, BTreeSet};

use duikou_proto::v1::counterpart_interest::Subject;
use duikou_proto::v1::opportunity::Direction;
use duikou_proto::v1::subscription::Interest;
use duikou_proto::v1::{self, CounterpartInterest};

use super::began::Began;
use super::desk::{Change, Make};
use super::event::{Event, What};
use super::gather::{FROM_CURSOR, Gatherer};
use super::settle::{Changes, Settle, Settled, load};
use super::subscription::{Eyes, Seen, StateFact, SubscriptionFact, Way};
use super::wants::Wants;
use crate::engine::{Engine, Reader};
use crate::feed::Cursor;
use crate::feed::model::{Chance, Truth, World, id};

const ID: &str = "s";

/// The name of a listing, and where it is not told as gone its revision with the type of the event.
type About = (String, Option<(i64, &'static str)>);

/// What a receiver has, and all that it was ever told.
#[derive(Default)]
struct Receiver {
    holds: BTreeMap<String, i64>,
    /// By id of the event: what it is about.
    ids: BTreeMap<String, About>,
    /// What it may have had: a server that dies before it sends does not know afterwards.
    offered: BTreeSet<String>,
}

impl Receiver {
    /// An event was certainly not sent.
    fn taken_back(&mut self, event: &Event) {
        if event.listing().is_some() && event.before.is_none() {
            self.offered.remove(event.name.as_str());
        }
    }

    fn get(&mut self, event: &Event, seed: u64) {
        let name = event.name.to_string();
        let about = match &event.what {
            What::Published(listing) | What::Updated(listing) => {
                let before = self.holds.insert(name.clone(), listing.revision);
                assert!(before <= Some(listing.revision), "seed {seed}: {name} went back");
                (name, Some((listing.revision, event.kind())))
            }
            What::Left(_) | What::LeftBefore(_) => {
                let had = self.ids.values().any(|about| about.0 == name) || self.offered.contains(&name);
                assert!(had, "seed {seed}: {name} is gone, and had never come");
                self.holds.remove(&name);
                (name, None)
            }
        };
        let known = self.ids.entry(event.id(ID)).or_insert_with(|| about.clone());
        assert_eq!(*known, about, "seed {seed}: one id for two events");
    }
}

async fn settle(engine: &Engine, generation: u64, state: StateFact, changes: Changes, happened: bool) -> Settled {
    let settle = Settle { id: ID.to_owned(), generation, state, changes, happened };
    engine.submit(settle).await.unwrap()
}

/// One delivery of a few events, in which chance decides what goes wrong where; whether there was anything.
async fn deliver(engine: &Engine, receiver: &mut Receiver, chance: &mut Chance, seed: u64, sound: bool) -> bool {
    let (fact, state) = load(engine, ID).await.unwrap().unwrap();
    let mut gatherer = Gatherer::new(engine, &fact, &state).await.unwrap().unwrap();
    let gathered = gatherer.next(1 + chance.below(6)).await.unwrap();
    let mut noted = state.clone();
    gatherer.note(&mut noted, &gathered.cursor);
    let dies = |chance: &mut Chance| !sound && chance.below(8) == 0;
    if dies(chance) {
        return true;
    }
    let mut offered = Changes::default();
    gathered.events.iter().for_each(|event| offered.offer(ID, event));
    let state = gathered.before(StateFact { entries: noted.entries, sweep: true, ..state });
    settle(engine, state.generation, state.clone(), offered, false).await;
    let listings = gathered.events.iter().filter(|event| event.listing().is_some());
    receiver.offered.extend(listings.map(|event| event.name.to_string()));
    let (mut changes, mut failed) = (Changes::default(), false);
    for event in &gathered.events {
        if dies(chance) {
            return true;
        }
        match if sound || failed { chance.below(6) } else { chance.below(8) } {
            _ if failed => {
                changes.take_back(ID, event);
                receiver.taken_back(event);
            }
            6 => {
                // It was sent, and the answer was lost.
                receiver.get(event, seed);
                failed = true;
            }
            7 => {
                // Nobody was there.
                changes.take_back(ID, event);
                receiver.taken_back(event);
                failed = true;
            }
            _ => {
                receiver.get(event, seed);
                changes.confirm(ID, event, engine.now());
            }
        }
    }
    if dies(chance) {
        return true;
    }
    let more = !gathered.events.is_empty() || !gathered.caught_up;
    let after = if failed { state.clone() } else { noted };
    settle(engine, state.generation, after, changes, true).await;
    more || failed
}

async fn change(engine: &Engine, act: impl FnOnce(&mut SubscriptionFact, &mut StateFact) + Send + 'static) {
    let act = move |fact: &mut SubscriptionFact, state: &mut StateFact, _: &mut Changes| {
        act(fact, state);
        Ok(())
    };
    let change = Change { id: ID.to_owned(), seen: Seen::All, etag: None, act };
    engine.submit(change).await.unwrap().unwrap();
}

/// What the subscriber follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Follows {
    Everything,
    Offers,
    /// What answers one listing of the member `a`.
    One,
    /// What answers any listing of its own.
    Own,
}

impl Follows {
    /// Another that its owner may turn to.
    fn other(self) -> Self {
        match self {
            Self::Everything => Self::Offers,
            Self::Offers => Self::Everything,
            Self::One => Self::Own,
            Self::Own => Self::One,
        }
    }

    fn interest(self) -> Interest {
        let counterparts = |subject| Interest::CounterpartOf(CounterpartInterest { subject, ..Default::default() });
        match self {
            Self::Everything => Interest::Filter(v1::Filter::default()),
            Self::Offers => {
                let directions = vec![Direction::Offer.into()];
                Interest::Filter(v1::Filter { directions, ..Default::default() })
            }
            Self::One => counterparts(Some(Subject::Name(World::name("a", 0).to_string()))),
            Self::Own => counterparts(None),
        }
    }

    fn expected(self, truth: &Truth, member: &str) -> BTreeMap<String, i64> {
        let (who, numbers) = (Reader::Member(id(member)), 0..4);
        let names = |of: &str| numbers.map(|number| World::name(of, number).to_string()).collect::<Vec<_>>();
        match self {
            Self::Everything => truth.set(&who, false),
            Self::Offers => truth.set(&who, true),
            Self::One => truth.counterparts(&who, &names("a")[..1]),
            Self::Own => truth.counterparts(&who, &names(member)),
        }
    }
}

/// Where a subscription begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    Beginning,
    Now,
}

/// Makes the subscription; the time from which on what is written counts for it.
async fn subscribe(world: &World, member: &str, interest: &Interest, start: Start) -> i64 {
    let engine = &world.engine;
    // What was written before was written at another time.
    world.pass(1);
    let (owner, eyes) = ("operator".to_owned(), Eyes::Member(id(member).to_string()));
    let mut fact =
        SubscriptionFact::new(ID.to_owned(), owner, eyes, None, String::new(), interest, Way::Pull, engine.now());
    let mut state = StateFact::default();
    if start == Start::Now {
        fact.began = Some(Began::now(engine, &fact.reader()));
        let mut feed = Wants::of(engine, &fact).await.unwrap().unwrap().feed(engine, &fact, &[]);
        feed.skip();
        state.set_cursor(&feed.cursor());
    }
    let make = Make { fact, state, unbounded: true, changes: Changes::default() };
    engine.submit(make).await.unwrap().unwrap();
    if start == Start::Now { engine.now() } else { 0 }
}

/// How many events it was told that a listing is there.
async fn run(seed: u64, member: &str, mut follows: Follows, start: Start) -> usize {
    let mut chance = Chance::new(seed);
    let mut world = World::new().await;
    let engine = world.engine.clone();
    for _ in 0..if start == Start::Now { 60 } else { 0 } {
        world.step(&mut chance).await;
    }
    let since = subscribe(&world, member, &follows.interest(), start).await;
    let mut receiver = Receiver::default();
    for _ in 0..200 {
        world.step(&mut chance).await;
        match chance.below(16) {
            0..=7 => drop(deliver(&engine, &mut receiver, &mut chance, seed, false).await),
            8 => {
                follows = follows.other();
                let interest = follows.interest();
                change(&engine, move |fact, _| fact.set_interest(&interest)).await;
            }
            9 => change(&engine, |_, state| (state.replay, _) = (Some(1), state.set_cursor(&[]))).await,
            // A place on some other feed is as good as none.
            10 => change(&engine, |_, state| state.set_cursor(b"nonsense")).await,
            _ => {}
        }
    }
    for _ in 0..1_000 {
        if !deliver(&engine, &mut receiver, &mut chance, seed, true).await {
            break;
        }
    }
    let mut expected = follows.expected(&world.truth, member);
    expected.retain(|_, revision| *revision >= since);
    assert_eq!(receiver.holds, expected, "seed {seed}: {follows:?} of {member} from {start:?}");
    receiver.ids.values().filter(|about| about.1.is_some()).count()
}

#[tokio::test]
async fn a_receiver_ends_with_what_it_may_see_whatever_fails() {
    for seed in 0..16 {
        let start = [Start::Beginning, Start::Now][usize::from(seed % 4 > 1)];
        let told = run(seed, ["a", "c"][usize::from(seed % 2 == 1)], Follows::Everything, start).await;
        assert!(told > 0, "seed {seed}: nothing was ever told");
    }
}

#[tokio::test]
async fn whoever_follows_counterparts_ends_with_those_of_what_there_is_then() {
    let mut told = 0;
    for seed in 100..116 {
        let follows = [Follows::One, Follows::Own][usize::from(seed % 4 > 1)];
        let start = [Start::Beginning, Start::Now][usize::from(seed % 8 > 5)];
        told += run(seed, ["a", "c"][usize::from(seed % 2 == 1)], follows, start).await;
    }
    // A member that is suspended for long has nothing that could be answered.
    assert!(told > 30, "{told} events in all");
}

/// What a subscriber was told of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Told {
    name: String,
    kind: &'static str,
    id: String,
    /// Where the subscription stood before.
    cursor: Cursor,
}

impl Told {
    /// The event, wherever the subscription stood.
    fn event(&self) -> (&str, &'static str, &str) {
        (&self.name, self.kind, &self.id)
    }
}

/// All that a subscriber lacks, which takes it.
async fn take(engine: &Engine) -> Vec<Told> {
    let mut told = Vec::new();
    loop {
        let (fact, state) = load(engine, ID).await.unwrap().unwrap();
        let mut gatherer = Gatherer::new(engine, &fact, &state).await.unwrap().unwrap();
        let gathered = gatherer.next(2).await.unwrap();
        let (mut noted, mut changes) = (state.clone(), Changes::default());
        gatherer.note(&mut noted, &gathered.cursor);
        for event in &gathered.events {
            let (name, cursor) = (event.name.to_string(), event.cursor.clone());
            told.push(Told { name, kind: event.kind(), id: event.id(ID), cursor });
            changes.confirm(ID, event, engine.now());
        }
        settle(engine, state.generation, noted, changes, true).await;
        if gathered.caught_up && gathered.events.is_empty() {
            return told;
        }
    }
}

fn kinds(told: &[Told]) -> Vec<(&str, &str)> {
    told.iter().map(|told| (told.name.rsplit('/').next().unwrap(), told.kind)).collect()
}

fn events(told: &[Told]) -> Vec<(&str, &str, &str)> {
    told.iter().map(Told::event).collect()
}

#[tokio::test]
async fn what_was_there_before_it_began_is_never_told_whatever_makes_the_feed_begin_again() {
    let mut world = World::new().await;
    let engine = world.engine.clone();
    world.put("a", 0, &["public"], true, 0).await;
    world.put("a", 1, &["circle:x"], true, 0).await;
    world.put("a", 2, &["public"], true, 0).await;
    subscribe(&world, "c", &Follows::Everything.interest(), Start::Now).await;
    assert_eq!(take(&engine).await, []);

    world.join("x", "c").await;
    assert_eq!(take(&engine).await, [], "another member of a circle is no news");
    change(&engine, |_, state| state.set_cursor(b"nonsense")).await;
    assert_eq!(take(&engine).await, [], "nor is a cursor that is no longer good");
    let offers = Follows::Offers.interest();
    change(&engine, move |fact, _| fact.set_interest(&offers)).await;
    assert_eq!(take(&engine).await, [], "nor another filter");
    change(&engine, |_, state| (state.replay, _) = (Some(1), state.set_cursor(&[]))).await;
    assert_eq!(take(&engine).await, [], "nor a replay: there is nothing to be repeated");

    // What is written since is told, also where the feed begins again before that.
    world.pass(1);
    world.put("a", 1, &["circle:x"], true, 1).await;
    world.put("a", 3, &["circle:y"], true, 0).await;
    change(&engine, |_, state| state.set_cursor(b"nonsense")).await;
    assert_eq!(kinds(&take(&engine).await), [("l1", "listing.published")]);
    world.join("y", "c").await;
    assert_eq!(kinds(&take(&engine).await), [("l3", "listing.published")]);
    // What was never had ends in silence.
    world.end("a", 0).await;
    world.end("a", 1).await;
    change(&engine, |_, state| state.set_cursor(b"nonsense")).await;
    assert_eq!(kinds(&take(&engine).await), [("l1", "listing.withdrawn")]);
}

#[tokio::test]
async fn a_replay_repeats_what_was_told_since_a_time_or_a_cursor_and_nothing_else() {
    for start in [Start::Beginning, Start::Now] {
        let mut world = World::new().await;
        let engine = world.engine.clone();
        world.put("a", 0, &["public"], true, 0).await;
        subscribe(&world, "c", &Follows::Everything.interest(), start).await;
        world.put("a", 1, &["public"], true, 0).await;
        world.put("a", 2, &["public"], true, 0).await;
        let first = take(&engine).await;
        assert_eq!(first.len(), 2 + usize::from(start == Start::Beginning));
        world.pass(1_000_000);
        let since = engine.now();
        world.put("a", 3, &["public"], true, 0).await;
        world.put("a", 1, &["public"], true, 1).await;
        let then = take(&engine).await;
        assert_eq!(kinds(&then), [("l3", "listing.published"), ("l1", "listing.updated")]);
        let replay = async |since: i64, cursor: Cursor| {
            change(&engine, move |_, state| (state.replay, _) = (Some(since), state.set_cursor(&cursor))).await;
            take(&engine).await
        };

        assert_eq!(events(&replay(since, Cursor::new()).await), events(&then), "from {start:?}");
        assert_eq!(events(&replay(FROM_CURSOR, then[0].cursor.clone()).await), events(&then), "from {start:?}");
        assert_eq!(events(&replay(FROM_CURSOR, then[1].cursor.clone()).await), events(&then[1..]), "from {start:?}");
        let all = replay(1, Cursor::new()).await;
        let again: Vec<_> = all.iter().map(Told::event).filter(|event| event.1 == "listing.published").collect();
        let told: Vec<_> =
            [&first, &then].into_iter().flatten().map(Told::event).filter(|told| !told.0.ends_with("l1")).collect();
        assert_eq!((again, all.len()), (told, first.len() + 1), "from {start:?}");

        world.pass(1_000_000);
        let since = engine.now();
        world.end("a", 2).await;
        let gone = take(&engine).await;
        assert_eq!(kinds(&gone), [("l2", "listing.withdrawn")]);
        assert_eq!(events(&replay(since, Cursor::new()).await), events(&gone), "from {start:?}");
        // A cursor of before it came, of the first telling or of one that was repeated: that it is gone follows as well.
        let all: Vec<_> = [&then, &gone].into_iter().flatten().map(Told::event).collect();
        let of_l1 = first.iter().find(|told| told.name.ends_with("l1")).unwrap().cursor.clone();
        assert_eq!(events(&replay(FROM_CURSOR, of_l1).await), all, "from {start:?}");
        let again = replay(1, Cursor::new()).await;
        let told: Vec<_> = replay(FROM_CURSOR, again[0].cursor.clone()).await;
        let told: Vec<_> = told.iter().filter(|told| again.iter().any(|again| again.name == told.name)).collect();
        assert_eq!(told.into_iter().map(Told::event).collect::<Vec<_>>(), events(&again), "from {start:?}");
    }
}
