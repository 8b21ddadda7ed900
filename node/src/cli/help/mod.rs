//! What `--help` says, in the reader's language. The comments of arguments are the help in English; `zh.txt` has each of
//! their texts with its Chinese below it, which a test compares. What the parser itself puts around them is told in `WORDS`.

use std::collections::{BTreeSet, HashMap};
use std::io::IsTerminal;
use std::sync::OnceLock;

use clap::builder::PossibleValue;
use clap::error::ErrorKind;
use clap::{Arg, Command};

use super::language::Language;

/// The parser's own words. Longer ones stand before those that they begin with.
const WORDS: [(&str, &str); 13] = [
    ("Usage:", "用法："),
    ("Commands:", "命令："),
    ("Arguments:", "参数："),
    ("Options:", "选项："),
    ("[OPTIONS]", "[选项]"),
    ("<COMMAND>", "<命令>"),
    ("[COMMAND]", "[命令]"),
    ("[default: ", "[默认 "),
    ("[env: ", "[环境变量 "),
    ("Print help (see more with '--help')", "显示帮助（--help 更详细）"),
    ("Print help (see a summary with '-h')", "显示帮助（-h 只看摘要）"),
    ("Print this message or the help of the given subcommand(s)", "显示本帮助，或所写命令的帮助"),
    ("Print version", "显示版本"),
];
/// The last of them, which two others begin with.
const HELP: (&str, &str) = ("Print help", "显示帮助");
/// Begins what is told after a command's help.
const EXAMPLE: (&str, &str) = ("Example:", "示例：");
/// The parser's own, without the space that stands behind a colon of ASCII.
const TEMPLATE: &str = "{before-help}{about-with-newline}\n{usage-heading}{usage}\n\n{all-args}{after-help}";
/// Stands for a space at which no line is broken, until it is shown: whoever copies an example gets all of it.
const KEPT_SPACE: char = '\u{a0}';

fn table() -> &'static HashMap<&'static str, &'static str> {
    static TABLE: OnceLock<HashMap<&str, &str>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut lines = include_str!("zh.txt").lines();
        std::iter::from_fn(|| Some((lines.next()?, lines.next()?))).collect()
    })
}

/// A text in Chinese, paragraph by paragraph; what there is none for stays as it is.
fn zh(text: &str) -> String {
    let paragraphs = text.split("\n\n").map(|paragraph| table().get(paragraph).copied().unwrap_or(paragraph));
    paragraphs.collect::<Vec<_>>().join("\n\n")
}

/// Whether it is help that was asked for, or shown because a command is lacking.
pub(super) fn is_help(error: &clap::Error) -> bool {
    matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand)
}

/// A program whose help is in this language.
pub(super) fn speaking(program: Command, language: Language) -> Command {
    let mut program = program.mut_subcommands(|sub| speaking(sub, language));
    if let Some(after) = program.get_after_help().map(ToString::to_string) {
        let mut lines = after.lines();
        let example = lines.next().unwrap_or_default();
        let example = if language == Language::Zh { example.replace(EXAMPLE.0, EXAMPLE.1) } else { example.to_owned() };
        let commands = lines.map(|line| line.replace(' ', &KEPT_SPACE.to_string()));
        program = program.after_help(std::iter::once(example).chain(commands).collect::<Vec<_>>().join("\n"));
    }
    if language == Language::En {
        return program;
    }
    program = program.help_template(TEMPLATE);
    if let Some(about) = program.get_about().map(|text| zh(&text.to_string())) {
        program = program.about(about);
    }
    if let Some(about) = program.get_long_about().map(|text| zh(&text.to_string())) {
        program = program.long_about(about);
    }
    program.mut_args(argument)
}

/// An argument whose help is in Chinese. What values it takes is told there: the parser tells it in English.
fn argument(arg: Arg) -> Arg {
    let help = arg.get_help().map(|text| zh(&text.to_string())).unwrap_or_default();
    let long = arg.get_long_help().map(|text| zh(&text.to_string()));
    let heading = arg.get_help_heading().and_then(|heading| table().get(heading).copied());
    // A flag has none, but does not know it yet.
    let told = arg.get_action().takes_values() && !arg.is_hide_possible_values_set();
    let values = if told { arg.get_possible_values() } else { Vec::new() };
    let values: Vec<PossibleValue> = values.into_iter().filter(|value| !value.is_hide_set()).collect();
    let mut arg = if values.is_empty() { arg } else { arg.hide_possible_values(true) };
    if let Some(heading) = heading {
        arg = arg.help_heading(heading);
    }
    let names: Vec<&str> = values.iter().map(PossibleValue::get_name).collect();
    let told = if names.is_empty() { help.clone() } else { format!("{help} [可选 {}]", names.join("、")) };
    let each = values.iter().filter_map(|value| Some((value.get_name(), zh(&value.get_help()?.to_string()))));
    let each: Vec<String> = each.map(|(name, help)| format!("- {name}：{help}")).collect();
    let long = match (long, each.is_empty()) {
        (long, false) => Some(format!("{}\n\n可选值：\n{}", long.unwrap_or(help), each.join("\n"))),
        (Some(long), true) if !names.is_empty() => Some(format!("{long} [可选 {}]", names.join("、"))),
        (long, true) => long,
    };
    match long {
        Some(long) => arg.help(told).long_help(long),
        None => arg.help(told),
    }
}

