//! A head that a member's key has signed.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use duikou_proto::directory::Directory;
use duikou_proto::envelope::Micros;
use duikou_proto::name::{MemberId, NodeId};
use duikou_proto::sign::Signer;
use serde::{Deserialize, Serialize};

use super::chain::Head;

/// A head as it was at a time, signed by a key of a member that lives here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// The head.
    pub head: Head,
    /// When, microseconds since 1970 UTC.
    pub time: Micros,
    /// Whose key: a full id.
    pub member: String,
    /// Which of its keys.
    pub key_number: i32,
    /// Base64 of the Ed25519 signature over [`input`].
    pub signature: String,
}

/// What is signed.
fn input(node: &NodeId, head: &Head, time: Micros) -> Vec<u8> {
    format!("duikou.v1.audit\0{node}\0{head}\0{time}").into_bytes()
}

impl Seal {
    /// Signs a head of the chain of `node`.
    pub fn sign(node: &NodeId, head: Head, time: Micros, member: &MemberId, signer: &Signer) -> Self {
        let signature = BASE64_STANDARD.encode(signer.sign_text(&input(node, &head, time)));
        Self { head, time, member: member.to_string(), key_number: signer.number(), signature }
    }

    /// Whether a key that the directory knows, be it past its time, has signed this for `node`.
    pub fn is_good(&self, node: &NodeId, directory: &Directory) -> bool {
        let check = || {
            let member = directory.member_by_text(&self.member)?;
            let key = member.keys.iter().find(|key| key.number == self.key_number)?;
            let signature = BASE64_STANDARD.decode(&self.signature).ok()?;
            key.key.verify(&signature, &input(node, &self.head, self.time)).ok()
        };
        check().is_some()
    }
}
