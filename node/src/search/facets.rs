//! How many of the results have which value.

use std::collections::HashMap;

use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::StrColumn;
use tantivy::index::SegmentReader;
use tantivy::{DocId, Score};

/// Counts the values of some fields over the documents that match.
#[derive(Debug, Clone)]
pub(crate) struct FacetCollector {
    /// Names of fields that keep their values in columns.
    pub(crate) fields: Vec<&'static str>,
}

/// By field, in the order asked: each value with its count.
pub(crate) type Facets = Vec<HashMap<String, u32>>;

/// The same on one segment: counts by the number of the value in the segment's dictionary.
pub(crate) struct SegmentFacets(Vec<Option<(StrColumn, Vec<u32>)>>);

impl Collector for FacetCollector {
    type Fruit = Facets;
    type Child = SegmentFacets;

    fn for_segment(&self, _: u32, segment: &SegmentReader) -> tantivy::Result<SegmentFacets> {
        let open = |field: &&'static str| {
            let column = segment.fast_fields().str(field)?;
            Ok(column.map(|column| {
                let counts = vec![0; column.num_terms()];
                (column, counts)
            }))
        };
        self.fields.iter().map(open).collect::<tantivy::Result<_>>().map(SegmentFacets)
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, segments: Vec<Facets>) -> tantivy::Result<Facets> {
        let mut all: Facets = vec![HashMap::new(); self.fields.len()];
        for segment in segments {
            for (all, counts) in all.iter_mut().zip(segment) {
                for (value, count) in counts {
                    *all.entry(value).or_default() += count;
                }
            }
        }
        Ok(all)
    }
}

impl SegmentCollector for SegmentFacets {
    type Fruit = Facets;

    fn collect(&mut self, document: DocId, _: Score) {
        for (column, counts) in self.0.iter_mut().flatten() {
            for value in column.term_ords(document) {
                if let Some(count) = usize::try_from(value).ok().and_then(|value| counts.get_mut(value)) {
                    *count += 1;
                }
            }
        }
    }

    fn harvest(self) -> Facets {
        self.0
            .into_iter()
            .map(|field| field.map(|(column, counts)| named(&column, &counts)).unwrap_or_default())
            .collect()
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
