//! Tokens that admit nobody: each says why and what to do, and the same folder joins afterwards with a good one.

use std::path::Path;

use duikou_node::enrol::{decode_token, encode_token};
use duikou_proto::federation::JoinToken;
use duikou_tests::harness::{NETWORK, Network, Program, run_program};
use futures_util::future::join_all;
use serde_json::Value;

use super::{PATIENCE, failed};

/// Joins with `token` in a folder of its own, in both languages.
async fn refused(net: &Network, folder: &str, token: &str, zh: &str, en: &str) {
    let dir = net.root().join(folder);
    let dir = dir.to_str().unwrap();
    for (language, said) in [("zh", zh), ("en", en)] {
        let args = ["join", token, "--node", folder, "--dir", dir, "--language", language];
        let output = run_program(Program::Node, net.root(), &args).await;
        failed(&output, 77, &[said, if language == "zh" { "提示：" } else { "hint: " }]);
    }
}

/// Has `folder`, where joining was refused before, join as `member` and serve.
async fn joins_now(net: &mut Network, folder: &str) {
    let node = net.join(folder, &[folder]).await;
    node.linked().await;
    assert_eq!(node.status().await.unwrap().members.len(), 1);
    assert_eq!(std::fs::read_dir(node.dir().join("keys")).unwrap().count(), 2, "keys of other attempts");
}

