//! Dates pass: own records end with a withdrawal, withdrawals and gone rows are forgotten.

use async_trait::async_trait;
use duikou_proto::envelope::EXPIRE_SLACK_MICROS;
use duikou_proto::v1::WithdrawalReason;

use super::key_death;
use super::next_state::{Next, state};
use super::removal;
use super::work::Work;
use super::writer::Command;
use crate::defects::{self, Defect};
use crate::limits;
use crate::store::{GoneReason, StoreError};

/// Handles what is due, and goes on with what is under way; whether there may be more.
pub(crate) struct Upkeep {
    /// Whether this server writes: not by a clock that is wrong, and nothing by a date then.
    pub(crate) writes: bool,
}

#[async_trait]
impl Command for Upkeep {
    type Output = bool;

    async fn run(self, work: &mut Work<'_>) -> Result<bool, StoreError> {
        if !self.writes {
            return work.sweep(false).await;
        }
        key_death::look(work).await?;
        removal::look(work).await?;
        let sweeps = work.sweep(true).await?;
        let (due, more) = work.transaction.due(work.now, limits::UPKEEP_ROWS).await?;
        let more = sweeps || more;
        for row in due {
            let Some(mut row) = work.row(&row.name).await? else { continue };
            let ended = row.record.as_ref().filter(|record| record.expire_time() <= work.now).cloned();
            if let Some(record) = ended
                && work.is_own(&row.name)
                && !work.memory.unrecovered.contains(&row.name.origin())
            {
                if row.exposed.is_empty() {
                    work.drop_row(row, GoneReason::Withdrawn, false);
                    continue;
                }
                let content = Err(WithdrawalReason::Expired);
                let next = Next { kind: record.kind().clone(), lane: record.lane(), content, owed: false };
                if let Err(malformed) = state(work, Some(&row), &row.name, &next, false).await? {
                    tracing::error!(record.name = %row.name, error = %malformed, "an expired record could not be ended");
                }
                continue;
            }
            let slack = EXPIRE_SLACK_MICROS;
            let forgotten = row.record.as_ref().is_some_and(|record| record.expire_time() + slack < work.now);
            if forgotten && !work.is_own(&row.name) && !defects::on(Defect::ExpiredKept) {
                work.drop_row(row, GoneReason::Expired, false);
                continue;
            }
            if row.withdrawal.as_ref().is_some_and(|w| w.expire_time() + slack < work.now) {
                let before = row.clone();
                row.withdrawal = None;
                row.withdrawal_seq = 0;
                if row.record.is_none() {
                    work.purge(&before);
                } else {
                    work.raise_floor(&before);
                    work.next_seq();
                    work.put(row);
                }
            } else if row.record.is_none() && row.withdrawal.is_none() && row.gone.is_none_or(|(_, u)| u <= work.now) {
                work.purge(&row);
            } else {
                // Due for something that was done meanwhile: its date is computed anew.
                work.next_seq();
                work.put(row);
            }
        }
        Ok(more)
    }
}
