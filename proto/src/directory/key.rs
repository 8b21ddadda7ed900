//! The keys of one member over time.

use crate::envelope::Micros;
use crate::federation::key::Purpose;
use crate::name::{MemberId, NetworkName};
use crate::sign::PublicKey;

/// One signing key of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberKey {
    /// From 1.
    pub number: i32,
    /// The key.
    pub key: PublicKey,
    /// From when it signs.
    pub valid_from: Micros,
    /// When it ceases to verify; None for the newest.
    pub valid_until: Option<Micros>,
    /// When the directory introduced it.
    pub introduced: Micros,
    /// Whether the root introduced it, in place of a lost one.
    pub by_root: bool,
}

/// A key that others seal to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EncryptionKey {
    /// From 1.
    pub number: i32,
    /// X25519, 32 octets.
    pub key: Vec<u8>,
    /// When the directory introduced it.
    pub introduced: Micros,
    /// Whether the root introduced it, in place of a lost one.
    pub by_root: bool,
}

/// All signing keys of a member, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyRing(Vec<MemberKey>);

impl KeyRing {
    /// Adds `key`; those before it verify until `predecessors_until` at most.
    pub(super) fn push(&mut self, key: MemberKey, predecessors_until: Micros) {
        for old in &mut self.0 {
            let until = old.valid_until.map_or(predecessors_until, |until| until.min(predecessors_until));
            old.valid_until = Some(until);
        }
        self.0.push(key);
    }

    /// The newest.
    pub fn newest(&self) -> Option<&MemberKey> {
        self.0.last()
    }

    /// All of them, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &MemberKey> {
        self.0.iter()
    }

    /// Key `number` if it verifies at `now`.
    pub fn verifying(&self, number: i32, now: Micros) -> Option<PublicKey> {
        let key = self.0.iter().find(|key| key.number == number)?;
        key.valid_until.is_none_or(|until| now < until).then_some(key.key)
    }
}

/// What the key before (or the root) signs to introduce a member's key.
pub fn member_key_input(member: &MemberId, purpose: Purpose, number: i32, public_key: &[u8]) -> Vec<u8> {
    let mut input = b"duikou.v1.key".to_vec();
    input.extend_from_slice(member.as_str().as_bytes());
    input.push(0);
    input.extend_from_slice(&(purpose as i32).to_be_bytes());
    input.extend_from_slice(&number.to_be_bytes());
    input.extend_from_slice(public_key);
    input
}

/// What the root signs to vouch for a certificate authority.
pub fn authority_input(network: &NetworkName, generation: i64, public_key: &[u8]) -> Vec<u8> {
    let mut input = b"duikou.v1.authority".to_vec();
    input.extend_from_slice(network.as_str().as_bytes());
    input.push(0);
    input.extend_from_slice(&generation.to_be_bytes());
    input.extend_from_slice(public_key);
    input
}

/// What the root signs to introduce a directory key.
pub fn directory_key_input(number: i32, public_key: &[u8]) -> Vec<u8> {
    let mut input = b"duikou.v1.directory-key".to_vec();
    input.extend_from_slice(&number.to_be_bytes());
    input.extend_from_slice(public_key);
    input
}
