//! What the command line asks of a folder at rest. The server's crates implement it and hand it to
//! [`super::main`], so that the command line knows neither store nor link.

use std::path::Path;

use async_trait::async_trait;

use super::Text;
use crate::config::Config;

/// The node's commands that need no running server.
///
/// An error is shown with its chain. For an exit code other than "failed" put a [`super::CommandError`], an
/// [`std::io::Error`] or a [`tonic::Status`] into the chain.
#[async_trait(?Send)]
pub trait FolderCommands: Sync {
    /// Serves until it is told to stop; listens for signals itself.
    async fn serve(&self, dir: &Path, config: Config) -> anyhow::Result<()>;

    /// Uses up a join token: in an empty folder makes a node, in a joined one adds a member.
    async fn join(&self, dir: &Path, token: &str, node: Option<&str>) -> anyhow::Result<JoinReport>;

    /// Takes the members' own records back from the gateway, with a token where the keys are lost.
    async fn recover(&self, dir: &Path, token: Option<&str>) -> anyhow::Result<()>;

    /// Copies the folder of a server that does not run to a new one; its bytes.
    async fn backup(&self, dir: &Path, target: &Path) -> anyhow::Result<u64>;

    /// Makes a folder from a backup, or from a copy of a folder: the bytes of the log that came along with it.
    async fn restore(&self, backup: &Path, dir: &Path) -> anyhow::Result<u64>;

    /// Verifies everything in a folder.
    async fn check(&self, dir: &Path) -> anyhow::Result<CheckReport>;
}

/// What joining made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinReport {
    /// The network.
    pub network: String,
    /// Full id of the node.
    pub node: String,
    /// Full id of the member that was admitted.
    pub member: String,
    /// Full id of the gateway.
    pub gateway: String,
    /// BLAKE3 of the root key, hexadecimal: what the two operators compare by telephone.
    pub root_fingerprint: String,
}

/// What checking found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// How many records and withdrawals were verified.
    pub records: u64,
    /// What is wrong, one line each, as far as there is room. Empty: nothing.
    pub problems: Vec<Text>,
    /// How many problems found no room.
    pub more: u64,
}

/// Problems that are told one by one.
const PROBLEMS: usize = 1_000;

impl CheckReport {
    /// One thing that is wrong.
    pub fn problem(&mut self, zh: impl Into<String>, en: impl Into<String>) {
        if self.problems.len() < PROBLEMS {
            self.problems.push(Text::new(zh, en));
        } else {
            self.more += 1;
        }
    }
}
