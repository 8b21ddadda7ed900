//! The configuration of a server: `duikou.toml` in its folder, one struct per part.
//!
//! A flag goes before a `DUIKOU_PART_KEY` variable, that before the file, that before the default. Reading reports
//! all faults at once, each with its place, its key and, for an unknown key, the nearest known one.

mod base_url;
mod check;
mod fault;
mod limits;
pub(crate) mod live;
mod networks;
mod openid;
mod parts;
mod read;
mod site;
mod values;
mod write;

pub use base_url::BaseUrl;
pub use fault::{Fault, Place, Problem, Rule};
pub use limits::Limits;
pub use networks::Networks;
pub use openid::{Issuer, Oidc};
pub use parts::{Accounts, Config, Delivery, Link, Live, Mail, MailTls, Node, Operator, Store, Web, WebTls};
pub use read::Overrides;
pub use site::{Line, Site, WebAddress};
pub use values::{Count, HostPort, Members, Ports, Seconds, Size};

/// The name of the configuration file in a server's folder.
pub const FILE_NAME: &str = "duikou.toml";
