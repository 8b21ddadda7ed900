//! What was handed in of published listings and waits for a yes, by the listing that it is of.

use std::collections::BTreeMap;

use duikou_proto::name::{MemberId, RecordName};
use duikou_proto::v1::Listing;
use tonic::{Request, Status};

use super::Office;
use crate::drafts::{self, State};
use crate::engine::facts;
use crate::services::auth::Caller;
use crate::services::error::Failure;
use crate::time::micros;

/// A change that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WaitingChange {
    /// The draft's name.
    pub(crate) draft: String,
    /// Whether the listing is to end later than it does.
    pub(crate) prolongs: bool,
    /// Whether it is to say, or to show to somebody, something else.
    pub(crate) edits: bool,
}

/// Such changes, by the names of their listings.
pub(crate) type WaitingChanges = BTreeMap<String, WaitingChange>;

impl Office {
    /// The changes that wait of these listings, which are as their readers see them: for those who may write for their
    /// members. Of what belongs to others nothing is said.
    ///
    /// # Errors
    /// Where nobody is signed in, or the store cannot be read.
    pub(crate) async fn changes(&self, request: Request<Vec<Listing>>) -> Result<WaitingChanges, Status> {
        let (caller, language, listings) = self.of_office(request).await?;
        self.waiting_changes(&caller, &listings).await.map_err(|failure| failure.status(language))
    }

    /// Whether a member has drafts at all, so that a change of a listing may wait: for those who may write for it.
    ///
    /// # Errors
    /// Where they may not, or the store cannot be read.
    pub(crate) async fn has_drafts(&self, request: Request<MemberId>) -> Result<bool, Status> {
        let (caller, language, member) = self.of_office(request).await?;
        let count = async {
            caller.require_editor_of(&member)?;
            Ok::<_, Failure>(self.door.engine.fact::<usize>(&facts::draft_count(&member)).await?)
        };
        let count = count.await.map_err(|failure| failure.status(language))?;
        Ok(count.is_some_and(|count| count > 0))
    }

    async fn waiting_changes(&self, caller: &Caller, listings: &[Listing]) -> Result<WaitingChanges, Failure> {
        let engine = &self.door.engine;
        let mut found = WaitingChanges::new();
        for listing in listings {
            let Ok(name) = RecordName::parse(&listing.name, &engine.identity().network) else { continue };
            if caller.require_editor_of(&name.origin()).is_err() {
                continue;
            }
            let open = drafts::open_of(engine, &name).await?;
            let Some(draft) = open.filter(|draft| draft.state == State::Submitted) else { continue };
            let says = draft.content()?;
            let ends = |listing: &Listing| listing.expire_time.as_ref().and_then(micros);
            let change = WaitingChange {
                draft: draft.name(),
                prolongs: ends(&says) > ends(listing),
                edits: says.listing != listing.listing || says.scopes != listing.scopes,
            };
            found.insert(listing.name.clone(), change);
        }
        Ok(found)
    }
}
