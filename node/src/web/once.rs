//! What is shown once: an address, a secret, codes, words that nobody got. A page in answer to a form has no address at
//! which it is there again, and whoever switches the language or the light of it would lose what it shows. So how it is
//! made is kept for a few minutes, in memory alone, for the account that has seen it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use duikou_proto::envelope::Micros;
use uuid::Uuid;

use super::Web;
use super::respond::{Answer, unkept};
use super::signed::Signed;
use crate::limits;

/// Makes a page for whoever looks, whose header leads back to the address.
type Makes = dyn Fn(&Web, &Signed, &str) -> Answer + Send + Sync;

struct Kept {
    key: String,
    account: String,
    until: Micros,
    makes: Arc<Makes>,
}

/// Those that are kept, the oldest first.
#[derive(Default)]
pub(super) struct Once(Mutex<VecDeque<Kept>>);

impl Once {
    /// Keeps one, and the key under which it is.
    fn keep(&self, account: &str, now: Micros, makes: Arc<Makes>) -> String {
        let key = Uuid::now_v7().to_string();
        let until = now.saturating_add(limits::SHOWN_AGAIN.as_micros() as Micros);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|kept| kept.until > now);
        while kept.len() >= limits::SHOWN_ONCE {
            kept.pop_front();
        }
        kept.push_back(Kept { key: key.clone(), account: account.to_owned(), until, makes });
        key
    }

    fn find(&self, key: &str, account: &str, now: Micros) -> Option<Arc<Makes>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.iter().find(|kept| kept.key == key && kept.account == account && kept.until > now);
        found.map(|kept| kept.makes.clone())
    }
}

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/once/{key}", get(again))
}

/// Shows what `makes` writes, and keeps how.
pub(super) fn shown_once(
    web: &Web,
    signed: &Signed,
    makes: impl Fn(&Web, &Signed, &str) -> Answer + Send + Sync + 'static,
) -> Answer {
    let makes: Arc<Makes> = Arc::new(makes);
    let key = web.once().keep(&signed.person().account, web.engine().now(), makes.clone());
    makes(web, signed, &path(&key)).map(unkept)
}

fn path(key: &str) -> String {
    format!("/once/{key}")
}

async fn again(State(web): State<Web>, signed: Signed, Path(key): Path<String>) -> Answer {
    match web.once().find(&key, &signed.person().account, web.engine().now()) {
        Some(makes) => makes(&web, &signed, &path(&key)).map(unkept),
        None => {
            let absent = crate::services::absent(&path(&key), signed.language());
            Err(signed.failed(&absent))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::respond::see_other;

    fn makes() -> Arc<Makes> {
        Arc::new(|_: &Web, _: &Signed, here: &str| Ok(see_other(here)))
    }

    #[test]
    fn it_is_there_for_whoever_saw_it_for_a_few_minutes_and_has_a_bound() {
        let once = Once::default();
        let key = once.keep("accounts/a", 1, makes());
        let kept = limits::SHOWN_AGAIN.as_micros() as Micros;
        assert!(once.find(&key, "accounts/a", kept).is_some());
        assert!(once.find(&key, "accounts/b", kept).is_none(), "another's");
        assert!(once.find("", "accounts/a", kept).is_none());
        assert!(once.find(&key, "accounts/a", 1 + kept).is_none(), "too late");
        for _ in 0..limits::SHOWN_ONCE {
            once.keep("accounts/b", 1, makes());
        }
        assert_eq!(once.0.lock().unwrap().len(), limits::SHOWN_ONCE);
        assert!(once.find(&key, "accounts/a", 1).is_none());
    }
}
