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

/// Moves every date of the listings (`publish_time`, `expire_time`, those of events, and each `YYYY-MM-DD` in a title,
/// summary or body) by one number of whole days, such that the newest `publish_time` lies on the day before `today`
/// (`YYYY-MM-DD`, UTC).
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
        for field in ["title", "summary", "body"] {
            if let Some(Value::String(text)) = listing.pointer_mut(&format!("/listing/{field}")) {
                *text = shifted_text(text, days);
            }
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

/// `text` with every date in it moved.
fn shifted_text(text: &str, days: i64) -> String {
    let (mut shifted, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(next) = rest.chars().next() {
        let in_number = shifted.ends_with(|before: char| before.is_ascii_digit());
        match rest.get(..DATE_LENGTH).filter(|found| !in_number && is_date(found)) {
            Some(found) => {
                shifted.push_str(&date(day_number(found) + days));
                rest = &rest[DATE_LENGTH..];
            }
            None => {
                shifted.push(next);
                rest = &rest[next.len_utf8()..];
            }
        }
    }
    shifted
}

/// Whether it has the form `YYYY-MM-DD`.
fn is_date(text: &str) -> bool {
    let form = |(at, byte): (usize, u8)| if [4, 7].contains(&at) { byte == b'-' } else { byte.is_ascii_digit() };
    text.len() == DATE_LENGTH && text.bytes().enumerate().all(form)
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
    fn no_event_says_a_date_that_its_fields_have_not() {
        const HOUR: i64 = 3600;
        // Where the events are it is eight hours later than the fields say.
        let local = |time: &str| {
            let hour: i64 = time[DATE_LENGTH + 1..DATE_LENGTH + 3].parse().expect("an hour");
            date(day_number(time) + (hour * HOUR + 8 * HOUR).div_euclid(24 * HOUR))
        };
        let dates = |text: &str| -> Vec<String> {
            let at = text.char_indices().filter_map(|(at, _)| text.get(at..at + DATE_LENGTH));
            at.filter(|found| is_date(found)).map(str::to_owned).collect()
        };
        for today in ["2026-11-23", "2026-11-30", "2028-03-01"] {
            let mut said = 0;
            for listing in lines(&shifted_dates(LISTINGS, today)) {
                let inner = &listing["listing"];
                let event = &inner["event"];
                let fields = ["start_time", "end_time", "registration_deadline"];
                let has: Vec<String> = fields.iter().filter_map(|field| event[field].as_str()).map(local).collect();
                let texts = ["title", "summary", "body"].map(|field| inner[field].as_str().unwrap_or_default());
                for found in dates(&texts.join("\n")) {
                    said += 1;
                    assert!(has.contains(&found), "{today}: {} says {found}, and has {has:?}", listing["name"]);
                }
            }
            assert!(said > 50, "{said} dates");
        }
    }

    #[test]
    fn dates_in_a_text_are_moved_and_no_other_numbers() {
        assert_eq!(shifted_text("时间：2027-10-31 至 2027-11-01。", 7), "时间：2027-11-07 至 2027-11-08。");
        for text in ["", "2027-10-3", "12027-10-31", "2000万元", "0755-8888-8888", "2027/10/31"] {
            assert_eq!(shifted_text(text, 7), text);
        }
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
