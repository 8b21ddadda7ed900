//! To the running server: over the socket in its folder, or over TLS with a token.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use duikou_proto::v1::account_service_client::AccountServiceClient;
use duikou_proto::v1::audit_service_client::AuditServiceClient;
use duikou_proto::v1::directory_service_client::DirectoryServiceClient;
use duikou_proto::v1::draft_service_client::DraftServiceClient;
use duikou_proto::v1::feed_service_client::FeedServiceClient;
use duikou_proto::v1::listing_service_client::ListingServiceClient;
use duikou_proto::v1::match_service_client::MatchServiceClient;
use duikou_proto::v1::operator_service_client::OperatorServiceClient;
use duikou_proto::v1::query_service_client::QueryServiceClient;
use duikou_proto::v1::search_service_client::SearchServiceClient;
use duikou_proto::v1::subscription_service_client::SubscriptionServiceClient;
use duikou_proto::v1::token_service_client::TokenServiceClient;
use http::Uri;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use crate::error::chain;
use crate::trust::dial::HTTP2_BEGINS;
use crate::trust::identity::read_certificates;
use crate::trust::web_tls::{web_client, web_client_trusting};

use super::error::CommandError;
use super::exit::ExitCode;
use super::language::{Language, Text};
use super::words;

/// The socket of the running server in its folder.
pub const SOCKET: &str = "admin.sock";
/// The largest answer that is taken: a page of 200 of the largest listings, with room.
const ANSWER_BYTES: usize = 32 * 1024 * 1024;
/// How long connecting may take, TLS included.
const CONNECT: Duration = Duration::from_secs(10);
/// How often a quiet connection is tried, and how long the answer may take.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// A connected server.
#[derive(Debug, Clone)]
pub struct Server {
    channel: Channel,
    credentials: Credentials,
}

/// What goes with every call: the token and the language.
#[derive(Debug, Clone)]
pub struct Credentials {
    authorization: Option<MetadataValue<Ascii>>,
    language: Language,
}

impl Interceptor for Credentials {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let metadata = request.metadata_mut();
        metadata.insert("accept-language", MetadataValue::from_static(self.language.tag()));
        if let Some(token) = &self.authorization {
            metadata.insert("authorization", token.clone());
        }
        Ok(request)
    }
}

/// A channel whose calls carry [`Credentials`].
pub type Calls = InterceptedService<Channel, Credentials>;

impl Server {
    /// Puts a token and a language to a channel.
    ///
    /// # Errors
    /// Where the token holds characters that no token has.
    pub fn new(channel: Channel, token: Option<&str>, language: Language) -> Result<Self, CommandError> {
        let authorization = match token.map(|token| format!("Bearer {token}").parse::<MetadataValue<Ascii>>()) {
            None => None,
            Some(Ok(mut value)) => {
                value.set_sensitive(true);
                Some(value)
            }
            Some(Err(_)) => {
                let message = Text::new("令牌含有无效字符", "the token holds characters that no token has");
                return Err(CommandError::new(ExitCode::NotPermitted, message));
            }
        };
        Ok(Self { channel, credentials: Credentials { authorization, language } })
    }

    /// For clients of services that this file does not know.
    pub fn calls(&self) -> Calls {
        InterceptedService::new(self.channel.clone(), self.credentials.clone())
    }

    pub(crate) fn listings(&self) -> ListingServiceClient<Calls> {
        ListingServiceClient::new(self.calls()).max_decoding_message_size(ANSWER_BYTES)
    }

    pub(crate) fn drafts(&self) -> DraftServiceClient<Calls> {
        DraftServiceClient::new(self.calls()).max_decoding_message_size(ANSWER_BYTES)
    }

    pub(crate) fn feed(&self) -> FeedServiceClient<Calls> {
        FeedServiceClient::new(self.calls()).max_decoding_message_size(ANSWER_BYTES)
    }

    pub(crate) fn directory(&self) -> DirectoryServiceClient<Calls> {
        DirectoryServiceClient::new(self.calls()).max_decoding_message_size(ANSWER_BYTES)
    }

