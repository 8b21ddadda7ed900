//! Small checks that the kinds share, and the list in which they note what they find.

use std::collections::HashSet;
use std::hash::Hash;
use std::ops::RangeInclusive;

use super::{Violation, bounds, format, reason};
use crate::language::Text;

/// A message under examination: where it is, and what has been found so far.
pub(crate) struct Check<'a> {
    path: String,
    found: &'a mut Vec<Violation>,
}

impl<'a> Check<'a> {
    /// Starts at `path`; empty for the outermost message.
    pub(crate) fn new(path: &str, found: &'a mut Vec<Violation>) -> Self {
        Self { path: path.to_owned(), found }
    }

    /// The message in `field`.
    pub(crate) fn part(&mut self, field: &str) -> Check<'_> {
        Check { path: self.path_of(field), found: self.found }
    }

    fn path_of(&self, field: &str) -> String {
        match (&*self.path, field) {
            ("", field) => field.to_owned(),
            (path, "") => path.to_owned(),
            (path, field) => format!("{path}.{field}"),
        }
    }

    /// Notes a violation of `field`; empty: of the message itself.
    pub(crate) fn fail(&mut self, field: &str, reason: &'static str, zh: impl Into<String>, en: impl Into<String>) {
        let field = self.path_of(field);
        self.found.push(Violation { field, reason, text: Text::new(zh, en) });
    }

    /// Notes that a required field is absent.
    pub(crate) fn absent(&mut self, field: &str) {
        self.fail(field, reason::REQUIRED, "此项必填，请填写。", "This is required: give a value.");
    }

    /// A text on one line of at most `max` characters, perhaps empty. Returns whether it is good and not empty.
    pub(crate) fn line(&mut self, field: &str, value: &str, max: usize) -> bool {
        let breaks = |c: char| c < ' ' || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}');
        self.text(field, value, max, breaks) && !value.is_empty()
    }

    /// As [`Self::line`], with something in it.
    pub(crate) fn required_line(&mut self, field: &str, value: &str, max: usize) -> bool {
        if value.trim().is_empty() {
            self.absent(field);
            return false;
        }
        self.line(field, value, max)
    }

    /// Markdown of at most `max` characters: lines and tabs, and no other control characters.
    pub(crate) fn markdown(&mut self, field: &str, value: &str, max: usize) {
        self.text(field, value, max, |c| c < ' ' && !matches!(c, '\n' | '\t' | '\r'));
    }

    fn text(&mut self, field: &str, value: &str, max: usize, refused: impl Fn(char) -> bool) -> bool {
        let length = value.chars().count();
        if length > max {
            self.fail(
                field,
                reason::TOO_LONG,
                format!("共{length}个字符，最多{max}个，请缩短。"),
                format!("This has {length} characters and may have {max}: shorten it."),
            );
        }
        let control = value.chars().find(|&c| refused(c));
        if let Some(control) = control {
            let code = u32::from(control);
            self.fail(
                field,
                reason::BAD_FORMAT,
                format!("含有不允许的控制字符或换行（U+{code:04X}），请删除。"),
                format!("This holds the control character or line break U+{code:04X}: remove it."),
            );
        }
        length <= max && control.is_none()
    }

    /// An optional text of at most `max` characters for which `is_valid` holds, else told what it should look like.
    pub(crate) fn formatted(
        &mut self,
        field: &str,
        value: &str,
        max: usize,
        is_valid: fn(&str) -> bool,
        example: &str,
    ) {
        if self.line(field, value, max) && !is_valid(value) {
            self.bad_format(field, example);
        }
    }

    /// Notes that a text should look like `example`.
    pub(crate) fn bad_format(&mut self, field: &str, example: &str) {
        self.fail(
            field,
            reason::BAD_FORMAT,
            format!("格式不正确，请按此格式填写：{example}。"),
            format!("This does not have the right form: write it like {example}."),
        );
    }

    /// An optional web address.
    pub(crate) fn url(&mut self, field: &str, value: &str) {
        self.formatted(field, value, bounds::URL_CHARS, format::is_url, "https://www.example.com/page");
    }

    /// A number within its bounds.
    pub(crate) fn number(&mut self, field: &str, value: i64, range: RangeInclusive<i64>) {
        if !range.contains(&value) {
            let (min, max) = range.into_inner();
            self.fail(
                field,
                reason::OUT_OF_RANGE,
                format!("数值{value}超出范围，应在{min}至{max}之间。"),
                format!("{value} is out of range: give {min} to {max}."),
            );
        }
    }

    /// As [`Self::number`], where zero means that it was not given.
    pub(crate) fn required_number(&mut self, field: &str, value: i64, range: RangeInclusive<i64>) {
        if value == 0 { self.absent(field) } else { self.number(field, value, range) }
    }

    /// An enum that this version knows, or zero.
    pub(crate) fn choice<E: TryFrom<i32>>(&mut self, field: &str, value: i32) {
        if E::try_from(value).is_err() {
            self.unknown(field, &value.to_string());
        }
    }

    /// An enum that this version knows, and not zero.
    pub(crate) fn required_choice<E: TryFrom<i32>>(&mut self, field: &str, value: i32) {
        if value == 0 {
            self.fail(field, reason::UNSPECIFIED, "尚未选择，请选择一项。", "Nothing is chosen: choose a value.");
        } else {
            self.choice::<E>(field, value);
        }
    }

    /// At most `max` enums that this version knows, none zero, none twice.
    pub(crate) fn choices<E: TryFrom<i32>>(&mut self, field: &str, values: &[i32], max: usize) {
        for (item, value) in self.items(field, values, max) {
            self.required_choice::<E>(&item, *value);
        }
        self.no_repeats(field, values, max);
    }

    /// Notes that a code is in no table.
    pub(crate) fn unknown(&mut self, field: &str, code: &str) {
        let code: String = code.chars().take(SHOWN_CHARS).collect();
        self.fail(
            field,
            reason::UNKNOWN_CODE,
            format!("代码“{code}”不存在，请从代码表中选择。"),
            format!("There is no code {code:?}: choose one from the table."),
        );
    }

    /// Notes it where there are more than `max` items, and gives those up to `max` with their fields' names: a list
    /// that is far too long makes one violation, not one for each item.
    pub(crate) fn items<'v, T>(&mut self, field: &str, values: &'v [T], max: usize) -> Vec<(String, &'v T)> {
        if values.len() > max {
            self.fail(
                field,
                reason::TOO_MANY,
                format!("共{}项，最多{max}项，请删减。", values.len()),
                format!("These are {} and may be {max}: remove some.", values.len()),
            );
        }
        values.iter().take(max).enumerate().map(|(index, value)| (format!("{field}[{index}]"), value)).collect()
    }

    /// None of the first `max` items twice.
    pub(crate) fn no_repeats<T: Hash + Eq>(&mut self, field: &str, values: &[T], max: usize) {
        let mut seen = HashSet::new();
        for (index, value) in values.iter().take(max).enumerate() {
            if !seen.insert(value) {
                self.fail(
                    &format!("{field}[{index}]"),
                    reason::DUPLICATE,
                    "与前面的一项重复，请删除。",
                    "This repeats an earlier item: remove it.",
                );
            }
        }
    }
}

/// Characters of a wrong code that are repeated to its writer.
const SHOWN_CHARS: usize = 40;
