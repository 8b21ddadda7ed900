//! The node's commands on a folder, and what their errors are to the person who gave the command.

use std::path::Path;

use async_trait::async_trait;
use duikou_proto::directory::Directory;
use duikou_proto::name::NodeId;
use duikou_proto::sign::verify_all;

use crate::audit::Broken;
use crate::backup::{self, BackupError};
use crate::cli::{CheckReport, CommandError, ExitCode, FolderCommands, JoinReport, Text, words};
use crate::config::Config;
use crate::engine::audit::verify as verify_audit;
use crate::engine::{StartError, read_directory};
use crate::enrol::{self, JoinError};
use crate::error::chain;
use crate::node;
use crate::server::{AUTHORITY_KEY_FILE, Folder, FolderError, ServeError};
use crate::store::sqlite::SqliteStore;
use crate::store::{Damaged, Order, Store, StoreError, Stretch};
use crate::trust::dial::DialError;
use crate::trust::key_file::KeyFileError;
use crate::world::{random, system_time};

/// Rows, or small things, that are read in one statement.
const ROWS: usize = 512;

/// The real thing behind [`FolderCommands`].
#[derive(Debug, Clone, Copy, Default)]
pub struct AtRest;

#[async_trait(?Send)]
impl FolderCommands for AtRest {
    async fn serve(&self, dir: &Path, config: Config) -> anyhow::Result<()> {
        // It would serve without the links that make it one.
        if config.link.gateway.is_none() && dir.join(AUTHORITY_KEY_FILE).exists() {
            return Err(CommandError::of_another_program(dir, Text::new("网关", "gateway"), "duikou-gateway").into());
        }
        Ok(node::serve(dir, config).await.map_err(|error| served(&error))?)
    }

    async fn join(&self, dir: &Path, token: &str, node: Option<&str>) -> anyhow::Result<JoinReport> {
        let joined = enrol::join(dir, token, node).await.map_err(|error| not_joined(&error))?;
        Ok(JoinReport {
            network: joined.network.to_string(),
            node: joined.node.to_string(),
            member: joined.member.to_string(),
            gateway: joined.gateway.to_string(),
            root_fingerprint: joined.root_fingerprint,
        })
    }

    async fn recover(&self, dir: &Path, token: Option<&str>) -> anyhow::Result<()> {
        match token {
            Some(token) => drop(enrol::recover_keys(dir, token).await.map_err(|error| not_joined(&error))?),
            None => enrol::recover(dir).await.map_err(|error| not_joined(&error))?,
        }
        Ok(())
    }

    async fn backup(&self, dir: &Path, target: &Path) -> anyhow::Result<u64> {
        let exists = Text::new("请换一个尚不存在的文件夹", "name a folder that does not exist yet");
        Ok(backup::create_at_rest(dir, target).await.map_err(|error| not_copied(&error, exists))?)
    }

    async fn restore(&self, copy: &Path, dir: &Path) -> anyhow::Result<u64> {
        let exists = Text::new(
            "请先停止服务并移走旧目录，或用 --dir 另选空目录",
            "stop the server and move its old folder away first, or choose an empty one: --dir",
        );
        let restored = backup::restore(copy, dir).await;
        Ok(restored.map_err(|error| match &error {
            BackupError::Store(StoreError::Damaged(_)) => {
                let text = Text::new(
                    format!("{} 中的数据库已损坏，未还原", copy.display()),
                    format!("the database in {} is damaged: nothing was restored", copy.display()),
                );
                CommandError::new(ExitCode::BadData, text).cause(chain(&error)).hint(Text::new(
                    "若是在服务运行时逐个拷贝的文件，请改用 backup 所写的备份、磁盘快照，或停止服务后再拷贝",
                    "where files were copied one by one while the server ran, take what backup wrote, a snapshot of the disk, or a copy of the stopped server",
                ))
            }
            _ => not_copied(&error, exists),
        })?)
    }

    async fn check(&self, dir: &Path) -> anyhow::Result<CheckReport> {
        Ok(check(dir).await.map_err(|error| served(&error))?)
    }
}

