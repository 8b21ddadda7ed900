//! Writing down how far a subscription has come, in one transaction with what its subscriber has now.

use async_trait::async_trait;
use duikou_proto::envelope::Micros;
use duikou_proto::name::MemberId;
use serde::{Deserialize, Serialize, Serializer, ser};

use super::event::{Event, What};
use super::memory::{HadFact, LeftFact, cancelled_key, had_key, left_key};
use super::subscription::{StateFact, SubscriptionFact};
use crate::engine::dealings::Dealings;
use crate::engine::{Command, Work, facts};
use crate::store::StoreError;

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settled {
    /// All is written.
    Kept,
    /// Somebody has done something to it meanwhile: how far it has come is not written.
    Overtaken,
    /// There is no such subscription any longer, and nothing is written.
    Ended,
}

/// Facts to be written, or taken away.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct Changes {
    facts: Vec<(String, Option<serde_json::Value>)>,
    /// What the subscriber has been told with that; kept apart where these are kept.
    #[serde(skip)]
    told: Told,
    /// The fact that has no form in which it could be kept, and why: without it nothing is written.
    #[serde(skip)]
    unkept: Option<(String, String)>,
}

impl Serialize for Changes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.unkept {
            Some((key, why)) => Err(ser::Error::custom(format!("{key}: {why}"))),
            None => self.facts.serialize(serializer),
        }
    }
}

/// How many listings came to a subscriber.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Told {
    /// New or changed.
    listings: i64,
    /// New, and answering a listing.
    counterparts: i64,
}

impl Changes {
    pub(crate) fn put<T: Serialize>(&mut self, key: String, value: &T) {
        match serde_json::to_value(value) {
            Ok(value) => self.facts.push((key, Some(value))),
            Err(error) => {
                self.unkept.get_or_insert((key, error.to_string()));
            }
        }
    }

    pub(crate) fn remove(&mut self, key: String) {
        self.facts.push((key, None));
    }

    /// Those of `other` after these.
    pub(crate) fn extend(&mut self, other: Self) {
        self.facts.extend(other.facts);
        self.tell(other.told);
        self.unkept = self.unkept.take().or(other.unkept);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.facts.is_empty() && self.unkept.is_none()
    }

    /// What the subscriber has been told with these.
    pub(crate) fn told(&self) -> Told {
        self.told
    }

    /// Counts what the subscriber has been told.
    pub(crate) fn tell(&mut self, told: Told) {
        self.told.listings += told.listings;
        self.told.counterparts += told.counterparts;
    }

    /// Writes them, for a subscription of `member`, whose full id it is; None: of nobody here.
    pub(crate) async fn apply(self, work: &mut Work<'_>, member: Option<&str>) -> Result<(), StoreError> {
        if let Some((key, why)) = self.unkept {
            return Err(facts::inconsistent(&key, &why));
        }
        for (key, value) in self.facts {
            match value {
                Some(value) => work.put_fact(key, &value),
                None => work.remove_fact(key),
            }
        }
        let Told { listings: told, counterparts } = self.told;
        match member {
            Some(member) => work.deal(member, &Dealings { told, counterparts, ..Dealings::default() }).await,
            None => Ok(()),
        }
    }

    /// Notes before something is sent that the subscriber may have it, or may know that it is gone. Without that it would
    /// be unknown after a crash whom to tell that a name is gone, or that it is there again.
    pub(crate) fn offer(&mut self, id: &str, event: &Event) {
        if let Some(offered) = offered(event) {
            self.put(had_key(id, &event.name), &offered);
        }
    }

    /// Takes an offer back that has certainly not been sent.
    pub(crate) fn take_back(&mut self, id: &str, event: &Event) {
        if offered(event).is_some() {
            match event.before {
                Some(before) => self.put(had_key(id, &event.name), &before),
                None => self.remove(had_key(id, &event.name)),
            }
        }
    }

    /// Notes that the subscriber has it, or knows that it is gone.
    pub(crate) fn confirm(&mut self, id: &str, event: &Event, now: Micros) {
        match &event.what {
            What::Published(_) | What::Updated(_) => {
                let first = event.had.confirmed == 0;
                let new = first && matches!(event.what, What::Published(_)) && event.matched.is_some();
                self.tell(Told { listings: 1, counterparts: i64::from(new) });
                let had = HadFact { confirmed: event.had.offered, ..event.had };
                self.put(had_key(id, &event.name), &had);
            }
            What::Left(reason) => {
                let left =
                    LeftFact { name: event.name.to_string(), reason: (*reason).into(), time: now, had: event.had };
                self.remove(had_key(id, &event.name));
                self.put(left_key(id, &left), &left);
                if event.had.when.is_some() {
                    self.put(cancelled_key(id, &left.name), &left.sequence());
                }
            }
            What::LeftBefore(_) => {}
        }
    }
}

