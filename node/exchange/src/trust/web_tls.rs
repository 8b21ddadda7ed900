//! TLS of the public listener, for browsers and programs, and of the command line that dials it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, Error, RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use thiserror::Error;

use super::accept::ServerTls;
use super::identity::{IdentityError, read_certificates};
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

/// The certificate of the public listener, read from two PEM files and read again on demand.
pub struct WebTls {
    certificate: PathBuf,
    key: PathBuf,
    certified: ArcSwap<CertifiedKey>,
}

impl WebTls {
    /// Reads the chain (leaf first) and the key (PKCS #8, PKCS #1 or SEC 1), which only its owner may read.
    ///
    /// # Errors
    /// Where a file cannot be used.
    pub fn load(certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Result<Arc<Self>, WebTlsError> {
        let (certificate, key) = (certificate.into(), key.into());
        let certified = ArcSwap::new(read(&certificate, &key)?);
        Ok(Arc::new(Self { certificate, key, certified }))
    }

    /// Reads the files again. New handshakes use what they hold now.
    ///
    /// # Errors
    /// As [`WebTls::load`]; what was read before then stays.
    pub fn reload(&self) -> Result<(), WebTlsError> {
        self.certified.store(read(&self.certificate, &self.key)?);
        Ok(())
    }

    /// The leaf in use, for its dates.
    pub fn certificate(&self) -> Option<CertificateDer<'static>> {
        self.certified.load().cert.first().cloned()
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
        Some(self.certified.load_full())
    }
}

impl fmt::Debug for WebTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebTls").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

fn read(certificate: &Path, key: &Path) -> Result<Arc<CertifiedKey>, WebTlsError> {
    let chain = read_certificates(certificate)?;
    let secret = read_secret(key)?;
    let private = PrivateKeyDer::from_pem_slice(&secret)
        .map_err(|_| KeyFileError::Invalid { path: key.into(), what: "private key in PEM" })?;
    CertifiedKey::from_der(chain, private, &provider()).map(Arc::new).map_err(|source| WebTlsError::Mismatch {
        certificate: certificate.into(),
        key: key.into(),
        source,
    })
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
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(Arc::new(config))
}
