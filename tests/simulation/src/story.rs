//! What happens to a simulated network: people write and read, operators change the directory, and everything that can
//! break does, each after its own weights.

use std::collections::BTreeMap;
use std::time::Duration;

use duikou_proto::directory::Hidden;
use duikou_proto::envelope::Micros;
use duikou_proto::federation::directory_entry::Action;
use duikou_proto::federation::{CircleAdd, CircleDrop};
use duikou_proto::name::{MemberId, RecordName};
use duikou_proto::v1::WithdrawalReason;

use super::Fault;
use super::network::Delay;
use super::server::Begins;
use super::time::SLOWEST;
use super::world::{CIRCLES, World};
use crate::seed::Seed;

const SECOND: Micros = 1_000_000;
const MINUTE: Micros = 60 * SECOND;
/// Names of one member: few, so that everything meets everything.
const NAMES: u64 = 2;
/// How long a node of a network that is whole may take to deliver everything.
const DELIVERS: Duration = Duration::from_secs(120);
/// How long a key verifies after the next one has come.
const GRACE: Micros = 30 * 24 * 60 * MINUTE;
const SHORT_GRACE: Micros = 20 * SECOND;
/// As far ahead as anything can have been signed that others took.
const FUTURE: Micros = 21 * MINUTE;
const SALT: [u8; 16] = [7; 16];
/// Whoever may see a listing.
const AUDIENCES: [&[&str]; 10] = [
    &[],
    &["network"],
    &["public"],
    &["circle:x"],
    &["circle:y"],
    &["circle:x", "circle:y"],
    &["network", "circle:x"],
    &["member:c"],
    &["circle:y", "member:d"],
    &["member:b", "circle:x"],
];

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Write,
    Short,
    End,
    Read,
    Rejoin,
    Break,
    Close,
    Slow,
    Kill,
    PowerCut,
    DiskFault,
    BackUp,
    Restore,
    RollBack,
    LoseDisk,
    GatewayBackUp,
    GatewayRestore,
    GatewayLoss,
    TwoAtOnce,
    Join,
    Leave,
    Suspend,
    Resume,
    Hide,
    Show,
    Skew,
    Leap,
    Rotate,
    RotateFast,
    Compromise,
    LoseKey,
    Remove,
    BringBack,
    Move,
    ForceMove,
    Amnesia,
    Ahead,
    Outlast,
    Crash,
    LeaveAmidst,
    Rot,
    Spoil,
}

use Kind::*;

/// What always goes on.
const USUAL: [(Kind, u64); 4] = [(Write, 16), (End, 4), (Read, 8), (Rejoin, 1)];

