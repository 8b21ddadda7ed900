//! Atom (RFC 4287), with deleted entries (RFC 6721) and pages (RFC 5005).

use std::collections::BTreeMap;

use atom_syndication::extension::Extension;
use atom_syndication::{Category, Content as EntryContent, Entry as AtomEntry, Feed, Link, Person, Text};

use super::content::{Content, Entry, categories, clean, rfc3339, rfc3339_of};
use crate::addresses::{Origin, listing_page};

/// The namespace of deleted entries.
const TOMBSTONES: &str = "http://purl.org/atompub/tombstones/1.0";

/// Writes it; `address` is the page's own.
pub(super) fn render(content: &Content, address: &str, origin: Option<&Origin>) -> Vec<u8> {
    let link = |rel: &str, href: String| Link { rel: rel.to_owned(), href, ..Link::default() };
    let mut links = vec![link("first", address.to_owned())];
    if content.first {
        links.push(link("self", address.to_owned()));
    }
    links.extend(content.next.as_ref().map(|next| link("next", format!("{address}?after={next}"))));
    let mut feed = Feed {
        title: Text::plain(clean(&content.title)),
        id: format!("urn:uuid:{}", content.id),
        updated: time(&rfc3339(content.updated)),
        links,
        entries: content.entries.iter().map(|entry| written(content, entry, origin)).collect(),
        ..Feed::default()
    };
    let deleted: Vec<Extension> = content
        .left
        .iter()
        .map(|left| Extension {
            name: "at:deleted-entry".to_owned(),
            attrs: BTreeMap::from([
                ("ref".to_owned(), content.entry_id(&left.name)),
                ("when".to_owned(), rfc3339(left.time)),
            ]),
            ..Extension::default()
        })
        .collect();
    if !deleted.is_empty() {
        feed.namespaces.insert("at".to_owned(), TOMBSTONES.to_owned());
        feed.extensions.insert("at".to_owned(), BTreeMap::from([("deleted-entry".to_owned(), deleted)]));
    }
    feed.to_string().into_bytes()
}

fn written(content: &Content, entry: &Entry, origin: Option<&Origin>) -> AtomEntry {
    let (listing, opportunity) = (&entry.listing, &entry.opportunity);
    let text = |value: &str| Text { lang: Some(opportunity.language.clone()), ..Text::plain(clean(value)) };
    let category = |term: String| Category { term: clean(&term), ..Category::default() };
    let link = origin.map(|origin| Link {
        href: format!("{origin}{}", listing_page(&listing.name)),
        rel: "alternate".to_owned(),
        mime_type: Some("text/html".to_owned()),
        ..Link::default()
    });
    AtomEntry {
        title: text(&opportunity.title),
        id: content.entry_id(&listing.name),
        updated: time(&rfc3339(entry.had.time)),
        published: rfc3339_of(listing.publish_time.as_ref()).map(|published| time(&published)),
        authors: vec![Person { name: clean(&entry.author), ..Person::default() }],
        categories: categories(opportunity).into_iter().map(category).collect(),
        links: link.into_iter().collect(),
        summary: (!opportunity.summary.is_empty()).then(|| text(&opportunity.summary)),
        content: Some(EntryContent {
            value: Some(clean(&entry.text())),
            content_type: Some("text".to_owned()),
            lang: Some(opportunity.language.clone()),
            ..EntryContent::default()
        }),
        ..AtomEntry::default()
    }
}

/// What was written by [`rfc3339`] reads.
fn time(text: &str) -> atom_syndication::FixedDateTime {
    text.parse().unwrap_or_default()
}
