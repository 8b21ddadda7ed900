//! Load from another process: the same executable, told on its standard input what to do.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use duikou_proto::v1::feed_event::Event;
use duikou_proto::v1::feed_service_client::FeedServiceClient;
use duikou_proto::v1::listing_service_client::ListingServiceClient;
use duikou_proto::v1::{CreateListingRequest, FeedEvent, Filter, WatchRequest};
use futures_util::{StreamExt, TryStreamExt};
use rustls::ClientConfig;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdout};
use tonic::Streaming;

use super::content::listing;
use super::hub::{self, Feed};
use crate::harness::{WebCertificate, WebClient, web_client};

/// The hidden command that makes the executable a client.
const COMMAND: &str = "load-client";
/// How long one task may take.
const LIMIT: Duration = Duration::from_secs(300);
/// Connections that are opened at once.
pub(super) const DIALS: usize = 16;
/// How long one record may take to be seen.
const SEEN: Duration = Duration::from_secs(30);

/// A public listener and how to be believed there.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Target {
    pub(crate) address: String,
    /// Its certificate and, unused here, its key.
    pub(crate) certificate: PathBuf,
    /// A token's secret.
    pub(crate) secret: Option<String>,
}

impl Target {
    pub(super) async fn connect(&self) -> anyhow::Result<WebClient> {
        let client = web_client(&self.address, self.tls(), self.secret.as_deref()).await;
        client.with_context(|| format!("no connection to {}", self.address))
    }

    pub(super) fn tls(&self) -> Arc<ClientConfig> {
        WebCertificate { certificate: self.certificate.clone(), key: PathBuf::new() }.client()
    }
}

/// What a client does.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Task {
    /// Creates `count` listings `{run}-{n}` of `member`, from so many connections at once. Answers the seconds.
    Publish { target: Target, member: String, run: String, count: usize, publishers: usize },
    /// Creates listings one after the other and waits each time until a watcher elsewhere has seen it. Answers the
    /// median of the seconds.
    Visible { target: Target, watcher: Target, member: String, run: String, count: usize },
    /// Opens `count` watches, so many on a connection, answers when all are caught up, and keeps them until its input
    /// ends. Where they are `apart`, each has a filter of its own that matches nothing.
    Watch { target: Target, count: usize, on_one: usize, apart: bool },
    /// Reads `count` pages, each of `paths` in its turn, by so many readers with a connection each. Answers the seconds.
    Read { target: Target, paths: Vec<String>, count: usize, readers: usize },
    /// Has `count` follow, on connections of their own, answers when none of them will miss anything, and once more when
    /// each has had so many listings.
    Follow { target: Target, feed: Feed, count: usize, listings: usize },
}

/// A client that runs; killed where it is dropped.
pub(crate) struct Client {
    child: Child,
    answers: BufReader<ChildStdout>,
}

impl Client {
    /// Starts one with a task.
    pub(crate) async fn start(task: &Task) -> anyhow::Result<Self> {
        let mut child = tokio::process::Command::new(std::env::current_exe()?)
            .arg(COMMAND)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        // A token is a secret: it goes through the pipe, where `ps` does not show it.
        let mut line = serde_json::to_vec(task)?;
        line.push(b'\n');
        child.stdin.as_mut().context("a pipe")?.write_all(&line).await?;
        let answers = BufReader::new(child.stdout.take().context("a pipe")?);
        Ok(Self { child, answers })
    }

    /// Waits for the answer.
    pub(crate) async fn answer(&mut self) -> anyhow::Result<f64> {
        let mut line = String::new();
        tokio::time::timeout(LIMIT, self.answers.read_line(&mut line)).await.context("the load client is stuck")??;
        line.trim().parse().with_context(|| format!("the load client failed: {line:?}"))
    }

    /// Ends it and waits until its connections are gone.
    pub(crate) async fn end(mut self) -> anyhow::Result<()> {
        drop(self.child.stdin.take());
        let status = tokio::time::timeout(LIMIT, self.child.wait()).await.context("the load client is stuck")??;
        ensure!(status.success(), "the load client ended with {status}");
        Ok(())
    }
}

/// Does one task and waits for its answer.
pub(crate) async fn run(task: &Task) -> anyhow::Result<f64> {
    let mut client = Client::start(task).await?;
    let answer = client.answer().await?;
    client.end().await?;
    Ok(answer)
}

/// The client's side, where the executable was started as one; `false` where it was not.
///
/// # Errors
/// Where the task fails.
pub async fn serve_task() -> anyhow::Result<bool> {
    if std::env::args().nth(1).as_deref() != Some(COMMAND) {
        return Ok(false);
    }
    // Nothing else runs yet, so waiting here delays nobody.
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    match serde_json::from_str(&line)? {
        Task::Publish { target, member, run, count, publishers } => {
            answer(publish(&target, &member, &run, count, publishers).await?)?;
        }
        Task::Visible { target, watcher, member, run, count } => {
            answer(visible(&target, &watcher, &member, &run, count).await?)?;
        }
        Task::Read { target, paths, count, readers } => {
            answer(read(&target, &paths, count, readers).await?)?;
        }
        Task::Watch { target, count, on_one, apart } => {
            let watches = watch(&target, count, on_one, apart).await?;
            answer(watches.len() as f64)?;
            tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
        }
        Task::Follow { target, feed, count, listings } => {
            let followers = hub::follow(&target, feed, count).await?;
            answer(followers.len() as f64)?;
            hub::had(followers, listings).await?;
            answer(listings as f64)?;
        }
    }
    Ok(true)
}

