//! The mappings that a member has used, by the headers for which they were: the next table of the same form is read as
//! the last one was.

use async_trait::async_trait;
use duikou_proto::envelope::Micros;
use duikou_proto::name::MemberId;
use serde::{Deserialize, Serialize};

use super::Mapping;
use crate::engine::facts::mappings as prefix;
use crate::engine::{Command, Engine, Work, WriteError};
use crate::limits;
use crate::store::StoreError;

/// A mapping as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Remembered {
    mapping: Mapping,
    /// When it was last used.
    used: Micros,
}

/// The mapping that `member` used for a table with these headers, by [`super::fingerprint`].
///
/// # Errors
/// Where the store cannot be read.
pub async fn recall(engine: &Engine, member: &MemberId, fingerprint: &str) -> Result<Option<Mapping>, StoreError> {
    let key = format!("{}{fingerprint}", prefix(member));
    Ok(engine.fact::<Remembered>(&key).await?.map(|remembered| remembered.mapping))
}

/// Keeps the mapping that `member` used for a table with these headers in place of the one before. Beyond
/// [`limits::MAPPINGS_PER_MEMBER`] the one that was not used for longest goes.
///
/// # Errors
/// Where it cannot be written.
pub async fn remember(
    engine: &Engine,
    member: &MemberId,
    fingerprint: &str,
    mapping: Mapping,
) -> Result<(), WriteError> {
    let member = member.clone();
    engine.submit(Remember { member, fingerprint: fingerprint.to_owned(), mapping }).await
}

struct Remember {
    member: MemberId,
    fingerprint: String,
    mapping: Mapping,
}

#[async_trait]
impl Command for Remember {
    type Output = ();

    async fn run(self, work: &mut Work<'_>) -> Result<(), StoreError> {
        let used = work.now;
        Remembered { mapping: self.mapping, used }.keep(&self.member, &self.fingerprint, work).await
    }
}

impl Remembered {
    async fn keep(self, member: &MemberId, fingerprint: &str, work: &mut Work<'_>) -> Result<(), StoreError> {
        let prefix = prefix(member);
        let key = format!("{prefix}{fingerprint}");
        let mut held = work.facts::<Self>(&prefix, limits::MAPPINGS_PER_MEMBER).await?;
        held.retain(|(known, _)| *known != key);
        if held.len() >= limits::MAPPINGS_PER_MEMBER
            && let Some((oldest, _)) = held.into_iter().min_by_key(|(_, remembered)| remembered.used)
        {
            work.remove_fact(oldest);
        }
        work.put_fact(key, &self);
        Ok(())
    }

    /// Keeps one of another node, where none is known for these headers; whether that is so.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub(crate) async fn bring(
        self,
        member: &MemberId,
        fingerprint: &str,
        work: &mut Work<'_>,
    ) -> Result<bool, StoreError> {
        let known = work.fact::<Self>(&format!("{}{fingerprint}", prefix(member))).await?.is_some();
        let room = work.facts::<Self>(&prefix(member), limits::MAPPINGS_PER_MEMBER).await?.len();
        if known || room >= limits::MAPPINGS_PER_MEMBER {
            return Ok(false);
        }
        self.keep(member, fingerprint, work).await?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::tests::World;

    #[tokio::test]
    async fn the_last_mapping_of_each_form_is_remembered_and_the_oldest_forms_go() {
        let world = World::new().await;
        let [one, other]: [MemberId; 2] = ["a.n.example", "b.n.example"].map(|id| id.parse().unwrap());
        let mapping = |sheet: usize| Mapping { sheet: Some(sheet.to_string()), ..Mapping::default() };
        remember(&world.engine, &one, "form", mapping(1)).await.unwrap();
        remember(&world.engine, &one, "form", mapping(2)).await.unwrap();
        assert_eq!(recall(&world.engine, &one, "form").await.unwrap(), Some(mapping(2)));
        assert_eq!(recall(&world.engine, &other, "form").await.unwrap(), None);
        remember(&world.engine, &other, "form", mapping(3)).await.unwrap();
        for form in 0..limits::MAPPINGS_PER_MEMBER {
            remember(&world.engine, &one, &format!("{form}"), mapping(form)).await.unwrap();
        }
        let held = world.engine.facts::<Remembered>(&prefix(&one), 1_000).await.unwrap();
        assert_eq!(held.len(), limits::MAPPINGS_PER_MEMBER);
        assert_eq!(recall(&world.engine, &other, "form").await.unwrap(), Some(mapping(3)));
    }
}
