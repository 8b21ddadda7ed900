//! What can be done, as stable words for programs and files.

macro_rules! actions {
    ($($(#[$comment:meta])* $name:ident = $code:literal,)*) => {
        /// What was done.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action {
            $($(#[$comment])* $name,)*
        }

        impl Action {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Its stable word.
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)*
                }
            }
        }
    };
}

actions! {
    /// A listing was published, or a withdrawn one again.
    ListingCreate = "listing.create",
    /// A listing got other content or another audience.
    ListingUpdate = "listing.update",
    /// A listing was withdrawn, marked as filled or deleted.
    ListingWithdraw = "listing.withdraw",
    /// A draft was written.
    DraftCreate = "draft.create",
    /// A draft was changed.
    DraftUpdate = "draft.update",
    /// A draft was handed in for approval.
    DraftSubmit = "draft.submit",
    /// A draft was returned with a reason.
    DraftReturn = "draft.return",
    /// A draft was approved.
    DraftApprove = "draft.approve",
    /// A draft was deleted.
    DraftDelete = "draft.delete",
    /// Who approves what was changed.
    PolicySet = "policy.set",
    /// A token was made.
    TokenCreate = "token.create",
    /// A token was revoked.
    TokenRevoke = "token.revoke",
    /// A subscription was made.
    SubscriptionCreate = "subscription.create",
    /// A subscription was changed: label, interest, address.
    SubscriptionUpdate = "subscription.update",
    /// A subscription was paused by its owner.
    SubscriptionPause = "subscription.pause",
    /// A subscription was let go on.
    SubscriptionResume = "subscription.resume",
    /// A subscription was made to deliver again what it had delivered.
    SubscriptionReplay = "subscription.replay",
    /// A subscription got another secret.
    SubscriptionRotate = "subscription.rotate",
    /// Whoever reads at its address wants its mails.
    SubscriptionConfirm = "subscription.confirm",
    /// Whoever reads at its address wants them no longer.
    SubscriptionUnsubscribe = "subscription.unsubscribe",
    /// A subscription was ended.
    SubscriptionDelete = "subscription.delete",
    /// A registered reader was admitted.
    EnterpriseCreate = "enterprise.create",
    /// A registered reader was suspended.
    EnterpriseSuspend = "enterprise.suspend",
    /// A registered reader was resumed.
    EnterpriseResume = "enterprise.resume",
    /// A registered reader was removed with its tokens.
    EnterpriseRemove = "enterprise.remove",
    /// An account was made.
    AccountCreate = "account.create",
    /// Name, language, roles or administration of an account were changed.
    AccountUpdate = "account.update",
    /// An account was disabled.
    AccountDisable = "account.disable",
    /// An account was enabled.
    AccountEnable = "account.enable",
    /// An account was deleted.
    AccountDelete = "account.delete",
    /// A one-time link was made with which a password is set.
    AccountReset = "account.reset",
    /// A password was set by a one-time link.
    AccountAccept = "account.accept",
    /// Somebody changed their own password.
    PasswordChange = "password.change",
    /// A second factor was set up.
    FactorAdd = "factor.add",
    /// A second factor was removed.
    FactorRemove = "factor.remove",
    /// An OpenID provider means this account from now on.
    IdentityBind = "identity.bind",
    /// It means it no longer.
    IdentityUnbind = "identity.unbind",
    /// Somebody signed in.
    SignIn = "session.sign-in",
    /// Somebody failed to sign in.
    SignInFailed = "session.sign-in-failed",
    /// Somebody signed out.
    SignOut = "session.sign-out",
    /// A session was ended by somebody else, or by its owner elsewhere.
    SessionRevoke = "session.revoke",
    /// Somebody acts for another of their members.
    SessionSwitch = "session.switch",
    /// A member here gets new keys.
    KeysRotate = "keys.rotate",
    /// The operator has seen that the root gave a member keys.
    KeysAcknowledge = "keys.acknowledge",
    /// A setting was changed while the server runs.
    SettingsSet = "settings.set",
    /// A backup was made.
    Backup = "backup.create",
    /// A backup was taken away in a browser.
    BackupTake = "backup.take",
    /// The server began on a backup that was restored.
    BackupRestore = "backup.restore",
    /// An invitation to the network was made.
    InviteCreate = "invite.create",
    /// An invitation was taken back.
    InviteRevoke = "invite.revoke",
    /// A node whose certificate was refused got another by a member's key.
    NodeCertify = "node.certify",
    /// The network's directory got an entry from here.
    DirectoryEntry = "directory.entry",
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_actions_have_one_code() {
        let codes: BTreeSet<&str> = Action::ALL.iter().map(|action| action.code()).collect();
        assert_eq!(codes.len(), Action::ALL.len());
    }
}
