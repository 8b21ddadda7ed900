//! The only way to the provider: https within bounds, no redirects, no proxy. Plain http goes to an address of this
//! machine that the operator has allowed, and nowhere else.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;

use bytes::Bytes;
use http_body_util::Full;
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use thiserror::Error;

use crate::config::{Config, Networks};
use crate::delivery::{Dialer, Host, SetupError, Target, roots};
use crate::limits;

/// The provider is named by the operator, who may have it anywhere.
const ANYWHERE: &str = "0.0.0.0/0, ::/0";

/// Why nothing came back.
#[derive(Debug, Clone, Error)]
#[error("{0}")]
pub(super) struct FetchError(String);

/// See the module.
pub(super) struct Fetcher {
    dialer: Dialer,
    /// Where plain http may go.
    plain: Networks,
}

impl Fetcher {
    /// One that believes the authorities of the web and those of the operator.
    ///
    /// # Errors
    /// Where their file cannot be read.
    pub(super) fn new(config: &Config) -> Result<Self, SetupError> {
        let roots = match &config.oidc.ca_file {
            None => Vec::new(),
            Some(path) => roots("accounts.oidc.ca_file", path)?,
        };
        let dialer = Dialer::new(ANYWHERE.parse().unwrap_or_default(), Vec::new(), roots)?;
        Ok(Self { dialer, plain: config.delivery.allow.clone() })
    }

    /// An address to which this server, or somebody's browser, may be led.
    pub(super) fn target(&self, url: &str) -> Result<Target, FetchError> {
        let target: Target =
            url.parse().map_err(|_| FetchError(format!("{} is no address that can be asked", shortened(url))))?;
        let here = |address: &IpAddr| address.is_loopback() && self.plain.contains(*address);
        let may = target.is_tls() || matches!(target.host(), Host::Address(address) if here(address));
        if may { Ok(target) } else { Err(FetchError(format!("{} is not https", shortened(url)))) }
    }

    async fn fetch(&self, request: HttpRequest) -> Result<HttpResponse, FetchError> {
        let target = self.target(&request.uri().to_string())?;
        let exchange = async {
            let mut connection = self.dialer.connect(&target).await?;
            let request = request.map(|body| Full::new(Bytes::from(body)));
            connection.exchange(&target, request, limits::OPENID_ANSWER_BYTES).await
        };
        let answer = tokio::time::timeout(limits::OPENID_TIMEOUT, exchange).await;
        let answer = answer.map_err(|_| {
            FetchError(format!("{} did not answer within {} s", target.host_header(), limits::OPENID_TIMEOUT.as_secs()))
        })?;
        let answer = answer.map_err(|fault| FetchError(format!("{}: {}", target.host_header(), fault.detail)))?;
        Ok(answer.map(|body| body.to_vec()))
    }
}

fn shortened(url: &str) -> String {
    url.chars().take(100).collect()
}

impl<'c> AsyncHttpClient<'c> for Fetcher {
    type Error = FetchError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, FetchError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.fetch(request))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_goes_to_allowed_addresses_of_this_machine_alone() {
        let mut config = Config::default();
        let may = |config: &Config, url: &str| Fetcher::new(config).unwrap().target(url).is_ok();
        assert!(may(&config, "https://login.example/x") && may(&config, "https://10.0.0.1:8443/"));
        assert!(!may(&config, "http://127.0.0.1:9/"));
        config.delivery.allow = "127.0.0.0/8, 10.0.0.0/8".parse().unwrap();
        assert!(may(&config, "http://127.0.0.1:9/"));
        for url in ["http://10.0.0.1/", "http://localhost/", "http://login.example/", "ftp://127.0.0.1/", "file:///etc"]
        {
            assert!(!may(&config, url), "{url}");
        }
    }
}
