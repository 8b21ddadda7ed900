//! Orders by time: a key that every listing has by itself, so that a page can go on after the last one of the page
//! before, whatever was written in between.

use tantivy::columnar::Column;
use tantivy::index::SegmentReader;
use tantivy::{DocId, TantivyError};

/// The greatest comes first. The second number differs for every name.
pub(crate) type Key = (i64, u64);

/// By which time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimeOrder {
    /// The newest publication first.
    Newest,
    /// What closes soonest first.
    Closing,
}

/// The same on one segment.
pub(crate) struct SegmentOrder {
    order: TimeOrder,
    time: Column<i64>,
    tie: Column<u64>,
}

impl TimeOrder {
    /// Opens the columns that it takes.
    ///
    /// # Errors
    /// Where the index is damaged.
    pub(crate) fn on(self, segment: &SegmentReader) -> Result<SegmentOrder, TantivyError> {
        let columns = segment.fast_fields();
        let time = match self {
            Self::Newest => columns.i64("publish")?,
            Self::Closing => columns.i64("expire")?,
        };
        Ok(SegmentOrder { order: self, time, tie: columns.u64("tie")? })
    }
}

impl SegmentOrder {
    /// The key of a document.
    #[inline]
    pub(crate) fn key(&self, document: DocId) -> Key {
        let time = self.time.first(document).unwrap_or_default();
        let time = match self.order {
            TimeOrder::Newest => time,
            TimeOrder::Closing => -time,
        };
        (time, self.tie.first(document).unwrap_or_default())
    }
}
