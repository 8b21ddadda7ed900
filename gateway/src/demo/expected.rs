//! What every store of the demonstration must hold in the end, worked out from the two data files alone.
//!
//! This is the judge of the demonstration, so it shares no code with what it judges: names, scopes and audiences are
//! plain texts here, and the rules are written down a second time on purpose.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Short names of records, `members/{member}/listings/{id}`.
pub type Names = BTreeSet<String>;

/// The names that each store must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// By the node's short id.
    pub nodes: BTreeMap<String, Names>,
    /// Everything that ever leaves its origin's node.
    pub gateway: Names,
}

/// Works out what every node of `members_csv` (columns `member`, `node` and `circles`) and the gateway must hold when
/// each listing of `listings_jsonl` (`name` and `scopes`, one object a line) has been published at its origin.
///
/// # Panics
/// Where the files lack these fields, or a listing's origin is none of the members.
pub fn expected(members_csv: &str, listings_jsonl: &str) -> Expected {
    let members = members(members_csv);
    let listings: Vec<Listing> = lines(listings_jsonl).map(|line| Listing::of(&line)).collect();
    for listing in &listings {
        assert!(members.iter().any(|member| member.id == listing.origin), "{} has no member", listing.name);
    }
    let mut nodes: BTreeMap<String, Names> = BTreeMap::new();
    for member in &members {
        let readable = listings.iter().filter(|l| l.origin == member.id || member.reads(l));
        nodes.entry(member.node.clone()).or_default().extend(readable.map(|l| l.name.clone()));
    }
    let gateway = listings.iter().filter(|l| !l.scopes.is_empty()).map(|l| l.name.clone()).collect();
    Expected { nodes, gateway }
}

struct Member {
    id: String,
    node: String,
    may_read: BTreeSet<String>,
}

impl Member {
    fn reads(&self, listing: &Listing) -> bool {
        listing.scopes.iter().any(|scope| self.may_read.contains(scope))
    }
}

struct Listing {
    name: String,
    origin: String,
    scopes: Vec<String>,
}

impl Listing {
    fn of(line: &Value) -> Self {
        let name = text(line, "name").to_owned();
        let origin = name.split('/').nth(1).expect("members/MEMBER/listings/ID").to_owned();
        let scopes = line["scopes"].as_array().expect("scopes is a list");
        let scopes = scopes.iter().map(|scope| scope.as_str().expect("a scope is a text").to_owned()).collect();
        Self { name, origin, scopes }
    }
}

fn members(members_csv: &str) -> Vec<Member> {
    let mut reader = csv::Reader::from_reader(members_csv.as_bytes());
    let headers = reader.headers().expect("a header row").clone();
    let column = |name: &str| headers.iter().position(|header| header == name).expect("member, node and circles");
    let (id, node, circles) = (column("member"), column("node"), column("circles"));
    let member = |row: csv::StringRecord| {
        let mut may_read: BTreeSet<String> = ["public", "registered", "network"].map(str::to_owned).into();
        may_read.insert(format!("member:{}", &row[id]));
        may_read.extend(row[circles].split_whitespace().map(|circle| format!("circle:{circle}")));
        Member { id: row[id].to_owned(), node: row[node].to_owned(), may_read }
    };
    reader.records().map(|row| member(row.expect("as many fields as columns"))).collect()
}

/// Moves every date of the listings (`publish_time`, `expire_time` and those of events) by one number of whole days,
/// such that the newest `publish_time` lies on the day before `today` (`YYYY-MM-DD`, UTC). Texts stay as they are.
///
/// # Panics
/// Where `today` or a time of the file is no date, or there is no listing.
pub fn shifted_dates(listings_jsonl: &str, today: &str) -> String {
    let mut listings: Vec<Value> = lines(listings_jsonl).collect();
    let newest = listings.iter().map(|listing| day_number(text(listing, "publish_time"))).max().expect("a listing");
    let days = day_number(today) - 1 - newest;
    let mut shifted = String::with_capacity(listings_jsonl.len());
    for listing in &mut listings {
        for field in ["/publish_time", "/expire_time"] {
            shift(listing.pointer_mut(field), days);
        }
        for field in ["start_time", "end_time", "registration_deadline"] {
            shift(listing.pointer_mut(&format!("/listing/event/{field}")), days);
        }
        shifted.push_str(&listing.to_string());
        shifted.push('\n');
    }
    shifted
}

fn shift(time: Option<&mut Value>, days: i64) {
    let Some(time) = time else { return };
    let before = time.as_str().expect("a time is a text");
    let clock = before.get(DATE_LENGTH..).expect("a time begins with a date");
    let after = format!("{}{clock}", date(day_number(before) + days));
    *time = after.into();
}

fn lines(listings_jsonl: &str) -> impl Iterator<Item = Value> {
    let lines = listings_jsonl.lines().filter(|line| !line.trim().is_empty());
    lines.map(|line| serde_json::from_str(line).expect("one JSON object a line"))
}

fn text<'a>(line: &'a Value, field: &str) -> &'a str {
    line[field].as_str().unwrap_or_else(|| panic!("{field} is missing: {line}"))
}

const DATE_LENGTH: usize = "2026-11-24".len();

