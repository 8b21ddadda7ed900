//! The people who work on this server: accounts, how they prove who they are, and what they are signed in to do.
//!
//! Everything is facts, changed in the writer's transaction together with the entry of the audit trail that tells of it.
//! [`Accounts`] is what services and pages call; [`Refusal`] says why it did nothing. Passwords are kept as Argon2id,
//! every other secret (sessions, links, recovery codes) is random and kept as its BLAKE3. A TOTP secret must be kept as
//! it is: whoever can read the folder can read it.

mod account;
mod administer;
mod common;
mod desk;
mod factor;
mod identity;
mod link;
mod own;
mod password;
mod refusal;
mod restored;
mod session;
mod sign_in;
#[cfg(test)]
mod tests;
mod throttle;
mod visit;

pub(crate) use account::{Account, Identity, Over};
pub(crate) use administer::{Changes, NewAccount};
pub(crate) use desk::{Accounts, Bounds};
pub(crate) use link::{LINK_PATH, Link};
pub(crate) use refusal::Refusal;
pub(crate) use restored::after_restore;
pub(crate) use session::{Person, SECRET_PREFIX, Session, session_key};
pub(crate) use sign_in::{Credentials, Origin, SignedIn};

pub(crate) use crate::engine::Role;
