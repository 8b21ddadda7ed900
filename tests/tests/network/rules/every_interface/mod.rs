//! One table: every way in × every audience × every kind of asker. What is not for the asker is nowhere in the answer,
//! be it a listing, a count, a suggestion or an error.

mod kept;
mod mailed;

use std::collections::BTreeSet;

use duikou_proto::v1::external_code::Scheme;
use duikou_proto::v1::opportunity::Details;
use duikou_proto::v1::token::Role;
use duikou_proto::v1::{Event, ExternalCode};
use duikou_tests::harness::{Draft, MailServer, Network, Server, WebCertificate, offer, within};
use serde_json::{Value, json};

use super::PATIENCE;
use super::subscriptions::{BASE, HERE};

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
    place: &'static str,
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
    Post(String, Value),
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
        ("match", Way::Post("/v1/listings:match".into(), json!({"listing": counterpart(), "minScore": 1}))),
    ]
}

/// When all of them take place: so many seconds after the morning of a day in some weeks.
fn at(seconds: i64) -> prost_types::Timestamp {
    let days = duikou_tests::harness::now() / 1_000_000 / 86_400 + 40;
    prost_types::Timestamp { seconds: days * 86_400 + seconds, nanos: 0 }
}

/// An event, since that stands in calendars too.
fn event(id: &str, scopes: &[&str], word: &str) -> Draft {
    let draft = offer(id).titled(&format!("{word} for partner cities")).saying(word).for_scopes(scopes);
    let id = id.to_owned();
    draft.with(|listing| {
        let opportunity = listing.listing.get_or_insert_default();
        opportunity.tags = vec![word.to_owned()];
        opportunity.industries = vec![INDUSTRY.to_owned()];
        let code = ExternalCode { scheme: Scheme::Other.into(), code: code(&id), register: "table".to_owned() };
        opportunity.external_codes = vec![code];
        opportunity.details = Some(Details::Event(Event {
            start_time: Some(at(0)),
            end_time: Some(at(3_600)),
            time_zone: "Asia/Shanghai".to_owned(),
            venue: word.to_owned(),
            ..Event::default()
        }));
    })
}

/// The code that a listing has in another register.
fn code(id: &str) -> String {
    format!("TABLE-{id}-2027")
}

