//! Who is in the network, for everyone; circles for those who are in them.

use duikou_proto::directory::{Directory, Member, MemberState};
use duikou_proto::hex::hex;
use duikou_proto::name::{MemberId, NetworkName};
use duikou_proto::scope::Scope;
use duikou_proto::v1::directory_service_server::DirectoryService;
use duikou_proto::v1::{self, member};
use duikou_proto::validate::reason;
use tonic::{Request, Response, Status, async_trait};

use super::auth::{Caller, Door};
use super::error::Failure;
use super::page_token::{Purpose, page_size};
use crate::engine::completeness::Completeness;
use crate::engine::{Engine, Reader};
use crate::time::timestamp;

pub(crate) struct Directories {
    pub(crate) door: Door,
}

impl Directories {
    fn network(&self) -> v1::Network {
        let directory = self.door.engine.directory();
        let link = directory.link();
        v1::Network {
            name: self.door.engine.identity().network.to_string(),
            root_fingerprint: directory.root_fingerprint().map(|hash| hex(&hash)).unwrap_or_default(),
            directory_index: link.index,
            directory_hash: hex(&link.hash),
            directory_time: (link.index >= 0).then(|| timestamp(link.time)),
        }
    }

    fn members(&self, caller: &Caller, request: &v1::ListMembersRequest) -> Result<v1::ListMembersResponse, Failure> {
        let size = page_size(request.page_size)?;
        let purpose = Purpose::new("ListMembers", &[], &caller.reader);
        let after = purpose.open(&self.door.engine, &request.page_token)?;
        let directory = self.door.engine.directory();
        let mut rest = directory.members().filter(|member| member.id.as_str() > after.as_str());
        let held = held_of(&self.door.engine, &caller.reader);
        let members: Vec<v1::Member> =
            rest.by_ref().take(size).map(|member| shown(member, &held, &caller.reader)).collect();
        let next = members.last().filter(|_| rest.next().is_some());
        let next_page_token =
            next.map(|last| purpose.seal(&self.door.engine, last.name.trim_start_matches("members/")));
        Ok(v1::ListMembersResponse { next_page_token: next_page_token.unwrap_or_default(), members })
    }

    fn member(&self, caller: &Caller, name: &str) -> Result<v1::Member, Failure> {
        let id = member_of(name, &self.door.engine.identity().network).ok_or_else(|| bad_member_name("name"))?;
        let directory = self.door.engine.directory();
        let held = held_of(&self.door.engine, &caller.reader);
        directory
            .member(&id)
            .map(|member| shown(member, &held, &caller.reader))
            .ok_or_else(|| Failure::NotFound(format!("members/{id}")))
    }

    fn circles(&self, caller: &Caller) -> v1::ListCirclesResponse {
        let directory = self.door.engine.directory();
        let network = &self.door.engine.identity().network;
        let circles = directory.circles().filter(|(name, _)| belongs(&caller.reader, name, network, &directory));
        let circles = circles.map(|(name, members)| v1::Circle {
            name: name.clone(),
            members: members.iter().map(|member| member.short().to_owned()).collect(),
        });
        v1::ListCirclesResponse { circles: circles.collect() }
    }
}

fn belongs(reader: &Reader, circle: &str, network: &NetworkName, directory: &Directory) -> bool {
    match reader {
        Reader::Operator => true,
        Reader::Member(member) => {
            Scope::circle(circle, network).is_ok_and(|scope| directory.member_scopes(member).contains(&scope))
        }
        Reader::Anonymous | Reader::Registered => false,
        Reader::Narrowed(reader, scopes) => {
            Scope::circle(circle, network).is_ok_and(|scope| scopes.contains(&scope))
                && belongs(reader, circle, network, directory)
        }
    }
}

/// What is held of others in scopes that the reader has.
pub(crate) fn held_of(engine: &Engine, reader: &Reader) -> Vec<Completeness> {
    let viewer = engine.viewer(reader);
    let mut held = engine.completeness();
    held.retain(|held| held.scope.parse().is_ok_and(|scope| viewer.has(&scope)));
    held
}

/// Completeness as the contract has it.
pub(crate) fn completeness(held: &Completeness) -> v1::Completeness {
    v1::Completeness {
        scope: held.scope.clone(),
        state: held.state.into(),
        complete_time: held.complete.map(timestamp),
        head_time: Some(timestamp(held.issued)),
    }
}

/// The member in `members/{member}`.
pub(crate) fn member_of(name: &str, network: &NetworkName) -> Option<MemberId> {
    MemberId::parse(name.strip_prefix("members/")?, network).ok()
}

pub(crate) fn bad_member_name(field: &str) -> Failure {
    Failure::field(
        field,
        reason::BAD_FORMAT,
        "名称格式不正确，请按此格式填写：members/成员。",
        "This is no member's name: write it like members/MEMBER.",
    )
}

/// Whether a reader is of the network, and so may know why somebody takes no part in it.
fn is_within(reader: &Reader) -> bool {
    matches!(reader.whole(), Reader::Operator | Reader::Member(_))
}

fn shown(member: &Member, held: &[Completeness], reader: &Reader) -> v1::Member {
    let key = member.keys.newest();
    let state = match member.state {
        MemberState::Active => member::State::Active,
        MemberState::Suspended => member::State::Suspended,
        MemberState::Removed(_) => member::State::Removed,
    };
    let drop_time = match member.state {
        MemberState::Removed(until) => Some(timestamp(until)),
        MemberState::Active | MemberState::Suspended => None,
    };
    v1::Member {
        name: format!("members/{}", member.id),
        id: member.id.short().to_owned(),
        name_zh: member.name_zh.clone(),
        name_en: member.name_en.clone(),
        region: member.region.clone(),
        longitude: member.longitude,
        latitude: member.latitude,
        node: member.node.to_string(),
        state: state.into(),
        key_number: key.map_or(0, |key| key.number),
        moving_to: member.moving.as_ref().map(ToString::to_string).unwrap_or_default(),
        drop_time,
        state_reason: if is_within(reader) { member.reason.clone() } else { String::new() },
        completeness: held.iter().filter(|held| held.origin == member.id.as_str()).map(completeness).collect(),
        key_fingerprint: key.map(|key| key.key.fingerprint()).unwrap_or_default(),
    }
}

#[async_trait]
impl DirectoryService for Directories {
    async fn get_network(&self, request: Request<v1::GetNetworkRequest>) -> Result<Response<v1::Network>, Status> {
        self.door.enter(request).await?;
        Ok(Response::new(self.network()))
    }

    async fn list_members(
        &self,
        request: Request<v1::ListMembersRequest>,
    ) -> Result<Response<v1::ListMembersResponse>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.members(&caller, &message).map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn get_member(&self, request: Request<v1::GetMemberRequest>) -> Result<Response<v1::Member>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.member(&caller, &message.name).map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn list_circles(
        &self,
        request: Request<v1::ListCirclesRequest>,
    ) -> Result<Response<v1::ListCirclesResponse>, Status> {
        let (caller, _, _) = self.door.enter(request).await?;
        Ok(Response::new(self.circles(&caller)))
    }
}
