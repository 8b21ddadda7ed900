//! Two versions of a listing beside each other, field by field, in the words of the form.

use duikou_proto::language::Language;
use duikou_proto::reference;
use duikou_proto::v1::Listing;
use duikou_proto::v1::draft_difference::Change;
use duikou_proto::v1::opportunity::Direction;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::super::catalogue::Texts;
use super::super::format;
use super::super::reading::{Names, audience_of};
use super::filled::is_same;
use crate::sheets::Kind;
use crate::sheets::fields::{Field, Info, Shape, of_path};
use crate::sheets::form::{self, Texts as Typed};
use crate::typed::place::Lies;
use crate::typed::text::items;
use crate::typed::{choice, industry, labels, place};

/// A field that differs.
pub(super) struct Row {
    pub(super) label: String,
    /// Empty: nothing.
    pub(super) before: String,
    pub(super) after: String,
}

/// What differs between the texts of two forms.
pub(super) fn between(texts: Texts, names: &Names, kind: Kind, before: &Typed, after: &Typed) -> Vec<Row> {
    let mut rows = Vec::new();
    let direction = direction_in(after);
    for info in form::fields(kind) {
        let text = |typed: &Typed| typed.get(&info.field).cloned().unwrap_or_default();
        let (before, after) = (text(before), text(after));
        if is_same(info, &before, &after) {
            continue;
        }
        let [before, after] = [before, after].map(|text| said(texts, names, info, &text));
        if before.trim() != after.trim() {
            rows.push(Row { label: label(texts, info, direction), before, after });
        }
    }
    rows
}

/// What a draft would change of what is published (None: nothing is), by what the service says is different: what no
/// form shows is named as the contract names it.
pub(super) fn of_draft(
    texts: Texts,
    names: &Names,
    kind: Kind,
    before: Option<&Listing>,
    after: &Listing,
    changes: &[Change],
) -> Vec<Row> {
    let shown = |listing: Option<&Listing>| listing.map(|listing| form::texts(kind, listing)).unwrap_or_default();
    let mut rows = between(texts, names, kind, &shown(before), &shown(Some(after)));
    let is_shown =
        |path: &str| of_path(path, kind).is_some_and(|field| form::fields(kind).any(|info| info.field == field));
    let others = changes.iter().filter(|change| !is_shown(&change.path));
    rows.extend(others.map(|change| Row {
        label: change.path.clone(),
        before: change.before.clone(),
        after: change.after.clone(),
    }));
    rows
}

/// What a field is called, where something is offered or sought.
pub(super) fn label(texts: Texts, info: &Info, direction: Direction) -> String {
    let (zh, en) = info.names_for(direction);
    match texts.language() {
        Language::Zh => zh.to_owned(),
        Language::En => en.to_owned(),
    }
}

/// Whether a form is about something offered or sought.
fn direction_in(typed: &Typed) -> Direction {
    let text = typed.get(&Field::Direction).map_or("", String::as_str);
    let read = choice::choice(text, labels::DIRECTIONS).ok().and_then(|read| read.value);
    read.and_then(|value| Direction::try_from(value).ok()).unwrap_or_default()
}

/// A text of a form as its reader understands it.
fn said(texts: Texts, names: &Names, info: &Info, text: &str) -> String {
    let table = match info.shape() {
        Shape::One(table) | Shape::Several(table) => table,
        Shape::Audience => return audience(texts, names, text),
        Shape::Places => return places(texts, text),
        Shape::Industries => return industries(texts, text),
        Shape::Line | Shape::Area | Shape::Occupation => return moment(texts, info.field, text),
    };
    let Some(values) = choice::several(text, table).ok().and_then(|read| read.value) else { return text.to_owned() };
    let named = values.iter().filter_map(|value| labels::of(table, *value)).map(|label| match texts.language() {
        Language::Zh => label.zh,
        Language::En => label.en,
    });
    named.collect::<Vec<_>>().join(&texts.text("list-comma"))
}

/// Places with all in which they lie.
fn places(texts: Texts, text: &str) -> String {
    let named = items(text).into_iter().map(|item| match place::place(&item, Lies::Anywhere).map(|read| read.value) {
        Ok(Some(place)) if place.rest.is_empty() => format::region(texts.language(), place.code),
        _ => item,
    });
    named.collect::<Vec<_>>().join(&texts.text("list-comma"))
}

/// Industries by their names.
fn industries(texts: Texts, text: &str) -> String {
    let codes = industry::several(text).ok().and_then(|read| read.value);
    let Some(codes) = codes else { return text.to_owned() };
    let named = codes.iter().map(|code| match reference::industries().get(code) {
        Some(entry) => texts.fill("industry-line", &[("what", entry.name(texts.language())), ("code", entry.code)]),
        None => code.clone(),
    });
    named.collect::<Vec<_>>().join(&texts.text("list-comma"))
}

/// A time as pages write it, to the minute, and a day as a day; anything else as it was typed.
fn moment(texts: Texts, field: Field, text: &str) -> String {
    let typed = text.trim().replacen(' ', "T", 1);
    let at = match field {
        Field::Expire | Field::Start | Field::End | Field::Deadline => typed.parse::<DateTime>().ok(),
        _ => None,
    };
    let shown = at.and_then(|at| {
        let at = at.to_zoned_datetime(TimeZone::UTC).ok()?;
        Some(match field {
            _ if !typed.contains('T') => format::date(texts.language(), &at),
            Field::Expire | Field::End => format::until_moment(texts.language(), &at),
            _ => format::moment(texts.language(), &at),
        })
    });
    shown.unwrap_or_else(|| text.to_owned())
}

fn audience(texts: Texts, names: &Names, text: &str) -> String {
    let scopes = crate::typed::audience::audience(text, &crate::typed::Names::default());
    match scopes.ok().and_then(|read| read.value) {
        Some(scopes) => audience_of(texts, names, &scopes),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_told_by_its_last_day_and_a_field_of_what_is_sought_by_its_own_name() {
        let texts = Texts::of(Language::Zh);
        let names = Names::sample(Language::Zh, "pprd.example");
        let typed = |direction: &str, expire: &str, investment: &str| -> Typed {
            let pairs = [(Field::Direction, direction), (Field::Expire, expire), (Field::Investment, investment)];
            pairs.into_iter().map(|(field, text)| (field, text.to_owned())).collect()
        };
        let before = typed("需求", "2027-05-30", "1亿元");
        let after = typed("需求", "2027-10-08 00:00", "2亿元");
        let rows = between(texts, &names, Kind::Project, &before, &after);
        let told: Vec<[&str; 3]> = rows.iter().map(|row| [&*row.label, &*row.before, &*row.after]).collect();
        let wanted = [["拟投资金额", "1亿元", "2亿元"], ["有效期至", "2027年5月30日", "2027年10月7日"]];
        assert_eq!(told, wanted);
    }
}
