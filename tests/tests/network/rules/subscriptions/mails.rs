//! Digests by mail, through a mail server of others.

use duikou_proto::v1::create_subscription_request::Start;
use duikou_proto::v1::mail_digest::Pace;
use duikou_proto::v1::subscription::{PauseReason, State, Way};
use duikou_proto::v1::{
    MailDigest, Notice, PauseSubscriptionRequest, ResumeSubscriptionRequest, Subscription, UpdateSubscriptionRequest,
    Webhook, WithdrawalReason,
};
use duikou_tests::harness::{Mail, MailServer, Manner, Network, Receiver, WebCertificate, offer, within};

use super::{HERE, create, http, name, shown, subscriptions, text};
use crate::rules::{PATIENCE, fields, reason};

pub(in crate::rules) const BASE: &str = "https://duikou.example";

fn digest(address: &str, language: &str) -> Subscription {
    let mail = MailDigest {
        address: address.to_owned(),
        pace: Pace::AtOnce.into(),
        language: language.to_owned(),
        ..MailDigest::default()
    };
    Subscription {
        way: Some(Way::Mail(mail)),
        member: "shenzhen".to_owned(),
        label: "茶".to_owned(),
        ..Subscription::default()
    }
}

/// The path of the link to `what` in a mail.
pub(in crate::rules) fn link(mail: &Mail, what: &str) -> String {
    let start = format!("{BASE}/subscriptions/{what}/");
    let found = mail.plain.split_whitespace().find(|word| word.starts_with(&start));
    let found = found.unwrap_or_else(|| panic!("no link to {what} in {}", mail.plain));
    found.strip_prefix(BASE).expect("it begins so").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_comes_once_it_is_confirmed_again_after_a_kill_and_ends_with_one_click() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let (server, hesitation) = MailServer::start_hesitant(&certificate).await;
    let net = Network::new(951)
        .gateway()
        .node("shenzhen", &["shenzhen"])
        .web_certificate(&certificate)
        .setting("delivery.url", BASE)
        .setting("delivery.extra_roots", &certificate.certificate.display().to_string())
        .setting("mail.server", &server.implicit())
        .setting("mail.from", "对口 <no-reply@duikou.example>")
        .start()
        .await;
    let node = net.node("shenzhen");
    for address in ["", "nobody", "a b@example.com", "a@b@c", "a@example.com, b@example.com"] {
        let refused = create(node, digest(address, "zh"), Start::Unspecified).await.unwrap_err();
        assert_eq!(fields(&refused), ["subscription.mail.address"], "{address}");
    }
    let made = name(&create(node, digest("li@example.com", "zh"), Start::Unspecified).await.unwrap());
    assert_eq!(shown(node, &made).await.state(), State::Unconfirmed);
    let question = server.next().await;
    assert_eq!(question.headers["subject"], "请确认订阅：茶");
    assert!(question.headers["from"].contains("no-reply@duikou.example"));
    node.publish(offer("tea").titled("求购 <b>高山</b> 绿茶")).await.unwrap();

    // A mail program that opens links by itself confirms nothing.
    let confirm = link(&question, "confirm");
    let page = http(node, &certificate, "GET", &confirm, &[], "").await;
    assert_eq!(page.status, 200);
    assert!(text(&page).contains("<form method=\"post\">") && text(&page).contains("li@example.com"));
    assert_eq!(shown(node, &made).await.state(), State::Unconfirmed);
    let forged = confirm.replace("/confirm/", "/unsubscribe/");
    assert_eq!(http(node, &certificate, "POST", &forged, &[], "").await.status, 404);
    assert_eq!(http(node, &certificate, "POST", &confirm, &[], "").await.status, 200);
    assert_eq!(shown(node, &made).await.state(), State::Active);

    let mail = server.next().await;
    assert_eq!(mail.headers["subject"], "茶：新1条");
    assert!(mail.plain.contains("求购 <b>高山</b> 绿茶") && mail.html.contains("求购 &lt;b&gt;高山&lt;/b&gt; 绿茶"));
    assert!(mail.plain.contains("资金供给 · shenzhen办事处 · 广东省深圳市 · 有效期至"), "{}", mail.plain);
    assert_eq!(mail.headers["list-unsubscribe-post"], "List-Unsubscribe=One-Click");
    let end = link(&mail, "unsubscribe");
    assert_eq!(mail.headers["list-unsubscribe"], format!("<{BASE}{end}>"));

    // Everything of a minute comes together. Whoever dies before hearing that a mail was taken sends it again, with
    // everything that it told and as the same mail.
    hesitation.begins();
    for number in 0..3 {
        node.publish(offer(&format!("more-{number}"))).await.unwrap();
    }
    node.withdraw("members/shenzhen/listings/tea", WithdrawalReason::Filled).await.unwrap();
    hesitation.is_felt().await;
    node.kill9();
    hesitation.ends();
    let taken = server.next().await;
    node.start().await;
    let mail = server.next().await;
    assert_eq!(mail.headers["subject"], "茶：新3条，已撤1条");
    for said in ["more-0", "more-1", "more-2", "- shenzhen办事处：tea（已落实）"] {
        assert!(mail.plain.contains(said), "{said} is skipped: {}", mail.plain);
    }
    assert_eq!(mail.headers["message-id"], taken.headers["message-id"]);
    assert_eq!((&mail.plain, &mail.html), (&taken.plain, &taken.html));
    assert_eq!(server.count(), 0);

    assert_eq!(http(node, &certificate, "GET", &end, &[], "").await.status, 200);
    assert_eq!(shown(node, &made).await.state(), State::Active, "a link alone ends nothing");
    let ended = http(node, &certificate, "POST", &end, &[], "List-Unsubscribe=One-Click").await;
    assert_eq!(ended.status, 200);
    let shown_now = shown(node, &made).await;
    assert_eq!((shown_now.state(), shown_now.pause_reason()), (State::Paused, PauseReason::Unsubscribed));
    // Its reader may think better of it, and gets what the page promises.
    let again = text(&http(node, &certificate, "POST", &confirm, &[], "").await);
    assert!(again.contains("已确认，摘要将按时寄出。"), "{again}");
    assert_eq!(shown(node, &made).await.state(), State::Active);
    assert_eq!(http(node, &certificate, "POST", &end, &[], "").await.status, 200);
    assert_eq!(shown(node, &made).await.state(), State::Paused);
    let trail = node.cli(&["audit", "list", "--action", "subscription.", "--output", "jsonl"]).await.done();
    let told = ["subscription.confirm", "subscription.unsubscribe", "mail example.com"];
    assert!(told.iter().all(|told| trail.contains(told)) && !trail.contains("li@example.com"), "{trail}");
    // Whoever resumes it has to ask again.
    let resume = ResumeSubscriptionRequest { name: made.clone() };
    let resumed = subscriptions(node).resume_subscription(resume).await.unwrap().into_inner();
    assert_eq!(resumed.state(), State::Unconfirmed);
    assert_eq!(server.next().await.headers["subject"], "请确认订阅：茶");
    // What its owner has paused no reader lets go on, and no page promises.
    let pause = PauseSubscriptionRequest { name: made.clone() };
    subscriptions(node).pause_subscription(pause).await.unwrap();
    let confirmed = text(&http(node, &certificate, "POST", &confirm, &[], "").await);
    assert!(confirmed.contains("目前暂停"), "{confirmed}");
    assert_eq!(shown(node, &made).await.state(), State::Paused);
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mails_go_over_starttls_where_the_server_is_believed() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let server = MailServer::start(&certificate);
    let net = Network::new(973)
        .gateway()
        .node("shenzhen", &["shenzhen"])
        .setting("delivery.url", BASE)
        .setting("delivery.extra_roots", &certificate.certificate.display().to_string())
        .setting("mail.server", &server.starttls())
        .setting("mail.tls", "starttls")
        .setting("mail.from", "no-reply@duikou.example")
        .start()
        .await;
    create(net.node("shenzhen"), digest("li@example.com", "en"), Start::Unspecified).await.unwrap();
    // The server takes nothing without TLS.
    assert_eq!(server.next().await.headers["to"], "li@example.com");
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_mail_says_so_and_one_that_is_not_believed_gets_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let server = MailServer::start(&certificate);
    let net = Network::new(952)
        .gateway()
        .node("shenzhen", &["shenzhen"])
        .setting("delivery.url", BASE)
        .setting("mail.server", &server.starttls())
        .setting("mail.tls", "starttls")
        .setting("mail.from", "no-reply@duikou.example")
        .start()
        .await;
    let node = net.node("shenzhen");
    let made = name(&create(node, digest("li@example.com", "en"), Start::Unspecified).await.unwrap());
    let failing = async || match shown(node, &made).await {
        shown if shown.failure_count > 0 && shown.next_attempt_time.is_some() => Ok(()),
        shown => Err(format!("{shown:?}")),
    };
    within(PATIENCE, failing).await.unwrap();
    assert_eq!(server.count(), 0, "its certificate is nobody's");
    net.finish().await;

    let net = Network::new(953).gateway().node("shenzhen", &["shenzhen"]).start().await;
    let refused = create(net.node("shenzhen"), digest("li@example.com", "en"), Start::Unspecified).await.unwrap_err();
    assert_eq!(reason(&refused), "MAIL_OFF");
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_confirmed_is_told_when_the_server_pauses_a_webhook() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let server = MailServer::start(&certificate);
    let net = Network::new(954)
        .gateway()
        .node("shenzhen", &["shenzhen"])
        .web_certificate(&certificate)
        .setting("delivery.allow", HERE)
        .setting("delivery.url", BASE)
        .setting("delivery.extra_roots", &certificate.certificate.display().to_string())
        .setting("mail.server", &server.implicit())
        .setting("mail.from", "no-reply@duikou.example")
        .start()
        .await;
    let node = net.node("shenzhen");
    let receiver = Receiver::plain().await;
    let wanted = |address: &str, language: &str| Subscription {
        way: Some(Way::Webhook(Webhook { url: receiver.url("/") })),
        member: "shenzhen".to_owned(),
        label: "仓库 <1>".to_owned(),
        notice: Some(Notice { address: address.to_owned(), language: language.to_owned(), confirmed: true }),
        ..Subscription::default()
    };
    let refused = create(node, wanted("nobody", "fr"), Start::Unspecified).await.unwrap_err();
    assert_eq!(fields(&refused), ["subscription.notice.address", "subscription.notice.language"]);
    let made = name(&create(node, wanted("li@example.com", "zh"), Start::Unspecified).await.unwrap());
    let confirmed = async || shown(node, &made).await.notice.unwrap().confirmed;
    assert!(!confirmed().await, "only its reader can say that");
    let question = server.next().await;
    assert_eq!(question.headers["subject"], "请确认通知地址：仓库 <1>");
    let resume = async || {
        let request = ResumeSubscriptionRequest { name: made.clone() };
        subscriptions(node).resume_subscription(request).await.unwrap();
    };
    let gone = async || {
        let looked = async || match shown(node, &made).await {
            shown if shown.pause_reason() == PauseReason::Gone => Ok(()),
            shown => Err(format!("{shown:?}")),
        };
        within(PATIENCE, looked).await.unwrap();
    };
    receiver.does(Manner::Status(410));
    node.publish(offer("tea")).await.unwrap();
    gone().await;

    // Nobody is written to who has not confirmed; whoever does so now hears what has happened.
    let confirm = link(&question, "confirm-notices");
    let forged = confirm.replace("/confirm-notices/", "/confirm/");
    assert_eq!(http(node, &certificate, "POST", &forged, &[], "").await.status, 404);
    let form = text(&http(node, &certificate, "GET", &confirm, &[], "").await);
    assert!(form.contains("仓库 &#60;1&#62;") && form.contains("li@example.com"), "{form}");
    assert_eq!(server.count(), 0);
    assert_eq!(http(node, &certificate, "POST", &confirm, &[], "").await.status, 200);
    assert!(confirmed().await);
    let notice = server.next().await;
    assert_eq!(notice.headers["subject"], "订阅已暂停：仓库 <1>");
    for words in ["HTTP 410", made.as_str(), "subscriptions resume"] {
        assert!(notice.plain.contains(words), "{words} is not in {}", notice.plain);
    }
    assert!(notice.html.contains("仓库 &lt;1&gt;") && !notice.html.contains("仓库 <1>"));
    node.alarms("SUBSCRIPTIONS_PAUSED", "1").await;

    // Each pause is told once, until the reader has had enough.
    resume().await;
    gone().await;
    assert_eq!(server.next().await.headers["subject"], "订阅已暂停：仓库 <1>");
    let end = link(&notice, "end-notices");
    assert_eq!(notice.headers["list-unsubscribe"], format!("<{BASE}{end}>"));
    assert_eq!(http(node, &certificate, "POST", &end, &[], "List-Unsubscribe=One-Click").await.status, 200);
    assert!(!confirmed().await);
    resume().await;
    gone().await;
    assert_eq!(server.count(), 0);

    // Another address is asked first. That is the next mail: of the pause before it nothing was sent.
    let update = UpdateSubscriptionRequest {
        subscription: Some(Subscription { name: made.clone(), way: None, ..wanted("wang@example.com", "en") }),
        ..UpdateSubscriptionRequest::default()
    };
    let updated = subscriptions(node).update_subscription(update).await.unwrap().into_inner();
    assert_eq!(updated.notice.unwrap().address, "wang@example.com");
    let question = server.next().await;
    assert_eq!(
        (&*question.headers["subject"], &*question.headers["to"]),
        ("Please confirm: 仓库 <1>", "wang@example.com")
    );
    assert_eq!(http(node, &certificate, "POST", &confirm, &[], "").await.status, 404, "the address before is out");
    net.finish().await;
}
