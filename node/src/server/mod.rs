//! A server: a folder, an engine, and listeners for the administrator, for people and programs, and for the operator's
//! tools. The gateway adds its own services and its listener for links.

mod folder;
mod listen;
mod prompt;
mod secrets;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use duikou_proto::directory::DirectoryError;
use duikou_proto::name::{NetworkName, NodeId};
use thiserror::Error;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::service::Routes;

use crate::accounts::{Accounts, after_restore};
use crate::backup::{Copies, is_restored};
use crate::config::Config;
use crate::delivery::{Desk, Runner, SetupError, dialer, mailer};
use crate::departure::keep_in;
use crate::engine::{Data, Engine, Identity, Parts, StartError, Started, WriteError};
use crate::http::Limiter;
use crate::imports::Imports;
use crate::keys::KeyDesk;
use crate::link::LinkBoard;
use crate::live::Live;
use crate::openid::Provider;
use crate::search::Search;
use crate::services::{self, AlarmBoard, Context, Surface, Uses};
use crate::settings::Settings;
use crate::store::StoreError;
use crate::store::sqlite::SqliteStore;
use crate::trust::identity::TlsIdentity;
use crate::trust::spiffe::Peer;
use crate::trust::web_tls::{WebTls, WebTlsError};
use crate::world::World;

pub use folder::{Folder, FolderError};
pub use listen::{Addresses, bind};
pub(crate) use secrets::AUTHORITY_KEY_FILE;
pub use secrets::{SecretFault, make_private_folder, secret_faults};

