//! Signing and verifying: Ed25519 by the ZIP-215 rule, one by one and in batches alike.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::signature::Ed25519KeyPair;
use bytes::Bytes;
use ed25519_zebra::{Signature, SigningKey, VerificationKey, VerificationKeyBytes, batch};
use prost::Message;
use thiserror::Error;

use crate::chance::Chance;
use crate::v1::Signed;
use crate::v1::signed::Type;

/// What a signature covers: a fixed text, the type and the exact payload.
pub fn signing_input(kind: Type, payload: &[u8]) -> Vec<u8> {
    let mut input = Vec::with_capacity(10 + payload.len());
    input.extend_from_slice(b"duikou.v1");
    input.push(kind as u8);
    input.extend_from_slice(payload);
    input
}

/// A signature that does not verify, or a key that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the signature does not verify")]
pub struct BadSignature;

/// Half of a key that everybody may know.
#[derive(Clone, Copy)]
pub struct PublicKey(VerificationKey);

// The point was read from these bytes: to compare points takes a multiplication each.
impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.to_bytes() == other.to_bytes()
    }
}

impl Eq for PublicKey {}

impl PublicKey {
    /// Reads 32 bytes.
    ///
    /// # Errors
    /// Where they are no point of the curve, or one of small order, for which anything verifies.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BadSignature> {
        let bytes: [u8; 32] = bytes.try_into().map_err(|_| BadSignature)?;
        if SMALL_ORDER.contains(&bytes) {
            return Err(BadSignature);
        }
        VerificationKey::try_from(VerificationKeyBytes::from(bytes)).map(Self).map_err(|_| BadSignature)
    }

    /// The 32 bytes.
    pub fn to_bytes(self) -> [u8; 32] {
        self.0.into()
    }

    /// BLAKE3 of the key, hexadecimal: what people compare.
    pub fn fingerprint(&self) -> String {
        blake3::hash(&self.to_bytes()).to_hex().to_string()
    }

    /// Checks one signature over any text.
    ///
    /// # Errors
    /// Where it does not verify.
    pub fn verify(&self, signature: &[u8], input: &[u8]) -> Result<(), BadSignature> {
        let signature = Signature::try_from(signature).map_err(|_| BadSignature)?;
        self.0.verify(&signature, input).map_err(|_| BadSignature)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", &self.fingerprint()[..16])
    }
}

/// Encodings of the eight points of small order that RFC 8032 implementations meet.
const SMALL_ORDER: [[u8; 32]; 8] = {
    const fn end(first: u8, fill: u8, last: u8) -> [u8; 32] {
        let mut bytes = [fill; 32];
        bytes[0] = first;
        bytes[31] = last;
        bytes
    }
    const EIGHT_A: [u8; 32] = [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20,
        0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ];
    const EIGHT_B: [u8; 32] = [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf,
        0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ];
    const fn negated(mut bytes: [u8; 32]) -> [u8; 32] {
        bytes[31] |= 0x80;
        bytes
    }
    [
        end(1, 0, 0),
        end(0xec, 0xff, 0x7f),
        end(0, 0, 0),
        end(0, 0, 0x80),
        EIGHT_A,
        EIGHT_B,
        negated(EIGHT_A),
        negated(EIGHT_B),
    ]
};

/// A key with its number, able to sign. Cheap to clone.
#[derive(Clone)]
pub struct Signer {
    number: i32,
    public: PublicKey,
    // The same signatures as the verifying library would make (RFC 8032 leaves no choice), in half the time.
    pair: Arc<Ed25519KeyPair>,
}

impl Signer {
    /// Key `number` (from 1; 0 for the root) from its 32-byte seed.
    pub fn from_seed(number: i32, seed: [u8; 32]) -> Self {
        Self::new(number, SigningKey::from(seed))
    }

    /// Key `number` itself.
    pub fn new(number: i32, key: SigningKey) -> Self {
        let public = PublicKey(VerificationKey::from(&key));
        let pair = Ed25519KeyPair::from_seed_and_public_key(key.as_ref(), &public.to_bytes());
        Self { number, public, pair: Arc::new(pair.expect("a seed with its own public key is a pair")) }
    }

    /// The same key under another number.
    #[must_use]
    pub fn numbered(&self, number: i32) -> Self {
        Self { number, ..self.clone() }
    }

