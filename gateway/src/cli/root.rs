//! `root`, and what else needs the root key

use std::path::{Path, PathBuf};

use duikou_node::cli::{CommandError, Context, ExitCode, OutputForm, Sequence, Server, Text};
use duikou_node::error::chain;
use duikou_node::trust::key_file::SigningKeyFile;
use duikou_proto::federation::root_service_client::RootServiceClient;
use duikou_proto::federation::{
    ApplyRootSignatureRequest, ListRootRequestsRequest, PrepareAuthorityRequest, PrepareDirectoryKeyRequest,
    RootRequest, RootRequests, SettleDirectoryRequest,
};
use duikou_proto::sign::Signer;

use crate::init::ROOT_KEY;
use crate::root::{decode, described, encode, sign};

/// The largest file of statements, in octets.
const FILE_BYTES: u64 = 1024 * 1024;

/// What only the root key may change
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    List(ListArgs),
    Sign(SignArgs),
    Apply(ApplyArgs),
}

/// Writes what waits for the root, to be carried to where its key is; as JSON to be looked at
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-gateway root list > requests")]
pub(super) struct ListArgs {}

/// Signs what waits for the root: of the running gateway, which does it at once, or from a file
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-gateway root sign requests --root-key /media/root.key --yes > signed")]
pub(super) struct SignArgs {
    /// What root list wrote; the signed statements are written to standard output
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,

    /// The root key [default: root.key in --dir]
    #[arg(long, value_name = "FILE")]
    root_key: Option<PathBuf>,
}

/// Does what the root has signed
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-gateway root apply signed")]
pub(super) struct ApplyArgs {
    /// What root sign wrote
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// The authority that certifies nodes
#[derive(Debug, clap::Subcommand)]
pub(super) enum CaCommand {
    #[command(name = "rotate")]
    Rotate(CaRotateArgs),
}

/// Begins a new certificate authority, which the root vouches for; nodes believe it at once
///
/// What the present one has certified stays good until it ends. Join tokens that are not used yet are no longer good.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-gateway ca rotate --root-key /media/root.key --yes")]
pub(super) struct CaRotateArgs {
    /// The root key, where it is at hand; else the request waits: root list, sign, apply
    #[arg(long, value_name = "FILE")]
    root_key: Option<PathBuf>,
}

/// The network's directory
#[derive(Debug, clap::Subcommand)]
pub(super) enum DirectoryCommand {
    Rotate(DirectoryRotateArgs),
    Settle(SettleArgs),
}

/// Begins a new directory key, which the root introduces; the present one signs nothing any longer
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-gateway directory rotate --root-key /media/root.key --yes")]
pub(super) struct DirectoryRotateArgs {
    /// The root key, where it is at hand; else the request waits: root list, sign, apply
    #[arg(long, value_name = "FILE")]
    root_key: Option<PathBuf>,
}

/// Goes on after a restore or a rebuild although not every node has been heard
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-gateway directory settle --yes")]
pub(super) struct SettleArgs {}

impl Command {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        match self {
            Self::List(_) => {
                let server = context.connect().await?;
                let requests = client(&server).list_root_requests(ListRootRequestsRequest {}).await?.into_inner();
                if context.global.output == OutputForm::Table && !requests.requests.is_empty() {
                    tell(context, &requests);
                    return context.print(&encode(&requests));
                }
                let mut results = Sequence::new(context, &[], |_: &RootRequest| Vec::new());
                requests.requests.iter().try_for_each(|request| results.push(request))?;
                results.end()
            }
            Self::Sign(args) => args.run(context).await,
            Self::Apply(args) => {
                let requests = read(&args.file)?;
                tell(context, &requests);
                apply(context, &context.connect().await?, requests).await
            }
        }
    }
}

impl SignArgs {
    async fn run(self, context: &Context) -> Result<(), CommandError> {
        let key = self.root_key.unwrap_or_else(|| context.global.dir().join(ROOT_KEY));
        match &self.file {
            Some(file) => {
                let signed = signed(context, read(file)?, &key).await?;
                context.print(&encode(&signed))
            }
            None => {
                let server = context.connect().await?;
                let signed = signed(context, waiting(&server).await?, &key).await?;
                apply(context, &server, signed).await
            }
        }
    }
}

