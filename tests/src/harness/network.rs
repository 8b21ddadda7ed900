//! A network that runs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tempfile::TempDir;

use super::follower::Follower;
use super::hosts::Lan;
use super::server::Server;
use super::start::Builder;
use duikou_simulation::Seed;

/// Its name.
pub const NETWORK: &str = "pprd.example";

/// How much of each log is shown where a test fails.
const LOG_LINES: usize = 60;

/// A gateway and its nodes, which end with it.
#[derive(Debug)]
pub struct Network {
    pub(crate) seed: u64,
    pub(crate) chance: Mutex<Seed>,
    pub(crate) gateway: Server,
    pub(crate) nodes: Vec<Server>,
    /// Where every server has a machine of its own: what they are plugged into.
    pub(crate) lan: Option<Lan>,
    pub(crate) root: TempDir,
    /// By name of the server that they follow.
    pub(crate) followers: BTreeMap<String, Follower>,
    /// Whether the scenario has come to its end, or is none.
    pub(crate) judged: bool,
}

impl Network {
    /// Describes a network; `seed` decides whatever is left to chance.
    #[expect(clippy::new_ret_no_self, reason = "a network is described before it runs")]
    pub fn new(seed: u64) -> Builder {
        Builder::new(seed)
    }

    /// The gateway.
    pub fn gateway(&self) -> &Server {
        &self.gateway
    }

    /// The node with this short id.
    ///
    /// # Panics
    /// Where there is none.
    pub fn node(&self, id: &str) -> &Server {
        self.nodes.iter().find(|node| node.name == id).unwrap_or_else(|| panic!("there is no node {id}"))
    }

    /// The nodes, in the order in which they were described.
    pub fn nodes(&self) -> &[Server] {
        &self.nodes
    }

    /// The gateway and the nodes.
    pub fn servers(&self) -> impl Iterator<Item = &Server> {
        std::iter::once(&self.gateway).chain(&self.nodes)
    }

    /// A number below `bound` that depends on the seed and on how many were drawn before.
    ///
    /// # Panics
    /// Where `bound` is 0.
    pub fn chance(&self, bound: u64) -> u64 {
        self.chance.lock().unwrap_or_else(PoisonError::into_inner).below(bound)
    }

    /// The folder of everything.
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    pub(crate) fn follow(&mut self, name: &str) {
        if self.judged {
            return;
        }
        let server = self.servers().find(|server| server.name == name).expect("a server of this network");
        let follower = Follower::new(server.local());
        self.followers.insert(name.to_owned(), follower);
    }

    fn logs(&self) -> Vec<PathBuf> {
        self.servers().map(|server| server.log.clone()).collect()
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert!(self.judged, "seed {}: a scenario ends with finish, or says why not with leave", self.seed);
            return;
        }
        self.root.disable_cleanup(true);
        eprintln!("seed {}; the folders stay in {}", self.seed, self.root.path().display());
        for log in self.logs() {
            eprintln!("--- the end of {}\n{}", log.display(), end_of(&log));
        }
    }
}

/// The last lines of a log.
pub(crate) fn end_of(log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
}
