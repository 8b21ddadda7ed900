//! Results: tables for people, JSON for programs.

use std::fmt;

use comfy_table::{ContentArrangement, Table, presets};

use super::context::Context;
use super::error::CommandError;
use super::global::OutputForm;
use super::json::{Defaults, Layout, Named, to_json};
use super::language::Text;

/// `text` without what would steer a terminal: other members write it.
pub fn clean(text: &str) -> String {
    let hostile = |c: char| {
        c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if hostile(c) && c != '\n' && c != '\t' { '\u{fffd}' } else { c }).collect()
}

/// A time to the second in UTC; empty where there is none.
pub fn time(timestamp: Option<&prost_types::Timestamp>) -> String {
    let known = timestamp.and_then(|timestamp| jiff::Timestamp::from_second(timestamp.seconds).ok());
    known.map(|time| time.to_string()).unwrap_or_default()
}

/// A table of these columns.
pub(crate) fn table(context: &Context, header: &[Text]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    if !header.is_empty() {
        table.set_header(header.iter().map(|text| text.in_language(context.language).to_owned()));
    }
    table
}

/// Results of one type, written as they come where the form allows it.
pub struct Sequence<'a, T> {
    context: &'a Context,
    table: Table,
    row: Row<'a, T>,
    count: usize,
}

type Row<'a, T> = Box<dyn Fn(&T) -> Vec<String> + Send + 'a>;

impl<T> fmt::Debug for Sequence<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sequence").field("count", &self.count).finish_non_exhaustive()
    }
}

impl<'a, T: Named> Sequence<'a, T> {
    /// Begins one. `row` gives the cells under `header`.
    pub fn new(context: &'a Context, header: &[Text], row: impl Fn(&T) -> Vec<String> + Send + 'a) -> Self {
        Self { context, table: table(context, header), row: Box::new(row), count: 0 }
    }

    /// Adds one result.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn push(&mut self, item: &T) -> Result<(), CommandError> {
        match self.context.global.output {
            OutputForm::Table => {
                self.table.add_row((self.row)(item).iter().map(|cell| clean(cell)));
            }
            OutputForm::Json => {
                let before = if self.count == 0 { "[" } else { "," };
                self.context.print(&format!("{before}{}", to_json(item, Layout::Pretty, Defaults::Written)))?;
            }
            OutputForm::Jsonl => self.context.print(&to_json(item, Layout::Line, Defaults::Written))?,
        }
        self.count += 1;
        Ok(())
    }

    /// Writes what is left.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn end(self) -> Result<(), CommandError> {
        match self.context.global.output {
            OutputForm::Table if self.count == 0 => {
                self.context.note(&Text::new("没有", "none"));
                Ok(())
            }
            OutputForm::Table => self.context.print(&self.table.trim_fmt()),
            OutputForm::Json if self.count == 0 => self.context.print("[]"),
            OutputForm::Json => self.context.print("]"),
            OutputForm::Jsonl => Ok(()),
        }
    }
}

impl Context {
    /// Writes one result: `people` in a table, else JSON.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn show<T: Named>(&self, item: &T, people: impl FnOnce(&T) -> String) -> Result<(), CommandError> {
        match self.global.output {
            OutputForm::Table => self.print(&clean(&people(item))),
            OutputForm::Json => self.print(&to_json(item, Layout::Pretty, Defaults::Written)),
            OutputForm::Jsonl => self.print(&to_json(item, Layout::Line, Defaults::Written)),
        }
    }

    /// Writes for programs what a command has done of which people are told by a note.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn report<T: Named>(&self, item: &T) -> Result<(), CommandError> {
        match self.global.output {
            OutputForm::Table => Ok(()),
            OutputForm::Json | OutputForm::Jsonl => self.show(item, |_| String::new()),
        }
    }

    /// The same of what is no message of the contract; its keys are in lowerCamelCase, as those are.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn report_value(&self, done: &serde_json::Value) -> Result<(), CommandError> {
        match self.global.output {
            OutputForm::Table => Ok(()),
            OutputForm::Json => self.print(&format!("{done:#}")),
            OutputForm::Jsonl => self.print(&done.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_cannot_steer_the_terminal() {
        assert_eq!(clean("茶 \u{1b}]0;x\u{7} a\r\u{202e}b\n"), "茶 \u{fffd}]0;x\u{fffd} a\u{fffd}\u{fffd}b\n");
    }

    #[test]
    fn times_are_in_utc() {
        let at = prost_types::Timestamp { seconds: 1_800_000_000, nanos: 5 };
        assert_eq!(time(Some(&at)), "2027-01-15T08:00:00Z");
        assert_eq!(time(None), "");
    }
}
