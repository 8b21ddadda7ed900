//! A hash of a set that is kept up to date element by element: LtHash with 1,024 lanes of 16 bits, as in Lewi, Kim,
//! Maykov and Weis, "Securing Update Propagation with Homomorphic Hashing" (2019), on BLAKE3's output mode.
//!
//! Two sets have one digest only if they are equal, in whatever order their elements came and went.

use std::fmt;

use crate::envelope::Part;

const LANES: usize = 1024;
const LANE_BYTES: usize = 2;
/// So many elements are kept as they are: what is small stays small.
const FEW: usize = 16;
const CONTEXT: &str = "duikou.v1 set element";

/// An element of a set, by its BLAKE3.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Element([u8; 32]);

impl Element {
    /// A state of a name: name, revision and payload.
    pub fn of(part: &Part) -> Self {
        Self::new(part.name().as_str(), part.revision(), part.hash())
    }

    /// The same from its pieces; `payload_hash` is the BLAKE3 of the payload.
    pub fn new(name: &str, revision: i64, payload_hash: &[u8; 32]) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
        hasher.update(&(name.len() as u64).to_le_bytes());
        hasher.update(name.as_bytes());
        hasher.update(&revision.to_le_bytes());
        hasher.update(payload_hash);
        Self(*hasher.finalize().as_bytes())
    }

    /// The one that this hash stands for; None where it has not 32 octets.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The hash that stands for it.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn lanes(&self) -> [u16; LANES] {
        let mut bytes = [0; LANES * LANE_BYTES];
        blake3::Hasher::new().update(&self.0).finalize_xof().fill(&mut bytes);
        let mut lanes = [0; LANES];
        for (lane, pair) in lanes.iter_mut().zip(bytes.as_chunks::<LANE_BYTES>().0) {
            *lane = u16::from_le_bytes(*pair);
        }
        lanes
    }
}

impl fmt::Debug for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::hex::hex(&self.0[..8]))
    }
}

#[derive(Clone)]
enum State {
    Few(Vec<Element>),
    Sum(Box<[u16; LANES]>),
}

/// The state of a set: 2 KiB, less for small sets.
#[derive(Clone)]
pub struct SetHash {
    state: State,
    count: i64,
}

impl Default for SetHash {
    fn default() -> Self {
        Self { state: State::Few(Vec::new()), count: 0 }
    }
}

impl SetHash {
    /// How many elements it has: those that were added less those that were removed.
    pub fn count(&self) -> i64 {
        self.count
    }

    /// Whether nothing is in it, nor owed to it.
    pub fn is_empty(&self) -> bool {
        match &self.state {
            State::Few(elements) => elements.is_empty(),
            State::Sum(lanes) => self.count == 0 && lanes.iter().all(|lane| *lane == 0),
        }
    }

    /// Puts an element in.
    pub fn add(&mut self, element: &Element) {
        self.count += 1;
        match &mut self.state {
            State::Few(elements) if elements.len() < FEW => elements.push(*element),
            _ => combine(self.sum(), element, u16::wrapping_add),
        }
    }

    /// Takes an element out. One that is not in it is owed, and vanishes when it is put in.
    pub fn remove(&mut self, element: &Element) {
        self.count -= 1;
        if let State::Few(elements) = &mut self.state
            && let Some(at) = elements.iter().position(|held| held == element)
        {
            elements.swap_remove(at);
            return;
        }
        combine(self.sum(), element, u16::wrapping_sub);
        if self.is_empty() {
            self.state = State::Few(Vec::new());
        }
    }

    /// BLAKE3 of the 1,024 lanes, each in two octets, the lower first.
    pub fn digest(&self) -> [u8; 32] {
        let lanes = match &self.state {
            State::Few(elements) => summed(elements),
            State::Sum(lanes) => lanes.clone(),
        };
        let mut bytes = [0; LANES * LANE_BYTES];
        for (pair, lane) in bytes.as_chunks_mut::<LANE_BYTES>().0.iter_mut().zip(lanes.iter()) {
            *pair = lane.to_le_bytes();
        }
        *blake3::hash(&bytes).as_bytes()
    }

