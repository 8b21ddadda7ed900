//! Whether this store holds what an origin says that it should: scope by scope, with the reason where it does not.

use duikou_proto::envelope::Micros;
use duikou_proto::v1::completeness::State;

use super::Engine;
use super::heads::ScopeState;
use crate::limits;

/// One scope of an origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completeness {
    /// Full id.
    pub origin: String,
    /// Absolute.
    pub scope: String,
    /// Whether all of it is here.
    pub state: State,
    /// When the newest head that was met, but for what was refused, was issued.
    pub complete: Option<Micros>,
    /// When the newest head was issued.
    pub issued: Micros,
}

fn judge(state: &ScopeState, now: Micros) -> Option<(State, Micros)> {
    let (_, head) = state.head.as_ref()?;
    let stale = now > head.valid_until && !head.kinds.is_empty();
    // Not by the age of the newest head: an origin that writes each minute has always a new one.
    let settles = limits::HEAD_SETTLES.as_micros() as Micros;
    let long = state.differs_since(now).is_some_and(|since| now.saturating_sub(since) >= settles);
    let judged = match (state.meets_head(), stale) {
        (true, false) => State::Complete,
        (_, true) => State::Stale,
        (false, false) if state.meets_head_but_for_refused() => State::Rejected,
        (false, false) if long => State::Withheld,
        (false, false) => State::Behind,
    };
    Some((judged, head.issue_time))
}

impl Engine {
    /// All scopes of all origins that live elsewhere, as far as heads of them have come.
    pub fn completeness(&self) -> Vec<Completeness> {
        let (heads, directory, now) = (self.heads(), self.directory(), self.now());
        let elsewhere =
            |origin: &str| directory.member_by_text(origin).is_some_and(|member| member.node != self.0.identity.node);
        let scopes = heads.iter().filter(|(origin, ..)| elsewhere(origin));
        let judged = scopes.filter_map(|(origin, scope, held)| {
            let (state, issued) = judge(held, now)?;
            let (origin, scope) = (origin.to_owned(), scope.to_owned());
            Some(Completeness { origin, scope, state, complete: held.met.map(|met| met.issue_time), issued })
        });
        judged.collect()
    }
}

#[cfg(test)]
mod tests {
    use duikou_proto::envelope::Part;
    use duikou_proto::head;
    use duikou_proto::name::{Kind, MemberId, RecordName};
    use duikou_proto::scope::Scope;
    use duikou_proto::sign::Signer;
    use duikou_proto::v1::{Head, Lane, Record};
    use prost::Message;

    use super::super::heads::{Counted, Heads};
    use super::super::stand_in::{Refused, RefusedRecord};
    use super::*;
    use crate::store::Row;

    const SECOND: Micros = 1_000_000;
    const ORIGIN: &str = "a.n.example";
    const SCOPE: &str = "network:n.example";

    /// What an origin has, and what of it is here.
    #[derive(Default)]
    struct Two {
        there: Heads,
        here: Heads,
    }

    fn row(name: &RecordName, kind: &str, revision: Micros, body: Vec<u8>) -> Row {
        let lane = if kind == Kind::HEAD { Lane::Prompt } else { Lane::Bulk };
        let record = Record {
            name: name.to_string(),
            revision,
            kind: kind.to_owned(),
            lane: lane.into(),
            scopes: vec![SCOPE.to_owned()],
            expire_time: 3_600_000 * SECOND,
            body: body.into(),
            ..Default::default()
        };
        let record = Part::sign_record(&Signer::from_seed(1, [1; 32]), &record).unwrap();
        Row { record: Some(record), ..Row::new(name.clone()) }
    }

    fn comes(to: &mut Heads, row: &Row, now: Micros) {
        to.change(&row.name, &Counted::default(), &Counted::of(row), now);
        to.judge(now);
    }

    impl Two {
        /// The origin writes; the record for whoever delivers it.
        fn writes(&mut self, now: Micros) -> Row {
            let name = format!("members/{ORIGIN}/listings/l{now}").parse().unwrap();
            let row = row(&name, "capital", now, Vec::new());
            comes(&mut self.there, &row, now);
            row
        }

        /// A head of everything that the origin has comes here.
        fn head_comes(&mut self, now: Micros) {
            let member: MemberId = ORIGIN.parse().unwrap();
            let scope: Scope = SCOPE.parse().unwrap();
            let state = self.there.get(ORIGIN, SCOPE).unwrap();
            let head = Head {
                scope: SCOPE.to_owned(),
                kinds: state.sums(),
                as_of: state.as_of,
                issue_time: now,
                valid_until: now + 1800 * SECOND,
            };
            let name = head::name(&member, &scope).unwrap();
            comes(&mut self.here, &row(&name, Kind::HEAD, now, head.encode_to_vec()), now);
        }

        fn state(&self, now: Micros) -> State {
            judge(self.here.get(ORIGIN, SCOPE).unwrap(), now).unwrap().0
        }
    }

    #[test]
    fn what_is_kept_back_shows_however_often_its_origin_writes() {
        let mut two = Two::default();
        two.writes(SECOND);
        two.head_comes(2 * SECOND);
        for round in 1..12 {
            let now = round * 15 * SECOND;
            // Each record comes before its head, and nothing can be compared in between.
            let row = two.writes(now);
            comes(&mut two.here, &row, now);
            let settled = now > 62 * SECOND;
            assert_eq!(two.state(now) == State::Withheld, settled, "before the head of {round}");
            two.head_comes(now + SECOND);
            assert_eq!(two.state(now + SECOND) == State::Withheld, settled, "after the head of {round}");
        }
    }

