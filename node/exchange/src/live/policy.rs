//! Whom the members of this server answer.

use std::collections::BTreeSet;

use duikou_proto::directory::Directory;
use duikou_proto::live::Exchange;
use duikou_proto::name::MemberId;

/// Those whose questions are answered; each wider than the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Askers {
    /// Nobody.
    None,
    /// The members that the configuration names.
    Named,
    /// Those, and whoever is in a circle with the member that is asked.
    Circles,
    /// Every member of the network, for itself.
    Network,
    /// Every member, also for the registered readers at its gateway.
    Registered,
}

impl Askers {
    /// All of them, as the configuration writes them.
    pub const ALL: [(&'static str, Self); 5] = [
        ("none", Self::None),
        ("named", Self::Named),
        ("circles", Self::Circles),
        ("network", Self::Network),
        ("registered", Self::Registered),
    ];

    /// As the configuration writes it.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(_, askers)| *askers == self).map_or("", |(word, _)| word)
    }
}

/// The policy of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Who is answered at all.
    pub answer: Askers,
    /// Who is shown as well what is kept on request.
    pub on_request: Askers,
    /// Full ids.
    pub named: BTreeSet<MemberId>,
}

impl Policy {
    /// Whether the origin answers.
    pub(super) fn answers(&self, exchange: &Exchange, registered: bool, directory: &Directory) -> bool {
        self.allows(self.answer, exchange, registered, directory)
    }

    /// Whether it shows what it keeps on request.
    pub(super) fn shows_on_request(&self, exchange: &Exchange, registered: bool, directory: &Directory) -> bool {
        self.allows(self.on_request.min(self.answer), exchange, registered, directory)
    }

    fn allows(&self, askers: Askers, exchange: &Exchange, registered: bool, directory: &Directory) -> bool {
        let Exchange { asker, origin, .. } = exchange;
        if asker == origin {
            return true;
        }
        let named = || self.named.contains(asker);
        let in_a_circle =
            || directory.circles().any(|(_, members)| members.contains(asker) && members.contains(origin));
        match askers {
            Askers::None => false,
            Askers::Named => !registered && named(),
            Askers::Circles => !registered && (named() || in_a_circle()),
            Askers::Network => !registered,
            Askers::Registered => true,
        }
    }
}

impl Default for Policy {
    /// Every member and registered reader is answered; members are shown what is kept on request.
    fn default() -> Self {
        Self { answer: Askers::Registered, on_request: Askers::Network, named: BTreeSet::new() }
    }
}

#[cfg(test)]
mod tests {
    use duikou_proto::directory::{genesis, next};
    use duikou_proto::federation::directory_entry::Action;
    use duikou_proto::federation::{Admit, CircleAdd, CircleCreate, Host};
    use duikou_proto::name::NetworkName;
    use duikou_proto::sign::Signer;

    use super::*;

    fn network() -> NetworkName {
        "pprd.example".parse().unwrap()
    }

    fn id(member: &str) -> MemberId {
        MemberId::parse(member, &network()).unwrap()
    }

    /// Members named, in a circle with the origin, and neither.
    fn directory() -> Directory {
        let authority = Signer::from_seed(1, [9; 32]);
        let mut directory = Directory::default();
        directory.apply(&genesis(&network(), &Signer::from_seed(0, [8; 32]), &authority, 1)).unwrap();
        let mut act = |action| {
            let entry = next(directory.link(), &authority, 1, action);
            directory.apply(&entry).unwrap();
        };
        act(Action::CircleCreate(CircleCreate { circle: "ring".into() }));
        for (at, member) in ["origin", "friend", "fellow", "other"].into_iter().enumerate() {
            let signing_key = Signer::from_seed(1, [at as u8 + 1; 32]).public().to_bytes().to_vec();
            let member = id(member).to_string();
            act(Action::Host(Host { member: member.clone(), node: id("node").to_string(), announced: false }));
            act(Action::Admit(Admit { member, signing_key, ..Admit::default() }));
        }
        for member in ["origin", "fellow"] {
            act(Action::CircleAdd(CircleAdd { circle: "ring".into(), member: id(member).to_string() }));
        }
        directory
    }

    #[test]
    fn each_is_answered_by_the_policy() {
        let directory = directory();
        let answered = |askers: Askers, asker: &str, registered: bool| {
            let policy = Policy { answer: askers, on_request: Askers::Registered, named: [id("friend")].into() };
            let exchange = Exchange { asker: id(asker), origin: id("origin"), nonce: [0; 16] };
            let answers = policy.answers(&exchange, registered, &directory);
            assert_eq!(
                answers,
                policy.shows_on_request(&exchange, registered, &directory),
                "never more than it answers"
            );
            answers
        };
        let of = |askers| {
            let members = ["origin", "friend", "fellow", "other"].map(|asker| answered(askers, asker, false));
            (members, answered(askers, "friend", true))
        };
        assert_eq!(of(Askers::None), ([true, false, false, false], false));
        assert_eq!(of(Askers::Named), ([true, true, false, false], false));
        assert_eq!(of(Askers::Circles), ([true, true, true, false], false));
        assert_eq!(of(Askers::Network), ([true, true, true, true], false));
        assert_eq!(of(Askers::Registered), ([true, true, true, true], true));
    }

    #[test]
    fn what_is_kept_on_request_has_a_rule_of_its_own() {
        let (directory, policy) = (directory(), Policy { on_request: Askers::Circles, ..Policy::default() });
        let shown = ["fellow", "other"].map(|asker| {
            let exchange = Exchange { asker: id(asker), origin: id("origin"), nonce: [0; 16] };
            assert!(policy.answers(&exchange, false, &directory));
            policy.shows_on_request(&exchange, false, &directory)
        });
        assert_eq!(shown, [true, false]);
    }
}
