//! The way to a gateway: directly, or through the proxy that the configuration names. Joining takes the same one as the
//! link.

use std::sync::Arc;

use rustls::ClientConfig;

use crate::config::Link;
use crate::trust::dial::{Address, Dial, InvalidAddress};

/// How `gateway` (`HOST:PORT`) is dialled.
///
/// # Errors
/// Where that is no address.
pub(crate) fn route(link: &Link, gateway: &str, tls: Arc<ClientConfig>) -> Result<Dial, InvalidAddress> {
    let address: Address = gateway.parse()?;
    Ok(Dial::new(address, tls).through(link.proxy.clone()))
}
