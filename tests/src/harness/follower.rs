//! Somebody who follows a server's feed with its operator's eyes, from its first start on and whatever becomes of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use duikou_proto::v1::WatchRequest;
use duikou_proto::v1::feed_event::Event;
use duikou_proto::v1::feed_service_client::FeedServiceClient;
use tonic::transport::Channel;

use super::start::ANSWER_BYTES;

/// How long it waits before it goes on from its cursor.
const AGAIN: Duration = Duration::from_millis(200);

/// What it has, by its events, and where it goes on.
#[derive(Debug, Default)]
struct Course {
    holds: BTreeMap<String, i64>,
    cursor: String,
}

/// Follows until it is dropped.
#[derive(Debug)]
pub(crate) struct Follower {
    course: Arc<Mutex<Course>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Follower {
    pub(crate) fn new(server: Channel) -> Self {
        let course: Arc<Mutex<Course>> = Arc::default();
        let kept = Arc::clone(&course);
        let task = tokio::spawn(async move {
            loop {
                // Every end is as good as another: it goes on from its cursor.
                let _ = follow(server.clone(), &kept).await;
                tokio::time::sleep(AGAIN).await;
            }
        });
        Self { course, task }
    }

    /// Full names with their revisions.
    pub(crate) fn holds(&self) -> BTreeMap<String, i64> {
        self.course.lock().unwrap_or_else(PoisonError::into_inner).holds.clone()
    }
}

async fn follow(server: Channel, course: &Mutex<Course>) -> Result<(), tonic::Status> {
    let mut feed = FeedServiceClient::new(server).max_decoding_message_size(ANSWER_BYTES);
    let cursor = course.lock().unwrap_or_else(PoisonError::into_inner).cursor.clone();
    let mut events = feed.watch(WatchRequest { filter: None, cursor }).await?.into_inner();
    while let Some(event) = events.message().await? {
        let mut course = course.lock().unwrap_or_else(PoisonError::into_inner);
        match event.event {
            Some(Event::Listing(listing)) => drop(course.holds.insert(listing.name, listing.revision)),
            Some(Event::NoLonger(gone)) => drop(course.holds.remove(&gone.name)),
            Some(Event::Reset(_)) => course.holds.clear(),
            Some(Event::CaughtUp(_) | Event::Bookmark(_)) | None => {}
        }
        course.cursor = event.cursor;
    }
    Ok(())
}
