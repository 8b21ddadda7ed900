//! FeedService as tonic serves it, put together by hand: the generated server would have every event encoded anew for
//! each reader.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use duikou_proto::codec::{Codec, EncodedCodec};
use duikou_proto::v1::feed_service_server::SERVICE_NAME;
use duikou_proto::v1::{PullRequest, PullResponse, WatchRequest};
use futures_util::future::BoxFuture;
use tonic::body::Body;
use tonic::server::{Grpc, NamedService, ServerStreamingService, UnaryService};
use tonic::{Request, Response, Status};
use tower::Service;

use super::Feeds;
use super::event::Sent;
use super::watch::Events;
use crate::services::REQUEST_BYTES;

/// See the module.
#[derive(Clone)]
pub(crate) struct FeedServer(Arc<Feeds>);

impl FeedServer {
    pub(crate) fn new(feeds: Feeds) -> Self {
        Self(Arc::new(feeds))
    }
}

impl NamedService for FeedServer {
    const NAME: &'static str = SERVICE_NAME;
}

impl Service<http::Request<Body>> for FeedServer {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let feeds = self.0.clone();
        Box::pin(async move {
            Ok(match request.uri().path() {
                "/duikou.v1.FeedService/Watch" => {
                    let grpc = Grpc::new(EncodedCodec::<Sent, WatchRequest>::default());
                    let mut grpc = grpc.apply_max_message_size_config(Some(REQUEST_BYTES), None);
                    grpc.server_streaming(WatchMethod(feeds), request).await
                }
                "/duikou.v1.FeedService/Pull" => {
                    let grpc = Grpc::new(Codec::<PullResponse, PullRequest>::default());
                    let mut grpc = grpc.apply_max_message_size_config(Some(REQUEST_BYTES), None);
                    grpc.unary(PullMethod(feeds), request).await
                }
                _ => Status::unimplemented("").into_http(),
            })
        })
    }
}

struct WatchMethod(Arc<Feeds>);

impl ServerStreamingService<WatchRequest> for WatchMethod {
    type Response = Sent;
    type ResponseStream = Events;
    type Future = BoxFuture<'static, Result<Response<Events>, Status>>;

    fn call(&mut self, request: Request<WatchRequest>) -> Self::Future {
        let feeds = self.0.clone();
        Box::pin(async move { feeds.watch(request).await })
    }
}

struct PullMethod(Arc<Feeds>);

impl UnaryService<PullRequest> for PullMethod {
    type Response = PullResponse;
    type Future = BoxFuture<'static, Result<Response<PullResponse>, Status>>;

    fn call(&mut self, request: Request<PullRequest>) -> Self::Future {
        let feeds = self.0.clone();
        Box::pin(async move { feeds.pull(request).await })
    }
}
