//! A subscription is made of a search that is kept: by mail, to a program, or as a calendar and feed.

use askama::Template;
use axum::extract::{Path, State};
use duikou_proto::language::Language;
use duikou_proto::v1::create_subscription_request::Start;
use duikou_proto::v1::mail_digest::Pace;
use duikou_proto::v1::subscription::{Interest, Way};
use duikou_proto::v1::subscription_service_server::SubscriptionService;
use duikou_proto::v1::{
    self, CreateSubscriptionRequest, CreateSubscriptionResponse, MailDigest, Subscription, Webhook,
};
use http::StatusCode;
use tonic::{Code, Status};
use tonic_types::StatusExt;
use uuid::Uuid;

use super::super::Web;
use super::super::catalogue::Texts;
use super::super::forms::{Choice, Control, Field};
use super::super::layout::{Crumb, Notice, Page, Section, Tone};
use super::super::once::shown_once;
use super::super::reached::ReachedAt;
use super::super::reading::{Ask, Names, about, has_events, wrong_search};
use super::super::respond::Answer;
use super::super::sent::Sent;
use super::super::signed::Signed;
use super::list::{absent, internal};
use super::{SAVED, subscription};
use crate::accounts::Role;
use crate::saved::{self, SavedSearch};

/// The ways that are offered, with the ids of their names.
const WAYS: [(&str, &str); 3] = [("mail", "way-mail"), ("page", "way-page"), ("webhook", "way-webhook")];
/// How often mails go.
const PACES: [(&str, Pace, &str); 3] = [
    ("daily", Pace::Daily, "pace-daily"),
    ("weekly", Pace::Weekly, "pace-weekly"),
    ("once", Pace::AtOnce, "pace-once"),
];
/// How the forms of a page end, with the ids of their names.
const FORMS: [(&str, &str); 3] = [("ics", "feed-calendar"), ("atom", "feed-atom"), ("json", "feed-json")];

/// The form.
#[derive(Template)]
#[template(path = "saved/subscribe.html")]
pub(super) struct SubscribePage {
    page: Page,
    path: String,
    about: String,
    /// Words of the search, which no subscription goes by: there is none then. Empty: there are none.
    words: String,
    /// The feeds of such a search, which have its words, and where it is changed.
    feeds: Vec<(String, String)>,
    search: String,
    fields: Vec<Field>,
    /// Makes pressing twice one.
    request_id: String,
}

/// What was made, with what is shown once.
#[derive(Template)]
#[template(path = "saved/made.html")]
pub(super) struct MadePage {
    page: Page,
    told: String,
    /// Names of forms with their addresses.
    feeds: Vec<(String, String)>,
    secret: String,
    path: String,
}

async fn kept(web: &Web, signed: &Signed, id: &str) -> Result<SavedSearch, super::super::respond::Failed> {
    signed.at_least(Role::Editor)?;
    let found = saved::get(web.engine(), signed.person().account_id(), id).await;
    found.map_err(|error| internal(signed, &error))?.ok_or_else(|| absent(signed, id))
}

pub(super) async fn form(State(web): State<Web>, signed: Signed, Path(id): Path<String>) -> Answer {
    let search = kept(&web, &signed, &id).await?;
    let page = Page::new(&web, &signed, Section::Saved, signed.texts.about("subscribe-title", &search.name));
    signed.page(&SubscribePage::of(
        page,
        &Names::new(&web, &signed),
        &search,
        web.desk().sends_mail(),
        &Sent::default(),
        &[],
    ))
}

impl SubscribePage {
    /// `mails`: whether this server sends mail.
    pub(super) fn of(
        mut page: Page,
        names: &Names,
        search: &SavedSearch,
        mails: bool,
        sent: &Sent,
        faults: &[(String, String)],
    ) -> Self {
        page.indexed = false;
        let texts = page.texts();
        page.trail = vec![Crumb { path: SAVED.to_owned(), name: texts.text("saved-title") }];
        let ask = Ask::read(&search.query);
        let fields = fields(texts, mails, sent, faults);
        let beside = |path: &str| fields.iter().any(|field| place(path) == field.name);
        let others = faults.iter().filter(|(path, _)| !beside(path));
        page.notices.extend(others.map(|(_, text)| Notice { tone: Tone::Danger, text: text.clone() }));
        let request_id = match sent.get("request_id") {
            "" => Uuid::now_v7().to_string(),
            known => known.to_owned(),
        };
        Self {
            path: format!("{SAVED}/{}/subscribe", search.id),
            about: match ask.is_narrowed() {
                true => about(texts, names, &Ask { q: String::new(), ..ask.clone() }),
                false => texts.text("any"),
            },
            feeds: feeds(texts, &ask),
            search: ask.bare().at("/listings"),
            words: ask.q,
            fields,
            request_id,
            page,
        }
    }
}

