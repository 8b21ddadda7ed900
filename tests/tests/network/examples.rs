//! The worked examples of `deploy/examples` do what they say: each block is run as it stands, against a server of this
//! test in the place of the one that the page names.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use duikou_proto::v1::ExternalCode;
use duikou_proto::v1::SearchListingsRequest;
use duikou_proto::v1::external_code::Scheme;
use duikou_proto::v1::search_service_client::SearchServiceClient;
use duikou_proto::v1::token::Role;
use duikou_tests::harness::{Draft, Network, Server, free_port, offer, python_program, within};

use crate::documents::{blocks, page};

/// How long one block may take.
const LIMIT: Duration = Duration::from_secs(60);

/// What another member offers, with the code that it has in the national register.
fn fund() -> Draft {
    let draft = offer("fund").titled("Fund for tea processing").by("bijie").for_network();
    draft.with(|listing| {
        let code = "2401-440300-04-01-123456".to_owned();
        let code = ExternalCode { scheme: Scheme::InvestmentProject.into(), code, ..ExternalCode::default() };
        listing.listing.get_or_insert_default().external_codes = vec![code];
    })
}

/// Until the index has taken in this many listings.
async fn indexed(node: &Server, count: i32) {
    let found = async || {
        let mut client = SearchServiceClient::new(node.local());
        let found =
            client.search_listings(SearchListingsRequest::default()).await.map_err(|error| error.to_string())?;
        let total = found.into_inner().total_size;
        if total == count { Ok(()) } else { Err(format!("{total} of {count}")) }
    };
    within(LIMIT, found).await.unwrap();
}

/// The server's certificate is one of the network's own authority, as it is where nothing else is configured.
#[tokio::test(flavor = "multi_thread")]
async fn every_example_runs_as_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let net = Network::new(920)
        .gateway()
        .node("shenzhen", &["shenzhen", "bijie"])
        .setting("delivery.allow", "127.0.0.0/8")
        .start()
        .await;
    let node = net.node("shenzhen");
    node.publish(offer("tea").titled("spring tea").for_scopes(&["public"])).await.unwrap();
    node.publish(offer("silk").for_network()).await.unwrap();
    node.publish(fund()).await.unwrap();
    indexed(node, 3).await;
    let secret = node.token("shenzhen", Role::Editor).await.unwrap();

    // grpcurl comes from the same environment as the clients in Python.
    let programs = python_program("grpcurl").parent().map(Path::to_path_buf).unwrap_or_default();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap_or_default());
    let blocks = blocks(&page("deploy/examples/README.md"));
    assert!(blocks.len() >= 15, "the page has its blocks");
    let port = free_port().to_string();
    for block in blocks {
        let text = block.text();
        let text = text
            .replace("gateway.pprd.example:8443", &node.addresses().web)
            .replace("/etc/duikou/ca.pem", &node.dir().join("ca.crt").display().to_string())
            .replace("8787", &port);
        let mut command = match &*block.info {
            "sh" => {
                let mut command = tokio::process::Command::new("bash");
                command.args(["-euo", "pipefail", "-c", &text]);
                command
            }
            "python" => {
                let mut command = tokio::process::Command::new(python_program("python3"));
                command.args(["-c", &text]);
                command
            }
            other => panic!("nobody runs {other:?}"),
        };
        command
            .env("PATH", &path)
            .env("TOKEN", &secret)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let output = tokio::time::timeout(LIMIT, command.output()).await;
        let output = output.unwrap_or_else(|_| panic!("it does not end: {text}")).unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{text}\n{}\n{said}", String::from_utf8_lossy(&output.stdout));
    }
    net.settle().await;
    net.gateway().sees("members/shenzhen/listings/packaging").await;
    net.finish().await;
}
