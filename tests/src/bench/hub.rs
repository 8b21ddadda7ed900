//! What takes a listing once and hands it on to all who follow: ours and those of others, told, followed and counted alike.

use duikou_proto::v1::feed_event::Event;
use duikou_proto::v1::{FeedEvent, Listing};
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use prost::Message;
use serde::{Deserialize, Serialize};
use tonic::Streaming;

use super::client::{DIALS, Target, caught_up};
use super::{etcd, nats};

/// See the module.
#[tonic::async_trait]
pub(super) trait Hub {
    /// The process whose time it takes.
    fn process(&self) -> u32;

    /// Where its followers find it.
    fn target(&self) -> Target;

    /// How they are told.
    fn feed(&self) -> Feed;

    /// Hands it a listing, and waits until it has taken that.
    async fn publish(&mut self, listing: Listing) -> anyhow::Result<()>;
}

/// How a follower is told.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) enum Feed {
    /// By a watch of ours.
    Watch,
    /// By a watch of etcd.
    Etcd,
    /// By NATS.
    Nats(nats::Way),
}

/// How many listings came, each time that any came.
pub(super) type Deliveries = BoxStream<'static, anyhow::Result<usize>>;

/// Has so many follow, each over a connection of its own; they miss nothing from now on.
pub(super) async fn follow(target: &Target, feed: Feed, count: usize) -> anyhow::Result<Vec<Deliveries>> {
    let opened = (0..count).map(|number| async move {
        match feed {
            Feed::Watch => Ok(watch(caught_up(target.connect().await?, None).await?)),
            Feed::Etcd => etcd::watch(target).await,
            Feed::Nats(way) => nats::follow(target, way, number).await,
        }
    });
    futures_util::stream::iter(opened).buffer_unordered(DIALS).try_collect().await
}

/// Reads until that many listings have come to each.
pub(super) async fn had(followers: Vec<Deliveries>, listings: usize) -> anyhow::Result<()> {
    let each = followers.into_iter().map(|mut deliveries| async move {
        let mut count = 0;
        while count < listings {
            count += deliveries.next().await.ok_or_else(|| anyhow::anyhow!("the feed ended"))??;
        }
        anyhow::Ok(())
    });
    futures_util::future::try_join_all(each).await?;
    Ok(())
}

fn watch(events: Streaming<FeedEvent>) -> Deliveries {
    events.map(|event| Ok(usize::from(matches!(event?.event, Some(Event::Listing(_)))))).boxed()
}

/// Reads a listing as each follower does, whoever brought it.
pub(super) fn read(payload: &[u8]) -> anyhow::Result<usize> {
    Listing::decode(payload)?;
    Ok(1)
}
