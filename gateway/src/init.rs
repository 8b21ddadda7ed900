//! Founds a network: its keys, its certificate authority, the first entries of its directory.

use std::path::Path;
use std::time::SystemTime;

use duikou_node::config::{Config, HostPort};
use duikou_node::engine::{Started, facts};
use duikou_node::enrol::JoinError;
use duikou_node::server::{Folder, ServeError, start};
use duikou_node::trust::identity::{KEY_FILE, TlsIdentity, write_certificates};
use duikou_node::trust::key_file::{self, KeyFileError, SigningKeyFile, create_tls_key};
use duikou_node::trust::request::certificate_request;
use duikou_node::trust::spiffe::Role;
use duikou_proto::directory;
use duikou_proto::federation::Gateway;
use duikou_proto::federation::directory_entry::Action;
use duikou_proto::name::{InvalidName, NetworkName, NodeId};
use duikou_proto::sign::Signer;
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use crate::authority::{Authority, AuthorityError, WebName, in_use};

/// The root key's file. It belongs on a medium that is kept offline.
pub const ROOT_KEY: &str = "root.key";
/// The directory key's file.
pub const DIRECTORY_KEY: &str = "directory.key";

/// The directory key that waits for the root.
pub const NEXT_DIRECTORY_KEY: &str = "directory.next.key";
/// The fact that names the root key whose network a rebuilt gateway serves.
pub(crate) const EXPECTED_ROOT: &str = "expected-root";

