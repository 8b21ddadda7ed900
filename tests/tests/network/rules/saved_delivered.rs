//! Subscriptions that a clerk makes in a browser of a search that is kept: what they deliver is what comes.

use std::collections::BTreeMap;

use duikou_proto::v1::opportunity::Details;
use duikou_proto::v1::{Project, project};
use duikou_tests::harness::{
    Draft, MailServer, Network, Receiver, Server, WebCertificate, filled, offer, plain, within,
};

use super::PATIENCE;
use super::subscriptions::{BASE, HERE, http, mail_link, verified};

fn park(id: &str, title: &str) -> Draft {
    let details = Project { cooperation_modes: vec![project::CooperationMode::Lease.into()], ..Project::default() };
    offer(id).titled(title).with(|listing| {
        listing.listing.get_or_insert_default().details = Some(Details::Project(details));
    })
}

/// What stands between `start` and `end` in a page.
fn between(page: &str, start: &str, end: &str) -> String {
    let found = page.split_once(start).and_then(|(_, rest)| rest.split_once(end));
    found.map(|(found, _)| plain(found)).unwrap_or_else(|| panic!("no {start} in {page}"))
}

/// A clerk at a node.
struct Clerk<'a> {
    node: &'a Server,
    certificate: &'a WebCertificate,
    session: String,
}

impl Clerk<'_> {
    async fn page(&self, path: &str) -> String {
        self.node.page(self.certificate, &self.session, path).await.text()
    }

    /// Fills in what the form of a subscription asks for; the page that says that it was made.
    async fn subscribes(&self, form: &str, typed: &[(&str, &str)]) -> String {
        let mut fields: BTreeMap<String, String> = filled(&self.page(form).await, form).into_iter().collect();
        for (name, value) in typed {
            assert!(fields.insert((*name).to_owned(), (*value).to_owned()).is_some(), "the form asks for {name}");
        }
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
        let made = self.node.send(self.certificate, &self.session, form, &fields).await;
        assert_eq!(made.status, 200, "{}", made.text());
        made.text()
    }

    /// Until the page of a subscription shows how it stands.
    async fn sees(&self, subscription: &str, state: &str) {
        let looked = async || {
            let page = self.page(subscription).await;
            if page.contains(state) { Ok(()) } else { Err(page) }
        };
        within(PATIENCE, looked).await.unwrap_or_else(|page| panic!("{subscription} is not {state}: {page}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_clerk_subscribes_to_in_a_browser_comes_to_a_program_and_by_mail() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let (mails, receiver) = (MailServer::start(&certificate), Receiver::plain().await);
    let net = Network::new(2513)
        .web_certificate(&certificate)
        .gateway()
        .node("shenzhen", &["shenzhen"])
        .setting("delivery.allow", HERE)
        .setting("delivery.url", BASE)
        .setting("delivery.extra_roots", &certificate.certificate.display().to_string())
        .setting("mail.server", &mails.implicit())
        .setting("mail.from", "no-reply@duikou.example")
        .start()
        .await;
    let node = net.node("shenzhen");
    let session = node.let_in(&certificate, "li.ming", &["shenzhen=editor"]).await;
    let clerk = Clerk { node, certificate: &certificate, session };
    let kept = [("query", "kind=project"), ("name", "园区")];
    assert_eq!(node.send(&certificate, &clerk.session, "/saved", &kept).await.status, 303);
    let search = between(&clerk.page("/saved").await, "href=\"/saved/", "\"");
    let form = format!("/saved/{search}/subscribe");
    node.publish(park("before", "a park of before")).await.unwrap();

    // To a program, which finds the signature good by the secret that the page shows once.
    let made = clerk.subscribes(&form, &[("way", "webhook"), ("url", &receiver.url("/hook"))]).await;
    let secret = between(&made, "<code>", "</code>");
    let program = format!("/subscriptions/{}", between(&made, "href=\"/subscriptions/", "\""));
    assert!(!clerk.page(&program).await.contains(&secret), "it is shown once");
    node.publish(offer("fund")).await.unwrap();
    node.publish(park("mill", "a mill to let")).await.unwrap();
    let told = receiver.until("a message", |received| !received.is_empty()).await;
    let expected = ("listing.published".to_owned(), super::listing_name("shenzhen", "mill"));
    assert_eq!((told[0].kind(), told[0].listing()), expected, "what came since, by its conditions and not its words");
    let mut forged = told[0].clone();
    forged.body = forged.body.replace("mill", "kiln");
    verified(&[(&told[0], &secret, true), (&forged, &secret, false)]).await;
    clerk.sees(&program, "/listings/shenzhen/mill").await;

    // By mail, once its reader has said so, and no longer than its reader wants.
    let made = clerk.subscribes(&form, &[("way", "mail"), ("address", "li@example.com"), ("pace", "once")]).await;
    assert!(made.contains("li@example.com"), "{made}");
    let by_mail = format!("/subscriptions/{}", between(&made, "href=\"/subscriptions/", "\""));
    clerk.sees(&by_mail, "等待邮箱确认").await;
    let question = mails.next().await;
    assert_eq!(question.headers["subject"], "请确认订阅：园区");
    let confirm = mail_link(&question, "confirm");
    assert_eq!(http(node, &certificate, "GET", &confirm, &[], "").await.status, 200);
    clerk.sees(&by_mail, "等待邮箱确认").await;
    assert_eq!(http(node, &certificate, "POST", &confirm, &[], "").await.status, 200);
    clerk.sees(&by_mail, "进行中").await;
    node.publish(park("dam", "a dam to build")).await.unwrap();
    let digest = mails.next().await;
    assert_eq!(digest.headers["subject"], "园区：新1条");
    assert!(digest.plain.contains("a dam to build") && !digest.plain.contains("a mill to let"), "{}", digest.plain);
    let end = mail_link(&digest, "unsubscribe");
    assert_eq!(digest.headers["list-unsubscribe"], format!("<{BASE}{end}>"));
    assert_eq!(http(node, &certificate, "POST", &end, &[], "List-Unsubscribe=One-Click").await.status, 200);
    clerk.sees(&by_mail, "收件人已退订").await;

    // The program goes on having what comes, until the clerk ends it.
    let dams = receiver.until("the dam", |received| received.len() >= 2).await;
    assert_eq!(dams[1].listing(), super::listing_name("shenzhen", "dam"));
    let ended = node.send(&certificate, &clerk.session, &format!("{program}/delete"), &[]).await;
    assert_eq!(ended.status, 303, "{}", ended.text());
    node.publish(park("kiln", "a kiln to share")).await.unwrap();
    net.settle().await;
    assert_eq!((receiver.received().len(), mails.count()), (2, 0), "nothing comes of what has ended");
    net.finish().await;
}
