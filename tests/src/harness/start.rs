//! From a description to a network that runs: what its operators would type, in their order.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use duikou_proto::federation::admission_service_client::AdmissionServiceClient;
use duikou_proto::federation::{AddToCircleRequest, CreateCircleRequest};
use duikou_proto::v1::link_status::State;
use serde_json::Value;

use super::binary::Program;
use super::certificate::WebCertificate;
use super::hosts::Lan;
use super::network::{NETWORK, Network};
use super::ports::free_port;
use super::server::{Addresses, Server};
use super::wait::within;
use duikou_simulation::Seed;

/// Written into a server's folder when it is ready.
pub(crate) const ADDRESSES_FILE: &str = "addresses.json";
/// What an answer may weigh: a page of the largest listings.
pub(crate) const ANSWER_BYTES: usize = 80 * 1024 * 1024;
/// How long a node may take to reach its gateway.
const LINKED: Duration = Duration::from_secs(60);
/// What a join token begins with.
const TOKEN_PREFIX: &str = "duikou1.";
/// Where a gateway with a machine of its own takes links.
const LINK_PORT: u16 = 7443;
/// More requests than anybody makes.
const UNLIMITED: &str = "1000000";
/// The region of every member.
const REGION: &str = "440300";

/// The full id of a short one.
pub(crate) fn full(id: &str) -> String {
    if id.contains('.') { id.to_owned() } else { format!("{id}.{NETWORK}") }
}

/// Reads `addresses.json` of a folder.
pub(crate) fn read_addresses(dir: &Path) -> Result<Addresses, String> {
    let path = dir.join(ADDRESSES_FILE);
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let value: Value = serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    let address = |field: &str| value[field].as_str().map(str::to_owned);
    let needed = |field: &str| address(field).ok_or_else(|| format!("{}: no {field}", path.display()));
    Ok(Addresses { web: needed("web")?, link: address("link"), operator: needed("operator")? })
}

/// A network that does not run yet.
#[derive(Debug)]
pub struct Builder {
    seed: u64,
    nodes: Vec<(String, Vec<String>)>,
    circles: Vec<(String, Vec<String>)>,
    certificate: Option<WebCertificate>,
    settings: Vec<(String, String)>,
    judged: bool,
    on_hosts: bool,
}

impl Builder {
    pub(crate) fn new(seed: u64) -> Self {
        let (nodes, circles, settings) = (Vec::new(), Vec::new(), Vec::new());
        Self { seed, nodes, circles, certificate: None, settings, judged: false, on_hosts: false }
    }

    /// With a gateway: every network has exactly one, so this only says so.
    #[must_use]
    pub fn gateway(self) -> Self {
        self
    }

    /// With a node that hosts these members, at least one; short ids.
    #[must_use]
    pub fn node(mut self, id: &str, members: &[&str]) -> Self {
        assert!(!members.is_empty(), "{id} hosts nobody");
        self.nodes.push((id.to_owned(), owned(members)));
        self
    }

    /// With a circle of these members.
    #[must_use]
    pub fn circle(mut self, name: &str, members: &[&str]) -> Self {
        self.circles.push((name.to_owned(), owned(members)));
        self
    }

    /// With this certificate on every public listener, in place of the network's own.
    #[must_use]
    pub fn web_certificate(mut self, certificate: &WebCertificate) -> Self {
        self.certificate = Some(certificate.clone());
        self
    }

    /// With this setting on every server: `delivery.allow`, for example.
    #[must_use]
    pub fn setting(mut self, key: &str, value: &str) -> Self {
        let variable = format!("DUIKOU_{}", key.to_uppercase().replace('.', "_"));
        self.settings.push((variable, value.to_owned()));
        self
    }

    /// To be measured: nobody follows its servers, nothing is judged at its end, and one address may do what many do.
    #[must_use]
    pub fn measured(mut self) -> Self {
        self.judged = true;
        self.setting("limits.address_requests", "100000")
            .setting("limits.address_burst", "100000")
            .setting("limits.address_calls", "100000")
            .setting("limits.address_bytes", "1000 GiB")
    }

    /// With a machine of its own for every server, on one switch: see [`super::Host`].
    #[must_use]
    pub fn on_hosts(mut self) -> Self {
        self.on_hosts = true;
        self
    }

    /// Makes it run: the gateway serves, every member is admitted, every node is linked.
    ///
    /// # Panics
    /// Where something on the way fails.
    pub async fn start(self) -> Network {
        let root = tempfile::Builder::new().prefix("duikou-").tempdir().expect("a temporary folder can be made");
        let lan = self.on_hosts.then(Lan::new);
        let host = lan.as_ref().map(Lan::host);
        let link = match &host {
            Some(host) => format!("{}:{LINK_PORT}", host.address()),
            None => format!("127.0.0.1:{}", free_port()),
        };
        let mut environment = self.environment();
        environment.push(("DUIKOU_LINK_LISTEN".to_owned(), link.clone()));
        environment.push(("DUIKOU_LINK_ADDRESS".to_owned(), link));
        let mut gateway = Server::new(Program::Gateway, "gateway", root.path(), environment);
        gateway.host = host;
        let chance = Mutex::new(Seed::new(self.seed));
        let (nodes, followers, judged) = (Vec::new(), BTreeMap::new(), self.judged);
        let mut network = Network { seed: self.seed, chance, gateway, nodes, lan, root, followers, judged };

        network.gateway.cli(&["init", "--network", NETWORK]).await.done();
        network.gateway.start().await;
        network.follow("gateway");
        for (id, members) in &self.nodes {
            network.add_node(id, members, self.environment()).await;
        }
        for (circle, members) in &self.circles {
            network.make_circle(circle, members).await;
        }
        for node in &network.nodes {
            node.launch();
        }
        for node in &network.nodes {
            node.ready().await;
            node.linked().await;
        }
        network
    }

