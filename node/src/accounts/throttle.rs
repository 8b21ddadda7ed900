//! Whoever fails to sign in waits, longer each time: by login, and by the address that they call from. What is counted
//! outlives restarts. An attempt is counted before the password is looked at, so that many at once are no way around it,
//! and what succeeds is taken off again.

use std::net::IpAddr;
use std::time::Duration;

use duikou_proto::envelope::Micros;
use serde::{Deserialize, Serialize};

use crate::engine::{Work, facts};
use crate::store::StoreError;

/// Places in which failures are counted, for each of the two: logins and addresses that share one wait together.
const SLOTS: u64 = 65_536;
/// After this long without a failure all is forgotten.
const FORGOTTEN: Micros = 24 * 3600 * 1_000_000;

/// How patient we are.
struct Patience {
    kind: &'static str,
    /// Failures before anybody waits.
    free: u32,
    /// The longest wait, seconds: short for a login, since anybody can make its owner wait.
    most: u64,
}

const LOGIN: Patience = Patience { kind: "login", free: 5, most: 5 * 60 };
const ADDRESS: Patience = Patience { kind: "address", free: 20, most: 60 * 60 };

impl Patience {
    /// How long whoever has failed so often waits.
    fn wait(&self, failures: u32) -> Micros {
        let Some(beyond) = failures.checked_sub(self.free) else { return 0 };
        let seconds = 1u64.checked_shl(beyond).filter(|seconds| *seconds > 0).unwrap_or(u64::MAX).min(self.most);
        i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000_000)
    }
}

/// What has failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Failures {
    count: u32,
    /// The last time.
    last: Micros,
}

/// Who tries: a login in its form, from an address.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    pub(super) login: String,
    pub(super) address: Option<IpAddr>,
}

impl Attempt {
    fn keys(&self) -> Vec<(Patience, String)> {
        let mut keys = vec![(LOGIN, slot(LOGIN.kind, self.login.as_bytes()))];
        let address = self.address.map(|address| match address.to_canonical() {
            IpAddr::V4(address) => address.octets().to_vec(),
            // What one site has.
            IpAddr::V6(address) => address.octets()[..8].to_vec(),
        });
        keys.extend(address.map(|address| (ADDRESS, slot(ADDRESS.kind, &address))));
        keys
    }

    /// Counts it as failed until [`Attempt::forgive`] or [`Counted::take_back`]; or how long to wait, where it is too early.
    pub(super) async fn begin(&self, work: &mut Work<'_>) -> Result<Result<Counted, Duration>, StoreError> {
        let now = work.now;
        let mut counted = Vec::new();
        let mut wait = 0;
        for (patience, key) in self.keys() {
            let held: Failures = work.fact(&key).await?.unwrap_or_default();
            // A clock that was set back makes nobody wait for longer than the longest wait.
            let fresh = (now - FORGOTTEN..=now + FORGOTTEN).contains(&held.last);
            let held = if fresh { held } else { Failures::default() };
            let until = held.last.min(now) + patience.wait(held.count);
            wait = wait.max(until - now);
            counted.push((key, held, Failures { count: held.count.saturating_add(1), last: now }));
        }
        if let Some(wait) = u64::try_from(wait).ok().filter(|wait| *wait > 0) {
            return Ok(Err(Duration::from_micros(wait)));
        }
        for (key, _, failures) in &counted {
            work.put_fact(key.clone(), failures);
        }
        Ok(Ok(Counted(counted)))
    }

    /// It has succeeded: the login begins anew, and the address has one failure less.
    pub(super) async fn forgive(&self, work: &mut Work<'_>) -> Result<(), StoreError> {
        for (patience, key) in self.keys() {
            let held: Failures = work.fact(&key).await?.unwrap_or_default();
            match held.count {
                2.. if patience.kind == ADDRESS.kind => {
                    work.put_fact(key, &Failures { count: held.count - 1, ..held });
                }
                _ => work.remove_fact(key),
            }
        }
        Ok(())
    }
}

/// An attempt that counts as failed.
#[derive(Debug, Clone)]
pub(super) struct Counted(Vec<(String, Failures, Failures)>);

impl Counted {
    /// It was none: nobody looked at what was typed, or it was right as far as it went. What failed before stays.
    pub(super) async fn take_back(self, work: &mut Work<'_>) -> Result<(), StoreError> {
        for (key, before, after) in self.0 {
            let held: Failures = work.fact(&key).await?.unwrap_or_default();
            let left = match held.count.checked_sub(1) {
                // Others have failed meanwhile.
                Some(count) if held != after => Failures { count, ..held },
                Some(_) => before,
                // It was forgiven meanwhile, with all others.
                None => continue,
            };
            if left.count > 0 {
                work.put_fact(key, &left);
            } else {
                work.remove_fact(key);
            }
        }
        Ok(())
    }
}

fn slot(kind: &str, who: &[u8]) -> String {
    let hash = blake3::hash(who);
    let mut first = [0; 8];
    first.copy_from_slice(&hash.as_bytes()[..8]);
    format!("{}{kind}/{:05}", facts::THROTTLES, u64::from_le_bytes(first) % SLOTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end() {
        let seconds: Vec<i64> = (0..16).map(|failures| LOGIN.wait(failures) / 1_000_000).collect();
        assert_eq!(seconds, [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        assert_eq!(ADDRESS.wait(19), 0);
        assert_eq!(ADDRESS.wait(u32::MAX), 3600 * 1_000_000);
    }

    #[test]
    fn a_site_is_one_address() {
        let keys = |address: &str| Attempt { login: "li".to_owned(), address: Some(address.parse().unwrap()) }.keys();
        let second = |address: &str| keys(address)[1].1.clone();
        assert_eq!(second("2001:db8::1"), second("2001:db8::ffff"));
        assert_ne!(second("2001:db8::1"), second("2001:db8:0:1::1"));
        assert_eq!(second("::ffff:192.0.2.1"), second("192.0.2.1"));
        assert_ne!(second("192.0.2.1"), second("192.0.2.2"));
    }
}
