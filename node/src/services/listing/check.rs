//! What is wrong with a listing that somebody wants to write: header and body, all of it at once.

use duikou_proto::directory::Directory;
use duikou_proto::envelope::Micros;
use duikou_proto::limits;
use duikou_proto::name::{NetworkName, RecordName};
use duikou_proto::scope::{Scope, ScopeSet};
use duikou_proto::v1::opportunity::Details;
use duikou_proto::v1::{Lane, Listing, Opportunity};
use duikou_proto::validate::{self, Violation, reason};
use prost::Message;

use crate::engine::{Content, Engine, Reader};
use crate::services::error::violation;
use crate::store::StoreError;
use crate::time::{add_months, micros};

/// The reason of a scope that names a member that is not there, or a circle that is not there for who writes.
pub(crate) const UNKNOWN_SCOPE: &str = "UNKNOWN_SCOPE";
/// The reason of a listing that is larger than a record may be.
pub(crate) const TOO_LARGE: &str = "TOO_LARGE";
/// How far ahead of this clock a publication may lie.
const AHEAD: Micros = 60 * 1_000_000;
const SECOND: Micros = 1_000_000;
const HOUR: Micros = 3600 * SECOND;
const DAY: Micros = 24 * HOUR;
/// How far Beijing is ahead of UTC, all year.
const BEIJING: Micros = 8 * HOUR;
/// What a record holds besides name, scopes and body, at most.
const HEADER_BYTES: usize = 128;

/// Whose word a listing is.
pub(in crate::services) struct Author<'a> {
    /// Who writes it.
    pub(in crate::services) reader: &'a Reader,
    /// What it is called; None where that is wrong.
    pub(in crate::services) name: Option<&'a RecordName>,
}

/// The content of a record; None where anything was noted in `found`.
///
/// # Errors
/// Where the store cannot be read.
pub(in crate::services) async fn content(
    engine: &Engine,
    author: Author<'_>,
    listing: Listing,
    found: &mut Vec<Violation>,
) -> Result<Option<Content>, StoreError> {
    let circles = circles(engine, &author, &listing.scopes).await?;
    Ok(checked(engine, author.name, listing, circles.as_ref(), found))
}

fn checked(
    engine: &Engine,
    name: Option<&RecordName>,
    listing: Listing,
    circles: Option<&ScopeSet>,
    found: &mut Vec<Violation>,
) -> Option<Content> {
    let now = engine.now();
    let scopes = scopes(&listing.scopes, &engine.identity().network, &engine.directory(), circles, found);
    let name_bytes = name.map_or(0, |name| name.as_str().len());
    let publish_time = publish_time(&listing, now, found);
    let latest = add_months(now, limits::EXPIRE_MONTHS_MAX);
    let expire_time = expire_time(&listing, now, latest, found);
    let Some(mut opportunity) = listing.listing else {
        found.push(violation(
            "listing",
            reason::REQUIRED,
            "缺少信息内容，请填写。",
            "This is required: give the listing.",
        ));
        return None;
    };
    validate::normalise(&mut opportunity);
    found.extend(validate::opportunity(&opportunity, "listing"));
    let expire_default = expire_within(&opportunity, now, latest);
    if expire_time.is_none() && expire_default <= now && listing.expire_time.is_none() {
        found.push(violation(
            "expire_time",
            reason::OUT_OF_RANGE,
            "活动已经结束，请修改活动时间，或另行填写有效期至。",
            "The event is over: correct its times, or give another time at which the listing ends.",
        ));
    }
    let scope_bytes: usize = scopes.iter().map(|scope| scope.as_str().len() + 3).sum();
    let bytes = opportunity.encoded_len() + scope_bytes + name_bytes + HEADER_BYTES;
    if bytes > limits::RECORD_BYTES {
        found.push(violation(
            "listing",
            TOO_LARGE,
            format!("内容共{bytes}字节，最多{}字节，请缩短。", limits::RECORD_BYTES),
            format!("The listing takes {bytes} bytes and may take {}: shorten it.", limits::RECORD_BYTES),
        ));
    }
    let kind = validate::kind_of(&opportunity)?.parse().ok()?;
    found.is_empty().then(|| Content {
        kind,
        lane: Lane::Bulk,
        scopes,
        body: opportunity.encode_to_vec().into(),
        publish_time,
        expire_time,
        expire_default,
    })
}

/// When a listing that is written `now` ends where it does not say so itself.
pub(crate) fn expire_default(opportunity: &Opportunity, now: Micros) -> Micros {
    expire_within(opportunity, now, add_months(now, limits::EXPIRE_MONTHS_MAX))
}

/// When a listing ends that does not say so itself: with a day of those who read it, not at some second of it.
fn expire_within(opportunity: &Opportunity, now: Micros, latest: Micros) -> Micros {
    let event_end = match &opportunity.details {
        Some(Details::Event(event)) => event.end_time.as_ref().and_then(micros),
        Some(Details::Capital(_) | Details::Project(_) | Details::Technology(_) | Details::Talent(_)) | None => None,
    };
    let months_on = || end_of_day(add_months(now, limits::EXPIRE_MONTHS_DEFAULT));
    event_end.map_or_else(months_on, |end| end.saturating_add(DAY).min(latest))
}

/// The last second of the day in Beijing on which `time` falls, as a day that somebody types ends.
pub(in crate::services) fn end_of_day(time: Micros) -> Micros {
    let days = time.saturating_add(BEIJING).div_euclid(DAY).saturating_add(1);
    days.saturating_mul(DAY).saturating_sub(BEIJING + SECOND)
}

