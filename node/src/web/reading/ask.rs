//! What the address of a search asks for. Everything that a reader typed stays in it, so that any search can be kept,
//! sent on and followed as a feed.

use std::collections::BTreeMap;

use duikou_proto::Money;
use duikou_proto::envelope::Micros;
use duikou_proto::reference::{Entry, Table, industries, normalise_region, regions};
use duikou_proto::v1::opportunity::Direction;
use duikou_proto::v1::search_listings_request::OrderBy;
use duikou_proto::v1::{Filter, MoneyRange, SearchListingsRequest, TimeRange};
use duikou_proto::words::next_piece;
use tonic::Status;
use tonic_types::StatusExt;

use super::super::catalogue::Texts;
use super::super::format;
use super::super::words::KINDS;
use crate::time::timestamp;
use crate::typed::money::amount;
use crate::typed::{Unclear, Unit, area};

/// The year 2200, and with it any moment that somebody can mean.
const MAX_MICROS: Micros = 7_258_118_400_000_000;
/// Pairs of a query that are looked at.
const PAIRS: usize = 64;
/// Bytes of one value.
const VALUE_BYTES: usize = 1024;
/// Entries that are named where a name is that of several.
const SEVERAL: usize = 8;
/// What a bare number is counted in where amounts are typed.
const UNIT: Unit = Unit { currency: Some("CNY"), multiplier: Some(10_000), period: None };
/// Pages before this one to which the way back is known: newest last.
const BEFORE: usize = 12;

/// A search, as its address has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Ask {
    /// Words.
    pub(crate) q: String,
    pub(crate) kinds: Vec<String>,
    /// `offer` or `request`; empty: both.
    pub(crate) direction: String,
    /// Codes or names.
    pub(crate) regions: Vec<String>,
    /// Codes or names.
    pub(crate) industries: Vec<String>,
    /// Short ids.
    pub(crate) members: Vec<String>,
    pub(crate) tags: Vec<String>,
    /// First published on this day or later, `2026-11-03`.
    pub(crate) from: String,
    /// First published on this day or before.
    pub(crate) to: String,
    /// As people type amounts; a bare number is in units of 10,000 yuan.
    pub(crate) min: String,
    pub(crate) max: String,
    /// What was published from this moment on is new: microseconds since 1970; empty: nobody asks.
    pub(crate) since: String,
    /// Only what is new.
    pub(crate) new: bool,
    /// `relevance`, `newest` or `closing`; empty: left to the service.
    pub(crate) sort: String,
    /// Where this page begins; empty: it is the first.
    pub(crate) after: String,
    /// Where the pages before this one begin, but for the first.
    pub(crate) before: Vec<String>,
}

/// What is wrong, by the field that it is about.
pub(crate) type Faults = BTreeMap<&'static str, String>;

impl Ask {
    /// Reads a query. What it does not know it passes over.
    pub(crate) fn read(query: &str) -> Self {
        let mut ask = Self::default();
        for (key, value) in form_urlencoded::parse(query.as_bytes()).take(PAIRS) {
            let value = value.trim();
            if value.is_empty() || value.len() > VALUE_BYTES {
                continue;
            }
            let value = value.to_owned();
            match &*key {
                "q" => ask.q = value,
                "kind" => add(&mut ask.kinds, value),
                "direction" => ask.direction = value,
                "region" => add(&mut ask.regions, value),
                "industry" => add(&mut ask.industries, value),
                "member" => add(&mut ask.members, value),
                "tag" => add(&mut ask.tags, value),
                "from" => ask.from = value,
                "to" => ask.to = value,
                "min" => ask.min = value,
                "max" => ask.max = value,
                "sort" => ask.sort = value,
                "since" => ask.since = value,
                "new" => ask.new = value == "1",
                "after" => ask.after = value,
                "before" => add(&mut ask.before, value),
                _ => {}
            }
        }
        ask
    }

    /// Whether what it finds can be ordered by how well it fits: what is only unwanted fits nothing better.
    pub(crate) fn ranks(&self) -> bool {
        let mut rest = &*self.q;
        std::iter::from_fn(|| next_piece(&mut rest)).any(|piece| match piece {
            Ok(piece) => !piece.unwanted,
            Err(open) => !open.piece.unwanted,
        })
    }

