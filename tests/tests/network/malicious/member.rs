//! A member that means harm, at a gateway that is sound: what it publishes, and how it treats its link.

use std::time::Duration;

use bytes::Bytes;
use duikou_proto::federation::control_frame::Frame;
use duikou_proto::federation::directory_entry::Action;
use duikou_proto::federation::rejected::Code;
use duikou_proto::federation::sink_frame::Frame as FromSink;
use duikou_proto::federation::source_frame::Frame as FromSource;
use duikou_proto::federation::{
    Ack, Batch, ControlFrame, DirectoryRequest, Limits, Open, Ping, Rejected, SinkFrame, SourceFrame,
};
use duikou_proto::limits;
use duikou_proto::sign::Signer;
use duikou_proto::v1::search_listings_request::OrderBy;
use duikou_proto::v1::search_service_client::SearchServiceClient;
use duikou_proto::v1::signed::Type;
use duikou_proto::v1::{Lane, Record, SearchListingsRequest, Signed, Withdrawal};
use duikou_tests::harness::{NETWORK, Network, Peer, now, offer, within};
use duikou_tests::malicious::{
    Member, draft, entries, envelope, fork, of_source, offer_directory, record, signer, with_parts, withdrawal,
};

use super::{PATIENCE, crosses, listing_name, nowhere, refuses};

const MINUTE: i64 = 60 * 1_000_000;
const DAY: i64 = 24 * 60 * MINUTE;
/// Live listings: as few as show that there is a limit.
const LIVE: usize = 20;

fn codes(ack: &Ack) -> Vec<Code> {
    ack.rejected.iter().map(Rejected::code).collect()
}

/// A network whose member `bijie` has turned: its node rests, and its keys are here.
async fn turned(seed: u64) -> (Network, Peer, Signer) {
    let net = Network::new(seed).gateway().node("shenzhen", &["shenzhen"]).node("bijie", &["bijie"]);
    let net = net.node("zunyi", &["zunyi"]).start().await;
    net.node("bijie").stop().await;
    let peer = Peer::in_place_of(net.node("bijie"), net.gateway());
    let key = signer(net.node("bijie"), "bijie");
    (net, peer, key)
}

/// The network grants each member so many live listings; 0: as many as usual.
async fn grants(net: &Network, live: usize) {
    let act = Action::Limits(Limits { listings_per_member: live as i64 });
    let log = entries(net.gateway()).await;
    offer_directory(net.gateway(), net.node("zunyi"), fork(net.gateway(), &log, [act])).await;
}

/// The member's own node comes back, and all is as it should be.
async fn ends_well(net: Network) {
    net.node("bijie").start().await;
    net.node("bijie").linked().await;
    crosses(net.node("shenzhen"), net.node("zunyi"), "at-the-end").await;
    crosses(net.node("bijie"), net.node("zunyi"), "by-itself").await;
    net.finish().await;
}

/// What is wrong with a record.
type Change = fn(&mut Record);