/// Reads everything in a folder at rest: what the database finds wrong with itself, whether the directory replays, every
/// row and every small thing can be read, every signature verifies, and the audit trail is whole.
async fn check(dir: &Path) -> Result<CheckReport, ServeError> {
    let folder = Folder::take(dir)?;
    let database = folder.database();
    if !database.exists() {
        return Err(FolderError::Empty { dir: dir.to_owned(), what: "data.db" }.into());
    }
    folder.signers()?;
    let wrong = |error| ServeError::Store(folder.database(), error);
    let store = SqliteStore::open(&database).await.map_err(wrong)?;
    let mut report = CheckReport::default();
    for fault in store.integrity().await.map_err(wrong)? {
        report.problem(format!("数据库文件：{fault}"), format!("the database's file: {fault}"));
    }
    let directory = match read_directory(&store).await {
        Ok(directory) => Some(directory),
        Err(StartError::Store(error)) if !is_damage(&error) => return Err(wrong(error)),
        Err(error) => {
            let error = chain(&error);
            report.problem(
                format!("网络目录：{error}。没有目录，签名和审计记录无法核对"),
                format!("the directory: {error}. Without it neither signatures nor the audit trail can be verified"),
            );
            None
        }
    };
    let node = Config::load(&folder.config()).ok().and_then(|config| config.node.id);
    if node.is_none() {
        report.problem(
            "duikou.toml 不能用，或没有 node.id：审计记录无法核对",
            "duikou.toml cannot be used, or has no node.id: the audit trail cannot be verified",
        );
    }
    tolerate(check_rows(&store, directory.as_ref(), &mut report).await, &mut report).map_err(wrong)?;
    tolerate(check_facts(&store, &mut report).await, &mut report).map_err(wrong)?;
    if let (Some(directory), Some(node)) = (&directory, &node) {
        tolerate(check_audit(&store, node, directory, &mut report).await, &mut report).map_err(wrong)?;
    }
    store.close().await;
    Ok(report)
}

fn is_damage(error: &StoreError) -> bool {
    matches!(error, StoreError::Inconsistent { .. } | StoreError::Damaged(_))
}

/// What the store could not read because it is damaged is a problem like others; only that nothing can be read is a failure.
fn tolerate(checked: Result<(), StoreError>, report: &mut CheckReport) -> Result<(), StoreError> {
    match checked {
        Err(error) if is_damage(&error) => {
            let error = chain(&error);
            report.problem(format!("无法继续读取：{error}"), format!("what follows cannot be read: {error}"));
            Ok(())
        }
        other => other,
    }
}

/// Every row can be read, lies where the feed finds it, and says what its origin has signed.
async fn check_rows(
    store: &dyn Store,
    directory: Option<&Directory>,
    report: &mut CheckReport,
) -> Result<(), StoreError> {
    let (now, newest) = (system_time(), store.read().await?.counter().await?.seq);
    let mut after = Some(String::new());
    while let Some(from) = after {
        let Stretch { rows, damaged, next } = store.read().await?.range("", &from, ROWS).await?;
        after = next;
        for Damaged { name, detail } in damaged {
            report.problem(format!("{name}：无法读取（{detail}）"), format!("{name}: it cannot be read ({detail})"));
        }
        for row in &rows {
            let positions = [Order::Link, Order::Content].map(|order| row.positions(order));
            if positions.as_flattened().iter().any(|position| *position > newest) {
                let name = &row.name;
                report.problem(
                    format!("{name}：其序号大于数据库的最新序号 {newest}"),
                    format!("{name}: it lies behind {newest}, the newest number of the database"),
                );
            }
        }
        let Some(directory) = directory else { continue };
        let parts: Vec<_> = rows.iter().flat_map(|row| row.record.iter().chain(&row.withdrawal)).collect();
        let mut claims = Vec::with_capacity(parts.len());
        let mut claimed = Vec::with_capacity(parts.len());
        for part in parts {
            let name = part.name();
            match directory.verifying_key(name.origin_str(), part.key_number(), now) {
                Some(key) => {
                    claims.push(part.claim(key));
                    claimed.push(name);
                }
                None => report
                    .problem(format!("{name}：已没有能验证它的密钥"), format!("{name}: no key verifies it any longer")),
            }
        }
        report.records += claims.len() as u64;
        let verdicts = verify_all(&claims, random());
        for (name, _) in claimed.iter().zip(verdicts).filter(|(_, good)| !good) {
            report.problem(format!("{name}：签名不符"), format!("{name}: its signature does not verify"));
        }
    }
    Ok(())
}

/// Every small thing is of the form that all have. Whether it is what stands under its key is for its reader to tell.
async fn check_facts(store: &dyn Store, report: &mut CheckReport) -> Result<(), StoreError> {
    let mut after = String::new();
    loop {
        let facts = store.read().await?.facts("", &after, ROWS).await?;
        let Some((last, _)) = facts.last() else { return Ok(()) };
        after = last.clone();
        for (key, value) in &facts {
            if let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(value) {
                report.problem(format!("{key}：无法读取（{error}）"), format!("{key}: it cannot be read ({error})"));
            }
        }
    }
}

