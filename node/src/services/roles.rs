//! What whoever calls a method must be at least: one table for all methods of the contract. The gate asks it before a
//! message is read, and the door of every service asks it again, also of what pages ask in this process, so none can be
//! forgotten; what else a service and the engine demand comes after it.

use duikou_proto::v1;

use super::auth::Caller;
use super::error::Failure;
use crate::accounts::Role;
use crate::engine::Reader;

/// The least that a caller must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Anybody.
    Nobody,
    /// A token or a session, whatever its role.
    Known,
    /// Somebody who is signed in.
    Session,
    /// Somebody who is signed in, for their own; else an administrator.
    Own,
    /// A registered reader, or a narrowed token, for its own; of a member an editor.
    Subscriber,
    /// This role for a member.
    Least(Role),
    /// Whoever administers the whole server.
    Server,
    /// Whoever is at the machine.
    Machine,
}

use Need::{Known, Least, Machine, Nobody, Own, Server, Session, Subscriber};
use Role::{Admin, Editor};

/// A message with which a method is called.
pub(crate) trait Call {
    /// The method, as gRPC names it: `/package.Service/Method`.
    const PATH: &'static str;
}

macro_rules! methods {
    ($($service:literal { $($method:ident($request:ident): $need:expr,)* })*) => {
        /// By service and method.
        const TABLE: &[(&str, &[(&str, Need)])] = &[$(($service, &[$((stringify!($method), $need)),*])),*];

        $($(impl Call for v1::$request {
            const PATH: &'static str = concat!("/duikou.v1.", $service, "/", stringify!($method));
        })*)*
    };
}

methods! {
    "DirectoryService" {
        GetNetwork(GetNetworkRequest): Nobody,
        ListMembers(ListMembersRequest): Nobody,
        GetMember(GetMemberRequest): Nobody,
        ListCircles(ListCirclesRequest): Nobody,
    }
    "ListingService" {
        GetListing(GetListingRequest): Nobody,
        ListListings(ListListingsRequest): Nobody,
        ListHolders(ListHoldersRequest): Nobody,
        CreateListing(CreateListingRequest): Least(Editor),
        BatchCreateListings(BatchCreateListingsRequest): Least(Editor),
        UpdateListing(UpdateListingRequest): Least(Editor),
        WithdrawListing(WithdrawListingRequest): Least(Editor),
    }
    "DraftService" {
        CreateDraft(CreateDraftRequest): Least(Editor),
        GetDraft(GetDraftRequest): Least(Editor),
        ListDrafts(ListDraftsRequest): Least(Editor),
        UpdateDraft(UpdateDraftRequest): Least(Editor),
        DeleteDraft(DeleteDraftRequest): Least(Editor),
        SubmitDraft(SubmitDraftRequest): Least(Editor),
        // Whether an editor may, the member's policy says: as the author who says yes again, or for a reviewer.
        ReturnDraft(ReturnDraftRequest): Least(Editor),
        ApproveDraft(ApproveDraftRequest): Least(Editor),
        ApproveDraftBatch(ApproveDraftBatchRequest): Least(Editor),
        DiffDraft(DiffDraftRequest): Least(Editor),
        GetApprovalPolicy(GetApprovalPolicyRequest): Least(Editor),
        UpdateApprovalPolicy(UpdateApprovalPolicyRequest): Least(Admin),
    }
    "FeedService" {
        Watch(WatchRequest): Nobody,
        Pull(PullRequest): Nobody,
    }
    "SearchService" {
        SearchListings(SearchListingsRequest): Nobody,
        SuggestQueries(SuggestQueriesRequest): Nobody,
        FindDuplicates(FindDuplicatesRequest): Nobody,
    }
    "MatchService" {
        MatchListings(MatchListingsRequest): Nobody,
    }
    "QueryService" {
        QueryListings(QueryListingsRequest): Known,
        ListQuestions(ListQuestionsRequest): Least(Admin),
    }
    "SubscriptionService" {
        CreateSubscription(CreateSubscriptionRequest): Subscriber,
        GetSubscription(GetSubscriptionRequest): Known,
        ListSubscriptions(ListSubscriptionsRequest): Known,
        UpdateSubscription(UpdateSubscriptionRequest): Subscriber,
        DeleteSubscription(DeleteSubscriptionRequest): Subscriber,
        PauseSubscription(PauseSubscriptionRequest): Subscriber,
        ResumeSubscription(ResumeSubscriptionRequest): Subscriber,
        RotateSubscriptionSecret(RotateSubscriptionSecretRequest): Subscriber,
        TestSubscription(TestSubscriptionRequest): Subscriber,
        ReplaySubscription(ReplaySubscriptionRequest): Subscriber,
        ListDeliveries(ListDeliveriesRequest): Known,
        PullSubscription(PullSubscriptionRequest): Known,
        AcknowledgeSubscription(AcknowledgeSubscriptionRequest): Known,
    }
    "TokenService" {
        CreateToken(CreateTokenRequest): Least(Admin),
        ListTokens(ListTokensRequest): Least(Admin),
        RevokeToken(RevokeTokenRequest): Least(Admin),
    }
    "AccountService" {
        SignIn(SignInRequest): Nobody,
        AcceptLink(AcceptLinkRequest): Nobody,
        SignOut(SignOutRequest): Session,
        SwitchMember(SwitchMemberRequest): Session,
        GetMyself(GetMyselfRequest): Session,
        UpdateMyself(UpdateMyselfRequest): Session,
        ChangePassword(ChangePasswordRequest): Session,
        EnrolFactor(EnrolFactorRequest): Session,
        ConfirmFactor(ConfirmFactorRequest): Session,
        RemoveFactor(RemoveFactorRequest): Session,
        CreateAccount(CreateAccountRequest): Least(Admin),
        ListAccounts(ListAccountsRequest): Least(Admin),
        GetAccount(GetAccountRequest): Least(Admin),
        UpdateAccount(UpdateAccountRequest): Least(Admin),
        DisableAccount(DisableAccountRequest): Least(Admin),
        EnableAccount(EnableAccountRequest): Least(Admin),
        DeleteAccount(DeleteAccountRequest): Least(Admin),
        ResetAccount(ResetAccountRequest): Least(Admin),
        BindIdentity(BindIdentityRequest): Least(Admin),
        UnbindIdentity(UnbindIdentityRequest): Least(Admin),
        ListSessions(ListSessionsRequest): Own,
        RevokeSession(RevokeSessionRequest): Own,
    }
    "AuditService" {
        ListAuditEntries(ListAuditEntriesRequest): Least(Admin),
        VerifyAudit(VerifyAuditRequest): Server,
    }
    "OperatorService" {
        GetStatus(GetStatusRequest): Machine,
        Backup(BackupRequest): Machine,
        ListKeys(ListKeysRequest): Machine,
        RotateKeys(RotateKeysRequest): Machine,
        AcknowledgeKeys(AcknowledgeKeysRequest): Machine,
        CreateAdministrator(CreateAdministratorRequest): Machine,
        TakeInDrafts(TakeInDraftsRequest): Machine,
        ListSettings(ListSettingsRequest): Machine,
        UpdateSettings(UpdateSettingsRequest): Machine,
    }
}

