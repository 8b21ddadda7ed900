//! What whoever calls a method must be at least: one table for all methods of the contract. The gate asks it before any
//! service is reached, so none can be forgotten; what else a service and the engine demand comes after it.

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

/// By service and method.
const TABLE: &[(&str, &[(&str, Need)])] = &[
    (
        "DirectoryService",
        &[("GetNetwork", Nobody), ("ListMembers", Nobody), ("GetMember", Nobody), ("ListCircles", Nobody)],
    ),
    (
        "ListingService",
        &[
            ("GetListing", Nobody),
            ("ListListings", Nobody),
            ("ListHolders", Nobody),
            ("CreateListing", Least(Editor)),
            ("BatchCreateListings", Least(Editor)),
            ("UpdateListing", Least(Editor)),
            ("WithdrawListing", Least(Editor)),
        ],
    ),
    (
        "DraftService",
        &[
            ("CreateDraft", Least(Editor)),
            ("GetDraft", Least(Editor)),
            ("ListDrafts", Least(Editor)),
            ("UpdateDraft", Least(Editor)),
            ("DeleteDraft", Least(Editor)),
            ("SubmitDraft", Least(Editor)),
            // Whether an editor may, the member's policy says: as the author who says yes again, or for a reviewer.
            ("ReturnDraft", Least(Editor)),
            ("ApproveDraft", Least(Editor)),
            ("ApproveDraftBatch", Least(Editor)),
            ("DiffDraft", Least(Editor)),
            ("GetApprovalPolicy", Least(Editor)),
            ("UpdateApprovalPolicy", Least(Admin)),
        ],
    ),
    ("FeedService", &[("Watch", Nobody), ("Pull", Nobody)]),
    ("SearchService", &[("SearchListings", Nobody), ("SuggestQueries", Nobody), ("FindDuplicates", Nobody)]),
    ("MatchService", &[("MatchListings", Nobody)]),
    ("QueryService", &[("QueryListings", Known), ("ListQuestions", Least(Admin))]),
    (
        "SubscriptionService",
        &[
            ("CreateSubscription", Subscriber),
            ("GetSubscription", Known),
            ("ListSubscriptions", Known),
            ("UpdateSubscription", Subscriber),
            ("DeleteSubscription", Subscriber),
            ("PauseSubscription", Subscriber),
            ("ResumeSubscription", Subscriber),
            ("RotateSubscriptionSecret", Subscriber),
            ("TestSubscription", Subscriber),
            ("ReplaySubscription", Subscriber),
            ("ListDeliveries", Known),
            ("PullSubscription", Known),
            ("AcknowledgeSubscription", Known),
        ],
    ),
    ("TokenService", &[("CreateToken", Least(Admin)), ("ListTokens", Least(Admin)), ("RevokeToken", Least(Admin))]),
    (
        "AccountService",
        &[
            ("SignIn", Nobody),
            ("AcceptLink", Nobody),
            ("SignOut", Session),
            ("SwitchMember", Session),
            ("GetMyself", Session),
            ("UpdateMyself", Session),
            ("ChangePassword", Session),
            ("EnrolFactor", Session),
            ("ConfirmFactor", Session),
            ("RemoveFactor", Session),
            ("CreateAccount", Least(Admin)),
            ("ListAccounts", Least(Admin)),
            ("GetAccount", Least(Admin)),
            ("UpdateAccount", Least(Admin)),
            ("DisableAccount", Least(Admin)),
            ("EnableAccount", Least(Admin)),
            ("DeleteAccount", Least(Admin)),
            ("ResetAccount", Least(Admin)),
            ("ListSessions", Own),
            ("RevokeSession", Own),
        ],
    ),
    ("AuditService", &[("ListAuditEntries", Least(Admin)), ("VerifyAudit", Server)]),
    (
        "OperatorService",
        &[
            ("GetStatus", Machine),
            ("Backup", Machine),
            ("ListKeys", Machine),
            ("RotateKeys", Machine),
            ("AcknowledgeKeys", Machine),
            ("CreateAdministrator", Machine),
        ],
    ),
];

/// What the method at `path` (`/package.Service/Method`) needs; None where the contract has none such.
pub(crate) fn need(path: &str) -> Option<Need> {
    let (service, method) = path.strip_prefix("/duikou.v1.")?.split_once('/')?;
    let (_, methods) = TABLE.iter().find(|(name, _)| *name == service)?;
    methods.iter().find(|(name, _)| *name == method).map(|(_, need)| *need)
}

/// Refuses a caller who is not what the method at `path` needs. What is no method of ours is for the router to refuse.
pub(crate) fn check(caller: &Caller, path: &str) -> Result<(), Failure> {
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
