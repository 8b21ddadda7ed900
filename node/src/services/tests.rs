//! The services as clients meet them, over a real store: every call goes through the routes, without a socket.

mod audit;
mod directory;
mod draft;
mod feed;
mod listing;
mod matching;
mod office;
mod operator;
mod query;
mod roles;
mod strange;
mod subscription;
mod token;

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use duikou_proto::directory::{Directory, genesis, next};
use duikou_proto::envelope::Micros;
use duikou_proto::federation::directory_entry::Action;
use duikou_proto::federation::{Admit, CircleAdd, CircleCreate, Host};
use duikou_proto::name::{MemberId, NetworkName};
use duikou_proto::seal;
use duikou_proto::sign::Signer;
use duikou_proto::v1::directory_service_client::DirectoryServiceClient;
use duikou_proto::v1::feed_service_client::FeedServiceClient;
use duikou_proto::v1::listing_service_client::ListingServiceClient;
use duikou_proto::v1::operator_service_client::OperatorServiceClient;
use duikou_proto::v1::opportunity::{Details, Direction};
use duikou_proto::v1::token::Role;
use duikou_proto::v1::token_service_client::TokenServiceClient;
use duikou_proto::v1::{self, CreateListingRequest, Listing, Opportunity, Project, Token};
use futures_util::poll;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::service::Routes;
use tonic::{Request, Status};
use tonic_types::StatusExt;

use super::auth::Door;
use super::office::Office;
use super::{AlarmBoard, Context, Surface, Uses, routes};
use crate::accounts::{self, Accounts};
use crate::config::Networks;
use crate::delivery::{Desk, Dialer, Runner};
use crate::engine::{Command, Data, Engine, Follow, Identity, Parts, Started, Work};
use crate::keys::{KeyDesk, Opener};
use crate::link::LinkBoard;
use crate::live::{Live, Policy};
use crate::settings::Settings;
use crate::store::sqlite::SqliteStore;
use crate::store::{Store, StoreError};

/// 2027-01-15, microseconds.
pub(crate) const START: Micros = 1_800_000_000_000_000;
const SECOND: Micros = 1_000_000;
/// Everybody's.
const PASSWORD: &str = "tea-9-mountain";
const DAY: Micros = 24 * 3600 * SECOND;

fn network() -> NetworkName {
    "n.example".parse().unwrap()
}

pub(crate) fn id(short: &str) -> MemberId {
    format!("{short}.n.example").parse().unwrap()
}

fn key_of(member: &str) -> Signer {
    Signer::from_seed(1, *blake3::hash(member.as_bytes()).as_bytes())
}

/// A node `here` that hosts `a` and `b`; `c` lives elsewhere; `a` and `c` are in the circle `ring`.
pub(crate) struct World {
    folder: tempfile::TempDir,
    clock: Arc<AtomicI64>,
    pub(crate) office: Office,
    pub(crate) engine: Engine,
    pub(crate) accounts: Accounts,
    uses: Uses,
    links: LinkBoard,
    stop: CancellationToken,
    directory: Directory,
    search: crate::search::Search,
    pub(crate) context: Context,
    /// Delivers once it runs.
    runner: Option<Runner>,
    local: Routes,
    pub(crate) public: Routes,
}

/// A desk behind which nobody delivers yet.
fn desk(engine: &Engine) -> (Runner, Desk) {
    let dialer = Dialer::new(Networks::default(), vec![443], Vec::new()).unwrap();
    Runner::new(engine.clone(), dialer, None, None)
}

/// Keeps the writer from what comes after it until it is told to go on.
struct Stall {
    begun: Arc<Notify>,
    goes_on: Arc<Notify>,
}

#[async_trait]
impl Command for Stall {
    type Output = ();

    async fn run(self, _: &mut Work<'_>) -> Result<(), StoreError> {
        self.begun.notify_one();
        self.goes_on.notified().await;
        Ok(())
    }
}

