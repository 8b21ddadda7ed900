//! A wire that is as long as the test likes.

use std::io::Write;
use std::process::{ChildStdin, Command};
use std::time::Duration;

use super::Host;
use crate::harness::Network;
use crate::harness::binary::built;
use crate::harness::process::Process;

/// The program, of this package.
const PROGRAM: &str = "duikou-relay";
/// Where it listens, on its own machine.
const PORT: u16 = 7443;

/// A machine between a node and its gateway that passes every byte on, each way, after a time. It stands in for a queue
/// that delays, which kernels are not everywhere built with; what differs is that each half has its own TCP.
#[derive(Debug)]
pub struct Relay {
    host: Host,
    input: ChildStdin,
    #[expect(dead_code, reason = "it ends with this")]
    process: Process,
}

impl Relay {
    /// One on `host` that passes on to `target`, for now without delay.
    pub(crate) fn start(host: Host, target: &str, log: &std::path::Path) -> Self {
        let mut command = Command::new(built(PROGRAM));
        command.arg(format!("{}:{PORT}", host.address())).arg(target);
        let (process, input) = Process::start_told(host.enter(&command), log);
        Self { host, input, process }
    }

    /// Where it listens.
    pub fn address(&self) -> String {
        format!("{}:{PORT}", self.host.address())
    }

    /// From now on bytes take this long each way.
    ///
    /// # Panics
    /// Where it does not run any more.
    pub fn takes(&self, delay: Duration) {
        writeln!(&self.input, "{}", delay.as_millis()).unwrap_or_else(|error| panic!("the relay has ended: {error}"));
    }
}

impl Network {
    /// Puts a relay between `node` and the gateway for good, and has the node dial again through it.
    ///
    /// # Panics
    /// Where the network has no machines of its own, or the node does not come back.
    pub async fn relay(&self, node: &str) -> Relay {
        let lan = self.lan.as_ref().expect("the network has machines");
        let (node, gateway) = (self.node(node), self.gateway().link_address());
        let relay = Relay::start(lan.host(), &gateway, &self.root().join(format!("relay-{}.log", node.name())));
        let path = node.dir().join("duikou.toml");
        let config = std::fs::read_to_string(&path).expect("a node has a configuration");
        let (direct, through) = (format!("gateway = \"{gateway}\""), format!("gateway = \"{}\"", relay.address()));
        assert!(config.contains(&direct), "{config}");
        node.stop().await;
        std::fs::write(&path, config.replace(&direct, &through)).expect("a configuration can be written");
        node.start().await;
        node.linked().await;
        relay
    }
}
