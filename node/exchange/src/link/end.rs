//! One end of a link, and why a link ends.

use duikou_proto::directory::Directory;
use duikou_proto::federation::Goodbye;
use duikou_proto::language::Text;
use duikou_proto::name::NodeId;
use duikou_proto::scope::ScopeSet;
use duikou_proto::v1::Lane;
use thiserror::Error;
use tonic::Code;

use super::LinkBoard;
use super::dial::STEP;
use super::protocol::{Reads, Violation};
use super::reason::Step;
use super::said::said;
use crate::defects::{self, Defect};
use crate::engine::{Engine, Side, WriteError};
use crate::live::Live;
use crate::store::StoreError;

/// What both ends of a link need.
#[derive(Clone)]
pub struct LinkEnd {
    /// This server's engine.
    pub engine: Engine,
    /// Where the state of links is shown.
    pub board: LinkBoard,
    /// Who asks, answers and passes on live questions.
    pub live: Live,
    /// The other end.
    pub peer: NodeId,
    /// On which side this one is.
    pub role: LinkRole,
}

/// Which end this is. The two differ in what they read and apply, and in nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkRole {
    /// Dials, and reads what its members may see.
    Node,
    /// Accepts, and carries everything.
    Gateway,
}

/// The code with which a link is closed that begins anew at once, for other scopes.
pub(crate) const SCOPES: &str = "SCOPES";

/// The code with which a node is told that it is not the only one with its identity.
pub(crate) const TWICE: &str = "DUPLICATE_NODE";

/// The lanes of a link.
pub(crate) const LANES: [Lane; 2] = [Lane::Prompt, Lane::Bulk];

impl LinkEnd {
    /// The scopes of the node of this link, whichever end it is.
    pub(crate) fn node_scopes(&self) -> ScopeSet {
        self.engine.directory().node_scopes(self.node())
    }

    pub(crate) fn node(&self) -> &NodeId {
        match self.role {
            LinkRole::Node => &self.engine.identity().node,
            LinkRole::Gateway => &self.peer,
        }
    }

    pub(crate) fn reads(&self) -> Reads {
        match self.role {
            LinkRole::Node => Reads::Up { node: self.engine.identity().node.clone() },
            LinkRole::Gateway => Reads::Down { node: self.peer.clone(), scopes: self.node_scopes() },
        }
    }

    /// Whether a lane that was opened for `reads` may go on under this directory.
    pub(crate) fn still_reads(&self, reads: &Reads, directory: &Directory) -> bool {
        match reads {
            Reads::Up { .. } => true,
            Reads::Down { .. } if defects::on(Defect::ScopesOfTheBeginning) => true,
            Reads::Down { node, scopes } => *scopes == directory.node_scopes(node),
        }
    }

    pub(crate) fn side(&self, scopes: &ScopeSet) -> Side {
        match self.role {
            LinkRole::Node => Side::Below(scopes.clone()),
            LinkRole::Gateway => Side::Above,
        }
    }
}

/// Why a link ended.
#[derive(Debug, Error)]
pub enum Ended {
    /// The directory changed what the node may see: the link begins anew at once.
    #[error("the scopes of the node changed")]
    Scopes,
    /// A clock was ahead, and what was signed then is to be signed anew: what the gateway took comes first.
    #[error("records of a clock that was ahead are signed anew")]
    Ahead,
    /// This server is shutting down.
    #[error("shutting down")]
    Stopped,
    /// Nothing came for too long.
    #[error("the peer does not answer")]
    Dead,
    /// The other end took its half of a stream away.
    #[error("the connection closed")]
    Gone,
    /// A step of the beginning was not done in time.
    #[error("{} took longer than {} s", .0, STEP.as_secs())]
    Late(Step),
    /// The peer refused a call, or the connection broke under it.
    #[error("{code}: {text}")]
    Refused {
        /// Of gRPC.
        code: Code,
        /// For people.
        text: String,
    },
    /// No connection could be made.
    #[error("{why}")]
    Dial {
        /// For people.
        text: Text,
        /// In the words of the system and the libraries.
        why: String,
    },
    /// The peer closed it and said why.
    #[error("{code}: {detail}")]
    Goodbye {
        /// A stable word.
        code: String,
        /// For people.
        detail: String,
    },
    /// The peer's directory ends before ours: it was restored from an older copy, or hides something.
    #[error("its directory ends at entry {theirs}, the one here at {here}: it was rolled back")]
    DirectoryBehind {
        /// The peer's newest entry.
        theirs: i64,
        /// Ours.
        here: i64,
    },
    /// The store of this end was restored from an older copy.
    #[error("this store was rolled back")]
    RolledBack,
    /// It broke otherwise.
    #[error("{0}")]
    Broken(String),
    /// A certificate is not valid yet, or no longer: one of both clocks is wrong.
    #[error("{0}")]
    Clock(String),
    /// The peer does not keep to the protocol.
    #[error("the peer does not keep to the protocol: {0}")]
    Protocol(String),
    /// The store failed.
    #[error("the store failed")]
    Store(#[source] StoreError),
    /// A write failed.
    #[error("nothing could be written")]
    Write(#[from] WriteError),
    /// The peer's directory is not a continuation of ours.
    #[error(transparent)]
    Directory(#[from] duikou_proto::directory::DirectoryError),
}

impl Ended {
    /// Why, for the log and the peer: some of the words are the peer's.
    pub(crate) fn told(&self) -> String {
        said(&crate::error::chain(self))
    }
}

impl From<Goodbye> for Ended {
    fn from(Goodbye { code, detail }: Goodbye) -> Self {
        Self::Goodbye { code: said(&code), detail: said(&detail) }
    }
}

impl From<tonic::Status> for Ended {
    fn from(status: tonic::Status) -> Self {
        let text = said(status.message());
        match status.code() {
            // No sound peer sends larger ones.
            Code::OutOfRange => Self::Protocol(text),
            code => Self::Refused { code, text },
        }
    }
}

impl From<StoreError> for Ended {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Violation> for Ended {
    fn from(violation: Violation) -> Self {
        Self::Protocol(violation.to_string())
    }
}

/// The other end took its half of a stream away.
pub(crate) fn gone() -> Ended {
    Ended::Gone
}
