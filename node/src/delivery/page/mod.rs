//! Pages at secret addresses: what a subscription shows now, and what it has lost lately, as Atom, JSON Feed or iCalendar.
//!
//! Nothing runs for them between two requests: a request first takes in what the feed has since the last one, and then
//! shows what there is, through the eyes of the moment.

mod advance;
mod atom;
mod calendar;
mod content;
mod jsonfeed;
mod place;
mod searched;

use duikou_proto::envelope::Micros;
use duikou_proto::v1::subscription::PauseReason;

use super::desk::Desk;
use super::subscription::{Phase, Way, page_hash};
use crate::addresses::Origin;
use crate::engine::facts;

pub(crate) use advance::Busy;
use content::Content;
pub(in crate::delivery) use content::author;
#[cfg(feature = "arbitrary")]
pub(crate) use place::Place;
pub(crate) use searched::Searched;

/// What HTTP counts time in.
const SECOND: Micros = 1_000_000;

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Atom,
    JsonFeed,
    Calendar,
}

impl Form {
    /// By the ending of the address.
    pub(crate) fn of_ending(ending: &str) -> Option<Self> {
        match ending {
            "atom" => Some(Self::Atom),
            "json" => Some(Self::JsonFeed),
            "ics" => Some(Self::Calendar),
            _ => None,
        }
    }

    fn ending(self) -> &'static str {
        match self {
            Self::Atom => "atom",
            Self::JsonFeed => "json",
            Self::Calendar => "ics",
        }
    }

    /// Its media type.
    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Atom => "application/atom+xml; charset=utf-8",
            Self::JsonFeed => "application/feed+json; charset=utf-8",
            Self::Calendar => "text/calendar; charset=utf-8",
        }
    }
}

/// What is asked for.
pub(crate) struct PageRequest<'a> {
    /// The secret in the address.
    pub(crate) secret: &'a str,
    pub(crate) form: Form,
    /// The last entry of the page before; empty for the first page.
    pub(crate) after: &'a str,
    /// Where people reach this server, as far as anybody knows.
    pub(crate) origin: Option<&'a Origin>,
}

/// A page, written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rendered {
    pub(crate) body: Vec<u8>,
    /// When anything last came to it or left it here, which may be long after it was written. None: within this second, so
    /// that the same second may see another page.
    pub(crate) updated: Option<Micros>,
}

impl Desk {
    /// The page at a secret address; None where there is none, or its subscription delivers nothing.
    ///
    /// # Errors
    /// Where it has not been made ready yet, or the store fails.
    pub(crate) async fn page(&self, request: &PageRequest<'_>) -> Result<Option<Rendered>, Busy> {
        let key = facts::page_address(&page_hash(request.secret));
        let Some(id) = self.engine.fact::<String>(&key).await? else { return Ok(None) };
        let Some((fact, state)) = super::settle::load(&self.engine, &id).await? else { return Ok(None) };
        let is_page = matches!(fact.way, Way::Page { .. });
        // Where what it follows has ended it goes on telling that all of it is gone.
        let shows = [Phase::Active, Phase::paused(PauseReason::SubjectEnded)].contains(&state.phase);
        if !is_page || !shows || !self.account_is_good(&fact).await? {
            return Ok(None);
        }
        let state = match state.phase {
            Phase::Active => {
                self.advance(&id).await?;
                super::settle::load(&self.engine, &id).await?.map_or(state, |(_, state)| state)
            }
            _ => state,
        };
        let calendar = request.form == Form::Calendar;
        let content = Content::read(&self.engine, &fact, request.after, calendar).await?;
        let path = format!("/feeds/{}.{}", request.secret, request.form.ending());
        let address = format!("{}{path}", request.origin.map(Origin::as_str).unwrap_or_default());
        let body = match request.form {
            Form::Atom => atom::render(&content, &address, request.origin),
            Form::JsonFeed => jsonfeed::render(&content, &address, request.origin),
            Form::Calendar => calendar::render(&content, request.origin),
        };
        let (updated, now) = (content.updated.max(state.success_time.unwrap_or_default()), self.engine.now());
        let over = updated.div_euclid(SECOND) < now.div_euclid(SECOND);
        Ok(Some(Rendered { body, updated: over.then_some(updated) }))
    }
}
