//! The stream that cannot be left out: the same bytes, encoded once, to every reader over TLS.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use duikou_proto::codec::EncodedCodec;
use duikou_proto::v1::feed_event::Event;
use duikou_proto::v1::feed_service_server::SERVICE_NAME;
use duikou_proto::v1::{CaughtUp, FeedEvent, WatchRequest};
use futures_util::future::BoxFuture;
use futures_util::{Stream, StreamExt};
use prost::Message;
use tokio::sync::broadcast;
use tokio_stream::wrappers::BroadcastStream;
use tonic::body::Body;
use tonic::server::{Grpc, NamedService, ServerStreamingService};
use tonic::transport::Server;
use tonic::{Request, Response, Status};
use tower::Service;

use super::bare_tls;
use crate::harness::WebCertificate;

/// Events that may wait for a reader.
const WAITING: usize = 1_024;

/// What all readers get.
pub(crate) type Source = broadcast::Sender<Bytes>;

/// Serves until the runtime ends, and says where and how its readers get something.
pub(crate) async fn serve(certificate: &WebCertificate) -> anyhow::Result<(SocketAddr, Source)> {
    let (address, connections) = bare_tls::listen(certificate).await?;
    let (source, _) = broadcast::channel(WAITING);
    tokio::spawn(Server::builder().add_service(Bare(source.clone())).serve_with_incoming(connections));
    Ok((address, source))
}

#[derive(Clone)]
struct Bare(Source);

impl NamedService for Bare {
    const NAME: &'static str = SERVICE_NAME;
}

impl Service<http::Request<Body>> for Bare {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let method = Watch(self.0.clone());
        Box::pin(async move {
            Ok(Grpc::new(EncodedCodec::<Bytes, WatchRequest>::default()).server_streaming(method, request).await)
        })
    }
}

struct Watch(Source);

impl ServerStreamingService<WatchRequest> for Watch {
    type Response = Bytes;
    type ResponseStream = Pin<Box<dyn Stream<Item = Result<Bytes, Status>> + Send>>;
    type Future = BoxFuture<'static, Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, _: Request<WatchRequest>) -> Self::Future {
        let caught_up = FeedEvent { event: Some(Event::CaughtUp(CaughtUp {})), ..FeedEvent::default() };
        let first: Bytes = caught_up.encode_to_vec().into();
        let events = BroadcastStream::new(self.0.subscribe()).map(|event| event.map_err(|_| Status::aborted("late")));
        let stream = futures_util::stream::iter([Ok(first)]).chain(events);
        Box::pin(async move { Ok(Response::new(Box::pin(stream) as _)) })
    }
}
