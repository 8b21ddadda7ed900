//! What to look at again before a listing is sent: listings that say the same, nobody to ask, and personal data. Reasons to think, never
//! to refuse.

use duikou_proto::v1::search_service_server::SearchService;
use duikou_proto::v1::{Filter, FindDuplicatesRequest, Listing, SearchListingsRequest};
use duikou_proto::validate::kind_of;

use super::super::catalogue::Texts;
use super::super::reading::Names;
use super::desk::Desk;
use crate::limits;
use crate::typed::personal::{Found, What, find};
use crate::typed::text::folded;

/// Listings with the words of a title among which the same title is looked for.
const LOOKED: i32 = 50;

/// One of them.
pub(super) struct Warning {
    pub(super) text: String,
    /// Where it can be looked at, and what is there.
    pub(super) links: Vec<(String, String)>,
}

/// What to say of a listing.
pub(super) async fn warnings(desk: &Desk<'_>, listing: &Listing) -> Vec<Warning> {
    let texts = desk.signed.texts;
    let same = FindDuplicatesRequest { listing: listing.listing.clone(), name: listing.name.clone() };
    // An index that is being made keeps nobody from publishing.
    let same = desk.web.services().searches.find_duplicates(desk.signed.ask(same)).await;
    let same = same.map(|found| found.into_inner().duplicates).unwrap_or_default();
    let mut same: Vec<(String, String)> = same.into_iter().map(|same| (same.name, same.title)).collect();
    for named in same_title(desk, listing).await {
        if !same.iter().any(|(name, _)| *name == named.0) {
            same.push(named);
        }
    }
    let mut found = alike(texts, &desk.names, &same);
    found.extend(unreachable(texts, listing));
    found.extend(personal(texts, listing));
    found
}

/// That nobody is named who could be asked.
pub(super) fn unreachable(texts: Texts, listing: &Listing) -> Option<Warning> {
    let contact = listing.listing.as_ref().and_then(|body| body.contact.as_ref());
    let ways = contact.map(|contact| [&contact.person, &contact.phone, &contact.email]);
    let reached = ways.is_some_and(|ways| ways.iter().any(|way| !way.trim().is_empty()));
    (!reached).then(|| Warning { text: texts.text("warning-contact"), links: Vec::new() })
}

/// Listings of the same kind and direction under the very same title: of texts that are short their words say too little.
async fn same_title(desk: &Desk<'_>, listing: &Listing) -> Vec<(String, String)> {
    let Some(body) = &listing.listing else { return Vec::new() };
    let title = folded(&body.title);
    if title.is_empty() {
        return Vec::new();
    }
    let words: String = body.title.chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    let filter = Filter {
        kinds: kind_of(body).map(str::to_owned).into_iter().collect(),
        directions: vec![body.direction],
        ..Filter::default()
    };
    let request = SearchListingsRequest {
        query: words.split_whitespace().collect::<Vec<_>>().join(" "),
        filter: Some(filter),
        page_size: LOOKED,
        ..SearchListingsRequest::default()
    };
    let found = desk.web.services().searches.search_listings(desk.signed.ask(request)).await;
    let found = found.map(|found| found.into_inner().results).unwrap_or_default();
    let same = found.into_iter().filter_map(|result| {
        let held = result.listing?;
        let held_title = held.listing?.title;
        (held.name != listing.name && folded(&held_title) == title).then_some((held.name, held_title))
    });
    same.take(limits::DUPLICATES).collect()
}

/// Listings that say the same: their names and titles.
pub(super) fn alike(texts: Texts, names: &Names, same: &[(String, String)]) -> Vec<Warning> {
    if same.is_empty() {
        return Vec::new();
    }
    let links = same.iter().map(|(name, title)| (names.listing_path(name), title.clone())).collect();
    vec![Warning { text: texts.count("warning-alike", same.len()), links }]
}

/// Personal data in its texts.
pub(super) fn personal(texts: Texts, listing: &Listing) -> Vec<Warning> {
    let Some(body) = &listing.listing else { return Vec::new() };
    let contact = body.contact.as_ref();
    let contact = contact.map(|contact| format!("{} {}", contact.phone, contact.email)).unwrap_or_default();
    let told = |(id, text): (&'static str, &str)| {
        let found = find(text);
        (!found.is_empty()).then(|| Warning { text: texts.about(id, &pieces(texts, &found)), links: Vec::new() })
    };
    let all = format!("{}\n{}\n{}", body.title, body.summary, body.body);
    [("warning-personal", &*all), ("warning-personal-contact", &*contact)].into_iter().filter_map(told).collect()
}

fn pieces(texts: Texts, found: &[Found]) -> String {
    let piece = |found: &Found| {
        let id = match found.what {
            What::Mobile => "personal-mobile",
            What::IdentityCard => "personal-card",
            What::Mailbox => "personal-mailbox",
        };
        texts.about(id, &found.shown)
    };
    found.iter().map(piece).collect::<Vec<_>>().join(&texts.text("list-comma"))
}

#[cfg(test)]
mod tests {
    use duikou_proto::language::Language;
    use duikou_proto::v1::{Contact, Opportunity};

    use super::*;

    #[test]
    fn whoever_names_nobody_to_ask_is_told_so() {
        let warned = |contact: Option<Contact>| {
            let body = Opportunity { contact, ..Opportunity::default() };
            unreachable(Texts::of(Language::Zh), &Listing { listing: Some(body), ..Listing::default() }).is_some()
        };
        let office =
            || Contact { office: "招商局".to_owned(), address: "某路1号".to_owned(), ..Contact::default() };
        assert!(warned(None) && warned(Some(office())));
        for way in [
            Contact { person: "李明".to_owned(), ..office() },
            Contact { phone: "0755-88001234".to_owned(), ..office() },
            Contact { email: "a@b.example".to_owned(), ..office() },
        ] {
            assert!(!warned(Some(way)));
        }
    }
}
