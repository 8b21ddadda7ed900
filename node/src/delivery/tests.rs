//! Days of delivery within moments: the engine's clock is moved, and the runner is told to look.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use duikou_proto::envelope::Micros;
use duikou_proto::v1::mail_digest::Pace;
use duikou_proto::v1::subscription::{Interest, PauseReason};
use duikou_proto::v1::token::Role;
use duikou_proto::v1::{CreateTokenRequest, Filter, RevokeTokenRequest, Token};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::mail::{Purpose, link};
use super::settle::{Changes, Settle, Settled, load};
use super::subscription::{Eyes, MailWay, NoticeWay, Phase, Seen, StateFact, SubscriptionFact, Way};
use super::{Changed, Desk, Dialer, Form, Make, PageRequest, Runner, deliveries, mailer, page_hash, resume};
use crate::config::{Config, Overrides};
use crate::engine::facts;
use crate::limits;
use crate::services::tests::{START, World, hang_up};
use crate::time::timestamp;

const ID: &str = "s";
const SECOND: Micros = 1_000_000;
const HOUR: Micros = 3_600 * SECOND;
const DAY: Micros = 24 * HOUR;
/// How long anything may take that happens at once.
const AT_ONCE: Duration = Duration::from_secs(30);

/// A server of mails that keeps what it gets.
#[derive(Clone, Default)]
struct Mails {
    got: Arc<Mutex<VecDeque<String>>>,
    /// Whether it takes mails without ever saying so.
    silent: Arc<AtomicBool>,
}

impl Mails {
    /// Where it listens.
    async fn start(&self) -> (u16, AbortOnDropHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let this = self.clone();
        let accepting = async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(this.clone().serve(connection));
            }
        };
        (port, AbortOnDropHandle::new(tokio::spawn(accepting)))
    }

    async fn serve(self, connection: TcpStream) {
        let (reader, mut writer) = connection.into_split();
        let mut lines = BufReader::new(reader).lines();
        let mut mail: Option<String> = None;
        let mut answer = Some("220 here");
        loop {
            if let Some(answer) = answer
                && writer.write_all(format!("{answer}\r\n").as_bytes()).await.is_err()
            {
                return;
            }
            let Ok(Some(line)) = lines.next_line().await else { return };
            answer = match (&mut mail, &*line) {
                (Some(_), ".") => {
                    self.got.lock().unwrap().extend(mail.take());
                    if self.silent.load(Ordering::SeqCst) {
                        return std::future::pending().await;
                    }
                    Some("250 taken")
                }
                (Some(mail), line) => {
                    *mail += line;
                    mail.push('\n');
                    None
                }
                (None, line) if line.eq_ignore_ascii_case("data") => {
                    mail = Some(String::new());
                    Some("354 go on")
                }
                (None, _) => Some("250 good"),
            };
        }
    }

    fn count(&self) -> usize {
        self.got.lock().unwrap().len()
    }

    /// The next of them.
    async fn next(&self) -> String {
        until(async || self.got.lock().unwrap().pop_front()).await
    }
}

fn message_id(mail: &str) -> &str {
    mail.lines().find(|line| line.to_ascii_lowercase().starts_with("message-id:")).expect("it has one")
}

