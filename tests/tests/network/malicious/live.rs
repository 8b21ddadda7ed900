//! A gateway between asker and origin that means harm, and askers that do: it learns nothing, replays nothing, alters
//! nothing, and nobody asks in another's name.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use duikou_node::trust::key_file::EncryptionKeyFile;
use duikou_proto::directory::Directory;
use duikou_proto::federation::control_frame::Frame;
use duikou_proto::federation::live_content::Refusal;
use duikou_proto::federation::{ControlFrame, LiveAnswer, LiveContent, LiveQuery, LiveRequest, Open, live_query};
use duikou_proto::live::Exchange;
use duikou_proto::name::MemberId;
use duikou_proto::sign::Signer;
use duikou_proto::v1::query_listings_response::State;
use duikou_proto::v1::query_service_client::QueryServiceClient;
use duikou_proto::v1::{ListQuestionsRequest, QueryListingsRequest, QueryListingsResponse, Signed};
use duikou_tests::harness::{
    LANES, NETWORK, Network, Peer, PeerLink, Server, Stream, directory_entries, holds, now, offer,
};
use duikou_tests::malicious::{Frames, Relay, Tamper, on, signer, stranger};
use prost::Message;

use super::again;

/// Words that a gateway must never read.
const SECRET: &str = "the quiet orchard";

async fn ask(server: &Server, words: &str) -> QueryListingsResponse {
    let filter = Some(duikou_proto::v1::Filter { members: vec!["shenzhen".to_owned()], ..Default::default() });
    let request = QueryListingsRequest { filter, words: words.to_owned(), ..Default::default() };
    let stream = QueryServiceClient::new(server.local()).query_listings(request).await.unwrap();
    stream.into_inner().message().await.unwrap().expect("each member ends with a word")
}

async fn questions(server: &Server) -> usize {
    let request = ListQuestionsRequest::default();
    QueryServiceClient::new(server.local()).list_questions(request).await.unwrap().into_inner().questions.len()
}

async fn network(seed: u64) -> Network {
    let net = Network::new(seed).gateway().node("shenzhen", &["shenzhen"]).node("bijie", &["bijie"]).start().await;
    net.node("shenzhen").publish(offer("kept").titled(SECRET).on_request()).await.unwrap();
    net.settle().await;
    net
}

/// Frames that passed.
type Seen<T> = Arc<Mutex<Vec<T>>>;

