//! The gateway itself: a server that others' links come in to.

use std::path::Path;
use std::time::Duration;

use duikou_node::config::Config;
use duikou_node::link::Acceptor;
use duikou_node::server::{ServeError, Server, bind};
use duikou_node::trust::accept::{AcceptLimits, incoming};
use duikou_node::trust::spiffe::Role;
use duikou_proto::federation::admission_service_server::AdmissionServiceServer;
use duikou_proto::federation::enrolment_service_server::EnrolmentServiceServer;
use duikou_proto::federation::enterprise_service_server::EnterpriseServiceServer;
use duikou_proto::federation::host_service_server::HostServiceServer;
use duikou_proto::federation::link_service_server::LinkServiceServer;
use duikou_proto::federation::root_service_server::RootServiceServer;
use duikou_proto::limits;
use thiserror::Error;

use crate::authority::AuthorityError;
use crate::certificates::Certificates;
use crate::init::InitError;
use crate::membership::{Enterprises, Membership};

const KEEPALIVE_EVERY: Duration = Duration::from_secs(10);
const KEEPALIVE_WITHIN: Duration = Duration::from_secs(10);
/// What is taken of one stream of a link before it has been read.
const STREAM_BYTES: u32 = 1024 * 1024;
/// What is taken of all five of a link. Where one alone could fill the connection, the node's pings would wait behind a
/// batch, on a narrow wire for so long that the node counts as dead.
const CONNECTION_BYTES: u32 = 5 * STREAM_BYTES;

/// Why a gateway does not serve.
#[derive(Debug, Error)]
pub enum GatewayError {
    /// As any server.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// Its authority.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// Its keys.
    #[error(transparent)]
    Key(#[from] duikou_node::trust::key_file::KeyFileError),
    /// Its certificates.
    #[error(transparent)]
    Init(#[from] InitError),
}

/// Serves the gateway in `dir` until it is told to stop.
///
/// # Errors
/// Where it cannot start.
pub async fn serve(dir: &Path, config: Config) -> Result<(), GatewayError> {
    let mut server = Server::open(dir, config, true).await?;
    let identity = server.engine.identity().clone();
    let lifetime = server.config.link.certificates.duration();
    let certificates = Certificates::load(dir, identity.node.clone(), lifetime, server.web_tls.clone())?;

    let listener = bind(server.config.link.listen).await?;
    let bound = listener.local_addr().map_err(ServeError::from)?;
    // The port that the system chose stands in for one that was left open.
    let address = match &server.config.link.address {
        Some(address) if address.port() != 0 => address.to_string(),
        Some(address) => format!("{}:{}", address.host(), bound.port()),
        None => bound.to_string(),
    };
    let membership = Membership::new(
        server.engine.clone(),
        server.board.clone(),
        certificates.clone(),
        server.keys.clone(),
        address,
        dir.to_owned(),
    )?;
    let admission = AdmissionServiceServer::new(membership.clone());
    let root = RootServiceServer::new(membership.clone());
    let enterprises = EnterpriseServiceServer::new(Enterprises(server.engine.clone()));
    server.listen(|routes| routes.add_service(admission).add_service(root).add_service(enterprises)).await?;

    let acceptor = Acceptor::new(server.engine.clone(), server.board.clone(), server.live.clone());
    let links = tonic::transport::Server::builder()
        .http2_keepalive_interval(Some(KEEPALIVE_EVERY))
        .http2_keepalive_timeout(Some(KEEPALIVE_WITHIN))
        .initial_stream_window_size(STREAM_BYTES)
        .initial_connection_window_size(CONNECTION_BYTES)
        .add_service(EnrolmentServiceServer::new(membership.clone()))
        .add_service(HostServiceServer::new(membership))
        .add_service(
            LinkServiceServer::new(acceptor.clone())
                .max_decoding_message_size(limits::LINK_MESSAGE_BYTES)
                .max_encoding_message_size(limits::LINK_MESSAGE_BYTES),
        );
    let connections = incoming(
        listener,
        certificates.tls().server(&[Role::Node]).map_err(ServeError::from)?,
        AcceptLimits::default(),
    );
    let stop = server.stop.clone();
    server.links_at(bound);
    server.keep("the listener for links", async move {
        let served = links.serve_with_incoming_shutdown(connections, stop.cancelled()).await;
        if let Err(error) = served {
            tracing::error!(error = %duikou_node::error::chain(&error), "the listener for links failed");
        }
    });
    server.keep("the links", async move { acceptor.drain().await });
    server.keep("the renewal of certificates", certificates.keep_renewed(server.engine.clone()));
    Ok(server.run().await?)
}
