//! FeedService as tonic serves it, put together by hand: the generated server would have every event encoded, and copied,
//! anew for each reader.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use duikou_proto::codec::Codec;
use duikou_proto::v1::feed_service_server::SERVICE_NAME;
use duikou_proto::v1::{FeedEvent, PullRequest, PullResponse, WatchRequest};
use futures_util::future::BoxFuture;
use futures_util::stream::{Empty, empty};
use http_body_util::StreamBody;
use tonic::body::Body;
use tonic::server::{Grpc, NamedService, ServerStreamingService, UnaryService};
use tonic::{Request, Response, Status};
use tower::Service;

use super::Feeds;
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
                    let grpc = Grpc::new(Codec::<FeedEvent, WatchRequest>::default());
                    let mut grpc = grpc.apply_max_message_size_config(Some(REQUEST_BYTES), None);
                    let mut events = None;
                    let answer = grpc.server_streaming(WatchMethod { feeds, events: Some(&mut events) }, request).await;
                    match events {
                        Some(events) => answer.map(|_| Body::new(StreamBody::new(events))),
                        None => answer,
                    }
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

/// Reads the request and begins the answer, whose frames are put aside: they need no encoding.
struct WatchMethod<'a> {
    feeds: Arc<Feeds>,
    events: Option<&'a mut Option<Events>>,
}

impl<'a> ServerStreamingService<WatchRequest> for WatchMethod<'a> {
    type Response = FeedEvent;
    type ResponseStream = Empty<Result<FeedEvent, Status>>;
    type Future = BoxFuture<'a, Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: Request<WatchRequest>) -> Self::Future {
        let (feeds, events) = (self.feeds.clone(), self.events.take());
        Box::pin(async move {
            let begun = feeds.watch(request).await?;
            *events.ok_or_else(|| Status::internal("one call is one watch"))? = Some(begun);
            Ok(Response::new(empty()))
        })
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
