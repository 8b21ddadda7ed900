//! The drafts of one import: seen by a sample, and approved together.

use duikou_proto::v1::draft_service_client::DraftServiceClient;
use duikou_proto::v1::{ApproveDraftBatchRequest, ApproveDraftBatchResponse, ListDraftsRequest};

use super::show::{PAGE, header, row};
use crate::cli::connect::Calls;
use crate::cli::output::table;
use crate::cli::{CommandError, Context, ExitCode, Text};

/// The names of all that are not approved yet.
pub(super) async fn names(
    client: &mut DraftServiceClient<Calls>,
    parent: String,
    batch: String,
) -> Result<Vec<String>, CommandError> {
    let mut request = ListDraftsRequest { parent, batch, page_size: PAGE, ..ListDraftsRequest::default() };
    let mut names = Vec::new();
    loop {
        let page = client.list_drafts(request.clone()).await?.into_inner();
        names.extend(page.drafts.into_iter().map(|draft| draft.name));
        if page.next_page_token.is_empty() {
            return Ok(names);
        }
        request.page_token = page.next_page_token;
    }
}

/// Shows a sample, asks, and approves all.
pub(super) async fn approve(
    context: &Context,
    client: &mut DraftServiceClient<Calls>,
    parent: String,
    batch: String,
    hash: Option<String>,
) -> Result<(), CommandError> {
    let request = ApproveDraftBatchRequest { parent, batch, ..ApproveDraftBatchRequest::default() };
    let content_hash = match hash {
        Some(hash) => hash,
        None => {
            let look = ApproveDraftBatchRequest { validate_only: true, ..request.clone() };
            let seen = client.approve_draft_batch(look).await?.into_inner();
            context.note(&Text::same(sample(context, &seen)));
            let count = seen.submitted_count;
            context
                .confirm(Text::new(format!("通过并发布全部{count}件？"), format!("approve and publish all {count}?")))
                .await?;
            seen.content_hash
        }
    };
    let done = client.approve_draft_batch(ApproveDraftBatchRequest { content_hash, ..request }).await?.into_inner();
    for failure in &done.failures {
        context.warn(&Text::same(format!("{}: {}", failure.draft, failure.description)));
    }
    context.show(&done, |done| {
        let (approved, failed) = (done.approved_count, done.failure_count);
        match context.language {
            crate::cli::Language::Zh => format!("通过{approved}件，未通过{failed}件"),
            crate::cli::Language::En => format!("{approved} approved, {failed} not"),
        }
    })?;
    if done.failure_count == 0 {
        return Ok(());
    }
    let count = done.failure_count;
    Err(CommandError::new(
        ExitCode::Failed,
        Text::new(format!("{count}件未通过"), format!("{count} were not approved")),
    ))
}

fn sample(context: &Context, seen: &ApproveDraftBatchResponse) -> String {
    let mut table = table(context, &header());
    for draft in &seen.sample {
        table.add_row(row(context, draft));
    }
    let (submitted, others, shown) = (seen.submitted_count, seen.other_count, seen.sample.len());
    let count = match context.language {
        crate::cli::Language::Zh => format!("共{submitted}件待审，以上为其中{shown}件；另有{others}件未提交。"),
        crate::cli::Language::En => {
            format!("{submitted} wait, of which these are {shown}; {others} are not handed in.")
        }
    };
    format!("{}\n{count}", table.trim_fmt())
}
