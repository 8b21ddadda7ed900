//! Who is at the other end: keys in files, certificates, and the TLS of both listeners.
//!
//! A participant's identity on a link is the SPIFFE URI of its certificate, issued by the authority of its network;
//! host names play no part there. What a member *signs* is another matter and needs no TLS: see [`key_file`].

pub mod accept;
pub mod dial;
pub mod identity;
pub mod key_file;
pub mod link_tls;
pub mod pem;
pub mod provider;
pub mod proxy;
pub mod request;
mod socket;
pub mod spiffe;
pub mod vouch;
pub mod web_tls;

pub use accept::{AcceptLimits, ConnectionInfo, TlsConnection, incoming};
pub use dial::{Address, Dial, DialError};
pub use identity::TlsIdentity;
pub use link_tls::LinkTls;
pub use proxy::Proxy;
pub use spiffe::{Peer, Role};
pub use web_tls::WebTls;
