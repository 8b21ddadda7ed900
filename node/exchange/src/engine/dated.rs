//! Times that have not come: what is dated ahead would stand first among the newest for as long. The revision orders states,
//! the times of publication and of the last change are what people are shown and sort by; none may lie ahead.
//!
//! A gateway goes by its own clock, as it does for revisions. A node trusts neither that nor the origin, but its own clock:
//! by as much as two clocks can differ that agree with the gateway's. One that is further behind applies nothing; where it
//! has not noticed yet, it asks again for what it has refused.
//!
//! What is dated back is taken: it stands behind what is newer, and a revision of long ago outranks nothing.

use duikou_proto::envelope::{Micros, Part, Statement};
use duikou_proto::limits as contract;

use super::apply::Side;
use crate::limits;

/// Why a sink refuses `part` for now; None where its times have come.
pub(super) fn ahead(part: &Part, side: &Side, now: Micros) -> Option<&'static str> {
    let gateway = *side == Side::Above;
    let most = if gateway { contract::CLOCK_REFUSE } else { limits::CLOCKS_APART };
    let latest = now + most.as_micros() as Micros;
    if gateway && part.revision() > latest {
        return Some("its revision lies more than 10 minutes ahead of this clock");
    }
    match part.statement() {
        Statement::Record { publish_time, update_time, .. } if *publish_time.max(update_time) > latest => {
            Some(match gateway {
                true => "its time of publication or change lies more than 10 minutes ahead of this clock",
                false => "its time of publication or change lies more than 20 minutes ahead of this clock",
            })
        }
        _ => None,
    }
}

/// When the next state of a name was published: as `asked`, else as `before`, else now. What a clock that was ahead has dated
/// is dated now; nobody else takes it.
pub(super) fn published(asked: Option<Micros>, before: Option<Micros>, now: Micros) -> Micros {
    let latest = now + contract::CLOCK_REFUSE.as_micros() as Micros;
    asked.or(before).filter(|time| *time <= latest).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use duikou_proto::scope::ScopeSet;
    use duikou_proto::sign::Signer;
    use duikou_proto::v1::{Lane, Record, Withdrawal, WithdrawalReason};

    use super::*;

    const NOW: Micros = 1_800_000_000_000_000;
    const MINUTE: Micros = 60_000_000;
    const YEAR: Micros = 365 * 24 * 60 * MINUTE;

    fn record(revision: Micros, publish_time: Micros, update_time: Micros) -> Part {
        let record = Record {
            name: "members/a.n.example/listings/x".to_owned(),
            revision,
            kind: "capital".to_owned(),
            lane: Lane::Bulk.into(),
            publish_time,
            update_time,
            expire_time: NOW + YEAR,
            ..Record::default()
        };
        Part::sign_record(&Signer::from_seed(1, [1; 32]), &record).unwrap()
    }

    fn end(revision: Micros) -> Part {
        let end = Withdrawal {
            name: "members/a.n.example/listings/x".to_owned(),
            revision,
            kind: "capital".to_owned(),
            lane: Lane::Bulk.into(),
            scopes: vec!["public".to_owned()],
            keep_until: NOW + YEAR,
            reason: WithdrawalReason::Withdrawn.into(),
        };
        Part::sign_withdrawal(&Signer::from_seed(1, [1; 32]), &end).unwrap()
    }

    #[test]
    fn what_is_dated_ahead_waits_for_its_time_at_gateways_and_at_nodes() {
        let (gateway, node) = (Side::Above, Side::Below(ScopeSet::new()));
        let refused = |part: &Part, at: Micros| [&gateway, &node].map(|side| ahead(part, side, at).is_some());
        assert_eq!(refused(&record(NOW, NOW, NOW), NOW), [false, false]);
        for years in [1, 20] {
            let later = NOW + years * YEAR;
            assert_eq!(refused(&record(NOW, later, NOW), NOW), [true, true], "published in {years} years");
            assert_eq!(refused(&record(NOW, NOW, later), NOW), [true, true], "changed in {years} years");
            assert_eq!(refused(&record(NOW, later, NOW), later), [false, false], "its time has come");
            // Whatever a gateway in league with it lets through.
            assert_eq!(refused(&record(later, later, later), NOW), [true, true]);
        }
        // What a gateway takes, every node takes whose clock agrees with that one's, be it the slowest.
        let tolerance = 10 * MINUTE;
        let just = NOW + tolerance;
        assert_eq!(refused(&record(just, just, just), NOW), [false, false]);
        assert!(ahead(&record(just, just, just), &node, NOW - tolerance).is_none());
        assert_eq!(refused(&record(just + 1, NOW, NOW), NOW), [true, false], "revisions are the gateway's to judge");
        assert_eq!(refused(&end(NOW + YEAR), NOW), [true, false], "an end is shown with no date");
    }

    #[test]
    fn what_is_dated_back_is_taken() {
        for back in [YEAR, 30 * YEAR] {
            for side in [Side::Above, Side::Below(ScopeSet::new())] {
                assert_eq!(ahead(&record(NOW - back, NOW - back, NOW - back), &side, NOW), None);
            }
        }
    }

    #[test]
    fn an_origin_dates_nothing_ahead() {
        assert_eq!(published(None, None, NOW), NOW);
        assert_eq!(published(None, Some(NOW - YEAR), NOW), NOW - YEAR);
        assert_eq!(published(None, Some(NOW + MINUTE), NOW), NOW + MINUTE, "clocks step back a little");
        assert_eq!(published(None, Some(NOW + YEAR), NOW), NOW, "it was written while the clock was wrong");
        assert_eq!(published(Some(NOW - YEAR), Some(NOW), NOW), NOW - YEAR);
        assert_eq!(published(Some(NOW + YEAR), None, NOW), NOW, "a draft of such a clock");
    }
}
