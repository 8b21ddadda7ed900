//! A provider that lies, and what is believed of it.

use std::sync::{Arc, Mutex};

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use duikou_proto::envelope::Micros;
use duikou_proto::language::Language;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::AbortOnDropHandle;

use super::{Aim, Arrived, Provider, Refused, Returning};
use crate::config::{Config, Overrides};
use crate::world::system_time;

const SECRET: &str = "shared-word";
const SECOND: Micros = 1_000_000;

/// What the provider says when it is asked.
struct Said {
    metadata: Value,
    /// By their ids.
    keys: Vec<(String, Ed25519KeyPair)>,
    token: String,
    /// How often it described itself.
    asked: usize,
    /// What came to its token endpoint.
    given: String,
    /// In place of any answer.
    instead: Option<String>,
}

struct Liar {
    issuer: String,
    said: Arc<Mutex<Said>>,
    _task: AbortOnDropHandle<()>,
}

fn key(seed: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap()
}

fn encoded(value: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(value.to_string())
}

impl Liar {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let metadata = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "jwks_uri": format!("{issuer}/jwks"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["EdDSA", "HS256", "none"],
        });
        let keys = vec![("first".to_owned(), key(1))];
        let said = Said { metadata, keys, token: String::new(), asked: 0, given: String::new(), instead: None };
        let said = Arc::new(Mutex::new(said));
        let serve = said.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = answer(stream, &serve).await;
            }
        });
        Self { issuer, said, _task: AbortOnDropHandle::new(task) }
    }

    fn provider(&self, folder: &std::path::Path) -> Provider {
        let file = folder.join("secret");
        std::fs::write(&file, format!("{SECRET}\n")).unwrap();
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let text = format!(
            "[accounts.oidc]\nissuer = {:?}\nclient_id = \"duikou\"\nclient_secret_file = {:?}\n[delivery]\n\
             url = \"https://duikou.example\"\nallow = \"127.0.0.1\"\n",
            self.issuer,
            file.to_str().unwrap()
        );
        let config = Config::read(&text, std::path::Path::new("x"), &Overrides::none()).unwrap();
        Provider::open(&config).unwrap().unwrap()
    }

    fn says(&self, metadata: Value, instead: Option<String>) {
        let mut said = self.said.lock().unwrap();
        (said.metadata, said.instead) = (metadata, instead);
    }

    fn claims(&self, nonce: &str, now: Micros) -> Value {
        let seconds = now / SECOND;
        json!({"iss": self.issuer, "aud": "duikou", "sub": "7f3a", "nonce": nonce, "iat": seconds, "exp": seconds + 300})
    }
}

/// A token with these claims, signed by a key that says it is `id`.
fn token(claims: &Value, id: &str, key: &Ed25519KeyPair) -> String {
    let body = format!("{}.{}", encoded(&json!({"alg": "EdDSA", "kid": id})), encoded(claims));
    let signature = BASE64_URL_SAFE_NO_PAD.encode(key.sign(body.as_bytes()));
    format!("{body}.{signature}")
}

async fn answer(stream: TcpStream, said: &Mutex<Said>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let (mut request, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        request.push_str(&line);
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    let written = {
        let mut said = said.lock().unwrap();
        let body = match path.as_str() {
            "/.well-known/openid-configuration" => {
                said.asked += 1;
                said.metadata.to_string()
            }
            "/jwks" => {
                let one = |(id, key): &(String, Ed25519KeyPair)| {
                    let x = BASE64_URL_SAFE_NO_PAD.encode(key.public_key().as_ref());
                    json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": id, "x": x})
                };
                json!({"keys": said.keys.iter().map(one).collect::<Vec<_>>()}).to_string()
            }
            _ => {
                said.given = format!("{request}{}", String::from_utf8_lossy(&body));
                json!({"access_token": "x", "token_type": "Bearer", "id_token": said.token}).to_string()
            }
        };
        said.instead.clone().unwrap_or_else(|| {
            let length = body.len();
            format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
            )
        })
    };
    stream.write_all(written.as_bytes()).await
}

/// Somebody who has been led there.
struct Led {
    returning: Returning,
    nonce: String,
}

