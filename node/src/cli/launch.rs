//! From a future to an exit code: runtime, logs, interruption, panics.

use std::future::Future;
use std::io::Write;
use std::panic::AssertUnwindSafe;
use std::process;

use tracing_subscriber::EnvFilter;

use super::context::Context;
use super::error::CommandError;
use super::exit::ExitCode;
use super::global::OutputForm;
use super::language::Text;

/// What is launched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// A command: an interrupt ends it.
    Command,
    /// A server: it listens for signals itself, and logs from `info` on.
    Serving,
}

/// Runs `work` to its end, writes what went wrong to standard error, and returns the exit code.
///
/// Logs go to standard error: what of them, says `DUIKOU_LOG`; `DUIKOU_LOG_FORMAT=json` makes them JSON.
pub fn launch(
    context: &Context,
    work: Work,
    future: impl Future<Output = Result<(), CommandError>>,
) -> process::ExitCode {
    log(work);
    let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| run(work, future)));
    let error = match outcome {
        Ok(Ok(())) => return ExitCode::Ok.into(),
        Ok(Err(error)) => error,
        Err(_) => {
            CommandError::new(ExitCode::Bug, Text::new("程序内部错误", "this program has a fault")).hint(Text::new(
                "请把上面的内容连同 --version 的输出报告给维护者",
                "please report what stands above, with what --version says, to those who maintain it",
            ))
        }
    };
    if error.kind != ExitCode::Ok {
        let told = match context.global.output {
            OutputForm::Table => error.render(context.language),
            OutputForm::Json | OutputForm::Jsonl => error.json(context.language),
        };
        let _ = write!(std::io::stderr(), "{told}");
    }
    error.kind.into()
}

fn run(work: Work, future: impl Future<Output = Result<(), CommandError>>) -> Result<(), CommandError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| CommandError::io("tokio", &error))?;
    let outcome = runtime.block_on(async {
        match work {
            Work::Serving => future.await,
            Work::Command => tokio::select! {
                outcome = future => outcome,
                interrupt = tokio::signal::ctrl_c() => Err(match interrupt {
                    Ok(()) => CommandError::new(ExitCode::Interrupted, Text::new("已中断", "interrupted")),
                    Err(error) => CommandError::io("SIGINT", &error),
                }),
            },
        }
    });
    // A thread that still reads standard input would hold the process.
    runtime.shutdown_background();
    outcome
}

fn log(work: Work) {
    let default = match work {
        Work::Command => "error",
        Work::Serving => "info",
    };
    let filter = EnvFilter::try_from_env("DUIKOU_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let colour = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        && std::io::IsTerminal::is_terminal(&std::io::stderr());
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colour);
    // An embedding program may have its own subscriber: then that one stays.
    let _ = match std::env::var("DUIKOU_LOG_FORMAT").as_deref() {
        Ok("json") => logs.json().try_init(),
        _ => logs.try_init(),
    };
}

#[cfg(test)]
mod tests {
    use super::super::{Cli, Global};
    use super::*;

    fn code(future: impl Future<Output = Result<(), CommandError>>) -> String {
        let context = Context::new(Global::default(), <Cli as clap::CommandFactory>::command);
        format!("{:?}", launch(&context, Work::Command, future))
    }

    #[test]
    fn a_panic_is_a_bug_and_a_closed_output_is_none() {
        let expected = |code: ExitCode| format!("{:?}", process::ExitCode::from(code));
        assert_eq!(code(async { panic!("on purpose") }), expected(ExitCode::Bug));
        assert_eq!(code(async { Err(CommandError::output_closed()) }), expected(ExitCode::Ok));
        assert_eq!(code(async { Ok(()) }), expected(ExitCode::Ok));
        let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
        assert_eq!(code(async move { Err(CommandError::io("x", &full)) }), expected(ExitCode::Io));
    }
}
