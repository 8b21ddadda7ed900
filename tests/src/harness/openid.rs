//! A real OpenID provider (`tests/browser/provider.mjs`), and a node by which people sign in there.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::browser;
use super::certificate::WebCertificate;
use super::ports::free_port;
use super::server::Server;

/// How long it may take to listen.
const STARTS: Duration = Duration::from_secs(60);
/// As which it knows the node.
const CLIENT: &str = "duikou";
/// The word that they share.
const SECRET: &str = "a word between the two";

/// A provider at 127.0.0.1, for a node at the address `base`, until it is dropped: whoever types a login there is that
/// subject.
#[derive(Debug)]
pub struct OpenidProvider {
    issuer: String,
    listen: String,
    base: String,
    authority: PathBuf,
    secret: PathBuf,
    _child: Child,
}

impl OpenidProvider {
    /// Starts it, with `certificate`; what the node needs of it lies in `folder`.
    ///
    /// # Panics
    /// Where it does not listen in time.
    pub async fn start(folder: &Path, certificate: &WebCertificate) -> Self {
        let (port, listen) = (free_port(), format!("127.0.0.1:{}", free_port()));
        let base = format!("https://{listen}");
        let secret = folder.join("oidc.key");
        std::fs::write(&secret, format!("{SECRET}\n")).expect("the folder can be written");
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&secret, private).expect("it is ours");
        let plan = json!({
            "port": port,
            "certificate": certificate.certificate,
            "key": certificate.key,
            "client": CLIENT,
            "secret": SECRET,
            "redirect": format!("{base}/sign-in/provider/return"),
        });
        let installed = browser::folder();
        let mut child = Command::new("node")
            .arg(browser::script("provider.mjs"))
            .arg(plan.to_string())
            .env(browser::FOLDER_VARIABLE, &installed)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("node is installed by tests/run");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let ready =
            async { while lines.next_line().await.expect("it says something").is_some_and(|l| l != "ready") {} };
        tokio::time::timeout(STARTS, ready).await.expect("the provider listens in time");
        let issuer = format!("https://127.0.0.1:{port}");
        Self { issuer, listen, base, authority: certificate.certificate.clone(), secret, _child: child }
    }

    /// As it names itself.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Where the node is, for browsers.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Writes into the node's file that people sign in here.
    ///
    /// # Panics
    /// Where the file has no such part.
    pub fn name_in(&self, node: &Server) {
        let file = node.dir().join("duikou.toml");
        let text = std::fs::read_to_string(&file).expect("the node has joined");
        let provider = format!(
            "[accounts.oidc]\nissuer = {:?}\nclient_id = {CLIENT:?}\nclient_secret_file = {:?}\nca_file = {:?}\n",
            self.issuer, self.secret, self.authority
        );
        let delivery = format!("[delivery]\nurl = {:?}\n", self.base);
        assert!(text.contains("[accounts.oidc]\n") && text.contains("[delivery]\n"), "{text}");
        let text = text.replacen("[accounts.oidc]\n", &provider, 1).replacen("[delivery]\n", &delivery, 1);
        std::fs::write(&file, text).expect("it can be written");
    }

    /// Starts the node where the provider sends people back to, with these variables.
    ///
    /// # Panics
    /// As [`Server::start`].
    pub async fn start_node(&self, node: &Server, further: &[(&str, &str)]) {
        let mut variables = vec![("DUIKOU_WEB_LISTEN", &*self.listen)];
        variables.extend(further);
        node.start_with(&variables).await;
        node.linked().await;
    }

    /// Plays the provider for somebody who is led to `url`, as a browser without scripts and with no cookie of it, up to the
    /// address to which it sends them back.
    ///
    /// # Panics
    /// Where it does not.
    pub async fn vouch(&self, url: &str, subject: &str) -> String {
        let jar = tempfile::NamedTempFile::new().expect("a temporary file can be made");
        let ask = async |args: &[&str], url: &str| -> (String, String) {
            let mut command = Command::new("curl");
            command.args(["--silent", "--show-error", "--globoff", "--insecure", "--include"]);
            command.arg("--cookie").arg(jar.path()).arg("--cookie-jar").arg(jar.path()).args(args).arg(url);
            let output = command.kill_on_drop(true).output().await.expect("curl is installed by tests/run");
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let location =
                text.lines().find_map(|line| line.strip_prefix("Location: ").or(line.strip_prefix("location: ")));
            let location = location.unwrap_or_default().trim().to_owned();
            let whole = if location.starts_with('/') { format!("{}{location}", self.issuer) } else { location };
            (whole, text)
        };
        let mut at = url.to_owned();
        for _ in 0..12 {
            if at.starts_with(&self.base) {
                return at;
            }
            let (next, page) = ask(&[], &at).await;
            at = if !next.is_empty() {
                next
            } else if page.contains("name=\"login\"") {
                let login = format!("login={subject}");
                ask(&["-d", "prompt=login", "-d", &login, "-d", "password=x"], &at).await.0
            } else {
                assert!(page.contains("value=\"consent\""), "the provider asks for something else: {page}");
                ask(&["-d", "prompt=consent"], &at).await.0
            };
        }
        panic!("the provider does not send anybody back: {at}")
    }
}
