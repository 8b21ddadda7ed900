use std::collections::BTreeSet;

use duikou_proto::v1::audit_service_client::AuditServiceClient;
use duikou_proto::v1::subscription::Way;
use duikou_proto::v1::subscription_service_client::SubscriptionServiceClient;
use duikou_proto::v1::{AuditEntry, ListAuditEntriesRequest, Subscription, VerifyAuditRequest, Webhook};
use tonic::Code;

use super::*;
use crate::accounts::Role as Held;

/// All pages of a list, each of `size`.
async fn all(routes: &Routes, secret: Option<&str>, request: ListAuditEntriesRequest) -> Vec<AuditEntry> {
    let mut client = AuditServiceClient::new(routes.clone());
    let mut request = request;
    let mut entries = Vec::new();
    loop {
        let asked = match secret {
            Some(secret) => bearing(secret, request.clone()),
            None => Request::new(request.clone()),
        };
        let page = client.list_audit_entries(asked).await.unwrap().into_inner();
        entries.extend(page.entries);
        if page.next_page_token.is_empty() {
            return entries;
        }
        request.page_token = page.next_page_token;
    }
}

#[tokio::test]
async fn pages_of_the_trail_are_whole_in_either_order() {
    let world = World::new().await;
    for at in 0..25 {
        world.publish("a", &format!("tea-{at}"), &[]).await;
    }
    let numbers = async |oldest_first: bool, page_size: i32| {
        let request = ListAuditEntriesRequest { oldest_first, page_size, ..ListAuditEntriesRequest::default() };
        all(&world.local, None, request).await.into_iter().map(|entry| entry.number).collect::<Vec<_>>()
    };
    for size in [1, 7, 25, 1_000] {
        assert_eq!(numbers(true, size).await, (1..=25).collect::<Vec<_>>(), "pages of {size}");
        assert_eq!(numbers(false, size).await, (1..=25).rev().collect::<Vec<_>>(), "pages of {size}");
    }
    let sought = |action: &str, resource: &str| ListAuditEntriesRequest {
        action: action.into(),
        resource: resource.into(),
        ..ListAuditEntriesRequest::default()
    };
    let name = "members/a.n.example/listings/tea-2";
    assert_eq!(all(&world.local, None, sought("listing.", name)).await.len(), 6, "2 and 20 to 24");
    assert!(all(&world.local, None, sought("listing", "")).await.is_empty());
    assert_eq!(all(&world.local, None, sought("listing.create", "")).await.len(), 25);
    let since = ListAuditEntriesRequest {
        since_time: Some(crate::time::timestamp(START + SECOND)),
        ..ListAuditEntriesRequest::default()
    };
    assert!(all(&world.local, None, since).await.is_empty());
}

#[tokio::test]
async fn what_was_done_to_a_subscription_is_told_with_where_it_delivers() {
    let world = World::new().await;
    let mut client = SubscriptionServiceClient::new(world.local.clone());
    let to = |url: &str| Some(Way::Webhook(Webhook { url: url.into() }));
    let wanted = Subscription { way: to("https://one.example/in?token=abc"), ..Subscription::default() };
    let create = v1::CreateSubscriptionRequest { subscription: Some(wanted), ..Default::default() };
    let made = client.create_subscription(create).await.unwrap().into_inner().subscription.unwrap();
    let name = made.name.clone();
    let stale = Subscription { etag: "x".into(), label: "tea".into(), ..made.clone() };
    let stale = v1::UpdateSubscriptionRequest { subscription: Some(stale), ..Default::default() };
    let refused = client.update_subscription(stale).await.unwrap_err();
    assert_eq!(reason(&refused), "ETAG_MISMATCH");
    assert!(refused.message().contains(&name), "{}", refused.message());
    let other = Subscription { name: name.clone(), way: to("https://two.example/"), ..Subscription::default() };
    let update = v1::UpdateSubscriptionRequest { subscription: Some(other), ..Default::default() };
    client.update_subscription(update).await.unwrap();
    client.pause_subscription(v1::PauseSubscriptionRequest { name: name.clone() }).await.unwrap();
    client.resume_subscription(v1::ResumeSubscriptionRequest { name: name.clone() }).await.unwrap();
    let rotate = v1::RotateSubscriptionSecretRequest { name: name.clone(), ..Default::default() };
    client.rotate_subscription_secret(rotate).await.unwrap();
    let origin = Some(v1::replay_subscription_request::Origin::StartTime(crate::time::timestamp(START)));
    client.replay_subscription(v1::ReplaySubscriptionRequest { name: name.clone(), origin }).await.unwrap();
    client
        .delete_subscription(v1::DeleteSubscriptionRequest { name: name.clone(), ..Default::default() })
        .await
        .unwrap();

    let request = ListAuditEntriesRequest { oldest_first: true, ..ListAuditEntriesRequest::default() };
    let entries = all(&world.local, None, request).await;
    assert!(entries.iter().all(|entry| entry.resource == name && entry.actor == "local"), "{entries:#?}");
    let told: Vec<String> = entries.iter().map(|entry| format!("{} {}", entry.action, entry.detail)).collect();
    assert_eq!(
        told,
        [
            "subscription.create webhook one.example",
            "subscription.update webhook two.example",
            "subscription.pause webhook two.example",
            "subscription.resume webhook two.example",
            "subscription.rotate webhook two.example",
            "subscription.replay webhook two.example",
            "subscription.delete webhook two.example",
        ]
    );
}

