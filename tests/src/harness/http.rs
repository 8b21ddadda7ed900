//! HTTP over a connection of the test's own: what `curl` does, without a process for each request.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::HOST;
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_util::task::AbortOnDropHandle;

use super::certificate::WebCertificate;
use super::curl::{HttpAnswer, LIMIT};
use super::server::Server;

impl Server {
    /// Asks its public listener for `path` over HTTP/1.1.
    ///
    /// # Panics
    /// Where there is no answer.
    pub async fn http(
        &self,
        certificate: &WebCertificate,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> HttpAnswer {
        let asked = async {
            let address = self.addresses().web;
            let mut tls = (*certificate.client()).clone();
            tls.alpn_protocols = vec![b"http/1.1".to_vec()];
            let name = ServerName::IpAddress(Ipv4Addr::LOCALHOST.into());
            let connection = TcpStream::connect(&address).await?;
            let connection = TlsConnector::from(Arc::new(tls)).connect(name, connection).await?;
            let (mut sender, connection) = http1::handshake(TokioIo::new(connection)).await?;
            let _open = AbortOnDropHandle::new(tokio::spawn(connection));
            let mut request = Request::builder().method(method).uri(path).header(HOST, &*address);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let answer = sender.send_request(request.body(Full::new(Bytes::from(body)))?).await?;
            let (head, body) = answer.into_parts();
            let mut headers: BTreeMap<String, String> = BTreeMap::new();
            for (name, value) in &head.headers {
                let value = String::from_utf8_lossy(value.as_bytes());
                let known = headers.entry(name.as_str().to_owned()).or_default();
                *known = if known.is_empty() { value.into_owned() } else { format!("{known}, {value}") };
            }
            let body = body.collect().await?.to_bytes().to_vec();
            anyhow::Ok(HttpAnswer { status: head.status.as_u16(), headers, body })
        };
        let answer = tokio::time::timeout(LIMIT, asked).await.unwrap_or_else(|_| panic!("no answer to {path}"));
        answer.unwrap_or_else(|error| panic!("{path}: {error}"))
    }
}