/// What goes wrong besides, in runs of different character.
const CHARACTERS: [(&str, &[(Kind, u64)]); 15] = [
    ("honest", &[]),
    ("links", &[(Break, 4), (Close, 2), (Kill, 1), (Slow, 1)]),
    ("circles", &[(Break, 2), (Join, 4), (Leave, 4), (Close, 1)]),
    ("directory", &[(Break, 1), (Suspend, 2), (Resume, 3), (Hide, 2), (Show, 2), (Join, 1), (Leave, 1)]),
    ("lost nodes", &[(Break, 2), (BackUp, 3), (Restore, 2), (RollBack, 2), (LoseDisk, 1), (Kill, 1), (PowerCut, 1)]),
    (
        "lost gateways",
        &[(Break, 2), (GatewayBackUp, 3), (GatewayRestore, 1), (GatewayLoss, 1), (TwoAtOnce, 1), (BackUp, 2)],
    ),
    ("dates", &[(Short, 6), (Leap, 2), (Break, 2), (Close, 1), (Read, 4), (Outlast, 1)]),
    ("clocks", &[(Skew, 2), (Break, 2), (Short, 1), (Leap, 1)]),
    ("disks", &[(DiskFault, 2), (PowerCut, 2), (Kill, 2), (Break, 1)]),
    (
        "everything",
        &[
            (Short, 2),
            (Leap, 1),
            (Break, 3),
            (Close, 1),
            (Slow, 1),
            (Kill, 1),
            (PowerCut, 1),
            (DiskFault, 1),
            (BackUp, 2),
            (Restore, 1),
            (RollBack, 1),
            (LoseDisk, 1),
            (Join, 2),
            (Leave, 2),
            (Suspend, 1),
            (Resume, 2),
            (Hide, 1),
            (Show, 2),
            (Skew, 1),
            (TwoAtOnce, 1),
            (GatewayBackUp, 1),
            (Rotate, 1),
            (Move, 1),
            (Crash, 1),
        ],
    ),
    (
        "keys",
        &[
            (Rotate, 1),
            (RotateFast, 1),
            (Compromise, 1),
            (LoseKey, 1),
            (Break, 2),
            (Close, 1),
            (Kill, 1),
            (Suspend, 1),
            (Resume, 2),
        ],
    ),
    (
        "members",
        &[
            (Remove, 1),
            (BringBack, 2),
            (Move, 2),
            (ForceMove, 1),
            (Break, 2),
            (Close, 1),
            (Kill, 1),
            (Join, 1),
            (Leave, 1),
        ],
    ),
    ("forgetting", &[(Amnesia, 2), (Ahead, 1), (Break, 1), (Kill, 1)]),
    ("instants", &[(Crash, 4), (LeaveAmidst, 3), (Break, 1)]),
    ("rot", &[(Rot, 1), (Spoil, 1), (Break, 1)]),
];

/// What ends by itself.
#[derive(Debug, Clone)]
pub(super) enum Undo {
    Open(usize, usize),
    Start(usize, Begins),
    Disk(usize),
    Clock(usize),
    Delay,
    Release(MemberId),
}

/// One run's course.
pub(super) struct Story {
    seed: Seed,
    weights: Vec<(Kind, u64)>,
    pub(super) character: &'static str,
    pace: Duration,
    later: BTreeMap<(Duration, u64), Undo>,
    undone: u64,
}

impl Story {
    /// A course that depends on `seed` alone.
    pub(super) fn new(number: u64, seed: Seed) -> Self {
        let (character, wrong) = CHARACTERS[(number % CHARACTERS.len() as u64) as usize];
        let weights = USUAL.iter().chain(wrong).copied().collect();
        Self { seed, weights, character, pace: Duration::from_millis(600), later: BTreeMap::new(), undone: 0 }
    }

    /// The usual load alone.
    pub(super) fn usual(seed: Seed) -> Self {
        Self { character: "usual", weights: USUAL.to_vec(), ..Self::new(0, seed) }
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.seed.below(bound as u64) as usize
    }