    pub(crate) fn operator(&self) -> OperatorServiceClient<Calls> {
        OperatorServiceClient::new(self.calls()).max_decoding_message_size(ANSWER_BYTES)
    }

    pub(crate) fn queries(&self) -> QueryServiceClient<Calls> {
        QueryServiceClient::new(self.calls()).max_decoding_message_size(ANSWER_BYTES)
    }

    pub(crate) fn matches(&self) -> MatchServiceClient<Calls> {
        MatchServiceClient::new(self.calls()).max_decoding_message_size(ANSWER_BYTES)
    }

    pub(crate) fn subscriptions(&self) -> SubscriptionServiceClient<Calls> {
        SubscriptionServiceClient::new(self.calls()).max_decoding_message_size(ANSWER_BYTES)
    }

    pub(crate) fn search(&self) -> SearchServiceClient<Calls> {
        SearchServiceClient::new(self.calls()).max_decoding_message_size(ANSWER_BYTES)
    }

    pub(crate) fn accounts(&self) -> AccountServiceClient<Calls> {
        AccountServiceClient::new(self.calls()).max_decoding_message_size(ANSWER_BYTES)
    }

    pub(crate) fn audits(&self) -> AuditServiceClient<Calls> {
        AuditServiceClient::new(self.calls()).max_decoding_message_size(ANSWER_BYTES)
    }

    pub(crate) fn tokens(&self) -> TokenServiceClient<Calls> {
        TokenServiceClient::new(self.calls())
    }
}

fn endpoint(uri: Uri) -> Endpoint {
    Endpoint::from(uri)
        .connect_timeout(CONNECT)
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE)
        .keep_alive_while_idle(true)
}

/// Connects to the server that runs on `dir`; `program` is what starts one.
///
/// # Errors
/// Where none does, or the folder is another user's.
pub async fn connect_socket(dir: &Path, program: &str) -> Result<Channel, CommandError> {
    let there = std::fs::metadata(dir);
    if let Err(error) = &there
        && error.kind() != ErrorKind::NotFound
    {
        return Err(CommandError::in_folder(dir.display(), error));
    }
    if !there.is_ok_and(|about| about.is_dir()) {
        let message = Text::new(format!("没有目录 {}", dir.display()), format!("there is no folder {}", dir.display()));
        return Err(CommandError::new(ExitCode::InputMissing, message)
            .hint(Text::new("用 --dir 指明服务的目录", "name the server's folder with --dir")));
    }
    let path = dir.join(SOCKET);
    // Tried first, because the channel would hide why it fails.
    if let Err(error) = UnixStream::connect(&path).await {
        return Err(no_socket(dir, &path, &error, program));
    }
    let connector = tower::service_fn(move |_: Uri| {
        let path = path.clone();
        async move { UnixStream::connect(path).await.map(TokioIo::new) }
    });
    let uri = Uri::from_static("http://admin.sock");
    endpoint(uri).connect_with_connector(connector).await.map_err(|error| unreachable(&dir.display(), &error))
}

fn no_socket(dir: &Path, path: &Path, error: &std::io::Error, program: &str) -> CommandError {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => {
            let message = Text::new(
                format!("目录 {} 的服务没有运行", dir.display()),
                format!("no server is running on {}", dir.display()),
            );
            let cause = CommandError::io(path.display(), error).message;
            CommandError::new(ExitCode::Unavailable, message).because(cause).hint(Text::new(
                format!("启动服务：{program} serve --dir {}", dir.display()),
                format!("start it: {program} serve --dir {}", dir.display()),
            ))
        }
        ErrorKind::PermissionDenied => CommandError::io(path.display(), error).hint(Text::new(
            "以目录所有者的身份执行，或用 --server 和令牌",
            "run this as the owner of the folder, or use --server with a token",
        )),
        ErrorKind::InvalidInput => CommandError::new(
            ExitCode::Configuration,
            Text::new(format!("路径过长：{}", path.display()), format!("the path is too long: {}", path.display())),
        )
        .hint(Text::new("换一个路径更短的目录", "use a folder with a shorter path")),
        _ => CommandError::io(path.display(), error),
    }
}