/// What all the listings are counterparts of.
fn counterpart() -> Value {
    json!({
        "direction": "REQUEST", "title": "partner cities", "language": "en", "regions": ["440300"],
        "industries": [INDUSTRY],
        "event": {
            "startTime": at(0).to_string(), "endTime": at(7_200).to_string(), "timeZone": "Asia/Shanghai",
            "venue": "hall",
        },
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

/// Those of them that count each listing once: all results, and all of them by their kind, by their origin, by their tag.
fn exact(answer: &Value) -> Vec<i64> {
    let each = |facet: &&Value| ["KIND", "MEMBER", "TAG"].iter().any(|one| facet["facet"] == *one);
    let facets = answer["facets"].as_array().into_iter().flatten().filter(each);
    let sum =
        |facet: &Value| facet["values"].as_array().into_iter().flatten().filter_map(|v| v["count"].as_i64()).sum();
    answer["totalSize"].as_i64().into_iter().chain(facets.map(sum)).collect()
}

/// Everybody who may ask a server.
async fn askers(server: &Server, place: &'static str) -> Vec<Asker> {
    let token = async |member: &str| Some(server.token(member, Role::Editor).await.unwrap());
    let made = server.cli(&["tokens", "create", "--registered", "--output", "json"]).await.done();
    let secret_of = |made: &str| {
        let made: Value = serde_json::from_str(made).unwrap();
        made["secret"].as_str().map(str::to_owned)
    };
    let registered = secret_of(&made);
    let narrowed = ["--member", "bijie", "--role", "viewer", "--scope", "public,circle:rivers", "--output", "json"];
    let narrowed = server.cli(&[&["tokens", "create"], &narrowed[..]].concat()).await.done();
    let may: [(&'static str, Option<String>, &'static [&'static str]); 6] = [
        ("anybody", None, &["open"]),
        ("bijie", token("bijie").await, &["among-us", "open", "river", "vetted"]),
        ("harbin", token("harbin").await, &["among-us", "open", "vetted", "winter"]),
        ("zunyi", token("zunyi").await, &["among-us", "letter", "open", "vetted"]),
        ("an enterprise", registered, &["open", "vetted"]),
        ("a narrowed token", secret_of(&narrowed), &["open", "river"]),
    ];
    may.into_iter().map(|(who, secret, may)| Asker { who, place, secret, may }).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_however_gets_what_is_for_them_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let mails = MailServer::start(&certificate);
    let net = Network::new(779)
        .gateway()
        .node("shenzhen", &["shenzhen"])
        .node("offices", &["bijie", "harbin", "zunyi"])
        .circle("rivers", &["shenzhen", "bijie"])
        .circle("winters", &["shenzhen", "harbin"])
        .web_certificate(&certificate)
        .setting("delivery.allow", HERE)
        .setting("delivery.url", BASE)
        .setting("delivery.extra_roots", &certificate.certificate.display().to_string())
        .setting("mail.server", &mails.implicit())
        .setting("mail.from", "no-reply@duikou.example")
        .start()
        .await;
    for (id, scopes, word) in AUDIENCES {
        net.node("shenzhen").publish(event(id, scopes, word)).await.unwrap();
    }
    net.settle().await;

    let (mut table, mut digests) = (Vec::new(), mailed::Digests::new(&mails, &certificate));
    for (server, place) in [(net.node("offices"), "the node"), (net.gateway(), "the gateway")] {
        let askers = askers(server, place).await;
        for asker in &askers {
            digests.follow(server, asker).await;
        }
        table.push((server, place, askers));
    }
    for (server, place, askers) in table {
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
                    let what = format!("{} asks {place} to {name}: {answer}", asker.who);
                    assert_eq!(counts(&answer).into_iter().find(|count| *count > number), None, "{what}");
                    for exact in exact(&answer) {
                        assert_eq!(exact, number, "{what}");
                    }
                }
            }
            live(server, &certificate, asker, &may).await;
            for (id, _, word) in AUDIENCES {
                one(server, &certificate, asker, place, (id, word, may.contains(id))).await;
            }
            kept::all(server, &certificate, asker, &may).await;
        }
    }
    digests.come().await;
    net.finish().await;
}

/// A problem without what differs from call to call, and with another name in place of the listing's.
fn stripped(text: &str, id: &str) -> String {
    let mut problem: Value = serde_json::from_str(text).unwrap();
    if let Some(problem) = problem.as_object_mut() {
        problem.remove("requestId");
    }
    problem.to_string().replace(&format!("/{id}"), "/absent")
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
            assert_eq!(stripped(&got, id), stripped(&missing, id), "{what}");
        }
        assert!(may || !got.contains(word), "{what}: {got}");
    }
    let of_it = json!({"name": format!("members/shenzhen/listings/{id}"), "minScore": 1});
    let matched = self::ask(server, certificate, asker, &Way::Post("/v1/listings:match".into(), of_it)).await;
    assert!(!matched.contains(word), "{what}: {matched}");
    let codes = json!([{"scheme": "OTHER", "code": code(id), "register": "table"}]);
    let same = json!({"listing": {"title": "partner cities", "externalCodes": codes}});
    let same = self::ask(server, certificate, asker, &Way::Post("/v1/listings:findDuplicates".into(), same)).await;
    assert_eq!(told(&same).contains(id), may, "{what}: {same}");
    assert!(may || told(&same).is_empty(), "{what}: {same}");
}

/// A live question brings what the origin shows whoever asks: what may be seen, and what is kept on request. Who cannot ask
/// hears of nothing.
async fn live(server: &Server, certificate: &WebCertificate, asker: &Asker, may: &BTreeSet<&str>) {
    let question = Way::Post("/v1/listings:query".into(), json!({"words": "partner"}));
    let answer = ask(server, certificate, asker, &question).await;
    let told = told(&answer);
    let what = format!("{} asks live at {}: {answer}", asker.who, asker.place);
    let own = ["bijie", "harbin", "zunyi"].contains(&asker.who) && asker.place == "the node";
    if !own {
        assert!(told.is_empty() && !answer.contains("listings/"), "{what}");
        return;
    }
    let shown: BTreeSet<&str> = may.iter().copied().chain(["at-home"]).collect();
    assert_eq!(told, shown, "{what}");
}