    /// Its number.
    pub fn number(&self) -> i32 {
        self.number
    }

    /// The half that everybody may know.
    pub fn public(&self) -> PublicKey {
        self.public
    }

    /// Whether it is a clone of `other`.
    pub fn is(&self, other: &Self) -> bool {
        self.number == other.number && Arc::ptr_eq(&self.pair, &other.pair)
    }

    /// Signs any text.
    pub fn sign_text(&self, input: &[u8]) -> Vec<u8> {
        self.pair.sign(input).as_ref().to_vec()
    }

    /// Signs a payload and encodes the envelope.
    pub fn sign(&self, kind: Type, payload: Vec<u8>) -> Bytes {
        let signature = self.sign_text(&signing_input(kind, &payload));
        self.envelope(kind, payload, signature)
    }

    /// Encodes the envelope around a payload and the signature that this key made of it.
    pub(crate) fn envelope(&self, kind: Type, payload: Vec<u8>, signature: Vec<u8>) -> Bytes {
        let signed = Signed { r#type: kind.into(), payload: payload.into(), key_number: self.number, signature };
        signed.encode_to_vec().into()
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer(number {})", self.number)
    }
}

/// One signature to check among many.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Whose it is said to be.
    pub key: PublicKey,
    /// 64 bytes.
    pub signature: Vec<u8>,
    /// What it is said to cover.
    pub input: Vec<u8>,
}

/// Fewer are checked faster one by one.
const TOGETHER: usize = 4;

/// Checks many at once, at about a third of the price; the answers are those of [`PublicKey::verify`], in order.
/// `seed` chooses the random factors and must not be known to those who made the signatures.
pub fn verify_all(claims: &[Claim], seed: [u8; 32]) -> Vec<bool> {
    let one_by_one = || claims.iter().map(|claim| claim.key.verify(&claim.signature, &claim.input).is_ok()).collect();
    if claims.len() < TOGETHER {
        return one_by_one();
    }
    let mut verifier = batch::Verifier::new();
    let mut well_formed = true;
    for claim in claims {
        match Signature::try_from(claim.signature.as_slice()) {
            Ok(signature) => {
                verifier.queue((VerificationKeyBytes::from(claim.key.to_bytes()), signature, &claim.input));
            }
            Err(_) => well_formed = false,
        }
    }
    if well_formed && verifier.verify(Chance::new(seed)).is_ok() {
        return vec![true; claims.len()];
    }
    one_by_one()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(number: u8) -> Claim {
        let signer = Signer::from_seed(1, [number; 32]);
        let input = vec![number; 100];
        Claim { key: signer.public(), signature: signer.sign_text(&input), input }
    }

    #[test]
    fn a_batch_finds_exactly_the_bad_ones() {
        let mut claims: Vec<Claim> = (1..20).map(claim).collect();
        assert_eq!(verify_all(&claims, [7; 32]), vec![true; 19]);
        claims[3].input[0] ^= 1;
        claims[9].signature.truncate(10);
        claims[11].key = claims[0].key;
        let verdicts = verify_all(&claims, [7; 32]);
        let bad: Vec<usize> = (0..19).filter(|i| !verdicts[*i]).collect();
        assert_eq!(bad, [3, 9, 11]);
    }

    #[test]
    fn both_libraries_sign_alike() {
        let seed = [5; 32];
        let ours = Signer::from_seed(1, seed).sign_text(b"some text");
        assert_eq!(ours, SigningKey::from(seed).sign(b"some text").to_bytes());
    }

    #[test]
    fn keys_for_which_anything_verifies_are_none() {
        for key in SMALL_ORDER {
            assert_eq!(PublicKey::from_bytes(&key), Err(BadSignature));
        }
        assert!(PublicKey::from_bytes(&[1; 31]).is_err());
    }

    #[test]
    fn the_type_is_part_of_what_is_signed() {
        let signer = Signer::from_seed(1, [1; 32]);
        let signed = Signed::decode(signer.sign(Type::Record, vec![1, 2, 3])).unwrap();
        assert!(signer.public().verify(&signed.signature, &signing_input(Type::Record, &[1, 2, 3])).is_ok());
        assert!(signer.public().verify(&signed.signature, &signing_input(Type::Withdrawal, &[1, 2, 3])).is_err());
    }
}
