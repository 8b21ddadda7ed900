//! Listings to the server, as many at once as it takes.

use std::time::Duration;

use duikou_proto::v1;
use duikou_proto::v1::batch_create_listings_response::result::Outcome;

use crate::cli::{CommandError, Context, ExitCode, Server, Text};
use crate::sheets::batch::Batch;

/// How often a server that is busy is asked again.
const TRIES: u32 = 6;
/// How long after the first try; each further wait is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(250);

/// What is to become of the listings.
#[derive(Debug, Clone)]
pub(super) struct Manner {
    /// Nothing is written.
    pub(super) dry_run: bool,
    /// They are handed in for approval: which import they are.
    pub(super) batch: Option<String>,
}

impl Manner {
    /// Says how what was handed in is approved.
    pub(super) fn tell(&self, context: &Context, counts: &Counts) {
        if let Some(batch) = self.batch.as_ref().filter(|_| counts.submitted > 0 && !self.dry_run) {
            let approve = format!("duikou-node drafts approve --batch {batch} --member MEMBER");
            context.note(&Text::new(format!("审核：{approve}"), format!("to approve them: {approve}")));
        }
    }
}

/// Sends a batch, again where the server is busy: importing twice changes nothing.
pub(super) async fn send<T>(
    batch: Batch<T>,
    server: &Server,
    parent: &str,
    manner: &Manner,
) -> Result<Vec<(T, v1::batch_create_listings_response::Result)>, CommandError> {
    let (places, request) = batch.request(parent, manner.dry_run, manner.batch.as_deref());
    let answer = patiently(server, request).await?;
    if answer.results.len() != places.len() {
        let message = Text::new("服务端的答复条数不符", "the server answered another number of listings");
        return Err(CommandError::new(ExitCode::Bug, message));
    }
    Ok(places.into_iter().zip(answer.results).collect())
}

async fn patiently(
    server: &Server,
    request: v1::BatchCreateListingsRequest,
) -> Result<v1::BatchCreateListingsResponse, CommandError> {
    let mut wait = FIRST_WAIT;
    for _ in 1..TRIES {
        match server.listings().batch_create_listings(request.clone()).await {
            Ok(answer) => return Ok(answer.into_inner()),
            Err(status) => {
                let error = CommandError::from(status);
                if error.kind != ExitCode::TryAgain {
                    return Err(error);
                }
            }
        }
        tokio::time::sleep(wait).await;
        wait *= 2;
    }
    Ok(server.listings().batch_create_listings(request).await?.into_inner())
}

/// What became of all.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) created: usize,
    pub(super) updated: usize,
    pub(super) unchanged: usize,
    pub(super) submitted: usize,
    /// Of those that a trial would create or update: how many have to be approved first.
    pub(super) waiting: usize,
    pub(super) refused: usize,
}

impl Counts {
    pub(super) fn add(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Created => self.created += 1,
            Outcome::Updated => self.updated += 1,
            Outcome::Unchanged => self.unchanged += 1,
            Outcome::Submitted => self.submitted += 1,
            Outcome::Refused | Outcome::Unspecified => self.refused += 1,
        }
    }

    pub(super) fn text(&self, dry_run: bool) -> Text {
        let Self { created, updated, unchanged, submitted, waiting, refused } = self;
        let (zh, en) =
            if dry_run { ("（试运行，未写入）", " (dry run: nothing was written)") } else { ("", "") };
        let (first_zh, first_en) = match waiting {
            0 => (String::new(), String::new()),
            count => (format!("；其中 {count} 条须先审核"), format!("; {count} of them need an approval first")),
        };
        let (waits_zh, waits_en) = match submitted {
            0 => (String::new(), String::new()),
            count => (format!("提交审核 {count}，"), format!("{count} handed in for approval, ")),
        };
        Text::new(
            format!("新建 {created}，更新 {updated}，未变 {unchanged}，{waits_zh}拒绝 {refused}{first_zh}{zh}"),
            format!(
                "{created} created, {updated} updated, {unchanged} unchanged, {waits_en}{refused} refused{first_en}{en}"
            ),
        )
    }
}
