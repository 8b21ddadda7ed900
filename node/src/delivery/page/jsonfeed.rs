//! JSON Feed 1.1, with what is gone in an extension of its own.

use serde_json::{Map, Value, json};

use super::content::{Content, Entry, categories, clean, rfc3339, rfc3339_of};
use crate::addresses::{Origin, listing_page};

/// Writes it; `address` is the page's own.
pub(super) fn render(content: &Content, address: &str, origin: Option<&Origin>) -> Vec<u8> {
    let mut feed = Map::new();
    let mut put = |key: &str, value: Value| drop(feed.insert(key.to_owned(), value));
    put("version", json!("https://jsonfeed.org/version/1.1"));
    put("title", json!(clean(&content.title)));
    // It is for readers who hold the text alone, to whom a path says nothing.
    if origin.is_some() {
        put("feed_url", json!(address));
    }
    if let Some(next) = &content.next {
        put("next_url", json!(format!("{address}?after={next}")));
    }
    put("items", content.entries.iter().map(|entry| item(content, entry, origin)).collect());
    let deleted = content
        .left
        .iter()
        .map(|left| json!({ "id": content.entry_id(&left.name), "date_deleted": rfc3339(left.time) }));
    put("_duikou", json!({ "about": ABOUT, "deleted": deleted.collect::<Vec<_>>() }));
    Value::Object(feed).to_string().into_bytes()
}

/// What the extension is.
const ABOUT: &str = "deleted: entries that are gone, with the time at which the feed lost them";

fn item(content: &Content, entry: &Entry, origin: Option<&Origin>) -> Value {
    let (listing, opportunity) = (&entry.listing, &entry.opportunity);
    let mut item = json!({
        "id": content.entry_id(&listing.name),
        "title": clean(&opportunity.title),
        "content_text": clean(&entry.text()),
        "date_modified": rfc3339(entry.had.time),
        "language": opportunity.language,
        "authors": [{ "name": clean(&entry.author) }],
        "tags": categories(opportunity),
    });
    if let Some(origin) = origin {
        item["url"] = json!(format!("{origin}{}", listing_page(&listing.name)));
    }
    if let Some(published) = rfc3339_of(listing.publish_time.as_ref()) {
        item["date_published"] = json!(published);
    }
    if !opportunity.summary.is_empty() {
        item["summary"] = json!(clean(&opportunity.summary));
    }
    item
}
