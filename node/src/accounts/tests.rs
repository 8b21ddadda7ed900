//! Accounts over a real store: every rule as those meet it who sign in, administer, or guess.

use std::collections::BTreeMap;
use std::time::Duration;

use zeroize::Zeroizing;

use super::*;
use crate::audit::{Action, Actor, Entry};
use crate::services::tests::{World, id};

const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3600 * SECOND;
const PASSWORD: &str = "tea-9-mountain";

struct Office {
    world: World,
    accounts: Accounts,
}

impl Office {
    async fn new() -> Self {
        let world = World::new().await;
        let accounts = Accounts::new(world.engine.clone(), Bounds::default());
        Self { world, accounts }
    }

    /// The same server, started anew: nothing is remembered but what is on disk.
    fn restarted(self) -> Self {
        let accounts = Accounts::new(self.world.engine.clone(), Bounds::default());
        Self { accounts, ..self }
    }

    async fn account(&self, login: &str, roles: &[(&str, Role)]) -> Account {
        let roles: BTreeMap<_, _> = roles.iter().map(|(member, role)| (id(member), *role)).collect();
        let node_admin = roles.is_empty();
        let new =
            NewAccount {
                login: login.into(), display_name: "李明".into(), roles, node_admin, ..NewAccount::default()
            };
        let (account, link) = self.accounts.create(new, Over::All, Actor::local()).await.unwrap().unwrap();
        self.accounts.accept(&link.secret, PASSWORD, &Origin::default()).await.unwrap().unwrap();
        account
    }

    async fn try_from(&self, login: &str, password: &str, address: &str) -> Result<SignedIn, Refusal> {
        let from = Origin { address: address.parse().ok(), agent: "test".into() };
        let (login, password) = (login.to_owned(), Zeroizing::new(password.to_owned()));
        let credentials = Credentials::Password { login, password, code: String::new() };
        self.accounts.sign_in(credentials, from).await.unwrap()
    }

    /// The secret of a session.
    async fn session(&self, login: &str) -> Zeroizing<String> {
        match self.try_from(login, PASSWORD, "192.0.2.1").await.unwrap() {
            SignedIn::Done { secret, .. } => secret,
            SignedIn::CodeNeeded { .. } => panic!("no code is set up"),
        }
    }

    async fn person(&self, secret: &str) -> Result<Person, Refusal> {
        self.accounts.person(secret).await.unwrap()
    }

    /// What the audit trail has told since the beginning: action and resource.
    async fn told(&self) -> Vec<(String, String)> {
        let verdict = self.world.engine.verify_audit(None).await.unwrap();
        assert_eq!(verdict.broken, None);
        let entries = self.world.engine.audit_entries(0, 1_000).await.unwrap();
        let read = |(_, bytes): (u64, Vec<u8>)| serde_json::from_slice::<Entry>(&bytes).unwrap();
        entries.into_iter().map(read).map(|entry| (entry.action, entry.resource)).collect()
    }
}

#[tokio::test]
async fn a_link_sets_a_password_once() {
    let office = Office::new().await;
    let made = office.accounts.first_administrator("Admin", "管理员", false, Actor::local()).await.unwrap();
    let (account, lost) = made.unwrap();
    assert_eq!((account.login.as_str(), account.node_admin), ("admin", true));
    let again = office.accounts.first_administrator("admin", "管理员", false, Actor::local()).await.unwrap();
    let (same, link) = again.expect("whoever lost the link gets another one");
    assert_eq!(same.id, account.id);
    let accept = async |secret: &str, password: &str| {
        office.accounts.accept(secret, password, &Origin::default()).await.unwrap().map(|account| account.login)
    };
    assert_eq!(accept(&lost.secret, PASSWORD).await, Err(Refusal::LinkBad), "the newer one counts");
    assert!(matches!(accept(&link.secret, "short").await, Err(Refusal::Violations(found)) if found.len() == 1));
    assert_eq!(accept(&link.secret, PASSWORD).await, Ok("admin".into()));
    assert_eq!(accept(&link.secret, PASSWORD).await, Err(Refusal::LinkBad));
    for strange in ["", "dl_", "dl_nothing", "ds_nothing"] {
        assert_eq!(accept(strange, PASSWORD).await, Err(Refusal::LinkBad));
    }
    let exists = office.accounts.first_administrator("second", "二", false, Actor::local()).await.unwrap();
    assert_eq!(exists.unwrap_err(), Refusal::AdministratorExists);
    office.accounts.first_administrator("second", "二", true, Actor::local()).await.unwrap().unwrap();

    let kept = format!("{:?}", office.world.engine.store().read().await.unwrap().facts("", "", 1_000).await.unwrap());
    assert!(!kept.contains(&link.secret) && !kept.contains(PASSWORD));
    let late = office.account("late", &[("a", Role::Viewer)]).await;
    let reset = office.accounts.reset(&late.id, false, Over::All, Actor::local()).await.unwrap().unwrap();
    office.world.pass(24 * HOUR);
    assert_eq!(accept(&reset.secret, PASSWORD).await, Err(Refusal::LinkBad), "a day has passed");
}

