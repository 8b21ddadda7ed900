//! The mappings that a member has used, by the headers for which they were: the next table of the same form is read as
//! the last one was.

use async_trait::async_trait;
use duikou_proto::envelope::Micros;
use duikou_proto::name::MemberId;
use serde::{Deserialize, Serialize};

use super::Mapping;
use crate::engine::facts::MAPPINGS;
use crate::engine::{Command, Engine, Work, WriteError};
use crate::limits;
use crate::store::StoreError;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Remembered {
    mapping: Mapping,
    /// When it was last used.
    used: Micros,
}

fn prefix(member: &MemberId) -> String {
    format!("{MAPPINGS}{member}/")
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
        let prefix = prefix(&self.member);
        let key = format!("{prefix}{}", self.fingerprint);
        let mut held = work.facts::<Remembered>(&prefix, limits::MAPPINGS_PER_MEMBER).await?;
        held.retain(|(known, _)| *known != key);
        if held.len() >= limits::MAPPINGS_PER_MEMBER
            && let Some((oldest, _)) = held.into_iter().min_by_key(|(_, remembered)| remembered.used)
        {
            work.remove_fact(oldest);
        }
        let used = work.now;
        work.put_fact(key, &Remembered { mapping: self.mapping, used });
        Ok(())
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
