//! What members here did for others and had of them beside listings, summed up by month: live questions on either side, and
//! what their subscriptions told.
//!
//! A sum is changed in the transaction that writes down what it counts, which is never that of a listing: publishing pays
//! nothing for it.

use async_trait::async_trait;
use duikou_proto::name::MemberId;
use serde::{Deserialize, Serialize};

use super::months::month_of;
use super::work::Work;
use super::writer::{Command, WriteError};
use super::{Engine, facts};
use crate::limits;
use crate::store::StoreError;

/// How often what happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dealings {
    /// Members were asked live.
    #[serde(default)]
    pub asked: i64,
    /// Of those, the ones that answered.
    #[serde(default)]
    pub heard: i64,
    /// Others asked the member, and it was written down.
    #[serde(default)]
    pub came: i64,
    /// Of those questions, the ones that were answered.
    #[serde(default)]
    pub answered: i64,
    /// Listings, new or changed, that came to subscribers.
    #[serde(default)]
    pub told: i64,
    /// Of those, the ones that were new and answer a listing.
    #[serde(default)]
    pub counterparts: i64,
}

impl Dealings {
    /// Adds others.
    pub fn add(&mut self, other: &Self) {
        self.asked += other.asked;
        self.heard += other.heard;
        self.came += other.came;
        self.answered += other.answered;
        self.told += other.told;
        self.counterparts += other.counterparts;
    }

    /// Whether nothing has happened.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Work<'_> {
    /// Adds to what a member did this month; `member` is its full id.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn deal(&mut self, member: &str, more: &Dealings) -> Result<(), StoreError> {
        if more.is_empty() {
            return Ok(());
        }
        let key = facts::dealings(&month_of(self.now), member);
        let mut kept: Dealings = self.fact(&key).await?.unwrap_or_default();
        kept.add(more);
        self.put_fact(key, &kept);
        Ok(())
    }
}

struct Deal {
    member: MemberId,
    more: Dealings,
}

#[async_trait]
impl Command for Deal {
    type Output = ();

    async fn run(self, work: &mut Work<'_>) -> Result<(), StoreError> {
        work.deal(self.member.as_str(), &self.more).await
    }
}

impl Engine {
    /// Adds to what a member here did this month.
    ///
    /// # Errors
    /// Where nothing could be written.
    pub async fn note_dealings(&self, member: &MemberId, more: Dealings) -> Result<(), WriteError> {
        self.submit(Deal { member: member.clone(), more }).await
    }

    /// What the members here did from the month `first` on (`2026-11`): month, full id, how often.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn dealings(&self, first: &str) -> Result<Vec<(String, String, Dealings)>, StoreError> {
        let after = facts::dealings(first, "");
        let found = self.store().read().await?.facts(facts::DEALINGS, &after, limits::MONTHS).await?;
        let mut dealings = Vec::with_capacity(found.len());
        for (key, value) in found {
            if let Some((month, member)) = key.strip_prefix(facts::DEALINGS).and_then(|rest| rest.split_once('/')) {
                dealings.push((month.to_owned(), member.to_owned(), facts::decode(&key, &value)?));
            }
        }
        Ok(dealings)
    }
}
