//! People sign in by an OpenID provider: only those whose account says so, only from the browser that was led there, and
//! whoever is not let through stands in the audit trail. What a provider can lie about is in `node/src/openid/tests.rs`.

use duikou_tests::harness::{
    HttpAnswer, Network, OpenidProvider, PASSWORD, SESSION_COOKIE, Server, WebCertificate, python, sign_in_by_provider,
};

const HTML: &str = "accept: text/html";
const COOKIE: &str = "__Host-provider";

/// A browser at a node.
struct Browser<'a> {
    node: &'a Server,
    certificate: &'a WebCertificate,
    provider: &'a OpenidProvider,
}

/// Somebody who has been led to the provider.
struct Led {
    /// Where.
    url: String,
    /// What their browser shows when they come back.
    cookie: String,
}

/// The cookie of this name that an answer gives; empty: none, or it takes one away.
fn given(answer: &HttpAnswer, name: &str) -> String {
    let set = answer.header("set-cookie");
    let after = set.split_once(&format!("{name}=")).map_or("", |(_, rest)| rest);
    after.split(';').next().unwrap_or_default().to_owned()
}

/// What stands in `html` between these.
fn between<'a>(html: &'a str, before: &str, after: &str) -> &'a str {
    let rest = html.split_once(before).unwrap_or_else(|| panic!("no {before} in {html}")).1;
    rest.split_once(after).unwrap_or_else(|| panic!("no {after} in {rest}")).0
}

impl Browser<'_> {
    async fn get(&self, session: &str, path: &str) -> HttpAnswer {
        self.node.page(self.certificate, session, path).await
    }

    async fn send(&self, session: &str, path: &str, fields: &[(&str, &str)]) -> HttpAnswer {
        self.node.send(self.certificate, session, path, fields).await
    }

    /// Follows the button of the page on which people sign in.
    async fn led_to_sign_in(&self, back: &str) -> Led {
        let left = self.get("", &format!("/sign-in/provider?back={back}")).await;
        assert_eq!(left.status, 303, "{left:?}");
        let set = left.header("set-cookie").to_owned();
        for part in ["; Path=/", "; Secure", "; HttpOnly", "; SameSite=Lax", "; Max-Age=600"] {
            assert!(set.contains(part), "{set}");
        }
        assert!(left.header("location").starts_with(self.provider.issuer()), "{left:?}");
        Led { url: left.header("location").to_owned(), cookie: given(&left, COOKIE) }
    }

    /// Begins to connect an account.
    async fn led_to_connect(&self, session: &str) -> Led {
        let page = self.send(session, "/account/identity", &[("identity-password", PASSWORD)]).await;
        assert_eq!((page.status, page.header("cache-control")), (200, "private, no-store"), "{page:?}");
        let url = between(&page.text(), "id=\"go\" href=\"", "\"").replace("&#38;", "&").replace("&amp;", "&");
        Led { url, cookie: given(&page, COOKIE) }
    }

    /// Comes back to `address` of the node, showing a session and what was given on leaving.
    async fn back_at(&self, address: &str, session: &str, cookie: &str) -> HttpAnswer {
        let path = address.strip_prefix(self.provider.base()).unwrap_or(address);
        let cookies = format!("cookie: {SESSION_COOKIE}={session}; {COOKIE}={cookie}");
        self.node.curl(self.certificate, &["-H", HTML, "-H", &cookies], path).await
    }

    /// Goes the whole way with the provider, as this subject.
    async fn by_provider(&self, led: &Led, session: &str, subject: &str) -> HttpAnswer {
        let address = self.provider.vouch(&led.url, subject).await;
        self.back_at(&address, session, &led.cookie).await
    }

    /// What the audit trail tells of an action, a line each.
    async fn trail(&self, action: &str) -> Vec<String> {
        let told = self.node.cli(&["audit", "list", "--action", action, "--output", "jsonl"]).await.done();
        told.lines().map(str::to_owned).collect()
    }
}

