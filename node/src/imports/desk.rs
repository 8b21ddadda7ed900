//! What pages do with imports.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::time::Duration;

use duikou_proto::envelope::Micros;
use duikou_proto::name::MemberId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinError;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::fact::{Change, Import, Keep, NotKept, Phase, Remove, key, prefix};
use super::files::{Folder, NotTaken, Upload};
use super::rows::{self, RowsPage};
use super::work::Job;
use crate::aside::aside;
use crate::engine::facts::IMPORTS;
use crate::engine::{Engine, WriteError};
use crate::limits;
use crate::ongoing::{Ongoing, Place};
use crate::sheets::remembered::recall;
use crate::sheets::{ColumnMapping, Mapping, Outline, SheetError, State, Workbook, outline};
use crate::store::StoreError;

/// How often what nobody needs any longer is looked for.
const CLEAN_EVERY: Duration = Duration::from_secs(60 * 60);

/// What is being done with an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Others come first.
    Waiting,
    /// The file is read.
    Reading,
    /// Rows are asked about, or sent.
    Sending,
    /// What became of them is written down.
    Keeping,
}

impl Step {
    const ALL: [Self; 4] = [Self::Waiting, Self::Reading, Self::Sending, Self::Keeping];
}

/// How far what is being done has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Progress {
    pub(crate) step: Step,
    /// Rows that were sent, or asked about.
    pub(crate) done: usize,
    /// Those that are to be; 0 until the file is read.
    pub(crate) total: usize,
}

/// What is being done with one import: a [`Job`], or a change that is over at once and is not shown.
#[derive(Debug)]
pub(super) struct UnderWay {
    is_job: bool,
    step: AtomicU8,
    done: AtomicUsize,
    total: AtomicUsize,
    pub(super) stop: CancellationToken,
}

impl UnderWay {
    fn new(is_job: bool, stop: CancellationToken) -> Self {
        Self { is_job, step: AtomicU8::new(0), done: AtomicUsize::new(0), total: AtomicUsize::new(0), stop }
    }

    pub(super) fn step(&self, step: Step) {
        let number = Step::ALL.iter().position(|known| *known == step).unwrap_or(0);
        self.step.store(u8::try_from(number).unwrap_or(0), Ordering::Relaxed);
    }

    pub(super) fn total(&self, total: usize) {
        self.total.store(total, Ordering::Relaxed);
    }

    /// Adds to what was done; how much that is now.
    pub(super) fn add(&self, count: usize) -> usize {
        self.done.fetch_add(count, Ordering::Relaxed) + count
    }

    fn progress(&self) -> Progress {
        let step = Step::ALL.get(usize::from(self.step.load(Ordering::Relaxed))).copied().unwrap_or(Step::Waiting);
        Progress { step, done: self.done.load(Ordering::Relaxed), total: self.total.load(Ordering::Relaxed) }
    }
}

/// The imports of a server.
#[derive(Clone)]
pub(crate) struct Imports(Arc<Shared>);

struct Shared {
    engine: Engine,
    folder: PathBuf,
    /// One workbook at a time is looked at, and one is read and sent: each may take much memory.
    looks: Arc<Semaphore>,
    turns: Semaphore,
    under_way: Ongoing<UnderWay>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Imports {
    /// Those of an engine, with their files below `folder`.
    pub(crate) fn new(engine: Engine, folder: PathBuf, tasks: TaskTracker, stop: CancellationToken) -> Self {
        let (looks, turns, under_way) = (Arc::new(Semaphore::new(1)), Semaphore::new(1), Ongoing::default());
        Self(Arc::new(Shared { engine, folder, looks, turns, under_way, tasks, stop }))
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.0.engine
    }

    pub(super) fn folder(&self, id: &str) -> Folder {
        Folder::of(&self.0.folder, id)
    }

    pub(super) fn turns(&self) -> &Semaphore {
        &self.0.turns
    }

    /// The imports of an account, newest first.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub(crate) async fn list(&self, account: &str) -> Result<Vec<Import>, StoreError> {
        let all = self.0.engine.facts::<Import>(&prefix(account), limits::IMPORTS).await?;
        let mut all: Vec<Import> = all.into_iter().map(|(_, import)| import).collect();
        all.sort_by_key(|import| std::cmp::Reverse(import.create_time));
        Ok(all)
    }

