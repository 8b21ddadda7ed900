//! A member can tell that it holds all that was meant for it, and what it lost behind its back comes back by itself.

use duikou_proto::v1::completeness::State;
use duikou_proto::v1::directory_service_client::DirectoryServiceClient;
use duikou_proto::v1::{Completeness, GetMemberRequest};
use duikou_tests::harness::{NETWORK, Network, Server, offer, take_row_out, within};

use super::PATIENCE;

async fn held(server: &Server, origin: &str) -> Result<Vec<Completeness>, String> {
    let request = GetMemberRequest { name: format!("members/{origin}") };
    let member = DirectoryServiceClient::new(server.local()).get_member(request).await;
    Ok(member.map_err(|status| status.to_string())?.into_inner().completeness)
}

/// Waits until `server` holds `scope` of `origin` complete; as of when.
async fn complete(server: &Server, origin: &str, scope: &str) -> i64 {
    let look = async || {
        let held = held(server, origin).await?;
        let of_scope = held.iter().find(|held| held.scope == scope);
        match of_scope {
            Some(held) if held.state() == State::Complete => Ok(held.complete_time.map_or(0, |time| time.seconds)),
            other => Err(format!("{scope} of {origin}: {other:?}")),
        }
    };
    within(PATIENCE, look).await.unwrap_or_else(|reason| panic!("{} holds {reason}", server.name()))
}

#[tokio::test]
async fn every_holder_knows_that_it_holds_all_that_an_origin_meant_for_it() {
    let net = Network::new(401).gateway().node("shenzhen", &["shenzhen"]).node("zunyi", &["zunyi"]);
    let net = net.node("bijie", &["bijie"]).start().await;
    net.node("shenzhen").publish(offer("tea")).await.unwrap();
    net.node("shenzhen").publish(offer("salt").for_members(&["zunyi"])).await.unwrap();
    net.settle().await;
    let (all, one) = (format!("network:{NETWORK}"), format!("member:zunyi.{NETWORK}"));
    for server in [net.gateway(), net.node("zunyi"), net.node("bijie")] {
        assert!(complete(server, "shenzhen", &all).await > 0);
    }
    assert!(complete(net.node("zunyi"), "shenzhen", &one).await > 0);
    // Their operators read the same, scope by scope and all together.
    let zunyi = net.node("zunyi");
    let status = zunyi.status().await.unwrap();
    let holding = status.holdings.iter().find(|holding| holding.origin == format!("shenzhen.{NETWORK}")).unwrap();
    assert_eq!(holding.state(), State::Complete, "{holding:?}");
    assert!(holding.complete_time.is_some() && holding.scopes.iter().any(|held| held.scope == one), "{holding:?}");
    let metric = format!("duikou_complete_as_of_seconds{{origin=\"shenzhen.{NETWORK}\",scope=\"{all}\"}}");
    assert!(zunyi.metric(&metric).await > 0);
    let shown = zunyi.cli(&["status", "--language", "en"]).await.done();
    assert!(shown.contains("complete as of"), "{shown}");
    // Whoever has not the scope does not learn that there is something in it.
    let seen = held(net.node("bijie"), "shenzhen").await.unwrap();
    assert!(seen.iter().all(|held| held.scope != one), "{seen:?}");
    assert!(held(net.node("shenzhen"), "shenzhen").await.unwrap().is_empty(), "what is here needs no proof");
    net.finish().await;
}

#[tokio::test]
async fn what_vanished_from_a_store_behind_its_back_comes_back() {
    let net = Network::new(402).gateway().node("shenzhen", &["shenzhen"]).node("zunyi", &["zunyi"]).start().await;
    for number in 0..40 {
        net.node("shenzhen").publish(offer(&format!("tea-{number}"))).await.unwrap();
    }
    net.settle().await;
    for server in [net.node("zunyi"), net.gateway()] {
        server.stop().await;
        take_row_out(server.dir(), &format!("members/shenzhen.{NETWORK}/listings/tea-7")).await.unwrap();
        server.start().await;
        net.settle().await;
        complete(server, "shenzhen", &format!("network:{NETWORK}")).await;
    }
    net.finish().await;
}
