//! How a folder becomes a node of a network, and how a node gets one more member, or a lost member back.

mod issued;
mod mend;
mod renew;
#[cfg(test)]
mod tests;
mod token;

use std::path::Path;
use std::time::SystemTime;

use duikou_proto::directory::{Directory, DirectoryError};
use duikou_proto::federation::enrolment_service_client::EnrolmentServiceClient;
use duikou_proto::federation::{EnrolRequest, EnrolResponse, JoinToken};
use duikou_proto::hex::hex;
use duikou_proto::limits as contract;
use duikou_proto::name::{InvalidName, MemberId, NetworkName, NodeId};
use duikou_proto::sign::Signer;
use prost::Message;
use rustls_pki_types::CertificateDer;
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use crate::config::{self, Config, HostPort, Overrides};
use crate::engine::{Engine, StartError, WriteError, facts};
use crate::keys::number_files;
use crate::route::route;
use crate::server::{Folder, FolderError, ServeError, make_private_folder, start};
use crate::trust::dial::InvalidAddress;
use crate::trust::identity::{IdentityError, KEY_FILE, TlsIdentity, fingerprint};
use crate::trust::key_file::{self, EncryptionKeyFile, KeyFileError, SigningKeyFile, create_tls_key, read_tls_key};
use crate::trust::link_tls::{LinkTls, LinkTlsError, enrolment_client};
use crate::trust::request::certificate_request;

use issued::Issued;
pub use issued::Unsound;
pub(crate) use issued::WEB_CERTIFICATE_FILE;
pub use renew::{Renewal, keep_renewed};
pub use token::{decode as decode_token, encode as encode_token};

/// What the holder of a signing key signs to enrol it.
pub fn proof_input(secret: &[u8], node: &NodeId) -> Vec<u8> {
    let mut input = b"duikou.v1.enrol".to_vec();
    input.extend_from_slice(blake3::hash(secret).as_bytes());
    input.extend_from_slice(node.as_str().as_bytes());
    input
}

/// What the holder of a member's signing key signs to have its node certified anew.
pub fn renew_input(certificate_request: &[u8], node: &NodeId) -> Vec<u8> {
    let mut input = b"duikou.v1.renew".to_vec();
    input.extend_from_slice(blake3::hash(certificate_request).as_bytes());
    input.extend_from_slice(node.as_str().as_bytes());
    input
}

/// What joining made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// The network.
    pub network: NetworkName,
    /// This node.
    pub node: NodeId,
    /// The member.
    pub member: MemberId,
    /// The gateway.
    pub gateway: NodeId,
    /// BLAKE3 of the root key, hexadecimal.
    pub root_fingerprint: String,
}

