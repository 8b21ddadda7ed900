//! Invites: one-time join tokens, of which only the hash is kept.

use duikou_proto::envelope::Micros;
use serde::{Deserialize, Serialize};

/// What an invite allows, kept under the hash of its secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Invite {
    pub(crate) member: String,
    pub(crate) name_zh: String,
    pub(crate) name_en: String,
    pub(crate) region: String,
    pub(crate) longitude: f64,
    pub(crate) latitude: f64,
    pub(crate) circles: Vec<String>,
    pub(crate) replace_keys: bool,
    pub(crate) expire_time: Micros,
}

/// Who used an invite: the same may come again, where the answer was lost on the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Use {
    pub(crate) node: String,
    pub(crate) signing_key: String,
}

fn hash(secret: &[u8]) -> blake3::Hash {
    blake3::hash(secret)
}

/// Where the invite with this secret is kept.
pub(crate) fn key(secret: &[u8]) -> String {
    format!("invite/{}", hash(secret).to_hex())
}

/// Where it is kept who used it.
pub(crate) fn use_key(secret: &[u8]) -> String {
    format!("invite-use/{}", hash(secret).to_hex())
}
