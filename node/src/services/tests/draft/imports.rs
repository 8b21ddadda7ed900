//! Imports under an approval: handed in, seen by a sample and approved together.

use super::*;

#[tokio::test]
async fn an_import_is_handed_in_seen_by_a_sample_and_approved_together() {
    let world = World::new().await;
    let [author, other, reviewer] = office(&world).await;
    world.rule("a", Rule::Other).await;
    let rows = |titles: &[(usize, &str)]| -> Vec<CreateListingRequest> {
        titles.iter().map(|(n, title)| create("a", &format!("row-{n}"), listing(title, &["network"]))).collect()
    };
    let all: Vec<(usize, &str)> = (0..30).map(|n| (n, "tea")).collect();
    let import = async |requests: Vec<CreateListingRequest>, validate_only| {
        let request = BatchCreateListingsRequest {
            parent: "members/a".into(),
            requests,
            validate_only,
            submit: true,
            batch: "spring".into(),
        };
        let rows = world.anybody().batch_create_listings(bearing(&author, request)).await.unwrap().into_inner().results;
        let outcomes: Vec<Outcome> = rows.iter().map(|row| row.outcome()).collect();
        assert!(rows.iter().all(|row| row.draft.is_empty() || row.revision == 0));
        (outcomes, rows)
    };
    let look = async || {
        let request = ApproveDraftBatchRequest {
            parent: "members/a".into(),
            batch: "spring".into(),
            validate_only: true,
            sample_size: 4,
            ..Default::default()
        };
        world.drafts().approve_draft_batch(bearing(&reviewer, request)).await.unwrap().into_inner()
    };
    let approve = async |secret: &str, hash: &str| {
        let request = ApproveDraftBatchRequest {
            parent: "members/a".into(),
            batch: "spring".into(),
            content_hash: hash.into(),
            ..Default::default()
        };
        world.drafts().approve_draft_batch(bearing(secret, request)).await.map(tonic::Response::into_inner)
    };
    assert_eq!(import(rows(&all), true).await.0, [Outcome::Submitted; 30]);
    assert_eq!(look().await.submitted_count, 0, "that was a trial");
    assert_eq!(import(rows(&all), false).await.0, [Outcome::Submitted; 30]);
    world.pass(SECOND);
    let (outcomes, again) = import(rows(&all), false).await;
    assert_eq!((outcomes, again[3].draft.is_empty()), (vec![Outcome::Unchanged; 30], false), "no draft comes twice");
    let seen = look().await;
    assert_eq!((seen.submitted_count, seen.other_count, seen.sample.len()), (30, 0, 4));
    assert_eq!(seen, look().await);

    let (_, tried) = import(rows(&[(7, "green tea")]), true).await;
    assert!(tried[0].changes && tried[0].changed_fields == ["listing.title"], "{tried:?}");
    assert_eq!(
        import(rows(&[(7, "green tea")]), false).await.0,
        [Outcome::Submitted],
        "a corrected row renews its draft"
    );
    assert_eq!(told(approve(&reviewer, &seen.content_hash).await), is(Code::Aborted, "DRAFT_CHANGED"));
    let mut edited = look().await.sample[0].clone();
    edited.listing.get_or_insert_default().listing.get_or_insert_default().title = "black tea".into();
    let edited = world.edit(&other, &edited, &["listing.listing.title"]).await.unwrap();
    let (outcomes, refused) = import(rows(&all[..1]), false).await;
    assert_eq!(
        (outcomes, &*refused[0].violations[0].reason),
        (vec![Outcome::Refused], "DRAFT_EXISTS"),
        "nor overwritten"
    );
    let seen = look().await;
    assert_eq!((seen.submitted_count, seen.other_count), (29, 1));
    let own = approve(&author, &seen.content_hash).await.unwrap();
    assert_eq!((own.approved_count, own.failure_count, &*own.failures[0].reason), (0, 29, "NOT_REVIEWER"));
    let done = approve(&reviewer, &seen.content_hash).await.unwrap();
    assert_eq!((done.approved_count, done.failure_count), (29, 0));
    assert_eq!(world.published("row-7").await.unwrap().listing.unwrap().title, "green tea");
    assert_eq!(world.published("row-0").await, None);
    assert_eq!(import(rows(&all[1..7]), false).await.0, [Outcome::Unchanged; 6], "what is published is left alone");
    let list = ListDraftsRequest { parent: "members/a".into(), batch: "spring".into(), ..Default::default() };
    let left = world.drafts().list_drafts(bearing(&author, list)).await.unwrap().into_inner().drafts;
    assert_eq!(left.iter().map(|draft| &*draft.name).collect::<Vec<_>>(), [&*edited.name]);
    let ended = ListDraftsRequest { parent: "members/a".into(), states: vec![4], page_size: 10, ..Default::default() };
    let (mut request, mut names) = (ended, Vec::new());
    loop {
        let page = world.drafts().list_drafts(bearing(&author, request.clone())).await.unwrap().into_inner();
        names.extend(page.drafts.into_iter().map(|draft| draft.name));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    names.dedup();
    assert_eq!(names.len(), 29);
}
