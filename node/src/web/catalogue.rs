//! Every text of the pages, in both languages: Fluent catalogues in `node/locales`, compiled in.

use std::sync::LazyLock;

use duikou_proto::language::Language;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

/// The catalogues by part, Chinese and English.
const PARTS: [(&str, &str); 10] = [
    (include_str!("../../locales/zh/kit.ftl"), include_str!("../../locales/en/kit.ftl")),
    (include_str!("../../locales/zh/help.ftl"), include_str!("../../locales/en/help.ftl")),
    (include_str!("../../locales/zh/words.ftl"), include_str!("../../locales/en/words.ftl")),
    (include_str!("../../locales/zh/reading.ftl"), include_str!("../../locales/en/reading.ftl")),
    (include_str!("../../locales/zh/drafts.ftl"), include_str!("../../locales/en/drafts.ftl")),
    (include_str!("../../locales/zh/office.ftl"), include_str!("../../locales/en/office.ftl")),
    (include_str!("../../locales/zh/people.ftl"), include_str!("../../locales/en/people.ftl")),
    (include_str!("../../locales/zh/consent.ftl"), include_str!("../../locales/en/consent.ftl")),
    (include_str!("../../locales/zh/imports.ftl"), include_str!("../../locales/en/imports.ftl")),
    (include_str!("../../locales/zh/saved.ftl"), include_str!("../../locales/en/saved.ftl")),
];

static ZH: LazyLock<FluentBundle<FluentResource>> = LazyLock::new(|| bundle(Language::Zh, PARTS.map(|(zh, _)| zh)));
static EN: LazyLock<FluentBundle<FluentResource>> = LazyLock::new(|| bundle(Language::En, PARTS.map(|(_, en)| en)));

fn bundle<const N: usize>(language: Language, parts: [&str; N]) -> FluentBundle<FluentResource> {
    // By it plurals are chosen; both tags are sound.
    let identifier: LanguageIdentifier = language.tag().parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![identifier]);
    // The marks would stand in titles and attributes, where nothing interprets them.
    bundle.set_use_isolating(false);
    bundle.set_formatter(Some(number));
    for part in parts {
        let resource = FluentResource::try_new(part.to_owned()).unwrap_or_else(|(sound, faults)| {
            tracing::error!(?faults, "a catalogue is not sound");
            sound
        });
        if let Err(faults) = bundle.add_resource(resource) {
            tracing::error!(?faults, "two texts of a catalogue have one id");
        }
    }
    bundle
}

/// Numbers in texts, in groups of three digits.
fn number<M>(value: &FluentValue<'_>, _: &M) -> Option<String> {
    match value {
        FluentValue::Number(number) => Some(super::format::grouped(number.value as i64)),
        _ => None,
    }
}

/// The texts of one language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Texts(Language);

impl Texts {
    /// Of this language.
    pub(crate) const fn of(language: Language) -> Self {
        Self(language)
    }

    /// Which language.
    pub(crate) const fn language(self) -> Language {
        self.0
    }

    /// A text without arguments. One that is missing, which a test rules out, shows its id.
    pub(crate) fn text(self, id: &str) -> String {
        self.written(id, None)
    }

    /// Whether this is the id of what may be told of something that was done: they all begin with `done-`.
    pub(crate) fn is_notice(self, id: &str) -> bool {
        id.starts_with("done-") && self.bundle().has_message(id)
    }

