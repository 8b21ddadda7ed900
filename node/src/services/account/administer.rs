//! What administrators do with the accounts of others.

use std::collections::{BTreeMap, BTreeSet};

use duikou_proto::envelope::Micros;
use duikou_proto::v1;
use duikou_proto::validate::reason;
use tonic::{Request, Status};

use super::view::{account, link, roles, session};
use super::{People, absent, id_of, over, refused};
use crate::accounts::{Changes, NewAccount, Over, Role};
use crate::openid::Vouched;
use crate::services::auth::Caller;
use crate::services::error::{Failure, violation};

/// The fields that a mask may name.
const FIELDS: [&str; 4] = ["display_name", "language", "roles", "node_admin"];

impl People {
    pub(super) async fn create(
        &self,
        caller: &Caller,
        request: v1::CreateAccountRequest,
    ) -> Result<v1::CreateAccountResponse, Failure> {
        let over = over(caller)?;
        let v1::Account { login, display_name, language, roles: given, node_admin, .. } =
            request.account.unwrap_or_default();
        let mut found = Vec::new();
        let roles = roles(given, &self.door.engine.identity().network, &mut found);
        if !found.is_empty() {
            return Err(Failure::Violations(found));
        }
        let new = NewAccount { login, display_name, language, roles, node_admin };
        let (made, made_link) = self.accounts.create(new, over, caller.actor()).await??;
        Ok(v1::CreateAccountResponse { account: Some(account(&made)), link: Some(link(made_link)) })
    }

    pub(super) async fn list(&self, caller: &Caller) -> Result<v1::ListAccountsResponse, Failure> {
        let accounts = self.accounts.list(&over(caller)?).await?;
        Ok(v1::ListAccountsResponse { accounts: accounts.iter().map(account).collect() })
    }

    /// When those whom the caller administers were last here, as pages alone ask: by the names of their accounts.
    ///
    /// # Errors
    /// PERMISSION_DENIED for whoever administers nobody, UNAVAILABLE where the store cannot be read.
    pub(crate) async fn last_uses(&self, request: Request<()>) -> Result<BTreeMap<String, Micros>, Status> {
        let (caller, language, ()) = self.door.enter_with(Role::Admin, request).await?;
        let uses = async {
            let accounts = self.accounts.list(&over(&caller)?).await?;
            let ids: Vec<String> = accounts.into_iter().map(|account| account.id).collect();
            let uses = self.accounts.last_uses(&ids).await?;
            Ok::<_, Failure>(uses.into_iter().map(|(id, last)| (format!("accounts/{id}"), last)).collect())
        };
        uses.await.map_err(|failure| failure.status(language))
    }

    pub(super) async fn get(&self, caller: &Caller, name: &str) -> Result<v1::Account, Failure> {
        let over = over(caller)?;
        let held = self.accounts.get(id_of(name)?, &over).await?;
        held.as_ref().map(account).ok_or_else(|| absent(name))
    }

    pub(super) async fn update(
        &self,
        caller: &Caller,
        request: v1::UpdateAccountRequest,
    ) -> Result<v1::Account, Failure> {
        let over = over(caller)?;
        let given = request.account.unwrap_or_default();
        let mut found = Vec::new();
        let paths: BTreeSet<&str> = match request.update_mask.as_ref().filter(|mask| !mask.paths.is_empty()) {
            Some(mask) => mask.paths.iter().map(String::as_str).collect(),
            None => {
                let filled = [
                    !given.display_name.is_empty(),
                    !given.language.is_empty(),
                    !given.roles.is_empty(),
                    given.node_admin,
                ];
                FIELDS.into_iter().zip(filled).filter_map(|(field, filled)| filled.then_some(field)).collect()
            }
        };
        if paths.iter().any(|path| !FIELDS.contains(path)) {
            found.push(violation(
                "update_mask",
                reason::UNKNOWN_FIELD,
                "只能修改 display_name、language、roles 和 node_admin。",
                "Only display_name, language, roles and node_admin can be changed.",
            ));
        }
        let named = |field: &str| paths.contains(field);
        let roles = named("roles").then(|| roles(given.roles, &self.door.engine.identity().network, &mut found));
        if !found.is_empty() {
            return Err(Failure::Violations(found));
        }
        let changes = Changes {
            display_name: named("display_name").then_some(given.display_name),
            language: named("language").then_some(given.language),
            roles,
            node_admin: named("node_admin").then_some(given.node_admin),
        };
        let changed = self.accounts.update(id_of(&given.name)?, changes, over, caller.actor()).await?;
        changed.map(|changed| account(&changed)).map_err(refused(&given.name))
    }

