//! Peers that mean harm and have all the keys of their place: what they do is refused or noticed, and stops nobody.

mod content;
mod directory;
mod endless;
mod heads;
mod live;
mod member;
mod withheld;

use std::time::Duration;

use duikou_proto::v1::directory_service_client::DirectoryServiceClient;
use duikou_proto::v1::{Completeness, GetMemberRequest};
use duikou_tests::harness::{NETWORK, Server, offer, within};
use duikou_tests::malicious::Relay;

/// How long a thing may take that should take seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// The full name of a listing.
fn listing_name(member: &str, id: &str) -> String {
    format!("members/{member}.{NETWORK}/listings/{id}")
}

/// How `server` stands to a scope of `origin`; None before any head of it has come.
pub(crate) async fn completeness(server: &Server, origin: &str, scope: &str) -> Option<Completeness> {
    let request = GetMemberRequest { name: format!("members/{origin}") };
    let member = DirectoryServiceClient::new(server.local()).get_member(request).await.unwrap().into_inner();
    member.completeness.into_iter().find(|held| held.scope == scope)
}

/// Starts `node` anew behind `relay`: it dials at once, however often it was cut off before.
pub(crate) async fn again(node: &Server, relay: &Relay) {
    if node.process_id().is_some() {
        node.stop().await;
    }
    node.start_with(&relay.environment()).await;
    node.linked().await;
}

/// What is published at `from` from now on comes to `to`.
pub(crate) async fn crosses(from: &Server, to: &Server, id: &str) {
    let published = from.publish(offer(id)).await.unwrap();
    let come = to.sees(&published.name).await;
    assert_eq!(come.revision, published.revision, "{id}");
}

/// Nothing with these words lies in any of these stores, and none of them shows the listing.
pub(crate) async fn nowhere(servers: &[&Server], name: &str, words: &str) {
    for server in servers {
        let shown = server.get(name).await;
        assert!(shown.is_err(), "{} shows {name}: {shown:?}", server.name());
        server.never_received(words.as_bytes());
    }
}

/// Waits until `server` shows that it refused `name`, with this code, and counts it.
pub(crate) async fn refuses(server: &Server, name: &str, code: &str) {
    let shown = async || {
        let status = server.status().await.map_err(|status| status.to_string())?;
        let mut refused = status.links.iter().flat_map(|link| &link.rejected_here);
        let found = refused.any(|refused| refused.name == name && refused.code == code);
        if found { Ok(()) } else { Err(format!("{:?}", status.links)) }
    };
    within(PATIENCE, shown).await.unwrap_or_else(|links| panic!("{} does not refuse {name}: {links}", server.name()));
    let peer =
        &server.status().await.unwrap().links.into_iter().find(|link| !link.rejected_here.is_empty()).unwrap().peer;
    assert!(server.metric(&format!("duikou_link_refused{{peer=\"{peer}\",by=\"here\"}}")).await > 0);
    server.alarms("REJECTED_HERE", "refused").await;
}
