//! Who stands in for a reviewer: chosen from a form, and as long as its box is ticked.

use duikou_tests::harness::{Network, WebCertificate, filled};

use super::super::spreadsheets::day;
use super::{Clerk, between, hidden};

const RULE: &str = "/admin/approval";

/// The names and ids that a list offers.
fn offered(page: &str, list: &str) -> Vec<(String, String)> {
    let list = between(page, &format!("<select id=\"{list}\""), "</select>");
    let options = list.split("<option value=\"").skip(1).filter_map(|option| option.split_once('"'));
    let named = options.filter(|(id, _)| !id.is_empty());
    named.map(|(id, rest)| (between(rest, ">", "<").to_owned(), id.to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deputy_approves_until_their_box_is_unticked() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net =
        Network::new(2512).web_certificate(&certificate).gateway().node("offices", &["bijie", "zunyi"]).start().await;
    let node = net.node("offices");
    let admin = Clerk::of(node, &certificate, "admin", "bijie=admin").await;
    let author = Clerk::of(node, &certificate, "author", "bijie=editor").await;
    let deputy = Clerk::of(node, &certificate, "deputy", "bijie=editor").await;
    for (login, role) in [("reviewer", "bijie=reviewer"), ("viewer", "bijie=viewer"), ("stranger", "zunyi=admin")] {
        Clerk::of(node, &certificate, login, role).await;
    }

    // Whoever may do it is offered, by name, and nobody else.
    let page = admin.page(RULE).await.text();
    let sorted = |list: &str| {
        let mut names: Vec<String> = offered(&page, list).into_iter().map(|(name, _)| name).collect();
        names.sort();
        names
    };
    assert_eq!(sorted("reviewer"), ["admin", "reviewer"], "{page}");
    assert_eq!(sorted("deputy"), ["admin", "author", "deputy", "reviewer"], "{page}");
    let id = |login: &str| offered(&page, "deputy").into_iter().find(|(name, _)| name == login).unwrap().1;
    let (away, stands_in, until) = (id("reviewer"), id("deputy"), day("+30 days"));
    let with = |changes: &[(&'static str, &str)]| {
        let mut fields = filled(&page, RULE);
        for (name, value) in changes {
            fields.iter_mut().find(|(known, _)| known == name).unwrap().1 = (*value).to_owned();
        }
        fields
    };
    let send = async |fields: Vec<(String, String)>| {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
        admin.send(RULE, &fields).await
    };

    // What is wrong is said beside its field, in the words of the list, and nothing that was chosen is lost.
    for (fields, wrong) in [
        (with(&[("reviewer", &away), ("until", &until)]), &["deputy"][..]),
        (with(&[("deputy", &stands_in), ("until", &until)]), &["reviewer"][..]),
        (with(&[("reviewer", &away), ("deputy", &away), ("until", &until)]), &["deputy"][..]),
        (with(&[("reviewer", &away), ("deputy", &stands_in)]), &["until"][..]),
        (with(&[("reviewer", &away), ("deputy", &stands_in), ("until", &day("+900 days"))]), &["until"][..]),
        (with(&[("reviewer", &away), ("until", "某天")]), &["deputy", "until"][..]),
    ] {
        let kept: Vec<(String, String)> = fields.clone();
        let answer = send(fields).await;
        let text = answer.text();
        assert_eq!(answer.status, 400, "{wrong:?}: {text}");
        for field in ["reviewer", "deputy", "until"] {
            assert_eq!(text.contains(&format!("id=\"{field}-error\"")), wrong.contains(&field), "{wrong:?}: {text}");
        }
        assert!(!text.contains("编号") && !text.contains("role=\"alert\""), "{wrong:?}: {text}");
        assert_eq!(filled(&text, RULE), kept, "{wrong:?}");
    }

    // The whole form: from now on the deputy approves, who could not before.
    let handed_in = async |title: &str| {
        let fields = [
            ("kind", "project"),
            ("direction", "OFFER"),
            ("title", title),
            ("regions", "bijie"),
            ("audience", "public"),
            ("do", "send"),
        ];
        let send = author.leads("/drafts/new", &fields).await;
        let text = author.page(&send).await.text();
        author.leads(&send, &[("etag", hidden(&text, "etag"))]).await;
        send.trim_end_matches("/send").to_owned()
    };
    let approval = async |draft: &str| {
        let review = admin.page(&format!("{draft}/review")).await.text();
        deputy.send(&format!("{draft}/approve"), &[("hash", hidden(&review, "hash"))]).await
    };
    assert_eq!(send(with(&[("rule", "other")])).await.status, 303);
    let (first, second) = (handed_in("茶园").await, handed_in("水库").await);
    assert_eq!(approval(&first).await.status, 403);
    let page = admin.page(RULE).await.text();
    let mut fields = filled(&page, RULE);
    for (name, value) in [("reviewer", &away), ("deputy", &stands_in), ("until", &until)] {
        fields.iter_mut().find(|(known, _)| known == name).unwrap().1.clone_from(value);
    }
    let saved = send(fields).await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    let page = admin.page(RULE).await.text();
    assert!(page.contains("reviewer → deputy") && page.contains("name=\"kept\""), "{page}");
    let approved = approval(&first).await;
    assert_eq!(approved.status, 303, "{}", approved.text());
    assert!(approved.header("location").starts_with("/listings/bijie/"), "{approved:?}");

    // The same once more is none; unticked, the deputy is none either.
    let mut again = filled(&page, RULE);
    for (name, value) in [("reviewer", &away), ("deputy", &stands_in), ("until", &until)] {
        again.iter_mut().find(|(known, _)| known == name).unwrap().1.clone_from(value);
    }
    let refused = send(again).await;
    assert!(refused.status == 400 && refused.text().contains("id=\"deputy-error\""), "{}", refused.text());
    let mut fields = filled(&page, RULE);
    fields.retain(|(name, _)| name != "kept");
    assert_eq!(send(fields).await.status, 303);
    let page = admin.page(RULE).await.text();
    assert!(!page.contains("reviewer → deputy"), "{page}");
    assert_eq!(approval(&second).await.status, 403);
    net.finish().await;
}
