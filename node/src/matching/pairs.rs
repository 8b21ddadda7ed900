//! Which listings can answer each other: one offers and the other seeks, and they are of one kind, or of two that go
//! together.

use duikou_proto::v1::opportunity::Direction;

/// Two kinds that go together although they are not the same: a project wants capital, and technology a project in which
/// it is used.
const TOGETHER: [(&str, &str); 2] = [("project", "capital"), ("technology", "project")];

/// The kinds that can answer one of `kind`, itself first.
pub(super) fn kinds(kind: &'static str) -> impl Iterator<Item = &'static str> {
    let others = TOGETHER.into_iter().filter_map(move |(one, other)| match kind {
        kind if kind == one => Some(other),
        kind if kind == other => Some(one),
        _ => None,
    });
    std::iter::once(kind).chain(others)
}

/// What answers an offer is a request.
pub(super) fn opposite(direction: Direction) -> Direction {
    match direction {
        Direction::Offer => Direction::Request,
        Direction::Request => Direction::Offer,
        Direction::Unspecified => Direction::Unspecified,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_go_both_ways() {
        let all = ["capital", "project", "technology", "talent", "event"];
        let of = |kind| kinds(kind).collect::<Vec<_>>();
        assert_eq!(of("project"), ["project", "capital", "technology"]);
        assert_eq!(of("event"), ["event"]);
        for one in all {
            for other in of(one) {
                assert!(of(other).contains(&one), "{one} and {other}");
            }
        }
    }
}
