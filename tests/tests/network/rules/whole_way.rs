//! The whole way of an office, as its people go it in a browser.

use std::path::Path;

use duikou_tests::harness::{Network, WebCertificate, work_in_a_browser};
use serde_json::json;

const TITLE: &str = "赫章县缝纫机操作工外出务工";

#[tokio::test(flavor = "multi_thread")]
async fn from_the_first_administrator_to_a_listing_that_is_gone_again() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(2601)
        .web_certificate(&certificate)
        .gateway()
        .node("bijie", &["bijie"])
        .node("shenzhen", &["shenzhen"])
        .start()
        .await;
    let printed = net.node("bijie").cli(&["accounts", "first-admin"]).await.done();
    let secret = printed.trim().rsplit('/').next().unwrap_or_default();
    // The row whose county was misspelt, written anew.
    let corrected = folder.path().join("corrected.csv");
    let rows = [
        "标题,输出县区,工种（岗位）,可输送人数,期望工资,联系单位,联系邮箱",
        &format!("{TITLE},赫章县,缝纫机操作工,20,6000-8000元/月,赫章县劳务协作站,labor27@bijie.example"),
    ];
    std::fs::write(&corrected, rows.join("\n")).unwrap();
    let address = |name: &str| format!("https://{}", net.node(name).addresses().web);
    let plan = json!({
        "base": address("bijie"),
        "link": format!("/account/link/{secret}"),
        "password": "tea-9-mountain",
        "dirty": Path::new(env!("CARGO_MANIFEST_DIR")).join("data/import/毕节_劳务_2026.xlsx"),
        "corrected": corrected,
        "title": TITLE,
        "elsewhere": [address("shenzhen"), format!("https://{}", net.gateway().addresses().web)],
    });
    let faults = work_in_a_browser(&plan).await;
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    net.finish().await;
}
