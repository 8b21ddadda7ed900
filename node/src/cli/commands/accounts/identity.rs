//! Whom the OpenID provider vouches for, account by account.

use duikou_proto::v1::{BindIdentityRequest, UnbindIdentityRequest};

use super::{find, show};
use crate::cli::{CommandError, Context};

/// Has the OpenID provider of the configuration mean an account: whoever it vouches for by SUBJECT signs in to it
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-node accounts bind li.ming 7f3a1c52")]
pub struct BindArgs {
    /// Whose, by login
    #[arg(value_name = "LOGIN")]
    login: String,

    /// The provider's own id of the person (sub), no address and no name
    #[arg(value_name = "SUBJECT")]
    subject: String,
}

/// Ends that
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-node accounts unbind li.ming")]
pub struct UnbindArgs {
    /// Whose, by login
    #[arg(value_name = "LOGIN")]
    login: String,

    /// The provider's issuer, where the account has identities of several
    #[arg(long, value_name = "URL", default_value = "")]
    issuer: String,
}

impl BindArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        let server = context.connect().await?;
        let name = find(&server, &self.login).await?.name;
        let request = BindIdentityRequest { name, subject: self.subject };
        show::one(context, &server.accounts().bind_identity(request).await?.into_inner())
    }
}

impl UnbindArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        let server = context.connect().await?;
        let name = find(&server, &self.login).await?.name;
        let request = UnbindIdentityRequest { name, issuer: self.issuer };
        show::one(context, &server.accounts().unbind_identity(request).await?.into_inner())
    }
}
