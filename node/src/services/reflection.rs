//! Reflection, made when somebody first asks for it: few do, and it takes the whole contract apart.

use std::convert::Infallible;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll};

use duikou_proto::COMMENTED_DESCRIPTOR_SET;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::service::Routes;
use tower::util::Oneshot;
use tower::{Service, ServiceExt};

/// Adds both versions of it, which tell of the services with these names.
pub(super) fn add(routes: Routes, names: Vec<&'static str>) -> Routes {
    let builder = move || {
        let builder = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(COMMENTED_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            // What is wrong with a request is told in its messages.
            .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET);
        names.iter().fold(builder, |builder, name| builder.with_service_name(*name))
    };
    let again = builder.clone();
    // The descriptors are compiled in: that they cannot be read is a fault of the build.
    let v1 = Late::new(move || builder().build_v1().expect("the compiled contract is sound"));
    let v1alpha = Late::new(move || again().build_v1alpha().expect("the compiled contract is sound"));
    routes.add_service(v1).add_service(v1alpha)
}

/// A service that is made with its first call.
struct Late<S>(Arc<LazyLock<S, Box<dyn FnOnce() -> S + Send>>>);

impl<S> Late<S> {
    fn new(make: impl FnOnce() -> S + Send + 'static) -> Self {
        Self(Arc::new(LazyLock::new(Box::new(make))))
    }
}

impl<S> Clone for Late<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<S> Service<http::Request<Body>> for Late<S>
where
    S: Service<http::Request<Body>, Error = Infallible> + Clone,
{
    type Response = S::Response;
    type Error = Infallible;
    type Future = Oneshot<S, http::Request<Body>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        LazyLock::force(&self.0).clone().oneshot(request)
    }
}

impl<S: NamedService> NamedService for Late<S> {
    const NAME: &'static str = S::NAME;
}

#[cfg(test)]
mod tests {
    use tonic::Request;
    use tonic_reflection::pb::v1::ServerReflectionRequest;
    use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
    use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
    use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

    use super::*;

    #[tokio::test]
    async fn it_tells_of_the_contract_and_of_the_messages_in_which_faults_are_told() {
        let mut client = ServerReflectionClient::new(add(Routes::default(), vec!["duikou.v1.ListingService"]));
        for symbol in ["duikou.v1.Listing", "google.rpc.BadRequest", "google.rpc.ErrorInfo", "google.rpc.RetryInfo"] {
            let message_request = Some(MessageRequest::FileContainingSymbol(symbol.to_owned()));
            let request = ServerReflectionRequest { message_request, ..Default::default() };
            let answers = client.server_reflection_info(Request::new(futures_util::stream::iter([request]))).await;
            let answer = answers.unwrap().into_inner().message().await.unwrap().unwrap().message_response.unwrap();
            assert!(matches!(answer, MessageResponse::FileDescriptorResponse(_)), "{symbol}: {answer:?}");
        }
    }
}