#[tokio::test(flavor = "multi_thread")]
async fn what_a_member_may_not_publish_stays_with_it() {
    let (net, peer, key) = turned(941).await;
    let (gateway, reader) = (net.gateway(), net.node("zunyi"));
    let mut member = Member::link(&peer).await.unwrap();
    let bulk = Lane::Bulk;

    // In another's name, with its own key.
    let ack = member.push(bulk, vec![record(&key, "shenzhen", "stolen", |_| {})]).await.unwrap();
    assert_eq!(codes(&ack), [Code::Host]);
    refuses(gateway, &listing_name("shenzhen", "stolen"), "HOST").await;
    nowhere(&[gateway, reader], &listing_name("shenzhen", "stolen"), "the words of stolen").await;

    // Dates and revisions out of their bounds, and what is for nobody else.
    let dated: [(&str, Change, Code); 7] = [
        ("ahead", |record| record.revision += 20 * MINUTE, Code::Future),
        ("published-ahead", |record| record.publish_time += 20 * 365 * DAY, Code::Future),
        ("changed-ahead", |record| record.update_time += 20 * 365 * DAY, Code::Future),
        ("past", |record| record.expire_time = now() - 20 * MINUTE, Code::Expired),
        ("for-ever", |record| record.expire_time += 3 * 365 * DAY, Code::Limit),
        ("on-request", |record| record.scopes.clear(), Code::Malformed),
        (
            "other-lane",
            |record| (record.kind, record.lane) = ("novelty".to_owned(), Lane::Prompt.into()),
            Code::Malformed,
        ),
    ];
    for (id, change, code) in dated {
        let ack = member.push(bulk, vec![record(&key, "bijie", id, change)]).await.unwrap();
        assert_eq!(codes(&ack), [code], "{id}");
        let told = &ack.rejected[0].detail;
        assert!(code != Code::Future || told.contains("ahead of this clock"), "its operator reads {told:?}");
        refuses(gateway, &listing_name("bijie", id), code.as_str_name()).await;
        nowhere(&[gateway, reader], &listing_name("bijie", id), &format!("the words of {id}")).await;
    }
    let kept: [fn(&mut Withdrawal); 2] =
        [|end| end.keep_until = now() - 60 * MINUTE, |end| end.keep_until = now() + 3 * 365 * DAY];
    for change in kept {
        let mut end = withdrawal(&draft("bijie", "ended", ""));
        change(&mut end);
        let ack = member.push(bulk, vec![envelope(&key, Type::Withdrawal, &end)]).await.unwrap();
        assert_ne!(codes(&ack), []);
    }

    dates_back(&net, &mut member, &key).await;

    // Headers that are none: each is counted, and stops nothing that comes with it.
    let changed = |change: fn(&mut Record)| record(&key, "bijie", "form", change);
    let end = |keep_until| {
        let end = Withdrawal { keep_until, ..withdrawal(&draft("bijie", "form", "")) };
        envelope(&key, Type::Withdrawal, &end)
    };
    let signed = changed(|_| {});
    let malformed = vec![
        changed(|record| record.body = Bytes::from(vec![7; limits::RECORD_BYTES])),
        changed(|record| record.kind = "No Kind!".to_owned()),
        changed(|record| record.kind = "k".repeat(33)),
        changed(|record| record.kind = "head".to_owned()),
        changed(|record| record.name = format!("members/bijie.{NETWORK}/listings/../../x")),
        changed(|record| record.name = format!("members/bijie.{NETWORK}/listings/{}", "x".repeat(65))),
        changed(|record| record.name = format!("members/bijie.{NETWORK}/heads/form")),
        changed(|record| record.name = String::new()),
        changed(|record| record.scopes = (0..17).map(|n| format!("member:m{n:02}.{NETWORK}")).collect()),
        changed(|record| record.scopes = vec!["public".to_owned(), "public".to_owned()]),
        changed(|record| record.scopes = vec!["Public\u{1b}[2J".to_owned()]),
        changed(|record| record.lane = Lane::Prompt.into()),
        changed(|record| record.lane = 99),
        changed(|record| record.revision = i64::MIN),
        changed(|record| record.revision = i64::MAX),
        changed(|record| record.expire_time = i64::MAX),
        changed(|record| record.publish_time = i64::MIN),
        end(i64::MIN),
        end(i64::MAX),
        Signed { key_number: 0, ..signed.clone() },
        Signed { key_number: i32::MIN, ..signed.clone() },
        Signed { signature: vec![1; 63], ..signed.clone() },
        Signed { r#type: Type::Directory.into(), ..signed.clone() },
        Signed { payload: Bytes::from_static(b"\xff\xff\xff"), ..signed.clone() },
        Signed::default(),
    ];
    let count = malformed.len();
    let sound = record(&key, "bijie", "sound", |record| record.scopes = vec![format!("member:zunyi.{NETWORK}")]);
    let ack = member.push(bulk, malformed.into_iter().chain([sound]).collect()).await.unwrap();
    assert_eq!(codes(&ack), vec![Code::Malformed; count]);
    let alarm = gateway.alarms("MALFORMED", "bijie").await;
    assert!(!alarm.message.contains('\u{1b}'), "{alarm:?}");
    assert!(
        gateway.metric(&format!("duikou_link_breaches_total{{peer=\"bijie.{NETWORK}\",code=\"MALFORMED\"}}")).await > 0
    );
    reader_holds(&net, "the words of sound").await;
    let head = record(&key, "bijie", "x", |record| {
        record.name = format!("members/bijie.{NETWORK}/heads/x");
        record.kind = "head".to_owned();
    });
    assert_eq!(codes(&member.push(bulk, vec![head]).await.unwrap()), [Code::Malformed], "a head travels promptly");

    // Keys that it does not have.
    for key_number in [2, i32::MAX] {
        let ack = member.push(bulk, vec![Signed { key_number, ..signed.clone() }]).await.unwrap();
        assert_eq!(codes(&ack), [Code::Key], "{key_number}");
    }

    // What is carried unread: bodies that are none, kinds and scopes that nobody knows, heads that overflow.
    let carried = vec![
        record(&key, "bijie", "no-body", |record| record.body = Bytes::new()),
        record(&key, "bijie", "garbage", |record| record.body = Bytes::from(vec![0xff; 999])),
        record(&key, "bijie", "elsewhere", |record| record.scopes = vec!["network:other.example".to_owned()]),
        record(&key, "bijie", "mars", |record| record.scopes = vec!["planet:mars".to_owned()]),
        record(&key, "bijie", "new-kind", |record| {
            record.name = format!("members/bijie.{NETWORK}/novelties/new");
            record.kind = "novelty".to_owned();
        }),
    ];
    assert_eq!(codes(&member.push(bulk, carried).await.unwrap()), []);
    let head = duikou_proto::v1::Head {
        scope: "public".to_owned(),
        as_of: i64::MAX,
        issue_time: i64::MAX,
        valid_until: i64::MIN,
        ..Default::default()
    };
    let head = record(&key, "bijie", "head", |record| {
        record.name = format!("members/bijie.{NETWORK}/heads/public");
        record.kind = "head".to_owned();
        record.lane = Lane::Prompt.into();
        record.body = prost::Message::encode_to_vec(&head).into();
    });
    assert_eq!(codes(&member.push(Lane::Prompt, vec![head]).await.unwrap()), []);
    for id in ["no-body", "garbage", "elsewhere", "mars"] {
        assert!(reader.get(&listing_name("bijie", id)).await.is_err(), "{id} is shown");
    }
    crosses(net.node("shenzhen"), reader, "among-garbage").await;
    for id in ["elsewhere", "mars"] {
        reader.never_received(format!("the words of {id}").as_bytes());
    }

    // Two things at one revision, over two links.
    let revision = now();
    let both = ["one", "two"].map(|words| {
        let text = format!("the words of {words}");
        record(&key, "bijie", "double", |record| {
            (record.revision, record.body) = (revision, Bytes::from(text));
        })
    });
    let mut second = Member::link(&peer).await.unwrap();
    let [one, two] = both.clone();
    assert_eq!(codes(&member.push(bulk, vec![one]).await.unwrap()), []);
    assert_eq!(codes(&second.push(bulk, vec![two]).await.unwrap()), []);
    gateway.alarms("EQUIVOCATION", &listing_name("bijie", "double")).await;
    let hash = |part: &Signed| *blake3::hash(&part.payload).as_bytes();
    let kept = if hash(&both[0]) > hash(&both[1]) { "the words of one" } else { "the words of two" };
    reader_holds(&net, kept).await;
    drop(second);

    // More than the network grants: live listings, and names of whatever kind.
    grants(&net, LIVE).await;
    let many: Vec<_> = (0..2 * LIVE).map(|at| record(&key, "bijie", &format!("flood-{at}"), |_| {})).collect();
    let refused = codes(&member.push(bulk, many).await.unwrap());
    assert!(refused.len() >= LIVE && refused.iter().all(|code| *code == Code::Limit), "{refused:?}");
    let most = LIVE * limits::ROWS_PER_LISTING + limits::ROWS_BESIDE;
    let mut refused = 0;
    for page in 0..=most / 1000 {
        let novelty = |at: usize| {
            record(&key, "bijie", "novelty", |record| {
                record.name = format!("members/bijie.{NETWORK}/novelties/n-{page}-{at}");
                record.kind = "novelty".to_owned();
                record.scopes = vec!["planet:mars".to_owned()];
            })
        };
        refused += member.push(bulk, (0..1000).map(novelty).collect()).await.unwrap().rejected.len();
    }
    assert!(refused > 0, "names without end are taken");
    grants(&net, 0).await;
    crosses(net.node("shenzhen"), reader, "among-floods").await;
    drop(member);
    ends_well(net).await;
}

/// What is dated back is taken, stands behind whatever is newer, and outranks nothing.
async fn dates_back(net: &Network, member: &mut Member, key: &Signer) {
    let (reader, name) = (net.node("zunyi"), listing_name("bijie", "dated-back"));
    crosses(net.node("shenzhen"), reader, "dated-now").await;
    let dated = |years: i64, title: &str| {
        let opportunity = offer("dated-back").titled(title).listing("bijie").listing.unwrap();
        record(key, "bijie", "dated-back", |record| {
            for time in [&mut record.revision, &mut record.publish_time, &mut record.update_time] {
                *time -= years * 365 * DAY;
            }
            record.body = prost::Message::encode_to_vec(&opportunity).into();
        })
    };
    assert_eq!(codes(&member.push(Lane::Bulk, vec![dated(10, "of ten years ago")]).await.unwrap()), []);
    assert_eq!(reader.sees(&name).await.listing.unwrap().title, "of ten years ago");
    let newest = async || {
        let request = SearchListingsRequest { order_by: OrderBy::Newest.into(), ..SearchListingsRequest::default() };
        let answer = SearchServiceClient::new(reader.local()).search_listings(request).await;
        let results = answer.map_err(|status| status.to_string())?.into_inner().results;
        let names: Vec<String> = results.into_iter().filter_map(|found| Some(found.listing?.name)).collect();
        let both = names.len() > 1 && names.last() == Some(&name);
        if both { Ok(()) } else { Err(format!("{names:?}")) }
    };
    within(PATIENCE, newest).await.unwrap_or_else(|found| panic!("it stands last, not as in {found}"));
    assert_eq!(codes(&member.push(Lane::Bulk, vec![dated(5, "of five years ago")]).await.unwrap()), []);
    assert_eq!(codes(&member.push(Lane::Bulk, vec![dated(7, "of seven years ago")]).await.unwrap()), []);
    crosses(net.node("shenzhen"), reader, "dated-later").await;
    assert_eq!(reader.sees(&name).await.listing.unwrap().title, "of five years ago");
}

/// Waits until these words have come to `zunyi`.
async fn reader_holds(net: &Network, words: &str) {
    let come = async || match net.node("zunyi").holds_bytes(words.as_bytes()) {
        true => Ok(()),
        false => Err("not yet".to_owned()),
    };
    within(PATIENCE, come).await.unwrap_or_else(|reason| panic!("{words}: {reason}"));
}

fn sink(frame: FromSink) -> SinkFrame {
    SinkFrame { frame: Some(frame), ..SinkFrame::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn how_a_member_treats_its_link_concerns_nobody_else() {
    let (net, peer, key) = turned(942).await;
    let (gateway, origin, reader) = (net.gateway(), net.node("shenzhen"), net.node("zunyi"));

    // It never acknowledges, and reads nothing of more than any window holds.
    let stalled = Member::link(&peer).await.unwrap();
    let text = "x".repeat(15_000);
    for at in 0..LIVE {
        origin.publish(offer(&format!("large-{at}")).saying(&text)).await.unwrap();
    }
    for round in 0..20 {
        let large = offer("large-0").saying(&text).titled(&format!("round {round}"));
        origin.replace(large).await.unwrap();
    }
    reader.sees(&listing_name("shenzhen", &format!("large-{}", LIVE - 1))).await;
    drop(stalled);

    // It sends and sends, and takes no answer.
    let mut deaf = Member::link(&peer).await.unwrap();
    let flood = async {
        for number in 0.. {
            let part = record(&key, "bijie", "again", |record| record.scopes = vec!["planet:mars".to_owned()]);
            let batch = Batch { number: number + 1, position: vec![1; 64], ..Default::default() };
            let frame = FromSource::Batch(with_parts(batch, vec![part]));
            if deaf.send(Lane::Bulk, of_source(frame)).await.is_err() {
                return;
            }
        }
    };
    let flooded = tokio::time::timeout(Duration::from_secs(1), flood).await;
    crosses(reader, origin, "beside-the-deaf").await;
    drop((flooded, deaf));

    // What no sound node does ends the link, and is told: acknowledging what was not sent, opening a lane twice, talking
    // without end, numbers at the ends of their range.
    let breaches = async |said: &str| gateway.alarms("PROTOCOL_BREACH", said).await;
    let mut member = Member::link(&peer).await.unwrap();
    let ack = Ack { number: 1 << 40, position: vec![9; 64], ..Ack::default() };
    member.pulls[1].send(sink(FromSink::Ack(ack))).await.unwrap();
    breaches("is acknowledged").await;

    let mut member = Member::link(&peer).await.unwrap();
    for _ in 0..100_000 {
        if member.send(Lane::Prompt, SourceFrame::default()).await.is_err() {
            break;
        }
    }
    breaches("flood").await;

    let mut link = peer.link().await.unwrap();
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(link.pull(Lane::Bulk, Open::default()).await);
    }
    breaches("opened twice").await;

    let mut link = peer.link_saying(|hello| hello.clock = i64::MIN).await.unwrap();
    let extreme = DirectoryRequest { index: i64::MIN };
    link.control.send(ControlFrame { frame: Some(Frame::DirectoryRequest(extreme)) }).await.unwrap();
    let entries = link.control.must().await.unwrap();
    assert!(matches!(entries.frame, Some(Frame::DirectoryEntries(_))), "{entries:?}");
    let mut link = peer.link_saying(|hello| hello.directory_index = i64::MAX).await.unwrap();
    link.control
        .send(ControlFrame { frame: Some(Frame::Ping(Ping { clock: i64::MIN, ..Ping::default() })) })
        .await
        .unwrap();

    let mut links = Vec::new();
    for _ in 0..32 {
        links.push(peer.link().await);
    }
    assert!(links.iter().any(Result::is_err), "one node has sessions without end");
    breaches("more sessions").await;
    crosses(origin, reader, "beside-the-many").await;
    drop((links, held));

    // Its words reach the operator's screen: short, and without what would steer a terminal. Refusals of what the
    // gateway does not hold are nobody's.
    let mut member = Member::link(&peer).await.unwrap();
    let known = listing_name("shenzhen", "large-1");
    let rejected = |name: &str| Rejected {
        name: name.to_owned(),
        revision: 1,
        code: Code::BadSignature.into(),
        detail: format!("\u{1b}[2J{}", "w".repeat(100_000)),
    };
    let next = member.pulls[1].must().await.unwrap();
    let Some(FromSource::Batch(batch)) = next.frame else { panic!("{next:?}") };
    let names = (0..9).map(|at| listing_name("shenzhen", &format!("invented-{at}"))).chain([known.clone()]);
    let rejected = names.map(|name| rejected(&name)).collect();
    let ack = Ack { number: batch.number, position: batch.position, rejected, ..Ack::default() };
    member.pulls[1].send(sink(FromSink::Ack(ack))).await.unwrap();
    let shown = async || {
        let status = gateway.status().await.map_err(|status| status.to_string())?;
        let refused: Vec<_> = status.links.into_iter().flat_map(|link| link.rejected_by_peer).collect();
        match &refused[..] {
            [one] if one.name == known => Ok(one.detail.clone()),
            other => Err(format!("{} of them", other.len())),
        }
    };
    let detail = within(PATIENCE, shown).await.unwrap();
    assert!(detail.chars().count() <= limits::SAID_CHARS && !detail.contains('\u{1b}'), "{detail}");
    drop(member);
    ends_well(net).await;
}
