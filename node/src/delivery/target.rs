//! The address of a webhook: read once, valid ever after.

use std::net::IpAddr;
use std::str::FromStr;

use duikou_proto::language::Text;
use http::Uri;

use super::address::{opened, permitted};
use crate::config::Networks;

/// Characters of an address.
pub(crate) const URL_CHARS: usize = 2_000;

/// Where requests go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    tls: bool,
    host: Host,
    port: u16,
    /// Path and query.
    path: String,
}

/// A name, or an address that needs no resolving.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Host {
    Name(String),
    Address(IpAddr),
}

/// Why a text is no address for webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BadTarget {
    /// Missing.
    Empty,
    /// Longer than [`URL_CHARS`].
    TooLong,
    /// No absolute URI.
    Malformed,
    /// Neither `https` nor `http`.
    Scheme,
    /// Has a name or password in it.
    Credentials,
    /// Has a fragment, which no server ever sees.
    Fragment,
    /// No name of a host: characters beside a-z, 0-9, `-` and `.`, empty or long labels, a number in another form.
    Host,
    /// A port that the operator does not allow.
    Port,
    /// `http`, which the operator does not allow there.
    Plain,
    /// An address that the operator does not allow.
    Forbidden,
}

impl BadTarget {
    /// A stable word for programs, and what is wrong.
    pub(crate) fn told(self) -> (&'static str, Text) {
        match self {
            Self::Empty => ("REQUIRED", Text::new("请填写接收地址。", "Give the address of the receiver.")),
            Self::TooLong => (
                "TOO_LONG",
                Text::new(
                    format!("地址最多{URL_CHARS}个字符。"),
                    format!("An address has at most {URL_CHARS} characters."),
                ),
            ),
            Self::Malformed => (
                "BAD_FORMAT",
                Text::new(
                    "不是完整的网址，请按此格式填写：https://example.com/hook。",
                    "This is no absolute address: write it like https://example.com/hook.",
                ),
            ),
            Self::Scheme => ("SCHEME", Text::new("地址须以 https:// 开头。", "An address begins with https://.")),
            Self::Credentials => (
                "CREDENTIALS",
                Text::new(
                    "地址中不能含有用户名或密码；接收方应核对签名。",
                    "An address holds no name or password: the receiver checks the signature.",
                ),
            ),
            Self::Fragment => ("FRAGMENT", Text::new("地址中不能含有 #。", "An address holds no #.")),
            Self::Host => (
                "HOST",
                Text::new(
                    "主机名不正确；中文域名请写成 xn-- 形式。",
                    "This is no host name; names in other scripts are written in their xn-- form.",
                ),
            ),
            Self::Port => (
                "PORT",
                Text::new(
                    "该端口不允许，请使用443，或请管理员开放。",
                    "This port is not allowed: use 443, or ask the operator.",
                ),
            ),
            Self::Plain => (
                "PLAIN_HTTP",
                Text::new(
                    "须使用 https；仅管理员允许的网络可用 http。",
                    "Use https; http only reaches networks that the operator allows.",
                ),
            ),
            Self::Forbidden => (
                "ADDRESS_FORBIDDEN",
                Text::new(
                    "该地址属于本机、内网或保留网段，未获管理员允许。",
                    "This address is private, of this machine or reserved, and the operator does not allow it.",
                ),
            ),
        }
    }
}

impl FromStr for Target {
    type Err = BadTarget;

    fn from_str(text: &str) -> Result<Self, BadTarget> {
        if text.is_empty() {
            return Err(BadTarget::Empty);
        }
        if text.chars().count() > URL_CHARS {
            return Err(BadTarget::TooLong);
        }
        if text.contains('#') {
            return Err(BadTarget::Fragment);
        }
        let (scheme, rest) = text.split_once("://").ok_or(BadTarget::Malformed)?;
        let tls = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err(BadTarget::Scheme),
        };
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        if authority.contains('@') {
            return Err(BadTarget::Credentials);
        }
        // Before the parser, which has no words for it.
        if !authority.is_ascii() {
            return Err(BadTarget::Host);
        }
        let uri: Uri = text.parse().map_err(|_| BadTarget::Malformed)?;
        let host = host(uri.host().ok_or(BadTarget::Malformed)?).ok_or(BadTarget::Host)?;
        let port = match uri.authority().map(http::uri::Authority::as_str).and_then(port_text) {
            Some(port) => port.parse::<u16>().ok().filter(|port| *port != 0).ok_or(BadTarget::Port)?,
            None if tls => 443,
            None => 80,
        };
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Ok(Self { tls, host, port, path })
    }
}

fn port_text(authority: &str) -> Option<&str> {
    let after = authority.rsplit_once(']').map_or(authority, |(_, after)| after);
    after.split_once(':').map(|(_, port)| port)
}

