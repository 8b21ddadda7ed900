//! The options that every command takes.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::language::Language;

/// The options that every command takes.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Global {
    /// The server's folder: data, keys, duikou.toml and the socket of the running server [default: .]
    #[arg(long, global = true, env = "DUIKOU_DIR", value_name = "DIR")]
    pub dir: Option<PathBuf>,

    /// The configuration file [default: duikou.toml in the folder]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Speak to this server, with a token, instead of to the one of the folder
    #[arg(long, global = true, value_name = "URL")]
    pub server: Option<String>,

    /// The token for --server; better in the variable DUIKOU_TOKEN or a file, where other users do not see it
    #[arg(long, global = true, value_name = "TOKEN")]
    pub token: Option<String>,

    /// A file that holds the token for --server
    #[arg(long, global = true, value_name = "FILE")]
    pub token_file: Option<PathBuf>,

    /// The certificate authorities (PEM) that may vouch for --server [default: those of the web]
    #[arg(long, global = true, value_name = "FILE")]
    pub ca: Option<PathBuf>,

    /// How results are written: json is one document, jsonl one document a line; errors are then one line of JSON. What
    /// has no end before it is read, export, audit export, pull, watch, is written a line each in both
    #[arg(long, global = true, value_enum, default_value = "table")]
    pub output: OutputForm,

    /// The language of messages [default: from LANG, else zh]
    #[arg(long, global = true, value_parser = super::language::parser())]
    pub language: Option<Language>,

    /// Do not ask before what cannot be undone
    #[arg(long, short, global = true)]
    pub yes: bool,

    /// Only results and errors
    #[arg(long, short, global = true)]
    pub quiet: bool,
}

/// How results are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum OutputForm {
    /// For people.
    #[default]
    Table,
    /// One JSON document.
    Json,
    /// One JSON document a line.
    Jsonl,
}

impl Global {
    /// The server's folder.
    pub fn dir(&self) -> &Path {
        self.dir.as_deref().unwrap_or(Path::new("."))
    }

    /// The configuration file.
    pub fn config_file(&self) -> PathBuf {
        self.config.clone().unwrap_or_else(|| self.dir().join(crate::config::FILE_NAME))
    }
}
