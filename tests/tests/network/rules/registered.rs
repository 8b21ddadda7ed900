//! A registered enterprise reads the gateway's pages in a browser, with its own eyes and nobody else's, by its token.

use duikou_proto::v1::token::Role;
use duikou_tests::harness::{HttpAnswer, Network, SESSION_COOKIE, Server, WebCertificate, offer, within};
use serde_json::Value;

use super::PATIENCE;

const FORM: &str = "/sign-in/token";

/// The gateway, as a browser knows it.
struct Portal<'a> {
    gateway: &'a Server,
    certificate: &'a WebCertificate,
}

impl Portal<'_> {
    async fn page(&self, shown: &str, path: &str) -> HttpAnswer {
        self.gateway.page(self.certificate, shown, path).await
    }

    /// Which of these the search page lists for whoever shows this.
    async fn lists<'b>(&self, shown: &str, ids: &[&'b str]) -> Vec<&'b str> {
        let page = self.page(shown, "/listings").await;
        assert_eq!(page.status, 200, "{page:?}");
        let html = page.text();
        ids.iter().copied().filter(|id| html.contains(&format!("/listings/bijie/{id}\""))).collect()
    }

    async fn sends(&self, token: &str) -> HttpAnswer {
        self.gateway.send(self.certificate, "", FORM, &[("token", token), ("back", "/listings")]).await
    }

    async fn enterprises(&self, args: &[&str]) -> String {
        self.gateway.cli(&[&["enterprises"], args].concat()).await.done()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registered_enterprise_reads_by_its_token_until_it_may_not() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(2431).web_certificate(&certificate).gateway().node("bijie", &["bijie"]).start().await;
    let (node, gateway) = (net.node("bijie"), net.gateway());
    let portal = Portal { gateway, certificate: &certificate };
    node.publish(offer("tea")).await.unwrap();
    node.publish(offer("cellar").titled("a cellar of tea").for_scopes(&["registered"])).await.unwrap();
    node.publish(offer("inner").for_network()).await.unwrap();
    net.settle().await;
    let all = ["tea", "cellar", "inner"];
    let acme = ["acme", "--name-zh", "甲公司", "--credit-code", "91350100M000100Y43", "--contact", "info@acme.example"];
    portal.enterprises(&[&["create"], &acme[..]].concat()).await;
    let made = gateway.cli(&["tokens", "create", "--enterprise", "acme", "--output", "json"]).await.done();
    let made: Value = serde_json::from_str(&made).unwrap();
    let token = made["secret"].as_str().unwrap();

    // Whoever is nobody in particular is told where enterprises go, and sees what anybody sees.
    within(PATIENCE, async || match portal.lists("", &all).await {
        listed if listed == ["tea"] => Ok(()),
        listed => Err(format!("{listed:?}")),
    })
    .await
    .unwrap();
    assert_eq!(portal.page("", "/listings/bijie/cellar").await.status, 404);
    let ways = portal.page("", "/sign-in?back=%2Flistings").await.text();
    assert!(ways.contains("href=\"/sign-in/token?back=%2Flistings\""), "{ways}");
    let elsewhere = node.page(&certificate, "", "/sign-in").await.text();
    assert!(!elsewhere.contains(FORM), "enterprises are registered at the gateway: {elsewhere}");

    // What is no token of an enterprise lets nobody in, and says why.
    let member = gateway.token("bijie", Role::Viewer).await.unwrap();
    for (wrong, why) in [("dk_nobody-made-this", "令牌"), ("", "令牌"), (member.as_str(), "请用账号登录")] {
        let refused = portal.sends(wrong).await;
        let text = refused.text();
        assert!(refused.status == 400 && text.contains("id=\"token-error\"") && text.contains(why), "{text}");
        assert!(refused.session().is_empty() && (wrong.is_empty() || !text.contains(wrong)), "{refused:?}");
    }
    assert_eq!(portal.lists(&member, &all).await, ["tea"], "nor where a browser shows it unasked");

    let entered = portal.sends(token).await;
    assert_eq!((entered.status, entered.header("location")), (303, "/listings"), "{entered:?}");
    let shown = entered.session();
    assert_eq!(portal.lists(&shown, &all).await, ["tea", "cellar"]);
    let page = portal.page(&shown, "/listings/bijie/cellar").await;
    assert_eq!((page.status, page.header("cache-control")), (200, "private, no-store"), "{page:?}");
    let who = "您正以“甲公司”的身份浏览";
    assert!(page.text().contains(who) && page.text().contains("action=\"/sign-out\""), "{}", page.text());
    assert!(!page.text().contains("href=\"/sign-in"), "who is in is not asked in: {}", page.text());
    assert_eq!(portal.page(&shown, "/listings/bijie/inner").await.status, 404);
    // Programs show the token as theirs, and no cookie.
    let cookie = format!("cookie: {SESSION_COOKIE}={shown}");
    let path = "/v1/members/bijie/listings/cellar";
    assert_eq!(gateway.curl(&certificate, &["-H", &cookie], path).await.status, 404);
    assert_eq!(portal.lists("", &all).await, ["tea"], "what one was shown is kept for nobody else");
    let trail = gateway.cli(&["audit", "export"]).await.done();
    let id = made["token"]["name"].as_str().unwrap();
    assert!(trail.lines().any(|entry| entry.contains("session.sign-in") && entry.contains(id)), "{trail}");
    assert!(!trail.contains(token), "the trail holds no secret");

    // Suspended, it sees what anybody sees, at once; resumed, it need not come in again.
    portal.enterprises(&["suspend", "acme", "--reason", "names a person", "--yes"]).await;
    assert_eq!(portal.lists(&shown, &all).await, ["tea"]);
    assert_eq!(portal.page(&shown, "/listings/bijie/cellar").await.status, 404);
    assert_eq!(portal.sends(token).await.status, 400);
    portal.enterprises(&["resume", "acme"]).await;
    assert_eq!(portal.lists(&shown, &all).await, ["tea", "cellar"]);

    let left = gateway.send(&certificate, &shown, "/sign-out", &[]).await;
    assert!(left.status == 303 && left.header("set-cookie").contains("Max-Age=0"), "{left:?}");
    portal.enterprises(&["remove", "acme", "--yes"]).await;
    assert_eq!(portal.lists(&shown, &all).await, ["tea"]);
    net.finish().await;
}
