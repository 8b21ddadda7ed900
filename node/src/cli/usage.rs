//! What is wrong with the arguments, in the reader's language: whoever reads Chinese is not answered by the parser in
//! English.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::process;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Parser, ValueEnum};

use super::error::CommandError;
use super::exit::ExitCode;
use super::global::OutputForm;
use super::help;
use super::language::{Language, Text, from_variables};
use crate::config::Rule;

/// Reads arguments, of which the program's name is the first.
///
/// # Errors
/// The exit code, where they are wrong or ask for help; that has been shown.
pub fn parse<C: Parser>(args: impl IntoIterator<Item = OsString>) -> Result<C, process::ExitCode> {
    let args: Vec<OsString> = args.into_iter().collect();
    let error = match C::try_parse_from(&args) {
        Ok(parsed) => return Ok(parsed),
        Err(error) => error,
    };
    let language = said(&args, "--language", "zh,en", |text| if text == "en" { Language::En } else { Language::Zh });
    let language = language.unwrap_or_else(|| from_variables(|name| std::env::var(name).ok()));
    let error = if help::is_help(&error) {
        // The same once more, of a program that speaks the language.
        help::speaking(C::command(), language).try_get_matches_from(&args).err().unwrap_or(error)
    } else {
        error
    };
    let output =
        said(&args, "--output", "table,json,jsonl", |text| OutputForm::from_str(text, false).unwrap_or_default());
    Err(show(&error, language, output.unwrap_or_default()))
}

/// What the arguments say for `option`, as far as they can be read: one of `known`.
fn said<T>(args: &[OsString], option: &str, known: &str, read: impl Fn(&str) -> T) -> Option<T> {
    let args = args.iter().skip(1).take_while(|arg| *arg != "--");
    let values = args.clone().zip(args.skip(1).map(Some).chain([None])).filter_map(|(arg, next)| {
        let arg = arg.to_str()?;
        match arg.strip_prefix(option)? {
            "" => next.and_then(|next: &OsString| OsStr::to_str(next)),
            joined => joined.strip_prefix('='),
        }
    });
    values.filter(|value| known.split(',').any(|known| known == *value)).last().map(read)
}

fn show(error: &clap::Error, language: Language, output: OutputForm) -> process::ExitCode {
    // Where the output is closed there is nobody to tell.
    let code = if error.use_stderr() { ExitCode::Usage } else { ExitCode::Ok };
    let _ = match (output, error.kind()) {
        _ if help::is_help(error) && !error.use_stderr() => {
            write!(std::io::stdout(), "{}", help::render(error, language))
        }
        (_, ErrorKind::DisplayVersion) => error.print(),
        (OutputForm::Json | OutputForm::Jsonl, _) => write!(std::io::stderr(), "{}", wrong(error).json(language)),
        _ if help::is_help(error) => write!(std::io::stderr(), "{}", help::render(error, language)),
        (OutputForm::Table, _) if language == Language::Zh => {
            write!(std::io::stderr(), "{}", wrong(error).render(language))
        }
        (OutputForm::Table, _) => error.print(),
    };
    code.into()
}

/// What is wrong, in both languages.
fn wrong(error: &clap::Error) -> CommandError {
    if help::is_help(error) {
        let text = Text::new("缺少命令，可用的见 --help", "a command is lacking: see --help");
        return CommandError::new(ExitCode::Usage, text);
    }
    let told = error.to_string();
    // The parser's own words end with an empty line, before its hints and the usage.
    let english = told.split("\n\n").next().unwrap_or_default().trim_start_matches("error: ");
    let english = english.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut shown = CommandError::new(ExitCode::Usage, Text::new(message(error).unwrap_or(english.clone()), english));
    if let Some(rule) = std::error::Error::source(error) {
        shown.causes.push(match rule.downcast_ref::<Rule>() {
            Some(rule) => Text::new(rule.zh, rule.en),
            None => number(rule).unwrap_or_else(|| Text::same(rule.to_string())),
        });
    }
    let [values, commands] = [ContextKind::ValidValue, ContextKind::ValidSubcommand].map(|kind| texts(error, kind));
    for known in [values, commands].iter().filter(|known| !known.is_empty()) {
        shown
            .causes
            .push(Text::new(format!("可用的有 {}", known.join("、")), format!("there are {}", known.join(", "))));
    }
    let suggested = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue];
    for near in suggested.iter().flat_map(|kind| texts(error, *kind)) {
        shown = shown.hint(Text::new(format!("是否应为 {near}？"), format!("did you mean {near}?")));
    }
    if let Some(usage) = texts(error, ContextKind::Usage).pop() {
        let usage = usage.trim_start_matches("Usage:").split_whitespace().collect::<Vec<_>>().join(" ");
        let zh = help::in_chinese(usage.clone());
        shown = shown.hint(Text::new(format!("用法：{zh}；详见 --help"), format!("usage: {usage}; see --help")));
    }
    shown
}

