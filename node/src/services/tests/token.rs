use duikou_proto::v1::{CreateTokenRequest, GetListingRequest, ListTokensRequest, RevokeTokenRequest};
use tonic::Code;

use super::*;
use crate::services::time::timestamp;

#[tokio::test]
async fn a_token_works_until_it_is_revoked_or_expires() {
    let world = World::new().await;
    world.publish("a", "mine", &[]).await;
    let get = || GetListingRequest { name: "members/a/listings/mine".into() };
    let token = Token {
        label: "import".into(),
        member: "a".into(),
        role: Role::Viewer.into(),
        expire_time: Some(timestamp(START + DAY)),
        ..Token::default()
    };
    let made = world.tokens().create_token(CreateTokenRequest { token: Some(token) }).await.unwrap().into_inner();
    assert!(made.secret.starts_with("dk_") && made.secret.len() == 46);
    assert!(world.anybody().get_listing(bearing(&made.secret, get())).await.is_ok());
    let listed = world.tokens().list_tokens(ListTokensRequest {}).await.unwrap().into_inner().tokens;
    assert_eq!(listed, [made.token.clone().unwrap()]);
    let kept = world.engine.facts::<serde_json::Value>("token/", 10).await.unwrap();
    assert!(!format!("{kept:?}").contains(&made.secret[3..]), "the secret is kept nowhere");
    world.pass(DAY);
    let expired = world.anybody().get_listing(bearing(&made.secret, get())).await.unwrap_err();
    assert_eq!((expired.code(), reason(&expired).as_str()), (Code::Unauthenticated, "TOKEN_INVALID"));
    let other = world.token("a", Role::Viewer).await;
    let listed = world.tokens().list_tokens(ListTokensRequest {}).await.unwrap().into_inner().tokens;
    assert_eq!(listed.len(), 2);
    let revoke = RevokeTokenRequest { name: listed[0].name.clone() };
    world.tokens().revoke_token(revoke.clone()).await.unwrap();
    assert_eq!(world.tokens().revoke_token(revoke).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(world.anybody().get_listing(bearing(&other, get())).await.unwrap_err().code(), Code::Unauthenticated);
    for wrong in ["dk_nothing", "Bearer", ""] {
        let refused = world.anybody().get_listing(bearing(wrong, get())).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unauthenticated);
    }
}

#[tokio::test]
async fn what_a_token_may_be_is_checked() {
    let world = World::new().await;
    let check = async |token: Token, expected: &[&str]| {
        let request = CreateTokenRequest { token: Some(token) };
        assert_eq!(violations(&world.tokens().create_token(request).await.unwrap_err()), expected);
    };
    let viewer = || Token { member: "a".into(), role: Role::Viewer.into(), ..Token::default() };
    check(Token::default(), &["token.role UNSPECIFIED", "token.member INCONSISTENT"]).await;
    check(Token { registered: true, ..viewer() }, &["token.member INCONSISTENT"]).await;
    check(Token { member: "c".into(), ..viewer() }, &["token.member UNKNOWN_CODE"]).await;
    check(Token { label: "x".repeat(121), ..viewer() }, &["token.label TOO_LONG"]).await;
    check(Token { expire_time: Some(timestamp(START)), ..viewer() }, &["token.expire_time OUT_OF_RANGE"]).await;
    let editor = Token { registered: true, role: Role::Editor.into(), ..Token::default() };
    check(editor, &["token.role INCONSISTENT"]).await;
}

#[tokio::test]
async fn only_administrators_handle_tokens_and_only_their_members() {
    let world = World::new().await;
    let mut public = TokenServiceClient::new(world.public.clone());
    let anonymous = public.list_tokens(ListTokensRequest {}).await.unwrap_err();
    assert_eq!(anonymous.code(), Code::Unauthenticated);
    let editor = world.token("a", Role::Editor).await;
    let refused = public.list_tokens(bearing(&editor, ListTokensRequest {})).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    let admin = world.token("a", Role::Admin).await;
    world.token("b", Role::Viewer).await;
    let listed = public.list_tokens(bearing(&admin, ListTokensRequest {})).await.unwrap().into_inner().tokens;
    assert!(listed.len() == 2 && listed.iter().all(|token| token.member == "a.n.example"));
    let token = |member: &str| CreateTokenRequest {
        token: Some(Token { member: member.into(), role: Role::Viewer.into(), ..Token::default() }),
    };
    assert!(public.create_token(bearing(&admin, token("a"))).await.is_ok());
    let other = public.create_token(bearing(&admin, token("b"))).await.unwrap_err();
    assert_eq!(other.code(), Code::PermissionDenied);
}
