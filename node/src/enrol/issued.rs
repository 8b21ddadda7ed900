//! What a gateway has certified, looked at before anything of it is written: its answer must not take from a node what it
//! has.

use std::path::Path;

use duikou_proto::name::{NetworkName, NodeId};
use rcgen::KeyPair;
use rustls_pki_types::CertificateDer;
use thiserror::Error;

use crate::trust::identity::{IdentityError, TlsIdentity, write_certificates};
use crate::trust::link_tls::{LinkTls, LinkTlsError};
use crate::trust::spiffe::{InvalidPeer, Peer};
use crate::trust::web_tls::check_web;

/// The public listener's certificate, where the network issues it.
pub(crate) const WEB_CERTIFICATE_FILE: &str = "web.crt";

/// Certificates of which a node has no use.
#[derive(Debug, Error)]
pub enum Unsound {
    /// Those for links.
    #[error("the certificate for links")]
    Link(#[from] IdentityError),
    /// Their authorities, or their name.
    #[error("the certificate for links")]
    Tls(#[from] LinkTlsError),
    /// Their name.
    #[error("the certificate for links")]
    Name(#[from] InvalidPeer),
    /// They are somebody else's.
    #[error("the certificate for links is that of {0}")]
    Other(Peer),
    /// That of the public listener.
    #[error("the certificate of the public listener")]
    Web(#[source] IdentityError),
}

/// Certificates of this node, for its key.
pub(super) struct Issued {
    chain: Vec<CertificateDer<'static>>,
    web: Vec<CertificateDer<'static>>,
    identity: TlsIdentity,
}

impl Issued {
    /// Looks at what was issued to `node`, leaf first, for `key`. Whether an authority has signed it, others will see.
    ///
    /// # Errors
    /// Where it is of no use to that node.
    pub(super) fn look(
        node: &NodeId,
        network: &NetworkName,
        key: &KeyPair,
        chain: Vec<CertificateDer<'static>>,
        web: Vec<CertificateDer<'static>>,
        authorities: Vec<CertificateDer<'static>>,
    ) -> Result<Self, Unsound> {
        let identity = TlsIdentity::new(chain.clone(), key, authorities)?;
        let named = identity.peer(network)?;
        if named != Peer::node(node.clone()) {
            return Err(Unsound::Other(named));
        }
        // Whether links can be made with it.
        LinkTls::new(network.clone(), identity.clone())?;
        check_web(&web, key).map_err(Unsound::Web)?;
        Ok(Self { chain, web, identity })
    }

    /// Writes them to their files in `dir`.
    ///
    /// # Errors
    /// Where one cannot be written.
    pub(super) fn store(self, dir: &Path) -> Result<TlsIdentity, IdentityError> {
        TlsIdentity::store_certificates(dir, &self.chain, self.identity.authorities())?;
        write_certificates(&dir.join(WEB_CERTIFICATE_FILE), &self.web)?;
        Ok(self.identity)
    }
}
