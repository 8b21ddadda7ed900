//! What stands in a digest: new, changed and gone, in the reader's language, as plain text and as HTML.

use std::fmt::Write;

use duikou_proto::language::{Language, Text};
use duikou_proto::name::RecordName;
use duikou_proto::v1::Listing;
use duikou_proto::v1::no_longer::Reason;

use super::Letter;
use super::consent::language;
use super::gist::gist;
use crate::addresses::listing_page;
use crate::config::BaseUrl;
use crate::delivery::event::{Event, What};
use crate::delivery::subjects::told;
use crate::delivery::subscription::{MailWay, SubscriptionFact};
use crate::html::{Escaped, document};
use crate::markdown;

/// Characters of a summary.
const SUMMARY_CHARS: usize = 200;

/// What a digest is made of.
pub(super) struct Digest<'a> {
    pub(super) fact: &'a SubscriptionFact,
    pub(super) mail: &'a MailWay,
    pub(super) events: &'a [Event],
    /// Whether further ones wait for the next.
    pub(super) more: bool,
    pub(super) base: &'a BaseUrl,
    pub(super) unsubscribe: &'a str,
    /// What the origin of a name is called.
    pub(super) author: &'a dyn Fn(&RecordName) -> String,
}

/// Writes a digest.
pub(super) fn compose(digest: &Digest<'_>) -> Letter {
    let Digest { fact, mail, events, more, base, unsubscribe, author } = *digest;
    let speaks = language(mail);
    let say = |zh: &str, en: &str| Text::new(zh, en).in_language(speaks).to_owned();
    let new = |event: &&Event| matches!(event.what, What::Published(_));
    let changed = |event: &&Event| matches!(event.what, What::Updated(_));
    let new: Vec<&Event> = events.iter().filter(new).collect();
    let changed: Vec<&Event> = events.iter().filter(changed).collect();
    let gone: Vec<(&Event, Reason)> = events.iter().filter_map(|event| Some((event, event.reason()?))).collect();

    let label = if fact.label.is_empty() { "对口 Duikou" } else { &fact.label };
    let count = |zh: &str, en: &str, count: usize| {
        (count > 0).then(|| match speaks {
            Language::Zh => format!("{zh}{count}条"),
            Language::En => format!("{count} {en}"),
        })
    };
    let counts =
        [count("新", "new", new.len()), count("更新", "changed", changed.len()), count("已撤", "gone", gone.len())];
    let separator = say("，", ", ");
    let counts = counts.into_iter().flatten().collect::<Vec<_>>().join(&separator);
    let subject = format!("{label}{}{counts}", say("：", ": "));

    let (mut plain, mut html) = (String::new(), String::new());
    for (title, events) in [(say("新信息", "New"), &new), (say("有更新", "Changed"), &changed)] {
        if events.is_empty() {
            continue;
        }
        let _ = write!(plain, "== {title} ==\n\n");
        let _ = write!(html, "<h2>{title}</h2><ul>");
        for event in events {
            let why = event.matched.as_ref().map(|matched| told(matched, speaks));
            if let Some(shown) = event.listing() {
                let gist = gist(shown, &author(&event.name), mail, speaks);
                listing(shown, &gist, why.as_deref(), base, &mut plain, &mut html);
            }
        }
        html.push_str("</ul>");
    }
    if !gone.is_empty() {
        let title = say("不再可见", "No longer there");
        let _ = write!(plain, "== {title} ==\n\n");
        let _ = write!(html, "<h2>{title}</h2><ul>");
        for (event, reason) in gone {
            let why = why(reason, fact).in_language(speaks).to_owned();
            // Its title is kept nowhere any longer.
            let (author, id) = (author(&event.name), event.name.id());
            let named = say(&format!("{author}：{id}（{why}）"), &format!("{author}: {id} ({why})"));
            let _ = writeln!(plain, "- {named}");
            let _ = write!(html, "<li>{}</li>", Escaped(&named));
        }
        plain.push('\n');
        html.push_str("</ul>");
    }
    if more {
        let text = say("其余的在下一封邮件中。", "The rest comes with the next mail.");
        let _ = write!(plain, "{text}\n\n");
        let _ = write!(html, "<p>{text}</p>");
    }
    let end = say("退订", "Unsubscribe");
    let _ = writeln!(plain, "-- \n{end}: {unsubscribe}");
    let _ = write!(html, "<hr><p><a href=\"{unsubscribe}\">{end}</a></p>");
    Letter { plain, html: document(speaks, &subject, None, &html), subject }
}

/// `why`: of a counterpart.
fn listing(listing: &Listing, gist: &str, why: Option<&str>, base: &BaseUrl, plain: &mut String, html: &mut String) {
    let opportunity = listing.listing.clone().unwrap_or_default();
    let summary = match &*opportunity.summary {
        "" => markdown::beginning(&opportunity.body, SUMMARY_CHARS),
        summary => summary.chars().take(SUMMARY_CHARS).collect(),
    };
    let summary: String = summary.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let title: String = opportunity.title.chars().filter(|c| !c.is_control()).collect();
    let url = format!("{base}{}", listing_page(&listing.name));
    let _ = writeln!(plain, "* {title}");
    let [gist, why] =
        [gist, why.unwrap_or_default()].map(|text| text.chars().filter(|c| !c.is_control()).collect::<String>());
    for line in [&gist, &why, &summary].into_iter().filter(|line| !line.is_empty()) {
        let _ = writeln!(plain, "  {line}");
    }
    let _ = write!(plain, "  {url}\n\n");
    let (tag, url) = (Escaped(&opportunity.language), Escaped(&url));
    let _ = write!(html, "<li><a lang=\"{tag}\" href=\"{url}\">{}</a><br>{}", Escaped(&title), Escaped(&gist));
    if !why.is_empty() {
        let _ = write!(html, "<br><strong>{}</strong>", Escaped(&why));
    }
    if !summary.is_empty() {
        let _ = write!(html, "<br><span lang=\"{tag}\">{}</span>", Escaped(&summary));
    }
    html.push_str("</li>");
}

