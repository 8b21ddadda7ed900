//! `doctor`

use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use duikou_proto::v1;

use crate::cli::output::table;
use crate::cli::{CommandError, Context, ExitCode, Language, OutputForm, Text, clean};
use crate::openid::Provider;

/// Files that are looked at: a folder that holds more is not a server's.
const FILES: usize = 10_000;
/// How deep keys may lie.
const DEPTH: usize = 4;

/// Looks for what is wrong with a folder and its server, and says what to do
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-node --dir /var/lib/duikou doctor")]
pub struct Args {}

struct Finding {
    what: Text,
    fault: Option<Fault>,
    /// What could be better, and what to do for it, where nothing is wrong.
    advice: Option<(Text, Text)>,
}

struct Fault {
    kind: ExitCode,
    detail: Text,
    remedy: Text,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        let mut findings = vec![config(context)];
        findings.extend(provider(context).await);
        findings.extend(keys(context.global.dir()));
        findings.extend(server(context).await);
        show(context, &findings)?;
        let faults: Vec<_> = findings.iter().filter_map(|finding| finding.fault.as_ref()).collect();
        match faults.first() {
            None => Ok(()),
            Some(first) => {
                let count = faults.len();
                let problems = if count == 1 { "problem" } else { "problems" };
                let message = Text::new(format!("发现 {count} 个问题"), format!("found {count} {problems}"));
                Err(CommandError::new(first.kind, message))
            }
        }
    }
}

impl Finding {
    /// What there is to be told, and what to do.
    fn told(&self) -> [Option<&Text>; 2] {
        let fault = self.fault.as_ref().map(|fault| (&fault.detail, &fault.remedy));
        let told = fault.or(self.advice.as_ref().map(|(detail, remedy)| (detail, remedy)));
        [told.map(|(detail, _)| detail), told.map(|(_, remedy)| remedy)]
    }
}

fn good(zh: &'static str, en: &'static str) -> Finding {
    Finding { what: Text::new(zh, en), fault: None, advice: None }
}

fn failed(zh: &'static str, en: &'static str, error: CommandError) -> Finding {
    let lines = |language: Language| {
        let all = std::iter::once(&error.message).chain(&error.causes).map(|text| text.in_language(language));
        all.collect::<Vec<_>>().join("; ")
    };
    let detail = Text::new(lines(Language::Zh), lines(Language::En));
    let remedy = error.hints.first().cloned().unwrap_or_else(|| Text::new("改正后再试", "correct it, then try again"));
    Finding { what: Text::new(zh, en), fault: Some(Fault { kind: error.kind, detail, remedy }), advice: None }
}

fn config(context: &Context) -> Finding {
    match context.config(&[]) {
        Ok(_) => good("配置", "configuration"),
        Err(error) => failed("配置", "configuration", error),
    }
}

/// Whether the OpenID provider that people sign in by can be reached from here, where there is one.
async fn provider(context: &Context) -> Option<Finding> {
    let (zh, en) = ("身份提供方", "OpenID provider");
    let config = context.config(&[]).ok()?;
    let remedy = Text::new(
        "检查 [accounts.oidc] 的 issuer（须与提供方自称的完全一致）、client_secret_file、ca_file，以及本机到它的网络与防火墙",
        "check issuer (exactly as the provider names itself), client_secret_file and ca_file in [accounts.oidc], and the way \
         there from this machine",
    );
    let fault = |kind, error: &dyn std::error::Error| {
        let detail = Text::same(crate::error::chain(error));
        let fault = Fault { kind, detail, remedy: remedy.clone() };
        Some(Finding { what: Text::new(zh, en), fault: Some(fault), advice: None })
    };
    match Provider::open(&config) {
        Ok(None) => None,
        Ok(Some(provider)) => match provider.reach(crate::world::system_time()).await {
            Ok(()) => Some(good(zh, en)),
            Err(refused) => fault(ExitCode::Failed, &refused),
        },
        Err(error) => fault(ExitCode::Configuration, &error),
    }
}

async fn server(context: &Context) -> Vec<Finding> {
    let status = match context.connect().await {
        Ok(server) => server.operator().get_status(v1::GetStatusRequest {}).await.map_err(CommandError::from),
        Err(error) => Err(error),
    };
    let status = match status {
        Ok(status) => status.into_inner(),
        Err(error) => return vec![failed("服务", "server", error)],
    };
    let mut findings = vec![good("服务", "server")];
    findings.extend(status.alarms.into_iter().map(|alarm| Finding {
        what: Text::same(alarm.code),
        fault: Some(Fault {
            kind: ExitCode::Failed,
            detail: Text::same(alarm.message),
            remedy: Text::same(alarm.remedy),
        }),
        advice: None,
    }));
    findings.extend(site(context).await);
    findings
}

