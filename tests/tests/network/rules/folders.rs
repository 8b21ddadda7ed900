//! Folders that a server does not start on: it says why and what to do, and starts once that is done.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use duikou_tests::harness::{Network, free_port};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use super::failed;

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_others_can_read_is_not_used() {
    let net = Network::new(721).gateway().node("shenzhen", &["shenzhen"]).start().await;
    let node = net.node("shenzhen");
    node.stop().await;
    let keys = fs::read_dir(node.dir().join("keys")).unwrap().map(|entry| entry.unwrap().path());
    let signing = keys.into_iter().find(|path| path.extension().is_some_and(|end| end == "signing")).unwrap();
    for key in [signing, node.dir().join("tls.key")] {
        fs::set_permissions(&key, Permissions::from_mode(0o644)).unwrap();
        let hint = format!("chmod 600 {}", key.display());
        failed(&node.cli(&["serve"]).await, 78, &[&hint]);
        failed(&node.cli(&["serve", "--language", "en"]).await, 78, &[&hint]);
        fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    }
    node.start().await;
    node.linked().await;
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_is_named_and_the_folder_is_free_again() {
    let net = Network::new(722).gateway().node("shenzhen", &["shenzhen"]).start().await;
    let node = net.node("shenzhen");
    node.stop().await;
    let taken = format!("127.0.0.1:{}", free_port());
    let holder = std::net::TcpListener::bind(&taken).unwrap();
    let setting = format!("web.listen={taken}");
    let output = node.cli(&["serve", "--set", &setting, "--language", "en"]).await;
    failed(&output, 69, &[&taken, "another program may have that port"]);
    assert!(!node.dir().join("addresses.json").exists());
    drop(holder);
    node.start().await;
    node.linked().await;
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_in_use_is_left_alone() {
    let net = Network::new(723).gateway().node("shenzhen", &["shenzhen"]).start().await;
    let node = net.node("shenzhen");
    let token = net.invite("zunyi").await;
    for args in [&["serve"][..], &["check"], &["join", &token]] {
        let mut args = args.to_vec();
        args.extend(["--language", "en"]);
        failed(&node.cli(&args).await, 75, &["in use by another process", "stop the server"]);
    }
    failed(&net.gateway().cli(&["serve", "--language", "en"]).await, 75, &["in use by another process"]);
    assert_eq!(node.status().await.unwrap().members.len(), 1, "the first goes on");
    node.linked().await;
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn data_of_a_newer_version_is_not_touched() {
    let net = Network::new(724).gateway().node("shenzhen", &["shenzhen"]).start().await;
    let node = net.node("shenzhen");
    node.stop().await;
    let options = SqliteConnectOptions::new().filename(node.dir().join("data.db"));
    let mut connection = options.connect().await.unwrap();
    let insert = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                  VALUES (99999999999999, 'of tomorrow', TRUE, x'00', 0)";
    sqlx::query(insert).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let before = fs::read(node.dir().join("data.db")).unwrap();
    for (language, said) in [("zh", "请安装更新的版本"), ("en", "install the newer version")] {
        failed(&node.cli(&["serve", "--language", language]).await, 78, &[said, "99999999999999"]);
    }
    assert!(before == fs::read(node.dir().join("data.db")).unwrap(), "the database was written");
    net.leave("nothing here can read that database");
}
