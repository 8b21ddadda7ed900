//! Settings, for whoever administers the server.

use std::collections::BTreeMap;

use duikou_proto::validate::reason;
use tonic::{Request, Status};

use super::Office;
use crate::services::error::{Failure, violation};
use crate::settings::Setting;

impl Office {
    /// Every setting with its value and where that comes from. No secret is among them.
    ///
    /// # Errors
    /// Where the caller does not administer the server.
    pub(crate) async fn settings(&self, request: Request<()>) -> Result<Vec<Setting>, Status> {
        self.of_server(request).await?;
        Ok(self.context.settings.all())
    }

    /// Makes changes by `part.key`, all or none; None: back to what the file says.
    ///
    /// # Errors
    /// INVALID_ARGUMENT with what is wrong by key; where the caller does not administer the server.
    pub(crate) async fn change_settings(
        &self,
        request: Request<BTreeMap<String, Option<String>>>,
    ) -> Result<(), Status> {
        let (caller, language, changes) = self.of_server(request).await?;
        let changed = self.context.settings.change(caller.actor(), changes).await;
        let changed = changed.map_err(|error| Failure::from(error).status(language))?;
        changed.map_err(|faults| {
            let faults = faults.iter().map(|(key, rule)| violation(key, reason::BAD_FORMAT, rule.zh, rule.en));
            Failure::Violations(faults.collect()).status(language)
        })
    }
}