fn altered(token: &str, change: impl FnOnce(&mut JoinToken)) -> String {
    let mut token = decode_token(token).unwrap();
    change(&mut token);
    encode_token(&token)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_used_token_admits_nobody_else() {
    let mut net = Network::new(711).gateway().start().await;
    let token = net.invite("zunyi").await;
    let first = net.root().join("first");
    let args = ["join", &token, "--dir", first.to_str().unwrap()];
    run_program(Program::Node, net.root(), &args).await.done();
    refused(&net, "harbin", &token, "邀请码已被使用", "this token was used before").await;
    joins_now(&mut net, "harbin").await;

    // Nor does one that was taken back; what was used stays used.
    let gateway = net.gateway();
    let list = async |extra: &[&str]| {
        let listed = gateway.cli(&[&["invites", "list", "--output", "json"][..], extra].concat()).await.done();
        serde_json::from_str::<Value>(&listed).unwrap().as_array().unwrap().clone()
    };
    let args = ["invite", "tongren", "--name-zh", "铜仁", "--name-en", "Tongren", "--region", "520600"];
    let astray = gateway.cli(&[&args[..], &["--output", "json"]].concat()).await.done();
    let astray: Value = serde_json::from_str(&astray).unwrap();
    let (token, name) = (astray["token"].as_str().unwrap(), astray["name"].as_str().unwrap());
    let other = gateway.cli(&args).await.done();
    let listed = list(&[]).await;
    let states = listed.iter().map(|invite| (invite["member"].as_str().unwrap(), invite["state"].as_str().unwrap()));
    let [zunyi, harbin, tongren] = ["zunyi", "harbin", "tongren"].map(|member| format!("{member}.{NETWORK}"));
    let expected = [(&tongren, "OPEN"), (&tongren, "OPEN"), (&harbin, "USED"), (&zunyi, "USED")];
    assert!(states.eq(expected.map(|(member, state)| (&**member, state))), "{listed:#?}");
    assert_eq!((&listed[1]["name"], &listed[3]["node"]), (&name.into(), &zunyi.clone().into()));
    let told = gateway.cli(&["invites", "list"]).await.done();
    assert!(!told.contains(&token[8..40]) && told.contains("可用") && told.contains("已使用"), "{told}");
    for _ in 0..2 {
        gateway.cli(&["invites", "revoke", name]).await.done();
    }
    refused(&net, "tongren", token, "邀请码已被撤回", "this token was taken back").await;
    assert_eq!(list(&["--open"]).await.len(), 1);
    let used = listed[3]["name"].as_str().unwrap();
    failed(&gateway.cli(&["invites", "revoke", used, "--language", "en"]).await, 1, &["members suspend zunyi"]);
    failed(&gateway.cli(&["invites", "revoke", "invites/0123456789abcdef"]).await, 1, &["没有邀请码"]);
    let trail = gateway.cli(&["audit", "list", "--action", "invite.revoke", "--output", "jsonl"]).await.done();
    assert!(trail.lines().count() == 1 && trail.contains(name) && trail.contains(&tongren), "{trail}");

    // What everybody would read of a member is looked at first.
    for place in [["--longitude", "181"], ["--latitude", "NaN"]] {
        failed(&gateway.cli(&[&args[..], &place].concat()).await, 65, &["经度"]);
    }

    // Of two that are good for one member the second says where the member is, and leaves nothing behind.
    let second = gateway.cli(&args).await.done();
    let dir = net.root().join("tongren");
    let join = async |token: &str, dir: &Path| {
        run_program(Program::Node, net.root(), &["join", token.trim(), "--dir", dir.to_str().unwrap()]).await
    };
    join(&other, &dir).await.done();
    let elsewhere = net.root().join("elsewhere");
    failed(&join(&second, &elsewhere).await, 1, &["已加入网络", "--replace-keys"]);
    assert_eq!(std::fs::read_dir(elsewhere.join("keys")).unwrap().count(), 0);
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_those_that_join_at_one_moment_as_one_node_one_is_admitted() {
    let net = Network::new(716).gateway().start().await;
    let members = ["zunyi", "harbin", "tongren", "bijie"];
    let mut tokens = Vec::new();
    for member in members {
        tokens.push(net.invite(member).await);
    }
    let root = net.root().to_owned();
    let join = async |member: &str, token: &str, node: &str| {
        let dir = root.join(member);
        run_program(Program::Node, &root, &["join", token, "--node", node, "--dir", dir.to_str().unwrap()]).await
    };
    let joined = join_all(members.iter().zip(&tokens).map(|(member, token)| join(member, token, "office"))).await;
    assert_eq!(joined.iter().filter(|output| output.code == 0).count(), 1, "{joined:#?}");
    let late = joined.iter().zip(members.iter().zip(&tokens)).filter(|(output, _)| output.code != 0);
    for (output, (member, token)) in late {
        failed(output, 1, &["office 已被占用", "--node"]);
        join(member, token, member).await.done();
    }
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_token_admits_nobody() {
    let mut net = Network::new(712).gateway().start().await;
    let args = ["invite", "zunyi", "--name-zh", "遵义", "--name-en", "Zunyi", "--region", "520300", "--valid", "1s"];
    let made = net.gateway().cli(&args).await.done();
    let token = made.split_whitespace().find(|word| word.starts_with("duikou1.")).unwrap().to_owned();
    // The gateway's word counts, whatever a holder writes into the token.
    let prolonged = altered(&token, |token| token.expire_time += 3_600_000_000);
    let end = tokio::time::Instant::now() + PATIENCE;
    let dir = net.root().join("early");
    loop {
        assert!(tokio::time::Instant::now() < end, "the token does not expire");
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_micros();
        if u128::try_from(decode_token(&token).unwrap().expire_time).unwrap() < now {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    refused(&net, "zunyi", &token, "邀请码已过期", "the join token has expired").await;
    refused(&net, "zunyi", &prolonged, "邀请码已过期", "this token has expired").await;
    assert!(!dir.exists());
    joins_now(&mut net, "zunyi").await;
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_token_admits_nobody() {
    let mut net = Network::new(713).gateway().start().await;
    let token = net.invite("zunyi").await;
    let mut mistyped = token.clone().into_bytes();
    mistyped[20] = if mistyped[20] == b'A' { b'B' } else { b'A' };
    let mistyped = String::from_utf8(mistyped).unwrap();
    refused(&net, "zunyi", &mistyped, "邀请码无效", "this is no join token").await;
    let forged = altered(&token, |token| token.secret[0] ^= 1);
    refused(&net, "zunyi", &forged, "邀请码不存在", "this token is not known here").await;
    joins_now(&mut net, "zunyi").await;
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_with_another_root_key_or_authority_than_the_token_names_is_not_believed() {
    let mut net = Network::new(714).gateway().start().await;
    let token = net.invite("zunyi").await;
    let authority = altered(&token, |token| token.ca_fingerprint[0] ^= 1);
    let said = ("网关出示的身份与邀请码不符", "");
    refused(&net, "zunyi", &authority, said.0, said.1).await;
    let root = altered(&token, |token| token.root_fingerprint = vec![7; 32]);
    let en = "the gateway shows another root key than the token names";
    refused(&net, "zunyi", &root, said.0, en).await;
    assert!(!net.root().join("zunyi").join("link.crt").exists(), "half a node was written");
    // The gateway has spent the token on this folder's key: with the true fingerprint it is this folder's, whatever
    // was refused in between.
    let forged = altered(&token, |token| token.secret[0] ^= 1);
    refused(&net, "zunyi", &forged, "邀请码不存在", "this token is not known here").await;
    let dir = net.root().join("zunyi");
    let args = ["join", &token, "--node", "zunyi", "--dir", dir.to_str().unwrap()];
    run_program(Program::Node, net.root(), &args).await.done();
    let args = ["audit", "list", "--action", "node.certify", "--output", "jsonl"];
    let trail = net.gateway().cli(&args).await.done();
    let again = format!("joined again by a key of zunyi.{}", NETWORK);
    let told = trail.lines().filter(|line| line.contains(&again)).count();
    assert_eq!(told, 2, "every answer but the first: {trail}");
    net.join("harbin", &["harbin"]).await.linked().await;
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_another_network_changes_nothing_in_a_folder_that_has_joined() {
    let net = Network::new(715).gateway().node("shenzhen", &["shenzhen"]).start().await;
    let token = net.invite("zunyi").await;
    let node = net.node("shenzhen");
    node.stop().await;
    let before = std::fs::read(node.dir().join("duikou.toml")).unwrap();
    let foreign = altered(&token, |token| {
        token.network = "other.example".to_owned();
        token.member = "zunyi.other.example".to_owned();
        token.gateway = "gateway.other.example".to_owned();
    });
    for (language, said) in [("zh", "邀请码属于网络 other.example"), ("en", "the token is for other.example")] {
        failed(&node.cli(&["join", &foreign, "--language", language]).await, 77, &[said, "--dir"]);
    }
    assert_eq!(std::fs::read(node.dir().join("duikou.toml")).unwrap(), before);
    node.cli(&["join", &token]).await.done();
    node.start().await;
    node.linked().await;
    assert_eq!(node.status().await.unwrap().members.len(), 2);
    net.finish().await;
}
