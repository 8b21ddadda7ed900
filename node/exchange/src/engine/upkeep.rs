//! Dates pass: own records end with a withdrawal, withdrawals and gone rows are forgotten.

use async_trait::async_trait;
use duikou_proto::envelope::{EXPIRE_SLACK_MICROS, Micros, Part};
use duikou_proto::v1::WithdrawalReason;

use super::key_death;
use super::next_state::{Next, state};
use super::removal;
use super::work::Work;
use super::writer::Command;
use crate::defects::{self, Defect};
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
        let (due, more) = work.transaction.due(work.now, work.world.step_rows()).await?;
        let more = sweeps || more;
        for row in due {
            let Some(mut row) = work.row(&row.name).await? else { continue };
            let ended = row.record.as_ref().filter(|record| record.expire_time() <= work.now).cloned();
            if let Some(record) = ended
                && work.is_own(&row.name)
            {
                if work.memory.unrecovered.contains(&row.name.origin()) {
                    work.put_off(row);
                    continue;
                }
                if row.exposed.is_empty() {
                    work.drop_row(row, GoneReason::Expired, false);
                    continue;
                }
                let content = Err(WithdrawalReason::Expired);
                let next = Next { kind: record.kind().clone(), lane: record.lane(), content, owed: false };
                if let Err(malformed) = state(work, Some(&row), &row.name, &next, false).await? {
                    tracing::error!(record.name = %row.name, error = %malformed, "an expired record could not be ended");
                    work.put_off(row);
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
                let over = row.record.is_none();
                let deleted = before.withdrawal.as_ref().and_then(Part::reason) == Some(WithdrawalReason::Deleted);
                if over && deleted && work.is_own(&row.name) {
                    row.gone = Some((GoneReason::Deleted, Micros::MAX));
                } else if over {
                    work.purge(&before);
                    continue;
                }
                work.raise_floor(&before);
                work.next_seq();
                work.put(row);
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

#[cfg(test)]
mod tests {
    use duikou_proto::name::MemberId;

    use super::*;
    use crate::feed::model::{World, id};
    use crate::limits;

    const DAY: i64 = 86_400_000_000;

    /// A member's records may be newer elsewhere, or are no longer.
    struct Recovered(MemberId, bool);

    #[async_trait]
    impl Command for Recovered {
        type Output = ();

        async fn run(self, work: &mut Work<'_>) -> Result<(), StoreError> {
            let Self(member, yes) = self;
            if yes {
                work.memory.unrecovered.remove(&member);
            } else {
                work.memory.unrecovered.insert(member);
            }
            Ok(())
        }
    }

    async fn live(world: &World, member: &str) -> usize {
        let rows = world.engine.range(&format!("members/{}/listings/", id(member)), "", 100).await.unwrap().rows;
        rows.iter().filter(|row| row.record.is_some()).count()
    }

    async fn keep_up(world: &World) {
        for _ in 0..20 {
            if !world.engine.submit(Upkeep { writes: true }).await.unwrap() {
                return;
            }
        }
        panic!("it never comes to an end");
    }

    #[tokio::test]
    async fn what_cannot_be_ended_before_its_member_is_recovered_is_in_the_way_of_nothing_else() {
        let mut world = World::in_steps_of(2).await;
        for member in ["a", "b"] {
            for at in 0..3 {
                world.put(member, at, &["public"], true, 0).await;
            }
            world.pass(1);
        }
        world.engine.submit(Recovered(id("a"), false)).await.unwrap();
        world.pass(2 * DAY);
        keep_up(&world).await;
        assert_eq!((live(&world, "a").await, live(&world, "b").await), (3, 0));
        world.engine.submit(Recovered(id("a"), true)).await.unwrap();
        world.pass(limits::UPKEEP_AGAIN.as_micros() as i64);
        keep_up(&world).await;
        assert_eq!(live(&world, "a").await, 0);
    }
}
