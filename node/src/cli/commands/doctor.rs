//! `doctor`

use std::io::ErrorKind;
use std::path::Path;

use duikou_proto::v1;

use crate::cli::error::as_owner;
use crate::cli::output::table;
use crate::cli::{CommandError, Context, ExitCode, Language, OutputForm, Text, clean};
use crate::config::{Origin, WebTls as WebTlsMode};
use crate::openid::Provider;
use crate::server::{AUTHORITY_KEY_FILE, SecretFault, certified, secret_faults};
use crate::trust::identity::{IdentityError, KEY_FILE, TlsIdentity};
use crate::trust::key_file::{KeyFileError, read_tls_key};
use crate::trust::web_tls::{WebTls, WebTlsError};

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
        let mut findings = config(context);
        findings.extend(provider(context).await);
        let mut keys = keys(context.global.dir());
        let server = server(context).await;
        // What lies here is as it should be, and something does not lie here: that is not well.
        if server.iter().any(|finding| finding.what.in_language(Language::En) == "KEY_ABSENT") {
            keys.retain(|finding| finding.fault.is_some());
        }
        findings.extend(keys);
        findings.extend(files(context));
        findings.extend(server);
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
        all.collect::<Vec<_>>().join(if language == Language::Zh { "；" } else { "; " })
    };
    let detail = Text::new(lines(Language::Zh), lines(Language::En));
    let remedy = error.hints.first().cloned().unwrap_or_else(|| Text::new("改正后再试", "correct it, then try again"));
    Finding { what: Text::new(zh, en), fault: Some(Fault { kind: error.kind, detail, remedy }), advice: None }
}

