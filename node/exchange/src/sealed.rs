//! Bytes that nobody reads or changes without a key: ChaCha20-Poly1305 (RFC 8439) under a nonce that goes before. It is
//! random, or the start of a keyed hash of the text: then the same text is the same bytes, and says no more than that.

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use crate::world::random;

fn key_of(key: &[u8; 32]) -> Option<LessSafeKey> {
    UnboundKey::new(&CHACHA20_POLY1305, key).ok().map(LessSafeKey::new)
}

/// Seals `plain`. Nothing is sealed to nothing, which opens under no key.
pub fn seal(key: &[u8; 32], plain: Vec<u8>) -> Vec<u8> {
    under(random(), key, plain)
}

/// Seals `plain`, each time to the same. Two texts share a nonce no more often than two random ones are the same.
pub fn seal_alike(key: &[u8; 32], plain: Vec<u8>) -> Vec<u8> {
    let hash = blake3::keyed_hash(&blake3::derive_key("duikou nonce of a text, form 1", key), &plain);
    let mut nonce = [0; NONCE_LEN];
    nonce.copy_from_slice(&hash.as_bytes()[..NONCE_LEN]);
    under(nonce, key, plain)
}

fn under(nonce: [u8; NONCE_LEN], key: &[u8; 32], mut plain: Vec<u8>) -> Vec<u8> {
    let unique = Nonce::assume_unique_for_key(nonce);
    // A key of this length is one, and what is held in memory is never too long.
    let sealed = key_of(key).is_some_and(|key| key.seal_in_place_append_tag(unique, Aad::empty(), &mut plain).is_ok());
    if sealed { [&nonce[..], &plain].concat() } else { Vec::new() }
}

/// Opens what [`seal`] made with the same key; None where it is anything else.
pub fn open(key: &[u8; 32], sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
    let mut text = text.to_vec();
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let length = key_of(key)?.open_in_place(nonce, Aad::empty(), &mut text).ok()?.len();
    text.truncate(length);
    Some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_opens_as_it_was_under_its_key_alone(
            key: [u8; 32],
            other: [u8; 32],
            plain in prop::collection::vec(any::<u8>(), 0..200),
            at: prop::sample::Index,
            alike: bool,
        ) {
            let seal = if alike { seal_alike } else { seal };
            let mut sealed = seal(&key, plain.clone());
            prop_assert_eq!(seal(&key, plain.clone()) == sealed, alike);
            prop_assert_eq!(open(&key, &sealed), Some(plain));
            prop_assert!(key == other || open(&other, &sealed).is_none());
            let at = at.index(sealed.len());
            sealed[at] ^= 1;
            prop_assert_eq!(open(&key, &sealed), None);
        }

        #[test]
        fn texts_that_differ_have_nonces_that_differ(key: [u8; 32], one: [u8; 16], other: [u8; 16]) {
            let nonce = |plain: [u8; 16]| seal_alike(&key, plain.to_vec())[..NONCE_LEN].to_vec();
            prop_assert_eq!(nonce(one) == nonce(other), one == other);
        }

        #[test]
        fn nothing_is_too_strange_to_be_refused(key: [u8; 32], bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            prop_assert_eq!(open(&key, &bytes), None);
        }
    }
}
