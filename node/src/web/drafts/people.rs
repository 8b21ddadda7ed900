//! The names of those who write and judge: drafts keep the ids of accounts and tokens.

use std::collections::HashMap;

use super::super::Web;
use super::super::catalogue::Texts;
use super::super::respond::Failed;
use super::super::visitor::Visitor;
use crate::accounts::Account;
use crate::engine::facts;
use crate::services::Failure;

/// Accounts by their ids.
#[derive(Debug, Clone)]
pub(super) struct People {
    texts: Texts,
    named: HashMap<String, String>,
}

impl People {
    /// Those with these ids, as a draft names them: whoever may read a draft may know who has had a hand in it.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub(super) async fn of(web: &Web, visitor: &Visitor, ids: Vec<String>) -> Result<Self, Failed> {
        let mut named = HashMap::new();
        for id in ids {
            if named.contains_key(&id) {
                continue;
            }
            let account = web.engine().fact::<Account>(&facts::account(&id)).await;
            let account = account.map_err(|error| visitor.failed(&Failure::from(error).status(visitor.language())))?;
            named.extend(account.map(|account| (id, account.called().to_owned())));
        }
        Ok(Self { texts: visitor.texts, named })
    }

    /// With these names.
    #[cfg(any(test, feature = "samples"))]
    pub(super) fn sample(texts: Texts, named: &[(&str, &str)]) -> Self {
        let named = named.iter().map(|(id, name)| ((*id).to_owned(), (*name).to_owned())).collect();
        Self { texts, named }
    }

    /// What somebody is called: a program by the id of its token.
    pub(super) fn name(&self, id: &str) -> String {
        match (self.named.get(id), id) {
            (Some(name), _) => name.clone(),
            (None, "") => String::new(),
            (None, "local") => self.texts.text("drafts-local"),
            (None, id) => self.texts.about("drafts-program", id),
        }
    }

    /// Several, in their order.
    pub(super) fn names<'a>(&self, ids: impl IntoIterator<Item = &'a String>) -> String {
        let names: Vec<String> = ids.into_iter().map(|id| self.name(id)).collect();
        names.join(&self.texts.text("list-comma"))
    }
}
