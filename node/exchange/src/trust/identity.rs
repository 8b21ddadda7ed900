//! What a participant shows on a link, and which authority it believes.

use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use duikou_proto::name::NetworkName;
use rcgen::KeyPair;
use rustls::sign::CertifiedKey;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use thiserror::Error;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::key_file::{self, KeyFileError};
use super::pem;
use super::provider::provider;
use super::spiffe::{InvalidPeer, Peer};

/// File name of the certificate chain, leaf first.
pub const CERTIFICATE_FILE: &str = "tls.crt";
/// File name of the TLS key.
pub const KEY_FILE: &str = "tls.key";
/// File name of the network's certificate authorities; two while one replaces the other.
pub const AUTHORITY_FILE: &str = "ca.crt";

/// How far certificates reach back, for clocks that are behind.
pub const BACKDATING: Duration = Duration::from_secs(5 * 60);

const CERTIFICATE_FILE_BYTES: u64 = 256 * 1024;

/// Certificates or a key that make no identity.
#[derive(Debug, Error)]
pub enum IdentityError {
    /// The key file cannot be used.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// A certificate file cannot be read or written.
    #[error("certificate file {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file holds no certificates in PEM, or too many.
    #[error("{} holds no certificates in PEM", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
    },
    /// There is no certificate, or none of an authority.
    #[error("the certificate or its authority is missing")]
    Empty,
    /// The leaf cannot be read.
    #[error("the certificate cannot be read")]
    Unreadable,
    /// The certificate is of another key, or the key is of a kind that TLS does not take.
    #[error("the certificate and the key do not belong together")]
    Mismatch(#[source] rustls::Error),
}

/// A certificate chain with its key, and the authorities of the network.
#[derive(Clone)]
pub struct TlsIdentity {
    certified: Arc<CertifiedKey>,
    authorities: Vec<CertificateDer<'static>>,
    not_before: SystemTime,
    not_after: SystemTime,
}

impl TlsIdentity {
    /// Puts an identity together. The authorities are shown along with the chain, since a node that joins knows its
    /// authority by fingerprint alone.
    ///
    /// # Errors
    /// Where a part is missing, unreadable or does not fit the others. Nothing is verified here: the peer does that.
    pub fn new(
        chain: Vec<CertificateDer<'static>>,
        key: &KeyPair,
        authorities: Vec<CertificateDer<'static>>,
    ) -> Result<Self, IdentityError> {
        let leaf = chain.first().ok_or(IdentityError::Empty)?;
        if authorities.is_empty() {
            return Err(IdentityError::Empty);
        }
        let (not_before, not_after) = dates(leaf)?;
        let mut shown = chain;
        for authority in &authorities {
            if !shown.contains(authority) {
                shown.push(authority.clone());
            }
        }
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let certified =
            CertifiedKey::from_der(shown, key, &provider()).map(Arc::new).map_err(IdentityError::Mismatch)?;
        Ok(Self { certified, authorities, not_before, not_after })
    }

    /// Reads `tls.crt`, `tls.key` and `ca.crt` of a folder.
    ///
    /// # Errors
    /// Where a file is missing, loose or malformed, or they do not belong together.
    pub fn load(dir: &Path) -> Result<Self, IdentityError> {
        let chain = read_certificates(&dir.join(CERTIFICATE_FILE))?;
        let authorities = read_certificates(&dir.join(AUTHORITY_FILE))?;
        Self::new(chain, &key_file::read_tls_key(&dir.join(KEY_FILE))?, authorities)
    }

    /// Writes `tls.crt` and `ca.crt`; the key has its place already.
    ///
    /// # Errors
    /// Where a file cannot be written.
    pub fn store_certificates(
        dir: &Path,
        chain: &[CertificateDer<'_>],
        authorities: &[CertificateDer<'_>],
    ) -> Result<(), IdentityError> {
        write_certificates(&dir.join(AUTHORITY_FILE), authorities)?;
        write_certificates(&dir.join(CERTIFICATE_FILE), chain)
    }

    /// How long the certificate is still valid at `now`; zero once it has expired.
    pub fn remaining(&self, now: SystemTime) -> Duration {
        self.not_after.duration_since(now).unwrap_or_default()
    }

    /// Whether more than half of its life has passed at `now`.
    pub fn is_due(&self, now: SystemTime) -> bool {
        self.remaining(now) < self.life() / 2
    }

    /// How long it lives from when it was issued.
    pub fn life(&self) -> Duration {
        self.not_after.duration_since(self.not_before).unwrap_or_default().saturating_sub(BACKDATING)
    }

    /// When the certificate expires.
    pub fn not_after(&self) -> SystemTime {
        self.not_after
    }

    /// What is shown to peers: the leaf, then the rest of the chain with the authorities.
    pub fn certificates(&self) -> &[CertificateDer<'static>] {
        &self.certified.cert
    }

    /// The authorities of the network.
    pub fn authorities(&self) -> &[CertificateDer<'static>] {
        &self.authorities
    }

    /// Whom the certificate names.
    ///
    /// # Errors
    /// Where it names nobody of `network`.
    pub fn peer(&self, network: &NetworkName) -> Result<Peer, InvalidPeer> {
        Peer::from_certificate(self.certified.cert.first().ok_or(InvalidPeer::Unreadable)?, network)
    }

    pub(crate) fn certified(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.certified)
    }
}

impl fmt::Debug for TlsIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsIdentity").field("not_after", &self.not_after).finish_non_exhaustive()
    }
}

/// From when on and until when a certificate is good.
pub(super) fn dates(certificate: &CertificateDer<'_>) -> Result<(SystemTime, SystemTime), IdentityError> {
    let (_, parsed) = X509Certificate::from_der(certificate).map_err(|_| IdentityError::Unreadable)?;
    let time = |seconds: i64| {
        let seconds = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
        UNIX_EPOCH.checked_add(seconds).ok_or(IdentityError::Unreadable)
    };
    Ok((time(parsed.validity().not_before.timestamp())?, time(parsed.validity().not_after.timestamp())?))
}

/// Hash of an authority's certificate (BLAKE3 of its DER), as join tokens carry it.
pub fn fingerprint(certificate: &CertificateDer<'_>) -> [u8; 32] {
    blake3::hash(certificate).into()
}

/// Reads the certificates of a PEM file of at most 256 KiB.
///
/// # Errors
/// Where it cannot be read or holds none.
pub fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, IdentityError> {
    let failed = |source| IdentityError::Io { path: path.into(), source };
    let mut text = Vec::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(CERTIFICATE_FILE_BYTES + 1).read_to_end(&mut text).map_err(failed)?;
    if text.len() as u64 > CERTIFICATE_FILE_BYTES {
        return Err(failed(io::ErrorKind::FileTooLarge.into()));
    }
    pem::decode_certificates(&text).ok_or_else(|| IdentityError::Pem { path: path.into() })
}

/// Writes certificates to a PEM file, whole or not at all.
///
/// # Errors
/// Where it cannot be written.
pub fn write_certificates(path: &Path, certificates: &[CertificateDer<'_>]) -> Result<(), IdentityError> {
    key_file::replace_public(path, pem::encode_certificates(certificates).as_bytes())
        .map_err(|source| IdentityError::Io { path: path.into(), source })
}
