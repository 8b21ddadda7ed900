//! `subscriptions create`

use clap::ValueEnum;
use duikou_proto::v1::counterpart_interest::Subject;
use duikou_proto::v1::create_subscription_request::Start;
use duikou_proto::v1::mail_digest::Pace;
use duikou_proto::v1::subscription::{Interest, Way};
use duikou_proto::v1::{
    CounterpartInterest, CreateSubscriptionRequest, CreateSubscriptionResponse, Filter, MailDigest, Notice, Page,
    PullQueue, Subscription, Webhook,
};

use crate::cli::commands::filter::FilterArgs;
use crate::cli::{CommandError, Context, Text};

/// Makes one; what is written is shown this once
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    Webhook(WebhookArgs),
    Mail(MailArgs),
    /// A page for feed readers (Atom); writes its secret address
    #[command(after_help = "Example:\n  duikou-node subscriptions create atom --kind technology")]
    Atom(CommonArgs),
    /// A page for feed readers (JSON Feed); writes its secret address
    #[command(name = "jsonfeed", after_help = "Example:\n  duikou-node subscriptions create jsonfeed --region 520000")]
    JsonFeed(CommonArgs),
    /// A calendar of events and registration deadlines; writes its secret address
    #[command(after_help = "Example:\n  duikou-node subscriptions create calendar --kind event")]
    Calendar(CommonArgs),
    /// A queue that you pull from, and acknowledge
    #[command(after_help = "Example:\n  duikou-node subscriptions create pull --label warehouse")]
    Pull(CommonArgs),
}

/// HTTP requests to an address, signed by Standard Webhooks; writes the secret
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  duikou-node subscriptions create webhook https://example.com/hook --kind event --region 520000"
)]
pub struct WebhookArgs {
    /// Where requests go
    #[arg(value_name = "URL")]
    url: String,

    #[command(flatten)]
    common: CommonArgs,
}

/// Digests to a mail address, once its reader has confirmed it
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  duikou-node subscriptions create mail li@example.com --pace weekly --weekday 1 --hour 8\n  duikou-node subscriptions create mail li@example.com --as bijie --counterpart-of members/bijie/listings/tea-2027"
)]
pub struct MailArgs {
    /// Where mails go
    #[arg(value_name = "ADDRESS")]
    address: String,

    /// How often
    #[arg(long, value_enum, default_value = "daily")]
    pace: PaceArg,

    /// The hour of daily and weekly digests
    #[arg(long, default_value = "8")]
    hour: i32,

    /// The day of weekly digests, 1 (Monday) to 7
    #[arg(long, default_value = "1")]
    weekday: i32,

    /// The time zone of hour and day
    #[arg(long, value_name = "ZONE", default_value = "Asia/Shanghai")]
    time_zone: String,

    /// The language of the mails
    #[arg(long, value_name = "LANGUAGE", default_value = "zh", value_parser = ["zh", "en"])]
    mail_language: String,

    #[command(flatten)]
    common: CommonArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum PaceArg {
    /// A minute after something has come
    AtOnce,
    /// Each day
    Daily,
    /// Each week
    Weekly,
}

/// What all ways have in common
#[derive(Debug, clap::Args)]
pub struct CommonArgs {
    /// What people call it
    #[arg(long, default_value = "")]
    label: String,

    /// Through the eyes of this member [default: the operator's, or the token's]
    #[arg(long = "as", value_name = "MEMBER", default_value = "")]
    eyes: String,

    /// Where it begins [default: now for listings by webhook and mail, else the beginning]
    #[arg(long, value_enum)]
    from: Option<StartArg>,

    /// The counterparts of this listing, members/MEMBER/listings/ID, each with the reasons; without NAME of all that the
    /// member has published
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = "")]
    counterpart_of: Option<String>,

    /// Points that a counterpart has at least, 1 to 100 [default: 35]
    #[arg(long, value_name = "POINTS", requires = "counterpart_of")]
    min_score: Option<u16>,

    /// Who gets a mail when the server pauses it, once the address is confirmed
    #[arg(long, value_name = "ADDRESS")]
    notice: Option<String>,

    /// The language of that mail
    #[arg(long, value_name = "LANGUAGE", default_value = "zh", value_parser = ["zh", "en"])]
    notice_language: String,

    #[command(flatten)]
    filter: FilterArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum StartArg {
    /// With what changes from now on
    Now,
    /// With all that there is
    Beginning,
}

