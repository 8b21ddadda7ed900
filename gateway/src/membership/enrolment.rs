//! How nodes come in: a join token is used up, the member admitted, the node certified.

use std::time::SystemTime;

use duikou_node::audit::{self, Event};
use duikou_node::enrol::{proof_input, renew_input};
use duikou_node::trust::accept::ConnectionInfo;
use duikou_node::trust::spiffe::Role;
use duikou_proto::directory::{Directory, Member, MemberKey};
use duikou_proto::federation::directory_entry::Action;
use duikou_proto::federation::enrolment_service_server::EnrolmentService;
use duikou_proto::federation::key::Purpose;
use duikou_proto::federation::{
    Admit, CircleAdd, EnrolRequest, EnrolResponse, Host, Key, OfferDirectoryRequest, OfferDirectoryResponse,
    RenewRequest, RenewResponse,
};
use duikou_proto::limits;
use duikou_proto::name::{MemberId, NodeId};
use duikou_proto::sign::PublicKey;
use duikou_proto::v1::Signed;
use prost::Message;
use tonic::{Code, Request, Response, Status};

use super::invite::{self, Invite, Take, Taken, Use};
use super::{Membership, actor, refuse, unread, unwritten};
use crate::authority::{WebName, requested_key};

/// Entries read from the store at a time.
const ENTRIES: usize = 1024;

fn token_refused(reason: &'static str, zh: &'static str, en: &'static str) -> Status {
    refuse(Code::PermissionDenied, reason, zh, en)
}

fn used_before() -> Status {
    let (zh, en) = ("邀请码已被使用，每个只能用一次", "this token was used before; each is good for once");
    token_refused("TOKEN_USED", zh, en)
}

fn taken_back() -> Status {
    let (zh, en) = (
        "邀请码已被撤回：请向网关管理员重新索取",
        "this token was taken back: ask the gateway's operator for a new one",
    );
    token_refused("TOKEN_REVOKED", zh, en)
}

fn from_before() -> Status {
    let (zh, en) = (
        "邀请码是网关从备份恢复之前发出的，已作废：请向网关管理员重新索取",
        "this token is from before the gateway was restored from a backup, and is void: ask the gateway's operator for a new one",
    );
    token_refused("TOKEN_REVOKED", zh, en)
}

fn node_exists(node: &NodeId) -> Status {
    let short = node.short();
    refuse(
        Code::AlreadyExists,
        "NODE_EXISTS",
        format!("节点标识 {short} 已被占用：请用 --node 另取一个，或在该节点的目录中执行 join"),
        format!("the node id {short} belongs to another node: choose one with --node, or join in that node's folder"),
    )
}

fn member_exists(held: &Member) -> Status {
    let (short, at) = (held.id.short(), held.node.short());
    refuse(
        Code::AlreadyExists,
        "MEMBER_EXISTS",
        format!(
            "{short} 已加入网络，在节点 {at} 上：请使用该节点的目录；若其密钥已丢失，请网关管理员执行 duikou-gateway invite {short} --replace-keys，再用新邀请码执行 keys replace"
        ),
        format!(
            "{short} is in the network already, on the node {at}: use the folder of that node; where its keys are lost, the gateway's operator makes a token by duikou-gateway invite {short} --replace-keys, for keys replace"
        ),
    )
}

fn unsound(zh: &'static str, en: &'static str) -> Status {
    refuse(Code::InvalidArgument, "BAD_ENROLMENT", zh, en)
}

impl Membership {
    fn certify(&self, request: &[u8], node: &NodeId) -> Result<[Vec<Vec<u8>>; 2], Status> {
        let authority = self.0.certificates.authority();
        let now = SystemTime::now();
        let failed = |error| {
            tracing::error!(node.id = %node, error = %duikou_node::error::chain(&error), "a certificate was not issued");
            unsound("证书请求无效", "the certificate request is not valid")
        };
        let link = authority.issue_link(request, Role::Node, node, now).map_err(failed)?;
        let names: Vec<WebName> =
            [node.as_str(), "localhost", "127.0.0.1", "::1"].into_iter().map(WebName::new).collect();
        let key = requested_key(request).map_err(failed)?;
        let web = authority.issue_web(&names, &key, now).map_err(failed)?;
        Ok([link, web].map(|chain| chain.into_iter().map(|certificate| certificate.to_vec()).collect()))
    }

    async fn directory_log(&self) -> Result<Vec<Signed>, Status> {
        let unreadable = |_| Status::unavailable("the directory cannot be read");
        let mut entries: Vec<Signed> = Vec::new();
        loop {
            let more = self.0.engine.entries(entries.len() as i64, ENTRIES).await.map_err(unreadable)?;
            if more.is_empty() {
                return Ok(entries);
            }
            for entry in more {
                entries.push(Signed::decode(entry).map_err(|_| Status::internal("an unreadable entry"))?);
            }
        }
    }

