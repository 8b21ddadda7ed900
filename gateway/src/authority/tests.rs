//! The authority's certificates in real handshakes over loopback.

use std::error::Error as StdError;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use duikou_node::trust::accept::ServerTls;
use duikou_node::trust::identity::{KEY_FILE as TLS_KEY_FILE, TlsIdentity};
use duikou_node::trust::key_file::{KeyFileError, create_tls_key};
use duikou_node::trust::link_tls::{PeerRefused, enrolment_client};
use duikou_node::trust::request::certificate_request;
use duikou_node::trust::web_tls::web_client;
use duikou_node::trust::{
    AcceptLimits, Address, ConnectionInfo, Dial, DialError, LinkTls, Peer, Proxy, Role, WebTls, incoming,
};
use duikou_proto::federation::enrolment_service_client::EnrolmentServiceClient;
use duikou_proto::federation::enrolment_service_server::{EnrolmentService, EnrolmentServiceServer};
use duikou_proto::federation::{
    EnrolRequest, EnrolResponse, OfferDirectoryRequest, OfferDirectoryResponse, RenewRequest, RenewResponse,
};
use duikou_proto::name::{NetworkName, NodeId};
use futures_util::StreamExt;
use rcgen::{CertificateParams, KeyPair, SanType};
use rustls::{CertificateError, ClientConfig};
use rustls_pki_types::CertificateDer;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tonic::{Request, Response, Status};

use super::*;

mod files;

const NODES: &[Role] = &[Role::Node];

fn network() -> NetworkName {
    "pprd.example".parse().unwrap()
}

fn id(short: &str) -> NodeId {
    NodeId::parse(short, &network()).unwrap()
}

fn root() -> Signer {
    Signer::from_seed(0, [1; 32])
}

fn now() -> SystemTime {
    SystemTime::now()
}

struct World {
    authority: Authority,
    _dir: TempDir,
}

impl World {
    fn new() -> Self {
        Self::of(network())
    }

    fn of(network: NetworkName) -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { authority: Authority::create(dir.path(), network, &root(), now()).unwrap(), _dir: dir }
    }

    fn identity(&self, peer: &Peer, at: SystemTime) -> TlsIdentity {
        let key = KeyPair::generate().unwrap();
        let request = certificate_request(&key).unwrap();
        let chain = self.authority.issue_link(&request, peer.role, &peer.id, at).unwrap();
        TlsIdentity::new(chain, &key, vec![self.authority.certificate().clone()]).unwrap()
    }

    fn participant(&self, peer: Peer) -> Arc<LinkTls> {
        LinkTls::new(self.authority.network().clone(), self.identity(&peer, now())).unwrap()
    }

    fn hub(&self) -> Arc<LinkTls> {
        self.participant(Peer::gateway(id("hub")))
    }

    fn shenzhen(&self) -> Arc<LinkTls> {
        self.participant(Peer::node(id("shenzhen")))
    }
}

/// Answers each connection with one octet and reports who it was.
struct Listener {
    address: SocketAddr,
    seen: mpsc::Receiver<ConnectionInfo>,
    task: JoinHandle<()>,
}

