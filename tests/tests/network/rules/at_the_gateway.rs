//! What the gateway's operator finds, follows and asks by the command line there, as at a node: everything that it carries.

use duikou_tests::harness::{Network, offer, request};

#[tokio::test(flavor = "multi_thread")]
async fn the_gateways_command_line_finds_follows_asks_and_matches() {
    let net = Network::new(889).gateway().node("shenzhen", &["shenzhen"]).node("bijie", &["bijie"]).start().await;
    let (gateway, shenzhen) = (net.gateway(), net.node("shenzhen"));
    let admit = ["invite", "office", "--name-zh", "网关办公室", "--name-en", "Office", "--region", "440300", "--here"];
    gateway.cli(&admit).await.done();
    shenzhen.publish(offer("tea").titled("冷链物流 for spring tea")).await.unwrap();
    shenzhen.publish(offer("letter").titled("a letter about tea").for_members(&["bijie"])).await.unwrap();
    shenzhen.publish(offer("kept").titled("the quiet tea").on_request()).await.unwrap();
    net.node("bijie").publish(request("buyer").titled("冷链物流 wanted")).await.unwrap();
    net.settle().await;

    let found = gateway.cli(&["search", "tea"]).await.done();
    assert!(found.contains("spring tea") && found.contains("a letter"), "it carries both: {found}");
    assert!(!found.contains("quiet"), "what is kept on request never came: {found}");
    let counted = gateway.cli(&["search", "冷鏈", "--direction", "request", "--output", "json"]).await.done();
    assert!(counted.contains("\"totalSize\": 1"), "{counted}");
    let pulled = gateway.cli(&["pull", "--direction", "offer", "--output", "jsonl"]).await.done();
    assert_eq!(pulled.lines().filter(|line| line.contains("listings/")).count(), 2, "{pulled}");

    let answered = gateway.cli(&["query", "quiet", "--member", "shenzhen", "--language", "en"]).await;
    assert!(answered.stdout.contains("the quiet tea"), "{answered:?}");
    let matched = gateway.cli(&["match", "members/bijie/listings/buyer", "--language", "en"]).await.done();
    assert!(matched.contains("spring tea") && !matched.contains("wanted"), "{matched}");

    let made = gateway.cli(&["tokens", "create", "--registered", "--output", "json"]).await.done();
    assert!(made.contains("\"secret\""), "{made}");
    let listed = gateway.cli(&["tokens", "list", "--language", "en"]).await.done();
    assert!(listed.contains("registered"), "{listed}");
    net.finish().await;
}
