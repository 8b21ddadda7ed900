//! Every store has the newest head of each scope of others that is for it, and knows by it that all is there, but for what
//! it has refused. Not verified of origins that are suspended or removed: their heads grow old.

use duikou_proto::directory::MemberState;
use duikou_proto::envelope::Part;
use duikou_proto::name::Kind;
use duikou_proto::v1::completeness::State;

use super::{Evidence, Invariant};

pub(super) const INVARIANT: Invariant = Invariant { name: "holders know what they hold", check };

fn check(evidence: &Evidence) -> Vec<String> {
    let mut found = Vec::new();
    let is_active =
        |origin: &str| evidence.directory.member_by_text(origin).is_some_and(|m| m.state == MemberState::Active);
    for origin in &evidence.stores {
        let own = origin.rows.iter().filter(|(name, _)| evidence.host(name) == Some(&origin.node));
        let heads = own.filter_map(|(name, row)| Some((name, row.record.as_ref()?)));
        // One that a clock which was ahead has signed is refused until its time has come.
        let is_of_now = |record: &Part| record.revision() <= evidence.now && record.expire_time() > evidence.now;
        let heads = heads.filter(|(name, record)| {
            *record.kind() == Kind::head() && is_of_now(record) && is_active(name.origin_str())
        });
        for (name, head) in heads {
            let holders = evidence.stores.iter().filter(|store| store.node != origin.node);
            for holder in holders.filter(|holder| evidence.belongs(&holder.node, head.scopes())) {
                let has = holder.rows.get(name).and_then(|row| row.record.as_ref()).map_or(0, |has| has.revision());
                if has != head.revision() {
                    found.push(format!("{} has {name} at {has}, its origin at {}", holder.node, head.revision()));
                }
            }
        }
    }
    for store in &evidence.stores {
        for (origin, scope, state) in store.judged.iter().filter(|(origin, ..)| is_active(origin)) {
            let refuses = store.rejected.keys().any(|name| name.origin_str() == origin);
            match state {
                State::Complete => {}
                State::Rejected if refuses => {}
                other => found.push(format!("{} holds {scope} of {origin} as {other:?}", store.node)),
            }
        }
    }
    found
}
