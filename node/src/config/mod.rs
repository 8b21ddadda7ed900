//! The configuration of a server: `duikou.toml` in its folder, one struct per part.
//!
//! A flag goes before a `DUIKOU_PART_KEY` variable, that before the file, that before the default. Reading reports
//! all faults at once, each with its place, its key and, for an unknown key, the nearest known one.

mod base_url;
mod check;
mod fault;
mod limits;
mod listeners;
pub(crate) mod live;
mod networks;
mod openid;
mod own;
mod part;
mod parts;
mod read;
mod registered;
mod sending;
mod site;
mod values;
mod write;

pub use base_url::BaseUrl;
pub use check::Doubt;
pub use fault::{Fault, Place, Problem, Rule};
pub use limits::Limits;
pub use listeners::{Link, Operator, Web, WebTls};
pub use networks::Networks;
pub use openid::{Issuer, Oidc};
pub use own::{Accounts, Live, Node, Store};
pub use parts::{Config, Origin, Origins};
pub use read::Overrides;
pub use sending::{Delivery, Mail, MailTls};
pub use site::{Line, Site, WebAddress};
pub use values::{Count, HostPort, Members, Ports, Seconds, Size};

/// The name of the configuration file in a server's folder.
pub const FILE_NAME: &str = "duikou.toml";
