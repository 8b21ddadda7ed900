//! Who is in the network: invites and enrolment, suspension, circles, hidden records. All of it ends up as entries of
//! the directory, which this gateway signs.

mod admission;
mod enrolment;
mod invite;
mod keys;
mod moves;

use std::path::PathBuf;
use std::sync::Arc;

use duikou_node::engine::{Engine, WriteError};
use duikou_proto::directory::DirectoryError;
use duikou_proto::federation::directory_entry::Action;
use duikou_proto::language::Text;
use duikou_proto::name::NodeId;
use duikou_proto::sign::Signer;
use tonic::{Code, Status};

use crate::authority::Authority;

/// What admission works on.
#[derive(Clone)]
pub struct Membership(Arc<Shared>);

struct Shared {
    engine: Engine,
    authority: Authority,
    directory_key: Signer,
    /// `host:port` that invites name.
    address: String,
    dir: PathBuf,
    gateway: NodeId,
}

impl Membership {
    /// Admission for the gateway whose folder is `dir` and whose link listener is known as `address`.
    pub fn new(engine: Engine, authority: Authority, directory_key: Signer, address: String, dir: PathBuf) -> Self {
        let gateway = engine.identity().node.clone();
        Self(Arc::new(Shared { engine, authority, directory_key, address, dir, gateway }))
    }

    async fn make(&self, actions: Vec<Action>) -> Result<(), Status> {
        match self.0.engine.make_entries(self.0.directory_key.clone(), actions).await {
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

fn reason(text: &str) -> String {
    text.chars().take(REASON_CHARACTERS).collect()
}

fn refuse(code: Code, reason: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Status {
    duikou_node::services::bilingual(code, reason, &Text::new(zh, en))
}

fn unwritten(error: &WriteError) -> Status {
    refuse(
        Code::Unavailable,
        "NOT_WRITTEN",
        format!("网关未能写入数据：{}", duikou_node::error::chain(error)),
        format!("the gateway could not write: {}", duikou_node::error::chain(error)),
    )
}
