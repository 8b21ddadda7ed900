//! A handle to one server: what its operator and its readers would do with it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use duikou_proto::name::RecordName;
use duikou_proto::v1::listing_service_client::ListingServiceClient;
use duikou_proto::v1::operator_service_client::OperatorServiceClient;
use duikou_proto::v1::token_service_client::TokenServiceClient;
use duikou_proto::v1::{
    CreateListingRequest, CreateTokenRequest, GetListingRequest, GetStatusRequest, ListListingsRequest, Listing, Token,
    UpdateListingRequest, WithdrawListingRequest, WithdrawListingResponse, WithdrawalReason, token,
};
use rustix::process::Signal;
use rustls::ClientConfig;
use tonic::Status;
use tonic::transport::Channel;

use super::binary::Program;
use super::channel::{self, WebClient};
use super::cli::{self, Output};
use super::hosts::Host;
use super::ledger::Ledger;
use super::listing::Draft;
use super::network::NETWORK;
use super::process::Process;
use super::wait::within;
use super::{bytes, clock, start};

/// How long a server may take to be ready.
const READY: Duration = Duration::from_secs(60);
/// How long a record may take to come to a store.
const ARRIVES: Duration = Duration::from_secs(30);
/// Items on a page: as many as the contract allows.
const PAGE: i32 = 1_000;

/// Where a server listens, from its `addresses.json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    /// For people and programs.
    pub web: String,
    /// For links; gateways only.
    pub link: Option<String>,
    /// For metrics and health.
    pub operator: String,
}

/// A node or a gateway.
#[derive(Debug)]
pub struct Server {
    pub(crate) program: Program,
    pub(crate) name: String,
    pub(crate) members: Vec<String>,
    pub(crate) dir: PathBuf,
    pub(crate) log: PathBuf,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) ledger: Ledger,
    pub(crate) host: Option<Host>,
    process: Mutex<Option<Process>>,
    local: Channel,
}

impl Server {
    pub(crate) fn new(program: Program, name: &str, root: &Path, environment: Vec<(String, String)>) -> Self {
        let dir = root.join(name);
        Self {
            program,
            name: name.to_owned(),
            members: Vec::new(),
            log: root.join(format!("{name}.log")),
            local: channel::local(dir.join("admin.sock")),
            dir,
            environment,
            ledger: Ledger::default(),
            host: None,
            process: Mutex::new(None),
        }
    }

    /// Its short id; `gateway` for the gateway.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Short ids of the members that the test gave it.
    pub fn members(&self) -> &[String] {
        &self.members
    }

    /// Its folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The id of its process, while it runs.
    pub fn process_id(&self) -> Option<u32> {
        self.process().as_ref().map(Process::id)
    }

    /// The machine that it has to itself.
    ///
    /// # Panics
    /// Where the network was not described with [`super::Builder::on_hosts`].
    pub fn host(&self) -> &Host {
        self.host.as_ref().unwrap_or_else(|| panic!("{} shares the machine of the test", self.name))
    }

    /// `command` where its machine is.
    fn at_home(&self, command: std::process::Command) -> std::process::Command {
        self.host.as_ref().map(|host| host.enter(&command)).unwrap_or(command)
    }

    fn process(&self) -> std::sync::MutexGuard<'_, Option<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts it and returns at once.
    pub(crate) fn launch(&self) {
        self.launch_with(&[]);
    }

