//! What pages alone ask about the provider: it is browsers that are led there and come back.

use duikou_proto::language::Language;
use duikou_proto::v1::SignInResponse;
use tonic::{Request, Status};
use zeroize::Zeroizing;

use super::sign::{agent, answer};
use super::{People, origin, signed_in};
use crate::accounts::{Origin, Refusal, Role};
use crate::openid::{Aim, Arrived, Leaving, Provider, Returning};
use crate::services::auth::Caller;
use crate::services::error::Failure;

/// Somebody who came back.
pub(crate) enum Came {
    /// They sign in, and go on to `back`; how far they have come is told as by the contract.
    In { told: Box<SignInResponse>, back: String },
    /// Their account is connected.
    Connected,
}

/// Somebody who came back and is not let through; `back` is where they wanted to go on, where that is known.
pub(crate) struct TurnedBack {
    pub(crate) why: Status,
    pub(crate) back: String,
}

impl People {
    /// The provider.
    pub(super) fn provider(&self) -> Result<&Provider, Failure> {
        self.provider.as_ref().ok_or(Failure::Account(Refusal::NoProvider))
    }

    /// What people call it in this language, and how it names itself; None: there is none.
    pub(crate) fn provider_named(&self, language: Language) -> Option<(&str, &str)> {
        self.provider.as_ref().map(|provider| (provider.label(language), provider.issuer()))
    }

    /// Leads somebody to the provider to sign in, who then goes on to the path that is asked with.
    ///
    /// # Errors
    /// FAILED_PRECONDITION where there is none, UNAVAILABLE where it cannot be reached.
    pub(crate) async fn leave_to_sign_in(&self, request: Request<String>) -> Result<Leaving, Status> {
        let (_, language, back) = self.door.enter_as_anybody(request).await?;
        let left = async {
            let left = self.provider()?.leave(Aim::SignIn, back, language, self.door.engine.now()).await;
            left.map_err(|refused| Failure::Account(Refusal::Provider(refused)))
        };
        left.await.map_err(|failure: Failure| failure.status(language))
    }

    /// Leads somebody who is signed in, and gives their password, to the provider, which is to vouch for their account.
    ///
    /// # Errors
    /// As above; UNAUTHENTICATED where the password is wrong.
    pub(crate) async fn leave_to_connect(&self, request: Request<Zeroizing<String>>) -> Result<Leaving, Status> {
        let (caller, language, password) = self.door.enter_with(Role::Viewer, request).await?;
        let left = async {
            let person = signed_in(&caller)?;
            let provider = self.provider()?;
            self.accounts.prove(person, &password, &origin(&caller)).await??;
            let (account, session) = (person.account.id.clone(), person.session.id.clone());
            let aim = Aim::Connect { account, session };
            let left = provider.leave(aim, String::new(), language, self.door.engine.now()).await;
            left.map_err(|refused| Failure::Account(Refusal::Provider(refused)))
        };
        left.await.map_err(|failure: Failure| failure.status(language))
    }

    /// Takes somebody whom the provider has sent back. Whoever is not let through stands in the audit trail.
    ///
    /// # Errors
    /// What people are told, and where they may go on.
    pub(crate) async fn come_back(&self, request: Request<Returning>) -> Result<Came, TurnedBack> {
        let agent = agent(&request);
        let nowhere = |why| TurnedBack { why, back: String::new() };
        let (caller, language, returning) = self.door.enter_as_anybody(request).await.map_err(nowhere)?;
        let provider = self.provider().map_err(|failure| nowhere(failure.status(language)))?;
        let from = Origin { agent, ..origin(&caller) };
        let arrived = match provider.arrive(&returning, self.door.engine.now()).await {
            Ok(arrived) => arrived,
            Err((refused, back)) => {
                let told = self.accounts.turned_away(None, format!("OpenID: {refused}"), &from).await;
                let failure = told.map_or_else(Failure::from, |()| Failure::Account(Refusal::Provider(refused)));
                return Err(TurnedBack { why: failure.status(language), back });
            }
        };
        let back = arrived.back.clone();
        let came = self.arrive(provider, &caller, arrived, from).await;
        came.map_err(|failure| TurnedBack { why: failure.status(language), back })
    }

    async fn arrive(
        &self,
        provider: &Provider,
        caller: &Caller,
        arrived: Arrived,
        from: Origin,
    ) -> Result<Came, Failure> {
        let Arrived { who, aim, back } = arrived;
        match aim {
            Aim::SignIn => {
                let signed_in = self.accounts.sign_in_by(who, provider.asks_for_factor(), from).await??;
                Ok(Came::In { told: Box::new(answer(signed_in)), back })
            }
            Aim::Connect { account, session } => {
                let same = caller.person.as_ref().filter(|p| p.account.id == account && p.session.id == session);
                let Some(person) = same else {
                    let why = "OpenID: the session that asked for it has ended".to_owned();
                    self.accounts.turned_away(None, why, &from).await?;
                    return Err(Refusal::SessionEnded.into());
                };
                if let Err(refusal) = self.accounts.bind_own(person, who, &from).await? {
                    let why = format!("OpenID: {refusal}");
                    self.accounts.turned_away(Some(&person.account), why, &from).await?;
                    return Err(refusal.into());
                }
                Ok(Came::Connected)
            }
        }
    }

    /// Ends that the provider with this issuer vouches for one's own account, whose password is given.
    ///
    /// # Errors
    /// UNAUTHENTICATED where the password is wrong, FAILED_PRECONDITION where there is no such identity.
    pub(crate) async fn disconnect(&self, request: Request<(String, Zeroizing<String>)>) -> Result<(), Status> {
        let (caller, language, (issuer, password)) = self.door.enter_with(Role::Viewer, request).await?;
        let done = async {
            let person = signed_in(&caller)?;
            Ok::<(), Failure>(self.accounts.unbind_own(person, &issuer, &password, &origin(&caller)).await??)
        };
        done.await.map_err(|failure: Failure| failure.status(language))
    }
}
