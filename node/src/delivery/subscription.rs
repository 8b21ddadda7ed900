//! A subscription as it is kept: what its owner decides, and how far it has come.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use duikou_proto::envelope::Micros;
use duikou_proto::name::MemberId;
use duikou_proto::scope::ScopeSet;
use duikou_proto::v1;
use duikou_proto::v1::mail_digest::Pace;
use duikou_proto::v1::subscription::{Interest, PauseReason};
use prost::Message;
use serde::{Deserialize, Serialize};

use super::began::Began;
use crate::engine::Reader;
use crate::feed::Cursor;

/// What its owner decides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SubscriptionFact {
    pub(crate) id: String,
    /// Whose it is: a member's, a token's, the operator's.
    pub(crate) account: String,
    pub(crate) eyes: Eyes,
    /// The scopes that it sees at most, where its token is narrowed.
    #[serde(default)]
    pub(crate) narrowed: Option<String>,
    /// The fact of the token without which it delivers nothing, where it depends on one.
    pub(crate) token: Option<String>,
    /// Who made it, as the audit trail names them; empty: from before that was noted.
    #[serde(default)]
    pub(crate) creator: String,
    pub(crate) label: String,
    /// The encoded filter, base64.
    filter: String,
    /// The encoded interest in counterparts, base64; then the filter is an empty one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    counterpart_of: Option<String>,
    pub(crate) way: Way,
    /// Who hears of it when it is paused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) notice: Option<NoticeWay>,
    /// Where it began; None: with all that there is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) began: Option<Began>,
    pub(crate) create_time: Micros,
    pub(crate) update_time: Micros,
    /// Grows with every change.
    pub(crate) version: u64,
}

/// Whose eyes it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Eyes {
    Operator,
    Registered,
    Member(String),
}

/// How it is delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Way {
    Webhook { url: String, secrets: Vec<Secret> },
    Mail(MailWay),
    Page { address: String },
    Pull,
}

impl Way {
    /// How and at which host, as the audit trail says it: no secret, and of an address no more than where it leads.
    pub(crate) fn place(&self) -> String {
        match self {
            Self::Webhook { url, .. } => {
                let host = url.parse::<http::Uri>().ok().and_then(|url| url.host().map(str::to_owned));
                format!("webhook {}", host.unwrap_or_default())
            }
            Self::Mail(mail) => format!("mail {}", mail_host(&mail.address)),
            Self::Page { .. } => "page".to_owned(),
            Self::Pull => "pull".to_owned(),
        }
    }
}

impl NoticeWay {
    /// The same of notices.
    pub(crate) fn place(&self) -> String {
        format!("notices {}", mail_host(&self.address))
    }
}

/// The host at which an address is, without who reads there.
fn mail_host(address: &str) -> &str {
    address.rsplit_once('@').map_or("", |(_, host)| host)
}

/// A secret that signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Secret {
    pub(crate) secret: String,
    /// When it ceases to sign; never, where there is none.
    pub(crate) until: Option<Micros>,
}

/// Digests by mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MailWay {
    pub(crate) address: String,
    pub(crate) pace: i32,
    pub(crate) hour: i8,
    pub(crate) weekday: i8,
    pub(crate) time_zone: String,
    pub(crate) language: String,
    /// Signs the links in its mails.
    pub(crate) secret: String,
}

/// Notices by mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NoticeWay {
    pub(crate) address: String,
    pub(crate) language: String,
    /// Signs the links in its mails.
    pub(crate) secret: String,
}

impl MailWay {
    pub(crate) fn pace(&self) -> Pace {
        Pace::try_from(self.pace).unwrap_or(Pace::Daily)
    }
}

/// How far it has come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StateFact {
    /// Grows with everything that its owner does to it; what was under way before then changes nothing here.
    pub(crate) generation: u64,
    /// The feed's cursor, base64.
    pub(crate) cursor: String,
    /// Where the feed's head was when the cursor was noted.
    pub(crate) head: i64,
    pub(crate) phase: Phase,
    /// Names that have ever come to it: each coming has a number of its own, and so its events have ids of their own.
    pub(crate) entries: u64,
    /// What it had has yet to be compared with what there is.
    pub(crate) sweep: bool,
    /// What was written since then is delivered again until it has caught up.
    pub(crate) replay: Option<Micros>,
    pub(crate) failures: u32,
    pub(crate) failure: String,
    pub(crate) next_attempt: Option<Micros>,
    pub(crate) success_time: Option<Micros>,
    /// Whether the reader of the address has yet to confirm it; until then nothing else is sent there.
    #[serde(default)]
    pub(crate) unconfirmed: bool,
    /// Whether that reader has been asked.
    #[serde(default)]
    pub(crate) asked: bool,
    /// When readers of its addresses were asked, the last [`crate::limits::ASKED`] times, oldest first.
    #[serde(default)]
    pub(crate) asked_times: Vec<Micros>,
    /// Whether the reader of the address for notices has confirmed it.
    #[serde(default)]
    pub(crate) notice_confirmed: bool,
    /// When the last digest was due.
    #[serde(default)]
    pub(crate) digest_time: Option<Micros>,
    /// What was last acknowledged of a pull.
    #[serde(default)]
    pub(crate) acknowledged: String,
    /// Deliveries that were ever logged.
    pub(crate) deliveries: u64,
}

