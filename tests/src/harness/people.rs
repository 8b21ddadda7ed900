//! People who work on a server: let in by its command line, signed in as they are in a browser.

use duikou_proto::v1::account_service_client::AccountServiceClient;
use duikou_proto::v1::{AcceptLinkRequest, SignInRequest};
use http::Method;
use serde_json::Value;

use super::certificate::WebCertificate;
use super::curl::HttpAnswer;
use super::server::Server;

/// The password of everybody whom tests let in.
pub const PASSWORD: &str = "tea-9-mountain";
/// The cookie that shows a session where the server speaks TLS.
pub const SESSION_COOKIE: &str = "__Host-session";

impl Server {
    /// Lets somebody in with these roles (`bijie=editor`), and signs them in: the secret of the session.
    ///
    /// # Panics
    /// Where the server does not.
    pub async fn let_in(&self, certificate: &WebCertificate, login: &str, roles: &[&str]) -> String {
        let mut args = vec!["accounts", "create", login, "--name", login, "--output", "json"];
        args.extend(roles.iter().flat_map(|role| ["--role", *role]));
        let made = self.cli(&args).await.done();
        self.accept(certificate, &made).await;
        self.signed_in(certificate, login).await
    }

    /// The same for the first administrator of the server, `admin`.
    ///
    /// # Panics
    /// Where the server does not.
    pub async fn let_in_administrator(&self, certificate: &WebCertificate) -> String {
        let made = self.cli(&["accounts", "first-admin", "--output", "json"]).await.done();
        self.accept(certificate, &made).await;
        self.signed_in(certificate, "admin").await
    }

    /// Sets the password by the one-time link that a command has printed.
    async fn accept(&self, certificate: &WebCertificate, made: &str) {
        let made: Value = serde_json::from_str(made).unwrap_or_else(|error| panic!("{error}: {made}"));
        let secret = made["link"]["secret"].as_str().unwrap_or_else(|| panic!("no link: {made}")).to_owned();
        let request = AcceptLinkRequest { secret, password: PASSWORD.to_owned() };
        let web = self.web(certificate.client(), None).await.expect("it can be reached");
        AccountServiceClient::new(web).accept_link(request).await.expect("the link is good");
    }

    /// Signs somebody in once more: the secret of the session.
    ///
    /// # Panics
    /// Where the server does not.
    pub async fn signed_in(&self, certificate: &WebCertificate, login: &str) -> String {
        let (login, password) = (login.to_owned(), PASSWORD.to_owned());
        let request = SignInRequest { login, password, ..SignInRequest::default() };
        let web = self.web(certificate.client(), None).await.expect("it can be reached");
        let answer = AccountServiceClient::new(web).sign_in(request).await;
        answer.expect("the password is right").into_inner().secret
    }

    /// A page as somebody with this session is shown it.
    ///
    /// # Panics
    /// Where there is no answer.
    pub async fn page(&self, certificate: &WebCertificate, session: &str, path: &str) -> HttpAnswer {
        let cookie = format!("{SESSION_COOKIE}={session}");
        let headers = [("accept", "text/html"), ("cookie", &*cookie)];
        self.http(certificate, Method::GET, path, &headers, String::new()).await
    }

    /// Sends a form (`name=value`, encoded here) as somebody with this session does.
    ///
    /// # Panics
    /// Where there is no answer.
    pub async fn send(
        &self,
        certificate: &WebCertificate,
        session: &str,
        path: &str,
        fields: &[(&str, &str)],
    ) -> HttpAnswer {
        let cookie = format!("{SESSION_COOKIE}={session}");
        let headers = [
            ("accept", "text/html"),
            ("sec-fetch-site", "same-origin"),
            ("content-type", "application/x-www-form-urlencoded"),
            ("cookie", &*cookie),
        ];
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.http(certificate, Method::POST, path, &headers, body).await
    }
}

impl HttpAnswer {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The session that the answer gives a browser; empty: none, or it takes one away.
    pub fn session(&self) -> String {
        let set = self.header("set-cookie");
        let after = set.split_once(&format!("{SESSION_COOKIE}=")).map_or("", |(_, rest)| rest);
        after.split(';').next().unwrap_or_default().to_owned()
    }
}
