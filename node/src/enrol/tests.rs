//! A node's certificates, renewed by a gateway that answers something else, or nothing.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use duikou_proto::federation::enrolment_service_server::{EnrolmentService, EnrolmentServiceServer};
use duikou_proto::federation::{
    EnrolRequest, EnrolResponse, OfferDirectoryRequest, OfferDirectoryResponse, RenewRequest, RenewResponse,
};
use duikou_proto::name::{NetworkName, NodeId};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair, SanType};
use rustls_pki_types::CertificateDer;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;
use tonic::{Request, Response, Status};

use super::issued::WEB_CERTIFICATE_FILE;
use super::mend::Mended;
use super::renew::ATTEMPT;
use super::{Renewal, keep_renewed};
use crate::link::{LinkBoard, LinkPhase};
use crate::services::tests::{World, id};
use crate::trust::accept::{AcceptLimits, incoming};
use crate::trust::dial::Dial;
use crate::trust::identity::{AUTHORITY_FILE, CERTIFICATE_FILE, KEY_FILE, TlsIdentity, write_certificates};
use crate::trust::key_file::create_tls_key;
use crate::trust::link_tls::LinkTls;
use crate::trust::spiffe::{Peer, Role};
use crate::trust::web_tls::WebTls;

const MINUTE: Duration = Duration::from_secs(60);
/// How long anything may take that happens at once.
const AT_ONCE: Duration = Duration::from_secs(30);
/// Where a gateway would be, for those that do not call it.
const NOWHERE: &str = "127.0.0.1:1";

fn network() -> NetworkName {
    "n.example".parse().unwrap()
}

/// Issues certificates as a gateway does.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn certificate(&self) -> CertificateDer<'static> {
        self.0.der().clone()
    }

    /// For links, since five of ten minutes ago.
    fn link(&self, peer: &Peer, key: &KeyPair) -> CertificateDer<'static> {
        let mut params = CertificateParams::default();
        params.subject_alt_names = vec![SanType::URI(peer.uri().try_into().unwrap())];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let now = SystemTime::now();
        // Five minutes more, as far as they all reach back.
        (params.not_before, params.not_after) = ((now - 11 * MINUTE).into(), (now + 4 * MINUTE).into());
        params.signed_by(key, &self.0).unwrap().into()
    }

    fn web(&self, key: &KeyPair) -> CertificateDer<'static> {
        CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(key, &self.0).unwrap().into()
    }
}

/// A node that has certificates, of whose life more than half is over.
struct Node {
    world: World,
    folder: TempDir,
    authority: Authority,
    key: KeyPair,
    renewal: Renewal,
}

impl Node {
    async fn new(gateway: &str) -> Self {
        let (world, folder, authority) = (World::new().await, tempfile::tempdir().unwrap(), Authority::new());
        let dir = folder.path();
        let key = create_tls_key(&dir.join(KEY_FILE)).unwrap();
        let chain = [authority.link(&Peer::node(id("here")), &key)];
        TlsIdentity::store_certificates(dir, &chain, &[authority.certificate()]).unwrap();
        write_certificates(&dir.join(WEB_CERTIFICATE_FILE), &[authority.web(&key)]).unwrap();
        let tls = LinkTls::new(network(), TlsIdentity::load(dir).unwrap()).unwrap();
        let (hub, board) = (id("hub"), LinkBoard::default());
        board.update(&hub, |view| view.phase = LinkPhase::Connected);
        let renewal = renewal(gateway, &world, board, tls, dir);
        Self { world, folder, authority, key, renewal }
    }

    /// The same with a gateway that is elsewhere.
    fn gateway_at(&self, gateway: &str) -> Renewal {
        let Renewal { board, tls, dir, .. } = &self.renewal;
        renewal(gateway, &self.world, board.clone(), tls.clone(), dir)
    }