#[tokio::test]
async fn a_session_ends_unused_in_time_or_when_anything_about_its_owner_changes() {
    let office = Office::new().await;
    let account = office.account("li", &[("a", Role::Editor), ("b", Role::Viewer)]).await;
    let secret = office.session("li").await;
    let person = office.person(&secret).await.unwrap();
    assert_eq!((person.member.clone(), person.role), (Some(id("a")), Role::Editor));
    assert_eq!(office.person("ds_nothing").await.unwrap_err(), Refusal::SessionEnded);

    // Used again and again it lasts half a day.
    for _ in 0..25 {
        office.world.pass(29 * 60 * SECOND);
        if office.person(&secret).await.is_err() {
            break;
        }
    }
    assert_eq!(office.person(&secret).await.unwrap_err(), Refusal::SessionEnded, "twelve hours are over");
    let secret = office.session("li").await;
    office.world.pass(31 * 60 * SECOND);
    assert_eq!(office.person(&secret).await.unwrap_err(), Refusal::SessionEnded, "nobody used it");

    // The last use is kept, so a restart neither ends it nor makes it young again.
    let secret = office.session("li").await;
    office.world.pass(20 * 60 * SECOND);
    office.person(&secret).await.unwrap();
    office.accounts.uses.keep_now(&office.world.engine).await;
    let office = office.restarted();
    office.world.pass(20 * 60 * SECOND);
    office.person(&secret).await.expect("it was used twenty minutes ago");

    let person = office.person(&secret).await.unwrap();
    let by = || Actor::account(&account.id);
    let other = office.accounts.switch(&person, Some(id("b")), by()).await.unwrap().unwrap();
    assert_eq!(office.person(&secret).await.unwrap_err(), Refusal::SessionEnded, "it goes on under another secret");
    let person = office.person(&other).await.unwrap();
    assert_eq!((person.member.clone(), person.role), (Some(id("b")), Role::Viewer));
    for member in [None, Some(id("c"))] {
        let refused = office.accounts.switch(&person, member, by()).await.unwrap().unwrap_err();
        assert_eq!(refused, Refusal::NotPermitted);
    }
    let roles = Some([(id("a"), Role::Viewer)].into());
    let changes = Changes { roles, ..Changes::default() };
    office.accounts.update(&account.id, changes, Over::All, Actor::local()).await.unwrap().unwrap();
    assert_eq!(office.person(&other).await.unwrap_err(), Refusal::SessionEnded, "the role is gone");

    let secret = office.session("li").await;
    let disable = |disabled| office.accounts.set_disabled(&account.id, disabled, Over::All, Actor::local());
    disable(true).await.unwrap().unwrap();
    assert_eq!(office.person(&secret).await.unwrap_err(), Refusal::SessionEnded);
    assert!(matches!(office.try_from("li", PASSWORD, "192.0.2.1").await, Err(Refusal::BadCredentials)));
    disable(false).await.unwrap().unwrap();
    assert_eq!(office.person(&secret).await.unwrap_err(), Refusal::SessionEnded, "it does not come back");
    let secret = office.session("li").await;
    let person = office.person(&secret).await.unwrap();
    office.accounts.sign_out(&person, by()).await.unwrap();
    assert_eq!(office.person(&secret).await.unwrap_err(), Refusal::SessionEnded);
    let told = office.told().await;
    for action in
        [Action::SignIn, Action::SignOut, Action::SessionSwitch, Action::AccountDisable, Action::AccountEnable]
    {
        let entry = (action.code().to_owned(), account.name());
        assert!(told.contains(&entry), "{entry:?} is not among {told:?}");
    }
}

