//! Signatures and secrets by Standard Webhooks 1.0.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

use crate::world::random;

/// Begins every secret.
const PREFIX: &str = "whsec_";
/// Octets of a secret of ours; the standard takes 24 to 64.
const OCTETS: usize = 32;

/// A new secret in the form in which receivers have it.
pub(crate) fn new_secret() -> String {
    let octets = Zeroizing::new(random::<OCTETS>());
    format!("{PREFIX}{}", BASE64_STANDARD.encode(*octets))
}

/// The `webhook-signature` of a body, by each of `secrets`; what is no secret signs nothing.
pub(crate) fn signatures<'a>(secrets: impl Iterator<Item = &'a str>, id: &str, seconds: i64, body: &[u8]) -> String {
    let signed = secrets.filter_map(|secret| {
        let octets = Zeroizing::new(BASE64_STANDARD.decode(secret.strip_prefix(PREFIX)?).ok()?);
        let key = hmac::Key::new(hmac::HMAC_SHA256, &octets);
        let mut context = hmac::Context::with_key(&key);
        context.update(format!("{id}.{seconds}.").as_bytes());
        context.update(body);
        Some(format!("v1,{}", BASE64_STANDARD.encode(context.sign())))
    });
    signed.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification, version 1.0.
    #[test]
    fn the_example_of_the_standard_is_signed_as_it_says() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let body = br#"{"test": 2432232314}"#;
        let signed = signatures([secret].into_iter(), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn each_secret_signs_and_what_is_none_does_not() {
        let (old, new) = (new_secret(), new_secret());
        assert_eq!(BASE64_STANDARD.decode(old.strip_prefix(PREFIX).unwrap()).unwrap().len(), OCTETS);
        let both = signatures([&*new, "nonsense", &*old].into_iter(), "a", 1, b"x");
        let alone = |secret: &str| signatures([secret].into_iter(), "a", 1, b"x");
        assert_eq!(both, format!("{} {}", alone(&new), alone(&old)));
    }
}