    fn answer(&self, links: &[CertificateDer<'_>], web: &[CertificateDer<'_>]) -> RenewResponse {
        let bytes = |chain: &[CertificateDer<'_>]| chain.iter().map(|certificate| certificate.to_vec()).collect();
        let authorities = vec![self.authority.certificate().to_vec()];
        RenewResponse { certificates: bytes(links), web_certificates: bytes(web), authorities }
    }
}

fn renewal(gateway: &str, world: &World, board: LinkBoard, tls: Arc<LinkTls>, dir: &Path) -> Renewal {
    let hub = id("hub");
    let dial = |config| Dial::new(gateway.parse().unwrap(), config);
    Renewal {
        engine: world.engine.clone(),
        board,
        dial: dial(tls.client(hub.clone()).unwrap()),
        anonymous: dial(tls.anonymous(hub.clone()).unwrap()),
        gateway: hub,
        tls,
        web: Some(WebTls::load(dir.join(WEB_CERTIFICATE_FILE), dir.join(KEY_FILE)).unwrap()),
        dir: dir.to_owned(),
    }
}

fn files(dir: &Path) -> [Vec<u8>; 3] {
    [AUTHORITY_FILE, CERTIFICATE_FILE, WEB_CERTIFICATE_FILE].map(|file| std::fs::read(dir.join(file)).unwrap())
}

#[tokio::test]
async fn an_answer_that_is_of_no_use_leaves_everything_as_it_was() {
    let node = Node::new(NOWHERE).await;
    let before = files(node.folder.path());
    let (authority, key, stranger) = (&node.authority, &node.key, KeyPair::generate().unwrap());
    let link = |id: &NodeId, key| authority.link(&Peer::node(id.clone()), key);
    let here = link(&id("here"), key);
    let web = authority.web(key);
    let none = CertificateDer::from(b"none".to_vec());
    for (what, links, web) in [
        ("nothing", vec![], vec![]),
        ("nothing for links", vec![], vec![web.clone()]),
        ("nothing for the public listener", vec![here.clone()], vec![]),
        ("for another key", vec![link(&id("here"), &stranger)], vec![web.clone()]),
        ("for another key of the public listener", vec![here.clone()], vec![authority.web(&stranger)]),
        ("for another node", vec![link(&id("elsewhere"), key)], vec![web.clone()]),
        ("for a gateway", vec![authority.link(&Peer::gateway(id("here")), key)], vec![web.clone()]),
        ("for nobody", vec![web.clone()], vec![web.clone()]),
        ("no certificate", vec![none.clone()], vec![web.clone()]),
        ("no certificate for the public listener", vec![here.clone()], vec![none]),
    ] {
        assert!(node.renewal.take(node.answer(&links, &web)).is_err(), "{what}");
        assert!(files(node.folder.path()) == before, "{what}");
        assert_eq!(
            TlsIdentity::load(node.folder.path()).unwrap().certificates()[0],
            node.renewal.tls.identity().certificates()[0],
            "{what}"
        );
    }

    node.renewal.take(node.answer(std::slice::from_ref(&here), std::slice::from_ref(&web))).unwrap();
    assert_eq!(node.renewal.tls.identity().certificates()[0], here);
    let after = files(node.folder.path());
    assert!(after[0] == before[0] && after[1] != before[1] && after[2] != before[2]);
    let shown = node.renewal.web.as_ref().unwrap();
    assert_eq!(shown.refused(), None);
    assert!(shown.shows(&web), "new handshakes show it at once");
}

/// A gateway that certifies nobody, and says who asked for it by a member's key.
struct Unwilling(mpsc::Sender<String>);

#[tonic::async_trait]
impl EnrolmentService for Unwilling {
    async fn enrol(&self, _: Request<EnrolRequest>) -> Result<Response<EnrolResponse>, Status> {
        Err(Status::unavailable("no"))
    }

    async fn renew(&self, request: Request<RenewRequest>) -> Result<Response<RenewResponse>, Status> {
        let _ = self.0.try_send(request.into_inner().member);
        Err(Status::unavailable("no"))
    }

