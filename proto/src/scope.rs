//! Scopes: the classes of readers that a record is meant for, and the algebra of their sets.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use crate::name::{InvalidName, MemberId, NetworkName, is_label, text_type};

text_type! {
    /// One class of readers in its absolute form. Scopes of a form that this version does not know are kept and
    /// carried; nobody holds them, so nobody sees what is only in them.
    Scope
}

impl Scope {
    /// Everyone.
    pub fn public() -> Self {
        Self("public".into())
    }

    /// Vetted enterprises and members.
    pub fn registered() -> Self {
        Self("registered".into())
    }

    /// Every member of a network.
    pub fn network(network: &NetworkName) -> Self {
        Self(format!("network:{network}").into())
    }

    /// The members of a circle.
    ///
    /// # Errors
    /// Where `circle` is not a label.
    pub fn circle(circle: &str, network: &NetworkName) -> Result<Self, InvalidName> {
        if is_label(circle) {
            Ok(Self(format!("circle:{circle}@{network}").into()))
        } else {
            Err(refused(circle, "a circle's name is 1 to 64 of a-z, 0-9 and -, with no - at either end"))
        }
    }

    /// One member.
    pub fn member(member: &MemberId) -> Self {
        Self(format!("member:{member}").into())
    }

    /// Reads what people write: `public`, `registered`, `network`, `circle:NAME`, `member:ID`, or an absolute form.
    ///
    /// # Errors
    /// Where it is none of these, or of another network.
    pub fn parse(text: &str, network: &NetworkName) -> Result<Self, InvalidName> {
        match text.split_once(':') {
            None if text == "public" => Ok(Self::public()),
            None if text == "registered" => Ok(Self::registered()),
            None if text == "network" => Ok(Self::network(network)),
            Some(("network", name)) if name == network.as_str() => Ok(Self::network(network)),
            Some(("circle", circle)) => match circle.split_once('@') {
                None => Self::circle(circle, network),
                Some((circle, name)) if name == network.as_str() => Self::circle(circle, network),
                Some(_) => Err(refused(text, "a circle of another network")),
            },
            Some(("member", member)) => {
                let member = MemberId::parse(member, network)?;
                if member.is_of(network) {
                    Ok(Self::member(&member))
                } else {
                    Err(refused(text, "a member of another network"))
                }
            }
            _ => Err(refused(text, "write public, registered, network, circle:NAME or member:ID")),
        }
    }

    /// The form that people write inside `network`.
    pub fn short(&self, network: &NetworkName) -> String {
        let text = self.as_str();
        match text.split_once(':') {
            Some(("network", name)) if name == network.as_str() => "network".to_owned(),
            Some(("circle", circle)) => match circle.split_once('@') {
                Some((circle, name)) if name == network.as_str() => format!("circle:{circle}"),
                _ => text.to_owned(),
            },
            Some(("member", member)) => match member.parse::<MemberId>() {
                Ok(member) if member.is_of(network) => format!("member:{}", member.short()),
                _ => text.to_owned(),
            },
            _ => text.to_owned(),
        }
    }
}

fn refused(text: &str, rule: &'static str) -> InvalidName {
    InvalidName { what: "scope", text: text.chars().take(80).collect(), rule }
}

impl FromStr for Scope {
    type Err = InvalidName;

    /// Reads an absolute form, also one that this version does not know.
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.:@".contains(&b);
        if (1..=crate::limits::SCOPE_BYTES).contains(&text.len()) && text.bytes().all(plain) {
            Ok(Self(text.into()))
        } else {
            Err(refused(text, "1 to 320 of a-z, 0-9, -, ., : and @"))
        }
    }
}

/// A set of scopes, ordered.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ScopeSet(BTreeSet<Scope>);

impl ScopeSet {
    /// The empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether it holds `scope`.
    pub fn contains(&self, scope: &Scope) -> bool {
        self.0.contains(scope)
    }

    /// Whether the two have a scope in common: a reader who holds `other` may see what is in `self`.
    pub fn meets(&self, other: &Self) -> bool {
        let (small, large) = if self.0.len() <= other.0.len() { (self, other) } else { (other, self) };
        small.0.iter().any(|scope| large.0.contains(scope))
    }

