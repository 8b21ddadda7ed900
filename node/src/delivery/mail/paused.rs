//! The notice that a subscription is paused: why, and how it goes on.

use duikou_proto::language::{Language, Text};
use duikou_proto::v1::subscription::PauseReason;

use super::Letter;
use crate::config::BaseUrl;
use crate::delivery::subscription::{StateFact, SubscriptionFact};
use crate::html::{Escaped, document};

/// Writes it; `end` is the link to end such mails.
pub(in crate::delivery) fn paused(
    fact: &SubscriptionFact,
    state: &StateFact,
    reason: PauseReason,
    language: Language,
    base: &BaseUrl,
    end: &str,
) -> Letter {
    let say = |zh: String, en: String| Text::new(zh, en).in_language(language).to_owned();
    let label = if fact.label.is_empty() { "对口 Duikou" } else { &fact.label };
    let (name, id) = (fact.name(), &fact.id);
    let subject = say(format!("订阅已暂停：{label}"), format!("Paused: {label}"));
    let what = say(
        format!("服务器已暂停订阅“{label}”（{name}）。"),
        format!("The server has paused the subscription \"{label}\" ({name})."),
    );
    let why = why(reason, state).in_language(language).to_owned();
    let then = say(
        format!(
            "期间的信息不会丢失，恢复后补送。处理好之后请执行：duikou-node subscriptions resume {id}，或调用 POST {base}/v1/{name}:resume。不再需要的请删除。"
        ),
        format!(
            "Nothing is lost meanwhile: it comes once it is resumed. When it is mended: duikou-node subscriptions resume {id}, or POST {base}/v1/{name}:resume. Delete it where it is no longer needed."
        ),
    );
    let over = say("不再接收此类邮件".to_owned(), "No more of these mails".to_owned());
    let body = [&what, &why, &then].map(|text| format!("<p>{}</p>", Escaped(text))).concat();
    let html = format!("{body}<hr><p><a href=\"{}\">{over}</a></p>", Escaped(end));
    Letter {
        plain: format!("{what}\n\n{why}\n\n{then}\n\n-- \n{over}: {end}\n"),
        html: document(language, &subject, None, &html),
        subject,
    }
}

fn why(reason: PauseReason, state: &StateFact) -> Text {
    let failure: String = state.failure.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    match reason {
        PauseReason::Failing => Text::new(
            format!("原因：多日送达失败，最近一次：{failure}。请检查接收地址。"),
            format!("Deliveries have failed for days, the last with: {failure}. Look after the receiver."),
        ),
        PauseReason::Gone => Text::new(
            "原因：接收方回答不再需要（HTTP 410）。如属误会，请改正接收方或更换地址。",
            "The receiver has answered that it wants no more (HTTP 410). If it should, mend it or give another address.",
        ),
        PauseReason::Account => Text::new(
            "原因：建立此订阅的令牌已过期，或其企业已被暂停。令牌重新有效后自动继续；否则请用有效的令牌重新建立。",
            "The token that made it has expired, or its enterprise is suspended. It goes on by itself once the token is good again; else make it anew with one that is.",
        ),
        PauseReason::SubjectEnded => Text::new(
            "原因：所跟踪对口的信息已结束，或不再对您开放。以同一名称重新发布后可恢复。",
            "The listing whose counterparts it follows has ended, or is no longer for you. Once it is published again under the same name, this can be resumed.",
        ),
        PauseReason::Unspecified | PauseReason::Requested | PauseReason::Unsubscribed => Text::new("", ""),
    }
}
