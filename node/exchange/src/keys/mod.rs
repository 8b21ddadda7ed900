//! New keys for the members here: made and kept in the folder, signed by the key before, introduced to the network by
//! the gateway. Each step is on disk before the next one begins, so a restart carries on where it stopped.

mod files;
mod introduce;
mod openers;

use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use duikou_proto::directory::{Directory, member_key_input};
use duikou_proto::envelope::Micros;
use duikou_proto::federation::Key;
use duikou_proto::federation::key::Purpose;
use duikou_proto::limits as contract;
use duikou_proto::name::MemberId;
use duikou_proto::sign::Signer;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::sync::Notify;

use crate::audit::{Action, Actor, Event};
use crate::engine::{Engine, WriteError, facts};
use crate::store::StoreError;
use crate::trust::key_file::{EncryptionKeyFile, KeyFileError, SigningKeyFile};

pub use files::{encryption_key_file, keys_folder, load_signers, number_files, signing_key_file};
pub use introduce::keep_introduced;
pub use openers::{Opener, Openers};

/// How long a caller waits for the network to know the new keys.
const WAIT: Duration = Duration::from_secs(30);

/// What a member's keys are to become, kept until the directory says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotation {
    /// Number of the new signing key; 0: none.
    pub(crate) signing: i32,
    /// Number of the new encryption key; 0: none.
    pub(crate) encryption: i32,
    /// For how long the keys before still verify.
    pub(crate) grace_seconds: i64,
    pub(crate) since: Micros,
    /// Why the gateway has not introduced them yet, for people.
    pub detail: String,
}

/// Why there are no new keys.
#[derive(Debug, Error)]
pub enum RotateError {
    /// Another node's member.
    #[error("this node does not host {0}")]
    NotHosted(MemberId),
    /// Without the newest key nothing can be signed.
    #[error("the newest signing key of {0} is not here")]
    NoKey(MemberId),
    /// A key file.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// Nothing was written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The store.
    #[error("the store cannot be read")]
    Store(#[from] StoreError),
}

/// Where new keys are made. Its clones are the same one.
#[derive(Clone)]
pub struct KeyDesk(Arc<Shared>);

struct Shared {
    engine: Engine,
    dir: PathBuf,
    openers: Openers,
    work: Notify,
}

impl KeyDesk {
    /// The desk of the server whose folder is `dir`.
    pub fn new(engine: Engine, dir: PathBuf) -> Self {
        let desk = Self(Arc::new(Shared { engine, dir, openers: Openers::default(), work: Notify::new() }));
        desk.load_openers();
        desk
    }

    /// The encryption keys of the members here.
    pub fn openers(&self) -> Openers {
        self.0.openers.clone()
    }

    /// Gives `member` new keys for `purposes`, as `by` wants it; `grace_seconds` is for how long those before still verify. Whether the
    /// directory has them: where not within half a minute, it goes on in the background.
    ///
    /// # Errors
    /// See [`RotateError`]; the keys before then stay.
    pub async fn rotate(
        &self,
        member: &MemberId,
        purposes: &[Purpose],
        grace_seconds: i64,
        by: Actor,
    ) -> Result<bool, RotateError> {
        let engine = &self.0.engine;
        let directory = engine.directory();
        let held = directory.member(member).filter(|held| held.node == engine.identity().node);
        let held = held.ok_or_else(|| RotateError::NotHosted(member.clone()))?;
        let signer = engine.identity().signers.newest(member, &directory);
        let signer = signer.ok_or_else(|| RotateError::NoKey(member.clone()))?;
        let before: Option<Rotation> = engine.fact(&facts::rotation(member)).await?;
        let mut rotation = Rotation {
            signing: 0,
            encryption: 0,
            // Of two wishes the stricter one.
            grace_seconds: before.as_ref().map_or(grace_seconds, |before| before.grace_seconds.min(grace_seconds)),
            since: engine.now(),
            detail: String::new(),
        };
        let wants = |purpose: Purpose, before: i32| purposes.contains(&purpose) || before != 0;
        if wants(Purpose::Signing, before.as_ref().map_or(0, |before| before.signing)) {
            rotation.signing = signer.number() + 1;
            let file = SigningKeyFile::new(signing_key_file(&self.0.dir, member, rotation.signing));
            let key = made(file.create(), || file.read())?;
            engine.identity().signers.hold(member.clone(), Signer::new(rotation.signing, key));
        }
        if wants(Purpose::Encryption, before.as_ref().map_or(0, |before| before.encryption)) {
            rotation.encryption = held.encryption_key.number + 1;
            let file = EncryptionKeyFile::new(encryption_key_file(&self.0.dir, member, rotation.encryption));
            made(file.create(), || file.read())?;
            self.0.openers.hold(member.clone(), rotation.encryption, Opener::new(file.read_octets()?));
        }
        let event = Event::new(Action::KeysRotate, format!("members/{member}")).of(member);
        let names = purposes.iter().map(|purpose| purpose.as_str_name()).collect::<Vec<_>>().join(", ");
        let event = event.saying(format!("{names}; grace {grace_seconds} s"));
        engine.put_fact_by(by, event, facts::rotation(member), Some(rotation.clone())).await?;
        self.0.work.notify_one();
        let mut directory = engine.watch_directory();
        let known = directory.wait_for(|directory| self.stands(member, &rotation, directory) == Stand::Known);
        Ok(matches!(tokio::time::timeout(WAIT, known).await, Ok(Ok(_))))
    }