#[tokio::test]
async fn whoever_guesses_waits_longer_and_longer_also_after_a_restart() {
    let office = Office::new().await;
    let account = office.account("li", &[("a", Role::Editor)]).await;
    for _ in 0..5 {
        let refused = office.try_from("LI ", "wrong-password", "192.0.2.9").await.unwrap_err();
        assert_eq!(refused, Refusal::BadCredentials);
    }
    let office = office.restarted();
    let waits = async |address: &str| match office.try_from("li", PASSWORD, address).await {
        Err(Refusal::Throttled(wait)) => wait,
        other => panic!("{other:?}"),
    };
    assert_eq!(waits("192.0.2.9").await, Duration::from_secs(1), "even the right one waits");
    assert_eq!(waits("192.0.2.10").await, Duration::from_secs(1), "wherever it comes from");
    let told = office.told().await;
    let failed = (Action::SignInFailed.code().to_owned(), account.name());
    assert_eq!(told.iter().filter(|entry| **entry == failed).count(), 5, "those who wait are not told of: {told:?}");
    office.world.pass(SECOND);
    office.session("li").await;
    for _ in 0..5 {
        let refused = office.try_from("li", "wrong-password", "192.0.2.9").await.unwrap_err();
        assert_eq!(refused, Refusal::BadCredentials, "success begins anew");
    }

    // A login that nobody has is treated alike, and what was typed there is written down nowhere.
    for _ in 0..5 {
        let refused = office.try_from("my secret word", "wrong-password", "192.0.2.11").await.unwrap_err();
        assert_eq!(refused, Refusal::BadCredentials);
    }
    let refused = office.try_from("my secret word", "wrong-password", "192.0.2.11").await.unwrap_err();
    assert_eq!(refused, Refusal::Throttled(Duration::from_secs(1)));
    assert!(!format!("{:?}", office.told().await).contains("secret word"));

    // An address that tries many logins waits too.
    for login in 0..20 {
        let refused = office.try_from(&format!("guess-{login}"), "wrong-password", "2001:db8::5").await.unwrap_err();
        assert_eq!(refused, Refusal::BadCredentials);
    }
    let refused = office.try_from("guess-x", "wrong-password", "2001:db8::6").await.unwrap_err();
    assert_eq!(refused, Refusal::Throttled(Duration::from_secs(1)), "a /64 is one address");
    office.try_from("guess-x", "wrong-password", "2001:db8:1::6").await.unwrap_err();
}

#[tokio::test]
async fn whoever_is_told_to_come_again_has_not_failed_and_what_failed_before_stays() {
    let office = Office::new().await;
    office.account("li", &[("a", Role::Editor)]).await;
    let fails = async || {
        let refused = office.try_from("li", "wrong-password", "192.0.2.9").await.unwrap_err();
        assert_eq!(refused, Refusal::BadCredentials);
    };
    let secret = office.session("li").await;
    let person = office.person(&secret).await.unwrap();
    let from = Origin { address: "192.0.2.9".parse().ok(), agent: "test".into() };
    for _ in 0..4 {
        fails().await;
    }
    let crowd = office.accounts.passwords.crowd();
    for _ in 0..30 {
        let refused = office.try_from("li", PASSWORD, "192.0.2.9").await.unwrap_err();
        assert_eq!(refused, Refusal::Busy);
        assert_eq!(office.accounts.prove(&person, PASSWORD, &from).await.unwrap(), Err(Refusal::Busy));
    }
    drop(crowd);
    fails().await;
    let refused = office.try_from("li", PASSWORD, "192.0.2.9").await.unwrap_err();
    assert_eq!(refused, Refusal::Throttled(Duration::from_secs(1)), "five have failed");

    // Who has waited, and is told to come again, need not wait anew.
    office.world.pass(SECOND);
    let crowd = office.accounts.passwords.crowd();
    assert_eq!(office.try_from("li", PASSWORD, "192.0.2.9").await.unwrap_err(), Refusal::Busy);
    drop(crowd);
    office.session("li").await;
}

