//! The node itself: a server whose link goes out to its gateway.

use std::path::Path;

use crate::config::Config;
use crate::departure::keep_released;
use crate::enrol::{Renewal, keep_renewed};
use crate::keys::keep_introduced;
use crate::link::{LinkEnd, LinkRole, keep};
use crate::route::route;
use crate::server::{ServeError, Server};
use crate::trust::identity::TlsIdentity;
use crate::trust::link_tls::LinkTls;

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
        if let Some(root) = server.engine.directory().root() {
            tls.trust_root(root);
        }
        let dial = route(link, &gateway.to_string(), tls.client(gateway_id.clone())?)
            .map_err(|error| ServeError::Config(crate::error::chain(&error)))?;
        let end = LinkEnd {
            engine: server.engine.clone(),
            board: server.board.clone(),
            live: server.live.clone(),
            peer: gateway_id.clone(),
            role: LinkRole::Node,
        };
        let released = keep_released(server.engine.clone(), server.board.clone(), gateway_id.clone(), dial.clone());
        server.keep("the release of members that move", released);
        server.keep("the introduction of keys", keep_introduced(server.keys.clone(), dial.clone()));
        let anonymous = route(link, &gateway.to_string(), tls.anonymous(gateway_id.clone())?)
            .map_err(|error| ServeError::Config(crate::error::chain(&error)))?;
        let renewal = Renewal {
            engine: server.engine.clone(),
            board: server.board.clone(),
            gateway: gateway_id.clone(),
            tls,
            dial: dial.clone(),
            anonymous,
            web: server.web_tls.clone(),
            dir: dir.to_owned(),
        };
        server.keep("the renewal of certificates", keep_renewed(renewal));
        server.keep("the link", keep(end, dial));
    }
    server.run().await
}
