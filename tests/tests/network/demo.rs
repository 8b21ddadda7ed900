//! The demonstration is a proof: every store holds what two files say that it must, and nothing stays behind.

use std::process::Stdio;

use duikou_tests::harness::Program;
use serde_json::Value;

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_network_converges_and_leaves_nothing_behind() {
    let home = tempfile::tempdir().unwrap();
    let output = tokio::process::Command::new(Program::Gateway.path())
        .args(["demo", "--once", "--output", "json"])
        .env("TMPDIR", home.path())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((report["members"].as_u64(), report["converged"].as_bool()), (Some(16), Some(true)), "{report}");
    let stores = report["stores"].as_array().unwrap();
    assert_eq!(stores.len(), 14, "thirteen nodes and a gateway");
    for store in stores {
        assert_eq!(store["held"], store["expected"], "{store}");
        assert_eq!(store["missing"].as_array().map(Vec::len), Some(0), "{store}");
        assert_eq!(store["leaked"].as_array().map(Vec::len), Some(0), "{store}");
    }
    let held: u64 = stores.iter().filter_map(|store| store["held"].as_u64()).sum();
    assert!(held > 1_800, "fewer records than the network has: {held}");
    let console = &report["consoles"][0];
    assert_eq!(console["node"], "shenzhen", "{report}");
    assert_eq!(console["logins"], serde_json::json!(["viewer", "editor", "reviewer", "admin"]), "a role each");
    assert!(console["address"].as_str().is_some_and(|address| address.starts_with("https://127.0.0.1:")), "{console}");
    let drafts = console["drafts"].as_array().unwrap();
    let mut states: Vec<_> = drafts.iter().filter_map(|draft| draft["state"].as_str()).collect();
    states.sort_unstable();
    assert_eq!(states, ["DRAFT", "RETURNED", "SUBMITTED"], "what the reviewer finds: {console}");
    assert!(drafts.iter().all(|draft| draft["author"] == "editor"), "{console}");
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0, "something was left behind");
}
