//! What is said where nothing was done to an account.

use tonic::Code;

use crate::accounts::Refusal;
use crate::openid::Refused;
use crate::services::error::{Failure, Told, told as words};

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Violations(violations) => Self::Violations(violations),
            Refusal::NotPermitted => Self::NotPermitted,
            Refusal::NoSuch => Self::NotFound("account".to_owned()),
            other => Self::Account(other),
        }
    }
}

/// What is said where the provider brought nobody. What it has said itself is for the trail, not for people.
fn provider(refused: &Refused) -> Told {
    match refused {
        Refused::Unusable(_) => words(
            Code::Unavailable,
            "PROVIDER_UNUSABLE",
            "暂时无法使用身份提供方登录，请稍后重试，或用密码登录。",
            "The identity provider cannot be used at the moment: try again later, or sign in with your password.",
        ),
        Refused::Unexpected => words(
            Code::FailedPrecondition,
            "PROVIDER_UNEXPECTED",
            "这次登录不是从这个浏览器开始的，或已超过10分钟，或已经用过。请重新开始。",
            "This sign-in was not begun in this browser, took more than ten minutes, or has been used: begin again.",
        ),
        Refused::Declined(_) => words(
            Code::PermissionDenied,
            "PROVIDER_DECLINED",
            "身份提供方没有同意这次登录。请重新开始，或用密码登录。",
            "The identity provider has not let you in: begin again, or sign in with your password.",
        ),
        Refused::Mixed(_) | Refused::Unproven(_) => words(
            Code::PermissionDenied,
            "PROVIDER_UNPROVEN",
            "身份提供方的答复不能证明您的身份，未作任何更改。请重新开始；再次出现时请告知管理员。",
            "The provider's answer proves nothing, and nothing was changed. Begin again; tell an administrator if it comes \
             back.",
        ),
    }
}

/// As callers see it.
pub(in crate::services) fn told(refusal: &Refusal) -> Told {
    match refusal {
        // What has a failure of its own is that; see above.
        Refusal::Violations(violations) => Failure::Violations(violations.clone()).told(),
        Refusal::NotPermitted => Failure::NotPermitted.told(),
        Refusal::NoSuch => Failure::NotFound("account".to_owned()).told(),
        Refusal::LoginTaken => words(
            Code::AlreadyExists,
            "LOGIN_TAKEN",
            "该登录名已被使用，请换一个。",
            "Another account has this login: choose another.",
        ),
        Refusal::Full => words(
            Code::ResourceExhausted,
            "ACCOUNT_LIMIT",
            "账号数量已达上限，请先删除不再使用的。",
            "There are as many accounts as there may be: delete those that nobody uses.",
        ),
        Refusal::LastAdministrator => words(
            Code::FailedPrecondition,
            "LAST_ADMINISTRATOR",
            "这是最后一位管理员，请先设置另一位。",
            "Nobody else administers this server: make another administrator first.",
        ),
        Refusal::AdministratorExists => words(
            Code::AlreadyExists,
            "ADMINISTRATOR_EXISTS",
            "本服务器已有管理员。",
            "This server has an administrator.",
        ),
        Refusal::BadCredentials => words(
            Code::Unauthenticated,
            "SIGN_IN_FAILED",
            "登录名、密码或验证码不正确，请核对后重试；忘记密码请联系管理员重置。",
            "Login, password or code are wrong: check them and try again, or ask an administrator for a reset.",
        ),
        Refusal::Throttled(wait) => {
            let seconds = wait.as_millis().div_ceil(1000);
            words(
                Code::ResourceExhausted,
                "SIGN_IN_LATER",
                format!("失败次数过多，请在{seconds}秒后重试。"),
                format!("Too many attempts have failed: try again in {seconds} s."),
            )
        }
        Refusal::Busy => words(
            Code::ResourceExhausted,
            "SIGN_IN_BUSY",
            "同时登录的人过多，请稍后重试。",
            "Too many people sign in at once: try again in a moment.",
        ),
        Refusal::LinkBad => words(
            Code::FailedPrecondition,
            "LINK_INVALID",
            "链接无效、已使用或已过期，请向管理员索取新的链接。",
            "The link is not known, was used, or has expired: ask an administrator for a new one.",
        ),
        Refusal::FactorExists => words(
            Code::FailedPrecondition,
            "FACTOR_EXISTS",
            "已启用双因素验证，请先停用再重新设置。",
            "There is a second factor: remove it before you set up another.",
        ),
        Refusal::NoFactor => words(
            Code::FailedPrecondition,
            "NO_FACTOR",
            "尚未设置双因素验证，请先设置。",
            "There is no second factor: set one up first.",
        ),
        Refusal::NoProvider => words(
            Code::FailedPrecondition,
            "NO_PROVIDER",
            "本服务器未设置身份提供方（accounts.oidc）。",
            "This server has no OpenID provider (accounts.oidc).",
        ),
        Refusal::Provider(refused) => provider(refused),
        Refusal::NotBound(subject) => words(
            Code::PermissionDenied,
            "IDENTITY_NOT_BOUND",
            format!(
                "您的身份（{subject}）没有关联可登录的账号。有账号的，请用密码登录后在“我的账号”中关联；或把该标识告诉管理员。"
            ),
            format!(
                "No account that can sign in is connected to you ({subject}). Sign in with your password and connect it in \
                 your account, or tell an administrator this id."
            ),
        ),
        Refusal::IdentityTaken => words(
            Code::AlreadyExists,
            "IDENTITY_TAKEN",
            "该身份已关联另一个账号，请先在那里解除。",
            "Another account is connected to this identity: disconnect it there first.",
        ),
        Refusal::IdentityExists => words(
            Code::FailedPrecondition,
            "IDENTITY_EXISTS",
            "该账号已关联另一个身份，请先解除。",
            "The account is connected to another identity: disconnect that first.",
        ),
        Refusal::NoIdentity => words(
            Code::FailedPrecondition,
            "NO_IDENTITY",
            "该账号没有关联这样的身份。",
            "The account is connected to no such identity.",
        ),
        Refusal::SessionEnded => words(
            Code::Unauthenticated,
            "SESSION_ENDED",
            "登录已结束，请重新登录。",
            "The session has ended: sign in again.",
        ),
    }
}
