//! Both halves of a lane with the wire between them in the test's hands.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use duikou_proto::directory::{self, Directory};
use duikou_proto::envelope::Part;
use duikou_proto::federation::directory_entry::Action;
use duikou_proto::federation::{Admit, Batch, Host, Parts};
use duikou_proto::scope::{Scope, ScopeSet};
use duikou_proto::sign::Signer;
use duikou_proto::v1::{Lane, Record};
use proptest::prelude::*;
use prost::Message;

use super::source::Piece;
use super::{Reads, SinkLane, SourceLane, Violation, Want};
use crate::store::{Order, Page, Row, Seq};

/// A feed of records of member `a` on node `n1`, read for node `n2` that holds `public` and, later, `circle:c@n`.
struct Pair {
    directory: Directory,
    rows: BTreeMap<u8, Arc<Row>>,
    head: Seq,
    source: SourceLane,
    sink: SinkLane,
    wire: VecDeque<Piece>,
    held: BTreeMap<String, i64>,
    common: Seq,
}

fn scopes(texts: &[&str]) -> ScopeSet {
    texts.iter().map(|text| text.parse::<Scope>().unwrap()).collect()
}

fn directory() -> Directory {
    let (root, signer) = (Signer::from_seed(0, [1; 32]), Signer::from_seed(1, [2; 32]));
    let mut directory = Directory::default();
    directory.apply(&directory::genesis(&"n".parse().unwrap(), &root, &signer, 1)).unwrap();
    for (member, node) in [("a.n", "n1.n"), ("b.n", "n2.n")] {
        let signing_key = Signer::from_seed(1, [3; 32]).public().to_bytes().to_vec();
        for action in [
            Action::Host(Host { member: member.into(), node: node.into(), announced: false }),
            Action::Admit(Admit { member: member.into(), signing_key, ..Default::default() }),
        ] {
            let entry = directory::next(directory.link(), &signer, 2, action);
            directory.apply(&entry).unwrap();
        }
    }
    directory
}

impl Pair {
    fn new(window: usize) -> Self {
        let reads = Reads::Down { node: "n2.n".parse().unwrap(), scopes: scopes(&["public"]) };
        Self {
            directory: directory(),
            rows: BTreeMap::new(),
            head: 0,
            source: SourceLane::new(Lane::Bulk, reads, 0, true, window),
            sink: SinkLane::default(),
            wire: VecDeque::new(),
            held: BTreeMap::new(),
            common: 0,
        }
    }

    fn publish(&mut self, id: u8, scope: &str) {
        self.head += 1;
        let record = Record {
            name: format!("members/a.n/listings/x{id}"),
            revision: self.head,
            kind: "event".into(),
            lane: Lane::Bulk.into(),
            scopes: vec![scope.into()],
            expire_time: 9,
            body: Bytes::from(vec![id; 200]),
            ..Default::default()
        };
        let part = Part::sign_record(&Signer::from_seed(1, [3; 32]), &record).unwrap();
        let first_seq = self.rows.get(&id).map_or(self.head, |row| row.first_seq);
        let name = part.name().clone();
        let row = Row { record: Some(part), record_seq: self.head, first_seq, ..Row::new(name) };
        self.rows.insert(id, Arc::new(row));
    }

    fn page(&self, after: Seq) -> Page {
        let rows = self.rows.values().filter(|row| row.lies_in(Order::Link, after, self.head)).cloned().collect();
        let mut page = Page { rows, upto: self.head, head: self.head };
        page.sort(Order::Link, after);
        page.rows.truncate(3);
        if let Some(last) = page.rows.last().filter(|_| page.rows.len() == 3) {
            page.upto = last.record_seq;
        }
        page
    }

    /// One turn of the source; whether there was something to do.
    fn send(&mut self) -> bool {
        let want = self.source.want(self.head);
        let after = match &want {
            Want::Common { after } | Want::CatchUp { after, .. } => *after,
            Want::Again(_) | Want::Nothing => return false,
        };
        let page = self.page(after);
        self.wire.extend(self.source.piece(&want, &page, &self.directory));
        true
    }

