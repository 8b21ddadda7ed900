//! Somebody who follows a feed, stops, and goes on from a cursor, with an eye on what must never be seen on the way.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use duikou_exchange::engine::{Engine, Reader};
use duikou_exchange::feed::{Cursor, EventReader, Step};
use duikou_proto::directory::MemberState;
use duikou_proto::envelope::{Micros, Revision};
use duikou_proto::filter::Filter;
use duikou_proto::name::{NetworkName, NodeId, RecordName};
use duikou_proto::scope::{Scope, ScopeSet};
use duikou_proto::v1;
use duikou_proto::v1::opportunity::Direction;

use super::disk::Tables;
use super::server::Server;
use crate::invariants::Finding;

const LEAKS: &str = "nothing leaks";
const SETS: &str = "readers see their set";

pub(super) struct Follower {
    pub(super) server: usize,
    pub(super) node: NodeId,
    pub(super) reader: Reader,
    pub(super) offers_only: bool,
    filter: Filter,
    /// With the process that it reads from.
    following: Option<(u64, EventReader)>,
    cursor: Cursor,
    /// The store when it read its last page.
    page: Arc<Tables>,
    /// The directory's entry of that moment.
    entry: i64,
    pub(super) holds: BTreeMap<RecordName, Revision>,
    /// What it must not go back from.
    floors: BTreeMap<RecordName, Revision>,
    /// Whether a store came back from an earlier time: then a narrowing may come without its withdrawal, and is told
    /// to all.
    pub(super) lax: bool,
    /// Names of which a later state was lost.
    lost: BTreeSet<RecordName>,
    /// Names that it was told to be gone, with the revision of the withdrawal and the directory's entry of that moment:
    /// entries may move a row.
    told: BTreeMap<RecordName, (Revision, i64)>,
}

impl Follower {
    pub(super) fn new(server: usize, node: NodeId, reader: Reader, offers_only: bool, network: &NetworkName) -> Self {
        let directions = if offers_only { vec![Direction::Offer.into()] } else { Vec::new() };
        let filter = Filter::compile(&v1::Filter { directions, ..Default::default() }, network);
        Self {
            server,
            node,
            reader,
            offers_only,
            filter: filter.expect("a filter that is sound"),
            following: None,
            cursor: Cursor::new(),
            page: Arc::default(),
            entry: 0,
            holds: BTreeMap::new(),
            floors: BTreeMap::new(),
            lax: false,
            lost: BTreeSet::new(),
            told: BTreeMap::new(),
        }
    }

    /// Its connection ends; it goes on from its cursor.
    pub(super) fn disconnect(&mut self) {
        self.following = None;
    }

    /// A name may go back to an earlier state: nobody remembers a later one but mirrors.
    pub(super) fn expect_back(&mut self, name: &RecordName) {
        self.lost.insert(name.clone());
    }

    /// It forgets what it has.
    pub(super) fn begin_anew(&mut self) {
        self.following = None;
        self.cursor.clear();
        self.holds.clear();
        self.floors.clear();
        self.told.clear();
    }

    /// Takes up to `steps` steps; whether there were so many.
    pub(super) async fn read(&mut self, server: &Server, steps: usize, now: Micros, found: &mut Vec<Finding>) -> bool {
        let Some(process) = server.process() else { return false };
        self.following.take_if(|(serial, _)| *serial != process.serial);
        let (_, following) = self.following.get_or_insert_with(|| {
            let (reader, filter) = (self.reader.clone(), self.filter.clone());
            (process.serial, EventReader::new(process.engine.clone(), reader, filter, &self.cursor))
        });
        for _ in 0..steps {
            let (step, cursor) = loop {
                if let Some(ready) = following.ready() {
                    break ready;
                }
                let turned = tokio::select! {
                    biased;
                    () = process.died().cancelled() => return false,
                    turned = following.turn() => turned,
                };
                if !matches!(turned, Ok(true)) {
                    return false;
                }
                self.page = server.tables();
                self.entry = process.engine.directory().index();
            };
            self.cursor = cursor;
            let who = format!("{:?} at {}", self.reader, self.node);
            match step {
                Step::Listing(part, _) => {
                    let name = part.name().clone();
                    let own = matches!(&self.reader, Reader::Member(id) if *id == part.origin());
                    let scopes = scopes(&self.reader, &process.engine);
                    if !own && !part.scopes().meets(&scopes) {
                        found.push(Finding::new(LEAKS, format!("{who} was shown {name}")));
                    }
                    self.holds.insert(name.clone(), part.revision());
                    // What a clock that was ahead has signed gets another revision, by a clock that may be behind.
                    let floor = if part.revision() <= now { part.revision() } else { 0 };
                    let before = self.floors.insert(name.clone(), floor);
                    if before > Some(part.revision()) && !self.lost.contains(&name) {
                        found.push(Finding::new(SETS, format!("{name} went back for {who}")));
                    }
                    self.told.remove(&name);
                }
                Step::NoLonger(name, _) => {
                    let had = self.holds.remove(&name).is_some();
                    self.floors.remove(&name);
                    let row = self.page.rows.get(&name);
                    let ended = row.and_then(|row| row.withdrawal.as_ref()).map_or(0, |w| w.revision());
                    let hidden = row
                        .and_then(|row| row.record.as_ref())
                        .is_some_and(|record| !record.scopes().meets(&scopes(&self.reader, &process.engine)));
                    let now = (ended, self.entry);
                    let again = ended > 0
                        && self.told.insert(name.clone(), now) == Some(now)
                        && !touched(&process.engine, &name);
                    let again = again && !self.lax;
                    let own = matches!(&self.reader, Reader::Member(id) if *id == name.origin());
                    // What a store lets go of by itself ends for all who could ever see it, as an end that is signed; so does
                    // what becomes narrower, and whose own withdrawal was refused or is still to come.
                    let at = row.map_or(0, |row| row.withdrawal_content_seq);
                    let again = again && !self.page.to_all.get(&name).is_some_and(|seqs| seqs.contains(&at));
                    if again && hidden && !own && !had {
                        found.push(Finding::new(LEAKS, format!("{who} was told again that {name} is gone: {row:?}")));
                    }
                }
                Step::Reset(_) => {
                    self.holds.clear();
                    self.floors.clear();
                    self.told.clear();
                }
                Step::CaughtUp => {}
            }
        }
        true
    }

    pub(super) fn offers(server: &Server) -> BTreeSet<RecordName> {
        let tables = server.tables();
        let offer = |part: &duikou_proto::envelope::Part| {
            duikou_exchange::feed::readable(part).is_some_and(|listing| listing.direction() == Direction::Offer)
        };
        let rows = tables.rows.iter();
        rows.filter(|(_, row)| row.record.as_ref().is_some_and(offer)).map(|(name, _)| name.clone()).collect()
    }
}

/// Whether entries of the directory may have moved rows: that tells again what was told.
fn touched(engine: &Engine, name: &RecordName) -> bool {
    let directory = engine.directory();
    // So does the death of a key.
    let member = directory.member_by_text(name.origin_str());
    let dies = member.is_some_and(|member| member.keys.iter().any(|key| key.valid_until.is_some()));
    dies || !directory.hidden().is_empty() || directory.members().any(|member| member.state != MemberState::Active)
}

fn scopes(reader: &Reader, engine: &Engine) -> ScopeSet {
    match reader {
        Reader::Member(id) => {
            let mut scopes = engine.directory().member_scopes(id);
            scopes.insert(Scope::public());
            scopes
        }
        _ => [Scope::public()].into_iter().collect(),
    }
}
