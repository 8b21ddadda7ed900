//! What the operator of the network does, over the gateway's own socket.

use std::time::Duration;

use duikou_node::audit::{self, Actor, Event};
use duikou_node::enrol::encode_token;
use duikou_node::trust::provider;
use duikou_proto::directory::{Directory, Hidden, MemberState};
use duikou_proto::federation::admission_service_server::AdmissionService;
use duikou_proto::federation::directory_entry::Action;
use duikou_proto::federation::invite::State as InviteState;
use duikou_proto::federation::{
    AddToCircleRequest, AddToCircleResponse, CircleAdd, CircleCreate, CircleDrop, CreateCircleRequest,
    CreateCircleResponse, CreateInviteRequest, CreateInviteResponse, DropFromCircleRequest, DropFromCircleResponse,
    Hide, HideRecordRequest, HideRecordResponse, Invite as ShownInvite, JoinToken, ListInvitesRequest,
    ListInvitesResponse, MoveMemberRequest, MoveMemberResponse, RemoveMemberRequest, RemoveMemberResponse,
    RestoreMemberRequest, RestoreMemberResponse, Resume, ResumeMemberRequest, ResumeMemberResponse,
    RevokeInviteRequest, Show, ShowRecordRequest, ShowRecordResponse, Suspend, SuspendMemberRequest,
    SuspendMemberResponse,
};
use duikou_proto::hex::hex;
use duikou_proto::name::{MemberId, RecordName, is_label};
use duikou_proto::reference;
use prost_types::Timestamp;
use tonic::{Code, Request, Response, Status};

use super::invite::{self, Invite, Revoke};
use super::{Membership, refuse, unread, unwritten};

const VALID_DEFAULT: Duration = Duration::from_secs(7 * 24 * 3600);
const VALID_MAX: Duration = Duration::from_secs(30 * 24 * 3600);
const NAME_CHARACTERS: usize = 120;

impl Membership {
    fn member_id(&self, text: &str) -> Result<MemberId, Status> {
        let network = &self.0.engine.identity().network;
        match MemberId::parse(text, network) {
            Ok(id) if id.is_of(network) => Ok(id),
            Ok(id) => Err(refuse(
                Code::InvalidArgument,
                "FOREIGN_MEMBER",
                format!("{id} 不属于本网络 {network}"),
                format!("{id} is not of this network, {network}"),
            )),
            Err(error) => Err(refuse(
                Code::InvalidArgument,
                "BAD_MEMBER",
                format!("成员标识“{text}”无效：只能用小写字母、数字和连字符"),
                error.to_string(),
            )),
        }
    }

    pub(super) fn known(&self, text: &str) -> Result<(MemberId, std::sync::Arc<Directory>), Status> {
        let id = self.member_id(text)?;
        let directory = self.0.engine.directory();
        if directory.member(&id).is_none() {
            let (zh, en) = (format!("没有成员 {}", id.short()), format!("there is no member {}", id.short()));
            return Err(refuse(Code::NotFound, "NO_SUCH_MEMBER", zh, en));
        }
        Ok((id, directory))
    }

    fn circle(&self, circle: &str) -> Result<(), Status> {
        let directory = self.0.engine.directory();
        if directory.circle_members(circle).is_none() {
            let (zh, en) = (format!("没有名为 {circle} 的圈子"), format!("there is no circle {circle}"));
            return Err(refuse(Code::NotFound, "NO_SUCH_CIRCLE", zh, en));
        }
        Ok(())
    }

