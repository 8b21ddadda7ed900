//! What entries change, and which are refused.

use super::entry::{genesis, next};
use super::key::*;
use super::*;
use crate::envelope::Micros;
use crate::federation::directory_entry::Action;
use crate::federation::key::Purpose;
use crate::federation::{self, DirectoryEntry};
use crate::federation::{Admit, CircleAdd, CircleCreate, CircleDrop, Hide, Host, Key, Resume, Suspend};
use crate::name::{MemberId, RecordName};
use crate::sign::Signer;

struct Net {
    directory: Directory,
    signer: Signer,
    root: Signer,
}

impl Net {
    fn new() -> Self {
        let (root, signer) = (Signer::from_seed(0, [1; 32]), Signer::from_seed(1, [2; 32]));
        let mut directory = Directory::default();
        directory.apply(&genesis(&"n.example".parse().unwrap(), &root, &signer, 1)).unwrap();
        Self { directory, signer, root }
    }

    fn add(&mut self, action: Action) -> Result<DirectoryEntry, DirectoryError> {
        let entry = next(self.directory.link(), &self.signer, 5, action);
        self.directory.apply(&entry)
    }

    fn admit(&mut self, member: &str, node: &str) {
        self.add(Action::Host(Host { member: id(member).to_string(), node: id(node).to_string(), announced: false }))
            .unwrap();
        let signing_key = key_of(member, 1).public().to_bytes().to_vec();
        self.add(Action::Admit(Admit { member: id(member).to_string(), signing_key, ..Default::default() })).unwrap();
    }
}

fn id(short: &str) -> MemberId {
    format!("{short}.n.example").parse().unwrap()
}

fn key_of(member: &str, number: i32) -> Signer {
    Signer::from_seed(number, *blake3::hash(format!("{member}{number}").as_bytes()).as_bytes())
}

#[test]
fn a_members_scopes_follow_the_entries() {
    let mut net = Net::new();
    net.admit("a", "n1");
    net.add(Action::CircleCreate(CircleCreate { circle: "c".into() })).unwrap();
    let text = |net: &Net| net.directory.member_scopes(&id("a")).to_text();
    assert_eq!(text(&net), "member:a.n.example network:n.example public registered");
    let add = CircleAdd { circle: "c".into(), member: id("a").to_string() };
    net.add(Action::CircleAdd(add)).unwrap();
    assert!(text(&net).contains("circle:c@n.example"));
    net.add(Action::Suspend(Suspend { member: id("a").to_string(), reason: String::new() })).unwrap();
    assert_eq!(text(&net), "");
    net.add(Action::Resume(Resume { member: id("a").to_string() })).unwrap();
    net.add(Action::CircleDrop(CircleDrop { circle: "c".into(), member: id("a").to_string() })).unwrap();
    assert_eq!(text(&net), "member:a.n.example network:n.example public registered");
    assert_eq!(net.directory.node_scopes(&id("n1")), net.directory.member_scopes(&id("a")));
    assert!(net.directory.node_scopes(&id("n2")).is_empty());
}

#[test]
fn forks_gaps_forgeries_and_contradictions_change_nothing() {
    let mut net = Net::new();
    net.admit("a", "n1");
    let before = net.directory.link().clone();
    let create = || Action::CircleCreate(CircleCreate { circle: "c".into() });
    let mut other = before.clone();
    other.hash = vec![9; 32];
    let forked = next(&other, &net.signer, 5, create());
    assert!(matches!(net.directory.apply(&forked), Err(DirectoryError::Fork { .. })));
    other.index += 1;
    let gap = next(&other, &net.signer, 5, create());
    assert!(matches!(net.directory.apply(&gap), Err(DirectoryError::Gap { .. })));
    let forged = next(&before, &Signer::from_seed(1, [8; 32]), 5, create());
    assert!(matches!(net.directory.apply(&forged), Err(DirectoryError::Signature { .. })));
    let stranger = CircleAdd { circle: "none".into(), member: id("a").to_string() };
    assert!(matches!(net.add(Action::CircleAdd(stranger)), Err(DirectoryError::Contradiction { .. })));
    assert_eq!(*net.directory.link(), before);
    net.add(create()).unwrap();
    assert!(net.add(create()).is_err(), "a circle's name is never used again");
}

