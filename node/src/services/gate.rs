//! The gate of the public surface: whether what is shown is good, for this method; when it was shown; and that what is
//! under way ends when the token or the session does. It stands before every service, so none of them needs to know.

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

use super::auth::{Held, Identified, language};
use super::error::Failure;
use super::roles;
use crate::accounts::Accounts;
use crate::engine::{Engine, TokenFact};
use crate::limits;
use crate::uses::Uses;

#[derive(Clone)]
struct Gate {
    accounts: Accounts,
    uses: Uses,
}

/// `routes` behind the gate.
pub(super) fn before(routes: Routes, accounts: Accounts, uses: Uses) -> Routes {
    let gate = Gate { accounts, uses };
    Routes::from(routes.into_axum_router().layer(from_fn_with_state(gate, pass)))
}

async fn pass(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    let Gate { accounts, uses } = gate;
    let identified = Identified::of(&accounts, request.headers(), request.extensions()).await;
    request.extensions_mut().insert(identified.clone());
    // Whoever shows nothing, or nothing good, hears so from the service, in its words.
    let Ok(caller) = identified.caller() else { return next.run(request).await };
    let language = language(request.headers());
    if let Err(refused) = roles::admit(caller, request.uri().path()) {
        return refused.status(language).into_http();
    }
    let Some(held) = caller.held() else { return next.run(request).await };
    if let Held::Token(key) = &held {
        uses.note(key, accounts.engine().now());
    }
    let response = next.run(request).await;
    response.map(|inner| axum::body::Body::new(Ending { inner, accounts, held, language, ended: None, over: false }))
}

type Ended = Pin<Box<dyn Future<Output = Failure> + Send>>;

/// An answer that ends when the token or the session does by which it was got.
struct Ending {
    inner: axum::body::Body,
    accounts: Accounts,
    held: Held,
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
        let (accounts, held) = (&this.accounts, &this.held);
        let ended = this.ended.get_or_insert_with(|| Box::pin(ended(accounts.clone(), held.clone())));
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

/// Waits until what was shown is good for nothing, and says why.
async fn ended(accounts: Accounts, held: Held) -> Failure {
    let mut rights = accounts.engine().watch_rights();
    loop {
        rights.mark_unchanged();
        let left = match &held {
            Held::Token(key) => token_left(accounts.engine(), key).await,
            Held::Session(key) => session_left(&accounts, key).await,
        };
        let left = match left {
            // Clocks may be set meanwhile.
            Ok(left) => left.min(limits::EXPIRY_LOOK),
            Err(failure) => return failure,
        };
        tokio::select! {
            changed = rights.changed() => if changed.is_err() { return Failure::Closing },
            () = tokio::time::sleep(left) => {}
        }
    }
}

/// How long the token under `key` is good, or why it is not.
async fn token_left(engine: &Engine, key: &str) -> Result<Duration, Failure> {
    let token: TokenFact = engine.fact(key).await?.ok_or(Failure::TokenBad)?;
    token.check(engine).await?;
    let left = token.expire_time.map(|time| u64::try_from(time - engine.now()).unwrap_or(0));
    Ok(left.map_or(limits::EXPIRY_LOOK, Duration::from_micros))
}

/// The same of the session under `key`. What is under way on it is no use of it: a page left open signs nobody in for
/// longer.
async fn session_left(accounts: &Accounts, key: &str) -> Result<Duration, Failure> {
    let (_, left) = accounts.check(key).await??;
    Ok(left)
}
