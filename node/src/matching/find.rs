//! Looks for the counterparts of a listing among what a reader may see.

use std::cmp::Reverse;

use duikou_proto::envelope::{Part, Revision};
use duikou_proto::filter::{Filter, Header};
use duikou_proto::v1::Opportunity;
use prost::Message;

use super::{Score, Subject};
use crate::engine::{Engine, Reader};
use crate::feed::readable;
use crate::limits;
use crate::store::StoreError;

/// For whom, and which.
pub(crate) struct Search<'a> {
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

/// The best counterparts in their order, at most [`limits::MATCHES`].
///
/// # Errors
/// Where the store cannot be read.
pub(crate) async fn find(engine: &Engine, subject: &Subject, search: &Search<'_>) -> Result<Vec<Found>, StoreError> {
    // Made of known kinds and directions, it is sound.
    let counterparts = Filter::compile(&subject.filter(), &engine.identity().network).unwrap_or_default();
    let (mut best, mut after, mut looked) = (Vec::<Found>::new(), String::new(), 0);
    loop {
        let (parts, next) = engine.list("members/", &after, limits::FEED_PAGE, search.reader).await?;
        best.extend(parts.into_iter().filter_map(|part| search.look(subject, &counterparts, part)));
        best.sort_by(|a, b| a.place().cmp(&b.place()));
        best.truncate(limits::MATCHES);
        looked += limits::FEED_PAGE;
        match next {
            Some(last) if looked < limits::MATCH_ROWS => after = last.to_string(),
            _ => break,
        }
    }
    Ok(best)
}

impl Search<'_> {
    fn look(&self, subject: &Subject, counterparts: &Filter, part: Part) -> Option<Found> {
        let (header, filters) = (Header::of(&part), [counterparts, self.filter]);
        let may = |filter: &&Filter| filter.matches_header(&header);
        if self.not_of == Some(part.name().origin_str()) || !filters.iter().all(may) {
            return None;
        }
        let opportunity = Opportunity::decode(part.body()).ok()?;
        let does = |filter: &&Filter| filter.matches(&header, &opportunity);
        if !filters.iter().all(does) {
            return None;
        }
        let score = subject.score(&opportunity).filter(|score| score.points >= self.min_score)?;
        // What breaks the rules is shown nowhere, and takes nobody's place. Only what is alike is worth looking.
        let opportunity = readable(&part)?;
        Some(Found { part, opportunity, score })
    }
}
