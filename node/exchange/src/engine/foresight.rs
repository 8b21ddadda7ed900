//! What the commands of a transaction are about to sign is signed ahead, on all cores at once.
//!
//! It is a guess from what is known before the first of them runs: each decides again when its turn comes, and what was
//! guessed wrong is signed then. So nothing depends on it but speed.

use std::collections::{BTreeSet, HashMap};

use duikou_proto::envelope::{Revision, Unsigned};
use duikou_proto::name::{MemberId, RecordName};
use duikou_proto::sign::Signer;

use super::work::{Signatures, Work};
use crate::store::Row;
use crate::world::World;

/// Fewer are signed in less time than another thread needs to wake.
pub(crate) const WORTH: usize = 6;

/// Collects what will be signed.
pub struct Foresight<'a, 'w> {
    work: &'a Work<'w>,
    revisions: HashMap<MemberId, Revision>,
    seen: BTreeSet<RecordName>,
    blind: bool,
    unsigned: Vec<(Signer, Unsigned)>,
}

impl<'a, 'w> Foresight<'a, 'w> {
    pub(crate) fn new(work: &'a Work<'w>) -> Self {
        Self { work, revisions: HashMap::new(), seen: BTreeSet::new(), blind: false, unsigned: Vec::new() }
    }

    /// What the commands will find.
    pub(crate) fn work(&self) -> &'a Work<'w> {
        self.work
    }

    /// The row that a command will find; None where that is no longer to be known.
    pub(crate) fn row(&mut self, name: &RecordName) -> Option<Option<&'a Row>> {
        self.blind |= !self.seen.insert(name.clone());
        if self.blind { None } else { self.work.loaded(name) }
    }

    /// A command will sign for `member` what `statements` makes of the next revision.
    pub(crate) fn sign(&mut self, member: &MemberId, statements: impl FnOnce(Revision) -> Vec<Unsigned>) {
        let Some(signer) = self.work.signer(member) else { return };
        let known = self.work.memory.revisions.get(member).copied().unwrap_or(0);
        let last = self.revisions.entry(member.clone()).or_insert(known);
        *last = self.work.now.max(*last + 1);
        self.unsigned.extend(statements(*last).into_iter().map(|unsigned| (signer.clone(), unsigned)));
    }

    /// What was collected.
    pub(crate) fn into_unsigned(self) -> Vec<(Signer, Unsigned)> {
        self.unsigned
    }
}

/// Signs all of it, or nothing where that is not worth while.
pub(crate) async fn sign_all(world: &World, unsigned: Vec<(Signer, Unsigned)>) -> Signatures {
    if unsigned.len() < WORTH {
        return Signatures::new();
    }
    let cores = world.cores();
    let share = unsigned.len().div_ceil(cores);
    let mut rest = unsigned;
    let mut elsewhere = Vec::with_capacity(cores);
    while rest.len() > share {
        let piece = rest.split_off(rest.len() - share);
        elsewhere.push(world.aside(move || signed(piece)));
    }
    let mut signatures = signed(rest);
    for piece in elsewhere {
        // One that failed is signed in its turn.
        signatures.extend(piece.await.unwrap_or_default());
    }
    signatures
}

fn signed(unsigned: Vec<(Signer, Unsigned)>) -> Signatures {
    let sign = |(signer, unsigned): (Signer, Unsigned)| {
        let signature = unsigned.signature(&signer);
        (unsigned, signature)
    };
    unsigned.into_iter().map(sign).collect()
}
