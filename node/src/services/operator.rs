//! What the operator of a server asks it: how it is, a backup, its settings, and the keys of its members.

use std::path::Path;

use duikou_proto::v1::operator_service_server::OperatorService;
use duikou_proto::v1::{self, Status as ServerStatus};
use duikou_proto::validate::reason;
use tonic::{Request, Response, Status, async_trait};

use super::auth::Door;
use super::error::Failure;
use super::{Context, account, keys, settings, status, take_in};
use crate::accounts::Refusal;
use crate::audit::{Action, Actor, Event};
use crate::backup::{self, BackupError};
use crate::engine::facts;

pub(crate) struct Operators {
    pub(crate) door: Door,
    pub(crate) context: Context,
}

impl Operators {
    async fn backup(&self, folder: &str, by: Actor) -> Result<v1::BackupResponse, Failure> {
        let target = Path::new(folder);
        if !target.is_absolute() {
            return Err(Failure::field(
                "folder",
                reason::BAD_FORMAT,
                "请填写服务器上的绝对路径，例如 /var/backups/duikou-1。",
                "Give an absolute path on the server's machine, for example /var/backups/duikou-1.",
            ));
        }
        let turn = self.context.copies.lock().await;
        let made = backup::create(&self.context.engine, &self.context.data, target).await;
        drop(turn);
        let size_bytes = made.map_err(|error| match error {
            BackupError::Exists(path) => Failure::FolderExists(path.display().to_string()),
            BackupError::Store(error) => error.into(),
            other => Failure::Backup(other.text()),
        })?;
        let event = Event::new(Action::Backup, folder).saying(format!("{size_bytes} bytes"));
        let now = self.context.engine.now();
        let noted = self.context.engine.put_fact_by(by, event, facts::BACKED_UP.to_owned(), Some(now)).await;
        // Where the server's disk takes nothing any longer a copy elsewhere is what helps, and it is complete by now.
        if let Err(error) = &noted {
            let error = crate::error::chain(error);
            tracing::warn!(folder, size_bytes, error, "a backup was made that the audit trail could not be told of");
        }
        let size_bytes = i64::try_from(size_bytes).unwrap_or(i64::MAX);
        Ok(v1::BackupResponse { size_bytes, unnoted: noted.is_err() })
    }
}

impl Operators {
    async fn create_administrator_now(
        &self,
        request: v1::CreateAdministratorRequest,
        by: Actor,
    ) -> Result<v1::CreateAdministratorResponse, Failure> {
        let v1::CreateAdministratorRequest { login, display_name, anyway } = request;
        let made = self.context.accounts.first_administrator(&login, &display_name, anyway, by).await?;
        let (made, link) = match made {
            Err(Refusal::AdministratorExists) => return Ok(v1::CreateAdministratorResponse::default()),
            other => other?,
        };
        let configured = self.context.subscriptions.base().map(ToString::to_string);
        let base = configured.or_else(|| self.context.address.get().cloned());
        Ok(v1::CreateAdministratorResponse {
            account: Some(account::shown(&made)),
            link: Some(account::link(link)),
            base_url: base.unwrap_or_default(),
        })
    }
}

#[async_trait]
impl OperatorService for Operators {
    async fn get_status(&self, request: Request<v1::GetStatusRequest>) -> Result<Response<ServerStatus>, Status> {
        let (_, language, _) = self.door.enter(request).await?;
        status::of(&self.context, language).await.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn backup(&self, request: Request<v1::BackupRequest>) -> Result<Response<v1::BackupResponse>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.backup(&message.folder, caller.actor())
            .await
            .map(Response::new)
            .map_err(|failure| failure.status(language))
    }

    async fn list_keys(&self, request: Request<v1::ListKeysRequest>) -> Result<Response<v1::ListKeysResponse>, Status> {
        let (_, language, message) = self.door.enter(request).await?;
        let listed = keys::list(&self.context, &message.member).await;
        listed.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn rotate_keys(
        &self,
        request: Request<v1::RotateKeysRequest>,
    ) -> Result<Response<v1::RotateKeysResponse>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        let rotated = keys::rotate(&self.context, &message, caller.actor()).await;
        rotated.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn acknowledge_keys(
        &self,
        request: Request<v1::AcknowledgeKeysRequest>,
    ) -> Result<Response<v1::AcknowledgeKeysResponse>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        let done = keys::acknowledge(&self.context, &message.member, caller.actor()).await;
        done.map(|()| Response::new(v1::AcknowledgeKeysResponse {})).map_err(|failure| failure.status(language))
    }

    async fn create_administrator(
        &self,
        request: Request<v1::CreateAdministratorRequest>,
    ) -> Result<Response<v1::CreateAdministratorResponse>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        let made = self.create_administrator_now(message, caller.actor()).await;
        made.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn take_in_drafts(
        &self,
        request: Request<v1::TakeInDraftsRequest>,
    ) -> Result<Response<v1::TakeInDraftsResponse>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        let taken = take_in::take_in(&self.context.engine, &caller, message, language).await;
        taken.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn list_settings(
        &self,
        request: Request<v1::ListSettingsRequest>,
    ) -> Result<Response<v1::ListSettingsResponse>, Status> {
        self.door.enter(request).await?;
        Ok(Response::new(v1::ListSettingsResponse { settings: settings::list(&self.context.settings) }))
    }

    async fn update_settings(
        &self,
        request: Request<v1::UpdateSettingsRequest>,
    ) -> Result<Response<v1::UpdateSettingsResponse>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        let changed = settings::update(&self.context.settings, caller.actor(), message).await;
        let changed = changed.map_err(|failure| failure.status(language))?;
        Ok(Response::new(v1::UpdateSettingsResponse { settings: changed }))
    }
}
