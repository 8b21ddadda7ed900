//! An import under a policy: handed in as one, seen by a sample, approved together, and repeated without doing anything
//! twice.

use duikou_proto::v1::token::Role;
use duikou_tests::harness::{Network, Program, WebCertificate, run_program, within};
use serde_json::{Value, json};

use super::Person;
use crate::rules::{PATIENCE, failed, listing_name};

const ROWS: usize = 500;

fn row(number: usize, title: &str) -> String {
    json!({
        "name": listing_name("shenzhen", &format!("row-{number}")), "scopes": ["network"],
        "listing": {"direction": "OFFER", "title": title, "language": "en", "regions": ["440300"],
            "capital": {"instrument": "EQUITY"}},
    })
    .to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_rows_wait_for_one_approval() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(963)
        .gateway()
        .node("shenzhen", &["shenzhen"])
        .node("bijie", &["bijie"])
        .web_certificate(&certificate)
        .start()
        .await;
    let node = net.node("shenzhen");
    let reviewer = Person::of(node, "shenzhen", Role::Reviewer, &certificate).await;
    node.cli(&["drafts", "policy", "shenzhen", "--rule", "other"]).await.done();
    let rows: Vec<String> = (0..ROWS).map(|number| row(number, &format!("tea of field {number}"))).collect();
    let path = folder.path().join("rows.jsonl");
    let path = path.to_str().unwrap();
    std::fs::write(path, rows.join("\n")).unwrap();
    let import = ["import", path, "--submit", "--batch", "spring", "--language", "en"];
    let handed_in = node.cli(&import).await.done();
    assert_eq!(handed_in.trim(), "0 created, 0 updated, 0 unchanged, 500 handed in for approval, 0 refused");
    let again = node.cli(&import).await.done();
    assert_eq!(again.trim(), "0 created, 0 updated, 500 unchanged, 0 refused", "no draft comes twice");
    net.settle().await;
    assert_eq!(net.node("bijie").list("members/-").await.unwrap(), []);

    let url = format!("https://{}", node.addresses().web);
    let as_reviewer = async |args: &[&str]| {
        let mut args = args.to_vec();
        args.extend([
            "--server",
            &url,
            "--ca",
            certificate.certificate.to_str().unwrap(),
            "--token",
            &reviewer.secret,
            "--language",
            "en",
        ]);
        run_program(Program::Node, folder.path(), &args).await
    };
    let approve = ["drafts", "approve", "--member", "shenzhen", "--batch", "spring"];
    failed(
        &as_reviewer(&approve).await,
        2,
        &["500 wait, of which these are 10", "tea of field", "approve and publish"],
    );
    let own = node.cli(&[&approve[..], &["--yes", "--language", "en"]].concat()).await;
    failed(&own, 1, &["500 were not approved", "another person must approve it"]);
    let done = as_reviewer(&[&approve[..], &["--yes", "--output", "json"]].concat()).await.done();
    let done: Value = serde_json::from_str(&done).unwrap();
    assert_eq!((&done["approvedCount"], &done["failureCount"]), (&500.into(), &0.into()));
    let arrived = async || match net.node("bijie").list("members/shenzhen").await {
        Ok(listings) if listings.len() == ROWS => Ok(()),
        other => Err(format!("{:?}", other.map(|listings| listings.len()))),
    };
    within(PATIENCE, arrived).await.unwrap();

    std::fs::write(path, [&rows[1..], &[row(0, "tea of another field")]].concat().join("\n")).unwrap();
    let changed = node.cli(&["import", path, "--submit", "--batch", "summer", "--language", "en"]).await.done();
    assert_eq!(changed.trim(), "0 created, 0 updated, 499 unchanged, 1 handed in for approval, 0 refused");
    let delete = ["drafts", "delete", "--member", "shenzhen", "--batch", "summer", "--yes", "--language", "en"];
    assert!(node.cli(&delete).await.stderr.contains("1 drafts were deleted"));
    net.finish().await;
}