    /// Whether a member can be invited as is asked, or its keys replaced.
    fn check_invite(&self, request: &CreateInviteRequest, member: &MemberId, is_member: bool) -> Result<(), Status> {
        if is_member != request.replace_keys {
            let short = member.short();
            return Err(if request.replace_keys {
                refuse(
                    Code::NotFound,
                    "NO_SUCH_MEMBER",
                    format!("没有成员 {short}，不能更换密钥"),
                    format!("there is no member {short} whose keys could be replaced"),
                )
            } else {
                refuse(
                    Code::AlreadyExists,
                    "MEMBER_EXISTS",
                    format!("{short} 已是成员；若其密钥已丢失，请加 --replace-keys"),
                    format!("{short} is a member already; add --replace-keys if its keys are lost"),
                )
            });
        }
        if !request.replace_keys {
            for (name, text) in [("--name-zh", &request.name_zh), ("--name-en", &request.name_en)] {
                if text.trim().is_empty() || text.chars().count() > NAME_CHARACTERS {
                    let zh = format!("{name} 必填，最多 {NAME_CHARACTERS} 个字");
                    let en = format!("{name} is required, at most {NAME_CHARACTERS} characters");
                    return Err(refuse(Code::InvalidArgument, "BAD_NAME", zh, en));
                }
            }
            if reference::regions().get(&reference::normalise_region(&request.region)).is_none() {
                let zh = format!("没有代码为“{}”的地区：应为行政区划代码，如 440300", request.region);
                let en = format!("there is no region with the code {:?}: write one as 440300", request.region);
                return Err(refuse(Code::InvalidArgument, "UNKNOWN_REGION", zh, en));
            }
            let on_earth = (-180.0..=180.0).contains(&request.longitude) && (-90.0..=90.0).contains(&request.latitude);
            if !on_earth {
                let (zh, en) = (
                    "经度应在 -180 与 180 之间，纬度应在 -90 与 90 之间",
                    "a longitude lies between -180 and 180, a latitude between -90 and 90",
                );
                return Err(refuse(Code::InvalidArgument, "BAD_PLACE", zh, en));
            }
        }
        for circle in &request.circles {
            self.circle(circle)?;
        }
        Ok(())
    }

    /// Whether there is a record of this name now.
    async fn holds(&self, name: &RecordName) -> Result<bool, Status> {
        let rows = self.0.engine.rows(std::slice::from_ref(name)).await;
        let rows = rows.map_err(|error| Status::internal(duikou_node::error::chain(&error)))?;
        Ok(rows.iter().any(|row| row.record.is_some()))
    }

    fn record(&self, text: &str) -> Result<RecordName, Status> {
        RecordName::parse(text, &self.0.engine.identity().network).map_err(|error| {
            let zh = format!("名称“{text}”无效：应为 members/成员/listings/编号");
            refuse(Code::InvalidArgument, "BAD_NAME", zh, error.to_string())
        })
    }
}

#[tonic::async_trait]
impl AdmissionService for Membership {
    async fn create_invite(
        &self,
        request: Request<CreateInviteRequest>,
    ) -> Result<Response<CreateInviteResponse>, Status> {
        let request = request.into_inner();
        let member = self.member_id(&request.member)?;
        let directory = self.0.engine.directory();
        let held = directory.member(&member);
        self.check_invite(&request, &member, held.is_some())?;
        if request.here {
            self.admit_here(&member, request).await?;
            return Ok(Response::new(CreateInviteResponse::default()));
        }
        let valid = match u64::try_from(request.valid_seconds) {
            Ok(0) => VALID_DEFAULT,
            Ok(seconds) if Duration::from_secs(seconds) <= VALID_MAX => Duration::from_secs(seconds),
            _ => {
                let (zh, en) = ("邀请的有效期为 1 秒至 30 天", "an invite is valid for 1 second to 30 days");
                return Err(refuse(Code::InvalidArgument, "BAD_VALIDITY", zh, en));
            }
        };
        let secret = provider::random::<32>().map_err(|_| Status::internal("no randomness"))?;
        let create_time = self.0.engine.now();
        let expire_time = create_time + valid.as_micros() as i64;
        let invite = Invite {
            member: member.to_string(),
            name_zh: request.name_zh.trim().to_owned(),
            name_en: request.name_en.trim().to_owned(),
            region: reference::normalise_region(&request.region).into_owned(),
            longitude: request.longitude,
            latitude: request.latitude,
            circles: request.circles,
            replace_keys: request.replace_keys,
            expire_time,
            create_time,
            revoke_time: None,
            feed: hex(&self.0.engine.feed_id()),
        };
        let event = Event::new(audit::Action::InviteCreate, format!("members/{member}"));
        let event = event.saying(if request.replace_keys { "replaces keys" } else { "" });
        let kept = self.0.engine.put_fact_by(Actor::local(), event, invite::key(&secret), Some(invite)).await;
        kept.map_err(|error| unwritten(&error))?;
        let root = directory.root_fingerprint().unwrap_or_default();
        let token = JoinToken {
            network: self.0.engine.identity().network.to_string(),
            address: self.0.address.clone(),
            root_fingerprint: root.to_vec(),
            ca_fingerprint: self.0.certificates.authority().fingerprint().to_vec(),
            member: member.to_string(),
            secret: secret.to_vec(),
            expire_time,
            gateway: self.0.gateway.to_string(),
            node: held.map(|member| member.node.to_string()).unwrap_or_default(),
        };
        Ok(Response::new(CreateInviteResponse {
            token: encode_token(&token),
            expire_time: Some(Timestamp { seconds: expire_time / 1_000_000, nanos: 0 }),
            root_fingerprint: hex(&root),
            name: invite::name(&invite::key(&secret)),
        }))
    }

