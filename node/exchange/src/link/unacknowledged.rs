//! How much of what is ours is not yet safe elsewhere.

use duikou_proto::envelope::Part;
use duikou_proto::name::MemberId;

use crate::engine::Engine;
use crate::store::{Order, Row, Seq, StoreError};

/// Rows looked at, at most.
const ROWS: usize = 100_000;
/// Rows of one page of them.
const PAGE: usize = 1_000;

/// Own states (of one member, or of all) after `acknowledged` that somebody else may hold: what a lost disk would lose.
///
/// # Errors
/// Where the store cannot be read.
pub async fn unacknowledged(engine: &Engine, acknowledged: Seq, member: Option<&MemberId>) -> Result<i64, StoreError> {
    let directory = engine.directory();
    let node = &engine.identity().node;
    let is_own = |row: &Row| directory.member_by_text(row.name.origin_str()).is_some_and(|m| m.node == *node);
    let concerns = |row: &Row| member.is_none_or(|member| member.as_str() == row.name.origin_str());
    let (mut after, mut looked, mut count) = (acknowledged, 0, 0);
    while after < engine.head() && looked < ROWS {
        let page = engine.page(Order::Link, after, PAGE).await?;
        looked += page.rows.len();
        count += page.rows.iter().filter(|row| concerns(row) && is_own(row) && owes(row, acknowledged)).count();
        after = page.upto;
    }
    Ok(i64::try_from(count).unwrap_or(i64::MAX))
}

fn owes(row: &Row, acknowledged: Seq) -> bool {
    let [record, withdrawal] = row.positions(Order::Link);
    let owed = |part: &Option<Part>, seq: Seq| {
        // Heads travel on the other lane, and are signed anew by themselves.
        let counts = |part: &Part| part.kind().is_counted() && !part.scopes().is_empty();
        seq > acknowledged && part.as_ref().is_some_and(counts)
    };
    owed(&row.record, record) || owed(&row.withdrawal, withdrawal)
}
