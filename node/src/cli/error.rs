//! What a command says when it fails.

use std::fmt;
use std::io;
use std::path::Path;

use duikou_proto::name::NodeId;
use serde::Serialize;

use crate::config::{Fault, Problem};

use super::exit::ExitCode;
use super::language::{Language, Text};
use super::output::clean;
use super::words;

/// A failed command: the kind gives the exit code, a hint says what to type next.
///
/// A folder command may return one inside its `anyhow::Error`; it is then shown as it is.
#[derive(Debug, Clone)]
pub struct CommandError {
    /// What kind of failure.
    pub kind: ExitCode,
    /// What failed.
    pub message: Text,
    /// Why, from the outside in.
    pub causes: Vec<Text>,
    /// What to do.
    pub hints: Vec<Text>,
    /// What the server said for programs, where it refused.
    pub refusal: Option<Box<Refusal>>,
}

/// A refusal as the server tells it to programs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The name of its code in the contract, for example `NOT_FOUND`.
    pub code: &'static str,
    /// A stable word; empty where there is none.
    pub reason: String,
    /// Each field that is wrong.
    pub violations: Vec<FieldRefusal>,
}

/// One field that is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FieldRefusal {
    /// Which, as the contract names it.
    pub field: String,
    /// A stable word.
    pub reason: String,
    /// What is wrong, and what to do.
    pub description: String,
}

/// A failed command on one line, for programs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    exit_code: u8,
    #[serde(flatten)]
    refusal: &'a Refusal,
    message: &'a str,
    causes: Vec<&'a str>,
    hints: Vec<&'a str>,
}

impl CommandError {
    /// One without causes and hints.
    pub fn new(kind: ExitCode, message: Text) -> Self {
        Self { kind, message, causes: Vec::new(), hints: Vec::new(), refusal: None }
    }

    /// Adds a cause.
    pub fn cause(mut self, cause: impl fmt::Display) -> Self {
        self.causes.push(Text::same(cause.to_string()));
        self
    }

    /// Adds a cause that is told in both languages.
    pub fn because(mut self, cause: Text) -> Self {
        self.causes.push(cause);
        self
    }

    /// Adds a hint.
    pub fn hint(mut self, hint: Text) -> Self {
        self.hints.push(hint);
        self
    }

    /// The reader of standard output has gone: nothing is wrong, and there is nobody to tell.
    pub(crate) fn output_closed() -> Self {
        Self::new(ExitCode::Ok, Text::same(""))
    }

    /// From an error of the operating system about `what`, most often a path.
    pub fn io(what: impl fmt::Display, error: &io::Error) -> Self {
        use io::ErrorKind as Is;
        let kind = match error.kind() {
            Is::NotFound => ExitCode::InputMissing,
            Is::PermissionDenied => ExitCode::NotPermitted,
            Is::AlreadyExists => ExitCode::CannotCreate,
            Is::AddrInUse | Is::AddrNotAvailable | Is::ConnectionRefused | Is::ConnectionReset | Is::TimedOut => {
                ExitCode::Unavailable
            }
            Is::InvalidData => ExitCode::BadData,
            Is::WouldBlock | Is::ResourceBusy => ExitCode::TryAgain,
            _ => ExitCode::Io,
        };
        let Text { zh, en } = words::of_system(error).unwrap_or_else(|| Text::same(error.to_string()));
        let what = what.to_string();
        if what.is_empty() {
            return Self::new(kind, Text::new(zh, en));
        }
        Self::new(kind, Text::new(format!("{what}：{zh}"), format!("{what}: {en}")))
    }

    /// [`Self::io`] about something in a server's folder, which others than its user may not look into.
    pub fn in_folder(what: impl fmt::Display, error: &io::Error) -> Self {
        let shown = Self::io(what, error);
        if error.kind() == io::ErrorKind::PermissionDenied { shown.hint(as_owner()) } else { shown }
    }

