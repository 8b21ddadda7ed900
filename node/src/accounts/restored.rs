//! What a restored backup still has of people who may have been shut out since: nobody is signed in by it.

use async_trait::async_trait;

use super::link::LinkFact;
use super::session::{Session, end};
use crate::audit::{Action, Actor, Event};
use crate::engine::{Command, Engine, Work, WriteError, facts};
use crate::limits;
use crate::store::StoreError;

/// Ends every session, and every one-time link.
struct EndAll;

#[async_trait]
impl Command for EndAll {
    type Output = usize;

    async fn run(self, work: &mut Work<'_>) -> Result<usize, StoreError> {
        let sessions = work.facts::<Session>(facts::SESSIONS, limits::SESSIONS).await?;
        for (key, _) in &sessions {
            end(work, key);
        }
        let links = work.facts::<LinkFact>(facts::LINKS, limits::ACCOUNTS + 1).await?;
        for (key, _) in &links {
            work.remove_fact(key.clone());
        }
        Ok(sessions.len() + links.len())
    }
}

/// Shuts out whoever a restored backup would let in without a password, and tells the audit trail that it was restored.
///
/// # Errors
/// Where nothing could be written.
pub(crate) async fn after_restore(engine: &Engine) -> Result<(), WriteError> {
    let node = engine.identity().node.clone();
    let tell = move |ended: &usize| {
        let event = Event::new(Action::BackupRestore, format!("nodes/{node}"));
        Some(event.saying(format!("{ended} sessions and links ended")))
    };
    engine.submit_audited(Actor::server(), EndAll, tell).await.map(drop)
}
