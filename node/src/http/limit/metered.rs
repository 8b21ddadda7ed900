//! An answer under way: what it sends is counted, and where that is too much it goes on slowly.

use std::num::NonZeroU32;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::{Sleep, sleep};
use tonic::Status;
use tonic::body::Body;

use super::{Pass, UNIT};

/// The body of an answer, with the call's place among those under way.
pub(crate) struct Metered {
    inner: Body,
    pass: Pass,
    /// Bytes that are still to be counted; below zero: that have been counted already.
    owed: i64,
    rest: Option<Pin<Box<Sleep>>>,
}

impl Metered {
    /// The answer `inner` to the call of `pass`.
    pub(crate) fn new(inner: Body, pass: Pass) -> Self {
        Self { inner, pass, owed: -(UNIT as i64), rest: None }
    }
}

impl HttpBody for Metered {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        loop {
            if let Some(rest) = &mut this.rest {
                ready!(rest.as_mut().poll(cx));
                this.rest = None;
            }
            let units = u64::try_from(this.owed).unwrap_or(0) / UNIT;
            let Some(units) = NonZeroU32::new(u32::try_from(units).unwrap_or(u32::MAX)) else { break };
            match this.pass.limiter.sent(this.pass.caller, units) {
                Ok(()) => this.owed %= UNIT as i64,
                Err(wait) => this.rest = Some(Box::pin(sleep(wait))),
            }
        }
        let frame = ready!(Pin::new(&mut this.inner).poll_frame(cx));
        if let Some(data) = frame.as_ref().and_then(|frame| frame.as_ref().ok()).and_then(Frame::data_ref) {
            this.owed = this.owed.saturating_add(i64::try_from(data.len()).unwrap_or(i64::MAX));
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