    /// From everything that is wrong with a configuration.
    pub fn config(faults: &[Fault]) -> Self {
        let count = faults.len();
        let one = if count == 1 { "fault" } else { "faults" };
        let message = Text::new(format!("配置有 {count} 处错误"), format!("the configuration has {count} {one}"));
        let mut error = Self::new(ExitCode::Configuration, message);
        error.causes = faults.iter().map(fault_text).collect();
        error
    }

    /// That `dir` is the folder of a server that another program runs: what it is, in both languages, and that program.
    pub fn of_another_program(dir: &Path, what: Text, program: &str) -> Self {
        let at = dir.display();
        let message = Text::new(format!("{at} 是{}的目录", what.zh), format!("{at} is the folder of a {}", what.en));
        Self::new(ExitCode::Configuration, message).hint(Text::new(
            format!("启动{}：{program} serve --dir {at}", what.zh),
            format!("start the {}: {program} serve --dir {at}", what.en),
        ))
    }

    /// That a server is to call itself otherwise than its certificate does.
    pub(crate) fn called_otherwise(configured: &NodeId, certified: &NodeId) -> Self {
        let message = Text::new(
            format!("node.id 为 {configured}，而本目录的证书属于 {certified}"),
            format!("node.id is {configured}, and the certificate in this folder is of {certified}"),
        );
        Self::new(ExitCode::Configuration, message).hint(Text::new(
            format!("在 duikou.toml 中改回 node.id = \"{certified}\"；节点标识加入后不能更改"),
            format!(
                "write node.id = \"{certified}\" into duikou.toml: what a node is called does not change once it has joined"
            ),
        ))
    }

    /// From what a folder command returned: the first error in its chain that says how it should be shown.
    pub fn from_anyhow(error: &anyhow::Error) -> Self {
        if let Some(known) = error.chain().find_map(|cause| cause.downcast_ref::<Self>()) {
            return known.clone();
        }
        if let Some(status) = error.chain().find_map(|cause| cause.downcast_ref::<tonic::Status>()) {
            return Self::from(status.clone());
        }
        let kind = match error.chain().find_map(|cause| cause.downcast_ref::<io::Error>()) {
            Some(io) => Self::io("", io).kind,
            None if error.chain().any(|cause| cause.is::<Fault>()) => ExitCode::Configuration,
            None => ExitCode::Failed,
        };
        let told = |cause: &(dyn std::error::Error + 'static)| {
            let known = cause.downcast_ref().and_then(words::of_system);
            known.unwrap_or_else(|| Text::same(cause.to_string()))
        };
        let mut chain = error.chain().map(told);
        let message = chain.next().unwrap_or_else(|| Text::same(""));
        Self { causes: chain.collect(), ..Self::new(kind, message) }
    }

    /// The whole of it for people, one line each.
    pub fn render(&self, language: Language) -> String {
        let (error, because, hint) = match language {
            Language::Zh => ("错误：", "原因：", "提示："),
            Language::En => ("error: ", "cause: ", "hint: "),
        };
        let mut text = format!("{error}{}\n", clean(self.message.in_language(language)));
        for (label, lines) in [(because, &self.causes), (hint, &self.hints)] {
            for line in lines {
                text.push_str(&format!("  {label}{}\n", clean(line.in_language(language))));
            }
        }
        text
    }
}

impl CommandError {
    /// The whole of it for programs: `{"error": {…}}` on one line.
    pub fn json(&self, language: Language) -> String {
        let none = Refusal::default();
        let line = Line {
            exit_code: self.kind as u8,
            refusal: self.refusal.as_deref().unwrap_or(&none),
            message: self.message.in_language(language),
            causes: self.causes.iter().map(|text| text.in_language(language)).collect(),
            hints: self.hints.iter().map(|text| text.in_language(language)).collect(),
        };
        // Texts and numbers always have a JSON form.
        format!("{}\n", serde_json::json!({ "error": line }))
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message.in_language(Language::En))
    }
}

