//! HTTP as programs of others speak it: by `curl`.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use super::certificate::WebCertificate;
use super::server::Server;

/// How long one request may take.
pub(super) const LIMIT: Duration = Duration::from_secs(60);

/// What came back.
#[derive(Debug, Clone)]
pub struct HttpAnswer {
    /// The status.
    pub status: u16,
    /// The headers, their names in lower case; of one that comes twice, both values with a comma between.
    pub headers: BTreeMap<String, String>,
    /// The body as it came.
    pub body: Vec<u8>,
}

impl HttpAnswer {
    /// The body as JSON.
    ///
    /// # Panics
    /// Where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// A header; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The stable word of a problem; empty where it is none.
    pub fn reason(&self) -> String {
        match self.header("content-type") {
            "application/problem+json" => self.json()["reason"].as_str().unwrap_or_default().to_owned(),
            _ => String::new(),
        }
    }

    fn read(head: &str, body: Vec<u8>) -> Self {
        // Of several answers, as to a request that asked whether to go on, the last one counts.
        let last = head.trim_end().rsplit("\r\n\r\n").next().unwrap_or_default();
        let mut lines = last.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
        let mut headers: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            let value = value.trim();
            let known = headers.entry(name.to_ascii_lowercase()).or_default();
            *known = if known.is_empty() { value.to_owned() } else { format!("{known}, {value}") };
        }
        Self { status: status.unwrap_or_else(|| panic!("no status in {head:?}")), headers, body }
    }
}

impl Server {
    fn curl_command(&self, certificate: &WebCertificate, args: &[&str], path: &str) -> Command {
        let mut command = Command::new("curl");
        command.args(["--silent", "--show-error", "--globoff", "--cacert"]).arg(&certificate.certificate);
        command.args(args).arg(format!("https://{}{path}", self.addresses().web));
        command.stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// Asks its public listener for `path` with `curl` and these arguments.
    ///
    /// # Panics
    /// Where there is no answer.
    pub async fn curl(&self, certificate: &WebCertificate, args: &[&str], path: &str) -> HttpAnswer {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let head = folder.path().join("head");
        let mut command = self.curl_command(certificate, args, path);
        command.arg("--dump-header").arg(&head);
        let output = tokio::time::timeout(LIMIT, command.output()).await;
        let output = output.unwrap_or_else(|_| panic!("no answer to {path}")).expect("curl is installed by tests/run");
        assert!(output.status.success(), "{path}: {}", String::from_utf8_lossy(&output.stderr));
        let head = std::fs::read_to_string(&head).unwrap_or_else(|error| panic!("{path}: {error}"));
        HttpAnswer::read(&head, output.stdout)
    }

    /// The same for an answer that goes on: its lines, as they come.
    ///
    /// # Panics
    /// Where `curl` is not there.
    pub fn curl_lines(&self, certificate: &WebCertificate, args: &[&str], path: &str) -> HttpLines {
        let mut command = self.curl_command(certificate, args, path);
        command.arg("--no-buffer").stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("curl is installed by tests/run");
        let output = child.stdout.take().expect("it is piped");
        HttpLines { lines: BufReader::new(output).lines(), _child: child }
    }
}

/// An answer that goes on.
#[derive(Debug)]
pub struct HttpLines {
    lines: Lines<BufReader<ChildStdout>>,
    _child: Child,
}

impl HttpLines {
    /// All lines up to the one that contains `text`, or to the end.
    ///
    /// # Panics
    /// Where neither comes in time.
    pub async fn until(&mut self, text: &str) -> Vec<String> {
        let mut seen = Vec::new();
        let read = async {
            while let Ok(Some(line)) = self.lines.next_line().await {
                let found = line.contains(text);
                seen.push(line);
                if found {
                    break;
                }
            }
        };
        let ended = tokio::time::timeout(LIMIT, read).await;
        assert!(ended.is_ok(), "{text:?} does not come: {seen:?}");
        seen
    }
}
