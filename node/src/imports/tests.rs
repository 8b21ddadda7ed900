//! Those who import and hang up in the middle of it, over a real store and real files.

use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use duikou_proto::language::Language;
use futures_util::poll;
use tokio::net::unix::pipe;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Import, Imports, Job, NotTaken, Phase, Upload};
use crate::accounts::{Person, Role};
use crate::services::InProcess;
use crate::services::tests::{World, hang_up, id};

const TABLE: &str = "标题,方向,地区,资金方式,可见范围\n甲,供给,毕节市,股权,公开\n";
/// How long anything may take that happens at once.
const AT_ONCE: Duration = Duration::from_secs(30);

struct Bench {
    world: World,
    folder: tempfile::TempDir,
    imports: Imports,
    person: Arc<Person>,
}

impl Bench {
    async fn new() -> Self {
        let (world, folder) = (World::new().await, tempfile::tempdir().unwrap());
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let imports = Imports::new(world.engine.clone(), folder.path().to_owned(), tasks, stop);
        let secret = world.session("li", "a", Role::Editor).await;
        let person = Arc::new(world.accounts.person(&secret).await.unwrap().unwrap());
        Self { world, folder, imports, person }
    }

    fn account(&self) -> &str {
        &self.person.account.id
    }

    async fn sent(&self) -> Upload {
        let mut upload = self.imports.upload("a.csv").await.unwrap();
        upload.write(TABLE.as_bytes()).await.unwrap();
        upload
    }

    async fn keep(&self) -> Result<Import, NotTaken> {
        self.imports.keep(self.sent().await, self.account(), &id("a")).await
    }

    fn job(&self, import: &Import) -> Job {
        Job {
            import: import.clone(),
            publishes: false,
            person: self.person.clone(),
            accounts: self.world.accounts.clone(),
            services: InProcess::new(&self.world.context),
            language: Language::En,
        }
    }

    async fn import(&self, id: &str) -> Import {
        self.imports.get(self.account(), id).await.unwrap().unwrap()
    }

    /// Waits until nothing is being done with it.
    async fn rests(&self, id: &str) -> Import {
        let resting = async {
            while self.imports.progress(id).is_some() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(AT_ONCE, resting).await.expect("it comes to its end");
        self.import(id).await
    }
}

#[tokio::test]
async fn what_is_kept_of_whoever_hangs_up_has_its_files() {
    let bench = Bench::new().await;
    let kept = async || bench.imports.list(bench.account()).await.unwrap();
    hang_up(&bench.world.engine, || bench.keep(), async || !kept().await.is_empty()).await;
    let [import] = &kept().await[..] else { panic!("one is kept") };
    let seen = bench.imports.outline(import).await.expect("its files are there");
    assert!(seen.sheets.iter().any(|sheet| sheet.table.is_some()));
}

#[tokio::test]
async fn what_is_begun_by_whoever_hangs_up_is_done_and_can_be_begun_again() {
    let bench = Bench::new().await;
    let import = bench.keep().await.unwrap();
    let begun = async || bench.import(&import.id).await.phase != Phase::Sent;
    hang_up(&bench.world.engine, || bench.imports.start(bench.job(&import), None), begun).await;
    let tried = bench.rests(&import.id).await;
    assert_eq!((tried.phase, tried.fault), (Phase::Tried, None));

    bench.imports.start(bench.job(&import), None).await.expect("nothing is being done with it");
    assert_eq!(bench.rests(&import.id).await.phase, Phase::Tried);
}

#[tokio::test]
async fn what_is_given_up_by_whoever_hangs_up_leaves_no_files() {
    let bench = Bench::new().await;
    let import = bench.keep().await.unwrap();
    let gone = async || bench.imports.get(bench.account(), &import.id).await.unwrap().is_none();
    hang_up(&bench.world.engine, || bench.imports.remove(&import), gone).await;
    let left = || std::fs::read_dir(bench.folder.path()).unwrap().count();
    let removing = async {
        while left() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(AT_ONCE, removing).await.expect("its files go");
}

#[tokio::test]
async fn one_thing_at_a_time_is_done_with_an_import() {
    let bench = Bench::new().await;
    let import = bench.keep().await.unwrap();
    let busy = |done: Result<(), NotTaken>| assert!(matches!(done, Err(NotTaken::UnderWay)), "{done:?}");
    {
        let mut looking = pin!(bench.imports.look_again(&import, import.mapping.clone()));
        assert!(poll!(&mut looking).is_pending());
        busy(bench.imports.start(bench.job(&import), None).await);
        busy(bench.imports.remove(&import).await);
        assert_eq!(bench.imports.progress(&import.id), None, "what is over at once is not shown");
        looking.await.unwrap();
    }
    let mut going = pin!(bench.imports.remove(&import));
    assert!(poll!(&mut going).is_pending());
    busy(bench.imports.start(bench.job(&import), None).await);
    busy(bench.imports.look_again(&import, import.mapping.clone()).await.map(drop));
    going.await.unwrap();
    assert!(matches!(bench.imports.start(bench.job(&import), None).await, Err(NotTaken::Gone)));
}

/// Puts a file in the place of `path` that cannot be read to its end before somebody has written it.
fn endless(path: &Path) {
    std::fs::remove_file(path).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[tokio::test]
async fn one_workbook_at_a_time_is_looked_at_although_its_sender_hangs_up() {
    let bench = Bench::new().await;
    let (upload, member) = (bench.sent().await, id("a"));
    let sent = bench.folder.path().join(&upload.id).join("sent");
    endless(&sent);
    let written = {
        let mut call = pin!(bench.imports.keep(upload, bench.account(), &member));
        loop {
            assert!(poll!(&mut call).is_pending());
            // It can be written from when on somebody reads it.
            if let Ok(written) = pipe::OpenOptions::new().open_sender(&sent) {
                break written;
            }
            tokio::task::yield_now().await;
        }
    };
    assert_eq!(bench.imports.free_looks(), 0, "it is still being read");
    drop(written);
    bench.keep().await.expect("the next has its turn afterwards");
}