    async fn list_invites(&self, _: Request<ListInvitesRequest>) -> Result<Response<ListInvitesResponse>, Status> {
        let invites = invite::list(&self.0.engine).await.map_err(unread)?;
        Ok(Response::new(ListInvitesResponse { invites }))
    }

    async fn revoke_invite(&self, request: Request<RevokeInviteRequest>) -> Result<Response<ShownInvite>, Status> {
        let name = request.into_inner().name;
        let revoked = self.0.engine.submit(Revoke(name.clone())).await.map_err(|error| unwritten(&error))?;
        let Some(invite) = revoked else {
            let name: String = name.chars().take(NAME_CHARACTERS).collect();
            let (zh, en) = (
                format!("没有邀请码 {name}；全部见 duikou-gateway invites list"),
                format!("there is no invite {name}; duikou-gateway invites list shows all"),
            );
            return Err(refuse(Code::NotFound, "NO_SUCH_INVITE", zh, en));
        };
        if invite.state() == InviteState::Used {
            let short = |id: &str| id.split('.').next().unwrap_or_default().to_owned();
            let (member, node) = (short(&invite.member), short(&invite.node));
            return Err(refuse(
                Code::FailedPrecondition,
                "INVITE_USED",
                format!(
                    "{name} 已被节点 {node} 使用，不能撤回；若不应由它使用，请立即执行 duikou-gateway members suspend {member}"
                ),
                format!(
                    "the node {node} has used {name}, which cannot be taken back; if it should not have: duikou-gateway members suspend {member}, at once"
                ),
            ));
        }
        Ok(Response::new(invite))
    }

    async fn suspend_member(
        &self,
        request: Request<SuspendMemberRequest>,
    ) -> Result<Response<SuspendMemberResponse>, Status> {
        let request = request.into_inner();
        let (member, directory) = self.known(&request.member)?;
        if directory.member(&member).is_some_and(|member| member.state == MemberState::Active) {
            let reason = super::reason(&request.reason);
            self.make(vec![Action::Suspend(Suspend { member: member.to_string(), reason })]).await?;
        }
        Ok(Response::new(SuspendMemberResponse {}))
    }

    async fn resume_member(
        &self,
        request: Request<ResumeMemberRequest>,
    ) -> Result<Response<ResumeMemberResponse>, Status> {
        let (member, directory) = self.known(&request.into_inner().member)?;
        if directory.member(&member).is_some_and(|member| member.state == MemberState::Suspended) {
            self.make(vec![Action::Resume(Resume { member: member.to_string() })]).await?;
        }
        Ok(Response::new(ResumeMemberResponse {}))
    }

    async fn remove_member(
        &self,
        request: Request<RemoveMemberRequest>,
    ) -> Result<Response<RemoveMemberResponse>, Status> {
        self.remove(request.into_inner()).await.map(|()| Response::new(RemoveMemberResponse {}))
    }

    async fn restore_member(
        &self,
        request: Request<RestoreMemberRequest>,
    ) -> Result<Response<RestoreMemberResponse>, Status> {
        self.restore(&request.into_inner().member).await.map(|()| Response::new(RestoreMemberResponse {}))
    }

    async fn move_member(&self, request: Request<MoveMemberRequest>) -> Result<Response<MoveMemberResponse>, Status> {
        self.move_to(request.into_inner()).await.map(Response::new)
    }

