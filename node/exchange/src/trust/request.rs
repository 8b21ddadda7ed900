//! Certificate requests.

use rcgen::{CertificateParams, DistinguishedName, KeyPair};

/// Makes a PKCS #10 request (DER) that proves the possession of `key` and asks for nothing else: the authority takes
/// the names from the invitation.
///
/// # Errors
/// Where the key cannot sign.
pub fn certificate_request(key: &KeyPair) -> Result<Vec<u8>, rcgen::Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    Ok(params.serialize_request(key)?.der().to_vec())
}
