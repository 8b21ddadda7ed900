//! Machines of their own for the servers of a network: each is a network namespace with an address, on one switch that
//! nothing else is connected to.
//!
//! What goes wrong on a wire is a method of [`Host`]: it begins with the call, and ends with the [`Fault`] that it
//! returns. Namespaces have no names. They end with the processes in them, so nothing is left of a run that was killed,
//! and runs side by side cannot meet, whatever addresses they use.
//!
//! A test talks to its servers through their local sockets, as it does to any: those are files, which namespaces of the
//! network don't part.
//!
//! Kernels are not everywhere built with a queue that delays (netem). A long wire is therefore a [`Relay`], a program of
//! the tests' own; cables, holes, loss and a narrow wire are the kernel's: `ip`, `nft` and `tc`.

mod fault;
mod host;
mod lan;
mod namespace;
mod relay;

pub use fault::Fault;
pub use host::Host;
pub use relay::Relay;

pub(crate) use lan::Lan;