    /// Its pairs, in one order, so that one search has one address.
    fn pairs(&self) -> Vec<(&'static str, &str)> {
        let mut pairs = Vec::new();
        let lists = [
            ("kind", &self.kinds),
            ("region", &self.regions),
            ("industry", &self.industries),
            ("member", &self.members),
            ("tag", &self.tags),
            ("before", &self.before),
        ];
        let ones = [
            ("direction", &self.direction),
            ("from", &self.from),
            ("to", &self.to),
            ("min", &self.min),
            ("max", &self.max),
            ("since", &self.since),
            ("sort", &self.sort),
            ("after", &self.after),
        ];
        pairs.extend((!self.q.is_empty()).then_some(("q", &*self.q)));
        pairs.extend(self.new.then_some(("new", "1")));
        pairs.extend(lists.iter().flat_map(|(key, values)| values.iter().map(|value| (*key, &**value))));
        pairs.extend(ones.iter().filter(|(_, value)| !value.is_empty()).map(|(key, value)| (*key, &***value)));
        pairs
    }

    /// The query, without a question mark.
    pub(crate) fn query(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.pairs());
        query.finish()
    }

    /// `path` with this search.
    pub(crate) fn at(&self, path: &str) -> String {
        let query = self.query();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }

    /// The same search with a change, from its first page.
    #[must_use]
    pub(crate) fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut changed = Self { after: String::new(), before: Vec::new(), ..self.clone() };
        change(&mut changed);
        changed
    }

    /// The same search from the page on that begins after `token`; empty: there is none.
    pub(crate) fn next(&self, token: &str, path: &str) -> String {
        self.on(token).map_or_else(String::new, |next| next.at(path))
    }

    /// The same search from the page before this one; empty: this is the first.
    pub(crate) fn previous(&self, path: &str) -> String {
        self.back().map_or_else(String::new, |previous| previous.at(path))
    }

    /// The page that begins after `token`; None: there is none.
    pub(crate) fn on(&self, token: &str) -> Option<Self> {
        if token.is_empty() {
            return None;
        }
        let mut next = Self { after: token.to_owned(), ..self.clone() };
        next.before.extend((!self.after.is_empty()).then(|| self.after.clone()));
        let surplus = next.before.len().saturating_sub(BEFORE);
        next.before.drain(..surplus);
        Some(next)
    }

    /// The page before this one; None: this is the first.
    pub(crate) fn back(&self) -> Option<Self> {
        if self.after.is_empty() {
            return None;
        }
        let mut previous = self.clone();
        previous.after = previous.before.pop().unwrap_or_default();
        Some(previous)
    }

    /// What it looks for, whatever page of it and whoever looks: as it is kept.
    pub(crate) fn bare(&self) -> Self {
        self.with(|ask| {
            ask.since.clear();
            ask.new = false;
        })
    }

    /// From when on what was published is new.
    pub(crate) fn new_from(&self) -> Option<Micros> {
        self.since.parse().ok().filter(|micros| (1..MAX_MICROS).contains(micros))
    }

    /// Whether anything narrows it but its words.
    pub(crate) fn is_narrowed(&self) -> bool {
        self.pairs().iter().any(|(key, _)| !["q", "sort", "after", "before", "since"].contains(key))
    }

    /// As the service is asked, or what is wrong with it.
    ///
    /// # Errors
    /// By field, in the reader's language.
    pub(crate) fn request(&self, texts: Texts) -> Result<SearchListingsRequest, Faults> {
        let mut faults = Faults::new();
        let mut fault = |field: &'static str, text: String| {
            faults.entry(field).or_insert(text);
        };
        let kinds = self.kinds.iter().filter(|kind| {
            let known = KINDS.contains(&&***kind);
            if !known {
                fault("kind", texts.about("wrong-choice", kind));
            }
            known
        });
        let kinds: Vec<String> = kinds.cloned().collect();
        let directions = match &*self.direction {
            "" => Vec::new(),
            "offer" => vec![Direction::Offer.into()],
            "request" => vec![Direction::Request.into()],
            other => {
                fault("direction", texts.about("wrong-choice", other));
                Vec::new()
            }
        };
        let mut codes = |field: &'static str, values: &[String], table: &Table| {
            let mut found = Vec::new();
            for value in values {
                match code(table, value) {
                    Ok(code) => add(&mut found, code),
                    Err(NoCode::Unknown) => fault(field, texts.about("wrong-name", value)),
                    Err(NoCode::Several(names)) => {
                        let names = names.join(texts.text("list-comma").as_str());
                        fault(field, texts.fill("wrong-several", &[("what", value), ("names", &names)]));
                    }
                }
            }
            found
        };
        let of = |text: &String| match area::named(text) {
            Some(area) => area.codes().map(str::to_owned).collect(),
            None => vec![normalise_region(text).into_owned()],
        };
        let places: Vec<String> = self.regions.iter().flat_map(of).collect();
        let regions = codes("region", &places, regions());
        let industries = codes("industry", &self.industries, industries());
        let mut day = |field: &'static str, text: &str, after: bool| match format::read_day(text, after) {
            Ok(time) => time,
            Err(()) => {
                fault(field, texts.about("wrong-date", text));
                None
            }
        };
        let mut publish_time =
            TimeRange { start_time: day("from", &self.from, false), end_time: day("to", &self.to, true) };
        if let Some(since) = self.new_from().filter(|_| self.new).map(timestamp) {
            let later = publish_time.start_time.filter(|from| from.seconds > since.seconds);
            publish_time.start_time = Some(later.unwrap_or(since));
        }
        let mut sum = |field: &'static str, text: &str| match read_sum(text) {
            Ok((min, max)) => {
                if field == "min" {
                    min.or(max)
                } else {
                    max.or(min)
                }
            }
            Err(unclear) => {
                fault(field, unclear.told().in_language(texts.language()).to_owned());
                None
            }
        };
        let amount = MoneyRange { min: sum("min", &self.min), max: sum("max", &self.max) };
        let order_by = match &*self.sort {
            "newest" => OrderBy::Newest,
            "closing" => OrderBy::Closing,
            "relevance" => OrderBy::Relevance,
            _ => OrderBy::Unspecified,
        };
        if !faults.is_empty() {
            return Err(faults);
        }
        let given = |range: &TimeRange| range.start_time.is_some() || range.end_time.is_some();
        let filter = Filter {
            kinds,
            directions,
            regions,
            industries,
            members: self.members.clone(),
            tags: self.tags.clone(),
            publish_time: Some(publish_time).filter(given),
            amount: Some(amount).filter(|range| range.min.is_some() || range.max.is_some()),
            ..Filter::default()
        };
        Ok(SearchListingsRequest {
            query: self.q.clone(),
            filter: Some(filter),
            order_by: order_by.into(),
            page_token: self.after.clone(),
            ..SearchListingsRequest::default()
        })
    }

    /// What the service has refused, by the field that it is about.
    pub(crate) fn faults_in(status: &Status) -> Faults {
        let details = status.get_error_details();
        let violations = details.bad_request().map(|bad| bad.field_violations.clone()).unwrap_or_default();
        let mut faults = Faults::new();
        for violation in violations {
            let told = faults.entry(Self::field_of(&violation.field)).or_default();
            told.push_str(&violation.description);
        }
        faults
    }

    /// Where a violation of the service is shown: the field of the form, by the path in the request.
    pub(crate) fn field_of(path: &str) -> &'static str {
        let fields = [
            ("query", "q"),
            ("regions", "region"),
            ("industries", "industry"),
            ("members", "member"),
            ("tags", "tag"),
            ("publish_time", "from"),
            ("amount", "min"),
            ("page_token", "after"),
        ];
        // Filters name their parts without the field in which they lie.
        let path = path.strip_prefix("filter.").unwrap_or(path);
        let found = fields.iter().find(|(prefix, _)| path.starts_with(prefix));
        found.map_or("", |(_, field)| field)
    }
}

