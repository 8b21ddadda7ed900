//! Live questions: a member asks others at their own nodes, now, and each answers by its own policy. `ask` is the asker's
//! side, `answer` the origin's; `desk` passes on what is on its way to others, each link being a `way`. `policy` says who
//! is answered, `guard` what is answered once and how often, `journal` what was asked,
//! `outcomes` how often and with what end.
//!
//! Links know this and this knows no link: a link joins as a way, takes what is to go out, and hands in what comes.

mod answer;
mod ask;
mod desk;
mod guard;
mod journal;
mod outcomes;
mod policy;
mod queue;
mod way;

use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::{OnceCell, Semaphore};
use tokio_util::task::TaskTracker;

use crate::engine::Engine;
use crate::keys::Openers;
use crate::limits;

pub use ask::{Ask, Heard, NotAsked, Outcome};
pub use journal::QuestionFact;
pub use policy::{Askers, Policy};

/// Asks and answers for the members of one server, and passes on what is for others. Its clones are the same.
#[derive(Clone)]
pub struct Live(Arc<Shared>);

struct Shared {
    engine: Engine,
    openers: Openers,
    policy: ArcSwap<Policy>,
    tasks: TaskTracker,
    ways: desk::Ways,
    /// Bytes that wait for any link.
    waits: queue::Waits,
    memory: OnceCell<answer::Memory>,
    answering: Arc<Semaphore>,
    asking: Arc<Semaphore>,
    passing: Arc<Semaphore>,
    outcomes: outcomes::Outcomes,
}

impl Live {
    /// For the members of `engine`, who open with `openers` what is sealed to them and answer by `policy`. What it begins
    /// runs among `tasks`, until the engine stops.
    pub fn new(engine: Engine, openers: Openers, policy: Policy, tasks: TaskTracker) -> Self {
        Self(Arc::new(Shared {
            engine,
            openers,
            policy: ArcSwap::from_pointee(policy),
            tasks,
            ways: desk::Ways::default(),
            waits: queue::Waits::default(),
            memory: OnceCell::new(),
            answering: Arc::new(Semaphore::new(limits::LIVE_ANSWERING)),
            asking: Arc::new(Semaphore::new(limits::LIVE_ASKING)),
            passing: Arc::new(Semaphore::new(limits::LIVE_PASSING)),
            outcomes: outcomes::Outcomes::default(),
        }))
    }

    /// Answers by another policy from now on.
    pub fn answer_by(&self, policy: Policy) {
        self.0.policy.store(Arc::new(policy));
    }

    /// How many members were asked by members here since the start, by what came of it.
    pub fn asked(&self) -> Vec<(&'static str, i64)> {
        self.0.outcomes.asked.counts()
    }

    /// How many questions came to members here since the start, by what became of them.
    pub fn came(&self) -> Vec<(&'static str, i64)> {
        self.0.outcomes.came.counts()
    }
}
