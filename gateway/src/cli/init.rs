//! `init`

use std::path::PathBuf;

use duikou_node::cli::{CommandError, Context, Text};
use duikou_node::config::HostPort;
use duikou_proto::name::NetworkName;

use super::folder::{GatewayFolder, InitOptions};

/// Begins a network in an empty folder: root key, certificate authority, directory, configuration
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  duikou-gateway --dir /var/lib/duikou init --network pprd.example --address gateway.pprd.example:7443"
)]
pub(super) struct Args {
    /// The network's name, for good
    #[arg(long, value_name = "NAME")]
    network: NetworkName,

    /// The gateway's short id
    #[arg(long, value_name = "ID", default_value = "gateway")]
    id: String,

    /// Where nodes reach the gateway; what invites name
    #[arg(long, value_name = "HOST:PORT")]
    address: Option<HostPort>,

    /// Where the root key is written, best on a medium that is kept offline [default: root.key in --dir]
    #[arg(long, value_name = "FILE")]
    root_key: Option<PathBuf>,
}

impl Args {
    pub(super) async fn run(self, context: &Context, gateway: &impl GatewayFolder) -> Result<(), CommandError> {
        let dir = context.global.dir();
        let options = InitOptions { id: self.id, address: self.address, root_key: self.root_key };
        let made =
            gateway.init(dir, &self.network, &options).await.map_err(|error| CommandError::from_anyhow(&error))?;
        context.note(&Text::new(
            format!("网络 {} 已建立，网关 {}，根指纹 {}", self.network, made.gateway, made.root_fingerprint),
            format!("{} has begun with the gateway {}, root {}", self.network, made.gateway, made.root_fingerprint),
        ));
        let key = made.root_key.display();
        context.note(&Text::new(
            format!("请把根密钥 {key} 移到离线介质并妥善保存：只有它能替换丢失的成员密钥"),
            format!("move the root key {key} to a medium that is kept offline: it alone replaces lost keys of members"),
        ));
        context.note(&Text::new(
            format!("下一步：duikou-gateway serve --dir {}", dir.display()),
            format!("next: duikou-gateway serve --dir {}", dir.display()),
        ));
        made.show(context, &self.network)
    }
}
