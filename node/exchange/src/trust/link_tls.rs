//! TLS between node and gateway: 1.3 only, no resumption, both ends named by SPIFFE URIs.
//!
//! A resumed session would skip the check of the client's certificate, and with it a change of authority. Whether a
//! peer is still a member is asked of the directory on every call; nothing here knows.

use std::fmt;
use std::io;
use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption};
use duikou_proto::name::{NetworkName, NodeId};
use duikou_proto::sign::PublicKey;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, Resumption, verify_server_cert_signed_by_trust_anchor};
use rustls::crypto::verify_tls13_signature;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{
    ClientHello, NoServerSessionStorage, ParsedCertificate, ResolvesServerCert, VerifierBuilderError,
    WebPkiClientVerifier,
};
use rustls::sign::CertifiedKey;
use rustls::version::TLS13;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, Error, OtherError, PeerIncompatible,
    RootCertStore, ServerConfig, SignatureScheme,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use thiserror::Error;

use super::accept::ServerTls;
use super::identity::{TlsIdentity, fingerprint};
use super::provider::provider;
use super::spiffe::{InvalidPeer, Peer, Role};
use super::vouch;

const ALPN: &[u8] = b"h2";

/// The most certificates of a peer that are looked at.
const PRESENTED_CERTIFICATES: usize = 16;

/// Why a peer with a certificate is not talked to, beyond what X.509 itself says.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PeerRefused {
    /// The certificate names nobody of the network.
    #[error(transparent)]
    Name(#[from] InvalidPeer),
    /// It names somebody else than was dialled.
    #[error("the certificate is that of {found}, not of {expected}")]
    Other {
        /// Who was dialled.
        expected: Peer,
        /// Who answered.
        found: Peer,
    },
    /// Participants of this role do not dial this listener.
    #[error("{found} may not dial here")]
    Role {
        /// Who dialled.
        found: Peer,
    },
    /// No certificate shown is the authority that the join token names.
    #[error("the gateway's certificate authority is not the one that the join token names")]
    Authority,
}

impl PeerRefused {
    /// What a failed handshake reports of it. Neither rustls nor `io::Error` has it among their sources.
    pub(crate) fn of(error: &io::Error) -> Option<Self> {
        match error.get_ref()?.downcast_ref()? {
            Error::InvalidCertificate(CertificateError::Other(other)) => other.0.downcast_ref().cloned(),
            _ => None,
        }
    }
}

impl From<PeerRefused> for Error {
    fn from(refused: PeerRefused) -> Self {
        Self::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(refused))))
    }
}

