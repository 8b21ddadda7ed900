//! The command line, as a person at the machine and as a program elsewhere use it.

use std::path::Path;
use std::process::Stdio;

use duikou_proto::v1::token::Role;
use duikou_tests::harness::{Network, Output, Program, Server, WebCertificate, offer, run_program, within};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};

use super::{PATIENCE, failed, listing_name};

/// How a command reaches its server.
enum Way<'a> {
    Socket(&'a Server),
    Web { home: &'a Path, url: String, certificate: &'a str, secret: String },
}

impl Way<'_> {
    fn args<'a>(&'a self, args: &[&'a str]) -> Vec<&'a str> {
        let mut all = args.to_vec();
        match self {
            Self::Socket(server) => all.extend(["--dir", server.dir().to_str().unwrap()]),
            Self::Web { url, certificate, secret, .. } => {
                all.extend(["--server", url, "--ca", certificate, "--token", secret]);
            }
        }
        all.extend(["--language", "en"]);
        all
    }

    fn home(&self) -> &Path {
        match self {
            Self::Socket(server) => server.dir(),
            Self::Web { home, .. } => home,
        }
    }

    async fn run(&self, args: &[&str]) -> Output {
        run_program(Program::Node, self.home(), &self.args(args)).await
    }

    async fn json(&self, args: &[&str]) -> Value {
        let mut args = args.to_vec();
        args.extend(["--output", "json"]);
        let written = self.run(&args).await.done();
        serde_json::from_str(&written).unwrap_or_else(|error| panic!("{args:?}: {error}: {written}"))
    }

    /// The first lines of a command that does not end by itself.
    async fn lines(&self, args: &[&str], count: usize) -> Vec<Value> {
        let mut command = tokio::process::Command::new(Program::Node.path());
        command.args(self.args(args)).stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let read = tokio::time::timeout(PATIENCE, async {
            let mut read = Vec::new();
            while read.len() < count {
                let line = lines.next_line().await.unwrap().unwrap_or_else(|| panic!("{args:?} ended"));
                read.push(serde_json::from_str(&line).unwrap());
            }
            read
        });
        read.await.unwrap_or_else(|_| panic!("{args:?}: fewer than {count} lines"))
    }
}

fn listing(id: &str, title: &str) -> Value {
    json!({
        "name": listing_name("shenzhen", id), "scopes": ["public"],
        "listing": {"direction": "OFFER", "title": title, "language": "en", "regions": ["440300"],
            "capital": {"instrument": "EQUITY"}},
    })
}

