//! Members that go from one node to another, or leave and come back.

use duikou_proto::directory::MemberState;
use duikou_proto::federation::directory_entry::Action;
use duikou_proto::federation::{
    Host, MoveMemberRequest, MoveMemberResponse, ReleaseMemberRequest, ReleaseMemberResponse, Remove,
    RemoveMemberRequest, Restore,
};
use duikou_proto::name::{MemberId, NodeId};
use tonic::{Code, Request, Status};

use super::{Membership, actor, refuse};

/// How long the stores of others may keep what a removed member wrote: a year.
const KEEP_SECONDS: i64 = 366 * 24 * 3600;

impl Membership {
    pub(super) async fn remove(&self, request: RemoveMemberRequest) -> Result<(), Status> {
        let (member, directory) = self.known(&request.member)?;
        if !(0..=KEEP_SECONDS).contains(&request.keep_seconds) {
            let (zh, en) = ("保留期最长一年", "what it wrote is kept for a year at most");
            return Err(refuse(Code::InvalidArgument, "BAD_PERIOD", zh, en));
        }
        if directory.member(&member).is_some_and(|held| !matches!(held.state, MemberState::Removed(_))) {
            let reason = super::reason(&request.reason);
            let keep_seconds = request.keep_seconds;
            self.make(vec![Action::Remove(Remove { member: member.to_string(), reason, keep_seconds })]).await?;
        }
        Ok(())
    }

    pub(super) async fn restore(&self, member: &str) -> Result<(), Status> {
        let (member, directory) = self.known(member)?;
        if directory.member(&member).is_some_and(|held| matches!(held.state, MemberState::Removed(_))) {
            self.make(vec![Action::Restore(Restore { member: member.to_string() })]).await?;
        }
        Ok(())
    }

    pub(super) async fn move_to(&self, request: MoveMemberRequest) -> Result<MoveMemberResponse, Status> {
        let (member, directory) = self.known(&request.member)?;
        let network = &self.0.engine.identity().network;
        let node = NodeId::parse(&request.node, network).map_err(|error| {
            let zh = format!("节点标识“{}”无效", request.node);
            refuse(Code::InvalidArgument, "BAD_NODE", zh, error.to_string())
        })?;
        let Some(held) = directory.member(&member) else { return Err(Status::internal("a member that is not there")) };
        if held.node == node && held.moving.is_none() {
            return Ok(MoveMemberResponse { announced: false });
        }
        if held.node != node && matches!(held.state, MemberState::Removed(_)) {
            return Err(removed(&member));
        }
        let known = directory.nodes().contains(&node);
        if !known && !request.force {
            return Err(refuse(
                Code::NotFound,
                "NO_SUCH_NODE",
                format!("没有节点 {}：请先让它加入网络", node.short()),
                format!("there is no node {}: let it join first", node.short()),
            ));
        }
        let announced = !request.force || held.node == node;
        let host = Host { member: member.to_string(), node: node.to_string(), announced };
        self.make(vec![Action::Host(host)]).await?;
        tracing::warn!(member.id = %member, from = %held.node, to = %node, announced, "a member moves");
        Ok(MoveMemberResponse { announced: announced && held.node != node })
    }

    pub(super) async fn release(
        &self,
        request: Request<ReleaseMemberRequest>,
    ) -> Result<ReleaseMemberResponse, Status> {
        let from = self.caller(&request)?;
        let actor = actor(&from, &request);
        let (member, directory) = self.known(&request.into_inner().member)?;
        let held = directory.member(&member).filter(|held| held.node == from);
        if let Some((held, to)) = held.and_then(|held| Some((held, held.moving.clone()?))) {
            if matches!(held.state, MemberState::Removed(_)) {
                return Err(removed(&member));
            }
            let host = Host { member: member.to_string(), node: to.to_string(), announced: false };
            self.make_by(actor, vec![Action::Host(host)]).await?;
            tracing::info!(member.id = %member, from = %from, to = %to, "a member has moved");
        }
        Ok(ReleaseMemberResponse { directory_index: self.0.engine.directory().index() })
    }
}

/// What it wrote is at its own node alone once the others have dropped it: on the way it would be lost.
fn removed(member: &MemberId) -> Status {
    let id = member.short();
    let zh = format!("{id} 已被移出网络：请先用 `members restore {id}` 恢复，再迁移");
    let en = format!("{id} has been removed from the network: bring it back with `members restore {id}`, then move it");
    refuse(Code::FailedPrecondition, "MEMBER_REMOVED", zh, en)
}
