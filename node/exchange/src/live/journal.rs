//! What was asked here, written down before it is answered: for people, and so that a restart answers nothing twice. The
//! newest questions stay, each in the place of the oldest.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use duikou_proto::envelope::Micros;
use duikou_proto::federation::LiveQuery;
use duikou_proto::limits as contract;
use duikou_proto::live::Asked;
use duikou_proto::name::MemberId;
use prost::Message;
use serde::{Deserialize, Serialize};

use super::guard::Guard;
use crate::engine::dealings::Dealings;
use crate::engine::{Command, Engine, Work, WriteError, facts};
use crate::limits;
use crate::store::StoreError;

/// How long after it came a question is written down at the latest.
const WRITTEN: Micros = contract::LIVE_WITHIN.end().as_micros() as Micros;

/// A query that is kept whole.
const QUERY_BYTES: usize = 4 * 1024;

/// A question as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuestionFact {
    /// When it came.
    pub time: Micros,
    /// When it was asked, by the asker's clock.
    asked: Micros,
    asker: String,
    origin: String,
    /// Base64 of the nonce.
    nonce: String,
    /// Base64 of the encoded query; empty where it could not be read.
    query: String,
    /// See `LiveContent.Refusal`; 0: it was answered.
    pub refusal: i32,
}

impl QuestionFact {
    /// A question that came at `time`.
    pub(super) fn new(asked: &Asked, query: Option<&LiveQuery>, refusal: i32, time: Micros) -> Self {
        Self {
            time,
            asked: asked.time,
            asker: asked.exchange.asker.to_string(),
            origin: asked.exchange.origin.to_string(),
            nonce: BASE64_STANDARD.encode(asked.exchange.nonce),
            query: query.map(|query| BASE64_STANDARD.encode(kept(query).encode_to_vec())).unwrap_or_default(),
            refusal,
        }
    }

    /// Who asked.
    pub fn asker(&self) -> &str {
        &self.asker
    }

    /// Who was asked.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// What was asked for, where it could be read.
    pub fn query(&self) -> Option<LiveQuery> {
        LiveQuery::decode(&*BASE64_STANDARD.decode(&self.query).ok()?).ok()
    }

    fn met(&self) -> Option<(MemberId, [u8; 16], Micros)> {
        let nonce = BASE64_STANDARD.decode(&self.nonce).ok()?.try_into().ok()?;
        Some((self.asker.parse().ok()?, nonce, self.asked))
    }
}

/// Of an endless query the words.
fn kept(query: &LiveQuery) -> LiveQuery {
    let mut kept = query.clone();
    if query.encoded_len() > QUERY_BYTES {
        kept.filter = None;
        kept.words = kept.words.chars().take(contract::LIVE_WORDS_CHARS).collect();
    }
    kept
}

/// Where the next one is written.
pub(super) struct Journal {
    next: AtomicUsize,
}

impl Journal {
    /// What is there, and what of it must not be answered again.
    pub(super) async fn open(engine: &Engine) -> Result<(Self, Guard), StoreError> {
        let kept = engine.facts::<QuestionFact>(facts::QUESTIONS, limits::LIVE_JOURNAL).await?;
        let newest = kept.iter().max_by_key(|(_, fact)| fact.time);
        let slot = newest.and_then(|(key, _)| key.strip_prefix(facts::QUESTIONS)?.parse::<usize>().ok());
        // In a full journal the newest have taken the places of those that were written down before the oldest in it.
        let oldest = kept.iter().map(|(_, fact)| fact.time).min();
        let lost = oldest.filter(|_| kept.len() >= limits::LIVE_JOURNAL).map(|oldest| oldest + WRITTEN);
        let guard = Guard::remembering(kept.iter().filter_map(|(_, fact)| fact.met()), lost);
        Ok((Self { next: AtomicUsize::new(slot.map_or(0, |slot| slot + 1)) }, guard))
    }

    /// Writes one down.
    pub(super) async fn note(&self, engine: &Engine, fact: QuestionFact) -> Result<(), WriteError> {
        let slot = self.next.fetch_add(1, Ordering::Relaxed) % limits::LIVE_JOURNAL;
        engine.submit(Note { slot, fact }).await
    }
}

/// Writes a question down, and counts it.
struct Note {
    slot: usize,
    fact: QuestionFact,
}

#[async_trait]
impl Command for Note {
    type Output = ();

    async fn run(self, work: &mut Work<'_>) -> Result<(), StoreError> {
        work.put_fact(facts::question(self.slot), &self.fact);
        let answered = i64::from(self.fact.refusal == 0);
        work.deal(&self.fact.origin, &Dealings { came: 1, answered, ..Dealings::default() }).await
    }
}