/// What the pages of the server lack that readers, and the rules for sites of government offices, look for.
async fn site(context: &Context) -> Option<Finding> {
    let mut client = context.connect().await.ok()?.operator();
    let settings = client.list_settings(v1::ListSettingsRequest {}).await.ok()?.into_inner().settings;
    let lacks = |key: &&str| settings.iter().any(|setting| setting.key == *key && setting.value.is_empty());
    let lacking: Vec<&str> = WANTED.into_iter().filter(lacks).collect();
    let (zh, en) = ("网页", "pages");
    if lacking.is_empty() {
        return Some(good(zh, en));
    }
    let detail = Text::new(
        format!("读者会找而网页还没有的：{}", lacking.join("、")),
        format!("not said, and looked for by readers: {}", lacking.join(", ")),
    );
    let remedy = Text::new(
        "在网页“管理”的设置中填写，或用 settings set；delivery.url 写入 duikou.toml 后重启。report_errors 如 mailto:office@duikou.example",
        "say it in the settings among the pages for administrators, or by settings set; delivery.url stands in duikou.toml and \
         takes a restart. report_errors is for example mailto:office@duikou.example",
    );
    Some(Finding { what: Text::new(zh, en), fault: None, advice: Some((detail, remedy)) })
}

/// Who runs the site and under which number, where its errors are reported, and by which address it is reached.
const WANTED: [&str; 4] = ["site.sponsor", "site.code", "site.report_errors", "delivery.url"];

/// Whether others than the owner can read a private key.
fn keys(dir: &Path) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Err(error) = private_keys(dir, DEPTH, &mut 0, &mut found) {
        return vec![failed("密钥文件", "key files", CommandError::io(dir.display(), &error))];
    }
    let loose = found.into_iter().filter(|(_, mode)| mode & 0o077 != 0);
    let findings: Vec<_> = loose
        .map(|(path, mode)| {
            let path = path.display();
            let detail = Text::new(
                format!("{path} 的权限为 {:o}，他人可读", mode & 0o777),
                format!("{path} has mode {:o}: others can read it", mode & 0o777),
            );
            let remedy = Text::same(format!("chmod 600 {path}"));
            let fault = Some(Fault { kind: ExitCode::Configuration, detail, remedy });
            Finding { what: Text::new("密钥文件", "key files"), fault, advice: None }
        })
        .collect();
    if findings.is_empty() { vec![good("密钥文件", "key files")] } else { findings }
}

fn private_keys(dir: &Path, depth: usize, seen: &mut usize, found: &mut Vec<(PathBuf, u32)>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        *seen += 1;
        if *seen > FILES {
            return Err(std::io::Error::other("too many files for a server's folder"));
        }
        let (path, about) = (entry.path(), entry.metadata()?);
        if about.is_dir() && depth > 0 {
            private_keys(&path, depth - 1, seen, found)?;
        } else if about.is_file() && is_private_key(&path) {
            found.push((path, about.permissions().mode()));
        }
    }
    Ok(())
}

fn is_private_key(path: &Path) -> bool {
    if path.extension().is_some_and(|extension| extension == "key") {
        return true;
    }
    let mut start = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(4096).read_to_end(&mut start));
    read.is_ok() && start.windows(11).any(|window| window == b"PRIVATE KEY")
}

fn show(context: &Context, findings: &[Finding]) -> Result<(), CommandError> {
    if context.global.output != OutputForm::Table {
        let documents = findings.iter().map(|finding| {
            let [detail, remedy] = finding.told().map(|text| text.map(|text| text.in_language(context.language)));
            serde_json::json!({
                "check": finding.what.in_language(context.language),
                "ok": finding.fault.is_none(),
                "detail": detail,
                "remedy": remedy,
            })
        });
        if context.global.output == OutputForm::Json {
            return context.print(&format!("{:#}", serde_json::Value::from_iter(documents)));
        }
        return documents.map(|document| document.to_string()).try_for_each(|line| context.print(&line));
    }
    let header = [
        Text::new("检查", "CHECK"),
        Text::new("结果", "RESULT"),
        Text::new("说明", "DETAIL"),
        Text::new("处理", "REMEDY"),
    ];
    let mut table = table(context, &header);
    for finding in findings {
        let result = match (&finding.fault, &finding.advice) {
            (Some(_), _) => context.say("有误", "fault"),
            (None, Some(_)) => context.say("建议", "advice"),
            (None, None) => context.say("正常", "ok"),
        };
        let [detail, remedy] = finding.told().map(|text| text.map_or("", |text| text.in_language(context.language)));
        table.add_row([finding.what.in_language(context.language), result, detail, remedy].map(clean));
    }
    context.print(&table.trim_fmt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_others_can_read_is_found_wherever_it_lies() {
        let folder = tempfile::tempdir().expect("made");
        let write = |name: &str, text: &str, mode: u32| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("has one")).expect("made");
            std::fs::write(&path, text).expect("written");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("set");
        };
        write("keys/good.key", "", 0o600);
        write("ca.pem", "-----BEGIN CERTIFICATE-----", 0o644);
        assert!(keys(folder.path()).iter().all(|finding| finding.fault.is_none()));
        write("keys/shenzhen/signing.pem", "-----BEGIN PRIVATE KEY-----", 0o640);
        let findings = keys(folder.path());
        let fault = findings[0].fault.as_ref().expect("found");
        assert_eq!((findings.len(), fault.kind), (1, ExitCode::Configuration));
        assert!(fault.remedy.in_language(Language::En).ends_with("keys/shenzhen/signing.pem"));
    }
}
