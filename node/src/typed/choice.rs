//! Values of the contract's choices by their labels in either language, by synonyms, or by their names in the contract.

use duikou_proto::language::Text;

use super::labels::Label;
use super::text::{folded, items, says_nothing};
use super::{Candidate, Outcome, TYPED_CHARS, Unclear, Understood, shown, too_long};

/// Reads one value.
///
/// # Errors
/// For what is no value of this choice; all values are the candidates.
pub fn choice(typed: &str, table: &'static [Label]) -> Outcome<i32> {
    if typed.chars().count() > TYPED_CHARS {
        return Err(too_long());
    }
    let wanted = squeezed(typed);
    let found = table.iter().find(|label| {
        [label.name, label.zh, label.en]
            .into_iter()
            .chain(label.synonyms.iter().copied())
            .any(|word| squeezed(word) == wanted)
    });
    if let Some(label) = found {
        return Ok(Understood::plain(label.value));
    }
    if says_nothing(typed) {
        return Ok(Understood::nothing(None));
    }
    Err(Unclear::between(
        format!("“{}”不在可选项中。", shown(typed)),
        format!("{} is none of the choices.", shown(typed)),
        table.iter().map(|label| Candidate { typed: label.zh.to_owned(), text: Text::new("", label.en) }).collect(),
    ))
}

/// Reads several values, each once.
///
/// # Errors
/// As [`choice`], for the first that is wrong.
pub fn several(typed: &str, table: &'static [Label]) -> Outcome<Vec<i32>> {
    if let Ok(Understood { value, note }) = choice(typed, table) {
        return Ok(Understood { value: value.map(|value| vec![value]), note });
    }
    let mut values = Vec::new();
    for item in items(typed) {
        if let Some(value) = choice(&item, table)?.value
            && !values.contains(&value)
        {
            values.push(value);
        }
    }
    Ok(Understood::plain(values))
}

/// Values as [`several`] reads them.
pub fn format(values: &[i32], table: &'static [Label]) -> String {
    let names = values.iter().filter_map(|value| super::labels::of(table, *value)).map(|label| label.zh);
    names.collect::<Vec<_>>().join("；")
}

/// Without what does not tell values apart.
fn squeezed(text: &str) -> String {
    folded(text).to_lowercase().chars().filter(|c| !matches!(c, '_' | '-' | ',')).collect()
}
