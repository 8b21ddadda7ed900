//! What a form holds that its listing does not give back. What is no value yet belongs to the draft, so that nothing that
//! was saved is lost, and stands in the way of a submission; what was understood stays as it was typed, as long as the
//! listing says it.

use std::collections::{BTreeMap, HashMap};

use duikou_proto::v1::Listing;
use duikou_proto::validate::{Violation, reason};
use prost_types::FieldMask;

use crate::limits;
use crate::services::error::violation;
use crate::sheets::fields::Field;
use crate::sheets::form::{lacks, leaves_open};

/// Its path below Draft.
pub(super) const TYPED: &str = "typed";
/// Characters that are repeated to their writer.
const SHOWN: usize = 40;

/// Whether a change is one of these texts too.
pub(super) fn replaces_typed(mask: Option<&FieldMask>, typed: &HashMap<String, String>) -> bool {
    let paths = mask.map(|mask| &*mask.paths).unwrap_or_default();
    if paths.is_empty() { !typed.is_empty() } else { paths.iter().any(|path| path == "*" || path == TYPED) }
}

/// The texts by their fields, or what is wrong with them.
pub(super) fn read_typed(typed: HashMap<String, String>, found: &mut Vec<Violation>) -> BTreeMap<String, String> {
    if typed.len() > limits::DRAFT_TEXTS {
        found.push(violation(
            "draft.typed",
            reason::TOO_MANY,
            format!("最多{}项，请删减。", limits::DRAFT_TEXTS),
            format!("There may be {} of them: leave some out.", limits::DRAFT_TEXTS),
        ));
        return BTreeMap::new();
    }
    for key in typed.keys().filter(|key| Field::parse(key).is_none_or(|field| field.info().id != **key)) {
        let key: String = key.chars().take(SHOWN).collect();
        found.push(violation(
            "draft.typed",
            reason::UNKNOWN_FIELD,
            format!("没有字段“{key}”，请用表格模板中的字段名。"),
            format!("There is no field {key}: use the names of the columns of tables."),
        ));
    }
    typed.into_iter().collect()
}

/// Whether a text is one that has given no value, and was not meant to give none.
fn is_open(key: &str, text: &str, listing: &Listing) -> bool {
    Field::parse(key).is_none_or(|field| lacks(listing, field) && !leaves_open(field, text))
}

/// The texts that are still good for a listing that has changed without them.
pub(super) fn still_open(mut typed: BTreeMap<String, String>, listing: &Listing) -> BTreeMap<String, String> {
    typed.retain(|key, text| is_open(key, text, listing));
    typed
}

/// What a submission of the listing objects to.
pub(super) fn open_texts<'a>(
    typed: impl IntoIterator<Item = (&'a String, &'a String)>,
    listing: &Listing,
) -> Vec<Violation> {
    let objection = |(key, text): (&String, &String)| {
        let path = Field::parse(key).and_then(|field| field.info().paths.first());
        let field = path.map_or_else(|| format!("typed[\"{key}\"]"), |path| (*path).to_owned());
        if text.trim().is_empty() {
            return violation(&field, reason::REQUIRED, "尚未填写，请选择。", "This is still open: decide it.");
        }
        let shown: String = text.chars().take(SHOWN).collect();
        violation(
            &field,
            reason::BAD_FORMAT,
            format!("“{shown}”还没有读懂，请改正或清空。"),
            format!("{shown} is not understood yet: correct it or leave it out."),
        )
    };
    typed.into_iter().filter(|(key, text)| is_open(key, text, listing)).map(objection).collect()
}
