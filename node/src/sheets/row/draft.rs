//! A listing while its cells are read.

use std::collections::{BTreeMap, BTreeSet};

use duikou_proto::language::Text;
use duikou_proto::v1;

use super::{At, Remark};
use crate::sheets::fields::Field;
use crate::typed::{Outcome, Unclear, When};

/// What was read so far.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) listing: v1::Listing,
    pub(super) body: v1::Opportunity,
    pub(super) capital: v1::Capital,
    pub(super) project: v1::Project,
    pub(super) technology: v1::Technology,
    pub(super) talent: v1::Talent,
    pub(super) event: v1::Event,
    pub(super) contact: v1::Contact,
    /// The investment is all of the project's.
    pub(super) whole_investment: bool,
    pub(super) total_investment: Option<crate::typed::Range>,
    /// The ends of a range that has a column for each.
    pub(super) bounds: BTreeMap<Field, crate::typed::Range>,
    /// Lines for the body: what, and its value.
    pub(super) told: Vec<(Field, String)>,
    pub(super) start: Option<When>,
    pub(super) end: Option<When>,
    /// When it ends by what is said of its start.
    pub(super) until: Option<When>,
    pub(super) deadline: Option<When>,
    pub(super) expire: Option<When>,
    /// Fields have a place of their own each, other than in tables.
    pub(super) in_form: bool,
    /// What stood in a column beside what belongs there: of which column, the field it is for, and the value.
    pub(super) with_it: Vec<(Field, Field, String)>,
    /// Fields that have a value.
    pub(super) given: BTreeSet<Field>,
    /// Where a field's column is.
    pub(super) columns: BTreeMap<Field, usize>,
    pub(super) faults: Vec<Remark>,
    pub(super) notes: Vec<Remark>,
}

impl Draft {
    pub(super) fn has_fault(&self, field: Field) -> bool {
        self.faults.iter().any(|fault| fault.field == Some(field))
    }

    pub(super) fn fault(&mut self, at: At<'_>, unclear: Unclear) {
        let (text, unclear) = (unclear.told(), Some(Box::new(unclear)));
        self.faults.push(Remark { column: at.column, field: Some(at.field), text, unclear });
    }

    pub(super) fn note(&mut self, at: At<'_>, text: Text) {
        self.notes.push(Remark { column: at.column, field: Some(at.field), text, unclear: None });
    }

    /// Notes something of a field, wherever it stands.
    pub(super) fn note_of(&mut self, field: Field, text: Text) {
        let column = self.columns.get(&field).copied();
        self.notes.push(Remark { column, field: Some(field), text, unclear: None });
    }

    /// Notes what is wrong with a field, wherever it stands, unless something is already.
    pub(super) fn fault_of(&mut self, field: Option<Field>, text: Text) {
        if field.is_some_and(|field| self.has_fault(field)) {
            return;
        }
        let column = field.and_then(|field| self.columns.get(&field).copied());
        self.faults.push(Remark { column, field, text, unclear: None });
    }

    /// The value that was understood; what is to be said of it is noted.
    pub(super) fn take<T>(&mut self, at: At<'_>, outcome: Outcome<T>) -> Option<T> {
        match outcome {
            Ok(read) => {
                if let Some(note) = read.note {
                    self.note(at, note);
                }
                if read.value.is_some() {
                    self.given.insert(at.field);
                }
                read.value
            }
            Err(unclear) => {
                self.fault(at, unclear);
                None
            }
        }
    }
}
