//! What a key of a member here has signed that verifies nothing any longer, and nobody but the gateway holds: it is not
//! taken back, since whoever has got hold of that key can have signed it. It is kept for the operator, who knows.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use duikou_proto::envelope::{Micros, Part};
use duikou_proto::name::{MemberId, RecordName};
use duikou_proto::sign::PublicKey;

use super::Engine;
use super::departed::Piece;
use super::work::Work;
use super::writer::Command;
use crate::store::{Row, StoreError};

/// Keeps parts that the gateway has given back, each signed by a key that has outlived its time, where nothing as new is
/// here.
pub struct KeepOutlived {
    pub(crate) parts: Vec<Part>,
    /// Members of whom something has been kept before, in the same recovery.
    pub(crate) kept: BTreeSet<MemberId>,
}

#[async_trait]
impl Command for KeepOutlived {
    /// Members of whom something was kept.
    type Output = BTreeSet<MemberId>;

    fn names(&self) -> Vec<RecordName> {
        self.parts.iter().map(|part| part.name().clone()).collect()
    }

    fn bytes(&self) -> usize {
        self.parts.iter().map(|part| part.bytes().len() + 256).sum()
    }

    async fn run(mut self, work: &mut Work<'_>) -> Result<BTreeSet<MemberId>, StoreError> {
        let mut rows: BTreeMap<MemberId, BTreeMap<RecordName, Row>> = BTreeMap::new();
        for part in self.parts {
            let name = part.name().clone();
            let here = work.row(&name).await?.map_or(0, |row| row.revision());
            if !work.is_own(&name) || !part.kind().is_listing() || here >= part.revision() {
                continue;
            }
            let row = rows.entry(part.origin()).or_default().entry(name.clone()).or_insert_with(|| Row::new(name));
            let place = if part.is_record() { &mut row.record } else { &mut row.withdrawal };
            *place = Some(part);
        }
        for (member, rows) in rows {
            let rows: Vec<Row> = rows.into_values().collect();
            let first = self.kept.insert(member.clone());
            work.keep_departed(&member, first, Piece::Rows(&rows))?;
            if first {
                tracing::warn!(
                    member.id = %member,
                    "the gateway holds records that only a key has signed which no longer verifies: they are kept in files"
                );
            }
        }
        Ok(self.kept)
    }
}

impl Engine {
    /// The key of its origin that signed `part`, however long ago it ceased to verify.
    pub(crate) fn key_of_any_time(&self, part: &Part) -> Option<PublicKey> {
        let directory = self.directory();
        directory.member_by_text(part.name().origin_str())?.keys.verifying(part.key_number(), Micros::MIN)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use duikou_proto::directory::{self, Directory, member_key_input};
    use duikou_proto::federation::directory_entry::Action;
    use duikou_proto::federation::key::Purpose;
    use duikou_proto::federation::{Admit, Host, Key};
    use duikou_proto::name::NetworkName;
    use duikou_proto::sign::Signer;
    use duikou_proto::v1::{Lane, Record};
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::engine::{Data, Identity, Parts, TakeBack};
    use crate::store::sqlite::SqliteStore;

    const DAY: Micros = 24 * 3_600_000_000;

    fn signed(signer: &Signer, id: &str, now: Micros) -> Part {
        let record = Record {
            name: format!("members/a.n.example/listings/{id}"),
            revision: now,
            kind: "event".to_owned(),
            lane: Lane::Bulk.into(),
            scopes: vec!["public".to_owned()],
            expire_time: now + DAY,
            ..Default::default()
        };
        Part::sign_record(signer, &record).unwrap()
    }

    #[tokio::test]
    async fn what_a_dead_key_has_signed_is_kept_and_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let network: NetworkName = "n.example".parse().unwrap();
        let (member, node): (MemberId, MemberId) = ("a.n.example".parse().unwrap(), "node.n.example".parse().unwrap());
        let (old, new) = (Signer::from_seed(1, [3; 32]), Signer::from_seed(2, [4; 32]));
        let parts = Parts {
            identity: Identity {
                node: node.clone(),
                network: network.clone(),
                carrier: false,
                signers: [(member.clone(), new.clone())].into_iter().collect(),
            },
            store: Arc::new(SqliteStore::open(&folder.path().join("data.db")).await.unwrap()),
            world: crate::world::World::system(),
            feed_bytes: 8 * 1024,
            queue_bytes: crate::limits::QUEUE_BYTES,
            data: Data::Left,
            stop: CancellationToken::new(),
        };
        let engine = Engine::start(parts).await.unwrap().engine;
        let now = engine.now();
        let (root, authority) = (Signer::from_seed(0, [1; 32]), Signer::from_seed(1, [2; 32]));
        let mut entries = vec![directory::genesis(&network, &root, &authority, now - 2 * DAY)];
        let mut directory = Directory::default();
        directory.apply(&entries[0]).unwrap();
        let public_key = new.public().to_bytes().to_vec();
        let actions = [
            Action::Host(Host { member: member.to_string(), node: node.to_string(), announced: false }),
            Action::Admit(Admit {
                member: member.to_string(),
                signing_key: old.public().to_bytes().to_vec(),
                ..Default::default()
            }),
            Action::Key(Key {
                member: member.to_string(),
                purpose: Purpose::Signing.into(),
                number: 2,
                algorithm: "ed25519".to_owned(),
                signature: old.sign_text(&member_key_input(&member, Purpose::Signing, 2, &public_key)),
                public_key,
                valid_from: now - 2 * DAY,
                predecessors_until: now - DAY,
                by_root: false,
            }),
        ];
        for action in actions {
            let entry = directory::next(directory.link(), &authority, now - 2 * DAY, action);
            directory.apply(&entry).unwrap();
            entries.push(entry);
        }
        engine.follow(entries).await.unwrap().unwrap();
        let kept: Arc<Mutex<Vec<(bool, String)>>> = Arc::default();
        let keeping = kept.clone();
        engine.keep_departed_with(Box::new(move |_, _, first, piece| {
            let Piece::Rows(rows) = piece else { panic!("a key has signed no drafts") };
            keeping.lock().unwrap().extend(rows.iter().map(|row| (first, row.name.to_string())));
            Ok(())
        }));

        engine.submit(TakeBack(vec![signed(&new, "newer", now)])).await.unwrap();
        let outlived = [signed(&old, "alone", now - DAY), signed(&old, "newer", now - DAY)];
        assert!(outlived.iter().all(|part| engine.key_of_any_time(part) == Some(old.public())));
        let again =
            engine.submit(KeepOutlived { parts: outlived.to_vec(), kept: BTreeSet::new() }).await.expect("it is kept");
        assert_eq!(again, [member].into());
        engine.submit(KeepOutlived { parts: vec![signed(&old, "other", now - DAY)], kept: again }).await.unwrap();
        let name = |id: &str| format!("members/a.n.example/listings/{id}");
        assert_eq!(*kept.lock().unwrap(), [(true, name("alone")), (false, name("other"))]);
        let held = engine.rows(&[name("alone").parse().unwrap(), name("newer").parse().unwrap()]).await.unwrap();
        assert_eq!(held.len(), 1, "{held:?}");
        engine.close();
    }
}
