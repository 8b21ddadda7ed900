//! A gateway that keeps something from one node alone, and one that answers what is missing with lies.

use std::sync::Arc;

use duikou_proto::federation::{Found, Listed, ListedState, NameRange};
use duikou_proto::v1::completeness::State;
use duikou_proto::v1::signed::Type;
use duikou_proto::v1::{Lane, Record, Signed};
use duikou_tests::harness::{NETWORK, Network, Server, WrongClock, offer, within};
use duikou_tests::malicious::{Relay, Tamper, on};
use prost::Message;
use tokio::sync::Notify;

use super::{PATIENCE, again, completeness, crosses, listing_name};

/// Keeps back what `hides` says of records.
pub(super) fn keeping(
    lane: Lane,
    hides: impl Fn(&Record) -> bool + Send + Sync + 'static,
) -> impl Fn(Tamper) -> Tamper {
    let hides = Arc::new(hides);
    move |tamper| {
        let hides = Arc::clone(&hides);
        let passes = move |part: &Signed| {
            part.r#type() != Type::Record || !Record::decode(part.payload.clone()).is_ok_and(|record| hides(&record))
        };
        tamper.parts(lane, move |parts| parts.into_iter().filter(|part| passes(part)).collect())
    }
}

async fn state(server: &Server, scope: &str) -> Option<State> {
    completeness(server, "shenzhen", scope).await.map(|held| held.state())
}