async fn lead(provider: &Provider, now: Micros) -> Result<Led, Refused> {
    let left = provider.leave(Aim::SignIn, "/drafts".to_owned(), Language::Zh, now).await?;
    let query = left.url.split_once('?').unwrap().1;
    let sent: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let get = |name: &str| sent.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap_or_default();
    for (name, value) in [
        ("response_type", "code"),
        ("scope", "openid"),
        ("client_id", "duikou"),
        ("redirect_uri", "https://duikou.example/sign-in/provider/return"),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(get(name), value, "{}", left.url);
    }
    let returning =
        Returning { secret: Some(left.secret), code: "good".to_owned(), state: get("state"), ..Returning::default() };
    Ok(Led { returning, nonce: get("nonce") })
}

/// What comes of somebody who is led there and brought back with `word` as the provider's.
async fn brought(
    liar: &Liar,
    provider: &Provider,
    now: Micros,
    word: impl FnOnce(Value) -> String,
) -> Result<Arrived, Refused> {
    let led = lead(provider, now).await?;
    liar.said.lock().unwrap().token = word(liar.claims(&led.nonce, now));
    provider.arrive(&led.returning, now).await.map_err(|(refused, back)| {
        assert_eq!(back, "/drafts");
        refused
    })
}

fn with(mut claims: Value, name: &str, value: Value) -> Value {
    claims[name] = value;
    claims
}

#[tokio::test]
async fn a_good_word_is_believed_once() {
    let (liar, folder, now) = (Liar::new().await, tempfile::tempdir().unwrap(), system_time());
    let provider = liar.provider(folder.path());
    let led = lead(&provider, now).await.unwrap();
    liar.said.lock().unwrap().token = token(&liar.claims(&led.nonce, now), "first", &key(1));
    let arrived = provider.arrive(&led.returning, now).await.unwrap();
    assert_eq!((arrived.who.subject.as_str(), arrived.back.as_str(), arrived.aim), ("7f3a", "/drafts", Aim::SignIn));
    let given = liar.said.lock().unwrap().given.clone();
    assert!(given.contains("code_verifier=") && given.to_lowercase().contains("authorization: basic "), "{given}");
    let replayed = provider.arrive(&led.returning, now).await.unwrap_err();
    assert_eq!(replayed, (Refused::Unexpected, String::new()));
}

#[tokio::test]
async fn a_word_that_proves_nothing_is_refused() {
    let (liar, folder, now) = (Liar::new().await, tempfile::tempdir().unwrap(), system_time());
    let provider = liar.provider(folder.path());
    let signed = |claims: &Value| token(claims, "first", &key(1));
    assert!(brought(&liar, &provider, now, |claims| signed(&claims)).await.is_ok());
    let unsigned = |claims: Value| format!("{}.{}.", encoded(&json!({"alg": "none"})), encoded(&claims));
    let shared = |claims: Value| {
        let body = format!("{}.{}", encoded(&json!({"alg": "HS256"})), encoded(&claims));
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes()), body.as_bytes());
        format!("{body}.{}", BASE64_URL_SAFE_NO_PAD.encode(tag))
    };
    type Word<'a> = Box<dyn FnOnce(Value) -> String + 'a>;
    let past = now / SECOND - 1;
    let lies: Vec<(&str, Word<'_>)> = vec![
        ("another nonce", Box::new(|claims| signed(&with(claims, "nonce", json!("other"))))),
        ("no nonce", Box::new(|claims| signed(&with(claims, "nonce", Value::Null)))),
        ("for another", Box::new(|claims| signed(&with(claims, "aud", json!("other"))))),
        ("for others too", Box::new(|claims| signed(&with(claims, "aud", json!(["duikou", "other"]))))),
        ("of another", Box::new(|claims| signed(&with(claims, "iss", json!("https://other.example"))))),
        ("expired", Box::new(move |claims| signed(&with(claims, "exp", json!(past))))),
        ("no subject", Box::new(|claims| signed(&with(claims, "sub", json!(""))))),
        ("a long subject", Box::new(|claims| signed(&with(claims, "sub", json!("x".repeat(256)))))),
        ("forged", Box::new(|claims| token(&claims, "first", &key(2)))),
        ("an unknown key", Box::new(|claims| token(&claims, "second", &key(2)))),
        ("unsigned", Box::new(unsigned)),
        ("by the shared word", Box::new(shared)),
        ("changed", Box::new(|claims| signed(&claims).replacen('.', ".e30", 1))),
        ("nothing", Box::new(|_| String::new())),
    ];
    for (lie, word) in lies {
        let refused = brought(&liar, &provider, now, word).await.unwrap_err();
        assert!(matches!(refused, Refused::Unproven(_)), "{lie}: {refused:?}");
    }
    assert_eq!(liar.said.lock().unwrap().asked, 1, "an unknown key does not have it asked again at once");
}

