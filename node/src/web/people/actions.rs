//! What stands in the audit trail, in words.

use duikou_proto::v1::WithdrawalReason;

use super::super::catalogue::Texts;
use super::super::format;
use super::super::forms::Choice;
use super::super::reading::fingerprint;

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
    ("subscription.pause", "audit-subscription-pause"),
    ("subscription.resume", "audit-subscription-resume"),
    ("subscription.replay", "audit-subscription-replay"),
    ("subscription.rotate", "audit-subscription-rotate"),
    ("subscription.confirm", "audit-subscription-confirm"),
    ("subscription.unsubscribe", "audit-subscription-unsubscribe"),
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
    ("backup.restore", "audit-backup-restore"),
    ("invite.create", "audit-invite-create"),
    ("invite.revoke", "audit-invite-revoke"),
    ("node.certify", "audit-node-certify"),
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

/// What the trail says of an action beside its resource, in words; as it is where it is a name, or none of what is known.
/// `called` says what a listing is called; None: as what it was done to, which stands beside it. Numbers by which this
/// program tells versions apart say nothing to people.
pub(super) fn detail(texts: Texts, code: &str, detail: &str, called: impl Fn(&str) -> Option<String>) -> String {
    let told = match code {
        "policy.set" => policy(texts, detail),
        "account.create" | "account.update" => {
            detail.split_once(": ").map(|(who, what)| format!("{who}{}{}", texts.text("colon"), roles(texts, what)))
        }
        "token.create" | "token.revoke" => {
            detail.split_once(' ').map(|(role, label)| format!("{} {label}", roles(texts, role)).trim().to_owned())
        }
        "account.reset" => detail.split_once(": ").map(|(who, what)| {
            let id = if what.ends_with("second factor") { "audit-told-both" } else { "account-password" };
            format!("{who}{}{}", texts.text("colon"), texts.text(id))
        }),
        "listing.create" | "listing.update" => detail.strip_prefix("revision ").map(|_| String::new()),
        "listing.withdraw" => WithdrawalReason::from_str_name(detail).and_then(|reason| withdrawn(texts, reason)),
        "draft.submit" | "draft.approve" => {
            detail.split_once(' ').filter(|(_, hash)| hash.len() == 64).map(|(name, hash)| {
                let hash = fingerprint(hash);
                match called(name) {
                    Some(what) => texts.fill("audit-told-hash", &[("what", &what), ("hash", &hash)]),
                    None => texts.about("audit-told-hash-alone", &hash),
                }
            })
        }
        "draft.create" | "draft.update" | "draft.return" | "draft.delete" => Some(called(detail).unwrap_or_default()),
        _ if code.starts_with("subscription.") => place(texts, detail),
        "backup.create" => detail.strip_suffix(" bytes").and_then(|bytes| bytes.parse().ok()).map(format::bytes),
        "settings.set" => (detail == "(file)").then(|| texts.text("audit-told-file")),
        _ => None,
    };
    told.unwrap_or_else(|| detail.to_owned())
}

/// `webhook hooks.example`, `mail mail.example`, `notices mail.example`, `page`, `pull`
fn place(texts: Texts, detail: &str) -> Option<String> {
    let (way, host) = detail.split_once(' ').unwrap_or((detail, ""));
    let way = texts.text(match way {
        "webhook" => "audit-told-webhook",
        "mail" => "audit-told-mail",
        "notices" => "audit-told-notices",
        "page" => "audit-told-page",
        "pull" => "audit-told-pull",
        _ => return None,
    });
    Some(if host.is_empty() { way } else { format!("{way}{}{host}", texts.text("colon")) })
}

/// `rule OTHER, 2 deputies`
fn policy(texts: Texts, detail: &str) -> Option<String> {
    let (rule, deputies) = detail.strip_prefix("rule ")?.strip_suffix(" deputies")?.split_once(", ")?;
    let rule = texts.text(match rule {
        "DEFAULT" => "policy-default",
        "NONE" => "policy-none",
        "SELF" => "policy-self",
        "OTHER" => "policy-other",
        _ => return None,
    });
    Some(texts.fill("audit-told-policy", &[("what", &rule), ("deputies", deputies)]))
}

/// Roles in words, wherever they stand.
fn roles(texts: Texts, told: &str) -> String {
    let word = |word: &str| {
        let (role, after) = word.strip_suffix(',').map_or((word, ""), |role| (role, ","));
        let id = match role {
            "VIEWER" => "role-viewer",
            "EDITOR" => "role-editor",
            "REVIEWER" => "role-reviewer",
            "ADMIN" => "role-admin",
            _ => return word.to_owned(),
        };
        format!("{}{after}", texts.text(id))
    };
    let told = told.replace("administrator of the server", &texts.text("account-node-admin"));
    told.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

fn withdrawn(texts: Texts, reason: WithdrawalReason) -> Option<String> {
    Some(texts.text(match reason {
        WithdrawalReason::Withdrawn => "statistics-withdrawn",
        WithdrawalReason::Filled => "statistics-filled",
        WithdrawalReason::Expired => "statistics-expired",
        WithdrawalReason::Narrowed => "audit-told-narrowed",
        WithdrawalReason::Deleted => "saved-delete",
        WithdrawalReason::Unspecified => return None,
    }))
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

    #[test]
    fn what_was_done_is_told_in_the_readers_language() {
        let texts = Texts::of(Language::Zh);
        let hash = "0123456789abcdef".repeat(4);
        let submitted = format!("members/bijie.x/listings/tea {hash}");
        let own = |name: &str| Some(name.to_owned());
        let tea = |_: &str| Some("春茶".to_owned());
        for (code, told, said) in [
            ("policy.set", "rule OTHER, 2 deputies", "由另一人审核；代理 2 名"),
            (
                "account.create",
                "li.ming: bijie.x EDITOR, zunyi.x VIEWER, administrator of the server",
                "li.ming：bijie.x 编辑, zunyi.x 浏览, 服务器管理员",
            ),
            ("account.update", "li (Li): bijie.x EDITOR → ", "li (Li)：bijie.x 编辑 → "),
            ("account.reset", "li: password and second factor", "li：密码和双因素验证"),
            ("token.create", "ADMIN site", "管理 site"),
            ("listing.update", "revision 7", ""),
            ("listing.update", "something later", "something later"),
            ("listing.withdraw", "FILLED", "已落实"),
            ("backup.create", "1536 bytes", "1.5 KiB"),
            ("settings.set", "(file)", "恢复为配置文件中的值"),
            ("session.sign-in", "li.ming", "li.ming"),
            ("policy.set", "something later", "something later"),
        ] {
            assert_eq!(detail(texts, code, told, own), said, "{code}");
        }
        let said = detail(texts, "draft.submit", &submitted, own);
        assert!(said.starts_with("members/bijie.x/listings/tea，内容校验码") && !said.contains(&hash), "{said}");
        let said = detail(texts, "draft.approve", &submitted, tea);
        assert!(said.starts_with("春茶，内容校验码"), "{said}");
        assert_eq!(detail(texts, "draft.return", "members/bijie.x/listings/tea", tea), "春茶");
        // What it was done to is called so already.
        assert!(detail(texts, "draft.approve", &submitted, |_| None).starts_with("内容校验码"));
        assert_eq!(detail(texts, "draft.return", "members/bijie.x/listings/tea", |_| None), "");
    }
}
