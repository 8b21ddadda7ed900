//! How a row takes in what arrives: a function of the row and the parts, the same for own writes, links and recovery.

use duikou_proto::directory::Directory;
use duikou_proto::envelope::{Micros, Part};
use duikou_proto::order::{Rank, equivocates};

use crate::defects::{self, Defect};
use crate::store::{Row, Seq};

/// By what states are ordered: the keys that verify now.
pub(crate) struct Ranking<'a> {
    pub(crate) directory: &'a Directory,
    pub(crate) now: Micros,
}

impl Ranking<'_> {
    pub(crate) fn rank(&self, part: &Part) -> Rank {
        Rank::of(part, self.verifies(part))
    }

    /// Whether the key that signed it is one by which its origin is believed now.
    pub(crate) fn verifies(&self, part: &Part) -> bool {
        self.directory.verifying_key(part.name().origin_str(), part.key_number(), self.now).is_some()
    }
}

/// A row that changed.
pub(crate) struct Accepted {
    pub(crate) row: Row,
    /// The origin has signed two different things as one revision.
    pub(crate) equivocation: bool,
}

/// Takes `parts` (of one name) into `old`; None where nothing outranks what is there. `seq` is the number that the
/// change gets.
///
/// Record and withdrawal of one revision are one state; a withdrawal ends only older records; a row keeps its
/// withdrawal across later records, as long as these do not cover its scopes. Readers are told that a name is gone where
/// something was there until then: a later end of what has ended is for links alone.
pub(crate) fn accept(old: Option<&Row>, parts: &[Part], ranking: &Ranking<'_>, seq: Seq) -> Option<Accepted> {
    let name = parts.first()?.name();
    let mut row = old.cloned().unwrap_or_else(|| Row::new(name.clone()));
    let (mut content, mut gone, mut gone_content, mut changed) = (false, false, false, false);
    let mut equivocation = false;
    let was_there = old.is_none_or(|old| old.record.is_some());
    for part in parts {
        let held = if part.is_record() { &row.record } else { &row.withdrawal };
        equivocation |= held.as_ref().is_some_and(|held| equivocates(held, part));
        if held.as_ref().is_some_and(|held| ranking.rank(part) <= ranking.rank(held)) {
            continue;
        }
        // Content whose key had died was shown to nobody: signed anew, it is news.
        let same = |held: &Part| held.hash() == part.hash() && ranking.verifies(held) == ranking.verifies(part);
        // A withdrawal tells the same whoever's key signed it.
        let same_content =
            held.as_ref().is_some_and(|held| if part.is_record() { same(held) } else { held.hash() == part.hash() });
        if part.is_record() {
            if let Some(later) = row.withdrawal.as_ref().filter(|w| part.revision() < w.revision()) {
                if ranking.verifies(later) || !ranking.verifies(part) {
                    continue;
                }
                row.withdrawal = None;
            }
            content |= !same_content;
            gone_content |= row.record.as_ref().is_some_and(|r| !r.scopes().is_within(part.scopes()));
            row.record = Some(part.clone());
        } else {
            content |= was_there && !same_content;
            gone_content |= was_there && !same_content;
            gone = true;
            let its_own = i64::from(defects::on(Defect::WithdrawalEndsItsOwn));
            if row.record.as_ref().is_some_and(|r| r.revision() < part.revision() + its_own) {
                row.record = None;
            }
            row.withdrawal = Some(part.clone());
        }
        changed = true;
    }
    if !changed {
        return None;
    }
    if let (Some(record), Some(withdrawal)) = (&row.record, &row.withdrawal)
        && withdrawal.revision() < record.revision()
        && (withdrawal.scopes().is_within(record.scopes()) || defects::on(Defect::WithdrawalForgotten))
    {
        row.withdrawal = None;
    }
    for part in parts {
        if !defects::on(Defect::ExposureForgotten) {
            row.exposed.extend(part.scopes());
        } else if part.is_record() {
            row.exposed = part.scopes().clone();
        }
        row.expire_max = row.expire_max.max(part.expire_time());
    }
    row.gone = None;
    if row.record != old.and_then(|old| old.record.clone()) {
        row.record_seq = seq;
    }
    if gone {
        row.withdrawal_seq = seq;
    }
    if content || row.first_seq == 0 {
        row.record_content_seq = seq;
    }
    if gone_content || (content && defects::on(Defect::WithdrawalAgain)) {
        row.withdrawal_content_seq = seq;
    }
    if row.first_seq == 0 {
        row.first_seq = seq;
    }
    if row.record.is_none() {
        row.record_seq = 0;
    }
    if row.withdrawal.is_none() {
        row.withdrawal_seq = 0;
    }
    Some(Accepted { row, equivocation })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use duikou_proto::directory::{self, member_key_input};
    use duikou_proto::federation::directory_entry::Action;
    use duikou_proto::federation::key::Purpose;
    use duikou_proto::federation::{Admit, Key};
    use duikou_proto::scope::{Scope, ScopeSet};
    use duikou_proto::sign::Signer;
    use duikou_proto::v1::{Lane, Record, Withdrawal, WithdrawalReason};
    use proptest::prelude::*;

    use super::*;

    const SCOPES: [&str; 3] = ["circle:a@n", "circle:b@n", "public"];

    fn texts(mask: u8) -> Vec<String> {
        (0..3).filter(|bit| mask & (1 << bit) != 0).map(|bit| SCOPES[bit].to_owned()).collect()
    }

    fn set(mask: u8) -> ScopeSet {
        texts(mask).iter().map(|text| text.parse::<Scope>().unwrap()).collect()
    }

    /// What an honest origin signs for a name over its life: for each step the scopes that may see it, 0 for an end.
    fn history(steps: &[u8]) -> Vec<Part> {
        let signer = Signer::from_seed(1, [1; 32]);
        let (mut exposed, mut seen, mut parts) = (0u8, 0u8, Vec::new());
        for (revision, mask) in (1i64..).zip(steps) {
            let name = "members/m.n/listings/x".to_owned();
            let (kind, lane) = ("event".to_owned(), Lane::Bulk.into());
            if *mask != 0 {
                let record = Record {
                    name: name.clone(),
                    revision,
                    kind: kind.clone(),
                    lane,
                    scopes: texts(*mask),
                    expire_time: 1_000,
                    body: Bytes::from(vec![revision as u8]),
                    ..Default::default()
                };
                parts.push(Part::sign_record(&signer, &record).unwrap());
            }
            let gone = exposed & !mask;
            if gone != 0 && seen & !mask != 0 {
                let reason = if *mask == 0 { WithdrawalReason::Withdrawn } else { WithdrawalReason::Narrowed };
                let withdrawal = Withdrawal {
                    name,
                    revision,
                    kind,
                    lane,
                    scopes: texts(gone),
                    keep_until: 9_000,
                    reason: reason.into(),
                };
                parts.push(Part::sign_withdrawal(&signer, &withdrawal).unwrap());
            }
            exposed |= mask;
            seen = *mask;
        }
        parts
    }

    const ORIGIN: &str = "m.n";

    /// A network in which the first key of a member verifies until `dies`, and its second from then on.
    fn rotated([old, new]: [&Signer; 2], dies: Micros) -> Directory {
        let (root, authority) = (Signer::from_seed(0, [8; 32]), Signer::from_seed(1, [9; 32]));
        let network = "n".parse().unwrap();
        let mut directory = Directory::default();
        directory.apply(&directory::genesis(&network, &root, &authority, 1)).unwrap();
        let (member, number) = (ORIGIN.to_owned(), new.number());
        let public_key = new.public().to_bytes().to_vec();
        let input = member_key_input(&ORIGIN.parse().unwrap(), Purpose::Signing, number, &public_key);
        let key = Key {
            member: member.clone(),
            purpose: Purpose::Signing.into(),
            number,
            algorithm: "ed25519".to_owned(),
            signature: old.sign_text(&input),
            public_key,
            valid_from: 1,
            predecessors_until: dies,
            by_root: false,
        };
        let admit = Admit { member, signing_key: old.public().to_bytes().to_vec(), ..Default::default() };
        for action in [Action::Admit(admit), Action::Key(key)] {
            let entry = directory::next(directory.link(), &authority, 1, action);
            directory.apply(&entry).unwrap();
        }
        directory
    }

    #[test]
    fn an_end_that_only_a_dead_key_has_signed_stands_below_what_verifies() {
        let (old, new) = (Signer::from_seed(1, [1; 32]), Signer::from_seed(2, [2; 32]));
        let directory = rotated([&old, &new], 50);
        let by = |now| Ranking { directory: &directory, now };
        let (name, kind, lane) = (format!("members/{ORIGIN}/listings/x"), "event".to_owned(), Lane::Bulk.into());
        let record = |signer, revision| {
            let (name, kind, scopes) = (name.clone(), kind.clone(), texts(1));
            let record = Record { name, revision, kind, lane, scopes, expire_time: 1_000, ..Default::default() };
            Part::sign_record(signer, &record).unwrap()
        };
        let end = Withdrawal {
            name: name.clone(),
            revision: 9,
            kind: kind.clone(),
            lane,
            scopes: texts(1),
            keep_until: 9_000,
            reason: WithdrawalReason::Withdrawn.into(),
        };
        let end = Part::sign_withdrawal(&old, &end).unwrap();
        let held = accept(None, &[end], &by(10), 1).unwrap().row;
        assert!(accept(Some(&held), &[record(&new, 5)], &by(49), 2).is_none(), "while the key is good it has ended");
        assert!(
            accept(Some(&held), &[record(&old, 5)], &by(50), 2).is_none(),
            "neither verifies: the later one stands"
        );
        let row = accept(Some(&held), &[record(&new, 5)], &by(50), 2).unwrap().row;
        assert_eq!(row.record, Some(record(&new, 5)));
        assert_eq!(row.withdrawal, None);
        assert_eq!((row.record_seq, row.record_content_seq, row.withdrawal_seq), (2, 2, 0));
    }

    fn take(parts: impl IntoIterator<Item = Part>) -> Option<Row> {
        let directory = Directory::default();
        let ranking = Ranking { directory: &directory, now: 5 };
        let mut row: Option<Row> = None;
        for (seq, part) in (1..).zip(parts) {
            if let Some(accepted) = accept(row.as_ref(), std::slice::from_ref(&part), &ranking, seq) {
                assert!(!accepted.equivocation, "an honest origin does not equivocate");
                row = Some(accepted.row);
            }
        }
        row
    }

    proptest! {
        /// Whatever order the parts of a history arrive in, and however often, the row ends as the last state: the
        /// record for those who may see it, and a withdrawal for those who could and may not.
        #[test]
        fn every_order_ends_in_the_last_state(
            steps in proptest::collection::vec(0u8..8, 1..7),
            order in any::<prop::sample::Index>(),
            shuffle in proptest::collection::vec(any::<u32>(), 32),
        ) {
            let parts = history(&steps);
            prop_assume!(!parts.is_empty());
            let mut mixed: Vec<(u32, Part)> =
                parts.iter().enumerate().map(|(at, part)| (shuffle[at % 32], part.clone())).collect();
            mixed.push((shuffle[31], parts[order.index(parts.len())].clone()));
            mixed.sort_by_key(|(key, _)| *key);
            let Some(row) = take(mixed.into_iter().map(|(_, part)| part)) else { unreachable!("something was taken") };
            let last = *steps.last().unwrap();
            prop_assert_eq!(row.record.as_ref().map(|r| r.scopes().clone()).unwrap_or_default(), set(last));
            let exposed = steps.iter().fold(0, |all, mask| all | mask);
            if exposed & !last != 0 {
                let Some(withdrawal) = &row.withdrawal else { return Err(TestCaseError::fail("no withdrawal")) };
                prop_assert!(set(exposed & !last).is_within(withdrawal.scopes()));
            }
            prop_assert_eq!(&row.exposed, &set(exposed));
        }

        /// A part that outranks nothing changes nothing.
        #[test]
        fn taking_it_again_changes_nothing(steps in proptest::collection::vec(1u8..8, 1..5)) {
            let parts = history(&steps);
            let row = take(parts.clone()).unwrap();
            let directory = Directory::default();
            let ranking = Ranking { directory: &directory, now: 5 };
            for part in parts {
                prop_assert!(accept(Some(&row), std::slice::from_ref(&part), &ranking, 99).is_none_or(
                    |again| again.row.record == row.record && again.row.withdrawal == row.withdrawal
                ));
            }
        }
    }
}
