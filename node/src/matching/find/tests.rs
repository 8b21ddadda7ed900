//! What the index finds is what comparing every listing finds.

use std::sync::atomic::Ordering;

use duikou_proto::filter::Header;
use prost::Message as _;

use super::*;
use crate::feed::readable;
use crate::search::tests::oracle::{Chance, SCOPES, WORDS, random_filter, random_opportunity, readers};
use crate::search::tests::{DAY, MEMBERS, World, id, name, network};

const LISTINGS: usize = 40;

/// Every listing that the reader sees is compared.
async fn row_by_row(world: &World, subject: &Subject, asked: &Asked<'_>) -> Vec<(String, Score)> {
    let counterparts = Filter::compile(&subject.filter(), &network()).unwrap();
    let (parts, next) = world.engine.list("members/", "", 10_000, asked.reader).await.unwrap();
    assert!(next.is_none());
    let mut found: Vec<Found> = Vec::new();
    for part in parts {
        let header = Header::of(&part);
        let may = |filter: &Filter| filter.matches_header(&header);
        if !may(&counterparts) || !may(asked.filter) || asked.not_of == Some(part.name().origin_str()) {
            continue;
        }
        let opportunity = Opportunity::decode(part.body()).unwrap();
        let does = |filter: &Filter| filter.matches(&header, &opportunity);
        let alike = subject.score(&opportunity).filter(|score| score.points >= asked.min_score);
        if let (true, true, Some(score)) = (does(&counterparts), does(asked.filter), alike) {
            found.push(Found { opportunity: readable(&part).unwrap(), part, score });
        }
    }
    found.sort_by(|a, b| a.place().cmp(&b.place()));
    found.into_iter().map(|found| (found.part.name().to_string(), found.score)).collect()
}

/// More to compare than other searches need: a summary.
fn random_listing(chance: &mut Chance) -> Opportunity {
    let summary = format!("{}，{}", chance.one(&WORDS), chance.one(&["荔枝保鲜", "松茸保鲜包装", "mulch film"]));
    Opportunity { summary, ..random_opportunity(chance) }
}

async fn run(seed: u64) -> usize {
    let mut chance = Chance::new(seed);
    let world = World::new(seed.is_multiple_of(2)).await;
    for member in MEMBERS {
        for number in 0..LISTINGS {
            world.now.fetch_add(1 + chance.below(3) as i64, Ordering::SeqCst);
            let (scopes, expire) = (SCOPES[chance.below(SCOPES.len())], world.engine.now() + DAY);
            world.put(&name(member, number), scopes, &random_listing(&mut chance), expire).await;
        }
    }
    world.caught_up().await;
    let mut compared = 0;
    for round in 0..8 {
        let wanted = random_listing(&mut chance);
        let subject = Subject::new(wanted.clone()).unwrap();
        let filter = Filter::compile(&random_filter(&mut chance), &network()).unwrap();
        let own = id(MEMBERS[round % MEMBERS.len()]);
        let (min_score, not_of) = ([1, super::super::MIN_SCORE][round % 2], (round < 6).then_some(own.as_str()));
        for reader in &readers() {
            let asked = Asked { reader, filter: &filter, min_score, not_of };
            let expected = row_by_row(&world, &subject, &asked).await;
            let found = find(&world.search, subject.clone(), &asked).await.unwrap();
            let found: Vec<_> = found.into_iter().map(|found| (found.part.name().to_string(), found.score)).collect();
            assert_eq!(found, expected, "seed {seed}, round {round}, {reader:?}, {filter:?}, {wanted:?}");
            compared += found.len();
        }
    }
    compared
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_index_finds_what_comparing_every_listing_finds() {
    let mut compared = 0;
    for seed in 0..4 {
        compared += run(seed).await;
    }
    assert!(compared > 200, "the listings have little in common: {compared} matches");
}
