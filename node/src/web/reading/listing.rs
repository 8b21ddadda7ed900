//! `/listings/{member}/{listing}`: one listing with everything that is known about it.

use askama::Template;
use axum::extract::{Path, State};
use duikou_proto::name::MemberId;
use duikou_proto::v1::holder::State as Holding;
use duikou_proto::v1::listing_service_server::ListingService;
use duikou_proto::v1::search_service_server::SearchService;
use duikou_proto::v1::{FindDuplicatesRequest, GetListingRequest, Holder, ListHoldersRequest, Listing};
use duikou_proto::validate::kind_of;
use serde::Deserialize;

use super::super::Web;
use super::super::catalogue::Texts;
use super::super::drafts::{Ending, ended, endings};
use super::super::layout::{Crumb, Page, Section};
use super::super::people::trail_of;
use super::super::respond::{Answer, Failed};
use super::super::visitor::Visitor;
use super::super::{format, words};
use super::card::{Alike, foreign};
use super::details::{self, Fact, audience_of};
use super::held;
use super::history::{Done, history};
use super::linked;
use super::members::answers_for;
use super::names::Names;
use crate::accounts::Role;
use crate::engine::Reader;
use crate::markdown;

/// Holders that are shown: as many as one answer has.
const HOLDERS: i32 = 1_000;
/// Characters of the description for search engines.
const DESCRIPTION: usize = 150;
/// Hexadecimal digits of a fingerprint that are compared by eye.
const FINGERPRINT: usize = 16;

/// A link that the origin gives.
pub(crate) struct Outward {
    pub(crate) url: String,
    pub(crate) title: String,
    /// Size, type and hash of a file; empty: it is a page.
    pub(crate) about: String,
}

/// Somebody for whom a listing is, or was.
pub(crate) struct HolderLine {
    pub(crate) name: String,
    pub(crate) path: String,
    /// What it has said, and since when, or when it said something last.
    pub(crate) state: String,
}

/// What is said first of those who are to have a listing.
const ORDER: [Holding; 5] =
    [Holding::Refused, Holding::Unconfirmed, Holding::GoneUnconfirmed, Holding::Held, Holding::Gone];
/// Those that are shown without anybody asking for them one by one.
const FEW: usize = 5;

/// In the address of a page that prints who holds the listing.
const PRINT: &str = "print=holders";

/// Who signed a listing, and what is known of that.
pub(crate) struct Seal {
    pub(crate) office: String,
    pub(crate) office_path: String,
    pub(crate) fingerprint: String,
    /// As of when everything of the origin is here; empty: nobody can say.
    pub(crate) complete: String,
    /// What keeps it from being complete; empty: nothing.
    pub(crate) doubt: String,
    /// Whether it was written on this server.
    pub(crate) own: bool,
}

/// The page of a listing.
#[derive(Template)]
#[template(path = "reading/listing.html")]
pub(crate) struct ListingPage {
    pub(crate) page: Page,
    pub(crate) lang: String,
    pub(crate) direction: String,
    pub(crate) direction_word: &'static str,
    pub(crate) kind: String,
    pub(crate) kind_path: String,
    pub(crate) summary: String,
    /// HTML, cleaned.
    pub(crate) body: String,
    pub(crate) kind_facts: Vec<Fact>,
    pub(crate) facts: Vec<Fact>,
    pub(crate) contact: Vec<Fact>,
    pub(crate) email: String,
    pub(crate) online_url: String,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) links: Vec<Outward>,
    pub(crate) attachments: Vec<Outward>,
    pub(crate) published: String,
    pub(crate) published_machine: String,
    pub(crate) updated: String,
    pub(crate) updated_machine: String,
    pub(crate) closes: String,
    pub(crate) closes_machine: String,
    pub(crate) audience: String,
    pub(crate) seal: Seal,
    pub(crate) name: String,
    pub(crate) revision: i64,
    pub(crate) answers_path: String,
    pub(crate) alike: Vec<Alike>,
    pub(crate) holders: Vec<HolderLine>,
    /// How many have said what.
    pub(crate) holder_counts: Vec<String>,
    /// Whether they are printed too, which whoever prints asks for; and where it is the other way.
    pub(crate) holders_printed: bool,
    pub(crate) other_print: String,
    /// What whoever looks can do to it.
    pub(crate) endings: Option<Ending>,
    /// What was done to it here, for those who may write it.
    pub(crate) history: Vec<Done>,
    /// Where all that was done stands, for those who administer it; empty: for nobody else.
    pub(crate) trail: String,
}

