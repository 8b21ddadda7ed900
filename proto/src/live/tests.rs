use crate::directory::{genesis, next};
use crate::federation::directory_entry::Action;
use crate::federation::live_content::Refusal;
use crate::federation::live_query::Reader;
use crate::federation::{Admit, Host, Suspend};
use crate::name::NetworkName;

use super::*;

const NOW: Micros = 1_800_000_000_000_000;
const MINUTE: Micros = 60_000_000;
const SECRETS: [(&str, u8); 3] = [("a", 1), ("b", 2), ("c", 3)];

fn id(member: &str) -> MemberId {
    MemberId::parse(member, &network()).unwrap()
}

fn network() -> NetworkName {
    "pprd.example".parse().unwrap()
}

fn signer(member: &str) -> Signer {
    Signer::from_seed(1, secret(member).unwrap())
}

fn secret(member: &str) -> Option<[u8; 32]> {
    SECRETS.iter().find(|(known, _)| *known == member).map(|(_, secret)| [*secret; 32])
}

/// Three members, of which those named are suspended.
fn directory(suspended: &[&str]) -> Directory {
    let (root, authority) = (Signer::from_seed(0, [8; 32]), Signer::from_seed(1, [9; 32]));
    let mut directory = Directory::default();
    directory.apply(&genesis(&network(), &root, &authority, 1)).unwrap();
    let mut act = |action| {
        let entry = next(directory.link(), &authority, NOW, action);
        directory.apply(&entry).unwrap();
    };
    for (member, octet) in SECRETS {
        act(Action::Host(Host { member: id(member).to_string(), node: id("node").to_string(), announced: false }));
        act(Action::Admit(Admit {
            member: id(member).to_string(),
            signing_key: signer(member).public().to_bytes().to_vec(),
            encryption_key: seal::public(&[octet; 32]).unwrap().to_vec(),
            ..Admit::default()
        }));
    }
    for member in suspended {
        act(Action::Suspend(Suspend { member: id(member).to_string(), reason: String::new() }));
    }
    directory
}

fn exchange() -> Exchange {
    Exchange { asker: id("a"), origin: id("b"), nonce: [5; 16] }
}

fn query() -> LiveQuery {
    LiveQuery { words: "茶".to_owned(), max_results: 5, reader: Reader::Member.into(), ..LiveQuery::default() }
}

fn question() -> Signed {
    exchange().ask(&query(), NOW, &signer("a"), &directory(&[]), [4; 32]).unwrap()
}

fn page(number: i32) -> Page {
    let content = LiveContent { refusal: Refusal::Policy.into(), ..LiveContent::default() };
    Page { number, last: true, content }
}

fn reply(number: i32) -> Signed {
    exchange().reply(&page(number), &signer("b"), &directory(&[]), [6; 32]).unwrap()
}

fn read(reply: &Signed) -> Option<Page> {
    exchange().read(1, reply, &directory(&[]), NOW, |_| secret("a"))
}

#[test]
fn the_origin_reads_what_was_asked_and_the_asker_what_was_said() {
    let asked = Asked::parse(question()).unwrap();
    assert_eq!((&asked.exchange, asked.time), (&exchange(), NOW));
    assert_eq!(asked.verify(&directory(&[]), NOW), Ok(()));
    assert_eq!(asked.open(|_| secret("b")), Ok(query()));
    assert_eq!(read(&reply(1)), Some(page(1)));
}

#[test]
fn whoever_carries_them_reads_neither() {
    let asked = Asked::parse(question()).unwrap();
    assert_eq!(asked.open(|_| secret("c")), Err(Unopened));
    assert!(exchange().read(1, &reply(1), &directory(&[]), NOW, |_| secret("c")).is_none());
    let plain = "茶".as_bytes();
    assert!(!question().payload.windows(plain.len()).any(|window| window == plain));
}

#[test]
fn only_the_asker_asks() {
    let directory = directory(&[]);
    let forged = exchange().ask(&query(), NOW, &signer("c"), &directory, [4; 32]).unwrap();
    assert_eq!(Asked::parse(forged).unwrap().verify(&directory, NOW), Err(Unasked::Forged));

    let mut altered = question();
    let payload = LiveQuestion::decode(altered.payload.clone()).unwrap();
    altered.payload = LiveQuestion { time: NOW + 1, ..payload }.encode_to_vec().into();
    assert_eq!(Asked::parse(altered).unwrap().verify(&directory, NOW), Err(Unasked::Forged));

    let mut as_answer = question();
    as_answer.r#type = Type::LiveAnswer.into();
    assert!(Asked::parse(as_answer).is_err());
}

#[test]
fn an_asker_that_takes_no_part_is_refused() {
    assert_eq!(Asked::parse(question()).unwrap().verify(&directory(&["a"]), NOW), Err(Unasked::Asker));
}

#[test]
fn a_question_is_of_its_time() {
    let asked = Asked::parse(question()).unwrap();
    for (away, verdict) in [(10, Ok(())), (-10, Ok(())), (11, Err(Unasked::Clock)), (-11, Err(Unasked::Clock))] {
        assert_eq!(asked.verify(&directory(&[]), NOW + away * MINUTE), verdict, "{away} minutes");
    }
}

#[test]
fn a_page_is_that_of_its_origin_question_and_place() {
    assert!(read(&reply(2)).is_none(), "another place");
    let by_another = exchange().reply(&page(1), &signer("c"), &directory(&[]), [6; 32]).unwrap();
    assert!(read(&by_another).is_none(), "another signer");
    let other = Exchange { nonce: [6; 16], ..exchange() };
    let of_another = other.reply(&page(1), &signer("b"), &directory(&[]), [6; 32]).unwrap();
    assert!(read(&of_another).is_none(), "another question");
    let mut altered = reply(1);
    let payload = LiveReply::decode(altered.payload.clone()).unwrap();
    altered.payload = LiveReply { last: false, ..payload }.encode_to_vec().into();
    assert!(read(&altered).is_none(), "altered");
    let mut as_question = reply(1);
    as_question.r#type = Type::Live.into();
    assert!(read(&as_question).is_none(), "another type");
}

#[test]
fn what_has_not_the_form_of_a_question_is_none() {
    let signer = signer("a");
    let sound = LiveQuestion::decode(question().payload).unwrap();
    let parse = |question: LiveQuestion| Asked::parse(signed(Type::Live, question.encode_to_vec(), &signer));
    assert!(parse(sound.clone()).is_ok());
    assert!(parse(LiveQuestion { asker: "a".to_owned(), ..sound.clone() }).is_err());
    assert!(parse(LiveQuestion { nonce: vec![1; 15], ..sound.clone() }).is_err());
    assert!(parse(LiveQuestion { query: None, ..sound.clone() }).is_err());
    let large = Sealed { content: vec![0; limits::LIVE_QUESTION_BYTES], ..Sealed::default() };
    assert!(parse(LiveQuestion { query: Some(large), ..sound }).is_err());
}

#[test]
fn nothing_is_sealed_to_a_stranger() {
    let to_nobody = Exchange { origin: id("z"), ..exchange() };
    let asked = to_nobody.ask(&query(), NOW, &signer("a"), &directory(&[]), [4; 32]);
    assert_eq!(asked, Err(NotMade::Unknown(id("z"))));
}
