//! What a search, or the filter of a subscription, is narrowed by, in words.

use duikou_proto::reference::industries;
use duikou_proto::v1::opportunity::Direction;
use duikou_proto::v1::{Filter, MoneyRange, TimeRange};

use super::super::catalogue::Texts;
use super::super::{format, words};
use super::ask::{Ask, read_sum};
use super::details;
use super::names::Names;

/// A condition in words, and the search without it.
pub(super) struct Condition {
    pub(super) name: String,
    pub(super) without: Ask,
}

/// The conditions of a search, in the order in which they are told.
pub(super) fn conditions(texts: Texts, names: &Names, ask: &Ask) -> Vec<Condition> {
    let mut all = Vec::new();
    let mut add = |name: String, without: Ask| all.push(Condition { name, without });
    for value in &ask.kinds {
        add(words::kind(texts, value), ask.with(|ask| ask.kinds.retain(|kept| kept != value)));
    }
    match &*ask.direction {
        "offer" => add(texts.text("direction-offer"), ask.with(|ask| ask.direction.clear())),
        "request" => add(texts.text("direction-request"), ask.with(|ask| ask.direction.clear())),
        _ => {}
    }
    for value in &ask.regions {
        add(format::region(texts.language(), value), ask.with(|ask| ask.regions.retain(|kept| kept != value)));
    }
    for value in &ask.industries {
        add(industry(texts, value), ask.with(|ask| ask.industries.retain(|kept| kept != value)));
    }
    for value in &ask.members {
        add(names.member(value), ask.with(|ask| ask.members.retain(|kept| kept != value)));
    }
    for value in &ask.tags {
        add(format!("#{value}"), ask.with(|ask| ask.tags.retain(|kept| kept != value)));
    }
    if ask.new {
        let all = ask.with(|ask| {
            ask.new = false;
            ask.since.clear();
        });
        add(texts.text("chosen-new"), all);
    }
    if !ask.from.is_empty() {
        add(texts.about("chosen-from", &ask.from), ask.with(|ask| ask.from.clear()));
    }
    if !ask.to.is_empty() {
        add(texts.about("chosen-to", &ask.to), ask.with(|ask| ask.to.clear()));
    }
    if !ask.min.is_empty() {
        add(texts.about("chosen-min", &sum(texts, &ask.min)), ask.with(|ask| ask.min.clear()));
    }
    if !ask.max.is_empty() {
        add(texts.about("chosen-max", &sum(texts, &ask.max)), ask.with(|ask| ask.max.clear()));
    }
    all
}

/// What a search looks for: its words and its conditions.
pub(crate) fn about(texts: Texts, names: &Names, ask: &Ask) -> String {
    let words = Some(ask.q.clone()).filter(|words| !words.is_empty());
    joined(texts, words.into_iter().chain(conditions(texts, names, ask).into_iter().map(|one| one.name)).collect())
}

/// What a filter lets through; what no search here can ask for is told of as more.
pub(crate) fn about_filter(texts: Texts, names: &Names, filter: &Filter) -> String {
    let (publish, amount) = (filter.publish_time.unwrap_or_default(), filter.amount.clone().unwrap_or_default());
    let day = |seconds: i64| format::date(texts.language(), &format::in_china(seconds));
    let TimeRange { start_time, end_time } = publish;
    let MoneyRange { min, max } = amount;
    // The day on which the range ends is the one before its end.
    let bounds = [
        start_time.map(|from| texts.about("chosen-from", &day(from.seconds))),
        end_time.map(|to| texts.about("chosen-to", &day(to.seconds.saturating_sub(1)))),
        min.map(|min| texts.about("chosen-min", &details::sum(texts, Some(&min), Some(&min)))),
        max.map(|max| texts.about("chosen-max", &details::sum(texts, Some(&max), Some(&max)))),
    ];
    let asked = Ask {
        kinds: filter.kinds.clone(),
        direction: match &*filter.directions {
            [one] if *one == i32::from(Direction::Offer) => "offer".to_owned(),
            [one] if *one == i32::from(Direction::Request) => "request".to_owned(),
            _ => String::new(),
        },
        regions: filter.regions.clone(),
        industries: filter.industries.clone(),
        members: filter.members.clone(),
        tags: filter.tags.clone(),
        ..Ask::default()
    };
    let told = Filter {
        kinds: Vec::new(),
        directions: Vec::new(),
        regions: Vec::new(),
        industries: Vec::new(),
        members: Vec::new(),
        tags: Vec::new(),
        publish_time: None,
        amount: None,
        ..filter.clone()
    };
    let more = (told != Filter::default()).then(|| texts.text("about-more"));
    let parts = conditions(texts, names, &asked).into_iter().map(|one| one.name);
    joined(texts, parts.chain(bounds.into_iter().flatten()).chain(more).collect())
}

fn joined(texts: Texts, parts: Vec<String>) -> String {
    if parts.is_empty() { texts.text("about-all") } else { parts.join(&texts.text("list-comma")) }
}

/// A sum as it was understood; as it was typed where it was not.
fn sum(texts: Texts, typed: &str) -> String {
    let found = read_sum(typed).ok().and_then(|(min, max)| min.or(max));
    found.map_or_else(|| typed.to_owned(), |sum| details::sum(texts, Some(&sum), Some(&sum)))
}

/// An industry by its code; the code where there is none of it.
pub(super) fn industry(texts: Texts, code: &str) -> String {
    industries().get(code).map_or_else(|| code.to_owned(), |entry| entry.name(texts.language()).to_owned())
}

#[cfg(test)]
mod tests {
    use duikou_proto::language::Language;
    use duikou_proto::v1::LevelRange;

    use super::*;

    #[test]
    fn a_search_and_the_filter_made_of_it_are_told_alike() {
        let (texts, names) = (Texts::of(Language::Zh), Names::sample(Language::Zh, "pprd.example"));
        let ask =
            Ask::read("kind=project&direction=offer&region=520000&industry=A&member=bijie&tag=茶&min=500&max=2亿");
        let said = "项目、供给、贵州省、农、林、牧、渔业、bijie、#茶、不低于500万元、不高于2亿元";
        assert_eq!(about(texts, &names, &ask), said);
        let filter = ask.request(texts).unwrap().filter.unwrap();
        assert_eq!(about_filter(texts, &names, &filter), said);
        let day = Ask::read("from=2026-11-01&to=2026-11-30").request(texts).unwrap().filter.unwrap();
        assert_eq!(about_filter(texts, &names, &day), "2026年11月1日起发布、2026年11月30日前发布");
        let more = Filter { maturity_trl: Some(LevelRange { min: 3, max: 5 }), ..Filter::default() };
        assert_eq!(about_filter(texts, &names, &more), "其他条件");
        for nothing in [about(texts, &names, &Ask::default()), about_filter(texts, &names, &Filter::default())] {
            assert_eq!(nothing, "全部信息");
        }
        assert_eq!(about(texts, &names, &Ask { q: "茶".to_owned(), ..ask }), format!("茶、{said}"));
    }
}
