//! An origin says what its scopes should hold: soon after they have changed, and from time to time when they have not.

use std::collections::BTreeMap;

use async_trait::async_trait;
use duikou_proto::directory::{Directory, MemberState};
use duikou_proto::envelope::Micros;
use duikou_proto::head;
use duikou_proto::limits as contract;
use duikou_proto::name::{Kind, MemberId};
use duikou_proto::scope::Scope;
use duikou_proto::v1::Head;
use prost::Message;
use tokio_util::sync::CancellationToken;

use super::next_state::say;
use super::work::Work;
use super::writer::Command;
use super::{Engine, facts};
use crate::defects::{self, Defect};
use crate::limits;
use crate::store::{Row, StoreError};

/// Signs the heads that are due; whether there may be more.
pub(super) struct SignHeads;

#[async_trait]
impl Command for SignHeads {
    type Output = bool;

    async fn run(self, work: &mut Work<'_>) -> Result<bool, StoreError> {
        let directory = work.memory.directory.clone();
        let mut room = limits::HEADS_AT_ONCE;
        for member in directory.hosted(&work.identity.node).filter(|member| member.state == MemberState::Active) {
            // What cannot be read would pass for what never was, and others would let go of it.
            if work.memory.unrecovered.contains(&member.id)
                || work.memory.damage.lacks_of(&member.id)
                || work.identity.signers.newest(&member.id, &directory).is_none()
            {
                continue;
            }
            let vouch = vouch(work, &member.id).await?;
            for (row, due) in due(work, &member.id, vouch).await? {
                if room == 0 {
                    return Ok(true);
                }
                room -= 1;
                sign(work, &member.id, row, due).await?;
            }
            if let Some(time) = vouch {
                work.put_fact(format!("{}{}", facts::VOUCHED, member.id), &time);
            }
        }
        Ok(false)
    }
}

/// Until when a member has to say what all its scopes hold, whether or not it knows that they ever held anything: its
/// store came back from an earlier time, and others may hold what it does not know of.
async fn vouch(work: &mut Work<'_>, member: &MemberId) -> Result<Option<Micros>, StoreError> {
    let Some(mut first) = work.fact::<Micros>(facts::VOUCH).await? else { return Ok(None) };
    // The clock was wrong then: heads as of a moment that is still to come, or long past, are compared with nothing.
    if first == 0 || first > work.now {
        first = work.now;
        work.put_fact(facts::VOUCH.to_owned(), &first);
    }
    let signed = work.fact::<Micros>(&format!("{}{member}", facts::VOUCHED)).await?;
    let signed = signed.filter(|signed| *signed <= work.now);
    // Once more when whatever a clock that was ahead can have signed is past.
    let second = first + limits::CLOCKS_APART.as_micros() as Micros;
    let time = if second <= work.now { second } else { first };
    Ok(Some(time).filter(|time| signed.is_none_or(|signed| signed < *time)))
}

/// All scopes that a member can ever have published in.
fn all_scopes(directory: &Directory) -> Vec<Scope> {
    let Some(network) = directory.network() else { return Vec::new() };
    let circles = directory.circles().filter_map(|(circle, _)| Scope::circle(circle, network).ok());
    let members = directory.members().map(|member| Scope::member(&member.id));
    [Scope::public(), Scope::registered(), Scope::network(network)].into_iter().chain(circles).chain(members).collect()
}

/// The heads of a member that are to be signed, with the rows of those before them.
async fn due(
    work: &mut Work<'_>,
    member: &MemberId,
    vouch: Option<Micros>,
) -> Result<Vec<(Option<Row>, Head)>, StoreError> {
    let mut held: BTreeMap<String, (Row, Head)> = BTreeMap::new();
    for row in work.rows_under(&format!("members/{member}/heads/"), limits::HEADS_OF_A_MEMBER).await? {
        let head = row.record.as_ref().and_then(|record| Head::decode(record.body()).ok());
        if let Some(head) = head {
            held.insert(head.scope.clone(), (row, head));
        }
    }
    let mut scopes: BTreeMap<&str, _> = held.keys().map(|scope| (scope.as_str(), None)).collect();
    scopes.extend(work.memory.heads.of(member.as_str()).map(|(scope, state)| (scope, Some(state))));
    let all = if vouch.is_some() { all_scopes(&work.memory.directory) } else { Vec::new() };
    for scope in &all {
        scopes.entry(scope.as_str()).or_insert(None);
    }
    let mut due = Vec::new();
    // A clock that was ahead said more than it knew. What all scopes hold now is said as of now, and of no moment to come.
    let apart = if vouch.is_some() { 0 } else { limits::CLOCKS_APART.as_micros() as Micros };
    let horizon = work.now + apart;
    for (scope, state) in scopes.into_iter().take(limits::HEADS_OF_A_MEMBER) {
        let before = held.get(scope);
        let said = before.map_or(0, |(_, head)| head.as_of);
        let kinds = state.map(|state| state.sums()).unwrap_or_default();
        let touched = state.map_or(0, |state| state.as_of);
        let mut as_of = touched.max(if said > horizon { 0 } else { said }).max(vouch.unwrap_or(0));
        if defects::on(Defect::AsOfOfTheMember) {
            as_of = work.memory.revisions.get(member).copied().unwrap_or(as_of);
        }
        let age = before.map(|(_, head)| work.now.saturating_sub(head.issue_time));
        // An empty scope needs no heartbeat: there is nothing that could be kept from anybody.
        let fresh =
            age.is_some_and(|age| 0 <= age && (kinds.is_empty() || age < limits::HEAD_EVERY.as_micros() as i64));
        let same = before.is_some_and(|(_, head)| head.kinds == kinds && head.as_of == as_of);
        if !(fresh && same) && (before.is_some() || as_of > 0) {
            let head = Head {
                scope: scope.to_owned(),
                kinds,
                as_of,
                issue_time: work.now,
                valid_until: work.now + contract::HEAD_VALID.as_micros() as i64,
            };
            due.push((before.map(|(row, _)| row.clone()), head));
        }
    }
    Ok(due)
}

