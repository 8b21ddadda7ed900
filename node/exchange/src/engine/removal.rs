//! What a removed member wrote goes from the stores of others when the directory says.

use duikou_proto::directory::MemberState;
use duikou_proto::name::MemberId;

use super::entries::Sweep;
use super::work::Work;
use crate::store::StoreError;

/// Drops the rows of removed members whose time has come. A member's own node keeps what it wrote.
pub(crate) async fn look(work: &mut Work<'_>) -> Result<(), StoreError> {
    let directory = work.memory.directory.clone();
    let holds = |member: &MemberId| {
        work.memory.counts.get(member.as_str()).is_some_and(|count| count.records > 0 || count.withdrawals > 0)
    };
    let due = directory.members().filter(|member| {
        let due = matches!(member.state, MemberState::Removed(until) if until <= work.now);
        due && member.node != work.identity.node && holds(&member.id)
    });
    let due: Vec<MemberId> = due.map(|member| member.id.clone()).collect();
    for member in due {
        tracing::info!(member.id = %member, "what a removed member wrote is dropped");
        Sweep::Remove.over(work, &format!("members/{member}/")).await?;
    }
    Ok(())
}
