//! A head that a key has signed by which others know this server.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use duikou_proto::directory::Directory;
use duikou_proto::envelope::Micros;
use duikou_proto::name::{MemberId, NodeId};
use duikou_proto::sign::Signer;
use serde::{Deserialize, Serialize};

use super::chain::Head;

/// A head as it was at a time, signed by a key of a member that lives here, or by the directory key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// The head.
    pub head: Head,
    /// When, microseconds since 1970 UTC.
    pub time: Micros,
    /// Whose key: a full id; empty: the directory's.
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
    /// Signs a head of the chain of `node`, by a key of `member` or else by the directory key.
    pub fn sign(node: &NodeId, head: Head, time: Micros, member: Option<&MemberId>, signer: &Signer) -> Self {
        let signature = BASE64_STANDARD.encode(signer.sign_text(&input(node, &head, time)));
        let member = member.map(ToString::to_string).unwrap_or_default();
        Self { head, time, member, key_number: signer.number(), signature }
    }

    /// Whether a key that the directory knows, be it past its time, has signed this for `node`.
    pub fn is_good(&self, node: &NodeId, directory: &Directory) -> bool {
        let check = || {
            let key = if self.member.is_empty() {
                directory.directory_key_numbered(self.key_number)?
            } else {
                let member = directory.member_by_text(&self.member)?;
                member.keys.iter().find(|key| key.number == self.key_number)?.key
            };
            let signature = BASE64_STANDARD.decode(&self.signature).ok()?;
            key.verify(&signature, &input(node, &self.head, self.time)).ok()
        };
        check().is_some()
    }
}
