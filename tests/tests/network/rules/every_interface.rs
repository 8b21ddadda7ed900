//! One table: every way in × every audience × every kind of asker. What is not for the asker is nowhere in the answer,
//! be it a listing, a count, a suggestion or an error.

use std::collections::BTreeSet;

use duikou_proto::v1::token::Role;
use duikou_tests::harness::{Network, Server, WebCertificate, offer, within};
use serde_json::{Value, json};

use super::PATIENCE;

/// A listing's id, whom it is for, and a word that stands nowhere else.
const AUDIENCES: [(&str, &[&str], &str); 7] = [
    ("open", &["public"], "琥珀杜鹃amberazalea"),
    ("vetted", &["registered"], "翡翠海棠jadebegonia"),
    ("among-us", &["network"], "玛瑙山茶agatecamellia"),
    ("river", &["circle:rivers"], "珊瑚芙蓉coralhibiscus"),
    ("winter", &["circle:winters"], "水晶腊梅crystalallspice"),
    ("letter", &["member:zunyi"], "珍珠茉莉pearljasmine"),
    ("at-home", &[], "玉石丁香jadeitelilac"),
];

/// What all of them are about, and whatever they are matched with.
const INDUSTRY: &str = "0111";

/// Who asks, and which of the listings are for them.
struct Asker {
    who: &'static str,
    secret: Option<String>,
    may: &'static [&'static str],
}

impl Asker {
    fn header(&self) -> Option<String> {
        self.secret.as_ref().map(|secret| format!("authorization: Bearer {secret}"))
    }
}

/// One way in, as a path, or as a path with a body.
enum Way {
    Get(String),
    Post(&'static str, Value),
    /// A stream, read until this comes.
    Stream(&'static str, &'static str),
}

/// Ways in that tell of all that may be seen. `{}` in the name stands for what is looked at.
fn ways() -> Vec<(&'static str, Way)> {
    let facets = "facets=KIND&facets=MEMBER&facets=CIRCLE&facets=TAG&facets=REGION";
    vec![
        ("list", Way::Get("/v1/members/-/listings".into())),
        ("pull", Way::Get("/v1/feed:pull?pageSize=1000".into())),
        ("watch", Way::Stream("/v1/feed:watch", "caughtUp")),
        ("search", Way::Get(format!("/v1/listings:search?{facets}"))),
        ("search by a word of all", Way::Get(format!("/v1/listings:search?query=partner&{facets}"))),
        ("search for duplicates", Way::Get("/v1/listings:search?groupDuplicates=true".into())),
        ("suggest", Way::Get("/v1/listings:suggest?query=partner&pageSize=20".into())),
        ("match", Way::Post("/v1/listings:match", json!({"listing": counterpart(), "minScore": 1}))),
    ]
}

/// What all the listings are counterparts of.
fn counterpart() -> Value {
    json!({
        "direction": "REQUEST", "title": "partner cities", "language": "en", "regions": ["440300"],
        "industries": [INDUSTRY],
        "capital": {"instrument": "EQUITY", "amountMax": {"currencyCode": "CNY", "units": "1000000"}},
    })
}

async fn ask(server: &Server, certificate: &WebCertificate, asker: &Asker, way: &Way) -> String {
    let header = asker.header();
    let mut args: Vec<&str> = header.iter().flat_map(|header| ["-H", header]).collect();
    match way {
        Way::Get(path) => text(server.curl(certificate, &args, path).await.body),
        Way::Post(path, body) => {
            let body = body.to_string();
            args.extend(["-H", "content-type: application/json", "-d", &body]);
            text(server.curl(certificate, &args, path).await.body)
        }
        Way::Stream(path, end) => {
            args.extend(["-H", "accept: text/event-stream"]);
            server.curl_lines(certificate, &args, path).until(end).await.join("\n")
        }
    }
}

fn text(body: Vec<u8>) -> String {
    String::from_utf8(body).unwrap()
}

/// Which of the listings an answer tells of, by their names or their words.
fn told(answer: &str) -> BTreeSet<&'static str> {
    let of = |(id, _, word): &(&'static str, &[&str], &str)| {
        let (chinese, latin) = word.split_at(word.find(|c: char| c.is_ascii()).unwrap());
        let named = answer.contains(&format!("/listings/{id}\"")) || answer.contains(&format!("/listings/{id},"));
        (named || answer.contains(chinese) || answer.contains(latin)).then_some(*id)
    };
    AUDIENCES.iter().filter_map(of).collect()
}