/// The feeds of a search with words, by which no subscription goes; none where one can be made.
pub(super) fn feeds(texts: Texts, ask: &Ask) -> Vec<(String, String)> {
    match ask.q.is_empty() {
        true => Vec::new(),
        false => forms(has_events(ask))
            .map(|(ending, id)| (ask.bare().at(&format!("/listings.{ending}")), texts.text(id)))
            .collect(),
    }
}

/// The forms of what may have events in it, or has none: a calendar would be empty for ever.
fn forms(events: bool) -> impl Iterator<Item = (&'static str, &'static str)> {
    FORMS.into_iter().filter(move |(ending, _)| events || *ending != "ics")
}

/// The field of the form to which a violation belongs.
fn place(path: &str) -> &'static str {
    let places =
        [("subscription.mail.address", "address"), ("subscription.webhook", "url"), ("subscription.way", "way")];
    places.iter().find(|(known, _)| path.starts_with(known)).map_or("", |(_, field)| field)
}

fn fields(texts: Texts, mails: bool, sent: &Sent, faults: &[(String, String)]) -> Vec<Field> {
    let choice = |(value, id): (&str, &str)| Choice { value: value.to_owned(), name: texts.text(id) };
    let fault = |name: &str| {
        let told = faults.iter().filter(|(path, _)| place(path) == name).map(|(_, text)| text.as_str());
        Some(told.collect::<Vec<_>>().join(" ")).filter(|text| !text.is_empty())
    };
    let or = |name: &str, usual: &str| match sent.line(name) {
        "" => usual.to_owned(),
        given => given.to_owned(),
    };
    let paces = PACES.map(|(value, _, id)| choice((value, id)));
    let closed = |way: &str| if way == "mail" && !mails { texts.text("way-mail-closed") } else { String::new() };
    let ways = WAYS.map(|way| (choice(way), closed(way.0)));
    let way = Field::new("way", texts.text("subscription-way"), Control::Radio(ways.into()));
    let address = Field::new("address", texts.text("subscribe-address"), Control::Line("email"));
    let url = Field::new("url", texts.text("subscribe-url"), Control::Line("url"));
    let usual = if mails { "mail" } else { "page" };
    let of_mail = [
        Field {
            autocomplete: "email",
            ..address
                .holding(sent.line("address"))
                .helped(texts.text("subscribe-address-help"))
                .faulted(fault("address"))
        },
        Field::new("pace", texts.text("subscribe-pace"), Control::Choice(paces.into())).holding(&or("pace", "daily")),
    ];
    let mut fields = vec![Field { required: true, ..way.holding(&or("way", usual)).faulted(fault("way")) }];
    fields.extend(of_mail.into_iter().filter(|_| mails));
    fields.push(url.holding(sent.line("url")).helped(texts.text("subscribe-url-help")).faulted(fault("url")));
    fields
}