async fn the_life_of_listings(way: &Way<'_>, id: &str, file: &Path) {
    let path = file.to_str().unwrap();
    let name = listing_name("shenzhen", id);
    std::fs::write(file, listing(id, "spring").to_string()).unwrap();
    way.json(&["publish", path, "--dry-run"]).await;
    failed(&way.run(&["get", &name]).await, 1, &[&name]);

    let published = way.json(&["publish", path]).await;
    assert_eq!(published[0]["name"], json!(name));
    let mut held = way.json(&["get", &name]).await;
    assert_eq!((&held["listing"]["title"], &held["etag"]), (&json!("spring"), &published[0]["etag"]));
    let stale = held.clone();
    held["listing"]["title"] = json!("autumn");
    std::fs::write(file, held.to_string()).unwrap();
    let changed = way.json(&["publish", path]).await;
    assert_ne!(changed[0]["etag"], held["etag"]);
    std::fs::write(file, stale.to_string()).unwrap();
    failed(&way.run(&["publish", path]).await, 1, &["changed since"]);
    assert_eq!(way.json(&["get", &name]).await["listing"]["title"], json!("autumn"));

    // What is nobody's is another thing than what nobody has published.
    for told in [&["list"][..], &["search", "spring"], &["pull"]] {
        let args = [told, &["--member", "shenzen"]].concat();
        failed(&way.run(&args).await, 1, &["there is no member shenzen", "members list"]);
    }
    let listed = way.json(&["list", "--member", "shenzhen"]).await;
    let names: Vec<&Value> = listed.as_array().unwrap().iter().map(|listing| &listing["name"]).collect();
    assert!(names.contains(&&json!(name)), "{listed}");
    let exported = way.run(&["export", "--member", "shenzhen"]).await.done();
    let line = exported.lines().find(|line| line.contains(&name)).unwrap();
    std::fs::write(file, line).unwrap();
    let again = way.run(&["import", path]).await.done();
    assert_eq!(again.trim(), "0 created, 0 updated, 1 unchanged, 0 refused");

    let pulled = way.run(&["pull", "--output", "jsonl"]).await;
    assert!(pulled.stderr.contains("cursor: "), "{pulled}");
    let events: Vec<Value> = pulled.done().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let event = events.iter().find(|event| event["listing"]["name"] == json!(name)).unwrap();
    let cursor = event["cursor"].as_str().unwrap();
    let watched = way.lines(&["watch", "--output", "jsonl"], events.len()).await;
    assert!(watched.iter().any(|event| event["listing"]["name"] == json!(name)), "{watched:?}");

    way.json(&["withdraw", &name, "--filled"]).await;
    failed(&way.run(&["get", &name]).await, 1, &[&name]);
    let rest = way.run(&["pull", "--cursor", cursor, "--output", "jsonl"]).await.done();
    let left = rest.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let left: Vec<Value> = left.filter(|event| event["noLonger"]["name"] == json!(name)).collect();
    assert_eq!(left.len(), 1, "{rest}");
    assert_eq!(left[0]["noLonger"]["reason"], json!("FILLED"));
}

