//! A gateway that lies about what members wrote: it forges, alters, replays, re-orders and invents ends.

use std::sync::Mutex;

use duikou_proto::v1::signed::Type;
use duikou_proto::v1::{Lane, Record, Signed};
use duikou_tests::harness::{Network, offer};
use duikou_tests::malicious::{Relay, Tamper, altered, draft, envelope, record, signer, stranger, withdrawal};
use prost::Message;

use super::{again, crosses, listing_name, nowhere, refuses};

fn is_record(part: &Signed, id: &str) -> bool {
    part.r#type() == Type::Record && Record::decode(part.payload.clone()).is_ok_and(|record| record.name.ends_with(id))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_cannot_speak_for_a_member() {
    let net = Network::new(901).gateway().node("shenzhen", &["shenzhen"]).node("zunyi", &["zunyi"]).start().await;
    let (origin, reader, gateway) = (net.node("shenzhen"), net.node("zunyi"), net.gateway());
    let relay = Relay::between(reader, gateway).await;
    again(reader, &relay).await;
    crosses(origin, reader, "before").await;

    // Records and an end that others than the member signed, under numbers of keys that it has and has not.
    let own = signer(reader, "zunyi");
    let forged = [
        envelope(&stranger(), Type::Record, &draft("shenzhen", "forged", "forged words")),
        Signed { key_number: 7, ..envelope(&stranger(), Type::Record, &draft("shenzhen", "keyless", "keyless words")) },
        envelope(&own, Type::Record, &draft("shenzhen", "borrowed", "borrowed words")),
        envelope(&own, Type::Record, &draft("nobody", "foreign", "foreign words")),
        envelope(&stranger(), Type::Withdrawal, &withdrawal(&draft("shenzhen", "before", ""))),
        // A member in league with it that would stand first among the newest for twenty years.
        record(&signer(origin, "shenzhen"), "shenzhen", "of-2046", |record| {
            let ahead = |time: i64| time + 20 * 365 * 24 * 3600 * 1_000_000;
            (record.revision, record.publish_time) = (ahead(record.revision), ahead(record.publish_time));
        }),
    ];
    relay.turns(Tamper::default().parts(Lane::Bulk, move |mut parts| {
        if !parts.is_empty() {
            parts.extend(forged.clone());
        }
        parts
    }));
    crosses(origin, reader, "among-forged").await;
    let refused = [
        ("forged", "BAD_SIGNATURE"),
        ("keyless", "KEY"),
        ("borrowed", "BAD_SIGNATURE"),
        ("before", "BAD_SIGNATURE"),
        ("of-2046", "FUTURE"),
    ];
    for (id, code) in refused {
        refuses(reader, &listing_name("shenzhen", id), code).await;
    }
    refuses(reader, &listing_name("nobody", "foreign"), "FOREIGN").await;
    for id in ["forged", "keyless", "borrowed"] {
        nowhere(&[reader, gateway], &listing_name("shenzhen", id), &format!("{id} words")).await;
    }
    nowhere(&[reader, gateway], &listing_name("shenzhen", "of-2046"), "the words of of-2046").await;
    reader.get(&listing_name("shenzhen", "before")).await.expect("its invented end ends nothing");

    // What the member did sign, with one word changed, and a withdrawal made of a record.
    relay.turns(Tamper::default().parts(Lane::Bulk, |parts| {
        let change = |part: Signed| match &part {
            part if is_record(part, "/altered") => altered(part.clone(), |record| record.body = "other words".into()),
            part if is_record(part, "/turned") => Signed { r#type: Type::Withdrawal.into(), ..part.clone() },
            _ => part,
        };
        parts.into_iter().map(change).collect()
    }));
    origin.publish(offer("altered")).await.unwrap();
    origin.publish(offer("turned")).await.unwrap();
    crosses(origin, reader, "among-altered").await;
    refuses(reader, &listing_name("shenzhen", "altered"), "BAD_SIGNATURE").await;
    nowhere(&[reader], &listing_name("shenzhen", "altered"), "other words").await;
    assert!(reader.get(&listing_name("shenzhen", "turned")).await.is_err());

    // An older state after the newer one, and everything in another order.
    let first = origin.publish(offer("replayed").titled("first words")).await.unwrap();
    reader.sees(&first.name).await;
    let kept = Mutex::new(Vec::new());
    relay.turns(Tamper::default().parts(Lane::Bulk, move |parts| {
        let mut kept = kept.lock().unwrap();
        kept.extend(parts.clone());
        // All that ever came, newest first, before and after what comes.
        kept.iter().rev().cloned().chain(parts).chain(kept.iter().rev().cloned()).collect()
    }));
    for words in ["second words", "third words", "last words"] {
        let newer = origin.replace(offer("replayed").titled(words)).await.unwrap();
        crosses(origin, reader, &words.replace(' ', "-")).await;
        let held = reader.get(&newer.name).await.unwrap();
        assert_eq!((held.revision, held.listing.unwrap().title), (newer.revision, words.to_owned()));
    }

    // Told the truth again, the reader has all of it.
    relay.turns_honest();
    origin.replace(offer("altered").titled("whole again")).await.unwrap();
    origin.replace(offer("turned").titled("whole again")).await.unwrap();
    net.finish().await;
}