    fn refuses(to: &mut Heads, row: &Row, held: &Counted, now: Micros) {
        let record = row.record.as_ref().and_then(RefusedRecord::of).and_then(|record| record.read());
        let refused = Refused { record, ..Refused::default() };
        to.refuse(&format!("rejected/g/{}", row.name), &row.name, Some(refused), held);
        to.judge(now);
    }

    #[test]
    fn what_was_refused_is_told_apart_from_what_is_kept_back() {
        let mut two = Two::default();
        let (good, bad) = (two.writes(SECOND), two.writes(2 * SECOND));
        comes(&mut two.here, &good, 3 * SECOND);
        refuses(&mut two.here, &bad, &Counted::default(), 3 * SECOND);
        two.head_comes(4 * SECOND);
        assert_eq!(two.state(4 * SECOND), State::Rejected);
        let met = two.here.get(ORIGIN, SCOPE).unwrap().met.unwrap();
        assert_eq!(met.as_of, 2 * SECOND, "receipts go on, and name it");

        let kept = two.writes(5 * SECOND);
        two.head_comes(6 * SECOND);
        assert_eq!(two.state(7 * SECOND), State::Behind);
        assert_eq!(two.state(90 * SECOND), State::Withheld, "however much else was refused");
        assert_eq!(two.here.get(ORIGIN, SCOPE).unwrap().met.unwrap().as_of, 2 * SECOND);
        comes(&mut two.here, &kept, 91 * SECOND);
        assert_eq!(two.state(92 * SECOND), State::Rejected);

        comes(&mut two.here, &bad, 93 * SECOND);
        two.here.refuse(&format!("rejected/g/{}", bad.name), &bad.name, None, &Counted::of(&bad));
        two.here.judge(93 * SECOND);
        assert_eq!(two.state(94 * SECOND), State::Complete);
    }

    #[test]
    fn a_refused_record_takes_the_place_of_the_one_before_it() {
        let mut two = Two::default();
        let first = two.writes(SECOND);
        comes(&mut two.here, &first, SECOND);
        let next = row(&first.name, "capital", 2 * SECOND, vec![7]);
        two.there.change(&first.name, &Counted::of(&first), &Counted::of(&next), 2 * SECOND);
        refuses(&mut two.here, &next, &Counted::of(&first), 3 * SECOND);
        two.head_comes(4 * SECOND);
        assert_eq!(two.state(4 * SECOND), State::Rejected);
        let older = row(&first.name, "capital", SECOND / 2, vec![8]);
        refuses(&mut two.here, &older, &Counted::of(&first), 5 * SECOND);
        assert_eq!(two.state(90 * SECOND), State::Withheld, "what is older than what is held stands for nothing");
    }

    #[test]
    fn more_than_a_receipt_names_are_not_vouched_for() {
        let mut two = Two::default();
        for number in 1..=duikou_proto::limits::RECEIPT_REFUSED as Micros + 1 {
            let row = two.writes(number * SECOND);
            refuses(&mut two.here, &row, &Counted::default(), number * SECOND);
        }
        two.head_comes(60 * SECOND);
        assert_eq!(two.state(60 * SECOND), State::Rejected);
        assert_eq!(two.here.get(ORIGIN, SCOPE).unwrap().met, None);
    }

    #[test]
    fn what_comes_soon_is_not_kept_back() {
        for pause in [SECOND, 7 * SECOND, 50 * SECOND] {
            let mut two = Two::default();
            for round in 1..200 {
                let now = round * pause;
                let row = two.writes(now);
                if round % 3 == 0 {
                    two.head_comes(now);
                }
                comes(&mut two.here, &row, now + pause / 4);
                if round % 3 != 0 {
                    two.head_comes(now + pause / 2);
                }
                assert_ne!(two.state(now + pause / 2), State::Withheld, "{pause}, {round}");
            }
        }
    }

    #[test]
    fn many_writes_a_second_are_never_met_and_not_kept_back() {
        let mut two = Two::default();
        let first = two.writes(SECOND);
        comes(&mut two.here, &first, SECOND);
        for round in 1..400 {
            let now = SECOND + round * SECOND;
            let row = two.writes(now);
            two.head_comes(now);
            assert_eq!(two.state(now), State::Behind, "{round}");
            // With the next one, which that head does not count.
            let next = two.writes(now + 1);
            two.here.change(&row.name, &Counted::default(), &Counted::of(&row), now + 2);
            comes(&mut two.here, &next, now + 2);
            assert_eq!(two.state(now + SECOND / 2), State::Behind, "{round}");
        }
    }

    #[test]
    fn once_it_has_come_nothing_is_held_against_it() {
        let mut two = Two::default();
        let kept = two.writes(SECOND);
        two.head_comes(2 * SECOND);
        assert_eq!(two.state(30 * SECOND), State::Behind);
        assert_eq!(two.state(90 * SECOND), State::Withheld);
        comes(&mut two.here, &kept, 91 * SECOND);
        assert_eq!(two.state(92 * SECOND), State::Complete);
        two.writes(93 * SECOND);
        two.head_comes(94 * SECOND);
        assert_eq!(two.state(120 * SECOND), State::Behind);
    }
}