    fn environment(&self) -> Vec<(String, String)> {
        let mut environment = vec![("DUIKOU_WEB_LISTEN".to_owned(), "127.0.0.1:0".to_owned())];
        environment.push(("DUIKOU_OPERATOR_LISTEN".to_owned(), "127.0.0.1:0".to_owned()));
        if self.judged {
            // What a server can do is measured, not what it lets one caller do.
            for limit in ["TOKEN_REQUESTS", "TOKEN_BURST", "ADDRESS_REQUESTS", "ADDRESS_BURST"] {
                environment.push((format!("DUIKOU_LIMITS_{limit}"), UNLIMITED.to_owned()));
            }
        }
        if let Some(WebCertificate { certificate, key }) = &self.certificate {
            environment.push(("DUIKOU_WEB_TLS".to_owned(), "files".to_owned()));
            environment.push(("DUIKOU_WEB_CERTIFICATE".to_owned(), certificate.display().to_string()));
            environment.push(("DUIKOU_WEB_KEY".to_owned(), key.display().to_string()));
        }
        environment.extend(self.settings.iter().cloned());
        environment
    }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

impl Network {
    /// Has a further node join, with an environment like that of the gateway's public listener, and starts it.
    ///
    /// # Panics
    /// Where it cannot join.
    pub async fn join(&mut self, id: &str, members: &[&str]) -> &Server {
        let node = self.join_at_rest(id, members).await;
        node.start().await;
        node
    }

    /// The same without starting it.
    ///
    /// # Panics
    /// Where it cannot join.
    pub async fn join_at_rest(&mut self, id: &str, members: &[&str]) -> &Server {
        let public = |(name, _): &&(String, String)| !name.starts_with("DUIKOU_LINK");
        let environment = self.gateway.environment.iter().filter(public).cloned().collect();
        self.add_node(id, &owned(members), environment).await;
        self.node(id)
    }

    async fn add_node(&mut self, id: &str, members: &[String], environment: Vec<(String, String)>) {
        let mut node = Server::new(Program::Node, id, self.root(), environment);
        node.host = self.lan.as_ref().map(Lan::host);
        for member in members {
            let token = self.invite(member).await;
            let mut args = vec!["join", &*token];
            if node.members.is_empty() {
                args.extend(["--node", id]);
            }
            node.cli(&args).await.done();
            node.members.push(member.clone());
        }
        self.nodes.push(node);
        self.follow(id);
    }

    /// A join token for `member`.
    ///
    /// # Panics
    /// Where the gateway makes none.
    pub async fn invite(&self, member: &str) -> String {
        let (zh, en) = (format!("{member}办事处"), format!("{member} office"));
        let args = ["invite", member, "--name-zh", &zh, "--name-en", &en, "--region", REGION];
        let told = self.gateway.cli(&args).await.done();
        let token = told.split(|c: char| c.is_whitespace() || c == '"').find(|word| word.starts_with(TOKEN_PREFIX));
        token.unwrap_or_else(|| panic!("no token in {told:?}")).to_owned()
    }

    /// Gives `member` new keys in place of lost ones, in the folder of `node`, which is at rest. In between the root signs,
    /// whose key lies in the gateway's folder.
    ///
    /// # Panics
    /// Where a step fails.
    pub async fn replace_keys(&self, node: &Server, member: &str) {
        let token = self.gateway.cli(&["invite", member, "--replace-keys", "--yes"]).await.done();
        let waits = node.cli(&["keys", "replace", token.trim()]).await;
        assert_eq!(waits.code, 75, "the root has not signed yet: {waits}");
        self.gateway.cli(&["root", "sign", "--yes"]).await.done();
        node.cli(&["keys", "replace", token.trim()]).await.done();
    }

    async fn make_circle(&self, circle: &str, members: &[String]) {
        let mut admission = AdmissionServiceClient::new(self.gateway.local());
        let create = CreateCircleRequest { circle: circle.to_owned() };
        admission.create_circle(create).await.unwrap_or_else(|status| panic!("circle {circle}: {status}"));
        for member in members {
            let add = AddToCircleRequest { circle: circle.to_owned(), member: member.clone() };
            admission.add_to_circle(add).await.unwrap_or_else(|status| panic!("{member} in {circle}: {status}"));
        }
    }
}

impl Server {
    /// Waits until it is connected to its gateway.
    ///
    /// # Panics
    /// Where it is not within a minute.
    pub async fn linked(&self) {
        let connected = async || {
            let status = self.status().await.map_err(|status| status.to_string())?;
            let up = !status.links.is_empty() && status.links.iter().all(|link| link.state() == State::Connected);
            if up { Ok(()) } else { Err(format!("{:?}", status.links)) }
        };
        let outcome = within(LINKED, connected).await;
        outcome.unwrap_or_else(|reason| panic!("{} is not linked: {reason}", self.name));
    }
}
