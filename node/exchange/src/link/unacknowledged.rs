//! How much of what is ours is not yet safe elsewhere.

use duikou_proto::envelope::Part;
use duikou_proto::name::MemberId;

use crate::engine::{Engine, OwnRows};
use crate::store::{Order, Row, Seq, StoreError};

/// States that are counted, at most.
const MOST: usize = 100_000;

/// The own states (of one member, or of all) that a peer has not acknowledged, kept up with the feed.
#[derive(Debug, Default)]
pub struct Unacknowledged {
    /// Each with its last place in the feed.
    rows: OwnRows<Seq>,
    acknowledged: Seq,
}

impl Unacknowledged {
    /// Own states after `acknowledged` that somebody else may hold: what a lost disk would lose. At most 100,000 are
    /// counted.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn count(
        &mut self,
        engine: &Engine,
        acknowledged: Seq,
        member: Option<&MemberId>,
    ) -> Result<i64, StoreError> {
        if acknowledged < self.acknowledged {
            self.rows.forget();
        }
        self.acknowledged = acknowledged;
        self.rows.retain(|seq| *seq > acknowledged);
        let concerns = |row: &Row| member.is_none_or(|member| member.as_str() == row.name.origin_str());
        self.rows.follow(engine, acknowledged, MOST, |row| owed(row, acknowledged).filter(|_| concerns(row))).await?;
        Ok(i64::try_from(self.rows.kept().count()).unwrap_or(i64::MAX))
    }
}

/// The last place after `acknowledged` at which a row has what counts.
fn owed(row: &Row, acknowledged: Seq) -> Option<Seq> {
    let [record, withdrawal] = row.positions(Order::Link);
    let owed = |part: &Option<Part>, seq: Seq| {
        // Heads travel on the other lane, and are signed anew by themselves.
        let counts = |part: &Part| part.kind().is_counted() && !part.scopes().is_empty();
        (seq > acknowledged && part.as_ref().is_some_and(counts)).then_some(seq)
    };
    owed(&row.record, record).max(owed(&row.withdrawal, withdrawal))
}