#[test]
fn a_key_needs_its_predecessor_or_the_root() {
    let mut net = Net::new();
    net.admit("a", "n1");
    let key = |number: i32, signer: &Signer, by_root: bool| {
        let public_key = key_of("a", number).public().to_bytes().to_vec();
        let signature = signer.sign_text(&member_key_input(&id("a"), Purpose::Signing, number, &public_key));
        let member = id("a").to_string();
        let purpose = Purpose::Signing.into();
        let algorithm = "ed25519".into();
        let (valid_from, predecessors_until) = (10, 100);
        Action::Key(Key {
            member,
            purpose,
            number,
            algorithm,
            public_key,
            valid_from,
            predecessors_until,
            signature,
            by_root,
        })
    };
    assert!(net.add(key(2, &key_of("b", 1), false)).is_err());
    assert!(net.add(key(3, &key_of("a", 1), false)).is_err());
    net.add(key(2, &key_of("a", 1), false)).unwrap();
    let root = net.root.clone();
    net.add(key(3, &root, true)).unwrap();
    let at = |number, now| net.directory.verifying_key("a.n.example", number, now).is_some();
    assert!(at(1, 99) && at(2, 99) && at(3, 99), "all verify during the grace");
    assert!(!at(1, 100) && !at(2, 100) && at(3, 1000), "only the newest after it");
}

#[test]
fn what_was_sealed_to_an_earlier_key_opens_while_that_one_is_good() {
    let mut net = Net::new();
    net.admit("a", "n1");
    let mut rotate = |number: i32, predecessors_until: Micros| {
        let public_key = vec![u8::try_from(number).unwrap(); 32];
        let input = member_key_input(&id("a"), Purpose::Encryption, number, &public_key);
        let signature = key_of("a", 1).sign_text(&input);
        let (member, purpose) = (id("a").to_string(), Purpose::Encryption.into());
        net.add(Action::Key(Key {
            member,
            purpose,
            number,
            public_key,
            predecessors_until,
            signature,
            ..Key::default()
        }))
        .unwrap();
        net.directory.member(&id("a")).unwrap().clone()
    };
    let rotated = rotate(2, 100);
    assert_eq!([1, 2, 3].map(|number| rotated.opens(number, 99)), [true, true, false]);
    assert_eq!([1, 2, 3].map(|number| rotated.opens(number, 100)), [false, true, false]);
    // A longer grace of a later rotation brings nothing back; a compromise ends all that were before.
    let again = rotate(3, 500);
    assert_eq!([1, 2, 3].map(|number| again.opens(number, 100)), [false, true, true]);
    let compromised = rotate(4, 50);
    assert_eq!([1, 2, 3, 4].map(|number| compromised.opens(number, 50)), [false, false, false, true]);
}

#[test]
fn a_directory_key_signs_its_own_introduction_and_the_root_vouches_for_it() {
    let mut net = Net::new();
    let second = Signer::from_seed(2, [7; 32]);
    let introduce = |root: &Signer| {
        let public_key = second.public().to_bytes().to_vec();
        let root_signature = root.sign_text(&directory_key_input(2, &public_key));
        Action::DirectoryKey(federation::DirectoryKey { number: 2, public_key, root_signature })
    };
    let link = net.directory.link().clone();
    let by = |signer: &Signer, action| next(&link, signer, 5, action);
    assert!(net.directory.apply(&by(&second, introduce(&second))).is_err(), "the root did not vouch");
    assert!(net.directory.apply(&by(&net.signer, introduce(&net.root))).is_err(), "another key signed");
    net.directory.apply(&by(&second, introduce(&net.root))).unwrap();
    let create = || Action::CircleCreate(CircleCreate { circle: "c".into() });
    assert!(net.add(create()).is_err(), "the key before signs nothing any longer");
    net.signer = second;
    net.add(create()).unwrap();
}

