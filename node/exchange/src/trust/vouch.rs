//! What the root says of a certificate authority, as an extension of the authority's certificate: so a node that knows
//! the root believes a new authority at first sight.

use duikou_proto::directory::authority_input;
use duikou_proto::name::NetworkName;
use duikou_proto::sign::PublicKey;
use rustls_pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, X509Certificate};

/// The extension. Each arc is below 2^31: Go refuses a certificate with a larger one, whatever the extension says.
pub const VOUCH_OID: [u64; 3] = [2, 25, 1_104_349_061];

const GENERATION_OCTETS: usize = 8;
const SIGNATURE_OCTETS: usize = 64;
/// An octet string in DER with as many octets as follow.
const HEADER: [u8; 2] = [0x04, (GENERATION_OCTETS + SIGNATURE_OCTETS) as u8];

/// The extension's content.
pub fn vouch(generation: i64, signature: &[u8]) -> Vec<u8> {
    let mut content = HEADER.to_vec();
    content.extend_from_slice(&generation.to_be_bytes());
    content.extend_from_slice(signature);
    content
}

/// The generation of an authority that `root` vouches for; None where it does not.
pub fn generation(authority: &CertificateDer<'_>, network: &NetworkName, root: &PublicKey) -> Option<i64> {
    let (_, parsed) = X509Certificate::from_der(authority).ok()?;
    let (generation, signature) = content(&parsed)?;
    let input = authority_input(network, generation, parsed.public_key().raw);
    (signature.len() == SIGNATURE_OCTETS && root.verify(signature, &input).is_ok()).then_some(generation)
}

/// The generation that an authority's certificate bears, whoever vouches for it.
pub fn claimed_generation(authority: &CertificateDer<'_>) -> Option<i64> {
    let (_, parsed) = X509Certificate::from_der(authority).ok()?;
    content(&parsed).map(|(generation, _)| generation)
}

fn content<'a>(parsed: &'a X509Certificate<'_>) -> Option<(i64, &'a [u8])> {
    let oid = VOUCH_OID.map(|component| component.to_string()).join(".");
    let extension = parsed.extensions().iter().find(|extension| extension.oid.to_id_string() == oid)?;
    let (generation, signature) = extension.value.strip_prefix(&HEADER)?.split_at_checked(GENERATION_OCTETS)?;
    Some((i64::from_be_bytes(generation.try_into().ok()?), signature))
}