    /// One of an account's; None where it has no such one.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub(crate) async fn get(&self, account: &str, id: &str) -> Result<Option<Import>, StoreError> {
        // Ids become names of folders: only those that were made here are looked for.
        match Uuid::try_parse(id) {
            Ok(uuid) if uuid.to_string() == id => self.0.engine.fact(&key(account, id)).await,
            Ok(_) | Err(_) => Ok(None),
        }
    }

    /// What is being done with it; None where nothing is.
    pub(crate) fn progress(&self, id: &str) -> Option<Progress> {
        self.0.under_way.get(id).filter(|under_way| under_way.is_job).map(|under_way| under_way.progress())
    }

    /// Begins to take a file.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub(crate) async fn upload(&self, name: &str) -> Result<Upload, NotTaken> {
        Upload::begin(&self.0.folder, Uuid::now_v7().to_string(), name).await
    }

    /// Looks at a file that has come, and keeps it where it is a table: read as the last one with these headers.
    ///
    /// # Errors
    /// For what is none, and where there is no room.
    pub(crate) async fn keep(&self, mut upload: Upload, account: &str, member: &MemberId) -> Result<Import, NotTaken> {
        upload.end().await?;
        let name = upload.name.clone();
        let (folder, looked) = (upload.folder.clone(), name.clone());
        let look = look(self.turn_to_look().await?, move || {
            let book = folder.book(&looked)?;
            let seen = outline(&book, &Mapping::default())?;
            Ok((book, seen))
        });
        let ((book, seen), turn) = look.await?;
        let mut remembered = Vec::new();
        for sheet in &seen.sheets {
            let Some(table) = &sheet.table else { continue };
            let known = recall(&self.0.engine, member, &table.fingerprint).await.map_err(stored)?;
            remembered.extend(known.map(|known| Recalled { sheet: &sheet.name, kind: &table.kind, known }));
        }
        let remembered = joined(remembered);
        let mapping = outlined(turn, upload.folder.clone(), book, seen, remembered).await?;
        let now = self.0.engine.now();
        let import = Import {
            id: upload.id.clone(),
            account: account.to_owned(),
            member: member.to_string(),
            name,
            bytes: upload.bytes,
            create_time: now,
            change_time: now,
            mapping,
            phase: Phase::Sent,
            counts: std::collections::BTreeMap::new(),
            waiting: 0,
            tables: 0,
            notes: Vec::new(),
            done: 0,
            total: 0,
            fault: None,
        };
        let this = self.clone();
        self.0.engine.to_the_end(async move { this.keep_looked_at(upload, import).await }).await
    }

    /// Keeps one that has been looked at, with its files; those of others that go for it are taken away.
    async fn keep_looked_at(&self, upload: Upload, import: Import) -> Result<Import, NotTaken> {
        let spared = self.0.under_way.names();
        let kept = self.0.engine.submit(Keep { import: import.clone(), spared }).await?;
        let gone = kept.map_err(|_| NotTaken::Full)?;
        upload.keep();
        for id in gone {
            remove(self.folder(&id)).await?;
        }
        Ok(import)
    }

    /// How many workbooks could be looked at beside those that are.
    #[cfg(test)]
    pub(super) fn free_looks(&self) -> usize {
        self.0.looks.available_permits()
    }

    async fn turn_to_look(&self) -> Result<OwnedSemaphorePermit, NotTaken> {
        Ok(self.0.looks.clone().acquire_owned().await.map_err(|_| WriteError::Closed)?)
    }

    /// What an import looks like.
    ///
    /// # Errors
    /// Where its files are gone.
    pub(crate) async fn outline(&self, import: &Import) -> Result<Outline, NotTaken> {
        let folder = self.folder(&import.id);
        blocking(move || Ok(serde_json::from_slice(&std::fs::read(folder.outline())?).map_err(std::io::Error::from)?))
            .await
    }

    /// Reads the file again as `mapping` says, as far as its columns; what was known of its rows no longer counts.
    ///
    /// # Errors
    /// For a mapping that does not fit, and while something is being done with it.
    pub(crate) async fn look_again(&self, import: &Import, mapping: Mapping) -> Result<Import, NotTaken> {
        let place = self.hold(&import.id)?;
        let (folder, name, wanted) = (self.folder(&import.id), import.name.clone(), mapping.clone());
        let looked = look(self.turn_to_look().await?, move || {
            let seen = outline(&folder.book(&name)?, &wanted)?;
            write_outline(&folder, &seen).map(|()| place)
        });
        // The turn is over before the change is waited for.
        let (place, _) = looked.await?;
        let (this, import) = (self.clone(), import.clone());
        let setting = async move {
            let change = this.change(&import, move |import| {
                import.mapping = mapping;
                import.phase = Phase::Sent;
                import.counts.clear();
                import.fault = None;
            });
            let set = change.await;
            drop(place);
            set
        };
        self.0.engine.to_the_end(setting).await
    }

    /// Keeps everybody else from doing anything with an import for as long as what comes out lasts.
    fn hold(&self, id: &str) -> Result<Place<UnderWay>, NotTaken> {
        self.0.under_way.begin(id, UnderWay::new(false, self.0.stop.child_token())).ok_or(NotTaken::UnderWay)
    }

    pub(super) async fn change(
        &self,
        import: &Import,
        change: impl FnOnce(&mut Import) + Send + Sync + 'static,
    ) -> Result<Import, NotTaken> {
        let done = self.0.engine.submit(Change { key: import.key(), change }).await?;
        done.map_err(|why| match why {
            NotKept::Full | NotKept::Gone => NotTaken::Gone,
        })
    }

    /// Begins to find out what an import would do, or to do it. It goes on without whoever began it.
    ///
    /// # Errors
    /// While something is being done with it, and where it is gone.
    pub(crate) async fn start(&self, job: Job, mapping: Option<Mapping>) -> Result<(), NotTaken> {
        let under_way = UnderWay::new(true, self.0.stop.child_token());
        let place = self.0.under_way.begin(&job.import.id, under_way).ok_or(NotTaken::UnderWay)?;
        let phase = if job.publishes { Phase::Publishing } else { Phase::Trying };
        let this = self.clone();
        let begin = async move {
            let change = this.change(&job.import, move |import| {
                import.phase = phase;
                import.done = 0;
                import.fault = None;
                import.mapping = mapping.unwrap_or_else(|| std::mem::take(&mut import.mapping));
            });
            let import = change.await?;
            let tasks = this.0.tasks.clone();
            tasks.spawn(async move { Job { import, ..job }.run(&this, &place).await });
            Ok(())
        };
        self.0.engine.to_the_end(begin).await
    }

    /// Ends what is being done with it after the rows that are on their way.
    pub(crate) fn interrupt(&self, id: &str) {
        if let Some(under_way) = self.0.under_way.get(id) {
            under_way.stop.cancel();
        }
    }

    /// A page of what is known of the rows, counted from 0.
    ///
    /// # Errors
    /// Where its files are gone.
    pub(crate) async fn rows(
        &self,
        import: &Import,
        state: Option<State>,
        number: usize,
        size: usize,
    ) -> Result<RowsPage, NotTaken> {
        let folder = self.folder(&import.id);
        blocking(move || Ok(rows::page(&folder, state, number, size)?)).await
    }

    /// The workbook with the rows that are wrong; None where there are none.
    ///
    /// # Errors
    /// Where its files cannot be read.
    pub(crate) async fn wrong(&self, import: &Import) -> Result<Option<Vec<u8>>, NotTaken> {
        let folder = self.folder(&import.id);
        blocking(move || match std::fs::read(folder.wrong()) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        })
        .await
    }

    /// Takes an import away, its files too. What it has published stays.
    ///
    /// # Errors
    /// While something is being done with it.
    pub(crate) async fn remove(&self, import: &Import) -> Result<(), NotTaken> {
        let place = self.hold(&import.id)?;
        let (this, key, folder) = (self.clone(), import.key(), self.folder(&import.id));
        let going = async move {
            this.0.engine.submit(Remove(vec![key])).await?;
            remove(folder).await?;
            drop(place);
            Ok(())
        };
        self.0.engine.to_the_end(going).await
    }

    /// Takes away what is too old and what belongs to nothing, now and once an hour, until told to stop.
    pub(crate) async fn keep_clean(self, stop: CancellationToken) {
        loop {
            if let Err(error) = self.clean().await {
                tracing::warn!(error = %crate::error::chain(&error), "old imports could not be removed");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(CLEAN_EVERY) => {}
            }
        }
    }

    async fn clean(&self) -> Result<(), NotTaken> {
        let all = self.0.engine.facts::<Import>(IMPORTS, limits::IMPORTS).await.map_err(stored)?;
        let before = self.0.engine.now().saturating_sub(limits::IMPORT_KEPT.as_micros() as Micros);
        let (mut old, mut kept, mut held) = (Vec::new(), Vec::new(), Vec::new());
        for (key, import) in all {
            let place = if import.change_time < before { self.hold(&import.id).ok() } else { None };
            match place {
                Some(place) => {
                    old.push(key);
                    held.push(place);
                }
                None => kept.push(import.id),
            }
        }
        if !old.is_empty() {
            self.0.engine.submit(Remove(old)).await?;
        }
        let folder = self.0.folder.clone();
        blocking(move || {
            let _held = held;
            let entries = match std::fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            for entry in entries.filter_map(Result::ok) {
                let name = entry.file_name().to_string_lossy().into_owned();
                // One that is coming has no fact yet.
                let fresh = entry
                    .metadata()
                    .and_then(|about| about.modified())
                    .is_ok_and(|at| at.elapsed().is_ok_and(|age| age < CLEAN_EVERY));
                if !kept.contains(&name) && !fresh {
                    Folder::of(&folder, &name).remove();
                }
            }
            Ok(())
        })
        .await
    }
}

