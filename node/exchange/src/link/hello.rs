//! The first frame in both directions.

use duikou_proto::federation::{Hello, LanePosition};
use duikou_proto::hex::hex;
use duikou_proto::limits as contract;
use duikou_proto::v1::Lane;

use super::end::{Ended, LANES, LinkEnd};
use crate::engine::{Known, PositionFact, facts};

/// The version of the protocol that this program speaks.
pub(crate) const PROTOCOL: i32 = 1;
/// Of what tells a process from others with its identity.
const INSTANCE_BYTES: usize = 16;

/// What this end says of itself. `session` is for the accepting end to give.
///
/// # Errors
/// Where the store cannot be read.
pub(crate) async fn hello(end: &LinkEnd, instance: [u8; INSTANCE_BYTES], session: String) -> Result<Hello, Ended> {
    let engine = &end.engine;
    let identity = engine.identity();
    let directory = engine.directory();
    let mut positions = Vec::new();
    for lane in LANES {
        if let Some(fact) = engine.fact::<PositionFact>(&facts::position(&end.peer, lane)).await? {
            positions.push(LanePosition { lane: lane.into(), position: fact.position, feed_id: fact.feed });
        }
    }
    Ok(Hello {
        protocol_min: PROTOCOL,
        protocol_max: PROTOCOL,
        software: concat!("duikou/", env!("CARGO_PKG_VERSION")).to_owned(),
        node: identity.node.to_string(),
        network: identity.network.to_string(),
        path: Vec::new(),
        clock: engine.now(),
        feed_id: hex(&engine.feed_id()),
        directory_index: directory.index(),
        directory_hash: directory.link().hash.clone(),
        window_bytes: contract::WINDOW_BYTES as i64,
        session,
        positions,
        instance: instance.to_vec(),
    })
}

/// Whether the peer's Hello fits ours.
///
/// # Errors
/// Where it speaks another protocol, belongs to another network, or is not who its certificate says.
pub(crate) fn check(end: &LinkEnd, hello: &Hello) -> Result<(), Ended> {
    let identity = end.engine.identity();
    let refuse = |text: String| Err(Ended::Protocol(text));
    if hello.protocol_min > PROTOCOL || hello.protocol_max < PROTOCOL {
        let (min, max) = (hello.protocol_min, hello.protocol_max);
        return refuse(format!("it speaks versions {min} to {max}, this program {PROTOCOL}"));
    }
    if hello.network != identity.network.as_str() {
        return refuse(format!("it belongs to {}, not to {}", hello.network, identity.network));
    }
    if hello.node != end.peer.as_str() {
        return refuse(format!("it calls itself {}, its certificate {}", hello.node, end.peer));
    }
    if hello.instance.len() > INSTANCE_BYTES {
        return refuse(format!("its instance has more than {INSTANCE_BYTES} octets"));
    }
    if hello.path.contains(&identity.node.to_string()) {
        return refuse("it lies above this one: a circle of gateways".to_owned());
    }
    Ok(())
}

/// How many bytes of parts may be on the way to the peer, on each lane.
pub(crate) fn window(hello: &Hello) -> usize {
    let wanted = usize::try_from(hello.window_bytes).unwrap_or(0);
    if wanted == 0 { contract::WINDOW_BYTES } else { wanted.min(contract::WINDOW_BYTES) }
}

/// What the positions that the peer shows of our feed tell about our own store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Past {
    /// All are known.
    Whole,
    /// The peer knows another feed under our name: restored, or made anew.
    Restored,
    /// The peer knows a future of this very feed: rolled back, or copied.
    RolledBack,
}

pub(crate) fn past(end: &LinkEnd, hello: &Hello) -> Past {
    let mut past = Past::Whole;
    for shown in hello.positions.iter().filter(|p| matches!(p.lane(), Lane::Bulk | Lane::Prompt)) {
        match end.engine.open_position(&shown.position).map(|(position, _)| end.engine.knows(&position)) {
            Some(Known::Yes(_)) => {}
            Some(Known::Lost) => return Past::RolledBack,
            Some(Known::Foreign) | None => past = Past::Restored,
        }
    }
    past
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_may_want_less_on_the_way_and_never_more() {
        let most = contract::WINDOW_BYTES;
        for (said, window) in [(1, 1), (4096, 4096), (most as i64 + 1, most), (i64::MAX, most), (0, most), (-1, most)] {
            assert_eq!(super::window(&Hello { window_bytes: said, ..Hello::default() }), window, "{said}");
        }
    }
}
