//! The audit trail as administrators read it, and have it verified.

mod by_resource;

use std::sync::Arc;

use duikou_proto::envelope::Micros;
use duikou_proto::name::{MemberId, RecordName};
use duikou_proto::v1::audit_service_server::AuditService;
use duikou_proto::v1::{self, AuditEntry};
use duikou_proto::validate::reason;
use prost::Message;
use tokio::sync::Semaphore;
use tonic::{Request, Response, Status, async_trait};

use self::by_resource::ByResource;
use super::auth::{Caller, Door};
use super::error::Failure;
use super::page_token::{Purpose, page_size};
use crate::accounts::Role;
use crate::audit::{Action, Entry, Head};
use crate::engine::Engine;
use crate::limits;
use crate::time::{micros, timestamp};

/// Characters of what entries are looked for by.
const SOUGHT_CHARS: usize = 320;

pub(crate) struct Audits {
    door: Door,
    /// Reading the whole chain is for one at a time.
    verifying: Arc<Semaphore>,
    by_resource: ByResource,
}

impl Audits {
    pub(crate) fn new(door: Door) -> Self {
        Self { door, verifying: Arc::new(Semaphore::new(1)), by_resource: ByResource::default() }
    }

    async fn list(
        &self,
        caller: &Caller,
        mut request: v1::ListAuditEntriesRequest,
    ) -> Result<v1::ListAuditEntriesResponse, Failure> {
        let owner = caller.require_admin()?.cloned();
        let engine = &self.door.engine;
        let limit = page_size(request.page_size)?;
        let token = std::mem::take(&mut request.page_token);
        let sought = Sought::read(engine, owner, &request)?;
        request.page_size = 0;
        let purpose = Purpose::new("ListAuditEntries", &[&request.encode_to_vec()], &caller.reader);
        let place = purpose.open(engine, &token)?.parse::<u64>().ok();
        let mut walk = Walk::begin(engine, request.oldest_first, place).await?;
        let read = gather(engine, &sought, &mut walk, limit).await?;
        let entries = read.into_iter().map(|(entry, bytes)| shown(entry, bytes, sought.owner.is_none())).collect();
        let next_page_token =
            if walk.is_over() { String::new() } else { purpose.seal(engine, &walk.place.to_string()) };
        Ok(v1::ListAuditEntriesResponse { entries, next_page_token })
    }

    /// What was done here to a listing, newest first, at most so much: for those who may write it, who need not administer
    /// anything to know what was done to it.
    pub(crate) async fn history(&self, request: Request<(RecordName, usize)>) -> Result<Vec<Happened>, Status> {
        let (caller, language, (name, limit)) = self.door.enter_with(Role::Editor, request).await?;
        let history = async {
            let engine = &self.door.engine;
            let member = MemberId::parse(name.origin_str(), &engine.identity().network);
            caller.require_editor_of(&member.map_err(|_| Failure::NotPermitted)?)?;
            let mut entries = Vec::new();
            for number in self.by_resource.numbers(engine, name.as_str()).await? {
                if let Some((entry, bytes)) = entry(engine, number, name.as_str()).await? {
                    let author = self.author_of(number, &entry).await?;
                    entries.push(Happened { entry: shown(entry, bytes, false), author });
                }
                if entries.len() == limit {
                    break;
                }
            }
            Ok::<_, Failure>(entries)
        };
        history.await.map_err(|failure| failure.status(language))
    }

    /// Who began the draft by whose approval this came about; empty: none was approved, or that is no longer told.
    async fn author_of(&self, number: u64, done: &Entry) -> Result<String, Failure> {
        let engine = &self.door.engine;
        let code = |action: Action| action.code();
        if ![code(Action::ListingCreate), code(Action::ListingUpdate)].contains(&&*done.action) {
            return Ok(String::new());
        }
        // The approval is told in the same transaction, just before.
        let before = engine.audit_entries(number.saturating_sub(2), 1).await?.pop();
        let approval = before.and_then(|(_, bytes)| serde_json::from_slice::<Entry>(&bytes).ok());
        let is_its = |entry: &Entry| {
            entry.action == code(Action::DraftApprove) && entry.detail.split(' ').next() == Some(&done.resource)
        };
        let Some(approval) = approval.filter(is_its) else { return Ok(String::new()) };
        let Some(first) = self.by_resource.numbers(engine, &approval.resource).await?.pop() else {
            return Ok(String::new());
        };
        let begun = entry(engine, first, &approval.resource).await?;
        let begun = begun.filter(|(entry, _)| entry.action == code(Action::DraftCreate));
        Ok(begun.map(|(entry, _)| entry.actor).unwrap_or_default())
    }

