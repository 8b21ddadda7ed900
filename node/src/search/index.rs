//! The index on disk: opened where it is sound and of this version, made anew where it is not.

use std::path::{Path, PathBuf};

use tantivy::directory::MmapDirectory;
use tantivy::index::SegmentId;
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

/// Segments with which a search is quick: it opens each of them.
const FEW: usize = 3;
/// How much larger a segment may be than all smaller ones to become one with them.
const LARGER: u64 = 3;

/// How many of the smallest segments should become one; `sizes` from the smallest on, in documents.
fn scattered(sizes: &[u32]) -> usize {
    if sizes.len() <= FEW {
        return 0;
    }
    let least = sizes.len() - FEW + 1;
    let mut together: u64 = sizes.iter().take(least).map(|size| u64::from(*size)).sum();
    let joins = |size: &&u32| {
        let joins = u64::from(**size) <= together * LARGER;
        together += u64::from(**size);
        joins
    };
    least + sizes[least..].iter().take_while(joins).count()
}

/// How an index is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// It has far to go: with all that the smallest machines have, and what is written is left as it is until the end.
    Make,
    /// It gets few listings at a time.
    Keep,
}

impl Pace {
    /// Threads that make documents, and as many that write them.
    pub(crate) fn threads(self) -> usize {
        match self {
            Self::Make => limits::INDEX_THREADS,
            Self::Keep => 1,
        }
    }

    /// Bytes of documents that each of them gathers before it writes them.
    fn bytes(self) -> usize {
        match self {
            Self::Make => limits::INDEX_MAKING_BYTES,
            Self::Keep => limits::INDEX_BYTES,
        }
    }

    /// Segments of about one size that become one.
    fn together(self) -> usize {
        match self {
            Self::Make => 24,
            Self::Keep => 8,
        }
    }
}

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

    /// A writer, of which each thread makes segments of its own: there may be one writer at a time.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub(crate) fn writer(&self, pace: Pace) -> Result<IndexWriter<TantivyDocument>, IndexError> {
        let options = tantivy::indexer::IndexWriterOptions::builder()
            .num_worker_threads(pace.threads())
            .num_merge_threads(1)
            .memory_budget_per_thread(pace.bytes())
            .build();
        let writer = self.index.writer_with_options(options)?;
        // What was withdrawn leaves its words behind until its segment is merged.
        let mut policy = LogMergePolicy::default();
        policy.set_del_docs_ratio_before_merge(DELETED_SHARE);
        policy.set_min_num_segments(pace.together());
        writer.set_merge_policy(Box::new(policy));
        Ok(writer)
    }

    /// The segments that should become one now that nothing else is written: of more than [`FEW`] so many of the smallest
    /// that few are left, and the next larger one as long as it is not much larger than all of these. So each listing is
    /// written anew a few times, not with each that comes after it.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub(crate) fn scattered(&self) -> Result<Vec<SegmentId>, IndexError> {
        let mut segments: Vec<(u32, SegmentId)> =
            self.index.searchable_segment_metas()?.iter().map(|segment| (segment.num_docs(), segment.id())).collect();
        segments.sort_unstable();
        let sizes: Vec<u32> = segments.iter().map(|(size, _)| *size).collect();
        Ok(segments.into_iter().take(scattered(&sizes)).map(|(_, id)| id).collect())
    }

    /// What was kept with the newest commit.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub(crate) fn payload(&self) -> Result<Option<String>, IndexError> {
        Ok(self.index.load_metas()?.payload)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn small_segments_become_one_and_a_large_one_stays_as_it_is() {
        for (sizes, expected) in [
            (&[][..], 0),
            (&[1, 1, 200_000], 0),
            (&[1, 1, 1, 200_000], 3),
            (&[1, 20, 100, 200_000], 2),
            (&[10, 10, 20, 200, 200_000], 3),
            (&[20_000, 25_000, 25_000, 30_000, 30_000, 70_000], 6),
        ] {
            assert_eq!(scattered(sizes), expected, "{sizes:?}");
        }
    }

    proptest! {
        #[test]
        fn few_are_left_and_nothing_is_written_too_often(mut sizes in prop::collection::vec(1..1_000_000u32, 0..12)) {
            sizes.sort_unstable();
            let count = scattered(&sizes);
            prop_assert!(count == 0 || sizes.len() - count < FEW);
            let least = (sizes.len() + 1).saturating_sub(FEW);
            for at in least..count {
                let smaller: u64 = sizes[..at].iter().map(|size| u64::from(*size)).sum();
                prop_assert!(u64::from(sizes[at]) <= smaller * LARGER);
            }
        }
    }
}
