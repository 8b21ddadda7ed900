//! The key that signs the directory's entries, and its successor, which the root introduces.

use std::fs::File;

use duikou_node::audit::Actor;
use duikou_node::trust::key_file::{KeyFileError, SigningKeyFile};
use duikou_proto::federation::directory_entry::Action;
use duikou_proto::federation::{DirectoryKey, Gateway};
use duikou_proto::sign::Signer;
use tonic::{Code, Status};

use super::{Membership, refuse};
use crate::init::{DIRECTORY_KEY, NEXT_DIRECTORY_KEY};

fn no_key(error: &KeyFileError) -> Status {
    let detail = duikou_node::error::chain(error);
    refuse(Code::FailedPrecondition, "KEY_FILE", format!("目录密钥无法使用：{detail}"), detail)
}

impl Membership {
    /// Reads the directory key, after giving its place to one that the directory has introduced already. A rebuilt
    /// gateway has none yet.
    pub(super) fn load_directory_key(&self) -> Result<(), KeyFileError> {
        let (present, next) = (self.0.dir.join(DIRECTORY_KEY), self.0.dir.join(NEXT_DIRECTORY_KEY));
        if next.exists() {
            let public = Signer::new(0, SigningKeyFile::new(&next).read()?).public();
            if self.0.engine.directory().directory_key().is_some_and(|(_, newest)| newest == public) {
                let io = |source| KeyFileError::Io { path: next.clone(), source };
                std::fs::rename(&next, &present).map_err(io)?;
                File::open(&self.0.dir).and_then(|folder| folder.sync_all()).map_err(io)?;
            }
        }
        if present.exists() {
            let signer = Signer::new(0, SigningKeyFile::new(present).read()?);
            self.0.engine.identity().signers.hold_directory(signer);
        }
        Ok(())
    }

    /// What signs the next entry.
    pub(super) fn directory_signer(&self) -> Result<Signer, Status> {
        let engine = &self.0.engine;
        engine.identity().signers.directory(&engine.directory()).ok_or_else(|| {
            refuse(
                Code::FailedPrecondition,
                "DIRECTORY_KEY_ABSENT",
                "最新的目录密钥不在本网关：请用根密钥启用新的目录密钥（duikou-gateway directory rotate）",
                "the newest directory key is not here: introduce a new one with the root key (duikou-gateway directory rotate)",
            )
        })
    }

    /// Makes the next directory key, where it is not there yet; what the root has to introduce.
    pub(super) fn next_directory_key(&self) -> Result<DirectoryKey, Status> {
        let file = SigningKeyFile::new(self.0.dir.join(NEXT_DIRECTORY_KEY));
        let key = if self.0.dir.join(NEXT_DIRECTORY_KEY).exists() { file.read() } else { file.create() };
        let number = self.0.engine.directory().directory_key().map_or(0, |(number, _)| number) + 1;
        let public_key = Signer::new(number, key.map_err(|error| no_key(&error))?).public().to_bytes().to_vec();
        Ok(DirectoryKey { number, public_key, root_signature: Vec::new() })
    }

    /// The root has introduced the next directory key.
    pub(super) async fn follow_directory_key(&self, next: DirectoryKey) -> Result<(), Status> {
        let file = SigningKeyFile::new(self.0.dir.join(NEXT_DIRECTORY_KEY));
        let signer = Signer::new(next.number, file.read().map_err(|error| no_key(&error))?);
        let mut actions = vec![Action::DirectoryKey(next)];
        let gateway = self.0.gateway.clone();
        let known = self.0.engine.directory().gateways().any(|(id, at)| *id == gateway && *at == self.0.address);
        if !known {
            actions.push(Action::Gateway(Gateway { gateway: gateway.to_string(), address: self.0.address.clone() }));
        }
        self.make_signed(Actor::local(), signer, actions).await?;
        self.load_directory_key().map_err(|error| no_key(&error))
    }
}
