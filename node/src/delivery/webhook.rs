//! One request to a receiver, by Standard Webhooks, and what came of it.

use std::time::Duration;

use bytes::Bytes;
use duikou_proto::envelope::Micros;
use duikou_proto::v1::delivery::Outcome;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::connect::{Connection, Dialer, Fault};
use super::signature::signatures;
use super::subscription::Secret;
use super::target::Target;
use crate::limits;

/// Requests under way. A receiver that does not answer gives up its place among those that do, and takes one of its own
/// kind.
pub(crate) struct Slots {
    prompt: Semaphore,
    slow: Semaphore,
}

impl Default for Slots {
    fn default() -> Self {
        Self { prompt: Semaphore::new(limits::DELIVERY_SLOTS), slow: Semaphore::new(limits::DELIVERY_SLOW_SLOTS) }
    }
}

/// A message to a receiver.
pub(crate) struct Message<'a> {
    pub(crate) id: &'a str,
    pub(crate) body: Bytes,
    pub(crate) secrets: &'a [Secret],
    pub(crate) now: Micros,
}

/// What came of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub(crate) outcome: Outcome,
    pub(crate) status: u16,
    pub(crate) detail: String,
    pub(crate) took: Duration,
    /// How long the receiver wants to be left alone, at most a bound.
    pub(crate) retry_after: Option<Duration>,
    /// Whether the receiver may have it.
    pub(crate) sent: bool,
}

impl Attempt {
    /// Whether it is done.
    pub(crate) fn is_delivered(&self) -> bool {
        self.outcome == Outcome::Delivered
    }

    /// Whether the receiver wants nothing any more.
    pub(crate) fn is_gone(&self) -> bool {
        self.status == StatusCode::GONE.as_u16()
    }

    fn fault(fault: Fault, took: Duration) -> Self {
        let Fault { outcome, detail, sent } = fault;
        Self { outcome, status: 0, detail, took, retry_after: None, sent }
    }
}

/// Posts to one receiver, over one connection as long as it lasts.
pub(crate) struct Post<'a> {
    pub(crate) dialer: &'a Dialer,
    pub(crate) slots: &'a Slots,
    pub(crate) target: Target,
    /// Whether it was slow, or failed, the last time.
    pub(crate) slow: bool,
    pub(crate) connection: Option<Connection>,
}

impl Post<'_> {
    /// Sends one message. Takes no longer than [`limits::DELIVERY_TIMEOUT`] once it has its slot.
    pub(crate) async fn send(&mut self, message: &Message<'_>) -> Attempt {
        let slots = self.slots;
        if self.slow {
            let _slot = slots.slow.acquire().await;
            let attempt = self.attempt(message).await;
            self.slow = !attempt.is_delivered() || attempt.took > limits::DELIVERY_PROMPT;
            return attempt;
        }
        let slot = slots.prompt.acquire().await;
        let begun = Instant::now();
        let attempt = {
            let mut attempt = std::pin::pin!(self.attempt(message));
            tokio::select! {
                attempt = &mut attempt => Some(attempt),
                () = tokio::time::sleep(limits::DELIVERY_PROMPT) => {
                    drop(slot);
                    match slots.slow.try_acquire() {
                        Ok(_slot) => Some(attempt.await),
                        Err(_) => None,
                    }
                }
            }
        };
        let attempt = attempt.unwrap_or_else(|| {
            self.connection = None;
            Attempt::fault(Fault::late(true, begun.elapsed()), begun.elapsed())
        });
        self.slow = !attempt.is_delivered() || attempt.took > limits::DELIVERY_PROMPT;
        attempt
    }

    async fn attempt(&mut self, message: &Message<'_>) -> Attempt {
        let begun = Instant::now();
        let mut sent = false;
        let answered = tokio::time::timeout(limits::DELIVERY_TIMEOUT, self.exchange(message, &mut sent)).await;
        let took = begun.elapsed();
        let answer = match answered {
            Ok(Ok(answer)) => answer,
            Ok(Err(fault)) => {
                self.connection = None;
                return Attempt::fault(Fault { sent: sent || fault.sent, ..fault }, took);
            }
            Err(_) => {
                self.connection = None;
                return Attempt::fault(Fault::late(sent, took), took);
            }
        };
        if !answer.open {
            self.connection = None;
        }
        let done = answer.status.is_success();
        let slow_down = [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE].contains(&answer.status);
        let retry_after = answer.retry_after.filter(|_| slow_down).map(|after| after.wait(message.now));
        let detail = if answer.status.is_redirection() { "redirects are not followed" } else { "" };
        Attempt {
            outcome: if done { Outcome::Delivered } else { Outcome::Refused },
            status: answer.status.as_u16(),
            detail: detail.to_owned(),
            took,
            retry_after: retry_after.map(|wait| wait.min(limits::DELIVERY_RETRY_AFTER)),
            sent: true,
        }
    }

    async fn exchange(&mut self, message: &Message<'_>, sent: &mut bool) -> Result<super::connect::Answer, Fault> {
        let headers = headers(message);
        if let Some(connection) = &mut self.connection {
            // Unless it says otherwise: the time may be over before it says anything.
            *sent = true;
            match connection.post(&self.target, headers.clone(), message.body.clone()).await {
                Ok(answer) => return Ok(answer),
                // It was closed meanwhile, as receivers do: a new one. Should this one have come, it comes again with its id.
                Err(fault) => (*sent, self.connection) = (fault.sent, None),
            }
        }
        let connection = self.connection.insert(self.dialer.connect(&self.target).await?);
        let before = std::mem::replace(sent, true);
        let answer = connection.post(&self.target, headers, message.body.clone()).await;
        answer.inspect_err(|fault| *sent = before || fault.sent)
    }
}

fn headers(message: &Message<'_>) -> HeaderMap {
    let seconds = message.now.div_euclid(1_000_000);
    let live = message.secrets.iter().filter(|secret| secret.until.is_none_or(|until| until > message.now));
    let signature = signatures(live.map(|secret| &*secret.secret), message.id, seconds, &message.body);
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::USER_AGENT, HeaderValue::from_static(concat!("duikou/", env!("CARGO_PKG_VERSION"))));
    headers.insert("webhook-timestamp", seconds.into());
    for (name, text) in [("webhook-id", message.id), ("webhook-signature", &signature)] {
        // Hexadecimal and base64 with a prefix: always a header.
        if let Ok(value) = HeaderValue::from_str(text) {
            headers.insert(name, value);
        }
    }
    headers
}
