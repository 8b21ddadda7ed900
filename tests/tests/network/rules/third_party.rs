//! Clients that others have written find what the contract promises.

use duikou_proto::v1::token::Role;
use duikou_tests::harness::{Network, WebCertificate, offer, run_python};

/// What is asked of each operation, at most.
const EXAMPLES: &str = "6";

/// Schemathesis makes requests from the OpenAPI document, good and bad ones, and judges the answers by it.
#[tokio::test(flavor = "multi_thread")]
async fn schemathesis_finds_nothing_that_the_document_does_not_say() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(921).gateway().node("shenzhen", &["shenzhen"]).web_certificate(&certificate).start().await;
    let node = net.node("shenzhen");
    node.publish(offer("tea").for_scopes(&["public"])).await.unwrap();
    let secret = node.token("shenzhen", Role::Admin).await.unwrap();
    let seed = net.chance(1 << 31).to_string();
    let location = format!("https://{}/openapi.json", node.addresses().web);
    let ca = certificate.certificate.display().to_string();
    let bearer = format!("Authorization: Bearer {secret}");
    // A watch never ends; what its answers are, others test.
    let checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,\
                  negative_data_rejection,ignored_auth,use_after_free";
    let output = run_python(
        "schemathesis",
        &[
            "run",
            &location,
            "--tls-verify",
            &ca,
            "--header",
            &bearer,
            "--checks",
            checks,
            "--exclude-operation-id",
            "Watch",
            "--phases",
            "examples,fuzzing",
            "--max-examples",
            EXAMPLES,
            "--seed",
            &seed,
            "--suppress-health-check",
            "all",
            "--warnings",
            "off",
        ],
        &[("HYPOTHESIS_STORAGE_DIRECTORY", &folder.path().join("hypothesis").display().to_string())],
    )
    .await;
    assert_eq!(output.code, 0, "seed {seed}\n{output}");
    assert!(output.stdout.contains("Fuzzing"), "it did something: {output}");
    net.finish().await;
}
