//! What is wrong with a configuration, and where.

use std::fmt;
use std::path::PathBuf;

use thiserror::Error;

/// A rule that a value breaks, in both languages of the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{en}")]
pub struct Rule {
    /// In Chinese.
    pub zh: &'static str,
    /// In English.
    pub en: &'static str,
}

/// Where a setting stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In a file.
    File {
        /// Which.
        path: PathBuf,
        /// Counted from 1; absent where the fault is what the file lacks.
        line: Option<usize>,
    },
    /// In an environment variable of this name.
    Variable(String),
    /// In a flag of the command line.
    Flag,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line: Some(line) } => write!(f, "{}:{line}", path.display()),
            Self::File { path, line: None } => write!(f, "{}", path.display()),
            Self::Variable(name) => f.write_str(name),
            Self::Flag => f.write_str("--set"),
        }
    }
}

/// What kind of fault.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Problem {
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// The file is not TOML.
    #[error("is not TOML: {0}")]
    Syntax(String),
    /// No such part or key.
    #[error("is not known{}", nearest.map(|key| format!("; did you mean {key}?")).unwrap_or_default())]
    Unknown {
        /// The known one that reads most like it.
        nearest: Option<&'static str>,
    },
    /// The value is not what the key takes.
    #[error("is {found}, but {}", rule.en)]
    Value {
        /// The value as it stands, cut to 80 characters.
        found: String,
        /// What it should be.
        rule: Rule,
    },
    /// Two settings do not go together, or one is missing that another needs.
    #[error("{}", .0.en)]
    Conflict(Rule),
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{place}: {key} {problem}")]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// `part.key`, or the part alone, or empty for the whole file.
    pub key: String,
    /// What.
    pub problem: Problem,
}
