//! What a removed member wrote goes from the stores of others when the directory says.

use duikou_proto::directory::{Member, MemberState};
use duikou_proto::name::MemberId;

use super::sweep::Sweep;
use super::work::Work;
use crate::store::StoreError;

/// Begins to drop the rows of removed members whose time has come. A member's own node keeps what it wrote.
pub(crate) async fn look(work: &mut Work<'_>) -> Result<(), StoreError> {
    let directory = work.memory.directory.clone();
    let holds = |member: &MemberId| {
        work.memory.counts.get(member.as_str()).is_some_and(|count| count.records > 0 || count.withdrawals > 0)
    };
    let due = directory.members().filter(|member| is_due(Some(member), work) && holds(&member.id));
    let due: Vec<MemberId> = due.map(|member| member.id.clone()).collect();
    for member in due {
        if !Sweep::Remove.is_on(work, member.as_str()).await? {
            tracing::info!(member.id = %member, "what a removed member wrote is dropped");
            Sweep::Remove.begin(work, member.as_str());
        }
    }
    Ok(())
}

/// Whether what it wrote goes from this store.
pub(super) fn is_due(member: Option<&Member>, work: &Work<'_>) -> bool {
    member.is_some_and(|member| {
        matches!(member.state, MemberState::Removed(until) if until <= work.now) && member.node != work.identity.node
    })
}