fn requests(frame: &ControlFrame) -> Option<LiveRequest> {
    match &frame.frame {
        Some(Frame::LiveRequest(request)) => Some(request.clone()),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_reads_neither_question_nor_answer() {
    let net = network(891).await;
    let relay = Relay::between(net.node("bijie"), net.gateway()).await;
    let seen: Seen<u8> = Arc::default();
    let keep = |seen: &Seen<u8>| {
        let seen = seen.clone();
        move |frame: ControlFrame| -> Frames<ControlFrame> {
            seen.lock().unwrap().extend(frame.encode_to_vec());
            on(frame)
        }
    };
    relay.turns(Tamper::default().telling(keep(&seen)).saying(keep(&seen)));
    again(net.node("bijie"), &relay).await;
    let answer = ask(net.node("bijie"), "quiet orchard").await;
    assert_eq!(answer.listings[0].listing.as_ref().unwrap().title, SECRET);
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    assert!(holds(&seen, format!("shenzhen.{NETWORK}").as_bytes()), "who is asked, it must know");
    for needle in ["orchard", "quiet", "kept"] {
        assert!(!holds(&seen, needle.as_bytes()), "{needle}");
    }
    net.gateway().never_received(SECRET.as_bytes());
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_comes_again_is_not_answered() {
    let net = network(892).await;
    let origin = net.node("shenzhen");
    let relay = Relay::between(origin, net.gateway()).await;
    let (asked, said): (Seen<LiveRequest>, Seen<LiveAnswer>) = Default::default();
    // Before each question all earlier ones come again, under other numbers.
    let again_and_again = {
        let asked = asked.clone();
        move |frame: ControlFrame| -> Frames<ControlFrame> {
            let Some(request) = requests(&frame) else { return on(frame) };
            let mut asked = asked.lock().unwrap();
            let before = asked.iter().zip(1..).map(|(old, number)| LiveRequest { id: number << 40, ..old.clone() });
            let frames: Vec<_> = before
                .chain([request.clone()])
                .map(|request| ControlFrame { frame: Some(Frame::LiveRequest(request)) })
                .collect();
            asked.push(request);
            Box::new(frames.into_iter())
        }
    };
    let listen = {
        let said = said.clone();
        move |frame: ControlFrame| -> Frames<ControlFrame> {
            if let Some(Frame::LiveAnswer(answer)) = &frame.frame {
                said.lock().unwrap().push(answer.clone());
            }
            on(frame)
        }
    };
    relay.turns(Tamper::default().telling(again_and_again).saying(listen));
    again(origin, &relay).await;
    for _ in 0..3 {
        assert_eq!(ask(net.node("bijie"), "").await.state(), State::Answered);
    }
    assert_eq!(questions(origin).await, 3);

    // The process after that one remembers them as well.
    again(origin, &relay).await;
    assert_eq!(ask(net.node("bijie"), "").await.state(), State::Answered);
    assert_eq!(questions(origin).await, 4, "only what was asked anew");
    let replayed = said.lock().unwrap().iter().filter(|answer| answer.id >= 1 << 40).count();
    assert_eq!(replayed, 0, "not a word");
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_that_of_its_question_or_none() {
    let net = network(893).await;
    let asker = net.node("bijie");
    let relay = Relay::between(asker, net.gateway()).await;
    again(asker, &relay).await;
    assert_eq!(ask(asker, "").await.state(), State::Answered);

    let changed = |change: fn(&mut Vec<u8>)| {
        Tamper::default().telling(move |mut frame| {
            if let Some(Frame::LiveAnswer(LiveAnswer { reply: Some(reply), .. })) = &mut frame.frame {
                let mut payload = reply.payload.to_vec();
                change(&mut payload);
                reply.payload = payload.into();
            }
            on(frame)
        })
    };
    relay.turns(changed(|payload| *payload.last_mut().unwrap() ^= 1));
    let answer = ask(asker, "").await;
    assert_eq!((answer.state(), answer.listings.len()), (State::TimedOut, 0), "altered");
    relay.turns(changed(|payload| payload.truncate(payload.len() / 2)));
    assert_eq!(ask(asker, "").await.state(), State::TimedOut, "cut");

    // The answer to an earlier question in the place of this one's.
    let before: Arc<Mutex<Option<Signed>>> = Arc::default();
    relay.turns(Tamper::default().telling(move |mut frame| {
        if let Some(Frame::LiveAnswer(answer)) = &mut frame.frame {
            let earlier = before.lock().unwrap().get_or_insert_with(|| answer.reply.clone().unwrap()).clone();
            answer.reply = Some(earlier);
        }
        on(frame)
    }));
    assert_eq!(ask(asker, "").await.state(), State::Answered);
    assert_eq!(ask(asker, "").await.state(), State::TimedOut, "of another question");

    relay.turns(Tamper::default().telling(|frame| match frame.frame {
        Some(Frame::LiveAnswer(_)) => Box::new(std::iter::empty()),
        _ => on(frame),
    }));
    assert_eq!(ask(asker, "").await.state(), State::TimedOut, "kept back");
    relay.turns_honest();
    asker.linked().await;
    net.finish().await;
}

/// A link in the place of a node that has stopped, on which anything can be asked.
struct Asker {
    link: PeerLink,
    _lanes: Vec<Box<dyn std::any::Any + Send>>,
    /// What it knows of the network: at first all, later what it knew then.
    directory: Directory,
    sent: u64,
}

async fn directory_of(gateway: &Server) -> Directory {
    let mut directory = Directory::default();
    for entry in directory_entries(gateway.dir()).await.unwrap() {
        directory.apply(&entry).unwrap();
    }
    directory
}

impl Asker {
    async fn in_place_of(node: &Server, gateway: &Server) -> Self {
        let mut link = Peer::in_place_of(node, gateway).link().await.unwrap();
        let mut lanes: Vec<Box<dyn std::any::Any + Send>> = Vec::new();
        for lane in LANES {
            lanes.push(Box::new(link.pull(lane, Open::default()).await.unwrap()));
            let mut push: Stream<_, _> = link.push(lane).await.unwrap();
            push.must().await.unwrap();
            lanes.push(Box::new(push));
        }
        Self { link, _lanes: lanes, directory: directory_of(gateway).await, sent: 0 }
    }

    /// Puts a question of bijie to shenzhen, signed with this key.
    async fn ask(&mut self, by: &Signer, time: i64) -> Exchange {
        self.sent += 1;
        let id = |member: &str| format!("{member}.{NETWORK}").parse::<MemberId>().unwrap();
        let nonce = [u8::try_from(self.sent).unwrap(); 16];
        let exchange = Exchange { asker: id("bijie"), origin: id("shenzhen"), nonce };
        let query = LiveQuery { max_results: 5, reader: live_query::Reader::Member.into(), ..LiveQuery::default() };
        let question = exchange.ask(&query, time, by, &self.directory, [7; 32]).unwrap();
        let request = LiveRequest {
            id: self.sent,
            origin: exchange.origin.to_string(),
            within_ms: 30_000,
            question: Some(question),
        };
        self.link.control.send(ControlFrame { frame: Some(Frame::LiveRequest(request)) }).await.unwrap();
        exchange
    }

    /// The next answer that comes.
    async fn answer(&mut self) -> LiveAnswer {
        loop {
            let frame = self.link.control.must().await.unwrap();
            self.link.control.answer(&frame).await.unwrap();
            if let Some(Frame::LiveAnswer(answer)) = frame.frame {
                return answer;
            }
        }
    }

    /// What is answered to the question that it put last; `key` opens it.
    async fn reads(&mut self, exchange: &Exchange, key: &EncryptionKeyFile) -> LiveContent {
        let answer = self.answer().await;
        assert_eq!(answer.id, self.sent, "the first word is to the last question");
        let own = |_| Some(*key.read_octets().unwrap());
        exchange.read(1, &answer.reply.unwrap(), &self.directory, now(), own).unwrap().content
    }
}

/// The first encryption key of bijie.
fn own_key(bijie: &Server) -> EncryptionKeyFile {
    EncryptionKeyFile::new(bijie.dir().join("keys").join(format!("bijie.{NETWORK}.1.encryption")))
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_asks_in_anothers_name_or_while_suspended() {
    let net = network(894).await;
    let (bijie, origin) = (net.node("bijie"), net.node("shenzhen"));
    bijie.stop().await;
    let key = own_key(bijie);
    let read = async |asker: &mut Asker, exchange: &Exchange| asker.reads(exchange, &key).await;
    let mut asker = Asker::in_place_of(bijie, net.gateway()).await;
    let own = signer(bijie, "bijie");
    // Neither a stranger's key nor another member's.
    asker.ask(&stranger(), now()).await;
    asker.ask(&signer(origin, "shenzhen"), now()).await;
    let exchange = asker.ask(&own, now()).await;
    let content = read(&mut asker, &exchange).await;
    assert_eq!((content.refusal(), content.listings.len()), (Refusal::Unspecified, 1));
    assert_eq!(questions(origin).await, 1, "the forged ones are not even written down");

    let exchange = asker.ask(&own, now() - 20 * 60 * 1_000_000).await;
    let content = read(&mut asker, &exchange).await;
    assert_eq!((content.refusal(), content.listings.len()), (Refusal::Clock, 0));

    net.gateway().cli(&["members", "suspend", "bijie", "--yes"]).await.done();
    let suspended = async || {
        let found = origin.cli(&["members", "list", "--output", "jsonl"]).await.done();
        let line = found.lines().find(|line| line.contains("bijie")).unwrap_or_default().to_owned();
        if line.contains("SUSPENDED") { Ok(()) } else { Err(line) }
    };
    duikou_tests::harness::within(super::PATIENCE, suspended).await.unwrap();
    // Its node's scopes have changed, so the link has begun anew.
    let mut asker = Asker::in_place_of(bijie, net.gateway()).await;
    let exchange = asker.ask(&own, now()).await;
    let content = read(&mut asker, &exchange).await;
    assert_eq!((content.refusal(), content.listings.len()), (Refusal::Asker, 0));
    drop(asker);
    net.gateway().cli(&["members", "resume", "bijie"]).await.done();
    bijie.start().await;
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_opened_with_the_key_that_it_was_sealed_to_while_that_one_is_good() {
    let net = network(895).await;
    let (gateway, origin, bijie) = (net.gateway(), net.node("shenzhen"), net.node("bijie"));
    bijie.stop().await;
    let (own, key) = (signer(bijie, "bijie"), own_key(bijie));
    let mut asker = Asker::in_place_of(bijie, gateway).await;
    let before = asker.directory.clone();
    // Puts a question that is sealed by this directory, and reads the answer by the newest.
    let put = async |asker: &mut Asker, known: &Directory| {
        // A link of its own: nobody answers its pulse between two questions.
        *asker = Asker { sent: asker.sent, ..Asker::in_place_of(bijie, gateway).await };
        asker.directory = known.clone();
        let exchange = asker.ask(&own, now()).await;
        asker.directory = directory_of(gateway).await;
        let content = asker.reads(&exchange, &key).await;
        (content.refusal(), content.listings.len())
    };
    let (answered, refused) = ((Refusal::Unspecified, 1), (Refusal::Query, 0));
    assert_eq!(put(&mut asker, &before).await, answered);

    // Within the grace both keys open, after it the newer one alone.
    origin.cli(&["keys", "rotate", "shenzhen", "--purpose", "encryption", "--grace", "10s"]).await.done();
    let rotated = directory_of(gateway).await;
    assert_eq!(put(&mut asker, &before).await, answered, "it had not heard of the new key");
    assert_eq!(put(&mut asker, &rotated).await, answered);
    let over = async || {
        let member = rotated.member_by_text(&format!("shenzhen.{NETWORK}")).unwrap();
        if member.opens(1, now()) { Err("it is good".to_owned()) } else { Ok(()) }
    };
    duikou_tests::harness::within(super::PATIENCE, over).await.unwrap();
    assert_eq!(put(&mut asker, &before).await, refused, "the grace is over");
    assert_eq!(put(&mut asker, &rotated).await, answered);

    // One that others know opens nothing from then on.
    origin.cli(&["keys", "compromise", "shenzhen", "--yes"]).await.done();
    let compromised = directory_of(gateway).await;
    assert_eq!(put(&mut asker, &rotated).await, refused);
    assert_eq!(put(&mut asker, &compromised).await, answered);

    // A lost one is replaced; whoever has not heard of it is told that nobody can read the question.
    drop(asker);
    origin.stop().await;
    std::fs::remove_file(origin.dir().join("keys").join(format!("shenzhen.{NETWORK}.3.encryption"))).unwrap();
    net.replace_keys(origin, "shenzhen").await;
    origin.start().await;
    origin.linked().await;
    bijie.start().await;
    bijie.linked().await;
    let told = async || {
        let answer = ask(bijie, "").await;
        if answer.state() == State::Answered {
            return Ok(answer.listings.len());
        }
        // Whoever asks all the time is refused for that.
        tokio::time::sleep(Duration::from_secs(3)).await;
        Err(format!("{answer:?}"))
    };
    assert_eq!(duikou_tests::harness::within(super::PATIENCE, told).await.unwrap(), 1);
    let told = ask(bijie, "quiet orchard").await;
    assert_eq!((told.state(), told.listings.len()), (State::Answered, 1));
    net.finish().await;
}
