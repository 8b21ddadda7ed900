//! Subscriptions and their deliveries, as people read them.

use duikou_proto::v1::counterpart_interest::Subject;
use duikou_proto::v1::subscription::{Interest, State, Way};
use duikou_proto::v1::{Delivery, Subscription, SubscriptionEvent, subscription_event};

use crate::cli::commands::terms;
use crate::cli::output::table;
use crate::cli::{CommandError, Context, Sequence, Text, clean, time};

fn header() -> [Text; 7] {
    [
        Text::new("名称", "NAME"),
        Text::new("标签", "LABEL"),
        Text::new("方式", "WAY"),
        Text::new("身份", "EYES"),
        Text::new("状态", "STATE"),
        Text::new("最近送达", "DELIVERED"),
        Text::new("建立者", "MADE BY"),
    ]
}

pub(super) fn sequence(context: &Context) -> Sequence<'_, Subscription> {
    Sequence::new(context, &header(), move |subscription: &Subscription| {
        vec![
            subscription.name.clone(),
            subscription.label.clone(),
            way(context, subscription),
            eyes(context, subscription),
            state(context, subscription),
            time(subscription.success_time.as_ref()),
            creator(context, subscription),
        ]
    })
}

/// Who has made it: an account or a token by its name, or whoever works on the machine.
fn creator(context: &Context, subscription: &Subscription) -> String {
    match &*subscription.creator {
        "local" => context.say("本机管理员", "operator").to_owned(),
        creator => creator.to_owned(),
    }
}

fn way(context: &Context, subscription: &Subscription) -> String {
    match &subscription.way {
        Some(Way::Webhook(webhook)) => format!("webhook {}", webhook.url),
        Some(Way::Mail(mail)) => format!("mail {}", mail.address),
        Some(Way::Page(_)) => context.say("页面", "page").to_owned(),
        Some(Way::Pull(_)) => context.say("取用", "pull").to_owned(),
        None => String::new(),
    }
}

/// Who hears of it when it is paused.
fn notice(context: &Context, subscription: &Subscription) -> String {
    let Some(notice) = &subscription.notice else { return String::new() };
    match notice.confirmed {
        true => notice.address.clone(),
        false => format!("{} ({})", notice.address, context.say("待确认", "unconfirmed")),
    }
}

/// Whose counterparts it follows, where it does.
fn counterparts(context: &Context, subscription: &Subscription) -> String {
    let Some(Interest::CounterpartOf(interest)) = &subscription.interest else { return String::new() };
    match &interest.subject {
        Some(Subject::Name(name)) => name.clone(),
        Some(Subject::Listing(listing)) => listing.title.clone(),
        None => context.say("该成员的全部信息", "all that the member has published").to_owned(),
    }
}

fn eyes(context: &Context, subscription: &Subscription) -> String {
    match (subscription.registered, &*subscription.member) {
        (true, _) => context.say("注册企业", "registered").to_owned(),
        (false, "") => context.say("本机管理员", "operator").to_owned(),
        (false, member) => member.to_owned(),
    }
}

fn state(context: &Context, subscription: &Subscription) -> String {
    match subscription.state() {
        State::Active if subscription.failure_count > 0 => {
            let count = subscription.failure_count;
            let text = Text::new(format!("失败{count}次，将重试"), format!("{count} failures, tried again"));
            text.in_language(context.language).to_owned()
        }
        State::Active => context.say("正常", "active").to_owned(),
        State::Unconfirmed => context.say("待确认", "unconfirmed").to_owned(),
        State::Paused => {
            let Text { zh, en } = terms::pause(subscription.pause_reason());
            let text = Text::new(format!("已暂停（{zh}）"), format!("paused ({en})"));
            text.in_language(context.language).to_owned()
        }
        State::Unspecified => String::new(),
    }
}

pub(super) fn one(context: &Context, subscription: &Subscription) -> Result<(), CommandError> {
    context.show(subscription, |subscription| {
        let mut table = table(context, &[]);
        let mut row = |zh: &str, en: &str, value: String| {
            if !value.is_empty() {
                table.add_row([context.say(zh, en).to_owned(), clean(&value)]);
            }
        };
        row("名称", "name", subscription.name.clone());
        row("标签", "label", subscription.label.clone());
        row("方式", "way", way(context, subscription));
        row("身份", "eyes", eyes(context, subscription));
        row("对口", "counterparts of", counterparts(context, subscription));
        row("状态", "state", state(context, subscription));
        row("暂停通知", "notices to", notice(context, subscription));
        row("最近失败", "last failure", subscription.failure.clone());
        row("下次", "next attempt", time(subscription.next_attempt_time.as_ref()));
        row("最近送达", "delivered", time(subscription.success_time.as_ref()));
        row("建立", "created", time(subscription.create_time.as_ref()));
        row("建立者", "made by", creator(context, subscription));
        table.trim_fmt()
    })
}

fn cells(context: &Context, delivery: &Delivery) -> Vec<String> {
    let millis = delivery.duration.as_ref().map_or(0, |took| took.seconds * 1000 + i64::from(took.nanos) / 1_000_000);
    let status = if delivery.status == 0 { String::new() } else { delivery.status.to_string() };
    vec![
        time(delivery.attempt_time.as_ref()),
        delivery.r#type.clone(),
        delivery.listing.clone(),
        terms::outcome(delivery.outcome()).in_language(context.language).to_owned(),
        status,
        format!("{millis} ms"),
        delivery.detail.clone(),
    ]
}

fn delivery_header() -> [Text; 7] {
    [
        Text::new("时间", "TIME"),
        Text::new("类型", "TYPE"),
        Text::new("信息", "LISTING"),
        Text::new("结果", "OUTCOME"),
        Text::new("状态码", "STATUS"),
        Text::new("用时", "TOOK"),
        Text::new("说明", "DETAIL"),
    ]
}

pub(super) fn deliveries(context: &Context, deliveries: &[Delivery]) -> Result<(), CommandError> {
    let mut results = Sequence::new(context, &delivery_header(), |delivery| cells(context, delivery));
    for delivery in deliveries {
        results.push(delivery)?;
    }
    results.end()
}

pub(super) fn delivery(context: &Context, delivery: &Delivery) -> Result<(), CommandError> {
    context.show(delivery, |delivery| {
        let mut table = table(context, &delivery_header());
        table.add_row(cells(context, delivery).iter().map(|cell| clean(cell)));
        table.trim_fmt()
    })
}

/// An event that was pulled, on a line.
pub(super) fn line(event: &SubscriptionEvent) -> String {
    match &event.data {
        Some(subscription_event::Data::Listing(listing)) => {
            let title = listing.listing.as_ref().map(|listing| listing.title.as_str()).unwrap_or_default();
            let score = event.matched.as_ref().map(|matched| format!("{:>3}  ", matched.score)).unwrap_or_default();
            format!("+ {score}{}  {title}", listing.name)
        }
        Some(subscription_event::Data::NoLonger(gone)) => {
            format!("- {}  {}", gone.name, gone.reason().as_str_name().to_lowercase())
        }
        None => String::new(),
    }
}