/// An identity that makes no link.
#[derive(Debug, Error)]
pub enum LinkTlsError {
    /// The certificate names nobody of the network.
    #[error("the certificate is not one for links")]
    Name(#[from] InvalidPeer),
    /// An authority's certificate cannot be used.
    #[error("the network's certificate authority cannot be used")]
    Authority(#[source] Error),
    /// Verification of clients cannot be set up.
    #[error("clients cannot be verified")]
    Verifier(#[from] VerifierBuilderError),
}

/// The identity of a participant, as all its link configurations share it. When it is replaced, new handshakes use
/// the new one and established links live on.
pub struct LinkTls {
    network: NetworkName,
    state: ArcSwap<State>,
    root: ArcSwapOption<PublicKey>,
    learned: ArcSwapOption<CertificateDer<'static>>,
}

struct State {
    identity: TlsIdentity,
    roots: Arc<RootCertStore>,
    clients: Arc<dyn ClientCertVerifier>,
}

impl State {
    fn new(network: &NetworkName, identity: TlsIdentity) -> Result<Self, LinkTlsError> {
        identity.peer(network)?;
        let roots = Arc::new(roots(identity.authorities()).map_err(LinkTlsError::Authority)?);
        let clients = WebPkiClientVerifier::builder_with_provider(Arc::clone(&roots), provider())
            .allow_unauthenticated()
            .build()?;
        Ok(Self { identity, roots, clients })
    }
}

fn roots(authorities: &[CertificateDer<'static>]) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    for authority in authorities {
        roots.add(authority.clone())?;
    }
    Ok(roots)
}

impl LinkTls {
    /// Makes the shared state of a participant of `network`.
    ///
    /// # Errors
    /// Where the certificate is not one for links of `network`, or an authority is unusable.
    pub fn new(network: NetworkName, identity: TlsIdentity) -> Result<Arc<Self>, LinkTlsError> {
        let state = ArcSwap::from_pointee(State::new(&network, identity)?);
        let (root, learned) = (ArcSwapOption::empty(), ArcSwapOption::empty());
        Ok(Arc::new(Self { network, state, root, learned }))
    }

    /// Uses another identity from now on.
    ///
    /// # Errors
    /// As [`LinkTls::new`]; the present one then stays.
    pub fn replace(&self, identity: TlsIdentity) -> Result<(), LinkTlsError> {
        self.state.store(Arc::new(State::new(&self.network, identity)?));
        self.learned.store(None);
        Ok(())
    }

    /// Believes from now on also authorities that `root` vouches for, where they are newer than those known.
    pub fn trust_root(&self, root: PublicKey) {
        self.root.store(Some(Arc::new(root)));
    }

    /// An authority that a gateway has shown, that the root vouches for, and that is not among the known ones yet.
    pub fn learned(&self) -> Option<CertificateDer<'static>> {
        self.learned.load().as_deref().cloned()
    }

    /// The newest of `shown` that the root vouches for and that is newer than all that are known.
    fn newer<'a>(&self, state: &State, shown: &[CertificateDer<'a>]) -> Option<CertificateDer<'a>> {
        let root = self.root.load_full()?;
        let generation = |authority: &CertificateDer<'_>| vouch::generation(authority, &self.network, &root);
        let known = state.identity.authorities().iter().filter_map(generation).max().unwrap_or(i64::MIN);
        let newer = shown.iter().filter_map(|shown| Some((generation(shown)?, shown)));
        newer
            .filter(|(generation, _)| *generation > known)
            .max_by_key(|(generation, _)| *generation)
            .map(|(_, it)| it.clone())
    }

    /// For dialling `gateway` without the own certificate: it is no longer good.
    ///
    /// # Errors
    /// Where the provider lacks TLS 1.3.
    pub fn anonymous(self: &Arc<Self>, gateway: NodeId) -> Result<Arc<ClientConfig>, Error> {
        let config = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13])?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(self.verifier(gateway)))
            .with_no_client_auth();
        Ok(finish_client(config))
    }

    fn verifier(self: &Arc<Self>, gateway: NodeId) -> GatewayVerifier {
        GatewayVerifier {
            trust: Trust::Network(Arc::clone(self)),
            network: self.network.clone(),
            expected: Peer::gateway(gateway),
        }
    }

    /// The present identity.
    pub fn identity(&self) -> TlsIdentity {
        self.state.load().identity.clone()
    }

    /// For dialling `gateway` with the own certificate.
    ///
    /// # Errors
    /// Where the provider lacks TLS 1.3.
    pub fn client(self: &Arc<Self>, gateway: NodeId) -> Result<Arc<ClientConfig>, Error> {
        let config = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13])?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(self.verifier(gateway)))
            .with_client_cert_resolver(Arc::new(Presented(Arc::clone(self))));
        Ok(finish_client(config))
    }

    /// For a link listener. A client may come without a certificate, to enrol; one that it shows must be valid and
    /// name a participant of one of `roles`.
    ///
    /// # Errors
    /// Where the provider lacks TLS 1.3.
    pub fn server(self: &Arc<Self>, roles: &'static [Role]) -> Result<ServerTls, Error> {
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13])?
            .with_client_cert_verifier(Arc::new(ParticipantVerifier { tls: Arc::clone(self), roles }))
            .with_cert_resolver(Arc::new(Presented(Arc::clone(self))));
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        config.alpn_protocols = vec![ALPN.to_vec()];
        Ok(ServerTls::new(Arc::new(config), Some(self.network.clone())))
    }
}

