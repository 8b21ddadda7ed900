//! Settings, for whoever administers the server.

use std::collections::BTreeMap;

use tonic::{Request, Status};

use super::Office;
use crate::services::settings;
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
        let changed = settings::change(&self.context.settings, caller.actor(), changes).await;
        changed.map_err(|failure| failure.status(language))
    }
}
