//! Two who change a draft at once: each field goes by whoever has changed it, and only of what both have changed somebody
//! has to choose.
//!
//! A form says what each of its fields held when it was filled, as a short hash each (`began`), so that whoever sends it
//! is known to have changed a field, or not, whatever the draft says by then.

use super::filled::{canonical, is_same};
use crate::sheets::Kind;
use crate::sheets::fields::Info;
use crate::sheets::form::{self, Texts};

/// Hexadecimal digits of a hash: nobody is harmed who finds two texts with one.
const DIGITS: usize = 10;

/// What the fields of a form hold, to be sent with it.
pub(super) fn began(kind: Kind, texts: &Texts) -> String {
    let fields = form::fields(kind).map(|info| {
        let text = texts.get(&info.field).map_or("", String::as_str);
        format!("{}={}", info.id, hash(info, text))
    });
    fields.collect::<Vec<_>>().join(" ")
}

fn hash(info: &Info, text: &str) -> String {
    // A browser sends choices by other names than those that were typed, and boxes in an order of its own.
    let mut hash = blake3::hash(canonical(info, text).as_bytes()).to_hex().to_string();
    hash.truncate(DIGITS);
    hash
}

/// What comes of a form that was sent and of what a draft says by now.
pub(super) struct Merged {
    /// What both have left, and of what one has changed what that one says; of what both have changed what was sent.
    pub(super) texts: Texts,
    /// Whether there is anything that both have changed, not to the same.
    pub(super) both: bool,
}

/// Merges `mine`, which was sent, with `theirs`; None where the form does not say what it began with.
pub(super) fn merged(kind: Kind, began: &str, mine: &Texts, theirs: &Texts) -> Option<Merged> {
    let mut merged = Merged { texts: Texts::new(), both: false };
    for info in form::fields(kind) {
        let held = |texts: &Texts| texts.get(&info.field).cloned().unwrap_or_default();
        let (mine, theirs) = (held(mine), held(theirs));
        let first = began.split(' ').find_map(|pair| pair.strip_prefix(info.id)?.strip_prefix('='))?;
        let text = if hash(info, &mine) == first {
            theirs
        } else {
            merged.both |= hash(info, &theirs) != first && !is_same(info, &mine, &theirs);
            mine
        };
        if !text.trim().is_empty() {
            merged.texts.insert(info.field, text);
        }
    }
    Some(merged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sheets::fields::Field;

    #[test]
    fn a_field_goes_by_whoever_has_changed_it_and_only_what_both_have_changed_is_asked() {
        let of = |title: &str, body: &str, regions: &str| -> Texts {
            let texts = [(Field::Title, title), (Field::Body, body), (Field::Regions, regions)];
            texts.into_iter().filter(|(_, text)| !text.is_empty()).map(|(f, text)| (f, text.to_owned())).collect()
        };
        let kind = Kind::Project;
        let first = of("园区", "一", "");
        let began = began(kind, &first);
        for (mine, theirs, texts, both) in [
            (of("园区", "二", ""), of("新园区", "一", "毕节市"), of("新园区", "二", "毕节市"), false),
            (of("园区", "二", ""), of("园区", "三", ""), of("园区", "二", ""), true),
            (of("园区", "二", ""), of("园区", "二", "毕节市"), of("园区", "二", "毕节市"), false),
            (of("园区", "", ""), of("园区", "一", "毕节市"), of("园区", "", "毕节市"), false),
            (of("园区", "一", ""), of("", "一", ""), of("", "一", ""), false),
        ] {
            let merged = merged(kind, &began, &mine, &theirs).unwrap();
            assert_eq!((merged.texts, merged.both), (texts, both), "{mine:?} {theirs:?}");
        }
        assert!(merged(kind, "", &first, &first).is_none() && merged(kind, "title=x", &first, &first).is_none());
    }
}
