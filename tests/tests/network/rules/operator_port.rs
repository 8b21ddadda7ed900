//! What a machine asks of the operator's port: whether a server lives, whether it can work, and its numbers.

use duikou_tests::harness::{NETWORK, Network, Server, WebCertificate, offer, within};

use super::PATIENCE;

async fn shows(server: &Server, line: &str) {
    let shown = async || {
        let (_, text) = server.operator_port("/metrics").await;
        if text.contains(&format!("{line}\n")) { Ok(()) } else { Err(text) }
    };
    within(PATIENCE, shown).await.unwrap_or_else(|text| panic!("{line} is not in\n{text}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operators_port_says_that_it_lives_works_and_how_it_stands() {
    let net = Network::new(791).gateway().node("shenzhen", &["shenzhen"]).start().await;
    let (gateway, node) = (net.gateway(), net.node("shenzhen"));
    node.publish(offer("tea")).await.unwrap();
    net.settle().await;
    for server in [gateway, node] {
        for (path, word) in [("/healthz", "alive"), ("/readyz", "ready")] {
            let (head, body) = server.operator_port(path).await;
            assert!(head.starts_with("http/1.1 200") && body.contains(word), "{head}\n{body}");
        }
        let (head, text) = server.operator_port("/metrics").await;
        assert!(head.contains("application/openmetrics-text"), "{head}");
        assert!(text.ends_with("# EOF\n"), "{text}");
        shows(server, &format!("duikou_parts{{origin=\"shenzhen.{NETWORK}\",part=\"record\"}} 1")).await;
    }
    shows(node, &format!("duikou_link_up{{peer=\"gateway.{NETWORK}\"}} 1")).await;
    shows(node, &format!("duikou_link_unacknowledged{{peer=\"gateway.{NETWORK}\"}} 0")).await;

    gateway.stop().await;
    node.publish(offer("mill")).await.unwrap();
    shows(node, &format!("duikou_link_up{{peer=\"gateway.{NETWORK}\"}} 0")).await;
    shows(node, &format!("duikou_link_unacknowledged{{peer=\"gateway.{NETWORK}\"}} 1")).await;
    shows(node, "duikou_alarms{code=\"LINK_DOWN\"} 1").await;
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_live_and_what_limits_refuse_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(792)
        .gateway()
        .node("shenzhen", &["shenzhen"])
        .node("bijie", &["bijie"])
        .web_certificate(&certificate)
        .start()
        .await;
    let (origin, asker) = (net.node("shenzhen"), net.node("bijie"));
    let ask = async || drop(asker.cli(&["query", "tea", "--member", "shenzhen"]).await.done());
    net.settle().await;
    ask().await;
    shows(asker, "duikou_live_asked_total{outcome=\"ANSWERED\"} 1").await;
    shows(origin, "duikou_live_came_total{outcome=\"ANSWERED\"} 1").await;
    origin.stop().await;
    ask().await;
    shows(asker, "duikou_live_asked_total{outcome=\"OFFLINE\"} 1").await;
    let few = [("DUIKOU_LIMITS_ADDRESS_REQUESTS", "1"), ("DUIKOU_LIMITS_ADDRESS_BURST", "3")];
    origin.start_with(&[&few[..], &[("DUIKOU_LIVE_ANSWER", "none")]].concat()).await;
    origin.linked().await;
    ask().await;
    shows(asker, "duikou_live_asked_total{outcome=\"REFUSED\"} 1").await;
    shows(asker, "duikou_live_asked_total{outcome=\"TIMED_OUT\"} 0").await;
    shows(origin, "duikou_live_came_total{outcome=\"REFUSED\"} 1").await;
    shows(origin, "duikou_live_came_total{outcome=\"ANSWERED\"} 0").await;

    shows(origin, "duikou_limit_refusals_total{limit=\"REQUESTS\"} 0").await;
    let mut refused = 0;
    for _ in 0..60 {
        refused += usize::from(origin.curl(&certificate, &[], "/v1/network").await.status == 429);
    }
    assert!(refused > 0, "sixty are more than three");
    shows(origin, &format!("duikou_limit_refusals_total{{limit=\"REQUESTS\"}} {refused}")).await;
    shows(origin, "duikou_limit_refusals_total{limit=\"CALLS\"} 0").await;
    net.finish().await;
}
