//! The services of the public surface for whoever is in this process: pages ask what gRPC callers ask, come through the
//! same door, and hear the same.

use std::sync::Arc;

use super::account::People;
use super::audit::Audits;
use super::auth::Door;
use super::directory::Directories;
use super::draft::Drafts;
use super::listing::Listings;
use super::matching::Matches;
use super::office::Office;
use super::search::Searches;
use super::subscription::Subscriptions;
use super::{Context, Surface};

/// What pages ask. Who asks travels in each request's extensions.
#[derive(Clone)]
pub(crate) struct InProcess {
    pub(crate) people: Arc<People>,
    pub(crate) audits: Arc<Audits>,
    pub(crate) drafts: Arc<Drafts>,
    pub(crate) listings: Arc<Listings>,
    pub(crate) searches: Arc<Searches>,
    pub(crate) matches: Arc<Matches>,
    pub(crate) directories: Arc<Directories>,
    pub(crate) subscriptions: Arc<Subscriptions>,
    pub(crate) office: Arc<Office>,
}

impl InProcess {
    /// Over what the services work on.
    pub(crate) fn new(context: &Context) -> Self {
        let (engine, accounts) = (context.engine.clone(), context.accounts.clone());
        let door = Door { engine, accounts, surface: Surface::Public };
        Self {
            people: Arc::new(People {
                door: door.clone(),
                accounts: context.accounts.clone(),
                provider: context.provider.clone(),
            }),
            audits: Arc::new(Audits::new(door.clone())),
            drafts: Arc::new(Drafts { door: door.clone() }),
            listings: Arc::new(Listings { door: door.clone() }),
            searches: Arc::new(Searches { door: door.clone(), search: context.search.clone() }),
            matches: Arc::new(Matches::new(door.clone(), context.search.clone())),
            subscriptions: Arc::new(Subscriptions { door: door.clone(), desk: context.subscriptions.clone() }),
            directories: Arc::new(Directories { door: door.clone() }),
            office: Arc::new(Office::new(door, context.clone())),
        }
    }
}
