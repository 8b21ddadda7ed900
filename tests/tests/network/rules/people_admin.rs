//! An office is set up in the browser: the first administrator, those who are let in, second factors, and what the audit
//! trail tells of it.

use duikou_tests::harness::{
    HttpAnswer, Network, PASSWORD, SESSION_COOKIE, Seen, Server, WebCertificate, browse_as, python,
};

const HTML: &str = "accept: text/html";

/// A server, as people reach it with their browsers.
struct Office<'a> {
    server: &'a Server,
    certificate: &'a WebCertificate,
}

/// What stands in `html` between these.
fn between<'a>(html: &'a str, before: &str, after: &str) -> &'a str {
    let rest = html.split_once(before).unwrap_or_else(|| panic!("no {before} in {html}")).1;
    rest.split_once(after).unwrap_or_else(|| panic!("no {after} in {rest}")).0
}

impl Office<'_> {
    async fn get(&self, session: &str, path: &str) -> HttpAnswer {
        self.server.page(self.certificate, session, path).await
    }

    async fn send(&self, session: &str, path: &str, fields: &[(&str, &str)]) -> HttpAnswer {
        self.server.send(self.certificate, session, path, fields).await
    }

    /// Sets a password by a one-time link.
    async fn accept(&self, path: &str) -> HttpAnswer {
        self.send("", path, &[("new-password", PASSWORD), ("new-again", PASSWORD)]).await
    }

    async fn sign_in(&self, login: &str) -> HttpAnswer {
        self.send("", "/sign-in", &[("login", login), ("password", PASSWORD)]).await
    }

    /// The path of the one-time link that a page shows.
    fn link(answer: &HttpAnswer) -> String {
        assert_eq!((answer.status, answer.header("cache-control")), (200, "private, no-store"), "{answer:?}");
        let text = answer.text();
        format!("/account/link/{}", between(&text, "/account/link/", "\""))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_office_is_set_up_by_its_pages_alone() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net =
        Network::new(2411).web_certificate(&certificate).gateway().node("offices", &["bijie", "zunyi"]).start().await;
    let node = net.node("offices");
    let office = Office { server: node, certificate: &certificate };
    let printed = node.cli(&["accounts", "first-admin"]).await.done();
    let path = format!("/account/link/{}", printed.trim().rsplit('/').next().unwrap());

    // Looking at the link uses nothing up; whatever is wrong with the password neither.
    for _ in 0..2 {
        let page = office.get("", &path).await;
        assert!(page.status == 200 && page.text().contains("value=\"admin\""), "{page:?}");
        assert_eq!(page.header("cache-control"), "private, no-store", "{page:?}");
    }
    let differs = office.send("", &path, &[("new-password", PASSWORD), ("new-again", "another")]).await;
    assert!(differs.status == 400 && differs.text().contains("不一致"), "{differs:?}");
    let weak = office.send("", &path, &[("new-password", "admin"), ("new-again", "admin")]).await;
    assert!(weak.status == 400 && weak.text().contains("id=\"new-password-error\""), "{weak:?}");
    let set = office.accept(&path).await;
    assert_eq!((set.status, set.header("location")), (303, "/sign-in?login=admin"), "{set:?}");
    for replayed in [office.accept(&path).await, office.get("", &path).await] {
        assert!(replayed.status == 400 && replayed.text().contains("链接无效、已使用或已过期"), "{replayed:?}");
    }
    let admin = office.sign_in("admin").await.session();

    // Somebody is let in. What is wrong is told beside the field, and what was typed stays.
    let role = |value| ("role.bijie.pprd.example", value);
    let wrong = [("login", "li ming"), ("display-name", "李明"), role("ADMIN")];
    let wrong = office.send(&admin, "/admin/accounts", &wrong).await;
    let text = wrong.text();
    assert!(wrong.status == 400 && text.contains("id=\"login-error\"") && text.contains("value=\"李明\""), "{text}");
    let new = [("login", "li.ming"), ("display-name", "李明"), ("language", ""), role("ADMIN")];
    let made = office.send(&admin, "/admin/accounts", &new).await;
    let link = Office::link(&made);
    assert_eq!(office.send(&admin, "/admin/accounts", &new).await.status, 409, "the login is taken");
    office.accept(&link).await;
    let li = office.sign_in("li.ming").await.session();
    let list = office.get(&li, "/admin/accounts").await.text();
    assert!(list.contains("李明") && !list.contains(">admin<"), "the server's administrators are not theirs: {list}");
    let id = between(&list, "href=\"/admin/accounts/0", "\"").to_owned();
    let page = format!("/admin/accounts/0{id}");

    // The administrator of the server gives another role; that of one member cannot make administrators.
    let change = [("display-name", "李明明"), ("language", "en"), role("REVIEWER")];
    let changed = office.send(&admin, &page, &change).await;
    assert_eq!((changed.status, changed.header("location")), (303, &*page), "{changed:?}");
    assert!(office.get(&admin, &page).await.text().contains("value=\"李明明\""));
    assert_eq!(office.get(&li, "/admin/accounts").await.status, 403, "a role that is taken away is gone at once");
    let up = [("display-name", "李明明"), ("node-admin", "on"), role("ADMIN")];
    assert_eq!(office.send(&li, &page, &up).await.status, 403);

    // Reset: the sessions end, the link sets a new password. Disabled: nobody signs in.
    let reset = office.send(&admin, &format!("{page}/reset"), &[]).await;
    assert_eq!(office.get(&li, "/account").await.status, 303, "the session has ended");
    assert_eq!(office.sign_in("li.ming").await.status, 401);
    office.accept(&Office::link(&reset)).await;
    let li = office.sign_in("li.ming").await.session();
    assert_eq!(office.send(&admin, &format!("{page}/disable"), &[]).await.status, 303);
    assert_eq!((office.get(&li, "/account").await.status, office.sign_in("li.ming").await.status), (303, 401));
    // The list says so, and for how often somebody has tried since they were last in.
    let list = office.get(&admin, "/admin/accounts").await.text();
    let says = ["最近使用", "已停用", "登录失败1次", "resource=accounts%2F0"];
    assert!(says.iter().all(|text| list.contains(text)), "{list}");
    assert_eq!(office.send(&admin, &format!("{page}/enable"), &[]).await.status, 303);
    let entered = office.sign_in("li.ming").await;
    let list = office.get(&admin, "/admin/accounts").await.text();
    assert!(list.contains("正常") && !list.contains("登录失败") && !list.contains("已停用"), "{list}");
    assert!(entered.header("set-cookie").contains("language=en"), "the account's language: {entered:?}");
    assert!(office.get(&admin, &format!("{page}/delete")).await.text().contains("li.ming"));

    // The trail tells of it in words, finds, is exported, and is whole.
    let trail = office.get(&admin, "/admin/audit?action=account.").await.text();
    assert!(trail.contains("<td>新建账号</td>") && !trail.contains("<td>登录失败</td>"), "{trail}");
    assert!(trail.contains("<td>停用账号</td>"), "{trail}");
    let failed = office.get(&admin, "/admin/audit?action=session.sign-in-failed").await.text();
    assert!(failed.contains("<td>登录失败</td>") && !failed.contains("<td>停用账号</td>"), "{failed}");
    // Whoever knows no name of the trail finds by what people are called.
    let called = office.get(&admin, "/admin/audit?resource=%E6%98%8E%E6%98%8E").await.text();
    assert!(called.contains("?resource=accounts%2F0") && called.contains(">李明明</a>"), "{called}");
    let bad = office.get(&admin, "/admin/audit?since=yesterday").await;
    assert!(bad.status == 400 && bad.text().contains("id=\"since-error\""), "{bad:?}");
    let csv = office.get(&admin, "/admin/audit.csv?action=account.disable").await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!((csv.text().lines().count(), csv.header("cache-control")), (2, "private, no-store"), "{csv:?}");
    let lines = office.get(&admin, "/admin/audit.jsonl").await.text();
    assert!(lines.lines().all(|line| line.starts_with('{') && line.contains("\"previous\"")), "{lines}");
    assert!(lines.lines().count() > 10, "{lines}");
    let verified = office.send(&admin, "/admin/audit/verify", &[]).await;
    assert!(verified.status == 200 && verified.text().contains("与写入时一致"), "{verified:?}");
    let li = entered.session();
    assert_eq!(office.send(&li, "/admin/audit/verify", &[]).await.status, 403);
    let deleted = office.send(&admin, &format!("{page}/delete"), &[]).await;
    assert_eq!((deleted.status, deleted.header("location")), (303, "/admin/accounts"), "{deleted:?}");
    assert_eq!((office.get(&li, "/account").await.status, office.get(&admin, &page).await.status), (303, 404));
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_look_after_their_own_account() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(2412).web_certificate(&certificate).gateway().node("bijie", &["bijie"]).start().await;
    let node = net.node("bijie");
    let office = Office { server: node, certificate: &certificate };
    let li = node.let_in(&certificate, "li.ming", &["bijie=editor"]).await;
    let elsewhere = office.sign_in("li.ming").await.session();

    // A second factor: the password once more, the picture, the first code, and codes that are shown once.
    let wrong = office.send(&li, "/account/factor", &[("factor-password", "wrong")]).await;
    assert!(wrong.status == 401 && wrong.text().contains("role=\"alert\""), "{wrong:?}");
    let shown = office.send(&li, "/account/factor", &[("factor-password", PASSWORD)]).await;
    let text = shown.text();
    assert!(shown.status == 200 && text.contains("src=\"data:image/svg+xml;base64,"), "{text}");
    let secret = between(&text, "name=\"shown\" value=\"", "\"").to_owned();
    let uri = between(&text, "name=\"uri\" value=\"", "\"").replace("&#38;", "&").replace("&amp;", "&");
    let first = async |code: &str| {
        let fields = [("shown", &*secret), ("uri", &*uri), ("first-code", code)];
        office.send(&li, "/account/factor/confirm", &fields).await
    };
    let bad = first("000 000").await;
    assert!(bad.status == 400 && bad.text().contains(&secret), "the picture stays: {bad:?}");
    let code = python("totp.py", secret.as_bytes()).await;
    let on = first(code.trim()).await;
    assert!(on.status == 200 && on.header("cache-control") == "private, no-store", "{on:?}");
    let recovery = between(&on.text(), "<li><code>", "</code>").to_owned();
    assert!(!office.get(&li, "/account").await.text().contains(&recovery), "they are shown once");

    // Signing in takes two steps now; a code is good once, and one of the recovery codes stands in for it.
    let step = office.sign_in("li.ming").await;
    assert_eq!((step.status, &*step.session()), (200, ""), "{step:?}");
    let challenge = between(&step.text(), "name=\"challenge\" value=\"", "\"").to_owned();
    let used = office.send("", "/sign-in", &[("challenge", &challenge), ("code", code.trim())]).await;
    assert!(used.status == 401 && used.text().contains("name=\"challenge\""), "{used:?}");
    let again = office.send("", "/sign-in", &[("challenge", &challenge), ("again", "yes")]).await;
    assert!(again.status == 200 && again.text().contains("name=\"password\""), "{again:?}");
    let entered = office.send("", "/sign-in", &[("challenge", &challenge), ("code", &recovery)]).await;
    assert!(entered.status == 303 && entered.session().starts_with("ds_"), "{entered:?}");
    let replayed = office.send("", "/sign-in", &[("challenge", &challenge), ("code", &recovery)]).await;
    assert_eq!((replayed.status, &*replayed.session()), (401, ""), "{replayed:?}");

    // Sessions are listed, and end by a button: one, or all others.
    let page = office.get(&li, "/account").await.text();
    assert_eq!(page.matches("name=\"session\" value=\"0").count(), 2, "{page}");
    let ended = office.send(&li, "/account/sessions/end", &[("session", "-")]).await;
    assert_eq!((ended.status, ended.header("location")), (303, "/account"), "{ended:?}");
    assert_eq!(office.get(&elsewhere, "/account").await.status, 303);
    assert_eq!(office.send(&li, "/account/sessions/end", &[("session", "nobody's")]).await.status, 404);

    // Name and language; the password, which ends what is elsewhere.
    let named = office.send(&li, "/account/profile", &[("display-name", "李明"), ("language", "zh")]).await;
    assert!(named.header("set-cookie").contains("language=zh-CN"), "{named:?}");
    let empty = office.send(&li, "/account/profile", &[("display-name", ""), ("language", "zh")]).await;
    assert!(empty.status == 400 && empty.text().contains("id=\"display-name-error\""), "{empty:?}");
    let new = "river-7-lantern";
    let change = |old, again| [("old-password", old), ("new-password", new), ("new-again", again)];
    assert_eq!(office.send(&li, "/account/password", &change("wrong", new)).await.status, 401);
    assert_eq!(office.send(&li, "/account/password", &change(PASSWORD, "other")).await.status, 400);
    assert_eq!(office.send(&li, "/account/password", &change(PASSWORD, new)).await.status, 303);
    assert_eq!(office.sign_in("li.ming").await.status, 401, "the password before is good for nothing");
    let off = office.send(&li, "/account/factor/remove", &[("factor-password", new)]).await;
    assert_eq!(off.status, 303, "{off:?}");
    assert!(!office.get(&li, "/account").await.text().contains("/account/factor/remove"));
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_guesses_in_a_browser_is_told_how_long_to_wait() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(2413).web_certificate(&certificate).gateway().node("bijie", &["bijie"]).start().await;
    let node = net.node("bijie");
    let mut told = None;
    for _ in 0..30 {
        let fields = [("login", "li.ming"), ("password", "guess")];
        let answer = node.send(&certificate, "", "/sign-in", &fields).await;
        if answer.status == 429 {
            told = Some(answer);
            break;
        }
        assert_eq!(answer.status, 401, "{answer:?}");
    }
    let told = told.expect("guessing is slowed down");
    assert!(told.text().contains("秒后重试") && !told.header("retry-after").is_empty(), "{told:?}");
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_administration_work_in_a_browser() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net =
        Network::new(2414).web_certificate(&certificate).gateway().node("offices", &["bijie", "zunyi"]).start().await;
    let node = net.node("offices");
    let office = Office { server: node, certificate: &certificate };
    let admin = node.let_in_administrator(&certificate).await;
    node.let_in(&certificate, "li.ming", &["bijie=editor", "zunyi=viewer"]).await;
    let list = office.get(&admin, "/admin/accounts").await.text();
    let one = format!("/admin/accounts/0{}", between(&list, "href=\"/admin/accounts/0", "\""));
    let delete = format!("{one}/delete");
    let page = |name, path| Seen { name, path, status: 200 };
    let pages = [
        page("own account", "/account"),
        page("all accounts", "/admin/accounts"),
        page("new account", "/admin/accounts/new"),
        page("one account", &one),
        page("delete account", &delete),
        page("audit", "/admin/audit"),
        page("audit found", "/admin/audit?actor=local&action=account.&since=2026-01-01"),
        Seen { name: "audit wrong", path: "/admin/audit?since=x", status: 400 },
        Seen { name: "no account", path: "/admin/accounts/none", status: 404 },
    ];
    let faults = browse_as(&format!("https://{}", node.addresses().web), &admin, &pages).await;
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let cookie = format!("cookie: {SESSION_COOKIE}={admin}");
    let cached = node.curl(&certificate, &["-H", HTML, "-H", &cookie], "/account").await;
    assert_eq!(cached.header("cache-control"), "private, no-store");
    net.finish().await;
}
