//! How many of the results have which value.

use std::collections::HashMap;

use tantivy::DocId;
use tantivy::columnar::StrColumn;
use tantivy::index::SegmentReader;

/// By field, in the order asked: each value with its count.
pub(crate) type Facets = Vec<HashMap<String, u32>>;

/// Counts in one segment, by the number of the value in the segment's dictionary.
pub(super) struct SegmentFacets(Vec<Option<(StrColumn, Vec<u32>)>>);

impl SegmentFacets {
    /// Opens the columns of `fields`.
    ///
    /// # Errors
    /// Where the index is damaged.
    pub(super) fn open(fields: &[&'static str], segment: &SegmentReader) -> tantivy::Result<Self> {
        let open = |field: &&'static str| {
            let column = segment.fast_fields().str(field)?;
            Ok(column.map(|column| {
                let counts = vec![0; column.num_terms()];
                (column, counts)
            }))
        };
        fields.iter().map(open).collect::<tantivy::Result<_>>().map(Self)
    }

    /// Counts the values of a document.
    #[inline]
    pub(super) fn count(&mut self, document: DocId) {
        for (column, counts) in self.0.iter_mut().flatten() {
            for value in column.term_ords(document) {
                if let Some(count) = usize::try_from(value).ok().and_then(|value| counts.get_mut(value)) {
                    *count += 1;
                }
            }
        }
    }

    /// The counts by value.
    pub(super) fn named(self) -> Facets {
        let named = |field: Option<(StrColumn, Vec<u32>)>| field.map(|(column, counts)| named(&column, &counts));
        self.0.into_iter().map(|field| named(field).unwrap_or_default()).collect()
    }
}

fn named(column: &StrColumn, counts: &[u32]) -> HashMap<String, u32> {
    let mut values = HashMap::new();
    let mut value = String::new();
    for (number, count) in (0_u64..).zip(counts).filter(|(_, count)| **count > 0) {
        value.clear();
        // A value that the segment's own dictionary does not have cannot have been counted.
        if matches!(column.ord_to_str(number, &mut value), Ok(true)) {
            values.insert(value.clone(), *count);
        }
    }
    values
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