fn why(reason: Reason, fact: &SubscriptionFact) -> Text {
    match reason {
        Reason::Withdrawn => Text::new("已撤回", "withdrawn"),
        Reason::Filled => Text::new("已落实", "filled"),
        Reason::Expired => Text::new("已到期", "expired"),
        Reason::Deleted => Text::new("已删除", "deleted"),
        Reason::Filter if fact.follows_counterparts() => Text::new("不再对口", "no longer a counterpart"),
        Reason::Filter => Text::new("不再符合筛选条件", "no longer matches the filter"),
        Reason::Unspecified
        | Reason::Narrowed
        | Reason::ScopeLost
        | Reason::Suspended
        | Reason::Removed
        | Reason::Hidden => Text::new("不再对您开放", "no longer for you"),
    }
}

#[cfg(test)]
mod tests {
    use duikou_proto::v1::opportunity::{Details, Direction};
    use duikou_proto::v1::subscription::Interest;
    use duikou_proto::v1::{self, Opportunity};

    use super::*;
    use crate::delivery::memory::HadFact;
    use crate::delivery::subscription::{Eyes, Way};

    fn event(id: &str, what: What) -> Event {
        let had =
            HadFact { entry: 1, offered: 1, confirmed: 0, new: true, leaving: false, sequence: 0, time: 0, when: None };
        let name = format!("members/a.n/listings/{id}").parse().unwrap();
        Event { name, what, matched: None, had, before: None, cursor: Default::default() }
    }

    fn titled(id: &str, title: &str) -> Box<Listing> {
        let opportunity = Opportunity {
            direction: Direction::Request.into(),
            title: title.to_owned(),
            language: "zh-CN".to_owned(),
            details: Some(Details::Project(v1::Project::default())),
            ..Default::default()
        };
        Box::new(Listing {
            name: format!("members/a.n/listings/{id}"),
            listing: Some(opportunity),
            ..Default::default()
        })
    }

    #[test]
    fn a_digest_counts_what_it_shows_and_shows_nothing_as_markup() {
        let mail = MailWay {
            address: "li@example.com".to_owned(),
            pace: 2,
            hour: 8,
            weekday: 1,
            time_zone: "Asia/Shanghai".to_owned(),
            language: "zh".to_owned(),
            secret: "s".to_owned(),
        };
        let way = Way::Mail(mail.clone());
        let interest = Interest::Filter(v1::Filter::default());
        let (id, account) = ("i".to_owned(), "operator".to_owned());
        let fact = SubscriptionFact::new(id, account, Eyes::Operator, None, "茶 <b>".to_owned(), &interest, way, 1);
        let base = crate::config::BaseUrl::for_tests("https://duikou.example");
        let mut second = titled("two", "第二");
        second.listing.as_mut().unwrap().body = "**要点**\n\n- 一".to_owned();
        let events = [
            event("one", What::Published(titled("one", "求购<script>"))),
            event("two", What::Published(second)),
            event("three", What::Updated(titled("three", "第三"))),
            event("four", What::Left(Reason::Filled)),
        ];
        let author = |_: &RecordName| "<毕节办>".to_owned();
        let unsubscribe = "https://duikou.example/u";
        let compose = |mail: &MailWay, events: &[Event]| {
            let (fact, base, author) = (&fact, &base, &author);
            compose(&Digest { fact, mail, events, more: true, base, unsubscribe, author })
        };
        let letter = compose(&mail, &events);
        assert_eq!(letter.subject, "茶 <b>：新2条，更新1条，已撤1条");
        assert!(letter.html.contains("求购&lt;script&gt;") && !letter.html.contains("<script>"));
        assert!(!letter.html.contains("茶 <b>") && letter.html.contains("<li>&lt;毕节办&gt;：four（已落实）</li>"));
        assert!(letter.html.contains("</a><br>项目需求 · &lt;毕节办&gt;</li>"), "{}", letter.html);
        for part in [
            "* 求购<script>\n  项目需求 · <毕节办>\n",
            "  要点 · 一\n  https://duikou.example/listings/a.n/two",
            "- <毕节办>：four（已落实）\n",
        ] {
            assert!(letter.plain.contains(part), "{part} is not in {}", letter.plain);
        }
        let english = MailWay { language: "en".to_owned(), ..mail };
        let letter = compose(&english, &events[..1]);
        assert_eq!(letter.subject, "茶 <b>: 1 new");
        assert!(letter.html.starts_with("<!DOCTYPE html><html lang=\"en\">"));
        assert!(letter.plain.contains("Unsubscribe: https://duikou.example/u"));
    }
}
