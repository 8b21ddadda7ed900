//! What a form says: the texts of its fields, as they were sent or as a draft keeps them, and what they come to.

use std::collections::HashMap;

use duikou_proto::language::Text;
use duikou_proto::v1::{Draft, FieldViolation, Listing};
use duikou_proto::validate::kind_of;

use super::super::respond::Failed;
use super::super::sent::Sent;
use super::audience::needed;
use super::desk::Desk;
use crate::sheets::fields::{Field, Info, Shape, of_violation};
use crate::sheets::form::{self, Filled, Texts};
use crate::sheets::{Kind, Remark};
use crate::typed::{Names, audience, choice};

/// See the module.
pub(super) struct Filling {
    pub(super) kind: Kind,
    pub(super) texts: Texts,
    pub(super) filled: Filled,
}

/// The kind of a draft's listing; None where nothing says it yet.
pub(super) fn kind_in(draft: &Draft) -> Option<Kind> {
    let kind = draft.listing.as_ref().and_then(|listing| listing.listing.as_ref()).and_then(kind_of);
    kind.and_then(Kind::parse)
}

/// The texts of a kind's fields that a form has sent; several of one field are joined.
pub(super) fn texts_in(kind: Kind, sent: &Sent) -> Texts {
    let mut texts = Texts::new();
    for (key, value) in sent.fields() {
        // Below boxes there may be a line for what is none of them.
        let id = key.strip_suffix("-other").unwrap_or(key);
        let field = form::fields(kind).find(|info| info.id == id).map(|info| info.field);
        let Some(field) = field.filter(|_| !value.trim().is_empty()) else { continue };
        texts
            .entry(field)
            .and_modify(|text| {
                text.push('；');
                text.push_str(value);
            })
            .or_insert_with(|| value.clone());
    }
    texts
}

/// A text of a field, so that those which say the same are the same: choices by their values, and what is any of several
/// as a set, in whatever order it is written.
pub(super) fn canonical(info: &Info, text: &str) -> String {
    let text = text.trim();
    let values: Option<Vec<String>> = match info.shape() {
        Shape::One(table) => choice::choice(text, table).ok().and_then(|read| Some(vec![read.value?.to_string()])),
        Shape::Several(table) => {
            let values = choice::several(text, table).ok().and_then(|read| read.value);
            values.map(|values| values.iter().map(i32::to_string).collect())
        }
        Shape::Audience => audience::audience(text, &Names::default()).ok().and_then(|read| read.value),
        Shape::Line | Shape::Area | Shape::Places | Shape::Industries | Shape::Occupation => None,
    };
    match values {
        Some(mut values) => {
            values.sort_unstable();
            // To nobody is an answer as well, and no answer is another.
            format!("={}", values.join(" "))
        }
        None => text.to_owned(),
    }
}

/// Whether two texts of a field say the same.
pub(super) fn is_same(info: &Info, one: &str, other: &str) -> bool {
    canonical(info, one) == canonical(info, other)
}

/// Boxes are sent in the order of the page: where they say what `held` says, that stays as its author has written it.
pub(super) fn keep_order(kind: Kind, texts: &mut Texts, held: &Texts) {
    for info in form::fields(kind).filter(|info| matches!(info.shape(), Shape::Several(_) | Shape::Audience)) {
        let (Some(text), Some(before)) = (texts.get_mut(&info.field), held.get(&info.field)) else { continue };
        if is_same(info, text, before) {
            before.clone_into(text);
        }
    }
}

/// The texts that a form shows of a draft: what it says, as it was typed where the draft has kept that.
pub(super) fn texts_of(kind: Kind, draft: &Draft) -> Texts {
    let mut texts = form::texts(kind, &draft.listing.clone().unwrap_or_default());
    for info in form::fields(kind) {
        match draft.typed.get(info.id).map(String::as_str) {
            Some("") => drop(texts.remove(&info.field)),
            Some(typed) => drop(texts.insert(info.field, typed.to_owned())),
            None => {}
        }
    }
    texts
}

impl Filling {
    /// What `texts` come to; what the form does not show is as in `before`.
    ///
    /// # Errors
    /// Where this server lacks what it reads them with.
    pub(super) fn read(desk: &Desk<'_>, kind: Kind, texts: Texts, before: &Listing) -> Result<Self, Failed> {
        let filled = desk.form(kind).read(&texts, before).map_err(|error| {
            tracing::error!(%error, "a form could not be read");
            desk.signed.failed(&tonic::Status::internal(error.to_string()))
        })?;
        Ok(Self { kind, texts, filled })
    }

    /// The same without those of its audience that show it to nobody more.
    ///
    /// # Errors
    /// As [`Filling::read`].
    pub(super) fn needed(self, desk: &Desk<'_>) -> Result<Self, Failed> {
        let listing = &self.filled.listing;
        let unclear = self.filled.fault(Field::Audience).is_some();
        match needed(&listing.scopes, &desk.web.engine().identity().network).filter(|_| !unclear) {
            None => Ok(self),
            Some(scopes) => {
                let before = listing.clone();
                let mut texts = self.texts;
                texts.insert(Field::Audience, audience::format(&scopes));
                Self::read(desk, self.kind, texts, &before)
            }
        }
    }

