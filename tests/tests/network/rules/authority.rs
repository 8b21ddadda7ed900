//! Certificates are renewed, the network's authority and its directory key are followed by others, and the root key is
//! nowhere but where its holder uses it.

use std::path::Path;
use std::time::Duration;

use duikou_tests::harness::{Network, Program, Server, WebCertificate, offer, run_program, within};

use super::{PATIENCE, failed};

fn certificates(path: &Path) -> usize {
    std::fs::read_to_string(path).unwrap().matches("BEGIN CERTIFICATE").count()
}

fn bytes(server: &Server, file: &str) -> Vec<u8> {
    std::fs::read(server.dir().join(file)).unwrap()
}

/// Waits until a file of `server` is another than `before`.
async fn changes(server: &Server, file: &str, before: &[u8]) -> Vec<u8> {
    let changed = async || {
        let now = bytes(server, file);
        if now == before { Err(format!("{file} is what it was")) } else { Ok(now) }
    };
    within(PATIENCE, changed).await.unwrap_or_else(|text| panic!("{}: {text}", server.name()))
}

/// Waits until the public listener of `server` shows another certificate than `before` to one who believes those in `file`.
async fn shows_another(server: &Server, file: &Path, before: &[u8]) -> Vec<u8> {
    let shown = async || match server.shows(file).await {
        Ok(shown) if shown != before => Ok(shown),
        shown => Err(format!("{:?}", shown.map(|_| "the one from before"))),
    };
    within(PATIENCE, shown).await.unwrap_or_else(|text| panic!("{}: {text}", server.name()))
}

