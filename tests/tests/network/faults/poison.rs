//! Records that do not verify: each is refused and shown, and stops no other.

use duikou_proto::sign::Signer;
use duikou_proto::v1::signed::Type;
use duikou_proto::v1::{LinkStatus, Record, Rejection, Signed};
use duikou_tests::harness::{NETWORK, Network, Server, offer, rewrite_record, within};
use duikou_tests::malicious::{altered, envelope, signer};
use prost::Message;

use super::{PATIENCE, publish_all};

/// How many sound records surround the bad ones.
const SOUND: usize = 9_999;
const BAD: [&str; 4] = ["body", "signature", "date", "stranger"];

fn full_name(id: &str) -> String {
    format!("members/shenzhen.{NETWORK}/listings/{id}")
}

/// Alters the four bad ones behind the back of `server`; `stranger` signs one of them.
async fn poison(server: &Server, stranger: &Signer) {
    let dir = server.dir();
    let flipped = |signed| {
        altered(signed, |record| {
            let mut body = record.body.to_vec();
            *body.last_mut().unwrap() ^= 1;
            record.body = body.into();
        })
    };
    rewrite_record(dir, &full_name("body"), flipped).await.unwrap();
    let broken = |mut signed: Signed| {
        let mut signature = signed.signature.to_vec();
        signature[7] ^= 1;
        signed.signature = signature;
        signed
    };
    rewrite_record(dir, &full_name("signature"), broken).await.unwrap();
    let dated = |signed| altered(signed, |record| record.expire_time += 1);
    rewrite_record(dir, &full_name("date"), dated).await.unwrap();
    let signed_by_another = |signed: Signed| {
        let mut record = Record::decode(signed.payload).unwrap();
        record.revision += 1;
        envelope(stranger, Type::Record, &record)
    };
    rewrite_record(dir, &full_name("stranger"), signed_by_another).await.unwrap();
}

/// Waits until `server` shows all four refusals in the place that `refusals` looks at.
async fn shows_refusals(server: &Server, refusals: fn(&LinkStatus) -> &[Rejection]) {
    let expected: std::collections::BTreeSet<(String, String)> =
        BAD.iter().map(|id| (full_name(id), "BAD_SIGNATURE".to_owned())).collect();
    let shown = async || {
        let status = server.status().await.map_err(|status| status.to_string())?;
        let refused = status.links.iter().flat_map(refusals);
        let refused = refused.map(|rejection| (rejection.name.clone(), rejection.code.clone())).collect();
        if expected == refused { Ok(()) } else { Err(format!("{refused:?}")) }
    };
    within(PATIENCE, shown).await.unwrap_or_else(|reason| panic!("{} shows {reason}", server.name()));
}

/// Waits until `server` holds exactly so many listings.
async fn holds(server: &Server, count: usize) {
    let all = async || {
        let held = server.list("members/shenzhen").await.map_err(|status| status.to_string())?.len();
        if held == count { Ok(()) } else { Err(format!("{held} instead of {count}")) }
    };
    within(PATIENCE, all).await.unwrap_or_else(|reason| panic!("{} holds {reason}", server.name()));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_thousands_the_altered_ones_alone_stay_behind_and_their_origin_is_told() {
    let net = Network::new(601).gateway().node("shenzhen", &["shenzhen"]).node("bijie", &["bijie"]).start().await;
    let (node, reader) = (net.node("shenzhen"), net.node("bijie"));
    net.gateway().stop().await;
    publish_all(node, (0..SOUND / 2).map(|n| offer(&format!("sound-{n}")))).await;
    publish_all(node, BAD.map(offer)).await;
    publish_all(node, (SOUND / 2..SOUND).map(|n| offer(&format!("sound-{n}")))).await;
    node.stop().await;
    poison(node, &signer(reader, "bijie")).await;
    node.start().await;
    net.gateway().start().await;

    holds(net.gateway(), SOUND).await;
    holds(reader, SOUND).await;
    shows_refusals(node, |link| &link.rejected_by_peer).await;
    shows_refusals(net.gateway(), |link| &link.rejected_here).await;
    let alarms = node.status().await.unwrap().alarms;
    assert!(alarms.iter().any(|alarm| alarm.code == "REJECTED_BY_PEER"), "{alarms:?}");

    // Published anew, they are whole again.
    for id in BAD {
        node.replace(offer(id).titled("written again")).await.unwrap();
    }
    net.settle().await;
    let forgotten = async || {
        let status = node.status().await.map_err(|status| status.to_string())?;
        let open = status.links.iter().flat_map(|link| &link.rejected_by_peer).count();
        if open == 0 { Ok(()) } else { Err(format!("{open} are still shown")) }
    };
    within(PATIENCE, forgotten).await.unwrap();
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_takes_nothing_that_was_altered_on_the_gateway() {
    let mut net = Network::new(602).gateway().node("shenzhen", &["shenzhen"]).node("bijie", &["bijie"]).start().await;
    publish_all(net.node("shenzhen"), (0..100).map(|n| offer(&format!("sound-{n}")))).await;
    publish_all(net.node("shenzhen"), BAD.map(offer)).await;
    net.settle().await;
    net.gateway().stop().await;
    poison(net.gateway(), &signer(net.node("bijie"), "bijie")).await;
    net.gateway().start().await;

    net.join("zunyi", &["zunyi"]).await;
    let newcomer = net.node("zunyi");
    holds(newcomer, 100).await;
    shows_refusals(newcomer, |link| &link.rejected_here).await;
    for id in BAD {
        assert_eq!(newcomer.get(&full_name(id)).await.unwrap_err().code(), tonic::Code::NotFound);
    }
    let told = async || {
        let status = net.gateway().status().await.map_err(|status| status.to_string())?;
        let link = status.links.iter().find(|link| link.peer == format!("zunyi.{NETWORK}"));
        let refused = link.map_or(0, |link| link.rejected_by_peer.len());
        if refused == BAD.len() { Ok(()) } else { Err(format!("{refused} are shown")) }
    };
    within(PATIENCE, told).await.unwrap();
    // Nobody takes the gateway's word for whose records they are, nor keeps it from whoever wrote them.
    let alarm = net.gateway().alarms("REJECTED_BY_PEER", &format!("written by shenzhen.{NETWORK}")).await;
    assert!(alarm.remedy.contains("theirs to correct"), "{alarm:?}");
    newcomer.alarms("REJECTED_HERE", "4 for their signatures").await;
    let origin = net.node("shenzhen");
    let alarm = origin.alarms("REFUSED_ELSEWHERE", &format!("zunyi.{NETWORK} refused {}", full_name("body"))).await;
    assert!(alarm.message.contains("signature") && alarm.remedy.contains("Publish it again"), "{alarm:?}");
    assert_eq!(origin.metric(&format!("duikou_refused_by_holder{{holder=\"zunyi.{NETWORK}\"}}")).await, 4);
    let shown = origin.cli(&["status", "--language", "en"]).await.done();
    assert!(shown.contains(&format!("refused by the member zunyi.{NETWORK}: {}", full_name("body"))), "{shown}");

    let after = net.node("shenzhen").publish(offer("after")).await.unwrap();
    newcomer.sees(&after.name).await;
    newcomer.publish(offer("answer")).await.unwrap();
    net.node("shenzhen").sees("members/zunyi/listings/answer").await;
    net.leave("its gateway holds what was altered there");
}