/// Why a server does not run.
#[derive(Debug, Error)]
pub enum ServeError {
    /// Its folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// Its store.
    #[error("the data in {} cannot be opened", .0.display())]
    Store(PathBuf, #[source] StoreError),
    /// Its engine.
    #[error("the engine does not start")]
    Start(#[from] StartError),
    /// Its restored data, of which not all may stay.
    #[error("the restored data cannot be written")]
    Restored(#[from] WriteError),
    /// Its configuration.
    #[error("{0}")]
    Config(String),
    /// What it is to deliver over.
    #[error("deliveries cannot be set up")]
    Delivery(#[from] SetupError),
    /// The provider by which people sign in.
    #[error("the OpenID provider cannot be set up")]
    Provider(#[source] SetupError),
    /// A port or socket that it cannot listen on.
    #[error("cannot listen on {address}")]
    Listen {
        /// Where.
        address: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The certificate of its public listener.
    #[error("the certificate of the public listener cannot be used")]
    WebTls(#[from] WebTlsError),
    /// TLS.
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
    /// It is to call itself otherwise than it is known.
    #[error("node.id is {configured}, and the certificate is of {certified}")]
    Name {
        /// As the configuration has it.
        configured: NodeId,
        /// As its certificate has it.
        certified: NodeId,
    },
    /// Its certificate for links.
    #[error("the certificate for links cannot be used")]
    Identity(#[from] crate::trust::identity::IdentityError),
    /// Likewise.
    #[error("the certificate for links cannot be used")]
    LinkTls(#[from] crate::trust::link_tls::LinkTlsError),
    /// The directory.
    #[error("the directory does not continue")]
    Directory(#[from] DirectoryError),
    /// Its files.
    #[error("the folder cannot be written")]
    Io(#[from] std::io::Error),
    /// A task has ended that lasts as long as the server.
    #[error("{0} has ended, and the server with it")]
    Broken(&'static str),
}

/// A server whose engine runs and whose listeners are to be opened.
pub struct Server {
    /// Its folder.
    pub folder: Folder,
    copies: Copies,
    /// Its configuration.
    pub config: Config,
    /// Its engine.
    pub engine: Engine,
    /// What is known of its links.
    pub board: LinkBoard,
    /// Where its members get new keys.
    pub keys: KeyDesk,
    /// When tokens were last shown.
    uses: Uses,
    imports: Imports,
    /// Asks and answers for its members.
    pub live: Live,
    accounts: Accounts,
    provider: Option<Provider>,
    settings: Settings,
    alarms: AlarmBoard,
    web_address: Arc<OnceLock<String>>,
    /// What the public listener shows; None where it has no TLS.
    pub web_tls: Option<Arc<WebTls>>,
    subscriptions: Desk,
    /// Delivers once the server listens.
    runner: Option<Runner>,
    /// Ends listeners, links and watches.
    pub stop: CancellationToken,
    /// Listeners, links and whatever else must end before the engine does.
    pub tasks: TaskTracker,
    search: Search,
    engine_tasks: TaskTracker,
    health: Vec<services::Health>,
    addresses: Addresses,
}

impl Server {
    /// Takes the folder and starts the engine on its data.
    ///
    /// # Errors
    /// Where the folder is in use, holds no server, or its data cannot be read.
    pub async fn open(dir: &Path, config: Config, carrier: bool) -> Result<Self, ServeError> {
        let folder = Folder::take(dir)?;
        let (Some(node), Some(network)) = (config.node.id.clone(), config.node.network.clone()) else {
            return Err(FolderError::Empty { dir: dir.to_owned(), what: "[node] id and network in duikou.toml" }.into());
        };
        if !folder.database().exists() {
            return Err(FolderError::Empty { dir: dir.to_owned(), what: "data.db" }.into());
        }
        if let Some(certified) = certified(folder.dir(), &network).filter(|certified| *certified != node) {
            return Err(ServeError::Name { configured: node, certified });
        }
        for doubt in config.doubts() {
            tracing::warn!(setting = doubt.key, "{}", doubt.text().en);
        }
        let stop = CancellationToken::new();
        let Started { engine, tasks: engine_tasks } =
            start(&folder, &config, node, network, carrier, stop.clone()).await?;
        if is_restored(folder.dir()) {
            after_restore(&engine).await?;
            std::fs::remove_file(folder.restored())?;
        }
        let web_tls = listen::web_tls(&config.web, folder.dir())?;
        let keys = KeyDesk::new(engine.clone(), folder.dir().to_owned());
        let tasks = TaskTracker::new();
        let live = Live::new(engine.clone(), keys.openers(), config.live.policy(), tasks.clone());
        let (dialer, mailer) = (dialer(&config.delivery)?, mailer(&config)?);
        let base = config.delivery.url.clone();
        let (runner, subscriptions) = Runner::new(engine.clone(), dialer, mailer, base);
        let accounts = Accounts::new(engine.clone(), config.accounts.bounds());
        let provider = Provider::open(&config).map_err(ServeError::Provider)?;
        let settings = Settings::load(engine.clone(), config.clone(), accounts.clone(), live.clone()).await;
        let settings = settings.map_err(|error| ServeError::Store(folder.database(), error))?;
        let search = Search::start(engine.clone(), folder.search(), &tasks);
        let imports = Imports::new(engine.clone(), folder.imports(), tasks.clone(), stop.clone());
        Ok(Self {
            folder,
            copies: Copies::default(),
            config,
            keys,
            accounts,
            provider,
            settings,
            alarms: AlarmBoard::default(),
            web_address: Arc::default(),
            web_tls,
            subscriptions,
            runner: Some(runner),
            engine,
            board: LinkBoard::default(),
            uses: Uses::of_tokens(),
            imports,
            live,
            stop,
            tasks,
            search,
            engine_tasks,
            health: Vec::new(),
            addresses: Addresses::default(),
        })
    }

    /// What the services of this server work on.
    pub fn context(&self) -> Context {
        Context {
            engine: self.engine.clone(),
            links: self.board.clone(),
            live: self.live.clone(),
            started: self.engine.now(),
            keys: self.keys.clone(),
            subscriptions: self.subscriptions.clone(),
            accounts: self.accounts.clone(),
            provider: self.provider.clone(),
            address: self.web_address.clone(),
            web_tls: self.web_tls.clone(),
            data: self.folder.dir().to_owned(),
            copies: self.copies.clone(),
            uses: self.uses.clone(),
            search: self.search.clone(),
            settings: self.settings.clone(),
            alarms: self.alarms.clone(),
        }
    }

    /// Runs a task that lasts as long as the server. Where it ends before, so does the server.
    pub fn keep(&self, what: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(self.engine.vital(what, task));
    }

    /// Opens the administrator's socket, the public and the operator's listener. `admin` adds services to the socket.
    ///
    /// # Errors
    /// Where one of them cannot be opened.
    pub async fn listen(&mut self, admin: impl FnOnce(Routes) -> Routes) -> Result<(), ServeError> {
        let (context, stop) = (self.context(), self.stop.clone());
        self.keep("the look at alarms", services::keep_alarms_logged(context.clone(), stop.clone()));
        self.keep("last uses of tokens", self.uses.clone().keep(self.engine.clone(), stop.clone()));
        self.keep("last uses of accounts", self.accounts.clone().keep_uses(stop.clone()));
        self.keep("the upkeep of imports", self.imports.clone().keep_clean(stop.clone()));
        self.keep("the audit trail's seals", self.engine.clone().keep_audit_sealed(stop.clone()));
        if let Some(runner) = self.runner.take() {
            self.keep("deliveries", runner.run(stop.clone()));
        }
        if let Some(web_tls) = self.web_tls.clone() {
            self.keep("the public listener's certificate", web_tls.keep_fresh(stop.clone()));
        }
        let local = services::routes(context.clone(), Surface::Local).await;
        self.health.push(local.health);
        let serve = listen::local(self.folder.socket(), admin(local.routes), stop.clone())?;
        self.keep("the administrator's socket", serve);
        let public = services::routes(context.clone(), Surface::Public).await;
        self.health.push(public.health);
        let proxies = self.config.web.trusted_proxies.clone();
        let limiter = Limiter::new(self.accounts.clone(), &self.config.limits, proxies);
        self.keep("the limits of callers", limiter.clone().keep_small(stop.clone()));
        let (address, serve) =
            listen::web(&self.config, context, self.imports.clone(), public.routes, limiter.clone(), stop.clone())
                .await?;
        self.addresses.web = Some(address);
        self.keep("the public listener", serve);
        let (address, serve) = listen::operator(&self.config, self.context(), limiter, stop).await?;
        self.addresses.operator = Some(address);
        self.keep("the operator's listener", serve);
        Ok(())
    }

    /// Says where the listener for links is.
    pub fn links_at(&mut self, address: std::net::SocketAddr) {
        self.addresses.link = Some(address);
    }

    /// Says that everything listens, runs until told to stop, drains, and closes the store. A second signal ends it at
    /// once. Where a task ends that must not, it does the same, so that whoever started it starts it again.
    ///
    /// # Errors
    /// Where the addresses cannot be written; [`ServeError::Broken`] where such a task has ended.
    pub async fn run(self) -> Result<(), ServeError> {
        self.addresses.write(&self.folder.addresses())?;
        tracing::info!(node.id = %self.engine.identity().node, addresses = ?self.addresses, "serving");
        tokio::select! {
            () = wait_for_signal(&self.stop) => {}
            _ = self.engine.breaks() => {}
        }
        tracing::info!("draining");
        for health in &self.health {
            health.stop().await;
        }
        self.stop.cancel();
        self.tasks.close();
        let never = CancellationToken::new();
        let drain: Duration = self.config.node.drain.duration();
        tokio::select! {
            ended = tokio::time::timeout(drain, self.tasks.wait()) => {
                if ended.is_err() {
                    tracing::warn!(seconds = drain.as_secs(), "some connections did not end in time");
                }
            }
            () = wait_for_signal(&never) => tracing::warn!("stopped before everything had drained"),
        }
        self.engine.close();
        self.engine_tasks.wait().await;
        self.engine.store().close().await;
        for file in [self.folder.addresses(), self.folder.socket()] {
            let _ = std::fs::remove_file(file);
        }
        self.engine.broken().map_or(Ok(()), |what| Err(ServeError::Broken(what)))
    }
}

/// Whom the certificate for links in a folder names, where there is one.
pub(crate) fn certified(dir: &Path, network: &NetworkName) -> Option<NodeId> {
    let identity = TlsIdentity::load(dir).ok()?;
    Peer::from_certificate(identity.certificates().first()?, network).ok().map(|peer| peer.id)
}

/// Starts an engine on the data of a folder.
///
/// # Errors
/// Where keys or data cannot be read.
pub async fn start(
    folder: &Folder,
    config: &Config,
    node: NodeId,
    network: NetworkName,
    carrier: bool,
    stop: CancellationToken,
) -> Result<Started, ServeError> {
    let signers = folder.signers()?;
    let database = folder.database();
    let store = SqliteStore::open(&database).await.map_err(|error| ServeError::Store(database, error))?;
    let identity = Identity { node, network: network.clone(), carrier, signers };
    let departures = keep_in(folder.dir(), network.clone());
    let data = match (is_restored(folder.dir()), carrier || config.link.gateway.is_some()) {
        (false, _) => Data::Left,
        (true, true) => Data::Restored,
        (true, false) => Data::RestoredAlone,
    };
    let started = Engine::start(Parts {
        identity,
        store: Arc::new(store),
        world: World::system(),
        feed_bytes: config.store.memory.bytes() as usize,
        queue_bytes: config.store.queue.bytes() as usize,
        data,
        stop,
    });
    let started = started.await?;
    started.engine.keep_departed_with(departures);
    Ok(started)
}

async fn wait_for_signal(stop: &CancellationToken) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return stop.cancelled().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        () = stop.cancelled() => {}
    }
}
