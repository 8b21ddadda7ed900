//! What each role can do by pages, as a table over their routes: those that are refused hear so before anything is looked
//! at, and nothing has changed.

use duikou_tests::harness::{HttpAnswer, Network, SESSION_COOKIE, Server, WebCertificate};

/// The least that somebody must be. Each may all that those before may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Least {
    Anybody,
    /// Signed in, as a viewer.
    Viewer,
    Editor,
    Reviewer,
    Admin,
    /// Administers the whole server.
    Server,
}

use Least::{Admin, Anybody, Editor, Viewer};

/// Pages that are opened. Ids are of nobody: whoever may look hears that there is none.
const OPENED: &[(&str, Least)] = &[
    ("/", Anybody),
    ("/listings", Anybody),
    ("/calendar", Anybody),
    ("/members", Anybody),
    ("/design", Anybody),
    ("/listings.atom", Anybody),
    ("/listings.xlsx", Anybody),
    ("/listings.csv", Anybody),
    ("/listings/suggest?q=tea", Anybody),
    ("/sign-in/token", Anybody),
    ("/home/work", Viewer),
    ("/statistics", Viewer),
    ("/statistics/kinds.csv", Viewer),
    ("/saved", Viewer),
    ("/saved/nobody", Viewer),
    ("/saved/nobody/delete", Viewer),
    ("/saved/nobody/subscribe", Editor),
    ("/subscriptions/nobody", Viewer),
    ("/subscriptions/nobody/delete", Editor),
    ("/drafts", Editor),
    ("/drafts.xlsx", Editor),
    ("/drafts/new", Editor),
    ("/drafts/new?kind=talent&direction=offer", Editor),
    ("/drafts/published", Editor),
    ("/drafts/review?batch=nothing", Editor),
    ("/drafts/bijie/nothing", Editor),
    ("/drafts/bijie/nothing/send", Editor),
    ("/drafts/bijie/nothing/review", Editor),
    ("/drafts/bijie/nothing/delete", Editor),
    ("/listings/bijie/nothing/end", Editor),
    ("/suggest/regions?q=bijie", Viewer),
    ("/import", Editor),
    ("/import/template/talent.xlsx", Anybody),
    ("/import/nothing", Editor),
    ("/import/nothing/progress", Viewer),
    ("/import/nothing/columns", Editor),
    ("/import/nothing/wrong.xlsx", Viewer),
    ("/import/nothing/delete", Viewer),
    ("/admin", Admin),
    ("/admin/directory", Admin),
    ("/admin/approval", Editor),
    ("/admin/backups", Least::Server),
    ("/admin/backups/nothing.duikou", Least::Server),
    ("/admin/settings", Least::Server),
    ("/account", Viewer),
    ("/admin/accounts", Admin),
    ("/admin/accounts/new", Admin),
    ("/admin/accounts/nobody", Admin),
    ("/admin/accounts/nobody/delete", Admin),
    ("/admin/audit", Admin),
    ("/admin/audit.csv", Admin),
    ("/admin/audit.jsonl", Admin),
];