    /// What a draft keeps beside the listing: what was typed, and that nobody has said yet who may see it.
    pub(super) fn typed(&self) -> HashMap<String, String> {
        let mut typed: HashMap<String, String> = self
            .filled
            .beside(&self.texts)
            .into_iter()
            .map(|(field, text)| (field.info().id.to_owned(), text))
            .collect();
        if !self.texts.contains_key(&Field::Audience) {
            typed.insert(Field::Audience.info().id.to_owned(), String::new());
        }
        typed
    }

    /// Takes over what the service objects to where the form has found nothing wrong; what belongs to none of its fields
    /// is given back, as one text.
    pub(super) fn object(&mut self, warnings: &[FieldViolation]) -> String {
        let body = self.filled.listing.listing.clone().unwrap_or_default();
        let mut others = Vec::new();
        for warning in warnings {
            let field = of_violation(&warning.field, self.kind, &body);
            let field = field.filter(|field| form::fields(self.kind).any(|info| info.field == *field));
            match field {
                // The form asks for it itself.
                Some(Field::Audience) if self.text(Field::Audience).is_empty() => {}
                Some(field) if self.filled.fault(field).is_none() => self.filled.faults.push(Remark {
                    column: None,
                    field: Some(field),
                    text: Text::same(warning.description.clone()),
                    unclear: None,
                }),
                Some(_) => {}
                None if others.contains(&&*warning.description) => {}
                None => others.push(&*warning.description),
            }
        }
        others.join(" ")
    }

    /// Whether all of it is as a listing must be.
    pub(super) fn is_complete(&self) -> bool {
        self.filled.faults.is_empty() && self.texts.contains_key(&Field::Audience)
    }

    /// The text of a field.
    pub(super) fn text(&self, field: Field) -> &str {
        self.texts.get(&field).map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sheets::form::Form;

    #[test]
    fn what_the_service_objects_to_is_told_at_the_field_and_the_rest_above_the_form() {
        let form = Form {
            kind: Kind::Talent,
            names: Names::default(),
            home: None,
            now: "2026-11-30T02:00:00Z".parse().unwrap(),
        };
        let texts: Texts = [(Field::Title, "招聘"), (Field::Expire, "2035-01-01"), (Field::Headcount, "若干")]
            .map(|(field, text)| (field, text.to_owned()))
            .into();
        let filled = form.read(&texts, &Listing::default()).unwrap();
        let mut filling = Filling { kind: Kind::Talent, texts, filled };
        assert!(filling.filled.fault(Field::Expire).is_none(), "no form knows how far ahead a listing may end");
        let warning = |field: &str, text: &str| FieldViolation {
            field: field.to_owned(),
            description: text.to_owned(),
            ..FieldViolation::default()
        };
        let known = filling.filled.fault(Field::Headcount).unwrap().text.clone();
        let others = filling.object(&[
            warning("expire_time", "最长18个月"),
            warning("listing.talent.headcount", "此项必填"),
            warning("publish_time", "不能晚于现在"),
            warning("publish_time", "不能晚于现在"),
        ]);
        assert_eq!(others, "不能晚于现在");
        assert_eq!(filling.filled.fault(Field::Expire).unwrap().text.zh, "最长18个月");
        assert_eq!(filling.filled.fault(Field::Headcount).unwrap().text, known);
    }

    #[test]
    fn what_is_any_of_several_is_a_set_and_stays_in_the_order_of_its_author() {
        let held: Texts = [
            (Field::CooperationModes, "产业转移、租赁".to_owned()),
            (Field::Audience, "网络成员；circle:pan-prd".to_owned()),
            (Field::Regions, "毕节市；遵义市".to_owned()),
            (Field::Title, "园区".to_owned()),
        ]
        .into();
        let sent = |modes: &str, audience: &str| -> Texts {
            let texts =
                [(Field::CooperationModes, modes), (Field::Audience, audience), (Field::Regions, "遵义市；毕节市")];
            texts.into_iter().map(|(field, text)| (field, text.to_owned())).collect()
        };
        let read = |text: &str| choice::several(text, crate::typed::labels::COOPERATION_MODES).unwrap().value.unwrap();
        let values = read("产业转移、租赁");
        let backwards: Vec<i32> = values.iter().rev().copied().collect();
        let backwards = choice::format(&backwards, crate::typed::labels::COOPERATION_MODES);
        assert_ne!(read(&backwards), values);
        let mut same = sent(&backwards, "circle:pan-prd；network");
        keep_order(Kind::Project, &mut same, &held);
        assert_eq!(same[&Field::CooperationModes], "产业转移、租赁");
        assert_eq!(same[&Field::Audience], "网络成员；circle:pan-prd");
        assert_eq!(same[&Field::Regions], "遵义市；毕节市", "the order of places is written by somebody");
        let mut other = sent("租赁", "network");
        let before = other.clone();
        keep_order(Kind::Project, &mut other, &held);
        assert_eq!(other, before);
        let pairs =
            [("依申请", "onrequest", true), ("公开", "network", false), ("某处", "某处 ", true), ("", "依申请", false)];
        for (one, two, is) in pairs {
            assert_eq!(is_same(Field::Audience.info(), one, two), is, "{one} {two}");
        }
    }
}
