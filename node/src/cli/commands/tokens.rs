//! `tokens`

use clap::ValueEnum;
use duikou_proto::v1::token::{Area, Role};
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
    /// Ends one at once, and says what it has set up that goes on
    Revoke(RevokeArgs),
}

/// Makes one, and writes its secret: the only time that it is shown
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  duikou-node tokens create --member shenzhen --role editor --label website --valid 90d --area read,write"
)]
pub struct CreateArgs {
    /// The member whose eyes it has
    #[arg(long, value_name = "ID", required_unless_present_any = ["registered", "enterprise"], conflicts_with_all = ["registered", "enterprise"])]
    member: Option<String>,

    /// A vetted enterprise, which sees what is public and what is for the registered
    #[arg(long)]
    registered: bool,

    /// The registered enterprise that it belongs to, and with which it is suspended
    #[arg(long, value_name = "ID")]
    enterprise: Option<String>,

    /// Scopes that it sees and no others, separated by commas [default: all that its reader sees]
    #[arg(long, value_name = "SCOPE", value_delimiter = ',')]
    scope: Vec<String>,

    /// What it may be used for and nothing else, separated by commas [default: all that its role allows]
    #[arg(long, value_enum, value_delimiter = ',')]
    area: Vec<AreaArg>,

    /// What it allows
    #[arg(long, value_enum, default_value = "viewer")]
    role: RoleArg,

    /// What people call it
    #[arg(long, default_value = "")]
    label: String,

    /// How long it is good for [default: until it is revoked]
    #[arg(long, value_name = "DURATION")]
    valid: Option<Seconds>,
}

/// Ends one at once, and says what it has set up that goes on
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-node tokens revoke tokens/8f14e45f --with-subscriptions")]
pub struct RevokeArgs {
    /// Its name, as list shows it
    #[arg(value_name = "NAME")]
    name: String,

    /// Ends the subscriptions too that it has made for its member: one that has leaked may have made some for others
    #[arg(long)]
    with_subscriptions: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum RoleArg {
    /// Read
    Viewer,
    /// Read, and write listings of its member
    Editor,
    /// All of that, and approve what others have written
    Reviewer,
    /// All of that, and tokens and accounts
    Admin,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum AreaArg {
    /// Reading listings, feeds and searches
    Read,
    /// Writing listings
    Write,
    /// Subscriptions
    Subscriptions,
    /// Live questions to other members
    Query,
    /// Tokens
    Tokens,
}

impl AreaArg {
    fn area(self) -> Area {
        match self {
            Self::Read => Area::Read,
            Self::Write => Area::Write,
            Self::Subscriptions => Area::Subscriptions,
            Self::Query => Area::Query,
            Self::Tokens => Area::Tokens,
        }
    }
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
            RoleArg::Reviewer => Role::Reviewer,
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
            registered: self.registered || self.enterprise.is_some(),
            enterprise: self.enterprise.unwrap_or_default(),
            scopes: self.scope,
            areas: self.area.into_iter().map(|area| area.area().into()).collect(),
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
        let request = RevokeTokenRequest { name: name.clone(), end_subscriptions: self.with_subscriptions };
        let revoked = client.revoke_token(request).await?.into_inner();
        context.note(&Text::new(format!("{name} 已吊销"), format!("{name} is revoked")));
        for ended in &revoked.ended_subscriptions {
            context.note(&Text::new(format!("{ended} 随之结束"), format!("{ended} has ended with it")));
        }
        for left in &revoked.subscriptions {
            context.note(&Text::new(
                format!("{left} 由它建立，仍在继续；不需要的请删除：duikou-node subscriptions delete {left}"),
                format!("{left} was made by it and goes on; to end it: duikou-node subscriptions delete {left}"),
            ));
        }
        context.report(&revoked)
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
        Text::new("限定", "NARROWED TO"),
        Text::new("建立", "CREATED"),
        Text::new("最近使用", "LAST USE"),
        Text::new("截止", "EXPIRES"),
    ];
    let mut results = Sequence::new(context, &header, |token: &Token| {
        let member = match (token.registered, token.enterprise.is_empty()) {
            (false, _) => token.member.clone(),
            (true, true) => context.say("注册企业", "registered").to_owned(),
            (true, false) => token.enterprise.clone(),
        };
        let areas = token.areas().map(|area| area.as_str_name().to_lowercase());
        let narrowed = areas.chain(token.scopes.iter().cloned()).collect::<Vec<_>>().join(" ");
        let used = time(token.last_use_time.as_ref());
        let role = token.role().as_str_name().to_lowercase();
        let (made, ends) = (time(token.create_time.as_ref()), time(token.expire_time.as_ref()));
        vec![token.name.clone(), token.label.clone(), member, role, narrowed, made, used, ends]
    });
    for token in &tokens {
        results.push(token)?;
    }
    results.end()
}
