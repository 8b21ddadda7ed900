//! Following the counterparts of a listing: whoever seeks hears of what is offered, and why it answers; nobody hears of
//! what is sought.

use duikou_proto::v1::counterpart_interest::Subject;
use duikou_proto::v1::create_subscription_request::Start;
use duikou_proto::v1::subscription::{Interest, PauseReason, State, Way};
use duikou_proto::v1::{
    CounterpartInterest, MailDigest, Page, PullQueue, PullSubscriptionRequest, ResumeSubscriptionRequest, Subscription,
    UpdateSubscriptionRequest, Webhook, WithdrawalReason, mail_digest,
};
use duikou_tests::harness::{Draft, MailServer, Network, Receiver, Server, WebCertificate, offer, request, within};
use serde_json::Value;
use tonic::Code;

use super::mails::{BASE, link};
use super::{HERE, create, gets, http, name, shown, subscriptions, text, told};
use crate::rules::{PATIENCE, fields, listing_name};

/// Growing rice.
pub(super) const RICE: &str = "0111";
/// Wholesale of grain.
const GRAIN: &str = "5111";
/// Spinning cotton.
const COTTON: &str = "1711";

pub(super) fn about(draft: Draft, industry: &str) -> Draft {
    let industries = vec![industry.to_owned()];
    draft.with(|listing| listing.listing.get_or_insert_default().industries = industries)
}

pub(super) fn sought(industry: &str) -> Draft {
    about(request("sought").titled("求购高山稻谷").on_request(), industry)
}

pub(super) fn following(member: &str, subject: Option<Subject>, way: Way) -> Subscription {
    let interest = CounterpartInterest { subject, ..CounterpartInterest::default() };
    Subscription {
        member: member.to_owned(),
        interest: Some(Interest::CounterpartOf(interest)),
        way: Some(way),
        label: "稻谷".to_owned(),
        ..Subscription::default()
    }
}

pub(super) fn of(listing: &str) -> Option<Subject> {
    Some(Subject::Name(format!("members/bijie/listings/{listing}")))
}

/// A city that offers, and one that seeks beside a neighbour on the same node; webhooks may go to this machine.
pub(super) async fn two_cities(seed: u64, certificate: &WebCertificate) -> Network {
    Network::new(seed)
        .gateway()
        .node("shenzhen", &["shenzhen"])
        .node("bijie", &["bijie", "zunyi"])
        .web_certificate(certificate)
        .setting("delivery.allow", HERE)
        .start()
        .await
}

fn hook(receiver: &Receiver) -> Way {
    Way::Webhook(Webhook { url: receiver.url("/") })
}

async fn stands(server: &Server, subscription: &str, state: State, reason: PauseReason) {
    let looked = async || {
        let shown = shown(server, subscription).await;
        if (shown.state(), shown.pause_reason()) == (state, reason) { Ok(()) } else { Err(format!("{shown:?}")) }
    };
    within(PATIENCE, looked).await.unwrap_or_else(|seen| panic!("{seen} is not {state:?} {reason:?}"));
}

