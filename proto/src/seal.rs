//! Sealing to members: what only they can read, whoever carries it. See `Sealed` in the contract for the form.
//!
//! Base mode of HPKE does not say who sealed: the sender signs outside. The name under which a thing is sealed, and each
//! recipient, are bound, so that it opens in its place alone.

use std::borrow::Borrow;

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
use thiserror::Error;

use crate::chance::Chance;
use crate::directory::EncryptionKey;
use crate::limits;
use crate::name::MemberId;
use crate::v1::{Sealed, SealedKey};

/// Why nothing was sealed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SealError {
    /// Nobody, or more than [`limits::SEALED_RECIPIENTS`].
    #[error("it is sealed to 1 to {most} members, not to {0}", most = limits::SEALED_RECIPIENTS)]
    Recipients(usize),
    /// Larger than [`limits::SEALED_BYTES`].
    #[error("it has {0} bytes, more than can be sealed")]
    TooLarge(usize),
    /// The directory names no key to which anything can be sealed.
    #[error("the encryption key of {0} is none")]
    Key(MemberId),
}

/// It was sealed to somebody else, under another name or another key, or was altered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("it does not open")]
pub struct Unopened;

/// A length of which there are few.
const STEP: usize = 256;
/// Ends the plain text; zeros follow.
const END: u8 = 0x80;
const KEY: usize = 32;
const TAG: usize = 16;

/// Seals `content` under `name` to these members, by their encryption keys in the directory. `chance` must be known to
/// nobody and be used once.
///
/// # Errors
/// Where there are too many of them or none, the content is too large, or a key is none.
pub fn seal(
    name: &str,
    content: &[u8],
    recipients: &[(&MemberId, &EncryptionKey)],
    chance: [u8; 32],
) -> Result<Sealed, SealError> {
    if recipients.is_empty() || recipients.len() > limits::SEALED_RECIPIENTS {
        return Err(SealError::Recipients(recipients.len()));
    }
    let padded = padded(content.len());
    if padded + TAG > limits::SEALED_BYTES {
        return Err(SealError::TooLarge(content.len()));
    }
    let mut chance = Chance::new(chance);
    let mut key = [0; KEY];
    chance.fill(&mut key);
    let keys = recipients.iter().map(|(member, to)| seal_key(name, &key, member, to, &mut chance));
    let keys = keys.collect::<Result<Vec<_>, _>>()?;
    let mut sealed = Vec::with_capacity(padded + TAG);
    sealed.extend_from_slice(content);
    sealed.push(END);
    sealed.resize(padded, 0);
    cipher(&key)
        .seal_in_place_append_tag(nonce(), Aad::from(name.as_bytes()), &mut sealed)
        .map_err(|_| SealError::TooLarge(content.len()))?;
    Ok(Sealed { keys, content: sealed })
}

/// What `member` reads of it. `key` gives the member's private key with a number: the X25519 scalar.
///
/// # Errors
/// Where it was not sealed to this member under this name with a key that is there, or is no longer as it was sealed.
pub fn open<K: Borrow<[u8; KEY]>>(
    name: &str,
    sealed: &Sealed,
    member: &MemberId,
    key: impl Fn(i32) -> Option<K>,
) -> Result<Vec<u8>, Unopened> {
    if sealed.keys.len() > limits::SEALED_RECIPIENTS || sealed.content.len() > limits::SEALED_BYTES {
        return Err(Unopened);
    }
    let mut own = sealed.keys.iter().filter(|wrapped| wrapped.member == member.as_str());
    let content_key =
        own.find_map(|wrapped| open_key(name, wrapped, member, key(wrapped.key_number)?.borrow())).ok_or(Unopened)?;
    let mut content = sealed.content.clone();
    let aad = Aad::from(name.as_bytes());
    let length = cipher(&content_key).open_in_place(nonce(), aad, &mut content).map_err(|_| Unopened)?.len();
    content.truncate(length);
    let end = content.iter().rposition(|octet| *octet != 0).filter(|at| content[*at] == END).ok_or(Unopened)?;
    content.truncate(end);
    Ok(content)
}

