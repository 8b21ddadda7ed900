//! One run: a network goes through what its seed says, comes to rest, and is judged.

use std::time::{Duration, Instant};

use super::story::Story;
use super::trace::Trace;
use super::world::{Shape, World};
use crate::invariants::{self, Evidence, Finding, ReaderEvidence};
use crate::seed::Seed;

/// How long a healed network may take to come to rest.
const RESTS: Duration = Duration::from_secs(240);

/// What a run is to be.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Decides everything.
    pub seed: u64,
    /// How long things happen, in virtual time.
    pub span: Duration,
    /// Nothing goes wrong, at twelve nodes.
    pub usual: bool,
    /// Writes down what happens.
    pub shown: bool,
    /// Rules that are taken away.
    #[cfg(duikou_defects)]
    pub defects: Vec<duikou_exchange::defects::Defect>,
}

/// What a run came to.
#[derive(Debug, Clone)]
pub struct Report {
    /// Which.
    pub seed: u64,
    /// What kind of trouble it had.
    pub character: &'static str,
    /// What must not be, and is.
    pub findings: Vec<Finding>,
    /// Of all that happened.
    pub digest: String,
    /// How much time passed for the network.
    pub virtual_time: Duration,
    /// How much for us.
    pub wall_time: Duration,
}

/// Runs it, on this thread alone.
///
/// # Panics
/// Where no runtime can be made.
pub fn run(plan: &Plan) -> Report {
    let began = Instant::now();
    #[cfg(duikou_defects)]
    duikou_exchange::defects::switch(&plan.defects);
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().start_paused(true);
    // Without this the runtime's own choices are not the seed's, and a run does not replay.
    #[cfg(tokio_unstable)]
    builder.rng_seed(tokio::runtime::RngSeed::from_bytes(&plan.seed.to_le_bytes()));
    let runtime = builder.build().expect("a runtime");
    let mut report = runtime.block_on(tell(plan));
    report.wall_time = began.elapsed();
    report
}

async fn tell(plan: &Plan) -> Report {
    let mut seed = Seed::new(plan.seed);
    let trace = Trace::begin(plan.shown);
    let (shape, mut story) = if plan.usual {
        (Shape::wide(), Story::usual(Seed::new(seed.below(u64::MAX))))
    } else {
        (Shape::small(), Story::new(plan.seed, Seed::new(seed.below(u64::MAX))))
    };
    let mut world = World::new(&shape, seed, trace).await;
    story.go_on(&mut world, plan.span).await;
    story.heal(&mut world).await;
    let healed = world.time.elapsed();
    let evidence = loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        world.note_answers();
        let late = world.time.elapsed() > healed + RESTS;
        if !late && !invariants::at_rest(&world.evidence()) {
            continue;
        }
        let evidence = read_all(&mut world).await;
        // What was noticed on the way does not go away.
        if late || invariants::check(&evidence).len() <= evidence.noticed.len() {
            break evidence;
        }
    };
    let mut findings = invariants::check(&evidence);
    findings.sort();
    findings.dedup();
    for store in &evidence.stores {
        for (name, row) in &store.rows {
            let revisions = (row.record.as_ref().map(|r| r.revision()), row.withdrawal.as_ref().map(|w| w.revision()));
            let seqs = (row.record_seq, row.record_content_seq, row.withdrawal_seq, row.withdrawal_content_seq);
            world.trace.note(|| format!("{} has {name} {revisions:?} {seqs:?} {:?}", store.node, row.gone));
        }
    }
    for finding in &findings {
        world.trace.note(|| finding.to_string());
    }
    Report {
        seed: plan.seed,
        character: story.character,
        findings,
        digest: world.trace.digest(),
        virtual_time: world.time.elapsed(),
        wall_time: Duration::ZERO,
    }
}

/// The evidence, with every follower at the head.
async fn read_all(world: &mut World) -> Evidence {
    for follower in 0..world.followers.len() {
        while world.follow(follower, 256).await {}
    }
    let mut evidence = world.evidence();
    for follower in &world.followers {
        evidence.readers.push(ReaderEvidence {
            reader: follower.reader.clone(),
            node: follower.node.clone(),
            offers_only: follower.offers_only,
            holds: follower.holds.clone(),
            offers: super::follower::Follower::offers(&world.servers[follower.server]),
            // Engines do not look into bodies.
            unreadable: std::collections::BTreeSet::new(),
        });
    }
    evidence
}
