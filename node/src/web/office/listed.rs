//! What an office published and ended in a month, each with its title: a sheet of the monthly workbook. What has ended is
//! there for those who may write for the member, as everywhere; others are told that it is not among the rest.

use duikou_proto::name::MemberId;
use duikou_proto::v1::search_listings_request::OrderBy;
use duikou_proto::v1::{Filter, Listing, SearchListingsRequest, WithdrawalReason};
use duikou_proto::validate::kind_of;
use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Time};
use prost_types::Timestamp;
use tonic::Status;

use super::super::catalogue::Texts;
use super::super::imports::found_listings;
use super::super::reading::{Names, all_places, audience_of};
use super::super::respond::Failed;
use super::super::signed::Signed;
use super::super::{Web, format, words};
use crate::accounts::Role;
use crate::limits;
use crate::services::EndedAsk;
use crate::sheets::{PlainCell, PlainSheet, readable};

/// Listings that have ended that are asked for at once.
const PAGE: usize = 256;
/// What happens to listings, with the ids of its names.
const HAPPENS: [(What, &str); 5] = [
    (What::Published, "statistics-published"),
    (What::Updated, "statistics-updated"),
    (What::Ended(WithdrawalReason::Filled), "statistics-filled"),
    (What::Ended(WithdrawalReason::Withdrawn), "statistics-withdrawn"),
    (What::Ended(WithdrawalReason::Expired), "statistics-expired"),
];

/// What happened to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Published,
    /// The last time: what was written before is told by nobody.
    Updated,
    Ended(WithdrawalReason),
}

/// Something that happened to a listing.
#[derive(Debug, Clone, PartialEq)]
struct Happened {
    what: What,
    time: i64,
    listing: Listing,
}

/// A month: its first second, and the first after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Month(i64, i64);

impl Month {
    /// `2026-11`.
    fn parse(text: &str) -> Option<Self> {
        let first: Date = format!("{text}-01").parse().ok()?;
        let at = |day: Date| Some(day.in_tz(format::ZONE).ok()?.timestamp().as_second());
        Some(Self(at(first)?, at(first.checked_add(1.month()).ok()?)?))
    }

    fn holds(self, seconds: i64) -> bool {
        (self.0..self.1).contains(&seconds)
    }
}

/// The sheet of a month, `2026-11`.
pub(super) async fn listed(web: &Web, signed: &Signed, month: &str) -> Result<PlainSheet, Failed> {
    let texts = signed.texts;
    let whose: Vec<MemberId> = match &signed.person().member {
        Some(member) => vec![member.clone()],
        None => {
            let (engine, directory) = (web.engine(), web.engine().directory());
            directory.hosted(&engine.identity().node).map(|member| member.id.clone()).collect()
        }
    };
    let (mut happened, mut remarks) = (Vec::new(), Vec::new());
    // Of nobody in particular would be of all.
    if let Some(month) = Month::parse(month).filter(|_| !whose.is_empty()) {
        // What was published before it may have been updated in it.
        let filter = Filter { members: whose.iter().map(MemberId::to_string).collect(), ..Filter::default() };
        let order_by = OrderBy::Newest.into();
        let request = SearchListingsRequest { filter: Some(filter), order_by, ..SearchListingsRequest::default() };
        let (live, cut) = found_listings(web, signed, request, limits::OWN_EXPORT_ROWS).await?;
        live.iter().for_each(|listing| written(month, listing, &mut happened));
        if signed.at_least(Role::Editor).is_ok() {
            for member in &whose {
                for (what, _) in HAPPENS {
                    if let What::Ended(reason) = what {
                        ended(web, signed, month, member, reason, &mut happened).await?;
                    }
                }
            }
        } else {
            remarks.push(texts.text("listed-no-ended"));
        }
        let cut = cut || happened.len() >= limits::OWN_EXPORT_ROWS;
        remarks.extend(cut.then(|| texts.count("export-cut", happened.len())));
    }
    let origin = signed.origin.as_ref().map_or("", |origin| origin.as_str());
    Ok(sheet(texts, &Names::new(web, signed), origin, happened, remarks))
}

/// Adds that a listing was published in a month, and that it was updated in it.
fn written(month: Month, listing: &Listing, happened: &mut Vec<Happened>) {
    let order = |time: &Timestamp| (time.seconds, time.nanos);
    let (published, updated) = (listing.publish_time.unwrap_or_default(), listing.update_time.unwrap_or_default());
    let mut add = |what, time: i64| happened.push(Happened { what, time, listing: listing.clone() });
    if month.holds(published.seconds) {
        add(What::Published, published.seconds);
    }
    if month.holds(updated.seconds) && order(&updated) > order(&published) {
        add(What::Updated, updated.seconds);
    }
}

/// Adds those of a member that ended for a reason in the month; and what was published or updated in it and has ended since.
async fn ended(
    web: &Web,
    signed: &Signed,
    month: Month,
    member: &MemberId,
    reason: WithdrawalReason,
    happened: &mut Vec<Happened>,
) -> Result<(), Failed> {
    let mut before = String::new();
    while happened.len() < limits::OWN_EXPORT_ROWS {
        let (query, kinds) = (String::new(), Vec::new());
        let ask = EndedAsk { member: member.clone(), reason, query, kinds, before, limit: PAGE };
        let page = web.services().listings.all_ended(signed.ask(ask)).await;
        let (page, next) = page.map_err(|status: Status| signed.failed(&status))?;
        // What ended before the month was published before it.
        let over = page.last().is_some_and(|last| last.end_time.seconds < month.0);
        for ended in page {
            written(month, &ended.listing, happened);
            let time = ended.end_time.seconds;
            if month.holds(time) {
                happened.push(Happened { what: What::Ended(ended.reason), time, listing: ended.listing });
            }
        }
        if over || next.is_empty() {
            break;
        }
        before = next;
    }
    Ok(())
}

