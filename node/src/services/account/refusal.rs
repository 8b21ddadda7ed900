//! What is said where nothing was done to an account.

use tonic::Code;

use crate::accounts::Refusal;
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
        Refusal::SessionEnded => words(
            Code::Unauthenticated,
            "SESSION_ENDED",
            "登录已结束，请重新登录。",
            "The session has ended: sign in again.",
        ),
    }
}
