use duikou_proto::v1::feed_event::Event;
use duikou_proto::v1::token::Area;
use duikou_proto::v1::{
    CreateTokenRequest, GetListingRequest, GetNetworkRequest, ListListingsRequest, ListTokensRequest,
    RevokeTokenRequest, WatchRequest,
};
use tonic::Code;
use tonic_types::StatusExt;

use super::*;
use crate::audit::Actor;
use crate::engine::EnterpriseState;
use crate::limits;
use crate::services::auth::Identified;
use crate::time::timestamp;

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
    let shown = Token { last_use_time: Some(timestamp(START)), ..made.token.clone().unwrap() };
    assert_eq!(listed, [shown]);
    let kept = world.engine.facts::<serde_json::Value>("token/", 10).await.unwrap();
    assert!(!format!("{kept:?}").contains(&made.secret[3..]), "the secret is kept nowhere");
    world.pass(DAY);
    let expired = world.anybody().get_listing(bearing(&made.secret, get())).await.unwrap_err();
    assert_eq!((expired.code(), reason(&expired).as_str()), (Code::Unauthenticated, "TOKEN_EXPIRED"));
    let other = world.token("a", Role::Viewer).await;
    let listed = world.tokens().list_tokens(ListTokensRequest {}).await.unwrap().into_inner().tokens;
    assert_eq!(listed.len(), 2);
    let revoke = RevokeTokenRequest { name: listed[0].name.clone(), ..Default::default() };
    world.tokens().revoke_token(revoke.clone()).await.unwrap();
    assert_eq!(world.tokens().revoke_token(revoke).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(world.anybody().get_listing(bearing(&other, get())).await.unwrap_err().code(), Code::Unauthenticated);
    for wrong in ["dk_nothing", "Bearer", ""] {
        let refused = world.anybody().get_listing(bearing(wrong, get())).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unauthenticated);
    }
}

