//! What members elsewhere have refused of what members here have written, by what their receipts say now.

use std::collections::{BTreeMap, HashMap};

use duikou_proto::directory::MemberState;
use duikou_proto::envelope::Revision;
use duikou_proto::federation::rejected::Code;
use duikou_proto::name::{MemberId, RecordName};

use super::Engine;
use crate::store::StoreError;

/// Names that are looked up for one origin.
const NAMES: usize = 1_000;

/// A state that somebody refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedBy {
    /// Of a member here.
    pub name: RecordName,
    /// Which state of it.
    pub revision: Revision,
    /// Who refused it.
    pub holder: MemberId,
    /// Why.
    pub code: Code,
}

impl Engine {
    /// What was refused of members here, by name and by who refused it. What has been written anew since is none of it.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn refused_by(&self, of: impl Fn(&MemberId) -> bool) -> Result<Vec<RefusedBy>, StoreError> {
        let directory = self.directory();
        let node = &self.identity().node;
        let mut found = Vec::new();
        let hosted = directory.hosted(node).filter(|member| of(&member.id));
        for origin in hosted.filter(|member| member.state == MemberState::Active) {
            let mut named: BTreeMap<RecordName, Vec<RefusedBy>> = BTreeMap::new();
            for (holder, receipt) in self.receipts(&origin.id).await?.into_iter().filter(|(who, _)| who.node != *node) {
                for refused in receipt.iter().flat_map(|receipt| &receipt.refused) {
                    let Ok(name) = refused.name.parse::<RecordName>() else { continue };
                    if name.origin() != origin.id || (named.len() >= NAMES && !named.contains_key(&name)) {
                        continue;
                    }
                    let code = Code::from_str_name(&refused.code).unwrap_or_default();
                    let (revision, holder) = (refused.revision, holder.id.clone());
                    let of_name = named.entry(name.clone()).or_default();
                    of_name.push(RefusedBy { name, revision, holder, code });
                }
            }
            let names: Vec<RecordName> = named.keys().cloned().collect();
            let rows = self.rows(&names).await?.into_iter();
            let newest: HashMap<RecordName, Revision> = rows.map(|row| (row.name.clone(), row.revision())).collect();
            let stands = |refused: &RefusedBy| newest.get(&refused.name).is_some_and(|held| *held <= refused.revision);
            found.extend(named.into_values().flatten().filter(stands));
        }
        Ok(found)
    }
}
