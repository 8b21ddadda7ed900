//! Tokens by which programs prove what they may do.

use std::collections::{BTreeSet, HashMap};

use async_trait::async_trait;
use duikou_proto::envelope::Micros;
use duikou_proto::name::MemberId;
use duikou_proto::scope::Scope;
use duikou_proto::v1::token::{Area, Role};
use duikou_proto::v1::token_service_server::TokenService;
use duikou_proto::v1::{self, Token};
use duikou_proto::validate::{Violation, reason};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::auth::{Caller, Door, SECRET_PREFIX, token_key};
use super::error::{Failure, label_fault, violation};
use crate::audit::{Action, Actor, Event};
use crate::delivery::{Changed, Desk, WithToken, end_with_token};
use crate::engine::{Command, MemberText, Reader, TokenFact, Work, facts, forget_token};
use crate::limits;
use crate::store::StoreError;
use crate::time::{has_form, micros, timestamp};
use crate::uses::Uses;
use crate::world::random_text;

/// Scopes to which a token is narrowed.
const SCOPES: usize = 16;

pub(crate) struct Tokens {
    pub(crate) door: Door,
    pub(crate) uses: Uses,
    /// Where the subscriptions are that end with a token.
    pub(crate) desk: Desk,
}

impl Tokens {
    async fn create(&self, caller: &Caller, token: Token) -> Result<v1::CreateTokenResponse, Failure> {
        let owner = caller.require_admin()?;
        let mut fact = self.check(token).await?;
        if owner.is_some_and(|owner| fact.member.as_ref().is_none_or(|member| member.0 != *owner)) {
            return Err(Failure::NotPermitted);
        }
        (fact.areas, fact.expire_time) = caller.limit(fact.areas, fact.expire_time)?;
        let secret = format!("{SECRET_PREFIX}{}", *random_text());
        let bounded = owner.is_some();
        let added = Add { key: token_key(&secret), fact: fact.clone(), bounded };
        let event = Event::new(Action::TokenCreate, format!("tokens/{}", fact.id));
        let event = event.of_any(fact.member.as_ref().map(|member| &member.0)).saying(told(&fact));
        let tell = move |added: &bool| added.then(|| event.clone());
        if !self.door.engine.submit_audited(caller.actor(), added, tell).await? {
            return Err(Failure::TokenLimit);
        }
        Ok(v1::CreateTokenResponse { token: Some(shown(fact, None)), secret })
    }

    async fn check(&self, token: Token) -> Result<TokenFact, Failure> {
        let mut found = Vec::new();
        let engine = &self.door.engine;
        found.extend(label_fault("token.label", &token.label));
        let role = Role::try_from(token.role).unwrap_or(Role::Unspecified);
        if role == Role::Unspecified {
            found.push(violation(
                "token.role",
                reason::UNSPECIFIED,
                "尚未选择角色，请选择 VIEWER、EDITOR、REVIEWER 或 ADMIN。",
                "No role is chosen: choose VIEWER, EDITOR, REVIEWER or ADMIN.",
            ));
        }
        let member = self.member(&token, role, &mut found);
        let enterprise = self.enterprise(&token, &mut found).await?;
        let scopes = self.scopes(&token, role, member.as_ref(), &mut found);
        if token.areas.iter().any(|area| Area::try_from(*area).unwrap_or_default() == Area::Unspecified) {
            found.push(violation(
                "token.areas",
                reason::UNKNOWN_CODE,
                "用途只能是 READ、WRITE、SUBSCRIPTIONS、QUERY 或 TOKENS，请修改。",
                "An area is READ, WRITE, SUBSCRIPTIONS, QUERY or TOKENS: choose among these.",
            ));
        }
        let areas: BTreeSet<i32> = token.areas.iter().copied().collect();
        let is_good = |time: &Micros| *time > engine.now() && has_form(*time);
        let expire_time = token.expire_time.as_ref().map(|time| micros(time).filter(is_good));
        if expire_time == Some(None) {
            found.push(violation(
                "token.expire_time",
                reason::OUT_OF_RANGE,
                "失效时间须晚于现在、早于公元10000年，请修改或不填。",
                "A token expires after now and before the year 10000: change the time, or leave it out.",
            ));
        }
        if !found.is_empty() {
            return Err(Failure::Violations(found));
        }
        Ok(TokenFact {
            id: Uuid::now_v7().to_string(),
            label: token.label,
            member: member.map(MemberText),
            role: role.into(),
            create_time: engine.now(),
            expire_time: expire_time.flatten(),
            scopes,
            areas: areas.into_iter().collect(),
            enterprise,
        })
    }

