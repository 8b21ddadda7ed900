//! A draft that comes along from the node where its member lived before.

use duikou_proto::name::MemberId;

use super::Refusal;
use super::change::Key;
use super::fact::{self, DraftFact};
use crate::engine::{Work, facts};
use crate::store::StoreError;

/// A draft of another node.
pub(crate) struct Brought<'a> {
    /// Whose, and here.
    pub(crate) member: &'a MemberId,
    pub(crate) draft: DraftFact,
    /// Who brings it.
    pub(crate) account: String,
}

impl Brought<'_> {
    /// Keeps it: not handed in, since whoever did that is nobody here. Whether it was not here yet.
    pub(crate) async fn keep(self, work: &mut Work<'_>) -> Result<Result<bool, Refusal>, StoreError> {
        let Self { member, mut draft, account } = self;
        let known = fact::load(work, member, &draft.id).await?.is_some()
            || fact::load_ended(work, member, &draft.id).await?.is_some();
        if known {
            return Ok(Ok(false));
        }
        let name = draft.listing_name()?;
        if let Some(id) = work.fact::<String>(&facts::draft_of(&name)).await? {
            return Ok(Err(Refusal::Taken(Key { member: member.clone(), id }.name())));
        }
        draft.arrive(&account, work.now);
        Ok(if fact::add(work, member, &name, &draft).await? { Ok(true) } else { Err(Refusal::Full) })
    }
}
