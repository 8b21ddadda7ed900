//! Writes with `submit`: what would publish anything becomes a draft that waits for an approval.

use duikou_proto::name::NetworkName;
use duikou_proto::v1::Listing;
use duikou_proto::v1::batch_create_listings_response::Result as Item;
use duikou_proto::v1::batch_create_listings_response::result::Outcome;
use uuid::Uuid;

use super::Listings;
use super::batch::done;
use super::changed::{changed_fields, tried};
use super::view::listing_written;
use crate::audit::{Action, Event};
use crate::drafts::{Hand, Handed, Refusal};
use crate::engine::audit::Audited;
use crate::engine::{Command, Content, Refused, Write};
use crate::services::auth::Caller;
use crate::services::draft::handed_in;
use crate::services::error::Failure;
use crate::services::request_id::{RequestId, event_of, once};

impl Listings {
    /// The command, with what the audit trail is told of it.
    fn hand(
        &self,
        caller: &Caller,
        write: Write,
        batch: &str,
    ) -> Result<impl Command<Output = Result<Handed, Refusal>> + use<>, Failure> {
        if let Some(why) = self.door.engine.halted() {
            return Err(Refused::Halted(why).into());
        }
        let (name, dry_run) = (write.name.clone(), write.dry_run);
        let id = Uuid::now_v7().to_string();
        let hand = Hand { write, account: caller.account.clone(), batch: batch.to_owned(), id };
        let tell = move |done: &Result<Handed, Refusal>| match done.as_ref().ok().filter(|_| !dry_run)? {
            Handed::Written(written) => event_of(&name, None, written),
            Handed::Waits { unchanged: true, .. } => None,
            Handed::Waits { draft, unchanged: false, .. } => {
                Some(Event::new(Action::DraftSubmit, draft.name()).of(&name.origin()).saying(handed_in(draft)))
            }
        };
        Ok(Audited { command: hand, by: caller.actor(), tell })
    }

    /// Hands one in, and shows it as it would be published.
    pub(super) async fn hand_in(
        &self,
        caller: &Caller,
        id: Option<&RequestId>,
        write: Write,
    ) -> Result<Listing, Failure> {
        let (network, dry_run) = (self.network().clone(), write.dry_run);
        let hand = self.hand(caller, write, "")?;
        let id = id.filter(|_| !dry_run);
        once(&self.door.engine, id, hand, move |handed| listing_handed(handed, dry_run, &network)).await
    }

    /// Hands in one of many.
    pub(super) async fn hand_in_row(
        &self,
        caller: &Caller,
        id: Option<&RequestId>,
        write: Write,
        batch: &str,
    ) -> Result<Item, Failure> {
        let (name, tried, network) = (write.name.to_string(), tried(&write), self.network().clone());
        let id = id.filter(|_| tried.is_none());
        let hand = self.hand(caller, write, batch)?;
        once(&self.door.engine, id, hand, move |handed| row_handed(name.clone(), handed, tried.as_ref(), &network))
            .await
    }
}

fn listing_handed(handed: Handed, dry_run: bool, network: &NetworkName) -> Listing {
    match handed {
        Handed::Written(written) => listing_written(written, network),
        Handed::Waits { draft, .. } => {
            let listing = draft.content().unwrap_or_default();
            // Of a draft that was not made there is no name.
            Listing { draft: if dry_run { String::new() } else { draft.name() }, ..listing }
        }
    }
}

/// `tried`: what would be written, where that is all that was asked.
fn row_handed(name: String, handed: Handed, tried: Option<&Content>, network: &NetworkName) -> Item {
    match handed {
        Handed::Written(written) => done(name, written, tried.is_some()),
        Handed::Waits { draft, unchanged, before } => {
            let outcome = if unchanged { Outcome::Unchanged } else { Outcome::Submitted };
            let draft = if tried.is_some() { String::new() } else { draft.name() };
            let before = before.filter(|_| !unchanged);
            let changed =
                tried.zip(before.as_deref()).map(|(content, before)| changed_fields(before, content, network));
            Item {
                name,
                outcome: outcome.into(),
                draft,
                changes: changed.is_some(),
                changed_fields: changed.unwrap_or_default(),
                ..Item::default()
            }
        }
    }
}
