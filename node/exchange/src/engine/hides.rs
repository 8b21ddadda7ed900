//! Which records the network hides. An entry names one by a salted hash: it is compared once with every name that is here,
//! in the transaction that keeps it, and with each that comes later, before that can be read.

use std::collections::BTreeSet;
use std::sync::Arc;

use duikou_proto::directory::{Directory, Hidden};
use duikou_proto::name::RecordName;

use super::work::Work;
use crate::store::{Read, StoreError};

/// Names that are read in one go.
const NAMES: usize = 8192;

/// Finds out which names in the store are meant by hides that have not been compared with them.
///
/// # Errors
/// Where it cannot be read.
pub(super) async fn compare_at_start(read: &mut dyn Read, directory: &mut Directory) -> Result<(), StoreError> {
    let mut found = Found::of(directory);
    found.among_kept(read).await?;
    directory.compared(&found.into_pairs());
    Ok(())
}

/// Likewise within a transaction; people and subscribers look at what is found again.
pub(super) async fn compare(work: &mut Work<'_>) -> Result<(), StoreError> {
    let mut found = Found::of(&work.memory.directory);
    if found.fresh.is_empty() {
        return Ok(());
    }
    found.among_kept(&mut *work.transaction).await?;
    let written: Vec<RecordName> = work.written().cloned().collect();
    written.iter().for_each(|name| found.look(name.as_str()));
    let found = found.into_pairs();
    Arc::make_mut(&mut work.memory.directory).compared(&found);
    for (name, _) in found {
        touch(work, &name).await?;
    }
    Ok(())
}

/// Shows a record again: who reads looks at it.
pub(super) async fn touch(work: &mut Work<'_>, name: &RecordName) -> Result<(), StoreError> {
    if let Some(row) = work.row(name).await? {
        work.touch(row);
    }
    Ok(())
}

impl Work<'_> {
    /// A name that was not here comes: what was hidden before it came is hidden.
    pub(super) fn comes(&mut self, name: &RecordName) {
        while let Some(hidden) = self.memory.directory.awaits(name).cloned() {
            Arc::make_mut(&mut self.memory.directory).came(name, &hidden);
        }
    }
}

/// What hides that are new here mean, as far as has been looked.
struct Found {
    fresh: Vec<Hidden>,
    /// By name, and by the hide's place among the new ones.
    names: BTreeSet<(RecordName, usize)>,
}

impl Found {
    fn of(directory: &Directory) -> Self {
        Self { fresh: directory.not_compared().to_vec(), names: BTreeSet::new() }
    }

    async fn among_kept<R: Read + ?Sized>(&mut self, read: &mut R) -> Result<(), StoreError> {
        let mut after = Some(String::new()).filter(|_| !self.fresh.is_empty());
        while let Some(from) = after {
            let (names, next) = read.names(&from, NAMES).await?;
            names.iter().for_each(|name| self.look(name));
            after = next;
        }
        Ok(())
    }

    fn look(&mut self, name: &str) {
        for (at, _) in self.fresh.iter().enumerate().filter(|(_, hidden)| hidden.means_text(name)) {
            if let Ok(name) = name.parse() {
                self.names.insert((name, at));
            }
        }
    }

    fn into_pairs(self) -> Vec<(RecordName, Hidden)> {
        self.names.into_iter().map(|(name, at)| (name, self.fresh[at].clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use duikou_proto::federation::directory_entry::Action;
    use duikou_proto::federation::{Hide, Show};

    use super::*;
    use crate::engine::Reader;
    use crate::feed::model::World;

    #[tokio::test]
    async fn hides_are_compared_once_with_what_is_here_and_with_what_comes_later() {
        let mut world = World::new().await;
        let hash = |at: usize| Hidden::hash(&[7; 16], &World::name("a", at));
        let hide = |at: usize| Hide { salt: vec![7; 16], name_hash: hash(at), reason: "r".into() };
        for at in 0..3 {
            world.put("a", at, &["public"], true, 0).await;
        }
        for at in [1, 3] {
            world.act(Action::Hide(hide(at))).await;
        }
        assert!(world.engine.directory().not_compared().is_empty());
        let before = world.engine.directory();
        for at in 3..5 {
            world.put("a", at, &["public"], true, 0).await;
        }
        let hidden = |directory: &Directory| {
            (0..5).filter(|at| directory.hides_held(&World::name("a", *at))).collect::<Vec<_>>()
        };
        assert_eq!((hidden(&world.engine.directory()), hidden(&before)), (vec![1, 3], vec![1, 3]));
        let shown = world.engine.list("members/a.n.example/listings/", "", 100, &Reader::Anonymous).await.unwrap().0;
        assert_eq!(shown.len(), 3);

        let mut again = world.engine.directory().as_ref().clone();
        again = Directory::replay(world.engine.entries(0, 100).await.unwrap().iter().map(AsRef::as_ref))
            .inspect(|fresh| assert_eq!(fresh.not_compared().len(), again.hidden().len()))
            .unwrap();
        compare_at_start(&mut *world.engine.store().read().await.unwrap(), &mut again).await.unwrap();
        assert_eq!((hidden(&again), again.not_compared().len()), (vec![1, 3], 0), "as after a start");

        let rows = async |world: &World| world.engine.row(&World::name("a", 3)).await.unwrap().unwrap();
        let at = rows(&world).await.record_content_seq;
        world.act(Action::Show(Show { salt: vec![7; 16], name_hash: hash(3) })).await;
        assert_eq!(hidden(&world.engine.directory()), [1]);
        assert!(rows(&world).await.record_content_seq > at, "who reads looks at it again");
    }
}
