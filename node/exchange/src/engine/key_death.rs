//! A key dies of old age: what it alone has signed is shown no longer, and whoever reads is told.

use duikou_proto::directory::Directory;
use duikou_proto::envelope::Micros;
use duikou_proto::name::MemberId;

use super::facts;
use super::sweep::Sweep;
use super::work::Work;
use crate::store::StoreError;

/// Begins to move the rows of keys that have died since this was last asked, so that their readers look at them again.
pub(crate) async fn look(work: &mut Work<'_>) -> Result<(), StoreError> {
    let directory = work.memory.directory.clone();
    if !directory.members().any(|member| member.keys.iter().nth(1).is_some()) {
        return Ok(());
    }
    let last: Micros = work.fact(facts::KEYS_LOOKED).await?.unwrap_or_default();
    let died = died(&directory, last, work.now);
    if died.is_empty() {
        return Ok(());
    }
    for member in died {
        Sweep::DeadKey.begin(work, member.as_str());
    }
    work.put_fact(facts::KEYS_LOOKED.to_owned(), &work.now.clone());
    Ok(())
}

/// Members of whom a key has died after `last`.
fn died(directory: &Directory, last: Micros, now: Micros) -> Vec<MemberId> {
    let dies = |until: Option<Micros>| until.is_some_and(|until| last < until && until <= now);
    let concerned = directory.members().filter(|member| member.keys.iter().any(|key| dies(key.valid_until)));
    concerned.map(|member| member.id.clone()).collect()
}
