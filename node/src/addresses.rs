//! Where people find on this server what programs find below `/v1`, and by which address they reach the server: for links
//! in mails, feeds and pages.

use std::fmt;
use std::net::Ipv6Addr;

use http::header::HOST;
use http::uri::{Authority, Uri};
use http::{HeaderMap, HeaderValue};

use crate::config::BaseUrl;

/// Bytes of a host's name, and of a part of it between two dots (RFC 1035).
const NAME_BYTES: usize = 253;
const LABEL_BYTES: usize = 63;

/// The page of `members/{member}/listings/{listing}`, as a path.
pub(crate) fn listing_page(name: &str) -> String {
    let place = name.strip_prefix("members/").unwrap_or(name);
    format!("/listings/{}", place.replacen("/listings/", "/", 1))
}

/// Where people reach this server: scheme and host, with a port that is not the scheme's own, and no slash at the end.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Origin(String);

impl Origin {
    /// As the operator says, else as a request has reached it, by `scheme`. None where that names no host: nothing that
    /// could not be a host's name comes into an address.
    pub(crate) fn of(said: Option<&BaseUrl>, scheme: &str, uri: &Uri, headers: &HeaderMap) -> Option<Self> {
        if let Some(said) = said {
            return Some(Self(said.as_str().to_owned()));
        }
        // What stands in the request line goes before the header (RFC 9112, 3.2.2), and is all that HTTP/2 need have.
        let mut hosts = headers.get_all(HOST).iter().map(HeaderValue::to_str);
        let named = match (uri.authority().map(Authority::as_str), hosts.next(), hosts.next()) {
            (Some(named), ..) | (None, Some(Ok(named)), None) => named,
            (None, ..) => return None,
        };
        Some(Self(format!("{scheme}://{}", host_of(named, scheme)?)))
    }

    #[cfg(test)]
    pub(crate) fn for_tests(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `host` or `host:port` in one form; None where it is neither.
fn host_of(text: &str, scheme: &str) -> Option<String> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']')?;
            (format!("[{}]", address.parse::<Ipv6Addr>().ok()?), port)
        }
        None => {
            let (name, port) = text.split_at(text.find(':').unwrap_or(text.len()));
            (is_name(name).then(|| name.to_ascii_lowercase())?, port)
        }
    };
    if port.is_empty() {
        return Some(host);
    }
    let port = port.strip_prefix(':').filter(|port| port.bytes().all(|byte| byte.is_ascii_digit()))?;
    let port: u16 = port.parse().ok().filter(|port| *port > 0)?;
    let usual = matches!((scheme, port), ("https", 443) | ("http", 80));
    Some(if usual { host } else { format!("{host}:{port}") })
}

/// Whether it can be the name of a host, or an IPv4 address.
fn is_name(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let label = |label: &str| {
        let bounded = (1..=LABEL_BYTES).contains(&label.len()) && label.bytes().all(letter);
        bounded && !label.starts_with('-') && !label.ends_with('-')
    };
    text.len() <= NAME_BYTES && text.strip_suffix('.').unwrap_or(text).split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_to_its_page() {
        assert_eq!(listing_page("members/a.n.example/listings/two"), "/listings/a.n.example/two");
        assert_eq!(
            listing_page("members/listings.n.example/listings/listings"),
            "/listings/listings.n.example/listings"
        );
    }

    fn reached(said: Option<&BaseUrl>, uri: &str, hosts: &[&str]) -> Option<String> {
        let hosts = hosts.iter().map(|host| (HOST, HeaderValue::from_bytes(host.as_bytes()).unwrap()));
        Origin::of(said, "https", &uri.parse().unwrap(), &hosts.collect()).map(|origin| origin.to_string())
    }

    #[test]
    fn whoever_asks_is_shown_the_address_by_which_they_came() {
        for (named, origin) in [
            ("duikou.example", "https://duikou.example"),
            ("Duikou.Example:8443", "https://duikou.example:8443"),
            ("duikou.example:443", "https://duikou.example"),
            ("127.0.0.1:4000", "https://127.0.0.1:4000"),
            ("[::1]:8443", "https://[::1]:8443"),
            ("xn--fiqs8s.", "https://xn--fiqs8s."),
            ("my_host", "https://my_host"),
        ] {
            assert_eq!(reached(None, "/listings", &[named]).as_deref(), Some(origin), "{named}");
        }
        let both = reached(None, "https://one.example/listings", &["two.example"]);
        assert_eq!(both.as_deref(), Some("https://one.example"), "what is asked for goes before the header");
        let said = BaseUrl::for_tests("https://duikou.example");
        assert_eq!(reached(Some(&said), "/", &["\"<x>"]).as_deref(), Some("https://duikou.example"));
    }

    #[test]
    fn what_is_no_host_names_none() {
        let long = "a".repeat(LABEL_BYTES + 1);
        let longer = ["a"; NAME_BYTES].join(".");
        for named in [
            "",
            ".",
            ":8443",
            "a b",
            "a..b",
            "-a.example",
            "a.example/path",
            "a.example?q",
            "me@a.example",
            "a.example\"><script>",
            "对口.example",
            "a.example:",
            "a.example:+1",
            "a.example:0",
            "a.example:65536",
            "a.example:1:2",
            "[::1",
            "[a.example]",
            "[::1]x",
            &long,
            &longer,
        ] {
            assert_eq!(reached(None, "/", &[named]), None, "{named}");
        }
        assert_eq!(reached(None, "/", &["a.example", "b.example"]), None, "two hosts are none");
        assert_eq!(reached(None, "/", &[]), None);
    }
}