/// What the method at `path` (`/package.Service/Method`) needs; None where the contract has none such.
pub(crate) fn need(path: &str) -> Option<Need> {
    let (service, method) = path.strip_prefix("/duikou.v1.")?.split_once('/')?;
    let (_, methods) = TABLE.iter().find(|(name, _)| *name == service)?;
    methods.iter().find(|(name, _)| *name == method).map(|(_, need)| *need)
}

/// Refuses a caller who may not call the method at `path`: by what the token is for, then by what the caller is. What is no
/// method of ours is for the router to refuse.
pub(crate) fn admit(caller: &Caller, path: &str) -> Result<(), Failure> {
    if caller.may_call(path) { check(caller, path) } else { Err(Failure::OtherArea) }
}

fn check(caller: &Caller, path: &str) -> Result<(), Failure> {
    let Some(need) = need(path) else { return Ok(()) };
    let known = caller.reader != Reader::Anonymous;
    match need {
        // What is for the machine is not offered here: the router says so.
        Nobody | Machine => Ok(()),
        _ if !known => Err(Failure::TokenRequired),
        Known => Ok(()),
        Session => caller.person.as_ref().map(drop).ok_or(Failure::SessionRequired),
        Own if caller.person.is_some() => Ok(()),
        Own => caller.at_least(Admin),
        Subscriber if matches!(caller.reader, Reader::Registered | Reader::Narrowed(..)) => Ok(()),
        Subscriber => caller.at_least(Editor),
        Least(role) => caller.at_least(role),
        Server if caller.require_admin()?.is_none() => Ok(()),
        Server => Err(Failure::NotPermitted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_of_the_contract_stands_in_the_table_and_nothing_else_does() {
        let mut count = 0;
        for service in crate::contract::pool().services().filter(|service| service.package_name() == "duikou.v1") {
            for method in service.methods() {
                let path = format!("/{}/{}", service.full_name(), method.name());
                assert!(need(&path).is_some(), "{path} has no row: say who may call it");
                count += 1;
            }
        }
        assert_eq!(TABLE.iter().map(|(_, methods)| methods.len()).sum::<usize>(), count, "a row without a method");
    }
}
