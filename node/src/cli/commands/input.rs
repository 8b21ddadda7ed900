//! Input files, read on a thread of their own so that an interrupt ends the command at once.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use tokio::sync::mpsc;

use crate::cli::{CommandError, ExitCode, Text};

/// The longest document that is read at once.
const DOCUMENT_BYTES: u64 = 16 * 1024 * 1024;
/// The longest line of a file of JSON Lines; a listing has at most 64 KiB as a record.
pub(super) const LINE_BYTES: u64 = 1024 * 1024;
/// Lines that may wait to be sent.
const LINES: usize = 256;

/// Opens `path`; `-` is standard input.
fn open(path: &Path) -> std::io::Result<Box<dyn Read + Send>> {
    if path == Path::new("-") { Ok(Box::new(std::io::stdin())) } else { Ok(Box::new(File::open(path)?)) }
}

/// Reads the whole of `path`.
///
/// # Errors
/// Where it is missing, unreadable, longer than 16 MiB, or not UTF-8.
pub(super) async fn document(path: PathBuf) -> Result<String, CommandError> {
    let shown = path.display().to_string();
    let read = tokio::task::spawn_blocking(move || {
        let mut text = String::new();
        open(&path)?.take(DOCUMENT_BYTES + 1).read_to_string(&mut text).map(|_| text)
    });
    let text = match read.await {
        Ok(text) => text.map_err(|error| CommandError::io(&shown, &error))?,
        Err(error) => return Err(CommandError::new(ExitCode::Bug, Text::same(error.to_string()))),
    };
    if text.len() as u64 > DOCUMENT_BYTES {
        let message = Text::new(format!("{shown} 超过 16 MiB"), format!("{shown} has more than 16 MiB"));
        return Err(CommandError::new(ExitCode::BadData, message)
            .hint(Text::new("大文件请用 duikou-node import", "use duikou-node import for large files")));
    }
    Ok(text)
}

/// A line of a file.
#[derive(Debug)]
pub(super) struct Line {
    /// Counted from 1.
    pub(super) number: usize,
    /// What it holds; absent where it is longer than [`LINE_BYTES`] or not UTF-8.
    pub(super) text: Option<String>,
    /// How much of the file has been read with it.
    pub(super) read_bytes: u64,
}

/// Reads `path` line by line, leaving out blank lines.
pub(super) fn lines(path: PathBuf) -> mpsc::Receiver<Result<Line, CommandError>> {
    let (sender, receiver) = mpsc::channel(LINES);
    tokio::task::spawn_blocking(move || {
        let failed = |error: std::io::Error| CommandError::io(path.display(), &error);
        let mut input = match open(&path) {
            Ok(input) => BufReader::new(input),
            Err(error) => {
                let _ = sender.blocking_send(Err(failed(error)));
                return;
            }
        };
        let (mut number, mut read_bytes) = (0, 0);
        loop {
            let next = next(&mut input);
            let (bytes, whole) = match next {
                Ok((0, _, _)) => return,
                Ok((length, bytes, whole)) => {
                    number += 1;
                    read_bytes += length;
                    (bytes, whole)
                }
                Err(error) => {
                    let _ = sender.blocking_send(Err(failed(error)));
                    return;
                }
            };
            let text = if whole { String::from_utf8(bytes).ok() } else { None };
            if text.as_deref().is_some_and(|text| text.trim().is_empty()) {
                continue;
            }
            if sender.blocking_send(Ok(Line { number, text, read_bytes })).is_err() {
                return;
            }
        }
    });
    receiver
}

/// The next line: how long it is, its bytes, and whether these are all.
fn next(input: &mut impl BufRead) -> std::io::Result<(u64, Vec<u8>, bool)> {
    let mut bytes = Vec::new();
    let mut length = input.by_ref().take(LINE_BYTES).read_until(b'\n', &mut bytes)? as u64;
    if length < LINE_BYTES || bytes.ends_with(b"\n") {
        return Ok((length, bytes, true));
    }
    loop {
        let mut rest = Vec::new();
        let more = input.by_ref().take(LINE_BYTES).read_until(b'\n', &mut rest)?;
        length += more as u64;
        if more == 0 || rest.ends_with(b"\n") {
            return Ok((length, Vec::new(), false));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_keep_their_numbers_and_their_bounds() {
        let folder = tempfile::tempdir().expect("made");
        let path = folder.path().join("in.jsonl");
        let long = "x".repeat(3 * LINE_BYTES as usize);
        std::fs::write(&path, format!("a\n\n  \nb\n{long}\nc")).expect("written");
        let mut lines = lines(path);
        let mut found = Vec::new();
        while let Some(line) = lines.recv().await {
            let line = line.expect("read");
            found.push((line.number, line.text.map(|text| text.trim_end().to_owned()), line.read_bytes));
        }
        let end = long.len() as u64 + 8;
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(found, [(1, text("a"), 2), (4, text("b"), 8), (5, None, end + 1), (6, text("c"), end + 2)]);
    }

    #[tokio::test]
    async fn a_missing_file_is_a_missing_input() {
        let absent = PathBuf::from("/nonexistent/in.json");
        assert_eq!(document(absent.clone()).await.expect_err("absent").kind, ExitCode::InputMissing);
        let first = lines(absent).recv().await.expect("one");
        assert_eq!(first.expect_err("absent").kind, ExitCode::InputMissing);
    }
}
