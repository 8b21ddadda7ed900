//! A network comes to rest, and is judged: every invariant of [`duikou_simulation::invariants`] holds of what its servers show and
//! hold. Not verified: bytes that a database holds outside its rows ([`super::Server::never_received`]).

use std::time::Duration;

use super::network::Network;
use super::wait::within;
use duikou_simulation::invariants;

/// How long a quiet network of a test may take to come to rest.
const SETTLES: Duration = Duration::from_secs(60);
/// Findings that a failure spells out.
const SHOWN: usize = 12;

impl Network {
    /// Waits until the network is at rest and every invariant holds. All servers must run, and nobody may write
    /// meanwhile.
    ///
    /// # Panics
    /// Where it does not within a minute: with the seed, and what does not hold where.
    pub async fn settle(&self) {
        self.settle_within(SETTLES).await;
    }

    /// The same with another bound than a minute.
    ///
    /// # Panics
    /// As [`Network::settle`].
    pub async fn settle_within(&self, limit: Duration) {
        for server in self.servers() {
            assert!(server.process_id().is_some(), "{} does not run, so nothing settles", server.name());
        }
        let settled = async || match self.evidence().await {
            Ok(evidence) => {
                let findings = invariants::check(&evidence);
                if findings.is_empty() { Ok(()) } else { Err(told(&findings)) }
            }
            Err(error) => Err(format!("{error:#}")),
        };
        if let Err(reason) = within(limit, settled).await {
            panic!("seed {}: the network does not come to rest: {reason}", self.seed);
        }
    }

    /// Ends a scenario: whatever does not run is started, and when all is at rest, every invariant holds.
    ///
    /// # Panics
    /// As [`Network::settle`].
    pub async fn finish(mut self) {
        for server in self.servers().filter(|server| server.process_id().is_none()) {
            server.start().await;
        }
        self.settle().await;
        self.judged = true;
    }

    /// Ends a scenario after which the invariants cannot hold, for the reason `why`.
    pub fn leave(mut self, why: &str) {
        assert!(!why.is_empty(), "a scenario is left for a reason");
        self.judged = true;
    }
}

fn told(findings: &[invariants::Finding]) -> String {
    let shown: Vec<String> = findings.iter().take(SHOWN).map(ToString::to_string).collect();
    let more = findings.len().saturating_sub(SHOWN);
    let more = if more == 0 { String::new() } else { format!("\nand {more} more") };
    format!("\n{}{more}", shown.join("\n"))
}
