//! Durable subscriptions: filters that the server keeps, each with a way of delivery and its place on the feed.
//!
//! `subscription` is what is kept of one, `wants` what it wants as of now (what a filter matches, or what answers
//! `subjects`), `memory` what its subscriber had, `began` what counts of what there is, `gather` what it lacks, `settle` writes down what came of it, `event` is one thing to be told. `desk` carries out what owners want, `runner` delivers:
//! `webhook` over `connect`, to addresses that `address` lets through, `mail` as digests, `pull` when asked, `page` at
//! a secret address; `notice` tells owners what the server has paused. Nothing is queued: the table, the cursor and the memory say what is lacking.
//!
//! A subscription's state is a cursor and a memory: one fact for each name that the subscriber had, with the revision.
//! `gather` reads the feed after the cursor, with the viewer and the matcher of everybody, and compares: what the
//! subscriber has is passed over, what it had and may no longer see is told as gone, what it never had is not mentioned.
//! A failed delivery leaves the cursor where it was, so the next attempt finds the latest revision. Before a name is sent
//! for the first time it is noted as offered, and before it is told as gone as leaving; afterwards it is confirmed
//! together with the cursor. A process that dies in between sends it again under the same id (a hash of subscription,
//! name, which coming of the name it was, and revision or end), and knows whom to tell should the name be gone by then.
//! After a `Reset` the snapshot is passed over as far as it is had, and a sweep through the memory tells what has gone: a
//! lost or foreign cursor costs time and nothing else, and is forgotten, so that it does no harm should it come to fit
//! again. A page confirms when it is read, a pull when it is acknowledged.
//!
//! Of a member's token a subscription is the member's, and outlives it; who made it is noted. Of a narrowed token, or a
//! registered reader's, it is that token's own: it rests as long as that is not good, goes on by itself, and ends with it.
//!
//! Counterparts of a listing are followed in the same way. The filter asks for the kinds and the direction that can
//! answer; the score decides of each listing that comes. What they are to answer (`subjects`, read for each look through
//! the subscriber's eyes) is hashed into the cursor, so when it changes the cursor no longer fits, and the rest follows.
//! A second reader of the feed, for that member's listings, does nothing but wake. Where the listing has ended nothing
//! answers; when all of it is told as gone the subscription is paused.
//!
//! Whoever pauses a subscription (the runner after the last retry, a receiver's 410, a token that is no longer good, an
//! end) writes, in the transaction that pauses it, what its owner is to be told; `notice` mails it, and only to an
//! address whose reader has confirmed it.

mod address;
mod began;
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
#[cfg(test)]
mod tests;
mod wants;
mod webhook;

pub(crate) use began::Began;
#[cfg(any(test, feature = "oidc"))]
pub(crate) use connect::Dialer;
pub(crate) use connect::dialer;
pub(crate) use desk::{
    Change, Changed, Desk, Make, Refusal, Standing, WithToken, account_of_token, end_with_token, pause, resume,
};
pub(crate) use event::body;
pub(crate) use gather::FROM_CURSOR;
pub(crate) use log::deliveries;
#[cfg(feature = "arbitrary")]
pub(crate) use mail::read_link;
pub(crate) use mail::{Followed, Link, Purpose, mailer};
pub(crate) use notice::ask;
#[cfg(feature = "arbitrary")]
pub(crate) use page::Place;
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
