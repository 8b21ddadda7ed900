//! `watch`

use std::time::Duration;

use duikou_proto::v1::{FeedEvent, Filter, WatchRequest};
use tonic::{Code, Status, Streaming};

use super::filter::FilterArgs;
use super::listing;
use crate::cli::status::is_transport;
use crate::cli::{CommandError, Context, Server, Text};

/// The first wait after a broken stream; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// The longest.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Follows what changes, an event a line, and takes a broken stream up again
///
/// A line with + is new or changed, one with - has left what may be seen or was asked for, and ! reset says that all
/// begins again. With --output json or jsonl each line is an event with the cursor that resumes after it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-node watch --kind event --region 520000 --output jsonl")]
pub struct Args {
    #[command(flatten)]
    filter: FilterArgs,

    /// Go on after this cursor [default: from the beginning]
    #[arg(long, value_name = "CURSOR", allow_hyphen_values = true, default_value = "", hide_default_value = true)]
    cursor: String,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        let server = context.connect().await?;
        let filter = self.filter.filter(&server).await?;
        let mut watch = Watch { cursor: self.cursor, filter, wait: FIRST_WAIT };
        // What fails at once is told at once; only what had worked is tried again.
        let mut stream = watch.open(&server).await?;
        loop {
            let broken = watch.follow(context, &mut stream).await?;
            context.note(&Text::new(
                format!("连接中断（{}），正在重连", broken.message()),
                format!("the stream broke ({}); connecting again", broken.message()),
            ));
            stream = watch.reopen(context).await?;
        }
    }
}

struct Watch {
    cursor: String,
    filter: Option<Filter>,
    wait: Duration,
}

impl Watch {
    async fn open(&self, server: &Server) -> Result<Streaming<FeedEvent>, Status> {
        let request = WatchRequest { filter: self.filter.clone(), cursor: self.cursor.clone() };
        Ok(server.feed().watch(request).await?.into_inner())
    }

    /// Writes events until the stream breaks in a way that another may mend.
    async fn follow(&mut self, context: &Context, stream: &mut Streaming<FeedEvent>) -> Result<Status, CommandError> {
        loop {
            match stream.message().await {
                Ok(Some(event)) => {
                    listing::event(context, &event)?;
                    self.cursor = event.cursor;
                    self.wait = FIRST_WAIT;
                }
                Ok(None) => return Ok(Status::unavailable("end")),
                Err(status) if passes(&status) => return Ok(status),
                Err(status) => return Err(status.into()),
            }
        }
    }

    async fn reopen(&mut self, context: &Context) -> Result<Streaming<FeedEvent>, CommandError> {
        loop {
            tokio::time::sleep(self.pause()).await;
            let Ok(server) = context.connect().await else { continue };
            match self.open(&server).await {
                Ok(stream) => return Ok(stream),
                Err(status) if passes(&status) => {}
                Err(status) => return Err(status.into()),
            }
        }
    }

    /// Between half and the whole of the wait, so that many readers do not come back together.
    fn pause(&mut self) -> Duration {
        let (half, random) = (self.wait / 2, uuid::Uuid::new_v4().as_bytes()[0]);
        self.wait = (self.wait * 2).min(LONGEST_WAIT);
        half + half * u32::from(random) / u32::from(u8::MAX)
    }
}

fn passes(status: &Status) -> bool {
    matches!(status.code(), Code::Unavailable | Code::ResourceExhausted | Code::Cancelled) || is_transport(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_bound_and_differ() {
        let mut watch = Watch { cursor: String::new(), filter: None, wait: FIRST_WAIT };
        let waits: Vec<_> = (0..20).map(|_| watch.pause()).collect();
        assert!(waits[0] >= FIRST_WAIT / 2 && waits[0] <= FIRST_WAIT);
        assert!(waits[19] >= LONGEST_WAIT / 2 && waits[19] <= LONGEST_WAIT);
        assert!(waits[10..].iter().any(|wait| *wait != waits[19]));
    }
}
