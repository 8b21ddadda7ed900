//! The way to a gateway: directly, or through the proxy that the configuration names. Joining takes the same one as the
//! link.

use std::sync::Arc;

use rustls::ClientConfig;

use crate::config::Link;
use crate::trust::dial::{Address, Dial, InvalidAddress};
use crate::trust::proxy::{InvalidProxy, Proxy};

/// Why there is no way.
#[derive(Debug, thiserror::Error)]
pub enum NoRoute {
    /// The gateway's address.
    #[error(transparent)]
    Address(#[from] InvalidAddress),
    /// The proxy.
    #[error("link.proxy is not valid")]
    Proxy(#[from] InvalidProxy),
}

/// How `gateway` (`HOST:PORT`) is dialled.
///
/// # Errors
/// Where one of the addresses is none.
pub fn route(link: &Link, gateway: &str, tls: Arc<ClientConfig>) -> Result<Dial, NoRoute> {
    let address: Address = gateway.parse()?;
    let proxy = link.proxy.as_ref().map(|proxy| format!("http://{proxy}").parse::<Proxy>()).transpose()?;
    Ok(Dial::new(address, tls).through(proxy))
}
