//! The clause that every query has: what the viewer may see, not past its date, and after the page before.

use std::collections::HashMap;
use std::sync::Arc;

use duikou_proto::envelope::Micros;
use tantivy::DocId;
use tantivy::columnar::Column;
use tantivy::index::{SegmentId, SegmentReader};
use tantivy::query::AllScorer;
use tantivy::query::doc_predicate_query::{ConstOrVariableSegmentPredicate, DocPredicate, SegmentDocPredicate};

use super::order::{Key, SegmentOrder, TimeOrder};
use super::view::Verdict;

/// See the module.
#[derive(Debug, Clone)]
pub(crate) struct Visible {
    pub(crate) verdicts: Arc<HashMap<SegmentId, Arc<Verdict>>>,
    pub(crate) now: Micros,
    /// Where the page before ended.
    pub(crate) after: Option<(TimeOrder, Key)>,
}

/// The same on one segment.
pub(crate) struct SegmentVisible {
    classes: Option<(Column<u64>, Arc<Verdict>)>,
    expire: Option<(Column<i64>, Micros)>,
    after: Option<(SegmentOrder, Key)>,
}

impl DocPredicate for Visible {
    type SegmentDocPredicate = SegmentVisible;

    fn doc_predicate(
        &self,
        segment: &SegmentReader,
    ) -> tantivy::Result<ConstOrVariableSegmentPredicate<SegmentVisible>> {
        let columns = segment.fast_fields();
        let verdict = self.verdicts.get(&segment.segment_id()).filter(|verdict| !verdict.none);
        let (Some(verdict), Some(classes)) = (verdict, columns.str("class")?) else {
            return Ok(ConstOrVariableSegmentPredicate::Const(false));
        };
        let expire = columns.i64("expire")?;
        let predicate = SegmentVisible {
            classes: (!verdict.all).then(|| (classes.ords().clone(), verdict.clone())),
            expire: (expire.min_value() <= self.now).then_some((expire, self.now)),
            after: self
                .after
                .map(|(order, key)| Ok::<_, tantivy::TantivyError>((order.on(segment)?, key)))
                .transpose()?,
        };
        if predicate.classes.is_none() && predicate.expire.is_none() && predicate.after.is_none() {
            return Ok(ConstOrVariableSegmentPredicate::Const(true));
        }
        let necessary_condition = Box::new(AllScorer::new(segment.max_doc()));
        Ok(ConstOrVariableSegmentPredicate::Variable { predicate, necessary_condition })
    }
}

impl SegmentDocPredicate for SegmentVisible {
    fn eval(&mut self, document: DocId) -> bool {
        let admitted = self.classes.as_ref().is_none_or(|(column, verdict)| {
            let class = column.first(document).and_then(|class| usize::try_from(class).ok());
            class.is_some_and(|class| verdict.admitted.get(class) == Some(&true))
        });
        admitted
            && self.expire.as_ref().is_none_or(|(column, now)| column.first(document).is_some_and(|date| date > *now))
            && self.after.as_ref().is_none_or(|(order, after)| order.key(document) < *after)
    }
}