async fn check_audit(
    store: &dyn Store,
    node: &NodeId,
    directory: &Directory,
    report: &mut CheckReport,
) -> Result<(), StoreError> {
    if let Some(Broken { number, why }) = verify_audit(store, node, directory, None).await?.broken {
        let why = why.code();
        report.problem(
            format!("审计记录自第 {number} 条起不完整（{why}）"),
            format!("the audit trail is not as it was written: entry {number} is the first ({why})"),
        );
    }
    Ok(())
}

/// What a failure to serve is to the operator.
pub fn served(error: &ServeError) -> CommandError {
    let told = |kind, zh: String, en: String| CommandError::new(kind, Text::new(zh, en));
    match error {
        ServeError::Folder(error) => folder(error),
        ServeError::Start(StartError::Store(error)) | ServeError::Store(_, error) => store(error),
        ServeError::Listen { address, source } => {
            let kind = match source.kind() {
                std::io::ErrorKind::AddrInUse => ExitCode::Unavailable,
                std::io::ErrorKind::PermissionDenied => ExitCode::NotPermitted,
                _ => ExitCode::Unavailable,
            };
            told(kind, format!("无法监听 {address}"), format!("cannot listen on {address}"))
                .because(words::of_connection(source))
                .hint(Text::new(
                    "另一个程序可能占用了该端口：请停止它，或在 duikou.toml 中改用其他端口",
                    "another program may have that port: stop it, or choose another one in duikou.toml",
                ))
        }
        ServeError::Restored(_) => told(
            ExitCode::Unavailable,
            "已恢复的数据无法写入".to_owned(),
            "the restored data cannot be written".to_owned(),
        )
        .cause(chain(error))
        .hint(Text::new("请检查磁盘空间和权限", "look at the disk: is it full, or not this user's?")),
        ServeError::Identity(_) | ServeError::LinkTls(_) | ServeError::WebTls(_) | ServeError::Tls(_) => told(
            ExitCode::Configuration,
            "证书或密钥无法使用".to_owned(),
            "a certificate or key cannot be used".to_owned(),
        )
        .cause(chain(error)),
        ServeError::Name { configured, certified } => CommandError::called_otherwise(configured, certified),
        ServeError::Config(text) => told(ExitCode::Configuration, format!("配置有误：{text}"), text.clone()),
        ServeError::Delivery(error) | ServeError::Provider(error) => {
            told(ExitCode::Configuration, format!("配置有误：{}", chain(error)), chain(error))
        }
        ServeError::Start(_) | ServeError::Directory(_) => {
            told(ExitCode::BadData, "目录日志已损坏".to_owned(), "the directory's log is damaged".to_owned())
                .cause(chain(error))
                .hint(Text::new(
                    "请从备份恢复，或用 recover 从网关取回",
                    "restore a backup, or use recover to take it all back from the gateway",
                ))
        }
        ServeError::Io(error) => CommandError::io("", error),
        ServeError::Broken(what) => told(
            ExitCode::Bug,
            format!("服务的一部分意外终止（{what}），因此整个服务已停止"),
            format!("a part of the server has ended ({what}), and so the server has"),
        )
        .hint(Text::new(
            "服务管理程序会重新启动它；请把日志中之前的内容报告给维护者",
            "the service manager starts it again; please report what stands before in the log to those who maintain it",
        )),
    }
}

fn folder(error: &FolderError) -> CommandError {
    match error {
        FolderError::InUse(dir) => CommandError::new(
            ExitCode::TryAgain,
            Text::new(format!("{} 正被另一个进程使用", dir.display()), error.to_string()),
        )
        .hint(Text::new("若服务正在运行，请先停止它", "stop the server that runs there first")),
        FolderError::Empty { dir, what } => CommandError::new(
            ExitCode::InputMissing,
            Text::new(format!("{} 不是对口的数据目录：缺少 {what}", dir.display()), error.to_string()),
        )
        .hint(Text::new(
            "新节点请先用网关给的邀请码执行 duikou-node join",
            "a new node begins with duikou-node join and a token from the gateway",
        )),
        FolderError::Io(dir, error) => CommandError::in_folder(dir.display(), error),
        FolderError::Key(error) => key(error),
    }
}