#[tokio::test]
async fn another_provider_an_error_and_no_code_bring_nobody() {
    let (liar, folder, now) = (Liar::new().await, tempfile::tempdir().unwrap(), system_time());
    let provider = liar.provider(folder.path());
    let returned = async |change: fn(&mut Returning)| {
        let mut led = lead(&provider, now).await.unwrap();
        liar.said.lock().unwrap().token = token(&liar.claims(&led.nonce, now), "first", &key(1));
        change(&mut led.returning);
        provider.arrive(&led.returning, now).await.map_err(|(refused, _)| refused)
    };
    let other = returned(|returning| returning.issuer = "https://other.example".to_owned()).await;
    assert!(matches!(other, Err(Refused::Mixed(_))), "{other:?}");
    let declined = returned(|returning| returning.error = "access_denied".to_owned()).await;
    assert_eq!(declined, Err(Refused::Declined("access_denied".to_owned())));
    assert!(matches!(returned(|returning| returning.code.clear()).await, Err(Refused::Unproven(_))));
    assert_eq!(returned(|returning| returning.secret = None).await, Err(Refused::Unexpected));
    assert_eq!(returned(|returning| returning.state.clear()).await, Err(Refused::Unexpected));
    assert!(returned(|_| ()).await.is_ok());
    // Where it says that it always names itself, it has to.
    liar.said.lock().unwrap().metadata["authorization_response_iss_parameter_supported"] = json!(true);
    let strict = liar.provider(folder.path());
    let led = lead(&strict, now).await.unwrap();
    let silent = strict.arrive(&led.returning, now).await.map_err(|(refused, _)| refused);
    assert!(matches!(silent, Err(Refused::Mixed(_))), "{silent:?}");
}

#[tokio::test]
async fn new_keys_are_fetched_when_they_are_met_and_at_most_once_a_minute() {
    let (liar, folder, now) = (Liar::new().await, tempfile::tempdir().unwrap(), system_time());
    let provider = liar.provider(folder.path());
    provider.reach(now).await.unwrap();
    liar.said.lock().unwrap().keys = vec![("second".to_owned(), key(2))];
    let by_second = |claims: Value| token(&claims, "second", &key(2));
    let soon = brought(&liar, &provider, now + 59 * SECOND, by_second).await;
    assert!(matches!(soon, Err(Refused::Unproven(_))), "{soon:?}");
    assert!(brought(&liar, &provider, now + 60 * SECOND, by_second).await.is_ok());
    assert!(brought(&liar, &provider, now + 61 * SECOND, by_second).await.is_ok());
    assert_eq!(liar.said.lock().unwrap().asked, 2);
    let first = brought(&liar, &provider, now + 62 * SECOND, |claims| token(&claims, "first", &key(1))).await;
    assert!(matches!(first, Err(Refused::Unproven(_))), "a key that is gone is gone: {first:?}");
}

#[tokio::test]
async fn a_provider_that_is_not_what_it_should_be_is_not_used() {
    let (liar, folder, now) = (Liar::new().await, tempfile::tempdir().unwrap(), system_time());
    let good = liar.said.lock().unwrap().metadata.clone();
    let large = "x".repeat(crate::limits::OPENID_ANSWER_BYTES);
    let large = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n{large}x");
    let moved = "HTTP/1.1 302 Found\r\nlocation: /jwks\r\ncontent-length: 0\r\n\r\n".to_owned();
    let cases = [
        (with(good.clone(), "issuer", json!("https://other.example")), None),
        (with(good.clone(), "authorization_endpoint", json!("http://other.example/authorize")), None),
        (with(good.clone(), "jwks_uri", json!("http://192.0.2.1/jwks")), None),
        (good.clone(), Some(large)),
        (good.clone(), Some(moved)),
        (json!([]), None),
    ];
    for (metadata, instead) in cases {
        let told = metadata.to_string();
        let provider = liar.provider(folder.path());
        liar.says(metadata, instead);
        let refused = provider.reach(now).await;
        assert!(matches!(refused, Err(Refused::Unusable(_))), "{told}: {refused:?}");
        // It is left alone for a moment, and asked again then.
        liar.says(good.clone(), None);
        assert!(provider.reach(now + 4 * SECOND).await.is_err());
        assert_eq!(provider.reach(now + 6 * SECOND).await, Ok(()), "{told}");
    }
}
