//! What leaves this store with a member is kept first, by whoever has a place for it.

use std::io;
use std::sync::OnceLock;

use duikou_proto::envelope::Part;
use duikou_proto::name::MemberId;

use crate::store::Row;

/// A piece of what leaves with a member.
#[derive(Debug, Clone, Copy)]
pub enum Piece<'a> {
    /// Rows.
    Rows(&'a [Row]),
    /// What its listings that are over said at last, as it was signed.
    Ended(&'a [Part]),
    /// What its office has typed that is no row: drafts, the policy of approval, mappings of tables. Facts as they are kept.
    Typed(&'a [(String, Vec<u8>)]),
}

/// Keeps pieces durably. The first piece of each sort of a member that leaves at a directory entry comes with `true`, and
/// replaces whatever an attempt before has kept of that departure.
pub type KeepDeparted = Box<dyn Fn(&MemberId, i64, bool, Piece<'_>) -> io::Result<()> + Send + Sync>;

/// The place, where there is one.
#[derive(Default)]
pub(crate) struct Departed(OnceLock<KeepDeparted>);

impl Departed {
    pub(crate) fn keep_with(&self, keep: KeepDeparted) {
        // A second place is not taken: a server has one folder.
        let _ = self.0.set(keep);
    }

    pub(crate) fn keep(&self, member: &MemberId, entry: i64, first: bool, piece: Piece<'_>) -> io::Result<()> {
        self.0.get().map_or(Ok(()), |keep| keep(member, entry, first, piece))
    }
}
