//! People: the first administrator, those whom administrators let in, and what becomes of their sessions.

use duikou_proto::v1::account::MemberRole;
use duikou_proto::v1::account_service_client::AccountServiceClient;
use duikou_proto::v1::listing_service_client::ListingServiceClient;
use duikou_proto::v1::token::Role;
use duikou_proto::v1::token_service_client::TokenServiceClient;
use duikou_proto::v1::{
    AcceptLinkRequest, Account, ChangePasswordRequest, CreateAccountRequest, CreateListingRequest, GetMyselfRequest,
    ListAccountsRequest, ListSessionsRequest, ListTokensRequest, SignInRequest, SignInResponse, SwitchMemberRequest,
};
use duikou_tests::harness::{NETWORK, Network, Server, WebCertificate, offer, within};
use serde_json::Value;
use tonic::{Code, Status};

use super::{PATIENCE, Watcher, failed, reason};

const PASSWORD: &str = "tea-9-mountain";

/// A node's public listener, as people reach it.
struct Door<'a> {
    server: &'a Server,
    certificate: &'a WebCertificate,
}

impl Door<'_> {
    async fn people(&self, secret: Option<&str>) -> AccountServiceClient<duikou_tests::harness::WebClient> {
        AccountServiceClient::new(self.server.web(self.certificate.client(), secret).await.unwrap())
    }

    async fn accept(&self, secret: &str) -> Result<String, Status> {
        let request = AcceptLinkRequest { secret: secret.to_owned(), password: PASSWORD.to_owned() };
        Ok(self.people(None).await.accept_link(request).await?.into_inner().login)
    }

    async fn sign_in(&self, login: &str, password: &str) -> Result<SignInResponse, Status> {
        let (login, password) = (login.to_owned(), password.to_owned());
        let request = SignInRequest { login, password, ..SignInRequest::default() };
        Ok(self.people(None).await.sign_in(request).await?.into_inner())
    }

    /// The secret of a session.
    async fn session(&self, login: &str) -> String {
        self.sign_in(login, PASSWORD).await.unwrap().secret
    }

    /// The secret of a session of a new administrator of the server.
    async fn administrator(&self) -> String {
        let made = self.server.cli(&["accounts", "first-admin", "--output", "json"]).await.done();
        let made: Value = serde_json::from_str(&made).unwrap();
        self.accept(made["link"]["secret"].as_str().unwrap()).await.unwrap();
        self.session("admin").await
    }

    /// Lets somebody in with a role for a member.
    async fn let_in(&self, login: &str, member: &str, role: &str) {
        let role = format!("{member}={role}");
        let args = ["accounts", "create", login, "--name", "李明", "--role", &role, "--output", "json"];
        let made: Value = serde_json::from_str(&self.server.cli(&args).await.done()).unwrap();
        self.accept(made["link"]["secret"].as_str().unwrap()).await.unwrap();
    }

    async fn publish(&self, secret: &str, member: &str, id: &str) -> Result<(), Status> {
        let web = self.server.web(self.certificate.client(), Some(secret)).await.unwrap();
        let listing = offer(id).listing(member);
        let request = CreateListingRequest { listing: Some(listing), ..CreateListingRequest::default() };
        ListingServiceClient::new(web).create_listing(request).await.map(drop)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_administrator_comes_by_a_link_and_lets_others_in() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net =
        Network::new(931).gateway().node("offices", &["bijie", "zunyi"]).web_certificate(&certificate).start().await;
    let node = net.node("offices");
    let door = Door { server: node, certificate: &certificate };
    let lost = node.cli(&["accounts", "first-admin"]).await.done();
    assert!(lost.starts_with("https://127.0.0.1:") && lost.contains("/account/link/dl_"), "{lost}");
    let lost = lost.trim().rsplit('/').next().unwrap().to_owned();
    let admin = door.administrator().await;
    assert_eq!(reason(&door.accept(&lost).await.unwrap_err()), "LINK_INVALID", "the newer link counts");
    failed(&node.cli(&["accounts", "first-admin"]).await, 2, &["--yes"]);
    let second = node.cli(&["accounts", "first-admin", "--login", "second", "--yes"]).await.done();
    assert!(second.contains("/account/link/"), "{second}");

    // An administrator of the server lets one in for two members; each of them sees its own part of that.
    let account = Account {
        login: "Li.Ming".into(),
        display_name: "李明".into(),
        roles: vec![
            MemberRole { member: "bijie".into(), role: Role::Admin.into() },
            MemberRole { member: "zunyi".into(), role: Role::Viewer.into() },
        ],
        ..Account::default()
    };
    let request = CreateAccountRequest { account: Some(account) };
    let made = door.people(Some(&admin)).await.create_account(request.clone()).await.unwrap().into_inner();
    let taken = door.people(Some(&admin)).await.create_account(request).await.unwrap_err();
    assert_eq!((taken.code(), &*reason(&taken)), (Code::AlreadyExists, "LOGIN_TAKEN"));
    assert_eq!(door.accept(&made.link.unwrap().secret).await.unwrap(), "li.ming");
    let li = door.session("LI.MING").await;
    let myself = door.people(Some(&li)).await.get_myself(GetMyselfRequest {}).await.unwrap().into_inner();
    assert_eq!((myself.role(), myself.members.len()), (Role::Admin, 2));
    door.publish(&li, "bijie", "tea").await.unwrap();
    let refused = door.publish(&li, "zunyi", "tea").await.unwrap_err();
    assert_eq!(reason(&refused), "NOT_PERMITTED", "a session acts for one member");
    let seen = door.people(Some(&li)).await.list_accounts(ListAccountsRequest {}).await.unwrap().into_inner();
    assert_eq!(seen.accounts.len(), 1, "the administrators of the server are not theirs");
    let member = |role: &MemberRole| role.member.clone();
    assert_eq!(seen.accounts[0].roles.iter().map(member).collect::<Vec<_>>(), [format!("bijie.{NETWORK}")]);

    // For the other member the same person only reads. The session goes on under another secret.
    let switch = SwitchMemberRequest { member: "zunyi".into() };
    let other = door.people(Some(&li)).await.switch_member(switch).await.unwrap().into_inner().secret;
    let ended = door.people(Some(&li)).await.get_myself(GetMyselfRequest {}).await.unwrap_err();
    assert_eq!((ended.code(), &*reason(&ended)), (Code::Unauthenticated, "SESSION_ENDED"));
    assert_eq!(reason(&door.publish(&other, "zunyi", "tea").await.unwrap_err()), "NOT_PERMITTED");
    let web = node.web(certificate.client(), Some(&other)).await.unwrap();
    let tokens = TokenServiceClient::new(web).list_tokens(ListTokensRequest {}).await.unwrap_err();
    assert_eq!(reason(&tokens), "NOT_PERMITTED");
    node.cli(&["accounts", "roles", "li.ming", "--set", "zunyi=editor"]).await.done();
    door.publish(&other, "zunyi", "tea").await.expect("a role counts from then on");

    // A restart ends no session, and what people do stands in the trail under their account.
    node.restart().await;
    door.publish(&other, "zunyi", "mill").await.unwrap();
    let name = made.account.unwrap().name;
    let listed = node.cli(&["audit", "list", "--actor", &name, "--output", "jsonl"]).await.done();
    let told = |action: &str| listed.lines().filter(|line| line.contains(&format!("\"{action}\""))).count();
    assert_eq!((told("listing.create"), told("session.sign-in"), told("session.switch")), (3, 1, 1), "{listed}");
    assert!(listed.contains("\"address\":\"127.0.0.1\""), "{listed}");
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_disabled_account_has_under_way_ends_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(932).gateway().node("shenzhen", &["shenzhen"]).web_certificate(&certificate).start().await;
    let node = net.node("shenzhen");
    let door = Door { server: node, certificate: &certificate };
    door.let_in("li", "shenzhen", "editor").await;
    let (here, elsewhere) = (door.session("li").await, door.session("li").await);
    let watch = async |secret: &str| {
        let web = node.web(certificate.client(), Some(secret)).await.unwrap();
        let mut watcher = Watcher::new(web, None, "").await.unwrap();
        watcher.snapshot().await;
        watcher
    };
    let (mut first, mut second) = (watch(&here).await, watch(&elsewhere).await);

    // A new password ends the other sessions, and what is under way on them; not the one at hand.
    let (old_password, new_password) = (PASSWORD.to_owned(), "another-9-mountain".to_owned());
    let change = ChangePasswordRequest { old_password, new_password };
    door.people(Some(&here)).await.change_password(change).await.unwrap();
    let end = second.try_next().await.unwrap_err();
    assert_eq!((end.code(), &*reason(&end)), (Code::Unauthenticated, "SESSION_ENDED"));
    let request = ListSessionsRequest { parent: "accounts/me".into() };
    let sessions = door.people(Some(&here)).await.list_sessions(request).await.unwrap().into_inner().sessions;
    assert!(sessions.len() == 1 && sessions[0].current, "{sessions:?}");

    node.cli(&["accounts", "disable", "li"]).await.done();
    let end = first.try_next().await.unwrap_err();
    assert_eq!((end.code(), &*reason(&end)), (Code::Unauthenticated, "SESSION_ENDED"));
    let refused = door.sign_in("li", "another-9-mountain").await.unwrap_err();
    assert_eq!(reason(&refused), "SIGN_IN_FAILED");
    node.cli(&["accounts", "enable", "li"]).await.done();
    let again = door.sign_in("li", "another-9-mountain").await.unwrap().secret;
    let mut third = watch(&again).await;
    node.cli(&["accounts", "sessions", "li", "--revoke", "all"]).await.done();
    assert_eq!(reason(&third.try_next().await.unwrap_err()), "SESSION_ENDED");
    node.cli(&["accounts", "remove", "li", "--yes"]).await.done();
    failed(&node.cli(&["accounts", "show", "li"]).await, 1, &["li"]);
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_guesses_waits_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(933).gateway().node("shenzhen", &["shenzhen"]).web_certificate(&certificate).start().await;
    let node = net.node("shenzhen");
    let door = Door { server: node, certificate: &certificate };
    door.let_in("li", "shenzhen", "editor").await;
    let guess = async |login: &str| reason(&door.sign_in(login, "wrong-password").await.unwrap_err());
    for login in ["li", "nobody-here"] {
        for _ in 0..5 {
            assert_eq!(guess(login).await, "SIGN_IN_FAILED", "{login}: both are told the same");
        }
        let later = within(PATIENCE, async || match &*guess(login).await {
            "SIGN_IN_LATER" => Ok(()),
            other => Err(other.to_owned()),
        });
        later.await.unwrap_or_else(|told| panic!("{login} never has to wait: {told}"));
    }
    node.restart().await;
    // Nobody who began anew after a restart would have to wait within four attempts.
    let mut told = Vec::new();
    for _ in 0..4 {
        told.push(guess("li").await);
    }
    assert!(told.contains(&"SIGN_IN_LATER".to_owned()), "{told:?}");
    let right = async || door.sign_in("li", PASSWORD).await.map_err(|status| status.to_string());
    within(PATIENCE, right).await.expect("whoever waits comes in");
    assert_eq!(guess("li").await, "SIGN_IN_FAILED", "and begins anew");
    net.finish().await;
}
