//! The peer that messages go through: NATS, with a JetStream stream that keeps the listings, and its ways of handing them
//! on. Of its text protocol only what that needs.

use anyhow::{Context, bail, ensure};
use duikou_proto::v1::Listing;
use futures_util::StreamExt;
use prost::Message;
use rustls_pki_types::ServerName;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::client::Target;
use super::foreign::{Foreign, START};
use super::hub::{Deliveries, Feed, Hub, read};
use crate::harness::{WebCertificate, free_port, within};

/// Where Debian has it, and in which package.
pub(super) const PROGRAM: (&str, &str) = ("/usr/sbin/nats-server", "nats-server");

const STREAM: &str = "listings";
/// Subjects that the stream keeps.
const WRITTEN: &str = "listings.>";
/// What it says of each listing that it has kept.
const KEPT: &str = "kept.>";
/// A connection's subscriptions: what it is answered, and what it follows. Neither ends before the connection.
const ANSWERS: u8 = 1;
const FOLLOWED: u8 = 2;
/// The longest line: what a server says of itself.
const LINE_BYTES: u64 = 64 * 1024;
/// The longest message, which is the server's own bound.
const MESSAGE_BYTES: usize = 1024 * 1024;

/// How listings are handed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Way {
    /// By a push consumer for each follower, which acknowledges nothing. It knows where each is in the stream.
    Consumer,
    /// By what the stream republishes once it has kept it, with its number and that of the one before: followers see for
    /// themselves whether they have missed anything, and ask the stream for it.
    Republished,
    /// As they are written, kept or not, without a number: what a follower misses it never learns of.
    Unkept,
}

/// A running server; it ends with this.
pub(super) struct Nats {
    server: Foreign,
    target: Target,
    way: Way,
    client: Connection,
}

impl Nats {
    /// Starts it with an empty stream.
    ///
    /// # Errors
    /// Where it is not installed or does not start.
    pub(super) async fn start(certificate: &WebCertificate, way: Way) -> anyhow::Result<Self> {
        let port = free_port();
        let server = Foreign::start(PROGRAM.0, |command, folder| {
            command
                .args(["--addr", "127.0.0.1", "--port", &port.to_string(), "--jetstream", "--store_dir"])
                .arg(folder)
                .args(["--tls", "--tlscert"])
                .arg(&certificate.certificate)
                .arg("--tlskey")
                .arg(&certificate.key);
        })?;
        let address = format!("127.0.0.1:{port}");
        let target = Target { address, certificate: certificate.certificate.clone(), secret: None };
        let ready = async || Connection::dial(&target, "bench").await.map_err(|error| format!("{error:#}"));
        let mut client = within(START, ready).await.map_err(anyhow::Error::msg).context("NATS does not start")?;
        let mut stream = json!({ "name": STREAM, "subjects": [WRITTEN], "storage": "file", "num_replicas": 1 });
        if way == Way::Republished {
            stream["republish"] = json!({ "src": WRITTEN, "dest": KEPT });
        }
        let subject = format!("$JS.API.STREAM.CREATE.{STREAM}");
        client.request(&subject, stream.to_string().as_bytes()).await?;
        Ok(Self { server, target, way, client })
    }
}

#[tonic::async_trait]
impl Hub for Nats {
    fn process(&self) -> u32 {
        self.server.process()
    }

    fn target(&self) -> Target {
        self.target.clone()
    }

    fn feed(&self) -> Feed {
        Feed::Nats(self.way)
    }

    async fn publish(&mut self, listing: Listing) -> anyhow::Result<()> {
        let subject = format!("listings.{}", listing.name.replace('/', "."));
        self.client.request(&subject, &listing.encode_to_vec()).await?;
        Ok(())
    }
}