/// The circles that an audience may name: for whoever writes for a member those in which that member is, and those that
/// the listing has from a time when it was; for the operator, who is told of all of them, None. What other circles there
/// are nobody learns from what is answered, nor from how long that takes.
async fn circles(engine: &Engine, author: &Author<'_>, texts: &[String]) -> Result<Option<ScopeSet>, StoreError> {
    let member = match author.reader.whole() {
        Reader::Operator => return Ok(None),
        Reader::Member(member) => Some(member),
        Reader::Anonymous | Reader::Registered | Reader::Narrowed(..) => None,
    };
    let (network, directory) = (&engine.identity().network, engine.directory());
    let own = directory.circles().filter(|(_, members)| member.is_some_and(|member| members.contains(member)));
    let mut known: ScopeSet = own.filter_map(|(circle, _)| Scope::circle(circle, network).ok()).collect();
    let mut named = texts.iter().take(limits::SCOPES).filter_map(|text| Scope::parse(text.trim(), network).ok());
    let stranger = named.any(|scope| scope.as_str().starts_with("circle:") && !known.contains(&scope));
    if let Some(name) = author.name.filter(|_| stranger)
        && let Some((part, _)) = engine.get(name, author.reader).await?
    {
        known.extend(part.scopes());
    }
    Ok(Some(known))
}

fn scopes(
    texts: &[String],
    network: &NetworkName,
    directory: &Directory,
    circles: Option<&ScopeSet>,
    found: &mut Vec<Violation>,
) -> ScopeSet {
    if texts.len() > limits::SCOPES {
        found.push(violation(
            "scopes",
            reason::TOO_MANY,
            format!("可见范围共{}项，最多{}项，请删减。", texts.len(), limits::SCOPES),
            format!("These are {} scopes and may be {}: remove some.", texts.len(), limits::SCOPES),
        ));
    }
    let mut scopes = ScopeSet::new();
    for (index, text) in texts.iter().take(limits::SCOPES).enumerate() {
        let field = format!("scopes[{index}]");
        let Ok(scope) = Scope::parse(text.trim(), network) else {
            found.push(violation(
                &field,
                reason::BAD_FORMAT,
                "可见范围格式不正确，请填写 public、registered、network、circle:名称 或 member:成员。",
                "This is no scope: write public, registered, network, circle:NAME or member:ID.",
            ));
            continue;
        };
        if scopes.contains(&scope) {
            found.push(violation(
                &field,
                reason::DUPLICATE,
                "与前面的可见范围重复，请删除。",
                "This repeats an earlier scope: remove it.",
            ));
        } else if !is_known(&scope, directory, circles) {
            found.push(unknown(&field, &scope, text));
        }
        scopes.insert(scope);
    }
    scopes
}

fn unknown(field: &str, scope: &Scope, text: &str) -> Violation {
    let text: String = text.chars().take(80).collect();
    let (zh, en) = match scope.as_str().starts_with("circle:") {
        // The same for a circle that is there.
        true => (
            format!("网络中没有“{text}”，或该成员不在此圈子中，请核对圈子的名称。"),
            format!("The network has no {text}, or the member is not in it: check the circle's name."),
        ),
        false => (
            format!("网络中没有“{text}”，请核对成员的名称。"),
            format!("The network has no {text}: check the member's name."),
        ),
    };
    violation(field, UNKNOWN_SCOPE, zh, en)
}

fn is_known(scope: &Scope, directory: &Directory, circles: Option<&ScopeSet>) -> bool {
    match scope.as_str().split_once(':') {
        Some(("circle", circle)) => {
            circle.split_once('@').is_some_and(|(name, _)| directory.circle_members(name).is_some())
                && circles.is_none_or(|circles| circles.contains(scope))
        }
        Some(("member", member)) => directory.member_by_text(member).is_some(),
        _ => true,
    }
}

fn publish_time(listing: &Listing, now: Micros, found: &mut Vec<Violation>) -> Option<Micros> {
    let time = listing.publish_time.as_ref()?;
    match micros(time) {
        None => found.push(bad_time("publish_time")),
        Some(time) if time > now + AHEAD => found.push(violation(
            "publish_time",
            reason::OUT_OF_RANGE,
            "发布时间不能晚于现在，请修改或不填。",
            "A listing cannot have been published in the future: change the time, or leave it out.",
        )),
        Some(time) => return Some(time),
    }
    None
}

fn expire_time(listing: &Listing, now: Micros, latest: Micros, found: &mut Vec<Violation>) -> Option<Micros> {
    let time = listing.expire_time.as_ref()?;
    match micros(time) {
        None => found.push(bad_time("expire_time")),
        Some(time) if time <= now || time > latest => found.push(violation(
            "expire_time",
            reason::OUT_OF_RANGE,
            format!("有效期须至今后的某日，最长{}个月，请修改。", limits::EXPIRE_MONTHS_MAX),
            format!(
                "A listing ends after now and at most {} months ahead: change the time.",
                limits::EXPIRE_MONTHS_MAX
            ),
        )),
        Some(time) => return Some(time),
    }
    None
}

fn bad_time(field: &str) -> Violation {
    violation(
        field,
        reason::BAD_FORMAT,
        "时间不正确，请填写 1970 年之后的时间，例如 2027-03-01T08:00:00Z。",
        "This is no time after 1970: write it like 2027-03-01T08:00:00Z.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_with_its_last_second_in_beijing() {
        let micros = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_microsecond();
        for (time, end) in [
            ("2027-05-30T00:34:19.123182Z", "2027-05-30T15:59:59Z"),
            ("2027-05-30T15:59:59.999999Z", "2027-05-30T15:59:59Z"),
            ("2027-05-30T16:00:00Z", "2027-05-31T15:59:59Z"),
        ] {
            assert_eq!(end_of_day(micros(time)), micros(end), "{time}");
        }
    }
}
