//! The pages of the operator's handbook do what they say: every block is run as it stands, with the folders of a network
//! of this test in the places that the page names.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use duikou_tests::harness::{Network, OpenidProvider, Program, Server, WebCertificate, offer, within};

use crate::documents;

/// How long a thing may take that should take seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a page calls `node`, `other` and `gateway`.
struct Machines<'a> {
    gateway: &'a Server,
    node: &'a Server,
    other: &'a Server,
    media: PathBuf,
    backups: PathBuf,
}

impl<'a> Machines<'a> {
    /// With the root key where the handbook wants it, and nowhere else.
    fn of(net: &'a Network) -> Self {
        let (media, backups) = (net.root().join("media"), net.root().join("backups"));
        std::fs::create_dir(&media).unwrap();
        std::fs::create_dir(&backups).unwrap();
        std::fs::rename(net.gateway().dir().join("root.key"), media.join("root.key")).unwrap();
        Self { gateway: net.gateway(), node: net.node("bijie"), other: net.node("zunyi"), media, backups }
    }

    /// Runs the blocks of a page in their order, but for those that are for a case of their own.
    async fn follow(&self, page: &str) {
        self.follow_where(page, &[]).await;
    }

    /// The same in the cases that have come, each a word after the machine's.
    async fn follow_where(&self, page: &str, cases: &[&str]) {
        let text = documents::page(&format!("deploy/handbook/{page}.md"));
        assert!(text.lines().count() <= 60, "{page} is longer than a screen");
        let mut blocks = 0;
        for block in documents::blocks(&text) {
            let Some(machine) = block.info.strip_prefix("sh ") else { continue };
            let (machine, case) = machine.split_once(' ').unwrap_or((machine, ""));
            if case.is_empty() || cases.contains(&case) {
                self.run(machine, &block.lines).await;
                blocks += 1;
            }
        }
        assert!(blocks > 0, "{page} has no blocks");
    }

    async fn run(&self, machine: &str, block: &[String]) {
        let server = match machine {
            "gateway" | "offline" => self.gateway,
            "node" => self.node,
            "other" => self.other,
            unknown => panic!("no machine {unknown}"),
        };
        for line in block {
            match line.strip_prefix("sudo systemctl ").and_then(|words| words.split_once(' ')) {
                Some(("stop", _)) => server.stop().await,
                Some(("start", _)) => {
                    server.start().await;
                    if machine != "gateway" {
                        server.linked().await;
                    }
                }
                Some(other) => panic!("{other:?} is not known here"),
                None => self.shell(server, line).await,
            }
        }
    }

    async fn shell(&self, server: &Server, line: &str) {
        let show = |path: &Path| path.display().to_string();
        let address = self.gateway.link_address();
        let line = line
            .replace("sudo -u duikou ", "")
            .replace("sudo ", "")
            .replace("/var/lib/duikou-gateway", &show(self.gateway.dir()))
            .replace("/var/lib/duikou", &show(server.dir()))
            .replace("/var/backups/duikou", &show(&self.backups))
            .replace("/media", &show(&self.media))
            .replace("gateway.pprd.example:7443", &address);
        let programs = Program::Node.path().parent().unwrap().display().to_string();
        let path = format!("{programs}:{}", std::env::var("PATH").unwrap_or_default());
        let mut command = tokio::process::Command::new("bash");
        command.args(["-euo", "pipefail", "-c", &line]).env("PATH", path).stdin(Stdio::null()).kill_on_drop(true);
        let output = tokio::time::timeout(Duration::from_secs(120), command.output()).await;
        let output = output.unwrap_or_else(|_| panic!("{line} does not end")).unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{line}\n{}\n{said}", String::from_utf8_lossy(&output.stdout));
    }
}

async fn network(seed: u64) -> Network {
    let net = Network::new(seed)
        .gateway()
        .node("bijie", &["bijie"])
        .node("zunyi", &["zunyi"])
        .circle("pan-prd", &["bijie", "zunyi"])
        .start()
        .await;
    let node = net.node("bijie");
    node.publish(offer("tea")).await.unwrap();
    node.publish(offer("pact").for_circle("pan-prd")).await.unwrap();
    node.publish(offer("drawer").on_request()).await.unwrap();
    net.settle().await;
    net
}

const TEA: &str = "members/bijie/listings/tea";

