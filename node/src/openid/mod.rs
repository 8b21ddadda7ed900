//! Sign-in by a provider that the operator names (OpenID Connect, code flow with PKCE): `client` leads a browser there
//! and believes what it brings back, `flows` remembers who was led there, `fetch` is the only way out. Whom the provider
//! vouches for is an issuer and a subject; whose account that is, `accounts` says.
//!
//! Without the feature `oidc` there is never a provider (`without`), and the configuration says so.
//!
//! `web/people/provider` follows a link, not a form, since the policy of pages keeps forms here. State, nonce and
//! verifier are remembered under the hash of a cookie; the return is good once, in that browser, within ten minutes. The
//! code is given for a token that a key of the provider has signed for this server and this nonce. `accounts/identity`
//! looks for the account that names issuer and subject and begins a session, or tells the audit trail why not. Connecting
//! an account goes the same way after its password, and back to the same session.

#![cfg_attr(not(feature = "oidc"), allow(dead_code, reason = "without a provider nobody is led there"))]

#[cfg(feature = "oidc")]
mod client;
#[cfg(feature = "oidc")]
mod fetch;
#[cfg(feature = "oidc")]
mod flows;
#[cfg(feature = "oidc")]
#[cfg(test)]
mod tests;
#[cfg(not(feature = "oidc"))]
mod without;

use thiserror::Error;
use zeroize::Zeroizing;

#[cfg(feature = "oidc")]
pub(crate) use client::Provider;
#[cfg(not(feature = "oidc"))]
pub(crate) use without::Provider;

/// Where the provider sends people back to, below the address of this server.
pub(crate) const RETURN_PATH: &str = "/sign-in/provider/return";

/// What somebody goes to the provider for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Aim {
    /// To sign in.
    SignIn,
    /// To have it vouch for an account from now on.
    Connect {
        /// The account's id.
        account: String,
        /// The id of the session in which the password was given.
        session: String,
    },
}

/// Somebody who is led to the provider.
#[derive(Debug)]
pub(crate) struct Leaving {
    /// Where their browser goes.
    pub(crate) url: String,
    /// What their browser shows when they come back. Nobody else ever sees it.
    pub(crate) secret: Zeroizing<String>,
}

/// Somebody who comes from the provider: what their browser shows, and what its address says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Returning {
    pub(crate) secret: Option<Zeroizing<String>>,
    pub(crate) code: String,
    pub(crate) state: String,
    /// `iss` (RFC 9207); empty: it was not said.
    pub(crate) issuer: String,
    /// `error`; empty: there was none.
    pub(crate) error: String,
}

/// Whom the provider vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Vouched {
    pub(crate) issuer: String,
    /// Never given to anybody else by this issuer, at most 255 characters.
    pub(crate) subject: String,
}

/// Somebody whose return is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arrived {
    pub(crate) who: Vouched,
    pub(crate) aim: Aim,
    /// Where they go on.
    pub(crate) back: String,
}

/// Why nobody was let through. What is in it is for logs and the audit trail.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Refused {
    /// It cannot be reached, or does not describe itself.
    #[error("the provider cannot be used: {0}")]
    Unusable(String),
    /// Nobody was led there from this browser, too long ago, or they have come back before.
    #[error("nobody was led to the provider from this browser")]
    Unexpected,
    /// It says that they are not let in.
    #[error("the provider says {0}")]
    Declined(String),
    /// Another provider answers.
    #[error("another issuer answers: {0}")]
    Mixed(String),
    /// What it says does not prove anything.
    #[error("the provider's word is not good: {0}")]
    Unproven(String),
}
