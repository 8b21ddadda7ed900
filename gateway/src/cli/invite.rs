//! `invite`

use duikou_node::cli::{CommandError, Context, Text, time};
use duikou_node::config::Seconds;
use duikou_proto::federation::CreateInviteRequest;

/// Makes a one-time join token for a member, and writes it
///
/// The token admits whoever has it: hand it over on a safe way, and compare the fingerprint by telephone.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  duikou-gateway invite bijie --name-zh 毕节市 --name-en Bijie --region 520500 --circle pan-prd --valid 7d"
)]
pub(super) struct Args {
    /// The member's short id
    #[arg(value_name = "MEMBER")]
    member: String,

    /// Its name in Chinese
    #[arg(long, value_name = "NAME", required_unless_present = "replace_keys")]
    name_zh: Option<String>,

    /// Its name in English
    #[arg(long, value_name = "NAME", required_unless_present = "replace_keys")]
    name_en: Option<String>,

    /// Where it is: GB/T 2260, abroad ISO 3166
    #[arg(long, value_name = "CODE", required_unless_present = "replace_keys")]
    region: Option<String>,

    /// Degrees east, WGS 84
    #[arg(
        long,
        value_name = "DEGREES",
        default_value_t = 0.0,
        allow_negative_numbers = true,
        hide_default_value = true
    )]
    longitude: f64,

    /// Degrees north, WGS 84
    #[arg(
        long,
        value_name = "DEGREES",
        default_value_t = 0.0,
        allow_negative_numbers = true,
        hide_default_value = true
    )]
    latitude: f64,

    /// A circle that it joins at once; may be repeated
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    circle: Vec<String>,

    /// How long the token is good for, at most 30d
    #[arg(long, value_name = "DURATION", default_value = "7d")]
    valid: Seconds,

    /// The member lives on this gateway: it is admitted at once, and needs no token
    #[arg(long, conflicts_with_all = ["replace_keys", "valid"])]
    here: bool,

    /// The member is in the network and has lost its keys; the root has to sign the new ones
    #[arg(long)]
    replace_keys: bool,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        let (replaces, here) = (self.replace_keys, self.here);
        let name = self.member.clone();
        if replaces {
            context
                .confirm(Text::new(
                    format!("将用根密钥替换 {} 的密钥，全网都会收到告警。继续？", self.member),
                    format!("the root will replace the keys of {}, and everyone is alarmed; go on?", self.member),
                ))
                .await?;
        }
        let request = CreateInviteRequest {
            member: self.member,
            name_zh: self.name_zh.unwrap_or_default(),
            name_en: self.name_en.unwrap_or_default(),
            region: self.region.unwrap_or_default(),
            longitude: self.longitude,
            latitude: self.latitude,
            valid_seconds: i64::try_from(self.valid.duration().as_secs()).unwrap_or(i64::MAX),
            replace_keys: replaces,
            circles: self.circle,
            here,
        };
        let mut admission = super::admission(&context.connect().await?);
        let invite = admission.create_invite(request).await?.into_inner();
        if here {
            let text = Text::new(format!("{name} 已加入，就在本网关上"), format!("{name} is admitted, and lives here"));
            context.note(&text);
            return context.report(&invite);
        }
        let until = time(invite.expire_time.as_ref());
        let verb = if replaces { "keys replace" } else { "join" };
        for text in [
            Text::new(format!("有效期至 {until}"), format!("good until {until}")),
            Text::new(
                format!("根指纹（电话核对）：{}", invite.root_fingerprint),
                format!("root, to be compared by telephone: {}", invite.root_fingerprint),
            ),
            Text::new(
                format!("送错了就撤回：duikou-gateway invites revoke {}", invite.name),
                format!("if it goes astray: duikou-gateway invites revoke {}", invite.name),
            ),
            Text::new(
                format!("在节点上执行：duikou-node --dir DIR {verb} 令牌"),
                format!("on the node: duikou-node --dir DIR {verb} TOKEN"),
            ),
        ] {
            context.note(&text);
        }
        context.show(&invite, |invite| invite.token.clone())
    }
}