/// The public half of a private key.
///
/// # Errors
/// Never for 32 octets; the type cannot say so.
pub fn public(key: &[u8; KEY]) -> Result<[u8; KEY], Unopened> {
    let key = <X25519HkdfSha256 as Kem>::PrivateKey::from_bytes(key).map_err(|_| Unopened)?;
    Ok(X25519HkdfSha256::sk_to_pk(&key).to_bytes().into())
}

/// Of 256 octets a multiple, and of more a multiple of an eighth of the next power of two.
fn padded(length: usize) -> usize {
    let whole = length + 1;
    whole.next_multiple_of((whole.next_power_of_two() / 8).max(STEP))
}

fn seal_key(
    name: &str,
    key: &[u8; KEY],
    member: &MemberId,
    to: &EncryptionKey,
    chance: &mut Chance,
) -> Result<SealedKey, SealError> {
    let none = || SealError::Key(member.clone());
    let public = <X25519HkdfSha256 as Kem>::PublicKey::from_bytes(&to.key).map_err(|_| none())?;
    let (encapsulated, sealed) = hpke::single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
        &OpModeS::Base,
        &public,
        &info(name, member, to.number),
        key,
        b"",
        chance,
    )
    .map_err(|_| none())?;
    let encapsulated = encapsulated.to_bytes().to_vec();
    Ok(SealedKey { member: member.to_string(), key_number: to.number, encapsulated, sealed })
}

fn open_key(name: &str, wrapped: &SealedKey, member: &MemberId, key: &[u8; KEY]) -> Option<[u8; KEY]> {
    let key = <X25519HkdfSha256 as Kem>::PrivateKey::from_bytes(key).ok()?;
    let encapsulated = <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(&wrapped.encapsulated).ok()?;
    let info = info(name, member, wrapped.key_number);
    let opened = hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
        &OpModeR::Base,
        &key,
        &encapsulated,
        &info,
        &wrapped.sealed,
        b"",
    );
    opened.ok()?.try_into().ok()
}

fn info(name: &str, member: &MemberId, number: i32) -> Vec<u8> {
    let mut info = Vec::new();
    for part in [b"duikou.v1 sealed", name.as_bytes(), member.as_str().as_bytes(), &number.to_be_bytes()[..]] {
        info.extend_from_slice(&(part.len() as u64).to_be_bytes());
        info.extend_from_slice(part);
    }
    info
}

fn cipher(key: &[u8; KEY]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, key).expect("a key of 32 octets"))
}