/// What is noted of a name before an event is sent, where that is anything new.
fn offered(event: &Event) -> Option<HadFact> {
    let had = match event.what {
        What::Published(_) | What::Updated(_) => event.had,
        What::Left(_) => HadFact { leaving: true, ..event.had },
        What::LeftBefore(_) => return None,
    };
    (event.before != Some(had)).then_some(had)
}

/// Writes it.
pub(crate) struct Settle {
    pub(crate) id: String,
    /// What the state's generation was when all this began.
    pub(crate) generation: u64,
    pub(crate) state: StateFact,
    pub(crate) changes: Changes,
    /// Whether the changes are true whatever its owner has done meanwhile.
    pub(crate) happened: bool,
}

#[async_trait]
impl Command for Settle {
    type Output = Settled;

    fn bytes(&self) -> usize {
        1_024 + self.changes.facts.len() * 512
    }

    async fn run(self, work: &mut Work<'_>) -> Result<Settled, StoreError> {
        let Some(kept) = work.fact::<StateFact>(&facts::subscription_state(&self.id)).await? else {
            return Ok(Settled::Ended);
        };
        let overtaken = kept.generation != self.generation;
        if self.happened || !overtaken {
            let member = match self.changes.told.listings {
                0 => None,
                _ => {
                    work.fact::<SubscriptionFact>(&facts::subscription(&self.id)).await?.and_then(|fact| fact.member())
                }
            };
            self.changes.apply(work, member.as_ref().map(MemberId::as_str)).await?;
        }
        if overtaken {
            // The log is a ring: what it was given now is not written over by what follows.
            if self.happened && self.state.deliveries > kept.deliveries {
                let logged = StateFact { deliveries: self.state.deliveries, ..kept };
                work.put_fact(facts::subscription_state(&self.id), &logged);
            }
            return Ok(Settled::Overtaken);
        }
        work.put_fact(facts::subscription_state(&self.id), &self.state);
        Ok(Settled::Kept)
    }
}

/// Forgets what an ended subscription had, a piece at a time; true where there is more.
pub(crate) struct Forget {
    pub(crate) id: String,
    pub(crate) limit: usize,
}

#[async_trait]
impl Command for Forget {
    type Output = bool;

    async fn run(self, work: &mut Work<'_>) -> Result<bool, StoreError> {
        let mut left = self.limit;
        let id = &self.id;
        for prefix in [facts::had(id), facts::left(id), facts::recent(id), facts::cancelled(id), facts::deliveries(id)]
        {
            let found = work.facts::<serde_json::Value>(&prefix, left).await?;
            left -= found.len();
            found.into_iter().for_each(|(key, _)| work.remove_fact(key));
            if left == 0 {
                return Ok(true);
            }
        }
        [facts::pulled(id), facts::notice(id), facts::notice_asked(id)]
            .into_iter()
            .for_each(|key| work.remove_fact(key));
        work.remove_fact(facts::subscription_ended(&self.id));
        Ok(false)
    }
}

/// A subscription with how far it has come, as they are on disk.
pub(crate) async fn load(
    engine: &crate::engine::Engine,
    id: &str,
) -> Result<Option<(SubscriptionFact, StateFact)>, StoreError> {
    let fact = engine.fact::<SubscriptionFact>(&facts::subscription(id)).await?;
    let state = engine.fact::<StateFact>(&facts::subscription_state(id)).await?;
    Ok(fact.zip(state))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn what_cannot_be_kept_takes_nothing_away() {
        let mut changes = Changes::default();
        changes.put("good".to_owned(), &1);
        assert_eq!(serde_json::to_string(&changes).expect("good"), r#"[["good",1]]"#);
        // JSON has no keys but texts.
        let shapeless: BTreeMap<(u8, u8), u8> = [((1, 2), 3)].into();
        let mut others = Changes::default();
        others.put("bad".to_owned(), &shapeless);
        assert!(!others.is_empty());
        changes.extend(others);
        assert!(changes.facts.iter().all(|(_, value)| value.is_some()), "{changes:?}");
        let why = serde_json::to_string(&changes).expect_err("not without what is lacking");
        assert!(why.to_string().contains("bad"), "{why}");
    }
}
