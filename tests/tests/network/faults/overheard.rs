//! What is sent to a node, to the byte: nothing that none of its members may see, whatever happens meanwhile.

use duikou_proto::v1::WithdrawalReason;
use duikou_tests::harness::{Draft, Network, Recorder, offer};

use super::publish_all;

/// A listing whose id and text can be found among the bytes of a link.
fn marked(mark: &str) -> Draft {
    offer(mark).saying(&format!("the text of {mark} for those who may read it"))
}

/// Nothing of it: neither name nor text.
fn never_came(recorder: &Recorder, marks: &[&str]) {
    for mark in marks {
        assert!(!recorder.saw(mark.as_bytes()), "{mark} was sent to a node that may not see it");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_frame_to_a_node_holds_what_its_members_may_not_see() {
    let net = Network::new(721).gateway().node("shenzhen", &["shenzhen"]).node("bijie", &["bijie"]);
    let net = net.node("zunyi", &["zunyi"]).circle("pair", &["shenzhen", "bijie"]).start().await;
    let (node, bijie, gateway) = (net.node("shenzhen"), net.node("bijie"), net.gateway());
    net.node("zunyi").stop().await;
    let recorder = Recorder::in_place_of(net.node("zunyi"), gateway);

    publish_all(node, ["open-to-all", "narrowed-later", "ended-later"].map(marked)).await;
    node.publish(marked("only-for-bijie").for_members(&["bijie"])).await.unwrap();
    node.publish(marked("pair-before").for_circle("pair")).await.unwrap();
    node.publish(marked("widened-later").for_members(&["bijie"])).await.unwrap();
    node.publish(marked("ended-unseen").for_members(&["bijie"])).await.unwrap();
    for mark in ["open-to-all", "narrowed-later", "ended-later"] {
        recorder.sees(format!("the text of {mark}").as_bytes()).await;
    }
    bijie.sees("members/shenzhen/listings/ended-unseen").await;
    never_came(&recorder, &["only-for-bijie", "pair-before", "widened-later", "ended-unseen"]);

    // Narrowed and ended: the withdrawal reaches those who had it, and the new text only those who may see it.
    node.replace(offer("narrowed-later").saying("a new secret text").for_members(&["bijie"])).await.unwrap();
    node.withdraw("members/shenzhen/listings/ended-later", WithdrawalReason::Withdrawn).await.unwrap();
    node.withdraw("members/shenzhen/listings/ended-unseen", WithdrawalReason::Withdrawn).await.unwrap();
    node.replace(marked("widened-later")).await.unwrap();
    recorder.sees(b"the text of widened-later").await;
    bijie.loses("members/shenzhen/listings/ended-unseen").await;
    never_came(&recorder, &["a new secret text", "only-for-bijie", "pair-before", "ended-unseen"]);

    // Into the circle, and out of it again.
    gateway.cli(&["circles", "add", "pair", "zunyi"]).await.done();
    recorder.sees(b"the text of pair-before").await;
    gateway.cli(&["circles", "drop", "pair", "zunyi"]).await.done();
    node.publish(marked("pair-after").for_circle("pair")).await.unwrap();
    bijie.sees("members/shenzhen/listings/pair-after").await;
    node.publish(marked("control-at-the-end")).await.unwrap();
    recorder.sees(b"the text of control-at-the-end").await;
    never_came(&recorder, &["a new secret text", "only-for-bijie", "ended-unseen", "pair-after"]);

    // From the beginning once more, with the rights of now: the pair's texts are not among it.
    recorder.forget();
    gateway.restart().await;
    recorder.sees(b"the text of open-to-all").await;
    recorder.sees(b"the text of control-at-the-end").await;
    never_came(&recorder, &["a new secret text", "only-for-bijie", "the text of pair-before", "pair-after"]);
    never_came(&recorder, &["the text of narrowed-later", "ended-unseen"]);
    drop(recorder);
    net.finish().await;
}
