//! What one caller may take of the public listener: requests, calls under way, bytes. gRPC and REST come in through the
//! same door and are counted there once; what REST then asks of the services in this process is not counted again.
//!
//! `caller` says who is counted, `metered` watches over answers that are under way.

mod caller;
mod metered;

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock, QuantaInstant};
use governor::middleware::{NoOpMiddleware, StateInformationMiddleware};
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{NotUntil, Quota, RateLimiter};
use http::{Extensions, HeaderMap};
use tokio_util::sync::CancellationToken;

use crate::accounts::Accounts;
use crate::config::{Count, Limits, Networks, Size};
use crate::counters::Counters;
use crate::services::Failure;
use caller::Caller;
#[cfg(feature = "arbitrary")]
pub(super) use caller::hops;
pub(crate) use metered::Metered;

/// How often callers are forgotten that have taken nothing for long.
const FORGET_EVERY: Duration = Duration::from_secs(10);
/// Callers that are told apart; beyond, all without a token are one.
const CALLERS: usize = 100_000;
/// How long whoever has too many calls under way is asked to wait.
const CALLS_WAIT: Duration = Duration::from_secs(1);
/// Bytes are counted in units of this many, so that a minute's worth has a number of 32 bits.
const UNIT: u64 = 1024;

type Rate<M> = RateLimiter<Caller, DefaultKeyedStateStore<Caller>, DefaultClock, M>;

/// The limits of one kind of caller.
struct Tier {
    requests: Rate<StateInformationMiddleware>,
    bytes: Rate<NoOpMiddleware>,
    calls: usize,
    /// Seconds in which a burst is given back.
    window: u64,
}

impl Tier {
    fn new(requests: Count, burst: Count, calls: Count, bytes: Size) -> Self {
        let quota = Quota::per_second(requests.number()).allow_burst(burst.number());
        let units = u32::try_from((bytes.bytes() / UNIT).max(1)).unwrap_or(u32::MAX);
        let units = NonZeroU32::new(units).unwrap_or(NonZeroU32::MIN);
        Self {
            requests: RateLimiter::dashmap(quota).with_middleware(),
            bytes: RateLimiter::dashmap(Quota::per_minute(units)),
            calls: usize::try_from(calls.number().get()).unwrap_or(usize::MAX),
            window: u64::from(burst.number().get().div_ceil(requests.number().get())),
        }
    }
}

/// Counts callers and refuses those that take too much.
pub(crate) struct Limiter {
    pub(super) accounts: Accounts,
    proxies: Networks,
    token: Tier,
    address: Tier,
    under_way: Mutex<HashMap<Caller, usize>>,
    crowded: AtomicBool,
    /// Requests refused since that was last logged.
    refused: AtomicU64,
    /// Those refused since the start, by the limit that they met.
    refusals: Counters<Limit>,
    clock: DefaultClock,
}

/// What a caller has met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    /// Requests a second.
    Requests,
    /// Calls under way.
    Calls,
    /// Bytes a minute.
    Bytes,
}

impl Limit {
    const ALL: [Self; 3] = [Self::Requests, Self::Calls, Self::Bytes];

    fn name(&self) -> &'static str {
        match self {
            Self::Requests => "REQUESTS",
            Self::Calls => "CALLS",
            Self::Bytes => "BYTES",
        }
    }
}

/// A request that is not carried out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refusal {
    pub(crate) limit: Limit,
    /// When it may come again.
    pub(crate) wait: Duration,
    pub(crate) standing: Standing,
    /// Whether it was counted by its address, having shown no good token.
    pub(crate) by_address: bool,
}

impl Refusal {
    /// What the caller hears.
    pub(crate) fn failure(&self) -> Failure {
        match self.limit {
            Limit::Requests if self.by_address => Failure::AddressLimit(self.wait),
            Limit::Requests => Failure::RequestLimit(self.wait),
            Limit::Calls => Failure::CallLimit(self.wait),
            Limit::Bytes => Failure::ByteLimit(self.wait),
        }
    }
}

