//! The parts of the file, by their names.

use std::collections::BTreeMap;

use super::limits::Limits;
use super::listeners::{Link, Operator, Web};
use super::openid::Oidc;
use super::own::{Accounts, Live, Node, Store};
use super::part::Part;
use super::sending::{Delivery, Mail};
use super::site::Site;

/// By what a key was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The file.
    File,
    /// A variable of the environment.
    Variable,
    /// A flag of the command line.
    Flag,
}

/// By what each key was given that was, by `part.key`. No part of what a configuration says: those are equal that say the
/// same.
#[derive(Debug, Clone, Default)]
pub struct Origins(pub(super) BTreeMap<String, Origin>);

impl PartialEq for Origins {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Origins {}

impl Origins {
    /// By what this key was given; None: it was not.
    pub fn of(&self, key: &str) -> Option<Origin> {
        self.0.get(key).copied()
    }
}

/// Everything that can be set for a node or a gateway.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// `[node]`: who this server is.
    pub node: Node,
    /// `[web]`: the listener for people and programs.
    pub web: Web,
    /// `[operator]`: metrics and health.
    pub operator: Operator,
    /// `[link]`: the connection to the gateway and, on a gateway, the listener for links.
    pub link: Link,
    /// `[store]`: memory.
    pub store: Store,
    /// `[limits]`: what one caller may take.
    pub limits: Limits,
    /// `[accounts]`: people who sign in.
    pub accounts: Accounts,
    /// `[accounts.oidc]`: a provider by which they sign in.
    pub oidc: Oidc,
    /// `[live]`: whom the members here answer.
    pub live: Live,
    /// `[delivery]`: webhooks, and where people reach this server.
    pub delivery: Delivery,
    /// `[mail]`: the server that takes mails.
    pub mail: Mail,
    /// `[site]`: what pages say of the office whose they are.
    pub site: Site,
    /// By what all of that was given.
    pub origins: Origins,
}

impl Config {
    /// The names of the parts. One that lies in another has its name before it.
    pub(super) const PARTS: [&'static str; 12] = [
        "node",
        "web",
        "operator",
        "link",
        "store",
        "limits",
        "accounts",
        "accounts.oidc",
        "live",
        "delivery",
        "mail",
        "site",
    ];

    /// A part by its name.
    pub(super) fn part(&mut self, name: &str) -> Option<&mut dyn Part> {
        match name {
            "node" => Some(&mut self.node),
            "web" => Some(&mut self.web),
            "operator" => Some(&mut self.operator),
            "link" => Some(&mut self.link),
            "store" => Some(&mut self.store),
            "limits" => Some(&mut self.limits),
            "accounts" => Some(&mut self.accounts),
            "accounts.oidc" => Some(&mut self.oidc),
            "live" => Some(&mut self.live),
            "delivery" => Some(&mut self.delivery),
            "mail" => Some(&mut self.mail),
            "site" => Some(&mut self.site),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::part::NO_KEY;
    use super::*;

    #[test]
    fn every_listed_key_can_be_set() {
        let mut config = Config::default();
        for name in Config::PARTS {
            let part = config.part(name).expect("listed");
            for key in part.keys() {
                assert_ne!(part.set(key, "\0"), Err(NO_KEY), "{name}.{key}");
            }
        }
    }
}
