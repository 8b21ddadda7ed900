//! Renews a node's certificates at half of their life, over the link's address, without a restart.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use duikou_proto::federation::RenewRequest;
use duikou_proto::federation::enrolment_service_client::EnrolmentServiceClient;
use rustls_pki_types::CertificateDer;

use crate::engine::Engine;
use crate::trust::dial::Dial;
use crate::trust::identity::{KEY_FILE, TlsIdentity, write_certificates};
use crate::trust::key_file::read_tls_key;
use crate::trust::link_tls::LinkTls;
use crate::trust::request::certificate_request;
use crate::world::random;

/// Half of the seven days that a link's certificate lives.
const HALF_LIFE: Duration = Duration::from_secs(7 * 24 * 3600 / 2);
const LOOK_EVERY: Duration = Duration::from_secs(15 * 60);

/// Looks after the certificates in `dir` until the engine stops.
pub async fn keep_renewed(engine: Engine, tls: Arc<LinkTls>, dial: Dial, dir: PathBuf) {
    loop {
        if tls.identity().remaining(SystemTime::now()) < HALF_LIFE {
            match renew(&tls, &dial, &dir).await {
                Ok(()) => tracing::info!("certificates renewed"),
                Err(error) => tracing::error!(%error, "certificates could not be renewed; trying again"),
            }
        }
        // Not all nodes at one moment.
        let chance = f64::from(u32::from_le_bytes(random())) / f64::from(u32::MAX);
        tokio::select! {
            () = engine.stopped().cancelled_owned() => return,
            () = tokio::time::sleep(LOOK_EVERY.mul_f64(0.5 + chance / 2.0)) => {}
        }
    }
}

async fn renew(tls: &LinkTls, dial: &Dial, dir: &std::path::Path) -> Result<(), String> {
    let text = |error: &dyn std::error::Error| crate::error::chain(error);
    let key = read_tls_key(&dir.join(KEY_FILE)).map_err(|e| text(&e))?;
    let channel = dial.connect().await.map_err(|e| text(&e))?;
    let request = RenewRequest { certificate_request: certificate_request(&key).map_err(|e| text(&e))? };
    let response = EnrolmentServiceClient::new(channel).renew(request).await.map_err(|e| text(&e))?.into_inner();
    let chain = |certificates: Vec<Vec<u8>>| -> Vec<CertificateDer<'static>> {
        certificates.into_iter().map(CertificateDer::from).collect()
    };
    let authorities = tls.identity().authorities().to_vec();
    TlsIdentity::store_certificates(dir, &chain(response.certificates), &authorities).map_err(|e| text(&e))?;
    write_certificates(&dir.join("web.crt"), &chain(response.web_certificates)).map_err(|e| text(&e))?;
    let identity = TlsIdentity::load(dir).map_err(|e| text(&e))?;
    tls.replace(identity).map_err(|e| text(&e))
}
