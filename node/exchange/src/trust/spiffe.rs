//! The name in a link certificate: `spiffe://{network}/node/{id}` or `/gateway/{id}`.

use std::fmt;

use duikou_proto::name::{InvalidName, NetworkName, NodeId, is_label};
use rustls_pki_types::CertificateDer;
use thiserror::Error;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

/// What a participant is on a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// It dials, and its members read and write.
    Node,
    /// It accepts.
    Gateway,
}

impl Role {
    /// Its word in the URI.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Gateway => "gateway",
        }
    }
}

/// A participant as its certificate names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Peer {
    /// Node or gateway.
    pub role: Role,
    /// Its full id.
    pub id: NodeId,
}

/// A certificate that names no participant of the network.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidPeer {
    /// It is not X.509, or its extensions are malformed.
    #[error("the certificate cannot be read")]
    Unreadable,
    /// It is the certificate of an authority, which speaks for nobody.
    #[error("the certificate is an authority's")]
    Authority,
    /// Its subject alternative names are not exactly one URI.
    #[error("the certificate must carry exactly one name, a URI, and carries {count}")]
    Names {
        /// How many names of any type it carries; 1 where that one is no URI.
        count: usize,
    },
    /// Its URI is not one of this network's.
    #[error("{uri:?} is not spiffe://{network}/node/ID or spiffe://{network}/gateway/ID")]
    Uri {
        /// The URI, cut to 300 characters.
        uri: String,
        /// The network that was asked for.
        network: NetworkName,
    },
}

impl Peer {
    /// A node of its network.
    pub fn node(id: NodeId) -> Self {
        Self { role: Role::Node, id }
    }

    /// A gateway of its network.
    pub fn gateway(id: NodeId) -> Self {
        Self { role: Role::Gateway, id }
    }

    /// The SPIFFE URI.
    pub fn uri(&self) -> String {
        format!("spiffe://{}/{}/{}", self.id.network(), self.role.as_str(), self.id.short())
    }

    /// Reads a URI, byte by byte as [`Peer::uri`] writes it: no other case, no percent-encoding, no query.
    ///
    /// # Errors
    /// Where it is anything else, or of another network.
    pub fn from_uri(uri: &str, network: &NetworkName) -> Result<Self, InvalidPeer> {
        let invalid = || InvalidPeer::Uri { uri: uri.chars().take(300).collect(), network: network.clone() };
        let path = uri
            .strip_prefix("spiffe://")
            .and_then(|rest| rest.strip_prefix(network.as_str()))
            .and_then(|rest| rest.strip_prefix('/'))
            .ok_or_else(invalid)?;
        let (role, id) = path.split_once('/').ok_or_else(invalid)?;
        let role = match role {
            "node" => Role::Node,
            "gateway" => Role::Gateway,
            _ => return Err(invalid()),
        };
        if !is_label(id) {
            return Err(invalid());
        }
        let id = NodeId::parse(id, network).map_err(|InvalidName { .. }| invalid())?;
        Ok(Self { role, id })
    }

    /// Reads the name of a certificate whose chain somebody else has verified. The common name is never looked at.
    ///
    /// # Errors
    /// Where it does not carry exactly one name, a URI of `network`.
    pub fn from_certificate(certificate: &CertificateDer<'_>, network: &NetworkName) -> Result<Self, InvalidPeer> {
        let (rest, parsed) = X509Certificate::from_der(certificate).map_err(|_| InvalidPeer::Unreadable)?;
        if !rest.is_empty() {
            return Err(InvalidPeer::Unreadable);
        }
        if parsed.basic_constraints().map_err(|_| InvalidPeer::Unreadable)?.is_some_and(|basic| basic.value.ca) {
            return Err(InvalidPeer::Authority);
        }
        let names = parsed.subject_alternative_name().map_err(|_| InvalidPeer::Unreadable)?;
        let names = names.as_ref().map_or(&[][..], |extension| &extension.value.general_names);
        match names {
            [GeneralName::URI(uri)] => Self::from_uri(uri, network),
            other => Err(InvalidPeer::Names { count: other.len() }),
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.role.as_str(), self.id)
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair, SanType};

    use super::*;

    fn network() -> NetworkName {
        "pprd.example".parse().unwrap()
    }

    fn certificate(change: impl FnOnce(&mut CertificateParams)) -> CertificateDer<'static> {
        let mut params = CertificateParams::default();
        change(&mut params);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().into()
    }

    fn uri(text: &str) -> SanType {
        SanType::URI(text.try_into().unwrap())
    }

    #[test]
    fn a_uri_reads_back_as_it_was_written() {
        for peer in
            [Peer::node("shenzhen.pprd.example".parse().unwrap()), Peer::gateway("hub-1.pprd.example".parse().unwrap())]
        {
            assert_eq!(Peer::from_uri(&peer.uri(), &network()).unwrap(), peer);
            let der = certificate(|params| params.subject_alt_names = vec![uri(&peer.uri())]);
            assert_eq!(Peer::from_certificate(&der, &network()).unwrap(), peer);
        }
    }

    #[test]
    fn anything_but_the_exact_uri_is_refused() {
        for text in [
            "",
            "spiffe://pprd.example",
            "spiffe://pprd.example/node",
            "spiffe://pprd.example/node/",
            "spiffe://pprd.example/node/a/",
            "spiffe://pprd.example/node/a/b",
            "spiffe://pprd.example//a",
            "spiffe://pprd.example/member/a",
            "spiffe://pprd.example/Node/a",
            "spiffe://pprd.example/node/A",
            "spiffe://pprd.example/node/%61",
            "spiffe://pprd.example/node/a.b",
            "spiffe://pprd.example/node/-a",
            "spiffe://pprd.example/node/a?x",
            "spiffe://pprd.example/node/a#x",
            "spiffe://pprd.example:443/node/a",
            "spiffe://x@pprd.example/node/a",
            "spiffe://PPRD.example/node/a",
            "spiffe://pprd.example.org/node/a",
            "spiffe://a.pprd.example/node/a",
            "SPIFFE://pprd.example/node/a",
            "https://pprd.example/node/a",
            " spiffe://pprd.example/node/a",
        ] {
            assert!(Peer::from_uri(text, &network()).is_err(), "{text}");
        }
    }

    #[test]
    fn a_certificate_must_carry_one_uri_and_nothing_else() {
        let node = uri("spiffe://pprd.example/node/a");
        let read = |change: &dyn Fn(&mut CertificateParams)| Peer::from_certificate(&certificate(change), &network());
        assert_eq!(
            read(&|params| params.distinguished_name.push(DnType::CommonName, "spiffe://pprd.example/node/a")),
            Err(InvalidPeer::Names { count: 0 }),
            "a common name is no name"
        );
        assert_eq!(
            read(&|params| params.subject_alt_names = vec![node.clone(), uri("spiffe://pprd.example/node/b")]),
            Err(InvalidPeer::Names { count: 2 })
        );
        assert_eq!(
            read(&|params| params.subject_alt_names = vec![SanType::DnsName("pprd.example".try_into().unwrap())]),
            Err(InvalidPeer::Names { count: 1 })
        );
        assert_eq!(
            read(&|params| {
                params.subject_alt_names = vec![node.clone()];
                params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
            }),
            Err(InvalidPeer::Authority)
        );
        assert_eq!(Peer::from_certificate(&CertificateDer::from(vec![0x30]), &network()), Err(InvalidPeer::Unreadable));
    }
}
