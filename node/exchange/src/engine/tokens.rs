//! Tokens as they are kept: whose eyes one has, and whether it is good. When one was last shown lies beside it: that is
//! written all the time, and is no right.

use std::sync::Arc;

use duikou_proto::envelope::Micros;
use duikou_proto::name::{InvalidName, MemberId};
use duikou_proto::scope::ScopeSet;
use serde::{Deserialize, Serialize};

use super::{Engine, EnterpriseState, Reader, Work, facts};
use crate::store::StoreError;

/// A token. Its secret is not kept: the fact's key is a hash of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenFact {
    /// By which it is named.
    pub id: String,
    /// What its owner calls it.
    pub label: String,
    /// Whose eyes it has; None: a registered reader's.
    pub member: Option<MemberText>,
    /// By the contract's number.
    pub role: i32,
    /// When it was made.
    pub create_time: Micros,
    /// Until when it is good; None: until it is taken back.
    pub expire_time: Option<Micros>,
    /// What it sees at most, absolute; empty: all that its reader sees.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// What it may be used for; empty: all that its role allows.
    #[serde(default)]
    pub areas: Vec<i32>,
    /// The registered reader that it belongs to.
    #[serde(default)]
    pub enterprise: Option<String>,
}

/// Why a token is good for nothing now.
#[derive(Debug, Clone)]
pub enum TokenEnd {
    /// Its time is over.
    Expired,
    /// Its registered reader is suspended.
    Suspended,
    /// Its registered reader is no more.
    Orphaned,
    /// That cannot be told.
    Store(Arc<StoreError>),
}

impl TokenFact {
    /// Whether it is good for anything now.
    ///
    /// # Errors
    /// Why it is not.
    pub async fn check(&self, engine: &Engine) -> Result<(), TokenEnd> {
        if self.expire_time.is_some_and(|time| time <= engine.now()) {
            return Err(TokenEnd::Expired);
        }
        let Some(id) = &self.enterprise else { return Ok(()) };
        let enterprise = engine.enterprise(id).await.map_err(|error| TokenEnd::Store(Arc::new(error)))?;
        match enterprise.map(|enterprise| enterprise.state) {
            Some(EnterpriseState::Active) => Ok(()),
            Some(EnterpriseState::Suspended) => Err(TokenEnd::Suspended),
            None => Err(TokenEnd::Orphaned),
        }
    }

    /// Whose eyes it has.
    pub fn reader(&self) -> Reader {
        let whole = self.member.clone().map_or(Reader::Registered, |member| Reader::Member(member.0));
        if self.scopes.is_empty() {
            return whole;
        }
        // What cannot be read any longer opens nothing.
        let scopes: ScopeSet = ScopeSet::from_text(&self.scopes.join(" ")).unwrap_or_default();
        Reader::Narrowed(Box::new(whole), scopes)
    }
}

/// Forgets the token that is kept under `key`.
pub fn forget_token(work: &mut Work<'_>, key: String) {
    work.remove_fact(facts::token_use(&key));
    work.remove_fact(key);
}

/// A member's id in JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MemberText(pub MemberId);

impl TryFrom<String> for MemberText {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(Self)
    }
}

impl From<MemberText> for String {
    fn from(member: MemberText) -> Self {
        member.0.to_string()
    }
}
