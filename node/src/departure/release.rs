//! A member is being moved away: it writes nothing here any longer, and once the gateway has acknowledged everything
//! that it wrote, the gateway is told that it may go.

use std::time::Duration;

use duikou_proto::directory::{Member, MemberState};
use duikou_proto::federation::ReleaseMemberRequest;
use duikou_proto::federation::host_service_client::HostServiceClient;
use duikou_proto::name::{MemberId, NodeId};

use crate::engine::Engine;
use crate::link::{LinkBoard, LinkPhase, Unacknowledged};
use crate::trust::dial::Dial;

/// How often it is looked whether everything has been acknowledged.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long one attempt may take.
const ATTEMPT: Duration = Duration::from_secs(20);
/// How long it rests after an attempt that failed.
const AGAIN: Duration = Duration::from_secs(5);

/// Releases members whose move is announced, until the engine stops.
pub async fn keep_released(engine: Engine, board: LinkBoard, gateway: NodeId, dial: Dial) {
    let stopped = engine.stopped();
    let mut directory = engine.watch_directory();
    loop {
        let leaving: Vec<MemberId> = {
            let directory = directory.borrow_and_update();
            let hosted = directory.hosted(&engine.identity().node).filter(|member| leaves(member));
            hosted.map(|member| member.id.clone()).collect()
        };
        for member in &leaving {
            tokio::select! {
                () = stopped.cancelled() => return,
                () = release(&engine, &board, &gateway, &dial, member) => {}
            }
        }
        tokio::select! {
            () = stopped.cancelled() => return,
            changed = directory.changed() => if changed.is_err() { return },
        }
    }
}

/// A member that has been removed stays where what it wrote is kept, until it is brought back.
fn leaves(member: &Member) -> bool {
    member.moving.is_some() && !matches!(member.state, MemberState::Removed(_))
}

async fn release(engine: &Engine, board: &LinkBoard, gateway: &NodeId, dial: &Dial, member: &MemberId) {
    let leaves_here = || {
        let directory = engine.directory();
        directory.member(member).is_some_and(|held| held.node == engine.identity().node && leaves(held))
    };
    let mut unacknowledged = Unacknowledged::default();
    while leaves_here() {
        let view = board.get(gateway).unwrap_or_default();
        let open = unacknowledged.count(engine, view.acknowledged, Some(member)).await;
        if view.phase != LinkPhase::Connected || !matches!(open, Ok(0)) {
            tokio::time::sleep(LOOK_EVERY).await;
            continue;
        }
        let request = ReleaseMemberRequest { member: member.to_string() };
        let asked = async {
            let channel = dial.connect().await.map_err(|error| crate::error::chain(&error))?;
            let answer = HostServiceClient::new(channel).release_member(request).await;
            answer.map(|answer| answer.into_inner().directory_index).map_err(|status| status.message().to_owned())
        };
        match tokio::time::timeout(ATTEMPT, asked).await.unwrap_or_else(|_| Err("no answer".to_owned())) {
            Ok(index) => {
                tracing::info!(member.id = %member, "everything is delivered, and the member may go");
                let mut directory = engine.watch_directory();
                let _ = tokio::time::timeout(ATTEMPT, directory.wait_for(|here| here.index() >= index)).await;
            }
            Err(reason) => {
                tracing::warn!(member.id = %member, reason, "the member could not be released yet");
                tokio::time::sleep(AGAIN).await;
            }
        }
    }
}
