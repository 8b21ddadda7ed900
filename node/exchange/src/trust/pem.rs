//! Certificates in PEM files.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

/// The most certificates that a file may hold.
pub const CERTIFICATES: usize = 16;

/// Writes certificates one after another, leaf first.
pub fn encode_certificates(certificates: &[CertificateDer<'_>]) -> String {
    let mut text = String::new();
    for certificate in certificates {
        text.push_str("-----BEGIN CERTIFICATE-----\n");
        let mut encoded = BASE64_STANDARD.encode(certificate);
        while !encoded.is_empty() {
            let rest = encoded.split_off(encoded.len().min(64));
            text.push_str(&encoded);
            text.push('\n');
            encoded = rest;
        }
        text.push_str("-----END CERTIFICATE-----\n");
    }
    text
}

/// Reads every certificate of a PEM text; other sections are skipped. `None` where it is malformed, or holds none or
/// more than [`CERTIFICATES`].
pub fn decode_certificates(text: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let certificates: Vec<_> =
        CertificateDer::pem_slice_iter(text).take(CERTIFICATES + 1).collect::<Result<_, _>>().ok()?;
    (1..=CERTIFICATES).contains(&certificates.len()).then_some(certificates)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_read_back_in_order() {
        let chain: Vec<_> = [1, 47, 48, 49, 500].map(|octets| CertificateDer::from(vec![7; octets])).into();
        let text = encode_certificates(&chain);
        assert_eq!(decode_certificates(text.as_bytes()).unwrap(), chain);
        assert!(text.lines().all(|line| line.len() <= 64));
    }

    #[test]
    fn nothing_and_too_much_are_refused() {
        assert!(decode_certificates(b"").is_none());
        assert!(decode_certificates(b"-----BEGIN CERTIFICATE-----\n????\n-----END CERTIFICATE-----\n").is_none());
        let many = vec![CertificateDer::from(vec![1]); CERTIFICATES + 1];
        assert!(decode_certificates(encode_certificates(&many).as_bytes()).is_none());
    }
}
