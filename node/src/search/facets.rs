//! How many of the results have which value.

use std::collections::HashMap;
use std::sync::Arc;

use tantivy::DocId;
use tantivy::columnar::StrColumn;
use tantivy::index::SegmentReader;

use super::view::{Names, View};

/// By field, in the order asked: each value with its count.
pub(crate) type Facets = Vec<HashMap<Arc<str>, u32>>;

/// Counts in one segment, by the number of the value in the segment's dictionary.
pub(super) struct SegmentFacets(Vec<Option<Counted>>);

struct Counted {
    column: StrColumn,
    counts: Vec<u32>,
    names: Arc<Names>,
}

impl SegmentFacets {
    /// Opens the columns of `fields`.
    ///
    /// # Errors
    /// Where the index is damaged.
    pub(super) fn open(fields: &[&'static str], segment: &SegmentReader, view: &View) -> tantivy::Result<Self> {
        let open = |field: &&'static str| {
            let Some(column) = segment.fast_fields().str(field)? else { return Ok(None) };
            let names = view.names(segment, field, &column)?;
            Ok(Some(Counted { counts: vec![0; names.len()], column, names }))
        };
        fields.iter().map(open).collect::<tantivy::Result<_>>().map(Self)
    }

    /// Counts the values of a document.
    #[inline]
    pub(super) fn count(&mut self, document: DocId) {
        for Counted { column, counts, .. } in self.0.iter_mut().flatten() {
            for value in column.term_ords(document) {
                if let Some(count) = usize::try_from(value).ok().and_then(|value| counts.get_mut(value)) {
                    *count += 1;
                }
            }
        }
    }

    /// The counts by value.
    pub(super) fn named(self) -> Facets {
        let named = |Counted { counts, names, .. }: Counted| {
            let values = names.iter().zip(counts).filter(|(_, count)| *count > 0);
            values.map(|(name, count)| (name.clone(), count)).collect()
        };
        self.0.into_iter().map(|field| field.map(named).unwrap_or_default()).collect()
    }
}

/// The counts of all segments, for so many fields.
pub(super) fn merged(fields: usize, segments: Vec<Facets>) -> Facets {
    let mut all: Facets = vec![HashMap::new(); fields];
    for segment in segments {
        for (all, counts) in all.iter_mut().zip(segment) {
            for (value, count) in counts {
                *all.entry(value).or_default() += count;
            }
        }
    }
    all
}
