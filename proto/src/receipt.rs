//! What a holder says to an origin about what it holds: where that lies, its form, and what it proves of a revision.

use prost::Message;

use crate::envelope::{Micros, Part, Revision};
use crate::hex::hex;
use crate::limits::{LABEL_BYTES, RECEIPT_REFUSED, RECEIPT_SCOPES, RECEIPT_STEPS};
use crate::name::{InvalidName, Kind, MemberId, RecordName};
use crate::scope::Scope;
use crate::v1::{HeldScope, HeldSince, Receipt, RefusedName};

/// The name of `holder`'s receipt to `origin`.
///
/// # Errors
/// Never for members that are sound.
pub fn name(holder: &MemberId, origin: &MemberId) -> Result<RecordName, InvalidName> {
    let short = Some(origin.short()).filter(|short| holder.network() == origin.network() && short.len() <= LABEL_BYTES);
    let hashed = || format!("member-{}", &hex(blake3::hash(origin.as_str().as_bytes()).as_bytes())[..32]);
    RecordName::new(holder, "receipts", &short.map_or_else(hashed, str::to_owned))
}

/// A receipt that is one: under its name, for its origin alone, and within its limits. None for other records.
pub fn read(part: &Part) -> Option<Receipt> {
    if part.kind().as_str() != Kind::RECEIPT {
        return None;
    }
    let receipt = Receipt::decode(part.body()).ok()?;
    let origin: MemberId = receipt.origin.parse().ok()?;
    let named = name(&part.origin(), &origin).is_ok_and(|name| name == *part.name());
    let alone = part.scopes().len() == 1 && part.scopes().contains(&Scope::member(&origin));
    let bounded = receipt.scopes.len() <= RECEIPT_SCOPES
        && receipt.refused.len() <= RECEIPT_REFUSED
        && receipt.scopes.iter().all(|held| (1..=RECEIPT_STEPS).contains(&held.steps.len()));
    (named && alone && bounded).then_some(receipt)
}

/// Up to which revision of its origin a scope was held; 0 where it has no steps.
pub fn reached(held: &HeldScope) -> Revision {
    held.steps.last().map_or(0, |step| step.as_of)
}

/// Since when, at the latest, a scope has been held with all that its origin had said up to `revision`; None where it
/// has not been.
pub fn since(held: &HeldScope, revision: Revision) -> Option<Micros> {
    held.steps.iter().find(|step| step.as_of >= revision).map(|step| step.since)
}

/// What `receipt` says of a name's state, or of a later one, that was refused.
pub fn refusal<'a>(receipt: &'a Receipt, name: &RecordName, revision: Revision) -> Option<&'a RefusedName> {
    receipt.refused.iter().find(|refused| refused.name == name.as_str() && refused.revision >= revision)
}

/// The steps of a scope of which a head as of `as_of` is met at `now`, after those that were said before. Where they
/// become too many, one goes whose neighbours lie close together, in proportion to their age; never the first.
pub fn step(mut steps: Vec<HeldSince>, as_of: Revision, now: Micros) -> Vec<HeldSince> {
    // An origin that came back from an earlier time says less than it did.
    steps.retain(|step| step.as_of <= as_of && step.since <= now);
    if steps.last().is_none_or(|step| step.as_of < as_of) {
        steps.push(HeldSince { as_of, since: now });
    }
    while steps.len() > RECEIPT_STEPS {
        let loss = |at: &usize| {
            let [before, after, now] = [steps[at - 1].since, steps[at + 1].since, now].map(i128::from);
            (after - before) * 1_000_000 / (now - before + 1)
        };
        let least = (1..steps.len() - 1).min_by_key(loss).unwrap_or_default();
        steps.remove(least);
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Micros = 60 * 1_000_000;

    #[test]
    fn a_receipt_has_one_name_for_each_origin() {
        let [holder, near, far] = ["bijie.pprd.example", "shenzhen.pprd.example", "shenzhen.other.example"]
            .map(|id| id.parse::<MemberId>().unwrap());
        assert_eq!(name(&holder, &near).unwrap().as_str(), "members/bijie.pprd.example/receipts/shenzhen");
        let other = name(&holder, &far).unwrap();
        assert!(other.id().starts_with("member-") && other.id().len() == 39, "{other}");
    }

    #[test]
    fn a_revision_is_held_since_the_first_head_that_covered_it() {
        let mut held = HeldScope::default();
        for minute in 1..=4 {
            held.steps = step(held.steps, minute * 10, minute * MINUTE);
        }
        held.steps = step(held.steps, 40, 9 * MINUTE);
        assert_eq!(since(&held, 5), Some(MINUTE));
        assert_eq!(since(&held, 11), Some(2 * MINUTE));
        assert_eq!(since(&held, 40), Some(4 * MINUTE), "saying the same again changes nothing");
        assert_eq!(since(&held, 41), None);
        assert_eq!(reached(&held), 40);
    }

    #[test]
    fn old_steps_are_thinned_and_never_claim_an_earlier_time() {
        let mut held = HeldScope::default();
        for minute in 1..=10_000 {
            held.steps = step(held.steps, minute, minute * MINUTE);
            assert!(held.steps.len() <= RECEIPT_STEPS);
        }
        for revision in 1..=10_000 {
            assert!(since(&held, revision).unwrap() >= revision * MINUTE);
        }
        assert_eq!(since(&held, 10_000), Some(10_000 * MINUTE));
        assert_eq!(since(&held, 9_999), Some(9_999 * MINUTE), "what is new is known to the minute");
        assert_eq!(since(&held, 1), Some(MINUTE), "the first stays");
        assert!(since(&held, 5_000).unwrap() <= 8_000 * MINUTE, "{held:?}");
    }

    #[test]
    fn an_origin_that_says_less_than_before_begins_anew_from_there() {
        let steps = step(step(step(Vec::new(), 10, MINUTE), 30, 2 * MINUTE), 20, 3 * MINUTE);
        let held = HeldScope { steps, ..HeldScope::default() };
        assert_eq!(since(&held, 10), Some(MINUTE));
        assert_eq!(since(&held, 15), Some(3 * MINUTE));
        assert_eq!(since(&held, 30), None);
    }
}
