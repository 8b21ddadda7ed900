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
    let few = (1..=COUNTED as usize).contains(&import.count(RowState::Submitted));
    if import.phase != Phase::Done || !few {
        return None;
    }
    let states = [DraftState::Draft, DraftState::Submitted, DraftState::Returned, DraftState::Approved];
    let request = ListDraftsRequest {
        parent: format!("members/{}", import.member),
        page_size: COUNTED,
        states: states.map(i32::from).into(),
        batch: import.id.clone(),
        ..ListDraftsRequest::default()
    };
    let found = web.services().drafts.list_drafts(signed.ask(request)).await.ok()?.into_inner();
    let mut batch = Batch::default();
    for fate in found.drafts.iter().filter_map(|draft| fate(draft.state())) {
        match fate {
            Fate::Waits => batch.waiting += 1,
            Fate::Returned => batch.returned += 1,
            Fate::Published => batch.approved += 1,
            Fate::Gone => {}
        }
    }
    found.next_page_token.is_empty().then_some(batch)
}