impl Listener {
    async fn start(tls: ServerTls, limits: AcceptLimits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, seen) = mpsc::channel(16);
        let task = tokio::spawn(async move {
            let mut incoming = incoming(listener, tls, limits);
            while let Some(Ok(mut connection)) = incoming.next().await {
                let _ = sender.send(connection.info().clone()).await;
                tokio::spawn(async move {
                    let _ = connection.write_all(b"!").await;
                    let _ = connection.read_u8().await;
                });
            }
        });
        Self { address, seen, task }
    }

    async fn links(tls: &Arc<LinkTls>) -> Self {
        Self::start(tls.server(NODES).unwrap(), AcceptLimits::default()).await
    }

    fn dial(&self, config: Arc<ClientConfig>) -> Dial {
        Dial::new(self.address.to_string().parse().unwrap(), config)
    }

    /// What the server says of a client that gets through.
    async fn accepts(&mut self, config: Arc<ClientConfig>) -> ConnectionInfo {
        let mut stream = self.dial(config).stream().await.unwrap();
        assert_eq!(stream.read_u8().await.unwrap(), b'!');
        self.seen.recv().await.unwrap()
    }

    /// That the server ends the handshake. In TLS 1.3 a client learns that from its first read.
    async fn refuses(&mut self, config: Arc<ClientConfig>) {
        if let Ok(mut stream) = self.dial(config).stream().await {
            stream.read_u8().await.unwrap_err();
        }
        assert!(self.seen.try_recv().is_err());
    }

    /// What the client holds against the server's certificate.
    async fn is_distrusted_by(&self, config: Arc<ClientConfig>) -> CertificateError {
        match self.dial(config).stream().await {
            Err(DialError::Tls { source, .. }) => match source.get_ref().and_then(|error| error.downcast_ref()) {
                Some(rustls::Error::InvalidCertificate(error)) => error.clone(),
                other => panic!("{other:?}"),
            },
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("accepted"),
        }
    }

    /// What the client holds against the server's name.
    async fn is_refused_by(&self, config: Arc<ClientConfig>) -> PeerRefused {
        match self.dial(config).stream().await {
            Err(DialError::Peer { source, .. }) => source,
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("accepted"),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[tokio::test]
async fn both_ends_know_each_other() {
    let world = World::new();
    let mut hub = Listener::links(&world.hub()).await;
    let config = world.shenzhen().client(id("hub")).unwrap();
    assert_eq!(hub.accepts(Arc::clone(&config)).await.peer, Some(Peer::node(id("shenzhen"))));

    let stream = hub.dial(config).stream().await.unwrap();
    let (_, tls) = stream.get_ref();
    let shown = tls.peer_certificates().unwrap();
    assert_eq!(Peer::from_certificate(&shown[0], &network()).unwrap(), Peer::gateway(id("hub")));
    assert_eq!(tls.protocol_version(), Some(rustls::ProtocolVersion::TLSv1_3));
    assert_eq!(tls.alpn_protocol(), Some(&b"h2"[..]));
}

#[tokio::test]
async fn a_session_is_never_resumed() {
    let world = World::new();
    let hub = Listener::links(&world.hub()).await;
    let config = world.shenzhen().client(id("hub")).unwrap();
    for _ in 0..3 {
        let mut stream = hub.dial(Arc::clone(&config)).stream().await.unwrap();
        stream.read_u8().await.unwrap();
        assert_eq!(stream.get_ref().1.handshake_kind(), Some(rustls::HandshakeKind::Full));
        assert_eq!(stream.get_ref().1.tls13_tickets_received(), 0);
    }
}

#[tokio::test]
async fn a_stranger_gets_no_link() {
    let world = World::new();
    let mut hub = Listener::links(&world.hub()).await;

    // An authority that bears the same name.
    let twin = World::new();
    let impostor = twin.participant(Peer::node(id("shenzhen")));
    assert_eq!(
        hub.is_distrusted_by(impostor.client(id("hub")).unwrap()).await,
        CertificateError::BadSignature,
        "the client checks the server"
    );
    hub.refuses(with_certificate_of(&world, &twin.identity(&Peer::node(id("shenzhen")), now()))).await;

    // Another network.
    let other = World::of("other.example".parse().unwrap());
    let foreign = Peer::node("shenzhen.other.example".parse().unwrap());
    hub.refuses(with_certificate_of(&world, &other.identity(&foreign, now()))).await;

    // One of whom the right authority says that it is of another network.
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.subject_alt_names = vec![SanType::URI(foreign.uri().try_into().unwrap())];
    let leaf = params.signed_by(&key, &world.authority.issuer).unwrap().into();
    hub.refuses(with_chain(&world, vec![leaf], &key)).await;

    hub.accepts(with_certificate_of(&world, &world.identity(&Peer::node(id("shenzhen")), now()))).await;
}

/// A client that believes `world` and shows the certificate of somebody else.
fn with_certificate_of(world: &World, identity: &TlsIdentity) -> Arc<ClientConfig> {
    let mut config = ClientConfig::clone(&world.shenzhen().client(id("hub")).unwrap());
    let network = identity_network(identity);
    let shown = LinkTls::new(network, identity.clone()).unwrap().client(id("hub")).unwrap();
    config.client_auth_cert_resolver = Arc::clone(&shown.client_auth_cert_resolver);
    Arc::new(config)
}

/// The network that the identity claims to be of.
fn identity_network(identity: &TlsIdentity) -> NetworkName {
    ["pprd.example", "other.example"]
        .map(|name| name.parse().unwrap())
        .into_iter()
        .find(|network| identity.peer(network).is_ok())
        .unwrap()
}

fn with_chain(world: &World, chain: Vec<CertificateDer<'static>>, key: &KeyPair) -> Arc<ClientConfig> {
    let identity = TlsIdentity::new(chain, key, vec![world.authority.certificate().clone()]).unwrap();
    with_certificate_of(world, &identity)
}

#[tokio::test]
async fn an_expired_certificate_makes_no_link() {
    let world = World::new();
    let long_ago = now() - LINK_LIFETIME - Duration::from_secs(60);
    let hub = world.hub();
    let mut listener = Listener::links(&hub).await;
    let old = world.identity(&Peer::node(id("shenzhen")), long_ago);
    assert_eq!(old.remaining(now()), Duration::ZERO);
    let expired = LinkTls::new(network(), old).unwrap();
    listener.refuses(expired.client(id("hub")).unwrap()).await;

    hub.replace(world.identity(&Peer::gateway(id("hub")), long_ago)).unwrap();
    let error = listener.is_distrusted_by(world.shenzhen().client(id("hub")).unwrap()).await;
    assert!(matches!(error, CertificateError::ExpiredContext { .. }), "{error:?}");
}

#[tokio::test]
async fn a_node_is_no_gateway_and_a_gateway_no_node() {
    let world = World::new();
    let shenzhen = world.shenzhen();
    let node = Listener::links(&world.participant(Peer::node(id("hub")))).await;
    let error = node.is_refused_by(shenzhen.client(id("hub")).unwrap()).await;
    let expected = Peer::gateway(id("hub"));
    assert_eq!(error, PeerRefused::Other { expected: expected.clone(), found: Peer::node(id("hub")) });

    let other = Listener::links(&world.participant(Peer::gateway(id("other")))).await;
    let error = other.is_refused_by(shenzhen.client(id("hub")).unwrap()).await;
    assert_eq!(error, PeerRefused::Other { expected, found: Peer::gateway(id("other")) });

    let mut hub = Listener::links(&world.hub()).await;
    hub.refuses(world.participant(Peer::gateway(id("other"))).client(id("hub")).unwrap()).await;
}

#[tokio::test]
async fn a_newcomer_needs_no_certificate_but_the_right_fingerprint() {
    let world = World::new();
    let mut hub = Listener::links(&world.hub()).await;
    let join = |fingerprint, gateway| enrolment_client(network(), id(gateway), fingerprint).unwrap();
    let info = hub.accepts(join(world.authority.fingerprint(), "hub")).await;
    assert_eq!(info.peer, None);

    let error = hub.is_refused_by(join([7; 32], "hub")).await;
    assert_eq!(error, PeerRefused::Authority);
    let error = hub.is_refused_by(join(world.authority.fingerprint(), "other")).await;
    assert!(matches!(error, PeerRefused::Other { .. }));

    // Who shows the right authority without being certified by it.
    let twin = World::new();
    let key = KeyPair::generate().unwrap();
    let request = certificate_request(&key).unwrap();
    let mut chain = twin.authority.issue_link(&request, Role::Gateway, &id("hub"), now()).unwrap();
    chain.push(world.authority.certificate().clone());
    let identity = TlsIdentity::new(chain, &key, vec![world.authority.certificate().clone()]).unwrap();
    let impostor = Listener::links(&LinkTls::new(network(), identity).unwrap()).await;
    let error = impostor.is_distrusted_by(join(world.authority.fingerprint(), "hub")).await;
    assert_eq!(error, CertificateError::BadSignature);
}

#[tokio::test]
async fn a_new_authority_is_believed_by_the_next_handshake() {
    let (old, new) = (World::new(), World::new());
    let hub = old.hub();
    let mut listener = Listener::links(&hub).await;
    let shenzhen = old.shenzhen();
    let config = shenzhen.client(id("hub")).unwrap();
    listener.accepts(Arc::clone(&config)).await;

    hub.replace(new.identity(&Peer::gateway(id("hub")), now())).unwrap();
    assert_eq!(listener.is_distrusted_by(Arc::clone(&config)).await, CertificateError::BadSignature);
    shenzhen.replace(new.identity(&Peer::node(id("shenzhen")), now())).unwrap();
    listener.accepts(config).await;
}

#[tokio::test]
async fn a_slow_handshake_delays_nobody() {
    let world = World::new();
    let limits = AcceptLimits { handshake_time: Duration::from_secs(600), ..AcceptLimits::default() };
    let mut hub = Listener::start(world.hub().server(NODES).unwrap(), limits).await;
    let mut silent = Vec::new();
    for _ in 0..8 {
        silent.push(TcpStream::connect(hub.address).await.unwrap());
    }
    let mut broken = TcpStream::connect(hub.address).await.unwrap();
    broken.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    hub.accepts(world.shenzhen().client(id("hub")).unwrap()).await;
}

#[tokio::test]
async fn a_handshake_that_takes_too_long_frees_its_place() {
    let world = World::new();
    let limits = AcceptLimits { handshake_time: Duration::from_secs(1), handshakes: 1, connections: 2 };
    let mut hub = Listener::start(world.hub().server(NODES).unwrap(), limits).await;
    let mut silent = TcpStream::connect(hub.address).await.unwrap();
    let config = world.shenzhen().client(id("hub")).unwrap();
    hub.accepts(Arc::clone(&config)).await;
    assert_eq!(silent.read(&mut [0]).await.unwrap(), 0, "closed");

    // Both places taken: a third waits until one is free.
    let mut first = hub.dial(Arc::clone(&config)).stream().await.unwrap();
    let _second = hub.dial(Arc::clone(&config)).stream().await.unwrap();
    let third = hub.dial(Arc::clone(&config)).within(Duration::from_millis(300));
    assert!(matches!(third.stream().await, Err(DialError::Timeout { .. })));
    first.shutdown().await.unwrap();
    hub.dial(config).stream().await.unwrap();
}

struct WhoCalls;

#[tonic::async_trait]
impl EnrolmentService for WhoCalls {
    async fn enrol(&self, _request: Request<EnrolRequest>) -> Result<Response<EnrolResponse>, Status> {
        Err(Status::unimplemented("not asked here"))
    }

    async fn offer_directory(
        &self,
        _: Request<OfferDirectoryRequest>,
    ) -> Result<Response<OfferDirectoryResponse>, Status> {
        Err(Status::unimplemented("it asks who calls"))
    }

    async fn renew(&self, request: Request<RenewRequest>) -> Result<Response<RenewResponse>, Status> {
        let info = request.extensions().get::<ConnectionInfo>().ok_or_else(|| Status::internal("no connection"))?;
        let name = info.peer.as_ref().map_or("nobody".into(), ToString::to_string);
        Ok(Response::new(RenewResponse { certificates: vec![name.into_bytes()], ..Default::default() }))
    }
}

/// A gRPC server; the address is free of it when the task is aborted.
async fn serve(tls: ServerTls) -> (Address, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string().parse().unwrap();
    let connections = incoming(listener, tls, AcceptLimits::default());
    let task = tokio::spawn(async move {
        let service = EnrolmentServiceServer::new(WhoCalls);
        tonic::transport::Server::builder().add_service(service).serve_with_incoming(connections).await.unwrap();
    });
    (address, task)
}

async fn who(dial: &Dial) -> String {
    let channel = dial.connect().await.unwrap();
    let response = EnrolmentServiceClient::new(channel).renew(RenewRequest::default()).await.unwrap();
    String::from_utf8(response.into_inner().certificates[0].to_vec()).unwrap()
}

#[tokio::test]
async fn a_call_knows_its_caller() {
    let world = World::new();
    let (address, server) = serve(world.hub().server(NODES).unwrap()).await;
    let dial = Dial::new(address.clone(), world.shenzhen().client(id("hub")).unwrap());
    assert_eq!(who(&dial).await, "node shenzhen.pprd.example");
    let newcomer = enrolment_client(network(), id("hub"), world.authority.fingerprint()).unwrap();
    assert_eq!(who(&Dial::new(address.clone(), newcomer)).await, "nobody");

    let wrong = enrolment_client(network(), id("hub"), [7; 32]).unwrap();
    let error = Dial::new(address, wrong).connect().await.unwrap_err();
    assert!(
        matches!(DialError::find(&error), Some(DialError::Peer { source: PeerRefused::Authority, .. })),
        "{error:?}"
    );
    server.abort();
}

/// A proxy that demands `authorization` and connects to whatever it is asked for.
async fn proxy(authorization: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut header = Vec::new();
                while !header.ends_with(b"\r\n\r\n") {
                    header.push(near.read_u8().await.unwrap());
                }
                let header = String::from_utf8(header).unwrap();
                if !header.contains(&format!("\r\nProxy-Authorization: {authorization}\r\n")) {
                    near.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").await.unwrap();
                    return;
                }
                let target = header.strip_prefix("CONNECT ").unwrap().split(' ').next().unwrap();
                let Ok(mut far) = TcpStream::connect(target).await else {
                    near.write_all(b"HTTP/1.1 502 Bad Gateway\r\n\r\n").await.unwrap();
                    return;
                };
                near.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
            });
        }
    });
    address
}

