//! `login`: an access token for scripts, for whoever commands the machine.

use std::process::ExitCode;

use secrecy::{ExposeSecret, SecretString};

use super::{Context, database::Database, open, print};
use crate::config::Config;

/// The options of `login`.
#[derive(Debug, clap::Args)]
pub struct LoginOptions {
    /// The short name of the firm
    #[arg(long)]
    tenant: String,
    /// The address of the person that the token is for
    #[arg(long)]
    email: String,
}

/// Prints nothing but the token, so that a shell can take it.
pub(super) async fn run(options: LoginOptions, context: Context) -> anyhow::Result<ExitCode> {
    let globals = context.globals.clone();
    let (config, _) = context.into_configuration()?;
    let database = Database::find_running(&globals, &config).await?;
    print(token(&database, &config, &options).await?.expose_secret())?;
    Ok(ExitCode::SUCCESS)
}

async fn token(database: &Database, config: &Config, options: &LoginOptions) -> anyhow::Result<SecretString> {
    let services = open::services(database, config).await?;
    let tenant = open::tenant(&services, &options.tenant).await?;
    let token = services.access_token_for(&tenant, &options.email).await;
    services.gateway.close().await;
    Ok(token?)
}
