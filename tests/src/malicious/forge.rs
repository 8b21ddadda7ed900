//! What can be signed with the keys that lie in a folder, and what cannot.

use std::path::Path;

use bytes::Bytes;
use duikou_node::trust::key_file::SigningKeyFile;
use duikou_proto::directory::{self, Link};
use duikou_proto::federation::OfferDirectoryRequest;
use duikou_proto::federation::directory_entry::Action;
use duikou_proto::federation::enrolment_service_client::EnrolmentServiceClient;
use duikou_proto::sign::Signer;
use duikou_proto::v1::signed::Type;
use duikou_proto::v1::{Lane, Record, Signed, Withdrawal, WithdrawalReason};
use prost::Message;

use crate::harness::{NETWORK, Server, dial, directory_entries, now};

/// How far ahead what is forged expires: a day.
const DAY: i64 = 24 * 3600 * 1_000_000;

/// The first signing key of `member`, from the folder of its node.
///
/// # Panics
/// Where it does not lie there.
pub fn signer(node: &Server, member: &str) -> Signer {
    read(1, &node.dir().join("keys").join(format!("{member}.{NETWORK}.1.signing")))
}

/// A key that no directory knows, under the number of one that it does.
pub fn stranger() -> Signer {
    Signer::from_seed(1, [0x66; 32])
}

fn read(number: i32, file: &Path) -> Signer {
    Signer::new(number, SigningKeyFile::new(file).read().expect("a signing key"))
}

/// A sound public record `members/MEMBER/listings/ID` with a body that says `text`; a reader can make nothing of that.
pub fn draft(member: &str, id: &str, text: &str) -> Record {
    let now = now();
    Record {
        name: format!("members/{member}.{NETWORK}/listings/{id}"),
        revision: now,
        kind: "capital".to_owned(),
        lane: Lane::Bulk.into(),
        scopes: vec!["public".to_owned()],
        publish_time: now,
        update_time: now,
        expire_time: now + DAY,
        body: Bytes::from(text.to_owned()),
    }
}

/// A sound record, changed, and signed as it then is.
pub fn record(signer: &Signer, member: &str, id: &str, change: impl FnOnce(&mut Record)) -> Signed {
    let mut record = draft(member, id, &format!("the words of {id}"));
    change(&mut record);
    envelope(signer, Type::Record, &record)
}

/// What ends `record` for everybody who could see it.
pub fn withdrawal(record: &Record) -> Withdrawal {
    Withdrawal {
        name: record.name.clone(),
        revision: record.revision + 1,
        kind: record.kind.clone(),
        lane: record.lane,
        scopes: record.scopes.clone(),
        keep_until: record.expire_time + DAY,
        reason: WithdrawalReason::Deleted.into(),
    }
}

/// A statement, signed.
///
/// # Panics
/// Never.
pub fn envelope(signer: &Signer, kind: Type, statement: &impl Message) -> Signed {
    Signed::decode(signer.sign(kind, statement.encode_to_vec())).expect("just encoded")
}

/// The record with this change and the signature that it had before.
///
/// # Panics
/// Where it holds no record.
pub fn altered(signed: Signed, change: impl FnOnce(&mut Record)) -> Signed {
    let mut record = Record::decode(signed.payload).expect("a record");
    change(&mut record);
    Signed { payload: record.encode_to_vec().into(), ..signed }
}

/// The directory's log in the gateway's folder.
///
/// # Panics
/// Where it cannot be read.
pub async fn entries(gateway: &Server) -> Vec<Signed> {
    let entries = directory_entries(gateway.dir()).await.expect("a gateway keeps the directory");
    entries.into_iter().map(|entry| Signed::decode(&*entry).expect("an envelope")).collect()
}

/// Entries for these acts after the last of `log`, each following the one before, signed with the gateway's directory
/// key, whether or not they make sense.
///
/// # Panics
/// Where the log is empty.
pub fn fork(gateway: &Server, log: &[Signed], acts: impl IntoIterator<Item = Action>) -> Vec<Signed> {
    let signer = read(1, &gateway.dir().join("directory.key"));
    let mut last = log.last().expect("a log").clone();
    let entries = acts.into_iter().map(|act| {
        let before = directory::read(&last.encode_to_vec()).expect("an entry");
        let link = Link { index: before.entry.index, hash: before.hash, time: before.entry.time };
        last = Signed::decode(directory::next(&link, &signer, now(), act)).expect("just encoded");
        last.clone()
    });
    entries.collect()
}

/// Brings the gateway these entries, as a node does whose gateway has lost some.
///
/// # Panics
/// Where it does not take them.
pub async fn offer_directory(gateway: &Server, node: &Server, entries: Vec<Signed>) {
    let address = gateway.addresses().link.expect("a gateway takes links");
    let channel = dial(node, &address).connect().await.expect("it listens");
    let offered = EnrolmentServiceClient::new(channel).offer_directory(OfferDirectoryRequest { entries }).await;
    offered.unwrap_or_else(|status| panic!("{status}"));
}
