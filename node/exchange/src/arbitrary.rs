//! Parsers that nobody outside calls, one function each, for whoever throws arbitrary bytes at all that reads what
//! strangers send. Each panics where something does not hold that holds for whatever is read.

use duikou_proto::federation::Batch;
use prost::Message;

use crate::engine::FeedIdentity;
use crate::link::SinkLane;
use crate::world::World;

/// A cursor or page token, unpacked: nobody can make one.
pub fn position(bytes: &[u8]) {
    assert!(FeedIdentity::new(&World::system()).open(bytes).is_none());
}

/// A batch of a link: as it came, and the same bytes packed into the first batch of a lane.
pub fn batch(bytes: &[u8]) {
    let packed = |compressed| Batch { number: 1, parts: bytes.to_vec().into(), compressed, ..Batch::default() };
    for batch in [Batch::decode(bytes).ok(), Some(packed(false)), Some(packed(true))].into_iter().flatten() {
        let Ok(intake) = SinkLane::default().receive(&batch) else { continue };
        let size: usize = intake.parts.iter().map(|part| part.bytes().len()).sum();
        assert!(size <= duikou_proto::limits::BATCH_BYTES, "{size}");
    }
}