#[tokio::test]
async fn a_second_factor_is_needed_from_its_first_code_on() {
    let office = Office::new().await;
    office.account("li", &[("a", Role::Editor)]).await;
    let secret = office.session("li").await;
    let person = office.person(&secret).await.unwrap();
    let from = Origin::default();
    let enrol = async |password: &str| office.accounts.enrol_factor(&person, password, "对口", &from).await.unwrap();
    assert_eq!(enrol("wrong-password").await.unwrap_err(), Refusal::BadCredentials);
    let (typed, uri) = enrol(PASSWORD).await.unwrap();
    assert!(uri.contains(&typed));
    assert!(office.session("li").await.starts_with("ds_"), "it does not count yet");
    let telephone = totp_rs::Builder::new().with_secret(totp_rs::Secret::try_from_base32(&typed).unwrap());
    let telephone = telephone.build().unwrap();
    let now = || (office.world.engine.now() / SECOND) as u64;
    let code = || telephone.generate(now()).to_string();
    let refused = office.accounts.confirm_factor(&person, "12345", &from).await.unwrap().unwrap_err();
    assert_eq!(refused, Refusal::BadCredentials);
    let codes = office.accounts.confirm_factor(&person, &code(), &from).await.unwrap().unwrap();
    assert_eq!(enrol(PASSWORD).await.unwrap_err(), Refusal::FactorExists);

    let challenge = match office.try_from("li", PASSWORD, "192.0.2.1").await.unwrap() {
        SignedIn::CodeNeeded { challenge } => challenge,
        SignedIn::Done { .. } => panic!("a code is needed"),
    };
    for _ in 0..25 {
        let again = office.try_from("li", PASSWORD, "192.0.2.1").await;
        assert!(matches!(again, Ok(SignedIn::CodeNeeded { .. })), "a right password is no failure: {again:?}");
    }
    let finish = async |code: &str| {
        let credentials = Credentials::Code { challenge: challenge.clone(), code: code.to_owned() };
        office.accounts.sign_in(credentials, Origin::default()).await.unwrap()
    };
    assert_eq!(finish(&code()).await.unwrap_err(), Refusal::BadCredentials, "the step was used to confirm");
    office.world.pass(30 * SECOND);
    assert!(matches!(finish(&code()).await, Ok(SignedIn::Done { .. })));
    assert_eq!(finish(&code()).await.unwrap_err(), Refusal::BadCredentials, "the challenge is spent");
    let with = async |code: &str| {
        let (login, password) = ("li".to_owned(), Zeroizing::new(PASSWORD.to_owned()));
        let credentials = Credentials::Password { login, password, code: code.to_owned() };
        office.accounts.sign_in(credentials, Origin::default()).await.unwrap()
    };
    assert!(matches!(with(&codes[0]).await, Ok(SignedIn::Done { .. })), "a recovery code is as good");
    assert_eq!(with(&codes[0]).await.unwrap_err(), Refusal::BadCredentials, "once");
    office.accounts.remove_factor(&person, PASSWORD, &from).await.unwrap().unwrap();
    office.world.pass(10 * SECOND);
    office.session("li").await;
}