impl fmt::Debug for LinkTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkTls").field("network", &self.network).finish_non_exhaustive()
    }
}

/// For dialling `gateway` before one has a certificate: believes the authority, among those that the gateway shows,
/// whose BLAKE3 is `authority_fingerprint`.
///
/// # Errors
/// Where the provider lacks TLS 1.3.
pub fn enrolment_client(
    network: NetworkName,
    gateway: NodeId,
    authority_fingerprint: [u8; 32],
) -> Result<Arc<ClientConfig>, Error> {
    let verifier =
        GatewayVerifier { trust: Trust::Fingerprint(authority_fingerprint), network, expected: Peer::gateway(gateway) };
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(finish_client(config))
}

fn finish_client(mut config: ClientConfig) -> Arc<ClientConfig> {
    config.resumption = Resumption::disabled();
    config.alpn_protocols = vec![ALPN.to_vec()];
    Arc::new(config)
}

#[derive(Debug)]
struct Presented(Arc<LinkTls>);

impl ResolvesClientCert for Presented {
    fn resolve(&self, _root_hints: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(self.0.state.load().identity.certified())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

impl ResolvesServerCert for Presented {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.state.load().identity.certified())
    }
}

#[derive(Debug)]
enum Trust {
    Network(Arc<LinkTls>),
    Fingerprint([u8; 32]),
}

/// Verifies chain, purpose and dates by webpki, and the URI instead of a host name.
#[derive(Debug)]
struct GatewayVerifier {
    trust: Trust,
    network: NetworkName,
    expected: Peer,
}

impl ServerCertVerifier for GatewayVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let intermediates = bounded(intermediates)?;
        let mut learned = None;
        let trusted = match &self.trust {
            Trust::Network(tls) => {
                let state = tls.state.load();
                learned = tls.newer(&state, intermediates).map(|authority| (tls, authority.into_owned()));
                match &learned {
                    Some((_, authority)) => {
                        let mut all = RootCertStore::clone(&state.roots);
                        all.add(authority.clone())?;
                        Arc::new(all)
                    }
                    None => Arc::clone(&state.roots),
                }
            }
            Trust::Fingerprint(wanted) => {
                let authority = intermediates.iter().find(|shown| fingerprint(shown) == *wanted);
                Arc::new(roots(&[authority.ok_or(PeerRefused::Authority)?.clone().into_owned()])?)
            }
        };
        let parsed = ParsedCertificate::try_from(end_entity)?;
        let algorithms = provider().signature_verification_algorithms.all;
        verify_server_cert_signed_by_trust_anchor(&parsed, &trusted, intermediates, now, algorithms)?;
        let found = Peer::from_certificate(end_entity, &self.network).map_err(PeerRefused::from)?;
        if found != self.expected {
            return Err(PeerRefused::Other { expected: self.expected.clone(), found }.into());
        }
        if let Some((tls, authority)) = learned {
            tls.learned.store(Some(Arc::new(authority)));
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(PeerIncompatible::Tls12NotOfferedOrEnabled.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &provider().signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}

#[derive(Debug)]
struct ParticipantVerifier {
    tls: Arc<LinkTls>,
    roles: &'static [Role],
}

impl ClientCertVerifier for ParticipantVerifier {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        // A participant has one certificate; there is nothing for it to choose.
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let state = self.tls.state.load();
        let verified = state.clients.verify_client_cert(end_entity, bounded(intermediates)?, now)?;
        let found = Peer::from_certificate(end_entity, &self.tls.network).map_err(PeerRefused::from)?;
        if !self.roles.contains(&found.role) {
            return Err(PeerRefused::Role { found }.into());
        }
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.tls.state.load().clients.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.tls.state.load().clients.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.tls.state.load().clients.supported_verify_schemes()
    }
}

fn bounded<'a, 'b>(presented: &'a [CertificateDer<'b>]) -> Result<&'a [CertificateDer<'b>], Error> {
    if presented.len() > PRESENTED_CERTIFICATES {
        return Err(CertificateError::BadEncoding.into());
    }
    Ok(presented)
}