#[tokio::test]
async fn a_listings_history_goes_on_from_where_it_was_read() {
    let world = World::new().await;
    let door = Door { engine: world.engine.clone(), accounts: world.accounts.clone(), surface: Surface::Local };
    let audits = crate::services::audit::Audits::new(door);
    let history = async |listing: &str, limit: usize| {
        let name = format!("members/a.n.example/listings/{listing}").parse().unwrap();
        let entries = audits.history(Request::new((name, limit))).await.unwrap();
        entries.into_iter().map(|happened| happened.entry.action).collect::<Vec<_>>()
    };
    assert!(history("tea", 9).await.is_empty());
    for listing in ["tea", "tea-2", "silk"] {
        world.publish("a", listing, &[]).await;
    }
    assert_eq!(history("tea", 9).await, ["listing.create"]);
    let name = "members/a.n.example/listings/tea".to_owned();
    let withdraw = async |reason: v1::WithdrawalReason| {
        let request = v1::WithdrawListingRequest { name: name.clone(), reason: reason.into(), ..Default::default() };
        world.admin().withdraw_listing(request).await.unwrap();
    };
    // What has ended is not withdrawn once more, nor is it filled by saying so.
    for reason in [v1::WithdrawalReason::Withdrawn, v1::WithdrawalReason::Withdrawn, v1::WithdrawalReason::Filled] {
        withdraw(reason).await;
        assert_eq!(history("tea", 9).await, ["listing.withdraw", "listing.create"]);
    }
    for _ in 0..2 {
        withdraw(v1::WithdrawalReason::Deleted).await;
        assert_eq!(history("tea", 9).await, ["listing.withdraw", "listing.withdraw", "listing.create"]);
    }
    assert_eq!(history("tea", 1).await, ["listing.withdraw"]);
    assert_eq!(history("tea-2", 9).await, ["listing.create"]);
}

#[tokio::test]
async fn an_administrator_of_a_member_learns_nothing_of_the_others() {
    let world = World::new().await;
    world.publish("a", "mine", &[]).await;
    world.publish("b", "theirs", &[]).await;
    let token = world.token("a", Role::Admin).await;
    let session = world.session("li", "a", Held::Admin).await;
    for secret in [&token, &session] {
        let seen = all(&world.public, Some(secret), ListAuditEntriesRequest::default()).await;
        let members: BTreeSet<&str> = seen.iter().map(|entry| entry.member.as_str()).collect();
        assert_eq!(members, ["a.n.example"].into());
        assert!(seen.iter().all(|entry| entry.number == 0 && entry.line.is_empty()), "numbers count the others");
        let other = ListAuditEntriesRequest { member: "b".into(), ..ListAuditEntriesRequest::default() };
        assert!(all(&world.public, Some(secret), other).await.is_empty());
        let mut client = AuditServiceClient::new(world.public.clone());
        let refused = client.verify_audit(bearing(secret, VerifyAuditRequest::default())).await.unwrap_err();
        assert_eq!((refused.code(), reason(&refused).as_str()), (Code::PermissionDenied, "NOT_PERMITTED"));
    }
    let mut local = AuditServiceClient::new(world.local.clone());
    let whole = local.verify_audit(VerifyAuditRequest::default()).await.unwrap().into_inner();
    assert!(whole.whole && whole.entry_count >= 5, "{whole:?}");
    let again = VerifyAuditRequest { head: whole.head.clone() };
    assert!(local.verify_audit(again).await.unwrap().into_inner().whole);
    let other = whole.head.replace(&whole.head[whole.head.len() - 4..], "0000");
    let broken = local.verify_audit(VerifyAuditRequest { head: other }).await.unwrap().into_inner();
    assert_eq!((broken.whole, broken.broken_reason.as_str()), (false, "CHANGED"));
    let bad = local.verify_audit(VerifyAuditRequest { head: "nonsense".into() }).await.unwrap_err();
    assert_eq!(violations(&bad), ["head BAD_FORMAT"]);
}