#[tokio::test]
async fn an_administrator_of_a_member_has_to_do_with_that_member_alone() {
    let office = Office::new().await;
    let both = office.account("both", &[("a", Role::Editor), ("b", Role::Admin)]).await;
    let own = office.account("own", &[("a", Role::Editor)]).await;
    let other = office.account("other", &[("b", Role::Editor)]).await;
    let root = office.account("root", &[]).await;
    let over = || Over::Member(id("a"));
    let seen: Vec<String> = office.accounts.list(&over()).await.unwrap().into_iter().map(|a| a.login).collect();
    assert_eq!(seen, ["both", "own"]);
    let shown = office.accounts.get(&both.id, &over()).await.unwrap().unwrap();
    assert_eq!(shown.roles.keys().collect::<Vec<_>>(), ["a.n.example"]);
    assert_eq!(office.accounts.get(&other.id, &over()).await.unwrap(), None);

    let by = || Actor::account("x");
    for (account, refusal) in [(&both, Refusal::NotPermitted), (&other, Refusal::NoSuch), (&root, Refusal::NoSuch)] {
        let reset = office.accounts.reset(&account.id, true, over(), by()).await.unwrap();
        assert_eq!(reset.unwrap_err(), refusal, "{}", account.login);
        let disabled = office.accounts.set_disabled(&account.id, true, over(), by()).await.unwrap();
        assert_eq!(disabled.unwrap_err(), refusal, "{}", account.login);
        assert_eq!(office.accounts.delete(&account.id, over(), by()).await.unwrap().unwrap_err(), refusal);
    }
    let grant = async |account: &Account, member: &str, role: Role, node_admin: Option<bool>| {
        let roles = Some([(id(member), role)].into());
        let changes = Changes { roles, node_admin, ..Changes::default() };
        office.accounts.update(&account.id, changes, over(), by()).await.unwrap()
    };
    assert_eq!(grant(&own, "b", Role::Viewer, None).await.unwrap_err(), Refusal::NotPermitted);
    assert_eq!(grant(&own, "a", Role::Viewer, Some(true)).await.unwrap_err(), Refusal::NotPermitted);
    let changed = grant(&both, "a", Role::Admin, None).await.unwrap();
    assert_eq!(changed.roles.len(), 1, "what it is elsewhere is not told");
    let whole = office.accounts.get(&both.id, &Over::All).await.unwrap().unwrap();
    assert_eq!(whole.roles.values().collect::<Vec<_>>(), [&Role::Admin, &Role::Admin]);
    office.accounts.delete(&own.id, over(), by()).await.unwrap().unwrap();
    let new = NewAccount {
        login: "new".into(),
        display_name: "新".into(),
        roles: [(id("b"), Role::Viewer)].into(),
        ..NewAccount::default()
    };
    let refused = office.accounts.create(new.clone(), over(), by()).await.unwrap().unwrap_err();
    assert_eq!(refused, Refusal::NotPermitted);
    let taken = NewAccount { login: "BOTH".into(), ..new };
    let refused = office.accounts.create(taken, Over::All, by()).await.unwrap().unwrap_err();
    assert_eq!(refused, Refusal::LoginTaken);
}

#[tokio::test]
async fn somebody_always_administers_the_server() {
    let office = Office::new().await;
    let first = office.account("first", &[]).await;
    let by = Actor::local;
    let no_more = || Changes { node_admin: Some(false), ..Changes::default() };
    let refused = office.accounts.update(&first.id, no_more(), Over::All, by()).await.unwrap().unwrap_err();
    assert_eq!(refused, Refusal::LastAdministrator);
    let refused = office.accounts.set_disabled(&first.id, true, Over::All, by()).await.unwrap().unwrap_err();
    assert_eq!(refused, Refusal::LastAdministrator);
    let refused = office.accounts.delete(&first.id, Over::All, by()).await.unwrap().unwrap_err();
    assert_eq!(refused, Refusal::LastAdministrator);
    office.account("second", &[]).await;
    office.accounts.delete(&first.id, Over::All, by()).await.unwrap().unwrap();
}