    fn launch_with(&self, further: &[(&str, &str)]) {
        let addresses = self.dir.join(start::ADDRESSES_FILE);
        match std::fs::remove_file(&addresses) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => panic!("{}: {error}", addresses.display()),
            _ => {}
        }
        let mut process = self.process();
        assert!(process.is_none(), "{} runs already", self.name);
        let home = self.dir.parent().expect("below the root");
        let mut command = cli::command(self.program, home, &self.environment);
        command.envs(further.iter().copied()).arg("serve").arg("--dir").arg(&self.dir);
        *process = Some(Process::start(self.at_home(command), &self.log));
    }

    /// Waits until it is ready.
    pub(crate) async fn ready(&self) -> Addresses {
        within(READY, async || {
            if let Some(status) = self.process().as_mut().and_then(Process::ended) {
                panic!("{} ended with {status} before it was ready", self.name);
            }
            start::read_addresses(&self.dir)
        })
        .await
        .unwrap_or_else(|reason| panic!("{} is not ready: {reason}", self.name))
    }

    /// Starts it, where it does not run, and waits until it is ready.
    ///
    /// # Panics
    /// Where it is not within a minute.
    pub async fn start(&self) -> Addresses {
        self.launch();
        self.ready().await
    }

    /// Starts it with these further variables in its environment, this once, and waits until it is ready.
    ///
    /// # Panics
    /// Where it is not within a minute.
    pub async fn start_with(&self, further: &[(&str, &str)]) -> Addresses {
        self.launch_with(further);
        self.ready().await
    }

    /// Stops every thread of it (SIGSTOP) as a machine that hangs would, until [`Server::thaw`].
    ///
    /// # Panics
    /// Where it does not run.
    pub fn freeze(&self) {
        self.process().as_ref().unwrap_or_else(|| panic!("{} does not run", self.name)).signal(Signal::STOP);
    }

    /// Lets it go on (SIGCONT).
    ///
    /// # Panics
    /// Where it does not run.
    pub fn thaw(&self) {
        self.process().as_ref().unwrap_or_else(|| panic!("{} does not run", self.name)).signal(Signal::CONT);
    }

    /// Kills it (SIGKILL), as a power cut would.
    ///
    /// # Panics
    /// Where it does not run.
    pub fn kill9(&self) {
        self.process().take().unwrap_or_else(|| panic!("{} does not run", self.name)).kill();
    }

    /// Asks it to end (SIGTERM) and waits until it has.
    ///
    /// # Panics
    /// Where it does not run, does not end, or ends with another code than 0.
    pub async fn stop(&self) {
        let process = self.process().take().unwrap_or_else(|| panic!("{} does not run", self.name));
        let status = process.stop().await;
        assert!(status.success(), "{} ended with {status}", self.name);
    }

    /// Stops it where it runs, and starts it.
    ///
    /// # Panics
    /// As [`Server::stop`] and [`Server::start`].
    pub async fn restart(&self) -> Addresses {
        if self.process_id().is_some() {
            self.stop().await;
        }
        self.start().await
    }

    /// Where it listens.
    ///
    /// # Panics
    /// Where it does not run.
    pub fn addresses(&self) -> Addresses {
        start::read_addresses(&self.dir).unwrap_or_else(|reason| panic!("{}: {reason}", self.name))
    }

    /// Where nodes reach its listener for links, as invites name it; gateways only.
    ///
    /// # Panics
    /// Where it is no gateway.
    pub fn link_address(&self) -> String {
        let named = self.environment.iter().find(|(name, _)| name == "DUIKOU_LINK_ADDRESS");
        named.map_or_else(|| panic!("{} takes no links", self.name), |(_, address)| address.clone())
    }

    /// Runs its command line with `args` and its `--dir`.
    ///
    /// # Panics
    /// Where the command does not end.
    pub async fn cli(&self, args: &[&str]) -> Output {
        if args.first().is_some_and(|command| ["restore", "recover"].contains(command)) {
            self.ledger.lost();
        }
        let home = self.dir.parent().expect("below the root");
        let mut command = cli::command(self.program, home, &self.environment);
        command.args(args).arg("--dir").arg(&self.dir);
        cli::run(self.at_home(command)).await
    }

    /// The channel of its local socket, for any service. It survives restarts.
    pub fn local(&self) -> Channel {
        self.local.clone()
    }

    /// One TLS connection of its own to the public listener, with a token's secret or anonymous.
    ///
    /// # Errors
    /// Where there is no connection.
    pub async fn web(
        &self,
        tls: Arc<ClientConfig>,
        secret: Option<&str>,
    ) -> Result<WebClient, tonic::transport::Error> {
        channel::web_client(&self.addresses().web, tls, secret).await
    }

    /// Makes a token of `member` and returns its secret.
    ///
    /// # Errors
    /// As the server says.
    pub async fn token(&self, member: &str, role: token::Role) -> Result<String, Status> {
        let member = start::full(member);
        let token = Token { label: "test".to_owned(), member, role: role.into(), ..Token::default() };
        let request = CreateTokenRequest { token: Some(token) };
        Ok(TokenServiceClient::new(self.local()).create_token(request).await?.into_inner().secret)
    }

    /// From here on nobody counts on what it alone has on its disk: a member is taken away from it by force.
    pub fn is_given_up(&self) {
        self.ledger.lost();
    }

    /// Publishes a new listing, of the server's first member unless the draft names another.
    ///
    /// # Errors
    /// As the server says.
    pub async fn publish(&self, draft: Draft) -> Result<Listing, Status> {
        let listing = draft.listing(self.first_member());
        let request = CreateListingRequest { listing: Some(listing), ..CreateListingRequest::default() };
        let written = self.listings().create_listing(request).await?.into_inner();
        self.ledger.written(&written, clock::now());
        Ok(written)
    }

    /// Gives an existing listing exactly this content.
    ///
    /// # Errors
    /// As the server says.
    pub async fn replace(&self, draft: Draft) -> Result<Listing, Status> {
        let request = UpdateListingRequest {
            listing: Some(draft.listing(self.first_member())),
            update_mask: Some(prost_types::FieldMask { paths: vec!["*".to_owned()] }),
            ..UpdateListingRequest::default()
        };
        let written = self.listings().update_listing(request).await?.into_inner();
        self.ledger.written(&written, clock::now());
        Ok(written)
    }

    /// Withdraws a listing for `reason`; `name` in its short or full form.
    ///
    /// # Errors
    /// As the server says.
    pub async fn withdraw(&self, name: &str, reason: WithdrawalReason) -> Result<WithdrawListingResponse, Status> {
        let request = WithdrawListingRequest {
            name: name.to_owned(),
            reason: reason.into(),
            ..WithdrawListingRequest::default()
        };
        let written = self.listings().withdraw_listing(request).await?.into_inner();
        let full = RecordName::parse(name, &NETWORK.parse().expect("a network's name"));
        self.ledger.ended(full.expect("a name that was taken").as_str(), written.revision, clock::now());
        Ok(written)
    }

    /// One listing, as the server's operator sees it; `name` in its short or full form.
    ///
    /// # Errors
    /// As the server says.
    pub async fn get(&self, name: &str) -> Result<Listing, Status> {
        let request = GetListingRequest { name: name.to_owned() };
        Ok(self.listings().get_listing(request).await?.into_inner())
    }

    /// All listings of `parent` (`members/shenzhen`, or `members/-`), as the server's operator sees them.
    ///
    /// # Errors
    /// As the server says.
    pub async fn list(&self, parent: &str) -> Result<Vec<Listing>, Status> {
        let mut request =
            ListListingsRequest { parent: parent.to_owned(), page_size: PAGE, ..ListListingsRequest::default() };
        let mut listings = Vec::new();
        loop {
            let page = self.listings().list_listings(request.clone()).await?.into_inner();
            listings.extend(page.listings);
            if page.next_page_token.is_empty() {
                return Ok(listings);
            }
            request.page_token = page.next_page_token;
        }
    }

    /// What its operator sees at a glance.
    ///
    /// # Errors
    /// As the server says.
    pub async fn status(&self) -> Result<duikou_proto::v1::Status, Status> {
        Ok(OperatorServiceClient::new(self.local()).get_status(GetStatusRequest {}).await?.into_inner())
    }

    /// Waits until the listing `name` is here, and returns it.
    ///
    /// # Panics
    /// Where it does not come within half a minute.
    pub async fn sees(&self, name: &str) -> Listing {
        within(ARRIVES, async || self.get(name).await.map_err(|status| status.to_string()))
            .await
            .unwrap_or_else(|reason| panic!("{} does not see {name}: {reason}", self.name))
    }

    /// Waits until the listing `name` is no longer here.
    ///
    /// # Panics
    /// Where it stays for half a minute.
    pub async fn loses(&self, name: &str) {
        let gone = async || match self.get(name).await {
            Err(status) if status.code() == tonic::Code::NotFound => Ok(()),
            other => Err(format!("{other:?}")),
        };
        let outcome = within(ARRIVES, gone).await;
        outcome.unwrap_or_else(|reason| panic!("{} still sees {name}: {reason}", self.name));
    }

    /// The files of its database with their bytes.
    ///
    /// # Panics
    /// Where there is no database.
    pub fn databases(&self) -> Vec<(PathBuf, Vec<u8>)> {
        bytes::databases(&self.dir)
    }

    /// Whether the bytes of `needle` lie in its database. A text longer than a few dozen octets may be split there.
    ///
    /// # Panics
    /// Where there is no database.
    pub fn holds_bytes(&self, needle: &[u8]) -> bool {
        self.databases().iter().any(|(_, content)| bytes::holds(content, needle))
    }

    /// Asserts that `needle` lies nowhere in its database.
    ///
    /// # Panics
    /// Where it does.
    pub fn never_received(&self, needle: &[u8]) {
        for (path, content) in self.databases() {
            let found = bytes::holds(&content, needle);
            assert!(!found, "{:?} lies in {}", String::from_utf8_lossy(needle), path.display());
        }
    }

    fn first_member(&self) -> &str {
        self.members.first().map_or("gateway", String::as_str)
    }

    fn listings(&self) -> ListingServiceClient<Channel> {
        ListingServiceClient::new(self.local()).max_decoding_message_size(start::ANSWER_BYTES)
    }
}
