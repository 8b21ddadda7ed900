//! What leaves this store with a member is kept first, by whoever has a place for it.

use std::io;
use std::sync::OnceLock;

use duikou_proto::name::MemberId;

use crate::store::Row;

/// Keeps rows durably. The first piece of a member that leaves at a directory entry comes with `true`, and replaces
/// whatever an attempt before has kept of that departure.
pub type KeepDeparted = Box<dyn Fn(&MemberId, i64, bool, &[Row]) -> io::Result<()> + Send + Sync>;

/// The place, where there is one.
#[derive(Default)]
pub(crate) struct Departed(OnceLock<KeepDeparted>);

impl Departed {
    pub(crate) fn keep_with(&self, keep: KeepDeparted) {
        // A second place is not taken: a server has one folder.
        let _ = self.0.set(keep);
    }

    pub(crate) fn keep(&self, member: &MemberId, entry: i64, first: bool, rows: &[Row]) -> io::Result<()> {
        self.0.get().map_or(Ok(()), |keep| keep(member, entry, first, rows))
    }
}
