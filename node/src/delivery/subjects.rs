//! The listings whose counterparts a subscription follows, read through its subscriber's eyes as they are now.

use std::cmp::Reverse;

use duikou_proto::envelope::Part;
use duikou_proto::language::Language;
use duikou_proto::name::RecordName;
use duikou_proto::v1::counterpart_interest::Subject as Given;
use duikou_proto::v1::{CounterpartInterest, Filter, Matched, Opportunity};
use prost::Message;

use super::subscription::SubscriptionFact;
use crate::engine::{Engine, Reader};
use crate::feed::readable;
use crate::limits;
use crate::matching::{Candidate, MIN_SCORE, Subject};
use crate::store::StoreError;

/// See the module.
pub(crate) struct Subjects {
    of: Vec<(String, Subject)>,
    min_score: u32,
    /// Full id of the member whose own listings are no counterparts.
    not_of: Option<String>,
    /// Changes with whatever decides what their counterparts are.
    tie: blake3::Hasher,
    ended: bool,
}

/// To be renewed where listings come to be scored otherwise: what was told by other weights is looked at again then.
const TIE: &str = "duikou counterparts of subjects, form 1";

impl Subjects {
    /// Reads them.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub(super) async fn read(
        engine: &Engine,
        fact: &SubscriptionFact,
        interest: &CounterpartInterest,
    ) -> Result<Self, StoreError> {
        let min_score = u32::try_from(interest.min_score).ok().filter(|score| *score > 0).unwrap_or(MIN_SCORE);
        let own = fact.member().map(|member| member.to_string());
        let mut tie = blake3::Hasher::new_derive_key(TIE);
        tie.update(&min_score.to_le_bytes());
        let mut this = Self { of: Vec::new(), min_score, not_of: own, tie, ended: false };
        match &interest.subject {
            Some(Given::Listing(opportunity)) => this.add("", &opportunity.encode_to_vec(), opportunity.clone()),
            Some(Given::Name(name)) => {
                let name = RecordName::parse(name, &engine.identity().network).ok();
                let held = match &name {
                    Some(name) => engine.get(name, &fact.reader()).await?,
                    None => None,
                };
                this.not_of = name.map(|name| name.origin_str().to_owned());
                held.into_iter().for_each(|(part, _)| this.part(&part));
                this.ended = this.of.is_empty();
            }
            None => this.all(engine, &fact.reader()).await?,
        }
        Ok(this)
    }

    /// All that the member has published and that is still there.
    async fn all(&mut self, engine: &Engine, reader: &Reader) -> Result<(), StoreError> {
        let Some(prefix) = self.not_of.as_ref().map(|member| format!("members/{member}/listings/")) else {
            return Ok(());
        };
        let mut after = String::new();
        loop {
            let (parts, next) = engine.list(&prefix, &after, limits::SUBJECTS, reader).await?;
            for part in &parts {
                if self.of.len() < limits::SUBJECTS {
                    self.part(part);
                }
            }
            match next {
                Some(last) if self.of.len() < limits::SUBJECTS => after = last.to_string(),
                _ => return Ok(()),
            }
        }
    }

    fn part(&mut self, part: &Part) {
        if let Some(opportunity) = readable(part) {
            self.add(part.name().as_str(), &part.body(), opportunity);
        }
    }

    fn add(&mut self, name: &str, body: &[u8], opportunity: Opportunity) {
        let Some(subject) = Subject::new(opportunity) else { return };
        for part in [name.as_bytes(), body] {
            self.tie.update(&(part.len() as u64).to_le_bytes()).update(part);
        }
        self.of.push((name.to_owned(), subject));
    }

    /// What their counterparts are depends on nothing else.
    pub(super) fn tie(&self) -> [u8; 32] {
        *self.tie.finalize().as_bytes()
    }

    /// Whether the one whose counterparts are followed is no longer there for the subscriber.
    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// Whether nothing can answer any of them, since there are none.
    pub(super) fn none(&self) -> bool {
        self.of.is_empty()
    }

    /// `asked`, made narrower where it asks for any: whatever answers one of them is of these kinds and directions.
    pub(super) fn narrow(&self, asked: &Filter) -> Filter {
        let mut narrowed = asked.clone();
        let each = self.of.iter().map(|(_, subject)| subject.filter());
        let (mut kinds, mut directions) = (Vec::new(), Vec::new());
        for filter in each {
            kinds.extend(filter.kinds);
            directions.extend(filter.directions);
        }
        kinds.sort_unstable();
        kinds.dedup();
        directions.sort_unstable();
        directions.dedup();
        if narrowed.kinds.is_empty() {
            narrowed.kinds = kinds;
        }
        if narrowed.directions.is_empty() {
            narrowed.directions = directions;
        }
        narrowed
    }

    /// Which of them a listing answers best, and why; None where it answers none.
    pub(super) fn best(&self, origin: &str, opportunity: &Opportunity) -> Option<Matched> {
        if self.not_of.as_deref() == Some(origin) {
            return None;
        }
        let candidate = Candidate::new(opportunity)?;
        let scored = self.of.iter().filter_map(|(name, subject)| Some((name, subject.score_of(&candidate)?)));
        let enough = scored.filter(|(_, score)| score.points >= self.min_score);
        let (name, score) = enough.min_by_key(|(name, score)| (Reverse(score.points), *name))?;
        let points = i32::try_from(score.points).unwrap_or(i32::MAX);
        Some(Matched { name: name.clone(), score: points, reasons: score.reasons })
    }
}

/// What of an unpublished listing decides what answers it: the rest is not kept.
pub(crate) fn essence(opportunity: Opportunity) -> Opportunity {
    Opportunity {
        body: String::new(),
        contact: None,
        links: Vec::new(),
        attachments: Vec::new(),
        external_codes: Vec::new(),
        ..opportunity
    }
}

/// That a listing answers another, as people read it: a line.
pub(crate) fn told(matched: &Matched, language: Language) -> String {
    let words = |reason: &duikou_proto::v1::MatchReason| match language {
        Language::Zh => reason.zh.clone(),
        Language::En => reason.en.clone(),
    };
    let reasons: Vec<String> = matched.reasons.iter().map(words).collect();
    match (language, matched.name.is_empty()) {
        (Language::Zh, true) => format!("对口{}分：{}", matched.score, reasons.join("；")),
        (Language::Zh, false) => format!("与 {} 对口{}分：{}", matched.name, matched.score, reasons.join("；")),
        (Language::En, true) => format!("{} of 100 points: {}", matched.score, reasons.join("; ")),
        (Language::En, false) => {
            format!("answers {}, {} of 100 points: {}", matched.name, matched.score, reasons.join("; "))
        }
    }
}
