//! Finding drafts: one, a page of a member's, and what belongs to one import.

use duikou_proto::name::{MemberId, RecordName};

use super::change::Key;
use super::fact::{DraftFact, State};
use super::waiting;
use crate::engine::{Engine, facts};
use crate::limits;
use crate::store::{Read, StoreError};

/// Drafts that are read in one statement.
pub(super) const STEP: usize = 256;

/// A draft, or the account of one that was approved.
///
/// # Errors
/// Where the store cannot be read.
pub(crate) async fn get(engine: &Engine, key: &Key) -> Result<Option<DraftFact>, StoreError> {
    let Key { member, id } = key;
    match engine.fact(&format!("{}{id}", facts::drafts(member))).await? {
        Some(open) => Ok(Some(open)),
        None => engine.fact(&format!("{}{id}", facts::drafts_ended(member))).await,
    }
}

/// The draft of a listing that is open; None: there is none.
///
/// # Errors
/// Where the store cannot be read.
pub(crate) async fn open_of(engine: &Engine, listing: &RecordName) -> Result<Option<DraftFact>, StoreError> {
    match engine.fact::<String>(&facts::draft_of(listing)).await? {
        Some(id) => engine.fact(&format!("{}{id}", facts::drafts(&listing.origin()))).await,
        None => Ok(None),
    }
}

/// Which drafts are asked for.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) member: MemberId,
    /// In one of these; empty: all but the approved.
    pub(crate) states: Vec<State>,
    /// By this author; empty: by all.
    pub(crate) author: String,
    /// Of this import; empty: of all and of none.
    pub(crate) batch: String,
    /// Those that were made last before the others.
    pub(crate) newest_first: bool,
}

impl Wanted {
    fn state(&self, state: State) -> bool {
        if self.states.is_empty() { state != State::Approved } else { self.states.contains(&state) }
    }

    fn holds(&self, fact: &DraftFact) -> bool {
        self.state(fact.state)
            && (self.author.is_empty() || self.author == fact.author)
            && (self.batch.is_empty() || self.batch == fact.batch)
    }

    /// Where they lie, in the order in which they are shown.
    fn places(&self) -> Vec<Place> {
        let waiting = match &*self.states {
            [state] if self.batch.is_empty() => waiting::place(&self.member, *state),
            _ => None,
        };
        let open = match waiting {
            Some(noted) => Place { prefix: noted, named: true },
            None if self.batch.is_empty() => Place { prefix: facts::drafts(&self.member), named: false },
            None => Place { prefix: facts::draft_batch(&self.member, &self.batch), named: true },
        };
        let is_open = [State::Draft, State::Submitted, State::Returned].into_iter().any(|state| self.state(state));
        let ended = self.state(State::Approved);
        let ended = ended.then(|| Place { prefix: facts::drafts_ended(&self.member), named: false });
        // What is open is what somebody has to do with, in either order.
        is_open.then_some(open).into_iter().chain(ended).collect()
    }
}

/// Where drafts lie.
struct Place {
    prefix: String,
    /// Only their ids lie there.
    named: bool,
}

/// A page of drafts that come after the one with the key `after`, at most `limit` of about `most` bytes together; the key after which to go on,
/// where there may be more.
///
/// # Errors
/// Where the store cannot be read.
pub(crate) async fn list(
    engine: &Engine,
    wanted: &Wanted,
    after: &str,
    limit: usize,
    most: usize,
) -> Result<(Vec<DraftFact>, Option<String>), StoreError> {
    let mut read = engine.store().read().await?;
    let (mut found, mut found_bytes, mut looked, mut bytes) = (Vec::new(), 0, 0, 0);
    let drafts = facts::drafts(&wanted.member);
    let places = wanted.places();
    let first = places.iter().position(|place| after.starts_with(place.prefix.as_str())).unwrap_or(0);
    for (index, Place { prefix: place, named }) in places.iter().enumerate().skip(first) {
        let mut last = if index == first { after.to_owned() } else { String::new() };
        loop {
            let keys = match wanted.newest_first {
                false => read.facts(place, &last, STEP).await?,
                true => read.facts_before(place, &last, STEP).await?,
            };
            let more = keys.len() == STEP;
            for (key, value) in keys {
                let kept = if *named {
                    let id = key.strip_prefix(place.as_str()).unwrap_or_default();
                    fact(&mut *read, &format!("{drafts}{id}")).await?
                } else {
                    Some((value.len(), facts::decode::<DraftFact>(&key, &value)?))
                };
                looked += 1;
                last = key;
                if let Some((size, draft)) = kept {
                    bytes += size;
                    if wanted.holds(&draft) {
                        found_bytes += size;
                        found.push(draft);
                    }
                }
                let enough = found.len() >= limit || found_bytes >= most;
                if enough || looked >= limits::DRAFTS_LOOKED || bytes >= limits::DRAFTS_LOOKED_BYTES {
                    return Ok((found, Some(last)));
                }
            }
            if !more {
                break;
            }
        }
    }
    Ok((found, None))
}

async fn fact(read: &mut dyn Read, key: &str) -> Result<Option<(usize, DraftFact)>, StoreError> {
    let Some(value) = read.fact(key).await? else { return Ok(None) };
    Ok(Some((value.len(), facts::decode(key, &value)?)))
}

/// The drafts of one import: the ids of those that are submitted, each with the hash that an approval names, and how
/// many are not.
///
/// # Errors
/// Where the store cannot be read.
pub(crate) async fn batch(
    engine: &Engine,
    member: &MemberId,
    batch: &str,
) -> Result<(Vec<(String, String)>, usize), StoreError> {
    let place = facts::draft_batch(member, batch);
    let mut read = engine.store().read().await?;
    let found = read.facts(&place, "", limits::DRAFTS).await?;
    let (mut submitted, mut others) = (Vec::new(), 0);
    for (key, value) in found {
        let id = key.strip_prefix(place.as_str()).unwrap_or_default().to_owned();
        match facts::decode::<Option<String>>(&key, &value)? {
            Some(digest) => submitted.push((id, digest)),
            None => others += 1,
        }
    }
    Ok((submitted, others))
}
