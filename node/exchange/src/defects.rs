//! Deliberate defects: each takes one rule away, so that the simulation can show that it would notice. They are compiled
//! in where the build is given `--cfg duikou_defects`, as the tests' is and no release's, and are off until switched on.

macro_rules! defects {
    ($($(#[doc = $doc:literal])* $name:ident,)*) => {
        /// A rule that is taken away.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Defect {
            $($(#[doc = $doc])* $name,)*
        }

        impl Defect {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];
        }
    };
}

defects! {
    /// A link sends a narrowed row's record alone, and no withdrawal beside it.
    RecordAlone,
    /// A withdrawal ends the record of its own revision too.
    WithdrawalEndsItsOwn,
    /// A row forgets its withdrawal when a later record comes.
    WithdrawalForgotten,
    /// A withdrawal is announced again with every edit that comes after it.
    WithdrawalAgain,
    /// A reader that has no position is spared withdrawals, whatever it holds.
    SparedByPosition,
    /// What is dropped without a withdrawal vanishes without a trace.
    NoGoneRows,
    /// A purge leaves the floor of the feed where it was.
    NoFloor,
    /// What was refused is never asked for again.
    NoRetry,
    /// A scope that was lost and comes back is not read anew.
    ScopeNotForgotten,
    /// Recovery does not merge who could see what the gateway holds.
    RecoveryForgetsExposure,
    /// A position counts as known whatever its newest number says.
    PositionWithoutNewest,
    /// Suspending, resuming, hiding and showing move no row.
    NoTouch,
    /// Links leave out the rows of suspended members and hidden rows.
    HiddenNotCarried,
    /// A sink stores its position before the parts that lie before it.
    PositionBeforeParts,
    /// A node that was rolled back takes nothing back.
    NoRecovery,
    /// A row does not remember who could see it.
    ExposureForgotten,
    /// A writer is answered before its write is on disk.
    AnsweredEarly,
    /// A scope that is lost leaves what it brought.
    ScopeKept,
    /// Recovery does not raise the floor of revisions.
    RevisionsFromTheClock,
    /// A restored store keeps its old feed's name.
    FeedKept,
    /// A refusal counts as settled by whatever part comes.
    RefusalsSettleEarly,
    /// A mirror keeps an expired record whose withdrawal never came.
    ExpiredKept,
    /// What was refused counts as missing in comparisons.
    RefusedCountsAsMissing,
    /// A member that comes from another node is not recovered before it writes.
    MovedUnrecovered,
    /// A session that is still being opened counts as alive.
    OpeningCountsAsAlive,
    /// Nothing is healed that differs from a head.
    NoHealing,
    /// What a peer does not have goes, whatever the head says.
    SweepWithoutHead,
    /// A head says that it is of the last revision of its member, whatever scope that was in.
    AsOfOfTheMember,
    /// A source sends by the scopes with which its stream began.
    ScopesOfTheBeginning,
    /// Nothing is summed up, and no head or receipt is signed: what they cost is measured against this.
    NoHeads,
}

#[cfg(duikou_defects)]
mod switch {
    use std::cell::Cell;
    use std::sync::LazyLock;

    use super::Defect;

    /// Names of defects, between commas, that a process has from its beginning to its end.
    const VARIABLE: &str = "DUIKOU_DEFECTS";

    thread_local! {
        static ON: Cell<u64> = const { Cell::new(0) };
    }

    static OF_THE_PROCESS: LazyLock<u64> = LazyLock::new(|| {
        let names = std::env::var(VARIABLE).unwrap_or_default();
        let named = |defect: &&Defect| names.split(',').any(|name| name == format!("{defect:?}"));
        Defect::ALL.iter().filter(named).fold(0, |on, defect| on | 1 << (*defect as u64))
    });

    const _: () = assert!(Defect::ALL.len() <= 64, "each has a bit");

    /// Switches these on, and all others off, for everything that runs on this thread.
    pub fn switch(defects: &[Defect]) {
        ON.set(defects.iter().fold(0, |on, defect| on | 1 << (*defect as u64)));
    }

    pub(crate) fn on(defect: Defect) -> bool {
        (ON.get() | *OF_THE_PROCESS) & 1 << (defect as u64) != 0
    }
}

#[cfg(not(duikou_defects))]
mod switch {
    use super::Defect;

    pub(crate) const fn on(_: Defect) -> bool {
        false
    }
}

pub(crate) use switch::on;
#[cfg(duikou_defects)]
pub use switch::switch;