/// What was remembered of a table with the headers of one that has come.
struct Recalled<'a> {
    sheet: &'a str,
    /// What the headers say that its rows are.
    kind: &'a str,
    known: Mapping,
}

/// What was remembered of the tables of a workbook, as one mapping. Of columns it counts where the table was of the kind
/// that its headers name; of what was said for all rows, where no two tables differ. None where there is nothing.
fn joined(remembered: Vec<Recalled<'_>>) -> Option<Mapping> {
    let mut all = Mapping::default();
    let mut differing = BTreeSet::new();
    for Recalled { sheet, kind, known } in remembered {
        all.kinds.insert(sheet.to_owned(), kind.to_owned());
        if known.kind.as_deref() == Some(kind) {
            let columns = known.columns.into_iter();
            let columns = columns.map(|column| ColumnMapping { kind: Some(kind.to_owned()), ..column });
            for column in columns {
                if !all.columns.contains(&column) {
                    all.columns.push(column);
                }
            }
        }
        for (field, value) in known.values {
            if all.values.get(&field).is_some_and(|other| *other != value) {
                differing.insert(field);
            } else {
                all.values.insert(field, value);
            }
        }
        all.words.extend(known.words);
    }
    all.values.retain(|field, _| !differing.contains(field));
    (!all.kinds.is_empty()).then_some(all)
}

