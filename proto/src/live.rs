//! Live questions and their answers: who signs what, what is sealed to whom, and what each end believes.

use std::borrow::Borrow;

use prost::Message;
use thiserror::Error;

use crate::directory::{Directory, MemberState};
use crate::envelope::{Malformed, Micros};
use crate::federation::{LiveContent, LiveQuery, LiveQuestion, LiveReply};
use crate::hex::hex;
use crate::limits;
use crate::name::MemberId;
use crate::seal::{self, SealError, Unopened};
use crate::sign::{Signer, signing_input};
use crate::v1::signed::Type;
use crate::v1::{Sealed, Signed};

/// What tells one question from all others of its asker.
pub type Nonce = [u8; 16];

/// By how much the clocks of asker and origin may differ.
const CLOCK_MICROS: u64 = limits::CLOCK_REFUSE.as_micros() as u64;

/// Between whom, and which question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// Who asks, and signs the question.
    pub asker: MemberId,
    /// Who is asked, and signs the answer.
    pub origin: MemberId,
    /// Which of the asker's questions.
    pub nonce: Nonce,
}

/// Why no question or page was made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NotMade {
    /// The directory does not know the member to whom it would be sealed.
    #[error("{0} is no member of this network")]
    Unknown(MemberId),
    /// It was not sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// Why a question is not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Unasked {
    /// Nobody of this network signed it: it deserves no word.
    #[error("it is not signed by a member of this network")]
    Forged,
    /// The asker takes no part now.
    #[error("the asker is suspended or removed")]
    Asker,
    /// The clocks differ by too much, or it was kept back.
    #[error("its time is more than 10 minutes from the origin's")]
    Clock,
}

impl Exchange {
    fn question_name(&self) -> String {
        format!("live/question/{}/{}/{}", self.asker, self.origin, hex(&self.nonce))
    }

    fn answer_name(&self, number: i32) -> String {
        format!("live/answer/{}/{}/{}/{number}", self.asker, self.origin, hex(&self.nonce))
    }

    /// The question, which `signer` (the asker's) signs.
    ///
    /// # Errors
    /// Where the origin is unknown, or nothing can be sealed to it.
    pub fn ask(
        &self,
        query: &LiveQuery,
        time: Micros,
        signer: &Signer,
        directory: &Directory,
        chance: [u8; 32],
    ) -> Result<Signed, NotMade> {
        let query = sealed(&self.question_name(), &query.encode_to_vec(), &self.origin, directory, chance)?;
        let question = LiveQuestion {
            asker: self.asker.to_string(),
            origin: self.origin.to_string(),
            nonce: self.nonce.to_vec(),
            time,
            query: Some(query),
        };
        Ok(signed(Type::Live, question.encode_to_vec(), signer))
    }

    /// A page of the answer, which `signer` (the origin's) signs.
    ///
    /// # Errors
    /// Where the asker is unknown, or nothing can be sealed to it.
    pub fn reply(
        &self,
        page: &Page,
        signer: &Signer,
        directory: &Directory,
        chance: [u8; 32],
    ) -> Result<Signed, NotMade> {
        let Page { number, last, content } = page;
        let content = sealed(&self.answer_name(*number), &content.encode_to_vec(), &self.asker, directory, chance)?;
        let reply = LiveReply {
            asker: self.asker.to_string(),
            origin: self.origin.to_string(),
            nonce: self.nonce.to_vec(),
            number: *number,
            last: *last,
            content: Some(content),
        };
        Ok(signed(Type::LiveAnswer, reply.encode_to_vec(), signer))
    }

    /// What the origin says on page `number`; None where somebody else signed it, it belongs to another question or
    /// another place, or was altered. `key` gives the asker's private encryption keys.
    pub fn read<K: Borrow<[u8; 32]>>(
        &self,
        number: i32,
        reply: &Signed,
        directory: &Directory,
        now: Micros,
        key: impl Fn(i32) -> Option<K>,
    ) -> Option<Page> {
        if reply.r#type() != Type::LiveAnswer || !verifies(reply, &self.origin, directory, now) {
            return None;
        }
        let LiveReply { asker, origin, nonce, number: numbered, last, content } =
            LiveReply::decode(reply.payload.clone()).ok()?;
        let ours = asker == self.asker.as_str() && origin == self.origin.as_str() && nonce == self.nonce;
        if !ours || numbered != number {
            return None;
        }
        let content = seal::open(&self.answer_name(number), &content?, &self.asker, key).ok()?;
        Some(Page { number, last, content: LiveContent::decode(&*content).ok()? })
    }
}

