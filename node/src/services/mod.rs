//! The public gRPC services of an engine: listings, drafts, feed, directory, search, tokens, and what the operator asks. Each reads
//! through a viewer and writes through the engine's commands; there is no rule of visibility here and no SQL.

mod account;
mod alarms;
mod areas;
mod audit;
mod auth;
mod directory;
mod draft;
mod encoded;
mod error;
mod feed;
mod gate;
mod in_process;
mod keys;
mod listing;
mod matching;
pub(crate) mod metrics;
mod office;
mod operator;
mod page_token;
mod query;
mod reflection;
mod refused;
mod request_id;
pub(crate) mod roles;
mod search;
mod settings;
mod status;
mod subscription;
mod take_in;
#[cfg(test)]
pub(crate) mod tests;
mod token;

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use duikou_proto::envelope::Micros;
use duikou_proto::v1::account_service_server::AccountServiceServer;
use duikou_proto::v1::audit_service_server::AuditServiceServer;
use duikou_proto::v1::directory_service_server::DirectoryServiceServer;
use duikou_proto::v1::draft_service_server::DraftServiceServer;
use duikou_proto::v1::listing_service_server::ListingServiceServer;
use duikou_proto::v1::match_service_server::MatchServiceServer;
use duikou_proto::v1::operator_service_server::OperatorServiceServer;
use duikou_proto::v1::query_service_server::QueryServiceServer;
use duikou_proto::v1::subscription_service_server::SubscriptionServiceServer;
use duikou_proto::v1::token_service_server::TokenServiceServer;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::service::Routes;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tower::Service;

use crate::accounts::Accounts;
use crate::backup::Copies;
use crate::delivery::Desk;
use crate::engine::Engine;
use crate::keys::KeyDesk;
use crate::link::LinkBoard;
use crate::live::Live;
use crate::openid::Provider;
use crate::search::Search;
use crate::settings::Settings;
use crate::trust::web_tls::WebTls;
pub use crate::uses::Uses;
pub(crate) use account::{Came, TurnedBack};
pub(crate) use alarms::{AlarmBoard, keep_logged as keep_alarms_logged};
pub(crate) use audit::Happened;
use auth::Door;
pub(crate) use auth::{Caller, CallsFrom, Identified, language, registered};
pub(crate) use directory::held_of;
pub(crate) use draft::ReturnedDraft;
pub use error::{DOMAIN, bilingual};
pub(crate) use error::{Failure, LASTING, violation};
pub(crate) use error::{absent, is_unready};
use feed::FeedServer;
pub(crate) use in_process::InProcess;
pub(crate) use listing::{EndedAsk, EndedListing, expire_default};
#[cfg(feature = "arbitrary")]
pub(crate) use matching::Place as MatchPlace;
pub(crate) use office::{
    Backup, Beginnings, Both, DraftCounts, Figures, Making, Newest, Overview, Pile, WaitingChange, WaitingChanges,
    WaitingDrafts, WorkFacts,
};
#[cfg(any(test, feature = "samples"))]
pub(crate) use office::{HostedMember, Refusal, Storage};
pub(crate) use request_id::until_in;
pub(crate) use status::is_stale;

/// Bytes of a request.
pub const REQUEST_BYTES: usize = 4 * 1024 * 1024;

/// What the services work on.
#[derive(Clone)]
pub struct Context {
    /// Whose data.
    pub engine: Engine,
    /// What is known of its links.
    pub links: LinkBoard,
    /// Asks and answers for its members.
    pub live: Live,
    /// Where its members get new keys.
    pub keys: KeyDesk,
    /// Where subscriptions are made and changed.
    pub(crate) subscriptions: Desk,
    /// The people who work on this server.
    pub(crate) accounts: Accounts,
    /// By which they sign in beside their passwords.
    pub(crate) provider: Option<Provider>,
    /// Where the public listener is, once it is there.
    pub(crate) address: Arc<OnceLock<String>>,
    /// What that shows, where it has TLS.
    pub(crate) web_tls: Option<Arc<WebTls>>,
    /// When the server started.
    pub started: Micros,
    /// The server's folder.
    pub data: PathBuf,
    /// Whose turn it is to copy that.
    pub(crate) copies: Copies,
    /// When tokens were last shown.
    pub uses: Uses,
    /// What is found by words.
    pub search: Search,
    /// What may change while it runs.
    pub(crate) settings: Settings,
    /// What an operator should act on.
    pub(crate) alarms: AlarmBoard,
}