#[tokio::test]
async fn a_caller_who_is_known_is_not_looked_for_again() {
    let world = World::new().await;
    world.publish("a", "mine", &[]).await;
    let secret = world.token("a", Role::Viewer).await;
    let get = || GetListingRequest { name: "members/a/listings/mine".into() };
    let headers = bearing(&secret, ()).into_parts().0.into_headers();
    let known = Identified::of(&world.accounts, &headers, &http::Extensions::new()).await;
    // As a page asks: who it is stands beside the request, and no header says so.
    let mut asked = Request::new(get());
    asked.extensions_mut().insert(known.clone());
    assert!(world.anybody().get_listing(asked).await.is_ok());
    let token = world.tokens().list_tokens(ListTokensRequest {}).await.unwrap().into_inner().tokens.remove(0);
    world.tokens().revoke_token(RevokeTokenRequest { name: token.name, ..Default::default() }).await.unwrap();
    // The call that was let in just before goes on, whose token nobody could find any longer.
    let mut asked = bearing(&secret, get());
    asked.extensions_mut().insert(known);
    assert!(world.anybody().get_listing(asked).await.is_ok());
    assert_eq!(reason(&world.anybody().get_listing(bearing(&secret, get())).await.unwrap_err()), "TOKEN_INVALID");
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
    for never in [timestamp(START), prost_types::Timestamp { seconds: 253_402_300_800, nanos: 0 }] {
        check(Token { expire_time: Some(never), ..viewer() }, &["token.expire_time OUT_OF_RANGE"]).await;
    }
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

#[tokio::test]
async fn a_limited_token_makes_none_beyond_its_limits() {
    let world = World::new().await;
    let mut tokens = TokenServiceClient::new(world.public.clone());
    let admin = || Token { member: "a".into(), role: Role::Admin.into(), ..Token::default() };
    let areas = |areas: &[Area]| areas.iter().map(|area| i32::from(*area)).collect::<Vec<_>>();
    let own = areas(&[Area::Read, Area::Tokens]);
    let limited = Token { areas: own.clone(), expire_time: Some(timestamp(START + DAY)), ..admin() };
    let make = |token: Token| CreateTokenRequest { token: Some(token) };
    let secret = world.tokens().create_token(make(limited)).await.unwrap().into_inner().secret;
    for beyond in [
        Token { areas: areas(&[Area::Write]), ..admin() },
        Token { areas: areas(&[Area::Read, Area::Subscriptions]), ..admin() },
        Token { expire_time: Some(timestamp(START + DAY + SECOND)), ..admin() },
    ] {
        let refused = tokens.create_token(bearing(&secret, make(beyond))).await.unwrap_err();
        assert_eq!(named(&refused), (Code::PermissionDenied, "BEYOND_TOKEN".to_owned()));
    }
    let mut made = async |token: Token| {
        let made = tokens.create_token(bearing(&secret, make(token))).await.unwrap().into_inner().token.unwrap();
        (made.areas, made.expire_time)
    };
    let end = Some(timestamp(START + DAY));
    assert_eq!(made(admin()).await, (own, end), "who asks for no limits has those of the maker");
    let less = Token { areas: areas(&[Area::Read]), expire_time: Some(timestamp(START + SECOND)), ..admin() };
    assert_eq!(made(less).await, (areas(&[Area::Read]), Some(timestamp(START + SECOND))));
    let unlimited = world.token("a", Role::Admin).await;
    let made = tokens.create_token(bearing(&unlimited, make(admin()))).await.unwrap().into_inner().token.unwrap();
    assert_eq!((made.areas, made.expire_time), (Vec::new(), None));
}

#[tokio::test]
async fn a_member_fills_its_own_room_and_nobody_elses() {
    let world = World::new().await;
    let mut tokens = TokenServiceClient::new(world.public.clone());
    let admin = world.token("a", Role::Admin).await;
    let make = |member: &str, expire_time| {
        let token = Token { member: member.into(), role: Role::Viewer.into(), expire_time, ..Token::default() };
        CreateTokenRequest { token: Some(token) }
    };
    let soon = Some(timestamp(START + SECOND));
    for _ in 1..limits::TOKENS_PER_MEMBER {
        tokens.create_token(bearing(&admin, make("a", soon))).await.unwrap();
    }
    let refused = tokens.create_token(bearing(&admin, make("a", None))).await.unwrap_err();
    assert_eq!(named(&refused), (Code::ResourceExhausted, "TOKEN_LIMIT".to_owned()));
    assert!(refused.get_details_retry_info().is_none(), "waiting does not help");
    let other = world.token("b", Role::Admin).await;
    tokens.create_token(bearing(&other, make("b", None))).await.expect("another member has its own room");
    world.tokens().create_token(make("a", None)).await.expect("the operator is above that");
    world.pass(2 * SECOND);
    tokens.create_token(bearing(&admin, make("a", None))).await.expect("those that have expired take no room");
}

fn named(status: &Status) -> (Code, String) {
    (status.code(), reason(status))
}

#[tokio::test]
async fn a_narrowed_token_sees_and_does_no_more_than_it_says() {
    let world = World::new().await;
    world.publish("a", "open", &["public"]).await;
    world.publish("a", "ours", &["network"]).await;
    world.publish("a", "mine", &[]).await;
    let token = Token {
        member: "a".into(),
        role: Role::Viewer.into(),
        scopes: vec!["public".into(), "circle:ring".into()],
        areas: vec![Area::Read.into()],
        ..Token::default()
    };
    let check = async |token: Token, expected: &str| {
        let request = CreateTokenRequest { token: Some(token) };
        assert_eq!(violations(&world.tokens().create_token(request).await.unwrap_err()), [expected]);
    };
    check(Token { scopes: vec!["circle:other".into()], ..token.clone() }, "token.scopes[0] UNKNOWN_CODE").await;
    check(Token { role: Role::Editor.into(), ..token.clone() }, "token.scopes INCONSISTENT").await;
    check(Token { areas: vec![0], ..token.clone() }, "token.areas UNKNOWN_CODE").await;
    let made = world.tokens().create_token(CreateTokenRequest { token: Some(token) }).await.unwrap().into_inner();
    assert_eq!(made.token.unwrap().scopes, ["circle:ring@n.example", "public"]);
    let list = ListListingsRequest { parent: "members/-".into(), ..Default::default() };
    let seen = world.anybody().list_listings(bearing(&made.secret, list)).await.unwrap().into_inner().listings;
    assert_eq!(seen.iter().map(|listing| listing.name.rsplit('/').next().unwrap()).collect::<Vec<_>>(), ["open"]);
    let mut tokens = TokenServiceClient::new(world.public.clone());
    let refused = tokens.list_tokens(bearing(&made.secret, ListTokensRequest {})).await.unwrap_err();
    assert_eq!(named(&refused), (Code::PermissionDenied, "OTHER_AREA".to_owned()));
    assert!(world.directories().get_network(bearing(&made.secret, GetNetworkRequest {})).await.is_ok());
}

#[tokio::test]
async fn the_last_use_is_noted_and_kept() {
    let world = World::new().await;
    let secret = world.token("a", Role::Viewer).await;
    let last = async || {
        let listed = world.tokens().list_tokens(ListTokensRequest {}).await.unwrap().into_inner().tokens;
        listed[0].last_use_time
    };
    assert_eq!(last().await, None);
    world.pass(SECOND);
    world.directories().get_network(bearing(&secret, GetNetworkRequest {})).await.unwrap();
    assert_eq!(last().await, Some(timestamp(START + SECOND)));
    let rights = world.engine.watch_rights();
    world.uses.keep_now(&world.engine).await;
    let key = crate::services::auth::token_key(&secret);
    let kept = Uses::of_tokens().of(&world.engine, &key).await.unwrap();
    assert_eq!(kept, Some(START + SECOND));
    assert_eq!(last().await, Some(timestamp(START + SECOND)));
    assert!(!rights.has_changed().unwrap(), "nobody's rights are others for that");
    let revoke = RevokeTokenRequest {
        name: world.tokens().list_tokens(ListTokensRequest {}).await.unwrap().into_inner().tokens[0].name.clone(),
        ..Default::default()
    };
    world.tokens().revoke_token(revoke).await.unwrap();
    assert!(rights.has_changed().unwrap());
    assert!(world.engine.facts::<serde_json::Value>("token", 10).await.unwrap().is_empty(), "nor is its use kept");
}

#[tokio::test]
async fn a_suspended_enterprise_reads_nothing_and_its_watches_end() {
    let world = World::new().await;
    let enterprise = crate::engine::Enterprise {
        id: "acme".into(),
        name_zh: "某公司".into(),
        name_en: String::new(),
        credit_code: "91350100M000100Y43".into(),
        contact: "a@b.example".into(),
        state: EnterpriseState::Active,
        reason: String::new(),
        create_time: START,
    };
    let registered = world.engine.register_enterprise(enterprise.clone(), Actor::local()).await.unwrap();
    assert_eq!(registered, crate::engine::Registration::Done);
    let again = crate::engine::Enterprise { id: "other".into(), ..enterprise };
    let again = world.engine.register_enterprise(again, Actor::local()).await.unwrap();
    assert_eq!(again, crate::engine::Registration::CodeTaken);
    let token = |enterprise: &str| Token {
        registered: true,
        role: Role::Viewer.into(),
        enterprise: enterprise.into(),
        ..Token::default()
    };
    let unknown = CreateTokenRequest { token: Some(token("enterprises/nobody")) };
    let refused = world.tokens().create_token(unknown).await.unwrap_err();
    assert_eq!(violations(&refused), ["token.enterprise UNKNOWN_CODE"]);
    let request = CreateTokenRequest { token: Some(token("enterprises/acme")) };
    let secret = world.tokens().create_token(request).await.unwrap().into_inner().secret;
    let ask = async || world.directories().get_network(bearing(&secret, GetNetworkRequest {})).await;
    assert!(ask().await.is_ok());
    let watch = async || world.feed().watch(bearing(&secret, WatchRequest::default())).await.unwrap().into_inner();
    let mut stream = watch().await;
    while !matches!(stream.message().await.unwrap().unwrap().event, Some(Event::CaughtUp(_))) {}
    let set = async |state| {
        world.engine.set_enterprise("acme", state, "checks".into(), Actor::local()).await.unwrap().unwrap()
    };
    set(EnterpriseState::Suspended).await;
    let end = stream.message().await.unwrap_err();
    assert_eq!(named(&end), (Code::Unauthenticated, "READER_SUSPENDED".to_owned()));
    assert_eq!(named(&ask().await.unwrap_err()), (Code::Unauthenticated, "READER_SUSPENDED".to_owned()));
    set(EnterpriseState::Active).await;
    assert!(ask().await.is_ok());
    let mut stream = watch().await;
    while !matches!(stream.message().await.unwrap().unwrap().event, Some(Event::CaughtUp(_))) {}
    assert!(world.engine.remove_enterprise("acme", Actor::local()).await.unwrap());
    assert_eq!(named(&stream.message().await.unwrap_err()).1, "TOKEN_INVALID");
    assert!(!world.engine.remove_enterprise("acme", Actor::local()).await.unwrap());
    assert!(world.engine.facts::<serde_json::Value>("token/", 10).await.unwrap().is_empty());
}
