//! A listing that is not published yet, as its readers will see it.

use askama::Template;
use duikou_proto::v1::Listing;
use duikou_proto::validate::kind_of;
use prost_types::Timestamp;

use super::super::catalogue::Texts;
use super::super::reading::{Fact, contact, of_all, of_kind};
use super::super::{format, words};
use crate::markdown;

/// See the module. `{{ shown|safe }}` writes it.
#[derive(Template)]
#[template(path = "drafts/shown.html")]
pub(super) struct Shown {
    direction: String,
    direction_word: &'static str,
    kind: String,
    title: String,
    summary: String,
    /// HTML, cleaned.
    body: String,
    facts: Vec<Fact>,
    contact: Vec<Fact>,
    tags: Vec<String>,
    links: Vec<(String, String)>,
    files: Vec<String>,
    /// Until when; empty: as the server chooses when it is sent.
    closes: String,
    labels: [String; 4],
}

impl Shown {
    pub(super) fn of(texts: Texts, listing: &Listing) -> Self {
        let body = listing.listing.clone().unwrap_or_default();
        let kind = kind_of(&body).unwrap_or_default();
        let mut facts = of_kind(texts, &body);
        facts.extend(of_all(texts, &body));
        let closes = listing.expire_time.as_ref();
        Self {
            direction: words::direction(texts, body.direction()),
            direction_word: words::direction_word(body.direction()),
            kind: words::kind(texts, kind),
            contact: contact(texts, &body),
            facts,
            body: markdown::html(&body.body),
            links: body.links.iter().map(|link| (link.title.clone(), link.url.clone())).collect(),
            files: body.attachments.iter().map(|file| file.name.clone()).collect(),
            title: body.title,
            summary: body.summary,
            tags: body.tags,
            closes: closes.map_or_else(String::new, |time| {
                format::until_moment(texts.language(), &format::in_china(time.seconds))
            }),
            labels: ["contact", "tags", "links", "closes"].map(|id| texts.text(id)),
        }
    }

    /// The same with when it ends, where its author has left that open.
    #[must_use]
    pub(super) fn ending(self, texts: Texts, ends: Option<Timestamp>) -> Self {
        let Some(ends) = ends else { return self };
        let time = format::until_moment(texts.language(), &format::in_china(ends.seconds));
        Self { closes: texts.about("closes-default", &time), ..self }
    }
}