/// The help, for a terminal or a file.
pub(super) fn render(error: &clap::Error, language: Language) -> String {
    let rendered = error.render();
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let terminal = if error.use_stderr() { std::io::stderr().is_terminal() } else { std::io::stdout().is_terminal() };
    let text = if terminal && !plain { rendered.ansi().to_string() } else { rendered.to_string() };
    let text = text.replace(KEPT_SPACE, " ");
    match language {
        Language::En => text,
        // What is told in `zh.txt` ends with no colon: the parser has put one behind each heading.
        Language::Zh => in_chinese(text).replace(":\n", "：\n").replace(":\u{1b}[0m\n", "：\u{1b}[0m\n"),
    }
}

/// What the parser has written, with its own words in Chinese.
pub(super) fn in_chinese(text: String) -> String {
    WORDS.iter().chain([&HELP]).fold(text, |text, (en, zh)| text.replace(en, zh))
}

/// The texts of a program's help that have no Chinese, and those of the Chinese that it does not have.
pub fn gaps(program: &Command) -> (BTreeSet<String>, BTreeSet<String>) {
    let mut said = BTreeSet::new();
    collect(program, &mut said);
    let known: BTreeSet<String> = table().keys().map(|text| (*text).to_owned()).collect();
    (said.difference(&known).cloned().collect(), known.difference(&said).cloned().collect())
}

fn collect(program: &Command, said: &mut BTreeSet<String>) {
    let mut texts: Vec<String> =
        [program.get_about(), program.get_long_about()].into_iter().flatten().map(ToString::to_string).collect();
    for arg in program.get_arguments() {
        texts.extend([arg.get_help(), arg.get_long_help()].into_iter().flatten().map(ToString::to_string));
        texts.extend(arg.get_help_heading().map(str::to_owned));
        let values = arg.get_possible_values();
        texts.extend(values.iter().filter_map(|value| value.get_help()).map(ToString::to_string));
    }
    said.extend(texts.iter().flat_map(|text| text.split("\n\n")).map(str::to_owned));
    program.get_subcommands().for_each(|sub| collect(sub, said));
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::super::Cli;
    use super::*;

    fn help(line: &str, language: Language) -> String {
        let error = speaking(Cli::command(), language).try_get_matches_from(line.split(' ')).expect_err(line);
        assert!(is_help(&error), "{line}: {error}");
        render(&error, language)
    }

    #[test]
    fn every_text_has_its_chinese() {
        let (lacking, _) = gaps(&Cli::command());
        assert_eq!(lacking, BTreeSet::new());
    }

    #[test]
    fn help_is_chinese_down_to_the_words_of_the_parser() {
        for line in
            ["duikou-node --help", "duikou-node search -h", "duikou-node tokens create --help", "duikou-node drafts -h"]
        {
            let told = help(line, Language::Zh);
            for word in [
                "Usage",
                "Options",
                "Commands",
                "Arguments",
                "OPTIONS",
                "COMMAND]",
                "COMMAND>",
                "[default",
                "[env",
                "possible",
                "Possible",
                "Print",
                "Example",
            ] {
                assert!(!told.contains(word), "{word} in {line}: {told}");
            }
            assert!(told.contains("用法：duikou-node") && !told.lines().any(|line| line.ends_with(':')), "{told}");
            assert!(told.contains("选项：") && told.contains("示例："), "{told}");
        }
        let told = help("duikou-node tokens create --help", Language::Zh);
        assert!(told.contains("可选值：") && told.contains("- editor：读取，并编写其成员的信息"), "{told}");
        let told = help("duikou-node list -h", Language::Zh);
        assert!(told.contains("[可选 offer、request]"), "{told}");
    }

    #[test]
    fn an_example_can_be_copied_however_long_it_is() {
        for language in [Language::Zh, Language::En] {
            let told = help("duikou-node tokens create --help", language);
            let example = "  duikou-node tokens create --member shenzhen --role editor --label website --valid 90d --area read,write";
            assert!(told.lines().any(|line| line == example), "{told}");
        }
    }
}
