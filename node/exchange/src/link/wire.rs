//! What a link travels on: three calls, each a stream of frames both ways. `grpc` is the wire between processes; a
//! simulation brings its own.

use std::pin::Pin;

use async_trait::async_trait;
use duikou_proto::federation::{ControlFrame, SinkFrame, SourceFrame};
use futures_util::Stream;
use tokio::sync::mpsc;
use tonic::Status;

use super::end::Ended;

/// Frames from the other end, until it ends the stream or the connection breaks.
pub type Inbound<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// Frames for the other end.
pub type Outbound<T> = mpsc::Receiver<T>;

/// Makes connections to one gateway.
#[async_trait]
pub trait Connect: Send + Sync + 'static {
    /// Makes one.
    ///
    /// # Errors
    /// Where nobody answers, or somebody else than expected.
    async fn connect(&self) -> Result<Box<dyn Wire>, Ended>;
}

/// A connection, from the end that dialled it: the calls of `LinkService`.
#[async_trait]
pub trait Wire: Send + Sync {
    /// Hello, pulses and the directory.
    ///
    /// # Errors
    /// Where the other end refuses or is gone.
    async fn control(&self, frames: Outbound<ControlFrame>) -> Result<Inbound<ControlFrame>, Status>;
    /// A lane that this end reads.
    ///
    /// # Errors
    /// As [`Wire::control`].
    async fn pull(&self, frames: Outbound<SinkFrame>) -> Result<Inbound<SourceFrame>, Status>;
    /// A lane that the other end reads.
    ///
    /// # Errors
    /// As [`Wire::control`].
    async fn push(&self, frames: Outbound<SourceFrame>) -> Result<Inbound<SinkFrame>, Status>;
}
