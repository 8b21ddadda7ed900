//! Entries as files: as a table, and as JSON Lines.

use duikou_proto::v1::AuditEntry;

use super::entry::Entry;

/// The columns.
pub const CSV_HEADER: [&str; 9] =
    ["number", "time", "actor", "address", "action", "resource", "member", "detail", "previous"];

/// One row, whose cells a spreadsheet takes for text: what would be a formula is quoted.
pub fn csv_row(entry: &Entry) -> [String; 9] {
    // Whoever is not told of the chain learns neither number nor hash.
    let told = entry.number > 0;
    let chain = |text: String| if told { text } else { String::new() };
    let time = jiff::Timestamp::from_microsecond(entry.time).map(|time| time.to_string()).unwrap_or_default();
    [
        chain(entry.number.to_string()),
        time,
        text(&entry.actor),
        text(&entry.address),
        text(&entry.action),
        text(&entry.resource),
        text(&entry.member),
        text(&entry.detail),
        chain(entry.previous.to_string()),
    ]
}

/// One line of JSON: the entry as it is kept, byte for byte. Whoever is not told of the chain gets the same without number
/// and hash.
pub fn json_line(told: &AuditEntry) -> String {
    if !told.line.is_empty() {
        return told.line.clone();
    }
    let mut line = serde_json::to_value(Entry::from(told)).unwrap_or_default();
    if let Some(fields) = line.as_object_mut() {
        fields.retain(|name, _| name != "number" && name != "previous");
    }
    line.to_string()
}

fn text(cell: &str) -> String {
    match cell.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r') => format!("'{cell}"),
        _ => cell.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{Action, Actor, Event, Head};

    #[test]
    fn no_cell_is_a_formula() {
        let event = Event::new(Action::TokenCreate, "=cmd|' /C calc'!A0").saying("@SUM(A1)");
        let (entry, _) = Head::default().follow(1_800_000_000_000_000, &Actor::local(), event);
        let row = csv_row(&entry);
        assert!(row[5].starts_with("'=") && row[7].starts_with("'@"), "{row:?}");
        assert_eq!(row[1], "2027-01-15T08:00:00Z");
    }

    #[test]
    fn whoever_is_not_told_of_the_chain_gets_the_same_line_without_it() {
        let event = Event::new(Action::TokenCreate, "tokens/a").saying("site");
        let (entry, _) = Head::default().follow(1_800_000_000_000_000, &Actor::local(), event);
        let line = serde_json::to_string(&entry).unwrap();
        let told = AuditEntry {
            time: Some(prost_types::Timestamp { seconds: 1_800_000_000, nanos: 0 }),
            actor: entry.actor.clone(),
            action: entry.action.clone(),
            resource: entry.resource.clone(),
            detail: entry.detail.clone(),
            ..AuditEntry::default()
        };
        assert_eq!(json_line(&AuditEntry { line: line.clone(), ..told.clone() }), line);
        let mut kept: serde_json::Value = serde_json::from_str(&line).unwrap();
        kept.as_object_mut().unwrap().retain(|name, _| !["number", "previous"].contains(&&**name));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&json_line(&told)).unwrap(), kept);
    }
}
