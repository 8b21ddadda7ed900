//! A member's keys change, and nobody who reads is told; a key that others know dies at once; a lost one is replaced.

use std::collections::BTreeSet;
use std::time::Duration;

use duikou_proto::v1::token::Role;
use duikou_proto::v1::{Lane, Signed, WithdrawalReason};
use duikou_tests::harness::{NETWORK, Network, Peer, Server, WebCertificate, key_numbers, offer, within};
use duikou_tests::malicious::{Member, Relay, Tamper, record, signer};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::Value;

use super::{Holder, PATIENCE, Watcher, failed, listing_name};
use crate::malicious::{again, crosses, nowhere, refuses};

/// Waits until everything that `server` holds of `member` is signed by these keys and no others.
async fn is_signed_by(server: &Server, member: &str, numbers: &[i32]) {
    let wanted: BTreeSet<i32> = numbers.iter().copied().collect();
    let signed = async || {
        let found = key_numbers(server.dir(), &format!("{member}.{NETWORK}")).await.map_err(|e| format!("{e:#}"))?;
        if found == wanted { Ok(()) } else { Err(format!("signed by {found:?}, not {wanted:?}")) }
    };
    within(PATIENCE, signed).await.unwrap_or_else(|reason| panic!("{}: {reason}", server.name()));
}

/// Waits until `server` raises an alarm with this code, or no longer does.
async fn alarm(server: &Server, code: &str, raised: bool) {
    let looked = async || {
        let alarms = server.status().await.map_err(|status| status.to_string())?.alarms;
        if alarms.iter().any(|alarm| alarm.code == code) == raised { Ok(()) } else { Err(format!("{alarms:?}")) }
    };
    within(PATIENCE, looked).await.unwrap_or_else(|reason| panic!("{} {code}: {reason}", server.name()));
}

