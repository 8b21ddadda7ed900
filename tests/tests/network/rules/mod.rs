//! What members, operators and readers rely on.

mod accounts;
mod addresses;
mod answers;
mod approval;
mod at_the_gateway;
mod audit;
mod authority;
mod bad_listings;
mod circles;
mod clock;
mod coming;
mod commands;
mod editor;
mod every_interface;
mod eyes;
mod folders;
mod full_disk;
mod heads;
mod import_pages;
mod join_tokens;
mod keys;
mod limits;
mod links;
mod membership;
mod office;
mod openid;
mod operator_port;
mod pages;
mod people;
mod people_admin;
mod plain_words;
mod queries;
mod receipts;
mod registered;
mod rest;
mod roles_of_pages;
mod saved;
mod saved_delivered;
mod search;
mod settings;
mod spreadsheets;
mod subscriptions;
mod third_party;
mod watching;
mod whole_way;

use std::collections::BTreeSet;
use std::time::Duration;

use duikou_proto::v1::feed_event::Event;
use duikou_proto::v1::feed_service_client::FeedServiceClient;
use duikou_proto::v1::no_longer::Reason;
use duikou_proto::v1::{FeedEvent, Filter, WatchRequest};
use duikou_tests::harness::{NETWORK, Output};
use tonic::codegen::{Body, Bytes, StdError};
use tonic::{Status, Streaming};
use tonic_types::StatusExt;

/// How long a thing may take that should take seconds.
const PATIENCE: Duration = Duration::from_secs(60);
/// What an event may weigh.
const EVENT_BYTES: usize = 1024 * 1024;

/// The stable word by which a status says why.
fn reason(status: &Status) -> String {
    status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
}

/// The fields that a status blames.
fn fields(status: &Status) -> Vec<String> {
    let violations = status.get_details_bad_request().map(|request| request.field_violations).unwrap_or_default();
    let mut fields: Vec<String> = violations.into_iter().map(|violation| violation.field).collect();
    fields.sort();
    fields
}

/// The full name of a listing.
fn listing_name(member: &str, id: &str) -> String {
    format!("members/{member}.{NETWORK}/listings/{id}")
}

/// Asserts that a command ended with `code` and said each of `said` on standard error.
fn failed(output: &Output, code: i32, said: &[&str]) {
    assert_eq!(output.code, code, "{output}");
    for text in said {
        assert!(output.stderr.contains(text), "{text:?} is not said: {output}");
    }
    assert!(!output.stderr.contains("panicked"), "{output}");
}

/// One who watches.
struct Watcher {
    events: Streaming<FeedEvent>,
    cursor: String,
}

impl Watcher {
    /// Begins, or goes on after `cursor`.
    async fn new<T>(channel: T, filter: Option<Filter>, cursor: &str) -> Result<Self, Status>
    where
        T: tonic::client::GrpcService<tonic::body::Body>,
        T::Error: Into<StdError>,
        T::ResponseBody: Body<Data = Bytes> + Send + 'static,
        <T::ResponseBody as Body>::Error: Into<StdError> + Send,
    {
        let mut feed = FeedServiceClient::new(channel).max_decoding_message_size(EVENT_BYTES);
        let request = WatchRequest { filter, cursor: cursor.to_owned() };
        Ok(Self { events: feed.watch(request).await?.into_inner(), cursor: cursor.to_owned() })
    }

    /// The next event that says something; nothing but news counts, so bookmarks are passed over.
    async fn next(&mut self) -> Event {
        self.try_next().await.unwrap_or_else(|status| panic!("the watch broke off: {status}"))
    }

    async fn try_next(&mut self) -> Result<Event, Status> {
        loop {
            let waited = tokio::time::timeout(PATIENCE, self.events.message()).await;
            let event = waited.unwrap_or_else(|_| panic!("nothing within {PATIENCE:?}"))?;
            let event = event.unwrap_or_else(|| panic!("the watch ended without a status"));
            self.cursor = event.cursor;
            match event.event {
                Some(Event::Bookmark(_)) => {}
                Some(said) => return Ok(said),
                None => panic!("an event without content"),
            }
        }
    }

    /// The names of the listings up to the mark that all has been sent.
    async fn snapshot(&mut self) -> Vec<String> {
        let mut names = Vec::new();
        loop {
            match self.next().await {
                Event::Listing(listing) => names.push(listing.name),
                Event::CaughtUp(_) => break,
                other => panic!("{other:?} in a snapshot"),
            }
        }
        names.sort();
        names
    }
}

/// What one who watches holds, after applying every event in order.
struct Holder {
    watcher: Watcher,
    held: BTreeSet<String>,
    /// Why names left since this was last looked at.
    left: Vec<(String, Reason)>,
    resets: usize,
}

impl Holder {
    async fn new(watcher: Watcher) -> Self {
        let mut holder = Self { watcher, held: BTreeSet::new(), left: Vec::new(), resets: 0 };
        while !holder.step().await {}
        holder
    }

    /// Applies one event; whether it says that all has been sent.
    async fn step(&mut self) -> bool {
        match self.watcher.next().await {
            Event::Listing(listing) => drop(self.held.insert(listing.name)),
            Event::NoLonger(gone) => {
                self.held.remove(&gone.name);
                self.left.push((gone.name.clone(), gone.reason()));
            }
            Event::Reset(_) => {
                self.held.clear();
                self.resets += 1;
                while !Box::pin(self.step()).await {}
            }
            Event::CaughtUp(_) => return true,
            Event::Bookmark(_) => {}
        }
        false
    }

    /// Waits until exactly these are held.
    async fn holds(&mut self, names: &[&str]) {
        let wanted: BTreeSet<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let reached = tokio::time::timeout(PATIENCE, async {
            while self.held != wanted {
                self.step().await;
            }
        });
        if reached.await.is_err() {
            panic!("held: {:?}, wanted: {wanted:?}", self.held);
        }
    }

    /// Whether `name` left for `reason`, or all began again without it.
    fn lost(&mut self, name: &str, reason: Reason) {
        let left = std::mem::take(&mut self.left);
        let resets = std::mem::take(&mut self.resets);
        assert!(resets > 0 || left.contains(&(name.to_owned(), reason)), "{name} left otherwise: {left:?}");
    }
}
