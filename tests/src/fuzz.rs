//! Whatever reads what strangers send, over arbitrary bytes: one target for each parser, with samples from which it is
//! changed a little at a time. The suite runs each over chance for a moment, `tests/fuzz` by coverage for as long as one
//! likes. A target panics where something does not hold that holds for whatever is read.

use std::path::Path;
use std::str::from_utf8;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use duikou_node::cli::{Defaults, Layout, parse_listing, to_json};
use duikou_node::config::{Config, Overrides};
use duikou_node::trust::{Peer, Proxy};
use duikou_node::{arbitrary, enrol};
use duikou_proto::directory::{self, Directory};
use duikou_proto::envelope::Part;
use duikou_proto::federation::{ControlFrame, Hello, JoinToken, SinkFrame, SourceFrame, control_frame};
use duikou_proto::filter::{Filter, Header};
use duikou_proto::language::Language;
use duikou_proto::live::Asked;
use duikou_proto::name::{MemberId, NetworkName, RecordName};
use duikou_proto::scope::{Scope, ScopeSet};
use duikou_proto::seal;
use duikou_proto::sign::Signer;
use duikou_proto::v1::{self, Opportunity, Record, Sealed, Signed};
use duikou_proto::validate;
use duikou_proto::words::{self, Words};
use prost::Message;
use rustls_pki_types::CertificateDer;

/// A parser, as it is thrown at.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// As `cargo fuzz run` calls it.
    pub name: &'static str,
    /// Reads anything.
    pub run: fn(&[u8]),
    /// What it understands.
    pub samples: fn() -> Vec<Vec<u8>>,
}

/// All of them.
pub const TARGETS: [Target; 19] = [
    Target { name: "envelope", run: envelope, samples: || vec![record().bytes().to_vec()] },
    Target { name: "frames", run: frames, samples: frame_samples },
    Target { name: "batch", run: arbitrary::batch, samples: batch_samples },
    Target { name: "directory_entry", run: directory_entry, samples: || vec![first_entry()] },
    Target { name: "names", run: names, samples: name_samples },
    Target { name: "filter", run: filter, samples: filter_samples },
    Target { name: "listing", run: listing, samples: || vec![opportunity().encode_to_vec()] },
    Target {
        name: "search",
        run: arbitrary::search,
        samples: || texts(&["冷鏈 -\"cold chain\" lenglian\n冷链物流 cold-chain"]),
    },
    Target { name: "position", run: arbitrary::position, samples: || vec![vec![7; 96]] },
    Target { name: "certificate", run: certificate, samples: certificate_samples },
    Target { name: "import_row", run: import_row, samples: import_samples },
    Target { name: "configuration", run: configuration, samples: || texts(&[&Config::default().to_toml()]) },
    Target {
        name: "webhook_address",
        run: arbitrary::webhook_address,
        samples: || texts(&["https://a.example:8443/x?y=1", "http://[::1]/"]),
    },
    Target { name: "headers", run: arbitrary::headers, samples: header_samples },
    Target {
        name: "places",
        run: arbitrary::places,
        samples: || texts(&["a/1795965041317852/7", "o/9/50", "62 1795 a/b"]),
    },
    Target { name: "page_place", run: arbitrary::page_place, samples: page_samples },
    Target {
        name: "mail_link",
        run: arbitrary::mail_link,
        samples: || texts(&["01a1e2d0-71c4-7b02-8a5e-9c40d2e6f813.o3Xb0n6mGQe8yW1c2Jr7uT4vKx5zLs9dPq0aHfEiBkM"]),
    },
    Target { name: "rest_call", run: arbitrary::rest_call, samples: rest_samples },
    Target { name: "sealed", run: sealed, samples: || vec![sealed_sample().encode_to_vec()] },
];

/// Throws `bytes` at the target with this name.
///
/// # Panics
/// Where there is none, or where what it reads breaks a rule.
pub fn run(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target");
    (target.run)(bytes);
}

fn network() -> NetworkName {
    "n.example".parse().expect("a name")
}

fn member() -> MemberId {
    "a.n.example".parse().expect("an id")
}

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

fn opportunity() -> Opportunity {
    let regions = vec!["440300".to_owned()];
    Opportunity { title: "冷链物流".to_owned(), language: "zh-CN".to_owned(), regions, ..Opportunity::default() }
}

