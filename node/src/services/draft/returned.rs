//! What a draft said when it was given back last, for whoever looks at it once more.

use duikou_proto::v1::Listing;
use tonic::{Request, Status};

use super::Drafts;
use crate::accounts::Role;
use crate::services::error::Failure;
use crate::time::timestamp;

/// See the module.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ReturnedDraft {
    pub(crate) listing: Listing,
    pub(crate) reason: String,
    /// The account that gave it back.
    pub(crate) by: String,
    pub(crate) time: prost_types::Timestamp,
}

impl Drafts {
    /// Of the draft with this name; None where it never was given back, or has been approved since.
    pub(crate) async fn returned(&self, request: Request<String>) -> Result<Option<ReturnedDraft>, Status> {
        let (caller, language, name) = self.door.enter_with(Role::Editor, request).await?;
        let found = async {
            let fact = self.fact(&self.key(&caller, "name", &name)?).await?;
            let Some(returned) = &fact.returned else { return Ok(None) };
            let listing = fact.returned_content(returned)?;
            let (reason, by) = (returned.reason.clone(), returned.by.clone());
            Ok::<_, Failure>(Some(ReturnedDraft { listing, reason, by, time: timestamp(returned.time) }))
        };
        found.await.map_err(|failure| failure.status(language))
    }
}
