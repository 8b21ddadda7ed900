//! What a command needs beside its own arguments.

use std::io::{BufRead, IsTerminal, Write};

use crate::config::{Config, Fault, Overrides};

use super::connect::{self, Server};
use super::error::CommandError;
use super::exit::ExitCode;
use super::global::Global;
use super::language::{Language, Text};

/// The longest token file that is read.
const TOKEN_BYTES: u64 = 64 * 1024;

/// The options of every command, and what follows from them.
#[derive(Debug)]
pub struct Context {
    /// As given.
    pub global: Global,
    /// The language of messages.
    pub language: Language,
    /// The arguments of the whole program, for completions.
    pub program: fn() -> clap::Command,
}

impl Context {
    /// Takes the language from the environment where no option says it.
    pub fn new(global: Global, program: fn() -> clap::Command) -> Self {
        let language =
            global.language.unwrap_or_else(|| super::language::from_variables(|name| std::env::var(name).ok()));
        Self { global, language, program }
    }

    /// Reads the configuration with the environment's overrides and `settings` (`part.key=value`) before it.
    ///
    /// # Errors
    /// Where the file is missing, and where there is any fault in it.
    pub fn config(&self, settings: &[String]) -> Result<Config, CommandError> {
        self.read_config(settings)?.map_err(|faults| CommandError::config(&faults))
    }

    /// The same, with what is wrong in it one by one.
    ///
    /// # Errors
    /// Where the file is missing, or a setting is none.
    pub(crate) fn read_config(&self, settings: &[String]) -> Result<Result<Config, Vec<Fault>>, CommandError> {
        let path = self.global.config_file();
        // Opened rather than looked for: to whoever may not look into the folder nothing seems to be there.
        if let Err(error) = std::fs::File::open(&path) {
            if error.kind() != std::io::ErrorKind::NotFound {
                return Err(CommandError::in_folder(path.display(), &error));
            }
            let error = CommandError::new(
                ExitCode::InputMissing,
                Text::new(
                    format!("没有配置文件 {}", path.display()),
                    format!("there is no configuration file {}", path.display()),
                ),
            );
            return Err(error.hint(Text::new(
                "用 --dir 指明节点目录；新节点先执行 duikou-node join TOKEN，新网络先执行 duikou-gateway init",
                "name the server's folder with --dir; a new node begins with duikou-node join TOKEN, a new network with duikou-gateway init",
            )));
        }
        let mut overrides = Overrides::from_variables(|name| std::env::var(name).ok());
        for setting in settings {
            overrides.add_flag(setting).map_err(|rule| {
                let message =
                    Text::new(format!("--set {setting}：{}", rule.zh), format!("--set {setting}: {}", rule.en));
                CommandError::new(ExitCode::Usage, message)
            })?;
        }
        Ok(Config::load_with(&path, &overrides))
    }

    /// Connects to the server of the folder, or to `--server`.
    ///
    /// # Errors
    /// Where it does not answer, or the options do not go together.
    pub async fn connect(&self) -> Result<Server, CommandError> {
        self.goes_together()?;
        let channel = match &self.global.server {
            Some(url) => connect::connect_server(url, self.global.ca.as_deref()).await?,
            None => connect::connect_socket(self.global.dir(), (self.program)().get_name()).await?,
        };
        let token = if self.global.server.is_some() { self.token()? } else { None };
        Server::new(channel, token.as_deref(), self.language)
    }

    /// Whether the options that say who is spoken to do all something.
    fn goes_together(&self) -> Result<(), CommandError> {
        let Global { server, token, token_file, ca, .. } = &self.global;
        let usage = |zh: String, en: String| Err(CommandError::new(ExitCode::Usage, Text::new(zh, en)));
        if token.is_some() && token_file.is_some() {
            return usage("--token 与 --token-file 只能给一个".into(), "give --token or --token-file, not both".into());
        }
        let given = [("--token", token.is_some()), ("--token-file", token_file.is_some()), ("--ca", ca.is_some())];
        match given.iter().find(|(_, given)| *given && server.is_none()) {
            Some((option, _)) => usage(
                format!("{option} 只与 --server 同用；本机目录的服务不需要它"),
                format!("{option} goes with --server alone: the server of a folder here needs none"),
            ),
            None => Ok(()),
        }
    }