fn record() -> Part {
    let record = Record {
        name: "members/a.n.example/listings/x".to_owned(),
        revision: 1_800_000_000_000_000,
        kind: "project".to_owned(),
        lane: v1::Lane::Bulk.into(),
        scopes: vec![Scope::public().to_string()],
        publish_time: 1_800_000_000_000_000,
        update_time: 1_800_000_000_000_000,
        expire_time: 1_810_000_000_000_000,
        body: opportunity().encode_to_vec().into(),
    };
    Part::sign_record(&Signer::from_seed(1, [1; 32]), &record).expect("a record")
}

/// A record or a withdrawal. What is read keeps its bytes, and its name reads back.
fn envelope(bytes: &[u8]) {
    let Ok(part) = Part::parse(bytes) else { return };
    assert_eq!(part.bytes().as_ref(), bytes);
    assert_eq!(part.name().to_string().parse::<RecordName>().as_ref(), Ok(part.name()));
    assert_eq!(ScopeSet::from_text(&part.scopes().to_text()).as_ref(), Ok(part.scopes()));
    assert!(Part::parse(part.bytes()) == Ok(part));
}

fn frame_samples() -> Vec<Vec<u8>> {
    let hello = Hello { node: "node.n.example".to_owned(), network: "n.example".to_owned(), ..Hello::default() };
    vec![ControlFrame { frame: Some(control_frame::Frame::Hello(hello)) }.encode_to_vec()]
}

/// Frames of a link, and a live question. What is read is the same when it is written and read again.
fn frames(bytes: &[u8]) {
    again::<ControlFrame>(bytes);
    again::<SourceFrame>(bytes);
    again::<SinkFrame>(bytes);
    if let Ok(signed) = Signed::decode(bytes) {
        let _ = Asked::parse(signed);
    }
}

fn again<T: Message + Default + PartialEq + std::fmt::Debug>(bytes: &[u8]) {
    if let Ok(frame) = T::decode(bytes) {
        assert_eq!(T::decode(&*frame.encode_to_vec()), Ok(frame));
    }
}

fn batch_samples() -> Vec<Vec<u8>> {
    let parts = duikou_proto::federation::Parts { parts: vec![record().bytes().clone()] }.encode_to_vec();
    let packed = zstd::bulk::compress(&parts, 3).expect("memory suffices");
    let batch = duikou_proto::federation::Batch {
        number: 1,
        parts: packed.clone().into(),
        compressed: true,
        ..Default::default()
    };
    vec![parts, packed, batch.encode_to_vec()]
}

fn first_entry() -> Vec<u8> {
    directory::genesis(&network(), &Signer::from_seed(0, [1; 32]), &Signer::from_seed(1, [2; 32]), 1).to_vec()
}

/// An entry of the directory's log. What is refused changes nothing.
fn directory_entry(bytes: &[u8]) {
    let _ = directory::read(bytes);
    for entries in [&[][..], &[first_entry()]] {
        let mut directory = Directory::replay(entries.iter().map(Vec::as_slice)).expect("they continue");
        let before = directory.index();
        match directory.apply(bytes) {
            Ok(_) => assert_eq!(directory.index(), before + 1),
            Err(_) => assert_eq!(directory.index(), before),
        }
    }
}

fn name_samples() -> Vec<Vec<u8>> {
    let token = JoinToken { network: "n.example".to_owned(), secret: vec![7; 32], ..JoinToken::default() };
    let scopes = "circle:ring@n.example public";
    let proxy = "http://u:p%40@proxy.example:8080";
    let words = "冷鏈 -\"cold chain\" 高山*";
    texts(&["members/a.n.example/listings/x", scopes, proxy, &enrol::encode_token(&token), words])
}

/// Names, scopes, and what people and browsers write in one line. What is read reads back.
fn names(bytes: &[u8]) {
    let Ok(text) = from_utf8(bytes) else { return };
    for name in [text.parse::<RecordName>(), RecordName::parse(text, &network())].into_iter().flatten() {
        assert_eq!(name.to_string().parse(), Ok(name));
    }
    if let Ok(member) = MemberId::parse(text, &network()) {
        assert_eq!(member.to_string().parse(), Ok(member));
    }
    if let Ok(scope) = Scope::parse(text, &network()) {
        assert_eq!(Scope::parse(&scope.short(&network()), &network()), Ok(scope));
    }
    if let Ok(scopes) = ScopeSet::from_text(text) {
        assert_eq!(ScopeSet::from_text(&scopes.to_text()), Ok(scopes));
    }
    if let Ok(proxy) = text.parse::<Proxy>() {
        assert!(proxy.text().parse::<Proxy>().is_ok_and(|again| again == proxy));
    }
    if let Some(token) = enrol::decode_token(text) {
        assert_eq!(enrol::decode_token(&enrol::encode_token(&token)), Some(token));
    }
    if let Ok(words) = Words::parse(text) {
        let listing = Opportunity { body: text.to_owned(), ..opportunity() };
        let mut rest = text;
        let mut pieces = std::iter::from_fn(|| words::next_piece(&mut rest)).flatten();
        let excludes = pieces.any(|piece| piece.unwanted && piece.text.contains(char::is_alphanumeric));
        assert_eq!(words.score(&listing).is_none(), excludes, "a text holds its own words, those that it excludes too");
    }
    let _ = Language::from_accept_language(text);
}

