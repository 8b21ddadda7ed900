//! `join`

use serde_json::json;

use crate::cli::{CommandError, Context, FolderCommands, OutputForm, Text};

/// Uses up a join token: makes a node of an empty folder, or adds a member to a node
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-node --dir /var/lib/duikou join duikou1.CgRwcHJk --node shenzhen")]
pub struct Args {
    /// What the operator of the network handed over
    #[arg(value_name = "TOKEN")]
    token: String,

    /// What the node is called [default: as the member]
    #[arg(long, value_name = "ID")]
    node: Option<String>,
}

impl Args {
    pub(super) async fn run(self, context: &Context, folder: &impl FolderCommands) -> Result<(), CommandError> {
        let dir = context.global.dir();
        let report = folder
            .join(dir, &self.token, self.node.as_deref())
            .await
            .map_err(|error| CommandError::from_anyhow(&error))?;
        context.note(&Text::new(
            format!("节点 {} 已加入网络 {}（成员 {}）", report.node, report.network, report.member),
            format!("node {} has joined {} with member {}", report.node, report.network, report.member),
        ));
        context.note(&Text::new(
            format!("请与网关 {} 的运维人员电话核对根指纹：{}", report.gateway, report.root_fingerprint),
            format!("compare this with the operator of {} by telephone: {}", report.gateway, report.root_fingerprint),
        ));
        context.note(&Text::new(
            format!("下一步：duikou-node serve --dir {}", dir.display()),
            format!("next: duikou-node serve --dir {}", dir.display()),
        ));
        if context.global.output == OutputForm::Table {
            return context.print(&report.node);
        }
        context.report_value(&json!({
            "network": report.network,
            "node": report.node,
            "member": report.member,
            "gateway": report.gateway,
            "rootFingerprint": report.root_fingerprint,
        }))
    }
}
