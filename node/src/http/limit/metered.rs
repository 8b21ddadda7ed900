//! An answer under way: what it sends is counted, and where that is too much it goes on slowly.
//!
//! A piece goes out when those before it are paid for. What comes in one piece is thus never held back; whoever asks for
//! many such pieces finds that there is nothing left for the next call.

use std::num::NonZeroU32;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::{Sleep, sleep};
use tonic::Status;
use tonic::body::Body;

use super::{Pass, UNIT};

/// Bytes that are counted in one go: a stream of small events is not counted event by event.
const PORTION: i64 = 16 * UNIT as i64;

/// The body of an answer, with the call's place among those under way.
pub(crate) struct Metered {
    inner: Body,
    pass: Pass,
    /// Bytes that are still to be counted; below zero: that have been counted already.
    owed: i64,
    /// What waits until there is something left for it.
    held: Option<(Frame<Bytes>, Pin<Box<Sleep>>)>,
}

impl Metered {
    /// The answer `inner` to the call of `pass`.
    pub(crate) fn new(inner: Body, pass: Pass) -> Self {
        Self { inner, pass, owed: -(UNIT as i64), held: None }
    }

    /// Counts what is owed, where that is worth it; how long to wait where there is too little left.
    fn pay(&mut self) -> Result<(), std::time::Duration> {
        if self.owed < PORTION {
            return Ok(());
        }
        let units = u32::try_from(u64::try_from(self.owed).unwrap_or(0) / UNIT).unwrap_or(u32::MAX);
        if let Some(units) = NonZeroU32::new(units) {
            self.pass.limiter.sent(self.pass.caller, units)?;
            self.owed %= UNIT as i64;
        }
        Ok(())
    }

    /// Counts as much of what is owed as there is left.
    fn pay_what_there_is(&mut self) {
        let mut owed = u32::try_from(u64::try_from(self.owed).unwrap_or(0).div_ceil(UNIT)).unwrap_or(u32::MAX);
        self.owed = 0;
        // What cannot be taken in whole is taken in halves, until nothing is left.
        let mut piece = owed;
        while let Some(some) = NonZeroU32::new(piece.min(owed)) {
            match self.pass.limiter.sent(self.pass.caller, some) {
                Ok(()) => owed -= some.get(),
                Err(_) => piece = some.get() / 2,
            }
        }
    }
}

impl HttpBody for Metered {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        if let Some((_, rest)) = &mut this.held {
            ready!(rest.as_mut().poll(cx));
        }
        let frame = match this.held.take() {
            Some((frame, _)) => Some(Ok(frame)),
            None => ready!(Pin::new(&mut this.inner).poll_frame(cx)),
        };
        match frame {
            Some(Ok(frame)) if frame.is_data() => {
                if let Err(wait) = this.pay() {
                    let mut rest = Box::pin(sleep(wait));
                    let woken = rest.as_mut().poll(cx).is_pending();
                    this.held = Some((frame, rest));
                    if !woken {
                        cx.waker().wake_by_ref();
                    }
                    return Poll::Pending;
                }
                let bytes = frame.data_ref().map_or(0, Bytes::len);
                this.owed = this.owed.saturating_add(i64::try_from(bytes).unwrap_or(i64::MAX));
                Poll::Ready(Some(Ok(frame)))
            }
            other => {
                this.pay_what_there_is();
                Poll::Ready(other)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.held.is_none() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.held {
            None => self.inner.size_hint(),
            // Only a body that comes in one piece has a length, and that is never held.
            Some(_) => SizeHint::default(),
        }
    }
}

impl Drop for Metered {
    fn drop(&mut self) {
        // Where the caller has gone, or knew the length and did not wait for the end.
        self.pay_what_there_is();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::{FutureExt, stream};
    use http_body_util::{BodyExt, StreamBody};

    use super::super::{Limit, Limiter};
    use super::*;
    use crate::config::{Limits, Networks};
    use crate::services::tests::World;

    const KIB: usize = 1024;

    async fn pass(limiter: &Arc<Limiter>) -> Result<Pass, super::super::Refusal> {
        limiter.admit(&http::HeaderMap::new(), &http::Extensions::new()).await
    }

    fn pieces(sizes: &[usize]) -> Body {
        let frames: Vec<_> =
            sizes.iter().map(|size| Ok::<_, Status>(Frame::data(Bytes::from(vec![0; *size])))).collect();
        Body::new(StreamBody::new(stream::iter(frames)))
    }

    #[tokio::test]
    async fn one_piece_is_never_held_and_many_wait_for_each_other() {
        let world = World::new().await;
        let limits = Limits { address_bytes: "64 KiB".parse().unwrap(), ..Limits::default() };
        let limiter = || Limiter::new(world.accounts.clone(), &limits, Networks::default());

        let one = limiter();
        let mut body = Metered::new(pieces(&[100 * KIB]), pass(&one).await.ok().unwrap());
        assert!(body.frame().now_or_never().expect("at once").is_some());
        assert!(body.frame().now_or_never().expect("at once").is_none());
        assert_eq!(pass(&one).await.err().unwrap().limit, Limit::Bytes, "nothing is left for the next call");

        let many = limiter();
        let mut body = Metered::new(pieces(&[40 * KIB, 40 * KIB, KIB]), pass(&many).await.ok().unwrap());
        for _ in 0..2 {
            assert!(body.frame().now_or_never().expect("at once").is_some());
        }
        assert!(body.frame().now_or_never().is_none(), "eighty are more than sixty-four");
        assert!(!body.is_end_stream());
        drop(body);
        assert_eq!(pass(&many).await.err().unwrap().limit, Limit::Bytes, "who goes early has paid");
    }
}