fn filter_samples() -> Vec<Vec<u8>> {
    let wanted = v1::Filter { kinds: vec!["project".to_owned()], regions: vec!["44".to_owned()], ..Default::default() };
    let wanted = wanted.encode_to_vec();
    let length = u16::try_from(wanted.len()).expect("a small one").to_be_bytes();
    vec![[&length[..], &wanted, &opportunity().encode_to_vec()].concat()]
}

/// Two octets say how long a filter is; it follows, and a listing after it. What a filter matches, its anchors find.
fn filter(bytes: &[u8]) {
    let Some((length, rest)) = bytes.split_first_chunk() else { return };
    let Some((wanted, listing)) = rest.split_at_checked(u16::from_be_bytes(*length).into()) else { return };
    let (Ok(wanted), Ok(listing)) = (v1::Filter::decode(wanted), Opportunity::decode(listing)) else { return };
    let Ok(filter) = Filter::compile(&wanted, &network()) else { return };
    assert_eq!(Filter::compile(&wanted, &network()).map(|again| again.hash()), Ok(filter.hash()));
    let scopes = ScopeSet::from_text("public").expect("a scope");
    let kind = validate::kind_of(&listing).unwrap_or("project");
    let header =
        Header { kind, scopes: &scopes, origin: "a.n.example", publish_time: 1, expire_time: 1_810_000_000_000_000 };
    if filter.matches(&header, &listing) {
        let found = Filter::anchors_of(&header, &listing);
        assert!(filter.anchors().iter().any(|anchor| found.contains(anchor)), "it is not found by its anchors");
    }
}

/// The body of a listing. Its normal form is normal.
fn listing(bytes: &[u8]) {
    let Ok(mut listing) = Opportunity::decode(bytes) else { return };
    let _ = validate::opportunity(&listing, "listing");
    validate::normalise(&mut listing);
    let once = listing.clone();
    validate::normalise(&mut listing);
    assert_eq!(listing, once);
}

