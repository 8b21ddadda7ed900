//! The tour of the README goes as it is told: what it has a reader type is typed into one shell, command by command, and
//! what it shows is what is answered.

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use duikou_tests::harness::{Program, free_port, within};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::documents::{Block, blocks, page};

/// How long a command may take, and what it tells of may take to come.
const LIMIT: Duration = Duration::from_secs(60);
/// Where the tour begins in the README.
const TITLE: &str = "## 五分钟上手";
/// Before what is typed where an answer is shown too.
const PROMPT: &str = "$ ";
/// In place of what an answer says before the lines that are shown.
const LEFT_OUT: &str = "…";
/// What an error begins with: what is shown with one fails, and nothing else does.
const ERROR: &str = "错误：";
/// Begins the line of a count that grows with time too.
const GROWS: &str = " 序号 ";
/// Commands that change nothing. A reader who is too early looks again.
const LOOKS: [&str; 6] = [
    "cat ",
    "duikou-node get ",
    "duikou-node list ",
    "duikou-node match ",
    "duikou-node search ",
    "duikou-node status ",
];
/// How long until then.
const LOOKS_AGAIN: Duration = Duration::from_millis(300);
/// Ends what is answered to a command.
const END: &str = "== answered";

/// A command of the tour, and the answer that is shown.
struct Step {
    typed: String,
    shown: Vec<String>,
}

impl Step {
    /// Those of a block. Where no prompt is shown every line is a command.
    fn all(block: &Block) -> Vec<Self> {
        if block.info == "sh" {
            return block.lines.iter().map(|line| Self { typed: line.clone(), shown: Vec::new() }).collect();
        }
        let mut steps: Vec<Self> = Vec::new();
        let mut lines = block.lines.iter();
        while let Some(line) = lines.next() {
            let Some(typed) = line.strip_prefix(PROMPT) else {
                let step = steps.last_mut().unwrap_or_else(|| panic!("nobody has typed anything before {line}"));
                step.shown.push(line.clone());
                continue;
            };
            let mut typed = typed.to_owned();
            // A text that is typed along, up to the word that ends it.
            if let Some((_, end)) = line.split_once("<<'") {
                let end = end.trim_end_matches('\'');
                let text = lines.by_ref().map(String::as_str).take_while(|line| *line != end);
                text.chain([end]).for_each(|line| typed.extend(["\n", line]));
            }
            steps.push(Self { typed, shown: Vec::new() });
        }
        steps
    }

    /// As it is typed here, where the programs are built and others may have the ports.
    fn here(&self, link: u16) -> String {
        let any = "--set web.listen=127.0.0.1:0 --set operator.listen=127.0.0.1:0";
        self.typed
            .replace("cargo build --release", "true")
            .replace("localhost:7443", &format!("localhost:{link}"))
            .replace("duikou-gateway serve", &format!("duikou-gateway serve {any} --set link.listen=127.0.0.1:{link}"))
    }

    /// The folder of a server that it starts.
    fn starts(&self) -> Option<&str> {
        let (_, folder) = self.typed.split_once(" serve --dir ")?;
        folder.split(' ').next()
    }

    fn goes_on_beside(&self) -> bool {
        self.typed.ends_with('&')
    }
}

/// What is shown for something that is another each time, and what it is here.
#[derive(Default)]
struct Names(BTreeMap<String, String>);

impl Names {
    /// Whether an answer is the one that is shown.
    fn alike(&mut self, shown: &[String], answered: &[String]) -> bool {
        let (shown, answered) = match shown {
            [first, rest @ ..] if first == LEFT_OUT => (rest, &answered[answered.len().saturating_sub(rest.len())..]),
            _ => (shown, answered),
        };
        shown.len() == answered.len() && shown.iter().zip(answered).all(|(shown, line)| self.line(shown, line))
    }

    fn line(&mut self, shown: &str, line: &str) -> bool {
        let between = |c: char| c.is_whitespace() || !c.is_ascii();
        let grows = shown.starts_with(GROWS);
        let mut words = shown.split(between).zip(line.split(between));
        shown.matches(between).eq(line.matches(between))
            && words.all(|(shown, word)| match Differs::of(shown) {
                _ if shown == word => true,
                Some(Differs::Time) => Differs::of(word) == Some(Differs::Time),
                Some(differs) if Differs::of(word) == Some(differs) => {
                    let named = self.0.entry(shown.to_owned()).or_insert_with(|| word.to_owned());
                    named == word
                }
                Some(_) => false,
                None => grows && word.parse::<u64>().is_ok(),
            })
    }
}

/// A word that is another each time. All but times are the same wherever they are shown as the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Differs {
    Time,
    Fingerprint,
    Id,
    Address,
    Secret,
}

impl Differs {
    fn of(word: &str) -> Option<Self> {
        let form = |word: &str| -> String {
            let digit = |c: char| if c.is_ascii_digit() { '0' } else { c };
            word.chars().map(digit).collect()
        };
        let hex = |word: &str| word.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        let of = |prefix: &str, length| word.strip_prefix(prefix).filter(|id| id.len() == length && hex(id));
        let id = of("subscriptions/", 36).or(of("invites/", 16));
        match word {
            _ if form(word) == "0000-00-00T00:00:00Z" => Some(Self::Time),
            _ if word.len() == 64 && hex(word) => Some(Self::Fingerprint),
            _ if id.is_some() => Some(Self::Id),
            _ if word.starts_with("/feeds/") && word.ends_with(".ics") => Some(Self::Address),
            _ if word.starts_with("whsec_") => Some(Self::Secret),
            _ => None,
        }
    }
}

