//! Entries as a table. As JSON Lines they are exported as they are kept, byte for byte.

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
}
