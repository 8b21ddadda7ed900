//! Making drafts, reading them, changing them, throwing them away.

use std::collections::BTreeMap;

use duikou_proto::language::Language;
use duikou_proto::name::{MemberId, RecordName, is_label};
use duikou_proto::v1::draft::State as Shown;
use duikou_proto::v1::{self, Draft, Listing};
use duikou_proto::validate::{Violation, reason};
use prost::Message;
use prost_types::FieldMask;
use uuid::Uuid;

use super::typed::{TYPED, read_typed, replaces_typed, still_open};
use super::view::shown;
use super::{Drafts, audited, version_of};
use crate::audit::Action;
use crate::drafts::{self, DraftFact, Edit, End, Key, Make, Refusal, State, Wanted};
use crate::limits;
use crate::services::auth::Caller;
use crate::services::error::{Failure, violation};
use crate::services::listing::{Mask, TOO_LARGE, bad_name, record_name};
use crate::services::page_token::{Purpose, page_size};
use crate::services::request_id::{RequestId, once};

/// Encoded drafts on one page: well below what clients take.
const PAGE_BYTES: usize = 2 * 1024 * 1024;
/// Bytes of a filter by author.
const AUTHOR_BYTES: usize = 128;

impl Drafts {
    pub(super) async fn create(
        &self,
        caller: &Caller,
        request: v1::CreateDraftRequest,
        language: Language,
    ) -> Result<Draft, Failure> {
        let member = self.member(caller, &request.parent)?;
        let mut found = Vec::new();
        let request_id = RequestId::read(caller, &request.request_id, "CreateDraft", &request, &mut found);
        if let Some(id) = &request_id
            && let Some(answer) = id.recall(self.engine()).await?
        {
            return self.warned(caller, answer, language).await;
        }
        let draft = request.draft.unwrap_or_default();
        check_batch(&draft.batch, "draft.batch", &mut found);
        let listing = draft.listing.unwrap_or_default();
        let typed = read_typed(draft.typed, &mut found);
        check_size(&listing, &typed, &mut found);
        let name = self.target(&member, &listing.name, &mut found);
        let (Some(name), true) = (name, found.is_empty()) else { return Err(Failure::Violations(found)) };
        let id = Uuid::now_v7().to_string();
        let mut fact = DraftFact::new(id, &name, &listing, caller.account.clone(), draft.batch);
        fact.typed = typed;
        let key = Key { member: member.clone(), id: fact.id.clone() };
        let make = Make { member, fact };
        let make = audited(caller, Action::DraftCreate, &key, make, |fact: &DraftFact| Some(fact.listing.clone()));
        let made = once(self.engine(), request_id.as_ref(), make, |fact| shown(&fact)).await?;
        self.warned(caller, made, language).await
    }

    /// The listing that a draft of `member` is to become.
    fn target(&self, member: &MemberId, name: &str, found: &mut Vec<Violation>) -> Option<RecordName> {
        if name.is_empty() {
            return RecordName::new(member, "listings", &Uuid::now_v7().to_string()).ok();
        }
        let Ok(name) = record_name(name, self.network()) else {
            found.push(bad_name("draft.listing.name"));
            return None;
        };
        if name.origin() != *member {
            found.push(violation(
                "draft.listing.name",
                reason::INCONSISTENT,
                "该信息属于另一成员，请与 parent 保持一致。",
                "That listing is another member's: make it agree with the parent.",
            ));
            return None;
        }
        Some(name)
    }

    pub(super) async fn fact(&self, key: &Key) -> Result<DraftFact, Failure> {
        drafts::get(self.engine(), key).await?.ok_or_else(|| Refusal::NoSuch.into())
    }

    /// One that was not approved yet.
    pub(super) async fn open(&self, key: &Key) -> Result<DraftFact, Failure> {
        let fact = self.fact(key).await?;
        if fact.state == State::Approved { Err(Refusal::State(State::Approved).into()) } else { Ok(fact) }
    }