fn unreachable(what: &dyn std::fmt::Display, error: &tonic::transport::Error) -> CommandError {
    let message = Text::new(format!("无法连接 {what}"), format!("cannot connect to {what}"));
    CommandError::new(ExitCode::Unavailable, message).because(words::of_connection(error))
}

/// Connects to `url`: `https://host[:port]` vouched for by a certificate authority in `ca`, else by those of the web, or
/// `http://` on loopback.
///
/// # Errors
/// Where the URL is none of these, `ca` is unreadable, or the server does not answer or is another.
pub async fn connect_server(url: &str, ca: Option<&Path>) -> Result<Channel, CommandError> {
    let usage = |zh: &'static str, en: &'static str| {
        CommandError::new(ExitCode::Usage, Text::new(format!("--server {url}：{zh}"), format!("--server {url}: {en}")))
    };
    let uri: Uri = url.parse().map_err(|_| usage("不是网址", "is no URL"))?;
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    match uri.scheme_str() {
        Some("https") => {}
        Some("http") if is_loopback(&host) => {
            if !speaks_in_clear(&host, uri.port_u16().unwrap_or(80)).await {
                return Err(not_in_clear(url));
            }
            return endpoint(uri).connect().await.map_err(|error| unreachable(&url, &error));
        }
        _ => {
            return Err(usage(
                "应为 https:// 开头（http:// 仅限本机）",
                "it begins with https:// (http:// on this machine only)",
            ));
        }
    }
    let name = ServerName::try_from(host.clone()).map_err(|_| usage("主机名无效", "the host is not valid"))?;
    let connector = TlsConnector::from(match ca {
        Some(ca) => tls(ca)?,
        None => {
            let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
            let trusting = web_client_trusting(roots);
            trusting.map_err(|error| CommandError::new(ExitCode::Bug, Text::same(error.to_string())))?
        }
    });
    let port = uri.port_u16().unwrap_or(443);
    let dial = tower::service_fn(move |_: Uri| {
        let (host, name, connector) = (host.clone(), name.clone(), connector.clone());
        async move {
            let stream = TcpStream::connect((host.as_str(), port)).await?;
            stream.set_nodelay(true)?;
            connector.connect(name, stream).await.map(TokioIo::new)
        }
    });
    // The channel refuses https where the connector does the TLS.
    let authority = uri.authority().map(ToString::to_string).unwrap_or_default();
    let plain: Uri = format!("http://{authority}").parse().map_err(|_| usage("不是网址", "is no URL"))?;
    endpoint(plain).connect_with_connector(dial).await.map_err(|error| {
        let shown = unreachable(&url, &error);
        if ca.is_some() || !is_untrusted(&error) { shown } else { shown.hint(name_its_authority()) }
    })
}

/// Whether the certificate is of an authority that is not trusted.
fn is_untrusted(error: &tonic::transport::Error) -> bool {
    let tls = words::behind(error).and_then(|error| error.get_ref()).and_then(|inner| inner.downcast_ref());
    matches!(tls, Some(rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer)))
}

fn name_its_authority() -> Text {
    Text::new(
        "不加 --ca 时只信任公共证书颁发机构；本网络签发的证书请用 --ca 给出服务目录中的 ca.crt",
        "without --ca the authorities of the web are trusted alone: for a certificate of the network's own name the file ca.crt of the server's folder with --ca",
    )
}

/// The type of a frame of settings, and where it stands.
const SETTINGS: (usize, u8) = (3, 4);

/// Whether a port that takes connections answers to HTTP/2 without TLS. What cannot be reached is told by who connects.
async fn speaks_in_clear(host: &str, port: u16) -> bool {
    let asked = async {
        let Ok(mut stream) = TcpStream::connect((host, port)).await else { return true };
        let mut said = [0; 9];
        let asked = async {
            stream.write_all(HTTP2_BEGINS).await?;
            stream.read_exact(&mut said).await
        };
        asked.await.is_ok() && said[SETTINGS.0] == SETTINGS.1
    };
    tokio::time::timeout(CONNECT, asked).await.unwrap_or(true)
}

