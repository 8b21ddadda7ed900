//! What becomes of many rows at once, since an entry or a date concerns all of a member, or all that a node holds. So many
//! rows are looked at in a transaction, and a fact keeps how far a sweep has come: writing goes on meanwhile, and after a
//! kill it is taken up where it was.
//!
//! Nobody relies on its end to be shown nothing that they may not see: [`super::viewer`] decides by the directory, which
//! has the entry before the first row is moved. What follows is that those who have read a row hear of it, or that it
//! goes. So each row is judged by the directory of when it is looked at.

use duikou_proto::envelope::Part;
use duikou_proto::scope::ScopeSet;

use super::work::Work;
use super::{facts, removal};
use crate::store::{GoneReason, Row, StoreError, Stretch};

/// More cannot be under way: a few of each member.
const SWEEPS: usize = 100_000;

/// What becomes of each row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sweep {
    /// People and subscribers look at it again.
    Touch,
    /// Links carry it anew.
    HandOut,
    /// People and subscribers look at it again where a dead key alone has signed it.
    DeadKey,
    /// It goes: its member left the network.
    Remove,
    /// It goes where no scope of this node covers it any longer, unless it is its own.
    Close,
}

impl Sweep {
    const ALL: [Self; 5] = [Self::Touch, Self::HandOut, Self::DeadKey, Self::Remove, Self::Close];

    fn word(self) -> &'static str {
        match self {
            Self::Touch => "touch",
            Self::HandOut => "hand-out",
            Self::DeadKey => "dead-key",
            Self::Remove => "remove",
            Self::Close => "close",
        }
    }

    fn key(self, member: &str) -> String {
        format!("{}{}/{member}", facts::SWEEPS, self.word())
    }

    /// Of which member's rows a fact says how far what has come; of all, where that is empty.
    fn of_key(key: &str) -> Option<(Self, &str)> {
        let (word, member) = key.strip_prefix(facts::SWEEPS)?.split_once('/')?;
        let sweep = Self::ALL.into_iter().find(|sweep| sweep.word() == word)?;
        Some((sweep, member))
    }

    /// Begins over the rows of `member`, or of all where that is empty: with the first, wherever one like it is.
    pub(super) fn begin(self, work: &mut Work<'_>, member: &str) {
        work.put_fact(self.key(member), &String::new());
    }

    /// Whether one is under way.
    pub(super) async fn is_on(self, work: &mut Work<'_>, member: &str) -> Result<bool, StoreError> {
        Ok(work.fact::<String>(&self.key(member)).await?.is_some())
    }

    /// Whether it goes by a date: by a clock that is wrong it waits.
    fn is_dated(self) -> bool {
        matches!(self, Self::DeadKey | Self::Remove)
    }

    /// Whether what it was begun for still holds.
    fn is_due(self, work: &Work<'_>, member: &str) -> bool {
        self != Self::Remove || removal::is_due(work.memory.directory.member_by_text(member), work)
    }

    /// Looks at no more than `limit` rows after `place`; where it stands then, unless it is done, and at how many it looked.
    async fn step(
        self,
        work: &mut Work<'_>,
        member: &str,
        place: &str,
        limit: usize,
    ) -> Result<(Option<String>, usize), StoreError> {
        let prefix = if member.is_empty() { "members/".to_owned() } else { format!("members/{member}/") };
        let directory = work.memory.directory.clone();
        let holds = directory.node_scopes(&work.identity.node);
        let Stretch { rows, damaged, next } = work.range(&prefix, place, limit).await?;
        let looked = rows.len() + damaged.len();
        for row in rows {
            match self {
                Self::Touch => work.touch(row),
                Self::HandOut => work.restamp(row),
                Self::DeadKey => {
                    let dies = |key| directory.verifying_key(row.name.origin_str(), key, work.now).is_none();
                    if row.record.as_ref().is_some_and(|record| dies(record.key_number())) {
                        work.touch(row);
                    }
                }
                Self::Remove if row.record.is_none() && row.withdrawal.is_none() => {}
                Self::Remove => work.drop_row(row, GoneReason::Removed, true),
                Self::Close => close(work, row, &holds),
            }
        }
        // Nobody can say whether it is one of those that may stay.
        if matches!(self, Self::Remove | Self::Close) {
            work.drop_damaged(damaged);
        }
        Ok((next, looked))
    }
}

fn close(work: &mut Work<'_>, row: Row, holds: &ScopeSet) {
    let lost = |part: &Option<Part>| part.as_ref().is_some_and(|part| !part.scopes().meets(holds));
    let (record, withdrawal) = (lost(&row.record), lost(&row.withdrawal));
    if work.is_own(&row.name) || !(record || withdrawal) {
        return;
    }
    if record || row.record.is_none() {
        work.drop_row(row, GoneReason::ScopeLost, withdrawal);
    } else {
        work.drop_withdrawal(row);
    }
}