    pub(super) async fn get(&self, caller: &Caller, name: &str, language: Language) -> Result<Draft, Failure> {
        let fact = self.fact(&self.key(caller, "name", name)?).await?;
        self.warned(caller, shown(&fact), language).await
    }

    pub(super) async fn list(
        &self,
        caller: &Caller,
        request: &v1::ListDraftsRequest,
    ) -> Result<v1::ListDraftsResponse, Failure> {
        let member = self.member(caller, &request.parent)?;
        let size = page_size(request.page_size)?;
        let mut found = Vec::new();
        if !request.batch.is_empty() {
            check_batch(&request.batch, "batch", &mut found);
        }
        if request.author.len() > AUTHOR_BYTES {
            found.push(violation(
                "author",
                reason::TOO_LONG,
                "编号过长，请核对。",
                "This is too long for an id: check it.",
            ));
        }
        let states = states(&request.states, &mut found);
        if !found.is_empty() {
            return Err(Failure::Violations(found));
        }
        let wanted = Wanted {
            member,
            states,
            author: request.author.clone(),
            batch: request.batch.clone(),
            newest_first: request.newest_first,
        };
        let parts = format!("{}|{:?}|{}", wanted.member, wanted.states, wanted.newest_first);
        let parts = [parts.as_bytes(), wanted.author.as_bytes(), wanted.batch.as_bytes()];
        let purpose = Purpose::new("ListDrafts", &parts, &caller.reader);
        let after = purpose.open(self.engine(), &request.page_token)?;
        drafts::note_all(self.engine(), &wanted.member).await?;
        let (facts, next) = drafts::list(self.engine(), &wanted, &after, size, PAGE_BYTES).await?;
        Ok(v1::ListDraftsResponse {
            drafts: facts.iter().map(shown).collect(),
            next_page_token: next.map(|last| purpose.seal(self.engine(), &last)).unwrap_or_default(),
        })
    }

    pub(super) async fn update(
        &self,
        caller: &Caller,
        request: v1::UpdateDraftRequest,
        language: Language,
    ) -> Result<Draft, Failure> {
        let mut found = Vec::new();
        let request_id = RequestId::read(caller, &request.request_id, "UpdateDraft", &request, &mut found);
        let patch = request.draft.unwrap_or_default();
        let key = self.key(caller, "draft.name", &patch.name)?;
        if let Some(id) = &request_id
            && let Some(answer) = id.recall(self.engine()).await?
        {
            return self.warned(caller, answer, language).await;
        }
        let mask = mask(request.update_mask.as_ref(), &mut found);
        let Some(version) = version_of(&patch.etag) else {
            found.push(violation(
                "draft.etag",
                reason::REQUIRED,
                "请填写读取草稿时得到的 etag，以免覆盖他人的修改。",
                "Give the etag of the draft as you read it, so that nobody's change is overwritten.",
            ));
            return Err(Failure::Violations(found));
        };
        let fact = self.open(&key).await?;
        let wanted = patch.listing.unwrap_or_default();
        if !wanted.name.is_empty() && record_name(&wanted.name, self.network()).ok() != Some(fact.listing_name()?) {
            found.push(violation(
                "draft.listing.name",
                reason::INCONSISTENT,
                "草稿所对应的信息不可更改，请另建草稿。",
                "The listing that a draft is to become never changes: make another draft.",
            ));
        }
        let content = mask.merge(fact.content()?, &wanted).map_err(|_| Failure::Violations(vec![bad_name("draft")]))?;
        let typed = if replaces_typed(request.update_mask.as_ref(), &patch.typed) {
            read_typed(patch.typed, &mut found)
        } else {
            still_open(fact.typed, &content)
        };
        check_size(&content, &typed, &mut found);
        if !found.is_empty() {
            return Err(Failure::Violations(found));
        }
        let edit = Edit { key: key.clone(), version, editor: caller.account.clone(), content, typed };
        let told = move |fact: &DraftFact| (fact.version != version).then(|| fact.listing.clone());
        let edit = audited(caller, Action::DraftUpdate, &key, edit, told);
        let changed = once(self.engine(), request_id.as_ref(), edit, |fact| shown(&fact)).await?;
        self.warned(caller, changed, language).await
    }