    fn token(&self) -> Result<Option<String>, CommandError> {
        let Some(path) = &self.global.token_file else {
            // The variable is for servers elsewhere: whoever has set it still is the operator of the folder here.
            let variable = || std::env::var("DUIKOU_TOKEN").ok().filter(|token| !token.is_empty());
            return Ok(self.global.token.clone().or_else(|| self.global.server.as_ref().and_then(|_| variable())));
        };
        let size = std::fs::metadata(path).map_err(|error| CommandError::io(path.display(), &error))?.len();
        if size > TOKEN_BYTES {
            let message =
                Text::new(format!("{} 不是令牌文件", path.display()), format!("{} is no token file", path.display()));
            return Err(CommandError::new(ExitCode::BadData, message));
        }
        let text = std::fs::read_to_string(path).map_err(|error| CommandError::io(path.display(), &error))?;
        Ok(Some(text.trim().to_owned()))
    }

    /// One of two texts.
    pub fn say<'a>(&self, zh: &'a str, en: &'a str) -> &'a str {
        match self.language {
            Language::Zh => zh,
            Language::En => en,
        }
    }

    /// Writes a line for people to standard error, unless `--quiet`.
    pub fn note(&self, text: &Text) {
        if !self.global.quiet {
            self.warn(text);
        }
    }

    /// Writes a line to standard error.
    pub fn warn(&self, text: &Text) {
        // Where standard error is closed there is nobody left to tell.
        let _ = writeln!(std::io::stderr(), "{}", super::output::clean(text.in_language(self.language)));
    }

    /// Writes a line to standard output.
    ///
    /// # Errors
    /// Where it cannot be written; a reader that has gone ends the command without a word.
    pub fn print(&self, line: &str) -> Result<(), CommandError> {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{line}").and_then(|()| out.flush()).map_err(|error| match error.kind() {
            std::io::ErrorKind::BrokenPipe => CommandError::output_closed(),
            _ => CommandError::io("stdout", &error),
        })
    }

    /// Asks before what cannot be undone.
    ///
    /// # Errors
    /// Where the answer is not yes, or nobody can be asked and `--yes` is not given.
    pub async fn confirm(&self, question: Text) -> Result<(), CommandError> {
        if self.global.yes {
            return Ok(());
        }
        if !std::io::stdin().is_terminal() {
            return Err(CommandError::new(ExitCode::Usage, question)
                .hint(Text::new("确认无误后加上 --yes", "add --yes if that is what you want")));
        }
        let prompt = format!("{} [y/N] ", question.in_language(self.language));
        let answer = tokio::task::spawn_blocking(move || {
            let mut answer = String::new();
            let _ = write!(std::io::stderr(), "{prompt}");
            std::io::stdin().lock().read_line(&mut answer).map(|_| answer)
        });
        let answer = answer.await.map_err(|_| CommandError::output_closed())?;
        match answer.map_err(|error| CommandError::io("stdin", &error))?.trim() {
            "y" | "Y" | "yes" | "是" => Ok(()),
            _ => Err(CommandError::new(ExitCode::Failed, Text::new("没有执行", "nothing was done"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_that_would_do_nothing_is_refused() {
        let checked = |change: fn(&mut Global)| {
            let mut global = Global::default();
            change(&mut global);
            Context::new(global, clap::Command::default).goes_together().map_err(|error| error.kind)
        };
        assert_eq!(checked(|_| {}), Ok(()));
        assert_eq!(checked(|global| global.token = Some("t".into())), Err(ExitCode::Usage));
        assert_eq!(checked(|global| global.ca = Some("ca.crt".into())), Err(ExitCode::Usage));
        let both = |global: &mut Global| {
            (global.server, global.token) = (Some("https://x".into()), Some("t".into()));
            global.token_file = Some("t".into());
        };
        assert_eq!(checked(both), Err(ExitCode::Usage));
        let one = |global: &mut Global| (global.server, global.token) = (Some("https://x".into()), Some("t".into()));
        assert_eq!(checked(one), Ok(()));
    }

    #[test]
    fn a_configuration_that_cannot_be_looked_for_is_not_absent() {
        let folder = tempfile::tempdir().unwrap();
        let context = |dir: std::path::PathBuf| {
            let global = Global { dir: Some(dir), ..Global::default() };
            Context::new(global, clap::Command::default)
        };
        let english = |error: CommandError| error.render(Language::En);
        let absent = english(context(folder.path().to_owned()).config(&[]).unwrap_err());
        assert!(absent.contains("there is no configuration file") && absent.contains("join TOKEN"), "{absent}");
        // To the system's administrator, whom it denies nothing, a file stands in for a folder that is somebody else's.
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let other = english(context(file).config(&[]).unwrap_err());
        assert!(!other.contains("there is no configuration file") && !other.contains("join TOKEN"), "{other}");
        let denied = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
        let denied = english(CommandError::in_folder("/var/lib/duikou", &denied));
        assert!(denied.contains("as the owner of the folder"), "{denied}");
    }
}