    fn bundle(self) -> &'static FluentBundle<FluentResource> {
        match self.0 {
            Language::Zh => &ZH,
            Language::En => &EN,
        }
    }

    /// A text about a number, its argument `count`.
    pub(crate) fn count(self, id: &str, count: impl TryInto<i64>) -> String {
        let mut args = FluentArgs::new();
        args.set("count", count.try_into().unwrap_or(i64::MAX));
        self.written(id, Some(&args))
    }

    /// A text about something, its argument `what`.
    pub(crate) fn about(self, id: &str, what: &str) -> String {
        self.fill(id, &[("what", what)])
    }

    /// A text with these arguments.
    pub(crate) fn fill(self, id: &str, values: &[(&'static str, &str)]) -> String {
        let args: FluentArgs<'_> =
            values.iter().map(|(name, value)| (*name, FluentValue::from((*value).to_owned()))).collect();
        self.written(id, Some(&args))
    }

    fn written(self, id: &str, args: Option<&FluentArgs<'_>>) -> String {
        let bundle = self.bundle();
        let Some(pattern) = bundle.get_message(id).and_then(|message| message.value()) else {
            tracing::error!(id, "a text is missing");
            return id.to_owned();
        };
        let mut faults = Vec::new();
        let text = bundle.format_pattern(pattern, args, &mut faults).into_owned();
        if !faults.is_empty() {
            tracing::error!(id, ?faults, "a text lacks an argument");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    use super::*;

    /// The ids of a catalogue with the arguments that their texts name.
    fn ids(parts: impl IntoIterator<Item = &'static str>) -> BTreeMap<String, BTreeSet<String>> {
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for part in parts {
            let mut id = String::new();
            for line in part.lines() {
                if line.starts_with(|c: char| c.is_ascii_lowercase()) {
                    id = line.split(" =").next().unwrap().to_owned();
                    assert!(found.insert(id.clone(), BTreeSet::new()).is_none(), "{id} stands twice");
                }
                let names = line.split('$').skip(1);
                let names = names.map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap());
                found.entry(id.clone()).or_default().extend(names.map(str::to_owned));
            }
        }
        found.remove("");
        found
    }

    fn sources(folder: &Path, found: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "rs" || ending == "html") {
                found.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }

    #[test]
    fn both_languages_have_the_same_texts_with_the_same_arguments() {
        let (zh, en) = (ids(PARTS.map(|(zh, _)| zh)), ids(PARTS.map(|(_, en)| en)));
        let (zh_ids, en_ids): (Vec<_>, Vec<_>) = (zh.keys().collect(), en.keys().collect());
        assert_eq!(zh_ids, en_ids);
        for (id, arguments) in &zh {
            assert_eq!(arguments, &en[id], "{id}");
        }
    }

    #[test]
    fn every_text_can_be_written_with_its_arguments() {
        for (bundle, parts) in [(&ZH, PARTS.map(|(zh, _)| zh)), (&EN, PARTS.map(|(_, en)| en))] {
            for (id, names) in ids(parts) {
                let mut args = FluentArgs::new();
                for name in names {
                    let count = name == "count";
                    args.set(name, if count { FluentValue::from(2) } else { FluentValue::from("x") });
                }
                let pattern = bundle.get_message(&id).and_then(|message| message.value());
                let mut faults = Vec::new();
                let text = bundle.format_pattern(pattern.unwrap_or_else(|| panic!("{id}")), Some(&args), &mut faults);
                assert!(faults.is_empty() && !text.trim().is_empty(), "{id}: {faults:?}");
            }
        }
    }

    #[test]
    fn every_text_is_used_and_every_text_that_is_used_exists() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut used = String::new();
        sources(&root.join("src/web"), &mut used);
        sources(&root.join("templates"), &mut used);
        let known = ids(PARTS.map(|(zh, _)| zh));
        let unused: Vec<&String> = known.keys().filter(|id| !used.contains(&format!("\"{id}\""))).collect();
        assert!(unused.is_empty(), "nobody uses {unused:?}");
        for call in ["text(\"", "count(\"", "about(\"", "fill(\""] {
            for rest in used.split(call).skip(1) {
                let id = rest.split('"').next().unwrap();
                assert!(!id.contains('-') || known.contains_key(id), "{id} is not in the catalogue");
            }
        }
    }

    #[test]
    fn one_word_is_used_for_one_act() {
        // 写信息, 同意, 退回, 撤回, 匹配度; write, approve, return, withdraw, score.
        let zh = ["拟稿", "拟写", "新写", "批准", "审核通过", "已通过", "撤下", "得分"];
        let en = ["aken back", "ake it back", "iven back", "ive it back", " points"];
        for (parts, others) in [(PARTS.map(|(zh, _)| zh), &zh[..]), (PARTS.map(|(_, en)| en), &en[..])] {
            for line in parts.iter().flat_map(|part| part.lines()) {
                let other = others.iter().find(|other| line.contains(**other));
                assert!(other.is_none(), "another word says the same as {other:?}: {line}");
            }
        }
    }

    #[test]
    fn numbers_are_grouped_and_counted_by_the_language() {
        let en = Texts::of(Language::En);
        assert_eq!(en.count("search-found", 1), "1 listing");
        assert_eq!(en.count("search-found", 12_345), "12,345 listings");
        assert_eq!(Texts::of(Language::Zh).count("search-found", 12_345), "共 12,345 条");
    }
}