/// Waits until there is something.
async fn until<T>(look: impl AsyncFn() -> Option<T>) -> T {
    let looking = async {
        loop {
            match look().await {
                Some(found) => return found,
                None => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    };
    tokio::time::timeout(AT_ONCE, looking).await.expect("it happens at once")
}

/// An engine behind which somebody delivers.
struct Bench {
    world: World,
    desk: Desk,
    mails: Mails,
    port: u16,
    _mail_server: AbortOnDropHandle<()>,
    running: Option<(CancellationToken, tokio::task::JoinHandle<()>)>,
}

impl Bench {
    async fn new() -> Self {
        let (world, mails) = (World::new().await, Mails::default());
        let (port, server) = mails.start().await;
        let (desk, running) = Self::run(&world, port);
        Self { world, desk, mails, port, _mail_server: server, running: Some(running) }
    }

    fn run(world: &World, port: u16) -> (Desk, (CancellationToken, tokio::task::JoinHandle<()>)) {
        let text = format!(
            "[mail]\nserver = \"127.0.0.1:{port}\"\ntls = \"off\"\nfrom = \"no-reply@duikou.example\"\n\
             [delivery]\nurl = \"https://duikou.example\"\n"
        );
        let config = Config::read(&text, std::path::Path::new("duikou.toml"), &Overrides::none()).unwrap();
        let dialer = Dialer::new("127.0.0.0/8".parse().unwrap(), vec![1], Vec::new()).unwrap();
        let (base, mailer) = (config.delivery.url.clone(), mailer(&config).unwrap());
        let (runner, desk) = Runner::new(world.engine.clone(), dialer, mailer, base);
        let stop = CancellationToken::new();
        let running = tokio::spawn(runner.run(stop.clone()));
        (desk, (stop, running))
    }

    /// The process dies, and another begins.
    async fn restart(&mut self) {
        let (stop, running) = self.running.take().unwrap();
        stop.cancel();
        running.await.unwrap();
        let (desk, running) = Self::run(&self.world, self.port);
        (self.desk, self.running) = (desk, Some(running));
    }

    async fn subscribe(&self, way: Way, token: Option<String>) {
        self.make(self.fact(way, token)).await;
        self.poke().await;
    }

    fn fact(&self, way: Way, token: Option<String>) -> SubscriptionFact {
        let (account, eyes) = ("operator".to_owned(), Eyes::Operator);
        let interest = Interest::Filter(Filter::default());
        let now = self.world.engine.now();
        SubscriptionFact::new(ID.to_owned(), account, eyes, token, "tea".to_owned(), &interest, way, now)
    }

    async fn make(&self, fact: SubscriptionFact) {
        let make = Make { fact, state: StateFact::default(), unbounded: true, changes: Changes::default() };
        self.world.engine.submit(make).await.unwrap().unwrap();
    }

    async fn poke(&self) {
        self.desk.tell(Changed::Touched(ID.to_owned())).await;
    }

    /// Time goes by.
    async fn pass(&self, time: Micros) {
        self.world.pass(time);
        self.poke().await;
    }

    async fn state(&self) -> Option<StateFact> {
        load(&self.world.engine, ID).await.unwrap().map(|(_, state)| state)
    }

    /// Writes a state for what began when the generation was this.
    async fn settle(&self, generation: u64, state: StateFact, happened: bool) -> Settled {
        let settle = Settle { id: ID.to_owned(), generation, state, changes: Changes::default(), happened };
        self.world.engine.submit(settle).await.unwrap()
    }

    /// Waits until it stands so.
    async fn stands(&self, so: impl Fn(&StateFact) -> bool) -> StateFact {
        until(async || self.state().await.filter(&so)).await
    }
}

fn digest(pace: Pace) -> Way {
    Way::Mail(MailWay {
        address: "li@example.com".to_owned(),
        pace: pace.into(),
        hour: 8,
        weekday: 1,
        time_zone: "Asia/Shanghai".to_owned(),
        language: "en".to_owned(),
        secret: "s".to_owned(),
    })
}

fn paused(reason: PauseReason) -> impl Fn(&StateFact) -> bool {
    move |state| state.phase == Phase::paused(reason)
}

#[tokio::test]
async fn a_receiver_that_fails_is_tried_for_days_and_then_its_subscription_is_stopped() {
    let bench = Bench::new().await;
    bench.world.publish("a", "tea", &["public"]).await;
    // Nobody listens there.
    bench.subscribe(Way::Webhook { url: "http://127.0.0.1:1/".to_owned(), secrets: Vec::new() }, None).await;
    let mut waits = Vec::new();
    for failures in 1..=limits::DELIVERY_RETRIES.len() {
        let state = bench.stands(|state| state.failures as usize == failures).await;
        assert_eq!(state.phase, Phase::Active);
        let wait = state.next_attempt.unwrap() - bench.world.engine.now();
        waits.push(Duration::from_micros(wait.try_into().unwrap()));
        // Before that nothing is tried.
        bench.pass(wait / 2).await;
        assert_eq!(bench.state().await.unwrap().failures as usize, failures);
        bench.pass(wait - wait / 2).await;
    }
    for (wait, least) in waits.iter().zip(limits::DELIVERY_RETRIES) {
        assert!((least..=least + least / 10).contains(wait), "{waits:?}");
    }
    let state = bench.stands(paused(PauseReason::Failing)).await;
    assert_eq!((state.failures as usize, state.next_attempt), (limits::DELIVERY_RETRIES.len() + 1, None));
    until(async || (bench.desk.paused() == [ID]).then_some(())).await;
    let log = deliveries(&bench.world.engine, ID).await.unwrap();
    assert_eq!(log.len(), limits::DELIVERY_RETRIES.len() + 1, "each attempt is told");
    bench.pass(30 * DAY).await;
    assert_eq!(bench.state().await.unwrap().failures, state.failures, "it rests until somebody resumes it");

    let mut resumed = state.clone();
    resume(&mut resumed);
    resumed.generation += 1;
    assert_eq!(bench.settle(state.generation, resumed, false).await, Settled::Kept);
    bench.poke().await;
    bench.stands(|state| state.failures == 1).await;
    until(async || bench.desk.paused().is_empty().then_some(())).await;
}

#[tokio::test]
async fn what_was_delivered_while_its_owner_changed_it_keeps_its_place_in_the_log() {
    let bench = Bench::new().await;
    bench.subscribe(Way::Pull, None).await;
    let changed = StateFact { generation: 1, entries: 7, ..StateFact::default() };
    assert_eq!(bench.settle(0, changed.clone(), false).await, Settled::Kept);
    let told = StateFact { deliveries: 3, ..StateFact::default() };
    assert_eq!(bench.settle(0, told.clone(), false).await, Settled::Overtaken);
    assert_eq!(bench.state().await, Some(changed.clone()), "what did not happen changes nothing");
    assert_eq!(bench.settle(0, told, true).await, Settled::Overtaken);
    assert_eq!(bench.state().await, Some(StateFact { deliveries: 3, ..changed }), "what follows is written after it");
}

#[tokio::test]
async fn a_subscription_rests_with_its_token_and_ends_with_it() {
    let bench = Bench::new().await;
    let token = Token {
        member: "a".to_owned(),
        role: Role::Viewer.into(),
        expire_time: Some(timestamp(START + DAY)),
        ..Token::default()
    };
    let request = CreateTokenRequest { token: Some(token) };
    let made = bench.world.tokens().create_token(request).await.unwrap().into_inner();
    let (key, _) = bench.world.engine.facts::<serde_json::Value>(facts::TOKENS, 1).await.unwrap().remove(0);
    bench.subscribe(Way::Pull, Some(key)).await;
    bench.pass(DAY - SECOND).await;
    assert_eq!(bench.state().await.unwrap().phase, Phase::Active);
    // It is the last second, of which no one tells.
    bench.world.pass(SECOND);
    bench.stands(paused(PauseReason::Account)).await;
    assert!(bench.desk.paused().is_empty(), "there is nothing to be mended");
    bench.world.pass(-SECOND);
    bench.poke().await;
    bench.stands(|state| state.phase == Phase::Active).await;
    let name = made.token.unwrap().name;
    bench.world.tokens().revoke_token(RevokeTokenRequest { name, end_subscriptions: false }).await.unwrap();
    until(async || bench.desk.get(ID, &Seen::All).await.unwrap().is_none().then_some(())).await;
    let left = async || bench.world.engine.facts::<()>(facts::SUBSCRIPTIONS_ENDED, 10).await.unwrap();
    until(async || left().await.is_empty().then_some(())).await;
}

#[tokio::test]
async fn digests_come_daily_and_weekly_at_their_hour() {
    // Friday 2027-01-15, 16:00 in China.
    for (pace, first, second) in [(Pace::Daily, 16 * HOUR, DAY), (Pace::Weekly, 2 * DAY + 16 * HOUR, 7 * DAY)] {
        let bench = Bench::new().await;
        bench.world.publish("a", "tea", &["public"]).await;
        bench.subscribe(digest(pace), None).await;
        bench.pass(first - HOUR).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(bench.mails.count(), 0, "{pace:?}");
        bench.pass(HOUR).await;
        assert!(bench.mails.next().await.contains("li@example.com"));
        let sent = bench.stands(|state| state.success_time.is_some()).await;
        assert_eq!((sent.digest_time, sent.next_attempt), (Some(bench.world.engine.now()), None));
        bench.world.publish("a", "rice", &["public"]).await;
        bench.pass(second - HOUR).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(bench.mails.count(), 0, "{pace:?}: once in that time");
        bench.pass(HOUR).await;
        assert!(bench.mails.next().await.contains("li@example.com"));
        bench.stands(|state| state.digest_time > sent.digest_time).await;
        bench.pass(second).await;
        bench.stands(|state| state.digest_time == Some(bench.world.engine.now())).await;
        assert_eq!(bench.mails.count(), 0, "{pace:?}: of nothing nobody is told");
    }
}

#[tokio::test]
async fn what_one_digest_does_not_hold_follows_soon() {
    let bench = Bench::new().await;
    for number in 0..=limits::DIGEST_EVENTS {
        bench.world.publish("a", &format!("tea{number}"), &["public"]).await;
    }
    bench.subscribe(digest(Pace::Weekly), None).await;
    bench.pass(2 * DAY + 16 * HOUR).await;
    let first = bench.mails.next().await;
    let rest = bench.stands(|state| state.success_time.is_some()).await.next_attempt.expect("there is more");
    let coalesced = Micros::try_from(limits::DIGEST_COALESCES.as_micros()).unwrap();
    assert_eq!(rest, bench.world.engine.now() + coalesced);
    bench.pass(coalesced).await;
    let second = bench.mails.next().await;
    assert_ne!(message_id(&first), message_id(&second));
    let state = bench.stands(|state| state.next_attempt.is_none()).await;
    assert_eq!(state.entries as usize, limits::DIGEST_EVENTS + 1);
    bench.pass(coalesced).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(bench.mails.count(), 0, "the next is due in a week");
}

#[tokio::test]
async fn a_digest_whose_answer_is_lost_comes_again_as_the_same() {
    let mut bench = Bench::new().await;
    bench.world.publish("a", "tea", &["public"]).await;
    bench.mails.silent.store(true, Ordering::SeqCst);
    bench.subscribe(digest(Pace::Daily), None).await;
    bench.pass(16 * HOUR).await;
    let first = bench.mails.next().await;
    assert_eq!(bench.state().await.unwrap().success_time, None);
    bench.mails.silent.store(false, Ordering::SeqCst);
    bench.restart().await;
    let again = bench.mails.next().await;
    assert_eq!(message_id(&again), message_id(&first));
    bench.stands(|state| state.success_time.is_some()).await;
    bench.restart().await;
    bench.pass(DAY).await;
    bench.stands(|state| state.digest_time == Some(bench.world.engine.now())).await;
    assert_eq!(bench.mails.count(), 0, "it has come");
}

#[tokio::test]
async fn who_confirms_an_address_is_heard_although_they_hang_up() {
    const ID: &str = "0193e1a0-0000-7000-8000-000000000001";
    let bench = Bench::new().await;
    let (desk, engine) = (&bench.desk, &bench.world.engine);
    let notice = NoticeWay { address: "li@example.com".to_owned(), language: "en".to_owned(), secret: "s".to_owned() };
    let url = link(desk.base().unwrap(), ID, &notice.party(), Purpose::ConfirmNotices);
    let token = url.rsplit('/').next().unwrap();
    let mut fact = bench.fact(Way::Page { address: "s".to_owned() }, None);
    (fact.id, fact.notice) = (ID.to_owned(), Some(notice));
    bench.make(fact).await;
    desk.tell(Changed::Touched(ID.to_owned())).await;
    let state = async || load(engine, ID).await.unwrap().map(|(_, state)| state);
    // When the runner looks at it, its page takes in what there is.
    let looked = async || state().await.filter(|state| state.success_time == Some(engine.now()));
    bench.world.publish("a", "tea", &["public"]).await;
    desk.tell(Changed::Touched(ID.to_owned())).await;
    until(&looked).await;
    bench.world.pass(SECOND);
    bench.world.publish("a", "rice", &["public"]).await;
    let confirmed = async || state().await.is_some_and(|state| state.notice_confirmed);
    hang_up(engine, || desk.follow_mail_link(Purpose::ConfirmNotices, token, None), confirmed).await;
    until(&looked).await;
}

#[tokio::test]
async fn webhooks_are_tested_a_few_times_and_no_more() {
    let bench = Bench::new().await;
    for _ in 0..limits::TESTS {
        assert_eq!(bench.desk.may_test("member:a"), Ok(()));
    }
    assert_eq!(bench.desk.may_test("member:a"), Err(limits::TESTS_WITHIN));
    assert_eq!(bench.desk.may_test("member:b"), Ok(()), "another has its own");
    bench.world.pass(Micros::try_from(limits::TESTS_WITHIN.as_micros()).unwrap());
    assert_eq!(bench.desk.may_test("member:a"), Ok(()));
}

#[tokio::test]
async fn a_page_has_changed_whenever_something_comes_to_it_however_old_it_is() {
    let bench = Bench::new().await;
    bench.world.publish("a", "tea", &["public"]).await;
    let (secret, mut changes) = ("s", Changes::default());
    let address = page_hash(secret);
    changes.put(facts::page_address(&address), &ID);
    let fact = bench.fact(Way::Page { address }, None);
    let make = Make { fact, state: StateFact::default(), unbounded: true, changes };
    bench.world.engine.submit(make).await.unwrap().unwrap();
    let updated = async || {
        let request = PageRequest { secret, form: Form::Atom, after: "", origin: None };
        bench.desk.page(&request).await.unwrap().expect("it is there").updated
    };
    assert_eq!(updated().await, None, "another change in the same second would look like none");
    bench.world.pass(SECOND);
    let first = updated().await.expect("that second is over");

    // Of an hour ago: it comes late, from an origin whose line was down.
    bench.world.pass(-HOUR);
    bench.world.publish("a", "rice", &["public"]).await;
    bench.world.pass(HOUR);
    assert_eq!(updated().await, None);
    bench.world.pass(SECOND);
    assert!(updated().await.expect("that second is over") > first);
}
