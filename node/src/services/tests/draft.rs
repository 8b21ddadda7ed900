use duikou_proto::v1::approval_policy::{Deputy, Rule};
use duikou_proto::v1::batch_create_listings_response::result::Outcome;
use duikou_proto::v1::draft::State;
use duikou_proto::v1::draft_service_client::DraftServiceClient;
use duikou_proto::v1::{
    ApprovalPolicy, ApproveDraftBatchRequest, ApproveDraftRequest, BatchCreateListingsRequest, CreateDraftRequest,
    DeleteDraftRequest, DiffDraftRequest, Draft, GetApprovalPolicyRequest, GetDraftRequest, GetListingRequest,
    ListDraftsRequest, ListListingsRequest, ReturnDraftRequest, SubmitDraftRequest, UpdateApprovalPolicyRequest,
    UpdateDraftRequest, UpdateListingRequest, WithdrawListingRequest,
};
use prost_types::FieldMask;
use tonic::Code;

use super::*;
use crate::accounts::Role as Held;
use crate::engine::facts;
use crate::services::listing::end_of_day;
use crate::services::{DraftCounts, Pile};
use crate::time::timestamp;

mod imports;
mod model;
mod waiting;

impl World {
    fn drafts(&self) -> DraftServiceClient<Routes> {
        DraftServiceClient::new(self.public.clone())
    }

    async fn rule(&self, member: &str, rule: Rule) {
        let policy = ApprovalPolicy { rule: rule.into(), ..policy_named(member) };
        let update_mask = Some(FieldMask { paths: vec!["rule".into()] });
        let request = UpdateApprovalPolicyRequest { policy: Some(policy), update_mask, ..Default::default() };
        DraftServiceClient::new(self.local.clone()).update_approval_policy(request).await.unwrap();
    }

    /// The listing as its member sees it.
    async fn published(&self, id: &str) -> Option<Listing> {
        let request = GetListingRequest { name: format!("members/a/listings/{id}") };
        self.admin().get_listing(request).await.ok().map(tonic::Response::into_inner)
    }

    /// All listings, as the administrator sees them.
    async fn all(&self) -> Vec<Listing> {
        let request = ListListingsRequest { parent: "members/-".into(), ..ListListingsRequest::default() };
        self.admin().list_listings(request).await.unwrap().into_inner().listings
    }

    /// Makes a draft.
    async fn draft(&self, secret: &str, id: &str, content: Listing) -> Result<Draft, Status> {
        let content = Listing { name: format!("members/a/listings/{id}"), ..content };
        let request = CreateDraftRequest {
            parent: "members/a".into(),
            draft: Some(Draft { listing: Some(content), ..Draft::default() }),
            ..Default::default()
        };
        Ok(self.drafts().create_draft(bearing(secret, request)).await?.into_inner())
    }

    async fn submit(&self, secret: &str, draft: &Draft) -> Result<Draft, Status> {
        let request = SubmitDraftRequest { name: draft.name.clone(), ..Default::default() };
        Ok(self.drafts().submit_draft(bearing(secret, request)).await?.into_inner())
    }

    async fn edit(&self, secret: &str, draft: &Draft, paths: &[&str]) -> Result<Draft, Status> {
        let paths = paths.iter().map(ToString::to_string).collect();
        let update_mask = Some(FieldMask { paths });
        let request = UpdateDraftRequest { draft: Some(draft.clone()), update_mask, ..Default::default() };
        Ok(self.drafts().update_draft(bearing(secret, request)).await?.into_inner())
    }

    async fn approve(&self, secret: &str, name: &str, hash: &str) -> Result<v1::ApproveDraftResponse, Status> {
        let request = ApproveDraftRequest { name: name.into(), content_hash: hash.into(), ..Default::default() };
        Ok(self.drafts().approve_draft(bearing(secret, request)).await?.into_inner())
    }

