//! Who comes, and where: `[web]`, `[operator]` and `[link]`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use duikou_proto::name::NodeId;

use super::fault::Rule;
use super::networks::Networks;
use super::part::{NO_KEY, Part, put};
use super::values::{HostPort, Seconds};
use crate::trust::Proxy;

const fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
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

impl Default for Operator {
    fn default() -> Self {
        Self { listen: loopback(9443) }
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