    async fn verify(
        &self,
        caller: &Caller,
        request: &v1::VerifyAuditRequest,
    ) -> Result<v1::VerifyAuditResponse, Failure> {
        if caller.require_admin()?.is_some() {
            return Err(Failure::NotPermitted);
        }
        let noted = match request.head.as_str() {
            "" => None,
            text => Some(text.parse::<Head>().map_err(|_| bad_head())?),
        };
        let _turn = self.verifying.try_acquire().map_err(|_| Failure::VerifyLimit)?;
        let verdict = self.door.engine.verify_audit(noted).await?;
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        Ok(v1::VerifyAuditResponse {
            whole: verdict.broken.is_none(),
            broken_number: verdict.broken.map_or(0, |broken| number(broken.number)),
            broken_reason: verdict.broken.map(|broken| broken.why.code().to_owned()).unwrap_or_default(),
            entry_count: number(verdict.head.number),
            head: verdict.head.to_string(),
            sealed_number: number(verdict.sealed),
        })
    }
}

fn bad_head() -> Failure {
    Failure::field(
        "head",
        reason::BAD_FORMAT,
        "校验码（链头）应写作 编号:哈希，即上次校验给出的内容。",
        "A head is written NUMBER:HASH, as `audit verify` says it.",
    )
}

/// Something that was done to a listing.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Happened {
    pub(crate) entry: AuditEntry,
    /// Who wrote what was approved, where somebody else may have done that; empty: whoever did it.
    pub(crate) author: String,
}

/// The entry with this number, where it is of `resource`.
async fn entry(engine: &Engine, number: u64, resource: &str) -> Result<Option<(Entry, Vec<u8>)>, Failure> {
    let found = engine.audit_entries(number.saturating_sub(1), 1).await?.pop();
    let read = found.and_then(|(_, bytes)| Some((serde_json::from_slice::<Entry>(&bytes).ok()?, bytes)));
    Ok(read.filter(|(entry, _)| entry.resource == resource))
}

/// The entries that are wanted, at most `limit`, of a bounded number that is looked at.
async fn gather(
    engine: &Engine,
    sought: &Sought,
    walk: &mut Walk,
    limit: usize,
) -> Result<Vec<(Entry, Vec<u8>)>, Failure> {
    let (mut entries, mut looked) = (Vec::new(), 0);
    while let Some(page) = walk.page(engine).await? {
        for (number, bytes) in page {
            looked += 1;
            walk.place = number;
            // What cannot be read is for `verify` to tell of.
            let read: Option<Entry> = serde_json::from_slice(&bytes).ok();
            entries.extend(read.filter(|entry| sought.matches(entry)).map(|entry| (entry, bytes)));
            if entries.len() == limit || looked == limits::AUDIT_LOOKED {
                return Ok(entries);
            }
        }
    }
    Ok(entries)
}

/// Where in the chain a list is.
struct Walk {
    oldest_first: bool,
    /// The last number looked at; for the newest first, at the beginning, one more than there are.
    place: u64,
    head: u64,
}

impl Walk {
    async fn begin(engine: &Engine, oldest_first: bool, place: Option<u64>) -> Result<Self, Failure> {
        let head = engine.audit_head().await?.number;
        let first = if oldest_first { 0 } else { head + 1 };
        Ok(Self { oldest_first, place: place.unwrap_or(first), head })
    }

    fn is_over(&self) -> bool {
        if self.oldest_first { self.place >= self.head } else { self.place <= 1 }
    }

