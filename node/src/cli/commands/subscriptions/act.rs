//! What owners do to a subscription.

use duikou_proto::v1;
use duikou_proto::v1::replay_subscription_request::Origin;
use duikou_proto::v1::{
    AcknowledgeSubscriptionRequest, DeleteSubscriptionRequest, GetSubscriptionRequest, ListDeliveriesRequest,
    ListSubscriptionsRequest, PauseSubscriptionRequest, PullSubscriptionRequest, ReplaySubscriptionRequest,
    ResumeSubscriptionRequest, RotateSubscriptionSecretRequest, TestSubscriptionRequest,
};

use super::show;
use crate::cli::commands::ranges::moment;
use crate::cli::json::{Defaults, Layout};
use crate::cli::{CommandError, Context, ExitCode, OutputForm, Text};
use crate::config::Seconds;

/// Subscriptions that are asked for at a time.
const PAGE: i32 = 200;

/// Which one
#[derive(Debug, clap::Args)]
pub struct Named {
    /// Its name or id, as list shows it
    #[arg(value_name = "NAME")]
    name: String,
}

/// Gives a webhook a new secret, or a page a new address
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  duikou-node subscriptions rotate-secret 01a0b87b-3c71-7d42-9d7e-4a5b6c7d8e9f --grace 2d"
)]
pub struct RotateArgs {
    #[command(flatten)]
    named: Named,

    /// How long the secret before signs too, at most 7d
    #[arg(long, value_name = "DURATION", default_value = "1d")]
    grace: Seconds,
}

/// Delivers again what was delivered since a time, or what follows a cursor; everything keeps its id
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  duikou-node subscriptions replay 01a0b87b-3c71-7d42-9d7e-4a5b6c7d8e9f --since 2026-11-01T00:00:00Z"
)]
pub struct ReplayArgs {
    #[command(flatten)]
    named: Named,

    /// From this time on, or from the beginning of a day in China
    #[arg(long, value_name = "TIME", required_unless_present = "cursor", conflicts_with = "cursor", value_parser = moment)]
    since: Option<prost_types::Timestamp>,

    /// After this cursor, as deliveries shows it
    #[arg(long, value_name = "CURSOR", allow_hyphen_values = true)]
    cursor: Option<String>,
}

/// Takes what has come, an event a line; it comes again until it is acknowledged
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  duikou-node subscriptions pull 01a0b87b-3c71-7d42-9d7e-4a5b6c7d8e9f --output jsonl"
)]
pub struct PullArgs {
    #[command(flatten)]
    named: Named,

    /// Events at most, up to 1000
    #[arg(long, value_name = "COUNT", default_value = "50")]
    max: i32,
}

/// Acknowledges what the last pull returned
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-node subscriptions ack 01a0b87b-3c71-7d42-9d7e-4a5b6c7d8e9f Zm9vYmFy")]
pub struct AckArgs {
    #[command(flatten)]
    named: Named,

    /// What pull wrote to standard error
    #[arg(value_name = "ACK", allow_hyphen_values = true)]
    ack: String,
}

pub(super) async fn list(context: &Context) -> Result<(), CommandError> {
    let mut client = context.connect().await?.subscriptions();
    let mut request = ListSubscriptionsRequest { page_size: PAGE, page_token: String::new() };
    let mut results = show::sequence(context);
    loop {
        let page = client.list_subscriptions(request.clone()).await?.into_inner();
        for subscription in &page.subscriptions {
            results.push(subscription)?;
        }
        if page.next_page_token.is_empty() {
            return results.end();
        }
        request.page_token = page.next_page_token;
    }
}

impl Named {
    fn full(self) -> String {
        if self.name.starts_with("subscriptions/") { self.name } else { format!("subscriptions/{}", self.name) }
    }

    pub(super) async fn show(self, context: &Context) -> Result<(), CommandError> {
        let mut client = context.connect().await?.subscriptions();
        let request = GetSubscriptionRequest { name: self.full() };
        let subscription = client.get_subscription(request).await?.into_inner();
        show::one(context, &subscription)
    }

