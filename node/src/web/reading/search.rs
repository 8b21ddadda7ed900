//! `/listings`: search with facets, everything in the address.

use askama::Template;
use axum::extract::{RawQuery, State};
use duikou_proto::reference::{industries, regions};
use duikou_proto::v1::search_listings_request::Facet;
use duikou_proto::v1::search_service_server::SearchService;
use duikou_proto::v1::{SearchListingsRequest, SearchListingsResponse, SearchResult};
use http::StatusCode;
use tonic::Code;

use super::super::Web;
use super::super::catalogue::Texts;
use super::super::forms::{Choice, Control, Field};
use super::super::help;
use super::super::layout::{FeedLink, Notice, Page, Section, Tone};
use super::super::pager::{Empty, Pager};
use super::super::respond::Answer;
use super::super::visitor::Visitor;
use super::super::{format, words};
use super::ask::{Ask, Faults};
use super::card::Card;
use super::conditions::{conditions, industry};
use super::feed::has_events;
use super::fewer;
use super::fresh::{self, Fresh};
use super::held;
use super::linked;
use super::names::Names;
use crate::accounts::Role;
use crate::search::Patience;
use crate::time::micros;

/// Results of a page.
const RESULTS: i32 = 20;
/// Values that a facet shows.
const VALUES: usize = 12;
/// What results are counted by.
const FACETS: [Facet; 5] = [Facet::Kind, Facet::Direction, Facet::Region, Facet::Industry, Facet::Member];

/// A value by which results can be narrowed.
pub(crate) struct Value {
    pub(crate) path: String,
    pub(crate) name: String,
    pub(crate) count: String,
    pub(crate) current: bool,
}

/// Values of one sort.
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) values: Vec<Value>,
}

/// A link with its name.
pub(crate) struct Choosing {
    pub(crate) path: String,
    pub(crate) name: String,
    pub(crate) current: bool,
}

/// How complete what is here of a member is.
pub(crate) struct Origin {
    pub(crate) path: String,
    pub(crate) name: String,
    pub(crate) state: String,
    pub(crate) whole: bool,
    /// As of when it was complete; empty: it never was.
    pub(crate) as_of: String,
}

