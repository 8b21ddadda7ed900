//! Where the link does not come up, the gateway may have lost what it knew: its directory, or the authority that had
//! certified this node. Then the node brings the directory back, and proves itself by a member's key.

use std::time::Duration;

use duikou_proto::federation::enrolment_service_client::EnrolmentServiceClient;
use duikou_proto::federation::{OfferDirectoryRequest, RenewRequest};
use duikou_proto::limits as contract;
use duikou_proto::v1::Signed;
use prost::Message;
use tokio::time::Instant;
use tonic::Code;
use tonic::transport::Channel;

use super::renew::{ATTEMPT, Renewal};
use super::renew_input;
use crate::link::LinkPhase;

/// How long a link may take before anything is wrong with it.
const PATIENCE: Duration = Duration::from_secs(4);
const WAIT_FIRST: Duration = Duration::from_secs(4);
const WAIT_LONGEST: Duration = Duration::from_secs(60);
/// Entries of one offer.
const ENTRIES: usize = 512;

/// When it was tried, and when it is tried again.
#[derive(Debug, Default)]
pub(super) struct Mend {
    down: Option<Instant>,
    wait: Duration,
}

impl Mend {
    /// Looks at the link, and does what it can where that is down.
    pub(super) async fn look(&mut self, renewal: &Renewal) {
        let phase = renewal.board.get(&renewal.gateway).map(|view| view.phase).unwrap_or_default();
        if matches!(phase, LinkPhase::Connected | LinkPhase::Recovering) {
            *self = Self::default();
            return;
        }
        let next = *self.down.get_or_insert_with(|| Instant::now() + PATIENCE);
        if Instant::now() < next {
            return;
        }
        let outcome = tokio::time::timeout(ATTEMPT, renewal.mend()).await;
        match outcome.unwrap_or_else(|_| Err("it took too long".to_owned())) {
            Ok(Mended::Anew) => tracing::info!("the gateway knows this node again"),
            Ok(Mended::Already) => {
                tracing::debug!("the gateway takes this node's certificate: the link comes by itself")
            }
            Err(reason) => tracing::debug!(reason, "the gateway was not reached to mend the link"),
        }
        self.wait = (self.wait * 2).clamp(WAIT_FIRST, WAIT_LONGEST);
        self.down = Some(Instant::now() + self.wait);
    }
}

/// What the gateway says of this node.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Mended {
    /// It takes the certificate that there is, or none can be had.
    Already,
    /// It has certified the node anew.
    Anew,
}

impl Renewal {
    pub(super) async fn mend(&self) -> Result<Mended, String> {
        let channel = self.anonymous.connect().await.map_err(|error| crate::error::chain(&error))?;
        let mut client = EnrolmentServiceClient::new(channel);
        self.offer(&mut client).await?;
        // After most outages it has forgotten nothing. Each certificate by a member's key is what a stolen key would get,
        // too: whoever looks for those is not to be shown one for every restart.
        // Only its own word counts as a refusal: a line that breaks off says nothing of a certificate.
        if self.dial.is_taken().await.map_err(|error| crate::error::chain(&error))? {
            return Ok(Mended::Already);
        }
        let identity = self.engine.identity();
        let directory = self.engine.directory();
        let signer = |id| identity.signers.newest(id, &directory);
        let able = directory.hosted(&identity.node).find_map(|member| Some((member.id.clone(), signer(&member.id)?)));
        // Without a member nothing can be proved; the certificate may still be good.
        let Some((member, signer)) = able else { return Ok(Mended::Already) };
        let certificate_request = self.request()?;
        let proof = signer.sign_text(&renew_input(&certificate_request, &identity.node));
        let node = identity.node.to_string();
        let request = RenewRequest { certificate_request, node, member: member.to_string(), proof };
        let answer = client.renew(request).await.map_err(|status| crate::error::chain(&status))?;
        self.take(answer.into_inner()).map(|()| Mended::Anew)
    }

    /// Brings the gateway the entries that it lacks.
    async fn offer(&self, client: &mut EnrolmentServiceClient<Channel>) -> Result<(), String> {
        let failed = |status: tonic::Status| crate::error::chain(&status);
        let asked = client.offer_directory(OfferDirectoryRequest::default()).await;
        let mut there = match asked {
            Ok(answer) => answer.into_inner().directory_index,
            Err(status) if status.code() == Code::Unimplemented => return Ok(()),
            Err(status) => return Err(failed(status)),
        };
        while there < self.engine.directory().index() {
            let stored = self.engine.entries(there + 1, ENTRIES).await.map_err(|error| crate::error::chain(&error))?;
            let (mut entries, mut bytes) = (Vec::new(), 0);
            for entry in stored {
                bytes += entry.len();
                if bytes > contract::BATCH_BYTES && !entries.is_empty() {
                    break;
                }
                entries.push(Signed::decode(entry).map_err(|_| "an unreadable entry".to_owned())?);
            }
            let count = entries.len();
            let answer = client.offer_directory(OfferDirectoryRequest { entries }).await.map_err(failed)?;
            let reached = answer.into_inner().directory_index;
            if reached <= there {
                return Err(format!("the gateway stays at entry {there}"));
            }
            tracing::warn!(entries = count, index = reached, "brought the gateway directory entries that it had lost");
            there = reached;
        }
        Ok(())
    }
}
