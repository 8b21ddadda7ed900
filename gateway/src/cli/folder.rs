//! What the gateway's command line asks of a folder at rest. The gateway's other modules implement it.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use duikou_node::cli::{CommandError, Context, OutputForm};
use duikou_node::config::{Config, HostPort};
use duikou_proto::name::NetworkName;
use serde_json::json;

/// The gateway's commands that need no running server. Errors as in [`duikou_node::cli::FolderCommands`].
#[async_trait(?Send)]
pub trait GatewayFolder: Sync {
    /// Begins a network in an empty folder.
    async fn init(&self, dir: &Path, network: &NetworkName, options: &InitOptions) -> anyhow::Result<InitReport>;

    /// Makes a gateway in place of a lost one, in an empty folder, with the network's root key.
    async fn rebuild(&self, dir: &Path, network: &NetworkName, options: &InitOptions) -> anyhow::Result<InitReport>;

    /// Serves until it is told to stop; listens for signals itself.
    async fn serve(&self, dir: &Path, config: Config) -> anyhow::Result<()>;

    /// Runs a network of a gateway and nodes on this machine.
    async fn demo(&self, options: &DemoOptions) -> anyhow::Result<()>;
}

/// How a network begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InitOptions {
    /// The gateway's short id.
    pub id: String,
    /// What invites name. Absent: to be set in the configuration before the first invite.
    pub address: Option<HostPort>,
    /// Where the root key lies, or is to lie. Absent: in the folder.
    pub root_key: Option<PathBuf>,
}

/// What beginning a network made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InitReport {
    /// Full id of the gateway.
    pub gateway: String,
    /// BLAKE3 of the root key, hexadecimal.
    pub root_fingerprint: String,
    /// Where the root key lies, to be taken off this machine.
    pub root_key: PathBuf,
}

impl InitReport {
    /// The result of the command that has made it: the fingerprint for people, all of it for programs.
    pub(super) fn show(&self, context: &Context, network: &NetworkName) -> Result<(), CommandError> {
        if context.global.output == OutputForm::Table {
            return context.print(&self.root_fingerprint);
        }
        context.report_value(&json!({
            "network": network.to_string(),
            "gateway": self.gateway,
            "rootFingerprint": self.root_fingerprint,
            "rootKey": self.root_key.display().to_string(),
        }))
    }
}

/// How the demonstration runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoOptions {
    /// End when every store holds what it must.
    pub once: bool,
    /// Print what every store holds as JSON.
    pub json: bool,
    /// Say what is being done.
    pub progress: bool,
    /// Where its folders lie. Absent: in a new one, removed at the end.
    pub dir: Option<PathBuf>,
}