fn is_refused(answer: &HttpAnswer, status: u16, words: &str) {
    assert_eq!((answer.status, &*answer.session()), (status, ""), "{answer:?}");
    assert!(answer.text().contains(words), "{words}: {}", answer.text());
    assert_eq!(answer.header("cache-control"), "private, no-store", "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_connected_and_signed_in_to_in_a_browser() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let provider = OpenidProvider::start(folder.path(), &certificate).await;
    let net = Network::new(2431).web_certificate(&certificate).gateway().node("bijie", &["bijie"]).start().await;
    let node = net.node("bijie");
    node.let_in(&certificate, "li.ming", &["bijie=editor"]).await;
    node.stop().await;
    provider.name_in(node);
    node.cli(&["config", "check"]).await.done();
    provider.start_node(node, &[]).await;
    let told = node.cli(&["doctor"]).await.done();
    assert!(told.contains("OpenID provider") || told.contains("身份提供方"), "{told}");
    let faults = sign_in_by_provider(provider.base(), "li.ming", PASSWORD, "subject-7f3a").await;
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let shown = node.cli(&["accounts", "show", "li.ming"]).await.done();
    assert!(shown.contains(&format!("subject-7f3a ({})", provider.issuer())), "{shown}");
    drop(provider);
    // Without its provider the node says so, where it was led to and to its operator.
    let doctor = node.cli(&["doctor", "--output", "json"]).await;
    assert!(doctor.code != 0 && doctor.stdout.contains("accounts.oidc"), "{doctor}");
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_comes_in_by_the_provider_but_whom_an_account_names() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let provider = OpenidProvider::start(folder.path(), &certificate).await;
    let net = Network::new(2432).web_certificate(&certificate).gateway().node("bijie", &["bijie"]).start().await;
    let node = net.node("bijie");
    let plain = node.let_in(&certificate, "li.ming", &["bijie=editor"]).await;
    let without = node.send(&certificate, &plain, "/account/identity", &[("identity-password", PASSWORD)]).await;
    assert!(without.status == 400 && without.text().contains("accounts.oidc"), "{without:?}");
    assert_eq!(node.page(&certificate, "", "/sign-in/provider").await.status, 400);
    assert!(!node.page(&certificate, "", "/sign-in").await.text().contains("/sign-in/provider"));
    let nobody = node.cli(&["accounts", "bind", "li.ming", "x"]).await;
    assert!(nobody.code != 0 && nobody.stderr.contains("accounts.oidc"), "{nobody}");
    node.stop().await;
    provider.name_in(node);
    provider.start_node(node, &[]).await;
    let browser = Browser { node, certificate: &certificate, provider: &provider };
    assert!(browser.get("", "/sign-in").await.text().contains("/sign-in/provider?back=%2F"));

    // Whom no account names is nobody, whatever the provider says of them.
    let led = browser.led_to_sign_in("%2Fdrafts").await;
    is_refused(&browser.by_provider(&led, "", "li.ming").await, 403, "没有关联");
    assert!(browser.trail("session.sign-in-failed").await.iter().any(|line| line.contains("li.ming is not bound")));

    // An administrator types the subject; then they come in, to where they wanted.
    let bound = node.cli(&["accounts", "bind", "li.ming", "s-1"]).await.done();
    assert!(bound.contains("s-1"), "{bound}");
    assert_eq!(browser.trail("identity.bind").await.len(), 1);
    let led = browser.led_to_sign_in("%2Fdrafts").await;
    let address = provider.vouch(&led.url, "s-1").await;
    let stranger = browser.back_at(&address, "", "").await;
    is_refused(&stranger, 400, "不是从这个浏览器开始的");
    let other = browser.led_to_sign_in("%2F").await;
    is_refused(&browser.back_at(&address, "", &other.cookie).await, 400, "不是从这个浏览器开始的");
    let entered = browser.back_at(&address, "", &led.cookie).await;
    assert_eq!((entered.status, entered.header("location")), (303, "/drafts"), "{entered:?}");
    assert!(entered.header("set-cookie").contains(&format!("{COOKIE}=; ")), "it is used up: {entered:?}");
    let session = entered.session();
    assert_eq!(browser.get(&session, "/account").await.status, 200);
    assert!(browser.trail("session.sign-in").await.iter().any(|line| line.contains("OpenID: s-1")));
    is_refused(&browser.back_at(&address, "", &led.cookie).await, 400, "已经用过");

    // Another provider's answer, one that says no, a code of nobody's.
    let returns = async |query: &str| {
        let led = browser.led_to_sign_in("%2F").await;
        let state = between(&led.url, "state=", "&").to_owned();
        let address = format!("/sign-in/provider/return?state={state}&{query}");
        browser.back_at(&address, "", &led.cookie).await
    };
    let issuer: String = provider.issuer().replace(':', "%3A").replace('/', "%2F");
    is_refused(&returns("code=x&iss=https%3A%2F%2Fother.example").await, 403, "不能证明");
    is_refused(&returns("code=x").await, 403, "不能证明");
    is_refused(&returns(&format!("error=access_denied&iss={issuer}")).await, 403, "没有同意");
    is_refused(&returns(&format!("code=nobodys&iss={issuer}")).await, 403, "不能证明");
    let failed = browser.trail("session.sign-in-failed").await;
    for told in ["another issuer answers", "the provider says access_denied", "the provider's word is not good"] {
        assert!(failed.iter().any(|line| line.contains(told)), "{told}: {failed:?}");
    }

    // What is taken away or disabled is good for nothing.
    node.cli(&["accounts", "disable", "li.ming"]).await.done();
    let led = browser.led_to_sign_in("%2F").await;
    is_refused(&browser.by_provider(&led, "", "s-1").await, 403, "没有关联");
    node.cli(&["accounts", "enable", "li.ming"]).await.done();
    node.cli(&["accounts", "unbind", "li.ming"]).await.done();
    let led = browser.led_to_sign_in("%2F").await;
    is_refused(&browser.by_provider(&led, "", "s-1").await, 403, "没有关联");
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_connect_and_disconnect_with_their_password_and_for_one_account() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let provider = OpenidProvider::start(folder.path(), &certificate).await;
    let net = Network::new(2433).web_certificate(&certificate).gateway().node("bijie", &["bijie"]).start().await;
    let node = net.node("bijie");
    let admin = node.let_in_administrator(&certificate).await;
    let (li, wang) = {
        let li = node.let_in(&certificate, "li.ming", &["bijie=editor"]).await;
        (li, node.let_in(&certificate, "wang.fang", &["bijie=viewer"]).await)
    };
    node.stop().await;
    provider.name_in(node);
    provider.start_node(node, &[("DUIKOU_ACCOUNTS_OIDC_REQUIRE_SECOND_FACTOR", "true")]).await;
    let browser = Browser { node, certificate: &certificate, provider: &provider };

    // A session that was left open is not enough, and what one has begun another does not end.
    let wrong = browser.send(&li, "/account/identity", &[("identity-password", "wrong")]).await;
    assert!(wrong.status == 401 && wrong.text().contains("role=\"alert\""), "{wrong:?}");
    let led = browser.led_to_connect(&li).await;
    let address = provider.vouch(&led.url, "s-li").await;
    is_refused(&browser.back_at(&address, &wang, &led.cookie).await, 401, "登录已结束");
    assert_eq!(browser.trail("identity.bind").await.len(), 0);

    // Connected; the same identity is not for another account, and another identity not for the same.
    let led = browser.led_to_connect(&li).await;
    let connected = browser.by_provider(&led, &li, "s-li").await;
    assert_eq!((connected.status, connected.header("location")), (303, "/account"), "{connected:?}");
    assert!(browser.get(&li, "/account").await.text().contains("s-li"));
    let led = browser.led_to_connect(&wang).await;
    is_refused(&browser.by_provider(&led, &wang, "s-li").await, 409, "已关联另一个账号");
    assert!(!browser.get(&wang, "/account").await.text().contains("s-li"));
    let list = browser.get(&admin, "/admin/accounts").await.text();
    let of = |login: &str| {
        let before = list.split(login).next().unwrap();
        format!(
            "/admin/accounts/{}",
            before.rsplit_once("href=\"/admin/accounts/").unwrap().1.split('"').next().unwrap()
        )
    };
    let pages = [of("<td>li.ming"), of("<td>wang.fang")];
    let taken = browser.send(&admin, &format!("{}/identity", pages[1]), &[("subject", "s-li")]).await;
    assert!(taken.status == 409 && taken.text().contains("已关联另一个账号"), "{taken:?}");
    let bad = browser.send(&admin, &format!("{}/identity", pages[1]), &[("subject", "a b")]).await;
    assert!(bad.status == 400 && bad.text().contains("id=\"subject-error\""), "{bad:?}");
    let typed = browser.send(&admin, &format!("{}/identity", pages[1]), &[("subject", "s-wang")]).await;
    assert_eq!((typed.status, typed.header("location")), (303, &*pages[1]), "{typed:?}");

    // Where the operator wants it, whoever has a second factor is asked for it too.
    let shown = browser.send(&li, "/account/factor", &[("factor-password", PASSWORD)]).await.text();
    let secret = between(&shown, "name=\"shown\" value=\"", "\"").to_owned();
    let uri = between(&shown, "name=\"uri\" value=\"", "\"").replace("&#38;", "&").replace("&amp;", "&");
    let code = python("totp.py", secret.as_bytes()).await;
    let first = [("shown", &*secret), ("uri", &*uri), ("first-code", code.trim())];
    let on = browser.send(&li, "/account/factor/confirm", &first).await.text();
    let recovery = between(&on, "<li><code>", "</code>").to_owned();
    let led = browser.led_to_sign_in("%2Faccount").await;
    let half = browser.by_provider(&led, "", "s-li").await;
    assert_eq!((half.status, &*half.session()), (200, ""), "{half:?}");
    let challenge = between(&half.text(), "name=\"challenge\" value=\"", "\"").to_owned();
    let whole = [("challenge", &*challenge), ("code", &*recovery), ("back", "/account")];
    let entered = browser.send("", "/sign-in", &whole).await;
    assert!(entered.status == 303 && entered.session().starts_with("ds_"), "{entered:?}");
    let led = browser.led_to_sign_in("%2F").await;
    assert_eq!(browser.by_provider(&led, "", "s-wang").await.status, 303, "who has none is not");

    // Disconnected: by oneself with the password, by an administrator with a button.
    let issuer = provider.issuer();
    let remove = |password| [("issuer", issuer), ("identity-password", password)];
    assert_eq!(browser.send(&li, "/account/identity/remove", &remove("wrong")).await.status, 401);
    assert_eq!(browser.send(&li, "/account/identity/remove", &remove(PASSWORD)).await.status, 303);
    assert_eq!(browser.send(&admin, &format!("{}/identity/remove", pages[1]), &[("issuer", issuer)]).await.status, 303);
    let again = browser.send(&admin, &format!("{}/identity/remove", pages[1]), &[("issuer", issuer)]).await;
    assert!(again.status == 400 && again.text().contains("没有关联这样的身份"), "{again:?}");
    for subject in ["s-li", "s-wang"] {
        let led = browser.led_to_sign_in("%2F").await;
        is_refused(&browser.by_provider(&led, "", subject).await, 403, "没有关联");
    }
    assert_eq!(browser.trail("identity.").await.len(), 4);
    net.finish().await;
}