fn host(text: &str) -> Option<Host> {
    if let Some(v6) = text.strip_prefix('[') {
        return v6.strip_suffix(']')?.parse().ok().map(|address| Host::Address(IpAddr::V6(address)));
    }
    if let Ok(address) = text.parse() {
        return Some(Host::Address(IpAddr::V4(address)));
    }
    let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // What ends in a number is an address in a form that resolvers read each in their own way: 0x7f.1, 2130706433.
    let last = name.rsplit('.').next().unwrap_or_default();
    let number = last.starts_with(|c: char| c.is_ascii_digit())
        && (last.bytes().all(|b| b.is_ascii_digit()) || last.starts_with("0x"));
    (name.len() <= 253 && name.split('.').all(label) && !number).then_some(Host::Name(name))
}

impl Target {
    /// Refuses what the operator does not allow and can be told without resolving the name: what is resolved is judged at
    /// each request again.
    pub(crate) fn check(&self, allowed: &Networks, ports: &[u16]) -> Result<(), BadTarget> {
        if let Host::Address(address) = self.host {
            if !permitted(allowed, address) {
                return Err(BadTarget::Forbidden);
            }
            if !self.tls && !opened(allowed, address) {
                return Err(BadTarget::Plain);
            }
            // In networks of their own operators choose ports as they like.
            if opened(allowed, address) {
                return Ok(());
            }
        } else if !allowed.is_empty() {
            // It may be a name of theirs: what it stands for decides.
            return Ok(());
        } else if !self.tls {
            return Err(BadTarget::Plain);
        }
        if ports.contains(&self.port) { Ok(()) } else { Err(BadTarget::Port) }
    }

    /// Whether a request may go to `address`, for which the host stands at this moment.
    pub(crate) fn permits(&self, address: IpAddr, allowed: &Networks, ports: &[u16]) -> bool {
        opened(allowed, address) || (self.tls && ports.contains(&self.port) && permitted(allowed, address))
    }

    pub(crate) fn is_tls(&self) -> bool {
        self.tls
    }

    pub(crate) fn host(&self) -> &Host {
        &self.host
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// As the `Host` header has it.
    pub(crate) fn host_header(&self) -> String {
        let host = match &self.host {
            Host::Name(name) => name.clone(),
            Host::Address(IpAddr::V6(address)) => format!("[{address}]"),
            Host::Address(address) => address.to_string(),
        };
        match (self.tls, self.port) {
            (true, 443) | (false, 80) => host,
            (_, port) => format!("{host}:{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn judge(text: &str, allowed: &str) -> Result<Target, BadTarget> {
        let target: Target = text.parse()?;
        target.check(&allowed.parse().unwrap(), &[443, 8443])?;
        Ok(target)
    }

    #[test]
    fn every_malformed_address_gets_its_own_error() {
        let long = format!("https://example.com/{}", "x".repeat(URL_CHARS));
        for (text, error) in [
            ("", BadTarget::Empty),
            (&*long, BadTarget::TooLong),
            ("example.com/hook", BadTarget::Malformed),
            ("https://", BadTarget::Malformed),
            ("https:///hook", BadTarget::Malformed),
            ("https://exa mple.com/", BadTarget::Malformed),
            ("ftp://example.com/", BadTarget::Scheme),
            ("file:///etc/passwd", BadTarget::Scheme),
            ("https://user@example.com/", BadTarget::Credentials),
            ("https://user:secret@example.com/", BadTarget::Credentials),
            ("https://example.com/#x", BadTarget::Fragment),
            ("https://例子.中国/", BadTarget::Host),
            ("https://-a.example/", BadTarget::Host),
            ("https://a..example/", BadTarget::Host),
            ("https://2130706433/", BadTarget::Host),
            ("https://0x7f.1/", BadTarget::Host),
            ("https://127.1/", BadTarget::Host),
            ("https://0x7f000001/", BadTarget::Host),
            ("https://example.com:0/", BadTarget::Port),
            ("https://example.com:22/", BadTarget::Port),
            ("https://example.com:99999/", BadTarget::Port),
            ("http://example.com/", BadTarget::Plain),
            ("http://8.8.8.8/", BadTarget::Plain),
            ("https://127.0.0.1/", BadTarget::Forbidden),
            ("https://[::1]/", BadTarget::Forbidden),
            ("https://[::ffff:169.254.169.254]/", BadTarget::Forbidden),
            ("https://10.0.0.1/", BadTarget::Forbidden),
        ] {
            let found = judge(text, "");
            assert_eq!(found, Err(error), "{text}");
            let (reason, told) = error.told();
            assert!(!reason.is_empty() && !told.zh.is_empty() && !told.en.is_empty());
        }
        for text in
            ["https://example.com", "https://example.com:8443/a?b=c", "HTTPS://Example.com./", "https://8.8.8.8/hook"]
        {
            assert!(judge(text, "").is_ok(), "{text}: {:?}", judge(text, ""));
        }
        let here = judge("http://127.0.0.1:54321/x?y=1", "127.0.0.0/8").unwrap();
        assert_eq!((here.path(), &*here.host_header()), ("/x?y=1", "127.0.0.1:54321"));
        assert_eq!(judge("https://example.com?x", "").unwrap().path(), "/?x");
    }

    proptest! {
        #[test]
        fn reading_an_address_never_panics(text in "(https?://)?.{0,60}") {
            let _ = judge(&text, "");
        }
    }
}
