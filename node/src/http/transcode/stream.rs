//! An answer of many messages, as they come: server-sent events, or one JSON document a line.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderName, HeaderValue};
use prost_reflect::MessageDescriptor;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use tonic::Status;

use super::call::Messages;
use super::unary::json;
use crate::http::{Exchange, Problem};

/// How often a quiet stream of events says that it lives.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a browser waits before it comes back, in milliseconds.
const RETRY_MS: u64 = 3000;
/// The media type of server-sent events.
pub(crate) const EVENT_STREAM: &str = "text/event-stream";
/// The media type of one document a line.
pub(crate) const NDJSON: &str = "application/x-ndjson";

/// How messages are written one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Server-sent events, by the HTML standard.
    Events,
    /// One JSON document a line; a problem document is the last.
    Lines,
}

struct Flow {
    messages: Messages,
    descriptor: MessageDescriptor,
    form: Form,
    exchange: Exchange,
    beat: Interval,
    begun: bool,
    ended: bool,
}

/// The answer that goes on until the service ends it.
pub(crate) fn respond(messages: Messages, descriptor: MessageDescriptor, form: Form, exchange: Exchange) -> Response {
    let mut beat = interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let flow = Flow { messages, descriptor, form, exchange, beat, begun: false, ended: false };
    let pieces = stream::unfold(flow, |mut flow| async move {
        let piece = flow.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from(piece)), flow))
    });
    let mut response = Response::new(Body::from_stream(pieces));
    let kind = match form {
        Form::Events => EVENT_STREAM,
        Form::Lines => NDJSON,
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Proxies that gather answers would hold events back.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    response
}

impl Flow {
    async fn next(&mut self) -> Option<Vec<u8>> {
        if self.ended {
            return None;
        }
        if self.form == Form::Events && !self.begun {
            self.begun = true;
            return Some(format!("retry: {RETRY_MS}\n\n").into_bytes());
        }
        let message = tokio::select! {
            message = self.messages.next() => message,
            _ = self.beat.tick(), if self.form == Form::Events => return Some(b":\n\n".to_vec()),
        };
        self.beat.reset();
        match message.and_then(|message| message.map(|bytes| self.piece(bytes)).transpose()) {
            Ok(piece) => piece,
            Err(status) => {
                self.ended = true;
                Some(self.last(&status))
            }
        }
    }

    fn piece(&self, bytes: Bytes) -> Result<Vec<u8>, Status> {
        let (message, mut text) = json(self.descriptor.clone(), bytes)?;
        if self.form == Form::Lines {
            text.push(b'\n');
            return Ok(text);
        }
        let cursor = message.get_field_by_name("cursor").and_then(|value| value.as_str().map(str::to_owned));
        let cursor = cursor.filter(|cursor| !cursor.is_empty() && !cursor.contains(char::is_control));
        let mut piece = cursor.map(|cursor| format!("id: {cursor}\n")).unwrap_or_default().into_bytes();
        piece.extend_from_slice(b"data: ");
        piece.append(&mut text);
        piece.extend_from_slice(b"\n\n");
        Ok(piece)
    }

    fn last(&self, status: &Status) -> Vec<u8> {
        let problem = Problem::of(status, self.exchange.language).json(&self.exchange);
        let (before, after): (&[u8], &[u8]) = match self.form {
            Form::Events => (b"event: problem\ndata: ", b"\n\n"),
            Form::Lines => (b"", b"\n"),
        };
        [before, &problem, after].concat()
    }
}

#[cfg(test)]
mod tests {
    use duikou_proto::language::Language;
    use http::HeaderMap;
    use http_body_util::{BodyExt, StreamBody};
    use hyper::body::Frame;
    use tonic::Code;

    use super::*;

    /// What a service that says nothing for `quiet`, and then that it closes, looks like.
    async fn text(form: Form, quiet: Duration) -> String {
        let body = stream::once(async move {
            tokio::time::sleep(quiet).await;
            let mut trailers = HeaderMap::new();
            Status::new(Code::Unavailable, "closing").add_header(&mut trailers).unwrap();
            Ok::<_, Status>(Frame::<Bytes>::trailers(trailers))
        });
        let messages = Messages::of(tonic::body::Body::new(StreamBody::new(body)));
        let exchange = Exchange { id: uuid::Uuid::nil(), language: Language::En, path: "/v1/feed:watch".to_owned() };
        let response = respond(messages, crate::contract::descriptor("duikou.v1.FeedEvent"), form, exchange);
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_quiet_stream_says_that_it_lives_and_its_end_is_a_problem() {
        let events = text(Form::Events, 2 * HEARTBEAT + Duration::from_secs(1)).await;
        let (before, problem) = events.split_once("event: problem\ndata: ").expect("it ends with one");
        assert_eq!(before, "retry: 3000\n\n:\n\n:\n\n");
        let problem: serde_json::Value = serde_json::from_str(problem.trim_end()).unwrap();
        assert_eq!((&problem["code"], &problem["status"]), (&"UNAVAILABLE".into(), &503.into()));
        let lines = text(Form::Lines, 2 * HEARTBEAT).await;
        assert_eq!(serde_json::from_str::<serde_json::Value>(&lines).unwrap(), problem, "one line, and no other");
    }
}
