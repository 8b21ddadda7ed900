//! The index on disk: opened where it is sound and of this version, made anew where it is not.

use std::path::{Path, PathBuf};

use tantivy::directory::MmapDirectory;
use tantivy::merge_policy::LogMergePolicy;
use tantivy::store::Compressor;
use tantivy::{IndexReader, IndexSettings, IndexWriter, ReloadPolicy, TantivyDocument};
use thiserror::Error;

use super::schema::{Fields, VERSION, register, schema};
use crate::limits;

/// Says of which version the index beside it is.
const VERSION_FILE: &str = "version";

/// Bytes of what is stored that are read at once.
const STORED_BLOCK: usize = 1024;

/// The share of deleted documents from which on a segment is written anew.
const DELETED_SHARE: f32 = 0.2;

/// An index that is open.
pub(crate) struct Index {
    pub(crate) fields: Fields,
    pub(crate) reader: IndexReader,
    index: tantivy::Index,
}

/// Why an index cannot be used.
#[derive(Debug, Error)]
pub(crate) enum IndexError {
    /// Its folder cannot be written.
    #[error("the folder of the index {} cannot be used", .0.display())]
    Folder(PathBuf, #[source] std::io::Error),
    /// Reading or writing it failed.
    #[error("the index failed")]
    Index(#[from] tantivy::TantivyError),
    /// A part of it differs from what was written.
    #[error("{} of the index's files differ from what was written", .0)]
    Damaged(usize),
    /// There is none yet.
    #[error("there is none yet")]
    Absent,
    /// It is of another version of this program.
    #[error("the index is of another version")]
    Version,
    /// The work on it ended in a fault of this program, or of the index.
    #[error("work on the index broke off")]
    Broken,
    /// The store cannot be read.
    #[error("the store cannot be read")]
    Store(#[from] crate::store::StoreError),
}

impl Index {
    /// Opens the index in `folder` if all of it is as it was written, by this version.
    ///
    /// # Errors
    /// Where there is none that can be used.
    pub(crate) fn open(folder: &Path) -> Result<Self, IndexError> {
        if !folder.exists() {
            return Err(IndexError::Absent);
        }
        let version = std::fs::read_to_string(folder.join(VERSION_FILE)).unwrap_or_default();
        if version.trim() != VERSION.to_string() {
            return Err(IndexError::Version);
        }
        let index = tantivy::Index::open_in_dir(folder)?;
        let (expected, fields) = schema();
        if index.schema() != expected {
            return Err(IndexError::Version);
        }
        match index.validate_checksum()?.len() {
            0 => Self::with(index, fields),
            damaged => Err(IndexError::Damaged(damaged)),
        }
    }

    /// Makes an empty index in `folder`, whatever was there.
    ///
    /// # Errors
    /// Where the folder cannot be written.
    pub(crate) fn make(folder: &Path) -> Result<Self, IndexError> {
        let failed = |error| IndexError::Folder(folder.to_owned(), error);
        match std::fs::remove_dir_all(folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => {
                std::fs::remove_file(folder).map_err(failed)?;
            }
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        std::fs::create_dir_all(folder).map_err(failed)?;
        let (schema, fields) = schema();
        let directory = MmapDirectory::open(folder).map_err(tantivy::TantivyError::from)?;
        // Names alone are stored: small blocks, as they are, are read quickest.
        let settings = IndexSettings {
            docstore_compression: Compressor::None,
            docstore_blocksize: STORED_BLOCK,
            ..IndexSettings::default()
        };
        let index = tantivy::Index::create(directory, schema, settings)?;
        // Last: a process that dies before leaves an index of no version.
        std::fs::write(folder.join(VERSION_FILE), format!("{VERSION}\n")).map_err(failed)?;
        Self::with(index, fields)
    }

    fn with(index: tantivy::Index, fields: Fields) -> Result<Self, IndexError> {
        register(index.tokenizers());
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        Ok(Self { fields, reader, index })
    }

    /// A writer: there may be one at a time.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub(crate) fn writer(&self) -> Result<IndexWriter<TantivyDocument>, IndexError> {
        let options = tantivy::indexer::IndexWriterOptions::builder()
            .num_worker_threads(1)
            .num_merge_threads(1)
            .memory_budget_per_thread(limits::INDEX_BYTES)
            .build();
        let writer = self.index.writer_with_options(options)?;
        // What was withdrawn leaves its words behind until its segment is merged.
        let mut policy = LogMergePolicy::default();
        policy.set_del_docs_ratio_before_merge(DELETED_SHARE);
        writer.set_merge_policy(Box::new(policy));
        Ok(writer)
    }

    /// What was kept with the newest commit.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub(crate) fn payload(&self) -> Result<Option<String>, IndexError> {
        Ok(self.index.load_metas()?.payload)
    }
}