/// Whether it is delivered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Phase {
    #[default]
    Active,
    Unconfirmed,
    Paused(i32),
}

impl Phase {
    pub(crate) fn paused(reason: PauseReason) -> Self {
        Self::Paused(reason.into())
    }
}

/// Whose subscriptions a caller deals with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Everybody's.
    All,
    /// Those of one account.
    Account(String),
}

impl Seen {
    pub(crate) fn holds(&self, fact: &SubscriptionFact) -> bool {
        match self {
            Self::All => true,
            Self::Account(account) => fact.account == *account,
        }
    }
}

impl SubscriptionFact {
    /// A new one.
    #[expect(clippy::too_many_arguments, reason = "each is a decision of its own")]
    pub(crate) fn new(
        id: String,
        account: String,
        eyes: Eyes,
        token: Option<String>,
        label: String,
        interest: &Interest,
        way: Way,
        now: Micros,
    ) -> Self {
        let mut made = Self {
            id,
            account,
            eyes,
            narrowed: None,
            token,
            creator: String::new(),
            label,
            filter: String::new(),
            counterpart_of: None,
            way,
            notice: None,
            began: None,
            create_time: now,
            update_time: now,
            version: 1,
        };
        made.set_interest(interest);
        made
    }

    /// What is wanted, as its owner wrote it.
    pub(crate) fn interest(&self) -> Interest {
        match &self.counterpart_of {
            None => Interest::Filter(decoded(&self.filter)),
            Some(counterpart_of) => Interest::CounterpartOf(decoded(counterpart_of)),
        }
    }

    pub(crate) fn set_interest(&mut self, interest: &Interest) {
        (self.filter, self.counterpart_of) = match interest {
            Interest::Filter(filter) => (encoded(filter), None),
            Interest::CounterpartOf(interest) => (encoded(&v1::Filter::default()), Some(encoded(interest))),
        };
    }

    /// Whether counterparts are wanted.
    pub(crate) fn follows_counterparts(&self) -> bool {
        self.counterpart_of.is_some()
    }

    pub(crate) fn reader(&self) -> Reader {
        let whole = self.whole_reader();
        match &self.narrowed {
            None => whole,
            // What cannot be read any longer opens nothing.
            Some(scopes) => Reader::Narrowed(Box::new(whole), ScopeSet::from_text(scopes).unwrap_or_default()),
        }
    }

    /// The member whose it is; None: a registered reader's, or the operator's.
    pub(crate) fn member(&self) -> Option<MemberId> {
        match &self.eyes {
            Eyes::Member(member) => member.parse().ok(),
            Eyes::Operator | Eyes::Registered => None,
        }
    }

    /// The id of the token that made it, where it goes on without that.
    pub(crate) fn outlives(&self) -> Option<&str> {
        self.creator.strip_prefix("tokens/").filter(|_| self.token.is_none())
    }

    fn whole_reader(&self) -> Reader {
        match &self.eyes {
            Eyes::Operator => Reader::Operator,
            Eyes::Registered => Reader::Registered,
            // Written here as a member's id.
            Eyes::Member(_) => self.member().map_or(Reader::Anonymous, Reader::Member),
        }
    }

    pub(crate) fn name(&self) -> String {
        format!("subscriptions/{}", self.id)
    }

    pub(crate) fn etag(&self) -> String {
        format!("{:x}", self.version)
    }
}

impl StateFact {
    pub(crate) fn cursor(&self) -> Cursor {
        BASE64_STANDARD_NO_PAD.decode(&self.cursor).unwrap_or_default().into()
    }

    pub(crate) fn set_cursor(&mut self, cursor: &[u8]) {
        self.cursor = BASE64_STANDARD_NO_PAD.encode(cursor);
    }
}

fn encoded(message: &impl Message) -> String {
    BASE64_STANDARD_NO_PAD.encode(message.encode_to_vec())
}

/// What was encoded here; what a later version wrote shows what this one knows of it.
fn decoded<M: Message + Default>(text: &str) -> M {
    let bytes = BASE64_STANDARD_NO_PAD.decode(text).unwrap_or_default();
    M::decode(&*bytes).unwrap_or_default()
}

/// What is kept of the secret in a page's address.
pub(crate) fn page_hash(secret: &str) -> String {
    blake3::Hasher::new_derive_key("duikou page address, form 1")
        .update(secret.as_bytes())
        .finalize()
        .to_hex()
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_it_delivers_is_told_without_what_is_secret_in_it() {
        let secrets = vec![Secret { secret: "whsec_x".to_owned(), until: None }];
        let url = "https://hooks.example:8443/in/token-17?key=x".to_owned();
        assert_eq!(Way::Webhook { url, secrets }.place(), "webhook hooks.example");
        assert_eq!(Way::Page { address: "abc".to_owned() }.place(), "page");
        let notice =
            NoticeWay { address: "li@mail.example".to_owned(), language: "en".to_owned(), secret: "s".to_owned() };
        assert_eq!(notice.place(), "notices mail.example");
    }
}
