//! Which nodes have not been heard since this process started.

use std::collections::BTreeSet;

use duikou_proto::name::NodeId;

use super::LinkBoard;
use crate::engine::Engine;

/// The nodes that host members and whose link has not been up since the start, by id.
pub fn unheard(engine: &Engine, board: &LinkBoard) -> BTreeSet<NodeId> {
    let mut nodes = engine.directory().nodes();
    nodes.remove(&engine.identity().node);
    nodes.retain(|node| board.get(node).is_none_or(|view| view.heard == 0));
    nodes
}
