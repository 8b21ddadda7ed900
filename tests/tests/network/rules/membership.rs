//! Members leave and come back, and go from one node to another, with nothing lost on the way.

use std::path::PathBuf;

use duikou_tests::harness::{NETWORK, Network, Server, offer, within};

use super::{PATIENCE, failed, listing_name, reason};

/// Waits until `server` holds this many records of `member`.
async fn holds(server: &Server, member: &str, records: i64) {
    let counted = async || {
        let status = server.status().await.map_err(|status| status.to_string())?;
        let origin = format!("{member}.{NETWORK}");
        let held = status.holdings.iter().find(|holding| holding.origin == origin).map_or(0, |held| held.records);
        if held == records { Ok(()) } else { Err(format!("{held} records of {member}, not {records}")) }
    };
    within(PATIENCE, counted).await.unwrap_or_else(|text| panic!("{}: {text}", server.name()));
}

/// Waits until `member` lives on `node`, as `server` knows it.
async fn lives_on(server: &Server, member: &str, node: &str) {
    let looked = async || {
        let shown = server.cli(&["members", "show", member, "--output", "json"]).await;
        let wanted = format!("\"{node}.{NETWORK}\"");
        if shown.stdout.contains(&format!("\"node\": {wanted}")) { Ok(()) } else { Err(shown.to_string()) }
    };
    within(PATIENCE, looked).await.unwrap_or_else(|text| panic!("{member} is not on {node}: {text}"));
}

/// What its operator copies from one folder to the other: the keys of one member.
fn copy_keys(from: &Server, to: &Server, member: &str) {
    for entry in std::fs::read_dir(from.dir().join("keys")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name.starts_with(&format!("{member}.")) {
            std::fs::copy(&path, to.dir().join("keys").join(name)).unwrap();
        }
    }
}

/// The file of what a node still held of a member that left.
fn departed(server: &Server, kind: &str) -> PathBuf {
    let entries = std::fs::read_dir(server.dir().join("departed")).unwrap();
    let mut files =
        entries.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|e| e == kind));
    files.next().unwrap_or_else(|| panic!("{} kept no {kind}", server.name()))
}

/// Waits until a write succeeds.
async fn writes(server: &Server, member: &str, id: &str) {
    let written = async || server.publish(offer(id).by(member)).await.map_err(|status| status.to_string());
    within(PATIENCE, written).await.unwrap_or_else(|text| panic!("{}: {text}", server.name()));
}

async fn network(seed: u64) -> Network {
    let net = Network::new(seed)
        .gateway()
        .node("shenzhen", &["shenzhen", "dongguan"])
        .node("bijie", &["bijie"])
        .node("zunyi", &["zunyi"])
        .circle("pan-prd", &["shenzhen", "bijie"])
        .start()
        .await;
    let node = net.node("shenzhen");
    node.publish(offer("tea")).await.unwrap();
    node.publish(offer("pact").for_circle("pan-prd")).await.unwrap();
    node.publish(offer("drawer").on_request()).await.unwrap();
    node.publish(offer("other").by("dongguan")).await.unwrap();
    net.node("bijie").publish(offer("coal").for_circle("pan-prd")).await.unwrap();
    net.settle().await;
    net
}

