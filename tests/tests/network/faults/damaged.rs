//! Rows are overwritten on the disk: what is damaged is named, stops nothing else, and comes back from others.

use duikou_tests::harness::{Network, Server, offer, within};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use super::{PATIENCE, holds_all, is_safe_elsewhere, publish_all};

/// Writes garbage over what a server that is stopped keeps of a listing.
async fn overwrite(server: &Server, id: &str) {
    let options = SqliteConnectOptions::new().filename(server.dir().join("data.db"));
    let mut connection = options.connect().await.unwrap();
    let garbage = "UPDATE rows SET record = randomblob(200) WHERE name LIKE '%/listings/' || $1";
    let done = sqlx::query(garbage).bind(id).execute(&mut connection).await.unwrap();
    assert_eq!(done.rows_affected(), 1, "{id}");
    connection.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_damaged_is_named_stops_nothing_else_and_comes_back() {
    let net = Network::new(208).gateway().node("shenzhen", &["shenzhen"]).node("bijie", &["bijie"]).start().await;
    let (node, other) = (net.node("shenzhen"), net.node("bijie"));
    let own = publish_all(node, (0..4).map(|n| offer(&format!("own-{n}")))).await;
    let theirs = publish_all(other, (0..2).map(|n| offer(&format!("theirs-{n}")))).await;
    is_safe_elsewhere(node).await;
    net.settle().await;

    node.stop().await;
    node.cli(&["check"]).await.done();
    overwrite(node, "own-1").await;
    overwrite(node, "theirs-0").await;
    for (language, said) in [("zh", "发现 2 个问题"), ("en", "2 problems")] {
        let found = node.cli(&["check", "--language", language]).await;
        assert_eq!(found.code, 65, "{found}");
        assert!(found.stderr.contains(said), "{found}");
        let lines: Vec<&str> = found.stdout.lines().collect();
        assert!(lines.len() == 2 && lines[0].contains("/listings/theirs-0"), "{found}");
        assert!(lines[1].contains("/listings/own-1"), "{found}");
    }

    net.gateway().stop().await;
    node.start().await;
    let refused = node.replace(offer("own-1").titled("changed")).await.unwrap_err();
    assert!(String::from_utf8_lossy(refused.details()).contains("DATA_DAMAGED"), "{refused:?}");
    let changed = node.replace(offer("own-2").titled("changed")).await.unwrap();
    let mut held: Vec<String> = node.list("members/-").await.unwrap().into_iter().map(|held| held.name).collect();
    let mut sound: Vec<String> = own.iter().chain(&theirs).map(|listing| listing.name.clone()).collect();
    sound.retain(|name| !name.ends_with("/own-1") && !name.ends_with("/theirs-0"));
    held.sort();
    sound.sort();
    assert_eq!(held, sound);
    node.alarms("ROWS_DAMAGED", "Records of members here").await;
    node.alarms("ROWS_DAMAGED", "Records of others").await;

    net.gateway().start().await;
    let mended = async || {
        let alarms = node.status().await.map_err(|status| status.to_string())?.alarms;
        if alarms.iter().any(|alarm| alarm.code == "ROWS_DAMAGED") { Err(format!("{alarms:?}")) } else { Ok(()) }
    };
    within(PATIENCE, mended).await.unwrap_or_else(|alarms| panic!("it does not come back: {alarms}"));
    net.settle().await;
    for server in net.servers() {
        holds_all(server, &own).await;
        holds_all(server, &theirs).await;
        holds_all(server, std::slice::from_ref(&changed)).await;
    }
    node.replace(offer("own-1").titled("changed")).await.unwrap();
    net.settle().await;
    node.stop().await;
    node.cli(&["check"]).await.done();
    net.finish().await;
}
