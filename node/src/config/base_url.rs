//! Where people reach a server.

use std::fmt;
use std::net::IpAddr;

use super::fault::Rule;
use super::values::Value;

/// `https://host` or `https://host:port`, without path, query and slash at the end; `http` on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(String);

impl BaseUrl {
    #[cfg(test)]
    pub(crate) fn for_tests(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Value for BaseUrl {
    fn read(text: &str) -> Result<Self, Rule> {
        const RULE: Rule = Rule {
            zh: "应为不带路径的 https 网址，如 https://duikou.example；只有本机（localhost、127.0.0.1、[::1]）可用 http",
            en: "it is an https address without a path, for example https://duikou.example; http is for this machine alone \
                 (localhost, 127.0.0.1, [::1])",
        };
        let text = text.trim_end_matches('/');
        let uri: http::Uri = text.parse().map_err(|_| RULE)?;
        let address = |host: &str| host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
        let here = |host: &str| host == "localhost" || address(host).is_some_and(|address| address.is_loopback());
        // People follow it with what it holds for them alone: nobody on the way is to read that.
        let scheme = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => uri.host().is_some_and(here),
            _ => false,
        };
        let bare = uri.path_and_query().is_none_or(|path| path.as_str() == "/");
        let host = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
        if scheme && bare && host { Ok(Self(text.to_owned())) } else { Err(RULE) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_https_or_this_machine() {
        for text in [
            "https://duikou.example",
            "https://duikou.example:8443/",
            "http://localhost:8443",
            "http://127.0.0.2",
            "http://[::1]:8443",
        ] {
            assert_eq!(BaseUrl::read(text).map(|url| url.to_string()).as_deref(), Ok(text.trim_end_matches('/')));
        }
        for text in [
            "",
            "duikou.example",
            "ftp://duikou.example",
            "http://duikou.example",
            "http://localhost.example",
            "http://192.0.2.1",
            "http://[2001:db8::1]",
            "https://duikou.example/path",
            "https://duikou.example?q",
            "https://user@duikou.example",
        ] {
            assert!(BaseUrl::read(text).is_err(), "{text}");
        }
    }
}