/// Waits until `server` shows no alarm with this code.
async fn ends(server: &Server, code: &str) {
    let ended = async || {
        let alarms = server.status().await.map_err(|status| status.to_string())?.alarms;
        if alarms.iter().any(|alarm| alarm.code == code) { Err(format!("{alarms:?}")) } else { Ok(()) }
    };
    within(PATIENCE, ended).await.unwrap_or_else(|alarms| panic!("{} still alarms {code}: {alarms}", server.name()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_from_one_node_is_noticed_there() {
    let net = Network::new(921).gateway().node("shenzhen", &["shenzhen"]).node("zunyi", &["zunyi"]);
    let net = net.node("bijie", &["bijie"]).start().await;
    let (origin, reader, gateway) = (net.node("shenzhen"), net.node("zunyi"), net.gateway());
    let (clock, network) = (WrongClock::find(), format!("network:{NETWORK}"));
    let relay = Relay::between(reader, gateway).await;
    again(reader, &relay).await;

    // One scope's records, while all else comes, their head too.
    let scope = network.clone();
    let hidden = keeping(Lane::Bulk, move |record| record.scopes.contains(&scope));
    relay.turns(hidden(Tamper::default()));
    origin.publish(offer("inner").for_network()).await.unwrap();
    net.node("bijie").sees(&listing_name("shenzhen", "inner")).await;
    crosses(origin, reader, "open").await;
    let known = async || match state(reader, &network).await {
        Some(State::Behind) => Ok(()),
        other => Err(format!("{other:?}")),
    };
    within(PATIENCE, known).await.expect("its head has come");
    // A minute later by the reader's clock, it should have come.
    reader.stop().await;
    let [address] = relay.environment();
    let later: Vec<_> = clock.shifted("+90s").into_iter().chain([address]).collect();
    reader.start_with(&later).await;
    reader.linked().await;
    reader.alarms("WITHHELD", &network).await;
    assert_eq!(state(reader, &network).await, Some(State::Withheld));
    assert_ne!(state(reader, "public").await, Some(State::Withheld), "what came is not doubted");
    let metric = |state: &str| {
        format!("duikou_incomplete{{origin=\"shenzhen.{NETWORK}\",scope=\"{network}\",state=\"{state}\"}}")
    };
    assert_eq!(reader.metric(&metric("WITHHELD")).await, 1);
    let elsewhere = net.node("bijie").status().await.unwrap().alarms;
    assert!(elsewhere.iter().all(|alarm| alarm.code != "WITHHELD"), "{elsewhere:?}");
    // It heals by itself as soon as it is let.
    relay.turns(Tamper::default());
    reader.sees(&listing_name("shenzhen", "inner")).await;
    ends(reader, "WITHHELD").await;

    // The heads as well: three quarters of an hour later nothing fresh has come of that origin alone.
    let kept = |record: &Record| record.name.contains("/shenzhen.");
    let silent = |tamper| keeping(Lane::Prompt, kept)(keeping(Lane::Bulk, kept)(tamper));
    relay.turns_anew(silent(Tamper::default()));
    let servers = [gateway, origin, net.node("bijie"), reader];
    for server in servers {
        server.stop().await;
    }
    for server in servers {
        let behind = if server.name() == "zunyi" { relay.environment().to_vec() } else { Vec::new() };
        server.start_with(&clock.shifted("+45m").into_iter().chain(behind).collect::<Vec<_>>()).await;
    }
    reader.linked().await;
    origin.publish(offer("unheard")).await.unwrap();
    net.node("bijie").sees(&listing_name("shenzhen", "unheard")).await;
    reader.alarms("STALE", "shenzhen").await;
    ends(net.node("bijie"), "STALE").await;
    crosses(net.node("bijie"), reader, "from-another").await;
    // The next head tells what is lacking.
    relay.turns_anew(Tamper::default());
    crosses(origin, reader, "heard").await;
    reader.sees(&listing_name("shenzhen", "unheard")).await;
    assert_ne!(state(reader, "public").await, Some(State::Stale));

    // A day later it has still not said that it holds what its origin published last.
    let servers = [gateway, origin, net.node("bijie")];
    reader.stop().await;
    for server in servers {
        server.stop().await;
    }
    for server in servers {
        server.start_with(&clock.shifted("+26h")).await;
    }
    origin.linked().await;
    origin.alarms("UNCONFIRMED", "zunyi").await;
    net.leave("the clocks of all servers are ahead of the test's");
}

/// An answer to the first question: that there is nothing up to the letter m, and after it what nobody ever wrote.
fn lie(found: Found) -> Found {
    let state = |at: usize| ListedState {
        id: format!("listings/n-{at}"),
        revision: 1 << 50,
        element: vec![7; 32],
        kind: "capital".to_owned(),
    };
    let middle = "listings/m".to_owned();
    let before = Listed { until: middle.clone(), ..Listed::default() };
    let after = Listed { after: middle, states: (0..16).map(state).collect(), ..Listed::default() };
    Found { listed: vec![before, after], pieces: Vec::new(), ..found }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_to_what_is_missing_deletes_anything() {
    let net = Network::new(922).gateway().node("shenzhen", &["shenzhen"]).node("zunyi", &["zunyi"]).start().await;
    let (origin, reader, gateway) = (net.node("shenzhen"), net.node("zunyi"), net.gateway());
    let relay = Relay::between(reader, gateway).await;
    again(reader, &relay).await;
    for number in 0..20 {
        origin.publish(offer(&format!("a-{number}"))).await.unwrap();
        origin.publish(offer(&format!("z-{number}"))).await.unwrap();
    }
    net.settle().await;
    let hidden = keeping(Lane::Bulk, |record| record.name.ends_with("/missing"));
    let answered = Arc::new(Notify::new());
    let told = Arc::clone(&answered);
    relay.turns(hidden(Tamper::default().finding(move |found| {
        told.notify_one();
        on(lie(found))
    })));
    origin.publish(offer("missing")).await.unwrap();
    tokio::time::timeout(PATIENCE, answered.notified()).await.expect("the reader asks what it lacks");
    crosses(reader, gateway, "after-the-lie").await;
    crosses(origin, reader, "another").await;
    assert_eq!(reader.list("members/shenzhen").await.unwrap().len(), 41, "nothing went, nothing was invented");

    let found = |found: Found| Found { pieces: vec![NameRange::default(); 20_000], listed: Vec::new(), ..found };
    relay.turns(hidden(Tamper::default().finding(move |honest| on(found(honest)))));
    reader.alarms("PROTOCOL_BREACH", "not asked for").await;
    relay.turns_honest();
    again(reader, &relay).await;
    crosses(origin, reader, "after-the-flood").await;
    assert!(reader.list("members/shenzhen").await.unwrap().len() >= 42, "nothing went");
    net.finish().await;
}
