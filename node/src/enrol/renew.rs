//! Renews a node's certificates at half of their life, over the link's address, without a restart; likewise when the
//! network gets a new authority.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use duikou_proto::federation::enrolment_service_client::EnrolmentServiceClient;
use duikou_proto::federation::{RenewRequest, RenewResponse};
use duikou_proto::name::NodeId;
use rcgen::KeyPair;
use rustls_pki_types::CertificateDer;
use tokio::time::Instant;

use super::issued::Issued;
use super::mend::Mend;
use crate::engine::{Engine, Identity};
use crate::link::LinkBoard;
use crate::trust::dial::Dial;
use crate::trust::identity::KEY_FILE;
use crate::trust::key_file::read_tls_key;
use crate::trust::link_tls::LinkTls;
use crate::trust::request::certificate_request;
use crate::trust::vouch;
use crate::trust::web_tls::WebTls;
use crate::world::random;

/// How often it is looked whether the link is down.
const TICK: Duration = Duration::from_secs(1);
/// How long an attempt may take.
pub(super) const ATTEMPT: Duration = Duration::from_secs(30);
/// How often the certificate is looked at, at most and at least.
const LOOK_LONGEST: Duration = Duration::from_secs(15 * 60);
const LOOK_SHORTEST: Duration = Duration::from_secs(1);

/// What renewing works on.
pub struct Renewal {
    /// Whose directory says what the root is.
    pub engine: Engine,
    /// Whether the link is up.
    pub board: LinkBoard,
    /// Full id of the gateway.
    pub gateway: NodeId,
    /// What is shown and believed on links.
    pub tls: Arc<LinkTls>,
    /// The gateway, with the node's certificate.
    pub dial: Dial,
    /// The gateway, without it.
    pub anonymous: Dial,
    /// What the public listener shows.
    pub web: Option<Arc<WebTls>>,
    /// Where the certificates lie.
    pub dir: PathBuf,
}

/// Looks after the certificates until the engine stops. What the gateway answers is taken in one piece: where waiting for it
/// is given up, nothing has been done.
pub async fn keep_renewed(renewal: Renewal) {
    tokio::select! {
        () = renewal.engine.stopped().cancelled_owned() => {}
        never = look_after(&renewal) => match never {},
    }
}

async fn look_after(renewal: &Renewal) -> Infallible {
    let mut mend = Mend::default();
    let mut look = Instant::now();
    let mut known = None;
    loop {
        if let Some(root) = renewal.engine.directory().root() {
            renewal.tls.trust_root(root);
        }
        let identity = renewal.tls.identity();
        // Another life, another pace.
        let another = known.replace(identity.not_after()) != Some(identity.not_after());
        if look <= Instant::now() || another || renewal.tls.learned().is_some() {
            if identity.is_due(SystemTime::now()) || renewal.tls.learned().is_some() {
                let renewed = tokio::time::timeout(ATTEMPT, renewal.renew()).await;
                match renewed.unwrap_or_else(|_| Err("it took too long".to_owned())) {
                    Ok(()) => tracing::info!("certificates renewed"),
                    Err(error) => tracing::error!(%error, "certificates could not be renewed; trying again"),
                }
            }
            // Not all nodes at one moment.
            let chance = f64::from(u32::from_le_bytes(random())) / f64::from(u32::MAX);
            let every = (identity.life() / 20).clamp(LOOK_SHORTEST, LOOK_LONGEST);
            look = Instant::now() + every.mul_f64(0.5 + chance / 2.0);
        }
        mend.look(renewal).await;
        tokio::time::sleep(TICK).await;
    }
}

impl Renewal {
    fn key(&self) -> Result<KeyPair, String> {
        read_tls_key(&self.dir.join(KEY_FILE)).map_err(|error| crate::error::chain(&error))
    }

    /// A request for a certificate of the node's key.
    pub(super) fn request(&self) -> Result<Vec<u8>, String> {
        certificate_request(&self.key()?).map_err(|error| crate::error::chain(&error))
    }

    async fn renew(&self) -> Result<(), String> {
        let channel = self.dial.connect().await.map_err(|error| crate::error::chain(&error))?;
        let request = RenewRequest { certificate_request: self.request()?, ..Default::default() };
        let answer = EnrolmentServiceClient::new(channel).renew(request).await;
        self.take(answer.map_err(|status| crate::error::chain(&status))?.into_inner())
    }

    /// Takes new certificates into use, on links and for the public listener.
    pub(super) fn take(&self, response: RenewResponse) -> Result<(), String> {
        let text = |error: &dyn std::error::Error| crate::error::chain(error);
        let chain = |certificates: Vec<Vec<u8>>| -> Vec<CertificateDer<'static>> {
            certificates.into_iter().map(CertificateDer::from).collect()
        };
        let authorities = self.authorities(&chain(response.authorities));
        let (links, web) = (chain(response.certificates), chain(response.web_certificates));
        let Identity { node, network, .. } = self.engine.identity();
        let issued = Issued::look(node, network, &self.key()?, links, web, authorities);
        let issued = issued.map_err(|error| format!("the gateway's answer is of no use: {}", text(&error)))?;
        let identity = issued.store(&self.dir).map_err(|error| text(&error))?;
        if let Some(web) = &self.web {
            web.refresh();
        }
        self.tls.replace(identity).map_err(|error| text(&error))
    }

    /// Those of the gateway's authorities that were believed before, or that the root vouches for; where it names none,
    /// what was believed before.
    fn authorities(&self, named: &[CertificateDer<'static>]) -> Vec<CertificateDer<'static>> {
        let before = self.tls.identity().authorities().to_vec();
        let root = self.engine.directory().root();
        let network = &self.engine.identity().network;
        let believed = |authority: &&CertificateDer<'static>| {
            before.contains(authority)
                || root.is_some_and(|root| vouch::generation(authority, network, &root).is_some())
        };
        let kept: Vec<_> = named.iter().filter(believed).cloned().collect();
        if kept.is_empty() { before } else { kept }
    }
}
