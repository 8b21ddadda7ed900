//! The audit trail: that it tells of every kind of change, loses none with a crash, and shows what was done to it.

use std::collections::BTreeSet;
use std::path::Path;

use duikou_proto::v1::token::Role;
use duikou_tests::harness::{NETWORK, Network, Server, offer};
use futures_util::future::{Either, join_all, select};
use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};

use super::{failed, listing_name};

/// Every entry, as it is kept, oldest first.
async fn exported(server: &Server) -> Vec<String> {
    server.cli(&["audit", "export"]).await.done().lines().map(str::to_owned).collect()
}

/// Each entry's action and resource.
async fn told(server: &Server) -> BTreeSet<(String, String)> {
    let read = |line: String| {
        let entry: Value = serde_json::from_str(&line).unwrap();
        (entry["action"].as_str().unwrap().to_owned(), entry["resource"].as_str().unwrap().to_owned())
    };
    exported(server).await.into_iter().map(read).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_tells_of_every_kind_of_change() {
    let net = Network::new(941).gateway().node("offices", &["bijie", "zunyi"]).start().await;
    let (node, gateway) = (net.node("offices"), net.gateway());
    node.publish(offer("tea")).await.unwrap();
    node.publish(offer("mill")).await.unwrap();
    node.cli(&["withdraw", &listing_name("bijie", "mill"), "--filled"]).await.done();
    node.token("bijie", Role::Viewer).await.unwrap();
    let listed = node.cli(&["tokens", "list", "--output", "json"]).await.done();
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let token = listed[0]["name"].as_str().unwrap();
    node.cli(&["tokens", "revoke", token]).await.done();
    node.cli(&["keys", "rotate", "zunyi"]).await.done();
    node.cli(&["accounts", "create", "li", "--name", "李明", "--role", "bijie=viewer"]).await.done();
    node.cli(&["accounts", "roles", "li", "--set", "bijie=editor"]).await.done();
    node.cli(&["accounts", "disable", "li"]).await.done();
    node.cli(&["accounts", "enable", "li"]).await.done();
    node.cli(&["accounts", "reset", "li", "--yes"]).await.done();
    node.cli(&["accounts", "remove", "li", "--yes"]).await.done();
    let copy = node.dir().parent().unwrap().join("copy");
    node.cli(&["backup", copy.to_str().unwrap()]).await.done();
    let found = told(node).await;
    for (action, resource) in [
        ("listing.create", listing_name("bijie", "tea").as_str()),
        ("listing.withdraw", &listing_name("bijie", "mill")),
        ("token.create", token),
        ("token.revoke", token),
        ("keys.rotate", &format!("members/zunyi.{NETWORK}")),
        ("backup.create", copy.to_str().unwrap()),
    ] {
        assert!(found.contains(&(action.to_owned(), resource.to_owned())), "{action} {resource}: {found:#?}");
    }
    let actions: BTreeSet<&str> = found.iter().map(|(action, _)| action.as_str()).collect();
    for action in ["create", "update", "disable", "enable", "reset", "delete"] {
        assert!(actions.contains(&*format!("account.{action}")), "{action}: {actions:?}");
    }

    gateway.cli(&["circles", "create", "rivers"]).await.done();
    gateway.cli(&["circles", "add", "rivers", "zunyi"]).await.done();
    gateway.cli(&["members", "suspend", "zunyi", "--reason", "checks", "--yes"]).await.done();
    gateway.cli(&["members", "resume", "zunyi"]).await.done();
    gateway.cli(&["records", "hide", &listing_name("bijie", "tea"), "--reason", "checks", "--yes"]).await.done();
    gateway.cli(&["records", "show", &listing_name("bijie", "tea")]).await.done();
    let code = ["--credit-code", "91350100M000100Y43", "--contact", "a@b.example"];
    gateway.cli(&[&["enterprises", "create", "acme", "--name-zh", "某公司"][..], &code].concat()).await.done();
    gateway.cli(&["enterprises", "suspend", "acme", "--reason", "checks", "--yes"]).await.done();
    gateway.cli(&["enterprises", "remove", "acme", "--yes"]).await.done();
    let lines = exported(gateway).await;
    let details: Vec<String> = lines
        .iter()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|entry| {
            let text = |field: &str| entry[field].as_str().unwrap_or_default().to_owned();
            let from =
                if text("actor").starts_with("nodes/") { format!(" from {}", text("address")) } else { String::new() };
            format!("{} {} {} {}{from}", text("actor"), text("action"), text("resource"), text("detail"))
        })
        .collect();
    for wanted in [
        format!("local invite.create members/bijie.{NETWORK} "),
        format!("nodes/offices.{NETWORK} directory.entry members/bijie.{NETWORK} admit from 127.0.0.1"),
        "local directory.entry circles/rivers create".to_owned(),
        format!("local directory.entry circles/rivers add zunyi.{NETWORK}"),
        format!("local directory.entry members/zunyi.{NETWORK} suspend: checks"),
        format!("local directory.entry members/zunyi.{NETWORK} resume"),
        format!("nodes/offices.{NETWORK} directory.entry members/zunyi.{NETWORK} signing key 2 from 127.0.0.1"),
        "local enterprise.create enterprises/acme 某公司".to_owned(),
        "local enterprise.suspend enterprises/acme checks".to_owned(),
        "local enterprise.remove enterprises/acme ".to_owned(),
    ] {
        assert!(details.contains(&wanted), "{wanted:?} is not among {details:#?}");
    }
    assert!(
        details.iter().any(|line| line.ends_with("hide: checks")) && details.iter().any(|line| line.ends_with(" show"))
    );

    // An export proves itself: each line names the b3sum of the one before.
    let mut before = "0".repeat(64);
    for line in &lines {
        let entry: Value = serde_json::from_str(line).unwrap();
        assert_eq!(entry["previous"], before.as_str(), "{line}");
        before = blake3::hash(line.as_bytes()).to_hex().to_string();
    }
    let head = gateway.cli(&["audit", "verify"]).await.done();
    assert_eq!(head.trim(), format!("{}:{before}", lines.len()));
    let table = gateway.cli(&["audit", "export", "--format", "csv", "--action", "enterprise."]).await.done();
    assert!(table.starts_with("number,time,actor,") && table.lines().count() == 4, "{table}");
    let few = gateway.cli(&["audit", "list", "--limit", "2", "--output", "jsonl"]).await.done();
    assert!(few.lines().count() == 2 && few.lines().next().unwrap().contains("enterprise.remove"), "{few}");
    net.finish().await;
}

