//! Looks for the counterparts of a listing among what a reader may see: the search index says which come first by what it
//! knows of the reasons, and those are compared.

use std::cmp::Reverse;
use std::sync::Arc;

use duikou_proto::envelope::{Part, Revision};
use duikou_proto::filter::Filter;
use duikou_proto::v1::Opportunity;

use super::rank::ranking;
use super::{Score, Subject};
use crate::engine::Reader;
use crate::limits;
use crate::search::{Hit, Search, SearchError};

/// For whom, and which.
pub(crate) struct Asked<'a> {
    pub(crate) reader: &'a Reader,
    pub(crate) filter: &'a Filter,
    /// Points that one has at least.
    pub(crate) min_score: u32,
    /// Full id of the member whose own listings are no counterparts.
    pub(crate) not_of: Option<&'a str>,
}

/// A counterpart.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) part: Part,
    pub(crate) opportunity: Opportunity,
    pub(crate) score: Score,
}

impl Found {
    /// Where it stands: the best first, of equals the newest.
    pub(crate) fn place(&self) -> (Reverse<u32>, Reverse<Revision>, &str) {
        (Reverse(self.score.points), Reverse(self.part.revision()), self.part.name().as_str())
    }
}

/// The best counterparts in their order, at most [`limits::MATCHES`] of the [`limits::MATCH_CANDIDATES`] that rank first.
///
/// # Errors
/// Where there is no answer for now, as of any search.
pub(crate) async fn find(search: &Search, subject: Subject, asked: &Asked<'_>) -> Result<Vec<Found>, SearchError> {
    let mut wanted = ranking(&subject);
    wanted.not_of = asked.not_of.map(str::to_owned);
    let filter = asked.filter.clone();
    let mut candidates = search.candidates(wanted, filter, asked.reader, limits::MATCH_CANDIDATES).await?;
    let (subject, min_score) = (Arc::new(subject), asked.min_score);
    let mut best = Vec::<Found>::new();
    loop {
        let hits = candidates.next().await?;
        if hits.is_empty() {
            return Ok(best);
        }
        let subject = subject.clone();
        let compared = move || {
            best.extend(hits.into_iter().filter_map(|hit| compare(&subject, hit, min_score)));
            best.sort_by(|a, b| a.place().cmp(&b.place()));
            best.truncate(limits::MATCHES);
            best
        };
        best = search.beside(compared).await.ok_or(SearchError::Unready)?;
    }
}

fn compare(subject: &Subject, hit: Hit, min_score: u32) -> Option<Found> {
    let score = subject.score(hit.opportunity()).filter(|score| score.points >= min_score)?;
    let opportunity = hit.opportunity().clone();
    Some(Found { part: hit.part, opportunity, score })
}

#[cfg(test)]
mod tests;
