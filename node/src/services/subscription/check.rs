//! What an owner wants of a subscription, checked: every violation at once, by field.

use duikou_proto::filter::Filter;
use duikou_proto::name::{MemberId, NetworkName};
use duikou_proto::v1::counterpart_interest::Subject;
use duikou_proto::v1::mail_digest::Pace;
use duikou_proto::v1::subscription::{Interest, Way as Wanted};
use duikou_proto::v1::{self, CounterpartInterest, MailDigest};
use duikou_proto::validate::{self, Violation, reason};

use crate::delivery::{
    Desk, Eyes, MailWay, NoticeWay, Secret, Seen, Target, Way, account_of_token, essence, new_secret,
};
use crate::engine::{Engine, Reader};
use crate::services::auth::Caller;
use crate::services::error::{Failure, label_fault, violation};
use crate::services::listing::{bad_name, record_name};
use crate::services::matching::min_score;
use crate::world::random_text;

/// Characters of a mail address (RFC 5321).
const ADDRESS_CHARS: usize = 254;

/// The languages of mails.
const LANGUAGES: [&str; 2] = ["zh", "en"];
/// What is said of what is none of them.
const NO_LANGUAGE: (&str, &str) = ("语言为 zh 或 en。", "A language is zh or en.");
/// What is said of what is no address.
const NO_ADDRESS: (&str, &str) =
    ("不是邮箱地址，请按此格式填写：name@example.com。", "This is no mail address: write it like name@example.com.");

/// Whose a subscription is.
pub(super) struct Owner {
    pub(super) account: String,
    pub(super) eyes: Eyes,
    pub(super) token: Option<String>,
    /// The scopes that it sees at most, where its token is narrowed.
    pub(super) narrowed: Option<String>,
    /// Whether it may have any number.
    pub(super) unbounded: bool,
}

/// Whose subscriptions the caller may look at.
pub(super) fn seen(caller: &Caller) -> Result<Seen, Failure> {
    match &caller.reader {
        Reader::Anonymous => Err(Failure::TokenRequired),
        Reader::Operator => Ok(Seen::All),
        Reader::Member(member) => Ok(Seen::Account(account_of(member))),
        // What a narrowed token sees of its member's, it might see too much by.
        Reader::Registered | Reader::Narrowed(..) => Ok(Seen::Account(account_of_token(&caller.account))),
    }
}

/// The same, for those who may change them.
pub(super) fn seen_to_change(caller: &Caller) -> Result<Seen, Failure> {
    match &caller.reader {
        // They deal with their own.
        Reader::Registered | Reader::Narrowed(..) => {}
        Reader::Anonymous | Reader::Member(_) | Reader::Operator => caller.require_editor()?,
    }
    seen(caller)
}

fn account_of(member: &MemberId) -> String {
    format!("member:{member}")
}

/// Whose a new one is.
pub(super) fn owner(caller: &Caller, engine: &Engine, member: &str, found: &mut Vec<Violation>) -> Option<Owner> {
    let identity = engine.identity();
    let wanted = (!member.is_empty()).then(|| MemberId::parse(member, &identity.network).ok());
    let unbounded = caller.reader == Reader::Operator;
    let of_member = |member: &MemberId| Owner {
        account: account_of(member),
        eyes: Eyes::Member(member.to_string()),
        token: None,
        narrowed: None,
        unbounded,
    };
    let of_this_token = |eyes| Owner {
        account: account_of_token(&caller.account),
        eyes,
        token: caller.token.clone(),
        narrowed: None,
        unbounded,
    };
    let hosted = |member: &MemberId| engine.directory().hosted(&identity.node).any(|hosted| hosted.id == *member);
    match (&caller.reader, wanted) {
        (Reader::Operator, None) => {
            let account = "operator".to_owned();
            Some(Owner { account, eyes: Eyes::Operator, token: None, narrowed: None, unbounded })
        }
        (Reader::Operator, Some(Some(member))) if hosted(&member) => Some(of_member(&member)),
        (Reader::Member(own), None) => Some(of_member(own)),
        (Reader::Member(own), Some(Some(member))) if *own == member => Some(of_member(own)),
        (Reader::Registered, None) => Some(of_this_token(Eyes::Registered)),
        (Reader::Narrowed(whole, scopes), None) => {
            let eyes = match &**whole {
                Reader::Member(member) => Eyes::Member(member.to_string()),
                Reader::Anonymous | Reader::Registered | Reader::Operator | Reader::Narrowed(..) => Eyes::Registered,
            };
            Some(Owner { narrowed: Some(scopes.to_text()), ..of_this_token(eyes) })
        }
        (Reader::Anonymous | Reader::Operator | Reader::Member(_) | Reader::Registered | Reader::Narrowed(..), _) => {
            found.push(violation(
                "subscription.member",
                reason::UNKNOWN_CODE,
                "只能用您自己的成员身份订阅；本机管理员可填写本节点托管的成员。",
                "You subscribe as your own member; on the local socket, as one that this server hosts.",
            ));
            None
        }
    }
}