/// What `keys show` says, one value a key.
async fn keys(server: &Server, member: &str) -> Vec<Value> {
    let told = server.cli(&["keys", "show", member, "--output", "jsonl"]).await.done();
    told.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn newest(keys: &[Value], purpose: &str) -> i64 {
    let of_purpose = keys.iter().filter(|key| key["purpose"] == purpose);
    of_purpose.map(|key| key["number"].as_i64().unwrap()).max().unwrap()
}

/// Lets some time pass: for what must not happen, and for keys that die.
async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

async fn network(seed: u64) -> Network {
    Network::new(seed).gateway().node("shenzhen", &["shenzhen"]).node("bijie", &["bijie"]).start().await
}

/// The same, with a certificate by which watchers know the nodes.
async fn watched(seed: u64, certificate: &WebCertificate) -> Network {
    let net = Network::new(seed).gateway().node("shenzhen", &["shenzhen"]).node("bijie", &["bijie"]);
    net.web_certificate(certificate).start().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_key_signs_everything_anew_and_no_reader_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = watched(771, &certificate).await;
    let (shenzhen, bijie) = (net.node("shenzhen"), net.node("bijie"));
    for n in 0..300 {
        shenzhen.publish(offer(&format!("offer-{n}"))).await.unwrap();
    }
    shenzhen.publish(offer("narrowed").for_members(&["bijie", "shenzhen"])).await.unwrap();
    shenzhen.publish(offer("ended")).await.unwrap();
    net.settle().await;
    shenzhen.replace(offer("narrowed").for_members(&["shenzhen"])).await.unwrap();
    shenzhen.withdraw("members/shenzhen/listings/ended", WithdrawalReason::Filled).await.unwrap();
    net.settle().await;
    let secret = bijie.token("bijie", Role::Viewer).await.unwrap();
    let web = bijie.web(certificate.client(), Some(&secret)).await.unwrap();
    let mut holder = Holder::new(Watcher::new(web, None, "").await.unwrap()).await;
    assert_eq!(holder.held.len(), 300);

    shenzhen.cli(&["keys", "rotate", "shenzhen"]).await.done();
    let shown = keys(shenzhen, "shenzhen").await;
    assert_eq!((newest(&shown, "SIGNING"), newest(&shown, "ENCRYPTION")), (2, 2), "{shown:?}");
    assert!(shown.iter().any(|key| key["number"] == 1 && key["endTime"].is_string()), "the old one has an end");
    for server in net.servers() {
        is_signed_by(server, "shenzhen", &[2]).await;
    }
    net.settle().await;

    // The first thing that the watcher hears of is what is published after all of that.
    holder.left.clear();
    shenzhen.publish(offer("after")).await.unwrap();
    let after = listing_name("shenzhen", "after");
    while !holder.held.contains(&after) {
        holder.step().await;
        assert!(holder.held.len() == 300 || holder.held.contains(&after), "told of something else");
    }
    assert_eq!((holder.held.len(), holder.left.len(), holder.resets), (301, 0, 0));
    let shown = keys(shenzhen, "shenzhen").await;
    assert!(shown.iter().all(|key| key["states"].is_null() || key["states"] == "0"), "{shown:?}");
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_goes_on_after_a_kill_at_any_time_and_a_reader_away_beyond_the_grace_ends_complete() {
    let net = network(772).await;
    let (gateway, shenzhen, bijie) = (net.gateway(), net.node("shenzhen"), net.node("bijie"));
    for n in 0..200 {
        shenzhen.publish(offer(&format!("offer-{n}"))).await.unwrap();
    }
    net.settle().await;
    bijie.stop().await;

    // The gateway is away: the keys are kept, and nothing else happens.
    gateway.stop().await;
    let node = async {
        let asked = shenzhen.cli(&["keys", "rotate", "shenzhen", "--grace", "4s"]);
        tokio::time::timeout(Duration::from_secs(5), asked).await.map(|output| output.to_string())
    };
    assert!(node.await.is_err(), "it waits for the gateway");
    alarm(shenzhen, "KEY_PENDING", true).await;
    shenzhen.publish(offer("meanwhile")).await.unwrap();
    is_signed_by(shenzhen, "shenzhen", &[1]).await;
    shenzhen.kill9();
    shenzhen.start().await;
    alarm(shenzhen, "KEY_PENDING", true).await;

    gateway.start().await;
    alarm(shenzhen, "KEY_PENDING", false).await;
    pass(net.chance(400) / 100).await;
    shenzhen.kill9();
    shenzhen.start().await;
    is_signed_by(gateway, "shenzhen", &[2]).await;
    pass(5).await;
    bijie.start().await;
    is_signed_by(bijie, "shenzhen", &[2]).await;
    net.settle().await;
    let refused = bijie.status().await.unwrap().links.iter().map(|link| link.rejected_here.len()).sum::<usize>();
    assert_eq!(refused, 0);
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_origin_that_dies_with_its_key_signs_anew_when_it_is_back_and_who_watches_is_told_both() {
    const COUNT: usize = 1_500;
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = watched(773, &certificate).await;
    let (gateway, shenzhen, bijie) = (net.gateway(), net.node("shenzhen"), net.node("bijie"));
    // So many that not all of them are signed anew before the kill.
    let drafts = (0..COUNT).map(|n| offer(&format!("offer-{n}")));
    let published = stream::iter(drafts).map(|draft| shenzhen.publish(draft)).buffer_unordered(32);
    published.try_collect::<Vec<_>>().await.unwrap();
    net.settle().await;
    let secret = bijie.token("bijie", Role::Viewer).await.unwrap();
    let web = bijie.web(certificate.client(), Some(&secret)).await.unwrap();
    let mut holder = Holder::new(Watcher::new(web, None, "").await.unwrap()).await;
    let names: Vec<String> = (0..COUNT).map(|n| listing_name("shenzhen", &format!("offer-{n}"))).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    holder.holds(&names).await;

    // The network hears of the keys, and nothing of what they sign: the origin is frozen while they are introduced.
    let rotation = async {
        let _ = tokio::time::timeout(PATIENCE, shenzhen.cli(&["keys", "compromise", "shenzhen", "--yes"])).await;
    };
    let cut = async {
        let introduced = async || match newest(&keys(gateway, "shenzhen").await, "SIGNING") {
            2 => Ok(()),
            number => Err(format!("key {number}")),
        };
        within(PATIENCE, introduced).await.unwrap();
        shenzhen.kill9();
    };
    tokio::join!(rotation, cut);
    let died = within(PATIENCE, async || {
        holder.step().await;
        if holder.held.len() < COUNT { Ok(()) } else { Err("all are shown".to_owned()) }
    });
    died.await.unwrap();
    shenzhen.start().await;
    for server in net.servers() {
        is_signed_by(server, "shenzhen", &[2]).await;
        server.sees("members/shenzhen/listings/offer-0").await;
    }
    holder.holds(&names).await;
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_others_know_verifies_nothing_from_then_on_and_who_watches_is_told_what_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = watched(774, &certificate).await;
    let (shenzhen, bijie) = (net.node("shenzhen"), net.node("bijie"));
    shenzhen.publish(offer("tea")).await.unwrap();
    net.settle().await;
    let secret = bijie.token("bijie", Role::Viewer).await.unwrap();
    let web = bijie.web(certificate.client(), Some(&secret)).await.unwrap();
    let mut holder = Holder::new(Watcher::new(web, None, "").await.unwrap()).await;
    let tea = listing_name("shenzhen", "tea");
    holder.holds(&[&tea]).await;
    let thief = signer(shenzhen, "shenzhen");

    let unasked = shenzhen.cli(&["keys", "compromise", "shenzhen"]).await;
    failed(&unasked, 2, &["--yes"]);
    shenzhen.cli(&["keys", "compromise", "shenzhen", "--yes"]).await.done();
    for server in net.servers() {
        is_signed_by(server, "shenzhen", &[2]).await;
    }
    shenzhen.publish(offer("after")).await.unwrap();
    holder.holds(&[&tea, &listing_name("shenzhen", "after")]).await;
    net.settle().await;
    let shown = keys(bijie, "shenzhen").await;
    let ended = shown.iter().find(|key| key["purpose"] == "SIGNING" && key["number"] == 1).unwrap();
    assert!(ended["endTime"].as_str().unwrap() <= ended_now().as_str(), "{shown:?}");
    drop(holder);

    // A thief who has the old key, the node's certificate and the gateway cannot bring it back, nor pass it for the new one.
    let stolen = [("by-the-old-key", 1, "KEY"), ("by-the-new-number", 2, "BAD_SIGNATURE")];
    let forged = stolen.map(|(id, key_number, _)| Signed { key_number, ..record(&thief, "shenzhen", id, |_| {}) });
    let refused_everywhere = async |server: &Server| {
        for (id, _, code) in stolen {
            let name = listing_name("shenzhen", id);
            refuses(server, &name, code).await;
            nowhere(&[server], &name, &format!("the words of {id}")).await;
        }
    };
    shenzhen.stop().await;
    let mut member = Member::link(&Peer::in_place_of(shenzhen, net.gateway())).await.unwrap();
    member.push(Lane::Bulk, forged.to_vec()).await.unwrap();
    drop(member);
    refused_everywhere(net.gateway()).await;
    shenzhen.start().await;
    shenzhen.linked().await;
    let relay = Relay::between(bijie, net.gateway()).await;
    again(bijie, &relay).await;
    relay.turns(Tamper::default().parts(Lane::Bulk, move |parts| match parts.is_empty() {
        true => parts,
        false => forged.iter().cloned().chain(parts).collect(),
    }));
    crosses(shenzhen, bijie, "beside-the-thief").await;
    refused_everywhere(bijie).await;
    bijie.sees(&tea).await;
    relay.turns_honest();
    net.finish().await;
}

fn ended_now() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    duikou_node::cli::time(Some(&prost_types::Timestamp { seconds: now.as_secs() as i64 + 1, nanos: 0 }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_key_that_the_root_replaces_raises_an_alarm_at_every_node_until_it_is_acknowledged() {
    let net = network(775).await;
    let (shenzhen, bijie) = (net.node("shenzhen"), net.node("bijie"));
    shenzhen.publish(offer("tea")).await.unwrap();
    net.settle().await;

    shenzhen.stop().await;
    net.replace_keys(shenzhen, "shenzhen").await;
    shenzhen.start().await;
    for server in net.servers() {
        alarm(server, "KEY_BY_ROOT", true).await;
        is_signed_by(server, "shenzhen", &[2]).await;
    }
    net.settle().await;
    bijie.cli(&["keys", "acknowledge", "shenzhen"]).await.done();
    alarm(bijie, "KEY_BY_ROOT", false).await;
    alarm(net.gateway(), "KEY_BY_ROOT", true).await;
    bijie.restart().await;
    bijie.linked().await;
    alarm(bijie, "KEY_BY_ROOT", false).await;
    let log = std::fs::read_to_string(net.root().join("bijie.log")).unwrap();
    assert!(log.contains("KEY_BY_ROOT"), "it is a structured event as well");
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_made_only_where_they_can_be() {
    let net = network(776).await;
    let (gateway, shenzhen) = (net.gateway(), net.node("shenzhen"));
    let foreign = shenzhen.cli(&["keys", "rotate", "bijie"]).await;
    failed(&foreign, 1, &["bijie"]);
    let unknown = gateway.cli(&["keys", "rotate", "nobody"]).await;
    failed(&unknown, 1, &["nobody"]);
    let too_long = shenzhen.cli(&["keys", "rotate", "shenzhen", "--grace", "31d"]).await;
    failed(&too_long, 65, &["grace_seconds"]);
    assert_eq!(newest(&keys(gateway, "shenzhen").await, "SIGNING"), 1);

    shenzhen.cli(&["keys", "rotate", "shenzhen", "--purpose", "encryption"]).await.done();
    let shown = keys(gateway, "shenzhen").await;
    assert_eq!((newest(&shown, "SIGNING"), newest(&shown, "ENCRYPTION")), (1, 2));
    // The secret of the newest key is gone: nothing is written, and the operator is told.
    shenzhen.cli(&["keys", "rotate", "shenzhen", "--purpose", "signing"]).await.done();
    shenzhen.stop().await;
    let file = shenzhen.dir().join("keys").join(format!("shenzhen.{NETWORK}.2.signing"));
    let aside = net.root().join("aside");
    std::fs::rename(&file, &aside).unwrap();
    shenzhen.start().await;
    alarm(shenzhen, "KEY_ABSENT", true).await;
    let refused = shenzhen.publish(offer("unsigned")).await.unwrap_err();
    assert_eq!(super::reason(&refused), "NO_KEY");
    std::fs::rename(&aside, &file).unwrap();
    alarm(shenzhen, "KEY_ABSENT", false).await;
    shenzhen.publish(offer("signed")).await.unwrap();
    net.finish().await;
}
