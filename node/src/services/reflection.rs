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
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET);
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