/// Every number in an answer that counts listings.
fn counts(answer: &Value) -> Vec<i64> {
    let mut found: Vec<i64> = answer["totalSize"].as_i64().into_iter().collect();
    for facet in answer["facets"].as_array().into_iter().flatten() {
        found.extend(facet["values"].as_array().into_iter().flatten().filter_map(|value| value["count"].as_i64()));
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_however_gets_what_is_for_them_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(779)
        .gateway()
        .node("shenzhen", &["shenzhen"])
        .node("offices", &["bijie", "harbin", "zunyi"])
        .circle("rivers", &["shenzhen", "bijie"])
        .circle("winters", &["shenzhen", "harbin"])
        .web_certificate(&certificate)
        .start()
        .await;
    for (id, scopes, word) in AUDIENCES {
        let title = format!("{word} for partner cities");
        let draft = offer(id).titled(&title).saying(word).for_scopes(scopes);
        let draft = draft.with(|listing| {
            let opportunity = listing.listing.get_or_insert_default();
            opportunity.tags = vec![word.to_owned()];
            opportunity.industries = vec![INDUSTRY.to_owned()];
        });
        net.node("shenzhen").publish(draft).await.unwrap();
    }
    net.settle().await;

    let token = async |server: &Server, member: &str| Some(server.token(member, Role::Editor).await.unwrap());
    for (server, place) in [(net.node("offices"), "the node"), (net.gateway(), "the gateway")] {
        let mut askers = vec![
            Asker { who: "anybody", secret: None, may: &["open"] },
            Asker { who: "bijie", secret: token(server, "bijie").await, may: &["among-us", "open", "river", "vetted"] },
            Asker {
                who: "harbin",
                secret: token(server, "harbin").await,
                may: &["among-us", "open", "vetted", "winter"],
            },
            Asker {
                who: "zunyi",
                secret: token(server, "zunyi").await,
                may: &["among-us", "letter", "open", "vetted"],
            },
        ];
        let made = server.cli(&["tokens", "create", "--registered", "--output", "json"]).await.done();
        let made: Value = serde_json::from_str(&made).unwrap();
        let secret = made["secret"].as_str().map(str::to_owned);
        askers.push(Asker { who: "an enterprise", secret, may: &["open", "vetted"] });
        for asker in &askers {
            let may: BTreeSet<&str> = asker.may.iter().copied().collect();
            for (name, way) in ways() {
                // The index is a second behind.
                let all = async || {
                    let answer = ask(server, &certificate, asker, &way).await;
                    let told = told(&answer);
                    if told == may { Ok(answer) } else { Err(format!("{told:?} of {may:?}: {answer}")) }
                };
                let answer = within(PATIENCE, all).await;
                let answer = answer.unwrap_or_else(|why| panic!("{} asks {place} to {name}: {why}", asker.who));
                let number = i64::try_from(may.len()).unwrap();
                if let Ok(answer) = serde_json::from_str::<Value>(&answer) {
                    let too_many = counts(&answer).into_iter().find(|count| *count > number);
                    assert_eq!(too_many, None, "{} asks {place} to {name}: {answer}", asker.who);
                }
            }
            for (id, _, word) in AUDIENCES {
                one(server, &certificate, asker, place, (id, word, may.contains(id))).await;
            }
            kept(server, &certificate, asker, place, &may).await;
        }
    }
    net.finish().await;
}

/// What may be seen is found by its own word; what may not be seen is answered like what does not exist.
async fn one(
    server: &Server,
    certificate: &WebCertificate,
    asker: &Asker,
    place: &str,
    (id, word, may): (&str, &str, bool),
) {
    let what = format!("{} asks {place} for {id}", asker.who);
    let ask = async |path: String| ask(server, certificate, asker, &Way::Get(path)).await;
    let found: Value = serde_json::from_str(&ask(format!("/v1/listings:search?query={word}")).await).unwrap();
    assert_eq!(found["totalSize"].as_i64().unwrap_or_default(), i64::from(may), "{what}: {found}");
    let begun: String = word.chars().take(3).collect();
    let hints = ask(format!("/v1/listings:suggest?query={begun}")).await;
    assert_eq!(hints.contains(word), may, "{what}: {hints}");
    let absent = ask("/v1/members/shenzhen/listings/absent".to_owned()).await;
    for (path, missing) in [(String::new(), absent), ("/holders".to_owned(), String::new())] {
        let got = ask(format!("/v1/members/shenzhen/listings/{id}{path}")).await;
        if !may && !missing.is_empty() {
            let stripped = |text: &str| {
                let mut problem: Value = serde_json::from_str(text).unwrap();
                if let Some(problem) = problem.as_object_mut() {
                    problem.remove("request_id");
                }
                problem.to_string().replace(&format!("/{id}"), "/absent")
            };
            assert_eq!(stripped(&got), stripped(&missing), "{what}");
        }
        assert!(may || !got.contains(word), "{what}: {got}");
    }
    let of_it = json!({"name": format!("members/shenzhen/listings/{id}"), "minScore": 1});
    let matched = self::ask(server, certificate, asker, &Way::Post("/v1/listings:match", of_it)).await;
    assert!(!matched.contains(word), "{what}: {matched}");
}

/// Subscriptions: what a queue gives out and what the pages behind a secret address hold.
async fn kept(server: &Server, certificate: &WebCertificate, asker: &Asker, place: &str, may: &BTreeSet<&str>) {
    let create = async |way: Value| {
        let mut subscription = way;
        subscription["label"] = json!("eyes");
        let body = json!({"subscription": subscription, "start": "BEGINNING"});
        ask(server, certificate, asker, &Way::Post("/v1/subscriptions", body)).await
    };
    let queue: Value = serde_json::from_str(&create(json!({"pull": {}})).await).unwrap();
    if asker.secret.is_none() {
        assert_eq!(queue["status"], 401, "{} at {place}: {queue}", asker.who);
        return;
    }
    let name = queue["subscription"]["name"].as_str().unwrap_or_else(|| panic!("{}: {queue}", asker.who)).to_owned();
    let header = asker.header().unwrap();
    let pull = async || {
        let args = ["-H", &header, "-H", "content-type: application/json", "-d", "{}"];
        let answer = text(server.curl(certificate, &args, &format!("/v1/{name}:pull")).await.body);
        let told = told(&answer);
        if told == *may { Ok(()) } else { Err(format!("{told:?} of {may:?}: {answer}")) }
    };
    within(PATIENCE, pull).await.unwrap_or_else(|why| panic!("{} pulls at {place}: {why}", asker.who));
    let page: Value = serde_json::from_str(&create(json!({"page": {}})).await).unwrap();
    let path = page["path"].as_str().unwrap_or_else(|| panic!("{}: {page}", asker.who));
    for ending in ["atom", "json"] {
        let read = async || {
            let answer = text(server.curl(certificate, &[], &format!("{path}.{ending}")).await.body);
            let told = told(&answer);
            if told == *may { Ok(()) } else { Err(format!("{told:?} of {may:?}: {answer}")) }
        };
        within(PATIENCE, read).await.unwrap_or_else(|why| panic!("{} reads {ending} at {place}: {why}", asker.who));
    }
}
