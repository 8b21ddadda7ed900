//! People: `sign` lets them in and out, `own` is what they do with their own account, `administer` what administrators do
//! with those of others, `openid` what pages alone do about signing in by a provider, `view` shows what is kept, `refusal` says why nothing was done.

mod administer;
mod openid;
mod own;
mod refusal;
mod sign;
mod view;

use duikou_proto::v1::account_service_server::AccountService;
use duikou_proto::v1::{self, Account};
use tonic::{Request, Response, Status, async_trait};

use super::auth::{Caller, Door};
use super::error::Failure;
use crate::accounts::{Accounts, Origin, Over, Person, Refusal};
use crate::openid::Provider;
pub(crate) use openid::{Came, TurnedBack};
pub(super) use refusal::told;
pub(super) use view::{account as shown, link};

pub(crate) struct People {
    pub(crate) door: Door,
    pub(crate) accounts: Accounts,
    /// By which people sign in beside their passwords.
    pub(crate) provider: Option<Provider>,
}

/// Whoever is signed in. A token has no password and no sessions.
fn signed_in(caller: &Caller) -> Result<&Person, Failure> {
    caller.person.as_deref().ok_or(Failure::SessionRequired)
}

/// Whose accounts the caller administers.
fn over(caller: &Caller) -> Result<Over, Failure> {
    Ok(caller.require_admin()?.cloned().map_or(Over::All, Over::Member))
}

/// Where a caller is.
fn origin(caller: &Caller) -> Origin {
    Origin { address: caller.address, agent: String::new() }
}

/// The id in an account's name; what is no name is absent.
fn id_of(name: &str) -> Result<&str, Failure> {
    name.strip_prefix("accounts/").filter(|id| !id.is_empty() && !id.contains('/')).ok_or_else(|| absent(name))
}

fn absent(name: &str) -> Failure {
    Failure::NotFound(name.chars().take(80).collect())
}

/// A refusal about the thing with this name.
fn refused(name: &str) -> impl FnOnce(Refusal) -> Failure {
    let name = name.to_owned();
    move |refusal| match refusal {
        Refusal::NoSuch => absent(&name),
        other => other.into(),
    }
}

#[async_trait]
impl AccountService for People {
    async fn sign_in(&self, request: Request<v1::SignInRequest>) -> Result<Response<v1::SignInResponse>, Status> {
        let agent = sign::agent(&request);
        let (caller, language, message) = self.door.enter(request).await?;
        let from = Origin { agent, ..origin(&caller) };
        self.begin(message, from).await.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn sign_out(&self, request: Request<v1::SignOutRequest>) -> Result<Response<v1::SignOutResponse>, Status> {
        let (caller, language, _) = self.door.enter(request).await?;
        let done = self.end(&caller).await;
        done.map(|()| Response::new(v1::SignOutResponse {})).map_err(|failure| failure.status(language))
    }

    async fn switch_member(
        &self,
        request: Request<v1::SwitchMemberRequest>,
    ) -> Result<Response<v1::SwitchMemberResponse>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.switch(&caller, &message.member).await.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn get_myself(&self, request: Request<v1::GetMyselfRequest>) -> Result<Response<v1::Myself>, Status> {
        let (caller, language, _) = self.door.enter(request).await?;
        self.myself(&caller).await.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn update_myself(&self, request: Request<v1::UpdateMyselfRequest>) -> Result<Response<Account>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.change_myself(&caller, message).await.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn change_password(
        &self,
        request: Request<v1::ChangePasswordRequest>,
    ) -> Result<Response<v1::ChangePasswordResponse>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        let done = self.new_password(&caller, message).await;
        done.map(|()| Response::new(v1::ChangePasswordResponse {})).map_err(|failure| failure.status(language))
    }

    async fn enrol_factor(
        &self,
        request: Request<v1::EnrolFactorRequest>,
    ) -> Result<Response<v1::EnrolFactorResponse>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.enrol(&caller, message).await.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn confirm_factor(
        &self,
        request: Request<v1::ConfirmFactorRequest>,
    ) -> Result<Response<v1::ConfirmFactorResponse>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.confirm(&caller, &message.code).await.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn remove_factor(
        &self,
        request: Request<v1::RemoveFactorRequest>,
    ) -> Result<Response<v1::RemoveFactorResponse>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        let done = self.drop_factor(&caller, message).await;
        done.map(|()| Response::new(v1::RemoveFactorResponse {})).map_err(|failure| failure.status(language))
    }

    async fn accept_link(
        &self,
        request: Request<v1::AcceptLinkRequest>,
    ) -> Result<Response<v1::AcceptLinkResponse>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.accept(&caller, message).await.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn create_account(
        &self,
        request: Request<v1::CreateAccountRequest>,
    ) -> Result<Response<v1::CreateAccountResponse>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.create(&caller, message).await.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn list_accounts(
        &self,
        request: Request<v1::ListAccountsRequest>,
    ) -> Result<Response<v1::ListAccountsResponse>, Status> {
        let (caller, language, _) = self.door.enter(request).await?;
        self.list(&caller).await.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn get_account(&self, request: Request<v1::GetAccountRequest>) -> Result<Response<Account>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.get(&caller, &message.name).await.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn update_account(&self, request: Request<v1::UpdateAccountRequest>) -> Result<Response<Account>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.update(&caller, message).await.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn disable_account(&self, request: Request<v1::DisableAccountRequest>) -> Result<Response<Account>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        let done = self.set_disabled(&caller, &message.name, true).await;
        done.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn enable_account(&self, request: Request<v1::EnableAccountRequest>) -> Result<Response<Account>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        let done = self.set_disabled(&caller, &message.name, false).await;
        done.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn delete_account(
        &self,
        request: Request<v1::DeleteAccountRequest>,
    ) -> Result<Response<v1::DeleteAccountResponse>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        let done = self.delete(&caller, &message.name).await;
        done.map(|()| Response::new(v1::DeleteAccountResponse {})).map_err(|failure| failure.status(language))
    }

    async fn reset_account(
        &self,
        request: Request<v1::ResetAccountRequest>,
    ) -> Result<Response<v1::ResetAccountResponse>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.reset(&caller, message).await.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn bind_identity(&self, request: Request<v1::BindIdentityRequest>) -> Result<Response<Account>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.bind(&caller, message).await.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn unbind_identity(&self, request: Request<v1::UnbindIdentityRequest>) -> Result<Response<Account>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.unbind(&caller, message).await.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn list_sessions(
        &self,
        request: Request<v1::ListSessionsRequest>,
    ) -> Result<Response<v1::ListSessionsResponse>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.sessions(&caller, &message.parent).await.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn revoke_session(
        &self,
        request: Request<v1::RevokeSessionRequest>,
    ) -> Result<Response<v1::RevokeSessionResponse>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.revoke(&caller, &message.name).await.map(Response::new).map_err(|failure| failure.status(language))
    }
}
