//! A gateway that lies about the directory: it hides entries, invents them, and keeps two.

use duikou_proto::directory::member_key_input;
use duikou_proto::federation::control_frame::Frame;
use duikou_proto::federation::directory_entry::Action;
use duikou_proto::federation::key::Purpose;
use duikou_proto::federation::{CircleCreate, ControlFrame, DirectoryEntries, Hello, Key, Suspend};
use duikou_proto::v1::Signed;
use duikou_tests::harness::{NETWORK, Network, Server, within};
use duikou_tests::malicious::{Frames, Relay, Tamper, entries, fork, on, stranger};

use super::{PATIENCE, again, crosses};

/// A gateway whose hello says this of its directory.
fn greeting(change: impl Fn(&mut Hello) + Send + Sync + 'static) -> Tamper {
    Tamper::default().telling(move |frame| match frame.frame {
        Some(Frame::Hello(mut hello)) => {
            change(&mut hello);
            on(ControlFrame { frame: Some(Frame::Hello(hello)) })
        }
        _ => on(frame),
    })
}

/// A gateway that sends these entries with its every ping.
fn adding(entries: Vec<Signed>) -> Tamper {
    Tamper::default().telling(move |frame| -> Frames<ControlFrame> {
        let more = DirectoryEntries { entries: entries.clone() };
        let more = ControlFrame { frame: Some(Frame::DirectoryEntries(more)) };
        match frame.frame {
            Some(Frame::Ping(_)) => Box::new([more, frame].into_iter()),
            _ => on(frame),
        }
    })
}

fn hash(entry: &Signed) -> Vec<u8> {
    blake3::hash(&entry.payload).as_bytes().to_vec()
}

fn circle(name: &str) -> Action {
    Action::CircleCreate(CircleCreate { circle: name.to_owned() })
}

async fn stands_at(server: &Server, index: usize) {
    let stands = async || {
        let at = server.status().await.map_err(|status| status.to_string())?.directory_index;
        if at == index as i64 { Ok(()) } else { Err(format!("entry {at}, not {index}")) }
    };
    within(PATIENCE, stands).await.unwrap_or_else(|reason| panic!("{} stands at {reason}", server.name()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_cannot_rewrite_the_directory_unnoticed() {
    let net = Network::new(911).gateway().node("shenzhen", &["shenzhen"]).node("zunyi", &["zunyi"]);
    let net = net.node("bijie", &["bijie"]).start().await;
    let (origin, reader, gateway) = (net.node("shenzhen"), net.node("zunyi"), net.gateway());
    let relay = Relay::between(reader, gateway).await;
    again(reader, &relay).await;
    crosses(origin, reader, "before").await;
    let log = entries(gateway).await;
    let newest = log.len() - 1;

    // It says that it knows less than it has told before.
    let older = log[newest - 1].clone();
    relay.turns_anew(greeting(move |hello| {
        (hello.directory_index, hello.directory_hash) = (newest as i64 - 1, hash(&older));
    }));
    reader.alarms("DIRECTORY_ROLLBACK", "older directory").await;

    // It shows another newest entry.
    relay.turns_anew(greeting(|hello| hello.directory_hash = vec![1; 32]));
    reader.alarms("DIRECTORY_FORK", "another directory").await;

    // It claims entries that do not exist.
    relay.turns_anew(greeting(|hello| hello.directory_index = i64::MAX));
    reader.alarms("LINK_DOWN", "the directory took longer").await;
    relay.turns_honest();
    again(reader, &relay).await;
    crosses(origin, reader, "after-hello").await;

    // Entries that the directory key has not signed; a key that the member before it has not; one that follows another.
    let mut unsigned = fork(gateway, &log, [circle("west")]);
    unsigned[0].signature = stranger().sign_text(b"something else");
    relay.turns(adding(unsigned));
    reader.alarms("DIRECTORY_FORGED", "not signed by the directory key").await;

    let shenzhen = format!("shenzhen.{NETWORK}").parse().unwrap();
    let public_key = stranger().public().to_bytes().to_vec();
    let stolen = Action::Key(Key {
        member: format!("shenzhen.{NETWORK}"),
        purpose: Purpose::Signing.into(),
        number: 2,
        algorithm: "ed25519".to_owned(),
        signature: stranger().sign_text(&member_key_input(&shenzhen, Purpose::Signing, 2, &public_key)),
        public_key,
        ..Key::default()
    });
    relay.turns(adding(fork(gateway, &log, [stolen])));
    reader.alarms("DIRECTORY_FORGED", "not signed by the member's key before").await;

    relay.turns(adding(fork(gateway, &log[..newest], [circle("north"), circle("south")])));
    reader.alarms("DIRECTORY_FORK", "forks at entry").await;
    relay.turns_honest();
    again(reader, &relay).await;
    crosses(origin, reader, "after-entries").await;
    stands_at(reader, newest).await;

    // With the directory key it can lie to one node alone, which finds out as soon as anything else is told.
    let suspend = Action::Suspend(Suspend { member: format!("shenzhen.{NETWORK}"), reason: "a lie".to_owned() });
    relay.turns(adding(fork(gateway, &log, [suspend])));
    stands_at(reader, newest + 1).await;
    relay.turns_honest();
    reader.alarms("DIRECTORY_ROLLBACK", "older directory").await;
    gateway.cli(&["circles", "create", "east"]).await.done();
    reader.alarms("DIRECTORY_FORK", "another directory").await;
    assert!(
        reader
            .metric(&format!("duikou_link_breaches_total{{peer=\"gateway.{NETWORK}\",code=\"DIRECTORY_FORK\"}}"))
            .await
            > 0
    );
    let status = reader.cli(&["status", "--language", "en"]).await.done();
    assert!(status.contains("breach of the protocol") && status.contains("DIRECTORY_FORK"), "{status}");
    // Nobody else is concerned.
    crosses(origin, net.node("bijie"), "elsewhere").await;
    net.leave("one node believes a lie about the directory");
}
