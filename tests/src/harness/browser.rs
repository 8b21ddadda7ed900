//! A real browser, driven by the scripts in `tests/browser` with what `tests/run` installs below the target folder.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use super::people::SESSION_COOKIE;

/// The folder of what is installed, where it is not below the target folder.
pub(super) const FOLDER_VARIABLE: &str = "DUIKOU_BROWSER_DIR";
/// The folder in which pictures of all pages are left, where somebody wants to look at them.
const PICTURES_VARIABLE: &str = "DUIKOU_PICTURES";
/// How long looking at all pages may take.
const LIMIT: Duration = Duration::from_secs(240);

/// A page that is looked at.
#[derive(Debug, Clone)]
pub struct Seen<'a> {
    /// What faults call it.
    pub name: &'a str,
    /// Path and query.
    pub path: &'a str,
    /// The status that it has.
    pub status: u16,
}

/// What is wrong with these pages of the server at `base` (`https://…`), by a browser that opens each in both languages,
/// on a desktop and on a phone, light and dark, with scripts and without.
///
/// # Panics
/// Where the browser is not installed, or does not end.
pub async fn browse(base: &str, pages: &[Seen<'_>]) -> Vec<String> {
    look(base, json!([]), pages, Value::Null).await
}

/// The same of pages as somebody sees them who is signed in with this session.
///
/// # Panics
/// As [`browse`].
pub async fn browse_as(base: &str, session: &str, pages: &[Seen<'_>]) -> Vec<String> {
    look(base, json!([{"name": SESSION_COOKIE, "value": session}]), pages, Value::Null).await
}

/// Samples that one browser looks at.
const SAMPLES: usize = 150;

/// What is wrong with the samples of all pages on a desktop; and with one sample of each template dark on a phone.
///
/// # Panics
/// As [`browse`].
pub async fn browse_samples() -> Vec<String> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let base = format!("http://{}", listener.local_addr().expect("its address"));
    tokio::spawn(duikou_node::samples::serve(listener));
    let samples = duikou_node::samples::pages();
    let pages: Vec<Seen<'_>> = samples.iter().map(|(name, path)| Seen { name, path, status: 200 }).collect();
    let mut met = HashSet::new();
    let first: Vec<Seen<'_>> = pages.iter().filter(|page| met.insert(page.name.split(' ').next())).cloned().collect();
    // One browser after another: there are hundreds, and more with every template.
    let on_desktop = async {
        let mut faults = Vec::new();
        for some in pages.chunks(SAMPLES) {
            faults.extend(look(&base, json!([]), some, json!(["zh desktop"])).await);
        }
        faults
    };
    let on_phone = look(&base, json!([]), &first, json!(["en phone dark"]));
    let (on_desktop, on_phone) = tokio::join!(on_desktop, on_phone);
    [on_desktop, on_phone].concat()
}

/// What is wrong with the editor of the server at `base`, by a browser in which somebody with this session writes these
/// forms (see `tests/browser/write.mjs`), with scripts.
///
/// # Panics
/// As [`browse`].
pub async fn write_as(base: &str, session: &str, forms: Value) -> Vec<String> {
    let cookies = json!([{"name": SESSION_COOKIE, "value": session}]);
    run("write.mjs", &json!({"base": base, "forms": forms, "cookies": cookies})).await
}

/// What is wrong with the editor of the server at `base` for somebody with this session who uses the keyboard alone (see
/// `tests/browser/edit.mjs`).
///
/// # Panics
/// As [`browse`].
pub async fn edit_by_keyboard(base: &str, session: &str, kinds: &[&str]) -> Vec<String> {
    let cookies = json!([{"name": SESSION_COOKIE, "value": session}]);
    run("edit.mjs", &json!({"base": base, "kinds": kinds, "cookies": cookies})).await
}

/// What is wrong on the whole way of an office, from its first administrator to a listing that is gone again, as people go
/// it in a browser (see `tests/browser/office.mjs`, which says what the plan holds).
///
/// # Panics
/// As [`browse`].
pub async fn work_in_a_browser(plan: &Value) -> Vec<String> {
    run("office.mjs", plan).await
}

/// What is wrong where somebody types into the search of the server at `base`, in a browser, and is to be offered something
/// (see `tests/browser/search.mjs`).
///
/// # Panics
/// As [`browse`].
pub async fn search_in_a_browser(base: &str, typed: &str, offered: &str) -> Vec<String> {
    run("search.mjs", &json!({"base": base, "typed": typed, "offered": offered})).await
}

/// What is wrong where somebody connects their account to an OpenID provider and signs in by it, in a browser (see
/// `tests/browser/openid.mjs`, which says what the plan holds).
///
/// # Panics
/// As [`browse`].
pub async fn sign_in_by_provider(base: &str, login: &str, password: &str, subject: &str) -> Vec<String> {
    let pictures = std::env::var(PICTURES_VARIABLE).ok();
    let plan = json!({"base": base, "login": login, "password": password, "subject": subject, "pictures": pictures});
    run("openid.mjs", &plan).await
}

async fn look(base: &str, cookies: Value, pages: &[Seen<'_>], looks: Value) -> Vec<String> {
    let pages: Vec<Value> =
        pages.iter().map(|page| json!({"name": page.name, "path": page.path, "status": page.status})).collect();
    let pictures = std::env::var(PICTURES_VARIABLE).ok();
    let plan = json!({"base": base, "pages": pages, "pictures": pictures, "cookies": cookies, "looks": looks});
    run("look.mjs", &plan).await
}

/// The folder of what is installed.
pub(super) fn folder() -> PathBuf {
    let running = std::env::current_exe().expect("a running executable has a path");
    let below_target = || running.ancestors().nth(3).map(|target| target.join("browser"));
    let folder = std::env::var_os(FOLDER_VARIABLE).map(PathBuf::from).or_else(below_target).unwrap_or_default();
    let there = folder.join("node_modules").is_dir();
    assert!(there, "{} holds no browser's driver: run tests/run, or set {FOLDER_VARIABLE}", folder.display());
    folder
}

/// Where a script lies.
pub(super) fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("browser").join(name)
}

/// Runs a script of the browser's by its plan; the faults that it found.
async fn run(name: &str, plan: &Value) -> Vec<String> {
    let (folder, script) = (folder(), script(name));
    let plan = plan.to_string();
    let mut child = tokio::process::Command::new("node")
        .arg(&script)
        .env(FOLDER_VARIABLE, &folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("node is installed by tests/run");
    let mut stdin = child.stdin.take().expect("a pipe");
    let write = async {
        // A script that ends early says why itself.
        let _ = stdin.write_all(plan.as_bytes()).await;
        drop(stdin);
    };
    let (output, ()) = tokio::time::timeout(LIMIT, async { tokio::join!(child.wait_with_output(), write) })
        .await
        .unwrap_or_else(|_| panic!("the browser has not ended within {LIMIT:?}"));
    let output = output.expect("node ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the browser failed: {said}");
    let faults: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"));
    let told = |fault: &Value| format!("{} ({}): {}", fault["page"], fault["look"], fault["what"]);
    faults.iter().map(told).collect()
}