    /// Whether everything in it is in `other`.
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.is_subset(&other.0)
    }

    /// Whether nobody can see what is for these scopes who could not see what is for `other`, whatever becomes of circles
    /// and memberships. The empty set stands for what is on request: whom an origin shows that to when asked, members
    /// and registered readers at most, its own node decides.
    pub fn is_no_wider_than(&self, other: &Self) -> bool {
        let has = |begins: &str| other.0.iter().any(|scope| scope.as_str().starts_with(begins));
        let (everybody, registered, members) = (has("public"), has("registered"), has("network:"));
        if self.0.is_empty() {
            return other.0.is_empty() || everybody || (registered && members);
        }
        self.0.iter().all(|scope| {
            let of_members = ["circle:", "member:"].iter().any(|kind| scope.as_str().starts_with(kind));
            other.contains(scope) || everybody || (members && of_members)
        })
    }

    /// Those that show it to nobody to whom another of them does not, whatever becomes of circles and memberships: beside
    /// `public` all others, beside `network` circles and members.
    pub fn idle(&self) -> Self {
        let alone = |scope: &Scope| Self::from_iter([scope.clone()]);
        // Of two that were no wider than each other both would go; there are none.
        let covers = |one: &Scope, scope: &Scope| one != scope && alone(scope).is_no_wider_than(&alone(one));
        self.0.iter().filter(|scope| self.0.iter().any(|one| covers(one, scope))).cloned().collect()
    }

    /// What is in it and not in `other`.
    pub fn without(&self, other: &Self) -> Self {
        Self(self.0.difference(&other.0).cloned().collect())
    }

    /// Adds one.
    pub fn insert(&mut self, scope: Scope) {
        self.0.insert(scope);
    }

    /// Takes one out.
    pub fn remove(&mut self, scope: &Scope) {
        self.0.remove(scope);
    }

    /// Adds all of `other`.
    pub fn extend(&mut self, other: &Self) {
        self.0.extend(other.0.iter().cloned());
    }

    /// In order.
    pub fn iter(&self) -> impl Iterator<Item = &Scope> {
        self.0.iter()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One text, for storing: the scopes with a space between them.
    pub fn to_text(&self) -> String {
        self.iter().map(Scope::as_str).collect::<Vec<_>>().join(" ")
    }

    /// Reads what [`Self::to_text`] wrote.
    ///
    /// # Errors
    /// Where one of them is no scope.
    pub fn from_text(text: &str) -> Result<Self, InvalidName> {
        text.split_ascii_whitespace().map(str::parse).collect()
    }
}

impl FromIterator<Scope> for ScopeSet {
    fn from_iter<T: IntoIterator<Item = Scope>>(scopes: T) -> Self {
        Self(scopes.into_iter().collect())
    }
}

impl fmt::Debug for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(&self.0).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn network() -> NetworkName {
        "pprd.example".parse().expect("valid")
    }

    #[test]
    fn every_form_has_one_absolute_form() {
        for (short, absolute) in [
            ("public", "public"),
            ("registered", "registered"),
            ("network", "network:pprd.example"),
            ("circle:pan-prd", "circle:pan-prd@pprd.example"),
            ("member:bijie", "member:bijie.pprd.example"),
        ] {
            let scope = Scope::parse(short, &network()).unwrap();
            assert_eq!(scope.as_str(), absolute);
            assert_eq!(Scope::parse(absolute, &network()).unwrap(), scope);
            assert_eq!(scope.short(&network()), short);
        }
        for text in
            ["", "Public", "everyone", "circle:", "circle:a@b.example", "member:a.b.example", "network:b.example"]
        {
            assert!(Scope::parse(text, &network()).is_err(), "{text}");
        }
    }

    #[test]
    fn an_audience_is_no_wider_where_nobody_joins_it() {
        let of = |texts: &[&str]| -> ScopeSet {
            texts.iter().map(|text| Scope::parse(text, &network()).expect("valid")).collect()
        };
        for (narrow, wide) in [
            (&[][..], &[][..]),
            (&["network"], &["network", "registered"]),
            (&["registered", "circle:a", "member:b"], &["public"]),
            (&["circle:a", "member:b"], &["network"]),
            (&[], &["public"]),
            (&[], &["network", "registered"]),
        ] {
            assert!(of(narrow).is_no_wider_than(&of(wide)), "{narrow:?} in {wide:?}");
        }
        for (wide, narrow) in [
            (&["network"][..], &["circle:a"][..]),
            (&["registered"], &["network"]),
            (&["network"], &["registered"]),
            (&["member:b"], &["member:a"]),
            (&["member:b"], &["registered"]),
            // Whoever asks is shown what is on request, as far as its node allows.
            (&[], &["network"]),
            (&[], &["member:a"]),
            (&["member:a"], &[]),
        ] {
            assert!(!of(wide).is_no_wider_than(&of(narrow)), "{wide:?} in {narrow:?}");
        }
    }

    #[test]
    fn what_shows_it_to_nobody_more_is_idle() {
        let network: NetworkName = "n.example".parse().unwrap();
        let of = |scopes: &[&str]| -> ScopeSet {
            scopes.iter().map(|text| Scope::parse(text, &network).expect("a scope")).collect()
        };
        let all = ["public", "registered", "network", "circle:pan-prd", "member:bijie"];
        for (scopes, idle) in [
            (&all[..], &all[1..]),
            (&all[1..], &all[3..]),
            (&["registered", "circle:pan-prd", "member:bijie"], &[]),
            (&["network"], &[]),
            (&[], &[]),
        ] {
            assert_eq!(of(scopes).idle(), of(idle), "{scopes:?}");
        }
    }

    fn set() -> impl Strategy<Value = ScopeSet> {
        proptest::collection::btree_set(0u8..6, 0..6)
            .prop_map(|numbers| numbers.into_iter().map(|n| format!("circle:c{n}@n").parse().expect("valid")).collect())
    }

    proptest! {
        #[test]
        fn sets_keep_the_laws_of_sets(a in set(), b in set()) {
            prop_assert_eq!(a.meets(&b), b.meets(&a));
            prop_assert_eq!(a.meets(&b), a.without(&b) != a);
            prop_assert_eq!(a.is_within(&b), a.without(&b).is_empty());
            let mut union = a.clone();
            union.extend(&b);
            prop_assert!(a.is_within(&union) && b.is_within(&union));
            prop_assert_eq!(ScopeSet::from_text(&a.to_text()).unwrap(), a);
        }
    }
}