    /// The invite with this secret, which `this` may use, and whether it has before: the answer was lost on the way.
    async fn invited(&self, secret: &[u8], this: &Use) -> Result<(Invite, bool), Status> {
        let engine = &self.0.engine;
        let invite: Option<Invite> = engine.fact(&invite::key(secret)).await.map_err(unread)?;
        let Some(invite) = invite else {
            let (zh, en) = (
                "邀请码不存在：请向网关管理员重新索取",
                "this token is not known here: ask the gateway's operator for a new one",
            );
            return Err(token_refused("TOKEN_UNKNOWN", zh, en));
        };
        let used: Option<Use> = engine.fact(&invite::use_key(secret)).await.map_err(unread)?;
        match &used {
            Some(used) if !used.is_by(this) => return Err(used_before()),
            None if invite.revoke_time.is_some() => return Err(taken_back()),
            None if invite.is_void(&engine.feed_id()) => return Err(from_before()),
            Some(_) | None => {}
        }
        if invite.expire_time < engine.now() {
            let (zh, en) = (
                "邀请码已过期：请向网关管理员重新索取",
                "this token has expired: ask the gateway's operator for a new one",
            );
            return Err(token_refused("TOKEN_EXPIRED", zh, en));
        }
        Ok((invite, used.is_some()))
    }

    /// The entries that admit a member, or give it new keys.
    async fn entries(
        &self,
        invite: &Invite,
        request: &EnrolRequest,
        member: &MemberId,
        node: &NodeId,
        directory: &Directory,
    ) -> Result<Vec<Action>, Status> {
        if invite.replace_keys {
            return self.new_keys(request, member, node, directory).await;
        }
        let mut actions = vec![
            Action::Host(Host { member: member.to_string(), node: node.to_string(), announced: false }),
            Action::Admit(Admit {
                member: member.to_string(),
                name_zh: invite.name_zh.clone(),
                name_en: invite.name_en.clone(),
                region: invite.region.clone(),
                longitude: invite.longitude,
                latitude: invite.latitude,
                signing_key: request.signing_key.clone(),
                encryption_key: request.encryption_key.clone(),
            }),
        ];
        actions.extend(
            invite
                .circles
                .iter()
                .map(|circle| Action::CircleAdd(CircleAdd { circle: circle.clone(), member: member.to_string() })),
        );
        Ok(actions)
    }

    async fn new_keys(
        &self,
        request: &EnrolRequest,
        member: &MemberId,
        node: &NodeId,
        directory: &Directory,
    ) -> Result<Vec<Action>, Status> {
        let held = directory.member(member).ok_or_else(|| unsound("没有该成员", "there is no such member"))?;
        if held.node != *node {
            return Err(unsound("该成员在另一个节点上", "the member lives on another node"));
        }
        let newest = held.keys.newest().map_or(0, |key| key.number);
        let key = |purpose: Purpose, number: i32, algorithm: &str, public_key: &[u8]| Key {
            member: member.to_string(),
            purpose: purpose.into(),
            number,
            algorithm: algorithm.to_owned(),
            public_key: public_key.to_vec(),
            by_root: true,
            ..Default::default()
        };
        let now = self.0.engine.now();
        let (mut actions, mut waits) = (Vec::new(), false);
        for mut key in [
            key(Purpose::Signing, newest + 1, "ed25519", &request.signing_key),
            key(Purpose::Encryption, held.encryption_key.number + 1, "x25519", &request.encryption_key),
        ] {
            match self.by_root(key.clone()).await? {
                Some(signature) => key.signature = signature,
                None => waits = true,
            }
            key.valid_from = now;
            // What the lost key has signed stays good until it is signed anew.
            key.predecessors_until = now + limits::KEY_GRACE.as_micros() as i64;
            actions.push(Action::Key(key));
        }
        if waits {
            return Err(refuse(
                Code::FailedPrecondition,
                "ROOT_SIGNATURE_NEEDED",
                "新密钥尚待根密钥签名：请网关管理员执行 duikou-gateway root sign，然后重试本命令",
                "the new keys wait for the root: have the gateway's operator run duikou-gateway root sign, then repeat this command",
            ));
        }
        Ok(actions)
    }
}

