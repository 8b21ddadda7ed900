//! Passwords: which are good, and how they are kept and checked.

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use duikou_proto::validate::{Violation, reason};
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use super::account::{login_form, violation};
use super::common::COMMON;
use super::refusal::Refusal;
use crate::aside::aside;
use crate::limits;
use crate::world::random;

/// Characters of a password.
const CHARS: std::ops::RangeInclusive<usize> = 10..=128;
/// KiB, passes and lanes of Argon2id: the second set that RFC 9106 and OWASP name for servers.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);
/// What is checked where there is no account or no password: the same work, and nothing fits.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Says what is wrong with a password for this login, in `field`.
pub(super) fn check(field: &str, password: &str, login: &str, found: &mut Vec<Violation>) {
    let password = form(password);
    let count = password.chars().count();
    if !CHARS.contains(&count) {
        let (least, most) = (CHARS.start(), CHARS.end());
        found.push(violation(
            field,
            reason::OUT_OF_RANGE,
            format!("密码应为{least}至{most}个字符，请修改。"),
            format!("A password has {least} to {most} characters: change it."),
        ));
    } else if login_form(&password) == login {
        found.push(violation(
            field,
            reason::INCONSISTENT,
            "密码不能与登录名相同，请修改。",
            "The password must not be the login: choose another.",
        ));
    } else if COMMON.contains(&password.to_lowercase().as_str()) || is_monotone(&password) {
        found.push(violation(
            field,
            reason::INCONSISTENT,
            "此密码过于常见，容易被猜到，请换一个。",
            "This password is among the first that anybody would try: choose another.",
        ));
    }
}

/// Whether it is one character again and again.
fn is_monotone(password: &str) -> bool {
    let mut chars = password.chars();
    chars.next().is_some_and(|first| chars.all(|c| c == first))
}

/// The form in which a password is hashed: however a keyboard composed it, it is the same.
fn form(password: &str) -> Zeroizing<String> {
    Zeroizing::new(password.chars().take(4 * CHARS.end()).nfkc().collect())
}

/// Hashes and checks passwords beside the tasks, a few at a time: each takes 19 MiB while it lasts.
#[derive(Debug, Clone)]
pub(super) struct Passwords {
    /// Those that are worked on.
    work: Arc<Semaphore>,
    /// Those that are worked on or wait.
    room: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            work: Arc::new(Semaphore::new(limits::PASSWORDS)),
            room: Arc::new(Semaphore::new(limits::PASSWORDS_WAITING)),
        }
    }
}

impl Passwords {
    /// What is kept of a password.
    pub(super) async fn hash(&self, password: &str) -> Result<String, Refusal> {
        let password = form(password);
        let made = self.aside(move || {
            let salt = random::<16>();
            let hash = argon2().hash_password_with_salt(password.as_bytes(), &salt);
            hash.map(|hash: PasswordHash| hash.to_string()).ok()
        });
        made.await?.ok_or(Refusal::Busy)
    }

    /// Whether a password is the one of which `kept` was made. It costs the same where nothing is kept.
    pub(super) async fn fits(&self, password: &str, kept: Option<&str>) -> Result<bool, Refusal> {
        let password = form(password);
        let kept = kept.unwrap_or(NOBODY).to_owned();
        self.aside(move || argon2().verify_password(password.as_bytes(), kept.as_str()).is_ok()).await
    }

    async fn aside<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Refusal> {
        let _room = self.room.try_acquire().map_err(|_| Refusal::Busy)?;
        let turn = tokio::time::timeout(WAITS, self.work.clone().acquire_owned()).await;
        let turn = turn.map_err(|_| Refusal::Busy)?.map_err(|_| Refusal::Busy)?;
        Ok(aside(turn, work).await.map_err(|_| Refusal::Busy)?.0)
    }
}

#[cfg(test)]
impl Passwords {
    /// So many wait that whoever comes is told to come again, until this is dropped.
    pub(super) fn crowd(&self) -> tokio::sync::OwnedSemaphorePermit {
        self.room.clone().try_acquire_many_owned(limits::PASSWORDS_WAITING as u32).unwrap()
    }
}

/// How long a password waits for its turn.
const WAITS: Duration = Duration::from_secs(20);

fn argon2() -> Argon2<'static> {
    let (memory, passes, lanes) = COST;
    // Within the bounds that the algorithm has, as a test shows.
    let params = Params::new(memory, passes, lanes, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(password: &str) -> usize {
        let mut found = Vec::new();
        check("password", password, "li.ming.shenzhen", &mut found);
        found.len()
    }

    #[test]
    fn a_password_is_long_and_no_first_guess() {
        for bad in ["", "short", "123456789", "1234567890", "Password123", "aaaaaaaaaaaaa", "Li.Ming.Shenzhen"] {
            assert_eq!(faults(bad), 1, "{bad}");
        }
        assert_eq!(faults(&"长".repeat(200)), 1);
        for good in ["correct horse battery", "对口合作办公室二〇二六年", "tea-9-mountain"] {
            assert_eq!(faults(good), 0, "{good}");
        }
    }

    #[test]
    fn the_common_ones_are_sorted_out_in_small_letters() {
        for common in COMMON {
            assert_eq!(common.to_lowercase(), **common);
        }
    }

    #[tokio::test]
    async fn a_password_fits_itself_however_it_was_typed() {
        let passwords = Passwords::default();
        let kept = passwords.hash("ｔｅａ-9-mountain").await.unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert!(passwords.fits("tea-9-mountain", Some(&kept)).await.unwrap());
        assert!(!passwords.fits("tea-9-mountaim", Some(&kept)).await.unwrap());
        assert!(!passwords.fits("", None).await.unwrap());
        assert!(PasswordHash::new(NOBODY).is_ok(), "what nobody has is read like any other");
        let again = passwords.hash("tea-9-mountain").await.unwrap();
        assert_ne!(kept, again, "each has its own salt");
    }
}
