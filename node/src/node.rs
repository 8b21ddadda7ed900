//! The node itself: a server whose link goes out to its gateway.

use std::path::Path;

use crate::config::Config;
use crate::enrol::keep_renewed;
use crate::link::{LinkEnd, LinkRole, keep};
use crate::server::{ServeError, Server};
use crate::trust::dial::{Address, Dial};
use crate::trust::identity::TlsIdentity;
use crate::trust::link_tls::LinkTls;
use crate::trust::proxy::Proxy;

/// Serves the node in `dir` until it is told to stop.
///
/// # Errors
/// Where it cannot start.
pub async fn serve(dir: &Path, config: Config) -> Result<(), ServeError> {
    let mut server = Server::open(dir, config, false).await?;
    server.listen(|routes| routes).await?;
    let link = &server.config.link;
    if let (Some(gateway), Some(gateway_id)) = (&link.gateway, &link.gateway_id) {
        let tls = LinkTls::new(server.engine.identity().network.clone(), TlsIdentity::load(dir)?)?;
        let invalid = |error: &dyn std::error::Error| ServeError::Config(crate::error::chain(error));
        let address: Address = gateway.to_string().parse().map_err(|e| invalid(&e))?;
        let proxy = link.proxy.as_ref().map(|proxy| format!("http://{proxy}").parse::<Proxy>());
        let proxy = proxy.transpose().map_err(|e| invalid(&e))?;
        let dial = Dial::new(address, tls.client(gateway_id.clone())?).through(proxy);
        let end = LinkEnd {
            engine: server.engine.clone(),
            board: server.board.clone(),
            peer: gateway_id.clone(),
            role: LinkRole::Node,
        };
        server.tasks.spawn(keep_renewed(server.engine.clone(), tls, dial.clone(), dir.to_owned()));
        server.tasks.spawn(keep(end, dial));
    }
    server.run().await
}