/// A label that may be kept.
pub(super) fn label(label: String, found: &mut Vec<Violation>) -> String {
    found.extend(label_fault("subscription.label", &label));
    label
}

/// What may be wanted, as its owner wrote it: of a subscription with these eyes. Whether a listing that it names is there
/// for them is yet to be looked.
pub(super) fn interest(
    interest: Option<Interest>,
    eyes: Option<&Eyes>,
    engine: &Engine,
    found: &mut Vec<Violation>,
) -> Interest {
    let network = &engine.identity().network;
    match interest {
        None => Interest::Filter(v1::Filter::default()),
        Some(Interest::Filter(wanted)) => {
            filter(&wanted, "subscription.", network, found);
            Interest::Filter(wanted)
        }
        Some(Interest::CounterpartOf(wanted)) => {
            min_score(wanted.min_score, "subscription.counterpart_of.min_score", found);
            if let Some(wanted) = &wanted.filter {
                filter(wanted, "subscription.counterpart_of.", network, found);
            }
            let subject = subject(wanted.subject.clone(), eyes, network, found);
            Interest::CounterpartOf(CounterpartInterest { subject, ..wanted })
        }
    }
}

fn filter(filter: &v1::Filter, before: &str, network: &NetworkName, found: &mut Vec<Violation>) {
    if let Err(violations) = Filter::compile(filter, network) {
        let placed = |violation: Violation| Violation { field: format!("{before}{}", violation.field), ..violation };
        found.extend(violations.into_iter().map(placed));
    }
}

/// The listing whose counterparts are wanted: by its full name, or what matters of one that is not published.
fn subject(
    subject: Option<Subject>,
    eyes: Option<&Eyes>,
    network: &NetworkName,
    found: &mut Vec<Violation>,
) -> Option<Subject> {
    match subject {
        Some(Subject::Name(name)) => match record_name(&name, network) {
            Ok(name) => Some(Subject::Name(name.to_string())),
            Err(_) => {
                found.push(bad_name("subscription.counterpart_of.name"));
                None
            }
        },
        Some(Subject::Listing(mut opportunity)) => {
            validate::normalise(&mut opportunity);
            found.extend(validate::opportunity(&opportunity, "subscription.counterpart_of.listing"));
            Some(Subject::Listing(essence(opportunity)))
        }
        None => {
            if matches!(eyes, Some(Eyes::Operator | Eyes::Registered)) {
                found.push(violation(
                    "subscription.counterpart_of",
                    reason::REQUIRED,
                    "请写明为哪条信息找对口：填写 name 或 listing；要跟踪某成员的全部信息，请填写 subscription.member。",
                    "Say which listing, by name or listing; to follow all of a member's, give subscription.member.",
                ));
            }
            None
        }
    }
}

/// A way of delivery that may be kept; what it had in `before` stays where the owner does not say otherwise. With it what
/// is shown once: a secret, and the path of a page.
pub(super) fn way(wanted: Option<Wanted>, desk: &Desk, found: &mut Vec<Violation>) -> Option<(Way, String, String)> {
    match wanted {
        Some(Wanted::Webhook(webhook)) => {
            let url = url(&webhook.url, desk, found)?;
            let secret = new_secret();
            let secrets = vec![Secret { secret: secret.clone(), until: None }];
            Some((Way::Webhook { url, secrets }, secret, String::new()))
        }
        Some(Wanted::Mail(mail)) => {
            let mail = self::mail(mail, found)?;
            Some((Way::Mail(mail), String::new(), String::new()))
        }
        Some(Wanted::Page(_)) => {
            let (address, path) = new_page();
            Some((Way::Page { address }, String::new(), path))
        }
        Some(Wanted::Pull(_)) => Some((Way::Pull, String::new(), String::new())),
        None => {
            found.push(violation(
                "subscription.way",
                reason::REQUIRED,
                "请选择送达方式：webhook、mail、page 或 pull。",
                "Choose how it is delivered: webhook, mail, page or pull.",
            ));
            None
        }
    }
}

