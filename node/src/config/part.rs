//! What a part of the file is: keys, each of which stands once in `keys` and once in `set`.

use super::fault::Rule;
use super::values::Value;

/// A part of the file.
pub(super) trait Part {
    /// Its keys, in the order in which they are written.
    fn keys(&self) -> &'static [&'static str];

    /// Sets one of its keys.
    fn set(&mut self, key: &str, text: &str) -> Result<(), Rule>;
}

pub(super) fn put<T: Value>(field: &mut T, text: &str) -> Result<(), Rule> {
    *field = T::read(text)?;
    Ok(())
}

pub(super) const NO_KEY: Rule = Rule { zh: "没有这个键", en: "there is no such key" };