async fn tokens(way: &Way<'_>) {
    let made = way.json(&["tokens", "create", "--member", "shenzhen", "--label", "site", "--valid", "90d"]).await;
    let name = made["token"]["name"].as_str().unwrap();
    assert!(made["secret"].as_str().unwrap().starts_with("dk_"));
    let listed = way.json(&["tokens", "list"]).await;
    let found = listed.as_array().unwrap().iter().find(|token| token["name"] == json!(name)).unwrap();
    assert_eq!((&found["label"], &found["role"]), (&json!("site"), &json!("VIEWER")));
    assert!(!listed.to_string().contains(made["secret"].as_str().unwrap()));
    assert_eq!(way.run(&["tokens", "revoke", name]).await.code, 0);
    assert!(!way.json(&["tokens", "list"]).await.to_string().contains(name));
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_do_the_same_over_the_socket_and_over_tls() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(791).gateway().node("shenzhen", &["shenzhen"]).web_certificate(&certificate).start().await;
    let node = net.node("shenzhen");
    let web = |secret: String| Way::Web {
        home: folder.path(),
        url: format!("https://{}", node.addresses().web),
        certificate: certificate.certificate.to_str().unwrap(),
        secret,
    };
    let admin = web(node.token("shenzhen", Role::Admin).await.unwrap());
    let viewer = web(node.token("shenzhen", Role::Viewer).await.unwrap());
    let file = folder.path().join("listing.json");
    for (way, id) in [(&Way::Socket(node), "tea"), (&admin, "mill")] {
        the_life_of_listings(way, id, &file).await;
        tokens(way).await;
    }
    // What repeats something is told before it is published.
    let coded = |id: &str| {
        let mut listing = listing(id, "mill");
        listing["listing"]["externalCodes"] =
            json!([{"scheme": "INVESTMENT_PROJECT", "code": "2401-440300-04-01-123456"}]);
        std::fs::write(&file, listing.to_string()).unwrap();
    };
    coded("first");
    Way::Socket(node).json(&["publish", file.to_str().unwrap()]).await;
    coded("second");
    let warned = async || {
        let shown = Way::Socket(node).run(&["publish", file.to_str().unwrap(), "--dry-run"]).await;
        if shown.stderr.contains("has the same code (2401-440300-04-01-123456)") {
            Ok(())
        } else {
            Err(shown.to_string())
        }
    };
    within(PATIENCE, warned).await.unwrap();
    let status = Way::Socket(node).json(&["status"]).await;
    assert_eq!(status["members"], json!(["shenzhen.pprd.example"]));
    assert_eq!(status["links"][0]["state"], json!("CONNECTED"));
    failed(&admin.run(&["status"]).await, 1, &["on the server's own machine"]);
    std::fs::write(&file, listing("forbidden", "x").to_string()).unwrap();
    failed(&viewer.run(&["publish", file.to_str().unwrap()]).await, 77, &["does not allow"]);
    failed(&viewer.run(&["tokens", "list"]).await, 77, &["does not allow"]);
    failed(&web("dk_nonsense".to_owned()).run(&["list"]).await, 77, &["tokens create"]);
    let Way::Web { url, secret, .. } = &viewer else { panic!("made as one") };
    let home = folder.path();
    let untrusting = run_program(Program::Node, home, &["list", "--server", url, "--token", secret]).await;
    failed(&untrusting, 69, &["它的证书", "--ca"]);
    let clear = url.replace("https:", "http:");
    let untold = run_program(Program::Node, home, &["list", "--server", &clear, "--token", secret]).await;
    failed(&untold, 69, &["改用 https://127.0.0.1"]);
    failed(&node.cli(&["list", "--token", secret]).await, 2, &["--server"]);
    let other = tempfile::tempdir().unwrap();
    let stranger = WebCertificate::make(other.path());
    let ca = stranger.certificate.to_str().unwrap();
    let args = ["list", "--server", url, "--token", secret, "--ca", ca];
    failed(&run_program(Program::Node, home, &args).await, 69, &[url]);
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_is_tried_done_and_repeated() {
    let net = Network::new(792).gateway().node("shenzhen", &["shenzhen"]).start().await;
    let node = net.node("shenzhen");
    let file = net.root().join("listings.jsonl");
    let path = file.to_str().unwrap();
    let lines: Vec<String> = (0..450).map(|n| listing(&format!("n-{n:03}"), "one").to_string()).collect();
    std::fs::write(&file, lines.join("\n")).unwrap();
    let import = async |further: &[&str]| {
        let mut args = vec!["import", path, "--language", "en"];
        args.extend(further);
        node.cli(&args).await.done()
    };
    let said = import(&["--dry-run"]).await;
    assert_eq!(said.trim(), "450 created, 0 updated, 0 unchanged, 0 refused (dry run: nothing was written)");
    assert!(node.list("members/-").await.unwrap().is_empty());

    assert_eq!(import(&[]).await.trim(), "450 created, 0 updated, 0 unchanged, 0 refused");
    // Heads are signed meanwhile: what was written of the listings, their revisions tell.
    let revisions = async || {
        let listings = node.list("members/-").await.unwrap();
        listings.into_iter().map(|listing| (listing.name, listing.revision)).collect::<Vec<_>>()
    };
    let after = revisions().await;
    assert_eq!(import(&[]).await.trim(), "0 created, 0 updated, 450 unchanged, 0 refused");
    assert_eq!(revisions().await, after, "something was written");

    let mut changed = lines;
    changed[7] = listing("n-007", "two").to_string();
    std::fs::write(&file, changed.join("\n")).unwrap();
    assert_eq!(
        import(&["--dry-run"]).await.trim().split(" (").next(),
        Some("0 created, 1 updated, 449 unchanged, 0 refused")
    );
    let results: Value = serde_json::from_str(&import(&["--output", "json"]).await).unwrap();
    let updated = results.as_array().unwrap().iter().filter(|result| result["outcome"] == json!("UPDATED"));
    assert_eq!(
        updated.map(|result| result["name"].clone()).collect::<Vec<_>>(),
        [json!(listing_name("shenzhen", "n-007"))]
    );
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_are_told_how_things_stand() {
    let net = Network::new(793).gateway().node("shenzhen", &["shenzhen"]).start().await;
    let node = net.node("shenzhen");
    node.publish(offer("tea")).await.unwrap();
    net.settle().await;
    for server in [node, net.gateway()] {
        let status: Value = serde_json::from_str(&server.cli(&["status", "--output", "json"]).await.done()).unwrap();
        assert_eq!(status["alarms"], json!([]), "{status}");
        assert_eq!(status["links"][0]["unacknowledged"], json!("0"), "{status}");
        let own = status["holdings"].as_array().unwrap().iter().find(|holding| holding["records"] == json!("1"));
        assert!(own.is_some(), "{status}");
        server.cli(&["doctor"]).await.done();
        server.cli(&["config", "check"]).await.done();
        assert_eq!(server.cli(&["config", "check", "--output", "json"]).await.done().trim(), "[]");
        failed(
            &server.cli(&["config", "check", "--set", "store.memry=1"]).await,
            78,
            &["store.memry", "是否应为 memory"],
        );
        failed(&server.cli(&["list", "--foo"]).await, 2, &["错误：没有参数 --foo", "用法："]);
        for shell in ["bash", "zsh", "fish"] {
            assert!(server.cli(&["completions", shell]).await.done().contains("publish"));
        }
        assert_eq!(server.cli(&["completions", "tcsh"]).await.code, 2);
        assert_eq!(server.cli(&["--help"]).await.code, 0);
    }

    let config = node.dir().join("duikou.toml");
    let good = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, format!("{good}\n[stor]\nmemory = \"1 GiB\"\n")).unwrap();
    let output = node.cli(&["config", "check", "--language", "en"]).await;
    failed(&output, 78, &["duikou.toml", "stor", "store"]);
    let output = node.cli(&["config", "check", "--output", "json"]).await;
    let faults: Value = serde_json::from_str(&output.stdout).unwrap();
    assert!(output.code == 78 && faults[0]["key"] == json!("stor"), "{output}");
    let doctor = node.cli(&["doctor", "--output", "json"]).await;
    let found: Value = serde_json::from_str(&doctor.stdout).unwrap();
    assert!(doctor.code == 78 && found[0]["check"] == json!("configuration"), "the same in every language: {doctor}");
    std::fs::write(&config, good).unwrap();

    let gateway = net.gateway();
    let json = async |args: &[&str]| -> Value {
        serde_json::from_str(&gateway.cli(&[args, &["--output", "json"]].concat()).await.done()).unwrap()
    };
    assert_eq!(json(&["circles", "create", "rivers"]).await, json!({"circle": "rivers"}));
    let added = json(&["circles", "add", "rivers", "shenzhen"]).await;
    assert_eq!(added, json!({"circle": "rivers", "added": ["shenzhen"]}));
    let suspended = json(&["members", "suspend", "shenzhen", "--yes"]).await;
    assert_eq!(suspended, json!({"member": "shenzhen", "state": "SUSPENDED"}));
    assert_eq!(json(&["members", "resume", "shenzhen"]).await["state"], json!("ACTIVE"));
    failed(&node.cli(&["backup", "/nowhere/copy"]).await, 1, &["备份失败：没有 /nowhere。"]);
    // A gateway that runs as a node would have no links.
    for (program, dir, other) in
        [(Program::Node, gateway.dir(), "duikou-gateway serve"), (Program::Gateway, node.dir(), "duikou-node serve")]
    {
        let dir = dir.to_str().unwrap();
        failed(&run_program(program, net.root(), &["serve", "--dir", dir]).await, 78, &[other]);
    }
    gateway.stop().await;
    let start = "start it: duikou-gateway serve";
    failed(&gateway.cli(&["status", "--language", "en"]).await, 69, &["no server is running", start]);
    let doctor = async || match node.cli(&["doctor", "--language", "en"]).await {
        Output { code: 1, stdout, stderr } if format!("{stdout}{stderr}").contains("LINK_DOWN") => Ok(()),
        other => Err(other.to_string()),
    };
    within(PATIENCE, doctor).await.unwrap_or_else(|reason| panic!("{reason}"));
    net.finish().await;
}