impl Work<'_> {
    /// Goes on with what is under way, as far as one transaction may, and whether there is more. What goes by dates waits
    /// unless the clock is `trusted`.
    pub(super) async fn sweep(&mut self, trusted: bool) -> Result<bool, StoreError> {
        let room = self.world.step_rows();
        for (key, place) in self.facts::<String>(facts::SWEEPS, SWEEPS).await? {
            let Some((sweep, member)) = Sweep::of_key(&key) else {
                self.remove_fact(key);
                continue;
            };
            if sweep.is_dated() && !trusted {
                continue;
            }
            let mut place = Some(place).filter(|_| sweep.is_due(self, member));
            while let Some(at) = place {
                if self.swept >= room {
                    self.put_fact(key, &at);
                    self.sweeps = true;
                    return Ok(true);
                }
                let (next, looked) = sweep.step(self, member, &at, room - self.swept).await?;
                self.swept += looked;
                place = next;
            }
            self.remove_fact(key);
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use duikou_proto::federation::Suspend;
    use duikou_proto::federation::directory_entry::Action;

    use super::*;
    use crate::engine::upkeep::Upkeep;
    use crate::engine::{Halt, Reader};
    use crate::feed::model::{World, id};

    const ROWS: usize = 7;

    /// Where people find each listing of a member.
    async fn places(world: &World, member: &str) -> Vec<i64> {
        let rows = world.engine.range(&format!("members/{}/listings/", id(member)), "", 1_000).await.unwrap().rows;
        rows.iter().map(|row| row.record_content_seq).collect()
    }

    async fn published() -> World {
        let mut world = World::in_steps_of(2).await;
        for at in 0..ROWS {
            for member in ["a", "b"] {
                world.put(member, at, &["public"], true, 0).await;
            }
        }
        // What goes by itself goes by no date from now on, and nobody signs heads.
        world.engine.halt(Some(Halt::Twice));
        world
    }

    async fn under_way(world: &World) -> Vec<(String, String)> {
        world.engine.facts::<String>(facts::SWEEPS, 100).await.unwrap()
    }

    async fn put(world: &World, sweep: Sweep, member: &str, place: &str) {
        world.engine.put_fact(sweep.key(id(member).as_str()), Some(place.to_owned())).await.unwrap();
    }

    #[tokio::test]
    async fn nobody_sees_what_an_entry_forbids_before_the_sweep_is_through() {
        let mut world = published().await;
        let (a, b) = (places(&world, "a").await, places(&world, "b").await);
        world.act(Action::Suspend(Suspend { member: id("a").to_string(), reason: String::new() })).await;
        for (member, seen) in [("a", 0), ("b", ROWS)] {
            let prefix = format!("members/{}/listings/", id(member));
            let shown = world.engine.list(&prefix, "", 1_000, &Reader::Anonymous).await.unwrap().0;
            assert_eq!(shown.len(), seen, "{member}");
        }
        while !under_way(&world).await.is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert!(places(&world, "a").await.iter().zip(&a).all(|(now, before)| now > before), "all are moved in the end");
        assert_eq!(places(&world, "b").await, b, "and nobody else's");
    }

    #[tokio::test]
    async fn a_sweep_goes_on_where_it_was() {
        let world = published().await;
        let before = places(&world, "a").await;
        put(&world, Sweep::Touch, "a", World::name("a", 2).as_str()).await;
        while world.engine.submit(Upkeep { writes: false }).await.unwrap() {}
        let after = places(&world, "a").await;
        let moved: Vec<bool> = after.iter().zip(&before).map(|(now, before)| now > before).collect();
        assert_eq!(moved, (0..ROWS).map(|at| at > 2).collect::<Vec<_>>());
        assert!(under_way(&world).await.is_empty());
    }

    #[tokio::test]
    async fn one_looks_at_no_more_rows_than_a_transaction_may() {
        let world = published().await;
        let before = places(&world, "a").await;
        put(&world, Sweep::DeadKey, "b", "").await;
        put(&world, Sweep::Remove, "a", "").await;
        assert!(
            !world.engine.submit(Upkeep { writes: false }).await.unwrap(),
            "what goes by a date waits for the clock"
        );
        assert_eq!(under_way(&world).await.len(), 2);
        let mut steps = 1;
        while world.engine.submit(Upkeep { writes: true }).await.unwrap() {
            steps += 1;
        }
        // Nobody was removed, and no key has died.
        assert!(under_way(&world).await.is_empty() && steps >= ROWS.div_ceil(2), "{steps}");
        assert_eq!(places(&world, "a").await, before);
    }
}