/// One page of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// From 1.
    pub number: i32,
    /// No page follows.
    pub last: bool,
    /// What it says.
    pub content: LiveContent,
}

/// A question as it came, checked for form but not yet verified.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Between whom.
    pub exchange: Exchange,
    /// When it was asked, by the asker's clock.
    pub time: Micros,
    query: Sealed,
    signed: Signed,
}

impl Asked {
    /// Reads a question.
    ///
    /// # Errors
    /// Where its form or its bounds are wrong.
    pub fn parse(signed: Signed) -> Result<Self, Malformed> {
        let bad = |text: &str| Malformed(text.to_owned());
        if signed.r#type() != Type::Live || signed.encoded_len() > limits::LIVE_QUESTION_BYTES {
            return Err(bad("no live question, or one that is too large"));
        }
        let question = LiveQuestion::decode(signed.payload.clone()).map_err(|_| bad("not a live question"))?;
        let member = |id: &str| id.parse::<MemberId>().map_err(|error| Malformed(error.to_string()));
        let exchange = Exchange {
            asker: member(&question.asker)?,
            origin: member(&question.origin)?,
            nonce: question.nonce.try_into().map_err(|_| bad("its nonce has not 16 octets"))?,
        };
        let query = question.query.ok_or_else(|| bad("nothing is asked"))?;
        Ok(Self { exchange, time: question.time, query, signed })
    }

    /// Whether the asker asked this, may ask, and asks now. Whether it did so before is for the origin to remember.
    ///
    /// # Errors
    /// Where not.
    pub fn verify(&self, directory: &Directory, now: Micros) -> Result<(), Unasked> {
        let asker = &self.exchange.asker;
        if !verifies(&self.signed, asker, directory, now) {
            return Err(Unasked::Forged);
        }
        if directory.member(asker).is_none_or(|member| member.state != MemberState::Active) {
            return Err(Unasked::Asker);
        }
        if self.time.abs_diff(now) > CLOCK_MICROS {
            return Err(Unasked::Clock);
        }
        Ok(())
    }

    /// What is asked for. `key` gives the origin's private encryption keys.
    ///
    /// # Errors
    /// Where it was sealed to another key, or cannot be read.
    pub fn open<K: Borrow<[u8; 32]>>(&self, key: impl Fn(i32) -> Option<K>) -> Result<LiveQuery, Unopened> {
        let Exchange { origin, .. } = &self.exchange;
        let query = seal::open(&self.exchange.question_name(), &self.query, origin, key)?;
        LiveQuery::decode(&*query).map_err(|_| Unopened)
    }
}

fn sealed(
    name: &str,
    content: &[u8],
    to: &MemberId,
    directory: &Directory,
    chance: [u8; 32],
) -> Result<Sealed, NotMade> {
    let member = directory.member(to).ok_or_else(|| NotMade::Unknown(to.clone()))?;
    Ok(seal::seal(name, content, &[(to, &member.encryption_key)], chance)?)
}

fn signed(kind: Type, payload: Vec<u8>, signer: &Signer) -> Signed {
    let signature = signer.sign_text(&signing_input(kind, &payload));
    Signed { r#type: kind.into(), payload: payload.into(), key_number: signer.number(), signature }
}

fn verifies(signed: &Signed, by: &MemberId, directory: &Directory, now: Micros) -> bool {
    let key = directory.verifying_key(by.as_str(), signed.key_number, now);
    let input = signing_input(signed.r#type(), &signed.payload);
    key.is_some_and(|key| key.verify(&signed.signature, &input).is_ok())
}

#[cfg(test)]
mod tests;
