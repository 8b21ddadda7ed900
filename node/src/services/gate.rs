//! The gate of the public surface: whether a token is good, for this method; when it was shown; and that what is under
//! way ends when the token does. It stands before every service, so none of them needs to know.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use bytes::Bytes;
use duikou_proto::language::Language;
use http::HeaderMap;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tonic::service::Routes;

use super::auth::{Identified, language};
use super::error::Failure;
use super::uses::TokenUses;
use crate::engine::{Engine, TokenFact};

/// A token that expires is looked at again when it should have; clocks may be set meanwhile.
const EXPIRY_LOOK: Duration = Duration::from_secs(60 * 60);

#[derive(Clone)]
struct Gate {
    engine: Engine,
    uses: TokenUses,
}

/// `routes` behind the gate.
pub(super) fn before(routes: Routes, engine: Engine, uses: TokenUses) -> Routes {
    let gate = Gate { engine, uses };
    Routes::from(routes.into_axum_router().layer(from_fn_with_state(gate, pass)))
}

async fn pass(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    let Gate { engine, uses } = gate;
    let identified = Identified::of(&engine, request.headers(), request.extensions()).await;
    request.extensions_mut().insert(identified.clone());
    // Whoever shows nothing, or nothing good, hears so from the service, in its words.
    let Ok(caller) = identified.caller() else { return next.run(request).await };
    let language = language(request.headers());
    if !caller.may_call(request.uri().path()) {
        return Failure::OtherArea.status(language).into_http();
    }
    let Some(key) = caller.token.clone() else { return next.run(request).await };
    uses.note(&key, engine.now());
    let response = next.run(request).await;
    response.map(|inner| axum::body::Body::new(Ending { inner, engine, key, language, ended: None, over: false }))
}

type Ended = Pin<Box<dyn Future<Output = Failure> + Send>>;

/// An answer that ends when the token does by which it was got.
struct Ending {
    inner: axum::body::Body,
    engine: Engine,
    key: String,
    language: Language,
    /// Made when there is something to wait for: most answers are there at once.
    ended: Option<Ended>,
    over: bool,
}

impl HttpBody for Ending {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        if this.over {
            return Poll::Ready(None);
        }
        if let ready @ Poll::Ready(_) = Pin::new(&mut this.inner).poll_frame(cx) {
            return ready;
        }
        let (engine, key) = (&this.engine, &this.key);
        let ended = this.ended.get_or_insert_with(|| Box::pin(ended(engine.clone(), key.clone())));
        let failure = std::task::ready!(ended.as_mut().poll(cx));
        this.over = true;
        let mut trailers = HeaderMap::new();
        // A status of ours has a header form.
        let _ = failure.status(this.language).add_header(&mut trailers);
        Poll::Ready(Some(Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.over || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Waits until the token under `key` is good for nothing, and says why.
async fn ended(engine: Engine, key: String) -> Failure {
    let mut rights = engine.watch_rights();
    loop {
        rights.mark_unchanged();
        let token = match engine.fact::<TokenFact>(&key).await {
            Ok(Some(token)) => token,
            Ok(None) => return Failure::TokenBad,
            Err(error) => return error.into(),
        };
        if let Err(end) = token.check(&engine).await {
            return end.into();
        }
        let left = token.expire_time.map(|time| u64::try_from(time - engine.now()).unwrap_or(0));
        let left = left.map_or(EXPIRY_LOOK, |micros| Duration::from_micros(micros).min(EXPIRY_LOOK));
        tokio::select! {
            changed = rights.changed() => if changed.is_err() { return Failure::Closing },
            () = tokio::time::sleep(left) => {}
        }
    }
}
