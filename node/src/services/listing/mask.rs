//! Merging a change into what is there, field by field.

use std::sync::LazyLock;

use duikou_proto::v1::Listing;
use duikou_proto::validate::{Violation, reason};
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage, Value};
use prost_types::FieldMask;

use crate::contract::descriptor;
use crate::services::error::violation;

/// Paths of one mask.
const PATHS: usize = 256;
/// Fields that the server alone writes: whatever a mask says of them is passed over.
const OUTPUT: [&str; 5] = ["name", "update_time", "revision", "etag", "draft"];

static LISTING: LazyLock<MessageDescriptor> = LazyLock::new(|| descriptor("duikou.v1.Listing"));

/// Which fields a change speaks of.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::services) enum Mask {
    /// All that are given.
    Populated,
    /// All; what is not given goes.
    Everything,
    /// These.
    Paths(Vec<Vec<FieldDescriptor>>),
}

impl Mask {
    /// Reads a mask; what is wrong with it is noted in `found`.
    pub(in crate::services) fn read(mask: Option<&FieldMask>, found: &mut Vec<Violation>) -> Self {
        let paths = mask.map(|mask| &*mask.paths).unwrap_or_default();
        if paths.len() > PATHS {
            found.push(violation(
                "update_mask",
                reason::TOO_MANY,
                format!("字段路径共{}个，最多{PATHS}个，请删减。", paths.len()),
                format!("The mask has {} paths and may have {PATHS}: remove some.", paths.len()),
            ));
            return Self::Populated;
        }
        match paths {
            [] => return Self::Populated,
            [path] if path == "*" => return Self::Everything,
            _ => {}
        }
        let mut read = Vec::with_capacity(paths.len());
        for (index, path) in paths.iter().enumerate() {
            match fields(path) {
                Some(fields) if OUTPUT.contains(&fields[0].name()) => {}
                Some(fields) => read.push(fields),
                None => {
                    let path: String = path.chars().take(80).collect();
                    found.push(violation(
                        &format!("update_mask.paths[{index}]"),
                        reason::UNKNOWN_FIELD,
                        format!("没有字段“{path}”，请填写如 listing.title 的路径；“*”须单独使用。"),
                        format!("There is no field {path}: write a path like listing.title, or `*` alone."),
                    ));
                }
            }
        }
        Self::Paths(read)
    }

    /// `base` with what this mask takes from `patch`.
    pub(in crate::services) fn merge(&self, base: Listing, patch: &Listing) -> Result<Listing, prost::DecodeError> {
        let into_dynamic = |listing: &Listing| {
            let mut message = DynamicMessage::new(LISTING.clone());
            message.transcode_from(listing).map(|()| message)
        };
        match self {
            Self::Everything => Ok(patch.clone()),
            Self::Populated => {
                let (mut base, patch) = (into_dynamic(&base)?, into_dynamic(patch)?);
                overlay(&mut base, &patch);
                base.transcode_to()
            }
            Self::Paths(paths) => {
                let (mut base, patch) = (into_dynamic(&base)?, into_dynamic(patch)?);
                for path in paths {
                    take(&mut base, Some(&patch), path);
                }
                base.transcode_to()
            }
        }
    }

    /// Whether the mask names this field of a listing itself.
    pub(super) fn names(&self, field: &str) -> bool {
        match self {
            Self::Populated | Self::Everything => false,
            Self::Paths(paths) => paths.iter().any(|path| path[0].name() == field),
        }
    }
}

/// The fields of a path, at least one.
fn fields(path: &str) -> Option<Vec<FieldDescriptor>> {
    let mut message = Some(LISTING.clone());
    let mut fields = Vec::new();
    for name in path.split('.') {
        let field = message.take()?.get_field_by_name(name)?;
        if let (Kind::Message(inner), false) = (field.kind(), field.is_list()) {
            message = Some(inner);
        }
        fields.push(field);
    }
    Some(fields)
}

/// Takes one path from `patch`; what `patch` does not have goes.
fn take(base: &mut DynamicMessage, patch: Option<&DynamicMessage>, path: &[FieldDescriptor]) {
    let Some((field, rest)) = path.split_first() else { return };
    let given = patch.filter(|patch| patch.has_field(field)).map(|patch| patch.get_field(field).into_owned());
    if rest.is_empty() {
        match given {
            Some(value) => base.set_field(field, value),
            None => base.clear_field(field),
        }
        return;
    }
    let given = given.as_ref().and_then(Value::as_message);
    if given.is_none() && !base.has_field(field) {
        return;
    }
    if let Some(inner) = base.get_field_mut(field).as_message_mut() {
        take(inner, given, rest);
    }
}

/// Takes every field that `patch` has. Times and amounts are taken whole: their zero parts are not absent.
fn overlay(base: &mut DynamicMessage, patch: &DynamicMessage) {
    for (field, value) in patch.fields() {
        let is_ours = |message: &DynamicMessage| message.descriptor().parent_file().package_name() == "duikou.v1";
        match value.as_message().filter(|message| is_ours(message)) {
            Some(inner) => {
                if let Some(held) = base.get_field_mut(&field).as_message_mut() {
                    overlay(held, inner);
                }
            }
            None => base.set_field(&field, value.clone()),
        }
    }
}