/// Makes it, as the service is asked by programs too.
pub(super) async fn make(
    State(web): State<Web>,
    signed: Signed,
    Path(id): Path<String>,
    reached: ReachedAt,
    sent: Sent,
) -> Answer {
    let search = kept(&web, &signed, &id).await?;
    if !Ask::read(&search.query).q.is_empty() {
        // Without its words it would deliver what nobody looked for.
        let page = Page::new(&web, &signed, Section::Saved, signed.texts.about("subscribe-title", &search.name));
        let page = SubscribePage::of(page, &Names::new(&web, &signed), &search, web.desk().sends_mail(), &sent, &[]);
        return signed.page_with(StatusCode::BAD_REQUEST, &page);
    }
    let request = Ask::read(&search.query).bare().request(signed.texts);
    let filter = request.map_err(|faults| wrong_search(&signed, &faults))?.filter.unwrap_or_default();
    let way = match sent.line("way") {
        "mail" => {
            let pace = PACES.iter().find(|(value, ..)| *value == sent.line("pace")).map(|(_, pace, _)| *pace);
            Some(Way::Mail(MailDigest {
                address: sent.line("address").to_owned(),
                pace: pace.unwrap_or(Pace::Daily).into(),
                language: mail_language(signed.language()).to_owned(),
                ..MailDigest::default()
            }))
        }
        "webhook" => Some(Way::Webhook(Webhook { url: sent.line("url").to_owned() })),
        "page" => Some(Way::Page(v1::Page {})),
        _ => None,
    };
    let subscription = Subscription {
        label: search.name.clone(),
        interest: Some(Interest::Filter(filter)),
        way,
        ..Subscription::default()
    };
    let request = CreateSubscriptionRequest {
        subscription: Some(subscription),
        start: Start::Now.into(),
        request_id: sent.get("request_id").to_owned(),
    };
    let title = signed.texts.about("subscribe-title", &search.name);
    let page = Page::new(&web, &signed, Section::Saved, title);
    match web.services().subscriptions.create_subscription(signed.ask(request)).await {
        Ok(made) => {
            let (made, site, name) = (made.into_inner(), reached.0, search.name);
            shown_once(&web, &signed, move |web, signed, here| {
                let mut page = Page::new(web, signed, Section::Saved, signed.texts.about("subscribe-title", &name));
                page.here = here.to_owned();
                signed.page(&MadePage::of(page, &site, made.clone()))
            })
        }
        Err(status) => match faults(&signed, &status) {
            Some(faults) => {
                let page = SubscribePage::of(
                    page,
                    &Names::new(&web, &signed),
                    &search,
                    web.desk().sends_mail(),
                    &sent,
                    &faults,
                );
                signed.page_with(StatusCode::BAD_REQUEST, &page)
            }
            None => Err(signed.failed(&status)),
        },
    }
}

/// As the contract has the languages of mails.
fn mail_language(language: Language) -> &'static str {
    match language {
        Language::Zh => "zh",
        Language::En => "en",
    }
}

/// What is wrong with what was typed, by path; None where it is something else.
fn faults(signed: &Signed, status: &Status) -> Option<Vec<(String, String)>> {
    match status.code() {
        Code::InvalidArgument => {
            let details = status.get_error_details();
            let violations = details.bad_request().map(|bad| bad.field_violations.clone()).unwrap_or_default();
            Some(violations.into_iter().map(|violation| (violation.field, violation.description)).collect())
        }
        // Another way may do.
        Code::FailedPrecondition | Code::ResourceExhausted => {
            Some(vec![(String::new(), signed.failed(status).0.detail().to_owned())])
        }
        _ => None,
    }
}

impl MadePage {
    /// `site` is where programs reach this server.
    pub(super) fn of(mut page: Page, site: &str, made: CreateSubscriptionResponse) -> Self {
        page.indexed = false;
        let texts = page.texts();
        page.trail = vec![Crumb { path: SAVED.to_owned(), name: texts.text("saved-title") }];
        let subscription = made.subscription.unwrap_or_default();
        let told = match &subscription.way {
            Some(Way::Mail(mail)) => texts.about("made-mail", &mail.address),
            Some(Way::Page(_)) => texts.text("made-page"),
            Some(Way::Webhook(_) | Way::Pull(_)) | None => texts.text("made-webhook"),
        };
        let feed = |(ending, id): (&str, &str)| (texts.text(id), format!("{site}{}.{ending}", made.path));
        let events = match &subscription.interest {
            Some(Interest::Filter(filter)) => {
                filter.kinds.is_empty() || filter.kinds.iter().any(|kind| kind == "event")
            }
            _ => true,
        };
        let feeds = if made.path.is_empty() { Vec::new() } else { forms(events).map(feed).collect() };
        Self { told, feeds, secret: made.secret, path: subscription::path(&subscription.name), page }
    }
}
