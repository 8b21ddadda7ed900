//! A gateway that was restored or rebuilt may know less of the directory than its nodes. It takes back what they bring,
//! and makes no entry before all of them have been heard: it would fork the directory.

use bytes::Bytes;
use duikou_node::engine::facts::GATHERING;
use duikou_node::link::unheard;
use duikou_proto::directory::{self, DirectoryError};
use duikou_proto::federation::directory_entry::Action;
use duikou_proto::federation::{OfferDirectoryRequest, OfferDirectoryResponse};
use prost::Message;
use tonic::{Code, Status};

use super::{Membership, refuse, unread, unwritten};
use crate::init::EXPECTED_ROOT;

/// Entries of one offer.
const ENTRIES: usize = 4096;

impl Membership {
    /// Whether an entry may be made.
    pub(super) async fn is_settled(&self) -> Result<(), Status> {
        let engine = &self.0.engine;
        if engine.fact::<bool>(GATHERING).await.map_err(unread)?.is_none() {
            return Ok(());
        }
        let missing = unheard(engine, &self.0.board);
        if engine.directory().index() < 0 || !missing.is_empty() {
            let missing = missing.iter().map(|node| node.short()).collect::<Vec<_>>().join(", ");
            return Err(refuse(
                Code::FailedPrecondition,
                "DIRECTORY_UNSETTLED",
                format!(
                    "本网关已恢复或重建，正从各节点取回目录，尚未听到：{missing}。请等待；若某节点已不存在，执行 duikou-gateway directory settle"
                ),
                format!(
                    "this gateway was restored or rebuilt, and takes the directory back from its nodes; not yet heard: {missing}. Wait for them; where one is gone for good: duikou-gateway directory settle"
                ),
            ));
        }
        self.settle().await
    }

    /// Goes on with the directory as it is.
    pub(super) async fn settle(&self) -> Result<(), Status> {
        if self.0.engine.directory().index() < 0 {
            let (zh, en) = ("还没有节点带回目录", "no node has brought the directory yet");
            return Err(refuse(Code::FailedPrecondition, "DIRECTORY_UNSETTLED", zh, en));
        }
        self.0.engine.put_fact::<bool>(GATHERING.to_owned(), None).await.map_err(|error| unwritten(&error))?;
        tracing::warn!(index = self.0.engine.directory().index(), "the directory is taken to be whole");
        Ok(())
    }

    /// Takes entries that continue the directory here.
    pub(super) async fn offered(&self, request: OfferDirectoryRequest) -> Result<OfferDirectoryResponse, Status> {
        let engine = &self.0.engine;
        if request.entries.len() > ENTRIES {
            return Err(refuse(Code::InvalidArgument, "TOO_MANY", "一次提供的条目过多", "too many entries at once"));
        }
        let entries: Vec<Bytes> = request.entries.iter().map(|entry| entry.encode_to_vec().into()).collect();
        if let Some(first) = entries.first() {
            self.is_expected(first).await?;
            let before = engine.directory().index();
            match engine.follow(entries).await.map_err(|error| unwritten(&error))? {
                Ok(()) => {}
                Err(error @ (DirectoryError::Fork { .. } | DirectoryError::Signature { .. })) => {
                    tracing::error!(error = %error, "a node brought entries that do not continue the directory here");
                    return Err(refuse(Code::FailedPrecondition, "FORK", "条目与本网关的目录不符", error.to_string()));
                }
                Err(error) => {
                    return Err(refuse(Code::InvalidArgument, "BAD_ENTRIES", "条目无效", error.to_string()));
                }
            }
            let index = engine.directory().index();
            if index > before {
                tracing::warn!(entries = index - before, index, "took back directory entries from a node");
            }
        }
        Ok(OfferDirectoryResponse { directory_index: engine.directory().index() })
    }

    /// An empty directory begins with the network whose root key this gateway was rebuilt with.
    async fn is_expected(&self, first: &[u8]) -> Result<(), Status> {
        if self.0.engine.directory().index() >= 0 {
            return Ok(());
        }
        let expected: Option<Vec<u8>> = self.0.engine.fact(EXPECTED_ROOT).await.map_err(unread)?;
        let network = self.0.engine.identity().network.to_string();
        match directory::read(first).map(|read| read.entry.action) {
            Ok(Some(Action::Genesis(genesis)))
                if Some(&genesis.root_key) == expected.as_ref() && genesis.network == network =>
            {
                Ok(())
            }
            _ => Err(refuse(
                Code::FailedPrecondition,
                "FORK",
                "目录属于另一网络或另一根密钥",
                "the directory is that of another network, or of another root",
            )),
        }
    }
}