fn add(values: &mut Vec<String>, value: String) {
    if !values.contains(&value) {
        values.push(value);
    }
}

/// Why a text is no code.
enum NoCode {
    Unknown,
    /// It is the name of all these.
    Several(Vec<String>),
}

/// The code that somebody means: the code itself, or the name of exactly one.
fn code(table: &Table, text: &str) -> Result<String, NoCode> {
    let text = text.trim();
    if let Some(entry) = table.get(text) {
        return Ok(entry.code.to_owned());
    }
    match &table.by_name(text)[..] {
        [] => Err(NoCode::Unknown),
        [one] => Ok(one.code.to_owned()),
        several => {
            // The outermost of a name that several levels share is what somebody means who says no more.
            let outer =
                several.iter().find(|outer| several.iter().all(|entry| table.is_within(entry.code, outer.code)));
            match outer {
                Some(outer) => Ok(outer.code.to_owned()),
                None => {
                    let name = |entry: &&Entry| {
                        let lineage: Vec<&str> = table.lineage(entry.code).map(|entry| entry.name_zh).collect();
                        lineage.into_iter().rev().collect::<String>()
                    };
                    Err(NoCode::Several(several.iter().take(SEVERAL).map(name).collect()))
                }
            }
        }
    }
}

/// The bounds of what was typed; none of nothing.
pub(super) fn read_sum(text: &str) -> Result<(Option<Money>, Option<Money>), Unclear> {
    if text.is_empty() {
        return Ok((None, None));
    }
    Ok(amount(text, UNIT)?.value.map_or((None, None), |range| (range.min, range.max)))
}

#[cfg(test)]
mod tests {
    use duikou_proto::language::Language;

    use super::*;

