//! Signing in and out, and acting for another member.

use duikou_proto::name::MemberId;
use duikou_proto::v1;
use duikou_proto::validate::reason;
use http::header::USER_AGENT;
use tonic::Request;
use zeroize::Zeroizing;

use super::view::{account, session};
use super::{People, absent, signed_in};
use crate::accounts::{Credentials, Origin, Over, Refusal, SignedIn, session_key};
use crate::services::auth::Caller;
use crate::services::error::Failure;

/// What a browser says of itself.
pub(super) fn agent<T>(request: &Request<T>) -> String {
    let said = request.metadata().as_ref().get(USER_AGENT).and_then(|value| value.to_str().ok());
    said.unwrap_or_default().to_owned()
}

/// How far somebody has come, as they hear it.
pub(super) fn answer(signed_in: SignedIn) -> v1::SignInResponse {
    match signed_in {
        SignedIn::CodeNeeded { challenge } => v1::SignInResponse { challenge, ..Default::default() },
        SignedIn::Done { secret, session: begun, account: whose } => {
            let (key, used) = (session_key(&secret).unwrap_or_default(), begun.create_time);
            v1::SignInResponse {
                session: Some(session(&key, &begun, used, Some(&key))),
                account: Some(account(&Over::All.shown(*whose))),
                secret: secret.to_string(),
                challenge: String::new(),
            }
        }
    }
}

impl People {
    pub(super) async fn begin(&self, request: v1::SignInRequest, from: Origin) -> Result<v1::SignInResponse, Failure> {
        let v1::SignInRequest { login, password, code, challenge } = request;
        let password = Zeroizing::new(password);
        if login.is_empty() && challenge.is_empty() {
            return Err(Failure::field("login", reason::REQUIRED, "请填写登录名。", "Give a login."));
        }
        let credentials = if challenge.is_empty() {
            Credentials::Password { login, password, code }
        } else {
            Credentials::Code { challenge, code }
        };
        Ok(answer(self.accounts.sign_in(credentials, from).await??))
    }

    pub(super) async fn end(&self, caller: &Caller) -> Result<(), Failure> {
        Ok(self.accounts.sign_out(signed_in(caller)?, caller.actor()).await?)
    }

    pub(super) async fn switch(&self, caller: &Caller, member: &str) -> Result<v1::SwitchMemberResponse, Failure> {
        let person = signed_in(caller)?;
        // Whom they cannot act for is nobody, as far as they learn.
        let nobody = || absent(if member.is_empty() { "members/-" } else { member });
        let wanted = match member.strip_prefix("members/").unwrap_or(member) {
            "" => None,
            text => Some(MemberId::parse(text, &self.door.engine.identity().network).map_err(|_| nobody())?),
        };
        let secret = match self.accounts.switch(person, wanted, caller.actor()).await? {
            Err(Refusal::NotPermitted) => return Err(nobody()),
            other => other?,
        };
        Ok(v1::SwitchMemberResponse { secret: secret.to_string() })
    }
}
