//! HTTP CONNECT proxies (RFC 9110, 9.3.6) on the way out.

use std::fmt;
use std::io;
use std::str::FromStr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::Uri;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use zeroize::Zeroizing;

use super::dial::Address;

/// The largest response header of a proxy, in octets.
pub const RESPONSE_HEADER_BYTES: usize = 8 * 1024;

/// A proxy: `[http://][USER:PASSWORD@]HOST:PORT`, octets that are special in a URI percent-encoded.
#[derive(Clone)]
pub struct Proxy {
    address: Address,
    authorization: Option<Zeroizing<String>>,
    text: Zeroizing<String>,
}

impl PartialEq for Proxy {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Proxy {}

/// A text that names no proxy. It does not repeat the text, which may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a proxy is written HOST:PORT or http://USER:PASSWORD@HOST:PORT")]
pub struct InvalidProxy;

/// Why a proxy opened no tunnel.
#[derive(Debug, Error)]
pub enum ProxyError {
    /// The connection broke.
    #[error("the connection to the proxy broke")]
    Io(#[from] io::Error),
    /// It wants other credentials.
    #[error("the proxy asks for credentials, or refuses those given (407)")]
    Credentials,
    /// It refuses or cannot reach the target.
    #[error("the proxy answered {status}")]
    Refused {
        /// HTTP status code.
        status: u16,
    },
    /// It does not speak HTTP/1, or at too great a length.
    #[error("the proxy's answer is not an HTTP/1 header of at most {RESPONSE_HEADER_BYTES} octets")]
    Malformed,
}

impl Proxy {
    /// Where it listens.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// As it was written, with its password.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Opens a tunnel to `target` over a connection to the proxy.
    ///
    /// # Errors
    /// Where the proxy refuses, or talks nonsense.
    pub(crate) async fn tunnel<S>(&self, stream: &mut S, target: &Address) -> Result<(), ProxyError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut request = Zeroizing::new(format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n"));
        if let Some(authorization) = &self.authorization {
            request.push_str("Proxy-Authorization: ");
            request.push_str(authorization);
            request.push_str("\r\n");
        }
        request.push_str("\r\n");
        stream.write_all(request.as_bytes()).await?;
        stream.flush().await?;

        let mut header = Vec::with_capacity(512);
        while !header.ends_with(b"\r\n\r\n") {
            if header.len() >= RESPONSE_HEADER_BYTES {
                return Err(ProxyError::Malformed);
            }
            // By the octet: what follows the header belongs to TLS.
            header.push(stream.read_u8().await?);
        }
        match status(&header).ok_or(ProxyError::Malformed)? {
            200..=299 => Ok(()),
            407 => Err(ProxyError::Credentials),
            status => Err(ProxyError::Refused { status }),
        }
    }
}

fn status(header: &[u8]) -> Option<u16> {
    let line = std::str::from_utf8(header.split(|byte| *byte == b'\r').next()?).ok()?;
    let mut words = line.split(' ');
    if !matches!(words.next()?, "HTTP/1.1" | "HTTP/1.0") {
        return None;
    }
    let code = words.next()?;
    if code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit()) { code.parse().ok() } else { None }
}

impl FromStr for Proxy {
    type Err = InvalidProxy;

    fn from_str(text: &str) -> Result<Self, InvalidProxy> {
        let whole = Zeroizing::new(if text.contains("://") { text.to_owned() } else { format!("http://{text}") });
        let uri: Uri = whole.parse().map_err(|_| InvalidProxy)?;
        if uri.scheme_str() != Some("http") || !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err(InvalidProxy);
        }
        let authority = uri.authority().ok_or(InvalidProxy)?.as_str();
        let (credentials, address) = match authority.rsplit_once('@') {
            Some((credentials, address)) => (Some(credentials), address),
            None => (None, authority),
        };
        let authorization = credentials.map(basic).transpose()?;
        let address = address.parse().map_err(|_| InvalidProxy)?;
        Ok(Self { address, authorization, text: Zeroizing::new(text.to_owned()) })
    }
}

