//! The log of a subscription: its last deliveries, in a ring of facts.

use duikou_proto::envelope::Micros;
use duikou_proto::v1::delivery::Outcome;
use duikou_proto::v1::{self};
use serde::{Deserialize, Serialize};

use crate::engine::{Engine, facts};
use crate::limits;
use crate::store::StoreError;
use crate::time::timestamp;

/// One attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DeliveryFact {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) listing: String,
    pub(crate) time: Micros,
    pub(crate) millis: u64,
    pub(crate) outcome: i32,
    pub(crate) status: u16,
    pub(crate) detail: String,
    /// Base64.
    pub(crate) cursor: String,
}

/// Where the delivery of this number is kept, in the place of one long before.
pub(crate) fn slot(id: &str, number: u64) -> String {
    format!("{}{:03}", facts::deliveries(id), number % limits::DELIVERY_LOG)
}

/// The deliveries that are kept, newest first.
pub(crate) async fn deliveries(engine: &Engine, id: &str) -> Result<Vec<DeliveryFact>, StoreError> {
    let found = engine.facts::<DeliveryFact>(&facts::deliveries(id), limits::DELIVERY_LOG as usize).await?;
    let mut deliveries: Vec<DeliveryFact> = found.into_iter().map(|(_, delivery)| delivery).collect();
    deliveries.sort_by_key(|delivery| std::cmp::Reverse(delivery.time));
    Ok(deliveries)
}

impl DeliveryFact {
    /// As the contract has it.
    pub(crate) fn told(self) -> v1::Delivery {
        let seconds = i64::try_from(self.millis / 1000).unwrap_or(i64::MAX);
        let nanos = (self.millis % 1000) as i32 * 1_000_000;
        v1::Delivery {
            id: self.id,
            r#type: self.kind,
            listing: self.listing,
            attempt_time: Some(timestamp(self.time)),
            duration: Some(prost_types::Duration { seconds, nanos }),
            outcome: Outcome::try_from(self.outcome).unwrap_or(Outcome::Unspecified).into(),
            status: self.status.into(),
            detail: self.detail,
            cursor: self.cursor,
        }
    }
}
