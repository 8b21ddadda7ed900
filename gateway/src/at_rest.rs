//! The gateway's commands on a folder, and what their errors are to the person who gave the command.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use duikou_node::at_rest::served;
use duikou_node::cli::{CommandError, ExitCode, Text};
use duikou_node::config::Config;
use duikou_node::error::chain;
use duikou_proto::name::NetworkName;

use crate::cli::{DemoOptions, GatewayFolder, InitOptions, InitReport};
use crate::demo;
use crate::init::{Founded, Founding, InitError, ROOT_KEY, init, rebuild};
use crate::serve::{GatewayError, serve};

/// The real thing behind [`GatewayFolder`].
#[derive(Debug, Clone, Copy, Default)]
pub struct AtRest;

#[async_trait(?Send)]
impl GatewayFolder for AtRest {
    async fn init(&self, dir: &Path, network: &NetworkName, options: &InitOptions) -> anyhow::Result<InitReport> {
        let root_key = options.root_key.clone().unwrap_or_else(|| dir.join(ROOT_KEY));
        let founding = founding(network, options, &root_key);
        let founded = init(dir, founding, config_in(dir)?).await.map_err(|error| not_founded(&error))?;
        Ok(report(founded, root_key))
    }

    async fn rebuild(&self, dir: &Path, network: &NetworkName, options: &InitOptions) -> anyhow::Result<InitReport> {
        let root_key = options.root_key.clone().unwrap_or_else(|| dir.join(ROOT_KEY));
        let founding = founding(network, options, &root_key);
        let founded = rebuild(dir, founding, config_in(dir)?).await.map_err(|error| not_founded(&error))?;
        Ok(report(founded, root_key))
    }

    async fn serve(&self, dir: &Path, config: Config) -> anyhow::Result<()> {
        if config.link.gateway.is_some() {
            return Err(CommandError::of_another_program(dir, Text::new("节点", "node"), "duikou-node").into());
        }
        Ok(serve(dir, config).await.map_err(|error| not_serving(&error))?)
    }

    async fn demo(&self, options: &DemoOptions) -> anyhow::Result<()> {
        let options = demo::Options {
            dir: options.dir.clone(),
            once: options.once,
            json: options.json,
            progress: options.progress,
        };
        if demo::run(options).await? {
            return Ok(());
        }
        let text = Text::new("有存储缺少或多出信息，详见上表", "a store lacks something or holds too much: see above");
        Err(CommandError::new(ExitCode::Failed, text).into())
    }
}

fn config_in(dir: &Path) -> anyhow::Result<Config> {
    let file = dir.join("duikou.toml");
    if file.exists() {
        return Ok(Config::load(&file).map_err(|faults| CommandError::config(&faults))?);
    }
    Ok(Config::default())
}

fn founding<'a>(network: &'a NetworkName, options: &'a InitOptions, root_key: &'a Path) -> Founding<'a> {
    Founding { network, id: &options.id, address: options.address.clone(), root_key }
}

fn report(founded: Founded, root_key: PathBuf) -> InitReport {
    InitReport { gateway: founded.gateway.to_string(), root_fingerprint: founded.root_fingerprint, root_key }
}

fn not_serving(error: &GatewayError) -> CommandError {
    match error {
        GatewayError::Serve(error) => served(error),
        GatewayError::Init(error) => not_founded(error),
        GatewayError::Key(_) | GatewayError::Authority(_) => {
            let text = Text::new("密钥或证书无法使用", "a key or certificate cannot be used");
            CommandError::new(ExitCode::Configuration, text).cause(chain(error))
        }
    }
}

fn not_founded(error: &InitError) -> CommandError {
    match error {
        InitError::Exists(dir) => {
            CommandError::new(ExitCode::CannotCreate, Text::new(format!("{dir} 中已有一个网关"), error.to_string()))
                .hint(Text::new("请另选一个空目录：--dir", "choose an empty folder: --dir"))
        }
        InitError::Serve(error) => served(error),
        InitError::Io(error) => CommandError::io("", error),
        InitError::Name(_) => {
            CommandError::new(ExitCode::Usage, Text::new("名称无效", "a name is not valid")).cause(error)
        }
        InitError::Key(_)
        | InitError::Authority(_)
        | InitError::Identity(_)
        | InitError::LinkTls(_)
        | InitError::Write(_)
        | InitError::Request(_)
        | InitError::Join(_) => {
            let text = Text::new("网络未能建立", "the network could not be founded");
            CommandError::new(ExitCode::CannotCreate, text).cause(chain(error))
        }
    }
}