async fn sign(work: &mut Work<'_>, member: &MemberId, row: Option<Row>, due: Head) -> Result<(), StoreError> {
    let Ok(scope) = due.scope.parse::<Scope>() else { return Ok(()) };
    let Ok(name) = head::name(member, &scope) else { return Ok(()) };
    say(work, row.as_ref(), &name, Kind::head(), scope, due.encode_to_vec().into(), limits::HEAD_KEPT).await
}

impl Engine {
    /// Signs heads when something has changed, and before those that are out lose their date, until told to stop.
    pub(super) async fn keep_heads(self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.0.heads.notified() => {}
                () = tokio::time::sleep(limits::HEAD_LOOK) => {}
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(limits::HEAD_AFTER) => {}
            }
            if self.halted().is_none() && !defects::on(Defect::NoHeads) {
                while matches!(self.submit(SignHeads).await, Ok(true)) {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    use duikou_proto::directory;
    use duikou_proto::federation::directory_entry::Action;
    use duikou_proto::federation::{Admit, Host};
    use duikou_proto::name::NetworkName;
    use duikou_proto::sign::Signer;
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::engine::recover::Recovered;
    use crate::engine::{Data, Halt, Identity, Parts};
    use crate::store::sqlite::SqliteStore;
    use crate::world::World;

    const DAY: Micros = 24 * 3_600_000_000;

    /// As of when a member says what is for everybody, of a node that took its records back by a clock that showed `wrong`
    /// and was corrected to `right`.
    async fn as_of(wrong: Micros, right: Micros) -> Micros {
        let folder = tempfile::tempdir().unwrap();
        let network: NetworkName = "n.example".parse().unwrap();
        let (member, node): (MemberId, MemberId) = ("a.n.example".parse().unwrap(), "node.n.example".parse().unwrap());
        let signer = Signer::from_seed(1, [3; 32]);
        let clock = Arc::new(AtomicI64::new(wrong));
        let shows = clock.clone();
        let parts = Parts {
            identity: Identity {
                node: node.clone(),
                network: network.clone(),
                carrier: false,
                signers: [(member.clone(), signer.clone())].into_iter().collect(),
            },
            store: Arc::new(SqliteStore::open(&folder.path().join("data.db")).await.unwrap()),
            world: World::system().with_clock(Arc::new(move || shows.load(Ordering::SeqCst))),
            feed_bytes: 8 * 1024,
            queue_bytes: limits::QUEUE_BYTES,
            data: Data::Left,
            stop: CancellationToken::new(),
        };
        let engine = Engine::start(parts).await.unwrap().engine;
        // The clock is known to be wrong: nothing is signed by it.
        engine.halt(Some(Halt::Clock { ahead_seconds: 700 }));
        let (root, authority) = (Signer::from_seed(0, [1; 32]), Signer::from_seed(1, [2; 32]));
        let mut entries = vec![directory::genesis(&network, &root, &authority, right - 2 * DAY)];
        let mut directory = Directory::default();
        directory.apply(&entries[0]).unwrap();
        let signing_key = signer.public().to_bytes().to_vec();
        let actions = [
            Action::Host(Host { member: member.to_string(), node: node.to_string(), announced: false }),
            Action::Admit(Admit { member: member.to_string(), signing_key, ..Default::default() }),
        ];
        for action in actions {
            let entry = directory::next(directory.link(), &authority, right - 2 * DAY, action);
            directory.apply(&entry).unwrap();
            entries.push(entry);
        }
        engine.follow(entries).await.unwrap().unwrap();
        let members = vec![member.clone()];
        let recovered = Recovered { members, from: None, rolled_back: false, clock_right: false };
        engine.submit(recovered).await.unwrap();

        clock.store(right, Ordering::SeqCst);
        engine.halt(None);
        while engine.submit(SignHeads).await.unwrap() {}
        let name = head::name(&member, &Scope::public()).unwrap();
        let row = engine.rows(&[name]).await.unwrap().remove(0);
        let head = Head::decode(row.record.as_ref().unwrap().body()).unwrap();
        engine.close();
        head.as_of
    }

    #[tokio::test]
    async fn what_a_wrong_clock_promised_is_of_the_moment_at_which_it_is_right() {
        let right = 20_000 * DAY;
        for wrong in [1_000, right - DAY, right + 45 * 60 * 1_000_000] {
            assert_eq!(as_of(wrong, right).await, right, "by a clock that showed {wrong}");
        }
    }
}
