//! `rebuild`

use std::path::PathBuf;

use duikou_node::cli::{CommandError, Context, Text};
use duikou_node::config::HostPort;
use duikou_proto::name::NetworkName;

use super::folder::{GatewayFolder, InitOptions};

/// Makes a gateway in an empty folder in place of one that is lost without a backup
///
/// Its nodes bring back the directory and their records when it serves, at the address that they know.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  duikou-gateway --dir /var/lib/duikou rebuild --network pprd.example --root-key /media/root.key --address gateway.pprd.example:7443"
)]
pub(super) struct Args {
    /// The network's name
    #[arg(long, value_name = "NAME")]
    network: NetworkName,

    /// The short id that the lost gateway had
    #[arg(long, value_name = "ID", default_value = "gateway")]
    id: String,

    /// Where nodes reach the gateway
    #[arg(long, value_name = "HOST:PORT")]
    address: Option<HostPort>,

    /// The network's root key
    #[arg(long, value_name = "FILE")]
    root_key: PathBuf,
}

impl Args {
    pub(super) async fn run(self, context: &Context, gateway: &impl GatewayFolder) -> Result<(), CommandError> {
        let dir = context.global.dir();
        let options = InitOptions { id: self.id, address: self.address, root_key: Some(self.root_key) };
        let made = gateway.rebuild(dir, &self.network, &options).await;
        let made = made.map_err(|error| CommandError::from_anyhow(&error))?;
        context.note(&Text::new(
            format!("网关 {} 已重建，根指纹 {}", made.gateway, made.root_fingerprint),
            format!("{} is rebuilt, root {}", made.gateway, made.root_fingerprint),
        ));
        context.note(&Text::new(
            format!(
                "下一步：duikou-gateway serve --dir {}；各节点连上后：duikou-gateway directory rotate",
                dir.display()
            ),
            format!(
                "next: duikou-gateway serve --dir {}; when the nodes are back: duikou-gateway directory rotate",
                dir.display()
            ),
        ));
        made.show(context, &self.network)
    }
}
