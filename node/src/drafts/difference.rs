//! What an approval would change, field by field.

use std::sync::LazyLock;

use duikou_proto::v1::Listing;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, SerializeOptions, Value};

use crate::contract::descriptor;

/// Fields of a listing that are no content: its name, its audience, and what servers write.
const ASIDE: [&str; 6] = ["name", "scopes", "update_time", "revision", "etag", "draft"];

static LISTING: LazyLock<MessageDescriptor> = LazyLock::new(|| descriptor("duikou.v1.Listing"));

/// One field that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    /// Its path below Listing.
    pub(crate) path: String,
    /// A text as it is, anything else as JSON; empty: nothing.
    pub(crate) before: String,
    pub(crate) after: String,
}

/// The content of `after` that is not that of `before`, in the order of the contract.
pub(crate) fn differences(before: Option<&Listing>, after: &Listing) -> Vec<Difference> {
    let dynamic = |listing: &Listing| {
        let mut message = DynamicMessage::new(LISTING.clone());
        // Both are of the contract that this program was compiled with.
        message.transcode_from(listing).is_ok().then_some(message)
    };
    let mut found = Vec::new();
    let (before, after) = (before.and_then(dynamic), dynamic(after));
    for field in LISTING.fields().filter(|field| !ASIDE.contains(&field.name())) {
        compare(before.as_ref(), after.as_ref(), &field, "", &mut found);
    }
    found
}

fn compare(
    before: Option<&DynamicMessage>,
    after: Option<&DynamicMessage>,
    field: &FieldDescriptor,
    path: &str,
    found: &mut Vec<Difference>,
) {
    let value = |message: Option<&DynamicMessage>| {
        message.filter(|message| message.has_field(field)).map(|message| message.get_field(field).into_owned())
    };
    let (before, after) = (value(before), value(after));
    if before == after {
        return;
    }
    let path = if path.is_empty() { field.name().to_owned() } else { format!("{path}.{}", field.name()) };
    // Times and amounts are read whole.
    let inner = match field.kind() {
        Kind::Message(inner) if !field.is_list() && inner.parent_file().package_name() == "duikou.v1" => Some(inner),
        _ => None,
    };
    let Some(inner) = inner else {
        let text = |value: Option<Value>| value.map(|value| text(field, value)).unwrap_or_default();
        return found.push(Difference { path, before: text(before), after: text(after) });
    };
    let message = |value: &Option<Value>| value.as_ref().and_then(Value::as_message).cloned();
    let (before, after) = (message(&before), message(&after));
    let count = found.len();
    for field in inner.fields() {
        compare(before.as_ref(), after.as_ref(), &field, &path, found);
    }
    // An empty part is there or is not: that is a difference of its own.
    if found.len() == count {
        let text = |there: Option<DynamicMessage>| if there.is_some() { "{}".to_owned() } else { String::new() };
        found.push(Difference { path, before: text(before), after: text(after) });
    }
}

/// A value as people read it in JSON.
fn text(field: &FieldDescriptor, value: Value) -> String {
    if let Value::String(text) = value {
        return text;
    }
    let mut alone = DynamicMessage::new(field.parent_message().clone());
    alone.set_field(field, value);
    let options = SerializeOptions::new().use_proto_field_name(true);
    let json = alone.serialize_with_options(serde_json::value::Serializer, &options);
    match json.ok().as_mut().and_then(serde_json::Value::as_object_mut).and_then(|json| json.remove(field.name())) {
        Some(serde_json::Value::String(text)) => text,
        Some(other) => other.to_string(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use duikou_proto::Money;
    use duikou_proto::v1::opportunity::{Details, Direction};
    use duikou_proto::v1::{Capital, Opportunity, Project};

    use super::*;

    fn listing(title: &str, details: Details) -> Listing {
        let listing = Opportunity {
            direction: Direction::Offer.into(),
            title: title.into(),
            regions: vec!["440300".into()],
            details: Some(details),
            ..Opportunity::default()
        };
        Listing { listing: Some(listing), ..Listing::default() }
    }

    fn shown(before: Option<&Listing>, after: &Listing) -> Vec<String> {
        let found = differences(before, after).into_iter();
        found.map(|Difference { path, before, after }| format!("{path}: {before} > {after}")).collect()
    }

    #[test]
    fn every_field_that_differs_is_named_with_both_values_and_no_other() {
        let capital = |units| Capital {
            amount_max: Some(Money { currency_code: "CNY".into(), units, nanos: 0 }),
            ..Capital::default()
        };
        let before = Listing {
            name: "members/a.n/listings/x".into(),
            revision: 5,
            scopes: vec!["public".into()],
            ..listing("春茶", Details::Capital(capital(5)))
        };
        assert_eq!(shown(Some(&before), &before), [""; 0]);
        let mut after = listing("秋茶", Details::Capital(capital(7)));
        after.expire_time = Some(prost_types::Timestamp { seconds: 1_800_000_000, nanos: 0 });
        after.listing.get_or_insert_default().regions.push("520500".into());
        assert_eq!(
            shown(Some(&before), &after),
            [
                "expire_time:  > 2027-01-15T08:00:00Z",
                "listing.title: 春茶 > 秋茶",
                "listing.regions: [\"440300\"] > [\"440300\",\"520500\"]",
                "listing.capital.amount_max: {\"currency_code\":\"CNY\",\"units\":\"5\"} > {\"currency_code\":\"CNY\",\"units\":\"7\"}",
            ]
        );
        let other = listing("秋茶", Details::Project(Project::default()));
        assert_eq!(
            shown(None, &other),
            [
                "listing.direction:  > OFFER",
                "listing.title:  > 秋茶",
                "listing.regions:  > [\"440300\"]",
                "listing.project:  > {}",
            ]
        );
    }
}