/// The database of a server that does not run.
async fn database(dir: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(dir.join("data.db")).connect().await.unwrap()
}

async fn set(connection: &mut SqliteConnection, key: &str, value: &[u8]) {
    let done = sqlx::query("UPDATE facts SET value = $1 WHERE key = $2").bind(value).bind(key).execute(connection);
    assert_eq!(done.await.unwrap().rows_affected(), 1, "{key}");
}

async fn value(connection: &mut SqliteConnection, key: &str) -> Vec<u8> {
    sqlx::query_scalar("SELECT value FROM facts WHERE key = $1").bind(key).fetch_one(connection).await.unwrap()
}

fn entry(number: usize) -> String {
    format!("audit/{number:016}")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_to_it_in_the_database_is_found() {
    let net = Network::new(942).gateway().node("shenzhen", &["shenzhen"]).start().await;
    let node = net.node("shenzhen");
    for at in 0..6 {
        node.publish(offer(&format!("tea-{at}"))).await.unwrap();
    }
    let noted = node.cli(&["audit", "verify"]).await.done().trim().to_owned();
    let count: usize = noted.split(':').next().unwrap().parse().unwrap();
    assert!(count >= 6, "{noted}");
    node.stop().await;

    // One entry says something else.
    let mut connection = database(node.dir()).await;
    let kept = value(&mut connection, &entry(3)).await;
    let forged = String::from_utf8(kept.clone()).unwrap().replace("local", "token");
    set(&mut connection, &entry(3), forged.as_bytes()).await;
    drop(connection);
    node.start().await;
    failed(&node.cli(&["audit", "verify", "--language", "en"]).await, 65, &["entry 3 ", "CHANGED"]);
    node.stop().await;

    // It is gone.
    let mut connection = database(node.dir()).await;
    sqlx::query("DELETE FROM facts WHERE key = $1").bind(entry(3)).execute(&mut connection).await.unwrap();
    drop(connection);
    node.start().await;
    failed(&node.cli(&["audit", "verify", "--language", "en"]).await, 65, &["entry 3 ", "MISSING"]);
    node.stop().await;

    // It is back, and the end is cut off, with the head that would tell and every seal: only who noted a head knows.
    let mut connection = database(node.dir()).await;
    sqlx::query("INSERT INTO facts (key, value) VALUES ($1, $2)")
        .bind(entry(3))
        .bind(&kept)
        .execute(&mut connection)
        .await
        .unwrap();
    let last = value(&mut connection, &entry(count - 2)).await;
    for number in count - 1..=count {
        sqlx::query("DELETE FROM facts WHERE key = $1").bind(entry(number)).execute(&mut connection).await.unwrap();
    }
    let head = format!(r#"{{"number":{},"hash":"{}"}}"#, count - 2, blake3::hash(&last).to_hex());
    set(&mut connection, "audit-head", head.as_bytes()).await;
    sqlx::query("DELETE FROM facts WHERE key LIKE 'audit-seal/%' OR key = 'audit-sealed'")
        .execute(&mut connection)
        .await
        .unwrap();
    drop(connection);
    node.start().await;
    node.cli(&["audit", "verify"]).await.done();
    let cut = format!("entry {} ", count - 1);
    failed(&node.cli(&["audit", "verify", "--head", &noted, "--language", "en"]).await, 65, &[&cut, "MISSING"]);
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_leaves_a_change_and_its_entry_or_neither() {
    let net = Network::new(943).gateway().node("shenzhen", &["shenzhen"]).start().await;
    let node = net.node("shenzhen");
    for round in 0..4 {
        let last = Box::pin(node.publish(offer(&format!("tea-{round}"))));
        let others = (0..8).map(|at| node.publish(offer(&format!("mill-{round}-{at}"))));
        match select(last, join_all(others)).await {
            // Some of the others are under way when the process dies.
            Either::Left((written, others)) => {
                written.unwrap();
                node.kill9();
                drop(others);
            }
            Either::Right((_, last)) => {
                last.await.unwrap();
                node.kill9();
            }
        }
        node.start().await;
        node.cli(&["audit", "verify"]).await.done();
        let told: BTreeSet<String> = {
            let created = told(node).await.into_iter().filter(|(action, _)| action == "listing.create");
            created.map(|(_, resource)| resource).collect()
        };
        let held: BTreeSet<String> =
            node.list("members/-").await.unwrap().into_iter().map(|listing| listing.name).collect();
        assert_eq!(held, told);
        assert!(held.contains(&listing_name("shenzhen", &format!("tea-{round}"))));
    }
    net.finish().await;
}
