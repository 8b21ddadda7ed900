//! What the server keeps for whoever asks, and delivers: queues, pages, webhooks; of filters and of counterparts.

use std::collections::BTreeSet;

use duikou_tests::harness::{Receiver, Server, WebCertificate, within};
use serde_json::{Value, json};

use super::{AUDIENCES, Asker, Way, ask, counterpart, stripped, told};
use crate::rules::PATIENCE;

pub(super) async fn all(server: &Server, certificate: &WebCertificate, asker: &Asker, may: &BTreeSet<&str>) {
    let of_all = json!({"filter": {}});
    let of_counterparts = json!({"counterpartOf": {"listing": counterpart(), "minScore": 1}});
    for (what, interest) in [("a filter", of_all), ("counterparts", of_counterparts)] {
        if asker.secret.is_none() {
            let refused = create(server, certificate, asker, &interest, json!({"pull": {}})).await;
            assert_eq!(refused["status"], 401, "{} at {}: {refused}", asker.who, asker.place);
            continue;
        }
        for (way, look) in [("a queue", json!({"pull": {}})), ("a page", json!({"page": {}}))] {
            let made = create(server, certificate, asker, &interest, look).await;
            let paths = match made["path"].as_str().filter(|path| !path.is_empty()) {
                Some(path) => ["atom", "json", "ics"].map(|ending| Way::Get(format!("{path}.{ending}"))).into(),
                None => {
                    let name = made["subscription"]["name"].as_str().unwrap_or_else(|| panic!("{}: {made}", asker.who));
                    vec![Way::Post(format!("/v1/{name}:pull"), json!({}))]
                }
            };
            for path in paths {
                let read = async || {
                    let answer = ask(server, certificate, asker, &path).await;
                    same(&answer, may)
                };
                let read = within(PATIENCE, read).await;
                read.unwrap_or_else(|why| panic!("{} follows {what} by {way} at {}: {why}", asker.who, asker.place));
            }
        }
        let receiver = Receiver::plain().await;
        create(server, certificate, asker, &interest, json!({"webhook": {"url": receiver.url("/")}})).await;
        let heard = async || {
            let bodies: Vec<String> = receiver.received().into_iter().map(|one| one.body).collect();
            same(&bodies.join("\n"), may)
        };
        let heard = within(PATIENCE, heard).await;
        heard.unwrap_or_else(|why| panic!("{} follows {what} by webhook at {}: {why}", asker.who, asker.place));
    }
    for (id, ..) in AUDIENCES {
        if asker.secret.is_some() {
            named(server, certificate, asker, id, may.contains(id)).await;
        }
    }
}

/// The counterparts of a listing are followed by whoever may see it; for others it is as one that is not there.
async fn named(server: &Server, certificate: &WebCertificate, asker: &Asker, id: &str, may: bool) {
    let of = async |id: &str| {
        let interest = json!({"counterpartOf": {"name": format!("members/shenzhen/listings/{id}")}});
        create(server, certificate, asker, &interest, json!({"pull": {}})).await
    };
    let (made, absent) = (of(id).await, of("absent").await);
    let what = format!("{} follows what answers {id} at {}: {made}", asker.who, asker.place);
    if may {
        assert!(made["subscription"]["name"].is_string(), "{what}");
    } else {
        assert_eq!(stripped(&made.to_string(), id), stripped(&absent.to_string(), id), "{what}");
    }
}

fn same(answer: &str, may: &BTreeSet<&str>) -> Result<(), String> {
    let told = told(answer);
    if told == *may { Ok(()) } else { Err(format!("{told:?} of {may:?}: {answer}")) }
}

async fn create(server: &Server, certificate: &WebCertificate, asker: &Asker, interest: &Value, way: Value) -> Value {
    let mut subscription = json!({"label": "eyes"});
    for part in [interest, &way] {
        for (key, value) in part.as_object().into_iter().flatten() {
            subscription[key] = value.clone();
        }
    }
    let body = json!({"subscription": subscription, "start": "BEGINNING"});
    let answer = ask(server, certificate, asker, &Way::Post("/v1/subscriptions".into(), body)).await;
    serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{error}: {answer}"))
}