pub(super) async fn listing(State(web): State<Web>, visitor: Visitor, Path(path): Path<ListingPath>) -> Answer {
    let services = web.services();
    let listing = match listing_at(&web, &visitor, &path).await {
        Ok(listing) => listing,
        // What they have taken back its own people can still look at.
        Err(failed) => return ended(&web, &visitor, &path.name()).await.unwrap_or(Err(failed)),
    };
    let same = FindDuplicatesRequest { listing: listing.listing.clone(), name: listing.name.clone() };
    let (alike, holders, history) = tokio::join!(
        services.searches.find_duplicates(visitor.ask(same)),
        holders(&web, &visitor, &listing.name),
        history(&web, &visitor, &listing.name),
    );
    let names = Names::new(&web, &visitor);
    let own =
        visitor.signed_in().filter(|person| person.role >= Role::Editor).and_then(|person| person.member.as_ref());
    let own = own.is_some_and(|member| listing.name.starts_with(&format!("members/{member}/")));
    let ended = match own {
        true => {
            let changes = services.office.changes(visitor.ask(vec![listing.clone()])).await;
            let changes = changes.map_err(|status| visitor.failed(&status))?;
            Some(endings(visitor.texts, &names, &listing, changes.get(&listing.name)))
        }
        false => None,
    };
    let seal = seal(&web, &visitor, &names, &listing.name);
    let title = listing.listing.as_ref().map(|listing| listing.title.clone()).unwrap_or_default();
    let mut page = Page::new(&web, &visitor, Section::Listings, title);
    if !page.says_where_errors_go() {
        page.answers = answers_for(&web, &visitor, &listing).await;
    }
    let trail = trail_of(&visitor, &listing.name);
    let mut shown = ListingPage::of(page, &names, listing, seal);
    // An index that is being made keeps nobody from reading.
    let alike = alike.map(|found| found.into_inner().duplicates).unwrap_or_default();
    shown.alike = alike.iter().map(|same| Alike::of(visitor.texts, &names, same)).collect();
    shown.endings = ended;
    shown.held_by(&names, holders);
    (shown.history, shown.trail) = (history, trail);
    visitor.page(&shown)
}

/// A listing, as the address of its page names it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ListingPath {
    member: String,
    id: String,
}

impl ListingPath {
    /// Its member, as the address calls it.
    pub(crate) fn member(&self) -> &str {
        &self.member
    }

    /// Its name.
    pub(crate) fn name(&self) -> String {
        format!("members/{}/listings/{}", self.member, self.id)
    }
}

/// The listing at an address, for whoever looks.
pub(super) async fn listing_at(web: &Web, visitor: &Visitor, path: &ListingPath) -> Result<Listing, Failed> {
    let name = path.name();
    let listing = web.services().listings.get_listing(visitor.ask(GetListingRequest { name: name.clone() })).await;
    listing.map(tonic::Response::into_inner).map_err(|status| absent(visitor, &name, &status))
}

/// Why there is no page: a name that cannot be is as absent as one that is not there.
pub(super) fn absent(visitor: &Visitor, name: &str, status: &tonic::Status) -> Failed {
    match status.code() {
        tonic::Code::InvalidArgument => visitor.failed(&crate::services::absent(name, visitor.language())),
        _ => visitor.failed(status),
    }
}

/// Who holds it, for its origin.
async fn holders(web: &Web, visitor: &Visitor, name: &str) -> Vec<Holder> {
    let origin = match visitor.reader() {
        Reader::Member(member) => name.starts_with(&format!("members/{member}/")),
        Reader::Operator => true,
        Reader::Anonymous | Reader::Registered | Reader::Narrowed(..) => false,
    };
    if !origin {
        return Vec::new();
    }
    let request = ListHoldersRequest { parent: name.to_owned(), page_size: HOLDERS, ..ListHoldersRequest::default() };
    let found = web.services().listings.list_holders(visitor.ask(request)).await;
    found.map(|found| found.into_inner().holders).unwrap_or_default()
}