/// A new secret address: its hash, which is kept, and its path, which is shown.
pub(super) fn new_page() -> (String, String) {
    let secret = random_text().to_string();
    (crate::delivery::page_hash(&secret), format!("/feeds/{secret}"))
}

/// The address of a webhook.
pub(super) fn url(text: &str, desk: &Desk, found: &mut Vec<Violation>) -> Option<String> {
    let checked = text.parse::<Target>().and_then(|target| {
        target.check(desk.dialer.allowed(), desk.dialer.ports())?;
        Ok(text.to_owned())
    });
    let failed = |bad: crate::delivery::BadTarget| {
        let (reason, text) = bad.told();
        found.push(Violation { field: "subscription.webhook.url".to_owned(), reason, text });
    };
    checked.map_err(failed).ok()
}

/// Whether a mail can go there.
fn is_address(text: &str) -> bool {
    text.chars().count() <= ADDRESS_CHARS && text.parse::<lettre::Address>().is_ok()
}

/// Who hears of it when it is paused.
pub(super) fn notice(notice: v1::Notice, found: &mut Vec<Violation>) -> Option<NoticeWay> {
    let before = found.len();
    if !is_address(&notice.address) {
        found.push(violation("subscription.notice.address", reason::BAD_FORMAT, NO_ADDRESS.0, NO_ADDRESS.1));
    }
    let language = if notice.language.is_empty() { "zh".to_owned() } else { notice.language };
    if !LANGUAGES.contains(&&*language) {
        found.push(violation("subscription.notice.language", reason::BAD_FORMAT, NO_LANGUAGE.0, NO_LANGUAGE.1));
    }
    let secret = random_text().to_string();
    (found.len() == before).then_some(NoticeWay { address: notice.address, language, secret })
}

/// A digest by mail.
pub(super) fn mail(mail: MailDigest, found: &mut Vec<Violation>) -> Option<MailWay> {
    let before = found.len();
    let pace = if mail.pace == 0 { Pace::Daily.into() } else { mail.pace };
    let mut bad = |field: &str, zh: &str, en: &str| {
        found.push(violation(&format!("subscription.mail.{field}"), reason::BAD_FORMAT, zh, en));
    };
    if !is_address(&mail.address) {
        bad("address", NO_ADDRESS.0, NO_ADDRESS.1);
    }
    if Pace::try_from(pace).is_err() {
        bad("pace", "请选择 AT_ONCE、DAILY 或 WEEKLY。", "Choose AT_ONCE, DAILY or WEEKLY.");
    }
    let hour = mail.hour.unwrap_or(8);
    if !(0..=23).contains(&hour) {
        bad("hour", "时刻应为0至23。", "An hour is 0 to 23.");
    }
    let weekday = if mail.weekday == 0 { 1 } else { mail.weekday };
    if !(1..=7).contains(&weekday) {
        bad("weekday", "星期应为1（周一）至7。", "A day of the week is 1 (Monday) to 7.");
    }
    let time_zone = if mail.time_zone.is_empty() { "Asia/Shanghai".to_owned() } else { mail.time_zone };
    if jiff::tz::TimeZone::get(&time_zone).is_err() {
        bad(
            "time_zone",
            "不是 IANA 时区，例如 Asia/Shanghai。",
            "This is no time zone of IANA, for example Asia/Shanghai.",
        );
    }
    let language = if mail.language.is_empty() { "zh".to_owned() } else { mail.language };
    if !LANGUAGES.contains(&&*language) {
        bad("language", NO_LANGUAGE.0, NO_LANGUAGE.1);
    }
    (found.len() == before).then(|| MailWay {
        address: mail.address,
        pace,
        // Within the bounds that were checked.
        hour: hour as i8,
        weekday: weekday as i8,
        time_zone,
        language,
        secret: random_text().to_string(),
    })
}
