//! A node that is killed while it approves: of each draft either the listing is published and the draft has ended, or
//! neither; and what was answered stays.

use std::collections::BTreeSet;

use duikou_proto::v1::draft::State;
use duikou_proto::v1::listing_service_client::ListingServiceClient;
use duikou_proto::v1::{ApproveDraftRequest, CreateListingRequest, Draft, ListDraftsRequest};
use duikou_tests::harness::{Network, Server, offer};
use futures_util::{StreamExt, stream};

use super::{drafts, get};

const DRAFTS: usize = 120;
const ABREAST: usize = 16;

async fn open(node: &Server) -> Vec<Draft> {
    let request = ListDraftsRequest { parent: "members/shenzhen".into(), page_size: 1000, ..Default::default() };
    drafts(node).list_drafts(request).await.unwrap().into_inner().drafts
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_that_a_kill_meets_is_whole_or_not_there() {
    let net = Network::new(964).gateway().node("shenzhen", &["shenzhen"]).node("bijie", &["bijie"]).start().await;
    let node = net.node("shenzhen");
    node.cli(&["drafts", "policy", "shenzhen", "--rule", "self"]).await.done();
    let mut all = Vec::new();
    for number in 0..DRAFTS {
        let request = CreateListingRequest {
            listing: Some(offer(&format!("tea-{number}")).listing("shenzhen")),
            submit: true,
            ..Default::default()
        };
        let waits = ListingServiceClient::new(node.local()).create_listing(request).await.unwrap().into_inner();
        all.push(waits);
    }
    let mut answered = BTreeSet::new();
    for round in 0..4 {
        let enough = 5 + usize::try_from(net.chance(15)).unwrap();
        let waiting = open(node).await;
        let mut approvals = stream::iter(waiting)
            .map(|draft| async move {
                let request =
                    ApproveDraftRequest { name: draft.name, content_hash: draft.content_hash, ..Default::default() };
                drafts(node).approve_draft(request).await
            })
            .buffer_unordered(ABREAST);
        for _ in 0..enough {
            let approved = approvals.next().await.unwrap().unwrap().into_inner();
            answered.insert(approved.listing);
        }
        node.kill9();
        drop(approvals);
        node.start().await;
        let mut published = 0;
        for waits in &all {
            let draft = get(node, &waits.draft).await;
            let listing = node.get(&waits.name).await;
            match draft.state() {
                State::Approved => assert_eq!(listing.unwrap().revision, draft.revision, "round {round}"),
                State::Submitted => assert!(listing.is_err(), "round {round}: {} is published", waits.name),
                other => panic!("round {round}: {} is {other:?}", draft.name),
            }
            published += usize::from(draft.state() == State::Approved);
            let known = answered.contains(&waits.name);
            assert!(!known || draft.state() == State::Approved, "round {round}: {} was answered", waits.name);
        }
        assert_eq!(open(node).await.len(), DRAFTS - published, "round {round}");
    }
    for draft in open(node).await {
        let request = ApproveDraftRequest { name: draft.name, content_hash: draft.content_hash, ..Default::default() };
        drafts(node).approve_draft(request).await.unwrap();
    }
    net.settle().await;
    assert_eq!(net.node("bijie").list("members/shenzhen").await.unwrap().len(), DRAFTS);
    net.finish().await;
}
