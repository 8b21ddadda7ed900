//! Things that happen one after the other, in an order that chance alone would hardly ever find.

use std::time::Duration;

use duikou_proto::envelope::Micros;
use duikou_proto::federation::directory_entry::Action;
use duikou_proto::federation::{CircleAdd, CircleDrop};
use duikou_proto::name::{MemberId, RecordName};

use super::server::Begins;
use super::story::{Story, Undo};
use super::world::World;

const MINUTE: Micros = 60 * 1_000_000;
/// How long something takes to be everywhere.
const DELIVERED: Duration = Duration::from_secs(3);
/// How long stores may take to compare themselves with each other.
const COMPARED: Duration = Duration::from_secs(40);
/// How long a server may take to write what is waited for.
const WRITES: Duration = Duration::from_secs(2);

impl Story {
    /// A node goes back to before it published something, and narrows the same name before it hears of that.
    pub(super) async fn amnesia(&mut self, world: &mut World, name: &RecordName) {
        let server = world.host(&name.origin());
        if server == 0 || world.servers[server].process().is_none() {
            return;
        }
        world.servers[server].back_up();
        world.write(name.clone(), &["network"], true, None);
        self.passes(world, DELIVERED).await;
        self.cut(world, server, 6_000);
        let begins = if self.below(2) == 0 { Begins::Restored } else { Begins::Anew };
        self.down(world, server, false, begins);
        world.put_back(server);
        world.start(server, begins).await;
        world.write(name.clone(), &["member:d"], false, None);
    }

    /// A node's clock is ahead while it writes; then it loses its disk, and writes with a clock that is right.
    pub(super) async fn ahead(&mut self, world: &mut World, name: &RecordName) {
        let server = world.host(&name.origin());
        if server == 0 || world.servers[server].process().is_none() || self.a_clock_is_wrong() {
            return;
        }
        world.clocks_were_wrong = true;
        world.servers[server].skew.set(9 * MINUTE);
        world.write(name.clone(), &["network"], true, None);
        self.passes(world, DELIVERED * 2).await;
        world.servers[server].skew.set(0);
        world.followers_begin_anew(server);
        self.down(world, server, false, Begins::Anew);
        world.lose_disk(server);
        world.start(server, Begins::Anew).await;
        self.passes(world, DELIVERED * 3).await;
        world.write(name.clone(), &["network"], false, None);
    }

    /// A record's date passes, and then that of its end, while a node that has it is away.
    pub(super) async fn outlast(&mut self, world: &mut World, name: &RecordName, node: usize) {
        if world.host(&name.origin()) == node || self.a_clock_is_wrong() {
            return;
        }
        world.write(name.clone(), &["network"], true, Some(5 * MINUTE));
        self.passes(world, DELIVERED).await;
        self.cut(world, node, 20_000);
        for minutes in [6, 40] {
            world.time.leap(minutes * MINUTE);
            self.passes(world, DELIVERED * 3).await;
        }
    }

    /// A server is killed just after it has written something: one more or one less of what follows is then on its disk.
    pub(super) async fn crash(&mut self, world: &mut World, name: &RecordName) {
        let server = self.below(world.servers.len());
        if world.servers[server].process().is_none() {
            return;
        }
        world.trace.note(|| format!("of server {server}"));
        world.write(name.clone(), &["network"], true, None);
        let mut writes = world.servers[server].disk.watch_syncs();
        let until = *writes.borrow_and_update() + 1 + self.below(4) as u64;
        let reached = tokio::time::timeout(WRITES, writes.wait_for(|writes| *writes >= until)).await.is_ok();
        if reached {
            self.down(world, server, false, Begins::Anew);
        }
    }

    /// A member leaves a circle in the midst of what is written for it, and may come back.
    pub(super) async fn leave_amidst(&mut self, world: &mut World, member: &MemberId) {
        let circle = "x".to_owned();
        let inside = world.directory().circle_members(&circle).is_some_and(|circle| circle.contains(member));
        let writers = world.members.clone();
        let act = |member: &MemberId| -> Action {
            let (circle, member) = (circle.clone(), member.to_string());
            if inside {
                Action::CircleDrop(CircleDrop { circle, member })
            } else {
                Action::CircleAdd(CircleAdd { circle, member })
            }
        };
        for round in 0..4 {
            for (at, writer) in writers.iter().enumerate() {
                world.write(world.listing(writer, at as u64 % 2), &["circle:x"], round % 2 == 0, None);
            }
            if round == 1 {
                world.act(act(member)).await;
            }
            let millis = self.between(1, 30);
            self.passes(world, Duration::from_millis(millis)).await;
        }
    }

    /// Of two records of a member one vanishes from a store behind its back; and whoever could bring it back may have lost
    /// both, while their origin is away.
    pub(super) async fn rot(&mut self, world: &mut World, server: usize, member: &MemberId) {
        if world.host(member) == server || world.servers[server].process().is_none() {
            return;
        }
        for number in 0..2 {
            world.write(world.listing(member, number), &["network"], true, None);
        }
        self.passes(world, DELIVERED * 2).await;
        let name = world.listing(member, 0);
        if world.servers[server].process().is_none() || !world.servers[server].tables().rows.contains_key(&name) {
            return;
        }
        world.trace.note(|| format!("{name} vanishes"));
        self.down(world, server, false, Begins::Anew);
        world.servers[server].forget_row(&name);
        world.followers_begin_anew(server);
        world.start(server, Begins::Anew).await;
        let origin = world.host(member);
        if server != 0 && origin != 0 && self.below(2) == 0 {
            self.cut(world, origin, 50_000);
            self.lose_disk(world, 0);
            world.start(0, Begins::Anew).await;
            world.note_sweeps();
            self.passes(world, COMPARED).await;
        }
    }

    /// A record is spoiled in the gateway while a node is away that has yet to read it.
    pub(super) async fn spoil(&mut self, world: &mut World, name: &RecordName, node: usize) {
        let origin = world.host(&name.origin());
        if origin == node || origin == 0 || world.servers[0].process().is_none() {
            return;
        }
        self.cut(world, node, 9_000);
        world.write(name.clone(), &["network"], true, None);
        self.passes(world, DELIVERED).await;
        if world.servers[0].process().is_none() {
            return;
        }
        self.down(world, 0, false, Begins::Anew);
        let spoiled = world.servers[0].spoil_row(name);
        world.trace.note(|| format!("{name} is spoiled: {spoiled}"));
        world.start(0, Begins::Anew).await;
        self.passes(world, DELIVERED * 4).await;
    }

    /// Both ways between a node and its gateway are closed for so long.
    fn cut(&mut self, world: &mut World, node: usize, millis: u64) {
        for (from, to) in [(node, 0), (0, node)] {
            let (one, other) = (world.servers[from].id.clone(), world.servers[to].id.clone());
            world.net.set_open(&one, &other, false);
            self.after(world, millis, Undo::Open(from, to));
        }
    }

    async fn passes(&mut self, world: &mut World, time: Duration) {
        tokio::time::sleep(time).await;
        world.note_answers();
    }
}
