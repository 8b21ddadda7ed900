//! What an office asks in its pages: by the eyes of whoever asks, and of nobody who may not.

use std::collections::BTreeMap;

use super::*;
use crate::accounts::Role as Held;
use crate::engine::{RejectionFact, facts, months};
use crate::services::{Beginnings, Both, Making};

fn month(world: &World) -> Vec<String> {
    vec![months::month_of(world.engine.now())]
}

#[tokio::test]
async fn figures_are_of_what_the_asker_may_see() {
    let world = World::new().await;
    for (name, scopes) in [("n", &["network"][..]), ("r", &["circle:ring"]), ("b", &["member:b"]), ("o", &[])] {
        world.publish("a", name, scopes).await;
    }
    world.publish("b", "of-b", &["network"]).await;
    let (of_a, of_b) = (world.token("a", Role::Viewer).await, world.token("b", Role::Viewer).await);
    let ask = async |secret: &str| world.office.figures(bearing(secret, month(&world))).await.unwrap();
    let published = |both: &Both| (both.gave.published, both.received.published);

    let a = ask(&of_a).await;
    assert_eq!(published(&a.months[0].1), (4, 1));
    let project = ("project".to_owned(), "offer".to_owned());
    assert_eq!(published(&a.kinds[&project]), (4, 1));
    assert_eq!(a.places["44"], (4, 1));
    let partner = |member: &str| published(&a.partners[id(member).as_str()]);
    assert_eq!((partner("b"), partner("c")), ((2, 1), (2, 0)), "b is not in the ring; c is");
    assert_eq!(published(&a.all_partners), (3, 1), "what both may see counts once");

    let b = ask(&of_b).await;
    assert_eq!(published(&b.months[0].1), (1, 2), "neither the ring's nor what is on request");
    assert_eq!(b.partners[id("a").as_str()].received.published, 2);
}

#[tokio::test]
async fn work_is_the_askers_own() {
    let world = World::new().await;
    for member in ["a", "b"] {
        let key = format!("{}gateway.{}/members/{}/listings/x", facts::REFUSALS, network(), id(member));
        let fact = RejectionFact {
            revision: 1,
            key_number: 1,
            code: 7,
            detail: String::new(),
            directory: 1,
            told: None,
            told_by: 0,
            record: None,
        };
        world.engine.put_fact(key, Some(fact)).await.unwrap();
    }
    let session = world.session("li.ming", "a", Held::Viewer).await;
    let work = world.office.work(bearing(&session, ())).await.unwrap();
    let names: Vec<&str> = work.refused.iter().map(|refused| refused.name.origin_str()).collect();
    assert_eq!(names, [id("a").as_str()]);
    assert_eq!(work.refused[0].code, 7);
}

#[tokio::test]
async fn an_office_is_told_what_to_begin_with_until_it_is_done() {
    let world = World::new().await;
    let open = async |secret: &str| {
        let Beginnings { alone, no_rule, unwritten, no_backup } =
            world.office.beginnings(bearing(secret, ())).await.unwrap();
        let all = [(alone, "people"), (no_rule, "rule"), (unwritten, "write"), (no_backup, "backup")];
        all.into_iter().filter(|(open, _)| *open).map(|(_, what)| what).collect::<Vec<_>>().join(" ")
    };
    let admin = world.session("li.ming", "a", Held::Admin).await;
    assert_eq!(open(&admin).await, "people rule write");
    let viewer = world.session("zhao.min", "a", Held::Viewer).await;
    assert_eq!((open(&admin).await, open(&viewer).await), ("rule write".to_owned(), String::new()));
    world.publish("a", "tea", &["network"]).await;
    assert_eq!(open(&admin).await, "rule");
    let editors =
        [world.session("wang.fang", "a", Held::Editor).await, world.session("chen.jie", "b", Held::Editor).await];
    // What it has withdrawn was written too.
    let request = v1::WithdrawListingRequest { name: "members/a/listings/tea".into(), ..Default::default() };
    world.admin().withdraw_listing(request).await.unwrap();
    assert_eq!((open(&editors[0]).await, open(&editors[1]).await), (String::new(), "write".to_owned()));
    let server = world.administrator().await;
    assert!(open(&server).await.ends_with("backup") && !open(&admin).await.contains("backup"));
}