#[tokio::test]
async fn a_link_passes_through_a_proxy() {
    let world = World::new();
    let (address, server) = serve(world.hub().server(NODES).unwrap()).await;
    // "tea:leaf" in Base64.
    let proxy = proxy("Basic dGVhOmxlYWY=").await;
    let through = |credentials: &str| Some(format!("http://{credentials}{proxy}").parse::<Proxy>().unwrap());
    let dial = Dial::new(address, world.shenzhen().client(id("hub")).unwrap());
    assert_eq!(who(&dial.clone().through(through("tea:leaf@"))).await, "node shenzhen.pprd.example");

    let error = dial.clone().through(through("")).connect().await.unwrap_err();
    let found = DialError::find(&error).unwrap();
    assert_eq!(
        found.source().unwrap().to_string(),
        "the proxy asks for credentials, or refuses those given (407)",
        "{found}"
    );
    server.abort();
}

#[tokio::test]
async fn browsers_are_served_by_name_and_the_certificate_reloads() {
    let (world, other) = (World::new(), World::new());
    let dir = tempfile::tempdir().unwrap();
    let (certificate, key_path) = (dir.path().join("web.crt"), dir.path().join("web.key"));
    let key = create_tls_key(&key_path).unwrap();
    let issue = |world: &World, name: &str| {
        let chain = world.authority.issue_web(&[WebName::new(name)], &key, now()).unwrap();
        write_certificates(&certificate, &chain).unwrap();
    };
    issue(&world, "127.0.0.1");
    let web = WebTls::load(&certificate, &key_path).unwrap();
    let (address, server) = serve(web.server().unwrap()).await;
    let trusting = |world: &World, address: &Address| {
        Dial::new(address.clone(), web_client(&[world.authority.certificate().clone()]).unwrap())
    };
    assert_eq!(who(&trusting(&world, &address)).await, "nobody");
    assert!(trusting(&other, &address).connect().await.is_err());
    let by_name = format!("localhost:{}", address.port()).parse().unwrap();
    assert!(trusting(&world, &by_name).connect().await.is_err(), "the name is not in the certificate");

    issue(&world, "localhost");
    web.refresh();
    assert_eq!(who(&trusting(&world, &by_name)).await, "nobody");
    assert!(trusting(&world, &address).connect().await.is_err());

    // A bad file changes nothing.
    std::fs::write(&certificate, "nonsense").unwrap();
    web.refresh();
    assert!(web.refused().unwrap().contains("no certificates in PEM"));
    assert_eq!(who(&trusting(&world, &by_name)).await, "nobody");
    std::fs::remove_file(&certificate).unwrap();
    web.refresh();
    assert!(web.refused().is_some(), "it is there no longer");
    issue(&world, "localhost");
    web.refresh();
    assert_eq!(web.refused(), None);
    server.abort();
}

