//! `tokens`

use clap::ValueEnum;
use duikou_proto::v1::token::Role;
use duikou_proto::v1::{CreateTokenRequest, ListTokensRequest, RevokeTokenRequest, Token};

use crate::cli::{CommandError, Context, Sequence, Text, time};
use crate::config::Seconds;

/// The tokens by which programs prove what they may do
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Makes one, and writes its secret: the only time that it is shown
    Create(CreateArgs),
    /// Lists all that are not revoked, newest first
    #[command(after_help = "Example:\n  duikou-node tokens list")]
    List,
    /// Ends one at once
    Revoke(RevokeArgs),
}

/// Makes one, and writes its secret: the only time that it is shown
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  duikou-node tokens create --member shenzhen --role editor --label website --valid 90d"
)]
pub struct CreateArgs {
    /// The member whose eyes it has
    #[arg(long, value_name = "ID", required_unless_present = "registered", conflicts_with = "registered")]
    member: Option<String>,

    /// A vetted enterprise, which sees what is public and what is for the registered
    #[arg(long)]
    registered: bool,

    /// What it allows
    #[arg(long, value_enum, default_value = "viewer")]
    role: RoleArg,

    /// What people call it
    #[arg(long, default_value = "")]
    label: String,

    /// How long it is good for [default: until it is revoked]
    #[arg(long, value_name = "TIME")]
    valid: Option<Seconds>,
}

/// Ends one at once
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-node tokens revoke tokens/8f14e45f")]
pub struct RevokeArgs {
    /// Its name, as list shows it
    #[arg(value_name = "NAME")]
    name: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum RoleArg {
    /// Read
    Viewer,
    /// Read, and write listings of its member
    Editor,
    /// All of that, and tokens
    Admin,
}

impl Command {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        match self {
            Self::Create(args) => args.run(context).await,
            Self::List => list(context).await,
            Self::Revoke(args) => args.run(context).await,
        }
    }
}

impl CreateArgs {
    async fn run(self, context: &Context) -> Result<(), CommandError> {
        let role = match self.role {
            RoleArg::Viewer => Role::Viewer,
            RoleArg::Editor => Role::Editor,
            RoleArg::Admin => Role::Admin,
        };
        let expire_time = self.valid.map(|valid| {
            let seconds = i64::try_from(valid.duration().as_secs()).unwrap_or(i64::MAX);
            let end = jiff::Timestamp::now().as_second().saturating_add(seconds);
            prost_types::Timestamp { seconds: end, nanos: 0 }
        });
        let token = Token {
            label: self.label,
            member: self.member.unwrap_or_default(),
            registered: self.registered,
            role: role.into(),
            expire_time,
            ..Default::default()
        };
        let mut client = context.connect().await?.tokens();
        let made = client.create_token(CreateTokenRequest { token: Some(token) }).await?.into_inner();
        let name = made.token.as_ref().map(|token| token.name.clone()).unwrap_or_default();
        context.note(&Text::new(
            format!("{name}：请立即保存密钥，它不会再次显示"),
            format!("{name}: keep the secret now, it is not shown again"),
        ));
        context.show(&made, |made| made.secret.clone())
    }
}

impl RevokeArgs {
    async fn run(self, context: &Context) -> Result<(), CommandError> {
        let name = if self.name.starts_with("tokens/") { self.name } else { format!("tokens/{}", self.name) };
        let mut client = context.connect().await?.tokens();
        client.revoke_token(RevokeTokenRequest { name: name.clone() }).await?;
        context.note(&Text::new(format!("{name} 已吊销"), format!("{name} is revoked")));
        Ok(())
    }
}

async fn list(context: &Context) -> Result<(), CommandError> {
    let mut client = context.connect().await?.tokens();
    let tokens = client.list_tokens(ListTokensRequest {}).await?.into_inner().tokens;
    let header = [
        Text::new("名称", "NAME"),
        Text::new("标签", "LABEL"),
        Text::new("成员", "MEMBER"),
        Text::new("角色", "ROLE"),
        Text::new("建立", "CREATED"),
        Text::new("截止", "EXPIRES"),
    ];
    let mut results = Sequence::new(context, &header, |token: &Token| {
        let member = if token.registered { "registered".to_owned() } else { token.member.clone() };
        let role = token.role().as_str_name().to_lowercase();
        let (made, ends) = (time(token.create_time.as_ref()), time(token.expire_time.as_ref()));
        vec![token.name.clone(), token.label.clone(), member, role, made, ends]
    });
    for token in &tokens {
        results.push(token)?;
    }
    results.end()
}
