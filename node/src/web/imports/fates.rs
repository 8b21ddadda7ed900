//! What has become of what an import handed in: it waits, was given back, or is published.

use std::collections::HashMap;

use duikou_proto::v1::draft::State as DraftState;
use duikou_proto::v1::draft_service_server::DraftService;
use duikou_proto::v1::{GetDraftRequest, ListDraftsRequest};
use futures_util::future::join_all;
use tonic::Code;

use super::super::Web;
use super::super::signed::Signed;
use crate::imports::{Import, KeptRow, Phase};
use crate::sheets::State as RowState;

/// Drafts of an import that are counted; of one that handed in more only the rows of a page are looked after.
const COUNTED: i32 = 1_000;

/// Pages of drafts that are looked through for them.
const PAGES: usize = 4;

/// What has become of one draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It waits to be approved.
    Waits,
    /// It was given back.
    Returned,
    /// It was approved.
    Published,
    /// Somebody has deleted it.
    Gone,
}

/// What has become of all that an import handed in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Batch {
    pub(super) waiting: usize,
    pub(super) returned: usize,
    pub(super) approved: usize,
}

/// What is known of an import's drafts.
#[derive(Debug, Clone, Default)]
pub(super) struct Fates {
    /// None: nothing was handed in, or too much to be counted.
    pub(super) batch: Option<Batch>,
    /// By their names: those of the rows that are shown.
    pub(super) drafts: HashMap<String, Fate>,
}

impl Fates {
    /// Asks as whoever looks; what cannot be told now is left out.
    pub(super) async fn of(web: &Web, signed: &Signed, import: &Import, rows: &[KeptRow]) -> Self {
        let drafts = &web.services().drafts;
        let asked = rows.iter().filter(|row| !row.draft.is_empty()).map(async |row| {
            let name = row.draft.clone();
            let fate = match drafts.get_draft(signed.ask(GetDraftRequest { name: name.clone() })).await {
                Ok(draft) => fate(draft.into_inner().state()),
                Err(status) if status.code() == Code::NotFound => Some(Fate::Gone),
                Err(_) => None,
            };
            Some((name, fate?))
        });
        let drafts = join_all(asked).await.into_iter().flatten().collect();
        Self { batch: batch(web, signed, import).await, drafts }
    }
}

fn fate(state: DraftState) -> Option<Fate> {
    match state {
        DraftState::Submitted => Some(Fate::Waits),
        DraftState::Draft | DraftState::Returned => Some(Fate::Returned),
        DraftState::Approved => Some(Fate::Published),
        DraftState::Unspecified => None,
    }
}

async fn batch(web: &Web, signed: &Signed, import: &Import) -> Option<Batch> {
    let submitted = import.count(RowState::Submitted);
    if import.phase != Phase::Done || !(1..=COUNTED as usize).contains(&submitted) {
        return None;
    }
    let mut batch = Batch::default();
    let open = [DraftState::Draft, DraftState::Submitted, DraftState::Returned];
    if !counted(web, signed, import, &open, &mut batch, usize::MAX).await {
        return None;
    }
    let rest = submitted.saturating_sub(batch.waiting + batch.returned);
    // What else is no longer there was deleted, or approved before so many others that nobody looks for it.
    counted(web, signed, import, &[DraftState::Approved], &mut batch, rest).await;
    Some(batch)
}

/// Counts drafts of an import, the newest first, until there are `enough`; whether that is all.
async fn counted(
    web: &Web,
    signed: &Signed,
    import: &Import,
    states: &[DraftState],
    batch: &mut Batch,
    enough: usize,
) -> bool {
    let mut request = ListDraftsRequest {
        parent: format!("members/{}", import.member),
        page_size: COUNTED,
        states: states.iter().copied().map(i32::from).collect(),
        batch: import.id.clone(),
        newest_first: true,
        ..ListDraftsRequest::default()
    };
    let mut found = 0;
    for _ in 0..PAGES {
        if found >= enough {
            return true;
        }
        let Ok(page) = web.services().drafts.list_drafts(signed.ask(request.clone())).await else { return false };
        let page = page.into_inner();
        for fate in page.drafts.iter().filter_map(|draft| fate(draft.state())) {
            found += 1;
            match fate {
                Fate::Waits => batch.waiting += 1,
                Fate::Returned => batch.returned += 1,
                Fate::Published => batch.approved += 1,
                Fate::Gone => {}
            }
        }
        if page.next_page_token.is_empty() {
            return true;
        }
        request.page_token = page.next_page_token;
    }
    false
}