    async fn give_back(&self, secret: &str, name: &str, why: &str) -> Result<Draft, Status> {
        let request = ReturnDraftRequest { name: name.into(), reason: why.into(), ..Default::default() };
        Ok(self.drafts().return_draft(bearing(secret, request)).await?.into_inner())
    }
}

fn policy_named(member: &str) -> ApprovalPolicy {
    ApprovalPolicy { name: format!("members/{member}/approvalPolicy"), ..ApprovalPolicy::default() }
}

fn told<T: std::fmt::Debug>(refused: Result<T, Status>) -> (Code, String) {
    let status = refused.unwrap_err();
    (status.code(), reason(&status))
}

fn is(code: Code, reason: &str) -> (Code, String) {
    (code, reason.to_owned())
}

/// Tokens of the member `a`: two editors and a reviewer.
async fn office(world: &World) -> [String; 3] {
    [world.token("a", Role::Editor).await, world.token("a", Role::Editor).await, world.token("a", Role::Reviewer).await]
}

#[tokio::test]
async fn a_draft_is_written_returned_corrected_approved_and_published() {
    let world = World::new().await;
    let [author, _, reviewer] = office(&world).await;
    world.rule("a", Rule::Other).await;
    let incomplete = Listing { listing: Some(Opportunity::default()), ..listing("", &["nobody"]) };
    let draft = world.draft(&author, "tea", incomplete).await.unwrap();
    let warned: Vec<&str> = draft.warnings.iter().map(|warning| &*warning.field).collect();
    assert!(["scopes[0]", "listing.title", "listing.regions"].iter().all(|field| warned.contains(field)), "{warned:?}");
    let refused = world.submit(&author, &draft).await.unwrap_err();
    let fields: Vec<String> = violations(&refused).iter().map(|v| v.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!((refused.code(), fields), (Code::InvalidArgument, warned.iter().map(ToString::to_string).collect()));

    let content = Listing { name: draft.listing.clone().unwrap().name, ..listing("tea", &["network"]) };
    let whole = Draft { listing: Some(content), ..draft.clone() };
    let draft = world.edit(&author, &whole, &["*"]).await.unwrap();
    assert_eq!((draft.warnings.len(), draft.state(), draft.content_hash.len()), (0, State::Draft, 0));
    let submitted = world.submit(&author, &draft).await.unwrap();
    assert_eq!((submitted.state(), submitted.content_hash.len()), (State::Submitted, 64));
    let expires = submitted.listing.as_ref().unwrap().expire_time;
    assert_eq!(expires, Some(timestamp(end_of_day(crate::time::add_months(START, 6)))), "the date that was seen");
    assert_eq!(told(world.give_back(&author, &draft.name, "no").await), is(Code::PermissionDenied, "NOT_REVIEWER"));
    let returned = world.give_back(&reviewer, &draft.name, " which tea? ").await.unwrap();
    assert_eq!((returned.state(), &*returned.return_reason), (State::Returned, "which tea?"));
    let stale = world.approve(&reviewer, &draft.name, &submitted.content_hash).await;
    assert_eq!(told(stale), is(Code::Aborted, "DRAFT_CHANGED"));

    let mut better = returned;
    better.listing.get_or_insert_default().listing.get_or_insert_default().title = "green tea".into();
    let draft = world.edit(&author, &better, &["listing.listing.title"]).await.unwrap();
    let submitted = world.submit(&author, &draft).await.unwrap();
    let hash = submitted.content_hash.clone();
    assert_eq!((&*submitted.return_reason, world.published("tea").await), ("", None));
    assert_eq!(told(world.approve(&author, &draft.name, &hash).await), is(Code::PermissionDenied, "NOT_REVIEWER"));
    let done = world.approve(&reviewer, &draft.name, &hash).await.unwrap();
    let published = world.published("tea").await.unwrap();
    assert_eq!((&done.listing, done.revision), (&published.name, published.revision));
    assert_eq!((published.expire_time, published.listing.unwrap().title), (expires, "green tea".into()));

    let before = world.all().await;
    assert_eq!(world.approve(&reviewer, &draft.name, &hash).await.unwrap(), done, "once more, as before");
    assert_eq!(world.all().await, before, "and nothing was written");
    let get = GetDraftRequest { name: draft.name.clone() };
    let account = world.drafts().get_draft(bearing(&author, get)).await.unwrap().into_inner();
    assert_eq!((account.state(), account.revision, account.warnings.len()), (State::Approved, done.revision, 0));
    assert!(!account.approver.is_empty() && account.approver != account.author);
    let list = ListDraftsRequest { parent: "members/a".into(), ..Default::default() };
    assert_eq!(world.drafts().list_drafts(bearing(&author, list.clone())).await.unwrap().into_inner().drafts, []);
    let ended = ListDraftsRequest { states: vec![State::Approved.into()], ..list };
    assert_eq!(world.drafts().list_drafts(bearing(&author, ended)).await.unwrap().into_inner().drafts, [account]);
}

#[tokio::test]
async fn what_publishes_waits_for_an_approval_and_what_narrows_does_not() {
    let world = World::new().await;
    let [author, _, reviewer] = office(&world).await;
    world.publish("a", "tea", &["network"]).await;
    for rule in [Rule::Self_, Rule::Other] {
        world.rule("a", rule).await;
        let before = world.all().await;
        let required = is(Code::FailedPrecondition, "APPROVAL_REQUIRED");
        let new = create("a", "rice", listing("rice", &["network"]));
        assert_eq!(told(world.admin().create_listing(new.clone()).await), required);
        let change = |content: Listing| UpdateListingRequest {
            listing: Some(Listing { name: "members/a/listings/tea".into(), ..content }),
            update_mask: Some(FieldMask { paths: vec!["*".into()] }),
            ..Default::default()
        };
        for more in [
            listing("other tea", &["network"]),
            listing("tea", &["network", "public"]),
            Listing { expire_time: Some(timestamp(START + 400 * DAY)), ..listing("tea", &["network"]) },
            Listing { publish_time: Some(timestamp(START - DAY)), ..listing("tea", &["network"]) },
        ] {
            assert_eq!(told(world.admin().update_listing(bearing(&author, change(more))).await), required);
        }
        let batch =
            BatchCreateListingsRequest { parent: "members/a".into(), requests: vec![new], ..Default::default() };
        let rows = world.admin().batch_create_listings(batch).await.unwrap().into_inner().results;
        assert_eq!((rows[0].outcome(), &*rows[0].violations[0].reason), (Outcome::Refused, "APPROVAL_REQUIRED"));
        assert_eq!(world.all().await, before, "nothing was written");
    }
    let same = world.publish("a", "tea", &["network"]).await;
    let narrower = Listing {
        name: same.name.clone(),
        expire_time: Some(timestamp(START + DAY)),
        ..listing("tea", &["circle:ring"])
    };
    let request = UpdateListingRequest { listing: Some(narrower), ..Default::default() };
    let narrowed = world.admin().update_listing(request).await.unwrap().into_inner();
    assert_eq!(narrowed.scopes, ["circle:ring"]);
    let back = UpdateListingRequest {
        listing: Some(Listing { name: same.name.clone(), ..listing("tea", &["network"]) }),
        submit: true,
        ..Default::default()
    };
    let waits = world.anybody().update_listing(bearing(&author, back)).await.unwrap().into_inner();
    assert_eq!((waits.revision, world.published("tea").await.unwrap().scopes), (0, vec!["circle:ring".to_owned()]));
    let diff = DiffDraftRequest { name: waits.draft.clone() };
    let seen = world.drafts().diff_draft(bearing(&reviewer, diff.clone())).await.unwrap().into_inner();
    assert!(seen.published && seen.approval_required && !seen.outdated && !seen.on_request);
    assert_eq!(
        (&*seen.scopes_gained, &*seen.scopes_lost),
        (&["network".to_owned()][..], &["circle:ring".to_owned()][..])
    );
    assert_eq!((seen.members_gained, seen.members_lost), (vec![id("b").to_string()], vec![]));
    let end = WithdrawListingRequest { name: same.name.clone(), ..Default::default() };
    world.anybody().withdraw_listing(bearing(&author, end)).await.unwrap();
    let outdated = world.drafts().diff_draft(bearing(&reviewer, diff)).await.unwrap().into_inner();
    assert!(outdated.outdated && !outdated.published);
    let late = world.approve(&reviewer, &waits.draft, &seen.content_hash).await;
    assert_eq!(told(late), is(Code::Aborted, "ETAG_MISMATCH"), "it is no longer what was shown");
    assert_eq!(world.published("tea").await, None);
}

#[tokio::test]
async fn two_people_who_edit_one_draft_are_told_and_nothing_is_overwritten() {
    let world = World::new().await;
    let [first, second, _] = office(&world).await;
    let draft = world.draft(&first, "tea", listing("tea", &["network"])).await.unwrap();
    let titled = |draft: &Draft, title: &str| {
        let mut draft = draft.clone();
        draft.listing.get_or_insert_default().listing.get_or_insert_default().title = title.into();
        draft
    };
    world.pass(90 * SECOND);
    let paths = ["listing.listing.title"];
    let changed = world.edit(&second, &titled(&draft, "by the second"), &paths).await.unwrap();
    let refused = world.edit(&first, &titled(&draft, "by the first"), &paths).await.unwrap_err();
    assert_eq!((refused.code(), &*reason(&refused)), (Code::Aborted, "DRAFT_CHANGED"));
    let details = refused.get_error_details();
    let metadata = &details.error_info().unwrap().metadata;
    assert_eq!((&metadata["updater"], &*metadata["update_time"]), (&changed.updater, "2027-01-15T08:01:30Z"));
    assert!(refused.message().contains(&changed.updater), "{}", refused.message());
    let get = GetDraftRequest { name: draft.name.clone() };
    let kept = world.drafts().get_draft(bearing(&first, get)).await.unwrap().into_inner();
    assert_eq!((kept.listing.unwrap().listing.unwrap().title, kept.editors.len()), ("by the second".to_owned(), 1));
    let blind = Draft { etag: String::new(), ..titled(&draft, "blind") };
    assert_eq!(violations(&world.edit(&first, &blind, &paths).await.unwrap_err()), ["draft.etag REQUIRED"]);
    let elsewhere = Draft {
        listing: Some(Listing { name: "members/a/listings/rice".into(), ..Listing::default() }),
        ..changed.clone()
    };
    let refused = world.edit(&first, &elsewhere, &["listing.scopes"]).await.unwrap_err();
    assert_eq!(violations(&refused), ["draft.listing.name INCONSISTENT"]);
    let refused = world.edit(&first, &changed, &["state"]).await.unwrap_err();
    assert_eq!(violations(&refused), ["update_mask.paths[0] UNKNOWN_FIELD"]);
    let other = world.draft(&second, "tea", listing("tea", &[])).await.unwrap_err();
    assert_eq!((other.code(), &*reason(&other)), (Code::AlreadyExists, "DRAFT_EXISTS"));
    assert_eq!(other.get_error_details().error_info().unwrap().metadata["draft"], draft.name);
    let delete = |etag: &str| DeleteDraftRequest { name: draft.name.clone(), etag: etag.into() };
    let refused = world.drafts().delete_draft(bearing(&first, delete(&draft.etag))).await;
    assert_eq!(told(refused), is(Code::Aborted, "DRAFT_CHANGED"));
    world.drafts().delete_draft(bearing(&first, delete(""))).await.unwrap();
    assert_eq!(told(world.drafts().delete_draft(bearing(&first, delete(""))).await), is(Code::NotFound, "NOT_FOUND"));
}

#[tokio::test]
async fn drafts_are_their_members_business_alone() {
    let world = World::new().await;
    let [author, ..] = office(&world).await;
    let draft = world.draft(&author, "tea", listing("tea", &["public"])).await.unwrap();
    let submitted = world.submit(&author, &draft).await.unwrap();
    let [foreign, viewer] = [world.token("b", Role::Admin).await, world.token("a", Role::Viewer).await];
    let absent = GetDraftRequest { name: draft.name.replace(&draft.name[draft.name.len() - 4..], "0000") };
    let get = GetDraftRequest { name: draft.name.clone() };
    let hidden = world.drafts().get_draft(bearing(&foreign, get.clone())).await.unwrap_err();
    let missing = world.drafts().get_draft(bearing(&author, absent)).await.unwrap_err();
    assert_eq!((hidden.code(), hidden.message()), (Code::NotFound, missing.message()), "nobody learns which it is");
    let denied = is(Code::PermissionDenied, "NOT_PERMITTED");
    assert_eq!(told(world.drafts().get_draft(bearing(&viewer, get.clone())).await), denied);
    assert_eq!(told(world.drafts().get_draft(get.clone()).await), is(Code::Unauthenticated, "TOKEN_REQUIRED"));
    assert_eq!(told(world.submit(&foreign, &draft).await), is(Code::NotFound, "NOT_FOUND"));
    let approved = world.approve(&foreign, &draft.name, &submitted.content_hash).await;
    assert_eq!(told(approved), is(Code::NotFound, "NOT_FOUND"));
    let list = ListDraftsRequest { parent: "members/a".into(), ..Default::default() };
    assert_eq!(told(world.drafts().list_drafts(bearing(&foreign, list)).await), denied);
    let named = GetApprovalPolicyRequest { name: "members/c/approvalPolicy".into() };
    let elsewhere = DraftServiceClient::new(world.local.clone()).get_approval_policy(named).await;
    assert_eq!(told(elsewhere), is(Code::FailedPrecondition, "NOT_HOSTED"));
    let lower = ApprovalPolicy { rule: Rule::None.into(), ..policy_named("a") };
    let lower = UpdateApprovalPolicyRequest { policy: Some(lower), ..Default::default() };
    for secret in [&author, &foreign] {
        assert_eq!(told(world.drafts().update_approval_policy(bearing(secret, lower.clone())).await), denied);
    }
    assert_eq!(world.published("tea").await, None);
    for name in ["members/a/drafts", "members/a/listings/x", "drafts/x"] {
        let refused = world.drafts().get_draft(bearing(&author, GetDraftRequest { name: name.into() })).await;
        assert_eq!(violations(&refused.unwrap_err()), ["name BAD_FORMAT"], "{name}");
    }
}

#[tokio::test]
async fn whoever_has_had_a_hand_in_it_does_not_approve_it_and_deputies_stand_in_for_reviewers() {
    let world = World::new().await;
    let [author, deputy, reviewer] = office(&world).await;
    world.rule("a", Rule::Other).await;
    let draft = world.draft(&reviewer, "tea", listing("tea", &["network"])).await.unwrap();
    let mut draft = world.submit(&reviewer, &draft).await.unwrap();
    let other = is(Code::PermissionDenied, "OTHER_PERSON");
    assert_eq!(told(world.approve(&reviewer, &draft.name, &draft.content_hash).await), other);
    draft.listing.get_or_insert_default().listing.get_or_insert_default().summary = "fresh".into();
    let draft = world.edit(&author, &draft, &["listing.listing.summary"]).await.unwrap();
    assert_eq!(draft.state(), State::Draft, "what was changed must be handed in again");
    let draft = world.submit(&author, &draft).await.unwrap();
    assert_eq!(told(world.approve(&reviewer, &draft.name, &draft.content_hash).await), other);

    let tokens = world.tokens().list_tokens(v1::ListTokensRequest {}).await.unwrap().into_inner().tokens;
    let id = |place: usize| tokens[tokens.len() - 1 - place].name.strip_prefix("tokens/").unwrap().to_owned();
    let name = |reviewer: String, deputy: String, until: Micros| {
        let deputies = vec![Deputy { reviewer, deputy, expire_time: Some(timestamp(until)) }];
        let policy = Some(ApprovalPolicy { deputies, ..policy_named("a") });
        let request = UpdateApprovalPolicyRequest { policy, ..Default::default() };
        let mut drafts = DraftServiceClient::new(world.local.clone());
        async move { drafts.update_approval_policy(request).await.map(tonic::Response::into_inner) }
    };
    let bad = name(id(0), "nobody".into(), START + 400 * DAY).await.unwrap_err();
    let fields = ["reviewer UNKNOWN_CODE", "deputy UNKNOWN_CODE", "expire_time OUT_OF_RANGE"];
    assert_eq!(violations(&bad), fields.map(|field| format!("policy.deputies[0].{field}")));
    let approve = async || told(world.approve(&deputy, &draft.name, &draft.content_hash).await);
    let closed = is(Code::PermissionDenied, "NOT_REVIEWER");
    assert_eq!(approve().await, closed);
    let policy = name(id(2), id(1), START + DAY).await.unwrap();
    assert_eq!((policy.rule(), policy.is_default, policy.deputies.len()), (Rule::Other, false, 1));
    world.pass(DAY);
    assert_eq!(approve().await, closed, "until the date that was named");
    name(id(2), id(1), START + 3 * DAY).await.unwrap();
    world.approve(&deputy, &draft.name, &draft.content_hash).await.unwrap();
    assert!(world.published("tea").await.is_some());

    let draft = world.draft(&author, "rice", listing("rice", &["network"])).await.unwrap();
    let draft = world.submit(&author, &draft).await.unwrap();
    let revoke = v1::RevokeTokenRequest { name: format!("tokens/{}", id(2)), ..Default::default() };
    world.tokens().revoke_token(revoke).await.unwrap();
    let orphan = world.approve(&deputy, &draft.name, &draft.content_hash).await;
    assert_eq!(told(orphan), closed, "nobody stands in for one who is no reviewer");
    world.rule("a", Rule::Self_).await;
    world.approve(&author, &draft.name, &draft.content_hash).await.unwrap();
    assert!(world.published("rice").await.is_some(), "in a second step, the author as well");
}

#[tokio::test]
async fn repeated_requests_make_one_draft_and_one_listing() {
    let world = World::new().await;
    let [author, _, reviewer] = office(&world).await;
    world.rule("a", Rule::Other).await;
    let request_id = uuid::Uuid::new_v4().to_string();
    let content = listing("tea", &["network"]);
    let request = CreateDraftRequest {
        parent: "members/a".into(),
        draft: Some(Draft { listing: Some(content.clone()), ..Draft::default() }),
        request_id: request_id.clone(),
    };
    let first = world.drafts().create_draft(bearing(&author, request.clone())).await.unwrap().into_inner();
    let again = world.drafts().create_draft(bearing(&author, request)).await.unwrap().into_inner();
    assert_eq!(first, again);
    let submit = CreateListingRequest { submit: true, request_id, ..create("a", "rice", content) };
    let waits = world.anybody().create_listing(bearing(&reviewer, submit.clone())).await.unwrap().into_inner();
    let again = world.anybody().create_listing(bearing(&reviewer, submit)).await.unwrap().into_inner();
    assert_eq!((&waits, waits.draft.is_empty(), waits.revision), (&again, false, 0));
    let dry = CreateListingRequest {
        submit: true,
        validate_only: true,
        ..create("a", "corn", listing("corn", &["network"]))
    };
    let trial = world.anybody().create_listing(bearing(&author, dry)).await.unwrap().into_inner();
    assert_eq!((&*trial.draft, trial.listing.unwrap().title), ("", "corn".to_owned()));
    let list = ListDraftsRequest { parent: "members/a".into(), ..Default::default() };
    assert_eq!(world.drafts().list_drafts(bearing(&author, list)).await.unwrap().into_inner().drafts.len(), 2);
    let refused = world.approve(&reviewer, &first.name, "").await.unwrap_err();
    assert_eq!(violations(&refused), ["content_hash REQUIRED"]);
}

#[tokio::test]
async fn where_two_people_write_one_approves_what_the_other_has_written() {
    use crate::accounts::Role as Held;
    let world = World::new().await;
    let policy = async || {
        let request = GetApprovalPolicyRequest { name: "members/a/approvalPolicy".into() };
        let mut drafts = DraftServiceClient::new(world.local.clone());
        let policy = drafts.get_approval_policy(request).await.unwrap().into_inner();
        (policy.rule(), policy.is_default)
    };
    let first = world.session("li", "a", Held::Reviewer).await;
    world.session("reader", "a", Held::Viewer).await;
    world.session("elsewhere", "b", Held::Admin).await;
    assert_eq!(policy().await, (Rule::None, true), "one who writes has nobody to ask");
    world.publish("a", "tea", &["network"]).await;
    let second = world.session("wang", "a", Held::Editor).await;
    assert_eq!(policy().await, (Rule::Other, true));
    let required = is(Code::FailedPrecondition, "APPROVAL_REQUIRED");
    let rice = create("a", "rice", listing("rice", &["network"]));
    for secret in [&first, &second, &world.token("a", Role::Editor).await] {
        assert_eq!(told(world.anybody().create_listing(bearing(secret, rice.clone())).await), required);
    }
    let draft = world.draft(&second, "rice", listing("rice", &["network"])).await.unwrap();
    let draft = world.submit(&second, &draft).await.unwrap();
    let own = world.approve(&second, &draft.name, &draft.content_hash).await;
    assert_eq!(told(own), is(Code::PermissionDenied, "NOT_REVIEWER"));
    world.approve(&first, &draft.name, &draft.content_hash).await.unwrap();
    let entries = world.engine.facts::<serde_json::Value>("audit/", 100).await.unwrap();
    let told: Vec<&str> = entries.iter().filter_map(|(_, entry)| entry["action"].as_str()).collect();
    let tail = ["draft.create", "draft.submit", "draft.approve", "listing.create"];
    assert_eq!(told[told.len() - 4..], tail, "each in the transaction of its change");
    // Who wrote it is told beside who approved it; of what was published without that there is one who did it.
    let door = Door { engine: world.engine.clone(), accounts: world.accounts.clone(), surface: Surface::Local };
    let audits = crate::services::audit::Audits::new(door);
    let hands = async |listing: &str| {
        let name = format!("members/a.n.example/listings/{listing}").parse().unwrap();
        let done = audits.history(Request::new((name, 9))).await.unwrap().remove(0);
        (done.author, done.entry.actor)
    };
    let (author, approver) = hands("rice").await;
    let of =
        |action: &str| entries.iter().rev().find(|(_, entry)| entry["action"] == action).unwrap().1["actor"].clone();
    assert_eq!((&*author, &*approver), (of("draft.create").as_str().unwrap(), of("draft.approve").as_str().unwrap()));
    assert_ne!(author, approver);
    assert_eq!(hands("tea").await.0, "");
    let told = |id: &str| {
        let name = format!("members/a.n.example/listings/{id}");
        let entry = entries.iter().find(|(_, entry)| entry["resource"] == name.as_str()).unwrap();
        crate::services::until_in(entry.1["detail"].as_str().unwrap())
    };
    assert!(told("tea") > Some(START / 1_000_000), "the trail tells until when a listing is good");
    world.rule("a", Rule::None).await;
    assert_eq!(policy().await, (Rule::None, false));
    world.publish("a", "corn", &["network"]).await;
    world.rule("a", Rule::Unspecified).await;
    assert_eq!(policy().await, (Rule::Other, true));
}