fn pair(kind: &str, id: &str) -> (String, String) {
    (kind.to_owned(), listing_name("shenzhen", id))
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_seeks_is_told_what_answers_and_why_until_nothing_is_sought() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = two_cities(961, &certificate).await;
    let (shenzhen, bijie) = (net.node("shenzhen"), net.node("bijie"));
    bijie.publish(sought(RICE).by("bijie")).await.unwrap();
    shenzhen.publish(about(offer("first"), RICE)).await.unwrap();
    bijie.sees("members/shenzhen/listings/first").await;

    let (seeker, other) = (Receiver::plain().await, Receiver::plain().await);
    let made = name(&create(bijie, following("bijie", of("sought"), hook(&seeker)), Start::Unspecified).await.unwrap());
    create(bijie, following("zunyi", None, hook(&other)), Start::Unspecified).await.unwrap();
    let page = create(bijie, following("bijie", of("sought"), Way::Page(Page {})), Start::Unspecified).await.unwrap();
    // What another keeps on request is not there for anybody else, as what is not there at all.
    let refused = async |listing: &str| {
        let wanted = following("zunyi", of(listing), Way::Pull(PullQueue {}));
        create(bijie, wanted, Start::Unspecified).await.unwrap_err()
    };
    let (closed, absent) = (refused("sought").await, refused("absent").await);
    assert_eq!((closed.code(), absent.code()), (Code::NotFound, Code::NotFound));
    assert_eq!(closed.message().replace("sought", "absent"), absent.message());

    assert_eq!(gets(&seeker, 1).await, [pair("listing.published", "first")], "it begins with what there is");
    let matched = seeker.received()[0].json()["data"]["matched"].clone();
    assert_eq!(matched["name"], listing_name("bijie", "sought"));
    assert!(matched["score"].as_i64().is_some_and(|score| score >= 35), "{matched}");
    let reason = |code: &str| {
        let reasons = matched["reasons"].as_array().unwrap();
        reasons.iter().find(|reason| reason["code"] == code).unwrap_or_else(|| panic!("{code} in {matched}")).clone()
    };
    let industry = reason("INDUSTRY");
    assert_eq!((&industry["zh"], &industry["points"]), (&Value::from("行业相同：稻谷种植"), &Value::from(25)));
    assert!(reason("AMOUNT")["en"].as_str().unwrap().starts_with("amounts overlap"));
    let atom = async || text(&http(bijie, &certificate, "GET", &format!("{}.atom", page.path), &[], "").await);
    let shown_now = atom().await;
    for words in ["first for partner cities", "行业相同：稻谷种植", "same industry: "] {
        assert!(shown_now.contains(words), "{words} is not in {shown_now}");
    }

    // Nobody hears of what answers nothing, or is not for them.
    seeker.forget();
    shenzhen.publish(about(offer("cotton"), COTTON)).await.unwrap();
    shenzhen.publish(about(request("too"), RICE)).await.unwrap();
    shenzhen.publish(about(offer("letter"), RICE).for_members(&["zunyi"])).await.unwrap();
    bijie.publish(about(offer("own").by("bijie"), RICE)).await.unwrap();
    shenzhen.publish(about(offer("second"), RICE).for_network()).await.unwrap();
    assert_eq!(gets(&seeker, 1).await, [pair("listing.published", "second")]);

    seeker.forget();
    shenzhen.replace(about(offer("first"), COTTON)).await.unwrap();
    shenzhen.replace(about(offer("second"), RICE).for_members(&["zunyi"])).await.unwrap();
    let left = gets(&seeker, 2).await;
    assert_eq!(left, [pair("listing.no_longer", "first"), pair("listing.no_longer", "second")]);
    let reasons: Vec<Value> = seeker.received().iter().map(|one| one.json()["data"]["reason"].clone()).collect();
    assert_eq!(reasons, ["FILTER", "NARROWED"]);

    // Something else is sought now: what answers that comes, what answered before goes.
    seeker.forget();
    shenzhen.replace(about(offer("first"), RICE)).await.unwrap();
    gets(&seeker, 1).await;
    seeker.forget();
    bijie.replace(sought(COTTON).by("bijie")).await.unwrap();
    let mut changed = gets(&seeker, 2).await;
    changed.sort();
    assert_eq!(changed, [pair("listing.no_longer", "first"), pair("listing.published", "cotton")]);
    assert!(atom().await.contains("cotton for partner cities"));

    seeker.forget();
    bijie.withdraw("members/bijie/listings/sought", WithdrawalReason::Filled).await.unwrap();
    assert_eq!(gets(&seeker, 1).await, [pair("listing.no_longer", "cotton")]);
    stands(bijie, &made, State::Paused, PauseReason::SubjectEnded).await;
    let buried = atom().await;
    assert!(buried.contains("at:deleted-entry") && !buried.contains("cotton for partner cities"), "{buried}");
    let page = name(&page);
    stands(bijie, &page, State::Paused, PauseReason::SubjectEnded).await;
    let status = bijie.status().await.unwrap();
    assert!(
        status.alarms.iter().all(|alarm| alarm.code != "SUBSCRIPTIONS_PAUSED"),
        "nothing is to be mended: {status:?}"
    );

    // Whoever seeks again under the same name goes on where it ended.
    seeker.forget();
    bijie.publish(sought(RICE).by("bijie")).await.unwrap();
    subscriptions(bijie).resume_subscription(ResumeSubscriptionRequest { name: made.clone() }).await.unwrap();
    assert_eq!(gets(&seeker, 1).await, [pair("listing.published", "first")]);
    net.settle().await;
    assert!(other.received().is_empty(), "{:?}", told(&other.received()));
    for server in [net.gateway(), shenzhen] {
        server.never_received("求购高山稻谷".as_bytes());
    }
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_follows_all_that_it_offers_and_seeks_and_what_it_has_not_published() {
    let net = Network::new(962).gateway().node("shenzhen", &["shenzhen"]).node("bijie", &["bijie"]).start().await;
    let (shenzhen, bijie) = (net.node("shenzhen"), net.node("bijie"));
    for (id, industry) in [("rice", RICE), ("cotton", COTTON), ("grain", GRAIN)] {
        shenzhen.publish(about(offer(id), industry)).await.unwrap();
    }
    bijie.sees("members/shenzhen/listings/grain").await;
    let queue = async |subject: Option<Subject>| {
        let wanted = following("bijie", subject, Way::Pull(PullQueue {}));
        name(&create(bijie, wanted, Start::Unspecified).await.unwrap())
    };
    let pull = async |name: &str| {
        let request = PullSubscriptionRequest { name: name.to_owned(), max_events: 0 };
        let taken = subscriptions(bijie).pull_subscription(request).await.unwrap().into_inner();
        let told = taken.events.into_iter().map(|event| {
            let matched = event.matched.unwrap_or_default();
            let listing = match event.data {
                Some(duikou_proto::v1::subscription_event::Data::Listing(listing)) => listing.name,
                other => panic!("{other:?}"),
            };
            (listing, matched.name)
        });
        let mut told: Vec<_> = told.collect();
        told.sort();
        told
    };
    let answers = |listing: &str, subject: &str| {
        let subject = if subject.is_empty() { String::new() } else { listing_name("bijie", subject) };
        (listing_name("shenzhen", listing), subject)
    };
    let all = queue(None).await;
    assert!(pull(&all).await.is_empty(), "it has published nothing yet");
    bijie.publish(sought(RICE)).await.unwrap();
    assert_eq!(pull(&all).await, [answers("rice", "sought")]);
    bijie.publish(about(request("more"), COTTON)).await.unwrap();
    assert_eq!(pull(&all).await, [answers("cotton", "more"), answers("rice", "sought")]);

    let mut draft = about(request("draft"), GRAIN).saying("what plays no part").listing("bijie").listing.unwrap();
    let unpublished = queue(Some(Subject::Listing(draft.clone()))).await;
    assert_eq!(pull(&unpublished).await, [answers("grain", "")]);
    let kept = shown(bijie, &unpublished).await;
    let Some(Interest::CounterpartOf(CounterpartInterest { subject: Some(Subject::Listing(kept)), .. })) =
        kept.interest
    else {
        panic!("{kept:?}")
    };
    assert_eq!((kept.title.as_str(), kept.body.as_str()), ("draft for partner cities", ""));

    let listed = bijie.cli(&["subscriptions", "show", &all, "--language", "en"]).await.done();
    assert!(listed.contains("all that the member has published"), "{listed}");
    let args =
        ["subscriptions", "create", "pull", "--as", "bijie", "--counterpart-of", "members/bijie/listings/sought"];
    let made = bijie.cli(&args).await.done();
    assert_eq!(pull(made.trim()).await, [answers("rice", "sought")]);

    // What makes no sense is told by field, and changes nothing.
    draft.title.clear();
    let interest = CounterpartInterest {
        subject: Some(Subject::Listing(draft)),
        min_score: 101,
        filter: Some(duikou_proto::v1::Filter { kinds: vec!["tea".into()], ..Default::default() }),
    };
    let change = UpdateSubscriptionRequest {
        subscription: Some(Subscription {
            name: all.clone(),
            interest: Some(Interest::CounterpartOf(interest)),
            ..Subscription::default()
        }),
        ..UpdateSubscriptionRequest::default()
    };
    let refused = subscriptions(bijie).update_subscription(change).await.unwrap_err();
    let within = |field: &str| format!("subscription.counterpart_of.{field}");
    assert_eq!(fields(&refused), [within("filter.kinds[0]"), within("listing.title"), within("min_score")]);
    let nobodys = Subscription { member: String::new(), ..following("", None, Way::Pull(PullQueue {})) };
    let refused = create(bijie, nobodys, Start::Unspecified).await.unwrap_err();
    assert_eq!(fields(&refused), ["subscription.counterpart_of"]);
    assert_eq!(pull(&all).await.len(), 2);
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_says_why_in_its_readers_language_and_ends_with_what_is_sought() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let server = MailServer::start(&certificate);
    let net = Network::new(963)
        .gateway()
        .node("shenzhen", &["shenzhen", "bijie"])
        .web_certificate(&certificate)
        .setting("delivery.url", BASE)
        .setting("delivery.extra_roots", &certificate.certificate.display().to_string())
        .setting("mail.server", &server.implicit())
        .setting("mail.from", "no-reply@duikou.example")
        .start()
        .await;
    let node = net.node("shenzhen");
    node.publish(sought(RICE).by("bijie")).await.unwrap();
    node.publish(about(offer("first").by("shenzhen").titled("五常稻谷 <第一批>"), RICE)).await.unwrap();
    let mail = MailDigest {
        address: "li@example.com".to_owned(),
        pace: mail_digest::Pace::AtOnce.into(),
        ..MailDigest::default()
    };
    let wanted = following("bijie", of("sought"), Way::Mail(mail));
    let made = name(&create(node, wanted, Start::Unspecified).await.unwrap());
    let confirm = link(&server.next().await, "confirm");
    assert_eq!(http(node, &certificate, "POST", &confirm, &[], "").await.status, 200);

    let digest = server.next().await;
    assert_eq!(digest.headers["subject"], "稻谷：新1条");
    let why = format!("与 {} 对口", listing_name("bijie", "sought"));
    for words in ["五常稻谷 <第一批>", &why, "行业相同：稻谷种植；"] {
        assert!(digest.plain.contains(words), "{words} is not in {}", digest.plain);
    }
    assert!(digest.html.contains("五常稻谷 &lt;第一批&gt;") && digest.html.contains("行业相同：稻谷种植；"));
    assert!(!digest.plain.contains("same industry"), "{}", digest.plain);

    node.withdraw("members/bijie/listings/sought", WithdrawalReason::Withdrawn).await.unwrap();
    let last = server.next().await;
    assert_eq!(last.headers["subject"], "稻谷：已撤1条");
    assert!(last.plain.contains("不再对口"), "{}", last.plain);
    // Its reader hears that nothing more will come, and why.
    let notice = server.next().await;
    stands(node, &made, State::Paused, PauseReason::SubjectEnded).await;
    assert_eq!(notice.headers["subject"], "订阅已暂停：稻谷");
    assert!(notice.plain.contains("所跟踪对口的信息已结束"), "{}", notice.plain);
    assert!(notice.headers["list-unsubscribe"].contains("/subscriptions/unsubscribe/"));
    net.finish().await;
}