#[test]
fn an_authority_that_is_made_right_after_another_is_newer() {
    let now = SystemTime::now();
    assert!(succession::generation(now) < succession::generation(now + Duration::from_millis(1)));
}

#[tokio::test]
async fn a_node_believes_a_newer_authority_that_the_root_vouches_for_and_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let first = Authority::create(dir.path(), network(), &root(), now()).unwrap();
    let make = |authority: &Authority, peer: &Peer, authorities: Vec<CertificateDer<'static>>| {
        let key = KeyPair::generate().unwrap();
        let chain = authority.issue_link(&certificate_request(&key).unwrap(), peer.role, &peer.id, now()).unwrap();
        LinkTls::new(network(), TlsIdentity::new(chain, &key, authorities).unwrap()).unwrap()
    };
    let node = make(&first, &Peer::node(id("shenzhen")), vec![first.certificate().clone()]);
    node.trust_root(root().public());

    let next = next_authority(dir.path(), now()).unwrap();
    let input = authority_input(&network(), next.generation, &next.public_key);
    let stranger = Signer::from_seed(0, [9; 32]);
    let copy = |name: &str| {
        let copied = dir.path().join(name);
        std::fs::create_dir(&copied).unwrap();
        for file in ["ca.crt", "ca.key", "ca.next.key"] {
            std::fs::copy(dir.path().join(file), copied.join(file)).unwrap();
        }
        copied
    };
    let (by_stranger, by_root) = (copy("stranger"), copy("root"));
    succeed(&by_stranger, &network(), &next, &stranger.sign_text(&input), now()).unwrap();
    let forged = Authority::load(&by_stranger).unwrap();
    let hub = make(&forged, &Peer::gateway(id("hub")), vec![forged.certificate().clone(), first.certificate().clone()]);
    let listener = Listener::links(&hub).await;
    listener.is_distrusted_by(node.client(id("hub")).unwrap()).await;
    assert!(node.learned().is_none());

    succeed(&by_root, &network(), &next, &root().sign_text(&input), now()).unwrap();
    let second = Authority::load(&by_root).unwrap();
    let both = vec![second.certificate().clone(), first.certificate().clone()];
    let hub = make(&second, &Peer::gateway(id("hub")), both.clone());
    let mut listener = Listener::links(&hub).await;
    let seen = listener.accepts(node.client(id("hub")).unwrap()).await;
    assert_eq!(seen.peer, Some(Peer::node(id("shenzhen"))), "what the one before issued is still good");
    assert_eq!(node.learned().as_ref(), Some(second.certificate()));
    // One that knows the second does not go back to the first.
    let moved = make(&second, &Peer::node(id("zunyi")), vec![second.certificate().clone()]);
    moved.trust_root(root().public());
    let old = Listener::links(&make(&first, &Peer::gateway(id("hub")), vec![first.certificate().clone()])).await;
    old.is_distrusted_by(moved.client(id("hub")).unwrap()).await;
    assert_eq!(succession::in_use(&by_root, LINK_LIFETIME, now()).unwrap(), both);
    let later = now() + LINK_LIFETIME + Duration::from_secs(10);
    assert_eq!(succession::in_use(&by_root, LINK_LIFETIME, later).unwrap(), both[..1]);
}