/// Why a folder does not join.
#[derive(Debug, Error)]
pub enum JoinError {
    /// No token, or one that was cut or mistyped.
    #[error("this is no join token; was it cut or mistyped?")]
    NoToken,
    /// Past its date.
    #[error("the join token has expired")]
    Expired,
    /// The folder belongs to another network.
    #[error("the token is for {token}, this folder belongs to {folder}")]
    Foreign {
        /// The token's.
        token: NetworkName,
        /// The folder's.
        folder: NetworkName,
    },
    /// The network's root key is another one than the token names.
    #[error("the gateway shows another root key than the token names: {got} instead of {expected}")]
    WrongRoot {
        /// The token's.
        expected: String,
        /// The gateway's.
        got: String,
    },
    /// What the gateway answered is not what it should be.
    #[error("the gateway's answer is not sound: {0}")]
    Unsound(&'static str),
    /// The gateway has certified something else.
    #[error("the gateway's certificates are of no use")]
    Certificates(#[from] Unsound),
    /// The gateway said no, or broke off.
    #[error("the gateway refused")]
    Refused(#[source] tonic::Status),
    /// The gateway cannot be reached, or is not who it should be.
    #[error("the gateway at {0} cannot be reached")]
    Dial(String, #[source] tonic::transport::Error),
    /// The way to it.
    #[error(transparent)]
    Route(#[from] InvalidAddress),
    /// A name in the token.
    #[error("a name in the token is not valid")]
    Name(#[from] InvalidName),
    /// The folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// A key file.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// Certificates.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// TLS.
    #[error(transparent)]
    LinkTls(#[from] LinkTlsError),
    /// TLS.
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
    /// The certificate request.
    #[error("the certificate request cannot be made")]
    Request(#[from] rcgen::Error),
    /// The directory.
    #[error("the network's directory is not sound")]
    Directory(#[from] DirectoryError),
    /// The folder's data.
    #[error("the folder's data cannot be used")]
    Serve(#[from] ServeError),
    /// The folder's data.
    #[error("the folder's data cannot be used")]
    Start(#[from] StartError),
    /// The folder's data.
    #[error("the folder's data cannot be written")]
    Write(#[from] WriteError),
    /// The folder's files.
    #[error("the folder cannot be written")]
    Io(#[from] std::io::Error),
    /// The folder's configuration.
    #[error("{0}")]
    Config(String),
}

/// Uses up a join token: an empty folder becomes a node called `node` (else as the member), a joined one gets one more
/// member. Nothing that is there is overwritten; a call that broke off half-way can be repeated with the same token.
///
/// # Errors
/// See [`JoinError`].
pub async fn join(dir: &Path, text: &str, node: Option<&str>) -> Result<Joined, JoinError> {
    enter(dir, text, node, false).await
}

/// Uses up a token that replaces a member's lost keys. Nothing is written for the member until the gateway has given
/// back what it holds of it.
///
/// # Errors
/// See [`JoinError`].
pub async fn recover_keys(dir: &Path, text: &str) -> Result<Joined, JoinError> {
    enter(dir, text, None, true).await
}

async fn enter(dir: &Path, text: &str, node: Option<&str>, recovers: bool) -> Result<Joined, JoinError> {
    let token = decode_token(text).ok_or(JoinError::NoToken)?;
    let network: NetworkName = token.network.parse()?;
    let member: MemberId = token.member.parse()?;
    let gateway: NodeId = token.gateway.parse()?;
    if token.expire_time < now() {
        return Err(JoinError::Expired);
    }
    let folder = Folder::make(dir)?;
    let settings = read_config(&folder)?;
    // What variables say for this process alone is not written down.
    let mut config = if folder.config().exists() { settings.clone() } else { Config::default() };
    if let Some(here) = config.node.network.clone().filter(|here| *here != network) {
        return Err(JoinError::Foreign { token: network, folder: here });
    }
    let joined = config.node.id.clone().filter(|_| folder.dir().join(KEY_FILE).exists());
    let node = match (&joined, node) {
        (Some(here), _) => here.clone(),
        (None, Some(name)) => NodeId::parse(name, &network)?,
        (None, None) if !token.node.is_empty() => token.node.parse()?,
        (None, None) => member.clone(),
    };

    make_private_folder(&folder.keys())?;
    // Number 0 until the directory has given it one.
    // Keys of an earlier attempt may have been admitted, and the answer lost.
    let made = !folder.signing_key(&member, 0).exists() && !folder.encryption_key(&member, 0).exists();
    let signing = SigningKeyFile::new(folder.signing_key(&member, 0));
    let key = if folder.signing_key(&member, 0).exists() { signing.read()? } else { signing.create()? };
    let signer = Signer::new(0, key);
    let encryption = EncryptionKeyFile::new(folder.encryption_key(&member, 0));
    let encryption =
        if folder.encryption_key(&member, 0).exists() { encryption.read()? } else { encryption.create()? };
    let tls_file = folder.dir().join(KEY_FILE);
    let tls_key = if tls_file.exists() { read_tls_key(&tls_file)? } else { create_tls_key(&tls_file)? };

    let encryption_key = encryption.compute_public_key().map_err(|_| JoinError::Unsound("no encryption key"))?;
    let request = EnrolRequest {
        secret: token.secret.clone(),
        node: node.to_string(),
        certificate_request: certificate_request(&tls_key)?,
        signing_key: signer.public().to_bytes().to_vec(),
        encryption_key: encryption_key.as_ref().to_vec(),
        proof: signer.sign_text(&proof_input(&token.secret, &node)),
    };
    let response = match enrol(&folder, &settings.link, &network, &gateway, &token, request).await {
        Err(JoinError::Refused(status)) if made && is_for_good(&status) => {
            // The token is no good here, and these keys were made for it alone.
            for file in [folder.signing_key(&member, 0), folder.encryption_key(&member, 0)] {
                std::fs::remove_file(file)?;
            }
            return Err(JoinError::Refused(status));
        }
        other => other?,
    };
    let directory = accept(&token, &member, &node, &signer, &response)?;

    let admitted = directory.member(&member).ok_or(JoinError::Unsound("the member is not admitted"))?;
    let chain = |certificates: Vec<Vec<u8>>| certificates.into_iter().map(CertificateDer::from).collect::<Vec<_>>();
    let (links, web) = (chain(response.certificates), chain(response.web_certificates));
    let issued = Issued::look(&node, &network, &tls_key, links, web, chain(vec![response.authority]))?;
    issued.store(folder.dir())?;
    let named = config.node.id.is_some();
    config.node.id = Some(node.clone());
    config.node.network = Some(network.clone());
    let host: HostPort = token.address.parse().map_err(|_| JoinError::Unsound("no address of the gateway"))?;
    config.link.gateway = Some(host);
    config.link.gateway_id = Some(gateway.clone());
    if !named {
        key_file::replace(&folder.config(), config.to_toml().as_bytes())?;
    }
    let started = start(&folder, &config, node.clone(), network.clone(), false, CancellationToken::new()).await?;
    let entries = response.directory.iter().map(|entry| entry.encode_to_vec().into()).collect();
    let followed = started.engine.follow(entries).await;
    let marked = if recovers { await_recovery(&started.engine, [member.clone()]).await } else { Ok(()) };
    started.engine.close();
    started.tasks.wait().await;
    started.engine.store().close().await;
    followed??;
    marked?;
    number_files(folder.dir(), admitted)?;
    Ok(Joined { network, node, member, gateway, root_fingerprint: hex(&token.root_fingerprint) })
}

/// Prepares a folder whose data is lost and whose keys and configuration are not: the records come back from the
/// gateway when the node is next started.
///
/// # Errors
/// Where there is data, or no configuration.
pub async fn recover(dir: &Path) -> Result<(), JoinError> {
    let folder = Folder::take(dir)?;
    let config = read_config(&folder)?;
    let (Some(node), Some(network)) = (config.node.id.clone(), config.node.network.clone()) else {
        return Err(FolderError::Empty { dir: dir.to_owned(), what: "[node] id and network in duikou.toml" }.into());
    };
    if folder.database().exists() {
        return Err(JoinError::Config(format!(
            "{} is there: move it away first if it is to be replaced by what the gateway holds",
            folder.database().display()
        )));
    }
    let started = start(&folder, &config, node, network, false, CancellationToken::new()).await?;
    // The directory is lost as well: whoever has a key here is taken for a member.
    let members: Vec<MemberId> = started.engine.identity().signers.members();
    let marked = await_recovery(&started.engine, members).await;
    started.engine.close();
    started.tasks.wait().await;
    started.engine.store().close().await;
    Ok(marked?)
}

/// From the next start on, nothing is written for `members` before the gateway has given back what it holds of them.
async fn await_recovery(engine: &Engine, members: impl IntoIterator<Item = MemberId>) -> Result<(), WriteError> {
    for member in members {
        engine.keep_fact(facts::unrecovered(&member), true).await?;
    }
    Ok(())
}

fn read_config(folder: &Folder) -> Result<Config, JoinError> {
    let file = folder.config();
    let config = if file.exists() {
        Config::load(&file)
    } else {
        let variables = Overrides::from_variables(|name| std::env::var(name).ok());
        Config::read("", &file, &variables)
    };
    config.map_err(|faults| JoinError::Config(faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")))
}

/// Whether the gateway has noted nothing of the keys that it was shown, and never will.
fn is_for_good(status: &tonic::Status) -> bool {
    matches!(status.code(), tonic::Code::PermissionDenied | tonic::Code::AlreadyExists)
}

async fn enrol(
    folder: &Folder,
    link: &config::Link,
    network: &NetworkName,
    gateway: &NodeId,
    token: &JoinToken,
    request: EnrolRequest,
) -> Result<EnrolResponse, JoinError> {
    let authority = token.ca_fingerprint.as_slice().try_into().map_err(|_| JoinError::NoToken)?;
    // A node that has a certificate shows it: only so may it take one more member.
    let tls = match TlsIdentity::load(folder.dir()) {
        Ok(identity) => LinkTls::new(network.clone(), identity)?.client(gateway.clone())?,
        Err(_) => enrolment_client(network.clone(), gateway.clone(), authority)?,
    };
    let channel = route(link, &token.address, tls)?
        .connect()
        .await
        .map_err(|error| JoinError::Dial(token.address.clone(), error))?;
    let mut client = EnrolmentServiceClient::new(channel).max_decoding_message_size(64 * 1024 * 1024);
    Ok(client.enrol(request).await.map_err(JoinError::Refused)?.into_inner())
}

/// Whether the gateway's answer makes this node what the token promised.
fn accept(
    token: &JoinToken,
    member: &MemberId,
    node: &NodeId,
    signer: &Signer,
    response: &EnrolResponse,
) -> Result<Directory, JoinError> {
    let entries: Vec<Vec<u8>> = response.directory.iter().map(Message::encode_to_vec).collect();
    let directory = Directory::replay(entries.iter().map(Vec::as_slice))?;
    let root = directory.root_fingerprint().unwrap_or_default();
    if root.as_slice() != token.root_fingerprint {
        return Err(JoinError::WrongRoot { expected: hex(&token.root_fingerprint), got: hex(&root) });
    }
    if fingerprint(&CertificateDer::from(response.authority.as_slice())).as_slice() != token.ca_fingerprint {
        return Err(JoinError::Unsound("another certificate authority than the token names"));
    }
    let admitted = directory.member(member).ok_or(JoinError::Unsound("the member is not admitted"))?;
    if admitted.node != *node || admitted.keys.newest().map(|key| key.key) != Some(signer.public()) {
        return Err(JoinError::Unsound("the member is admitted with another key, or on another node"));
    }
    Ok(directory)
}

fn now() -> i64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_micros() as i64)
}

const _: () = assert!(contract::LABEL_BYTES < 108, "names of sockets and keys fit into paths");
