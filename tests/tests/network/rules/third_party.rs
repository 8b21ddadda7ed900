//! Clients that others have written find what the contract promises.

use std::path::Path;

use duikou_proto::v1::token::Role;
use duikou_tests::harness::{Network, Server, WebCertificate, offer, run_python};

/// What is asked of each operation by chance, at most.
const EXAMPLES: &str = "3";
/// What is asked of schemathesis: every check that is right for us.
const CONFIGURATION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/python/schemathesis.toml");

/// Schemathesis makes requests from the OpenAPI document, good and bad ones, and judges the answers by it. Both servers
/// answer by the same code: what is tried in a fixed order is shared between them.
#[tokio::test(flavor = "multi_thread")]
async fn schemathesis_finds_nothing_that_the_document_does_not_say() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(921).gateway().node("shenzhen", &["shenzhen"]).web_certificate(&certificate).start().await;
    let node = net.node("shenzhen");
    node.publish(offer("tea").for_scopes(&["public"])).await.unwrap();
    for (server, phases) in [(node, "Coverage,Fuzzing"), (net.gateway(), "Fuzzing,Stateful")] {
        let seed = net.chance(1 << 31).to_string();
        finds_nothing(server, &certificate, folder.path(), phases, &seed).await;
    }
    net.finish().await;
}

async fn finds_nothing(server: &Server, certificate: &WebCertificate, folder: &Path, phases: &str, seed: &str) {
    let secret = server.token("shenzhen", Role::Admin).await.unwrap();
    let location = format!("https://{}/openapi.json", server.addresses().web);
    let ca = certificate.certificate.display().to_string();
    let bearer = format!("Authorization: Bearer {secret}");
    let output = run_python(
        "schemathesis",
        &[
            "--config-file",
            CONFIGURATION,
            "run",
            &location,
            "--tls-verify",
            &ca,
            "--header",
            &bearer,
            "--phases",
            &phases.to_lowercase(),
            "--max-examples",
            EXAMPLES,
            "--seed",
            seed,
            "--suppress-health-check",
            "all",
            "--warnings",
            "off",
        ],
        &[("HYPOTHESIS_STORAGE_DIRECTORY", &folder.join("hypothesis").display().to_string())],
    )
    .await;
    let name = server.name();
    assert_eq!(output.code, 0, "{name}, seed {seed}\n{output}");
    for phase in phases.split(',') {
        let passed = output.stdout.contains(&format!("✅ {phase}"));
        assert!(passed, "{name} was asked something: {output}");
    }
}