#[test]
fn a_move_is_announced_before_it_happens_and_the_old_node_stays_known_for_a_look() {
    let mut net = Net::new();
    net.admit("a", "n1");
    let host = |node: &str, announced| {
        Action::Host(Host { member: id("a").to_string(), node: id(node).to_string(), announced })
    };
    net.add(host("n2", true)).unwrap();
    let member = net.directory.member(&id("a")).unwrap();
    assert_eq!((&member.node, &member.moving), (&id("n1"), &Some(id("n2"))));
    net.add(host("n1", true)).unwrap();
    assert_eq!(net.directory.member(&id("a")).unwrap().moving, None, "announcing its own node calls it off");
    net.add(host("n2", false)).unwrap();
    assert_eq!(net.directory.member(&id("a")).unwrap().node, id("n2"));
    assert!(net.directory.has_left(&id("n1"), &id("a")) && !net.directory.knows_node(&id("n1")));
    assert!(net.directory.has_known(&id("n1")) && !net.directory.has_known(&id("n3")));
    assert!(!net.directory.has_left(&id("n2"), &id("a")) && !net.directory.has_left(&id("n1"), &id("b")));
}

#[test]
fn what_an_entry_contradicts_is_as_it_was() {
    let mut net = Net::new();
    net.admit("a", "n1");
    net.add(Action::CircleCreate(CircleCreate { circle: "c".into() })).unwrap();
    let text = |short: &str| id(short).to_string();
    let signing_key = key_of("b", 1).public().to_bytes().to_vec();
    let public_key = key_of("a", 2).public().to_bytes().to_vec();
    let genesis_again = federation::Genesis { network: "n.example".into(), ..Default::default() };
    let key = |purpose: Purpose, number| {
        let signature = key_of("a", 1).sign_text(&member_key_input(&id("a"), purpose, number, &public_key));
        let (member, public_key) = (text("a"), public_key.clone());
        Action::Key(Key { member, purpose: purpose.into(), number, public_key, signature, ..Default::default() })
    };
    let directory_key = |number| {
        let public_key = net.signer.public().to_bytes().to_vec();
        let root_signature = net.root.sign_text(&directory_key_input(number, &public_key));
        Action::DirectoryKey(federation::DirectoryKey { number, public_key, root_signature })
    };
    let wrong = [
        Action::Genesis(genesis_again),
        Action::Admit(Admit { member: text("a"), signing_key: signing_key.clone(), ..Default::default() }),
        Action::Admit(Admit { member: "b.elsewhere".into(), signing_key, ..Default::default() }),
        Action::Admit(Admit { member: text("b"), signing_key: vec![1], ..Default::default() }),
        Action::Host(Host { member: text("b"), node: text("n1"), announced: true }),
        Action::Host(Host { member: text("a"), node: "no".into(), announced: false }),
        key(Purpose::Signing, 3),
        key(Purpose::Encryption, 3),
        key(Purpose::Unspecified, 2),
        directory_key(3),
        Action::Suspend(Suspend { member: text("b"), reason: "r".into() }),
        Action::Resume(Resume { member: text("b") }),
        Action::Remove(federation::Remove { member: text("b"), ..Default::default() }),
        Action::Restore(federation::Restore { member: text("b") }),
        Action::CircleCreate(CircleCreate { circle: "c".into() }),
        Action::CircleCreate(CircleCreate { circle: "No name".into() }),
        Action::CircleAdd(CircleAdd { circle: "none".into(), member: text("a") }),
        Action::CircleAdd(CircleAdd { circle: "c".into(), member: text("b") }),
        Action::CircleDrop(CircleDrop { circle: "none".into(), member: text("a") }),
        Action::Gateway(federation::Gateway { gateway: "no".into(), address: "x".into() }),
    ];
    let before = format!("{:?}", net.directory);
    for action in wrong {
        assert!(net.add(action.clone()).is_err(), "{action:?}");
        assert_eq!(format!("{:?}", net.directory), before, "{action:?}");
    }
}

#[test]
fn hiding_names_a_record_without_telling_its_name() {
    let mut net = Net::new();
    let name: RecordName = "members/a.n.example/listings/x".parse().unwrap();
    let hide = Hide { salt: vec![1; 16], name_hash: Hidden::hash(&[1; 16], &name), reason: "r".into() };
    net.add(Action::Hide(hide)).unwrap();
    assert!(net.directory.hides(&name));
    assert!(!net.directory.hides(&"members/a.n.example/listings/y".parse().unwrap()));
}
