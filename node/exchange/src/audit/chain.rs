//! The head of the chain, and how an entry moves it.

use std::fmt;
use std::str::FromStr;

use duikou_proto::envelope::Micros;
use duikou_proto::hex::hex;
use serde::{Deserialize, Serialize};

use super::entry::{Actor, Entry, Event};

/// BLAKE3 of an entry's bytes: what `b3sum` says of its line in an export.
#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hash(pub [u8; 32]);

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

impl FromStr for Hash {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        blake3::Hash::from_hex(text).map(|hash| Self(*hash.as_bytes())).map_err(|_| "no hash in hexadecimal")
    }
}

impl TryFrom<String> for Hash {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> Self {
        hash.to_string()
    }
}

/// The hash of an entry's bytes.
pub fn hash(bytes: &[u8]) -> Hash {
    Hash(*blake3::hash(bytes).as_bytes())
}

/// The newest entry: its number and its hash. Of an empty chain: 0 and zeros.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// How many entries there are.
    pub number: u64,
    /// The hash of the newest.
    pub hash: Hash,
}

impl Head {
    /// The next entry, with its bytes; they are the head afterwards.
    pub fn follow(&mut self, time: Micros, actor: &Actor, event: Event) -> (Entry, Vec<u8>) {
        let entry = Entry::new(self.number + 1, time, actor, event, self.hash);
        // A struct of texts and numbers has a JSON form.
        let bytes = serde_json::to_vec(&entry).unwrap_or_default();
        *self = Self { number: entry.number, hash: hash(&bytes) };
        (entry, bytes)
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.number, self.hash)
    }
}

impl FromStr for Head {
    type Err = &'static str;

    /// Reads `NUMBER:HASH`, as `audit verify` writes it.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (number, hash) = text.split_once(':').ok_or("a head is written NUMBER:HASH")?;
        let number = number.parse().map_err(|_| "a head begins with a number")?;
        Ok(Self { number, hash: hash.parse()? })
    }
}