fn key(error: &KeyFileError) -> CommandError {
    match error {
        KeyFileError::Loose(loose) => CommandError::new(
            ExitCode::Configuration,
            Text::new(format!("密钥文件 {} 的权限过宽：其他用户也能读取", loose.path.display()), loose.to_string()),
        )
        .hint(Text::same(format!("chmod 600 {}", loose.path.display()))),
        _ => CommandError::new(ExitCode::Configuration, Text::same(chain(error))),
    }
}

fn store(error: &StoreError) -> CommandError {
    match error {
        StoreError::Full(_) => {
            CommandError::new(ExitCode::Io, Text::new("磁盘已满", "the disk is full")).hint(Text::new(
                "请腾出空间后重试；已确认的数据没有丢失",
                "free some room and try again; nothing acknowledged is lost",
            ))
        }
        StoreError::Newer { found, known } => CommandError::new(
            ExitCode::Configuration,
            Text::new(
                format!("数据由更新版本的程序写入（结构版本 {found}，本程序只认识到 {known}）"),
                error.to_string(),
            ),
        )
        .hint(Text::new("请安装更新的版本", "install the newer version of this program")),
        StoreError::Inconsistent { .. } => {
            CommandError::new(ExitCode::BadData, Text::new("数据已损坏", "the data is damaged")).cause(error)
        }
        StoreError::Damaged(_) => {
            CommandError::new(ExitCode::BadData, Text::new("数据库已损坏", "the database is damaged"))
                .cause(chain(error))
                .hint(Text::new(
                    "停止服务，移走旧目录，用 restore 还原备份；节点没有备份的，只移走 data.db*，再执行 recover 从网关取回；网关没有备份的，用 rebuild 重建。见运维手册第 4 节",
                    "stop the server, move the folder away and restore a backup; without one a node moves data.db* alone away and takes its records back with recover, a gateway is made anew with rebuild: see the handbook, 4",
                ))
        }
        StoreError::Database(_) => {
            CommandError::new(ExitCode::Io, Text::new("数据库无法使用", "the database cannot be used"))
                .cause(chain(error))
        }
    }
}

/// What a copy that was not made is to the operator; `exists`: what to do where it would overwrite something.
fn not_copied(error: &BackupError, exists: Text) -> CommandError {
    let told = |kind| CommandError::new(kind, error.text());
    match error {
        BackupError::Exists(_) => told(ExitCode::CannotCreate).hint(exists),
        BackupError::Inside(_) => {
            told(ExitCode::CannotCreate).hint(Text::new("请换一个目录之外的文件夹", "name a folder outside of it"))
        }
        BackupError::NoBackup(_) => told(ExitCode::InputMissing),
        BackupError::InUse(path) => told(ExitCode::TryAgain).hint(Text::new(
            format!("服务运行时请用它自己的备份：backup FOLDER --dir {}", path.display()),
            format!("a server that runs makes its own copy: backup FOLDER --dir {}", path.display()),
        )),
        BackupError::Deep(_) => told(ExitCode::BadData),
        BackupError::Store(error) => store(error),
        BackupError::File { path, source } => CommandError::in_folder(path.display(), source),
    }
}