/// Whoever follows the tour: one shell, on whose screen results and errors stand in the order in which they come.
struct Reader {
    folder: PathBuf,
    shell: Child,
    keyboard: ChildStdin,
    screen: Lines<BufReader<ChildStdout>>,
    names: Names,
    link: u16,
}

impl Reader {
    /// In a folder that has what the tour uses of the repository's.
    async fn new(folder: &Path) -> Self {
        let programs = Program::Node.path();
        std::fs::create_dir(folder.join("target")).unwrap();
        symlink(programs.parent().unwrap(), folder.join("target/release")).unwrap();
        symlink(env!("CARGO_MANIFEST_DIR"), folder.join("tests")).unwrap();
        let mut shell = Command::new("bash")
            .args(["--noprofile", "--norc"])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", folder)
            .env("LANG", "zh_CN.UTF-8")
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (keyboard, screen) = (shell.stdin.take().unwrap(), shell.stdout.take().unwrap());
        let (screen, names) = (BufReader::new(screen).lines(), Names::default());
        let mut reader = Self { folder: folder.join("tour"), shell, keyboard, screen, names, link: free_port() };
        reader.types("exec 2>&1").await;
        reader
    }

    /// Types a command, and reads what is answered until the shell takes the next: the lines, and the exit code.
    async fn types(&mut self, command: &str) -> (Vec<String>, i32) {
        let line = format!("{command}\nprintf '\\n{END} %d\\n' $?\n");
        self.keyboard.write_all(line.as_bytes()).await.unwrap();
        let mut answered: Vec<String> = Vec::new();
        loop {
            let line = self.reads(command).await;
            if let Some(code) = line.strip_prefix(END) {
                // The end begins a line of its own.
                if answered.last().is_some_and(String::is_empty) {
                    answered.pop();
                }
                return (answered, code.trim().parse().unwrap());
            }
            answered.push(line);
        }
    }

    /// The next line on the screen.
    async fn reads(&mut self, command: &str) -> String {
        let line = tokio::time::timeout(LIMIT, self.screen.next_line()).await;
        let line = line.unwrap_or_else(|_| panic!("{command} does not end\n{}", self.logs())).unwrap();
        line.unwrap_or_else(|| panic!("the shell ended with {command}"))
    }

    /// Does what the tour says next, and compares what it shows.
    async fn follows(&mut self, step: &Step) {
        let typed = step.here(self.link);
        let end = tokio::time::Instant::now() + LIMIT;
        loop {
            let (mut answered, code) = self.types(&typed).await;
            if step.goes_on_beside() {
                while answered.len() < step.shown.len() {
                    answered.push(self.reads(&typed).await);
                }
            }
            let failed = step.shown.iter().any(|line| line.starts_with(ERROR));
            if (code != 0) == failed && (step.shown.is_empty() || self.names.alike(&step.shown, &answered)) {
                break;
            }
            let (shown, answered) = (step.shown.join("\n"), answered.join("\n"));
            let looks = LOOKS.iter().any(|looks| typed.starts_with(looks));
            assert!(
                looks && tokio::time::Instant::now() < end,
                "{typed}\nis shown with:\n{shown}\nand answered with {code}:\n{answered}\n{}",
                self.logs()
            );
            tokio::time::sleep(LOOKS_AGAIN).await;
        }
        if let Some(folder) = step.starts() {
            // Whoever reads on takes longer than it does.
            let addresses = self.folder.join(folder).join("addresses.json");
            let ready = async || addresses.is_file().then_some(()).ok_or_else(|| "it does not listen".to_owned());
            within(LIMIT, ready).await.unwrap_or_else(|reason| panic!("{typed}: {reason}\n{}", self.logs()));
        }
    }

    /// What the servers have logged.
    fn logs(&self) -> String {
        let files = std::fs::read_dir(&self.folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let logs = files.filter(|path| path.extension().is_some_and(|extension| extension == "log"));
        logs.map(|path| format!("{}:\n{}", path.display(), std::fs::read_to_string(&path).unwrap_or_default()))
            .collect()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let Some(shell) = self.shell.id() else { return };
        // What was begun beside would outlive the shell.
        let children = std::fs::read_to_string(format!("/proc/{shell}/task/{shell}/children")).unwrap_or_default();
        let ids = children.split_whitespace().filter_map(|id| Pid::from_raw(id.parse().ok()?));
        // An error says only that one has ended already.
        for id in ids {
            let _ = kill_process(id, Signal::KILL);
        }
        let _ = self.shell.start_kill();
    }
}

/// The commands of the tour.
fn tour() -> Vec<Step> {
    let readme = page("README.md");
    let (_, tour) = readme.split_once(TITLE).expect("the README has a tour");
    let tour = tour.split_once("\n## ").map_or(tour, |(tour, _)| tour);
    blocks(tour).iter().flat_map(Step::all).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tour_of_the_readme_goes_as_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut reader = Reader::new(folder.path()).await;
    let steps = tour();
    assert!(steps.iter().filter(|step| !step.shown.is_empty()).count() >= 20, "the tour shows what is answered");
    for step in &steps {
        reader.follows(step).await;
    }
    // Its last command ends all that it has begun.
    reader.types("wait").await;
    let (left, _) = reader.types("jobs -r").await;
    assert!(left.is_empty(), "{left:?}");
}
