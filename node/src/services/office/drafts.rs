//! The drafts that wait for somebody of an office: how many wait for what, and the newest of them. They are counted by what
//! is noted of each, so that however many an import has brought, none before it is passed over.

use std::collections::HashMap;

use duikou_proto::name::MemberId;
use duikou_proto::v1::Draft;
use tonic::{Request, Status};

use super::Office;
use crate::drafts::{self, Key, Noted, State};
use crate::engine::approval::Rule;
use crate::engine::facts;
use crate::services::auth::Caller;
use crate::services::draft;
use crate::services::error::Failure;

/// Drafts that wait for the same.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Pile {
    /// How many there are.
    pub(crate) count: usize,
    /// The newest.
    pub(crate) newest: Vec<Newest>,
}

/// A draft, or those of an import that wait for the same.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Newest {
    /// The one that was made last.
    pub(crate) draft: Draft,
    /// How many of its import there are; 1 where it is listed by itself.
    pub(crate) count: usize,
}

/// See the module.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct WaitingDrafts {
    /// Given back, and the caller's to correct: each by itself.
    pub(crate) returned: Pile,
    /// Given back, and somebody else's to correct: each by itself.
    pub(crate) returned_to_others: Pile,
    /// Handed in, and the caller's to approve: an import is one.
    pub(crate) to_approve: Pile,
    /// Handed in by the caller, and somebody else's to approve: an import is one.
    pub(crate) handed_in: Pile,
}

/// How many drafts a member has, by where they stand; of what was approved nothing is counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct DraftCounts {
    pub(crate) open: usize,
    pub(crate) draft: usize,
    pub(crate) submitted: usize,
    pub(crate) returned: usize,
}

/// A pile of which the drafts are not read yet.
#[derive(Default)]
struct Counted {
    count: usize,
    /// Their ids, with their imports.
    newest: Vec<(String, String)>,
    batches: HashMap<String, usize>,
}

impl Counted {
    /// One more, older than those before; `few` are named.
    fn add(&mut self, id: &str, batch: &str, few: usize) {
        self.count += 1;
        let known = match batch {
            "" => false,
            batch => match self.batches.get_mut(batch) {
                Some(count) => {
                    *count += 1;
                    true
                }
                None => self.batches.insert(batch.to_owned(), 1).is_some(),
            },
        };
        if !known && self.newest.len() < few {
            self.newest.push((id.to_owned(), batch.to_owned()));
        }
    }
}

impl Office {
    /// The drafts of a member that wait for whoever asks, of each kind the newest few: for those who may write for it.
    ///
    /// # Errors
    /// Where they may not, or the store cannot be read.
    pub(crate) async fn drafts(&self, request: Request<(MemberId, usize)>) -> Result<WaitingDrafts, Status> {
        let (caller, language, (member, few)) = self.of_office(request).await?;
        self.waiting(&caller, &member, few).await.map_err(|failure| failure.status(language))
    }

    /// How many drafts a member has: for those who may write for it.
    ///
    /// # Errors
    /// Where they may not, or the store cannot be read.
    pub(crate) async fn draft_counts(&self, request: Request<MemberId>) -> Result<DraftCounts, Status> {
        let (caller, language, member) = self.of_office(request).await?;
        self.counts_of(&caller, &member).await.map_err(|failure| failure.status(language))
    }

    async fn counts_of(&self, caller: &Caller, member: &MemberId) -> Result<DraftCounts, Failure> {
        caller.require_editor_of(member)?;
        let engine = &self.door.engine;
        drafts::note_all(engine, member).await?;
        let (mut submitted, mut returned) = (0, 0);
        drafts::each_waiting(engine, member, State::Submitted, |_, _| submitted += 1).await?;
        drafts::each_waiting(engine, member, State::Returned, |_, _| returned += 1).await?;
        let open = engine.fact::<usize>(&facts::draft_count(member)).await?.unwrap_or(0);
        Ok(DraftCounts { open, draft: open.saturating_sub(submitted + returned), submitted, returned })
    }

    async fn waiting(&self, caller: &Caller, member: &MemberId, few: usize) -> Result<WaitingDrafts, Failure> {
        caller.require_editor_of(member)?;
        let engine = &self.door.engine;
        drafts::note_all(engine, member).await?;
        let account = &*caller.account;
        let (mut returned, mut to_others) = (Counted::default(), Counted::default());
        let mut given_back = |id: &str, noted: &Noted| {
            // What a program or another node has written has nobody here who would correct it but whoever looks.
            let nobodys = uuid::Uuid::try_parse(&noted.author).is_err();
            let pile = if noted.is_by(account) || nobodys { &mut returned } else { &mut to_others };
            pile.add(id, "", few);
        };
        drafts::each_waiting(engine, member, State::Returned, &mut given_back).await?;

        let judges = drafts::judges(engine, member, &draft::approver(caller)).await?;
        let rule = engine.approval_policy(member)?.rule;
        let may = |noted: &Noted| match rule {
            Rule::Other => judges && !noted.is_by(account),
            // Whoever may write may approve; what others have written is for reviewers to look at first.
            Rule::Oneself => noted.author == account || caller.is_reviewer(),
            Rule::None => true,
        };
        let (mut to_approve, mut handed_in) = (Counted::default(), Counted::default());
        let mut submitted = |id: &str, noted: &Noted| {
            if may(noted) {
                to_approve.add(id, &noted.batch, few);
            } else if noted.is_by(account) {
                handed_in.add(id, &noted.batch, few);
            }
        };
        drafts::each_waiting(engine, member, State::Submitted, &mut submitted).await?;
        let [returned, returned_to_others, to_approve, handed_in] =
            [returned, to_others, to_approve, handed_in].map(|counted| self.read(member, counted));
        let read = tokio::join!(returned, returned_to_others, to_approve, handed_in);
        Ok(WaitingDrafts { returned: read.0?, returned_to_others: read.1?, to_approve: read.2?, handed_in: read.3? })
    }

    async fn read(&self, member: &MemberId, counted: Counted) -> Result<Pile, Failure> {
        let Counted { count, newest, batches } = counted;
        let mut read = Vec::with_capacity(newest.len());
        for (id, batch) in newest {
            let fact = drafts::get(&self.door.engine, &Key { member: member.clone(), id }).await?;
            let count = batches.get(&batch).copied().unwrap_or(1);
            // One that has ended meanwhile is not there.
            read.extend(fact.map(|fact| Newest { draft: draft::shown(&fact), count }));
        }
        Ok(Pile { count, newest: read })
    }
}
