//! A gateway that sends without end, or more than fits: the link ends, the operator is told why, and the node works on.

use duikou_proto::federation::control_frame::Frame;
use duikou_proto::federation::sink_frame::Frame as FromSink;
use duikou_proto::federation::source_frame::Frame as FromSource;
use duikou_proto::federation::{
    Batch, ControlFrame, DirectoryEntries, Found, Hello, LanePosition, LiveAnswer, LiveRequest, NameRange, Ping,
    SourceFrame,
};
use duikou_proto::v1::{Lane, Signed};
use duikou_tests::harness::{Network, offer};
use duikou_tests::malicious::{Frames, Relay, Tamper, entries, of_source, on};

use super::{again, crosses};

fn control(frame: Frame) -> ControlFrame {
    ControlFrame { frame: Some(frame) }
}

/// After each of the gateway's pings, this for ever; what the node answers stays here.
fn chattering(frame: impl Fn(i64) -> ControlFrame + Clone + Send + Sync + 'static) -> Tamper {
    let silent = Tamper::default().saying(|said| match said.frame {
        Some(Frame::Pong(_) | Frame::LiveAnswer(_)) => Box::new(std::iter::empty()),
        _ => on(said),
    });
    silent.telling(move |passing| -> Frames<ControlFrame> {
        match passing.frame {
            Some(Frame::Ping(_)) => Box::new((1 << 40..).map(frame.clone())),
            _ => on(passing),
        }
    })
}

/// After the first batch of a lane, this for ever; the number is that of the batch that would follow.
fn flooding(lane: Lane, frame: impl Fn(i64) -> SourceFrame + Clone + Send + Sync + 'static) -> Tamper {
    // What the node acknowledges of it stays here.
    let silent = Tamper::default().asking(|asked| match asked.frame {
        Some(FromSink::Ack(_)) => Box::new(std::iter::empty()),
        _ => on(asked),
    });
    silent.sending(lane, move |passing| -> Frames<SourceFrame> {
        match &passing.frame {
            Some(FromSource::Batch(batch)) => {
                let next = batch.number + 1;
                Box::new(std::iter::once(passing).chain((next..).map(frame.clone())))
            }
            _ => on(passing),
        }
    })
}

fn batch(number: i64, change: impl FnOnce(&mut Batch)) -> SourceFrame {
    let mut batch = Batch { number, position: vec![1; 64], ..Batch::default() };
    change(&mut batch);
    of_source(FromSource::Batch(batch))
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_without_end_end_the_link_and_nothing_else() {
    let net = Network::new(931).gateway().node("shenzhen", &["shenzhen"]).node("zunyi", &["zunyi"]);
    let net = net.node("bijie", &["bijie"]).start().await;
    let (origin, reader, gateway) = (net.node("shenzhen"), net.node("zunyi"), net.gateway());
    let relay = Relay::between(reader, gateway).await;
    let log = entries(gateway).await;
    let bomb = zstd::bulk::compress(&vec![0; 64 << 20], 1).unwrap();

    let known = move |_| control(Frame::DirectoryEntries(DirectoryEntries { entries: log.clone() }));
    let asked = |id: i64| {
        let (origin, question) = ("nobody.pprd.example".to_owned(), Some(Signed::default()));
        let id = id.unsigned_abs();
        control(Frame::LiveRequest(LiveRequest { id, origin, question, ..LiveRequest::default() }))
    };
    let found = Found { pieces: vec![NameRange::default(); 1000], ..Found::default() };
    let floods: Vec<(&str, Tamper, &str)> = vec![
        ("pings", chattering(|number| control(Frame::Ping(Ping { number, ..Ping::default() }))), "flood"),
        ("empty", chattering(|_| ControlFrame::default()), "flood"),
        ("hellos", chattering(|_| control(Frame::Hello(Hello::default()))), "flood"),
        ("entries", chattering(known), "flood"),
        ("questions", chattering(asked), "flood"),
        ("live-answers", chattering(|_| control(Frame::LiveAnswer(LiveAnswer::default()))), "flood"),
        ("batches", flooding(Lane::Bulk, |number| batch(number, |_| {})), "flood"),
        ("prompt-batches", flooding(Lane::Prompt, |number| batch(number, |_| {})), "flood"),
        ("nothing", flooding(Lane::Bulk, |_| SourceFrame::default()), "flood"),
        ("answers", flooding(Lane::Bulk, move |_| of_source(FromSource::Found(found.clone()))), "flood"),
        ("numbers", flooding(Lane::Bulk, |_| batch(1, |_| {})), "should follow"),
        (
            "bombs",
            flooding(Lane::Bulk, move |number| {
                batch(number, |batch| (batch.compressed, batch.parts) = (true, bomb.clone().into()))
            }),
            "a batch of more than",
        ),
        (
            "giants",
            flooding(Lane::Bulk, |number| batch(number, |batch| batch.parts = vec![0; 3 << 20].into())),
            "too large",
        ),
        (
            "garbage",
            flooding(Lane::Bulk, |number| batch(number, |batch| batch.parts = vec![0xff; 99].into())),
            "cannot be read",
        ),
    ];
    for (what, flood, said) in floods {
        relay.turns_anew(Tamper::default());
        again(reader, &relay).await;
        relay.turns(flood);
        // Something for both lanes to begin with.
        origin.publish(offer(what)).await.unwrap();
        let alarm = reader.alarms("PROTOCOL_BREACH", said).await;
        // The node's own work goes on meanwhile.
        reader.publish(offer(what)).await.unwrap_or_else(|status| panic!("{what}: {status}, {alarm:?}"));
    }
    relay.turns_anew(Tamper::default());
    again(reader, &relay).await;

    // What is given back after a loss never ends.
    relay.turns_anew(
        Tamper::default()
            .telling(|frame| match frame.frame {
                Some(Frame::Hello(mut hello)) => {
                    let lost = LanePosition { lane: Lane::Bulk.into(), position: vec![1; 64], feed_id: "1".repeat(32) };
                    hello.positions = vec![lost];
                    on(control(Frame::Hello(hello)))
                }
                _ => on(frame),
            })
            .batches(Lane::Bulk, |batch| -> Frames<Batch> {
                if batch.end {
                    return on(batch);
                }
                Box::new((1..).map(move |number| Batch { number, ..batch.clone() }))
            }),
    );
    reader.alarms("PROTOCOL_BREACH", "out of order").await;
    relay.turns_honest();
    again(reader, &relay).await;
    crosses(origin, reader, "to-the-end").await;
    crosses(reader, net.node("bijie"), "from-the-flooded").await;
    net.finish().await;
}