#[tokio::test]
async fn each_call_is_for_those_whose_it_is() {
    let world = World::new().await;
    let mut askers = vec![("nobody", None)];
    for (login, role) in [("viewer", Held::Viewer), ("editor", Held::Editor), ("reviewer", Held::Reviewer)] {
        askers.push((login, Some(world.session(login, "a", role).await)));
    }
    askers.push(("admin", Some(world.session("of-a", "a", Held::Admin).await)));
    askers.push(("server", Some(world.administrator().await)));
    for (at, (who, secret)) in askers.iter().enumerate() {
        let Some(secret) = secret.as_deref() else {
            let refused = world.office.work(Request::new(())).await.unwrap_err();
            assert_eq!(reason(&refused), "TOKEN_REQUIRED");
            assert_eq!(reason(&world.office.settings(Request::new(())).await.unwrap_err()), "TOKEN_REQUIRED");
            continue;
        };
        assert!(world.office.work(bearing(secret, ())).await.is_ok(), "{who}");
        assert!(world.office.figures(bearing(secret, month(&world))).await.is_ok(), "{who}");
        let (admin, server) = (at >= 4, at >= 5);
        assert_eq!(world.office.overview(bearing(secret, ())).await.is_ok(), admin, "{who}");
        assert_eq!(world.office.settings(bearing(secret, ())).await.is_ok(), server, "{who}");
        assert_eq!(world.office.backups(bearing(secret, ())).await.is_ok(), server, "{who}");
        let changes: BTreeMap<String, Option<String>> =
            [("site.sponsor".to_owned(), Some(format!("office of {who}")))].into();
        assert_eq!(world.office.change_settings(bearing(secret, changes)).await.is_ok(), server, "{who}");
        let absent = world.office.take_backup(bearing(secret, "../data.db".to_owned())).await.unwrap_err();
        assert_eq!(reason(&absent), if server { "NOT_FOUND" } else { "NOT_PERMITTED" }, "{who}");
    }
    let (_, server) = askers.last().unwrap();
    let secret = server.as_deref().unwrap();
    let all = world.office.settings(bearing(secret, ())).await.unwrap();
    let sponsor = all.iter().find(|setting| setting.key == "site.sponsor").unwrap();
    assert_eq!((sponsor.value.as_deref(), sponsor.made), (Some("office of server"), true), "nobody else changed it");
    let overview = world.office.overview(bearing(secret, ())).await.unwrap();
    assert_eq!(overview.members.len(), 2);
    assert!(overview.storage.is_some_and(|storage| storage.database > 0));
    let of_a = askers[4].1.as_deref().unwrap();
    let overview = world.office.overview(bearing(of_a, ())).await.unwrap();
    assert_eq!((overview.members.len(), overview.storage), (1, None), "its own alone");
}

#[tokio::test]
async fn sums_that_are_lost_are_made_anew_of_the_rows() {
    let world = World::new().await;
    for (member, name, scopes) in
        [("a", "x", &["public"][..]), ("a", "y", &["network"]), ("a", "z", &[]), ("b", "x", &["member:a"])]
    {
        world.publish(member, name, scopes).await;
    }
    let store = world.engine.store();
    let kept = store.read().await.unwrap().facts(facts::MONTHS, "", 100).await.unwrap();
    assert_eq!(kept.len(), 2);
    assert!(months::begun(store, 0).await.unwrap().is_empty(), "they are there");
    world.engine.put_fact(facts::MONTHS_BEGUN.to_owned(), None::<bool>).await.unwrap();
    let made = months::begun(store, 0).await.unwrap();
    let made: Vec<(String, Vec<u8>)> = made
        .into_iter()
        .filter(|(key, _)| key != facts::MONTHS_BEGUN)
        .filter_map(|(key, value)| Some((key, value?)))
        .collect();
    assert_eq!(made, kept);
}

#[tokio::test]
async fn a_backup_waits_for_the_copy_that_is_being_made_and_takes_away_what_was_left_of_one() {
    let world = World::new().await;
    let secret = world.administrator().await;
    let draft = world.context.data.join("backups/.copy.0");
    std::fs::create_dir_all(&draft).unwrap();
    let looked = async || world.office.backups(bearing(&secret, ())).await.unwrap();
    {
        let _turn = world.context.copies.lock().await;
        world.office.make_backup(bearing(&secret, ())).await.unwrap();
        assert_eq!(looked().await, (Vec::new(), Making::Since(world.engine.now())));
        let refused = world.office.make_backup(bearing(&secret, ())).await.unwrap_err();
        assert_eq!(reason(&refused), "BACKUP_UNDER_WAY");
        assert!(draft.exists(), "it is still being written");
    }
    let (made, making) = loop {
        match looked().await {
            (_, Making::Since(_)) => tokio::task::yield_now().await,
            done => break done,
        }
    };
    assert_eq!((made.len(), making), (1, Making::Idle));
    assert!(!draft.exists());
}
