//! `keys`: the keys that sign access tokens.

use std::process::ExitCode;

use clap::Subcommand;

use super::{Context, database::Database, open, print};
use crate::{config::Config, services::signing_key::KeyState};

/// The subcommands of `keys`.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Sign with a new key from a minute and a half on; nobody is logged out
    Rotate(Rotate),
    /// List the keys
    List,
}

/// The options of `keys rotate`.
#[derive(Debug, clap::Args)]
pub struct Rotate {
    /// For a key that others may have: accept no token any more that was signed until now. Servers know it within half a minute
    #[arg(long)]
    revoke: bool,
}

pub(super) async fn run(command: KeysCommand, context: Context) -> anyhow::Result<ExitCode> {
    let globals = context.globals.clone();
    let (config, _) = context.into_configuration()?;
    let database = Database::find(&globals, &config).await?;
    let result = act(&command, &database, &config).await;
    database.close().await?;
    for key in result? {
        let state = match (key.retired_at, key.verifies) {
            (None, _) => "signs".to_owned(),
            (Some(at), true) => format!("retired {}, its tokens are accepted", at.format("%Y-%m-%d %H:%M:%SZ")),
            (Some(_), false) => "retired".to_owned(),
        };
        print(&format!("{}  from {}  {state}", key.kid, key.active_from.format("%Y-%m-%d %H:%M:%SZ")))?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn act(command: &KeysCommand, database: &Database, config: &Config) -> anyhow::Result<Vec<KeyState>> {
    let services = open::services(database, config).await?;
    let keys = match command {
        KeysCommand::Rotate(options) => services.signing_key_rotate(options.revoke).await.map(|key| vec![key]),
        KeysCommand::List => services.signing_key_list().await,
    };
    services.gateway.close().await;
    Ok(keys?)
}
