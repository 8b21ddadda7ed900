//! What people do with their own account.

use duikou_proto::v1;
use zeroize::Zeroizing;

use super::view::{account, session};
use super::{People, origin, signed_in};
use crate::services::auth::Caller;
use crate::services::error::Failure;

/// What a telephone calls this server, beside its name.
const ISSUER: &str = "对口";

impl People {
    pub(super) async fn myself(&self, caller: &Caller) -> Result<v1::Myself, Failure> {
        let person = signed_in(caller)?;
        let members = self.accounts.members_of(&person.account);
        let left = person.account.factor.as_ref().map_or(0, |factor| factor.recovery_left());
        Ok(v1::Myself {
            account: Some(account(&person.account)),
            session: Some(session(&person.key, &person.session, self.door.engine.now(), Some(&person.key))),
            role: person.role.shown().into(),
            members: members.into_iter().map(|member| member.to_string()).collect(),
            recovery_codes: i32::try_from(left).unwrap_or(i32::MAX),
        })
    }

    pub(super) async fn change_myself(
        &self,
        caller: &Caller,
        request: v1::UpdateMyselfRequest,
    ) -> Result<v1::Account, Failure> {
        let v1::UpdateMyselfRequest { display_name, language } = request;
        let person = signed_in(caller)?;
        let changed = self.accounts.change_own(person, display_name, language, &origin(caller)).await??;
        Ok(account(&changed))
    }

    pub(super) async fn new_password(
        &self,
        caller: &Caller,
        request: v1::ChangePasswordRequest,
    ) -> Result<(), Failure> {
        let (old, new) = (Zeroizing::new(request.old_password), Zeroizing::new(request.new_password));
        Ok(self.accounts.change_password(signed_in(caller)?, &old, &new, &origin(caller)).await??)
    }

    pub(super) async fn enrol(
        &self,
        caller: &Caller,
        request: v1::EnrolFactorRequest,
    ) -> Result<v1::EnrolFactorResponse, Failure> {
        let password = Zeroizing::new(request.password);
        let issuer = format!("{ISSUER} {}", self.door.engine.identity().node.short());
        let enrolled = self.accounts.enrol_factor(signed_in(caller)?, &password, &issuer, &origin(caller)).await??;
        let (secret, uri) = enrolled;
        Ok(v1::EnrolFactorResponse { secret, uri })
    }

    pub(super) async fn confirm(&self, caller: &Caller, code: &str) -> Result<v1::ConfirmFactorResponse, Failure> {
        let recovery_codes = self.accounts.confirm_factor(signed_in(caller)?, code, &origin(caller)).await??;
        Ok(v1::ConfirmFactorResponse { recovery_codes })
    }

    pub(super) async fn drop_factor(&self, caller: &Caller, request: v1::RemoveFactorRequest) -> Result<(), Failure> {
        let password = Zeroizing::new(request.password);
        Ok(self.accounts.remove_factor(signed_in(caller)?, &password, &origin(caller)).await??)
    }

    pub(super) async fn accept(
        &self,
        caller: &Caller,
        request: v1::AcceptLinkRequest,
    ) -> Result<v1::AcceptLinkResponse, Failure> {
        let password = Zeroizing::new(request.password);
        let accepted = self.accounts.accept(&request.secret, &password, &origin(caller)).await??;
        Ok(v1::AcceptLinkResponse { login: accepted.login })
    }
}