    pub(super) async fn pause(self, context: &Context) -> Result<(), CommandError> {
        let mut client = context.connect().await?.subscriptions();
        let request = PauseSubscriptionRequest { name: self.full() };
        show::one(context, &client.pause_subscription(request).await?.into_inner())
    }

    pub(super) async fn resume(self, context: &Context) -> Result<(), CommandError> {
        let mut client = context.connect().await?.subscriptions();
        let request = ResumeSubscriptionRequest { name: self.full() };
        show::one(context, &client.resume_subscription(request).await?.into_inner())
    }

    pub(super) async fn delete(self, context: &Context) -> Result<(), CommandError> {
        let name = self.full();
        context
            .confirm(Text::new(
                format!("将删除 {name}，其送达进度不可恢复。继续？"),
                format!("{name} ends, and how far it has come is forgotten; go on?"),
            ))
            .await?;
        let mut client = context.connect().await?.subscriptions();
        client.delete_subscription(DeleteSubscriptionRequest { name: name.clone(), etag: String::new() }).await?;
        context.note(&Text::new(format!("{name} 已删除"), format!("{name} has ended")));
        Ok(())
    }

    pub(super) async fn test(self, context: &Context) -> Result<(), CommandError> {
        let mut client = context.connect().await?.subscriptions();
        let delivery = client.test_subscription(TestSubscriptionRequest { name: self.full() }).await?.into_inner();
        show::delivery(context, &delivery)?;
        if delivery.outcome() == v1::delivery::Outcome::Delivered {
            return Ok(());
        }
        let message = Text::new("接收方没有确认收到", "the receiver did not take it");
        Err(CommandError::new(ExitCode::Unavailable, message))
    }

    pub(super) async fn deliveries(self, context: &Context) -> Result<(), CommandError> {
        let mut client = context.connect().await?.subscriptions();
        let request = ListDeliveriesRequest { parent: self.full() };
        show::deliveries(context, &client.list_deliveries(request).await?.into_inner().deliveries)
    }
}

impl RotateArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        let mut client = context.connect().await?.subscriptions();
        let seconds = i64::try_from(self.grace.duration().as_secs()).unwrap_or(i64::MAX);
        let grace = Some(prost_types::Duration { seconds, nanos: 0 });
        let request = RotateSubscriptionSecretRequest { name: self.named.full(), grace };
        let made = client.rotate_subscription_secret(request).await?.into_inner();
        context.note(&Text::new("请立即保存，它不会再次显示", "keep it now, it is not shown again"));
        context.show(&made, |made| if made.secret.is_empty() { made.path.clone() } else { made.secret.clone() })
    }
}

impl ReplayArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        let mut client = context.connect().await?.subscriptions();
        let origin = self.since.map(Origin::StartTime).or(self.cursor.map(Origin::Cursor));
        let request = ReplaySubscriptionRequest { name: self.named.full(), origin };
        show::one(context, &client.replay_subscription(request).await?.into_inner())
    }
}

impl PullArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        let mut client = context.connect().await?.subscriptions();
        let request = PullSubscriptionRequest { name: self.named.full(), max_events: self.max };
        let taken = client.pull_subscription(request).await?.into_inner();
        if context.global.output == OutputForm::Json {
            return context.show(&taken, |_| String::new());
        }
        for event in &taken.events {
            match context.global.output {
                OutputForm::Table => context.print(&crate::cli::clean(&show::line(event)))?,
                _ => context.print(&crate::cli::to_json(event, Layout::Line, Defaults::Written))?,
            }
        }
        if taken.ack.is_empty() {
            context.note(&Text::new("没有新的", "nothing new"));
        } else {
            let ack = taken.ack;
            context.note(&Text::new(format!("确认码：{ack}"), format!("ack: {ack}")));
        }
        Ok(())
    }
}

impl AckArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        let mut client = context.connect().await?.subscriptions();
        let request = AcknowledgeSubscriptionRequest { name: self.named.full(), ack: self.ack };
        client.acknowledge_subscription(request).await?;
        context.note(&Text::new("已确认", "acknowledged"));
        Ok(())
    }
}