impl Command {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        match self {
            Self::Webhook(args) => {
                let made = args.common.create(context, Way::Webhook(Webhook { url: args.url })).await?;
                note(
                    context,
                    &made,
                    "请立即保存签名密钥，它不会再次显示",
                    "keep the signing secret now, it is not shown again",
                );
                context.show(&made, |made| made.secret.clone())
            }
            Self::Mail(args) => {
                let pace = match args.pace {
                    PaceArg::AtOnce => Pace::AtOnce,
                    PaceArg::Daily => Pace::Daily,
                    PaceArg::Weekly => Pace::Weekly,
                };
                let digest = MailDigest {
                    address: args.address,
                    pace: pace.into(),
                    hour: Some(args.hour),
                    weekday: args.weekday,
                    time_zone: args.time_zone,
                    language: args.mail_language,
                };
                let made = args.common.create(context, Way::Mail(digest)).await?;
                note(
                    context,
                    &made,
                    "确认邮件已寄出，收件人确认后开始送达",
                    "a mail asks its reader to confirm; digests begin then",
                );
                context.show(&made, name)
            }
            Self::Atom(common) => page(context, common, "atom").await,
            Self::JsonFeed(common) => page(context, common, "json").await,
            Self::Calendar(common) => page(context, common, "ics").await,
            Self::Pull(common) => {
                let made = common.create(context, Way::Pull(PullQueue {})).await?;
                note(context, &made, "用 subscriptions pull 领取", "take from it with subscriptions pull");
                context.show(&made, name)
            }
        }
    }
}

fn name(made: &CreateSubscriptionResponse) -> String {
    made.subscription.as_ref().map(|made| made.name.clone()).unwrap_or_default()
}

fn note(context: &Context, made: &CreateSubscriptionResponse, zh: &str, en: &str) {
    let name = name(made);
    context.note(&Text::new(format!("{name}：{zh}"), format!("{name}: {en}")));
}

async fn page(context: &Context, common: CommonArgs, ending: &str) -> Result<(), CommandError> {
    let made = common.create(context, Way::Page(Page {})).await?;
    note(
        context,
        &made,
        "此地址相当于密码，不会再次显示；前面加上本服务器的公开网址",
        "whoever has this path sees what it shows, and it is not shown again; put the server's public address before it",
    );
    context.show(&made, |made| format!("{}.{ending}", made.path))
}

impl CommonArgs {
    fn interest(&mut self, filter: Option<Filter>) -> Option<Interest> {
        let Some(name) = self.counterpart_of.take() else { return filter.map(Interest::Filter) };
        let subject = Some(name).filter(|name| !name.is_empty()).map(Subject::Name);
        let min_score = self.min_score.map_or(0, i32::from);
        Some(Interest::CounterpartOf(CounterpartInterest { subject, min_score, filter }))
    }

    async fn create(mut self, context: &Context, way: Way) -> Result<CreateSubscriptionResponse, CommandError> {
        let start = match self.from {
            None => Start::Unspecified,
            Some(StartArg::Now) => Start::Now,
            Some(StartArg::Beginning) => Start::Beginning,
        };
        let server = context.connect().await?;
        let filter = std::mem::take(&mut self.filter).filter(&server).await?;
        let subscription = Subscription {
            interest: self.interest(filter),
            label: self.label,
            member: self.eyes,
            notice: self.notice.map(|address| Notice { address, language: self.notice_language, confirmed: false }),
            way: Some(way),
            ..Subscription::default()
        };
        let request = CreateSubscriptionRequest {
            subscription: Some(subscription),
            start: start.into(),
            request_id: uuid::Uuid::new_v4().to_string(),
        };
        Ok(server.subscriptions().create_subscription(request).await?.into_inner())
    }
}
