//! What people call what stands in the audit trail: the titles of listings and drafts that entries name, and the names of
//! what is called by a title.

use std::collections::{BTreeMap, BTreeSet};

use duikou_proto::name::MemberId;
use duikou_proto::v1::draft_service_server::DraftService;
use duikou_proto::v1::listing_service_server::ListingService;
use duikou_proto::v1::search_service_server::SearchService;
use duikou_proto::v1::{
    AuditEntry, Filter, GetDraftRequest, GetListingRequest, ListDraftsRequest, Listing, SearchListingsRequest,
    WithdrawalReason,
};
use futures_util::future::join_all;

use super::super::Web;
use super::super::reading::{Names, foreign};
use super::super::signed::Signed;
use super::entries::{Called, Known};
use crate::services::EndedAsk;

/// Listings and drafts that are asked at once what they are called.
const CALLED: usize = 100;
/// Things of each sort that are offered of one title.
const OFFERED: usize = 10;
/// Drafts that are looked through for it, newest first.
const DRAFTS: i32 = 1_000;

/// What listings and drafts of these names are called, as far as whoever looks may still see what they say.
pub(in crate::web) async fn titles(web: &Web, signed: &Signed, named: BTreeSet<&str>) -> BTreeMap<String, Called> {
    let names = Names::new(web, signed);
    let named: Vec<&str> = named.into_iter().collect();
    let asked = async |name: &str| {
        let (listing, path) = match name {
            _ if name.contains("/listings/") => {
                let listings = &web.services().listings;
                let found = listings.get_listing(signed.ask(GetListingRequest { name: name.to_owned() })).await;
                let listing = match found {
                    Ok(found) => found.into_inner(),
                    Err(_) => listings.ended(signed.ask(name.to_owned())).await.ok()?.listing,
                };
                (listing, names.listing_path(name))
            }
            _ if name.contains("/drafts/") => {
                let request = signed.ask(GetDraftRequest { name: name.to_owned() });
                let draft = web.services().drafts.get_draft(request).await.ok()?.into_inner();
                let id = name.rsplit('/').next().unwrap_or_default();
                (draft.listing?, format!("/drafts/{}/{id}", names.short(name)))
            }
            _ => return None,
        };
        let said = listing.listing.filter(|said| !said.title.is_empty())?;
        Some((name.to_owned(), Called { title: said.title, lang: foreign(signed.texts, &said.language), path }))
    };
    let mut called = BTreeMap::new();
    for some in named.chunks(CALLED) {
        called.extend(join_all(some.iter().map(|name| asked(name))).await.into_iter().flatten());
    }
    called
}

/// Notes what listings and drafts are called that these entries name; those of which that is known are not asked again.
pub(super) async fn note_titles(
    web: &Web,
    signed: &Signed,
    entries: &[AuditEntry],
    called: &mut BTreeMap<String, Called>,
) {
    let named = entries.iter().flat_map(|entry| [&*entry.resource, listing_in(entry)]);
    let named = named.filter(|name| !called.contains_key(*name)).collect();
    called.extend(titles(web, signed, named).await);
    // A draft that is over is called as its listing is, and a listing that never was as its draft.
    for entry in entries {
        let (draft, listing) = (&*entry.resource, listing_in(entry));
        let (known, other) = (called.get(draft).cloned(), called.get(listing).cloned());
        match (known, other) {
            _ if listing.is_empty() => {}
            (None, Some(known)) => drop(called.insert(draft.to_owned(), known)),
            (Some(known), None) => drop(called.insert(listing.to_owned(), known)),
            (None, None) | (Some(_), Some(_)) => {}
        }
    }
}

/// The listing of whose draft an entry tells; empty: of none.
fn listing_in(entry: &AuditEntry) -> &str {
    let named = entry.detail.split(' ').next().filter(|_| entry.action.starts_with("draft."));
    named.filter(|name| name.contains("/listings/")).unwrap_or_default()
}

/// What holds these words in its title, or is an account of that name: the name in the trail, and what it is called.
pub(super) async fn called_so(web: &Web, signed: &Signed, words: &str, known: &Known) -> Vec<(String, String)> {
    let holds = |title: &str| title.to_lowercase().contains(&words.to_lowercase());
    let accounts = known.accounts.iter().filter(|(_, called)| holds(called));
    let mut found: Vec<(String, String)> =
        accounts.take(OFFERED).map(|(name, called)| (name.clone(), called.clone())).collect();
    let mut add = |listings: &mut dyn Iterator<Item = (String, Listing)>| {
        let titled = listings.filter_map(|(name, listing)| Some((name, listing.listing?.title)));
        for (name, title) in titled.filter(|(_, title)| holds(title)).take(OFFERED) {
            if !found.iter().any(|(known, _)| *known == name) {
                found.push((name, title));
            }
        }
    };
    let person = signed.person();
    let members =
        person.members.iter().filter(|acting| !acting.id.is_empty() && (person.node_admin || person.acts_for(acting)));
    for member in members {
        let request = SearchListingsRequest {
            query: words.to_owned(),
            filter: Some(Filter { members: vec![member.id.clone()], ..Filter::default() }),
            page_size: 4 * i32::try_from(OFFERED).unwrap_or(0),
            ..SearchListingsRequest::default()
        };
        if let Ok(answer) = web.services().searches.search_listings(signed.ask(request)).await {
            let listings = answer.into_inner().results.into_iter().filter_map(|result| result.listing);
            add(&mut listings.map(|listing| (listing.name.clone(), listing)));
        }
        let request = ListDraftsRequest {
            parent: format!("members/{}", member.id),
            page_size: DRAFTS,
            newest_first: true,
            ..ListDraftsRequest::default()
        };
        if let Ok(answer) = web.services().drafts.list_drafts(signed.ask(request)).await {
            let drafts = answer.into_inner().drafts.into_iter();
            add(&mut drafts.filter_map(|draft| Some((draft.name, draft.listing?))));
        }
        let Ok(id) = member.id.parse::<MemberId>() else { continue };
        for reason in [WithdrawalReason::Withdrawn, WithdrawalReason::Filled, WithdrawalReason::Expired] {
            let (query, before, kinds) = (words.to_owned(), String::new(), Vec::new());
            let ask = EndedAsk { member: id.clone(), reason, query, kinds, before, limit: OFFERED };
            if let Ok((ended, _)) = web.services().listings.all_ended(signed.ask(ask)).await {
                add(&mut ended.into_iter().map(|ended| (ended.listing.name.clone(), ended.listing)));
            }
        }
    }
    found
}
