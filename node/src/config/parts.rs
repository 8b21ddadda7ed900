//! The parts of the file. Every key stands once in its part's `KEYS` and once in its `set`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use duikou_proto::name::{NetworkName, NodeId};

use super::base_url::BaseUrl;
use super::fault::Rule;
use super::limits::Limits;
use super::networks::Networks;
use super::openid::Oidc;
use super::site::Site;
use super::values::{HostPort, Members, Ports, Seconds, Size, Value};
use crate::accounts::Bounds;
use crate::live::{Askers, Policy};
use crate::trust::Proxy;

/// Everything that can be set for a node or a gateway.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// `[node]`: who this server is.
    pub node: Node,
    /// `[web]`: the listener for people and programs.
    pub web: Web,
    /// `[operator]`: metrics and health.
    pub operator: Operator,
    /// `[link]`: the connection to the gateway and, on a gateway, the listener for links.
    pub link: Link,
    /// `[store]`: memory.
    pub store: Store,
    /// `[limits]`: what one caller may take.
    pub limits: Limits,
    /// `[accounts]`: people who sign in.
    pub accounts: Accounts,
    /// `[accounts.oidc]`: a provider by which they sign in.
    pub oidc: Oidc,
    /// `[live]`: whom the members here answer.
    pub live: Live,
    /// `[delivery]`: webhooks, and where people reach this server.
    pub delivery: Delivery,
    /// `[mail]`: the server that takes mails.
    pub mail: Mail,
    /// `[site]`: what pages say of the office whose they are.
    pub site: Site,
}

/// `[node]`. Written by `init` and `join`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// `id`: full id of this node or gateway. Needed to serve.
    pub id: Option<NodeId>,
    /// `network`: its network. Needed to serve.
    pub network: Option<NetworkName>,
    /// `drain`: how long running requests may take to end when the server stops. Default 25s.
    pub drain: Seconds,
}

/// `[web]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Web {
    /// `listen`: default 127.0.0.1:8443. Port 0: any free one.
    pub listen: SocketAddr,
    /// `tls`: default `network`.
    pub tls: WebTls,
    /// `certificate`: PEM, leaf first; read again when it changes. For `tls = "files"`.
    pub certificate: Option<PathBuf>,
    /// `key`: PEM, readable by its owner only. For `tls = "files"`.
    pub key: Option<PathBuf>,
    /// `trusted_proxies`: whose `Forwarded` and `X-Forwarded-For` say where a caller is. Default none.
    pub trusted_proxies: Networks,
}

/// Where the certificate of the web listener comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WebTls {
    /// From the network's certificate authority.
    #[default]
    Network,
    /// From files.
    Files,
    /// There is none: a proxy on this machine does it. On loopback only.
    Off,
}

impl WebTls {
    /// As in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Files => "files",
            Self::Off => "off",
        }
    }
}

/// `[operator]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// `listen`: default 127.0.0.1:9443. Port 0: any free one.
    pub listen: SocketAddr,
}

/// `[link]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// `gateway`: where the gateway takes links. Absent: this server dials nobody.
    pub gateway: Option<HostPort>,
    /// `gateway_id`: full id of that gateway. Needed with `gateway`.
    pub gateway_id: Option<NodeId>,
    /// `proxy`: an HTTP proxy that takes CONNECT, with credentials where it asks for some. Absent: none.
    pub proxy: Option<Proxy>,
    /// `listen`: where a gateway takes links. Default 0.0.0.0:7443. Port 0: any free one.
    pub listen: SocketAddr,
    /// `address`: what a gateway's invites name, as nodes reach it. Needed to invite.
    pub address: Option<HostPort>,
    /// `certificates`: how long those live that a gateway issues to nodes, which renew them at half of it. Default 7d.
    pub certificates: Seconds,
}

/// `[store]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// `memory`: how much of the newest changes is kept in memory. Default 64 MiB.
    pub memory: Size,
    /// `queue`: how many bytes of writes may wait for the disk; more are told to try again. Default 16 MiB.
    pub queue: Size,
}

/// `[accounts]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accounts {
    /// `idle`: after how long without use somebody is signed out. At least 1m. Default 30m.
    pub idle: Seconds,
    /// `session`: after how long somebody is signed out, however much they do. At most 7d. Default 12h.
    pub session: Seconds,
}

impl Default for Accounts {
    fn default() -> Self {
        Self { idle: Seconds::new(30 * 60), session: Seconds::new(12 * 3600) }
    }
}

impl Accounts {
    /// What the server goes by.
    pub(crate) fn bounds(&self) -> Bounds {
        Bounds { idle: self.idle.duration(), session: self.session.duration() }
    }
}

/// `[live]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    /// `answer`: whose live questions the members here answer: `none`, `named` (those in `named`), `circles` (those, and
    /// whoever shares a circle), `network` (every member) or `registered` (also for the registered readers at gateways).
    /// Each is shown what it may see anyway. Default registered.
    pub answer: Askers,
    /// `on_request`: who of them is shown as well what has no audience. The same words. Default network.
    pub on_request: Askers,
    /// `named`: full ids of members, with commas between them.
    pub named: Members,
}

impl Default for Live {
    fn default() -> Self {
        let Policy { answer, on_request, named } = Policy::default();
        Self { answer, on_request, named: Members(named) }
    }
}

impl Live {
    /// What the server goes by.
    pub fn policy(&self) -> Policy {
        Policy { answer: self.answer, on_request: self.on_request, named: self.named.0.clone() }
    }
}

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

impl Default for Delivery {
    fn default() -> Self {
        Self { allow: Networks::default(), ports: Ports::new([443, 8443]), extra_roots: None, url: None }
    }
}

const fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