    pub(super) async fn delete(&self, caller: &Caller, request: &v1::DeleteDraftRequest) -> Result<(), Failure> {
        let key = self.key(caller, "name", &request.name)?;
        let end = End { key: key.clone(), version: version_of(&request.etag) };
        let end = audited(caller, Action::DraftDelete, &key, end, |(): &()| Some(String::new()));
        Ok(self.engine().submit(end).await??)
    }
}

/// Notes what is wrong with the name of an import.
pub(in crate::services) fn check_batch(batch: &str, field: &str, found: &mut Vec<Violation>) {
    if !batch.is_empty() && !is_label(batch) {
        found.push(violation(
            field,
            reason::BAD_FORMAT,
            "批次编号格式不正确，请用1至64个小写字母、数字或连字符，首尾不能是连字符。",
            "An import's id has 1 to 64 of a-z, 0-9 and -, with no - at either end: change it.",
        ));
    }
}

fn check_size(listing: &Listing, typed: &BTreeMap<String, String>, found: &mut Vec<Violation>) {
    let bytes = listing.encoded_len() + typed.iter().map(|(key, text)| key.len() + text.len()).sum::<usize>();
    if bytes > limits::DRAFT_BYTES {
        found.push(violation(
            "draft.listing",
            TOO_LARGE,
            format!("内容共{bytes}字节，最多{}字节，请缩短。", limits::DRAFT_BYTES),
            format!("The draft takes {bytes} bytes and may take {}: shorten it.", limits::DRAFT_BYTES),
        ));
    }
}

fn states(numbers: &[i32], found: &mut Vec<Violation>) -> Vec<State> {
    let mut states = Vec::new();
    for (index, number) in numbers.iter().enumerate().take(limits::DRAFT_SAMPLE) {
        let state = match Shown::try_from(*number) {
            Ok(Shown::Draft) => State::Draft,
            Ok(Shown::Submitted) => State::Submitted,
            Ok(Shown::Returned) => State::Returned,
            Ok(Shown::Approved) => State::Approved,
            Ok(Shown::Unspecified) | Err(_) => {
                found.push(violation(
                    &format!("states[{index}]"),
                    reason::UNKNOWN_CODE,
                    "状态只能是 DRAFT、SUBMITTED、RETURNED 或 APPROVED，请修改。",
                    "A state is DRAFT, SUBMITTED, RETURNED or APPROVED: choose among these.",
                ));
                continue;
            }
        };
        if !states.contains(&state) {
            states.push(state);
        }
    }
    states
}

/// A mask of paths below Draft as one of paths below Listing.
fn mask(mask: Option<&FieldMask>, found: &mut Vec<Violation>) -> Mask {
    let paths = mask.map(|mask| &*mask.paths).unwrap_or_default();
    if paths.is_empty() {
        return Mask::read(None, found);
    }
    if let ["*" | "listing"] = paths.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        return Mask::read(Some(&FieldMask { paths: vec!["*".to_owned()] }), found);
    }
    // What forms hold is replaced beside it.
    let paths: Vec<&String> = paths.iter().filter(|path| *path != TYPED).collect();
    if paths.is_empty() {
        return Mask::read(None, found);
    }
    // A path that does not begin so is none of Listing's either, and is told as it came.
    let below = |path: &String| path.strip_prefix("listing.").unwrap_or("?").to_owned();
    Mask::read(Some(&FieldMask { paths: paths.into_iter().map(below).collect() }), found)
}