/// Makes a call whose client hangs up as soon as its command waits for the writer. Where it was a command of the server's
/// own that waited, and nothing is `written`, the call is made once more.
pub(crate) async fn hang_up<F: Future>(engine: &Engine, call: impl Fn() -> F, written: impl AsyncFn() -> bool) {
    let waiting = || {
        let bounds = engine.bounds().into_iter();
        bounds.filter(|bound| bound.what.contains("wait for the writer")).map(|bound| bound.held).sum::<usize>()
    };
    loop {
        // However slow this machine is, nothing is written before the client is gone.
        let (begun, goes_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let stall = engine.submit(Stall { begun: begun.clone(), goes_on: goes_on.clone() });
        let calling = async {
            begun.notified().await;
            let before = waiting();
            {
                let mut call = pin!(call());
                while waiting() == before {
                    assert!(poll!(&mut call).is_pending(), "it is answered before anything is written");
                    tokio::task::yield_now().await;
                }
            }
            goes_on.notify_one();
        };
        let (stalled, ()) = tokio::join!(stall, calling);
        stalled.unwrap();
        while waiting() > 0 {
            tokio::task::yield_now().await;
        }
        if written().await {
            return;
        }
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&folder.path().join("data.db")).await.unwrap());
        let clock = Arc::new(AtomicI64::new(START));
        let (ticking, stop) = (clock.clone(), CancellationToken::new());
        let signers = ["a", "b"].map(|member| (id(member), key_of(member))).into_iter().collect();
        let identity = Identity { node: id("here"), network: network(), carrier: false, signers };
        let parts = Parts {
            identity,
            store,
            world: crate::world::World::system().with_clock(Arc::new(move || ticking.load(Ordering::SeqCst))),
            feed_bytes: crate::limits::FEED_BYTES,
            // Less than a batch takes.
            queue_bytes: 16 * 1024,
            data: Data::Left,
            stop: stop.clone(),
        };
        let Started { engine, .. } = Engine::start(parts).await.unwrap();
        let links = LinkBoard::default();
        let data = folder.path().to_owned();
        let keys = KeyDesk::new(engine.clone(), data.clone());
        for member in ["a", "b"] {
            keys.openers().hold(id(member), 1, Opener::new(secret_of(member).into()));
        }
        let live = Live::new(engine.clone(), keys.openers(), Policy::default(), TaskTracker::new());
        let uses = Uses::of_tokens();
        let tasks = TaskTracker::new();
        let search = crate::search::Search::start(engine.clone(), data.join("search"), &tasks);
        let accounts = Accounts::new(engine.clone(), crate::accounts::Bounds::default());
        let file = crate::config::Config::default();
        let (runner, subscriptions) = desk(&engine);
        let settings = Settings::load(engine.clone(), file, accounts.clone(), live.clone()).await.unwrap();
        let context = Context {
            engine: engine.clone(),
            accounts: accounts.clone(),
            provider: None,
            address: Default::default(),
            web_tls: None,
            links: links.clone(),
            live,
            keys,
            subscriptions,
            started: START,
            data,
            copies: Default::default(),
            uses: uses.clone(),
            search: search.clone(),
            settings,
            alarms: AlarmBoard::default(),
        };
        let door = Door { engine: engine.clone(), accounts: accounts.clone(), surface: Surface::Public };
        let office = Office::new(door, context.clone());
        let local = routes(context.clone(), Surface::Local).await.routes;
        let public = routes(context.clone(), Surface::Public).await.routes;
        let directory = Directory::default();
        let mut world = Self {
            folder,
            clock,
            office,
            engine,
            accounts,
            uses,
            links,
            stop,
            directory,
            search,
            context,
            runner: Some(runner),
            local,
            public,
        };
        let first = genesis(&network(), &Signer::from_seed(0, [1; 32]), &world.authority(), 1);
        world.follow(first).await;
        for (member, node) in [("a", "here"), ("b", "here"), ("c", "elsewhere")] {
            world
                .act(Action::Host(Host {
                    member: id(member).to_string(),
                    node: id(node).to_string(),
                    announced: false,
                }))
                .await;
            let signing_key = key_of(member).public().to_bytes().to_vec();
            let encryption_key = seal::public(&secret_of(member)).unwrap().to_vec();
            let admit = Admit { member: id(member).to_string(), signing_key, encryption_key, ..Admit::default() };
            world.act(Action::Admit(admit)).await;
        }
        world.act(Action::CircleCreate(CircleCreate { circle: "ring".into() })).await;
        for member in ["a", "c"] {
            let add = CircleAdd { circle: "ring".into(), member: id(member).to_string() };
            world.act(Action::CircleAdd(add)).await;
        }
        world
    }

    fn authority(&self) -> Signer {
        Signer::from_seed(1, [2; 32])
    }

    async fn act(&mut self, action: Action) {
        let entry = next(self.directory.link(), &self.authority(), 5, action);
        self.follow(entry).await;
    }

    async fn follow(&mut self, entry: bytes::Bytes) {
        self.directory.apply(&entry).unwrap();
        self.engine.submit(Follow(vec![entry])).await.unwrap().unwrap();
    }

    pub(crate) fn pass(&self, time: Micros) {
        self.clock.fetch_add(time, Ordering::SeqCst);
    }

    fn admin(&self) -> ListingServiceClient<Routes> {
        ListingServiceClient::new(self.local.clone())
    }

    fn anybody(&self) -> ListingServiceClient<Routes> {
        ListingServiceClient::new(self.public.clone())
    }

    fn feed(&self) -> FeedServiceClient<Routes> {
        FeedServiceClient::new(self.public.clone())
    }

    fn directories(&self) -> DirectoryServiceClient<Routes> {
        DirectoryServiceClient::new(self.public.clone())
    }

    pub(crate) fn tokens(&self) -> TokenServiceClient<Routes> {
        TokenServiceClient::new(self.local.clone())
    }

    fn operator(&self) -> OperatorServiceClient<Routes> {
        OperatorServiceClient::new(self.local.clone())
    }

    /// The secret of a new token.
    pub(crate) async fn token(&self, member: &str, role: Role) -> String {
        let token = Token { member: member.into(), role: role.into(), ..Token::default() };
        let request = v1::CreateTokenRequest { token: Some(token) };
        self.tokens().create_token(request).await.unwrap().into_inner().secret
    }

    /// The secret of a session of a new person.
    pub(crate) async fn session(&self, login: &str, member: &str, role: accounts::Role) -> String {
        let new = accounts::NewAccount {
            login: login.into(),
            display_name: login.into(),
            roles: [(id(member), role)].into(),
            ..accounts::NewAccount::default()
        };
        let made = self.accounts.create(new, accounts::Over::All, crate::audit::Actor::local()).await.unwrap();
        let (_, link) = made.unwrap();
        self.accounts.accept(&link.secret, PASSWORD, &accounts::Origin::default()).await.unwrap().unwrap();
        self.again(login).await
    }

    /// The secret of a session of the server's administrator.
    pub(crate) async fn administrator(&self) -> String {
        let made = self.accounts.first_administrator("root", "root", true, crate::audit::Actor::local()).await.unwrap();
        let (_, link) = made.unwrap();
        self.accounts.accept(&link.secret, PASSWORD, &accounts::Origin::default()).await.unwrap().unwrap();
        self.again("root").await
    }

    /// The secret of another session of that person.
    pub(crate) async fn again(&self, login: &str) -> String {
        let (login, password) = (login.to_owned(), PASSWORD.to_owned().into());
        let credentials = accounts::Credentials::Password { login, password, code: String::new() };
        match self.accounts.sign_in(credentials, accounts::Origin::default()).await.unwrap().unwrap() {
            accounts::SignedIn::Done { secret, .. } => secret.to_string(),
            accounts::SignedIn::CodeNeeded { .. } => panic!("no code is set up"),
        }
    }

    pub(crate) async fn publish(&self, member: &str, id: &str, scopes: &[&str]) -> Listing {
        self.admin().create_listing(create(member, id, listing(id, scopes))).await.unwrap().into_inner()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// A member's private encryption key.
fn secret_of(member: &str) -> [u8; 32] {
    *blake3::hash(format!("sealed to {member}").as_bytes()).as_bytes()
}

fn opportunity(title: &str) -> Opportunity {
    Opportunity {
        direction: Direction::Offer.into(),
        title: title.into(),
        language: "zh-CN".into(),
        regions: vec!["440300".into()],
        details: Some(Details::Project(Project::default())),
        ..Opportunity::default()
    }
}

pub(crate) fn listing(title: &str, scopes: &[&str]) -> Listing {
    let scopes = scopes.iter().map(ToString::to_string).collect();
    Listing { scopes, listing: Some(opportunity(title)), ..Listing::default() }
}

pub(crate) fn create(member: &str, listing_id: &str, listing: Listing) -> CreateListingRequest {
    CreateListingRequest {
        parent: format!("members/{member}"),
        listing_id: listing_id.into(),
        listing: Some(listing),
        ..CreateListingRequest::default()
    }
}

fn bearing<T>(secret: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {secret}").parse().unwrap());
    request
}

/// The stable word of an error.
fn reason(status: &Status) -> String {
    status.get_error_details().error_info().map(|info| info.reason.clone()).unwrap_or_default()
}

/// Each violation as `field REASON`.
fn violations(status: &Status) -> Vec<String> {
    let details = status.get_error_details();
    let fields = details.bad_request().map(|bad| bad.field_violations.clone()).unwrap_or_default();
    fields.into_iter().map(|violation| format!("{} {}", violation.field, violation.reason)).collect()
}