/// Where callers come in, and with it who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surface {
    /// The Unix socket: the caller is the machine's administrator and may write for every member that lives here.
    Local,
    /// The TLS listener: the holder of a token, or anybody. The operator's service is not offered.
    Public,
}

/// Services, ready to be served.
pub struct Services {
    /// All of them, with health and reflection.
    pub routes: Routes,
    /// Says that they serve; the server says otherwise before it shuts down.
    pub health: Health,
}

/// Services as they are gathered, with their names.
struct Gathered {
    routes: Routes,
    names: Vec<&'static str>,
}

impl Gathered {
    fn add<S>(&mut self, service: S)
    where
        S: Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>
            + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send + 'static,
    {
        self.names.push(S::NAME);
        self.routes = std::mem::take(&mut self.routes).add_service(service);
    }
}

/// Puts the services of one surface together.
pub async fn routes(context: Context, surface: Surface) -> Services {
    let accounts = context.accounts.clone();
    let door = Door { engine: context.engine.clone(), accounts: accounts.clone(), surface };
    let uses = context.uses.clone();
    let (health, health_service) = tonic_health::server::health_reporter();
    let mut all = Gathered { routes: Routes::new(health_service), names: Vec::new() };
    let listings = ListingServiceServer::new(listing::Listings { door: door.clone() });
    all.add(listings.max_decoding_message_size(REQUEST_BYTES));
    all.add(FeedServer::new(feed::Feeds::new(door.clone(), feed::Pace::default())));
    let drafts = DraftServiceServer::new(draft::Drafts { door: door.clone() });
    all.add(drafts.max_decoding_message_size(REQUEST_BYTES));
    let directories = DirectoryServiceServer::new(directory::Directories { door: door.clone() });
    all.add(directories.max_decoding_message_size(REQUEST_BYTES));
    let desk = context.subscriptions.clone();
    let tokens = TokenServiceServer::new(token::Tokens { door: door.clone(), uses: uses.clone(), desk: desk.clone() });
    all.add(tokens.max_decoding_message_size(REQUEST_BYTES));
    let queries = QueryServiceServer::new(query::Queries { door: door.clone(), live: context.live.clone() });
    all.add(queries.max_decoding_message_size(REQUEST_BYTES));
    let matches = MatchServiceServer::new(matching::Matches::new(door.clone(), context.search.clone()));
    all.add(matches.max_decoding_message_size(REQUEST_BYTES));
    let subscriptions = SubscriptionServiceServer::new(subscription::Subscriptions { door: door.clone(), desk });
    all.add(subscriptions.max_decoding_message_size(REQUEST_BYTES));
    let searches = search::Searches { door: door.clone(), search: context.search.clone() };
    all.add(search::SearchServer::new(searches));
    let provider = context.provider.clone();
    let people = account::People { door: door.clone(), accounts: accounts.clone(), provider };
    let people = AccountServiceServer::new(people);
    all.add(people.max_decoding_message_size(REQUEST_BYTES));
    let audits = AuditServiceServer::new(audit::Audits::new(door.clone()));
    all.add(audits.max_decoding_message_size(REQUEST_BYTES));
    match surface {
        Surface::Local => {
            let operators = OperatorServiceServer::new(operator::Operators { door, context });
            all.add(operators.max_decoding_message_size(REQUEST_BYTES));
        }
        Surface::Public => {}
    }
    let Gathered { routes, names } = all;
    let health = Health { health, names: names.clone() };
    health.say(ServingStatus::Serving).await;
    let routes = reflection::add(routes, names);
    let routes = match surface {
        Surface::Local => routes,
        Surface::Public => gate::before(routes, accounts, uses),
    };
    Services { routes, health }
}

/// What health says of the services of one surface.
pub struct Health {
    health: HealthReporter,
    names: Vec<&'static str>,
}

impl Health {
    /// Says that nothing is served any longer: before connections are drained.
    pub async fn stop(&self) {
        self.say(ServingStatus::NotServing).await;
    }

    async fn say(&self, status: ServingStatus) {
        for name in self.names.iter().copied().chain([""]) {
            self.health.set_service_status(name, status).await;
        }
    }
}
