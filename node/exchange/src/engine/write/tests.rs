//! Names at their end: what is over can be deleted for good, and what is shown to anybody can be ended for all of them.

use duikou_proto::envelope::{Part, Revision};
use duikou_proto::filter::Filter;
use duikou_proto::limits as contract;
use duikou_proto::name::RecordName;
use duikou_proto::scope::{Scope, ScopeSet};
use duikou_proto::v1::no_longer::Reason;
use duikou_proto::v1::{self, Lane, WithdrawalReason};

use super::{Change, Content, Mode, Refused, Write, Written};
use crate::engine::Reader;
use crate::engine::upkeep::Upkeep;
use crate::feed::model::{World, id};
use crate::feed::{EventReader, Step};
use crate::store::{Order, Row};

const SECOND: i64 = 1_000_000;
const DAY: i64 = 24 * 3_600 * SECOND;

fn scope(world: &World, text: &str) -> Scope {
    Scope::parse(text, &world.engine.identity().network).unwrap()
}

async fn put(world: &World, name: &RecordName, scopes: ScopeSet) -> Result<Written, Refused> {
    let content = Content {
        kind: "capital".parse().unwrap(),
        lane: Lane::Bulk,
        scopes,
        body: Vec::new().into(),
        publish_time: None,
        expire_time: None,
        expire_default: world.engine.now() + DAY,
    };
    let change = Change::Put(Mode::Upsert, content);
    world.engine.write(Write { name: name.clone(), change, expected: None, dry_run: false }).await.unwrap()
}

async fn end(world: &World, name: &RecordName, reason: WithdrawalReason) -> Result<Written, Refused> {
    let change = Change::End(reason);
    world.engine.write(Write { name: name.clone(), change, expected: None, dry_run: false }).await.unwrap()
}

async fn ended(world: &World, name: &RecordName, reason: WithdrawalReason) -> Revision {
    match end(world, name, reason).await {
        Ok(Written::Ended(revision) | Written::Over(revision)) => revision,
        other => panic!("{other:?} instead of an end"),
    }
}

async fn row(world: &World, name: &RecordName) -> Row {
    world.engine.row(name).await.unwrap().unwrap()
}

async fn steps(reader: &mut EventReader) -> Vec<Step> {
    let mut steps = Vec::new();
    while let Some((step, _)) = reader.next().await.unwrap() {
        steps.push(step);
    }
    steps
}

/// So much time passes, and what is due by then is done.
async fn pass(world: &World, micros: i64) {
    world.pass(micros);
    while world.engine.submit(Upkeep { writes: true }).await.unwrap() {}
}

#[tokio::test]
async fn what_was_withdrawn_can_be_deleted_for_good_and_no_reader_hears_of_it_again() {
    let mut world = World::new().await;
    let name = World::name("a", 0);
    world.put("a", 0, &["public"], true, 0).await;
    let everything = Filter::compile(&v1::Filter::default(), &world.engine.identity().network).unwrap();
    let mut reader = EventReader::new(world.engine.clone(), Reader::Anonymous, everything, &[]);
    steps(&mut reader).await;
    let withdrawn = ended(&world, &name, WithdrawalReason::Withdrawn).await;
    assert!(matches!(&steps(&mut reader).await[..], [Step::NoLonger(gone, Reason::Withdrawn)] if *gone == name));
    let before = row(&world, &name).await;

    world.pass(SECOND);
    let deleted = ended(&world, &name, WithdrawalReason::Deleted).await;
    let after = row(&world, &name).await;
    assert!(deleted > withdrawn, "its origin has signed something new");
    assert_eq!(after.withdrawal.as_ref().and_then(Part::reason), Some(WithdrawalReason::Deleted));
    assert!(after.withdrawal_seq > before.withdrawal_seq, "links carry it");
    assert_eq!(after.positions(Order::Content), before.positions(Order::Content));
    assert!(steps(&mut reader).await.is_empty());
    for reason in [WithdrawalReason::Deleted, WithdrawalReason::Withdrawn, WithdrawalReason::Filled] {
        assert_eq!(ended(&world, &name, reason).await, deleted, "{reason:?} changes nothing any more");
    }
    let public: ScopeSet = [Scope::public()].into_iter().collect();
    assert_eq!(put(&world, &name, public).await, Err(Refused::Deleted(name)));
}

