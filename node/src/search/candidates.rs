//! The listings that come first by a ranking, page by page, for whoever compares them more closely.

use duikou_proto::filter::Filter;

use super::alike::Alike;
use super::look::Found;
use super::query::{Query, Reach};
use super::{Hit, OrderBy, Patience, Ranking, Search, SearchError, Start, Wanted};
use crate::engine::Reader;
use crate::limits;

/// Listings in an order that was settled when they were looked for; what each says is read when its turn comes.
pub(crate) struct Candidates {
    search: Search,
    reader: Reader,
    filter: Filter,
    found: Found,
    read: usize,
}

impl Search {
    /// At most `size` listings that `reader` may see and that pass `filter`, the one with the most points first.
    ///
    /// # Errors
    /// Where there is no answer for now, also while the index is still being made: what is missing could be the best.
    pub(crate) async fn candidates(
        &self,
        ranking: Ranking,
        filter: Filter,
        reader: &Reader,
        size: usize,
    ) -> Result<Candidates, SearchError> {
        let current = self.ready(Patience::Waits).await?;
        if current.building {
            return Err(SearchError::Unready);
        }
        let wanted = Wanted {
            query: Query::default(),
            alike: Some(Alike::Ranked(ranking.into())),
            filter: filter.clone(),
            order: OrderBy::Relevance,
            start: Start::First,
            size,
            facets: Vec::new(),
            patience: Patience::Waits,
        };
        let found = self.look(self.asked(&current, wanted, current.view.clone(), reader)).await?;
        Ok(Candidates { search: self.clone(), reader: reader.clone(), filter, found, read: 0 })
    }
}

impl Candidates {
    /// The next of them that are there and may be seen now; none: that was all.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub(crate) async fn next(&mut self) -> Result<Vec<Hit>, SearchError> {
        while self.read < self.found.names.len() {
            let rest = self.found.names.iter().skip(self.read).take(limits::CANDIDATES_PAGE);
            let names = rest.map(|(name, _)| name.clone()).collect();
            let show = self.search.show(self.filter.clone(), Query::default(), &self.reader);
            let (hits, looked) = self.search.shown(show.page(names, Reach::Exact)).await?;
            self.read += looked;
            if !hits.is_empty() {
                return Ok(hits);
            }
        }
        Ok(Vec::new())
    }
}
