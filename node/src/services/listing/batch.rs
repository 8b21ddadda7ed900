//! Publishing many listings, each by itself: what an import is.

use duikou_proto::language::Language;
use duikou_proto::limits;
use duikou_proto::v1::batch_create_listings_response::Result as Item;
use duikou_proto::v1::batch_create_listings_response::result::Outcome;
use duikou_proto::v1::{BatchCreateListingsRequest, BatchCreateListingsResponse, CreateListingRequest, FieldViolation};
use duikou_proto::validate::{Violation, reason};
use futures_util::future::join_all;

use super::Listings;
use super::changed::tried;
use super::read::record_name;
use crate::engine::{Mode, Written};
use crate::services::auth::Caller;
use crate::services::directory::{bad_member_name, member_of};
use crate::services::draft::check_batch;
use crate::services::error::{Failure, violation};
use crate::services::request_id::{RequestId, write, write_all};

/// One of the listings of a request.
struct Row {
    /// By which its answer is remembered.
    id: Option<RequestId>,
    /// What is wrong with it so far.
    found: Vec<Violation>,
    request: CreateListingRequest,
}

/// Violations that are told of one item.
const VIOLATIONS: usize = 50;
/// Bytes of violations in one answer, about; afterwards one for each item.
const VIOLATION_BYTES: usize = 1024 * 1024;

impl Listings {
    pub(super) async fn batch(
        &self,
        caller: &Caller,
        request: BatchCreateListingsRequest,
        language: Language,
    ) -> Result<BatchCreateListingsResponse, Failure> {
        caller.require_editor()?;
        let BatchCreateListingsRequest { parent, requests, validate_only, submit, batch } = request;
        let mut found = Vec::new();
        check_batch(&batch, "batch", &mut found);
        if !found.is_empty() {
            return Err(Failure::Violations(found));
        }
        if requests.is_empty() {
            return Err(Failure::field(
                "requests",
                reason::REQUIRED,
                "没有可发布的信息。",
                "There is nothing to publish.",
            ));
        }
        if requests.len() > limits::PAGE {
            return Err(Failure::field(
                "requests",
                reason::TOO_MANY,
                format!("共{}条，每次最多{}条，请分批提交。", requests.len(), limits::PAGE),
                format!("These are {} and may be {} at a time: send them in parts.", requests.len(), limits::PAGE),
            ));
        }
        if parent != "members/-" && member_of(&parent, self.network()).is_none() {
            return Err(bad_member_name("parent"));
        }
        let rows = requests.into_iter().map(|mut request| {
            request.validate_only |= validate_only;
            request.submit |= submit;
            self.row(caller, &parent, request)
        });
        let rows: Vec<Row> = rows.collect();
        let results = if rows.iter().any(|row| row.id.is_some() || row.request.submit) {
            // All at once, so that they share the writer's transactions; they queue up in the order of the request.
            join_all(rows.into_iter().map(|row| self.one(caller, &batch, row))).await
        } else {
            self.all(caller, rows).await
        };
        let mut room = VIOLATION_BYTES;
        let results = results
            .into_iter()
            .map(|(name, result)| result.unwrap_or_else(|failure| refused(name, &failure, language, &mut room)));
        Ok(BatchCreateListingsResponse { results: results.collect() })
    }

    /// One of them, as far as it can be read without the parent of the batch or what is remembered.
    fn row(&self, caller: &Caller, parent: &str, mut request: CreateListingRequest) -> Row {
        let mut found = Vec::new();
        let id = RequestId::read(caller, &request.request_id, "BatchCreateListings", &request, &mut found);
        if parent != "members/-" {
            if request.parent.is_empty() {
                request.parent = parent.to_owned();
            } else if member_of(&request.parent, self.network()) != member_of(parent, self.network()) {
                found.push(violation(
                    "parent",
                    reason::INCONSISTENT,
                    "所属成员与整批的不一致，请保持一致，或将整批的填为 members/-。",
                    "This contradicts the parent of the batch: make them agree, or give members/- there.",
                ));
            }
        }
        Row { id, found, request }
    }