#[tokio::test]
async fn what_was_withdrawn_before_anybody_saw_it_can_be_deleted_for_good() {
    let world = World::new().await;
    let name = World::name("a", 0);
    put(&world, &name, ScopeSet::new()).await.unwrap();
    assert_eq!(ended(&world, &name, WithdrawalReason::Withdrawn).await, 0);
    let before = row(&world, &name).await.positions(Order::Content);
    assert_eq!(ended(&world, &name, WithdrawalReason::Deleted).await, 0);
    assert_eq!(row(&world, &name).await.positions(Order::Content), before, "its own people have heard of it");
    assert_eq!(put(&world, &name, ScopeSet::new()).await, Err(Refused::Deleted(name)));
}

#[tokio::test]
async fn how_a_listing_ended_that_nobody_else_saw_is_told_as_it_was() {
    for (reason, told) in [
        (WithdrawalReason::Withdrawn, Reason::Withdrawn),
        (WithdrawalReason::Filled, Reason::Filled),
        (WithdrawalReason::Expired, Reason::Expired),
    ] {
        let mut world = World::new().await;
        let (name, own) = (World::name("a", 0), Reader::Member(id("a")));
        world.put("a", 0, &[], true, 0).await;
        let everything = Filter::compile(&v1::Filter::default(), &world.engine.identity().network).unwrap();
        let mut reader = EventReader::new(world.engine.clone(), own.clone(), everything, &[]);
        steps(&mut reader).await;
        match reason {
            WithdrawalReason::Expired => pass(&world, 2 * DAY).await,
            _ => assert_eq!(ended(&world, &name, reason).await, 0),
        }
        let steps = steps(&mut reader).await;
        assert!(matches!(&steps[..], [Step::NoLonger(gone, why)] if *gone == name && *why == told), "{steps:?}");
        assert_eq!(world.engine.ended(&name).await.unwrap().map(|ended| ended.reason), Some(reason));
        let months = world.engine.months(&own, "2027-01").await.unwrap();
        let sums = months.iter().flat_map(|month| month.happened.kinds.values());
        let sums =
            sums.fold([0; 3], |all, sums| [all[0] + sums.withdrawn, all[1] + sums.filled, all[2] + sums.expired]);
        let counted = [told == Reason::Withdrawn, told == Reason::Filled, told == Reason::Expired].map(i64::from);
        assert_eq!(sums, counted, "{reason:?}");
    }
}

#[tokio::test]
async fn a_deleted_name_is_refused_when_its_withdrawal_is_forgotten_too() {
    let world = World::new().await;
    let [deleted, kept_here, withdrawn] = [0, 1, 2].map(|at| World::name("a", at));
    let public: ScopeSet = [Scope::public()].into_iter().collect();
    for (name, scopes, reason) in [
        (&deleted, public.clone(), WithdrawalReason::Deleted),
        (&kept_here, ScopeSet::new(), WithdrawalReason::Deleted),
        (&withdrawn, public.clone(), WithdrawalReason::Withdrawn),
    ] {
        put(&world, name, scopes).await.unwrap();
        ended(&world, name, reason).await;
    }
    pass(&world, 40 * DAY).await;
    pass(&world, 40 * DAY).await;
    assert_eq!(row(&world, &deleted).await.withdrawal, None, "nobody else has to know of it any longer");
    assert!(matches!(put(&world, &withdrawn, public.clone()).await, Ok(Written::Created(_))));
    for name in [deleted, kept_here] {
        assert_eq!(put(&world, &name, public.clone()).await, Err(Refused::Deleted(name)));
    }
}

#[tokio::test]
async fn nothing_is_shown_to_more_scopes_than_an_end_can_name() {
    let world = World::new().await;
    let name = World::name("a", 0);
    let scopes = |round: usize| -> ScopeSet {
        let of_round = round * contract::SCOPES..(round + 1) * contract::SCOPES;
        of_round.map(|at| scope(&world, &format!("member:m{at}"))).collect()
    };
    let rounds = contract::WITHDRAWAL_SCOPES / contract::SCOPES;
    for round in 0..rounds {
        put(&world, &name, scopes(round)).await.unwrap();
    }
    let refused = Refused::Scopes { name: name.clone(), limit: contract::WITHDRAWAL_SCOPES };
    assert_eq!(put(&world, &name, scopes(rounds)).await, Err(refused));
    put(&world, &name, scopes(0)).await.unwrap();
    ended(&world, &name, WithdrawalReason::Withdrawn).await;
    let told = row(&world, &name).await.withdrawal.map(|withdrawal| withdrawal.scopes().len());
    assert_eq!(told, Some(contract::WITHDRAWAL_SCOPES));
}
