//! The provider as this server knows it: how it describes itself is read when it is first needed, kept for an hour, and
//! read anew where it signs with a key that is not known.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use duikou_proto::envelope::Micros;
use duikou_proto::language::Language;
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthenticationFlow, CoreClaimName, CoreClaimType, CoreClient, CoreClientAuthMethod,
    CoreGrantType, CoreIdToken, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm,
    CoreJwsSigningAlgorithm, CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType,
};
use openidconnect::{
    AdditionalProviderMetadata, AuthType, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret,
    CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet, IssuerUrl, LanguageTag, Nonce, PkceCodeChallenge,
    PkceCodeVerifier, ProviderMetadata, RedirectUrl, RequestTokenError, SignatureVerificationError, TokenResponse,
};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::fetch::Fetcher;
use super::flows::{Flow, Flows};
use super::{Aim, Arrived, Leaving, RETURN_PATH, Refused, Returning, Vouched};
use crate::config::{Config, Line};
use crate::delivery::{SetupError, secret};
use crate::error::chain;
use crate::limits;
use crate::world::random_text;

/// Characters of what the provider says that are told on.
const SAID_CHARS: usize = 200;

/// What a provider says of itself beside the usual.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Further {
    /// It names itself whenever it sends somebody back (RFC 9207).
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for Further {}

type Metadata = ProviderMetadata<
    Further,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;
type Client =
    CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

/// The provider that the operator has configured; cheap to clone.
#[derive(Clone)]
pub(crate) struct Provider(Arc<Shared>);

struct Shared {
    issuer: String,
    id: ClientId,
    secret: ClientSecret,
    redirect: RedirectUrl,
    labels: [String; 2],
    asks_for_factor: bool,
    fetcher: Fetcher,
    known: Mutex<Known>,
    flows: Flows,
}

/// How the provider describes itself, and when it was asked.
#[derive(Default)]
struct Known {
    metadata: Option<Arc<Metadata>>,
    asked: Option<Micros>,
    failed: Option<Refused>,
}

impl Known {
    /// Whether it was asked no longer ago than this.
    fn is_younger(&self, than: Duration, now: Micros) -> bool {
        self.asked.is_some_and(|asked| (0..than.as_micros() as Micros).contains(&now.saturating_sub(asked)))
    }
}

impl Provider {
    /// The provider that a configuration names, if it names one. It is not asked anything yet.
    ///
    /// # Errors
    /// Where a file that belongs to it cannot be used.
    pub(crate) fn open(config: &Config) -> Result<Option<Self>, SetupError> {
        let oidc = &config.oidc;
        let named = (&oidc.issuer, &oidc.client_id, &oidc.client_secret_file, &config.delivery.url);
        let (Some(issuer), Some(id), Some(file), Some(base)) = named else { return Ok(None) };
        let secret = secret("accounts.oidc.client_secret_file", file)?;
        // A base that is set has been read as an address without a path.
        let Ok(redirect) = RedirectUrl::new(format!("{base}{RETURN_PATH}")) else { return Ok(None) };
        let label = |label: &Option<Line>, usual: &str| label.as_ref().map_or(usual, Line::as_str).to_owned();
        Ok(Some(Self(Arc::new(Shared {
            issuer: issuer.as_str().to_owned(),
            id: ClientId::new(id.as_str().to_owned()),
            secret: ClientSecret::new(secret.to_string()),
            redirect,
            labels: [label(&oidc.label_zh, "统一身份认证"), label(&oidc.label_en, "single sign-on")],
            asks_for_factor: oidc.require_second_factor,
            fetcher: Fetcher::new(config)?,
            known: Mutex::default(),
            flows: Flows::default(),
        }))))
    }

    /// As it names itself.
    pub(crate) fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// As people call it.
    pub(crate) fn label(&self, language: Language) -> &str {
        let [zh, en] = &self.0.labels;
        match language {
            Language::Zh => zh,
            Language::En => en,
        }
    }

    /// Whether whoever has a second factor here is asked for it as well.
    pub(crate) fn asks_for_factor(&self) -> bool {
        self.0.asks_for_factor
    }

