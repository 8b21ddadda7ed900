//! When people were last here, and how often signing in to their accounts has failed since.

use std::collections::{BTreeMap, BTreeSet};

use duikou_proto::v1::audit_service_server::AuditService;
use duikou_proto::v1::{AuditEntry, ListAuditEntriesRequest};
use prost_types::Timestamp;

use super::super::Web;
use super::super::catalogue::Texts;
use super::super::respond::Failed;
use super::super::signed::Signed;
use super::audit;
use super::sessions::moment;
use crate::time::timestamp;

/// Entries about sessions that are looked at, newest first.
const ENTRIES: i32 = 1_000;
/// What signing in is called in the trail.
const SIGNED_IN: &str = "session.sign-in";
const FAILED: &str = "session.sign-in-failed";

/// By the names of accounts.
#[derive(Debug, Clone, Default)]
pub(in crate::web) struct Lately {
    used: BTreeMap<String, Timestamp>,
    failed: BTreeMap<String, Failures>,
}

/// Failures since somebody last signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Failures {
    count: usize,
    last: Option<Timestamp>,
}

impl Lately {
    /// Of the accounts that whoever looks administers.
    pub(super) async fn of(web: &Web, signed: &Signed) -> Result<Self, Failed> {
        let used = web.services().people.last_uses(signed.ask(())).await;
        let used = used.map_err(|status| signed.failed(&status))?;
        let request = ListAuditEntriesRequest {
            action: "session.".to_owned(),
            page_size: ENTRIES,
            ..ListAuditEntriesRequest::default()
        };
        let entries = web.services().audits.list_audit_entries(signed.ask(request)).await;
        let entries = entries.map_err(|status| signed.failed(&status))?.into_inner().entries;
        Ok(Self::told(used.into_iter().map(|(name, last)| (name, timestamp(last))).collect(), &entries))
    }

    /// By what the trail tells, newest first.
    pub(super) fn told(used: BTreeMap<String, Timestamp>, entries: &[AuditEntry]) -> Self {
        let mut failed: BTreeMap<String, Failures> = BTreeMap::new();
        let mut signed_in = BTreeSet::new();
        for entry in entries {
            match &*entry.action {
                SIGNED_IN => drop(signed_in.insert(&*entry.resource)),
                FAILED if !signed_in.contains(&*entry.resource) => {
                    let first = Failures { count: 0, last: entry.time };
                    failed.entry(entry.resource.clone()).or_insert(first).count += 1;
                }
                _ => {}
            }
        }
        Self { used, failed }
    }

    /// When somebody was last here; empty: never, as far as is known.
    pub(super) fn used(&self, texts: Texts, name: &str) -> String {
        moment(texts, self.used.get(name).copied())
    }

    /// How often signing in has failed since, and where that is told; None: it has not.
    pub(super) fn failed(&self, texts: Texts, name: &str) -> Option<(String, String)> {
        let Failures { count, last } = *self.failed.get(name)?;
        let text = texts.fill("account-failed", &[("count", &count.to_string()), ("time", &moment(texts, last))]);
        let sought = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("action", FAILED), ("resource", name)])
            .finish();
        Some((text, format!("{}?{sought}", audit::PATH)))
    }
}

#[cfg(test)]
mod tests {
    use duikou_proto::language::Language;

    use super::*;

    #[test]
    fn failures_are_counted_since_somebody_last_signed_in() {
        let entry = |action: &str, account: &str, seconds: i64| AuditEntry {
            action: action.to_owned(),
            resource: format!("accounts/{account}"),
            time: Some(Timestamp { seconds, nanos: 0 }),
            ..AuditEntry::default()
        };
        let entries = [
            entry(FAILED, "li", 1_793_667_720),
            entry(FAILED, "wang", 1_793_667_700),
            entry(FAILED, "li", 1_793_667_600),
            entry(SIGNED_IN, "wang", 1_793_667_500),
            entry(FAILED, "wang", 1_793_667_400),
            entry(SIGNED_IN, "zhao", 1_793_667_300),
            entry(FAILED, "zhao", 1_793_667_200),
        ];
        let lately = Lately::told(BTreeMap::new(), &entries);
        let texts = Texts::of(Language::Zh);
        let told = |account: &str| lately.failed(texts, &format!("accounts/{account}")).map(|(text, _)| text);
        assert_eq!(told("li").as_deref(), Some("登录失败2次，最近一次2026年11月3日 09:02"));
        assert!(told("wang").is_some_and(|text| text.starts_with("登录失败1次")));
        assert_eq!(told("zhao"), None, "they have signed in since");
        let (_, path) = lately.failed(texts, "accounts/li").unwrap();
        assert_eq!(path, "/admin/audit?action=session.sign-in-failed&resource=accounts%2Fli");
    }
}