    /// One batch arrives.
    fn receive(&mut self) -> bool {
        let Some(piece) = self.wire.pop_front() else { return false };
        let parts = Parts { parts: piece.parts.iter().map(|part| part.bytes().clone()).collect() };
        let batch = Batch { parts: parts.encode_to_vec().into(), number: piece.number, ..Default::default() };
        let intake = self.sink.receive(&batch).unwrap();
        assert!(intake.malformed.is_empty());
        for part in intake.parts {
            self.held.insert(part.name().id().to_owned(), part.revision());
        }
        self.common = self.common.max(piece.upto);
        self.source.acknowledge(piece.number).expect("it was sent");
        true
    }

    fn drive(&mut self) {
        while self.send() | self.receive() {}
    }

    fn expected(&self, readable: &[&str]) -> BTreeMap<String, i64> {
        let readable = scopes(readable);
        let record = |row: &Arc<Row>| row.record.clone().filter(|record| record.scopes().meets(&readable));
        self.rows.values().filter_map(record).map(|r| (r.name().id().to_owned(), r.revision())).collect()
    }
}

#[test]
fn a_full_window_stops_the_source_until_it_is_acknowledged() {
    let mut pair = Pair::new(1);
    for id in 0..6 {
        pair.publish(id, "public");
    }
    assert!(pair.send());
    assert!(!pair.send(), "one piece fills the window");
    assert!(pair.receive());
    assert!(pair.send());
    pair.drive();
    assert_eq!(pair.held, pair.expected(&["public"]));
}

#[test]
fn a_quiet_lane_sends_nothing_for_changes_that_are_not_for_the_peer() {
    let mut pair = Pair::new(1 << 20);
    for id in 0..9 {
        pair.publish(id, "circle:c@n");
    }
    while pair.send() {}
    assert!(pair.wire.is_empty(), "neither counted nor timed");
}

#[test]
fn batches_out_of_order_or_too_large_end_the_link() {
    let mut sink = SinkLane::default();
    let batch = Batch { number: 2, ..Default::default() };
    assert_eq!(sink.receive(&batch).unwrap_err(), Violation::Number { expected: 1, got: 2 });
    let bomb = zstd::bulk::compress(&vec![0; 64 << 20], 3).unwrap();
    let batch = Batch { number: 1, compressed: true, parts: bomb.into(), ..Default::default() };
    assert_eq!(sink.receive(&batch).unwrap_err(), Violation::Size);
}

proptest! {
    /// Whatever is written between any two steps, the peer ends with exactly what its scopes let it see; a scope that
    /// opens late is read alone and joins where the others stand.
    #[test]
    fn a_lane_delivers_what_the_scopes_allow(
        steps in proptest::collection::vec((0u8..8, any::<bool>(), 0u8..4), 1..80),
        opens in 0usize..80,
        window in prop_oneof![Just(1usize), Just(1 << 20)],
    ) {
        let mut pair = Pair::new(window);
        let mut readable = vec!["public"];
        for (step, (id, public, turns)) in steps.iter().enumerate() {
            if step == opens {
                readable.push("circle:c@n");
                // A change of scopes begins the stream anew, as the driver does.
                let reads = Reads::Down { node: "n2.n".parse().unwrap(), scopes: scopes(&readable) };
                pair.source = SourceLane::new(Lane::Bulk, reads, pair.common, false, window);
                pair.source.catch_up("circle:c@n".parse().unwrap(), 7, 0);
                pair.sink = SinkLane::default();
                pair.wire.clear();
            }
            // A name keeps its scope here: narrowing is the engine's matter.
            pair.publish(*id, if (*public && id % 2 == 0) || id % 4 == 1 { "public" } else { "circle:c@n" });
            let _ = public;
            for _ in 0..*turns {
                let _ = pair.send() | pair.receive();
            }
        }
        pair.drive();
        for (id, revision) in pair.expected(&readable) {
            prop_assert_eq!(pair.held.get(&id), Some(&revision), "{}", id);
        }
        let allowed: Vec<String> = pair.rows.values().map(|row| row.name.id().to_owned()).collect();
        prop_assert!(pair.held.keys().all(|id| allowed.contains(id)));
    }
}
