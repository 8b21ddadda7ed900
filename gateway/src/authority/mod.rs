//! The certificate authority of a network: it names participants on links, and the public listeners where the
//! operator has no other certificate for them.

mod issue;
mod succession;

#[cfg(test)]
mod tests;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use duikou_node::trust::identity::{AUTHORITY_FILE, IdentityError, fingerprint, read_certificates, write_certificates};
use duikou_node::trust::key_file::{KeyFileError, create_tls_key, read_tls_key};
use duikou_node::trust::vouch::{VOUCH_OID, vouch};
use duikou_proto::directory::authority_input;
use duikou_proto::name::NetworkName;
use duikou_proto::sign::Signer;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, IsCa, Issuer, KeyPair, KeyUsagePurpose, PublicKeyData,
};
use rustls_pki_types::CertificateDer;
use thiserror::Error;
use x509_parser::prelude::{FromDer, X509Certificate};

pub use issue::WebName;
pub use issue::requested_key;
pub(crate) use succession::in_use;
pub use succession::{next_authority, succeed};

/// File name of the authority's key.
pub const KEY_FILE: &str = "ca.key";
/// How long the authority's own certificate is valid.
pub const AUTHORITY_LIFETIME: Duration = Duration::from_secs(10 * 365 * 24 * 3600);
/// How long a link certificate is valid.
pub const LINK_LIFETIME: Duration = Duration::from_secs(7 * 24 * 3600);
/// How long a certificate of a public listener is valid.
pub const WEB_LIFETIME: Duration = Duration::from_secs(90 * 24 * 3600);

/// Why there is no authority, or no certificate.
#[derive(Debug, Error)]
pub enum AuthorityError {
    /// The key file cannot be used.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// The certificate file cannot be used.
    #[error(transparent)]
    Certificate(#[from] IdentityError),
    /// The certificate is not one of an authority that carries a network's name.
    #[error("{} is not a network's certificate authority", path.display())]
    NoAuthority {
        /// The certificate file.
        path: PathBuf,
    },
    /// Key and certificate are of different authorities.
    #[error("{} is not the key of {AUTHORITY_FILE} beside it", path.display())]
    Mismatch {
        /// The key file.
        path: PathBuf,
    },
    /// The participant is of another network.
    #[error("{id} is not of {network}")]
    Foreign {
        /// The full id.
        id: String,
        /// The authority's network.
        network: NetworkName,
    },
    /// The request is malformed, its signature is wrong, or its key is not ECDSA P-256.
    #[error("the certificate request is not valid: an ECDSA P-256 key, signed by itself, is needed")]
    Request,
    /// A public listener without a name, or with one that is none.
    #[error("a certificate for a public listener needs 1 to {} host names or addresses", issue::WEB_NAMES)]
    WebNames,
    /// The certificate cannot be made.
    #[error("the certificate cannot be made")]
    Issue(#[from] rcgen::Error),
    /// There is no serial number.
    #[error("the system gives no randomness")]
    Random,
}

/// The authority of one network: its certificate, and the key in memory.
pub struct Authority {
    network: NetworkName,
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
    lifetime: Duration,
}

impl Authority {
    /// Makes the first authority of `network`, which `root` vouches for, and its files `ca.key` and `ca.crt` in `dir`.
    /// An existing key is never overwritten.
    ///
    /// # Errors
    /// Where there is one already, or a file cannot be written.
    pub fn create(dir: &Path, network: NetworkName, root: &Signer, now: SystemTime) -> Result<Self, AuthorityError> {
        let key = create_tls_key(&dir.join(KEY_FILE))?;
        let generation = succession::generation(now);
        let signature = root.sign_text(&authority_input(&network, generation, &key.subject_public_key_info()));
        let made = Self::make(key, network, &vouch(generation, &signature), now)?;
        write_certificates(&dir.join(AUTHORITY_FILE), std::slice::from_ref(&made.certificate))?;
        Ok(made)
    }

    fn make(key: KeyPair, network: NetworkName, vouch: &[u8], now: SystemTime) -> Result<Self, AuthorityError> {
        let mut params = CertificateParams::default();
        params.distinguished_name = issue::common_name(network.as_str());
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.custom_extensions = vec![CustomExtension::from_oid_content(&VOUCH_OID, vouch.to_vec())];
        issue::stamp(&mut params, now, AUTHORITY_LIFETIME)?;
        let certificate: CertificateDer<'static> = params.self_signed(&key)?.into();
        Ok(Self { network, certificate, issuer: Issuer::new(params, key), lifetime: LINK_LIFETIME })
    }

    /// Reads the authority from `dir`. `ca.crt` begins with its certificate; others that may follow are those which it
    /// replaces.
    ///
    /// # Errors
    /// Where a file is missing, loose or malformed, or they do not belong together.
    pub fn load(dir: &Path) -> Result<Self, AuthorityError> {
        let (key_path, path) = (dir.join(KEY_FILE), dir.join(AUTHORITY_FILE));
        succession::finish(dir)?;
        let key = read_tls_key(&key_path)?;
        let no_authority = || AuthorityError::NoAuthority { path: path.clone() };
        let certificate = read_certificates(&path)?.into_iter().next().ok_or_else(no_authority)?;
        let (network, public_key) = named(&certificate).ok_or_else(no_authority)?;
        if public_key != key.subject_public_key_info() {
            return Err(AuthorityError::Mismatch { path: key_path });
        }
        let issuer = Issuer::from_ca_cert_der(&certificate, key)?;
        Ok(Self { network, certificate, issuer, lifetime: LINK_LIFETIME })
    }

    /// Gives link certificates another life than [`LINK_LIFETIME`].
    #[must_use]
    pub fn with_lifetime(self, lifetime: Duration) -> Self {
        Self { lifetime, ..self }
    }

    /// How long the link certificates live that it issues.
    pub fn lifetime(&self) -> Duration {
        self.lifetime
    }

    /// Its network.
    pub fn network(&self) -> &NetworkName {
        &self.network
    }

    /// Its certificate.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// BLAKE3 of its certificate (DER), for join tokens.
    pub fn fingerprint(&self) -> [u8; 32] {
        fingerprint(&self.certificate)
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").field("network", &self.network).finish_non_exhaustive()
    }
}

/// The network that an authority's certificate names, and its public key (DER).
fn named(certificate: &CertificateDer<'_>) -> Option<(NetworkName, Vec<u8>)> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    if !parsed.basic_constraints().ok()??.value.ca {
        return None;
    }
    let mut names = parsed.subject().iter_common_name();
    let network = names.next()?.as_str().ok()?.parse().ok()?;
    names.next().is_none().then(|| (network, parsed.public_key().raw.to_vec()))
}
