//! An origin can tell who holds what it has published, since when, and who does not.

use std::time::Duration;

use duikou_proto::v1::completeness::State as Completed;
use duikou_proto::v1::holder::State;
use duikou_proto::v1::listing_service_client::ListingServiceClient;
use duikou_proto::v1::token::Role;
use duikou_proto::v1::{Holder, Lane, ListHoldersRequest, Record, WithdrawalReason};
use duikou_tests::harness::{NETWORK, Network, Server, WebCertificate, WebClient, offer, within};
use duikou_tests::malicious::{Relay, Tamper};
use prost::Message;
use tonic::{Code, Status};

use super::{listing_name, reason};
use crate::malicious::{again, completeness, refuses};

/// How long until a receipt has come: a holder signs at most one a minute to an origin.
const RECEIPTED: Duration = Duration::from_secs(150);

fn request(name: &str) -> ListHoldersRequest {
    ListHoldersRequest { parent: name.to_owned(), ..Default::default() }
}

async fn holders(server: &Server, name: &str) -> Result<Vec<Holder>, Status> {
    let answer = ListingServiceClient::new(server.local()).list_holders(request(name)).await?;
    Ok(answer.into_inner().holders)
}

async fn asked(web: &WebClient, name: &str) -> Status {
    ListingServiceClient::new(web.clone()).list_holders(request(name)).await.unwrap_err()
}

/// Waits until the origin of `name` knows exactly this of the members that it is or was for.
async fn knows(origin: &Server, name: &str, expected: &[(&str, State)]) -> Vec<Holder> {
    let look = async || {
        let found = holders(origin, name).await.map_err(|status| status.to_string())?;
        let id = |holder: &Holder| holder.member.trim_start_matches("members/").replace(&format!(".{NETWORK}"), "");
        let states: Vec<(String, State)> = found.iter().map(|holder| (id(holder), holder.state())).collect();
        let same = states.iter().map(|(id, state)| (id.as_str(), *state)).eq(expected.iter().copied());
        if same { Ok(found) } else { Err(format!("{states:?}")) }
    };
    within(RECEIPTED, look).await.unwrap_or_else(|reason| panic!("{name}: {reason}"))
}

#[tokio::test]
async fn an_origin_sees_who_holds_a_listing_and_who_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(731).gateway().node("shenzhen", &["shenzhen", "harbin"]).node("zunyi", &["zunyi"]);
    let net = net.node("bijie", &["bijie"]).web_certificate(&certificate).start().await;
    let (origin, zunyi, bijie) = (net.node("shenzhen"), net.node("zunyi"), net.node("bijie"));
    let [tea, salt] = ["tea", "salt"].map(|id| listing_name("shenzhen", id));
    zunyi.stop().await;
    let published = origin.publish(offer("tea")).await.unwrap();
    origin.publish(offer("salt").for_members(&["zunyi"])).await.unwrap();

    // Whoever reads the same store has it; the others say so, or nothing.
    let expected = [("bijie", State::Held), ("harbin", State::Held), ("zunyi", State::Unconfirmed)];
    let found = knows(origin, &tea, &expected).await;
    let since = found[0].since_time.expect("since when").seconds;
    assert!(since + 60 >= published.update_time.unwrap().seconds, "not before it was published: {found:?}");
    assert!(found[0].confirm_time.is_some() && found[2].confirm_time.is_none(), "{found:?}");
    knows(origin, &salt, &[("zunyi", State::Unconfirmed)]).await;
    let shown = origin.cli(&["get", &tea, "--language", "en"]).await.done();
    assert!(shown.contains("holds it") && shown.contains("not confirmed") && shown.contains("never"), "{shown}");
    assert!(origin.cli(&["get", &salt, "--language", "zh"]).await.done().contains("尚未确认收到"));

    zunyi.start().await;
    let all = [("bijie", State::Held), ("harbin", State::Held), ("zunyi", State::Held)];
    knows(origin, &tea, &all).await;
    knows(origin, &salt, &[("zunyi", State::Held)]).await;

    // Taking back is confirmed as well.
    origin.withdraw(&salt, WithdrawalReason::Withdrawn).await.unwrap();
    knows(origin, &salt, &[("zunyi", State::Gone)]).await;
    let told = origin.cli(&["get", &salt, "--holders", "--output", "jsonl"]).await.done();
    assert!(told.contains("GONE") && told.contains("zunyi"), "{told}");

    // It is the origin's to know, and nobody else's.
    let refused = holders(bijie, &tea).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::FailedPrecondition, "NOT_HOSTED"));
    for (server, member, name, code) in [
        (bijie, "bijie", &tea, Code::PermissionDenied),
        (origin, "harbin", &tea, Code::PermissionDenied),
        (bijie, "bijie", &salt, Code::NotFound),
    ] {
        let secret = server.token(member, Role::Admin).await.unwrap();
        let web = server.web(certificate.client(), Some(&secret)).await.unwrap();
        assert_eq!(asked(&web, name).await.code(), code, "{member} asks about {name}");
    }
    let secret = origin.token("shenzhen", Role::Viewer).await.unwrap();
    let web = origin.web(certificate.client(), Some(&secret)).await.unwrap();
    let answer = ListingServiceClient::new(web).list_holders(request(&tea)).await.unwrap().into_inner();
    assert_eq!(answer.holders.len(), 3, "its own token will do");
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_reader_refuses_is_named_to_its_origin_and_keeps_nothing_else_from_being_confirmed() {
    let net = Network::new(733).gateway().node("shenzhen", &["shenzhen"]).node("zunyi", &["zunyi"]).start().await;
    let (origin, reader) = (net.node("shenzhen"), net.node("zunyi"));
    let relay = Relay::between(reader, net.gateway()).await;
    again(reader, &relay).await;
    let [before, broken, after] = ["before", "broken", "after"].map(|id| listing_name("shenzhen", id));
    // One record of which nothing but the signature is wrong, for this reader alone.
    let name = broken.clone();
    relay.turns(Tamper::default().parts(Lane::Bulk, move |mut parts| {
        for part in &mut parts {
            if Record::decode(part.payload.clone()).is_ok_and(|record| record.name == name) {
                part.signature[0] ^= 1;
            }
        }
        parts
    }));
    for id in ["before", "broken", "after"] {
        origin.publish(offer(id)).await.unwrap();
    }
    reader.sees(&after).await;
    refuses(reader, &broken, "BAD_SIGNATURE").await;
    reader.alarms("INCOMPLETE", "public").await;
    let state = completeness(reader, "shenzhen", "public").await.unwrap();
    assert_eq!(state.state(), Completed::Rejected, "{state:?}");

    for name in [&before, &after] {
        knows(origin, name, &[("zunyi", State::Held)]).await;
    }
    let found = knows(origin, &broken, &[("zunyi", State::Refused)]).await;
    assert_eq!(found[0].refusal, "BAD_SIGNATURE", "{found:?}");
    let shown = origin.cli(&["get", &broken, "--language", "en"]).await.done();
    assert!(shown.contains("refused") && shown.contains("BAD_SIGNATURE"), "{shown}");

    relay.turns_honest();
    origin.replace(offer("broken").titled("whole")).await.unwrap();
    reader.sees(&broken).await;
    net.finish().await;
}