    /// The id of the registered reader that a token is for.
    async fn enterprise(&self, token: &Token, found: &mut Vec<Violation>) -> Result<Option<String>, Failure> {
        if token.enterprise.is_empty() {
            return Ok(None);
        }
        let id = token.enterprise.strip_prefix("enterprises/").unwrap_or(&token.enterprise);
        if !token.registered {
            found.push(violation(
                "token.enterprise",
                reason::INCONSISTENT,
                "只有注册企业的令牌才能指明企业，请同时设置 registered。",
                "Only the token of a registered reader names an enterprise: set `registered` too.",
            ));
        } else if self.door.engine.enterprise(id).await?.is_none() {
            found.push(violation(
                "token.enterprise",
                reason::UNKNOWN_CODE,
                "没有此注册企业，请先登记：duikou-gateway enterprises create。",
                "There is no such enterprise: register it first, with duikou-gateway enterprises create.",
            ));
        }
        Ok(Some(id.to_owned()))
    }

    /// The scopes to which a token is narrowed, absolute.
    fn scopes(&self, token: &Token, role: Role, member: Option<&MemberId>, found: &mut Vec<Violation>) -> Vec<String> {
        if token.scopes.is_empty() {
            return Vec::new();
        }
        if role != Role::Viewer || token.scopes.len() > SCOPES {
            found.push(violation(
                "token.scopes",
                reason::INCONSISTENT,
                format!("只有查看令牌（VIEWER）可以限定范围，最多{SCOPES}个，请修改。"),
                format!("Only a VIEWER is narrowed, to at most {SCOPES} scopes: change one of the two."),
            ));
            return Vec::new();
        }
        let engine = &self.door.engine;
        let whole = member.cloned().map_or(Reader::Registered, Reader::Member);
        let viewer = engine.viewer(&whole);
        let mut scopes = BTreeSet::new();
        for (index, text) in token.scopes.iter().enumerate() {
            match Scope::parse(text, &engine.identity().network).ok().filter(|scope| viewer.has(scope)) {
                Some(scope) => drop(scopes.insert(scope.to_string())),
                None => found.push(violation(
                    &format!("token.scopes[{index}]"),
                    reason::UNKNOWN_CODE,
                    "此读者没有该范围，请修改。",
                    "The reader of this token does not have that scope: name one that it has.",
                )),
            }
        }
        scopes.into_iter().collect()
    }

    fn member(&self, token: &Token, role: Role, found: &mut Vec<Violation>) -> Option<MemberId> {
        let engine = &self.door.engine;
        if token.member.is_empty() != token.registered {
            found.push(violation(
                "token.member",
                reason::INCONSISTENT,
                "成员与注册企业须且只能选其一，请修改。",
                "Give either a member or `registered`, and not both.",
            ));
            return None;
        }
        if token.registered {
            if matches!(role, Role::Editor | Role::Reviewer | Role::Admin) {
                found.push(violation(
                    "token.role",
                    reason::INCONSISTENT,
                    "注册企业的令牌只能查看，请选择 VIEWER。",
                    "A registered reader only reads: choose VIEWER.",
                ));
            }
            return None;
        }
        let id = MemberId::parse(&token.member, &engine.identity().network).ok();
        let hosted = id.filter(|id| {
            let node = &engine.identity().node;
            // A gateway serves every member; a node those that live on it.
            engine.directory().member(id).is_some_and(|member| engine.identity().carrier || member.node == *node)
        });
        if hosted.is_none() {
            found.push(violation(
                "token.member",
                reason::UNKNOWN_CODE,
                "本节点未托管该成员，请填写本节点的成员。",
                "This server hosts no such member: name one that it hosts.",
            ));
        }
        hosted
    }

    async fn list(&self, caller: &Caller) -> Result<v1::ListTokensResponse, Failure> {
        let owner = caller.require_admin()?;
        let engine = &self.door.engine;
        let mut kept = engine.facts::<TokenFact>(facts::TOKENS, limits::TOKENS).await?;
        kept.retain(|(_, fact)| is_of(fact, owner));
        kept.sort_by(|(_, a), (_, b)| (b.create_time, &b.id).cmp(&(a.create_time, &a.id)));
        let mut uses: HashMap<_, _> =
            engine.facts::<Micros>(facts::TOKEN_USES, limits::TOKENS).await?.into_iter().collect();
        let tokens = kept.into_iter().map(|(key, fact)| {
            let last_use = self.uses.noted(&key).or_else(|| uses.remove(&facts::token_use(&key)));
            shown(fact, last_use)
        });
        Ok(v1::ListTokensResponse { tokens: tokens.collect() })
    }