#[tokio::test]
async fn old_sessions_make_room_and_others_can_be_ended() {
    let office = Office::new().await;
    let account = office.account("li", &[("a", Role::Editor)]).await;
    let first = office.session("li").await;
    office.world.pass(SECOND);
    let mut last = first.clone();
    for _ in 0..20 {
        office.world.pass(SECOND);
        last = office.session("li").await;
    }
    assert_eq!(office.person(&first).await.unwrap_err(), Refusal::SessionEnded, "twenty are all");
    let listed = office.accounts.sessions(&account.id).await.unwrap();
    assert_eq!(listed.len(), 20);
    let person = office.person(&last).await.unwrap();
    assert_eq!(listed[0].1, person.session, "the newest first");
    let by = || Actor::account(&account.id);
    let id = listed[5].1.id.clone();
    assert_eq!(office.accounts.revoke_sessions(&account.id, Some(&id), None, by()).await.unwrap(), Ok(1));
    let again = office.accounts.revoke_sessions(&account.id, Some(&id), None, by()).await.unwrap();
    assert_eq!(again, Err(Refusal::NoSuch));
    let rest = office.accounts.revoke_sessions(&account.id, None, Some(&person.key), by()).await.unwrap();
    assert_eq!(rest, Ok(18));
    office
        .accounts
        .change_password(&person, PASSWORD, "another-9-mountain", &Origin::default())
        .await
        .unwrap()
        .unwrap();
    office.person(&last).await.expect("the one at hand stays");
    let refused = office.try_from("li", PASSWORD, "192.0.2.1").await.unwrap_err();
    assert_eq!(refused, Refusal::BadCredentials);
}

#[tokio::test]
async fn what_was_done_to_the_trail_is_found_where_it_was_done() {
    use crate::audit::{Broken, Why};
    use crate::engine::facts;
    let office = Office::new().await;
    let engine = &office.world.engine;
    for _ in 0..10 {
        engine.note_audit(Actor::local(), crate::audit::Event::new(Action::Backup, "x")).await.unwrap();
    }
    assert_eq!(engine.seal_audit().await.unwrap(), 10);
    let noted = engine.audit_head().await.unwrap();
    engine.note_audit(Actor::local(), crate::audit::Event::new(Action::Backup, "y")).await.unwrap();
    let whole = engine.verify_audit(Some(noted)).await.unwrap();
    assert_eq!((whole.broken, whole.sealed, whole.head.number), (None, 10, 11));

    let broken = async || engine.verify_audit(None).await.unwrap().broken;
    let fourth = facts::audit_entry(4);
    let held: Entry = engine.fact(&fourth).await.unwrap().unwrap();
    let forged = Entry { resource: "z".into(), ..held.clone() };
    engine.put_fact(fourth.clone(), Some(forged)).await.unwrap();
    assert_eq!(broken().await, Some(Broken { number: 4, why: Why::Changed }));
    engine.put_fact::<Entry>(fourth.clone(), None).await.unwrap();
    assert_eq!(broken().await, Some(Broken { number: 4, why: Why::Missing }));
    engine.put_fact(fourth, Some(held)).await.unwrap();
    assert_eq!(broken().await, None);

    // The end is cut off, and the head with it: the seal and whoever noted the head know better.
    for number in 9..=11 {
        engine.put_fact::<Entry>(facts::audit_entry(number), None).await.unwrap();
    }
    let eighth = engine.audit_entries(7, 1).await.unwrap().remove(0).1;
    let cut = crate::audit::Head { number: 8, hash: crate::audit::hash(&eighth) };
    engine.put_fact(facts::AUDIT_HEAD.to_owned(), Some(cut)).await.unwrap();
    assert_eq!(broken().await, Some(Broken { number: 9, why: Why::Missing }));
    engine.put_fact::<Entry>(facts::audit_seal(10), None).await.unwrap();
    assert_eq!(broken().await, None, "with the seal gone too, only a note tells");
    let told = engine.verify_audit(Some(noted)).await.unwrap().broken;
    assert_eq!(told, Some(Broken { number: 9, why: Why::Missing }));
    // A seal that the member's key has not made.
    let seal = crate::audit::Seal::sign(
        &engine.identity().node,
        cut,
        engine.now(),
        Some(&id("a")),
        &duikou_proto::sign::Signer::from_seed(1, [9; 32]),
    );
    engine.put_fact(facts::audit_seal(8), Some(seal)).await.unwrap();
    assert_eq!(broken().await, Some(Broken { number: 8, why: Why::BadSeal }));
}
