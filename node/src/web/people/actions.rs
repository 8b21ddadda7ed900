//! What stands in the audit trail, in words.

use super::super::catalogue::Texts;
use super::super::forms::Choice;

/// Each action with the id of its text.
const ACTIONS: &[(&str, &str)] = &[
    ("listing.create", "audit-listing-create"),
    ("listing.update", "audit-listing-update"),
    ("listing.withdraw", "audit-listing-withdraw"),
    ("draft.create", "audit-draft-create"),
    ("draft.update", "audit-draft-update"),
    ("draft.submit", "audit-draft-submit"),
    ("draft.return", "audit-draft-return"),
    ("draft.approve", "audit-draft-approve"),
    ("draft.delete", "audit-draft-delete"),
    ("policy.set", "audit-policy-set"),
    ("token.create", "audit-token-create"),
    ("token.revoke", "audit-token-revoke"),
    ("subscription.create", "audit-subscription-create"),
    ("subscription.update", "audit-subscription-update"),
    ("subscription.delete", "audit-subscription-delete"),
    ("enterprise.create", "audit-enterprise-create"),
    ("enterprise.suspend", "audit-enterprise-suspend"),
    ("enterprise.resume", "audit-enterprise-resume"),
    ("enterprise.remove", "audit-enterprise-remove"),
    ("account.create", "audit-account-create"),
    ("account.update", "audit-account-update"),
    ("account.disable", "audit-account-disable"),
    ("account.enable", "audit-account-enable"),
    ("account.delete", "audit-account-delete"),
    ("account.reset", "audit-account-reset"),
    ("account.accept", "audit-account-accept"),
    ("password.change", "audit-password-change"),
    ("factor.add", "audit-factor-add"),
    ("factor.remove", "audit-factor-remove"),
    ("identity.bind", "audit-identity-bind"),
    ("identity.unbind", "audit-identity-unbind"),
    ("session.sign-in", "audit-session-sign-in"),
    ("session.sign-in-failed", "audit-session-sign-in-failed"),
    ("session.sign-out", "audit-session-sign-out"),
    ("session.revoke", "audit-session-revoke"),
    ("session.switch", "audit-session-switch"),
    ("keys.rotate", "audit-keys-rotate"),
    ("keys.acknowledge", "audit-keys-acknowledge"),
    ("settings.set", "audit-settings-set"),
    ("backup.create", "audit-backup-create"),
    ("backup.take", "audit-backup-take"),
    ("invite.create", "audit-invite-create"),
    ("directory.entry", "audit-directory-entry"),
];
/// Kinds of actions that are looked for together.
const GROUPS: &[(&str, &str)] = &[
    ("session.", "audit-group-session"),
    ("listing.", "audit-group-listing"),
    ("draft.", "audit-group-draft"),
    ("account.", "audit-group-account"),
    ("token.", "audit-group-token"),
    ("subscription.", "audit-group-subscription"),
    ("enterprise.", "audit-group-enterprise"),
];

/// An action in words; as it is where a later version has written it.
pub(super) fn action(texts: Texts, code: &str) -> String {
    let known = ACTIONS.iter().find(|(known, _)| *known == code);
    known.map_or_else(|| code.to_owned(), |(_, id)| texts.text(id))
}

/// All that can be looked for: kinds first, then each action.
pub(super) fn choices(texts: Texts) -> Vec<Choice> {
    let choice = |(code, id): &(&str, &str)| Choice { value: (*code).to_owned(), name: texts.text(id) };
    let all = Choice { value: String::new(), name: texts.text("audit-all") };
    std::iter::once(all).chain(GROUPS.iter().map(choice)).chain(ACTIONS.iter().map(choice)).collect()
}

#[cfg(test)]
mod tests {
    use duikou_proto::language::Language;

    use super::*;
    use crate::audit::Action;

    #[test]
    fn every_action_has_a_word() {
        let texts = Texts::of(Language::Zh);
        for known in Action::ALL {
            assert_ne!(action(texts, known.code()), known.code());
        }
        assert_eq!(action(texts, "later.thing"), "later.thing");
    }
}