fn not_in_clear(url: &str) -> CommandError {
    let message = Text::new(
        format!("{url}：这个端口不接受未加密的连接，或不是对口服务的端口"),
        format!("{url}: this port takes no connections in clear, or is no port of this service"),
    );
    CommandError::new(ExitCode::Unavailable, message).hint(Text::new(
        format!("改用 {}，并用 --ca 给出服务目录中的 ca.crt", url.replacen("http:", "https:", 1)),
        format!("use {} and name the file ca.crt of the server's folder with --ca", url.replacen("http:", "https:", 1)),
    ))
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn tls(ca: &Path) -> Result<Arc<rustls::ClientConfig>, CommandError> {
    let bad = |cause: &dyn std::error::Error| {
        let message = Text::new(
            format!("{} 里没有可用的证书", ca.display()),
            format!("{} holds no usable certificate", ca.display()),
        );
        CommandError::new(ExitCode::BadData, message).cause(chain(cause))
    };
    std::fs::metadata(ca).map_err(|error| CommandError::io(ca.display(), &error))?;
    let authorities = read_certificates(ca).map_err(|error| bad(&error))?;
    web_client(&authorities).map_err(|error| bad(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn kind(url: &str, ca: Option<&Path>) -> ExitCode {
        connect_server(url, ca).await.expect_err("nothing answers").kind
    }

    #[tokio::test]
    async fn a_token_is_never_sent_in_clear_over_a_network() {
        assert_eq!(kind("http://node.example:8443", None).await, ExitCode::Usage);
        assert_eq!(kind("node.example:8443", None).await, ExitCode::Usage);
        assert_eq!(kind("https://127.0.0.1:1", None).await, ExitCode::Unavailable);
        assert_eq!(kind("http://127.0.0.1:1", None).await, ExitCode::Unavailable);
    }

    #[tokio::test]
    async fn a_port_that_speaks_tls_is_told_from_one_that_speaks_in_clear() {
        let answering = async |answer: &'static [u8]| {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("bound");
            let port = listener.local_addr().expect("bound").port();
            let answers = tokio::spawn(async move {
                let (mut stream, _) = listener.accept().await.expect("taken");
                let mut said = [0; 24];
                stream.read_exact(&mut said).await.expect("a preface");
                stream.write_all(answer).await.expect("answered");
            });
            let speaks = speaks_in_clear("127.0.0.1", port).await;
            answers.await.expect("answered");
            speaks
        };
        assert!(answering(b"\0\0\0\x04\0\0\0\0\0").await);
        assert!(!answering(b"\x15\x03\x03\0\x02\x02\x32").await, "an alert of TLS");
        assert!(!answering(b"HTTP/1.1 400 Bad Request\r\n\r\n").await);
        let told = not_in_clear("http://127.0.0.1:8443").render(Language::En);
        assert!(told.contains("use https://127.0.0.1:8443"), "{told}");
    }

    #[tokio::test]
    async fn authorities_must_be_there_and_be_certificates() {
        let folder = tempfile::tempdir().expect("made");
        let ca = folder.path().join("ca.pem");
        assert_eq!(kind("https://127.0.0.1:1", Some(&ca)).await, ExitCode::InputMissing);
        std::fs::write(&ca, "nothing").expect("written");
        assert_eq!(kind("https://127.0.0.1:1", Some(&ca)).await, ExitCode::BadData);
    }

    #[tokio::test]
    async fn a_folder_without_a_server_says_how_to_start_it() {
        let folder = tempfile::tempdir().expect("made");
        let error = connect_socket(folder.path(), "duikou-gateway").await.expect_err("nothing answers");
        assert_eq!(error.kind, ExitCode::Unavailable);
        assert!(error.hints[0].in_language(Language::En).starts_with("start it: duikou-gateway serve --dir "));
        let error = connect_socket(&folder.path().join("absent"), "duikou-gateway").await.expect_err("nothing answers");
        assert_eq!(error.kind, ExitCode::InputMissing);
    }
}