/// Zeros: no key seals two things.
fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn member(id: &str) -> MemberId {
        format!("{id}.pprd.example").parse().unwrap()
    }

    fn octets(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    fn key_of(secret: [u8; 32], number: i32) -> EncryptionKey {
        EncryptionKey { number, key: public(&secret).unwrap().to_vec(), ..EncryptionKey::default() }
    }

    #[test]
    fn the_suite_is_that_of_rfc_9180_appendix_a_2_1() {
        let secret = octets("8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb");
        let key = <X25519HkdfSha256 as Kem>::PrivateKey::from_bytes(&secret).unwrap();
        assert_eq!(
            X25519HkdfSha256::sk_to_pk(&key).to_bytes().to_vec(),
            octets("4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a")
        );
        let encapsulated = octets("1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a");
        let encapsulated = <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(&encapsulated).unwrap();
        let ciphertext =
            octets("1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28");
        let opened = hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &key,
            &encapsulated,
            b"Ode on a Grecian Urn",
            &ciphertext,
            b"Count-0",
        );
        assert_eq!(opened.unwrap(), b"Beauty is truth, truth beauty");
    }

    #[test]
    fn two_recipients_read_the_same_and_a_third_nothing() {
        let (a, b, c) = (member("a"), member("b"), member("c"));
        let keys = [key_of([1; 32], 1), key_of([2; 32], 7)];
        let sealed = seal("n", b"between us", &[(&a, &keys[0]), (&b, &keys[1])], [9; 32]).unwrap();
        assert_eq!(open("n", &sealed, &a, |number| (number == 1).then_some([1; 32])).unwrap(), b"between us");
        assert_eq!(open("n", &sealed, &b, |number| (number == 7).then_some([2; 32])).unwrap(), b"between us");
        assert_eq!(open("n", &sealed, &c, |_| Some([1; 32])), Err(Unopened));
        assert_eq!(open("n", &sealed, &b, |number| (number == 1).then_some([2; 32])), Err(Unopened), "no such key");
    }

    #[test]
    fn what_cannot_be_sealed_is_refused() {
        let (a, key) = (member("a"), key_of([1; 32], 1));
        assert_eq!(seal("n", b"", &[], [0; 32]), Err(SealError::Recipients(0)));
        assert_eq!(seal("n", b"", &[(&a, &key); 9], [0; 32]), Err(SealError::Recipients(9)));
        let large = vec![0; limits::SEALED_BYTES];
        assert_eq!(seal("n", &large, &[(&a, &key)], [0; 32]), Err(SealError::TooLarge(large.len())));
        for none in [Vec::new(), vec![0; 32], vec![7; 31]] {
            let key = EncryptionKey { number: 1, key: none, ..EncryptionKey::default() };
            assert_eq!(seal("n", b"", &[(&a, &key)], [0; 32]), Err(SealError::Key(a.clone())));
        }
    }

    #[test]
    fn lengths_are_few() {
        let lengths: std::collections::BTreeSet<usize> = (0..100_000).map(padded).collect();
        assert!(lengths.len() < 60, "{}", lengths.len());
        assert!((0..1_000_000).step_by(7).all(|length| padded(length) <= (length + 1).max(4 * STEP) / 4 * 5 + STEP));
    }

    proptest! {
        #[test]
        fn it_opens_in_its_place_alone(
            content in proptest::collection::vec(any::<u8>(), 0..2000),
            secret in any::<[u8; 32]>(),
            chance in any::<[u8; 32]>(),
            flip in any::<(usize, u8)>(),
        ) {
            let (a, key) = (member("a"), key_of(secret, 3));
            let sealed = seal("name", &content, &[(&a, &key)], chance).unwrap();
            let opens = |name: &str, sealed: &Sealed, member: &MemberId, secret: [u8; 32]| {
                open(name, sealed, member, |_| Some(secret))
            };
            prop_assert_eq!(opens("name", &sealed, &a, secret), Ok(content.clone()));
            prop_assert_eq!(opens("other", &sealed, &a, secret), Err(Unopened));
            let mut other = secret;
            other[5] ^= 1;
            prop_assert_eq!(opens("name", &sealed, &a, other), Err(Unopened));
            let renamed = |change: fn(&mut SealedKey)| {
                let mut sealed = sealed.clone();
                change(&mut sealed.keys[0]);
                sealed
            };
            let to_b = renamed(|key| key.member = "b.pprd.example".to_owned());
            prop_assert_eq!(opens("name", &to_b, &member("b"), secret), Err(Unopened));
            prop_assert_eq!(opens("name", &renamed(|key| key.key_number = 4), &a, secret), Err(Unopened));

            let mut altered = sealed.clone();
            let at = flip.0 % altered.content.len();
            altered.content[at] ^= flip.1.max(1);
            prop_assert_eq!(opens("name", &altered, &a, secret), Err(Unopened));
            let mut altered = sealed.clone();
            let at = flip.0 % altered.keys[0].sealed.len();
            altered.keys[0].sealed[at] ^= flip.1.max(1);
            prop_assert_eq!(opens("name", &altered, &a, secret), Err(Unopened));
            let mut altered = sealed;
            altered.content.truncate(flip.0 % altered.content.len());
            prop_assert_eq!(opens("name", &altered, &a, secret), Err(Unopened));
        }
    }
}
