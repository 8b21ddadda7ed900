//! Figures: what the whole does, as a share of what the machine could do at best.
//!
//! A time or a rate says as much of the machine as of the program, so each figure is held against a bare loop that
//! does only what cannot be left out (the commit, the signature check, the TLS), run on the same disk between the
//! measured runs. Load comes from another process, each figure is the median of three runs, and a run on a debug
//! build says so in its conditions.

mod bare_feed;
mod bare_search;
mod bare_service;
mod bare_store;
mod bare_tls;
mod chinese;
mod client;
mod compare;
mod conditions;
mod content;
mod counted;
mod etcd;
mod fanout;
mod figure;
mod first_sync;
mod foreign;
mod heads;
mod hub;
mod import;
mod nats;
mod pages;
mod postgres;
mod publish;
mod resign;
mod search;
mod simulated;
mod tally;
mod visible;
mod watchers;
mod webhooks;
mod world;

pub use client::serve_task;
pub use conditions::Conditions;
pub use figure::{Figure, Goal};

/// How often each measurement is repeated.
const REPEATS: usize = 3;

/// How much is measured with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// As much as the figure is about.
    Full,
    /// A hundredth of it: shows that a figure can be measured, and says nothing else.
    Small,
}

impl Size {
    fn of(self, full: usize) -> usize {
        match self {
            Self::Full => full,
            Self::Small => full / 100,
        }
    }
}

/// The figures by which a run can be narrowed.
pub const NAMES: [&str; 24] = [
    publish::RATIO,
    publish::COMMIT_LOOP,
    visible::RATIO,
    first_sync::RATIO,
    first_sync::RSS,
    watchers::IDLE,
    fanout::RATIO,
    fanout::PEERS,
    fanout::NONMATCHING,
    resign::RATIO,
    heads::PUBLISH,
    heads::SYNC,
    compare::COMPARE,
    compare::HEAL,
    search::RATIO,
    search::POSTGRES,
    search::INDEX,
    pages::HOME,
    pages::SEARCH,
    pages::RATE,
    pages::RATIO,
    simulated::SPEED,
    webhooks::HEALTHY,
    import::RATIO,
];

/// Measures what `wanted` names (empty: everything) and hands each figure on as soon as it is there. Only pages and
/// imports know a small size.
///
/// # Errors
/// Where the network, a load client or a baseline fails.
pub async fn run(wanted: &[String], size: Size, mut report: impl FnMut(Figure)) -> anyhow::Result<()> {
    let wants = |names: &[&str]| wanted.is_empty() || wanted.iter().any(|name| names.contains(&name.as_str()));
    world::raise_file_limit();
    if wants(&[publish::RATIO, publish::COMMIT_LOOP]) {
        let only_loop = !wants(&[publish::RATIO]);
        publish::measure(only_loop).await?.into_iter().for_each(&mut report);
    }
    if wants(&[visible::RATIO]) {
        report(visible::measure().await?);
    }
    if wants(&[first_sync::RATIO, first_sync::RSS]) {
        first_sync::measure(&mut report).await?;
    }
    if wants(&[watchers::IDLE]) {
        report(watchers::measure().await?);
    }
    if wants(&[fanout::RATIO, fanout::PEERS]) {
        // They must be installed, so that a run of everything goes on without them.
        let with_peers = wants(&[fanout::PEERS]) && (fanout::has_peers().is_ok() || !wanted.is_empty());
        fanout::measure(with_peers, &mut report).await?;
    }
    if wants(&[fanout::NONMATCHING]) {
        report(fanout::nonmatching().await?);
    }
    if wants(&[resign::RATIO]) {
        report(resign::measure().await?);
    }
    // They need a build of their own, so that a run of everything goes on without it.
    if wants(&[heads::PUBLISH]) && (heads::can_switch().is_ok() || !wanted.is_empty()) {
        report(heads::publish().await?);
    }
    if wants(&[heads::SYNC]) && (heads::can_switch().is_ok() || !wanted.is_empty()) {
        report(heads::sync().await?);
    }
    if wants(&[compare::COMPARE]) {
        report(compare::compare().await?);
    }
    if wants(&[compare::HEAL]) {
        report(compare::heal().await?);
    }
    if wants(&[webhooks::HEALTHY]) {
        report(webhooks::measure().await?);
    }
    if wants(&[search::RATIO, search::POSTGRES, search::INDEX]) {
        search::measure(wants(&[search::POSTGRES]), wants(&[search::INDEX]), &mut report).await?;
    }
    if wants(&[pages::HOME, pages::SEARCH, pages::RATE, pages::RATIO]) {
        pages::measure(size, &mut report).await?;
    }
    if wants(&[import::RATIO]) {
        report(import::measure(size).await?);
    }
    if wants(&[simulated::SPEED]) {
        report(simulated::measure()?);
    }
    Ok(())
}