    fn sum(&mut self) -> &mut [u16; LANES] {
        if let State::Few(elements) = &self.state {
            self.state = State::Sum(summed(elements));
        }
        match &mut self.state {
            State::Sum(lanes) => lanes,
            State::Few(_) => unreachable!("it was made a sum"),
        }
    }
}

fn summed(elements: &[Element]) -> Box<[u16; LANES]> {
    let mut lanes = Box::new([0; LANES]);
    elements.iter().for_each(|element| combine(&mut lanes, element, u16::wrapping_add));
    lanes
}

fn combine(lanes: &mut [u16; LANES], element: &Element, with: fn(u16, u16) -> u16) {
    for (lane, other) in lanes.iter_mut().zip(element.lanes()) {
        *lane = with(*lane, other);
    }
}

impl PartialEq for SetHash {
    fn eq(&self, other: &Self) -> bool {
        self.count == other.count && self.digest() == other.digest()
    }
}

impl Eq for SetHash {}

impl fmt::Debug for SetHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} elements {}", self.count, crate::hex::hex(&self.digest()[..8]))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn element(number: u8) -> Element {
        Element::new("members/a.n/listings/x", i64::from(number), &[number; 32])
    }

    fn of(numbers: impl IntoIterator<Item = u8>) -> SetHash {
        let mut hash = SetHash::default();
        numbers.into_iter().for_each(|number| hash.add(&element(number)));
        hash
    }

    proptest! {
        /// However elements come and go, and however large the set was in between, the digest is that of what is in
        /// it; and no other set has it.
        #[test]
        fn it_depends_on_what_is_in_it_alone(steps in proptest::collection::vec(0u8..40, 0..120), other in 0u8..40) {
            let (mut hash, mut set) = (SetHash::default(), BTreeSet::new());
            for step in steps {
                if set.insert(step) {
                    hash.add(&element(step));
                } else {
                    set.remove(&step);
                    hash.remove(&element(step));
                }
            }
            prop_assert_eq!(&hash, &of(set.iter().rev().copied()));
            prop_assert_eq!(hash.count(), set.len() as i64);
            prop_assert_eq!(hash.is_empty(), set.is_empty());
            let differs = if set.contains(&other) { set.iter().copied().filter(|n| *n != other).collect() } else {
                set.iter().copied().chain([other]).collect::<Vec<_>>()
            };
            prop_assert_ne!(hash.digest(), of(differs).digest());
        }

        /// Taking out first and putting in later comes to the same.
        #[test]
        fn what_is_owed_vanishes_when_it_comes(numbers in proptest::collection::btree_set(0u8..60, 0..40), early in 0u8..60) {
            let mut hash = SetHash::default();
            hash.remove(&element(early));
            numbers.iter().for_each(|number| hash.add(&element(*number)));
            hash.add(&element(early));
            prop_assert_eq!(hash, of(numbers));
        }
    }

    #[test]
    fn name_revision_and_payload_are_told_apart() {
        let base = Element::new("ab", 1, &[0; 32]);
        for other in [Element::new("a", 1, &[0; 32]), Element::new("ab", 2, &[0; 32]), Element::new("ab", 1, &[1; 32])]
        {
            assert_ne!(base, other);
        }
    }

    /// Other implementations must come to the same.
    #[test]
    fn digests_are_part_of_the_contract() {
        let hex = |hash: &SetHash| crate::hex::hex(&hash.digest());
        assert_eq!(hex(&SetHash::default()), crate::hex::hex(blake3::hash(&[0; 2048]).as_bytes()));
        assert_eq!(hex(&of([1, 2, 3])), hex(&of([3, 1, 2])));
    }
}
