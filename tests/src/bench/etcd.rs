//! The peer that programs watch: etcd, one member of it, with a watch on a prefix for each follower. Of its gRPC API only
//! what that needs.

use anyhow::{Context, ensure};
use duikou_proto::codec::Codec;
use duikou_proto::v1::Listing;
use futures_util::StreamExt;
use http::uri::PathAndQuery;
use prost::Message;
use tonic::Request;
use tonic::client::Grpc;

use super::client::Target;
use super::foreign::{Foreign, START};
use super::hub::{Deliveries, Feed, Hub, read};
use crate::harness::{WebCertificate, WebClient, free_port, within};

/// Where Debian has it, and in which package.
pub(super) const PROGRAM: (&str, &str) = ("/usr/bin/etcd", "etcd-server");

const PREFIX: &str = "listings/";
/// The first key after all that begin with [`PREFIX`].
const BEYOND: &str = "listings0";

const PUT: &str = "/etcdserverpb.KV/Put";
const WATCH: &str = "/etcdserverpb.Watch/Watch";

/// A running server; it ends with this.
pub(super) struct Etcd {
    server: Foreign,
    target: Target,
    client: Grpc<WebClient>,
}

impl Etcd {
    /// Starts it with an empty store.
    ///
    /// # Errors
    /// Where it is not installed or does not start.
    pub(super) async fn start(certificate: &WebCertificate) -> anyhow::Result<Self> {
        let address = format!("127.0.0.1:{}", free_port());
        let clients = format!("https://{address}");
        // It has no others, and must listen for them.
        let others = format!("http://127.0.0.1:{}", free_port());
        let server = Foreign::start(PROGRAM.0, |command, folder| {
            command
                .arg("--data-dir")
                .arg(folder)
                .args(["--listen-client-urls", &clients, "--advertise-client-urls", &clients])
                .args(["--listen-peer-urls", &others, "--initial-advertise-peer-urls", &others])
                .args(["--name", "bench", "--initial-cluster", &format!("bench={others}")])
                .args(["--logger", "zap", "--log-level", "error"])
                .arg("--cert-file")
                .arg(&certificate.certificate)
                .arg("--key-file")
                .arg(&certificate.key);
        })?;
        let target = Target { address, certificate: certificate.certificate.clone(), secret: None };
        let ready = async || {
            let mut client = Grpc::new(target.connect().await.map_err(|error| format!("{error:#}"))?);
            let request = PutRequest { key: "ready".into(), value: Vec::new() };
            put(&mut client, request).await.map_err(|error| format!("{error:#}"))?;
            Ok(client)
        };
        let client = within(START, ready).await.map_err(anyhow::Error::msg).context("etcd does not start")?;
        Ok(Self { server, target, client })
    }
}

#[tonic::async_trait]
impl Hub for Etcd {
    fn process(&self) -> u32 {
        self.server.process()
    }

    fn target(&self) -> Target {
        self.target.clone()
    }

    fn feed(&self) -> Feed {
        Feed::Etcd
    }

    async fn publish(&mut self, listing: Listing) -> anyhow::Result<()> {
        let key = format!("{PREFIX}{}", listing.name).into();
        put(&mut self.client, PutRequest { key, value: listing.encode_to_vec() }).await
    }
}

async fn put(client: &mut Grpc<WebClient>, request: PutRequest) -> anyhow::Result<()> {
    client.ready().await?;
    let codec = Codec::<PutRequest, ()>::default();
    client.unary(Request::new(request), PathAndQuery::from_static(PUT), codec).await?;
    Ok(())
}

/// Follows it.
pub(super) async fn watch(target: &Target) -> anyhow::Result<Deliveries> {
    let mut client = Grpc::new(target.connect().await?);
    client.ready().await?;
    let create = Some(WatchCreateRequest { key: PREFIX.into(), range_end: BEYOND.into() });
    // A watch lasts for as long as more may be asked for.
    let requests = futures_util::stream::iter([WatchRequest { create }]).chain(futures_util::stream::pending());
    let codec = Codec::<WatchRequest, WatchResponse>::default();
    let method = PathAndQuery::from_static(WATCH);
    let mut answers = client.streaming(Request::new(requests), method, codec).await?.into_inner();
    let first = answers.message().await?.context("the watch ended")?;
    ensure!(first.created && !first.canceled, "no watch: {first:?}");
    let count = |answer: WatchResponse| {
        ensure!(!answer.canceled, "the watch is cancelled");
        answer.events.iter().map(|event| read(event.kv.as_ref().map_or(&[], |kv| &kv.value))).sum()
    };
    Ok(answers.map(move |answer| count(answer?)).boxed())
}

#[derive(Clone, PartialEq, Message)]
struct PutRequest {
    #[prost(bytes, tag = "1")]
    key: Vec<u8>,
    #[prost(bytes, tag = "2")]
    value: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct WatchRequest {
    #[prost(message, optional, tag = "1")]
    create: Option<WatchCreateRequest>,
}

#[derive(Clone, PartialEq, Message)]
struct WatchCreateRequest {
    #[prost(bytes, tag = "1")]
    key: Vec<u8>,
    #[prost(bytes, tag = "2")]
    range_end: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct WatchResponse {
    #[prost(bool, tag = "3")]
    created: bool,
    #[prost(bool, tag = "4")]
    canceled: bool,
    #[prost(message, repeated, tag = "11")]
    events: Vec<WatchEvent>,
}

#[derive(Clone, PartialEq, Message)]
struct WatchEvent {
    #[prost(message, optional, tag = "2")]
    kv: Option<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct KeyValue {
    #[prost(bytes, tag = "5")]
    value: Vec<u8>,
}
