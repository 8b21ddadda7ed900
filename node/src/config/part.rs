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

/// Of a key that a running server does not take.
pub(super) const RESTART: Rule = Rule {
    zh: "不能在运行中更改，请写入 duikou.toml 后重启",
    en: "it takes a restart: write it into duikou.toml, and start the server again",
};
