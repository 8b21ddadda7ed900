//! What is kept of an import.

use std::collections::BTreeMap;

use async_trait::async_trait;
use duikou_proto::envelope::Micros;
use duikou_proto::language::{Language, Text};
use serde::{Deserialize, Serialize};

use crate::engine::facts::IMPORTS;
use crate::engine::{Command, Work};
use crate::limits;
use crate::sheets::{Mapping, State};
use crate::store::StoreError;

/// How far an import has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Phase {
    /// It was sent; how it is read is being said.
    #[default]
    Sent,
    /// What it would do is being found out.
    Trying,
    /// What it would do is known.
    Tried,
    /// It is being published.
    Publishing,
    /// It has been published, or handed in.
    Done,
}

/// A text in both languages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Said {
    zh: String,
    en: String,
}

impl From<&Text> for Said {
    fn from(text: &Text) -> Self {
        Self { zh: text.zh.clone(), en: text.en.clone() }
    }
}

impl Said {
    /// In one of them.
    pub(crate) fn in_language(&self, language: Language) -> &str {
        match language {
            Language::Zh => &self.zh,
            Language::En => &self.en,
        }
    }
}

/// An import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Import {
    pub(crate) id: String,
    /// The id of the account whose it is.
    pub(crate) account: String,
    /// Full id of the member whose listings the rows are.
    pub(crate) member: String,
    /// What the file is called.
    pub(crate) name: String,
    pub(crate) bytes: u64,
    pub(crate) create_time: Micros,
    pub(crate) change_time: Micros,
    /// How it is read.
    pub(crate) mapping: Mapping,
    pub(crate) phase: Phase,
    /// Rows by state, as they were found last.
    pub(crate) counts: BTreeMap<String, usize>,
    /// Of those that were only tried: how many have to be approved first.
    #[serde(default)]
    pub(crate) waiting: usize,
    /// How many tables were read.
    #[serde(default)]
    pub(crate) tables: usize,
    /// What is to be said of the tables as a whole.
    pub(crate) notes: Vec<Said>,
    /// Rows that were sent since publishing began.
    pub(crate) done: usize,
    /// Rows that are to be sent.
    pub(crate) total: usize,
    /// Why it went no further, with the id of the field that it is about.
    pub(crate) fault: Option<(String, Said)>,
}

impl Import {
    /// The fact's key.
    pub(super) fn key(&self) -> String {
        key(&self.account, &self.id)
    }

    /// Rows in one state.
    pub(crate) fn count(&self, state: State) -> usize {
        self.counts.get(state.name()).copied().unwrap_or(0)
    }

    /// Whether what it says of its rows is known.
    pub(crate) fn is_known(&self) -> bool {
        !self.counts.is_empty()
    }
}

/// Begins the imports of an account.
pub(super) fn prefix(account: &str) -> String {
    format!("{IMPORTS}{account}/")
}

pub(super) fn key(account: &str, id: &str) -> String {
    format!("{}{id}", prefix(account))
}

/// Why an import is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotKept {
    /// There are too many on this server.
    Full,
    /// It is no longer there.
    Gone,
}

/// Keeps an import that has come. Where its account has too many, the oldest that are not under way go; their ids.
pub(super) struct Keep {
    pub(super) import: Import,
    /// Those that are under way.
    pub(super) spared: Vec<String>,
}

#[async_trait]
impl Command for Keep {
    type Output = Result<Vec<String>, NotKept>;

    async fn run(self, work: &mut Work<'_>) -> Result<Self::Output, StoreError> {
        let all = work.facts::<Import>(IMPORTS, limits::IMPORTS).await?;
        let mut own: Vec<&Import> =
            all.iter().map(|(_, import)| import).filter(|import| import.account == self.import.account).collect();
        own.sort_by_key(|import| import.change_time);
        let surplus = (own.len() + 1).saturating_sub(limits::IMPORTS_PER_ACCOUNT);
        let going = own.into_iter().filter(|import| !self.spared.contains(&import.id)).take(surplus);
        let gone: Vec<(String, String)> = going.map(|import| (import.key(), import.id.clone())).collect();
        if all.len() - gone.len() >= limits::IMPORTS {
            return Ok(Err(NotKept::Full));
        }
        for (key, _) in &gone {
            work.remove_fact(key.clone());
        }
        work.put_fact(self.import.key(), &self.import);
        Ok(Ok(gone.into_iter().map(|(_, id)| id).collect()))
    }
}

/// Changes an import that is there; what it is then.
pub(super) struct Change<F> {
    pub(super) key: String,
    pub(super) change: F,
}

#[async_trait]
impl<F: FnOnce(&mut Import) + Send + Sync + 'static> Command for Change<F> {
    type Output = Result<Import, NotKept>;

    async fn run(self, work: &mut Work<'_>) -> Result<Self::Output, StoreError> {
        let Some(mut import) = work.fact::<Import>(&self.key).await? else { return Ok(Err(NotKept::Gone)) };
        (self.change)(&mut import);
        import.change_time = work.now;
        work.put_fact(self.key, &import);
        Ok(Ok(import))
    }
}

/// Takes an import away.
pub(super) struct Remove(pub(super) Vec<String>);

#[async_trait]
impl Command for Remove {
    type Output = ();

    async fn run(self, work: &mut Work<'_>) -> Result<(), StoreError> {
        for key in self.0 {
            work.remove_fact(key);
        }
        Ok(())
    }
}