    #[test]
    fn an_address_reads_as_what_it_was_written_from() {
        let ask = Ask {
            q: "冷链 & \"茶叶\"".to_owned(),
            kinds: vec!["project".to_owned(), "talent".to_owned()],
            direction: "offer".to_owned(),
            regions: vec!["520000".to_owned()],
            tags: vec!["a+b".to_owned()],
            from: "2026-11-01".to_owned(),
            min: "1.5".to_owned(),
            sort: "closing".to_owned(),
            after: "abc_-".to_owned(),
            ..Ask::default()
        };
        assert_eq!(Ask::read(&ask.query()), ask);
        assert_eq!(ask.with(|ask| ask.kinds.clear()).after, "", "a change begins with the first page");
        assert_eq!(Ask::default().at("/listings"), "/listings");
        assert_eq!(Ask::read("utm=1&q=&kind=&kind=x&kind=x").kinds, ["x"]);
    }

    #[test]
    fn only_what_is_wanted_can_fit_better_or_worse() {
        for (query, ranks) in
            [("", false), ("-茶", false), ("-茶 －“冷链 物流”", false), ("茶", true), ("-茶 深圳", true)]
        {
            assert_eq!(Ask { q: query.to_owned(), ..Ask::default() }.ranks(), ranks, "{query}");
        }
    }

    #[test]
    fn what_is_typed_becomes_what_is_meant() {
        let ask = Ask::read("region=贵州&region=bijie&industry=A&min=1.5&max=3亿元&from=2026-11-03&to=2026-11-03");
        let request = ask.request(Texts::of(Language::Zh)).expect("sound");
        let filter = request.filter.unwrap();
        assert_eq!(filter.regions, ["520000", "520500"]);
        assert_eq!(filter.industries, ["A"]);
        let area = Ask::read("region=京津冀").request(Texts::of(Language::Zh)).expect("an area").filter.unwrap();
        assert_eq!(area.regions, ["110000", "120000", "130000"]);
        let amount = filter.amount.unwrap();
        assert_eq!((amount.min.unwrap().units, amount.max.unwrap().units), (15_000, 300_000_000));
        let days = filter.publish_time.unwrap();
        assert_eq!(days.end_time.unwrap().seconds - days.start_time.unwrap().seconds, 86_400);
    }

    #[test]
    fn what_cannot_be_meant_is_told_by_field() {
        let ask = Ask::read("kind=x&direction=up&region=鼓楼区&region=亚特兰蒂斯&from=3.11.&min=-1&max=1e9");
        let faults = ask.request(Texts::of(Language::Zh)).expect_err("faulty");
        let fields: Vec<&str> = faults.keys().copied().collect();
        assert_eq!(fields, ["direction", "from", "kind", "max", "min", "region"]);
        assert!(faults["region"].contains("江苏省南京市鼓楼区"), "{}", faults["region"]);
    }

    #[test]
    fn the_way_back_is_that_by_which_somebody_came() {
        let first = Ask::read("q=tea&min=1.2%E4%BA%BF");
        assert_eq!((first.previous("/l"), first.next("", "/l")), (String::new(), String::new()));
        let at = |path: &str| Ask::read(path.split_once('?').map_or("", |(_, query)| query));
        let second = at(&first.next("one", "/l"));
        assert_eq!(second.previous("/l"), first.at("/l"));
        let third = at(&second.next("two", "/l"));
        assert_eq!(third.previous("/l"), second.at("/l"));
        assert_eq!(third.with(|_| {}), first, "a change begins with the first page");
        let far = (0..40).fold(first.clone(), |page, number| at(&page.next(&format!("t{number}"), "/l")));
        assert_eq!(far.before.len(), BEFORE, "the address has a bound");
    }

    #[test]
    fn what_is_new_is_what_was_published_since() {
        let ask = Ask::read("q=tea&new=1&since=1793667720000000");
        let filter = ask.request(Texts::of(Language::Zh)).expect("sound").filter.unwrap();
        assert_eq!(filter.publish_time.unwrap().start_time.unwrap().seconds, 1_793_667_720);
        assert_eq!(ask.bare(), Ask::read("q=tea"));
        assert!(Ask::read("since=-5").new_from().is_none() && Ask::read("since=x").new_from().is_none());
        let marked = Ask::read("since=1793667720000000").request(Texts::of(Language::Zh)).expect("sound");
        assert_eq!(marked.filter.unwrap().publish_time, None, "what is not new is shown too, unmarked");
    }

    #[test]
    fn a_violation_finds_its_field() {
        for (path, field) in [("query", "q"), ("filter.regions[0]", "region"), ("amount.min", "min"), ("order_by", "")]
        {
            assert_eq!(Ask::field_of(path), field, "{path}");
        }
    }
}