fn config(context: &Context) -> Vec<Finding> {
    let (zh, en) = ("配置", "configuration");
    let config = match context.config(&[]) {
        Ok(config) => config,
        Err(error) => return vec![failed(zh, en, error)],
    };
    let doubts = config.doubts().into_iter().map(|doubt| {
        let remedy = match config.origins.of(doubt.key) {
            Some(Origin::Variable) => {
                Text::new("改正或取消这个环境变量", "mend the variable that sets it, or take it out")
            }
            _ => Text::new("改正或删去 duikou.toml 中的这一项", "mend it in duikou.toml, or take it out"),
        };
        Finding { what: Text::new(zh, en), fault: None, advice: Some((doubt.text(), remedy)) }
    });
    let findings: Vec<_> = doubts.collect();
    if findings.is_empty() { vec![good(zh, en)] } else { findings }
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

/// What is wrong with the folder's keys and with who may read it.
fn keys(dir: &Path) -> Vec<Finding> {
    let (zh, en) = KEYS;
    let faults = match secret_faults(dir) {
        Ok(faults) => faults,
        Err(error) => return vec![failed(zh, en, CommandError::in_folder(dir.display(), &error))],
    };
    let findings: Vec<_> = faults
        .iter()
        .map(|fault| {
            let (detail, remedy) = told(fault);
            let fault = Some(Fault { kind: ExitCode::Configuration, detail, remedy });
            Finding { what: Text::new(zh, en), fault, advice: None }
        })
        .collect();
    if findings.is_empty() { vec![good(zh, en)] } else { findings }
}

const KEYS: (&str, &str) = ("密钥文件", "key files");

/// A fault, and what to do.
fn told(fault: &SecretFault) -> (Text, Text) {
    let open = |path: &Path, mode: u32| {
        Text::new(
            format!("{} 的权限为 {mode:o}，他人可读", path.display()),
            format!("{} has mode {mode:o}: others can read it", path.display()),
        )
    };
    match fault {
        SecretFault::Open { path, mode, wanted } => {
            (open(path, *mode), Text::same(format!("chmod {wanted:o} {}", path.display())))
        }
        SecretFault::Key(KeyFileError::Loose(loose)) => {
            (open(&loose.path, loose.mode), Text::same(format!("chmod 600 {}", loose.path.display())))
        }
        SecretFault::Key(KeyFileError::Io { path, source }) if source.kind() == ErrorKind::PermissionDenied => {
            (Text::same(format!("{}: {source}", path.display())), as_owner())
        }
        SecretFault::Key(error) => (Text::same(crate::error::chain(error)), lost_key()),
        SecretFault::Lacking { member, kind } => {
            let detail = Text::new(
                format!("keys 目录中没有 {member} 的 .{kind} 文件"),
                format!("there is no .{kind} file of {member} in the folder keys"),
            );
            (detail, lost_key())
        }
    }
}

fn lost_key() -> Text {
    Text::new(
        "从备份取回该文件；没有备份的，见运维手册的“密钥丢失”一页",
        "take the file out of a backup; where there is none, see the page on lost keys in the handbook",
    )
}

/// Whether what the configuration names can be used: certificates with their keys, and the mail server's password. By the
/// functions by which a server that starts reads them.
fn files(context: &Context) -> Vec<Finding> {
    let Ok(config) = context.config(&[]) else { return Vec::new() };
    let Some(id) = &config.node.id else { return Vec::new() };
    let (zh, en) = ("证书与口令文件", "certificates, passwords");
    let dir = context.global.dir();
    let certified = config.node.network.as_ref().and_then(|network| certified(dir, network));
    if let Some(certified) = certified.filter(|certified| certified != id) {
        return vec![failed(zh, en, CommandError::called_otherwise(id, &certified))];
    }
    let mut faults = Vec::new();
    let mut note = |fault: Option<String>| {
        if let Some(fault) = fault
            && !faults.contains(&fault)
        {
            faults.push(fault);
        }
    };
    // What is wrong with a key in the folder is told of it, but for one that is not there.
    let is_told = |error: &KeyFileError| matches!(error, KeyFileError::Loose(_) | KeyFileError::Invalid { .. });
    let identity = TlsIdentity::load(dir).err();
    let identity = identity.filter(|error| !matches!(error, IdentityError::Key(key) if is_told(key)));
    note(identity.map(|error| crate::error::chain(&error)));
    // Whoever dials no gateway is one, and has the authority.
    if config.link.gateway.is_none() {
        let authority = read_tls_key(&dir.join(AUTHORITY_KEY_FILE)).err().filter(|error| !is_told(error));
        note(authority.map(|error| crate::error::chain(&error)));
    }
    let web = match (config.web.tls, &config.web.certificate, &config.web.key) {
        (WebTlsMode::Network, ..) => Some(WebTls::load(dir.join("web.crt"), dir.join(KEY_FILE))),
        (WebTlsMode::Files, Some(certificate), Some(key)) => Some(WebTls::load(certificate, key)),
        (WebTlsMode::Files | WebTlsMode::Off, ..) => None,
    };
    let own = config.web.tls == WebTlsMode::Network;
    let web = web.and_then(Result::err);
    let web = web.filter(|error| !(own && matches!(error, WebTlsError::Key(key) if is_told(key))));
    note(web.map(|error| crate::error::chain(&error)));
    note(crate::delivery::mailer(&config).err().map(|error| crate::error::chain(&error)));
    if faults.is_empty() {
        return vec![good(zh, en)];
    }
    let remedy = Text::new(
        "改正文件或 duikou.toml 中的路径，文件权限应为 600",
        "mend the file, or its path in duikou.toml; secrets have mode 600",
    );
    let finding = |fault: String| {
        let fault = Fault { kind: ExitCode::Configuration, detail: Text::same(fault), remedy: remedy.clone() };
        Finding { what: Text::new(zh, en), fault: Some(fault), advice: None }
    };
    faults.into_iter().map(finding).collect()
}

fn show(context: &Context, findings: &[Finding]) -> Result<(), CommandError> {
    if context.global.output != OutputForm::Table {
        let documents = findings.iter().map(|finding| {
            let [detail, remedy] = finding.told().map(|text| text.map(|text| text.in_language(context.language)));
            serde_json::json!({
                // The same in every language, for programs to compare with.
                "check": finding.what.in_language(Language::En),
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
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::keys::{encryption_key_file, keys_folder, signing_key_file};
    use crate::server::make_private_folder;
    use crate::trust::key_file::{EncryptionKeyFile, SigningKeyFile};

    #[test]
    fn a_key_that_a_server_would_refuse_is_a_fault_with_what_to_do() {
        let folder = tempfile::tempdir().expect("made");
        let member = "bijie.n.example".parse().expect("a member");
        let (dir, english) = (folder.path(), |text: &Text| text.in_language(Language::En).to_owned());
        let chmod = |path: &Path, mode| std::fs::set_permissions(path, Permissions::from_mode(mode)).expect("set");
        chmod(dir, 0o700);
        make_private_folder(&keys_folder(dir)).expect("made");
        let (signing, encryption) = (signing_key_file(dir, &member, 1), encryption_key_file(dir, &member, 1));
        SigningKeyFile::new(&signing).create().expect("made");
        EncryptionKeyFile::new(&encryption).create().expect("made");
        let told = || {
            let findings = keys(dir);
            let faults = findings.iter().filter_map(|finding| finding.fault.as_ref());
            faults.map(|fault| (fault.kind, english(&fault.detail), english(&fault.remedy))).collect::<Vec<_>>()
        };
        assert_eq!(told(), []);
        chmod(&signing, 0o644);
        chmod(dir, 0o755);
        let found = told();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.iter().all(|(kind, ..)| *kind == ExitCode::Configuration));
        assert_eq!(found[0].2, format!("chmod 700 {}", dir.display()));
        assert_eq!(found[1].2, format!("chmod 600 {}", signing.display()));
        chmod(&signing, 0o600);
        chmod(dir, 0o700);
        std::fs::write(&encryption, "garbage").expect("written");
        let found = told();
        assert!(found.len() == 1 && found[0].1.ends_with("holds no X25519 key"), "{found:?}");
        std::fs::remove_file(&encryption).expect("removed");
        let found = told();
        assert!(found.len() == 1 && found[0].1.contains("no .encryption file of bijie.n.example"), "{found:?}");
    }
}