    pub(super) fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.seed.below(most - least + 1)
    }

    pub(super) fn after(&mut self, world: &World, millis: u64, undo: Undo) {
        self.undone += 1;
        self.later.insert((world.time.elapsed() + Duration::from_millis(millis), self.undone), undo);
    }

    /// Lets it go on for so long.
    pub(super) async fn go_on(&mut self, world: &mut World, span: Duration) {
        let end = world.time.elapsed() + span;
        while world.time.elapsed() < end {
            let pause = self.pace.mul_f64(self.between(1, 2000) as f64 / 1000.0);
            tokio::time::sleep(pause).await;
            world.note_answers();
            if world.time.elapsed().as_millis().is_multiple_of(8) {
                world.note_memory();
            }
            world.note_sweeps();
            world.note_halts();
            self.undo_due(world).await;
            let whole: u64 = self.weights.iter().map(|(_, weight)| weight).sum();
            let mut at = self.seed.below(whole);
            let kind = self.weights.iter().find(|(_, weight)| {
                let here = at < *weight;
                at = at.saturating_sub(*weight);
                here
            });
            let kind = kind.map_or(Write, |(kind, _)| *kind);
            self.happens(world, kind).await;
        }
    }

    async fn undo_due(&mut self, world: &mut World) {
        let now = (world.time.elapsed(), u64::MAX);
        let later = self.later.split_off(&now);
        for undo in std::mem::replace(&mut self.later, later).into_values() {
            self.undo(world, undo).await;
        }
    }

    async fn undo(&mut self, world: &mut World, undo: Undo) {
        world.trace.note(|| format!("{undo:?}"));
        match undo {
            Undo::Open(from, to) => {
                let (from, to) = (world.servers[from].id.clone(), world.servers[to].id.clone());
                world.net.set_open(&from, &to, true);
            }
            Undo::Start(server, begins) => {
                if !world.start(server, begins).await {
                    self.after(world, 1_000, Undo::Start(server, begins));
                }
            }
            Undo::Disk(server) => world.servers[server].disk.set_fault(None),
            Undo::Clock(server) => {
                world.servers[server].skew.set(0);
                // Where it was ahead, what had not expired was shown as expired.
                world.followers_begin_anew(server);
            }
            Undo::Release(member) => {
                if !world.release(&member).await {
                    self.after(world, 1_000, Undo::Release(member));
                }
            }
            Undo::Delay => {
                world.net.set_delay(Delay { least: Duration::from_millis(5), spread: Duration::from_millis(20) });
            }
        }
    }

    async fn happens(&mut self, world: &mut World, kind: Kind) {
        let node = 1 + self.below(world.servers.len() - 1);
        let member = world.members[self.below(world.members.len())].clone();
        let name = {
            let number = self.seed.below(NAMES);
            world.listing(&member, number)
        };
        world.trace.note(|| format!("{kind:?} {node} {name}"));
        match kind {
            Write | Short => {
                let audience = AUDIENCES[self.below(AUDIENCES.len())];
                let expires = (kind == Short).then(|| self.between(1, 20) as Micros * MINUTE);
                let offer = self.below(2) == 0;
                world.write(name, audience, offer, expires);
            }
            End => {
                let reasons = [WithdrawalReason::Withdrawn, WithdrawalReason::Filled, WithdrawalReason::Withdrawn];
                let reason = reasons[self.below(3)];
                world.end(name, reason);
            }
            Read => {
                let (follower, steps) = (self.below(world.followers.len()), 1 + 8 * self.below(2));
                world.follow(follower, steps).await;
            }
            Rejoin => {
                let follower = self.below(world.followers.len());
                world.followers[follower].disconnect();
            }
            Break => {
                let (one, gateway) = (world.servers[node].id.clone(), world.servers[0].id.clone());
                let noticing: &[&_] = match self.below(4) {
                    0 => &[&one],
                    1 => &[&gateway],
                    2 => &[],
                    _ => &[&one, &gateway],
                };
                world.net.break_between(&one, &gateway, noticing);
            }
            Close => {
                let ways: &[(usize, usize)] = match self.below(3) {
                    0 => &[(node, 0)],
                    1 => &[(0, node)],
                    _ => &[(node, 0), (0, node)],
                };
                let millis = self.between(500, 30_000);
                for (from, to) in ways {
                    let (one, other) = (world.servers[*from].id.clone(), world.servers[*to].id.clone());
                    world.net.set_open(&one, &other, false);
                    self.after(world, millis, Undo::Open(*from, *to));
                }
            }
            Slow => {
                let spread = Duration::from_millis(self.between(50, 900));
                world.net.set_delay(Delay { least: spread / 4, spread });
                let millis = self.between(1_000, 20_000);
                self.after(world, millis, Undo::Delay);
            }
            Kill | PowerCut => {
                let server = self.below(world.servers.len());
                world.trace.note(|| format!("of server {server}"));
                self.down(world, server, kind == PowerCut, Begins::Anew);
            }
            DiskFault => {
                let server = self.below(world.servers.len());
                world.trace.note(|| format!("of server {server}"));
                let fault = if self.below(2) == 0 { Fault::Full } else { Fault::Broken };
                world.servers[server].disk.set_fault(Some(fault));
                let millis = self.between(500, 15_000);
                self.after(world, millis, Undo::Disk(server));
            }
            BackUp => world.servers[node].back_up(),
            GatewayBackUp => world.servers[0].back_up(),
            Restore | RollBack => self.put_back(world, node, kind == Restore),
            GatewayRestore => self.put_back(world, 0, true),
            LoseDisk => self.lose_disk(world, node),
            GatewayLoss => self.lose_disk(world, 0),
            TwoAtOnce => {
                if self.below(2) == 0 {
                    self.put_back(world, node, true)
                } else {
                    self.lose_disk(world, node)
                }
                self.put_back(world, 0, true);
            }
            Join | Leave => {
                let circle = CIRCLES[self.below(CIRCLES.len())].to_owned();
                let inside = world.directory().circle_members(&circle).is_some_and(|circle| circle.contains(&member));
                let member = member.to_string();
                if inside && kind == Leave {
                    world.act(Action::CircleDrop(CircleDrop { circle, member })).await;
                } else if !inside && kind == Join {
                    world.act(Action::CircleAdd(CircleAdd { circle, member })).await;
                }
            }
            Suspend => {
                if !world.suspended().contains(&member) {
                    let suspend =
                        duikou_proto::federation::Suspend { member: member.to_string(), reason: String::new() };
                    world.act(Action::Suspend(suspend)).await;
                }
            }
            Resume => resume(world).await,
            Hide => {
                if !world.directory().hides(&name) {
                    let name_hash = Hidden::hash(&SALT, &name);
                    let hide = duikou_proto::federation::Hide { salt: SALT.to_vec(), name_hash, reason: "r".into() };
                    world.act(Action::Hide(hide)).await;
                }
            }
            Show => show(world, &name).await,
            Skew => {
                let server = self.below(world.servers.len());
                world.trace.note(|| format!("of server {server}"));
                if self.later.values().any(|undo| matches!(undo, Undo::Clock(wrong) if *wrong == server)) {
                    return;
                }
                world.clocks_were_wrong = true;
                // That a gateway's clock is right within ten minutes is what the rules stand on.
                let clocks: &[Micros] = if server == 0 {
                    &[-30 * SECOND, 30 * SECOND, -9 * MINUTE, 9 * MINUTE]
                } else {
                    &[-30 * SECOND, 30 * SECOND, -SLOWEST, 12 * MINUTE, 45 * MINUTE]
                };
                let by = clocks[self.below(clocks.len())];
                world.servers[server].skew.set(by);
                let millis = self.between(2_000, 30_000);
                self.after(world, millis, Undo::Clock(server));
            }
            Leap => {
                let by = self.between(1, 25) as Micros * MINUTE;
                // A leap would make what a wrong clock has signed acceptable at once.
                if !self.a_clock_is_wrong() {
                    world.time.leap(by);
                }
            }
            Rotate => world.rotate(&member, GRACE, false).await,
            RotateFast => world.rotate(&member, SHORT_GRACE, false).await,
            Compromise => world.rotate(&member, 0, false).await,
            LoseKey => world.rotate(&member, 0, true).await,
            Remove => {
                // What its new node has not yet, the gateway keeps for days in truth.
                if !world.removed().contains(&member) && member.short() != "g" && world.is_settled(&member) {
                    let keep_seconds = self.between(5, 60) as i64;
                    let (member, reason) = (member.to_string(), String::new());
                    let remove = duikou_proto::federation::Remove { member, reason, keep_seconds };
                    world.act(Action::Remove(remove)).await;
                }
            }
            BringBack => bring_back(world).await,
            Move | ForceMove => {
                // A member that has left is brought back before it moves.
                if member.short() == "g" || world.host(&member) == node || world.removed().contains(&member) {
                    return;
                }
                if kind == ForceMove {
                    world.put_on(&member, node).await;
                } else if world.destination(&member).is_none() && world.announce_move(&member, node).await {
                    self.after(world, 500, Undo::Release(member));
                }
            }
            Amnesia => self.amnesia(world, &name).await,
            Ahead => self.ahead(world, &name).await,
            Outlast => self.outlast(world, &name, node).await,
            Crash => self.crash(world, &name).await,
            LeaveAmidst => self.leave_amidst(world, &member).await,
            Rot => {
                let server = self.below(world.servers.len());
                self.rot(world, server, &member).await;
            }
            Spoil => self.spoil(world, &name, node).await,
        }
    }

    pub(super) fn a_clock_is_wrong(&self) -> bool {
        self.later.values().any(|undo| matches!(undo, Undo::Clock(_)))
    }

    pub(super) fn down(&mut self, world: &mut World, server: usize, power: bool, begins: Begins) {
        world.note_answers();
        if world.servers[server].process().is_some() {
            world.servers[server].kill(power);
            let millis = self.between(100, 12_000);
            self.after(world, millis, Undo::Start(server, begins));
        }
    }

    fn put_back(&mut self, world: &mut World, server: usize, marked: bool) {
        if world.servers[server].process().is_none() {
            return;
        }
        self.down(world, server, false, if marked { Begins::Restored } else { Begins::Anew });
        world.put_back(server);
    }

    pub(super) fn lose_disk(&mut self, world: &mut World, server: usize) {
        if world.servers[server].process().is_none() {
            return;
        }
        self.down(world, server, false, Begins::Anew);
        world.lose_disk(server);
    }

    /// Ends everything that is wrong.
    pub(super) async fn heal(&mut self, world: &mut World) {
        world.trace.note(|| "healing".to_owned());
        for server in 0..world.servers.len() {
            world.servers[server].disk.set_fault(None);
            world.servers[server].skew.set(0);
        }
        let waits = |undo: &Undo| matches!(undo, Undo::Start(..) | Undo::Release(_));
        let (waiting, at_once) = std::mem::take(&mut self.later).into_iter().partition(|(_, undo)| waits(undo));
        self.later = waiting;
        for undo in BTreeMap::into_values(at_once) {
            self.undo(world, undo).await;
        }
        let began = world.time.elapsed();
        while let Some((_, undo)) = self.later.pop_first() {
            // A node that cannot deliver everything loses its member by force.
            if let Undo::Release(member) = &undo
                && world.time.elapsed() > began + DELIVERS
                && let Some(to) = world.destination(member)
            {
                world.put_on(member, to).await;
            }
            self.undo(world, undo).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        for server in 0..world.servers.len() {
            world.start(server, Begins::Anew).await;
        }
        while !world.suspended().is_empty() {
            resume(world).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        while !world.removed().is_empty() {
            bring_back(world).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        world.note_answers();
        if world.clocks_were_wrong {
            // What was signed for a time that is still to come, and is forgotten, can be told apart only afterwards.
            tokio::time::sleep(Duration::from_secs(30)).await;
            world.time.leap(FUTURE);
        }
    }
}

async fn bring_back(world: &mut World) {
    if let Some(member) = world.removed().first() {
        let restore = duikou_proto::federation::Restore { member: member.to_string() };
        world.act(Action::Restore(restore)).await;
    }
}

async fn resume(world: &mut World) {
    if let Some(member) = world.suspended().first() {
        let resume = duikou_proto::federation::Resume { member: member.to_string() };
        world.act(Action::Resume(resume)).await;
    }
}

async fn show(world: &mut World, name: &RecordName) {
    let salt = world.directory().hidden().iter().find(|hidden| hidden.means(name)).map(|hidden| hidden.salt.clone());
    if let Some(salt) = salt {
        let name_hash = Hidden::hash(&salt, name);
        world.act(Action::Show(duikou_proto::federation::Show { salt, name_hash })).await;
    }
}
