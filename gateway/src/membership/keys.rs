//! New keys of members: their nodes make them, the key before signs them, and here they get their entries.

use duikou_node::trust::accept::ConnectionInfo;
use duikou_node::trust::spiffe::Role;
use duikou_proto::directory::{Directory, Member};
use duikou_proto::federation::directory_entry::Action;
use duikou_proto::federation::host_service_server::HostService;
use duikou_proto::federation::key::Purpose;
use duikou_proto::federation::{
    IntroduceKeysRequest, IntroduceKeysResponse, Key, ReleaseMemberRequest, ReleaseMemberResponse,
};
use duikou_proto::limits;
use duikou_proto::name::NodeId;
use tonic::{Code, Request, Response, Status};

use super::{Membership, actor, refuse};

impl Membership {
    /// The node that a connection's certificate names.
    pub(super) fn caller<T>(&self, request: &Request<T>) -> Result<NodeId, Status> {
        let peer = request.extensions().get::<ConnectionInfo>().and_then(|info| info.peer.as_ref());
        let known = peer.filter(|peer| peer.role == Role::Node && self.0.engine.directory().knows_node(&peer.id));
        let caller = known.map(|peer| peer.id.clone());
        caller.ok_or_else(|| Status::unauthenticated("this needs the certificate of a node of the network"))
    }
}

fn refused(zh: impl Into<String>, en: impl Into<String>) -> Status {
    refuse(Code::FailedPrecondition, "KEY_REFUSED", zh, en)
}

/// The one member of the caller that all keys are of.
fn member<'a>(keys: &[Key], node: &NodeId, directory: &'a Directory) -> Result<&'a Member, Status> {
    let unsound = |en: &'static str| refuse(Code::InvalidArgument, "BAD_KEYS", "密钥请求无效", en);
    let first = keys.first().filter(|_| keys.len() <= limits::KEYS_INTRODUCED);
    let first = first.ok_or_else(|| unsound("1 to 4 keys are introduced at once"))?;
    if keys.iter().any(|key| key.member != first.member || key.purpose() == Purpose::Unspecified) {
        return Err(unsound("keys of one member, each with its purpose, are introduced at once"));
    }
    let held = directory.member_by_text(&first.member).filter(|member| member.node == *node);
    held.ok_or_else(|| {
        refused(format!("{} 不在本节点上", first.member), format!("{} does not live on {node}", first.member))
    })
}

fn is_known(member: &Member, key: &Key) -> bool {
    match key.purpose() {
        Purpose::Signing => {
            member.keys.iter().any(|held| held.number == key.number && held.key.to_bytes() == *key.public_key)
        }
        Purpose::Encryption => {
            member.encryption_key.number == key.number && member.encryption_key.key == key.public_key
        }
        Purpose::Unspecified => false,
    }
}

#[tonic::async_trait]
impl HostService for Membership {
    async fn introduce_keys(
        &self,
        request: Request<IntroduceKeysRequest>,
    ) -> Result<Response<IntroduceKeysResponse>, Status> {
        let node = self.caller(&request)?;
        let actor = actor(&node, &request);
        let request = request.into_inner();
        let directory = self.0.engine.directory();
        let member = member(&request.keys, &node, &directory)?;
        if !(0..=limits::KEY_GRACE.as_secs() as i64).contains(&request.grace_seconds) {
            return Err(refused("过渡期为 0 至 30 天", "the grace is 0 to 30 days"));
        }
        let now = self.0.engine.now();
        let mut actions = Vec::new();
        for key in request.keys.iter().filter(|key| !is_known(member, key)) {
            actions.push(Action::Key(Key {
                valid_from: now,
                predecessors_until: now + request.grace_seconds * 1_000_000,
                by_root: false,
                ..key.clone()
            }));
        }
        if !actions.is_empty() {
            self.make_by(actor, actions).await?;
            tracing::info!(member.id = %member.id, node.id = %node, grace_seconds = request.grace_seconds, "new keys introduced");
        }
        Ok(Response::new(IntroduceKeysResponse { directory_index: self.0.engine.directory().index() }))
    }

    async fn release_member(
        &self,
        request: Request<ReleaseMemberRequest>,
    ) -> Result<Response<ReleaseMemberResponse>, Status> {
        self.release(request).await.map(Response::new)
    }
}