/// What is wrong in Chinese, where it is of a kind that is known.
fn message(error: &clap::Error) -> Option<String> {
    let one = |kind| texts(error, kind).pop().unwrap_or_default();
    let (arg, value) = (one(ContextKind::InvalidArg), one(ContextKind::InvalidValue));
    let number = |kind| match error.get(kind) {
        Some(ContextValue::Number(number)) => *number,
        _ => 0,
    };
    Some(match error.kind() {
        ErrorKind::UnknownArgument => format!("没有参数 {arg}"),
        ErrorKind::InvalidSubcommand => format!("没有命令 {}", one(ContextKind::InvalidSubcommand)),
        ErrorKind::MissingSubcommand => format!("{} 之后缺少命令", one(ContextKind::InvalidSubcommand)),
        ErrorKind::InvalidValue if value.is_empty() => format!("{arg} 缺少值"),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => format!("{arg} 的值“{value}”无效"),
        ErrorKind::NoEquals => format!("{arg} 与它的值之间须有等号"),
        ErrorKind::TooManyValues => format!("{arg} 不能再有值“{value}”"),
        ErrorKind::TooFewValues => {
            let (wanted, given) = (number(ContextKind::MinValues), number(ContextKind::ActualNumValues));
            format!("{arg} 至少须有 {wanted} 个值，只给了 {given} 个")
        }
        ErrorKind::WrongNumberOfValues => {
            let (wanted, given) = (number(ContextKind::ExpectedNumValues), number(ContextKind::ActualNumValues));
            format!("{arg} 须有 {wanted} 个值，给了 {given} 个")
        }
        ErrorKind::MissingRequiredArgument => {
            format!("缺少必填的 {}", texts(error, ContextKind::InvalidArg).join("、"))
        }
        ErrorKind::ArgumentConflict => match texts(error, ContextKind::PriorArg) {
            prior if prior == [&*arg] => format!("{arg} 只能给一次"),
            prior if prior.is_empty() => format!("{arg} 不能与给出的其他参数同用"),
            prior => format!("{arg} 不能与 {} 同用", prior.join("、")),
        },
        ErrorKind::InvalidUtf8 => "参数不是有效的 UTF-8".to_owned(),
        _ => return None,
    })
}

/// What the standard library says of a number that is none.
fn number(error: &(dyn std::error::Error + 'static)) -> Option<Text> {
    let told = error.to_string();
    let is_number = error.is::<std::num::ParseIntError>() || error.is::<std::num::ParseFloatError>();
    if is_number {
        return Some(Text::new("应为数字", told));
    }
    // The parser's own of numbers in a range: `70000 is not in 1..=500`.
    let (given, range) = told.split_once(" is not in ")?;
    let zh = format!("{given} 不在 {range} 之内");
    Some(Text::new(zh, told))
}

fn texts(error: &clap::Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        Some(ContextValue::StyledStr(text)) => vec![text.to_string()],
        Some(ContextValue::StyledStrs(texts)) => texts.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Cli;
    use super::*;

    fn told(line: &str) -> CommandError {
        wrong(&Cli::try_parse_from(line.split_whitespace()).expect_err(line))
    }

    #[test]
    fn every_mistake_is_told_in_chinese_with_what_to_do() {
        for (line, message, rest) in [
            ("d list --foo", "没有参数 --foo", "用法：d list [选项]"),
            ("d list --languag zh", "没有参数 --languag", "是否应为 --language？"),
            ("d lost", "没有命令 lost", "用法：d [选项] <命令>"),
            ("d list --kind foo", "--kind <KIND> 的值“foo”无效", "可用的有 capital、project"),
            ("d audit list --since 1h", "--since <TIME> 的值“1h”无效", "应为日期 2027-03-01"),
            ("d audit list --limit x", "--limit <NUMBER> 的值“x”无效", "应为数字"),
            ("d search x --limit", "--limit <N> 缺少值", "--limit"),
            ("d join", "缺少必填的 <TOKEN>", "用法：d join"),
            ("d list --dir a --dir b", "--dir <DIR> 只能给一次", "用法：d list"),
            ("d tokens create --registered --member x", "--registered 不能与 --member <ID> 同用", "用法："),
        ] {
            let told = told(line).render(Language::Zh);
            assert!(told.starts_with(&format!("错误：{message}")) && told.contains(rest), "{line}: {told}");
            let english = ["error", "Usage", "possible", "invalid", "unexpected", "required"];
            assert_eq!(english.iter().find(|word| told.contains(**word)), None, "{line}: {told}");
        }
        let english = told("d list --foo");
        assert_eq!(english.message.en, "unexpected argument '--foo' found");
        assert_eq!((english.kind, english.json(Language::En).lines().count()), (ExitCode::Usage, 1));
    }

    #[test]
    fn the_language_and_the_form_are_read_from_arguments_that_are_wrong() {
        let said = |line: &str| {
            let args: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            super::said(&args, "--language", "zh,en", str::to_owned)
        };
        assert_eq!(said("d list --foo --language en").as_deref(), Some("en"));
        assert_eq!(said("d --language=zh list").as_deref(), Some("zh"));
        for none in ["d list", "d list --language", "d list --language fr", "d list -- --language en", "--language en"]
        {
            assert_eq!(said(none), None, "{none}");
        }
    }
}
