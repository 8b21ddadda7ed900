//! A machine on the switch, and what can happen to its wire.

use std::net::Ipv4Addr;
use std::process::Command;
use std::sync::Arc;

use super::fault::Fault;
use super::namespace::Namespace;
use crate::harness::root::done;

/// The name of a machine's end of its wire.
const WIRE: &str = "wire";
/// How the kernel's table of connections writes that one is up, and 127.0.0.1.
const ESTABLISHED: &str = "01";
const LOOPBACK: &str = "0100007F";

/// A machine with one address. The other end of its wire is a port of the switch, where most of what happens to the wire
/// is done, so that the machine itself notices no more than a real one would.
#[derive(Debug)]
pub struct Host {
    switch: Arc<Namespace>,
    port: String,
    address: Ipv4Addr,
    machine: Arc<Namespace>,
}

impl Host {
    pub(super) fn plugged_in(switch: &Arc<Namespace>, port: String, address: Ipv4Addr) -> Self {
        let machine = Namespace::new();
        switch.run("ip", &format!("link add {port} type veth peer name {WIRE} netns {}", machine.id()));
        switch.run("ip", &format!("link set {port} master switch up"));
        machine.run("ip", &format!("address add {address}/24 dev {WIRE}"));
        machine.run("ip", &format!("link set {WIRE} up"));
        Self { switch: Arc::clone(switch), port, address, machine: Arc::new(machine) }
    }

    /// Its address on the switch.
    pub fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// `command` as it is, but on this machine.
    pub(crate) fn enter(&self, command: &Command) -> Command {
        self.machine.enter(command)
    }

    /// Its cable is out: the machine sees that at once, its peers see nothing.
    pub fn unplugged(&self) -> Fault {
        Fault::new().with(
            &self.switch,
            "ip",
            &format!("link set {} down", self.port),
            &format!("link set {} up", self.port),
        )
    }

    /// Whatever it sends and whatever is sent to it is swallowed, and nobody is told.
    pub fn swallowed(&self) -> Fault {
        let port = &self.port;
        self.filtered(&[&format!("iifname {port} drop"), &format!("oifname {port} drop")])
    }

    /// What it sends is swallowed; it still hears everybody.
    pub fn unheard(&self) -> Fault {
        self.filtered(&[&format!("iifname {} drop", self.port)])
    }

    /// What is sent to it is swallowed; everybody still hears it.
    pub fn deaf(&self) -> Fault {
        self.filtered(&[&format!("oifname {} drop", self.port)])
    }

    /// Of all packets either way, `percent` in a hundred are lost by chance.
    pub fn lossy(&self, percent: u8) -> Fault {
        let lost = format!("numgen random mod 100 < {percent} drop");
        let port = &self.port;
        self.filtered(&[&format!("iifname {port} {lost}"), &format!("oifname {port} {lost}")])
    }

    /// Its wire takes no more than this many kilobits a second each way, and queues for up to 300 ms.
    pub fn narrow(&self, kilobits: u32) -> Fault {
        let add = |wire: &str| format!("qdisc add dev {wire} root tbf rate {kilobits}kbit burst 16kb latency 300ms");
        let end = |wire: &str| format!("qdisc del dev {wire} root");
        Fault::new().with(&self.switch, "tc", &add(&self.port), &end(&self.port)).with(
            &self.machine,
            "tc",
            &add(WIRE),
            &end(WIRE),
        )
    }

    /// What lies between has forgotten every connection that this machine has now, as a router that starts again does: they
    /// are swallowed, new ones are not.
    pub fn forgotten(&self) -> Fault {
        let port = &self.port;
        let mut rules = Vec::new();
        for (own, peers) in self.connections() {
            rules.push(format!("iifname {port} tcp sport {own} tcp dport {peers} drop"));
            rules.push(format!("oifname {port} tcp sport {peers} tcp dport {own} drop"));
        }
        self.filtered(&rules.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// The ports of this machine's connections with others: its own, and the peer's.
    fn connections(&self) -> Vec<(u16, u16)> {
        let table = done(self.machine.root("cat").arg("/proc/net/tcp"));
        let port = |end: &str| u16::from_str_radix(end.split_once(':')?.1, 16).ok();
        let ports = |line: &str| {
            // Columns: number, own address, peer's address, state.
            let mut columns = line.split_whitespace().skip(1);
            let (own, peers, state) = (columns.next()?, columns.next()?, columns.next()?);
            (state == ESTABLISHED && !own.starts_with(LOOPBACK)).then_some((port(own)?, port(peers)?))
        };
        table.lines().filter_map(ports).collect()
    }

    /// With these rules for what the switch passes on. Addresses are still asked for and told (ARP): what is swallowed
    /// is swallowed on a way that looks whole.
    fn filtered(&self, rules: &[&str]) -> Fault {
        let fault = Fault::new();
        let table = format!("bridge fault{}", fault.number());
        let chain = format!("add chain {table} passed {{ type filter hook forward priority 0; }}");
        let mut script = format!("add table {table}; {chain}");
        for rule in rules {
            script.push_str(&format!("; add rule {table} passed ether type ip {rule}"));
        }
        fault.with(&self.switch, "nft", &script, &format!("delete table {table}"))
    }
}
