//! What a form says: the texts of its fields, as they were sent or as a draft keeps them, and what they come to.

use std::collections::HashMap;

use duikou_proto::v1::{Draft, Listing};
use duikou_proto::validate::kind_of;

use super::super::respond::Failed;
use super::super::sent::Sent;
use super::desk::Desk;
use crate::sheets::Kind;
use crate::sheets::fields::Field;
use crate::sheets::form::{self, Filled, Texts};

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

    /// Whether all of it is as a listing must be.
    pub(super) fn is_complete(&self) -> bool {
        self.filled.faults.is_empty() && self.texts.contains_key(&Field::Audience)
    }

    /// The text of a field.
    pub(super) fn text(&self, field: Field) -> &str {
        self.texts.get(&field).map_or("", String::as_str)
    }
}
