//! Digests by mail: `due` says when, `digest` what stands in them (of each listing its `gist`), `follow` gathers and sends,
//! `consent` asks and lets go; `paused` is the notice that a subscription is paused.

mod consent;
mod digest;
mod due;
mod follow;
mod gist;
mod paused;

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use tokio::sync::Semaphore;

use crate::config::{BaseUrl, Config, MailTls};
use crate::delivery::{SetupError, secret};
use crate::limits;

#[cfg(feature = "arbitrary")]
pub(crate) use consent::read_link;
pub(crate) use consent::{Followed, Link, Purpose};
pub(in crate::delivery) use consent::{Party, link, question};
pub(in crate::delivery) use paused::paused;

/// Hands mails to the operator's mail server.
pub(crate) struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    base: BaseUrl,
    slots: Semaphore,
}

/// A mail, written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Letter {
    pub(super) subject: String,
    pub(super) plain: String,
    pub(super) html: String,
}

/// The mailer that an operator has configured, if any.
///
/// # Errors
/// Where the password or the roots cannot be read.
pub(crate) fn mailer(config: &Config) -> Result<Option<Mailer>, SetupError> {
    let mail = &config.mail;
    let (Some(server), Some(from), Some(base)) = (&mail.server, &mail.from, &config.delivery.url) else {
        return Ok(None);
    };
    let mut tls = TlsParameters::builder(server.host().to_owned());
    if let Some(path) = &config.delivery.extra_roots {
        let pem = std::fs::read(path).map_err(SetupError::unreadable("delivery.extra_roots", path))?;
        tls = tls.add_root_certificate(Certificate::from_pem(&pem)?);
    }
    let tls = match mail.tls {
        MailTls::Implicit => Tls::Wrapper(tls.build_rustls()?),
        MailTls::Starttls => Tls::Required(tls.build_rustls()?),
        MailTls::Off => Tls::None,
    };
    let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(server.host())
        .port(server.port())
        .tls(tls)
        .timeout(Some(limits::MAIL_TIMEOUT));
    if let (Some(user), Some(path)) = (&mail.user, &mail.password_file) {
        let password = secret("mail.password_file", path)?;
        transport = transport.credentials(Credentials::new(user.clone(), password.to_string()));
    }
    let slots = Semaphore::new(limits::MAIL_SLOTS);
    Ok(Some(Mailer { transport: transport.build(), from: from.clone(), base: base.clone(), slots }))
}

impl Mailer {
    /// Where people reach this server.
    pub(super) fn base(&self) -> &BaseUrl {
        &self.base
    }

    /// Where somebody reads what is answered to its mails; None where the sender's name says that nobody does.
    pub(super) fn answered_at(&self) -> Option<String> {
        is_read(self.from.email.user()).then(|| self.from.email.to_string())
    }

    /// Hands a letter to the mail server. `id` is the same where a letter is repeated; with `unsubscribe`, mail programs
    /// offer to end it with one click (RFC 8058).
    ///
    /// # Errors
    /// Why the server did not take it, in words.
    pub(super) async fn send(
        &self,
        to: &str,
        letter: Letter,
        id: &str,
        unsubscribe: Option<&str>,
    ) -> Result<(), String> {
        let address: Address = to.parse().map_err(|_| "the address is none".to_owned())?;
        let mut message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, address))
            .subject(letter.subject)
            .message_id(Some(format!("<{id}@{}>", self.from.email.domain())))
            .multipart(MultiPart::alternative_plain_html(letter.plain, letter.html))
            .map_err(|error| error.to_string())?;
        let headers = message.headers_mut();
        let mut put = |name: &'static str, value: String| {
            headers.insert_raw(HeaderValue::new(HeaderName::new_from_ascii_str(name), value));
        };
        put("Auto-Submitted", "auto-generated".to_owned());
        if let Some(url) = unsubscribe {
            put("List-Unsubscribe", format!("<{url}>"));
            put("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned());
        }
        let _slot = self.slots.acquire().await;
        match tokio::time::timeout(limits::MAIL_TIMEOUT, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(crate::error::chain(&error)),
            Err(_) => Err(format!("the mail server has not taken it within {} s", limits::MAIL_TIMEOUT.as_secs())),
        }
    }
}

/// Whether a sender of this name reads what comes back.
fn is_read(user: &str) -> bool {
    let letters: String = user.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    !["noreply", "donotreply", "mailerdaemon"].iter().any(|name| letters.starts_with(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_told_to_write_to_an_address_that_nobody_reads() {
        for user in ["no-reply", "noreply", "No.Reply+a", "do-not-reply", "MAILER-DAEMON"] {
            assert!(!is_read(user), "{user}");
        }
        for user in ["office", "reply", "nora"] {
            assert!(is_read(user), "{user}");
        }
    }
}
