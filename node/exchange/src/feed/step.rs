//! What a reader meets, one after the other, and where it stands then.

use std::sync::Arc;

use bytes::Bytes;
use duikou_proto::envelope::Part;
use duikou_proto::name::RecordName;
use duikou_proto::v1::no_longer::Reason;
use duikou_proto::v1::reset::Cause;

use super::Shown;

/// Where a reader stands, as it is given to clients: sealed, with the hashes of its filter and its rights. Cheap to
/// clone.
pub type Cursor = Bytes;

/// One step of a reader.
#[derive(Debug, Clone)]
pub enum Step {
    /// New or changed, in the reader's view.
    Listing(Part, Arc<Shown>),
    /// No longer in the reader's view.
    NoLonger(RecordName, Reason),
    /// All that was there at the beginning has been read.
    CaughtUp,
    /// Forget everything: a snapshot follows.
    Reset(Cause),
}
