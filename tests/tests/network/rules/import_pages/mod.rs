//! Spreadsheets as pages, by forms without scripts: sent, read, previewed, corrected, published, and given back.

mod hostile;
mod many;
mod path;
mod samples;
mod whole;

use std::path::{Path, PathBuf};

use duikou_tests::harness::{HttpAnswer, SESSION_COOKIE, Server, WebCertificate, filled, within};

use super::PATIENCE;

/// The samples, whose planted flaws are listed beside them.
fn sample(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("data/import").join(name)
}

/// Somebody who imports.
struct Clerk<'a> {
    node: &'a Server,
    certificate: &'a WebCertificate,
    session: String,
}

impl<'a> Clerk<'a> {
    async fn of(node: &'a Server, certificate: &'a WebCertificate, login: &str, roles: &[&str]) -> Self {
        let session = node.let_in(certificate, login, roles).await;
        Self { node, certificate, session }
    }

    async fn get(&self, path: &str) -> HttpAnswer {
        self.node.page(self.certificate, &self.session, path).await
    }

    async fn send(&self, path: &str, fields: &[(String, String)]) -> HttpAnswer {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
        self.node.send(self.certificate, &self.session, path, &fields).await
    }

    /// Sends a file under this name.
    async fn upload(&self, file: &Path, name: &str) -> HttpAnswer {
        let cookie = format!("cookie: {SESSION_COOKIE}={}", self.session);
        // Of a name only what curl itself reads is escaped.
        let name = name.replace('\\', "\\\\").replace('"', "\\\"");
        let form = format!("file=@\"{}\";filename=\"{name}\"", file.display());
        let args = ["-H", "accept: text/html", "-H", "sec-fetch-site: same-origin", "-H", &cookie, "-F", &form];
        self.node.curl(self.certificate, &args, "/import").await
    }

    /// The path of the import of a file that is a table.
    async fn begin(&self, file: &Path) -> String {
        let answer = self.upload(file, file.file_name().unwrap().to_str().unwrap()).await;
        assert_eq!(answer.status, 303, "{}: {}", file.display(), answer.text());
        answer.header("location").to_owned()
    }

    /// Says how it is read, with these values in place of those that the page has, and waits for the preview.
    async fn preview(&self, path: &str, changes: &[(&str, &str)]) -> String {
        self.begin_preview(path, changes).await;
        self.settled(path).await
    }

    /// The same without waiting.
    async fn begin_preview(&self, path: &str, changes: &[(&str, &str)]) {
        let page = self.get(&format!("{path}/columns")).await.text();
        let mut fields = filled(&page, &format!("{path}/columns"));
        for (name, value) in changes {
            let field = fields.iter_mut().find(|(known, _)| known == name);
            field.unwrap_or_else(|| panic!("there is no field {name}: {page}")).1 = (*value).to_owned();
        }
        let answer = self.send(&format!("{path}/columns"), &fields).await;
        assert_eq!((answer.status, answer.header("location")), (303, path), "{}", answer.text());
    }

    /// The page once nothing is being done any longer.
    async fn settled(&self, path: &str) -> String {
        let settled = within(PATIENCE, async || {
            let page = self.get(path).await;
            let text = page.text();
            match text.contains("data-progress=") {
                false => Ok(text),
                true if page.header("refresh").is_empty() => panic!("without scripts nothing moves on: {page:?}"),
                true => Err(text),
            }
        });
        settled.await.unwrap_or_else(|page| panic!("it does not end: {page}"))
    }

    async fn publish(&self, path: &str) -> String {
        let answer = self.send(&format!("{path}/publish"), &[]).await;
        assert_eq!((answer.status, answer.header("location")), (303, path), "{}", answer.text());
        self.settled(path).await
    }

    /// The cells that are wrong, sorted.
    async fn wrong(&self, path: &str) -> Vec<String> {
        let page = self.get(&format!("{path}?state=WRONG")).await.text();
        let faults = page.split("<p class=\"fault\">").skip(1).filter_map(|fault| fault.split_once('：'));
        // The header stands before the cell.
        let letters = |(place, _): (&str, &str)| place.rsplit(' ').next().unwrap_or_default().to_owned();
        let mut cells: Vec<String> = faults.map(letters).collect();
        cells.sort();
        cells.dedup();
        cells
    }
}

/// How many rows a preview has in a state.
fn count(page: &str, state: &str) -> usize {
    let found = page.split(&format!("state={state}\"")).nth(1).and_then(|rest| rest.split("</a>").next());
    let number = found.and_then(|text| text.rsplit(' ').next()).map(|text| text.replace(',', ""));
    number.map_or(0, |text| text.trim().parse().unwrap_or_else(|_| panic!("{state}: {text}")))
}

async fn held(server: &Server, member: &str) -> Vec<(String, i64)> {
    let listings = server.list(&format!("members/{member}")).await.unwrap();
    listings.into_iter().map(|listing| (listing.name, listing.revision)).collect()
}