fn seal(web: &Web, visitor: &Visitor, names: &Names, name: &str) -> Seal {
    let engine = web.engine();
    let texts = visitor.texts;
    let short = names.short(name);
    let id = MemberId::parse(short, &engine.identity().network).ok();
    let directory = engine.directory();
    let member = id.as_ref().and_then(|id| directory.member(id));
    let key = member.and_then(|member| member.keys.newest()).map(|key| key.key.fingerprint()).unwrap_or_default();
    let held = crate::services::held_of(engine, &visitor.reader());
    let held = held.iter().filter(|held| id.as_ref().is_some_and(|id| held.origin == id.as_str()));
    let (state, complete) = held::together(held.map(|held| (held.state, held.complete)));
    Seal {
        office: names.member(short),
        office_path: names.member_path(name),
        fingerprint: fingerprint(&key),
        complete: complete.map_or_else(String::new, |time| {
            format::moment(texts.language(), &format::in_china(time.div_euclid(1_000_000)))
        }),
        doubt: if held::is_doubtful(state) { words::completeness(texts, state) } else { String::new() },
        own: member.is_some_and(|member| member.node == engine.identity().node),
    }
}

/// The beginning of a key's fingerprint in groups of four.
pub(crate) fn fingerprint(hexadecimal: &str) -> String {
    let digits: Vec<char> = hexadecimal.chars().take(FINGERPRINT).collect();
    digits.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

impl ListingPage {
    pub(crate) fn of(mut page: Page, names: &Names, listing: Listing, seal: Seal) -> Self {
        let texts = page.texts();
        let opportunity = listing.listing.clone().unwrap_or_default();
        let kind = kind_of(&opportunity).unwrap_or_default();
        let summary = match &*opportunity.summary {
            "" => markdown::beginning(&opportunity.body, DESCRIPTION),
            summary => summary.to_owned(),
        };
        let seconds = |time: &Option<prost_types::Timestamp>| time.as_ref().map_or(0, |time| time.seconds);
        let [published, updated, closes] =
            [&listing.publish_time, &listing.update_time, &listing.expire_time].map(seconds);
        let date = |seconds| format::date(texts.language(), &format::in_china(seconds));
        page.canonical = names.listing_path(&listing.name);
        page.description = summary.clone();
        page.metas = vec![
            ("ArticleTitle", opportunity.title.clone()),
            ("PubDate", format::in_china(published).strftime("%Y-%m-%d %H:%M").to_string()),
            ("ContentSource", seal.office.clone()),
            ("Keywords", opportunity.tags.join(",")),
        ];
        page.metas.retain(|(_, content)| !content.is_empty());
        page.trail = vec![
            Crumb { path: "/listings".to_owned(), name: texts.text("nav-listings") },
            Crumb { path: format!("/listings?kind={kind}"), name: words::kind(texts, kind) },
        ];
        let url = page.absolute(&page.canonical);
        page.data = linked::listing(&listing, &opportunity, &url, &seal.office, &summary);
        let tag = |tag: &String| {
            let query: String = form_urlencoded::byte_serialize(tag.as_bytes()).collect();
            (format!("/listings?tag={query}"), tag.clone())
        };
        let query = page.here.split_once('?').map_or("", |(_, query)| query);
        let holders_printed = query.split('&').any(|pair| pair == PRINT);
        let other_print = match holders_printed {
            true => page.canonical.clone(),
            false => format!("{}?{PRINT}", page.canonical),
        };
        let online_url = match &opportunity.details {
            Some(duikou_proto::v1::opportunity::Details::Event(event)) => event.online_url.clone(),
            _ => String::new(),
        };
        Self {
            lang: foreign(texts, &opportunity.language),
            direction: words::direction(texts, opportunity.direction()),
            direction_word: words::direction_word(opportunity.direction()),
            kind: words::kind(texts, kind),
            kind_path: format!("/listings?kind={kind}"),
            summary: opportunity.summary.clone(),
            body: markdown::html(&opportunity.body),
            kind_facts: details::of_kind(texts, &opportunity),
            facts: details::of_all(texts, &opportunity),
            contact: details::contact(texts, &opportunity),
            email: opportunity.contact.as_ref().map(|contact| contact.email.clone()).unwrap_or_default(),
            online_url,
            tags: opportunity.tags.iter().map(tag).collect(),
            links: opportunity.links.iter().map(link).collect(),
            attachments: opportunity.attachments.iter().map(|file| attachment(texts, file)).collect(),
            published: date(published),
            published_machine: format::rfc3339(published),
            updated: format::moment(texts.language(), &format::in_china(updated)),
            updated_machine: format::rfc3339(updated),
            closes: format::until(texts.language(), closes),
            closes_machine: format::rfc3339(closes),
            audience: audience_of(texts, names, details::told(&listing.scopes, page.signed_in().is_some())),
            seal,
            name: listing.name.clone(),
            revision: listing.revision,
            answers_path: format!("{}/counterparts", page.canonical),
            alike: Vec::new(),
            holders: Vec::new(),
            holder_counts: Vec::new(),
            holders_printed,
            other_print,
            endings: None,
            history: Vec::new(),
            trail: String::new(),
            page,
        }
    }

    /// With those who hold it, those first who do not.
    pub(crate) fn held_by(&mut self, names: &Names, mut holders: Vec<Holder>) {
        let texts = self.page.texts();
        holders.sort_by_key(|holder| ORDER.iter().position(|state| *state == holder.state()));
        let count = |some: &[Holder]| {
            let state = some.first().map_or_else(String::new, |holder| words::holder_state(texts, holder.state()));
            texts.fill("holders-count", &[("what", &state), ("count", &some.len().to_string())])
        };
        self.holder_counts = holders.chunk_by(|one, other| one.state() == other.state()).map(count).collect();
        self.holders = holders.iter().map(|holder| self.holder(names, holder)).collect();
    }

    fn holders_open(&self) -> bool {
        self.holders_printed || self.holders.len() <= FEW
    }

    fn holder(&self, names: &Names, holder: &Holder) -> HolderLine {
        let texts = self.page.texts();
        // What somebody said last is of another time than what is not confirmed yet.
        let (time, id) = match holder.state() {
            Holding::Held | Holding::Gone => (holder.since_time, "holder-since"),
            Holding::Unconfirmed | Holding::GoneUnconfirmed | Holding::Refused => (holder.confirm_time, "holder-last"),
            Holding::Unspecified => (None, ""),
        };
        let state = words::holder_state(texts, holder.state());
        let with = |time: prost_types::Timestamp| {
            let time = format::moment(texts.language(), &format::in_china(time.seconds));
            texts.fill(id, &[("what", &state), ("time", &time)])
        };
        HolderLine {
            name: names.member(names.short(&holder.member)),
            path: names.member_path(&holder.member),
            state: time.map_or_else(|| state.clone(), with),
        }
    }
}

fn link(link: &duikou_proto::v1::Link) -> Outward {
    Outward { url: link.url.clone(), title: link.title.clone(), about: String::new() }
}

fn attachment(texts: Texts, file: &duikou_proto::v1::Attachment) -> Outward {
    let hash = duikou_proto::hex::hex(&file.blake3);
    let about = texts.fill(
        "attachment-about",
        &[("size", &format::bytes(file.size_bytes)), ("kind", &file.media_type), ("hash", &fingerprint(&hash))],
    );
    Outward { url: file.url.clone(), title: file.name.clone(), about }
}

/// A seal with every doubt.
#[cfg(any(test, feature = "samples"))]
pub(crate) fn sample_seal() -> Seal {
    Seal {
        office: "office".to_owned(),
        office_path: "/members/shenzhen".to_owned(),
        fingerprint: fingerprint("0123456789abcdef"),
        complete: "10:42".to_owned(),
        doubt: "!".to_owned(),
        own: false,
    }
}
