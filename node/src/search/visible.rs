//! What every search goes by first: what the viewer may see, and that is not past its date.

use std::collections::HashMap;
use std::sync::Arc;

use duikou_proto::envelope::Micros;
use tantivy::DocId;
use tantivy::columnar::Column;
use tantivy::index::{SegmentId, SegmentReader};

use super::view::Verdict;

/// See the module.
#[derive(Debug, Clone)]
pub(super) struct Visible {
    pub(super) verdicts: Arc<HashMap<SegmentId, Arc<Verdict>>>,
    pub(super) now: Micros,
}

/// The same on one segment.
pub(super) struct SegmentVisible {
    /// None: whatever is there.
    classes: Option<(Column<u64>, Arc<Verdict>)>,
    /// None: nothing is past its date.
    expire: Option<(Column<i64>, Micros)>,
}

impl Visible {
    /// Opens the columns that it takes; None where nothing may be seen.
    ///
    /// # Errors
    /// Where the index is damaged.
    pub(super) fn on(&self, segment: &SegmentReader) -> tantivy::Result<Option<SegmentVisible>> {
        let columns = segment.fast_fields();
        let verdict = self.verdicts.get(&segment.segment_id()).filter(|verdict| !verdict.none);
        let (Some(verdict), Some(classes)) = (verdict, columns.str("class")?) else { return Ok(None) };
        let expire = columns.i64("expire")?;
        Ok(Some(SegmentVisible {
            classes: (!verdict.all).then(|| (classes.ords().clone(), verdict.clone())),
            expire: (expire.min_value() <= self.now).then_some((expire, self.now)),
        }))
    }
}

impl SegmentVisible {
    /// Whether a document may be seen.
    #[inline]
    pub(super) fn admits(&self, document: DocId) -> bool {
        let admitted = self.classes.as_ref().is_none_or(|(column, verdict)| {
            let class = column.first(document).and_then(|class| usize::try_from(class).ok());
            class.is_some_and(|class| verdict.admitted.get(class) == Some(&true))
        });
        admitted
            && self.expire.as_ref().is_none_or(|(column, now)| column.first(document).is_some_and(|date| date > *now))
    }
}
