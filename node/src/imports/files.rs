//! The files of an import: what was sent, what it looks like, what is known of its rows, and those that are wrong.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use crate::engine::WriteError;
use crate::limits;
use crate::sheets::{SheetError, Workbook, read};

/// Characters of a file's name that are kept.
const NAME_CHARS: usize = 120;

/// Why an import goes no further.
#[derive(Debug, Error)]
pub(crate) enum NotTaken {
    /// The file is none that is read.
    #[error(transparent)]
    Sheet(#[from] SheetError),
    /// This server keeps as many imports as it can.
    #[error("this server keeps as many imports as it can")]
    Full,
    /// There is no such import.
    #[error("there is no such import")]
    Gone,
    /// Something is being done with it.
    #[error("something is being done with this import")]
    UnderWay,
    /// The folder cannot be read or written.
    #[error("the files of an import cannot be kept")]
    Io(#[from] io::Error),
    /// The store cannot be written.
    #[error("an import cannot be kept")]
    Write(#[from] WriteError),
}

/// Where the files of one import are.
#[derive(Debug, Clone)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn of(imports: &Path, id: &str) -> Self {
        Self(imports.join(id))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// As it was sent.
    pub(super) fn sent(&self) -> PathBuf {
        self.0.join("sent")
    }

    /// What it looks like.
    pub(super) fn outline(&self) -> PathBuf {
        self.0.join("outline.json")
    }

    /// The rows, one a line.
    pub(super) fn rows(&self) -> PathBuf {
        self.0.join("rows.jsonl")
    }

    /// Where each of them begins.
    pub(super) fn index(&self) -> PathBuf {
        self.0.join("rows.index")
    }

    /// The rows that are wrong.
    pub(super) fn wrong(&self) -> PathBuf {
        self.0.join("wrong.xlsx")
    }

    /// Takes all of it away.
    pub(super) fn remove(&self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, folder = %self.0.display(), "the files of an import could not be removed");
        }
    }

    /// The cells of what was sent, called `name`.
    pub(super) fn book(&self, name: &str) -> Result<Workbook, NotTaken> {
        let mut bytes = Vec::new();
        let file = std::fs::File::open(self.sent())?;
        io::Read::read_to_end(&mut io::Read::take(file, limits::SHEET_BYTES as u64 + 1), &mut bytes)?;
        Ok(read(&bytes, name)?)
    }
}

/// Writes a file in place of the one before, whole or not at all.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = path.with_extension("draft");
    std::fs::write(&draft, bytes)?;
    std::fs::rename(&draft, path)
}

/// A file that is coming. Where it does not come to an end, nothing of it is left.
#[derive(Debug)]
pub(crate) struct Upload {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) folder: Folder,
    pub(super) bytes: u64,
    file: File,
    kept: bool,
}

impl Upload {
    pub(super) async fn begin(imports: &Path, id: String, name: &str) -> Result<Self, NotTaken> {
        let folder = Folder::of(imports, &id);
        tokio::fs::create_dir_all(folder.path()).await?;
        let file = File::create(folder.sent()).await?;
        Ok(Self { id, name: shown_name(name), folder, bytes: 0, file, kept: false })
    }

    /// Adds what has come.
    ///
    /// # Errors
    /// Beyond what a file may have, and where it cannot be written.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> Result<(), NotTaken> {
        self.bytes += bytes.len() as u64;
        if self.bytes > limits::SHEET_BYTES as u64 {
            return Err(SheetError::TooLarge.into());
        }
        Ok(self.file.write_all(bytes).await?)
    }

    pub(super) async fn end(&mut self) -> Result<(), NotTaken> {
        // What is shown as taken outlives a power cut too.
        self.file.flush().await?;
        Ok(self.file.sync_all().await?)
    }

    pub(super) fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if !self.kept {
            self.folder.remove();
        }
    }
}

/// What a file is called, without folders and whatever is no text.
fn shown_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last.chars().filter(|c| !c.is_control() && !is_format(*c)).collect();
    let length = clean.chars().count();
    // Its end says what it is.
    clean.chars().skip(length.saturating_sub(NAME_CHARS)).collect()
}

/// Characters that turn or hide others.
fn is_format(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_loses_what_is_no_part_of_it() {
        for (sent, shown) in [
            ("毕节_劳务.xlsx", "毕节_劳务.xlsx"),
            ("C:\\报送\\劳务.xls", "劳务.xls"),
            ("../../etc/passwd", "passwd"),
            ("a\n\u{1b}[31mb\u{202e}xslx.csv", "a[31mbxslx.csv"),
            ("", ""),
        ] {
            assert_eq!(shown_name(sent), shown, "{sent:?}");
        }
        let long = shown_name(&format!("{}.xlsx", "长".repeat(500)));
        assert!(long.chars().count() == NAME_CHARS && long.ends_with("长.xlsx"), "{long}");
    }

    #[tokio::test]
    async fn what_does_not_come_to_an_end_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut upload = Upload::begin(folder.path(), "one".to_owned(), "a.csv").await.unwrap();
        upload.write(b"a,b").await.unwrap();
        let much = vec![0; limits::SHEET_BYTES];
        assert!(matches!(upload.write(&much).await, Err(NotTaken::Sheet(SheetError::TooLarge))));
        drop(upload);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
