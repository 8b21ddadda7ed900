//! What the commands of a transaction are about to sign is signed ahead, on all cores at once, and where there is much of
//! it while the transaction before is being written.
//!
//! It is a guess from what is known before the first of them runs: each decides again when its turn comes, and what was
//! guessed wrong is signed then. So nothing depends on it but speed.

use std::collections::{HashMap, HashSet};

use duikou_proto::envelope::{Micros, Part, Revision, Unsigned};
use duikou_proto::name::{MemberId, RecordName};
use duikou_proto::sign::Signer;

use super::work::{Ground, Rows};
use crate::store::Row;
use crate::world::World;

/// Fewer are signed in less time than another thread needs to wake.
pub(crate) const WORTH: usize = 6;

/// How far it has been guessed what becomes of the members' names in a transaction.
#[derive(Debug)]
pub(crate) struct Guess {
    /// The time that the transaction is to have.
    pub(crate) now: Micros,
    revisions: HashMap<MemberId, Revision>,
    seen: HashSet<RecordName>,
    blind: bool,
}

impl Guess {
    pub(crate) fn new(now: Micros) -> Self {
        Self { now, revisions: HashMap::new(), seen: HashSet::new(), blind: false }
    }
}

/// A statement that will be signed: by whom, about what.
pub(crate) type Expected = (Signer, RecordName, Unsigned);

/// Collects what will be signed.
pub struct Foresight<'a> {
    ground: Ground<'a>,
    rows: &'a Rows,
    guess: &'a mut Guess,
    expected: Vec<Expected>,
}

impl<'a> Foresight<'a> {
    pub(crate) fn new(ground: Ground<'a>, rows: &'a Rows, guess: &'a mut Guess) -> Self {
        Self { ground, rows, guess, expected: Vec::new() }
    }

    /// What the commands will be decided by.
    pub(crate) fn ground(&self) -> Ground<'a> {
        self.ground
    }

    /// The row that a command will find; None where that is no longer to be known.
    pub(crate) fn row(&mut self, name: &RecordName) -> Option<Option<&'a Row>> {
        self.guess.blind |= !self.guess.seen.insert(name.clone());
        if self.guess.blind { None } else { self.rows.get(name).map(Option::as_ref) }
    }

    /// A command will sign of `name` what `statements` makes of the next revision of its member.
    pub(crate) fn sign(
        &mut self,
        member: &MemberId,
        name: &RecordName,
        statements: impl FnOnce(Revision) -> Vec<Unsigned>,
    ) {
        let Some(signer) = self.ground.signer(member) else { return };
        let known = self.ground.memory.revisions.get(member).copied().unwrap_or(0);
        let last = self.guess.revisions.entry(member.clone()).or_insert(known);
        *last = self.ground.now.max(*last + 1);
        let statements = statements(*last).into_iter();
        self.expected.extend(statements.map(|unsigned| (signer.clone(), name.clone(), unsigned)));
    }

    /// What was collected.
    pub(crate) fn into_expected(self) -> Vec<Expected> {
        self.expected
    }
}

/// What was signed ahead of the commands that need it, by name.
#[derive(Default)]
pub(crate) struct Foreseen(HashMap<RecordName, Vec<(Signer, Part)>>);

impl Foreseen {
    /// What `signer` has signed, where it says exactly this of `name`.
    pub(crate) fn take(&mut self, signer: &Signer, name: &RecordName, unsigned: &Unsigned) -> Option<Part> {
        let of_name = self.0.get_mut(name)?;
        let at = of_name.iter().position(|(by, part)| by.is(signer) && part.says(unsigned))?;
        Some(of_name.swap_remove(at).1)
    }

    pub(crate) fn extend(&mut self, more: Self) {
        for (name, parts) in more.0 {
            self.0.entry(name).or_default().extend(parts);
        }
    }
}

/// Begins to sign all of it beside the tasks, for whoever has something else to do meanwhile.
pub(crate) fn begin_to_sign(world: &World, expected: Vec<Expected>) -> impl Future<Output = Foreseen> + Send + use<> {
    begin_on(world.cores(), world, expected)
}

fn begin_on(cores: usize, world: &World, mut rest: Vec<Expected>) -> impl Future<Output = Foreseen> + Send + use<> {
    let share = rest.len().div_ceil(cores.max(1)).max(1);
    let mut pieces = Vec::with_capacity(cores);
    while !rest.is_empty() {
        let piece = rest.split_off(rest.len().saturating_sub(share));
        pieces.push(world.aside(move || signed(piece)));
    }
    async move {
        let mut foreseen = Foreseen::default();
        for piece in pieces {
            // One that failed is signed in its turn.
            foreseen.extend(piece.await.unwrap_or_default());
        }
        foreseen
    }
}

/// Signs all of it, a share of it here, or nothing where that is not worth while.
pub(crate) async fn sign_all(world: &World, mut expected: Vec<Expected>) -> Foreseen {
    if expected.len() < WORTH {
        return Foreseen::default();
    }
    let elsewhere = expected.split_off(expected.len().div_ceil(world.cores()));
    let elsewhere = begin_on(world.cores() - 1, world, elsewhere);
    let mut foreseen = signed(expected);
    foreseen.extend(elsewhere.await);
    foreseen
}

fn signed(expected: Vec<Expected>) -> Foreseen {
    let mut foreseen = Foreseen(HashMap::with_capacity(expected.len()));
    for (signer, name, unsigned) in expected {
        let signature = unsigned.signature(&signer);
        // What has not the form of a record is refused in its turn.
        if let Ok(part) = unsigned.seal(&signer, signature) {
            // Its sums will ask for it.
            part.hash();
            foreseen.0.entry(name).or_default().push((signer, part));
        }
    }
    foreseen
}