#[tonic::async_trait]
impl EnrolmentService for Membership {
    async fn enrol(&self, request: Request<EnrolRequest>) -> Result<Response<EnrolResponse>, Status> {
        let shown = request.extensions().get::<ConnectionInfo>().and_then(|info| info.peer.clone());
        let engine = &self.0.engine;
        let node: NodeId =
            request.get_ref().node.parse().map_err(|_| unsound("节点标识无效", "the node's id is not valid"))?;
        let actor = actor(&node, &request);
        let request = request.into_inner();
        let signing_key = PublicKey::from_bytes(&request.signing_key)
            .map_err(|_| unsound("签名密钥无效", "the signing key is none"))?;
        if !node.is_of(&engine.identity().network) || request.encryption_key.len() != 32 {
            return Err(unsound("节点或加密密钥无效", "the node or the encryption key is not valid"));
        }
        if signing_key.verify(&request.proof, &proof_input(&request.secret, &node)).is_err() {
            return Err(unsound("未能证明持有签名密钥", "the caller does not hold the signing key"));
        }
        let this = Use { node: node.to_string(), signing_key: signing_key.fingerprint(), time: engine.now() };
        let (invite, used) = self.invited(&request.secret, &this).await?;
        let member: MemberId = invite.member.parse().map_err(|_| Status::internal("an invite without a member"))?;
        let _alone = self.0.enrolling.lock().await;
        let directory = engine.directory();
        let held = directory.member(&member);
        let is_new = !used && held.is_none_or(|held| held.node != node);
        if is_new && directory.knows_node(&node) && shown.as_ref().is_none_or(|peer| peer.id != node) {
            return Err(node_exists(&node));
        }
        let enrolled = held.and_then(|held| held.keys.newest()).map(|key| key.key);
        if let Some(held) = held
            && enrolled != Some(signing_key)
            && !invite.replace_keys
        {
            // It came in by another token, or by this one with keys that are gone.
            return Err(member_exists(held));
        }
        let [certificates, web_certificates] = self.certify(&request.certificate_request, &node)?;
        if enrolled != Some(signing_key) {
            let actions = self.entries(&invite, &request, &member, &node, &directory).await?;
            // First the use, so that of two callers at one moment one is refused, and what is taken back admits nobody.
            let take = Take { secret: request.secret.clone(), by: this };
            match engine.submit(take).await.map_err(|error| unwritten(&error))? {
                Taken::Yes => {}
                Taken::ByAnother => return Err(used_before()),
                Taken::Revoked => return Err(taken_back()),
            }
            self.make_by(actor, actions).await?;
            tracing::info!(member.id = %member, node.id = %node, replaced = invite.replace_keys, "admitted");
        } else {
            // The answer to the first call was lost, or somebody has both the token and the member's key.
            let event = Event::new(audit::Action::NodeCertify, format!("nodes/{node}")).of(&member);
            let event = event.saying(format!("joined again by a key of {member}"));
            engine.note_audit(actor, event).await.map_err(|error| unwritten(&error))?;
        }
        Ok(Response::new(EnrolResponse {
            certificates,
            authority: self.0.certificates.authority().certificate().to_vec(),
            directory: self.directory_log().await?,
            web_certificates,
        }))
    }

    async fn renew(&self, request: Request<RenewRequest>) -> Result<Response<RenewResponse>, Status> {
        let (node, by) = match self.caller(&request) {
            Ok(node) => (node, None),
            Err(stranger) => {
                self.proved(request.get_ref()).map(|(node, member)| (node, Some(member))).ok_or(stranger)?
            }
        };
        let actor = actor(&node, &request);
        let [certificates, web_certificates] = self.certify(&request.into_inner().certificate_request, &node)?;
        if let Some(member) = by {
            // It is what a stolen key would get: none is given of which the trail does not tell.
            tracing::warn!(node.id = %node, member.id = %member, "a node is certified anew by a key of its member");
            let event = Event::new(audit::Action::NodeCertify, format!("nodes/{node}"));
            let event = event.of(&member).saying(format!("by a key of {member}"));
            self.0.engine.note_audit(actor, event).await.map_err(|error| unwritten(&error))?;
        }
        let authorities = self.0.certificates.authorities();
        Ok(Response::new(RenewResponse { certificates, web_certificates, authorities }))
    }

    async fn offer_directory(
        &self,
        request: Request<OfferDirectoryRequest>,
    ) -> Result<Response<OfferDirectoryResponse>, Status> {
        self.offered(request.into_inner()).await.map(Response::new)
    }
}

impl Membership {
    /// The node that a member's newest key speaks for, and the member: its certificate has ended, or this gateway has lost
    /// the authority that had issued it.
    fn proved(&self, request: &RenewRequest) -> Option<(NodeId, MemberId)> {
        let node: NodeId = request.node.parse().ok()?;
        let directory = self.0.engine.directory();
        let member = directory.member_by_text(&request.member)?;
        let input = renew_input(&request.certificate_request, &node);
        let proves = |key: &MemberKey| key.key.verify(&request.proof, &input).is_ok();
        let newest = member.node == node && member.keys.newest().is_some_and(proves);
        // A node that nobody lives on any longer has to learn that, whatever became of the key that it knows.
        let former = directory.has_left(&node, &member.id) && member.keys.iter().any(proves);
        (newest || former).then(|| (node, member.id.clone()))
    }
}
