//! SearchService as tonic serves it: a search is answered with listings that are encoded already, all else as generated.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use duikou_proto::codec::EncodedCodec;
use duikou_proto::v1::SearchListingsRequest;
use duikou_proto::v1::search_service_server::{SERVICE_NAME, SearchServiceServer};
use futures_util::future::BoxFuture;
use tonic::body::Body;
use tonic::server::{Grpc, NamedService, UnaryService};
use tonic::{Request, Response, Status};
use tower::Service;

use super::Searches;
use super::found::Sent;
use crate::services::REQUEST_BYTES;

/// See the module.
#[derive(Clone)]
pub(crate) struct SearchServer {
    searches: Arc<Searches>,
    generated: SearchServiceServer<Searches>,
}

impl SearchServer {
    pub(crate) fn new(searches: Searches) -> Self {
        let searches = Arc::new(searches);
        let generated = SearchServiceServer::from_arc(searches.clone()).max_decoding_message_size(REQUEST_BYTES);
        Self { searches, generated }
    }
}

impl NamedService for SearchServer {
    const NAME: &'static str = SERVICE_NAME;
}

impl Service<http::Request<Body>> for SearchServer {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        if request.uri().path() != "/duikou.v1.SearchService/SearchListings" {
            return self.generated.call(request);
        }
        let searches = self.searches.clone();
        Box::pin(async move {
            let grpc = Grpc::new(EncodedCodec::<Sent, SearchListingsRequest>::default());
            let mut grpc = grpc.apply_max_message_size_config(Some(REQUEST_BYTES), None);
            Ok(grpc.unary(SearchMethod(searches), request).await)
        })
    }
}

struct SearchMethod(Arc<Searches>);

impl UnaryService<SearchListingsRequest> for SearchMethod {
    type Response = Sent;
    type Future = BoxFuture<'static, Result<Response<Sent>, Status>>;

    fn call(&mut self, request: Request<SearchListingsRequest>) -> Self::Future {
        let searches = self.0.clone();
        Box::pin(async move { searches.sent(request).await })
    }
}