/// How a caller stands with its requests, for `RateLimit` and `RateLimit-Policy`.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Standing {
    /// Requests that it may make at once now.
    pub(crate) remaining: u32,
    /// Requests that it may make at once after a rest.
    pub(crate) quota: u32,
    /// Seconds of rest that are enough for all of them.
    pub(crate) window: u64,
}

/// A call under way; it ends where this is dropped.
pub(crate) struct Pass {
    limiter: Arc<Limiter>,
    caller: Caller,
    pub(crate) standing: Standing,
}

impl Limiter {
    /// By these settings, for those who are known to `accounts` or hold tokens.
    pub(crate) fn new(accounts: Accounts, limits: &Limits, proxies: Networks) -> Arc<Self> {
        let token = Tier::new(limits.token_requests, limits.token_burst, limits.token_calls, limits.token_bytes);
        let address =
            Tier::new(limits.address_requests, limits.address_burst, limits.address_calls, limits.address_bytes);
        Arc::new(Self {
            accounts,
            proxies,
            token,
            address,
            under_way: Mutex::default(),
            crowded: AtomicBool::new(false),
            refused: AtomicU64::new(0),
            refusals: Counters::new(&Limit::ALL, Limit::name),
            clock: DefaultClock::default(),
        })
    }

    fn tier(&self, caller: Caller) -> &Tier {
        match caller {
            Caller::Account(_) => &self.token,
            Caller::V4(_) | Caller::V6(_) | Caller::Crowd => &self.address,
        }
    }

    /// Lets a request in, or says when it may come again.
    pub(crate) async fn admit(self: &Arc<Self>, headers: &HeaderMap, extensions: &Extensions) -> Result<Pass, Refusal> {
        let caller = self.caller(headers, extensions).await;
        let admitted = self.count(caller);
        if let Err(refusal) = &admitted {
            self.refused.fetch_add(1, Ordering::Relaxed);
            self.refusals.count(&refusal.limit);
        }
        admitted
    }

    /// How many requests were refused since the start, by the limit that they met.
    pub(crate) fn refusals(&self) -> Vec<(&'static str, i64)> {
        self.refusals.counts()
    }

    fn count(self: &Arc<Self>, caller: Caller) -> Result<Pass, Refusal> {
        let tier = self.tier(caller);
        let by_address = !matches!(caller, Caller::Account(_));
        let mut standing = Standing { remaining: 0, quota: 0, window: tier.window };
        match tier.requests.check_key(&caller) {
            Ok(state) => {
                standing.remaining = state.remaining_burst_capacity();
                standing.quota = state.quota().burst_size().get();
            }
            Err(until) => {
                standing.quota = until.quota().burst_size().get();
                return Err(Refusal { limit: Limit::Requests, wait: self.wait(&until), standing, by_address });
            }
        }
        // One unit, which the answer then has to itself.
        if let Err(until) = tier.bytes.check_key(&caller) {
            return Err(Refusal { limit: Limit::Bytes, wait: self.wait(&until), standing, by_address });
        }
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let calls = under_way.entry(caller).or_default();
        if *calls >= tier.calls {
            return Err(Refusal { limit: Limit::Calls, wait: CALLS_WAIT, standing, by_address });
        }
        *calls += 1;
        Ok(Pass { limiter: self.clone(), caller, standing })
    }

    fn wait(&self, until: &NotUntil<QuantaInstant>) -> Duration {
        until.wait_time_from(self.clock.now())
    }

