//! `settings`

use duikou_proto::v1::setting::Source;
use duikou_proto::v1::{ListSettingsRequest, Setting, UpdateSettingsRequest};

use crate::cli::{CommandError, Context, ExitCode, Sequence, Text};

/// The settings of the running server, and changing them without a restart
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Lists them all, each with its value and where that comes from
    List(ListArgs),
    /// Shows one
    #[command(after_help = "Example:\n  duikou-node settings get site.sponsor")]
    Get(KeyArgs),
    /// Changes one: at once, above what the file says, and for good
    Set(SetArgs),
    /// Puts one back to what the file says
    #[command(after_help = "Example:\n  duikou-node settings reset site.sponsor")]
    Reset(KeyArgs),
}

/// Lists them all, each with its value and where that comes from
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-node settings list --changeable")]
pub struct ListArgs {
    /// Only those that may change while the server runs; the others need a restart
    #[arg(long)]
    changeable: bool,
}

/// One of them
#[derive(Debug, clap::Args)]
pub struct KeyArgs {
    /// As list shows it, for example site.sponsor
    #[arg(value_name = "KEY")]
    key: String,
}

/// Changes one: at once, above what the file says, and for good
///
/// The value is written and checked as in the configuration file, and the audit trail is told of it. settings list
/// --changeable shows what may change.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  duikou-node settings set site.sponsor 某市人民政府办公室\n  duikou-node settings set accounts.idle 30m"
)]
pub struct SetArgs {
    /// As list shows it, for example accounts.idle
    #[arg(value_name = "KEY")]
    key: String,

    /// As the file would have it, without quotes
    #[arg(value_name = "VALUE", allow_hyphen_values = true)]
    value: String,
}

impl Command {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        match self {
            Self::List(args) => list(context, args.changeable).await,
            Self::Get(KeyArgs { key }) => get(context, &key).await,
            Self::Set(SetArgs { key, value }) => {
                update(context, UpdateSettingsRequest { set: [(key, value)].into(), ..Default::default() }).await
            }
            Self::Reset(KeyArgs { key }) => {
                update(context, UpdateSettingsRequest { reset: vec![key], ..Default::default() }).await
            }
        }
    }
}

async fn all(context: &Context) -> Result<Vec<Setting>, CommandError> {
    let mut client = context.connect().await?.operator();
    Ok(client.list_settings(ListSettingsRequest {}).await?.into_inner().settings)
}

async fn list(context: &Context, changeable: bool) -> Result<(), CommandError> {
    let header = [("键", "KEY"), ("值", "VALUE"), ("来自", "FROM"), ("更改", "CHANGES")];
    let mut results = Sequence::new(context, &header.map(|(zh, en)| Text::new(zh, en)), |setting: &Setting| {
        let told = |text: Text| text.in_language(context.language).to_owned();
        vec![setting.key.clone(), holds(setting).to_owned(), told(from(setting)), told(changes(setting))]
    });
    for setting in all(context).await?.iter().filter(|setting| setting.changeable || !changeable) {
        results.push(setting)?;
    }
    results.end()
}

/// Where a value comes from.
fn from(setting: &Setting) -> Text {
    match setting.source() {
        Source::SetHere => Text::new("运行中设置", "set while it ran"),
        Source::File => Text::new("配置文件", "the file"),
        Source::Variable => Text::new("环境变量", "a variable"),
        Source::Flag => Text::new("--set", "--set"),
        Source::Default => Text::new("默认", "default"),
        Source::Unspecified => Text::same(""),
    }
}

/// What holds now.
fn holds(setting: &Setting) -> &str {
    if setting.value.is_empty() { &setting.default_value } else { &setting.value }
}

/// When a change of it holds.
fn changes(setting: &Setting) -> Text {
    match setting.changeable {
        true => Text::new("立即生效", "at once"),
        false => Text::new("须重启", "with a restart"),
    }
}

async fn get(context: &Context, key: &str) -> Result<(), CommandError> {
    let found = all(context).await?.into_iter().find(|setting| setting.key == key);
    let setting = found.ok_or_else(|| {
        let message = Text::new(format!("没有设置 {key}"), format!("there is no setting {key}"));
        let hint = Text::new("duikou-node settings list 列出全部", "duikou-node settings list shows all of them");
        CommandError::new(ExitCode::Failed, message).hint(hint)
    })?;
    context.show(&setting, |setting| holds(setting).to_owned())
}

async fn update(context: &Context, request: UpdateSettingsRequest) -> Result<(), CommandError> {
    let mut client = context.connect().await?.operator();
    for setting in &client.update_settings(request).await?.into_inner().settings {
        context.show(setting, |setting| {
            let from = from(setting);
            format!("{} = {} ({})", setting.key, holds(setting), from.in_language(context.language))
        })?;
    }
    Ok(())
}