const TEA: &str = "members/shenzhen/listings/tea";

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_hides_at_once_and_is_undone_with_nothing_lost() {
    let net = network(781).await;
    let (gateway, shenzhen, bijie) = (net.gateway(), net.node("shenzhen"), net.node("bijie"));
    failed(&gateway.cli(&["members", "remove", "shenzhen"]).await, 2, &["--yes"]);
    failed(&gateway.cli(&["members", "remove", "nobody", "--yes"]).await, 1, &["nobody"]);
    gateway.cli(&["members", "remove", "shenzhen", "--reason", "merged", "--yes"]).await.done();
    for server in [gateway, bijie, net.node("zunyi")] {
        server.loses(TEA).await;
    }
    shenzhen.alarms("REMOVED", "merged").await;
    // Its own eyes are closed too: what only the circle opened to it leaves its node.
    shenzhen.loses("members/bijie/listings/coal").await;
    let refused = async || match shenzhen.publish(offer("late")).await {
        Err(status) if reason(&status) == "SUSPENDED" => Ok(()),
        other => Err(format!("{other:?}")),
    };
    within(PATIENCE, refused).await.unwrap();
    holds(bijie, "shenzhen", 2).await;
    shenzhen.publish(offer("neighbour").by("dongguan")).await.unwrap();
    net.settle().await;
    for force in [&[][..], &["--force", "--yes"]] {
        let moving = [&["members", "move", "shenzhen", "--to", "zunyi"], force].concat();
        failed(&gateway.cli(&moving).await, 1, &["恢复", "members restore shenzhen"]);
    }
    let shown = gateway.cli(&["members", "show", "shenzhen", "--output", "json"]).await.done();
    assert!(shown.contains("REMOVED") && shown.contains("dropTime"), "{shown}");

    gateway.cli(&["members", "restore", "shenzhen"]).await.done();
    for server in [gateway, bijie, net.node("zunyi")] {
        server.sees(TEA).await;
    }
    shenzhen.sees("members/bijie/listings/coal").await;
    writes(shenzhen, "shenzhen", "again").await;
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_member_leaves_every_other_store_and_brings_all_of_it_back() {
    let net = network(782).await;
    let (gateway, shenzhen, bijie, zunyi) = (net.gateway(), net.node("shenzhen"), net.node("bijie"), net.node("zunyi"));
    gateway.cli(&["members", "remove", "shenzhen", "--keep", "3s", "--yes"]).await.done();
    bijie.loses(TEA).await;
    // One that is away meanwhile does it when it is back.
    zunyi.stop().await;
    holds(gateway, "shenzhen", 0).await;
    holds(bijie, "shenzhen", 0).await;
    zunyi.start().await;
    holds(zunyi, "shenzhen", 0).await;
    holds(shenzhen, "shenzhen", 3).await;
    holds(gateway, "dongguan", 1).await;
    shenzhen.restart().await;
    shenzhen.linked().await;
    holds(gateway, "shenzhen", 0).await;

    gateway.cli(&["members", "restore", "shenzhen"]).await.done();
    bijie.sees("members/shenzhen/listings/pact").await;
    zunyi.sees(TEA).await;
    shenzhen.sees("members/bijie/listings/coal").await;
    writes(shenzhen, "shenzhen", "again").await;
    net.settle().await;
    holds(gateway, "shenzhen", 3).await;
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_moves_once_its_node_has_delivered_everything() {
    let net = network(783).await;
    let (gateway, shenzhen, bijie, zunyi) = (net.gateway(), net.node("shenzhen"), net.node("bijie"), net.node("zunyi"));
    failed(&gateway.cli(&["members", "move", "shenzhen", "--to", "nowhere"]).await, 1, &["nowhere"]);
    // What it writes while the gateway is away has to arrive first.
    gateway.stop().await;
    for n in 0..20 {
        shenzhen.publish(offer(&format!("late-{n}"))).await.unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let draft = folder.path().join("draft.json");
    let name = listing_name("shenzhen", "typed");
    let typed = r#""direction": "OFFER", "title": "half done", "language": "en", "capital": {}"#;
    std::fs::write(&draft, format!(r#"{{"name": "{name}", "listing": {{{typed}}}}}"#)).unwrap();
    shenzhen.cli(&["drafts", "create", draft.to_str().unwrap()]).await.done();
    shenzhen.cli(&["drafts", "policy", "shenzhen", "--rule", "other"]).await.done();
    shenzhen.stop().await;
    gateway.start().await;
    copy_keys(shenzhen, zunyi, "shenzhen");
    let waiting = gateway.cli(&["members", "move", "shenzhen", "--to", "zunyi", "--wait", "2s"]).await;
    failed(&waiting, 75, &["--force"]);
    shenzhen.start().await;
    lives_on(gateway, "shenzhen", "zunyi").await;
    lives_on(bijie, "shenzhen", "zunyi").await;
    writes(zunyi, "shenzhen", "from-there").await;
    bijie.sees("members/shenzhen/listings/from-there").await;
    bijie.sees("members/shenzhen/listings/late-19").await;
    let refused = async || match shenzhen.publish(offer("here-no-more")).await {
        Err(status) if reason(&status) == "NOT_HOSTED" => Ok(()),
        other => Err(format!("{other:?}")),
    };
    within(PATIENCE, refused).await.unwrap();
    net.settle().await;

    // What never left its old node lies in a file there, in the form that import reads.
    let kept = std::fs::read_to_string(departed(shenzhen, "jsonl")).unwrap();
    assert!(kept.contains(&listing_name("shenzhen", "drawer")), "{kept}");
    let file = departed(shenzhen, "jsonl").display().to_string();
    let alarm = shenzhen.alarms("DEPARTED", "shenzhen left this server").await;
    assert!(alarm.remedy.contains("duikou-node import"), "{alarm:?}");
    zunyi.cli(&["import", &file]).await.done();
    let drawer = zunyi.get("members/shenzhen/listings/drawer").await.unwrap();
    assert!(drawer.scopes.is_empty(), "{drawer:?}");
    net.settle().await;

    // So does what its office had typed, which no link carries; taken in once, and nothing that is here is replaced.
    let file = departed(shenzhen, "office").display().to_string();
    let drafts =
        async |server: &Server| server.cli(&["drafts", "list", "--member", "shenzhen", "--output", "jsonl"]).await;
    assert!(!zunyi.cli(&["drafts", "list", "--member", "shenzhen"]).await.done().contains("half done"));
    failed(&gateway.cli(&["drafts", "take-in", &file]).await, 65, &["shenzhen"]);
    let taken = zunyi.cli(&["drafts", "take-in", &file, "--output", "json"]).await.done();
    assert!(taken.contains(r#""drafts": "1""#) && taken.contains(r#""policies": "1""#), "{taken}");
    let listed = drafts(zunyi).await.done();
    assert!(listed.contains("half done") && listed.lines().count() == 1, "{listed}");
    let policy = zunyi.cli(&["drafts", "policy", "shenzhen", "--output", "json"]).await.done();
    assert!(policy.contains("OTHER"), "{policy}");
    let again = zunyi.cli(&["drafts", "take-in", &file, "--output", "json"]).await.done();
    assert!(again.contains(r#""known": "2""#) && again.contains(r#""drafts": "0""#), "{again}");
    assert_eq!(drafts(zunyi).await.done(), listed);
    assert_ne!(drafts(shenzhen).await.code, 0, "nothing of it is left there for whoever comes next");
    zunyi.cli(&["drafts", "policy", "shenzhen", "--rule", "none"]).await.done();
    // Its old node keeps its other member, and reads as before.
    shenzhen.publish(offer("still-here").by("dongguan")).await.unwrap();
    zunyi.sees("members/dongguan/listings/still-here").await;
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_is_called_off_and_the_member_writes_where_it_was() {
    let net = network(784).await;
    let (gateway, shenzhen) = (net.gateway(), net.node("shenzhen"));
    // The gateway makes the entry, and the node cannot answer it.
    shenzhen.freeze();
    let waiting = gateway.cli(&["members", "move", "shenzhen", "--to", "zunyi", "--wait", "1s"]).await;
    failed(&waiting, 75, &["--to"]);
    gateway.cli(&["members", "move", "shenzhen", "--to", "shenzhen"]).await.done();
    shenzhen.thaw();
    writes(shenzhen, "shenzhen", "stays").await;
    lives_on(gateway, "shenzhen", "shenzhen").await;
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_whose_node_is_lost_moves_by_force_and_the_old_node_keeps_what_it_had_in_a_file() {
    let net = network(785).await;
    let (gateway, shenzhen, bijie, zunyi) = (net.gateway(), net.node("shenzhen"), net.node("bijie"), net.node("zunyi"));
    // Written where nobody took it, and then the machine is gone.
    gateway.stop().await;
    shenzhen.publish(offer("unheard")).await.unwrap();
    shenzhen.kill9();
    shenzhen.is_given_up();
    gateway.start().await;
    failed(&gateway.cli(&["members", "move", "shenzhen", "--to", "zunyi", "--force"]).await, 2, &["确认", "--yes"]);
    gateway.cli(&["members", "move", "shenzhen", "--to", "zunyi", "--force", "--yes"]).await.done();
    gateway.cli(&["members", "move", "dongguan", "--to", "zunyi", "--force", "--yes"]).await.done();
    zunyi.stop().await;
    for member in ["shenzhen", "dongguan"] {
        net.replace_keys(zunyi, member).await;
    }
    zunyi.start().await;
    writes(zunyi, "shenzhen", "from-there").await;
    writes(zunyi, "dongguan", "from-there").await;
    bijie.sees(TEA).await;
    bijie.sees("members/shenzhen/listings/from-there").await;

    // The machine is found, and nobody lives there any longer.
    shenzhen.start().await;
    lives_on(shenzhen, "shenzhen", "zunyi").await;
    let gone = async || match shenzhen.get("members/shenzhen/listings/unheard").await {
        Err(status) if status.code() == tonic::Code::NotFound => Ok(()),
        other => Err(format!("{other:?}")),
    };
    within(PATIENCE, gone).await.unwrap();
    let entries = std::fs::read_dir(shenzhen.dir().join("departed")).unwrap();
    let kept: Vec<String> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    let kept = kept.concat();
    for id in ["unheard", "drawer", "tea"] {
        assert!(kept.contains(&listing_name("shenzhen", id)), "{id} is not kept");
    }
    net.settle().await;
    for name in [TEA, "members/shenzhen/listings/from-there"] {
        assert!(shenzhen.get(name).await.is_err(), "nobody there may see {name}");
    }
    net.finish().await;
}