impl CaCommand {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        let Self::Rotate(args) = self;
        let server = context.connect().await?;
        let request = client(&server).prepare_authority(PrepareAuthorityRequest {}).await?.into_inner();
        one(context, &server, request, args.root_key.as_deref()).await
    }
}

impl DirectoryCommand {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        let server = context.connect().await?;
        match self {
            Self::Rotate(args) => {
                let request = client(&server).prepare_directory_key(PrepareDirectoryKeyRequest {}).await?.into_inner();
                one(context, &server, request, args.root_key.as_deref()).await
            }
            Self::Settle(_) => {
                context
                    .confirm(Text::new(
                        "若某节点知道本网关所缺的目录条目，它此后将拒绝本网关。继续？",
                        "a node that knows directory entries which nobody brought will refuse this gateway; go on?",
                    ))
                    .await?;
                client(&server).settle_directory(SettleDirectoryRequest {}).await?;
                context.note(&Text::new("目录以现状为准", "the directory is taken as it is"));
                context.report_value(&serde_json::json!({ "settled": true }))
            }
        }
    }
}

fn client(server: &Server) -> RootServiceClient<duikou_node::cli::Calls> {
    RootServiceClient::new(server.calls())
}

async fn waiting(server: &Server) -> Result<RootRequests, CommandError> {
    let requests = client(server).list_root_requests(ListRootRequestsRequest {}).await?.into_inner();
    if requests.requests.is_empty() {
        return Err(CommandError::new(
            ExitCode::Failed,
            Text::new("没有等待根密钥的请求", "nothing waits for the root"),
        ));
    }
    Ok(requests)
}

/// Signs and does one request where the key is at hand, and says what to do where it is not.
async fn one(
    context: &Context,
    server: &Server,
    request: RootRequest,
    root_key: Option<&Path>,
) -> Result<(), CommandError> {
    let requests = RootRequests { requests: vec![request] };
    if let Some(key) = root_key {
        let signed = signed(context, requests, key).await?;
        return apply(context, server, signed).await;
    }
    tell(context, &requests);
    context.note(&Text::new(
        "请求已在等待根密钥：duikou-gateway root sign，或把下面这行带到离线的根密钥处签名后 root apply",
        "this waits for the root: duikou-gateway root sign; or carry the line below to where its key is, and root apply what it signed",
    ));
    context.print(&encode(&requests))
}

fn tell(context: &Context, requests: &RootRequests) {
    requests.requests.iter().for_each(|request| context.note(&described(request)));
}

/// Shows what is to be signed, asks, and signs.
async fn signed(context: &Context, mut requests: RootRequests, key: &Path) -> Result<RootRequests, CommandError> {
    for request in &requests.requests {
        context.warn(&described(request));
    }
    context.confirm(Text::new("用根密钥签署以上各项？", "sign all of this with the root key?")).await?;
    let signing = SigningKeyFile::new(key).read().map_err(|error| {
        let text = Text::new(
            format!("根密钥 {} 无法使用", key.display()),
            format!("the root key {} cannot be used", key.display()),
        );
        CommandError::new(ExitCode::InputMissing, text)
            .cause(chain(&error))
            .hint(Text::new("用 --root-key FILE 指明根密钥", "name it with --root-key FILE"))
    })?;
    sign(&mut requests, &Signer::new(0, signing));
    Ok(requests)
}

/// Does what was signed, of which the caller has told.
async fn apply(context: &Context, server: &Server, requests: RootRequests) -> Result<(), CommandError> {
    let applied = requests.requests.len();
    for request in requests.requests {
        client(server).apply_root_signature(ApplyRootSignatureRequest { request: Some(request) }).await?;
    }
    context.note(&Text::new("已生效", "done"));
    context.report_value(&serde_json::json!({ "applied": applied }))
}

fn read(file: &Path) -> Result<RootRequests, CommandError> {
    let size = std::fs::metadata(file).map_err(|error| CommandError::io(file.display(), &error))?.len();
    let text = if size > FILE_BYTES {
        String::new()
    } else {
        std::fs::read_to_string(file).map_err(|error| CommandError::io(file.display(), &error))?
    };
    decode(&text).ok_or_else(|| {
        let (zh, en) = (
            format!("{} 不是根密钥请求文件", file.display()),
            format!("{} holds no requests to the root", file.display()),
        );
        CommandError::new(ExitCode::BadData, Text::new(zh, en))
    })
}