fn basic(credentials: &str) -> Result<Zeroizing<String>, InvalidProxy> {
    let (user, password) = credentials.split_once(':').ok_or(InvalidProxy)?;
    let mut pair = percent_decoded(user)?;
    if pair.contains(&b':') {
        return Err(InvalidProxy);
    }
    pair.push(b':');
    pair.extend_from_slice(&percent_decoded(password)?);
    let encoded = Zeroizing::new(BASE64_STANDARD.encode(&*pair));
    Ok(Zeroizing::new(format!("Basic {}", *encoded)))
}

fn percent_decoded(text: &str) -> Result<Zeroizing<Vec<u8>>, InvalidProxy> {
    let mut decoded = Zeroizing::new(Vec::with_capacity(text.len() + 256));
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let octet = if byte == b'%' {
            let mut digit = || bytes.next().and_then(|byte| char::from(byte).to_digit(16)).ok_or(InvalidProxy);
            (digit()? << 4 | digit()?) as u8
        } else {
            byte
        };
        decoded.push(octet);
    }
    Ok(decoded)
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").field("address", &self.address).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn answered(answer: &[u8]) -> Result<(), ProxyError> {
        let (mut near, mut far) = tokio::io::duplex(64 * 1024);
        far.write_all(answer).await.unwrap();
        far.shutdown().await.unwrap();
        let proxy: Proxy = "http://proxy.example:3128".parse().unwrap();
        proxy.tunnel(&mut near, &"hub.example:7443".parse().unwrap()).await
    }

    #[test]
    fn credentials_are_decoded_and_never_shown() {
        let proxy: Proxy = "http://user:p%40ss%3A@proxy.example:3128".parse().unwrap();
        let encoded = BASE64_STANDARD.encode("user:p@ss:");
        assert_eq!(**proxy.authorization.as_ref().unwrap(), format!("Basic {encoded}"));
        assert_eq!(proxy.address.to_string(), "proxy.example:3128");
        let shown = format!("{proxy:?}");
        assert!(!shown.contains("Basic") && !shown.contains("user"), "{shown}");
        let plain: Proxy = "proxy.example:3128".parse().unwrap();
        assert_eq!((plain.address.to_string().as_str(), plain.authorization), ("proxy.example:3128", None));
    }

    #[test]
    fn other_texts_are_no_proxies() {
        for text in [
            "",
            "proxy.example",
            "https://proxy.example:3128",
            "http://proxy.example",
            "http://proxy.example:3128/path",
            "http://user@proxy.example:3128",
            "http://us%3Aer:x@proxy.example:3128",
            "http://user:%4@proxy.example:3128",
            "socks5://proxy.example:3128",
        ] {
            assert!(text.parse::<Proxy>().is_err(), "{text}");
        }
    }

    #[tokio::test]
    async fn the_answer_of_a_proxy_is_read_with_care() {
        answered(b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n").await.unwrap();
        assert!(matches!(answered(b"HTTP/1.1 407 Who?\r\n\r\n").await, Err(ProxyError::Credentials)));
        assert!(matches!(answered(b"HTTP/1.0 502 No\r\n\r\n").await, Err(ProxyError::Refused { status: 502 })));
        assert!(matches!(answered(b"SSH-2.0-x\r\n\r\n").await, Err(ProxyError::Malformed)));
        assert!(matches!(answered(b"HTTP/1.1 +20 x\r\n\r\n").await, Err(ProxyError::Malformed)));
        assert!(matches!(answered(b"HTTP/1.1 200 OK\r\n").await, Err(ProxyError::Io(_))));
        assert!(matches!(answered(&[b'x'; RESPONSE_HEADER_BYTES + 4]).await, Err(ProxyError::Malformed)));
    }
}