    /// The entries that come next.
    async fn page(&mut self, engine: &Engine) -> Result<Option<Vec<(u64, Vec<u8>)>>, Failure> {
        if self.is_over() {
            return Ok(None);
        }
        let size = limits::AUDIT_PAGE as u64;
        let after = if self.oldest_first { self.place } else { self.place.saturating_sub(size + 1) };
        let mut page = engine.audit_entries(after, limits::AUDIT_PAGE).await?;
        let (place, oldest_first) = (self.place, self.oldest_first);
        page.retain(|(number, _)| *number > after && (oldest_first || *number < place));
        if !oldest_first {
            page.reverse();
        }
        if page.is_empty() {
            // Where some were taken out, the list goes on behind them.
            self.place = if oldest_first { self.head } else { after + 1 };
        }
        Ok(Some(page))
    }
}

/// Which entries are wanted.
struct Sought {
    /// An administrator's member, of which alone they are told.
    owner: Option<MemberId>,
    member: Option<MemberId>,
    since: Option<Micros>,
    until: Option<Micros>,
    actor: String,
    action: String,
    resource: String,
}

impl Sought {
    fn read(engine: &Engine, owner: Option<MemberId>, request: &v1::ListAuditEntriesRequest) -> Result<Self, Failure> {
        let mut found = Vec::new();
        for (field, text) in [("actor", &request.actor), ("action", &request.action), ("resource", &request.resource)] {
            if text.chars().count() > SOUGHT_CHARS {
                found.push(super::violation(
                    field,
                    reason::TOO_LONG,
                    format!("最多{SOUGHT_CHARS}个字符，请缩短。"),
                    format!("This has at most {SOUGHT_CHARS} characters: shorten it."),
                ));
            }
        }
        let mut time = |field: &str, time: Option<&prost_types::Timestamp>| {
            let read = time.map(micros);
            if read == Some(None) {
                let (zh, en) = ("时间无效，请修改。", "This is no time that can be read: change it.");
                found.push(super::violation(field, reason::OUT_OF_RANGE, zh, en));
            }
            read.flatten()
        };
        let since = time("since_time", request.since_time.as_ref());
        let until = time("until_time", request.until_time.as_ref());
        let member = match request.member.strip_prefix("members/").unwrap_or(&request.member) {
            "" => None,
            text => MemberId::parse(text, &engine.identity().network).map(Some).unwrap_or_else(|_| {
                let (zh, en) = ("请填写成员标识，例如 shenzhen。", "Give the id of a member, for example shenzhen.");
                found.push(super::violation("member", reason::BAD_FORMAT, zh, en));
                None
            }),
        };
        if !found.is_empty() {
            return Err(Failure::Violations(found));
        }
        Ok(Self {
            owner,
            member,
            since,
            until,
            actor: request.actor.clone(),
            action: request.action.clone(),
            resource: request.resource.clone(),
        })
    }

    fn matches(&self, entry: &Entry) -> bool {
        let of = |member: &Option<MemberId>| member.as_ref().is_none_or(|member| entry.member == member.as_str());
        let action = if self.action.ends_with('.') {
            entry.action.starts_with(&self.action)
        } else {
            self.action.is_empty() || entry.action == self.action
        };
        of(&self.owner)
            && of(&self.member)
            && self.since.is_none_or(|since| entry.time >= since)
            && self.until.is_none_or(|until| entry.time < until)
            && (self.actor.is_empty() || entry.actor == self.actor)
            && action
            && entry.resource.starts_with(&self.resource)
    }
}

/// `whole`: with what tells of the entries between.
fn shown(entry: Entry, bytes: Vec<u8>, whole: bool) -> AuditEntry {
    AuditEntry {
        number: if whole { i64::try_from(entry.number).unwrap_or(i64::MAX) } else { 0 },
        time: Some(timestamp(entry.time)),
        actor: entry.actor,
        address: entry.address,
        action: entry.action,
        resource: entry.resource,
        member: entry.member,
        detail: entry.detail,
        line: if whole { String::from_utf8(bytes).unwrap_or_default() } else { String::new() },
    }
}

#[async_trait]
impl AuditService for Audits {
    async fn list_audit_entries(
        &self,
        request: Request<v1::ListAuditEntriesRequest>,
    ) -> Result<Response<v1::ListAuditEntriesResponse>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.list(&caller, message).await.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn verify_audit(
        &self,
        request: Request<v1::VerifyAuditRequest>,
    ) -> Result<Response<v1::VerifyAuditResponse>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.verify(&caller, &message).await.map(Response::new).map_err(|failure| failure.status(language))
    }
}
