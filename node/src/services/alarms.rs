//! What status says that an operator should act on, as events in the log too: once when it begins, once when it ends.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use duikou_proto::language::Language;
use duikou_proto::v1::Alarm;
use tokio_util::sync::CancellationToken;

use super::{Context, status};

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
        // A store that cannot be read says so itself.
        let Ok(status) = status::of(&context, Language::En).await else { continue };
        let now: BTreeMap<(String, String), Alarm> =
            status.alarms.into_iter().map(|alarm| ((alarm.code.clone(), alarm.message.clone()), alarm)).collect();
        for (key, alarm) in now.iter().filter(|(key, _)| !known.contains(*key)) {
            tracing::warn!(alarm.code = key.0, alarm.message, alarm.remedy, "alarm");
        }
        for (code, message) in known.iter().filter(|key| !now.contains_key(*key)) {
            tracing::info!(alarm.code = code, alarm.message = message, "alarm ended");
        }
        known = now.into_keys().collect();
    }
}
