//! What waits, as it is told to those whose work it is: of a listing, and of a member.

use super::*;

#[tokio::test]
async fn what_waits_of_a_listing_is_told_to_those_who_may_write_it() {
    let world = World::new().await;
    world.publish("a", "tea", &["network"]).await;
    world.publish("a", "rice", &["network"]).await;
    world.rule("a", Rule::Other).await;
    world.pass(DAY);
    let editor = world.session("li.ming", "a", Held::Editor).await;
    let reviewer = world.session("wang.fang", "a", Held::Reviewer).await;
    let viewer = world.session("zhao.min", "a", Held::Viewer).await;
    let other = world.session("chen.jie", "b", Held::Editor).await;
    let published = async || [world.published("tea").await.unwrap(), world.published("rice").await.unwrap()];
    let waits = async |secret: &str| {
        let listings = published().await.to_vec();
        let changes = world.office.changes(bearing(secret, listings)).await.unwrap();
        let told = changes.into_iter().map(|(name, change)| {
            (name.rsplit('/').next().unwrap().to_owned(), (change.prolongs, change.edits, change.draft))
        });
        told.collect::<std::collections::BTreeMap<_, _>>()
    };
    let change = async |listing: Listing, paths: &[&str]| {
        let paths = paths.iter().map(ToString::to_string).collect();
        let request = UpdateListingRequest {
            listing: Some(listing),
            update_mask: Some(FieldMask { paths }),
            submit: true,
            ..Default::default()
        };
        world.anybody().update_listing(bearing(&editor, request)).await.unwrap().into_inner().draft
    };
    assert!(waits(&editor).await.is_empty());
    let named = |id: &str| Listing { name: format!("members/a/listings/{id}"), ..Listing::default() };
    let longer = change(named("tea"), &["expire_time"]).await;
    let rice = published().await[1].clone();
    let other_title = opportunity("other rice");
    let edited = change(Listing { listing: Some(other_title), ..rice }, &["listing"]).await;
    let told = waits(&editor).await;
    assert_eq!(told["tea"], (true, false, longer.clone()));
    assert_eq!(told["rice"], (false, true, edited), "its date stays");
    assert_eq!(waits(&reviewer).await, told);
    for secret in [&viewer, &other] {
        assert!(waits(secret).await.is_empty(), "it is not theirs");
    }
    // What was given back is its author's again, and what was approved is published.
    let returned = told["rice"].2.clone();
    world.give_back(&reviewer, &returned, "why?").await.unwrap();
    let request = GetDraftRequest { name: longer.clone() };
    let draft = world.drafts().get_draft(bearing(&reviewer, request)).await.unwrap().into_inner();
    world.approve(&reviewer, &longer, &draft.content_hash).await.unwrap();
    assert!(waits(&editor).await.is_empty());
    // Counted by where they stand.
    let counts = world.office.draft_counts(bearing(&editor, id("a"))).await.unwrap();
    assert_eq!(counts, DraftCounts { open: 1, returned: 1, ..DraftCounts::default() });
    assert_eq!(reason(&world.office.draft_counts(bearing(&other, id("a"))).await.unwrap_err()), "NOT_PERMITTED");
}

#[tokio::test]
async fn what_waits_is_counted_whole_however_much_an_import_brings() {
    let world = World::new().await;
    world.rule("a", Rule::Other).await;
    let author = world.session("li.ming", "a", Held::Editor).await;
    let reviewer = world.session("wang.fang", "a", Held::Reviewer).await;
    let back = world.draft(&author, "back", listing("old tea", &["network"])).await.unwrap();
    world.submit(&author, &back).await.unwrap();
    world.give_back(&reviewer, &back.name, "which?").await.unwrap();
    let alone = world.draft(&author, "alone", listing("tea", &["network"])).await.unwrap();
    let alone = world.submit(&author, &alone).await.unwrap();
    let rows = (0..300).map(|n| create("a", &format!("row-{n}"), listing("rows of tea", &["network"])));
    let import = BatchCreateListingsRequest {
        parent: "members/a".into(),
        requests: rows.collect(),
        submit: true,
        batch: "spring".into(),
        ..Default::default()
    };
    world.anybody().batch_create_listings(bearing(&author, import)).await.unwrap();

    let ask = async |secret: &str| world.office.drafts(bearing(secret, (id("a"), 2))).await.unwrap();
    let counts = |pile: &Pile| (pile.count, pile.newest.iter().map(|newest| newest.count).collect::<Vec<_>>());
    let seen = ask(&reviewer).await;
    assert_eq!(counts(&seen.to_approve), (301, vec![300, 1]), "an import is one");
    assert_eq!(seen.to_approve.newest[1].draft.name, alone.name);
    assert_eq!((seen.returned.count, counts(&seen.returned_to_others)), (0, (1, vec![1])));
    let own = ask(&author).await;
    assert_eq!((counts(&own.handed_in), own.to_approve.count), ((301, vec![300, 1]), 0));
    assert_eq!((counts(&own.returned), own.returned_to_others.count), ((1, vec![1]), 0));
    assert_eq!(own.returned.newest[0].draft.return_reason, "which?");
    let of_others = world.office.drafts(bearing(&author, (id("b"), 2))).await.unwrap_err();
    assert_eq!(reason(&of_others), "NOT_PERMITTED");

    // What was kept by a version that noted none of it is noted when it is asked for.
    for (key, _) in world.engine.facts::<serde_json::Value>(&facts::drafts_waiting(&id("a")), 1_000).await.unwrap() {
        world.engine.put_fact::<()>(key, None).await.unwrap();
    }
    assert_eq!(ask(&reviewer).await, seen);
    // And a list of one state looks at nothing else.
    let returned = ListDraftsRequest {
        parent: "members/a".into(),
        states: vec![State::Returned.into()],
        newest_first: true,
        ..Default::default()
    };
    let list = world.drafts().list_drafts(bearing(&author, returned)).await.unwrap().into_inner();
    assert_eq!((list.drafts.len(), &*list.next_page_token), (1, ""));
    assert_eq!(list.drafts[0].name, back.name);

    // What is decided waits no longer; of what was approved the title is left, however soon its listing ends.
    world.approve(&reviewer, &alone.name, &alone.content_hash).await.unwrap();
    let gone = DeleteDraftRequest { name: back.name.clone(), ..Default::default() };
    world.drafts().delete_draft(bearing(&author, gone)).await.unwrap();
    let seen = ask(&reviewer).await;
    assert_eq!((counts(&seen.to_approve), seen.returned_to_others.count), ((300, vec![300]), 0));
    let withdraw = WithdrawListingRequest { name: "members/a/listings/alone".into(), ..Default::default() };
    world.anybody().withdraw_listing(bearing(&author, withdraw)).await.unwrap();
    let get = GetDraftRequest { name: alone.name.clone() };
    let account = world.drafts().get_draft(bearing(&author, get)).await.unwrap().into_inner();
    let left = account.listing.unwrap_or_default().listing.unwrap_or_default();
    assert_eq!((account.state, &*left.title, left.regions.len()), (State::Approved.into(), "tea", 0));
}