/// Follows it as one of many in this process.
pub(super) async fn follow(target: &Target, way: Way, number: usize) -> anyhow::Result<Deliveries> {
    // Those of an earlier process may still be known to the server for a while.
    let me = format!("{}-{number}", std::process::id());
    let mut client = Connection::dial(target, &me).await?;
    match way {
        Way::Consumer => client.consume(&me).await?,
        Way::Republished => client.subscribe(KEPT, FOLLOWED).await?,
        Way::Unkept => client.subscribe(WRITTEN, FOLLOWED).await?,
    }
    let deliveries = futures_util::stream::try_unfold(client, |mut client| async move {
        let (_, payload) = client.message().await?;
        anyhow::Ok(Some((read(&payload)?, client)))
    });
    Ok(deliveries.boxed())
}

/// A client's connection.
struct Connection {
    stream: BufReader<TlsStream<TcpStream>>,
    /// Where it gets answers.
    inbox: String,
}

impl Connection {
    async fn dial(target: &Target, name: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(&target.address).await?;
        stream.set_nodelay(true)?;
        // It speaks first, in clear, and not again before the handshake.
        let mut stream = BufReader::new(stream);
        let mut greeting = Vec::new();
        (&mut stream).take(LINE_BYTES).read_until(b'\n', &mut greeting).await?;
        ensure!(greeting.starts_with(b"INFO ") && stream.buffer().is_empty(), "this is not NATS");
        let host = ServerName::IpAddress(std::net::Ipv4Addr::LOCALHOST.into());
        let stream = TlsConnector::from(target.tls()).connect(host, stream.into_inner()).await?;
        let mut this = Self { stream: BufReader::new(stream), inbox: format!("_INBOX.{name}") };
        let options = json!({
            "verbose": false, "pedantic": false, "tls_required": true, "lang": "rust", "version": "0", "protocol": 1,
            "headers": true, "no_responders": true,
        });
        this.send(format!("CONNECT {options}\r\n").as_bytes()).await?;
        let inbox = this.inbox.clone();
        this.subscribe(&inbox, ANSWERS).await?;
        Ok(this)
    }

    async fn send(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        self.stream.write_all(bytes).await?;
        Ok(self.stream.flush().await?)
    }

    /// Subscribes, and waits until that is known.
    async fn subscribe(&mut self, subject: &str, number: u8) -> anyhow::Result<()> {
        self.send(format!("SUB {subject} {number}\r\nPING\r\n").as_bytes()).await?;
        loop {
            let line = self.line().await?;
            match parse(&line)? {
                Line::Pong => return Ok(()),
                Line::Ping => self.send(b"PONG\r\n").await?,
                Line::Nothing => {}
                Line::Message { .. } => bail!("a message before anything is written: {line}"),
            }
        }
    }

    /// Has a consumer made that sends what is new.
    async fn consume(&mut self, name: &str) -> anyhow::Result<()> {
        let deliver = format!("deliver.{name}");
        self.subscribe(&deliver, FOLLOWED).await?;
        let config = json!({
            "deliver_subject": deliver, "deliver_policy": "new", "ack_policy": "none", "replay_policy": "instant",
            "mem_storage": true, "num_replicas": 1,
        });
        let request = json!({ "stream_name": STREAM, "config": config }).to_string();
        self.request(&format!("$JS.API.CONSUMER.CREATE.{STREAM}"), request.as_bytes()).await
    }

    /// Sends something to JetStream, and waits until it has been done.
    async fn request(&mut self, subject: &str, payload: &[u8]) -> anyhow::Result<()> {
        let mut bytes = format!("PUB {subject} {} {}\r\n", self.inbox, payload.len()).into_bytes();
        bytes.extend_from_slice(payload);
        bytes.extend_from_slice(b"\r\n");
        self.send(&bytes).await?;
        let (to, answer) = self.message().await?;
        ensure!(to == self.inbox, "{subject} is answered by {to}");
        let answer: Value = serde_json::from_slice(&answer).with_context(|| format!("{subject}: no answer"))?;
        ensure!(answer.get("error").is_none(), "{subject}: {answer}");
        Ok(())
    }

