//! A gateway that lies about what members said of their records, and about what others said to have of them.

use std::sync::Mutex;

use bytes::Bytes;
use duikou_proto::v1::completeness::State;
use duikou_proto::v1::holder::State as Holding;
use duikou_proto::v1::listing_service_client::ListingServiceClient;
use duikou_proto::v1::signed::Type;
use duikou_proto::v1::{Head, HeldScope, HeldSince, Lane, ListHoldersRequest, Receipt, Record, Signed};
use duikou_tests::harness::{NETWORK, Network, Server, now, offer, within};
use duikou_tests::malicious::{Relay, Tamper, altered, envelope, signer, stranger};
use prost::Message;

use super::withheld::keeping;
use super::{PATIENCE, again, completeness, listing_name, refuses};

/// The head of what `member` has published for everybody, where `part` is one.
fn public_head(part: &Signed, member: &str) -> Option<(Record, Head)> {
    let record = Record::decode(part.payload.clone()).ok().filter(|_| part.r#type() == Type::Record)?;
    let of_member = record.kind == "head" && record.name.starts_with(&format!("members/{member}.{NETWORK}/"));
    let head = Head::decode(record.body.clone()).ok().filter(|head| of_member && head.scope == "public")?;
    Some((record, head))
}

async fn crosses_inside(from: &Server, to: &Server, id: &str) {
    let published = from.publish(offer(id).for_network()).await.unwrap();
    to.sees(&published.name).await;
}

/// Waits until `reader` knows that it holds `scope` of shenzhen complete, or knows that it does not; as of when it last did.
async fn is_complete(reader: &Server, wanted: bool) -> Option<i64> {
    let look = async || match completeness(reader, "shenzhen", "public").await {
        Some(held) if (held.state() == State::Complete) == wanted => Ok(held.complete_time.map(|time| time.seconds)),
        other => Err(format!("{other:?}")),
    };
    within(PATIENCE, look).await.unwrap_or_else(|reason| panic!("complete: not {wanted}: {reason}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn no_head_but_the_origins_newest_makes_a_scope_complete() {
    let net = Network::new(931).gateway().node("shenzhen", &["shenzhen", "bijie"]).node("zunyi", &["zunyi"]);
    let net = net.start().await;
    let (origin, reader, gateway) = (net.node("shenzhen"), net.node("zunyi"), net.gateway());
    let relay = Relay::between(reader, gateway).await;
    again(reader, &relay).await;

    // With the origin's newest head, which says that something is lacking, come others that say there is not: those that it
    // had signed before, and what it never signed: as a stranger, as another member, with its own signature of something
    // else, and what another member says of itself.
    let own = signer(reader, "zunyi");
    let before: Mutex<Vec<Signed>> = Mutex::default();
    let of_another: Mutex<Option<Signed>> = Mutex::default();
    let lies = move |parts: Vec<Signed>| {
        let mut sent = Vec::new();
        for part in parts {
            if public_head(&part, "bijie").is_some() {
                *of_another.lock().unwrap() = Some(part.clone());
            }
            let Some((genuine, head)) = public_head(&part, "shenzhen") else {
                sent.push(part);
                continue;
            };
            let mut before = before.lock().unwrap();
            // All is as its last head said.
            let last = before.last().unwrap_or(&part);
            let kinds = public_head(last, "shenzhen").unwrap().1.kinds;
            before.push(part.clone());
            let lie = Head { kinds, as_of: head.as_of + 1, ..head };
            let lie = Record { revision: genuine.revision + 1, body: lie.encode_to_vec().into(), ..genuine.clone() };
            let renamed = of_another.lock().unwrap().clone();
            let renamed = renamed.map(|part| altered(part, |record| record.name = genuine.name.clone()));
            let forged = [
                envelope(&stranger(), Type::Record, &lie),
                envelope(&own, Type::Record, &lie),
                Signed { payload: lie.encode_to_vec().into(), ..part.clone() },
            ];
            let lies: Vec<Signed> = renamed.into_iter().chain(forged).chain(before.clone()).collect();
            sent.extend(lies.iter().cloned().chain([part]).chain(lies.clone()));
        }
        sent
    };
    let hidden = keeping(Lane::Bulk, |record| record.name.ends_with("/kept-back"));
    relay.turns(hidden(Tamper::default().parts(Lane::Prompt, lies)));
    origin.publish(offer("of-another").by("bijie")).await.unwrap();
    reader.sees(&listing_name("bijie", "of-another")).await;
    origin.publish(offer("before")).await.unwrap();
    reader.sees(&listing_name("shenzhen", "before")).await;
    let as_of = is_complete(reader, true).await;

    origin.publish(offer("kept-back")).await.unwrap();
    gateway.sees(&listing_name("shenzhen", "kept-back")).await;
    is_complete(reader, false).await;
    refuses(reader, &format!("members/shenzhen.{NETWORK}/heads/public"), "BAD_SIGNATURE").await;
    for round in 0..3 {
        crosses_inside(origin, reader, &format!("inside-{round}")).await;
        let held = completeness(reader, "shenzhen", "public").await.unwrap();
        assert_ne!(held.state(), State::Complete, "{held:?}");
        assert_eq!(held.complete_time.map(|time| time.seconds), as_of, "{held:?}");
    }
    assert!(reader.get(&listing_name("shenzhen", "kept-back")).await.is_err());

    // Told the truth, the reader is content, and so is its operator.
    relay.turns_honest();
    again(reader, &relay).await;
    reader.sees(&listing_name("shenzhen", "kept-back")).await;
    assert!(is_complete(reader, true).await >= as_of);
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_receipt_but_the_holders_tells_an_origin_that_it_is_held() {
    let net = Network::new(932).gateway().node("shenzhen", &["shenzhen"]).node("zunyi", &["zunyi"]);
    let net = net.node("bijie", &["bijie"]).start().await;
    let (origin, gateway) = (net.node("shenzhen"), net.gateway());
    let relay = Relay::between(origin, gateway).await;
    again(origin, &relay).await;
    // The holder is away; a gateway with another member's keys says in its name that it has everything.
    let (own, holder) = (signer(net.node("bijie"), "bijie"), net.node("zunyi"));
    holder.stop().await;
    let name = format!("members/zunyi.{NETWORK}/receipts/shenzhen");
    let receipt = {
        let steps = vec![HeldSince { as_of: i64::MAX, since: now() }];
        let public = HeldScope { scope: "public".to_owned(), head_time: now(), steps };
        let origin = format!("shenzhen.{NETWORK}");
        let receipt = Receipt { origin: origin.clone(), scopes: vec![public], issue_time: now(), ..Receipt::default() };
        Record {
            name: name.clone(),
            revision: now(),
            kind: "receipt".to_owned(),
            lane: Lane::Prompt.into(),
            scopes: vec![format!("member:{origin}")],
            publish_time: now(),
            update_time: now(),
            expire_time: now() + 3600 * 1_000_000,
            body: Bytes::from(receipt.encode_to_vec()),
        }
    };
    let forged = [envelope(&stranger(), Type::Record, &receipt), envelope(&own, Type::Record, &receipt)];
    relay.turns(Tamper::default().parts(Lane::Prompt, move |parts| parts.into_iter().chain(forged.clone()).collect()));
    origin.publish(offer("tea")).await.unwrap();
    net.node("bijie").publish(offer("answer")).await.unwrap();
    origin.sees(&listing_name("bijie", "answer")).await;
    refuses(origin, &name, "BAD_SIGNATURE").await;
    let request = ListHoldersRequest { parent: listing_name("shenzhen", "tea"), ..ListHoldersRequest::default() };
    let holders = ListingServiceClient::new(origin.local()).list_holders(request).await.unwrap().into_inner().holders;
    let zunyi = holders.iter().find(|holder| holder.member.contains("zunyi")).unwrap();
    assert_eq!((zunyi.state(), zunyi.confirm_time), (Holding::Unconfirmed, None), "{holders:?}");
    relay.turns_honest();
    holder.start().await;
    holder.linked().await;
    net.finish().await;
}
