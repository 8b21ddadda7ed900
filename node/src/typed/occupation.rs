//! Occupations: a code of ISCO-08 where one is given or its exact name is, and the name that the clerk uses.

use duikou_proto::language::Language;
use duikou_proto::reference::occupations;

use super::text::{folded, line};
use super::{Outcome, TYPED_CHARS, Unclear, Understood, shown, too_long};

/// A code, perhaps empty, and a name, perhaps empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Occupation {
    /// ISCO-08, one to four digits.
    pub code: String,
    /// What the clerk calls it.
    pub name: String,
}

/// Reads an occupation: `7531`, `7531 缝纫工`, `Tailors, dressmakers, furriers and hatters`, or any name of a trade,
/// which stays a name.
///
/// # Errors
/// For codes that do not exist.
pub fn occupation(typed: &str) -> Outcome<Occupation> {
    if typed.chars().count() > TYPED_CHARS {
        return Err(too_long());
    }
    let name = line(typed);
    if name.is_empty() {
        return Ok(Understood::nothing(None));
    }
    let text = folded(&name);
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if (1..=4).contains(&digits) {
        let (code, _) = text.split_at(digits);
        let after = name.trim_start_matches(|c: char| c.is_numeric()).trim();
        // 3D打印操作员 is a name.
        let is_code = after.is_empty() || name.chars().nth(digits).is_some_and(char::is_whitespace);
        match occupations().get(code) {
            Some(entry) if is_code => {
                return Ok(Understood::plain(Occupation { code: entry.code.to_owned(), name: after.to_owned() }));
            }
            None if after.is_empty() => {
                return Err(Unclear::wrong(
                    format!("职业代码“{}”不存在，请填写 ISCO-08 代码或工种名称。", shown(typed)),
                    format!("There is no occupation {}: give a code of ISCO-08, or a name.", shown(typed)),
                ));
            }
            _ => {}
        }
    }
    let code = match &*occupations().by_name(&name) {
        [one] => one.code.to_owned(),
        _ => String::new(),
    };
    Ok(Understood::plain(Occupation { code, name }))
}

/// An occupation as [`occupation`] reads it.
pub fn format(occupation: &Occupation) -> String {
    match (&*occupation.code, &*occupation.name) {
        ("", name) => name.to_owned(),
        (code, "") => code.to_owned(),
        (code, name) => format!("{code} {name}"),
    }
}

/// The name of a code, for people.
pub fn name(code: &str) -> &'static str {
    occupations().get(code).map_or("", |entry| entry.name(Language::Zh))
}