    /// The next message: its subject and what it says.
    async fn message(&mut self) -> anyhow::Result<(String, Vec<u8>)> {
        loop {
            let line = self.line().await?;
            match parse(&line)? {
                Line::Message { subject, header_bytes, bytes } => {
                    let mut payload = vec![0; bytes + 2];
                    self.stream.read_exact(&mut payload).await?;
                    ensure!(payload.ends_with(b"\r\n"), "a message without an end: {line}");
                    payload.truncate(bytes);
                    payload.drain(..header_bytes);
                    return Ok((subject.to_owned(), payload));
                }
                Line::Ping => self.send(b"PONG\r\n").await?,
                Line::Pong | Line::Nothing => {}
            }
        }
    }

    async fn line(&mut self) -> anyhow::Result<String> {
        let mut line = Vec::new();
        (&mut self.stream).take(LINE_BYTES).read_until(b'\n', &mut line).await?;
        ensure!(line.ends_with(b"\r\n"), "the server has gone");
        Ok(String::from_utf8(line)?)
    }
}

/// What a line of the server says.
#[derive(Debug, PartialEq, Eq)]
enum Line<'a> {
    /// So many bytes follow, headers before the rest.
    Message {
        subject: &'a str,
        header_bytes: usize,
        bytes: usize,
    },
    Ping,
    Pong,
    /// Nothing that must be known.
    Nothing,
}

fn parse(line: &str) -> anyhow::Result<Line<'_>> {
    let size = |text: &str| {
        let bytes: usize = text.parse().with_context(|| format!("no size: {line}"))?;
        ensure!(bytes <= MESSAGE_BYTES, "too long: {line}");
        Ok(bytes)
    };
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let (subject, header_bytes, bytes) = match words.as_slice() {
        ["PING"] => return Ok(Line::Ping),
        ["PONG"] => return Ok(Line::Pong),
        ["INFO", ..] | ["+OK"] => return Ok(Line::Nothing),
        // Between them may be a subject for answers.
        ["MSG", subject, _, bytes] | ["MSG", subject, _, _, bytes] => (subject, 0, size(bytes)?),
        ["HMSG", subject, _, headers, bytes] | ["HMSG", subject, _, _, headers, bytes] => {
            (subject, size(headers)?, size(bytes)?)
        }
        _ => bail!("the server says {line}"),
    };
    ensure!(header_bytes <= bytes, "more headers than message: {line}");
    Ok(Line::Message { subject, header_bytes, bytes })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_message_is_told_apart() {
        assert_eq!(parse("PING\r\n").unwrap(), Line::Ping);
        assert_eq!(parse("PONG\r\n").unwrap(), Line::Pong);
        assert_eq!(parse("INFO {\"max_payload\": 1}\r\n").unwrap(), Line::Nothing);
        assert!(parse("-ERR 'Slow Consumer'\r\n").unwrap_err().to_string().contains("Slow Consumer"));
        assert!(parse("MSG a 1 1048577\r\n").is_err() && parse("HMSG a 1 7 6\r\n").is_err());
    }

    proptest! {
        #[test]
        fn a_message_is_read_as_it_was_announced(
            subject in "[A-Za-z0-9_$.-]{1,40}",
            answers in proptest::option::of("[A-Za-z0-9_$.-]{1,40}"),
            header_bytes in 0..=MESSAGE_BYTES,
            rest in 0..=MESSAGE_BYTES,
        ) {
            let bytes = (header_bytes + rest).min(MESSAGE_BYTES);
            let answers = answers.map(|subject| format!("{subject} ")).unwrap_or_default();
            let plain = format!("MSG {subject} 7 {answers}{bytes}\r\n");
            prop_assert_eq!(parse(&plain).unwrap(), Line::Message { subject: &subject, header_bytes: 0, bytes });
            let headed = format!("HMSG {subject} 7 {answers}{header_bytes} {bytes}\r\n");
            prop_assert_eq!(parse(&headed).unwrap(), Line::Message { subject: &subject, header_bytes, bytes });
        }

        #[test]
        fn any_line_is_read_or_refused(line in "(H?MSG|PING|INFO|[+]OK|.{0,8})( [0-9a-z]{0,9}){0,6}") {
            if let Ok(Line::Message { header_bytes, bytes, .. }) = parse(&line) {
                prop_assert!(header_bytes <= bytes && bytes <= MESSAGE_BYTES);
            }
        }
    }
}
