//! The second factor: time-based codes (RFC 6238: SHA-1, six digits, thirty seconds), and recovery codes for whoever has
//! lost the telephone. Each step and each recovery code is good once.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use duikou_proto::envelope::Micros;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use totp_rs::{Builder, Secret, Totp};

use crate::world::random;

/// Steps by which a telephone's clock may be off.
const SKEW: u16 = 1;
/// Recovery codes that are given out.
const RECOVERY_CODES: usize = 10;
/// Letters and digits that nobody takes for another.
const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789x";
/// Characters of a recovery code, 80 bits; shown in groups of four.
const RECOVERY_CHARS: usize = 16;

/// A second factor as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Factor {
    /// Base64 of the 20 octets that the telephone has.
    secret: String,
    /// The newest step whose code was used.
    #[serde(default)]
    last_step: u64,
    /// BLAKE3 of each recovery code that was not used.
    #[serde(default)]
    recovery: Vec<String>,
}

impl Factor {
    /// A new one.
    pub(super) fn new() -> Self {
        Self { secret: BASE64_STANDARD.encode(random::<20>()), last_step: 0, recovery: Vec::new() }
    }

    fn secret(&self) -> Option<Secret> {
        BASE64_STANDARD.decode(&self.secret).ok().map(Secret::from)
    }

    fn totp(&self) -> Option<Totp> {
        Builder::new().with_secret(self.secret()?).with_skew(SKEW).build().ok()
    }

    /// The secret as people type it into their telephone, in base 32.
    pub(super) fn typed(&self) -> String {
        self.secret().map(|secret| secret.to_base32()).unwrap_or_default()
    }

    /// The address that a telephone reads from a picture.
    pub(super) fn uri(&self, issuer: &str, login: &str) -> String {
        let part = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let (issuer, login) = (part(issuer), part(login));
        format!("otpauth://totp/{issuer}:{login}?secret={}&issuer={issuer}", self.typed())
    }

    /// Takes a code; whether it was good, which it is once.
    pub(super) fn take(&mut self, code: &str, now: Micros) -> bool {
        let code: String = code.chars().filter(|c| c.is_alphanumeric()).take(2 * RECOVERY_CHARS).collect();
        if code.len() == RECOVERY_CHARS {
            let hash = recovery_hash(&code);
            let before = self.recovery.len();
            self.recovery.retain(|kept| *kept != hash);
            return self.recovery.len() < before;
        }
        let seconds = u64::try_from(now / 1_000_000).unwrap_or_default();
        match self.totp().and_then(|totp| totp.check(&code, seconds)) {
            Some(step) if step > self.last_step => {
                self.last_step = step;
                true
            }
            _ => false,
        }
    }

    /// Makes new recovery codes in place of those before; as they are shown, once.
    pub(super) fn renew_recovery(&mut self) -> Vec<String> {
        let codes: Vec<String> = (0..RECOVERY_CODES).map(|_| recovery_code()).collect();
        self.recovery = codes.iter().map(|code| recovery_hash(&code.replace('-', ""))).collect();
        codes
    }

    /// How many recovery codes are left.
    pub(crate) fn recovery_left(&self) -> usize {
        self.recovery.len()
    }
}

fn recovery_code() -> String {
    let bytes = random::<RECOVERY_CHARS>();
    let chars: Vec<u8> = bytes.iter().map(|byte| ALPHABET[usize::from(byte % 32)]).collect();
    let groups: Vec<String> = chars.chunks(4).map(|group| String::from_utf8_lossy(group).into_owned()).collect();
    groups.join("-")
}

fn recovery_hash(code: &str) -> String {
    blake3::hash(code.to_lowercase().as_bytes()).to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Micros = 1_800_000_000_000_000;
    const STEP: Micros = 30_000_000;

    fn code(factor: &Factor, now: Micros) -> String {
        factor.totp().unwrap().generate((now / 1_000_000) as u64).to_string()
    }

    #[test]
    fn a_code_is_good_in_its_time_and_once() {
        let mut factor = Factor::new();
        let now = code(&factor, NOW);
        assert!(!factor.take("000000 ", NOW) || now == "000000");
        assert!(factor.take(&format!("{} {}", &now[..3], &now[3..]), NOW), "people put a space into it");
        assert!(!factor.take(&now, NOW), "a step is used once");
        assert!(!factor.take(&now, NOW + STEP));
        let next = code(&factor, NOW + STEP);
        assert!(factor.take(&next, NOW + 2 * STEP), "a clock may be a step behind");
        let late = code(&factor, NOW + 5 * STEP);
        assert!(!factor.take(&late, NOW + 9 * STEP));
    }

    #[test]
    fn a_recovery_code_is_good_once() {
        let mut factor = Factor::new();
        let codes = factor.renew_recovery();
        assert_eq!((codes.len(), factor.recovery_left()), (RECOVERY_CODES, RECOVERY_CODES));
        assert!(factor.take(&codes[3].to_uppercase(), NOW));
        assert!(!factor.take(&codes[3], NOW));
        assert!(factor.take(&codes[4].replace('-', ""), NOW));
        assert_eq!(factor.recovery_left(), RECOVERY_CODES - 2);
        let kept = serde_json::to_string(&factor).unwrap();
        assert!(codes.iter().all(|code| !kept.contains(code.as_str())), "{kept}");
    }

    #[test]
    fn a_telephone_reads_the_address() {
        let factor = Factor { secret: BASE64_STANDARD.encode(b"12345678901234567890"), last_step: 0, recovery: vec![] };
        assert_eq!(factor.typed(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let uri = factor.uri("对口", "li@office");
        let start = "otpauth://totp/%E5%AF%B9%E5%8F%A3:li%40office?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=";
        assert!(uri.starts_with(start), "{uri}");
        // RFC 6238, appendix B, of which six digits are shown.
        assert_eq!(code(&factor, 1_111_111_109_000_000), "081804");
    }
}
