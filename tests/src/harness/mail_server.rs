//! A mail server of others: Postfix with a folder of its own, which keeps every mail in a Maildir.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use super::certificate::WebCertificate;
use super::ports::free_port;
use super::python::python;
use super::root::{as_root, done, undone};
use super::wait::within;

/// How long a mail may take to come.
const COMES: Duration = Duration::from_secs(150);

/// A server that runs until it is dropped.
#[derive(Debug)]
pub struct MailServer {
    folder: TempDir,
    implicit: u16,
    starttls: u16,
}

/// A mail as a mail program reads it.
#[derive(Debug, Clone, serde::Deserialize)]
pub struct Mail {
    /// Names in lower case.
    pub headers: std::collections::BTreeMap<String, String>,
    /// As plain text.
    pub plain: String,
    /// As HTML.
    pub html: String,
}

impl MailServer {
    /// Starts one whose certificate is this one.
    ///
    /// # Panics
    /// Where Postfix is not installed, or does not start.
    pub fn start(certificate: &WebCertificate) -> Self {
        Self::start_asking(certificate, None)
    }

    /// Starts one that does not say that it has taken a mail while it is told to hesitate.
    ///
    /// # Panics
    /// As [`MailServer::start`].
    pub async fn start_hesitant(certificate: &WebCertificate) -> (Self, Hesitation) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let port = listener.local_addr().expect("it listens").port();
        (Self::start_asking(certificate, Some(port)), Hesitation::new(listener))
    }

    /// `policy`: the port that it asks when a mail has come, before it says so.
    fn start_asking(certificate: &WebCertificate, policy: Option<u16>) -> Self {
        let asks = |port| format!("smtpd_end_of_data_restrictions = check_policy_service inet:127.0.0.1:{port}\n");
        let asks = policy.map(asks).unwrap_or_default();
        let folder = tempfile::Builder::new().prefix("duikou-mail-").tempdir().expect("a temporary folder can be made");
        let root = folder.path();
        let (implicit, starttls) = (free_port(), free_port());
        for part in ["conf", "queue", "data", "mail"] {
            fs::create_dir(root.join(part)).expect("the folder is new");
        }
        let at = root.display();
        let main = format!(
            "compatibility_level = 3.6\nqueue_directory = {at}/queue\ndata_directory = {at}/data\n\
             command_directory = /usr/sbin\ndaemon_directory = /usr/lib/postfix/sbin\nmail_owner = postfix\n\
             setgid_group = postdrop\ninet_interfaces = 127.0.0.1\ninet_protocols = ipv4\n\
             mynetworks = 127.0.0.0/8\nmydestination =\nmyhostname = localhost.localdomain\nalias_maps =\n\
             virtual_mailbox_domains = example.com\nvirtual_mailbox_base = {at}/mail\n\
             virtual_mailbox_maps = static:all/\nvirtual_uid_maps = static:65534\nvirtual_gid_maps = static:65534\n\
             smtpd_tls_cert_file = {}\nsmtpd_tls_key_file = {}\nsmtpd_tls_security_level = encrypt\n\
             maillog_file = {at}/log\nmaillog_file_prefixes = {at}\n{asks}",
            certificate.certificate.display(),
            certificate.key.display(),
        );
        let master = format!(
            "{implicit} inet n - n - - smtpd\n  -o smtpd_tls_wrappermode=yes\n{starttls} inet n - n - - smtpd\n\
             cleanup unix n - n - 0 cleanup\nqmgr unix n - n 300 1 qmgr\nrewrite unix - - n - - trivial-rewrite\n\
             bounce unix - - n - 0 bounce\ndefer unix - - n - 0 bounce\ntrace unix - - n - 0 bounce\n\
             proxymap unix - - n - - proxymap\nvirtual unix - n n - - virtual\ntlsmgr unix - - n 1000? 1 tlsmgr\n\
             anvil unix - - n - 1 anvil\nerror unix - - n - - error\npostlog unix-dgram n - n - 1 postlogd\n"
        );
        fs::write(root.join("conf/main.cf"), main).expect("the folder can be written");
        fs::write(root.join("conf/master.cf"), master).expect("the folder can be written");
        // Its parts run as users of their own.
        done(as_root("chown").args(["-R", "root:root"]).arg(root.join("conf")).arg(root.join("queue")));
        done(as_root("chown").arg("postfix").arg(root.join("data")));
        done(as_root("chown").arg("nobody").arg(root.join("mail")));
        done(as_root("chmod").arg("755").arg(root));
        done(as_root("postfix").arg("-c").arg(root.join("conf")).arg("start"));
        Self { folder, implicit, starttls }
    }

    /// Where it takes mails with TLS from the beginning.
    pub fn implicit(&self) -> String {
        format!("localhost:{}", self.implicit)
    }

    /// Where it takes them after STARTTLS.
    pub fn starttls(&self) -> String {
        format!("localhost:{}", self.starttls)
    }

    fn files(&self) -> Vec<PathBuf> {
        let files = fs::read_dir(self.folder.path().join("mail/all/new"))
            .map(|entries| entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect::<Vec<_>>());
        files.unwrap_or_default()
    }

    /// How many mails it has.
    pub fn count(&self) -> usize {
        self.files().len()
    }

    /// Takes the next mail out of the Maildir, once there is one.
    ///
    /// # Panics
    /// Where none comes.
    pub async fn next(&self) -> Mail {
        let looked = async || self.files().into_iter().min().ok_or_else(|| self.log());
        let file = within(COMES, looked).await.unwrap_or_else(|log| panic!("no mail has come: {log}"));
        let bytes = fs::read(&file).expect("it is there");
        fs::remove_file(&file).expect("it is there");
        let read = python("parse_mail.py", &bytes).await;
        serde_json::from_str(&read).unwrap_or_else(|error| panic!("{error}: {read}"))
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

/// Tells a mail server to go on, and meanwhile to wait: whoever sends a mail does not hear whether it was taken.
#[derive(Debug)]
pub struct Hesitation {
    holds: watch::Sender<bool>,
    waiting: Arc<AtomicUsize>,
    _answers: AbortOnDropHandle<()>,
}

impl Hesitation {
    fn new(listener: TcpListener) -> Self {
        let (holds, held) = watch::channel(false);
        let waiting = Arc::new(AtomicUsize::new(0));
        let counts = waiting.clone();
        let answers = async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(answer(connection, held.clone(), counts.clone()));
            }
        };
        Self { holds, waiting, _answers: AbortOnDropHandle::new(tokio::spawn(answers)) }
    }

    /// From now on the server says nothing when it has got a mail.
    pub fn begins(&self) {
        self.holds.send_replace(true);
    }

    /// The server takes what it has got, and says so.
    pub fn ends(&self) {
        self.holds.send_replace(false);
    }

    /// Waits until somebody has sent a mail to its end, and hears nothing.
    ///
    /// # Panics
    /// Where none comes.
    pub async fn is_felt(&self) {
        let looked = async || (self.waiting.load(Ordering::SeqCst) > 0).then_some(()).ok_or_else(|| "none".to_owned());
        within(COMES, looked).await.unwrap_or_else(|reason| panic!("a mail under way: {reason}"));
    }
}

/// The policy protocol of Postfix: attributes up to an empty line, and what is to be done about them.
async fn answer(connection: TcpStream, mut held: watch::Receiver<bool>, waiting: Arc<AtomicUsize>) {
    let (reader, mut writer) = connection.into_split();
    let mut lines = BufReader::new(reader).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if !line.is_empty() {
            continue;
        }
        waiting.fetch_add(1, Ordering::SeqCst);
        let goes_on = held.wait_for(|holds| !holds).await.is_ok();
        waiting.fetch_sub(1, Ordering::SeqCst);
        if !goes_on || writer.write_all(b"action=dunno\n\n").await.is_err() {
            return;
        }
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let root = self.folder.path();
        undone(as_root("postfix").arg("-c").arg(root.join("conf")).arg("stop"));
        // What others own in it is theirs to take away.
        undone(as_root("rm").arg("-rf").args(["conf", "queue", "data", "mail"].map(|part| root.join(part))));
    }
}
