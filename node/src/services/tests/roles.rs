//! The table of roles, over every method of the contract and everybody who can call one.

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http_body_util::{BodyExt, Full};
use tonic::body::Body;
use tower::ServiceExt;

use super::*;
use crate::accounts::Role as Held;
use crate::services::roles::{Need, need};

/// One who calls: what they show, whether they are signed in, and what they are.
struct Asker {
    who: String,
    secret: Option<String>,
    signed_in: bool,
    registered: bool,
    role: Option<Held>,
}

impl Asker {
    fn may(&self, need: Need) -> bool {
        let known = self.secret.is_some();
        let at_least = |role: Held| known && !self.registered && self.role.is_some_and(|held| held >= role);
        match need {
            Need::Nobody => true,
            Need::Known => known,
            Need::Session => self.signed_in,
            Need::Subscriber => self.registered || at_least(Held::Editor),
            Need::Own => self.signed_in || at_least(Held::Admin),
            Need::Least(role) => at_least(role),
            Need::Server | Need::Machine => false,
        }
    }
}

/// Why a call with an empty message is refused before its first answer; empty where it is not.
async fn refusal(routes: &Routes, path: &str, secret: Option<&str>) -> String {
    let mut request = http::Request::post(path).header(CONTENT_TYPE, "application/grpc").header("te", "trailers");
    if let Some(secret) = secret {
        request = request.header(AUTHORIZATION, format!("Bearer {secret}"));
    }
    let request = request.body(Body::new(Full::new(bytes::Bytes::from_static(&[0; 5])))).unwrap();
    let response = routes.clone().oneshot(request).await.unwrap();
    let (parts, mut body) = response.into_parts();
    let status = match Status::from_header_map(&parts.headers) {
        Some(status) => Some(status),
        // A stream goes on and on: that it has begun is enough.
        None if ["/Watch", "/QueryListings"].iter().any(|stream| path.ends_with(stream)) => None,
        None => {
            let mut trailers = None;
            while let Some(frame) = body.frame().await {
                trailers = frame.unwrap().into_trailers().ok().or(trailers);
            }
            trailers.and_then(|trailers| Status::from_header_map(&trailers))
        }
    };
    status.map(|status| reason(&status)).unwrap_or_default()
}

#[tokio::test]
async fn everybody_may_what_their_row_allows_and_nothing_else() {
    let world = World::new().await;
    let mut askers =
        vec![Asker { who: "anybody".into(), secret: None, signed_in: false, registered: false, role: None }];
    let registered = Token { registered: true, role: Role::Viewer.into(), ..Token::default() };
    let request = v1::CreateTokenRequest { token: Some(registered) };
    let secret = world.tokens().create_token(request).await.unwrap().into_inner().secret;
    let (secret, who) = (Some(secret), "an enterprise".to_owned());
    askers.push(Asker { who, secret, signed_in: false, registered: true, role: Some(Held::Viewer) });
    for role in [Held::Viewer, Held::Editor, Held::Reviewer, Held::Admin] {
        let secret = Some(world.token("a", role.shown()).await);
        askers.push(Asker {
            who: format!("a token {role:?}"),
            secret,
            signed_in: false,
            registered: false,
            role: Some(role),
        });
        let secret = Some(world.session(&format!("{role:?}"), "a", role).await);
        askers.push(Asker {
            who: format!("a person {role:?}"),
            secret,
            signed_in: true,
            registered: false,
            role: Some(role),
        });
    }
    let mut looked = 0;
    for path in crate::http::public_methods() {
        let need = need(&path).unwrap_or_else(|| panic!("{path} has no row"));
        for asker in &mut askers {
            // For registered readers a gateway asks, and this is a node.
            if asker.registered && path.ends_with("/QueryListings") {
                continue;
            }
            let told = refusal(&world.public, &path, asker.secret.as_deref()).await;
            let refused = ["TOKEN_REQUIRED", "NOT_PERMITTED", "SESSION_REQUIRED"].contains(&told.as_str());
            assert_eq!(!refused, asker.may(need), "{} calls {path}, which needs {need:?}: {told:?}", asker.who);
            looked += 1;
            if path.ends_with("/SignOut") && asker.signed_in {
                let role = asker.role.unwrap();
                asker.secret = Some(world.again(&format!("{role:?}")).await);
            }
        }
    }
    assert!(looked > 400, "{looked}");
}
