//! The gateway's own certificates, and its authorities over time.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use duikou_node::engine::Engine;
use duikou_node::trust::identity::TlsIdentity;
use duikou_node::trust::link_tls::LinkTls;
use duikou_node::trust::web_tls::WebTls;
use duikou_proto::name::NodeId;
use tokio::sync::Notify;

use crate::authority::{Authority, in_use};
use crate::init::{InitError, renew_own};

const LOOK_LONGEST: Duration = Duration::from_secs(15 * 60);
const LOOK_SHORTEST: Duration = Duration::from_secs(1);

/// What issues certificates, and what the gateway itself shows. Its clones are the same.
#[derive(Clone)]
pub struct Certificates(Arc<Shared>);

struct Shared {
    dir: PathBuf,
    gateway: NodeId,
    lifetime: Duration,
    authority: ArcSwap<Authority>,
    tls: Arc<LinkTls>,
    /// What the public listener shows.
    web: Option<Arc<WebTls>>,
    renewed: Notify,
}

impl Certificates {
    /// Reads them from `dir`; link certificates will live for `lifetime`. What is renewed is shown by `web` at once.
    ///
    /// # Errors
    /// Where they cannot be read.
    pub fn load(dir: &Path, gateway: NodeId, lifetime: Duration, web: Option<Arc<WebTls>>) -> Result<Self, InitError> {
        let authority = Authority::load(dir)?.with_lifetime(lifetime);
        if TlsIdentity::load(dir)?.is_due(SystemTime::now()) {
            renew_own(dir, &authority, &gateway, SystemTime::now())?;
            web.iter().for_each(|web| web.refresh());
        }
        let tls = LinkTls::new(authority.network().clone(), TlsIdentity::load(dir)?)?;
        let authority = ArcSwap::from_pointee(authority);
        let (dir, renewed) = (dir.to_owned(), Notify::new());
        Ok(Self(Arc::new(Shared { dir, gateway, lifetime, authority, tls, web, renewed })))
    }

    /// The present authority.
    pub fn authority(&self) -> Arc<Authority> {
        self.0.authority.load_full()
    }

    /// What is shown and believed on links.
    pub fn tls(&self) -> &Arc<LinkTls> {
        &self.0.tls
    }

    /// The authorities that nodes need to know (DER), the present one first.
    pub fn authorities(&self) -> Vec<Vec<u8>> {
        self.0.tls.identity().authorities().iter().map(|authority| authority.to_vec()).collect()
    }

    /// Takes what lies in the folder into use, and certifies the gateway anew.
    ///
    /// # Errors
    /// Where it cannot be read or written.
    pub fn renew(&self) -> Result<(), InitError> {
        let Shared { dir, gateway, lifetime, .. } = &*self.0;
        let authority = Authority::load(dir)?.with_lifetime(*lifetime);
        renew_own(dir, &authority, gateway, SystemTime::now())?;
        self.0.web.iter().for_each(|web| web.refresh());
        self.0.tls.replace(TlsIdentity::load(dir)?)?;
        self.0.authority.store(Arc::new(authority));
        self.0.renewed.notify_one();
        Ok(())
    }

    /// Whether an authority has had its time.
    fn has_outlived(&self) -> bool {
        let here = in_use(&self.0.dir, self.0.lifetime, SystemTime::now());
        here.is_ok_and(|here| here.len() < self.0.tls.identity().authorities().len())
    }

    /// Looks after them until the engine stops.
    pub async fn keep_renewed(self, engine: Engine) {
        loop {
            let identity = self.0.tls.identity();
            tokio::select! {
                () = engine.stopped().cancelled_owned() => return,
                // Another life, another pace.
                () = self.0.renewed.notified() => {}
                () = tokio::time::sleep((identity.life() / 20).clamp(LOOK_SHORTEST, LOOK_LONGEST)) => {}
            }
            let identity = self.0.tls.identity();
            if !identity.is_due(SystemTime::now()) && !self.has_outlived() {
                continue;
            }
            match self.renew() {
                Ok(()) => tracing::info!("certificates renewed"),
                Err(error) => tracing::error!(error = %duikou_node::error::chain(&error), "certificates not renewed"),
            }
        }
    }
}
