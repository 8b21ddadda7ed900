//! `/listings/{member}/{listing}/counterparts`: what answers a listing, and why. It looks through everything that the reader
//! may see, so it is a page of its own, for whoever asks.

use askama::Template;
use axum::extract::{Path, State};
use duikou_proto::language::Language;
use duikou_proto::v1::match_listings_request::Subject;
use duikou_proto::v1::match_service_server::MatchService;
use duikou_proto::v1::{Listing, Match, MatchListingsRequest, MatchReason};

use super::super::layout::{Crumb, Page, Section};
use super::super::pager::Empty;
use super::super::respond::{Answer, Failed};
use super::super::tables::Exports;
use super::super::visitor::Visitor;
use super::super::{Web, tables};
use super::card::{Card, Piece, foreign};
use super::listing::{ListingPath, listing_at};
use super::names::Names;
use crate::sheets::{Format, PlainCell, PlainSheet};

/// Counterparts that are shown, and those that a file of them has.
const SHOWN: i32 = 50;
const FILED: i32 = 1_000;

/// A counterpart with why it is one.
pub(crate) struct Counterpart {
    pub(crate) card: Card,
    pub(crate) score: usize,
    pub(crate) reasons: Vec<String>,
}

/// The page of what answers a listing.
#[derive(Template)]
#[template(path = "reading/counterparts.html")]
pub(crate) struct CounterpartsPage {
    pub(crate) page: Page,
    pub(crate) subject: String,
    pub(crate) subject_lang: String,
    pub(crate) found: Vec<Counterpart>,
    pub(crate) empty: Empty,
    pub(crate) exports: Exports,
}

pub(super) async fn counterparts(State(web): State<Web>, visitor: Visitor, Path(path): Path<ListingPath>) -> Answer {
    visitor.page(&read(&web, &visitor, &path, SHOWN).await?)
}

/// The same as a table.
pub(super) async fn file(
    State(web): State<Web>,
    visitor: Visitor,
    Path(path): Path<ListingPath>,
    format: Format,
) -> Answer {
    let (texts, shown) = (visitor.texts, read(&web, &visitor, &path, FILED).await?);
    let and = texts.text("list-comma");
    let text = |pieces: &[Piece]| pieces.iter().map(|piece| &*piece.text).collect::<String>();
    let row = |found: Counterpart| {
        let Counterpart { card, score, reasons } = found;
        let texts =
            [card.direction, card.kind, card.office, card.places, card.measure, card.closes, reasons.join(&and)];
        let score = PlainCell::Number(i64::try_from(score).unwrap_or(i64::MAX));
        [PlainCell::Text(text(&card.title)), score].into_iter().chain(texts.map(PlainCell::Text)).collect()
    };
    let columns = [
        "answers-title",
        "answers-score",
        "filter-direction",
        "filter-kind",
        "filter-member",
        "fact-regions",
        "answers-measure",
        "answers-closes",
        "answers-reasons",
    ];
    let sheet = PlainSheet {
        name: texts.text("answers"),
        columns: columns.map(|id| texts.text(id)).into(),
        rows: shown.found.into_iter().map(row).collect(),
        ..PlainSheet::default()
    };
    tables::file(&web, &visitor, "counterparts", format, sheet).await
}

async fn read(web: &Web, visitor: &Visitor, path: &ListingPath, size: i32) -> Result<CounterpartsPage, Failed> {
    let listing = listing_at(web, visitor, path).await?;
    let request = MatchListingsRequest {
        subject: Some(Subject::Name(listing.name.clone())),
        page_size: size,
        ..MatchListingsRequest::default()
    };
    let found = web.services().matches.match_listings(visitor.ask(request)).await;
    let found = found.map_err(|status| visitor.failed(&status))?.into_inner();
    let page = Page::new(web, visitor, Section::Listings, visitor.texts.text("answers"));
    Ok(CounterpartsPage::of(page, &Names::new(web, visitor), &listing, found.matches))
}

impl CounterpartsPage {
    pub(crate) fn of(mut page: Page, names: &Names, listing: &Listing, matches: Vec<Match>) -> Self {
        let texts = page.texts();
        let path = names.listing_path(&listing.name);
        let opportunity = listing.listing.clone().unwrap_or_default();
        page.indexed = false;
        page.answers = opportunity.contact.as_ref().map(|contact| contact.email.clone()).unwrap_or_default();
        page.trail = vec![
            Crumb { path: "/listings".to_owned(), name: texts.text("nav-listings") },
            Crumb { path: path.clone(), name: opportunity.title.clone() },
        ];
        let reason = |reason: &MatchReason| match texts.language() {
            Language::Zh => reason.zh.clone(),
            Language::En => reason.en.clone(),
        };
        let shown = |found: Match| {
            Some(Counterpart {
                card: Card::of(texts, names, found.listing.as_ref()?)?,
                score: usize::try_from(found.score).unwrap_or(0),
                reasons: found.reasons.iter().map(reason).collect(),
            })
        };
        Self {
            subject_lang: foreign(texts, &opportunity.language),
            subject: opportunity.title,
            exports: Exports::of(texts, &format!("{path}/counterparts"), ""),
            found: matches.into_iter().filter_map(shown).collect(),
            empty: Empty {
                title: texts.text("answers-none"),
                advice: texts.text("answers-none-advice"),
                link: (path, texts.text("answers-back")),
            },
            page,
        }
    }
}