    /// Asks it how it describes itself.
    ///
    /// # Errors
    /// [`Refused::Unusable`] where it does not say.
    pub(crate) async fn reach(&self, now: Micros) -> Result<(), Refused> {
        self.metadata(now).await.map(drop)
    }

    /// Leads somebody there, who then goes on to `back`.
    ///
    /// # Errors
    /// [`Refused::Unusable`] where it cannot be reached.
    pub(crate) async fn leave(
        &self,
        aim: Aim,
        back: String,
        language: Language,
        now: Micros,
    ) -> Result<Leaving, Refused> {
        let metadata = self.metadata(now).await?;
        let client = self.client(&metadata);
        let (state, nonce, verifier) = (random_text().to_string(), random_text().to_string(), random_text());
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(verifier.to_string()));
        let (said, meant) = (CsrfToken::new(state.clone()), Nonce::new(nonce.clone()));
        let request = client.authorize_url(CoreAuthenticationFlow::AuthorizationCode, move || said, move || meant);
        let request = request.set_pkce_challenge(challenge).add_ui_locale(LanguageTag::new(language.tag().to_owned()));
        let (url, ..) = request.url();
        let secret = self.0.flows.keep(Flow { state, nonce, verifier, aim, back }, now);
        Ok(Leaving { url: url.into(), secret })
    }

    /// Whom it has sent back. The same return is never good a second time.
    ///
    /// # Errors
    /// Why they are not let through, and where they may go on; empty: nobody knows.
    pub(crate) async fn arrive(&self, returning: &Returning, now: Micros) -> Result<Arrived, (Refused, String)> {
        let shown = returning.secret.as_ref().map_or("", |secret| secret.as_str());
        let flow = self.0.flows.take(shown, &returning.state, now);
        let Some(flow) = flow else { return Err((Refused::Unexpected, String::new())) };
        match self.vouched(returning, &flow, now).await {
            Ok(who) => Ok(Arrived { who, aim: flow.aim, back: flow.back }),
            Err(refused) => Err((refused, flow.back)),
        }
    }

    async fn vouched(&self, returning: &Returning, flow: &Flow, now: Micros) -> Result<Vouched, Refused> {
        let metadata = self.metadata(now).await?;
        let named = metadata.additional_metadata().authorization_response_iss_parameter_supported;
        if (named || !returning.issuer.is_empty()) && returning.issuer != self.0.issuer {
            return Err(Refused::Mixed(said(&returning.issuer)));
        }
        if !returning.error.is_empty() {
            return Err(Refused::Declined(said(&returning.error)));
        }
        if returning.code.is_empty() {
            return Err(Refused::Unproven("there is no code".to_owned()));
        }
        let token = self.exchange(&metadata, &returning.code, flow).await?;
        let verified = match self.verify(&metadata, &token, flow, now) {
            Err(ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey)) => {
                let renewed = self.renewed(&metadata, now).await?;
                self.verify(&renewed, &token, flow, now)
            }
            verified => verified,
        };
        let subject = verified.map_err(|error| Refused::Unproven(said(&chain(&error))))?;
        let fits = !subject.is_empty()
            && subject.chars().count() <= limits::OPENID_SUBJECT_CHARS
            && !subject.chars().any(char::is_control);
        if !fits {
            return Err(Refused::Unproven("its subject is none".to_owned()));
        }
        Ok(Vouched { issuer: self.0.issuer.clone(), subject })
    }

    /// Gives the code for the provider's word on who it is.
    async fn exchange(&self, metadata: &Metadata, code: &str, flow: &Flow) -> Result<CoreIdToken, Refused> {
        let client = self.client(metadata);
        let request = client.exchange_code(AuthorizationCode::new(code.to_owned()));
        let request = request.map_err(|error| Refused::Unusable(said(&chain(&error))))?;
        let request = request.set_pkce_verifier(PkceCodeVerifier::new(flow.verifier.to_string()));
        let answer = request.request_async(&self.0.fetcher).await.map_err(|error| match error {
            RequestTokenError::Request(error) => Refused::Unusable(said(&error.to_string())),
            RequestTokenError::ServerResponse(answer) => Refused::Unproven(said(&format!("the code: {answer}"))),
            other => Refused::Unproven(said(&chain(&other))),
        })?;
        answer.id_token().cloned().ok_or_else(|| Refused::Unproven("there is no id token".to_owned()))
    }

    /// The subject of a token that this provider has signed for this server, for this return, and that is good now.
    fn verify(
        &self,
        metadata: &Metadata,
        token: &CoreIdToken,
        flow: &Flow,
        now: Micros,
    ) -> Result<String, ClaimsVerificationError> {
        let client = self.client(metadata);
        // A shared secret would let whoever reads it here sign as the provider.
        let asymmetric = |algorithm: &CoreJwsSigningAlgorithm| {
            use CoreJwsSigningAlgorithm::{HmacSha256, HmacSha384, HmacSha512, None};
            !matches!(algorithm, HmacSha256 | HmacSha384 | HmacSha512 | None)
        };
        let offered = metadata.id_token_signing_alg_values_supported().iter().filter(|one| asymmetric(one)).cloned();
        let now = SystemTime::UNIX_EPOCH + Duration::from_micros(u64::try_from(now).unwrap_or(0));
        let verifier = client.id_token_verifier().set_allowed_algs(offered).set_time_fn(move || now.into());
        let claims = token.claims(&verifier, &Nonce::new(flow.nonce.clone()))?;
        Ok(claims.subject().as_str().to_owned())
    }

    fn client(&self, metadata: &Metadata) -> Client {
        let Shared { id, secret, redirect, .. } = &*self.0;
        let client = CoreClient::from_provider_metadata(metadata.clone(), id.clone(), Some(secret.clone()));
        let methods = metadata.token_endpoint_auth_methods_supported();
        let offers = |method| methods.is_some_and(|methods| methods.contains(&method));
        let in_body =
            offers(CoreClientAuthMethod::ClientSecretPost) && !offers(CoreClientAuthMethod::ClientSecretBasic);
        let auth = if in_body { AuthType::RequestBody } else { AuthType::BasicAuth };
        client.set_auth_type(auth).set_redirect_uri(redirect.clone())
    }

    /// How it describes itself.
    async fn metadata(&self, now: Micros) -> Result<Arc<Metadata>, Refused> {
        let mut known = self.0.known.lock().await;
        match (&known.metadata, &known.failed) {
            (_, Some(refused)) if known.is_younger(limits::OPENID_REST, now) => Err(refused.clone()),
            (Some(metadata), _) if known.is_younger(limits::OPENID_KEPT, now) => Ok(metadata.clone()),
            _ => self.ask(&mut known, now).await,
        }
    }

    /// The same asked anew, where it was not a moment ago: it has signed with a key that is not in `stale`.
    async fn renewed(&self, stale: &Arc<Metadata>, now: Micros) -> Result<Arc<Metadata>, Refused> {
        let mut known = self.0.known.lock().await;
        match &known.metadata {
            Some(held) if !Arc::ptr_eq(held, stale) || known.is_younger(limits::OPENID_KEYS_REST, now) => {
                Ok(held.clone())
            }
            _ => self.ask(&mut known, now).await,
        }
    }

    async fn ask(&self, known: &mut Known, now: Micros) -> Result<Arc<Metadata>, Refused> {
        let asked = self.discover().await;
        known.asked = Some(now);
        known.failed = asked.as_ref().err().cloned();
        if let Ok(metadata) = &asked {
            known.metadata = Some(metadata.clone());
        }
        asked
    }

    async fn discover(&self) -> Result<Arc<Metadata>, Refused> {
        let unusable = |why: String| Refused::Unusable(said(&why));
        let issuer = IssuerUrl::new(self.0.issuer.clone()).map_err(|error| unusable(error.to_string()))?;
        let metadata = Metadata::discover_async(issuer, &self.0.fetcher).await;
        let metadata = metadata.map_err(|error| unusable(chain(&error)))?;
        let leads_to = metadata.authorization_endpoint().as_str();
        self.0.fetcher.target(leads_to).map_err(|error| unusable(error.to_string()))?;
        Ok(Arc::new(metadata))
    }
}

/// What others say, before people and logs see it.
fn said(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(SAID_CHARS).collect()
}
