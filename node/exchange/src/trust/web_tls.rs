//! TLS of the public listener, for browsers and programs, and of the command line that dials it.

use std::fmt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::{ArcSwap, ArcSwapOption};
use rcgen::KeyPair;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, Error, RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use super::accept::ServerTls;
use super::identity::{IdentityError, dates, read_certificates};
use super::key_file::{KeyFileError, read_secret};
use super::provider::provider;

/// Certificate files that serve no listener.
#[derive(Debug, Error)]
pub enum WebTlsError {
    /// The certificates cannot be read.
    #[error(transparent)]
    Certificates(#[from] IdentityError),
    /// The key cannot be read.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// Certificate and key do not belong together, or are of a kind that TLS does not take.
    #[error("{} and {} make no TLS identity", certificate.display(), key.display())]
    Mismatch {
        /// The certificate file.
        certificate: PathBuf,
        /// The key file.
        key: PathBuf,
        /// The cause.
        source: Error,
    },
}

/// How often it is looked whether the files are others.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// The certificate of the public listener, read from two PEM files, and again when these are others.
pub struct WebTls {
    certificate: PathBuf,
    key: PathBuf,
    shown: ArcSwap<Shown>,
    /// Why the files of now are not shown.
    refused: ArcSwapOption<String>,
}

/// What handshakes begin with.
struct Shown {
    certified: Arc<CertifiedKey>,
    good: (SystemTime, SystemTime),
    /// Of which files; None where that could not be found out.
    files: Option<[FileState; 2]>,
}

/// Tells one state of a file from another without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileState {
    place: (u64, u64),
    bytes: u64,
    modified: (i64, i64),
    /// Moves also where its rights do.
    changed: (i64, i64),
}

impl FileState {
    fn of(path: &Path) -> Option<Self> {
        let about = std::fs::metadata(path).ok()?;
        Some(Self {
            place: (about.dev(), about.ino()),
            bytes: about.len(),
            modified: (about.mtime(), about.mtime_nsec()),
            changed: (about.ctime(), about.ctime_nsec()),
        })
    }
}

impl WebTls {
    /// Reads the chain (leaf first) and the key (PKCS #8, PKCS #1 or SEC 1), which only its owner may read.
    ///
    /// # Errors
    /// Where a file cannot be used.
    pub fn load(certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Result<Arc<Self>, WebTlsError> {
        let (certificate, key) = (certificate.into(), key.into());
        let shown = ArcSwap::from_pointee(Shown::read(&certificate, &key)?);
        Ok(Arc::new(Self { certificate, key, shown, refused: ArcSwapOption::empty() }))
    }

    /// Takes the files into use where they are others than those that are shown: new handshakes show what they hold now.
    /// Where that is of no use, what was shown before stays, and [`WebTls::refused`] says why.
    pub fn refresh(&self) {
        let files = files(&self.certificate, &self.key);
        if files.is_some() && files == self.shown.load().files {
            self.refused.store(None);
            return;
        }
        match Shown::read(&self.certificate, &self.key) {
            Ok(shown) => {
                self.shown.store(Arc::new(shown));
                self.refused.store(None);
                tracing::info!(file = %self.certificate.display(), "the public listener shows another certificate");
            }
            Err(error) => {
                let why = crate::error::chain(&error);
                // Looked at again and again, and told once.
                if self.refused.load().as_deref() != Some(&why) {
                    tracing::warn!(error = why, "the public listener goes on with the certificate from before");
                }
                self.refused.store(Some(Arc::new(why)));
            }
        }
    }

    /// Looks after the files until told to stop: who renews them need not tell anybody.
    pub async fn keep_fresh(self: Arc<Self>, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            let this = Arc::clone(&self);
            if let Err(error) = tokio::task::spawn_blocking(move || this.refresh()).await {
                tracing::error!(%error, "the certificate of the public listener could not be looked at");
            }
        }
    }

    /// Why the files of now are not shown, where they are not.
    pub fn refused(&self) -> Option<Arc<String>> {
        self.refused.load_full()
    }

    /// From when on and until when the certificate that is shown is good.
    pub fn good(&self) -> (SystemTime, SystemTime) {
        self.shown.load().good
    }

    /// Whether new handshakes show this leaf.
    pub fn shows(&self, leaf: &CertificateDer<'_>) -> bool {
        self.shown.load().certified.cert.first() == Some(leaf)
    }

    /// For the listener: TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1, no client certificates.
    ///
    /// # Errors
    /// Where the provider lacks these versions.
    pub fn server(self: &Arc<Self>) -> Result<ServerTls, Error> {
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(ServerTls::new(Arc::new(config), None))
    }
}

impl ResolvesServerCert for WebTls {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.shown.load().certified))
    }
}

impl fmt::Debug for WebTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebTls").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

fn files(certificate: &Path, key: &Path) -> Option<[FileState; 2]> {
    Some([FileState::of(certificate)?, FileState::of(key)?])
}

impl Shown {
    fn read(certificate: &Path, key: &Path) -> Result<Self, WebTlsError> {
        // Before they are read: where they become others meanwhile, the next look finds that out.
        let files = files(certificate, key);
        let chain = read_certificates(certificate)?;
        let good = dates(chain.first().ok_or(IdentityError::Empty)?)?;
        let secret = read_secret(key)?;
        let private = PrivateKeyDer::from_pem_slice(&secret)
            .map_err(|_| KeyFileError::Invalid { path: key.into(), what: "private key in PEM" })?;
        let certified = CertifiedKey::from_der(chain, private, &provider()).map(Arc::new);
        let mismatch = |source| WebTlsError::Mismatch { certificate: certificate.into(), key: key.into(), source };
        Ok(Self { certified: certified.map_err(mismatch)?, good, files })
    }
}

/// Whether a public listener could show `chain` (leaf first) with `key`.
///
/// # Errors
/// Where they make no TLS identity.
pub fn check_web(chain: &[CertificateDer<'static>], key: &KeyPair) -> Result<(), IdentityError> {
    dates(chain.first().ok_or(IdentityError::Empty)?)?;
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    CertifiedKey::from_der(chain.to_vec(), key, &provider()).map(drop).map_err(IdentityError::Mismatch)
}

/// For dialling a public listener by its host name or address, believing `authorities` and nobody else. Speaks HTTP/2.
///
/// # Errors
/// Where an authority's certificate is unusable.
pub fn web_client(authorities: &[CertificateDer<'static>]) -> Result<Arc<ClientConfig>, Error> {
    let mut roots = RootCertStore::empty();
    for authority in authorities {
        roots.add(authority.clone())?;
    }
    web_client_trusting(roots)
}

/// The same believing `roots`.
///
/// # Errors
/// Where the provider lacks what it needs.
pub fn web_client_trusting(roots: RootCertStore) -> Result<Arc<ClientConfig>, Error> {
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(Arc::new(config))
}