/// Forms that are sent, with nothing in them: whoever may send one hears what is wrong with it.
const SENT: &[(&str, Least)] = &[
    ("/preferences", Anybody),
    ("/sign-in/token", Anybody),
    ("/session/member", Viewer),
    ("/account/profile", Viewer),
    ("/account/password", Viewer),
    ("/account/factor", Viewer),
    ("/account/factor/confirm", Viewer),
    ("/account/factor/remove", Viewer),
    ("/account/identity", Viewer),
    ("/account/identity/remove", Viewer),
    ("/account/sessions/end", Viewer),
    ("/admin/accounts", Admin),
    ("/admin/accounts/nobody", Admin),
    ("/admin/accounts/nobody/reset", Admin),
    ("/admin/accounts/nobody/disable", Admin),
    ("/admin/accounts/nobody/enable", Admin),
    ("/admin/accounts/nobody/identity", Admin),
    ("/admin/accounts/nobody/identity/remove", Admin),
    ("/admin/accounts/nobody/delete", Admin),
    ("/admin/accounts/nobody/sessions/end", Admin),
    ("/admin/audit/verify", Least::Server),
    ("/saved", Viewer),
    ("/saved/nobody/delete", Viewer),
    ("/saved/nobody/subscribe", Editor),
    ("/subscriptions/nobody/pause", Editor),
    ("/subscriptions/nobody/resume", Editor),
    ("/subscriptions/nobody/test", Editor),
    ("/subscriptions/nobody/delete", Editor),
    ("/drafts/new", Editor),
    ("/drafts/bijie/nothing", Editor),
    ("/drafts/bijie/nothing/send", Editor),
    ("/drafts/bijie/nothing/approve", Editor),
    ("/drafts/bijie/nothing/return", Editor),
    ("/drafts/bijie/nothing/delete", Editor),
    ("/drafts/review", Editor),
    ("/listings/bijie/nothing/edit", Editor),
    ("/listings/bijie/nothing/renew", Editor),
    ("/listings/bijie/nothing/end", Editor),
    ("/preview", Editor),
    ("/import/nothing/columns", Editor),
    ("/import/nothing/table", Editor),
    ("/import/nothing/publish", Editor),
    ("/import/nothing/stop", Viewer),
    ("/import/nothing/delete", Viewer),
    ("/admin/approval", Admin),
    ("/admin/backups", Least::Server),
    ("/admin/settings", Least::Server),
];

/// Whether an answer says that whoever asked may not.
fn refused(answer: &HttpAnswer) -> bool {
    let text = answer.text();
    let led_away = answer.status == 303 && answer.header("location").starts_with("/sign-in");
    let must_sign_in = answer.status == 401 && text.contains("action=\"/sign-in\"");
    led_away || must_sign_in || answer.status == 403
}

async fn accounts(node: &Server) -> String {
    node.cli(&["accounts", "list", "--output", "json"]).await.done()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_does_what_its_row_allows_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(2421).web_certificate(&certificate).gateway().node("bijie", &["bijie"]).start().await;
    let node = net.node("bijie");
    let mut askers = vec![(Least::Anybody, String::new())];
    for (login, least) in
        [("viewer", Least::Viewer), ("editor", Least::Editor), ("reviewer", Least::Reviewer), ("manager", Least::Admin)]
    {
        let role = if login == "manager" { "admin" } else { login };
        let session = node.let_in(&certificate, login, &[&format!("bijie={role}")]).await;
        askers.push((least, session));
    }
    askers.push((Least::Server, node.let_in_administrator(&certificate).await));
    let before = accounts(node).await;
    let mut looked = 0;
    for (who, session) in &mut askers {
        for (path, least) in OPENED {
            let answer = node.page(&certificate, session, path).await;
            assert_eq!(!refused(&answer), *who >= *least, "{who:?} opens {path}: {answer:?}");
            looked += 1;
        }
        for (path, least) in SENT {
            let answer = node.send(&certificate, session, path, &[]).await;
            assert_eq!(!refused(&answer), *who >= *least, "{who:?} sends {path}: {answer:?}");
            // An administrator of the server who names no member acts for the server, under another secret.
            if answer.header("set-cookie").contains(SESSION_COOKIE) {
                *session = answer.session();
            }
            looked += 1;
        }
    }
    assert!(looked > 500, "{looked}");
    assert_eq!(accounts(node).await, before, "nothing has changed");
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registered_reader_reads_and_does_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(2422).web_certificate(&certificate).gateway().node("bijie", &["bijie"]).start().await;
    let gateway = net.gateway();
    let made = gateway.cli(&["tokens", "create", "--registered", "--output", "json"]).await.done();
    let made: serde_json::Value = serde_json::from_str(&made).unwrap();
    let token = made["secret"].as_str().unwrap();
    let opened = OPENED.iter().map(|(path, least)| (path, least, true));
    for (path, least, opens) in opened.chain(SENT.iter().map(|(path, least)| (path, least, false))) {
        let answer = match opens {
            true => gateway.page(&certificate, token, path).await,
            false => gateway.send(&certificate, token, path, &[]).await,
        };
        assert_eq!(!refused(&answer), *least == Anybody, "{path}: {answer:?}");
    }
    net.finish().await;
}