fn certificate_samples() -> Vec<Vec<u8>> {
    let mut parameters = rcgen::CertificateParams::default();
    let uri = "spiffe://n.example/node/a".try_into().expect("ASCII");
    parameters.subject_alt_names = vec![rcgen::SanType::URI(uri)];
    // Always the same, so that what fails fails again: Ed25519 in PKCS #8 (RFC 8410).
    let pkcs8 = [&b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20"[..], &[5; 32]].concat();
    let key = rcgen::KeyPair::try_from(&pkcs8[..]).expect("a key");
    let certificate = parameters.self_signed(&key).expect("a certificate");
    vec![certificate.der().to_vec(), b"spiffe://n.example/node/a".to_vec()]
}

/// The name in a certificate, and one that stands alone. It is written as it was read.
fn certificate(bytes: &[u8]) {
    let alone = from_utf8(bytes).ok().and_then(|text| Peer::from_uri(text, &network()).ok());
    if let Some(peer) = &alone {
        assert_eq!(peer.uri().as_bytes(), bytes);
    }
    let within = Peer::from_certificate(&CertificateDer::from(bytes), &network()).ok();
    for peer in [alone, within].into_iter().flatten() {
        assert_eq!(Peer::from_uri(&peer.uri(), &network()), Ok(peer));
    }
}

fn import_samples() -> Vec<Vec<u8>> {
    texts(&[r#"{"name":"members/a/listings/x","scopes":["public"],"listing":{"kind":"project","direction":"OFFER",
        "title":"冷链","regions":["440300"],"project":{"investmentMin":{"currencyCode":"CNY","units":"5"}}}}"#])
}

/// A line of an import. What is read is the same when it is exported and imported again.
fn import_row(bytes: &[u8]) {
    let Some(listing) = from_utf8(bytes).ok().and_then(|text| parse_listing(text, 1).ok()) else { return };
    let written = to_json(&listing, Layout::Line, Defaults::Left);
    assert_eq!(parse_listing(&written, 1), Ok(listing), "{written}");
}

/// A configuration. What is read is the same when it is written and read again.
fn configuration(bytes: &[u8]) {
    let read = |text: &str| Config::read(text, Path::new("duikou.toml"), &Overrides::none());
    let Some(config) = from_utf8(bytes).ok().and_then(|text| read(text).ok()) else { return };
    assert_eq!(read(&config.to_toml()), Ok(config));
}

fn header_samples() -> Vec<Vec<u8>> {
    texts(&[
        "if-none-match: \"a\", W/\"b\"\nif-modified-since: Sun, 06 Nov 1994 08:49:37 GMT",
        "idempotency-key: \"first\"\nif-match: \"17\"\nlast-event-id: AAAA",
        "forwarded: for=\"[2001:db8::1]:4711\";proto=https, for=192.0.2.1\nx-forwarded-for: 192.0.2.1, 10.0.0.1",
    ])
}

fn page_samples() -> Vec<Vec<u8>> {
    texts(&[&BASE64_URL_SAFE_NO_PAD.encode("00251606435622057055/members/a.n.example/listings/x")])
}

fn rest_samples() -> Vec<Vec<u8>> {
    texts(&[
        "GET /v1/members/-/listings?pageSize=5&filter.kinds=project&filter.regions=44",
        "POST /v1/listings:search\n{\"query\":\"冷链\",\"facets\":[\"KIND\"],\"pageSize\":3}",
        "POST /v1/members/a/listings\n{\"listing\":{\"title\":\"x\"},\"scopes\":[\"public\"],\"expireTime\":\"2027-01-01T00:00:00Z\"}",
    ])
}

const CONTENT: &[u8] = b"for one member alone";
const NAME: &str = "members/a.n.example/listings/x";

fn sealed_sample() -> Sealed {
    let key = seal::public(&[7; 32]).expect("a key").to_vec();
    let key = directory::EncryptionKey { number: 1, key, ..Default::default() };
    seal::seal(NAME, CONTENT, &[(&member(), &key)], [9; 32]).expect("it is small")
}

/// What is sealed to one member. It opens as it was, or not at all.
fn sealed(bytes: &[u8]) {
    let Ok(sealed) = Sealed::decode(bytes) else { return };
    if let Ok(content) = seal::open(NAME, &sealed, &member(), |number| (number == 1).then_some([7; 32])) {
        assert_eq!(content, CONTENT);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::Index;

    use super::*;

    #[test]
    fn each_can_be_run_for_long() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
        let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        for Target { name, .. } in TARGETS {
            let text = std::fs::read_to_string(folder.join(format!("fuzz_targets/{name}.rs"))).unwrap();
            assert!(text.contains(&format!("\"{name}\"")), "{name}");
            assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name} is not in Cargo.toml");
        }
    }

    #[test]
    fn samples_are_understood() {
        let parsed = |name: &str| {
            let target = TARGETS.into_iter().find(|target| target.name == name).unwrap();
            (target.samples)().remove(0)
        };
        assert!(Part::parse(&parsed("envelope")).is_ok());
        assert!(Directory::replay([&*parsed("directory_entry")]).is_ok());
        assert!(Peer::from_certificate(&CertificateDer::from(&*parsed("certificate")), &network()).is_ok());
        assert!(parse_listing(from_utf8(&parsed("import_row")).unwrap(), 1).is_ok());
        let sealed = Sealed::decode(&*parsed("sealed")).unwrap();
        assert_eq!(seal::open(NAME, &sealed, &member(), |_| Some([7; 32])).as_deref(), Ok(CONTENT));
    }

    proptest! {
        #[test]
        fn whatever_comes_breaks_no_parser(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            TARGETS.iter().for_each(|target| (target.run)(&bytes));
        }

        #[test]
        fn what_is_changed_a_little_breaks_no_parser(
            changes in prop::collection::vec((any::<Index>(), any::<u8>()), 0..4),
            cut in any::<Index>(),
        ) {
            for target in TARGETS {
                for mut bytes in (target.samples)() {
                    for (at, octet) in &changes {
                        let at = at.index(bytes.len());
                        bytes[at] = *octet;
                    }
                    (target.run)(&bytes);
                    bytes.truncate(cut.index(bytes.len()));
                    (target.run)(&bytes);
                }
            }
        }
    }
}
