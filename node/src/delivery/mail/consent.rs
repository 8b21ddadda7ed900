//! Consent: a reader confirms an address before anything else is sent there, and ends digests and notices with one click.

use std::net::IpAddr;

use async_trait::async_trait;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use duikou_proto::language::{Language, Text};
use duikou_proto::v1::subscription::PauseReason;
use uuid::Uuid;

use super::Letter;
use crate::audit::{Action, Actor, Event};
use crate::config::BaseUrl;
use crate::delivery::desk::{Change, Changed, Desk, Refusal, pause, stopped};
use crate::delivery::notice;
use crate::delivery::settle::{Changes, load};
use crate::delivery::subscription::{MailWay, NoticeWay, Phase, Seen, StateFact, SubscriptionFact, Way};
use crate::engine::{Command, Work, WriteError, facts};
use crate::html::{Escaped, document};
use crate::store::StoreError;

/// What a link in a mail is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Confirm,
    Unsubscribe,
    ConfirmNotices,
    EndNotices,
}

impl Purpose {
    /// As paths have it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Unsubscribe => "unsubscribe",
            Self::ConfirmNotices => "confirm-notices",
            Self::EndNotices => "end-notices",
        }
    }

    /// Whoever gets mails with links for it.
    fn party(self, fact: &SubscriptionFact) -> Option<Party> {
        match (self, &fact.way) {
            (Self::Confirm | Self::Unsubscribe, Way::Mail(mail)) => Some(mail.party()),
            (Self::Confirm | Self::Unsubscribe, Way::Webhook { .. } | Way::Page { .. } | Way::Pull) => None,
            (Self::ConfirmNotices | Self::EndNotices, _) => fact.notice.as_ref().map(NoticeWay::party),
        }
    }
}

/// Whoever reads at an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::delivery) struct Party {
    pub(in crate::delivery) address: String,
    pub(in crate::delivery) language: Language,
    /// Signs the links in mails to it.
    pub(in crate::delivery) secret: String,
}

impl MailWay {
    /// Whoever reads the digests.
    pub(in crate::delivery) fn party(&self) -> Party {
        Party { address: self.address.clone(), language: language(self), secret: self.secret.clone() }
    }
}

/// What a link leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) address: String,
    pub(crate) label: String,
    pub(crate) language: Language,
}

/// What proves that whoever opens a link has got the mail: good for one subscription, purpose and address.
fn token(id: &str, party: &Party, purpose: Purpose) -> String {
    let mut hasher = blake3::Hasher::new_derive_key("duikou mail link, form 1");
    for part in [&party.secret, purpose.as_str(), &party.address] {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
    }
    format!("{id}.{}", BASE64_URL_SAFE_NO_PAD.encode(hasher.finalize().as_bytes()))
}

/// The id of the subscription for which a token says that it is good; None where it says none.
fn named(token: &str) -> Option<&str> {
    token.split_once('.').map(|(id, _)| id).filter(|id| Uuid::try_parse(id).is_ok())
}

/// Whether somebody has got `given` in a mail. Hashes are compared, so that the time tells nothing of the token.
fn is_good(given: &str, id: &str, party: &Party, purpose: Purpose) -> bool {
    blake3::hash(token(id, party, purpose).as_bytes()) == blake3::hash(given.as_bytes())
}

/// Whether somebody at one address has got `given` in a mail, with the token that is sent there for the same subscription;
/// None where it names none.
#[cfg(feature = "arbitrary")]
pub(crate) fn read_link(given: &str, purpose: Purpose) -> Option<(bool, String)> {
    let party = Party { address: "li@example.com".to_owned(), language: Language::Zh, secret: "s".to_owned() };
    named(given).map(|id| (is_good(given, id, &party, purpose), token(id, &party, purpose)))
}

/// The link in a mail.
pub(in crate::delivery) fn link(base: &BaseUrl, id: &str, party: &Party, purpose: Purpose) -> String {
    format!("{base}/subscriptions/{}/{}", purpose.as_str(), token(id, party, purpose))
}

/// The language in which a subscriber reads.
pub(super) fn language(mail: &MailWay) -> Language {
    if mail.language == "en" { Language::En } else { Language::Zh }
}

/// Asks a reader to confirm what a link for `purpose` confirms.
pub(in crate::delivery) fn question(
    fact: &SubscriptionFact,
    party: &Party,
    purpose: Purpose,
    base: &BaseUrl,
) -> Letter {
    let url = link(base, &fact.id, party, purpose);
    let notices = purpose == Purpose::ConfirmNotices;
    let label = if fact.label.is_empty() { "对口 Duikou" } else { &fact.label };
    let text = |zh: String, en: String| Text::new(zh, en).in_language(party.language).to_owned();
    let subject = text(
        format!("请确认{}：{label}", if notices { "通知地址" } else { "订阅" }),
        format!("Please confirm: {label}"),
    );
    let asks = match notices {
        true => text(
            format!("有人希望订阅“{label}”被服务器暂停时通知此邮箱。如果是您本人，请打开以下链接确认："),
            format!(
                "Somebody wants this address to be told when the subscription \"{label}\" is paused. If it was you, confirm here:"
            ),
        ),
        false => text(
            format!("有人为此邮箱订阅了“{label}”。如果是您本人，请打开以下链接确认："),
            format!("Somebody has subscribed this address to \"{label}\". If it was you, confirm here:"),
        ),
    };
    let else_ = text(
        "如果不是您，请忽略本邮件，不会再有邮件寄来。".to_owned(),
        "If it was not you, ignore this mail: no other will come.".to_owned(),
    );
    let body = format!("<p>{}</p><p><a href=\"{url}\">{url}</a></p><p>{}</p>", Escaped(&asks), Escaped(&else_));
    Letter {
        plain: format!("{asks}\n\n{url}\n\n{else_}\n"),
        html: document(party.language, &subject, None, &body),
        subject,
    }
}

