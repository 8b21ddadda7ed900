//! What is found though a text cuts it into other words than the query does.

use super::*;
use crate::search::Reach;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_cut_otherwise_is_found_where_nothing_holds_it_as_it_was_typed() {
    let world = World::new(false).await;
    let expire = world.engine.now() + 30 * DAY;
    let bodies =
        ["厂房与仓库整体出租", "单笔500万元起，三年为期", "冷链物流园区已经建成", "茶叶种植与加工", "厂房出售"];
    for (number, body) in bodies.into_iter().enumerate() {
        world.put(&name("a", number), &["public"], &opportunity("对接", body), expire).await;
    }
    world.caught_up().await;
    for (query, expected, reach) in [
        ("出租厂房", &["l0"][..], Reach::Otherwise),
        ("500万", &["l1"], Reach::Otherwise),
        ("单笔500万", &["l1"], Reach::Otherwise),
        ("茶", &["l3"], Reach::Exact),
        ("厂房", &["l0", "l4"], Reach::Exact),
        // What stands together in a query stands together.
        ("500年", &[], Reach::Otherwise),
        ("“500万”", &["l1"], Reach::Exact),
    ] {
        let answer = world.find(wanted(query, &v1::Filter::default()), &Reader::Anonymous).await;
        let mut names: Vec<&str> = answer.hits.iter().map(|hit| hit.part.name().id()).collect();
        names.sort_unstable();
        assert_eq!((names.as_slice(), answer.reach), (expected, reach), "{query}");
        assert!(answer.hits.iter().all(|hit| !hit.excerpts.is_empty()), "{query} is marked where it was found");
    }
    // Where the words are there as they were typed, nothing else is found.
    world.put(&name("a", 9), &["public"], &opportunity("求租 租厂房", "因故提前出"), expire).await;
    world.caught_up().await;
    assert_eq!(world.names("出租厂房", &Reader::Anonymous).await, ["l9"]);
}