    /// What became of one, with its name where that could be read.
    async fn one(&self, caller: &Caller, batch: &str, row: Row) -> (String, Result<Item, Failure>) {
        let Row { id, found, request } = row;
        let name = self.full_name(&named(&request));
        let result = async {
            if let Some(id) = &id
                && let Some(answer) = id.recall(&self.door.engine).await?
            {
                return Ok(answer);
            }
            let submit = request.submit;
            let write_it = self.prepare(caller, request, Mode::Upsert, found).await?;
            let (name, dry_run) = (write_it.name.to_string(), write_it.dry_run);
            let tried = tried(&write_it);
            let item = if submit {
                self.hand_in_row(caller, id.as_ref(), write_it, batch).await?
            } else {
                let answer = move |written| done(name.clone(), written, dry_run);
                write(&self.door.engine, id.as_ref(), write_it, caller.actor(), answer).await?
            };
            match tried {
                Some(content) => self.compared(caller, item, &content).await,
                None => Ok(item),
            }
        };
        (name, result.await)
    }

    /// What became of all of them, of which nothing is remembered and none waits for an approval: they are one command.
    async fn all(&self, caller: &Caller, rows: Vec<Row>) -> Vec<(String, Result<Item, Failure>)> {
        let mut results: Vec<(String, Result<Item, Failure>)> = Vec::with_capacity(rows.len());
        let (mut writes, mut places) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
        for (place, Row { found, request, .. }) in rows.into_iter().enumerate() {
            let named = named(&request);
            results.push(match self.prepare(caller, request, Mode::Upsert, found).await {
                Ok(write) => {
                    let name = write.name.to_string();
                    places.push((place, write.dry_run, tried(&write)));
                    writes.push(write);
                    (name, Ok(Item::default()))
                }
                Err(failure) => (self.full_name(&named), Err(failure)),
            });
        }
        if writes.is_empty() {
            return results;
        }
        let mut written = match write_all(&self.door.engine, writes, &caller.actor()).await {
            Ok(written) => written.into_iter().map(|written| written.map_err(Failure::from)).collect(),
            Err(error) => places.iter().map(|_| Err(Failure::from(error.clone()))).collect::<Vec<_>>(),
        }
        .into_iter();
        for (place, dry_run, tried) in places {
            let (Some((name, result)), Some(written)) = (results.get_mut(place), written.next()) else { continue };
            *result = match (written.map(|written| done(name.clone(), written, dry_run)), tried) {
                (Ok(item), Some(content)) => self.compared(caller, item, &content).await,
                (done, _) => done,
            };
        }
        results
    }

    /// The full form of a name; empty where it is none.
    fn full_name(&self, name: &str) -> String {
        record_name(name, self.network()).map(|name| name.to_string()).unwrap_or_default()
    }
}

/// The name of one, as it is given.
fn named(request: &CreateListingRequest) -> String {
    let own = request.listing.as_ref().map_or("", |listing| &listing.name);
    match (own, &*request.listing_id) {
        ("", "") => String::new(),
        ("", id) => format!("{}/listings/{id}", request.parent),
        (own, _) => own.to_owned(),
    }
}

pub(super) fn done(name: String, written: Written, dry_run: bool) -> Item {
    let (outcome, revision) = match written {
        Written::Created(part) => (Outcome::Created, part.revision()),
        Written::Updated(part) => (Outcome::Updated, part.revision()),
        Written::Unchanged(part) => {
            return Item { name, outcome: Outcome::Unchanged.into(), revision: part.revision(), ..Item::default() };
        }
        Written::Ended(revision) | Written::Over(revision) => (Outcome::Unspecified, revision),
    };
    let revision = if dry_run { 0 } else { revision };
    Item { name, outcome: outcome.into(), revision, ..Item::default() }
}

fn refused(name: String, failure: &Failure, language: Language, room: &mut usize) -> Item {
    let mut violations = Vec::new();
    for violation in failure.violations().into_iter().take(VIOLATIONS) {
        let description = violation.text.in_language(language).to_owned();
        let bytes = violation.field.len() + violation.reason.len() + description.len();
        if bytes > *room && !violations.is_empty() {
            break;
        }
        *room = room.saturating_sub(bytes);
        violations.push(FieldViolation { field: violation.field, reason: violation.reason.to_owned(), description });
    }
    Item { name, outcome: Outcome::Refused.into(), violations, ..Item::default() }
}