    pub(super) async fn set_disabled(
        &self,
        caller: &Caller,
        name: &str,
        disabled: bool,
    ) -> Result<v1::Account, Failure> {
        let over = over(caller)?;
        let changed = self.accounts.set_disabled(id_of(name)?, disabled, over, caller.actor()).await?;
        changed.map(|changed| account(&changed)).map_err(refused(name))
    }

    pub(super) async fn delete(&self, caller: &Caller, name: &str) -> Result<(), Failure> {
        let over = over(caller)?;
        self.accounts.delete(id_of(name)?, over, caller.actor()).await?.map_err(refused(name))
    }

    pub(super) async fn reset(
        &self,
        caller: &Caller,
        request: v1::ResetAccountRequest,
    ) -> Result<v1::ResetAccountResponse, Failure> {
        let over = over(caller)?;
        let name = &request.name;
        let made = self.accounts.reset(id_of(name)?, request.factor, over, caller.actor()).await?;
        let made = made.map_err(refused(name))?;
        Ok(v1::ResetAccountResponse { link: Some(link(made)) })
    }

    pub(super) async fn bind(&self, caller: &Caller, request: v1::BindIdentityRequest) -> Result<v1::Account, Failure> {
        let over = over(caller)?;
        let issuer = self.provider()?.issuer().to_owned();
        let v1::BindIdentityRequest { name, subject } = request;
        let who = Vouched { issuer, subject: subject.trim().to_owned() };
        let changed = self.accounts.bind(id_of(&name)?, who, over, caller.actor()).await?;
        changed.map(|changed| account(&changed)).map_err(refused(&name))
    }

    pub(super) async fn unbind(
        &self,
        caller: &Caller,
        request: v1::UnbindIdentityRequest,
    ) -> Result<v1::Account, Failure> {
        let over = over(caller)?;
        let v1::UnbindIdentityRequest { name, issuer } = request;
        let changed = self.accounts.unbind(id_of(&name)?, &issuer, over, caller.actor()).await?;
        changed.map(|changed| account(&changed)).map_err(refused(&name))
    }

    /// The account whose sessions somebody asks for: their own, or one that is theirs to administer.
    async fn whose(&self, caller: &Caller, name: &str) -> Result<String, Failure> {
        let id = id_of(name)?;
        match &caller.person {
            Some(person) if id == "me" || id == person.account.id => Ok(person.account.id.clone()),
            _ => {
                let over = over(caller)?;
                let held = self.accounts.get(id, &Over::All).await?;
                // Sessions tell whom else somebody works for: they are for those whose account it is.
                let held = held.filter(|account| over.owns(account)).ok_or_else(|| absent(name))?;
                Ok(held.id)
            }
        }
    }

    pub(super) async fn sessions(&self, caller: &Caller, name: &str) -> Result<v1::ListSessionsResponse, Failure> {
        let id = self.whose(caller, name).await?;
        let current = caller.person.as_ref().map(|person| person.key.as_str());
        let listed = self.accounts.sessions(&id).await?;
        let sessions = listed.iter().map(|(key, kept, used)| session(key, kept, *used, current)).collect();
        Ok(v1::ListSessionsResponse { sessions })
    }

    pub(super) async fn revoke(&self, caller: &Caller, name: &str) -> Result<v1::RevokeSessionResponse, Failure> {
        let (account, session) = name.split_once("/sessions/").ok_or_else(|| absent(name))?;
        let id = self.whose(caller, account).await?;
        let spared = caller.person.as_ref().map(|person| person.key.as_str());
        let one = Some(session).filter(|session| *session != "-");
        let ended = self.accounts.revoke_sessions(&id, one, spared, caller.actor()).await?.map_err(refused(name))?;
        Ok(v1::RevokeSessionResponse { ended_count: i32::try_from(ended).unwrap_or(i32::MAX) })
    }
}
