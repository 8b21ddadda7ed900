//! What a caller goes on sending when it has been answered. Over HTTP/1.1 a server that closes while its caller still
//! writes resets the connection, and whoever writes everything before it reads anything never hears what was wrong. So the
//! rest of a body that nobody wanted is read and thrown away, within bounds, before the answer goes out.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use http::Version;
use http::header::EXPECT;
use http_body_util::BodyExt;
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use crate::limits;

/// A body that whoever answers may leave unread.
struct Unread {
    body: Body,
    /// Whether anything of it was asked for.
    asked: bool,
}

struct Shared(Arc<Mutex<Unread>>);

impl HttpBody for Shared {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let mut unread = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        unread.asked = true;
        Pin::new(&mut unread.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).body.size_hint()
    }
}

/// Reads on where whoever answers has left something unread.
pub(super) async fn read_on(request: Request, next: Next) -> Response {
    if request.version() > Version::HTTP_11 || request.body().is_end_stream() {
        return next.run(request).await;
    }
    // It sends nothing before it is asked to.
    let waits = request.headers().contains_key(EXPECT);
    let (parts, body) = request.into_parts();
    let unread = Arc::new(Mutex::new(Unread { body, asked: false }));
    let shared = Body::new(Shared(unread.clone()));
    let response = next.run(Request::from_parts(parts, shared)).await;
    // Whoever still holds it goes on reading by itself.
    if let Some(unread) = Arc::into_inner(unread) {
        let Unread { body, asked } = unread.into_inner().unwrap_or_else(PoisonError::into_inner);
        if asked || !waits {
            let _ = tokio::time::timeout(limits::UNREAD_WITHIN, throw_away(body)).await;
        }
    }
    response
}

async fn throw_away(mut body: Body) {
    let mut left = limits::UNREAD_BYTES;
    while let Some(Ok(frame)) = body.frame().await {
        let bytes = frame.data_ref().map_or(0, Bytes::len);
        if bytes > left {
            return;
        }
        left -= bytes;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use axum::Router;
    use axum::middleware::from_fn;
    use axum::routing::post;
    use futures_util::stream;
    use http::StatusCode;
    use tower::ServiceExt;

    use super::*;

    /// Bytes of a piece.
    const PIECE: usize = 64 * 1024;

    /// How many pieces of a body were taken from a caller who is refused without a look at it.
    async fn taken(version: Version, expect: bool, pieces: usize) -> usize {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = count.clone();
        let body = stream::iter((0..pieces).map(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
            Ok::<_, std::io::Error>(Bytes::from_static(&[0; PIECE]))
        }));
        let mut request = Request::builder().method("POST").uri("/").version(version);
        if expect {
            request = request.header(EXPECT, "100-continue");
        }
        let routes = Router::new().route("/", post(async || StatusCode::UNAUTHORIZED)).layer(from_fn(read_on));
        let answer = routes.oneshot(request.body(Body::from_stream(body)).unwrap()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        count.load(Ordering::Relaxed)
    }

    #[tokio::test]
    async fn what_nobody_wants_is_taken_within_a_bound() {
        assert_eq!(taken(Version::HTTP_11, false, 100).await, 100);
        let most = limits::UNREAD_BYTES / PIECE;
        assert_eq!(taken(Version::HTTP_11, false, 2 * most).await, most + 1);
        assert_eq!(taken(Version::HTTP_11, true, 100).await, 0, "who waits is not asked to send it");
        assert_eq!(taken(Version::HTTP_2, false, 100).await, 0, "there a stream ends by itself");
    }

    #[tokio::test(start_paused = true)]
    async fn who_sends_nothing_is_not_waited_for_without_end() {
        let started = tokio::time::Instant::now();
        let routes = Router::new().route("/", post(async || StatusCode::UNAUTHORIZED)).layer(from_fn(read_on));
        let silent = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
        let answer = routes.oneshot(Request::post("/").body(silent).unwrap()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        assert!(started.elapsed() < limits::UNREAD_WITHIN + Duration::from_secs(1));
    }
}