/// Days from 1970-01-01 to the date at the beginning of `time`.
fn day_number(time: &str) -> i64 {
    let part = |range: std::ops::Range<usize>| -> i64 {
        time.get(range).and_then(|digits| digits.parse().ok()).unwrap_or_else(|| panic!("{time:?} is no date"))
    };
    let (year, month, day) = (part(0..4), part(5..7), part(8..10));
    assert!((1..=12).contains(&month) && (1..=days_of_month(year, month)).contains(&day), "{time:?} is no date");
    days_before_year(year) + (1..month).map(|month| days_of_month(year, month)).sum::<i64>() + day - 1
}

/// The inverse of [`day_number`], from 1970 on.
fn date(number: i64) -> String {
    assert!(number >= 0, "nothing here is older than 1970");
    let mut year = 1970 + number / 366;
    while days_before_year(year + 1) <= number {
        year += 1;
    }
    let mut day = number - days_before_year(year);
    let mut month = 1;
    while day >= days_of_month(year, month) {
        day -= days_of_month(year, month);
        month += 1;
    }
    format!("{year:04}-{month:02}-{:02}", day + 1)
}

fn days_before_year(year: i64) -> i64 {
    let leap_days = |year: i64| year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    (year - 1970) * 365 + leap_days(year - 1) - leap_days(1969)
}

fn days_of_month(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMBERS: &str = include_str!("../../../proto/data/members.csv");
    const LISTINGS: &str = include_str!("../../../proto/data/listings.jsonl");

    fn holders(expected: &Expected, name: &str) -> Vec<String> {
        let mut holders: Vec<String> =
            expected.nodes.iter().filter(|(_, names)| names.contains(name)).map(|(node, _)| node.clone()).collect();
        if expected.gateway.contains(name) {
            holders.push("gateway".to_owned());
        }
        holders
    }

    #[test]
    fn every_listing_is_where_it_belongs() {
        let expected = expected(MEMBERS, LISTINGS);
        for (name, at) in [
            // For single members; two of them live on one node with the origin.
            ("members/bijie/listings/bj-cap-01", vec!["guangzhou", "shenzhen", "shenzhen-offices", "gateway"]),
            ("members/wushan/listings/ws-evt-02", vec!["shenzhen", "shenzhen-offices", "wushan", "gateway"]),
            ("members/harbin/listings/hb-evt-02", vec!["shenzhen", "shenzhen-offices", "gateway"]),
            ("members/qiannan/listings/qn-evt-02", vec!["guangzhou", "qiannan", "gateway"]),
            // On request: at home alone.
            ("members/qiannan/listings/qn-tec-01", vec!["qiannan"]),
            ("members/dongguan/listings/dg-cap-02", vec!["dongguan"]),
            ("members/huizhou/listings/hz-cap-02", vec!["huizhou"]),
        ] {
            assert_eq!(holders(&expected, name), at, "{name}");
        }
        let everywhere = [
            "members/shenzhen/listings/sz-cap-01",
            "members/bijie/listings/bj-tal-02",
            "members/nanchang/listings/nc-tec-02",
        ];
        for name in everywhere {
            assert_eq!(holders(&expected, name).len(), 14, "{name}");
        }
    }

    #[test]
    fn a_circle_reaches_the_nodes_of_its_members_alone() {
        let at = holders(&expected(MEMBERS, LISTINGS), "members/kunming/listings/km-cap-01");
        assert!(at.contains(&"shenzhen-offices".to_owned()), "two of its members are in the circle");
        assert!(!at.contains(&"linzhi".to_owned()) && !at.contains(&"wushan".to_owned()));
        assert_eq!(at.len(), 12);
    }

    #[test]
    fn there_are_as_many_as_counted_by_hand() {
        let expected = expected(MEMBERS, LISTINGS);
        assert_eq!((expected.nodes.len(), expected.gateway.len()), (13, 147));
        let counts = ["shenzhen", "shenzhen-offices", "linzhi", "wushan", "macao"].map(|n| expected.nodes[n].len());
        assert_eq!(counts, [145, 144, 132, 134, 140]);
    }

    #[test]
    fn dates_move_together_and_nothing_else_does() {
        let shifted = shifted_dates(LISTINGS, "2028-03-01");
        let (before, after): (Vec<_>, Vec<_>) = (lines(LISTINGS).collect(), lines(&shifted).collect());
        let newest = after.iter().map(|listing| text(listing, "publish_time")).max().expect("there are some");
        assert_eq!(newest, "2028-02-29T02:17:00Z", "the newest was of 2026-11-22");
        assert_eq!(before.len(), after.len());
        let event = |listings: &[Value], field: &str| -> String {
            let name = "members/shenzhen/listings/sz-evt-01";
            let listing = listings.iter().find(|l| l["name"] == name).expect("in the file");
            listing["listing"]["event"][field].as_str().expect("a text").to_owned()
        };
        assert_eq!(event(&before, "start_time"), "2027-01-15T01:30:00Z");
        assert_eq!(event(&after, "start_time"), "2028-04-23T01:30:00Z", "464 days later");
        assert_eq!(event(&after, "venue"), event(&before, "venue"));
        assert_eq!(expected(MEMBERS, &shifted), expected(MEMBERS, LISTINGS));
    }

    #[test]
    fn days_are_numbered_as_the_calendar_says() {
        for (day, number) in [("1970-01-01", 0), ("2000-02-29", 11_016), ("2026-11-24", 20_781), ("2100-03-01", 47_541)]
        {
            assert_eq!((day_number(day), date(number)), (number, day.to_owned()));
        }
        for number in 0..50_000 {
            assert_eq!(day_number(&date(number)), number);
        }
    }
}