impl std::error::Error for CommandError {}

/// What to do where a server's folder is another user's.
pub(crate) fn as_owner() -> Text {
    Text::new(
        "以目录所有者的身份执行，例如 sudo -u duikou …",
        "run this as the owner of the folder, for example with sudo -u duikou",
    )
}

fn fault_text(fault: &Fault) -> Text {
    let place = &fault.place;
    let key = &fault.key;
    let zh = match &fault.problem {
        Problem::Unreadable(reason) => format!("{place}：无法读取：{reason}"),
        Problem::Syntax(reason) => format!("{place}：不是有效的 TOML：{reason}"),
        Problem::Unknown { nearest: Some(nearest) } => format!("{place}：不认识 {key}，是否应为 {nearest}？"),
        Problem::Unknown { nearest: None } => format!("{place}：不认识 {key}"),
        Problem::Value { found, rule } => format!("{place}：{key} 的值为 {found}，{}", rule.zh),
        Problem::Conflict(rule) => format!("{place}：{key} {}", rule.zh),
    };
    Text::new(zh, fault.to_string())
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;
    use tonic_types::StatusExt;

    use super::*;

    #[test]
    fn an_error_is_shown_with_its_causes_and_hints() {
        let error = CommandError::new(ExitCode::Failed, Text::new("坏了", "it broke"))
            .cause("the wire \u{1b}[31mwas cut")
            .hint(Text::new("接上", "mend it"));
        assert_eq!(
            error.render(Language::En),
            "error: it broke\n  cause: the wire \u{fffd}[31mwas cut\n  hint: mend it\n"
        );
        assert_eq!(error.render(Language::Zh), "错误：坏了\n  原因：the wire \u{fffd}[31mwas cut\n  提示：接上\n");
    }

    #[test]
    fn programs_get_an_error_on_one_line() {
        let mut details = tonic_types::ErrorDetails::with_error_info("INVALID", "duikou", [] as [(String, String); 0]);
        details.set_bad_request(vec![tonic_types::FieldViolation::new("listing.title", "too long")]);
        let status = tonic::Status::with_error_details(tonic::Code::InvalidArgument, "a field is wrong", details);
        let told = CommandError::from(status).json(Language::En);
        assert_eq!(told.lines().count(), 1);
        let error = &serde_json::from_str::<serde_json::Value>(&told).expect("JSON")["error"];
        assert_eq!((&error["code"], &error["reason"]), (&"INVALID_ARGUMENT".into(), &"INVALID".into()));
        assert_eq!((&error["exitCode"], &error["message"]), (&65.into(), &"a field is wrong".into()));
        assert_eq!(error["violations"][0]["field"], "listing.title");
        let own = CommandError::new(ExitCode::Usage, Text::new("坏\n了", "it\nbroke")).json(Language::Zh);
        assert_eq!(own.lines().count(), 1, "{own}");
    }

    #[test]
    fn the_exit_code_is_found_inside_the_chain() {
        let known = CommandError::new(ExitCode::NotPermitted, Text::new("令牌已用", "the token is used"));
        let error = Err::<(), _>(known).context("joining").expect_err("is one");
        assert_eq!(CommandError::from_anyhow(&error).kind, ExitCode::NotPermitted);

        let taken = io::Error::from(io::ErrorKind::AddrInUse);
        let error = Err::<(), _>(taken).context("listening on 127.0.0.1:1").expect_err("is one");
        let shown = CommandError::from_anyhow(&error);
        assert_eq!((shown.kind, shown.causes.len()), (ExitCode::Unavailable, 1));

        let full = io::Error::from(io::ErrorKind::StorageFull);
        assert_eq!(CommandError::io("data", &full).kind, ExitCode::Io);
        assert_eq!(CommandError::from_anyhow(&anyhow::anyhow!("no")).kind, ExitCode::Failed);
    }
}
