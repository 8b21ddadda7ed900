//! Why something does not go, in words that an office reads; those of the machine are for whoever looks into it.

use duikou_tests::harness::{Network, Server, WebCertificate, within};

use super::PATIENCE;

/// What no page says on its face.
const MACHINE: [&str; 4] = ["os error", "transport error", "tcp connect", "Connection refused"];

/// A page in a language, to whoever has this session, without what has to be opened first.
async fn face(server: &Server, certificate: &WebCertificate, session: &str, language: &str, path: &str) -> String {
    let headers = [format!("accept-language: {language}"), format!("cookie: __Host-session={session}")];
    let args = ["-H", "accept: text/html", "-H", &headers[0], "-H", &headers[1]];
    let html = server.curl(certificate, &args, path).await.text();
    let mut parts = html.split("<details class=\"small\">");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |face, closed| face + closed.split_once("</details>").map_or("", |(_, rest)| rest))
}

#[tokio::test(flavor = "multi_thread")]
async fn why_a_link_is_down_is_said_in_plain_words_in_both_languages() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(2606).web_certificate(&certificate).gateway().node("bijie", &["bijie"]).start().await;
    let node = net.node("bijie");
    let editor = node.let_in(&certificate, "li.ming", &["bijie=editor"]).await;
    let admin = node.let_in_administrator(&certificate).await;
    net.gateway().stop().await;
    for (language, reason) in [("en", "it refuses the connection"), ("zh-CN", "对方拒绝连接")] {
        for (who, path) in [(&editor, "/"), (&admin, "/"), (&admin, "/admin")] {
            let told = within(PATIENCE, async || {
                let page = face(node, &certificate, who, language, path).await;
                if page.contains(reason) { Ok(page) } else { Err(page) }
            });
            let page = told.await.unwrap_or_else(|page| panic!("{path} in {language} gives no reason: {page}"));
            assert_eq!(MACHINE.iter().find(|words| page.contains(**words)), None, "{path} in {language}: {page}");
        }
    }
    let status = node.status().await.unwrap();
    let link = &status.links[0];
    assert!(link.error.contains("refused (os error"), "{link:?}");
    assert!(MACHINE.iter().all(|words| !link.detail.contains(words)), "{link:?}");
    let told = node.cli(&["status", "--language", "en"]).await.done();
    assert!(told.contains("it refuses the connection") && told.contains("os error"), "{told}");
    net.gateway().start().await;
    net.finish().await;
}
