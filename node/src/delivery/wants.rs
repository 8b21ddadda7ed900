//! What a subscription wants, as of now: what its filter matches, or what answers the listings whose counterparts it
//! follows. Whoever looks for it reads the feed as [`Wants::feed`] does, and asks [`Wants::look`] of each listing.

use std::sync::Arc;

use duikou_proto::envelope::Part;
use duikou_proto::filter::{Filter, Header};
use duikou_proto::name::{NetworkName, RecordName};
use duikou_proto::v1::counterpart_interest::Subject as Given;
use duikou_proto::v1::subscription::Interest;
use duikou_proto::v1::{self, Matched, Opportunity};

use super::subjects::Subjects;
use super::subscription::SubscriptionFact;
use crate::engine::Engine;
use crate::feed::EventReader;
use crate::store::StoreError;

/// See the module.
pub(crate) struct Wants {
    filter: Arc<Filter>,
    subjects: Option<Subjects>,
}

/// That a listing is wanted.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Wanted {
    /// Of counterparts: what it answers, and why.
    pub(crate) matched: Option<Matched>,
}

impl Wants {
    /// None where the filter no longer compiles, because a code has gone from the tables: it matches nothing.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub(crate) async fn of(engine: &Engine, fact: &SubscriptionFact) -> Result<Option<Self>, StoreError> {
        let network = &engine.identity().network;
        let interest = match fact.interest() {
            Interest::Filter(filter) => {
                let filter = Filter::compile(&filter, network).ok();
                return Ok(filter.map(|filter| Self { filter: Arc::new(filter), subjects: None }));
            }
            Interest::CounterpartOf(interest) => interest,
        };
        let subjects = Subjects::read(engine, fact, &interest).await?;
        let asked = interest.filter.unwrap_or_default();
        // With what it is narrowed by it may have too many values. The score asks for the same.
        let filter = Filter::compile(&subjects.narrow(&asked), network).or_else(|_| Filter::compile(&asked, network));
        Ok(filter.ok().map(|filter| Self { filter: Arc::new(filter), subjects: Some(subjects) }))
    }

    /// The same, where that depends on nothing that may change; of counterparts None.
    pub(crate) fn lasting(&self) -> Option<Self> {
        self.subjects.is_none().then(|| Self { filter: self.filter.clone(), subjects: None })
    }

    /// Of counterparts: whether the listing that they would answer is no longer there for the subscriber.
    pub(crate) fn ended(&self) -> bool {
        self.subjects.as_ref().is_some_and(Subjects::ended)
    }

    /// Whether there is nothing to be answered, so that nothing is wanted.
    pub(crate) fn nothing(&self) -> bool {
        self.subjects.as_ref().is_some_and(Subjects::none)
    }

    /// Changes with what is wanted beside the filter.
    pub(crate) fn tie(&self) -> Option<[u8; 32]> {
        self.subjects.as_ref().map(Subjects::tie)
    }

    /// The feed from `cursor` on, as far as it can be wanted. A cursor is good as long as the same is wanted.
    pub(crate) fn feed(&self, engine: &Engine, fact: &SubscriptionFact, cursor: &[u8]) -> EventReader {
        EventReader::tied(engine.clone(), fact.reader(), self.filter.clone(), self.tie(), cursor)
    }

    /// Whether a listing is wanted, and why.
    pub(crate) fn look(&self, part: &Part, opportunity: &Opportunity) -> Option<Wanted> {
        if !self.filter.matches(&Header::of(part), opportunity) {
            return None;
        }
        let Some(subjects) = &self.subjects else { return Some(Wanted { matched: None }) };
        let matched = subjects.best(part.name().origin_str(), opportunity)?;
        Some(Wanted { matched: Some(matched) })
    }
}

/// A filter that matches whenever something happens to the listings whose counterparts a subscription follows; None where
/// nothing can.
pub(crate) fn watched(fact: &SubscriptionFact, network: &NetworkName) -> Option<Filter> {
    let Interest::CounterpartOf(interest) = fact.interest() else { return None };
    let origin = match interest.subject {
        Some(Given::Listing(_)) => return None,
        Some(Given::Name(name)) => RecordName::parse(&name, network).ok()?.origin_str().to_owned(),
        None => fact.member()?.to_string(),
    };
    Filter::compile(&v1::Filter { members: vec![origin], ..v1::Filter::default() }, network).ok()
}
