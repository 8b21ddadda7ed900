//! People in a browser: they sign in and out, and nobody else is taken for them.

use duikou_proto::v1::token::Role;
use duikou_tests::harness::{Network, PASSWORD, SESSION_COOKIE, Seen, WebCertificate, browse, browse_as, offer};

const HTML: &str = "accept: text/html";

#[tokio::test(flavor = "multi_thread")]
async fn people_sign_in_act_for_their_members_and_sign_out() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net =
        Network::new(2401).web_certificate(&certificate).gateway().node("offices", &["bijie", "zunyi"]).start().await;
    let node = net.node("offices");
    node.let_in(&certificate, "li.ming", &["bijie=admin", "zunyi=viewer"]).await;
    node.publish(offer("inner").titled("hidden harbour").for_members(&["bijie"])).await.unwrap();

    // Whoever is not signed in is led there, and back.
    let away = node.curl(&certificate, &["-H", HTML], "/account").await;
    assert_eq!((away.status, away.header("location")), (303, "/sign-in?back=%2Faccount"), "{away:?}");
    let program = node.curl(&certificate, &[], "/account").await;
    assert_eq!((program.status, &*program.reason()), (401, "SESSION_REQUIRED"), "{program:?}");
    let enter = async |login: &str, password: &str| {
        node.send(&certificate, "", "/sign-in", &[("login", login), ("password", password), ("back", "/account")]).await
    };
    // Unknown and wrong are one answer, and what was typed stays.
    let told = async |login: &str| {
        let answer = enter(login, "wrong").await;
        assert_eq!((answer.status, &*answer.session()), (401, ""), "{answer:?}");
        assert!(answer.text().contains(&format!("value=\"{login}\"")) && !answer.text().contains("wrong"));
        answer.text().replace(login, "")
    };
    assert_eq!(told("li.ming").await, told("nobody").await);
    let entered = enter(" Li.Ming ", PASSWORD).await;
    assert_eq!((entered.status, entered.header("location")), (303, "/account"), "{entered:?}");
    let set = entered.header("set-cookie").to_owned();
    for part in [&*format!("{SESSION_COOKIE}=ds_"), "; Path=/", "; Secure", "; HttpOnly", "; SameSite=Lax"] {
        assert!(set.contains(part), "{set}");
    }
    let session = entered.session();

    // Pages are theirs alone, say who is signed in, and are kept nowhere.
    let page = node.page(&certificate, &session, "/listings?q=harbour").await;
    let text = page.text();
    assert!(text.contains("hidden harbour") && text.contains("li.ming") && text.contains("/sign-out"), "{text}");
    assert_eq!(page.header("cache-control"), "private, no-store", "{page:?}");
    assert!(!page.headers.contains_key("access-control-allow-origin"), "{page:?}");
    // Where nothing holds all of the words, it is said which of them are to blame.
    let nothing = node.page(&certificate, &session, "/listings?q=harbour+zzyzx").await.text();
    assert!(nothing.contains("href=\"/listings?q=harbour\">去掉“zzyzx”"), "{nothing}");
    assert!(!nothing.contains("去掉“harbour”"), "{nothing}");
    let anybody = node.curl(&certificate, &["-H", HTML], "/listings?q=harbour").await;
    assert!(!anybody.text().contains("hidden harbour") && anybody.text().contains("/sign-in?back="), "{anybody:?}");

    // For another member they are somebody else, under another secret; the one before is good for nothing.
    let fields = [("member", "zunyi"), ("back", "/listings?q=harbour")];
    let switched = node.send(&certificate, &session, "/session/member", &fields).await;
    assert_eq!((switched.status, switched.header("location")), (303, "/listings?q=harbour"), "{switched:?}");
    let zunyi = switched.session();
    assert!(!node.page(&certificate, &zunyi, "/listings?q=harbour").await.text().contains("hidden harbour"));
    assert_eq!(node.page(&certificate, &session, "/account").await.status, 303, "it was rotated");
    let nobody = node.send(&certificate, &zunyi, "/session/member", &[("member", "shenzhen")]).await;
    assert_eq!((nobody.status, &*nobody.session()), (404, ""), "{nobody:?}");
    assert_eq!(node.page(&certificate, &zunyi, "/admin/accounts").await.status, 403, "a viewer there");

    // Out: the next page says so, once.
    let out = node.send(&certificate, &zunyi, "/sign-out", &[]).await;
    assert_eq!((out.status, out.header("location"), &*out.session()), (303, "/", ""), "{out:?}");
    assert!(out.header("set-cookie").contains(&format!("{SESSION_COOKIE}=; ")), "{out:?}");
    let told = node.curl(&certificate, &["-H", HTML, "-H", "cookie: notice=done-signed-out"], "/").await;
    assert!(told.text().contains("您已退出登录"), "{told:?}");
    assert!(told.header("set-cookie").contains("notice=; "), "{told:?}");
    assert!(!node.curl(&certificate, &["-H", HTML], "/").await.text().contains("您已退出登录"));
    let other = node.curl(&certificate, &["-H", HTML, "-H", "cookie: notice=sign-in-ended"], "/").await;
    assert!(!other.text().contains("登录已结束"), "a cookie says nothing else: {other:?}");
    assert_eq!(node.page(&certificate, &zunyi, "/account").await.status, 303);
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_was_sent_after_the_session_ended_is_not_lost() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(2402).web_certificate(&certificate).gateway().node("bijie", &["bijie"]).start().await;
    let node = net.node("bijie");
    let session = node.let_in(&certificate, "li.ming", &["bijie=editor"]).await;
    // A form that meets an error is in the page that tells of it, but never one that another site has filled in.
    let typed = [("name", "常看的<茶>"), ("query", "kind=none")];
    let missing =
        node.send(&certificate, &session, "/drafts/bijie/0190b5c4-7f2e-7c3e-9d5e-1f2a3b4c5d6e/delete", &typed).await;
    let text = missing.text();
    assert!(missing.status == 404 && text.contains("您输入的内容还在这里"), "{text}");
    assert!(text.contains("name=\"name\" value=\"常看的&#60;茶&#62;\""), "{text}");
    let cookie = format!("cookie: {SESSION_COOKIE}={session}");
    let foreign = ["-H", HTML, "-H", &cookie, "-H", "sec-fetch-site: cross-site", "-d", "name=forged"];
    let forged = node.curl(&certificate, &foreign, "/saved").await;
    assert!(forged.status == 403 && !forged.text().contains("forged"), "{forged:?}");
    node.send(&certificate, &session, "/sign-out", &[]).await;
    let typed = [("member", "bijie"), ("back", "/members"), ("note", "春茶\"><b>"), ("password", "secret-word")];
    let asked = node.send(&certificate, &session, "/session/member", &typed).await;
    let text = asked.text();
    assert_eq!(asked.status, 401, "{asked:?}");
    assert!(text.contains("action=\"/sign-in\"") && text.contains("登录已结束"), "{text}");
    assert!(text.contains("name=\"waiting.note\" value=\"春茶&#34;&#62;&#60;b&#62;\""), "{text}");
    assert!(!text.contains("secret-word"), "{text}");
    let mut again = vec![("waiting-path", "/session/member"), ("login", "li.ming"), ("password", "wrong")];
    again.extend([("waiting.member", "bijie"), ("waiting.back", "/members"), ("waiting.note", "春茶")]);
    let wrong = node.send(&certificate, "", "/sign-in", &again).await;
    assert!(wrong.status == 401 && wrong.text().contains("name=\"waiting.note\" value=\"春茶\""), "{wrong:?}");
    again[2].1 = PASSWORD;
    let on = node.send(&certificate, "", "/sign-in", &again).await;
    assert_eq!(on.status, 200, "{on:?}");
    assert!(on.text().contains("action=\"/session/member\"") && on.text().contains("name=\"note\" value=\"春茶\""));
    let sent = node.send(&certificate, &on.session(), "/session/member", &typed).await;
    assert_eq!((sent.status, sent.header("location")), (303, "/members"), "{sent:?}");
    // Files cannot be kept, and the page says so.
    let file = ["-H", HTML, "-H", &cookie, "-F", "sheet=rows;filename=rows.csv"];
    let lost = node.curl(&certificate, &file, "/session/member").await;
    assert!(lost.status == 401 && lost.text().contains("文件未能保留"), "{lost:?}");
    // A script hears it as a program does.
    let script = node.curl(&certificate, &["-H", &cookie, "-d", "member=bijie"], "/session/member").await;
    assert_eq!((script.status, &*script.reason()), (401, "SESSION_ENDED"), "{script:?}");
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cookies_count_on_pages_alone_and_forged_forms_do_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(2403).web_certificate(&certificate).gateway().node("bijie", &["bijie"]).start().await;
    let node = net.node("bijie");
    let session = node.let_in(&certificate, "li.ming", &["bijie=admin"]).await;
    let cookie = format!("cookie: {SESSION_COOKIE}={session}");
    for path in ["/v1/myself", "/v1/accounts", "/v1/tokens"] {
        let answer = node.curl(&certificate, &["-H", &cookie], path).await;
        assert_eq!(answer.status, 401, "{path}: {answer:?}");
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{answer:?}");
    }
    node.publish(offer("inner").titled("hidden harbour").for_members(&["bijie"])).await.unwrap();
    let feed = node.curl(&certificate, &["-H", &cookie], "/listings.json").await;
    assert!(feed.status == 200 && !feed.text().contains("hidden harbour"), "{feed:?}");
    // Cookies under another name, or put there by somebody without TLS, show nobody.
    for other in [format!("cookie: session={session}"), format!("cookie: __host-session={session}")] {
        let answer = node.curl(&certificate, &["-H", HTML, "-H", &other], "/account").await;
        assert_eq!(answer.status, 303, "{other}: {answer:?}");
    }
    // Forms of other sites change nothing, whatever goes along.
    for header in ["origin: https://elsewhere.example", "sec-fetch-site: cross-site", "sec-fetch-site: same-site"] {
        for path in ["/sign-out", "/session/member", "/sign-in"] {
            let args = ["-H", HTML, "-H", &cookie, "-H", header, "-d", "member=bijie"];
            let forged = node.curl(&certificate, &args, path).await;
            assert_eq!((forged.status, &*forged.session()), (403, ""), "{path} {header}: {forged:?}");
        }
    }
    assert_eq!(node.page(&certificate, &session, "/account").await.status, 200, "it is as it was");
    // What is larger than any form is refused, signed in or not.
    let large = format!("member=bijie&note={}", "x".repeat(1024 * 1024));
    let file = folder.path().join("large");
    std::fs::write(&file, large).unwrap();
    let data = format!("@{}", file.display());
    for cookie in [&*cookie, "cookie: a=b"] {
        let args = ["-H", HTML, "-H", cookie, "-d", &data];
        let refused = node.curl(&certificate, &args, "/session/member").await;
        assert!(refused.status == 413 && refused.text().contains("提交的内容过多"), "{refused:?}");
    }
    let token = node.token("bijie", Role::Viewer).await.unwrap();
    let bearer = format!("authorization: Bearer {token}");
    let both = node.curl(&certificate, &["-H", HTML, "-H", &cookie, "-H", &bearer], "/account").await;
    assert_eq!(both.status, 303, "what is shown by hand goes before: {both:?}");
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_people_work_in_a_browser_in_both_languages() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net =
        Network::new(2404).web_certificate(&certificate).gateway().node("offices", &["bijie", "zunyi"]).start().await;
    let node = net.node("offices");
    let session = node.let_in(&certificate, "li.ming", &["bijie=admin", "zunyi=viewer"]).await;
    let base = format!("https://{}", node.addresses().web);
    let page = |name, path| Seen { name, path, status: 200 };
    let faults = browse(&base, &[page("sign in", "/sign-in"), page("sign in first", "/account")]).await;
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let pages = [page("signed in home", "/"), page("account", "/account"), page("accounts", "/admin/accounts")];
    let faults = browse_as(&base, &session, &pages).await;
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    net.finish().await;
}