fn not_joined(error: &JoinError) -> CommandError {
    let refused = |zh: &'static str| CommandError::new(ExitCode::NotPermitted, Text::new(zh, error.to_string()));
    let ask = || Text::new("请向网关管理员重新索取邀请码", "ask the gateway's operator for a new token");
    match error {
        JoinError::NoToken => refused("邀请码无效：是否复制不全或输入有误？").hint(ask()),
        JoinError::Expired => refused("邀请码已过期").hint(ask()),
        JoinError::Foreign { token, folder } => {
            let zh = format!("邀请码属于网络 {token}，而本目录属于 {folder}");
            CommandError::new(ExitCode::NotPermitted, Text::new(zh, error.to_string()))
                .hint(Text::new("请另选一个空目录：--dir", "choose an empty folder: --dir"))
        }
        JoinError::WrongRoot { .. } | JoinError::Unsound(_) | JoinError::Certificates(_) | JoinError::Directory(_) => {
            refused("网关出示的身份与邀请码不符，已拒绝").cause(chain(error)).hint(Text::new(
                "请与网关管理员电话核对根密钥指纹",
                "compare the root key's fingerprint with the gateway's operator by telephone",
            ))
        }
        JoinError::Refused(status) => {
            let error = CommandError::from(status.clone());
            if error.kind == ExitCode::NotPermitted { error.hint(ask()) } else { error }
        }
        JoinError::Dial(address, source) => match DialError::find(source) {
            Some(DialError::Peer { source, .. }) => {
                refused("网关出示的身份与邀请码不符，已拒绝").cause(source).hint(Text::new(
                    "请与网关管理员电话核对根密钥指纹",
                    "compare the root key's fingerprint with the gateway's operator by telephone",
                ))
            }
            _ => CommandError::new(
                ExitCode::Unavailable,
                Text::new(format!("无法连接网关 {address}"), format!("the gateway at {address} cannot be reached")),
            )
            .cause(chain(source))
            .hint(Text::new("请检查网络、防火墙和代理设置", "check the network, the firewall and the proxy")),
        },
        JoinError::Folder(error) => folder(error),
        JoinError::Key(error) => key(error),
        JoinError::Serve(error) => served(error),
        JoinError::Io(error) => CommandError::io("", error),
        JoinError::Name(_) | JoinError::Route(_) => refused("邀请码无效").cause(chain(error)).hint(ask()),
        JoinError::Config(text) => CommandError::new(ExitCode::Configuration, Text::same(text.clone())),
        JoinError::Identity(_) | JoinError::LinkTls(_) | JoinError::Tls(_) | JoinError::Request(_) => {
            CommandError::new(
                ExitCode::Configuration,
                Text::new("证书或密钥无法使用", "a certificate or key cannot be used"),
            )
            .cause(chain(error))
        }
        JoinError::Start(_) | JoinError::Write(_) => {
            CommandError::new(ExitCode::Io, Text::new("目录中的数据无法写入", "the folder's data cannot be written"))
                .cause(chain(error))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Language;

    fn hints(error: &CommandError) -> String {
        error.hints.iter().map(|hint| hint.in_language(Language::En)).collect::<Vec<_>>().join("; ")
    }

    #[tokio::test]
    async fn a_file_that_is_no_database_is_damage_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path();
        std::fs::write(dir.join("duikou.toml"), "").unwrap();
        std::fs::write(dir.join("data.db"), "nothing that SQLite wrote, and longer than its header is: ".repeat(100))
            .unwrap();
        let error = CommandError::from_anyhow(&AtRest.check(dir).await.unwrap_err());
        assert_eq!(error.kind, ExitCode::BadData);
        assert!(hints(&error).contains("restore a backup"), "{error:?}");
        let elsewhere = tempfile::tempdir().unwrap();
        let target = elsewhere.path().join("backup");
        let error = CommandError::from_anyhow(&AtRest.backup(dir, &target).await.unwrap_err());
        assert!(error.kind == ExitCode::BadData && !target.exists(), "{error:?}");
        let error = CommandError::from_anyhow(&AtRest.restore(dir, &target).await.unwrap_err());
        assert!(error.kind == ExitCode::BadData && hints(&error).contains("snapshot"), "{error:?}");
    }

    #[tokio::test]
    async fn a_copy_that_would_overwrite_something_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let (copy, dir) = (folder.path().join("copy"), folder.path().join("dir"));
        for path in [&copy, &dir] {
            std::fs::create_dir(path).unwrap();
            drop(SqliteStore::open(&path.join("data.db")).await.unwrap());
        }
        let error = CommandError::from_anyhow(&AtRest.restore(&copy, &dir).await.unwrap_err());
        assert_eq!(error.kind, ExitCode::CannotCreate);
        assert!(hints(&error).contains("move its old folder away"), "{error:?}");
        let error = CommandError::from_anyhow(&AtRest.backup(&copy, &dir).await.unwrap_err());
        assert!(error.kind == ExitCode::CannotCreate && hints(&error).contains("does not exist yet"), "{error:?}");
    }

    #[test]
    fn what_cannot_be_looked_into_is_not_absent() {
        let folder = tempfile::tempdir().unwrap();
        // To the system's administrator, whom it denies nothing, a file stands in for a folder that is somebody else's.
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert!(matches!(Folder::take(&file), Err(FolderError::Io(..))));
        assert!(matches!(Folder::take(&folder.path().join("absent")), Err(FolderError::Empty { .. })));
        let denied = FolderError::Io(file, std::io::ErrorKind::PermissionDenied.into());
        let error = super::folder(&denied);
        assert_eq!(error.kind, ExitCode::NotPermitted);
        assert!(hints(&error).contains("owner of the folder"), "{error:?}");
    }
}
