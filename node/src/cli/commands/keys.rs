//! `keys`

use clap::ValueEnum;
use duikou_proto::v1::key_info::Purpose;
use duikou_proto::v1::{AcknowledgeKeysRequest, KeyInfo, ListKeysRequest, RotateKeysRequest};

use crate::cli::{CommandError, Context, FolderCommands, Sequence, Text, time};
use crate::config::Seconds;

/// The keys with which members sign, and to which others seal
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    Show(ShowArgs),
    Rotate(RotateArgs),
    Compromise(CompromiseArgs),
    Acknowledge(AcknowledgeArgs),
    Replace(ReplaceArgs),
}

/// Lists keys by member, purpose and number
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-node keys show shenzhen")]
pub struct ShowArgs {
    /// Its short or full id [default: all members here]
    #[arg(value_name = "MEMBER")]
    member: Option<String>,
}

/// Gives a member here new keys; those before verify for the grace
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-node keys rotate shenzhen")]
pub struct RotateArgs {
    /// Its short or full id
    #[arg(value_name = "MEMBER")]
    member: String,

    /// Which keys
    #[arg(long, value_enum, default_value = "all")]
    purpose: PurposeArg,

    /// For how long the keys before still verify, at most 30d
    #[arg(long, value_name = "DURATION", default_value = "30d")]
    grace: Seconds,
}

/// Gives a member here new keys because others know those before, which verify nothing from now on
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-node keys compromise shenzhen --yes")]
pub struct CompromiseArgs {
    /// Its short or full id
    #[arg(value_name = "MEMBER")]
    member: String,

    /// Which keys
    #[arg(long, value_enum, default_value = "all")]
    purpose: PurposeArg,
}

/// Ends the alarm about keys that the root gave a member in place of lost ones
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-node keys acknowledge shenzhen")]
pub struct AcknowledgeArgs {
    /// Its short or full id
    #[arg(value_name = "MEMBER")]
    member: String,
}

/// Makes new keys in place of lost ones, with a token for it; the server must not run
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-node --dir /var/lib/duikou keys replace duikou1.CgxwcHJk")]
pub struct ReplaceArgs {
    /// What duikou-gateway invite MEMBER --replace-keys printed
    #[arg(value_name = "TOKEN")]
    token: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum PurposeArg {
    /// Signing and encryption
    All,
    /// What the member signs with
    Signing,
    /// What others seal to
    Encryption,
}

impl Command {
    pub(super) async fn run(self, context: &Context, folder: &impl FolderCommands) -> Result<(), CommandError> {
        match self {
            Self::Show(args) => args.run(context).await,
            Self::Rotate(args) => rotate(context, args.member, args.purpose, &args.grace).await,
            Self::Compromise(args) => args.run(context).await,
            Self::Acknowledge(args) => args.run(context).await,
            Self::Replace(args) => super::recover::recover(context, folder, Some(&args.token)).await,
        }
    }
}

impl ShowArgs {
    async fn run(self, context: &Context) -> Result<(), CommandError> {
        let request = ListKeysRequest { member: self.member.unwrap_or_default() };
        let keys = context.connect().await?.operator().list_keys(request).await?.into_inner().keys;
        table(context, &keys)
    }
}

impl CompromiseArgs {
    async fn run(self, context: &Context) -> Result<(), CommandError> {
        context
            .confirm(Text::new(
                format!("{} 现有的密钥将立即失效；重新签名完成前，其信息会暂时不可见。继续？", self.member),
                format!("the present keys of {} die at once, and what they signed is hidden until it is signed anew; go on?", self.member),
            ))
            .await?;
        rotate(context, self.member, self.purpose, &Seconds::new(0)).await
    }
}

impl AcknowledgeArgs {
    async fn run(self, context: &Context) -> Result<(), CommandError> {
        let member = self.member;
        let request = AcknowledgeKeysRequest { member: member.clone() };
        context.connect().await?.operator().acknowledge_keys(request).await?;
        context
            .note(&Text::new(format!("已知悉 {member} 的换钥"), format!("the new keys of {member} are acknowledged")));
        context.report_value(&serde_json::json!({ "member": member }))
    }
}

async fn rotate(context: &Context, member: String, purpose: PurposeArg, grace: &Seconds) -> Result<(), CommandError> {
    let purposes = match purpose {
        PurposeArg::All => vec![Purpose::Signing, Purpose::Encryption],
        PurposeArg::Signing => vec![Purpose::Signing],
        PurposeArg::Encryption => vec![Purpose::Encryption],
    };
    let request = RotateKeysRequest {
        member: member.clone(),
        purposes: purposes.into_iter().map(i32::from).collect(),
        grace_seconds: i64::try_from(grace.duration().as_secs()).unwrap_or(i64::MAX),
    };
    let rotated = context.connect().await?.operator().rotate_keys(request).await?.into_inner();
    if rotated.pending {
        context.warn(&Text::new(
            format!("新密钥已保存，尚待网关登记，会自动继续；进度：duikou-node keys show {member}"),
            format!("the new keys are kept, and introduced as soon as the gateway can be reached; duikou-node keys show {member} tells"),
        ));
    } else {
        context.note(&Text::new(
            format!("{member} 已启用新密钥；旧内容正在后台重新签名：duikou-node keys show {member}"),
            format!("{member} has new keys; what it wrote is being signed anew: duikou-node keys show {member}"),
        ));
    }
    table(context, &rotated.keys)
}

fn table(context: &Context, keys: &[KeyInfo]) -> Result<(), CommandError> {
    let header = [
        Text::new("成员", "MEMBER"),
        Text::new("用途", "PURPOSE"),
        Text::new("编号", "NUMBER"),
        Text::new("登记", "INTRODUCED"),
        Text::new("失效", "ENDS"),
        Text::new("待重签", "TO SIGN ANEW"),
        Text::new("本机", "HERE"),
        Text::new("根签发", "BY ROOT"),
        Text::new("指纹", "FINGERPRINT"),
    ];
    let mut results = Sequence::new(context, &header, |key: &KeyInfo| {
        vec![
            key.member.clone(),
            match key.purpose() {
                Purpose::Signing => context.say("签名", "signing").to_owned(),
                Purpose::Encryption => context.say("加密", "encryption").to_owned(),
                Purpose::Unspecified => String::new(),
            },
            key.number.to_string(),
            time(key.introduced_time.as_ref()),
            time(key.end_time.as_ref()),
            key.states.to_string(),
            mark(key.here),
            mark(key.by_root),
            key.fingerprint.clone(),
        ]
    });
    for key in keys {
        results.push(key)?;
    }
    results.end()
}

fn mark(it: bool) -> String {
    if it { "✓" } else { "" }.to_owned()
}
