//! What each role can do by pages, as a table over their routes: those that are refused hear so before anything is looked
//! at, and nothing has changed.

use std::path::{Path, PathBuf};

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
    ("/help", Anybody),
    ("/listings.atom", Anybody),
    ("/listings.json", Anybody),
    ("/listings.ics", Anybody),
    ("/listings/bijie/nothing", Anybody),
    ("/listings/bijie/nothing/counterparts", Anybody),
    ("/listings/bijie/nothing/counterparts.xlsx", Anybody),
    ("/listings/bijie/nothing/counterparts.csv", Anybody),
    ("/members/bijie", Anybody),
    ("/members.xlsx", Anybody),
    ("/members.csv", Anybody),
    ("/assets/nothing", Anybody),
    ("/robots.txt", Anybody),
    ("/sign-in", Anybody),
    ("/account/link/nothing", Anybody),
    ("/subscriptions/confirm/nothing", Anybody),
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
    ("/subscriptions.xlsx", Viewer),
    ("/subscriptions.csv", Viewer),
    ("/subscriptions/nobody", Viewer),
    ("/subscriptions/nobody/delete", Editor),
    ("/drafts", Editor),
    ("/drafts.xlsx", Editor),
    ("/drafts.csv", Editor),
    ("/drafts/published.xlsx", Editor),
    ("/drafts/published.csv", Editor),
    ("/drafts/new", Editor),
    ("/drafts/new?kind=talent&direction=offer", Editor),
    ("/drafts/published", Editor),
    ("/drafts/review?batch=nothing", Editor),
    ("/drafts/review/return?batch=nothing", Editor),
    // Leads to the page on which it is decided.
    ("/drafts/bijie/nothing/approve", Viewer),
    ("/drafts/bijie/nothing/return", Viewer),
    ("/once/nothing", Viewer),
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
    ("/admin/links.xlsx", Admin),
    ("/admin/links.csv", Admin),
    ("/admin/completeness.xlsx", Admin),
    ("/admin/completeness.csv", Admin),
    ("/admin/directory", Admin),
    ("/admin/directory.xlsx", Admin),
    ("/admin/directory.csv", Admin),
    ("/admin/circles.xlsx", Admin),
    ("/admin/circles.csv", Admin),
    ("/admin/approval", Editor),
    ("/admin/backups", Least::Server),
    ("/admin/backups/nothing.duikou", Least::Server),
    ("/admin/settings", Least::Server),
    ("/account", Viewer),
    ("/admin/accounts", Admin),
    ("/admin/accounts.xlsx", Admin),
    ("/admin/accounts.csv", Admin),
    ("/admin/accounts/new", Admin),
    ("/admin/accounts/nobody", Admin),
    ("/admin/accounts/nobody/delete", Admin),
    ("/admin/audit", Admin),
    ("/admin/audit.xlsx", Admin),
    ("/admin/audit.csv", Admin),
    ("/admin/audit.jsonl", Admin),
];

/// Forms that are sent, with nothing in them: whoever may send one hears what is wrong with it.
const SENT: &[(&str, Least)] = &[
    ("/preferences", Anybody),
    ("/sign-in/token", Anybody),
    ("/account/link/nothing", Anybody),
    ("/subscriptions/confirm/nothing", Anybody),
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
    ("/drafts/review/return", Editor),
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

/// Routes that have tests of their own, since they answer as one who is refused is answered, end what the table goes on
/// with, or want a file: (whether it is sent, where).
const BESIDE: &[(bool, &str)] = &[
    (true, "/sign-in"),
    (true, "/sign-out"),
    (false, "/sign-in/provider"),
    (false, "/sign-in/provider/return"),
    (true, "/import"),
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

/// The source of a folder, by file.
fn sources(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push((path.clone(), std::fs::read_to_string(path).unwrap()));
        }
    }
}

/// What a constant says that names a path: of the file it is used in, of the module that is named, or of any.
fn constant(name: &str, file: &Path, all: &[(PathBuf, String)]) -> String {
    let (module, name) = name.rsplit_once("::").unwrap_or(("", name));
    let own = if module.is_empty() { file.to_owned() } else { file.with_file_name(format!("{module}.rs")) };
    let said = format!("const {name}: &str = \"");
    let of = |text: &str| Some(text.split_once(&said)?.1.split('"').next()?.to_owned());
    let here = all.iter().filter(|(path, _)| *path == own);
    let found = here.chain(all).find_map(|(_, text)| of(text));
    found.unwrap_or_else(|| panic!("{name} in {} is no constant", file.display()))
}

/// Every route of the pages as the code registers it: whether something is sent to it, and its path.
fn registered() -> Vec<(bool, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../node/src");
    let mut all = Vec::new();
    sources(&root, &mut all);
    let mut found = Vec::new();
    for (file, text) in all.iter().filter(|(path, _)| path.starts_with(root.join("web"))) {
        for rest in text.split(".route(").skip(1) {
            let mut depth = 1_i32;
            let end = rest.char_indices().find(|(_, c)| {
                depth += i32::from(*c == '(') - i32::from(*c == ')');
                depth == 0
            });
            let call = &rest[..end.unwrap().0];
            let path = call.split(',').next().unwrap_or_default();
            let path = match path.trim().strip_prefix('"') {
                Some(path) => path.trim_end_matches('"').to_owned(),
                // The links in mails, of which one stands for all.
                None if path.starts_with("&format!(") => "/subscriptions/confirm/{token}".to_owned(),
                None => constant(path.trim(), file, &all),
            };
            let methods = [(false, "get("), (true, "post("), (true, ".merge(upload)")];
            found.extend(methods.iter().filter(|(_, word)| call.contains(word)).map(|(sent, _)| (*sent, path.clone())));
        }
    }
    found
}

/// How many parts of a path stand in a route as they are; None where it is not of this route.
fn fits(route: &str, path: &str) -> Option<usize> {
    let path = path.split('?').next().unwrap_or_default();
    let (route, path): (Vec<&str>, Vec<&str>) = (route.split('/').collect(), path.split('/').collect());
    let same = route.len() == path.len()
        && route.iter().zip(&path).all(|(known, part)| known == part || known.starts_with('{'));
    same.then(|| route.iter().zip(&path).filter(|(known, part)| known == part).count())
}

#[test]
fn the_table_has_every_route_of_the_pages() {
    let routes = registered();
    assert!(routes.len() > 100, "{routes:?}");
    let listed = OPENED.iter().map(|(path, _)| (false, *path)).chain(SENT.iter().map(|(path, _)| (true, *path)));
    let mut open = routes.clone();
    for (sent, path) in listed.chain(BESIDE.iter().copied()) {
        let of_method = routes.iter().filter(|(sends, _)| *sends == sent);
        let best = of_method.filter_map(|route| Some((fits(&route.1, path)?, route))).max_by_key(|(parts, _)| *parts);
        if let Some((_, best)) = best {
            open.retain(|route| route != best);
        }
    }
    assert!(open.is_empty(), "no row of the table is for {open:?}");
}