async fn publishes(from: &Server, to: &Server, id: &str) {
    from.publish(offer(id)).await.unwrap();
    to.sees(&format!("members/{}/listings/{id}", from.name())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_are_renewed_at_half_of_their_life_and_after_it_by_a_key_of_a_member() {
    let mut net = Network::new(721).gateway().node("shenzhen", &["shenzhen"]).start().await;
    net.gateway().stop().await;
    net.gateway().start_with(&[("DUIKOU_LINK_CERTIFICATES", "10s")]).await;
    net.join("zunyi", &["zunyi"]).await;
    let (gateway, zunyi) = (net.gateway(), net.node("zunyi"));
    zunyi.linked().await;
    let authority = zunyi.dir().join("ca.crt");
    let shown = zunyi.shows(&authority).await.unwrap();
    let first = bytes(zunyi, "tls.crt");
    let second = changes(zunyi, "tls.crt", &first).await;
    changes(zunyi, "tls.crt", &second).await;
    let shown = shows_another(zunyi, &authority, &shown).await;
    shows_another(zunyi, &authority, &shown).await;
    zunyi.restart().await;
    zunyi.linked().await;

    // Away until it has ended, it proves itself by what its member signs with.
    zunyi.stop().await;
    let ended = bytes(zunyi, "tls.crt");
    // Meanwhile the gateway is away for longer than nodes wait before they look what is wrong, and has forgotten nothing.
    let kept = bytes(net.node("shenzhen"), "tls.crt");
    gateway.stop().await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    gateway.start_with(&[("DUIKOU_LINK_CERTIFICATES", "10s")]).await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    net.node("shenzhen").linked().await;
    assert_eq!(bytes(net.node("shenzhen"), "tls.crt"), kept, "an outage alone costs no certificate");
    zunyi.start().await;
    zunyi.linked().await;
    assert_ne!(bytes(zunyi, "tls.crt"), ended);
    publishes(zunyi, gateway, "back").await;
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_authority_is_believed_at_once_and_the_old_one_ends() {
    let mut net = Network::new(722).gateway().node("shenzhen", &["shenzhen"]).node("bijie", &["bijie"]).start().await;
    let root_key = net.gateway().dir().join("root.key").display().to_string();
    let unused = net.invite("tongren").await;
    net.node("bijie").stop().await;
    net.gateway().stop().await;
    net.gateway().start_with(&[("DUIKOU_LINK_CERTIFICATES", "8s")]).await;
    let (gateway, shenzhen) = (net.gateway(), net.node("shenzhen"));
    shenzhen.linked().await;
    let before = bytes(shenzhen, "ca.crt");
    failed(&gateway.cli(&["ca", "rotate", "--root-key", &root_key]).await, 2, &["--yes"]);
    // Without the root key it waits, and the operator is told what for.
    gateway.cli(&["ca", "rotate"]).await.done();
    let authorities = gateway.dir().join("ca.crt");
    let shown = gateway.shows(&authorities).await.unwrap();
    let alarm = gateway.alarms("ROOT_REQUESTS", "a new certificate authority").await;
    assert!(alarm.remedy.contains("root sign"), "{alarm:?}");
    let signed = gateway.cli(&["root", "sign", "--root-key", &root_key, "--yes", "--language", "en"]).await;
    let said = signed.stderr.matches("certificate authority").count();
    assert_eq!((signed.code, said), (0, 1), "each request is told once: {signed}");
    assert!(gateway.status().await.unwrap().alarms.iter().all(|alarm| alarm.code != "ROOT_REQUESTS"));
    assert_eq!(certificates(&authorities), 2);
    shows_another(gateway, &authorities, &shown).await;
    shenzhen.restart().await;
    shenzhen.linked().await;
    changes(shenzhen, "ca.crt", &before).await;
    publishes(shenzhen, gateway, "under-the-new").await;

    let ended = async || match certificates(&authorities) {
        1 => Ok(()),
        count => Err(format!("{count} authorities")),
    };
    within(PATIENCE, ended).await.unwrap();
    // One that knows only what has ended: it believes the new one by the root, and is believed by its member's key.
    let bijie = net.node("bijie");
    bijie.start().await;
    bijie.linked().await;
    bijie.sees("members/shenzhen/listings/under-the-new").await;
    let old = run_program(Program::Node, net.root(), &["join", &unused, "--dir", "tongren"]).await;
    assert_eq!(old.code, 77, "a token names the authority of its time: {old}");
    net.join("zunyi", &["zunyi"]).await;
    net.node("zunyi").sees("members/shenzhen/listings/under-the-new").await;
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_key_is_followed_by_another_while_the_root_key_stays_offline() {
    let net = Network::new(723).gateway().node("shenzhen", &["shenzhen"]).start().await;
    let (gateway, shenzhen) = (net.gateway(), net.node("shenzhen"));
    let offline = net.root().join("offline");
    std::fs::create_dir(&offline).unwrap();
    std::fs::rename(gateway.dir().join("root.key"), offline.join("root.key")).unwrap();

    assert_eq!(gateway.cli(&["root", "list"]).await.done(), "");
    assert_eq!(gateway.cli(&["root", "list", "--output", "json"]).await.done().trim(), "[]");
    let request = gateway.cli(&["directory", "rotate"]).await.done();
    assert_eq!(gateway.cli(&["root", "list"]).await.done(), request);
    let told = gateway.cli(&["root", "list", "--output", "jsonl"]).await.done();
    assert!(told.lines().count() == 1 && told.contains("\"directoryKey\":{"), "{told}");
    failed(&gateway.cli(&["root", "sign", "--yes"]).await, 66, &["--root-key"]);
    std::fs::write(offline.join("requests"), &request).unwrap();
    let at = |file: &str| offline.join(file).display().to_string();
    let sign = |key: &str| {
        let args = ["root", "sign", &at("requests"), "--root-key", &at(key), "--yes"].map(str::to_owned);
        let home = offline.clone();
        async move { run_program(Program::Gateway, &home, &args.each_ref().map(String::as_str)).await.done() }
    };
    // The key of somebody else.
    let other = ["init", "--network", "other.example", "--dir", "other", "--root-key", "other.key"];
    run_program(Program::Gateway, &offline, &other).await.done();
    assert!(!offline.join("other/root.key").exists());
    std::fs::write(offline.join("forged"), sign("other.key").await).unwrap();
    failed(&gateway.cli(&["root", "apply", &at("forged")]).await, 77, &["根"]);
    std::fs::write(offline.join("signed"), sign("root.key").await).unwrap();
    failed(&gateway.cli(&["root", "apply", &at("root.key")]).await, 65, &[]);
    gateway.cli(&["root", "apply", &at("signed")]).await.done();
    failed(&gateway.cli(&["root", "apply", &at("signed")]).await, 1, &[]);

    gateway.cli(&["circles", "create", "after"]).await.done();
    gateway.restart().await;
    gateway.cli(&["circles", "add", "after", "shenzhen"]).await.done();
    let index = gateway.status().await.unwrap().directory_index;
    let follows = async || match shenzhen.status().await.map_err(|status| status.to_string())?.directory_index {
        here if here == index => Ok(()),
        here => Err(format!("at {here}, not {index}")),
    };
    within(PATIENCE, follows).await.unwrap();
    shenzhen.publish(offer("tea").for_circle("after")).await.unwrap();
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_found_long_after_its_member_moved_away_learns_it() {
    let mut net = Network::new(724).gateway().node("shenzhen", &["shenzhen"]).start().await;
    net.gateway().stop().await;
    net.gateway().start_with(&[("DUIKOU_LINK_CERTIFICATES", "6s")]).await;
    net.join("bijie", &["bijie"]).await;
    let (gateway, shenzhen, bijie) = (net.gateway(), net.node("shenzhen"), net.node("bijie"));
    bijie.publish(offer("drawer").on_request()).await.unwrap();
    bijie.publish(offer("coal")).await.unwrap();
    shenzhen.sees("members/bijie/listings/coal").await;
    bijie.kill9();
    gateway.cli(&["members", "move", "bijie", "--to", "shenzhen", "--force", "--yes"]).await.done();
    shenzhen.stop().await;
    net.replace_keys(shenzhen, "bijie").await;
    shenzhen.start().await;
    tokio::time::sleep(Duration::from_secs(7)).await;

    // Neither its certificate nor the key that it knows is good any longer.
    bijie.start().await;
    bijie.linked().await;
    let kept = async || {
        let folder = std::fs::read_dir(bijie.dir().join("departed")).map_err(|error| error.to_string())?;
        let mut texts = folder.filter_map(|entry| std::fs::read_to_string(entry.ok()?.path()).ok());
        if texts.any(|text| text.contains("drawer")) { Ok(()) } else { Err("nothing is kept".to_owned()) }
    };
    within(PATIENCE, kept).await.unwrap();
    let refused = bijie.publish(offer("stale").by("bijie")).await.unwrap_err();
    assert_eq!(super::reason(&refused), "NOT_HOSTED");
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_ones_own_is_followed_through_its_files_and_kept_where_these_are_of_no_use() {
    let net = Network::new(725).gateway().node("shenzhen", &["shenzhen"]).start().await;
    let node = net.node("shenzhen");
    let make = |name: &str| {
        let folder = net.root().join(name);
        std::fs::create_dir(&folder).unwrap();
        WebCertificate::make(&folder)
    };
    let (first, second, used) = (make("first"), make("second"), make("used"));
    // As many do that renew them: one file after the other, in their places.
    let renew = |by: &WebCertificate| {
        std::fs::copy(&by.certificate, &used.certificate).unwrap();
        std::fs::copy(&by.key, &used.key).unwrap();
    };
    renew(&first);
    node.stop().await;
    let [certificate, key] = [&used.certificate, &used.key].map(|file| file.to_str().unwrap());
    let of_files = [("DUIKOU_WEB_TLS", "files"), ("DUIKOU_WEB_CERTIFICATE", certificate), ("DUIKOU_WEB_KEY", key)];
    node.start_with(&of_files).await;
    let shown = node.shows(&first.certificate).await.unwrap();
    renew(&second);
    let shown = shows_another(node, &second.certificate, &shown).await;

    std::fs::write(&used.certificate, "half of a certificate").unwrap();
    node.alarms("WEB_CERTIFICATE", "of no use").await;
    assert_eq!(node.shows(&second.certificate).await.unwrap(), shown, "what was shown before stays");
    renew(&first);
    shows_another(node, &first.certificate, &shown).await;
    let alarms = node.status().await.unwrap().alarms;
    assert!(alarms.iter().all(|alarm| alarm.code != "WEB_CERTIFICATE"), "{alarms:?}");
    node.stop().await;
    node.start().await;
    net.finish().await;
}
