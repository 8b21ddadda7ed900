//! Digests: one for everybody who may have one, all on their way at once, since each waits a minute.

use std::collections::{BTreeMap, BTreeSet};

use duikou_tests::harness::{Mail, MailServer, Server, WebCertificate};
use serde_json::{Value, json};

use super::{Asker, Way, ask, told};
use crate::rules::subscriptions::{http, mail_link};

pub(super) struct Digests<'a> {
    mails: &'a MailServer,
    certificate: &'a WebCertificate,
    /// Those that came while others were still asked.
    early: Vec<Mail>,
    /// By address: for whom, and what may stand there.
    expected: BTreeMap<String, (String, BTreeSet<&'static str>)>,
}

impl<'a> Digests<'a> {
    pub(super) fn new(mails: &'a MailServer, certificate: &'a WebCertificate) -> Self {
        Self { mails, certificate, early: Vec::new(), expected: BTreeMap::new() }
    }

    /// Subscribes an asker, and confirms the address.
    pub(super) async fn follow(&mut self, server: &Server, asker: &Asker) {
        let address = format!("{}@example.com", format!("{} {}", asker.who, asker.place).replace(' ', "."));
        let body = json!({"subscription": {"mail": {"address": address, "pace": "AT_ONCE"}}, "start": "BEGINNING"});
        let made = ask(server, self.certificate, asker, &Way::Post("/v1/subscriptions".into(), body)).await;
        let made: Value = serde_json::from_str(&made).unwrap();
        if asker.secret.is_none() {
            assert_eq!(made["status"], 401, "{} at {}: {made}", asker.who, asker.place);
            return;
        }
        assert!(made["subscription"]["name"].is_string(), "{} at {}: {made}", asker.who, asker.place);
        let question = loop {
            let mail = self.mails.next().await;
            if mail.headers["to"] == address {
                break mail;
            }
            self.early.push(mail);
        };
        assert!(told(&question.plain).is_empty() && told(&question.html).is_empty());
        let confirmed = http(server, self.certificate, "POST", &mail_link(&question, "confirm"), &[], "").await;
        assert_eq!(confirmed.status, 200);
        let who = format!("{} at {}", asker.who, asker.place);
        self.expected.insert(address, (who, asker.may.iter().copied().collect()));
    }

    /// Waits until all have theirs.
    pub(super) async fn come(mut self) {
        while !self.expected.is_empty() {
            let mail = match self.early.pop() {
                Some(mail) => mail,
                None => self.mails.next().await,
            };
            let Some((who, may)) = self.expected.remove(&mail.headers["to"]) else {
                panic!("a second digest to {}: {}", mail.headers["to"], mail.plain)
            };
            for text in [&mail.plain, &mail.html] {
                assert_eq!(told(text), may, "{who} reads {text}");
            }
            let new = format!("新{}条", may.len());
            assert!(mail.headers["subject"].ends_with(&new), "{who}: {}", mail.headers["subject"]);
        }
    }
}