impl Default for Node {
    fn default() -> Self {
        Self { id: None, network: None, drain: Seconds::new(25) }
    }
}

impl Default for Web {
    fn default() -> Self {
        Self {
            listen: loopback(8443),
            tls: WebTls::default(),
            certificate: None,
            key: None,
            trusted_proxies: Networks::default(),
        }
    }
}

impl Default for Operator {
    fn default() -> Self {
        Self { listen: loopback(9443) }
    }
}

impl Default for Link {
    fn default() -> Self {
        let listen = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 7443);
        Self {
            gateway: None,
            gateway_id: None,
            proxy: None,
            listen,
            address: None,
            certificates: Seconds::new(7 * 24 * 3600),
        }
    }
}

impl Default for Store {
    fn default() -> Self {
        Self { memory: Size::mib(64), queue: Size::mib(16) }
    }
}

/// A part of the file.
pub(super) trait Part {
    /// Its keys, in the order in which they are written.
    fn keys(&self) -> &'static [&'static str];

    /// Sets one of its keys.
    fn set(&mut self, key: &str, text: &str) -> Result<(), Rule>;
}

pub(super) fn put<T: Value>(field: &mut T, text: &str) -> Result<(), Rule> {
    *field = T::read(text)?;
    Ok(())
}

pub(super) const NO_KEY: Rule = Rule { zh: "没有这个键", en: "there is no such key" };

impl Part for Node {
    fn keys(&self) -> &'static [&'static str] {
        &["id", "network", "drain"]
    }

    fn set(&mut self, key: &str, text: &str) -> Result<(), Rule> {
        match key {
            "id" => put(&mut self.id, text),
            "network" => put(&mut self.network, text),
            "drain" => put(&mut self.drain, text),
            _ => Err(NO_KEY),
        }
    }
}

impl Part for Web {
    fn keys(&self) -> &'static [&'static str] {
        &["listen", "tls", "certificate", "key", "trusted_proxies"]
    }

    fn set(&mut self, key: &str, text: &str) -> Result<(), Rule> {
        match key {
            "listen" => put(&mut self.listen, text),
            "tls" => put(&mut self.tls, text),
            "certificate" => put(&mut self.certificate, text),
            "key" => put(&mut self.key, text),
            "trusted_proxies" => put(&mut self.trusted_proxies, text),
            _ => Err(NO_KEY),
        }
    }
}

impl Part for Operator {
    fn keys(&self) -> &'static [&'static str] {
        &["listen"]
    }

    fn set(&mut self, key: &str, text: &str) -> Result<(), Rule> {
        match key {
            "listen" => put(&mut self.listen, text),
            _ => Err(NO_KEY),
        }
    }
}

impl Part for Link {
    fn keys(&self) -> &'static [&'static str] {
        &["gateway", "gateway_id", "proxy", "listen", "address", "certificates"]
    }

    fn set(&mut self, key: &str, text: &str) -> Result<(), Rule> {
        match key {
            "gateway" => put(&mut self.gateway, text),
            "gateway_id" => put(&mut self.gateway_id, text),
            "proxy" => put(&mut self.proxy, text),
            "listen" => put(&mut self.listen, text),
            "address" => put(&mut self.address, text),
            "certificates" => put(&mut self.certificates, text),
            _ => Err(NO_KEY),
        }
    }
}

impl Part for Store {
    fn keys(&self) -> &'static [&'static str] {
        &["memory", "queue"]
    }

    fn set(&mut self, key: &str, text: &str) -> Result<(), Rule> {
        match key {
            "memory" => put(&mut self.memory, text),
            "queue" => put(&mut self.queue, text),
            _ => Err(NO_KEY),
        }
    }
}

impl Part for Accounts {
    fn keys(&self) -> &'static [&'static str] {
        &["idle", "session"]
    }

    fn set(&mut self, key: &str, text: &str) -> Result<(), Rule> {
        match key {
            "idle" => put(&mut self.idle, text),
            "session" => put(&mut self.session, text),
            _ => Err(NO_KEY),
        }
    }
}

impl Part for Live {
    fn keys(&self) -> &'static [&'static str] {
        &["answer", "on_request", "named"]
    }

    fn set(&mut self, key: &str, text: &str) -> Result<(), Rule> {
        match key {
            "answer" => put(&mut self.answer, text),
            "on_request" => put(&mut self.on_request, text),
            "named" => put(&mut self.named, text),
            _ => Err(NO_KEY),
        }
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

impl Config {
    /// The names of the parts. One that lies in another has its name before it.
    pub(super) const PARTS: [&'static str; 12] = [
        "node",
        "web",
        "operator",
        "link",
        "store",
        "limits",
        "accounts",
        "accounts.oidc",
        "live",
        "delivery",
        "mail",
        "site",
    ];

    /// A part by its name.
    pub(super) fn part(&mut self, name: &str) -> Option<&mut dyn Part> {
        match name {
            "node" => Some(&mut self.node),
            "web" => Some(&mut self.web),
            "operator" => Some(&mut self.operator),
            "link" => Some(&mut self.link),
            "store" => Some(&mut self.store),
            "limits" => Some(&mut self.limits),
            "accounts" => Some(&mut self.accounts),
            "accounts.oidc" => Some(&mut self.oidc),
            "live" => Some(&mut self.live),
            "delivery" => Some(&mut self.delivery),
            "mail" => Some(&mut self.mail),
            "site" => Some(&mut self.site),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_key_can_be_set() {
        let mut config = Config::default();
        for name in Config::PARTS {
            let part = config.part(name).expect("listed");
            for key in part.keys() {
                assert_ne!(part.set(key, "\0"), Err(NO_KEY), "{name}.{key}");
            }
        }
    }
}
