//! Asks the gateway to introduce the new keys of members here, until it has.

use std::time::Duration;

use duikou_proto::federation::IntroduceKeysRequest;
use duikou_proto::federation::host_service_client::HostServiceClient;
use duikou_proto::name::MemberId;
use tonic::Code;

use super::{KeyDesk, Rotation, Stand};
use crate::engine::facts;
use crate::trust::dial::Dial;

/// How often an idle desk looks at its folder and at what is pending.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// How long one attempt may take.
const ATTEMPT: Duration = Duration::from_secs(20);
const WAIT_FIRST: Duration = Duration::from_secs(1);
const WAIT_LONGEST: Duration = Duration::from_secs(60);

/// Carries rotations on until the engine stops.
pub async fn keep_introduced(desk: KeyDesk, dial: Dial) {
    let stopped = desk.0.engine.stopped();
    let mut wait = WAIT_FIRST;
    loop {
        let done = tokio::select! {
            () = stopped.cancelled() => return,
            done = desk.introduce_all(&dial) => done,
        };
        wait = if done { WAIT_FIRST } else { (wait * 2).min(WAIT_LONGEST) };
        tokio::select! {
            () = stopped.cancelled() => return,
            () = desk.0.work.notified() => wait = WAIT_FIRST,
            () = tokio::time::sleep(if done { LOOK_EVERY } else { wait }) => {}
        }
    }
}

impl KeyDesk {
    /// One attempt for each; whether nothing is left.
    async fn introduce_all(&self, dial: &Dial) -> bool {
        self.look_for_keys();
        let pending = match self.pending().await {
            Ok(pending) => pending,
            Err(error) => {
                tracing::error!(error = %crate::error::chain(&error), "pending keys cannot be read");
                return false;
            }
        };
        let mut done = true;
        for (member, rotation) in pending {
            done &= self.carry_on(dial, &member, rotation).await;
        }
        done
    }

    /// Whether nothing is left to do for this member.
    async fn carry_on(&self, dial: &Dial, member: &MemberId, mut rotation: Rotation) -> bool {
        let engine = &self.0.engine;
        let detail = match self.stands(member, &rotation, &engine.directory()) {
            Stand::Known => {
                tracing::info!(member.id = %member, "the network knows the new keys");
                return engine.put_fact::<Rotation>(facts::rotation(member), None).await.is_ok();
            }
            Stand::Overtaken => {
                tracing::error!(member.id = %member, "the network has introduced other keys of this number");
                return engine.put_fact::<Rotation>(facts::rotation(member), None).await.is_ok();
            }
            Stand::Wanted => match self.introduce(dial, member, &rotation).await {
                Ok(index) => {
                    let mut directory = engine.watch_directory();
                    let arrived = directory.wait_for(|directory| directory.index() >= index);
                    let _ = tokio::time::timeout(ATTEMPT, arrived).await;
                    self.0.work.notify_one();
                    return true;
                }
                Err(detail) => detail,
            },
        };
        tracing::warn!(member.id = %member, reason = detail, "new keys are not introduced yet");
        if rotation.detail != detail {
            rotation.detail = detail;
            let _ = engine.put_fact(facts::rotation(member), Some(rotation)).await;
        }
        false
    }

    async fn introduce(&self, dial: &Dial, member: &MemberId, rotation: &Rotation) -> Result<i64, String> {
        let keys = self.entries(member, rotation).map_err(|error| crate::error::chain(&error))?;
        let request = IntroduceKeysRequest { keys, grace_seconds: rotation.grace_seconds };
        let asked = async {
            let channel = dial.connect().await.map_err(|error| crate::error::chain(&error))?;
            let answer = HostServiceClient::new(channel).introduce_keys(request).await;
            answer.map(|answer| answer.into_inner().directory_index).map_err(|status| match status.code() {
                Code::Unimplemented => "the gateway is of a version that introduces no keys".to_owned(),
                _ => status.message().to_owned(),
            })
        };
        tokio::time::timeout(ATTEMPT, asked).await.unwrap_or_else(|_| Err("the gateway does not answer".to_owned()))
    }
}
