//! Making and reading single entries.

use bytes::Bytes;
use prost::Message;

use super::DirectoryError;
use crate::envelope::Micros;
use crate::federation::directory_entry::Action;
use crate::federation::{DirectoryEntry, Genesis};
use crate::name::NetworkName;
use crate::sign::{PublicKey, Signer, signing_input};
use crate::v1::Signed;
use crate::v1::signed::Type;

/// Where the log stands: what the next entry must follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Index of the newest entry; -1 before the first.
    pub index: i64,
    /// BLAKE3 of its payload; empty before the first.
    pub hash: Vec<u8>,
    /// When it was made.
    pub time: Micros,
}

impl Link {
    /// Before the first entry.
    pub fn none() -> Self {
        Self { index: -1, hash: Vec::new(), time: 0 }
    }
}

/// Signs entry 0.
pub fn genesis(network: &NetworkName, root: &Signer, directory: &Signer, time: Micros) -> Bytes {
    let action = Genesis {
        network: network.to_string(),
        root_key: root.public().to_bytes().to_vec(),
        directory_key: directory.public().to_bytes().to_vec(),
    };
    let entry = DirectoryEntry { index: 0, previous: Vec::new(), time, action: Some(Action::Genesis(action)) };
    root.sign(Type::Directory, entry.encode_to_vec())
}

/// Signs the entry after `last`.
pub fn next(last: &Link, directory: &Signer, time: Micros, action: Action) -> Bytes {
    let entry = DirectoryEntry {
        index: last.index + 1,
        previous: last.hash.clone(),
        time: time.max(last.time),
        action: Some(action),
    };
    directory.sign(Type::Directory, entry.encode_to_vec())
}

/// An entry with what is needed to check its signature.
#[derive(Debug, Clone)]
pub struct Read {
    /// The entry.
    pub entry: DirectoryEntry,
    /// BLAKE3 of its payload.
    pub hash: Vec<u8>,
    signed: Signed,
}

impl Read {
    /// Whether `key`, as number `number`, signed it.
    pub(super) fn is_signed_by(&self, number: i32, key: &PublicKey) -> bool {
        self.signed.key_number == number
            && key.verify(&self.signed.signature, &signing_input(Type::Directory, &self.signed.payload)).is_ok()
    }

    /// The number of the key that is said to have signed it.
    pub(super) fn key_number(&self) -> i32 {
        self.signed.key_number
    }
}

/// Decodes an encoded [`Signed`] without checking its signature.
///
/// # Errors
/// Where it is no directory entry.
pub fn read(bytes: &[u8]) -> Result<Read, DirectoryError> {
    let malformed = |detail: &str| DirectoryError::Malformed { index: -1, detail: detail.to_owned() };
    let signed = Signed::decode(bytes).map_err(|_| malformed("not an envelope"))?;
    if signed.r#type() != Type::Directory {
        return Err(malformed("of another type"));
    }
    let entry = DirectoryEntry::decode(signed.payload.clone()).map_err(|_| malformed("not an entry"))?;
    let hash = blake3::hash(&signed.payload).as_bytes().to_vec();
    Ok(Read { entry, hash, signed })
}