    /// Counts units that were sent; how long to wait before more where they are too many.
    fn sent(&self, caller: Caller, units: NonZeroU32) -> Result<(), Duration> {
        let bytes = &self.tier(caller).bytes;
        let mut units = units;
        loop {
            match bytes.check_key_n(&caller, units) {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(until)) => return Err(until.wait_time_from(self.clock.now())),
                // More than a minute's worth in one piece: all of a minute is what there is to take.
                Err(most) => units = NonZeroU32::new(most.0).unwrap_or(NonZeroU32::MIN),
            }
        }
    }

    /// Forgets callers that have taken nothing for long, until told to stop.
    pub(crate) async fn keep_small(self: Arc<Self>, stop: CancellationToken) {
        let mut every = tokio::time::interval(FORGET_EVERY);
        every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = every.tick() => self.forget(),
            }
        }
    }

    fn forget(&self) {
        let refused = self.refused.swap(0, Ordering::Relaxed);
        if refused > 0 {
            tracing::warn!(requests.refused = refused, "callers took more than they may");
        }
        let mut known = 0;
        for tier in [&self.token, &self.address] {
            tier.requests.retain_recent();
            tier.bytes.retain_recent();
            known = known.max(tier.requests.len()).max(tier.bytes.len());
        }
        let crowded = known > CALLERS;
        if crowded && !self.crowded.swap(crowded, Ordering::Relaxed) {
            tracing::warn!(callers = known, "more callers than are told apart: those that are new share one limit");
        }
        self.crowded.store(crowded, Ordering::Relaxed);
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut under_way = self.limiter.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(calls) = under_way.get_mut(&self.caller) {
            *calls -= 1;
            if *calls == 0 {
                under_way.remove(&self.caller);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use http::Request;
    use http::header::AUTHORIZATION;

    use super::*;
    use crate::services::tests::World;
    use crate::trust::accept::ConnectionInfo;
    use duikou_proto::language::Language;
    use duikou_proto::v1::token::Role;

    fn from(address: &str, secret: Option<&str>) -> Request<()> {
        let mut request = Request::new(());
        let remote = std::net::SocketAddr::new(address.parse().unwrap(), 1);
        request.extensions_mut().insert(ConnectionInfo { peer: None, remote });
        if let Some(secret) = secret {
            request.headers_mut().insert(AUTHORIZATION, format!("Bearer {secret}").parse().unwrap());
        }
        request
    }

    async fn admit(limiter: &Arc<Limiter>, request: Request<()>) -> Result<Pass, Refusal> {
        limiter.admit(request.headers(), request.extensions()).await
    }

    /// Asks until it is refused: what is given back meanwhile is less than what is asked for.
    async fn exhaust(limiter: &Arc<Limiter>, request: impl Fn() -> Request<()>) -> Refusal {
        for _ in 0..60 {
            if let Err(refusal) = admit(limiter, request()).await {
                return refusal;
            }
        }
        panic!("sixty are let in")
    }

    #[tokio::test]
    async fn only_an_address_is_told_that_a_token_is_allowed_more() {
        let world = World::new().await;
        let small = Limits { token_requests: Count::new(1), token_burst: Count::new(1), ..limits("1", "100") };
        let limiter = Limiter::new(world.accounts.clone(), &small, Networks::default());
        let secret = world.token("a", Role::Viewer).await;
        let told = |refusal: Refusal| refusal.failure().told().text.in_language(Language::En).to_owned();
        let address = told(exhaust(&limiter, || from("192.0.2.1", None)).await);
        assert!(address.ends_with("A token is allowed more than an address."), "{address}");
        let token = told(exhaust(&limiter, || from("192.0.2.1", Some(&secret))).await);
        assert!(token.starts_with("Too many requests") && !token.contains("token"), "{token}");
    }

    fn limits(burst: &str, calls: &str) -> Limits {
        Limits {
            address_requests: Count::new(1),
            address_burst: burst.parse().unwrap(),
            address_calls: calls.parse().unwrap(),
            address_bytes: "64 KiB".parse().unwrap(),
            ..Limits::default()
        }
    }

    #[tokio::test]
    async fn each_address_has_its_own_and_a_good_token_more() {
        let world = World::new().await;
        let limiter = Limiter::new(world.accounts.clone(), &limits("3", "100"), Networks::default());
        let first = admit(&limiter, from("192.0.2.1", None)).await.ok().unwrap().standing;
        assert_eq!((first.remaining, first.quota, first.window), (2, 3, 3));
        let refusal = exhaust(&limiter, || from("192.0.2.1", None)).await;
        assert_eq!(refusal.limit, Limit::Requests);
        assert!(refusal.wait > Duration::ZERO && refusal.wait <= Duration::from_secs(1));
        // A bad token is nobody: it takes from what its address has.
        exhaust(&limiter, || from("192.0.2.3", Some("dk_nobody-made-this"))).await;
        let secret = world.token("a", Role::Viewer).await;
        for _ in 0..60 {
            assert!(admit(&limiter, from("192.0.2.1", Some(&secret))).await.is_ok());
        }
        assert!(admit(&limiter, from("192.0.2.2", None)).await.is_ok());
        let half = std::cell::Cell::new(0);
        exhaust(&limiter, || {
            half.set(half.get() + 1);
            from(&format!("2001:db8:0:0:ffff::{}", half.get()), None)
        })
        .await;
        assert!(
            admit(&limiter, from("2001:db8:0:1::1", None)).await.is_ok(),
            "a /64 is one caller, another is another"
        );
    }

    #[tokio::test]
    async fn calls_under_way_are_counted_until_they_end() {
        let world = World::new().await;
        let limiter = Limiter::new(world.accounts.clone(), &limits("100", "2"), Networks::default());
        let ask = async || admit(&limiter, from("192.0.2.1", None)).await;
        let first = ask().await.ok().unwrap();
        let _second = ask().await.ok().unwrap();
        assert_eq!(ask().await.err().unwrap().limit, Limit::Calls);
        drop(first);
        assert!(ask().await.is_ok());
        assert_eq!(limiter.under_way.lock().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn whoever_was_sent_a_minutes_worth_waits() {
        let world = World::new().await;
        let limiter = Limiter::new(world.accounts.clone(), &limits("100", "100"), Networks::default());
        let caller = admit(&limiter, from("192.0.2.1", None)).await.ok().unwrap().caller;
        assert_eq!(limiter.sent(caller, NonZeroU32::new(63).unwrap()), Ok(()));
        let wait = limiter.sent(caller, NonZeroU32::MIN).unwrap_err();
        assert!(wait > Duration::ZERO && wait <= Duration::from_secs(60));
        assert_eq!(admit(&limiter, from("192.0.2.1", None)).await.err().unwrap().limit, Limit::Bytes);
    }

    #[tokio::test]
    async fn only_a_trusted_proxy_says_where_a_caller_is() {
        let world = World::new().await;
        let limiter = Limiter::new(world.accounts.clone(), &limits("1", "100"), "10.0.0.0/8".parse().unwrap());
        let via = |proxy: &str, header: &'static str, text: &str| {
            let mut request = from(proxy, None);
            request.headers_mut().insert(header, text.parse().unwrap());
            request
        };
        let caller = async |request: Request<()>| limiter.caller(request.headers(), request.extensions()).await;
        let one = Caller::V4("192.0.2.7".parse::<std::net::Ipv4Addr>().unwrap().to_bits());
        for (header, text) in [
            ("x-forwarded-for", "192.0.2.7"),
            ("x-forwarded-for", "203.0.113.9, 192.0.2.7, 10.0.0.3"),
            ("forwarded", "for=203.0.113.9, for=192.0.2.7;proto=https"),
            ("forwarded", "proto=https;For=\"192.0.2.7:4711\", for=10.0.0.3"),
        ] {
            assert_eq!(caller(via("10.0.0.1", header, text)).await, one, "{text}");
        }
        let proxy = Caller::V4("10.0.0.1".parse::<std::net::Ipv4Addr>().unwrap().to_bits());
        for text in ["", "unknown", "for=_hidden", "192.0.2.7, nonsense"] {
            assert_eq!(caller(via("10.0.0.1", "x-forwarded-for", text)).await, proxy, "{text}");
        }
        let other = Caller::V4("192.0.2.1".parse::<std::net::Ipv4Addr>().unwrap().to_bits());
        assert_eq!(caller(via("192.0.2.1", "x-forwarded-for", "192.0.2.7")).await, other, "nobody's proxy");
        assert!(matches!(caller(via("10.0.0.1", "forwarded", "for=\"[2001:db8::1]:1\"")).await, Caller::V6(_)));
    }
}
