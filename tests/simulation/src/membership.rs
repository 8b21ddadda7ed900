//! What the operators of a simulated network do with its members: new keys, and moves from one node to another.

use std::time::Duration;

use duikou_proto::directory::{MemberState, member_key_input};
use duikou_proto::envelope::Micros;
use duikou_proto::federation::directory_entry::Action;
use duikou_proto::federation::key::Purpose;
use duikou_proto::federation::{Host, Key};
use duikou_proto::name::MemberId;
use duikou_proto::sign::Signer;

use super::world::World;

/// How long a node may need until it has all of a member that came.
const SETTLES: Duration = Duration::from_secs(60);

/// The signing key of a member with this number.
pub(super) fn key(member: &MemberId, number: i32) -> Signer {
    let text = if number == 1 { member.short().to_owned() } else { format!("{member} {number}") };
    Signer::from_seed(number, *blake3::hash(text.as_bytes()).as_bytes())
}

impl World {
    /// A member gets its next key; those before verify for so long. By the root: because the last one is lost.
    pub(super) async fn rotate(&mut self, member: &MemberId, grace: Micros, by_root: bool) {
        let Some(newest) = self.directory().member(member).and_then(|member| member.keys.newest()) else { return };
        let next = key(member, newest.number + 1);
        let public_key = next.public().to_bytes().to_vec();
        let input = member_key_input(member, Purpose::Signing, next.number(), &public_key);
        let signer = if by_root { self.root.clone() } else { key(member, newest.number) };
        let now = self.time.now();
        let entry = Key {
            member: member.to_string(),
            purpose: Purpose::Signing.into(),
            number: next.number(),
            algorithm: "ed25519".into(),
            public_key,
            valid_from: now,
            predecessors_until: now + grace,
            signature: signer.sign_text(&input),
            by_root,
        };
        // It lies where its member lives before the network knows it.
        let host = self.host(member);
        self.servers[host].signers.hold(member.clone(), next);
        self.act(Action::Key(entry)).await;
    }

    fn takes_keys(&self, member: &MemberId, to: usize) {
        let keys = self.directory().member(member).map(|member| member.keys.iter().map(|key| key.number).max());
        for number in 1..=keys.flatten().unwrap_or(1) {
            self.servers[to].signers.hold(member.clone(), key(member, number));
        }
    }

    /// A member is to move once its node has delivered everything; whether that could be announced.
    pub(super) async fn announce_move(&mut self, member: &MemberId, to: usize) -> bool {
        self.takes_keys(member, to);
        let node = self.servers[to].id.to_string();
        self.act(Action::Host(Host { member: member.to_string(), node, announced: true })).await
    }

    /// Where a member is to move.
    pub(super) fn destination(&self, member: &MemberId) -> Option<usize> {
        let to = self.directory().member(member)?.moving.as_ref()?;
        self.servers.iter().position(|server| server.id == *to)
    }

    /// Where its node has delivered everything, a member moves; whether there is nothing more to do.
    pub(super) async fn release(&mut self, member: &MemberId) -> bool {
        let Some(to) = self.destination(member) else { return true };
        let from = self.host(member);
        let Some(process) = self.servers[from].process().cloned() else { return false };
        let view = process.board.get(&self.servers[0].id).unwrap_or_default();
        let knows = process.engine.directory().index() >= self.directory().index();
        let mut unacknowledged = duikou_exchange::link::Unacknowledged::default();
        let looked = tokio::select! {
            biased;
            () = process.died().cancelled() => return false,
            open = unacknowledged.count(&process.engine, view.acknowledged, Some(member)) => open,
        };
        let delivered = knows && view.phase == duikou_exchange::link::LinkPhase::Connected && matches!(looked, Ok(0));
        delivered && self.put_on(member, to).await
    }

    /// A member lives there from now on, whatever its node still has to deliver; whether that could be said.
    pub(super) async fn put_on(&mut self, member: &MemberId, to: usize) -> bool {
        self.takes_keys(member, to);
        let node = self.servers[to].id.to_string();
        if !self.act(Action::Host(Host { member: member.to_string(), node, announced: false })).await {
            return false;
        }
        self.note_answers();
        self.note_departure(member);
        self.moved.insert(member.clone(), self.time.elapsed());
        true
    }

    /// Whether a member is where it has been for a while, and does not move.
    pub(super) fn is_settled(&self, member: &MemberId) -> bool {
        let moved = self.moved.get(member).is_none_or(|moved| *moved + SETTLES < self.time.elapsed());
        moved && self.destination(member).is_none()
    }

    /// Members that have been removed.
    pub(super) fn removed(&self) -> Vec<MemberId> {
        let removed = self.directory().members().filter(|member| matches!(member.state, MemberState::Removed(_)));
        removed.map(|member| member.id.clone()).collect()
    }
}