    async fn create_circle(
        &self,
        request: Request<CreateCircleRequest>,
    ) -> Result<Response<CreateCircleResponse>, Status> {
        let circle = request.into_inner().circle;
        if !is_label(&circle) {
            let zh = format!("圈子名“{circle}”无效：只能用小写字母、数字和连字符，最多 64 个");
            let en = format!("{circle:?} is no name of a circle: 1 to 64 of a-z, 0-9 and -");
            return Err(refuse(Code::InvalidArgument, "BAD_CIRCLE", zh, en));
        }
        if self.0.engine.directory().circle_members(&circle).is_some() {
            let zh = format!("圈子 {circle} 已存在；圈子名不能重复使用");
            let en = format!("circle {circle} exists; the name of a circle is never used again");
            return Err(refuse(Code::AlreadyExists, "CIRCLE_EXISTS", zh, en));
        }
        self.make(vec![Action::CircleCreate(CircleCreate { circle })]).await?;
        Ok(Response::new(CreateCircleResponse {}))
    }

    async fn add_to_circle(
        &self,
        request: Request<AddToCircleRequest>,
    ) -> Result<Response<AddToCircleResponse>, Status> {
        let request = request.into_inner();
        let (member, directory) = self.known(&request.member)?;
        self.circle(&request.circle)?;
        if directory.circle_members(&request.circle).is_some_and(|members| !members.contains(&member)) {
            let add = CircleAdd { circle: request.circle, member: member.to_string() };
            self.make(vec![Action::CircleAdd(add)]).await?;
        }
        Ok(Response::new(AddToCircleResponse {}))
    }

    async fn drop_from_circle(
        &self,
        request: Request<DropFromCircleRequest>,
    ) -> Result<Response<DropFromCircleResponse>, Status> {
        let request = request.into_inner();
        let (member, directory) = self.known(&request.member)?;
        self.circle(&request.circle)?;
        if directory.circle_members(&request.circle).is_some_and(|members| members.contains(&member)) {
            let drop = CircleDrop { circle: request.circle, member: member.to_string() };
            self.make(vec![Action::CircleDrop(drop)]).await?;
        }
        Ok(Response::new(DropFromCircleResponse {}))
    }

    async fn hide_record(&self, request: Request<HideRecordRequest>) -> Result<Response<HideRecordResponse>, Status> {
        let request = request.into_inner();
        let name = self.record(&request.name)?;
        if request.reason.trim().is_empty() {
            let (zh, en) = ("请说明理由：将告知发布方", "give a reason: the origin is told");
            return Err(refuse(Code::InvalidArgument, "REASON_REQUIRED", zh, en));
        }
        if !self.0.engine.directory().hides(&name) {
            if !request.allow_missing && !self.holds(&name).await? {
                // An entry is for good, and hides nothing where the name was mistyped.
                let zh = format!("网关没有名为 {name} 的信息：请核对名称");
                let en = format!("the gateway holds nothing called {name}: check the name");
                return Err(refuse(Code::NotFound, "NO_SUCH_RECORD", zh, en));
            }
            let salt = provider::random::<16>().map_err(|_| Status::internal("no randomness"))?;
            let reason = super::reason(&request.reason);
            let hide = Hide { salt: salt.to_vec(), name_hash: Hidden::hash(&salt, &name), reason };
            self.make(vec![Action::Hide(hide)]).await?;
        }
        Ok(Response::new(HideRecordResponse {}))
    }

    async fn show_record(&self, request: Request<ShowRecordRequest>) -> Result<Response<ShowRecordResponse>, Status> {
        let name = self.record(&request.into_inner().name)?;
        let directory = self.0.engine.directory();
        let shows = directory
            .hidden()
            .iter()
            .filter(|hidden| hidden.means(&name))
            .map(|hidden| Action::Show(Show { salt: hidden.salt.clone(), name_hash: hidden.name_hash.clone() }));
        let shows: Vec<Action> = shows.collect();
        if shows.is_empty() {
            let (zh, en) = (format!("没有隐藏 {name}：请核对名称"), format!("{name} is not hidden: check the name"));
            return Err(refuse(Code::NotFound, "NOT_HIDDEN", zh, en));
        }
        self.make(shows).await?;
        Ok(Response::new(ShowRecordResponse {}))
    }
}
