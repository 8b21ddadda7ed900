//! Certificates, each put together from what the caller knows and never from what a request asks for.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use duikou_node::trust::identity::BACKDATING;
use duikou_node::trust::provider;
use duikou_node::trust::spiffe::{Peer, Role};
use duikou_proto::name::NodeId;
use rcgen::{
    CertificateParams, CertificateSigningRequestParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PublicKeyData, SanType, SerialNumber, SubjectPublicKeyInfo,
    string::Ia5String,
};
use rustls_pki_types::{CertificateDer, CertificateSigningRequestDer, DnsName};

use super::{Authority, AuthorityError, WEB_LIFETIME};

/// The most names of a public listener.
pub(crate) const WEB_NAMES: usize = 32;

/// The largest certificate request, in octets.
const REQUEST_BYTES: usize = 16 * 1024;

/// How browsers and programs call a public listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebName {
    /// A host name, without wildcards.
    Host(String),
    /// An address.
    Address(IpAddr),
}

impl WebName {
    /// An address where the text is one, else a host name.
    pub fn new(text: &str) -> Self {
        text.parse().map_or_else(|_| Self::Host(text.into()), Self::Address)
    }

    fn subject_alternative(&self) -> Result<SanType, AuthorityError> {
        Ok(match self {
            Self::Host(host) => {
                DnsName::try_from(host.as_str()).map_err(|_| AuthorityError::WebNames)?;
                SanType::DnsName(Ia5String::try_from(host.to_ascii_lowercase())?)
            }
            Self::Address(address) => SanType::IpAddress(*address),
        })
    }
}

impl Authority {
    /// Issues a link certificate for the key of a PKCS #10 request (DER), valid from `now` for [`Authority::lifetime`]; leaf
    /// first, then the authority.
    ///
    /// # Errors
    /// Where the request is not valid, or `id` is of another network.
    pub fn issue_link(
        &self,
        request: &[u8],
        role: Role,
        id: &NodeId,
        now: SystemTime,
    ) -> Result<Vec<CertificateDer<'static>>, AuthorityError> {
        if !id.is_of(&self.network) {
            return Err(AuthorityError::Foreign { id: id.to_string(), network: self.network.clone() });
        }
        let key = requested_key(request)?;
        let mut params = CertificateParams::default();
        // RFC 5280 wants a subject or a critical extension; the name is for people and no peer reads it.
        params.distinguished_name = common_name(id.short());
        params.subject_alt_names = vec![SanType::URI(Ia5String::try_from(Peer { role, id: id.clone() }.uri())?)];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        self.leaf(params, &key, now, self.lifetime)
    }

    /// Issues a certificate for a public listener with `key`, valid from `now` for [`WEB_LIFETIME`]; leaf first, then
    /// the authority.
    ///
    /// # Errors
    /// Where there are no names, too many, or one is no host name.
    pub fn issue_web(
        &self,
        names: &[WebName],
        key: &impl PublicKeyData,
        now: SystemTime,
    ) -> Result<Vec<CertificateDer<'static>>, AuthorityError> {
        if !(1..=WEB_NAMES).contains(&names.len()) {
            return Err(AuthorityError::WebNames);
        }
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.subject_alt_names = names.iter().map(WebName::subject_alternative).collect::<Result<_, _>>()?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.leaf(params, key, now, WEB_LIFETIME)
    }

    fn leaf(
        &self,
        mut params: CertificateParams,
        key: &impl PublicKeyData,
        now: SystemTime,
        lifetime: Duration,
    ) -> Result<Vec<CertificateDer<'static>>, AuthorityError> {
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        stamp(&mut params, now, lifetime)?;
        Ok(vec![params.signed_by(key, &self.issuer)?.into(), self.certificate.clone()])
    }
}

/// The key of a PKCS #10 request (DER) whose signature shows that the caller holds it.
///
/// # Errors
/// Where the request is malformed, or its key is not ECDSA P-256.
pub fn requested_key(request: &[u8]) -> Result<SubjectPublicKeyInfo, AuthorityError> {
    if request.len() > REQUEST_BYTES {
        return Err(AuthorityError::Request);
    }
    let requested = CertificateSigningRequestParams::from_der(&CertificateSigningRequestDer::from(request))
        .map_err(|_| AuthorityError::Request)?;
    let key = requested.public_key;
    let point = key.der_bytes();
    if *key.algorithm() != PKCS_ECDSA_P256_SHA256 || point.len() != 65 || point[0] != 4 {
        return Err(AuthorityError::Request);
    }
    SubjectPublicKeyInfo::from_der(&key.subject_public_key_info()).map_err(|_| AuthorityError::Request)
}

pub(super) fn common_name(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

/// Gives a certificate its dates and a serial number of 128 random bits.
pub(super) fn stamp(params: &mut CertificateParams, now: SystemTime, lifetime: Duration) -> Result<(), AuthorityError> {
    let serial = provider::random::<16>().map_err(|_| AuthorityError::Random)?;
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    params.not_before = (now - BACKDATING).into();
    params.not_after = (now + lifetime).into();
    Ok(())
}
