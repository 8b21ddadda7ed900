//! What machines read in a page: JSON-LD in the words of schema.org.

use duikou_proto::v1::opportunity::{Details, Direction};
use duikou_proto::v1::{Listing, Opportunity};
use serde_json::{Map, Value, json};

use super::super::format::{self, rfc3339};
use super::super::layout::json_data;

/// A list of pages with their titles; empty where there are none.
pub(super) fn list(pages: &[(String, String)]) -> String {
    if pages.is_empty() {
        return String::new();
    }
    let items: Vec<Value> = pages
        .iter()
        .enumerate()
        .map(|(at, (url, name))| json!({"@type": "ListItem", "position": at + 1, "url": url, "name": name}))
        .collect();
    json_data(&json!({"@context": "https://schema.org", "@type": "ItemList", "itemListElement": items}))
}

/// A listing at `url` by `origin`, described as `summary`.
pub(super) fn listing(listing: &Listing, opportunity: &Opportunity, url: &str, origin: &str, summary: &str) -> String {
    let organisation = json!({"@type": "GovernmentOrganization", "name": origin});
    let time = |time: &Option<prost_types::Timestamp>| time.as_ref().map(|time| rfc3339(time.seconds));
    let places: Vec<Value> = opportunity
        .regions
        .iter()
        .map(|code| json!({"@type": "Place", "name": format::region(duikou_proto::language::Language::Zh, code)}))
        .collect();
    let mut data = Map::new();
    let mut put = |key: &str, value: Value| drop(data.insert(key.to_owned(), value));
    put("@context", json!("https://schema.org"));
    put("url", json!(url));
    put("name", json!(opportunity.title));
    put("description", json!(summary));
    put("inLanguage", json!(opportunity.language));
    if let Some(Details::Event(event)) = &opportunity.details {
        put("@type", json!("Event"));
        put("startDate", json!(time(&event.start_time)));
        put("endDate", json!(time(&event.end_time)));
        put("organizer", organisation);
        put(
            "location",
            match &*event.venue {
                "" => json!({"@type": "VirtualLocation", "url": event.online_url}),
                venue => json!({"@type": "Place", "name": venue, "address": venue}),
            },
        );
    } else {
        put("@type", json!(if opportunity.direction() == Direction::Offer { "Offer" } else { "Demand" }));
        put("validFrom", json!(time(&listing.publish_time)));
        put("validThrough", json!(time(&listing.expire_time)));
        put("areaServed", json!(places));
        put("offeredBy", organisation);
    }
    json_data(&Value::Object(data))
}
