//! The receiving half of one lane: what a batch holds, and what is answered.

use duikou_proto::envelope::Part;
use duikou_proto::federation::{Batch, Parts};
use duikou_proto::limits;
use prost::Message;
use thiserror::Error;

/// A peer that does not keep to the protocol: the link ends.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Violation {
    /// Numbers must follow each other.
    #[error("batch {got} where {expected} should follow")]
    Number {
        /// The next one.
        expected: i64,
        /// What came.
        got: i64,
    },
    /// Too much for one batch.
    #[error("a batch of more than {} bytes", limits::BATCH_BYTES)]
    Size,
    /// Too many frames that say nothing.
    #[error("a flood of frames that say nothing new")]
    Chatter,
    /// An answer to what was not sent, or a second one.
    #[error("batch {got} is acknowledged, where one of {sent} that are open should be")]
    Acknowledged {
        /// The newest one that was sent.
        sent: i64,
        /// What was acknowledged.
        got: i64,
    },
    /// Not to be decoded.
    #[error("a batch that cannot be read")]
    Unreadable,
}

/// The parts of a batch, read one by one: a bad one stops no other.
#[derive(Debug, Default)]
pub(crate) struct Intake {
    /// Well-formed ones.
    pub parts: Vec<Part>,
    /// What was wrong with the others.
    pub(crate) malformed: Vec<String>,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct SinkLane {
    number: i64,
}

impl SinkLane {
    /// Reads a batch.
    pub(crate) fn receive(&mut self, batch: &Batch) -> Result<Intake, Violation> {
        if batch.number != self.number + 1 {
            return Err(Violation::Number { expected: self.number + 1, got: batch.number });
        }
        self.number = batch.number;
        let bytes = if batch.compressed {
            // Bounded before it is unpacked: a small frame may claim any size.
            zstd::bulk::decompress(&batch.parts, limits::BATCH_BYTES).map_err(|_| Violation::Size)?.into()
        } else {
            batch.parts.clone()
        };
        if bytes.len() > limits::BATCH_BYTES {
            return Err(Violation::Size);
        }
        let parts = Parts::decode(bytes).map_err(|_| Violation::Unreadable)?;
        let mut intake = Intake::default();
        for part in &parts.parts {
            match Part::parse(part) {
                Ok(part) => intake.parts.push(part),
                Err(malformed) => intake.malformed.push(malformed.to_string()),
            }
        }
        Ok(intake)
    }
}