fn answer(value: f64) -> anyhow::Result<()> {
    let mut output = std::io::stdout();
    writeln!(output, "{value}")?;
    Ok(output.flush()?)
}

pub(crate) async fn publish(
    target: &Target,
    member: &str,
    run: &str,
    count: usize,
    publishers: usize,
) -> anyhow::Result<f64> {
    let clients: Vec<WebClient> = futures_util::stream::iter(0..publishers)
        .map(|_| target.connect())
        .buffer_unordered(DIALS)
        .try_collect()
        .await?;
    let requests: Vec<CreateListingRequest> = (0..count).map(|n| create(member, &format!("{run}-{n}"))).collect();
    let (requests, next) = (Arc::new(requests), Arc::new(AtomicUsize::new(0)));
    let start = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for client in clients {
        let (requests, next) = (Arc::clone(&requests), Arc::clone(&next));
        tasks.spawn(async move {
            let mut listings = ListingServiceClient::new(client);
            while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
                listings.create_listing(request.clone()).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(start.elapsed().as_secs_f64())
}

pub(crate) async fn read(target: &Target, paths: &[String], count: usize, readers: usize) -> anyhow::Result<f64> {
    let clients: Vec<WebClient> =
        futures_util::stream::iter(0..readers).map(|_| target.connect()).buffer_unordered(DIALS).try_collect().await?;
    let (paths, next): (Arc<[String]>, _) = (paths.into(), Arc::new(AtomicUsize::new(0)));
    ensure!(!paths.is_empty(), "no pages");
    let start = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for mut client in clients {
        let (paths, next) = (Arc::clone(&paths), Arc::clone(&next));
        tasks.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count {
                    return anyhow::Ok(());
                }
                super::pages::get(&mut client, &paths[number % paths.len()]).await?;
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(start.elapsed().as_secs_f64())
}

async fn visible(target: &Target, watcher: &Target, member: &str, run: &str, count: usize) -> anyhow::Result<f64> {
    let mut listings = ListingServiceClient::new(target.connect().await?);
    let mut events = caught_up(watcher.connect().await?, None).await?;
    let mut seconds = Vec::with_capacity(count);
    for n in 0..count {
        let id = format!("{run}-{n}");
        let request = create(member, &id);
        let start = Instant::now();
        let seen = async {
            tokio::time::timeout(SEEN, until_seen(&mut events, &id)).await.context("never seen")??;
            anyhow::Ok(start.elapsed())
        };
        let published = async { Ok(listings.create_listing(request).await?) };
        let (_, elapsed) = tokio::try_join!(published, seen)?;
        seconds.push(elapsed.as_secs_f64());
    }
    Ok(super::tally::median(seconds))
}

async fn until_seen(events: &mut Streaming<FeedEvent>, id: &str) -> anyhow::Result<()> {
    while let Some(event) = events.message().await? {
        if matches!(event.event, Some(Event::Listing(listing)) if listing.name.rsplit('/').next() == Some(id)) {
            return Ok(());
        }
    }
    bail!("the watch ended")
}

async fn watch(target: &Target, count: usize, on_one: usize, apart: bool) -> anyhow::Result<Vec<Streaming<FeedEvent>>> {
    let numbers: Vec<usize> = (0..count).collect();
    let connections = numbers.chunks(on_one).map(|numbers| async move {
        let client = target.connect().await?;
        let filter = |number: &usize| apart.then(|| Filter { tags: vec![format!("t{number}")], ..Filter::default() });
        let opened = numbers.iter().map(|number| caught_up(client.clone(), filter(number)));
        futures_util::future::try_join_all(opened).await
    });
    let opened: Vec<Vec<_>> = futures_util::stream::iter(connections).buffer_unordered(DIALS).try_collect().await?;
    Ok(opened.into_iter().flatten().collect())
}

pub(super) async fn caught_up(client: WebClient, filter: Option<Filter>) -> anyhow::Result<Streaming<FeedEvent>> {
    let mut feed = FeedServiceClient::new(client);
    let mut events = feed.watch(WatchRequest { filter, ..WatchRequest::default() }).await?.into_inner();
    while let Some(event) = events.message().await? {
        if matches!(event.event, Some(Event::CaughtUp(_))) {
            return Ok(events);
        }
    }
    bail!("the watch ended before it was caught up")
}

fn create(member: &str, id: &str) -> CreateListingRequest {
    CreateListingRequest { listing: Some(listing(member, id)), ..CreateListingRequest::default() }
}
