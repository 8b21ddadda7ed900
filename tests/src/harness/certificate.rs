//! A certificate for public listeners that is the same for everybody who is compared.

use std::net::Ipv4Addr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::server::Server;

/// Two PEM files: a certificate for 127.0.0.1 that vouches for itself, and its key.
#[derive(Debug, Clone)]
pub struct WebCertificate {
    /// The certificate.
    pub certificate: PathBuf,
    /// Its key, readable by its owner.
    pub key: PathBuf,
}

impl WebCertificate {
    /// Makes both in `folder`.
    ///
    /// # Panics
    /// Where they cannot be written.
    pub fn make(folder: &Path) -> Self {
        let made = Self { certificate: folder.join("web.crt"), key: folder.join("web.key") };
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key can be made");
        let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
        let certificate = CertificateParams::new(names).and_then(|p| p.self_signed(&key)).expect("valid names");
        std::fs::write(&made.certificate, certificate.pem()).expect("the folder can be written");
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let mut file = options.open(&made.key).expect("the folder can be written");
        std::io::Write::write_all(&mut file, key.serialize_pem().as_bytes()).expect("the folder can be written");
        made
    }

    /// For clients that believe this certificate and no other.
    ///
    /// # Panics
    /// Where the file is gone.
    pub fn client(&self) -> Arc<ClientConfig> {
        believing(&self.certificate)
    }
}

/// For clients that believe the certificates in `file` and no other.
fn believing(file: &Path) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).expect("made before") {
        roots.add(certificate.expect("valid PEM")).expect("a valid certificate");
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let mut config = versions.expect("the provider knows TLS 1.3").with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    Arc::new(config)
}

impl Server {
    /// The certificate (DER) that its public listener shows to one who believes those in `file`.
    ///
    /// # Errors
    /// Where the two do not come together.
    pub async fn shows(&self, file: &Path) -> std::io::Result<Vec<u8>> {
        let connection = TcpStream::connect(self.addresses().web).await?;
        let name = ServerName::IpAddress(Ipv4Addr::LOCALHOST.into());
        let connection = TlsConnector::from(believing(file)).connect(name, connection).await?;
        let shown = connection.get_ref().1.peer_certificates().and_then(<[_]>::first);
        Ok(shown.expect("a server shows one").to_vec())
    }
}