/// What happened, in its order. `origin` is where pages are; `remarks` stand below.
fn sheet(texts: Texts, names: &Names, origin: &str, mut happened: Vec<Happened>, remarks: Vec<String>) -> PlainSheet {
    happened.sort_by(|one, other| (one.time, &one.listing.name).cmp(&(other.time, &other.listing.name)));
    let columns = [
        "listed-name",
        "listed-what",
        "listed-time",
        "statistics-kind",
        "filter-direction",
        "statistics-place",
        "audience",
        "listed-member",
        "listed-published",
        "listed-page",
    ];
    let row = |happened: &Happened| {
        let listing = &happened.listing;
        let body = listing.listing.clone().unwrap_or_default();
        let what = HAPPENS.iter().find(|(what, _)| *what == happened.what).map_or("", |(_, id)| *id);
        let page = if origin.is_empty() { String::new() } else { names.listing_path(&listing.name) };
        let text = |text: String| PlainCell::Text(readable(&text));
        vec![
            text(body.title.clone()),
            text(texts.text(what)),
            PlainCell::Time(day(happened.time)),
            text(kind_of(&body).map_or_else(String::new, |kind| words::kind(texts, kind))),
            text(words::direction(texts, body.direction())),
            text(all_places(texts, &body.regions)),
            text(audience_of(texts, names, &listing.scopes)),
            text(names.member(names.short(&listing.name))),
            PlainCell::Time(day(listing.publish_time.map_or(0, |time| time.seconds))),
            text(format!("{origin}{page}")),
        ]
    };
    let rows = happened.iter().map(row).chain(remarks.into_iter().map(|remark| vec![PlainCell::Text(remark)]));
    let rows = rows.collect();
    let columns = columns.map(|id| texts.text(id)).into();
    PlainSheet { name: texts.text("listed-title"), columns, rows, ..PlainSheet::default() }
}

/// The day of a moment, in China.
fn day(seconds: i64) -> DateTime {
    format::in_china(seconds).date().to_datetime(Time::midnight())
}

#[cfg(test)]
mod tests {
    use duikou_proto::language::Language;
    use duikou_proto::v1::opportunity::Details;
    use duikou_proto::v1::{Opportunity, Project};

    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<jiff::Timestamp>().unwrap().as_second()
    }

    #[test]
    fn a_month_is_one_of_china() {
        let november = Month::parse("2026-11").unwrap();
        assert!(november.holds(at("2026-10-31T16:00:00Z")) && !november.holds(at("2026-10-31T15:59:59Z")));
        assert!(november.holds(at("2026-11-30T15:59:59Z")) && !november.holds(at("2026-11-30T16:00:00Z")));
        assert_eq!((Month::parse("2026-13"), Month::parse("year")), (None, None));
    }

    #[test]
    fn each_thing_that_happened_is_a_row_in_its_order() {
        let listing = |id: &str, published: &str| {
            let details = Some(Details::Project(Project::default()));
            let regions = vec!["520500".to_owned()];
            let body = Opportunity { title: format!("园区{id}"), regions, details, ..Opportunity::default() };
            Listing {
                name: format!("members/bijie.pprd.example/listings/{id}"),
                scopes: vec!["public".to_owned()],
                publish_time: Some(Timestamp { seconds: at(published), nanos: 0 }),
                listing: Some(body),
                ..Listing::default()
            }
        };
        let (first, second) = (listing("1", "2026-11-02T01:00:00Z"), listing("2", "2026-10-02T01:00:00Z"));
        let end = |reason, time: &str, listing| Happened { what: What::Ended(reason), time: at(time), listing };
        let mut happened = vec![
            end(WithdrawalReason::Filled, "2026-11-20T01:00:00Z", first.clone()),
            end(WithdrawalReason::Withdrawn, "2026-11-01T01:00:00Z", second.clone()),
        ];
        let november = Month::parse("2026-11").unwrap();
        written(november, &first, &mut happened);
        // One of the month before was changed in this one.
        let update_time = Some(Timestamp { seconds: at("2026-11-10T01:00:00Z"), nanos: 0 });
        written(november, &Listing { update_time, ..second }, &mut happened);
        for (language, name) in [(Language::Zh, "本月信息清单"), (Language::En, "Listings of the month")] {
            let names = Names::sample(language, "pprd.example");
            let texts = Texts::of(language);
            let made = sheet(texts, &names, "https://a.example", happened.clone(), vec!["…".to_owned()]);
            assert_eq!(made.name, name);
            let what: Vec<&PlainCell> = made.rows.iter().filter_map(|row| row.get(1)).collect();
            let words = ["statistics-withdrawn", "statistics-published", "statistics-updated", "statistics-filled"];
            let words = words.map(|id| PlainCell::Text(texts.text(id)));
            assert_eq!(what, words.iter().collect::<Vec<_>>());
            assert!(made.rows.iter().take(4).all(|row| row.len() == made.columns.len()));
            let filled = &made.rows[3];
            assert_eq!(filled[0], PlainCell::Text("园区1".to_owned()));
            assert_eq!(filled[2], PlainCell::Time("2026-11-20T00:00".parse().unwrap()));
            assert_eq!(filled[8], PlainCell::Time("2026-11-02T00:00".parse().unwrap()));
            assert_eq!(filled[9], PlainCell::Text("https://a.example/listings/bijie/1".to_owned()));
            assert_eq!(made.rows[4], vec![PlainCell::Text("…".to_owned())]);
        }
    }
}