/// The page of a search.
#[derive(Template)]
#[template(path = "reading/search.html")]
pub(crate) struct SearchPage {
    pub(crate) page: Page,
    pub(crate) q: String,
    pub(crate) q_error: String,
    /// What the search form sends along.
    pub(crate) kept: Vec<(&'static str, String)>,
    pub(crate) fields: Vec<Field>,
    pub(crate) open: bool,
    pub(crate) chosen: Vec<Choosing>,
    pub(crate) sorts: Vec<Choosing>,
    pub(crate) groups: Vec<Group>,
    /// How many there are, in words; empty: nothing was looked for.
    pub(crate) found: String,
    pub(crate) cards: Vec<Card>,
    pub(crate) empty: Option<Empty>,
    /// Where nothing was found: what would be found with less.
    pub(crate) fewer: Vec<Choosing>,
    pub(crate) pager: Pager,
    pub(crate) origins: Vec<Origin>,
    pub(crate) feeds: Vec<Choosing>,
    pub(crate) exports: [Choosing; 2],
    /// What is new since whoever looks was here before; nothing, where nobody knows or it is what is shown.
    pub(crate) fresh: Option<Fresh>,
    /// What a form keeps of this search; empty: there is no such form.
    pub(crate) keeps: String,
}

pub(super) async fn search(State(web): State<Web>, visitor: Visitor, RawQuery(query): RawQuery) -> Answer {
    let mut ask = Ask::read(query.as_deref().unwrap_or_default());
    let visit = fresh::last_visit(&web, &visitor).await?;
    if ask.new && ask.new_from().is_none() {
        // What is asked for is what is new to whoever asks; to others nothing is.
        ask.since = visit.map_or_else(String::new, |time| time.to_string());
        ask.new = visit.is_some();
    }
    let names = Names::new(&web, &visitor);
    let page = |title| Page::new(&web, &visitor, Section::Listings, title);
    let request = match ask.request(visitor.texts) {
        Ok(request) => request,
        Err(faults) => return refused(&visitor, page(visitor.texts.text("search-title")), &ask, &names, faults),
    };
    let request = SearchListingsRequest {
        page_size: RESULTS,
        group_duplicates: true,
        facets: FACETS.map(i32::from).into(),
        ..request
    };
    match web.services().searches.search_listings(visitor.ask(request)).await {
        Ok(found) => {
            let title = match &*ask.q {
                "" => visitor.texts.text("search-title"),
                words => visitor.texts.about("search-title-for", words),
            };
            let mut shown = SearchPage::of(page(title), &ask, &names, found.into_inner());
            if shown.empty.is_some() && ask.after.is_empty() {
                shown.fewer = fewer::fewer(&web, &visitor, &ask).await;
            }
            if visitor.signed_in().is_some() {
                shown.keeps = ask.bare().query();
                let first = ask.after.is_empty() && !ask.new;
                // The index was waited for above: what was found is shown whether or not this can be counted.
                let visit = visit.filter(|_| first);
                let fresh = fresh::since(&web, &visitor, visit, Patience::AtOnce).await;
                shown.fresh = fresh.map(|(fresh, _)| fresh).unwrap_or_default();
            }
            visitor.page(&shown)
        }
        Err(status) if status.code() == Code::InvalidArgument => {
            let faults = Ask::faults_in(&status);
            refused(&visitor, page(visitor.texts.text("search-title")), &ask, &names, faults)
        }
        Err(status) => Err(visitor.failed(&status)),
    }
}

/// The form with what is wrong beside its fields, and everything that was typed.
fn refused(visitor: &Visitor, page: Page, ask: &Ask, names: &Names, faults: Faults) -> Answer {
    let mut shown = SearchPage::of(page, ask, names, SearchListingsResponse::default());
    (shown.found, shown.empty) = (String::new(), None);
    shown.q_error = faults.get("q").cloned().unwrap_or_default();
    shown.open = true;
    for field in &mut shown.fields {
        field.error = faults.get(field.name).cloned().unwrap_or_default();
    }
    let named = |field: &str| field == "q" || shown.fields.iter().any(|known| known.name == field);
    let others: Vec<Notice> = faults
        .iter()
        .filter(|(field, _)| !named(field))
        .map(|(_, text)| Notice { tone: Tone::Danger, text: text.clone() })
        .collect();
    shown.page.notices.extend(others);
    visitor.page_with(StatusCode::BAD_REQUEST, &shown)
}

impl SearchPage {
    pub(crate) fn of(mut page: Page, ask: &Ask, names: &Names, found: SearchListingsResponse) -> Self {
        let texts = page.texts();
        let since = ask.new_from();
        let card = |result: &SearchResult| {
            let published = result.listing.as_ref().and_then(|listing| micros(listing.publish_time.as_ref()?));
            let new = since.zip(published).is_some_and(|(since, published)| published >= since);
            Some(Card { new, ..Card::found(texts, names, result)? })
        };
        let cards: Vec<Card> = found.results.iter().filter_map(card).collect();
        let total = usize::try_from(found.total_size).unwrap_or(0);
        if found.index_building {
            page.notices.push(Notice { tone: Tone::Info, text: texts.text("search-building") });
        }
        if found.corrected {
            page.notices.push(Notice { tone: Tone::Info, text: texts.text("search-corrected") });
        }
        let origins = origins(texts, names, &found);
        let lacking = origins.iter().filter(|origin| !origin.whole).count();
        if lacking > 0 {
            page.notices.push(Notice { tone: Tone::Warning, text: texts.count("search-incomplete", lacking) });
        }
        let whole = ask.with(|_| {});
        page.canonical = ask.bare().at("/listings");
        page.description = texts.text("search-description");
        page.indexed = ask.after.is_empty();
        let feeds = feeds(texts, &whole);
        page.feeds = feeds
            .iter()
            .zip(["application/atom+xml", "application/feed+json", "text/calendar"])
            .map(|(feed, kind)| FeedLink { path: feed.path.clone(), kind, name: feed.name.clone() })
            .collect();
        let listed: Vec<(String, String)> = cards
            .iter()
            .map(|card| (page.absolute(&card.path), card.title.iter().map(|p| &*p.text).collect()))
            .collect();
        page.data = linked::list(&listed);
        let next = ask.next(&found.next_page_token, "/listings");
        let first = if ask.after.is_empty() { String::new() } else { whole.at("/listings") };
        let empty = cards.is_empty().then(|| nothing(&page, ask));
        Self {
            q: ask.q.clone(),
            q_error: String::new(),
            kept: kept(ask),
            fields: fields(texts, ask),
            // What was chosen is said above the results.
            open: false,
            chosen: chosen(texts, names, ask),
            sorts: sorts(texts, ask),
            groups: groups(texts, names, ask, &found),
            found: texts.count("search-found", total),
            cards,
            empty,
            fewer: Vec::new(),
            pager: Pager::new(texts, first, ask.previous("/listings"), next),
            origins,
            feeds,
            exports: exports(&ask.bare()),
            fresh: None,
            keeps: String::new(),
            page,
        }
    }
}

/// What is said where nothing was found.
fn nothing(page: &Page, ask: &Ask) -> Empty {
    let texts = page.texts();
    if ask.q.is_empty() && !ask.is_narrowed() {
        let writes = page.signed_in().is_some_and(|person| person.role >= Role::Editor);
        let (path, name) = if writes { ("/drafts/new", "drafts-new") } else { ("/members", "nav-members") };
        return Empty {
            title: texts.text("search-none-yet"),
            advice: texts.text("search-none-yet-advice"),
            link: (path.to_owned(), texts.text(name)),
        };
    }
    Empty {
        title: texts.text("search-nothing"),
        advice: texts.text(if ask.is_narrowed() { "search-nothing-narrowed" } else { "search-nothing-words" }),
        link: ("/listings".to_owned(), texts.text("search-all")),
    }
}

/// What narrows the search and is no field of the form.
fn kept(ask: &Ask) -> Vec<(&'static str, String)> {
    let mut kept = Vec::new();
    let more = |values: &[String]| values.iter().skip(1).cloned().collect::<Vec<_>>();
    for (key, values) in [
        ("kind", more(&ask.kinds)),
        ("region", more(&ask.regions)),
        ("industry", more(&ask.industries)),
        ("member", ask.members.clone()),
        ("tag", ask.tags.clone()),
    ] {
        kept.extend(values.into_iter().map(|value| (key, value)));
    }
    kept.extend((!ask.sort.is_empty()).then(|| ("sort", ask.sort.clone())));
    kept.extend((!ask.since.is_empty()).then(|| ("since", ask.since.clone())));
    kept.extend(ask.new.then(|| ("new", "1".to_owned())));
    kept
}

fn fields(texts: Texts, ask: &Ask) -> Vec<Field> {
    let any = || Choice { value: String::new(), name: texts.text("any") };
    let one = |values: &[String]| values.first().cloned().unwrap_or_default();
    let kinds = words::KINDS.map(|kind| Choice { value: kind.to_owned(), name: words::kind(texts, kind) });
    let directions = [("offer", "direction-offer"), ("request", "direction-request")];
    let directions = directions.map(|(value, name)| Choice { value: value.to_owned(), name: texts.text(name) });
    let choices = |choices: Vec<Choice>| Control::Choice(std::iter::once(any()).chain(choices).collect());
    let line =
        |name, label: &str, value: &str| Field::new(name, texts.text(label), Control::Line("text")).holding(value);
    let date =
        |name, label: &str, value: &str| Field::new(name, texts.text(label), Control::Line("date")).holding(value);
    let sum = |name, label: &str, value: &str| Field { inputmode: "decimal", ..line(name, label, value) };
    vec![
        Field::new("kind", texts.text("filter-kind"), choices(kinds.into())).holding(&one(&ask.kinds)),
        Field::new("direction", texts.text("filter-direction"), choices(directions.into())).holding(&ask.direction),
        line("region", "filter-region", &one(&ask.regions)).helped(texts.text("filter-region-help")),
        line("industry", "filter-industry", &one(&ask.industries)).helped(texts.text("filter-industry-help")),
        sum("min", "filter-min", &ask.min).helped(texts.text("filter-amount-help")),
        sum("max", "filter-max", &ask.max).helped(texts.text("filter-amount-help")),
        date("from", "filter-from", &ask.from),
        date("to", "filter-to", &ask.to),
    ]
}

fn chosen(texts: Texts, names: &Names, ask: &Ask) -> Vec<Choosing> {
    let all = conditions(texts, names, ask).into_iter();
    all.map(|one| Choosing { path: one.without.at("/listings"), name: one.name, current: true }).collect()
}

fn sorts(texts: Texts, ask: &Ask) -> Vec<Choosing> {
    let ranks = ask.ranks();
    let usual = if ranks { "relevance" } else { "newest" };
    let now = if ask.sort.is_empty() || (ask.sort == "relevance" && !ranks) { usual } else { &*ask.sort };
    let all = [("relevance", "sort-relevance"), ("newest", "sort-newest"), ("closing", "sort-closing")];
    let offered = all.into_iter().filter(|(sort, _)| *sort != "relevance" || ranks);
    let sorts = offered.map(|(sort, name)| Choosing {
        path: ask.with(|ask| ask.sort = sort.to_owned()).at("/listings"),
        name: texts.text(name),
        current: sort == now,
    });
    sorts.collect()
}

fn groups(texts: Texts, names: &Names, ask: &Ask, found: &SearchListingsResponse) -> Vec<Group> {
    let mut groups = Vec::new();
    for counts in &found.facets {
        let facet = counts.facet();
        let label = match facet {
            Facet::Kind => "filter-kind",
            Facet::Direction => "filter-direction",
            Facet::Region => "filter-region",
            Facet::Industry => "filter-industry",
            _ => "filter-member",
        };
        let shown = counts.values.iter().filter(|value| is_next(facet, ask, &value.value)).take(VALUES);
        let values: Vec<Value> = shown
            .map(|value| {
                let (name, current, narrowed) = narrowed(texts, names, ask, facet, &value.value);
                let count = format::grouped(value.count.into());
                Value { path: narrowed.at("/listings"), name, count, current }
            })
            .collect();
        // Where there is one way only there is nothing to choose.
        if values.len() > 1 || values.iter().any(|value| value.current) {
            groups.push(Group { name: texts.text(label), values });
        }
    }
    groups
}

/// Whether a value lies one step below what is chosen: provinces before their cities.
fn is_next(facet: Facet, ask: &Ask, value: &str) -> bool {
    let (table, chosen) = match facet {
        Facet::Region => (regions(), &ask.regions),
        Facet::Industry => (industries(), &ask.industries),
        _ => return true,
    };
    let parent = table.get(value).and_then(|entry| entry.parent);
    // What has no code, as an area, has nothing below it either.
    match chosen.last().filter(|chosen| table.get(chosen).is_some()) {
        None => parent.is_none(),
        Some(chosen) => parent == Some(&**chosen) || value == chosen,
    }
}

/// The name of a value, whether it is chosen, and the search with it chosen or given up.
fn narrowed(texts: Texts, names: &Names, ask: &Ask, facet: Facet, value: &str) -> (String, bool, Ask) {
    let toggled = |list: fn(&mut Ask) -> &mut Vec<String>| {
        let mut changed = ask.with(|_| {});
        let values = list(&mut changed);
        let current = values.iter().any(|kept| kept == value);
        if current {
            values.retain(|kept| kept != value);
        } else {
            *values = vec![value.to_owned()];
        }
        (current, changed)
    };
    match facet {
        Facet::Kind => {
            let (current, changed) = toggled(|ask| &mut ask.kinds);
            (words::kind(texts, value), current, changed)
        }
        Facet::Direction => {
            let word = value.to_lowercase();
            let current = ask.direction == word;
            let name = texts.text(if word == "offer" { "direction-offer" } else { "direction-request" });
            let changed = ask.with(|ask| ask.direction = if current { String::new() } else { word.clone() });
            (name, current, changed)
        }
        Facet::Region => {
            let (current, changed) = toggled(|ask| &mut ask.regions);
            let name = regions().get(value).map_or(value, |entry| entry.name(texts.language()));
            (name.to_owned(), current, changed)
        }
        Facet::Industry => {
            let (current, changed) = toggled(|ask| &mut ask.industries);
            (industry(texts, value), current, changed)
        }
        _ => {
            let (current, changed) = toggled(|ask| &mut ask.members);
            (names.member(value), current, changed)
        }
    }
}

fn origins(texts: Texts, names: &Names, found: &SearchListingsResponse) -> Vec<Origin> {
    let shown = found.completeness.iter().map(|origin| {
        let scopes = origin.completeness.iter();
        let (state, as_of) = held::together(scopes.map(|held| (held.state(), held.complete_time.map(|t| t.seconds))));
        Origin {
            path: names.member_path(&origin.member),
            name: names.member(names.short(&origin.member)),
            state: words::completeness(texts, state),
            whole: !held::is_doubtful(state),
            as_of: as_of
                .map_or_else(String::new, |seconds| format::moment(texts.language(), &format::in_china(seconds))),
        }
    });
    shown.collect()
}

fn exports(ask: &Ask) -> [Choosing; 2] {
    [("/listings.xlsx", "Excel (.xlsx)"), ("/listings.csv", "CSV")].map(|(path, name)| Choosing {
        path: ask.at(path),
        name: name.to_owned(),
        current: false,
    })
}

fn feeds(texts: Texts, ask: &Ask) -> Vec<Choosing> {
    let plain = ask.bare().with(|ask| ask.sort.clear());
    let feeds = [("/listings.atom", "feed-atom"), ("/listings.json", "feed-json"), ("/listings.ics", "feed-calendar")];
    let feeds = feeds.into_iter().filter(|(_, name)| *name != "feed-calendar" || has_events(ask));
    feeds.map(|(path, name)| Choosing { path: plain.at(path), name: texts.text(name), current: false }).collect()
}
