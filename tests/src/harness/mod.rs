//! Networks of real processes, seen from outside only: command lines, sockets, and the bytes on disk.
//!
//! A test declares the world that it needs and tells a story in it:
//!
//! ```no_run
//! # async fn story() -> Result<(), tonic::Status> {
//! use duikou_tests::harness::{Network, offer};
//!
//! let net = Network::new(7).gateway().node("shenzhen", &["shenzhen"]).node("zunyi", &["zunyi"]).start().await;
//! net.node("shenzhen").publish(offer("tea").saying("spring leaves").for_members(&["bijie"])).await?;
//! net.settle().await;
//! net.node("zunyi").never_received(b"spring leaves");
//! net.finish().await;
//! # Ok(()) }
//! ```
//!
//! A scenario ends with [`Network::finish`], which brings everything to rest and has every invariant judged, or says with
//! [`Network::leave`] why that cannot be.
//!
//! Everything waits by looking again, within a bound; a test that fails prints its seed and the end of every log, and
//! leaves the folders where they are. Processes die with the [`Network`] that started them.

mod binary;
mod browser;
mod bytes;
mod certificate;
mod channel;
mod cli;
mod clock;
mod curl;
mod disk;
mod evidence;
mod folder;
mod follower;
mod forms;
mod hosts;
mod http;
mod ledger;
mod listing;
mod mail_server;
mod network;
mod openid;
mod operator;
mod peer;
mod people;
mod ports;
mod process;
mod python;
mod receiver;
mod recorder;
mod root;
mod server;
mod settle;
mod small_disk;
mod start;
mod wait;

#[cfg(test)]
mod tests;

pub use binary::Program;
pub use browser::{
    Seen, browse, browse_as, browse_samples, edit_by_keyboard, search_in_a_browser, sign_in_by_provider,
    work_in_a_browser, write_as,
};
pub use bytes::holds;
pub use certificate::WebCertificate;
pub use channel::{Bearer, WebClient, web_client};
pub use cli::{Output, run_program};
pub use clock::{WrongClock, now};
pub use curl::{HttpAnswer, HttpLines};
pub use disk::{directory_entries, key_numbers, rewrite_record, take_row_out};
pub use duikou_simulation::Seed;
pub use forms::{filled, plain};
pub use hosts::{Fault, Host, Relay};
pub use listing::{Draft, offer, request};
pub use mail_server::{Hesitation, Mail, MailServer};
pub use network::{NETWORK, Network};
pub use openid::OpenidProvider;
pub use peer::{LANES, Peer, PeerLink, Stream, dial};
pub use people::{PASSWORD, SESSION_COOKIE};
pub use ports::free_port;
pub use python::{python, python_program, run_python};
pub use receiver::{Manner, Received, Receiver};
pub use recorder::Recorder;
pub use server::{Addresses, Server};
pub use small_disk::SmallDisk;
pub use start::Builder;
pub use wait::within;
