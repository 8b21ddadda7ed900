//! What becomes of the frames that pass a gateway which means harm; each way, a frame becomes none, one or endlessly many.

use bytes::Bytes;
use duikou_proto::federation::source_frame::Frame as FromSource;
use duikou_proto::federation::{Batch, ControlFrame, Found, Parts, SinkFrame, SourceFrame};
use duikou_proto::limits;
use duikou_proto::v1::{Lane, Signed};
use prost::Message;

/// What one frame becomes; made as they are sent, so there may be no end of them.
pub type Frames<T> = Box<dyn Iterator<Item = T> + Send>;

type Change<T> = Box<dyn Fn(T) -> Frames<T> + Send + Sync>;

/// A way of tampering; at first none.
#[derive(Default)]
pub struct Tamper {
    told: Option<Change<ControlFrame>>,
    said: Option<Change<ControlFrame>>,
    sent: Vec<(Option<Lane>, Change<SourceFrame>)>,
    asked: Option<Change<SinkFrame>>,
    answered: Option<Change<SinkFrame>>,
}

/// Itself.
pub(crate) fn as_it_is<T: Send + 'static>(frame: T) -> Frames<T> {
    on(frame)
}

/// One frame.
pub fn on<T: Send + 'static>(frame: T) -> Frames<T> {
    Box::new(std::iter::once(frame))
}

impl Tamper {
    /// What the gateway tells the node on the control stream.
    #[must_use]
    pub fn telling(mut self, change: impl Fn(ControlFrame) -> Frames<ControlFrame> + Send + Sync + 'static) -> Self {
        self.told = Some(Box::new(change));
        self
    }

    /// What the node says there.
    #[must_use]
    pub fn saying(mut self, change: impl Fn(ControlFrame) -> Frames<ControlFrame> + Send + Sync + 'static) -> Self {
        self.said = Some(Box::new(change));
        self
    }

    /// What the node asks for, acknowledges and probes.
    #[must_use]
    pub fn asking(mut self, change: impl Fn(SinkFrame) -> Frames<SinkFrame> + Send + Sync + 'static) -> Self {
        self.asked = Some(Box::new(change));
        self
    }

    /// What the gateway asks for, acknowledges and probes.
    #[must_use]
    pub fn answering(mut self, change: impl Fn(SinkFrame) -> Frames<SinkFrame> + Send + Sync + 'static) -> Self {
        self.answered = Some(Box::new(change));
        self
    }

    /// Whatever the node gets on a lane; None: on both.
    #[must_use]
    pub fn sending(
        mut self,
        lane: impl Into<Option<Lane>>,
        change: impl Fn(SourceFrame) -> Frames<SourceFrame> + Send + Sync + 'static,
    ) -> Self {
        self.sent.push((lane.into(), Box::new(change)));
        self
    }

    /// The batches among it.
    #[must_use]
    pub fn batches(
        self,
        lane: impl Into<Option<Lane>>,
        change: impl Fn(Batch) -> Frames<Batch> + Send + Sync + 'static,
    ) -> Self {
        self.sending(lane, move |frame| match frame.frame {
            Some(FromSource::Batch(batch)) => Box::new(change(batch).map(|batch| of_source(FromSource::Batch(batch)))),
            _ => on(frame),
        })
    }

    /// The parts of those batches; a batch that loses all of them still goes, with its position.
    #[must_use]
    pub fn parts(
        self,
        lane: impl Into<Option<Lane>>,
        change: impl Fn(Vec<Signed>) -> Vec<Signed> + Send + Sync + 'static,
    ) -> Self {
        self.batches(lane, move |batch| {
            let parts = change(parts_of(&batch));
            on(with_parts(batch, parts))
        })
    }

    /// The answers to what the node probes.
    #[must_use]
    pub fn finding(self, change: impl Fn(Found) -> Frames<Found> + Send + Sync + 'static) -> Self {
        self.sending(None, move |frame| match frame.frame {
            Some(FromSource::Found(found)) => Box::new(change(found).map(|found| of_source(FromSource::Found(found)))),
            _ => on(frame),
        })
    }

    pub(crate) fn told(&self, frame: ControlFrame) -> Frames<ControlFrame> {
        apply(self.told.as_ref(), frame)
    }

    pub(crate) fn said(&self, frame: ControlFrame) -> Frames<ControlFrame> {
        apply(self.said.as_ref(), frame)
    }

    pub(crate) fn asked(&self, frame: SinkFrame) -> Frames<SinkFrame> {
        apply(self.asked.as_ref(), frame)
    }

    pub(crate) fn answered(&self, frame: SinkFrame) -> Frames<SinkFrame> {
        apply(self.answered.as_ref(), frame)
    }

    /// Each change works on what the one before has made of it, of which there may be no end: only the last one's answer
    /// is taken lazily.
    pub(crate) fn sent(&self, lane: Lane, frame: SourceFrame) -> Frames<SourceFrame> {
        let mut changes: Vec<_> = self.sent.iter().filter(|(of, _)| of.is_none_or(|of| of == lane)).collect();
        let Some((_, last)) = changes.pop() else { return on(frame) };
        let mut frames = vec![frame];
        for (_, change) in changes {
            frames = frames.into_iter().flat_map(change).collect();
        }
        let ends: Vec<Frames<SourceFrame>> = frames.into_iter().map(last).collect();
        Box::new(ends.into_iter().flatten())
    }
}

/// A frame with this in it.
pub fn of_source(frame: FromSource) -> SourceFrame {
    SourceFrame { frame: Some(frame), ..SourceFrame::default() }
}

fn apply<T: Send + 'static>(change: Option<&Change<T>>, frame: T) -> Frames<T> {
    match change {
        Some(change) => change(frame),
        None => on(frame),
    }
}

/// What a batch holds.
///
/// # Panics
/// Where an honest gateway has sent what cannot be read.
pub fn parts_of(batch: &Batch) -> Vec<Signed> {
    let bytes = match batch.compressed {
        true => zstd::bulk::decompress(&batch.parts, limits::BATCH_BYTES).expect("zstd").into(),
        false => batch.parts.clone(),
    };
    let parts = Parts::decode(bytes).expect("parts").parts;
    parts.into_iter().map(|part| Signed::decode(part).expect("an envelope")).collect()
}

/// The same batch with other parts.
pub fn with_parts(batch: Batch, parts: Vec<Signed>) -> Batch {
    let parts = Parts { parts: parts.iter().map(|part| Bytes::from(part.encode_to_vec())).collect() };
    Batch { parts: Bytes::from(parts.encode_to_vec()), compressed: false, ..batch }
}