    /// Makes the first keys of a member that is to live here, or gives those that an attempt before has made: the public
    /// halves, for signing and for sealing.
    ///
    /// # Errors
    /// Where a key file cannot be made or used.
    pub fn first_keys(&self, member: &MemberId) -> Result<(Vec<u8>, Vec<u8>), KeyFileError> {
        let keys = keys_folder(&self.0.dir);
        let unmade = |source| KeyFileError::Io { path: keys.clone(), source };
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&keys).map_err(unmade)?;
        let file = SigningKeyFile::new(signing_key_file(&self.0.dir, member, 1));
        let signer = Signer::new(1, made(file.create(), || file.read())?);
        let file = EncryptionKeyFile::new(encryption_key_file(&self.0.dir, member, 1));
        made(file.create(), || file.read())?;
        let signing = signer.public().to_bytes().to_vec();
        self.0.engine.identity().signers.hold(member.clone(), signer);
        self.0.openers.hold(member.clone(), 1, Opener::new(file.read_octets()?));
        Ok((signing, file.public()?))
    }

    /// Members whose new keys the directory has yet to introduce.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn pending(&self) -> Result<Vec<(MemberId, Rotation)>, StoreError> {
        let found = self.0.engine.facts::<Rotation>(facts::ROTATIONS, contract::PAGE).await?;
        let member = |key: &str| key.strip_prefix(facts::ROTATIONS)?.parse().ok();
        Ok(found.into_iter().filter_map(|(key, rotation)| Some((member(&key)?, rotation))).collect())
    }

    /// How far a rotation is, by the directory.
    fn stands(&self, member: &MemberId, rotation: &Rotation, directory: &Directory) -> Stand {
        let Some(held) = directory.member(member) else { return Stand::Overtaken };
        let newest = held.keys.newest().map_or(0, |key| key.number);
        let signing = match rotation.signing {
            0 => Stand::Known,
            number if number > newest => Stand::Wanted,
            number => match self.0.engine.identity().signers.numbered(member, number) {
                Some(here) if held.keys.iter().any(|key| key.number == number && key.key == here.public()) => {
                    Stand::Known
                }
                _ => Stand::Overtaken,
            },
        };
        match signing {
            Stand::Known if rotation.encryption > held.encryption_key.number => Stand::Wanted,
            stand => stand,
        }
    }

    /// What the gateway is asked for: the encryption key first, since both are signed by the signing key before.
    fn entries(&self, member: &MemberId, rotation: &Rotation) -> Result<Vec<Key>, RotateError> {
        let engine = &self.0.engine;
        let signer = engine.identity().signers.newest(member, &engine.directory());
        let signer = signer.ok_or_else(|| RotateError::NoKey(member.clone()))?;
        let entry = |purpose: Purpose, number: i32, algorithm: &str, public_key: Vec<u8>| Key {
            member: member.to_string(),
            purpose: purpose.into(),
            number,
            algorithm: algorithm.to_owned(),
            signature: signer.sign_text(&member_key_input(member, purpose, number, &public_key)),
            public_key,
            ..Default::default()
        };
        let mut entries = Vec::new();
        if rotation.encryption != 0 {
            let file = EncryptionKeyFile::new(encryption_key_file(&self.0.dir, member, rotation.encryption));
            let public = file.public()?;
            entries.push(entry(Purpose::Encryption, rotation.encryption, "x25519", public));
        }
        if rotation.signing != 0 {
            let file = SigningKeyFile::new(signing_key_file(&self.0.dir, member, rotation.signing));
            let public = Signer::new(rotation.signing, file.read()?).public().to_bytes().to_vec();
            entries.push(entry(Purpose::Signing, rotation.signing, "ed25519", public));
        }
        Ok(entries)
    }

    /// One that cannot be read opens nothing, and stops nobody.
    fn load_openers(&self) {
        if let Err(error) = self.0.openers.load(&self.0.dir) {
            tracing::error!(error = %crate::error::chain(&error), "encryption keys cannot be read");
        }
    }

    /// Reads the folder's keys again where a member here has none that the directory names: its files may have come.
    fn look_for_keys(&self) {
        let engine = &self.0.engine;
        let directory = engine.directory();
        let shut = |member: &duikou_proto::directory::Member| {
            self.0.openers.numbered(&member.id, member.encryption_key.number).is_none()
        };
        if directory.hosted(&engine.identity().node).any(shut) {
            self.load_openers();
        }
        let signers = &engine.identity().signers;
        let lacks = |member: &duikou_proto::directory::Member| signers.newest(&member.id, &directory).is_none();
        if directory.hosted(&engine.identity().node).any(lacks)
            && let Err(error) = load_signers(&self.0.dir, signers)
        {
            tracing::error!(error = %crate::error::chain(&error), "key files cannot be read");
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stand {
    /// The directory has to introduce them yet.
    Wanted,
    /// It has.
    Known,
    /// It has introduced others.
    Overtaken,
}

/// A key file of an attempt that ended half-way is as good as a new one: nobody has seen it.
fn made<T>(
    created: Result<T, KeyFileError>,
    read: impl FnOnce() -> Result<T, KeyFileError>,
) -> Result<T, KeyFileError> {
    match created {
        Err(KeyFileError::Io { source, .. }) if source.kind() == std::io::ErrorKind::AlreadyExists => read(),
        other => other,
    }
}
