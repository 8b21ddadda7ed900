//! `enterprises`

use duikou_node::cli::{CommandError, Context, Sequence, Text};
use duikou_proto::federation::enterprise::State;
use duikou_proto::federation::enterprise_service_client::EnterpriseServiceClient;
use duikou_proto::federation::{
    CreateEnterpriseRequest, Enterprise, ListEnterprisesRequest, RemoveEnterpriseRequest, ResumeEnterpriseRequest,
    SuspendEnterpriseRequest,
};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    Create(CreateArgs),
    /// Lists all, ordered by id
    #[command(after_help = "Example:\n  duikou-gateway enterprises list")]
    List,
    Suspend(SuspendArgs),
    Resume(ResumeArgs),
    Remove(RemoveArgs),
}

/// Registers a vetted enterprise, which then gets tokens
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  duikou-gateway enterprises create acme --name-zh 某公司 --credit-code 91350100M000100Y43 --contact info@acme.example"
)]
pub(super) struct CreateArgs {
    /// Its id, chosen by you: 1 to 64 of a-z, 0-9 and -
    #[arg(value_name = "ID")]
    id: String,

    /// Its name in Chinese
    #[arg(long, value_name = "NAME")]
    name_zh: String,

    /// Its name in English
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    name_en: String,

    /// Its unified social credit code (GB 32100)
    #[arg(long, value_name = "CODE")]
    credit_code: String,

    /// An e-mail address
    #[arg(long, value_name = "ADDRESS")]
    contact: String,
}

/// Its tokens are good for nothing from now on, and what they have under way ends
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-gateway enterprises suspend acme --reason \"names a person\" --yes")]
pub(super) struct SuspendArgs {
    /// Its id
    #[arg(value_name = "ID")]
    id: String,

    /// Why
    #[arg(long, default_value = "", hide_default_value = true)]
    reason: String,
}

/// Lets a suspended enterprise read again
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-gateway enterprises resume acme")]
pub(super) struct ResumeArgs {
    /// Its id
    #[arg(value_name = "ID")]
    id: String,
}

/// Removes an enterprise and its tokens
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-gateway enterprises remove acme --yes")]
pub(super) struct RemoveArgs {
    /// Its id
    #[arg(value_name = "ID")]
    id: String,
}

type Client = EnterpriseServiceClient<duikou_node::cli::Calls>;

async fn client(context: &Context) -> Result<Client, CommandError> {
    Ok(EnterpriseServiceClient::new(context.connect().await?.calls()))
}

fn name_of(id: &str) -> String {
    if id.starts_with("enterprises/") { id.to_owned() } else { format!("enterprises/{id}") }
}

impl Command {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        match self {
            Self::Create(args) => args.run(context).await,
            Self::List => list(context).await,
            Self::Suspend(args) => args.run(context).await,
            Self::Resume(args) => args.run(context).await,
            Self::Remove(args) => args.run(context).await,
        }
    }
}

impl CreateArgs {
    async fn run(self, context: &Context) -> Result<(), CommandError> {
        let enterprise = Enterprise {
            name: name_of(&self.id),
            name_zh: self.name_zh,
            name_en: self.name_en,
            credit_code: self.credit_code,
            contact: self.contact,
            ..Enterprise::default()
        };
        let request = CreateEnterpriseRequest { enterprise: Some(enterprise) };
        let made = client(context).await?.create_enterprise(request).await?.into_inner();
        let id = made.name.trim_start_matches("enterprises/").to_owned();
        context.note(&Text::new(
            format!("{id} 已登记；下一步：duikou-gateway tokens create --enterprise {id}"),
            format!("{id} is registered; next: duikou-gateway tokens create --enterprise {id}"),
        ));
        context.show(&made, |made| made.name.clone())
    }
}

impl SuspendArgs {
    async fn run(self, context: &Context) -> Result<(), CommandError> {
        let id = self.id;
        context
            .confirm(Text::new(
                format!("{id} 将立即不能读取，正在进行的调用随即中断。"),
                format!("{id} reads nothing from now on, and what it has under way ends."),
            ))
            .await?;
        let request = SuspendEnterpriseRequest { name: name_of(&id), reason: self.reason };
        let suspended = client(context).await?.suspend_enterprise(request).await?.into_inner();
        context.note(&Text::new(
            format!("{id} 已暂停；恢复：duikou-gateway enterprises resume {id}"),
            format!("{id} is suspended; to undo it: duikou-gateway enterprises resume {id}"),
        ));
        context.report(&suspended)
    }
}

impl ResumeArgs {
    async fn run(self, context: &Context) -> Result<(), CommandError> {
        let id = self.id;
        let request = ResumeEnterpriseRequest { name: name_of(&id) };
        let resumed = client(context).await?.resume_enterprise(request).await?.into_inner();
        context.note(&Text::new(format!("{id} 已恢复"), format!("{id} reads again")));
        context.report(&resumed)
    }
}

impl RemoveArgs {
    async fn run(self, context: &Context) -> Result<(), CommandError> {
        let id = self.id;
        context
            .confirm(Text::new(
                format!("{id} 及其全部令牌将被移除，不可恢复。"),
                format!("{id} and all its tokens are removed for good."),
            ))
            .await?;
        client(context).await?.remove_enterprise(RemoveEnterpriseRequest { name: name_of(&id) }).await?;
        context.note(&Text::new(format!("{id} 已移除"), format!("{id} is removed")));
        context.report_value(&serde_json::json!({ "name": name_of(&id) }))
    }
}

async fn list(context: &Context) -> Result<(), CommandError> {
    let enterprises =
        client(context).await?.list_enterprises(ListEnterprisesRequest {}).await?.into_inner().enterprises;
    let header = [
        Text::new("名称", "NAME"),
        Text::new("企业", "ENTERPRISE"),
        Text::new("信用代码", "CREDIT CODE"),
        Text::new("联系", "CONTACT"),
        Text::new("状态", "STATE"),
        Text::new("登记", "CREATED"),
    ];
    let mut results = Sequence::new(context, &header, |enterprise: &Enterprise| {
        let name = if enterprise.name_en.is_empty() { &enterprise.name_zh } else { &enterprise.name_en };
        let state = match enterprise.state() {
            State::Active => context.say("正常", "active"),
            State::Suspended => context.say("已暂停", "suspended"),
            State::Unspecified => "",
        };
        let made = duikou_node::cli::time(enterprise.create_time.as_ref());
        let (code, contact) = (enterprise.credit_code.clone(), enterprise.contact.clone());
        vec![enterprise.name.clone(), name.clone(), code, contact, state.to_owned(), made]
    });
    for enterprise in &enterprises {
        results.push(enterprise)?;
    }
    results.end()
}