/// Looks at a workbook in its turn, which whoever looks at it again has still.
async fn look<T: Send + 'static>(
    turn: OwnedSemaphorePermit,
    work: impl FnOnce() -> Result<T, NotTaken> + Send + 'static,
) -> Result<(T, OwnedSemaphorePermit), NotTaken> {
    let (done, turn) = aside(turn, work).await.map_err(broken)?;
    Ok((done?, turn))
}

/// Writes down what a workbook looks like, as was remembered of one with its headers where that still fits.
async fn outlined(
    turn: OwnedSemaphorePermit,
    folder: Folder,
    book: Workbook,
    seen: Outline,
    remembered: Option<Mapping>,
) -> Result<Mapping, NotTaken> {
    let look = look(turn, move || {
        let remembered = remembered.and_then(|mapping| Some((outline(&book, &mapping).ok()?, mapping)));
        let (seen, mapping) = remembered.unwrap_or((seen, Mapping::default()));
        write_outline(&folder, &seen)?;
        Ok(mapping)
    });
    Ok(look.await?.0)
}

async fn remove(folder: Folder) -> Result<(), NotTaken> {
    blocking(move || {
        folder.remove();
        Ok(())
    })
    .await
}

fn write_outline(folder: &Folder, seen: &Outline) -> Result<(), NotTaken> {
    let bytes = serde_json::to_vec(seen).map_err(std::io::Error::from)?;
    Ok(super::files::replace(&folder.outline(), &bytes)?)
}

fn stored(error: StoreError) -> NotTaken {
    WriteError::Store(Arc::new(error)).into()
}

/// Work for a thread of its own.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, NotTaken> + Send + 'static,
) -> Result<T, NotTaken> {
    tokio::task::spawn_blocking(work).await.map_err(broken)?
}

fn broken(error: JoinError) -> NotTaken {
    SheetError::Broken(error.to_string()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(kind: &str, field: &str, audience: &str) -> Mapping {
        Mapping {
            kind: Some(kind.to_owned()),
            columns: vec![ColumnMapping {
                header: "名目".to_owned(),
                field: Some(field.to_owned()),
                ..ColumnMapping::default()
            }],
            values: [("audience", audience), ("person", "李明")].map(|(a, b)| (a.to_owned(), b.to_owned())).into(),
            ..Mapping::default()
        }
    }

    #[test]
    fn what_is_remembered_of_one_sheet_does_not_rule_another() {
        let recalled = vec![
            Recalled { sheet: "资金", kind: "capital", known: known("capital", "title", "公开") },
            // It was once read as what it is not.
            Recalled { sheet: "项目", kind: "project", known: known("capital", "amount", "网络成员") },
            Recalled { sheet: "技术", kind: "technology", known: known("technology", "body", "公开") },
        ];
        let all = joined(recalled).unwrap();
        assert_eq!(all.kind, None);
        let kinds: Vec<(&str, &str)> = all.kinds.iter().map(|(sheet, kind)| (&**sheet, &**kind)).collect();
        assert_eq!(kinds, [("技术", "technology"), ("资金", "capital"), ("项目", "project")]);
        let columns: Vec<_> =
            all.columns.iter().map(|column| (column.kind.as_deref(), column.field.as_deref())).collect();
        assert_eq!(columns, [(Some("capital"), Some("title")), (Some("technology"), Some("body"))]);
        let values: Vec<&str> = all.values.keys().map(|field| &**field).collect();
        assert_eq!(values, ["person"], "on the audience they differ");
        assert_eq!(joined(Vec::new()), None);
    }
}