/// All is well: what is published at one end is read at the other, and every store holds what it should.
async fn goes_on(net: &Network, writer: &Server, id: &str) {
    let written = async || writer.publish(offer(id).by("bijie")).await.map_err(|status| status.to_string());
    within(PATIENCE, written).await.unwrap_or_else(|reason| panic!("{reason}"));
    net.settle().await;
    for server in net.servers() {
        server.sees(TEA).await;
        server.sees(&format!("members/bijie/listings/{id}")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rotate() {
    let net = network(501).await;
    Machines::of(&net).follow("rotate").await;
    let shown = net.gateway().cli(&["keys", "show", "bijie", "--output", "jsonl"]).await.done();
    assert!(shown.contains("\"number\":3"), "{shown}");
    goes_on(&net, net.node("bijie"), "after").await;
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts() {
    let net = network(510).await;
    Machines::of(&net).follow("accounts").await;
    let listed = net.node("bijie").cli(&["accounts", "list", "--output", "jsonl"]).await.done();
    assert!(listed.contains("\"nodeAdmin\":true") && listed.contains("REVIEWER"), "{listed}");
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn openid() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let provider = OpenidProvider::start(folder.path(), &certificate).await;
    let net = network(519).await;
    let node = net.node("bijie");
    // What the page says of the file, with the provider that there is.
    provider.name_in(node);
    Machines::of(&net).follow("openid").await;
    for action in ["identity.bind", "identity.unbind"] {
        let told = node.cli(&["audit", "list", "--action", action]).await.done();
        assert!(told.contains("7f3a1c52"), "{action}: {told}");
    }
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_key() {
    let net = network(502).await;
    Machines::of(&net).follow("lost-key").await;
    let alarms = net.node("zunyi").status().await.unwrap().alarms;
    assert!(alarms.iter().all(|alarm| alarm.code != "KEY_BY_ROOT"), "{alarms:?}");
    goes_on(&net, net.node("bijie"), "after").await;
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn suspend() {
    let net = network(503).await;
    Machines::of(&net).follow("suspend").await;
    goes_on(&net, net.node("bijie"), "after").await;
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn approval() {
    let net = network(510).await;
    Machines::of(&net).follow("approval").await;
    goes_on(&net, net.node("bijie"), "after").await;
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn remove() {
    let net = network(504).await;
    Machines::of(&net).follow("remove").await;
    goes_on(&net, net.node("bijie"), "after").await;
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn moves() {
    let net = network(505).await;
    let folder = tempfile::tempdir().unwrap();
    let draft = folder.path().join("draft.json");
    let typed = r#""direction": "OFFER", "title": "half done", "language": "en", "capital": {}"#;
    std::fs::write(&draft, format!(r#"{{"name": "members/bijie/listings/typed", "listing": {{{typed}}}}}"#)).unwrap();
    net.node("bijie").cli(&["drafts", "create", draft.to_str().unwrap()]).await.done();
    let machines = Machines::of(&net);
    machines.follow("move").await;
    let drafts = net.node("zunyi").cli(&["drafts", "list", "--member", "bijie"]).await.done();
    assert!(drafts.contains("half done"), "{drafts}");
    assert!(net.node("zunyi").get("members/bijie/listings/drawer").await.is_ok(), "it was imported");
    let written = async || net.node("zunyi").publish(offer("after").by("bijie")).await.map_err(|s| s.to_string());
    within(PATIENCE, written).await.unwrap();
    net.settle().await;
    net.gateway().sees("members/bijie/listings/after").await;
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_node() {
    let net = network(511).await;
    let machines = Machines::of(&net);
    let (node, other) = (net.node("bijie"), net.node("zunyi"));
    node.kill9();
    node.is_given_up();
    machines.follow_where("lost-node", &["found"]).await;
    assert!(other.get("members/bijie/listings/drawer").await.is_ok(), "it was found, and imported");
    let written = async || other.publish(offer("after").by("bijie")).await.map_err(|status| status.to_string());
    within(PATIENCE, written).await.unwrap();
    net.settle().await;
    for server in [net.gateway(), other] {
        server.sees(TEA).await;
        server.sees("members/bijie/listings/after").await;
    }
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn restore() {
    let net = network(506).await;
    Machines::of(&net).follow("restore").await;
    goes_on(&net, net.node("bijie"), "after").await;
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn recover() {
    let net = network(507).await;
    net.node("bijie").is_given_up();
    Machines::of(&net).follow("recover").await;
    goes_on(&net, net.node("bijie"), "after").await;
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rebuild() {
    let net = network(508).await;
    let machines = Machines::of(&net);
    net.gateway().kill9();
    net.gateway().lose_folder();
    machines.follow("rebuild").await;
    goes_on(&net, net.node("bijie"), "after").await;
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rebuild_without_a_node_that_is_gone() {
    let net = network(512).await;
    let machines = Machines::of(&net);
    net.node("zunyi").kill9();
    net.gateway().kill9();
    net.gateway().lose_folder();
    machines.follow_where("rebuild", &["gone"]).await;
    // It was not gone for good.
    net.node("zunyi").start().await;
    goes_on(&net, net.node("bijie"), "after").await;
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ca_rotation() {
    let net = network(509).await;
    Machines::of(&net).follow("ca-rotation").await;
    net.node("zunyi").restart().await;
    net.node("zunyi").linked().await;
    goes_on(&net, net.node("bijie"), "after").await;
    net.finish().await;
}

#[test]
fn every_page_is_executed_and_listed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/handbook");
    let list = documents::page("deploy/handbook/README.md");
    let source = documents::page("tests/tests/network/handbook.rs");
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let page = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if page != "README" {
            assert!(list.contains(&format!("({page}.md)")), "{page} is not listed");
            let executed = ["follow", "follow_where"].map(|follow| source.contains(&format!("{follow}(\"{page}\"")));
            assert!(executed.contains(&true), "{page} is not executed");
        }
    }
}
