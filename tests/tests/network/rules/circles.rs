//! What operators decide takes effect on links that are up, and those who watch are told.

use duikou_proto::v1::no_longer::Reason;
use duikou_proto::v1::token::Role;
use duikou_tests::harness::{Network, Server, WebCertificate, offer, within};
use tonic::Code;

use super::{Holder, PATIENCE, Watcher, failed, listing_name, reason};

const TEA: &str = "members/shenzhen/listings/tea";
const PACT: &str = "members/shenzhen/listings/pact";

async fn network(seed: u64, certificate: &WebCertificate) -> Network {
    let net = Network::new(seed)
        .gateway()
        .node("shenzhen", &["shenzhen"])
        .node("bijie", &["bijie"])
        .node("zunyi", &["zunyi"])
        .circle("pan-prd", &["shenzhen", "bijie"])
        .web_certificate(certificate)
        .start()
        .await;
    let node = net.node("shenzhen");
    node.publish(offer("tea")).await.unwrap();
    node.publish(offer("pact").for_circle("pan-prd")).await.unwrap();
    net.settle().await;
    net
}

/// Watches at a node through the eyes of its member.
async fn watch(node: &Server, certificate: &WebCertificate) -> Holder {
    let secret = node.token(node.name(), Role::Viewer).await.unwrap();
    let web = node.web(certificate.client(), Some(&secret)).await.unwrap();
    Holder::new(Watcher::new(web, None, "").await.unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_joins_a_circle_receives_it_and_who_leaves_loses_it() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = network(761, &certificate).await;
    let (zunyi, tea, pact) = (net.node("zunyi"), listing_name("shenzhen", "tea"), listing_name("shenzhen", "pact"));
    let mut watcher = watch(zunyi, &certificate).await;
    watcher.holds(&[&tea]).await;

    net.gateway().cli(&["circles", "add", "pan-prd", "zunyi"]).await.done();
    zunyi.sees(PACT).await;
    watcher.holds(&[&tea, &pact]).await;
    net.settle().await;

    net.node("shenzhen").publish(offer("second").for_circle("pan-prd")).await.unwrap();
    let second = listing_name("shenzhen", "second");
    watcher.holds(&[&tea, &pact, &second]).await;

    watcher.left.clear();
    watcher.resets = 0;
    net.gateway().cli(&["circles", "drop", "pan-prd", "zunyi"]).await.done();
    zunyi.loses(PACT).await;
    watcher.holds(&[&tea]).await;
    watcher.lost(&pact, Reason::ScopeLost);
    net.settle().await;
    net.node("shenzhen").publish(offer("third").for_circle("pan-prd")).await.unwrap();
    net.node("bijie").sees("members/shenzhen/listings/third").await;
    net.settle().await;
    zunyi.never_received(b"third for partner cities");
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_member_is_hidden_everywhere_at_once_and_shown_again_when_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = network(762, &certificate).await;
    let (shenzhen, bijie) = (net.node("shenzhen"), net.node("bijie"));
    let (tea, pact) = (listing_name("shenzhen", "tea"), listing_name("shenzhen", "pact"));
    let mut watcher = watch(bijie, &certificate).await;
    watcher.holds(&[&tea, &pact]).await;

    net.gateway().cli(&["members", "suspend", "shenzhen", "--reason", "audit", "--yes"]).await.done();
    for server in [net.gateway(), bijie, net.node("zunyi")] {
        server.loses(TEA).await;
    }
    watcher.holds(&[]).await;
    watcher.lost(&tea, Reason::Suspended);
    let index = net.gateway().status().await.unwrap().directory_index;
    let heard = async || match shenzhen.status().await.map_err(|status| status.to_string())?.directory_index {
        here if here == index => Ok(()),
        here => Err(format!("the directory is at {here}, not {index}")),
    };
    within(PATIENCE, heard).await.unwrap();
    // Its own operator reads why, and whom to ask; members do, and the public does not.
    let alarm = shenzhen.alarms("SUSPENDED", "audit").await;
    assert!(alarm.remedy.contains("network's operator"), "{alarm:?}");
    assert!(bijie.cli(&["members", "show", "shenzhen"]).await.done().contains("audit"));
    let status = shenzhen.publish(offer("meanwhile")).await.unwrap_err();
    assert_eq!(reason(&status), "SUSPENDED", "{status}");
    assert_eq!(status.code(), Code::FailedPrecondition);
    net.settle().await;

    net.gateway().cli(&["members", "resume", "shenzhen"]).await.done();
    for server in [net.gateway(), bijie, net.node("zunyi")] {
        server.sees(TEA).await;
    }
    watcher.holds(&[&tea, &pact]).await;
    let written = async || shenzhen.publish(offer("again")).await.map_err(|status| status.to_string());
    within(PATIENCE, written).await.unwrap();
    net.node("zunyi").sees("members/shenzhen/listings/again").await;
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_record_is_shown_nowhere_until_it_is_shown_again() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = network(763, &certificate).await;
    let (shenzhen, bijie) = (net.node("shenzhen"), net.node("bijie"));
    let (tea, pact) = (listing_name("shenzhen", "tea"), listing_name("shenzhen", "pact"));
    let mut watcher = watch(bijie, &certificate).await;
    watcher.holds(&[&tea, &pact]).await;

    // A name that nothing has hides nothing: it is asked about first.
    let mistyped = ["records", "hide", &listing_name("shenzhen", "teaa"), "--reason", "names a person"];
    let refused = net.gateway().cli(&mistyped).await;
    assert!(refused.code == 2 && refused.stderr.contains("--yes"), "{refused:?}");
    net.gateway().cli(&[&mistyped[..], &["--yes"]].concat()).await.done();

    net.gateway().cli(&["records", "hide", &tea, "--reason", "duplicate of another"]).await.done();
    for server in [net.gateway(), bijie, net.node("zunyi")] {
        server.loses(TEA).await;
    }
    watcher.holds(&[&pact]).await;
    watcher.lost(&tea, Reason::Hidden);
    assert!(bijie.get(PACT).await.is_ok(), "nothing else is hidden");
    let told = async || {
        let status = shenzhen.status().await.map_err(|status| status.to_string())?;
        let text = format!("{status:?}");
        if text.contains("duplicate of another") { Ok(()) } else { Err(text) }
    };
    within(PATIENCE, told).await.unwrap_or_else(|text| panic!("the origin is not told: {text}"));

    failed(&net.gateway().cli(&["records", "show", &listing_name("shenzhen", "teab")]).await, 1, &["没有隐藏"]);
    net.gateway().cli(&["records", "show", &tea]).await.done();
    for server in [net.gateway(), bijie, net.node("zunyi")] {
        server.sees(TEA).await;
    }
    watcher.holds(&[&tea, &pact]).await;
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_suspended_member_wrote_before_it_knew_arrives_when_it_is_resumed() {
    let net = Network::new(764).gateway().node("shenzhen", &["shenzhen"]).node("bijie", &["bijie"]).start().await;
    let (gateway, shenzhen, bijie) = (net.gateway(), net.node("shenzhen"), net.node("bijie"));
    shenzhen.publish(offer("tea")).await.unwrap();
    net.settle().await;

    shenzhen.stop().await;
    gateway.cli(&["members", "suspend", "shenzhen", "--reason", "audit", "--yes"]).await.done();
    bijie.loses(TEA).await;
    gateway.stop().await;
    shenzhen.start().await;
    shenzhen.publish(offer("meanwhile")).await.unwrap();
    shenzhen.replace(offer("tea").titled("written while nobody told us")).await.unwrap();
    gateway.start().await;
    let refused = async || {
        let status = shenzhen.status().await.map_err(|status| status.to_string())?;
        let mut codes: Vec<_> = status.links.iter().flat_map(|link| &link.rejected_by_peer).map(|r| &r.code).collect();
        codes.dedup();
        if codes == ["SUSPENDED"] { Ok(()) } else { Err(format!("{:?}", status.links)) }
    };
    within(PATIENCE, refused).await.unwrap_or_else(|text| panic!("the origin is not told: {text}"));
    let unseen = bijie.get("members/shenzhen/listings/meanwhile").await.unwrap_err();
    assert_eq!(unseen.code(), Code::NotFound);

    gateway.cli(&["members", "resume", "shenzhen"]).await.done();
    bijie.sees("members/shenzhen/listings/meanwhile").await;
    net.settle().await;
    let tea = bijie.get(TEA).await.unwrap();
    assert_eq!(tea.listing.unwrap().title, "written while nobody told us");
    let status = shenzhen.status().await.unwrap();
    let open = status.links.iter().flat_map(|link| &link.rejected_by_peer).count();
    assert_eq!(open, 0, "{:?}", status.links);
    net.finish().await;
}
