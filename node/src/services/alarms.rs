//! What status says that an operator should act on, looked at every few seconds: for pages, and as events in the log,
//! once when it begins, once when it ends.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use duikou_proto::language::Language;
use duikou_proto::name::RecordName;
use duikou_proto::v1::Alarm;
use tokio::sync::{Mutex, MutexGuard};
use tokio_util::sync::CancellationToken;

use super::status::Alert;
use super::{Context, status};
use crate::engine::OwnRows;

/// The alarms as they were when it was last looked.
#[derive(Debug, Clone, Default)]
pub(crate) struct AlarmBoard(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    alerts: ArcSwap<Vec<Alert>>,
    /// Names that the network hides, each with its reason.
    hidden: Mutex<OwnRows<(RecordName, String)>>,
}

impl AlarmBoard {
    /// The own records that the network hides, as far as was looked.
    pub(super) async fn hidden(&self) -> MutexGuard<'_, OwnRows<(RecordName, String)>> {
        self.0.hidden.lock().await
    }

    /// In one language.
    pub(super) fn told(&self, language: Language) -> Vec<Alarm> {
        self.0.alerts.load().iter().map(|alert| alert.clone().told(language)).collect()
    }
}

/// How often it is looked.
const EVERY: Duration = Duration::from_secs(10);

/// Runs until told to stop.
pub(crate) async fn keep_logged(context: Context, stop: CancellationToken) {
    let mut known: BTreeSet<(String, String)> = BTreeSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        // A disk that hangs must not keep the alarms back.
        let _ = tokio::time::timeout(EVERY, context.engine.try_store()).await;
        // A store that cannot be read says so itself.
        let Ok(alerts) = status::alerts(&context).await else { continue };
        context.alarms.0.alerts.store(Arc::new(alerts));
        let alarms = context.alarms.told(Language::En).into_iter();
        let now: BTreeMap<(String, String), Alarm> =
            alarms.map(|alarm| ((alarm.code.clone(), alarm.message.clone()), alarm)).collect();
        for (key, alarm) in now.iter().filter(|(key, _)| !known.contains(*key)) {
            tracing::warn!(alarm.code = key.0, alarm.message, alarm.remedy, "alarm");
        }
        for (code, message) in known.iter().filter(|key| !now.contains_key(*key)) {
            tracing::info!(alarm.code = code, alarm.message = message, "alarm ended");
        }
        known = now.into_keys().collect();
    }
}
