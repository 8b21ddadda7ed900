//! Who is what for a member: the one place that looks accounts and tokens up by their id.

use duikou_proto::envelope::Micros;
use duikou_proto::name::MemberId;

use crate::accounts::{Account, Role};
use crate::engine::{Engine, TokenFact, Work, facts};
use crate::store::StoreError;

/// Tokens that are looked through; more than a server has.
const TOKENS: usize = 100_000;

/// The role of an account, or of a token, for `member`; None where it has none.
///
/// # Errors
/// Where the store cannot be read.
pub(crate) async fn role_of(engine: &Engine, id: &str, member: &MemberId) -> Result<Option<Role>, StoreError> {
    if let Some(account) = engine.fact::<Account>(&facts::account(id)).await? {
        return Ok(of_account(&account, member));
    }
    let held = engine.facts::<TokenFact>(facts::TOKENS, TOKENS).await?;
    Ok(of_token(&held, id, member, engine.now()))
}

/// Whether an account, or a token, is a reviewer of `member` or above.
pub(super) async fn is_reviewer(work: &mut Work<'_>, id: &str, member: &MemberId) -> Result<bool, StoreError> {
    let role = match work.fact::<Account>(&facts::account(id)).await? {
        Some(account) => of_account(&account, member),
        None => of_token(&work.facts::<TokenFact>(facts::TOKENS, TOKENS).await?, id, member, work.now),
    };
    Ok(role >= Some(Role::Reviewer))
}

fn of_account(account: &Account, member: &MemberId) -> Option<Role> {
    account.role_at(member).filter(|_| !account.disabled)
}

fn of_token(held: &[(String, TokenFact)], id: &str, member: &MemberId, now: Micros) -> Option<Role> {
    let whose = |token: &TokenFact| token.member.as_ref().is_some_and(|of| of.0 == *member);
    let (_, token) = held.iter().find(|(_, token)| token.id == id && whose(token))?;
    let good = token.expire_time.is_none_or(|time| time > now);
    Role::read(token.role).filter(|_| good)
}