/// Why no network is founded.
#[derive(Debug, Error)]
pub enum InitError {
    /// There is one already.
    #[error("{0} holds a gateway already")]
    Exists(String),
    /// A name.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// A key file.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// The authority.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// Certificates.
    #[error(transparent)]
    Identity(#[from] duikou_node::trust::identity::IdentityError),
    /// Likewise.
    #[error(transparent)]
    LinkTls(#[from] duikou_node::trust::link_tls::LinkTlsError),
    /// The certificate request.
    #[error("the certificate request cannot be made")]
    Request(#[from] rcgen::Error),
    /// The data.
    #[error("the data cannot be written")]
    Serve(#[from] ServeError),
    /// The data.
    #[error("the data cannot be written")]
    Write(#[from] duikou_node::engine::WriteError),
    /// The data.
    #[error("the data cannot be written")]
    Join(#[from] JoinError),
    /// The files.
    #[error("the folder cannot be written")]
    Io(#[from] std::io::Error),
}

/// What a gateway is told when it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Founding<'a> {
    /// The network's name.
    pub network: &'a NetworkName,
    /// The gateway's short id.
    pub id: &'a str,
    /// What invites will name.
    pub address: Option<HostPort>,
    /// Where the root key lies, or is to lie.
    pub root_key: &'a Path,
}

/// What was founded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Founded {
    /// The network.
    pub network: NetworkName,
    /// The gateway's id.
    pub gateway: NodeId,
    /// BLAKE3 of the root key, hexadecimal.
    pub root_fingerprint: String,
}

/// Makes the gateway of a new network in `dir`, and its root key. `config` gives listeners.
///
/// # Errors
/// Where the folder holds one already, or cannot be written.
pub async fn init(dir: &Path, founding: Founding<'_>, config: Config) -> Result<Founded, InitError> {
    let folder = empty(dir)?;
    if founding.root_key.exists() {
        return Err(InitError::Exists(founding.root_key.display().to_string()));
    }
    let root = Signer::new(0, SigningKeyFile::new(founding.root_key).create()?);
    let directory_key = Signer::new(1, SigningKeyFile::new(dir.join(DIRECTORY_KEY)).create()?);
    let (founded, started, address) = make(&folder, &founding, &root, config).await?;
    let genesis = directory::genesis(founding.network, &root, &directory_key, started.engine.now());
    let entry = Action::Gateway(Gateway { gateway: founded.gateway.to_string(), address });
    let followed = started.engine.follow(vec![genesis]).await;
    let made = started.engine.make_entries(None, directory_key, vec![entry]).await;
    end(started).await;
    followed?.map_err(JoinError::from)?;
    made?.map_err(JoinError::from)?;
    Ok(founded)
}

/// Makes a gateway in `dir` in place of one that is lost, with the root key of its network. It has no directory yet: its
/// nodes bring it, and their records, once it serves; then the root introduces a new directory key.
///
/// # Errors
/// Where the folder holds one already, the root key cannot be read, or the folder cannot be written.
pub async fn rebuild(dir: &Path, founding: Founding<'_>, config: Config) -> Result<Founded, InitError> {
    let root = Signer::new(0, SigningKeyFile::new(founding.root_key).read()?);
    let folder = empty(dir)?;
    let (founded, started, _) = make(&folder, &founding, &root, config).await?;
    let expected = root.public().to_bytes().to_vec();
    let marked = async {
        started.engine.put_fact(EXPECTED_ROOT.to_owned(), Some(expected)).await?;
        started.engine.put_fact(facts::GATHERING.to_owned(), Some(true)).await
    };
    let marked = marked.await;
    end(started).await;
    marked?;
    Ok(founded)
}

fn empty(dir: &Path) -> Result<Folder, InitError> {
    let folder = Folder::make(dir).map_err(ServeError::from)?;
    if folder.database().exists() || dir.join(DIRECTORY_KEY).exists() {
        return Err(InitError::Exists(dir.display().to_string()));
    }
    Ok(folder)
}

/// Authority, certificates, configuration, and a store that holds nothing; what invites will name.
async fn make(
    folder: &Folder,
    founding: &Founding<'_>,
    root: &Signer,
    mut config: Config,
) -> Result<(Founded, Started, String), InitError> {
    let (dir, network) = (folder.dir(), founding.network.clone());
    let gateway = NodeId::parse(founding.id, &network)?;
    let now = SystemTime::now();
    let authority = Authority::create(dir, network.clone(), root, now)?;
    let tls_key = create_tls_key(&dir.join(KEY_FILE))?;
    let chain = authority.issue_link(&certificate_request(&tls_key)?, Role::Gateway, &gateway, now)?;
    TlsIdentity::store_certificates(dir, &chain, std::slice::from_ref(authority.certificate()))?;
    renew_web(dir, &authority, &gateway, now)?;

    let named = config.node.id.is_some();
    config.node.id = Some(gateway.clone());
    config.node.network = Some(network.clone());
    config.link.address = founding.address.clone().or(config.link.address);
    if !named {
        key_file::replace(&folder.config(), config.to_toml().as_bytes())?;
    }
    let address = config.link.address.as_ref().map(ToString::to_string).unwrap_or_default();
    let stop = CancellationToken::new();
    let started = start(folder, &config, gateway.clone(), network.clone(), true, stop).await?;
    Ok((Founded { network, gateway, root_fingerprint: root.public().fingerprint() }, started, address))
}

async fn end(started: Started) {
    started.engine.close();
    started.tasks.wait().await;
    started.engine.store().close().await;
}

/// Issues the gateway's own certificates anew: the authority lies beside them.
///
/// # Errors
/// Where a key cannot be read or a certificate not be written.
pub fn renew_own(dir: &Path, authority: &Authority, gateway: &NodeId, now: SystemTime) -> Result<(), InitError> {
    let key = duikou_node::trust::key_file::read_tls_key(&dir.join(KEY_FILE))?;
    let chain = authority.issue_link(&certificate_request(&key)?, Role::Gateway, gateway, now)?;
    TlsIdentity::store_certificates(dir, &chain, &in_use(dir, authority.lifetime(), now)?)?;
    renew_web(dir, authority, gateway, now)
}

fn renew_web(dir: &Path, authority: &Authority, gateway: &NodeId, now: SystemTime) -> Result<(), InitError> {
    let key = duikou_node::trust::key_file::read_tls_key(&dir.join(KEY_FILE))?;
    let names: Vec<WebName> =
        [gateway.as_str(), "localhost", "127.0.0.1", "::1"].into_iter().map(WebName::new).collect();
    let web = authority.issue_web(&names, &key, now)?;
    write_certificates(&dir.join("web.crt"), &web)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use duikou_node::server::{SecretFault, secret_faults};

    use super::*;
    use crate::authority::{self, next_authority};

    #[tokio::test]
    async fn a_gateways_folder_is_its_owners_alone_and_every_key_in_it_is_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let (dir, network) = (folder.path(), "n.example".parse().unwrap());
        std::fs::set_permissions(dir, Permissions::from_mode(0o755)).unwrap();
        let root_key = dir.join(ROOT_KEY);
        let founding = Founding { network: &network, id: "gateway", address: None, root_key: &root_key };
        init(dir, founding, Config::default()).await.unwrap();
        next_authority(dir, SystemTime::now()).unwrap();
        std::fs::copy(dir.join(DIRECTORY_KEY), dir.join(NEXT_DIRECTORY_KEY)).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(dir), mode(&dir.join("data.db"))), (0o700, 0o600));
        assert!(secret_faults(dir).unwrap().is_empty(), "{:?}", secret_faults(dir));
        let keys = [ROOT_KEY, DIRECTORY_KEY, NEXT_DIRECTORY_KEY, KEY_FILE, authority::KEY_FILE, "ca.next.key"];
        for path in keys.map(|name| dir.join(name)) {
            let good = std::fs::read(&path).unwrap();
            std::fs::write(&path, "garbage").unwrap();
            match secret_faults(dir).unwrap().as_slice() {
                [SecretFault::Key(KeyFileError::Invalid { path: at, .. })] => assert_eq!(*at, path),
                other => panic!("{}: {other:?}", path.display()),
            }
            std::fs::write(&path, good).unwrap();
        }
    }
}
