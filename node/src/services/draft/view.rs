//! What is shown of a draft.

use duikou_proto::language::Language;
use duikou_proto::v1::draft::State as Shown;
use duikou_proto::v1::{Draft, FieldViolation, Listing};

use super::Drafts;
use super::typed::open_texts;
use crate::drafts::{DraftFact, State};
use crate::services::auth::Caller;
use crate::services::error::Failure;
use crate::services::listing::{Author, content, record_name};
use crate::time::timestamp;

/// Violations that are told of one draft.
const WARNINGS: usize = 50;

/// As the contract has it, without warnings.
pub(in crate::services) fn shown(fact: &DraftFact) -> Draft {
    let submitted = fact.state == State::Submitted;
    Draft {
        name: fact.name(),
        // Of one that was approved by an earlier version nothing but the name is left.
        listing: Some(fact.content().unwrap_or_else(|_| Listing { name: fact.listing.clone(), ..Listing::default() })),
        state: state(fact.state).into(),
        return_reason: fact.return_reason.clone(),
        author: fact.author.clone(),
        editors: fact.editors.iter().cloned().collect(),
        updater: fact.updater.clone(),
        create_time: Some(timestamp(fact.create_time)),
        update_time: Some(timestamp(fact.update_time)),
        submit_time: fact.submit_time.map(timestamp),
        etag: fact.etag(),
        batch: fact.batch.clone(),
        content_hash: fact.digest.clone().filter(|_| submitted).unwrap_or_default(),
        warnings: Vec::new(),
        approver: fact.approver.clone(),
        approve_time: fact.approve_time.map(timestamp),
        revision: fact.revision,
        typed: fact.typed.clone().into_iter().collect(),
    }
}

pub(super) fn state(state: State) -> Shown {
    match state {
        State::Draft => Shown::Draft,
        State::Submitted => Shown::Submitted,
        State::Returned => Shown::Returned,
        State::Approved => Shown::Approved,
    }
}

impl Drafts {
    /// The same draft with what a submission would object to.
    pub(super) async fn warned(&self, caller: &Caller, draft: Draft, language: Language) -> Result<Draft, Failure> {
        if draft.state() == Shown::Approved {
            return Ok(draft);
        }
        let listing = draft.listing.clone().unwrap_or_default();
        let mut found = open_texts(&draft.typed, &listing);
        let name = record_name(&listing.name, self.network()).ok();
        let author = Author { reader: &caller.reader, name: name.as_ref() };
        // What it would become is of no interest here.
        let _ = content(self.engine(), author, listing, &mut found).await?;
        let warnings = found.into_iter().take(WARNINGS).map(|violation| FieldViolation {
            description: violation.text.in_language(language).to_owned(),
            field: violation.field,
            reason: violation.reason.to_owned(),
        });
        Ok(Draft { warnings: warnings.collect(), ..draft })
    }
}
