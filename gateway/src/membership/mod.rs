//! Who is in the network: invites and enrolment, keys, suspension, removal, moves, circles, hidden records. All of it ends
//! up as entries of the directory, which this gateway signs; registered readers do not.

mod admission;
mod directory_key;
mod enrolment;
mod enterprises;
mod gathering;
mod invite;
mod keys;
mod moves;
mod own;
mod rooted;

use std::path::PathBuf;
use std::sync::Arc;

use duikou_node::audit::Actor;
use duikou_node::engine::{Engine, WriteError};
use duikou_node::keys::KeyDesk;
use duikou_node::link::LinkBoard;
use duikou_node::trust::accept::ConnectionInfo;
use duikou_node::trust::key_file::KeyFileError;
use duikou_proto::directory::DirectoryError;
use duikou_proto::federation::directory_entry::Action;
use duikou_proto::language::Text;
use duikou_proto::name::NodeId;
use duikou_proto::sign::Signer;
use tokio::sync::Mutex;
use tonic::{Code, Request, Status};

use crate::certificates::Certificates;
pub use enterprises::Enterprises;

/// What admission works on.
#[derive(Clone)]
pub struct Membership(Arc<Shared>);

struct Shared {
    engine: Engine,
    board: LinkBoard,
    certificates: Certificates,
    keys: KeyDesk,
    /// `host:port` that invites name.
    address: String,
    dir: PathBuf,
    gateway: NodeId,
    /// Nodes come in one after the other: of two that want one id at one moment the later finds it taken.
    enrolling: Mutex<()>,
}

impl Membership {
    /// Admission for the gateway whose folder is `dir` and whose link listener is known as `address`.
    ///
    /// # Errors
    /// Where the directory key cannot be read.
    pub fn new(
        engine: Engine,
        board: LinkBoard,
        certificates: Certificates,
        keys: KeyDesk,
        address: String,
        dir: PathBuf,
    ) -> Result<Self, KeyFileError> {
        let gateway = engine.identity().node.clone();
        let this = Self(Arc::new(Shared {
            engine,
            board,
            certificates,
            keys,
            address,
            dir,
            gateway,
            enrolling: Mutex::default(),
        }));
        this.load_directory_key()?;
        Ok(this)
    }

    /// Makes entries that the operator of this gateway wants.
    async fn make(&self, actions: Vec<Action>) -> Result<(), Status> {
        self.make_by(Actor::local(), actions).await
    }

    async fn make_by(&self, by: Actor, actions: Vec<Action>) -> Result<(), Status> {
        self.is_settled().await?;
        self.make_signed(by, self.directory_signer()?, actions).await
    }

    async fn make_signed(&self, by: Actor, signer: Signer, actions: Vec<Action>) -> Result<(), Status> {
        match self.0.engine.make_entries(Some(by), signer, actions).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(DirectoryError::Signature { by, .. })) => {
                let zh = format!("条目缺少签名：{by}");
                Err(refuse(Code::FailedPrecondition, "SIGNATURE", zh, format!("it is not signed by {by}")))
            }
            Ok(Err(DirectoryError::Contradiction { detail, .. })) => {
                Err(refuse(Code::FailedPrecondition, "CONTRADICTION", detail.clone(), detail))
            }
            Ok(Err(error)) => Err(Status::internal(error.to_string())),
            Err(error) => Err(unwritten(&error)),
        }
    }
}

/// The most characters of a reason that everyone reads.
const REASON_CHARACTERS: usize = 500;

/// As whom the audit trail knows a node that calls.
fn actor<T>(node: &NodeId, request: &Request<T>) -> Actor {
    let info = request.extensions().get::<ConnectionInfo>();
    Actor::node(node.as_str()).from(info.map(|info| info.remote.ip().to_canonical()))
}

fn reason(text: &str) -> String {
    text.chars().take(REASON_CHARACTERS).collect()
}

fn refuse(code: Code, reason: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Status {
    duikou_node::services::bilingual(code, reason, &Text::new(zh, en))
}

fn unread(error: duikou_node::store::StoreError) -> Status {
    let error = duikou_node::error::chain(&error);
    let (zh, en) = (format!("网关未能读取数据：{error}"), format!("the gateway could not read its data: {error}"));
    refuse(Code::Unavailable, "NOT_READ", zh, en)
}

fn unwritten(error: &WriteError) -> Status {
    refuse(
        Code::Unavailable,
        "NOT_WRITTEN",
        format!("网关未能写入数据：{}", duikou_node::error::chain(error)),
        format!("the gateway could not write: {}", duikou_node::error::chain(error)),
    )
}
