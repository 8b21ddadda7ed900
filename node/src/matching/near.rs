//! How near two lists of codes come to each other in a table that is a tree: regions, industries, occupations.

use std::collections::HashMap;

use duikou_proto::reference::{Entry, Table};

/// Where the two meet.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Near {
    /// How near, 0 to 1.
    pub(super) part: f64,
    /// The innermost entry that holds a code of each.
    pub(super) entry: &'static Entry,
    pub(super) how: How,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum How {
    /// Both lie in it.
    Beside,
    /// It is a code of one, and the other's lies in it.
    Within,
    /// It is a code of both.
    Same,
}

/// How near two are that meet at a level: where both lie in it, where one is it, where both are it. The wider the level,
/// the less it says.
const LEVELS: [(&str, [f64; 3]); 12] = [
    ("county", [1.0, 1.0, 1.0]),
    ("prefecture", [0.6, 0.9, 1.0]),
    ("province", [0.35, 0.6, 0.9]),
    ("country", [0.3, 0.6, 0.9]),
    ("class", [1.0, 1.0, 1.0]),
    ("group", [0.7, 0.9, 1.0]),
    ("division", [0.5, 0.75, 0.9]),
    ("section", [0.15, 0.3, 0.5]),
    ("unit", [1.0, 1.0, 1.0]),
    ("minor", [0.7, 0.85, 1.0]),
    ("sub-major", [0.45, 0.6, 0.8]),
    ("major", [0.2, 0.3, 0.5]),
];

fn part(entry: &Entry, how: How) -> f64 {
    LEVELS.iter().find(|(level, _)| *level == entry.level).map_or(0.0, |(_, parts)| parts[how as usize])
}

/// The nearest that any code of one comes to any of the other; unknown codes come near nothing.
pub(super) fn nearest<'a>(
    table: &'static Table,
    one: impl Iterator<Item = &'a str>,
    other: impl Iterator<Item = &'a str>,
) -> Option<Near> {
    // All in which a code of the one lies, and whether it is that code.
    let mut held: HashMap<&'static str, bool> = HashMap::new();
    for code in one {
        for (up, entry) in table.lineage(code).enumerate() {
            *held.entry(entry.code).or_default() |= up == 0;
        }
    }
    let mut best: Option<Near> = None;
    for code in other {
        for (up, entry) in table.lineage(code).enumerate() {
            let Some(is_code) = held.get(entry.code) else { continue };
            let how = match (is_code, up == 0) {
                (true, true) => How::Same,
                (true, false) | (false, true) => How::Within,
                (false, false) => How::Beside,
            };
            let near = Near { part: part(entry, how), entry, how };
            // Of equals the first in the table, so that it does not matter which is the one.
            let better = best.is_none_or(|best| {
                near.part > best.part || (near.part >= best.part && near.entry.code < best.entry.code)
            });
            if better {
                best = Some(near);
            }
        }
    }
    best
}

/// The entries in which any of the codes lies, each with the most that a code in it can come to.
pub(super) fn reach<'a>(table: &'static Table, codes: impl Iterator<Item = &'a str>) -> HashMap<&'static str, f64> {
    let mut reached = HashMap::new();
    for code in codes {
        for (up, entry) in table.lineage(code).enumerate() {
            let part = part(entry, if up == 0 { How::Same } else { How::Within });
            let most = reached.entry(entry.code).or_insert(part);
            *most = part.max(*most);
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use duikou_proto::reference::{industries, occupations, regions};
    use proptest::prelude::*;

    use super::*;

    fn near(table: &'static Table, one: &[&'static str], other: &[&'static str]) -> Option<(&'static str, How)> {
        let near =
            |one: &[&'static str], other: &[&'static str]| nearest(table, one.iter().copied(), other.iter().copied());
        assert_eq!(near(one, other), near(other, one), "from either side");
        near(one, other).map(|near| (near.entry.code, near.how))
    }

    #[test]
    fn the_nearest_counts() {
        assert_eq!(near(regions(), &["440300", "520500"], &["520502"]), Some(("520500", How::Within)));
        assert_eq!(near(regions(), &["520500"], &["520500"]), Some(("520500", How::Same)));
        assert_eq!(near(regions(), &["520502"], &["520526"]), Some(("520500", How::Beside)));
        assert_eq!(near(regions(), &["520502"], &["522701"]), Some(("520000", How::Beside)));
        assert_eq!(near(regions(), &["440300"], &["520500"]), None);
        assert_eq!(near(regions(), &["nowhere"], &["nowhere"]), None);
        assert_eq!(near(industries(), &["0171", "137"], &["1372"]), Some(("137", How::Within)));
        assert_eq!(near(occupations(), &["8212"], &["8211"]), Some(("821", How::Beside)));
    }

    #[test]
    fn every_level_of_the_tables_has_its_weight_and_closer_weighs_more() {
        for table in [regions(), industries(), occupations()] {
            for entry in table.entries() {
                let [beside, within, same] = [How::Beside, How::Within, How::Same].map(|how| part(entry, how));
                assert!(0.0 < beside && beside <= within && within <= same && same <= 1.0, "{}", entry.level);
                if let Some(outer) = entry.parent.and_then(|parent| table.get(parent)) {
                    assert!(part(outer, How::Beside) <= part(entry, How::Beside), "{}", entry.code);
                    assert!(part(outer, How::Within) <= part(entry, How::Same), "{}", entry.code);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn nothing_comes_nearer_than_it_can(one in 0usize..3000, other in 0usize..3000) {
            let code = |at: usize| regions().entries()[at].code;
            let reached = reach(regions(), [code(one)].into_iter());
            let in_it = regions().lineage(code(other)).filter_map(|entry| reached.get(entry.code));
            let most = in_it.copied().reduce(f64::max);
            let found = nearest(regions(), [code(one)].into_iter(), [code(other)].into_iter());
            prop_assert_eq!(most.is_some(), found.is_some());
            prop_assert!(found.is_none_or(|near| Some(near.part) <= most));
        }

        #[test]
        fn it_does_not_matter_from_which_side(one in 0usize..3000, other in 0usize..3000, third in 0usize..3000) {
            let code = |at: usize| regions().entries()[at].code;
            let (one, other) = ([code(one), code(third)], [code(other)]);
            near(regions(), &one, &other);
        }
    }
}
