//! Join tokens as people pass them on: `duikou1.` and base64url.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use duikou_proto::federation::JoinToken;
use prost::Message;

const PREFIX: &str = "duikou1.";

/// Writes a token.
pub fn encode(token: &JoinToken) -> String {
    let bytes = token.encode_to_vec();
    let check = blake3::hash(&bytes);
    let mut all = bytes;
    all.extend_from_slice(&check.as_bytes()[..4]);
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(all))
}

/// Reads a token; None where it is none, or was cut or mistyped on the way.
pub fn decode(text: &str) -> Option<JoinToken> {
    let all = URL_SAFE_NO_PAD.decode(text.trim().strip_prefix(PREFIX)?).ok()?;
    let (bytes, check) = all.split_at_checked(all.len().checked_sub(4)?)?;
    if blake3::hash(bytes).as_bytes()[..4] != *check {
        return None;
    }
    JoinToken::decode(bytes).ok().filter(|token| token.secret.len() == 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_was_cut_or_mistyped_is_none() {
        let token = JoinToken { network: "n.example".into(), secret: vec![7; 32], ..Default::default() };
        let text = encode(&token);
        assert_eq!(decode(&format!(" {text}\n")), Some(token));
        assert_eq!(decode(&text[..text.len() - 3]), None);
        assert_eq!(decode(&text.replacen('A', "B", 1)), None);
        assert_eq!(decode("hello"), None);
    }
}
