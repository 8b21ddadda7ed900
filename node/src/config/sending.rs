//! What goes out to those who subscribe: `[delivery]` and `[mail]`.

use std::path::PathBuf;

use super::base_url::BaseUrl;
use super::fault::Rule;
use super::networks::Networks;
use super::part::{NO_KEY, Part, put};
use super::values::{HostPort, Ports};

/// `[delivery]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// `allow`: networks beside the public internet to which webhooks may go, as CIDR, for example
    /// `["10.20.0.0/16"]`, at most 64; there also over http and at any port. Default: none.
    pub allow: Networks,
    /// `ports`: ports on the public internet to which webhooks may go. Default: 443 and 8443.
    pub ports: Ports,
    /// `extra_roots`: PEM file of authorities that receivers' certificates may be of, beside those of the web.
    pub extra_roots: Option<PathBuf>,
    /// `url`: where people reach the public listener, without a path, for links in mails and pages: for example
    /// `https://duikou.example`. Needed to send mail.
    pub url: Option<BaseUrl>,
}

impl Default for Delivery {
    fn default() -> Self {
        Self { allow: Networks::default(), ports: Ports::new([443, 8443]), extra_roots: None, url: None }
    }
}

impl Part for Delivery {
    fn keys(&self) -> &'static [&'static str] {
        &["allow", "ports", "extra_roots", "url"]
    }

    fn set(&mut self, key: &str, text: &str) -> Result<(), Rule> {
        match key {
            "allow" => put(&mut self.allow, text),
            "ports" => put(&mut self.ports, text),
            "extra_roots" => put(&mut self.extra_roots, text),
            "url" => put(&mut self.url, text),
            _ => Err(NO_KEY),
        }
    }
}

/// `[mail]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mail {
    /// `server`: where mails are handed in. Absent: no mail is sent.
    pub server: Option<HostPort>,
    /// `tls`: default `implicit`.
    pub tls: MailTls,
    /// `user`: name to log in with. Absent: without.
    pub user: Option<String>,
    /// `password_file`: file with the password, readable by its owner only. Needed with `user`.
    pub password_file: Option<PathBuf>,
    /// `from`: the sender, for example `对口合作 <no-reply@duikou.example>`. Needed with `server`.
    pub from: Option<lettre::message::Mailbox>,
}

impl Part for Mail {
    fn keys(&self) -> &'static [&'static str] {
        &["server", "tls", "user", "password_file", "from"]
    }

    fn set(&mut self, key: &str, text: &str) -> Result<(), Rule> {
        match key {
            "server" => put(&mut self.server, text),
            "tls" => put(&mut self.tls, text),
            "user" => put(&mut self.user, text),
            "password_file" => put(&mut self.password_file, text),
            "from" => put(&mut self.from, text),
            _ => Err(NO_KEY),
        }
    }
}

/// How the connection to the mail server is secured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MailTls {
    /// TLS from the first octet, as on port 465.
    #[default]
    Implicit,
    /// STARTTLS, which must succeed, as on port 587.
    Starttls,
    /// There is none: a server on this machine. On loopback only.
    Off,
}

impl MailTls {
    /// As in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Implicit => "implicit",
            Self::Starttls => "starttls",
            Self::Off => "off",
        }
    }
}
