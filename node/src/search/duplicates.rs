//! Other listings that say the same: by the code that the same thing has in another register, or in near-same words.

use std::sync::Arc;

use duikou_proto::filter::{Filter, Quantities};
use duikou_proto::name::RecordName;
use duikou_proto::v1::external_code::Scheme;
use duikou_proto::v1::{ExternalCode, Opportunity};
use tantivy::Term;

use super::alike::Alike;
use super::clauses::Clause;
use super::document::code_form;
use super::query::Query;
use super::schema::Fields;
use super::shingles::{NEAR_SAME, Pieces};
use super::{Hit, OrderBy, Patience, Search, SearchError, Start, Wanted};
use crate::engine::Reader;

/// Candidates that are compared.
const CANDIDATES: usize = 32;

/// A listing of which others that say the same are wanted.
#[derive(Debug)]
pub(crate) struct Original {
    opportunity: Opportunity,
    pieces: Pieces,
}

/// Another listing that says the same.
pub(crate) struct Duplicate {
    pub(crate) hit: Hit,
    /// The code that both have; else their words agree.
    pub(crate) code: Option<String>,
}

impl Search {
    /// The listings that `reader` may see and that say the same as `opportunity`, which is `name`'s, most alike first.
    ///
    /// # Errors
    /// Where there is no answer for now.
    pub(crate) async fn duplicates(
        &self,
        name: Option<&RecordName>,
        opportunity: &Opportunity,
        reader: &Reader,
    ) -> Result<Vec<Duplicate>, SearchError> {
        let original = self.original(opportunity).await?;
        let wanted = Wanted {
            query: Query::default(),
            alike: Some(Alike::Same(original.clone())),
            filter: Filter::default(),
            order: OrderBy::Relevance,
            start: Start::First,
            size: CANDIDATES,
            facets: Vec::new(),
            patience: Patience::Waits,
        };
        let mut hits = self.find(wanted, reader).await?.hits;
        hits.retain(|hit| Some(hit.part.name()) != name);
        self.beside(move || original.duplicates(hits)).await.ok_or(SearchError::Unready)
    }

    /// Of what is wanted, and may be seen by `reader`, that which says the same as `hit` and comes before it.
    ///
    /// # Errors
    /// Where there is no answer for now.
    pub(crate) async fn same_before(
        &self,
        hit: &Hit,
        wanted: &Wanted,
        reader: &Reader,
    ) -> Result<Vec<Duplicate>, SearchError> {
        let original = self.original(hit.opportunity()).await?;
        let among = Wanted {
            alike: Some(Alike::Among(original.clone())),
            start: Start::First,
            size: CANDIDATES,
            facets: Vec::new(),
            ..wanted.clone()
        };
        let mut hits = self.find(among, reader).await?.hits;
        let own = hits.iter().position(|other| other.part.name() == hit.part.name());
        hits.truncate(own.unwrap_or_default());
        self.beside(move || original.duplicates(hits)).await.ok_or(SearchError::Unready)
    }

    async fn original(&self, opportunity: &Opportunity) -> Result<Arc<Original>, SearchError> {
        let opportunity = opportunity.clone();
        self.beside(move || Arc::new(Original::new(opportunity))).await.ok_or(SearchError::Unready)
    }
}

impl Original {
    fn new(opportunity: Opportunity) -> Self {
        Self { pieces: Pieces::of(&opportunity), opportunity }
    }

    /// How alike another is that says the same, with the code that both have; None: it says something else.
    fn likeness(&self, other: &Opportunity) -> Option<(f64, Option<String>)> {
        if let Some(code) = common_code(&self.opportunity, other) {
            return Some((2.0, Some(code)));
        }
        // The same event at another time is another event, whatever the words.
        let [one, two] = [&self.opportunity, other].map(|listing| Quantities::of(listing).event);
        let apart = one.zip(two).is_some_and(|(one, two)| !one.meets(two));
        let likeness = self.pieces.likeness(&Pieces::of(other));
        (!apart && likeness >= NEAR_SAME).then_some((likeness, None))
    }

    /// Those of `hits` that say the same, most alike first.
    fn duplicates(&self, hits: Vec<Hit>) -> Vec<Duplicate> {
        let mut found: Vec<(f64, Duplicate)> = Vec::new();
        for hit in hits {
            if let Some((likeness, code)) = self.likeness(hit.opportunity()) {
                found.push((likeness, Duplicate { hit, code }));
            }
        }
        found.sort_by(|one, other| other.0.total_cmp(&one.0));
        found.into_iter().map(|(_, duplicate)| duplicate).collect()
    }
}

/// Whatever shares a code or a band of near-same words.
pub(super) fn same(fields: &Fields, original: &Original) -> Clause {
    let Original { opportunity, pieces } = original;
    let codes = telling_codes(opportunity).map(|code| Term::from_field_text(fields.code, &code_form(&code.code)));
    let bands = pieces.bands().into_iter().map(|band| Term::from_field_u64(fields.shingle, band));
    Clause::any(codes.chain(bands).map(Clause::Term).collect())
}

/// The codes that name one thing: not those of organisations, which have many, and none of signs alone.
fn telling_codes(opportunity: &Opportunity) -> impl Iterator<Item = &ExternalCode> {
    let telling = |code: &&ExternalCode| match code.scheme() {
        Scheme::InvestmentProject | Scheme::Patent | Scheme::Other => true,
        Scheme::CreditCode | Scheme::Unspecified => false,
    };
    opportunity.external_codes.iter().filter(telling).filter(|code| !code_form(&code.code).is_empty())
}

fn common_code(one: &Opportunity, other: &Opportunity) -> Option<String> {
    let same = |one: &ExternalCode, other: &ExternalCode| {
        one.scheme == other.scheme && one.register == other.register && code_form(&one.code) == code_form(&other.code)
    };
    let codes = telling_codes(one).find(|code| telling_codes(other).any(|known| same(code, known)));
    codes.map(|code| code.code.clone())
}

#[cfg(test)]
mod tests {
    use duikou_proto::v1::Event;
    use duikou_proto::v1::opportunity::Details;
    use prost_types::Timestamp;

    use super::*;

    #[test]
    fn a_series_of_events_in_the_same_words_is_not_one_event() {
        let fair = |day: i64, title: &str| {
            let time = |seconds| Some(Timestamp { seconds, nanos: 0 });
            let (start_time, end_time) = (time(86_400 * day), time(86_400 * day + 28_800));
            Opportunity {
                title: title.to_owned(),
                body: "邀请采购商与合作社现场对接，免展位费，食宿自理，展具由主办方统一搭建。".to_owned(),
                details: Some(Details::Event(Event { start_time, end_time, ..Event::default() })),
                ..Opportunity::default()
            }
        };
        let original = Original::new(fair(20_000, "粤黔协作产销对接会"));
        assert!(original.likeness(&fair(20_000, "粤黔协作产销对接会议")).is_some());
        assert_eq!(original.likeness(&fair(20_090, "粤黔协作产销对接会")), None);
        let code = ExternalCode { scheme: Scheme::Other.into(), code: "2027-A".to_owned(), ..ExternalCode::default() };
        let registered = |day| Opportunity { external_codes: vec![code.clone()], ..fair(day, "产销对接会") };
        let found = Original::new(registered(20_000)).likeness(&registered(20_090));
        assert_eq!(found, Some((2.0, Some("2027-A".to_owned()))), "whose code is the same is the same");
    }
}
