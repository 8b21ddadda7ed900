//! Durable subscriptions: filters that the server keeps, each with a way of delivery and its place on the feed.
//!
//! `subscription` is what is kept of one, `wants` what it wants as of now (what a filter matches, or what answers
//! `subjects`), `memory` what its subscriber had, `gather` what it lacks, `settle` writes down what came of it, `event` is one thing to be told. `desk` carries out what owners want, `runner` delivers:
//! `webhook` over `connect`, to addresses that `address` lets through, `mail` as digests, `pull` when asked, `page` at
//! a secret address; `notice` tells owners what the server has paused. Nothing is queued: the table, the cursor and the memory say what is lacking.

mod address;
mod connect;
mod desk;
mod event;
mod gather;
mod log;
mod mail;
mod memory;
#[cfg(test)]
mod model;
mod notice;
mod page;
mod pull;
mod runner;
mod schedule;
mod settle;
mod setup;
mod signature;
mod subjects;
mod subscription;
mod target;
mod tell;
mod wants;
mod webhook;

#[cfg(any(test, feature = "oidc"))]
pub(crate) use connect::Dialer;
pub(crate) use connect::dialer;
pub(crate) use desk::{Change, Changed, Desk, Make, Refusal, pause, resume};
pub(crate) use event::body;
pub(crate) use log::deliveries;
pub(crate) use mail::{Link, Purpose, mailer};
pub(crate) use notice::ask;
pub(crate) use page::{Busy, Form, PageRequest, Searched};
pub(crate) use pull::NotTaken;
pub use runner::Runner;
pub(crate) use settle::Changes;
pub use setup::SetupError;
#[cfg(feature = "oidc")]
pub(crate) use setup::roots;
pub(crate) use setup::secret;
pub(crate) use signature::new_secret;
pub(crate) use subjects::essence;
pub(crate) use subscription::{
    Eyes, MailWay, NoticeWay, Phase, Secret, Seen, StateFact, SubscriptionFact, Way, page_hash,
};
#[cfg(feature = "oidc")]
pub(crate) use target::Host;
pub(crate) use target::{BadTarget, Target};
pub(crate) use tell::delivery;
pub(crate) use wants::Wants;
pub(crate) use webhook::{Message, Post};