impl Desk {
    async fn linked(&self, purpose: Purpose, given: &str) -> Result<Option<(SubscriptionFact, Party)>, StoreError> {
        let Some(id) = named(given) else { return Ok(None) };
        let Some((fact, _)) = load(&self.engine, id).await? else { return Ok(None) };
        let Some(party) = purpose.party(&fact) else { return Ok(None) };
        Ok(is_good(given, id, &party, purpose).then_some((fact, party)))
    }

    /// What a link in a mail leads to; None where it is no longer good, or never was.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub(crate) async fn mail_link(&self, purpose: Purpose, token: &str) -> Result<Option<Link>, StoreError> {
        let found = self.linked(purpose, token).await?;
        Ok(found.map(|(fact, party)| Link { label: fact.label, language: party.language, address: party.address }))
    }

    /// Does what a link in a mail is for; None where it is no longer good, or never was. Repeating it changes nothing.
    /// `from`: where it is opened, for the audit trail.
    ///
    /// # Errors
    /// Where nothing could be written.
    pub(crate) async fn follow_mail_link(
        &self,
        purpose: Purpose,
        token: &str,
        from: Option<IpAddr>,
    ) -> Result<Option<Followed>, WriteError> {
        let found = self.linked(purpose, token).await;
        let Some((fact, party)) = found.map_err(|error| WriteError::Store(std::sync::Arc::new(error)))? else {
            return Ok(None);
        };
        let id = fact.id;
        let follow = Follow { id: id.clone(), purpose, party, by: Actor::default().from(from) };
        let engine = self.engine.clone();
        let done = self.carry_out(async move { engine.submit(follow).await }, |_| vec![Changed::Touched(id)]).await?;
        Ok(done.ok().map(|state| match state.phase {
            Phase::Paused(_) if purpose == Purpose::Confirm => Followed::Paused,
            Phase::Paused(_) | Phase::Active | Phase::Unconfirmed => Followed::Done,
        }))
    }
}

/// What came of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Followed {
    /// What it is for.
    Done,
    /// The same, but the subscription is paused, and it is for its owner to let it go on.
    Paused,
}

/// Does what a link is for, with an entry of the trail where that changes anything.
struct Follow {
    id: String,
    purpose: Purpose,
    /// Who has got the link.
    party: Party,
    by: Actor,
}

#[async_trait]
impl Command for Follow {
    type Output = Result<StateFact, Refusal>;

    fn bytes(&self) -> usize {
        17 * 1024
    }

    async fn run(self, work: &mut Work<'_>) -> Result<Self::Output, StoreError> {
        let Self { id, purpose, party, by } = self;
        let before = work.fact::<StateFact>(&facts::subscription_state(&id)).await?;
        let act = move |fact: &mut SubscriptionFact, state: &mut StateFact, changes: &mut Changes| {
            if purpose.party(fact).as_ref() != Some(&party) {
                return Err(Refusal::Conflict);
            }
            match purpose {
                Purpose::Confirm => {
                    state.unconfirmed = false;
                    // Whoever has unsubscribed, and confirms, wants the mails again. What others have paused stays so.
                    if [Phase::Unconfirmed, Phase::paused(PauseReason::Unsubscribed)].contains(&state.phase) {
                        state.phase = Phase::Active;
                        state.failures = 0;
                        state.next_attempt = None;
                    }
                }
                Purpose::Unsubscribe => {
                    state.unconfirmed = true;
                    pause(state, PauseReason::Unsubscribed);
                }
                Purpose::ConfirmNotices => {
                    state.notice_confirmed = true;
                    // What has happened before is told now.
                    stopped(state.phase).into_iter().for_each(|reason| notice::tell(&fact.id, reason, changes));
                }
                Purpose::EndNotices => state.notice_confirmed = false,
            }
            Ok(())
        };
        let (fact, state) = match (Change { id, seen: Seen::All, etag: None, act }).run(work).await? {
            Ok(changed) => changed,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let says = |state: &StateFact| (state.unconfirmed, state.notice_confirmed, state.phase);
        if before.as_ref().map(says) != Some(says(&state)) {
            let action = match purpose {
                Purpose::Confirm | Purpose::ConfirmNotices => Action::SubscriptionConfirm,
                Purpose::Unsubscribe | Purpose::EndNotices => Action::SubscriptionUnsubscribe,
            };
            let place = match purpose {
                Purpose::Confirm | Purpose::Unsubscribe => fact.way.place(),
                Purpose::ConfirmNotices | Purpose::EndNotices => {
                    fact.notice.as_ref().map(NoticeWay::place).unwrap_or_default()
                }
            };
            let event = Event::new(action, fact.name()).of_any(fact.member().as_ref()).saying(place);
            work.audit(&by, event).await?;
        }
        Ok(Ok(state))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_good_for_one_purpose_and_one_address() {
        let party = Party { address: "li@example.com".to_owned(), language: Language::Zh, secret: "s".to_owned() };
        let confirm = token("a", &party, Purpose::Confirm);
        assert_eq!(confirm, token("a", &party, Purpose::Confirm));
        for other in [Purpose::Unsubscribe, Purpose::ConfirmNotices, Purpose::EndNotices] {
            assert_ne!(confirm, token("a", &party, other));
        }
        let other = Party { address: "wang@example.com".to_owned(), ..party.clone() };
        assert_ne!(confirm, token("a", &other, Purpose::Confirm));
        let changed = Party { secret: "t".to_owned(), ..party };
        assert_ne!(confirm, token("a", &changed, Purpose::Confirm));
    }
}
