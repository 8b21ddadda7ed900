//! Why nothing was done.

use std::time::Duration;

use duikou_proto::validate::Violation;
use thiserror::Error;

use crate::openid;

/// See the module. What a caller branches on; the services say it to people.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Refusal {
    /// What was sent is not good.
    #[error("{} fields are wrong", .0.len())]
    Violations(Vec<Violation>),
    /// There is none for whoever asks.
    #[error("there is no such account, session or link")]
    NoSuch,
    /// Another account has this login.
    #[error("the login is taken")]
    LoginTaken,
    /// There are as many as there may be.
    #[error("there are as many accounts as there may be")]
    Full,
    /// The account is more than what whoever asks administers.
    #[error("the account is not theirs to change")]
    NotPermitted,
    /// Nobody would be left to administer the server.
    #[error("it is the last administrator")]
    LastAdministrator,
    /// There is one, and it was not said that another is wanted.
    #[error("there is an administrator")]
    AdministratorExists,
    /// Login, password or code are wrong, or the account is disabled: nobody learns which.
    #[error("login, password or code are wrong")]
    BadCredentials,
    /// Too many have failed: come again after this.
    #[error("too many attempts have failed")]
    Throttled(Duration),
    /// Too many passwords are being checked.
    #[error("too many passwords are being checked")]
    Busy,
    /// The link is not known, was used or has expired.
    #[error("the link is not good")]
    LinkBad,
    /// There is a second factor.
    #[error("there is a second factor")]
    FactorExists,
    /// There is none, or none that waits to be confirmed.
    #[error("there is no second factor")]
    NoFactor,
    /// This server has no provider.
    #[error("there is no provider")]
    NoProvider,
    /// The provider did not let them through.
    #[error(transparent)]
    Provider(openid::Refused),
    /// No account that can sign in is meant by this subject of the provider.
    #[error("no account is meant by {0}")]
    NotBound(String),
    /// Another account is meant by it.
    #[error("another account is meant")]
    IdentityTaken,
    /// The account is bound to another subject of the same provider.
    #[error("the account is bound")]
    IdentityExists,
    /// It is bound to none of this provider.
    #[error("the account is not bound")]
    NoIdentity,
    /// The session is not known, was ended, or nobody used it for too long.
    #[error("the session has ended")]
    SessionEnded,
}