    async fn revoke(
        &self,
        caller: &Caller,
        request: v1::RevokeTokenRequest,
    ) -> Result<v1::RevokeTokenResponse, Failure> {
        let owner = caller.require_admin()?.cloned();
        let absent = || Failure::NotFound(request.name.chars().take(80).collect());
        let id = request.name.strip_prefix("tokens/").ok_or_else(absent)?.to_owned();
        let tell = |revoked: &Option<(TokenFact, WithToken)>| {
            let (fact, _) = revoked.as_ref()?;
            let event = Event::new(Action::TokenRevoke, format!("tokens/{}", fact.id));
            Some(event.of_any(fact.member.as_ref().map(|member| &member.0)).saying(told(fact)))
        };
        let revoke = Revoke { id, owner, all: request.end_subscriptions, by: caller.actor() };
        let (engine, by) = (self.door.engine.clone(), caller.actor());
        let revoking = async move { engine.submit_audited(by, revoke, tell).await };
        let ended = |revoked: &Option<(TokenFact, WithToken)>| {
            let ended = revoked.iter().flat_map(|(_, with)| &with.ended);
            ended.map(|id| Changed::Ended(id.clone())).collect()
        };
        let revoked = self.desk.carry_out(revoking, ended).await?;
        let (_, WithToken { ended, left }) = revoked.ok_or_else(absent)?;
        let named = |ids: Vec<String>| ids.iter().map(|id| format!("subscriptions/{id}")).collect();
        Ok(v1::RevokeTokenResponse { subscriptions: named(left), ended_subscriptions: named(ended) })
    }
}

fn is_of(fact: &TokenFact, owner: Option<&MemberId>) -> bool {
    owner.is_none_or(|owner| fact.member.as_ref().is_some_and(|member| member.0 == *owner))
}

fn shown(fact: TokenFact, last_use: Option<Micros>) -> Token {
    Token {
        name: format!("tokens/{}", fact.id),
        label: fact.label,
        registered: fact.member.is_none(),
        member: fact.member.map(String::from).unwrap_or_default(),
        role: fact.role,
        create_time: Some(timestamp(fact.create_time)),
        expire_time: fact.expire_time.map(timestamp),
        scopes: fact.scopes,
        areas: fact.areas,
        last_use_time: last_use.map(timestamp),
        enterprise: fact.enterprise.map(|id| format!("enterprises/{id}")).unwrap_or_default(),
    }
}

/// Keeps a token; false where there are as many as there may be.
struct Add {
    key: String,
    fact: TokenFact,
    /// Whether a member makes it, which has room of its own.
    bounded: bool,
}

#[async_trait]
impl Command for Add {
    type Output = bool;

    async fn run(self, work: &mut Work<'_>) -> Result<bool, StoreError> {
        let held = work.facts::<TokenFact>(facts::TOKENS, limits::TOKENS).await?;
        let (count, now) = (held.len(), work.now);
        let is_dead = |(_, fact): &(String, TokenFact)| fact.expire_time.is_some_and(|time| time <= now);
        let (dead, good): (Vec<_>, Vec<_>) = held.into_iter().partition(is_dead);
        let own = good.iter().filter(|(_, fact)| fact.member == self.fact.member).count();
        let room = if self.bounded { limits::TOKENS_OF_MEMBERS } else { limits::TOKENS };
        if good.len() >= room || (self.bounded && own >= limits::TOKENS_PER_MEMBER) {
            return Ok(false);
        }
        if count >= room {
            dead.into_iter().for_each(|(key, _)| forget_token(work, key));
        }
        work.put_fact(self.key, &self.fact);
        Ok(true)
    }
}

/// What the audit trail is told of a token.
fn told(fact: &TokenFact) -> String {
    let role = Role::try_from(fact.role).unwrap_or_default().as_str_name();
    format!("{role} {}", fact.label)
}

/// Forgets a token and what ends with it; None where there is none for `owner`.
struct Revoke {
    id: String,
    owner: Option<MemberId>,
    /// Whether what it has made for its member ends as well.
    all: bool,
    by: Actor,
}

#[async_trait]
impl Command for Revoke {
    type Output = Option<(TokenFact, WithToken)>;

    async fn run(self, work: &mut Work<'_>) -> Result<Self::Output, StoreError> {
        let held = work.facts::<TokenFact>(facts::TOKENS, limits::TOKENS).await?;
        let found = held.into_iter().find(|(_, fact)| fact.id == self.id && is_of(fact, self.owner.as_ref()));
        let Some((key, fact)) = found else { return Ok(None) };
        forget_token(work, key);
        let with = end_with_token(work, &self.id, self.all, &self.by).await?;
        Ok(Some((fact, with)))
    }
}

#[async_trait]
impl TokenService for Tokens {
    async fn create_token(
        &self,
        request: Request<v1::CreateTokenRequest>,
    ) -> Result<Response<v1::CreateTokenResponse>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        let token = message.token.unwrap_or_default();
        self.create(&caller, token).await.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn list_tokens(
        &self,
        request: Request<v1::ListTokensRequest>,
    ) -> Result<Response<v1::ListTokensResponse>, Status> {
        let (caller, language, _) = self.door.enter(request).await?;
        self.list(&caller).await.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn revoke_token(
        &self,
        request: Request<v1::RevokeTokenRequest>,
    ) -> Result<Response<v1::RevokeTokenResponse>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.revoke(&caller, message).await.map(Response::new).map_err(|failure| failure.status(language))
    }
}
