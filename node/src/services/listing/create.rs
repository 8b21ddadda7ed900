//! Publishing a new listing.

use duikou_proto::name::{MemberId, RecordName, is_label};
use duikou_proto::v1::{CreateListingRequest, Listing};
use duikou_proto::validate::{Violation, reason};
use uuid::Uuid;

use super::Listings;
use super::check::{self, Author};
use super::read::{COLLECTION, bad_name, record_name};
use super::view::listing_written;
use crate::engine::{Change, Mode, Write};
use crate::services::auth::Caller;
use crate::services::directory::member_of;
use crate::services::error::{Failure, violation};
use crate::services::request_id::{RequestId, write};

impl Listings {
    pub(super) async fn create(&self, caller: &Caller, request: CreateListingRequest) -> Result<Listing, Failure> {
        caller.require_editor()?;
        let mut found = Vec::new();
        let id = RequestId::read(caller, &request.request_id, "CreateListing", &request, &mut found);
        if let Some(id) = &id
            && let Some(answer) = id.recall(&self.door.engine).await?
        {
            return Ok(answer);
        }
        let submit = request.submit;
        let prepared = self.prepare(caller, request, Mode::Create, found).await?;
        if submit {
            return self.hand_in(caller, id.as_ref(), prepared).await;
        }
        let network = self.network().clone();
        let answer = move |written| listing_written(written, &network);
        write(&self.door.engine, id.as_ref(), prepared, caller.actor(), answer).await
    }

    /// Checks everything that can be known before the write.
    pub(super) async fn prepare(
        &self,
        caller: &Caller,
        request: CreateListingRequest,
        mode: Mode,
        mut found: Vec<Violation>,
    ) -> Result<Write, Failure> {
        let listing = request.listing.unwrap_or_default();
        let name = self.name(&request.parent, &request.listing_id, &listing.name, &mut found);
        if let Some(name) = &name {
            caller.require_editor_of(&name.origin())?;
        }
        let author = Author { reader: &caller.reader, name: name.as_ref() };
        let content = check::content(&self.door.engine, author, listing, &mut found).await?;
        match (name, content) {
            (Some(name), Some(content)) if found.is_empty() => {
                Ok(Write { name, change: Change::Put(mode, content), expected: None, dry_run: request.validate_only })
            }
            _ => Err(Failure::Violations(found)),
        }
    }

    /// The name that parent, id and the listing's own name make together.
    pub(super) fn name(&self, parent: &str, id: &str, own: &str, found: &mut Vec<Violation>) -> Option<RecordName> {
        let network = self.network();
        let before = found.len();
        let own = (!own.is_empty()).then(|| record_name(own, network).map_err(|_| found.push(bad_name("name"))).ok());
        let own = own.flatten();
        let parent = match (parent, &own) {
            // The bad name has been told; with a good one no parent would be missing.
            ("", None) if found.len() > before => None,
            _ => self.parent(parent, own.as_ref(), found),
        };
        if !id.is_empty() && !is_label(id) {
            found.push(violation(
                "listing_id",
                reason::BAD_FORMAT,
                "编号格式不正确，请用1至64个小写字母、数字或连字符，首尾不能是连字符。",
                "An id has 1 to 64 of a-z, 0-9 and -, with no - at either end: change it.",
            ));
        } else if own.as_ref().is_some_and(|own| !id.is_empty() && own.id() != id) {
            found.push(differs("listing_id"));
        }
        if found.len() > before {
            return None;
        }
        let made = || Uuid::now_v7().to_string();
        let id = if id.is_empty() { own.map_or_else(made, |own| own.id().to_owned()) } else { id.to_owned() };
        RecordName::new(&parent?, COLLECTION, &id).ok()
    }

    fn parent(&self, parent: &str, own: Option<&RecordName>, found: &mut Vec<Violation>) -> Option<MemberId> {
        if parent.is_empty() {
            if own.is_none() {
                found.push(violation(
                    "parent",
                    reason::REQUIRED,
                    "请填写所属成员：members/成员。",
                    "This is required: write members/MEMBER.",
                ));
            }
            return own.map(RecordName::origin);
        }
        let Some(member) = member_of(parent, self.network()) else {
            found.push(violation(
                "parent",
                reason::BAD_FORMAT,
                "成员名称格式不正确，请按此格式填写：members/成员。",
                "This is no member's name: write it like members/MEMBER.",
            ));
            return None;
        };
        if own.is_some_and(|own| own.origin() != member) {
            found.push(differs("parent"));
        }
        Some(member)
    }
}

fn differs(field: &str) -> Violation {
    violation(
        field,
        reason::INCONSISTENT,
        "与信息自身的名称不一致，请保持一致，或只填其一。",
        "This contradicts the listing's own name: make them agree, or give only one.",
    )
}
