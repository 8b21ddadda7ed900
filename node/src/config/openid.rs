//! `[accounts.oidc]`: a provider by which people sign in beside their passwords (OpenID Connect).

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use super::fault::Rule;
use super::part::{NO_KEY, Part, put};
use super::site::Line;
use super::values::Value;

/// `[accounts.oidc]`. Absent: people sign in by their passwords alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Oidc {
    /// `issuer`: the provider's issuer identifier, exactly as it names itself, for example `https://login.example/realms/city`.
    pub issuer: Option<Issuer>,
    /// `client_id`: as which the provider knows this server. Needed with `issuer`.
    pub client_id: Option<Line>,
    /// `client_secret_file`: file with the secret that goes with it, readable by its owner only. Needed with `issuer`.
    pub client_secret_file: Option<PathBuf>,
    /// `label_zh`: what the button calls the provider in Chinese. Default 统一身份认证.
    pub label_zh: Option<Line>,
    /// `label_en`: the same in English. Default single sign-on.
    pub label_en: Option<Line>,
    /// `ca_file`: PEM file of authorities that the provider's certificate may be of, beside those of the web.
    pub ca_file: Option<PathBuf>,
    /// `require_second_factor`: whether whoever has a second factor here is asked for it after the provider too. Default
    /// false: the provider has its own.
    pub require_second_factor: bool,
}

impl Part for Oidc {
    fn keys(&self) -> &'static [&'static str] {
        &["issuer", "client_id", "client_secret_file", "label_zh", "label_en", "ca_file", "require_second_factor"]
    }

    fn set(&mut self, key: &str, text: &str) -> Result<(), Rule> {
        match key {
            "issuer" => put(&mut self.issuer, text),
            "client_id" => put(&mut self.client_id, text),
            "client_secret_file" => put(&mut self.client_secret_file, text),
            "label_zh" => put(&mut self.label_zh, text),
            "label_en" => put(&mut self.label_en, text),
            "ca_file" => put(&mut self.ca_file, text),
            "require_second_factor" => put(&mut self.require_second_factor, text),
            _ => Err(NO_KEY),
        }
    }
}

/// Bytes of an issuer.
const ISSUER_BYTES: usize = 500;

/// An issuer identifier (OpenID Connect Discovery 1.0, section 2): `https` with host and perhaps port and path, without query and
/// fragment; `http` at a loopback address alone. It is compared octet by octet, so it is kept as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer(String);

impl Issuer {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The loopback address where it is without TLS.
    pub(super) fn plain(&self) -> Option<IpAddr> {
        let uri: http::Uri = self.0.parse().ok()?;
        if uri.scheme_str() == Some("https") { None } else { uri.host().and_then(loopback) }
    }
}

/// The loopback address that a host is.
fn loopback(host: &str) -> Option<IpAddr> {
    let address: IpAddr = host.trim_start_matches('[').trim_end_matches(']').parse().ok()?;
    address.is_loopback().then_some(address)
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Value for Issuer {
    fn read(text: &str) -> Result<Self, Rule> {
        const RULE: Rule = Rule {
            zh: "应为身份提供方的 issuer 网址，如 https://login.example/realms/city；不带查询与 #，只有本机地址（127.0.0.1、[::1]）可用 http",
            en: "it is the issuer of the provider, for example https://login.example/realms/city, without query and #; http \
                 is for addresses of this machine alone (127.0.0.1, [::1])",
        };
        let uri: http::Uri = text.parse().map_err(|_| RULE)?;
        let scheme = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => uri.host().and_then(loopback).is_some(),
            _ => false,
        };
        let host = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
        let bare = !text.contains(['?', '#']) && text.len() <= ISSUER_BYTES;
        if scheme && host && bare { Ok(Self(text.to_owned())) } else { Err(RULE) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_https_or_an_address_of_this_machine() {
        for text in ["https://login.example", "https://login.example:8443/realms/city/", "http://127.0.0.1:9/x"] {
            assert_eq!(Issuer::read(text).map(|issuer| issuer.to_string()).as_deref(), Ok(text));
        }
        for text in [
            "",
            "login.example",
            "http://login.example",
            "http://localhost:9",
            "http://192.0.2.1",
            "https://user@login.example",
            "https://login.example?x",
            "https://login.example#x",
        ] {
            assert!(Issuer::read(text).is_err(), "{text}");
        }
    }
}