    async fn offer_directory(
        &self,
        _: Request<OfferDirectoryRequest>,
    ) -> Result<Response<OfferDirectoryResponse>, Status> {
        Ok(Response::new(OfferDirectoryResponse { directory_index: i64::MAX }))
    }
}

/// Serves as the gateway of `node`, which believes nodes that `clients` has certified.
fn serve(
    node: &Node,
    listener: TcpListener,
    clients: &Authority,
    service: impl EnrolmentService,
) -> AbortOnDropHandle<Result<(), tonic::transport::Error>> {
    let key = KeyPair::generate().unwrap();
    let chain = vec![node.authority.link(&Peer::gateway(id("hub")), &key)];
    let identity = TlsIdentity::new(chain, &key, vec![clients.certificate()]).unwrap();
    let tls = LinkTls::new(network(), identity).unwrap().server(&[Role::Node]).unwrap();
    let serve = tonic::transport::Server::builder()
        .add_service(EnrolmentServiceServer::new(service))
        .serve_with_incoming(incoming(listener, tls, AcceptLimits::default()));
    AbortOnDropHandle::new(tokio::spawn(serve))
}

#[tokio::test]
async fn a_node_is_certified_by_a_members_key_only_where_the_gateway_was_reached_and_refuses_its_certificate() {
    let bind = async || TcpListener::bind("127.0.0.1:0").await.unwrap();
    let listener = bind().await;
    let node = Node::new(&listener.local_addr().unwrap().to_string()).await;
    let (asked, mut asks) = mpsc::channel(4);

    let gateway = serve(&node, listener, &node.authority, Unwilling(asked.clone()));
    assert!(matches!(node.renewal.dial.is_taken().await, Ok(true)));
    assert_eq!(node.renewal.mend().await, Ok(Mended::Already));
    gateway.abort();
    let _ = gateway.await;
    assert!(node.renewal.dial.is_taken().await.is_err(), "nobody is there");
    assert!(node.renewal.mend().await.is_err());
    assert!(asks.try_recv().is_err(), "no key was shown");

    let listener = bind().await;
    let refused = node.gateway_at(&listener.local_addr().unwrap().to_string());
    let _gateway = serve(&node, listener, &Authority::new(), Unwilling(asked));
    assert!(matches!(refused.dial.is_taken().await, Ok(false)));
    assert!(refused.mend().await.is_err(), "it certifies nobody");
    assert_eq!(asks.try_recv().unwrap(), id("a").to_string());

    // A line that breaks off before anything was said is no word of the gateway's, nor is what anybody on it can write.
    for said in ["", "\x15\x03\x03\0\x02\x02\x30"] {
        let listener = bind().await;
        let broken = node.gateway_at(&listener.local_addr().unwrap().to_string());
        let breaks = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(said.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
            // Until the node has heard that.
            let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
        });
        assert!(broken.dial.is_taken().await.is_err(), "{said:?}");
        breaks.await.unwrap();
    }
}

/// A gateway that takes calls and never answers.
struct Silent(mpsc::Sender<()>);

#[tonic::async_trait]
impl EnrolmentService for Silent {
    async fn enrol(&self, _: Request<EnrolRequest>) -> Result<Response<EnrolResponse>, Status> {
        std::future::pending().await
    }

    async fn renew(&self, _: Request<RenewRequest>) -> Result<Response<RenewResponse>, Status> {
        let _ = self.0.try_send(());
        std::future::pending().await
    }

    async fn offer_directory(
        &self,
        _: Request<OfferDirectoryRequest>,
    ) -> Result<Response<OfferDirectoryResponse>, Status> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_gateway_that_never_answers_holds_up_neither_the_next_attempt_nor_the_stop() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let node = Node::new(&listener.local_addr().unwrap().to_string()).await;
    let (called, mut calls) = mpsc::channel(2);
    let _gateway = serve(&node, listener, &node.authority, Silent(called));
    let engine = node.world.engine.clone();
    let keeping = tokio::spawn(keep_renewed(node.renewal));
    let mut call = async || tokio::time::timeout(AT_ONCE, calls.recv()).await.expect("it calls").unwrap();
    call().await;
    // Of the steady clock alone: the attempt is given up, and then the certificate is looked at again.
    for pass in [ATTEMPT, MINUTE] {
        tokio::time::pause();
        tokio::time::advance(pass + Duration::from_secs(1)).await;
        tokio::time::resume();
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    }
    call().await;
    engine.stopped().cancel();
    tokio::time::timeout(AT_ONCE, keeping).await.expect("it ends").unwrap();
}
