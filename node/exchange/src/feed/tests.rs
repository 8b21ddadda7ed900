//! Readers that stop, resume and fall behind, while random operations go on: in the end each holds exactly what the model
//! says that it may see.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use duikou_proto::filter::Filter;
use duikou_proto::scope::Scope;
use duikou_proto::v1;
use duikou_proto::v1::no_longer::Reason;
use duikou_proto::v1::opportunity::Direction;

use super::model::{Chance, World, id, network};
use super::{Cursor, EventReader, Step};
use crate::engine::{Engine, Reader};

struct Follower {
    who: Reader,
    offers_only: bool,
    reader: EventReader,
    cursor: Cursor,
    holds: BTreeMap<String, i64>,
}

impl Follower {
    fn filter(offers_only: bool) -> Filter {
        let directions = if offers_only { vec![Direction::Offer.into()] } else { Vec::new() };
        Filter::compile(&v1::Filter { directions, ..Default::default() }, &network()).unwrap()
    }

    fn new(engine: &Engine, who: Reader, offers_only: bool) -> Self {
        let reader = EventReader::new(engine.clone(), who.clone(), Self::filter(offers_only), &[]);
        Self { who, offers_only, reader, cursor: Cursor::new(), holds: BTreeMap::new() }
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
    // Two of each, which are alike.
    let woken: Vec<_> = every
        .flat_map(|one| [one.clone(), one])
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
    let (anew, counts, _) =
        crate::engine::heads::Heads::of_store(world.engine.store(), world.engine.now()).await.unwrap();
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
async fn what_one_reader_found_is_for_those_that_are_alike_and_only_until_something_changes() {
    let mut world = World::new().await;
    world.put("a", 0, &["public"], true, 0).await;
    let mut first = Follower::new(&world.engine, Reader::Anonymous, false);
    while first.read(10).await {}
    world.put("a", 1, &["public"], true, 1).await;
    // It has read the same as the first and another snapshot.
    let mut later = Follower::new(&world.engine, Reader::Anonymous, false);
    let mut member = Follower::new(&world.engine, Reader::Member(id("c")), false);
    for follower in [&mut first, &mut later, &mut member] {
        while follower.read(10).await {}
    }
    world.put("b", 2, &["public"], true, 2).await;
    for follower in [&mut first, &mut later, &mut member] {
        assert!(follower.read(1).await);
        assert_eq!(follower.holds.len(), 3);
    }
    assert_eq!(first.cursor.as_ptr(), later.cursor.as_ptr(), "sealed once");
    assert_ne!(first.cursor, member.cursor, "other rights");
    assert!(!first.read(1).await);
    // What was found is no longer so.
    world.end("b", 2).await;
    let mut fourth = Follower { cursor: first.cursor.clone(), holds: first.holds.clone(), ..later };
    fourth.resume(&world.engine);
    for follower in [&mut first, &mut fourth] {
        while follower.read(10).await {}
        assert_eq!(follower.holds.len(), 2);
    }
}

#[tokio::test]
async fn what_nobody_can_read_any_longer_is_gone_for_those_who_had_it() {
    let mut world = World::new().await;
    world.put("a", 0, &["public"], true, 0).await;
    let mut follower = Follower::new(&world.engine, Reader::Anonymous, false);
    while follower.read(10).await {}
    assert_eq!(follower.holds.len(), 1);
    {
        let mut waits = std::pin::pin!(follower.reader.wait());
        assert!(futures_util::poll!(waits.as_mut()).is_pending());
        // Of a later version of this program, say.
        world.put_body("a", 0, &["public"], vec![7; 9]).await;
        waits.await;
    }
    let (step, _) = follower.reader.next().await.unwrap().expect("what it was woken for");
    assert!(matches!(step, Step::NoLonger(name, Reason::Filter) if name == World::name("a", 0)));
    world.put_body("a", 1, &["public"], vec![7; 9]).await;
    assert!(follower.reader.next().await.unwrap().is_none(), "it never had this one");
}

#[tokio::test]
async fn every_reader_ends_with_what_it_may_see() {
    for seed in 0..8 {
        run(seed).await;
    }
}
