use duikou_proto::federation::{Resume, Suspend};
use duikou_proto::v1::{GetMemberRequest, GetNetworkRequest, ListCirclesRequest, ListMembersRequest, member};
use tonic::Code;

use super::*;

#[tokio::test]
async fn everyone_reads_who_is_in_the_network() {
    let mut world = World::new().await;
    world.act(Action::Suspend(Suspend { member: id("b").to_string(), reason: String::new() })).await;
    let network = world.directories().get_network(GetNetworkRequest {}).await.unwrap().into_inner();
    assert_eq!((network.name.as_str(), network.directory_index), ("n.example", world.directory.index()));
    assert_eq!(network.root_fingerprint, Signer::from_seed(0, [1; 32]).public().fingerprint());
    let mut request = ListMembersRequest { page_size: 2, ..ListMembersRequest::default() };
    let first = world.directories().list_members(request.clone()).await.unwrap().into_inner();
    request.page_token = first.next_page_token;
    let second = world.directories().list_members(request).await.unwrap().into_inner();
    let members: Vec<_> = first.members.iter().chain(&second.members).map(|m| (m.id.as_str(), m.state())).collect();
    let (active, suspended) = (member::State::Active, member::State::Suspended);
    assert_eq!(members, [("a", active), ("b", suspended), ("c", active)]);
    assert!(second.next_page_token.is_empty());
    let request = GetMemberRequest { name: "members/c".into() };
    let member = world.directories().get_member(request).await.unwrap().into_inner();
    assert_eq!((member.node.as_str(), member.key_number), ("elsewhere.n.example", 1));
    let absent = GetMemberRequest { name: "members/nobody".into() };
    assert_eq!(world.directories().get_member(absent).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn why_a_member_is_suspended_is_for_the_network_alone() {
    let mut world = World::new().await;
    let secret = world.token("a", Role::Viewer).await;
    world.act(Action::Suspend(Suspend { member: id("c").to_string(), reason: "audit".into() })).await;
    let get = || GetMemberRequest { name: "members/c".into() };
    let reason = async |request| world.directories().get_member(request).await.unwrap().into_inner().state_reason;
    assert_eq!(reason(bearing(&secret, get())).await, "audit");
    assert_eq!(reason(Request::new(get())).await, "", "the public is not told");
    world.act(Action::Resume(Resume { member: id("c").to_string() })).await;
    let reason = world.directories().get_member(bearing(&secret, get())).await.unwrap().into_inner().state_reason;
    assert_eq!(reason, "", "it is over");
}

#[tokio::test]
async fn circles_are_known_to_those_who_are_in_them() {
    let world = World::new().await;
    let (a, b) = (world.token("a", Role::Viewer).await, world.token("b", Role::Viewer).await);
    let circles = async |request| {
        let circles = world.directories().list_circles(request).await.unwrap().into_inner().circles;
        circles.into_iter().map(|circle| (circle.name, circle.members.join(" "))).collect::<Vec<_>>()
    };
    assert_eq!(circles(bearing(&a, ListCirclesRequest {})).await, [("ring".to_owned(), "a c".to_owned())]);
    assert!(circles(bearing(&b, ListCirclesRequest {})).await.is_empty());
    assert!(circles(Request::new(ListCirclesRequest {})).await.is_empty());
}
