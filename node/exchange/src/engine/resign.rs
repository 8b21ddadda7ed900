//! After a member's key has changed, everything that it wrote is signed anew: the same payloads under the higher key
//! number, so that links carry them again and nobody who reads is told of anything.
//!
//! Signing happens beside the writer. What changed meanwhile outranks what was signed here, so nothing is locked; and
//! after each page it rests, so that publishing goes before.

use async_trait::async_trait;
use duikou_proto::envelope::Part;
use duikou_proto::name::{MemberId, RecordName};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Engine;
use super::work::Work;
use super::writer::{Command, WriteError};
use crate::limits;
use crate::store::{Row, StoreError, Stretch};

/// States with a newer signature.
struct TakeAnew(Vec<Part>);

#[async_trait]
impl Command for TakeAnew {
    type Output = ();

    fn names(&self) -> Vec<RecordName> {
        self.0.iter().map(|part| part.name().clone()).collect()
    }

    fn bytes(&self) -> usize {
        self.0.iter().map(|part| part.bytes().len() + 256).sum()
    }

    async fn run(self, work: &mut Work<'_>) -> Result<(), StoreError> {
        for part in self.0 {
            let held = work.row(part.name()).await?;
            // Never the first state of a name: what has ended meanwhile stays ended.
            let same = |held: &Option<Part>| held.as_ref().is_some_and(|held| held.hash() == part.hash());
            if held.is_some_and(|row| same(&row.record) || same(&row.withdrawal)) {
                work.accept(std::slice::from_ref(&part)).await?;
            }
        }
        Ok(())
    }
}

/// Its states that another key than number `newest` has signed.
pub(crate) fn outdated(row: &Row, newest: i32) -> impl Iterator<Item = &Part> {
    row.record.iter().chain(&row.withdrawal).filter(move |part| part.key_number() < newest)
}

impl Engine {
    /// Signs anew whatever an older key has signed, whenever there may be any, until told to stop.
    pub(super) async fn keep_signed(self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.0.resign.notified() => {}
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.sign_all_anew() => {}
            }
        }
    }

    async fn sign_all_anew(&self) {
        let directory = self.directory();
        let hosted = directory.hosted(&self.identity().node);
        let rotated = hosted.filter(|member| member.keys.iter().nth(1).is_some()).map(|member| member.id.clone());
        for member in rotated.collect::<Vec<_>>() {
            while let Err(error) = self.sign_member_anew(&member).await {
                tracing::warn!(member.id = %member, error = %crate::error::chain(&error), "signing anew was interrupted");
                tokio::time::sleep(limits::UPKEEP_EVERY).await;
            }
        }
    }

    /// Every state of one member; nothing where its newest key is not here, or it has to be recovered first, which
    /// begins this anew.
    async fn sign_member_anew(&self, member: &MemberId) -> Result<(), WriteError> {
        let read = |error: StoreError| WriteError::Store(std::sync::Arc::new(error));
        let prefix = format!("members/{member}/");
        let (mut after, mut signed) = (Some(String::new()), 0_usize);
        while let Some(from) = after {
            let mut halted = self.watch_halted();
            let _ = halted.wait_for(Option::is_none).await;
            let Some(signer) = self.identity().signers.newest(member, &self.directory()) else { return Ok(()) };
            if self.unrecovered().contains(member) {
                return Ok(());
            }
            let Stretch { rows, next, .. } = self.range(&prefix, &from, limits::RESIGN_ROWS).await.map_err(read)?;
            after = next;
            let old: Vec<Part> = rows.iter().flat_map(|row| outdated(row, signer.number())).cloned().collect();
            if old.is_empty() {
                continue;
            }
            let count = old.len();
            let sign = move || old.iter().map(|part| part.sign_anew(&signer)).collect::<Result<Vec<Part>, _>>();
            match self.world().aside(sign).await {
                Some(Ok(parts)) => {
                    let began = Instant::now();
                    self.submit(TakeAnew(parts)).await?;
                    tokio::time::sleep(began.elapsed() * limits::RESIGN_REST).await;
                    signed += count;
                }
                Some(Err(malformed)) => {
                    tracing::error!(member.id = %member, error = %malformed, "a state could not be signed anew");
                }
                None => tracing::error!(member.id = %member, "signing anew failed"),
            }
        }
        if signed > 0 {
            tracing::info!(member.id = %member, states = signed, "everything is signed by the newest key");
        }
        Ok(())
    }

    /// How many states each older key of a member here has still signed, by number; looks at `limit` rows at most.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn signed_by_older(
        &self,
        member: &MemberId,
        limit: usize,
    ) -> Result<std::collections::BTreeMap<i32, i64>, StoreError> {
        let prefix = format!("members/{member}/");
        let (mut after, mut looked, mut counts) = (Some(String::new()), 0, std::collections::BTreeMap::new());
        while let Some(from) = after.filter(|_| looked < limit) {
            let Stretch { rows, next, .. } = self.range(&prefix, &from, limits::RESIGN_ROWS).await?;
            after = next;
            looked += rows.len();
            for part in rows.iter().flat_map(|row| outdated(row, i32::MAX)) {
                *counts.entry(part.key_number()).or_insert(0) += 1;
            }
        }
        Ok(counts)
    }
}
